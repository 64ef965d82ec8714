/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h: what every C test includes first: cmocka with the headers that it wants before it. */
#ifndef TEND_TEST_UNIT_H
#define TEND_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tend/error.h"

/* The call must succeed; prints tend's own words where it does not. */
#define assert_tend_ok(call, err)                                                                  \
    do {                                                                                           \
        enum tend_code tend__test_code = (call);                                                   \
        if (tend__test_code != TEND_OK) {                                                          \
            fail_msg("%s: %s: %s", #call, tend_code_text(tend__test_code), (err)->text);           \
        }                                                                                          \
    } while (0)

/* |a - b| <= tolerance, with both printed where it is not. NaN fails. */
#define assert_near(a, b, tolerance)                                                               \
    do {                                                                                           \
        const double tend__test_a = (a);                                                           \
        const double tend__test_b = (b);                                                           \
        const double tend__test_d = tend__test_a - tend__test_b;                                   \
        if (!(tend__test_d <= (tolerance) && -tend__test_d <= (tolerance))) {                      \
            fail_msg("%s = %.17g, %s = %.17g, tolerance %g", #a, tend__test_a, #b, tend__test_b,   \
                     (double)(tolerance));                                                         \
        }                                                                                          \
    } while (0)

#endif
