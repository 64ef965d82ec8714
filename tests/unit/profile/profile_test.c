/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_test.c: what a profile counts, against loops that count the same rows in the plain way,
 * and the laws: any order and any division of the rows, the same bytes.
 */
#include "unit.h"

#include "base/civil.h"
#include "base/mem.h"
#include "profile_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 12

static struct profile_rows rows;

static void assert_same_bytes(const struct tend__profile *a, const struct tend__profile *b)
{
    struct tend__buf x;
    struct tend__buf y;
    profile_bytes(a, &x);
    profile_bytes(b, &y);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.bytes, y.bytes, x.len);
    tend__buf_deinit(&x);
    tend__buf_deinit(&y);
}

static double number_of(size_t row_idx, size_t column_idx)
{
    return column_idx == ROWS_DELAY ? rows.rows[row_idx].delay : rows.rows[row_idx].amount;
}

/* Whether x is in a cell, by the words of plan.h. */
static bool is_in_cell(const struct tend__plan_column *plan, size_t cell_idx, double x)
{
    const double low = plan->cell_lows[cell_idx];
    const double high = plan->cell_highs[cell_idx];
    if (low == high) {
        return x == low;
    }
    for (size_t i = 0; i < plan->atom_count; i++) {
        if (plan->atoms[i] == x) {
            return false;
        }
    }
    return x > low && x <= high;
}

static void check_cells(const struct tend__profile *profile, size_t column_idx)
{
    const struct tend__plan_column *plan =
        tend__plan_column(tend__profile_plan(profile), column_idx);
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    for (size_t i = 0; i < plan->cell_count; i++) {
        uint64_t count = 0;
        for (size_t j = 0; j < rows.count; j++) {
            count += rows.rows[j].valid[column_idx] && isfinite(number_of(j, column_idx)) &&
                             is_in_cell(plan, i, number_of(j, column_idx))
                         ? 1
                         : 0;
        }
        assert_int_equal(column->cells[i], count);
    }
}

static void check_number(const struct tend__profile *profile, size_t column_idx)
{
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    struct tend__column_profile naive = {.min = (double)INFINITY, .max = -(double)INFINITY};
    uint64_t n = 0;
    for (size_t i = 0; i < rows.count; i++) {
        const double x = number_of(i, column_idx);
        if (!rows.rows[i].valid[column_idx]) {
            naive.null_count++;
        } else if (isnan(x)) {
            naive.nan_count++;
        } else if (isinf(x)) {
            naive.pos_inf_count += x > 0 ? 1 : 0;
            naive.neg_inf_count += x < 0 ? 1 : 0;
        } else {
            naive.min = fmin(naive.min, x);
            naive.max = fmax(naive.max, x);
            naive.zero_count += x == 0 ? 1 : 0;
            n++;
        }
    }
    assert_int_equal(column->row_count, rows.count);
    assert_int_equal(column->null_count, naive.null_count);
    assert_int_equal(column->nan_count, naive.nan_count);
    assert_int_equal(column->pos_inf_count, naive.pos_inf_count);
    assert_int_equal(column->neg_inf_count, naive.neg_inf_count);
    assert_int_equal(column->zero_count, naive.zero_count);
    assert_int_equal(tend__profile_value_count(profile, column_idx), n);
    assert_true(column->min == naive.min);
    assert_true(column->max == naive.max);
    check_cells(profile, column_idx);
}

static void check_text(const struct tend__profile *profile, size_t column_idx)
{
    const struct tend__plan_column *plan =
        tend__plan_column(tend__profile_plan(profile), column_idx);
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    uint64_t known = 0;
    uint64_t before = UINT64_MAX;
    for (size_t i = 0; i < plan->category_count; i++) {
        uint64_t count = 0;
        for (size_t j = 0; j < rows.count; j++) {
            const char *text = column_idx == ROWS_CODE ? rows.rows[j].code : rows.rows[j].id;
            count += rows.rows[j].valid[column_idx] && strlen(text) == plan->categories[i].len &&
                             strcmp(text, plan->categories[i].ptr) == 0
                         ? 1
                         : 0;
        }
        assert_int_equal(column->cells[i], count);
        assert_true(count <= before && count > 0);
        before = count;
        known += count;
    }
    assert_int_equal(column->cells[plan->category_count], rows.count - column->null_count - known);
}

