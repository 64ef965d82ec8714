/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shift_test.h: one p-value for "these two vectors of counts are samples of one population", with
 * power against what columns do: move, widen, grow tails, get an atom, change their shares.
 *
 * No single statistic wins everywhere, so a few that win somewhere are combined (Y. Liu and J. Xie
 * 2020, "Cauchy combination test": p = P(Cauchy > sum of w_i cot(pi p_i)), whose level holds
 * however the parts depend on each other).
 *
 * Ordered cells (r_j of m in the reference, c_j of n current, t = r + c, N = m + n):
 *   whole     Anderson and Darling's distance at the cuts, its null the weighted sum of chi-squares
 *             that the cuts have
 *   location  the linear rank statistic with normal scores
 *   shape     .2 z_1^2 + z_2^2 + (z_3^2 + z_4^2) / 2, where z_k has the k-th Hermite polynomial of
 *             the normal scores as its scores, made orthonormal over the pooled cells
 *   cells     Pearson's chi-squared over the cells, three exact or second order moments matched
 *   largest   the cell that differs most, its hypergeometric tail, for as many cells as there are
 *
 * Categories: cells, largest, and `rest`: everything that has no cell of its own.
 *
 * The cells are chosen by looking at the reference, and the null accounts for that. Cells of few
 * rows are joined. The categories that a reference has shown are a biased choice: a current row may
 * be the first of its category, a row of the reference never is. By exchangeability (Good 1953) a
 * current row falls into a category of fewer than k rows of the reference as often as a row of the
 * reference does when it is itself left out, that is with share (rows in such categories + k f_k) /
 * m, where f_k categories have k rows. docs/methods/drift.md has the measured levels and powers.
 */
#ifndef TEND_STAT_SHIFT_TEST_H
#define TEND_STAT_SHIFT_TEST_H

#include <stddef.h>
#include <stdint.h>

/* The parts are NaN where they do not exist. */
struct tend__shift_test {
    double p_value; /* 1 where there is nothing to compare */
    double whole;
    double location;
    double shape;
    double cells;
    double largest;
    double rest;
    size_t cell_count; /* after joining */
};

/* n cells in ascending order. Allocates nothing. O(n), and 10,000 operations for the null. */
void tend__shift_test_ordered(const uint64_t *ref, const uint64_t *cur, size_t n,
                              struct tend__shift_test *out);

/* n categories, in any order, all fixed before the reference was seen. */
void tend__shift_test_fixed(const uint64_t *ref, const uint64_t *cur, size_t n,
                            struct tend__shift_test *out);

/* n cells, n > 0: the categories of a reference by descending frequency, then all other values.
 * Where the counts of `ref` do not descend, or are 0, the categories are not its own choice, and
 * count as fixed. O(n). */
void tend__shift_test_categories(const uint64_t *ref, const uint64_t *cur, size_t n,
                                 struct tend__shift_test *out);

#endif
