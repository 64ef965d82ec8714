/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distinct_test.c: plans of columns with more distinct values than are counted exactly: the same in
 * any order, frequent values found, cuts near the true quantiles.
 */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "profile/distinct.h"
#include "profile/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 400000
#define BATCH 5000

static double numbers[ROWS];
static struct tend__text texts[ROWS];
static char bytes[ROWS][24];

/* A fifth zeros, a tenth of 0.5, the others all different. */
static void fill_numbers(struct tend__rng *rng)
{
    for (size_t i = 0; i < ROWS; i++) {
        const uint64_t kind = tend__rng_below(rng, 10);
        numbers[i] = kind < 2 ? 0 : kind == 2 ? 0.5 : exp(tend__rng_normal(rng));
    }
}

/* Half of the rows are one of 20 names, the others are nearly all different. */
static void fill_texts(struct tend__rng *rng)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (tend__rng_below(rng, 2) == 0) {
            (void)snprintf(bytes[i], sizeof(bytes[i]), "frequent name %d",
                           (int)tend__rng_below(rng, 20));
        } else {
            (void)snprintf(bytes[i], sizeof(bytes[i]), "id-%llu",
                           (unsigned long long)tend__rng_below(rng, 1000000000));
        }
        texts[i].ptr = bytes[i];
        texts[i].len = strlen(bytes[i]);
    }
}

