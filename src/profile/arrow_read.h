/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrow_read.h: reads single values of a small Arrow table, with every index and offset checked.
 *
 * For tables of results that come from a file. A reader has one cursor a field, found by name;
 * values are asked for by row. Offsets must ascend and stay within the length of what they point
 * into, as far as the C data interface says how long that is.
 */
#ifndef TEND_PROFILE_ARROW_READ_H
#define TEND_PROFILE_ARROW_READ_H

#include "base/column.h"
#include "base/fail.h"
#include "profile/arrow_out.h"
#include "tend/arrow.h"

struct tend__arrow_cursor {
    const struct tend__arrow_field *field;
    const struct tend_arrow_array *rows;  /* the column */
    const struct tend_arrow_array *items; /* of a list, else the same as rows */
    size_t begin;                         /* the table's own offset */
    bool is_large_list;
    bool is_large_text;
    bool is_view; /* texts or bytes behind views */
};

/* Finds each field by name in a struct array and checks its type: large texts, bytes and lists,
 * and views, are taken for the small ones. TEND_ECORRUPT names the field that is missing or of
 * another type. */
enum tend_code tend__arrow_cursors_init(const struct tend__arrow_field *fields, size_t field_count,
                                        const struct tend_arrow_schema *schema,
                                        const struct tend_arrow_array *array,
                                        struct tend__arrow_cursor *cursors,
                                        struct tend_error *err) TEND_NODISCARD;

bool tend__arrow_is_null(const struct tend__arrow_cursor *cursor, size_t row_idx);

/* The values of a row that is not null, of a field of that format. */
bool tend__arrow_read_bool(const struct tend__arrow_cursor *cursor, size_t row_idx);
int64_t tend__arrow_read_int(const struct tend__arrow_cursor *cursor, size_t row_idx);
double tend__arrow_read_double(const struct tend__arrow_cursor *cursor, size_t row_idx);
enum tend_code tend__arrow_read_bytes(const struct tend__arrow_cursor *cursor, size_t row_idx,
                                      struct tend__text *out,
                                      struct tend_error *err) TEND_NODISCARD;

/* Where the items of a row of a list are; then the values by item. TEND_ECORRUPT also where one is
 * null. */
enum tend_code tend__arrow_read_list(const struct tend__arrow_cursor *cursor, size_t row_idx,
                                     size_t *begin, size_t *count,
                                     struct tend_error *err) TEND_NODISCARD;
int64_t tend__arrow_item_int(const struct tend__arrow_cursor *cursor, size_t item_idx);
double tend__arrow_item_double(const struct tend__arrow_cursor *cursor, size_t item_idx);
enum tend_code tend__arrow_item_bytes(const struct tend__arrow_cursor *cursor, size_t item_idx,
                                      struct tend__text *out,
                                      struct tend_error *err) TEND_NODISCARD;

#endif
