/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_table.c: see the header. A table of a column with many values is in no cache, so the slots
 * of the values to come are asked for ahead.
 */
#include "profile/number_table.h"

#include "base/mem.h"

#include <string.h>

#define SLOTS_MIN ((size_t)128) /* times 4, five times: twice 65,536 */
#define AHEAD 12

void tend__number_table_deinit(struct tend__number_table *table)
{
    tend__mem_free(table->slots);
    *table = (struct tend__number_table){0};
}

/* By the golden ratio (Knuth, volume 3, section 6.4): the upper bits depend on all bits. */
static inline size_t slot_of(double x, unsigned shift)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof(bits));
    bits ^= bits >> 32;
    return (size_t)((bits * UINT64_C(0x9E3779B97F4A7C15)) >> shift);
}

static struct tend__number_slot *find(const struct tend__number_table *table, double x)
{
    const size_t mask = table->slot_count - 1;
    size_t at = slot_of(x, table->shift);
    while (table->slots[at].number != x && table->slots[at].count != 0) {
        at = (at + 1) & mask;
    }
    return &table->slots[at];
}

static enum tend_code grow(struct tend__number_table *table, struct tend_error *err)
{
    struct tend__number_table wide = {
        .slot_count = table->slot_count == 0 ? SLOTS_MIN : 4 * table->slot_count,
        .count = table->count,
    };
    wide.shift = 64;
    for (size_t n = wide.slot_count; n > 1; n /= 2) {
        wide.shift--;
    }
    TEND_TRY(tend__mem_new(wide.slot_count, sizeof(*wide.slots), &wide.slots, err));
    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i].count != 0) {
            *find(&wide, table->slots[i].number) = table->slots[i];
        }
    }
    tend__mem_free(table->slots);
    *table = wide;
    return TEND_OK;
}

enum tend_code tend__number_table_add(struct tend__number_table *table, const double *x, size_t n,
                                      size_t count_max, size_t *done, struct tend_error *err)
{
    size_t i = 0;
    for (; i < n && table->count <= count_max; i++) {
        if (table->count > table->slot_count / 2 || table->slot_count == 0) {
            TEND_TRY(grow(table, err));
        }
        if (i + AHEAD < n) {
            __builtin_prefetch(&table->slots[slot_of(x[i + AHEAD], table->shift)], 1);
        }
        struct tend__number_slot *slot = find(table, x[i]);
        table->count += slot->count == 0 ? 1 : 0;
        slot->number = x[i];
        slot->count++;
    }
    *done = i;
    return TEND_OK;
}
