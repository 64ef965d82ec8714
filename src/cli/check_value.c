/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_value.c: what the current rows were worth, and what they were estimated to be worth before
 * their outcomes.
 *
 * The estimate is judge/value_estimate.h's: its curve and its interval come from the reference's
 * windows, so it needs a time, a score and labels there. The windows of the current data are
 * estimated one by one and added up by rows; their half widths are added too, since errors of
 * neighbouring windows go together (evidence: adding covers 1.00, the square root rule .64 to .82).
 */
#include "base/civil.h"
#include "base/mem.h"
#include "cli/check_job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define COVERAGE 0.9
#define WINDOW_ROW_MAX ((size_t)1 << 27)

/* ---- one window's rows ---- */

struct window_rows {
    int64_t idx;
    size_t count;
    size_t cap;
    double *score;
    double *delta;
    double *v0;
    double *labelled_score; /* of the rows whose label is known */
    uint8_t *label;
    size_t labelled_count;
    double value_sum;
    size_t value_count;
};

static enum tend_code grow_rows(struct window_rows *rows, struct tend_error *err)
{
    if (rows->count < rows->cap) {
        return TEND_OK;
    }
    const size_t cap = rows->cap == 0 ? 4096 : rows->cap * 2;
    if (cap > WINDOW_ROW_MAX) {
        return TEND_FAIL(err, ELIMIT,
                         "more than %zu rows in one window; make windows.every shorter",
                         WINDOW_ROW_MAX);
    }
    TEND_TRY(tend__mem_resize(&rows->score, cap, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&rows->delta, cap, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&rows->v0, cap, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&rows->labelled_score, cap, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&rows->label, cap, 1, err));
    rows->cap = cap;
    return TEND_OK;
}

static void free_rows(struct window_rows *rows)
{
    tend__mem_free(rows->score);
    tend__mem_free(rows->delta);
    tend__mem_free(rows->v0);
    tend__mem_free(rows->labelled_score);
    tend__mem_free(rows->label);
    *rows = (struct window_rows){0};
}

static enum tend_code add_row(struct window_rows *rows, const struct tend__worth *worth, size_t i,
                              struct tend_error *err)
{
    TEND_TRY(grow_rows(rows, err));
    rows->score[rows->count] = worth->scores[i];
    rows->delta[rows->count] = worth->delta[i];
    rows->v0[rows->count] = worth->v0[i];
    rows->count++;
    if (!isnan(worth->labels[i])) {
        rows->labelled_score[rows->labelled_count] = worth->scores[i];
        rows->label[rows->labelled_count] = worth->labels[i] > 0.5 ? 1 : 0;
        rows->labelled_count++;
    }
    if (!isnan(worth->values[i])) {
        rows->value_sum += worth->values[i];
        rows->value_count++;
    }
    return TEND_OK;
}

/* ---- passes ---- */

struct value_pass {
    struct tend__check_job *job;
    struct tend__worth worth;
    struct tend__window_sums sums; /* realised */
    /* pass 1: a sample of scores */
    double *sample;
    size_t sample_count;
    uint64_t row_count;
    uint64_t every; /* one row in so many is sampled; doubles as the sample fills */
    /* passes 2: windows for the estimator */
    struct tend__value_estimator *estimator; /* NULL in pass 1 */
    bool is_reference;
    struct window_rows rows;
    double rows_estimated;
    double rows_informative;
    double sum;
    double sum_low;
    double sum_high;
    size_t window_count;
};

/* Keeps every k-th score; when the sample is full every second one of it goes, and k doubles. */
static void sample_scores(struct value_pass *pass, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pass->row_count++ % pass->every != 0 || !isfinite(pass->worth.scores[i])) {
            continue;
        }
        if (pass->sample_count == TEND_CHECK_SAMPLE) {
            for (size_t k = 0; k < TEND_CHECK_SAMPLE / 2; k++) {
                pass->sample[k] = pass->sample[2 * k];
            }
            pass->sample_count = TEND_CHECK_SAMPLE / 2;
            pass->every *= 2;
        }
        pass->sample[pass->sample_count++] = pass->worth.scores[i];
    }
}

