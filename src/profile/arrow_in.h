/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrow_in.h: sees an Arrow struct array (the C data interface, tend/arrow.h) as a batch of tend's
 * columns.
 *
 * A view is made once from the schema and then turns one array after another into a batch. Accepted
 * types and what they become: null -> null; bool -> bool; int8..int64, uint8..uint64, float16,
 * float32, float64, decimals of 32 to 256 bits -> number; utf8, large utf8 and utf8 view -> text;
 * date32, date64 and timestamps of every unit -> time (a zone in the format is ignored: Arrow
 * stores UTC); lists of fixed size, lists and large lists of float32 or float64 -> vector
 * (arrow_vector.h); dictionary of any of these but vectors with integer indices -> the type of its
 * values. 64-bit integers beyond 2^53 are rounded to the nearest double, decimals as arrow_value.h
 * says.
 * Offsets and validity bitmaps are honoured at every level, the struct's own bitmap included.
 *
 * Text is not copied: the batch points into the array's buffers. Other values are converted into
 * memory of the view, which the next call uses again. An array is trusted to have the buffers that
 * its schema and length call for (the C interface has no sizes); offsets of text and indices of
 * dictionaries are checked.
 */
#ifndef TEND_PROFILE_ARROW_IN_H
#define TEND_PROFILE_ARROW_IN_H

#include "base/column.h"
#include "base/fail.h"
#include "tend/arrow.h"

#define TEND_ARROW_ROWS_MAX (1 << 26)            /* of one batch */
#define TEND_ARROW_LENGTH_MAX ((int64_t)1 << 40) /* of an array that is seen range by range */
#define TEND_ARROW_COLUMNS_MAX 4096

struct tend__arrow_view;

/* `schema` must be a struct ("+s"); it is read now and not kept. TEND_ETYPE names the column whose
 * type is not in the list above; TEND_EINVAL where the schema is malformed; TEND_ENOMEM. */
enum tend_code tend__arrow_view_new(const struct tend_arrow_schema *schema,
                                    struct tend__arrow_view **out,
                                    struct tend_error *err) TEND_NODISCARD;
void tend__arrow_view_free(struct tend__arrow_view *view);

/* The fields of every batch; they live as long as the view. */
const struct tend__field *tend__arrow_view_fields(const struct tend__arrow_view *view,
                                                  size_t *count);

/* *out is valid until the next call with this view, its end, or the release of `array`, whichever
 * is first. A time that does not fit microseconds in 64 bits becomes null. TEND_EINVAL where the
 * array does not fit the schema, TEND_ECORRUPT where a text offset or a dictionary index is out of
 * range, TEND_ENOMEM. */
enum tend_code tend__arrow_view_batch(struct tend__arrow_view *view,
                                      const struct tend_arrow_array *array, struct tend__batch *out,
                                      struct tend_error *err) TEND_NODISCARD;

/* The same for rows begin .. begin + count of the array, so that a long one needs little memory.
 * The ranges of an array are asked for in order, the first with begin = 0: that one also decodes
 * the dictionaries, which the others use again. */
enum tend_code tend__arrow_view_range(struct tend__arrow_view *view,
                                      const struct tend_arrow_array *array, size_t begin,
                                      size_t count, struct tend__batch *out,
                                      struct tend_error *err) TEND_NODISCARD;

#endif
