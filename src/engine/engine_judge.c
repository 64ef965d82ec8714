/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_judge.c: judges a window once its outcomes have matured, and accepts the first champion.
 *
 * Every model that had a role in the window is evaluated on the same rows, each once. Only sums of
 * money stay, so that any two of them can be compared in pairs. In the accept phase the same pass
 * collects what is needed to go live: the best constant action, the spread of a fresh model against
 * a champion that is not harming, and the windows that the value estimator replays.
 */
#include "engine/engine_state.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_Z95 1.959963984540054 /* normal quantile of .975 */

static enum tend_code grow_scratch(struct tend__engine *e, size_t rows, struct tend_error *err)
{
    if (rows <= e->scratch_cap) {
        return TEND_OK;
    }
    const size_t cap = rows + rows / 2;
    TEND_TRY(tend__mem_resize(&e->score, cap, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&e->value, cap, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&e->delta, cap, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&e->value_none, cap, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&e->label_number, cap, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&e->label, cap, 1, err));
    TEND_TRY(tend__mem_resize(&e->label_valid, cap, 1, err));
    e->scratch_cap = cap;
    return TEND_OK;
}

/* Scores of a model on a matrix of the window's rows, into e->score. */
enum tend_code engine__window_score(struct tend__engine *e, const struct engine_window *w,
                                    const struct engine_model *model, const float *x,
                                    struct tend_error *err)
{
    TEND_TRY(grow_scratch(e, w->rows->row_count, err));
    if (w->rows->row_count == 0) {
        return TEND_OK;
    }
    return model->predictor.predict(model->predictor.ctx, x, w->rows->row_count,
                                    e->config.feature_count, e->score, err);
}

/* The outcomes of a window as bytes and as numbers (NaN where there is none). Returns how many
 * there are. */
static enum tend_code read_labels(struct tend__engine *e, const struct engine_window *w,
                                  uint64_t *known, struct tend_error *err)
{
    const size_t rows = w->rows->row_count;
    TEND_TRY(grow_scratch(e, rows, err));
    const struct tend__column *column = &w->rows->columns[e->label_idx];
    const bool absent_one =
        e->config.absent_means != NULL && strcmp(e->config.absent_means, "1") == 0;
    const bool absent_known = e->config.absent_means != NULL;
    *known = 0;
    for (size_t i = 0; i < rows; i++) {
        double y = absent_one ? 1.0 : 0.0;
        bool valid = absent_known;
        if (column->type != TEND_TYPE_NULL && tend__is_valid(column, i)) {
            y = column->type == TEND_TYPE_BOOL ? (double)column->bools[i] : column->f64[i];
            valid = true;
        }
        if (valid && !(y >= 0.0 && y <= 0.0) && !(y >= 1.0 && y <= 1.0)) {
            return TEND_FAIL(err, ETYPE, "label '%s' is %g in a row of %s: a 0/1 label is needed",
                             e->config.label, y, e->config.time);
        }
        e->label[i] = valid ? (uint8_t)(y > 0.5) : 0;
        e->label_valid[i] = valid;
        e->label_number[i] = valid ? y : (double)NAN;
        *known += valid;
    }
    return TEND_OK;
}

/* ---- results of the window's models ---------------------------------------------------------- */

static const struct engine_result *find_result(const struct tend__engine *e,
                                               const struct engine_model *model)
{
    for (size_t i = 0; i < e->result_count; i++) {
        if (e->results[i].model == model) {
            return &e->results[i];
        }
    }
    return NULL;
}

double engine__value_of(const struct tend__engine *e, const struct engine_model *model)
{
    const struct engine_result *result = model == NULL ? NULL : find_result(e, model);
    return result == NULL ? (double)NAN : result->value_sum;
}

/* Value of one model on the window; keeps score, value, delta and v0 in the scratch. */
static enum tend_code evaluate(struct tend__engine *e, const struct engine_window *w,
                               struct engine_model *model, struct tend__value_sums *sums,
                               struct tend_error *err)
{
    const struct tend__batch batch = tend__rows_batch(w->rows);
    TEND_TRY(engine__window_score(e, w, model, w->x, err));
    const struct tend__value_binding binding = {.score = e->score, .label = e->label_number};
    const struct tend__value_out out = {.value = e->value, .v0 = e->value_none, .delta = e->delta};
    return tend__value_rule_eval(e->rule, &batch, &binding, &out, sums, err);
}

