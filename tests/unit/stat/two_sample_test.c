/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_sample_test.c: distances against SciPy (tests/golden/two_sample.csv), p-values against exact
 * conditional distributions found by enumeration, effect sizes, and degenerate counts.
 */
#include "unit.h"

#include "golden.h"

#include "base/compiler.h"
#include "stat/special.h"
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
        const double p = golden_number(&golden, 12);
        if (!isnan(chi2)) { /* nan in the file: cells that tend merges */
            check_near(out.chi2, chi2, 1e-10);
            /* the conditional variance is a little below 2 df, so that the tails differ */
            assert_near(log(out.p.chi2), log(p), 0.02 + 0.05 * fabs(log(p)));
        }
        rows++;
    }
    assert_int_equal(rows, 24);
}

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* The statistic and its p-value; which = 0 chi2, 1 ks, 2 l_inf, 3 psi, 4 js, 5 hellinger, 6 w1. */
static double pick(const struct tend__two_sample *s, int which)
{
    const double all[] = {s->chi2, s->ks, s->l_inf, s->psi, s->js, s->hellinger, s->w1};
    return all[which];
}

static double pick_p(const struct tend__two_sample *s, int which)
{
    const double all[] = {s->p.chi2, s->p.ks,        s->p.l_inf, s->p.psi,
                          s->p.js,   s->p.hellinger, s->p.w1};
    return all[which];
}

static const double PLACES[3] = {0.0, 1.0, 3.0};

static void exact_p(const uint64_t *t, uint64_t n, const struct tend__two_sample *seen, double p[7])
{
    double total = 0;
    for (int i = 0; i < 7; i++) {
        p[i] = 0;
    }
    for (uint64_t a = 0; a <= t[0] && a <= n; a++) {
        for (uint64_t b = 0; b <= t[1] && a + b <= n; b++) {
            const uint64_t c = n - a - b;
            if (c > t[2]) {
                continue;
            }
            const uint64_t cur[3] = {a, b, c};
            const uint64_t ref[3] = {t[0] - a, t[1] - b, t[2] - c};
            const double weight =
                exp(log_choose((double)t[0], (double)a) + log_choose((double)t[1], (double)b) +
                    log_choose((double)t[2], (double)c) -
                    log_choose((double)(t[0] + t[1] + t[2]), (double)n));
            struct tend__two_sample s;
            tend__two_sample_counts(ref, cur, PLACES, 3, &s);
            total += weight;
            for (int i = 0; i < 7; i++) {
                p[i] += pick(&s, i) >= pick(seen, i) * (1 - 1e-12) ? weight : 0;
            }
        }
    }
    assert_near(total, 1.0, 1e-9);
}

static void p_values_are_near_the_exact_conditional_ones(void **state)
{
    (void)state;
    static const char *names[] = {"chi2", "ks", "l_inf", "psi", "js", "hellinger", "w1"};
    const uint64_t refs[][3] = {
        {30, 50, 40}, {60, 20, 20}, {100, 10, 30}, {20, 20, 20}, {45, 60, 35}};
    const uint64_t curs[][3] = {
        {25, 15, 20}, {20, 20, 10}, {50, 12, 20}, {30, 20, 8}, {20, 10, 20}};
    for (size_t i = 0; i < TEND_ARRAY_LEN(refs); i++) {
        struct tend__two_sample seen;
        tend__two_sample_counts(refs[i], curs[i], PLACES, 3, &seen);
        uint64_t t[3];
        for (size_t j = 0; j < 3; j++) {
            t[j] = refs[i][j] + curs[i][j];
        }
        double exact[7];
        exact_p(t, (uint64_t)seen.cur_count, &seen, exact);
        for (int which = 0; which < 7; which++) {
            const double ratio = pick_p(&seen, which) / exact[which];
            if (!(ratio > 0.6 && ratio < 1.7)) {
                fail_msg("%s of table %zu: p %.5g, exact %.5g", names[which], i,
                         pick_p(&seen, which), exact[which]);
            }
        }
    }
}

static void two_cells_give_the_exact_test(void **state)
{
    (void)state;
    /* Fisher's table {3, 97; 12, 88}: P(|difference| >= 9 of 100) by the hypergeometric
     * distribution */
    const uint64_t ref[2] = {3, 97};
    const uint64_t cur[2] = {12, 88};
    double want = 0;
    for (int x = 0; x <= 15; x++) {
        if (abs(2 * x - 15) >= 9) {
            want += exp(log_choose(15, x) + log_choose(185, 100 - x) - log_choose(200, 100));
        }
    }
    struct tend__two_sample out;
    tend__two_sample_counts(ref, cur, NULL, 2, &out);
    assert_near(out.p_value, want, 1e-9);
    assert_true(isnan(out.ks) && isnan(out.p.w1) && isnan(out.excess.w1_normalised));
}

