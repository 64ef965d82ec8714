/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_rows_test.c: what is gathered of the rows (slices, samples, repeats), whatever their order,
 * and the rules that need it: joins that fail, rounding, repeats, labels.
 */
#include "unit.h"

#include "base/civil.h"
#include "base/mem.h"
#include "base/rng.h"
#include "judge/break_rows.h"
#include "judge/breaks.h"
#include "profile/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 6000
#define STEP 500 /* rows of a batch */

enum { TIME, A, B, C, LABEL, SCORE, COLUMN_COUNT };

static const struct tend__field fields[COLUMN_COUNT] = {
    {.name = "time", .type = TEND_TYPE_TIME},    {.name = "a", .type = TEND_TYPE_NUMBER},
    {.name = "b", .type = TEND_TYPE_NUMBER},     {.name = "c", .type = TEND_TYPE_TEXT},
    {.name = "label", .type = TEND_TYPE_NUMBER}, {.name = "score", .type = TEND_TYPE_NUMBER},
};

struct table {
    size_t count;
    int64_t time[2 * ROWS];
    double numbers[COLUMN_COUNT][2 * ROWS];
    struct tend__text text[2 * ROWS];
    uint8_t valid[COLUMN_COUNT][2 * ROWS];
};

static struct table ref_table;
static struct table cur_table;

static void draw(struct table *table, uint64_t seed)
{
    static const char *const names[] = {"north", "south", "east", "west", "centre"};
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    memset(table, 0, sizeof(*table));
    table->count = ROWS;
    memset(table->valid, 1, sizeof(table->valid));
    for (size_t i = 0; i < ROWS; i++) {
        const char *name = names[tend__rng_below(&rng, TEND_ARRAY_LEN(names))];
        const double score = tend__rng_uniform(&rng);
        table->time[i] = (int64_t)i * 60 * TEND_US_PER_SECOND;
        table->numbers[A][i] = nearbyint(100 * exp(2 + tend__rng_normal(&rng))) / 100;
        table->numbers[B][i] = nearbyint(1000 + 200 * tend__rng_normal(&rng));
        table->text[i] = (struct tend__text){.ptr = name, .len = strlen(name)};
        table->numbers[SCORE][i] = score;
        table->numbers[LABEL][i] = tend__rng_uniform(&rng) < 0.2 + 0.4 * score ? 1 : 0;
        table->valid[A][i] = tend__rng_uniform(&rng) < 0.05 ? 0 : 1;
        table->valid[B][i] = tend__rng_uniform(&rng) < 0.05 ? 0 : 1;
    }
}

static struct tend__batch batch_of(struct table *table, size_t first, size_t count,
                                   struct tend__column columns[COLUMN_COUNT])
{
    for (size_t k = 0; k < COLUMN_COUNT; k++) {
        columns[k] =
            (struct tend__column){.type = fields[k].type, .valid = table->valid[k] + first};
        if (k == TIME) {
            columns[k].time_us = table->time + first;
        } else if (k == C) {
            columns[k].text = table->text + first;
        } else {
            columns[k].f64 = table->numbers[k] + first;
        }
    }
    return (struct tend__batch){
        .row_count = count, .column_count = COLUMN_COUNT, .fields = fields, .columns = columns};
}

static enum tend_code add_all(struct tend__break_rows *rows, struct table *table,
                              struct tend_error *err)
{
    struct tend__column columns[COLUMN_COUNT];
    for (size_t first = 0; first < table->count; first += STEP) {
        const size_t left = table->count - first;
        const struct tend__batch batch = batch_of(table, first, left < STEP ? left : STEP, columns);
        TEND_TRY(tend__break_rows_add(rows, &batch, err));
    }
    return TEND_OK;
}

static enum tend_code make_reference(struct tend__plan **plan, struct tend__profile **ref,
                                     struct tend_error *err)
{
    struct tend__column columns[COLUMN_COUNT];
    const struct tend__batch batch = batch_of(&ref_table, 0, ref_table.count, columns);
    struct tend__plan_builder *builder = NULL;
    enum tend_code code = tend__plan_builder_new(fields, COLUMN_COUNT, NULL, &builder, err);
    if (code == TEND_OK) {
        code = tend__plan_builder_add(builder, &batch, err);
    }
    if (code == TEND_OK) {
        code = tend__plan_builder_finish(builder, plan, err);
    }
    tend__plan_builder_free(builder);
    TEND_TRY(code);
    TEND_TRY(tend__profile_new(*plan, ref, err));
    return tend__profile_add(*ref, &batch, err);
}

