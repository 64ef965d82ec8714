/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_key.h: short texts as table keys: their first eight bytes as one number, a hash, and a table
 * of a fixed list of texts.
 *
 * Most categories are at most eight bytes long; then the number and the length are the text, and a
 * look-up reads no other memory than its slot. The hash is not keyed, so every table that uses it
 * is bounded. Inline because a profile spends its time here.
 */
#ifndef TEND_PROFILE_TEXT_KEY_H
#define TEND_PROFILE_TEXT_KEY_H

#include "base/column.h"
#include "base/fail.h"

#include <string.h>

static inline uint64_t tend__load_u64(const char *bytes)
{
    uint64_t x = 0;
    memcpy(&x, bytes, sizeof(x));
    return x;
}

/* The first eight bytes of a text, zeros after its end; reads nothing beyond it. */
static inline uint64_t tend__text_prefix(const char *bytes, size_t len)
{
    if (len >= 8) {
        return tend__load_u64(bytes);
    }
    if (len >= 4) {
        uint32_t low = 0;
        uint32_t high = 0;
        memcpy(&low, bytes, sizeof(low));
        memcpy(&high, bytes + len - 4, sizeof(high));
        return (uint64_t)low | (uint64_t)high << (8 * (len - 4));
    }
    if (len >= 2) {
        uint16_t low = 0;
        uint16_t high = 0;
        memcpy(&low, bytes, sizeof(low));
        memcpy(&high, bytes + len - 2, sizeof(high));
        return (uint64_t)low | (uint64_t)high << (8 * (len - 2));
    }
    return len == 0 ? 0 : (uint64_t)(unsigned char)bytes[0];
}

/* The finaliser of splitmix64 (Steele, Lea and Flood 2014). */
static inline uint64_t tend__mix64(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* A hash of the whole text; `prefix` is its tend__text_prefix(). */
static inline uint64_t tend__text_hash(const char *bytes, size_t len, uint64_t prefix)
{
    uint64_t h = tend__mix64(prefix + UINT64_C(0x9E3779B97F4A7C15) * (uint64_t)(len + 1));
    if (len > 8) {
        for (size_t at = 8; at + 8 < len; at += 8) {
            h = tend__mix64(h ^ tend__load_u64(bytes + at));
        }
        h = tend__mix64(h ^ tend__load_u64(bytes + len - 8));
    }
    return h;
}

struct tend__text_slot {
    uint64_t prefix;
    uint32_t len;
    uint32_t number; /* position + 1; 0 = free */
};

/* Open addressing over a power of two of slots, never more than half full. */
struct tend__text_map {
    struct tend__text_slot *slots;
    size_t mask;
    const struct tend__text *texts; /* borrowed; must outlive the map */
};

#define TEND_TEXT_NONE UINT32_MAX

/* TEND_ECORRUPT where two texts are the same. At most 2^31 texts of less
 * than 4 GiB. */
enum tend_code tend__text_map_init(struct tend__text_map *map, const struct tend__text *texts,
                                   size_t count, struct tend_error *err) TEND_NODISCARD;
void tend__text_map_deinit(struct tend__text_map *map);

/* The position of a text, or TEND_TEXT_NONE. */
static inline uint32_t tend__text_map_find(const struct tend__text_map *map, const char *bytes,
                                           size_t len)
{
    const uint64_t prefix = tend__text_prefix(bytes, len);
    size_t at = (size_t)tend__text_hash(bytes, len, prefix) & map->mask;
    for (;;) {
        const struct tend__text_slot *slot = &map->slots[at];
        if (slot->number == 0) {
            return TEND_TEXT_NONE;
        }
        if (slot->prefix == prefix && slot->len == len &&
            (len <= 8 || memcmp(map->texts[slot->number - 1].ptr, bytes, len) == 0)) {
            return slot->number - 1;
        }
        at = (at + 1) & map->mask;
    }
}

/* Byte order, the shorter first where one begins the other: negative, 0 or positive. */
static inline int tend__text_compare(const struct tend__text *a, const struct tend__text *b)
{
    const size_t len = a->len < b->len ? a->len : b->len;
    const int order = len == 0 ? 0 : memcmp(a->ptr, b->ptr, len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

#endif
