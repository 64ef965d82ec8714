/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_test.c: the ledger keeps what it was given and notices what was done to it; versions and
 * runs come back whole.
 *
 * The tampering is done with SQLite's own API on the file, as somebody would who knows the schema.
 */
#include "unit.h"

#include "base/hash.h"
#include "base/mem.h"
#include "fixture.h"
#include "state/ledger.h"
#include "state/runs.h"
#include "state/versions.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

static struct fixture fixture;

static int set_up(void **state)
{
    (void)state;
    fixture_init(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_deinit(&fixture);
    return 0;
}

static struct tend__ledger *open_ledger(const char *name)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__ledger *ledger = NULL;
    assert_tend_ok(tend__ledger_open(fixture_path(&fixture, name), &ledger, &err), &err);
    return ledger;
}

static struct tend__ledger_entry entry_of(int i)
{
    return (struct tend__ledger_entry){
        .time_us = INT64_C(986774400000000) + i,
        .kind = i % 2 == 0 ? "retrain" : "promote",
        .model = "delays",
        .version = "v2",
        .cost = 2000,
        .value = 1234.5 + i,
        .evidence_json = "{\"gain\":[1,2.5],\"why\":\"d\xc3\xa9rive\"}",
    };
}

static void fill(struct tend__ledger *ledger, int count)
{
    struct tend_error err = {.code = TEND_OK};
    for (int i = 0; i < count; i++) {
        const struct tend__ledger_entry entry = entry_of(i);
        int64_t seq = 0;
        assert_tend_ok(tend__ledger_append(ledger, &entry, &seq, &err), &err);
        assert_int_equal(seq, i + 1);
    }
}

/* Runs SQL on the file behind the ledger's back, with the guards taken off first. */
static void tamper(const char *name, const char *sql)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(sqlite3_open(fixture_path(&fixture, name), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP TRIGGER ledger_no_update; DROP TRIGGER ledger_no_delete;"
                                  "DROP TRIGGER ledger_in_order;",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        fail_msg("%s: %s", sql, why);
    }
    sqlite3_close(db);
}

static int64_t verify(struct tend__ledger *ledger, const char *words)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend_error why = {.code = TEND_OK};
    int64_t bad = -1;
    assert_tend_ok(tend__ledger_verify(ledger, &bad, &why, &err), &err);
    if (words == NULL) {
        assert_string_equal(why.text, "");
    } else if (strstr(why.text, words) == NULL) {
        fail_msg("'%s' does not say '%s'", why.text, words);
    }
    return bad;
}

/* A ledger of six entries, tampered with, must be found bad at `seq`. */
static void check_tampering(const char *name, const char *sql, int64_t seq, const char *words)
{
    struct tend__ledger *ledger = open_ledger(name);
    fill(ledger, 6);
    assert_int_equal(verify(ledger, NULL), 0);
    tend__ledger_close(ledger);
    tamper(name, sql);
    ledger = open_ledger(name);
    assert_int_equal(verify(ledger, words), seq);
    tend__ledger_close(ledger);
}

static void an_empty_ledger_verifies(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    char hash[TEND_SHA256_HEX_SIZE];
    int64_t seq = -1;
    (void)state;
    struct tend__ledger *ledger = open_ledger("empty.db");
    assert_int_equal(verify(ledger, NULL), 0);
    assert_tend_ok(tend__ledger_head(ledger, &seq, hash, &err), &err);
    assert_int_equal(seq, 0);
    assert_int_equal(strspn(hash, "0"), 64);
    tend__ledger_close(ledger);
}

static enum tend_code check_row(void *ctx, const struct tend__ledger_row *row,
                                struct tend_error *err)
{
    int64_t *count = ctx;
    (void)err;
    const struct tend__ledger_entry entry = entry_of((int)*count);
    *count += 1;
    assert_int_equal(row->seq, *count);
    assert_int_equal(row->entry.time_us, entry.time_us);
    assert_string_equal(row->entry.kind, entry.kind);
    assert_string_equal(row->entry.model, entry.model);
    assert_string_equal(row->entry.version, entry.version);
    assert_true(row->entry.cost == entry.cost);
    assert_true(row->entry.value == entry.value);
    assert_string_equal(row->entry.evidence_json, entry.evidence_json);
    return TEND_OK;
}