static void check_times(const struct tend__profile *profile)
{
    const struct tend__column_profile *column = tend__profile_column(profile, ROWS_AT);
    uint64_t hours[24] = {0};
    uint64_t weekdays[7] = {0};
    int64_t min = INT64_MAX;
    int64_t max = INT64_MIN;
    for (size_t i = 0; i < rows.count; i++) {
        if (rows.rows[i].valid[ROWS_AT]) {
            const int64_t at = rows.rows[i].at;
            hours[tend__civil_from_us(at).hour]++;
            weekdays[tend__weekday(at)]++;
            min = at < min ? at : min;
            max = at > max ? at : max;
        }
    }
    assert_memory_equal(column->hours, hours, sizeof(hours));
    assert_memory_equal(column->cells, hours, sizeof(hours));
    assert_memory_equal(column->weekdays, weekdays, sizeof(weekdays));
    assert_true(column->min_us == min);
    assert_true(column->max_us == max);
}

static void the_counts_are_those_of_a_plain_loop(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct tend__rng rng;
        tend__rng_init(&rng, seed);
        rows_fill(&rows, seed, 1 + (size_t)tend__rng_below(&rng, ROWS_MAX));
        struct tend__plan *plan = rows_plan(&rows, &rng);
        struct tend__profile *profile = rows_profile(&rows, plan, 0, rows.count, &rng);
        assert_int_equal(tend__profile_row_count(profile), rows.count);
        check_number(profile, ROWS_DELAY);
        check_number(profile, ROWS_AMOUNT);
        check_text(profile, ROWS_CODE);
        check_text(profile, ROWS_ID);
        check_times(profile);
        uint64_t true_count = 0;
        for (size_t i = 0; i < rows.count; i++) {
            true_count += rows.rows[i].valid[ROWS_FLAG] && rows.rows[i].flag ? 1 : 0;
        }
        assert_int_equal(tend__profile_column(profile, ROWS_FLAG)->cells[1], true_count);
        assert_int_equal(tend__profile_column(profile, ROWS_EMPTY)->null_count, rows.count);
        tend__profile_free(profile);
        tend__plan_unref(plan);
    }
}

static void any_order_and_any_shards_give_the_same_bytes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct tend__rng rng;
        tend__rng_init(&rng, seed);
        rows_fill(&rows, seed, 10 + (size_t)tend__rng_below(&rng, ROWS_MAX - 10));
        struct tend__plan *plan = rows_plan(&rows, &rng);
        struct tend__profile *whole = rows_profile(&rows, plan, 0, rows.count, &rng);
        rows_shuffle(&rows, &rng);
        struct tend__plan *plan_again = rows_plan(&rows, &rng);
        assert_true(tend__plan_equal(plan, plan_again));
        assert_int_equal(tend__plan_hash(plan), tend__plan_hash(plan_again));
        struct tend__profile *shards[4];
        size_t begin = 0;
        for (size_t i = 0; i < 4; i++) {
            const size_t left = rows.count - begin;
            const size_t len = i == 3 ? left : (size_t)tend__rng_below(&rng, left + 1);
            shards[i] = rows_profile(&rows, i % 2 == 0 ? plan : plan_again, begin, len, &rng);
            begin += len;
        }
        struct tend_error err = {0};
        const size_t first = (size_t)tend__rng_below(&rng, 4);
        for (size_t i = 1; i < 4; i++) {
            assert_tend_ok(tend__profile_merge(shards[first], shards[(first + i) % 4], &err), &err);
        }
        assert_same_bytes(whole, shards[first]);
        for (size_t i = 0; i < 4; i++) {
            tend__profile_free(shards[i]);
        }
        tend__profile_free(whole);
        tend__plan_unref(plan);
        tend__plan_unref(plan_again);
    }
}

static void an_empty_profile_changes_nothing_in_a_merge(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, 3);
    rows_fill(&rows, 3, 500);
    struct tend__plan *plan = rows_plan(&rows, &rng);
    struct tend__profile *full = rows_profile(&rows, plan, 0, 500, &rng);
    struct tend__profile *same = rows_profile(&rows, plan, 0, 500, &rng);
    struct tend__profile *empty = rows_profile(&rows, plan, 0, 0, &rng);
    assert_tend_ok(tend__profile_merge(full, empty, &err), &err);
    assert_same_bytes(full, same);
    assert_tend_ok(tend__profile_merge(empty, full, &err), &err);
    assert_same_bytes(empty, same);
    tend__profile_free(full);
    tend__profile_free(same);
    tend__profile_free(empty);
    tend__plan_unref(plan);
}

