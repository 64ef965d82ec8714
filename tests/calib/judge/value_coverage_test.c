/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value_coverage_test.c: how often the realised value lies inside the estimate's interval, on
 * simulated streams.
 *
 * 24 streams each (seeds 1..24) of 40 reference and 100 production windows of 300 rows; nominal
 * coverage .9. The level of the label's logit follows an AR(1) of coefficient .6 and a given
 * spread, so that a variance formula alone would cover far too little. Bounds: the binomial spread
 * of 24 x 100 windows is .006, but windows of a stream are not independent; .03 is about four
 * standard errors by stream. At long delays kappa makes the intervals of a quiet stream too wide:
 * up to .98. Demotion is bounded where the level is quiet; where it moves much and by itself,
 * misses come in runs, and the miss watch may take a run for a change.
 */
#include "unit.h"

#include "base/rng.h"
#include "judge/value_estimate.h"

#include <math.h>
#include <string.h>

#define ROW_COUNT 300
#define REFERENCE_COUNT 40
#define WINDOW_COUNT 100
#define STREAM_COUNT 24

struct window {
    double score[ROW_COUNT];
    double delta[ROW_COUNT];
    double v0[ROW_COUNT];
    uint8_t label[ROW_COUNT];
    double realised;
};

struct tally {
    size_t windows;
    size_t covered;
    size_t covered_by_formula; /* 1.645 standard deviations of the outcome noise alone */
    size_t demoted_streams;
};

static struct window windows[REFERENCE_COUNT + WINDOW_COUNT];

static void draw_stream(struct tend__rng *rng, double spread)
{
    double level = 0;
    for (size_t w = 0; w < REFERENCE_COUNT + WINDOW_COUNT; w++) {
        struct window *window = &windows[w];
        const double mix = 0.3 * tend__rng_normal(rng);
        level = 0.6 * level + 0.8 * spread * tend__rng_normal(rng);
        window->realised = 0;
        for (size_t i = 0; i < ROW_COUNT; i++) {
            const double z = mix + 1.2 * tend__rng_normal(rng);
            const double amount = exp(0.5 * tend__rng_normal(rng));
            window->score[i] = 1 / (1 + exp(-z));
            window->label[i] = tend__rng_uniform(rng) < 1 / (1 + exp(-z - level)) ? 1 : 0;
            window->v0[i] = window->score[i] > 0.3 ? -4 : 0;
            window->delta[i] = amount * (window->score[i] > 0.3 ? 14 : -6);
            window->realised += (window->v0[i] + window->delta[i] * window->label[i]) / ROW_COUNT;
        }
    }
}

static struct tend__value_window rows_of(size_t w)
{
    return (struct tend__value_window){.idx = (int64_t)w,
                                       .row_count = ROW_COUNT,
                                       .score = windows[w].score,
                                       .delta = windows[w].delta,
                                       .v0 = windows[w].v0};
}

static struct tend__value_outcomes outcomes_of(size_t w)
{
    return (struct tend__value_outcomes){.idx = (int64_t)w,
                                         .row_count = ROW_COUNT,
                                         .score = windows[w].score,
                                         .label = windows[w].label,
                                         .realised_per_row = windows[w].realised};
}

static void run_stream(size_t delay, struct tally *tally)
{
    struct tend_error err = {0};
    struct tend__value_estimator *e = NULL;
    const struct tend__value_estimator_options options = {.bin_max = 100, .delay_windows = delay};
    bool demoted = false;
    assert_tend_ok(tend__value_estimator_new(&options, windows[0].score, ROW_COUNT, &e, &err),
                   &err);
    for (size_t w = 0; w < REFERENCE_COUNT + WINDOW_COUNT; w++) {
        const struct tend__value_window rows = rows_of(w);
        if (w < REFERENCE_COUNT) {
            const struct tend__value_outcomes outcomes = outcomes_of(w);
            assert_tend_ok(tend__value_estimator_reference(e, &rows, &outcomes, &err), &err);
            continue;
        }
        if (w >= REFERENCE_COUNT + delay) {
            const struct tend__value_outcomes outcomes = outcomes_of(w - delay);
            assert_tend_ok(tend__value_estimator_outcomes(e, &outcomes, &err), &err);
        }
        struct tend__value_estimate got = {0};
        assert_tend_ok(tend__value_estimator_window(e, &rows, &got, &err), &err);
        const double off = fabs(windows[w].realised - got.per_row);
        tally->windows++;
        tally->covered += windows[w].realised >= got.low && windows[w].realised <= got.high ? 1 : 0;
        tally->covered_by_formula += off <= 1.645 * sqrt(got.outcome_noise) ? 1 : 0;
        demoted = demoted || got.state == TEND_VALUE_DEMOTED;
    }
    tally->demoted_streams += demoted ? 1 : 0;
    tend__value_estimator_free(e);
}

static void intervals_cover_what_they_say(void **state)
{
    (void)state;
    static const double spreads[3] = {0, 0.2, 0.6};
    static const size_t delays[3] = {1, 7, 30};
    for (size_t s = 0; s < 3; s++) {
        for (size_t d = 0; d < 3; d++) {
            struct tally tally = {0};
            for (uint64_t seed = 1; seed <= STREAM_COUNT; seed++) {
                struct tend__rng rng;
                tend__rng_init(&rng, seed);
                draw_stream(&rng, spreads[s]);
                run_stream(delays[d], &tally);
            }
            const double n = (double)tally.windows;
            const double covered = (double)tally.covered / n;
            const double by_formula = (double)tally.covered_by_formula / n;
            print_message(
                "spread %.1f, delay %2zu: covered %.3f (by the outcome noise alone %.3f), "
                "demoted at some time %zu of %d streams\n",
                spreads[s], delays[d], covered, by_formula, tally.demoted_streams, STREAM_COUNT);
            assert_true(covered > 0.87 && covered < 0.98);
            assert_true(s == 0 || by_formula < 0.8);
            assert_true(tally.demoted_streams <= (s < 2 ? STREAM_COUNT / 10 : STREAM_COUNT / 2));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_cover_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
