/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drift_vector.h: whether the vectors of two profiles come from one distribution.
 *
 * The statistic is the squared distance of the means of the random Fourier features, T = |mean z
 * (ref) - mean z (cur)|^2: the squared maximum mean discrepancy of a Gaussian kernel. Without drift
 * the difference of the means is normal in the limit, with covariance (1 / m + 1 / n) S, so T is
 * (1 / m + 1 / n) sum lambda_i Z_i^2 with lambda the eigenvalues of S, which the plan has. Both
 * sides' sampling errors are in it. docs/methods/embeddings.md.
 */
#ifndef TEND_JUDGE_DRIFT_VECTOR_H
#define TEND_JUDGE_DRIFT_VECTOR_H

#include <stdbool.h>
#include <stddef.h>

struct tend__profile;

struct tend__vector_distance {
    bool is_there; /* both sides have vectors, and the reference's are not all the same */
    double mmd;    /* sqrt(T) */
    double p_value;
    double effect; /* sqrt((T - its mean without drift) / sum lambda): the shift of the mean in
                      units of the reference's standard deviation in feature space; never below 0 */
};

/* Of column column_idx, a vector column of the plan of both. O(TEND_FEATURE_COUNT). */
void tend__vector_compare(const struct tend__profile *ref, const struct tend__profile *cur,
                          size_t column_idx, struct tend__vector_distance *out);

#endif