static void the_builder_knows_the_profile_of_what_it_saw(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct tend_error err = {0};
        struct tend__rng rng;
        tend__rng_init(&rng, seed);
        rows_fill(&rows, seed, 1500 * (size_t)seed);
        struct tend__plan_builder *builder = NULL;
        struct tend__plan *plan = NULL;
        struct tend__profile *seen = NULL;
        bool complete = false;
        assert_tend_ok(tend__plan_builder_new(rows_fields, ROWS_COLUMNS, NULL, &builder, &err),
                       &err);
        for (size_t i = 0; i < 3; i++) {
            const struct tend__batch batch = rows_view(&rows, i * 500 * seed, 500 * seed);
            assert_tend_ok(tend__plan_builder_add(builder, &batch, &err), &err);
        }
        assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
        assert_tend_ok(tend__plan_builder_profile(builder, plan, &seen, &complete, &err), &err);
        assert_true(complete);
        struct tend__profile *counted = rows_profile(&rows, plan, 0, rows.count, &rng);
        assert_same_bytes(seen, counted);
        tend__profile_free(seen);
        tend__profile_free(counted);
        tend__plan_unref(plan);
        tend__plan_builder_free(builder);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void quantiles_are_within_the_cell_of_the_true_ones(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 5);
    rows_fill(&rows, 5, ROWS_MAX);
    struct tend__plan *plan = rows_plan(&rows, &rng);
    struct tend__profile *profile = rows_profile(&rows, plan, 0, rows.count, &rng);
    static double sorted[ROWS_MAX];
    for (size_t column_idx = ROWS_DELAY; column_idx <= ROWS_AMOUNT; column_idx++) {
        const struct tend__plan_column *column = tend__plan_column(plan, column_idx);
        size_t n = 0;
        for (size_t i = 0; i < rows.count; i++) {
            const double x = number_of(i, column_idx);
            if (rows.rows[i].valid[column_idx] && isfinite(x)) {
                sorted[n] = x;
                n++;
            }
        }
        qsort(sorted, n, sizeof(sorted[0]), compare_doubles);
        double before = -(double)INFINITY;
        for (size_t k = 0; k <= 100; k++) {
            const double p = (double)k / 100;
            const double q = tend__profile_quantile(profile, column_idx, p);
            const double rank = ceil(p * (double)n);
            const double truth = sorted[rank < 1 ? 0 : (size_t)rank - 1];
            assert_true(q >= before);
            before = q;
            /* The true quantile is in the same closed cell. */
            bool is_near = false;
            for (size_t i = 0; i < column->cell_count; i++) {
                is_near = is_near || (truth >= column->cell_lows[i] && q >= column->cell_lows[i] &&
                                      truth <= column->cell_highs[i] && q <= column->cell_highs[i]);
            }
            assert_true(is_near);
        }
        assert_true(tend__profile_quantile(profile, column_idx, 0) == sorted[0]);
        assert_true(tend__profile_quantile(profile, column_idx, 1) == sorted[n - 1]);
    }
    assert_true(isnan(tend__profile_quantile(profile, ROWS_CODE, 0.5)));
    tend__profile_free(profile);
    tend__plan_unref(plan);
}

/* In the open cells at the ends: against the sorted values, for a long tail (sd of its logarithm 1)
 * and for none. A straight line to the greatest value is five times too high for the long one. */
static void quantiles_in_the_tails_do_not_reach_for_the_extremes(void **state)
{
    (void)state;
    enum { COUNT = 8000 };
    static double x[COUNT];
    for (int shape = 0; shape < 2; shape++) {
        struct tend_error err = {0};
        struct tend__rng rng;
        struct tend__plan_builder *builder = NULL;
        struct tend__plan *plan = NULL;
        struct tend__profile *profile = NULL;
        const struct tend__field field = {.name = "x", .type = TEND_TYPE_NUMBER};
        const struct tend__column column = {.type = TEND_TYPE_NUMBER, .f64 = x};
        const struct tend__batch batch = {
            .row_count = COUNT, .column_count = 1, .fields = &field, .columns = &column};
        tend__rng_init(&rng, 77);
        for (size_t i = 0; i < COUNT; i++) {
            x[i] = shape == 0 ? exp(3.5 + tend__rng_normal(&rng)) : 1 + tend__rng_uniform(&rng);
        }
        x[17] = shape == 0 ? 3000 : x[17];
        assert_tend_ok(tend__plan_builder_new(&field, 1, NULL, &builder, &err), &err);
        assert_tend_ok(tend__plan_builder_add(builder, &batch, &err), &err);
        assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
        assert_tend_ok(tend__profile_new(plan, &profile, &err), &err);
        assert_tend_ok(tend__profile_add(profile, &batch, &err), &err);
        qsort(x, COUNT, sizeof(x[0]), compare_doubles);
        assert_near(tend__profile_quantile(profile, 0, 0.99) / x[COUNT * 99 / 100], 1, 0.1);
        assert_near(tend__profile_quantile(profile, 0, 0.98) / x[COUNT * 98 / 100], 1, 0.1);
        assert_near(tend__profile_quantile(profile, 0, 0.01) / x[COUNT / 100], 1, 0.15);
        tend__profile_free(profile);
        tend__plan_unref(plan);
        tend__plan_builder_free(builder);
    }
}

