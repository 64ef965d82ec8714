/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_setup.c: birth and death of the engine, its configuration checked against the columns.
 */
#include "engine/engine_state.h"

#include "base/mem.h"
#include "base/names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FIELD_MAX 4096

/* ---- the configuration against the columns --------------------------------------------------- */

static enum tend_code find_field(const struct tend__engine *e, const char *key, const char *name,
                                 size_t *out, struct tend_error *err)
{
    const char **names = NULL;
    for (size_t i = 0; i < e->field_count; i++) {
        if (strcmp(e->fields[i].name, name) == 0) {
            *out = i;
            return TEND_OK;
        }
    }
    TEND_TRY(tend__mem_new(e->field_count, sizeof(*names), &names, err));
    for (size_t i = 0; i < e->field_count; i++) {
        names[i] = e->fields[i].name;
    }
    const char *near = tend__name_nearest(name, names, e->field_count);
    tend__mem_free(names);
    if (near != NULL) {
        return TEND_FAIL(err, ENOTFOUND, "%s: the data has no column '%s' (did you mean '%s'?)",
                         key, name, near);
    }
    return TEND_FAIL(err, ENOTFOUND, "%s: the data has no column '%s'", key, name);
}

static void fill_defaults(struct tend__engine_config *c)
{
    c->window_us = c->window_us == 0 ? TEND_US_PER_DAY : c->window_us;
    c->season_windows = c->season_windows == 0 ? 7 : c->season_windows;
    c->train_windows = c->train_windows == 0 ? 28 : c->train_windows;
    c->accept_windows = c->accept_windows == 0 ? 28 : c->accept_windows;
    c->refit_windows = c->refit_windows == 0 ? 3 : c->refit_windows;
    c->train_row_max = c->train_row_max == 0 ? 50000 : c->train_row_max;
    c->rounds = c->rounds == 0 ? 30 : c->rounds;
    c->depth = c->depth == 0 ? 4 : c->depth;
    c->eta = c->eta > 0 ? c->eta : 0.2;
    c->false_alarms = c->false_alarms > 0 ? c->false_alarms : 1.0;
    c->unit = c->unit == NULL ? "" : c->unit;
    c->score = c->score == NULL ? "score" : c->score;
}

static enum tend_code check_config(const struct tend__engine_config *c, size_t field_count,
                                   struct tend_error *err)
{
    if (c->policy_count == 0 || c->policy_count > TEND_POLICY_MAX) {
        return TEND_FAIL(err, EINVAL, "%zu policies: 1 to %d are possible", c->policy_count,
                         TEND_POLICY_MAX);
    }
    if (c->feature_count == 0 || c->feature_count > TEND_FEATURE_MAX || field_count > FIELD_MAX) {
        return TEND_FAIL(err, EINVAL,
                         "data.features: %zu features of %zu columns: 1 to %d are possible",
                         c->feature_count, field_count, TEND_FEATURE_MAX);
    }
    if (c->segment_count > TEND_SEGMENT_MAX || c->guardrail_count > TEND_GUARDRAIL_MAX) {
        return TEND_FAIL(err, ELIMIT, "at most %d segments and %d guardrails", TEND_SEGMENT_MAX,
                         TEND_GUARDRAIL_MAX);
    }
    if (!(c->retrain_cost > 0)) {
        return TEND_FAIL(err, EINVAL,
                         "retrain.cost: %g: what a retraining costs must be more than 0",
                         c->retrain_cost);
    }
    if (c->maturity_us < 0 || c->window_us <= 0) {
        return TEND_FAIL(err, EINVAL, "windows.every and label.known_after must not be negative");
    }
    return TEND_OK;
}

static enum tend_code bind_features(struct tend__engine *e, struct tend_error *err)
{
    const struct tend__engine_config *c = &e->config;
    TEND_TRY(tend__mem_new(c->feature_count, sizeof(*e->features), &e->features, err));
    TEND_TRY(tend__mem_new(c->feature_count, sizeof(bool), &e->feature_is_category, err));
    for (size_t i = 0; i < c->feature_count; i++) {
        struct tend__feature *feature = &e->features[i];
        tend__codes_init(&feature->codes);
        TEND_TRY(find_field(e, "data.features", c->features[i], &feature->column_idx, err));
        feature->is_category = c->feature_is_category[i];
        e->feature_is_category[i] = feature->is_category;
        const enum tend_type type = e->fields[feature->column_idx].type;
        if (type == TEND_TYPE_TIME) {
            return TEND_FAIL(err, ETYPE,
                             "data.features: '%s' is a time: make numbers of it (hour, weekday) in "
                             "the data first",
                             c->features[i]);
        }
        if (type == TEND_TYPE_TEXT && !feature->is_category) {
            return TEND_FAIL(err, ETYPE,
                             "data.features: '%s' is text in the data: it must be a category",
                             c->features[i]);
        }
    }
    return TEND_OK;
}

