/* SPDX-License-Identifier: Apache-2.0 */
/* history_test.c: columns over time are what the windows' profiles say, and gaps are gaps. */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "judge/drift.h"
#include "judge/history.h"

#include <math.h>

#define ROWS 400
#define EVERY 1000
#define SLOTS 6
#define GAP 2

static const struct tend__field fields[] = {{"amount", TEND_TYPE_NUMBER, 0, 0},
                                            {"code", TEND_TYPE_TEXT, 0, 0},
                                            {"flag", TEND_TYPE_BOOL, 0, 0},
                                            {"empty", TEND_TYPE_NULL, 0, 0}};
#define COLUMNS TEND_ARRAY_LEN(fields)

static double amounts[ROWS];
static uint8_t valid[ROWS];
static uint8_t flags[ROWS];
static struct tend__text codes[ROWS];

static struct tend__column columns[COLUMNS];

static struct tend__batch make_rows(uint64_t seed, double shift)
{
    static const struct tend__text words[] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1},
                                              {"f", 1}, {"g", 1}, {"h", 1}, {"i", 1}};
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    for (size_t i = 0; i < ROWS; i++) {
        const double u = tend__rng_uniform(&rng);
        amounts[i] = tend__rng_normal(&rng) + shift;
        valid[i] = tend__rng_below(&rng, 8) > 0;
        flags[i] = tend__rng_below(&rng, 3) == 0;
        codes[i] = words[(size_t)(u * u * TEND_ARRAY_LEN(words))];
    }
    columns[0] = (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = amounts, .valid = valid};
    columns[1] = (struct tend__column){.type = TEND_TYPE_TEXT, .text = codes};
    columns[2] = (struct tend__column){.type = TEND_TYPE_BOOL, .bools = flags};
    columns[3] = (struct tend__column){.type = TEND_TYPE_NULL};
    return (struct tend__batch){ROWS, COLUMNS, fields, columns};
}

static struct tend__profile *make_profile(struct tend__plan *plan, uint64_t seed, double shift)
{
    struct tend_error err = {0};
    struct tend__profile *profile = NULL;
    const struct tend__batch batch = make_rows(seed, shift);
    assert_tend_ok(tend__profile_new(plan, &profile, &err), &err);
    assert_tend_ok(tend__profile_add(profile, &batch, &err), &err);
    return profile;
}

static struct tend__plan *make_plan(void)
{
    struct tend_error err = {0};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    const struct tend__batch batch = make_rows(1, 0);
    assert_tend_ok(tend__plan_builder_new(fields, COLUMNS, NULL, &builder, &err), &err);
    assert_tend_ok(tend__plan_builder_add(builder, &batch, &err), &err);
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    tend__plan_builder_free(builder);
    return plan;
}

static void assert_same(double a, double b)
{
    assert_true(a == b || (isnan(a) && isnan(b)));
}

static void assert_point(const struct tend__history_point *point,
                         const struct tend__profile *profile, size_t idx,
                         const struct tend__drift_column *drift)
{
    static const double p[] = {0.05, 0.25, 0.5, 0.75, 0.95};
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    assert_same(point->row_count, ROWS);
    assert_same(point->null_share, (double)column->null_count / ROWS);
    assert_same(point->mean, tend__profile_mean(profile, idx));
    assert_same(point->sd, tend__profile_sd(profile, idx));
    for (size_t i = 0; i < TEND_ARRAY_LEN(p); i++) {
        assert_same(point->quantiles[i], tend__profile_quantile(profile, idx, p[i]));
    }
    assert_int_equal(point->is_judged, drift->is_judged);
    assert_int_equal(point->drifted, drift->drifted);
    assert_same(point->effect, drift->is_judged ? fmax(drift->effect, 0) : (double)NAN);
}

