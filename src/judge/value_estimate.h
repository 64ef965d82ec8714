/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value_estimate.h: what a window of rows is worth before its outcomes are known, with an interval
 * that was checked.
 *
 * For a binary label. A row is worth v0 if its label will be 0 and v0 + delta if it will be 1; the
 * chance of a 1 is read from a curve over the score that is refitted to the matured windows
 * (isotonic, half-life 28 windows). The level is corrected by recent residuals with a learned gain,
 * and the interval comes from replaying past windows, never from a variance formula. Formulas,
 * sources and measured coverage: docs/methods/estimated-value.md.
 *
 * Order of calls: new, reference (once for each window before go-live, oldest first), then for each
 * window of production `window` when it closes and `outcomes` when its labels have matured. The
 * first `window` is go-live: it replays the reference windows. One estimator belongs to one version
 * of a model (its scores); one thread at a time.
 *
 * State: bins x windows counts of labels, and a few numbers a window; at most history_max windows
 * are kept. Rows are not kept. The order of the rows within a window changes nothing: sums are
 * exact.
 */
#ifndef TEND_JUDGE_VALUE_ESTIMATE_H
#define TEND_JUDGE_VALUE_ESTIMATE_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_VALUE_BIN_MAX 400
#define TEND_VALUE_HISTORY_MAX 2000
#define TEND_LABEL_UNKNOWN 255

struct tend__value_estimator;

/* Zero values are the defaults. */
struct tend__value_estimator_options {
    size_t bin_max;       /* 0 = 400; at most TEND_VALUE_BIN_MAX */
    size_t delay_windows; /* labels of window u are known from window u + delay on; 0 = 1 */
    size_t history_max;   /* windows kept; 0 = 400 */
    double coverage;      /* nominal share of windows inside the interval, .75..1; 0 = .9 */
};

/* The rows of one window. Rows whose score, delta or v0 is not a finite number are left out and
 * counted. */
struct tend__value_window {
    int64_t idx; /* position in time; increases from call to call; gaps are fine */
    size_t row_count;
    const double *score;
    const double *delta; /* v(decision, 1) - v(decision, 0) */
    const double *v0;    /* v(decision, 0) */
};

/* The matured outcomes of one window. `score` and `label` are aligned with each other and may hold
 * fewer rows than the window had (some outcomes never come). Labels other than 0 and 1 are left
 * out. */
struct tend__value_outcomes {
    int64_t idx;
    size_t row_count;
    const double *score;
    const uint8_t *label;
    double realised_per_row; /* the mean of the realised values; NaN where nothing matured */
};

enum tend__value_state {
    TEND_VALUE_OK,
    TEND_VALUE_UNINFORMATIVE, /* the interval is no narrower than what a plain mean would give, or
                                 too little history */
    TEND_VALUE_DEMOTED        /* matured outcomes fell outside the interval too often */
};

struct tend__value_estimate {
    double per_row;
    double low; /* -INFINITY and INFINITY where there is no history to replay */
    double high;
    enum tend__value_state state;
    bool sign_unknown; /* the interval holds 0 */
    size_t row_count;  /* rows that were used */
    size_t left_out_count;
    /* The evidence, by the letters of docs/methods/estimated-value.md */
    double base;           /* V0: from the curve alone */
    double level;          /* m */
    double level_gain;     /* phi, 0..1 */
    double outcome_noise;  /* N: variance of the window's mean given the curve */
    double extra_variance; /* tau squared */
    double quantile;       /* q */
    double inflation;      /* kappa */
    double naive_half;     /* half width of the better of two plain means; NaN without history */
    double history_weight; /* sum of the weights of the replayed and matured residuals */
};

/* "ok", "uninformative" or "demoted". */
const char *tend__value_state_text(enum tend__value_state state);

/* Cuts the score into at most bin_max bins at quantiles of n reference scores (not-finite ones are
 * ignored). EINVAL where no score is finite or an option is out of range. *out is released by
 * tend__value_estimator_free. */
enum tend_code tend__value_estimator_new(const struct tend__value_estimator_options *options,
                                         const double *reference_scores, size_t n,
                                         struct tend__value_estimator **out,
                                         struct tend_error *err) TEND_NODISCARD;
void tend__value_estimator_free(struct tend__value_estimator *estimator);

/* One window before go-live together with its matured outcomes. EINVAL after the first `window`, or
 * where idx does not increase. */
enum tend_code tend__value_estimator_reference(struct tend__value_estimator *estimator,
                                               const struct tend__value_window *window,
                                               const struct tend__value_outcomes *outcomes,
                                               struct tend_error *err) TEND_NODISCARD;

/* Estimates and publishes one window. A window without a usable row is published as NaN,
 * uninformative. EINVAL where idx does not increase. */
enum tend_code tend__value_estimator_window(struct tend__value_estimator *estimator,
                                            const struct tend__value_window *window,
                                            struct tend__value_estimate *out,
                                            struct tend_error *err) TEND_NODISCARD;

/* Tells the matured outcomes of a published window. Windows may mature in any order, each once.
 * ENOTFOUND where the window was never published or is older than the history kept; EINVAL where it
 * has matured before. */
enum tend_code tend__value_estimator_outcomes(struct tend__value_estimator *estimator,
                                              const struct tend__value_outcomes *outcomes,
                                              struct tend_error *err) TEND_NODISCARD;

/* Whether outcomes have contradicted the intervals (and not yet agreed with them again). */
bool tend__value_estimator_is_demoted(const struct tend__value_estimator *estimator);

/* The curve that the last window was estimated with: the chance of label 1 at a score. NaN before
 * the first window. */
double tend__value_estimator_chance(const struct tend__value_estimator *estimator, double score);

#endif
