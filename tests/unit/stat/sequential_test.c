/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sequential_test.c: the evidence against numerical integration (tests/golden/evidence.csv), the
 * watch against a plain quadratic-time version of its definition, degenerate windows, and failed
 * allocations.
 */
#include "unit.h"

#include "golden.h"

#include "base/mem.h"
#include "base/rng.h"
#include "stat/sequential.h"

#include <math.h>

static void the_evidence_matches_numerical_integration(void **state)
{
    (void)state;
    static const double proof[] = {0.25, 1.0, 4.0, 16.0, 64.0};
    struct golden golden;
    assert_true(golden_open(&golden, "evidence.csv"));
    int rows = 0;
    while (golden_next(&golden)) {
        const size_t k = (size_t)golden_number(&golden, 0);
        const double mean = golden_number(&golden, 1);
        const double squares = golden_number(&golden, 2);
        const double degrees = golden_number(&golden, 3);
        const double four = golden_number(&golden, 4);
        const double five = golden_number(&golden, 5);
        assert_near(tend__tsr_evidence(k, mean, squares, degrees) / four, 1.0, 1e-8);
        assert_near(tend__tsr_evidence_grid(k, mean, squares, degrees, proof, 5) / five, 1.0, 1e-8);
        rows++;
    }
    assert_int_equal(rows, 25);
}

static void evidence_of_degenerate_windows_is_a_number(void **state)
{
    (void)state;
    /* no spread and no mean: the mean of (1 + g k)^(-1/2), no evidence */
    double want = 0;
    for (int g = 1; g <= 64; g *= 4) {
        want += 1.0 / sqrt(1.0 + 0.25 * g * 5) / 4.0;
    }
    assert_near(tend__tsr_evidence(5, 0.0, 0.0, 5.0), want, 1e-14);
    assert_true(want < 1.0);
    /* all windows equal and above 0: SS = k D^2 */
    const double equal = tend__tsr_evidence(5, 0.1, 5 * 0.1 * 0.1, 5.0);
    assert_true(isfinite(equal) && equal > 1.0);
    /* the scale does not matter, however small */
    assert_near(tend__tsr_evidence(5, 1e-150, 6e-300, 5.0) / tend__tsr_evidence(5, 1.0, 6.0, 5.0),
                1.0, 1e-9);
    /* squares that rounding has put below k D^2 count as k D^2 */
    assert_near(tend__tsr_evidence(5, 0.1, 5 * 0.1 * 0.1 * (1 - 1e-12), 5.0) / equal, 1.0, 1e-9);
    assert_true(tend__tsr_evidence(90, 1.0, 90.0, 4000.0) == TEND_EVIDENCE_MAX);
    assert_true(tend__tsr_evidence(5, -0.1, 5 * 0.1 * 0.1, 5.0) < 1.0);
    assert_true(tend__tsr_evidence(5, -0.1, 5 * 0.1 * 0.1, 5.0) >= 0.0);
    assert_true(isnan(tend__tsr_evidence(5, (double)NAN, 1.0, 5.0)));
    assert_true(isnan(tend__tsr_evidence(0, 1.0, 1.0, 5.0)));
    assert_true(isnan(tend__tsr_evidence(2, 1.0, 2.0, 0.0)));
}

/* The watch as it is written in docs/methods/harm-watch.md, with everything kept and nothing
 * clever. */
struct plain_watch {
    double y[600];
    size_t reference_count;
    size_t count; /* with the reference */
    size_t first; /* first start that still counts */
    double rho;
    double before;
    bool has_before;
};

static double plain_whiten(struct plain_watch *w, double u)
{
    const double y = w->has_before ? (u - w->rho * w->before) / (1 - w->rho) : u;
    w->before = u;
    w->has_before = true;
    return y;
}

static void plain_start(struct plain_watch *w, const double *x, size_t m, double tolerance,
                        bool whiten)
{
    *w = (struct plain_watch){.reference_count = m, .count = m, .first = m};
    double mean = 0;
    for (size_t i = 0; i < m; i++) {
        mean += x[i] / (double)m;
    }
    double top = 0;
    double bottom = 0;
    for (size_t i = 0; i < m; i++) {
        bottom += (x[i] - mean) * (x[i] - mean);
        top += i > 0 ? (x[i] - mean) * (x[i - 1] - mean) : 0;
    }
    if (whiten && m >= 56) {
        w->rho = fmin(0.8, fmax(0.0, top / bottom + 1.0 / (double)m));
    }
    for (size_t i = 0; i < m; i++) {
        w->y[i] = plain_whiten(w, x[i] - tolerance);
    }
}

