/* SPDX-License-Identifier: Apache-2.0 */
/* check.c: profiles both data sets, judges drift and breaks. */
#include "judge/check.h"

#include "base/civil.h"
#include "base/mem.h"
#include "profile/id_table.h"

#include <math.h>
#include <string.h>

#define HISTORY_MIN 3
#define EDGE_PARTS 20 /* an edge that lacks more than a twentieth of a window is partial */

const char *tend__verdict_text(enum tend__verdict verdict)
{
    switch (verdict) {
    case TEND_VERDICT_OK:
        return "ok";
    case TEND_VERDICT_DRIFT:
        return "drift";
    case TEND_VERDICT_BREAK:
        return "break";
    case TEND_VERDICT_VIOLATION:
        return "violation";
    }
    return "ok";
}

void tend__check_set_contract(struct tend__check *check,
                              const struct tend__contract_outcome *outcome)
{
    check->contract = *outcome;
    if (outcome->violated_count > 0 && check->verdict != TEND_VERDICT_BREAK) {
        check->verdict = TEND_VERDICT_VIOLATION;
    }
}

const char *tend__check_break_column(const struct tend__check *check,
                                     const struct tend__break *found)
{
    if (found->column_idx != TEND_BREAK_NO_COLUMN) {
        return tend__plan_column(tend__profile_plan(check->ref), found->column_idx)->name;
    }
    return found->kind == TEND_BREAK_NEW_COLUMN ? found->to : "";
}

bool tend__check_break_is_exact(const struct tend__break *found)
{
    return found->kind == TEND_BREAK_NEW_COLUMN || found->kind == TEND_BREAK_MISSING_COLUMN ||
           found->kind == TEND_BREAK_TYPE_CHANGE;
}

/* ---- profiles ---- */

struct run {
    const struct tend__check_options *options;
    const struct tend__check_input *ref_in;
    const struct tend__check_input *cur_in;
    struct tend__check *check;
};

static enum tend_code add_reference(void *ctx, const struct tend__batch *batch,
                                    struct tend_error *err)
{
    const struct run *run = ctx;
    if (run->ref_in->also != NULL) {
        TEND_TRY(run->ref_in->also(run->ref_in->also_ctx, batch, err));
    }
    return tend__break_rows_add(run->check->ref_rows, batch, err);
}

static enum tend_code profile_reference(struct run *run, struct tend_error *err)
{
    if (run->check->ref_is_profile) {
        return TEND_OK;
    }
    const struct tend__break_rows_options rows = {.skip_column = run->options->id_column};
    const struct tend__rows_profile_options options = {
        .skip_column = run->options->id_column,
        .bin_max = run->options->bin_max,
        .also = add_reference,
        .also_ctx = run,
    };
    TEND_TRY(tend__break_rows_new(&rows, &run->check->ref_rows, err));
    return tend__rows_profile(run->ref_in->rows, &options, &run->check->ref, err);
}

/* What is watched while the current rows pass. */
struct current_pass {
    const struct run *run;
    struct tend__id_table ids;
    uint64_t row_count;
    int64_t last_us; /* of the row before; INT64_MIN at the start */
};

static enum tend_code watch_ids(struct current_pass *pass, const struct tend__batch *batch,
                                struct tend_error *err)
{
    struct tend__check_rows *rows = &pass->run->check->rows;
    const char *id = pass->run->options->id_column;
    const size_t idx =
        id == NULL ? SIZE_MAX : tend__fields_find(batch->fields, batch->column_count, id);
    rows->ids_are_known = idx != SIZE_MAX && batch->columns[idx].type != TEND_TYPE_VECTOR &&
                          pass->row_count <= TEND_CHECK_ID_MAX;
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
    struct tend__check_rows *rows = &pass->run->check->rows;
    const char *name = pass->run->options->time_column;
    const size_t idx =
        name == NULL ? SIZE_MAX : tend__fields_find(batch->fields, batch->column_count, name);
    rows->times_are_known = idx != SIZE_MAX && batch->columns[idx].type == TEND_TYPE_TIME;
    for (size_t i = 0; rows->times_are_known && i < batch->row_count; i++) {
        if (!tend__is_valid(&batch->columns[idx], i)) {
            continue;
        }
        const int64_t time_us = batch->columns[idx].time_us[i];
        rows->future_count += time_us > pass->run->options->now_us ? 1 : 0;
        rows->disorder_count += time_us < pass->last_us ? 1 : 0;
        pass->last_us = time_us;
    }
}

static enum tend_code add_current(void *ctx, const struct tend__batch *batch,
                                  struct tend_error *err)
{
    struct current_pass *pass = ctx;
    const struct tend__check_input *in = pass->run->cur_in;
    pass->row_count += batch->row_count;
    if (in->also != NULL) {
        TEND_TRY(in->also(in->also_ctx, batch, err));
    }
    TEND_TRY(watch_ids(pass, batch, err));
    watch_times(pass, batch);
    TEND_TRY(tend__break_rows_add(pass->run->check->cur_rows, batch, err));
    return tend__novelty_add(pass->run->check->novelty, batch, err);
}

