/* SPDX-License-Identifier: Apache-2.0 */
/* id_table.c: open addressing with linear probing. */
#include "profile/id_table.h"

#include "base/hash.h"
#include "base/mem.h"

#include <string.h>

#define CAP_MIN 1024

void tend__id_table_deinit(struct tend__id_table *table)
{
    tend__mem_free(table->slots);
    *table = (struct tend__id_table){0};
}

static void make_key(const struct tend__column *ids, size_t row_idx, uint64_t key[2])
{
    const void *bytes = "";
    size_t len = 0;
    double number = 0;
    switch (ids->type) {
    case TEND_TYPE_NUMBER:
        number = ids->f64[row_idx] + 0.0; /* -0 is 0 */
        bytes = &number;
        len = sizeof(number);
        break;
    case TEND_TYPE_BOOL:
        bytes = &ids->bools[row_idx];
        len = 1;
        break;
    case TEND_TYPE_TEXT:
        bytes = ids->text[row_idx].ptr;
        len = ids->text[row_idx].len;
        break;
    case TEND_TYPE_TIME:
        bytes = &ids->time_us[row_idx];
        len = sizeof(int64_t);
        break;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    const uint64_t seed = (uint64_t)ids->type + 1;
    key[0] = tend__hash64(bytes, len, seed);
    key[1] = tend__hash64(bytes, len, seed ^ UINT64_C(0x9E3779B97F4A7C15));
    if (key[0] == 0 && key[1] == 0) {
        key[0] = 1; /* both 0 means empty */
    }
}

static size_t find_slot(const struct tend__id_table *table, const uint64_t key[2])
{
    size_t at = (size_t)key[0] & (table->cap - 1);
    for (;;) {
        const struct tend__id_slot *slot = &table->slots[at];
        const bool is_empty = slot->key[0] == 0 && slot->key[1] == 0;
        if (is_empty || (slot->key[0] == key[0] && slot->key[1] == key[1])) {
            return at;
        }
        at = (at + 1) & (table->cap - 1);
    }
}

static enum tend_code make_room(struct tend__id_table *table, struct tend_error *err)
{
    if (table->cap > 0 && table->count * 2 < table->cap) {
        return TEND_OK;
    }
    if (table->cap >= TEND_ID_TABLE_MAX) {
        return TEND_FAIL(err, ELIMIT, "more than %zu ids", TEND_ID_TABLE_MAX / 2);
    }
    struct tend__id_table larger = {.cap = table->cap == 0 ? CAP_MIN : table->cap * 2,
                                    .count = table->count};
    TEND_TRY(tend__mem_new(larger.cap, sizeof(*larger.slots), &larger.slots, err));
    for (size_t i = 0; i < table->cap; i++) {
        const struct tend__id_slot *slot = &table->slots[i];
        if (slot->key[0] != 0 || slot->key[1] != 0) {
            larger.slots[find_slot(&larger, slot->key)] = *slot;
        }
    }
    tend__mem_free(table->slots);
    *table = larger;
    return TEND_OK;
}

enum tend_code tend__id_table_put(struct tend__id_table *table, const struct tend__column *ids,
                                  size_t row_idx, struct tend__id_slot **out, bool *is_new,
                                  struct tend_error *err)
{
    uint64_t key[2];
    TEND_TRY(make_room(table, err));
    make_key(ids, row_idx, key);
    struct tend__id_slot *slot = &table->slots[find_slot(table, key)];
    *is_new = slot->key[0] == 0 && slot->key[1] == 0;
    if (*is_new) {
        *slot = (struct tend__id_slot){.key = {key[0], key[1]}};
        table->count++;
    }
    *out = slot;
    return TEND_OK;
}

struct tend__id_slot *tend__id_table_find(const struct tend__id_table *table,
                                          const struct tend__column *ids, size_t row_idx)
{
    uint64_t key[2];
    if (table->cap == 0) {
        return NULL;
    }
    make_key(ids, row_idx, key);
    struct tend__id_slot *slot = &table->slots[find_slot(table, key)];
    return slot->key[0] == 0 && slot->key[1] == 0 ? NULL : slot;
}
