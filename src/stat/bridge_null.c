/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bridge_null.c: the null of the Kolmogorov-Smirnov distance between binned samples.
 *
 * Differences of cumulated shares at the cuts are, in the limit, a Brownian bridge B at the pooled
 * shares tau_j. So P(max |Q_j - P_j| < d) is the chance that a Gaussian Markov chain stays within
 * limits at each cut: from (tau_1, x) to tau_2 it is normal with mean x (1 - tau_2) / (1 - tau_1)
 * and variance (tau_2 - tau_1)(1 - tau_2) / (1 - tau_1). Its density is carried from cut to cut by
 * Gauss-Legendre quadrature on 2 to 16 panels of 8 nodes.
 *
 * Rows are whole: at each cut the least difference that is d or more lies on a lattice of step 1/n
 * + 1/m, and half a step is taken off (the continuity correction). With more than CUT_MAX cuts the
 * limit for continuous values is used, which is an upper bound of the p-value.
 */
#include "stat/count_null.h"

#include "stat/special.h"

#include <math.h>

#define CUT_MAX 96
#define PANEL_COUNT 16
#define PANEL_NODE_COUNT 8
#define NODE_COUNT (PANEL_COUNT * PANEL_NODE_COUNT)
#define PI 3.14159265358979323846

/* Gauss-Legendre of order 8 on -1..1 (Abramowitz and Stegun, table 25.4): the positive half. */
static const double NODES[4] = {0.1834346424956498, 0.5255324099163290, 0.7966664774136267,
                                0.9602898564975363};
static const double WEIGHTS[4] = {0.3626837833783620, 0.3137066458778873, 0.2223810344533745,
                                  0.1012285362903763};

/* The density of the chain that has stayed within its limits so far. */
struct chain {
    int panel_count;
    double tau;
    double x[NODE_COUNT];
    double mass[NODE_COUNT]; /* density times quadrature weight */
};

struct limits {
    double tau;
    double low;  /* of B, below 0 */
    double high; /* above 0 */
};

/* The limits of B at a cut with `cumulated` pooled rows below it. */
static struct limits find_limits(const struct stat_table *table, double cumulated, double d)
{
    const double step = 1.0 / table->n + 1.0 / table->m;
    const double centre = cumulated / table->m;
    const double up = (ceil((centre + d) / step - 1e-7) - 0.5) * step - centre;
    const double down = (floor((centre - d) / step + 1e-7) + 0.5) * step - centre;
    const double scale = sqrt(table->n * table->m * (table->total - 1.0)) / table->total;
    return (struct limits){
        .tau = cumulated / table->total, .low = down * scale, .high = up * scale};
}

static void place_nodes(const struct limits *limits, int panel_count, double x[NODE_COUNT],
                        double weights[NODE_COUNT])
{
    const double half = (limits->high - limits->low) / (2.0 * panel_count);
    for (int panel = 0; panel < panel_count; panel++) {
        const double middle = limits->low + half * (2.0 * panel + 1.0);
        for (int i = 0; i < PANEL_NODE_COUNT; i++) {
            const int node = i < 4 ? 3 - i : i - 4;
            const double offset = i < 4 ? -NODES[node] : NODES[node];
            x[panel * PANEL_NODE_COUNT + i] = middle + half * offset;
            weights[panel * PANEL_NODE_COUNT + i] = half * WEIGHTS[node];
        }
    }
}

static void start_chain(struct chain *chain, const struct limits *limits)
{
    double weights[NODE_COUNT];
    const double variance = limits->tau * (1.0 - limits->tau);
    place_nodes(limits, chain->panel_count, chain->x, weights);
    chain->tau = limits->tau;
    for (int i = 0; i < chain->panel_count * PANEL_NODE_COUNT; i++) {
        const double x = chain->x[i];
        chain->mass[i] = weights[i] * exp(-0.5 * x * x / variance) / sqrt(2.0 * PI * variance);
    }
}

static void advance_chain(struct chain *chain, const struct limits *limits)
{
    struct chain next = {.panel_count = chain->panel_count, .tau = limits->tau};
    const int node_count = chain->panel_count * PANEL_NODE_COUNT;
    double weights[NODE_COUNT];
    const double shrink = (1.0 - limits->tau) / (1.0 - chain->tau);
    const double variance = (limits->tau - chain->tau) * shrink;
    const double far = 9.0 * sqrt(variance);
    place_nodes(limits, chain->panel_count, next.x, weights);
    for (int i = 0; i < node_count; i++) {
        double density = 0.0;
        for (int j = 0; j < node_count; j++) {
            const double gap = next.x[i] - chain->x[j] * shrink;
            if (fabs(gap) < far) {
                density += chain->mass[j] * exp(-0.5 * gap * gap / variance);
            }
        }
        next.mass[i] = weights[i] * density / sqrt(2.0 * PI * variance);
    }
    *chain = next;
}