static double plain_push(struct plain_watch *w, double u, double threshold)
{
    const size_t m = w->reference_count;
    double y = plain_whiten(w, u);
    double squares = 0;
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (i < m || i + 90 >= w->count) {
            squares += w->y[i] * w->y[i];
            n++;
        }
    }
    if (n >= 8 && squares > 0) {
        y = fmin(y, 3 * sqrt(squares / (double)n));
    }
    w->y[w->count++] = y;
    squares = 0;
    n = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (i < m || i + 90 >= w->count) {
            squares += w->y[i] * w->y[i];
            n++;
        }
    }
    double total = 0;
    for (size_t s = w->first; s + 1 < w->count; s++) {
        if (s + 90 < w->count) {
            continue;
        }
        const size_t k = w->count - s;
        double mean = 0;
        double own = 0;
        for (size_t i = s; i < w->count; i++) {
            mean += w->y[i] / (double)k;
            own += w->y[i] * w->y[i];
        }
        total += fmin(tend__tsr_evidence(k, mean, own, (double)k),
                      tend__tsr_evidence(k, mean, squares, (double)n));
    }
    if (total >= threshold) {
        w->first = w->count;
    }
    return total;
}

static void the_watch_does_what_its_definition_says(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 31);
    const size_t reference_counts[] = {0, 1, 8, 55, 56, 100};
    int alarms = 0;
    for (size_t c = 0; c < TEND_ARRAY_LEN(reference_counts); c++) {
        for (int whiten = 0; whiten < 2; whiten++) {
            double reference[100];
            for (size_t i = 0; i < 100; i++) {
                reference[i] = tend__rng_normal(&rng) + (i > 0 ? 0.3 * reference[i - 1] : 0);
            }
            const struct tend__harm_watch_options options = {.tolerance = 0.15,
                                                             .threshold = 100,
                                                             .reference = reference,
                                                             .reference_count = reference_counts[c],
                                                             .whiten = whiten == 1};
            struct tend__harm_watch *watch = NULL;
            struct tend_error err = {0};
            assert_tend_ok(tend__harm_watch_new(&options, &watch, &err), &err);
            static struct plain_watch plain;
            plain_start(&plain, reference, reference_counts[c], 0.15, whiten == 1);
            assert_near(tend__harm_watch_rho(watch), plain.rho, 1e-12);
            for (int t = 0; t < 250; t++) {
                const double x = tend__rng_normal(&rng) + (t > 120 ? 1.0 : 0.15);
                struct tend__harm_state now;
                tend__harm_watch_push(watch, x, &now);
                const double want = plain_push(&plain, x - 0.15, 100);
                assert_near(now.evidence / fmax(want, 1e-9), 1.0, want > 0 ? 1e-9 : 1e9);
                assert_true(now.alarm == (want >= 100));
                alarms += now.alarm;
            }
            tend__harm_watch_free(watch);
        }
    }
    assert_true(alarms > 12);
}

static void harm_is_found_and_dated(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 32);
    struct tend__harm_watch *watch = NULL;
    struct tend_error err = {0};
    assert_tend_ok(
        tend__harm_watch_new(&(struct tend__harm_watch_options){.threshold = 365}, &watch, &err),
        &err);
    struct tend__harm_state now = {0};
    int t = 0;
    for (; t < 200 && !now.alarm; t++) {
        tend__harm_watch_push(watch, tend__rng_normal(&rng) + (t >= 60 ? 1.2 : -0.1), &now);
    }
    assert_true(now.alarm);
    assert_true(t > 60 && t < 90);
    assert_true(now.since_idx >= 52 && now.since_idx <= 66);
    assert_near(now.mean, 1.2, 0.8);
    /* After an alarm all starts are dropped: the next window alone is no run. */
    tend__harm_watch_push(watch, 1.2, &now);
    assert_true(now.evidence == 0.0);
    assert_int_equal(now.since_idx, (size_t)t);
    tend__harm_watch_free(watch);
}

