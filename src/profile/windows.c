/* SPDX-License-Identifier: Apache-2.0 */
/*
 * windows.c: see the header.
 *
 * Each row is counted once for each rule of the segments. Where a rule divides the rows the profile
 * of all of them is the sum of its segments, and costs no pass of its own; else they are counted
 * once more. Rows of a segment are gathered so that they are counted together.
 */
#include "profile/windows.h"

#include "base/civil.h"
#include "base/mem.h"
#include "profile/gather.h"

#include <inttypes.h>
#include <string.h>

#define MEMORY_DEFAULT ((size_t)256 << 20)
#define OPEN_MAX 64
#define SKETCHED_MAX 4096 /* columns times profiles of a window that may have sketches */
#define RUN_MAX 16        /* runs of a batch that are counted where they stand */

struct window {
    int64_t number; /* of windows since 1970 */
    struct tend__profile **profiles;
};

struct tend__windows {
    struct tend__windows_options options;
    struct tend__segmenter *segmenter; /* NULL where there are no segments */
    size_t profile_count;              /* of a window */
    size_t time_idx;
    size_t open_max;
    struct window open[OPEN_MAX]; /* ascending */
    size_t open_count;
    bool has_closed;
    int64_t last_closed;
    uint64_t timeless_count;
    size_t field_count;
    struct tend__column *by_window; /* views, field_count each */
    struct tend__column *by_segment;
    struct tend__gather *window_gather;
    struct tend__gather *segment_gather;
    int64_t *numbers; /* one a row of the batch, as the next three */
    size_t number_cap;
    uint32_t *rows;
    size_t row_cap;
    uint32_t *segment_of_row;
    size_t segment_cap;
    uint32_t *ordered;
    size_t ordered_cap;
    size_t *ends; /* of segments in `ordered` */
};

/* ---- birth and death ---- */

static size_t bytes_of_profile(const struct tend__plan *plan)
{
    size_t bytes = 0;
    for (size_t i = 0; i < tend__plan_column_count(plan); i++) {
        bytes += sizeof(struct tend__column_profile) +
                 tend__plan_column(plan, i)->cell_count * sizeof(uint64_t);
    }
    return bytes;
}

static enum tend_code init_windows(struct tend__windows *windows, const struct tend__field *fields,
                                   size_t field_count, struct tend_error *err)
{
    const struct tend__windows_options *options = &windows->options;
    windows->time_idx = tend__fields_find(fields, field_count, options->time_column);
    if (windows->time_idx == SIZE_MAX) {
        return TEND_FAIL(err, ENOTFOUND, "no column '%.100s' for the time", options->time_column);
    }
    if (fields[windows->time_idx].type != TEND_TYPE_TIME) {
        return TEND_FAIL(err, ETYPE, "column '%.100s' is %s, not times", options->time_column,
                         tend__type_text(fields[windows->time_idx].type));
    }
    if (options->every_us <= 0) {
        return TEND_FAIL(err, EINVAL, "a window must last longer than nothing");
    }
    windows->profile_count =
        1 + (options->segments == NULL ? 0 : tend__segments_count(options->segments));
    size_t bytes = bytes_of_profile(options->plan) * windows->profile_count;
    if (options->sketches) {
        const size_t sketched = tend__plan_column_count(options->plan) * windows->profile_count;
        if (sketched > SKETCHED_MAX) {
            return TEND_FAIL(err, ELIMIT,
                             "sketches of %zu columns in the whole and %zu segments of every "
                             "window take too much memory: at most %d of both multiplied",
                             tend__plan_column_count(options->plan), windows->profile_count - 1,
                             SKETCHED_MAX);
        }
        bytes += sketched * TEND_COLUMN_SKETCHES_MEMORY;
    }
    const size_t memory = options->memory_max == 0 ? MEMORY_DEFAULT : options->memory_max;
    windows->open_max = memory / bytes < 2          ? 2
                        : memory / bytes > OPEN_MAX ? OPEN_MAX
                                                    : memory / bytes;
    windows->field_count = field_count;
    TEND_TRY(tend__mem_new(field_count, sizeof(*windows->by_window), &windows->by_window, err));
    TEND_TRY(tend__mem_new(field_count, sizeof(*windows->by_segment), &windows->by_segment, err));
    TEND_TRY(tend__mem_new(windows->profile_count, sizeof(*windows->ends), &windows->ends, err));
    TEND_TRY(tend__gather_new(&windows->window_gather, err));
    TEND_TRY(tend__gather_new(&windows->segment_gather, err));
    if (windows->profile_count == 1) {
        return TEND_OK;
    }
    return tend__segmenter_new(options->segments, fields, field_count, &windows->segmenter, err);
}

