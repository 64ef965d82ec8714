/* SPDX-License-Identifier: Apache-2.0 */
/* expr_test.c: the expression language beyond its examples: messages, limits, memory, blocks of
 * rows, bounds, aggregates. */
#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "expr/expr.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ENDLESS ((double)INFINITY)
#define ROWS 2000

static const struct tend__field fields[] = {{"distance", TEND_TYPE_NUMBER, 0, 5000},
                                            {"delay", TEND_TYPE_NUMBER, -ENDLESS, ENDLESS},
                                            {"late", TEND_TYPE_BOOL, 0, 1},
                                            {"decision", TEND_TYPE_BOOL, 0, 1},
                                            {"origin", TEND_TYPE_TEXT, 0, 0},
                                            {"date", TEND_TYPE_TIME, 0, 0},
                                            {"Late", TEND_TYPE_NUMBER, 0, 1},
                                            {"nothing", TEND_TYPE_NULL, 0, 0},
                                            {"probability", TEND_TYPE_NUMBER, 0.25, 0.5},
                                            {"embedding", TEND_TYPE_VECTOR, 0, 0}};

#define FIELD_COUNT TEND_ARRAY_LEN(fields)

static double distance[ROWS];
static double delay[ROWS];
static uint8_t late[ROWS];
static uint8_t decision[ROWS];
static struct tend__text origin[ROWS];
static int64_t date[ROWS];
static double probability[ROWS];
static uint8_t valid[ROWS];

static struct tend__column columns[FIELD_COUNT] = {
    {.type = TEND_TYPE_NUMBER, .f64 = distance},
    {.type = TEND_TYPE_NUMBER, .f64 = delay, .valid = valid},
    {.type = TEND_TYPE_BOOL, .bools = late},
    {.type = TEND_TYPE_BOOL, .bools = decision, .valid = valid},
    {.type = TEND_TYPE_TEXT, .text = origin, .valid = valid},
    {.type = TEND_TYPE_TIME, .time_us = date},
    {.type = TEND_TYPE_NUMBER, .f64 = probability},
    {.type = TEND_TYPE_NULL},
    {.type = TEND_TYPE_NUMBER, .f64 = probability},
};

/* Rows with NULLs under which there is nonsense, texts that may not be followed included. */
static int make_rows(void **state)
{
    static const char *const airports[] = {"SFO", "LAX", "jfk", "\xc3\xa9"};
    struct tend__rng rng;
    (void)state;
    tend__rng_init(&rng, 3);
    for (size_t i = 0; i < ROWS; i++) {
        const char *airport = airports[tend__rng_below(&rng, 4)];
        distance[i] = (double)tend__rng_below(&rng, 5000);
        delay[i] = (double)tend__rng_below(&rng, 100) - 50;
        late[i] = tend__rng_below(&rng, 2) == 0;
        decision[i] = tend__rng_below(&rng, 2) == 0;
        origin[i] = (struct tend__text){airport, strlen(airport)};
        date[i] = (int64_t)(i * 7919) * 1000000;
        probability[i] = 0.25 + tend__rng_uniform(&rng) * 0.25;
        valid[i] = tend__rng_below(&rng, 5) != 0;
        if (valid[i] == 0) {
            delay[i] = (double)NAN;
            decision[i] = 77;
            origin[i] = (struct tend__text){NULL, 1000};
        }
    }
    return 0;
}

static struct tend__expr *compile(const char *text)
{
    struct tend__expr *expr = NULL;
    struct tend_error err = {0};
    assert_tend_ok(tend__expr_new(text, fields, FIELD_COUNT, &expr, &err), &err);
    return expr;
}

static void assert_refused(const char *text, enum tend_code code, int line, int column,
                           const char *words)
{
    struct tend__expr *expr = NULL;
    struct tend_error err = {0};
    assert_int_equal(tend__expr_new(text, fields, FIELD_COUNT, &expr, &err), code);
    assert_null(expr);
    assert_int_equal(err.code, code);
    if (err.line != line || err.column != column || strstr(err.text, words) == NULL) {
        fail_msg("%s: %d:%d %s", text, err.line, err.column, err.text);
    }
}

/* ---- messages -------------------------------------------------------------------------------- */

static void errors_point_at_the_fault_and_say_what_to_do(void **state)
{
    (void)state;
    assert_refused("distnace > 5", TEND_ENOTFOUND, 1, 1, "(did you mean 'distance'?)");
    assert_refused("late and\n  distence > 5", TEND_ENOTFOUND, 2, 3, "'distance'");
    assert_refused("'\xc3\xa9\xc3\xa9' = xyzzy", TEND_ENOTFOUND, 1, 8, "in single quotes");
    assert_refused("1 + absolute(delay)", TEND_ENOTFOUND, 1, 5, "unknown function 'absolute'");
    assert_refused("florr(delay)", TEND_ENOTFOUND, 1, 1, "did you mean 'floor'?");
    assert_refused("case when probability then 1 end", TEND_ETYPE, 1, 11, "write probability = 1");
    assert_refused("late = 1", TEND_ETYPE, 1, 1, "write late or NOT late");
    assert_refused("1 = decision", TEND_ETYPE, 1, 5, "'decision' is a bool");
    assert_refused("distance + origin", TEND_ETYPE, 1, 12, "CAST(origin AS DOUBLE)");
    assert_refused("not distance", TEND_ETYPE, 1, 5, "write distance = 1");
    assert_refused("1 + embedding", TEND_ETYPE, 1, 5, "holds vectors");
    assert_refused("embedding is null", TEND_ETYPE, 1, 1, "holds vectors");
    assert_refused("sqrt(date)", TEND_ETYPE, 1, 6, "EPOCH(date)");
    assert_refused("LATE", TEND_ENOTFOUND, 1, 1, "several columns are named 'LATE'");
    assert_refused("avg(delay)", TEND_ENOTFOUND, 1, 1, "is an aggregate");
    assert_refused("max(delay, 1)", TEND_ENOTFOUND, 1, 1, "GREATEST");
    assert_refused("1 + 1 as x", TEND_ESYNTAX, 1, 7, "expected an operator or the end, found as");
}

