/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gather.h: chosen rows of a batch, in a chosen order, as a batch of their own.
 *
 * Values are copied, texts still point to where they were. The memory is kept from batch to batch.
 */
#ifndef TEND_PROFILE_GATHER_H
#define TEND_PROFILE_GATHER_H

#include "base/column.h"
#include "base/fail.h"

struct tend__gather;

enum tend_code tend__gather_new(struct tend__gather **out, struct tend_error *err) TEND_NODISCARD;
void tend__gather_free(struct tend__gather *gather); /* NULL is fine */

/* rows[i] is which row of the batch comes i-th. *out lives until the next call, and as long as the
 * batch. TEND_ENOMEM. */
enum tend_code tend__gather_rows(struct tend__gather *gather, const struct tend__batch *batch,
                                 const uint32_t *rows, size_t row_count, struct tend__batch *out,
                                 struct tend_error *err) TEND_NODISCARD;

/* Rows begin .. begin + row_count of a batch, without a copy of values: `columns` has room for
 * batch->column_count. */
struct tend__batch tend__batch_slice(const struct tend__batch *batch, size_t begin,
                                     size_t row_count, struct tend__column *columns);

#endif
