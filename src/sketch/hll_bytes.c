/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hll_bytes.c: HyperLogLog sketches in the serialised form of Apache DataSketches (hll_sketch).
 *
 *   at  bytes
 *   0   1    32-bit words of preamble: 2 a list of coupons, 3 a set of coupons, 10 registers
 *   1   1    serial version: 1
 *   2   1    family: 7
 *   3   1    lg_k
 *   4   1    lg of the size of the table of coupons, or of exceptions
 *   5   1    flags: 4 empty, 8 compact, 16 not in order, 32 born with registers
 *   6   1    coupons of a list; the smallest register of type 4
 *   7   1    mode (0 list, 1 set, 2 registers) + 4 times the type (0: 4 bits, 1: 6 bits, 2: 8 bits)
 *
 * A list goes on with its coupons; a set with their number (4 bytes) and the coupons. Where it is
 * not compact, the coupons are a table of that size in which 0 is free. Registers:
 *
 *   8   8    the estimate where it is in order (binary64)
 *   16  16   the sums of 2^-register over those below 32 and over the others (binary64)
 *   32  4    registers that are as small as the smallest
 *   36  4    exceptions
 *   40  ..   registers, the first in the lowest bits. 4 bits: less the smallest; 15 is an
 *            exception. 6 bits: one byte more than they need
 *   ..  4 n  type 4: exceptions, as coupons of register and value; not compact: a table
 *
 * What can be computed from the registers is not believed but computed.
 */
#include "sketch/hll.h"

#include "base/mem.h"
#include "sketch/hll_inner.h"
#include "sketch/sort_f64.h"
#include "sketch/wire.h"

#include <math.h>
#include <string.h>

#define FAMILY 7
#define WORDS_LIST 2
#define WORDS_SET 3
#define WORDS_REGISTERS 10
#define FLAG_EMPTY 4U
#define FLAG_COMPACT 8U
#define FLAG_NOT_IN_ORDER 16U
#define MODE_LIST 0
#define MODE_SET 1
#define MODE_REGISTERS 2
#define LG_LIST 3
#define LG_SET_MIN 5
#define EXCEPTION 15
#define REGISTERS_AT 40

static size_t register_bytes(enum tend__hll_type type, uint32_t lg_k)
{
    const size_t k = (size_t)1 << lg_k;
    switch (type) {
    case TEND_HLL_4:
        return k / 2;
    case TEND_HLL_6:
        return k * 3 / 4 + 1;
    case TEND_HLL_8:
        break;
    }
    return k;
}

/* The smallest table of exceptions that DataSketches begins with. */
static uint32_t lg_exceptions_min(uint32_t lg_k)
{
    if (lg_k < 14) {
        return lg_k < 7 ? 2 : lg_k < 10 ? 3 : lg_k < 12 ? 4 : 5;
    }
    return lg_k - 8;
}

/* The smallest table, from lg on, that is at most three quarters full. */
static uint32_t lg_table(uint32_t lg, uint32_t count)
{
    while (4 * (uint64_t)count > UINT64_C(3) << lg) {
        lg++;
    }
    return lg;
}

/* ---- writing ---- */

/* `small` is the byte at 6. */
static void put_head(struct tend__buf *buf, const struct tend__hll *hll, unsigned mode, uint32_t lg,
                     unsigned flags, uint32_t small)
{
    static const unsigned char words[] = {WORDS_LIST, WORDS_SET, WORDS_REGISTERS};
    const unsigned char bytes[8] = {words[mode],
                                    1,
                                    FAMILY,
                                    (unsigned char)hll->lg_k,
                                    (unsigned char)lg,
                                    (unsigned char)(FLAG_COMPACT | flags),
                                    (unsigned char)small,
                                    (unsigned char)(mode | (unsigned)hll->type << 2)};
    tend__buf_add(buf, bytes, sizeof(bytes));
}

static enum tend_code write_coupons(const struct tend__hll *hll, struct tend__buf *buf,
                                    struct tend_error *err)
{
    const uint32_t count = hll->coupon_count;
    double *sorted = NULL; /* whole numbers below 2^32 */
    uint64_t *keys = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(count, sizeof(*sorted), &sorted, err));
    TEND_TRY_OUT(tend__mem_new(2 * (size_t)count, sizeof(*keys), &keys, err));
    for (uint32_t i = 0, n = 0; i <= hll->coupon_mask; i++) {
        if (hll->coupons[i] != 0) {
            sorted[n++] = hll->coupons[i];
        }
    }
    tend__sort_f64(sorted, count, keys);
    if (count <= TEND_HLL_LIST_MAX) {
        put_head(buf, hll, MODE_LIST, LG_LIST, count == 0 ? FLAG_EMPTY : 0U, count);
    } else {
        put_head(buf, hll, MODE_SET, lg_table(LG_SET_MIN, count), 0, 0);
        tend__wire_put(buf, count, 4);
    }
    for (uint32_t i = 0; i < count; i++) {
        tend__wire_put(buf, (uint64_t)sorted[i], 4);
    }
    code = tend__buf_code(buf, err);
