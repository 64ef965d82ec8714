/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multivariate.h: what no single column shows: whether whole rows of two samples differ.
 *
 * Two tests, both on rows that nothing was learned from (row_matrix.h):
 *   domain classifier  a boosted forest (stat/boost.h) learns to tell current rows from reference
 *                      rows; its AUC on other rows is 1/2 without drift. Beside the columns it sees
 *                      for each number its residual given the other numbers, as the reference's
 *                      learning rows have them: a broken pairing shows there at once.
 *   pca                the numbers' normal scores, and how badly the principal components of the
 *                      reference's learning rows (65 % of the variance, all but one at most)
 *                      reconstruct other rows:
 *                      larger or smaller errors than the reference's are a changed dependence.
 * Both statistics are rank sums of two groups that are exchangeable without drift, so their
 * p-values hold whatever was learned; they assume, as all p-values here, that rows are independent.
 * docs/methods/multivariate.md.
 */
#ifndef TEND_JUDGE_MULTIVARIATE_H
#define TEND_JUDGE_MULTIVARIATE_H

#include "base/column.h"
#include "base/fail.h"

#define TEND_MULTIVARIATE_COLUMNS_MAX 8   /* that are named */
#define TEND_MULTIVARIATE_TOLERANCE 0.1   /* of the effects: an AUC of .55 */
#define TEND_MULTIVARIATE_NUMBERS_MAX 128 /* numbers whose dependence is looked at: the first */

/* A column, and its part in what was found: 0..1. */
struct tend__multivariate_column {
    const char *name; /* borrowed from the reference's batch */
    double share;
};

struct tend__multivariate_test {
    bool is_there; /* there were columns and rows enough */
    double auc; /* classifier: of its scores; pca: share of pairs with the larger error current */
    double p_value;  /* classifier: for auc above 1/2; pca: for either side */
    double effect;   /* classifier: 2 auc - 1, at least 0; pca: its size */
    size_t rows_ref; /* judging rows */
    size_t rows_cur;
    size_t component_count; /* pca */
    double error_ref;       /* pca: mean squared error a number, of judging rows */
    double error_cur;
    size_t column_count; /* named, the largest share first */
    struct tend__multivariate_column columns[TEND_MULTIVARIATE_COLUMNS_MAX];
};

struct tend__multivariate {
    size_t column_count; /* that were looked at */
    size_t number_count;
    struct tend__multivariate_test domain;
    struct tend__multivariate_test pca;
};

/* Zero values are the defaults. */
struct tend__multivariate_options {
    const char *const *skipped; /* columns that are left out; NULL entries are passed over */
    size_t skipped_count;
    size_t row_max; /* of a side; 0 = 4,096, fewer where there are many columns */
    uint64_t seed;
};

/* Of two uniform samples of rows. Fewer than 60 rows on a side, or fewer than two columns (pca: two
 * numbers), leave a test out. O(rows x columns), some ten milliseconds. TEND_ENOMEM. */
enum tend_code tend__multivariate_compare(const struct tend__batch *ref,
                                          const struct tend__batch *cur,
                                          const struct tend__multivariate_options *options,
                                          struct tend__multivariate *out,
                                          struct tend_error *err) TEND_NODISCARD;

#endif
