/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_check.c: gives every node its type, from the leaves up, and says in plain words what does
 * not fit.
 *
 * There are no silent conversions but one: a text literal that meets a time is read as a time. NULL
 * fits everywhere. A number is no condition: labels are often columns of 0 and 1, and `late` there
 * would be read differently by every database, so that the message tells how to write what was
 * meant.
 */
#include "expr/expr_tree.h"

#include "base/civil.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 100

static struct expr_node *node_at(struct expr_tree *tree, uint32_t idx)
{
    return &tree->nodes[idx];
}

/* "'late'" for a column, else "this". */
static const char *describe(const struct expr_tree *tree, const struct expr_node *node,
                            char name[NAME_SIZE])
{
    if (node->kind == EXPR_NODE_COLUMN) {
        (void)snprintf(name, NAME_SIZE, "'%.80s'", tree->fields[node->value.field_idx].name);
        return name;
    }
    return "this";
}

static bool is_plain_name(const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        const bool is_letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_';
        if (!is_letter && (c == name || *c < '0' || *c > '9')) {
            return false;
        }
    }
    return *name != '\0';
}

/* A column as it is written, with quotes where it needs them; else "x". */
static const char *written(const struct expr_tree *tree, const struct expr_node *node,
                           char text[NAME_SIZE])
{
    if (node->kind != EXPR_NODE_COLUMN) {
        return "x";
    }
    const char *name = tree->fields[node->value.field_idx].name;
    (void)snprintf(text, NAME_SIZE, is_plain_name(name) ? "%.80s" : "\"%.80s\"", name);
    return text;
}

static enum tend_code fail_type(const struct expr_tree *tree, const struct expr_node *node,
                                enum tend_type want, struct tend_error *err)
{
    char name[NAME_SIZE];
    const char *what = describe(tree, node, name);
    char column[NAME_SIZE];
    const char *x = written(tree, node, column);
    const enum tend_type have = node->type;
    if (have == TEND_TYPE_NUMBER && want == TEND_TYPE_BOOL) {
        return EXPR_FAIL(tree, node->at, err, ETYPE,
                         "%s is a number where a condition is needed; write %s = 1", what, x);
    }
    if (have == TEND_TYPE_BOOL && want == TEND_TYPE_NUMBER) {
        return EXPR_FAIL(tree, node->at, err, ETYPE,
                         "%s is a bool where a number is needed; write CASE WHEN %s THEN 1 ELSE "
                         "0 END",
                         what, x);
    }
    const char *cast = NULL;
    switch (want) {
    case TEND_TYPE_NUMBER:
        cast = have == TEND_TYPE_TEXT ? "CAST(%s AS DOUBLE)" : "EPOCH(%s) for seconds since 1970";
        break;
    case TEND_TYPE_BOOL:
        cast = have == TEND_TYPE_TEXT ? "CAST(%s AS BOOLEAN)" : "a comparison";
        break;
    case TEND_TYPE_TEXT:
        cast = "CAST(%s AS TEXT)";
        break;
    case TEND_TYPE_TIME:
        cast = have == TEND_TYPE_TEXT ? "CAST(%s AS TIMESTAMP)" : "a time";
        break;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        cast = "NULL";
        break;
    }
    const char *mark = strstr(cast, "%s");
    const size_t before = mark == NULL ? strlen(cast) : (size_t)(mark - cast);
    return EXPR_FAIL(tree, node->at, err, ETYPE, "%s is a %s where a %s is needed; write %.*s%s%s",
                     what, tend__type_text(have), tend__type_text(want), (int)before, cast,
                     mark == NULL ? "" : x, mark == NULL ? "" : mark + 2);
}

