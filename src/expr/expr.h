/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr.h: the expression language: a documented subset of SQL, checked, compiled and evaluated over
 * columns of rows.
 *
 * An expression is compiled once against the fields of the rows (tend__expr_new) and is immutable
 * afterwards: any number of threads may evaluate it at once, each with a vector of its own.
 * docs/expressions.md is the reference of the language; its examples are run as tests.
 *
 * A row has one of three outcomes: a value, NULL, or a failure (a division by zero, say). A failure
 * is the whole row's: nothing inside the language catches it. It cannot come from a part that the
 * row does not need: the branch of CASE not taken, the rest of COALESCE after a value, the right of
 * AND after FALSE and of OR after TRUE.
 */
#ifndef TEND_EXPR_EXPR_H
#define TEND_EXPR_EXPR_H

#include "base/column.h"
#include "base/fail.h"

#define TEND_EXPR_LEN_MAX 16384            /* bytes of an expression's text */
#define TEND_EXPR_DEPTH_MAX 200            /* nested operators, calls and parentheses */
#define TEND_EXPR_NODE_MAX 4096            /* operators, columns and literals together */
#define TEND_EXPR_FIELD_MAX 65535          /* fields that an expression may be compiled against */
#define TEND_EXPR_TEXT_LEN_MAX 65536       /* bytes of a text made by an expression: longer fails */
#define TEND_EXPR_TEXT_POOL_MAX (1U << 28) /* bytes of all texts made by one tend__expr_eval */

/* Why a row has no value. Codes are append-only. */
#define TEND_EXPR_FAILURES(X)                                                                      \
    X(FINE, 0, "fine")                                                                             \
    X(DIVISION_BY_ZERO, 1, "division by zero")                                                     \
    X(LOG_DOMAIN, 2, "logarithm of zero or less")                                                  \
    X(SQRT_DOMAIN, 3, "square root of less than zero")                                             \
    X(OVERFLOW, 4, "number out of range")                                                          \
    X(NOT_A_NUMBER, 5, "undefined result")                                                         \
    X(BAD_CAST, 6, "value cannot be cast")                                                         \
    X(TIME_RANGE, 7, "time out of range")                                                          \
    X(TEXT_TOO_LONG, 8, "text too long")

enum tend__expr_failure {
#define TEND__EXPR_FAILURE(name, number, text) TEND_EXPR_##name = (number),
    TEND_EXPR_FAILURES(TEND__EXPR_FAILURE)
#undef TEND__EXPR_FAILURE
};

#define TEND_EXPR_FAILURE_COUNT 9

/* The fixed text of a failure; never NULL. */
const char *tend__expr_failure_text(enum tend__expr_failure failure);

struct tend__expr;
struct tend__expr_scratch;

/*
 * The result of an evaluation: owned, reusable, grows as needed. The array of `type` has `len`
 * elements, as have `valid` and `failed`; the other arrays may be NULL. A text points into the
 * evaluated columns, the expression or the vector's own pool: it lives as long as all three are
 * there and until the vector's next evaluation. One thread at a time.
 */
struct tend__vector {
    enum tend_type type;
    size_t len;
    size_t cap;
    double *f64;
    uint8_t *bools;
    int64_t *time_us;
    struct tend__text *text;
    uint8_t *valid;  /* 1 present; 0 NULL, and 0 in a failed row */
    uint8_t *failed; /* enum tend__expr_failure: 0 fine, else why this row has no value */
    size_t failed_count;
    struct tend__expr_scratch *scratch;
};

/*
 * Parses, checks and compiles `text` for rows with these fields. `fields` need not outlive the
 * call. Failures: TEND_ESYNTAX, TEND_ETYPE, TEND_ENOTFOUND (unknown column or function),
 * TEND_ELIMIT, TEND_ENOMEM, each with err->line and err->column (1-based, in characters) at the
 * fault where there is one. The caller frees *out.
 */
enum tend_code tend__expr_new(const char *text, const struct tend__field *fields,
                              size_t field_count, struct tend__expr **out,
                              struct tend_error *err) TEND_NODISCARD;

/* The same for a text that is not followed by a zero. */
enum tend_code tend__expr_new_len(const char *text, size_t len, const struct tend__field *fields,
                                  size_t field_count, struct tend__expr **out,
                                  struct tend_error *err) TEND_NODISCARD;

/* Whether the text is an expression at all, as far as can be said without the rows' fields: columns
 * and types are not looked at. Failures as above. */
