/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weighted_chi2.h: the upper tail of Q = sum lambda_i Z_i^2, Z_i independent N(0, 1): the null of a
 * squared distance between two means.
 *
 * By the saddle-point approximation of Kuonen 1999, "Saddlepoint approximations for distributions
 * of quadratic forms in normal variables", Biometrika 86, in the form of Barndorff-Nielsen: 1 -
 * Phi(r + log(u / r) / r). Its relative error stays small however far out in the tail, which
 * matching of moments does not promise. tests/golden/weighted_chi2.csv has Imhof's integral for
 * comparison: within 6 % between 1e-12 and .9 for equal weights, up to 11 % too high where one
 * weight outweighs the others. One weight alone has its closed form.
 */
#ifndef TEND_STAT_WEIGHTED_CHI2_H
#define TEND_STAT_WEIGHTED_CHI2_H

#include <stddef.h>

/* P(Q > x). Weights are >= 0 and finite; those of 0 do not count. 1 for x <= 0; where no weight is
 * above 0, 0 for x > 0. NaN gives NaN. O(n) a step, some ten steps. */
double tend__weighted_chi2_sf(const double *weights, size_t n, double x);

#endif
