/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column_add.h: the part of a column's profile that needs no plan: nulls, moments, extremes, hours.
 *
 * The builder of a plan and a profile share it, so that what the builder saw in its one pass is
 * what a profile would have counted.
 */
#ifndef TEND_PROFILE_COLUMN_ADD_H
#define TEND_PROFILE_COLUMN_ADD_H

#include "profile/profile.h"
#include "profile/vector_plan.h"
#include "sketch/kernel.h"

#define TEND_NUMBER_BLOCK TEND_KERNEL_BLOCK

/* The finite numbers of a block of rows. */
struct tend__number_block {
    const double *x; /* the column's own memory where all rows are present and finite */
    size_t count;
    struct tend__extent extent; /* of these */
    double memory[TEND_NUMBER_BLOCK];
};

/* Everything zero, extremes as for no values, cells untouched. */
void tend__column_profile_reset(struct tend__column_profile *profile);

/* Adds rows begin .. begin + row_count of a number column (row_count at most TEND_NUMBER_BLOCK) to
 * all but the cells, and gives the finite values for who counts the cells. */
void tend__column_add_numbers(struct tend__column_profile *profile,
                              const struct tend__kernel *kernel, const struct tend__column *column,
                              size_t begin, size_t row_count, struct tend__number_block *block);

/* Gives the same finite values and adds nothing. */
void tend__column_finite_numbers(const struct tend__kernel *kernel,
                                 const struct tend__column *column, size_t begin, size_t row_count,
                                 struct tend__number_block *block);

/* All of a bool or time column, cells (2 or 24) included. */
void tend__column_add_bools(struct tend__column_profile *profile, const struct tend__column *column,
                            size_t row_count);
void tend__column_add_times(struct tend__column_profile *profile, const struct tend__column *column,
                            size_t row_count);

/* What is done with the rows of a vector column that are of the plan's dim and finite. */
struct tend__vector_adder {
    uint32_t dim;
    const struct tend__random_features *features; /* sums them in the profile; NULL = not */
    struct tend__vector_sample *sample;           /* NULL = none */
    double *room; /* dim numbers; with features, their scratch and TEND_FEATURE_COUNT more */
};

/* All of a vector column: nulls, rows of another dim, rows with an item that is not finite. */
void tend__column_add_vectors(struct tend__column_profile *profile,
                              const struct tend__vector_adder *adder,
                              const struct tend__column *column, size_t row_count);

/* The invalid rows of a column. */
size_t tend__column_null_count(const struct tend__column *column, size_t begin, size_t row_count);

#endif