out:
    tend__mem_free(keys);
    tend__mem_free(sorted);
    return code;
}

/* Packs the registers, less `base`, `bits` wide. */
static void pack(const struct tend__hll *hll, unsigned bits, uint8_t base, unsigned char *out)
{
    uint64_t window = 0;
    unsigned filled = 0;
    for (uint32_t i = 0; i < 1U << hll->lg_k; i++) {
        const unsigned above = (unsigned)hll->registers[i] - base;
        const unsigned value = bits == 4 && above > EXCEPTION ? EXCEPTION : above;
        window |= (uint64_t)value << filled;
        for (filled += bits; filled >= 8; filled -= 8) {
            *out++ = (unsigned char)window;
            window >>= 8;
        }
    }
}

struct shape {
    uint8_t smallest; /* register; 0 where the type is not 4 */
    uint32_t smallest_count;
    uint32_t exception_count;
};

static struct shape shape_of(const struct tend__hll *hll)
{
    uint32_t counts[TEND_HLL_VALUE_MAX + 1] = {0};
    struct shape shape = {0};
    for (uint32_t i = 0; i < 1U << hll->lg_k; i++) {
        counts[hll->registers[i]]++;
    }
    if (hll->type == TEND_HLL_4) {
        while (counts[shape.smallest] == 0) {
            shape.smallest++;
        }
        const unsigned smallest = shape.smallest;
        for (unsigned v = smallest + EXCEPTION; v <= TEND_HLL_VALUE_MAX; v++) {
            shape.exception_count += counts[v];
        }
    }
    shape.smallest_count = counts[shape.smallest];
    return shape;
}

static enum tend_code write_registers(struct tend__hll *hll, struct tend__buf *buf,
                                      struct tend_error *err)
{
    static const unsigned bits[] = {4, 6, 8};
    const struct shape shape = shape_of(hll);
    const size_t size = register_bytes(hll->type, hll->lg_k);
    const uint32_t lg = shape.exception_count == 0
                            ? 0
                            : lg_table(lg_exceptions_min(hll->lg_k), shape.exception_count);
    unsigned char *packed = NULL;
    TEND_TRY(tend__mem_new(size, 1, &packed, err));
    tend__hll_measure(hll);
    pack(hll, bits[hll->type], shape.smallest, packed);
    put_head(buf, hll, MODE_REGISTERS, lg, hll->in_order ? 0U : FLAG_NOT_IN_ORDER, shape.smallest);
    tend__wire_put_f64(buf, hll->in_order ? hll->hip : 0.0);
    tend__wire_put_f64(buf, hll->kxq_low);
    tend__wire_put_f64(buf, hll->kxq_high);
    tend__wire_put(buf, shape.smallest_count, 4);
    tend__wire_put(buf, shape.exception_count, 4);
    tend__buf_add(buf, packed, size);
    tend__mem_free(packed);
    for (uint32_t i = 0; i < 1U << hll->lg_k && shape.exception_count > 0; i++) {
        if (hll->registers[i] - shape.smallest >= EXCEPTION) {
            tend__wire_put(buf, (uint64_t)hll->registers[i] << TEND_HLL_PLACE_BITS | i, 4);
        }
    }
    return tend__buf_code(buf, err);
}

enum tend_code tend__hll_write(const struct tend__hll *hll, struct tend__buf *buf,
                               struct tend_error *err)
{
    if (!hll->has_registers) {
        return write_coupons(hll, buf, err);
    }
    struct tend__hll copy = *hll; /* the sums are measured in it */
    return write_registers(&copy, buf, err);
}

/* ---- reading ---- */

struct head {
    uint8_t words;
    uint8_t version;
    uint8_t family;
    uint8_t lg_k;
    uint8_t lg;
    uint8_t flags;
    uint8_t small;
    uint8_t mode;
};

#define BAD(err, ...) TEND_FAIL(err, ECORRUPT, "not a HyperLogLog sketch: " __VA_ARGS__)

