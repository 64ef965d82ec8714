/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grid.h: counts numbers of which there are too many different ones for a table, so finely that
 * the cells of a plan can be made of the counts.
 *
 * A double's bits, read as a whole number, ascend with it (sign and size apart). The grid divides
 * them: below the largest power of two in the data it has 41 octaves, all smaller values are beside
 * zero, and the octaves are divided into 2^(52 - shift) equal buckets each, the shift as small as
 * the grid's size allows. Where the values lie within one sign and 41 octaves, only the part
 * between the least and the greatest is divided, so that 47.5 .. 47.8 is as finely divided as 0
 * .. 1.
 *
 * Invariant: which buckets there are depends only on the least and the greatest value, and the
 * buckets of a smaller range are parts of those of a larger one. So a grid that grows adds up what
 * it has counted, and the counts depend on the values only, not on their order.
 *
 * Cost: about a nanosecond a value; 4 bytes a bucket.
 */
#ifndef TEND_PROFILE_GRID_H
#define TEND_PROFILE_GRID_H

#include "base/fail.h"

#include <stddef.h>
#include <stdint.h>

struct tend__grid {
    uint32_t *counts; /* size */
    uint64_t *spill;  /* size: what no longer fits there; NULL until then */
    uint64_t pending; /* values in counts */
    size_t size;
    uint64_t floor_bits; /* of the size below which all is beside zero */
    unsigned shift;
    int64_t base; /* the bucket that counts[0] is */
    double low;   /* of the values; NaN while there are none */
    double high;
};

/* At least 1024 buckets for each of bin_max bins. ENOMEM. */
enum tend_code tend__grid_new(size_t bin_max, struct tend__grid **out,
                              struct tend_error *err) TEND_NODISCARD;
void tend__grid_free(struct tend__grid *grid); /* NULL is fine */

/* Adds n finite values, none of them zero, that lie within low .. high, both of which are or will
 * be among the values; nothing where low > high. ENOMEM. */
enum tend_code tend__grid_add(struct tend__grid *grid, const double *x, size_t n, double low,
                              double high, struct tend_error *err) TEND_NODISCARD;

/* Adds one such value `count` times. ENOMEM. */
enum tend_code tend__grid_add_value(struct tend__grid *grid, double x, uint64_t count,
                                    struct tend_error *err) TEND_NODISCARD;

struct tend__grid_bucket {
    double
        least; /* the least and the greatest double that is counted here; of the two beside zero */
    double greatest; /* one end is the least double of their sign */
    uint64_t count;
};

/* Bucket 0 .. size - 1, ascending. */
struct tend__grid_bucket tend__grid_bucket_at(const struct tend__grid *grid, size_t at);

/* Where a value that may not be in the range would be: below 0 or from size on outside of it. */
int64_t tend__grid_find(const struct tend__grid *grid, double x);

#endif
