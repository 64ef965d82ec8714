/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_read_test.c: rows come out as they went in, whatever the file's type.
 *
 * Most files have the rows of fixture_csv; the others are made from it by DuckDB's own COPY. What a
 * row should hold is computed from its number.
 */
#include "unit.h"

#include "base/mem.h"
#include "fixture.h"
#include "lake/lake.h"
#include "profile/arrow_in.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>

#define ROWS 5000

static struct tend__lake *lake;
static struct fixture fixture;
static const char *const cities[] = {"Oslo", "Turin", "Lyon", "Porto",
                                     "a city with a name above twelve bytes"};

static int set_up(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    fixture_init(&fixture);
    fixture_csv(&fixture, "rows.csv", ROWS);
    return tend__lake_new(NULL, &lake, &err) == TEND_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tend__lake_free(lake);
    fixture_deinit(&fixture);
    return 0;
}

static struct tend__lake_reader *open_reader(const char *path,
                                             const struct tend__lake_read_options *options)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__lake_reader *reader = NULL;
    assert_tend_ok(tend__lake_open(lake, path, options, &reader, &err), &err);
    return reader;
}

static const struct tend__batch *next_batch(struct tend__lake_reader *reader)
{
    struct tend_error err = {.code = TEND_OK};
    const struct tend__batch *batch = NULL;
    assert_tend_ok(tend__lake_next(reader, &batch, &err), &err);
    return batch;
}

/* Runs SQL with %1 = the CSV file and %2 = the file to make. */
static const char *make_file(const char *name, const char *format)
{
    struct tend_error err = {.code = TEND_OK};
    char sql[4096];
    const char *path = fixture_path(&fixture, name);
    fixture_folders(path, strlen(fixture.dir) + 1);
    (void)snprintf(sql, sizeof(sql), "COPY (FROM read_csv('%s/rows.csv')) TO '%s' (%s)",
                   fixture.dir, path, format);
    assert_tend_ok(tend__lake_exec(lake, sql, &err), &err);
    return path;
}

static void check_text(const struct tend__text *text, const char *wanted)
{
    assert_int_equal(text->len, strlen(wanted));
    assert_memory_equal(text->ptr, wanted, text->len);
}

/* Row i of a batch is row `row` of fixture_csv. */
static void check_row(const struct tend__batch *batch, size_t i, size_t row)
{
    const struct tend__column *columns = batch->columns;
    assert_int_equal(columns[0].time_us[i], (INT64_C(978307200) + (int64_t)row) * 1000000);
    assert_true(columns[1].f64[i] == (double)row);
    assert_int_equal(tend__is_valid(&columns[2], i), row % 10 != 0);
    if (row % 10 != 0) {
        assert_true(columns[2].f64[i] == (double)row / 2);
    }
    check_text(&columns[3].text[i], cities[row % 5]);
}

static void check_fields(const struct tend__field *fields, size_t count)
{
    static const char *const names[] = {"t", "n", "x", "s"};
    static const enum tend_type types[] = {TEND_TYPE_TIME, TEND_TYPE_NUMBER, TEND_TYPE_NUMBER,
                                           TEND_TYPE_TEXT};
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(fields[i].name, names[i]);
        assert_int_equal(fields[i].type, types[i]);
        assert_true(fields[i].low == -(double)INFINITY);
        assert_true(fields[i].high == (double)INFINITY);
    }
}

static size_t check_all(const char *path, const struct tend__lake_read_options *options)
{
    const struct tend__field *fields = NULL;
    size_t field_count = 0;
    size_t row = 0;
    struct tend__lake_reader *reader = open_reader(path, options);
    tend__lake_fields(reader, &fields, &field_count);
    check_fields(fields, field_count);
    for (;;) {
        const struct tend__batch *batch = next_batch(reader);
        if (batch == NULL) {
            break;
        }
        assert_int_equal(batch->column_count, 4);
        assert_ptr_equal(batch->fields, fields);
        assert_in_range(batch->row_count, 1, TEND_LAKE_BATCH_MAX);
        for (size_t i = 0; i < batch->row_count; i++, row++) {
            check_row(batch, i, row);
        }
    }
    assert_null(next_batch(reader));
    tend__lake_close(reader);
    return row;
}

static void the_same_rows_come_from_every_type_of_file(void **state)
{
    static const char *const files[][2] = {
        {"rows.parquet", "FORMAT parquet"},
        {"small-groups.pq", "FORMAT parquet, ROW_GROUP_SIZE 2048"},
        {"rows.tsv", "FORMAT csv, DELIMITER '\t'"},
        {"semi.csv", "FORMAT csv, DELIMITER ';'"},
        {"quoted.csv", "FORMAT csv, FORCE_QUOTE *"},
        {"rows.csv.gz", "FORMAT csv, COMPRESSION gzip"},
        {"rows.json", "FORMAT json, ARRAY true"},
        {"rows.jsonl", "FORMAT json"},
        {"rows.ndjson.gz", "FORMAT json, COMPRESSION gzip"},
        {"name-says-nothing", "FORMAT parquet"},
        {"rows.dat", "FORMAT csv"},
    };
    (void)state;
    assert_int_equal(check_all(fixture_path(&fixture, "rows.csv"), NULL), ROWS);
    for (size_t i = 0; i < TEND_ARRAY_LEN(files); i++) {
        const char *path = make_file(files[i][0], files[i][1]);
        assert_int_equal(check_all(path, NULL), ROWS);
    }
}