enum tend_code tend__expr_check_syntax(const char *text, struct tend_error *err) TEND_NODISCARD;

/* NULL is fine. */
void tend__expr_free(struct tend__expr *expr);

/* TEND_TYPE_NULL for an expression that can be nothing but NULL. */
enum tend_type tend__expr_type(const struct tend__expr *expr);

/* TEND_ETYPE with a helpful text unless the expression is of `type` (or nothing but NULL). `what`
 * names it in the text: "value.per_row". */
enum tend_code tend__expr_want(const struct tend__expr *expr, enum tend_type type, const char *what,
                               struct tend_error *err) TEND_NODISCARD;

/* Whether the expression reads the field; false for an index that is not one. */
bool tend__expr_uses(const struct tend__expr *expr, size_t field_idx);

void tend__vector_init(struct tend__vector *vector);
void tend__vector_deinit(struct tend__vector *vector);

/*
 * Evaluates row_count rows. `columns` are in the order of the fields; those that the expression
 * does not use may be zeroed, and one of type TEND_TYPE_NULL holds only nulls. No allocation
 * happens once the vector has seen as many rows and as long texts. Failures of rows are in
 * out->failed and no failure of the call; TEND_EINVAL where a used column has another type than its
 * field, TEND_ENOMEM, TEND_ELIMIT (text pool). O(row_count).
 */
enum tend_code tend__expr_eval(const struct tend__expr *expr, const struct tend__column *columns,
                               size_t row_count, struct tend__vector *out,
                               struct tend_error *err) TEND_NODISCARD;

/* The result of the last evaluation as a column; failed rows are nulls in it. Lives as the vector
 * does. */
struct tend__column tend__vector_column(const struct tend__vector *vector);

/*
 * What the expression can give for rows whose columns keep to the declared ranges of their fields:
 * low <= value <= high for every value that is not NaN (a bool counts as 0 or 1; text and time have
 * no bounds: -INFINITY, INFINITY). By interval arithmetic, which may be wider than the truth but
 * never narrower.
 */
struct tend__bounds {
    double low;
    double high;
    bool may_be_null;
    bool may_fail;
};

struct tend__bounds tend__expr_bounds(const struct tend__expr *expr);

/* ---- aggregates, for guardrails -------------------------------------------------------------- */

enum tend__aggregate_kind {
    TEND_AGGREGATE_AVG,
    TEND_AGGREGATE_SUM,
    TEND_AGGREGATE_MIN,
    TEND_AGGREGATE_MAX,
    TEND_AGGREGATE_COUNT
};

/* One aggregate of one expression over all rows added. Bools count as 0 and 1. Failed rows are left
 * out and counted. */
struct tend__aggregate;

/* "avg(decision)", "sum(amount * 2)", "count(*)", "count(x)". Failures as tend__expr_new. */
enum tend_code tend__aggregate_new(const char *text, const struct tend__field *fields,
                                   size_t field_count, struct tend__aggregate **out,
                                   struct tend_error *err) TEND_NODISCARD;

/* The same with the kind apart: (TEND_AGGREGATE_AVG, "decision"). "*" with TEND_AGGREGATE_COUNT
 * counts rows. */
enum tend_code tend__aggregate_new_kind(enum tend__aggregate_kind kind, const char *text,
                                        const struct tend__field *fields, size_t field_count,
                                        struct tend__aggregate **out,
                                        struct tend_error *err) TEND_NODISCARD;

void tend__aggregate_free(struct tend__aggregate *aggregate);
void tend__aggregate_reset(struct tend__aggregate *aggregate);

/* Adds rows. The aggregate is unchanged on failure. One thread at a time. */
enum tend_code tend__aggregate_add(struct tend__aggregate *aggregate,
                                   const struct tend__column *columns, size_t row_count,
                                   struct tend_error *err) TEND_NODISCARD;

/* The value over the rows added so far; false where SQL says NULL: no row with a value (count is
 * never NULL). */
bool tend__aggregate_value(const struct tend__aggregate *aggregate, double *value);

size_t tend__aggregate_failed_count(const struct tend__aggregate *aggregate);
enum tend__aggregate_kind tend__aggregate_kind_of(const struct tend__aggregate *aggregate);

/* The inner expression, for a caller that sums by itself; NULL for count(*). Lives as the aggregate
 * does. */
const struct tend__expr *tend__aggregate_expr(const struct tend__aggregate *aggregate);

#endif
