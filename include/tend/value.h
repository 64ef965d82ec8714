/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h: what each row is worth: an expression evaluated over rows.
 *
 * The language is the subset of SQL expressions of docs/expressions.md. A row has a value, NULL, or
 * a failure (a division by zero, a value that is NaN or infinite); failures are counted by reason
 * and never stop the rest. Sums are exact: they do not depend on the order of the rows.
 *
 * Threads: a result is immutable and may be read by many threads at once.
 */
#ifndef TEND_VALUE_H
#define TEND_VALUE_H

#include "tend/arrow.h"
#include "tend/error.h"
#include "tend/export.h"
#include "tend/rows.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TEND_VALUE_NAMED_MAX 64

struct tend_value;

/* A name that the expression (and later names) may use like a column: {"decision", "p > 0.2"}. It
 * hides a column of the same name. A row on which it fails, fails. */
struct tend_value_name {
    const char *name;
    const char *expr;
};

/* Zero is the default. */
struct tend_value_options {
    const struct tend_value_name *names;
    size_t name_count;
    bool keeps_rows; /* for tend_value_table; otherwise only the sums are kept */
};

struct tend_value_sums {
    const char *type;     /* of the expression: "number", "bool", "text", "time", "null" */
    uint64_t row_count;   /* all rows */
    uint64_t value_count; /* rows with a value */
    uint64_t null_count;
    uint64_t failed_count;
    double sum;  /* of numbers and bools (0 and 1); NaN for other types */
    double mean; /* and where there is no value */
    double min;
    double max;
};

/* Evaluates over all rows, in one pass. `options` may be NULL. TEND_ESYNTAX, TEND_ETYPE and
 * TEND_ENOTFOUND have err->column at the fault in the text, which is the one that err->text
 * names. */
TEND_API enum tend_code tend_value_new(const struct tend_rows *rows, const char *expr,
                                       const struct tend_value_options *options,
                                       struct tend_value **out,
                                       struct tend_error *err) TEND_CHECKED;
/* NULL is fine. */
TEND_API void tend_value_free(struct tend_value *value);

TEND_API void tend_value_sums_read(const struct tend_value *value, struct tend_value_sums *out);

/* Why rows failed: reasons are counted from 0 to tend_value_failure_count() - 1. */
TEND_API size_t tend_value_failure_count(void);
TEND_API const char *tend_value_failure_text(size_t reason);
TEND_API uint64_t tend_value_failed(const struct tend_value *value, size_t reason);

/* Two columns, a row for each row that was read, in order: `value` in the expression's type (null
 * where there is none) and `failure` (the reason as text, null where there is none). Moved out: it
 * can be had once. TEND_EINVAL where the rows were not kept or have been taken. */
TEND_API enum tend_code tend_value_table(struct tend_value *value, struct tend_arrow_schema *schema,
                                         struct tend_arrow_array *array,
                                         struct tend_error *err) TEND_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
