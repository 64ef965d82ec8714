/* SPDX-License-Identifier: Apache-2.0 */
/* shift_test.c: the parts of the test and their combination; the header says what they are. */
#include "stat/shift_test.h"

#include "stat/count_null.h"
#include "stat/special.h"

#include <math.h>
#include <stdbool.h>

#define PI 3.14159265358979323846
#define CELL_MAX 128         /* after joining */
#define JOIN_MAX 96.0        /* more cells than CELL_MAX are joined to about so many */
#define ROWS_MIN 8.0         /* rows of the reference in a cell */
#define COARSE_ROWS_MIN 16.0 /* the same for the sum over cells */
#define EXPECTED_MIN 2.0
#define SCORE_COUNT 4
/* Where more than this share of the reference's rows are the only ones of their category, a
 * category has a cell of its own only from LISTED_MIN rows. */
#define UNSEEN_MAX 0.05
#define LISTED_MIN 8.0
#define P_LEAST 1e-300
#define P_MOST 0.75

struct joined {
    double m;
    double n;
    double total;
    size_t count;
    uint64_t ref[CELL_MAX];
    uint64_t cur[CELL_MAX];
};

static double count_rows(const uint64_t *rows, size_t n)
{
    double sum = 0.0;
    for (size_t j = 0; j < n; j++) {
        sum += (double)rows[j];
    }
    return sum;
}

static double pooled(const struct joined *cells, size_t j)
{
    return (double)cells->ref[j] + (double)cells->cur[j];
}

/* ------------------------------------------------------------------ combination */

struct part {
    double p;
    double weight;
};

/* Corrected by what simulation shows (tests/calib/shift_test_calib_test.c): the combination is up
 * to 6 % too small at .05, and with a reference of m = 30 rows p-values are p^.87. */
static double combine(const struct part *parts, size_t count, double m)
{
    const double power = 1.0 - fmin(0.5, 4.0 / m);
    double sum = 0.0;
    double weight = 0.0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(parts[i].p)) {
            const double p = fmin(fmax(parts[i].p, P_LEAST), P_MOST);
            sum += parts[i].weight / tan(PI * p);
            weight += parts[i].weight;
        }
    }
    return weight > 0.0 ? fmin(1.0, 1.06 * pow(atan2(1.0, sum / weight) / PI, power)) : 1.0;
}

/* ------------------------------------------------------------------ sums of weighted squares */

/* Sum of l_i z_i^2 from the sums of l, l^2, l^3 and l^4: a shifted chi-squared of the same mean,
 * variance and kurtosis (H. Liu, Y. Tang and H. Zhang 2009; for positive l their approximation is
 * central). */
static double weighted_squares_sf(const double sums[4], double value)
{
    if (!(sums[1] > 0.0)) {
        return 1.0;
    }
    const double df = sums[1] * sums[1] / sums[3];
    const double z = (value - sums[0]) / sqrt(2.0 * sums[1]);
    return tend__gamma_q(0.5 * df, fmax(0.0, 0.5 * (z * sqrt(2.0 * df) + df)));
}

/* Powers of the matrix M_ij = u_i v_j, i <= j, symmetric, by their traces. */
static void trace_powers(const double *u, const double *v, size_t count, double traces[4])
{
    double below[CELL_MAX + 1];  /* sum of u^2 before i */
    double above[CELL_MAX + 1];  /* sum of v^2 after i */
    double middle[CELL_MAX + 1]; /* sum of u v before i */
    below[0] = 0.0;
    middle[0] = 0.0;
    above[count] = 0.0;
    for (size_t i = 0; i < count; i++) {
        below[i + 1] = below[i] + u[i] * u[i];
        middle[i + 1] = middle[i] + u[i] * v[i];
        above[count - 1 - i] = above[count - i] + v[count - 1 - i] * v[count - 1 - i];
    }
    for (int k = 0; k < 4; k++) {
        traces[k] = 0.0;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i; j < count; j++) {
            const double twice = i == j ? 1.0 : 2.0;
            const double one = u[i] * v[j];
            const double two = below[i + 1] * v[i] * v[j] +
                               u[i] * v[j] * (middle[j + 1] - middle[i + 1]) +
                               u[i] * u[j] * above[j + 1];
            traces[0] += i == j ? one : 0.0;
            traces[1] += twice * one * one;
            traces[2] += twice * one * two;
            traces[3] += twice * two * two;
        }
    }
}

