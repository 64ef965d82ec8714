/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runs.h: what a backtest or a demo found, kept for `tend why`, `tend versions` and `tend ledger`
 * afterwards.
 *
 * A run is one JSON document (the report) with its incidents and windows beside it, each also a
 * JSON document with the few columns that commands look up by. Putting a run of the same name
 * replaces it whole, in one transaction.
 */
#ifndef TEND_STATE_RUNS_H
#define TEND_STATE_RUNS_H

#include "state/ledger.h"

#define TEND_RUN_JSON_MAX (256u << 20)

struct tend__run_incident {
    int64_t number; /* 1, 2, ... as people say it */
    int64_t opened_us;
    const char *kind;
    const char *json;
};

struct tend__run_window {
    int64_t start_us;
    const char *json;
};

struct tend__run {
    const char *name; /* "demo", "backtest" */
    const char *model;
    int64_t time_us; /* when the run ended (data's time or the clock's, as the caller likes) */
    const char *config_hash;
    const char *json; /* the whole report; NULL = "{}" */
    const struct tend__run_incident *incidents;
    size_t incident_count;
    const struct tend__run_window *windows;
    size_t window_count;
};

enum tend_code tend__state_put_run(struct tend__ledger *ledger, const struct tend__run *run,
                                   struct tend_error *err) TEND_NODISCARD;

/* The newest run's name and report, or those of `name`. *found = false: none. The caller frees the
 * texts. */
enum tend_code tend__state_get_run(struct tend__ledger *ledger, const char *name, char **out_name,
                                   char **out_json, bool *found,
                                   struct tend_error *err) TEND_NODISCARD;

/* One incident's JSON; the caller frees it. *found = false: no such number in that run. */
enum tend_code tend__state_get_incident(struct tend__ledger *ledger, const char *run_name,
                                        int64_t number, char **out_json, bool *found,
                                        struct tend_error *err) TEND_NODISCARD;

typedef enum tend_code (*tend__run_incident_fn)(void *ctx,
                                                const struct tend__run_incident *incident,
                                                struct tend_error *err);
enum tend_code tend__state_each_incident(struct tend__ledger *ledger, const char *run_name,
                                         tend__run_incident_fn fn, void *ctx,
                                         struct tend_error *err) TEND_NODISCARD;

typedef enum tend_code (*tend__run_window_fn)(void *ctx, const struct tend__run_window *window,
                                              struct tend_error *err);
enum tend_code tend__state_each_window(struct tend__ledger *ledger, const char *run_name,
                                       tend__run_window_fn fn, void *ctx,
                                       struct tend_error *err) TEND_NODISCARD;

#endif
