/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_sample.h: how far two vectors of counts are apart, and how far their sizes alone put them.
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
 * Every distance is positive in small samples without any drift. An excess is the root of the
 * distance's square less its mean under no drift, never below 0: judge size by it, not by the raw
 * distance. No drift means that both are draws from one population: given t_j the current counts
 * are multivariate hypergeometric (docs/methods/distances.md). Whether a difference is sure is
 * shift_test.h's question.
 */
#ifndef TEND_STAT_TWO_SAMPLE_H
#define TEND_STAT_TWO_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

struct tend__two_sample {
    double psi;
    double ks; /* NaN for categories, as w1 and w1_normalised and its excess */
    double w1;
    double w1_normalised; /* NaN also where the reference has no spread, as its excess */
    double js;
    double hellinger;
    double l_inf;
    double chi2;
    double excess_js;
    double excess_w1_normalised;
    double ref_count;
    double cur_count;
};

/* Compares n cells. `positions` are the cells' places in ascending order (bins of a number), or
 * NULL for categories. Where one side has no row, or all rows are in one cell, the distances are 0
 * (NaN where undefined). Allocates nothing. Cost: O(n), with positions O(n^2) for what w1 is
 * without drift. */
void tend__two_sample_counts(const uint64_t *ref, const uint64_t *cur, const double *positions,
                             size_t n, struct tend__two_sample *out);

#endif
