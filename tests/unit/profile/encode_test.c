/* SPDX-License-Identifier: Apache-2.0 */
/* encode_test.c: features to matrix: dictionaries, what becomes missing, and errors that name the
 * feature. */
#include "unit.h"

#include "base/mem.h"
#include "profile/encode.h"
#include "profile/plan.h"

#include <math.h>
#include <string.h>

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const struct tend__field fields[] = {
    {"distance", TEND_TYPE_NUMBER, 0, 0}, {"origin", TEND_TYPE_TEXT, 0, 0},
    {"late", TEND_TYPE_BOOL, 0, 0},       {"date", TEND_TYPE_TIME, 0, 0},
    {"hour", TEND_TYPE_NUMBER, 0, 0},
};
static const double distance[] = {1, (double)NAN, (double)INFINITY, 1e300, 0.1, 6};
static const struct tend__text origin[] = {TEXT("LAX"), TEXT("DFW"), TEXT("LAX"),
                                           TEXT("ABE"), TEXT("DFW"), TEXT("LAX")};
static const uint8_t late[] = {0, 1, 1, 0, 1, 0};
static const int64_t date[] = {0, 1500000, -1000000, 3, 4, 5};
static const double hour[] = {5, 23, 5, (double)NAN, 5, 0.5};
static const uint8_t valid[] = {1, 1, 1, 1, 1, 0};
static const struct tend__column columns[] = {
    {.type = TEND_TYPE_NUMBER, .f64 = distance, .valid = valid},
    {.type = TEND_TYPE_TEXT, .text = origin, .valid = valid},
    {.type = TEND_TYPE_BOOL, .bools = late, .valid = valid},
    {.type = TEND_TYPE_TIME, .time_us = date, .valid = valid},
    {.type = TEND_TYPE_NUMBER, .f64 = hour, .valid = valid},
};
static const struct tend__batch rows = {6, 5, fields, columns};

static struct tend__encoding *make(const char *const *names, const bool *is_category, size_t count,
                                   size_t category_max)
{
    struct tend_error err = {0};
    struct tend__encoding *encoding = NULL;
    const struct tend__encoding_options options = {names, is_category, count, category_max};
    assert_tend_ok(tend__encoding_new(&rows, &options, &encoding, &err), &err);
    return encoding;
}

static void numbers_bools_and_times_are_themselves_and_the_rest_is_missing(void **state)
{
    (void)state;
    static const char *const names[] = {"late", "distance", "date"};
    static const bool none[] = {false, false, false};
    struct tend_error err = {0};
    float out[18];
    struct tend__encoding *encoding = make(names, none, 3, 0);
    assert_tend_ok(tend__encode(encoding, &rows, out, &err), &err);
    static const float expected[6][3] = {{0, 1, 0},       {1, NAN, 1.5F},   {1, NAN, -1},
                                         {0, NAN, 3e-6F}, {1, 0.1F, 4e-6F}, {NAN, NAN, NAN}};
    for (size_t i = 0; i < 18; i++) {
        const float x = expected[i / 3][i % 3];
        assert_true(isnan(x) ? isnan(out[i]) : out[i] == x);
    }
    tend__encoding_free(encoding);
}

static void a_category_is_its_place_in_the_sorted_dictionary(void **state)
{
    (void)state;
    static const char *const names[] = {"origin", "hour", "late"};
    static const bool all[] = {true, true, true};
    struct tend_error err = {0};
    float out[18];
    struct tend__encoding *encoding = make(names, all, 3, 0);
    assert_int_equal(encoding->feature_count, 3);
    assert_int_equal(encoding->features[0].category_count, 3);
    assert_string_equal(encoding->features[0].categories[0].ptr, "ABE");
    assert_string_equal(encoding->features[0].categories[2].ptr, "LAX");
    assert_int_equal(encoding->features[1].category_count, 2);
    assert_string_equal(encoding->features[1].categories[0].ptr, "23");
    assert_string_equal(encoding->features[2].categories[0].ptr, "false");
    assert_tend_ok(tend__encode(encoding, &rows, out, &err), &err);
    static const float expected[6][3] = {{2, 1, 0},   {1, 0, 1}, {2, 1, 1},
                                         {0, NAN, 0}, {1, 1, 1}, {NAN, NAN, NAN}};
    for (size_t i = 0; i < 18; i++) {
        const float x = expected[i / 3][i % 3];
        assert_true(isnan(x) ? isnan(out[i]) : out[i] == x);
    }
    tend__encoding_free(encoding);
}

static void only_the_most_frequent_are_kept_and_the_rest_is_missing(void **state)
{
    (void)state;
    static const char *const names[] = {"origin"};
    static const bool all[] = {true};
    struct tend_error err = {0};
    float out[6];
    struct tend__encoding *encoding = make(names, all, 1, 1);
    /* LAX and DFW come twice among the valid rows: the first in byte order wins. */
    assert_int_equal(encoding->features[0].category_count, 1);
    assert_string_equal(encoding->features[0].categories[0].ptr, "DFW");
    assert_tend_ok(tend__encode(encoding, &rows, out, &err), &err);
    assert_true(isnan(out[0]) && out[1] == 0 && isnan(out[3]) && out[4] == 0 && isnan(out[5]));
    tend__encoding_free(encoding);
}

