/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breaks.h: names the upstream data break that a window shows, from profiles alone: no outcome, no
 * row, no model.
 *
 * A break is a change by a rule that a person can state and undo: kilometres for miles, a category
 * renamed, hours in another time zone. Drift that follows no such rule is not a break. Each rule
 * has a statistic, a threshold calibrated against the natural variation of the history where one is
 * given, and a statement of its false alarms: docs/methods/breaks.md. Rules are a table, so that
 * the kinds that are listed and those that are implemented are seen in one place.
 */
#ifndef TEND_JUDGE_BREAKS_H
#define TEND_JUDGE_BREAKS_H

#include "base/column.h"
#include "base/fail.h"
#include "judge/repeats.h"

struct tend__profile;
struct tend__novelty;

#define TEND_BREAK_TEXT_SIZE 64
#define TEND_BREAK_COLUMNS_MAX 16
#define TEND_BREAK_NO_COLUMN SIZE_MAX

#define TEND_BREAK_KINDS(X)                                                                        \
    X(UNIT_CHANGE, "unit_change")                                                                  \
    X(SIGN_FLIP, "sign_flip")                                                                      \
    X(NULL_SPIKE, "null_spike")                                                                    \
    X(JOIN_FAILURE, "join_failure")                                                                \
    X(DEFAULT_FILL, "default_fill")                                                                \
    X(CATEGORY_RENAME, "category_rename")                                                          \
    X(CATEGORY_CASE, "category_case")                                                              \
    X(CATEGORY_MERGE, "category_merge")                                                            \
    X(HOUR_SHIFT, "hour_shift")                                                                    \
    X(STUCK, "stuck")                                                                              \
    X(DUPLICATE_ROWS, "duplicate_rows")                                                            \
    X(CLIPPING, "clipping")                                                                        \
    X(ROUNDING, "rounding")                                                                        \
    X(COLUMN_SWAP, "column_swap")                                                                  \
    X(MISSING_ROWS, "missing_rows")                                                                \
    X(LABEL_BREAK, "label_break")                                                                  \
    X(NEW_COLUMN, "new_column")                                                                    \
    X(MISSING_COLUMN, "missing_column")                                                            \
    X(TYPE_CHANGE, "type_change")

enum tend__break_kind {
#define TEND__BREAK(name, text) TEND_BREAK_##name,
    TEND_BREAK_KINDS(TEND__BREAK)
#undef TEND__BREAK
        TEND_BREAK_KIND_COUNT
};

struct tend__break {
    enum tend__break_kind kind;
    size_t column_idx; /* of the reference's plan; TEND_BREAK_NO_COLUMN where the whole batch is
                          meant */
    size_t other_column_idx; /* column_swap; otherwise TEND_BREAK_NO_COLUMN */
    size_t column_count;     /* join_failure: how many columns are null together; otherwise 0 */
    size_t columns[TEND_BREAK_COLUMNS_MAX]; /* they, ascending; the first is column_idx */
    double factor; /* unit_change: current = factor * what it was + offset */
    double offset;
    int shift_hours; /* hour_shift: current = what it was + shift, modulo 24; -12..12 */
    char from[TEND_BREAK_TEXT_SIZE]; /* what it was and what it is: category, unit, default value,
                                        type, column */
    char to[TEND_BREAK_TEXT_SIZE];
    double share;       /* of the rows that are affected, 0..1 */
    double evidence;    /* the statistic in units of its threshold: 1 = just found */
    int64_t since_us;   /* event time of the first rows that show it; 0 where there is no time */
    uint64_t since_row; /* number of the first of those rows, 1 = the first of all; 0 = unknown */
};

/* What is known beside the two profiles; all of it may be absent, and what is absent is not judged.
 */
struct tend__break_options {
    double
        expected_rows; /* in the current window; 0 = from the history's row counts, or not judged */
    double expected_rows_sd;
    const struct tend__profile *const *history; /* windows of the same length as the current one, of
                                                   the same plan */
    size_t history_count;
    /* The history is of the current rows themselves, before the break: it raises thresholds, but
     * rules demand as much as without one. */
    bool is_exacting;
    const struct tend__novelty *novelty; /* of the current rows: names what the plan has no place
                                            for */
    const struct tend__profile *novelty_rows; /* of all rows that the novelty is of, where they are
                                                 more than the current ones; else NULL */
    /* Uniform samples of the rows of both sides, columns found by name; row_count 0 = none. They
     * tell what the columns' own counts do not: which are null together, on which lattice numbers
     * stand, whether label and score agree. */
    struct tend__batch ref_rows;
    struct tend__batch cur_rows;
    struct tend__repeats_result ref_repeats; /* rows that came more than once */
    struct tend__repeats_result cur_repeats;
    double repeated_id_share;  /* of the current rows: those whose id an earlier row had */
    const char *label_column;  /* the outcome's name, NULL = not known */
    const char *score_column;  /* what the model said of it */
    bool label_may_be_pending; /* outcomes are known later: that some are not there is no break */
};