static void every_pair_of_types_has_its_advice(void **state)
{
    (void)state;
    assert_refused("case when origin then 1 end", TEND_ETYPE, 1, 11, "CAST(origin AS BOOLEAN)");
    assert_refused("case when date then 1 end", TEND_ETYPE, 1, 11, "write a comparison");
    assert_refused("year(origin)", TEND_ETYPE, 1, 6, "CAST(origin AS TIMESTAMP)");
    assert_refused("year(delay)", TEND_ETYPE, 1, 6, "write a time");
    assert_refused("length(date)", TEND_ETYPE, 1, 8, "CAST(date AS TEXT)");
    assert_refused("coalesce(delay, late)", TEND_ETYPE, 1, 17, "CASE WHEN late THEN 1 ELSE 0 END");
    assert_refused("origin like origin escape '!'", TEND_ETYPE, 1, 13, "must be a text literal");
    assert_refused("interval '1 day' is null", TEND_ETYPE, 1, 1, "stands only beside a time");
    assert_refused("cast(interval '1 day' as text)", TEND_ETYPE, 1, 6, "only beside a time");
    assert_refused("coalesce(interval 1 day, 2)", TEND_ETYPE, 1, 10, "only beside a time");
    assert_refused("cast(origin as bigint)", TEND_ETYPE, 1, 1, "cast to DOUBLE first");
    assert_refused("cast(late as date)", TEND_ETYPE, 1, 1, "a bool cannot be cast to a time");
    assert_refused("case late when 1 then 2 end", TEND_ETYPE, 1, 16, "is a number");
    assert_refused("delay in (1, 'a')", TEND_ETYPE, 1, 14, "CAST(x AS DOUBLE)");
}

/* Parts that are NULL take the type that is needed, down to the literals. */
static void syntax_is_checked_without_the_fields(void **state)
{
    struct tend_error err = {0};
    (void)state;
    assert_tend_ok(tend__expr_check_syntax("case when a > 1 and \"b c\" then lower(d) end", &err),
                   &err);
    assert_tend_ok(tend__expr_check_syntax("1 + 'types are not looked at'", &err), &err);
    assert_int_equal(tend__expr_check_syntax("a > ", &err), TEND_ESYNTAX);
    assert_int_equal(err.column, 5);
    assert_int_equal(tend__expr_check_syntax("a + nosuch(b)", &err), TEND_ENOTFOUND);
    assert_int_equal(err.column, 5);
    assert_int_equal(tend__expr_check_syntax("", &err), TEND_ESYNTAX);
}

static void null_fits_everywhere(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum tend_type type;
        bool is_null;
    } cases[] = {
        {"case when late then NULL end + 1", TEND_TYPE_NUMBER, true},
        {"coalesce(NULL, nullif(NULL, NULL)) || 'x'", TEND_TYPE_TEXT, true},
        {"case 1 when 1 then NULL when 2 then nothing else NULL end or late is null",
         TEND_TYPE_BOOL, true},
        {"NULL = NULL", TEND_TYPE_BOOL, true},
        {"NULL is not distinct from NULL", TEND_TYPE_BOOL, false},
        {"nothing + 1", TEND_TYPE_NUMBER, true},
        {"year(NULL)", TEND_TYPE_NUMBER, true},
        {"NULL + interval 1 day", TEND_TYPE_TIME, true},
        {"cast(NULL as date)", TEND_TYPE_TIME, true},
        {"greatest(NULL, nothing)", TEND_TYPE_NULL, true},
        {"case NULL when NULL then 1 end", TEND_TYPE_NUMBER, true},
        {"NULL in (NULL, 1)", TEND_TYPE_BOOL, true},
        {"nothing like 'a'", TEND_TYPE_BOOL, true},
        {"interval 1 day + date > '1970-01-01'", TEND_TYPE_BOOL, false},
        {"date > '1970-01-01' or NULL is null", TEND_TYPE_BOOL, false},
    };
    struct tend__vector v;
    struct tend_error err = {0};
    tend__vector_init(&v);
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        struct tend__expr *expr = compile(cases[i].text);
        assert_int_equal(tend__expr_type(expr), cases[i].type);
        assert_tend_ok(tend__expr_eval(expr, columns, 5, &v, &err), &err);
        for (size_t row = 0; row < 5; row++) {
            assert_int_equal(v.valid[row], cases[i].is_null ? 0 : 1);
        }
        assert_int_equal(v.failed_count, 0);
        tend__expr_free(expr);
    }
    tend__vector_deinit(&v);
}

