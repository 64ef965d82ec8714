/* SPDX-License-Identifier: Apache-2.0 */
/* boost_test.c: the first split against a plain search over all of them, what a forest learns, and
 * failures. */
#include "unit.h"

#include "base/compiler.h"
#include "base/mem.h"
#include "base/rng.h"
#include "stat/boost.h"

#include <math.h>
#include <string.h>

#define ROWS 600
#define FEATURES 7

static uint8_t bins[ROWS * FEATURES];
static uint8_t labels[ROWS];
static double scores[ROWS];

static void fill(struct tend__rng *rng, size_t row_count)
{
    for (size_t i = 0; i < row_count * FEATURES; i++) {
        bins[i] = (uint8_t)tend__rng_below(rng, 1 + i % FEATURES * 10);
    }
    for (size_t i = 0; i < row_count; i++) {
        labels[i] = (uint8_t)tend__rng_below(rng, 2);
    }
}

/* The gain of a split by the definition: sums over the rows. */
static double plain_gain(size_t row_count, size_t feature, unsigned bin, size_t least)
{
    double sums[2] = {0};
    double counts[2] = {0};
    for (size_t i = 0; i < row_count; i++) {
        const size_t side = bins[i * FEATURES + feature] > bin ? 1 : 0;
        sums[side] += labels[i] - 0.5;
        counts[side] += 1;
    }
    if (counts[0] < (double)least || counts[1] < (double)least) {
        return 0;
    }
    const double all = sums[0] + sums[1];
    return sums[0] * sums[0] / (counts[0] / 4 + 1) + sums[1] * sums[1] / (counts[1] / 4 + 1) -
           all * all / ((double)row_count / 4 + 1);
}

/* One tree of depth 1: its scores are the leaves of the best split there is. */
static void one_split_is_the_best_of_all(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, 1);
    for (size_t round = 0; round < 50; round++) {
        const size_t row_count = 30 + (size_t)tend__rng_below(&rng, ROWS - 30);
        const struct tend__boost_rows rows = {bins, row_count, FEATURES};
        const struct tend__boost_options options = {
            .tree_count = 1, .depth = 1, .rate = 1, .row_count_min = 5};
        struct tend__boost *boost = NULL;
        double best = 0;
        size_t best_feature = 0;
        unsigned best_bin = 0;
        fill(&rng, row_count);
        for (size_t f = 0; f < FEATURES; f++) {
            for (unsigned b = 0; b < TEND_BOOST_BINS; b++) {
                const double gain = plain_gain(row_count, f, b, 5);
                if (gain > best + 1e-12) {
                    best = gain;
                    best_feature = f;
                    best_bin = b;
                }
            }
        }
        assert_tend_ok(tend__boost_fit(&rows, labels, &options, &boost, &err), &err);
        assert_near(tend__boost_gains(boost)[best_feature], 1, 1e-12);
        tend__boost_score(boost, &rows, scores);
        for (size_t side = 0; side < 2; side++) {
            double sum = 0;
            double count = 0;
            for (size_t i = 0; i < row_count; i++) {
                if ((bins[i * FEATURES + best_feature] > best_bin) == (side == 1)) {
                    sum += labels[i] - 0.5;
                    count += 1;
                }
            }
            for (size_t i = 0; i < row_count; i++) {
                if ((bins[i * FEATURES + best_feature] > best_bin) == (side == 1)) {
                    assert_near(scores[i], sum / (count / 4 + 1), 1e-9);
                }
            }
        }
        tend__boost_free(boost);
    }
}

/* Deep trees divide the rows into the same leaves whether siblings are counted or subtracted: what
 * the fit adds up to on its own rows is the score of those rows. An exclusive or needs two levels.
 */
static void an_exclusive_or_is_learned(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__rng rng;
    struct tend__boost *boost = NULL;
    const struct tend__boost_rows rows = {bins, ROWS, FEATURES};
    tend__rng_init(&rng, 2);
    fill(&rng, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = (bins[i * FEATURES + 3] > 14) != (bins[i * FEATURES + 5] > 24) ? 1 : 0;
    }
    const struct tend__boost_options options = {.tree_count = 60, .depth = 4};
    assert_tend_ok(tend__boost_fit(&rows, labels, &options, &boost, &err), &err);
    tend__boost_score(boost, &rows, scores);
    size_t right = 0;
    for (size_t i = 0; i < ROWS; i++) {
        right += (scores[i] > 0) == (labels[i] == 1) ? 1 : 0;
    }
    assert_true(right > ROWS * 97 / 100);
    const double *gains = tend__boost_gains(boost);
    assert_true(gains[3] + gains[5] > 0.7);
    tend__boost_free(boost);
}

static void what_cannot_be_split_scores_the_same(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__boost *boost = NULL;
    memset(bins, 3, sizeof(bins));
    const struct tend__boost_rows rows = {bins, 12, FEATURES};
    assert_tend_ok(tend__boost_fit(&rows, labels, NULL, &boost, &err), &err);
    tend__boost_score(boost, &rows, scores);
    for (size_t i = 1; i < 12; i++) {
        assert_true(scores[i] == scores[0]);
    }
    assert_true(tend__boost_gains(boost)[0] == 0.0);
    tend__boost_free(boost);
    boost = NULL;
    const struct tend__boost_rows none = {bins, 0, FEATURES};
    assert_int_equal(tend__boost_fit(&none, labels, NULL, &boost, &err), TEND_EINVAL);
    const struct tend__boost_options deep = {.depth = TEND_BOOST_DEPTH_MAX + 1};
    assert_int_equal(tend__boost_fit(&rows, labels, &deep, &boost, &err), TEND_EINVAL);
    assert_null(boost);
    tend__boost_free(NULL);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    const struct tend__boost_rows rows = {bins, 100, FEATURES};
    enum tend_code code = TEND_ENOMEM;
    uint64_t nth = 0;
    while (code != TEND_OK) {
        struct tend__boost *boost = NULL;
        nth++;
        tend__mem_fail_at(nth);
        code = tend__boost_fit(&rows, labels, NULL, &boost, &err);
        tend__mem_fail_at(0);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
        tend__boost_free(boost);
    }
    assert_true(nth > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_split_is_the_best_of_all),
        cmocka_unit_test(an_exclusive_or_is_learned),
        cmocka_unit_test(what_cannot_be_split_scores_the_same),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
