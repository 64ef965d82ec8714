/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_duckdb_test.c: random expressions over random rows, three ways: tend, the naive walk
 * (oracle_eval.c) and DuckDB.
 *
 * tend must agree with the naive walk in every outcome, failures and their kinds included. DuckDB
 * must agree with tend in every value, except in these classes, each a rule of docs/expressions.md:
 *
 *   failed, DuckDB goes on   division by zero, overflow and undefined results are infinity or NaN
 * there: DuckDB may give any value (that of the expression with infinity or NaN in it) failed,
 * DuckDB raises    LN, LOG10, LOG2, SQRT and casts: DuckDB raises an error failed, DuckDB folds
 * beside an operand that is NULL by its text alone DuckDB does not compute the other, and in a WHEN
 * its AND stops at the first operand that is not TRUE, NULL included skipped, DuckDB raises   tend
 * does not compute the right of a decided AND or OR; DuckDB does, and may raise an error
 *
 * An error in one row ends the whole query. So a row in which any part of an expression raises is
 * left out, but for a few that are asked one at a time. (TRY(...) would do it in one query, but
 * DuckDB 1.4.4 writes past its buffers in it.)
 *
 * The number of pairs may be set by TEND_EXPR_PAIRS, the seed by TEND_EXPR_SEED.
 */
#include "unit.h"

#include "oracle.h"

#include "base/civil.h"
#include "base/mem.h"

#include <duckdb.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROW_COUNT 400
#define PER_QUERY 8
#define PAIRS_DEFAULT 400000
#define RAISING_SAMPLE 3 /* rows of an expression */

enum outcome {
    SAME_VALUE,
    SAME_NULL,
    FAILED_DUCKDB_GOES_ON,
    FAILED_DUCKDB_RAISES,
    FAILED_DUCKDB_FOLDS,
    SKIPPED_DUCKDB_RAISES,
    UNEXPLAINED,
    OUTCOME_COUNT
};

static const char *const outcome_names[OUTCOME_COUNT] = {"same value",
                                                         "same NULL",
                                                         "failed, DuckDB goes on",
                                                         "failed, DuckDB raises",
                                                         "failed, DuckDB folds",
                                                         "skipped, DuckDB raises",
                                                         "UNEXPLAINED"};

struct session {
    duckdb_database database;
    duckdb_connection connection;
    struct oracle_rows rows;
    struct tend__rng rng;
    size_t outcomes[OUTCOME_COUNT];
    size_t failures[TEND_EXPR_FAILURE_COUNT];
    size_t naive_differences;
    size_t bound_breaks;
};

/* One expression in hand. */
struct candidate {
    struct oracle_tree tree;
    struct tend__expr *expr;
    struct tend__vector result;
    char tend_text[ORACLE_TEXT_SIZE];
    char duckdb_text[ORACLE_TEXT_SIZE];
};

static struct candidate candidates[PER_QUERY];
static char query[PER_QUERY * ORACLE_TEXT_SIZE];

static void run(struct session *s, const char *sql)
{
    if (duckdb_query(s->connection, sql, NULL) == DuckDBError) {
        fail_msg("DuckDB refused: %s", sql);
    }
}

static void append_row(duckdb_appender appender, const struct oracle_rows *rows, size_t i)
{
    (void)duckdb_append_int32(appender, (int32_t)i);
    for (size_t f = 0; f < ORACLE_FIELD_COUNT; f++) {
        const struct tend__column *c = &rows->columns[f];
        if (!tend__is_valid(c, i)) {
            (void)duckdb_append_null(appender);
        } else if (c->type == TEND_TYPE_NUMBER) {
            (void)duckdb_append_double(appender, c->f64[i]);
        } else if (c->type == TEND_TYPE_BOOL) {
            (void)duckdb_append_bool(appender, c->bools[i] != 0);
        } else if (c->type == TEND_TYPE_TEXT) {
            (void)duckdb_append_varchar_length(appender, c->text[i].ptr, c->text[i].len);
        } else {
            (void)duckdb_append_timestamp(appender, (duckdb_timestamp){c->time_us[i]});
        }
    }
    assert_int_equal(duckdb_appender_end_row(appender), DuckDBSuccess);
}

