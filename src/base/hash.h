/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h: a fast 64-bit hash for tables and sampling, and SHA-256 for what must not be forged.
 *
 * tend__hash64 is not keyed: never let an outsider choose a table's fate with it beyond a bounded
 * table. SHA-256 follows FIPS 180-4.
 */
#ifndef TEND_BASE_HASH_H
#define TEND_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define TEND_SHA256_SIZE 32
#define TEND_SHA256_HEX_SIZE 65

uint64_t tend__hash64(const void *bytes, size_t len, uint64_t seed);
uint64_t tend__hash64_u64(uint64_t x, uint64_t seed);

struct tend__sha256 {
    uint32_t state[8];
    uint64_t bytes_len;
    unsigned char block[64];
};

void tend__sha256_init(struct tend__sha256 *sha);
void tend__sha256_add(struct tend__sha256 *sha, const void *bytes, size_t len);
void tend__sha256_end(struct tend__sha256 *sha, unsigned char digest[TEND_SHA256_SIZE]);

/* Lower-case hexadecimal digest of len bytes. */
void tend__sha256_hex(const void *bytes, size_t len, char hex[TEND_SHA256_HEX_SIZE]);

/* Lower-case hexadecimal of a digest. */
void tend__digest_hex(const unsigned char digest[TEND_SHA256_SIZE], char hex[TEND_SHA256_HEX_SIZE]);

#endif