/* Gives a type to a node that is NULL whatever its type: down to the literals. */
static void set_null_type(struct expr_tree *tree, uint32_t idx, enum tend_type type)
{
    struct expr_node *node = node_at(tree, idx);
    if (node->type != TEND_TYPE_NULL) {
        return;
    }
    node->type = type;
    const bool is_case = node->kind == EXPR_NODE_CASE || node->kind == EXPR_NODE_CASE_SIMPLE;
    uint32_t position = 0;
    const uint32_t first_when = node->kind == EXPR_NODE_CASE_SIMPLE ? 1 : 0;
    for (uint32_t i = node->first; i != EXPR_NONE; i = node_at(tree, i)->next) {
        /* Of a CASE, the results: every second one from the first THEN on, and ELSE. */
        const bool is_result = position >= first_when && (position - first_when) % 2 == 1;
        if (!is_case || is_result || i == node->last) {
            set_null_type(tree, i, type);
        }
        position++;
    }
}

static enum tend_code text_to_time(struct expr_tree *tree, struct expr_node *node,
                                   struct tend_error *err)
{
    int64_t time_us = 0;
    if (!tend__time_parse(tree->texts + node->value.text.at, node->value.text.len, &time_us)) {
        return EXPR_FAIL(tree, node->at, err, ETYPE,
                         "this text meets a time but is none: write '2001-04-09' or "
                         "'2001-04-09 12:30:00'");
    }
    node->kind = EXPR_NODE_TIME;
    node->type = TEND_TYPE_TIME;
    node->value.time_us = time_us;
    return TEND_OK;
}

/* The node must be of `type`, or be made so. */
static enum tend_code want(struct expr_tree *tree, uint32_t idx, enum tend_type type,
                           struct tend_error *err)
{
    struct expr_node *node = node_at(tree, idx);
    if (node->kind == EXPR_NODE_SPAN) {
        return EXPR_FAIL(tree, node->at, err, ETYPE,
                         "an INTERVAL stands only beside a time: date + INTERVAL '1 day'");
    }
    if (node->type == TEND_TYPE_NULL) {
        set_null_type(tree, idx, type);
        return TEND_OK;
    }
    if (node->type == type) {
        return TEND_OK;
    }
    if (node->kind == EXPR_NODE_TEXT && type == TEND_TYPE_TIME) {
        return text_to_time(tree, node, err);
    }
    return fail_type(tree, node, type, err);
}

/* The type that operands have in common so far; *type starts as NULL. Literal texts give way to
 * times. */
static void common_type(const struct expr_node *node, enum tend_type *type, bool *is_weak)
{
    if (node->type == TEND_TYPE_NULL || node->kind == EXPR_NODE_SPAN) {
        return;
    }
    const bool is_weak_text = node->kind == EXPR_NODE_TEXT;
    if (*type == TEND_TYPE_NULL || (*is_weak && !is_weak_text && node->type == TEND_TYPE_TIME)) {
        *type = node->type;
        *is_weak = is_weak_text;
    }
}

static enum tend_code check_bool_number(const struct expr_tree *tree, const struct expr_node *node,
                                        struct tend_error *err)
{
    const struct expr_node *first = &tree->nodes[node->first];
    const struct expr_node *last = &tree->nodes[node->last];
    const struct expr_node *boolean = first->type == TEND_TYPE_BOOL ? first : last;
    const struct expr_node *number = first->type == TEND_TYPE_BOOL ? last : first;
    if (boolean->type == TEND_TYPE_BOOL && number->type == TEND_TYPE_NUMBER) {
        char name[NAME_SIZE];
        char column[NAME_SIZE];
        const char *x = written(tree, boolean, column);
        return EXPR_FAIL(tree, boolean->at, err, ETYPE,
                         "%s is a bool and is compared with a number; write %s or NOT %s",
                         describe(tree, boolean, name), x, x);
    }
    return TEND_OK;
}

