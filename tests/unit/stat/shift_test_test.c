/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shift_test_test.c: the parts of drift's test against exact answers and against permutation of the
 * rows, and what the reference's own choice of cells must not do.
 */
#include "unit.h"

#include "base/compiler.h"
#include "base/rng.h"
#include "stat/shift_test.h"
#include "stat/special.h"

#include <math.h>

/* Two cells: Fisher's test by the size of the difference of shares. 3 of 10 against 9 of 12: of 12
 * pooled rows in the first cell, x ~ hypergeometric; |x / 12 - (12 - x) / 10| as large as at x = 9
 * for x >= 9 and x <= 4. From the binomial coefficients: sum of C(12,x) C(10,12-x) over those x,
 * divided by C(22,12) = 646646. */
static void two_cells_are_fishers_test(void **state)
{
    (void)state;
    const uint64_t ref[2] = {3, 7};
    const uint64_t cur[2] = {9, 3};
    static const double c12[13] = {1, 12, 66, 220, 495, 792, 924, 792, 495, 220, 66, 12, 1};
    static const double c10[11] = {1, 10, 45, 120, 210, 252, 210, 120, 45, 10, 1};
    double sum = 0;
    double all = 0;
    for (int x = 2; x <= 12; x++) {
        const double ways = c12[x] * c10[12 - x];
        const double gap = fabs(x / 12.0 - (12 - x) / 10.0);
        all += ways;
        sum += gap >= 9 / 12.0 - 3 / 10.0 - 1e-12 ? ways : 0;
    }
    struct tend__shift_test out;
    tend__shift_test_fixed(ref, cur, 2, &out);
    assert_near(out.largest, sum / all, 1e-12);
    assert_true(isnan(out.cells));
}

#define CELLS 9
#define PERMUTATIONS 20000

/* Shares of random divisions of the pooled rows whose statistic is at least as large, by the
 * p-values of the test itself: p is a falling function of the statistic for fixed pooled counts. */
static void the_parts_agree_with_permutation_of_the_rows(void **state)
{
    (void)state;
    static const uint64_t ref[CELLS] = {40, 35, 60, 20, 110, 30, 45, 25, 35};
    static const uint64_t cur[CELLS] = {18, 20, 36, 14, 40, 26, 32, 26, 28};
    uint8_t rows[1000];
    size_t total = 0;
    size_t n = 0;
    for (size_t j = 0; j < CELLS; j++) {
        n += cur[j];
        for (uint64_t i = 0; i < ref[j] + cur[j]; i++) {
            rows[total++] = (uint8_t)j;
        }
    }
    struct tend__shift_test seen;
    tend__shift_test_ordered(ref, cur, CELLS, &seen);
    const double p[5] = {seen.whole, seen.location, seen.shape, seen.cells, seen.largest};
    int count[5] = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, 41);
    for (int r = 0; r < PERMUTATIONS; r++) {
        uint64_t a[CELLS] = {0};
        uint64_t b[CELLS] = {0};
        for (size_t i = 0; i < total; i++) {
            const size_t k = i + tend__rng_below(&rng, total - i);
            const uint8_t row = rows[k];
            rows[k] = rows[i];
            rows[i] = row;
            if (i < n) {
                b[row]++;
            } else {
                a[row]++;
            }
        }
        struct tend__shift_test out;
        tend__shift_test_ordered(a, b, CELLS, &out);
        const double q[5] = {out.whole, out.location, out.shape, out.cells, out.largest};
        for (int i = 0; i < 5; i++) {
            count[i] += q[i] <= p[i] + 1e-12;
        }
    }
    for (int i = 0; i < 5; i++) {
        const double share = (double)count[i] / PERMUTATIONS;
        print_message("part %d: %.4f, by permutation %.4f\n", i, p[i], share);
        if (i < 4) {
            assert_near(share, p[i], 0.006 + 0.1 * p[i]);
        } else { /* cells are taken as independent, and for the roundest of them */
            assert_true(share <= p[i] + 0.006);
        }
    }
}

static void the_direction_of_an_axis_does_not_matter(void **state)
{
    (void)state;
    static const uint64_t ref[6] = {100, 80, 60, 90, 70, 50};
    static const uint64_t cur[6] = {30, 50, 40, 45, 20, 35};
    uint64_t ref_back[6];
    uint64_t cur_back[6];
    for (size_t j = 0; j < 6; j++) {
        ref_back[j] = ref[5 - j];
        cur_back[j] = cur[5 - j];
    }
    struct tend__shift_test one;
    struct tend__shift_test other;
    tend__shift_test_ordered(ref, cur, 6, &one);
    tend__shift_test_ordered(ref_back, cur_back, 6, &other);
    assert_near(one.whole, other.whole, 1e-10);
    assert_near(one.location, other.location, 1e-10);
    assert_near(one.shape, other.shape, 1e-10);
    assert_near(one.p_value, other.p_value, 1e-10);
}

