/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forest.h: serves the gradient-boosted trees that XGBoost trained, without XGBoost.
 *
 * Reads the model files of XGBoost 2 and 3 (JSON and UBJSON, told apart by their first bytes):
 * gbtree and dart, numeric and categorical splits, default directions for missing values. Sums are
 * binary32 and run in the order of the trees, as XGBoost does, so that margins agree bit for bit.
 * Objectives: binary:logistic, reg:logistic, binary:logitraw, reg:squarederror, reg:absoluteerror,
 * reg:pseudohubererror, count:poisson, reg:gamma, reg:tweedie. See docs/models.md.
 */
#ifndef TEND_MODEL_FOREST_H
#define TEND_MODEL_FOREST_H

#include "base/fail.h"
#include "port/predictor.h"

#include <stddef.h>

struct tend__forest; /* immutable: threads may share one */

/* Of a model file in memory, which is not kept. ECORRUPT: not such a model, EUNSUPPORTED: a model
 * that tend does not serve (the text names the reason), ELIMIT: too large. *out is untouched on
 * failure. */
enum tend_code tend__forest_load(const void *bytes, size_t len, struct tend__forest **out,
                                 struct tend_error *err) TEND_NODISCARD;
void tend__forest_free(struct tend__forest *forest);

size_t tend__forest_feature_count(const struct tend__forest *forest);
size_t tend__forest_tree_count(const struct tend__forest *forest);
const char *tend__forest_objective(const struct tend__forest *forest);

/* Row-major x, row_count x feature_count, NaN = missing. `out` takes row_count numbers: the
 * probability for a logistic objective, the value for a regression. An infinite number compares as
 * a number. EINVAL where feature_count is not the model's. */
enum tend_code tend__forest_predict(const struct tend__forest *forest, const float *x,
                                    size_t row_count, size_t feature_count, double *out,
                                    struct tend_error *err) TEND_NODISCARD;

/* The same before the objective's link: XGBoost's output_margin. */
enum tend_code tend__forest_margin(const struct tend__forest *forest, const float *x,
                                   size_t row_count, size_t feature_count, double *out,
                                   struct tend_error *err) TEND_NODISCARD;

/* A predictor that owns a forest and a copy of the bytes; a tend__predictor_load_fn. */
enum tend_code tend__forest_predictor(const void *bytes, size_t len, struct tend__predictor *out,
                                      struct tend_error *err) TEND_NODISCARD;

#endif
