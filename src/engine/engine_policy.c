/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_policy.c: when to retrain, when to promote, when to fall back.
 *
 * Retraining by shadow gain: G = max(0, G + n x), x what the freshest model would have earned more
 * a row; retrain at G >= cost and x > 0. Between two retrains the measured paired regret stays
 * below cost + one window: a deterministic statement. Promotion by trial: promote at once, keep the
 * predecessor in shadow, B = max(0, B + n (v(old) - v(new))), fall back at B >= 3 costs: the loss
 * against the predecessor stays below that + one window. The weekly certificate (a Student-t
 * e-process on whole seasons) is recorded beside a trial, and is what a proof waits for.
 *
 * All policies run through the same code; only policy 0 makes versions and events.
 */
#include "engine/engine_state.h"

#include "stat/special.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TRIAL_SEASONS_MAX 12 /* a trial closes by itself after this many seasons */
#define PROOF_SEASONS_MAX 26 /* a proof that has not come by then: not enough evidence */
#define COST_DOUBLINGS_MAX 64.0
#define BOOK_CONFIDENCE 0.95

static bool is_owner(const struct tend__engine *e, const struct engine_policy *p)
{
    return p == &e->policies[0];
}

static const char *version_name(const struct tend__engine *e, const struct engine_model *model)
{
    return model == NULL || model->version_idx == SIZE_MAX ? ""
                                                           : e->versions[model->version_idx].name;
}

/* Tells what happened to a model; the time is this close's. */
static enum tend_code tell(struct tend__engine *e, const struct engine_model *model,
                           const struct tend__engine_event *event, struct tend_error *err)
{
    struct tend__engine_event full = *event;
    full.window_idx = e->window_idx;
    full.version = version_name(e, model);
    full.evidence = event->evidence == NULL ? "{}" : event->evidence;
    return engine__emit(e, &full, err);
}

/* ---- the comparison of two versions, week by week -------------------------------------------- */

static void end_comparison(struct engine_policy *p)
{
    tend__certificate_free(p->certificate);
    p->certificate = NULL;
    p->regret = 0;
    p->trial_money = 0;
    p->week_diff = 0;
    p->week_rows = 0;
    p->week_windows = 0;
    p->week_count = 0;
    p->trial_windows = 0;
    p->trial_version = SIZE_MAX;
}

/* The backtested weekly differences of two models that differ by nothing but a week of age. */
static size_t null_weeks(const struct tend__engine *e, double weeks[ENGINE_WEEK_MAX])
{
    const size_t season = e->config.season_windows;
    size_t count = 0;
    for (size_t i = 0; i + season <= e->null_gain_count && count < ENGINE_WEEK_MAX; i += season) {
        double sum = 0;
        for (size_t k = 0; k < season; k++) {
            sum += e->null_gain[i + k];
        }
        weeks[count] = sum / (double)season;
        count++;
    }
    return count;
}

static enum tend_code begin_comparison(struct tend__engine *e, struct engine_policy *p,
                                       size_t version_idx, struct tend_error *err)
{
    double weeks[ENGINE_WEEK_MAX];
    end_comparison(p);
    p->trial_version = version_idx;
    const struct tend__certificate_options options = {
        .alpha = p->options->confidence > 0 ? 1.0 - p->options->confidence : 0,
        .reference = weeks,
        .reference_count = null_weeks(e, weeks),
    };
    return tend__certificate_new(&options, &p->certificate, err);
}

/* What whole weeks of paired differences support: their sum, and its lower bound by Student's t on
 * the weeks (95 %, one-sided); NaN where there are too few. */
void engine__book(const double *weeks, size_t count, double *earned, double *earned_low)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += weeks[i];
    }
    *earned = count == 0 ? (double)NAN : sum;
    *earned_low = (double)NAN;
    if (count < 2) {
        return;
    }
    const double n = (double)count;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        squares += (weeks[i] - sum / n) * (weeks[i] - sum / n);
    }
    *earned_low =
        sum - tend__student_quantile(BOOK_CONFIDENCE, n - 1.0) * sqrt(squares / (n - 1.0) * n);
}

/* Ends the open trial or proof of a policy with a verdict, and puts what it earned into the
 * version. */
