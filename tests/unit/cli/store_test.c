/* SPDX-License-Identifier: Apache-2.0 */
/* store_test.c: names of windows, and what a word on the command line chooses from a store. */
#include "unit.h"

#include "base/civil.h"
#include "cli/store.h"
#include "fixture.h"

#include <string.h>

#define DAY TEND_US_PER_DAY

static void names_of_windows_come_back(void **state)
{
    (void)state;
    static const struct {
        int64_t start_us;
        int64_t span_us;
        const char *name;
    } cases[] = {
        {11323 * DAY, DAY, "2001-01-01.1d.parquet"},
        {11323 * DAY, 7 * DAY, "2001-01-01.7d.parquet"},
        {11323 * DAY + 6 * TEND_US_PER_HOUR, 6 * TEND_US_PER_HOUR, "2001-01-01T060000.6h.parquet"},
        {11323 * DAY + 90 * TEND_US_PER_SECOND, 90 * TEND_US_PER_SECOND,
         "2001-01-01T000130.90s.parquet"},
        {-DAY, DAY, "1969-12-31.1d.parquet"},
        {11323 * DAY, 30 * 60 * TEND_US_PER_SECOND, "2001-01-01.30m.parquet"},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        char name[TEND_WINDOW_NAME_SIZE];
        int64_t start_us = 0;
        int64_t end_us = 0;
        tend__store_window_name(cases[i].start_us, cases[i].start_us + cases[i].span_us, name);
        assert_string_equal(name, cases[i].name);
        assert_true(tend__store_window_parse(name, &start_us, &end_us));
        assert_true(start_us == cases[i].start_us && end_us == start_us + cases[i].span_us);
    }
}

static void other_names_are_no_windows(void **state)
{
    (void)state;
    static const char *const names[] = {"",
                                        ".parquet",
                                        "2001-01-01.parquet",
                                        "2001-01-01.1d",
                                        "2001-01-01.1d.csv",
                                        "2001-02-30.1d.parquet",
                                        "2001-01-01.0d.parquet",
                                        "2001-01-01.1x.parquet",
                                        "2001-01-01..parquet",
                                        "2001-01-01T06.6h.parquet",
                                        "2001-01-01T069900.6h.parquet",
                                        "9999-12-31.999999999w.parquet",
                                        "x2001-01-01.1d.parquet"};
    int64_t start_us = 0;
    int64_t end_us = 0;
    for (size_t i = 0; i < TEND_ARRAY_LEN(names); i++) {
        if (tend__store_window_parse(names[i], &start_us, &end_us)) {
            fail_msg("'%s' was taken", names[i]);
        }
    }
}

/* A store of the first ten days of January but the fifth, as far as choosing needs one. */
static void make_store(struct tend__store *store, struct tend__store_window windows[9])
{
    static char folder[] = "a store";
    *store = (struct tend__store){.folder = folder, .windows = windows, .window_count = 9};
    for (size_t i = 0, day = 0; day < 10; day++) {
        if (day != 4) {
            const int64_t start_us = (int64_t)(11323 + day) * DAY;
            windows[i++] = (struct tend__store_window){start_us, start_us + DAY, NULL};
        }
    }
}

static void words_choose_windows(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum tend_code code;
        size_t first;
        size_t count;
    } cases[] = {
        {"2001-01-03", TEND_OK, 2, 1},
        {"2001-01", TEND_OK, 0, 9},
        {"2001", TEND_OK, 0, 9},
        {"2001-01-04..2001-01-06", TEND_OK, 3, 2},
        {"2001-01-08..", TEND_OK, 6, 3},
        {"..2001-01-02", TEND_OK, 0, 2},
        {"last", TEND_OK, 8, 1},
        {"last3", TEND_OK, 6, 3},
        {"last999999", TEND_OK, 0, 9},
        {"2001-01-03T00:00:00Z..2001-01-03T23:59:59Z", TEND_OK, 2, 1},
        {"2000-12..2001-01", TEND_OK, 0, 9},
        {"2001-01-05", TEND_ENOTFOUND, 0, 0},
        {"2001-01-03T05", TEND_ENOTFOUND, 0, 0},
        {"2001-02", TEND_ENOTFOUND, 0, 0},
        {"2001-01-06..2001-01-03", TEND_ENOTFOUND, 0, 0},
        {"2001-13", TEND_EINVAL, 0, 0},
        {"2001-1", TEND_EINVAL, 0, 0},
        {"last0", TEND_EINVAL, 0, 0},
        {"last1000000", TEND_EINVAL, 0, 0},
        {"lastly", TEND_EINVAL, 0, 0},
        {"..", TEND_EINVAL, 0, 0},
        {"yesterday", TEND_EINVAL, 0, 0},
        {"2001-01-03..soon", TEND_EINVAL, 0, 0},
        {"0000", TEND_ENOTFOUND, 0, 0},
        {"9999", TEND_ENOTFOUND, 0, 0},
    };
    struct tend__store store;
    struct tend__store_window windows[9];
    make_store(&store, windows);
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        struct tend_error err = {0};
        struct tend__selection selection = {.windows = cases[i].word,
                                            .windows_len = strlen(cases[i].word)};
        size_t first = 0;
        size_t count = 0;
        const enum tend_code code = tend__selection_range(&selection, &store, &first, &count, &err);
        if (code != cases[i].code ||
            (code == TEND_OK && (first != cases[i].first || count != cases[i].count))) {
            fail_msg("'%s' gave %s, %zu windows from %zu on", cases[i].word, tend_code_text(code),
                     count, first);
        }
    }
}

static void a_store_is_found_in_a_word(void **state)
{
    (void)state;
    struct fixture fixture;
    struct tend__selection selection;
    char word[FIXTURE_PATH_SIZE];
    fixture_init(&fixture);
    (void)fixture_text(&fixture, "me@home/plan.parquet", "x");
    (void)fixture_text(&fixture, "me@home/windows/none", "x");
    const char *folder = fixture_path(&fixture, "me@home");
    assert_true(tend__selection_parse(folder, &selection));
    assert_null(selection.windows);
    assert_null(selection.segment);
    (void)snprintf(word, sizeof(word), "%.400s@2001-01@origin=@ a", folder);
    assert_true(tend__selection_parse(word, &selection));
    assert_string_equal(selection.folder, folder);
    assert_int_equal(selection.windows_len, 7);
    assert_memory_equal(selection.windows, "2001-01", 7);
    assert_string_equal(selection.segment, "origin=@ a");
    (void)snprintf(word, sizeof(word), "%.400s@reference", folder);
    assert_true(tend__selection_parse(word, &selection) && selection.is_reference);
    (void)snprintf(word, sizeof(word), "%.400s@@late=true", folder);
    assert_true(tend__selection_parse(word, &selection));
    assert_null(selection.windows);
    assert_string_equal(selection.segment, "late=true");
    (void)snprintf(word, sizeof(word), "%.400s", fixture.dir);
    assert_false(tend__selection_parse(word, &selection));
    assert_false(tend__selection_parse("@2001", &selection));
    assert_false(tend__selection_parse("-", &selection));
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_windows_come_back),
        cmocka_unit_test(other_names_are_no_windows),
        cmocka_unit_test(words_choose_windows),
        cmocka_unit_test(a_store_is_found_in_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
