/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_demo.c: tend demo plays six months of real flights through the whole loop.
 *
 * Everything is real but for one break, which the demo injects and says so: for six days in April
 * the distances come in kilometres. The data and the configuration are left in the folder, so that
 * `tend backtest` gives the same again.
 */
#include "cli/data.h"
#include "cli/play_story.h"
#include "cli/progress.h"

#include "base/civil.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_DEFAULT "tend-demo"
#define FLIGHTS_DEFAULT ".deps/data/flights-3m.parquet"
#define PATH_SIZE 1024
#define TRAIN_DAYS 31  /* January */
#define ACCEPT_DAYS 28 /* February */

#define DEMO_MARK "# The demo's model:"

static const char demo_yaml[] = DEMO_MARK
    " will this flight be more than 15 minutes late?\n"
    "model: delays\n"
    "data:\n"
    "  id: id\n"
    "  time: date\n"
    "  features: {distance: number, origin: category, destination: category, hour: number, "
    "weekday: "
    "category}\n"
    "  score: p_late\n"
    "  decision: p_late > 0.2                 # warn the passenger\n"
    "label:\n"
    "  column: late\n"
    "  known_after: 1d\n"
    "value:\n"
    "  unit: USD\n"
    "  per_row: case when decision and late then 30 when decision then -10 when late then -10 else "
    "0 "
    "end\n"
    "guardrails: [{name: alert_rate, avg: decision, max: 0.8}]\n"
    "segments: [distance > 1000, hour >= 17]\n"
    "windows: {every: 1d, season: 7d}\n"
    "alarms: {false_alarms: 1 per year}\n"
    "retrain: {trainer: xgboost, when: gain, cost: 15000}\n"
    "promote: {by: trial, fall_back_at: 3 costs}\n";

struct demo {
    char folder[PATH_SIZE];
    char data[PATH_SIZE + 32];
    char yaml[PATH_SIZE + 32];
    char html[PATH_SIZE + 32];
    char state[PATH_SIZE + 32];
    const char *flights;
};

static enum tend_code find_flights(struct tend__app *app, struct demo *demo, struct tend_error *err)
{
    demo->flights = app->args->operand_count > 0 ? app->args->operands[0] : getenv("TEND_FLIGHTS");
    if (demo->flights != NULL) {
        return TEND_OK;
    }
    demo->flights = FLIGHTS_DEFAULT;
    if (access(FLIGHTS_DEFAULT, R_OK) != 0) {
        return TEND_FAIL(
            err, ENOTFOUND,
            "%s is not here: run tools/setup in tend's checkout, or name the file "
            "(data/flights-3m.parquet of the npm package vega-datasets): tend demo FILE",
            FLIGHTS_DEFAULT);
    }
    return TEND_OK;
}

/* The flights must be those: said before anything is made. */
static enum tend_code check_flights(const struct tend__app *app, const struct demo *demo,
                                    struct tend_error *err)
{
    static const char *const columns[] = {"date", "delay", "distance", "origin", "destination"};
    const struct tend__lake_read_options read = {
        .columns = columns, .column_count = TEND_ARRAY_LEN(columns), .time_column = "date"};
    struct tend__lake *lake = NULL;
    struct tend__lake_reader *reader = NULL;
    TEND_TRY(tend__data_lake(app, &lake, err));
    const enum tend_code code = tend__lake_open(lake, demo->flights, &read, &reader, err);
    tend__lake_close(reader);
    tend__lake_free(lake);
    return code;
}

/* The demo overwrites what an earlier demo left, and nothing else. */
static enum tend_code check_folder(const struct demo *demo, struct tend_error *err)
{
    const char *const files[] = {demo->yaml, demo->state, demo->data};
    char mark[sizeof(DEMO_MARK)] = "";
    FILE *yaml = fopen(demo->yaml, "rbe");
    if (yaml != NULL) {
        const size_t n = fread(mark, 1, sizeof(mark) - 1, yaml);
        mark[n] = '\0';
        (void)fclose(yaml);
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(files) && strcmp(mark, DEMO_MARK) != 0; i++) {
        if (access(files[i], F_OK) == 0) {
            return TEND_FAIL(err, EINVAL,
                             "%s: is there and was not made by the demo, which would overwrite it; "
                             "name another folder with --keep",
                             files[i]);
        }
    }
    return TEND_OK;
}

static enum tend_code make_folder(struct tend__app *app, struct demo *demo, struct tend_error *err)
{
    const char *folder = tend__args_text(app->args, TEND_OPTION_KEEP, FOLDER_DEFAULT);
    if (strlen(folder) >= sizeof(demo->folder)) {
        return TEND_FAIL(err, ELIMIT, "--keep: the path is longer than %zu bytes",
                         sizeof(demo->folder) - 1);
    }
    (void)snprintf(demo->folder, sizeof(demo->folder), "%s", folder);
    (void)snprintf(demo->data, sizeof(demo->data), "%s/flights.parquet", folder);
    (void)snprintf(demo->yaml, sizeof(demo->yaml), "%s/tend.yaml", folder);
    (void)snprintf(demo->html, sizeof(demo->html), "%s/report.html", folder);
    (void)snprintf(demo->state, sizeof(demo->state), "%s/state.db", folder);
    TEND_TRY(check_folder(demo, err));
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        return TEND_FAIL(err, EIO, "%s: cannot be made: %s", folder, strerror(errno));
    }
    TEND_TRY(tend__app_can_write(tend__args_text(app->args, TEND_OPTION_HTML, demo->html), err));
    return tend__app_write_file(demo->yaml, demo_yaml, strlen(demo_yaml), err);
}

