/* SPDX-License-Identifier: Apache-2.0 */
/* key_set.c: open addressing with linear probing; one bit of the hash more each time it is full. */
#include "judge/key_set.h"

#include "base/mem.h"

#include <math.h>

#define CAP_MIN ((size_t)1024)

void tend__key_set_init(struct tend__key_set *set, size_t bytes_max)
{
    *set = (struct tend__key_set){.cap_max = CAP_MIN};
    while (set->cap_max * 2 * sizeof(struct tend__key_slot) <= bytes_max) {
        set->cap_max *= 2;
    }
}

void tend__key_set_deinit(struct tend__key_set *set)
{
    tend__mem_free(set->slots);
    *set = (struct tend__key_set){0};
}

static bool is_empty(const struct tend__key_slot *slot)
{
    return slot->key.hash[0] == 0 && slot->key.hash[1] == 0;
}

static size_t find_slot(const struct tend__key_slot *slots, size_t cap, const struct tend__key *key)
{
    size_t at = (size_t)key->hash[0] & (cap - 1);
    while (!is_empty(&slots[at]) &&
           (slots[at].key.hash[0] != key->hash[0] || slots[at].key.hash[1] != key->hash[1])) {
        at = (at + 1) & (cap - 1);
    }
    return at;
}

/* How many low bits of the hash are 0. */
static unsigned zero_bits(const struct tend__key *key)
{
    uint64_t bits = key->hash[1];
    unsigned count = 0;
    while ((bits & 1U) == 0 && count + 1 < TEND_KEY_LEVELS) {
        bits >>= 1U;
        count++;
    }
    return count;
}

/* Moves the keys that the level keeps into `cap` new slots. */
static enum tend_code rebuild(struct tend__key_set *set, size_t cap, struct tend_error *err)
{
    struct tend__key_slot *slots = NULL;
    size_t count = 0;
    TEND_TRY(tend__mem_new(cap, sizeof(*slots), &slots, err));
    for (size_t i = 0; i < set->cap; i++) {
        if (!is_empty(&set->slots[i]) && zero_bits(&set->slots[i].key) >= set->level) {
            slots[find_slot(slots, cap, &set->slots[i].key)] = set->slots[i];
            count++;
        }
    }
    tend__mem_free(set->slots);
    set->slots = slots;
    set->cap = cap;
    set->count = count;
    return TEND_OK;
}

static enum tend_code make_room(struct tend__key_set *set, struct tend_error *err)
{
    if (set->cap > 0 && set->count + 1 <= set->cap / 4 * 3) {
        return TEND_OK;
    }
    if (set->cap < set->cap_max) {
        return rebuild(set, set->cap == 0 ? CAP_MIN : set->cap * 2, err);
    }
    while (set->count + 1 > set->cap / 4 * 3 && set->level + 1 < TEND_KEY_LEVELS) {
        set->level++;
        const enum tend_code code = rebuild(set, set->cap, err);
        if (code != TEND_OK) {
            set->level--;
            return code;
        }
    }
    return TEND_OK;
}

enum tend_code tend__key_set_put(struct tend__key_set *set, const struct tend__key *key,
                                 uint64_t *tag, enum tend__key_state *state, struct tend_error *err)
{
    const unsigned zeros = zero_bits(key);
    TEND_TRY(make_room(set, err));
    if (zeros < set->level) {
        *state = TEND_KEY_UNWATCHED;
        return TEND_OK;
    }
    struct tend__key_slot *slot = &set->slots[find_slot(set->slots, set->cap, key)];
    if (is_empty(slot)) {
        *slot = (struct tend__key_slot){.key = *key, .tag = *tag};
        set->count++;
        *state = TEND_KEY_NEW;
        return TEND_OK;
    }
    *tag = slot->tag;
    set->repeats[zeros]++;
    *state = TEND_KEY_REPEATED;
    return TEND_OK;
}

enum tend__key_state tend__key_set_find(const struct tend__key_set *set,
                                        const struct tend__key *key)
{
    if (zero_bits(key) < set->level) {
        return TEND_KEY_UNWATCHED;
    }
    if (set->cap == 0 || is_empty(&set->slots[find_slot(set->slots, set->cap, key)])) {
        return TEND_KEY_NEW;
    }
    return TEND_KEY_REPEATED;
}

static double scale(const struct tend__key_set *set)
{
    return ldexp(1.0, (int)set->level);
}

double tend__key_set_distinct(const struct tend__key_set *set)
{
    return (double)set->count * scale(set);
}

double tend__key_set_repeated(const struct tend__key_set *set)
{
    uint64_t count = 0;
    for (size_t i = set->level; i < TEND_KEY_LEVELS; i++) {
        count += set->repeats[i];
    }
    return (double)count * scale(set);
}
