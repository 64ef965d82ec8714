/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h: two sets of rows compared: which columns drifted, and which data breaks are between
 * them. What `tend check` computes, on rows or profiles at hand.
 *
 * docs/methods/drift.md and docs/methods/breaks.md have the statistics, docs/check-json.md the
 * document. The estimated value of rows is not part of it: that needs the program's tend.yaml.
 *
 * Threads: a result is immutable and may be read by many threads at once.
 */
#ifndef TEND_CHECK_H
#define TEND_CHECK_H

#include "tend/error.h"
#include "tend/export.h"
#include "tend/profile.h"
#include "tend/rows.h"
#include "tend/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tend_check;

/* Rows or a profile: exactly one of both. A profile of the current side must have the reference's
 * plan; it is not read row by row, so that fewer breaks can be named. */
struct tend_check_side {
    const struct tend_rows *rows;
    const struct tend_profile *profile;
    const char *name; /* for messages and reports; NULL = "reference" and "current" */
};

/* Zero is the default. */
struct tend_check_options {
    double fdr;                /* a column drifts where its q-value is below it; 0 = 0.05 */
    double tolerance_number;   /* and its effect above this: normalised W1; 0 = 0.1 */
    double tolerance_text;     /* of texts and bools: Jensen-Shannon distance; 0 = 0.05 */
    size_t row_count_min;      /* fewer values on a side give no verdict; 0 = 30 */
    size_t bin_max;            /* of the plan that is made; 0 = 32 */
    const char *time_column;   /* event time; NULL = none */
    const char *id_column;     /* never profiled; its repeats are counted; NULL = none */
    const char *label_column;  /* the outcome; NULL = none */
    const char *score_column;  /* what the model said of it; NULL = none */
    bool label_may_be_pending; /* outcomes are known later than the rows: nulls are no break */
    int64_t window_us;         /* with time_column: the length of the reference's windows, whose
                                  variation the break rules are calibrated against; 0 = none */
    int64_t now_us;            /* rows later than this are counted as of the future; 0 = do not */
};

/* Compares. The reference is read once, or twice where a column has more than 65,536 distinct
 * values, and once more for windows; the current rows are read once. `options` may be NULL.
 * TEND_EINVAL where a side has no rows, TEND_ETYPE where a profile has another plan. */
TEND_API enum tend_code tend_check_new(const struct tend_check_side *reference,
                                       const struct tend_check_side *current,
                                       const struct tend_check_options *options,
                                       struct tend_check **out,
                                       struct tend_error *err) TEND_CHECKED;
/* NULL is fine. */
TEND_API void tend_check_free(struct tend_check *check);

/* "ok", "drift" (some column drifted) or "break" (some break was found). */
TEND_API const char *tend_check_verdict(const struct tend_check *check);

/* Texts live as long as the check. What is not there is NaN. */
struct tend_check_column {
    const char *name;
    const char *type; /* "number", "bool", "text", "time", "vector" or "null" */
    bool is_judged;   /* false: too few values, or one cell; then never drifted */
    bool drifted;
    double p_value;
    double q_value;
    double effect; /* what the tolerance is compared with */
    double tolerance;
    double psi;
    double ks;
    double w1;
    double w1_normalised;
    double js;
    double hellinger;
    double l_inf;
    double chi2;
};

TEND_API size_t tend_check_column_count(const struct tend_check *check);
TEND_API enum tend_code tend_check_column_read(const struct tend_check *check, size_t column_idx,
                                               struct tend_check_column *out,
                                               struct tend_error *err) TEND_CHECKED;

struct tend_check_break {
    const char *kind;         /* "unit_change" and so on: docs/check-json.md */
    const char *column;       /* "" where all of the rows are meant */
    const char *other_column; /* "" but for a swap */
    double factor;            /* unit_change: current = factor * what it was + offset */
    double offset;
    int shift_hours; /* hour_shift */
    const char *from;
    const char *to;
    double share;     /* of the rows that are affected, 0..1 */
    double evidence;  /* the statistic in multiples of its threshold */
    int64_t since_us; /* earliest event time of the current rows; 0 = not known */
};

/* Strongest first. */
TEND_API size_t tend_check_break_count(const struct tend_check *check);
TEND_API enum tend_code tend_check_break_read(const struct tend_check *check, size_t break_idx,
                                              struct tend_check_break *out,
                                              struct tend_error *err) TEND_CHECKED;

/* The profiles that were compared; the caller's own, to be freed. */
TEND_API enum tend_code tend_check_reference(const struct tend_check *check,
                                             struct tend_profile **out,
                                             struct tend_error *err) TEND_CHECKED;
TEND_API enum tend_code tend_check_current(const struct tend_check *check,
                                           struct tend_profile **out,
                                           struct tend_error *err) TEND_CHECKED;

/* The document tend.check/1, one self-contained HTML page, and plain text of `width` columns (0 =
 * 100). */
TEND_API enum tend_code tend_check_json(const struct tend_check *check, struct tend_text *out,
                                        struct tend_error *err) TEND_CHECKED;
TEND_API enum tend_code tend_check_html(const struct tend_check *check, struct tend_text *out,
                                        struct tend_error *err) TEND_CHECKED;
TEND_API enum tend_code tend_check_text(const struct tend_check *check, int width,
                                        struct tend_text *out, struct tend_error *err) TEND_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