static enum tend_code bind_columns(struct tend__engine *e, struct tend_error *err)
{
    const struct tend__engine_config *c = &e->config;
    TEND_TRY(find_field(e, "data.time", c->time, &e->time_idx, err));
    if (e->fields[e->time_idx].type != TEND_TYPE_TIME) {
        return TEND_FAIL(err, ETYPE, "data.time: '%s' is a %s in the data, not a time", c->time,
                         tend__type_text(e->fields[e->time_idx].type));
    }
    e->id_idx = SIZE_MAX;
    if (c->id != NULL) {
        TEND_TRY(find_field(e, "data.id", c->id, &e->id_idx, err));
    }
    TEND_TRY(find_field(e, "label.column", c->label, &e->label_idx, err));
    const enum tend_type label = e->fields[e->label_idx].type;
    if (label != TEND_TYPE_BOOL && label != TEND_TYPE_NUMBER) {
        return TEND_FAIL(err, ETYPE, "label.column: '%s' is a %s: a 0/1 label is needed", c->label,
                         tend__type_text(label));
    }
    return bind_features(e, err);
}

/* Every column is profiled but for the id, which never repeats, and the label, which comes later.
 */
static enum tend_code bind_profile(struct tend__engine *e, struct tend_error *err)
{
    TEND_TRY(tend__mem_new(e->field_count, sizeof(*e->profile_fields), &e->profile_fields, err));
    TEND_TRY(tend__mem_new(e->field_count, sizeof(*e->profile_from), &e->profile_from, err));
    TEND_TRY(tend__mem_new(e->field_count, sizeof(*e->profile_columns), &e->profile_columns, err));
    for (size_t i = 0; i < e->field_count; i++) {
        if (i == e->id_idx || i == e->label_idx) {
            continue;
        }
        e->profile_fields[e->profile_count] = e->fields[i];
        e->profile_from[e->profile_count] = i;
        e->profile_count++;
    }
    return tend__plan_builder_new(e->profile_fields, e->profile_count, NULL, &e->builder, err);
}

static enum tend_code bind_expressions(struct tend__engine *e, struct tend_error *err)
{
    const struct tend__engine_config *c = &e->config;
    for (size_t i = 0; i < c->segment_count; i++) {
        e->segments[i] = (struct tend__value_segment){.expr = c->segments[i]};
    }
    const struct tend__value_rule_options options = {
        .fields = e->fields,
        .field_count = e->field_count,
        .value = c->value,
        .decision = c->decision,
        .score_name = c->score,
        .label_name = c->label,
        .segments = e->segments,
        .segment_count = c->segment_count,
    };
    TEND_TRY(tend__value_rule_new(&options, &e->rule, err));
    TEND_TRY(tend__value_sums_init(&e->live_sums, tend__value_rule_segment_count(e->rule), err));
    const size_t guard_count = e->field_count + 2;
    TEND_TRY(tend__mem_new(guard_count, sizeof(*e->guard_fields), &e->guard_fields, err));
    TEND_TRY(tend__mem_new(guard_count, sizeof(*e->guard_columns), &e->guard_columns, err));
    memcpy(e->guard_fields, e->fields, e->field_count * sizeof(*e->fields));
    e->guard_fields[e->field_count] =
        (struct tend__field){c->score, TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY};
    e->guard_fields[e->field_count + 1] =
        (struct tend__field){"decision", TEND_TYPE_BOOL, -(double)INFINITY, (double)INFINITY};
    for (size_t i = 0; i < c->guardrail_count; i++) {
        const enum tend_code code = tend__aggregate_new(c->guardrails[i].aggregate, e->guard_fields,
                                                        guard_count, &e->guardrails[i], err);
        if (code != TEND_OK) {
            tend__error_prefix(err, "guardrails: %s", c->guardrails[i].name);
            return code;
        }
    }
    return TEND_OK;
}