static void odd_file_names_are_not_patterns(void **state)
{
    static const char *const names[] = {"it's [1] a*? name.csv", "[ab].csv", "a'b.csv",
                                        "k=v/plain.csv"};
    (void)state;
    fixture_csv(&fixture, "a.csv", 7);
    for (size_t i = 0; i < TEND_ARRAY_LEN(names); i++) {
        fixture_csv(&fixture, names[i], 3000);
        assert_int_equal(check_all(fixture_path(&fixture, names[i]), NULL), 3000);
    }
}

/* The first column's values of a data set of CSV files with one number in each. */
static void expect_numbers(const char *path, const double *wanted, size_t count)
{
    size_t seen = 0;
    struct tend__lake_reader *reader = open_reader(path, NULL);
    for (const struct tend__batch *batch = next_batch(reader); batch != NULL;
         batch = next_batch(reader)) {
        for (size_t i = 0; i < batch->row_count; i++, seen++) {
            assert_true(seen < count);
            assert_true(batch->columns[0].f64[i] == wanted[seen]);
        }
    }
    assert_int_equal(seen, count);
    tend__lake_close(reader);
}

static void folders_and_globs_are_read_in_the_order_of_their_paths(void **state)
{
    static const double three[] = {1, 2, 3};
    static const double two[] = {2, 3};
    (void)state;
    fixture_text(&fixture, "days/c.csv", "v,w\n3,z\n");
    fixture_text(&fixture, "days/a.csv", "v,w\n1,x\n");
    fixture_text(&fixture, "days/b/deep.csv", "w,v\ny,2\n");
    fixture_text(&fixture, "days/_SUCCESS", "");
    fixture_text(&fixture, "days/notes.txt", "not data\n");
    fixture_text(&fixture, "days/.hidden/d.csv", "v,w\n9,q\n");
    expect_numbers(fixture_path(&fixture, "days"), three, 3);
    expect_numbers(fixture_path(&fixture, "days/"), three, 3);
    expect_numbers(fixture_path(&fixture, "days/**/*.csv"), three, 3);
    fixture_text(&fixture, "days/d2.csv", "v,w\n2,x\n");
    fixture_text(&fixture, "days/d3.csv", "v,w\n3,x\n");
    expect_numbers(fixture_path(&fixture, "days/d[23].csv"), two, 2);
    expect_numbers(fixture_path(&fixture, "days/d?.csv"), two, 2);
    struct tend__lake_reader *reader = open_reader(fixture_path(&fixture, "days/d?.csv"), NULL);
    assert_non_null(strstr(tend__lake_file(reader, 0), "days/d2.csv"));
    assert_non_null(strstr(tend__lake_file(reader, 1), "days/d3.csv"));
    assert_null(tend__lake_file(reader, 2));
    tend__lake_close(reader);
}

/* Many small files are read by several threads at once, and still come in order, every time. */
static void many_files_come_in_order_every_time(void **state)
{
    static const char *const formats[][2] = {
        {"csv", "FORMAT csv"}, {"jsonl", "FORMAT json"}, {"parquet", "FORMAT parquet"}};
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    for (size_t k = 0; k < TEND_ARRAY_LEN(formats); k++) {
        char name[64];
        for (int i = 0; i < 24; i++) {
            char sql[1024];
            (void)snprintf(name, sizeof(name), "ordered-%s/%02d.%s", formats[k][0], i,
                           formats[k][0]);
            const char *path = fixture_path(&fixture, name);
            fixture_folders(path, strlen(fixture.dir) + 1);
            (void)snprintf(sql, sizeof(sql),
                           "COPY (SELECT %d + r AS n, 'w' AS w FROM range(100) t(r)) TO '%s' (%s)",
                           i * 100, path, formats[k][1]);
            assert_tend_ok(tend__lake_exec(lake, sql, &err), &err);
        }
        (void)snprintf(name, sizeof(name), "ordered-%s", formats[k][0]);
        for (int repeat = 0; repeat < 8; repeat++) {
            struct tend__lake_reader *reader = open_reader(fixture_path(&fixture, name), NULL);
            size_t row = 0;
            for (const struct tend__batch *batch = next_batch(reader); batch != NULL;
                 batch = next_batch(reader)) {
                for (size_t i = 0; i < batch->row_count; i++, row++) {
                    assert_true(batch->columns[0].f64[i] == (double)row);
                }
            }
            assert_int_equal(row, 2400);
            tend__lake_close(reader);
        }
    }
}

