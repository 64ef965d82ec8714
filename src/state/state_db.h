/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_db.h: what the files of src/state share: one SQLite file, its schema, and errors with the
 * file's name in them. Only they include it.
 *
 * A statement's binds cannot fail but for memory, and then the step that follows says so: bind
 * results are not looked at one by one.
 */
#ifndef TEND_STATE_STATE_DB_H
#define TEND_STATE_STATE_DB_H

#include "state/ledger.h"

#include <sqlite3.h>

#define STATE_APPLICATION_ID 0x74656e64 /* "tend" */
#define STATE_FORMAT 1                  /* user_version: the last migration */

struct tend__ledger {
    sqlite3 *db;
    char *path;
};

/* The code and sentence for what SQLite just said. */
enum tend_code tend__db_fail(const struct tend__ledger *ledger, int status,
                             struct tend_error *err) TEND_COLD;

enum tend_code tend__db_exec(struct tend__ledger *ledger, const char *sql,
                             struct tend_error *err) TEND_NODISCARD;
enum tend_code tend__db_prepare(struct tend__ledger *ledger, const char *sql, sqlite3_stmt **out,
                                struct tend_error *err) TEND_NODISCARD;

/* *has_row: a row came; false at the statement's end. */
enum tend_code tend__db_step(struct tend__ledger *ledger, sqlite3_stmt *statement, bool *has_row,
                             struct tend_error *err) TEND_NODISCARD;

/* For a statement without rows: steps to its end and makes it ready for the next binds. */
enum tend_code tend__db_run(struct tend__ledger *ledger, sqlite3_stmt *statement,
                            struct tend_error *err) TEND_NODISCARD;

/* BEGIN IMMEDIATE, and COMMIT where code is TEND_OK, else ROLLBACK. The result is the first that
 * failed. */
enum tend_code tend__db_begin(struct tend__ledger *ledger, struct tend_error *err) TEND_NODISCARD;
enum tend_code tend__db_end(struct tend__ledger *ledger, enum tend_code code,
                            struct tend_error *err) TEND_NODISCARD;

void tend__db_bind_text(sqlite3_stmt *statement, int idx, const char *text); /* NULL = "" */
void tend__db_bind_int(sqlite3_stmt *statement, int idx, int64_t number);
const char *tend__db_text(sqlite3_stmt *statement, int idx); /* never NULL */

/* One integer of a query without binds. */
enum tend_code tend__db_int(struct tend__ledger *ledger, const char *sql, int64_t *out,
                            struct tend_error *err) TEND_NODISCARD;

#endif
