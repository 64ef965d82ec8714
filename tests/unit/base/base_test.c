/* SPDX-License-Identifier: Apache-2.0 */
/* base_test.c: errors, memory, buffers, JSON text, calendar, hashes, random numbers and name
 * suggestions. */
#include "unit.h"

#include "base/buf.h"
#include "base/civil.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

static void an_error_keeps_its_code_and_text(void **state)
{
    (void)state;
    struct tend_error err = {0};
    assert_int_equal(TEND_FAIL(&err, EINVAL, "bin_count %d", 3), TEND_EINVAL);
    tend__error_prefix(&err, "column '%s'", "temp");
    assert_string_equal(err.text, "column 'temp': bin_count 3");
    assert_string_equal(tend_code_text(TEND_ECORRUPT), "corrupt bytes");
}

static void a_buffer_stops_at_its_maximum_and_says_so(void **state)
{
    (void)state;
    struct tend__buf buf;
    struct tend_error err = {0};
    tend__buf_init(&buf, 8);
    tend__buf_text(&buf, "1234567");
    assert_int_equal(tend__buf_code(&buf, &err), TEND_OK);
    tend__buf_char(&buf, '8');
    assert_int_equal(tend__buf_code(&buf, &err), TEND_ELIMIT);
    assert_string_equal(tend__buf_str(&buf), "1234567");
    tend__buf_deinit(&buf);
}

static void a_failed_allocation_leaves_the_pointer_alone(void **state)
{
    (void)state;
    struct tend_error err = {0};
    int *numbers = NULL;
    size_t cap = 0;
    assert_int_equal(tend__mem_grow(&numbers, &cap, 4, 100, sizeof(int), &err), TEND_OK);
    int *before = numbers;
    tend__mem_fail_at(1);
    assert_int_equal(tend__mem_grow(&numbers, &cap, 50, 100, sizeof(int), &err), TEND_ENOMEM);
    tend__mem_fail_at(0);
    assert_ptr_equal(before, numbers);
    assert_int_equal(tend__mem_grow(&numbers, &cap, 101, 100, sizeof(int), &err), TEND_ELIMIT);
    tend__mem_free(numbers);
}

static void json_has_shortest_numbers_and_escapes(void **state)
{
    (void)state;
    struct tend__buf buf;
    struct tend__json_writer w;
    tend__buf_init(&buf, 4096);
    tend__jsonw_init(&w, &buf, false);
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_number(&w, "a", 0.1);
    tend__jsonw_member_number(&w, "b", (double)NAN);
    tend__jsonw_member_number(&w, "e", -50.0);
    tend__jsonw_member_number(&w, "f", 1e300);
    tend__jsonw_member_text(&w, "c", "x\"\n\x01\xff");
    tend__jsonw_key(&w, "d");
    tend__jsonw_array_begin(&w);
    tend__jsonw_int(&w, -5);
    tend__jsonw_bool(&w, true);
    tend__jsonw_array_end(&w);
    tend__jsonw_member_time(&w, "t", tend__civil_days(2001, 4, 9) * TEND_US_PER_DAY);
    tend__jsonw_object_end(&w);
    assert_string_equal(tend__buf_str(&buf), "{\"a\":0.1,\"b\":null,\"e\":-50,\"f\":1e+300,\"c\":"
                                             "\"x\\\"\\n\\u0001\xEF\xBF\xBD\",\"d\":[-5,true],"
                                             "\"t\":\"2001-04-09T00:00:00Z\"}");
    tend__buf_deinit(&buf);
}

static void every_day_of_eight_centuries_survives_the_calendar(void **state)
{
    (void)state;
    for (int64_t day = tend__civil_days(1600, 1, 1); day < tend__civil_days(2400, 1, 1); day++) {
        const struct tend__civil c = tend__civil_from_us(day * TEND_US_PER_DAY);
        assert_int_equal(tend__civil_days(c.year, c.month, c.day), day);
        assert_int_equal(tend__civil_to_us(&c), day * TEND_US_PER_DAY);
    }
    assert_int_equal(tend__weekday(tend__civil_days(2001, 4, 9) * TEND_US_PER_DAY),
                     1); /* a Monday */
}

static void times_and_spans_are_read_or_refused(void **state)
{
    (void)state;
    int64_t t = 0;
    assert_true(tend__time_parse("2001-04-09T12:30:05.25+02:00", 28, &t));
    char text[TEND_TIME_TEXT_SIZE];
    tend__time_text(t, text);
    assert_string_equal(text, "2001-04-09T10:30:05.250000Z");
    assert_false(tend__time_parse("2001-02-29", 10, &t));
    assert_false(tend__time_parse("2001-02-28x", 11, &t));
    assert_true(tend__span_parse("7d", 2, &t));
    assert_int_equal(t, 7 * TEND_US_PER_DAY);
    assert_false(tend__span_parse("7", 1, &t));
    assert_false(tend__span_parse("d", 1, &t));
}

static void sha256_matches_its_standard(void **state)
{
    (void)state;
    char hex[TEND_SHA256_HEX_SIZE];
    /* FIPS 180-4 examples */
    tend__sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    tend__sha256_hex("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    tend__sha256_hex(two, strlen(two), hex);
    assert_string_equal(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void random_numbers_repeat_and_are_uniform(void **state)
{
    (void)state;
    struct tend__rng a;
    struct tend__rng b;
    tend__rng_init(&a, 7);
    tend__rng_init(&b, 7);
    double sum = 0;
    double square = 0;
    const int n = 100000;
    for (int i = 0; i < n; i++) {
        assert_true(tend__rng_next(&a) == tend__rng_next(&b));
        const double z = tend__rng_normal(&a);
        (void)tend__rng_normal(&b);
        sum += z;
        square += z * z;
    }
    /* five standard errors */
    assert_true(fabs(sum / n) < 5.0 / sqrt(n));
    assert_true(fabs(square / n - 1.0) < 5.0 * sqrt(2.0 / n));
}

static void the_nearest_name_is_found_or_nothing_is_said(void **state)
{
    (void)state;
    const char *names[] = {"distance", "origin", "destination"};
    assert_string_equal(tend__name_nearest("distnace", names, 3), "distance");
    assert_string_equal(tend__name_nearest("Orgin", names, 3), "origin");
    assert_null(tend__name_nearest("temperature", names, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_keeps_its_code_and_text),
        cmocka_unit_test(a_buffer_stops_at_its_maximum_and_says_so),
        cmocka_unit_test(a_failed_allocation_leaves_the_pointer_alone),
        cmocka_unit_test(json_has_shortest_numbers_and_escapes),
        cmocka_unit_test(every_day_of_eight_centuries_survives_the_calendar),
        cmocka_unit_test(times_and_spans_are_read_or_refused),
        cmocka_unit_test(sha256_matches_its_standard),
        cmocka_unit_test(random_numbers_repeat_and_are_uniform),
        cmocka_unit_test(the_nearest_name_is_found_or_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
