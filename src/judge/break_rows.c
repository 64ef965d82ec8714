/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_rows.c: slices that grow with the data; see the header.
 *
 * A slice has a number: its row, or its time, divided by the width. Slices are kept ascending by
 * number. When their numbers span more than TEND_BREAK_SLICES_MAX the width doubles, numbers halve,
 * and slices of one number are merged: what remains depends on the rows alone.
 */
#include "judge/break_rows.h"

#include "base/civil.h"
#include "base/mem.h"
#include "profile/gather.h"
#include "profile/profile.h"
#include "profile/row_sample.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROWS 128 /* rows of a slice at first */
#define NO_NUMBER INT64_MIN

struct slice {
    int64_t number;
    uint64_t first_row;
    int64_t first_us;
    struct tend__profile *profile;
};

struct tend__break_rows {
    struct tend__break_rows_options options;
    size_t time_idx; /* in the batches; SIZE_MAX = by rows */
    size_t skip_idx;
    bool is_started;
    bool is_finished;
    uint64_t row_count;
    int64_t width;
    struct slice slices[TEND_BREAK_SLICES_MAX + 1]; /* one more while it is put in */
    size_t slice_count;
    struct tend__profile *rest; /* rows without a time */
    struct tend__profile *whole;
    struct tend__row_sample *sample;
    struct tend__repeats *repeats;
    struct tend__field *fields; /* without the skipped column */
    struct tend__column *columns;
    struct tend__column *part_columns;
    struct tend__gather *gather;
    struct tend__break_slice views[TEND_BREAK_SLICES_MAX];
    int64_t *numbers; /* of the rows of a batch, then of the sample */
    uint32_t *order;
    size_t row_cap;
};

enum tend_code tend__break_rows_new(const struct tend__break_rows_options *options,
                                    struct tend__break_rows **out, struct tend_error *err)
{
    struct tend__break_rows *rows = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*rows), &rows, err));
    rows->options = *options;
    rows->time_idx = SIZE_MAX;
    rows->skip_idx = SIZE_MAX;
    enum tend_code code = tend__gather_new(&rows->gather, err);
    if (code == TEND_OK) {
        code = tend__repeats_new(options->skip_column, &rows->repeats, err);
    }
    if (code != TEND_OK) {
        tend__gather_free(rows->gather);
        tend__mem_free(rows);
        return code;
    }
    if (options->plan != NULL) {
        (void)tend__plan_ref(rows->options.plan);
    }
    *out = rows;
    return TEND_OK;
}

void tend__break_rows_free(struct tend__break_rows *rows)
{
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < rows->slice_count; i++) {
        tend__profile_free(rows->slices[i].profile);
    }
    tend__profile_free(rows->rest);
    tend__profile_free(rows->whole);
    tend__row_sample_free(rows->sample);
    tend__repeats_free(rows->repeats);
    tend__gather_free(rows->gather);
    tend__mem_free(rows->fields);
    tend__mem_free(rows->columns);
    tend__mem_free(rows->part_columns);
    tend__mem_free(rows->numbers);
    tend__mem_free(rows->order);
    tend__plan_unref(rows->options.plan);
    tend__mem_free(rows);
}

/* ---- the first batch ---- */

static enum tend_code start(struct tend__break_rows *rows, const struct tend__batch *batch,
                            struct tend_error *err)
{
    const size_t count = batch->column_count;
    const char *time = rows->options.time_column;
    const char *skip = rows->options.skip_column;
    if (time != NULL) {
        rows->time_idx = tend__fields_find(batch->fields, count, time);
    }
    if (rows->time_idx != SIZE_MAX && batch->fields[rows->time_idx].type != TEND_TYPE_TIME) {
        rows->time_idx = SIZE_MAX;
    }
    if (skip != NULL) {
        rows->skip_idx = tend__fields_find(batch->fields, count, skip);
    }
    rows->width = rows->time_idx != SIZE_MAX ? TEND_US_PER_SECOND : FIRST_ROWS;
    TEND_TRY(tend__mem_new(count, sizeof(*rows->fields), &rows->fields, err));
    TEND_TRY(tend__mem_new(count, sizeof(*rows->columns), &rows->columns, err));
    TEND_TRY(tend__mem_new(count, sizeof(*rows->part_columns), &rows->part_columns, err));
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i != rows->skip_idx) {
            rows->fields[kept++] = batch->fields[i];
        }
    }
    /* Wide data has a smaller sample: two million cells. */
    size_t sample_rows = TEND_BREAK_SAMPLE_ROWS;
    while (sample_rows > 256 && sample_rows * count > TEND_ROW_SAMPLE_CELLS_MAX) {
        sample_rows /= 2;
    }
    const struct tend__row_sample_options options = {.row_max = sample_rows};
    TEND_TRY(tend__row_sample_new(rows->fields, kept, &options, &rows->sample, err));
    rows->is_started = true;
    return TEND_OK;
}