static double whole_sf(const struct joined *cells)
{
    double u[CELL_MAX];
    double v[CELL_MAX];
    double statistic = 0.0;
    double ref = 0.0;
    double cur = 0.0;
    const double unit = sqrt(cells->n * cells->m * (cells->total - 1.0)) / cells->total;
    const size_t cut_count = cells->count - 1;
    for (size_t i = 0; i < cut_count; i++) {
        ref += (double)cells->ref[i];
        cur += (double)cells->cur[i];
        const double tau = (ref + cur) / cells->total;
        const double weight = (pooled(cells, i) + pooled(cells, i + 1)) / (2.0 * cells->total);
        const double gap = (cur / cells->n - ref / cells->m) * unit;
        statistic += weight * gap * gap / (tau * (1.0 - tau));
        u[i] = sqrt(weight * tau / (1.0 - tau));
        v[i] = sqrt(weight * (1.0 - tau) / tau);
    }
    double traces[4];
    trace_powers(u, v, cut_count, traces);
    return weighted_squares_sf(traces, statistic);
}

/* ------------------------------------------------------------------ scores */

/* He_k(x) phi(x), k = 0..3; 0 at infinity. */
static void edge_values(double x, double values[SCORE_COUNT])
{
    const bool is_finite = isfinite(x);
    const double density = is_finite ? exp(-0.5 * x * x) / sqrt(2.0 * PI) : 0.0;
    const double at = is_finite ? x : 0.0;
    values[0] = density;
    values[1] = at * density;
    values[2] = (at * at - 1.0) * density;
    values[3] = at * (at * at - 3.0) * density;
}

/* The mean of He_k of the normal scores in a cell is what He_(k-1) phi falls by over the cell,
 * divided by its share. */
static void make_scores(const struct joined *cells, double scores[SCORE_COUNT][CELL_MAX])
{
    double below[SCORE_COUNT];
    double above[SCORE_COUNT];
    double rows = 0.0;
    edge_values(-(double)INFINITY, below);
    for (size_t j = 0; j < cells->count; j++) {
        const double t = pooled(cells, j);
        rows += t;
        const bool is_last = j + 1 == cells->count;
        edge_values(is_last ? (double)INFINITY : tend__normal_quantile(rows / cells->total), above);
        for (int k = 0; k < SCORE_COUNT; k++) {
            scores[k][j] = (below[k] - above[k]) * cells->total / t;
            below[k] = above[k];
        }
    }
}

static double inner(const struct joined *cells, const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t j = 0; j < cells->count; j++) {
        sum += pooled(cells, j) * a[j] * (b == NULL ? 1.0 : b[j]);
    }
    return sum / cells->total;
}

static void subtract(const struct joined *cells, double *a, const double *b, double factor)
{
    for (size_t j = 0; j < cells->count; j++) {
        a[j] -= factor * (b == NULL ? 1.0 : b[j]);
    }
}

/* Gram and Schmidt, twice. Returns how many z there are: with few cells there are fewer. */
static int find_scores_z(const struct joined *cells, double z[SCORE_COUNT])
{
    double scores[SCORE_COUNT][CELL_MAX];
    make_scores(cells, scores);
    const int most = cells->count <= SCORE_COUNT ? (int)cells->count - 1 : SCORE_COUNT;
    const double sd = sqrt(cells->n * cells->m / (cells->total - 1.0));
    for (int k = 0; k < most; k++) {
        for (int round = 0; round < 2; round++) {
            subtract(cells, scores[k], NULL, inner(cells, scores[k], NULL));
            for (int i = 0; i < k; i++) {
                subtract(cells, scores[k], scores[i], inner(cells, scores[k], scores[i]));
            }
        }
        const double norm = sqrt(inner(cells, scores[k], scores[k]));
        if (!(norm > 1e-6)) {
            return k;
        }
        double sum = 0.0;
        for (size_t j = 0; j < cells->count; j++) {
            scores[k][j] /= norm;
            sum += (double)cells->cur[j] * scores[k][j];
        }
        z[k] = sum / sd;
    }
    return most;
}

