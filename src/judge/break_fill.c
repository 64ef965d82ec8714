/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_fill.c: one value stands where many different ones did: a default, a code for "missing", a
 * filled mean.
 *
 * If a share s of the rows is replaced by one value, the cell that holds it gains and all others
 * shrink by the same factor: q = (1 - s) p + s [cell]. So s = (q_c - p_c) / (1 - p_c) at the cell
 * that gained most, and what is left elsewhere must be little. Drift gains in several cells. And
 * the mass must be one value: a category, an atom, zero, the new minimum or maximum, the most
 * frequent value of the rows (novelty.h), or, from the profile alone, a point that the shifts of
 * mean and of mean square agree on.
 *
 * A column that is one value in every row may be a constant of the window (a date part, a version):
 * it is a fill only where that value had no place in the reference.
 */
#include "judge/break_rules.h"

#include <math.h>
#include <string.h>

#define FILL_SHARE_MIN 0.05
#define LEFT_SHARE 0.3
#define ONE_VALUE_SHARE 0.8
#define NEW_SHARE_MAX 0.005
#define WHOLE_SHARE 0.95
#define CELLS_MIN 4
#define MEAN_OF_HALF_NORMAL 0.7978845608028654
#define OLD_CELLS_MIN 8
#define ATOM_SHARE_MAX 0.1
#define FEW_VALUES_SHARE 0.9 /* of the values on atoms: the column has few different ones */
#define DATE_PART_MAX 60
#define FEW_VALUES 30
#define MOST_SHARE 0.5
#define OLD_SHARE_MIN 0.15
#define OLD_BEFORE_MAX 0.25 /* a category that dominates grows at the cost of all others */
#define OLD_LEFT_SHARE 0.15
#define SPREAD_TOLERANCE 0.05
#define FILL_ERRORS 5.0
#define BEYOND_SHARE_MIN 0.02

struct fill {
    size_t cell;
    double share;
    double before; /* total variation */
    double left;
};

/* The cell that explains most, with the share of rows that moved into it. What sampling n_rows rows
 * leaves of total variation by itself (the mean size of each cell's normal error) is taken off what
 * is left. */
static struct fill largest_gain(const double *p, const double *q, size_t n, double n_rows)
{
    struct fill fill = {0};
    double noise = 0;
    for (size_t i = 0; i < n; i++) {
        const double share = p[i] < 1 ? (q[i] - p[i]) / (1 - p[i]) : 0;
        if (share > fill.share) {
            fill.share = share;
            fill.cell = i;
        }
    }
    fill.before = tend__break_variation(p, q, n);
    for (size_t i = 0; i < n; i++) {
        if (i != fill.cell) {
            const double expected = (1 - fill.share) * p[i];
            fill.left += fabs(q[i] - expected) / 2;
            noise += sqrt(expected * (1 - expected) / n_rows) * MEAN_OF_HALF_NORMAL / 2;
        }
    }
    fill.left = fmax(0, fill.left - noise);
    return fill;
}

static double gain_statistic(const struct tend__break_search *search,
                             const struct tend__profile *other, size_t column_idx)
{
    const struct tend__column_profile *a = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *b = tend__profile_column(other, column_idx);
    const double n_a = (double)tend__profile_value_count(search->ref, column_idx);
    const double n_b = (double)tend__profile_value_count(other, column_idx);
    double largest = 0;
    for (size_t i = 0; n_a > 0 && n_b > 0 && i < a->cell_count; i++) {
        const double p = (double)a->cells[i] / n_a;
        const double q = (double)b->cells[i] / n_b;
        largest = fmax(largest, p < 1 ? (q - p) / (1 - p) : 0);
    }
    return largest;
}

static size_t count_filled(const double *shares, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += shares[i] > 0 ? 1 : 0;
    }
    return count;
}

static bool is_in_cell(const struct tend__plan_column *plan, size_t cell, double x)
{
    const double low = plan->cell_lows[cell];
    const double high = plan->cell_highs[cell];
    return low == high ? x == low : x > low && x <= high;
}

/* The most frequent value of the rows that is no atom and lies in the cell, where it is frequent
 * enough. */
static bool value_of_rows(const struct tend__break_search *search, size_t column_idx,
                          const struct fill *fill, double *value)
{
    size_t count = 0;
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    const struct tend__novel_value *values =
        tend__novelty_values(search->options->novelty, column_idx, &count);
    for (size_t i = 0; i < count; i++) {
        if (is_in_cell(plan, fill->cell, values[i].number)) {
            *value = values[i].number;
            return tend__break_novel_rows(search, column_idx, fill->cell, values[i].count) >=
                   ONE_VALUE_SHARE * fill->share * n;
        }
    }
    return false;
}

