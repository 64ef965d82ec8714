/* SPDX-License-Identifier: Apache-2.0 */
/* play.c: the engine over history; see play.h. */
#include "cli/play.h"
#include "cli/play_join.h"

#include "base/civil.h"
#include "base/mem.h"
#include "cli/worth.h"
#include "model/forest.h"
#include "train/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ENTRY_MAX 1000000
#define POLICY_NAME_WEEK "every 7 windows"
#define POLICY_NAME_MONTH "every 28 windows"

struct tend__play {
    const struct tend__play_options *options; /* only while it runs */
    const struct tend__config *config;
    struct tend__engine *engine;
    struct tend__engine_config engine_config;
    const char **features;
    bool *is_category;
    struct tend__conditions conditions; /* the segments */
    const char **segments;              /* the same, as the engine takes them */
    struct tend__guardrail *guardrails;
    struct tend__buf *guardrail_texts;
    size_t guardrail_count;
    struct tend__field *fields;
    size_t field_count;
    size_t own_name_count;        /* fields whose names are the play's own */
    struct tend__play_join *join; /* NULL where outcomes stand in the data */
    struct tend__trainer trainer;
    struct tend__play_entry *entries;
    size_t entry_count, entry_cap;
    uint64_t seed;
    char data_hash[TEND_SHA256_HEX_SIZE];
};

/* ---- the configuration, as the engine wants it ------------------------------------------------
 */

static enum tend_code need(const struct tend__config *config, const void *given, const char *key,
                           struct tend_error *err)
{
    if (given != NULL) {
        return TEND_OK;
    }
    return TEND_FAIL(err, EINVAL, "%s: '%s' is needed to play history", config->path, key);
}

static enum tend_code copy_lists(struct tend__play *play, const struct tend__config *config,
                                 struct tend_error *err)
{
    TEND_TRY(tend__mem_new(config->feature_count, sizeof(char *), &play->features, err));
    TEND_TRY(tend__mem_new(config->feature_count, sizeof(bool), &play->is_category, err));
    TEND_TRY(tend__mem_new(play->conditions.count, sizeof(char *), &play->segments, err));
    TEND_TRY(tend__mem_new(config->guardrail_count, sizeof(struct tend__guardrail),
                           &play->guardrails, err));
    TEND_TRY(tend__mem_new(config->guardrail_count, sizeof(struct tend__buf),
                           &play->guardrail_texts, err));
    play->guardrail_count = config->guardrail_count;
    for (size_t i = 0; i < config->feature_count; i++) {
        play->features[i] = config->features[i].name;
        play->is_category[i] = config->features[i].is_category;
    }
    for (size_t i = 0; i < play->conditions.count; i++) {
        play->segments[i] = play->conditions.texts[i];
    }
    for (size_t i = 0; i < config->guardrail_count; i++) {
        const struct tend__config_guardrail *g = &config->guardrails[i];
        tend__buf_init(&play->guardrail_texts[i], 65536);
        tend__config_guardrail_text(g, &play->guardrail_texts[i]);
        TEND_TRY(tend__buf_code(&play->guardrail_texts[i], err));
        play->guardrails[i] = (struct tend__guardrail){
            .name = g->name,
            .aggregate = tend__buf_str(&play->guardrail_texts[i]),
            .low = g->low,
            .high = g->high,
        };
    }
    return TEND_OK;
}

static struct tend__policy owners_policy(const struct tend__config *config)
{
    struct tend__policy policy = {.name = "configured", .confidence = config->promote.confidence};
    switch (config->retrain.when) {
    case TEND_RETRAIN_GAIN:
        policy.when = TEND_WHEN_GAIN;
        break;
    case TEND_RETRAIN_EVERY:
        policy.when = TEND_WHEN_EVERY;
        policy.every_windows = (size_t)(config->retrain.every_us / config->window_us);
        policy.every_windows = policy.every_windows == 0 ? 1 : policy.every_windows;
        break;
    case TEND_RETRAIN_NEVER:
        policy.when = TEND_WHEN_NEVER;
        break;
    }
    switch (config->promote.by) {
    case TEND_PROMOTE_TRIAL:
        policy.by = TEND_BY_TRIAL;
        break;
    case TEND_PROMOTE_PROOF:
        policy.by = TEND_BY_PROOF;
        break;
    case TEND_PROMOTE_ASK:
        policy.by = TEND_BY_ASK;
        break;
    }
    policy.fall_back_costs = config->promote.fall_back_costs > 0
                                 ? config->promote.fall_back_costs
                                 : config->promote.fall_back_money / config->retrain.cost;
    return policy;
}