static enum tend_code read_head(struct tend__wire *wire, struct head *head, struct tend_error *err)
{
    const unsigned char *bytes = NULL;
    if (!tend__wire_take(wire, 8, &bytes)) {
        return BAD(err, "it ends within its first 8 bytes");
    }
    *head = (struct head){bytes[0], bytes[1], bytes[2], bytes[3],
                          bytes[4], bytes[5], bytes[6], bytes[7]};
    static const uint8_t words[] = {WORDS_LIST, WORDS_SET, WORDS_REGISTERS};
    if (head->family != FAMILY || head->version != 1) {
        return BAD(err, "family %d, serial version %d, not %d and 1", head->family, head->version,
                   FAMILY);
    }
    const unsigned mode = head->mode & 3U;
    if (head->lg_k < TEND_HLL_LG_K_MIN || head->lg_k > TEND_HLL_LG_K_MAX || mode > MODE_REGISTERS ||
        head->mode >> 2 > (int)TEND_HLL_8 || head->words != words[mode] ||
        (mode == MODE_SET && head->lg_k < 8)) {
        return BAD(err, "lg_k is %d, the mode %d, the preamble of %d words", head->lg_k, head->mode,
                   head->words);
    }
    return TEND_OK;
}

static bool is_coupon(uint32_t coupon)
{
    return tend__hll_value(coupon) != 0;
}

/* `stored` numbers, of which `count` are coupons and the others 0 (and none where it is compact).
 */
static enum tend_code read_coupons(struct tend__hll *hll, struct tend__wire *wire, uint32_t count,
                                   size_t stored, struct tend_error *err)
{
    if (wire->left != 4 * stored) {
        return BAD(err, "its length does not fit %zu coupons", stored);
    }
    for (size_t i = 0; i < stored; i++) {
        uint32_t coupon = 0;
        (void)tend__wire_u32(wire, &coupon);
        if (coupon == 0 && stored != count) {
            continue;
        }
        if (!is_coupon(coupon)) {
            return BAD(err, "%u is not a coupon", coupon);
        }
        tend__hll_add_coupon(hll, coupon);
        if (hll->has_registers) {
            return BAD(err, "more coupons than are ever kept");
        }
    }
    if (hll->coupon_count != count) {
        return BAD(err, "%u coupons, not %u", hll->coupon_count, count);
    }
    return TEND_OK;
}

static enum tend_code read_list_or_set(struct tend__hll *hll, const struct head *head,
                                       struct tend__wire *wire, struct tend_error *err)
{
    const bool is_compact = (head->flags & FLAG_COMPACT) != 0;
    uint32_t count = head->small;
    uint32_t lg = LG_LIST;
    if ((head->mode & 3U) == MODE_SET) {
        if (!tend__wire_u32(wire, &count)) {
            return BAD(err, "it ends before the number of its coupons");
        }
        lg = head->lg < LG_SET_MIN ? lg_table(LG_SET_MIN, count) : head->lg;
    }
    if (count > hll->coupon_max || lg >= TEND_HLL_LG_K_MAX) {
        return BAD(err, "%u coupons in a table of 2^%u", count, lg);
    }
    const size_t stored = is_compact ? count : (size_t)1 << lg;
    if (!is_compact && stored == count) {
        return BAD(err, "a full table of coupons");
    }
    return read_coupons(hll, wire, count, stored, err);
}

static void unpack(struct tend__hll *hll, unsigned bits, uint8_t base, const unsigned char *bytes)
{
    uint64_t window = 0;
    unsigned filled = 0;
    for (uint32_t i = 0; i < 1U << hll->lg_k; i++) {
        for (; filled < bits; filled += 8) {
            window |= (uint64_t)*bytes++ << filled;
        }
        hll->registers[i] = (uint8_t)((window & ((1U << bits) - 1U)) + base);
        window >>= bits;
        filled -= bits;
    }
}

