/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wide_test.c: whole numbers of 64 bits that no double is equal to, in profiles: counted in their
 * cells and added without rounding.
 *
 * Oracles: 128-bit integers for sums; x87's long double, which holds 64 bits, for comparisons.
 */
#include "unit.h"

#include "base/rng.h"
#include "profile/gather.h"
#include "profile/plan.h"
#include "profile/profile.h"
#include "profile/rows.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define ROWS 4000

__extension__ typedef __int128 wide_int;

static int64_t numbers[ROWS];
static double nearest[ROWS];
static double rests[ROWS];

static void numbers_and_rests_are_the_integers(void **state)
{
    static const int64_t some[] = {0,
                                   1,
                                   -1,
                                   2047,
                                   -2048,
                                   INT64_MAX,
                                   INT64_MIN,
                                   INT64_MAX - 1,
                                   (INT64_C(1) << 53) + 1,
                                   -(INT64_C(1) << 53) - 1};
    static const uint64_t more[] = {0, UINT64_MAX, UINT64_MAX - 1024, (UINT64_C(1) << 63) + 3};
    struct tend__rng rng;
    (void)state;
    tend__rng_init(&rng, 3);
    for (size_t i = 0; i < 5000; i++) {
        int64_t x = (int64_t)(tend__rng_next(&rng) >> tend__rng_below(&rng, 64));
        x = i < sizeof(some) / sizeof(some[0]) ? some[i] : x;
        x = i % 2 == 1 && x != INT64_MIN ? -x : x;
        double f64 = 0;
        double rest = 0;
        const bool has_rest = tend__split_signed(&x, 1, &f64, &rest);
        assert_true(f64 == (double)x);
        assert_int_equal(has_rest, rest != 0);
        assert_true((wide_int)f64 + (wide_int)rest == (wide_int)x);
        uint64_t u = i < sizeof(more) / sizeof(more[0]) ? more[i] : (uint64_t)x;
        (void)tend__split_unsigned(&u, 1, &f64, &rest);
        assert_true(f64 == (double)u);
        assert_true((wide_int)f64 + (wide_int)rest == (wide_int)u);
    }
}

static enum tend_code each_batch(void *ctx, tend__rows_fn *fn, void *fn_ctx, struct tend_error *err)
{
    const struct tend__field *field = ctx;
    for (size_t begin = 0; begin < ROWS; begin += 500) {
        const struct tend__column column = {
            .type = TEND_TYPE_NUMBER, .f64 = nearest + begin, .rest = rests + begin};
        const struct tend__batch batch = {500, 1, field, &column};
        TEND_TRY(fn(fn_ctx, &batch, err));
    }
    return TEND_OK;
}

/* Many equal the cuts that come of them, or miss one by less than a double can tell. */
static void fill(uint64_t seed)
{
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    for (size_t i = 0; i < ROWS; i++) {
        const int64_t step = (int64_t)tend__rng_below(&rng, 60) * 16;
        const int64_t off = (int64_t)tend__rng_below(&rng, 9) - 4;
        numbers[i] = (INT64_C(1) << 56) + step + (tend__rng_below(&rng, 2) == 0 ? 0 : off);
        numbers[i] = tend__rng_below(&rng, 3) == 0 ? -numbers[i] : numbers[i];
    }
    assert_true(tend__split_signed(numbers, ROWS, nearest, rests));
}

static bool is_in_cell(const struct tend__plan_column *plan, size_t cell, int64_t number)
{
    const long double x = (long double)number;
    const long double low = (long double)plan->cell_lows[cell];
    const long double high = (long double)plan->cell_highs[cell];
    if (low == high) {
        return x == low;
    }
    for (size_t i = 0; i < plan->atom_count; i++) {
        if (x == (long double)plan->atoms[i]) {
            return false;
        }
    }
    return x > low && x <= high;
}

static void cells_and_sums_are_those_of_the_integers(void **state)
{
    struct tend__field field = {"id", TEND_TYPE_NUMBER, 0, 0};
    const struct tend__rows rows = {.each = each_batch, .ctx = &field};
    const struct tend__rows_profile_options options = {.bin_max = 32};
    (void)state;
    if (LDBL_MANT_DIG < 64) {
        skip();
    }
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct tend_error err = {0};
        struct tend__profile *profile = NULL;
        wide_int sum = 0;
        wide_int squares = 0;
        size_t rounded = 0; /* rows in another cell where the nearest double counted */
        fill(seed);
        assert_tend_ok(tend__rows_profile(&rows, &options, &profile, &err), &err);
        const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), 0);
        const struct tend__column_profile *column = tend__profile_column(profile, 0);
        for (size_t cell = 0; cell < plan->cell_count; cell++) {
            uint64_t count = 0;
            for (size_t i = 0; i < ROWS; i++) {
                const bool is_inside = is_in_cell(plan, cell, numbers[i]);
                count += is_inside ? 1 : 0;
                rounded += is_inside != is_in_cell(plan, cell, (int64_t)nearest[i]) ? 1 : 0;
            }
            assert_int_equal(column->cells[cell], count);
        }
        assert_true(rounded > 0);
        for (size_t i = 0; i < ROWS; i++) {
            sum += numbers[i];
            squares += (wide_int)numbers[i] * numbers[i];
        }
        assert_true(tend__exact_sum_value(&column->sum) == (double)sum);
        assert_true(tend__exact_sum_value(&column->sum_squares) == (double)squares);
        double high = 0;
        double low = 0;
        tend__exact_sum_pair(&column->sum, &high, &low);
        assert_true((wide_int)high + (wide_int)low == sum);
        tend__profile_free(profile);
    }
}

/* Rows that are picked, as those of a window or a segment are, keep what rounding took off. */
static void gathered_rows_are_whole(void **state)
{
    const struct tend__field field = {"id", TEND_TYPE_NUMBER, 0, 0};
    struct tend__gather *gather = NULL;
    struct tend_error err = {0};
    uint32_t rows[ROWS / 2];
    (void)state;
    fill(21);
    const struct tend__column column = {.type = TEND_TYPE_NUMBER, .f64 = nearest, .rest = rests};
    const struct tend__batch batch = {ROWS, 1, &field, &column};
    for (size_t i = 0; i < ROWS / 2; i++) {
        rows[i] = (uint32_t)(ROWS - 1 - 2 * i);
    }
    assert_tend_ok(tend__gather_new(&gather, &err), &err);
    for (int again = 0; again < 2; again++) {
        struct tend__batch out;
        assert_tend_ok(tend__gather_rows(gather, &batch, rows, ROWS / 2, &out, &err), &err);
        assert_int_equal(out.row_count, ROWS / 2);
        for (size_t i = 0; i < ROWS / 2; i++) {
            assert_true((wide_int)out.columns[0].f64[i] + (wide_int)out.columns[0].rest[i] ==
                        (wide_int)numbers[rows[i]]);
        }
    }
    tend__gather_free(gather);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_rests_are_the_integers),
        cmocka_unit_test(cells_and_sums_are_those_of_the_integers),
        cmocka_unit_test(gathered_rows_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
