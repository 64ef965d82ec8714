/* SPDX-License-Identifier: Apache-2.0 */
/*
 * novelty.h: the frequent values of the current rows for which a plan has no place of its own:
 * texts that are no category, and numbers that are no atom.
 *
 * A profile says that rows fell into `other` or into a bin; only the rows can say what they were.
 * One pass over the rows of a suspicious window gives the breaks their names: what a category was
 * renamed to, which number was filled in.
 *
 * Values are counted by profile/distinct.h: exactly while a column has at most 65,536 distinct
 * ones, beyond that by an adaptive sample and a count-min sketch whose estimates are at least the
 * truth. The order of the rows does not matter.
 */
#ifndef TEND_JUDGE_NOVELTY_H
#define TEND_JUDGE_NOVELTY_H

#include "base/column.h"
#include "base/fail.h"

#define TEND_NOVELTY_TEXTS_MAX 1024 /* kept of a column */
#define TEND_NOVELTY_NUMBERS_MAX 64 /* kept of a column */

struct tend__plan;
struct tend__novelty;

struct tend__novel_value {
    struct tend__text text; /* text columns; owned by the novelty, followed by a zero byte */
    double number;          /* number columns */
    uint64_t count;
};

/* Of the text and number columns of the plan, which must outlive it. */
enum tend_code tend__novelty_new(const struct tend__plan *plan, struct tend__novelty **out,
                                 struct tend_error *err) TEND_NODISCARD;
void tend__novelty_free(struct tend__novelty *novelty);

/* Columns are found by name; those that are missing or of another type are passed over. */
enum tend_code tend__novelty_add(struct tend__novelty *novelty, const struct tend__batch *batch,
                                 struct tend_error *err) TEND_NODISCARD;

/* The values kept of a column, the most frequent first (ties in byte order or by number); NULL
 * where *count is 0. They live until rows are added. */
const struct tend__novel_value *tend__novelty_values(const struct tend__novelty *novelty,
                                                     size_t column_idx, size_t *count);

#endif