static void entries_come_back_in_order_after_a_reopening(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    int64_t count = 0;
    (void)state;
    struct tend__ledger *ledger = open_ledger("order.db");
    fill(ledger, 20);
    tend__ledger_close(ledger);
    assert_tend_ok(tend__ledger_open_existing(fixture_path(&fixture, "order.db"), &ledger, &err),
                   &err);
    assert_tend_ok(tend__ledger_each(ledger, check_row, &count, &err), &err);
    assert_int_equal(count, 20);
    assert_int_equal(verify(ledger, NULL), 0);
    tend__ledger_close(ledger);
}

static enum tend_code take_first_hash(void *ctx, const struct tend__ledger_row *row,
                                      struct tend_error *err)
{
    (void)err;
    if (row->seq == 1) {
        memcpy(ctx, row->hash, TEND_SHA256_HEX_SIZE);
    }
    return TEND_OK;
}

/* The bytes are written out by hand here, so that the rule of docs/ledger-format.md cannot change
 * unnoticed. */
static void the_hash_is_the_one_that_the_format_page_describes(void **state)
{
    static const char written[] =
        "tend-ledger-1\n"
        "64:0000000000000000000000000000000000000000000000000000000000000000\n"
        "1:1\n"
        "15:986774400000000\n"
        "7:retrain\n"
        "6:delays\n"
        "2:v2\n"
        "16:409f400000000000\n" /* 2000 */
        "16:40934a0000000000\n" /* 1234.5 */
        "32:{\"gain\":[1,2.5],\"why\":\"d\xc3\xa9rive\"}\n";
    struct tend_error err = {.code = TEND_OK};
    char wanted[TEND_SHA256_HEX_SIZE];
    char found[TEND_SHA256_HEX_SIZE] = "";
    (void)state;
    struct tend__ledger *ledger = open_ledger("format.db");
    fill(ledger, 2);
    tend__sha256_hex(written, sizeof(written) - 1, wanted);
    assert_tend_ok(tend__ledger_each(ledger, take_first_hash, found, &err), &err);
    assert_string_equal(found, wanted);
    /* What hashlib says of these bytes (Python 3.11). */
    assert_string_equal(found, "03b8b7341bd97bad04e5bd491abe22cb6b8490e3dc0640a5f7785c24e246f644");
    tend__ledger_close(ledger);
}

static void a_changed_entry_is_named(void **state)
{
    (void)state;
    check_tampering("t1.db", "UPDATE ledger SET value_low = 99999 WHERE seq = 3", 3,
                    "entry 3 of the ledger was changed");
    check_tampering("t2.db", "UPDATE ledger SET evidence = '{}' WHERE seq = 6", 6, "entry 6");
    check_tampering("t3.db", "UPDATE ledger SET kind = 'retrain ' WHERE seq = 1", 1, "entry 1");
    check_tampering("t4.db", "UPDATE ledger SET time_us = time_us + 1 WHERE seq = 2", 2, "entry 2");
    check_tampering("t5.db", "UPDATE ledger SET model = 'de', version = 'laysv2' WHERE seq = 2", 2,
                    "entry 2");
    check_tampering("t6.db",
                    "UPDATE ledger SET hash = substr(hash, 2) || substr(hash, 1, 1) WHERE seq = 4",
                    4, "entry 4");
}

static void a_removed_entry_is_named(void **state)
{
    (void)state;
    check_tampering("r1.db", "DELETE FROM ledger WHERE seq = 3", 3, "entry 3");
    check_tampering("r2.db", "DELETE FROM ledger WHERE seq = 1", 1, "entry 1");
    check_tampering("r3.db", "DELETE FROM ledger WHERE seq >= 5", 5, "entry 6");
    /* The gap closed by hand: the first that took another's number. */
    check_tampering("r4.db",
                    "DELETE FROM ledger WHERE seq = 3;"
                    "UPDATE ledger SET seq = -seq WHERE seq > 3;"
                    "UPDATE ledger SET seq = -seq - 1 WHERE seq < 0",
                    3, "entry 3");
}