static void syntax_errors_point_at_the_fault(void **state)
{
    (void)state;
    assert_refused("", TEND_ESYNTAX, 1, 1, "the expression ends here");
    assert_refused("(1 + 2", TEND_ESYNTAX, 1, 7, "expected ')'");
    assert_refused("1 +", TEND_ESYNTAX, 1, 4, "expected a value");
    assert_refused("'abc", TEND_ESYNTAX, 1, 1, "has no closing '");
    assert_refused("\"abc", TEND_ESYNTAX, 1, 1, "has no closing \"");
    assert_refused("1 /* x", TEND_ESYNTAX, 1, 3, "this comment has no end");
    assert_refused("a.b", TEND_ESYNTAX, 1, 2, "needs \"quotes\"");
    assert_refused("late && late", TEND_ESYNTAX, 1, 6, "write AND, OR, NOT");
    assert_refused("2 ^ 3", TEND_ESYNTAX, 1, 3, "write POW(x, y)");
    assert_refused("1e + 2", TEND_ESYNTAX, 1, 1, "exponent has no digits");
    assert_refused("2x", TEND_ESYNTAX, 1, 1, "'2x' is no number");
    assert_refused("1 < 2 < 3", TEND_ESYNTAX, 1, 7, "do not chain");
    assert_refused("case late when true then 1", TEND_ESYNTAX, 1, 27, "WHEN, ELSE or END");
    assert_refused("case else 1 end", TEND_ESYNTAX, 1, 6, "expected a value");
    assert_refused("abs(1, 2)", TEND_ESYNTAX, 1, 6, "abs takes 1 operand");
    assert_refused("coalesce()", TEND_ESYNTAX, 1, 10, "coalesce takes 1 operand or more");
    assert_refused("round(1, 99)", TEND_ESYNTAX, 1, 10, "from -15 to 15");
    assert_refused("extract(parsec from date)", TEND_ESYNTAX, 1, 9, "expected year, quarter");
    assert_refused("date_trunc('epoch', date)", TEND_ESYNTAX, 1, 12, "expected 'year'");
    assert_refused("cast(1 as blob)", TEND_ESYNTAX, 1, 11, "expected DOUBLE");
    assert_refused("date + interval 'a week'", TEND_ESYNTAX, 1, 17, "expected whole units");
    assert_refused("origin like 'a' escape 'xx'", TEND_ESYNTAX, 1, 24, "one ASCII character");
    assert_refused("1 in ()", TEND_ESYNTAX, 1, 7, "expected a value");
    assert_refused("\x80", TEND_ESYNTAX, 1, 1, "not UTF-8");
    assert_refused("when", TEND_ESYNTAX, 1, 1, "needs \"quotes\"");
    assert_refused("cast(1 text)", TEND_ESYNTAX, 1, 8, "expected AS, found text");
    assert_refused("late is 5", TEND_ESYNTAX, 1, 9, "NULL, TRUE, FALSE or DISTINCT FROM");
    assert_refused("date + interval '999999999999999 years'", TEND_ESYNTAX, 1, 17, "whole units");
    assert_refused("date + interval 5 fortnights", TEND_ESYNTAX, 1, 17, "whole units");
    assert_refused("@", TEND_ESYNTAX, 1, 1, "'@' means nothing here");
}

static void a_name_in_other_case_or_in_quotes_is_found(void **state)
{
    (void)state;
    struct tend__expr *expr = compile("\"Late\" + DISTANCE");
    assert_true(tend__expr_uses(expr, 6));
    assert_true(tend__expr_uses(expr, 0));
    assert_false(tend__expr_uses(expr, 2));
    assert_false(tend__expr_uses(expr, 1000));
    tend__expr_free(expr);
    assert_refused("\"DISTANCE\"", TEND_ENOTFOUND, 1, 1, "did you mean 'distance'?");
}

