/* SPDX-License-Identifier: Apache-2.0 */
/* rank_sum.c: ranks by sorting, ties by their mean rank. */
#include "stat/rank_sum.h"

#include "stat/order.h"
#include "stat/special.h"

#include <math.h>

void tend__rank_sum(const double *x, size_t n0, size_t n1, size_t *idx, struct tend__rank_sum *out)
{
    const size_t n = n0 + n1;
    *out = (struct tend__rank_sum){.auc = 0.5, .p_greater = 1, .p_either = 1};
    if (n0 == 0 || n1 == 0) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        idx[i] = i;
    }
    tend__order_indices(x, idx, n);
    double rank_sum = 0;
    double ties = 0;
    for (size_t begin = 0; begin < n;) {
        size_t end = begin;
        size_t second = 0;
        while (end < n && x[idx[end]] == x[idx[begin]]) {
            second += idx[end] >= n0 ? 1 : 0;
            end++;
        }
        const double count = (double)(end - begin);
        rank_sum += (double)second * ((double)begin + (count + 1) / 2);
        ties += count * count * count - count;
        begin = end;
    }
    const double a = (double)n0;
    const double b = (double)n1;
    const double all = a + b;
    const double u = rank_sum - b * (b + 1) / 2;
    const double variance = a * b / 12 * (all + 1 - ties / (all * (all - 1)));
    out->auc = u / (a * b);
    /* One number everywhere leaves rounding behind. */
    if (!(variance > 1e-9 * a * b)) {
        return;
    }
    const double z = (u - a * b / 2) / sqrt(variance);
    out->sd = sqrt(variance) / (a * b);
    out->p_greater = tend__normal_sf(z);
    out->p_either = 2 * tend__normal_sf(fabs(z));
}