/* How many times the transition's spread goes into the limits. */
static double find_fineness(double tau, const struct limits *limits)
{
    const double shrink = (1.0 - limits->tau) / (1.0 - tau);
    const double sd = sqrt(fmax(0.0, (limits->tau - tau) * shrink));
    return sd > 0.0 ? (limits->high - limits->low) / sd : (double)INFINITY;
}

/* Nodes may lie at most FINE_MAX / NODE_COUNT spreads apart: the quadrature is then good to 1e-5.
 * Limits so close in tau that even all nodes could not carry the density between them count as one
 * cut. */
#define FINE_MAX (0.8 * NODE_COUNT)

struct cut_walk {
    const struct stat_table *table;
    double d;
    double cumulated;
    size_t idx;
};

/* The next cut that has rows on both sides. */
static bool next_cut(struct cut_walk *walk, struct limits *limits)
{
    const struct stat_table *table = walk->table;
    while (walk->idx + 1 < table->cell_count) {
        const double t = (double)table->ref[walk->idx] + (double)table->cur[walk->idx];
        walk->idx++;
        walk->cumulated += t;
        if (t > 0.0 && walk->cumulated < table->total) {
            *limits = find_limits(table, walk->cumulated, walk->d);
            return true;
        }
    }
    return false;
}

/* Fewer panels where the cuts are far apart: the cost is the square of it. */
static int choose_panel_count(const struct stat_table *table, double d)
{
    struct cut_walk walk = {.table = table, .d = d};
    struct limits limits;
    double finest = 0.0;
    double tau = 0.0;
    while (next_cut(&walk, &limits)) {
        const double fineness = find_fineness(tau, &limits);
        if (fineness < FINE_MAX) {
            finest = fmax(finest, fineness);
            tau = limits.tau;
        }
    }
    const double panels = ceil(finest / (0.7 * PANEL_NODE_COUNT));
    return (int)fmin(fmax(panels, 2.0), PANEL_COUNT);
}

static double stay_within(const struct stat_table *table, double d)
{
    struct chain chain = {.panel_count = choose_panel_count(table, d)};
    struct cut_walk walk = {.table = table, .d = d};
    struct limits limits;
    while (next_cut(&walk, &limits)) {
        if (find_fineness(chain.tau, &limits) >= FINE_MAX) {
            continue;
        }
        if (chain.tau > 0.0) {
            advance_chain(&chain, &limits);
        } else {
            start_chain(&chain, &limits);
        }
    }
    double sum = chain.tau > 0.0 ? 0.0 : 1.0;
    for (int i = 0; i < NODE_COUNT; i++) {
        sum += chain.mass[i];
    }
    return sum;
}

/* The largest p-value of a single cut: a lower bound. */
static double largest_cut_p(const struct stat_table *table, double d)
{
    struct cut_walk walk = {.table = table, .d = d};
    struct limits limits;
    double largest = 0.0;
    while (next_cut(&walk, &limits)) {
        const double sd = sqrt(limits.tau * (1.0 - limits.tau));
        const double p = tend__normal_sf(limits.high / sd) + tend__normal_sf(-limits.low / sd);
        largest = fmax(largest, p);
    }
    return fmin(largest, 1.0);
}

double tend__kolmogorov_cells_sf(const struct stat_table *table, double d)
{
    const double scale = sqrt(table->n * table->m * (table->total - 1.0)) / table->total;
    if (table->used_count > CUT_MAX + 1) {
        return tend__kolmogorov_sf(d * scale);
    }
    const double step = 1.0 / table->n + 1.0 / table->m;
    const double upper = tend__kolmogorov_sf(fmax(0.0, d - 0.5 * step) * scale);
    const double lower = largest_cut_p(table, d);
    /* Nothing depends on p-values far from any level: there the bounds will do. */
    if (lower > 0.2 || upper < 1e-9) {
        return lower > 0.2 ? upper : fmax(lower, upper);
    }
    return fmin(upper, fmax(lower, 1.0 - stay_within(table, d)));
}