static void dates_of_another_format_are_read_in_all_files(void **state)
{
    (void)state;
    fixture_text(&fixture, "dates/a.csv", "d,t\n25/12/2000,25/12/2000 10:00:00\n31/12/2000,\n");
    fixture_text(&fixture, "dates/b.csv", "d,t\n01/01/2001,01/01/2001 00:00:00\n");
    struct tend__lake_reader *reader = open_reader(fixture_path(&fixture, "dates"), NULL);
    size_t row = 0;
    for (const struct tend__batch *batch = next_batch(reader); batch != NULL;
         batch = next_batch(reader)) {
        for (size_t i = 0; i < batch->row_count; i++, row++) {
            assert_int_equal(batch->columns[0].type, TEND_TYPE_TIME);
            if (row == 2) {
                assert_int_equal(batch->columns[0].time_us[i], INT64_C(978307200000000));
                assert_int_equal(batch->columns[1].time_us[i], INT64_C(978307200000000));
            }
        }
    }
    assert_int_equal(row, 3);
    tend__lake_close(reader);
}

static void key_value_folders_become_columns(void **state)
{
    const struct tend__field *fields = NULL;
    size_t count = 0;
    (void)state;
    fixture_text(&fixture, "hive/model=a/date=2001-01-02/x.csv", "v\n2\n");
    fixture_text(&fixture, "hive/model=a/date=2001-01-01/x.csv", "v\n1\n");
    struct tend__lake_reader *reader = open_reader(fixture_path(&fixture, "hive"), NULL);
    tend__lake_fields(reader, &fields, &count);
    assert_int_equal(count, 3);
    const struct tend__batch *batch = next_batch(reader);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, "date") == 0) {
            assert_int_equal(fields[i].type, TEND_TYPE_TIME);
            assert_int_equal(batch->columns[i].time_us[0], INT64_C(978307200000000));
        } else if (strcmp(fields[i].name, "model") == 0) {
            check_text(&batch->columns[i].text[0], "a");
        } else {
            assert_true(batch->columns[i].f64[0] == 1);
        }
    }
    tend__lake_close(reader);
}

static void standard_input_is_read_whatever_its_type(void **state)
{
    static const char *const formats[][2] = {{"in.parquet", "FORMAT parquet"},
                                             {"in.csv", "FORMAT csv"},
                                             {"in.csv.gz", "FORMAT csv, COMPRESSION gzip"},
                                             {"in.json", "FORMAT json"}};
    struct tend_error err = {.code = TEND_OK};
    struct tend__lake_reader *reader = NULL;
    struct tend__lake *const shared = lake;
    (void)state;
    const int kept = dup(STDIN_FILENO);
    for (size_t i = 0; i < TEND_ARRAY_LEN(formats); i++) {
        const int fd = open(make_file(formats[i][0], formats[i][1]), O_RDONLY | O_CLOEXEC);
        assert_true(dup2(fd, STDIN_FILENO) >= 0);
        (void)close(fd);
        assert_tend_ok(tend__lake_new(NULL, &lake, &err), &err);
        assert_int_equal(check_all("-", NULL), ROWS);
        /* Some commands pass over their data twice. */
        assert_int_equal(check_all("-", NULL), ROWS);
        tend__lake_free(lake);
        lake = shared;
    }
    /* At its end it is empty, and says so by its own name. */
    assert_int_equal(tend__lake_open(lake, "-", NULL, &reader, &err), TEND_ECORRUPT);
    assert_string_equal(err.text, "'standard input' is empty (0 bytes)");
    (void)dup2(kept, STDIN_FILENO);
    (void)close(kept);
}

