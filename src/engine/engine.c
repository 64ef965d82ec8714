/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.c: the loop: rows into windows, windows closed, judged and decided on.
 *
 * The clock is the data's: a window closes when a row of a later window arrives, and "now" is its
 * end. What happens at a close is always in this order: the window's rows are sealed and looked at;
 * windows whose outcomes are old enough are judged, oldest first; policies decide; the models that
 * were asked for are trained, all in one call; policies act; and the roles of the next window are
 * set. A model never scores a window that began before it was trained.
 */
#include "engine/engine.h"
#include "engine/engine_state.h"

#include "base/mem.h"
#include "base/names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PENDING_MAX 100000
#define INCIDENT_MAX 10000
#define REPORT_MAX 1000000

const char *tend__happening_text(enum tend__happening kind)
{
    switch (kind) {
    case TEND_HAPPENED_ACCEPTED:
        return "accepted";
    case TEND_HAPPENED_WINDOW:
        return "window";
    case TEND_HAPPENED_BREAK_OPENED:
        return "break_opened";
    case TEND_HAPPENED_BREAK_COSTED:
        return "break_costed";
    case TEND_HAPPENED_BREAK_CLOSED:
        return "break_closed";
    case TEND_HAPPENED_ALARM:
        return "alarm";
    case TEND_HAPPENED_GUARDRAIL:
        return "guardrail";
    case TEND_HAPPENED_RETRAINED:
        return "retrained";
    case TEND_HAPPENED_PROMOTED:
        return "promoted";
    case TEND_HAPPENED_ASKED:
        return "asked";
    case TEND_HAPPENED_FELL_BACK:
        return "fell_back";
    case TEND_HAPPENED_PROVEN:
        return "proven";
    case TEND_HAPPENED_TRIAL_CLOSED:
        return "trial_closed";
    case TEND_HAPPENED_DEMOTED:
        return "demoted";
    case TEND_HAPPENED_TRAIN_FAILED:
        return "train_failed";
    case TEND_HAPPENED_QUARANTINED:
        return "quarantined";
    }
    return "unknown";
}

enum tend_code engine__emit(struct tend__engine *e, const struct tend__engine_event *event,
                            struct tend_error *err)
{
    if (e->ports.on_event == NULL) {
        return TEND_OK;
    }
    return e->ports.on_event(e->ports.event_ctx, event, err);
}

enum tend_code engine__incident_add(struct tend__engine *e, struct tend__incident_report **out,
                                    struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&e->incidents, &e->incident_cap, e->incident_count + 1, INCIDENT_MAX,
                            sizeof(*e->incidents), err));
    struct tend__incident_report *incident = &e->incidents[e->incident_count];
    memset(incident, 0, sizeof(*incident));
    (void)snprintf(incident->id, sizeof(incident->id), "i%zu", e->incident_count + 1);
    e->incident_count++;
    *out = incident;
    return TEND_OK;
}

/* ---- windows and their storage --------------------------------------------------------------- */

void engine__window_free(struct engine_window *w)
{
    if (w == NULL) {
        return;
    }
    tend__rows_free(w->rows);
    tend__mem_free(w->x);
    tend__mem_free(w);
}

static enum tend_code take_window(struct tend__engine *e, int64_t start_us, struct tend_error *err)
{
    struct engine_window *w = NULL;
    if (e->spare_count > 0) {
        e->spare_count--;
        w = e->spare[e->spare_count];
    } else {
        TEND_TRY(tend__mem_new(1, sizeof(*w), &w, err));
        const enum tend_code code = tend__rows_new(e->fields, e->field_count, &w->rows, err);
        if (code != TEND_OK) {
            tend__mem_free(w);
            return code;
        }
    }
    tend__rows_reset(w->rows, start_us);
    w->idx = e->window_idx;
    w->break_count = 0;
    w->has_label_break = false;
    w->is_live = e->phase == ENGINE_LIVE;
    w->report_idx = SIZE_MAX;
    e->open = w;
    return TEND_OK;
}

