/* SPDX-License-Identifier: Apache-2.0 */
/* capi_test.c: the public C API: who releases what, passes over rows, profiles as bytes, values and
 * checks, and every failed allocation. */
#include "unit.h"

#include "base/mem.h"
#include "profile/arrow_out.h"
#include "tend/tend.h"

#include <math.h>
#include <string.h>

#define ROW_COUNT 3000

static const struct tend__arrow_field fields[] = {
    {.name = "x", .format = "g"}, {.name = "t", .format = "u"}, {.name = "b", .format = "b"}};

/* Rows from `begin`: x is the row times `unit` (null every tenth), t one of three, b for odd ones.
 */
static void make_table(size_t begin, size_t count, double unit, struct tend_arrow_schema *schema,
                       struct tend_arrow_array *array)
{
    static const char *const names[] = {"aa", "b", "a text above twelve bytes"};
    struct tend__arrow_out *table = NULL;
    struct tend_error err = {0};
    assert_tend_ok(tend__arrow_out_new(fields, TEND_ARRAY_LEN(fields), &table, &err), &err);
    for (size_t i = begin; i < begin + count; i++) {
        const char *name = names[i % 3];
        if (i % 10 == 0) {
            tend__arrow_out_null(table, 0);
        } else {
            tend__arrow_out_double(table, 0, (double)(i * 7919 % 5000) * unit);
        }
        tend__arrow_out_bytes(table, 1, name, strlen(name));
        tend__arrow_out_bool(table, 2, i % 2 == 1);
    }
    assert_tend_ok(tend__arrow_out_take(table, schema, array, &err), &err);
    tend__arrow_out_free(table);
}

static struct tend_rows *make_rows(size_t begin, size_t count, double unit)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend_rows *rows = NULL;
    struct tend_error err = {0};
    make_table(begin, count, unit, &schema, &array);
    assert_tend_ok(tend_rows_new(&schema, &rows, &err), &err);
    assert_null(schema.release);
    assert_tend_ok(tend_rows_add(rows, &array, &err), &err);
    assert_null(array.release);
    return rows;
}

static struct tend_profile *profile_of(const struct tend_rows *rows)
{
    struct tend_profile *profile = NULL;
    struct tend_error err = {0};
    assert_tend_ok(tend_profile_from_rows(rows, NULL, &profile, &err), &err);
    return profile;
}

static void assert_same_bytes(const struct tend_profile *a, const struct tend_profile *b)
{
    struct tend_text text[2] = {{0}, {0}};
    struct tend_error err = {0};
    assert_tend_ok(tend_profile_to_bytes(a, &text[0], &err), &err);
    assert_tend_ok(tend_profile_to_bytes(b, &text[1], &err), &err);
    assert_int_equal(text[0].len, text[1].len);
    assert_memory_equal(text[0].bytes, text[1].bytes, text[0].len);
    tend_text_free(&text[0]);
    tend_text_free(&text[1]);
}

/* ---- streams ---- */

/* Gives tables of 700 rows until ROW_COUNT have come; fails at table fail_at. */
struct source {
    size_t begin;
    size_t fail_at; /* 1 = the first; 0 = never */
    size_t given_count;
    int open_count;
    bool changes; /* the unit's name differs from the second opening on */
};

static int source_schema(struct tend_arrow_stream *stream, struct tend_arrow_schema *out)
{
    struct source *source = stream->private_data;
    struct tend_arrow_array array = {0};
    make_table(0, 0, 1, out, &array);
    array.release(&array);
    if (source->changes && source->open_count > 1) {
        out->children[0]->format = "l";
    }
    return 0;
}

static int source_next(struct tend_arrow_stream *stream, struct tend_arrow_array *out)
{
    struct source *source = stream->private_data;
    struct tend_arrow_schema schema = {0};
    const size_t left = ROW_COUNT - source->begin;
    *out = (struct tend_arrow_array){0};
    if (++source->given_count == source->fail_at) {
        return 5;
    }
    if (left > 0) {
        const size_t count = left < 700 ? left : 700;
        make_table(source->begin, count, 1, &schema, out);
        schema.release(&schema);
        source->begin += count;
    }
    return 0;
}