static enum tend_code set_policies(struct tend__play *play,
                                   const struct tend__play_options *options, struct tend_error *err)
{
    const struct tend__policy others[] = {
        {.name = "never", .when = TEND_WHEN_NEVER, .by = TEND_BY_NO_TRIAL},
        {.name = POLICY_NAME_WEEK,
         .when = TEND_WHEN_EVERY,
         .every_windows = 7,
         .by = TEND_BY_NO_TRIAL},
        {.name = POLICY_NAME_MONTH,
         .when = TEND_WHEN_EVERY,
         .every_windows = 28,
         .by = TEND_BY_NO_TRIAL},
    };
    struct tend__engine_config *c = &play->engine_config;
    c->policies[0] = owners_policy(options->config);
    c->policy_count = 1;
    for (size_t i = 0; i < TEND_ARRAY_LEN(others); i++) {
        if (options->only_policy == NULL || strcmp(options->only_policy, others[i].name) == 0) {
            c->policies[c->policy_count] = others[i];
            c->policy_count++;
        }
    }
    if (options->only_policy != NULL && c->policy_count == 1 &&
        strcmp(options->only_policy, c->policies[0].name) != 0) {
        return TEND_FAIL(err, EINVAL,
                         "--policy: '%s' is none of 'configured', 'never', '" POLICY_NAME_WEEK
                         "', '" POLICY_NAME_MONTH "'",
                         options->only_policy);
    }
    return TEND_OK;
}

static enum tend_code configure(struct tend__play *play, const struct tend__play_options *options,
                                struct tend_error *err)
{
    const struct tend__config *config = options->config;
    TEND_TRY(need(config, config->time, "data.time", err));
    TEND_TRY(need(config, config->label.column, "label.column", err));
    TEND_TRY(need(config, config->value.per_row.text, "value.per_row", err));
    if (!(config->retrain.cost > 0)) {
        return TEND_FAIL(err, EINVAL,
                         "%s: 'retrain.cost' is 0: say what one retraining costs, in %s",
                         config->path, config->value.unit);
    }
    if (config->retrain.command != NULL) {
        return TEND_FAIL(err, EUNSUPPORTED,
                         "%s: retrain.command: history is played with 'trainer: xgboost' so far",
                         config->path);
    }
    if (config->label.affected_by_decision) {
        return TEND_FAIL(
            err, EUNSUPPORTED,
            "%s: label.affected_by_decision: history cannot say what would have happened "
            "under another decision",
            config->path);
    }
    TEND_TRY(copy_lists(play, config, err));
    const bool has_absent = config->label.absent_known;
    play->engine_config = (struct tend__engine_config){
        .model = config->model,
        .id = config->id,
        .time = config->time,
        .label = config->label.column,
        .score = config->score.text,
        .decision = config->decision.text,
        .value = config->value.per_row.text,
        .unit = config->value.unit,
        .absent_means = !has_absent ? NULL : (config->label.absent_means > 0.5 ? "1" : "0"),
        .feature_count = config->feature_count,
        .features = play->features,
        .feature_is_category = play->is_category,
        .segment_count = play->conditions.count,
        .segments = play->segments,
        .guardrail_count = config->guardrail_count,
        .guardrails = play->guardrails,
        .window_us = config->window_us,
        .season_windows = (size_t)(config->season_us / config->window_us),
        .maturity_us = config->label.known_after_us,
        .train_windows = options->train_windows,
        .accept_windows = options->accept_windows,
        .retrain_cost = config->retrain.cost,
        .false_alarms = config->false_alarms_per_year,
        .floor = config->has_floor ? config->floor : (double)NAN,
        .tolerance = (double)NAN,
        .seed = options->seed,
    };
    play->seed = options->seed;
    return set_policies(play, options, err);
}

/* ---- events -----------------------------------------------------------------------------------
 */

static enum tend_code keep_entry(struct tend__play *play, const struct tend__engine_event *event,
                                 struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&play->entries, &play->entry_cap, play->entry_count + 1, ENTRY_MAX,
                            sizeof(*play->entries), err));
    struct tend__play_entry *entry = &play->entries[play->entry_count];
    *entry = (struct tend__play_entry){
        .time_us = event->time_us,
        .kind = event->kind,
        .value = event->value,
        .cost = event->cost,
    };
    (void)snprintf(entry->version, sizeof(entry->version), "%s",
                   event->version == NULL ? "" : event->version);
    TEND_TRY(tend__mem_text(event->text, strlen(event->text), &entry->text, err));
    const enum tend_code code =
        tend__mem_text(event->evidence, strlen(event->evidence), &entry->evidence, err);
    if (code != TEND_OK) {
        tend__mem_free(entry->text);
        return code;
    }
    play->entry_count++;
    return TEND_OK;
}

