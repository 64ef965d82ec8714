/* SPDX-License-Identifier: Apache-2.0 */
/* state_db.c: opens the state file, brings its schema up to date, and runs statements. */
#include "state/state_db.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS_MAX 5000
#define BUSY_MS_STEP 10

/*
 * One entry a format, applied in order and never changed once released. AUTOINCREMENT keeps the
 * highest seq that ever was in sqlite_sequence, so that entries cut off at the end are missed too.
 */
static const char *const migrations[STATE_FORMAT] = {
    "CREATE TABLE migrations("
    "  format INTEGER PRIMARY KEY, what TEXT NOT NULL) STRICT;"
    "CREATE TABLE ledger("
    "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  time_us INTEGER NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  model TEXT NOT NULL,"
    "  version TEXT NOT NULL,"
    "  cost REAL NOT NULL,"
    "  value_low REAL NOT NULL,"
    "  evidence TEXT NOT NULL CHECK (json_valid(evidence)),"
    "  prev_hash TEXT NOT NULL CHECK (length(prev_hash) = 64),"
    "  hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64)) STRICT;"
    "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger"
    "  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
    "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger"
    "  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;"
    "CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger"
    "  WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM ledger)"
    "    OR NEW.prev_hash IS NOT coalesce("
    "      (SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1),"
    "      '0000000000000000000000000000000000000000000000000000000000000000')"
    "  BEGIN SELECT RAISE(ABORT, 'the ledger takes entries only at its end'); END;"
    "CREATE TABLE artefacts("
    "  hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE versions("
    "  model TEXT NOT NULL, version TEXT NOT NULL, time_us INTEGER NOT NULL,"
    "  row_count INTEGER NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL,"
    "  seed TEXT NOT NULL, parent TEXT NOT NULL, data_hash TEXT NOT NULL,"
    "  config_hash TEXT NOT NULL, verdict TEXT NOT NULL,"
    "  lineage TEXT NOT NULL CHECK (json_valid(lineage)),"
    "  artefact_hash TEXT NOT NULL, artefact_len INTEGER NOT NULL, artefact_path TEXT NOT NULL,"
    "  PRIMARY KEY (model, version)) STRICT;"
    "CREATE TABLE runs("
    "  put INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, model TEXT NOT NULL,"
    "  time_us INTEGER NOT NULL, config_hash TEXT NOT NULL,"
    "  json TEXT NOT NULL CHECK (json_valid(json))) STRICT;"
    "CREATE TABLE incidents("
    "  run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, number INTEGER NOT NULL,"
    "  opened_us INTEGER NOT NULL, kind TEXT NOT NULL,"
    "  json TEXT NOT NULL CHECK (json_valid(json)), PRIMARY KEY (run, number)) STRICT;"
    "CREATE TABLE windows("
    "  run TEXT NOT NULL REFERENCES runs(name) ON DELETE CASCADE, idx INTEGER NOT NULL,"
    "  start_us INTEGER NOT NULL,"
    "  json TEXT NOT NULL CHECK (json_valid(json)), PRIMARY KEY (run, idx)) STRICT;"
    "INSERT INTO migrations VALUES (1, 'ledger, versions, runs');"
    "PRAGMA user_version = 1;",
};

enum tend_code tend__db_fail(const struct tend__ledger *ledger, int status, struct tend_error *err)
{
    switch (status & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return TEND_FAIL(err, ETIMEOUT, "another process has held '%s' for %d seconds: try again",
                         ledger->path, BUSY_MS_MAX / 1000);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return TEND_FAIL(err, ECORRUPT, "'%s' is not a state file of tend, or is damaged",
                         ledger->path);
    case SQLITE_FULL:
        return TEND_FAIL(err, EIO, "cannot write '%s': the disk is full", ledger->path);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return TEND_FAIL(err, EIO, "cannot write '%s': it is read-only", ledger->path);
    case SQLITE_NOMEM:
        return TEND_FAIL(err, ENOMEM, "out of memory with '%s'", ledger->path);
    case SQLITE_CONSTRAINT:
        return TEND_FAIL(err, EINVAL, "'%s' refused an entry: %s", ledger->path,
                         sqlite3_errmsg(ledger->db));
    case SQLITE_TOOBIG:
        return TEND_FAIL(err, ELIMIT, "an entry is too large for '%s'", ledger->path);
    default:
        return TEND_FAIL(err, EIO, "'%s': %s", ledger->path, sqlite3_errmsg(ledger->db));
    }
}

