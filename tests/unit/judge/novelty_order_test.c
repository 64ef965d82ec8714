/* SPDX-License-Identifier: Apache-2.0 */
/* novelty_order_test.c: the frequent values that a plan does not know, in any order of the rows. */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "judge/novelty.h"
#include "profile/plan.h"

#include <math.h>
#include <string.h>

#define ROWS 20000

static double numbers[ROWS];
static struct tend__text texts[ROWS];
static char bytes[ROWS][16];
static const struct tend__field fields[] = {{"x", TEND_TYPE_NUMBER, 0, 0},
                                            {"t", TEND_TYPE_TEXT, 0, 0}};

static enum tend_code add(struct tend__novelty *novelty, size_t begin, size_t count,
                          struct tend_error *err)
{
    const struct tend__column columns[] = {{.type = TEND_TYPE_NUMBER, .f64 = numbers + begin},
                                           {.type = TEND_TYPE_TEXT, .text = texts + begin}};
    const struct tend__batch batch = {count, 2, fields, columns};
    return tend__novelty_add(novelty, &batch, err);
}

/* A plan that knows the number 0 as an atom and the texts A and B. */
static struct tend__plan *make_plan(void)
{
    struct tend_error err = {0};
    static const double x[] = {0, 0, 0, 0};
    static const struct tend__text t[] = {{"A", 1}, {"A", 1}, {"B", 1}, {"B", 1}};
    const struct tend__column columns[] = {{.type = TEND_TYPE_NUMBER, .f64 = x},
                                           {.type = TEND_TYPE_TEXT, .text = t}};
    const struct tend__batch batch = {4, 2, fields, columns};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    assert_tend_ok(tend__plan_builder_new(fields, 2, NULL, &builder, &err), &err);
    assert_tend_ok(tend__plan_builder_add(builder, &batch, &err), &err);
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    tend__plan_builder_free(builder);
    return plan;
}

/* Row i: the number i % 300 (0 is known), but -999.5 in each seventh; a text of 2,000, or A. */
static void fill_rows(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        numbers[i] = i % 7 == 0 ? -999.5 : (double)(i % 300);
        (void)snprintf(bytes[i], sizeof(bytes[i]), i % 2 == 0 ? "A" : "t%zu", i % 2000);
        texts[i].ptr = bytes[i];
        texts[i].len = strlen(bytes[i]);
    }
    numbers[0] = (double)NAN;
    numbers[7] = (double)INFINITY;
}

static void shuffle(uint64_t seed)
{
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    for (size_t i = ROWS; i > 1; i--) {
        const size_t j = (size_t)tend__rng_below(&rng, i);
        const double number = numbers[i - 1];
        const struct tend__text text = texts[i - 1];
        numbers[i - 1] = numbers[j];
        numbers[j] = number;
        texts[i - 1] = texts[j];
        texts[j] = text;
    }
}

static void check_numbers(const struct tend__novelty *novelty)
{
    size_t count = 0;
    const struct tend__novel_value *values = tend__novelty_values(novelty, 0, &count);
    assert_int_equal(count, TEND_NOVELTY_NUMBERS_MAX);
    assert_true(values[0].number == -999.5);
    assert_int_equal(values[0].count, (ROWS + 6) / 7 - 2);
    for (size_t i = 1; i < count; i++) {
        uint64_t naive = 0;
        for (size_t j = 0; j < ROWS; j++) {
            naive += numbers[j] == values[i].number ? 1 : 0;
        }
        assert_int_equal(values[i].count, naive);
        assert_true(values[i].number != 0);
        assert_true(
            values[i - 1].count > values[i].count ||
            (values[i - 1].count == values[i].count && values[i - 1].number < values[i].number));
    }
}

static void check_texts(const struct tend__novelty *novelty)
{
    size_t count = 0;
    const struct tend__novel_value *values = tend__novelty_values(novelty, 1, &count);
    assert_int_equal(count, 1000);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(values[i].count, ROWS / 2000);
        assert_int_equal(values[i].text.ptr[values[i].text.len], '\0');
        assert_true(i == 0 || strcmp(values[i - 1].text.ptr, values[i].text.ptr) < 0);
    }
}

static void the_frequent_values_do_not_depend_on_the_order_of_rows(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = make_plan();
    fill_rows();
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct tend__novelty *novelty = NULL;
        assert_tend_ok(tend__novelty_new(plan, &novelty, &err), &err);
        for (size_t begin = 0; begin < ROWS; begin += ROWS / 4) {
            assert_tend_ok(add(novelty, begin, ROWS / 4, &err), &err);
        }
        check_numbers(novelty);
        check_texts(novelty);
        tend__novelty_free(novelty);
        shuffle(seed);
    }
    tend__plan_unref(plan);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = make_plan();
    fill_rows();
    enum tend_code code = TEND_ENOMEM;
    uint64_t nth = 0;
    while (code != TEND_OK) {
        struct tend__novelty *novelty = NULL;
        nth++;
        tend__mem_fail_at(nth);
        code = tend__novelty_new(plan, &novelty, &err);
        if (code == TEND_OK) {
            code = add(novelty, 0, 2000, &err);
        }
        tend__mem_fail_at(0);
        tend__novelty_free(novelty);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 8);
    tend__plan_unref(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frequent_values_do_not_depend_on_the_order_of_rows),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