/* Whether the current standard deviation is that of a share s at x and the rest as the reference.
 */
static bool explains_spread(const struct tend__break_search *search, size_t column_idx, double s,
                            double x)
{
    const double m = tend__profile_mean(search->ref, column_idx);
    const double sd = tend__profile_sd(search->ref, column_idx);
    const double cur_m = tend__profile_mean(search->cur, column_idx);
    const double spread =
        sqrt((1 - s) * (sd * sd + (m - cur_m) * (m - cur_m)) + s * (x - cur_m) * (x - cur_m));
    return fabs(log(tend__profile_sd(search->cur, column_idx) / spread)) < SPREAD_TOLERANCE;
}

/* Where a share s must stand to explain the shift of the mean. */
static double point_of_mean(const struct tend__break_search *search, size_t column_idx, double s)
{
    const double m = tend__profile_mean(search->ref, column_idx);
    return m + (tend__profile_mean(search->cur, column_idx) - m) / s;
}

/* The point must be in the cell. In the open cells at both ends any two moments have such a point.
 */
static bool value_of_moments(const struct tend__break_search *search, size_t column_idx,
                             const struct fill *fill, double *value)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const bool is_inner = fill->cell > 0 && fill->cell + 1 < plan->cell_count;
    *value = point_of_mean(search, column_idx, fill->share);
    return is_inner && is_in_cell(plan, fill->cell, *value) &&
           explains_spread(search, column_idx, fill->share, *value);
}

/* A new extreme: the moments point at it, and the current minimum or maximum is beyond the
 * reference's. */
static bool value_of_extremes(const struct tend__break_search *search, size_t column_idx,
                              const struct fill *fill, double *value)
{
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    const double x = point_of_mean(search, column_idx, fill->share);
    const double sd = tend__profile_sd(search->ref, column_idx);
    const double near =
        SPREAD_TOLERANCE * (fabs(x - tend__profile_mean(search->ref, column_idx)) + sd);
    const bool is_low = fill->cell == 0 && cur->min < ref->min;
    const bool is_high = fill->cell + 1 == cur->cell_count && cur->max > ref->max;
    *value = is_low ? cur->min : cur->max;
    return (is_low || is_high) && fabs(x - *value) <= near &&
           explains_spread(search, column_idx, fill->share, *value);
}

/* The one number that the mass is; false where it is not one number. */
static bool find_number(const struct tend__break_search *search, size_t column_idx,
                        const struct fill *fill, double *value)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    const double n_ref = (double)tend__profile_value_count(search->ref, column_idx);
    const double n_cur = (double)tend__profile_value_count(search->cur, column_idx);
    if (plan->cell_lows[fill->cell] == plan->cell_highs[fill->cell]) {
        *value = plan->cell_lows[fill->cell];
        return true;
    }
    const double zero_rise = (double)cur->zero_count / n_cur - (double)ref->zero_count / n_ref;
    if (is_in_cell(plan, fill->cell, 0) && zero_rise >= ONE_VALUE_SHARE * fill->share) {
        *value = 0;
        return true;
    }
    if (cur->min == cur->max) {
        *value = cur->min;
        return true;
    }
    if (search->options->novelty != NULL) {
        return value_of_rows(search, column_idx, fill, value);
    }
    return fill->share < WHOLE_SHARE && (value_of_extremes(search, column_idx, fill, value) ||
                                         value_of_moments(search, column_idx, fill, value));
}

/* The category; an empty text where it is a new one and the rows were not looked at. */
static bool find_text(const struct tend__break_search *search, size_t column_idx,
                      const struct fill *fill, struct tend__text *text)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    size_t count = 0;
    *text = (struct tend__text){.ptr = "", .len = 0};
    if (fill->cell < plan->category_count) {
        *text = plan->categories[fill->cell];
        return true;
    }
    if (search->options->novelty == NULL) {
        return true;
    }
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    const struct tend__novel_value *values =
        tend__novelty_values(search->options->novelty, column_idx, &count);
    if (count == 0 || !(tend__break_novel_rows(search, column_idx, fill->cell, values[0].count) >=
                        ONE_VALUE_SHARE * fill->share * n)) {
        return false;
    }
    *text = values[0].text;
    return true;
}

/* Whether the value had no place in the reference: the mass came from nowhere. */
static bool is_new(const struct tend__break_search *search, size_t column_idx,
                   const struct fill *fill, const double *p)
{
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    if (tend__plan_column(search->plan, column_idx)->type == TEND_TYPE_TEXT) {
        return p[fill->cell] < NEW_SHARE_MAX;
    }
    return p[fill->cell] < NEW_SHARE_MAX || cur->min < ref->min || cur->max > ref->max ||
           cur->zero_count > 0;
}