enum tend_code engine__trial_close(struct tend__engine *e, struct engine_policy *p,
                                   const char *verdict, int64_t now_us, struct tend_error *err)
{
    if (p->trial_version == SIZE_MAX) {
        return TEND_OK;
    }
    enum tend_code code = TEND_OK;
    if (is_owner(e, p)) {
        struct tend__version_report *v = &e->versions[p->trial_version];
        engine__book(p->weeks, p->week_count, &v->earned, &v->earned_low);
        (void)snprintf(v->verdict, sizeof(v->verdict), "%s", verdict);
        char text[320];
        char evidence[256];
        char earned[32];
        char low[32];
        char certificate[32];
        const char *unit = e->config.unit;
        if (p->week_count == 0) {
            (void)snprintf(text, sizeof(text), "%s: %s, after less than a whole season", v->name,
                           verdict);
        } else if (!(v->earned_low > 0)) {
            (void)snprintf(text, sizeof(text),
                           "%s: %s; %+.0f %s in %zu whole seasons against %s, too little to book",
                           v->name, verdict, v->earned, unit, p->week_count, v->parent);
        } else {
            (void)snprintf(text, sizeof(text),
                           "%s: %s; %+.0f %s in %zu whole seasons against %s, booked at %+.0f",
                           v->name, verdict, v->earned, unit, p->week_count, v->parent,
                           v->earned_low);
        }
        tend__number_text(v->earned, earned);
        tend__number_text(v->earned_low, low);
        tend__number_text(v->evidence, certificate);
        (void)snprintf(evidence, sizeof(evidence),
                       "{\"seasons\":%zu,\"earned\":%s,\"earned_low\":%s,\"certificate\":%s}",
                       p->week_count, earned, low, certificate);
        const struct tend__engine_event event = {
            .kind = TEND_HAPPENED_TRIAL_CLOSED,
            .time_us = now_us,
            .window_idx = e->window_idx,
            .version = v->name,
            .value = v->earned_low > 0 ? v->earned_low : 0.0,
            .text = text,
            .evidence = evidence,
        };
        code = engine__emit(e, &event, err);
    }
    /* A trial that ended well: what was learned from earlier fall-backs is paid off. */
    if (strcmp(verdict, "fell back") != 0) {
        p->cost_now = e->config.retrain_cost;
    }
    end_comparison(p);
    engine__role_set(e, &p->predecessor, NULL);
    return code;
}

static void demand_more(const struct tend__engine *e, struct engine_policy *p)
{
    if (p->cost_now < COST_DOUBLINGS_MAX * e->config.retrain_cost) {
        p->cost_now *= 2;
    }
}

/* ---- promotion ------------------------------------------------------------------------------- */

/* A version that a guardrail holds back: as after a fall-back, the next has to promise more. */
static enum tend_code refuse(struct tend__engine *e, struct engine_policy *p,
                             const struct engine_model *model)
{
    struct tend__version_report *v = &e->versions[model->version_idx];
    (void)snprintf(v->verdict, sizeof(v->verdict), "refused by a guardrail");
    p->gain = 0;
    demand_more(e, p);
    return TEND_OK;
}

static enum tend_code promote(struct tend__engine *e, struct engine_policy *p,
                              struct engine_model *model, const char *why, int64_t now_us,
                              struct tend_error *err)
{
    const bool keeps_trial = p->options->by != TEND_BY_NO_TRIAL;
    if (is_owner(e, p)) {
        bool refused = false;
        TEND_TRY(engine__guardrails_refuse(e, p->champion, model, now_us, &refused, err));
        if (refused) {
            return refuse(e, p, model);
        }
    }
    TEND_TRY(engine__trial_close(e, p, "superseded", now_us, err));
    if (keeps_trial) {
        engine__role_set(e, &p->predecessor, p->champion);
        TEND_TRY(begin_comparison(e, p, model->version_idx, err));
    }
    if (is_owner(e, p)) {
        if (p->champion->version_idx != SIZE_MAX) {
            e->versions[p->champion->version_idx].retired_us = now_us;
        }
        struct tend__version_report *v = &e->versions[model->version_idx];
        v->promoted_us = now_us;
        (void)snprintf(v->verdict, sizeof(v->verdict), keeps_trial ? "on trial" : "promoted");
        char text[256];
        (void)snprintf(text, sizeof(text), "%s takes over from %s %s", v->name, v->parent, why);
        TEND_TRY(tell(e, model,
                      &(struct tend__engine_event){.kind = TEND_HAPPENED_PROMOTED,
                                                   .time_us = now_us,
                                                   .value = (double)NAN,
                                                   .cost = 0,
                                                   .text = text,
                                                   .evidence = NULL},
                      err));
        e->watch_restart = true;
    }
    engine__role_set(e, &p->champion, model);
    p->gain = 0;
    p->report.promotion_count++;
    return TEND_OK;
}