/* All of it, as tend check does: what is found in cur_table against ref_table. */
static enum tend_code find(const char *label, struct tend__break_list *list, struct tend_error *err)
{
    struct tend__plan *plan = NULL;
    struct tend__profile *ref = NULL;
    struct tend__profile *cur = NULL;
    struct tend__break_rows *sides[2] = {NULL, NULL};
    struct tend__break_rows_result results[2];
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(make_reference(&plan, &ref, err));
    for (size_t k = 0; k < 2; k++) {
        const struct tend__break_rows_options options = {.plan = k == 0 ? NULL : plan,
                                                         .time_column = "time"};
        TEND_TRY_OUT(tend__break_rows_new(&options, &sides[k], err));
        TEND_TRY_OUT(add_all(sides[k], k == 0 ? &ref_table : &cur_table, err));
        TEND_TRY_OUT(tend__break_rows_finish(sides[k], &results[k], err));
    }
    cur = tend__break_rows_take_profile(sides[1]);
    const struct tend__break_options options = {
        .ref_rows = results[0].sample,
        .cur_rows = results[1].sample,
        .ref_repeats = results[0].repeats,
        .cur_repeats = results[1].repeats,
        .label_column = label,
        .score_column = "score",
    };
    struct tend__break_slices slices = results[1].slices;
    slices.whole = cur;
    code = tend__breaks_find_slices(ref, &slices, &options, list, err);
out:
    tend__break_rows_free(sides[0]);
    tend__break_rows_free(sides[1]);
    tend__profile_free(cur);
    tend__profile_free(ref);
    tend__plan_unref(plan);
    return code;
}

static struct tend__break items[64];

static const struct tend__break *find_only(const char *label, enum tend__break_kind kind,
                                           size_t column_idx)
{
    struct tend_error err = {0};
    struct tend__break_list list = {.items = items, .max = TEND_ARRAY_LEN(items)};
    assert_tend_ok(find(label, &list, &err), &err);
    for (size_t i = 0; i < list.count; i++) {
        print_message("  %s of %zu, share %g, since row %llu\n",
                      tend__break_kind_text(items[i].kind), items[i].column_idx, items[i].share,
                      (unsigned long long)items[i].since_row);
    }
    assert_int_equal(list.count, 1);
    assert_int_equal(items[0].kind, kind);
    assert_int_equal(items[0].column_idx, column_idx);
    return &items[0];
}

static void draw_both(uint64_t seed)
{
    draw(&ref_table, seed);
    draw(&cur_table, seed + 1);
}

static void nothing_is_found_where_nothing_is_broken(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct tend_error err = {0};
        struct tend__break_list list = {.items = items, .max = TEND_ARRAY_LEN(items)};
        draw_both(100 + 2 * seed);
        assert_tend_ok(find("label", &list, &err), &err);
        assert_int_equal(list.count, 0);
    }
}

static void columns_that_are_null_together_are_one_failure(void **state)
{
    (void)state;
    draw_both(1);
    for (size_t i = 0; i < ROWS; i += 5) {
        cur_table.valid[A][i] = cur_table.valid[C][i] = 0;
    }
    const struct tend__break *b = find_only(NULL, TEND_BREAK_JOIN_FAILURE, A);
    assert_int_equal(b->column_count, 2);
    assert_int_equal(b->columns[1], C);
    assert_near(b->share, 0.2, 0.02);
    assert_int_equal(b->since_row, 1);
}

static void columns_that_are_null_apart_are_two_spikes(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__break_list list = {.items = items, .max = TEND_ARRAY_LEN(items)};
    draw_both(2);
    for (size_t i = 0; i + 2 < ROWS; i += 5) {
        cur_table.valid[A][i] = 0;
        cur_table.valid[C][i + 2] = 0;
    }
    assert_tend_ok(find(NULL, &list, &err), &err);
    assert_int_equal(list.count, 2);
    assert_int_equal(items[0].kind, TEND_BREAK_NULL_SPIKE);
    assert_int_equal(items[1].kind, TEND_BREAK_NULL_SPIKE);
}

