/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c: multiply-and-fold hashing (the mixing step of wyhash) and SHA-256 of FIPS 180-4. */
#include "base/hash.h"

#include <stdbool.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide_uint;

static uint64_t mix(uint64_t a, uint64_t b)
{
    const wide_uint product = (wide_uint)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Written so that compilers see one load. */
static uint64_t load_u64_whole(const unsigned char *b)
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
           (uint64_t)b[7] << 56;
}

static uint64_t load_u64(const unsigned char *bytes, size_t len)
{
    uint64_t x = 0;
    for (size_t i = 0; i < len; i++) {
        x |= (uint64_t)bytes[i] << (8 * i);
    }
    return x;
}

uint64_t tend__hash64(const void *bytes, size_t len, uint64_t seed)
{
    const unsigned char *at = bytes;
    uint64_t h =
        mix(seed ^ UINT64_C(0xA0761D6478BD642F), UINT64_C(0xE7037ED1A0B428DB) ^ (uint64_t)len);
    size_t left = len;
    while (left >= 8) {
        h = mix(h ^ load_u64_whole(at), UINT64_C(0x8EBC6AF09C88C6E3));
        at += 8;
        left -= 8;
    }
    h = mix(h ^ load_u64(at, left), UINT64_C(0x589965CC75374CC3));
    return mix(h, UINT64_C(0xE7037ED1A0B428DB));
}

uint64_t tend__hash64_u64(uint64_t x, uint64_t seed)
{
    const uint64_t h = mix(x ^ UINT64_C(0xA0761D6478BD642F), seed ^ UINT64_C(0x8EBC6AF09C88C6E3));
    return mix(h ^ UINT64_C(0x589965CC75374CC3), UINT64_C(0xE7037ED1A0B428DB));
}

static const uint32_t round_constant[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate_right(uint32_t x, int k)
{
    return (x >> k) | (x << (32 - k));
}

static void sha256_block(uint32_t state[8], const unsigned char *block)
{
    uint32_t w[64];
    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | (uint32_t)block[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) {
        const uint32_t a = w[i - 15];
        const uint32_t b = w[i - 2];
        w[i] = w[i - 16] + (rotate_right(a, 7) ^ rotate_right(a, 18) ^ (a >> 3)) + w[i - 7] +
               (rotate_right(b, 17) ^ rotate_right(b, 19) ^ (b >> 10));
    }
    uint32_t s[8];
    memcpy(s, state, sizeof(s));
    for (int i = 0; i < 64; i++) {
        const uint32_t e = s[4];
        const uint32_t a = s[0];
        const uint32_t t1 = s[7] +
                            (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) +
                            ((e & s[5]) ^ (~e & s[6])) + round_constant[i] + w[i];
        const uint32_t t2 = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) +
                            ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof(s[0]));
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) {
        state[i] += s[i];
    }
}

void tend__sha256_init(struct tend__sha256 *sha)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    *sha = (struct tend__sha256){0};
    memcpy(sha->state, start, sizeof(start));
}

void tend__sha256_add(struct tend__sha256 *sha, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    size_t used = (size_t)(sha->bytes_len % 64);
    sha->bytes_len += len;
    while (len > 0) {
        const size_t take = len < 64 - used ? len : 64 - used;
        memcpy(sha->block + used, at, take);
        at += take;
        len -= take;
        used += take;
        if (used == 64) {
            sha256_block(sha->state, sha->block);
            used = 0;
        }
    }
}

void tend__sha256_end(struct tend__sha256 *sha, unsigned char digest[TEND_SHA256_SIZE])
{
    const uint64_t bits = sha->bytes_len * 8;
    const unsigned char one = 0x80;
    const unsigned char zero = 0;
    tend__sha256_add(sha, &one, 1);
    while (sha->bytes_len % 64 != 56) {
        tend__sha256_add(sha, &zero, 1);
    }
    unsigned char length[8];
    for (int i = 0; i < 8; i++) {
        length[i] = (unsigned char)(bits >> (56 - 8 * i));
    }
    tend__sha256_add(sha, length, sizeof(length));
    for (int i = 0; i < TEND_SHA256_SIZE; i++) {
        digest[i] = (unsigned char)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

void tend__digest_hex(const unsigned char digest[TEND_SHA256_SIZE], char hex[TEND_SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < TEND_SHA256_SIZE; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[TEND_SHA256_HEX_SIZE - 1] = '\0';
}

void tend__sha256_hex(const void *bytes, size_t len, char hex[TEND_SHA256_HEX_SIZE])
{
    struct tend__sha256 sha;
    unsigned char digest[TEND_SHA256_SIZE];
    tend__sha256_init(&sha);
    tend__sha256_add(&sha, bytes, len);
    tend__sha256_end(&sha, digest);
    tend__digest_hex(digest, hex);
}