static enum tend_code fall_back(struct tend__engine *e, struct engine_policy *p, int64_t now_us,
                                struct tend_error *err)
{
    struct engine_model *old = p->predecessor;
    old->ref_count++;
    const double lost = p->regret;
    const double paired = p->trial_money;
    struct engine_model *failed = p->champion;
    enum tend_code code = engine__trial_close(e, p, "fell back", now_us, err);
    if (code == TEND_OK && is_owner(e, p)) {
        if (failed->version_idx != SIZE_MAX) {
            e->versions[failed->version_idx].retired_us = now_us;
        }
        if (old->version_idx != SIZE_MAX) {
            e->versions[old->version_idx].retired_us = ENGINE_NO_TIME;
        }
        char text[256];
        char evidence[128];
        (void)snprintf(text, sizeof(text),
                       "back to %s: it leads %s by %.0f %s, %.3g retraining costs were allowed",
                       version_name(e, old), version_name(e, failed), lost, e->config.unit,
                       p->options->fall_back_costs);
        (void)snprintf(evidence, sizeof(evidence),
                       "{\"regret\":%.9g,\"paired\":%.9g,\"bound\":%.9g}", lost, paired,
                       p->options->fall_back_costs * e->config.retrain_cost);
        code = tell(e, old,
                    &(struct tend__engine_event){.kind = TEND_HAPPENED_FELL_BACK,
                                                 .time_us = now_us,
                                                 .value = paired,
                                                 .cost = 0,
                                                 .text = text,
                                                 .evidence = evidence},
                    err);
        e->watch_restart = true;
    }
    engine__role_set(e, &p->champion, old);
    engine__model_unref(e, old);
    p->gain = 0;
    p->report.fall_back_count++;
    demand_more(e, p);
    return code;
}

/* A challenger that waits: for its proof or for a person. */
static enum tend_code challenge(struct tend__engine *e, struct engine_policy *p,
                                struct engine_model *model, int64_t now_us, struct tend_error *err)
{
    engine__role_set(e, &p->challenger, model);
    TEND_TRY(begin_comparison(e, p, model->version_idx, err));
    p->gain = 0;
    if (p->options->by != TEND_BY_ASK || !is_owner(e, p)) {
        return TEND_OK;
    }
    char text[192];
    (void)snprintf(text, sizeof(text),
                   "%s is ready and waits for approval; it is compared with %s meanwhile",
                   version_name(e, model), version_name(e, p->champion));
    return tell(e, model,
                &(struct tend__engine_event){.kind = TEND_HAPPENED_ASKED,
                                             .time_us = now_us,
                                             .value = (double)NAN,
                                             .cost = 0,
                                             .text = text,
                                             .evidence = NULL},
                err);
}

/* ---- judged windows -------------------------------------------------------------------------- */

