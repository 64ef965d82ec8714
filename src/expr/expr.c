/* SPDX-License-Identifier: Apache-2.0 */
/* expr.c: the door of the expression language: text in, expression out; see expr.h. */
#include "expr/expr.h"

#include "expr/expr_internal.h"

#include "base/mem.h"

#include <string.h>

enum tend_code tend__expr_from_tree(struct expr_tree *tree, struct tend__expr **out,
                                    struct tend_error *err)
{
    struct tend__expr *expr = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__expr_check(tree, err));
    TEND_TRY_OUT(tend__mem_new(1, sizeof(*expr), &expr, err));
    expr->bounds = tend__expr_tree_bounds(tree);
    TEND_TRY_OUT(tend__expr_compile(tree, &expr->program, err));
    *out = expr;
    expr = NULL;
out:
    tend__expr_free(expr);
    return code;
}

enum tend_code tend__expr_new_len(const char *text, size_t len, const struct tend__field *fields,
                                  size_t field_count, struct tend__expr **out,
                                  struct tend_error *err)
{
    struct expr_tree tree = {
        .source = text, .source_len = len, .fields = fields, .field_count = field_count};
    enum tend_code code = TEND_OK;
    if (field_count > TEND_EXPR_FIELD_MAX) {
        return TEND_FAIL(err, ELIMIT, "%zu fields are more than the limit of %d", field_count,
                         TEND_EXPR_FIELD_MAX);
    }
    TEND_TRY_OUT(tend__expr_parse(&tree, false, err));
    TEND_TRY_OUT(tend__expr_from_tree(&tree, out, err));
out:
    tend__expr_tree_deinit(&tree);
    return code;
}

enum tend_code tend__expr_new(const char *text, const struct tend__field *fields,
                              size_t field_count, struct tend__expr **out, struct tend_error *err)
{
    return tend__expr_new_len(text, strlen(text), fields, field_count, out, err);
}

enum tend_code tend__expr_check_syntax(const char *text, struct tend_error *err)
{
    struct expr_tree tree = {.source = text, .source_len = strlen(text), .takes_any_column = true};
    const enum tend_code code = tend__expr_parse(&tree, false, err);
    tend__expr_tree_deinit(&tree);
    return code;
}

void tend__expr_free(struct tend__expr *expr)
{
    if (expr != NULL) {
        tend__expr_program_deinit(&expr->program);
        tend__mem_free(expr);
    }
}

enum tend_type tend__expr_type(const struct tend__expr *expr)
{
    return expr->program.type;
}

enum tend_code tend__expr_want(const struct tend__expr *expr, enum tend_type type, const char *what,
                               struct tend_error *err)
{
    const enum tend_type have = expr->program.type;
    if (have == type || have == TEND_TYPE_NULL) {
        return TEND_OK;
    }
    const char *hint = "";
    if (type == TEND_TYPE_BOOL && have == TEND_TYPE_NUMBER) {
        hint = "; write x = 1 for a column x of 0 and 1";
    } else if (type == TEND_TYPE_NUMBER && have == TEND_TYPE_BOOL) {
        hint = "; write CASE WHEN x THEN 1 ELSE 0 END";
    }
    return TEND_FAIL(err, ETYPE, "%s is a %s and must be a %s%s", what, tend__type_text(have),
                     tend__type_text(type), hint);
}

bool tend__expr_uses(const struct tend__expr *expr, size_t field_idx)
{
    for (size_t i = 0; i < expr->program.column_count; i++) {
        if (expr->program.columns[i] == field_idx) {
            return true;
        }
    }
    return false;
}

enum tend_code tend__expr_eval(const struct tend__expr *expr, const struct tend__column *columns,
                               size_t row_count, struct tend__vector *out, struct tend_error *err)
{
    return tend__expr_run(&expr->program, columns, row_count, out, err);
}

struct tend__bounds tend__expr_bounds(const struct tend__expr *expr)
{
    return expr->bounds;
}
