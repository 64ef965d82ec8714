/* SPDX-License-Identifier: Apache-2.0 */
/* two_sample.c: the distances themselves; count_null.c says what the sample sizes explain. */
#include "stat/two_sample.h"

#include "stat/count_null.h"

#include <math.h>
#include <stdbool.h>

/* A cell of the chi-squared table is merged with the next until both sides expect so many rows in
 * it. */
#define EXPECTED_MIN 2.0

static struct stat_table make_table(const uint64_t *ref, const uint64_t *cur,
                                    const double *positions, size_t n)
{
    struct stat_table table = {.ref = ref, .cur = cur, .positions = positions, .cell_count = n};
    for (size_t j = 0; j < n; j++) {
        table.m += (double)ref[j];
        table.n += (double)cur[j];
        table.used_count += ref[j] > 0 || cur[j] > 0;
    }
    table.total = table.m + table.n;
    return table;
}

static double root_above(double square, double explained)
{
    return sqrt(fmax(0.0, square - explained));
}

/* psi, js, hellinger and l_inf. */
static void compare_cells(const struct stat_table *table, struct tend__two_sample *out)
{
    double sums[STAT_SUM_COUNT] = {0};
    for (size_t j = 0; j < table->cell_count; j++) {
        const double x = (double)table->cur[j];
        const double t = x + (double)table->ref[j];
        if (t > 0.0) {
            double terms[STAT_SUM_COUNT];
            tend__count_terms(x, t, table->m, table->n, terms);
            for (int i = 0; i < STAT_SUM_COUNT; i++) {
                sums[i] += terms[i];
            }
            out->l_inf = fmax(out->l_inf, fabs(x / table->n - (t - x) / table->m));
        }
    }
    struct stat_moments moments[STAT_SUM_COUNT];
    tend__count_sum_moments(table, moments);
    out->psi = sums[STAT_SUM_PSI];
    out->js = root_above(sums[STAT_SUM_JS], 0.0);
    out->hellinger = root_above(sums[STAT_SUM_HELLINGER], 0.0);
    out->excess_js = root_above(sums[STAT_SUM_JS], moments[STAT_SUM_JS].mean);
}

/* Pearson's statistic, small cells merged. */
struct merged_cells {
    double statistic;
    size_t count;
};

static void add_merged(const struct stat_table *table, double x, double t, double sign,
                       struct merged_cells *cells)
{
    const double expected = table->n * t / table->total;
    const double gap = x - expected;
    /* (x - e)^2 / e of both rows: e' = e m / n */
    cells->statistic += sign * gap * gap / expected * (table->total / table->m);
}

static struct merged_cells merge_cells(const struct stat_table *table)
{
    const double t_min = EXPECTED_MIN * table->total / fmin(table->n, table->m);
    struct merged_cells cells = {0};
    double x = 0.0;
    double t = 0.0;
    double last_x = 0.0;
    double last_t = 0.0;
    for (size_t j = 0; j < table->cell_count; j++) {
        x += (double)table->cur[j];
        t += (double)table->cur[j] + (double)table->ref[j];
        if (t >= t_min) {
            add_merged(table, x, t, 1.0, &cells);
            cells.count++;
            last_x = x;
            last_t = t;
            x = 0.0;
            t = 0.0;
        }
    }
    if (t > 0.0 && cells.count > 0) { /* what is left joins the last cell */
        add_merged(table, last_x, last_t, -1.0, &cells);
        add_merged(table, last_x + x, last_t + t, 1.0, &cells);
    }
    return cells;
}

static void compare_pearson(const struct stat_table *table, struct tend__two_sample *out)
{
    const struct merged_cells cells = merge_cells(table);
    out->chi2 = cells.count < 2 ? 0.0 : fmax(0.0, cells.statistic);
}

static double reference_sd(const struct stat_table *table)
{
    double mean = 0.0;
    for (size_t j = 0; j < table->cell_count; j++) {
        mean += table->positions[j] * ((double)table->ref[j] / table->m);
    }
    double square = 0.0;
    for (size_t j = 0; j < table->cell_count; j++) {
        const double gap = table->positions[j] - mean;
        square += gap * gap * ((double)table->ref[j] / table->m);
    }
    return sqrt(square);
}

/* ks and w1. */
static void compare_cumulated(const struct stat_table *table, struct tend__two_sample *out)
{
    double r = 0.0;
    double c = 0.0;
    for (size_t j = 0; j + 1 < table->cell_count; j++) {
        r += (double)table->ref[j];
        c += (double)table->cur[j];
        const double gap = fabs(c / table->n - r / table->m);
        out->ks = fmax(out->ks, gap);
        out->w1 += gap * (table->positions[j + 1] - table->positions[j]);
    }
    const struct stat_wasserstein null = tend__wasserstein_null(table);
    const double sd = reference_sd(table);
    out->w1_normalised = sd > 0.0 ? out->w1 / sd : (double)NAN;
    out->excess_w1_normalised =
        sd > 0.0 ? root_above(out->w1 * out->w1, null.spread + null.rest) / sd : (double)NAN;
}

static void mark_undefined(struct tend__two_sample *out)
{
    out->ks = (double)NAN;
    out->w1 = (double)NAN;
    out->w1_normalised = (double)NAN;
    out->excess_w1_normalised = (double)NAN;
}

void tend__two_sample_counts(const uint64_t *ref, const uint64_t *cur, const double *positions,
                             size_t n, struct tend__two_sample *out)
{
    const struct stat_table table = make_table(ref, cur, positions, n);
    *out = (struct tend__two_sample){.ref_count = table.m, .cur_count = table.n};
    const bool comparable = table.m > 0.0 && table.n > 0.0 && table.used_count > 1;
    if (comparable) {
        compare_cells(&table, out);
        compare_pearson(&table, out);
    }
    if (positions == NULL) {
        mark_undefined(out);
    } else if (comparable) {
        compare_cumulated(&table, out);
    }
}
