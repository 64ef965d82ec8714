/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count_null.h: what distances between two count vectors look like when nothing has drifted.
 *
 * The null is conditional: of N pooled rows, t_j in cell j, n were drawn at random to be the
 * current ones. The count x_j is hypergeometric, the vector multivariate hypergeometric. Private to
 * src/stat.
 */
#ifndef TEND_STAT_COUNT_NULL_H
#define TEND_STAT_COUNT_NULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stat_table {
    const uint64_t *ref;
    const uint64_t *cur;
    const double *positions; /* NULL for categories */
    size_t cell_count;
    size_t used_count; /* cells that are not empty on both sides */
    double m;          /* rows of the reference */
    double n;          /* rows that are current */
    double total;      /* N = m + n */
};

/* The three sums over cells whose null is found by moments. */
enum stat_sum { STAT_SUM_PSI, STAT_SUM_JS, STAT_SUM_HELLINGER, STAT_SUM_COUNT };

/* What one cell with x of t pooled rows current adds to each sum: psi in nats, half the
 * Jensen-Shannon divergence's two terms in bits, squared Hellinger distance. */
void tend__count_terms(double x, double t, double m, double n, double terms[STAT_SUM_COUNT]);

struct stat_moments {
    double mean;
    double variance;
};

/* Mean (exact but for quadrature) and variance (to second order in the correlation of cells) of
 * each sum. */
void tend__count_sum_moments(const struct stat_table *table,
                             struct stat_moments moments[STAT_SUM_COUNT]);

/* P(value or more) of a gamma distribution with these moments; 1 where there is no variance. */
double tend__gamma_match_sf(const struct stat_moments *moments, double value);

/* Mean and variance of Pearson's statistic over `cell_count` cells, inverse_sum = sum of N / t_j.
 */
struct stat_moments tend__pearson_moments(const struct stat_table *table, size_t cell_count,
                                          double inverse_sum);

/* W = sum |Q_j - P_j| (x_(j+1) - x_j) is taken as sqrt(spread z^2 + rest), z normal: spread is the
 * variance of the difference of the two means, which is what W is once one side is above the other
 * everywhere, so that the tail is right; rest is chosen so that the mean of W is, too. */
struct stat_wasserstein {
    double spread;
    double rest;
};

struct stat_wasserstein tend__wasserstein_null(const struct stat_table *table);

/* P(|q_j - p_j| >= d) for one cell of t pooled rows: exact, or by Edgeworth above a spread of 30
 * rows. Of the table only m, n and total are read; they need not be whole. */
double tend__cell_sf(const struct stat_table *table, double t, double d);

#endif