/* "unit_change" and so on. */
const char *tend__break_kind_text(enum tend__break_kind kind);

/* What the table of rules says of a kind, each a sentence without a full stop: the number that is
 * looked at, what it is compared with (evidence is their ratio), and its false alarms. */
const char *tend__break_kind_statistic(enum tend__break_kind kind);
const char *tend__break_kind_threshold(enum tend__break_kind kind);
const char *tend__break_kind_statement(enum tend__break_kind kind);

/* What was found, strongest first, in the caller's array of `max`. */
struct tend__break_list {
    struct tend__break *items;
    size_t max;
    size_t count;
};

/* Finds the breaks of `cur` against `ref`, both of one plan (ETYPE), as the history. Beyond
 * out->max the weakest are left out. At most one break of a column's shape, but for recodings,
 * which give one break for each category, side by side. */
enum tend_code tend__breaks_find(const struct tend__profile *ref, const struct tend__profile *cur,
                                 const struct tend__break_options *options,
                                 struct tend__break_list *out,
                                 struct tend_error *err) TEND_NODISCARD;

/* A part of the current rows, in order of time or of the rows themselves. */
struct tend__break_slice {
    const struct tend__profile *profile; /* of the reference's plan */
    int64_t first_us;                    /* the earliest event time in it; 0 = not known */
    uint64_t first_row;                  /* number of its first row, from 0 */
    size_t sample_first; /* of options->cur_rows, which are in the slices' order: its first row */
};

struct tend__break_slices {
    const struct tend__profile *whole; /* the sum of all, and of rows in none */
    const struct tend__break_slice *items;
    size_t count;
};

/* The breaks of all slices together, each with the time and the row since which it shows and its
 * share of all rows. A change that begins in the middle of the current rows is a mixture in the
 * whole, which is hard to name, and a plain break in the rows from there on: so the rows from each
 * slice to the end are judged too, with the slices before as their history. A break from a later
 * slice on counts where the rows before do not show it. `options` describe all rows, as
 * their novelty does. Failures as tend__breaks_find. */
enum tend_code tend__breaks_find_slices(const struct tend__profile *ref,
                                        const struct tend__break_slices *slices,
                                        const struct tend__break_options *options,
                                        struct tend__break_list *out,
                                        struct tend_error *err) TEND_NODISCARD;

/* What the rule of labels needs of rows whose outcomes have come, counted without a profile: sums
 * over rows. Zero is empty; two are added up member by member. */
struct tend__label_counts {
    double rows;
    double known;   /* with an outcome, 0 or 1 */
    double ones;    /* of these */
    double pairs;   /* with a finite score as well */
    double sums[5]; /* of label, score, their squares and their product over these */
};

/* `label` 0 or 1, NaN where it is not known; `score` may be NaN. */
void tend__label_counts_add(struct tend__label_counts *counts, double label, double score);

/* Whether the outcomes of the current rows broke on their way, against the reference's; `found` is
 * then a label_break without a column. Labels of a rate near one half are never called turned over
 * here: a change of the world may do that, and it is what retraining is for. `missing_max` is the
 * largest share without an outcome that a window of the history had. */
bool tend__break_of_labels(const struct tend__label_counts *ref, double missing_max,
                           const struct tend__label_counts *cur, struct tend__break *found);

/* Buffers for the values without the break. The caller owns them through _deinit; reusable. */
struct tend__break_undo {
    struct tend__column column; /* view of the buffers: what the rows would be */
    double *f64;
    uint8_t *valid;
    int64_t *time_us;
    struct tend__text *text;
    size_t cap;
};

void tend__break_undo_init(struct tend__break_undo *undo);
void tend__break_undo_deinit(struct tend__break_undo *undo);

/* Whether breaks of this kind can be undone on rows (a null spike cannot: the values are gone), and
 * whether this one can: a rename needs its new name, and a unit change must be of nearly all rows,
 * since which were converted is not known. */
bool tend__break_kind_is_undoable(enum tend__break_kind kind);
bool tend__break_is_undoable(const struct tend__break *found);

/* The column as it would be without the breaks given, all of one column: all its renames, or the
 * first other break that can be undone; the column itself where none can. `undo->column` is valid
 * until the next call, and borrows `in` and the texts of the breaks. ETYPE where the column's type
 * does not fit the break; ENOMEM. */
enum tend_code tend__break_undo(const struct tend__break *breaks, size_t break_count,
                                const struct tend__column *in, size_t row_count,
                                struct tend__break_undo *undo,
                                struct tend_error *err) TEND_NODISCARD;

#endif
