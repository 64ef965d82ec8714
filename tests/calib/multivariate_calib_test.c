/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multivariate_calib_test.c: the domain classifier and the reconstruction error reject as often as
 * they say where there is no drift, and find what no single column shows.
 */
#include "unit.h"

#include "base/compiler.h"
#include "base/rng.h"
#include "judge/multivariate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 3000
#define NUMBERS_MAX 24
#define COLUMNS_MAX (NUMBERS_MAX + 4)

/* A table: numbers, then two texts, a bool and a time. */
struct table {
    size_t number_count;
    double numbers[NUMBERS_MAX][ROWS_MAX];
    char texts[2][ROWS_MAX][12];
    struct tend__text text[2][ROWS_MAX];
    uint8_t bools[ROWS_MAX];
    int64_t times[ROWS_MAX];
    uint8_t valid[COLUMNS_MAX][ROWS_MAX];
    struct tend__column columns[COLUMNS_MAX];
};

static struct table ref;
static struct table cur;
static char names[COLUMNS_MAX][8];
static struct tend__field fields[COLUMNS_MAX];

enum change { NOTHING, PAIRING, ROTATION, SHIFT };

/* Correlated numbers (each the half of a common factor, the first two nearly one), some rounded,
 * some with heavy tails, a tenth missing. */
static void fill_numbers(struct table *t, size_t n, enum change change, struct tend__rng *rng)
{
    for (size_t i = 0; i < n; i++) {
        const double common = tend__rng_normal(rng);
        for (size_t k = 0; k < t->number_count; k++) {
            const double own = tend__rng_normal(rng);
            double x = sqrt(0.5) * common + sqrt(0.5) * own;
            x = k % 5 == 2 ? floor(2 * x) : k % 5 == 3 ? exp(2 * x) : x;
            t->numbers[k][i] = x;
            t->valid[k][i] = tend__rng_below(rng, 10) > 0 ? 1 : 0;
        }
        /* Two numbers of correlation .8; the pairing is broken, or the cloud is turned by 90
         * degrees. */
        const double a = tend__rng_normal(rng);
        const double b = tend__rng_normal(rng);
        const double rho = change == PAIRING ? 0 : change == ROTATION ? -0.8 : 0.8;
        t->numbers[0][i] = a + (change == SHIFT ? 0.3 : 0);
        t->numbers[1][i] = rho * a + sqrt(1 - rho * rho) * b;
    }
}

static struct tend__batch fill(struct table *t, size_t number_count, size_t n, enum change change,
                               struct tend__rng *rng)
{
    t->number_count = number_count;
    fill_numbers(t, n, change, rng);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(t->texts[0][i], sizeof(t->texts[0][i]), "c%d",
                       (int)tend__rng_below(rng, 20));
        (void)snprintf(t->texts[1][i], sizeof(t->texts[1][i]), "id%d",
                       (int)tend__rng_below(rng, 100000));
        t->bools[i] = (uint8_t)tend__rng_below(rng, 2);
        t->times[i] = (int64_t)tend__rng_below(rng, 1000000) * INT64_C(1000000000);
        for (size_t k = 0; k < 2; k++) {
            t->text[k][i] = (struct tend__text){t->texts[k][i], strlen(t->texts[k][i])};
        }
        for (size_t k = number_count; k < number_count + 4; k++) {
            t->valid[k][i] = 1;
        }
    }
    for (size_t k = 0; k < number_count + 4; k++) {
        const enum tend_type kinds[] = {TEND_TYPE_TEXT, TEND_TYPE_TEXT, TEND_TYPE_BOOL,
                                        TEND_TYPE_TIME};
        const enum tend_type type = k < number_count ? TEND_TYPE_NUMBER : kinds[k - number_count];
        (void)snprintf(names[k], sizeof(names[k]), "x%zu", k);
        fields[k] = (struct tend__field){.name = names[k], .type = type};
        t->columns[k] = (struct tend__column){.type = type,
                                              .f64 = k < number_count ? t->numbers[k] : NULL,
                                              .text = k == number_count ? t->text[0] : t->text[1],
                                              .bools = t->bools,
                                              .time_us = t->times,
                                              .valid = t->valid[k]};
    }
    return (struct tend__batch){
        .row_count = n, .column_count = number_count + 4, .fields = fields, .columns = t->columns};
}

static struct tend__multivariate compare(size_t number_count, size_t ref_rows, size_t cur_rows,
                                         enum change change, struct tend__rng *rng)
{
    struct tend_error err = {0};
    struct tend__multivariate out;
    const struct tend__batch a = fill(&ref, number_count, ref_rows, NOTHING, rng);
    const struct tend__batch b = fill(&cur, number_count, cur_rows, change, rng);
    const struct tend__multivariate_options options = {.seed = tend__rng_next(rng)};
    assert_tend_ok(tend__multivariate_compare(&a, &b, &options, &out, &err), &err);
    return out;
}

