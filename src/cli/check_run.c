/* SPDX-License-Identifier: Apache-2.0 */
/* check_run.c: opens both data sets of tend check and has them compared. */
#include "cli/check_job.h"
#include "cli/store.h"

#include "base/civil.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HISTORY_MIN 3 /* windows of a reference that say what is natural */

/* Remembers the fields of a data set and looks at its labels, while its first pass goes by. */
static enum tend_code watch_side(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    struct tend__check_side *side = ctx;
    if (side->contract != NULL) {
        TEND_TRY(tend__contract_job_add(side->contract, batch, err));
    }
    if (side->fields == NULL) {
        TEND_TRY(tend__fields_copy(batch->fields, batch->column_count, &side->fields, err));
        side->field_count = batch->column_count;
    }
    const size_t idx = side->label == NULL
                           ? SIZE_MAX
                           : tend__fields_find(batch->fields, batch->column_count, side->label);
    if (idx == SIZE_MAX || batch->fields[idx].type == TEND_TYPE_TEXT ||
        batch->fields[idx].type == TEND_TYPE_TIME) {
        return TEND_OK;
    }
    side->label_is_number =
        side->label_is_number || tend__labels_are_numbers(&batch->columns[idx], batch->row_count);
    return TEND_OK;
}

static int64_t now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * TEND_US_PER_SECOND;
}

/* A long first pass over REF would be in vain: a path of CUR that cannot be opened is told before.
 */
static enum tend_code look_at(struct tend__check_job *job, const char *path, struct tend_error *err)
{
    struct tend__field *fields = NULL;
    struct tend__selection selection;
    size_t count = 0;
    if (strcmp(path, "-") == 0 || access(path, R_OK) == 0 ||
        tend__selection_parse(path, &selection)) {
        return TEND_OK;
    }
    TEND_TRY(tend__data_fields(job->lake, path, NULL, &fields, &count, err));
    tend__fields_free(fields, count);
    return TEND_OK;
}

/* Windows of a store that is the reference, as long as the current profile: what is natural for
 * them. Too few say nothing. */
static enum tend_code read_history(const struct tend__check_job *job,
                                   const struct tend__profile *cur,
                                   struct tend__window_profiles *out, struct tend_error *err)
{
    struct tend__selection selection;
    const struct tend__profile_label *label = cur == NULL ? NULL : tend__profile_label(cur);
    out->count = 0;
    if (label == NULL || !label->has_window ||
        !tend__selection_parse(job->ref_side.path, &selection) || selection.is_reference) {
        return TEND_OK;
    }
    const int64_t span_us = label->window_end_us - label->window_start_us;
    const enum tend_code code = tend__selection_windows(job->lake, &selection, span_us, out, err);
    if (code != TEND_OK || out->count < HISTORY_MIN) {
        for (size_t i = 0; i < out->count; i++) {
            tend__profile_free(out->profiles[i]);
        }
        out->count = 0;
    }
    return code;
}

/* The contract of tend.yaml or --contract, where the current side has rows. */
static enum tend_code begin_contract(struct tend__check_job *job,
                                     const struct tend__profile *cur_profile,
                                     struct tend_error *err)
{
    job->contract.app = job->app;
    job->contract.lake = job->lake;
    TEND_TRY(tend__contract_job_find(&job->contract, job->config, err));
    if (job->contract.config == NULL) {
        return TEND_OK;
    }
    if (cur_profile != NULL) {
        tend__app_note(job->app,
                       "%s is a profile: the contract of %s is not checked, it needs rows",
                       job->cur_side.path, job->contract.config->path);
        return TEND_OK;
    }
    job->contract.time_column = job->config != NULL ? job->config->time : NULL;
    TEND_TRY(tend__contract_job_begin(&job->contract, job->cur_side.path, err));
    job->cur_side.contract = &job->contract;
    return TEND_OK;
}

enum tend_code tend__check_job_run(struct tend__check_job *job, struct tend_error *err)
{
    const struct tend__config *config = job->config;
    const struct tend__check_options options = {
        .time_column = config != NULL ? config->time : NULL,
        .id_column = config != NULL ? config->id : NULL,
        .label_column = config != NULL ? config->label.column : NULL,
        .score_column = config != NULL ? config->score.text : NULL,
        .label_may_be_pending = config != NULL && config->label.known_after_us > 0,
        .window_us = config != NULL ? config->window_us : 0,
        .now_us = now_us(),
        .bin_max = tend__args_count(job->app->args, TEND_OPTION_BINS, 0),
        .drift = {.fdr = tend__args_number(job->app->args, TEND_OPTION_FDR, 0)},
    };
    struct tend__check_side *sides[] = {&job->ref_side, &job->cur_side};
    struct tend__data_rows data[2];
    struct tend__rows rows[2];
    struct tend__check_input inputs[2];
    struct tend__profile *windows[TEND_CHECK_HISTORY_MAX];
    struct tend__window_profiles history = {.profiles = windows, .max = TEND_CHECK_HISTORY_MAX};
    TEND_TRY(look_at(job, job->cur_side.path, err));
    for (size_t i = 0; i < 2; i++) {
        sides[i]->label = config != NULL ? config->label.column : NULL;
        data[i] = (struct tend__data_rows){
            .app = job->app,
            .lake = job->lake,
            .stream = {.path = sides[i]->path, .time_column = options.time_column}};
        rows[i] = (struct tend__rows){.each = tend__data_rows_each, .ctx = &data[i]};
        inputs[i] = (struct tend__check_input){.name = tend__data_name(sides[i]->path),
                                               .rows = &rows[i],
                                               .also = watch_side,
                                               .also_ctx = sides[i]};
    }
    TEND_TRY(tend__data_read_profile(job->lake, job->ref_side.path, &inputs[0].profile, err));
    enum tend_code code =
        tend__data_read_profile(job->lake, job->cur_side.path, &inputs[1].profile, err);
    if (code == TEND_OK) {
        code = begin_contract(job, inputs[1].profile, err);
    }
    if (code == TEND_OK) {
        code = read_history(job, inputs[1].profile, &history, err);
    }
    inputs[0].windows = windows;
    inputs[0].window_count = history.count;
    if (code != TEND_OK) {
        tend__profile_free(inputs[0].profile);
        tend__profile_free(inputs[1].profile);
        return code;
    }
    TEND_TRY(tend__check_run(&options, &inputs[0], &inputs[1], &job->check, err));
    if (job->cur_side.contract != NULL) {
        tend__contract_job_end(&job->contract);
        tend__check_set_contract(&job->check, &job->contract.outcome);
    }
    if (config != NULL) {
        (void)snprintf(job->check.config_hash, sizeof(job->check.config_hash), "%s", config->hash);
    }
    TEND_TRY(tend__check_job_replay(job, err));
    return tend__check_job_value(job, err);
}

void tend__check_job_deinit(struct tend__check_job *job)
{
    tend__check_deinit(&job->check);
    tend__contract_job_deinit(&job->contract);
    tend__fields_free(job->ref_side.fields, job->ref_side.field_count);
    tend__fields_free(job->cur_side.fields, job->cur_side.field_count);
    tend__config_free(job->config);
    tend__lake_free(job->lake);
}
