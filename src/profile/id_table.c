/* SPDX-License-Identifier: Apache-2.0 */
/* id_table.c: open addressing with linear probing. */
#include "profile/id_table.h"

#include "base/mem.h"

#define CAP_MIN 1024

void tend__id_table_deinit(struct tend__id_table *table)
{
    tend__mem_free(table->slots);
    *table = (struct tend__id_table){0};
}

static bool is_empty(const struct tend__id_slot *slot)
{
    return slot->key.hash[0] == 0 && slot->key.hash[1] == 0;
}

static size_t find_slot(const struct tend__id_table *table, const struct tend__key *key)
{
    size_t at = (size_t)key->hash[0] & (table->cap - 1);
    for (;;) {
        const struct tend__id_slot *slot = &table->slots[at];
        if (is_empty(slot) ||
            (slot->key.hash[0] == key->hash[0] && slot->key.hash[1] == key->hash[1])) {
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
        if (!is_empty(slot)) {
            larger.slots[find_slot(&larger, &slot->key)] = *slot;
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
    const size_t column_idx = 0;
    struct tend__key key;
    TEND_TRY(make_room(table, err));
    if (!tend__key_of(ids, &column_idx, 1, row_idx, &key)) {
        return TEND_FAIL(err, EINVAL, "an id that is null or a vector");
    }
    struct tend__id_slot *slot = &table->slots[find_slot(table, &key)];
    *is_new = is_empty(slot);
    if (*is_new) {
        *slot = (struct tend__id_slot){.key = key};
        table->count++;
    }
    *out = slot;
    return TEND_OK;
}

struct tend__id_slot *tend__id_table_find(const struct tend__id_table *table,
                                          const struct tend__column *ids, size_t row_idx)
{
    const size_t column_idx = 0;
    struct tend__key key;
    if (table->cap == 0 || !tend__key_of(ids, &column_idx, 1, row_idx, &key)) {
        return NULL;
    }
    struct tend__id_slot *slot = &table->slots[find_slot(table, &key)];
    return is_empty(slot) ? NULL : slot;
}
