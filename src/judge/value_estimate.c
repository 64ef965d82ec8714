/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value_estimate.c: the curve from matured labels, the replay of the reference, and the published
 * estimates.
 *
 * The curve is refitted from the counts of labels by window and bin at each call: windows x bins
 * additions, less than a millisecond at the largest sizes, and nothing to keep consistent. The
 * replay is quadratic in the reference windows and runs once.
 */
#include "judge/value_estimate.h"

#include "base/mem.h"
#include "judge/value_interval.h"
#include "sketch/exact_sum.h"
#include "stat/isotonic.h"
#include "stat/sequential.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_HALF_LIFE 28.0
#define HISTORY_DEFAULT 400
#define COVERAGE_DEFAULT 0.9
#define COVERAGE_MIN 0.75 /* the bets of the miss watch stay positive */
#define UNINFORMATIVE_SHARE 0.9
#define WEIGHT_MIN 9.0
#define REFERENCE_BLOCK_COUNT 5

/* Counts of one window by bin; NULL where not known yet, or not needed any more. */
struct window_counts {
    uint32_t *label_n;
    uint32_t *label_n1;
    double *sd; /* sums of delta and of its square: reference windows, until the replay */
    double *sd2;
    double sv0;
    size_t row_count;
};

struct tend__value_estimator {
    struct tend__value_estimator_options options;
    size_t bin_count;
    double *cuts;   /* bin_count - 1, increasing; bin b holds (cuts[b-1], cuts[b]] */
    double *chance; /* the curve of the last estimate */
    double *work;   /* 3 x bin_count */
    struct tend__isotonic_block *blocks; /* bin_count */
    struct tend__value_past *past;
    struct window_counts *counts; /* aligned with past */
    size_t window_count;
    size_t window_cap;
    bool is_live;
    size_t gap; /* g */
    size_t matured_count;
    double reference_mean;
    double *row_sums; /* 2 x bin_count: of the window at hand */
    struct tend__value_scratch scratch;
    struct tend__miss_watch misses;
    bool is_demoted;
};

/* The sums of one window's rows under its bins. */
struct row_sums {
    double *sd;
    double *sd2;
    double sv0;
    size_t row_count;
    size_t left_out_count;
};

const char *tend__value_state_text(enum tend__value_state state)
{
    switch (state) {
    case TEND_VALUE_OK:
        return "ok";
    case TEND_VALUE_UNINFORMATIVE:
        return "uninformative";
    case TEND_VALUE_DEMOTED:
        return "demoted";
    }
    return "unknown";
}

/* ---- bins ---- */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Cut i is the reference score of rank ceil(i n / bin_max); equal cuts count once and the largest
 * score is no cut. */
static enum tend_code make_cuts(struct tend__value_estimator *e, const double *scores, size_t n,
                                struct tend_error *err)
{
    double *sorted = NULL;
    TEND_TRY(tend__mem_new(n, sizeof(*sorted), &sorted, err));
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(scores[i])) {
            sorted[count++] = scores[i];
        }
    }
    if (count == 0) {
        tend__mem_free(sorted);
        return TEND_FAIL(err, EINVAL, "none of the %zu reference scores is a finite number", n);
    }
    qsort(sorted, count, sizeof(*sorted), compare_doubles);
    size_t cut_count = 0;
    for (size_t i = 1; i < e->options.bin_max; i++) {
        const size_t rank = (i * count + e->options.bin_max - 1) / e->options.bin_max;
        const double cut = sorted[rank - 1];
        if (cut < sorted[count - 1] && (cut_count == 0 || cut > e->cuts[cut_count - 1])) {
            e->cuts[cut_count++] = cut;
        }
    }
    e->bin_count = cut_count + 1;
    tend__mem_free(sorted);
    return TEND_OK;
}