static void mean_and_sd_are_those_of_the_textbook(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 6);
    rows_fill(&rows, 6, ROWS_MAX);
    struct tend__plan *plan = rows_plan(&rows, &rng);
    struct tend__profile *profile = rows_profile(&rows, plan, 0, rows.count, &rng);
    long double sum = 0;
    long double squares = 0;
    size_t n = 0;
    for (size_t i = 0; i < rows.count; i++) {
        if (rows.rows[i].valid[ROWS_DELAY]) {
            sum += (long double)rows.rows[i].delay;
            n++;
        }
    }
    const long double mean = sum / n;
    for (size_t i = 0; i < rows.count; i++) {
        if (rows.rows[i].valid[ROWS_DELAY]) {
            const long double away = (long double)rows.rows[i].delay - mean;
            squares += away * away;
        }
    }
    assert_near(tend__profile_mean(profile, ROWS_DELAY), (double)mean, 1e-13);
    assert_near(tend__profile_sd(profile, ROWS_DELAY), (double)sqrtl(squares / (n - 1)), 1e-12);
    assert_true(isnan(tend__profile_mean(profile, ROWS_CODE)));
    const struct tend__column_profile *flag = tend__profile_column(profile, ROWS_FLAG);
    assert_near(tend__profile_mean(profile, ROWS_FLAG),
                (double)flag->cells[1] / (double)(flag->cells[0] + flag->cells[1]), 1e-15);
    tend__profile_free(profile);
    tend__plan_unref(plan);
}

static void other_columns_are_marked_and_do_not_fail(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__rng rng;
    size_t count = 0;
    tend__rng_init(&rng, 8);
    rows_fill(&rows, 8, 300);
    struct tend__plan *plan = rows_plan(&rows, &rng);
    struct tend__profile *profile = rows_profile(&rows, plan, 0, 300, &rng);
    const struct tend__batch whole = rows_view(&rows, 0, 100);
    /* delay becomes text, amount is gone, code has no type, `weather` and `gate` are new. */
    const struct tend__field fields[] = {{"weather", TEND_TYPE_BOOL, 0, 0},
                                         {"delay", TEND_TYPE_TEXT, 0, 0},
                                         {"code", TEND_TYPE_NULL, 0, 0},
                                         {"gate", TEND_TYPE_TEXT, 0, 0}};
    const struct tend__column columns[] = {whole.columns[ROWS_FLAG],
                                           whole.columns[ROWS_CODE],
                                           {.type = TEND_TYPE_NULL},
                                           whole.columns[ROWS_ID]};
    const struct tend__batch odd = {100, 4, fields, columns};
    const uint64_t nulls = tend__profile_column(profile, ROWS_CODE)->null_count;
    assert_tend_ok(tend__profile_add(profile, &odd, &err), &err);
    assert_int_equal(tend__profile_row_count(profile), 400);
    const struct tend__column_profile *delay = tend__profile_column(profile, ROWS_DELAY);
    assert_int_equal(delay->type_changed_count, 100);
    assert_int_equal(delay->types_seen, 1U << TEND_TYPE_TEXT);
    assert_int_equal(delay->row_count, 300);
    assert_int_equal(tend__profile_column(profile, ROWS_AMOUNT)->absent_count, 100);
    assert_int_equal(tend__profile_column(profile, ROWS_CODE)->null_count, nulls + 100);
    const struct tend__new_column *added = tend__profile_new_columns(profile, &count);
    assert_int_equal(count, 2);
    assert_string_equal(added[0].name, "gate");
    assert_string_equal(added[1].name, "weather");
    assert_int_equal(added[0].type, TEND_TYPE_TEXT);
    assert_int_equal(added[1].row_count, 100);
    struct tend__profile *twice = rows_profile(&rows, plan, 0, 0, &rng);
    assert_tend_ok(tend__profile_merge(twice, profile, &err), &err);
    assert_same_bytes(twice, profile);
    tend__profile_free(twice);
    tend__profile_free(profile);
    tend__plan_unref(plan);
}

