/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_init.c: tend init: looks at data, writes tend.yaml with comments and the reference profile
 * beside it. */
#include "base/json_write.h"
#include "base/mem.h"
#include "cli/app.h"
#include "cli/contract_yaml.h"
#include "cli/data.h"
#include "cli/guess.h"
#include "report/render.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define YAML_MAX TEND_CONFIG_BYTES_MAX
#define PATH_SIZE 4096
#define REFERENCE_NAME "reference.profile.parquet"

struct init_run {
    struct tend__app *app;
    const char *data;
    const char *output;
    char reference[PATH_SIZE];
    struct tend__profile *profile;           /* of all columns */
    struct tend__profile *reference_profile; /* without the id; NULL where there is none */
    struct tend__guess guess;
    struct tend__infer *infer;
    struct tend__contract contract;
    struct tend__buf yaml;
};

/* ---- names in YAML and in expressions ---- */

/* A column in an expression, quoted as SQL does where it is no word. */
static void sql_name(const char *name, struct tend__buf *out)
{
    if (tend__yaml_is_plain(name)) {
        tend__buf_text(out, name);
        return;
    }
    tend__buf_char(out, '"');
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '"') {
            tend__buf_char(out, '"');
        }
        tend__buf_char(out, *at);
    }
    tend__buf_char(out, '"');
}

static const char *name_of(const struct init_run *run, size_t idx)
{
    return tend__plan_column(tend__profile_plan(run->profile), idx)->name;
}

/* ---- the file ---- */

/* The model's name: the data's file name without its endings. */
static void add_model(struct init_run *run)
{
    const char *slash = strrchr(run->data, '/');
    const char *base = slash != NULL && slash[1] != '\0' ? slash + 1 : run->data;
    char name[64];
    size_t len = 0;
    while (base[len] != '\0' && base[len] != '.' && base[len] != '/' && len + 1 < sizeof(name)) {
        name[len] = base[len];
        len++;
    }
    name[len] = '\0';
    tend__buf_text(&run->yaml, "model: ");
    tend__yaml_quoted(&run->yaml, tend__yaml_is_plain(name) ? name : "model");
    tend__buf_text(&run->yaml, "   # the name of the job\n");
}

static void add_column_key(struct init_run *run, const char *key, size_t idx, const char *without)
{
    if (idx == SIZE_MAX) {
        tend__buf_printf(&run->yaml, "  # %s:   # %s\n", key, without);
        return;
    }
    tend__buf_printf(&run->yaml, "  %s: ", key);
    tend__yaml_quoted(&run->yaml, name_of(run, idx));
    tend__buf_printf(&run->yaml, "   # %s\n", run->guess.reasons[idx]);
}

static void add_features(struct init_run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->guess.count; i++) {
        const enum tend__role role = run->guess.roles[i];
        if (role != TEND_ROLE_NUMBER && role != TEND_ROLE_CATEGORY) {
            continue;
        }
        if (count++ == 0) {
            tend__buf_text(&run->yaml, "  features:   # what the model reads\n");
        }
        tend__buf_text(&run->yaml, "    ");
        tend__yaml_quoted(&run->yaml, name_of(run, i));
        tend__buf_printf(&run->yaml, ": %s\n", role == TEND_ROLE_NUMBER ? "number" : "category");
    }
    for (size_t i = 0; i < run->guess.count; i++) {
        if (run->guess.roles[i] == TEND_ROLE_USELESS) {
            tend__buf_text(&run->yaml, "    # ");
            tend__yaml_quoted(&run->yaml, name_of(run, i));
            tend__buf_printf(&run->yaml, " is left out: it %s\n", run->guess.reasons[i]);
        }
    }
}

