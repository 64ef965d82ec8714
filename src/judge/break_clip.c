/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_clip.c: numbers that are cut off at a limit: what lay beyond it stands on it.
 *
 * The reference has a share p beyond the current maximum (or below the current minimum) c, and the
 * current rows have about that share more than the reference exactly at c, and what lies on this
 * side of c is as it was. A range that shrinks by itself leaves no heap at its end. The heap is
 * seen where c is an atom of the plan or where the rows were looked at (novelty.h).
 */
#include "judge/break_rules.h"

#include <math.h>

#define TAIL_MIN 0.02
#define HEAP_SHARE_MIN 0.5
#define HEAP_SHARE_MAX 2.0
#define CELLS_MIN 6
#define SAMPLE_MIN 100
#define TAIL_ROWS_MIN 20.0 /* rows that should lie beyond */
#define SHAPE_TOLERANCE 0.04
#define BEYOND_SD 0.25 /* the range must shrink by this part of a standard deviation */

/* The same by the sample of the rows. */
static double share_of_sample(const struct tend__break_search *search, size_t column_idx, double x)
{
    const struct tend__batch *rows = &search->options->cur_rows;
    const struct tend__column *column = tend__break_rows_column(search, rows, column_idx);
    double count = 0;
    double n = 0;
    for (size_t i = 0; column != NULL && i < rows->row_count; i++) {
        if (tend__is_valid(column, i) && isfinite(column->f64[i])) {
            n += 1;
            count += column->f64[i] == x ? 1 : 0;
        }
    }
    return n >= SAMPLE_MIN ? count / n : 0;
}

/* The share of the values that stand exactly at x; 0 where that is not known. */
static double share_at(const struct tend__break_search *search, size_t column_idx, double x)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    size_t cell = 0;
    for (size_t i = 0; i < plan->cell_count; i++) {
        if (plan->cell_lows[i] == x && plan->cell_highs[i] == x) {
            return (double)cur->cells[i] / n;
        }
        cell = x > plan->cell_lows[i] && x <= plan->cell_highs[i] ? i : cell;
    }
    size_t count = 0;
    const struct tend__novel_value *values =
        search->options->novelty != NULL
            ? tend__novelty_values(search->options->novelty, column_idx, &count)
            : NULL;
    for (size_t i = 0; i < count; i++) {
        if (values[i].number == x) {
            const double rows = tend__break_novel_rows(search, column_idx, cell, values[i].count);
            return fmax(rows / n, share_of_sample(search, column_idx, x));
        }
    }
    return share_of_sample(search, column_idx, x);
}

/* Root mean square between the current distribution function and the reference's after the cut, at
 * the cells' ends on the side that is left. */
static double distance_clipped(const struct tend__break_search *search, size_t column_idx,
                               double limit, bool is_top)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    double now = 0;
    double sum = 0;
    double count = 0;
    for (size_t i = 0; i + 1 < plan->cell_count; i++) {
        const double end = plan->cell_highs[i];
        now += (double)cur->cells[i] / n;
        if (is_top ? end < limit : end >= limit) {
            const double before =
                tend__break_function(search, column_idx, end, tend__break_ends_open(plan, i));
            sum += (now - before) * (now - before);
            count++;
        }
    }
    return count > 0 ? sqrt(sum / count) : 0;
}

static double shape_limit(const struct tend__break_search *search, size_t column_idx)
{
    const double natural = tend__break_natural(search, column_idx, tend__break_function_distance);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    return fmax(SHAPE_TOLERANCE, natural) + 1 / sqrt(n);
}

static enum tend_code find_end(struct tend__break_search *search, size_t column_idx, bool is_top,
                               struct tend_error *err)
{
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const double limit = is_top ? cur->max : cur->min;
    const double beyond = is_top ? ref->max - limit : limit - ref->min;
    const double below = tend__break_function(search, column_idx, limit, true);
    const double up_to = tend__break_function(search, column_idx, limit, false);
    const double tail = is_top ? 1 - up_to : below;
    const double heap = share_at(search, column_idx, limit) - (up_to - below);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    if (tail * n < TAIL_ROWS_MIN || heap * n < TAIL_ROWS_MIN / 2 ||
        !(distance_clipped(search, column_idx, limit, is_top) < shape_limit(search, column_idx))) {
        return TEND_OK;
    }
    if (!(beyond > BEYOND_SD * tend__profile_sd(search->ref, column_idx)) || !(tail > TAIL_MIN) ||
        !(tail < 0.5) || !(heap > HEAP_SHARE_MIN * tail) || !(heap < HEAP_SHARE_MAX * tail)) {
        return TEND_OK;
    }
    struct tend__break found = tend__break_make(search, TEND_BREAK_CLIPPING, column_idx);
    tend__break_number_text(found.to, limit);
    tend__break_number_text(found.from, is_top
                                            ? tend__profile_column(search->ref, column_idx)->max
                                            : tend__profile_column(search->ref, column_idx)->min);
    found.offset = limit;
    found.factor = 0;
    found.share = heap;
    found.evidence = tail / TAIL_MIN;
    return tend__break_add(search, &found, err);
}

enum tend_code tend__break_find_clips(struct tend__break_search *search, struct tend_error *err)
{
    for (size_t i = 0; i < search->column_count; i++) {
        const struct tend__plan_column *plan = tend__plan_column(search->plan, i);
        const struct tend__column_profile *cur = tend__profile_column(search->cur, i);
        if (plan->type != TEND_TYPE_NUMBER || plan->cell_count < CELLS_MIN ||
            tend__break_is_explained(search, i) || cur->min == cur->max ||
            tend__profile_value_count(search->ref, i) < TEND__BREAK_VALUES_MIN ||
            tend__profile_value_count(search->cur, i) < TEND__BREAK_VALUES_MIN) {
            continue;
        }
        TEND_TRY(find_end(search, i, true, err));
        if (!tend__break_is_explained(search, i)) {
            TEND_TRY(find_end(search, i, false, err));
        }
    }
    return TEND_OK;
}
