/* SPDX-License-Identifier: Apache-2.0 */
/* weighted_chi2_test.c: tails against Imhof's integral and closed forms
 * (tests/golden/weighted_chi2.csv), and what must hold at the ends. */
#include "unit.h"

#include "golden.h"
#include "stat/special.h"
#include "stat/weighted_chi2.h"

#include <math.h>

#define WEIGHTS_MAX 300

static size_t read_weights(char *text, double *out)
{
    size_t count = 0;
    for (char *at = text; *at != '\0' && count < WEIGHTS_MAX;) {
        out[count++] = strtod(at, &at);
        at += strspn(at, " ");
    }
    return count;
}

/* The saddle point's relative error: largest, and on the safe side, where one weight outweighs the
 * rest. */
static void tails_match_the_integral(void **state)
{
    (void)state;
    struct golden golden;
    double weights[WEIGHTS_MAX];
    size_t count = 0;
    assert_true(golden_open(&golden, "weighted_chi2.csv"));
    while (golden_next(&golden)) {
        const size_t n = read_weights(golden.fields[0], weights);
        const double expected = golden_number(&golden, 2);
        const double got = tend__weighted_chi2_sf(weights, n, golden_number(&golden, 1));
        const double tolerance = n == 1 ? 1e-10 : 0.11;
        if (!(fabs(got / expected - 1) < tolerance)) {
            print_message("n %zu x %g: %g for %g, off by %.1f %%\n", n, golden_number(&golden, 1),
                          got, expected, 100 * (got / expected - 1));
        }
        assert_near(got / expected, 1, tolerance);
        count++;
    }
    assert_true(count > 70);
}

/* Through the mean, where the formula is patched, it neither jumps nor rises. */
static void the_tail_falls_smoothly_through_the_mean(void **state)
{
    (void)state;
    const double weights[] = {1, 0.5, 0.25, 0, 0.1};
    double before = tend__weighted_chi2_sf(weights, 5, 1.80);
    for (int i = 1; i <= 1000; i++) {
        const double x = 1.80 + 1e-4 * i;
        const double now = tend__weighted_chi2_sf(weights, 5, x);
        assert_true(now < before);
        assert_near(before - now, 2.35e-5, 2e-5);
        before = now;
    }
}

static void the_ends_are_defined(void **state)
{
    (void)state;
    const double weights[] = {1e-200, 3e-200, 0};
    assert_true(tend__weighted_chi2_sf(weights, 3, 0) == 1.0);
    assert_true(tend__weighted_chi2_sf(weights, 3, -1) == 1.0);
    assert_true(tend__weighted_chi2_sf(weights, 3, (double)INFINITY) == 0.0);
    assert_true(isnan(tend__weighted_chi2_sf(weights, 3, (double)NAN)));
    assert_true(tend__weighted_chi2_sf(weights + 2, 1, 1) == 0.0);
    assert_true(tend__weighted_chi2_sf(NULL, 0, 1) == 0.0);
    assert_true(tend__weighted_chi2_sf(weights, 3, 1e-300) > 0.99);
    const double p = tend__weighted_chi2_sf(weights, 3, 4e-200);
    assert_true(p > 0.3 && p < 0.4);
    assert_true(tend__weighted_chi2_sf(weights, 3, 1e-190) == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_match_the_integral),
        cmocka_unit_test(the_tail_falls_smoothly_through_the_mean),
        cmocka_unit_test(the_ends_are_defined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