static void types_become_the_four_of_tend(void **state)
{
    static const struct {
        const char *name;
        enum tend_type type;
        double number;
        const char *text;
    } wanted[] = {
        {"tiny", TEND_TYPE_NUMBER, -5, NULL},
        {"big", TEND_TYPE_NUMBER, 4611686018427387904.0, NULL},
        {"ubig", TEND_TYPE_NUMBER, 18446744073709551615.0, NULL},
        {"money", TEND_TYPE_NUMBER, 12.25, NULL},
        {"real4", TEND_TYPE_NUMBER, 0.5, NULL},
        {"flag", TEND_TYPE_BOOL, 1, NULL},
        {"day", TEND_TYPE_TIME, 86400e6, NULL},
        {"sec", TEND_TYPE_TIME, 1e6, NULL},
        {"nano", TEND_TYPE_TIME, 1, NULL},
        {"zoned", TEND_TYPE_TIME, 7200e6, NULL},
        {"clock", TEND_TYPE_TEXT, 0, "12:30:00"},
        {"uuid", TEND_TYPE_TEXT, 0, "00000000-0000-0000-0000-000000000001"},
        {"kind", TEND_TYPE_TEXT, 0, "red"},
        {"word", TEND_TYPE_TEXT, 0, "h\xc3\xa9"},
    };
    struct tend_error err = {.code = TEND_OK};
    const struct tend__field *fields = NULL;
    size_t count = 0;
    (void)state;
    const char *path = fixture_path(&fixture, "types.parquet");
    assert_tend_ok(
        tend__lake_copy(lake,
                        "SELECT (-5)::TINYINT tiny, 4611686018427387904 big,"
                        " 18446744073709551615::UBIGINT ubig, 12.25::DECIMAL(9,2) money,"
                        " 0.5::FLOAT real4, true flag, DATE '1970-01-02' AS \"day\","
                        " '1970-01-01 00:00:01'::TIMESTAMP_S sec,"
                        " make_timestamp_ns(1999) nano,"
                        " '1970-01-01 00:00:00-02'::TIMESTAMPTZ zoned, TIME '12:30' clock,"
                        " '00000000-0000-0000-0000-000000000001'::UUID uuid,"
                        " 'red'::ENUM('red','blue') kind, 'h\xc3\xa9' word,"
                        " [1, 2] tags, {'a': 1} pair, '\\x00'::BLOB bytes",
                        path, &err),
        &err);
    struct tend__lake_reader *reader = open_reader(path, NULL);
    tend__lake_fields(reader, &fields, &count);
    assert_int_equal(count, TEND_ARRAY_LEN(wanted));
    const struct tend__batch *batch = next_batch(reader);
    for (size_t i = 0; i < count; i++) {
        const struct tend__column *column = &batch->columns[i];
        assert_string_equal(fields[i].name, wanted[i].name);
        assert_int_equal(fields[i].type, wanted[i].type);
        assert_true(tend__is_valid(column, 0));
        if (wanted[i].type == TEND_TYPE_NUMBER) {
            assert_true(column->f64[0] == wanted[i].number);
        } else if (wanted[i].type == TEND_TYPE_BOOL) {
            assert_int_equal(column->bools[0], 1);
        } else if (wanted[i].type == TEND_TYPE_TIME) {
            assert_true((double)column->time_us[0] == wanted[i].number);
        } else {
            check_text(&column->text[0], wanted[i].text);
        }
    }
    assert_non_null(strstr(tend__lake_note(reader, 0), "column 'tags'"));
    assert_non_null(strstr(tend__lake_note(reader, 0), "is a list and is left out"));
    assert_non_null(strstr(tend__lake_note(reader, 1), "is nested and is left out"));
    assert_non_null(strstr(tend__lake_note(reader, 2), "is binary and is left out"));
    assert_null(tend__lake_note(reader, 3));
    tend__lake_close(reader);
}

/* Lists and arrays of numbers, where vectors are asked for: FLOAT[4], DOUBLE[] with a null, a list
 * of another length and a missing item, BIGINT[], and one whose lengths vary. */
static void lists_of_one_length_are_vectors(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    const char *path = fixture_path(&fixture, "vectors.parquet");
    assert_tend_ok(
        tend__lake_copy(lake,
                        "SELECT [i, i + 1, i + 2, i + 3]::FLOAT[4] AS a, CASE i WHEN 3 THEN NULL "
                        "WHEN 5 THEN [1.5] WHEN 7 THEN [i, NULL] ELSE [i, 0.5] END::DOUBLE[] AS b, "
                        "[i, i]::BIGINT[] AS c, range(i % 3)::DOUBLE[] AS d FROM range(40) t(i)",
                        path, &err),
        &err);
    const struct tend__lake_read_options options = {.with_vectors = true};
    struct tend__lake_reader *reader = NULL;
    assert_tend_ok(tend__lake_open(lake, path, &options, &reader, &err), &err);
    const struct tend__batch *batch = next_batch(reader);
    assert_int_equal(batch->column_count, 3);
    assert_non_null(strstr(tend__lake_note(reader, 0), "column 'd'"));
    const struct tend__column *a = &batch->columns[0];
    const struct tend__column *b = &batch->columns[1];
    const struct tend__column *c = &batch->columns[2];
    assert_int_equal(a->type, TEND_TYPE_VECTOR);
    assert_true(a->dim == 4 && b->dim == 2 && c->dim == 2);
    assert_true(a->f32 != NULL && b->f64 != NULL && c->f64 != NULL);
    for (size_t i = 0; i < 40; i++) {
        assert_true(tend__is_valid(a, i) && (double)a->f32[4 * i + 3] == (double)i + 3);
        assert_true(tend__is_valid(c, i) && c->f64[2 * i + 1] == (double)i);
        assert_int_equal(tend__is_valid(b, i), i != 3 && i != 5);
        assert_int_equal(b->misfit[i], i == 5);
        if (tend__is_valid(b, i)) {
            assert_true(b->f64[2 * i] == (double)i);
            assert_true(i == 7 ? isnan(b->f64[2 * i + 1]) : b->f64[2 * i + 1] == 0.5);
        }
    }
    tend__lake_close(reader);
    const struct tend__lake_read_options plain = {.with_vectors = false};
    assert_int_equal(tend__lake_open(lake, path, &plain, &reader, &err), TEND_ETYPE);
}