static void reordered_and_inserted_entries_are_named(void **state)
{
    (void)state;
    check_tampering("o1.db",
                    "UPDATE ledger SET seq = 100 WHERE seq = 2;"
                    "UPDATE ledger SET seq = 2 WHERE seq = 4;"
                    "UPDATE ledger SET seq = 4 WHERE seq = 100;",
                    2, "entry 2");
    check_tampering("o2.db",
                    "INSERT INTO ledger SELECT 7, time_us, kind, model, version, cost, value_low,"
                    " evidence, (SELECT hash FROM ledger WHERE seq = 6), substr(hash, 3) || '00'"
                    " FROM ledger WHERE seq = 2",
                    7, "entry 7");
    check_tampering("o3.db",
                    "INSERT INTO ledger SELECT 0, time_us, kind, model, version, cost, value_low,"
                    " evidence, prev_hash, substr(hash, 3) || '00' FROM ledger WHERE seq = 1",
                    1, "an entry was put before entry 1");
}

static void a_value_hidden_behind_a_zero_byte_is_named(void **state)
{
    (void)state;
    check_tampering("z1.db",
                    "PRAGMA ignore_check_constraints = ON;"
                    "UPDATE ledger SET kind = kind || char(0) || 'x' WHERE seq = 2",
                    2, "entry 2");
}

/* Somebody who can compute hashes must rewrite everything after: one link alone gives it away. */
static void an_entry_with_a_freshly_made_hash_is_named(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    char sql[512];
    char hash[TEND_SHA256_HEX_SIZE] = "";
    (void)state;
    struct tend__ledger *other = open_ledger("h0.db");
    struct tend__ledger_entry entry = entry_of(0);
    entry.value = 1e9;
    assert_tend_ok(tend__ledger_append(other, &entry, NULL, &err), &err);
    assert_tend_ok(tend__ledger_each(other, take_first_hash, hash, &err), &err);
    tend__ledger_close(other);
    (void)snprintf(sql, sizeof(sql), "UPDATE ledger SET value_low = 1e9, hash = '%s' WHERE seq = 1",
                   hash);
    check_tampering("h1.db", sql, 1, "entry 1");
}

static void the_file_itself_refuses_changes(void **state)
{
    static const char *const orders[] = {
        "UPDATE ledger SET cost = 0 WHERE seq = 1",
        "DELETE FROM ledger WHERE seq = 3",
        "DELETE FROM ledger",
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE seq = 1",
        ("INSERT INTO ledger SELECT 9, time_us, kind, model, version, cost, value_low, evidence,"
         " hash, prev_hash FROM ledger WHERE seq = 3"),
    };
    (void)state;
    struct tend__ledger *ledger = open_ledger("guard.db");
    fill(ledger, 3);
    tend__ledger_close(ledger);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fixture_path(&fixture, "guard.db"), &db), SQLITE_OK);
    for (size_t i = 0; i < TEND_ARRAY_LEN(orders); i++) {
        assert_int_not_equal(sqlite3_exec(db, orders[i], NULL, NULL, NULL), SQLITE_OK);
    }
    sqlite3_close(db);
    ledger = open_ledger("guard.db");
    assert_int_equal(verify(ledger, NULL), 0);
    tend__ledger_close(ledger);
}

static void entries_that_cannot_be_kept_are_refused_whole(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    int64_t count = 0;
    (void)state;
    struct tend__ledger *ledger = open_ledger("refuse.db");
    fill(ledger, 2);
    struct tend__ledger_entry entry = entry_of(2);
    entry.cost = (double)NAN;
    assert_int_equal(tend__ledger_append(ledger, &entry, NULL, &err), TEND_EINVAL);
    entry = entry_of(2);
    entry.kind = "";
    assert_int_equal(tend__ledger_append(ledger, &entry, NULL, &err), TEND_EINVAL);
    /* The second of three is not JSON: none is kept. */
    struct tend__ledger_entry three[3] = {entry_of(2), entry_of(3), entry_of(4)};
    three[1].evidence_json = "{\"open\":";
    assert_int_equal(tend__ledger_append_many(ledger, three, 3, &err), TEND_EINVAL);
    assert_tend_ok(tend__ledger_each(ledger, check_row, &count, &err), &err);
    assert_int_equal(count, 2);
    three[1] = entry_of(3);
    assert_tend_ok(tend__ledger_append_many(ledger, three, 3, &err), &err);
    count = 0;
    assert_tend_ok(tend__ledger_each(ledger, check_row, &count, &err), &err);
    assert_int_equal(count, 5);
    assert_int_equal(verify(ledger, NULL), 0);
    tend__ledger_close(ledger);
}