static void a_wrong_type_is_told_by_its_place_in_the_config(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__expr *number = compile("distance * 2");
    struct tend__expr *null = compile("NULL");
    assert_int_equal(tend__expr_want(number, TEND_TYPE_NUMBER, "value.per_row", &err), TEND_OK);
    assert_int_equal(tend__expr_want(null, TEND_TYPE_NUMBER, "value.per_row", &err), TEND_OK);
    assert_int_equal(tend__expr_want(number, TEND_TYPE_BOOL, "data.decision", &err), TEND_ETYPE);
    assert_non_null(strstr(err.text, "data.decision is a number and must be a bool"));
    struct tend__expr *boolean = compile("distance > 2");
    assert_int_equal(tend__expr_want(boolean, TEND_TYPE_NUMBER, "value.per_row", &err), TEND_ETYPE);
    assert_non_null(strstr(err.text, "CASE WHEN x THEN 1 ELSE 0 END"));
    tend__expr_free(boolean);
    tend__expr_free(number);
    tend__expr_free(null);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* before, `count` times middle, last, `count` times after. */
static char *repeat(const char *before, size_t count, const char *middle, const char *last,
                    const char *after)
{
    struct tend__buf buf;
    tend__buf_init(&buf, 1U << 20);
    tend__buf_text(&buf, before);
    for (size_t i = 0; i < count; i++) {
        tend__buf_text(&buf, middle);
    }
    tend__buf_text(&buf, last);
    for (size_t i = 0; i < count; i++) {
        tend__buf_text(&buf, after);
    }
    char *text = NULL;
    assert_int_equal(tend__mem_text(tend__buf_str(&buf), buf.len, &text, NULL), TEND_OK);
    tend__buf_deinit(&buf);
    return text;
}

static enum tend_code code_of(char *text)
{
    struct tend__expr *expr = NULL;
    struct tend_error err = {0};
    const enum tend_code code = tend__expr_new(text, fields, FIELD_COUNT, &expr, &err);
    tend__expr_free(expr);
    tend__mem_free(text);
    return code;
}

static void length_depth_and_size_are_limited(void **state)
{
    (void)state;
    assert_int_equal(code_of(repeat("", TEND_EXPR_LEN_MAX - 1, " ", "1", "")), TEND_OK);
    assert_int_equal(code_of(repeat("", TEND_EXPR_LEN_MAX, " ", "1", "")), TEND_ELIMIT);
    assert_int_equal(code_of(repeat("", TEND_EXPR_DEPTH_MAX - 1, "(", "1", ")")), TEND_OK);
    assert_int_equal(code_of(repeat("", TEND_EXPR_DEPTH_MAX, "(", "1", ")")), TEND_ELIMIT);
    assert_int_equal(code_of(repeat("", 10000, "(", "1", ")")), TEND_ELIMIT);
    assert_int_equal(code_of(repeat("1", TEND_EXPR_DEPTH_MAX - 1, "+1", "", "")), TEND_OK);
    assert_int_equal(code_of(repeat("1", TEND_EXPR_DEPTH_MAX, "+1", "", "")), TEND_ELIMIT);
    assert_int_equal(code_of(repeat("late", 1000, " or late", "", "")), TEND_OK);
    assert_int_equal(code_of(repeat("1 in (1", 4000, ",1", ")", "")), TEND_OK);
    assert_int_equal(code_of(repeat("1 in (1", 4200, ",1", ")", "")), TEND_ELIMIT);
    assert_int_equal(code_of(repeat("", 9000, "-", "1", "")), TEND_ESYNTAX); /* a comment */
    assert_int_equal(code_of(repeat("", 5000, "- ", "delay", "")), TEND_ELIMIT);
    assert_int_equal(code_of(repeat("", 2000, "not ", "late", "")), TEND_ELIMIT);
}

static void deep_expressions_of_every_shape_are_evaluated(void **state)
{
    (void)state;
    const size_t deep = TEND_EXPR_DEPTH_MAX / 4 - 2;
    char *texts[] = {
        repeat("", deep, "case when late then 1 else ", "delay", " end"),
        repeat("", deep, "coalesce(delay / 0, ", "1", ")"),
        repeat("", deep, "(late and (1 / distance > 0 or ", "late", "))"),
        repeat("", deep, "greatest(delay, ", "1", ")"),
        repeat("", deep, "-(distance - ", "1", ")"),
        repeat("case", 600, " when delay = 1 then 1", " else 2", " end") /* one END is too much */};
    struct tend__vector v;
    struct tend_error err = {0};
    tend__vector_init(&v);
    texts[5][strstr(texts[5], " end") - texts[5] + 4] = '\0';
    for (size_t i = 0; i < TEND_ARRAY_LEN(texts); i++) {
        struct tend__expr *expr = compile(texts[i]);
        assert_tend_ok(tend__expr_eval(expr, columns, ROWS, &v, &err), &err);
        assert_int_equal(v.len, ROWS);
        tend__expr_free(expr);
        tend__mem_free(texts[i]);
    }
    tend__vector_deinit(&v);
}

static void a_text_too_long_fails_its_row_and_too_many_texts_the_call(void **state)
{
    (void)state;
    static char long_bytes[TEND_EXPR_TEXT_LEN_MAX];
    static struct tend__text texts[6000];
    const struct tend__field field = {"t", TEND_TYPE_TEXT, 0, 0};
    const struct tend__column column = {.type = TEND_TYPE_TEXT, .text = texts};
    memset(long_bytes, 'A', sizeof(long_bytes));
    for (size_t i = 0; i < TEND_ARRAY_LEN(texts); i++) {
        texts[i] = (struct tend__text){long_bytes, sizeof(long_bytes)};
    }
    texts[1].len = 5;
    struct tend__vector v;
    struct tend__expr *expr = NULL;
    struct tend_error err = {0};
    tend__vector_init(&v);
    assert_tend_ok(tend__expr_new("t || 'x'", &field, 1, &expr, &err), &err);
    assert_tend_ok(tend__expr_eval(expr, &column, 2, &v, &err), &err);
    assert_int_equal(v.failed[0], TEND_EXPR_TEXT_TOO_LONG);
    assert_int_equal(v.failed[1], TEND_EXPR_FINE);
    assert_int_equal(v.text[1].len, 6);
    tend__expr_free(expr);
    assert_tend_ok(tend__expr_new("lower(t)", &field, 1, &expr, &err), &err);
    assert_int_equal(tend__expr_eval(expr, &column, TEND_ARRAY_LEN(texts), &v, &err), TEND_ELIMIT);
    assert_int_equal(v.len, 0);
    assert_tend_ok(tend__expr_eval(expr, &column, 100, &v, &err), &err);
    assert_int_equal(v.text[99].ptr[0], 'a');
    tend__expr_free(expr);
    tend__vector_deinit(&v);
}

/* ---- evaluation ------------------------------------------------------------------------------ */

static const char *const samples[] = {
    "case when decision and late then 30 when decision then -10 when late then -10 else 0 end",
    "case when delay <> 0 then distance / delay else -1 end",
    "delay <> 0 and distance / delay > 50 or origin = 'SFO'",
    "coalesce(delay, ln(distance), 7)",
    "upper(origin) || '-' || cast(distance as text)",
    "origin like '_F_' or nothing is null and late",
    "date_trunc('week', date) + interval '1 month'",
    "case origin when 'SFO' then date when 'LAX' then date - interval 1 day end",
    "origin in ('SFO', 'LAX') and distance in (1, 2, 3, 4, delay)",
    "least(delay, distance) between -10 and greatest(delay, 10)",
    "nothing",
    "sqrt(delay) + log10(distance)",
    "delay",
    "late",
};

static bool is_same_row(const struct tend__vector *a, size_t i, const struct tend__vector *b,
                        size_t j)
{
    if (a->type != b->type || a->valid[i] != b->valid[j] || a->failed[i] != b->failed[j]) {
        return false;
    }
    if (a->valid[i] == 0) {
        return true;
    }
    switch (a->type) {
    case TEND_TYPE_NUMBER:
        return memcmp(&a->f64[i], &b->f64[j], sizeof(double)) == 0;
    case TEND_TYPE_BOOL:
        return a->bools[i] == b->bools[j];
    case TEND_TYPE_TEXT:
        return a->text[i].len == b->text[j].len &&
               memcmp(a->text[i].ptr, b->text[j].ptr, a->text[i].len) == 0;
    case TEND_TYPE_TIME:
        return a->time_us[i] == b->time_us[j];
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return true;
}

static void rows_from(size_t offset, struct tend__column moved[FIELD_COUNT])
{
    for (size_t f = 0; f < FIELD_COUNT; f++) {
        moved[f] = columns[f];
        moved[f].f64 = moved[f].f64 == NULL ? NULL : moved[f].f64 + offset;
        moved[f].bools = moved[f].bools == NULL ? NULL : moved[f].bools + offset;
        moved[f].text = moved[f].text == NULL ? NULL : moved[f].text + offset;
        moved[f].time_us = moved[f].time_us == NULL ? NULL : moved[f].time_us + offset;
        moved[f].valid = moved[f].valid == NULL ? NULL : moved[f].valid + offset;
    }
}

/* Any cut of the rows gives the same; vectors go from one expression and type to the next. */
static void batches_of_any_size_give_the_same_rows(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 17, 511, 512, 513, 1024, 1999};
    struct tend__vector all;
    struct tend__vector part;
    struct tend_error err = {0};
    tend__vector_init(&all);
    tend__vector_init(&part);
    for (size_t k = 0; k < TEND_ARRAY_LEN(samples); k++) {
        struct tend__expr *expr = compile(samples[k]);
        assert_tend_ok(tend__expr_eval(expr, columns, ROWS, &all, &err), &err);
        size_t failed_count = 0;
        for (size_t i = 0; i < ROWS; i++) {
            failed_count += all.failed[i] != 0 ? 1 : 0;
            assert_true(all.failed[i] == 0 || all.valid[i] == 0);
        }
        assert_int_equal(failed_count, all.failed_count);
        for (size_t s = 0; s < TEND_ARRAY_LEN(sizes); s++) {
            for (size_t offset = 0; offset < ROWS; offset += sizes[s]) {
                const size_t left = ROWS - offset;
                const size_t count = left < sizes[s] ? left : sizes[s];
                struct tend__column moved[FIELD_COUNT];
                rows_from(offset, moved);
                assert_tend_ok(tend__expr_eval(expr, moved, count, &part, &err), &err);
                assert_int_equal(part.len, count);
                for (size_t i = 0; i < count; i++) {
                    assert_true(is_same_row(&all, offset + i, &part, i));
                }
            }
        }
        tend__expr_free(expr);
    }
    tend__vector_deinit(&all);
    tend__vector_deinit(&part);
}

static void a_warm_vector_asks_for_no_memory(void **state)
{
    (void)state;
    struct tend__vector v;
    struct tend_error err = {0};
    tend__vector_init(&v);
    for (size_t k = 0; k < TEND_ARRAY_LEN(samples); k++) {
        struct tend__expr *expr = compile(samples[k]);
        assert_tend_ok(tend__expr_eval(expr, columns, ROWS, &v, &err), &err);
        tend__mem_fail_at(0);
        assert_tend_ok(tend__expr_eval(expr, columns, ROWS, &v, &err), &err);
        assert_tend_ok(tend__expr_eval(expr, columns, 1, &v, &err), &err);
        assert_int_equal(tend__mem_asked(), 0);
        tend__expr_free(expr);
    }
    tend__vector_deinit(&v);
}

static void no_rows_and_unfit_columns_are_answered(void **state)
{
    (void)state;
    struct tend__vector v;
    struct tend_error err = {0};
    struct tend__column unfit[FIELD_COUNT] = {{0}};
    struct tend__expr *expr = compile("distance + 1");
    tend__vector_init(&v);
    assert_tend_ok(tend__expr_eval(expr, columns, 0, &v, &err), &err);
    assert_int_equal(v.len, 0);
    unfit[0] = columns[4];
    assert_int_equal(tend__expr_eval(expr, unfit, 3, &v, &err), TEND_EINVAL);
    assert_non_null(strstr(err.text, "column 0 is of type text"));
    unfit[0] = (struct tend__column){.type = TEND_TYPE_NUMBER};
    assert_int_equal(tend__expr_eval(expr, unfit, 3, &v, &err), TEND_EINVAL);
    unfit[0] = (struct tend__column){.type = TEND_TYPE_NULL};
    assert_tend_ok(tend__expr_eval(expr, unfit, ROWS, &v, &err), &err);
    assert_int_equal(v.valid[ROWS - 1], 0);
    assert_int_equal(v.failed_count, 0);
    const struct tend__column view = tend__vector_column(&v);
    assert_int_equal(view.type, TEND_TYPE_NUMBER);
    assert_false(tend__is_valid(&view, 0));
    tend__expr_free(expr);
    tend__vector_deinit(&v);
}

static void the_first_failure_of_a_row_is_the_one_told(void **state)
{
    (void)state;
    struct tend__vector v;
    struct tend_error err = {0};
    struct tend__expr *expr = compile("ln(0 * distance) + sqrt(-1 - distance) + 1 / 0");
    tend__vector_init(&v);
    assert_tend_ok(tend__expr_eval(expr, columns, ROWS, &v, &err), &err);
    assert_int_equal(v.failed_count, ROWS);
    assert_int_equal(v.failed[ROWS - 1], TEND_EXPR_LOG_DOMAIN);
    assert_string_equal(tend__expr_failure_text(TEND_EXPR_LOG_DOMAIN), "logarithm of zero or less");
    tend__expr_free(expr);
    tend__vector_deinit(&v);
}

static void the_first_and_last_times_there_are_do_no_harm(void **state)
{
    (void)state;
    static const int64_t ends[2] = {INT64_MIN, INT64_MAX};
    static const char *const texts[] = {
        "year(date) + week(date) + hour(date)", "length(cast(date as text))",
        "epoch(date_trunc('year', date))", "epoch(date + interval '-1 month')",
        "epoch(date + interval '1 microsecond')"};
    static const uint8_t failures[][2] = {{0, 0},
                                          {0, 0},
                                          {TEND_EXPR_TIME_RANGE, 0},
                                          {TEND_EXPR_TIME_RANGE, 0},
                                          {0, TEND_EXPR_TIME_RANGE}};
    const struct tend__field field = {"date", TEND_TYPE_TIME, 0, 0};
    const struct tend__column column = {.type = TEND_TYPE_TIME, .time_us = ends};
    struct tend__vector v;
    struct tend_error err = {0};
    tend__vector_init(&v);
    for (size_t k = 0; k < TEND_ARRAY_LEN(texts); k++) {
        struct tend__expr *expr = NULL;
        assert_tend_ok(tend__expr_new(texts[k], &field, 1, &expr, &err), &err);
        assert_tend_ok(tend__expr_eval(expr, &column, 2, &v, &err), &err);
        assert_int_equal(v.failed[0], failures[k][0]);
        assert_int_equal(v.failed[1], failures[k][1]);
        if (k == 0) {
            assert_near(v.f64[0], -290308 + 51 + 19, 0); /* -290308-12-21T19:59:05.224192Z */
            assert_near(v.f64[1], 294247 + 1 + 4, 0);    /* 294247-01-10T04:00:54.775807Z */
        }
        tend__expr_free(expr);
    }
    tend__vector_deinit(&v);
}

static void numbers_do_not_depend_on_the_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    bool found = false;
    for (size_t i = 0; i < TEND_ARRAY_LEN(names) && !found; i++) {
        found = setlocale(LC_NUMERIC, names[i]) != NULL;
    }
    if (!found) {
        print_message("no locale with a decimal comma is installed\n");
        skip();
    }
    struct tend__vector v;
    struct tend_error err = {0};
    struct tend__expr *expr = compile("cast(1.5 as text) || cast(cast('2.25' as double) as text)");
    tend__vector_init(&v);
    assert_tend_ok(tend__expr_eval(expr, columns, 1, &v, &err), &err);
    assert_int_equal(v.text[0].len, 7);
    assert_memory_equal(v.text[0].ptr, "1.52.25", 7);
    tend__expr_free(expr);
    tend__vector_deinit(&v);
    (void)setlocale(LC_NUMERIC, "C");
}

