/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trainer.h: how the engine has models trained: jobs in, predictors out.
 *
 * A trainer runs the jobs of one call side by side, as many as it sees fit, each in a process of
 * its own. The same job gives the same bytes every time. All jobs succeed or the call fails: the
 * engine counts a failed retraining as one event and tries again another day.
 */
#ifndef TEND_PORT_TRAINER_H
#define TEND_PORT_TRAINER_H

#include "port/predictor.h"

#include <stdbool.h>
#include <stdint.h>

struct tend__train_job {
    const float *x; /* row_count x feature_count, row-major; NaN = missing; a category is its code
                       0, 1, 2 .. */
    const float *y; /* row_count; 0 or 1 for binary:logistic; finite */
    const float *weight; /* row_count, at least 0 and finite; NULL = all 1 */
    size_t row_count;
    size_t feature_count;
    const bool *is_category; /* feature_count; NULL = all numbers */
    const char *objective;   /* "binary:logistic" or "reg:squarederror" */
    uint32_t rounds;         /* trees; 0 = 50 */
    uint32_t depth;          /* of a tree; 0 = 6 */
    double eta;              /* learning rate; 0 = 0.3 */
    uint64_t seed;
    uint32_t bin_max;        /* histogram bins of a number; 0 = 64 */
    double subsample;        /* share of the rows that a tree sees; 0 = 1 */
    double child_weight_min; /* least sum of hessians in a leaf; 0 = 1 */
};

struct tend__trainer {
    void *ctx;
    /* Fills out[job_count], which the caller releases; untouched on failure. */
    enum tend_code (*train)(void *ctx, const struct tend__train_job *jobs, size_t job_count,
                            struct tend__predictor *out, struct tend_error *err);
    void (*free_fn)(void *ctx);
};

/* Safe on a zeroed struct, and twice. */
static inline void tend__trainer_deinit(struct tend__trainer *trainer)
{
    if (trainer->free_fn != NULL) {
        trainer->free_fn(trainer->ctx);
    }
    *trainer = (struct tend__trainer){0};
}

#endif
