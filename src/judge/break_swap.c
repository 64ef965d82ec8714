/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_swap.c: two columns that have taken each other's place.
 *
 * Both are far from their own reference, and each is near the other's: for numbers by the distance
 * of distribution functions, for texts by total variation over the categories that they share.
 * Where the texts share none, `other` holds all of them, and only the rows can tell: the new values
 * must be the other column's categories (novelty.h).
 */
#include "judge/break_rules.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TOLERANCE 0.05
#define TEXT_TOLERANCE 0.1
#define LEFT_MAX 0.1
#define DRIFTED_LEFT_MAX 0.2
#define CHANGED_MAX 64
#define CONFIRMED_SHARE 0.5
#define MOMENT_TOLERANCE 0.25
#define SAMPLE_MIN 100
#define SAMPLE_TOLERANCE 0.12
#define SAMPLE_ERRORS 1.5
#define FOREIGN_SHARE 0.8

struct changed {
    size_t column_idx;
    double before;
    double threshold;
};

static bool text_equal(struct tend__text a, struct tend__text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static size_t find_category(const struct tend__plan_column *plan, struct tend__text text)
{
    size_t i = 0;
    while (i < plan->category_count && !text_equal(plan->categories[i], text)) {
        i++;
    }
    return i; /* category_count: other */
}

/* The current f against the reference of g, at f's cells. */
static double number_distance(struct tend__break_search *search, size_t f, size_t g)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, f);
    double *shares = search->scratch;
    double cumulated = 0;
    double sum = 0;
    const size_t n = tend__break_shares(search->cur, f, shares);
    for (size_t i = 0; i + 1 < n; i++) {
        cumulated += shares[i];
        const double expected =
            tend__break_function(search, g, plan->cell_highs[i], tend__break_ends_open(plan, i));
        sum += (cumulated - expected) * (cumulated - expected);
    }
    return n > 1 ? sqrt(sum / (double)(n - 1)) : 1;
}

static double text_distance(struct tend__break_search *search, size_t f, size_t g)
{
    const struct tend__plan_column *own = tend__plan_column(search->plan, f);
    const struct tend__plan_column *other = tend__plan_column(search->plan, g);
    double *cur = search->scratch;
    double *expected = cur + search->cell_max + 24;
    double *shares = expected + search->cell_max + 24;
    const size_t n = tend__break_shares(search->cur, f, cur);
    const size_t m = tend__break_shares(search->ref, g, shares);
    memset(expected, 0, n * sizeof(*expected));
    for (size_t k = 0; k < m; k++) {
        const size_t at = k < other->category_count ? find_category(own, other->categories[k])
                                                    : own->category_count;
        expected[at] += shares[k];
    }
    return tend__break_variation(cur, expected, n);
}

/* Whether what is new in f is old in g; true where hardly anything is new. */
static bool is_confirmed(const struct tend__break_search *search, size_t f, size_t g)
{
    const struct tend__plan_column *own = tend__plan_column(search->plan, f);
    const struct tend__plan_column *other = tend__plan_column(search->plan, g);
    const double n = (double)tend__profile_value_count(search->cur, f);
    const double new_rows =
        (double)tend__profile_column(search->cur, f)->cells[own->category_count];
    if (new_rows < (1 - CONFIRMED_SHARE) * n) {
        return true;
    }
    size_t count = 0;
    double matched = 0;
    if (search->options->novelty == NULL) {
        return false;
    }
    const struct tend__novel_value *values =
        tend__novelty_values(search->options->novelty, f, &count);
    for (size_t i = 0; i < count; i++) {
        const bool known = find_category(other, values[i].text) < other->category_count;
        matched +=
            known ? tend__break_novel_rows(search, f, own->category_count, values[i].count) : 0;
    }
    return matched >= CONFIRMED_SHARE * new_rows;
}

/* Cells say nothing of values that lie beyond all cuts of both: mean and standard deviation must be
 * the other's too. */