static enum tend_code evaluate_role(struct tend__engine *e, const struct engine_window *w,
                                    struct engine_model *model, struct tend_error *err)
{
    if (model == NULL || find_result(e, model) != NULL) {
        return TEND_OK;
    }
    struct tend__value_sums sums = {0};
    TEND_TRY(tend__value_sums_init(&sums, tend__value_rule_segment_count(e->rule), err));
    const enum tend_code code = evaluate(e, w, model, &sums, err);
    if (code == TEND_OK) {
        e->results[e->result_count] =
            (struct engine_result){model, tend__exact_sum_value(&sums.total.sum)};
        e->result_count++;
    }
    tend__value_sums_deinit(&sums);
    return code;
}

/* All roles but policy 0's champion, which comes last so that its values are what the scratch
 * holds. */
static enum tend_code evaluate_others(struct tend__engine *e, const struct engine_window *w,
                                      struct tend_error *err)
{
    e->result_count = 0;
    for (size_t i = 0; i < ENGINE_LENGTH_COUNT; i++) {
        TEND_TRY(evaluate_role(e, w, w->roles.fresh[i], err));
    }
    TEND_TRY(evaluate_role(e, w, w->roles.null_champion, err));
    for (size_t i = 0; i < e->policy_count; i++) {
        TEND_TRY(evaluate_role(e, w, w->roles.predecessor[i], err));
        TEND_TRY(evaluate_role(e, w, w->roles.challenger[i], err));
        if (w->roles.champion[i] != w->roles.champion[0]) {
            TEND_TRY(evaluate_role(e, w, w->roles.champion[i], err));
        }
    }
    return TEND_OK;
}

/* ---- what the window was worth --------------------------------------------------------------- */

/* The mean is exact for the rows with an outcome. The interval is about the rows without one: the
 * standard error of a sample without replacement, normal quantile (Cochran 1977, Sampling
 * Techniques, eq. 2.20). */
static void report_realised(const struct tend__engine *e, const struct engine_window *w,
                            uint64_t known, struct tend__window_report *report)
{
    const size_t rows = w->rows->row_count;
    struct tend__exact_sum sum = {0};
    struct tend__exact_sum squares = {0};
    uint64_t n = 0;
    for (size_t i = 0; i < rows; i++) {
        if (isfinite(e->value[i])) {
            tend__exact_sum_add(&sum, e->value[i]);
            tend__exact_sum_add(&squares, e->value[i] * e->value[i]);
            n++;
        }
    }
    report->matured_count = known;
    if (n == 0) {
        return;
    }
    const double mean = tend__exact_sum_value(&sum) / (double)n;
    const double variance =
        n < 2 ? 0.0
              : fmax(0.0,
                     (tend__exact_sum_value(&squares) - (double)n * mean * mean) / (double)(n - 1));
    const double half = SECONDS_Z95 * sqrt(variance / (double)n * (1.0 - (double)n / (double)rows));
    report->realised = mean;
    report->realised_low = mean - half;
    report->realised_high = mean + half;
}

static enum tend_code tell_estimator(struct tend__engine *e, const struct engine_window *w,
                                     double realised, int64_t now_us, struct tend_error *err)
{
    for (size_t i = 0; i < w->rows->row_count; i++) {
        if (e->label_valid[i] == 0) {
            e->label[i] = TEND_LABEL_UNKNOWN;
        }
    }
    const struct tend__value_outcomes outcomes = {
        .idx = (int64_t)w->idx,
        .row_count = w->rows->row_count,
        .score = e->score,
        .label = e->label,
        .realised_per_row = realised,
    };
    TEND_TRY(tend__value_estimator_outcomes(e->estimator, &outcomes, err));
    const bool demoted = tend__value_estimator_is_demoted(e->estimator);
    if (demoted == e->was_demoted) {
        return TEND_OK;
    }
    e->was_demoted = demoted;
    const struct tend__engine_event event = {
        .kind = TEND_HAPPENED_DEMOTED,
        .time_us = now_us,
        .window_idx = w->idx,
        .value = (double)NAN,
        .text = demoted ? "the value estimate is demoted: outcomes contradict it too often"
                        : "the value estimate is trusted again",
        .evidence = "{}",
    };
    return engine__emit(e, &event, err);
}

