/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column_add.c: the loops over blocks of numbers, and those over bools and times.
 *
 * Sums of whole numbers within 2^20 of zero and of their squares are exact in plain doubles for a
 * block of 1024 (below 2^30 and 2^50), whatever the order, so only the block's sums go through the
 * exact accumulator. Blocks of other numbers are summed as whole steps (sketch/kernel.h).
 */
#include "profile/column_add.h"

#include "base/civil.h"

#include <math.h>
#include <string.h>

void tend__column_profile_reset(struct tend__column_profile *profile)
{
    const size_t cell_count = profile->cell_count;
    uint64_t *cells = profile->cells;
    int64_t *features = profile->features;
    *profile = (struct tend__column_profile){
        .min = (double)NAN,
        .max = (double)NAN,
        .min_us = INT64_MAX,
        .max_us = INT64_MIN,
        .cell_count = cell_count,
        .cells = cells,
        .features = features,
    };
}

size_t tend__column_null_count(const struct tend__column *column, size_t begin, size_t row_count)
{
    if (column->valid == NULL) {
        return 0;
    }
    size_t count = 0;
    for (size_t i = begin; i < begin + row_count; i++) {
        count += column->valid[i] == 0 ? 1 : 0;
    }
    return count;
}

/* The present values into the block's own memory; returns how many. */
static size_t gather_present(const struct tend__column *column, size_t begin, size_t row_count,
                             double *to)
{
    const double *from = column->f64 + begin;
    const uint8_t *valid = column->valid + begin;
    size_t n = 0;
    for (size_t i = 0; i < row_count; i++) {
        to[n] = from[i];
        n += valid[i] != 0 ? 1 : 0;
    }
    return n;
}

/* The finite values into the block's own memory, which may be where they are; the others are
 * counted. */
static size_t gather_finite(struct tend__column_profile *profile, const double *from, size_t count,
                            double *to)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const double x = from[i];
        to[n] = x;
        n += isfinite(x) ? 1 : 0;
        profile->nan_count += isnan(x) ? 1 : 0;
        profile->pos_inf_count += x == (double)INFINITY ? 1 : 0;
        profile->neg_inf_count += x == -(double)INFINITY ? 1 : 0;
    }
    return n;
}

static void add_block(struct tend__column_profile *profile, const struct tend__kernel *kernel,
                      const struct tend__number_block *block)
{
    const double low = block->extent.low;
    const double high = block->extent.high;
    if (block->extent.all_whole) {
        double sum = 0;
        double squares = 0;
        kernel->sum_whole(block->x, block->count, &sum, &squares);
        tend__exact_sum_add(&profile->sum, sum);
        tend__exact_sum_add(&profile->sum_squares, squares);
    } else {
        const double size_max = high > -low ? high : -low;
        tend__exact_sum_add_block(&profile->sum, &profile->sum_squares, kernel, block->x,
                                  block->count, size_max);
    }
    profile->min = profile->min <= low ? profile->min : low;
    profile->max = profile->max >= high ? profile->max : high;
    profile->zero_count += block->extent.zero_count;
}

/* The finite values of a block; counts the rows that have none. */
static void take_block(struct tend__column_profile *profile, const struct tend__kernel *kernel,
                       const struct tend__column *column, size_t begin, size_t row_count,
                       struct tend__number_block *block)
{
    struct tend__extent *extent = &block->extent;
    block->x = block->memory;
    block->count = 0;
    *extent = (struct tend__extent){.all_whole = true};
    if (row_count == 0) {
        return;
    }
    if (column->valid == NULL || memchr(column->valid + begin, 0, row_count) == NULL) {
        block->x = column->f64 + begin;
        block->count = row_count;
    } else {
        block->count = gather_present(column, begin, row_count, block->memory);
        profile->null_count += row_count - block->count;
    }
    kernel->measure(block->x, block->count, extent);
    if (extent->has_nan || isinf(extent->low) || isinf(extent->high)) {
        block->count = gather_finite(profile, block->x, block->count, block->memory);
        block->x = block->memory;
        kernel->measure(block->x, block->count, extent);
    }
}

