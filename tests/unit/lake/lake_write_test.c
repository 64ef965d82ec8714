/* SPDX-License-Identifier: Apache-2.0 */
/* lake_write_test.c: what is written reads back the same, and a failure leaves nothing behind. */
#include "unit.h"

#include "base/mem.h"
#include "fixture.h"
#include "lake/lake.h"
#include "profile/profile.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ROWS 5000

static struct tend__lake *lake;
static struct fixture fixture;

static const struct tend__field fields[] = {
    {.name = "number \"quoted\"", .type = TEND_TYPE_NUMBER},
    {.name = "flag", .type = TEND_TYPE_BOOL},
    {.name = "word", .type = TEND_TYPE_TEXT},
    {.name = "time", .type = TEND_TYPE_TIME},
    {.name = "nothing", .type = TEND_TYPE_NULL},
};

struct rows {
    double f64[ROWS];
    uint8_t bools[ROWS];
    struct tend__text text[ROWS];
    int64_t time_us[ROWS];
    uint8_t valid[ROWS];
    char words[ROWS][24];
    struct tend__column columns[TEND_ARRAY_LEN(fields)];
    struct tend__batch batch;
};

static struct rows rows;

static void fill_rows(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        rows.f64[i] = i == 0 ? (double)NAN : i == 1 ? (double)INFINITY : (double)i / 3;
        rows.bools[i] = i % 3 == 0;
        (void)snprintf(rows.words[i], sizeof(rows.words[i]), "%zu %s", i,
                       i % 2 == 0 ? "" : "longer than twelve");
        rows.text[i] = (struct tend__text){rows.words[i], strlen(rows.words[i])};
        rows.time_us[i] = (int64_t)i * 1000003 - 77;
        rows.valid[i] = i % 7 != 0;
    }
    rows.columns[0] = (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = rows.f64};
    rows.columns[1] =
        (struct tend__column){.type = TEND_TYPE_BOOL, .bools = rows.bools, .valid = rows.valid};
    rows.columns[2] =
        (struct tend__column){.type = TEND_TYPE_TEXT, .text = rows.text, .valid = rows.valid};
    rows.columns[3] =
        (struct tend__column){.type = TEND_TYPE_TIME, .time_us = rows.time_us, .valid = rows.valid};
    rows.columns[4] = (struct tend__column){.type = TEND_TYPE_NULL};
    rows.batch = (struct tend__batch){.row_count = ROWS,
                                      .fields = fields,
                                      .column_count = TEND_ARRAY_LEN(fields),
                                      .columns = rows.columns};
}

static int set_up(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    fixture_init(&fixture);
    fill_rows();
    return tend__lake_new(NULL, &lake, &err) == TEND_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tend__lake_free(lake);
    fixture_deinit(&fixture);
    return 0;
}

static void check_row(const struct tend__batch *batch, size_t i, size_t row)
{
    const struct tend__column *columns = batch->columns;
    assert_memory_equal(&columns[0].f64[i], &rows.f64[row], sizeof(double));
    for (size_t c = 1; c < 4; c++) {
        assert_int_equal(tend__is_valid(&columns[c], i), rows.valid[row]);
    }
    if (rows.valid[row] != 0) {
        assert_int_equal(columns[1].bools[i], rows.bools[row]);
        assert_int_equal(columns[2].text[i].len, rows.text[row].len);
        assert_memory_equal(columns[2].text[i].ptr, rows.words[row], rows.text[row].len);
        assert_int_equal(columns[3].time_us[i], rows.time_us[row]);
    }
    assert_false(tend__is_valid(&columns[4], i));
}

static void check_file(const char *path, size_t copies)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__lake_reader *reader = NULL;
    const struct tend__batch *batch = NULL;
    size_t row = 0;
    assert_tend_ok(tend__lake_open(lake, path, NULL, &reader, &err), &err);
    do {
        assert_tend_ok(tend__lake_next(reader, &batch, &err), &err);
        for (size_t i = 0; batch != NULL && i < batch->row_count; i++, row++) {
            check_row(batch, i, row % ROWS);
        }
    } while (batch != NULL);
    assert_int_equal(row, copies * ROWS);
    tend__lake_close(reader);
}

/* How many names in the fixture's folder begin with `prefix`. */
static size_t count_names(const char *prefix)
{
    size_t count = 0;
    DIR *listing = opendir(fixture.dir);
    assert_non_null(listing);
    for (const struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    }
    (void)closedir(listing);
    return count;
}