static enum tend_code profile_current(const struct run *run, struct tend_error *err)
{
    struct tend__check *check = run->check;
    struct tend__plan *plan = tend__profile_plan(check->ref);
    if (check->cur_is_profile) {
        const enum tend_code code = tend__plan_match(plan, tend__profile_plan(check->cur), err);
        if (code != TEND_OK) {
            tend__error_prefix(err, "%s: was not made with the plan of %s; make it with --plan",
                               check->cur_name, check->ref_name);
        }
        return code;
    }
    struct current_pass pass = {.run = run, .last_us = INT64_MIN};
    const char *id = run->options->id_column;
    if (id != NULL && tend__plan_find(plan, id) != SIZE_MAX) {
        id = NULL; /* a profile that was made without a configuration has it: then both have it */
    }
    const struct tend__break_rows_options rows = {
        .plan = plan, .time_column = run->options->time_column, .skip_column = id};
    TEND_TRY(tend__break_rows_new(&rows, &check->cur_rows, err));
    TEND_TRY(tend__novelty_new(plan, &check->novelty, err));
    enum tend_code code = run->cur_in->rows->each(run->cur_in->rows->ctx, add_current, &pass, err);
    tend__id_table_deinit(&pass.ids);
    if (code == TEND_OK) {
        code = tend__break_rows_finish(check->cur_rows, &check->cur_found, err);
    }
    if (code == TEND_OK) {
        check->cur = tend__break_rows_take_profile(check->cur_rows);
    }
    return code;
}

/* ---- history: windows of the reference as long as the current data ---- */

