/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_make.c: random rows and random typed expressions. */
#include "oracle.h"

#include <math.h>
#include <string.h>

const struct tend__field oracle_fields[ORACLE_FIELD_COUNT] = {
    {"n1", TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY},
    {"n2", TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY},
    {"n3", TEND_TYPE_NUMBER, -1, 10},
    {"b1", TEND_TYPE_BOOL, 0, 1},
    {"b2", TEND_TYPE_BOOL, 0, 1},
    {"t1", TEND_TYPE_TEXT, -(double)INFINITY, (double)INFINITY},
    {"t2", TEND_TYPE_TEXT, -(double)INFINITY, (double)INFINITY},
    {"d1", TEND_TYPE_TIME, -(double)INFINITY, (double)INFINITY},
    {"d2", TEND_TYPE_TIME, -(double)INFINITY, (double)INFINITY},
};

const char *const oracle_units[] = {"year",   "quarter", "month",     "week",   "day",      "hour",
                                    "minute", "second",  "dayofweek", "isodow", "dayofyear"};

static const double special_numbers[] = {
    0,
    -0.0,
    1,
    -1,
    2,
    -2,
    0.5,
    -0.5,
    2.5,
    -2.5,
    10,
    100,
    1e308,
    -1e308,
    5e-324,
    1e-300,
    1e15,
    1e16,
    1e22,
    0.1,
    0.3,
    123.456,
    -7,
    3,
    (double)NAN,
    (double)INFINITY,
    -(double)INFINITY,
    9007199254740993.0,
    2147483647,
    -2147483648.0,
    4294967296.0,
    1.7976931348623157e308,
    0.0001,
    0.00001,
    99999.5,
    -15,
};

static const char *const special_texts[] = {
    "",
    "a",
    "ab",
    "abc",
    "aXb",
    "A_b",
    "a%b",
    "50%",
    "it's",
    "\xc3\xa9",
    "\xe6\x97\xa5\xe6\x9c\xac",
    "Z\xc3\xbcrich",
    "b\xc3\x84r",
    "1.5",
    " 7 ",
    "-3e2",
    "1e400",
    "inf",
    "nan",
    "true",
    "F",
    "no",
    "1",
    "0",
    "2001-04-09",
    "2001-02-29",
    "1999-12-31 23:59:59.5",
    "2000-02-29T12:30:00Z",
    "x",
    "ABC",
    "_",
    "%",
    "\\",
    "\xf0\x9f\x98\x80!",
};

static const char *const patterns[] = {
    "%",   "",      "a%", "%b", "_",   "__",  "a_b",   "%\xc3\xa9%",
    "_%_", "%a%b%", "A%", "%%", "50%", "\\%", "%it's",
};

static const char *const escaped_patterns[] = {"a!%b", "!_", "%!%", "!!%", "A!_b", "a!b", "%!_%"};

static bool chance(struct tend__rng *rng, uint64_t one_in)
{
    return tend__rng_below(rng, one_in) == 0;
}

static double random_number(struct tend__rng *rng)
{
    switch (tend__rng_below(rng, 4)) {
    case 0:
        return special_numbers[tend__rng_below(rng, TEND_ARRAY_LEN(special_numbers))];
    case 1:
        return (double)tend__rng_below(rng, 9) - 4;
    case 2:
        return floor(tend__rng_normal(rng) * 1e6) / 1e4;
    default:
        return tend__rng_normal(rng) * pow(10, (double)tend__rng_below(rng, 40) - 20);
    }
}

static const char *random_text(struct tend__rng *rng)
{
    return special_texts[tend__rng_below(rng, TEND_ARRAY_LEN(special_texts))];
}

/* From 1940 to 2060: whole days, hours or microseconds. */
static int64_t random_time(struct tend__rng *rng)
{
    const int64_t day = INT64_C(86400000000);
    const int64_t days = (int64_t)tend__rng_below(rng, 43800) - 10950;
    switch (tend__rng_below(rng, 3)) {
    case 0:
        return days * day;
    case 1:
        return days * day + (int64_t)tend__rng_below(rng, 86400) * 1000000;
    default:
        return days * day + (int64_t)tend__rng_below(rng, (uint64_t)day);
    }
}