/* The number of cuts below the score. */
static size_t bin_of(const struct tend__value_estimator *e, double score)
{
    size_t low = 0;
    size_t high = e->bin_count - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (e->cuts[middle] < score) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum tend_code fill_options(const struct tend__value_estimator_options *given,
                                   struct tend__value_estimator_options *out,
                                   struct tend_error *err)
{
    struct tend__value_estimator_options o = {0};
    if (given != NULL) {
        o = *given;
    }
    o.bin_max = o.bin_max == 0 ? TEND_VALUE_BIN_MAX : o.bin_max;
    o.delay_windows = o.delay_windows == 0 ? 1 : o.delay_windows;
    o.history_max = o.history_max == 0 ? HISTORY_DEFAULT : o.history_max;
    o.coverage = o.coverage > 0 ? o.coverage : COVERAGE_DEFAULT;
    if (o.bin_max > TEND_VALUE_BIN_MAX || o.history_max > TEND_VALUE_HISTORY_MAX) {
        return TEND_FAIL(err, EINVAL, "bin_max %zu or history_max %zu is above %d or %d", o.bin_max,
                         o.history_max, TEND_VALUE_BIN_MAX, TEND_VALUE_HISTORY_MAX);
    }
    if (!(o.coverage >= COVERAGE_MIN) || !(o.coverage < 1)) {
        return TEND_FAIL(err, EINVAL, "coverage %g is not in %g..1", o.coverage, COVERAGE_MIN);
    }
    *out = o;
    return TEND_OK;
}

enum tend_code tend__value_estimator_new(const struct tend__value_estimator_options *options,
                                         const double *reference_scores, size_t n,
                                         struct tend__value_estimator **out, struct tend_error *err)
{
    struct tend__value_estimator *e = NULL;
    enum tend_code code = tend__mem_new(1, sizeof(*e), &e, err);
    if (code != TEND_OK) {
        return code;
    }
    TEND_TRY_OUT(fill_options(options, &e->options, err));
    TEND_TRY_OUT(tend__mem_new(e->options.bin_max, sizeof(*e->cuts), &e->cuts, err));
    TEND_TRY_OUT(make_cuts(e, reference_scores, n, err));
    TEND_TRY_OUT(tend__mem_new(e->bin_count, sizeof(*e->chance), &e->chance, err));
    TEND_TRY_OUT(tend__mem_new(3 * e->bin_count, sizeof(*e->work), &e->work, err));
    TEND_TRY_OUT(tend__mem_new(e->bin_count, sizeof(*e->blocks), &e->blocks, err));
    TEND_TRY_OUT(tend__mem_new(2 * e->bin_count, sizeof(*e->row_sums), &e->row_sums, err));
    const size_t windows = e->options.history_max;
    TEND_TRY_OUT(tend__mem_new(windows, sizeof(double), &e->scratch.scores, err));
    TEND_TRY_OUT(tend__mem_new(windows, sizeof(double), &e->scratch.weights, err));
    TEND_TRY_OUT(tend__mem_new(windows, sizeof(size_t), &e->scratch.order, err));
    for (size_t b = 0; b < e->bin_count; b++) {
        e->chance[b] = (double)NAN;
    }
    tend__miss_watch_init(&e->misses);
    e->misses.rate = 1 - e->options.coverage;
    e->gap = 1;
    *out = e;
    return TEND_OK;
out:
    tend__value_estimator_free(e);
    return code;
}

static void free_counts(struct window_counts *counts)
{
    tend__mem_free(counts->label_n);
    tend__mem_free(counts->label_n1);
    tend__mem_free(counts->sd);
    tend__mem_free(counts->sd2);
    *counts = (struct window_counts){0};
}

void tend__value_estimator_free(struct tend__value_estimator *e)
{
    if (e == NULL) {
        return;
    }
    for (size_t i = 0; i < e->window_count; i++) {
        free_counts(&e->counts[i]);
    }
    tend__mem_free(e->counts);
    tend__mem_free(e->past);
    tend__mem_free(e->scratch.order);
    tend__mem_free(e->scratch.weights);
    tend__mem_free(e->scratch.scores);
    tend__mem_free(e->row_sums);
    tend__mem_free(e->blocks);
    tend__mem_free(e->work);
    tend__mem_free(e->chance);
    tend__mem_free(e->cuts);
    tend__mem_free(e);
}

/* ---- windows kept ---- */

/* Appends an empty window and drops the oldest where there are too many. */
static enum tend_code append_window(struct tend__value_estimator *e, int64_t idx,
                                    struct tend_error *err)
{
    if (e->window_count > 0 && idx <= e->past[e->window_count - 1].idx) {
        return TEND_FAIL(err, EINVAL, "window %lld comes after window %lld", (long long)idx,
                         (long long)e->past[e->window_count - 1].idx);
    }
    if (e->window_count == e->options.history_max) {
        free_counts(&e->counts[0]);
        e->window_count--;
        memmove(&e->past[0], &e->past[1], e->window_count * sizeof(*e->past));
        memmove(&e->counts[0], &e->counts[1], e->window_count * sizeof(*e->counts));
    }
    if (e->window_count == e->window_cap) {
        const size_t max = e->options.history_max;
        size_t cap = e->window_cap;
        TEND_TRY(tend__mem_grow(&e->past, &cap, e->window_count + 1, max, sizeof(*e->past), err));
        TEND_TRY(tend__mem_resize(&e->counts, cap, sizeof(*e->counts), err));
        e->window_cap = cap;
    }
    e->past[e->window_count] = (struct tend__value_past){.idx = idx};
    e->counts[e->window_count] = (struct window_counts){0};
    e->window_count++;
    return TEND_OK;
}

static void drop_last_window(struct tend__value_estimator *e)
{
    e->window_count--;
    free_counts(&e->counts[e->window_count]);
}

static struct tend__value_history history_of(const struct tend__value_estimator *e, size_t count)
{
    return (struct tend__value_history){.windows = e->past, .count = count};
}

/* ---- sums of one window ---- */

static bool is_usable(const struct tend__value_window *window, size_t row_idx)
{
    return isfinite(window->score[row_idx]) && isfinite(window->delta[row_idx]) &&
           isfinite(window->v0[row_idx]);
}

/* Exact sums by bin, so that the order of the rows does not matter. */
static enum tend_code sum_rows(const struct tend__value_estimator *e,
                               const struct tend__value_window *window, struct row_sums *out,
                               struct tend_error *err)
{
    struct tend__exact_sum *sums = NULL;
    TEND_TRY(tend__mem_new(2 * e->bin_count + 1, sizeof(*sums), &sums, err));
    struct tend__exact_sum *squares = sums + e->bin_count;
    struct tend__exact_sum *v0 = sums + 2 * e->bin_count;
    out->row_count = 0;
    for (size_t i = 0; i < window->row_count; i++) {
        if (!is_usable(window, i)) {
            continue;
        }
        const size_t bin = bin_of(e, window->score[i]);
        tend__exact_sum_add(&sums[bin], window->delta[i]);
        tend__exact_sum_add(&squares[bin], window->delta[i] * window->delta[i]);
        tend__exact_sum_add(v0, window->v0[i]);
        out->row_count++;
    }
    out->left_out_count = window->row_count - out->row_count;
    for (size_t b = 0; b < e->bin_count; b++) {
        out->sd[b] = tend__exact_sum_value(&sums[b]);
        out->sd2[b] = tend__exact_sum_value(&squares[b]);
    }
    out->sv0 = tend__exact_sum_value(v0);
    tend__mem_free(sums);
    return TEND_OK;
}

static enum tend_code count_labels(const struct tend__value_estimator *e,
                                   const struct tend__value_outcomes *outcomes,
                                   struct window_counts *counts, struct tend_error *err)
{
    if (outcomes->row_count > UINT32_MAX) {
        return TEND_FAIL(err, ELIMIT, "%zu outcomes in one window", outcomes->row_count);
    }
    uint32_t *n = NULL;
    uint32_t *n1 = NULL;
    TEND_TRY(tend__mem_new(e->bin_count, sizeof(*n), &n, err));
    const enum tend_code code = tend__mem_new(e->bin_count, sizeof(*n1), &n1, err);
    if (code != TEND_OK) {
        tend__mem_free(n);
        return code;
    }
    for (size_t i = 0; i < outcomes->row_count; i++) {
        if (outcomes->label[i] <= 1 && isfinite(outcomes->score[i])) {
            const size_t bin = bin_of(e, outcomes->score[i]);
            n[bin]++;
            n1[bin] += outcomes->label[i];
        }
    }
    counts->label_n = n;
    counts->label_n1 = n1;
    return TEND_OK;
}

/* ---- step 1: the curve ---- */

/* Which past windows a curve is made of. */
struct curve_choice {
    int64_t idx; /* the window that is estimated */
    bool reference_only;
    int64_t gap; /* reference_only: no window nearer than this */
};

static bool is_chosen(const struct tend__value_past *past, const struct curve_choice *choice)
{
    if (!choice->reference_only) {
        return true;
    }
    const int64_t distance =
        past->idx > choice->idx ? past->idx - choice->idx : choice->idx - past->idx;
    return !past->is_published && distance >= choice->gap;
}

/* Weighted counts of labels by bin; returns their total. */
static double sum_labels(const struct tend__value_estimator *e, const struct curve_choice *choice,
                         double *n, double *n1)
{
    memset(n, 0, e->bin_count * sizeof(*n));
    memset(n1, 0, e->bin_count * sizeof(*n1));
    for (size_t i = 0; i < e->window_count; i++) {
        const struct window_counts *counts = &e->counts[i];
        if (counts->label_n == NULL || !is_chosen(&e->past[i], choice)) {
            continue;
        }
        const double distance = fabs((double)choice->idx - (double)e->past[i].idx);
        const double weight = exp2(-distance / CURVE_HALF_LIFE);
        for (size_t b = 0; b < e->bin_count; b++) {
            n[b] += weight * (double)counts->label_n[b];
            n1[b] += weight * (double)counts->label_n1[b];
        }
    }
    double total = 0;
    for (size_t b = 0; b < e->bin_count; b++) {
        total += n[b];
    }
    return total;
}

/* Bins without labels lie on the line between their neighbours, at the ends on the neighbour's
 * level. */
static void fill_gaps(size_t bin_count, const double *n, double *chance)
{
    size_t last = SIZE_MAX;
    for (size_t b = 0; b <= bin_count; b++) {
        if (b < bin_count && !(n[b] > 0)) {
            continue;
        }
        for (size_t k = last == SIZE_MAX ? 0 : last + 1; k < b; k++) {
            if (last == SIZE_MAX) {
                chance[k] = chance[b];
            } else if (b == bin_count) {
                chance[k] = chance[last];
            } else {
                const double part = (double)(k - last) / (double)(b - last);
                chance[k] = chance[last] + part * (chance[b] - chance[last]);
            }
        }
        last = b;
    }
}

/* c_b for every bin; false where there is no label to learn from. */
static bool fit_curve(struct tend__value_estimator *e, const struct curve_choice *choice,
                      double *chance)
{
    double *n = e->work;
    double *n1 = n + e->bin_count;
    double *rates = n1 + e->bin_count;
    const double total = sum_labels(e, choice, n, n1);
    if (!(total > 0)) {
        return false;
    }
    for (size_t b = 0; b < e->bin_count; b++) {
        rates[b] = n[b] > 0 ? n1[b] / n[b] : 0;
    }
    tend__isotonic(rates, n, e->bin_count, chance, e->blocks);
    const double margin = fmin(0.5, 0.5 / total);
    for (size_t b = 0; b < e->bin_count; b++) {
        chance[b] = fmin(1 - margin, fmax(margin, chance[b]));
    }
    fill_gaps(e->bin_count, n, chance);
    return true;
}

/* ---- step 2: the base and its outcome noise ---- */

static void apply_curve(const struct tend__value_estimator *e, const double *chance,
                        const struct row_sums *sums, struct tend__value_past *past)
{
    const double n = (double)sums->row_count;
    double expected = sums->sv0;
    double variance = 0;
    for (size_t b = 0; b < e->bin_count; b++) {
        expected += chance[b] * sums->sd[b];
        variance += chance[b] * (1 - chance[b]) * sums->sd2[b];
    }
    past->base = expected / n;
    past->noise = variance / (n * n);
    past->has_estimate = isfinite(past->base) && isfinite(past->noise);
}

/* ---- before go-live ---- */

enum tend_code tend__value_estimator_reference(struct tend__value_estimator *e,
                                               const struct tend__value_window *window,
                                               const struct tend__value_outcomes *outcomes,
                                               struct tend_error *err)
{
    if (e->is_live) {
        return TEND_FAIL(err, EINVAL, "a reference window after go-live");
    }
    if (outcomes->idx != window->idx) {
        return TEND_FAIL(err, EINVAL, "outcomes of window %lld for window %lld",
                         (long long)outcomes->idx, (long long)window->idx);
    }
    TEND_TRY(append_window(e, window->idx, err));
    struct window_counts *counts = &e->counts[e->window_count - 1];
    struct row_sums sums = {0};
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(e->bin_count, sizeof(*counts->sd), &counts->sd, err));
    TEND_TRY_OUT(tend__mem_new(e->bin_count, sizeof(*counts->sd2), &counts->sd2, err));
    sums.sd = counts->sd;
    sums.sd2 = counts->sd2;
    TEND_TRY_OUT(sum_rows(e, window, &sums, err));
    TEND_TRY_OUT(count_labels(e, outcomes, counts, err));
    counts->sv0 = sums.sv0;
    counts->row_count = sums.row_count;
    e->past[e->window_count - 1].realised = outcomes->realised_per_row;
    e->past[e->window_count - 1].is_realised = isfinite(outcomes->realised_per_row);
    return TEND_OK;
out:
    drop_last_window(e);
    return code;
}