static enum tend_code init(struct tend__engine *e, struct tend_error *err)
{
    fill_defaults(&e->config);
    TEND_TRY(check_config(&e->config, e->field_count, err));
    TEND_TRY(bind_columns(e, err));
    TEND_TRY(bind_profile(e, err));
    TEND_TRY(bind_expressions(e, err));
    e->lengths[0] = e->config.train_windows;
    e->lengths[1] = e->config.season_windows < e->config.train_windows ? e->config.season_windows
                                                                       : e->config.train_windows;
    TEND_TRY(tend__mem_new(e->lengths[0], sizeof(*e->train), &e->train, err));
    e->policy_count = e->config.policy_count;
    for (size_t i = 0; i < e->policy_count; i++) {
        struct engine_policy *p = &e->policies[i];
        p->options = &e->config.policies[i];
        p->cost_now = e->config.retrain_cost;
        p->trial_version = SIZE_MAX;
        p->report.name = p->options->name;
    }
    e->last_time_us = INT64_MIN;
    return TEND_OK;
}

enum tend_code tend__engine_new(const struct tend__engine_config *config,
                                const struct tend__engine_ports *ports,
                                const struct tend__field *fields, size_t field_count,
                                struct tend__engine **out, struct tend_error *err)
{
    struct tend__engine *e = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*e), &e, err));
    e->config = *config;
    e->ports = *ports;
    e->fields = fields;
    e->field_count = field_count;
    const enum tend_code code = init(e, err);
    if (code != TEND_OK) {
        tend__engine_free(e);
        return code;
    }
    *out = e;
    return TEND_OK;
}

/* ---- death ----------------------------------------------------------------------------------- */

static void free_models(struct tend__engine *e)
{
    for (size_t i = 0; i < TEND_POLICY_MAX; i++) {
        struct engine_policy *p = &e->policies[i];
        engine__role_set(e, &p->champion, NULL);
        engine__role_set(e, &p->predecessor, NULL);
        engine__role_set(e, &p->challenger, NULL);
        tend__certificate_free(p->certificate);
    }
    engine__roles_set(e, &e->now, NULL);
    for (size_t i = 0; i < e->request_count; i++) {
        engine__model_unref(e, e->requests[i].model);
    }
    TEND_ASSERT(e->model_count == 0);
}

static void free_windows(struct tend__engine *e)
{
    engine__window_free(e->open);
    for (size_t i = 0; i < e->pending_count; i++) {
        engine__roles_set(e, &e->pending[i]->roles, NULL);
        engine__window_free(e->pending[i]);
    }
    for (size_t i = 0; i < e->spare_count; i++) {
        engine__window_free(e->spare[i]);
    }
    tend__mem_free(e->pending);
    tend__mem_free(e->spare);
    for (size_t i = 0; i < TEND_SEEN_WINDOWS; i++) {
        tend__mem_free(e->seen[i].slots);
    }
    for (size_t i = 0; e->train != NULL && i < e->lengths[0]; i++) {
        tend__mem_free(e->train[i].x);
        tend__mem_free(e->train[i].label);
    }
    tend__mem_free(e->train);
}

static void free_judgement(struct tend__engine *e)
{
    tend__plan_builder_free(e->builder);
    tend__profile_free(e->reference);
    tend__break_rows_free(e->reference_rows);
    for (size_t i = 0; i < e->history_count; i++) {
        tend__profile_free(e->history[i]);
    }
    tend__plan_unref(e->plan);
    tend__value_estimator_free(e->estimator);
    tend__harm_watch_free(e->harm);
    tend__harm_watch_free(e->floor);
    engine__references_free(e);
    tend__mem_free(e->null_gain);
    for (size_t i = 0; i < TEND_GUARDRAIL_MAX; i++) {
        tend__aggregate_free(e->guardrails[i]);
    }
    tend__value_sums_deinit(&e->live_sums);
    tend__value_rule_free(e->rule);
}

void tend__engine_free(struct tend__engine *e)
{
    if (e == NULL) {
        return;
    }
    free_windows(e);
    free_models(e);
    free_judgement(e);
    for (size_t i = 0; e->features != NULL && i < e->config.feature_count; i++) {
        tend__codes_deinit(&e->features[i].codes);
    }
    tend__mem_free(e->features);
    tend__mem_free(e->feature_is_category);
    tend__mem_free(e->profile_fields);
    tend__mem_free(e->profile_from);
    tend__mem_free(e->profile_columns);
    tend__mem_free(e->guard_fields);
    tend__mem_free(e->guard_columns);
    tend__mem_free(e->guard_valid);
    tend__mem_free(e->reports);
    tend__mem_free(e->versions);
    tend__mem_free(e->incidents);
    tend__mem_free(e->score);
    tend__mem_free(e->value);
    tend__mem_free(e->delta);
    tend__mem_free(e->value_none);
    tend__mem_free(e->label_number);
    tend__mem_free(e->label);
    tend__mem_free(e->label_valid);
    tend__mem_free(e);
}