static void batches_read_back_as_they_were(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    const struct tend__batch batches[2] = {rows.batch, rows.batch};
    struct stat info;
    (void)state;
    const char *path = fixture_path(&fixture, "back.parquet");
    assert_tend_ok(tend__lake_write_batches(lake, path, batches, 2, &err), &err);
    check_file(path, 2);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(count_names("back.parquet"), 1);
    /* A second time in the same place. */
    assert_tend_ok(tend__lake_write_batches(lake, path, batches, 1, &err), &err);
    check_file(path, 1);
}

static void a_batch_of_another_shape_is_refused(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__lake_writer *writer = NULL;
    (void)state;
    const char *path = fixture_path(&fixture, "shape.parquet");
    assert_tend_ok(tend__lake_writer_new(lake, path, fields, TEND_ARRAY_LEN(fields), &writer, &err),
                   &err);
    struct tend__batch batch = rows.batch;
    batch.column_count = 2;
    assert_int_equal(tend__lake_writer_add(writer, &batch, &err), TEND_EINVAL);
    struct tend__column columns[TEND_ARRAY_LEN(fields)];
    memcpy(columns, rows.columns, sizeof(columns));
    columns[2] = rows.columns[0];
    batch = rows.batch;
    batch.columns = columns;
    assert_int_equal(tend__lake_writer_add(writer, &batch, &err), TEND_ETYPE);
    tend__lake_writer_free(writer);
    assert_int_equal(count_names("shape.parquet"), 0);
    assert_int_equal(tend__lake_writer_new(lake, path, fields, 0, &writer, &err), TEND_EINVAL);
}

static void a_place_that_cannot_be_written_is_told(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    char text[1024];
    (void)state;
    const char *path = fixture_path(&fixture, "no/folder.parquet");
    assert_int_equal(tend__lake_write_batches(lake, path, &rows.batch, 1, &err), TEND_EIO);
    (void)snprintf(text, sizeof(text), "cannot write '%s': No such file or directory", path);
    assert_string_equal(err.text, text);
}

/* Runs fn in a child, which is nobody where this is root. */
static void run_as_nobody(int (*fn)(void))
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && setuid(65534) != 0) {
            _exit(99);
        }
        _exit(fn());
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int write_to_closed_folder(void)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__lake *own = NULL;
    if (tend__lake_new(NULL, &own, &err) != TEND_OK) {
        return 2;
    }
    const enum tend_code code = tend__lake_write_batches(
        own, fixture_path(&fixture, "closed/x.parquet"), &rows.batch, 1, &err);
    tend__lake_free(own);
    return code == TEND_EIO && strstr(err.text, "closed/x.parquet': Permission denied") != NULL ? 0
                                                                                                : 1;
}

static void a_folder_without_permission_is_told(void **state)
{
    (void)state;
    const char *path = fixture_text(&fixture, "closed/note", "");
    assert_int_equal(chmod(fixture.dir, 0755), 0);
    char folder[FIXTURE_PATH_SIZE];
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(strlen(path) - strlen("/note")), path);
    assert_int_equal(chmod(folder, 0555), 0);
    run_as_nobody(write_to_closed_folder);
    assert_int_equal(chmod(folder, 0700), 0);
}

/* A disk that takes 20 kB: the file that was there stays, and no other appears. */
static int write_beyond_limit(void)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__lake *own = NULL;
    const struct rlimit limit = {.rlim_cur = 20000, .rlim_max = 20000};
    (void)signal(SIGXFSZ, SIG_IGN);
    if (tend__lake_new(NULL, &own, &err) != TEND_OK || setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 2;
    }
    const enum tend_code code = tend__lake_copy(own, "SELECT uuid() FROM range(20000)",
                                                fixture_path(&fixture, "full.parquet"), &err);
    tend__lake_free(own);
    return code == TEND_EIO && strstr(err.text, "full.parquet'") != NULL &&
                   strstr(err.text, ".part") == NULL
               ? 0
               : 1;
}

static void a_full_disk_leaves_the_older_file(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    const char *path = fixture_path(&fixture, "full.parquet");
    assert_tend_ok(tend__lake_write_batches(lake, path, &rows.batch, 1, &err), &err);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(write_beyond_limit());
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    check_file(path, 1);
    assert_int_equal(count_names("full.parquet"), 1);
}

