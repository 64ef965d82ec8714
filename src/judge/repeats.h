/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repeats.h: how many rows came more than once, all values the same, in one pass and bounded
 * memory.
 *
 * A row is sampled by the hash of a few of its columns, so that equal rows are in the sample
 * together or not at all: the share of repeats in the sample estimates that of all rows without
 * bias, whatever their distance. Only rows that are sampled are hashed whole. The sample is the
 * rows whose hash is below a threshold, which halves whenever more than TEND_REPEATS_ROWS are below
 * it (adaptive sampling, Flajolet 1990), so that it depends on the rows and not on their order.
 *
 * The columns of the hash are the first six numbers and times, and texts where those are fewer than
 * three: most rows cost a few multiplications.
 */
#ifndef TEND_JUDGE_REPEATS_H
#define TEND_JUDGE_REPEATS_H

#include "base/column.h"
#include "base/fail.h"

#define TEND_REPEATS_ROWS 8192
#define TEND_REPEATS_PARTS 50

struct tend__repeats;

/* `skip_column` (or NULL) is not part of a row: an id that is counted by itself. */
enum tend_code tend__repeats_new(const char *skip_column, struct tend__repeats **out,
                                 struct tend_error *err) TEND_NODISCARD;
void tend__repeats_free(struct tend__repeats *repeats); /* NULL is fine */

/* Batches of one data set: the same columns in the same order. TEND_ENOMEM. */
enum tend_code tend__repeats_add(struct tend__repeats *repeats, const struct tend__batch *batch,
                                 struct tend_error *err) TEND_NODISCARD;

struct tend__repeats_result {
    uint64_t row_count;    /* all that came; 0 = nobody looked */
    uint64_t sample_count; /* of them in the sample */
    uint64_t repeat_count; /* of the sample: rows that equal one that came before */
    /* Of the rows that a later one equals, the number (from 0) of the first, of the last, and of
     * those at equal parts of them between. */
    uint64_t first_rows[TEND_REPEATS_PARTS + 1];
};

/* Orders the sample; more rows may be added afterwards. */
void tend__repeats_result(struct tend__repeats *repeats, struct tend__repeats_result *out);

#endif
