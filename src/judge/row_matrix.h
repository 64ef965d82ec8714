/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_matrix.h: the rows of two samples as small whole numbers, for tests of many columns at once.
 *
 * Each side's rows are drawn into a learning half and a judging half by a seeded shuffle. All that
 * is learned (cut points, the order of categories, scores, the dependence of the numbers on each
 * other) is learned from the learning halves alone. So without drift the judging rows of both sides
 * are exchangeable whatever was learned, and a test on what becomes of them keeps its level.
 *
 * A number has up to TEND_BOOST_BINS - 1 bins between quantiles of the learning rows, and bin 0 for
 * missing. A text's categories are put into the order of their share of current rows among the
 * learning rows; rare and unseen ones are one category. A time is its hour of the day. Columns that
 * only one side has, that are missing in all rows of a side, or that have another type there, are
 * left out: the breaks name them.
 */
#ifndef TEND_JUDGE_ROW_MATRIX_H
#define TEND_JUDGE_ROW_MATRIX_H

#include "base/column.h"
#include "base/fail.h"

struct tend__matrix_column {
    const char *name; /* borrowed from the reference's batch */
    enum tend_type type;
    size_t ref_idx; /* in the two batches */
    size_t cur_idx;
};

/* Rows stand in this order: learning reference, learning current, judging reference, judging
 * current. */
struct tend__row_matrix {
    size_t column_count;
    struct tend__matrix_column *columns; /* numbers first: number_count of them */
    size_t number_count;
    size_t feature_count;  /* of a row of bins: a residual for each number after the columns */
    size_t learn_count[2]; /* reference, current */
    size_t judge_count[2];
    uint8_t *bins;  /* row x feature_count */
    double *scores; /* row x number_count: normal scores among the learning reference rows */
};

struct tend__row_matrix_options {
    const char *const *skipped; /* names that are left out; NULL entries are passed over */
    size_t skipped_count;
    size_t row_max;    /* of a side */
    size_t number_max; /* numbers that have scores and residuals: the first so many */
    uint64_t seed;
};

/* The caller deinits *out also on failure. column_count 0 and no rows where nothing can be
 * compared. TEND_ENOMEM. */
enum tend_code tend__row_matrix_init(struct tend__row_matrix *out, const struct tend__batch *ref,
                                     const struct tend__batch *cur,
                                     const struct tend__row_matrix_options *options,
                                     struct tend_error *err) TEND_NODISCARD;
void tend__row_matrix_deinit(struct tend__row_matrix *matrix);

/* Bins x (n values, `stride` apart in no way: they are dense) between quantiles of its first
 * learn_count values: out[i x stride] is 0 for NaN. `scratch` has room for 3 learn_count. */
void tend__bin_numbers(const double *x, size_t n, size_t learn_count, double *scratch, uint8_t *out,
                       size_t stride);

#endif
