/* SPDX-License-Identifier: Apache-2.0 */
/*
 * special.h: distribution functions and quantiles.
 *
 * Densities come from Loader's saddle-point form (C. Loader 2000, "Fast and accurate computation of
 * binomial probabilities"), which does not cancel for large parameters; tails from the classical
 * series and continued fractions (Abramowitz and Stegun 6.5.29, 6.5.31, 26.5.8); the normal
 * quantile from Wichura's AS 241. Both tails are computed as such, never as 1 - the other where
 * that would cancel.
 *
 * Relative error about 1e-12 against SciPy for parameters up to 1e6 (tests/golden/special.csv). NaN
 * in gives NaN out. Arguments outside of a domain give NaN; beyond the support 0 or 1.
 */
#ifndef TEND_STAT_SPECIAL_H
#define TEND_STAT_SPECIAL_H

#include <stddef.h>
#include <stdint.h>

double tend__normal_cdf(double z);
double tend__normal_sf(double z);
double tend__normal_quantile(double p); /* -infinity at 0, infinity at 1 */

/* Regularised incomplete gamma functions, a > 0, x >= 0: P rises from 0 to 1 with x, Q = 1 - P. */
double tend__gamma_p(double a, double x);
double tend__gamma_q(double a, double x);

double tend__chi2_cdf(double x, double df);
double tend__chi2_sf(double x, double df);
double tend__chi2_quantile(double p, double df); /* of the lower tail */

/* Regularised incomplete beta function I_x(a, b), a, b > 0. */
double tend__beta_cdf(double x, double a, double b);

double tend__student_cdf(double t, double df); /* df > 0; infinite df is the normal */
double tend__student_quantile(double p, double df);

/* Tails of a binomial of n trials with probability p. */
double tend__binomial_at_least(uint64_t k, uint64_t n, double p); /* P(X >= k) */
double tend__binomial_at_most(uint64_t k, uint64_t n, double p);  /* P(X <= k) */

/* Kolmogorov's limiting distribution: P(sup |bridge| > x). */
double tend__kolmogorov_sf(double x);

/* Poisson probability of a (any real >= 0) at mean x, and log(1 + x) - x without cancellation. */
double tend__poisson_density(double a, double x);
double tend__log1p_minus_x(double x);

#endif