/* ---- accept phase ---------------------------------------------------------------------------- */

static enum tend_code keep_reference(struct tend__engine *e, const struct engine_window *w,
                                     double realised, struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&e->reference_windows, &e->reference_window_cap,
                            e->reference_window_count + 1, 1000, sizeof(*e->reference_windows),
                            err));
    struct engine_reference *r = &e->reference_windows[e->reference_window_count];
    const size_t rows = w->rows->row_count;
    *r = (struct engine_reference){.idx = (int64_t)w->idx, .row_count = rows, .realised = realised};
    e->reference_window_count++;
    TEND_TRY(tend__mem_new(rows, sizeof(double), &r->score, err));
    TEND_TRY(tend__mem_new(rows, sizeof(double), &r->delta, err));
    TEND_TRY(tend__mem_new(rows, sizeof(double), &r->value_none, err));
    TEND_TRY(tend__mem_new(rows, 1, &r->label, err));
    memcpy(r->score, e->score, rows * sizeof(double));
    memcpy(r->delta, e->delta, rows * sizeof(double));
    memcpy(r->value_none, e->value_none, rows * sizeof(double));
    for (size_t i = 0; i < rows; i++) {
        r->label[i] = e->label_valid[i] != 0 ? e->label[i] : TEND_LABEL_UNKNOWN;
    }
    return TEND_OK;
}

static enum tend_code judge_accept(struct tend__engine *e, const struct engine_window *w,
                                   uint64_t known, struct tend_error *err)
{
    const double champion = engine__value_of(e, w->roles.champion[0]);
    const double fresh = engine__value_of(e, w->roles.fresh[0]);
    const double null_champion = engine__value_of(e, w->roles.null_champion);
    e->accept_value += champion;
    e->accept_rows += known;
    if (isfinite(fresh) && isfinite(null_champion) && known > 0) {
        TEND_TRY(tend__mem_grow(&e->null_gain, &e->null_gain_cap, e->null_gain_count + 1, 1000,
                                sizeof(double), err));
        e->null_gain[e->null_gain_count] = (fresh - null_champion) / (double)known;
        e->null_gain_count++;
    }
    const struct tend__batch batch = tend__rows_batch(w->rows);
    const struct tend__value_binding binding = {.score = e->score, .label = e->label_number};
    for (int decision = 0; decision < 2 && tend__value_rule_is_binary(e->rule); decision++) {
        struct tend__value_sum total = {0};
        TEND_TRY(tend__value_rule_constant(e->rule, &batch, &binding, decision == 1, &total, err));
        e->constant_value[decision] += tend__exact_sum_value(&total.sum);
    }
    return keep_reference(e, w, known > 0 ? champion / (double)known : (double)NAN, err);
}

static enum tend_code make_estimator(struct tend__engine *e, struct tend_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < e->reference_window_count; i++) {
        total += e->reference_windows[i].row_count;
    }
    double *scores = NULL;
    TEND_TRY(tend__mem_new(total, sizeof(double), &scores, err));
    size_t at = 0;
    for (size_t i = 0; i < e->reference_window_count; i++) {
        const struct engine_reference *r = &e->reference_windows[i];
        memcpy(scores + at, r->score, r->row_count * sizeof(double));
        at += r->row_count;
    }
    const int64_t span = e->config.maturity_us + e->config.window_us - 1;
    const struct tend__value_estimator_options options = {
        .delay_windows = (size_t)(span / e->config.window_us),
    };
    const enum tend_code code =
        tend__value_estimator_new(&options, scores, total, &e->estimator, err);
    tend__mem_free(scores);
    TEND_TRY(code);
    for (size_t i = 0; i < e->reference_window_count; i++) {
        const struct engine_reference *r = &e->reference_windows[i];
        const struct tend__value_window window = {r->idx, r->row_count, r->score, r->delta,
                                                  r->value_none};
        const struct tend__value_outcomes outcomes = {r->idx, r->row_count, r->score, r->label,
                                                      r->realised};
        TEND_TRY(tend__value_estimator_reference(e->estimator, &window, &outcomes, err));
    }
    return TEND_OK;
}

