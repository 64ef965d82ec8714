/* SPDX-License-Identifier: Apache-2.0 */
/* sort_f64.c: radix sort with insertion at the end; see sort_f64.h. */
#include "sketch/sort_f64.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BYTE_COUNT 8
#define RADIX 256
#define SMALL 40     /* below this, insertion is faster than eight histograms */
#define INSERTIONS 4 /* moves a key, after which more passes are cheaper */
#define TOP_PASSES 4 /* of the bytes that differ, how many are sorted at first */

/* Unsigned order of the key is the order of the doubles. Its own inverse needs the other mask. */
static inline uint64_t key_of(uint64_t bits)
{
    return bits ^ ((0 - (bits >> 63)) | UINT64_C(1) << 63);
}

static inline uint64_t bits_of(uint64_t key)
{
    return key ^ (((key >> 63) - 1) | UINT64_C(1) << 63);
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

/* How often each of four bytes has each value; one loop, because the keys are read once. */
static void count_four(const uint64_t *keys, size_t n, const unsigned bytes[TOP_PASSES],
                       uint32_t counts[TOP_PASSES][RADIX])
{
    const unsigned a = 8 * bytes[0];
    const unsigned b = 8 * bytes[1];
    const unsigned c = 8 * bytes[2];
    const unsigned d = 8 * bytes[3];
    for (size_t i = 0; i < n; i++) {
        const uint64_t key = keys[i];
        counts[0][(key >> a) & 0xFF]++;
        counts[1][(key >> b) & 0xFF]++;
        counts[2][(key >> c) & 0xFF]++;
        counts[3][(key >> d) & 0xFF]++;
    }
}

/* Sorts by at most four bytes, lowest first. */
static void sort_by_bytes(struct keys *keys, const unsigned *bytes, size_t byte_count)
{
    uint32_t counts[TOP_PASSES][RADIX];
    unsigned chosen[TOP_PASSES] = {0};
    memset(counts, 0, sizeof(counts));
    memcpy(chosen, bytes, byte_count * sizeof(*bytes));
    count_four(keys->now, keys->n, chosen, counts);
    for (size_t j = 0; j < byte_count; j++) {
        scatter(keys->now, keys->other, keys->n, chosen[j], counts[j]);
        uint64_t *swap = keys->now;
        keys->now = keys->other;
        keys->other = swap;
    }
}

/* Turns the doubles into keys; the bits in which the doubles differ. (Those of the keys differ in
 * all bytes as soon as one is negative; but that the sign's own byte tells.) */
static uint64_t make_keys(const double *x, size_t n, uint64_t *keys)
{
    uint64_t differ = 0;
    uint64_t first = 0;
    memcpy(&first, x, sizeof(first));
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        memcpy(&bits, x + i, sizeof(bits));
        keys[i] = key_of(bits);
        differ |= bits ^ first;
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
    const size_t low_count = count > TOP_PASSES ? count - TOP_PASSES : 0;
    sort_by_bytes(keys, bytes + low_count, count - low_count);
    if (low_count > 0 && !sort_by_insertion(keys->now, keys->n, INSERTIONS * keys->n)) {
        sort_by_bytes(keys, bytes, low_count);
        sort_by_bytes(keys, bytes + low_count, TOP_PASSES);
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
