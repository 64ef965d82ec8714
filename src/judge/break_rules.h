/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_rules.h: what the rules of breaks.h share: the context of a search, the list of what was
 * found, and distributions of columns over the cells of the plan. Private to src/judge.
 */
#ifndef TEND_JUDGE_BREAK_RULES_H
#define TEND_JUDGE_BREAK_RULES_H

#include "judge/breaks.h"
#include "judge/novelty.h"
#include "profile/profile.h"

#define TEND__BREAK_VALUES_MIN                                                                     \
    50 /* a column with fewer values on either side is not judged by shape */
#define TEND__NATURAL_FACTOR 1.5 /* a threshold is this much above the largest of the history */
#define TEND__NATURAL_FACTOR_OF_RUN 2.5
#define TEND__EXPLAINED_SHARE 0.35 /* undoing must leave at most this share of the distance */

struct tend__break_search {
    const struct tend__profile *ref;
    const struct tend__profile *cur;
    const struct tend__plan *plan;
    size_t column_count;
    const struct tend__break_options *options;
    struct tend__break *found;
    size_t found_count;
    size_t found_cap;
    double *scratch; /* 4 x the largest cell count */
    size_t cell_max;
};

typedef enum tend_code tend__break_finder_fn(struct tend__break_search *search,
                                             struct tend_error *err);

/* Appends; the caller fills what differs from a break of the whole column. */
enum tend_code tend__break_add(struct tend__break_search *search, const struct tend__break *found,
                               struct tend_error *err) TEND_NODISCARD;

/* The order of reports: strongest first, then by column, kind and name. For qsort. */
int tend__break_compare(const void *a, const void *b);

/* Of the table: a column that has such a break is given to no other rule. */
bool tend__break_kind_explains_shape(enum tend__break_kind kind);

/* Whether a break of one of the kinds that explain a column's shape has been found for it. */
bool tend__break_is_explained(const struct tend__break_search *search, size_t column_idx);

/* A break with its numbers neutral. */
struct tend__break tend__break_make(const struct tend__break_search *search,
                                    enum tend__break_kind kind, size_t column_idx);

void tend__break_text(char out[TEND_BREAK_TEXT_SIZE], struct tend__text text);
void tend__break_number_text(char out[TEND_BREAK_TEXT_SIZE], double number);

/* How many of the current rows have a novel value that lies in the cell (of a text: the last) and
 * came `count` times among the rows of the novelty. */
double tend__break_novel_rows(const struct tend__break_search *search, size_t column_idx,
                              size_t cell, uint64_t count);

/* A statistic of one column between the reference and another profile. */
typedef double tend__break_statistic_fn(const struct tend__break_search *search,
                                        const struct tend__profile *other, size_t column_idx);

/* The largest of the statistic over the history; 0 without one. */
double tend__break_natural(const struct tend__break_search *search, size_t column_idx,
                           tend__break_statistic_fn *statistic);

/* Whether it is known how days of this series differ, so that rules may demand less. */
bool tend__break_has_history(const struct tend__break_search *search);

/* max(tolerance, 1.5 x natural): what a statistic must exceed; 2.5 x natural where the history is a
 * few windows of the same run. */
double tend__break_threshold(const struct tend__break_search *search, double tolerance,
                             double natural);

/* Shares of the values in the cells; returns their number. */
size_t tend__break_shares(const struct tend__profile *profile, size_t column_idx, double *shares);

/* Half the sum of |a - b|: total variation, 0..1. */
double tend__break_variation(const double *a, const double *b, size_t n);

/* Share of the rows of the column that are null, NaN or infinite; 0 without rows. */
double tend__break_null_share(const struct tend__profile *profile, size_t column_idx);

/* Total variation of the column's cell shares from the reference's. */
double tend__break_cell_variation(const struct tend__break_search *search,
                                  const struct tend__profile *other, size_t column_idx);

/* P(X <= x), or P(X < x) where strict, of the reference's number column: linear within bins, steps
 * at atoms. O(cells). */
double tend__break_function(const struct tend__break_search *search, size_t column_idx, double x,
                            bool is_strict);

/* Whether a cell ends just below an atom, so that its upper end is not in it. */
bool tend__break_ends_open(const struct tend__plan_column *plan, size_t cell);

/* Root mean square between the distribution functions at the cells' ends; the last, where both are
 * 1, is left out. */
double tend__break_function_distance(const struct tend__break_search *search,
                                     const struct tend__profile *other, size_t column_idx);

/* A column of a sample of rows, found by its name in the plan; NULL where it is not there or of
 * another type. */
const struct tend__column *tend__break_rows_column(const struct tend__break_search *search,
                                                   const struct tend__batch *rows,
                                                   size_t column_idx);

/* Whether the text is the name of a month or weekday, as all categories of the column are. */
bool tend__break_is_calendar(const struct tend__plan_column *plan, struct tend__text text);

/* Whether the column holds the outcome, which has rules of its own. */
bool tend__break_is_label(const struct tend__break_search *search, size_t column_idx);

/* Takes the breaks of a kind and column off the list. */
void tend__break_remove(struct tend__break_search *search, enum tend__break_kind kind,
                        size_t column_idx);

tend__break_finder_fn tend__break_find_labels;
tend__break_finder_fn tend__break_find_joins;
tend__break_finder_fn tend__break_find_rounding;
tend__break_finder_fn tend__break_find_repeats;
tend__break_finder_fn tend__break_find_schema_new;
tend__break_finder_fn tend__break_find_schema_missing;
tend__break_finder_fn tend__break_find_schema_type;
tend__break_finder_fn tend__break_find_nulls;
tend__break_finder_fn tend__break_find_missing_rows;
tend__break_finder_fn tend__break_find_swaps;
tend__break_finder_fn tend__break_find_clips;
tend__break_finder_fn tend__break_find_fill;
tend__break_finder_fn tend__break_find_unit;
tend__break_finder_fn tend__break_find_hours;
tend__break_finder_fn tend__break_find_categories;

#endif
