/* SPDX-License-Identifier: Apache-2.0 */
/*
 * count_null.c: null distributions of distances between two count vectors; the header says of
 * which.
 *
 * Sums over cells (psi, js, hellinger). For each cell the mean, the variance and the first two
 * Hermite coefficients of its term are taken over the hypergeometric distribution of x: by
 * enumeration where that is short, otherwise by quadrature over its Edgeworth expansion. Two cells
 * are correlated as rho = -w_i w_j, w = sqrt(pi / (1 - pi)), and by Mehler's formula the covariance
 * of their terms is sum over h of c_hi c_hj rho^h. h = 1 and 2 are kept: for quadratic terms, that
 * is to say for large counts, that is all; for many sparse cells h = 1 is Morris's correction (C.
 * Morris 1975, "Central limit theorems for multinomial sums"). A gamma distribution of the same
 * mean and variance gives the p-value.
 */
#include "stat/count_null.h"

#include "stat/special.h"

#include <math.h>

#define ENUMERATION_MAX 100.0
#define PI 3.14159265358979323846

struct cell {
    double t;    /* pooled rows */
    double mean; /* of the current ones among them */
    double sd;
    double skewness;
    double kurtosis; /* excess */
    double low;      /* least and */
    double high;     /* largest possible x */
};

static struct cell describe_cell(const struct stat_table *table, double t)
{
    const double total = table->total;
    const double n = table->n;
    const double m = table->m;
    const double product = n * m * t * (total - t);
    struct cell cell = {.t = t, .mean = n * t / total, .low = fmax(0.0, t - m), .high = fmin(t, n)};
    cell.sd = sqrt(product / (total - 1.0)) / total;
    if (product > 0.0 && total > 3.0) {
        cell.skewness =
            (total - 2.0 * t) * (m - n) * sqrt(total - 1.0) / ((total - 2.0) * sqrt(product));
        const double sides = total * (total + 1.0) - 6.0 * t * (total - t) - 6.0 * n * m;
        cell.kurtosis =
            ((total - 1.0) * total * total * sides / product + 6.0 * (5.0 * total - 6.0)) /
            ((total - 2.0) * (total - 3.0));
    }
    return cell;
}

void tend__count_terms(double x, double t, double m, double n, double terms[STAT_SUM_COUNT])
{
    const double q = fmax(x, 0.0) / n;
    const double p = fmax(t - x, 0.0) / m;
    const double q_floored = fmax(x, 0.5) / n;
    const double p_floored = fmax(t - x, 0.5) / m;
    terms[STAT_SUM_PSI] = (q_floored - p_floored) * log(q_floored / p_floored);
    const double middle = 0.5 * (p + q);
    double js = p > 0.0 ? p * log2(p / middle) : 0.0;
    js += q > 0.0 ? q * log2(q / middle) : 0.0;
    terms[STAT_SUM_JS] = 0.5 * js;
    const double root = sqrt(p) - sqrt(q);
    terms[STAT_SUM_HELLINGER] = 0.5 * root * root;
}

/* Raw sums of one cell's terms over the distribution of x. */
struct term_sums {
    double weight;
    double one[STAT_SUM_COUNT];      /* f */
    double square[STAT_SUM_COUNT];   /* f^2 */
    double hermite1[STAT_SUM_COUNT]; /* f z */
    double hermite2[STAT_SUM_COUNT]; /* f (z^2 - 1) / sqrt 2 */
};

static void add_point(const struct stat_table *table, const struct cell *cell, double x,
                      double weight, struct term_sums *sums)
{
    double terms[STAT_SUM_COUNT];
    tend__count_terms(x, cell->t, table->m, table->n, terms);
    const double z = (x - cell->mean) / cell->sd;
    sums->weight += weight;
    for (int i = 0; i < STAT_SUM_COUNT; i++) {
        const double f = weight * terms[i];
        sums->one[i] += f;
        sums->square[i] += f * terms[i];
        sums->hermite1[i] += f * z;
        sums->hermite2[i] += f * (z * z - 1.0) / 1.41421356237309504880;
    }
}

/* P(x + 1) / P(x) of the hypergeometric distribution. */
static double ratio_up(const struct stat_table *table, const struct cell *cell, double x)
{
    return (cell->t - x) * (table->n - x) / ((x + 1.0) * (table->m - cell->t + x + 1.0));
}

