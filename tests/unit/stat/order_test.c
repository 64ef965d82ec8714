/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order_test.c: q-values, isotonic regression and weighted quantiles against naive versions of
 * their definitions and published examples.
 */
#include "unit.h"

#include "base/compiler.h"
#include "base/rng.h"
#include "stat/isotonic.h"
#include "stat/multiplicity.h"
#include "stat/order.h"
#include "stat/quantile.h"

#include <math.h>

static void q_values_match_the_example_of_benjamini_and_hochberg(void **state)
{
    (void)state;
    /* Benjamini and Hochberg (1995), section 3.1, 15 p-values: four are discoveries at .05. Given
     * in another order. */
    const double p[15] = {0.0278, 0.0001, 1.0000, 0.0004, 0.4262, 0.0019, 0.0095, 0.0201,
                          0.0298, 0.0344, 0.0459, 0.3240, 0.5719, 0.6528, 0.7590};
    double q[15];
    size_t scratch[15];
    int found = 0;
    tend__bh_qvalues(p, 15, q, scratch);
    for (size_t i = 0; i < 15; i++) {
        found += q[i] <= 0.05;
    }
    assert_int_equal(found, 4);
    assert_near(q[1], 0.0015, 1e-12);
    assert_near(q[3], 0.003, 1e-12);
    assert_near(q[5], 0.0095, 1e-12);
    assert_near(q[6], 0.0095 * 15 / 4, 1e-12);
    assert_near(q[2], 1.0, 1e-12);
}

static void q_values_match_their_definition(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 51);
    for (int repeat = 0; repeat < 200; repeat++) {
        double p[40];
        double q[40];
        size_t scratch[40];
        const size_t n = 1 + (size_t)tend__rng_below(&rng, 40);
        for (size_t i = 0; i < n; i++) {
            const double u = tend__rng_uniform(&rng);
            p[i] = u < 0.1 ? (double)NAN : floor(u * u * 50) / 50; /* ties */
        }
        tend__bh_qvalues(p, n, q, scratch);
        double tests = 0;
        for (size_t i = 0; i < n; i++) {
            tests += !isnan(p[i]);
        }
        for (size_t i = 0; i < n; i++) {
            /* min over levels t >= p of tests t / #{p <= t} */
            double want = isnan(p[i]) ? (double)NAN : 1.0;
            for (size_t j = 0; j < n; j++) {
                double count = 0;
                for (size_t k = 0; k < n; k++) {
                    count += p[k] <= p[j];
                }
                if (p[j] >= p[i]) {
                    want = fmin(want, tests * p[j] / count);
                }
            }
            assert_true(isnan(want) ? isnan(q[i]) : fabs(q[i] - want) < 1e-12);
        }
        tend__bh_qvalues(p, n, p, scratch); /* in place */
        for (size_t i = 0; i < n; i++) {
            assert_true(isnan(q[i]) ? isnan(p[i]) : fabs(p[i] - q[i]) <= 0.0);
        }
    }
    tend__bh_qvalues(NULL, 0, NULL, NULL);
}

/* max over a <= i of min over b >= i of the weighted mean of a..b (Barlow et al. 1972,
 * equation 1.9). */
static double min_max_fit(const double *y, const double *w, size_t n, size_t i)
{
    double best = (double)-INFINITY;
    for (size_t a = 0; a <= i; a++) {
        double least = (double)INFINITY;
        for (size_t b = i; b < n; b++) {
            double sum = 0;
            double weight = 0;
            for (size_t j = a; j <= b; j++) {
                sum += w[j] * y[j];
                weight += w[j];
            }
            least = weight > 0 ? fmin(least, sum / weight) : least;
        }
        best = fmax(best, least);
    }
    return best;
}

static void isotonic_fits_match_the_min_max_formula(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 52);
    for (int repeat = 0; repeat < 300; repeat++) {
        double y[25];
        double w[25];
        double fit[25];
        struct tend__isotonic_block scratch[25];
        const size_t n = 1 + (size_t)tend__rng_below(&rng, 25);
        for (size_t i = 0; i < n; i++) {
            y[i] = 0.1 * (double)i + tend__rng_normal(&rng);
            w[i] = 0.01 + tend__rng_uniform(&rng) * 3;
        }
        tend__isotonic(y, w, n, fit, scratch);
        for (size_t i = 0; i < n; i++) {
            assert_near(fit[i], min_max_fit(y, w, n, i), 1e-12);
            assert_true(i == 0 || fit[i] >= fit[i - 1]);
        }
        tend__isotonic(y, w, n, y, scratch); /* in place */
        for (size_t i = 0; i < n; i++) {
            assert_near(y[i], fit[i], 0.0);
        }
    }
}

