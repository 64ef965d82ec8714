/* SPDX-License-Identifier: Apache-2.0 */
/* row_gather.h: some rows of a batch, in any order, as a batch of their own. Private to src/judge.
 */
#ifndef TEND_JUDGE_ROW_GATHER_H
#define TEND_JUDGE_ROW_GATHER_H

#include "base/column.h"
#include "base/fail.h"

/* Buffers for the rows; reusable. Texts and fields are borrowed from the batch they came from. */
struct tend__row_gather {
    struct tend__column *columns;
    void **values;   /* one buffer a column */
    uint8_t **valid; /* and misfit after it */
    size_t *sizes;   /* of the values, in bytes */
    size_t *valid_sizes;
    size_t column_cap;
};

void tend__row_gather_init(struct tend__row_gather *gather);
void tend__row_gather_deinit(struct tend__row_gather *gather);

/* *out is rows idx[0 .. count) of the batch, valid until the next call. TEND_ENOMEM. */
enum tend_code tend__row_gather(struct tend__row_gather *gather, const struct tend__batch *batch,
                                const size_t *idx, size_t count, struct tend__batch *out,
                                struct tend_error *err) TEND_NODISCARD;

#endif
