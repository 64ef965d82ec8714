/* SPDX-License-Identifier: Apache-2.0 */
/* versions.c: puts and lists versions; an artefact is kept once, under its hash. */
#include "state/versions.h"

#include "base/mem.h"
#include "base/names.h"
#include "state/state_db.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 10000

static enum tend_code put_artefact(struct tend__ledger *ledger, const struct tend__version *version,
                                   const char *hash, struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    TEND_TRY(
        tend__db_prepare(ledger, "INSERT OR IGNORE INTO artefacts VALUES (?, ?)", &statement, err));
    tend__db_bind_text(statement, 1, hash);
    (void)sqlite3_bind_blob64(statement, 2, version->artefact, version->artefact_len,
                              SQLITE_STATIC);
    const enum tend_code code = tend__db_run(ledger, statement, err);
    (void)sqlite3_finalize(statement);
    return code;
}

static enum tend_code put_row(struct tend__ledger *ledger, const struct tend__version *version,
                              const char *hash, struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    char seed[24];
    TEND_TRY(tend__db_prepare(
        ledger, "INSERT OR REPLACE INTO versions VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        &statement, err));
    /* A seed may be above what SQLite's integers hold. */
    (void)snprintf(seed, sizeof(seed), "%" PRIu64, version->seed);
    tend__db_bind_text(statement, 1, version->model);
    tend__db_bind_text(statement, 2, version->version);
    tend__db_bind_int(statement, 3, version->time_us);
    tend__db_bind_int(statement, 4, (int64_t)version->row_count);
    tend__db_bind_int(statement, 5, version->from_us);
    tend__db_bind_int(statement, 6, version->to_us);
    tend__db_bind_text(statement, 7, seed);
    tend__db_bind_text(statement, 8, version->parent);
    tend__db_bind_text(statement, 9, version->data_hash);
    tend__db_bind_text(statement, 10, version->config_hash);
    tend__db_bind_text(statement, 11, version->verdict);
    tend__db_bind_text(statement, 12, version->lineage_json != NULL ? version->lineage_json : "{}");
    tend__db_bind_text(statement, 13, hash);
    tend__db_bind_int(statement, 14, (int64_t)version->artefact_len);
    tend__db_bind_text(statement, 15, version->artefact_path);
    const enum tend_code code = tend__db_run(ledger, statement, err);
    (void)sqlite3_finalize(statement);
    return code;
}

/* Bytes that no version names any more go with the version that was replaced. */
static enum tend_code put_in_transaction(struct tend__ledger *ledger,
                                         const struct tend__version *version,
                                         struct tend_error *err)
{
    char hash[TEND_SHA256_HEX_SIZE] = "";
    if (version->artefact != NULL) {
        tend__sha256_hex(version->artefact, version->artefact_len, hash);
        TEND_TRY(put_artefact(ledger, version, hash, err));
    } else if (version->artefact_hash != NULL) {
        (void)snprintf(hash, sizeof(hash), "%s", version->artefact_hash);
    }
    TEND_TRY(put_row(ledger, version, hash, err));
    return tend__db_exec(
        ledger, "DELETE FROM artefacts WHERE hash NOT IN (SELECT artefact_hash FROM versions)",
        err);
}

enum tend_code tend__versions_put(struct tend__ledger *ledger, const struct tend__version *version,
                                  struct tend_error *err)
{
    if (version->model == NULL || version->version == NULL || version->version[0] == '\0') {
        return TEND_FAIL(err, EINVAL, "a version needs a model and a name");
    }
    if (version->artefact_len > TEND_VERSION_ARTEFACT_MAX) {
        return TEND_FAIL(err, ELIMIT, "the model of version '%s' is above %u bytes",
                         version->version, TEND_VERSION_ARTEFACT_MAX);
    }
    TEND_TRY(tend__db_begin(ledger, err));
    return tend__db_end(ledger, put_in_transaction(ledger, version, err), err);
}

struct name_list {
    char **names;
    size_t count;
    size_t cap;
};

static enum tend_code add_name(void *ctx, const struct tend__version *version,
                               struct tend_error *err)
{
    struct name_list *list = ctx;
    TEND_TRY(tend__mem_grow(&list->names, &list->cap, list->count + 1, NAMES_MAX,
                            sizeof(*list->names), err));
    TEND_TRY(
        tend__mem_text(version->version, strlen(version->version), &list->names[list->count], err));
    list->count++;
    return TEND_OK;
}

static enum tend_code fail_missing(struct tend__ledger *ledger, const char *model,
                                   const char *version, struct tend_error *err)
{
    struct name_list list = {.names = NULL};
    const char *near = NULL;
    if (tend__versions_each(ledger, model, add_name, &list, NULL) == TEND_OK) {
        near = tend__name_nearest(version, (const char *const *)list.names, list.count);
    }
    if (near != NULL) {
        tend__error_set(err, TEND_ENOTFOUND, "model '%s' has no version '%s' (did you mean '%s'?)",
                        model, version, near);
    } else {
        tend__error_set(err, TEND_ENOTFOUND, "model '%s' has no version '%s'", model, version);
    }
    for (size_t i = 0; i < list.count; i++) {
        tend__mem_free(list.names[i]);
    }
    tend__mem_free(list.names);
    return TEND_ENOTFOUND;
}

enum tend_code tend__versions_judge(struct tend__ledger *ledger, const char *model,
                                    const char *version, const char *verdict,
                                    struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    TEND_TRY(tend__db_prepare(ledger,
                              "UPDATE versions SET verdict = ? WHERE model = ? AND version = ?",
                              &statement, err));
    tend__db_bind_text(statement, 1, verdict);
    tend__db_bind_text(statement, 2, model);
    tend__db_bind_text(statement, 3, version);
    const enum tend_code code = tend__db_run(ledger, statement, err);
    const bool is_changed = sqlite3_changes(ledger->db) > 0;
    (void)sqlite3_finalize(statement);
    return code != TEND_OK || is_changed ? code : fail_missing(ledger, model, version, err);
}

enum tend_code tend__versions_each(struct tend__ledger *ledger, const char *model,
                                   tend__version_fn fn, void *ctx, struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__db_prepare(
        ledger,
        "SELECT model, version, time_us, row_count, from_us, to_us, seed, parent, data_hash, "
        "config_hash, verdict, lineage, artefact_hash, artefact_len, artefact_path FROM versions "
        "WHERE ?1 = '' OR model = ?1 ORDER BY model, time_us, version",
        &statement, err));
    tend__db_bind_text(statement, 1, model);
    for (;;) {
        bool has_row = false;
        TEND_TRY_OUT(tend__db_step(ledger, statement, &has_row, err));
        if (!has_row) {
            break;
        }
        const struct tend__version version = {
            .model = tend__db_text(statement, 0),
            .version = tend__db_text(statement, 1),
            .time_us = sqlite3_column_int64(statement, 2),
            .row_count = (uint64_t)sqlite3_column_int64(statement, 3),
            .from_us = sqlite3_column_int64(statement, 4),
            .to_us = sqlite3_column_int64(statement, 5),
            .seed = strtoull(tend__db_text(statement, 6), NULL, 10),
            .parent = tend__db_text(statement, 7),
            .data_hash = tend__db_text(statement, 8),
            .config_hash = tend__db_text(statement, 9),
            .verdict = tend__db_text(statement, 10),
            .lineage_json = tend__db_text(statement, 11),
            .artefact_hash = tend__db_text(statement, 12),
            .artefact_len = (size_t)sqlite3_column_int64(statement, 13),
            .artefact_path = tend__db_text(statement, 14),
        };
        TEND_TRY_OUT(fn(ctx, &version, err));
    }
out:
    (void)sqlite3_finalize(statement);
    return code;
}

static enum tend_code take_artefact(sqlite3_stmt *statement, const char *version, void **bytes,
                                    size_t *len, struct tend_error *err)
{
    char hash[TEND_SHA256_HEX_SIZE];
    const void *blob = sqlite3_column_blob(statement, 1);
    const size_t blob_len = (size_t)sqlite3_column_bytes(statement, 1);
    if (sqlite3_column_type(statement, 1) == SQLITE_NULL) {
        return TEND_FAIL(err, ENOTFOUND, "the model of version '%s' is not kept in the state file",
                         version);
    }
    tend__sha256_hex(blob, blob_len, hash);
    if (strcmp(hash, tend__db_text(statement, 0)) != 0) {
        return TEND_FAIL(err, ECORRUPT, "the model of version '%s' is not what was stored",
                         version);
    }
    char *copy = NULL;
    TEND_TRY(tend__mem_text(blob, blob_len, &copy, err));
    *bytes = copy;
    *len = blob_len;
    return TEND_OK;
}

enum tend_code tend__versions_artefact(struct tend__ledger *ledger, const char *model,
                                       const char *version, void **bytes, size_t *len,
                                       struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    TEND_TRY(tend__db_prepare(ledger,
                              "SELECT v.artefact_hash, a.bytes FROM versions v LEFT JOIN "
                              "artefacts a ON a.hash = v.artefact_hash "
                              "WHERE v.model = ? AND v.version = ?",
                              &statement, err));
    tend__db_bind_text(statement, 1, model);
    tend__db_bind_text(statement, 2, version);
    enum tend_code code = tend__db_step(ledger, statement, &has_row, err);
    if (code == TEND_OK && has_row) {
        code = take_artefact(statement, version, bytes, len, err);
    }
    (void)sqlite3_finalize(statement);
    return code != TEND_OK || has_row ? code : fail_missing(ledger, model, version, err);
}
