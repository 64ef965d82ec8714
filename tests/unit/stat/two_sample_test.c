/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_sample_test.c: distances against SciPy (tests/golden/two_sample.csv), what they exceed chance
 * by, and degenerate counts.
 */
#include "unit.h"

#include "golden.h"

#include "base/compiler.h"
#include "stat/two_sample.h"

#include <math.h>
#include <string.h>

#define CELLS_MAX 64

static size_t read_numbers(const char *text, double *out)
{
    size_t count = 0;
    char *end = NULL;
    while (count < CELLS_MAX && *text != '\0') {
        out[count++] = strtod(text, &end);
        assert_true(end != text);
        text = *end == ' ' ? end + 1 : end;
    }
    return count;
}

static size_t read_counts(const char *text, uint64_t *out)
{
    double numbers[CELLS_MAX];
    const size_t count = read_numbers(text, numbers);
    for (size_t i = 0; i < count; i++) {
        out[i] = (uint64_t)numbers[i];
    }
    return count;
}

static void check_near(double got, double want, double relative)
{
    if (isnan(want)) {
        assert_true(isnan(got));
    } else {
        assert_near(got, want, relative * fabs(want) + 1e-14);
    }
}

static void distances_match_scipy(void **state)
{
    (void)state;
    struct golden golden;
    assert_true(golden_open(&golden, "two_sample.csv"));
    int rows = 0;
    while (golden_next(&golden)) {
        uint64_t ref[CELLS_MAX];
        uint64_t cur[CELLS_MAX];
        double positions[CELLS_MAX];
        const bool ordered = strcmp(golden.fields[1], "none") != 0;
        const size_t n = read_counts(golden.fields[2], ref);
        assert_int_equal(read_counts(golden.fields[3], cur), n);
        assert_int_equal((size_t)golden_number(&golden, 0), n);
        if (ordered) {
            assert_int_equal(read_numbers(golden.fields[1], positions), n);
        }
        struct tend__two_sample out;
        tend__two_sample_counts(ref, cur, ordered ? positions : NULL, n, &out);
        check_near(out.ks, golden_number(&golden, 4), 1e-12);
        check_near(out.w1, golden_number(&golden, 5), 1e-10);
        check_near(out.w1_normalised, golden_number(&golden, 6), 1e-10);
        check_near(out.js, golden_number(&golden, 7), 1e-7); /* SciPy's root of a difference */
        check_near(out.hellinger, golden_number(&golden, 8), 1e-7);
        check_near(out.l_inf, golden_number(&golden, 9), 1e-12);
        check_near(out.psi, golden_number(&golden, 10), 1e-10);
        const double chi2 = golden_number(&golden, 11);
        if (!isnan(chi2)) { /* nan in the file: cells that tend merges */
            check_near(out.chi2, chi2, 1e-10);
        }
        rows++;
    }
    assert_int_equal(rows, 24);
}

static void excess_is_small_without_drift_and_whole_with_it(void **state)
{
    (void)state;
    /* Expected counts exactly: no excess at all, though psi etc. would be 0 anyway; then a large
     * drift. */
    const uint64_t same_ref[4] = {100, 200, 300, 400};
    const uint64_t same_cur[4] = {10, 20, 30, 40};
    const double x[4] = {0, 1, 2, 3};
    struct tend__two_sample out;
    tend__two_sample_counts(same_ref, same_cur, x, 4, &out);
    assert_true(out.psi == 0.0 && out.ks == 0.0 && out.excess_js == 0.0 &&
                out.excess_w1_normalised == 0.0);
    const uint64_t far_ref[4] = {40000, 30000, 20000, 10000};
    const uint64_t far_cur[4] = {10000, 20000, 30000, 40000};
    tend__two_sample_counts(far_ref, far_cur, x, 4, &out);
    assert_near(out.excess_js / out.js, 1.0, 1e-3);
    assert_near(out.excess_w1_normalised / out.w1_normalised, 1.0, 1e-3);
    assert_near(out.w1, 1.0, 1e-12);
    assert_near(out.w1_normalised, 1.0, 1e-12);
}

static void counts_that_cannot_be_compared_say_nothing(void **state)
{
    (void)state;
    const uint64_t none[3] = {0, 0, 0};
    const uint64_t some[3] = {5, 6, 7};
    const uint64_t one[3] = {0, 9, 0};
    const double x[3] = {1, 2, 3};
    const uint64_t *pairs[][2] = {{none, some}, {some, none}, {none, none}, {one, one}};
    struct tend__two_sample out;
    for (size_t i = 0; i < TEND_ARRAY_LEN(pairs); i++) {
        tend__two_sample_counts(pairs[i][0], pairs[i][1], x, 3, &out);
        assert_true(out.psi == 0.0 && out.ks == 0.0 && out.chi2 == 0.0 && out.excess_js == 0.0);
    }
    tend__two_sample_counts(NULL, NULL, NULL, 0, &out);
    assert_true(out.psi == 0.0 && isnan(out.ks));
    /* One row each, in different cells: everything is defined, and chance
     * explains it. */
    const uint64_t first[2] = {1, 0};
    const uint64_t second[2] = {0, 1};
    tend__two_sample_counts(first, second, x, 2, &out);
    assert_true(out.ks == 1.0 && out.l_inf == 1.0 && out.js == 1.0);
    assert_near(out.excess_js, 0.0, 1e-6);
    /* Separate supports of a billion rows each. */
    const uint64_t left[2] = {1000000000, 0};
    const uint64_t right[2] = {0, 1000000000};
    tend__two_sample_counts(left, right, x, 2, &out);
    assert_true(out.js == 1.0 && out.hellinger == 1.0);
    assert_true(isfinite(out.psi) && isnan(out.w1_normalised));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_match_scipy),
        cmocka_unit_test(excess_is_small_without_drift_and_whole_with_it),
        cmocka_unit_test(counts_that_cannot_be_compared_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
