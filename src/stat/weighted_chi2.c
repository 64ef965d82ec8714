/* SPDX-License-Identifier: Apache-2.0 */
/* weighted_chi2.c: the saddle point by Newton's steps, and the tail there. */
#include "stat/weighted_chi2.h"

#include "stat/special.h"

#include <math.h>

#define STEPS_MAX 100
#define NEAR_MEAN 1e-4 /* |s| sd(Q) below which the two ends of the tail formula cancel */

/* The cumulant generating function at s, and its derivatives; weights are in units of the largest.
 */
struct cumulants {
    double k0;
    double k1;
    double k2;
};

static struct cumulants cumulants_at(const double *weights, size_t n, double unit, double s)
{
    struct cumulants out = {0};
    for (size_t i = 0; i < n; i++) {
        const double w = weights[i] / unit;
        const double share = w / (1 - 2 * w * s);
        out.k0 -= 0.5 * log1p(-2 * w * s);
        out.k1 += share;
        out.k2 += 2 * share * share;
    }
    return out;
}

/* s with K'(s) = x. K' rises and is convex, and one term alone, the largest weight's, already
 * reaches x at the point where this begins: Newton's steps come down to the root from above. */
static double find_saddle(const double *weights, size_t n, double unit, double x)
{
    double s = (1 - 1 / x) / 2;
    for (int step = 0; step < STEPS_MAX; step++) {
        const struct cumulants k = cumulants_at(weights, n, unit, s);
        const double change = (k.k1 - x) / k.k2;
        s -= change;
        if (!(fabs(change) > 1e-14 * fabs(s))) {
            break;
        }
    }
    return s;
}

double tend__weighted_chi2_sf(const double *weights, size_t n, double x)
{
    double largest = 0;
    double variance = 0;
    double third = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = weights[i];
        largest = w > largest ? w : largest;
        count += w > 0 ? 1 : 0;
    }
    if (isnan(x)) {
        return x;
    }
    if (x <= 0) {
        return 1;
    }
    if (!(largest > 0) || isinf(x)) {
        return 0;
    }
    if (count == 1) {
        return 2 * tend__normal_sf(sqrt(x / largest));
    }
    for (size_t i = 0; i < n; i++) {
        const double w = weights[i] / largest;
        variance += 2 * w * w;
        third += 8 * w * w * w;
    }
    const double at = x / largest;
    const double s = find_saddle(weights, n, largest, at);
    const struct cumulants k = cumulants_at(weights, n, largest, s);
    const double gap = 2 * (s * at - k.k0);
    const double r = copysign(sqrt(gap > 0 ? gap : 0), s);
    const double skew = third / (variance * sqrt(variance));
    if (fabs(s) * sqrt(variance) < NEAR_MEAN) {
        return tend__normal_sf(r + skew / 6);
    }
    const double u = s * sqrt(k.k2);
    return tend__normal_sf(r + log(u / r) / r);
}