static void a_link_stays_a_link_and_a_device_a_device(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    struct stat status;
    (void)state;
    const char *select = "SELECT 1 AS x";
    char file[512];
    char link[512];
    char pipe[512];
    (void)snprintf(file, sizeof(file), "%s", fixture_path(&fixture, "linked.parquet"));
    (void)snprintf(link, sizeof(link), "%s", fixture_path(&fixture, "link.parquet"));
    (void)snprintf(pipe, sizeof(pipe), "%s", fixture_path(&fixture, "pipe.parquet"));
    assert_tend_ok(tend__lake_copy(lake, select, file, &err), &err);
    assert_int_equal(symlink("linked.parquet", link), 0);
    assert_int_equal(truncate(file, 0), 0);
    assert_tend_ok(tend__lake_copy(lake, select, link, &err), &err);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat(file, &status), 0);
    assert_true(status.st_size > 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(tend__lake_copy(lake, select, pipe, &err), TEND_EIO);
    assert_non_null(strstr(err.text, "it is a device or a pipe, not a file"));
    assert_int_equal(lstat(pipe, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    assert_int_equal(unlink(file), 0);
    assert_int_equal(tend__lake_copy(lake, select, link, &err), TEND_EIO);
    assert_non_null(strstr(err.text, "it is a link that leads nowhere"));
}

static void a_failed_query_writes_nothing(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    const char *path = fixture_path(&fixture, "query.parquet");
    assert_int_equal(tend__lake_copy(lake, "SELECT nonsense FROM nowhere", path, &err),
                     TEND_EINTERNAL);
    /* One that fails on its way. */
    assert_int_not_equal(
        tend__lake_copy(lake, "SELECT error('no') FROM range(100000) t(i) WHERE i > 99990", path,
                        &err),
        TEND_OK);
    assert_int_equal(count_names("query.parquet"), 0);
}

/* ---- tables -------------------------------------------------------------------------------------
 */

/* A plan and a profile of the rows above. */
static struct tend__profile *make_profile(void)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__profile *profile = NULL;
    static const struct tend__plan_options options = {.bin_max = 0};
    assert_tend_ok(tend__plan_builder_new(fields, TEND_ARRAY_LEN(fields), &options, &builder, &err),
                   &err);
    assert_tend_ok(tend__plan_builder_add(builder, &rows.batch, &err), &err);
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    tend__plan_builder_free(builder);
    assert_tend_ok(tend__profile_new(plan, &profile, &err), &err);
    assert_tend_ok(tend__profile_add(profile, &rows.batch, &err), &err);
    tend__plan_unref(plan);
    return profile;
}

static void a_profile_survives_parquet(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend_arrow_schema schema = {.release = NULL};
    struct tend_arrow_array array = {.release = NULL};
    struct tend_arrow_schema read_schema = {.release = NULL};
    struct tend_arrow_array read_array = {.release = NULL};
    struct tend__profile *copy = NULL;
    (void)state;
    struct tend__profile *profile = make_profile();
    const char *path = fixture_path(&fixture, "profile.parquet");
    assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
    assert_tend_ok(tend__lake_write_table(lake, path, &schema, &array, &err), &err);
    assert_non_null(schema.release);
    assert_non_null(array.release);
    assert_tend_ok(tend__lake_read_table(lake, path, 100, &read_schema, &read_array, &err), &err);
    assert_int_equal(read_array.length, array.length);
    assert_int_equal(read_array.n_children, array.n_children);
    assert_tend_ok(tend__profile_from_table(&read_schema, &read_array, &copy, &err), &err);
    assert_int_equal(tend__profile_row_count(copy), ROWS);
    for (size_t i = 0; i < TEND_ARRAY_LEN(fields); i++) {
        const struct tend__column_profile *a = tend__profile_column(profile, i);
        const struct tend__column_profile *b = tend__profile_column(copy, i);
        assert_int_equal(a->null_count, b->null_count);
        assert_int_equal(a->nan_count, b->nan_count);
        assert_int_equal(a->cell_count, b->cell_count);
        assert_memory_equal(a->cells, b->cells, a->cell_count * sizeof(*a->cells));
        assert_memory_equal(&a->min, &b->min, sizeof(double));
        assert_int_equal(a->max_us, b->max_us);
    }
    read_array.release(&read_array);
    read_schema.release(&read_schema);
    array.release(&array);
    schema.release(&schema);
    tend__profile_free(copy);
    tend__profile_free(profile);
}

/* More rows than DuckDB's vectors hold, in a file of several row groups: one array, in the file's
 * order. */
static void a_long_table_comes_as_one_array(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend_arrow_schema schema = {.release = NULL};
    struct tend_arrow_array array = {.release = NULL};
    struct tend_arrow_array again = {.release = NULL};
    struct tend_arrow_schema again_schema = {.release = NULL};
    char sql[1024];
    (void)state;
    const char *path = fixture_path(&fixture, "long.parquet");
    (void)snprintf(sql, sizeof(sql),
                   "COPY (SELECT i, CASE WHEN i %% 2 = 0 THEN i / 4 END AS x, [i, i + 1] AS l "
                   "FROM range(10000) t(i)) TO '%s' (FORMAT parquet, ROW_GROUP_SIZE 2048)",
                   path);
    assert_tend_ok(tend__lake_exec(lake, sql, &err), &err);
    assert_tend_ok(tend__lake_read_table(lake, path, 10000, &schema, &array, &err), &err);
    const char *second = fixture_path(&fixture, "long-again.parquet");
    assert_tend_ok(tend__lake_write_table(lake, second, &schema, &array, &err), &err);
    assert_tend_ok(tend__lake_read_table(lake, second, 10000, &again_schema, &again, &err), &err);
    const struct tend_arrow_array *const both[] = {&array, &again};
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(both[k]->length, 10000);
        assert_int_equal(both[k]->n_children, 3);
        const int64_t *i64 = both[k]->children[0]->buffers[1];
        const double *f64 = both[k]->children[1]->buffers[1];
        const uint8_t *bits = both[k]->children[1]->buffers[0];
        const int32_t *offsets = both[k]->children[2]->buffers[1];
        const int64_t *items = both[k]->children[2]->children[0]->buffers[1];
        for (int64_t i = 0; i < 10000; i++) {
            assert_int_equal(i64[i], i);
            assert_int_equal((bits[i / 8] >> (i % 8)) & 1, i % 2 == 0);
            assert_true(i % 2 != 0 || f64[i] == (double)i / 4);
            assert_int_equal(items[offsets[i]], i);
            assert_int_equal(offsets[i + 1] - offsets[i], 2);
        }
    }
    assert_string_equal(schema.children[0]->format, "l");
    assert_string_equal(schema.children[1]->name, "x");
    again.release(&again);
    again_schema.release(&again_schema);
    array.release(&array);
    schema.release(&schema);
}