/* ---- memory ---------------------------------------------------------------------------------- */

static enum tend_code use_once(const char *text)
{
    struct tend__expr *expr = NULL;
    struct tend__aggregate *aggregate = NULL;
    struct tend__vector v;
    enum tend_code code = TEND_OK;
    tend__vector_init(&v);
    TEND_TRY_OUT(tend__expr_new(text, fields, FIELD_COUNT, &expr, NULL));
    TEND_TRY_OUT(tend__expr_eval(expr, columns, 3, &v, NULL));
    TEND_TRY_OUT(tend__expr_eval(expr, columns, ROWS, &v, NULL));
    TEND_TRY_OUT(tend__aggregate_new_kind(TEND_AGGREGATE_COUNT, text, fields, FIELD_COUNT,
                                          &aggregate, NULL));
    TEND_TRY_OUT(tend__aggregate_add(aggregate, columns, ROWS, NULL));
out:
    tend__expr_free(expr);
    tend__aggregate_free(aggregate);
    tend__vector_deinit(&v);
    return code;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    for (size_t k = 0; k < TEND_ARRAY_LEN(samples); k++) {
        enum tend_code code = TEND_ENOMEM;
        for (uint64_t nth = 1; code != TEND_OK; nth++) {
            assert_true(nth < 1000);
            tend__mem_fail_at(nth);
            code = use_once(samples[k]);
            tend__mem_fail_at(0);
            assert_true(code == TEND_OK || code == TEND_ENOMEM);
        }
    }
    struct tend__expr *expr = NULL;
    for (uint64_t nth = 1; nth < 10; nth++) {
        tend__mem_fail_at(nth);
        const enum tend_code code = tend__expr_new("distnace", fields, FIELD_COUNT, &expr, NULL);
        tend__mem_fail_at(0);
        assert_true(code == TEND_ENOMEM || code == TEND_ENOTFOUND);
    }
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void bounds_are_what_interval_arithmetic_gives(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double low;
        double high;
        bool may_be_null;
        bool may_fail;
    } cases[] = {
        {"case when decision and late then 30 when decision then -10 else 0 end", -10, 30, false,
         false},
        {"case when late then 1 end", 1, 1, true, false},
        {"distance", 0, 5000, true, false},
        {"distance * 2 - 100", -100, 9900, true, false},
        {"distance * probability", 0, 2500, true, false},
        {"-distance", -5000, 0, true, false},
        {"distance / probability", 0, 20000, true, false},
        {"1 / distance", -ENDLESS, ENDLESS, true, true},
        {"distance % 7", 0, 7, true, false},
        {"coalesce(distance, -1)", -1, 5000, false, false},
        {"coalesce(delay, 0)", -ENDLESS, ENDLESS, false, false},
        {"greatest(distance, 10)", 10, 5000, false, false},
        {"least(distance, delay, 3)", -ENDLESS, 3, false, false},
        {"nullif(distance, 0)", 0, 5000, true, false},
        {"sqrt(distance)", 0, 70.71067811865476, true, false},
        {"sqrt(delay)", 0, ENDLESS, true, true},
        {"abs(distance - 1000)", 0, 4000, true, false},
        {"sign(distance)", 0, 1, true, false},
        {"floor(probability * 10)", 2, 5, true, false},
        {"round(probability, 1)", 0.3, 0.5, true, false},
        {"case origin when 'SFO' then 1 when 'LAX' then distance else -7 end", -7, 5000, true,
         false},
        {"late and decision", 0, 1, true, false},
        {"late is true", 0, 1, false, false},
        {"distance is null", 0, 1, false, false},
        {"hour(date)", 0, 23, true, false},
        {"length(origin)", 0, ENDLESS, true, false},
        {"cast(late as double)", 0, 1, true, false},
        {"NULL", -ENDLESS, ENDLESS, true, false},
        {"origin", -ENDLESS, ENDLESS, true, false},
        {"1e308 * distance", 0, ENDLESS, true, true},
        {"case when false then 1 / 0 else 2 end", -ENDLESS, ENDLESS, false, true},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        struct tend__expr *expr = compile(cases[i].text);
        const struct tend__bounds b = tend__expr_bounds(expr);
        const bool is_right = !(b.low < cases[i].low) && !(b.low > cases[i].low) &&
                              !(b.high < cases[i].high) && !(b.high > cases[i].high) &&
                              b.may_be_null == cases[i].may_be_null &&
                              b.may_fail == cases[i].may_fail;
        if (!is_right) {
            fail_msg("%s: [%.17g, %.17g] null=%d fail=%d", cases[i].text, b.low, b.high,
                     b.may_be_null, b.may_fail);
        }
        tend__expr_free(expr);
    }
}

