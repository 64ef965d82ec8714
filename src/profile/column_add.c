/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column_add.c: the inner loops over numbers, bools and times.
 *
 * Sums of whole numbers within 2^20 of zero and of their squares are exact in plain doubles for a
 * block of 1024 (below 2^30 and 2^50), whatever the order, so only the block's sums go through the
 * exact accumulator. The loops run over lanes that do not depend on each other.
 */
#include "profile/column_add.h"

#include "base/civil.h"

#include <math.h>
#include <string.h>

#define LANE_COUNT 2
#define WHOLE_SIZE_MAX 1048576.0 /* 2^20 */
/* Adding and taking off 1.5 x 2^52 rounds a double below 2^51 in size to a whole number. */
#define ROUND_MAGIC 6755399441055744.0

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

/* One sum or extreme a lane. `fraction` stays 0 where all values are whole (if they are small), and
 * `bad` becomes NaN where one is not finite. */
struct lanes {
    double sum[LANE_COUNT];
    double squares[LANE_COUNT];
    double low[LANE_COUNT];
    double high[LANE_COUNT];
    double zeros[LANE_COUNT];
    double fraction[LANE_COUNT];
    double bad[LANE_COUNT];
};

static inline void add_lanes(struct lanes *lanes, const double *x)
{
    for (size_t j = 0; j < LANE_COUNT; j++) {
        const double v = x[j];
        lanes->fraction[j] += fabs(v + ROUND_MAGIC - ROUND_MAGIC - v);
        lanes->bad[j] += v * 0.0;
        lanes->sum[j] += v;
        lanes->squares[j] += v * v;
        lanes->low[j] = v < lanes->low[j] ? v : lanes->low[j];
        lanes->high[j] = v > lanes->high[j] ? v : lanes->high[j];
        lanes->zeros[j] += v == 0 ? 1.0 : 0.0;
    }
}

/* Adds a lane to the first lane of `into`. */
static void fold_lane(struct lanes *into, const struct lanes *from, size_t lane_idx)
{
    into->sum[0] += from->sum[lane_idx];
    into->squares[0] += from->squares[lane_idx];
    into->zeros[0] += from->zeros[lane_idx];
    into->fraction[0] += from->fraction[lane_idx];
    into->bad[0] += from->bad[lane_idx];
    into->low[0] = from->low[lane_idx] < into->low[0] ? from->low[lane_idx] : into->low[0];
    into->high[0] = from->high[lane_idx] > into->high[0] ? from->high[lane_idx] : into->high[0];
}

/* Needs at least one value. The result is in lane 0. Two sets of two lanes: each set is one vector
 * register a field, and the two do not wait for each other. */
static struct lanes measure_block(const double *x, size_t n)
{
    struct lanes a = {.low = {x[0], x[0]}, .high = {x[0], x[0]}};
    struct lanes b = a;
    struct lanes rest = a;
    size_t i = 0;
    for (; i + 2 * LANE_COUNT <= n; i += 2 * LANE_COUNT) {
        add_lanes(&a, x + i);
        add_lanes(&b, x + i + LANE_COUNT);
    }
    for (; i < n; i++) {
        const double pair[LANE_COUNT] = {x[i], x[i]};
        struct lanes one = {.low = {x[i], x[i]}, .high = {x[i], x[i]}};
        add_lanes(&one, pair);
        fold_lane(&rest, &one, 0);
    }
    fold_lane(&a, &a, 1);
    fold_lane(&a, &b, 0);
    fold_lane(&a, &b, 1);
    fold_lane(&a, &rest, 0);
    return a;
}

/* The present and finite values; the others are counted. */
static void gather_block(struct tend__column_profile *profile, const struct tend__column *column,
                         size_t begin, size_t row_count, struct tend__number_block *block)
{
    size_t n = 0;
    for (size_t i = begin; i < begin + row_count; i++) {
        if (!tend__is_valid(column, i)) {
            profile->null_count++;
            continue;
        }
        const double x = column->f64[i];
        if (isfinite(x)) {
            block->x[n] = x + 0.0;
            n++;
        } else {
            profile->nan_count += isnan(x) ? 1 : 0;
            profile->pos_inf_count += x == (double)INFINITY ? 1 : 0;
            profile->neg_inf_count += x == -(double)INFINITY ? 1 : 0;
        }
    }
    block->count = n;
}

static void add_block(struct tend__column_profile *profile, struct tend__number_block *block,
                      const struct lanes *moments)
{
    const double low = moments->low[0];
    const double high = moments->high[0];
    block->all_whole =
        moments->fraction[0] == 0 && low >= -WHOLE_SIZE_MAX && high <= WHOLE_SIZE_MAX;
    if (block->all_whole) {
        tend__exact_sum_add(&profile->sum, moments->sum[0]);
        tend__exact_sum_add(&profile->sum_squares, moments->squares[0]);
    } else {
        tend__exact_sum_add_many(&profile->sum, block->x, block->count);
        tend__exact_sum_add_squares(&profile->sum_squares, block->x, block->count);
    }
    profile->min = profile->min <= low ? profile->min : low;
    profile->max = profile->max >= high ? profile->max : high;
    profile->zero_count += (uint64_t)moments->zeros[0];
}

void tend__column_add_numbers(struct tend__column_profile *profile,
                              const struct tend__column *column, size_t begin, size_t row_count,
                              struct tend__number_block *block)
{
    profile->row_count += row_count;
    block->count = 0;
    block->all_whole = true;
    if (row_count == 0) {
        return;
    }
    if (column->valid == NULL || memchr(column->valid + begin, 0, row_count) == NULL) {
        for (size_t i = 0; i < row_count; i++) {
            block->x[i] = column->f64[begin + i] + 0.0;
        }
        block->count = row_count;
        const struct lanes moments = measure_block(block->x, row_count);
        if (moments.bad[0] == 0) {
            add_block(profile, block, &moments);
            return;
        }
    }
    gather_block(profile, column, begin, row_count, block);
    if (block->count > 0) {
        const struct lanes moments = measure_block(block->x, block->count);
        add_block(profile, block, &moments);
    }
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