static const char *source_error(struct tend_arrow_stream *stream)
{
    (void)stream;
    return "the wire was cut";
}

static void source_release(struct tend_arrow_stream *stream)
{
    stream->release = NULL;
}

static enum tend_code open_source(void *ctx, struct tend_arrow_stream *out, struct tend_error *err)
{
    struct source *source = ctx;
    (void)err;
    source->begin = 0;
    source->given_count = 0;
    source->open_count++;
    *out = (struct tend_arrow_stream){.get_schema = source_schema,
                                      .get_next = source_next,
                                      .get_last_error = source_error,
                                      .release = source_release,
                                      .private_data = source};
    return TEND_OK;
}

static void streams_and_openers_give_the_profile_of_the_same_rows_in_memory(void **state)
{
    (void)state;
    struct source source = {0};
    struct tend_arrow_stream stream;
    struct tend_rows *streamed = NULL;
    struct tend_rows *opened = NULL;
    struct tend_error err = {0};
    struct tend_rows *whole = make_rows(0, ROW_COUNT, 1);
    assert_int_equal(open_source(&source, &stream, &err), TEND_OK);
    assert_tend_ok(tend_rows_from_stream(&stream, &streamed, &err), &err);
    assert_null(stream.release);
    assert_int_equal(tend_rows_count(streamed), ROW_COUNT);
    assert_tend_ok(tend_rows_from_opener(open_source, &source, &opened, &err), &err);
    assert_int_equal(tend_rows_count(opened), 0);
    struct tend_profile *profiles[] = {profile_of(whole), profile_of(streamed), profile_of(opened)};
    assert_int_equal(tend_profile_row_count(profiles[0]), ROW_COUNT);
    assert_same_bytes(profiles[0], profiles[1]);
    assert_same_bytes(profiles[0], profiles[2]);
    for (size_t i = 0; i < 3; i++) {
        tend_profile_free(profiles[i]);
    }
    tend_rows_free(whole);
    tend_rows_free(streamed);
    tend_rows_free(opened);
}

static void a_stream_that_fails_says_so_in_its_own_words(void **state)
{
    (void)state;
    struct source source = {.fail_at = 3};
    struct tend_arrow_stream stream;
    struct tend_rows *rows = NULL;
    struct tend_profile *profile = NULL;
    struct tend_error err = {0};
    assert_int_equal(open_source(&source, &stream, &err), TEND_OK);
    assert_int_equal(tend_rows_from_stream(&stream, &rows, &err), TEND_EIO);
    assert_string_equal(err.text, "the Arrow stream failed with 5: the wire was cut");
    assert_null(rows);
    assert_null(stream.release);
    assert_tend_ok(tend_rows_from_opener(open_source, &source, &rows, &err), &err);
    assert_int_equal(tend_profile_from_rows(rows, NULL, &profile, &err), TEND_EIO);
    tend_rows_free(rows);
    source = (struct source){.changes = true};
    assert_tend_ok(tend_rows_from_opener(open_source, &source, &rows, &err), &err);
    assert_int_equal(tend_profile_from_rows(rows, NULL, &profile, &err), TEND_EINVAL);
    tend_rows_free(rows);
    assert_int_equal(tend_rows_from_stream(&stream, &rows, &err), TEND_EINVAL); /* released */
}

/* ---- rows ---- */

static void what_does_not_fit_is_refused_and_stays_the_callers(void **state)
{
    (void)state;
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend_error err = {0};
    struct tend_rows *rows = make_rows(0, 10, 1);
    make_table(0, 1, 1, &schema, &array);
    array.n_children = 2;
    assert_int_equal(tend_rows_add(rows, &array, &err), TEND_EINVAL);
    assert_non_null(array.release);
    array.n_children = 3;
    array.release(&array);
    assert_int_equal(tend_rows_add(rows, &array, &err), TEND_EINVAL);
    schema.format = "l";
    struct tend_rows *none = NULL;
    assert_int_equal(tend_rows_new(&schema, &none, &err), TEND_EINVAL);
    assert_null(schema.release);
    assert_null(none);
    tend_rows_free(rows);
    tend_rows_free(NULL);
}