static void open_session(struct session *s, uint64_t seed)
{
    tend__rng_init(&s->rng, seed);
    oracle_rows_make(&s->rng, &s->rows, ROW_COUNT);
    assert_int_equal(duckdb_open(NULL, &s->database), DuckDBSuccess);
    assert_int_equal(duckdb_connect(s->database, &s->connection), DuckDBSuccess);
    run(s, "SET threads = 1");
    /* The optimiser may remove the very part that would have raised an error. */
    run(s, "PRAGMA disable_optimizer");
    run(s, "CREATE TABLE r (id INTEGER, n1 DOUBLE, n2 DOUBLE, n3 DOUBLE, b1 BOOLEAN, b2 BOOLEAN, "
           "t1 VARCHAR, "
           "t2 VARCHAR, d1 TIMESTAMP, d2 TIMESTAMP)");
    duckdb_appender appender = NULL;
    assert_int_equal(duckdb_appender_create(s->connection, NULL, "r", &appender), DuckDBSuccess);
    for (size_t i = 0; i < s->rows.row_count; i++) {
        append_row(appender, &s->rows, i);
    }
    assert_int_equal(duckdb_appender_destroy(&appender), DuckDBSuccess);
}

static void close_session(struct session *s)
{
    duckdb_disconnect(&s->connection);
    duckdb_close(&s->database);
}

static void make_candidate(struct session *s, struct candidate *c)
{
    struct tend_error err = {0};
    oracle_tree_make(&s->rng, &c->tree);
    oracle_write(&c->tree, &s->rng, false, c->tend_text);
    oracle_write(&c->tree, &s->rng, true, c->duckdb_text);
    tend__vector_init(&c->result);
    c->expr = NULL;
    if (tend__expr_new(c->tend_text, oracle_fields, ORACLE_FIELD_COUNT, &c->expr, &err) !=
        TEND_OK) {
        fail_msg("tend refused: %s\n  column %d: %s", c->tend_text, err.column, err.text);
    }
    assert_tend_ok(tend__expr_eval(c->expr, s->rows.columns, s->rows.row_count, &c->result, &err),
                   &err);
}

/* ---- tend against the naive walk ------------------------------------------------------------- */

static bool is_same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && (signbit(a) != 0) == (signbit(b) != 0));
}