static void nan_and_infinities_and_nulls_are_kept(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    const char *path = fixture_path(&fixture, "odd.parquet");
    assert_tend_ok(tend__lake_copy(lake,
                                   "SELECT * FROM (VALUES ('nan'::DOUBLE, NULL, ''), "
                                   "('inf'::DOUBLE, NULL, NULL), ('-inf'::DOUBLE, NULL, 'x'), "
                                   "(NULL, NULL, 'y')) t(a, b, c)",
                                   path, &err),
                   &err);
    struct tend__lake_reader *reader = open_reader(path, NULL);
    const struct tend__batch *batch = next_batch(reader);
    assert_int_equal(batch->row_count, 4);
    assert_true(isnan(batch->columns[0].f64[0]));
    assert_true(batch->columns[0].f64[1] == (double)INFINITY);
    assert_true(batch->columns[0].f64[2] == -(double)INFINITY);
    assert_false(tend__is_valid(&batch->columns[0], 3));
    for (size_t i = 0; i < 4; i++) {
        assert_false(tend__is_valid(&batch->columns[1], i));
    }
    check_text(&batch->columns[2].text[0], "");
    assert_true(tend__is_valid(&batch->columns[2], 0));
    assert_false(tend__is_valid(&batch->columns[2], 1));
    tend__lake_close(reader);
}

static void times_in_text_are_utc_with_and_without_a_zone(void **state)
{
    static const char *const files[][2] = {
        {"zones.jsonl", "{\"t\": \"2001-01-01T00:00:00Z\"}\n{\"t\": \"2001-01-01 00:00:00\"}\n"
                        "{\"t\": \"2001-01-01T02:00:00+02:00\"}\n{\"t\": null}\n"},
        {"zones.csv", "t\n2001-01-01T00:00:00Z\n2001-01-01T00:00:00Z\n"
                      "2001-01-01T02:00:00+02:00\n\n"},
        {"text.csv", "t\n2001-01-01T00:00:00Z\n2001-01-01\n2001-01-01T02:00:00+02:00\n\"\"\n"},
    };
    static const struct tend__lake_read_options options = {.time_column = "t"};
    (void)state;
    assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
    for (size_t i = 0; i < TEND_ARRAY_LEN(files); i++) {
        const char *path = fixture_text(&fixture, files[i][0], files[i][1]);
        struct tend__lake_reader *reader = open_reader(path, &options);
        const struct tend__batch *batch = next_batch(reader);
        assert_int_equal(batch->columns[0].type, TEND_TYPE_TIME);
        for (size_t row = 0; row < 3; row++) {
            assert_int_equal(batch->columns[0].time_us[row], INT64_C(978307200000000));
        }
        assert_true(batch->row_count == 3 || !tend__is_valid(&batch->columns[0], 3));
        tend__lake_close(reader);
    }
    assert_int_equal(unsetenv("TZ"), 0);
}

static void columns_conditions_and_limits_are_honoured(void **state)
{
    static const char *const columns[] = {"s", "n"};
    static const struct tend__lake_read_options options = {
        .columns = columns, .column_count = 2, .where = "n % 2 = 1", .row_max = 2500};
    size_t seen = 0;
    (void)state;
    struct tend__lake_reader *reader = open_reader(fixture_path(&fixture, "rows.csv"), &options);
    for (const struct tend__batch *batch = next_batch(reader); batch != NULL;
         batch = next_batch(reader)) {
        assert_int_equal(batch->column_count, 2);
        for (size_t i = 0; i < batch->row_count; i++, seen++) {
            check_text(&batch->columns[0].text[i], cities[(2 * seen + 1) % 5]);
            assert_true(batch->columns[1].f64[i] == (double)(2 * seen + 1));
        }
    }
    assert_int_equal(seen, 2500);
    assert_in_range(tend__lake_row_estimate(reader), 2500, 2500);
    tend__lake_close(reader);
}

static void a_header_alone_is_no_rows(void **state)
{
    const struct tend__field *fields = NULL;
    size_t count = 0;
    (void)state;
    const char *path = fixture_text(&fixture, "header.csv", "a,b\n");
    struct tend__lake_reader *reader = open_reader(path, NULL);
    tend__lake_fields(reader, &fields, &count);
    assert_int_equal(count, 2);
    assert_null(next_batch(reader));
    tend__lake_close(reader);
}

static void a_column_of_several_types_is_text_and_noted(void **state)
{
    (void)state;
    const char *path =
        fixture_text(&fixture, "several.jsonl", "{\"a\": 1}\n{\"a\": \"x\"}\n{\"a\": null}\n{}\n");
    struct tend__lake_reader *reader = open_reader(path, NULL);
    const struct tend__batch *batch = next_batch(reader);
    assert_int_equal(batch->row_count, 4);
    check_text(&batch->columns[0].text[0], "1");
    check_text(&batch->columns[0].text[1], "x");
    assert_false(tend__is_valid(&batch->columns[0], 2));
    assert_false(tend__is_valid(&batch->columns[0], 3));
    assert_non_null(strstr(tend__lake_note(reader, 0), "have no single type"));
    tend__lake_close(reader);
}

