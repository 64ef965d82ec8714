/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hll.h: how many distinct values came, in a few kilobytes, as a HyperLogLog sketch.
 *
 * P. Flajolet, E. Fusy, O. Gandouet, F. Meunier 2007, "HyperLogLog" (AofA). A value's hash
 * (murmur3.h) gives a coupon: 26 bits of place and the number of leading zeros, plus one, of other
 * 64 bits. A few coupons are kept as they are; more than 3/8 of 2^lg_k / 4 of them are folded into
 * 2^lg_k registers that keep the largest number each. Hash, coupon, folding and bytes are those of
 * Apache DataSketches' hll_sketch (docs/methods/sketches.md), so that sketches made there and here
 * can be united, and the same value counts once.
 *
 * Estimators: while coupons are kept, their number, corrected for the few that collide. Of
 * registers, one of two:
 * - in order (options.in_order), the historic inverse probability of E. Cohen 2015 ("All-distances
 *   sketches, revisited", IEEE TKDE 27; D. Ting 2014, KDD): relative standard error 0.8326 /
 *   sqrt(2^lg_k). It depends on the order of the values, so merged sketches lose it.
 * - otherwise the improved estimator of O. Ertl 2017, "New cardinality estimation algorithms for
 *   HyperLogLog sketches" (arXiv 1702.01284, algorithm 6), which needs no table and is unbiased
 *   from 0 up: 1.0390 / sqrt(2^lg_k). It depends on the registers only. DataSketches has another
 *   one there; the two agree within the error that both state.
 *
 * Not in order (the default), the bytes depend on the set of values only: any order, any shards.
 *
 * Memory is fixed at birth: 2^lg_k bytes and as much for coupons. Adding never allocates.
 */
#ifndef TEND_SKETCH_HLL_H
#define TEND_SKETCH_HLL_H

#include "base/buf.h"
#include "base/column.h"
#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_HLL_LG_K 12
#define TEND_HLL_LG_K_MIN 4
#define TEND_HLL_LG_K_MAX 21

/* What is written: bits a register. In memory a register is a byte. */
enum tend__hll_type { TEND_HLL_4, TEND_HLL_6, TEND_HLL_8 };

struct tend__hll;

struct tend__hll_options {
    uint32_t lg_k; /* 4 .. 21; 0 = 12 */
    enum tend__hll_type type;
    bool in_order;
};

/* TEND_EINVAL for a lg_k out of range, TEND_ENOMEM. NULL options are the default ones. */
enum tend_code tend__hll_new(const struct tend__hll_options *options, struct tend__hll **out,
                             struct tend_error *err) TEND_NODISCARD;
void tend__hll_free(struct tend__hll *hll);

/* A number counts by its binary64, -0 as 0 and every NaN as one value; what DataSketches does with
 * a double. A whole number added here is another value than the same one added as an integer. */
void tend__hll_add_doubles(struct tend__hll *hll, const double *x, size_t n);
void tend__hll_add_ints(struct tend__hll *hll, const int64_t *x, size_t n);

/* Bytes of any length. (DataSketches leaves the empty text out; here it counts.) */
void tend__hll_add_bytes(struct tend__hll *hll, const void *bytes, size_t len);

/* The valid values of a column: numbers and times and texts as above, bools as the ints 0 and 1. */
void tend__hll_add_column(struct tend__hll *hll, const struct tend__column *column,
                          size_t row_count);

/* into = the union; its lg_k becomes the smaller of the two where both have registers, or where
 * `from` has. Never fails. `from` is another sketch. */
void tend__hll_merge(struct tend__hll *into, const struct tend__hll *from);

/* From here on the sketch depends on the set of its values only (see in_order). */
void tend__hll_forget_order(struct tend__hll *hll);

uint32_t tend__hll_lg_k(const struct tend__hll *hll);
bool tend__hll_is_empty(const struct tend__hll *hll);
double tend__hll_estimate(const struct tend__hll *hll);

/* The relative standard error of the estimate (see above; of kept coupons about 5e-5). */
double tend__hll_relative_error(const struct tend__hll *hll);

/* estimate times exp(-+ sds * relative error), and at least the registers that are hit: for a
 * normal error of the logarithm 68.3, 95.4 and 99.7 % for 1, 2 and 3 `sds`. */
void tend__hll_bounds(const struct tend__hll *hll, double sds, double *low, double *high);

/* Appends the compact form of DataSketches' hll_sketch. TEND_ENOMEM, TEND_ELIMIT of the buffer. */
enum tend_code tend__hll_write(const struct tend__hll *hll, struct tend__buf *buf,
                               struct tend_error *err) TEND_NODISCARD;

/* Reads exactly len bytes of that form, compact or updatable, of any of its modes and types,
 * whoever wrote them. TEND_ECORRUPT where they break any of its rules, TEND_ENOMEM. It is in order
 * unless the bytes say that it is not; coupons do not say. */
enum tend_code tend__hll_read(const void *bytes, size_t len, struct tend__hll **out,
                              struct tend_error *err) TEND_NODISCARD;

#endif
