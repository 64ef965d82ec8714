/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exact_sum.h: the exact sum of doubles, the same in every order and every sharding.
 *
 * Idea (R. M. Neal 2015, "Fast exact summation using small and large superaccumulators", arXiv
 * 1505.05571, section 2): one fixed-point number that spans the whole range of binary64, cut into
 * 32-bit limbs that are kept in 64-bit signed chunks, so that a value is added with two integer
 * additions and carries are propagated once in 1024 additions. Limb i has the weight 2^(32 i -
 * 1074). Values that are integers below 2^62 in size go to one 64-bit integer beside it.
 *
 * Invariants: a zeroed struct is the empty sum. The sum is chunks + whole, exactly, for up to 2^63
 * values. Cost: 584 bytes; adding never allocates and never fails.
 *
 * NaN and infinities are counted apart and are not part of the sum: tend__exact_sum_value() is the
 * sum of the finite values. Who needs the IEEE sum looks at the counts. Negative zero counts as
 * zero; an empty sum is +0.
 *
 * Encoded form, canonical: the same values in any order and any sharding give the same bytes.
 * Little-endian:
 *
 *   at  bytes
 *   0   4    magic "tXS1"
 *   4   8    count of NaN
 *   12  8    count of +infinity
 *   20  8    count of -infinity
 *   28  1    sign: 0 zero, 1 positive, 2 negative
 *   29  1    index of the lowest limb that is not 0; 0 where the sum is 0
 *   30  1    number n of limbs; 0 where the sum is 0
 *   31  4 n  limbs of the size of the sum, lowest first; neither the first nor the last is 0
 */
#ifndef TEND_SKETCH_EXACT_SUM_H
#define TEND_SKETCH_EXACT_SUM_H

#include "base/fail.h"
#include "sketch/kernel.h"

#include <stddef.h>
#include <stdint.h>

#define TEND_EXACT_SUM_CHUNK_COUNT 68
#define TEND_EXACT_SUM_BYTES_MAX (31 + 4 * (TEND_EXACT_SUM_CHUNK_COUNT + 1))

struct tend__exact_sum {
    int64_t chunks[TEND_EXACT_SUM_CHUNK_COUNT];
    int64_t whole;      /* sum of the values that were small whole numbers */
    uint64_t pending;   /* additions to chunks since carries were last propagated */
    uint64_t nan_count; /* what is not part of the sum */
    uint64_t pos_inf_count;
    uint64_t neg_inf_count;
};

void tend__exact_sum_add(struct tend__exact_sum *sum, double x);
void tend__exact_sum_add_many(struct tend__exact_sum *sum, const double *x, size_t n);

/* Adds the exact squares of n values (not the rounded ones) whose square lies within 2^-969 ..
 * 2^1024; outside of that the rounded square is added. An infinite square counts as +infinity. */
void tend__exact_sum_add_squares(struct tend__exact_sum *sum, const double *x, size_t n);

/* Both of the above at once, by a kernel, for at most TEND_KERNEL_BLOCK finite values of which none
 * is larger than size_max in size: the same sums, several times as fast. */
void tend__exact_sum_add_block(struct tend__exact_sum *sum, struct tend__exact_sum *squares,
                               const struct tend__kernel *kernel, const double *x, size_t n,
                               double size_max);

/* Adds high + low and its square, exactly, where low is a whole number below 2^20 in size. high has
 * been added already, and so has its square. */
void tend__exact_sum_add_rest(struct tend__exact_sum *sum, struct tend__exact_sum *squares,
                              double high, double low);

/* into = into + from. Commutes and associates exactly. */
void tend__exact_sum_merge(struct tend__exact_sum *into, const struct tend__exact_sum *from);

/* The sum of the finite values, rounded once to nearest even; infinite where it is beyond the
 * doubles. */
double tend__exact_sum_value(const struct tend__exact_sum *sum);

/* The sum as hi + lo, where hi is tend__exact_sum_value() and lo is what is left, rounded: about
 * 106 bits. lo is 0 where hi is infinite. */
void tend__exact_sum_pair(const struct tend__exact_sum *sum, double *hi, double *lo);

/* The variance with divisor count - 1 of `count` values from their exact sum and the exact sum of
 * their squares, without the cancellation of the textbook formula. 0 for fewer than two values;
 * never negative. */
double tend__exact_sum_variance(const struct tend__exact_sum *sum,
                                const struct tend__exact_sum *squares, uint64_t count);

/* Writes the canonical bytes and returns how many. */
size_t tend__exact_sum_write(const struct tend__exact_sum *sum,
                             unsigned char bytes[TEND_EXACT_SUM_BYTES_MAX]);

/* Reads exactly len bytes as tend__exact_sum_write() wrote them. ECORRUPT for anything else,
 * canonical or not; *out untouched then. */
enum tend_code tend__exact_sum_read(const void *bytes, size_t len, struct tend__exact_sum *out,
                                    struct tend_error *err) TEND_NODISCARD;

#endif
