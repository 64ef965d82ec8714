/* SPDX-License-Identifier: Apache-2.0 */
/* multiplicity.c: Benjamini and Hochberg's q-values by a heap sort of indices. */
#include "stat/multiplicity.h"

#include "stat/order.h"

#include <math.h>

void tend__bh_qvalues(const double *p, size_t n, double *q, size_t *scratch)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(p[i])) {
            q[i] = (double)NAN;
        } else {
            scratch[count++] = i;
        }
    }
    tend__order_indices(p, scratch, count);
    double least = 1.0;
    for (size_t rank = count; rank > 0; rank--) {
        const size_t idx = scratch[rank - 1];
        least = fmin(least, p[idx] * (double)count / (double)rank);
        q[idx] = least;
    }
}