/* All children from `from` on, every `step`-th (and the last where with_last), come to one type. */
static enum tend_code unify(struct expr_tree *tree, const struct expr_node *node, uint32_t from,
                            uint32_t step, enum tend_type *type, struct tend_error *err)
{
    bool is_weak = false;
    uint32_t position = 0;
    *type = TEND_TYPE_NULL;
    for (uint32_t i = node->first; i != EXPR_NONE; i = node_at(tree, i)->next) {
        if (position >= from && ((position - from) % step == 0 || (step > 1 && i == node->last))) {
            common_type(node_at(tree, i), type, &is_weak);
        }
        position++;
    }
    position = 0;
    for (uint32_t i = node->first; i != EXPR_NONE; i = node_at(tree, i)->next) {
        if (position >= from && ((position - from) % step == 0 || (step > 1 && i == node->last)) &&
            (*type != TEND_TYPE_NULL || node_at(tree, i)->kind == EXPR_NODE_SPAN)) {
            TEND_TRY(want(tree, i, *type, err));
        }
        position++;
    }
    return TEND_OK;
}

/* Operands of a comparison: where all are NULL literals they count as numbers. */
static enum tend_code unify_operands(struct expr_tree *tree, struct expr_node *node,
                                     struct tend_error *err)
{
    enum tend_type type = TEND_TYPE_NULL;
    TEND_TRY(unify(tree, node, 0, 1, &type, err));
    for (uint32_t i = node->first; type == TEND_TYPE_NULL && i != EXPR_NONE;
         i = node_at(tree, i)->next) {
        set_null_type(tree, i, TEND_TYPE_NUMBER);
    }
    node->type = TEND_TYPE_BOOL;
    return TEND_OK;
}

static enum tend_code check_case(struct expr_tree *tree, struct expr_node *node,
                                 struct tend_error *err)
{
    uint32_t first_when = 0;
    if (node->kind == EXPR_NODE_CASE_SIMPLE) {
        first_when = 1;
        /* The operand and the values: positions 0, 1, 3, 5, ... but not the ELSE at the end. */
        enum tend_type type = TEND_TYPE_NULL;
        bool is_weak = false;
        uint32_t position = 0;
        common_type(node_at(tree, node->first), &type, &is_weak);
        for (uint32_t i = node->first; i != node->last; i = node_at(tree, i)->next) {
            if (position % 2 == 1) {
                common_type(node_at(tree, i), &type, &is_weak);
            }
            position++;
        }
        type = type == TEND_TYPE_NULL ? TEND_TYPE_NUMBER : type;
        position = 0;
        for (uint32_t i = node->first; i != node->last; i = node_at(tree, i)->next) {
            if (position == 0 || position % 2 == 1) {
                TEND_TRY(want(tree, i, type, err));
            }
            position++;
        }
    } else {
        uint32_t position = 0;
        for (uint32_t i = node->first; i != node->last; i = node_at(tree, i)->next) {
            if (position % 2 == 0) {
                TEND_TRY(want(tree, i, TEND_TYPE_BOOL, err));
            }
            position++;
        }
    }
    return unify(tree, node, first_when + 1, 2, &node->type, err);
}

static enum tend_type letter_type(char letter)
{
    switch (letter) {
    case 'n':
        return TEND_TYPE_NUMBER;
    case 'b':
        return TEND_TYPE_BOOL;
    case 't':
        return TEND_TYPE_TEXT;
    default:
        return TEND_TYPE_TIME;
    }
}

/* time + span, time - span, span + time become one node with one child. *done where it was one of
 * these. */
