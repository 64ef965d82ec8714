/* SPDX-License-Identifier: Apache-2.0 */
/* store_fill.h: from data to the windows of a store: tend profile with --every. */
#ifndef TEND_CLI_STORE_FILL_H
#define TEND_CLI_STORE_FILL_H

#include "cli/app.h"
#include "cli/data.h"
#include "cli/store.h"

struct tend__store_fill {
    const char *data;   /* what is read */
    const char *folder; /* the store, made where it is not there */
    const char *plan;   /* a profile or a store whose plan a new one takes; NULL: of the data */
    const char *time_column;     /* NULL: the store's, or the data's only column of times */
    const char *skip_column;     /* NULL: none */
    int64_t every_us;            /* 0: the store's, or of a new one the next */
    int64_t every_default_us;    /* 0: a day */
    int64_t since_us;            /* rows from here; INT64_MIN: all */
    int64_t until_us;            /* to before here; INT64_MAX: all */
    const char *const *segments; /* rules; none: the store's, or no segments */
    size_t segment_count;
    size_t segment_value_max; /* 0 = default */
    size_t bin_max;           /* 0 = default */
    bool sketches;            /* of all columns */
};

struct tend__store_filled {
    uint64_t row_count;      /* in windows */
    uint64_t timeless_count; /* rows without a time, in none */
    uint64_t failed_count;   /* rows on which the condition of a segment failed */
    size_t window_count;
    size_t replaced_count;
    size_t segment_count;
    int64_t every_us;
    int64_t first_us; /* where the first window starts */
    int64_t last_us;  /* where the last one ends */
    bool is_new;
    bool is_sorted; /* the rows were not in the order of time and were sorted */
};

enum tend_code tend__store_fill(const struct tend__app *app, struct tend__lake *lake,
                                const struct tend__store_fill *options,
                                struct tend__store_filled *out,
                                struct tend_error *err) TEND_NODISCARD;

/* Which column holds the time: `asked`, or the data's only column of times. *out points into
 * `fields` or is `asked`. TEND_EINVAL where it has to be asked for. */
enum tend_code tend__time_column_find(const struct tend__field *fields, size_t field_count,
                                      const char *asked, const char *path, const char **out,
                                      struct tend_error *err) TEND_NODISCARD;

/* The rows from .. to before .. as a condition of the lake; nothing where both are open. */
void tend__time_where(struct tend__buf *out, const char *time_column, int64_t since_us,
                      int64_t until_us);

#endif