static enum tend_code end_window(struct value_pass *pass, struct tend_error *err)
{
    struct window_rows *rows = &pass->rows;
    const struct tend__value_window window = {.idx = rows->idx,
                                              .row_count = rows->count,
                                              .score = rows->score,
                                              .delta = rows->delta,
                                              .v0 = rows->v0};
    enum tend_code code = TEND_OK;
    if (rows->count == 0) {
        return TEND_OK;
    }
    if (pass->is_reference) {
        const struct tend__value_outcomes outcomes = {
            .idx = rows->idx,
            .row_count = rows->labelled_count,
            .score = rows->labelled_score,
            .label = rows->label,
            .realised_per_row =
                rows->value_count > 0 ? rows->value_sum / (double)rows->value_count : (double)NAN,
        };
        code = tend__value_estimator_reference(pass->estimator, &window, &outcomes, err);
    } else {
        struct tend__value_estimate estimate = {0};
        code = tend__value_estimator_window(pass->estimator, &window, &estimate, err);
        if (code == TEND_OK && estimate.row_count > 0) {
            const double n = (double)estimate.row_count;
            pass->rows_estimated += n;
            pass->rows_informative += estimate.state == TEND_VALUE_OK ? n : 0;
            pass->sum += n * estimate.per_row;
            pass->sum_low += n * estimate.low;
            pass->sum_high += n * estimate.high;
            pass->window_count++;
        }
    }
    const struct window_rows kept = *rows;
    *rows = (struct window_rows){.cap = kept.cap,
                                 .score = kept.score,
                                 .delta = kept.delta,
                                 .v0 = kept.v0,
                                 .labelled_score = kept.labelled_score,
                                 .label = kept.label};
    return code;
}

static enum tend_code add_batch(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    struct value_pass *pass = ctx;
    const struct tend__worth *worth = &pass->worth;
    const int64_t every = pass->job->config->window_us;
    TEND_TRY(tend__worth_add(&pass->worth, batch, err));
    if (pass->sample != NULL) {
        sample_scores(pass, batch->row_count);
    }
    const struct tend__column *times =
        worth->time_idx == SIZE_MAX ? NULL : &batch->columns[worth->time_idx];
    if (times == NULL || times->type != TEND_TYPE_TIME) {
        return TEND_OK;
    }
    for (size_t i = 0; i < batch->row_count; i++) {
        if (!tend__is_valid(times, i)) {
            continue;
        }
        const int64_t idx = tend__time_floor(times->time_us[i], every);
        if (pass->estimator == NULL) {
            if (!isnan(worth->values[i])) {
                TEND_TRY(tend__window_sums_add(&pass->sums, idx, worth->values[i], err));
            }
            continue;
        }
        if (pass->rows.count > 0 && pass->rows.idx != idx) {
            TEND_TRY(end_window(pass, err));
        }
        pass->rows.idx = idx;
        TEND_TRY(add_row(&pass->rows, worth, i, err));
    }
    return TEND_OK;
}

/* Makes the worth of one data set. *reason is set, and nothing fails, where the configuration does
 * not fit it. */
static enum tend_code open_worth(struct tend__check_job *job, bool is_reference,
                                 struct tend__worth *worth, struct tend_error *reason,
                                 struct tend_error *err)
{
    const struct tend__check_side *side = is_reference ? &job->ref_side : &job->cur_side;
    /* A label is a number if it is one on either side: both must be valued by one rule. */
    const struct tend__worth_scan scan = {.label_is_number = job->ref_side.label_is_number ||
                                                             job->cur_side.label_is_number};
    const struct tend__worth_options options = {.config = job->config,
                                                .path = is_reference ? job->ref_side.path
                                                                     : job->cur_side.path,
                                                .fields = side->fields,
                                                .field_count = side->field_count,
                                                .scan = &scan,
                                                .may_lack_label = true,
                                                .drop_duplicates = true};
    reason->code = tend__worth_init(worth, &options, reason);
    if (reason->code == TEND_ENOMEM) {
        return TEND_FAIL(err, ENOMEM, "%s", reason->text);
    }
    return TEND_OK;
}

static void set_realised(const struct value_pass *pass, struct tend__check_realised *out)
{
    double mean = 0;
    tend__window_sums_mean(&pass->sums, COVERAGE, &mean, &out->low, &out->high);
    out->row_count = pass->worth.sums.total.row_count;
    out->per_row = tend__value_sum_mean(&pass->worth.sums.total);
    out->failed_count = 0;
    for (size_t i = 1; i < TEND_EXPR_FAILURE_COUNT; i++) {
        out->failed_count += pass->worth.sums.failed_count[i];
    }
}

static void close_pass(struct value_pass *pass)
{
    tend__worth_deinit(&pass->worth);
    tend__window_sums_deinit(&pass->sums);
    free_rows(&pass->rows);
    tend__mem_free(pass->sample);
    pass->sample = NULL;
}

/* One data set's realised value; leaves a reason in job->check.value.why_not where it cannot be
 * reckoned. `pass` keeps the sample of scores where it has room for one. */