static void enumerate_cell(const struct stat_table *table, const struct cell *cell,
                           struct term_sums *sums)
{
    const double mode = fmin(fmax(floor(cell->mean), cell->low), cell->high);
    double weight = 1.0;
    for (double x = mode; x <= cell->high && weight > 1e-16; x += 1.0) {
        add_point(table, cell, x, weight, sums);
        weight *= ratio_up(table, cell, x);
    }
    weight = 1.0;
    for (double x = mode - 1.0; x >= cell->low; x -= 1.0) {
        weight /= ratio_up(table, cell, x);
        if (weight <= 1e-16) {
            break;
        }
        add_point(table, cell, x, weight, sums);
    }
}

static void integrate_cell(const struct stat_table *table, const struct cell *cell,
                           struct term_sums *sums)
{
    for (int i = -20; i <= 20; i++) {
        const double z = 0.35 * i;
        const double square = z * z;
        const double he3 = z * (square - 3.0);
        const double he4 = (square - 6.0) * square + 3.0;
        const double he6 = ((square - 15.0) * square + 45.0) * square - 15.0;
        const double edgeworth = 1.0 + cell->skewness / 6.0 * he3 + cell->kurtosis / 24.0 * he4 +
                                 cell->skewness * cell->skewness / 72.0 * he6;
        const double x = fmin(fmax(cell->mean + z * cell->sd, cell->low), cell->high);
        add_point(table, cell, x, exp(-0.5 * square) * edgeworth, sums);
    }
}

/* Sums over cells of the coefficients that the covariances need. */
struct covariance_sums {
    double c1;
    double c1_square;
    double c2;
    double c2_square;
};

static void add_cell(const struct stat_table *table, const struct cell *cell,
                     struct covariance_sums covariance[STAT_SUM_COUNT],
                     struct stat_moments moments[STAT_SUM_COUNT])
{
    struct term_sums sums = {0};
    if (cell->high - cell->low <= ENUMERATION_MAX || 20.0 * cell->sd <= ENUMERATION_MAX) {
        enumerate_cell(table, cell, &sums);
    } else {
        integrate_cell(table, cell, &sums);
    }
    const double w_square = cell->t / (table->total - cell->t);
    for (int i = 0; i < STAT_SUM_COUNT; i++) {
        const double mean = sums.one[i] / sums.weight;
        const double c1 = sums.hermite1[i] / sums.weight * sqrt(w_square);
        const double c2 = sums.hermite2[i] / sums.weight * w_square;
        moments[i].mean += mean;
        moments[i].variance += fmax(0.0, sums.square[i] / sums.weight - mean * mean);
        covariance[i].c1 += c1;
        covariance[i].c1_square += c1 * c1;
        covariance[i].c2 += c2;
        covariance[i].c2_square += c2 * c2;
    }
}

void tend__count_sum_moments(const struct stat_table *table,
                             struct stat_moments moments[STAT_SUM_COUNT])
{
    struct covariance_sums covariance[STAT_SUM_COUNT] = {0};
    for (int i = 0; i < STAT_SUM_COUNT; i++) {
        moments[i] = (struct stat_moments){0};
    }
    for (size_t j = 0; j < table->cell_count; j++) {
        const struct cell cell =
            describe_cell(table, (double)table->ref[j] + (double)table->cur[j]);
        if (cell.t > 0.0 && cell.sd > 0.0) {
            add_cell(table, &cell, covariance, moments);
        }
    }
    for (int i = 0; i < STAT_SUM_COUNT; i++) {
        const struct covariance_sums *c = &covariance[i];
        const double first = c->c1 * c->c1 - c->c1_square;
        const double second = c->c2 * c->c2 - c->c2_square;
        moments[i].variance = fmax(0.0, moments[i].variance - first + second);
    }
}

double tend__gamma_match_sf(const struct stat_moments *moments, double value)
{
    if (!(moments->variance > 0.0) || !(moments->mean > 0.0)) {
        return 1.0;
    }
    const double scale = moments->variance / moments->mean;
    return tend__gamma_q(moments->mean / scale, fmax(0.0, value) / scale);
}

/* T. Lewis, I. W. Saunders and M. Westcott (1984), "The moments of the Pearson chi-squared
 * statistic and the minimum expected value in two-way tables", for two rows: exact given the
 * margins. */
