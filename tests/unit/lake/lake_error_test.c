/* SPDX-License-Identifier: Apache-2.0 */
/* lake_error_test.c: each thing that can be wrong with data has its own sentence, and it is pinned
 * here. */
#include "unit.h"

#include "fixture.h"
#include "lake/lake_private.h"

#include <sys/wait.h>

static struct tend__lake *lake;
static struct fixture fixture;

static int set_up(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    fixture_init(&fixture);
    return tend__lake_new(NULL, &lake, &err) == TEND_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tend__lake_free(lake);
    fixture_deinit(&fixture);
    return 0;
}

/* Opens and reads to the end; the text of err has the fixture's folder cut out. */
static enum tend_code read_all(const char *path, const struct tend__lake_read_options *options,
                               uint64_t *rows, struct tend_error *err)
{
    struct tend__lake_reader *reader = NULL;
    enum tend_code code = tend__lake_open(lake, path, options, &reader, err);
    *rows = 0;
    while (code == TEND_OK) {
        const struct tend__batch *batch = NULL;
        code = tend__lake_next(reader, &batch, err);
        if (code != TEND_OK || batch == NULL) {
            break;
        }
        *rows += batch->row_count;
    }
    tend__lake_close(reader);
    for (char *at = strstr(err->text, fixture.dir); at != NULL; at = strstr(at, fixture.dir)) {
        const char *rest = at + strlen(fixture.dir);
        rest += *rest == '/' ? 1 : 0;
        memmove(at, rest, strlen(rest) + 1);
    }
    return code;
}

/* Reading `name` in the fixture's folder must fail with this code, line and whole text. */
static void expect_failure(const char *name, const struct tend__lake_read_options *options,
                           enum tend_code code, int line, const char *text)
{
    struct tend_error err = {.code = TEND_OK};
    uint64_t rows = 0;
    assert_int_equal(read_all(fixture_path(&fixture, name), options, &rows, &err), code);
    assert_int_equal(err.code, code);
    assert_string_equal(err.text, text);
    assert_int_equal(err.line, line);
    assert_null(strchr(err.text, '\n'));
}