void engine__roles_set(struct tend__engine *e, struct engine_roles *to,
                       const struct engine_roles *from)
{
    static const struct engine_roles none = {0};
    const struct engine_roles *roles = from == NULL ? &none : from;
    for (size_t i = 0; i < TEND_POLICY_MAX; i++) {
        engine__role_set(e, &to->champion[i], roles->champion[i]);
        engine__role_set(e, &to->predecessor[i], roles->predecessor[i]);
        engine__role_set(e, &to->challenger[i], roles->challenger[i]);
    }
    for (size_t i = 0; i < ENGINE_LENGTH_COUNT; i++) {
        engine__role_set(e, &to->fresh[i], roles->fresh[i]);
    }
    engine__role_set(e, &to->null_champion, roles->null_champion);
}

static enum tend_code give_back(struct tend__engine *e, struct engine_window *w,
                                struct tend_error *err)
{
    engine__roles_set(e, &w->roles, NULL);
    const enum tend_code code = tend__mem_grow(&e->spare, &e->spare_cap, e->spare_count + 1,
                                               PENDING_MAX, sizeof(*e->spare), err);
    if (code != TEND_OK) {
        engine__window_free(w);
        return code;
    }
    e->spare[e->spare_count] = w;
    e->spare_count++;
    return TEND_OK;
}

/* ---- what is done with a window's rows when it closes ---------------------------------------- */

static enum tend_code seal_window(struct tend__engine *e, struct engine_window *w,
                                  struct tend_error *err)
{
    struct tend__ids *own = &e->seen[e->seen_next];
    e->seen_next = (e->seen_next + 1) % TEND_SEEN_WINDOWS;
    own->count = 0;
    /* The oldest window's table is reused for this one, so it is not looked into while this one is
     * sealed. */
    struct tend__ids others[TEND_SEEN_WINDOWS];
    size_t other_count = 0;
    for (size_t i = 0; i < TEND_SEEN_WINDOWS; i++) {
        if (&e->seen[i] != own) {
            others[other_count] = e->seen[i];
            other_count++;
        }
    }
    const struct tend__rows_order order = {
        .time_idx = e->time_idx,
        .id_idx = e->id_idx,
        .seen = others,
        .seen_count = other_count,
        .own = own,
    };
    TEND_TRY(tend__rows_seal(w->rows, &order, err));
    e->duplicates += w->rows->duplicate_count;
    e->without_id += w->rows->without_id_count;
    const size_t cells = w->rows->row_count * e->config.feature_count;
    if (cells > w->x_cap || w->x == NULL) {
        TEND_TRY(tend__mem_resize(&w->x, cells + cells / 2 + 64, sizeof(float), err));
        w->x_cap = cells + cells / 2 + 64;
    }
    const struct tend__features features = {e->features, e->config.feature_count, true};
    return tend__rows_matrix(&features, w->rows->columns, w->rows->row_count, w->x, err);
}

struct tend__batch engine__profile_batch(struct tend__engine *e, const struct engine_window *w)
{
    for (size_t i = 0; i < e->profile_count; i++) {
        e->profile_columns[i] = w->rows->columns[e->profile_from[i]];
    }
    return (struct tend__batch){
        .row_count = w->rows->row_count,
        .column_count = e->profile_count,
        .fields = e->profile_fields,
        .columns = e->profile_columns,
    };
}

static enum tend_code add_reference(struct tend__engine *e, struct tend__profile *profile,
                                    const struct tend__batch *batch, struct tend_error *err)
{
    if (e->reference == NULL) {
        const struct tend__break_rows_options options = {.time_column = NULL};
        TEND_TRY(tend__profile_new(e->plan, &e->reference, err));
        TEND_TRY(tend__break_rows_new(&options, &e->reference_rows, err));
    }
    TEND_TRY(tend__profile_merge(e->reference, profile, err));
    TEND_TRY(tend__break_rows_add(e->reference_rows, batch, err));
    e->history_rows[e->history_rows_next] = (double)tend__profile_row_count(profile);
    e->history_rows_next = (e->history_rows_next + 1) % ENGINE_HISTORY_MAX;
    e->history_rows_count += e->history_rows_count < ENGINE_HISTORY_MAX;
    return TEND_OK;
}