static void many_bins_and_rows_approach_the_continuous_limit(void **state)
{
    (void)state;
    static uint64_t ref[2000];
    static uint64_t cur[2000];
    static double positions[2000];
    for (size_t j = 0; j < 2000; j++) {
        ref[j] = 500;
        cur[j] = j < 4 ? 1000U : (j >= 1000 && j < 1004 ? 0U : 500U);
        positions[j] = (double)j;
    }
    struct tend__two_sample out;
    tend__two_sample_counts(ref, cur, positions, 2000, &out);
    assert_near(out.ks, 2000.0 / 1e6, 1e-12);
    assert_near(out.p.ks, tend__kolmogorov_sf(0.002 * sqrt(1e6 / 2)), 1e-5);
}

static void fewer_cuts_never_raise_the_p_of_a_distance(void **state)
{
    (void)state;
    /* The same ks of .1 with 2, 4, 8 .. 64 equal bins: the null's maximum is over more cuts. */
    double before = 0;
    for (size_t k = 2; k <= 64; k *= 2) {
        uint64_t ref[64];
        uint64_t cur[64];
        double positions[64];
        for (size_t j = 0; j < k; j++) {
            ref[j] = 64000 / k;
            cur[j] = j < k / 2 ? 768 / k : 512 / k;
            positions[j] = (double)j;
        }
        struct tend__two_sample out;
        tend__two_sample_counts(ref, cur, positions, k, &out);
        assert_near(out.ks, 0.1, 1e-9);
        assert_true(out.p.ks >= before * (1 - 1e-3));
        before = out.p.ks;
    }
    assert_true(before <= tend__kolmogorov_sf(0.0992 * sqrt(64000.0 * 640 / 64640)));
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
    assert_true(out.psi == 0.0 && out.ks == 0.0 && out.excess.psi == 0.0 && out.excess.js == 0.0);
    assert_true(out.p_value == 1.0 && out.p.psi > 0.99);
    const uint64_t far_ref[4] = {40000, 30000, 20000, 10000};
    const uint64_t far_cur[4] = {10000, 20000, 30000, 40000};
    tend__two_sample_counts(far_ref, far_cur, x, 4, &out);
    assert_near(out.excess.psi / out.psi, 1.0, 1e-3);
    assert_near(out.excess.js / out.js, 1.0, 1e-3);
    assert_near(out.excess.hellinger / out.hellinger, 1.0, 1e-3);
    assert_near(out.excess.ks / out.ks, 1.0, 1e-3);
    assert_near(out.excess.w1 / out.w1, 1.0, 1e-3);
    assert_near(out.excess.l_inf / out.l_inf, 1.0, 1e-3);
    assert_near(out.w1, 1.0, 1e-12);
    assert_near(out.w1_normalised, 1.0, 1e-12);
    assert_true(out.p_value < 1e-12);
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
        assert_true(out.p_value == 1.0 && out.psi == 0.0 && out.ks == 0.0 && out.chi2 == 0.0);
    }
    tend__two_sample_counts(NULL, NULL, NULL, 0, &out);
    assert_true(out.p_value == 1.0);
    /* One row each, in different cells: everything is defined, nothing is significant. */
    const uint64_t first[2] = {1, 0};
    const uint64_t second[2] = {0, 1};
    tend__two_sample_counts(first, second, x, 2, &out);
    assert_true(out.p_value > 0.999 && out.ks == 1.0 && out.l_inf == 1.0);
    const double p[] = {out.p.psi,       out.p.ks,    out.p.w1,  out.p.js,
                        out.p.hellinger, out.p.l_inf, out.p.chi2};
    for (size_t i = 0; i < TEND_ARRAY_LEN(p); i++) {
        assert_true(p[i] >= 0.0 && p[i] <= 1.0);
    }
    /* Separate supports of a billion rows each. */
    const uint64_t left[2] = {1000000000, 0};
    const uint64_t right[2] = {0, 1000000000};
    tend__two_sample_counts(left, right, x, 2, &out);
    assert_true(out.p_value < 1e-12 && out.js == 1.0 && out.hellinger == 1.0);
    assert_true(isfinite(out.psi) && isnan(out.w1_normalised));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_match_scipy),
        cmocka_unit_test(p_values_are_near_the_exact_conditional_ones),
        cmocka_unit_test(two_cells_give_the_exact_test),
        cmocka_unit_test(many_bins_and_rows_approach_the_continuous_limit),
        cmocka_unit_test(fewer_cuts_never_raise_the_p_of_a_distance),
        cmocka_unit_test(excess_is_small_without_drift_and_whole_with_it),
        cmocka_unit_test(counts_that_cannot_be_compared_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