struct stat_moments tend__pearson_moments(const struct stat_table *table, size_t cell_count,
                                          double inverse_sum)
{
    const double total = table->total;
    const double k = (double)cell_count;
    struct stat_moments moments = {.mean = total / (total - 1.0) * (k - 1.0)};
    if (total > 3.0) {
        const double rows = total / table->n + total / table->m;
        const double v1 = (total - 2.0) / (total - 1.0);
        const double v2 = (total - k) * (k - 1.0) / (total - 1.0);
        const double w1 = (rows - 4.0) / (total - 2.0);
        const double w2 = (inverse_sum - k * k) / (total - 2.0);
        moments.variance = 2.0 * total / (total - 3.0) * (v1 - w1) * (v2 - w2) +
                           total * total / (total - 1.0) * w1 * w2;
    }
    return moments;
}

/* E sqrt(spread z^2 + rest) over a standard normal z. */
static double mean_of_root(double spread, double rest)
{
    double sum = 0.0;
    for (int i = 0; i < 64; i++) {
        const double z = 0.125 * (i + 0.5);
        sum += exp(-0.5 * z * z) * sqrt(spread * z * z + rest);
    }
    return sum * 0.125 * sqrt(2.0 / PI);
}

struct stat_wasserstein tend__wasserstein_null(const struct stat_table *table)
{
    const double unit = table->total / sqrt(table->n * table->m * (table->total - 1.0));
    double cumulated = 0.0;
    double mean = 0.0; /* of the statistic */
    double centre = 0.0;
    for (size_t j = 0; j < table->cell_count; j++) {
        const double t = (double)table->ref[j] + (double)table->cur[j];
        cumulated += t;
        centre += table->positions[j] * (t / table->total);
        if (j + 1 < table->cell_count) {
            const double place = cumulated / table->total;
            mean += unit * sqrt(fmax(0.0, 2.0 / PI * place * (1.0 - place))) *
                    (table->positions[j + 1] - table->positions[j]);
        }
    }
    double spread = 0.0;
    for (size_t j = 0; j < table->cell_count; j++) {
        const double t = (double)table->ref[j] + (double)table->cur[j];
        const double gap = table->positions[j] - centre;
        spread += unit * unit * gap * gap * (t / table->total);
    }
    /* The mean of the root rises with rest: by halving. rest <= mean^2 since the root is concave in
     * z^2. */
    double low = 0.0;
    double high = mean * mean;
    for (int i = 0; i < 40 && high > 0.0; i++) {
        const double rest = 0.5 * (low + high);
        if (mean_of_root(spread, rest) < mean) {
            low = rest;
        } else {
            high = rest;
        }
    }
    return (struct stat_wasserstein){.spread = spread, .rest = low};
}

/* Tails of x at or beyond the largest difference d of shares, with the limits in whole rows. */
static double cell_tails(const struct stat_table *table, const struct cell *cell, double d)
{
    const double step = 1.0 / table->n + 1.0 / table->m;
    const double centre = cell->t / table->m;
    const double up = ceil((centre + d) / step - 1e-7);
    const double down = floor((centre - d) / step + 1e-7);
    if (cell->sd > 30.0) {
        const double z1 = (up - 0.5 - cell->mean) / cell->sd;
        const double z2 = (cell->mean - down - 0.5) / cell->sd;
        const double c = cell->skewness / 6.0 / sqrt(2.0 * PI);
        const double p1 = tend__normal_sf(z1) + c * (z1 * z1 - 1.0) * exp(-0.5 * z1 * z1);
        const double p2 = tend__normal_sf(z2) - c * (z2 * z2 - 1.0) * exp(-0.5 * z2 * z2);
        return fmin(1.0, fmax(p1, 0.0) + fmax(p2, 0.0));
    }
    const double mode = fmin(fmax(floor(cell->mean), cell->low), cell->high);
    double all = 0.0;
    double tails = 0.0;
    double weight = 1.0;
    for (double x = mode; x <= cell->high && weight > 1e-30; x += 1.0) {
        all += weight;
        tails += x >= up || x <= down ? weight : 0.0;
        weight *= ratio_up(table, cell, x);
    }
    weight = 1.0;
    for (double x = mode - 1.0; x >= cell->low; x -= 1.0) {
        weight /= ratio_up(table, cell, x);
        if (weight <= 1e-30) {
            break;
        }
        all += weight;
        tails += x >= up || x <= down ? weight : 0.0;
    }
    return tails / all;
}

double tend__cell_sf(const struct stat_table *table, double t, double d)
{
    const struct cell cell = describe_cell(table, t);
    return cell.sd > 0.0 ? cell_tails(table, &cell, d) : 1.0;
}
