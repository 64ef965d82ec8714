/* SPDX-License-Identifier: Apache-2.0 */
/* hex.h: bytes from hexadecimal text. */
#ifndef TEND_TEST_HEX_H
#define TEND_TEST_HEX_H

#include <stddef.h>
#include <string.h>

static inline unsigned hex_digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10U;
}

/* Writes strlen(hex) / 2 bytes and returns how many. */
static inline size_t hex_bytes(const char *hex, unsigned char *out)
{
    const size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++) {
        out[i] = (unsigned char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    }
    return len;
}

#endif