static enum tend_code check_time_sum(struct expr_tree *tree, struct expr_node *node, bool *done,
                                     struct tend_error *err)
{
    const bool is_minus = node->rule->op == EXPR_OP_SUB;
    struct expr_node *left = node_at(tree, node->first);
    struct expr_node *right = node_at(tree, node->last);
    *done = false;
    if (left->type == TEND_TYPE_TIME && right->type == TEND_TYPE_TIME) {
        return EXPR_FAIL(tree, node->at, err, ETYPE,
                         "times are not added or subtracted; EPOCH(a) - EPOCH(b) gives seconds");
    }
    if (left->kind == EXPR_NODE_SPAN && !is_minus && right->kind != EXPR_NODE_SPAN) {
        node->first = node->last;
        struct expr_node *swap = left;
        left = right;
        right = swap;
    }
    if (right->kind != EXPR_NODE_SPAN) {
        return TEND_OK;
    }
    node->last = node->first;
    left->next = EXPR_NONE;
    node->child_count = 1;
    TEND_TRY(want(tree, node->first, TEND_TYPE_TIME, err));
    node->value.span = right->value.span;
    node->negated = is_minus;
    node->rule = tend__expr_rule("time_add");
    node->type = TEND_TYPE_TIME;
    node->may_fail = true;
    *done = true;
    return TEND_OK;
}

static enum tend_code check_like(const struct expr_tree *tree, const struct expr_node *node,
                                 struct tend_error *err)
{
    const struct expr_node *pattern = &tree->nodes[node->last];
    if (node->escape == '\0') {
        return TEND_OK;
    }
    if (pattern->kind != EXPR_NODE_TEXT) {
        return EXPR_FAIL(tree, pattern->at, err, ETYPE,
                         "with ESCAPE, the pattern must be a text literal");
    }
    const char *text = tree->texts + pattern->value.text.at;
    for (uint32_t i = 0; i < pattern->value.text.len; i++) {
        if (text[i] != node->escape) {
            continue;
        }
        i++;
        if (i == pattern->value.text.len) {
            return EXPR_FAIL(tree, pattern->at, err, ESYNTAX,
                             "the pattern ends with its escape character");
        }
    }
    return TEND_OK;
}

static enum tend_code check_strict(struct expr_tree *tree, struct expr_node *node,
                                   struct tend_error *err)
{
    if (node->rule->op == EXPR_OP_ADD || node->rule->op == EXPR_OP_SUB) {
        bool done = false;
        TEND_TRY(check_time_sum(tree, node, &done, err));
        if (done) {
            return TEND_OK;
        }
    }
    const char *letter = node->rule->operands;
    for (uint32_t i = node->first; i != EXPR_NONE; i = node_at(tree, i)->next) {
        TEND_TRY(want(tree, i, letter_type(*letter), err));
        letter++;
    }
    node->type = letter_type(node->rule->result);
    node->may_fail = node->may_fail || node->rule->may_fail;
    return node->rule->op == EXPR_OP_LIKE ? check_like(tree, node, err) : TEND_OK;
}

static enum tend_type cast_type(enum expr_cast_target target)
{
    switch (target) {
    case EXPR_CAST_NUMBER:
    case EXPR_CAST_INTEGER:
    case EXPR_CAST_BIGINT:
        return TEND_TYPE_NUMBER;
    case EXPR_CAST_BOOL:
        return TEND_TYPE_BOOL;
    case EXPR_CAST_TEXT:
        return TEND_TYPE_TEXT;
    case EXPR_CAST_TIME:
    case EXPR_CAST_DATE:
        return TEND_TYPE_TIME;
    }
    return TEND_TYPE_NULL;
}

static enum tend_code check_cast(struct expr_tree *tree, struct expr_node *node,
                                 struct tend_error *err)
{
    const enum tend_type type = cast_type(node->cast);
    struct expr_node *child = node_at(tree, node->first);
    if (child->kind == EXPR_NODE_SPAN) {
        return want(tree, node->first, type, err);
    }
    if (child->type == TEND_TYPE_NULL) {
        set_null_type(tree, node->first, type);
    }
    const enum tend_type from = child->type;
    const bool to_whole = node->cast == EXPR_CAST_INTEGER || node->cast == EXPR_CAST_BIGINT;
    if (from == TEND_TYPE_TEXT && to_whole) {
        return EXPR_FAIL(tree, node->at, err, ETYPE,
                         "a text is cast to DOUBLE first, then to a whole number");
    }
    if ((from == TEND_TYPE_TIME) != (type == TEND_TYPE_TIME) && from != TEND_TYPE_TEXT &&
        type != TEND_TYPE_TEXT) {
        return EXPR_FAIL(tree, node->at, err, ETYPE, "a %s cannot be cast to a %s%s",
                         tend__type_text(from), tend__type_text(type),
                         from == TEND_TYPE_TIME ? " (EPOCH gives seconds since 1970)" : "");
    }
    node->type = type;
    node->may_fail = node->may_fail || from == TEND_TYPE_TEXT || to_whole ||
                     type == TEND_TYPE_TIME || type == TEND_TYPE_TEXT;
    return TEND_OK;
}