static void words_for_missing_values_do_not_make_numbers_text(void **state)
{
    (void)state;
    const char *path = fixture_text(&fixture, "na.csv",
                                    "n,w,e,t\n1,none,,x\nNA,none,,NA\n2.5,none,,5\n-,none,,\n");
    struct tend__lake_reader *reader = open_reader(path, NULL);
    const struct tend__batch *batch = next_batch(reader);
    assert_int_equal(batch->columns[0].type, TEND_TYPE_NUMBER);
    assert_true(batch->columns[0].f64[0] == 1);
    assert_false(tend__is_valid(&batch->columns[0], 1));
    assert_true(batch->columns[0].f64[2] == 2.5);
    assert_false(tend__is_valid(&batch->columns[0], 3));
    /* "none" alone may be a category, nothing at all is no type, and a word among others is a word.
     */
    assert_int_equal(batch->columns[1].type, TEND_TYPE_TEXT);
    check_text(&batch->columns[1].text[3], "none");
    assert_int_equal(batch->columns[2].type, TEND_TYPE_NULL);
    assert_false(tend__is_valid(&batch->columns[2], 0));
    check_text(&batch->columns[3].text[1], "NA");
    check_text(&batch->columns[3].text[2], "5");
    tend__lake_close(reader);
}

static void a_column_that_is_empty_in_one_file_has_the_type_of_the_other(void **state)
{
    (void)state;
    fixture_text(&fixture, "gaps/a.csv", "k,x,w\n1,,\n2,,\n");
    fixture_text(&fixture, "gaps/b.csv", "k,x,w\n3,4.5,word\n4,NA,\n");
    fixture_text(&fixture, "gaps/c.csv", "k,x,w\n5,7,word\n");
    struct tend__lake_reader *reader = open_reader(fixture_path(&fixture, "gaps"), NULL);
    const struct tend__field *fields = NULL;
    size_t count = 0;
    double sum = 0;
    size_t row = 0;
    tend__lake_fields(reader, &fields, &count);
    assert_int_equal(fields[1].type, TEND_TYPE_NUMBER);
    assert_int_equal(fields[2].type, TEND_TYPE_TEXT);
    for (const struct tend__batch *batch = next_batch(reader); batch != NULL;
         batch = next_batch(reader)) {
        for (size_t i = 0; i < batch->row_count; i++, row++) {
            assert_true(batch->columns[0].f64[i] == (double)(row + 1));
            assert_int_equal(tend__is_valid(&batch->columns[1], i), row == 2 || row == 4);
            sum += tend__is_valid(&batch->columns[1], i) ? batch->columns[1].f64[i] : 0;
        }
    }
    assert_int_equal(row, 5);
    assert_true(sum == 11.5);
    tend__lake_close(reader);
}

static void a_column_of_nothing_in_json_has_no_type(void **state)
{
    (void)state;
    const char *path =
        fixture_text(&fixture, "nothing.jsonl", "{\"a\": null, \"b\": 1}\n{\"b\": 2}\n");
    struct tend__lake_reader *reader = open_reader(path, NULL);
    const struct tend__batch *batch = next_batch(reader);
    assert_int_equal(batch->columns[0].type, TEND_TYPE_NULL);
    assert_int_equal(batch->columns[1].type, TEND_TYPE_NUMBER);
    assert_null(tend__lake_note(reader, 0));
    tend__lake_close(reader);
}

static void expect_ascending(const char *path, const char *order_by, size_t row_count)
{
    const struct tend__lake_read_options options = {.order_by = order_by};
    size_t seen = 0;
    struct tend__lake_reader *reader = open_reader(path, &options);
    for (const struct tend__batch *batch = next_batch(reader); batch != NULL;
         batch = next_batch(reader)) {
        for (size_t i = 0; i < batch->row_count; i++, seen++) {
            check_row(batch, i, seen);
        }
    }
    assert_int_equal(seen, row_count);
    tend__lake_close(reader);
}

static void rows_are_put_in_order_only_where_they_are_not(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    char sql[1024];
    (void)state;
    expect_ascending(fixture_path(&fixture, "rows.csv"), "t", ROWS);
    const char *path = fixture_path(&fixture, "shuffled.parquet");
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM read_csv('%s/rows.csv') ORDER BY hash(n)",
                   fixture.dir);
    assert_tend_ok(tend__lake_copy(lake, sql, path, &err), &err);
    expect_ascending(path, "t", ROWS);
    expect_ascending(path, "n", ROWS);
}

