/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grid.c: see the header.
 *
 * The key of x is m = max(0, bits of |x| - floor) where x > 0 and -m - 1 where x < 0; its bucket is
 * key >> shift, rounded down. Both floor and shift only grow with the range: the floor is a whole
 * number of octaves, and the span that sets the shift is 82 octaves where there are both signs, 41
 * where there is a value beside zero, else the difference of the bits, which is below 41 octaves.
 */
#include "profile/grid.h"

#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define SIZE_MIN ((size_t)1 << 15)
#define SIZE_TOP ((size_t)1 << 18)
#define BUCKETS_A_BIN 1024
#define OCTAVE_BITS 52
#define OCTAVE_COUNT 41
#define LANE_COUNT 8

static uint64_t size_bits(double x)
{
    const double size = fabs(x);
    uint64_t bits = 0;
    memcpy(&bits, &size, sizeof(bits));
    return bits;
}

static double from_bits(uint64_t bits)
{
    double x = 0;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static inline int64_t key_of(double x, uint64_t floor_bits)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof(bits));
    const uint64_t size = bits & INT64_MAX;
    const uint64_t m = size > floor_bits ? size - floor_bits : 0;
    const uint64_t sign = 0U - (bits >> 63);
    return (int64_t)(m ^ sign);
}

enum tend_code tend__grid_new(size_t bin_max, struct tend__grid **out, struct tend_error *err)
{
    struct tend__grid *grid = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*grid), &grid, err));
    grid->size = SIZE_MIN;
    while (grid->size < BUCKETS_A_BIN * bin_max && grid->size < SIZE_TOP) {
        grid->size *= 2;
    }
    grid->low = (double)NAN;
    grid->high = (double)NAN;
    const enum tend_code code =
        tend__mem_new(grid->size, sizeof(*grid->counts), &grid->counts, err);
    if (code != TEND_OK) {
        tend__grid_free(grid);
        return code;
    }
    *out = grid;
    return TEND_OK;
}

void tend__grid_free(struct tend__grid *grid)
{
    if (grid != NULL) {
        tend__mem_free(grid->counts);
        tend__mem_free(grid->spill);
        tend__mem_free(grid);
    }
}

/* The divisions for a range, without counts. */
static struct tend__grid divide(size_t size, double low, double high)
{
    struct tend__grid grid = {.size = size, .low = low, .high = high};
    const uint64_t low_bits = size_bits(low);
    const uint64_t high_bits = size_bits(high);
    const uint64_t top = low_bits > high_bits ? low_bits : high_bits;
    const uint64_t bottom = low_bits > high_bits ? high_bits : low_bits;
    const uint64_t octave = top >> OCTAVE_BITS;
    const uint64_t below = OCTAVE_COUNT - 1;
    grid.floor_bits = (octave > below ? octave - below : 0) << OCTAVE_BITS;
    uint64_t span = top - bottom;
    if (low < 0 && high > 0) {
        span = (uint64_t)(2 * OCTAVE_COUNT) << OCTAVE_BITS;
    } else if (bottom < grid.floor_bits) {
        span = (uint64_t)OCTAVE_COUNT << OCTAVE_BITS;
    }
    while ((span >> grid.shift) + 2 > size) {
        grid.shift++;
    }
    grid.base = key_of(low, grid.floor_bits) >> grid.shift;
    if (low < 0 && high > 0) {
        grid.base = -((int64_t)(OCTAVE_COUNT) << (OCTAVE_BITS - grid.shift)) - 1;
    }
    return grid;
}

static double bucket_value(const struct tend__grid *grid, size_t at)
{
    const int64_t bucket = grid->base + (int64_t)at;
    const bool negative = bucket < 0;
    const uint64_t steps = (uint64_t)(negative ? -bucket - 1 : bucket) << grid->shift;
    const uint64_t bits = steps == 0 ? 1 : grid->floor_bits + steps;
    return negative ? -from_bits(bits) : from_bits(bits);
}

