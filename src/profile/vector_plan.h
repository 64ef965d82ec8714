/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector_plan.h: where a column of vectors is measured: the width of a kernel, and how much its
 * random features vary over the reference.
 *
 * Both come from a sample of the reference's distinct vectors, those of the smallest hashes, each
 * with the number of its rows: it depends on which vectors came how often, never on their order.
 * The width is the median distance of pairs of them (the median heuristic: Gretton, Borgwardt,
 * Rasch, Scholkopf and Smola 2012, "A kernel two-sample test", section 8). The spectrum is the
 * eigenvalues of the features' covariance over the sampled rows: what the null of the squared
 * distance of two means is made of (judge/drift.c).
 */
#ifndef TEND_PROFILE_VECTOR_PLAN_H
#define TEND_PROFILE_VECTOR_PLAN_H

#include "base/column.h"
#include "base/fail.h"
#include "sketch/random_features.h"

#define TEND_VECTOR_SAMPLE_MAX 1024
#define TEND_VECTOR_ITEM_MAX 1e150 /* sums of products of larger items could overflow */

struct tend__vector_plan {
    uint32_t dim;     /* 0 where the reference has no vector */
    double width;     /* 1 where the vectors are all the same */
    size_t rank;      /* eigenvalues above 0, at most TEND_FEATURE_COUNT */
    double *spectrum; /* descending, rank of them */
};

struct tend__vector_sample;

/* dim is 1..TEND_VECTOR_DIM_MAX. */
enum tend_code tend__vector_sample_new(size_t dim, struct tend__vector_sample **out,
                                       struct tend_error *err) TEND_NODISCARD;
void tend__vector_sample_free(struct tend__vector_sample *sample); /* NULL is fine */

/* A row of dim finite items, at most TEND_VECTOR_ITEM_MAX in size. */
void tend__vector_sample_add(struct tend__vector_sample *sample, const double *x);

/* The caller frees out->spectrum. TEND_ENOMEM. */
enum tend_code tend__vector_sample_plan(const struct tend__vector_sample *sample,
                                        struct tend__vector_plan *out,
                                        struct tend_error *err) TEND_NODISCARD;

/* Row row_idx as doubles; false where an item is not finite or larger than TEND_VECTOR_ITEM_MAX. */
bool tend__vector_row(const struct tend__column *column, size_t row_idx, double *out);

#endif
