/* SPDX-License-Identifier: Apache-2.0 */
/* engine_test.c: the loop in a small world: determinism, conservation, retraining, trials, proofs,
 * breaks, failures. */
#include "unit.h"

#include "engine_world.h"

#include "base/civil.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

static const struct world calm = {
    .seed = 5, .days = 70, .rows_a_day = 400, .change_day = 1000, .break_from_day = 1000};
static const struct world changing = {
    .seed = 5, .days = 84, .rows_a_day = 400, .change_day = 40, .break_from_day = 1000};

static struct tend__policy_report policy(const struct world_run *run, size_t idx)
{
    const struct tend__policy_report *policies = NULL;
    const size_t count = tend__engine_policies(run->engine, &policies);
    assert_true(idx < count);
    return policies[idx];
}

static void the_same_rows_give_the_same_bytes_twice_and_in_another_order(void **state)
{
    (void)state;
    struct tend_error err = {0};
    const struct tend__engine_config config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    struct world world = changing;
    struct world_run first;
    struct world_run second;
    struct world_run shuffled;
    assert_tend_ok(world_play(&world, &config, &first, &err), &err);
    assert_tend_ok(world_play(&world, &config, &second, &err), &err);
    world.shuffled = true;
    assert_tend_ok(world_play(&world, &config, &shuffled, &err), &err);
    assert_true(strlen(first.json) > 10000);
    assert_string_equal(first.json, second.json);
    assert_string_equal(first.json, shuffled.json);
    world_end(&first);
    world_end(&second);
    world_end(&shuffled);
}

static void a_row_that_comes_twice_counts_once(void **state)
{
    (void)state;
    struct tend_error err = {0};
    const struct tend__engine_config config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    struct world world = calm;
    struct world_run once;
    struct world_run twice;
    assert_tend_ok(world_play(&world, &config, &once, &err), &err);
    world.duplicated = true;
    assert_tend_ok(world_play(&world, &config, &twice, &err), &err);
    assert_true(policy(&once, 0).value >= policy(&twice, 0).value);
    assert_true(policy(&once, 0).value <= policy(&twice, 0).value);
    assert_non_null(strstr(twice.json, "\"received\": 30800"));
    assert_non_null(strstr(twice.json, "\"used\": 28000"));
    assert_non_null(strstr(twice.json, "\"duplicates\": 2800"));
    world_end(&once);
    world_end(&twice);
}

static void a_changed_world_is_worth_a_retraining_and_a_calm_one_is_not(void **state)
{
    (void)state;
    struct tend_error err = {0};
    const struct tend__engine_config config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    struct world world = calm;
    struct world_run run;
    assert_tend_ok(world_play(&world, &config, &run, &err), &err);
    assert_int_equal(policy(&run, 0).retrain_count, 0);
    assert_int_equal(run.event_count[TEND_HAPPENED_ALARM], 0);
    world_end(&run);
    world = changing;
    assert_tend_ok(world_play(&world, &config, &run, &err), &err);
    assert_true(policy(&run, 0).retrain_count >= 1);
    /* After the change the frozen model warns where nobody buys: upkeep is worth far more than it
     * costs. */
    assert_true(policy(&run, 0).net > policy(&run, 1).net + 5 * config.retrain_cost);
    world_end(&run);
}

static void between_retrainings_the_paired_regret_stays_below_cost_and_a_window(void **state)
{
    (void)state;
    struct tend_error err = {0};
    const struct tend__engine_config config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    struct world world = changing;
    struct world_run run;
    assert_tend_ok(world_play(&world, &config, &run, &err), &err);
    const struct tend__window_report *windows = NULL;
    const size_t count = tend__engine_windows(run.engine, &windows);
    assert_int_equal(count, 84 - 28);
    for (size_t i = 0; i < count; i++) {
        if (isfinite(windows[i].gain_sum)) {
            /* a window's gain is at most rows x (3 + 1); two windows wait for their outcomes */
            assert_true(windows[i].gain_sum < config.retrain_cost + 3 * 400 * 4);
        }
        assert_true(isfinite(windows[i].realised));
    }
    world_end(&run);
}

static void a_bad_model_falls_back_within_its_bound(void **state)
{
    (void)state;
    struct tend_error err = {0};
    const struct tend__engine_config config = world_config(TEND_WHEN_EVERY, TEND_BY_TRIAL);
    struct world world = calm;
    struct world_run run;
    /* Window 10 of the live phase retrains: from there on every model is upside down for a while.
     */
    world.bad_from_call = 9;
    world.bad_to_call = 11;
    assert_tend_ok(world_play(&world, &config, &run, &err), &err);
    assert_int_equal(run.event_count[TEND_HAPPENED_FELL_BACK], policy(&run, 0).fall_back_count);
    assert_true(policy(&run, 0).fall_back_count >= 1);
    const struct tend__version_report *versions = NULL;
    const size_t count = tend__engine_versions(run.engine, &versions);
    bool fell = false;
    for (size_t i = 0; i < count; i++) {
        fell = fell || strcmp(versions[i].verdict, "fell back") == 0;
    }
    assert_true(fell);
    /* What it lost is bounded by three costs and the windows until outcomes came. */
    assert_true(policy(&run, 0).value >
                policy(&run, 1).value - 3 * config.retrain_cost - 3 * 400 * 4.0);
    world_end(&run);
}

