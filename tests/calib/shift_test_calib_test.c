/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shift_test_calib_test.c: how often drift's p-values fall below .05 and .01 where nothing has
 * drifted, through everything that a user's rows go through: the plan is made from the reference,
 * so that its cuts, atoms and categories are chosen on it; both sides are counted; and columns are
 * compared.
 *
 * 600 repetitions a pair of sizes, seeds 301 onwards. Bounds: a count is refused where a true share
 * of 1.1 times the level gives as much with a chance below 1e-4 (exact binomial tail). Shares that
 * are too small are no error: columns of many rare values have no test with a level of its own.
 * Last, sizes beyond counting: ten million rows a side, whose counts are normal.
 */
#include "unit.h"

#include "calib.h"

#include "base/compiler.h"
#include "base/rng.h"
#include "judge/drift.h"
#include "profile/plan.h"
#include "profile/profile.h"
#include "stat/shift_test.h"
#include "stat/special.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS_MAX 3000
#define NAME_COUNT 5000

enum { NORMAL, MINUTES, FEW, FORTY, EQUAL, ZIPF, COLOURS, FLAG, COLUMN_COUNT };

static const struct tend__field FIELDS[COLUMN_COUNT] = {
    {.name = "normal", .type = TEND_TYPE_NUMBER},
    {.name = "minutes late, two fifths 0", .type = TEND_TYPE_NUMBER},
    {.name = "few whole numbers", .type = TEND_TYPE_NUMBER},
    {.name = "forty whole numbers", .type = TEND_TYPE_NUMBER},
    {.name = "200 equal categories", .type = TEND_TYPE_TEXT},
    {.name = "5,000 categories of Zipf", .type = TEND_TYPE_TEXT},
    {.name = "5 categories", .type = TEND_TYPE_TEXT},
    {.name = "flag", .type = TEND_TYPE_BOOL},
};

static char names[NAME_COUNT][8];
static double zipf[NAME_COUNT]; /* cumulated shares */

struct rows {
    double numbers[EQUAL][ROWS_MAX];
    struct tend__text texts[FLAG - EQUAL][ROWS_MAX];
    uint8_t flags[ROWS_MAX];
    struct tend__column columns[COLUMN_COUNT];
    struct tend__batch batch;
};

static struct rows sides[2];

static void make_names(void)
{
    double total = 0;
    for (size_t i = 0; i < NAME_COUNT; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "n%zu", i);
        total += 1.0 / (double)(i + 1);
        zipf[i] = total;
    }
    for (size_t i = 0; i < NAME_COUNT; i++) {
        zipf[i] /= total;
    }
}

static struct tend__text name_of(size_t i)
{
    return (struct tend__text){.ptr = names[i], .len = strlen(names[i])};
}

static size_t draw_zipf(struct tend__rng *rng)
{
    const double u = tend__rng_uniform(rng);
    size_t low = 0;
    size_t high = NAME_COUNT - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (zipf[middle] < u) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void draw_rows(struct rows *rows, size_t count, struct tend__rng *rng)
{
    for (size_t i = 0; i < count; i++) {
        const double late = -20 * log(1 - tend__rng_uniform(rng));
        rows->numbers[NORMAL][i] = tend__rng_normal(rng);
        rows->numbers[MINUTES][i] = tend__rng_uniform(rng) < 0.4 ? 0 : 5 * round(late / 5);
        rows->numbers[FEW][i] = floor(-2 * log(1 - tend__rng_uniform(rng)));
        rows->numbers[FORTY][i] = (double)tend__rng_below(rng, 40);
        rows->texts[EQUAL - EQUAL][i] = name_of(tend__rng_below(rng, 200));
        rows->texts[ZIPF - EQUAL][i] = name_of(draw_zipf(rng));
        rows->texts[COLOURS - EQUAL][i] = name_of(tend__rng_below(rng, 5));
        rows->flags[i] = tend__rng_uniform(rng) < 0.3 ? 1 : 0;
    }
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        rows->columns[i] = (struct tend__column){.type = FIELDS[i].type};
        if (i < EQUAL) {
            rows->columns[i].f64 = rows->numbers[i];
        } else if (i < FLAG) {
            rows->columns[i].text = rows->texts[i - EQUAL];
        } else {
            rows->columns[i].bools = rows->flags;
        }
    }
    rows->batch = (struct tend__batch){.row_count = count,
                                       .column_count = COLUMN_COUNT,
                                       .fields = FIELDS,
                                       .columns = rows->columns};
}