static size_t rounds_of(size_t fallback)
{
    const char *text = getenv("TEND_CALIB_ROUNDS");
    return text == NULL ? fallback : (size_t)strtoul(text, NULL, 10);
}

/* The share of p below a level is not above it by more than 4 standard deviations of the count. */
static void without_drift_both_tests_hold_their_level(void **state)
{
    (void)state;
    const size_t shapes[][3] = {
        {2, 60, 60}, {4, 300, 300}, {12, 1000, 200}, {24, 200, 1000}, {8, 2000, 2000}};
    const size_t rounds = rounds_of(150);
    struct tend__rng rng;
    tend__rng_init(&rng, 20261125);
    for (size_t s = 0; s < TEND_ARRAY_LEN(shapes); s++) {
        size_t below[2][2] = {{0}};
        for (size_t i = 0; i < rounds; i++) {
            const struct tend__multivariate m =
                compare(shapes[s][0], shapes[s][1], shapes[s][2], NOTHING, &rng);
            below[0][0] += m.domain.p_value < 0.05 ? 1 : 0;
            below[0][1] += m.domain.p_value < 0.01 ? 1 : 0;
            below[1][0] += m.pca.p_value < 0.05 ? 1 : 0;
            below[1][1] += m.pca.p_value < 0.01 ? 1 : 0;
        }
        print_message("%2zu numbers, %4zu against %4zu: classifier p < .05 %.3f, < .01 %.4f; pca "
                      "%.3f, %.4f\n",
                      shapes[s][0], shapes[s][1], shapes[s][2],
                      (double)below[0][0] / (double)rounds, (double)below[0][1] / (double)rounds,
                      (double)below[1][0] / (double)rounds, (double)below[1][1] / (double)rounds);
        for (size_t k = 0; k < 2; k++) {
            const double at5 = 0.05 * (double)rounds;
            const double at1 = 0.01 * (double)rounds;
            assert_true((double)below[k][0] < at5 + 4 * sqrt(at5));
            assert_true((double)below[k][1] < at1 + 4 * sqrt(at1) + 1);
            assert_true((double)below[k][0] > at5 / 5);
        }
    }
}

/* Marginals stay as they are: only the pair shows it. */
static void a_broken_pair_is_found_and_named(void **state)
{
    (void)state;
    const enum change changes[] = {PAIRING, ROTATION};
    const size_t shapes[][2] = {{2, 300}, {12, 1000}, {24, 2000}};
    const size_t rounds = rounds_of(20) > 100 ? 100 : rounds_of(20);
    struct tend__rng rng;
    tend__rng_init(&rng, 3);
    for (size_t s = 0; s < TEND_ARRAY_LEN(shapes); s++) {
        for (size_t c = 0; c < 2; c++) {
            size_t found[2] = {0};
            size_t named = 0;
            double auc = 0;
            for (size_t i = 0; i < rounds; i++) {
                const struct tend__multivariate m =
                    compare(shapes[s][0], shapes[s][1], shapes[s][1], changes[c], &rng);
                found[0] += m.domain.p_value < 0.01 ? 1 : 0;
                found[1] += m.pca.p_value < 0.01 ? 1 : 0;
                auc += m.domain.auc / (double)rounds;
                const char *first = m.domain.column_count > 0 ? m.domain.columns[0].name : "";
                named += strcmp(first, "x0") == 0 || strcmp(first, "x1") == 0 ? 1 : 0;
            }
            print_message("%2zu numbers, %4zu rows, %s: classifier %zu, pca %zu, named %zu of %zu; "
                          "AUC %.3f\n",
                          shapes[s][0], shapes[s][1], c == 0 ? "pairing" : "rotation", found[0],
                          found[1], named, rounds, auc);
            assert_true(found[0] * 10 >= rounds * 9);
            assert_true(found[1] * 10 >= rounds * 8); /* 95 of 100 at worst, measured */
            assert_true(named * 10 >= rounds * 9);
        }
    }
}

static void a_shift_is_found_too(void **state)
{
    (void)state;
    struct tend__rng rng;
    size_t found = 0;
    tend__rng_init(&rng, 4);
    for (size_t i = 0; i < 20; i++) {
        const struct tend__multivariate m = compare(12, 2000, 2000, SHIFT, &rng);
        found += m.domain.p_value < 0.01 && strcmp(m.domain.columns[0].name, "x0") == 0 ? 1 : 0;
    }
    print_message("a shift by .3 sd: %zu of 20\n", found);
    assert_true(found >= 18);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_drift_both_tests_hold_their_level),
        cmocka_unit_test(a_broken_pair_is_found_and_named),
        cmocka_unit_test(a_shift_is_found_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