static void add_data(struct init_run *run)
{
    const struct tend__guess *guess = &run->guess;
    struct tend__buf name;
    tend__buf_text(&run->yaml, "data:\n");
    add_column_key(run, "id", guess->id_idx, "the column that joins outcomes to predictions");
    add_column_key(run, "time", guess->time_idx, "the column with the time of the event");
    add_features(run);
    tend__buf_init(&name, YAML_MAX);
    if (guess->score_idx == SIZE_MAX) {
        tend__buf_text(
            &run->yaml,
            "  score: score   # what the model says; tend backtest trains one and calls it so\n"
            "  decision: score > 0.5   # what is done with it\n");
    } else {
        struct tend__buf expr;
        add_column_key(run, "score", guess->score_idx, "");
        sql_name(name_of(run, guess->score_idx), &name);
        tend__buf_init(&expr, YAML_MAX);
        tend__buf_printf(&expr, "%s > 0.5", tend__buf_str(&name));
        tend__buf_text(&run->yaml, "  decision: ");
        if (tend__yaml_is_plain(name_of(run, guess->score_idx))) {
            tend__buf_text(&run->yaml, tend__buf_str(&expr));
        } else {
            tend__yaml_quoted(&run->yaml, tend__buf_str(&expr));
        }
        tend__buf_text(&run->yaml, "   # what is done with the score: put your own rule here\n");
        tend__buf_deinit(&expr);
    }
    tend__buf_deinit(&name);
}

static void add_label(struct init_run *run)
{
    tend__buf_text(&run->yaml, "label:\n");
    add_column_key(run, "column", run->guess.label_idx,
                   "the outcome: 0/1, true/false, or a number");
    tend__buf_text(
        &run->yaml,
        "  known_after: 1d   # the age at which a row's outcome is known\n"
        "  absent_means: null   # 0 where negatives never arrive\n"
        "  observed: true   # an expression: whose outcome can be seen at all\n"
        "  affected_by_decision: false   # true where the decision changes the outcome\n");
}

static void add_value(struct init_run *run)
{
    struct tend__buf name;
    struct tend__buf expr;
    tend__buf_text(
        &run->yaml,
        "value:   # what a row was worth: ask whoever pays; tend value shows worked rows\n"
        "  unit: points   # EUR, minutes, ...\n");
    if (run->guess.label_idx == SIZE_MAX) {
        tend__buf_text(
            &run->yaml,
            "  # per_row: case when decision and label then 1 when decision then -1 else 0 end\n");
        return;
    }
    tend__buf_init(&name, YAML_MAX);
    tend__buf_init(&expr, YAML_MAX);
    sql_name(name_of(run, run->guess.label_idx), &name);
    tend__buf_printf(
        &expr, "case when decision and %s then 1 when decision then -1 when %s then -1 else 0 end",
        tend__buf_str(&name), tend__buf_str(&name));
    tend__buf_text(&run->yaml, "  per_row: ");
    if (tend__yaml_is_plain(name_of(run, run->guess.label_idx))) {
        tend__buf_text(&run->yaml, tend__buf_str(&expr));
    } else {
        tend__yaml_quoted(&run->yaml, tend__buf_str(&expr));
    }
    tend__buf_char(&run->yaml, '\n');
    tend__buf_deinit(&name);
    tend__buf_deinit(&expr);
}

/* The first category is a segment worth having. */
static void add_segments(struct init_run *run)
{
    for (size_t i = 0; i < run->guess.count; i++) {
        if (run->guess.roles[i] == TEND_ROLE_CATEGORY && tend__yaml_is_plain(name_of(run, i))) {
            tend__buf_printf(&run->yaml,
                             "segments: [%s]   # groups of rows that are looked at by themselves\n",
                             name_of(run, i));
            return;
        }
    }
    tend__buf_text(&run->yaml, "segments: []   # columns or conditions: groups of rows that are "
                               "looked at by themselves\n");
}

static void make_yaml(struct init_run *run)
{
    tend__buf_text(&run->yaml,
                   "# tend.yaml, guessed from the data: look at it before you rely on it.\n"
                   "# 'tend config --help' lists every key; 'tend config' checks this file.\n");
    add_model(run);
    add_data(run);
    add_label(run);
    add_value(run);
    tend__buf_text(&run->yaml,
                   "guardrails: []   # e.g. [{name: alert_rate, avg: decision, max: 0.5}]\n");
    add_segments(run);
    tend__contract_yaml(&run->contract, run->profile, run->infer, &run->yaml);
    tend__buf_text(
        &run->yaml,
        "windows: {every: 1d, season: 7d}   # how much time one judgement covers, and its cycle\n"
        "alarms: {false_alarms: 1 per year, floor: null}   # floor: value per row that must be "
        "kept\n"
        "retrain: {trainer: xgboost, when: gain, cost: 0}   # cost of one retraining, in "
        "value.unit\n"
        "promote: {by: trial, fall_back_at: 3 costs}   # or {by: proof, confidence: 0.95}, or {by: "
        "ask}\n");
}

