/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rank_sum.h: whether the numbers of one group tend to be larger than those of another.
 *
 * auc is the share of pairs in which the second group's number is the larger, ties by half: the
 * area under the ROC curve of a score that should tell the groups apart, and the statistic of
 * Wilcoxon, Mann and Whitney (1947) over n0 n1. Where all orders are equally likely its mean is 1/2
 * and its variance (n0 + n1 + 1) / (12 n0 n1), less what ties take off; the p-values are those of
 * the normal limit (scipy.stats.mannwhitneyu, asymptotic, without continuity correction).
 */
#ifndef TEND_STAT_RANK_SUM_H
#define TEND_STAT_RANK_SUM_H

#include <stddef.h>

struct tend__rank_sum {
    double auc;
    double sd;        /* of auc without a difference; 0 where all numbers are the same */
    double p_greater; /* for the second group's being larger */
    double p_either;
};

/* x holds the n0 numbers of the first group, then the n1 of the second; no NaN. `idx` is scratch of
 * n0 + n1. An empty group, or one number everywhere, gives auc 1/2 and p 1. O(n log n). */
void tend__rank_sum(const double *x, size_t n0, size_t n1, size_t *idx, struct tend__rank_sum *out);

#endif
