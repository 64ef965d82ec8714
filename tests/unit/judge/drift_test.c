/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drift_test.c: distances against naive arithmetic on the raw rows, verdicts that need both surety
 * and size, and the rate of false verdicts at fixed seeds.
 */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "judge/drift.h"
#include "profile/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 20000

enum { NUMBER, TEXT, FLAG, CONSTANT, COLUMN_COUNT };

static const struct tend__field fields[COLUMN_COUNT] = {
    {.name = "x", .type = TEND_TYPE_NUMBER},
    {.name = "c", .type = TEND_TYPE_TEXT},
    {.name = "b", .type = TEND_TYPE_BOOL},
    {.name = "k", .type = TEND_TYPE_NUMBER},
};

struct rows {
    double x[ROWS_MAX];
    struct tend__text c[ROWS_MAX];
    uint8_t b[ROWS_MAX];
    double k[ROWS_MAX];
    struct tend__column columns[COLUMN_COUNT];
    struct tend__batch batch;
};

static struct rows ref_rows;
static struct rows cur_rows;

static void draw_rows(struct rows *rows, size_t count, double shift, struct tend__rng *rng)
{
    static const char *const names[4] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < count; i++) {
        const double u = tend__rng_uniform(rng) * (1 + shift);
        rows->x[i] = 10 + 2 * (tend__rng_normal(rng) + shift);
        rows->c[i] = (struct tend__text){.ptr = names[u < 0.4   ? 0
                                                      : u < 0.7 ? 1
                                                      : u < 0.9 ? 2
                                                                : 3],
                                         .len = 1};
        rows->b[i] = tend__rng_uniform(rng) < 0.3 + 0.3 * shift ? 1 : 0;
        rows->k[i] = 5;
    }
    rows->columns[NUMBER] = (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = rows->x};
    rows->columns[TEXT] = (struct tend__column){.type = TEND_TYPE_TEXT, .text = rows->c};
    rows->columns[FLAG] = (struct tend__column){.type = TEND_TYPE_BOOL, .bools = rows->b};
    rows->columns[CONSTANT] = (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = rows->k};
    rows->batch = (struct tend__batch){.row_count = count,
                                       .column_count = COLUMN_COUNT,
                                       .fields = fields,
                                       .columns = rows->columns};
}

static enum tend_code compare(struct tend__drift_column *out, struct tend_error *err)
{
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__profile *ref = NULL;
    struct tend__profile *cur = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__plan_builder_new(fields, COLUMN_COUNT, NULL, &builder, err));
    TEND_TRY_OUT(tend__plan_builder_add(builder, &ref_rows.batch, err));
    TEND_TRY_OUT(tend__plan_builder_finish(builder, &plan, err));
    TEND_TRY_OUT(tend__profile_new(plan, &ref, err));
    TEND_TRY_OUT(tend__profile_add(ref, &ref_rows.batch, err));
    TEND_TRY_OUT(tend__profile_new(plan, &cur, err));
    TEND_TRY_OUT(tend__profile_add(cur, &cur_rows.batch, err));
    TEND_TRY_OUT(tend__drift_compare(ref, cur, NULL, out, COLUMN_COUNT, err));
out:
    tend__profile_free(cur);
    tend__profile_free(ref);
    tend__plan_unref(plan);
    tend__plan_builder_free(builder);
    return code;
}

static void compare_ok(struct tend__drift_column out[COLUMN_COUNT])
{
    struct tend_error err = {0};
    assert_tend_ok(compare(out, &err), &err);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* W1 of two samples of one size: the mean distance of their order statistics. */
static double naive_w1(size_t n)
{
    static double a[ROWS_MAX];
    static double b[ROWS_MAX];
    double sum = 0;
    memcpy(a, ref_rows.x, n * sizeof(*a));
    memcpy(b, cur_rows.x, n * sizeof(*b));
    qsort(a, n, sizeof(*a), compare_doubles);
    qsort(b, n, sizeof(*b), compare_doubles);
    for (size_t i = 0; i < n; i++) {
        sum += fabs(a[i] - b[i]);
    }
    return sum / (double)n;
}

static double naive_category_js(size_t n)
{
    double p[4] = {0};
    double q[4] = {0};
    double divergence = 0;
    for (size_t i = 0; i < n; i++) {
        p[ref_rows.c[i].ptr[0] - 'a'] += 1 / (double)n;
        q[cur_rows.c[i].ptr[0] - 'a'] += 1 / (double)n;
    }
    for (size_t k = 0; k < 4; k++) {
        const double m = (p[k] + q[k]) / 2;
        divergence += (p[k] * log2(p[k] / m) + q[k] * log2(q[k] / m)) / 2;
    }
    return sqrt(divergence);
}

static void distances_are_those_of_the_rows(void **state)
{
    (void)state;
    struct tend__rng rng;
    struct tend__drift_column out[COLUMN_COUNT];
    tend__rng_init(&rng, 1);
    draw_rows(&ref_rows, ROWS_MAX, 0, &rng);
    draw_rows(&cur_rows, ROWS_MAX, 0.5, &rng);
    compare_ok(out);
    assert_near(out[TEXT].js, naive_category_js(ROWS_MAX), 1e-12);
    /* By bins W1 is the exact one up to what lies inside of bins. */
    assert_near(out[NUMBER].w1, naive_w1(ROWS_MAX), 0.05 * naive_w1(ROWS_MAX));
    assert_near(out[NUMBER].w1_normalised, 0.5, 0.05);
    assert_near(out[NUMBER].ks, 0.197, 0.02); /* 2 Phi(1/4) - 1 */
    assert_true(out[NUMBER].drifted && out[TEXT].drifted && out[FLAG].drifted);
    assert_true(out[NUMBER].effect <= out[NUMBER].w1_normalised);
    assert_false(out[CONSTANT].drifted);
    assert_near(out[CONSTANT].p_value, 1, 0);
}

static void a_sure_but_small_difference_is_no_drift(void **state)
{
    (void)state;
    struct tend__rng rng;
    struct tend__drift_column out[COLUMN_COUNT];
    tend__rng_init(&rng, 2);
    draw_rows(&ref_rows, ROWS_MAX, 0, &rng);
    draw_rows(&cur_rows, ROWS_MAX, 0.04, &rng);
    compare_ok(out);
    assert_true(out[NUMBER].q_value < 0.01);
    assert_false(out[NUMBER].drifted);
}

static void a_large_difference_of_few_rows_is_not_judged(void **state)
{
    (void)state;
    struct tend__rng rng;
    struct tend__drift_column out[COLUMN_COUNT];
    tend__rng_init(&rng, 3);
    draw_rows(&ref_rows, ROWS_MAX, 0, &rng);
    draw_rows(&cur_rows, 20, 2, &rng);
    compare_ok(out);
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        assert_false(out[i].is_judged || out[i].drifted);
    }
}