void oracle_rows_make(struct tend__rng *rng, struct oracle_rows *rows, size_t row_count)
{
    rows->row_count = row_count;
    for (size_t i = 0; i < row_count; i++) {
        rows->numbers[0][i] = random_number(rng);
        rows->numbers[1][i] = (double)tend__rng_below(rng, 7) - 3;
        rows->numbers[2][i] = tend__rng_uniform(rng) * 11 - 1;
        for (size_t k = 0; k < 2; k++) {
            rows->bools[k][i] = tend__rng_below(rng, 2) == 0;
            const char *text = random_text(rng);
            rows->texts[k][i] = (struct tend__text){text, strlen(text)};
            rows->times[k][i] = random_time(rng);
        }
        for (size_t f = 0; f < ORACLE_FIELD_COUNT; f++) {
            /* b2 and n3 have no NULLs. */
            rows->valid[f][i] = f == 2 || f == 4 || !chance(rng, 6);
        }
    }
    for (size_t f = 0; f < ORACLE_FIELD_COUNT; f++) {
        struct tend__column *column = &rows->columns[f];
        *column = (struct tend__column){.type = oracle_fields[f].type, .valid = rows->valid[f]};
        column->f64 = f < 3 ? rows->numbers[f] : NULL;
        column->bools = f == 3 || f == 4 ? rows->bools[f - 3] : NULL;
        column->text = f == 5 || f == 6 ? rows->texts[f - 5] : NULL;
        column->time_us = f >= 7 ? rows->times[f - 7] : NULL;
        column->valid = f == 2 || f == 4 ? NULL : rows->valid[f];
    }
}

/* ---- expressions ----------------------------------------------------------------------------- */

static int make(struct tend__rng *rng, struct oracle_tree *tree, enum tend_type type, int depth);

static int add_node(struct oracle_tree *tree, enum oracle_op op, enum tend_type type)
{
    TEND_ASSERT(tree->node_count < ORACLE_NODE_MAX);
    tree->nodes[tree->node_count] = (struct oracle_node){.op = op, .type = type};
    return tree->node_count++;
}

static void add_child(struct tend__rng *rng, struct oracle_tree *tree, int node,
                      enum tend_type type, int depth)
{
    const int child = make(rng, tree, type, depth);
    struct oracle_node *parent = &tree->nodes[node];
    TEND_ASSERT(parent->child_count < ORACLE_CHILD_MAX);
    parent->children[parent->child_count++] = child;
}

static enum tend_type random_type(struct tend__rng *rng)
{
    static const enum tend_type types[] = {TEND_TYPE_NUMBER, TEND_TYPE_NUMBER, TEND_TYPE_BOOL,
                                           TEND_TYPE_TEXT, TEND_TYPE_TIME};
    return types[tend__rng_below(rng, TEND_ARRAY_LEN(types))];
}

static int make_literal(struct tend__rng *rng, struct oracle_tree *tree, enum tend_type type)
{
    const int idx = add_node(tree, ORACLE_LITERAL, type);
    struct oracle_node *node = &tree->nodes[idx];
    do {
        node->number = random_number(rng);
    } while (!isfinite(node->number));
    node->choice = (int)tend__rng_below(rng, 2);
    node->text = random_text(rng);
    node->time_us = random_time(rng);
    return idx;
}

static int make_leaf(struct tend__rng *rng, struct oracle_tree *tree, enum tend_type type)
{
    if (chance(rng, 20)) {
        return add_node(tree, ORACLE_NULL, type);
    }
    if (chance(rng, 3)) {
        return make_literal(rng, tree, type);
    }
    int first = 0;
    uint64_t count = 2;
    if (type == TEND_TYPE_NUMBER) {
        count = 3;
    } else if (type == TEND_TYPE_BOOL) {
        first = 3;
    } else if (type == TEND_TYPE_TEXT) {
        first = 5;
    } else {
        first = 7;
    }
    const int idx = add_node(tree, ORACLE_COLUMN, type);
    tree->nodes[idx].choice = first + (int)tend__rng_below(rng, count);
    return idx;
}

/* CASE, COALESCE, NULLIF, LEAST, GREATEST: of any type. */
static int make_choice(struct tend__rng *rng, struct oracle_tree *tree, enum tend_type type,
                       int depth)
{
    static const enum oracle_op ops[] = {ORACLE_CASE,     ORACLE_CASE,   ORACLE_CASE_SIMPLE,
                                         ORACLE_COALESCE, ORACLE_NULLIF, ORACLE_LEAST,
                                         ORACLE_GREATEST};
    const enum oracle_op op = ops[tend__rng_below(rng, TEND_ARRAY_LEN(ops))];
    const int idx = add_node(tree, op, type);
    if (op == ORACLE_CASE || op == ORACLE_CASE_SIMPLE) {
        const bool is_simple = op == ORACLE_CASE_SIMPLE;
        const enum tend_type when = is_simple ? random_type(rng) : TEND_TYPE_BOOL;
        const int whens = is_simple || chance(rng, 2) ? 1 : 2;
        if (is_simple) {
            add_child(rng, tree, idx, when, depth);
        }
        for (int i = 0; i < whens; i++) {
            add_child(rng, tree, idx, when, depth);
            add_child(rng, tree, idx, type, depth);
        }
        if (!chance(rng, 3)) {
            add_child(rng, tree, idx, type, depth);
        }
        return idx;
    }
    const int count = op == ORACLE_NULLIF || chance(rng, 2) ? 2 : 3;
    for (int i = 0; i < count; i++) {
        add_child(rng, tree, idx, type, depth);
    }
    return idx;
}