void tend__column_add_numbers(struct tend__column_profile *profile,
                              const struct tend__kernel *kernel, const struct tend__column *column,
                              size_t begin, size_t row_count, struct tend__number_block *block)
{
    profile->row_count += row_count;
    take_block(profile, kernel, column, begin, row_count, block);
    if (block->count > 0) {
        add_block(profile, kernel, block);
    }
    for (size_t i = begin; column->rest != NULL && i < begin + row_count; i++) {
        if (column->rest[i] != 0 && tend__is_valid(column, i)) {
            tend__exact_sum_add_rest(&profile->sum, &profile->sum_squares, column->f64[i],
                                     column->rest[i]);
        }
    }
}

void tend__column_finite_numbers(const struct tend__kernel *kernel,
                                 const struct tend__column *column, size_t begin, size_t row_count,
                                 struct tend__number_block *block)
{
    struct tend__column_profile unused = {0};
    take_block(&unused, kernel, column, begin, row_count, block);
}

void tend__column_add_bools(struct tend__column_profile *profile, const struct tend__column *column,
                            size_t row_count)
{
    uint64_t true_count = 0;
    uint64_t null_count = 0;
    for (size_t i = 0; i < row_count; i++) {
        const bool is_valid = tend__is_valid(column, i);
        null_count += is_valid ? 0 : 1;
        true_count += is_valid && column->bools[i] != 0 ? 1 : 0;
    }
    const uint64_t false_count = row_count - null_count - true_count;
    profile->row_count += row_count;
    profile->null_count += null_count;
    profile->zero_count += false_count;
    profile->cells[0] += false_count;
    profile->cells[1] += true_count;
}

#define WEEK_HOURS 168
#define EPOCH_WEEK_HOUR 96 /* 1970-01-01T00 is a Thursday, the fifth day of a week from Sunday */

/* Microseconds since the hour began. */
static inline uint64_t us_of_hour(int64_t time_us)
{
    const int64_t us = time_us % TEND_US_PER_HOUR;
    return (uint64_t)(us < 0 ? us + TEND_US_PER_HOUR : us);
}

/* Which hour of which day of the week, Sunday 00 first. */
static inline size_t week_hour_of(int64_t time_us)
{
    const int64_t hours =
        time_us / TEND_US_PER_HOUR - (time_us % TEND_US_PER_HOUR < 0 ? 1 : 0) + EPOCH_WEEK_HOUR;
    const int64_t at = hours % WEEK_HOURS;
    return (size_t)(at < 0 ? at + WEEK_HOURS : at);
}

void tend__column_add_times(struct tend__column_profile *profile, const struct tend__column *column,
                            size_t row_count)
{
    uint64_t week_hours[WEEK_HOURS] = {0};
    int64_t low = profile->min_us;
    int64_t high = profile->max_us;
    /* Rows mostly come in the order of time: the hour of the last row is tried first. */
    uint64_t hour_begin = 0;
    size_t week_hour = EPOCH_WEEK_HOUR;
    uint64_t run = 0; /* rows of that hour that are not in week_hours yet */
    for (size_t i = 0; i < row_count; i++) {
        if (!tend__is_valid(column, i)) {
            profile->null_count++;
            continue;
        }
        const int64_t at = column->time_us[i];
        low = at < low ? at : low;
        high = at > high ? at : high;
        if ((uint64_t)at - hour_begin >= (uint64_t)TEND_US_PER_HOUR) {
            week_hours[week_hour] += run;
            run = 0;
            week_hour = week_hour_of(at);
            hour_begin = (uint64_t)at - us_of_hour(at);
        }
        run++;
    }
    week_hours[week_hour] += run;
    profile->row_count += row_count;
    profile->min_us = low;
    profile->max_us = high;
    for (size_t i = 0; i < WEEK_HOURS; i++) {
        profile->cells[i % 24] += week_hours[i];
        profile->hours[i % 24] += week_hours[i];
        profile->weekdays[i / 24] += week_hours[i];
    }
}