void engine__references_free(struct tend__engine *e)
{
    for (size_t i = 0; i < e->reference_window_count; i++) {
        struct engine_reference *r = &e->reference_windows[i];
        tend__mem_free(r->score);
        tend__mem_free(r->delta);
        tend__mem_free(r->value_none);
        tend__mem_free(r->label);
    }
    tend__mem_free(e->reference_windows);
    e->reference_windows = NULL;
    e->reference_window_count = 0;
    e->reference_window_cap = 0;
}

/* The end of the accept phase: tolerance, watches and estimator come from the accept windows that
 * have matured. */
enum tend_code engine__accept(struct tend__engine *e, int64_t now_us, struct tend_error *err)
{
    if (e->accept_rows == 0) {
        return TEND_FAIL(
            err, EINVAL,
            "no outcome matured in the accept windows: outcomes are known %lld s after the event, "
            "the accept phase is %zu windows",
            (long long)(e->config.maturity_us / TEND_US_PER_SECOND), e->config.accept_windows);
    }
    const double rows = (double)e->accept_rows;
    const bool is_binary = tend__value_rule_is_binary(e->rule);
    const double best = is_binary ? fmax(e->constant_value[0], e->constant_value[1]) / rows : 0.0;
    const double model = e->accept_value / rows;
    e->has_constant = is_binary;
    e->constant_decision = e->constant_value[1] > e->constant_value[0];
    e->tolerance =
        isnan(e->config.tolerance) ? fmax(0.0, 0.1 * (model - best)) : e->config.tolerance;
    TEND_TRY(make_estimator(e, err));
    engine__references_free(e);
    TEND_TRY(engine__watches_start(e, err));
    char text[320];
    const char *unit = e->config.unit;
    if (!is_binary || model > best) {
        (void)snprintf(text, sizeof(text),
                       "v1 accepted: %+.3f %s a row on %llu held-out rows; the best constant "
                       "action earns %+.3f",
                       model, unit, (unsigned long long)e->accept_rows, best);
    } else {
        (void)snprintf(text, sizeof(text),
                       "v1 taken, though it earns %+.3f %s a row on %llu held-out rows and a "
                       "constant action %+.3f: "
                       "the model is not worth having yet",
                       model, unit, (unsigned long long)e->accept_rows, best);
    }
    char evidence[256];
    (void)snprintf(
        evidence, sizeof(evidence),
        "{\"rows\":%llu,\"per_row\":%.9g,\"best_constant_per_row\":%.9g,\"tolerance\":%.9g}",
        (unsigned long long)e->accept_rows, model, best, e->tolerance);
    struct tend__version_report *v = &e->versions[0];
    v->promoted_us = now_us;
    (void)snprintf(v->verdict, sizeof(v->verdict), "accepted");
    const struct tend__engine_event event = {
        .kind = TEND_HAPPENED_ACCEPTED,
        .time_us = now_us,
        .window_idx = e->window_idx,
        .version = v->name,
        .value = (double)NAN, /* nothing is earned yet */
        .text = text,
        .evidence = evidence,
    };
    return engine__emit(e, &event, err);
}

/* ---- the window ------------------------------------------------------------------------------ */

/* The training window: the longest, unless the shorter one earned more by two standard errors over
 * the last windows. */