static void a_table_that_is_too_long_or_no_table_is_told(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend_arrow_schema schema = {.release = NULL};
    struct tend_arrow_array array = {.release = NULL};
    (void)state;
    const char *path = fixture_path(&fixture, "eleven.parquet");
    assert_tend_ok(tend__lake_copy(lake, "SELECT i FROM range(11) t(i)", path, &err), &err);
    assert_int_equal(tend__lake_read_table(lake, path, 10, &schema, &array, &err), TEND_ELIMIT);
    assert_non_null(strstr(err.text, "has more than 10 rows, and no more are expected"));
    const char *csv = fixture_text(&fixture, "table.csv", "a\n1\n");
    assert_int_equal(tend__lake_read_table(lake, csv, 10, &schema, &array, &err), TEND_ETYPE);
    assert_null(schema.release);
    assert_null(array.release);
    assert_tend_ok(tend__lake_copy(lake, "SELECT i FROM range(0) t(i)", path, &err), &err);
    assert_tend_ok(tend__lake_read_table(lake, path, 10, &schema, &array, &err), &err);
    assert_int_equal(array.length, 0);
    array.release(&array);
    schema.release(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_read_back_as_they_were),
        cmocka_unit_test(a_batch_of_another_shape_is_refused),
        cmocka_unit_test(a_place_that_cannot_be_written_is_told),
        cmocka_unit_test(a_folder_without_permission_is_told),
        cmocka_unit_test(a_full_disk_leaves_the_older_file),
        cmocka_unit_test(a_link_stays_a_link_and_a_device_a_device),
        cmocka_unit_test(a_failed_query_writes_nothing),
        cmocka_unit_test(a_profile_survives_parquet),
        cmocka_unit_test(a_long_table_comes_as_one_array),
        cmocka_unit_test(a_table_that_is_too_long_or_no_table_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
