/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_tree.h: the parsed form of an expression, private to src/expr.
 *
 * Nodes live in one array and know each other by index: a node's children are a list through
 * `next`. The parser makes the tree, the checker gives every node its type and resolves what
 * depends on types, the bounds and the compiler read it. It is freed when the expression is ready.
 * Depth and size are limited by the parser, so that the recursive walks are bounded.
 */
#ifndef TEND_EXPR_EXPR_TREE_H
#define TEND_EXPR_EXPR_TREE_H

#include "expr/expr.h"
#include "expr/expr_program.h"

#define EXPR_NONE UINT32_MAX

enum expr_node_kind {
    EXPR_NODE_NUMBER,
    EXPR_NODE_BOOL,
    EXPR_NODE_TEXT,
    EXPR_NODE_TIME,
    EXPR_NODE_NULL,
    EXPR_NODE_SPAN, /* INTERVAL: only beside + and - */
    EXPR_NODE_COLUMN,
    EXPR_NODE_STRICT,   /* an operator or function that is NULL where an operand is: see `rule` */
    EXPR_NODE_COMPARE,  /* two operands of one type; `compare` */
    EXPR_NODE_DISTINCT, /* IS [NOT] DISTINCT FROM; `negated` */
    EXPR_NODE_IS_NULL,  /* `negated` */
    EXPR_NODE_IS_BOOL,  /* IS [NOT] TRUE/FALSE; `value.boolean` is which, `negated` */
    EXPR_NODE_AND,
    EXPR_NODE_OR,
    EXPR_NODE_CASE,        /* when, then, when, then, ..., else */
    EXPR_NODE_CASE_SIMPLE, /* operand, value, then, value, then, ..., else */
    EXPR_NODE_COALESCE,
    EXPR_NODE_NULLIF,
    EXPR_NODE_LEAST,
    EXPR_NODE_GREATEST,
    EXPR_NODE_IN,      /* operand, item, item, ...; `negated` */
    EXPR_NODE_BETWEEN, /* operand, low, high; `negated` */
    EXPR_NODE_CAST     /* one operand; `cast` */
};

enum expr_compare { EXPR_EQ, EXPR_NE, EXPR_LT, EXPR_LE, EXPR_GT, EXPR_GE };

enum expr_cast_target {
    EXPR_CAST_NUMBER,
    EXPR_CAST_INTEGER,
    EXPR_CAST_BIGINT,
    EXPR_CAST_BOOL,
    EXPR_CAST_TEXT,
    EXPR_CAST_TIME,
    EXPR_CAST_DATE
};

struct expr_span {
    int32_t months;
    int64_t us;
};

struct expr_node {
    enum expr_node_kind kind;
    enum tend_type type; /* set by the checker */
    uint32_t at;         /* byte offset in the text, for messages */
    uint32_t first;      /* first child or EXPR_NONE */
    uint32_t last;       /* last child or EXPR_NONE */
    uint32_t next;       /* next sibling or EXPR_NONE */
    uint32_t child_count;
    uint32_t depth;
    enum expr_compare compare;
    enum expr_cast_target cast;
    const struct expr_rule *rule; /* EXPR_NODE_STRICT */
    enum expr_unit unit;          /* of EXTRACT and DATE_TRUNC */
    bool negated;
    bool may_fail; /* whatever the declared ranges: set by the checker */
    char escape;   /* of LIKE; 0 = none */
    union {
        double number; /* a literal, or the digits of ROUND */
        bool boolean;
        int64_t time_us;
        struct expr_span span;
        uint32_t field_idx;
        struct {
            uint32_t at; /* into the tree's texts */
            uint32_t len;
        } text;
    } value;
};

/* One strict operator or function: operand types and result, one letter each: n(umber) b(ool)
 * t(ext) m(oment). */
struct expr_rule {
    const char *name;
    const char *operands;
    char result;
    enum expr_op op;
    bool may_fail;
};

struct expr_tree {
    const char *source;
    size_t source_len;
    struct expr_node *nodes;
    size_t node_count;
    size_t node_cap;
    char *texts; /* bytes of the text literals, unescaped */
    size_t texts_len;
    size_t texts_cap;
    const struct tend__field *fields;
    size_t field_count;
    bool takes_any_column; /* only the syntax is looked at: every name is field 0 */
    uint32_t root;
    enum tend__aggregate_kind aggregate; /* where an aggregate was parsed */
    bool counts_rows;                    /* count(*): there is no root */
};

/* Fails at a byte offset of the source. */
void tend__expr_error_at(const struct expr_tree *tree, size_t at, struct tend_error *err,
                         enum tend_code code, const char *format, ...) TEND_PRINTF(5, 6) TEND_COLD;

#define EXPR_FAIL(tree, at, err, code, ...)                                                        \
    (tend__expr_error_at((tree), (at), (err), TEND_##code, __VA_ARGS__), TEND_##code)

/* tree->source, source_len, fields and field_count are set by the caller; the tree must be
 * deinit'ed even on failure. */
enum tend_code tend__expr_parse(struct expr_tree *tree, bool is_aggregate,
                                struct tend_error *err) TEND_NODISCARD;
void tend__expr_tree_deinit(struct expr_tree *tree);

/* The rule of an operator ("+") or function ("abs"); NULL where there is none. Names in lower case.
 */
const struct expr_rule *tend__expr_rule(const char *name);

/* All function names, for suggestions; *count of them. */
const char *const *tend__expr_function_names(size_t *count);

/* Gives types to all nodes under tree->root, turns text literals beside times into times. */
enum tend_code tend__expr_check(struct expr_tree *tree, struct tend_error *err) TEND_NODISCARD;

struct tend__bounds tend__expr_tree_bounds(const struct expr_tree *tree);

enum tend_code tend__expr_compile(const struct expr_tree *tree, struct expr_program *program,
                                  struct tend_error *err) TEND_NODISCARD;

#endif