static enum tend_code note_drift(struct tend__engine *e, const struct tend__profile *profile,
                                 struct tend__window_report *report, struct tend_error *err)
{
    struct tend__drift_column *drift = NULL;
    TEND_TRY(tend__mem_new(e->profile_count, sizeof(*drift), &drift, err));
    const enum tend_code code =
        tend__drift_compare(e->reference, profile, NULL, drift, e->profile_count, err);
    for (size_t i = 0; code == TEND_OK && i < e->profile_count && i < 64; i++) {
        if (drift[i].drifted) {
            report->drifted |= UINT64_C(1) << i;
        }
    }
    tend__mem_free(drift);
    return code;
}

/* The estimate of a window's value, and the guardrails on its decisions: neither needs an outcome.
 */
static enum tend_code estimate_window(struct tend__engine *e, struct engine_window *w,
                                      int64_t now_us, struct tend_error *err)
{
    const size_t rows = w->rows->row_count;
    struct tend__window_report *report = &e->reports[w->report_idx];
    uint8_t *decision = NULL;
    TEND_TRY(engine__window_score(e, w, w->roles.champion[0], w->x, err));
    TEND_TRY(tend__mem_new(rows, 1, &decision, err));
    const struct tend__batch batch = tend__rows_batch(w->rows);
    const struct tend__value_binding binding = {.score = e->score};
    const struct tend__value_out out = {
        .v0 = e->value_none, .delta = e->delta, .decision = decision};
    enum tend_code code = tend__value_rule_eval(e->rule, &batch, &binding, &out, NULL, err);
    if (code == TEND_OK) {
        code = engine__guardrails_check(e, w, decision, now_us, err);
    }
    tend__mem_free(decision);
    TEND_TRY(code);
    const struct tend__value_window window = {(int64_t)w->idx, rows, e->score, e->delta,
                                              e->value_none};
    struct tend__value_estimate estimate = {0};
    TEND_TRY(tend__value_estimator_window(e->estimator, &window, &estimate, err));
    report->estimated = estimate.per_row;
    report->estimated_low = estimate.low;
    report->estimated_high = estimate.high;
    report->estimate_state = (int)estimate.state;
    report->sign_unknown = estimate.sign_unknown;
    return TEND_OK;
}

static enum tend_code add_report(struct tend__engine *e, struct engine_window *w,
                                 struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&e->reports, &e->report_cap, e->report_count + 1, REPORT_MAX,
                            sizeof(*e->reports), err));
    w->report_idx = e->report_count;
    e->reports[e->report_count] = (struct tend__window_report){
        .start_us = w->rows->start_us,
        .row_count = w->rows->row_count,
        .realised = (double)NAN,
        .realised_low = (double)NAN,
        .realised_high = (double)NAN,
        .estimated = (double)NAN,
        .estimated_low = (double)NAN,
        .estimated_high = (double)NAN,
        .fresh_gain = (double)NAN,
        .gain_sum = (double)NAN,
        .version = (uint32_t)w->roles.champion[0]->version_idx,
    };
    e->report_count++;
    return TEND_OK;
}

static enum tend_code look_at_live(struct tend__engine *e, struct engine_window *w,
                                   const struct tend__profile *profile, int64_t now_us,
                                   struct tend_error *err)
{
    TEND_TRY(add_report(e, w, err));
    struct tend__window_report *report = &e->reports[w->report_idx];
    TEND_TRY(engine__breaks_look(e, w, profile, now_us, err));
    report->broken = w->break_count > 0;
    if (w->rows->row_count > 0) {
        TEND_TRY(note_drift(e, profile, report, err));
    }
    TEND_TRY(estimate_window(e, w, now_us, err));
    const struct tend__engine_event event = {
        .kind = TEND_HAPPENED_WINDOW,
        .time_us = now_us,
        .window_idx = w->idx,
        .version = e->versions[report->version].name,
        .value = report->estimated,
        .text = "",
        .evidence = "{}",
    };
    return engine__emit(e, &event, err);
}