static void compare(struct tend__drift_column out[COLUMN_COUNT])
{
    struct tend_error err = {0};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__profile *profiles[2] = {NULL};
    assert_tend_ok(tend__plan_builder_new(FIELDS, COLUMN_COUNT, NULL, &builder, &err), &err);
    assert_tend_ok(tend__plan_builder_add(builder, &sides[0].batch, &err), &err);
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    for (int side = 0; side < 2; side++) {
        assert_tend_ok(tend__profile_new(plan, &profiles[side], &err), &err);
        assert_tend_ok(tend__profile_add(profiles[side], &sides[side].batch, &err), &err);
    }
    assert_tend_ok(tend__drift_compare(profiles[0], profiles[1], NULL, out, COLUMN_COUNT, &err),
                   &err);
    tend__profile_free(profiles[0]);
    tend__profile_free(profiles[1]);
    tend__plan_unref(plan);
    tend__plan_builder_free(builder);
}

/* Prints the two shares; whether either is too large. */
static bool is_eager(const char *name, const int small[2], int repeats)
{
    static const double levels[2] = {0.05, 0.01};
    bool eager = false;
    print_message("  %-28s", name);
    for (int l = 0; l < 2; l++) {
        const bool over =
            tend__binomial_at_least((uint64_t)small[l], (uint64_t)repeats, 1.1 * levels[l]) < 1e-4;
        print_message(" %.3f%s", (double)small[l] / repeats, over ? "!" : "");
        eager = eager || over;
    }
    print_message("\n");
    return eager;
}

static void no_column_is_called_different_too_often(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{30, 30},   {30, 3000},  {100, 100}, {100, 3000},
                                      {300, 300}, {1000, 300}, {3000, 30}, {3000, 100}};
    make_names();
    int bad = 0;
    for (size_t s = 0; s < TEND_ARRAY_LEN(sizes); s++) {
        const int repeats = 600 / CALIB_SLOWDOWN;
        int small[COLUMN_COUNT][2] = {{0}};
        int flagged = 0;
        struct tend__rng rng;
        tend__rng_init(&rng, 301 + s);
        for (int r = 0; r < repeats; r++) {
            struct tend__drift_column out[COLUMN_COUNT];
            bool any = false;
            draw_rows(&sides[0], sizes[s][0], &rng);
            draw_rows(&sides[1], sizes[s][1], &rng);
            compare(out);
            for (size_t i = 0; i < COLUMN_COUNT; i++) {
                small[i][0] += out[i].p_value <= 0.05;
                small[i][1] += out[i].p_value <= 0.01;
                any = any || out[i].drifted;
            }
            flagged += any ? 1 : 0;
        }
        print_message("%zu rows against %zu: p-values at most .05, .01\n", sizes[s][0],
                      sizes[s][1]);
        for (size_t i = 0; i < COLUMN_COUNT; i++) {
            bad += is_eager(FIELDS[i].name, small[i], repeats) ? 1 : 0;
        }
        const double share = (double)flagged / repeats;
        print_message("  comparisons with a column that has drifted: %.3f\n", share);
        bad += tend__binomial_at_least((uint64_t)flagged, (uint64_t)repeats, 0.055) < 1e-4;
    }
    assert_int_equal(bad, 0);
}

/* Counts of `rows` rows in equal cells; each cell expects thousands, so that the binomial counts
 * are normal, one after the other. */
static void draw_many(double rows, size_t cell_count, struct tend__rng *rng, uint64_t *counts)
{
    double left = rows;
    for (size_t j = 0; j < cell_count; j++) {
        const double share = 1.0 / (double)(cell_count - j);
        const double sd = sqrt(left * share * (1.0 - share));
        const double count = round(left * share + sd * tend__rng_normal(rng));
        counts[j] = (uint64_t)count;
        left -= count;
    }
}

static void ten_million_rows_are_not_called_different_too_often(void **state)
{
    (void)state;
    static const double sizes[][2] = {{1e5, 1e5}, {1e7, 1e7}, {1e7, 1e5}, {1e5, 1e7}};
    int bad = 0;
    for (size_t s = 0; s < TEND_ARRAY_LEN(sizes); s++) {
        const int repeats = 2000 / CALIB_SLOWDOWN;
        int small[2][2] = {{0}};
        struct tend__rng rng;
        tend__rng_init(&rng, 321 + s);
        for (int r = 0; r < repeats; r++) {
            uint64_t counts[2][32];
            struct tend__shift_test out[2];
            draw_many(sizes[s][0], 32, &rng, counts[0]);
            draw_many(sizes[s][1], 32, &rng, counts[1]);
            tend__shift_test_ordered(counts[0], counts[1], 32, &out[0]);
            tend__shift_test_fixed(counts[0], counts[1], 32, &out[1]);
            for (int i = 0; i < 2; i++) {
                small[i][0] += out[i].p_value <= 0.05;
                small[i][1] += out[i].p_value <= 0.01;
            }
        }
        print_message("%.0f rows against %.0f\n", sizes[s][0], sizes[s][1]);
        bad += is_eager("32 bins", small[0], repeats) ? 1 : 0;
        bad += is_eager("32 categories", small[1], repeats) ? 1 : 0;
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_column_is_called_different_too_often),
        cmocka_unit_test(ten_million_rows_are_not_called_different_too_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
