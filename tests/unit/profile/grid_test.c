/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grid_test.c: the grid against plain counting, and the plans and profiles that come from it.
 *
 * Shapes: normal, skew, narrow ranges far from zero, one sign, values near the limits of doubles,
 * columns with whole atoms at zero and at the edge of a bucket, atoms that are not whole.
 * For each the plan must not depend on the order, nor on whether rows can be given again, and the
 * profile must be the one that a pass of its own counts.
 */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "profile/grid.h"
#include "profile/plan.h"
#include "profile/profile.h"
#include "profile/rows.h"
#include "profile_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 150000
#define BATCH 2048
#define SHAPES 13

static double numbers[ROWS];

static double shape_value(struct tend__rng *rng, int shape)
{
    const double z = tend__rng_normal(rng);
    const uint64_t kind = tend__rng_below(rng, 10);
    switch (shape) {
    case 0:
        return z;
    case 1:
        return exp(3 * z);
    case 2: /* a latitude, with a sentinel */
        return kind == 0 ? -999 : 47.5 + 0.3 * tend__rng_uniform(rng);
    case 3:
        return -1.6e9 - fabs(z) * 1e5;
    case 4:
        return z * 1e300;
    case 5:
        return z * 0x1p-1060;
    case 6: /* zeros, as an atom */
        return kind < 3 ? 0 : z;
    case 7: /* a whole atom among values of its size */
        return kind < 2 ? 40961 : 40961 + z * 3000;
    case 8: /* an atom that is not whole */
        return kind < 2 ? 0.1 : z;
    case 9: /* most are whole, but not small, and some are zero */
        return kind < 1 ? 0 : floor(1e7 * fabs(z));
    case 10: /* whole atoms on both sides, at the ends of buckets */
        return kind < 2 ? -8 : kind < 4 ? 16 : 10 * z;
    case 11: /* a whole atom inside of a bucket: odd, where buckets are 2 wide */
        return kind < 2 ? 1001 : 1000 * z;
    default: /* two clusters, one of them too narrow for a grid over both */
        return kind < 5 ? 1e6 + z * 1e-3 : z;
    }
}