/* The batch without the skipped column. */
static struct tend__batch leave_out(struct tend__break_rows *rows, const struct tend__batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->column_count; i++) {
        if (i != rows->skip_idx) {
            rows->fields[kept] = batch->fields[i];
            rows->columns[kept++] = batch->columns[i];
        }
    }
    return (struct tend__batch){.row_count = batch->row_count,
                                .column_count = kept,
                                .fields = rows->fields,
                                .columns = rows->columns};
}

/* ---- slices ---- */

static int64_t number_at(int64_t place, int64_t width)
{
    return place >= 0 ? place / width : -((-(place + 1)) / width) - 1;
}

/* Doubles the width and merges what then has one number. */
static enum tend_code widen(struct tend__break_rows *rows, struct tend_error *err)
{
    size_t kept = 0;
    rows->width *= 2;
    for (size_t i = 0; i < rows->slice_count; i++) {
        struct slice slice = rows->slices[i];
        slice.number = number_at(slice.number, 2);
        rows->slices[i].profile = NULL;
        struct slice *before = kept > 0 ? &rows->slices[kept - 1] : NULL;
        if (before == NULL || before->number != slice.number) {
            rows->slices[kept++] = slice;
            continue;
        }
        before->first_row =
            slice.first_row < before->first_row ? slice.first_row : before->first_row;
        before->first_us = slice.first_us < before->first_us ? slice.first_us : before->first_us;
        const enum tend_code code = tend__profile_merge(before->profile, slice.profile, err);
        tend__profile_free(slice.profile);
        if (code != TEND_OK) {
            for (size_t k = i + 1; k < rows->slice_count; k++) {
                rows->slices[kept++] = rows->slices[k];
            }
            rows->slice_count = kept;
            return code;
        }
    }
    rows->slice_count = kept;
    return TEND_OK;
}

/* Widens until the numbers from low to high, of today's width, fit beside those that are there. */
static enum tend_code make_fit(struct tend__break_rows *rows, int64_t low, int64_t high,
                               struct tend_error *err)
{
    for (;;) {
        int64_t first = low;
        int64_t last = high;
        if (rows->slice_count > 0) {
            const int64_t a = rows->slices[0].number;
            const int64_t b = rows->slices[rows->slice_count - 1].number;
            first = a < first ? a : first;
            last = b > last ? b : last;
        }
        if (last - first < TEND_BREAK_SLICES_MAX) {
            return TEND_OK;
        }
        TEND_TRY(widen(rows, err));
        low = number_at(low, 2);
        high = number_at(high, 2);
    }
}

static enum tend_code find_slice(struct tend__break_rows *rows, int64_t number, size_t *out,
                                 struct tend_error *err)
{
    size_t at = rows->slice_count;
    while (at > 0 && rows->slices[at - 1].number >= number) {
        at--;
    }
    *out = at;
    if (at < rows->slice_count && rows->slices[at].number == number) {
        return TEND_OK;
    }
    struct tend__profile *profile = NULL;
    TEND_TRY(tend__profile_new(rows->options.plan, &profile, err));
    memmove(&rows->slices[at + 1], &rows->slices[at],
            (rows->slice_count - at) * sizeof(*rows->slices));
    rows->slices[at] = (struct slice){
        .number = number, .first_row = UINT64_MAX, .first_us = INT64_MAX, .profile = profile};
    rows->slice_count++;
    return TEND_OK;
}

static const struct tend__column *times_of(const struct tend__break_rows *rows,
                                           const struct tend__batch *batch)
{
    return rows->time_idx != SIZE_MAX ? &batch->columns[rows->time_idx] : NULL;
}

static enum tend_code make_row_room(struct tend__break_rows *rows, size_t count,
                                    struct tend_error *err)
{
    if (count > rows->row_cap) {
        TEND_TRY(tend__mem_resize(&rows->numbers, count, sizeof(*rows->numbers), err));
        TEND_TRY(tend__mem_resize(&rows->order, count, sizeof(*rows->order), err));
        rows->row_cap = count;
    }
    return TEND_OK;
}