static void a_selection_passes_over_columns_of_types_that_are_not_taken(void **state)
{
    (void)state;
    static const char *const wanted[] = {"b", "x"};
    static const char *const twice[] = {"x", "x"};
    static const char *const missing[] = {"nope"};
    struct tend_error err = {0};
    struct tend_profile *profile = NULL;
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend_rows *rows = NULL;
    make_table(0, 100, 1, &schema, &array);
    schema.children[1]->format = "z"; /* binary is not taken */
    assert_tend_ok(tend_rows_new(&schema, &rows, &err), &err);
    assert_tend_ok(tend_rows_add(rows, &array, &err), &err);
    assert_int_equal(tend_profile_from_rows(rows, NULL, &profile, &err), TEND_ETYPE);
    assert_non_null(strstr(err.text, "'t' is binary"));
    assert_int_equal(tend_rows_select(rows, missing, 1, &err), TEND_ENOTFOUND);
    assert_int_equal(tend_rows_select(rows, twice, 2, &err), TEND_EINVAL);
    assert_int_equal(tend_rows_column_count(rows), 3);
    assert_tend_ok(tend_rows_select(rows, wanted, 2, &err), &err);
    assert_int_equal(tend_rows_column_count(rows), 2);
    assert_string_equal(tend_rows_column_name(rows, 0), "b");
    assert_null(tend_rows_column_name(rows, 2));
    profile = profile_of(rows);
    assert_int_equal(tend_profile_column_count(profile), 2);
    assert_int_equal(tend_profile_find(profile, "x"), 1);
    assert_int_equal(tend_profile_find(profile, "t"), SIZE_MAX);
    tend_profile_free(profile);
    tend_rows_free(rows);
}

/* ---- profiles ---- */

static void parts_of_one_plan_merge_into_the_whole(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend_plan *plan = NULL;
    struct tend_profile *parts[2] = {NULL, NULL};
    struct tend_rows *whole_rows = make_rows(0, ROW_COUNT, 1);
    struct tend_profile *whole = profile_of(whole_rows);
    assert_tend_ok(tend_profile_plan(whole, &plan, &err), &err);
    assert_int_equal(tend_plan_column_count(plan), 3);
    assert_string_equal(tend_plan_column_name(plan, 1), "t");
    struct tend_rows *rows = make_rows(0, 1000, 1);
    for (size_t i = 0; i < 2; i++) {
        assert_tend_ok(tend_profile_new(plan, &parts[i], &err), &err);
        assert_tend_ok(tend_profile_add(parts[i], rows, &err), &err);
        tend_rows_clear(rows);
        assert_int_equal(tend_rows_count(rows), 0);
        struct tend_arrow_schema schema = {0};
        struct tend_arrow_array array = {0};
        make_table(1000, ROW_COUNT - 1000, 1, &schema, &array);
        schema.release(&schema);
        assert_tend_ok(tend_rows_add(rows, &array, &err), &err);
    }
    assert_tend_ok(tend_profile_merge(parts[0], parts[1], &err), &err);
    assert_same_bytes(parts[0], whole);
    struct tend_profile *copy = NULL;
    assert_tend_ok(tend_profile_copy(whole, &copy, &err), &err);
    assert_same_bytes(copy, whole);
    struct tend_rows *others = make_rows(0, 100, 3);
    struct tend_profile *other = profile_of(others);
    assert_int_equal(tend_profile_merge(copy, other, &err), TEND_ETYPE);
    assert_non_null(strstr(err.text, "'x'"));
    assert_same_bytes(copy, whole);
    tend_profile_free(other);
    tend_rows_free(others);
    tend_profile_free(copy);
    tend_profile_free(parts[0]);
    tend_profile_free(parts[1]);
    tend_profile_free(whole);
    tend_plan_free(plan);
    tend_rows_free(rows);
    tend_rows_free(whole_rows);
}