/* libm promises no more than closeness: the ends of these are moved outward, but hardly. */
static void bounds_of_transcendental_functions_are_outward_and_close(void **state)
{
    (void)state;
    struct tend__expr *expr = compile("ln(probability) + exp(probability) * pow(probability, 2)");
    const struct tend__bounds b = tend__expr_bounds(expr);
    const double low = log(0.25) + exp(0.25) * 0.0625;
    const double high = log(0.5) + exp(0.5) * 0.25;
    assert_true(b.low < low && low - b.low < 1e-14);
    assert_true(b.high > high && b.high - high < 1e-14);
    assert_false(b.may_fail);
    tend__expr_free(expr);
}

/* ---- aggregates ------------------------------------------------------------------------------ */

static double aggregate_of(const char *text, bool *has_value, size_t *failed_count)
{
    struct tend__aggregate *aggregate = NULL;
    struct tend_error err = {0};
    double value = 0;
    assert_tend_ok(tend__aggregate_new(text, fields, FIELD_COUNT, &aggregate, &err), &err);
    assert_tend_ok(tend__aggregate_add(aggregate, columns, 700, &err), &err);
    struct tend__column rest[FIELD_COUNT];
    rows_from(700, rest);
    assert_tend_ok(tend__aggregate_add(aggregate, rest, ROWS - 700, &err), &err);
    *has_value = tend__aggregate_value(aggregate, &value);
    *failed_count = tend__aggregate_failed_count(aggregate);
    tend__aggregate_free(aggregate);
    return value;
}

