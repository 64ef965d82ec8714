/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.c: the hash chain over the ledger's entries.
 *
 * An entry's hash is SHA-256 over "tend-ledger-1\n" and nine fields, each written as its length in
 * bytes in decimal, a colon, the bytes and a line feed: prev_hash, seq, time_us, kind, model,
 * version, cost, value_low, evidence. Whole numbers are in decimal; cost and value are the sixteen
 * hexadecimal digits of their IEEE 754 bits, high byte first; the rest is the stored text.
 * docs/ledger-format.md repeats this with a program in Python that checks a file.
 */
#include "state/ledger.h"

#include "base/mem.h"
#include "state/state_db.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define FORMAT_LINE "tend-ledger-1\n"
#define LABEL_MAX 256

static const char no_hash[TEND_SHA256_HEX_SIZE] =
    "0000000000000000000000000000000000000000000000000000000000000000";

static void hash_field(struct tend__sha256 *sha, const char *text)
{
    char len_text[24];
    const size_t len = strlen(text);
    const int written = snprintf(len_text, sizeof(len_text), "%zu:", len);
    tend__sha256_add(sha, len_text, (size_t)written);
    tend__sha256_add(sha, text, len);
    tend__sha256_add(sha, "\n", 1);
}

static void hash_int(struct tend__sha256 *sha, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRId64, number);
    hash_field(sha, text);
}

static void hash_double(struct tend__sha256 *sha, double number)
{
    uint64_t bits = 0;
    char text[24];
    memcpy(&bits, &number, sizeof(bits));
    (void)snprintf(text, sizeof(text), "%016" PRIx64, bits);
    hash_field(sha, text);
}

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static const char *evidence_of(const struct tend__ledger_entry *entry)
{
    return entry->evidence_json != NULL ? entry->evidence_json : "{}";
}

static void hash_entry(int64_t seq, const struct tend__ledger_entry *entry, const char *prev_hash,
                       char hash[TEND_SHA256_HEX_SIZE])
{
    struct tend__sha256 sha;
    unsigned char digest[TEND_SHA256_SIZE];
    tend__sha256_init(&sha);
    tend__sha256_add(&sha, FORMAT_LINE, strlen(FORMAT_LINE));
    hash_field(&sha, prev_hash);
    hash_int(&sha, seq);
    hash_int(&sha, entry->time_us);
    hash_field(&sha, text_or_empty(entry->kind));
    hash_field(&sha, text_or_empty(entry->model));
    hash_field(&sha, text_or_empty(entry->version));
    hash_double(&sha, entry->cost);
    hash_double(&sha, entry->value);
    hash_field(&sha, evidence_of(entry));
    tend__sha256_end(&sha, digest);
    tend__digest_hex(digest, hash);
}

static enum tend_code check_entry(const struct tend__ledger_entry *entry, struct tend_error *err)
{
    if (entry->kind == NULL || entry->kind[0] == '\0') {
        return TEND_FAIL(err, EINVAL, "a ledger entry needs a kind");
    }
    if (strlen(entry->kind) > LABEL_MAX || strlen(text_or_empty(entry->model)) > LABEL_MAX ||
        strlen(text_or_empty(entry->version)) > LABEL_MAX) {
        return TEND_FAIL(err, ELIMIT, "a name in a ledger entry is above %d bytes", LABEL_MAX);
    }
    if (!isfinite(entry->cost) || !isfinite(entry->value)) {
        return TEND_FAIL(err, EINVAL, "cost and value of a ledger entry must be finite");
    }
    if (strlen(evidence_of(entry)) > TEND_LEDGER_TEXT_MAX) {
        return TEND_FAIL(err, ELIMIT, "the evidence of a ledger entry is above %u bytes",
                         TEND_LEDGER_TEXT_MAX);
    }
    return TEND_OK;
}

