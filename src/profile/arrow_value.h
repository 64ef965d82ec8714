/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrow_value.h: the Arrow values that take more than a load to read: decimals, half floats and
 * texts behind views.
 *
 * A decimal of 32 to 256 bits is an integer over a power of ten. The integer becomes the nearest
 * binary64 (beyond 64 bits: one within a unit in the last place) and is divided by the power of
 * ten, as DuckDB casts; where both are exact, which they are for up to 15 digits, the result is the
 * double nearest to the decimal.
 *
 * A view of a text is 16 bytes: the length, and the bytes themselves up to 12 of them, else where
 * they are in one of the array's further buffers. The last buffer holds the sizes of those, so that
 * every view is checked.
 */
#ifndef TEND_PROFILE_ARROW_VALUE_H
#define TEND_PROFILE_ARROW_VALUE_H

#include "base/column.h"
#include "base/fail.h"
#include "tend/arrow.h"

/* Of the format "d:PRECISION,SCALE" or "d:PRECISION,SCALE,BITS". */
struct tend__arrow_decimal {
    int bytes; /* 4, 8, 16 or 32 */
    int scale; /* -308..308 */
};

/* False where the text is no such format. */
bool tend__arrow_decimal_parse(const char *format, struct tend__arrow_decimal *out);

/* Values begin .. begin + count of a buffer. */
void tend__arrow_read_decimals(const struct tend__arrow_decimal *decimal, const void *buffer,
                               size_t begin, size_t count, double *out);
void tend__arrow_read_halves(const void *buffer, size_t begin, size_t count, double *out);

/* Texts of rows begin .. begin + count, counted from the start of the buffers; rows that are not
 * `valid` come out empty. They point into the array's buffers. TEND_ECORRUPT where a view leaves
 * its buffer; TEND_EINVAL where the array lacks one. */
enum tend_code tend__arrow_read_views(const struct tend_arrow_array *array, size_t begin,
                                      size_t count, const uint8_t *valid, struct tend__text *out,
                                      struct tend_error *err) TEND_NODISCARD;

/* What a format is called: "a list" for "+l", "a number" for "g". Never NULL. */
const char *tend__arrow_format_text(const char *format);

#endif
