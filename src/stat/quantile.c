/* SPDX-License-Identifier: Apache-2.0 */
/* quantile.c: sorts the values that count and walks their weights. */
#include "stat/quantile.h"

#include "stat/order.h"

#include <math.h>

static double weight_at(const double *w, size_t i)
{
    return w == NULL ? 1.0 : w[i];
}

struct ordering {
    size_t *idx;
    double extra_weight; /* at +infinity */
    bool beyond;         /* out: the quantile falls on that */
};

/* The value at which the cumulated weight reaches p of the whole weight, or the largest. */
static double find_quantile(const double *x, const double *w, size_t n, double level,
                            struct ordering *scratch)
{
    size_t count = 0;
    double total = scratch->extra_weight;
    for (size_t i = 0; i < n; i++) {
        if (weight_at(w, i) > 0.0 && !isnan(x[i])) {
            scratch->idx[count++] = i;
            total += weight_at(w, i);
        }
    }
    scratch->beyond = true;
    if (count == 0) {
        return (double)NAN;
    }
    tend__order_indices(x, scratch->idx, count);
    /* The sum of weights rounds: a level reached up to 1e-12 counts as reached. */
    const double goal = level * total * (1.0 - 1e-12);
    double reached = 0.0;
    for (size_t i = 0; i < count; i++) {
        reached += weight_at(w, scratch->idx[i]);
        if (reached >= goal) {
            scratch->beyond = false;
            return x[scratch->idx[i]];
        }
    }
    return x[scratch->idx[count - 1]];
}

double tend__weighted_quantile(const double *x, const double *w, size_t n, double p,
                               size_t *scratch)
{
    struct ordering order = {.idx = scratch};
    return find_quantile(x, w, n, p, &order);
}

double tend__conformal_quantile(const double *x, const double *w, size_t n, double p,
                                size_t *scratch, bool *beyond)
{
    struct ordering order = {.idx = scratch, .extra_weight = 1.0};
    const double quantile = find_quantile(x, w, n, p, &order);
    if (beyond != NULL) {
        *beyond = order.beyond;
    }
    return quantile;
}