/* Adds up what was counted into the buckets of a larger range. */
static enum tend_code grow(struct tend__grid *grid, double low, double high, struct tend_error *err)
{
    struct tend__grid wide = divide(grid->size, low, high);
    if (isnan(grid->low)) {
        wide.counts = grid->counts;
        *grid = wide;
        return TEND_OK;
    }
    const bool is_same = wide.shift == grid->shift && wide.floor_bits == grid->floor_bits;
    if (is_same && wide.base == grid->base) {
        grid->low = low;
        grid->high = high;
        return TEND_OK;
    }
    enum tend_code code = tend__mem_new(grid->size, sizeof(*wide.counts), &wide.counts, err);
    if (code == TEND_OK && grid->spill != NULL) {
        code = tend__mem_new(grid->size, sizeof(*wide.spill), &wide.spill, err);
    }
    if (code != TEND_OK) {
        tend__mem_free(wide.counts);
        return code;
    }
    for (size_t i = 0; i < grid->size; i++) {
        if (grid->counts[i] == 0 && (grid->spill == NULL || grid->spill[i] == 0)) {
            continue;
        }
        const int64_t at = tend__grid_find(&wide, bucket_value(grid, i));
        wide.counts[at] += grid->counts[i];
        if (grid->spill != NULL) {
            wide.spill[at] += grid->spill[i];
        }
    }
    wide.pending = grid->pending;
    tend__mem_free(grid->counts);
    tend__mem_free(grid->spill);
    *grid = wide;
    return TEND_OK;
}

/* The buckets that are there hold low .. high, and n more values. */
static enum tend_code reserve(struct tend__grid *grid, uint64_t n, double low, double high,
                              struct tend_error *err)
{
    if (!(grid->low <= low) || !(grid->high >= high)) {
        const double new_low = grid->low <= low ? grid->low : low;
        const double new_high = grid->high >= high ? grid->high : high;
        TEND_TRY(grow(grid, new_low, new_high, err));
    }
    if (grid->pending + n <= UINT32_MAX) {
        grid->pending += n;
        return TEND_OK;
    }
    if (grid->spill == NULL) {
        TEND_TRY(tend__mem_new(grid->size, sizeof(*grid->spill), &grid->spill, err));
    }
    for (size_t i = 0; i < grid->size; i++) {
        grid->spill[i] += grid->counts[i];
        grid->counts[i] = 0;
    }
    grid->pending = n;
    return TEND_OK;
}

int64_t tend__grid_find(const struct tend__grid *grid, double x)
{
    return (key_of(x, grid->floor_bits) >> grid->shift) - grid->base;
}

enum tend_code tend__grid_add(struct tend__grid *grid, const double *x, size_t n, double low,
                              double high, struct tend_error *err)
{
    if (low > high) {
        return TEND_OK; /* the extent of no value */
    }
    TEND_TRY(reserve(grid, n, low, high, err));
    uint32_t *counts = grid->counts;
    const uint64_t floor_bits = grid->floor_bits;
    const unsigned shift = grid->shift;
    const int64_t base = grid->base;
    size_t i = 0;
    for (; i + LANE_COUNT <= n; i += LANE_COUNT) {
        int64_t at[LANE_COUNT];
        for (size_t j = 0; j < LANE_COUNT; j++) {
            at[j] = (key_of(x[i + j], floor_bits) >> shift) - base;
        }
        for (size_t j = 0; j < LANE_COUNT; j++) {
            counts[at[j]]++;
        }
    }
    for (; i < n; i++) {
        counts[(key_of(x[i], floor_bits) >> shift) - base]++;
    }
    return TEND_OK;
}

enum tend_code tend__grid_add_value(struct tend__grid *grid, double x, uint64_t count,
                                    struct tend_error *err)
{
    while (count > 0) {
        const uint64_t part = count < UINT32_MAX ? count : UINT32_MAX;
        TEND_TRY(reserve(grid, part, x, x, err));
        grid->counts[tend__grid_find(grid, x)] += (uint32_t)part;
        count -= part;
    }
    return TEND_OK;
}

struct tend__grid_bucket tend__grid_bucket_at(const struct tend__grid *grid, size_t at)
{
    const int64_t bucket = grid->base + (int64_t)at;
    const bool negative = bucket < 0;
    const uint64_t steps = (uint64_t)(negative ? -bucket - 1 : bucket) << grid->shift;
    const uint64_t last = steps + ((UINT64_C(1) << grid->shift) - 1);
    const double inner = bucket_value(grid, at);
    const double outer = from_bits(grid->floor_bits + last);
    struct tend__grid_bucket out = {
        .least = negative ? -outer : inner,
        .greatest = negative ? inner : outer,
        .count = grid->counts[at],
    };
    out.count += grid->spill == NULL ? 0 : grid->spill[at];
    return out;
}