static void points_are_what_profiles_say(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__history *history = NULL;
    struct tend__plan *plan = make_plan();
    struct tend__profile *reference = make_profile(plan, 1, 0);
    const struct tend__history_options options = {.reference = reference,
                                                  .start_us = 5000,
                                                  .end_us = 5000 + SLOTS * EVERY,
                                                  .every_us = EVERY};
    assert_tend_ok(tend__history_new(plan, &options, &history, &err), &err);
    assert_int_equal(history->slot_count, SLOTS);
    for (size_t slot = 0; slot < SLOTS; slot++) {
        struct tend__drift_column drift[COLUMNS];
        if (slot == GAP) {
            continue;
        }
        struct tend__profile *profile = make_profile(plan, 10 + slot, slot == 4 ? 1 : 0);
        assert_tend_ok(tend__drift_compare(reference, profile, NULL, drift, COLUMNS, &err), &err);
        assert_tend_ok(tend__history_add(history, 5000 + (int64_t)slot * EVERY, profile, &err),
                       &err);
        for (size_t i = 0; i < COLUMNS; i++) {
            assert_point(&tend__history_points(history, i)[slot], profile, i, &drift[i]);
        }
        /* The seven largest categories at most, and the rest: all the values. */
        const struct tend__history_point *point = &tend__history_points(history, 1)[slot];
        double sum = 0;
        for (size_t i = 0; i < history->columns[1].share_count; i++) {
            sum += point->shares[i];
        }
        assert_near(sum, 1, 1e-12);
        assert_same(point->shares[0], (double)tend__profile_column(profile, 1)->cells[0] / ROWS);
        tend__profile_free(profile);
    }
    assert_int_equal(history->window_count, SLOTS - 1);
    assert_false(history->is_there[GAP]);
    assert_true(isnan(tend__history_points(history, 0)[GAP].mean));
    assert_int_equal(history->columns[0].drifted_count, 1);
    assert_int_equal(history->columns[0].effect_max_slot, 4);
    assert_true(isnan(history->columns[3].tolerance));
    assert_int_equal(tend__history_slot_start(history, GAP), 5000 + GAP * EVERY);
    tend__history_free(history);
    tend__profile_free(reference);
    tend__plan_unref(plan);
}

static void without_a_reference_nothing_is_judged(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__history *history = NULL;
    struct tend__plan *plan = make_plan();
    struct tend__profile *profile = make_profile(plan, 3, 5);
    const struct tend__history_options options = {.start_us = 0, .end_us = 10, .every_us = 10};
    assert_tend_ok(tend__history_new(plan, &options, &history, &err), &err);
    assert_tend_ok(tend__history_add(history, 0, profile, &err), &err);
    assert_true(isnan(history->columns[0].effect_max));
    assert_false(tend__history_points(history, 0)[0].is_judged);
    assert_int_equal(tend__history_add(history, 10, profile, &err), TEND_EINVAL);
    assert_int_equal(tend__history_add(history, -10, profile, &err), TEND_EINVAL);
    assert_int_equal(tend__history_add(history, 5, profile, &err), TEND_EINVAL);
    tend__history_free(history);
    tend__profile_free(profile);
    tend__plan_unref(plan);
}

static void too_many_windows_are_refused(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__history *history = NULL;
    struct tend__plan *plan = make_plan();
    struct tend__history_options options = {
        .start_us = INT64_MIN, .end_us = INT64_MAX, .every_us = 1};
    assert_int_equal(tend__history_new(plan, &options, &history, &err), TEND_ELIMIT);
    options.end_us = options.start_us;
    assert_int_equal(tend__history_new(plan, &options, &history, &err), TEND_EINVAL);
    options.end_us = INT64_MAX;
    options.every_us = 0;
    assert_int_equal(tend__history_new(plan, &options, &history, &err), TEND_EINVAL);
    tend__plan_unref(plan);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = make_plan();
    struct tend__profile *profile = make_profile(plan, 3, 0);
    const struct tend__history_options options = {
        .reference = profile, .start_us = 0, .end_us = 20, .every_us = 10};
    enum tend_code code = TEND_ENOMEM;
    uint64_t nth = 0;
    while (code != TEND_OK) {
        struct tend__history *history = NULL;
        nth++;
        tend__mem_fail_at(nth);
        code = tend__history_new(plan, &options, &history, &err);
        if (code == TEND_OK) {
            code = tend__history_add(history, 10, profile, &err);
        }
        tend__mem_fail_at(0);
        tend__history_free(history);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 5);
    tend__profile_free(profile);
    tend__plan_unref(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_what_profiles_say),
        cmocka_unit_test(without_a_reference_nothing_is_judged),
        cmocka_unit_test(too_many_windows_are_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
