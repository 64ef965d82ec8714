/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play.h: runs the whole policy over history, for `tend backtest` and `tend demo`.
 *
 * Wires the lake's rows, XGBoost's trainer and the engine together, collects what happens as a
 * ledger, and gives the report as JSON. The clock is the data's. Books are written in one go at the
 * end, or not at all.
 */
#ifndef TEND_CLI_PLAY_H
#define TEND_CLI_PLAY_H

#include "base/buf.h"
#include "cli/app.h"
#include "cli/config.h"
#include "engine/engine.h"
#include "lake/lake.h"

struct tend__play;

/* Called for each event of the engine, after it has been put on the list. */
typedef void tend__play_story_fn(void *ctx, const struct tend__play *play,
                                 const struct tend__engine_event *event);

struct tend__play_options {
    const struct tend__config *config;
    const struct tend__app *app;
    const char *data;     /* what the lake reads */
    const char *outcomes; /* joined to it by data.id; NULL: the label is in the data */
    size_t train_windows; /* 0 = the engine's default */
    size_t accept_windows;
    int64_t since_us; /* rows from here on; INT64_MIN = all */
    int64_t until_us; /* and before this; INT64_MAX = all */
    uint64_t seed;
    const char *only_policy; /* NULL = all */
    struct tend__lake_options lake;
    tend__play_story_fn *story; /* may be NULL */
    void *story_ctx;
    tend__lake_progress_fn progress; /* may be NULL */
    void *progress_ctx;
};

/* One entry of the ledger that the run made. */
struct tend__play_entry {
    int64_t time_us;
    enum tend__happening kind;
    char version[24];
    double value; /* money; NAN */
    double cost;
    char *text;
    char *evidence;
};

/* Runs to the end. *out is freed with tend__play_free. */
enum tend_code tend__play_run(const struct tend__play_options *options, struct tend__play **out,
                              struct tend_error *err) TEND_NODISCARD;
void tend__play_free(struct tend__play *play);

const struct tend__engine *tend__play_engine(const struct tend__play *play);
const struct tend__config *tend__play_config(const struct tend__play *play);
const char *tend__play_data_hash(const struct tend__play *play); /* of the data's manifest */
uint64_t tend__play_seed(const struct tend__play *play);
size_t tend__play_entries(const struct tend__play *play, const struct tend__play_entry **out);

/* "tend.backtest/1", pretty, into buf. */
enum tend_code tend__play_json(const struct tend__play *play, struct tend__buf *buf,
                               struct tend_error *err) TEND_NODISCARD;

/* Ledger, versions, incidents and windows into a state file, as the run `name`. */
enum tend_code tend__play_keep(const struct tend__play *play, const char *state_path,
                               const char *name, struct tend_error *err) TEND_NODISCARD;

#endif
