/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value_row_test.c: values, v0 and delta against the same arithmetic by hand; labels of either
 * type, failures and nulls, segments, sums that do not depend on order, best constant actions, and
 * every failed allocation.
 */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "expr/expr.h"
#include "judge/value_row.h"

#include <math.h>
#include <string.h>

#define ROW_COUNT 500

enum { AMOUNT, ORIGIN, OLD_LABEL, COLUMN_COUNT };

static const struct tend__field fields[COLUMN_COUNT] = {
    {.name = "amount",
     .type = TEND_TYPE_NUMBER,
     .low = -(double)INFINITY,
     .high = (double)INFINITY},
    {.name = "origin", .type = TEND_TYPE_TEXT},
    {.name = "late", .type = TEND_TYPE_TEXT}, /* hidden by the label of that name */
};

static const char value_text[] =
    "case when decision and late then 30 when decision then -10 when late then -10 else 0 end";

static double amount[ROW_COUNT];
static struct tend__text origin[ROW_COUNT];
static double score[ROW_COUNT];
static double label[ROW_COUNT];
static struct tend__column columns[COLUMN_COUNT];
static struct tend__batch batch;

static void draw_rows(uint64_t seed)
{
    static const char *const names[3] = {"ATL", "ORD", "LAX"};
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *name = names[tend__rng_below(&rng, 3)];
        amount[i] = floor(100 * tend__rng_uniform(&rng)) / 8 + 0.1;
        origin[i] = (struct tend__text){.ptr = name, .len = 3};
        score[i] = tend__rng_uniform(&rng);
        label[i] = tend__rng_uniform(&rng) < score[i] ? 1 : 0;
    }
    columns[AMOUNT] = (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = amount};
    columns[ORIGIN] = (struct tend__column){.type = TEND_TYPE_TEXT, .text = origin};
    columns[OLD_LABEL] = (struct tend__column){.type = TEND_TYPE_TEXT, .text = origin};
    batch = (struct tend__batch){
        .row_count = ROW_COUNT, .column_count = COLUMN_COUNT, .fields = fields, .columns = columns};
}

static struct tend__value_rule_options flight_options(void)
{
    return (struct tend__value_rule_options){.fields = fields,
                                             .field_count = COLUMN_COUNT,
                                             .value = value_text,
                                             .decision = "p_late > 0.2",
                                             .score_name = "p_late",
                                             .label_name = "late"};
}

static double by_hand(bool decision, bool late)
{
    return decision ? (late ? 30 : -10) : (late ? -10 : 0);
}

static void values_are_those_of_the_expression(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_rule *rule = NULL;
    const struct tend__value_rule_options options = flight_options();
    static double value[ROW_COUNT];
    static double v0[ROW_COUNT];
    static double delta[ROW_COUNT];
    static uint8_t decision[ROW_COUNT];
    struct tend__value_sums sums;
    draw_rows(1);
    label[7] = (double)NAN;
    assert_tend_ok(tend__value_rule_new(&options, &rule, &err), &err);
    assert_true(tend__value_rule_is_binary(rule));
    assert_tend_ok(tend__value_sums_init(&sums, 0, &err), &err);
    const struct tend__value_binding binding = {.score = score, .label = label};
    const struct tend__value_out out = {
        .value = value, .v0 = v0, .delta = delta, .decision = decision};
    assert_tend_ok(tend__value_rule_eval(rule, &batch, &binding, &out, &sums, &err), &err);
    double total = 0;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const bool decided = score[i] > 0.2;
        assert_int_equal(decision[i], decided);
        assert_near(v0[i], by_hand(decided, false), 0);
        assert_near(delta[i], by_hand(decided, true) - by_hand(decided, false), 0);
        if (i == 7) {
            assert_true(isnan(value[i]));
        } else {
            assert_near(value[i], by_hand(decided, label[i] != 0), 0);
            total += value[i];
        }
    }
    assert_int_equal(sums.row_count, ROW_COUNT);
    assert_int_equal(sums.unknown_count, 1);
    assert_int_equal(sums.total.row_count, ROW_COUNT - 1);
    assert_near(tend__exact_sum_value(&sums.total.sum), total, 0);
    assert_near(tend__value_sum_mean(&sums.total), total / (ROW_COUNT - 1), 1e-12);
    tend__value_sums_deinit(&sums);
    tend__value_rule_free(rule);
}