static void test_scores(const struct joined *cells, struct tend__shift_test *out)
{
    static const double weights[SCORE_COUNT] = {0.2, 1.0, 0.5, 0.5};
    double z[SCORE_COUNT] = {0};
    const int count = find_scores_z(cells, z);
    if (count == 0) {
        return;
    }
    out->location = 2.0 * tend__normal_sf(fabs(z[0]));
    double sums[4] = {0};
    double value = 0.0;
    for (int k = 0; k < count; k++) {
        double power = 1.0;
        for (int i = 0; i < 4; i++) {
            power *= weights[k];
            sums[i] += power;
        }
        value += weights[k] * z[k] * z[k];
    }
    out->shape = count > 1 ? weighted_squares_sf(sums, value) : (double)NAN;
}

/* ------------------------------------------------------------------ cells */

/* Pearson's statistic, built up cell by cell. */
struct pearson {
    double m;
    double n;
    double total;
    double statistic;
    double inverse_sum; /* of N / t */
    double third;       /* cumulant, apart from the constraint */
    double largest_z;
    double largest_t;
    double largest_gap;
    size_t count;
};

static void add_pearson(struct pearson *p, double ref, double cur)
{
    const double t = ref + cur;
    const double share = p->n / p->total;
    const double variance = t * share * (1.0 - share);
    const double gap = cur - t * share;
    const double skewness_square = (1.0 - 2.0 * share) * (1.0 - 2.0 * share) / variance;
    const double kurtosis = (1.0 - 6.0 * share * (1.0 - share)) / variance;
    if (p->n > p->m) {
        /* Where the reference is the scarce side, what it has in a cell is why there is a cell: as
         * with bins, a difference of roots has the better null. */
        const double root = sqrt(cur / p->n) - sqrt(ref / p->m);
        p->statistic += 4.0 * p->n * (1.0 - share) * root * root;
    } else {
        p->statistic += gap * gap / variance;
    }
    p->inverse_sum += p->total / t;
    p->third += 8.0 + 12.0 * kurtosis + 10.0 * skewness_square;
    p->count++;
}

static void watch_largest(struct pearson *p, double ref, double cur)
{
    const double share = (ref + cur) / p->total;
    if (!(share > 0.0 && share < 1.0)) {
        return;
    }
    /* The root makes the spread the same whichever side is the small one. */
    const double z = fabs(sqrt(cur / p->n) - sqrt(ref / p->m)) / sqrt(1.0 - share);
    if (z >= p->largest_z) {
        p->largest_z = z;
        p->largest_t = ref + cur;
        p->largest_gap = fabs(cur / p->n - ref / p->m);
    }
}

static double pearson_sf(const struct pearson *p)
{
    if (p->count < 2) {
        return (double)NAN;
    }
    const struct stat_table table = {.m = p->m, .n = p->n, .total = p->total};
    const struct stat_moments moments = tend__pearson_moments(&table, p->count, p->inverse_sum);
    if (!(moments.variance > 0.0)) {
        return 1.0;
    }
    const double third = p->third * (1.0 - 1.0 / (double)p->count);
    const double skewness = fmax(third / pow(moments.variance, 1.5), 1e-3);
    const double shape = 4.0 / (skewness * skewness);
    const double z = (p->statistic - moments.mean) / sqrt(moments.variance);
    return tend__gamma_q(shape, fmax(0.0, shape + z * sqrt(shape)));
}

static double largest_sf(const struct pearson *p, size_t cell_count)
{
    if (!(p->largest_gap > 0.0)) {
        return 1.0;
    }
    const struct stat_table table = {.m = p->m, .n = p->n, .total = p->total};
    const double one = tend__cell_sf(&table, p->largest_t, p->largest_gap);
    return cell_count == 2 ? one : -expm1((double)cell_count * log1p(-fmin(one, 1.0 - 1e-16)));
}