static enum tend_code look_at(struct tend__engine *e, struct engine_window *w, int64_t now_us,
                              struct tend_error *err)
{
    const struct tend__batch batch = engine__profile_batch(e, w);
    if (e->phase == ENGINE_TRAIN) {
        return tend__plan_builder_add(e->builder, &batch, err);
    }
    struct tend__profile *profile = NULL;
    TEND_TRY(tend__profile_new(e->plan, &profile, err));
    enum tend_code code = tend__profile_add(profile, &batch, err);
    if (code == TEND_OK && e->phase == ENGINE_ACCEPT) {
        code = add_reference(e, profile, &batch, err);
        if (code == TEND_OK && e->history_count < ENGINE_HISTORY_MAX) {
            e->history[e->history_count] = profile;
            e->history_count++;
            profile = NULL;
        }
    } else if (code == TEND_OK) {
        code = look_at_live(e, w, profile, now_us, err);
    }
    tend__profile_free(profile);
    return code;
}

/* ---- after the look: maturity, decisions, training ------------------------------------------- */

static enum tend_code judge_matured(struct tend__engine *e, int64_t now_us, struct tend_error *err)
{
    while (e->pending_count > 0) {
        struct engine_window *w = e->pending[0];
        if (w->rows->start_us + e->config.window_us + e->config.maturity_us > now_us) {
            return TEND_OK;
        }
        TEND_TRY(engine__window_judge(e, w, now_us, err));
        e->pending_count--;
        memmove(e->pending, e->pending + 1, e->pending_count * sizeof(struct engine_window *));
        TEND_TRY(give_back(e, w, err));
    }
    return TEND_OK;
}

static bool is_refit_due(const struct tend__engine *e)
{
    return e->phase != ENGINE_TRAIN && e->window_idx + 1 - e->refit_idx >= e->config.refit_windows;
}

static enum tend_code request_models(struct tend__engine *e, int64_t now_us, struct tend_error *err)
{
    const bool trains_first =
        e->phase == ENGINE_TRAIN && e->window_idx + 1 == e->config.train_windows;
    if (trains_first || is_refit_due(e)) {
        for (size_t i = 0; i < ENGINE_LENGTH_COUNT; i++) {
            TEND_TRY(engine__model_request(e, e->lengths[i], e->window_idx + 1, err));
        }
        e->refit_idx = e->window_idx + 1;
    }
    return e->phase == ENGINE_LIVE ? engine__policies_decide(e, now_us, err) : TEND_OK;
}

/* The first champion, for every policy, and the cut points from its training rows. */
static enum tend_code begin_accept(struct tend__engine *e, int64_t now_us, struct tend_error *err)
{
    struct engine_model *first = engine__model_find(e, e->lengths[0], e->window_idx + 1);
    TEND_ASSERT(first != NULL);
    TEND_TRY(engine__version_add(e, first, now_us, "", err));
    for (size_t i = 0; i < e->policy_count; i++) {
        engine__role_set(e, &e->policies[i].champion, first);
    }
    TEND_TRY(tend__plan_builder_finish(e->builder, &e->plan, err));
    tend__plan_builder_free(e->builder);
    e->builder = NULL;
    e->phase = ENGINE_ACCEPT;
    return TEND_OK;
}

static void set_next_roles(struct tend__engine *e)
{
    for (size_t i = 0; i < e->policy_count; i++) {
        engine__role_set(e, &e->now.champion[i], e->policies[i].champion);
        engine__role_set(e, &e->now.predecessor[i], e->policies[i].predecessor);
        engine__role_set(e, &e->now.challenger[i], e->policies[i].challenger);
    }
    for (size_t i = 0; i < ENGINE_LENGTH_COUNT; i++) {
        struct engine_model *fresh = engine__model_find(e, e->lengths[i], e->window_idx + 1);
        if (fresh != NULL) {
            engine__role_set(e, &e->now.fresh[i], fresh);
        }
    }
    const size_t accept_age = e->window_idx + 1 - e->config.train_windows;
    if (e->phase == ENGINE_ACCEPT && accept_age % e->config.season_windows == 0) {
        engine__role_set(e, &e->now.null_champion, e->now.fresh[0]);
    } else if (e->phase == ENGINE_LIVE) {
        engine__role_set(e, &e->now.null_champion, NULL);
    }
}

