/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_parse.c: operators, by precedence climbing (Pratt 1973, "Top down operator precedence").
 *
 * The levels and what associates are those of PostgreSQL and DuckDB. Recursion is bounded by
 * TEND_EXPR_DEPTH_MAX, and so is the depth of the tree: a chain of one operator is as deep as it is
 * long, except AND and OR, which take any number of operands.
 */
#include "expr/expr_parser.h"

#include "base/mem.h"

#include <string.h>

enum tend_code tend__expr_step(struct expr_parser *p)
{
    p->token = p->ahead;
    return tend__expr_lex(p->tree, &p->lexed, &p->ahead, p->err);
}

enum tend_code tend__expr_unexpected(struct expr_parser *p, const char *wanted)
{
    if (p->token.kind == EXPR_TOKEN_END) {
        return EXPR_FAIL(p->tree, p->token.at, p->err, ESYNTAX,
                         "expected %s, but the expression ends here", wanted);
    }
    size_t len = p->token.end - p->token.at;
    len = len > 40 ? 40 : len;
    return EXPR_FAIL(p->tree, p->token.at, p->err, ESYNTAX, "expected %s, found %.*s", wanted,
                     (int)len, p->tree->source + p->token.at);
}

enum tend_code tend__expr_take_sign(struct expr_parser *p, const char *sign)
{
    if (!tend__expr_is_sign(&p->token, sign)) {
        const char quoted[6] = {'\'', sign[0], '\'', '\0'};
        return tend__expr_unexpected(p, quoted);
    }
    return tend__expr_step(p);
}

enum tend_code tend__expr_take_word(struct expr_parser *p, const char *word)
{
    if (!tend__expr_is_word(&p->token, word)) {
        char upper[16] = {0};
        for (size_t i = 0; i + 1 < sizeof(upper) && word[i] != '\0'; i++) {
            upper[i] = (char)(word[i] - 'a' + 'A');
        }
        return tend__expr_unexpected(p, upper);
    }
    return tend__expr_step(p);
}

enum tend_code tend__expr_node_new(struct expr_parser *p, enum expr_node_kind kind, size_t at,
                                   uint32_t *out)
{
    struct expr_tree *tree = p->tree;
    if (tree->node_count >= TEND_EXPR_NODE_MAX) {
        return EXPR_FAIL(tree, at, p->err, ELIMIT, "the expression has more than %d parts",
                         TEND_EXPR_NODE_MAX);
    }
    TEND_TRY(tend__mem_grow(&tree->nodes, &tree->node_cap, tree->node_count + 1, TEND_EXPR_NODE_MAX,
                            sizeof(*tree->nodes), p->err));
    tree->nodes[tree->node_count] = (struct expr_node){
        .kind = kind,
        .type = TEND_TYPE_NULL,
        .at = (uint32_t)at,
        .first = EXPR_NONE,
        .last = EXPR_NONE,
        .next = EXPR_NONE,
        .depth = 1,
    };
    *out = (uint32_t)tree->node_count++;
    return TEND_OK;
}

enum tend_code tend__expr_node_strict(struct expr_parser *p, const char *rule, size_t at,
                                      uint32_t *out)
{
    TEND_TRY(tend__expr_node_new(p, EXPR_NODE_STRICT, at, out));
    p->tree->nodes[*out].rule = tend__expr_rule(rule);
    TEND_ASSERT(p->tree->nodes[*out].rule != NULL);
    return TEND_OK;
}

enum tend_code tend__expr_node_add(struct expr_parser *p, uint32_t parent, uint32_t child)
{
    struct expr_node *nodes = p->tree->nodes;
    struct expr_node *node = &nodes[parent];
    if (node->first == EXPR_NONE) {
        node->first = child;
    } else {
        nodes[node->last].next = child;
    }
    node->last = child;
    node->child_count++;
    if (node->depth <= nodes[child].depth) {
        node->depth = nodes[child].depth + 1;
    }
    if (node->depth > TEND_EXPR_DEPTH_MAX) {
        return EXPR_FAIL(p->tree, node->at, p->err, ELIMIT,
                         "the expression is nested or chained more than %d deep",
                         TEND_EXPR_DEPTH_MAX);
    }
    return TEND_OK;
}