static void a_columns_numbers_are_those_of_its_rows(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend_profile_column column;
    struct tend_rows *rows = make_rows(0, 1000, 1);
    struct tend_profile *profile = profile_of(rows);
    double sum = 0;
    for (size_t i = 0; i < 1000; i++) {
        sum += i % 10 == 0 ? 0 : (double)(i * 7919 % 5000);
    }
    assert_tend_ok(tend_profile_column_read(profile, 0, &column, &err), &err);
    assert_string_equal(column.name, "x");
    assert_string_equal(column.type, "number");
    assert_int_equal(column.row_count, 1000);
    assert_int_equal(column.null_count, 100);
    assert_near(column.mean, sum / 900, 1e-9); /* the test's own sum is rounded */
    assert_tend_ok(tend_profile_column_read(profile, 1, &column, &err), &err);
    assert_string_equal(column.type, "text");
    assert_true(isnan(column.mean));
    assert_int_equal(tend_profile_column_read(profile, 3, &column, &err), TEND_EINVAL);
    assert_true(isnan(tend_profile_quantile(profile, 0, 1.5)));
    assert_true(isnan(tend_profile_quantile(profile, 7, 0.5)));
    assert_true(tend_profile_quantile(profile, 0, 1) == column.max || isnan(column.max));
    tend_profile_free(profile);
    tend_rows_free(rows);
}

static void bytes_of_a_profile_are_read_back_and_no_damaged_ones(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend_text bytes = {0};
    struct tend_profile *again = NULL;
    struct tend_rows *rows = make_rows(0, 200, 1);
    struct tend_profile *profile = profile_of(rows);
    assert_tend_ok(tend_profile_to_bytes(profile, &bytes, &err), &err);
    assert_tend_ok(tend_profile_from_bytes(bytes.bytes, bytes.len, &again, &err), &err);
    assert_same_bytes(profile, again);
    tend_profile_free(again);
    again = NULL;
    for (size_t len = 0; len < bytes.len; len += 1 + len / 50) {
        assert_int_equal(tend_profile_from_bytes(bytes.bytes, len, &again, &err), TEND_ECORRUPT);
    }
    for (size_t at = 0; at < bytes.len; at += 1 + at / 50) {
        bytes.bytes[at] = (char)(bytes.bytes[at] ^ 0x10);
        assert_int_equal(tend_profile_from_bytes(bytes.bytes, bytes.len, &again, &err),
                         TEND_ECORRUPT);
        bytes.bytes[at] = (char)(bytes.bytes[at] ^ 0x10);
    }
    bytes.bytes[8] = 2;
    assert_int_equal(tend_profile_from_bytes(bytes.bytes, bytes.len, &again, &err), TEND_ECORRUPT);
    assert_string_equal(err.text, "the table has version 2; this tend reads version 1");
    assert_null(again);
    tend_text_free(&bytes);
    tend_profile_free(profile);
    tend_rows_free(rows);
}

static void a_table_goes_through_arrow_and_back(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend_profile *again = NULL;
    struct tend_rows *rows = make_rows(0, 200, 1);
    struct tend_profile *profile = profile_of(rows);
    assert_tend_ok(tend_profile_to_table(profile, &schema, &array, &err), &err);
    assert_int_equal(array.length, 3);
    assert_tend_ok(tend_profile_from_table(&schema, &array, &again, &err), &err);
    assert_same_bytes(profile, again);
    schema.release(&schema);
    array.release(&array);
    assert_int_equal(tend_profile_from_table(&schema, &array, &again, &err), TEND_EINVAL);
    tend_profile_free(again);
    tend_profile_free(profile);
    tend_rows_free(rows);
}

/* ---- values ---- */