/* A training that failed is an event, not an outage: who asked for it asks again another day. */
static enum tend_code note_failed_training(struct tend__engine *e, int64_t now_us, const char *why,
                                           struct tend_error *err)
{
    for (size_t i = 0; i < e->policy_count; i++) {
        e->policies[i].wants_retrain = false;
    }
    char text[TEND_ERROR_TEXT_SIZE];
    (void)snprintf(text, sizeof(text), "training failed, the champion stays: %.600s", why);
    const struct tend__engine_event event = {
        .kind = TEND_HAPPENED_TRAIN_FAILED,
        .time_us = now_us,
        .window_idx = e->window_idx,
        .version = "",
        .value = (double)NAN,
        .text = text,
        .evidence = "{}",
    };
    return engine__emit(e, &event, err);
}

/* What follows from the models that were trained at this close. */
static enum tend_code act(struct tend__engine *e, int64_t now_us, struct tend_error *err)
{
    if (e->phase == ENGINE_TRAIN && e->window_idx + 1 == e->config.train_windows) {
        TEND_TRY(begin_accept(e, now_us, err));
    } else if (e->phase == ENGINE_LIVE) {
        TEND_TRY(engine__policies_apply(e, now_us, err));
    } else if (e->phase == ENGINE_ACCEPT &&
               e->window_idx + 1 == e->config.train_windows + e->config.accept_windows) {
        TEND_TRY(engine__accept(e, now_us, err));
        e->phase = ENGINE_LIVE;
    }
    if (e->watch_restart) {
        e->watch_restart = false;
        TEND_TRY(engine__watches_start(e, err));
    }
    if (e->phase != ENGINE_TRAIN) {
        set_next_roles(e);
    }
    return TEND_OK;
}

static enum tend_code train_and_act(struct tend__engine *e, int64_t now_us, struct tend_error *err)
{
    struct tend_error train_err = {0};
    const enum tend_code trained = engine__models_train(e, now_us, &train_err);
    if (trained != TEND_OK && (trained != TEND_ECHILD || e->phase == ENGINE_TRAIN)) {
        if (err != NULL) {
            *err = train_err;
        }
        return trained;
    }
    enum tend_code code = TEND_OK;
    if (trained != TEND_OK) {
        code = note_failed_training(e, now_us, train_err.text, err);
    }
    if (code == TEND_OK) {
        code = act(e, now_us, err);
    }
    for (size_t i = 0; i < e->request_count; i++) {
        engine__model_unref(e, e->requests[i].model);
    }
    e->request_count = 0;
    return code;
}

static enum tend_code close_window(struct tend__engine *e, struct tend_error *err)
{
    struct engine_window *w = e->open;
    const int64_t now_us = w->rows->start_us + e->config.window_us;
    e->open = NULL;
    engine__roles_set(e, &w->roles, &e->now);
    enum tend_code code = tend__mem_grow(&e->pending, &e->pending_cap, e->pending_count + 1,
                                         PENDING_MAX, sizeof(*e->pending), err);
    if (code != TEND_OK) {
        engine__roles_set(e, &w->roles, NULL);
        engine__window_free(w);
        return code;
    }
    e->pending[e->pending_count] = w;
    e->pending_count++;
    TEND_TRY(seal_window(e, w, err));
    TEND_TRY(look_at(e, w, now_us, err));
    TEND_TRY(judge_matured(e, now_us, err));
    TEND_TRY(request_models(e, now_us, err));
    TEND_TRY(train_and_act(e, now_us, err));
    e->window_idx++;
    return TEND_OK;
}

/* ---- rows in --------------------------------------------------------------------------------- */

/* Closes windows until the one that starts at start_us is open. */
static enum tend_code advance_to(struct tend__engine *e, int64_t start_us, struct tend_error *err)
{
    while (e->open->rows->start_us < start_us) {
        const int64_t next_us = e->open->rows->start_us + e->config.window_us;
        TEND_TRY(close_window(e, err));
        TEND_TRY(take_window(e, next_us, err));
    }
    return TEND_OK;
}