static void a_proof_waits_for_evidence_and_a_person_is_asked(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct world world = changing;
    struct world_run run;
    struct tend__engine_config config = world_config(TEND_WHEN_GAIN, TEND_BY_PROOF);
    world.days = 120;
    assert_tend_ok(world_play(&world, &config, &run, &err), &err);
    const struct tend__version_report *versions = NULL;
    assert_true(tend__engine_versions(run.engine, &versions) >= 2);
    assert_true(run.event_count[TEND_HAPPENED_PROVEN] >= 1);
    /* Two whole weeks at the least pass between training and promotion. */
    assert_true(versions[1].promoted_us >= versions[1].trained_us + 14 * TEND_US_PER_DAY);
    world_end(&run);
    config = world_config(TEND_WHEN_GAIN, TEND_BY_ASK);
    assert_tend_ok(world_play(&world, &config, &run, &err), &err);
    assert_int_equal(run.event_count[TEND_HAPPENED_ASKED], 1);
    assert_int_equal(policy(&run, 0).promotion_count, 0);
    world_end(&run);
}

static void a_version_that_would_cross_a_guardrail_is_not_promoted(void **state)
{
    (void)state;
    struct tend_error err = {0};
    /* Only the models trained after the change decide for the first shop. */
    static const struct tend__guardrail guardrails[] = {
        {"ash", "avg(case when decision and shop = 'ash' then 1 else 0 end)", -(double)INFINITY,
         0.01},
    };
    struct tend__engine_config config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    config.guardrails = guardrails;
    config.guardrail_count = 1;
    struct world world = changing;
    struct world_run run;
    assert_tend_ok(world_play(&world, &config, &run, &err), &err);
    assert_true(policy(&run, 0).retrain_count >= 1);
    assert_int_equal(policy(&run, 0).promotion_count, 0);
    assert_int_equal(run.event_count[TEND_HAPPENED_GUARDRAIL], policy(&run, 0).retrain_count);
    const struct tend__version_report *versions = NULL;
    assert_true(tend__engine_versions(run.engine, &versions) >= 2);
    assert_string_equal(versions[1].verdict, "refused by a guardrail");
    world_end(&run);
}

static void a_failed_training_is_an_event_and_the_champion_stays(void **state)
{
    (void)state;
    struct tend_error err = {0};
    const struct tend__engine_config config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    struct world world = calm;
    struct world_run run;
    world.fail_call = 7;
    assert_tend_ok(world_play(&world, &config, &run, &err), &err);
    assert_int_equal(run.event_count[TEND_HAPPENED_TRAIN_FAILED], 1);
    assert_int_equal(policy(&run, 0).retrain_count, 0);
    world_end(&run);
    world.fail_call = 1;
    assert_int_equal(world_play(&world, &config, &run, &err), TEND_ECHILD);
    assert_string_equal(err.text, "the trainer was told to fail");
}

static void a_change_of_unit_is_found_told_once_and_kept_out_of_training(void **state)
{
    (void)state;
    struct tend_error err = {0};
    const struct tend__engine_config config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    struct world world = calm;
    struct world_run run;
    world.break_from_day = 45;
    world.break_to_day = 50;
    assert_tend_ok(world_play(&world, &config, &run, &err), &err);
    const struct tend__incident_report *incidents = NULL;
    const size_t count = tend__engine_incidents(run.engine, &incidents);
    assert_int_equal(count, 1);
    assert_string_equal(incidents[0].kind, "break");
    assert_string_equal(incidents[0].cause, "unit_change");
    assert_string_equal(incidents[0].columns, "size");
    assert_int_equal(incidents[0].window_count, 5);
    assert_int_equal(incidents[0].closed_us - incidents[0].opened_us, 5 * TEND_US_PER_DAY);
    assert_int_equal(run.event_count[TEND_HAPPENED_BREAK_OPENED], 1);
    assert_int_equal(run.event_count[TEND_HAPPENED_BREAK_CLOSED], 1);
    world_end(&run);
}

static void what_cannot_be_played_says_why(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct world world = calm;
    struct world_run run;
    struct tend__engine_config config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    config.label = "bougth";
    assert_int_equal(world_play(&world, &config, &run, &err), TEND_ENOTFOUND);
    assert_string_equal(err.text,
                        "label.column: the data has no column 'bougth' (did you mean 'bought'?)");
    config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    config.time = "size";
    assert_int_equal(world_play(&world, &config, &run, &err), TEND_ETYPE);
    config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    config.retrain_cost = 0;
    assert_int_equal(world_play(&world, &config, &run, &err), TEND_EINVAL);
    config = world_config(TEND_WHEN_GAIN, TEND_BY_TRIAL);
    world.days = 20;
    assert_int_equal(world_play(&world, &config, &run, &err), TEND_EINVAL);
    assert_non_null(strstr(err.text, "the history is too short: 20 windows"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_rows_give_the_same_bytes_twice_and_in_another_order),
        cmocka_unit_test(a_row_that_comes_twice_counts_once),
        cmocka_unit_test(a_changed_world_is_worth_a_retraining_and_a_calm_one_is_not),
        cmocka_unit_test(between_retrainings_the_paired_regret_stays_below_cost_and_a_window),
        cmocka_unit_test(a_bad_model_falls_back_within_its_bound),
        cmocka_unit_test(a_proof_waits_for_evidence_and_a_person_is_asked),
        cmocka_unit_test(a_version_that_would_cross_a_guardrail_is_not_promoted),
        cmocka_unit_test(a_failed_training_is_an_event_and_the_champion_stays),
        cmocka_unit_test(a_change_of_unit_is_found_told_once_and_kept_out_of_training),
        cmocka_unit_test(what_cannot_be_played_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