static void values_and_sums_are_those_of_a_plain_loop(void **state)
{
    (void)state;
    const struct tend_value_name names[] = {{"t", "t = 'b'"}, {"y", "x / 7"}};
    const struct tend_value_options options = {.names = names, .name_count = 2, .keeps_rows = true};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend_value *value = NULL;
    struct tend_value_sums sums;
    struct tend_error err = {0};
    struct tend_rows *rows = make_rows(0, ROW_COUNT, 1);
    assert_tend_ok(
        tend_value_new(rows, "case when t then y else 1 / (x - 7919) end", &options, &value, &err),
        &err);
    assert_tend_ok(tend_value_table(value, &schema, &array, &err), &err);
    const double *values = array.children[0]->buffers[1];
    const uint8_t *valid = array.children[0]->buffers[0];
    double sum = 0;
    uint64_t counts[3] = {0}; /* values, nulls, failures */
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const double x = (double)(i * 7919 % 5000);
        const bool has_value = (valid[i / 8] >> (i % 8) & 1) != 0;
        if (i % 10 == 0) {
            assert_false(has_value);
            counts[1]++;
        } else if (i % 3 != 1 && !(x < 7919 || x > 7919)) {
            assert_false(has_value);
            counts[2]++;
        } else {
            const double expected = i % 3 == 1 ? x / 7 : 1 / (x - 7919);
            assert_true(has_value && values[i] == expected);
            sum += expected;
            counts[0]++;
        }
    }
    tend_value_sums_read(value, &sums);
    assert_string_equal(sums.type, "number");
    assert_int_equal(sums.row_count, ROW_COUNT);
    assert_int_equal(sums.value_count, counts[0]);
    assert_int_equal(sums.null_count, counts[1]);
    assert_int_equal(sums.failed_count, counts[2]);
    assert_near(sums.sum, sum, 1e-6); /* the plain sum is rounded at every step */
    schema.release(&schema);
    array.release(&array);
    assert_int_equal(tend_value_table(value, &schema, &array, &err), TEND_EINVAL);
    tend_value_free(value);
    tend_rows_free(rows);
}

static void failures_are_counted_by_reason_and_kept_by_row(void **state)
{
    (void)state;
    const struct tend_value_options options = {.keeps_rows = true};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend_value *value = NULL;
    struct tend_error err = {0};
    uint64_t failed_count = 0;
    struct tend_rows *rows = make_rows(0, 100, 1);
    assert_tend_ok(
        tend_value_new(rows, "case when b then 1 / 0 else 1e308 * 10 end", &options, &value, &err),
        &err);
    for (size_t i = 0; i < tend_value_failure_count(); i++) {
        failed_count += tend_value_failed(value, i);
        const bool is_division = strcmp(tend_value_failure_text(i), "division by zero") == 0;
        const bool is_range = strcmp(tend_value_failure_text(i), "number out of range") == 0;
        assert_int_equal(tend_value_failed(value, i), is_division || is_range ? 50 : 0);
    }
    assert_int_equal(failed_count, 100);
    assert_int_equal(tend_value_failed(value, SIZE_MAX), 0);
    assert_tend_ok(tend_value_table(value, &schema, &array, &err), &err);
    assert_memory_equal(array.children[1]->buffers[2], "number out of rangedivision by zero", 35);
    schema.release(&schema);
    array.release(&array);
    tend_value_free(value);
    value = NULL;
    assert_int_equal(tend_value_new(rows, "x +", NULL, &value, &err), TEND_ESYNTAX);
    assert_int_equal(tend_value_new(rows, "nope", NULL, &value, &err), TEND_ENOTFOUND);
    assert_int_equal(err.column, 1);
    const struct tend_value_name bad = {"d", "x +"};
    const struct tend_value_options with_bad = {.names = &bad, .name_count = 1};
    assert_int_equal(tend_value_new(rows, "d", &with_bad, &value, &err), TEND_ESYNTAX);
    assert_memory_equal(err.text, "d: ", 3);
    tend_rows_free(rows);
}

/* ---- checks ---- */