/* Numbers of the rows at a width of one: their times or places. NO_NUMBER without a time. */
static void read_places(const struct tend__column *times, uint64_t first_row, size_t count,
                        int64_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = times == NULL              ? (int64_t)(first_row + i)
                 : tend__is_valid(times, i) ? times->time_us[i]
                                            : NO_NUMBER;
    }
}

/* Rows of a batch that are all of one slice, in their order; `number` NO_NUMBER is the rest. */
struct part {
    const struct tend__batch *batch;
    const struct tend__column *times;
    int64_t number;
    const uint32_t *idx; /* NULL = all rows of the batch */
    size_t count;
};

/* The profile that the rows belong to; remembers where its rows begin. */
static enum tend_code find_profile(struct tend__break_rows *rows, const struct part *part,
                                   struct tend__profile **out, struct tend_error *err)
{
    size_t at = 0;
    if (part->number == NO_NUMBER) {
        if (rows->rest == NULL) {
            TEND_TRY(tend__profile_new(rows->options.plan, &rows->rest, err));
        }
        *out = rows->rest;
        return TEND_OK;
    }
    TEND_TRY(find_slice(rows, part->number, &at, err));
    struct slice *slice = &rows->slices[at];
    const uint64_t first = rows->row_count + (part->idx != NULL ? part->idx[0] : 0);
    slice->first_row = first < slice->first_row ? first : slice->first_row;
    for (size_t i = 0; part->times != NULL && i < part->count; i++) {
        const int64_t time_us = part->times->time_us[part->idx != NULL ? part->idx[i] : i];
        slice->first_us = time_us < slice->first_us ? time_us : slice->first_us;
    }
    *out = slice->profile;
    return TEND_OK;
}

static enum tend_code add_part(struct tend__break_rows *rows, const struct part *part,
                               struct tend_error *err)
{
    struct tend__batch batch = *part->batch;
    struct tend__profile *profile = NULL;
    const bool is_run =
        part->idx == NULL || part->idx[part->count - 1] - part->idx[0] == part->count - 1;
    if (is_run && part->count < batch.row_count) {
        batch = tend__batch_slice(part->batch, part->idx[0], part->count, rows->part_columns);
    } else if (!is_run) {
        TEND_TRY(tend__gather_rows(rows->gather, part->batch, part->idx, part->count, &batch, err));
    }
    TEND_TRY(find_profile(rows, part, &profile, err));
    return tend__profile_add(profile, &batch, err);
}

/* Rows of one slice after the other, each slice's in their order. */
static enum tend_code add_slices(struct tend__break_rows *rows, const struct tend__batch *kept,
                                 const struct tend__column *times, struct tend_error *err)
{
    const size_t n = kept->row_count;
    size_t done = 0;
    while (done < n) {
        size_t first = 0;
        while (rows->numbers[first] == INT64_MAX) {
            first++;
        }
        const int64_t number = rows->numbers[first];
        size_t count = 0;
        for (size_t i = first; i < n; i++) {
            if (rows->numbers[i] == number) {
                rows->order[count++] = (uint32_t)i;
                rows->numbers[i] = INT64_MAX; /* done */
            }
        }
        const struct part part = {
            .batch = kept, .times = times, .number = number, .idx = rows->order, .count = count};
        TEND_TRY(add_part(rows, &part, err));
        done += count;
    }
    return TEND_OK;
}

static enum tend_code slice_batch(struct tend__break_rows *rows, const struct tend__batch *batch,
                                  const struct tend__batch *kept, struct tend_error *err)
{
    const struct tend__column *times = times_of(rows, batch);
    int64_t low = INT64_MAX;
    int64_t high = INT64_MIN;
    bool has_gaps = false;
    TEND_TRY(make_row_room(rows, batch->row_count, err));
    read_places(times, rows->row_count, batch->row_count, rows->numbers);
    for (size_t i = 0; i < batch->row_count; i++) {
        const int64_t place = rows->numbers[i];
        has_gaps = has_gaps || place == NO_NUMBER;
        low = place != NO_NUMBER && place < low ? place : low;
        high = place > high ? place : high;
    }
    if (low <= high) {
        TEND_TRY(make_fit(rows, number_at(low, rows->width), number_at(high, rows->width), err));
    }
    const int64_t first = number_at(low, rows->width);
    if (low <= high && first == number_at(high, rows->width) && !has_gaps) {
        const struct part part = {
            .batch = kept, .times = times, .number = first, .count = batch->row_count};
        return add_part(rows, &part, err);
    }
    for (size_t i = 0; i < batch->row_count; i++) {
        if (rows->numbers[i] != NO_NUMBER) {
            rows->numbers[i] = number_at(rows->numbers[i], rows->width);
        }
    }
    return add_slices(rows, kept, times, err);
}