static int make_number(struct tend__rng *rng, struct oracle_tree *tree, int depth)
{
    static const enum oracle_op ops[] = {
        ORACLE_ADD,        ORACLE_ADD,      ORACLE_SUB,   ORACLE_MUL,   ORACLE_MUL,
        ORACLE_DIV,        ORACLE_MOD,      ORACLE_NEG,   ORACLE_ABS,   ORACLE_LN,
        ORACLE_LOG10,      ORACLE_LOG2,     ORACLE_EXP,   ORACLE_SQRT,  ORACLE_POW,
        ORACLE_ROUND,      ORACLE_FLOOR,    ORACLE_CEIL,  ORACLE_TRUNC, ORACLE_SIGN,
        ORACLE_LENGTH,     ORACLE_PART,     ORACLE_EPOCH, ORACLE_PART,  ORACLE_TO_NUMBER,
        ORACLE_TO_INTEGER, ORACLE_TO_BIGINT};
    const enum oracle_op op = ops[tend__rng_below(rng, TEND_ARRAY_LEN(ops))];
    const int idx = add_node(tree, op, TEND_TYPE_NUMBER);
    enum tend_type operand = TEND_TYPE_NUMBER;
    if (op == ORACLE_LENGTH) {
        operand = TEND_TYPE_TEXT;
    } else if (op == ORACLE_PART || op == ORACLE_EPOCH) {
        operand = TEND_TYPE_TIME;
    } else if (op == ORACLE_TO_NUMBER) {
        operand = chance(rng, 2) ? TEND_TYPE_TEXT : TEND_TYPE_BOOL;
    }
    tree->nodes[idx].choice = (int)tend__rng_below(rng, 11);
    if (op == ORACLE_ROUND) {
        tree->nodes[idx].choice = chance(rng, 2) ? 0 : (int)tend__rng_below(rng, 9) - 4;
    }
    add_child(rng, tree, idx, operand, depth);
    if (op <= ORACLE_MOD || op == ORACLE_POW) {
        add_child(rng, tree, idx, operand, depth);
    }
    return idx;
}

static int make_like(struct tend__rng *rng, struct oracle_tree *tree, int depth)
{
    const int idx = add_node(tree, ORACLE_LIKE, TEND_TYPE_BOOL);
    tree->nodes[idx].negated = chance(rng, 3);
    add_child(rng, tree, idx, TEND_TYPE_TEXT, depth);
    if (chance(rng, 4)) {
        add_child(rng, tree, idx, TEND_TYPE_TEXT, depth);
        return idx;
    }
    const bool is_escaped = chance(rng, 3);
    const int pattern = add_node(tree, ORACLE_LITERAL, TEND_TYPE_TEXT);
    tree->nodes[pattern].text =
        is_escaped ? escaped_patterns[tend__rng_below(rng, TEND_ARRAY_LEN(escaped_patterns))]
                   : patterns[tend__rng_below(rng, TEND_ARRAY_LEN(patterns))];
    tree->nodes[idx].choice = is_escaped ? '!' : 0;
    tree->nodes[idx].children[tree->nodes[idx].child_count++] = pattern;
    return idx;
}

