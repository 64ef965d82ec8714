/* SPDX-License-Identifier: Apache-2.0 */
/* profile_inner.h: a profile as the files of this folder see it. */
#ifndef TEND_PROFILE_PROFILE_INNER_H
#define TEND_PROFILE_PROFILE_INNER_H

#include "profile/profile.h"

struct tend__profile {
    struct tend__plan *plan;          /* one reference */
    struct tend__profile_label label; /* texts are owned */
    uint64_t row_count;
    struct tend__column_profile *columns; /* as the plan's */
    uint64_t *cells;                      /* of all columns, one after another */
    int64_t *features;                    /* of all vector columns, one after another */
    double *vector_row;    /* room for a row of the longest vectors, its features, and scratch */
    size_t *batch_columns; /* where the last batch had each column: a guess for the next */
    struct tend__new_column *new_columns; /* ascending by name; names are owned */
    size_t new_count;
    size_t new_cap;
    enum tend__sketch_scope sketch_scope;
    struct tend__column_sketches **sketches; /* one a column of the plan or NULL; NULL: none */
};

/* Counts rows of a column that the plan does not have. Its sketches are left as they are. */
enum tend_code tend__profile_add_new(struct tend__profile *profile,
                                     const struct tend__new_column *column,
                                     struct tend_error *err) TEND_NODISCARD;

/* NULL where the profile does not have it. */
struct tend__new_column *tend__profile_find_new(struct tend__profile *profile, const char *name);

/* Makes the sketches of a new column for values of a type, where it gets any. */
enum tend_code tend__profile_meet_new(const struct tend__profile *profile,
                                      struct tend__new_column *column, enum tend_type type,
                                      struct tend_error *err) TEND_NODISCARD;

/* Before rows are added up: all that can fail; then what cannot. */
enum tend_code tend__profile_prepare_sketches(struct tend__profile *into,
                                              const struct tend__profile *from,
                                              struct tend_error *err) TEND_NODISCARD;
void tend__profile_merge_sketches(struct tend__profile *into, const struct tend__profile *from);
void tend__profile_free_sketches(struct tend__profile *profile);

void tend__label_deinit(struct tend__profile_label *label);
/* The window of a sum of two. */
void tend__label_merge(struct tend__profile_label *into, const struct tend__profile_label *from);

#endif