static void a_check_names_the_unit_that_changed(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend_check *check = NULL;
    struct tend_check_column column;
    struct tend_check_break found;
    struct tend_text text = {0};
    struct tend_rows *rows[] = {make_rows(0, ROW_COUNT, 1), make_rows(ROW_COUNT, 2000, 1.609344)};
    const struct tend_check_side ref = {.rows = rows[0]};
    const struct tend_check_side cur = {.rows = rows[1], .name = "june"};
    assert_tend_ok(tend_check_new(&ref, &cur, NULL, &check, &err), &err);
    assert_string_equal(tend_check_verdict(check), "break");
    assert_int_equal(tend_check_column_count(check), 3);
    assert_tend_ok(tend_check_column_read(check, 0, &column, &err), &err);
    assert_true(column.drifted && column.is_judged && column.q_value < 1e-6);
    assert_tend_ok(tend_check_column_read(check, 2, &column, &err), &err);
    assert_false(column.drifted);
    assert_int_equal(tend_check_column_read(check, 3, &column, &err), TEND_EINVAL);
    assert_int_equal(tend_check_break_count(check), 1);
    assert_tend_ok(tend_check_break_read(check, 0, &found, &err), &err);
    assert_string_equal(found.kind, "unit_change");
    assert_string_equal(found.column, "x");
    assert_string_equal(found.other_column, "");
    assert_near(found.factor, 1.609344, 1e-9);
    assert_int_equal(tend_check_break_read(check, 1, &found, &err), TEND_EINVAL);
    assert_tend_ok(tend_check_json(check, &text, &err), &err);
    assert_non_null(strstr(text.bytes, "\"data\": \"june\""));
    assert_int_equal(strlen(text.bytes), text.len);
    tend_text_free(&text);
    assert_tend_ok(tend_check_html(check, &text, &err), &err);
    assert_non_null(strstr(text.bytes, "</html>"));
    tend_text_free(&text);
    assert_tend_ok(tend_check_text(check, 0, &text, &err), &err);
    assert_non_null(strstr(text.bytes, "miles"));
    tend_text_free(&text);
    tend_check_free(check);
    tend_rows_free(rows[0]);
    tend_rows_free(rows[1]);
}

static void profiles_are_checked_as_their_rows_are(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend_check *checks[2] = {NULL, NULL};
    struct tend_profile *profiles[2] = {NULL, NULL};
    struct tend_plan *plan = NULL;
    struct tend_check_column columns[2];
    struct tend_rows *rows[] = {make_rows(0, ROW_COUNT, 1), make_rows(7, 500, 2)};
    struct tend_check_side sides[] = {{.rows = rows[0]}, {.rows = rows[1]}};
    assert_tend_ok(tend_check_new(&sides[0], &sides[1], NULL, &checks[0], &err), &err);
    assert_tend_ok(tend_check_reference(checks[0], &profiles[0], &err), &err);
    assert_tend_ok(tend_profile_plan(profiles[0], &plan, &err), &err);
    assert_tend_ok(tend_profile_new(plan, &profiles[1], &err), &err);
    assert_tend_ok(tend_profile_add(profiles[1], rows[1], &err), &err);
    const struct tend_check_side kept[] = {{.profile = profiles[0]}, {.profile = profiles[1]}};
    assert_tend_ok(tend_check_new(&kept[0], &kept[1], NULL, &checks[1], &err), &err);
    for (size_t i = 0; i < 3; i++) {
        assert_tend_ok(tend_check_column_read(checks[0], i, &columns[0], &err), &err);
        assert_tend_ok(tend_check_column_read(checks[1], i, &columns[1], &err), &err);
        assert_string_equal(columns[0].name, columns[1].name);
        assert_true(columns[0].psi == columns[1].psi);
        assert_true(columns[0].p_value == columns[1].p_value);
    }
    /* A profile of another plan, both or neither of rows and profile, options out of range. */
    struct tend_profile *other = profile_of(rows[1]);
    struct tend_check *none = NULL;
    const struct tend_check_side bad = {.profile = other};
    assert_int_equal(tend_check_new(&kept[0], &bad, NULL, &none, &err), TEND_ETYPE);
    const struct tend_check_side both = {.profile = other, .rows = rows[0]};
    assert_int_equal(tend_check_new(&both, &sides[1], NULL, &none, &err), TEND_EINVAL);
    assert_int_equal(tend_check_new(&kept[0], NULL, NULL, &none, &err), TEND_EINVAL);
    const struct tend_check_options options = {.fdr = 2};
    assert_int_equal(tend_check_new(&sides[0], &sides[1], &options, &none, &err), TEND_EINVAL);
    assert_null(none);
    tend_profile_free(other);
    tend_check_free(checks[0]);
    tend_check_free(checks[1]);
    tend_profile_free(profiles[0]);
    tend_profile_free(profiles[1]);
    tend_plan_free(plan);
    tend_rows_free(rows[0]);
    tend_rows_free(rows[1]);
}

