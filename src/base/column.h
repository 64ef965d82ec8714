/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column.h: the borrowed view of a column of rows that every floor works on.
 *
 * A batch of rows comes in as Arrow (tend/arrow.h) and is seen through these views. Numbers of
 * every width are binary64 here, times are microseconds since 1970 UTC, text is UTF-8 that the view
 * does not own. Validity is one byte a row, 1 = present; a NULL pointer means that every row is
 * present. What stands under an invalid row is unspecified.
 *
 * A whole number of 64 bits beyond 2^53 is no binary64: f64 is the nearest one, and `rest` what
 * rounding took off, so that f64 + rest is the number itself. Profiles count and add these exactly;
 * who does not look at it sees the nearest binary64.
 *
 * A vector (an embedding) is a list of `dim` numbers, the same number in every row: row i is the
 * items i x dim .. (i + 1) x dim of f64 or of f32, whichever is not NULL, as the data has them. A
 * missing item is NaN. A row whose list has another length is invalid and marked in `misfit`. Where
 * dim is 0 no row has a vector yet.
 */
#ifndef TEND_BASE_COLUMN_H
#define TEND_BASE_COLUMN_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_VECTOR_DIM_MAX 8192

enum tend_type {
    TEND_TYPE_NUMBER, /* f64 */
    TEND_TYPE_BOOL,   /* bools, 0 or 1 */
    TEND_TYPE_TEXT,   /* text */
    TEND_TYPE_TIME,   /* time_us */
    TEND_TYPE_VECTOR, /* f32 or f64, dim items a row */
    TEND_TYPE_NULL    /* only nulls: no values at all */
};

struct tend__text {
    const char *ptr;
    size_t len;
};

struct tend__column {
    enum tend_type type;
    const double *f64;
    const uint8_t *bools;
    const struct tend__text *text;
    const int64_t *time_us;
    const uint8_t *valid;
    const double *rest;    /* numbers only: NULL where it is 0 in every row */
    const float *f32;      /* vectors only, as the next two */
    const uint8_t *misfit; /* 1 = a list of another length; NULL = none */
    uint32_t dim;
};

struct tend__field {
    const char *name;
    enum tend_type type;
    double low;  /* the declared range of a number: */
    double high; /* -INFINITY and INFINITY where nothing is declared */
};

struct tend__batch {
    size_t row_count;
    size_t column_count;
    const struct tend__field *fields; /* column_count */
    const struct tend__column *columns;
};

static inline bool tend__is_valid(const struct tend__column *column, size_t row_idx)
{
    return column->valid == NULL || column->valid[row_idx] != 0;
}

/* "number", "bool", "text", "time", "vector" or "null". */
const char *tend__type_text(enum tend_type type);

/* Whole numbers of 64 bits, signed or not, as f64 and rest; false where every rest is 0. */
bool tend__split_signed(const int64_t *from, size_t count, double *f64, double *rest);
bool tend__split_unsigned(const uint64_t *from, size_t count, double *f64, double *rest);

/* The same column from row `start` on. */
struct tend__column tend__column_from(const struct tend__column *column, size_t start);

/* ---- lists of fields ---- */

/* A copy with names of its own; the caller frees *out with tend__fields_free. ENOMEM. */
enum tend_code tend__fields_copy(const struct tend__field *from, size_t count,
                                 struct tend__field **out, struct tend_error *err) TEND_NODISCARD;
void tend__fields_free(struct tend__field *fields, size_t count); /* NULL is fine */

/* A name's position among fields; SIZE_MAX where it is not there. */
size_t tend__fields_find(const struct tend__field *fields, size_t count, const char *name);

#endif