/* The mean of the realised reference windows outside of one block of five; of all of them for block
 * SIZE_MAX. */
static double mean_outside(const struct tend__value_estimator *e, size_t block)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < e->window_count; i++) {
        const size_t own = i * REFERENCE_BLOCK_COUNT / e->window_count;
        if (own != block && e->past[i].is_realised) {
            sum += e->past[i].realised;
            count++;
        }
    }
    return count > 0 ? sum / (double)count : (double)NAN;
}

static void replay_window(struct tend__value_estimator *e, size_t i)
{
    struct tend__value_past *past = &e->past[i];
    struct window_counts *counts = &e->counts[i];
    const int64_t gap = (int64_t)e->gap;
    const struct curve_choice choice = {.idx = past->idx, .reference_only = true, .gap = gap};
    if (counts->row_count == 0 || !fit_curve(e, &choice, e->chance)) {
        return;
    }
    const struct row_sums sums = {
        .sd = counts->sd, .sd2 = counts->sd2, .sv0 = counts->sv0, .row_count = counts->row_count};
    const struct tend__value_history history = history_of(e, e->window_count);
    const int64_t known_until = past->idx - gap;
    apply_curve(e, e->chance, &sums, past);
    past->level = tend__value_level(&history, past->idx, known_until);
    past->estimate =
        past->base + tend__value_level_gain(&history, past->idx, known_until) * past->level;
    past->naive_recent = tend__value_recent_mean(&history, past->idx, gap);
    past->naive_reference = mean_outside(e, i * REFERENCE_BLOCK_COUNT / e->window_count);
}

