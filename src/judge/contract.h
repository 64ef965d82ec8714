/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contract.h: what data must be like by itself, without a reference: columns, keys, relations and
 * rules, checked over batches of rows. docs/contracts.md is the page of it.
 *
 * A contract is a set of conditions. Each is judged by its own count: how many rows break it, of
 * how many it was asked of, and what share may. A condition that could not be judged (its column is
 * missing, its rule does not fit the columns) is violated: no verdict without evidence.
 *
 * Memory is fixed by the options: keys (uniqueness, references, distinct values, dependencies) are
 * exact while all of them fit into key_bytes_max, and an even sample by hash beyond that, which the
 * result says. Rows are numbered from 1 in the order in which they come; everything but the
 * examples is the same whatever the order.
 */
#ifndef TEND_JUDGE_CONTRACT_H
#define TEND_JUDGE_CONTRACT_H

#include "base/column.h"
#include "base/fail.h"

#define TEND_CONTRACT_COLUMN_MAX 4096
#define TEND_CONTRACT_VALUE_MAX 65536 /* values of a column's list */
#define TEND_CONTRACT_KEY_COLUMNS_MAX 8
#define TEND_CONTRACT_EXAMPLE_MAX 5
#define TEND_CONTRACT_TEXT_SIZE 80 /* of an example's value, cut at a character */

/* ---- what is asked --------------------------------------------------------------------------- */

/* A share of rows in 0..1; negative: nothing is asked, or the contract's default is meant. */
#define TEND_CONTRACT_UNSET (-1.0)

struct tend__contract_column {
    char *name;
    bool has_type;
    enum tend_type type;
    bool is_optional; /* may be missing altogether */
    double null_max;  /* share of rows that may be null; UNSET: all */
    double nan_max;   /* share of values that may be NaN or infinite; UNSET: none may */
    double low;       /* numbers; -INFINITY and INFINITY where there is no bound */
    double high;
    int64_t low_us; /* times; INT64_MIN and INT64_MAX where there is no bound */
    int64_t high_us;
    bool is_whole;      /* numbers without a fraction */
    char **values;      /* the only values of a text; NULL where any will do */
    double *numbers;    /* the same of numbers, ascending */
    size_t value_count; /* of either */
    double other_max;   /* share of values that may be none of them; UNSET: failure_max */
    char *like;         /* a pattern of LIKE; NULL = any */
    double length_min;  /* characters of a text; 0 and INFINITY where there is no bound */
    double length_max;
    double distinct_min; /* different values; 0 and INFINITY where there is no bound */
    double distinct_max;
    bool is_unique;     /* no value twice; nulls do not count */
    double failure_max; /* share of values that may break a bound, a pattern or uniqueness */
};

/* No two rows have the same values in all of these columns. Rows with a null in one are not asked.
 */
struct tend__contract_key {
    char **columns;
    size_t column_count;
    double failure_max;
};

/* The values of these columns are among those of another data set. */
struct tend__contract_reference {
    char **columns;
    size_t column_count;
    char **to; /* the columns there, as many */
    size_t to_count;
    char *data; /* where they are: a path, for the caller */
    double failure_max;
};

/* Rows that agree in `columns` agree in `column`: a functional dependency. */
struct tend__contract_dependency {
    char **columns;
    size_t column_count;
    char *column;
    double failure_max;
};

enum tend__contract_rule_kind {
    TEND_RULE_ROW, /* a condition that each row must meet; NULL meets it, a failure does not */
    TEND_RULE_AVG, /* the rest: an aggregate within low..high */
    TEND_RULE_SUM,
    TEND_RULE_COUNT,
    TEND_RULE_VALUE, /* the text is a whole aggregate, such as max(amount) */
};

struct tend__contract_rule {
    char *name;
    enum tend__contract_rule_kind kind;
    char *expr;
    double low;
    double high;
    double failure_max; /* of TEND_RULE_ROW */
};

struct tend__contract {
    bool is_given;      /* some condition is asked */
    double failure_max; /* what conditions use that say nothing of their own; 0..1 */
    bool forbids_extra; /* columns that are not named here are a violation */
    double row_min;     /* rows of the data set; 0 and INFINITY where there is no bound */
    double row_max;
    struct tend__contract_column *columns;
    size_t column_count;
    struct tend__contract_key *keys;
    size_t key_count;
    struct tend__contract_reference *references;
    size_t reference_count;
    struct tend__contract_dependency *dependencies;
    size_t dependency_count;
    struct tend__contract_rule *rules;
    size_t rule_count;
};

/* A contract that asks nothing; and a column, key, rule of it that asks nothing. */
void tend__contract_init(struct tend__contract *contract);
void tend__contract_deinit(struct tend__contract *contract);
void tend__contract_column_init(struct tend__contract_column *column);

/* ---- what came of it ------------------------------------------------------------------------- */

