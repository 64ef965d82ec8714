/* SPDX-License-Identifier: Apache-2.0 */
/*
 * windows.h: one pass over rows, a profile for each window of time and each segment.
 *
 * Rows should come in the order of their time, more or less: a few windows are open at once, as
 * many as fit the memory that is allowed and at least two. When one more is needed the oldest is
 * closed: its profiles are handed over and freed. A row of a window that was closed already means
 * that the rows were not in order: the pass is void, and must be made again over rows that were
 * sorted. The profiles are the same whatever the order was.
 */
#ifndef TEND_PROFILE_WINDOWS_H
#define TEND_PROFILE_WINDOWS_H

#include "base/column.h"
#include "base/fail.h"
#include "profile/profile.h"
#include "profile/segments.h"

struct tend__windows;

/* Called with each window that is closed, ascending: profiles[0] is of all its rows, the others of
 * the segments in their order. They are labelled, and borrowed until it returns. */
typedef enum tend_code tend__window_fn(void *ctx, struct tend__profile *const *profiles,
                                       size_t profile_count, struct tend_error *err);

struct tend__windows_options {
    struct tend__plan *plan;
    const struct tend__segments *segments; /* NULL: none; borrowed */
    const char *time_column;               /* a column of times */
    int64_t every_us;  /* length of a window, which start at multiples since 1970; above 0 */
    size_t memory_max; /* bytes of open windows; 0 = 256 MiB */
    bool sketches;     /* of all columns, of the whole and of every segment; without, of none */
    tend__window_fn *fn;
    void *ctx;
};

/* For rows with these fields. TEND_ENOTFOUND and TEND_ETYPE where the time column is not there or
 * holds no times; as tend__segmenter_new. Texts of `options` are borrowed. */
enum tend_code tend__windows_new(const struct tend__windows_options *options,
                                 const struct tend__field *fields, size_t field_count,
                                 struct tend__windows **out, struct tend_error *err) TEND_NODISCARD;
void tend__windows_free(struct tend__windows *windows); /* NULL is fine */

/* *in_order is false where the pass is void. Fails as fn does; after a failure it can only be
 * freed. */
enum tend_code tend__windows_add(struct tend__windows *windows, const struct tend__batch *batch,
                                 bool *in_order, struct tend_error *err) TEND_NODISCARD;
/* Closes all windows that are open. */
enum tend_code tend__windows_finish(struct tend__windows *windows,
                                    struct tend_error *err) TEND_NODISCARD;

uint64_t
tend__windows_timeless_count(const struct tend__windows *windows);        /* rows without a time */
uint64_t tend__windows_failed_count(const struct tend__windows *windows); /* of conditions */

#endif