static enum tend_code quarantine(struct tend__engine *e, int64_t time_us, struct tend_error *err)
{
    e->quarantined++;
    if (e->quarantined > 1) {
        return TEND_OK;
    }
    char when[TEND_TIME_TEXT_SIZE];
    char text[192];
    tend__time_text(time_us, when);
    (void)snprintf(text, sizeof(text),
                   "rows from %s on are set aside: nothing came for more than %d windows before",
                   when, TEND_WINDOW_GAP_MAX);
    const struct tend__engine_event event = {
        .kind = TEND_HAPPENED_QUARANTINED,
        .time_us = e->last_time_us,
        .window_idx = e->window_idx,
        .version = "",
        .value = (double)NAN,
        .text = text,
        .evidence = "{}",
    };
    return engine__emit(e, &event, err);
}

static enum tend_code add_run(struct tend__engine *e, const struct tend__batch *batch, size_t from,
                              size_t to, int64_t start_us, struct tend_error *err)
{
    if (from == to) {
        return TEND_OK;
    }
    if (e->open == NULL) {
        TEND_TRY(take_window(e, start_us, err));
    }
    TEND_TRY(advance_to(e, start_us, err));
    return tend__rows_add(e->open->rows, batch, from, to, err);
}

enum tend_code tend__engine_add(struct tend__engine *e, const struct tend__batch *batch,
                                struct tend_error *err)
{
    const struct tend__column *times = &batch->columns[e->time_idx];
    size_t from = 0;
    int64_t run_us = 0;
    for (size_t i = 0; i < batch->row_count; i++) {
        e->received++;
        bool takes = times->type != TEND_TYPE_NULL && tend__is_valid(times, i);
        int64_t start_us = run_us;
        if (!takes) {
            e->rejected++;
        } else {
            const int64_t time_us = times->time_us[i];
            start_us = tend__time_floor(time_us, e->config.window_us) * e->config.window_us;
            if (e->last_time_us != INT64_MIN && time_us < e->last_time_us) {
                return TEND_FAIL(err, EINVAL, "rows are not in order of '%s'", e->config.time);
            }
            if (e->last_time_us != INT64_MIN &&
                (start_us - e->last_time_us) / e->config.window_us > TEND_WINDOW_GAP_MAX) {
                takes = false;
                TEND_TRY(quarantine(e, time_us, err));
            } else {
                e->last_time_us = time_us;
            }
        }
        if (!takes || start_us != run_us) {
            TEND_TRY(add_run(e, batch, from, i, run_us, err));
            from = takes ? i : i + 1;
            run_us = takes ? start_us : run_us;
        }
    }
    return add_run(e, batch, from, batch->row_count, run_us, err);
}

static enum tend_code fail_short(const struct tend__engine *e, struct tend_error *err)
{
    const size_t have = e->window_idx;
    return TEND_FAIL(err, EINVAL,
                     "the history is too short: %zu windows, and %zu to train, %zu to accept and "
                     "at least one to "
                     "play are needed; choose shorter ones",
                     have, e->config.train_windows, e->config.accept_windows);
}

enum tend_code tend__engine_finish(struct tend__engine *e, struct tend_error *err)
{
    if (e->finished) {
        return TEND_OK;
    }
    if (e->open == NULL) {
        return TEND_FAIL(err, EINVAL, "no row with a time in '%s'", e->config.time);
    }
    TEND_TRY(close_window(e, err));
    if (e->report_count == 0) {
        return fail_short(e, err);
    }
    const int64_t end_us =
        e->reports[e->report_count - 1].start_us + e->config.window_us + e->config.maturity_us;
    TEND_TRY(judge_matured(e, end_us, err));
    for (size_t i = 0; i < e->policy_count; i++) {
        TEND_TRY(engine__trial_close(e, &e->policies[i], "still open", end_us, err));
        e->policies[i].report.net = e->policies[i].report.value - e->policies[i].report.cost;
        e->policy_reports[i] = e->policies[i].report;
    }
    e->no_model.name = e->constant_decision ? "no model: always act" : "no model: never act";
    e->no_model.net = e->no_model.value;
    e->policy_reports[e->policy_count] = e->no_model;
    e->finished = true;
    return TEND_OK;
}
