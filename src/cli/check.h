/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h: what `tend check` finds out about two data sets, and the three ways in which it says so.
 *
 * check_run.c computes, check_value.c estimates value, check_json.c, check_text.c and check_html.c
 * show. The passes:
 *   1. REF: its profile (and so the plan), realised value, a sample of scores for the estimator's
 * bins
 *   2. CUR: its profile under that plan, what the plan has no place for (novelty), realised value
 *   3. REF again, where tend.yaml names a time: windows as long as CUR, for the natural variation
 * that break rules are calibrated against, and the estimator's reference windows
 *   4. CUR again, where value is estimated: its windows
 * One window's rows are in memory at a time.
 */
#ifndef TEND_CLI_CHECK_H
#define TEND_CLI_CHECK_H

#include "cli/app.h"
#include "cli/data.h"
#include "cli/window_sums.h"
#include "cli/worth.h"
#include "judge/breaks.h"
#include "judge/drift.h"
#include "judge/value_estimate.h"
#include "profile/profile.h"

#define TEND_CHECK_BREAK_MAX 256
#define TEND_CHECK_HISTORY_MAX 120
#define TEND_CHECK_SAMPLE 65536
#define TEND_CHECK_ID_MAX 4000000 /* ids that are watched for repeats: 48 bytes each at most */

enum tend__verdict {
    TEND_VERDICT_OK,
    TEND_VERDICT_DRIFT,
    TEND_VERDICT_BREAK,
};

struct tend__check_realised {
    uint64_t row_count;
    uint64_t failed_count; /* rows on which an expression failed: not among row_count */
    double per_row;        /* NaN where no row has a value */
    double low; /* -INFINITY and INFINITY where there are too few windows for an interval */
    double high;
};

struct tend__check_value {
    bool is_there; /* tend.yaml says what a row is worth, and the data has what that needs */
    char why_not[TEND_ERROR_TEXT_SIZE]; /* "" or why it is left out */
    struct tend__check_realised reference;
    struct tend__check_realised current;
    bool is_estimated;
    double estimated_per_row;
    double estimated_low;
    double estimated_high;
    enum tend__value_state state;
    size_t window_count; /* of the estimate */
};

/* What is odd about the current rows one by one. Counted while they are read; not of a profile. */
struct tend__check_rows {
    bool ids_are_known; /* data.id is there, and no more than TEND_CHECK_ID_MAX rows have come */
    uint64_t duplicate_count; /* rows whose id came before */
    bool times_are_known;
    uint64_t future_count;   /* rows later than this machine's clock */
    uint64_t disorder_count; /* rows earlier than the row before them */
};

/* What the first pass over a data set told of its columns; empty for a profile. */
struct tend__check_side {
    struct tend__field *fields;
    size_t field_count;
    bool label_is_number; /* some label is neither 0 nor 1 */
};

struct tend__check {
    struct tend__app *app;
    struct tend__lake *lake;
    struct tend__config *config; /* NULL where there is none */
    const char *ref_path;
    const char *cur_path;
    bool ref_is_profile;
    bool cur_is_profile;
    struct tend__profile *ref;
    struct tend__profile *cur;
    struct tend__novelty *novelty; /* NULL where CUR is a profile */
    struct tend__profile *history[TEND_CHECK_HISTORY_MAX];
    size_t history_count;
    struct tend__drift_column *drift; /* one a column of the plan */
    size_t column_count;
    size_t drifted_count;
    struct tend__break breaks[TEND_CHECK_BREAK_MAX];
    size_t break_count;
    struct tend__check_side ref_side;
    struct tend__check_side cur_side;
    struct tend__check_rows rows;
    struct tend__check_value value;
    enum tend__verdict verdict;
};

/* Reads, compares and judges. The struct's first five members are set by the caller. */
enum tend_code tend__check_run(struct tend__check *check, struct tend_error *err) TEND_NODISCARD;
void tend__check_deinit(struct tend__check *check);

/* The value part, after both profiles are there; see check_value.c. A configuration that does not
 * fit the data leaves value out with a reason; only failures of reading fail. */
enum tend_code tend__check_estimate(struct tend__check *check,
                                    struct tend_error *err) TEND_NODISCARD;

/* "ok", "drift" or "break". */
const char *tend__verdict_text(enum tend__verdict verdict);

/* Whether a break is a fact (a column is there or not) rather than a statistic above a threshold.
 */
bool tend__check_break_is_exact(const struct tend__break *found);

/* The name of a break's column: of the plan, or of the column that is new; "" where the whole batch
 * is meant. */
const char *tend__check_break_column(const struct tend__check *check,
                                     const struct tend__break *found);

/* A sentence without a full stop: "values are 1.609 times what they were (mi to km)". */
void tend__check_break_words(const struct tend__break *found, struct tend__buf *out);

void tend__check_json(const struct tend__check *check, struct tend__buf *out);
enum tend_code tend__check_text(const struct tend__check *check,
                                struct tend_error *err) TEND_NODISCARD;
enum tend_code tend__check_html(const struct tend__check *check, struct tend__buf *page,
                                struct tend_error *err) TEND_NODISCARD;

#endif
