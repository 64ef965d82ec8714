/* SPDX-License-Identifier: Apache-2.0 */
/*
 * murmur3.h: MurmurHash3_x64_128 (A. Appleby 2011, in the public domain), as Apache DataSketches
 * uses it: both halves begin at the seed, and the seed is 9001 unless somebody says otherwise.
 *
 * Two summaries that hash in the same way can be united; that is the only reason for this hash.
 */
#ifndef TEND_SKETCH_MURMUR3_H
#define TEND_SKETCH_MURMUR3_H

#include <stddef.h>
#include <stdint.h>

#define TEND_DATASKETCHES_SEED UINT64_C(9001)

struct tend__murmur3 {
    uint64_t low;  /* the first half, h1 */
    uint64_t high; /* the second, h2 */
};

static inline uint64_t tend__murmur3_rotate(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

static inline uint64_t tend__murmur3_finish(uint64_t x)
{
    x = (x ^ (x >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    x = (x ^ (x >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
    return x ^ (x >> 33);
}

static inline uint64_t tend__murmur3_word1(uint64_t k)
{
    k = tend__murmur3_rotate(k * UINT64_C(0x87C37B91114253D5), 31);
    return k * UINT64_C(0x4CF5AD432745937F);
}

static inline uint64_t tend__murmur3_word2(uint64_t k)
{
    k = tend__murmur3_rotate(k * UINT64_C(0x4CF5AD432745937F), 33);
    return k * UINT64_C(0x87C37B91114253D5);
}

static inline struct tend__murmur3 tend__murmur3_end(uint64_t h1, uint64_t h2, uint64_t len)
{
    h1 ^= len;
    h2 ^= len;
    h1 += h2;
    h2 += h1;
    h1 = tend__murmur3_finish(h1);
    h2 = tend__murmur3_finish(h2);
    h1 += h2;
    const struct tend__murmur3 hash = {.low = h1, .high = h2 + h1};
    return hash;
}

/* The hash of the eight little-endian bytes of x. Inline, without a branch. */
static inline struct tend__murmur3 tend__murmur3_u64(uint64_t x, uint64_t seed)
{
    return tend__murmur3_end(seed ^ tend__murmur3_word1(x), seed, 8);
}

struct tend__murmur3 tend__murmur3_bytes(const void *bytes, size_t len, uint64_t seed);

#endif