/* The flights with an id, the features and the outcome, and the break. */
static enum tend_code make_data(struct tend__app *app, const struct demo *demo,
                                struct tend_error *err)
{
    const struct tend__lake_options options = {
        .memory_max_bytes = tend__args_bytes(app->args, TEND_OPTION_MEMORY, 0),
        .threads = (uint32_t)tend__args_count(app->args, TEND_OPTION_THREADS, 0),
    };
    struct tend__lake *lake = NULL;
    struct tend__buf sql;
    TEND_TRY(tend__lake_new(&options, &lake, err));
    tend__buf_init(&sql, 65536);
    tend__buf_text(&sql,
                   "SELECT row_number() OVER () AS id, date, "
                   "CASE WHEN date >= TIMESTAMP '2001-04-09' AND date < TIMESTAMP '2001-04-15' "
                   "THEN round(distance * 1.609344) ELSE distance END::DOUBLE AS distance, "
                   "origin, destination, hour(date)::DOUBLE AS hour, "
                   "dayofweek(date)::DOUBLE AS weekday, (delay > 15) AS late FROM read_parquet(");
    tend__sql_literal(&sql, demo->flights);
    tend__buf_text(&sql, ") WHERE date < TIMESTAMP '2001-07-01'");
    enum tend_code code = tend__buf_code(&sql, err);
    if (code == TEND_OK) {
        code = tend__lake_copy(lake, tend__buf_str(&sql), demo->data, err);
    }
    tend__buf_deinit(&sql);
    tend__lake_free(lake);
    return code;
}

static void introduce(struct tend__app *app)
{
    tend__buf_text(
        &app->out,
        "tend demo: US flights, January to June 2001. Which will be more than 15 minutes late?\n"
        "A warning that was right is worth 30 USD, a false or a missing one costs 10; a "
        "retraining,\n"
        "with all that belongs to it, costs 15,000. The model is trained on January and accepted "
        "on\n"
        "February; March to June are played as if live. Injected by the demo: from 9 to 14 April\n"
        "distances come in kilometres. Nothing else is made up.\n\n");
}

static enum tend_code play_demo(struct tend__app *app, const struct demo *demo,
                                const struct tend__config *config, struct tend__play **play,
                                struct tend_error *err)
{
    struct tend__story story = {
        .app = app,
        .silent = tend__args_has(app->args, TEND_OPTION_JSON),
    };
    struct tend__progress progress;
    const struct tend__play_options options = {
        .app = app,
        .config = config,
        .data = demo->data,
        .train_windows = TRAIN_DAYS,
        .accept_windows = ACCEPT_DAYS,
        .since_us = INT64_MIN,
        .until_us = INT64_MAX,
        .seed = tend__args_count(app->args, TEND_OPTION_SEED, 1),
        .lake = {.memory_max_bytes = tend__args_bytes(app->args, TEND_OPTION_MEMORY, 0),
                 .threads = (uint32_t)tend__args_count(app->args, TEND_OPTION_THREADS, 0)},
        .story = tend__story_tell,
        .story_ctx = &story,
        .progress = tend__progress_tick,
        .progress_ctx = &progress,
    };
    tend__progress_begin(&progress, app, "playing");
    const enum tend_code code = tend__play_run(&options, play, err);
    tend__progress_end(&progress);
    return code;
}

static enum tend_code show(struct tend__app *app, const struct demo *demo,
                           const struct tend__play *play, struct tend_error *err)
{
    const char *html = tend__args_text(app->args, TEND_OPTION_HTML, demo->html);
    (void)unlink(demo->state); /* the demo's own books, made anew each time */
    TEND_TRY(tend__play_keep(play, demo->state, "demo", err));
    TEND_TRY(tend__story_page(play, "Six months of flights", html, err));
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        return tend__play_json(play, &app->out, err);
    }
    TEND_TRY(tend__story_end(app, play, err));
    tend__buf_printf(&app->out,
                     "\nThe report with pictures is %s. See also:\n"
                     "  tend why 1 --state %s\n"
                     "  tend ledger --verify --state %s\n"
                     "  tend versions --state %s\n"
                     "  tend backtest %s --config %s --train %d --accept %d\n",
                     html, demo->state, demo->state, demo->state, demo->data, demo->yaml,
                     TRAIN_DAYS, ACCEPT_DAYS);
    return tend__buf_code(&app->out, err);
}

enum tend_code tend__cmd_demo(struct tend__app *app, enum tend__exit *exit_code,
                              struct tend_error *err)
{
    struct demo demo = {0};
    struct tend__config *config = NULL;
    struct tend__play *play = NULL;
    (void)exit_code; /* what the demo finds is what it promised: fine */
    TEND_TRY(find_flights(app, &demo, err));
    TEND_TRY(check_flights(app, &demo, err));
    TEND_TRY(make_folder(app, &demo, err));
    if (!tend__args_has(app->args, TEND_OPTION_JSON)) {
        introduce(app);
        TEND_TRY(tend__app_flush(app, err));
    }
    TEND_TRY(make_data(app, &demo, err));
    TEND_TRY(tend__config_load(demo.yaml, &config, err));
    enum tend_code code = play_demo(app, &demo, config, &play, err);
    if (code == TEND_OK) {
        code = show(app, &demo, play, err);
    }
    tend__play_free(play);
    tend__config_free(config);
    return code;
}