/* Estimates each reference window from the others at a distance of at least g. The level uses only
 * windows before it. */
static void go_live(struct tend__value_estimator *e)
{
    const size_t quarter = e->window_count / 4;
    const size_t gap = e->options.delay_windows < quarter ? e->options.delay_windows : quarter;
    e->gap = gap > 0 ? gap : 1;
    for (size_t i = 0; i < e->window_count; i++) {
        replay_window(e, i);
    }
    for (size_t i = 0; i < e->window_count; i++) {
        tend__mem_free(e->counts[i].sd);
        tend__mem_free(e->counts[i].sd2);
        e->counts[i].sd = NULL;
        e->counts[i].sd2 = NULL;
    }
    e->reference_mean = mean_outside(e, SIZE_MAX);
    e->is_live = true;
}

/* ---- production ---- */

static double naive_half(const struct tend__value_history *history,
                         const struct tend__value_target *target,
                         const struct tend__value_scratch *scratch)
{
    const double reference =
        tend__value_interval_of(history, target, TEND__VALUE_NAIVE_REFERENCE, scratch).half;
    const double recent =
        tend__value_interval_of(history, target, TEND__VALUE_NAIVE_RECENT, scratch).half;
    const double half = fmin(reference, recent);
    return isfinite(half) ? half : (double)NAN;
}