static void fill(int shape, uint64_t seed)
{
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    for (size_t i = 0; i < ROWS; i++) {
        numbers[i] = shape_value(&rng, shape);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- the grid ---- */

static struct tend__grid *fill_grid(size_t block_len)
{
    struct tend_error err = {0};
    struct tend__grid *grid = NULL;
    assert_tend_ok(tend__grid_new(32, &grid, &err), &err);
    for (size_t begin = 0; begin < ROWS; begin += block_len) {
        static double block[BATCH];
        double low = (double)INFINITY;
        double high = -(double)INFINITY;
        size_t n = 0;
        for (size_t i = begin; i < begin + block_len && i < ROWS; i++) {
            if (numbers[i] != 0) {
                block[n++] = numbers[i];
                low = numbers[i] < low ? numbers[i] : low;
                high = numbers[i] > high ? numbers[i] : high;
            }
        }
        assert_tend_ok(tend__grid_add(grid, block, n, low, high, &err), &err);
    }
    return grid;
}

static void check_grid(const struct tend__grid *grid)
{
    size_t row = 0; /* the values ascend */
    double last = -(double)INFINITY;
    for (size_t i = 0; i < grid->size; i++) {
        const struct tend__grid_bucket bucket = tend__grid_bucket_at(grid, i);
        uint64_t count = 0;
        if (bucket.count == 0) {
            continue;
        }
        assert_true(bucket.least > last);
        assert_true(bucket.greatest >= bucket.least);
        for (; row < ROWS && numbers[row] <= bucket.greatest; row++) {
            count += numbers[row] >= bucket.least ? 1 : 0;
            assert_true(numbers[row] == 0 || numbers[row] >= bucket.least);
        }
        assert_int_equal(count, bucket.count);
        assert_int_equal(tend__grid_find(grid, bucket.least), i);
        assert_int_equal(tend__grid_find(grid, bucket.greatest), i);
        last = bucket.greatest;
    }
    assert_true(row == ROWS || numbers[row] == 0);
}

static void assert_same_grid(const struct tend__grid *a, const struct tend__grid *b)
{
    assert_int_equal(a->shift, b->shift);
    assert_int_equal(a->base, b->base);
    assert_int_equal(a->floor_bits, b->floor_bits);
    assert_memory_equal(a->counts, b->counts, a->size * sizeof(*a->counts));
}

static void the_grid_counts_and_no_order_changes_it(void **state)
{
    (void)state;
    for (int shape = 0; shape < SHAPES; shape++) {
        fill(shape, 5);
        struct tend__grid *drawn = fill_grid(1000);
        qsort(numbers, ROWS, sizeof(numbers[0]), compare_doubles);
        struct tend__grid *sorted = fill_grid(77);
        check_grid(sorted);
        assert_same_grid(drawn, sorted);
        for (size_t i = 0; i < ROWS / 2; i++) {
            const double x = numbers[i];
            numbers[i] = numbers[ROWS - 1 - i];
            numbers[ROWS - 1 - i] = x;
        }
        struct tend__grid *reversed = fill_grid(BATCH);
        assert_same_grid(drawn, reversed);
        tend__grid_free(drawn);
        tend__grid_free(sorted);
        tend__grid_free(reversed);
    }
}

static void counts_above_32_bits_are_kept(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__grid *grid = NULL;
    assert_tend_ok(tend__grid_new(32, &grid, &err), &err);
    assert_tend_ok(tend__grid_add_value(grid, 1.5, 3000000000, &err), &err);
    assert_tend_ok(tend__grid_add_value(grid, 1.5, 3000000000, &err), &err);
    assert_tend_ok(tend__grid_add_value(grid, -7, 5000000000, &err), &err);
    const size_t at = (size_t)tend__grid_find(grid, 1.5);
    assert_true(tend__grid_bucket_at(grid, at).count == 6000000000);
    assert_true(tend__grid_bucket_at(grid, (size_t)tend__grid_find(grid, -7)).count == 5000000000);
    tend__grid_free(grid);
}

/* ---- plans ---- */

static const struct tend__field fields[] = {{"x", TEND_TYPE_NUMBER, 0, 0}};

static enum tend_code each_batch(void *ctx, tend__rows_fn *fn, void *fn_ctx, struct tend_error *err)
{
    size_t *passes = ctx;
    *passes += 1;
    for (size_t begin = 0; begin < ROWS; begin += BATCH) {
        const struct tend__column column = {.type = TEND_TYPE_NUMBER, .f64 = numbers + begin};
        const size_t left = ROWS - begin;
        const struct tend__batch batch = {left < BATCH ? left : BATCH, 1, fields, &column};
        TEND_TRY(fn(fn_ctx, &batch, err));
    }
    return TEND_OK;
}

static enum tend_code add_to_builder(void *ctx, const struct tend__batch *batch,
                                     struct tend_error *err)
{
    return tend__plan_builder_add(ctx, batch, err);
}

static enum tend_code add_to_profile(void *ctx, const struct tend__batch *batch,
                                     struct tend_error *err)
{
    return tend__profile_add(ctx, batch, err);
}

/* The plan of one look, as whoever cannot give the rows again gets it. */
static struct tend__plan *plan_of_one_look(size_t bin_max)
{
    struct tend_error err = {0};
    const struct tend__plan_options options = {.bin_max = bin_max};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    size_t passes = 0;
    assert_tend_ok(tend__plan_builder_new(fields, 1, &options, &builder, &err), &err);
    assert_tend_ok(each_batch(&passes, add_to_builder, builder, &err), &err);
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    tend__plan_builder_free(builder);
    return plan;
}

/* The profile as the program makes it, which must be what a pass of its own counts. */
static struct tend__profile *profile_rows_of(size_t bin_max, size_t *passes)
{
    struct tend_error err = {0};
    const struct tend__rows rows = {.each = each_batch, .ctx = passes};
    const struct tend__rows_profile_options options = {.bin_max = bin_max};
    struct tend__profile *profile = NULL;
    struct tend__profile *counted = NULL;
    struct tend__buf a;
    struct tend__buf b;
    size_t unused = 0;
    *passes = 0;
    assert_tend_ok(tend__rows_profile(&rows, &options, &profile, &err), &err);
    assert_tend_ok(tend__profile_new(tend__profile_plan(profile), &counted, &err), &err);
    assert_tend_ok(each_batch(&unused, add_to_profile, counted, &err), &err);
    profile_bytes(profile, &a);
    profile_bytes(counted, &b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.bytes, b.bytes, a.len);
    tend__buf_deinit(&a);
    tend__buf_deinit(&b);
    tend__profile_free(counted);
    return profile;
}

/* No bin without an atom holds more than about 2 / bin_max of the rows. */
static void check_bins(const struct tend__profile *profile, size_t bin_max)
{
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), 0);
    const struct tend__column_profile *column = tend__profile_column(profile, 0);
    assert_true(plan->cut_count <= bin_max);
    for (size_t i = 0; i < plan->cell_count; i++) {
        if (plan->cell_lows[i] < plan->cell_highs[i]) {
            assert_true((double)column->cells[i] < 2.05 * ROWS / (double)bin_max);
        } else {
            assert_true((double)column->cells[i] >= 0.99 * ROWS / (double)bin_max);
        }
    }
}

static void plans_do_not_depend_on_order_or_on_how_often_rows_are_read(void **state)
{
    (void)state;
    for (int shape = 0; shape < SHAPES; shape++) {
        const size_t bin_max = shape % 3 == 2 ? 20 : 32;
        size_t passes = 0;
        fill(shape, 6);
        struct tend__profile *profile = profile_rows_of(bin_max, &passes);
        struct tend__plan *plan = plan_of_one_look(bin_max);
        assert_true(tend__plan_equal(plan, tend__profile_plan(profile)));
        check_bins(profile, bin_max);
        /* A second pass is for atoms inside of a bucket and for the narrow cluster. */
        assert_int_equal(passes > 1, shape == 8 || shape >= 11);
        qsort(numbers, ROWS, sizeof(numbers[0]), compare_doubles);
        struct tend__profile *sorted = profile_rows_of(bin_max, &passes);
        assert_true(tend__plan_equal(plan, tend__profile_plan(sorted)));
        tend__profile_free(profile);
        tend__profile_free(sorted);
        tend__plan_unref(plan);
    }
}

static void every_failed_allocation_is_survived(void **state)
{
    struct tend_error err = {0};
    size_t passes = 0;
    const struct tend__rows rows = {.each = each_batch, .ctx = &passes};
    const struct tend__rows_profile_options options = {.bin_max = 32};
    bool is_done = false;
    (void)state;
    fill(11, 7);
    qsort(numbers, ROWS, sizeof(numbers[0]), compare_doubles);
    for (uint64_t nth = 1; !is_done; nth++) {
        struct tend__profile *profile = NULL;
        tend__mem_fail_at(nth);
        const enum tend_code code = tend__rows_profile(&rows, &options, &profile, &err);
        is_done = tend__mem_asked() < nth;
        tend__mem_fail_at(0);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
        tend__profile_free(profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grid_counts_and_no_order_changes_it),
        cmocka_unit_test(counts_above_32_bits_are_kept),
        cmocka_unit_test(plans_do_not_depend_on_order_or_on_how_often_rows_are_read),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
