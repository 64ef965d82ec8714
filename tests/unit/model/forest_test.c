/* SPDX-License-Identifier: Apache-2.0 */
/* forest_test.c: hand-made models: what is read, what is refused, and how rows walk. */
#include "unit.h"

#include "model/forest.h"

static void what_is_no_model_is_refused(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__forest *forest = NULL;
    assert_int_equal(tend__forest_load("{}", 2, &forest, &err), TEND_ECORRUPT);
    assert_null(forest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_model_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