/* Steps 3 and 4 and the states, for the last window; what is known is every earlier window. */
static void publish(struct tend__value_estimator *e, struct tend__value_estimate *out)
{
    struct tend__value_past *past = &e->past[e->window_count - 1];
    const struct tend__value_history history = history_of(e, e->window_count - 1);
    const struct tend__value_target target = {
        .idx = past->idx,
        .noise = past->noise,
        .inflation = tend__value_inflation(e->options.delay_windows, e->gap, e->matured_count),
        .coverage = e->options.coverage,
    };
    out->level = tend__value_level(&history, past->idx, INT64_MAX);
    out->level_gain = tend__value_level_gain(&history, past->idx, INT64_MAX);
    const struct tend__value_interval interval =
        tend__value_interval_of(&history, &target, TEND__VALUE_ESTIMATE, &e->scratch);
    out->base = past->base;
    out->per_row = past->base + out->level_gain * out->level;
    out->low = out->per_row - interval.half;
    out->high = out->per_row + interval.half;
    out->outcome_noise = past->noise;
    out->extra_variance = interval.extra_variance;
    out->quantile = interval.quantile;
    out->inflation = target.inflation;
    out->history_weight = interval.weight;
    out->naive_half = naive_half(&history, &target, &e->scratch);
    out->sign_unknown = out->low <= 0 && out->high >= 0;
    const bool is_wide = !(interval.half < UNINFORMATIVE_SHARE * out->naive_half);
    out->state = e->is_demoted                                 ? TEND_VALUE_DEMOTED
                 : is_wide || !(interval.weight >= WEIGHT_MIN) ? TEND_VALUE_UNINFORMATIVE
                                                               : TEND_VALUE_OK;
    past->level = out->level;
    past->estimate = out->per_row;
    past->low = out->low;
    past->high = out->high;
    past->naive_reference = e->reference_mean;
    past->naive_recent = tend__value_recent_mean(&history, past->idx, 0);
}