struct history_pass {
    struct tend__check *check;
    const char *time_column;
    int64_t first_us;
    int64_t step_us;
    size_t count;
    struct tend__column *columns; /* of one window's part of a batch */
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
    const size_t time_idx =
        tend__fields_find(batch->fields, batch->column_count, pass->time_column);
    if (time_idx == SIZE_MAX || batch->columns[time_idx].type != TEND_TYPE_TIME) {
        return TEND_OK;
    }
    if (pass->columns == NULL) {
        TEND_TRY(tend__mem_new(batch->column_count, sizeof(*pass->columns), &pass->columns, err));
    }
    const struct tend__column *times = &batch->columns[time_idx];
    size_t start = 0;
    while (start < batch->row_count) {
        const size_t window = window_of(pass, times, start);
        size_t end = start + 1;
        while (end < batch->row_count && window_of(pass, times, end) == window) {
            end++;
        }
        if (window != SIZE_MAX) {
            for (size_t k = 0; k < batch->column_count; k++) {
                pass->columns[k] = tend__column_from(&batch->columns[k], start);
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
static size_t plan_history(const struct run *run, int64_t *first_us, int64_t *step_us)
{
    const int64_t every = run->options->window_us;
    const char *time_column = run->options->time_column;
    int64_t ref_first = 0;
    int64_t ref_last = 0;
    int64_t cur_first = 0;
    int64_t cur_last = 0;
    if (!time_range(run->check->ref, time_column, &ref_first, &ref_last) ||
        !time_range(run->check->cur, time_column, &cur_first, &cur_last)) {
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

static enum tend_code profile_history(const struct run *run, struct tend_error *err)
{
    struct tend__check *check = run->check;
    struct history_pass pass = {.check = check, .time_column = run->options->time_column};
    if (pass.time_column == NULL || run->options->window_us <= 0 || check->ref_is_profile) {
        return TEND_OK;
    }
    pass.count = plan_history(run, &pass.first_us, &pass.step_us);
    if (pass.count == 0) {
        return TEND_OK;
    }
    for (size_t i = 0; i < pass.count; i++) {
        TEND_TRY(tend__profile_new(tend__profile_plan(check->ref), &check->history[i], err));
        check->history_count = i + 1;
    }
    const enum tend_code code =
        run->ref_in->rows->each(run->ref_in->rows->ctx, add_history, &pass, err);
    tend__mem_free(pass.columns);
    return code;
}

/* ---- judgement ---- */

/* An id that is in both profiles differs by its nature: it neither drifts nor breaks. */
static void leave_out_id(struct tend__check *check, const char *id)
{
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

/* Columns, and whole rows where both sides have them. */
static enum tend_code judge_drift(const struct run *run, const struct tend__batch *ref_rows,
                                  const struct tend__batch *cur_rows, struct tend_error *err)
{
    struct tend__check *check = run->check;
    const struct tend__check_options *options = run->options;
    /* Outcomes that have not come yet would tell the sides apart. */
    const char *skipped[] = {options->id_column,
                             options->label_may_be_pending ? options->label_column : NULL};
    const struct tend__multivariate_options multivariate = {
        .skipped = skipped, .skipped_count = TEND_ARRAY_LEN(skipped)};
    check->column_count = tend__plan_column_count(tend__profile_plan(check->ref));
    TEND_TRY(tend__mem_new(check->column_count, sizeof(*check->drift), &check->drift, err));
    TEND_TRY(tend__drift_compare(check->ref, check->cur, &options->drift, check->drift,
                                 check->column_count, err));
    TEND_TRY(
        tend__multivariate_compare(ref_rows, cur_rows, &multivariate, &check->multivariate, err));
    const struct tend__multivariate_test *parts[] = {&check->multivariate.domain,
                                                     &check->multivariate.pca};
    struct tend__drift_test tests[2];
    for (size_t i = 0; i < 2; i++) {
        tests[i] = (struct tend__drift_test){.is_judged = parts[i]->is_there,
                                             .p_value = parts[i]->p_value,
                                             .effect = parts[i]->effect,
                                             .tolerance = TEND_MULTIVARIATE_TOLERANCE};
    }
    TEND_TRY(tend__drift_decide(&options->drift, check->drift, check->column_count, tests, 2, err));
    check->domain_test = tests[0];
    check->pca_test = tests[1];
    return TEND_OK;
}

static enum tend_code judge(const struct run *run, struct tend_error *err)
{
    struct tend__check *check = run->check;
    const struct tend__profile *history[TEND_CHECK_HISTORY_MAX];
    for (size_t i = 0; i < check->history_count; i++) {
        history[i] = check->history[i];
    }
    struct tend__break_rows_result ref = {0};
    if (check->ref_rows != NULL) {
        TEND_TRY(tend__break_rows_finish(check->ref_rows, &ref, err));
    }
    const struct tend__break_rows_result *cur = &check->cur_found;
    const uint64_t row_count = tend__profile_row_count(check->cur);
    const struct tend__break_options breaks = {
        .history = history,
        .history_count = check->history_count,
        .novelty = check->novelty,
        .ref_rows = ref.sample,
        .cur_rows = cur->sample,
        .ref_repeats = ref.repeats,
        .cur_repeats = cur->repeats,
        .repeated_id_share = check->rows.ids_are_known && row_count > 0
                                 ? (double)check->rows.duplicate_count / (double)row_count
                                 : 0,
        .label_column = run->options->label_column,
        .score_column = run->options->score_column,
        .label_may_be_pending = run->options->label_may_be_pending,
    };
    TEND_TRY(judge_drift(run, &ref.sample, &cur->sample, err));
    struct tend__break_slices slices = cur->slices;
    slices.whole = check->cur;
    struct tend__break_list found = {.items = check->breaks, .max = TEND_CHECK_BREAK_MAX};
    TEND_TRY(tend__breaks_find_slices(check->ref, &slices, &breaks, &found, err));
    check->break_count = found.count;
    leave_out_id(check, run->options->id_column);
    for (size_t i = 0; i < check->column_count; i++) {
        check->drifted_count += check->drift[i].drifted ? 1 : 0;
    }
    check->verdict = TEND_VERDICT_OK;
    if (check->break_count > 0) {
        check->verdict = TEND_VERDICT_BREAK;
    } else if (check->drifted_count > 0 || check->domain_test.drifted || check->pca_test.drifted) {
        check->verdict = TEND_VERDICT_DRIFT;
    }
    return TEND_OK;
}

enum tend_code tend__check_run(const struct tend__check_options *options,
                               const struct tend__check_input *ref,
                               const struct tend__check_input *cur, struct tend__check *out,
                               struct tend_error *err)
{
    struct run run = {.options = options, .ref_in = ref, .cur_in = cur, .check = out};
    out->ref_name = ref->name;
    out->cur_name = cur->name;
    out->ref_is_profile = ref->profile != NULL;
    out->cur_is_profile = cur->profile != NULL;
    out->ref = ref->profile;
    out->cur = cur->profile;
    TEND_ASSERT(ref->window_count <= TEND_CHECK_HISTORY_MAX);
    for (size_t i = 0; i < ref->window_count; i++) {
        out->history[i] = ref->windows[i];
    }
    out->history_count = ref->window_count;
    TEND_TRY(profile_reference(&run, err));
    TEND_TRY(profile_current(&run, err));
    TEND_TRY(profile_history(&run, err));
    return judge(&run, err);
}

void tend__check_deinit(struct tend__check *check)
{
    tend__novelty_free(check->novelty);
    tend__break_rows_free(check->ref_rows);
    tend__break_rows_free(check->cur_rows);
    tend__profile_free(check->ref);
    tend__profile_free(check->cur);
    for (size_t i = 0; i < check->history_count; i++) {
        tend__profile_free(check->history[i]);
    }
    tend__mem_free(check->drift);
    *check = (struct tend__check){0};
}
