/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantile.h: quantiles of weighted values.
 */
#ifndef TEND_STAT_QUANTILE_H
#define TEND_STAT_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>

/* The smallest value whose cumulated weight is at least p times the total weight (the inverse of
 * the weighted empirical distribution function; type 1 of Hyndman and Fan 1996 where weights are
 * equal). w NULL: all 1. Weights <= 0 and NaN values do not count. NaN where nothing counts.
 * `scratch` holds n indices. O(n log n). */
double tend__weighted_quantile(const double *x, const double *w, size_t n, double p,
                               size_t *scratch);

/* The same with one more unit of weight at +infinity: the quantile of split conformal prediction
 * for weighted, not quite exchangeable residuals (Barber, Candes, Ramdas and Tibshirani 2023,
 * "Conformal prediction beyond exchangeability", equation 8: weights w_i / (sum w + 1)). Where the
 * quantile falls on infinity the largest value is given and *beyond (may be NULL) is true. */
double tend__conformal_quantile(const double *x, const double *w, size_t n, double p,
                                size_t *scratch, bool *beyond);

#endif