static bool is_same_value(const struct tend__vector *v, size_t i, const struct oracle_value *o)
{
    switch (v->type) {
    case TEND_TYPE_NUMBER:
        return is_same_number(v->f64[i], o->number);
    case TEND_TYPE_BOOL:
        return (v->bools[i] != 0) == o->boolean;
    case TEND_TYPE_TEXT:
        return v->text[i].len == o->text.len &&
               (o->text.len == 0 || memcmp(v->text[i].ptr, o->text.ptr, o->text.len) == 0);
    case TEND_TYPE_TIME:
        return v->time_us[i] == o->time_us;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return false;
}

static void print_row(const struct session *s, const struct candidate *c, size_t i)
{
    const struct oracle_rows *r = &s->rows;
    print_message("  tend:   %s\n  DuckDB: %s\n  row %zu:", c->tend_text, c->duckdb_text, i);
    for (size_t f = 0; f < ORACLE_FIELD_COUNT; f++) {
        const struct tend__column *column = &r->columns[f];
        print_message(" %s=", oracle_fields[f].name);
        if (!tend__is_valid(column, i)) {
            print_message("NULL");
        } else if (column->type == TEND_TYPE_NUMBER) {
            print_message("%.17g", column->f64[i]);
        } else if (column->type == TEND_TYPE_BOOL) {
            print_message("%d", column->bools[i]);
        } else if (column->type == TEND_TYPE_TEXT) {
            print_message("'%.*s'", (int)column->text[i].len, column->text[i].ptr);
        } else {
            print_message("%lld", (long long)column->time_us[i]);
        }
    }
    const struct tend__vector *v = &c->result;
    print_message("\n  tend gave: failed=%u valid=%u", v->failed[i], v->valid[i]);
    if (v->valid[i] != 0 && v->type == TEND_TYPE_NUMBER) {
        print_message(" %.17g", v->f64[i]);
    } else if (v->valid[i] != 0 && v->type == TEND_TYPE_TEXT) {
        print_message(" '%.*s'", (int)v->text[i].len, v->text[i].ptr);
    } else if (v->valid[i] != 0 && v->type == TEND_TYPE_TIME) {
        print_message(" %lld", (long long)v->time_us[i]);
    } else if (v->valid[i] != 0 && v->type == TEND_TYPE_BOOL) {
        print_message(" %d", v->bools[i]);
    }
    print_message("\n");
}

static void check_naive(struct session *s, const struct candidate *c)
{
    const struct tend__vector *v = &c->result;
    for (size_t i = 0; i < v->len; i++) {
        oracle_reset();
        const struct oracle_value o = oracle_eval(&c->tree, c->tree.root, &s->rows, i);
        const bool has_value = o.failure == TEND_EXPR_FINE && !o.is_null;
        const bool is_same = v->failed[i] == (uint8_t)o.failure &&
                             (v->valid[i] != 0) == has_value &&
                             (!has_value || v->type == TEND_TYPE_NULL || is_same_value(v, i, &o));
        s->failures[v->failed[i]]++;
        if (!is_same) {
            if (s->naive_differences++ < 5) {
                print_message("naive: failure=%d null=%d %.17g %d '%.*s' %lld\n", (int)o.failure,
                              o.is_null, o.number, o.boolean, (int)o.text.len,
                              o.text.len > 0 ? o.text.ptr : "", (long long)o.time_us);
                print_row(s, c, i);
            }
        }
    }
}

/* Every value lies within the bounds, NULLs and failures only where the bounds admit them. */
static void check_bounds(struct session *s, const struct candidate *c)
{
    const struct tend__bounds b = tend__expr_bounds(c->expr);
    const struct tend__vector *v = &c->result;
    for (size_t i = 0; i < v->len; i++) {
        bool is_kept = true;
        if (v->failed[i] != 0) {
            is_kept = b.may_fail;
        } else if (v->valid[i] == 0) {
            is_kept = b.may_be_null;
        } else if (v->type == TEND_TYPE_NUMBER && !isnan(v->f64[i])) {
            is_kept = b.low <= v->f64[i] && v->f64[i] <= b.high;
        } else if (v->type == TEND_TYPE_BOOL) {
            is_kept = b.low <= (double)v->bools[i] && (double)v->bools[i] <= b.high;
        }
        if (!is_kept && s->bound_breaks++ < 5) {
            print_message("bounds [%.17g, %.17g] null=%d fail=%d\n", b.low, b.high, b.may_be_null,
                          b.may_fail);
            print_row(s, c, i);
        }
    }
}

/* One row at a time, and all at once, are the same. */
static void check_single_rows(struct session *s, const struct candidate *c)
{
    struct tend__vector one;
    struct tend_error err = {0};
    tend__vector_init(&one);
    for (int k = 0; k < 4; k++) {
        const size_t i = tend__rng_below(&s->rng, s->rows.row_count);
        struct tend__column row[ORACLE_FIELD_COUNT];
        for (size_t f = 0; f < ORACLE_FIELD_COUNT; f++) {
            row[f] = s->rows.columns[f];
            row[f].f64 = row[f].f64 == NULL ? NULL : row[f].f64 + i;
            row[f].bools = row[f].bools == NULL ? NULL : row[f].bools + i;
            row[f].text = row[f].text == NULL ? NULL : row[f].text + i;
            row[f].time_us = row[f].time_us == NULL ? NULL : row[f].time_us + i;
            row[f].valid = row[f].valid == NULL ? NULL : row[f].valid + i;
        }
        assert_tend_ok(tend__expr_eval(c->expr, row, 1, &one, &err), &err);
        struct oracle_value o = {.failure = (enum tend__expr_failure)c->result.failed[i]};
        o.is_null = c->result.valid[i] == 0;
        o.number = one.type == TEND_TYPE_NUMBER ? c->result.f64[i] : 0;
        o.boolean = one.type == TEND_TYPE_BOOL && c->result.bools[i] != 0;
        o.time_us = one.type == TEND_TYPE_TIME ? c->result.time_us[i] : 0;
        o.text = one.type == TEND_TYPE_TEXT ? c->result.text[i] : o.text;
        assert_int_equal(one.failed[0], o.failure);
        assert_int_equal(one.valid[0], c->result.valid[i]);
        if (one.valid[0] != 0) {
            assert_true(is_same_value(&one, 0, &o));
        }
    }
    tend__vector_deinit(&one);
}

/* ---- tend against DuckDB --------------------------------------------------------------------- */

static bool is_raised(uint8_t failure)
{
    return failure == TEND_EXPR_LOG_DOMAIN || failure == TEND_EXPR_SQRT_DOMAIN ||
           failure == TEND_EXPR_BAD_CAST;
}

static bool may_raise(enum oracle_op op)
{
    return op == ORACLE_LN || op == ORACLE_LOG10 || op == ORACLE_LOG2 || op == ORACLE_SQRT ||
           op == ORACLE_TO_NUMBER || op == ORACLE_TO_INTEGER || op == ORACLE_TO_BIGINT ||
           op == ORACLE_TO_BOOL || op == ORACLE_TO_TIME || op == ORACLE_TO_DATE;
}

/* Whether some part of the expression, needed or not, may raise an error in DuckDB for the row: it
 * fails, or one of its operands does, with which DuckDB goes on. */
static bool some_part_raises(const struct session *s, const struct candidate *c, size_t i)
{
    for (int node = 0; node < c->tree.node_count; node++) {
        if (!may_raise(c->tree.nodes[node].op)) {
            continue;
        }
        oracle_reset();
        if (oracle_eval(&c->tree, node, &s->rows, i).failure != TEND_EXPR_FINE) {
            return true;
        }
    }
    return false;
}

static struct oracle_value read_duckdb(enum tend_type type, duckdb_vector vector, idx_t row)
{
    struct oracle_value o = {0};
    uint64_t *validity = duckdb_vector_get_validity(vector);
    const void *data = duckdb_vector_get_data(vector);
    o.is_null = validity != NULL && !duckdb_validity_row_is_valid(validity, row);
    if (o.is_null || type == TEND_TYPE_NULL) {
        return o;
    }
    if (type == TEND_TYPE_NUMBER) {
        o.number = ((const double *)data)[row];
    } else if (type == TEND_TYPE_BOOL) {
        o.boolean = ((const bool *)data)[row];
    } else if (type == TEND_TYPE_TIME) {
        o.time_us = ((const duckdb_timestamp *)data)[row].micros;
    } else {
        /* The bytes of a short string lie in the string itself, in DuckDB's vector. */
        const duckdb_string_t *text = (const duckdb_string_t *)data + row;
        const bool is_short = text->value.pointer.length <= 12;
        o.text.len = text->value.pointer.length;
        o.text.ptr = is_short ? text->value.inlined.inlined : text->value.pointer.ptr;
    }
    return o;
}

static bool is_same_outcome(enum tend_type type, const struct oracle_value *a,
                            const struct oracle_value *b)
{
    if (a->is_null || b->is_null || type == TEND_TYPE_NULL) {
        return a->is_null == b->is_null || type == TEND_TYPE_NULL;
    }
    switch (type) {
    case TEND_TYPE_NUMBER:
        return is_same_number(a->number, b->number);
    case TEND_TYPE_BOOL:
        return a->boolean == b->boolean;
    case TEND_TYPE_TIME:
        return a->time_us == b->time_us;
    case TEND_TYPE_TEXT:
        return a->text.len == b->text.len &&
               (a->text.len == 0 || memcmp(a->text.ptr, b->text.ptr, a->text.len) == 0);
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return true;
}

/* DuckDB raised no error for the row. */
static enum outcome classify(const struct session *s, const struct candidate *c, size_t i,
                             const struct oracle_value *duckdb)
{
    const struct tend__vector *v = &c->result;
    if (v->failed[i] != 0 && is_raised(v->failed[i])) {
        oracle_reset();
        const struct oracle_value o = oracle_eval_folded(&c->tree, c->tree.root, &s->rows, i);
        if (o.failure != TEND_EXPR_FINE && !is_raised((uint8_t)o.failure)) {
            return FAILED_DUCKDB_GOES_ON;
        }
        const bool is_same = o.failure == TEND_EXPR_FINE && is_same_outcome(v->type, &o, duckdb);
        return is_same ? FAILED_DUCKDB_FOLDS : UNEXPLAINED;
    }
    if (v->failed[i] != 0) {
        return FAILED_DUCKDB_GOES_ON;
    }
    if (v->valid[i] == 0) {
        return duckdb->is_null ? SAME_NULL : UNEXPLAINED;
    }
    return !duckdb->is_null && is_same_value(v, i, duckdb) ? SAME_VALUE : UNEXPLAINED;
}

static void count_outcome(struct session *s, const struct candidate *c, size_t i,
                          enum outcome outcome)
{
    s->outcomes[outcome]++;
    if (outcome == UNEXPLAINED && s->outcomes[UNEXPLAINED] <= 5) {
        print_message("unexplained:\n");
        print_row(s, c, i);
    }
}

/* Compares the columns of the result with `count` candidates; rows[k] is the row of the k-th line
 * of the result. */
static void compare_result(struct session *s, const struct candidate *first, size_t count,
                           duckdb_result *result, const size_t *rows)
{
    size_t offset = 0;
    for (;;) {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(*result);
        if (chunk == NULL) {
            return;
        }
        const idx_t row_count = duckdb_data_chunk_get_size(chunk);
        for (size_t k = 0; k < count; k++) {
            duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, k);
            for (idx_t row = 0; row < row_count; row++) {
                const size_t i = rows[offset + row];
                const struct oracle_value o = read_duckdb(first[k].result.type, vector, row);
                const enum outcome outcome = classify(s, &first[k], i, &o);
                count_outcome(s, &first[k], i, outcome);
                if (outcome == UNEXPLAINED && s->outcomes[UNEXPLAINED] <= 5) {
                    print_message("  DuckDB gave: null=%d %.17g %d %lld '%.*s'\n", o.is_null,
                                  o.number, o.boolean, (long long)o.time_us, (int)o.text.len,
                                  o.text.len > 0 ? o.text.ptr : "");
                }
            }
        }
        offset += row_count;
        duckdb_destroy_data_chunk(&chunk);
    }
}

/* SELECT ... FROM r [WHERE ...] for candidates of which no part raises anything in these rows. */
static void compare_rows(struct session *s, const struct candidate *first, size_t count,
                         const char *where, const size_t *rows)
{
    size_t len = (size_t)snprintf(query, sizeof(query), "SELECT ");
    for (size_t k = 0; k < count; k++) {
        len += (size_t)snprintf(query + len, sizeof(query) - len, "%s%s", k == 0 ? "" : ", ",
                                first[k].duckdb_text);
        assert_true(len < sizeof(query));
    }
    (void)snprintf(query + len, sizeof(query) - len, " FROM r%s", where);
    duckdb_result result;
    if (duckdb_query(s->connection, query, &result) == DuckDBError) {
        fail_msg("DuckDB refused: %s\n%s", duckdb_result_error(&result), query);
    }
    compare_result(s, first, count, &result, rows);
    duckdb_destroy_result(&result);
}

/* One row in which some part raises: DuckDB must raise where that part is needed, and may
 * elsewhere. */
static void compare_raising_row(struct session *s, const struct candidate *c, size_t i)
{
    duckdb_result result;
    (void)snprintf(query, sizeof(query), "SELECT %s FROM r WHERE id = %zu", c->duckdb_text, i);
    if (duckdb_query(s->connection, query, &result) == DuckDBError) {
        const uint8_t failure = c->result.failed[i];
        enum outcome outcome = SKIPPED_DUCKDB_RAISES;
        if (is_raised(failure)) {
            outcome = FAILED_DUCKDB_RAISES;
        } else if (failure != TEND_EXPR_FINE) {
            outcome = FAILED_DUCKDB_GOES_ON;
        }
        count_outcome(s, c, i, outcome);
    } else {
        compare_result(s, c, 1, &result, &i);
    }
    duckdb_destroy_result(&result);
}

/* A candidate with raising rows: the other rows at once, and a few of the raising ones. */
static void compare_apart(struct session *s, const struct candidate *c, const bool *raises)
{
    static char where[ROW_COUNT * 8];
    size_t rows[ROW_COUNT];
    size_t row_count = 0;
    size_t sampled = 0;
    size_t len = (size_t)snprintf(where, sizeof(where), " WHERE id NOT IN (-1");
    for (size_t i = 0; i < s->rows.row_count; i++) {
        if (!raises[i]) {
            rows[row_count++] = i;
            continue;
        }
        len += (size_t)snprintf(where + len, sizeof(where) - len, ",%zu", i);
        if (sampled < RAISING_SAMPLE && tend__rng_below(&s->rng, 8) == 0) {
            compare_raising_row(s, c, i);
            sampled++;
        }
    }
    (void)snprintf(where + len, sizeof(where) - len, ")");
    compare_rows(s, c, 1, where, rows);
}

static void compare_with_duckdb(struct session *s)
{
    size_t all_rows[ROW_COUNT];
    size_t calm = 0; /* candidates without raising rows are moved to the front and asked together */
    for (size_t i = 0; i < ROW_COUNT; i++) {
        all_rows[i] = i;
    }
    for (size_t k = 0; k < PER_QUERY; k++) {
        bool raises[ROW_COUNT];
        bool any = false;
        for (size_t i = 0; i < ROW_COUNT; i++) {
            raises[i] = some_part_raises(s, &candidates[k], i);
            any = any || raises[i];
        }
        if (any) {
            compare_apart(s, &candidates[k], raises);
        } else {
            static struct candidate swap;
            swap = candidates[calm];
            candidates[calm] = candidates[k];
            candidates[k] = swap;
            calm++;
        }
    }
    if (calm > 0) {
        compare_rows(s, candidates, calm, "", all_rows);
    }
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void tend_the_naive_walk_and_duckdb_agree_but_for_written_rules(void **state)
{
    (void)state;
    static struct session s;
    const uint64_t pairs = number_from_environment("TEND_EXPR_PAIRS", PAIRS_DEFAULT);
    const uint64_t seed = number_from_environment("TEND_EXPR_SEED", 20261125);
    open_session(&s, seed);
    for (uint64_t done = 0; done < pairs; done += PER_QUERY * ROW_COUNT) {
        for (size_t k = 0; k < PER_QUERY; k++) {
            make_candidate(&s, &candidates[k]);
            check_naive(&s, &candidates[k]);
            check_bounds(&s, &candidates[k]);
            check_single_rows(&s, &candidates[k]);
        }
        compare_with_duckdb(&s);
        for (size_t k = 0; k < PER_QUERY; k++) {
            tend__expr_free(candidates[k].expr);
            tend__vector_deinit(&candidates[k].result);
        }
    }
    print_message("seed %llu:", (unsigned long long)seed);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        print_message(" %zu %s;", s.outcomes[i], outcome_names[i]);
    }
    print_message("\nfailures:");
    for (int i = 1; i < TEND_EXPR_FAILURE_COUNT; i++) {
        print_message(" %zu %s;", s.failures[i],
                      tend__expr_failure_text((enum tend__expr_failure)i));
    }
    print_message("\n");
    close_session(&s);
    assert_int_equal(s.naive_differences, 0);
    assert_int_equal(s.bound_breaks, 0);
    assert_int_equal(s.outcomes[UNEXPLAINED], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tend_the_naive_walk_and_duckdb_agree_but_for_written_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