enum tend_code tend__windows_new(const struct tend__windows_options *options,
                                 const struct tend__field *fields, size_t field_count,
                                 struct tend__windows **out, struct tend_error *err)
{
    struct tend__windows *windows = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*windows), &windows, err));
    windows->options = *options;
    const enum tend_code code = init_windows(windows, fields, field_count, err);
    if (code != TEND_OK) {
        tend__windows_free(windows);
        return code;
    }
    *out = windows;
    return TEND_OK;
}

static void free_window(const struct tend__windows *windows, struct window *window)
{
    for (size_t i = 0; window->profiles != NULL && i < windows->profile_count; i++) {
        tend__profile_free(window->profiles[i]);
    }
    tend__mem_free(window->profiles);
    *window = (struct window){.number = 0};
}

void tend__windows_free(struct tend__windows *windows)
{
    if (windows == NULL) {
        return;
    }
    for (size_t i = 0; i < windows->open_count; i++) {
        free_window(windows, &windows->open[i]);
    }
    tend__segmenter_free(windows->segmenter);
    tend__gather_free(windows->window_gather);
    tend__gather_free(windows->segment_gather);
    tend__mem_free(windows->by_window);
    tend__mem_free(windows->by_segment);
    tend__mem_free(windows->ends);
    tend__mem_free(windows->numbers);
    tend__mem_free(windows->rows);
    tend__mem_free(windows->segment_of_row);
    tend__mem_free(windows->ordered);
    tend__mem_free(windows);
}

/* ---- windows open and close ---- */

/* The first rule that divides the rows; false where none does. */
static bool find_division(const struct tend__windows *windows, size_t *first, size_t *count)
{
    const struct tend__segmenter *segmenter = windows->segmenter;
    const size_t rule_count = segmenter == NULL ? 0 : tend__segmenter_rule_count(segmenter);
    for (size_t i = 0; i < rule_count; i++) {
        if (tend__segmenter_divides(segmenter, i)) {
            tend__segmenter_range(segmenter, i, first, count);
            return true;
        }
    }
    return false;
}

static enum tend_code close_oldest(struct tend__windows *windows, struct tend_error *err)
{
    struct window *window = &windows->open[0];
    size_t first = 0;
    size_t count = 0;
    enum tend_code code = TEND_OK;
    if (find_division(windows, &first, &count)) {
        for (size_t i = 0; i < count && code == TEND_OK; i++) {
            code = tend__profile_merge(window->profiles[0], window->profiles[1 + first + i], err);
        }
    }
    if (code == TEND_OK) {
        code = windows->options.fn(windows->options.ctx, window->profiles, windows->profile_count,
                                   err);
    }
    windows->has_closed = true;
    windows->last_closed = window->number;
    free_window(windows, window);
    windows->open_count--;
    memmove(windows->open, windows->open + 1, windows->open_count * sizeof(*windows->open));
    return code;
}

static enum tend_code fill_window(const struct tend__windows *windows, struct window *window,
                                  struct tend_error *err)
{
    const int64_t every_us = windows->options.every_us;
    TEND_TRY(
        tend__mem_new(windows->profile_count, sizeof(*window->profiles), &window->profiles, err));
    for (size_t i = 0; i < windows->profile_count; i++) {
        struct tend__profile_label label = {.has_window = false};
        if (i > 0) {
            label = *tend__segments_label(windows->options.segments, i - 1);
        }
        label.has_window = true;
        label.window_start_us = window->number * every_us;
        label.window_end_us = (window->number + 1) * every_us;
        label.window_column = windows->options.time_column;
        TEND_TRY(tend__profile_new(windows->options.plan, &window->profiles[i], err));
        TEND_TRY(tend__profile_set_label(window->profiles[i], &label, err));
        TEND_TRY(tend__profile_set_sketches(
            window->profiles[i], windows->options.sketches ? TEND_SKETCHES_ALL : TEND_SKETCHES_NONE,
            err));
    }
    return TEND_OK;
}

