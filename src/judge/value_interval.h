/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value_interval.h: from the residuals of past windows to the level, the interval and the states of
 * the next one.
 *
 * Knows nothing of labels or scores: it works on one small record a window. Steps 3 and 4 and the
 * states of docs/methods/estimated-value.md. Weights halve by distance in windows, so gaps in idx
 * count as time.
 */
#ifndef TEND_JUDGE_VALUE_INTERVAL_H
#define TEND_JUDGE_VALUE_INTERVAL_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One window of the past. `base` to `naive_recent` are what was known when it was published (or
 * replayed). */
struct tend__value_past {
    int64_t idx;
    bool is_published; /* in production; otherwise replayed from the reference */
    bool has_estimate;
    bool is_realised;
    double realised;
    double base;     /* V0 */
    double level;    /* m */
    double estimate; /* V = V0 + phi m */
    double noise;    /* N */
    double low;
    double high;
    double naive_reference; /* the reference mean */
    double naive_recent;    /* the recent mean */
};

struct tend__value_history {
    struct tend__value_past *windows; /* idx increasing */
    size_t count;
};

enum tend__value_predictor {
    TEND__VALUE_ESTIMATE,
    TEND__VALUE_NAIVE_REFERENCE,
    TEND__VALUE_NAIVE_RECENT
};

struct tend__value_interval {
    double half; /* INFINITY without residuals */
    double extra_variance;
    double quantile;
    double weight; /* sum of the weights of the residuals */
};

/* Room for as many values as there are windows. */
struct tend__value_scratch {
    double *scores;
    double *weights;
    size_t *order;
};

/* What an interval is asked for. */
struct tend__value_target {
    int64_t idx;
    double noise;
    double inflation; /* kappa */
    double coverage;
};

/* m: the shrunk mean of the residuals, half-life 3 windows, of realised windows with idx <=
 * known_until. */
double tend__value_level(const struct tend__value_history *history, int64_t idx,
                         int64_t known_until);

/* phi in 0..1: how much of m has come true, half-life 60, from the same windows; 0 with fewer
 * than 5. */
double tend__value_level_gain(const struct tend__value_history *history, int64_t idx,
                              int64_t known_until);

/* The mean of realised windows, half-life 7, at a distance of at least `gap`; NaN without any. */
double tend__value_recent_mean(const struct tend__value_history *history, int64_t idx, int64_t gap);

/* The half width for one predictor. Overwrites the scratch. */
struct tend__value_interval tend__value_interval_of(const struct tend__value_history *history,
                                                    const struct tend__value_target *target,
                                                    enum tend__value_predictor predictor,
                                                    const struct tend__value_scratch *scratch);

/* kappa for delay D, replay gap g and `matured_count` matured published residuals. */
double tend__value_inflation(size_t delay, size_t gap, size_t matured_count);

#endif