static enum tend_code on_event(void *ctx, const struct tend__engine_event *event,
                               struct tend_error *err)
{
    struct tend__play *play = ctx;
    if (event->kind != TEND_HAPPENED_WINDOW) {
        TEND_TRY(keep_entry(play, event, err));
    }
    if (play->options->story != NULL) {
        play->options->story(play->options->story_ctx, play, event);
    }
    return TEND_OK;
}

/* ---- the run ----------------------------------------------------------------------------------
 */

/* The reader's fields, with texts of their own: the reports outlive the reader. */
static enum tend_code copy_fields(struct tend__play *play, const struct tend__lake_reader *reader,
                                  struct tend_error *err)
{
    const struct tend__field *fields = NULL;
    size_t count = 0;
    tend__lake_fields(reader, &fields, &count);
    TEND_TRY(tend__mem_new(count + 1, sizeof(*play->fields), &play->fields, err));
    for (size_t i = 0; i < count; i++) {
        char *name = NULL;
        TEND_TRY(tend__mem_text(fields[i].name, strlen(fields[i].name), &name, err));
        play->fields[i] = fields[i];
        play->fields[i].name = name;
        play->field_count++;
        play->own_name_count++;
    }
    return TEND_OK;
}

static enum tend_code feed(struct tend__play *play, struct tend__lake_reader *reader,
                           struct tend_error *err)
{
    const struct tend__play_options *options = play->options;
    bool any = options->since_us == INT64_MIN && options->until_us == INT64_MAX;
    for (;;) {
        const struct tend__batch *batch = NULL;
        TEND_TRY(tend__lake_next(reader, &batch, err));
        if (batch == NULL && !any) {
            return TEND_FAIL(err, EINVAL, "no row of '%s' is between --since and --until",
                             options->data);
        }
        if (batch == NULL) {
            return tend__engine_finish(play->engine, err);
        }
        any = any || batch->row_count > 0;
        if (play->join == NULL) {
            TEND_TRY(tend__engine_add(play->engine, batch, err));
        } else {
            const struct tend__batch joined = tend__play_join_rows(play->join, batch, play->fields);
            TEND_TRY(tend__engine_add(play->engine, &joined, err));
        }
    }
}

/* The time range that was asked for, as a condition for the lake; empty where all rows are wanted.
 */
static enum tend_code time_condition(const struct tend__play_options *options,
                                     struct tend__buf *sql, struct tend_error *err)
{
    const int64_t bounds[2] = {options->since_us, options->until_us};
    const int64_t open[2] = {INT64_MIN, INT64_MAX};
    const char *const operators[2] = {" >= make_timestamp(", " < make_timestamp("};
    for (int i = 0; i < 2; i++) {
        if (bounds[i] == open[i]) {
            continue;
        }
        tend__buf_text(sql, sql->len > 0 ? " AND " : "");
        tend__sql_name(sql, options->config->time);
        tend__buf_printf(sql, "%s%lld)", operators[i], (long long)bounds[i]);
    }
    return tend__buf_code(sql, err);
}

/* Outcomes of a data set of their own: read whole, before the rows. */
static enum tend_code join_outcomes(struct tend__play *play, struct tend__lake *lake,
                                    struct tend_error *err)
{
    const struct tend__play_options *options = play->options;
    if (options->outcomes == NULL) {
        return TEND_OK;
    }
    TEND_TRY(tend__play_join_new(options->app, lake, options->config, options->outcomes,
                                 &play->join, err));
    return tend__play_join_bind(play->join, options->config, play->fields, &play->field_count, err);
}

static void note_unmatched(const struct tend__play *play)
{
    const uint64_t count = play->join == NULL ? 0 : tend__play_join_unmatched(play->join);
    if (count > 0) {
        tend__app_note(play->options->app, "%llu outcomes belong to no row of '%s'",
                       (unsigned long long)count, play->options->data);
    }
}

static enum tend_code play_rows(struct tend__play *play, struct tend__lake *lake,
                                struct tend_error *err)
{
    const struct tend__play_options *options = play->options;
    struct tend__buf where;
    tend__buf_init(&where, 65536);
    enum tend_code code = time_condition(options, &where, err);
    const struct tend__lake_read_options read = {
        .order_by = options->config->time,
        .time_column = options->config->time,
        .where = where.len > 0 ? tend__buf_str(&where) : NULL,
        .progress = options->progress,
        .progress_ctx = options->progress_ctx,
    };
    struct tend__lake_reader *reader = NULL;
    if (code == TEND_OK) {
        code = tend__lake_open(lake, options->data, &read, &reader, err);
    }
    tend__buf_deinit(&where);
    TEND_TRY(code);
    const struct tend__engine_ports ports = {
        .trainer = &play->trainer,
        .on_event = on_event,
        .event_ctx = play,
    };
    code = tend__lake_data_hash(reader, play->data_hash, err);
    if (code == TEND_OK) {
        code = copy_fields(play, reader, err);
    }
    if (code == TEND_OK) {
        code = join_outcomes(play, lake, err);
    }
    if (code == TEND_OK) {
        code = tend__engine_new(&play->engine_config, &ports, play->fields, play->field_count,
                                &play->engine, err);
    }
    if (code == TEND_OK) {
        code = feed(play, reader, err);
        note_unmatched(play);
    }
    tend__lake_close(reader);
    return code;
}

