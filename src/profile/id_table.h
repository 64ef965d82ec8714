/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id_table.h: a set of ids with one number each, for joining outcomes and for finding rows that are
 * there twice.
 *
 * Keys are those of row_key.h, so a row costs 24 bytes times at most two whatever its id is. Open
 * addressing, at most half full.
 */
#ifndef TEND_PROFILE_ID_TABLE_H
#define TEND_PROFILE_ID_TABLE_H

#include "profile/row_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_ID_TABLE_MAX ((size_t)1 << 28)

struct tend__id_slot {
    struct tend__key key; /* both 0: empty */
    double number;
};

struct tend__id_table {
    struct tend__id_slot *slots;
    size_t cap; /* 0 or a power of two */
    size_t count;
};

void tend__id_table_deinit(struct tend__id_table *table);

/* The slot of a row's id; *is_new says that it was put there now. Valid until the next put. EINVAL
 * where it is null or a vector. */
enum tend_code tend__id_table_put(struct tend__id_table *table, const struct tend__column *ids,
                                  size_t row_idx, struct tend__id_slot **out, bool *is_new,
                                  struct tend_error *err) TEND_NODISCARD;

/* NULL where the id is not there. */
struct tend__id_slot *tend__id_table_find(const struct tend__id_table *table,
                                          const struct tend__column *ids, size_t row_idx);

#endif
