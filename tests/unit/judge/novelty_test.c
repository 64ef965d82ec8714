/* SPDX-License-Identifier: Apache-2.0 */
/* novelty_test.c: what the plan has no place for is counted, exactly while it is little, within the
 * bound when it is much. */
#include "unit.h"

#include "base/rng.h"
#include "judge/novelty.h"
#include "profile/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROW_COUNT 50000

static const struct tend__field fields[2] = {
    {.name = "c", .type = TEND_TYPE_TEXT},
    {.name = "x", .type = TEND_TYPE_NUMBER},
};

static struct tend__text texts[ROW_COUNT];
static char bytes[ROW_COUNT][12];
static double numbers[ROW_COUNT];
static struct tend__column columns[2];
static struct tend__batch batch;

static void bind_rows(size_t row_count)
{
    columns[0] = (struct tend__column){.type = TEND_TYPE_TEXT, .text = texts};
    columns[1] = (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = numbers};
    batch = (struct tend__batch){
        .row_count = row_count, .column_count = 2, .fields = fields, .columns = columns};
}

static void set_text(size_t i, const char *prefix, uint64_t number)
{
    const int len = snprintf(bytes[i], sizeof(bytes[i]), "%s%u", prefix, (unsigned)number);
    texts[i] = (struct tend__text){.ptr = bytes[i], .len = (size_t)len};
}

/* Old texts are a0..a3; half of the old numbers are the atom 7, the others are all different. */
static struct tend__plan *old_plan(void)
{
    struct tend_error err = {0};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    for (size_t i = 0; i < 2000; i++) {
        set_text(i, "a", i % 4);
        numbers[i] = i % 2 == 0 ? 7 : (double)i / 3;
    }
    bind_rows(2000);
    assert_tend_ok(tend__plan_builder_new(fields, 2, NULL, &builder, &err), &err);
    assert_tend_ok(tend__plan_builder_add(builder, &batch, &err), &err);
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    tend__plan_builder_free(builder);
    return plan;
}

static void what_is_known_is_not_new_and_counts_are_exact_while_few(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = old_plan();
    struct tend__novelty *novelty = NULL;
    size_t count = 0;
    assert_tend_ok(tend__novelty_new(plan, &novelty, &err), &err);
    for (size_t i = 0; i < 600; i++) {
        set_text(i, i % 3 == 0 ? "b" : "a", i % 2);
        numbers[i] = i % 3 == 0 ? -999 : i % 3 == 1 ? 7 : (double)NAN;
    }
    bind_rows(600);
    assert_tend_ok(tend__novelty_add(novelty, &batch, &err), &err);
    const struct tend__novel_value *values = tend__novelty_values(novelty, 0, &count);
    assert_int_equal(count, 2);
    assert_string_equal(values[0].text.ptr, "b0");
    assert_string_equal(values[1].text.ptr, "b1");
    assert_int_equal(values[0].count, 100);
    assert_int_equal(values[1].count, 100);
    values = tend__novelty_values(novelty, 1, &count);
    assert_int_equal(count, 1);
    assert_near(values[0].number, -999, 0);
    assert_int_equal(values[0].count, 200);
    tend__novelty_free(novelty);
    tend__plan_unref(plan);
}

static void frequent_values_survive_a_flood_of_others_within_the_bound(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = old_plan();
    struct tend__novelty *novelty = NULL;
    struct tend__rng rng;
    size_t count = 0;
    size_t exact_text = 0;
    size_t exact_number = 0;
    tend__rng_init(&rng, 9);
    assert_tend_ok(tend__novelty_new(plan, &novelty, &err), &err);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const bool hit = tend__rng_uniform(&rng) < 0.05;
        set_text(i, hit ? "hit" : "miss", hit ? 0 : tend__rng_below(&rng, 1000000));
        numbers[i] = hit ? 2.5 : tend__rng_normal(&rng);
        exact_text += hit ? 1 : 0;
        exact_number += hit ? 1 : 0;
    }
    bind_rows(ROW_COUNT);
    assert_tend_ok(tend__novelty_add(novelty, &batch, &err), &err);
    const struct tend__novel_value *values = tend__novelty_values(novelty, 0, &count);
    assert_true(count <= TEND_NOVELTY_TEXTS_MAX);
    assert_string_equal(values[0].text.ptr, "hit0");
    assert_true(values[0].count <= exact_text);
    assert_true(values[0].count + ROW_COUNT / (TEND_NOVELTY_TEXTS_MAX + 1) + 1 >= exact_text);
    values = tend__novelty_values(novelty, 1, &count);
    assert_true(count <= TEND_NOVELTY_NUMBERS_MAX);
    assert_near(values[0].number, 2.5, 0);
    assert_true(values[0].count <= exact_number);
    assert_true(values[0].count + ROW_COUNT / (TEND_NOVELTY_NUMBERS_MAX + 1) + 1 >= exact_number);
    tend__novelty_free(novelty);
    tend__plan_unref(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_not_new_and_counts_are_exact_while_few),
        cmocka_unit_test(frequent_values_survive_a_flood_of_others_within_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
