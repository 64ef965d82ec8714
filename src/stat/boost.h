/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boost.h: a small gradient-boosted forest that tells two groups of rows apart.
 *
 * Logistic loss, histograms over at most TEND_BOOST_BINS bins a feature, trees of a fixed depth
 * grown level by level (Friedman 2001, "Greedy function approximation"; histograms and the
 * difference of siblings as in Ke et al. 2017, LightGBM). The second derivative is replaced by its
 * bound 1/4, so a bin keeps a sum and a count; that makes steps shorter than Newton's, never wrong.
 * No randomness: the same rows give the same forest.
 *
 * It is meant for a few thousand rows that were binned before: rows x features x trees x 2
 * additions of two numbers. Nothing is allocated while scoring.
 */
#ifndef TEND_STAT_BOOST_H
#define TEND_STAT_BOOST_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_BOOST_BINS 64
#define TEND_BOOST_DEPTH_MAX 6
#define TEND_BOOST_TREES_MAX 1000

/* bins[row x feature_count + feature], each below TEND_BOOST_BINS. */
struct tend__boost_rows {
    const uint8_t *bins;
    size_t row_count;
    size_t feature_count;
};

/* Zero values are the defaults. */
struct tend__boost_options {
    size_t tree_count;    /* 0 = 40 */
    size_t depth;         /* 0 = 3 */
    double rate;          /* shrinkage of a tree; 0 = .2 */
    size_t row_count_min; /* of a leaf; 0 = 10 */
};

struct tend__boost;

/* `labels` has 0 or 1 for each row. TEND_EINVAL where there is no row or feature, or an option is
 * out of range; TEND_ENOMEM. The caller frees *out. */
enum tend_code tend__boost_fit(const struct tend__boost_rows *rows, const uint8_t *labels,
                               const struct tend__boost_options *options, struct tend__boost **out,
                               struct tend_error *err) TEND_NODISCARD;
void tend__boost_free(struct tend__boost *boost); /* NULL is fine */

/* The log odds of label 1, one for each row, up to a constant. The features are those of the fit.
 */
void tend__boost_score(const struct tend__boost *boost, const struct tend__boost_rows *rows,
                       double *out);

/* What the splits on each feature took off the loss, relative to all: 0..1, in sum 1 (or all 0
 * where nothing was split). */
const double *tend__boost_gains(const struct tend__boost *boost);

#endif
