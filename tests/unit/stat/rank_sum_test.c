/* SPDX-License-Identifier: Apache-2.0 */
/* rank_sum_test.c: against scipy.stats.mannwhitneyu (tests/golden/rank_sum.csv). */
#include "unit.h"

#include "golden.h"
#include "stat/rank_sum.h"

#define VALUES_MAX 400

static size_t read_numbers(char *text, double *out)
{
    size_t count = 0;
    for (char *at = text; *at != '\0' && count < VALUES_MAX;) {
        out[count++] = strtod(at, &at);
        at += strspn(at, " ");
    }
    return count;
}

static void ranks_match_scipy(void **state)
{
    (void)state;
    struct golden golden;
    static double x[2 * VALUES_MAX];
    static size_t idx[2 * VALUES_MAX];
    size_t count = 0;
    assert_true(golden_open(&golden, "rank_sum.csv"));
    while (golden_next(&golden)) {
        struct tend__rank_sum out;
        const size_t n0 = read_numbers(golden.fields[0], x);
        const size_t n1 = read_numbers(golden.fields[1], x + n0);
        tend__rank_sum(x, n0, n1, idx, &out);
        assert_near(out.auc, golden_number(&golden, 2), 1e-12);
        assert_near(out.p_greater / golden_number(&golden, 3), 1, 1e-9);
        assert_near(out.p_either / golden_number(&golden, 4), 1, 1e-9);
        count++;
    }
    assert_true(count >= 20);
}

static void groups_that_cannot_be_compared_say_nothing(void **state)
{
    (void)state;
    const double x[] = {0.1, 0.1, 0.1, 0.1, 0.1};
    size_t idx[5];
    struct tend__rank_sum out;
    const size_t sizes[][2] = {{0, 5}, {5, 0}, {2, 3}, {0, 0}};
    for (size_t i = 0; i < 4; i++) {
        tend__rank_sum(x, sizes[i][0], sizes[i][1], idx, &out);
        assert_true(out.auc == 0.5 && out.p_greater == 1.0 && out.p_either == 1.0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_match_scipy),
        cmocka_unit_test(groups_that_cannot_be_compared_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
