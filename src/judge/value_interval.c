/* SPDX-License-Identifier: Apache-2.0 */
/* value_interval.c: weighted sums over past windows; see value_interval.h for the contract. */
#include "judge/value_interval.h"

#include "stat/quantile.h"

#include <math.h>

#define LEVEL_HALF_LIFE 3.0
#define GAIN_HALF_LIFE 60.0
#define GAIN_SHRINKAGE 10.0
#define GAIN_PAIR_MIN 5
#define RESIDUAL_HALF_LIFE 30.0
#define RECENT_HALF_LIFE 7.0
#define INFLATION_MAX 3.0
#define INFLATION_WINDOWS 20.0

static double distance_of(int64_t a, int64_t b)
{
    return fabs((double)a - (double)b);
}

static bool has_residual(const struct tend__value_past *past)
{
    return past->is_realised && past->has_estimate;
}

double tend__value_level(const struct tend__value_history *history, int64_t idx,
                         int64_t known_until)
{
    double sum = 0;
    double weights = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct tend__value_past *past = &history->windows[i];
        if (past->idx > known_until || !has_residual(past)) {
            continue;
        }
        const double weight = exp2(-distance_of(idx, past->idx) / LEVEL_HALF_LIFE);
        sum += weight * (past->realised - past->base);
        weights += weight;
    }
    return sum / (1 + weights);
}

double tend__value_level_gain(const struct tend__value_history *history, int64_t idx,
                              int64_t known_until)
{
    double s_rm = 0;
    double s_mm = 0;
    double s_w = 0;
    size_t pair_count = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct tend__value_past *past = &history->windows[i];
        if (past->idx > known_until || !has_residual(past)) {
            continue;
        }
        const double weight = exp2(-distance_of(idx, past->idx) / GAIN_HALF_LIFE);
        s_rm += weight * (past->realised - past->base) * past->level;
        s_mm += weight * past->level * past->level;
        s_w += weight;
        pair_count++;
    }
    if (pair_count < GAIN_PAIR_MIN || !(s_mm > 0)) {
        return 0;
    }
    const double gain = s_rm / (s_mm * (1 + GAIN_SHRINKAGE / s_w));
    return fmin(1, fmax(0, gain));
}

double tend__value_recent_mean(const struct tend__value_history *history, int64_t idx, int64_t gap)
{
    double sum = 0;
    double weights = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct tend__value_past *past = &history->windows[i];
        const double distance = distance_of(idx, past->idx);
        if (!past->is_realised || distance < (double)gap) {
            continue;
        }
        const double weight = exp2(-distance / RECENT_HALF_LIFE);
        sum += weight * past->realised;
        weights += weight;
    }
    return weights > 0 ? sum / weights : (double)NAN;
}

static double residual_of(const struct tend__value_past *past, enum tend__value_predictor predictor)
{
    switch (predictor) {
    case TEND__VALUE_ESTIMATE:
        return past->realised - past->estimate;
    case TEND__VALUE_NAIVE_REFERENCE:
        return past->realised - past->naive_reference;
    case TEND__VALUE_NAIVE_RECENT:
        return past->realised - past->naive_recent;
    }
    return (double)NAN;
}

struct tend__value_interval tend__value_interval_of(const struct tend__value_history *history,
                                                    const struct tend__value_target *target,
                                                    enum tend__value_predictor predictor,
                                                    const struct tend__value_scratch *scratch)
{
    double excess = 0;
    double weights = 0;
    size_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct tend__value_past *past = &history->windows[i];
        const double residual = residual_of(past, predictor);
        if (!has_residual(past) || !isfinite(residual)) {
            continue;
        }
        const double weight = exp2(-distance_of(target->idx, past->idx) / RESIDUAL_HALF_LIFE);
        excess += weight * (residual * residual - past->noise);
        weights += weight;
        count++;
    }
    if (count == 0) {
        return (struct tend__value_interval){.half = (double)INFINITY, .quantile = (double)NAN};
    }
    const double extra = fmax(0, excess / weights);
    count = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct tend__value_past *past = &history->windows[i];
        const double residual = residual_of(past, predictor);
        if (!has_residual(past) || !isfinite(residual)) {
            continue;
        }
        const double spread = sqrt(past->noise + extra);
        const double size = fabs(residual);
        /* Without any spread the residual is 0 too, or the curve was sure and wrong. */
        scratch->scores[count] = spread > 0 ? size / spread : (size > 0 ? (double)INFINITY : 0);
        scratch->weights[count] = exp2(-distance_of(target->idx, past->idx) / RESIDUAL_HALF_LIFE);
        count++;
    }
    const double quantile = tend__conformal_quantile(scratch->scores, scratch->weights, count,
                                                     target->coverage, scratch->order, NULL);
    const double spread = sqrt(target->noise + target->inflation * extra);
    return (struct tend__value_interval){
        .half = spread > 0 ? quantile * spread : (quantile > 0 ? (double)INFINITY : 0),
        .extra_variance = extra,
        .quantile = quantile,
        .weight = weights,
    };
}

double tend__value_inflation(size_t delay, size_t gap, size_t matured_count)
{
    const double ratio = fmin(INFLATION_MAX, (double)delay / (double)gap);
    const double unseen = fmax(0, 1 - (double)matured_count / INFLATION_WINDOWS);
    return 1 + (ratio - 1) * unseen;
}
