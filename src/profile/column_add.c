/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column_add.c: the inner loops over numbers, bools and times.
 *
 * Sums of whole numbers within 2^20 of zero and of their squares are exact in plain doubles for a
 * block of 1024 (below 2^30 and 2^50), whatever the order, so only the block's sums go through the
 * exact accumulator. The loops run over four lanes that do not depend on each other.
 */
#include "profile/column_add.h"

#include "base/civil.h"

#include <math.h>
#include <string.h>

#define LANE_COUNT 4
#define WHOLE_SIZE_MAX 1048576.0 /* 2^20 */
/* Adding and taking off 1.5 x 2^52 rounds a double below 2^51 in size to a whole number. */
#define ROUND_MAGIC 6755399441055744.0

void tend__column_profile_reset(struct tend__column_profile *profile)
{
    const size_t cell_count = profile->cell_count;
    uint64_t *cells = profile->cells;
    *profile = (struct tend__column_profile){
        .min = (double)NAN,
        .max = (double)NAN,
        .min_us = INT64_MAX,
        .max_us = INT64_MIN,
        .cell_count = cell_count,
        .cells = cells,
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

static inline void add_lanes(struct lanes *lanes, const double *x, size_t n)
{
    for (size_t j = 0; j < n; j++) {
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

/* Needs at least one value. The result is in lane 0. */
static struct lanes measure_block(const double *x, size_t n)
{
    struct lanes lanes = {.low = {x[0], x[0], x[0], x[0]}, .high = {x[0], x[0], x[0], x[0]}};
    size_t i = 0;
    for (; i + LANE_COUNT <= n; i += LANE_COUNT) {
        add_lanes(&lanes, x + i, LANE_COUNT);
    }
    add_lanes(&lanes, x + i, n - i);
    for (size_t j = 1; j < LANE_COUNT; j++) {
        lanes.sum[0] += lanes.sum[j];
        lanes.squares[0] += lanes.squares[j];
        lanes.zeros[0] += lanes.zeros[j];
        lanes.fraction[0] += lanes.fraction[j];
        lanes.bad[0] += lanes.bad[j];
        lanes.low[0] = lanes.low[j] < lanes.low[0] ? lanes.low[j] : lanes.low[0];
        lanes.high[0] = lanes.high[j] > lanes.high[0] ? lanes.high[j] : lanes.high[0];
    }
    return lanes;
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
    for (size_t i = 0; i < row_count; i++) {
        if (!tend__is_valid(column, i)) {
            profile->null_count++;
            continue;
        }
        const int64_t at = column->time_us[i];
        low = at < low ? at : low;
        high = at > high ? at : high;
        week_hours[week_hour_of(at)]++;
    }
    profile->row_count += row_count;
    profile->min_us = low;
    profile->max_us = high;
    for (size_t i = 0; i < WEEK_HOURS; i++) {
        profile->cells[i % 24] += week_hours[i];
        profile->hours[i % 24] += week_hours[i];
        profile->weekdays[i / 24] += week_hours[i];
    }
}