static void plans_that_differ_are_not_merged_and_the_column_is_named(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, 9);
    rows_fill(&rows, 9, 1000);
    struct tend__plan *plan = rows_plan(&rows, &rng);
    struct tend__profile *a = rows_profile(&rows, plan, 0, 1000, &rng);
    for (size_t i = 0; i < rows.count; i++) {
        rows.rows[i].amount = 7;
    }
    struct tend__plan *other = rows_plan(&rows, &rng);
    struct tend__profile *b = rows_profile(&rows, other, 0, 1000, &rng);
    struct tend__profile *same = rows_profile(&rows, plan, 0, 0, &rng);
    assert_tend_ok(tend__profile_merge(same, a, &err), &err);
    assert_int_equal(tend__profile_merge(a, b, &err), TEND_ETYPE);
    assert_non_null(strstr(err.text, "'amount'"));
    assert_same_bytes(a, same);
    assert_false(tend__plan_equal(plan, other));
    tend__profile_free(a);
    tend__profile_free(b);
    tend__profile_free(same);
    tend__plan_unref(plan);
    tend__plan_unref(other);
}

/* A plan and a profile of one column of numbers. */
static struct tend__profile *number_profile(const double *x, size_t n, const uint8_t *valid)
{
    struct tend_error err = {0};
    const struct tend__field field = {"x", TEND_TYPE_NUMBER, 0, 0};
    const struct tend__column column = {.type = TEND_TYPE_NUMBER, .f64 = x, .valid = valid};
    const struct tend__batch batch = {n, 1, &field, &column};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__profile *profile = NULL;
    bool complete = false;
    assert_tend_ok(tend__plan_builder_new(&field, 1, NULL, &builder, &err), &err);
    assert_tend_ok(tend__plan_builder_add(builder, &batch, &err), &err);
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    assert_tend_ok(tend__plan_builder_profile(builder, plan, &profile, &complete, &err), &err);
    assert_true(complete);
    tend__plan_builder_free(builder);
    tend__plan_unref(plan);
    return profile;
}

static void columns_without_finite_values_are_defined(void **state)
{
    (void)state;
    const double x[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, (double)NAN};
    const uint8_t none[] = {0, 0, 0, 0};
    struct tend__profile *odd = number_profile(x, 4, NULL);
    struct tend__profile *nulls = number_profile(x, 4, none);
    assert_int_equal(tend__profile_column(odd, 0)->nan_count, 2);
    assert_int_equal(tend__profile_column(odd, 0)->pos_inf_count, 1);
    assert_int_equal(tend__profile_column(nulls, 0)->null_count, 4);
    assert_int_equal(tend__profile_column(nulls, 0)->cell_count, 1);
    assert_true(isnan(tend__profile_mean(odd, 0)));
    assert_true(isnan(tend__profile_sd(nulls, 0)));
    assert_true(isnan(tend__profile_quantile(odd, 0, 0.5)));
    assert_true(isnan(tend__profile_column(nulls, 0)->min));
    tend__profile_free(odd);
    tend__profile_free(nulls);
}

static void a_value_of_much_mass_is_an_atom(void **state)
{
    (void)state;
    double x[1000];
    for (size_t i = 0; i < 1000; i++) {
        x[i] = i < 400 ? 0 : (double)i / 7;
    }
    struct tend__profile *profile = number_profile(x, 1000, NULL);
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), 0);
    assert_int_equal(plan->atom_count, 1);
    assert_true(plan->atoms[0] == 0);
    assert_int_equal(plan->cell_count, plan->cut_count + 2);
    assert_true(plan->cut_count >= 18 && plan->cut_count <= 32);
    assert_int_equal(tend__profile_column(profile, 0)->cells[1], 400);
    assert_true(tend__profile_quantile(profile, 0, 0.2) == 0);
    for (size_t i = 2; i + 1 < plan->cell_count; i++) {
        assert_in_range(tend__profile_column(profile, 0)->cells[i], 32, 33);
        assert_true(plan->cell_positions[i] > plan->cell_lows[i]);
        assert_true(plan->cell_positions[i] <= plan->cell_highs[i]);
    }
    tend__profile_free(profile);
}