/* ---- operators after an operand -------------------------------------------------------------- */

static bool is_set_word(const struct expr_token *token)
{
    return tend__expr_is_word(token, "in") || tend__expr_is_word(token, "between") ||
           tend__expr_is_word(token, "like");
}

static int infix_level(const struct expr_parser *p)
{
    static const struct {
        const char *sign;
        int level;
    } signs[] = {
        {"=", EXPR_LEVEL_COMPARE},  {"<>", EXPR_LEVEL_COMPARE}, {"<", EXPR_LEVEL_COMPARE},
        {"<=", EXPR_LEVEL_COMPARE}, {">", EXPR_LEVEL_COMPARE},  {">=", EXPR_LEVEL_COMPARE},
        {"||", EXPR_LEVEL_CONCAT},  {"+", EXPR_LEVEL_SUM},      {"-", EXPR_LEVEL_SUM},
        {"*", EXPR_LEVEL_PRODUCT},  {"/", EXPR_LEVEL_PRODUCT},  {"%", EXPR_LEVEL_PRODUCT},
        {"::", EXPR_LEVEL_CAST},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(signs); i++) {
        if (tend__expr_is_sign(&p->token, signs[i].sign)) {
            return signs[i].level;
        }
    }
    if (tend__expr_is_word(&p->token, "or")) {
        return EXPR_LEVEL_OR;
    }
    if (tend__expr_is_word(&p->token, "and")) {
        return EXPR_LEVEL_AND;
    }
    if (tend__expr_is_word(&p->token, "is")) {
        return EXPR_LEVEL_IS;
    }
    if (is_set_word(&p->token) ||
        (tend__expr_is_word(&p->token, "not") && is_set_word(&p->ahead))) {
        return EXPR_LEVEL_IN;
    }
    return 0;
}

/* AND and OR take their operands into one node. */
static enum tend_code parse_logic(struct expr_parser *p, enum expr_node_kind kind, int level,
                                  uint32_t *left)
{
    const size_t at = p->token.at;
    uint32_t right = EXPR_NONE;
    TEND_TRY(tend__expr_step(p));
    TEND_TRY(tend__expr_parse_level(p, level + 1, &right));
    if (p->tree->nodes[*left].kind != kind) {
        uint32_t node = EXPR_NONE;
        TEND_TRY(tend__expr_node_new(p, kind, at, &node));
        TEND_TRY(tend__expr_node_add(p, node, *left));
        *left = node;
    }
    return tend__expr_node_add(p, *left, right);
}

static enum tend_code parse_is(struct expr_parser *p, uint32_t *left)
{
    const size_t at = p->token.at;
    uint32_t node = EXPR_NONE;
    TEND_TRY(tend__expr_step(p));
    const bool negated = tend__expr_is_word(&p->token, "not");
    if (negated) {
        TEND_TRY(tend__expr_step(p));
    }
    if (tend__expr_is_word(&p->token, "distinct")) {
        uint32_t right = EXPR_NONE;
        TEND_TRY(tend__expr_step(p));
        TEND_TRY(tend__expr_take_word(p, "from"));
        TEND_TRY(tend__expr_parse_level(p, EXPR_LEVEL_IS + 1, &right));
        TEND_TRY(tend__expr_node_new(p, EXPR_NODE_DISTINCT, at, &node));
        TEND_TRY(tend__expr_node_add(p, node, *left));
        TEND_TRY(tend__expr_node_add(p, node, right));
    } else {
        const bool is_true = tend__expr_is_word(&p->token, "true");
        const bool is_null =
            tend__expr_is_word(&p->token, "null") || tend__expr_is_word(&p->token, "unknown");
        if (!is_true && !is_null && !tend__expr_is_word(&p->token, "false")) {
            return tend__expr_unexpected(p, "NULL, TRUE, FALSE or DISTINCT FROM");
        }
        TEND_TRY(tend__expr_step(p));
        TEND_TRY(
            tend__expr_node_new(p, is_null ? EXPR_NODE_IS_NULL : EXPR_NODE_IS_BOOL, at, &node));
        TEND_TRY(tend__expr_node_add(p, node, *left));
        p->tree->nodes[node].value.boolean = is_true;
    }
    p->tree->nodes[node].negated = negated;
    *left = node;
    return TEND_OK;
}

