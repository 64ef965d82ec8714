/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_table.h: how often each number came, for as many different ones as there may be.
 *
 * Open addressing over a power of two of slots of 16 bytes, at most half full. The key is the
 * number's eight bytes; zero is no key, so an empty slot has that.
 */
#ifndef TEND_PROFILE_NUMBER_TABLE_H
#define TEND_PROFILE_NUMBER_TABLE_H

#include "base/fail.h"

#include <stddef.h>
#include <stdint.h>

struct tend__number_slot {
    double number; /* 0: free */
    uint64_t count;
};

/* Zeroed: empty. */
struct tend__number_table {
    struct tend__number_slot *slots;
    size_t slot_count;
    unsigned shift;
    size_t count; /* different numbers */
};

void tend__number_table_deinit(struct tend__number_table *table);

/* Adds values that are neither zero nor NaN, until there are more than count_max different ones:
 * *done says how many of the n were added. ENOMEM. */
enum tend_code tend__number_table_add(struct tend__number_table *table, const double *x, size_t n,
                                      size_t count_max, size_t *done,
                                      struct tend_error *err) TEND_NODISCARD;

#endif
