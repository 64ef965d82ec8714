/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_sample.h: how far two vectors of counts are apart, and whether their sizes explain it.
 *
 * r_j of m are the counts of the reference, c_j of n those of the current rows, t_j = r_j + c_j of
 * N; p = r/m, q = c/n; P, Q cumulated; pi = t/N.
 *
 *   psi             sum (q - p) ln(q / p), counts floored at 1/2
 *   ks              max |Q_j - P_j|; ordered bins only
 *   w1              sum |Q_j - P_j| (x_(j+1) - x_j); ordered bins only
 *                   (scipy.stats.wasserstein_distance of the positions with the counts as weights)
 *   w1_normalised   w1 / standard deviation of the reference (of the positions, divisor m)
 *   js              Jensen-Shannon distance, base 2: the root of the divergence, 0..1
 *                   (scipy.spatial.distance.jensenshannon(p, q, base=2), not squared)
 *   hellinger       sqrt(1 - sum sqrt(p q)), 0..1
 *   l_inf           max |q_j - p_j|
 *   chi2            Pearson's statistic of the 2 x k table, after small cells are merged
 *
 * The null of every p-value is that both are draws from one population: given the pooled counts t_j
 * the current counts are multivariate hypergeometric, so the p-values are permutation p-values up
 * to approximation; docs/methods/distances.md has the formulas and the measured sizes.
 *
 * Every distance is positive in small samples without any drift. `excess` is the distance with what
 * the sample sizes explain taken out; judge size by it, not by the raw distance.
 */
#ifndef TEND_STAT_TWO_SAMPLE_H
#define TEND_STAT_TWO_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct tend__distances {
    double psi;
    double ks;
    double w1;
    double w1_normalised;
    double js;
    double hellinger;
    double l_inf;
    double chi2;
};

struct tend__two_sample {
    double psi;
    double
        ks; /* NaN for categories, as w1 and w1_normalised; they are NaN in p and excess as well */
    double w1;
    double w1_normalised; /* NaN also where the reference has no spread */
    double js;
    double hellinger;
    double l_inf;
    double chi2;
    double chi2_df;
    double p_value; /* one for the whole: twice the least of (chi2, ks) for ordered bins, (chi2,
                       l_inf) for categories */
    struct tend__distances p;      /* a p-value for each distance */
    struct tend__distances excess; /* psi and chi2: less their null mean; the others: root of the
                                      square less its null mean; never below 0 */
    double ref_count;
    double cur_count;
};

/* Compares n cells. `positions` are the cells' places in ascending order (bins of a number), or
 * NULL for categories. Where one side has no row, or all rows are in one cell, the distances are 0
 * (NaN where undefined) and all p are 1. Allocates nothing. Cost: O(n), with positions O(n^2) for
 * the null of w1 and at most about 1 ms for that of ks. */
void tend__two_sample_counts(const uint64_t *ref, const uint64_t *cur, const double *positions,
                             size_t n, struct tend__two_sample *out);

#endif
