/* SPDX-License-Identifier: Apache-2.0 */
/* check_run.c: profiles both data sets, judges drift and breaks. */
#include "base/civil.h"
#include "base/mem.h"
#include "cli/check.h"
#include "cli/id_table.h"
#include "judge/novelty.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define HISTORY_MIN 3
#define EDGE_PARTS 20 /* an edge that lacks more than a twentieth of a window is partial */

/* ---- profiles ---- */

static const char *time_column(const struct tend__check *check)
{
    return check->config != NULL ? check->config->time : NULL;
}

/* The id says nothing about a distribution: it is left out of profiles. */
static const char *skipped_column(const struct tend__check *check)
{
    return check->config != NULL ? check->config->id : NULL;
}

/* Remembers the fields of a data set and looks at its labels, while its first pass goes by. */
static enum tend_code watch_side(const struct tend__check *check, struct tend__check_side *side,
                                 const struct tend__batch *batch, struct tend_error *err)
{
    const char *label = check->config != NULL ? check->config->label.column : NULL;
    if (side->fields == NULL) {
        TEND_TRY(tend__data_fields_copy(batch->fields, batch->column_count, &side->fields, err));
        side->field_count = batch->column_count;
    }
    const size_t idx =
        label == NULL ? SIZE_MAX : tend__data_find(batch->fields, batch->column_count, label);
    if (idx == SIZE_MAX || batch->fields[idx].type == TEND_TYPE_TEXT ||
        batch->fields[idx].type == TEND_TYPE_TIME) {
        return TEND_OK;
    }
    side->label_is_number =
        side->label_is_number || tend__labels_are_numbers(&batch->columns[idx], batch->row_count);
    return TEND_OK;
}

static enum tend_code add_reference(void *ctx, const struct tend__batch *batch,
                                    struct tend_error *err)
{
    struct tend__check *check = ctx;
    return watch_side(check, &check->ref_side, batch, err);
}

static enum tend_code profile_reference(struct tend__check *check, struct tend_error *err)
{
    TEND_TRY(tend__data_read_profile(check->lake, check->ref_path, &check->ref, err));
    check->ref_is_profile = check->ref != NULL;
    if (check->ref_is_profile) {
        return TEND_OK;
    }
    const struct tend__data_profile options = {
        .path = check->ref_path,
        .time_column = time_column(check),
        .skip_column = skipped_column(check),
        .bin_max = tend__args_count(check->app->args, TEND_OPTION_BINS, 0),
        .also = add_reference,
        .also_ctx = check,
    };
    return tend__data_profile(check->app, check->lake, &options, &check->ref, err);
}

/* What is watched while the current rows pass. */
struct current_pass {
    struct tend__check *check;
    struct tend__id_table ids;
    uint64_t row_count;
    int64_t now_us;
    int64_t last_us; /* of the row before; INT64_MIN at the start */
};

static int64_t now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * TEND_US_PER_SECOND;
}

static enum tend_code watch_ids(struct current_pass *pass, const struct tend__batch *batch,
                                struct tend_error *err)
{
    struct tend__check_rows *rows = &pass->check->rows;
    const char *id = skipped_column(pass->check);
    const size_t idx =
        id == NULL ? SIZE_MAX : tend__data_find(batch->fields, batch->column_count, id);
    rows->ids_are_known = idx != SIZE_MAX && pass->row_count <= TEND_CHECK_ID_MAX;
    if (!rows->ids_are_known || batch->columns[idx].type == TEND_TYPE_NULL) {
        return TEND_OK;
    }
    for (size_t i = 0; i < batch->row_count; i++) {
        struct tend__id_slot *slot = NULL;
        bool is_new = true;
        if (tend__is_valid(&batch->columns[idx], i)) {
            TEND_TRY(tend__id_table_put(&pass->ids, &batch->columns[idx], i, &slot, &is_new, err));
        }
        rows->duplicate_count += is_new ? 0 : 1;
    }
    return TEND_OK;
}

static void watch_times(struct current_pass *pass, const struct tend__batch *batch)
{
    struct tend__check_rows *rows = &pass->check->rows;
    const char *name = time_column(pass->check);
    const size_t idx =
        name == NULL ? SIZE_MAX : tend__data_find(batch->fields, batch->column_count, name);
    rows->times_are_known = idx != SIZE_MAX && batch->columns[idx].type == TEND_TYPE_TIME;
    for (size_t i = 0; rows->times_are_known && i < batch->row_count; i++) {
        if (!tend__is_valid(&batch->columns[idx], i)) {
            continue;
        }
        const int64_t time_us = batch->columns[idx].time_us[i];
        rows->future_count += time_us > pass->now_us ? 1 : 0;
        rows->disorder_count += time_us < pass->last_us ? 1 : 0;
        pass->last_us = time_us;
    }
}