static void weights_of_zero_do_not_pull(void **state)
{
    (void)state;
    const double y[] = {100, 3, (double)NAN, 1, -50, 5};
    const double w[] = {0, 1, 0, 1, 0, 2};
    double fit[6];
    struct tend__isotonic_block scratch[6];
    tend__isotonic(y, w, 6, fit, scratch);
    const double want[] = {2, 2, 2, 2, 2, 5};
    for (size_t i = 0; i < 6; i++) {
        assert_near(fit[i], want[i], 1e-15);
    }
    const double none[] = {0, 0, 0, 0, 0, 0};
    tend__isotonic(y, none, 6, fit, scratch);
    for (size_t i = 0; i < 6; i++) {
        assert_near(fit[i], 0.0, 0.0);
    }
    const double falling[] = {3, 2, 1};
    tend__isotonic(falling, NULL, 3, fit, scratch);
    assert_near(fit[0], 2.0, 1e-15);
    assert_near(fit[2], 2.0, 1e-15);
    tend__isotonic(NULL, NULL, 0, NULL, NULL);
}

static void quantiles_are_the_inverse_of_the_weighted_distribution(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 53);
    for (int repeat = 0; repeat < 300; repeat++) {
        double x[30];
        double w[30];
        size_t scratch[30];
        const size_t n = 1 + (size_t)tend__rng_below(&rng, 30);
        double total = 0;
        for (size_t i = 0; i < n; i++) {
            x[i] = floor(tend__rng_uniform(&rng) * 10);
            w[i] = i % 5 == 4 ? 0.0 : 0.1 + tend__rng_uniform(&rng);
            total += w[i];
        }
        const double p = tend__rng_uniform(&rng);
        const double q = tend__weighted_quantile(x, w, n, p, scratch);
        bool beyond = false;
        const double c = tend__conformal_quantile(x, w, n, p, scratch, &beyond);
        double below = 0;
        double at = 0;
        double conformal = 0;
        double largest = (double)-INFINITY;
        for (size_t i = 0; i < n; i++) {
            below += x[i] < q ? w[i] : 0;
            at += x[i] <= q ? w[i] : 0;
            conformal += x[i] <= c ? w[i] : 0;
            largest = w[i] > 0 ? fmax(largest, x[i]) : largest;
        }
        assert_true(at >= p * total * (1 - 1e-9) && below < p * total);
        assert_true(c >= q);
        if (beyond) {
            assert_true(c == largest && p * (total + 1) > total * (1 - 1e-9));
        } else {
            assert_true(conformal >= p * (total + 1) * (1 - 1e-9));
        }
    }
}

static void conformal_quantiles_follow_the_rank_formula(void **state)
{
    (void)state;
    /* Equal weights: the ceil(p (n + 1))-th smallest of n (Vovk; Papadopoulos et al. 2002). */
    double x[20];
    size_t scratch[20];
    bool beyond = true;
    for (size_t i = 0; i < 20; i++) {
        x[i] = (double)((i * 7) % 20 + 1);
    }
    assert_near(tend__conformal_quantile(x, NULL, 19, 0.9, scratch, &beyond),
                x[19] <= 18.0 ? 19.0 : 18.0, 0.0);
    assert_false(beyond);
    /* n = 8: ceil(.9 x 9) = 9 > 8: infinity, given as the largest */
    const double few[] = {5, 1, 4, 2, 8, 3, 7, 6};
    assert_near(tend__conformal_quantile(few, NULL, 8, 0.9, scratch, &beyond), 8.0, 0.0);
    assert_true(beyond);
    /* n = 9: ceil(9) = 9 */
    const double nine[] = {5, 1, 4, 2, 8, 3, 7, 6, 9};
    assert_near(tend__conformal_quantile(nine, NULL, 9, 0.9, scratch, &beyond), 9.0, 0.0);
    assert_false(beyond);
    assert_true(isnan(tend__conformal_quantile(nine, NULL, 0, 0.9, scratch, NULL)));
    const double mixed[] = {(double)NAN, 2.0, 1.0};
    assert_near(tend__weighted_quantile(mixed, NULL, 3, 0.5, scratch), 1.0, 0.0);
}

static void indices_are_sorted_with_ties_in_order(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 54);
    for (int repeat = 0; repeat < 200; repeat++) {
        double x[64];
        size_t idx[64];
        bool seen[64] = {false};
        const size_t n = (size_t)tend__rng_below(&rng, 64);
        for (size_t i = 0; i < n; i++) {
            x[i] = (double)tend__rng_below(&rng, 12);
            idx[i] = i;
        }
        tend__order_indices(x, idx, n);
        for (size_t i = 0; i < n; i++) {
            assert_false(seen[idx[i]]);
            seen[idx[i]] = true;
            assert_true(i == 0 || x[idx[i - 1]] < x[idx[i]] ||
                        (x[idx[i - 1]] == x[idx[i]] && idx[i - 1] < idx[i]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q_values_match_the_example_of_benjamini_and_hochberg),
        cmocka_unit_test(q_values_match_their_definition),
        cmocka_unit_test(isotonic_fits_match_the_min_max_formula),
        cmocka_unit_test(weights_of_zero_do_not_pull),
        cmocka_unit_test(quantiles_are_the_inverse_of_the_weighted_distribution),
        cmocka_unit_test(conformal_quantiles_follow_the_rank_formula),
        cmocka_unit_test(indices_are_sorted_with_ties_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
