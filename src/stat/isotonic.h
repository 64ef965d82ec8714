/* SPDX-License-Identifier: Apache-2.0 */
/*
 * isotonic.h: the non-decreasing step function nearest to weighted values in least squares.
 *
 * Pool adjacent violators (Ayer, Brunk, Ewing, Reid and Silverman 1955; Barlow, Bartholomew,
 * Bremner and Brunk 1972, section 1.2). O(n).
 */
#ifndef TEND_STAT_ISOTONIC_H
#define TEND_STAT_ISOTONIC_H

#include <stddef.h>

struct tend__isotonic_block { /* scratch: a run of values that share one fit */
    double mean;
    double weight;
    size_t start_idx;
};

/* fit (n values, may be y itself): the isotonic regression of y with weights w >= 0 (NULL: all 1)
 * in the given order. Values whose weight is not above 0 do not pull (their y is not looked at);
 * they get the fit of the value before them, or of the first with weight where there is none
 * before; all get 0 where every weight is 0. `scratch` holds n blocks. */
void tend__isotonic(const double *y, const double *w, size_t n, double *fit,
                    struct tend__isotonic_block *scratch);

#endif
