/* SPDX-License-Identifier: Apache-2.0 */
/* multivariate_test.c: which columns are looked at, what is named, and failures. That the tests
 * hold their level is simulated in tests/calib. */
#include "unit.h"

#include "base/compiler.h"
#include "base/mem.h"
#include "base/rng.h"
#include "judge/multivariate.h"

#include <math.h>
#include <string.h>

#define ROWS 400

static double numbers[2][4][ROWS];
static uint8_t bools[2][ROWS];
static uint8_t nothing[ROWS];
static struct tend__column columns[2][5];
static const struct tend__field fields[] = {{.name = "a", .type = TEND_TYPE_NUMBER},
                                            {.name = "b", .type = TEND_TYPE_NUMBER},
                                            {.name = "c", .type = TEND_TYPE_NUMBER},
                                            {.name = "d", .type = TEND_TYPE_NUMBER},
                                            {.name = "e", .type = TEND_TYPE_BOOL}};

/* Without drift: four numbers and a bool, drawn alike on both sides; c is 1 + a on both. */
static void fill(uint64_t seed)
{
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < ROWS; i++) {
            for (size_t k = 0; k < 4; k++) {
                numbers[side][k][i] = tend__rng_normal(&rng);
            }
            numbers[side][2][i] = 1 + numbers[side][0][i] + 0.1 * numbers[side][2][i];
            bools[side][i] = (uint8_t)tend__rng_below(&rng, 2);
        }
        for (size_t k = 0; k < 5; k++) {
            columns[side][k] = (struct tend__column){.type = fields[k].type,
                                                     .f64 = k < 4 ? numbers[side][k] : NULL,
                                                     .bools = bools[side]};
        }
    }
}

static struct tend__multivariate compare(size_t ref_rows, size_t cur_rows, size_t column_count,
                                         const char *skipped)
{
    struct tend_error err = {0};
    struct tend__multivariate out;
    const char *const names[] = {NULL, skipped};
    const struct tend__batch ref = {ref_rows, column_count, fields, columns[0]};
    const struct tend__batch cur = {cur_rows, column_count, fields, columns[1]};
    const struct tend__multivariate_options options = {.skipped = names, .skipped_count = 2};
    assert_tend_ok(tend__multivariate_compare(&ref, &cur, &options, &out, &err), &err);
    return out;
}

static void a_column_that_tells_all_is_named_or_left_out(void **state)
{
    (void)state;
    fill(1);
    for (size_t i = 0; i < ROWS; i++) {
        numbers[1][3][i] += 10;
    }
    struct tend__multivariate m = compare(ROWS, ROWS, 5, NULL);
    assert_int_equal(m.column_count, 5);
    assert_int_equal(m.number_count, 4);
    assert_true(m.domain.auc > 0.999);
    assert_string_equal(m.domain.columns[0].name, "d");
    assert_true(m.domain.columns[0].share > 0.9);
    assert_true(m.domain.p_value < 1e-12);
    m = compare(ROWS, ROWS, 5, "d");
    assert_int_equal(m.column_count, 4);
    assert_true(m.domain.p_value > 0.01);
    assert_near(m.domain.auc, 0.5, 0.15);
    /* All null on one side, or of another type there: for the breaks to say. */
    columns[1][3].valid = nothing;
    m = compare(ROWS, ROWS, 5, NULL);
    assert_int_equal(m.column_count, 4);
    columns[1][3] = (struct tend__column){.type = TEND_TYPE_NULL};
    m = compare(ROWS, ROWS, 5, NULL);
    assert_int_equal(m.column_count, 4);
    assert_true(m.domain.p_value > 0.01);
}

static void a_broken_pair_is_named_first(void **state)
{
    (void)state;
    fill(2);
    /* The current rows' c belongs to the row before: each column alone is as it was. */
    const double last = numbers[1][2][ROWS - 1];
    memmove(numbers[1][2] + 1, numbers[1][2], (ROWS - 1) * sizeof(double));
    numbers[1][2][0] = last;
    const struct tend__multivariate m = compare(ROWS, ROWS, 5, NULL);
    assert_true(m.domain.p_value < 1e-6);
    assert_true(m.pca.p_value < 1e-6);
    assert_true(m.pca.error_cur > m.pca.error_ref);
    assert_true(m.pca.component_count >= 1 && m.pca.component_count < 4);
    for (size_t i = 0; i < 2; i++) {
        const char *domain = m.domain.columns[i].name;
        const char *pca = m.pca.columns[i].name;
        assert_true(strcmp(domain, "a") == 0 || strcmp(domain, "c") == 0);
        assert_true(strcmp(pca, "a") == 0 || strcmp(pca, "c") == 0);
        assert_true(i == 0 || m.domain.columns[0].share >= m.domain.columns[1].share);
    }
}

static void too_little_is_not_judged(void **state)
{
    (void)state;
    fill(3);
    struct tend__multivariate m = compare(59, ROWS, 5, NULL);
    assert_false(m.domain.is_there || m.pca.is_there);
    assert_true(m.domain.p_value == 1.0 && m.pca.p_value == 1.0 && m.domain.effect == 0.0);
    m = compare(ROWS, 59, 5, NULL);
    assert_false(m.domain.is_there || m.pca.is_there);
    m = compare(ROWS, ROWS, 1, NULL);
    assert_false(m.domain.is_there || m.pca.is_there);
    m = compare(ROWS, ROWS, 2, NULL);
    assert_true(m.domain.is_there && m.pca.is_there);
    assert_int_equal(m.pca.component_count, 1);
    /* Numbers without spread, and NaN and infinities among them, do no harm. */
    for (size_t i = 0; i < ROWS; i++) {
        numbers[0][0][i] = 7;
        numbers[1][0][i] = 7;
        numbers[i % 2][1][i] = i % 3 == 0 ? (double)NAN : i % 3 == 1 ? (double)INFINITY : -1e300;
    }
    m = compare(ROWS, ROWS, 5, NULL);
    assert_true(m.domain.is_there && isfinite(m.domain.auc));
    assert_true(m.pca.is_there && isfinite(m.pca.error_cur));
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    const struct tend__batch ref = {80, 5, fields, columns[0]};
    const struct tend__batch cur = {80, 5, fields, columns[1]};
    enum tend_code code = TEND_ENOMEM;
    uint64_t nth = 0;
    fill(4);
    while (code != TEND_OK) {
        struct tend__multivariate out;
        nth++;
        tend__mem_fail_at(nth);
        code = tend__multivariate_compare(&ref, &cur, NULL, &out, &err);
        tend__mem_fail_at(0);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_that_tells_all_is_named_or_left_out),
        cmocka_unit_test(a_broken_pair_is_named_first),
        cmocka_unit_test(too_little_is_not_judged),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
