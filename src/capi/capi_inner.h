/* SPDX-License-Identifier: Apache-2.0 */
/* capi_inner.h: what is behind the public handles, and the passes over rows. */
#ifndef TEND_CAPI_CAPI_INNER_H
#define TEND_CAPI_CAPI_INNER_H

#include "base/buf.h"
#include "base/column.h"
#include "base/fail.h"
#include "profile/arrow_in.h"
#include "profile/plan.h"
#include "profile/profile.h"
#include "profile/rows.h"
#include "tend/rows.h"
#include "tend/text.h"

#define TEND_ROWS_BATCH                                                                            \
    2048 /* rows seen at once: what is decoded of a column stays in the cache                      \
          */

struct tend_rows {
    struct tend_arrow_schema schema; /* owned */
    struct tend_arrow_array *arrays; /* owned */
    size_t array_count;
    size_t array_cap;
    uint64_t row_count;
    tend_rows_open_fn *open; /* NULL in memory */
    void *open_ctx;
    size_t *selected; /* positions in the schema; NULL = all */
    size_t selected_count;
};

struct tend_plan {
    struct tend__plan *inner;
};

struct tend_profile {
    struct tend__profile *inner;
};

/* One pass over the rows. Several may go on at once over one set in memory. */
struct tend__rows_pass {
    const struct tend_rows *rows;
    struct tend__arrow_view *view;
    struct tend_arrow_stream stream;    /* of an opener */
    struct tend_arrow_array held;       /* its array at hand */
    const struct tend_arrow_array *now; /* the array at hand; NULL before the first */
    size_t array_idx;                   /* of the next array in memory */
    size_t begin;                       /* row of the next batch in the array at hand */
    struct tend_arrow_array narrow;     /* the array at hand with the selected columns */
    struct tend_arrow_array **children; /* of narrow */
};

/* TEND_ETYPE names a column whose type is not taken. _end is called after a failure too. */
enum tend_code tend__rows_begin(const struct tend_rows *rows, struct tend__rows_pass *pass,
                                struct tend_error *err) TEND_NODISCARD;
/* *out is NULL at the end; else it lives until the next call. No batch is empty. */
enum tend_code tend__rows_next(struct tend__rows_pass *pass, const struct tend__batch **out,
                               struct tend__batch *batch, struct tend_error *err) TEND_NODISCARD;
void tend__rows_end(struct tend__rows_pass *pass);

/* The fields of each batch of the pass. */
const struct tend__field *tend__rows_fields(const struct tend__rows_pass *pass, size_t *count);

/* Calls fn with every batch of one pass; the first failure ends it. */
enum tend_code tend__rows_each(const struct tend_rows *rows, tend__rows_fn *fn, void *fn_ctx,
                               struct tend_error *err) TEND_NODISCARD;

/* The set as the inner functions see one; borrowed. Rows are only read through it. */
struct tend__rows tend__rows_view(const struct tend_rows *rows);

/* Wraps a profile, which is freed on failure. */
enum tend_code tend__profile_wrap(struct tend__profile *inner, struct tend_profile **out,
                                  struct tend_error *err) TEND_NODISCARD;

/* A profile of its own with the same rows. */
enum tend_code tend__profile_clone(const struct tend__profile *from, struct tend__profile **out,
                                   struct tend_error *err) TEND_NODISCARD;

/* Hands the bytes of a buffer out, with a zero behind them; the buffer is empty afterwards. */
enum tend_code tend__text_take(struct tend__buf *buf, struct tend_text *out,
                               struct tend_error *err) TEND_NODISCARD;

#endif
