/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_memory_test.c: three million rows need no more memory than one million, read in order or
 * sorted; and the private folder is gone afterwards.
 *
 * Each measurement is the peak resident size (VmHWM) of a child that does nothing else. Sanitizers
 * keep freed memory in quarantine and so say nothing about it: there only the reading is done,
 * without the comparison.
 */
#include "unit.h"

#include "fixture.h"
#include "lake/lake.h"

#include <dirent.h>
#include <sys/wait.h>

#if defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define IS_SANITIZED 1
#    endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#    define IS_SANITIZED 1
#endif
#ifndef IS_SANITIZED
#    define IS_SANITIZED 0
#endif

/* A tenth of it where nothing is compared. */
#define MILLION (IS_SANITIZED ? UINT64_C(100000) : UINT64_C(1000000))

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

static long peak_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

/* Reads a file to its end and returns the peak in KiB, or below 0. The order must hold where one is
 * asked for. */
static long read_and_measure(const char *path, const char *order_by, uint64_t wanted)
{
    const struct tend__lake_options options = {.memory_max_bytes = UINT64_C(96) << 20,
                                               .threads = 2};
    const struct tend__lake_read_options read_options = {.order_by = order_by};
    struct tend__lake *lake = NULL;
    struct tend__lake_reader *reader = NULL;
    struct tend_error err = {.code = TEND_OK};
    uint64_t rows = 0;
    double last = -1;
    enum tend_code code = tend__lake_new(&options, &lake, &err);
    if (code == TEND_OK) {
        code = tend__lake_open(lake, path, &read_options, &reader, &err);
    }
    while (code == TEND_OK) {
        const struct tend__batch *batch = NULL;
        code = tend__lake_next(reader, &batch, &err);
        if (code != TEND_OK || batch == NULL) {
            break;
        }
        for (size_t i = 0; order_by != NULL && i < batch->row_count; i++) {
            if (batch->columns[0].f64[i] < last) {
                return -2;
            }
            last = batch->columns[0].f64[i];
        }
        rows += batch->row_count;
    }
    tend__lake_close(reader);
    tend__lake_free(lake);
    if (code != TEND_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
    }
    return code == TEND_OK && rows == wanted ? peak_kib() : -1;
}

static long measure(const char *path, const char *order_by, uint64_t wanted)
{
    int ends[2];
    long kib = -1;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const long found = read_and_measure(path, order_by, wanted);
        _exit(write(ends[1], &found, sizeof(found)) == (ssize_t)sizeof(found) ? 0 : 1);
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &kib, sizeof(kib)), (ssize_t)sizeof(kib));
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return kib;
}

/* i shuffled or in order, with a double and a text beside it: some 40 bytes a row. Made by a child,
 * so that DuckDB's threads are not in this process when it forks. */
static void make_rows(const char *path, uint64_t count, bool is_shuffled)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char sql[512];
        struct tend__lake *lake = NULL;
        (void)snprintf(sql, sizeof(sql),
                       "SELECT (%s)::DOUBLE AS k, i / 7 AS x, 'text number ' || (i %% 1000) AS s "
                       "FROM range(%llu) t(i)",
                       is_shuffled ? "(i * 7919) % 3000017" : "i", (unsigned long long)count);
        const enum tend_code code = tend__lake_new(NULL, &lake, NULL);
        _exit(code == TEND_OK && tend__lake_copy(lake, sql, path, NULL) == TEND_OK ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void expect_flat(const char *prefix, const char *order_by)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "%s-1.parquet", prefix);
    const long one_kib = measure(fixture_path(&fixture, name), order_by, MILLION);
    (void)snprintf(name, sizeof(name), "%s-3.parquet", prefix);
    const long three_kib = measure(fixture_path(&fixture, name), order_by, 3 * MILLION);
    assert_true(one_kib > 0);
    assert_true(three_kib > 0);
    print_message("peak memory: %ld MiB for 1M rows, %ld MiB for 3M\n", one_kib / 1024,
                  three_kib / 1024);
    if (!IS_SANITIZED) {
        /* The limit is 96 MiB. What grows with the rows would grow by 80 MiB and more. */
        assert_in_range(three_kib, 1, one_kib + 40 * 1024);
        assert_in_range(three_kib, 1, 300 * 1024);
    }
}

static void memory_is_flat_when_rows_are_streamed(void **state)
{
    (void)state;
    make_rows(fixture_path(&fixture, "plain-1.parquet"), MILLION, false);
    make_rows(fixture_path(&fixture, "plain-3.parquet"), 3 * MILLION, false);
    expect_flat("plain", NULL);
}

static void memory_is_flat_when_rows_are_in_order_already(void **state)
{
    (void)state;
    expect_flat("plain", "k");
}

static void memory_is_bounded_when_rows_must_be_sorted(void **state)
{
    (void)state;
    make_rows(fixture_path(&fixture, "mixed-1.parquet"), MILLION, true);
    make_rows(fixture_path(&fixture, "mixed-3.parquet"), 3 * MILLION, true);
    expect_flat("mixed", "k");
}

static void the_private_folder_is_removed(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__lake *lake = NULL;
    size_t names = 0;
    (void)state;
    fixture_text(&fixture, "spill/.keep", "");
    const char *folder = fixture_path(&fixture, "spill");
    const struct tend__lake_options options = {.temp_dir = folder};
    assert_tend_ok(tend__lake_new(&options, &lake, &err), &err);
    tend__lake_free(lake);
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    while (readdir(listing) != NULL) {
        names++;
    }
    (void)closedir(listing);
    assert_int_equal(names, 3); /* . .. .keep */
    const struct tend__lake_options nowhere = {.temp_dir = fixture_path(&fixture, "no/such")};
    assert_int_equal(tend__lake_new(&nowhere, &lake, &err), TEND_EIO);
    assert_non_null(strstr(err.text, "cannot make a temporary folder in"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_flat_when_rows_are_streamed),
        cmocka_unit_test(memory_is_flat_when_rows_are_in_order_already),
        cmocka_unit_test(memory_is_bounded_when_rows_must_be_sorted),
        cmocka_unit_test(the_private_folder_is_removed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