static int make_bool(struct tend__rng *rng, struct oracle_tree *tree, int depth)
{
    static const enum oracle_op ops[] = {
        ORACLE_COMPARE, ORACLE_COMPARE, ORACLE_COMPARE,  ORACLE_DISTINCT, ORACLE_NOT,
        ORACLE_AND,     ORACLE_AND,     ORACLE_OR,       ORACLE_OR,       ORACLE_IS_NULL,
        ORACLE_IS_BOOL, ORACLE_IN,      ORACLE_IN,       ORACLE_BETWEEN,  ORACLE_LIKE,
        ORACLE_ISNAN,   ORACLE_ISINF,   ORACLE_ISFINITE, ORACLE_TO_BOOL};
    const enum oracle_op op = ops[tend__rng_below(rng, TEND_ARRAY_LEN(ops))];
    if (op == ORACLE_LIKE) {
        return make_like(rng, tree, depth);
    }
    const int idx = add_node(tree, op, TEND_TYPE_BOOL);
    enum tend_type operand = random_type(rng);
    int count = 2;
    tree->nodes[idx].negated = chance(rng, 3);
    tree->nodes[idx].choice = (int)tend__rng_below(rng, 6);
    if (op == ORACLE_NOT || op == ORACLE_IS_BOOL) {
        operand = TEND_TYPE_BOOL;
        count = 1;
    } else if (op == ORACLE_AND || op == ORACLE_OR) {
        operand = TEND_TYPE_BOOL;
        count = chance(rng, 3) ? 3 : 2;
    } else if (op == ORACLE_IS_NULL) {
        count = 1;
    } else if (op == ORACLE_ISNAN || op == ORACLE_ISINF || op == ORACLE_ISFINITE) {
        operand = TEND_TYPE_NUMBER;
        count = 1;
    } else if (op == ORACLE_TO_BOOL) {
        operand = chance(rng, 2) ? TEND_TYPE_TEXT : TEND_TYPE_NUMBER;
        count = 1;
    } else if (op == ORACLE_BETWEEN) {
        count = 3;
    } else if (op == ORACLE_IN) {
        count = 2 + (int)tend__rng_below(rng, 4);
    }
    const bool literals_only = op == ORACLE_IN && chance(rng, 2);
    for (int i = 0; i < count; i++) {
        if (i > 0 && literals_only) {
            struct oracle_node *node = &tree->nodes[idx];
            const int item = chance(rng, 10) ? add_node(tree, ORACLE_NULL, operand)
                                             : make_literal(rng, tree, operand);
            node->children[node->child_count++] = item;
        } else {
            add_child(rng, tree, idx, operand, depth);
        }
    }
    return idx;
}

static int make_text(struct tend__rng *rng, struct oracle_tree *tree, int depth)
{
    static const enum oracle_op ops[] = {ORACLE_CONCAT, ORACLE_LOWER, ORACLE_UPPER, ORACLE_TO_TEXT};
    const enum oracle_op op = ops[tend__rng_below(rng, TEND_ARRAY_LEN(ops))];
    const int idx = add_node(tree, op, TEND_TYPE_TEXT);
    enum tend_type operand = TEND_TYPE_TEXT;
    if (op == ORACLE_TO_TEXT) {
        operand = random_type(rng);
    }
    add_child(rng, tree, idx, operand, depth);
    if (op == ORACLE_CONCAT) {
        add_child(rng, tree, idx, operand, depth);
    }
    return idx;
}

static int make_time(struct tend__rng *rng, struct oracle_tree *tree, int depth)
{
    static const enum oracle_op ops[] = {ORACLE_DATE_TRUNC, ORACLE_TIME_ADD, ORACLE_TIME_ADD,
                                         ORACLE_TO_TIME, ORACLE_TO_DATE};
    const enum oracle_op op = ops[tend__rng_below(rng, TEND_ARRAY_LEN(ops))];
    const int idx = add_node(tree, op, TEND_TYPE_TIME);
    struct oracle_node *node = &tree->nodes[idx];
    node->choice = (int)tend__rng_below(rng, 8);
    node->negated = chance(rng, 2);
    if (op == ORACLE_TIME_ADD) {
        node->months = chance(rng, 2) ? (int)tend__rng_below(rng, 60) - 20 : 0;
        node->us = chance(rng, 2) ? ((int64_t)tend__rng_below(rng, 100000) - 30000) * 60000000 : 0;
    }
    const bool from_text = (op == ORACLE_TO_TIME || op == ORACLE_TO_DATE) && chance(rng, 2);
    add_child(rng, tree, idx, from_text ? TEND_TYPE_TEXT : TEND_TYPE_TIME, depth);
    return idx;
}

static int make(struct tend__rng *rng, struct oracle_tree *tree, enum tend_type type, int depth)
{
    if (depth <= 0 || tree->node_count > ORACLE_NODE_MAX / 2 || chance(rng, 5)) {
        return make_leaf(rng, tree, type);
    }
    if (chance(rng, 4)) {
        return make_choice(rng, tree, type, depth - 1);
    }
    switch (type) {
    case TEND_TYPE_NUMBER:
        return make_number(rng, tree, depth - 1);
    case TEND_TYPE_BOOL:
        return make_bool(rng, tree, depth - 1);
    case TEND_TYPE_TEXT:
        return make_text(rng, tree, depth - 1);
    case TEND_TYPE_TIME:
        return make_time(rng, tree, depth - 1);
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return make_leaf(rng, tree, type);
}

void oracle_tree_make(struct tend__rng *rng, struct oracle_tree *tree)
{
    tree->node_count = 0;
    tree->root = make(rng, tree, random_type(rng), 1 + (int)tend__rng_below(rng, 5));
}