static void equal_times_keep_the_order_of_the_file(void **state)
{
    static const struct tend__lake_read_options options = {.order_by = "t"};
    struct tend_error err = {.code = TEND_OK};
    double last[3] = {-1, -1, -1};
    size_t seen = 0;
    (void)state;
    const char *path = fixture_path(&fixture, "ties.parquet");
    assert_tend_ok(tend__lake_copy(lake,
                                   "SELECT CASE WHEN i % 3 = 2 THEN NULL ELSE 10 - i % 3 END AS t,"
                                   " i FROM range(50000) r(i)",
                                   path, &err),
                   &err);
    struct tend__lake_reader *reader = open_reader(path, &options);
    double last_key = 0;
    for (const struct tend__batch *batch = next_batch(reader); batch != NULL;
         batch = next_batch(reader)) {
        for (size_t i = 0; i < batch->row_count; i++, seen++) {
            const bool is_valid = tend__is_valid(&batch->columns[0], i);
            const double key = is_valid ? batch->columns[0].f64[i] : 11;
            assert_true(key >= last_key);
            last_key = key;
            const size_t which = (size_t)(key - 9);
            assert_true(batch->columns[1].f64[i] > last[which]);
            last[which] = batch->columns[1].f64[i];
        }
    }
    assert_int_equal(seen, 50000);
    tend__lake_close(reader);
}

struct told {
    uint64_t calls;
    uint64_t rows;
    uint64_t expected;
};

static void take_progress(void *ctx, uint64_t rows_done, uint64_t rows_expected)
{
    struct told *told = ctx;
    assert_true(rows_done >= told->rows);
    told->calls++;
    told->rows = rows_done;
    told->expected = rows_expected;
}

static void progress_ends_with_all_rows_once(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    struct told told = {.calls = 0};
    const struct tend__lake_read_options options = {.progress = take_progress,
                                                    .progress_ctx = &told};
    (void)state;
    const char *path = fixture_path(&fixture, "many.parquet");
    assert_tend_ok(tend__lake_copy(lake, "SELECT i FROM range(500000) t(i)", path, &err), &err);
    struct tend__lake_reader *reader = open_reader(path, &options);
    assert_int_equal(tend__lake_row_estimate(reader), 500000);
    while (next_batch(reader) != NULL) {
    }
    assert_null(next_batch(reader));
    tend__lake_close(reader);
    assert_int_equal(told.rows, 500000);
    assert_int_equal(told.expected, 500000);
    assert_in_range(told.calls, 4, 6);
}

static void a_text_file_s_rows_are_estimated(void **state)
{
    (void)state;
    struct tend__lake_reader *reader = open_reader(fixture_path(&fixture, "rows.csv"), NULL);
    assert_in_range(tend__lake_row_estimate(reader), ROWS * 8 / 10, ROWS * 12 / 10);
    tend__lake_close(reader);
}

static void the_arrow_path_gives_the_same_rows(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend_arrow_schema schema = {.release = NULL};
    struct tend__arrow_view *view = NULL;
    size_t row = 0;
    (void)state;
    struct tend__lake_reader *reader =
        open_reader(make_file("arrow.parquet", "FORMAT parquet"), NULL);
    assert_tend_ok(tend__lake_arrow_schema(reader, &schema, &err), &err);
    assert_tend_ok(tend__arrow_view_new(&schema, &view, &err), &err);
    for (;;) {
        struct tend_arrow_array array = {.release = NULL};
        struct tend__batch batch;
        bool done = false;
        assert_tend_ok(tend__lake_arrow_next(reader, &array, &done, &err), &err);
        if (done) {
            break;
        }
        assert_tend_ok(tend__arrow_view_batch(view, &array, &batch, &err), &err);
        check_fields(batch.fields, batch.column_count);
        for (size_t i = 0; i < batch.row_count; i++, row++) {
            check_row(&batch, i, row);
        }
        array.release(&array);
    }
    assert_int_equal(row, ROWS);
    tend__arrow_view_free(view);
    schema.release(&schema);
    tend__lake_close(reader);
}

static void two_readers_of_one_lake_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct tend__lake_reader *a = open_reader(fixture_path(&fixture, "rows.csv"), NULL);
    struct tend__lake_reader *b = open_reader(fixture_path(&fixture, "rows.csv"), NULL);
    size_t rows[2] = {0, 0};
    for (bool more = true; more;) {
        const struct tend__batch *x = next_batch(a);
        const struct tend__batch *y = next_batch(b);
        more = x != NULL || y != NULL;
        for (size_t i = 0; x != NULL && i < x->row_count; i++) {
            check_row(x, i, rows[0]++);
        }
        for (size_t i = 0; y != NULL && i < y->row_count; i++) {
            check_row(y, i, rows[1]++);
        }
    }
    assert_int_equal(rows[0], ROWS);
    assert_int_equal(rows[1], ROWS);
    tend__lake_close(a);
    tend__lake_close(b);
}

static void a_reader_may_be_closed_before_its_end(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    const char *path = fixture_path(&fixture, "long.parquet");
    assert_tend_ok(tend__lake_copy(lake, "SELECT i FROM range(300000) t(i)", path, &err), &err);
    struct tend__lake_reader *reader = open_reader(path, NULL);
    assert_non_null(next_batch(reader));
    tend__lake_close(reader);
    tend__lake_close(open_reader(path, NULL));
}