/* ---- command ---- */

static enum tend_code place_reference(struct init_run *run, struct tend_error *err)
{
    const char *slash = strrchr(run->output, '/');
    const int n = slash == NULL
                      ? snprintf(run->reference, sizeof(run->reference), "%s", REFERENCE_NAME)
                      : snprintf(run->reference, sizeof(run->reference), "%.*s/%s",
                                 (int)(slash - run->output), run->output, REFERENCE_NAME);
    if (n < 0 || (size_t)n >= sizeof(run->reference)) {
        return TEND_FAIL(err, ELIMIT, "%s: the path is too long", run->output);
    }
    const char *const outputs[] = {run->output, run->reference};
    for (size_t i = 0; i < TEND_ARRAY_LEN(outputs); i++) {
        if (!tend__args_has(run->app->args, TEND_OPTION_FORCE) && access(outputs[i], F_OK) == 0) {
            return TEND_FAIL(err, EINVAL, "%s: is there already; --force overwrites it",
                             outputs[i]);
        }
    }
    return TEND_OK;
}

/* What watches the rows of the first pass. */
struct init_watch {
    struct tend__id_watch *ids;
    struct tend__infer *infer;
};

static enum tend_code watch_rows(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    const struct init_watch *watch = ctx;
    TEND_TRY(tend__id_watch_add(watch->ids, batch, err));
    return tend__infer_add(watch->infer, batch, err);
}

/* Uniqueness is asked of the id, and of what is called one; of other columns it may be chance. */
static enum tend_code guess_contract(struct init_run *run, struct tend_error *err)
{
    TEND_TRY(tend__infer_contract(run->infer, run->profile, &run->contract, err));
    for (size_t i = 0; i < run->contract.column_count; i++) {
        struct tend__contract_column *column = &run->contract.columns[i];
        column->is_unique =
            i == run->guess.id_idx ||
            (tend__sounds_like_id(column->name) && tend__infer_is_unique(run->infer, column->name));
    }
    return TEND_OK;
}

static enum tend_code look(struct init_run *run, struct tend__lake *lake, struct tend_error *err)
{
    const char *label = tend__args_text(run->app->args, TEND_OPTION_LABEL, NULL);
    const char *time = tend__args_text(run->app->args, TEND_OPTION_TIME, NULL);
    struct init_watch watch = {NULL, NULL};
    TEND_TRY(tend__data_not_profile(lake, run->data, err));
    TEND_TRY(tend__infer_new(&run->infer, err));
    TEND_TRY(tend__id_watch_new(&watch.ids, err));
    watch.infer = run->infer;
    const struct tend__data_profile options = {.path = run->data,
                                               .time_column = time,
                                               .profile = {.also = watch_rows, .also_ctx = &watch}};
    enum tend_code code = tend__data_profile(run->app, lake, &options, &run->profile, err);
    if (code == TEND_OK) {
        code = tend__guess_new(run->profile, watch.ids, label, time, &run->guess, err);
    }
    if (code == TEND_OK) {
        code = guess_contract(run, err);
    }
    if (code == TEND_OK && run->guess.id_idx != SIZE_MAX) {
        /* An id has no distribution worth keeping: the reference is made without it. */
        const struct tend__data_profile again = {
            .path = run->data,
            .time_column = time,
            .profile = {.skip_column = name_of(run, run->guess.id_idx)}};
        code = tend__data_profile(run->app, lake, &again, &run->reference_profile, err);
    }
    tend__id_watch_free(watch.ids);
    return code;
}