static void aggregates_are_those_of_the_plain_loop(void **state)
{
    (void)state;
    double sum = 0;
    double decided = 0;
    double least = ENDLESS;
    double greatest = -ENDLESS;
    size_t count = 0;
    size_t zeros = 0;
    for (size_t i = 0; i < ROWS; i++) {
        zeros += valid[i] != 0 && !(delay[i] < 0) && !(delay[i] > 0) ? 1 : 0;
        if (valid[i] != 0) {
            sum += delay[i];
            decided += decision[i];
            least = delay[i] < least ? delay[i] : least;
            greatest = delay[i] > greatest ? delay[i] : greatest;
            count++;
        }
    }
    bool has = false;
    size_t failed = 0;
    assert_near(aggregate_of("sum(delay)", &has, &failed), sum, 0);
    assert_near(aggregate_of("AVG(delay)", &has, &failed), sum / (double)count, 1e-15);
    assert_near(aggregate_of("avg(decision)", &has, &failed), decided / (double)count, 1e-15);
    assert_near(aggregate_of("min(delay)", &has, &failed), least, 0);
    assert_near(aggregate_of("max(delay)", &has, &failed), greatest, 0);
    assert_near(aggregate_of("count(delay)", &has, &failed), (double)count, 0);
    assert_near(aggregate_of("count(origin)", &has, &failed), (double)count, 0);
    assert_near(aggregate_of("count(*)", &has, &failed), ROWS, 0);
    assert_near(aggregate_of("count(1 / delay)", &has, &failed), (double)(count - zeros), 0);
    assert_int_equal(failed, zeros);
    assert_near(aggregate_of("count(nothing)", &has, &failed), 0, 0);
    assert_true(has);
    (void)aggregate_of("avg(nothing)", &has, &failed);
    assert_false(has);
}

