/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h: a data set that can be read as often as it takes, and its profile.
 *
 * libtend does no I/O: whoever has rows (a file, a table in memory, an Arrow stream that was
 * collected) gives a function that goes through all of them, batch by batch, each time it is
 * called.
 */
#ifndef TEND_PROFILE_ROWS_H
#define TEND_PROFILE_ROWS_H

#include "base/column.h"
#include "base/fail.h"
#include "profile/profile.h"

struct tend__plan;
struct tend__profile;

/* Called with each batch of a pass; the first failure ends it. The batch is borrowed until it
 * returns. */
typedef enum tend_code tend__rows_fn(void *ctx, const struct tend__batch *batch,
                                     struct tend_error *err);

struct tend__rows {
    /* One pass over all rows, always in the same order, with the same fields in every batch. */
    enum tend_code (*each)(void *ctx, tend__rows_fn *fn, void *fn_ctx, struct tend_error *err);
    void *ctx;
};

struct tend__rows_profile_options {
    struct tend__plan *plan;          /* counts at its places; NULL makes a plan from the rows */
    const char *skip_column;          /* left out of the profile; NULL = none */
    size_t bin_max;                   /* of a plan that is made; 0 = default */
    size_t category_max;              /* the same */
    enum tend__sketch_scope sketches; /* of the profile */
    tend__rows_fn *also;              /* called with each batch of the first pass too, or NULL */
    void *also_ctx;
};

/* Profiles a data set: in one pass with a plan; without, in one where each column has few distinct
 * values or is a number without heavy values that are not whole; else two, seldom three. The caller
 * owns *out. Fails as the rows do; EINVAL where there is no batch. */
enum tend_code tend__rows_profile(const struct tend__rows *rows,
                                  const struct tend__rows_profile_options *options,
                                  struct tend__profile **out,
                                  struct tend_error *err) TEND_NODISCARD;

#endif