/* The share of the reference that stands on atoms: near 0 for a continuous number, near 1 for one
 * of few values. */
static double atom_share(const struct tend__break_search *search, size_t column_idx,
                         const double *p)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    double sum = 0;
    for (size_t i = 0; i < plan->cell_count; i++) {
        sum += plan->cell_lows[i] == plan->cell_highs[i] ? p[i] : 0;
    }
    return sum;
}

/* A number that the reference hardly had, counted exactly: no drift makes it, whatever else moved.
 * Inside the range that holds of continuous columns only: of the others, values come and go. */
static bool is_from_nowhere(const struct tend__break_search *search, size_t column_idx,
                            double value, const double *p)
{
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const double n = (double)tend__profile_value_count(search->ref, column_idx);
    if (value == 0) {
        return (double)ref->zero_count < NEW_SHARE_MAX * n;
    }
    return search->options->novelty != NULL && (value < ref->min || value > ref->max ||
                                                atom_share(search, column_idx, p) < ATOM_SHARE_MAX);
}

/* Whether what the reference has beyond the value is gone: then it was cut off there. */
static bool is_an_end(const struct tend__break_search *search, size_t column_idx, double value)
{
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    const double below = tend__break_function(search, column_idx, value, true);
    const double above = 1 - tend__break_function(search, column_idx, value, false);
    return cur->min < cur->max && ((value == cur->max && above > BEYOND_SHARE_MIN) ||
                                   (value == cur->min && below > BEYOND_SHARE_MIN));
}

/* A column of few values, of which another one holds in another period: a month, an index of the
 * quarter, a tariff. What comes from outside its range is no such value. */
static bool is_of_a_period(const struct tend__break_search *search, size_t column_idx,
                           const struct fill *fill, const double *p)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    if (plan->type == TEND_TYPE_TEXT) {
        return fill->cell < plan->category_count;
    }
    const double range = ref->max - ref->min;
    return atom_share(search, column_idx, p) > MOST_SHARE && cur->min >= ref->min - range &&
           cur->max <= ref->max + range && cur->zero_count == 0;
}

/* Whether what gained lies where neither the reference nor any window of the history had anything:
 * below the minimum of all or above the maximum. How cells within the range come and go says
 * nothing of it. */
static bool is_beyond(const struct tend__break_search *search, size_t column_idx,
                      const struct fill *fill)
{
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    if (tend__plan_column(search->plan, column_idx)->type != TEND_TYPE_NUMBER) {
        return false;
    }
    double low = ref->min;
    double high = ref->max;
    for (size_t i = 0; i < search->options->history_count; i++) {
        low = fmin(low, tend__profile_column(search->options->history[i], column_idx)->min);
        high = fmax(high, tend__profile_column(search->options->history[i], column_idx)->max);
    }
    return (fill->cell == 0 && cur->min < low) ||
           (fill->cell + 1 == cur->cell_count && cur->max > high);
}

static enum tend_code find_column(struct tend__break_search *search, size_t column_idx,
                                  struct tend_error *err)
{
    double *p = search->scratch;
    double *q = p + search->cell_max + 24;
    const size_t n = tend__break_shares(search->ref, column_idx, p);
    (void)tend__break_shares(search->cur, column_idx, q);
    const struct fill fill =
        largest_gain(p, q, n, (double)tend__profile_value_count(search->cur, column_idx));
    const double natural = is_beyond(search, column_idx, &fill)
                               ? 0
                               : tend__break_natural(search, column_idx, gain_statistic);
    const double variation = tend__break_natural(search, column_idx, tend__break_cell_variation);
    const double n_cur = (double)tend__profile_value_count(search->cur, column_idx);
    const double before = p[fill.cell];
    const double sampling =
        FILL_ERRORS * sqrt(fmax(before, q[fill.cell]) / n_cur) / (1 - fmin(before, 0.99));
    const double threshold =
        fmax(fmin(sampling, 0.9), tend__break_threshold(search, FILL_SHARE_MIN, natural));
    /* What is left may be a large part of the distance only where days differ that much by
     * themselves. */
    const bool has_history = tend__break_has_history(search);
    const size_t cells = count_filled(p, n);
    bool is_explained = fill.left <= LEFT_SHARE * fill.before ||
                        (fill.left <= variation && fill.left < 0.6 * fill.before);
    if (!has_history && p[fill.cell] >= NEW_SHARE_MAX) {
        /* A value that was there before may be more frequent now by itself: only a shape of many
         * cells tells. */
        const bool is_text = tend__plan_column(search->plan, column_idx)->type == TEND_TYPE_TEXT;
        is_explained = cells >= OLD_CELLS_MIN && fill.share > OLD_SHARE_MIN &&
                       fill.left <= OLD_LEFT_SHARE * fill.before &&
                       !(is_text && p[fill.cell] > OLD_BEFORE_MAX);
    }
    if (!(fill.share > threshold) || cells < CELLS_MIN ||
        (fill.share > WHOLE_SHARE && !has_history && !is_new(search, column_idx, &fill, p))) {
        return TEND_OK;
    }
    if (!has_history && fill.share > MOST_SHARE && is_of_a_period(search, column_idx, &fill, p)) {
        return TEND_OK;
    }
    struct tend__break found = tend__break_make(search, TEND_BREAK_DEFAULT_FILL, column_idx);
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    if (plan->type == TEND_TYPE_TEXT) {
        struct tend__text text = {0};
        if (!is_explained || !find_text(search, column_idx, &fill, &text) ||
            (!has_history && tend__break_is_calendar(plan, text))) {
            return TEND_OK;
        }
        tend__break_text(found.to, text);
    } else {
        double value = 0;
        if (!find_number(search, column_idx, &fill, &value) ||
            !(is_explained || is_from_nowhere(search, column_idx, value, p))) {
            return TEND_OK;
        }
        tend__break_number_text(found.to, value);
        found.offset = value;
        found.factor = 0;
        if (is_an_end(search, column_idx, value)) {
            found.kind = TEND_BREAK_CLIPPING;
        }
    }
    found.share = fill.share;
    found.evidence = fill.share / threshold;
    return tend__break_add(search, &found, err);
}