static enum tend_code parse_in(struct expr_parser *p, uint32_t node)
{
    TEND_TRY(tend__expr_step(p));
    TEND_TRY(tend__expr_take_sign(p, "("));
    for (;;) {
        uint32_t item = EXPR_NONE;
        TEND_TRY(tend__expr_parse_level(p, EXPR_LEVEL_OR, &item));
        TEND_TRY(tend__expr_node_add(p, node, item));
        if (!tend__expr_is_sign(&p->token, ",")) {
            return tend__expr_take_sign(p, ")");
        }
        TEND_TRY(tend__expr_step(p));
    }
}

static enum tend_code parse_between(struct expr_parser *p, uint32_t node)
{
    uint32_t low = EXPR_NONE;
    uint32_t high = EXPR_NONE;
    TEND_TRY(tend__expr_step(p));
    TEND_TRY(tend__expr_parse_level(p, EXPR_LEVEL_CONCAT, &low));
    TEND_TRY(tend__expr_take_word(p, "and"));
    TEND_TRY(tend__expr_parse_level(p, EXPR_LEVEL_CONCAT, &high));
    TEND_TRY(tend__expr_node_add(p, node, low));
    return tend__expr_node_add(p, node, high);
}

static enum tend_code parse_like(struct expr_parser *p, uint32_t node)
{
    uint32_t pattern = EXPR_NONE;
    TEND_TRY(tend__expr_step(p));
    TEND_TRY(tend__expr_parse_level(p, EXPR_LEVEL_CONCAT, &pattern));
    TEND_TRY(tend__expr_node_add(p, node, pattern));
    if (!tend__expr_is_word(&p->token, "escape")) {
        return TEND_OK;
    }
    TEND_TRY(tend__expr_step(p));
    if (p->token.kind != EXPR_TOKEN_TEXT || p->token.len != 1) {
        return tend__expr_unexpected(p, "one ASCII character in quotes after ESCAPE");
    }
    p->tree->nodes[node].escape = *p->token.ptr;
    return tend__expr_step(p);
}

/* [NOT] IN, BETWEEN, LIKE. */
static enum tend_code parse_set(struct expr_parser *p, uint32_t *left)
{
    const size_t at = p->token.at;
    const bool negated = tend__expr_is_word(&p->token, "not");
    if (negated) {
        TEND_TRY(tend__expr_step(p));
    }
    uint32_t node = EXPR_NONE;
    if (tend__expr_is_word(&p->token, "in")) {
        TEND_TRY(tend__expr_node_new(p, EXPR_NODE_IN, at, &node));
        TEND_TRY(tend__expr_node_add(p, node, *left));
        TEND_TRY(parse_in(p, node));
    } else if (tend__expr_is_word(&p->token, "between")) {
        TEND_TRY(tend__expr_node_new(p, EXPR_NODE_BETWEEN, at, &node));
        TEND_TRY(tend__expr_node_add(p, node, *left));
        TEND_TRY(parse_between(p, node));
    } else {
        TEND_TRY(tend__expr_node_strict(p, "like", at, &node));
        TEND_TRY(tend__expr_node_add(p, node, *left));
        TEND_TRY(parse_like(p, node));
    }
    p->tree->nodes[node].negated = negated;
    *left = node;
    return TEND_OK;
}

