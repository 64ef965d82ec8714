/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.h: the books: an append-only list of every decision with its evidence, cost and value, in
 * SQLite.
 *
 * Each entry holds the SHA-256 of the entry before it and of itself over a written encoding
 * (docs/ledger-format.md), so that a changed, removed, reordered or inserted entry is found by
 * anybody with sqlite3 and a few lines of Python. What a chain cannot show is that its end was cut
 * off: keep the last hash elsewhere (tend__ledger_head).
 *
 * The same file holds versions (state/versions.h) and runs (state/runs.h). It is 0600, in WAL mode,
 * and each append is on disk when the call returns (synchronous = FULL). Several processes may
 * write: one waits for the other up to five seconds. A ledger handle belongs to one thread at a
 * time.
 */
#ifndef TEND_STATE_LEDGER_H
#define TEND_STATE_LEDGER_H

#include "base/fail.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_LEDGER_TEXT_MAX (1u << 20) /* bytes of one entry's evidence */

struct tend__ledger;

struct tend__ledger_entry {
    int64_t time_us;
    const char *kind;          /* "alarm", "incident", "retrain", "promote", "fall_back", ... */
    const char *model;         /* NULL = "" */
    const char *version;       /* NULL = "" */
    double cost;               /* what the action cost, in the value's unit; finite */
    double value;              /* what it earned, at its lower bound; finite */
    const char *evidence_json; /* one compact JSON document; NULL = "{}" */
};

struct tend__ledger_row {
    int64_t seq; /* 1, 2, 3, ... without gaps */
    struct tend__ledger_entry entry;
    const char *prev_hash; /* hexadecimal; 64 zeros for the first */
    const char *hash;
};

/* Makes the file where it is missing. TEND_ECORRUPT: not a database, or not one of tend's.
 * TEND_EUNSUPPORTED: made by a newer tend. TEND_EIO: cannot be opened. */
enum tend_code tend__ledger_open(const char *path, struct tend__ledger **out,
                                 struct tend_error *err) TEND_NODISCARD;

/* The same for a file that must exist already (TEND_ENOTFOUND): nothing is made or migrated. */
enum tend_code tend__ledger_open_existing(const char *path, struct tend__ledger **out,
                                          struct tend_error *err) TEND_NODISCARD;
void tend__ledger_close(struct tend__ledger *ledger); /* NULL is fine */

/* *seq (may be NULL) is the number of the new entry. TEND_ETIMEOUT: another process held the file
 * for five seconds. */
enum tend_code tend__ledger_append(struct tend__ledger *ledger,
                                   const struct tend__ledger_entry *entry, int64_t *seq,
                                   struct tend_error *err) TEND_NODISCARD;

/* Several entries in one transaction: all or none. Much faster than one by one. */
enum tend_code tend__ledger_append_many(struct tend__ledger *ledger,
                                        const struct tend__ledger_entry *entries, size_t count,
                                        struct tend_error *err) TEND_NODISCARD;

/* Calls fn for each entry in order until it returns something other than TEND_OK, which is then
 * returned. */
typedef enum tend_code (*tend__ledger_fn)(void *ctx, const struct tend__ledger_row *row,
                                          struct tend_error *err);
enum tend_code tend__ledger_each(struct tend__ledger *ledger, tend__ledger_fn fn, void *ctx,
                                 struct tend_error *err) TEND_NODISCARD;

/* *bad_seq is 0 where the chain holds, else the number of the first entry that is not as it was
 * written; then `why` (may be NULL) says what is wrong in one sentence, and the code is still
 * TEND_OK. */
enum tend_code tend__ledger_verify(struct tend__ledger *ledger, int64_t *bad_seq,
                                   struct tend_error *why, struct tend_error *err) TEND_NODISCARD;

/* The last entry's number and hash: 0 and 64 zeros for an empty ledger. */
enum tend_code tend__ledger_head(struct tend__ledger *ledger, int64_t *seq,
                                 char hash[TEND_SHA256_HEX_SIZE],
                                 struct tend_error *err) TEND_NODISCARD;

#endif
