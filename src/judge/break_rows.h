/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_rows.h: what the rules of breaks.h need of the rows themselves, gathered in the pass that
 * profiles them: a uniform sample of whole rows, rows that came more than once, and, of the current
 * side, one profile for each slice.
 *
 * Slices are stretches of equal length, TEND_BREAK_SLICES_MAX at most: of event time where a time
 * column is named, and so the same for every order of the rows; else of the rows in the order in
 * which they come. Nobody knows beforehand how many will come: slices begin short and neighbours
 * are added up, exactly, whenever there are too many. The sum of the slices is the profile of all
 * rows, so that slicing costs no second count.
 */
#ifndef TEND_JUDGE_BREAK_ROWS_H
#define TEND_JUDGE_BREAK_ROWS_H

#include "base/column.h"
#include "base/fail.h"
#include "judge/breaks.h"

#define TEND_BREAK_SLICES_MAX 16
#define TEND_BREAK_SAMPLE_ROWS 2048

struct tend__plan;
struct tend__break_rows;

struct tend__break_rows_options {
    struct tend__plan *plan; /* counts slices at its places; NULL = no slices, no profile */
    const char *time_column; /* slices are of its time; NULL = of the order of the rows */
    const char *skip_column; /* an id, no part of a row; NULL = none */
};

/* Names are borrowed as long as it lives; the plan is referenced. */
enum tend_code tend__break_rows_new(const struct tend__break_rows_options *options,
                                    struct tend__break_rows **out,
                                    struct tend_error *err) TEND_NODISCARD;
void tend__break_rows_free(struct tend__break_rows *rows); /* NULL is fine */

/* The next rows of one data set: the same fields in every batch. After a failure it can only be
 * freed. */
enum tend_code tend__break_rows_add(struct tend__break_rows *rows, const struct tend__batch *batch,
                                    struct tend_error *err) TEND_NODISCARD;

/* What was gathered; all of it belongs to `rows`. No more rows may be added. */
struct tend__break_rows_result {
    struct tend__batch sample; /* in the order of the slices, where there are some */
    struct tend__repeats_result repeats;
    struct tend__break_slices slices; /* ascending, each with rows; `whole` until it is taken */
};

enum tend_code tend__break_rows_finish(struct tend__break_rows *rows,
                                       struct tend__break_rows_result *out,
                                       struct tend_error *err) TEND_NODISCARD;

/* The profile of all rows under the plan, once finished: the caller owns it. NULL without a plan,
 * or where it was taken before. */
struct tend__profile *tend__break_rows_take_profile(struct tend__break_rows *rows);

#endif