/* "t,n\n" and row_count lines, then `line`, then two more good lines. */
static void write_csv_with(const char *name, size_t row_count, const char *line)
{
    const char *path = fixture_path(&fixture, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fprintf(file, "t,n\n");
    for (size_t i = 0; i < row_count; i++) {
        (void)fprintf(file, "2001-01-01 00:00:00,%zu\n", i);
    }
    (void)fprintf(file, "%s\n2001-01-01 00:00:01,1\n2001-01-01 00:00:02,2\n", line);
    (void)fclose(file);
}

static void a_missing_file_is_told_with_the_nearest_name(void **state)
{
    (void)state;
    fixture_text(&fixture, "flights.csv", "a\n1\n");
    expect_failure("flihgts.csv", NULL, TEND_ENOTFOUND, 0,
                   "no such file: 'flihgts.csv' (did you mean 'flights.csv'?)");
    expect_failure("unlike-anything.parquet", NULL, TEND_ENOTFOUND, 0,
                   "no such file: 'unlike-anything.parquet'");
    expect_failure("nowhere/flights.csv", NULL, TEND_ENOTFOUND, 0,
                   "no such file: 'nowhere/flights.csv' (there is no folder 'nowhere')");
}

static void a_glob_or_a_folder_without_data_is_told(void **state)
{
    (void)state;
    fixture_text(&fixture, "bare/readme.md", "nothing to read\n");
    fixture_text(&fixture, "bare/_hidden.csv", "a\n1\n");
    fixture_text(&fixture, "bare/.also.csv", "a\n1\n");
    expect_failure("bare", NULL, TEND_ENOTFOUND, 0,
                   "the folder 'bare' has no data files (.parquet, .csv, .tsv, .json, .jsonl, "
                   "also .gz)");
    expect_failure("day-*.csv", NULL, TEND_ENOTFOUND, 0, "no file matches 'day-*.csv'");
}

static void an_empty_file_is_told(void **state)
{
    (void)state;
    fixture_text(&fixture, "empty.csv", "");
    fixture_text(&fixture, "empty.parquet", "");
    fixture_text(&fixture, "blank.csv", "\n\n");
    expect_failure("empty.csv", NULL, TEND_ECORRUPT, 0, "'empty.csv' is empty (0 bytes)");
    expect_failure("empty.parquet", NULL, TEND_ECORRUPT, 0, "'empty.parquet' is empty (0 bytes)");
    expect_failure("blank.csv", NULL, TEND_ECORRUPT, 0,
                   "'blank.csv' has no header line with the names of the columns");
}

static void a_file_that_is_not_what_its_name_says_is_told(void **state)
{
    (void)state;
    fixture_text(&fixture, "csv.parquet", "a,b\n1,2\n");
    fixture_text(&fixture, "json.csv", "{\"a\": 1}\n");
    fixture_text(&fixture, "csv.json", "a,b\n1,2\n");
    fixture_text(&fixture, "plain.csv.gz", "a,b\n1,2\n");
    fixture_bytes(&fixture, "packed.csv", "\x1f\x8b\x08\x00\x00\x00", 6);
    fixture_bytes(&fixture, "noise.csv", "\x00\x01\x02\x03", 4);
    fixture_bytes(&fixture, "noise", "\x00\x01\x02\x03", 4);
    fixture_bytes(&fixture, "parquet.csv", "PAR1\x15\x04\x15PAR1", 11);
    expect_failure("csv.parquet", NULL, TEND_ECORRUPT, 0,
                   "'csv.parquet' is not a Parquet file as its name says: its bytes look like text "
                   "(CSV?)");
    expect_failure("json.csv", NULL, TEND_ECORRUPT, 0,
                   "'json.csv' is not a CSV file as its name says: its bytes look like JSON");
    expect_failure("csv.json", NULL, TEND_ECORRUPT, 0,
                   "'csv.json' is not a JSON file as its name says: its bytes look like text "
                   "(CSV?)");
    expect_failure("plain.csv.gz", NULL, TEND_ECORRUPT, 0,
                   "'plain.csv.gz' is not a gzip-compressed CSV file as its name says: its bytes "
                   "look like text (CSV?)");
    expect_failure("packed.csv", NULL, TEND_ECORRUPT, 0,
                   "'packed.csv' is not a CSV file as its name says: its bytes look like gzip (a "
                   "name ending in .gz)");
    expect_failure("noise.csv", NULL, TEND_ECORRUPT, 0,
                   "'noise.csv' is not a CSV file as its name says: its bytes look like none that "
                   "tend reads");
    expect_failure("noise", NULL, TEND_ECORRUPT, 0, "'noise' is not a Parquet, CSV or JSON file");
    expect_failure("parquet.csv", NULL, TEND_ECORRUPT, 0,
                   "'parquet.csv' is not a CSV file as its name says: its bytes look like Parquet");
}

static long file_bytes(const char *path, char *bytes, size_t cap)
{
    FILE *file = fopen(path, "rbe");
    assert_non_null(file);
    const size_t len = fread(bytes, 1, cap, file);
    (void)fclose(file);
    assert_true(len < cap);
    return (long)len;
}

static void a_truncated_parquet_file_is_told(void **state)
{
    static char bytes[65536];
    struct tend_error err = {.code = TEND_OK};
    char text[256];
    (void)state;
    const char *whole = fixture_path(&fixture, "whole.parquet");
    assert_tend_ok(tend__lake_copy(lake, "SELECT i, i / 3 AS x FROM range(1000) t(i)", whole, &err),
                   &err);
    const long len = file_bytes(whole, bytes, sizeof(bytes));
    fixture_bytes(&fixture, "cut.parquet", bytes, (size_t)len - 12);
    (void)snprintf(text, sizeof(text),
                   "'cut.parquet' is not a whole Parquet file: it ends after %ld bytes without a "
                   "footer; it may be truncated",
                   len - 12);
    expect_failure("cut.parquet", NULL, TEND_ECORRUPT, 0, text);
    fixture_bytes(&fixture, "stub.parquet", bytes, 6);
    expect_failure("stub.parquet", NULL, TEND_ECORRUPT, 0,
                   "'stub.parquet' is not a whole Parquet file: it ends after 6 bytes without a "
                   "footer; it may be truncated");
    fixture_bytes(&fixture, "lies.parquet", "PAR1\xff\xff\xff\x7fPAR1", 12);
    expect_failure(
        "lies.parquet", NULL, TEND_ECORRUPT, 0,
        "'lies.parquet' is not a Parquet file: its footer would be 2147483647 bytes, and "
        "the file has 12");
}

static void a_parquet_file_with_spoilt_bytes_is_an_error_and_not_a_crash(void **state)
{
    static char bytes[65536];
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    const char *whole = fixture_path(&fixture, "good.parquet");
    assert_tend_ok(
        tend__lake_copy(lake, "SELECT i, 'text ' || i AS s FROM range(3000) t(i)", whole, &err),
        &err);
    const long len = file_bytes(whole, bytes, sizeof(bytes));
    for (long at = 4; at < len - 8; at += 97) {
        uint64_t rows = 0;
        const char old = bytes[at];
        bytes[at] = (char)(old ^ 0x5a);
        const char *path = fixture_bytes(&fixture, "spoilt.parquet", bytes, (size_t)len);
        err.text[0] = '\0';
        const enum tend_code code = read_all(path, NULL, &rows, &err);
        assert_true(code == TEND_OK || err.text[0] != '\0');
        assert_null(strchr(err.text, '\n'));
        bytes[at] = old;
    }
}

static void a_missing_column_is_told_with_the_nearest_name(void **state)
{
    static const char *const wrong[] = {"distnace"};
    static const char *const far[] = {"zebra"};
    (void)state;
    fixture_text(&fixture, "columns.csv", "distance,origin\n1,a\n");
    const struct tend__lake_read_options near_one = {.columns = wrong, .column_count = 1};
    const struct tend__lake_read_options far_one = {.columns = far, .column_count = 1};
    const struct tend__lake_read_options sorted = {.order_by = "origin"};
    const struct tend__lake_read_options timed = {.time_column = "distance"};
    expect_failure("columns.csv", &near_one, TEND_ENOTFOUND, 0,
                   "'columns.csv' has no column 'distnace' (did you mean 'distance'?)");
    expect_failure("columns.csv", &far_one, TEND_ENOTFOUND, 0,
                   "'columns.csv' has no column 'zebra'");
    expect_failure("columns.csv", &sorted, TEND_ETYPE, 0,
                   "column 'origin' of 'columns.csv' is text: rows are ordered by a time or a "
                   "number");
    expect_failure("columns.csv", &timed, TEND_ETYPE, 0,
                   "column 'distance' of 'columns.csv' is a number, not a time");
}

static void a_bad_csv_line_is_told_by_its_number(void **state)
{
    (void)state;
    write_csv_with("short.csv", 30, "2001-01-01 00:00:00");
    expect_failure("short.csv", NULL, TEND_ECORRUPT, 32,
                   "'short.csv' line 32 has 1 value where the header names 2 columns");
    write_csv_with("long.csv", 30, "2001-01-01 00:00:00,1,2,3");
    expect_failure("long.csv", NULL, TEND_ECORRUPT, 32,
                   "'long.csv' line 32 has more values than the header's 2 columns");
    write_csv_with("late.csv", 30000, "2001-01-01 00:00:00,many");
    expect_failure("late.csv", NULL, TEND_ECORRUPT, 30002,
                   "'late.csv' line 30002: 'many' in column 'n' is not a number, as the values "
                   "before are");
    write_csv_with("late-na.csv", 30000, "2001-01-01 00:00:00,NA\n2001-01-01 00:00:00,few");
    expect_failure("late-na.csv", NULL, TEND_ECORRUPT, 30003,
                   "'late-na.csv' line 30003: 'few' in column 'n' is not a number, as the values "
                   "before are");
    write_csv_with("late-time.csv", 30000, "some day,7");
    expect_failure("late-time.csv", NULL, TEND_ECORRUPT, 30002,
                   "'late-time.csv' line 30002: 'some day' in column 't' is not a time, as the "
                   "values before are");
    write_csv_with("late-long.csv", 30000, "2001-01-01 00:00:00,1,2,3");
    expect_failure("late-long.csv", NULL, TEND_ECORRUPT, 30002,
                   "'late-long.csv' line 30002 has more values than the header's 2 columns");
    write_csv_with("latin.csv", 30, "2001-01-01 00:00:00,caf\xe9");
    expect_failure("latin.csv", NULL, TEND_ECORRUPT, 32,
                   "'latin.csv' line 32 is not UTF-8 text; convert it first, such as iconv -f "
                   "LATIN1 -t UTF-8");
    write_csv_with("quote.csv", 30, "2001-01-01 00:00:00,\"5");
    expect_failure("quote.csv", NULL, TEND_ECORRUPT, 32,
                   "'quote.csv' line 32 has a quoted value that does not end");
}

static void a_csv_file_without_names_is_told(void **state)
{
    (void)state;
    fixture_text(&fixture, "headless.csv", "1,2,3\n4,5,6\n");
    expect_failure("headless.csv", NULL, TEND_ECORRUPT, 1,
                   "the first line of 'headless.csv' has only numbers: put the names of the "
                   "columns there");
}

static void a_name_that_is_given_twice_is_told(void **state)
{
    (void)state;
    fixture_text(&fixture, "twice.csv", "a,b,a\n1,2,3\n");
    fixture_text(&fixture, "twice-quoted.csv", "\"a;x\";b;\"a;x\"\n1;2;3\n");
    fixture_text(&fixture, "once.csv", "\"a\"\"\",\"a\",,,b\r\n1,2,3,4,5\r\n");
    expect_failure("twice.csv", NULL, TEND_ECORRUPT, 1,
                   "the header of 'twice.csv' names two columns 'a'");
    expect_failure("twice-quoted.csv", NULL, TEND_ECORRUPT, 1,
                   "the header of 'twice-quoted.csv' names two columns 'a;x'");
    struct tend_error err = {.code = TEND_OK};
    uint64_t rows = 0;
    assert_tend_ok(read_all(fixture_path(&fixture, "once.csv"), NULL, &rows, &err), &err);
    assert_int_equal(rows, 1);
}

static void bad_json_is_told_by_its_line(void **state)
{
    (void)state;
    fixture_text(&fixture, "open.jsonl", "{\"a\": 1, \"b\": \"x\"}\n{\"a\": 2, \"b\":\n");
    expect_failure("open.jsonl", NULL, TEND_ECORRUPT, 2,
                   "'open.jsonl' line 2 is not JSON: unexpected end of data");
    fixture_text(&fixture, "array.json", "[{\"a\": 1},\n{\"a\": 2},\n{\"a\" 3}]\n");
    expect_failure("array.json", NULL, TEND_ECORRUPT, 0,
                   "'array.json' value 3 is not JSON: unexpected character");
}

static void damaged_gzip_is_told(void **state)
{
    static char bytes[65536];
    struct tend_error err = {.code = TEND_OK};
    char sql[1024];
    (void)state;
    (void)snprintf(
        sql, sizeof(sql),
        "COPY (SELECT i, i * i FROM range(3000) t(i)) TO '%s' (FORMAT csv, COMPRESSION gzip)",
        fixture_path(&fixture, "rows.csv.gz"));
    assert_tend_ok(tend__lake_exec(lake, sql, &err), &err);
    const long len = file_bytes(fixture_path(&fixture, "rows.csv.gz"), bytes, sizeof(bytes));
    bytes[len / 2] = (char)(bytes[len / 2] ^ 0x55);
    bytes[len / 2 + 1] = (char)(bytes[len / 2 + 1] ^ 0x55);
    fixture_bytes(&fixture, "spoilt.csv.gz", bytes, (size_t)len);
    struct tend_error why = {.code = TEND_OK};
    uint64_t rows = 0;
    assert_int_equal(read_all(fixture_path(&fixture, "spoilt.csv.gz"), NULL, &rows, &why),
                     TEND_ECORRUPT);
    static const char stub[] = "\x1f\x8bno gzip at all, no";
    fixture_bytes(&fixture, "stub.csv.gz", stub, sizeof(stub) - 1);
    expect_failure("stub.csv.gz", NULL, TEND_ECORRUPT, 0,
                   "the compressed bytes of 'stub.csv.gz' are damaged; it may be truncated");
}

static void files_that_differ_are_told(void **state)
{
    (void)state;
    fixture_text(&fixture, "mixed/a.csv", "x,y\n1,2\n");
    fixture_text(&fixture, "mixed/b.csv", "x,z\n1,2\n");
    expect_failure("mixed", NULL, TEND_ETYPE, 0,
                   "the files differ: 'mixed/a.csv' has a column 'y' and 'mixed/b.csv' has not");
    fixture_text(&fixture, "types/a.csv", "x,y\n1,2\n");
    fixture_text(&fixture, "types/b.csv", "y,x\n2,one\n");
    expect_failure("types", NULL, TEND_ETYPE, 0,
                   "the files differ: column 'x' is number in 'types/a.csv' and text in "
                   "'types/b.csv'");
    fixture_text(&fixture, "kinds/a.csv", "x,y\n1,2\n");
    fixture_text(&fixture, "kinds/b.json", "{\"x\": 1}\n");
    expect_failure("kinds", NULL, TEND_ETYPE, 0,
                   "'kinds' holds files of two types: 'kinds/a.csv' is CSV and 'kinds/b.json' is "
                   "JSON");
    fixture_text(&fixture, "one-bad/a.csv", "x,y\n1,2\n");
    fixture_text(&fixture, "one-bad/b.csv", "");
    expect_failure("one-bad", NULL, TEND_ECORRUPT, 0, "'one-bad/b.csv' is empty (0 bytes)");
}

static void an_unreadable_file_is_told(void **state)
{
    (void)state;
    fixture_text(&fixture, "closed.csv", "a\n1\n");
    assert_int_equal(chmod(fixture_path(&fixture, "closed.csv"), 0), 0);
    assert_int_equal(chmod(fixture.dir, 0755), 0);
    /* Nothing is closed to root: a child that is nobody reads instead. */
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct tend_error err = {.code = TEND_OK};
        uint64_t rows = 0;
        if (geteuid() == 0 && setuid(65534) != 0) {
            _exit(2);
        }
        const enum tend_code code =
            read_all(fixture_path(&fixture, "closed.csv"), NULL, &rows, &err);
        _exit(code == TEND_EIO &&
                      strcmp(err.text, "cannot read 'closed.csv': permission denied") == 0
                  ? 0
                  : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_folder_in_place_of_a_file_and_a_device_are_told(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    uint64_t rows = 0;
    (void)state;
    assert_int_equal(read_all("/dev/null", NULL, &rows, &err), TEND_EINVAL);
    assert_string_equal(err.text, "'/dev/null' is neither a file nor a folder");
}

static void text_that_is_no_time_in_the_time_column_is_told(void **state)
{
    static const struct tend__lake_read_options timed = {.time_column = "when"};
    struct tend_error err = {.code = TEND_OK};
    uint64_t rows = 0;
    (void)state;
    const char *path = fixture_text(&fixture, "when.csv", "when,n\n2001-01-01,1\nyesterday,2\n");
    assert_int_equal(read_all(path, &timed, &rows, &err), TEND_ECORRUPT);
    assert_non_null(strstr(err.text, "'yesterday'"));
    assert_non_null(strstr(err.text, "when.csv"));
}

static void sql_that_fails_is_told_in_one_sentence(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    double number = 0;
    bool found = false;
    (void)state;
    assert_int_equal(tend__lake_exec(lake, "SELEC 1", &err), TEND_EINTERNAL);
    assert_null(strchr(err.text, '\n'));
    assert_int_equal(tend__lake_query_number(lake, "SELECT x FROM nowhere", &number, &found, &err),
                     TEND_EINTERNAL);
    assert_null(strchr(err.text, '\n'));
    assert_tend_ok(tend__lake_query_number(lake, "SELECT 6 * 7", &number, &found, &err), &err);
    assert_true(found);
    assert_true(number == 42);
    assert_tend_ok(tend__lake_query_number(lake, "SELECT NULL", &number, &found, &err), &err);
    assert_false(found);
}

/* What takes large files or full disks to bring about: DuckDB's texts, as it says them in
 * version 1.4.4. */
static void rare_texts_of_duckdb_become_sentences(void **state)
{
    static const struct {
        const char *text;
        enum tend_code code;
        int line;
        const char *sentence;
    } cases[] = {
        {"Invalid Input Error: JSON transform error in file \"d/k.json\", in line 30002: Failed to "
         "cast value to numerical: \"x\"\nTry setting 'auto_detect' to true",
         TEND_ECORRUPT, 30002,
         "'d/k.json' line 30002: 'x' is not a number, as the values before "
         "are"},
        {"Out of Memory Error: could not allocate block of size 32.0 MiB (250.0 MiB/256.0 MiB "
         "used)\n\nPossible solutions:\n* Reducing the number of threads",
         TEND_ENOMEM, 0, "'shown' does not fit into the memory that tend was given"},
        {"IO Error: Could not write file \"/x/y.tmp\": No space left on device", TEND_EIO, 0,
         "the disk is full"},
        {"TProtocolException: Invalid data\n\nLINE 1: select * from read_parquet('z.parquet')",
         TEND_ECORRUPT, 0, "cannot read 'shown': TProtocolException: Invalid data"},
        {"Invalid Input Error: CSV Error on Line: 7\nOriginal Line: a\nMaximum line size of "
         "2000000 "
         "bytes exceeded. Actual Size:3000000 bytes.\n\n  file = d/long.csv\n  delimiter = ,",
         TEND_ECORRUPT, 7, "'d/long.csv' line 7 is longer than 2 MB"},
        {"Something new entirely\nwith lines", TEND_ECORRUPT, 0,
         "cannot read 'shown': Something new entirely"},
        {NULL, TEND_EINTERNAL, 0, "DuckDB failed and did not say why"},
    };
    char shown[] = "shown";
    const struct lake_source source = {.shown = shown};
    (void)state;
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        struct tend_error err = {.code = TEND_OK};
        assert_int_equal(tend__lake_fail(cases[i].text, &source, &err), cases[i].code);
        assert_string_equal(err.text, cases[i].sentence);
        assert_int_equal(err.line, cases[i].line);
    }
}

static void nothing_is_fetched_from_the_network(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    assert_int_equal(
        tend__lake_exec(lake, "FROM read_parquet('https://127.0.0.1:9/x.parquet')", &err),
        TEND_EINTERNAL);
    assert_null(strchr(err.text, '\n'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_file_is_told_with_the_nearest_name),
        cmocka_unit_test(a_glob_or_a_folder_without_data_is_told),
        cmocka_unit_test(an_empty_file_is_told),
        cmocka_unit_test(a_file_that_is_not_what_its_name_says_is_told),
        cmocka_unit_test(a_truncated_parquet_file_is_told),
        cmocka_unit_test(a_parquet_file_with_spoilt_bytes_is_an_error_and_not_a_crash),
        cmocka_unit_test(a_missing_column_is_told_with_the_nearest_name),
        cmocka_unit_test(a_bad_csv_line_is_told_by_its_number),
        cmocka_unit_test(a_csv_file_without_names_is_told),
        cmocka_unit_test(a_name_that_is_given_twice_is_told),
        cmocka_unit_test(bad_json_is_told_by_its_line),
        cmocka_unit_test(damaged_gzip_is_told),
        cmocka_unit_test(files_that_differ_are_told),
        cmocka_unit_test(an_unreadable_file_is_told),
        cmocka_unit_test(a_folder_in_place_of_a_file_and_a_device_are_told),
        cmocka_unit_test(text_that_is_no_time_in_the_time_column_is_told),
        cmocka_unit_test(sql_that_fails_is_told_in_one_sentence),
        cmocka_unit_test(rare_texts_of_duckdb_become_sentences),
        cmocka_unit_test(nothing_is_fetched_from_the_network),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