static double constant_statistic(const struct tend__break_search *search,
                                 const struct tend__profile *other, size_t column_idx)
{
    (void)search;
    const struct tend__column_profile *column = tend__profile_column(other, column_idx);
    return column->min == column->max ? 1 : 0;
}

/* Whether a whole window of one value may be in the nature of the column: it is a part of a date
 * (hours, days, minutes are whole numbers below 60), it has few values, or this one is frequent. */
static bool has_constant_windows(const struct tend__break_search *search, size_t column_idx)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const double value = tend__profile_column(search->cur, column_idx)->min;
    double *p = search->scratch;
    const size_t n = tend__break_shares(search->ref, column_idx, p);
    for (size_t i = 0; i < n; i++) {
        if (plan->cell_lows[i] == value && plan->cell_highs[i] == value && p[i] > ATOM_SHARE_MAX) {
            return true;
        }
    }
    const bool is_small = ref->min >= 0 && ref->max < DATE_PART_MAX;
    return atom_share(search, column_idx, p) > FEW_VALUES_SHARE &&
           (is_small || count_filled(p, n) < FEW_VALUES);
}

/* A number that varied and is now one value in every row, a value from inside the range: a sensor
 * that stands still, a cache that is never refreshed. Numbers of few values may be constant in a
 * window by nature: only a history tells. */
static bool is_stuck(const struct tend__break_search *search, size_t column_idx)
{
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    if (tend__plan_column(search->plan, column_idx)->type != TEND_TYPE_NUMBER ||
        cur->min != cur->max || !(cur->min > ref->min) || !(cur->min < ref->max) ||
        (cur->min == 0 && ref->zero_count == 0)) {
        return false;
    }
    if (tend__break_natural(search, column_idx, constant_statistic) > 0) {
        return false;
    }
    return tend__break_has_history(search) || !has_constant_windows(search, column_idx);
}

static enum tend_code report_stuck(struct tend__break_search *search, size_t column_idx,
                                   struct tend_error *err)
{
    struct tend__break found = tend__break_make(search, TEND_BREAK_STUCK, column_idx);
    found.offset = tend__profile_column(search->cur, column_idx)->min;
    found.factor = 0;
    found.evidence = 1 / FILL_SHARE_MIN;
    tend__break_number_text(found.to, found.offset);
    return tend__break_add(search, &found, err);
}

enum tend_code tend__break_find_fill(struct tend__break_search *search, struct tend_error *err)
{
    for (size_t i = 0; i < search->column_count; i++) {
        const enum tend_type type = tend__plan_column(search->plan, i)->type;
        if ((type == TEND_TYPE_NUMBER || type == TEND_TYPE_TEXT) &&
            !tend__break_is_explained(search, i) &&
            tend__profile_value_count(search->ref, i) >= TEND__BREAK_VALUES_MIN &&
            tend__profile_value_count(search->cur, i) >= TEND__BREAK_VALUES_MIN) {
            TEND_TRY(is_stuck(search, i) ? report_stuck(search, i, err)
                                         : find_column(search, i, err));
        }
    }
    return TEND_OK;
}