static enum tend_code append_one(struct tend__ledger *ledger, sqlite3_stmt *statement,
                                 const struct tend__ledger_entry *entry, int64_t seq,
                                 char last_hash[TEND_SHA256_HEX_SIZE], struct tend_error *err)
{
    char hash[TEND_SHA256_HEX_SIZE];
    struct tend__ledger_entry kept = *entry;
    /* SQLite does not keep the sign of a zero, so neither may the hash. */
    kept.cost += 0.0;
    kept.value += 0.0;
    hash_entry(seq, &kept, last_hash, hash);
    tend__db_bind_int(statement, 1, seq);
    tend__db_bind_int(statement, 2, kept.time_us);
    tend__db_bind_text(statement, 3, kept.kind);
    tend__db_bind_text(statement, 4, kept.model);
    tend__db_bind_text(statement, 5, kept.version);
    (void)sqlite3_bind_double(statement, 6, kept.cost);
    (void)sqlite3_bind_double(statement, 7, kept.value);
    tend__db_bind_text(statement, 8, evidence_of(&kept));
    tend__db_bind_text(statement, 9, last_hash);
    tend__db_bind_text(statement, 10, hash);
    TEND_TRY(tend__db_run(ledger, statement, err));
    memcpy(last_hash, hash, sizeof(hash));
    return TEND_OK;
}

static enum tend_code append_all(struct tend__ledger *ledger,
                                 const struct tend__ledger_entry *entries, size_t count,
                                 int64_t *last_seq, struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    char last_hash[TEND_SHA256_HEX_SIZE];
    int64_t seq = 0;
    TEND_TRY(tend__ledger_head(ledger, &seq, last_hash, err));
    TEND_TRY(tend__db_prepare(ledger, "INSERT INTO ledger VALUES (?,?,?,?,?,?,?,?,?,?)", &statement,
                              err));
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < count && code == TEND_OK; i++) {
        seq++;
        code = append_one(ledger, statement, &entries[i], seq, last_hash, err);
    }
    (void)sqlite3_finalize(statement);
    *last_seq = seq;
    return code;
}

enum tend_code tend__ledger_append_many(struct tend__ledger *ledger,
                                        const struct tend__ledger_entry *entries, size_t count,
                                        struct tend_error *err)
{
    int64_t seq = 0;
    for (size_t i = 0; i < count; i++) {
        TEND_TRY(check_entry(&entries[i], err));
    }
    TEND_TRY(tend__db_begin(ledger, err));
    return tend__db_end(ledger, append_all(ledger, entries, count, &seq, err), err);
}

enum tend_code tend__ledger_append(struct tend__ledger *ledger,
                                   const struct tend__ledger_entry *entry, int64_t *seq,
                                   struct tend_error *err)
{
    int64_t new_seq = 0;
    TEND_TRY(check_entry(entry, err));
    TEND_TRY(tend__db_begin(ledger, err));
    TEND_TRY(tend__db_end(ledger, append_all(ledger, entry, 1, &new_seq, err), err));
    if (seq != NULL) {
        *seq = new_seq;
    }
    return TEND_OK;
}

enum tend_code tend__ledger_each(struct tend__ledger *ledger, tend__ledger_fn fn, void *ctx,
                                 struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__db_prepare(ledger,
                              "SELECT seq, time_us, kind, model, version, cost, value_low, "
                              "evidence, prev_hash, hash FROM ledger ORDER BY seq",
                              &statement, err));
    for (;;) {
        bool has_row = false;
        TEND_TRY_OUT(tend__db_step(ledger, statement, &has_row, err));
        if (!has_row) {
            break;
        }
        const struct tend__ledger_row row = {
            .seq = sqlite3_column_int64(statement, 0),
            .entry = {.time_us = sqlite3_column_int64(statement, 1),
                      .kind = tend__db_text(statement, 2),
                      .model = tend__db_text(statement, 3),
                      .version = tend__db_text(statement, 4),
                      .cost = sqlite3_column_double(statement, 5),
                      .value = sqlite3_column_double(statement, 6),
                      .evidence_json = tend__db_text(statement, 7)},
            .prev_hash = tend__db_text(statement, 8),
            .hash = tend__db_text(statement, 9),
        };
        TEND_TRY_OUT(fn(ctx, &row, err));
    }
out:
    (void)sqlite3_finalize(statement);
    return code;
}

struct chain {
    int64_t seq; /* of the last good entry */
    char hash[TEND_SHA256_HEX_SIZE];
    int64_t bad_seq;
    struct tend_error *why;
};