static enum expr_compare compare_of(const struct expr_token *token)
{
    static const struct {
        const char *sign;
        enum expr_compare compare;
    } signs[] = {{"=", EXPR_EQ},  {"<>", EXPR_NE}, {"<", EXPR_LT},
                 {"<=", EXPR_LE}, {">", EXPR_GT},  {">=", EXPR_GE}};
    for (size_t i = 0; i < TEND_ARRAY_LEN(signs); i++) {
        if (tend__expr_is_sign(token, signs[i].sign)) {
            return signs[i].compare;
        }
    }
    return EXPR_EQ;
}

static enum tend_code parse_binary(struct expr_parser *p, int level, uint32_t *left)
{
    const struct expr_token token = p->token;
    uint32_t right = EXPR_NONE;
    uint32_t node = EXPR_NONE;
    TEND_TRY(tend__expr_step(p));
    TEND_TRY(tend__expr_parse_level(p, level + 1, &right));
    if (level == EXPR_LEVEL_COMPARE) {
        TEND_TRY(tend__expr_node_new(p, EXPR_NODE_COMPARE, token.at, &node));
        p->tree->nodes[node].compare = compare_of(&token);
        if (infix_level(p) == EXPR_LEVEL_COMPARE) {
            return EXPR_FAIL(p->tree, p->token.at, p->err, ESYNTAX,
                             "comparisons do not chain: write x < y AND y < z, or use brackets");
        }
    } else {
        char rule[3] = {0};
        memcpy(rule, token.ptr, token.len);
        TEND_TRY(tend__expr_node_strict(p, rule, token.at, &node));
    }
    TEND_TRY(tend__expr_node_add(p, node, *left));
    TEND_TRY(tend__expr_node_add(p, node, right));
    *left = node;
    return TEND_OK;
}

static enum tend_code parse_cast_sign(struct expr_parser *p, uint32_t *left)
{
    uint32_t node = EXPR_NONE;
    TEND_TRY(tend__expr_node_new(p, EXPR_NODE_CAST, p->token.at, &node));
    TEND_TRY(tend__expr_step(p));
    TEND_TRY(tend__expr_parse_type(p, &p->tree->nodes[node].cast));
    TEND_TRY(tend__expr_node_add(p, node, *left));
    *left = node;
    return TEND_OK;
}

static enum tend_code parse_infix(struct expr_parser *p, int level, uint32_t *left)
{
    switch (level) {
    case EXPR_LEVEL_OR:
        return parse_logic(p, EXPR_NODE_OR, level, left);
    case EXPR_LEVEL_AND:
        return parse_logic(p, EXPR_NODE_AND, level, left);
    case EXPR_LEVEL_IS:
        return parse_is(p, left);
    case EXPR_LEVEL_IN:
        return parse_set(p, left);
    case EXPR_LEVEL_CAST:
        return parse_cast_sign(p, left);
    default:
        return parse_binary(p, level, left);
    }
}

/* ---- operators before an operand ------------------------------------------------------------- */

static enum tend_code parse_prefix(struct expr_parser *p, uint32_t *out)
{
    const size_t at = p->token.at;
    const bool is_not = tend__expr_is_word(&p->token, "not");
    if (!is_not && !tend__expr_is_sign(&p->token, "-")) {
        return tend__expr_parse_primary(p, out);
    }
    uint32_t operand = EXPR_NONE;
    TEND_TRY(tend__expr_step(p));
    TEND_TRY(tend__expr_parse_level(p, is_not ? EXPR_LEVEL_NOT : EXPR_LEVEL_SIGN, &operand));
    struct expr_node *node = &p->tree->nodes[operand];
    if (!is_not && node->kind == EXPR_NODE_NUMBER) {
        node->value.number = -node->value.number;
        node->at = (uint32_t)at;
        *out = operand;
        return TEND_OK;
    }
    TEND_TRY(tend__expr_node_strict(p, is_not ? "not" : "-x", at, out));
    return tend__expr_node_add(p, *out, operand);
}

