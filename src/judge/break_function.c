/* SPDX-License-Identifier: Apache-2.0 */
/* break_function.c: the reference's distribution functions, read from the cells of its profile. */
#include "judge/break_rules.h"

#include <math.h>

static bool is_atom(const struct tend__plan_column *plan, size_t cell)
{
    return plan->cell_lows[cell] == plan->cell_highs[cell];
}

double tend__break_function(const struct tend__break_search *search, size_t column_idx, double x,
                            bool is_strict)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const double n = (double)tend__profile_value_count(search->ref, column_idx);
    double sum = 0;
    for (size_t i = 0; i < ref->cell_count; i++) {
        const double low = fmax(plan->cell_lows[i], ref->min);
        const double high = fmin(plan->cell_highs[i], ref->max);
        const bool is_point = is_atom(plan, i) || !(low < high);
        if (is_point && is_strict ? high < x : high <= x) {
            sum += (double)ref->cells[i];
        } else if (!is_point && low < x) {
            sum += (double)ref->cells[i] * (x - low) / (high - low);
        }
    }
    return n > 0 ? sum / n : 0;
}

bool tend__break_ends_open(const struct tend__plan_column *plan, size_t cell)
{
    return cell + 1 < plan->cell_count && !is_atom(plan, cell) && is_atom(plan, cell + 1) &&
           plan->cell_lows[cell + 1] == plan->cell_highs[cell];
}

double tend__break_function_distance(const struct tend__break_search *search,
                                     const struct tend__profile *other, size_t column_idx)
{
    const struct tend__column_profile *a = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *b = tend__profile_column(other, column_idx);
    const double n_a = (double)tend__profile_value_count(search->ref, column_idx);
    const double n_b = (double)tend__profile_value_count(other, column_idx);
    double f_a = 0;
    double f_b = 0;
    double sum = 0;
    if (!(n_a > 0) || !(n_b > 0) || a->cell_count < 2) {
        return 0;
    }
    for (size_t i = 0; i + 1 < a->cell_count; i++) {
        f_a += (double)a->cells[i] / n_a;
        f_b += (double)b->cells[i] / n_b;
        sum += (f_a - f_b) * (f_a - f_b);
    }
    return sqrt(sum / (double)(a->cell_count - 1));
}
