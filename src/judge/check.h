/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h: two data sets compared: profiles, drift, breaks. The pure core of `tend check`.
 *
 * The passes over rows:
 *   1. the reference: its profile, and so the plan
 *   2. the current rows: their profile under that plan, what the plan has no place for (novelty),
 *      what is odd about single rows
 *   3. the reference again, where a time column and windows are named: windows as long as the
 *      current rows, for the natural variation that break rules are calibrated against
 * A side may be a profile: then it has no passes, and the reference's windows come with it or not.
 *
 * The value of the rows needs a configuration and is estimated by the caller (cli/check_value.c);
 * its place in the result is here, so that one document shows both.
 */
#ifndef TEND_JUDGE_CHECK_H
#define TEND_JUDGE_CHECK_H

#include "judge/break_rows.h"
#include "judge/breaks.h"
#include "judge/contract.h"
#include "judge/drift.h"
#include "judge/multivariate.h"
#include "judge/novelty.h"
#include "judge/value_estimate.h"
#include "profile/profile.h"
#include "profile/rows.h"

#define TEND_CHECK_BREAK_MAX 256
#define TEND_CHECK_HISTORY_MAX 120
#define TEND_CHECK_ID_MAX 4000000 /* ids that are watched for repeats: 48 bytes each at most */

enum tend__verdict {
    TEND_VERDICT_OK,
    TEND_VERDICT_DRIFT,
    TEND_VERDICT_BREAK,
    TEND_VERDICT_VIOLATION, /* the contract is violated, and nothing broke */
};

/* "ok", "drift", "break" or "violation". */
const char *tend__verdict_text(enum tend__verdict verdict);

/* ---- what goes in ---- */

/* One side: rows, or a profile. */
struct tend__check_input {
    const char *name;              /* for messages and reports: a path, "reference"; borrowed */
    const struct tend__rows *rows; /* NULL where there is a profile; borrowed while it runs */
    struct tend__profile *profile; /* taken, also on failure; NULL where there are rows */
    tend__rows_fn *also;           /* sees each batch of the first pass, or NULL */
    void *also_ctx;
    /* Of a reference that is a profile: windows of it as long as the current rows, where they are
     * known; taken, also on failure, TEND_CHECK_HISTORY_MAX at most. The array is borrowed. */
    struct tend__profile *const *windows;
    size_t window_count;
};

struct tend__check_options {
    const char *time_column;   /* event time, for windows and odd rows; NULL = none */
    const char *id_column;     /* never profiled, watched for repeats; NULL = none */
    const char *label_column;  /* the outcome; NULL = none */
    const char *score_column;  /* what the model said of it; NULL = none */
    bool label_may_be_pending; /* outcomes are known later than the rows */
    int64_t window_us;         /* length of a window of history; 0 = no history */
    int64_t now_us; /* rows later than this are of the future; INT64_MAX = nobody knows */
    size_t bin_max; /* of the plan that is made; 0 = default */
    struct tend__drift_options drift;
};

/* ---- what comes out ---- */

struct tend__check_realised {
    uint64_t row_count;
    uint64_t failed_count; /* rows on which an expression failed: not among row_count */
    double per_row;        /* NaN where no row has a value */
    double low; /* -INFINITY and INFINITY where there are too few windows for an interval */
    double high;
};

struct tend__check_value {
    bool is_there; /* it is known what a row is worth, and the data has what that needs */
    char unit[32]; /* "EUR" */
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

/* What undoing the breaks changes: sampled rows through a model, both ways. */
struct tend__check_replay {
    uint64_t row_count;       /* 0: nothing was replayed */
    size_t undone_count;      /* columns */
    double score_change;      /* mean of its absolute value */
    double decisions_changed; /* share; NaN where it is not known how to decide */
};

/* What is odd about the current rows one by one. Counted while they are read; not of a profile. */
struct tend__check_rows {
    bool ids_are_known; /* the id is there, and no more than TEND_CHECK_ID_MAX rows have come */
    uint64_t duplicate_count; /* rows whose id came before */
    bool times_are_known;
    uint64_t future_count;   /* rows later than now */
    uint64_t disorder_count; /* rows earlier than the row before them */
};

/* Texts are borrowed from the inputs. */
struct tend__check {
    const char *ref_name;
    const char *cur_name;
    bool ref_is_profile;
    bool cur_is_profile;
    struct tend__profile *ref;
    struct tend__profile *cur;
    struct tend__novelty *novelty;     /* NULL where the current side is a profile */
    struct tend__break_rows *ref_rows; /* NULL where the side is a profile, as the next */
    struct tend__break_rows *cur_rows;
    struct tend__break_rows_result cur_found;
    struct tend__profile *history[TEND_CHECK_HISTORY_MAX];
    size_t history_count;
    struct tend__drift_column *drift; /* one a column of the plan */
    size_t column_count;
    size_t drifted_count;                   /* columns */
    struct tend__multivariate multivariate; /* of samples of rows; nothing of profiles */
    struct tend__drift_test domain_test;    /* the same two tests, judged beside the columns */
    struct tend__drift_test pca_test;
    struct tend__break breaks[TEND_CHECK_BREAK_MAX];
    size_t break_count;
    struct tend__check_rows rows;
    enum tend__verdict verdict;
    struct tend__check_value value;         /* the caller's */
    struct tend__check_replay replay; /* the caller's */
    struct tend__contract_outcome contract; /* the caller's, by tend__check_set_contract() */
    char config_hash[65];                   /* the caller's: "" where there is no configuration */
};

/* Reads, compares and judges. `out` must be zero; it is the caller's to deinit, also on failure.
 * Fails as the rows do; ETYPE where a profile was not made with the reference's plan. The struct is
 * large (some 80 kB): keep it on the heap. */
enum tend_code tend__check_run(const struct tend__check_options *options,
                               const struct tend__check_input *ref,
                               const struct tend__check_input *cur, struct tend__check *out,
                               struct tend_error *err) TEND_NODISCARD;
void tend__check_deinit(struct tend__check *check);

/* Adds what a contract came to on the current rows; a violation is a verdict unless something
 * broke. The outcome's results are borrowed. */
void tend__check_set_contract(struct tend__check *check,
                              const struct tend__contract_outcome *outcome);

/* Whether a break is a fact (a column is there or not) rather than a statistic above a threshold.
 */
bool tend__check_break_is_exact(const struct tend__break *found);

/* The name of a break's column: of the plan, or of the column that is new; "" where the whole batch
 * is meant. */
const char *tend__check_break_column(const struct tend__check *check,
                                     const struct tend__break *found);

#endif
