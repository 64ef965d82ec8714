/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.h: how each column went over time: what is kept of a window's profile, and its distance
 * from the reference.
 *
 * Windows have a slot each, from the first to the last, so that one without rows is a gap.
 * Distances are those of drift.h: every window is compared by itself, so of many windows without
 * drift some are said to have drifted, at the rate of the tests' p-values where the effect is also
 * above the tolerance.
 */
#ifndef TEND_JUDGE_HISTORY_H
#define TEND_JUDGE_HISTORY_H

#include "base/fail.h"
#include "profile/profile.h"

#define TEND_HISTORY_SHARES 7                    /* categories that are followed, and the rest */
#define TEND_HISTORY_SLOT_MAX 20000              /* windows from the first to the last */
#define TEND_HISTORY_POINT_MAX ((size_t)4 << 20) /* slots x columns */

enum tend__history_quantile {
    TEND_HISTORY_P05,
    TEND_HISTORY_P25,
    TEND_HISTORY_P50,
    TEND_HISTORY_P75,
    TEND_HISTORY_P95,
    TEND_HISTORY_QUANTILES
};

/* A column in a window; NaN where something has no meaning for the column or there are no values.
 */
struct tend__history_point {
    double row_count;  /* of the column; NaN in a gap */
    double null_share; /* of its rows: nulls, NaN and infinities */
    double mean;       /* of a bool: the share of true */
    double sd;
    double quantiles[TEND_HISTORY_QUANTILES];
    double
        shares[TEND_HISTORY_SHARES]; /* of a text's values: the largest categories, the rest last */
    double effect; /* distance from the reference less its mean under no change; see drift.h */
    double q_value;
    bool is_judged;
    bool drifted;
};

/* A category that is followed. */
struct tend__history_column {
    size_t share_count; /* 0 for what is no text; else the rest is the last */
    size_t category_idx[TEND_HISTORY_SHARES];
    double tolerance; /* NaN where nothing was judged */
    size_t drifted_count;
    double effect_max; /* NaN where nothing was judged */
    size_t effect_max_slot;
};

struct tend__history {
    struct tend__plan *plan;               /* one reference */
    const struct tend__profile *reference; /* borrowed; NULL: no distances */
    int64_t start_us;
    int64_t every_us;
    size_t slot_count;
    size_t window_count; /* slots with a window */
    bool *is_there;
    uint64_t *row_counts; /* of the windows */
    size_t column_count;
    struct tend__history_column *columns;
    struct tend__history_point *points; /* slot_count of the first column, then of the second... */
};

struct tend__history_options {
    const struct tend__profile *reference; /* NULL: none */
    int64_t start_us;                      /* of the first window */
    int64_t end_us;                        /* of the last */
    int64_t every_us;
};

/* TEND_ELIMIT where there are more slots than the maxima above; TEND_EINVAL for no window. */
enum tend_code tend__history_new(struct tend__plan *plan,
                                 const struct tend__history_options *options,
                                 struct tend__history **out, struct tend_error *err) TEND_NODISCARD;
void tend__history_free(struct tend__history *history); /* NULL is fine */

/* The window that starts at start_us, which must be one of those that were announced. */
enum tend_code tend__history_add(struct tend__history *history, int64_t start_us,
                                 const struct tend__profile *profile,
                                 struct tend_error *err) TEND_NODISCARD;

const struct tend__history_point *tend__history_points(const struct tend__history *history,
                                                       size_t column_idx);
int64_t tend__history_slot_start(const struct tend__history *history, size_t slot_idx);

#endif