static void publish_nothing(const struct tend__value_estimator *e, struct tend__value_estimate *out)
{
    out->per_row = (double)NAN;
    out->low = -(double)INFINITY;
    out->high = (double)INFINITY;
    out->state = e->is_demoted ? TEND_VALUE_DEMOTED : TEND_VALUE_UNINFORMATIVE;
    out->sign_unknown = true;
    out->base = (double)NAN;
    out->naive_half = (double)NAN;
}

enum tend_code tend__value_estimator_window(struct tend__value_estimator *e,
                                            const struct tend__value_window *window,
                                            struct tend__value_estimate *out,
                                            struct tend_error *err)
{
    struct row_sums sums = {.sd = e->row_sums, .sd2 = e->row_sums + e->bin_count};
    TEND_TRY(sum_rows(e, window, &sums, err));
    TEND_TRY(append_window(e, window->idx, err));
    if (!e->is_live) {
        /* The window just appended is no part of the reference. */
        e->window_count--;
        go_live(e);
        e->window_count++;
    }
    struct tend__value_past *past = &e->past[e->window_count - 1];
    const struct curve_choice choice = {.idx = window->idx};
    *out = (struct tend__value_estimate){.row_count = sums.row_count,
                                         .left_out_count = sums.left_out_count};
    past->is_published = true;
    if (fit_curve(e, &choice, e->chance) && sums.row_count > 0) {
        apply_curve(e, e->chance, &sums, past);
    }
    if (past->has_estimate) {
        publish(e, out);
    } else {
        publish_nothing(e, out);
    }
    return TEND_OK;
}

/* ---- outcomes ---- */

static struct tend__value_past *find_window(const struct tend__value_estimator *e, int64_t idx)
{
    for (size_t i = e->window_count; i > 0; i--) {
        if (e->past[i - 1].idx == idx) {
            return &e->past[i - 1];
        }
    }
    return NULL;
}

enum tend_code tend__value_estimator_outcomes(struct tend__value_estimator *e,
                                              const struct tend__value_outcomes *outcomes,
                                              struct tend_error *err)
{
    struct tend__value_past *past = find_window(e, outcomes->idx);
    if (past == NULL) {
        return TEND_FAIL(err, ENOTFOUND, "window %lld is not among the %zu windows kept",
                         (long long)outcomes->idx, e->window_count);
    }
    struct window_counts *counts = &e->counts[past - e->past];
    if (counts->label_n != NULL) {
        return TEND_FAIL(err, EINVAL, "window %lld has matured before", (long long)outcomes->idx);
    }
    TEND_TRY(count_labels(e, outcomes, counts, err));
    past->realised = outcomes->realised_per_row;
    past->is_realised = isfinite(outcomes->realised_per_row);
    if (past->is_realised && past->has_estimate) {
        e->matured_count++;
        if (isfinite(past->high - past->low)) {
            e->is_demoted = tend__miss_watch_push(&e->misses, past->realised < past->low ||
                                                                  past->realised > past->high);
        }
    }
    return TEND_OK;
}

bool tend__value_estimator_is_demoted(const struct tend__value_estimator *e)
{
    return e->is_demoted;
}

double tend__value_estimator_chance(const struct tend__value_estimator *e, double score)
{
    return isfinite(score) ? e->chance[bin_of(e, score)] : (double)NAN;
}
