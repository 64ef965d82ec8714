/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_aggregate.c: one aggregate of one expression, for guardrails.
 *
 * Sums are kept as an unevaluated pair of doubles by the error-free transformation of Knuth (The
 * Art of Computer Programming 2, 4.2.2, theorem B) with renormalisation, about 106 bits: another
 * order of the rows changes the rounded sum only where terms cancel by more than 50 bits. A caller
 * that needs the same bytes in any order sums the inner expression's values exactly by itself.
 */
#include "expr/expr_internal.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

struct tend__aggregate {
    enum tend__aggregate_kind kind;
    struct tend__expr *expr; /* NULL for count(*) */
    struct tend__vector values;
    size_t count;
    size_t failed_count;
    double sum; /* of the finite values: sum + rest */
    double rest;
    double infinities; /* sum of what is infinite or NaN */
    double least;
    double greatest;
};

static enum tend_code aggregate_from_tree(struct expr_tree *tree, enum tend__aggregate_kind kind,
                                          struct tend__aggregate **out, struct tend_error *err)
{
    struct tend__aggregate *aggregate = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(1, sizeof(*aggregate), &aggregate, err));
    aggregate->kind = kind;
    tend__vector_init(&aggregate->values);
    if (!tree->counts_rows) {
        TEND_TRY_OUT(tend__expr_from_tree(tree, &aggregate->expr, err));
        const enum tend_type type = tend__expr_type(aggregate->expr);
        if (kind != TEND_AGGREGATE_COUNT && (type == TEND_TYPE_TEXT || type == TEND_TYPE_TIME)) {
            code = EXPR_FAIL(tree, tree->nodes[tree->root].at, err, ETYPE,
                             "an aggregate of a %s is not supported, only count(...)",
                             tend__type_text(type));
            goto out;
        }
    }
    tend__aggregate_reset(aggregate);
    *out = aggregate;
    aggregate = NULL;
out:
    tend__aggregate_free(aggregate);
    return code;
}

enum tend_code tend__aggregate_new(const char *text, const struct tend__field *fields,
                                   size_t field_count, struct tend__aggregate **out,
                                   struct tend_error *err)
{
    struct expr_tree tree = {
        .source = text, .source_len = strlen(text), .fields = fields, .field_count = field_count};
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__expr_parse(&tree, true, err));
    TEND_TRY_OUT(aggregate_from_tree(&tree, tree.aggregate, out, err));
out:
    tend__expr_tree_deinit(&tree);
    return code;
}

enum tend_code tend__aggregate_new_kind(enum tend__aggregate_kind kind, const char *text,
                                        const struct tend__field *fields, size_t field_count,
                                        struct tend__aggregate **out, struct tend_error *err)
{
    struct expr_tree tree = {
        .source = text, .source_len = strlen(text), .fields = fields, .field_count = field_count};
    enum tend_code code = TEND_OK;
    tree.counts_rows = kind == TEND_AGGREGATE_COUNT && strcmp(text, "*") == 0;
    if (!tree.counts_rows) {
        TEND_TRY_OUT(tend__expr_parse(&tree, false, err));
    }
    TEND_TRY_OUT(aggregate_from_tree(&tree, kind, out, err));
out:
    tend__expr_tree_deinit(&tree);
    return code;
}

void tend__aggregate_free(struct tend__aggregate *aggregate)
{
    if (aggregate != NULL) {
        tend__expr_free(aggregate->expr);
        tend__vector_deinit(&aggregate->values);
        tend__mem_free(aggregate);
    }
}

void tend__aggregate_reset(struct tend__aggregate *aggregate)
{
    aggregate->count = 0;
    aggregate->failed_count = 0;
    aggregate->sum = 0;
    aggregate->rest = 0;
    aggregate->infinities = 0;
    aggregate->least = (double)NAN;
    aggregate->greatest = -(double)INFINITY;
}

static void add_value(struct tend__aggregate *aggregate, double x)
{
    if (isfinite(x)) {
        const double sum = aggregate->sum + x;
        const double part = sum - aggregate->sum;
        const double lost = (aggregate->sum - (sum - part)) + (x - part);
        const double rest = aggregate->rest + lost;
        aggregate->sum = sum + rest;
        aggregate->rest = rest - (aggregate->sum - sum);
    } else {
        aggregate->infinities += x;
    }
    if (aggregate->count == 0 || tend__expr_number_order(x, aggregate->least) < 0) {
        aggregate->least = x;
    }
    if (aggregate->count == 0 || tend__expr_number_order(x, aggregate->greatest) > 0) {
        aggregate->greatest = x;
    }
    aggregate->count++;
}

enum tend_code tend__aggregate_add(struct tend__aggregate *aggregate,
                                   const struct tend__column *columns, size_t row_count,
                                   struct tend_error *err)
{
    if (aggregate->expr == NULL) {
        aggregate->count += row_count;
        return TEND_OK;
    }
    struct tend__vector *values = &aggregate->values;
    TEND_TRY(tend__expr_eval(aggregate->expr, columns, row_count, values, err));
    aggregate->failed_count += values->failed_count;
    for (size_t i = 0; i < row_count; i++) {
        if (values->valid[i] == 0) {
            continue;
        }
        if (values->type == TEND_TYPE_NUMBER) {
            add_value(aggregate, values->f64[i]);
        } else if (values->type == TEND_TYPE_BOOL) {
            add_value(aggregate, values->bools[i] != 0 ? 1 : 0);
        } else {
            aggregate->count++;
        }
    }
    return TEND_OK;
}

bool tend__aggregate_value(const struct tend__aggregate *aggregate, double *value)
{
    if (aggregate->kind == TEND_AGGREGATE_COUNT) {
        *value = (double)aggregate->count;
        return true;
    }
    if (aggregate->count == 0) {
        return false;
    }
    const double infinities = aggregate->infinities;
    const double sum = infinities != 0 ? infinities : aggregate->sum + aggregate->rest;
    switch (aggregate->kind) {
    case TEND_AGGREGATE_AVG:
        *value = sum / (double)aggregate->count;
        break;
    case TEND_AGGREGATE_SUM:
        *value = sum;
        break;
    case TEND_AGGREGATE_MIN:
        *value = aggregate->least;
        break;
    case TEND_AGGREGATE_MAX:
        *value = aggregate->greatest;
        break;
    case TEND_AGGREGATE_COUNT:
        break;
    }
    return true;
}

size_t tend__aggregate_failed_count(const struct tend__aggregate *aggregate)
{
    return aggregate->failed_count;
}

enum tend__aggregate_kind tend__aggregate_kind_of(const struct tend__aggregate *aggregate)
{
    return aggregate->kind;
}

const struct tend__expr *tend__aggregate_expr(const struct tend__aggregate *aggregate)
{
    return aggregate->expr;
}
