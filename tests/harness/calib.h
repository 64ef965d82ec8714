/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calib.h: bounds for rates that are measured by simulation.
 *
 * A rate is accepted where it is within `widths` standard errors of the one it must reproduce, the
 * errors of both measurements counted. Seeds are fixed, so that a test that passes goes on passing.
 */
#ifndef TEND_TEST_CALIB_H
#define TEND_TEST_CALIB_H

#include <math.h>
#include <stdio.h>

/* Sanitizers make a program about five times slower: fewer repetitions there. */
#if defined(__SANITIZE_ADDRESS__)
#    define CALIB_SLOWDOWN 10
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#        define CALIB_SLOWDOWN 10
#    endif
#endif
#ifndef CALIB_SLOWDOWN
#    define CALIB_SLOWDOWN 1
#endif

/* Two shares, of n1 and n2 trials. */
static inline bool shares_agree(double a, double n1, double b, double n2, double widths)
{
    const double p = (a * n1 + b * n2) / (n1 + n2);
    return fabs(a - b) <= widths * sqrt(p * (1.0 - p) * (1.0 / n1 + 1.0 / n2));
}

/* Two rates of events a year, Poisson, over y1 and y2 years. */
static inline bool rates_agree(double a, double y1, double b, double y2, double widths)
{
    const double rate = (a * y1 + b * y2) / (y1 + y2);
    return fabs(a - b) <= widths * sqrt(rate * (1.0 / y1 + 1.0 / y2));
}

/* A share of n trials that may be at most p: no more than `widths` standard errors above it. */
static inline bool share_is_at_most(double a, double n, double p, double widths)
{
    return a <= p + widths * sqrt(p * (1.0 - p) / n);
}

#endif