static void windows_without_spread_or_data_do_no_mischief(void **state)
{
    (void)state;
    struct tend__harm_watch *watch = NULL;
    struct tend_error err = {0};
    assert_tend_ok(tend__harm_watch_new(&(struct tend__harm_watch_options){0}, &watch, &err), &err);
    struct tend__harm_state now = {0};
    for (int t = 0; t < 200; t++) { /* two models that are the same */
        tend__harm_watch_push(watch, 0.0, &now);
        assert_true(isfinite(now.evidence));
        assert_false(now.alarm);
    }
    const double before = now.evidence;
    tend__harm_watch_push(watch, (double)NAN, &now);
    assert_near(now.evidence, before, 1e-12);
    assert_false(now.alarm);
    tend__harm_watch_push(watch, (double)INFINITY, &now);
    assert_false(now.alarm);
    tend__harm_watch_free(watch);
    /* Windows that all gain exactly the same: a finite number that grows, and an alarm. */
    assert_tend_ok(tend__harm_watch_new(&(struct tend__harm_watch_options){0}, &watch, &err), &err);
    int alarm_at = -1;
    for (int t = 0; t < 20 && alarm_at < 0; t++) {
        tend__harm_watch_push(watch, 0.2, &now);
        assert_true(isfinite(now.evidence));
        alarm_at = now.alarm ? t : -1;
    }
    assert_true(alarm_at >= 3);
    tend__harm_watch_free(watch);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    struct tend__harm_watch *watch = NULL;
    struct tend__certificate *certificate = NULL;
    struct tend_error err = {0};
    const double bad[] = {1.0, (double)NAN};
    const struct tend__harm_watch_options options[] = {
        {.tolerance = (double)NAN},
        {.threshold = -1.0},
        {.threshold = (double)INFINITY},
        {.cap_rms = -1.0},
        {.start_max = 1},
        {.start_max = TEND_HARM_START_MAX + 1},
        {.reference_count = 3},
        {.reference = bad, .reference_count = 2},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(options); i++) {
        assert_int_equal(tend__harm_watch_new(&options[i], &watch, &err), TEND_EINVAL);
        assert_null(watch);
    }
    const struct tend__certificate_options proofs[] = {{.margin = -1.0},
                                                       {.alpha = 1.0},
                                                       {.alpha = -0.1},
                                                       {.reference_count = 1},
                                                       {.reference = bad, .reference_count = 2}};
    for (size_t i = 0; i < TEND_ARRAY_LEN(proofs); i++) {
        assert_int_equal(tend__certificate_new(&proofs[i], &certificate, &err), TEND_EINVAL);
        assert_null(certificate);
    }
}

static void the_certificate_follows_its_formula(void **state)
{
    (void)state;
    static const double proof[] = {0.25, 1.0, 4.0, 16.0, 64.0};
    const double reference[] = {0.3, -0.2, 0.1, 0.4, -0.3, 0.0, 0.2, -0.1};
    const double weeks[] = {0.5, 0.4, 0.6, 0.3, 0.7, 0.5};
    struct tend__certificate *certificate = NULL;
    struct tend_error err = {0};
    const struct tend__certificate_options options = {
        .margin = 0.05, .reference = reference, .reference_count = 8};
    assert_tend_ok(tend__certificate_new(&options, &certificate, &err), &err);
    double squares = 0;
    for (size_t i = 0; i < 8; i++) {
        squares += (reference[i] - 0.05) * (reference[i] - 0.05); /* their mean is .05 */
    }
    double sum = 0;
    bool was_proven = false;
    for (size_t k = 1; k <= TEND_ARRAY_LEN(weeks); k++) {
        const double x = weeks[k - 1] + 0.05;
        double evidence = 0;
        bool proven = false;
        sum += x;
        squares += x * x;
        tend__certificate_push(certificate, weeks[k - 1], &evidence, &proven);
        const double want =
            tend__tsr_evidence_grid(k, sum / (double)k, squares, (double)(k + 7), proof, 5);
        assert_near(evidence / want, 1.0, 1e-10);
        was_proven = was_proven || want >= 20.0;
        assert_true(proven == was_proven);
    }
    assert_true(was_proven);
    double evidence = 0;
    bool proven = false;
    tend__certificate_push(certificate, -50.0, &evidence, &proven);
    assert_true(evidence < 1.0);
    assert_true(proven); /* once proven it stays; whoever asks again starts a new one */
    tend__certificate_free(certificate);
}