/* ------------------------------------------------------------------ ordered */

/* The sum of squared differences of roots: unlike Pearson's statistic it has about the same null
 * where r is a given number of rows and the cell was cut to hold them. */
static double hellinger_sf(const struct joined *cells)
{
    const struct stat_table table = {.ref = cells->ref,
                                     .cur = cells->cur,
                                     .cell_count = cells->count,
                                     .used_count = cells->count,
                                     .m = cells->m,
                                     .n = cells->n,
                                     .total = cells->total};
    double sum = 0.0;
    for (size_t j = 0; j < cells->count; j++) {
        double terms[STAT_SUM_COUNT];
        tend__count_terms((double)cells->cur[j], pooled(cells, j), cells->m, cells->n, terms);
        sum += terms[STAT_SUM_HELLINGER];
    }
    struct stat_moments moments[STAT_SUM_COUNT];
    tend__count_sum_moments(&table, moments);
    return tend__gamma_match_sf(&moments[STAT_SUM_HELLINGER], sum);
}

static void join_cells(const uint64_t *ref, const uint64_t *cur, size_t n, double rows_min,
                       struct joined *cells)
{
    cells->m = count_rows(ref, n);
    cells->n = count_rows(cur, n);
    cells->total = cells->m + cells->n;
    cells->count = 0;
    double t_min = EXPECTED_MIN * cells->total / fmin(cells->m, cells->n);
    t_min = n > CELL_MAX ? fmax(t_min, cells->total / JOIN_MAX) : t_min;
    uint64_t r = 0;
    uint64_t c = 0;
    for (size_t j = 0; j < n; j++) {
        r += ref[j];
        c += cur[j];
        /* Where the reference has nothing but what comes next stands on its own: a new place. */
        const bool is_new = r == 0 && (j + 1 == n || (double)ref[j + 1] >= rows_min);
        if ((double)(r + c) >= t_min && ((double)r >= rows_min || is_new)) {
            cells->ref[cells->count] = r;
            cells->cur[cells->count] = c;
            cells->count++;
            r = 0;
            c = 0;
        }
    }
    if (cells->count > 0) { /* what is left joins the last cell */
        cells->ref[cells->count - 1] += r;
        cells->cur[cells->count - 1] += c;
    }
}

static const struct tend__shift_test NOTHING = {.p_value = 1.0,
                                                .whole = (double)NAN,
                                                .location = (double)NAN,
                                                .shape = (double)NAN,
                                                .cells = (double)NAN,
                                                .largest = (double)NAN,
                                                .rest = (double)NAN};

void tend__shift_test_ordered(const uint64_t *ref, const uint64_t *cur, size_t n,
                              struct tend__shift_test *out)
{
    struct joined cells;
    join_cells(ref, cur, n, ROWS_MIN, &cells);
    *out = NOTHING;
    out->cell_count = cells.count;
    if (cells.count < 2 || !(cells.n > 0.0)) {
        return;
    }
    struct pearson pearson = {.m = cells.m, .n = cells.n, .total = cells.total};
    for (size_t j = 0; j < cells.count; j++) {
        watch_largest(&pearson, (double)cells.ref[j], (double)cells.cur[j]);
    }
    out->largest = largest_sf(&pearson, cells.count);
    if (cells.count == 2) { /* all parts are the same test, and this one is exact */
        out->p_value = out->largest;
        return;
    }
    out->whole = whole_sf(&cells);
    test_scores(&cells, out);
    join_cells(ref, cur, n, COARSE_ROWS_MIN, &cells);
    out->cells = cells.count > 1 ? hellinger_sf(&cells) : (double)NAN;
    const struct part parts[] = {
        {out->whole, 0.3},   {out->location, 0.35}, {out->shape, 0.2},
        {out->cells, 0.075}, {out->largest, 0.075},
    };
    out->p_value = combine(parts, sizeof(parts) / sizeof(parts[0]), cells.m);
}

/* ------------------------------------------------------------------ categories */