/* ---- memory ---- */

static enum tend_code do_all(const struct tend_rows *rows, struct tend_error *err)
{
    const struct tend_value_options options = {.keeps_rows = true};
    const struct tend_check_side side = {.rows = rows};
    struct tend_profile *profile = NULL;
    struct tend_profile *again = NULL;
    struct tend_value *value = NULL;
    struct tend_check *check = NULL;
    struct tend_text text = {0};
    enum tend_code code = tend_profile_from_rows(rows, NULL, &profile, err);
    if (code == TEND_OK) {
        code = tend_profile_to_bytes(profile, &text, err);
    }
    if (code == TEND_OK) {
        code = tend_profile_from_bytes(text.bytes, text.len, &again, err);
    }
    if (code == TEND_OK) {
        code = tend_value_new(rows, "x * 2", &options, &value, err);
    }
    if (code == TEND_OK) {
        code = tend_check_new(&side, &side, NULL, &check, err);
    }
    tend_text_free(&text);
    tend_profile_free(profile);
    tend_profile_free(again);
    tend_value_free(value);
    tend_check_free(check);
    return code;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    uint64_t failed_count = 0;
    uint64_t tried_count = 0;
    struct tend_rows *rows = make_rows(0, 40, 1);
    tend__mem_fail_at(0);
    assert_tend_ok(do_all(rows, &err), &err);
    const uint64_t asked = tend__mem_asked();
    assert_true(asked > 50);
    for (uint64_t nth = 1; nth <= asked; nth += nth < 300 ? 1 : 7) {
        tend__mem_fail_at(nth);
        const enum tend_code code = do_all(rows, &err);
        /* Fine where a writer of tables readied itself in vain for another table. */
        assert_true(code == TEND_ENOMEM || code == TEND_OK);
        failed_count += code == TEND_ENOMEM ? 1 : 0;
        tried_count++;
    }
    tend__mem_fail_at(0);
    assert_true(failed_count * 10 > tried_count * 9);
    tend_rows_free(rows);
}

static void the_version_is_that_of_the_headers(void **state)
{
    (void)state;
    char text[32];
    (void)snprintf(text, sizeof(text), "%d.%d.%d", TEND_VERSION_MAJOR, TEND_VERSION_MINOR,
                   TEND_VERSION_PATCH);
    assert_string_equal(tend_version_text(), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_and_openers_give_the_profile_of_the_same_rows_in_memory),
        cmocka_unit_test(a_stream_that_fails_says_so_in_its_own_words),
        cmocka_unit_test(what_does_not_fit_is_refused_and_stays_the_callers),
        cmocka_unit_test(a_selection_passes_over_columns_of_types_that_are_not_taken),
        cmocka_unit_test(parts_of_one_plan_merge_into_the_whole),
        cmocka_unit_test(a_columns_numbers_are_those_of_its_rows),
        cmocka_unit_test(bytes_of_a_profile_are_read_back_and_no_damaged_ones),
        cmocka_unit_test(a_table_goes_through_arrow_and_back),
        cmocka_unit_test(values_and_sums_are_those_of_a_plain_loop),
        cmocka_unit_test(failures_are_counted_by_reason_and_kept_by_row),
        cmocka_unit_test(a_check_names_the_unit_that_changed),
        cmocka_unit_test(profiles_are_checked_as_their_rows_are),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(the_version_is_that_of_the_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