static void judge_ladder(struct tend__engine *e, const struct engine_window *w, uint64_t known)
{
    const double longest = engine__value_of(e, w->roles.fresh[0]);
    const double shorter = engine__value_of(e, w->roles.fresh[1]);
    if (!isfinite(longest) || !isfinite(shorter) || known == 0) {
        return;
    }
    const size_t cap = TEND_ARRAY_LEN(e->ladder);
    memmove(e->ladder, e->ladder + 1, (cap - 1) * sizeof(e->ladder[0]));
    e->ladder[cap - 1] = (shorter - longest) / (double)known;
    e->ladder_count += e->ladder_count < cap;
    if (e->ladder_count < cap) {
        return;
    }
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < cap; i++) {
        sum += e->ladder[i];
    }
    const double mean = sum / (double)cap;
    for (size_t i = 0; i < cap; i++) {
        squares += (e->ladder[i] - mean) * (e->ladder[i] - mean);
    }
    const double error = sqrt(squares / (double)(cap - 1) / (double)cap);
    e->length_idx = mean > 2 * error && mean > 0 ? 1 : 0;
}

/* What the same rows would have earned without a model. */
static enum tend_code judge_constant(struct tend__engine *e, const struct engine_window *w,
                                     uint64_t known, struct tend_error *err)
{
    if (!e->has_constant) {
        return TEND_OK;
    }
    const struct tend__batch batch = tend__rows_batch(w->rows);
    const struct tend__value_binding binding = {.score = e->score, .label = e->label_number};
    struct tend__value_sum total = {0};
    TEND_TRY(
        tend__value_rule_constant(e->rule, &batch, &binding, e->constant_decision, &total, err));
    e->no_model.value += tend__exact_sum_value(&total.sum);
    e->no_model.row_count += known;
    return TEND_OK;
}

static enum tend_code judge_live(struct tend__engine *e, struct engine_window *w, uint64_t known,
                                 int64_t now_us, struct tend_error *err)
{
    struct tend__window_report *report = &e->reports[w->report_idx];
    report_realised(e, w, known, report);
    TEND_TRY(judge_constant(e, w, known, err));
    const double champion = engine__value_of(e, w->roles.champion[0]);
    if (!w->has_label_break) {
        TEND_TRY(tell_estimator(e, w, report->realised, now_us, err));
    }
    if (w->break_count > 0) {
        TEND_TRY(engine__breaks_cost(e, w, champion, known, now_us, err));
    } else {
        e->normal_value_sum += champion;
        e->normal_rows += known;
        judge_ladder(e, w, known);
    }
    TEND_TRY(engine__policies_judge(e, w, now_us, err));
    return engine__watches_push(e, w, champion, known, now_us, err);
}

/* Adds policy 0's champion to the results, with its segments, and counts the rows that could not be
 * judged. */
static enum tend_code evaluate_champion(struct tend__engine *e, const struct engine_window *w,
                                        struct tend_error *err)
{
    struct tend__value_sums sums = {0};
    TEND_TRY(tend__value_sums_init(&sums, tend__value_rule_segment_count(e->rule), err));
    const enum tend_code code = evaluate(e, w, w->roles.champion[0], &sums, err);
    if (code == TEND_OK) {
        if (find_result(e, w->roles.champion[0]) == NULL) {
            e->results[e->result_count] = (struct engine_result){
                w->roles.champion[0], tend__exact_sum_value(&sums.total.sum)};
            e->result_count++;
        }
        if (w->is_live) {
            for (size_t i = 0; i < TEND_VALUE_FAIL_REASON_MAX; i++) {
                e->failed_rows += sums.failed_count[i];
            }
            tend__value_sums_merge(&e->live_sums, &sums);
        }
    }
    tend__value_sums_deinit(&sums);
    return code;
}

enum tend_code engine__window_judge(struct tend__engine *e, struct engine_window *w, int64_t now_us,
                                    struct tend_error *err)
{
    uint64_t known = 0;
    TEND_TRY(read_labels(e, w, &known, err));
    e->judged += known;
    e->without_outcome += w->rows->row_count - known;
    TEND_TRY(engine__train_rows_keep(e, w, err));
    if (w->roles.champion[0] == NULL) {
        return TEND_OK;
    }
    TEND_TRY(evaluate_others(e, w, err));
    TEND_TRY(evaluate_champion(e, w, err));
    TEND_TRY(engine__labels_look(e, w, now_us, err));
    return w->is_live ? judge_live(e, w, known, now_us, err) : judge_accept(e, w, known, err);
}