/* Replaces the registers that say that they are exceptions. Each must be one, once. */
static enum tend_code read_exceptions(struct tend__hll *hll, struct tend__wire *wire, uint8_t base,
                                      uint32_t count, struct tend_error *err)
{
    const uint32_t mask = (1U << hll->lg_k) - 1U;
    uint32_t marked = 0;
    uint32_t found = 0;
    for (uint32_t i = 0; i <= mask; i++) {
        const bool is_marked = hll->registers[i] == base + EXCEPTION;
        marked += is_marked ? 1 : 0;
        if (!is_marked && hll->registers[i] > TEND_HLL_VALUE_MAX) {
            return BAD(err, "a register of %d", hll->registers[i]);
        }
    }
    if (marked != count || (count > 0 && base + EXCEPTION > TEND_HLL_VALUE_MAX)) {
        return BAD(err, "%u registers are exceptions, not %u", marked, count);
    }
    while (wire->left > 0) {
        uint32_t pair = 0;
        if (!tend__wire_u32(wire, &pair)) {
            return BAD(err, "its length does not fit its exceptions");
        }
        if (pair == 0) {
            continue; /* a free place of a table */
        }
        uint8_t *at = &hll->registers[pair & mask];
        /* One that was replaced already carries the mark 64. */
        if (*at != base + EXCEPTION || tend__hll_value(pair) < base + EXCEPTION) {
            return BAD(err, "an exception is where none belongs");
        }
        *at = (uint8_t)(tend__hll_value(pair) | 64U);
        found++;
    }
    for (uint32_t i = 0; i <= mask; i++) {
        hll->registers[i] &= TEND_HLL_VALUE_MAX;
    }
    return found == count ? TEND_OK : BAD(err, "%u exceptions, not %u", found, count);
}

static bool length_fits(const struct tend__hll *hll, const struct head *head, size_t left,
                        uint32_t exception_count)
{
    if (hll->type != TEND_HLL_4 || (head->flags & FLAG_COMPACT) != 0) {
        return left == 4 * (size_t)exception_count;
    }
    const uint32_t lg = exception_count == 0 ? lg_exceptions_min(hll->lg_k) : head->lg;
    return lg <= TEND_HLL_LG_K_MAX && left == (size_t)4 << lg;
}

static enum tend_code read_registers(struct tend__hll *hll, const struct head *head,
                                     struct tend__wire *wire, struct tend_error *err)
{
    static const unsigned bits[] = {4, 6, 8};
    const size_t size = register_bytes(hll->type, hll->lg_k);
    const unsigned char *skipped = NULL;
    const unsigned char *packed = NULL;
    const uint8_t base = hll->type == TEND_HLL_4 ? head->small : 0;
    double hip = 0;
    uint32_t exception_count = 0;
    if (!tend__wire_f64(wire, &hip) || !tend__wire_take(wire, 20, &skipped) ||
        !tend__wire_u32(wire, &exception_count) || !tend__wire_take(wire, size, &packed) ||
        exception_count > 1U << hll->lg_k || !length_fits(hll, head, wire->left, exception_count)) {
        return BAD(err, "its length does not fit 2^%u registers and %u exceptions", hll->lg_k,
                   exception_count);
    }
    if (base > TEND_HLL_VALUE_MAX) {
        return BAD(err, "its smallest register is %d", base);
    }
    tend__hll_begin_registers(hll);
    unpack(hll, bits[hll->type], base, packed);
    if (hll->type == TEND_HLL_4) {
        TEND_TRY(read_exceptions(hll, wire, base, exception_count, err));
    } else if (exception_count != 0) {
        return BAD(err, "exceptions in registers of more than 4 bits");
    }
    for (uint32_t i = 0; i < 1U << hll->lg_k; i++) {
        if (hll->registers[i] > TEND_HLL_VALUE_MAX) {
            return BAD(err, "a register of %d", hll->registers[i]);
        }
    }
    hll->in_order = (head->flags & FLAG_NOT_IN_ORDER) == 0;
    if (hll->in_order && !(hip >= 0.0 && hip < (double)INFINITY)) {
        return BAD(err, "its estimate is not a number");
    }
    hll->hip = hll->in_order ? hip : 0.0;
    tend__hll_measure(hll);
    return TEND_OK;
}

enum tend_code tend__hll_read(const void *bytes, size_t len, struct tend__hll **out,
                              struct tend_error *err)
{
    struct tend__wire wire = {.at = bytes, .left = len};
    struct head head;
    struct tend__hll *hll = NULL;
    TEND_TRY(read_head(&wire, &head, err));
    const struct tend__hll_options options = {
        .lg_k = head.lg_k, .type = (enum tend__hll_type)(head.mode >> 2), .in_order = true};
    TEND_TRY(tend__hll_new(&options, &hll, err));
    const enum tend_code code = (head.mode & 3U) == MODE_REGISTERS
                                    ? read_registers(hll, &head, &wire, err)
                                    : read_list_or_set(hll, &head, &wire, err);
    if (code != TEND_OK) {
        tend__hll_free(hll);
        return code;
    }
    *out = hll;
    return TEND_OK;
}
