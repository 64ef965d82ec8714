/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predictor.h: how the engine sees a model that predicts: one function, and the bytes that it was
 * made from.
 *
 * Immutable after birth, so threads may share one. The bytes in `artefact` are what a version
 * stores and what makes the same predictor again; `hash` is their identity. All pointers die with
 * free_fn.
 */
#ifndef TEND_PORT_PREDICTOR_H
#define TEND_PORT_PREDICTOR_H

#include "base/compiler.h"
#include "tend/error.h"

#include <stddef.h>

/* One number a row into out[row_count]: a probability for a classifier, a value for a regression.
 * `x` is row-major, row_count x feature_count, NaN = missing. Fails with EINVAL where feature_count
 * is not the model's. */
typedef enum tend_code tend__predict_fn(void *ctx, const float *x, size_t row_count,
                                        size_t feature_count, double *out, struct tend_error *err);

struct tend__predictor {
    void *ctx;
    tend__predict_fn *predict;
    void (*free_fn)(void *ctx);
    const void *artefact; /* owned by ctx */
    size_t artefact_len;
    char hash[65]; /* SHA-256 of the artefact, lower-case hexadecimal */
};

/* Safe on a zeroed struct, and twice. */
static inline void tend__predictor_deinit(struct tend__predictor *predictor)
{
    if (predictor->free_fn != NULL) {
        predictor->free_fn(predictor->ctx);
    }
    *predictor = (struct tend__predictor){0};
}

/* Makes a predictor from the bytes of an artefact, which it copies. *out is untouched on failure.
 */
typedef enum tend_code tend__predictor_load_fn(const void *bytes, size_t len,
                                               struct tend__predictor *out, struct tend_error *err);

#endif
