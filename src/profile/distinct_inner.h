/* SPDX-License-Identifier: Apache-2.0 */
/* distinct_inner.h: a counter of distinct values as distinct.c and distinct_bins.c see it. */
#ifndef TEND_PROFILE_DISTINCT_INNER_H
#define TEND_PROFILE_DISTINCT_INNER_H

#include "profile/distinct.h"
#include "profile/grid.h"
#include "profile/number_table.h"
#include "profile/text_key.h"

#define WHOLE_COUNT ((size_t)(TEND_WHOLE_MAX - TEND_WHOLE_MIN + 1))
#define REMEMBERED_WORDS 1024
#define CHUNK_BYTES ((size_t)65536 - 64)

struct text_chunk {
    struct text_chunk *next;
    size_t used;
    char bytes[CHUNK_BYTES];
};

struct distinct_entry {
    struct tend__text text;
    uint64_t prefix;
    uint64_t hash;
    uint64_t count; /* exact where sampled, 0 otherwise */
};

struct tend__distinct {
    bool is_text;
    uint64_t total;
    uint64_t long_count;
    uint64_t *whole; /* WHOLE_COUNT, or NULL before the first whole number */
    uint64_t whole_total;
    struct tend__number_table table; /* other numbers, while there are few enough different ones */
    bool has_left_table;
    struct distinct_entry *entries;
    size_t entry_count;
    size_t entry_cap;
    size_t sampled_count;
    uint64_t threshold;
    struct tend__text_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    uint64_t
        remembered[REMEMBERED_WORDS]; /* a bit for the hash of each entry that is not sampled */
    uint64_t *sketch; /* SKETCH_ROW_COUNT x SKETCH_COLUMN_COUNT, or NULL while all is exact */
    struct text_chunk *chunks;
    /* Numbers of a plan: beyond the table they are counted in a grid too, or only there. */
    const struct tend__kernel *kernel; /* NULL: no grid is wanted */
    size_t bin_max;
    bool may_repeat;
    bool is_light; /* only in the grid */
    struct tend__grid *grid;
};

/* Counts a block without small whole numbers in the grid. `extent` may be NULL. */
enum tend_code tend__distinct_grid_block(struct tend__distinct *distinct, const double *x,
                                         size_t count, const struct tend__extent *extent,
                                         struct tend_error *err) TEND_NODISCARD;

/* The first value too many is in the table: begins the grid with all that is in it, and makes the
 * counter a light one where that will do. */
enum tend_code tend__distinct_grid_begin(struct tend__distinct *distinct,
                                         struct tend_error *err) TEND_NODISCARD;

#endif