enum tend_code tend__db_exec(struct tend__ledger *ledger, const char *sql, struct tend_error *err)
{
    const int status = sqlite3_exec(ledger->db, sql, NULL, NULL, NULL);
    return status == SQLITE_OK ? TEND_OK : tend__db_fail(ledger, status, err);
}

enum tend_code tend__db_prepare(struct tend__ledger *ledger, const char *sql, sqlite3_stmt **out,
                                struct tend_error *err)
{
    const int status = sqlite3_prepare_v2(ledger->db, sql, -1, out, NULL);
    return status == SQLITE_OK ? TEND_OK : tend__db_fail(ledger, status, err);
}

enum tend_code tend__db_step(struct tend__ledger *ledger, sqlite3_stmt *statement, bool *has_row,
                             struct tend_error *err)
{
    const int status = sqlite3_step(statement);
    if (status != SQLITE_ROW && status != SQLITE_DONE) {
        return tend__db_fail(ledger, status, err);
    }
    *has_row = status == SQLITE_ROW;
    return TEND_OK;
}

enum tend_code tend__db_run(struct tend__ledger *ledger, sqlite3_stmt *statement,
                            struct tend_error *err)
{
    bool has_row = true;
    while (has_row) {
        TEND_TRY(tend__db_step(ledger, statement, &has_row, err));
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return TEND_OK;
}

enum tend_code tend__db_begin(struct tend__ledger *ledger, struct tend_error *err)
{
    return tend__db_exec(ledger, "BEGIN IMMEDIATE", err);
}

enum tend_code tend__db_end(struct tend__ledger *ledger, enum tend_code code,
                            struct tend_error *err)
{
    if (code == TEND_OK) {
        code = tend__db_exec(ledger, "COMMIT", err);
    }
    if (code != TEND_OK && sqlite3_get_autocommit(ledger->db) == 0) {
        /* What failed is already told; a rollback that fails too leaves the work undone all the
         * same. */
        (void)sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return code;
}

void tend__db_bind_text(sqlite3_stmt *statement, int idx, const char *text)
{
    const char *bound = text != NULL ? text : "";
    (void)sqlite3_bind_text64(statement, idx, bound, strlen(bound), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void tend__db_bind_int(sqlite3_stmt *statement, int idx, int64_t number)
{
    (void)sqlite3_bind_int64(statement, idx, number);
}

const char *tend__db_text(sqlite3_stmt *statement, int idx)
{
    const unsigned char *text = sqlite3_column_text(statement, idx);
    return text != NULL ? (const char *)text : "";
}

enum tend_code tend__db_int(struct tend__ledger *ledger, const char *sql, int64_t *out,
                            struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    TEND_TRY(tend__db_prepare(ledger, sql, &statement, err));
    const enum tend_code code = tend__db_step(ledger, statement, &has_row, err);
    if (code == TEND_OK) {
        *out = has_row ? sqlite3_column_int64(statement, 0) : 0;
    }
    (void)sqlite3_finalize(statement);
    return code;
}

/* An empty database becomes one of tend's; an older format is brought up to this one. */
static enum tend_code migrate(struct tend__ledger *ledger, struct tend_error *err)
{
    int64_t application = 0;
    int64_t format = 0;
    int64_t table_count = 0;
    TEND_TRY(tend__db_int(ledger, "PRAGMA application_id", &application, err));
    TEND_TRY(tend__db_int(ledger, "PRAGMA user_version", &format, err));
    TEND_TRY(tend__db_int(ledger, "SELECT count(*) FROM sqlite_schema", &table_count, err));
    const bool is_new = application == 0 && format == 0 && table_count == 0;
    if (!is_new && application != STATE_APPLICATION_ID) {
        return TEND_FAIL(err, ECORRUPT, "'%s' is an SQLite file, but not a state file of tend",
                         ledger->path);
    }
    if (format > STATE_FORMAT) {
        return TEND_FAIL(err, EUNSUPPORTED,
                         "'%s' was written by a newer tend (format %d, and this one knows %d)",
                         ledger->path, (int)format, STATE_FORMAT);
    }
    if (is_new) {
        char pragma[64];
        (void)snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d", STATE_APPLICATION_ID);
        TEND_TRY(tend__db_exec(ledger, pragma, err));
    }
    for (int64_t i = format; i < STATE_FORMAT; i++) {
        TEND_TRY(tend__db_exec(ledger, migrations[i], err));
    }
    return TEND_OK;
}

/* Two processes that make the file at once meet here, where SQLite does not wait by itself. */
static enum tend_code use_wal(struct tend__ledger *ledger, struct tend_error *err)
{
    int status = SQLITE_BUSY;
    for (int waited_ms = 0; waited_ms <= BUSY_MS_MAX; waited_ms += BUSY_MS_STEP) {
        status = sqlite3_exec(ledger->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if ((status & 0xff) != SQLITE_BUSY) {
            break;
        }
        (void)sqlite3_sleep(BUSY_MS_STEP);
    }
    return status == SQLITE_OK ? TEND_OK : tend__db_fail(ledger, status, err);
}

static enum tend_code set_up(struct tend__ledger *ledger, struct tend_error *err)
{
    (void)sqlite3_busy_timeout(ledger->db, BUSY_MS_MAX);
    (void)sqlite3_extended_result_codes(ledger->db, 1);
    TEND_TRY(use_wal(ledger, err));
    TEND_TRY(tend__db_exec(ledger, "PRAGMA synchronous = FULL", err));
    TEND_TRY(tend__db_exec(ledger, "PRAGMA foreign_keys = ON", err));
    int64_t format = 0;
    TEND_TRY(tend__db_int(ledger, "PRAGMA user_version", &format, err));
    int64_t application = 0;
    TEND_TRY(tend__db_int(ledger, "PRAGMA application_id", &application, err));
    if (format == STATE_FORMAT && application == STATE_APPLICATION_ID) {
        return TEND_OK;
    }
    TEND_TRY(tend__db_begin(ledger, err));
    return tend__db_end(ledger, migrate(ledger, err), err);
}

/* The file is made here and not by SQLite, so that it is 0600 whatever the umask; SQLite gives its
 * journals the same. */
static enum tend_code make_file(const char *path, bool must_exist, struct tend_error *err)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        if (!S_ISREG(info.st_mode)) {
            return TEND_FAIL(err, EINVAL, "'%s' is not a file", path);
        }
        return TEND_OK;
    }
    if (must_exist && (errno == ENOENT || errno == ENOTDIR)) {
        return TEND_FAIL(err, ENOTFOUND, "there is no state file '%s'", path);
    }
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return TEND_FAIL(err, EIO, "cannot make '%s': %s", path, strerror(errno));
    }
    (void)close(fd);
    return TEND_OK;
}

static enum tend_code open_file(const char *path, bool must_exist, struct tend__ledger **out,
                                struct tend_error *err)
{
    struct tend__ledger *ledger = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(make_file(path, must_exist, err));
    TEND_TRY(tend__mem_new(1, sizeof(*ledger), &ledger, err));
    TEND_TRY_OUT(tend__mem_text(path, strlen(path), &ledger->path, err));
    const int status =
        sqlite3_open_v2(path, &ledger->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (status != SQLITE_OK) {
        code = TEND_FAIL(err, EIO, "cannot open '%s': %s", path, sqlite3_errstr(status));
        goto out;
    }
    TEND_TRY_OUT(set_up(ledger, err));
    *out = ledger;
    return TEND_OK;
out:
    tend__ledger_close(ledger);
    return code;
}

enum tend_code tend__ledger_open(const char *path, struct tend__ledger **out,
                                 struct tend_error *err)
{
    return open_file(path, false, out, err);
}

enum tend_code tend__ledger_open_existing(const char *path, struct tend__ledger **out,
                                          struct tend_error *err)
{
    return open_file(path, true, out, err);
}

void tend__ledger_close(struct tend__ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    (void)sqlite3_close(ledger->db);
    tend__mem_free(ledger->path);
    tend__mem_free(ledger);
}