static enum tend_code add_current(void *ctx, const struct tend__batch *batch,
                                  struct tend_error *err)
{
    struct current_pass *pass = ctx;
    pass->row_count += batch->row_count;
    TEND_TRY(watch_side(pass->check, &pass->check->cur_side, batch, err));
    TEND_TRY(watch_ids(pass, batch, err));
    watch_times(pass, batch);
    return tend__novelty_add(pass->check->novelty, batch, err);
}

static enum tend_code profile_current(struct tend__check *check, struct tend_error *err)
{
    TEND_TRY(tend__data_read_profile(check->lake, check->cur_path, &check->cur, err));
    check->cur_is_profile = check->cur != NULL;
    if (check->cur_is_profile) {
        const enum tend_code code =
            tend__plan_match(tend__profile_plan(check->ref), tend__profile_plan(check->cur), err);
        if (code != TEND_OK) {
            tend__error_prefix(err, "%s: was not made with the plan of %s; make it with --plan",
                               check->cur_path, check->ref_path);
        }
        return code;
    }
    struct current_pass pass = {.check = check, .now_us = now_us(), .last_us = INT64_MIN};
    const char *id = skipped_column(check);
    if (id != NULL && tend__plan_find(tend__profile_plan(check->ref), id) != SIZE_MAX) {
        id = NULL; /* a profile that was made without tend.yaml has it: then both have it */
    }
    TEND_TRY(tend__novelty_new(tend__profile_plan(check->ref), &check->novelty, err));
    const struct tend__data_profile options = {
        .path = check->cur_path,
        .time_column = time_column(check),
        .skip_column = id,
        .plan = tend__profile_plan(check->ref),
        .also = add_current,
        .also_ctx = &pass,
    };
    const enum tend_code code =
        tend__data_profile(check->app, check->lake, &options, &check->cur, err);
    tend__id_table_deinit(&pass.ids);
    return code;
}

/* ---- history: windows of the reference as long as the current data ---- */

struct history_pass {
    struct tend__check *check;
    size_t time_idx; /* in the batches */
    int64_t first_us;
    int64_t step_us;
    size_t count;
    struct tend__column *columns; /* of one window's part of a batch */
    size_t column_count;
};

static bool time_range(const struct tend__profile *profile, const char *name, int64_t *first,
                       int64_t *last)
{
    const size_t idx = tend__plan_find(tend__profile_plan(profile), name);
    if (idx == SIZE_MAX) {
        return false;
    }
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    *first = column->min_us;
    *last = column->max_us;
    return column->min_us <= column->max_us;
}

static void slice_column(const struct tend__column *from, size_t start, struct tend__column *out)
{
    *out = *from;
    out->f64 = from->f64 == NULL ? NULL : from->f64 + start;
    out->bools = from->bools == NULL ? NULL : from->bools + start;
    out->text = from->text == NULL ? NULL : from->text + start;
    out->time_us = from->time_us == NULL ? NULL : from->time_us + start;
    out->valid = from->valid == NULL ? NULL : from->valid + start;
}

/* Which window a row is in; SIZE_MAX for none of the whole ones. */
static size_t window_of(const struct history_pass *pass, const struct tend__column *times, size_t i)
{
    if (!tend__is_valid(times, i) || times->time_us[i] < pass->first_us) {
        return SIZE_MAX;
    }
    const int64_t at = (times->time_us[i] - pass->first_us) / pass->step_us;
    return at < (int64_t)pass->count ? (size_t)at : SIZE_MAX;
}

/* Adds runs of rows of one window at a time. */
static enum tend_code add_history(void *ctx, const struct tend__batch *batch,
                                  struct tend_error *err)
{
    struct history_pass *pass = ctx;
    const struct tend__column *times = &batch->columns[pass->time_idx];
    if (times->type != TEND_TYPE_TIME) {
        return TEND_OK;
    }
    size_t start = 0;
    while (start < batch->row_count) {
        const size_t window = window_of(pass, times, start);
        size_t end = start + 1;
        while (end < batch->row_count && window_of(pass, times, end) == window) {
            end++;
        }
        if (window != SIZE_MAX) {
            for (size_t k = 0; k < batch->column_count; k++) {
                slice_column(&batch->columns[k], start, &pass->columns[k]);
            }
            const struct tend__batch part = {.row_count = end - start,
                                             .column_count = batch->column_count,
                                             .fields = batch->fields,
                                             .columns = pass->columns};
            TEND_TRY(tend__profile_add(pass->check->history[window], &part, err));
        }
        start = end;
    }
    return TEND_OK;
}

/* Whole windows of the reference that are as long as the current data: how many, from when. 0 where
 * that is too few. */
