/* SPDX-License-Identifier: Apache-2.0 */
/* play_keep.c: puts what a run over history found into a state file, for `tend why`, `ledger` and
 * `versions`. */
#include "base/mem.h"
#include "cli/play.h"
#include "state/ledger.h"
#include "state/runs.h"
#include "state/versions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DOCUMENT_MAX ((size_t)1 << 20)

/* The evidence of a ledger entry: the event's sentence beside its numbers. */
static enum tend_code write_evidence(const struct tend__play_entry *entry, struct tend__buf *buf,
                                     struct tend_error *err)
{
    struct tend__json_writer w;
    tend__jsonw_init(&w, buf, false);
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_text(&w, "text", entry->text);
    tend__jsonw_key(&w, "numbers");
    tend__jsonw_raw(&w, entry->evidence);
    tend__jsonw_object_end(&w);
    return tend__buf_code(buf, err);
}

static enum tend_code keep_ledger(const struct tend__play *play, const char *model,
                                  struct tend__ledger *ledger, struct tend_error *err)
{
    const struct tend__play_entry *entries = NULL;
    const size_t count = tend__play_entries(play, &entries);
    struct tend__ledger_entry *rows = NULL;
    struct tend__buf *texts = NULL;
    enum tend_code code = tend__mem_new(count, sizeof(*rows), &rows, err);
    if (code == TEND_OK) {
        code = tend__mem_new(count, sizeof(*texts), &texts, err);
    }
    for (size_t i = 0; i < count && code == TEND_OK; i++) {
        tend__buf_init(&texts[i], DOCUMENT_MAX);
        code = write_evidence(&entries[i], &texts[i], err);
        rows[i] = (struct tend__ledger_entry){
            .time_us = entries[i].time_us,
            .kind = tend__happening_text(entries[i].kind),
            .model = model,
            .version = entries[i].version,
            .cost = entries[i].cost,
            .value = isfinite(entries[i].value) ? entries[i].value : 0.0,
            .evidence_json = tend__buf_str(&texts[i]),
        };
    }
    if (code == TEND_OK) {
        code = tend__ledger_append_many(ledger, rows, count, err);
    }
    for (size_t i = 0; texts != NULL && i < count; i++) {
        tend__buf_deinit(&texts[i]);
    }
    tend__mem_free(texts);
    tend__mem_free(rows);
    return code;
}

static enum tend_code keep_versions(const struct tend__play *play,
                                    const struct tend__config *config, struct tend__ledger *ledger,
                                    struct tend_error *err)
{
    const struct tend__version_report *versions = NULL;
    const struct tend__engine *engine = tend__play_engine(play);
    const size_t count = tend__engine_versions(engine, &versions);
    for (size_t i = 0; i < count; i++) {
        const struct tend__version_report *v = &versions[i];
        struct tend__version row = {
            .model = config->model,
            .version = v->name,
            .time_us = v->trained_us,
            .row_count = v->row_count,
            .from_us = v->from_us,
            .to_us = v->to_us,
            .parent = v->parent[0] == '\0' ? NULL : v->parent,
            .seed = tend__play_seed(play),
            .data_hash = tend__play_data_hash(play),
            .config_hash = config->hash,
            .verdict = v->verdict,
            .artefact_hash = v->hash,
        };
        row.artefact = tend__engine_artefact(engine, i, &row.artefact_len);
        TEND_TRY(tend__versions_put(ledger, &row, err));
    }
    return TEND_OK;
}

static enum tend_code keep_run(const struct tend__play *play, const struct tend__config *config,
                               const char *name, struct tend__ledger *ledger,
                               struct tend_error *err)
{
    const struct tend__incident_report *incidents = NULL;
    const size_t count = tend__engine_incidents(tend__play_engine(play), &incidents);
    struct tend__run_incident *rows = NULL;
    struct tend__buf *texts = NULL;
    struct tend__buf report;
    tend__buf_init(&report, (size_t)256 << 20);
    enum tend_code code = tend__play_json(play, &report, err);
    if (code == TEND_OK) {
        code = tend__mem_new(count, sizeof(*rows), &rows, err);
    }
    if (code == TEND_OK) {
        code = tend__mem_new(count, sizeof(*texts), &texts, err);
    }
    for (size_t i = 0; i < count && code == TEND_OK; i++) {
        tend__buf_init(&texts[i], DOCUMENT_MAX);
        struct tend__json_writer w;
        tend__jsonw_init(&w, &texts[i], false);
        tend__incident_json(&incidents[i], &w);
        code = tend__buf_code(&texts[i], err);
        rows[i] = (struct tend__run_incident){
            .number = (int64_t)i + 1,
            .opened_us = incidents[i].opened_us,
            .kind = incidents[i].kind,
            .json = tend__buf_str(&texts[i]),
        };
    }
    if (code == TEND_OK) {
        const struct tend__window_report *windows = NULL;
        const size_t window_count = tend__engine_windows(tend__play_engine(play), &windows);
        const struct tend__run run = {
            .name = name,
            .model = config->model,
            .time_us = window_count == 0 ? 0 : windows[window_count - 1].start_us,
            .config_hash = config->hash,
            .json = tend__buf_str(&report),
            .incidents = rows,
            .incident_count = count,
        };
        code = tend__state_put_run(ledger, &run, err);
    }
    for (size_t i = 0; texts != NULL && i < count; i++) {
        tend__buf_deinit(&texts[i]);
    }
    tend__mem_free(texts);
    tend__mem_free(rows);
    tend__buf_deinit(&report);
    return code;
}

enum tend_code tend__play_keep(const struct tend__play *play, const char *state_path,
                               const char *name, struct tend_error *err)
{
    const struct tend__config *config = tend__play_config(play);
    struct tend__ledger *ledger = NULL;
    TEND_TRY(tend__ledger_open(state_path, &ledger, err));
    enum tend_code code = keep_versions(play, config, ledger, err);
    if (code == TEND_OK) {
        code = keep_run(play, config, name, ledger, err);
    }
    if (code == TEND_OK) {
        code = keep_ledger(play, config->model, ledger, err);
    }
    tend__ledger_close(ledger);
    return code;
}
