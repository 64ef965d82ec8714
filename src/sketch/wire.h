/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h: little-endian numbers in the bytes of a sketch, and a reader that cannot pass the end.
 *
 * A reader keeps what is left; each take is false, and takes nothing, where too little is left. So
 * the length is checked where the bytes are used, and no total has to be trusted beforehand.
 */
#ifndef TEND_SKETCH_WIRE_H
#define TEND_SKETCH_WIRE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct tend__wire {
    const unsigned char *at;
    size_t left;
};

static inline uint64_t tend__wire_load(const unsigned char *bytes, size_t size)
{
    uint64_t x = 0;
    for (size_t i = 0; i < size; i++) {
        x |= (uint64_t)bytes[i] << (8 * i);
    }
    return x;
}

/* The next `len` bytes in place. */
static inline bool tend__wire_take(struct tend__wire *wire, size_t len, const unsigned char **out)
{
    if (wire->left < len) {
        return false;
    }
    *out = wire->at;
    wire->at += len;
    wire->left -= len;
    return true;
}

static inline bool tend__wire_u8(struct tend__wire *wire, uint8_t *out)
{
    const unsigned char *bytes = NULL;
    if (!tend__wire_take(wire, 1, &bytes)) {
        return false;
    }
    *out = bytes[0];
    return true;
}

static inline bool tend__wire_u16(struct tend__wire *wire, uint16_t *out)
{
    const unsigned char *bytes = NULL;
    if (!tend__wire_take(wire, 2, &bytes)) {
        return false;
    }
    *out = (uint16_t)tend__wire_load(bytes, 2);
    return true;
}

static inline bool tend__wire_u32(struct tend__wire *wire, uint32_t *out)
{
    const unsigned char *bytes = NULL;
    if (!tend__wire_take(wire, 4, &bytes)) {
        return false;
    }
    *out = (uint32_t)tend__wire_load(bytes, 4);
    return true;
}

static inline bool tend__wire_u64(struct tend__wire *wire, uint64_t *out)
{
    const unsigned char *bytes = NULL;
    if (!tend__wire_take(wire, 8, &bytes)) {
        return false;
    }
    *out = tend__wire_load(bytes, 8);
    return true;
}

static inline bool tend__wire_f64(struct tend__wire *wire, double *out)
{
    uint64_t bits = 0;
    if (!tend__wire_u64(wire, &bits)) {
        return false;
    }
    memcpy(out, &bits, sizeof(*out));
    return true;
}

static inline void tend__wire_put(struct tend__buf *buf, uint64_t x, size_t size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(x >> (8 * i));
    }
    tend__buf_add(buf, bytes, size);
}

static inline void tend__wire_put_f64(struct tend__buf *buf, double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof(bits));
    tend__wire_put(buf, bits, sizeof(bits));
}

#endif