static bool has_moments_of(const struct tend__break_search *search, size_t f, size_t g)
{
    const double sd = tend__profile_sd(search->ref, g);
    const double off = tend__profile_mean(search->cur, f) - tend__profile_mean(search->ref, g);
    return sd > 0 && fabs(off) <= MOMENT_TOLERANCE * sd &&
           fabs(log(tend__profile_sd(search->cur, f) / sd)) <= MOMENT_TOLERANCE;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static size_t sort_column(const struct tend__column *column, size_t row_count, double *out)
{
    size_t count = 0;
    for (size_t i = 0; column != NULL && i < row_count; i++) {
        if (tend__is_valid(column, i) && isfinite(column->f64[i])) {
            out[count++] = column->f64[i];
        }
    }
    if (count > 1) {
        qsort(out, count, sizeof(*out), compare_doubles);
    }
    return count;
}

/* Largest difference of two samples' distribution functions. */
static double largest_difference(const double *a, size_t n, const double *b, size_t m)
{
    double largest = 0;
    size_t i = 0;
    size_t k = 0;
    while (i < n && k < m) {
        const double at = fmin(a[i], b[k]);
        while (i < n && a[i] <= at) {
            i++;
        }
        while (k < m && b[k] <= at) {
            k++;
        }
        largest = fmax(largest, fabs((double)i / (double)n - (double)k / (double)m));
    }
    return largest;
}

/* The three samples that a swap is told by. */
struct trio {
    double *room;
    double *f_now;
    double *f_before;
    double *g_before;
    size_t n[3]; /* of each */
};

static enum tend_code read_trio(const struct tend__break_search *search, size_t f, size_t g,
                                struct trio *out, struct tend_error *err)
{
    const struct tend__batch *ref = &search->options->ref_rows;
    const struct tend__batch *cur = &search->options->cur_rows;
    TEND_TRY(
        tend__mem_new(2 * ref->row_count + cur->row_count, sizeof(*out->room), &out->room, err));
    out->f_now = out->room;
    out->n[0] = sort_column(tend__break_rows_column(search, cur, f), cur->row_count, out->f_now);
    out->f_before = out->f_now + out->n[0];
    out->n[1] = sort_column(tend__break_rows_column(search, ref, f), ref->row_count, out->f_before);
    out->g_before = out->f_before + out->n[1];
    out->n[2] = sort_column(tend__break_rows_column(search, ref, g), ref->row_count, out->g_before);
    return TEND_OK;
}

/* By samples of the rows, whether the current f is as the reference's g, or far nearer to it than
 * to its own. *is_known is false where there are too few. A sample tells what moments of a long
 * tail do not. */
static enum tend_code compare_rows(const struct tend__break_search *search, size_t f, size_t g,
                                   bool *is_known, bool *is_alike, struct tend_error *err)
{
    struct trio trio = {.room = NULL};
    TEND_TRY(read_trio(search, f, g, &trio, err));
    *is_known = trio.n[0] >= SAMPLE_MIN && trio.n[1] >= SAMPLE_MIN && trio.n[2] >= SAMPLE_MIN;
    if (*is_known) {
        const double error = sqrt(1 / (double)trio.n[0] + 1 / (double)trio.n[2]);
        const double own = largest_difference(trio.f_now, trio.n[0], trio.f_before, trio.n[1]);
        const double other = largest_difference(trio.f_now, trio.n[0], trio.g_before, trio.n[2]);
        *is_alike =
            other < SAMPLE_TOLERANCE + SAMPLE_ERRORS * error || other < TEND__EXPLAINED_SHARE * own;
    }
    tend__mem_free(trio.room);
    return TEND_OK;
}

static double distance_to(struct tend__break_search *search, size_t f, size_t g)
{
    return tend__plan_column(search->plan, f)->type == TEND_TYPE_TEXT
               ? text_distance(search, f, g)
               : number_distance(search, f, g);
}

/* Nearly all values of f are new in it and the other column's categories: no drift does that. */
static bool is_foreign(const struct tend__break_search *search, size_t f, size_t g)
{
    const struct tend__plan_column *own = tend__plan_column(search->plan, f);
    const double n = (double)tend__profile_value_count(search->cur, f);
    const double new_rows =
        (double)tend__profile_column(search->cur, f)->cells[own->category_count];
    return new_rows > FOREIGN_SHARE * n && is_confirmed(search, f, g);
}

static enum tend_code is_near(struct tend__break_search *search, const struct changed *f,
                              const struct changed *g, bool *out, struct tend_error *err)
{
    const double left = distance_to(search, f->column_idx, g->column_idx);
    const bool is_text = tend__plan_column(search->plan, f->column_idx)->type == TEND_TYPE_TEXT;
    bool is_known = false;
    bool is_alike = false;
    if (is_text) {
        *out = is_foreign(search, f->column_idx, g->column_idx) ||
               (left < TEND__EXPLAINED_SHARE * f->before && left <= LEFT_MAX &&
                is_confirmed(search, f->column_idx, g->column_idx));
        return TEND_OK;
    }
    /* In a run that drifts the other column has drifted too. */
    const double left_max = search->options->is_exacting ? DRIFTED_LEFT_MAX : LEFT_MAX;
    *out = left < TEND__EXPLAINED_SHARE * f->before && left <= left_max;
    if (*out) {
        TEND_TRY(compare_rows(search, f->column_idx, g->column_idx, &is_known, &is_alike, err));
        *out = is_known ? is_alike : has_moments_of(search, f->column_idx, g->column_idx);
    }
    return TEND_OK;
}

static bool read_changed(struct tend__break_search *search, size_t column_idx, struct changed *out)
{
    const enum tend_type type = tend__plan_column(search->plan, column_idx)->type;
    if ((type != TEND_TYPE_NUMBER && type != TEND_TYPE_TEXT) ||
        tend__break_is_explained(search, column_idx) ||
        tend__profile_value_count(search->ref, column_idx) < TEND__BREAK_VALUES_MIN ||
        tend__profile_value_count(search->cur, column_idx) < TEND__BREAK_VALUES_MIN) {
        return false;
    }
    const bool is_text = type == TEND_TYPE_TEXT;
    tend__break_statistic_fn *statistic =
        is_text ? tend__break_cell_variation : tend__break_function_distance;
    out->column_idx = column_idx;
    out->before = statistic(search, search->cur, column_idx);
    /* That two columns stray to each other's place at once is no way of their own: how far each has
     * strayed before in the run is not asked. */
    out->threshold = tend__break_threshold(
        search, is_text ? TEXT_TOLERANCE : NUMBER_TOLERANCE,
        search->options->is_exacting ? 0 : tend__break_natural(search, column_idx, statistic));
    return out->before > out->threshold;
}

static enum tend_code report(struct tend__break_search *search, const struct changed *f,
                             const struct changed *g, struct tend_error *err)
{
    struct tend__break found = tend__break_make(search, TEND_BREAK_COLUMN_SWAP, f->column_idx);
    const char *from = tend__plan_column(search->plan, f->column_idx)->name;
    const char *to = tend__plan_column(search->plan, g->column_idx)->name;
    found.other_column_idx = g->column_idx;
    tend__break_text(found.from, (struct tend__text){.ptr = from, .len = strlen(from)});
    tend__break_text(found.to, (struct tend__text){.ptr = to, .len = strlen(to)});
    found.evidence = fmin(f->before / f->threshold, g->before / g->threshold);
    return tend__break_add(search, &found, err);
}

enum tend_code tend__break_find_swaps(struct tend__break_search *search, struct tend_error *err)
{
    struct changed changed[CHANGED_MAX];
    size_t count = 0;
    for (size_t i = 0; i < search->column_count && count < CHANGED_MAX; i++) {
        count += read_changed(search, i, &changed[count]) ? 1 : 0;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count; k++) {
            const bool same_type = tend__plan_column(search->plan, changed[i].column_idx)->type ==
                                   tend__plan_column(search->plan, changed[k].column_idx)->type;
            bool there = same_type && !tend__break_is_explained(search, changed[i].column_idx) &&
                         !tend__break_is_explained(search, changed[k].column_idx);
            bool back = false;
            if (there) {
                TEND_TRY(is_near(search, &changed[i], &changed[k], &there, err));
            }
            if (there) {
                TEND_TRY(is_near(search, &changed[k], &changed[i], &back, err));
            }
            if (there && back) {
                TEND_TRY(report(search, &changed[i], &changed[k], err));
            }
        }
    }
    return TEND_OK;
}