enum tend_code tend__break_rows_add(struct tend__break_rows *rows, const struct tend__batch *batch,
                                    struct tend_error *err)
{
    if (!rows->is_started) {
        TEND_TRY(start(rows, batch, err));
    }
    const struct tend__batch kept = leave_out(rows, batch);
    TEND_TRY(tend__row_sample_add(rows->sample, &kept, err));
    TEND_TRY(tend__repeats_add(rows->repeats, batch, err));
    if (rows->options.plan != NULL && batch->row_count > 0) {
        TEND_TRY(slice_batch(rows, batch, &kept, err));
    }
    rows->row_count += batch->row_count;
    return TEND_OK;
}

/* ---- the end ---- */

static enum tend_code sum_up(struct tend__break_rows *rows, struct tend_error *err)
{
    if (rows->options.plan == NULL) {
        return TEND_OK;
    }
    TEND_TRY(tend__profile_new(rows->options.plan, &rows->whole, err));
    if (rows->rest != NULL) {
        TEND_TRY(tend__profile_merge(rows->whole, rows->rest, err));
    }
    for (size_t i = 0; i < rows->slice_count; i++) {
        TEND_TRY(tend__profile_merge(rows->whole, rows->slices[i].profile, err));
    }
    return TEND_OK;
}

/* Sampled rows in the order of slices, those without a time first; counts where each slice begins.
 */
static enum tend_code order_sample(struct tend__break_rows *rows, struct tend__batch *sample,
                                   struct tend_error *err)
{
    const size_t n = sample->row_count;
    const char *time = rows->options.time_column;
    const size_t time_idx = rows->time_idx == SIZE_MAX
                                ? SIZE_MAX
                                : tend__fields_find(sample->fields, sample->column_count, time);
    const struct tend__column *times = time_idx != SIZE_MAX ? &sample->columns[time_idx] : NULL;
    const uint64_t *row_numbers = tend__row_sample_row_numbers(rows->sample);
    TEND_TRY(make_row_room(rows, n, err));
    read_places(times, 0, n, rows->numbers);
    for (size_t i = 0; i < n; i++) {
        const int64_t place = times == NULL ? (int64_t)row_numbers[i] : rows->numbers[i];
        rows->numbers[i] = place == NO_NUMBER ? NO_NUMBER : number_at(place, rows->width);
    }
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (rows->numbers[i] == NO_NUMBER) {
            rows->order[count++] = (uint32_t)i;
        }
    }
    for (size_t k = 0; k < rows->slice_count; k++) {
        rows->views[k].sample_first = count;
        for (size_t i = 0; i < n; i++) {
            if (rows->numbers[i] == rows->slices[k].number) {
                rows->order[count++] = (uint32_t)i;
            }
        }
    }
    const struct tend__batch all = *sample;
    return tend__gather_rows(rows->gather, &all, rows->order, count, sample, err);
}

enum tend_code tend__break_rows_finish(struct tend__break_rows *rows,
                                       struct tend__break_rows_result *out, struct tend_error *err)
{
    struct tend__break_rows_result result = {.slices = {.items = rows->views}};
    TEND_ASSERT(!rows->is_finished);
    rows->is_finished = true;
    TEND_TRY(sum_up(rows, err));
    tend__repeats_result(rows->repeats, &result.repeats);
    if (rows->sample != NULL) {
        tend__row_sample_view(rows->sample, &result.sample);
        if (rows->options.plan != NULL) {
            TEND_TRY(order_sample(rows, &result.sample, err));
        }
    }
    result.slices.count = rows->slice_count;
    result.slices.whole = rows->whole;
    for (size_t i = 0; i < rows->slice_count; i++) {
        const struct slice *slice = &rows->slices[i];
        rows->views[i].profile = slice->profile;
        rows->views[i].first_us = slice->first_us == INT64_MAX ? 0 : slice->first_us;
        rows->views[i].first_row = slice->first_row;
    }
    *out = result;
    return TEND_OK;
}

struct tend__profile *tend__break_rows_take_profile(struct tend__break_rows *rows)
{
    struct tend__profile *whole = rows->whole;
    rows->whole = NULL;
    return whole;
}