static void rounded_numbers_are_found_with_their_step(void **state)
{
    (void)state;
    static const double steps[][2] = {{A, 0.1}, {A, 0.5}, {A, 1}, {B, 10}, {B, 50}, {B, 100}};
    for (size_t k = 0; k < TEND_ARRAY_LEN(steps); k++) {
        const size_t column = (size_t)steps[k][0];
        draw_both(10 + 2 * k);
        for (size_t i = 0; i < ROWS; i++) {
            const double x = cur_table.numbers[column][i] / steps[k][1];
            cur_table.numbers[column][i] = nearbyint(x) * steps[k][1];
        }
        const struct tend__break *b = find_only(NULL, TEND_BREAK_ROUNDING, column);
        assert_near(b->offset, steps[k][1], 1e-9);
        assert_near(b->share, 1, 0.02);
    }
}

static void rounding_of_some_rows_from_the_middle_is_dated(void **state)
{
    (void)state;
    draw_both(30);
    for (size_t i = ROWS / 2; i < ROWS; i++) {
        if (i % 2 == 0) {
            cur_table.numbers[A][i] = nearbyint(cur_table.numbers[A][i]);
        }
    }
    const struct tend__break *b = find_only(NULL, TEND_BREAK_ROUNDING, A);
    assert_near(b->share, 0.25, 0.04);
    assert_near((double)b->since_row, ROWS / 2, ROWS / 8);
    assert_int_equal(b->since_us, cur_table.time[b->since_row - 1]);
}

static void rows_that_come_twice_are_found_at_any_distance(void **state)
{
    (void)state;
    for (int at_the_end = 0; at_the_end < 2; at_the_end++) {
        draw_both(40);
        for (size_t i = 0; i < ROWS / 5; i++) {
            const size_t from = at_the_end == 1 ? i : ROWS - 1 - i;
            const size_t to = ROWS + i;
            cur_table.time[to] = cur_table.time[from];
            cur_table.text[to] = cur_table.text[from];
            for (size_t k = A; k < COLUMN_COUNT; k++) {
                cur_table.numbers[k][to] = cur_table.numbers[k][from];
                cur_table.valid[k][to] = cur_table.valid[k][from];
            }
        }
        cur_table.count = ROWS + ROWS / 5;
        const struct tend__break *b =
            find_only(NULL, TEND_BREAK_DUPLICATE_ROWS, TEND_BREAK_NO_COLUMN);
        assert_near(b->share, 1.0 / 6, 0.02);
    }
}

static void broken_labels_are_found_and_said_how(void **state)
{
    (void)state;
    for (size_t way = 0; way < 3; way++) {
        draw_both(50 + 2 * way);
        for (size_t i = 0; i < ROWS; i++) {
            cur_table.valid[LABEL][i] = way == 0 ? 0 : 1;
            if (way == 1) {
                cur_table.numbers[LABEL][i] = 0;
            } else if (way == 2) {
                cur_table.numbers[LABEL][i] = 1 - cur_table.numbers[LABEL][i];
            }
        }
        static const char *const words[] = {"missing", "constant", "inverted"};
        const struct tend__break *b = find_only("label", TEND_BREAK_LABEL_BREAK, LABEL);
        assert_string_equal(b->to, words[way]);
        assert_near(b->share, 1, 0.2);
    }
}

/* ---- slices ---- */

static void assert_same_profile(const struct tend__profile *a, const struct tend__profile *b)
{
    assert_int_equal(tend__profile_row_count(a), tend__profile_row_count(b));
    for (size_t k = 0; k < COLUMN_COUNT; k++) {
        const struct tend__column_profile *x = tend__profile_column(a, k);
        const struct tend__column_profile *y = tend__profile_column(b, k);
        assert_memory_equal(x->cells, y->cells, x->cell_count * sizeof(*x->cells));
        assert_int_equal(x->null_count, y->null_count);
    }
}

static void swap_rows(struct table *table, size_t i, size_t k)
{
    const int64_t time = table->time[i];
    const struct tend__text text = table->text[i];
    table->time[i] = table->time[k];
    table->time[k] = time;
    table->text[i] = table->text[k];
    table->text[k] = text;
    for (size_t c = A; c < COLUMN_COUNT; c++) {
        const double number = table->numbers[c][i];
        const uint8_t valid = table->valid[c][i];
        table->numbers[c][i] = table->numbers[c][k];
        table->numbers[c][k] = number;
        table->valid[c][i] = table->valid[c][k];
        table->valid[c][k] = valid;
    }
}