static void a_negative_zero_verifies(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    struct tend__ledger *ledger = open_ledger("zero.db");
    struct tend__ledger_entry entry = entry_of(0);
    entry.cost = -0.0;
    entry.value = 5e-324;
    assert_tend_ok(tend__ledger_append(ledger, &entry, NULL, &err), &err);
    assert_int_equal(verify(ledger, NULL), 0);
    tend__ledger_close(ledger);
}

static void a_killed_writer_leaves_whole_entries_only(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    struct tend__ledger *ledger = open_ledger("crash.db");
    fill(ledger, 4);
    tend__ledger_close(ledger);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* In the middle of a transaction: rows are written, COMMIT is not. */
        sqlite3 *db = NULL;
        if (sqlite3_open(fixture_path(&fixture, "crash.db"), &db) == SQLITE_OK &&
            sqlite3_exec(db,
                         "PRAGMA cache_size = 1; BEGIN IMMEDIATE;"
                         "INSERT INTO artefacts VALUES ('big', randomblob(3000000));"
                         "INSERT INTO ledger SELECT 5, time_us, kind, model, version, cost,"
                         " value_low, evidence, hash, substr(hash, 2) || '0' FROM ledger"
                         " WHERE seq = 4",
                         NULL, NULL, NULL) == SQLITE_OK) {
            (void)kill(getpid(), SIGKILL);
        }
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    ledger = open_ledger("crash.db");
    assert_int_equal(verify(ledger, NULL), 0);
    const struct tend__ledger_entry entry = entry_of(4);
    int64_t seq = 0;
    assert_tend_ok(tend__ledger_append(ledger, &entry, &seq, &err), &err);
    assert_int_equal(seq, 5);
    assert_int_equal(verify(ledger, NULL), 0);
    tend__ledger_close(ledger);
}