static void the_value_alone_is_the_same_as_with_its_two_labels(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_rule *rule = NULL;
    const struct tend__value_rule_options options = flight_options();
    static double alone[ROW_COUNT];
    static double value[ROW_COUNT];
    static double v0[ROW_COUNT];
    draw_rows(2);
    assert_tend_ok(tend__value_rule_new(&options, &rule, &err), &err);
    const struct tend__value_binding binding = {.score = score, .label = label};
    const struct tend__value_out first = {.value = alone};
    const struct tend__value_out second = {.value = value, .v0 = v0};
    assert_tend_ok(tend__value_rule_eval(rule, &batch, &binding, &first, NULL, &err), &err);
    assert_tend_ok(tend__value_rule_eval(rule, &batch, &binding, &second, NULL, &err), &err);
    assert_memory_equal(alone, value, sizeof(value));
    tend__value_rule_free(rule);
}

static void a_label_may_be_read_as_a_number(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_rule *rule = NULL;
    struct tend__value_rule_options options = flight_options();
    options.value = "amount * late - 1";
    static double value[ROW_COUNT];
    draw_rows(3);
    assert_tend_ok(tend__value_rule_new(&options, &rule, &err), &err);
    const struct tend__value_binding binding = {.score = score, .label = label};
    const struct tend__value_out out = {.value = value};
    assert_tend_ok(tend__value_rule_eval(rule, &batch, &binding, &out, NULL, &err), &err);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        assert_near(value[i], amount[i] * label[i] - 1, 0);
    }
    tend__value_rule_free(rule);
}

static void a_number_to_predict_has_a_value_too(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_rule *rule = NULL;
    struct tend__value_rule_options options = flight_options();
    options.decision = NULL;
    options.label_is_number = true;
    options.value = "-2 * abs(p_late - late)";
    static double value[ROW_COUNT];
    draw_rows(4);
    assert_tend_ok(tend__value_rule_new(&options, &rule, &err), &err);
    assert_false(tend__value_rule_is_binary(rule));
    const struct tend__value_binding binding = {.score = score, .label = amount};
    const struct tend__value_out out = {.value = value};
    assert_tend_ok(tend__value_rule_eval(rule, &batch, &binding, &out, NULL, &err), &err);
    assert_near(value[9], -2 * fabs(score[9] - amount[9]), 0);
    tend__value_rule_free(rule);
}

static void failed_and_null_values_are_counted_and_not_imputed(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_rule *rule = NULL;
    struct tend__value_rule_options options = flight_options();
    options.value = "case when late then 1 / (amount - 5) else nullif(amount, 7) end";
    options.decision = "ln(p_late) > -1";
    static double value[ROW_COUNT];
    static uint8_t failed[ROW_COUNT];
    struct tend__value_sums sums;
    draw_rows(5);
    for (size_t i = 0; i < 4; i++) {
        label[i] = i < 2 ? 1 : 0;
        amount[i] = i < 2 ? 5 : 7;
    }
    score[4] = 0; /* ln(0) fails */
    assert_tend_ok(tend__value_rule_new(&options, &rule, &err), &err);
    assert_tend_ok(tend__value_sums_init(&sums, 0, &err), &err);
    const struct tend__value_binding binding = {.score = score, .label = label};
    const struct tend__value_out out = {.value = value, .failed = failed};
    assert_tend_ok(tend__value_rule_eval(rule, &batch, &binding, &out, &sums, &err), &err);
    assert_true(isnan(value[0]) && isnan(value[2]) && isnan(value[4]));
    assert_int_equal(failed[0], TEND_EXPR_DIVISION_BY_ZERO);
    assert_int_equal(failed[2], 0);
    assert_int_equal(failed[4], TEND_EXPR_LOG_DOMAIN);
    assert_int_equal(sums.failed_count[TEND_EXPR_DIVISION_BY_ZERO], 2);
    assert_int_equal(sums.failed_count[TEND_EXPR_LOG_DOMAIN], 1);
    assert_int_equal(sums.null_count, 2);
    assert_int_equal(sums.total.row_count, ROW_COUNT - 5);
    tend__value_sums_deinit(&sums);
    tend__value_rule_free(rule);
}

/* NaN and infinities that come with the data are no money: 3 rows that would otherwise count as
 * rows worth nothing. */
