/* SPDX-License-Identifier: Apache-2.0 */
/* drift_vector.c: means of exact sums of features, and the weighted chi-squared null. */
#include "judge/drift_vector.h"

#include "profile/profile.h"
#include "sketch/random_features.h"
#include "stat/weighted_chi2.h"

#include <math.h>

void tend__vector_compare(const struct tend__profile *ref, const struct tend__profile *cur,
                          size_t column_idx, struct tend__vector_distance *out)
{
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(ref), column_idx);
    const int64_t *a = tend__profile_column(ref, column_idx)->features;
    const int64_t *b = tend__profile_column(cur, column_idx)->features;
    const double m = (double)tend__profile_value_count(ref, column_idx);
    const double n = (double)tend__profile_value_count(cur, column_idx);
    *out = (struct tend__vector_distance){.p_value = 1};
    if (a == NULL || b == NULL || plan->rank == 0 || m == 0 || n == 0) {
        return;
    }
    double squares = 0;
    double trace = 0;
    for (size_t i = 0; i < TEND_FEATURE_COUNT; i++) {
        const double gap = (double)a[i] / m - (double)b[i] / n;
        squares += gap * gap;
    }
    for (size_t i = 0; i < plan->rank; i++) {
        trace += plan->spectrum[i];
    }
    squares /= TEND_FREQUENCY_COUNT * TEND_FEATURE_UNIT * TEND_FEATURE_UNIT;
    const double share = 1 / m + 1 / n;
    const double excess = squares - share * trace;
    out->is_there = true;
    out->mmd = sqrt(squares);
    out->p_value = tend__weighted_chi2_sf(plan->spectrum, plan->rank, squares / share);
    out->effect = excess > 0 ? sqrt(excess / trace) : 0;
}