enum tend_code tend__play_run(const struct tend__play_options *options, struct tend__play **out,
                              struct tend_error *err)
{
    struct tend__play *play = NULL;
    struct tend__lake *lake = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*play), &play, err));
    play->options = options;
    play->config = options->config;
    const struct tend__xgboost_trainer_options trainer = {.load = tend__forest_predictor};
    enum tend_code code = tend__lake_new(&options->lake, &lake, err);
    if (code == TEND_OK) {
        code = tend__conditions_init(&play->conditions, lake, options->data, options->config, err);
    }
    if (code == TEND_OK) {
        code = configure(play, options, err);
    }
    if (code == TEND_OK) {
        code = tend__xgboost_trainer_init(&trainer, &play->trainer, err);
    }
    if (code == TEND_OK) {
        code = play_rows(play, lake, err);
    }
    tend__lake_free(lake);
    play->options = NULL;
    if (code != TEND_OK) {
        tend__play_free(play);
        return code;
    }
    *out = play;
    return TEND_OK;
}

void tend__play_free(struct tend__play *play)
{
    if (play == NULL) {
        return;
    }
    tend__engine_free(play->engine);
    tend__trainer_deinit(&play->trainer);
    for (size_t i = 0; i < play->entry_count; i++) {
        tend__mem_free(play->entries[i].text);
        tend__mem_free(play->entries[i].evidence);
    }
    tend__mem_free(play->entries);
    for (size_t i = 0; i < play->own_name_count; i++) {
        tend__mem_free((void *)(uintptr_t)play->fields[i].name);
    }
    tend__mem_free(play->fields);
    tend__play_join_free(play->join);
    for (size_t i = 0; play->guardrail_texts != NULL && i < play->guardrail_count; i++) {
        tend__buf_deinit(&play->guardrail_texts[i]);
    }
    tend__mem_free(play->guardrail_texts);
    tend__mem_free(play->guardrails);
    tend__mem_free(play->features);
    tend__mem_free(play->is_category);
    tend__mem_free(play->segments);
    tend__conditions_deinit(&play->conditions);
    tend__mem_free(play);
}

const struct tend__engine *tend__play_engine(const struct tend__play *play)
{
    return play->engine;
}

const struct tend__config *tend__play_config(const struct tend__play *play)
{
    return play->config;
}

const char *tend__play_data_hash(const struct tend__play *play)
{
    return play->data_hash;
}

uint64_t tend__play_seed(const struct tend__play *play)
{
    return play->seed;
}

size_t tend__play_entries(const struct tend__play *play, const struct tend__play_entry **out)
{
    *out = play->entries;
    return play->entry_count;
}

enum tend_code tend__play_json(const struct tend__play *play, struct tend__buf *buf,
                               struct tend_error *err)
{
    struct tend__json_writer w;
    tend__jsonw_init(&w, buf, true);
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_text(&w, "schema", "tend.backtest/1");
    tend__jsonw_member_text(&w, "config_hash", play->config->hash);
    tend__jsonw_member_uint(&w, "seed", play->seed);
    TEND_TRY(tend__engine_report(play->engine, &w, err));
    tend__jsonw_key(&w, "ledger");
    tend__jsonw_array_begin(&w);
    for (size_t i = 0; i < play->entry_count; i++) {
        const struct tend__play_entry *entry = &play->entries[i];
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_time(&w, "time", entry->time_us);
        tend__jsonw_member_text(&w, "kind", tend__happening_text(entry->kind));
        tend__jsonw_member_text(&w, "version", entry->version[0] == '\0' ? NULL : entry->version);
        tend__jsonw_member_number(&w, "value", entry->value);
        tend__jsonw_member_number(&w, "cost", entry->cost);
        tend__jsonw_member_text(&w, "text", entry->text);
        tend__jsonw_key(&w, "evidence");
        tend__jsonw_raw(&w, entry->evidence);
        tend__jsonw_object_end(&w);
    }
    tend__jsonw_array_end(&w);
    tend__jsonw_object_end(&w);
    return tend__buf_code(buf, err);
}