static void a_value_that_is_no_finite_number_is_a_failure(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_rule *rule = NULL;
    struct tend__value_rule_options options = flight_options();
    options.value = "case when late then -amount else amount end";
    static double value[ROW_COUNT];
    static double v0[ROW_COUNT];
    static double delta[ROW_COUNT];
    static uint8_t failed[ROW_COUNT];
    struct tend__value_sums sums;
    struct tend__value_sum constant = {0};
    draw_rows(6);
    amount[0] = (double)NAN;
    amount[1] = (double)INFINITY;
    amount[2] = -(double)INFINITY;
    double by_hand_sum = 0;
    for (size_t i = 3; i < ROW_COUNT; i++) {
        by_hand_sum += label[i] != 0 ? -amount[i] : amount[i];
    }
    assert_tend_ok(tend__value_rule_new(&options, &rule, &err), &err);
    assert_tend_ok(tend__value_sums_init(&sums, 0, &err), &err);
    const struct tend__value_binding binding = {.score = score, .label = label};
    const struct tend__value_out out = {.value = value, .v0 = v0, .delta = delta, .failed = failed};
    assert_tend_ok(tend__value_rule_eval(rule, &batch, &binding, &out, &sums, &err), &err);
    for (size_t i = 0; i < 3; i++) {
        assert_true(isnan(value[i]) && isnan(v0[i]) && isnan(delta[i]));
        assert_int_equal(failed[i], i == 0 ? TEND_EXPR_NOT_A_NUMBER : TEND_EXPR_OVERFLOW);
    }
    assert_int_equal(sums.failed_count[TEND_EXPR_NOT_A_NUMBER], 1);
    assert_int_equal(sums.failed_count[TEND_EXPR_OVERFLOW], 2);
    assert_int_equal(sums.total.row_count, ROW_COUNT - 3);
    assert_near(tend__exact_sum_value(&sums.total.sum), by_hand_sum, 1e-6);
    assert_tend_ok(tend__value_rule_constant(rule, &batch, &binding, true, &constant, &err), &err);
    assert_int_equal(constant.row_count, ROW_COUNT - 3);
    tend__value_sums_deinit(&sums);
    tend__value_rule_free(rule);
}

static void segments_split_the_sum(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_rule *rule = NULL;
    struct tend__value_rule_options options = flight_options();
    const struct tend__text categories[2] = {{"ORD", 3}, {"ATL", 3}};
    const struct tend__value_segment segments[2] = {
        {.expr = "amount > 6"},
        {.name = "from", .expr = "origin", .categories = categories, .category_count = 2}};
    options.segments = segments;
    options.segment_count = 2;
    draw_rows(6);
    assert_tend_ok(tend__value_rule_new(&options, &rule, &err), &err);
    assert_int_equal(tend__value_rule_segment_count(rule), 4);
    assert_string_equal(tend__value_rule_segment_name(rule, 0), "amount > 6");
    assert_string_equal(tend__value_rule_segment_name(rule, 1), "from = ORD");
    assert_string_equal(tend__value_rule_segment_name(rule, 3), "from = other");
    struct tend__value_sums sums;
    assert_tend_ok(tend__value_sums_init(&sums, 4, &err), &err);
    const struct tend__value_binding binding = {.score = score, .label = label};
    const struct tend__value_out out = {0};
    assert_tend_ok(tend__value_rule_eval(rule, &batch, &binding, &out, &sums, &err), &err);
    double large = 0;
    double from[3] = {0};
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const double value = by_hand(score[i] > 0.2, label[i] != 0);
        large += amount[i] > 6 ? value : 0;
        from[origin[i].ptr[0] == 'O' ? 0 : origin[i].ptr[0] == 'A' ? 1 : 2] += value;
    }
    assert_near(tend__exact_sum_value(&sums.segments[0].sum), large, 0);
    for (size_t k = 0; k < 3; k++) {
        assert_near(tend__exact_sum_value(&sums.segments[1 + k].sum), from[k], 0);
    }
    assert_near(from[0] + from[1] + from[2], tend__exact_sum_value(&sums.total.sum), 0);
    tend__value_sums_deinit(&sums);
    tend__value_rule_free(rule);
}

static void sums_are_the_same_for_any_order_and_any_sharding(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_rule *rule = NULL;
    struct tend__value_rule_options options = flight_options();
    options.value = "case when late then amount / 3 else -amount / 7 end";
    draw_rows(7);
    assert_tend_ok(tend__value_rule_new(&options, &rule, &err), &err);
    struct tend__value_sums whole;
    struct tend__value_sums parts;
    assert_tend_ok(tend__value_sums_init(&whole, 0, &err), &err);
    assert_tend_ok(tend__value_sums_init(&parts, 0, &err), &err);
    const struct tend__value_out out = {0};
    const struct tend__value_binding all = {.score = score, .label = label};
    assert_tend_ok(tend__value_rule_eval(rule, &batch, &all, &out, &whole, &err), &err);
    for (size_t i = ROW_COUNT; i > 0; i--) {
        struct tend__column one[COLUMN_COUNT] = {columns[0], columns[1], columns[2]};
        one[AMOUNT].f64 += i - 1;
        one[ORIGIN].text += i - 1;
        one[OLD_LABEL].text += i - 1;
        const struct tend__batch row = {
            .row_count = 1, .column_count = COLUMN_COUNT, .fields = fields, .columns = one};
        const struct tend__value_binding b = {.score = score + i - 1, .label = label + i - 1};
        assert_tend_ok(tend__value_rule_eval(rule, &row, &b, &out, &parts, &err), &err);
    }
    const double a = tend__exact_sum_value(&whole.total.sum);
    const double b = tend__exact_sum_value(&parts.total.sum);
    assert_memory_equal(&a, &b, sizeof(a));
    assert_int_equal(whole.decided_count, parts.decided_count);
    tend__value_sums_deinit(&parts);
    tend__value_sums_deinit(&whole);
    tend__value_rule_free(rule);
}

