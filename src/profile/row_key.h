/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_key.h: one or more columns of a row as a key.
 *
 * A key is two 64-bit hashes of the values with their types: of two different keys among ten
 * million the chance of being taken for one is below 1e-24. Numbers are keyed by value (1 and 1.0
 * are one key, -0 is 0, every NaN is one, whole numbers of 64 bits are whole), texts by bytes.
 */
#ifndef TEND_PROFILE_ROW_KEY_H
#define TEND_PROFILE_ROW_KEY_H

#include "base/column.h"
#include "base/fail.h"

#define TEND_KEY_PARTS_MAX 8

struct tend__key {
    uint64_t hash[2]; /* never both 0 */
};

/* The key of a row over `count` columns; false where one of them is null or a vector. */
bool tend__key_of(const struct tend__column *columns, const size_t *idxs, size_t count,
                  size_t row_idx, struct tend__key *out);

#endif
