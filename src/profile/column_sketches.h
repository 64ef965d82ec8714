/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column_sketches.h: what a profile keeps of a column beside its counts, or in their place where
 * the plan does not have the column: distinct values, quantiles, frequent texts.
 *
 * Four sketches of libtend (docs/methods/sketches.md): HyperLogLog of all values, KLL of the finite
 * numbers (of times: their microseconds since 1970), DDSketch of the finite numbers for the tails,
 * frequent items of the texts. Their bytes are those of Apache DataSketches, and of Datadog for
 * DDSketch.
 *
 * HyperLogLog and DDSketch depend on the set of the rows only. KLL is exact and so without an order
 * up to 1,023 values, frequent items up to 768 different texts; beyond these the same rows in
 * another order give other bytes, with the same guarantees.
 */
#ifndef TEND_PROFILE_COLUMN_SKETCHES_H
#define TEND_PROFILE_COLUMN_SKETCHES_H

#include "base/buf.h"
#include "base/column.h"
#include "base/fail.h"
#include "sketch/ddsketch.h"
#include "sketch/frequent.h"
#include "sketch/hll.h"
#include "sketch/kll.h"

/* What is read: larger sketches come from elsewhere and are refused. */
#define TEND_COLUMN_KLL_K_MAX 4096
#define TEND_COLUMN_HLL_LG_K_MAX 16
#define TEND_COLUMN_FREQUENT_LG_MAX 14
/* About what the sketches of a column take at most in memory. */
#define TEND_COLUMN_SKETCHES_MEMORY ((size_t)320 << 10)
#define TEND_COLUMN_SKETCH_BYTES_MAX ((size_t)1 << 26)

struct tend__column_sketches {
    struct tend__hll *hll;           /* always */
    struct tend__kll *kll;           /* NULL until a number or a time was met */
    struct tend__ddsketch *ddsketch; /* NULL until a number was met */
    struct tend__frequent *frequent; /* NULL until a text was met */
};

/* The bytes of each; a NULL pointer where there are none. */
struct tend__column_sketch_bytes {
    struct tend__text hll;
    struct tend__text kll;
    struct tend__text ddsketch;
    struct tend__text frequent;
};

enum tend_code tend__column_sketches_new(struct tend__column_sketches **out,
                                         struct tend_error *err) TEND_NODISCARD;
void tend__column_sketches_free(struct tend__column_sketches *sketches); /* NULL is fine */

/* Makes what values of a type need. */
enum tend_code tend__column_sketches_meet(struct tend__column_sketches *sketches,
                                          enum tend_type type,
                                          struct tend_error *err) TEND_NODISCARD;

/* Adds the values of a column whose type was met: valid ones, of numbers the finite ones. Never
 * allocates. Vectors add nothing. */
void tend__column_sketches_add(struct tend__column_sketches *sketches,
                               const struct tend__column *column, size_t row_count);

/* Makes all that a merge of `from` needs, so that merging itself cannot fail. */
enum tend_code tend__column_sketches_prepare(struct tend__column_sketches *into,
                                             const struct tend__column_sketches *from,
                                             struct tend_error *err) TEND_NODISCARD;
void tend__column_sketches_merge(struct tend__column_sketches *into,
                                 const struct tend__column_sketches *from);

/* From the bytes of a file. *out is NULL where `hll` has none. TEND_ECORRUPT says which it is. */
enum tend_code tend__column_sketches_read(const struct tend__column_sketch_bytes *bytes,
                                          struct tend__column_sketches **out,
                                          struct tend_error *err) TEND_NODISCARD;

#endif
