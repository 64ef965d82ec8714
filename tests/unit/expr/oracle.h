/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle.h: random typed expressions for the differential test: made from a seed, written as text
 * for tend and for DuckDB, and evaluated one row at a time by a naive walk over the tree that
 * shares no code with src/expr.
 *
 * Where the two languages differ by rule, the DuckDB text says the rule in DuckDB's words: that is
 * the whole list of differences of notation, in oracle_write.c. Differences of outcome are
 * classified in expr_duckdb_test.c.
 */
#ifndef TEND_TEST_ORACLE_H
#define TEND_TEST_ORACLE_H

#include "base/column.h"
#include "base/rng.h"
#include "expr/expr.h"

#define ORACLE_NODE_MAX 400
#define ORACLE_CHILD_MAX 6
#define ORACLE_TEXT_SIZE (1U << 17)
#define ORACLE_FIELD_COUNT 9
#define ORACLE_ROW_MAX 512

enum oracle_op {
    ORACLE_COLUMN,
    ORACLE_LITERAL,
    ORACLE_NULL,
    ORACLE_ADD,
    ORACLE_SUB,
    ORACLE_MUL,
    ORACLE_DIV,
    ORACLE_MOD,
    ORACLE_NEG,
    ORACLE_ABS,
    ORACLE_LN,
    ORACLE_LOG10,
    ORACLE_LOG2,
    ORACLE_EXP,
    ORACLE_SQRT,
    ORACLE_POW,
    ORACLE_ROUND,
    ORACLE_FLOOR,
    ORACLE_CEIL,
    ORACLE_TRUNC,
    ORACLE_SIGN,
    ORACLE_LENGTH,
    ORACLE_PART,
    ORACLE_EPOCH,
    ORACLE_TO_NUMBER, /* of a text or a bool */
    ORACLE_TO_INTEGER,
    ORACLE_TO_BIGINT,
    ORACLE_CASE,
    ORACLE_CASE_SIMPLE,
    ORACLE_COALESCE,
    ORACLE_NULLIF,
    ORACLE_LEAST,
    ORACLE_GREATEST,
    ORACLE_COMPARE, /* choice: = <> < <= > >= */
    ORACLE_DISTINCT,
    ORACLE_NOT,
    ORACLE_AND,
    ORACLE_OR,
    ORACLE_IS_NULL,
    ORACLE_IS_BOOL,
    ORACLE_IN,
    ORACLE_BETWEEN,
    ORACLE_LIKE,
    ORACLE_ISNAN,
    ORACLE_ISINF,
    ORACLE_ISFINITE,
    ORACLE_TO_BOOL,
    ORACLE_CONCAT,
    ORACLE_LOWER,
    ORACLE_UPPER,
    ORACLE_TO_TEXT,
    ORACLE_DATE_TRUNC,
    ORACLE_TIME_ADD,
    ORACLE_TO_TIME,
    ORACLE_TO_DATE
};

struct oracle_node {
    enum oracle_op op;
    enum tend_type type;
    int children[ORACLE_CHILD_MAX];
    int child_count;
    int choice;    /* a column, an operator, a unit, digits; see the maker */
    bool negated;  /* NOT IN, IS NOT ..., minus an interval */
    double number; /* literals */
    int64_t time_us;
    const char *text;
    int months;
    int64_t us;
};

struct oracle_tree {
    struct oracle_node nodes[ORACLE_NODE_MAX];
    int node_count;
    int root;
};

struct oracle_value {
    enum tend__expr_failure failure; /* the row has no value where this is not FINE */
    bool is_null;
    double number;
    bool boolean;
    struct tend__text text;
    int64_t time_us;
};

struct oracle_rows {
    size_t row_count;
    double numbers[3][ORACLE_ROW_MAX];
    uint8_t bools[2][ORACLE_ROW_MAX];
    struct tend__text texts[2][ORACLE_ROW_MAX];
    int64_t times[2][ORACLE_ROW_MAX];
    uint8_t valid[ORACLE_FIELD_COUNT][ORACLE_ROW_MAX];
    struct tend__column columns[ORACLE_FIELD_COUNT];
};

extern const struct tend__field oracle_fields[ORACLE_FIELD_COUNT];
extern const char *const oracle_units[];

void oracle_rows_make(struct tend__rng *rng, struct oracle_rows *rows, size_t row_count);
void oracle_tree_make(struct tend__rng *rng, struct oracle_tree *tree);

/* Texts of ORACLE_TEXT_SIZE bytes. The same choices of brackets for the same rng state. */
void oracle_write(const struct oracle_tree *tree, struct tend__rng *rng, bool for_duckdb,
                  char *text);

/* The naive evaluation of a node for a row. Texts live until the next call of oracle_reset. */
struct oracle_value oracle_eval(const struct oracle_tree *tree, int node,
                                const struct oracle_rows *rows, size_t row_idx);

/* The same but for what DuckDB does not compute: the other operands of one that is NULL by its text
 * alone, and in a WHEN what stands after an operand of AND that is not TRUE, NULL included. */
struct oracle_value oracle_eval_folded(const struct oracle_tree *tree, int node,
                                       const struct oracle_rows *rows, size_t row_idx);
void oracle_reset(void);

#endif
