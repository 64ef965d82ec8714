/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h: a set of rows that can be read more than once, out of Arrow.
 *
 * Everything that tend computes starts from one of these. There are three kinds:
 *   in memory   a schema and any number of struct arrays, moved in and never copied;
 *   a stream    drained once, its arrays kept as above;
 *   an opener   a function that opens the rows anew for each pass: bounded memory.
 *
 * Types: null, bool, integers and floats of every width, decimals (as binary64), utf8, large utf8
 * and utf8 views, dates, timestamps of every unit with or without a zone (as UTC), and dictionaries
 * of these with integer indices. A column of another type is refused by its name, unless
 * tend_rows_select leaves it out. Offsets, validity and chunks of any length are honoured.
 *
 * What is trusted: that an array has the buffers which its schema and length call for, as the C
 * data interface demands; it has no sizes to check. Offsets of texts, views and dictionary indices
 * are checked.
 *
 * Threads: different sets may be used at once. One set in memory may be read by many threads at
 * once while nobody adds, selects, clears or frees; an opener is called by whoever reads.
 */
#ifndef TEND_ROWS_H
#define TEND_ROWS_H

#include "tend/arrow.h"
#include "tend/error.h"
#include "tend/export.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TEND_ROWS_ARRAYS_MAX ((size_t)1 << 24)

struct tend_rows;

/* An empty set of this schema, which must be a struct ("+s"). The schema is moved: the set releases
 * it, and `schema->release` is NULL afterwards, also after a failure. TEND_EINVAL, TEND_ENOMEM. */
TEND_API enum tend_code tend_rows_new(struct tend_arrow_schema *schema, struct tend_rows **out,
                                      struct tend_error *err) TEND_CHECKED;

/* Moves a struct array into the set, which releases it when it is cleared or freed; after a failure
 * it is still the caller's. TEND_EINVAL where it does not have the columns of the schema, or the
 * set is not one in memory; TEND_ELIMIT, TEND_ENOMEM. */
TEND_API enum tend_code tend_rows_add(struct tend_rows *rows, struct tend_arrow_array *array,
                                      struct tend_error *err) TEND_CHECKED;

/* Drains a stream and releases it, also after a failure. TEND_EIO with the stream's own words. */
TEND_API enum tend_code tend_rows_from_stream(struct tend_arrow_stream *stream,
                                              struct tend_rows **out,
                                              struct tend_error *err) TEND_CHECKED;

/* Opens the rows once more. A failure's text, written to err, reaches the caller of the function
 * that reads. The rows must be the same in each pass, and in the same order where single rows are
 * looked at (the break rules of a check do; profiles and values do not depend on the order). */
typedef enum tend_code tend_rows_open_fn(void *ctx, struct tend_arrow_stream *out,
                                         struct tend_error *err);

/* `open` is called once now, for the schema, and once a pass; `ctx` must outlive the set. */
TEND_API enum tend_code tend_rows_from_opener(tend_rows_open_fn *open, void *ctx,
                                              struct tend_rows **out,
                                              struct tend_error *err) TEND_CHECKED;

/* NULL is fine. */
TEND_API void tend_rows_free(struct tend_rows *rows);

/* Releases the arrays; the schema and the selection stay. For a process that adds batch after
 * batch. Nothing for an opener. */
TEND_API void tend_rows_clear(struct tend_rows *rows);

/* Only these columns, in this order, are read from now on; the others may be of any type.
 * TEND_ENOTFOUND names the one that is not there, TEND_EINVAL the one that is named twice. */
TEND_API enum tend_code tend_rows_select(struct tend_rows *rows, const char *const *names,
                                         size_t name_count, struct tend_error *err) TEND_CHECKED;

/* Rows of the arrays at hand; 0 for an opener, which does not know. */
TEND_API uint64_t tend_rows_count(const struct tend_rows *rows);

/* Columns that are read, and their names; they live until the next select or the end. */
TEND_API size_t tend_rows_column_count(const struct tend_rows *rows);
TEND_API const char *tend_rows_column_name(const struct tend_rows *rows, size_t column_idx);

#ifdef __cplusplus
}
#endif

#endif