static enum tend_code push_week(struct tend__engine *e, struct engine_policy *p,
                                const struct engine_model *newer, int64_t now_us,
                                struct tend_error *err)
{
    bool proven = false;
    double evidence = 0;
    if (p->week_rows > 0) {
        tend__certificate_push(p->certificate, p->week_diff / (double)p->week_rows, &evidence,
                               &proven);
    }
    if (p->week_count < ENGINE_WEEK_MAX) {
        p->weeks[p->week_count] = p->week_diff;
        p->week_count++;
    }
    if (is_owner(e, p) && p->predecessor != NULL && e->book_week_count < ENGINE_WEEK_MAX) {
        e->book_weeks[e->book_week_count] = p->week_diff;
        e->book_week_count++;
    }
    p->week_diff = 0;
    p->week_rows = 0;
    p->week_windows = 0;
    if (is_owner(e, p) && p->trial_version != SIZE_MAX) {
        struct tend__version_report *v = &e->versions[p->trial_version];
        v->evidence = evidence;
    }
    if (!proven) {
        return TEND_OK;
    }
    if (is_owner(e, p)) {
        char text[192];
        char json[96];
        (void)snprintf(
            text, sizeof(text), "%s is proven better than %s (evidence %.3g in %zu seasons)",
            version_name(e, newer), e->versions[p->trial_version].parent, evidence, p->week_count);
        (void)snprintf(json, sizeof(json), "{\"certificate\":%.9g,\"seasons\":%zu}", evidence,
                       p->week_count);
        TEND_TRY(tell(e, newer,
                      &(struct tend__engine_event){.kind = TEND_HAPPENED_PROVEN,
                                                   .time_us = now_us,
                                                   .value = (double)NAN,
                                                   .cost = 0,
                                                   .text = text,
                                                   .evidence = json},
                      err));
    }
    if (p->predecessor != NULL) {
        return engine__trial_close(e, p, "proven", now_us, err);
    }
    if (p->options->by == TEND_BY_PROOF) {
        struct engine_model *model = p->challenger;
        model->ref_count++;
        engine__role_set(e, &p->challenger, NULL);
        const enum tend_code code = promote(e, p, model, "on proof", now_us, err);
        engine__model_unref(e, model);
        return code;
    }
    return TEND_OK;
}

struct comparison {
    double newer; /* money of the window */
    double older;
    uint64_t row_count;
};

/* One judged window of an open comparison. */
static enum tend_code judge_comparison(struct tend__engine *e, struct engine_policy *p,
                                       const struct comparison *c, int64_t now_us,
                                       struct tend_error *err)
{
    const size_t season = e->config.season_windows;
    p->trial_windows++;
    p->trial_money += c->newer - c->older;
    p->week_diff += c->newer - c->older;
    p->week_rows += c->row_count;
    p->week_windows++;
    if (p->predecessor != NULL) {
        p->regret = fmax(0.0, p->regret + c->older - c->newer);
        if (p->regret >= p->options->fall_back_costs * e->config.retrain_cost) {
            return fall_back(e, p, now_us, err);
        }
    }
    if (p->week_windows == season) {
        TEND_TRY(
            push_week(e, p, p->predecessor != NULL ? p->champion : p->challenger, now_us, err));
    }
    if (p->predecessor != NULL && p->trial_windows >= TRIAL_SEASONS_MAX * season) {
        return engine__trial_close(e, p, "not enough evidence", now_us, err);
    }
    if (p->challenger != NULL && p->options->by == TEND_BY_PROOF &&
        p->trial_windows >= PROOF_SEASONS_MAX * season) {
        TEND_TRY(engine__trial_close(e, p, "not enough evidence", now_us, err));
        engine__role_set(e, &p->challenger, NULL);
    }
    return TEND_OK;
}

static void judge_gain(struct tend__engine *e, struct engine_policy *p,
                       const struct engine_window *w, double champion)
{
    const double fresh = engine__value_of(e, w->roles.fresh[e->length_idx]);
    if (p->options->when != TEND_WHEN_GAIN || w->break_count > 0 || !isfinite(fresh) ||
        w->roles.champion[p - e->policies] != p->champion) {
        return;
    }
    p->gain = fmax(0.0, p->gain + fresh - champion);
    p->gain_is_rising = fresh > champion;
}

enum tend_code engine__policies_judge(struct tend__engine *e, const struct engine_window *w,
                                      int64_t now_us, struct tend_error *err)
{
    const uint64_t rows = e->reports[w->report_idx].matured_count;
    for (size_t i = 0; i < e->policy_count; i++) {
        struct engine_policy *p = &e->policies[i];
        const double champion = engine__value_of(e, w->roles.champion[i]);
        p->report.value += champion;
        p->report.row_count += rows;
        judge_gain(e, p, w, champion);
        const struct engine_model *older = w->roles.predecessor[i];
        const struct engine_model *newer = w->roles.challenger[i];
        if (older != NULL && older == p->predecessor && w->roles.champion[i] == p->champion) {
            TEND_TRY(judge_comparison(
                e, p, &(struct comparison){champion, engine__value_of(e, older), rows}, now_us,
                err));
        } else if (newer != NULL && newer == p->challenger) {
            TEND_TRY(judge_comparison(
                e, p, &(struct comparison){engine__value_of(e, newer), champion, rows}, now_us,
                err));
        }
    }
    return TEND_OK;
}

