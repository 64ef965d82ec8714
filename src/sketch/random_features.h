/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random_features.h: a vector's random Fourier features, whose mean over rows is a mergeable
 * summary of a distribution of vectors.
 *
 * z(x) = (cos w_1'x, sin w_1'x, ..., cos w_F'x, sin w_F'x) / sqrt(F) with w_k ~ N(0, I / s^2) has
 * z(x)'z(y) ~ exp(-|x - y|^2 / (2 s^2)), so |mean z(X) - mean z(Y)|^2 is the squared maximum mean
 * discrepancy of that kernel, up to the features' own error (Rahimi and Recht 2007, "Random
 * features for large-scale kernel machines"; pairs of cosine and sine: Sutherland and Schneider
 * 2015, "On the error of random Fourier features").
 *
 * The frequencies are structured: x is padded with zeros to a power of two p (F at least), and F of
 * the p products are taken of (1 / (p s)) H D1 H D2 H D3 x, with H the Hadamard matrix and D random
 * signs (Yu, Suresh, Choromanski, Holtmann-Rice and Kumar 2016, "Orthogonal random features"), so a
 * row costs 3 p log p additions and F cosines and sines. The cosine is a polynomial of our own, so
 * that the bits are the same on every machine.
 *
 * Sums are exact: each feature is rounded once to a multiple of 2^-28 (of sqrt(F) z, which is in
 * [-1, 1]) and added as an integer, so neither the order of the rows nor their division matters.
 */
#ifndef TEND_SKETCH_RANDOM_FEATURES_H
#define TEND_SKETCH_RANDOM_FEATURES_H

#include "base/fail.h"

#include <stddef.h>
#include <stdint.h>

#define TEND_FREQUENCY_COUNT 128
#define TEND_FEATURE_COUNT 256        /* a cosine and a sine for each frequency */
#define TEND_FEATURE_UNIT 268435456.0 /* 2^28 */
#define TEND_FEATURE_ROWS_MAX (UINT64_C(1) << 34)

/* Immutable after new. */
struct tend__random_features;

/* For vectors of `dim` items (1..TEND_VECTOR_DIM_MAX) and the kernel's width s, 1e-100 at least and
 * finite. The signs are a function of dim alone. TEND_EINVAL, TEND_ENOMEM. */
enum tend_code tend__random_features_new(size_t dim, double width,
                                         struct tend__random_features **out,
                                         struct tend_error *err) TEND_NODISCARD;
void tend__random_features_free(struct tend__random_features *features); /* NULL is fine */

/* How many numbers of scratch a row needs: p above. */
size_t tend__random_features_scratch(const struct tend__random_features *features);

/* z[TEND_FEATURE_COUNT] = sqrt(F) z(x): TEND_FREQUENCY_COUNT cosines, then the sines. Items must be
 * finite and at most 1e150 in size. */
void tend__random_features_of(const struct tend__random_features *features, const double *x,
                              double *scratch, double *z);

/* Adds the features of a row to sums[TEND_FEATURE_COUNT], in units of 1 / TEND_FEATURE_UNIT. Not
 * more than TEND_FEATURE_ROWS_MAX rows fit. */
void tend__random_features_add(const double *z, int64_t *sums);

#endif