static void bad_options_and_batches_are_refused(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan_builder *builder = NULL;
    const struct tend__field twins[] = {{"x", TEND_TYPE_NUMBER, 0, 0}, {"x", TEND_TYPE_TEXT, 0, 0}};
    const struct tend__plan_options bins = {.bin_max = TEND_PLAN_BINS_MAX + 1};
    const struct tend__plan_options categories = {.category_max = TEND_PLAN_CATEGORIES_MAX + 1};
    assert_int_equal(tend__plan_builder_new(twins, 2, NULL, &builder, &err), TEND_EINVAL);
    assert_int_equal(tend__plan_builder_new(twins, 0, NULL, &builder, &err), TEND_EINVAL);
    assert_int_equal(tend__plan_builder_new(twins, 1, &bins, &builder, &err), TEND_EINVAL);
    assert_int_equal(tend__plan_builder_new(twins, 1, &categories, &builder, &err), TEND_EINVAL);
    assert_tend_ok(tend__plan_builder_new(rows_fields, ROWS_COLUMNS, NULL, &builder, &err), &err);
    rows_fill(&rows, 1, 10);
    struct tend__batch batch = rows_view(&rows, 0, 10);
    batch.column_count--;
    assert_int_equal(tend__plan_builder_add(builder, &batch, &err), TEND_ETYPE);
    batch = rows_view(&rows, 0, 10);
    rows.columns[ROWS_CODE].type = TEND_TYPE_BOOL;
    rows.columns[ROWS_CODE].bools = rows.flag;
    assert_int_equal(tend__plan_builder_add(builder, &batch, &err), TEND_ETYPE);
    assert_string_equal(err.text, "column 'code' is bool in a batch, text in the first");
    tend__plan_builder_free(builder);
}

/* The whole life of a profile. */
static enum tend_code live(struct tend_error *err)
{
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__profile *profile = NULL;
    struct tend__profile *other = NULL;
    bool complete = false;
    const struct tend__batch batch = rows_view(&rows, 0, 60);
    const struct tend__field odd_field = {"odd", TEND_TYPE_NUMBER, 0, 0};
    const struct tend__batch odd = {60, 1, &odd_field, batch.columns};
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__plan_builder_new(rows_fields, ROWS_COLUMNS, NULL, &builder, err));
    TEND_TRY_OUT(tend__plan_builder_add(builder, &batch, err));
    TEND_TRY_OUT(tend__plan_builder_finish(builder, &plan, err));
    TEND_TRY_OUT(tend__plan_builder_profile(builder, plan, &profile, &complete, err));
    TEND_TRY_OUT(tend__profile_new(plan, &other, err));
    TEND_TRY_OUT(tend__profile_add(other, &odd, err));
    TEND_TRY_OUT(tend__profile_add(other, &batch, err));
    TEND_TRY_OUT(tend__profile_merge(profile, other, err));
out:
    tend__profile_free(profile);
    tend__profile_free(other);
    tend__plan_unref(plan);
    tend__plan_builder_free(builder);
    return code;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    enum tend_code code = TEND_ENOMEM;
    rows_fill(&rows, 4, 60);
    uint64_t nth = 0;
    while (code != TEND_OK) {
        nth++;
        tend__mem_fail_at(nth);
        code = live(&err);
        tend__mem_fail_at(0);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counts_are_those_of_a_plain_loop),
        cmocka_unit_test(any_order_and_any_shards_give_the_same_bytes),
        cmocka_unit_test(an_empty_profile_changes_nothing_in_a_merge),
        cmocka_unit_test(the_builder_knows_the_profile_of_what_it_saw),
        cmocka_unit_test(quantiles_in_the_tails_do_not_reach_for_the_extremes),
        cmocka_unit_test(quantiles_are_within_the_cell_of_the_true_ones),
        cmocka_unit_test(mean_and_sd_are_those_of_the_textbook),
        cmocka_unit_test(other_columns_are_marked_and_do_not_fail),
        cmocka_unit_test(plans_that_differ_are_not_merged_and_the_column_is_named),
        cmocka_unit_test(columns_without_finite_values_are_defined),
        cmocka_unit_test(a_value_of_much_mass_is_an_atom),
        cmocka_unit_test(bad_options_and_batches_are_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