/* Slices of time are the same in any order of the rows, and their sum is the profile of all. */
static void slices_of_time_do_not_depend_on_the_order(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = NULL;
    struct tend__profile *ref = NULL;
    struct tend__break_rows *rows[2] = {NULL, NULL};
    struct tend__break_rows_result results[2];
    struct tend__rng rng;
    draw_both(60);
    cur_table.valid[TIME][17] = 0;
    tend__rng_init(&rng, 61);
    assert_tend_ok(make_reference(&plan, &ref, &err), &err);
    for (size_t k = 0; k < 2; k++) {
        const struct tend__break_rows_options options = {.plan = plan, .time_column = "time"};
        assert_tend_ok(tend__break_rows_new(&options, &rows[k], &err), &err);
        assert_tend_ok(add_all(rows[k], &cur_table, &err), &err);
        assert_tend_ok(tend__break_rows_finish(rows[k], &results[k], &err), &err);
        for (size_t i = ROWS - 1; i > 0; i--) {
            swap_rows(&cur_table, i, tend__rng_below(&rng, i + 1));
        }
        cur_table.valid[TIME][17] = 1;
        for (size_t i = 0; i < ROWS; i++) {
            cur_table.valid[TIME][i] = cur_table.time[i] == 17 * 60 * TEND_US_PER_SECOND ? 0 : 1;
        }
    }
    assert_int_equal(results[0].slices.count, results[1].slices.count);
    assert_in_range(results[0].slices.count, TEND_BREAK_SLICES_MAX / 2, TEND_BREAK_SLICES_MAX);
    uint64_t sum = 0;
    for (size_t i = 0; i < results[0].slices.count; i++) {
        assert_same_profile(results[0].slices.items[i].profile, results[1].slices.items[i].profile);
        assert_int_equal(results[0].slices.items[i].first_us, results[1].slices.items[i].first_us);
        sum += tend__profile_row_count(results[0].slices.items[i].profile);
    }
    assert_int_equal(sum, ROWS - 1); /* one row has no time */
    struct tend__profile *whole = tend__break_rows_take_profile(rows[1]);
    assert_int_equal(tend__profile_row_count(whole), ROWS);
    tend__profile_free(whole);
    tend__break_rows_free(rows[0]);
    tend__break_rows_free(rows[1]);
    tend__profile_free(ref);
    tend__plan_unref(plan);
}

static void slices_of_rows_are_equally_long_and_hold_their_sample(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = NULL;
    struct tend__profile *ref = NULL;
    struct tend__break_rows *rows = NULL;
    struct tend__break_rows_result result;
    draw_both(70);
    assert_tend_ok(make_reference(&plan, &ref, &err), &err);
    const struct tend__break_rows_options options = {.plan = plan, .skip_column = "a"};
    assert_tend_ok(tend__break_rows_new(&options, &rows, &err), &err);
    assert_tend_ok(add_all(rows, &cur_table, &err), &err);
    assert_tend_ok(tend__break_rows_finish(rows, &result, &err), &err);
    assert_int_equal(result.sample.column_count, COLUMN_COUNT - 1);
    const int64_t *times = result.sample.columns[TIME].time_us;
    for (size_t i = 0; i < result.slices.count; i++) {
        assert_int_equal(result.slices.items[i].first_row, 512 * i);
        const size_t end = i + 1 < result.slices.count ? result.slices.items[i + 1].sample_first
                                                       : result.sample.row_count;
        for (size_t k = result.slices.items[i].sample_first; k < end; k++) {
            const int64_t row = times[k] / 60 / TEND_US_PER_SECOND;
            assert_int_equal(row / 512, i);
        }
    }
    tend__break_rows_free(rows);
    tend__profile_free(ref);
    tend__plan_unref(plan);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    draw_both(80);
    ref_table.count = cur_table.count = 1200;
    bool done = false;
    for (uint64_t nth = 1; !done; nth++) {
        struct tend__break_list list = {.items = items, .max = TEND_ARRAY_LEN(items)};
        tend__mem_fail_at(nth);
        const enum tend_code code = find("label", &list, &err);
        done = tend__mem_asked() < nth;
        tend__mem_fail_at(0);
        assert_int_equal(code, done ? TEND_OK : TEND_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_found_where_nothing_is_broken),
        cmocka_unit_test(columns_that_are_null_together_are_one_failure),
        cmocka_unit_test(columns_that_are_null_apart_are_two_spikes),
        cmocka_unit_test(rounded_numbers_are_found_with_their_step),
        cmocka_unit_test(rounding_of_some_rows_from_the_middle_is_dated),
        cmocka_unit_test(rows_that_come_twice_are_found_at_any_distance),
        cmocka_unit_test(broken_labels_are_found_and_said_how),
        cmocka_unit_test(slices_of_time_do_not_depend_on_the_order),
        cmocka_unit_test(slices_of_rows_are_equally_long_and_hold_their_sample),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