/* The written text must read back: a mistake here is ours. */
static enum tend_code check_yaml(const struct init_run *run, struct tend_error *err)
{
    struct tend__config *config = NULL;
    TEND_TRY(tend__buf_code(&run->yaml, err));
    if (tend__config_parse(tend__buf_str(&run->yaml), run->yaml.len, run->output, &config, err) !=
        TEND_OK) {
        tend__error_prefix(err, "the configuration that tend wrote does not read back");
        return TEND_EINTERNAL;
    }
    tend__config_free(config);
    return TEND_OK;
}

static void report(struct init_run *run)
{
    static const char *const roles[] = {"id",     "time",     "score",   "label",
                                        "number", "category", "left out"};
    struct tend__buf *out = &run->app->out;
    if (tend__args_has(run->app->args, TEND_OPTION_JSON)) {
        struct tend__json_writer w;
        tend__jsonw_init(&w, out, true);
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "schema", "tend.init/1");
        tend__jsonw_member_text(&w, "output", run->output);
        tend__jsonw_member_text(&w, "reference", run->reference);
        tend__jsonw_member_uint(&w, "rows", tend__profile_row_count(run->profile));
        tend__jsonw_key(&w, "columns");
        tend__jsonw_array_begin(&w);
        for (size_t i = 0; i < run->guess.count; i++) {
            tend__jsonw_object_begin(&w);
            tend__jsonw_member_text(&w, "name", name_of(run, i));
            tend__jsonw_member_text(&w, "role", roles[run->guess.roles[i]]);
            tend__jsonw_member_text(&w, "why", run->guess.reasons[i]);
            tend__jsonw_object_end(&w);
        }
        tend__jsonw_array_end(&w);
        tend__jsonw_key(&w, "contract");
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_uint(&w, "columns", run->contract.column_count);
        tend__jsonw_member_uint(&w, "keys", run->contract.key_count);
        tend__jsonw_member_uint(&w, "dependencies", run->contract.dependency_count);
        tend__jsonw_member_uint(&w, "rules", run->contract.rule_count);
        tend__jsonw_object_end(&w);
        tend__jsonw_object_end(&w);
        return;
    }
    tend__buf_printf(out, "wrote %s and %s\n\n", run->output, run->reference);
    for (size_t i = 0; i < run->guess.count; i++) {
        tend__buf_printf(out, "  %-24s %-10s %s\n", name_of(run, i), roles[run->guess.roles[i]],
                         run->guess.reasons[i]);
    }
    if (run->guess.label_idx == SIZE_MAX) {
        tend__buf_text(out,
                       "\nno outcome was found: name it under label.column, or with --label\n");
    }
    tend__buf_printf(out,
                     "\nthe contract in %s says what new data must be like: 'tend check DATA' "
                     "checks it\n",
                     run->output);
}

static enum tend_code run_init(struct init_run *run, struct tend__lake *lake,
                               struct tend_error *err)
{
    TEND_TRY(look(run, lake, err));
    make_yaml(run);
    TEND_TRY(check_yaml(run, err));
    const struct tend__profile *reference =
        run->reference_profile != NULL ? run->reference_profile : run->profile;
    TEND_TRY(tend__data_write_profile(lake, run->reference, reference, err));
    TEND_TRY(tend__app_write_file(run->output, tend__buf_str(&run->yaml), run->yaml.len, err));
    report(run);
    return TEND_OK;
}

enum tend_code tend__cmd_init(struct tend__app *app, enum tend__exit *exit_code,
                              struct tend_error *err)
{
    struct tend__lake *lake = NULL;
    struct init_run run = {.app = app,
                           .data = app->args->operands[0],
                           .output =
                               tend__args_text(app->args, TEND_OPTION_OUTPUT, TEND_CONFIG_DEFAULT)};
    (void)exit_code;
    TEND_TRY(place_reference(&run, err));
    tend__buf_init(&run.yaml, YAML_MAX);
    enum tend_code code = tend__data_lake(app, &lake, err);
    if (code == TEND_OK) {
        code = run_init(&run, lake, err);
    }
    tend__buf_deinit(&run.yaml);
    tend__guess_deinit(&run.guess);
    tend__contract_deinit(&run.contract);
    tend__infer_free(run.infer);
    tend__profile_free(run.profile);
    tend__profile_free(run.reference_profile);
    tend__lake_free(lake);
    return code;
}
