/* SPDX-License-Identifier: Apache-2.0 */
/* murmur3.c: MurmurHash3_x64_128 of bytes; see murmur3.h. */
#include "sketch/murmur3.h"

#include "sketch/wire.h"

struct tend__murmur3 tend__murmur3_bytes(const void *bytes, size_t len, uint64_t seed)
{
    const unsigned char *at = bytes;
    size_t left = len;
    uint64_t h1 = seed;
    uint64_t h2 = seed;
    for (; left >= 16; left -= 16, at += 16) {
        h1 ^= tend__murmur3_word1(tend__wire_load(at, 8));
        h1 = tend__murmur3_rotate(h1, 27) + h2;
        h1 = h1 * 5 + UINT64_C(0x52DCE729);
        h2 ^= tend__murmur3_word2(tend__wire_load(at + 8, 8));
        h2 = tend__murmur3_rotate(h2, 31) + h1;
        h2 = h2 * 5 + UINT64_C(0x38495AB5);
    }
    if (left > 8) {
        h2 ^= tend__murmur3_word2(tend__wire_load(at + 8, left - 8));
    }
    if (left > 0) {
        h1 ^= tend__murmur3_word1(tend__wire_load(at, left < 8 ? left : 8));
    }
    return tend__murmur3_end(h1, h2, (uint64_t)len);
}
