/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_guard.c: guardrails: aggregates of a window's rows and decisions that no action may take
 * across a bound.
 *
 * They need no outcome. Each closed window is told once when the champion's decisions cross a
 * bound. A promotion is refused where the new version, on the rows of the newest closed window,
 * would cross a bound that the champion keeps.
 */
#include "engine/engine_state.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The guardrails' values over a window and the decisions of one model, whose scores are in
 * e->score; NAN where there is none. */
static enum tend_code measure(struct tend__engine *e, const struct engine_window *w,
                              const uint8_t *decision, double values[TEND_GUARDRAIL_MAX],
                              struct tend_error *err)
{
    const size_t rows = w->rows->row_count;
    if (rows > e->guard_valid_cap) {
        TEND_TRY(tend__mem_resize(&e->guard_valid, rows + rows / 2, 1, err));
        e->guard_valid_cap = rows + rows / 2;
    }
    for (size_t i = 0; i < rows; i++) {
        e->guard_valid[i] = decision[i] <= 1;
    }
    memcpy(e->guard_columns, w->rows->columns, e->field_count * sizeof(*e->guard_columns));
    e->guard_columns[e->field_count] =
        (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = e->score};
    e->guard_columns[e->field_count + 1] =
        (struct tend__column){.type = TEND_TYPE_BOOL, .bools = decision, .valid = e->guard_valid};
    for (size_t i = 0; i < e->config.guardrail_count; i++) {
        tend__aggregate_reset(e->guardrails[i]);
        TEND_TRY(tend__aggregate_add(e->guardrails[i], e->guard_columns, rows, err));
        values[i] = (double)NAN;
        (void)tend__aggregate_value(e->guardrails[i], &values[i]);
    }
    return TEND_OK;
}

static bool is_crossed(const struct tend__guardrail *g, double value)
{
    return value > g->high || value < g->low; /* false for NAN */
}

static void describe(const struct tend__guardrail *g, double value, char *text, size_t size)
{
    const bool is_above = value > g->high;
    (void)snprintf(text, size, "guardrail %s: %s is %.4g, %s %.4g", g->name, g->aggregate, value,
                   is_above ? "above" : "below", is_above ? g->high : g->low);
}

static enum tend_code tell(struct tend__engine *e, const char *text, double value,
                           const char *version, int64_t now_us, struct tend_error *err)
{
    char evidence[64];
    (void)snprintf(evidence, sizeof(evidence), "{\"value\":%.9g}", value);
    const struct tend__engine_event event = {
        .kind = TEND_HAPPENED_GUARDRAIL,
        .time_us = now_us,
        .window_idx = e->window_idx,
        .version = version,
        .value = (double)NAN,
        .text = text,
        .evidence = evidence,
    };
    return engine__emit(e, &event, err);
}

/* A closed window under the champion's decisions: a bound that is crossed is told, not again while
 * it stays so. Scores are in e->score. */
enum tend_code engine__guardrails_check(struct tend__engine *e, const struct engine_window *w,
                                        const uint8_t *decision, int64_t now_us,
                                        struct tend_error *err)
{
    double values[TEND_GUARDRAIL_MAX];
    if (e->config.guardrail_count == 0 || w->rows->row_count == 0) {
        return TEND_OK;
    }
    TEND_TRY(measure(e, w, decision, values, err));
    for (size_t i = 0; i < e->config.guardrail_count; i++) {
        const bool crossed = is_crossed(&e->config.guardrails[i], values[i]);
        if (crossed && !e->guard_is_crossed[i]) {
            char text[256];
            describe(&e->config.guardrails[i], values[i], text, sizeof(text));
            TEND_TRY(tell(e, text, values[i], "", now_us, err));
        }
        e->guard_is_crossed[i] = crossed;
    }
    return TEND_OK;
}

static enum tend_code measure_model(struct tend__engine *e, const struct engine_window *w,
                                    const struct engine_model *model,
                                    double values[TEND_GUARDRAIL_MAX], struct tend_error *err)
{
    uint8_t *decision = NULL;
    TEND_TRY(engine__window_score(e, w, model, w->x, err));
    TEND_TRY(tend__mem_new(w->rows->row_count, 1, &decision, err));
    const struct tend__batch batch = tend__rows_batch(w->rows);
    const struct tend__value_binding binding = {.score = e->score};
    const struct tend__value_out out = {.decision = decision};
    enum tend_code code = tend__value_rule_eval(e->rule, &batch, &binding, &out, NULL, err);
    if (code == TEND_OK) {
        code = measure(e, w, decision, values, err);
    }
    tend__mem_free(decision);
    return code;
}

/* Whether a promotion must not happen: on the newest closed window the model would cross a bound
 * that the champion keeps. It is told. */
enum tend_code engine__guardrails_refuse(struct tend__engine *e,
                                         const struct engine_model *champion,
                                         const struct engine_model *model, int64_t now_us,
                                         bool *refused, struct tend_error *err)
{
    double before[TEND_GUARDRAIL_MAX];
    double after[TEND_GUARDRAIL_MAX];
    *refused = false;
    if (e->config.guardrail_count == 0 || e->pending_count == 0 ||
        e->pending[e->pending_count - 1]->rows->row_count == 0) {
        return TEND_OK;
    }
    const struct engine_window *w = e->pending[e->pending_count - 1];
    TEND_TRY(measure_model(e, w, champion, before, err));
    TEND_TRY(measure_model(e, w, model, after, err));
    for (size_t i = 0; i < e->config.guardrail_count && !*refused; i++) {
        const struct tend__guardrail *g = &e->config.guardrails[i];
        if (is_crossed(g, after[i]) && !is_crossed(g, before[i])) {
            const char *version = e->versions[model->version_idx].name;
            char what[224];
            char text[288];
            describe(g, after[i], what, sizeof(what));
            (void)snprintf(text, sizeof(text), "%s is not promoted: with it, %s", version, what);
            TEND_TRY(tell(e, text, after[i], version, now_us, err));
            *refused = true;
        }
    }
    return TEND_OK;
}