/* How the reference chose its categories: those of fewer than k rows have no cell of their own. */
struct choice {
    double m;
    double n;
    double k;
    double rest_ref; /* rows in such categories, with `jump` */
    double rest_cur;
    double jump;      /* k f_k */
    double jump_next; /* k (k + 1) f_(k + 1) */
};

static bool is_own_choice(const uint64_t *ref, size_t n)
{
    for (size_t j = 0; j + 1 < n; j++) {
        if (ref[j] == 0 || (j > 0 && ref[j] > ref[j - 1])) {
            return false;
        }
    }
    return n > 1;
}

static struct choice make_choice(const uint64_t *ref, const uint64_t *cur, size_t n, double k)
{
    struct choice choice = {.k = k};
    for (size_t j = 0; j < n; j++) {
        const double r = (double)ref[j];
        const bool is_rest = j + 1 == n || r < k;
        choice.m += r;
        choice.n += (double)cur[j];
        choice.rest_ref += is_rest ? r : 0.0;
        choice.rest_cur += is_rest ? (double)cur[j] : 0.0;
        choice.jump += !is_rest && r < k + 0.5 ? r : 0.0;
        choice.jump_next += !is_rest && fabs(r - k - 1.0) < 0.5 ? k * r : 0.0;
    }
    choice.rest_ref += choice.jump;
    return choice;
}

/* The rest against all others. With independent Poisson counts g = sum over categories of c [r < k]
 * - n / m r [r <= k] has mean 0 and variance (n / m + n^2 / m^2) rest_ref + n^2 / m^2 jump_next. */
static double rest_sf(const struct choice *choice)
{
    const double total = choice->m + choice->n;
    const double t = choice->rest_ref + choice->rest_cur;
    const double gap = choice->rest_cur / choice->n - choice->rest_ref / choice->m;
    if (!(t > 0.0 && t < total)) {
        return (double)NAN;
    }
    const double extra = fmax(choice->jump_next, choice->k * choice->jump);
    if (!(extra > 0.0)) {
        const struct stat_table table = {.m = choice->m, .n = choice->n, .total = total};
        return fabs(gap) > 0.0 ? tend__cell_sf(&table, t, fabs(gap)) : 1.0;
    }
    const double share = t / total;
    const double variance = share * (1.0 - share) * (1.0 / choice->n + 1.0 / choice->m) +
                            extra / (choice->m * choice->m);
    const double whole = 0.5 / choice->n + 0.5 / choice->m;
    return 2.0 * tend__normal_sf(fmax(0.0, fabs(gap) - whole) / sqrt(variance));
}

/* Visits cells in an order that has nothing to do with their counts: a step that is prime to the
 * number of them, near the golden section. */
struct stride {
    size_t count;
    size_t step;
    size_t at;
};