static void a_sum_forgets_nothing_and_hardly_knows_the_order(void **state)
{
    (void)state;
    const struct tend__field field = {"x", TEND_TYPE_NUMBER, -ENDLESS, ENDLESS};
    static double x[3][6] = {{1e16, 1, -1e16, 1, 0.25, 0.25},
                             {0.25, 1, 1, 0.25, 1e16, -1e16},
                             {1, -1e16, 0.25, 1e16, 0.25, 1}};
    struct tend_error err = {0};
    struct tend__aggregate *aggregate = NULL;
    assert_tend_ok(tend__aggregate_new_kind(TEND_AGGREGATE_SUM, "x", &field, 1, &aggregate, &err),
                   &err);
    assert_int_equal(tend__aggregate_kind_of(aggregate), TEND_AGGREGATE_SUM);
    assert_true(tend__expr_uses(tend__aggregate_expr(aggregate), 0));
    for (size_t k = 0; k < 3; k++) {
        const struct tend__column column = {.type = TEND_TYPE_NUMBER, .f64 = x[k]};
        double value = 0;
        tend__aggregate_reset(aggregate);
        assert_tend_ok(tend__aggregate_add(aggregate, &column, 6, &err), &err);
        assert_true(tend__aggregate_value(aggregate, &value));
        assert_near(value, 2.5, 0);
    }
    tend__aggregate_free(aggregate);
}

static void an_aggregate_that_is_none_is_refused(void **state)
{
    (void)state;
    struct tend__aggregate *aggregate = NULL;
    struct tend_error err = {0};
    assert_int_equal(tend__aggregate_new("delay", fields, FIELD_COUNT, &aggregate, &err),
                     TEND_ESYNTAX);
    assert_int_equal(err.column, 1);
    assert_int_equal(tend__aggregate_new("avg(delay", fields, FIELD_COUNT, &aggregate, &err),
                     TEND_ESYNTAX);
    assert_int_equal(tend__aggregate_new("avg(*)", fields, FIELD_COUNT, &aggregate, &err),
                     TEND_ESYNTAX);
    assert_int_equal(tend__aggregate_new("avg(delay) + 1", fields, FIELD_COUNT, &aggregate, &err),
                     TEND_ESYNTAX);
    assert_int_equal(tend__aggregate_new("max(origin)", fields, FIELD_COUNT, &aggregate, &err),
                     TEND_ETYPE);
    assert_int_equal(err.column, 5);
    assert_int_equal(tend__aggregate_new("sum(delya)", fields, FIELD_COUNT, &aggregate, &err),
                     TEND_ENOTFOUND);
    assert_null(aggregate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_point_at_the_fault_and_say_what_to_do),
        cmocka_unit_test(every_pair_of_types_has_its_advice),
        cmocka_unit_test(syntax_is_checked_without_the_fields),
        cmocka_unit_test(null_fits_everywhere),
        cmocka_unit_test(syntax_errors_point_at_the_fault),
        cmocka_unit_test(a_name_in_other_case_or_in_quotes_is_found),
        cmocka_unit_test(a_wrong_type_is_told_by_its_place_in_the_config),
        cmocka_unit_test(length_depth_and_size_are_limited),
        cmocka_unit_test(deep_expressions_of_every_shape_are_evaluated),
        cmocka_unit_test(a_text_too_long_fails_its_row_and_too_many_texts_the_call),
        cmocka_unit_test(batches_of_any_size_give_the_same_rows),
        cmocka_unit_test(a_warm_vector_asks_for_no_memory),
        cmocka_unit_test(no_rows_and_unfit_columns_are_answered),
        cmocka_unit_test(the_first_failure_of_a_row_is_the_one_told),
        cmocka_unit_test(the_first_and_last_times_there_are_do_no_harm),
        cmocka_unit_test(numbers_do_not_depend_on_the_locale),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(bounds_are_what_interval_arithmetic_gives),
        cmocka_unit_test(bounds_of_transcendental_functions_are_outward_and_close),
        cmocka_unit_test(aggregates_are_those_of_the_plain_loop),
        cmocka_unit_test(a_sum_forgets_nothing_and_hardly_knows_the_order),
        cmocka_unit_test(an_aggregate_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, make_rows, NULL);
}