static void the_best_constant_is_the_value_of_one_decision_for_all(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_rule *rule = NULL;
    const struct tend__value_rule_options options = flight_options();
    draw_rows(8);
    assert_tend_ok(tend__value_rule_new(&options, &rule, &err), &err);
    const struct tend__value_binding binding = {.score = score, .label = label};
    for (int decision = 0; decision < 2; decision++) {
        struct tend__value_sum sum = {0};
        double total = 0;
        assert_tend_ok(tend__value_rule_constant(rule, &batch, &binding, decision == 1, &sum, &err),
                       &err);
        for (size_t i = 0; i < ROW_COUNT; i++) {
            total += by_hand(decision == 1, label[i] != 0);
        }
        assert_near(tend__exact_sum_value(&sum.sum), total, 0);
        assert_int_equal(sum.row_count, ROW_COUNT);
    }
    tend__value_rule_free(rule);
}

static void bad_rules_are_refused_with_their_place(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_rule *rule = NULL;
    struct tend__value_rule_options options = flight_options();
    options.value = "amuont * 2";
    assert_int_equal(tend__value_rule_new(&options, &rule, &err), TEND_ENOTFOUND);
    assert_non_null(strstr(err.text, "value: "));
    assert_non_null(strstr(err.text, "amount"));
    assert_int_equal(err.column, 1);
    options.value = "origin";
    assert_int_equal(tend__value_rule_new(&options, &rule, &err), TEND_ETYPE);
    options = flight_options();
    options.decision = "late";
    assert_int_not_equal(tend__value_rule_new(&options, &rule, &err), TEND_OK);
    options = flight_options();
    options.decision_name = "late";
    assert_int_equal(tend__value_rule_new(&options, &rule, &err), TEND_EINVAL);
    options = flight_options();
    options.value = NULL;
    assert_int_equal(tend__value_rule_new(&options, &rule, &err), TEND_EINVAL);
    options = flight_options();
    const struct tend__value_segment segment = {.expr = "amount"};
    options.segments = &segment;
    options.segment_count = 1;
    assert_int_equal(tend__value_rule_new(&options, &rule, &err), TEND_ETYPE);
    assert_null(rule);
}

static enum tend_code whole_life(struct tend_error *err)
{
    struct tend__value_rule *rule = NULL;
    struct tend__value_rule_options options = flight_options();
    const struct tend__text categories[2] = {{"ORD", 3}, {"ATL", 3}};
    const struct tend__value_segment segment = {
        .expr = "origin", .categories = categories, .category_count = 2};
    options.segments = &segment;
    options.segment_count = 1;
    struct tend__value_sums sums = {0};
    struct tend__value_sum constant = {0};
    static double v0[ROW_COUNT];
    const struct tend__value_out out = {.v0 = v0};
    const struct tend__value_binding binding = {.score = score, .label = label};
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__value_rule_new(&options, &rule, err));
    TEND_TRY_OUT(tend__value_sums_init(&sums, tend__value_rule_segment_count(rule), err));
    TEND_TRY_OUT(tend__value_rule_eval(rule, &batch, &binding, &out, &sums, err));
    TEND_TRY_OUT(tend__value_rule_constant(rule, &batch, &binding, true, &constant, err));
out:
    tend__value_sums_deinit(&sums);
    tend__value_rule_free(rule);
    return code;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    draw_rows(9);
    bool done = false;
    for (uint64_t nth = 1; !done; nth++) {
        tend__mem_fail_at(nth);
        const enum tend_code code = whole_life(&err);
        done = tend__mem_asked() < nth;
        tend__mem_fail_at(0);
        assert_int_equal(code, done ? TEND_OK : TEND_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_the_expression),
        cmocka_unit_test(the_value_alone_is_the_same_as_with_its_two_labels),
        cmocka_unit_test(a_label_may_be_read_as_a_number),
        cmocka_unit_test(a_number_to_predict_has_a_value_too),
        cmocka_unit_test(failed_and_null_values_are_counted_and_not_imputed),
        cmocka_unit_test(a_value_that_is_no_finite_number_is_a_failure),
        cmocka_unit_test(segments_split_the_sum),
        cmocka_unit_test(sums_are_the_same_for_any_order_and_any_sharding),
        cmocka_unit_test(the_best_constant_is_the_value_of_one_decision_for_all),
        cmocka_unit_test(bad_rules_are_refused_with_their_place),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