static void an_encoding_that_was_stored_encodes_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"origin", "distance"};
    static const bool flags[] = {true, false};
    static const struct tend__text backwards[] = {TEXT("LAX"), TEXT("DFW"), TEXT("ABE")};
    static const struct tend__text twins[] = {TEXT("LAX"), TEXT("LAX")};
    struct tend_error err = {0};
    struct tend__encoding *stored = NULL;
    float a[12];
    float b[12];
    struct tend__encoding *encoding = make(names, flags, 2, 0);
    assert_tend_ok(tend__encoding_empty(&stored, &err), &err);
    assert_int_equal(tend__encoding_append(stored, "origin", true, twins, 2, &err), TEND_ECORRUPT);
    assert_int_equal(stored->feature_count, 0);
    assert_tend_ok(tend__encoding_append(stored, "origin", true, backwards, 3, &err), &err);
    assert_tend_ok(tend__encoding_append(stored, "distance", false, NULL, 0, &err), &err);
    assert_tend_ok(tend__encode(encoding, &rows, a, &err), &err);
    assert_tend_ok(tend__encode(stored, &rows, b, &err), &err);
    for (size_t i = 0; i < 12; i++) {
        assert_true(isnan(a[i]) ? isnan(b[i]) : a[i] == b[i]);
    }
    tend__encoding_free(encoding);
    tend__encoding_free(stored);
}

static void errors_name_the_feature(void **state)
{
    (void)state;
    static const char *const typo[] = {"distnace"};
    static const char *const text[] = {"origin"};
    static const char *const number[] = {"distance"};
    static const bool no[] = {false};
    struct tend_error err = {0};
    struct tend__encoding *encoding = NULL;
    const struct tend__encoding_options a = {typo, no, 1, 0};
    assert_int_equal(tend__encoding_new(&rows, &a, &encoding, &err), TEND_ENOTFOUND);
    assert_string_equal(err.text, "no column has the name of the feature 'distnace' (did you mean "
                                  "'distance'?)");
    const struct tend__encoding_options b = {text, no, 1, 0};
    assert_int_equal(tend__encoding_new(&rows, &b, &encoding, &err), TEND_ETYPE);
    const struct tend__encoding_options c = {number, no, 1, TEND_ENCODING_CATEGORIES_MAX + 1};
    assert_int_equal(tend__encoding_new(&rows, &c, &encoding, &err), TEND_ELIMIT);
    assert_null(encoding);
    encoding = make(number, no, 1, 0);
    float out[6];
    struct tend__column changed = {.type = TEND_TYPE_TEXT, .text = origin};
    struct tend__batch odd = {6, 1, fields, &changed};
    assert_int_equal(tend__encode(encoding, &odd, out, &err), TEND_ETYPE);
    changed = (struct tend__column){.type = TEND_TYPE_VECTOR, .f64 = distance, .dim = 1};
    assert_int_equal(tend__encode(encoding, &odd, out, &err), TEND_ETYPE);
    assert_non_null(strstr(err.text, "holds vectors"));
    struct tend__encoding *none = NULL;
    const struct tend__encoding_options d = {number, no, 1, 0};
    assert_int_equal(tend__encoding_new(&odd, &d, &none, &err), TEND_ETYPE);
    changed = (struct tend__column){.type = TEND_TYPE_NULL};
    assert_tend_ok(tend__encode(encoding, &odd, out, &err), &err);
    assert_true(isnan(out[0]) && isnan(out[5]));
    odd.fields = fields + 1;
    assert_int_equal(tend__encode(encoding, &odd, out, &err), TEND_ENOTFOUND);
    tend__encoding_free(encoding);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    static const char *const names[] = {"origin", "hour", "late", "distance"};
    static const bool flags[] = {true, true, true, false};
    const struct tend__encoding_options options = {names, flags, 4, 0};
    struct tend_error err = {0};
    enum tend_code code = TEND_ENOMEM;
    uint64_t nth = 0;
    while (code != TEND_OK) {
        struct tend__encoding *encoding = NULL;
        nth++;
        tend__mem_fail_at(nth);
        code = tend__encoding_new(&rows, &options, &encoding, &err);
        tend__mem_fail_at(0);
        tend__encoding_free(encoding);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_bools_and_times_are_themselves_and_the_rest_is_missing),
        cmocka_unit_test(a_category_is_its_place_in_the_sorted_dictionary),
        cmocka_unit_test(only_the_most_frequent_are_kept_and_the_rest_is_missing),
        cmocka_unit_test(an_encoding_that_was_stored_encodes_the_same),
        cmocka_unit_test(errors_name_the_feature),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