/* 300 rows of which every one is the only one of its value, on both sides: an id. The table shows
 * 256 categories of one row each that never come again, and that is what ids do. */
static void ids_have_not_drifted(void **state)
{
    (void)state;
    uint64_t ref[257] = {0};
    uint64_t cur[257] = {0};
    for (size_t j = 0; j < 256; j++) {
        ref[j] = 1;
    }
    ref[256] = 44;
    cur[256] = 300;
    struct tend__shift_test out;
    tend__shift_test_categories(ref, cur, 257, &out);
    assert_true(out.p_value > 0.5);
    /* The same counts under a plan of other rows say that everything has changed. */
    ref[0] = 0;
    tend__shift_test_categories(ref, cur, 257, &out);
    assert_true(out.p_value < 1e-6);
}

static void a_new_category_is_found(void **state)
{
    (void)state;
    const uint64_t ref[5] = {500, 300, 150, 50, 0};
    const uint64_t cur[5] = {490, 290, 145, 45, 30};
    struct tend__shift_test out;
    tend__shift_test_categories(ref, cur, 5, &out);
    assert_true(out.rest < 1e-6 && out.p_value < 1e-5);
}

static void a_value_where_the_reference_has_none_is_found(void **state)
{
    (void)state;
    const uint64_t ref[3] = {0, 1000, 0}; /* below, at and above a constant */
    const uint64_t cur[3] = {0, 900, 100};
    struct tend__shift_test out;
    tend__shift_test_ordered(ref, cur, 3, &out);
    assert_int_equal(out.cell_count, 2);
    assert_true(out.p_value < 1e-12);
}

static void nothing_to_compare_is_no_difference(void **state)
{
    (void)state;
    const uint64_t ref[3] = {100, 0, 0};
    const uint64_t none[3] = {0, 0, 0};
    struct tend__shift_test out;
    tend__shift_test_ordered(ref, ref, 3, &out);
    assert_near(out.p_value, 1, 0);
    tend__shift_test_ordered(ref, none, 3, &out);
    assert_near(out.p_value, 1, 0);
    tend__shift_test_ordered(none, ref, 3, &out);
    assert_near(out.p_value, 1, 0);
    tend__shift_test_fixed(ref, ref, 3, &out);
    assert_near(out.p_value, 1, 0);
    tend__shift_test_categories(ref, none, 3, &out);
    assert_near(out.p_value, 1, 0);
    tend__shift_test_categories(none, none, 1, &out);
    assert_near(out.p_value, 1, 0);
}

/* 2,049 cells are joined, and counts near 2^53 are not a problem. */
static void many_cells_and_many_rows_are_fine(void **state)
{
    (void)state;
    static uint64_t ref[2049];
    static uint64_t cur[2049];
    for (size_t j = 0; j < 2049; j++) {
        ref[j] = 1000000000000 + j;
        cur[j] = 1000000000000 + 2 * j;
    }
    struct tend__shift_test out;
    tend__shift_test_ordered(ref, cur, 2049, &out);
    assert_true(out.cell_count > 60 && out.cell_count <= 128);
    assert_true(out.p_value > 0.5); /* a billionth more is nothing, of a thousand billion a cell */
    tend__shift_test_categories(ref, cur, 2049, &out);
    assert_true(out.p_value > 0.5);
    for (size_t j = 0; j < 2049; j++) {
        cur[j] += j < 1024 ? 100000000 : 0; /* a ten thousandth of each cell of one half */
    }
    tend__shift_test_ordered(ref, cur, 2049, &out);
    assert_true(out.p_value < 1e-6);
    tend__shift_test_categories(ref, cur, 2049, &out);
    assert_true(out.p_value < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_cells_are_fishers_test),
        cmocka_unit_test(the_parts_agree_with_permutation_of_the_rows),
        cmocka_unit_test(the_direction_of_an_axis_does_not_matter),
        cmocka_unit_test(ids_have_not_drifted),
        cmocka_unit_test(a_new_category_is_found),
        cmocka_unit_test(a_value_where_the_reference_has_none_is_found),
        cmocka_unit_test(nothing_to_compare_is_no_difference),
        cmocka_unit_test(many_cells_and_many_rows_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