static void a_backtest_without_spread_proves_nothing(void **state)
{
    (void)state;
    const double reference[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
    struct tend__certificate *certificate = NULL;
    struct tend_error err = {0};
    const struct tend__certificate_options options = {.reference = reference, .reference_count = 8};
    assert_tend_ok(tend__certificate_new(&options, &certificate, &err), &err);
    double evidence = 1;
    bool proven = true;
    tend__certificate_push(certificate, 0.5, &evidence, &proven);
    assert_true(evidence == 0.0);
    assert_false(proven);
    tend__certificate_push(certificate, (double)NAN, &evidence, &proven);
    assert_true(evidence == 0.0);
    tend__certificate_push(certificate, 0.4, &evidence, &proven);
    assert_near(
        evidence,
        tend__tsr_evidence_grid(2, 0.45, 0.41, 2.0, (const double[]){0.25, 1, 4, 16, 64}, 5),
        1e-12);
    tend__certificate_free(certificate);
}

static void misses_demote_and_hits_restore(void **state)
{
    (void)state;
    struct tend__miss_watch watch;
    tend__miss_watch_init(&watch);
    for (int i = 0; i < 500; i++) { /* one in ten, evenly */
        assert_false(tend__miss_watch_push(&watch, i % 10 == 9));
    }
    /* the recursion by hand */
    tend__miss_watch_init(&watch);
    double r[4] = {0};
    const double lambda[] = {0.5, 1.0, 2.0, 4.0};
    int pushes = 0;
    bool demoted = false;
    while (!demoted) {
        double sum = 0;
        for (int i = 0; i < 4; i++) {
            r[i] = (r[i] + 1) * (1 + 0.9 * lambda[i]);
            sum += r[i] / 4;
        }
        demoted = tend__miss_watch_push(&watch, true);
        pushes++;
        assert_true(demoted == (sum >= 500));
    }
    assert_in_range(pushes, 4, 5);
    for (int i = 0; i < 19; i++) {
        assert_true(tend__miss_watch_push(&watch, false));
    }
    assert_false(tend__miss_watch_push(&watch, false));
    assert_true(tend__miss_watch_evidence(&watch) == 0.0);
    /* four misses of twenty keep it demoted until one of them is older */
    for (int i = 0; i < pushes; i++) {
        demoted = tend__miss_watch_push(&watch, true);
    }
    assert_true(demoted);
    for (int i = 0; i < 20; i++) {
        assert_true(tend__miss_watch_push(&watch, i < 4));
    }
    assert_false(tend__miss_watch_push(&watch, false));
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    enum tend_code code = TEND_ENOMEM;
    for (uint64_t nth = 1; code != TEND_OK; nth++) {
        struct tend__harm_watch *watch = NULL;
        tend__mem_fail_at(nth);
        code = tend__harm_watch_new(&(struct tend__harm_watch_options){0}, &watch, &err);
        tend__mem_fail_at(0);
        assert_true(code == TEND_OK || (code == TEND_ENOMEM && watch == NULL));
        assert_true(nth < 10);
        tend__harm_watch_free(watch);
    }
    code = TEND_ENOMEM;
    for (uint64_t nth = 1; code != TEND_OK; nth++) {
        struct tend__certificate *certificate = NULL;
        tend__mem_fail_at(nth);
        code = tend__certificate_new(&(struct tend__certificate_options){0}, &certificate, &err);
        tend__mem_fail_at(0);
        assert_true(code == TEND_OK || (code == TEND_ENOMEM && certificate == NULL));
        assert_true(nth < 10);
        tend__certificate_free(certificate);
    }
    tend__harm_watch_free(NULL);
    tend__certificate_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_evidence_matches_numerical_integration),
        cmocka_unit_test(evidence_of_degenerate_windows_is_a_number),
        cmocka_unit_test(the_watch_does_what_its_definition_says),
        cmocka_unit_test(harm_is_found_and_dated),
        cmocka_unit_test(windows_without_spread_or_data_do_no_mischief),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(the_certificate_follows_its_formula),
        cmocka_unit_test(a_backtest_without_spread_proves_nothing),
        cmocka_unit_test(misses_demote_and_hits_restore),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
