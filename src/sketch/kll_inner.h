/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kll_inner.h: a KLL sketch as the files of this folder see it.
 *
 * A value goes from `pending` (the block of w consecutive values that is not full yet, where the
 * sampler is on) to `buffer` (unsorted, of weight 2^lg_w each) to `items` (levels, each sorted,
 * level 0 first). Always: pending_count + buffer_count * 2^lg_w + the weight of the items = count.
 */
#ifndef TEND_SKETCH_KLL_INNER_H
#define TEND_SKETCH_KLL_INNER_H

#include "base/rng.h"
#include "sketch/kll.h"

#define TEND_KLL_LEVEL_MAX 61
#define TEND_KLL_ITEM_MIN 8 /* the smallest capacity of a level; DataSketches calls it M */
#define TEND_KLL_LG_W_MAX 6
#define TEND_KLL_COUNT_MAX (UINT64_C(1) << 62)

struct tend__kll {
    uint32_t k;
    uint32_t min_k;
    uint64_t count;
    uint64_t nan_count;
    double min;
    double max;

    struct tend__rng rng;
    uint64_t bits; /* drawn, and not used yet */
    uint32_t bit_count;

    bool every_value;
    uint32_t lg_w;
    uint64_t sample_unit; /* w = 2^i from this times 2^i values on */
    uint32_t pending_count;
    double pending[1 << TEND_KLL_LG_W_MAX];

    double *buffer;
    size_t buffer_count;
    size_t buffer_cap;

    uint32_t level_count;
    uint32_t capacities[TEND_KLL_LEVEL_MAX];        /* by depth: 0 is the top level */
    uint32_t capacity_sums[TEND_KLL_LEVEL_MAX + 1]; /* of that many levels */
    uint32_t offsets[TEND_KLL_LEVEL_MAX + 1];       /* level h is items[offsets[h]] .. [h + 1] */
    double *items;
    double *scratch; /* of compaction */
    size_t scratch_cap;
    uint64_t *keys; /* of sorting */
};

/* Puts what waits in the buffer and in the pending block into the levels, and compacts; as far as
 * can be, so that there is room for an item in each level below the lowest that has one. */
void tend__kll_settle(struct tend__kll *kll);

#endif