/* Where a window stands among those that are open, or would stand. */
static size_t place_of(const struct tend__windows *windows, int64_t number, bool *found)
{
    size_t at = windows->open_count;
    while (at > 0 && windows->open[at - 1].number > number) {
        at--;
    }
    *found = at > 0 && windows->open[at - 1].number == number;
    return *found ? at - 1 : at;
}

/* NULL where the window was closed already. */
static enum tend_code open_window(struct tend__windows *windows, int64_t number,
                                  struct window **out, struct tend_error *err)
{
    bool found = false;
    size_t at = place_of(windows, number, &found);
    *out = NULL;
    if (!found && windows->has_closed && number <= windows->last_closed) {
        return TEND_OK;
    }
    if (!found) {
        while (windows->open_count >= windows->open_max) {
            if (number < windows->open[0].number) {
                return TEND_OK; /* it would be the oldest, and close at once */
            }
            TEND_TRY(close_oldest(windows, err));
        }
        struct window window = {.number = number};
        const enum tend_code code = fill_window(windows, &window, err);
        if (code != TEND_OK) {
            free_window(windows, &window);
            return code;
        }
        at = place_of(windows, number, &found);
        memmove(windows->open + at + 1, windows->open + at,
                (windows->open_count - at) * sizeof(*windows->open));
        windows->open[at] = window;
        windows->open_count++;
    }
    *out = &windows->open[at];
    return TEND_OK;
}

/* ---- rows ---- */

/* Sorts rows by segment, in place of the batch's order; ends[i] is where the rule's i-th segment's
 * rows end. Rows in no segment are left out. */
static void order_by_segment(struct tend__windows *windows, size_t row_count, size_t first,
                             size_t count)
{
    size_t begin = 0;
    memset(windows->ends, 0, count * sizeof(*windows->ends));
    for (size_t i = 0; i < row_count; i++) {
        if (windows->segment_of_row[i] != TEND_SEGMENT_NONE) {
            windows->ends[windows->segment_of_row[i] - first]++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const size_t rows = windows->ends[i];
        windows->ends[i] = begin;
        begin += rows;
    }
    for (size_t i = 0; i < row_count; i++) {
        if (windows->segment_of_row[i] != TEND_SEGMENT_NONE) {
            size_t *at = &windows->ends[windows->segment_of_row[i] - first];
            windows->ordered[*at] = (uint32_t)i;
            (*at)++;
        }
    }
}

static enum tend_code add_by_rule(struct tend__windows *windows, const struct window *window,
                                  size_t rule_idx, const struct tend__batch *batch,
                                  struct tend_error *err)
{
    struct tend__batch gathered;
    size_t first = 0;
    size_t count = 0;
    size_t begin = 0;
    tend__segmenter_range(windows->segmenter, rule_idx, &first, &count);
    TEND_TRY(
        tend__segmenter_assign(windows->segmenter, rule_idx, batch, windows->segment_of_row, err));
    order_by_segment(windows, batch->row_count, first, count);
    TEND_TRY(tend__gather_rows(windows->segment_gather, batch, windows->ordered,
                               windows->ends[count - 1], &gathered, err));
    for (size_t i = 0; i < count; i++) {
        const size_t end = windows->ends[i];
        if (end > begin) {
            const struct tend__batch slice =
                tend__batch_slice(&gathered, begin, end - begin, windows->by_segment);
            TEND_TRY(tend__profile_add(window->profiles[1 + first + i], &slice, err));
        }
        begin = end;
    }
    return TEND_OK;
}

/* Rows of one window. */
static enum tend_code add_to_window(struct tend__windows *windows, int64_t number,
                                    const struct tend__batch *batch, bool *in_order,
                                    struct tend_error *err)
{
    struct window *window = NULL;
    size_t first = 0;
    size_t count = 0;
    TEND_TRY(open_window(windows, number, &window, err));
    if (window == NULL) {
        *in_order = false;
        return TEND_OK;
    }
    if (!find_division(windows, &first, &count)) {
        TEND_TRY(tend__profile_add(window->profiles[0], batch, err));
    }
    const size_t rule_count =
        windows->segmenter == NULL ? 0 : tend__segmenter_rule_count(windows->segmenter);
    for (size_t i = 0; i < rule_count; i++) {
        TEND_TRY(add_by_rule(windows, window, i, batch, err));
    }
    return TEND_OK;
}

/* Sorts row numbers by their window, ties by row: merges runs that double. `spare` is as long. */
static void sort_rows(uint32_t *rows, uint32_t *spare, size_t count, const int64_t *numbers)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * width) {
            const size_t middle = begin + width < count ? begin + width : count;
            const size_t end = begin + 2 * width < count ? begin + 2 * width : count;
            size_t a = begin;
            size_t b = middle;
            for (size_t i = begin; i < end; i++) {
                const bool take_a =
                    b == end || (a < middle && numbers[rows[a]] <= numbers[rows[b]]);
                spare[i] = take_a ? rows[a++] : rows[b++];
            }
        }
        memcpy(rows, spare, count * sizeof(*rows));
    }
}