static enum tend_code realise(struct value_pass *pass, bool is_reference,
                              struct tend__check_realised *out, bool *fits, struct tend_error *err)
{
    struct tend_error reason = {0};
    const char *path = is_reference ? pass->job->ref_side.path : pass->job->cur_side.path;
    const struct tend__data_stream stream = {
        .path = path, .time_column = pass->job->config->time, .is_again = true};
    enum tend_code code = open_worth(pass->job, is_reference, &pass->worth, &reason, err);
    *fits = code == TEND_OK && reason.code == TEND_OK;
    if (!*fits) {
        (void)snprintf(pass->job->check.value.why_not, sizeof(pass->job->check.value.why_not), "%s",
                       reason.text);
        return code;
    }
    code = tend__data_each(pass->job->app, pass->job->lake, &stream, add_batch, pass, err);
    if (code == TEND_OK) {
        set_realised(pass, out);
    }
    return code;
}

static enum tend_code estimate_windows(struct tend__check_job *job,
                                       struct tend__value_estimator *estimator, bool is_reference,
                                       struct tend_error *err)
{
    struct value_pass pass = {
        .job = job, .estimator = estimator, .is_reference = is_reference, .every = 1};
    struct tend_error reason = {0};
    const char *path = is_reference ? job->ref_side.path : job->cur_side.path;
    const struct tend__data_stream stream = {.path = path,
                                             .time_column = job->config->time,
                                             .order_by = job->config->time,
                                             .is_again = true};
    enum tend_code code = open_worth(job, is_reference, &pass.worth, &reason, err);
    if (code == TEND_OK && reason.code == TEND_OK) {
        code = tend__data_each(job->app, job->lake, &stream, add_batch, &pass, err);
        if (code == TEND_OK) {
            code = end_window(&pass, err);
        }
    }
    if (code == TEND_OK && !is_reference && pass.rows_estimated > 0) {
        struct tend__check_value *value = &job->check.value;
        value->is_estimated = true;
        value->window_count = pass.window_count;
        value->estimated_per_row = pass.sum / pass.rows_estimated;
        value->estimated_low = pass.sum_low / pass.rows_estimated;
        value->estimated_high = pass.sum_high / pass.rows_estimated;
        value->state = pass.rows_informative * 2 > pass.rows_estimated ? TEND_VALUE_OK
                                                                       : TEND_VALUE_UNINFORMATIVE;
    }
    close_pass(&pass);
    return code;
}

static enum tend_code estimate(struct tend__check_job *job, const struct value_pass *ref,
                               struct tend_error *err)
{
    struct tend__value_estimator *estimator = NULL;
    const struct tend__config *config = job->config;
    if (config->time == NULL || !ref->worth.is_binary || ref->sample_count == 0 ||
        config->label.column == NULL || job->check.value.reference.row_count == 0) {
        return TEND_OK;
    }
    const int64_t delay =
        (config->label.known_after_us + config->window_us - 1) / config->window_us;
    const struct tend__value_estimator_options options = {.delay_windows =
                                                              delay > 0 ? (size_t)delay : 1};
    TEND_TRY(tend__value_estimator_new(&options, ref->sample, ref->sample_count, &estimator, err));
    enum tend_code code = estimate_windows(job, estimator, true, err);
    if (code == TEND_OK) {
        code = estimate_windows(job, estimator, false, err);
    }
    if (code == TEND_EINVAL) {
        /* The estimator learns from the reference what the current rows come after. */
        (void)snprintf(job->check.value.why_not, sizeof(job->check.value.why_not),
                       "not estimated: %.300s begins before %.300s ends", job->cur_side.path,
                       job->ref_side.path);
        job->check.value.is_estimated = false;
        code = TEND_OK;
    }
    tend__value_estimator_free(estimator);
    return code;
}

enum tend_code tend__check_job_value(struct tend__check_job *job, struct tend_error *err)
{
    struct value_pass ref = {.job = job, .every = 1};
    struct value_pass cur = {.job = job, .every = 1};
    bool ref_fits = false;
    bool cur_fits = false;
    enum tend_code code = TEND_OK;
    if (job->config == NULL || job->config->value.per_row.text == NULL) {
        return TEND_OK;
    }
    if (job->check.ref_is_profile || job->check.cur_is_profile) {
        (void)snprintf(job->check.value.why_not, sizeof(job->check.value.why_not),
                       "a profile has no rows to value");
        return TEND_OK;
    }
    (void)snprintf(job->check.value.unit, sizeof(job->check.value.unit), "%s",
                   job->config->value.unit);
    TEND_TRY(tend__mem_new(TEND_CHECK_SAMPLE, sizeof(*ref.sample), &ref.sample, err));
    TEND_TRY_OUT(realise(&ref, true, &job->check.value.reference, &ref_fits, err));
    if (ref_fits) {
        TEND_TRY_OUT(realise(&cur, false, &job->check.value.current, &cur_fits, err));
    }
    job->check.value.is_there = ref_fits && cur_fits;
    if (job->check.value.is_there) {
        code = estimate(job, &ref, err);
    }
out:
    close_pass(&ref);
    close_pass(&cur);
    return code;
}