enum tend_code tend__expr_parse_level(struct expr_parser *p, int min_level, uint32_t *out)
{
    if (p->depth >= TEND_EXPR_DEPTH_MAX) {
        return EXPR_FAIL(p->tree, p->token.at, p->err, ELIMIT,
                         "the expression is nested or chained more than %d deep",
                         TEND_EXPR_DEPTH_MAX);
    }
    p->depth++;
    uint32_t left = EXPR_NONE;
    TEND_TRY(parse_prefix(p, &left));
    for (;;) {
        const int level = infix_level(p);
        if (level == 0 || level < min_level) {
            break;
        }
        TEND_TRY(parse_infix(p, level, &left));
    }
    p->depth--;
    *out = left;
    return TEND_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum tend_code parse_aggregate(struct expr_parser *p)
{
    static const struct {
        const char *name;
        enum tend__aggregate_kind kind;
    } kinds[] = {{"avg", TEND_AGGREGATE_AVG},
                 {"sum", TEND_AGGREGATE_SUM},
                 {"min", TEND_AGGREGATE_MIN},
                 {"max", TEND_AGGREGATE_MAX},
                 {"count", TEND_AGGREGATE_COUNT}};
    size_t i = 0;
    while (i < TEND_ARRAY_LEN(kinds) && !tend__expr_is_word(&p->token, kinds[i].name)) {
        i++;
    }
    if (i == TEND_ARRAY_LEN(kinds) || !tend__expr_is_sign(&p->ahead, "(")) {
        return tend__expr_unexpected(p, "avg(...), sum(...), min(...), max(...) or count(...)");
    }
    p->tree->aggregate = kinds[i].kind;
    TEND_TRY(tend__expr_step(p));
    TEND_TRY(tend__expr_step(p));
    if (kinds[i].kind == TEND_AGGREGATE_COUNT && tend__expr_is_sign(&p->token, "*")) {
        p->tree->counts_rows = true;
        TEND_TRY(tend__expr_step(p));
    } else {
        TEND_TRY(tend__expr_parse_level(p, EXPR_LEVEL_OR, &p->tree->root));
    }
    return tend__expr_take_sign(p, ")");
}

enum tend_code tend__expr_parse(struct expr_tree *tree, bool is_aggregate, struct tend_error *err)
{
    size_t bad_at = 0;
    if (tree->source_len > TEND_EXPR_LEN_MAX) {
        return TEND_FAIL(err, ELIMIT, "the expression has %zu bytes; the limit is %d",
                         tree->source_len, TEND_EXPR_LEN_MAX);
    }
    if (!tend__expr_is_utf8(tree->source, tree->source_len, &bad_at)) {
        return EXPR_FAIL(tree, bad_at, err, ESYNTAX, "the expression is not UTF-8 here");
    }
    struct expr_parser p = {.tree = tree, .err = err};
    tree->root = EXPR_NONE;
    TEND_TRY(tend__expr_step(&p));
    TEND_TRY(tend__expr_step(&p));
    if (is_aggregate) {
        TEND_TRY(parse_aggregate(&p));
    } else {
        TEND_TRY(tend__expr_parse_level(&p, EXPR_LEVEL_OR, &tree->root));
    }
    if (p.token.kind != EXPR_TOKEN_END) {
        return tend__expr_unexpected(&p, "an operator or the end");
    }
    return TEND_OK;
}

void tend__expr_tree_deinit(struct expr_tree *tree)
{
    tend__mem_free(tree->nodes);
    tend__mem_free(tree->texts);
    *tree = (struct expr_tree){0};
}