static enum tend_code check_link(void *ctx, const struct tend__ledger_row *row,
                                 struct tend_error *err)
{
    struct chain *chain = ctx;
    char hash[TEND_SHA256_HEX_SIZE];
    (void)err;
    if (chain->bad_seq != 0) {
        return TEND_OK;
    }
    if (row->seq != chain->seq + 1) {
        /* Below 1 only the first row can be: then the first entry is not the first any more. */
        chain->bad_seq = chain->seq + 1;
        tend__error_set(chain->why, TEND_ECORRUPT,
                        row->seq > chain->seq ? "entry %" PRId64 " of the ledger was removed"
                                              : "an entry was put before entry %" PRId64,
                        chain->bad_seq);
        return TEND_OK;
    }
    hash_entry(row->seq, &row->entry, row->prev_hash, hash);
    if (strcmp(hash, row->hash) != 0) {
        chain->bad_seq = row->seq;
        tend__error_set(chain->why, TEND_ECORRUPT, "entry %" PRId64 " of the ledger was changed",
                        row->seq);
        return TEND_OK;
    }
    if (strcmp(row->prev_hash, chain->hash) != 0) {
        /* The entry is whole and names another before it: that one is not what it was. */
        chain->bad_seq = chain->seq > 0 ? chain->seq : row->seq;
        tend__error_set(chain->why, TEND_ECORRUPT,
                        "entry %" PRId64 " of the ledger is not the one that entry %" PRId64
                        " was written after",
                        chain->seq, row->seq);
        return TEND_OK;
    }
    chain->seq = row->seq;
    memcpy(chain->hash, row->hash, sizeof(chain->hash));
    return TEND_OK;
}

/* The first entry, 0 for none, whose values are not of the types that the chain was made of: a text
 * with a zero byte or a number kept as text reads as something else here than for another program.
 */
static enum tend_code find_odd_entry(struct tend__ledger *ledger, int64_t *seq,
                                     struct tend_error *err)
{
    return tend__db_int(ledger,
                        "SELECT min(seq) FROM ledger WHERE typeof(time_us) <> 'integer' "
                        "OR typeof(cost) <> 'real' OR typeof(value_low) <> 'real' "
                        "OR typeof(kind) <> 'text' OR typeof(model) <> 'text' "
                        "OR typeof(version) <> 'text' OR typeof(evidence) <> 'text' "
                        "OR typeof(prev_hash) <> 'text' OR typeof(hash) <> 'text' "
                        "OR instr(CAST(kind || model || version || evidence || prev_hash || hash "
                        "AS BLOB), x'00') > 0",
                        seq, err);
}

static enum tend_code verify_snapshot(struct tend__ledger *ledger, struct chain *chain,
                                      struct tend_error *err)
{
    int64_t highest = 0;
    int64_t odd = 0;
    TEND_TRY(tend__ledger_each(ledger, check_link, chain, err));
    TEND_TRY(tend__db_int(ledger, "SELECT seq FROM sqlite_sequence WHERE name = 'ledger'", &highest,
                          err));
    TEND_TRY(find_odd_entry(ledger, &odd, err));
    if (odd != 0 && (chain->bad_seq == 0 || odd < chain->bad_seq)) {
        chain->bad_seq = odd;
        tend__error_set(chain->why, TEND_ECORRUPT, "entry %" PRId64 " of the ledger was changed",
                        odd);
    }
    if (chain->bad_seq == 0 && highest > chain->seq) {
        chain->bad_seq = chain->seq + 1;
        tend__error_set(chain->why, TEND_ECORRUPT,
                        "entry %" PRId64 " of the ledger, once its last, was removed", highest);
    }
    return TEND_OK;
}

enum tend_code tend__ledger_verify(struct tend__ledger *ledger, int64_t *bad_seq,
                                   struct tend_error *why, struct tend_error *err)
{
    struct chain chain = {.seq = 0, .why = why};
    memcpy(chain.hash, no_hash, sizeof(no_hash));
    /* One snapshot for all questions, whoever appends meanwhile. */
    TEND_TRY(tend__db_exec(ledger, "BEGIN", err));
    TEND_TRY(tend__db_end(ledger, verify_snapshot(ledger, &chain, err), err));
    *bad_seq = chain.bad_seq;
    return TEND_OK;
}

enum tend_code tend__ledger_head(struct tend__ledger *ledger, int64_t *seq,
                                 char hash[TEND_SHA256_HEX_SIZE], struct tend_error *err)
{
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    TEND_TRY(tend__db_prepare(ledger, "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1",
                              &statement, err));
    const enum tend_code code = tend__db_step(ledger, statement, &has_row, err);
    if (code == TEND_OK) {
        *seq = has_row ? sqlite3_column_int64(statement, 0) : 0;
        (void)snprintf(hash, TEND_SHA256_HEX_SIZE, "%s",
                       has_row ? tend__db_text(statement, 1) : no_hash);
    }
    (void)sqlite3_finalize(statement);
    return code;
}