static size_t common_divisor(size_t a, size_t b)
{
    while (b > 0) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static struct stride start_stride(size_t count)
{
    size_t step = (size_t)(0.618034 * (double)count) + 1;
    while (common_divisor(step, count) != 1) {
        step++;
    }
    return (struct stride){.count = count, .step = step};
}

static size_t next_stride(struct stride *stride)
{
    stride->at = (stride->at + stride->step) % stride->count;
    return stride->at;
}

/* Which categories are compared, and what they keep of the reference's rows. */
struct listing {
    double least;    /* rows that a category must have */
    double discount; /* rows that it gives up */
};

static double listed_ref(const struct listing *listing, uint64_t ref)
{
    const double r = (double)ref;
    if (r < listing->least) {
        return -1.0;
    }
    return fmax(r - listing->discount, 0.0);
}

/* Pearson's statistic of categories, those that expect too few rows joined to each other, and the
 * largest difference. Categories are listed by their frequency in the reference, which is partly
 * luck: were neighbours joined, their luck would add up instead of cancelling. */
static void test_cells(const uint64_t *ref, const uint64_t *cur, size_t n,
                       const struct listing *listing, struct tend__shift_test *out)
{
    struct pearson p = {0};
    for (size_t j = 0; j < n; j++) {
        const double r = listed_ref(listing, ref[j]);
        p.m += fmax(r, 0.0);
        p.n += r >= 0.0 ? (double)cur[j] : 0.0;
    }
    p.total = p.m + p.n;
    if (!(p.m >= 1.0 && p.n >= 1.0)) {
        return;
    }
    const double t_min = (p.n > p.m ? ROWS_MIN : EXPECTED_MIN) * p.total / fmin(p.m, p.n);
    struct stride stride = start_stride(n);
    size_t used_count = 0;
    double open_ref = 0.0;
    double open_cur = 0.0;
    for (size_t i = 0; i < n; i++) {
        const size_t j = next_stride(&stride);
        const double r = listed_ref(listing, ref[j]);
        const double c = (double)cur[j];
        if (r < 0.0 || !(r + c > 0.0)) {
            continue;
        }
        used_count++;
        watch_largest(&p, r, c);
        if (r + c >= t_min) {
            add_pearson(&p, r, c);
            continue;
        }
        open_ref += r;
        open_cur += c;
        if (open_ref + open_cur >= t_min) {
            add_pearson(&p, open_ref, open_cur);
            open_ref = 0.0;
            open_cur = 0.0;
        }
    }
    if (used_count < 2) {
        return;
    }
    /* A last cell that expects too little is left out of the chi-squared. With two cells both are
     * the same test, and the largest difference has the exact one. */
    out->cells = used_count == 2 ? (double)NAN : pearson_sf(&p);
    out->largest = largest_sf(&p, used_count);
    out->cell_count = used_count;
}

void tend__shift_test_fixed(const uint64_t *ref, const uint64_t *cur, size_t n,
                            struct tend__shift_test *out)
{
    const struct listing all = {0};
    *out = NOTHING;
    test_cells(ref, cur, n, &all, out);
    const struct part parts[] = {{out->cells, 0.75}, {out->largest, 0.25}};
    out->p_value = combine(parts, 2, count_rows(ref, n));
}

/* The categories of k rows and more, without the rest. That they have so many is partly luck: each
 * gives up its part of k f_k, taken as the mean over classes of k to k + sqrt(k) rows. */
static void test_listed(const uint64_t *ref, const uint64_t *cur, size_t n, double k,
                        struct tend__shift_test *out)
{
    const double width = k < 4.0 ? 1.0 : ceil(sqrt(k));
    double jump = 0.0;
    double count = 0.0;
    for (size_t j = 0; j + 1 < n; j++) {
        const double r = (double)ref[j];
        count += r >= k ? 1.0 : 0.0;
        jump += r >= k && r < k + width ? r / width : 0.0;
    }
    const struct listing listing = {.least = k, .discount = count > 0.0 ? jump / count : 0.0};
    test_cells(ref, cur, n - 1, &listing, out);
}

void tend__shift_test_categories(const uint64_t *ref, const uint64_t *cur, size_t n,
                                 struct tend__shift_test *out)
{
    if (!is_own_choice(ref, n)) {
        tend__shift_test_fixed(ref, cur, n, out);
        return;
    }
    *out = NOTHING;
    /* Where other values were too rare to be listed, the categories of the least class are only
     * partly listed. */
    const double least = ref[n - 1] > 0 ? (double)ref[n - 2] + 1.0 : 1.0;
    struct choice choice = make_choice(ref, cur, n, least);
    if (!(choice.m > 0.0 && choice.n > 0.0)) {
        return;
    }
    out->rest = rest_sf(&choice);
    const size_t rest_count = isnan(out->rest) ? 0 : 2;
    double second = (double)NAN;
    if (least < LISTED_MIN && (least > 1.0 || choice.jump > UNSEEN_MAX * choice.m)) {
        choice = make_choice(ref, cur, n, LISTED_MIN);
        second = rest_sf(&choice);
    }
    test_listed(ref, cur, n, choice.k, out);
    out->cell_count += out->cell_count > 0 && rest_count > 0 ? 1 : rest_count;
    const struct part parts[] = {
        {out->cells, 0.55}, {out->largest, 0.25}, {out->rest, 0.1}, {second, 0.1}};
    out->p_value = combine(parts, 4, choice.m);
}