/* The wanted hash is of sha256sum, by the line of docs/data-in.md. */
static void the_hash_of_data_is_the_one_of_its_manifest(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    char hash[TEND_SHA256_HEX_SIZE];
    (void)state;
    fixture_text(&fixture, "manifest/a.csv", "x\n1\n");
    fixture_text(&fixture, "manifest/b.csv", "x\n2\n");
    struct tend__lake_reader *reader = open_reader(fixture_path(&fixture, "manifest"), NULL);
    assert_tend_ok(tend__lake_data_hash(reader, hash, &err), &err);
    assert_string_equal(hash, "a5d1abafb276b22ec148e71b32992c28d35cc7a9ef25de169fc26cb15e205b6d");
    tend__lake_close(reader);
}

static void every_failed_allocation_is_survived(void **state)
{
    static const struct tend__lake_read_options options = {.order_by = "t"};
    enum tend_code code = TEND_ENOMEM;
    (void)state;
    const char *path = fixture_csv(&fixture, "few.csv", 20);
    for (uint64_t nth = 1; code != TEND_OK; nth++) {
        struct tend_error err = {.code = TEND_OK};
        struct tend__lake_reader *reader = NULL;
        tend__mem_fail_at(nth);
        code = tend__lake_open(lake, path, &options, &reader, &err);
        tend__mem_fail_at(0);
        if (code != TEND_OK) {
            assert_int_equal(code, TEND_ENOMEM);
            assert_null(reader);
        }
        tend__lake_close(reader);
        assert_true(nth < 1000);
    }
}

static void the_flights_are_read_as_documented(void **state)
{
    static const struct tend__lake_read_options options = {.order_by = "date"};
    const char *path = TEND_DEPS_DIR "/data/flights-3m.parquet";
    const struct tend__field *fields = NULL;
    size_t count = 0;
    uint64_t rows = 0;
    (void)state;
    if (access(path, R_OK) != 0) {
        print_message("skipped: the flights are not there (tools/setup fetches them)\n");
        skip();
    }
    struct tend__lake_reader *reader = open_reader(path, &options);
    tend__lake_fields(reader, &fields, &count);
    assert_int_equal(count, 5);
    assert_string_equal(fields[0].name, "date");
    assert_int_equal(fields[0].type, TEND_TYPE_TIME);
    assert_int_equal(fields[1].type, TEND_TYPE_NUMBER);
    assert_int_equal(fields[3].type, TEND_TYPE_TEXT);
    int64_t last = INT64_MIN;
    for (const struct tend__batch *batch = next_batch(reader); batch != NULL;
         batch = next_batch(reader)) {
        rows += batch->row_count;
        for (size_t i = 0; i < batch->row_count; i++) {
            assert_true(batch->columns[0].time_us[i] >= last);
            last = batch->columns[0].time_us[i];
            assert_int_equal(batch->columns[3].text[i].len, 3);
        }
    }
    assert_int_equal(rows, 3000000);
    assert_int_equal(tend__lake_row_estimate(reader), 3000000);
    tend__lake_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_rows_come_from_every_type_of_file),
        cmocka_unit_test(odd_file_names_are_not_patterns),
        cmocka_unit_test(folders_and_globs_are_read_in_the_order_of_their_paths),
        cmocka_unit_test(many_files_come_in_order_every_time),
        cmocka_unit_test(dates_of_another_format_are_read_in_all_files),
        cmocka_unit_test(key_value_folders_become_columns),
        cmocka_unit_test(standard_input_is_read_whatever_its_type),
        cmocka_unit_test(types_become_the_four_of_tend),
        cmocka_unit_test(lists_of_one_length_are_vectors),
        cmocka_unit_test(nan_and_infinities_and_nulls_are_kept),
        cmocka_unit_test(times_in_text_are_utc_with_and_without_a_zone),
        cmocka_unit_test(columns_conditions_and_limits_are_honoured),
        cmocka_unit_test(a_header_alone_is_no_rows),
        cmocka_unit_test(a_column_of_several_types_is_text_and_noted),
        cmocka_unit_test(words_for_missing_values_do_not_make_numbers_text),
        cmocka_unit_test(a_column_that_is_empty_in_one_file_has_the_type_of_the_other),
        cmocka_unit_test(a_column_of_nothing_in_json_has_no_type),
        cmocka_unit_test(rows_are_put_in_order_only_where_they_are_not),
        cmocka_unit_test(equal_times_keep_the_order_of_the_file),
        cmocka_unit_test(progress_ends_with_all_rows_once),
        cmocka_unit_test(a_text_file_s_rows_are_estimated),
        cmocka_unit_test(the_arrow_path_gives_the_same_rows),
        cmocka_unit_test(two_readers_of_one_lake_do_not_disturb_each_other),
        cmocka_unit_test(a_reader_may_be_closed_before_its_end),
        cmocka_unit_test(the_hash_of_data_is_the_one_of_its_manifest),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(the_flights_are_read_as_documented),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