static void a_writer_killed_at_any_moment_loses_nothing_that_was_acknowledged(void **state)
{
    int pipe_ends[2];
    (void)state;
    tend__ledger_close(open_ledger("kill.db"));
    assert_int_equal(pipe(pipe_ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct tend__ledger *ledger = NULL;
        if (tend__ledger_open(fixture_path(&fixture, "kill.db"), &ledger, NULL) != TEND_OK) {
            _exit(1);
        }
        for (int i = 0;; i++) {
            const struct tend__ledger_entry entry = entry_of(i);
            int64_t seq = 0;
            if (tend__ledger_append(ledger, &entry, &seq, NULL) != TEND_OK ||
                write(pipe_ends[1], &seq, sizeof(seq)) != (ssize_t)sizeof(seq)) {
                _exit(1);
            }
        }
    }
    (void)close(pipe_ends[1]);
    int64_t acknowledged = 0;
    int64_t seq = 0;
    while (acknowledged < 25 && read(pipe_ends[0], &seq, sizeof(seq)) == (ssize_t)sizeof(seq)) {
        acknowledged = seq;
    }
    (void)kill(child, SIGKILL);
    while (read(pipe_ends[0], &seq, sizeof(seq)) == (ssize_t)sizeof(seq)) {
        acknowledged = seq;
    }
    (void)close(pipe_ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    struct tend_error err = {.code = TEND_OK};
    struct tend__ledger *ledger = open_ledger("kill.db");
    char hash[TEND_SHA256_HEX_SIZE];
    assert_int_equal(verify(ledger, NULL), 0);
    assert_tend_ok(tend__ledger_head(ledger, &seq, hash, &err), &err);
    assert_true(acknowledged >= 25);
    assert_true(seq == acknowledged || seq == acknowledged + 1);
    tend__ledger_close(ledger);
}

static void two_writers_share_one_chain(void **state)
{
    enum { EACH = 40 };
    pid_t children[2];
    (void)state;
    for (int who = 0; who < 2; who++) {
        children[who] = fork();
        assert_true(children[who] >= 0);
        if (children[who] == 0) {
            struct tend__ledger *ledger = NULL;
            enum tend_code code =
                tend__ledger_open(fixture_path(&fixture, "two.db"), &ledger, NULL);
            for (int i = 0; i < EACH && code == TEND_OK; i++) {
                const struct tend__ledger_entry entry = entry_of(i);
                code = tend__ledger_append(ledger, &entry, NULL, NULL);
            }
            tend__ledger_close(ledger);
            _exit(code == TEND_OK ? 0 : 1);
        }
    }
    for (int who = 0; who < 2; who++) {
        int status = -1;
        assert_int_equal(waitpid(children[who], &status, 0), children[who]);
        assert_int_equal(status, 0);
    }
    struct tend_error err = {.code = TEND_OK};
    char hash[TEND_SHA256_HEX_SIZE];
    int64_t seq = 0;
    struct tend__ledger *ledger = open_ledger("two.db");
    assert_int_equal(verify(ledger, NULL), 0);
    assert_tend_ok(tend__ledger_head(ledger, &seq, hash, &err), &err);
    assert_int_equal(seq, 2 * EACH);
    tend__ledger_close(ledger);
}

static void a_file_that_is_held_gives_up_after_five_seconds(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    sqlite3 *db = NULL;
    (void)state;
    struct tend__ledger *ledger = open_ledger("held.db");
    assert_int_equal(sqlite3_open(fixture_path(&fixture, "held.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    const struct tend__ledger_entry entry = entry_of(0);
    assert_int_equal(tend__ledger_append(ledger, &entry, NULL, &err), TEND_ETIMEOUT);
    assert_non_null(strstr(err.text, "another process has held"));
    sqlite3_close(db);
    assert_tend_ok(tend__ledger_append(ledger, &entry, NULL, &err), &err);
    tend__ledger_close(ledger);
}

static void the_files_are_for_their_owner_only(void **state)
{
    static const char *const names[] = {"mode.db", "mode.db-wal", "mode.db-shm"};
    (void)state;
    const mode_t old = umask(0);
    struct tend__ledger *ledger = open_ledger("mode.db");
    fill(ledger, 1);
    for (size_t i = 0; i < TEND_ARRAY_LEN(names); i++) {
        struct stat info;
        assert_int_equal(stat(fixture_path(&fixture, names[i]), &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    (void)umask(old);
    tend__ledger_close(ledger);
}

static void expect_open_failure(const char *name, enum tend_code code, const char *words)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__ledger *ledger = NULL;
    assert_int_equal(tend__ledger_open(fixture_path(&fixture, name), &ledger, &err), code);
    assert_null(ledger);
    if (strstr(err.text, words) == NULL) {
        fail_msg("'%s' does not say '%s'", err.text, words);
    }
}

static void a_file_of_another_kind_is_refused_and_left_alone(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__ledger *ledger = NULL;
    sqlite3 *db = NULL;
    struct stat info;
    (void)state;
    fixture_text(&fixture, "text.db", "this is certainly not a database, whatever it is called\n");
    expect_open_failure("text.db", TEND_ECORRUPT, "is not a state file of tend");
    assert_int_equal(stat(fixture_path(&fixture, "text.db"), &info), 0);
    assert_int_equal(info.st_size, 56);
    assert_int_equal(sqlite3_open(fixture_path(&fixture, "other.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE people(name TEXT)", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    expect_open_failure("other.db", TEND_ECORRUPT, "not a state file of tend");
    expect_open_failure("no/such/folder.db", TEND_EIO, "cannot make");
    assert_int_equal(tend__ledger_open_existing(fixture_path(&fixture, "none.db"), &ledger, &err),
                     TEND_ENOTFOUND);
    assert_non_null(strstr(err.text, "there is no state file"));
    assert_int_not_equal(stat(fixture_path(&fixture, "none.db"), &info), 0);
}

static void a_newer_format_is_refused(void **state)
{
    sqlite3 *db = NULL;
    (void)state;
    struct tend__ledger *ledger = open_ledger("newer.db");
    tend__ledger_close(ledger);
    assert_int_equal(sqlite3_open(fixture_path(&fixture, "newer.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    expect_open_failure("newer.db", TEND_EUNSUPPORTED, "newer tend (format 2");
}

static enum tend_code check_version(void *ctx, const struct tend__version *version,
                                    struct tend_error *err)
{
    int *count = ctx;
    (void)err;
    *count += 1;
    assert_string_equal(version->model, "delays");
    if (*count == 1) {
        assert_string_equal(version->version, "v1");
        assert_string_equal(version->verdict, "predecessor");
        assert_int_equal(version->artefact_len, 5);
        assert_null(version->artefact);
        assert_true(version->seed == UINT64_MAX);
    } else {
        assert_string_equal(version->version, "v2");
        assert_string_equal(version->parent, "v1");
        assert_string_equal(version->artefact_path, "models/v2.json");
        assert_string_equal(version->lineage_json, "{\"parents\":[\"v1\"]}");
        assert_int_equal(version->row_count, 12345);
        assert_int_equal(version->from_us, -5);
        assert_int_equal(version->to_us, 7);
    }
    return TEND_OK;
}

static void versions_come_back_with_their_lineage(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    int count = 0;
    void *bytes = NULL;
    size_t len = 0;
    (void)state;
    struct tend__ledger *ledger = open_ledger("versions.db");
    const struct tend__version first = {.model = "delays",
                                        .version = "v1",
                                        .time_us = 10,
                                        .seed = UINT64_MAX,
                                        .artefact = "a\0b\1c",
                                        .artefact_len = 5,
                                        .verdict = "champion"};
    const struct tend__version second = {.model = "delays",
                                         .version = "v2",
                                         .time_us = 20,
                                         .row_count = 12345,
                                         .from_us = -5,
                                         .to_us = 7,
                                         .parent = "v1",
                                         .artefact_path = "models/v2.json",
                                         .artefact_hash = "ab",
                                         .lineage_json = "{\"parents\":[\"v1\"]}"};
    assert_tend_ok(tend__versions_put(ledger, &second, &err), &err);
    assert_tend_ok(tend__versions_put(ledger, &first, &err), &err);
    assert_tend_ok(tend__versions_put(ledger, &first, &err), &err);
    assert_tend_ok(tend__versions_judge(ledger, "delays", "v1", "predecessor", &err), &err);
    assert_tend_ok(tend__versions_each(ledger, "delays", check_version, &count, &err), &err);
    assert_int_equal(count, 2);
    assert_tend_ok(tend__versions_each(ledger, NULL, check_version, &(int){0}, &err), &err);
    count = 0;
    assert_tend_ok(tend__versions_each(ledger, "other", check_version, &count, &err), &err);
    assert_int_equal(count, 0);
    assert_tend_ok(tend__versions_artefact(ledger, "delays", "v1", &bytes, &len, &err), &err);
    assert_int_equal(len, 5);
    assert_memory_equal(bytes, "a\0b\1c", 5);
    tend__mem_free(bytes);
    assert_int_equal(tend__versions_artefact(ledger, "delays", "v2", &bytes, &len, &err),
                     TEND_ENOTFOUND);
    assert_int_equal(tend__versions_judge(ledger, "delays", "v11", "x", &err), TEND_ENOTFOUND);
    assert_non_null(strstr(err.text, "did you mean 'v1'?"));
    tend__ledger_close(ledger);
}

static void a_stored_model_that_was_changed_is_not_given_out(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    void *bytes = NULL;
    size_t len = 0;
    (void)state;
    struct tend__ledger *ledger = open_ledger("artefact.db");
    const struct tend__version version = {
        .model = "m", .version = "v1", .artefact = "model", .artefact_len = 5};
    assert_tend_ok(tend__versions_put(ledger, &version, &err), &err);
    tamper("artefact.db", "UPDATE artefacts SET bytes = CAST('mode1' AS BLOB)");
    assert_int_equal(tend__versions_artefact(ledger, "m", "v1", &bytes, &len, &err), TEND_ECORRUPT);
    tend__ledger_close(ledger);
}

static enum tend_code count_incident(void *ctx, const struct tend__run_incident *incident,
                                     struct tend_error *err)
{
    (void)err;
    *(int64_t *)ctx = *(int64_t *)ctx * 10 + incident->number;
    assert_string_equal(incident->kind, incident->number == 1 ? "break" : "harm");
    return TEND_OK;
}

static enum tend_code count_window(void *ctx, const struct tend__run_window *window,
                                   struct tend_error *err)
{
    (void)err;
    *(int64_t *)ctx = *(int64_t *)ctx * 10 + window->start_us;
    return TEND_OK;
}

static void a_run_is_replaced_whole_or_not_at_all(void **state)
{
    static const struct tend__run_incident incidents[] = {
        {.number = 1, .opened_us = 5, .kind = "break", .json = "{\"id\":1}"},
        {.number = 2, .opened_us = 6, .kind = "harm", .json = "{\"id\":2}"}};
    static const struct tend__run_window windows[] = {{3, "{}"}, {1, "{}"}, {2, "{}"}};
    struct tend_error err = {.code = TEND_OK};
    struct tend__run run = {.name = "demo",
                            .model = "delays",
                            .json = "{\"rows\":3}",
                            .incidents = incidents,
                            .incident_count = 2,
                            .windows = windows,
                            .window_count = 3};
    char *name = NULL;
    char *json = NULL;
    bool found = true;
    int64_t sum = 0;
    (void)state;
    struct tend__ledger *ledger = open_ledger("runs.db");
    assert_tend_ok(tend__state_get_run(ledger, NULL, &name, &json, &found, &err), &err);
    assert_false(found);
    assert_tend_ok(tend__state_put_run(ledger, &run, &err), &err);
    assert_tend_ok(tend__state_put_run(ledger, &run, &err), &err);
    assert_tend_ok(tend__state_each_incident(ledger, "demo", count_incident, &sum, &err), &err);
    assert_int_equal(sum, 12);
    sum = 0;
    assert_tend_ok(tend__state_each_window(ledger, "demo", count_window, &sum, &err), &err);
    assert_int_equal(sum, 312);
    /* A run that cannot be kept leaves the one before as it was. */
    struct tend__run bad = run;
    bad.window_count = 0;
    bad.json = "{}";
    bad.incidents = (const struct tend__run_incident[]){{1, 5, "x", "{"}};
    bad.incident_count = 1;
    assert_int_equal(tend__state_put_run(ledger, &bad, &err), TEND_EINVAL);
    assert_tend_ok(tend__state_get_run(ledger, NULL, &name, &json, &found, &err), &err);
    assert_true(found);
    assert_string_equal(name, "demo");
    assert_string_equal(json, "{\"rows\":3}");
    tend__mem_free(name);
    tend__mem_free(json);
    assert_tend_ok(tend__state_get_incident(ledger, "demo", 2, &json, &found, &err), &err);
    assert_true(found);
    assert_string_equal(json, "{\"id\":2}");
    tend__mem_free(json);
    assert_tend_ok(tend__state_get_incident(ledger, "demo", 3, &json, &found, &err), &err);
    assert_false(found);
    tend__ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_ledger_verifies),
        cmocka_unit_test(entries_come_back_in_order_after_a_reopening),
        cmocka_unit_test(the_hash_is_the_one_that_the_format_page_describes),
        cmocka_unit_test(a_changed_entry_is_named),
        cmocka_unit_test(a_removed_entry_is_named),
        cmocka_unit_test(reordered_and_inserted_entries_are_named),
        cmocka_unit_test(a_value_hidden_behind_a_zero_byte_is_named),
        cmocka_unit_test(an_entry_with_a_freshly_made_hash_is_named),
        cmocka_unit_test(the_file_itself_refuses_changes),
        cmocka_unit_test(entries_that_cannot_be_kept_are_refused_whole),
        cmocka_unit_test(a_negative_zero_verifies),
        cmocka_unit_test(a_killed_writer_leaves_whole_entries_only),
        cmocka_unit_test(a_writer_killed_at_any_moment_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(two_writers_share_one_chain),
        cmocka_unit_test(a_file_that_is_held_gives_up_after_five_seconds),
        cmocka_unit_test(the_files_are_for_their_owner_only),
        cmocka_unit_test(a_file_of_another_kind_is_refused_and_left_alone),
        cmocka_unit_test(a_newer_format_is_refused),
        cmocka_unit_test(versions_come_back_with_their_lineage),
        cmocka_unit_test(a_stored_model_that_was_changed_is_not_given_out),
        cmocka_unit_test(a_run_is_replaced_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
