/* SPDX-License-Identifier: Apache-2.0 */
/*
 * special_test.c: distribution functions and quantiles against SciPy (tests/golden/special.csv),
 * inverses against each other, and arguments outside of the domains.
 */
#include "unit.h"

#include "golden.h"

#include "base/compiler.h"
#include "stat/special.h"

#include <math.h>

static double call_binomial_at_least(double k, double n, double p)
{
    return tend__binomial_at_least((uint64_t)k, (uint64_t)n, p);
}

static double call_binomial_at_most(double k, double n, double p)
{
    return tend__binomial_at_most((uint64_t)k, (uint64_t)n, p);
}

struct named {
    const char *name;
    double (*one)(double);
    double (*two)(double, double);
    double (*three)(double, double, double);
    double tolerance; /* relative */
};

/* Where a tolerance is above 1e-12 SciPy's own error or the conditioning of the argument is what is
 * seen. */
static const struct named FUNCTIONS[] = {
    {"normal_cdf", tend__normal_cdf, NULL, NULL, 1e-12},
    {"normal_sf", tend__normal_sf, NULL, NULL, 1e-12},
    {"normal_quantile", tend__normal_quantile, NULL, NULL, 1e-12},
    {"gamma_p", NULL, tend__gamma_p, NULL, 1e-12},
    {"gamma_q", NULL, tend__gamma_q, NULL, 1e-12},
    {"chi2_sf", NULL, tend__chi2_sf, NULL, 1e-12},
    {"chi2_quantile", NULL, tend__chi2_quantile, NULL, 1e-12},
    {"beta_cdf", NULL, NULL, tend__beta_cdf, 1e-12},
    {"student_cdf", NULL, tend__student_cdf, NULL, 1e-12},
    {"student_quantile", NULL, tend__student_quantile, NULL, 1e-12},
    {"binomial_at_least", NULL, NULL, call_binomial_at_least, 1e-12},
    {"binomial_at_most", NULL, NULL, call_binomial_at_most, 3e-12},
    {"kolmogorov_sf", tend__kolmogorov_sf, NULL, NULL, 1e-12},
};

static double call(const struct named *f, double a, double b, double c)
{
    if (f->one != NULL) {
        return f->one(a);
    }
    return f->two != NULL ? f->two(a, b) : f->three(a, b, c);
}

static void every_function_matches_scipy(void **state)
{
    (void)state;
    struct golden golden;
    assert_true(golden_open(&golden, "special.csv"));
    double worst[TEND_ARRAY_LEN(FUNCTIONS)] = {0};
    int rows = 0;
    int bad = 0;
    while (golden_next(&golden)) {
        size_t i = 0;
        while (i < TEND_ARRAY_LEN(FUNCTIONS) && strcmp(FUNCTIONS[i].name, golden.fields[0]) != 0) {
            i++;
        }
        assert_true(i < TEND_ARRAY_LEN(FUNCTIONS));
        const double a = golden_number(&golden, 1);
        const double b = golden_number(&golden, 2);
        const double c = golden_number(&golden, 3);
        const double want = golden_number(&golden, 4);
        const double got = call(&FUNCTIONS[i], a, b, c);
        const double error = want == got ? 0.0 : fabs(got - want) / fmax(fabs(want), 1e-290);
        worst[i] = fmax(worst[i], error);
        rows++;
        if (!(error <= FUNCTIONS[i].tolerance)) {
            print_message("%s(%.17g, %.17g, %.17g) = %.17g, not %.17g (%.1e)\n", golden.fields[0],
                          a, b, c, got, want, error);
            bad++;
        }
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(FUNCTIONS); i++) {
        print_message("%-20s worst relative error %.1e\n", FUNCTIONS[i].name, worst[i]);
    }
    assert_true(rows > 900);
    assert_int_equal(bad, 0);
}

static void quantiles_invert_their_distributions(void **state)
{
    (void)state;
    for (int i = 1; i < 100; i++) {
        const double p = i / 100.0;
        assert_near(tend__normal_cdf(tend__normal_quantile(p)), p, 1e-14);
        for (double df = 0.3; df < 1e5; df *= 2.7) {
            assert_near(tend__chi2_cdf(tend__chi2_quantile(p, df), df), p, 1e-12);
            assert_near(tend__student_cdf(tend__student_quantile(p, df), df), p, 1e-12);
        }
    }
}

static void edges_and_nonsense_have_written_answers(void **state)
{
    (void)state;
    assert_true(isnan(tend__normal_quantile(1.5)));
    assert_true(isnan(tend__normal_quantile((double)NAN)));
    assert_true(tend__normal_quantile(0.0) == (double)-INFINITY);
    assert_true(isnan(tend__gamma_p(0.0, 1.0)));
    assert_true(isnan(tend__gamma_q(1.0, -1.0)));
    assert_true(tend__gamma_q(1.0, (double)INFINITY) == 0.0);
    assert_true(tend__chi2_sf(0.0, 3.0) == 1.0);
    assert_true(tend__chi2_sf(-1.0, 3.0) == 1.0);
    assert_true(isnan(tend__student_cdf(1.0, -1.0)));
    assert_near(tend__student_cdf(1.0, (double)INFINITY), tend__normal_cdf(1.0), 0.0);
    assert_true(tend__student_cdf((double)INFINITY, 3.0) == 1.0);
    assert_true(tend__student_cdf((double)-INFINITY, 3.0) == 0.0);
    assert_true(tend__beta_cdf(0.0, 2.0, 3.0) == 0.0);
    assert_true(tend__beta_cdf(1.0, 2.0, 3.0) == 1.0);
    assert_true(tend__binomial_at_least(0, 10, 0.0) == 1.0);
    assert_true(tend__binomial_at_least(1, 10, 0.0) == 0.0);
    assert_true(tend__binomial_at_least(11, 10, 1.0) == 0.0);
    assert_true(tend__binomial_at_most(10, 10, 0.3) == 1.0);
    assert_true(tend__kolmogorov_sf(0.0) == 1.0);
    assert_true(isnan(tend__kolmogorov_sf((double)NAN)));
    assert_true(tend__poisson_density(0.0, 0.0) == 1.0);
    /* Wilson and Hilferty beyond 1e8 joins on. */
    assert_near(tend__gamma_q(1.01e8, 1.01e8 + 2e4), tend__normal_sf(1.98994), 2e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_matches_scipy),
        cmocka_unit_test(quantiles_invert_their_distributions),
        cmocka_unit_test(edges_and_nonsense_have_written_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