static enum tend_code check_node(struct expr_tree *tree, struct expr_node *node,
                                 struct tend_error *err)
{
    switch (node->kind) {
    case EXPR_NODE_NUMBER:
        node->type = TEND_TYPE_NUMBER;
        return TEND_OK;
    case EXPR_NODE_BOOL:
        node->type = TEND_TYPE_BOOL;
        return TEND_OK;
    case EXPR_NODE_TEXT:
        node->type = TEND_TYPE_TEXT;
        return TEND_OK;
    case EXPR_NODE_TIME:
        node->type = TEND_TYPE_TIME;
        return TEND_OK;
    case EXPR_NODE_NULL:
    case EXPR_NODE_SPAN:
        return TEND_OK;
    case EXPR_NODE_COLUMN:
        node->type = tree->fields[node->value.field_idx].type;
        return TEND_OK;
    case EXPR_NODE_STRICT:
        return check_strict(tree, node, err);
    case EXPR_NODE_COMPARE:
        TEND_TRY(check_bool_number(tree, node, err));
        return unify_operands(tree, node, err);
    case EXPR_NODE_DISTINCT:
        TEND_TRY(check_bool_number(tree, node, err));
        return unify_operands(tree, node, err);
    case EXPR_NODE_IN:
    case EXPR_NODE_BETWEEN:
        return unify_operands(tree, node, err);
    case EXPR_NODE_IS_NULL:
        node->type = TEND_TYPE_BOOL;
        return node_at(tree, node->first)->kind == EXPR_NODE_SPAN
                   ? want(tree, node->first, TEND_TYPE_TIME, err)
                   : TEND_OK;
    case EXPR_NODE_IS_BOOL:
    case EXPR_NODE_AND:
    case EXPR_NODE_OR:
        for (uint32_t i = node->first; i != EXPR_NONE; i = node_at(tree, i)->next) {
            TEND_TRY(want(tree, i, TEND_TYPE_BOOL, err));
        }
        node->type = TEND_TYPE_BOOL;
        return TEND_OK;
    case EXPR_NODE_CASE:
    case EXPR_NODE_CASE_SIMPLE:
        return check_case(tree, node, err);
    case EXPR_NODE_COALESCE:
    case EXPR_NODE_NULLIF:
    case EXPR_NODE_LEAST:
    case EXPR_NODE_GREATEST:
        return unify(tree, node, 0, 1, &node->type, err);
    case EXPR_NODE_CAST:
        return check_cast(tree, node, err);
    }
    return TEND_OK;
}

static enum tend_code check_under(struct expr_tree *tree, uint32_t idx, struct tend_error *err)
{
    struct expr_node *node = node_at(tree, idx);
    for (uint32_t i = node->first; i != EXPR_NONE; i = node_at(tree, i)->next) {
        TEND_TRY(check_under(tree, i, err));
        node->may_fail = node->may_fail || node_at(tree, i)->may_fail;
    }
    return check_node(tree, node, err);
}

enum tend_code tend__expr_check(struct expr_tree *tree, struct tend_error *err)
{
    TEND_TRY(check_under(tree, tree->root, err));
    if (node_at(tree, tree->root)->kind == EXPR_NODE_SPAN) {
        return want(tree, tree->root, TEND_TYPE_TIME, err);
    }
    return TEND_OK;
}