static size_t plan_history(const struct tend__check *check, int64_t *first_us, int64_t *step_us)
{
    const int64_t every = check->config->window_us;
    int64_t ref_first = 0;
    int64_t ref_last = 0;
    int64_t cur_first = 0;
    int64_t cur_last = 0;
    if (!time_range(check->ref, check->config->time, &ref_first, &ref_last) ||
        !time_range(check->cur, check->config->time, &cur_first, &cur_last)) {
        return 0;
    }
    const int64_t length =
        tend__time_floor(cur_last, every) - tend__time_floor(cur_first, every) + 1;
    int64_t start = tend__time_floor(ref_first, every);
    int64_t end = tend__time_floor(ref_last, every) + 1;
    /* Windows at the edges that the reference covers in part would look like days of few rows. */
    start += ref_first - start * every > every / EDGE_PARTS ? 1 : 0;
    end -= end * every - ref_last > every / EDGE_PARTS ? 1 : 0;
    const int64_t room = end - start;
    const int64_t count = room / length;
    *first_us = start * every;
    *step_us = length * every;
    if (count < HISTORY_MIN) {
        return 0;
    }
    return count < TEND_CHECK_HISTORY_MAX ? (size_t)count : TEND_CHECK_HISTORY_MAX;
}

static enum tend_code profile_history(struct tend__check *check, struct tend_error *err)
{
    struct history_pass pass = {.check = check};
    enum tend_code code = TEND_OK;
    if (time_column(check) == NULL || check->ref_is_profile) {
        return TEND_OK;
    }
    pass.count = plan_history(check, &pass.first_us, &pass.step_us);
    if (pass.count == 0) {
        return TEND_OK;
    }
    pass.column_count = check->ref_side.field_count;
    TEND_TRY_OUT(tend__mem_new(pass.column_count, sizeof(*pass.columns), &pass.columns, err));
    pass.time_idx = tend__data_find(check->ref_side.fields, pass.column_count, time_column(check));
    for (size_t i = 0; i < pass.count; i++) {
        TEND_TRY_OUT(tend__profile_new(tend__profile_plan(check->ref), &check->history[i], err));
        check->history_count = i + 1;
    }
    const struct tend__data_stream stream = {
        .path = check->ref_path, .time_column = time_column(check), .is_again = true};
    code = tend__data_each(check->app, check->lake, &stream, add_history, &pass, err);
out:
    tend__mem_free(pass.columns);
    return code;
}

/* ---- judgement ---- */

/* An id that is in both profiles differs by its nature: it neither drifts nor breaks. */
static void leave_out_id(struct tend__check *check)
{
    const char *id = skipped_column(check);
    const size_t idx = id == NULL ? SIZE_MAX : tend__plan_find(tend__profile_plan(check->ref), id);
    size_t kept = 0;
    if (idx == SIZE_MAX) {
        return;
    }
    check->drift[idx].drifted = false;
    check->drift[idx].is_judged = false;
    for (size_t i = 0; i < check->break_count; i++) {
        if (check->breaks[i].column_idx != idx) {
            check->breaks[kept++] = check->breaks[i];
        }
    }
    check->break_count = kept;
}

static enum tend_code judge(struct tend__check *check, struct tend_error *err)
{
    const struct tend__drift_options drift = {
        .fdr = tend__args_number(check->app->args, TEND_OPTION_FDR, 0)};
    const struct tend__profile *history[TEND_CHECK_HISTORY_MAX];
    for (size_t i = 0; i < check->history_count; i++) {
        history[i] = check->history[i];
    }
    const struct tend__break_options breaks = {
        .history = history, .history_count = check->history_count, .novelty = check->novelty};
    check->column_count = tend__plan_column_count(tend__profile_plan(check->ref));
    TEND_TRY(tend__mem_new(check->column_count, sizeof(*check->drift), &check->drift, err));
    TEND_TRY(tend__drift_compare(check->ref, check->cur, &drift, check->drift, check->column_count,
                                 err));
    struct tend__break_list found = {.items = check->breaks, .max = TEND_CHECK_BREAK_MAX};
    TEND_TRY(tend__breaks_find(check->ref, check->cur, &breaks, &found, err));
    check->break_count = found.count;
    leave_out_id(check);
    for (size_t i = 0; i < check->column_count; i++) {
        check->drifted_count += check->drift[i].drifted ? 1 : 0;
    }
    check->verdict = TEND_VERDICT_OK;
    if (check->break_count > 0) {
        check->verdict = TEND_VERDICT_BREAK;
    } else if (check->drifted_count > 0) {
        check->verdict = TEND_VERDICT_DRIFT;
    }
    return TEND_OK;
}

enum tend_code tend__check_run(struct tend__check *check, struct tend_error *err)
{
    TEND_TRY(profile_reference(check, err));
    TEND_TRY(profile_current(check, err));
    TEND_TRY(profile_history(check, err));
    TEND_TRY(judge(check, err));
    return tend__check_estimate(check, err);
}

void tend__check_deinit(struct tend__check *check)
{
    tend__novelty_free(check->novelty);
    tend__profile_free(check->ref);
    tend__profile_free(check->cur);
    for (size_t i = 0; i < check->history_count; i++) {
        tend__profile_free(check->history[i]);
    }
    tend__data_fields_free(check->ref_side.fields, check->ref_side.field_count);
    tend__data_fields_free(check->cur_side.fields, check->cur_side.field_count);
    tend__mem_free(check->drift);
    tend__config_free(check->config);
    tend__lake_free(check->lake);
    *check = (struct tend__check){0};
}
