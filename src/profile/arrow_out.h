/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrow_out.h: writes a small table column by column and hands it out as one Arrow struct array.
 *
 * For tables of results, not for data: every value is a call. Errors stick, as in base/buf.h:
 * append everything, check once at the end. A column holds one scalar a row, or one list of
 * scalars.
 */
#ifndef TEND_PROFILE_ARROW_OUT_H
#define TEND_PROFILE_ARROW_OUT_H

#include "base/column.h"
#include "base/fail.h"
#include "tend/arrow.h"

#define TEND_ARROW_OUT_BYTES_MAX ((size_t)1 << 30) /* of one buffer; offsets have 32 bits */

struct tend__arrow_field {
    const char *name;
    const char *format; /* "b", "l", "g", "u", "z" or "tsu:" */
    bool is_list;       /* of that format */
    bool is_optional;   /* a table that is read may lack it: then every row is null */
};

struct tend__arrow_out;

/* `fields` must outlive the writer. */
enum tend_code tend__arrow_out_new(const struct tend__arrow_field *fields, size_t field_count,
                                   struct tend__arrow_out **out,
                                   struct tend_error *err) TEND_NODISCARD;
void tend__arrow_out_free(struct tend__arrow_out *table);

/* Each appends one row to one column; the caller appends to every column once a row. */
void tend__arrow_out_null(struct tend__arrow_out *table, size_t field_idx);
void tend__arrow_out_bool(struct tend__arrow_out *table, size_t field_idx, bool value);
void tend__arrow_out_int(struct tend__arrow_out *table, size_t field_idx, int64_t value);
void tend__arrow_out_double(struct tend__arrow_out *table, size_t field_idx, double value);
void tend__arrow_out_bytes(struct tend__arrow_out *table, size_t field_idx, const void *bytes,
                           size_t len);
void tend__arrow_out_ints(struct tend__arrow_out *table, size_t field_idx, const uint64_t *values,
                          size_t count);
void tend__arrow_out_doubles(struct tend__arrow_out *table, size_t field_idx, const double *values,
                             size_t count);
void tend__arrow_out_texts(struct tend__arrow_out *table, size_t field_idx,
                           const struct tend__text *values, size_t count);

/* Hands the rows out; the table is empty afterwards. The caller releases schema and array. */
enum tend_code tend__arrow_out_take(struct tend__arrow_out *table, struct tend_arrow_schema *schema,
                                    struct tend_arrow_array *array,
                                    struct tend_error *err) TEND_NODISCARD;

#endif
