/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_clip.c: numbers that are cut off at a limit: what lay beyond it stands on it.
 *
 * The reference has a share p beyond the current maximum (or below the current minimum) c, and the
 * current rows have about that share more than the reference exactly at c. A range that shrinks by
 * itself leaves no heap at its end. The heap is seen where c is an atom of the plan or where the
 * rows were looked at (novelty.h).
 */
#include "judge/break_rules.h"

#include <math.h>

#define TAIL_MIN 0.02
#define HEAP_SHARE_MIN 0.5
#define HEAP_SHARE_MAX 2.0
#define CELLS_MIN 6
#define BEYOND_SD 0.25 /* the range must shrink by this part of a standard deviation */

/* The share of the values that stand exactly at x; 0 where that is not known. */
static double share_at(const struct tend__break_search *search, size_t column_idx, double x)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    for (size_t i = 0; i < plan->cell_count; i++) {
        if (plan->cell_lows[i] == x && plan->cell_highs[i] == x) {
            return (double)cur->cells[i] / n;
        }
    }
    size_t count = 0;
    const struct tend__novel_value *values =
        search->options->novelty != NULL
            ? tend__novelty_values(search->options->novelty, column_idx, &count)
            : NULL;
    for (size_t i = 0; i < count; i++) {
        if (values[i].number == x) {
            return (double)values[i].count / n;
        }
    }
    return 0;
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