/* ---- decisions at the close of a window ------------------------------------------------------ */

static bool wants_retrain(const struct tend__engine *e, struct engine_policy *p)
{
    switch (p->options->when) {
    case TEND_WHEN_NEVER:
        return false;
    case TEND_WHEN_EVERY:
        p->since_windows++;
        return p->since_windows >= p->options->every_windows;
    case TEND_WHEN_GAIN:
        return p->gain >= p->cost_now && p->gain_is_rising && p->challenger == NULL &&
               e->open_break_count == 0;
    }
    return false;
}

static size_t recipe_length(const struct tend__engine *e, const struct engine_policy *p)
{
    return p->options->when == TEND_WHEN_GAIN ? e->lengths[e->length_idx] : e->lengths[0];
}

enum tend_code engine__policies_decide(struct tend__engine *e, int64_t now_us,
                                       struct tend_error *err)
{
    (void)now_us;
    for (size_t i = 0; i < e->policy_count; i++) {
        struct engine_policy *p = &e->policies[i];
        p->wants_retrain = wants_retrain(e, p);
        if (p->wants_retrain) {
            TEND_TRY(engine__model_request(e, recipe_length(e, p), e->window_idx + 1, err));
        }
    }
    return TEND_OK;
}

static enum tend_code tell_retrained(struct tend__engine *e, struct engine_policy *p,
                                     struct engine_model *model, int64_t now_us,
                                     struct tend_error *err)
{
    char text[320];
    char evidence[192];
    const struct tend__version_report *v = &e->versions[model->version_idx];
    if (p->options->when == TEND_WHEN_GAIN) {
        (void)snprintf(
            text, sizeof(text),
            "%s trained on %llu rows of %zu windows: a fresh model would have earned %.0f %s more, "
            "retraining costs %.0f",
            v->name, (unsigned long long)v->row_count, v->train_windows, p->gain, e->config.unit,
            e->config.retrain_cost);
    } else {
        (void)snprintf(
            text, sizeof(text), "%s trained on %llu rows of %zu windows: %zu windows have passed",
            v->name, (unsigned long long)v->row_count, v->train_windows, p->options->every_windows);
    }
    (void)snprintf(evidence, sizeof(evidence),
                   "{\"gain\":%.9g,\"threshold\":%.9g,\"rows\":%llu,\"windows\":%zu}", p->gain,
                   p->cost_now, (unsigned long long)v->row_count, v->train_windows);
    return tell(e, model,
                &(struct tend__engine_event){.kind = TEND_HAPPENED_RETRAINED,
                                             .time_us = now_us,
                                             .value = (double)NAN,
                                             .cost = e->config.retrain_cost,
                                             .text = text,
                                             .evidence = evidence},
                err);
}

static enum tend_code apply_retrain(struct tend__engine *e, struct engine_policy *p, int64_t now_us,
                                    struct tend_error *err)
{
    struct engine_model *model = engine__model_find(e, recipe_length(e, p), e->window_idx + 1);
    TEND_ASSERT(model != NULL);
    p->report.cost += e->config.retrain_cost;
    p->report.retrain_count++;
    p->since_windows = 0;
    if (is_owner(e, p)) {
        TEND_TRY(engine__version_add(e, model, now_us, version_name(e, p->champion), err));
        TEND_TRY(tell_retrained(e, p, model, now_us, err));
    }
    switch (p->options->by) {
    case TEND_BY_NO_TRIAL:
        return promote(e, p, model, "at once", now_us, err);
    case TEND_BY_TRIAL:
        return promote(e, p, model, "on trial", now_us, err);
    case TEND_BY_PROOF:
    case TEND_BY_ASK:
        return challenge(e, p, model, now_us, err);
    }
    return TEND_OK;
}

enum tend_code engine__policies_apply(struct tend__engine *e, int64_t now_us,
                                      struct tend_error *err)
{
    for (size_t i = 0; i < e->policy_count; i++) {
        if (e->policies[i].wants_retrain) {
            e->policies[i].wants_retrain = false;
            TEND_TRY(apply_retrain(e, &e->policies[i], now_us, err));
        }
    }
    return TEND_OK;
}