static void shuffle(struct tend__rng *rng)
{
    for (size_t i = ROWS; i > 1; i--) {
        const size_t j = (size_t)tend__rng_below(rng, i);
        const double number = numbers[i - 1];
        const struct tend__text text = texts[i - 1];
        numbers[i - 1] = numbers[j];
        numbers[j] = number;
        texts[i - 1] = texts[j];
        texts[j] = text;
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct tend__plan *make_plan(bool *complete)
{
    struct tend_error err = {0};
    const struct tend__field fields[] = {{"x", TEND_TYPE_NUMBER, 0, 0},
                                         {"t", TEND_TYPE_TEXT, 0, 0}};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__profile *profile = NULL;
    assert_tend_ok(tend__plan_builder_new(fields, 2, NULL, &builder, &err), &err);
    for (size_t begin = 0; begin < ROWS; begin += BATCH) {
        const struct tend__column columns[] = {
            {.type = TEND_TYPE_NUMBER, .f64 = numbers + begin},
            {.type = TEND_TYPE_TEXT, .text = texts + begin},
        };
        const struct tend__batch batch = {BATCH, 2, fields, columns};
        assert_tend_ok(tend__plan_builder_add(builder, &batch, &err), &err);
    }
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    assert_tend_ok(tend__plan_builder_profile(builder, plan, &profile, complete, &err), &err);
    assert_null(profile);
    tend__plan_builder_free(builder);
    return plan;
}

static void many_distinct_values_give_the_same_plan_in_every_order(void **state)
{
    (void)state;
    struct tend__rng rng;
    bool complete = true;
    tend__rng_init(&rng, 11);
    fill_numbers(&rng);
    fill_texts(&rng);
    struct tend__plan *plan = make_plan(&complete);
    assert_false(complete);
    /* The frequent values come last, then first, then anywhere. */
    qsort(numbers, ROWS, sizeof(numbers[0]), compare_doubles);
    struct tend__plan *sorted = make_plan(&complete);
    for (size_t i = 0; i < ROWS / 2; i++) {
        const double number = numbers[i];
        numbers[i] = numbers[ROWS - 1 - i];
        numbers[ROWS - 1 - i] = number;
    }
    struct tend__plan *reversed = make_plan(&complete);
    shuffle(&rng);
    struct tend__plan *shuffled = make_plan(&complete);
    assert_true(tend__plan_equal(plan, sorted));
    assert_true(tend__plan_equal(plan, reversed));
    assert_true(tend__plan_equal(plan, shuffled));
    tend__plan_unref(plan);
    tend__plan_unref(sorted);
    tend__plan_unref(reversed);
    tend__plan_unref(shuffled);
}

static void atoms_are_found_and_cuts_are_near_the_true_quantiles(void **state)
{
    (void)state;
    struct tend__rng rng;
    bool complete = true;
    tend__rng_init(&rng, 12);
    fill_numbers(&rng);
    fill_texts(&rng);
    struct tend__plan *plan = make_plan(&complete);
    const struct tend__plan_column *column = tend__plan_column(plan, 0);
    assert_int_equal(column->atom_count, 2);
    assert_true(column->atoms[0] == 0);
    assert_true(column->atoms[1] == 0.5);
    assert_true(column->cut_count >= 22 && column->cut_count <= 32);
    qsort(numbers, ROWS, sizeof(numbers[0]), compare_doubles);
    for (size_t i = 0; i < column->cell_count; i++) {
        size_t count = 0;
        for (size_t j = 0; j < ROWS; j++) {
            count +=
                numbers[j] > column->cell_lows[i] && numbers[j] <= column->cell_highs[i] ? 1 : 0;
        }
        /* No bin is much larger than 1 / 32 of the rows; the sample of 65,536 has an error of about
         * 1%. */
        if (column->cell_lows[i] < column->cell_highs[i] && column->cell_highs[i] != 0 &&
            column->cell_highs[i] != 0.5) {
            assert_true((double)count < 1.1 * ROWS / 32);
        }
    }
    const struct tend__plan_column *names = tend__plan_column(plan, 1);
    assert_int_equal(names->category_count, 20);
    for (size_t i = 0; i < names->category_count; i++) {
        assert_memory_equal(names->categories[i].ptr, "frequent name ", 14);
    }
    tend__plan_unref(plan);
}

static void long_texts_are_other_and_nothing_is_kept_of_them(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__distinct *distinct = NULL;
    struct tend__distinct_value *values = NULL;
    size_t count = 0;
    static char text[TEND_CATEGORY_BYTES_MAX + 1];
    memset(text, 'x', sizeof(text));
    const struct tend__text two[] = {{text, TEND_CATEGORY_BYTES_MAX},
                                     {text, TEND_CATEGORY_BYTES_MAX + 1}};
    const struct tend__column column = {.type = TEND_TYPE_TEXT, .text = two};
    assert_tend_ok(tend__distinct_new(true, &distinct, &err), &err);
    assert_tend_ok(tend__distinct_add_texts(distinct, &column, 2, &err), &err);
    assert_int_equal(tend__distinct_total(distinct), 2);
    assert_int_equal(tend__distinct_long_count(distinct), 1);
    assert_tend_ok(tend__distinct_values(distinct, &values, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_int_equal(values[0].text.len, TEND_CATEGORY_BYTES_MAX);
    tend__mem_free(values);
    tend__distinct_free(distinct);
}

static void whole_numbers_never_fill_the_table(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__distinct *distinct = NULL;
    struct tend__distinct_value *values = NULL;
    size_t count = 0;
    assert_tend_ok(tend__distinct_new(false, &distinct, &err), &err);
    for (int i = TEND_WHOLE_MIN - 5; i <= TEND_WHOLE_MAX + 5; i++) {
        const double x[] = {i, i};
        const struct tend__extent whole = {
            .low = i, .high = i, .whole_count = 2, .all_whole = true};
        assert_tend_ok(tend__distinct_add_numbers(distinct, x, 2, i % 2 == 0 ? &whole : NULL, &err),
                       &err);
    }
    assert_true(tend__distinct_is_exact(distinct));
    assert_tend_ok(tend__distinct_values(distinct, &values, &count, &err), &err);
    assert_int_equal(count, TEND_WHOLE_MAX - TEND_WHOLE_MIN + 11);
    for (size_t i = 0; i < count; i++) {
        assert_true(values[i].number == (double)i + TEND_WHOLE_MIN - 5);
        assert_true(values[i].weight == 2);
    }
    tend__mem_free(values);
    tend__distinct_free(distinct);
}

static enum tend_code overflow(struct tend_error *err)
{
    struct tend__distinct *distinct = NULL;
    struct tend__distinct_value *values = NULL;
    size_t count = 0;
    const struct tend__column column = {.type = TEND_TYPE_TEXT, .text = texts};
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__distinct_new(true, &distinct, err));
    TEND_TRY_OUT(tend__distinct_add_texts(distinct, &column, 150000, err));
    TEND_TRY_OUT(tend__distinct_values(distinct, &values, &count, err));
out:
    tend__mem_free(values);
    tend__distinct_free(distinct);
    return code;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, 13);
    fill_texts(&rng);
    assert_tend_ok(overflow(&err), &err);
    tend__mem_fail_at(0);
    assert_tend_ok(overflow(&err), &err);
    const uint64_t asked = tend__mem_asked();
    assert_true(asked > 20);
    for (uint64_t nth = 1; nth <= asked; nth += 1 + nth / 16) {
        tend__mem_fail_at(nth);
        assert_int_equal(overflow(&err), TEND_ENOMEM);
        tend__mem_fail_at(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_distinct_values_give_the_same_plan_in_every_order),
        cmocka_unit_test(atoms_are_found_and_cuts_are_near_the_true_quantiles),
        cmocka_unit_test(long_texts_are_other_and_nothing_is_kept_of_them),
        cmocka_unit_test(whole_numbers_never_fill_the_table),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