/* Both ends of the window must be times. */
static bool has_window(int64_t time_us, int64_t every_us)
{
    return time_us >= INT64_MIN + every_us && time_us <= INT64_MAX - every_us;
}

/* The window of each row, and the rows that have one; returns the number of runs of one window
 * among them, SIZE_MAX where a row without a time stands in between. */
static size_t find_windows(struct tend__windows *windows, const struct tend__batch *batch,
                           size_t *kept_count)
{
    const struct tend__column *times = &batch->columns[windows->time_idx];
    size_t kept = 0;
    size_t runs = 0;
    for (size_t i = 0; i < batch->row_count; i++) {
        if (times->type != TEND_TYPE_TIME || !tend__is_valid(times, i) ||
            !has_window(times->time_us[i], windows->options.every_us)) {
            windows->timeless_count++;
            continue;
        }
        windows->numbers[i] = tend__time_floor(times->time_us[i], windows->options.every_us);
        runs += kept == 0 || windows->numbers[windows->rows[kept - 1]] != windows->numbers[i];
        windows->rows[kept] = (uint32_t)i;
        kept++;
    }
    *kept_count = kept;
    return kept == batch->row_count ? runs : SIZE_MAX;
}

static enum tend_code reserve_rows(struct tend__windows *windows, size_t row_count,
                                   struct tend_error *err)
{
    const size_t max = UINT32_MAX;
    TEND_TRY(tend__mem_grow(&windows->numbers, &windows->number_cap, row_count, max,
                            sizeof(*windows->numbers), err));
    TEND_TRY(tend__mem_grow(&windows->rows, &windows->row_cap, row_count, max,
                            sizeof(*windows->rows), err));
    TEND_TRY(tend__mem_grow(&windows->segment_of_row, &windows->segment_cap, row_count, max,
                            sizeof(*windows->segment_of_row), err));
    return tend__mem_grow(&windows->ordered, &windows->ordered_cap, row_count, max,
                          sizeof(*windows->ordered), err);
}

enum tend_code tend__windows_add(struct tend__windows *windows, const struct tend__batch *batch,
                                 bool *in_order, struct tend_error *err)
{
    struct tend__batch rows = *batch;
    size_t count = 0;
    TEND_ASSERT(batch->column_count == windows->field_count);
    *in_order = true;
    TEND_TRY(reserve_rows(windows, batch->row_count, err));
    const size_t runs = find_windows(windows, batch, &count);
    if (runs > RUN_MAX) {
        sort_rows(windows->rows, windows->ordered, count, windows->numbers);
        TEND_TRY(
            tend__gather_rows(windows->window_gather, batch, windows->rows, count, &rows, err));
    }
    for (size_t begin = 0; begin < count && *in_order;) {
        const int64_t number = windows->numbers[windows->rows[begin]];
        size_t end = begin + 1;
        while (end < count && windows->numbers[windows->rows[end]] == number) {
            end++;
        }
        const struct tend__batch slice =
            tend__batch_slice(&rows, begin, end - begin, windows->by_window);
        TEND_TRY(add_to_window(windows, number, &slice, in_order, err));
        begin = end;
    }
    return TEND_OK;
}

enum tend_code tend__windows_finish(struct tend__windows *windows, struct tend_error *err)
{
    while (windows->open_count > 0) {
        TEND_TRY(close_oldest(windows, err));
    }
    return TEND_OK;
}

uint64_t tend__windows_timeless_count(const struct tend__windows *windows)
{
    return windows->timeless_count;
}

uint64_t tend__windows_failed_count(const struct tend__windows *windows)
{
    return windows->segmenter == NULL ? 0 : tend__segmenter_failed_count(windows->segmenter);
}