/* Kinds are append-only; the words are those of JSON. */
#define TEND_CONTRACT_KINDS(X)                                                                     \
    X(ROW_COUNT, "row_count")                                                                      \
    X(MISSING_COLUMN, "missing_column")                                                            \
    X(EXTRA_COLUMN, "extra_column")                                                                \
    X(TYPE, "type")                                                                                \
    X(NULLS, "nulls")                                                                              \
    X(NOT_FINITE, "not_finite")                                                                    \
    X(RANGE, "range")                                                                              \
    X(NOT_WHOLE, "not_whole")                                                                      \
    X(VALUES, "values")                                                                            \
    X(PATTERN, "pattern")                                                                          \
    X(LENGTH, "length")                                                                            \
    X(DISTINCT, "distinct")                                                                        \
    X(UNIQUE, "unique")                                                                            \
    X(REFERENCE, "reference")                                                                      \
    X(DEPENDENCY, "dependency")                                                                    \
    X(RULE, "rule")                                                                                \
    X(AGGREGATE, "aggregate")

enum tend__contract_kind {
#define TEND__CONTRACT_KIND(name, word) TEND_CONTRACT_##name,
    TEND_CONTRACT_KINDS(TEND__CONTRACT_KIND)
#undef TEND__CONTRACT_KIND
};

const char *tend__contract_kind_text(enum tend__contract_kind kind);

struct tend__contract_example {
    uint64_t row;         /* 1 = the first */
    uint64_t earlier_row; /* of a repeat: the row that it repeats; else 0 */
    char value[TEND_CONTRACT_TEXT_SIZE];
};

/* One condition. Which members hold something depends on the kind. */
struct tend__contract_result {
    enum tend__contract_kind kind;
    bool is_violated;
    bool is_estimated;   /* row_count or value come from a sample of the keys */
    const char *subject; /* the column, the columns of a key ("a, b"), or the rule's name */
    const char *text;    /* of a rule or aggregate: the expression; of a pattern: the pattern;
                            of a reference: the data set; of a dependency: its column; else "" */
    double row_count;    /* rows that break it */
    double asked_count;  /* of so many: rows for nulls and rules, values for bounds */
    double share;        /* row_count / asked_count; 0 of nothing */
    double share_max;    /* that may */
    double value;        /* of an aggregate, of row_count and distinct: what it is; else NaN */
    double low;          /* bounds of a range, an aggregate, a count */
    double high;
    enum tend_type wanted; /* TYPE */
    enum tend_type found;
    bool times; /* low_us and high_us are the bounds of the range */
    int64_t low_us;
    int64_t high_us;
    bool has_since; /* rows have a time: the first and the last that breaks it */
    int64_t since_us;
    int64_t until_us;
    struct tend__contract_example examples[TEND_CONTRACT_EXAMPLE_MAX];
    size_t example_count;
    char why[TEND_ERROR_TEXT_SIZE]; /* why it could not be judged; "" where it was */
};

/* What a pass over a data set came to; results are borrowed from the run. */
struct tend__contract_outcome {
    bool is_there;      /* rows were judged by a contract */
    const char *source; /* where the contract stands: "tend.yaml" */
    const struct tend__contract_result *results;
    size_t count;
    size_t violated_count;
    uint64_t row_count;
};

struct tend__contract_options {
    const char *time_column; /* whose time says since when; NULL = none */
    size_t key_bytes_max;    /* of all tables of keys together; 0 = 256 MiB */
};

struct tend__contract_run;

/* The contract must outlive the run. Columns that are missing and rules that do not fit are
 * results, not failures. TEND_ENOMEM; TEND_EINVAL where an option is no use. */
enum tend_code tend__contract_run_new(const struct tend__contract *contract,
                                      const struct tend__field *fields, size_t field_count,
                                      const struct tend__contract_options *options,
                                      struct tend__contract_run **out,
                                      struct tend_error *err) TEND_NODISCARD;
void tend__contract_run_free(struct tend__contract_run *run); /* NULL is fine */

/* The rows of the data set that a reference points to; before any row of the data itself. The
 * fields are that data set's. TEND_ENOTFOUND where it lacks a column, TEND_ETYPE where the types
 * cannot match: such references can never hold, so the contract is at fault. */
enum tend_code tend__contract_refer(struct tend__contract_run *run, size_t reference_idx,
                                    const struct tend__batch *batch,
                                    struct tend_error *err) TEND_NODISCARD;

/* The batch must have the fields of `new` (TEND_ETYPE). */
enum tend_code tend__contract_add(struct tend__contract_run *run, const struct tend__batch *batch,
                                  struct tend_error *err) TEND_NODISCARD;

/* Judges. The results live as long as the run, in the contract's order: the data set, columns as
 * they are named, keys, references, dependencies, rules. */
void tend__contract_finish(struct tend__contract_run *run, struct tend__contract_outcome *out);

/* Puts the positions of the violated results into order[] (room for `count`), the most serious
 * first: columns and types, then keys, then the rest by share above what may be. Returns how many.
 */
size_t tend__contract_rank(const struct tend__contract_outcome *outcome, size_t *order);

#endif
