/* SPDX-License-Identifier: Apache-2.0 */
/* runs.c: keeps a run's report with its incidents and windows, and gives them back. */
#include "state/runs.h"

#include "base/mem.h"
#include "state/state_db.h"

#include <string.h>

static enum tend_code put_report(struct tend__ledger *ledger, const struct tend__run *run,
                                 struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    TEND_TRY(tend__db_prepare(
        ledger, "INSERT INTO runs(name, model, time_us, config_hash, json) VALUES (?,?,?,?,?)",
        &statement, err));
    tend__db_bind_text(statement, 1, run->name);
    tend__db_bind_text(statement, 2, run->model);
    tend__db_bind_int(statement, 3, run->time_us);
    tend__db_bind_text(statement, 4, run->config_hash);
    tend__db_bind_text(statement, 5, run->json != NULL ? run->json : "{}");
    const enum tend_code code = tend__db_run(ledger, statement, err);
    (void)sqlite3_finalize(statement);
    return code;
}

static enum tend_code put_incidents(struct tend__ledger *ledger, const struct tend__run *run,
                                    struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__db_prepare(ledger, "INSERT INTO incidents VALUES (?,?,?,?,?)", &statement, err));
    for (size_t i = 0; i < run->incident_count && code == TEND_OK; i++) {
        tend__db_bind_text(statement, 1, run->name);
        tend__db_bind_int(statement, 2, run->incidents[i].number);
        tend__db_bind_int(statement, 3, run->incidents[i].opened_us);
        tend__db_bind_text(statement, 4, run->incidents[i].kind);
        tend__db_bind_text(statement, 5, run->incidents[i].json);
        code = tend__db_run(ledger, statement, err);
    }
    (void)sqlite3_finalize(statement);
    return code;
}

static enum tend_code put_windows(struct tend__ledger *ledger, const struct tend__run *run,
                                  struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__db_prepare(ledger, "INSERT INTO windows VALUES (?,?,?,?)", &statement, err));
    for (size_t i = 0; i < run->window_count && code == TEND_OK; i++) {
        tend__db_bind_text(statement, 1, run->name);
        tend__db_bind_int(statement, 2, (int64_t)i);
        tend__db_bind_int(statement, 3, run->windows[i].start_us);
        tend__db_bind_text(statement, 4, run->windows[i].json);
        code = tend__db_run(ledger, statement, err);
    }
    (void)sqlite3_finalize(statement);
    return code;
}

static enum tend_code put_all(struct tend__ledger *ledger, const struct tend__run *run,
                              struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    /* Its incidents and windows go with it. */
    TEND_TRY(tend__db_prepare(ledger, "DELETE FROM runs WHERE name = ?", &statement, err));
    tend__db_bind_text(statement, 1, run->name);
    const enum tend_code code = tend__db_run(ledger, statement, err);
    (void)sqlite3_finalize(statement);
    TEND_TRY(code);
    TEND_TRY(put_report(ledger, run, err));
    TEND_TRY(put_incidents(ledger, run, err));
    return put_windows(ledger, run, err);
}

enum tend_code tend__state_put_run(struct tend__ledger *ledger, const struct tend__run *run,
                                   struct tend_error *err)
{
    if (run->name == NULL || run->name[0] == '\0') {
        return TEND_FAIL(err, EINVAL, "a run needs a name");
    }
    if (run->json != NULL && strlen(run->json) > TEND_RUN_JSON_MAX) {
        return TEND_FAIL(err, ELIMIT, "the report of run '%s' is above %u bytes", run->name,
                         TEND_RUN_JSON_MAX);
    }
    TEND_TRY(tend__db_begin(ledger, err));
    return tend__db_end(ledger, put_all(ledger, run, err), err);
}

/* A copy of the text in a result's column. */
static enum tend_code take_text(sqlite3_stmt *statement, int idx, char **out,
                                struct tend_error *err)
{
    const char *text = tend__db_text(statement, idx);
    return tend__mem_text(text, strlen(text), out, err);
}

enum tend_code tend__state_get_run(struct tend__ledger *ledger, const char *name, char **out_name,
                                   char **out_json, bool *found, struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    char *kept_name = NULL;
    char *kept_json = NULL;
    bool has_row = false;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__db_prepare(ledger,
                              "SELECT name, json FROM runs WHERE ?1 = '' OR name = ?1 "
                              "ORDER BY put DESC LIMIT 1",
                              &statement, err));
    tend__db_bind_text(statement, 1, name);
    TEND_TRY_OUT(tend__db_step(ledger, statement, &has_row, err));
    if (has_row) {
        TEND_TRY_OUT(take_text(statement, 0, &kept_name, err));
        TEND_TRY_OUT(take_text(statement, 1, &kept_json, err));
        *out_name = kept_name;
        *out_json = kept_json;
        kept_name = NULL;
    }
    *found = has_row;
out:
    tend__mem_free(kept_name);
    (void)sqlite3_finalize(statement);
    return code;
}

enum tend_code tend__state_get_incident(struct tend__ledger *ledger, const char *run_name,
                                        int64_t number, char **out_json, bool *found,
                                        struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    TEND_TRY(tend__db_prepare(ledger, "SELECT json FROM incidents WHERE run = ? AND number = ?",
                              &statement, err));
    tend__db_bind_text(statement, 1, run_name);
    tend__db_bind_int(statement, 2, number);
    enum tend_code code = tend__db_step(ledger, statement, &has_row, err);
    if (code == TEND_OK && has_row) {
        code = take_text(statement, 0, out_json, err);
    }
    if (code == TEND_OK) {
        *found = has_row;
    }
    (void)sqlite3_finalize(statement);
    return code;
}

enum tend_code tend__state_each_incident(struct tend__ledger *ledger, const char *run_name,
                                         tend__run_incident_fn fn, void *ctx,
                                         struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__db_prepare(
        ledger, "SELECT number, opened_us, kind, json FROM incidents WHERE run = ? ORDER BY number",
        &statement, err));
    tend__db_bind_text(statement, 1, run_name);
    for (;;) {
        bool has_row = false;
        TEND_TRY_OUT(tend__db_step(ledger, statement, &has_row, err));
        if (!has_row) {
            break;
        }
        const struct tend__run_incident incident = {
            .number = sqlite3_column_int64(statement, 0),
            .opened_us = sqlite3_column_int64(statement, 1),
            .kind = tend__db_text(statement, 2),
            .json = tend__db_text(statement, 3),
        };
        TEND_TRY_OUT(fn(ctx, &incident, err));
    }
out:
    (void)sqlite3_finalize(statement);
    return code;
}

enum tend_code tend__state_each_window(struct tend__ledger *ledger, const char *run_name,
                                       tend__run_window_fn fn, void *ctx, struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__db_prepare(
        ledger, "SELECT start_us, json FROM windows WHERE run = ? ORDER BY idx", &statement, err));
    tend__db_bind_text(statement, 1, run_name);
    for (;;) {
        bool has_row = false;
        TEND_TRY_OUT(tend__db_step(ledger, statement, &has_row, err));
        if (!has_row) {
            break;
        }
        const struct tend__run_window window = {
            .start_us = sqlite3_column_int64(statement, 0),
            .json = tend__db_text(statement, 1),
        };
        TEND_TRY_OUT(fn(ctx, &window, err));
    }
out:
    (void)sqlite3_finalize(statement);
    return code;
}