static void without_drift_few_windows_are_called_drifted(void **state)
{
    (void)state;
    static const size_t sizes[3] = {50, 300, 2000};
    struct tend__rng rng;
    tend__rng_init(&rng, 4);
    for (size_t s = 0; s < 3; s++) {
        size_t false_windows = 0;
        draw_rows(&ref_rows, 5000, 0, &rng);
        for (size_t run = 0; run < 200; run++) {
            struct tend__drift_column out[COLUMN_COUNT];
            draw_rows(&cur_rows, sizes[s], 0, &rng);
            compare_ok(out);
            false_windows += out[NUMBER].drifted || out[TEXT].drifted || out[FLAG].drifted ? 1 : 0;
        }
        print_message("%zu rows: %zu of 200 windows drifted\n", sizes[s], false_windows);
        /* 5 % of windows is the promise of the q-values where nothing drifts; 19 is its upper 99 %
         * point. */
        assert_true(false_windows <= 19);
    }
}

static void a_constant_that_becomes_another_has_drifted(void **state)
{
    (void)state;
    struct tend__rng rng;
    struct tend__drift_column out[COLUMN_COUNT];
    tend__rng_init(&rng, 7);
    draw_rows(&ref_rows, 1000, 0, &rng);
    draw_rows(&cur_rows, 1000, 0, &rng);
    for (size_t i = 0; i < 1000; i++) {
        cur_rows.k[i] = 6;
    }
    compare_ok(out);
    assert_true(out[CONSTANT].drifted);
    assert_near(out[CONSTANT].js, 1, 1e-12);
}

static void nulls_are_shown_and_infinities_with_them(void **state)
{
    (void)state;
    struct tend__rng rng;
    struct tend__drift_column out[COLUMN_COUNT];
    static uint8_t valid[ROWS_MAX];
    tend__rng_init(&rng, 5);
    draw_rows(&ref_rows, 1000, 0, &rng);
    draw_rows(&cur_rows, 1000, 0, &rng);
    for (size_t i = 0; i < 1000; i++) {
        valid[i] = i % 4 == 0 ? 0 : 1;
    }
    cur_rows.x[1] = (double)INFINITY;
    cur_rows.columns[NUMBER].valid = valid;
    compare_ok(out);
    assert_near(out[NUMBER].null_share_ref, 0, 0);
    assert_near(out[NUMBER].null_share_cur, 0.251, 1e-12);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__rng rng;
    struct tend__drift_column out[COLUMN_COUNT];
    tend__rng_init(&rng, 6);
    draw_rows(&ref_rows, 200, 0, &rng);
    draw_rows(&cur_rows, 200, 0, &rng);
    bool done = false;
    for (uint64_t nth = 1; !done; nth++) {
        tend__mem_fail_at(nth);
        const enum tend_code code = compare(out, &err);
        done = tend__mem_asked() < nth;
        tend__mem_fail_at(0);
        assert_int_equal(code, done ? TEND_OK : TEND_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_those_of_the_rows),
        cmocka_unit_test(a_sure_but_small_difference_is_no_drift),
        cmocka_unit_test(a_large_difference_of_few_rows_is_not_judged),
        cmocka_unit_test(without_drift_few_windows_are_called_drifted),
        cmocka_unit_test(a_constant_that_becomes_another_has_drifted),
        cmocka_unit_test(nulls_are_shown_and_infinities_with_them),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
