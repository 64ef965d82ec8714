/* SPDX-License-Identifier: Apache-2.0 */
/* sort_f64.c: radix sort with insertion at the end; see sort_f64.h. */
#include "sketch/sort_f64.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BYTE_COUNT 8
#define RADIX 256
#define SMALL 40     /* below this, insertion is faster than eight histograms */
#define TOP_PASSES 4 /* of the bytes that differ, how many are sorted at first */

/* Unsigned order of the key is the order of the doubles. Its own inverse needs the other mask. */
static inline uint64_t key_of(uint64_t bits)
{
    return bits ^ (bits >> 63 != 0 ? UINT64_MAX : UINT64_C(1) << 63);
}

static inline uint64_t bits_of(uint64_t key)
{
    return key ^ (key >> 63 != 0 ? UINT64_C(1) << 63 : UINT64_MAX);
}

/* false, with the keys partly sorted, once more than `budget` moves were needed. */
static bool sort_by_insertion(uint64_t *keys, size_t n, size_t budget)
{
    size_t moves = 0;
    for (size_t i = 1; i < n; i++) {
        const uint64_t key = keys[i];
        size_t at = i;
        while (at > 0 && keys[at - 1] > key) {
            keys[at] = keys[at - 1];
            at--;
        }
        keys[at] = key;
        moves += i - at;
        if (moves > budget) {
            return false;
        }
    }
    return true;
}

/* One pass by one byte; `counts` are turned into positions. */
static void scatter(const uint64_t *from, uint64_t *to, size_t n, unsigned byte_idx,
                    uint32_t counts[RADIX])
{
    uint32_t sum = 0;
    for (size_t i = 0; i < RADIX; i++) {
        const uint32_t count = counts[i];
        counts[i] = sum;
        sum += count;
    }
    const unsigned shift = 8 * byte_idx;
    for (size_t i = 0; i < n; i++) {
        to[counts[(from[i] >> shift) & 0xFF]++] = from[i];
    }
}

struct keys {
    uint64_t *now;   /* where the keys are */
    uint64_t *other; /* the other room */
    size_t n;
};

/* Sorts by the given bytes, lowest first. */
static void sort_by_bytes(struct keys *keys, const unsigned *bytes, size_t byte_count)
{
    uint32_t counts[BYTE_COUNT][RADIX];
    memset(counts, 0, byte_count * sizeof(counts[0]));
    for (size_t i = 0; i < keys->n; i++) {
        for (size_t j = 0; j < byte_count; j++) {
            counts[j][(keys->now[i] >> (8 * bytes[j])) & 0xFF]++;
        }
    }
    for (size_t j = 0; j < byte_count; j++) {
        scatter(keys->now, keys->other, keys->n, bytes[j], counts[j]);
        uint64_t *swap = keys->now;
        keys->now = keys->other;
        keys->other = swap;
    }
}

/* Turns the doubles into keys; the bits in which they differ. */
static uint64_t make_keys(const double *x, size_t n, uint64_t *keys)
{
    uint64_t differ = 0;
    uint64_t first = 0;
    memcpy(&first, x, sizeof(first));
    first = key_of(first);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        memcpy(&bits, x + i, sizeof(bits));
        keys[i] = key_of(bits);
        differ |= keys[i] ^ first;
    }
    return differ;
}

static void sort_keys(struct keys *keys, uint64_t differ)
{
    unsigned bytes[BYTE_COUNT];
    size_t count = 0;
    for (unsigned i = 0; i < BYTE_COUNT; i++) {
        if (((differ >> (8 * i)) & 0xFF) != 0) {
            bytes[count++] = i;
        }
    }
    if (count <= TOP_PASSES) {
        sort_by_bytes(keys, bytes, count);
        return;
    }
    sort_by_bytes(keys, bytes + (count - TOP_PASSES), TOP_PASSES);
    if (!sort_by_insertion(keys->now, keys->n, 4 * keys->n)) {
        sort_by_bytes(keys, bytes, count);
    }
}

void tend__sort_f64(double *x, size_t n, uint64_t *scratch)
{
    if (n < 2) {
        return;
    }
    struct keys keys = {.now = scratch, .other = scratch + n, .n = n};
    const uint64_t differ = make_keys(x, n, keys.now);
    if (n < SMALL) {
        (void)sort_by_insertion(keys.now, n, SIZE_MAX);
    } else {
        sort_keys(&keys, differ);
    }
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = bits_of(keys.now[i]);
        double value = 0;
        memcpy(&value, &bits, sizeof(value));
        x[i] = value;
    }
}
