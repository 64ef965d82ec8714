/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exact_sum.c: see the header for the idea, the invariants and the encoded form.
 *
 * Bounds. A value's size is m 2^p with m < 2^53 and p = 0 .. 2045 counted from 2^-1074; it goes to
 * limb p / 32 (less than 2^32) and to the next (less than 2^52). A chunk that starts in [0, 2^32)
 * so stays within 63 bits for 2047 additions; carries are propagated after 1024. 2^63 values below
 * 2^1024 need 2162 bits of 2176.
 */
#include "sketch/exact_sum.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define CHUNK_COUNT TEND_EXACT_SUM_CHUNK_COUNT
#define LIMB_COUNT (CHUNK_COUNT + 1)
#define PENDING_MAX 1024
#define BLOCK_LEN 64
#define HEAD_SIZE 31

static const unsigned char MAGIC[4] = {'t', 'X', 'S', '1'};

/* Brings chunks 0 .. count-2 into [0, 2^32); the last keeps the sign. */
static void propagate_carries(struct tend__exact_sum *sum)
{
    int64_t carry = 0;
    for (size_t i = 0; i + 1 < CHUNK_COUNT; i++) {
        const int64_t c = sum->chunks[i] + carry;
        const int64_t low = c & INT64_C(0xffffffff);
        carry = (c - low) / INT64_C(4294967296);
        sum->chunks[i] = low;
    }
    sum->chunks[CHUNK_COUNT - 1] += carry;
    sum->pending = 0;
}

/* Adds (negative ? -1 : 1) m 2^(p - 1074), m < 2^53, p in 0 .. 2045. */
static void add_scaled(struct tend__exact_sum *sum, uint64_t m, unsigned p, bool negative)
{
    const unsigned shift = p & 31U;
    int64_t *chunk = &sum->chunks[p >> 5];
    const int64_t sign = negative ? -1 : 0;
    const int64_t low = (int64_t)((m << shift) & 0xffffffffU);
    const int64_t high = (int64_t)(m >> (32U - shift));
    /* (v ^ -1) - -1 is -v in two's complement, without a branch. */
    chunk[0] += (low ^ sign) - sign;
    chunk[1] += (high ^ sign) - sign;
    if (++sum->pending >= PENDING_MAX) {
        propagate_carries(sum);
    }
}

/* Adds any double to the chunks, or counts it. */
static void add_to_chunks(struct tend__exact_sum *sum, double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    const unsigned exponent = (unsigned)(bits >> 52) & 0x7ffU;
    const uint64_t fraction = bits & UINT64_C(0xfffffffffffff);
    const bool negative = (bits >> 63) != 0;
    if (exponent == 0x7ffU) {
        sum->nan_count += fraction != 0;
        sum->pos_inf_count += fraction == 0 && !negative;
        sum->neg_inf_count += fraction == 0 && negative;
        return;
    }
    const uint64_t hidden = (uint64_t)(exponent != 0) << 52;
    add_scaled(sum, fraction | hidden, exponent - (exponent != 0), negative);
}

/* Moves the whole number to the chunks: 64 bits at weight 1 = 2^(1074 - 1074). */
static void fold_whole(struct tend__exact_sum *sum)
{
    const bool negative = sum->whole < 0;
    const uint64_t size = negative ? 0U - (uint64_t)sum->whole : (uint64_t)sum->whole;
    add_scaled(sum, size & 0xffffffffU, 1074, negative);
    add_scaled(sum, size >> 32, 1074 + 32, negative);
    sum->whole = 0;
}

static void add_whole(struct tend__exact_sum *sum, int64_t x)
{
    int64_t total = 0;
    if (__builtin_add_overflow(sum->whole, x, &total)) {
        fold_whole(sum);
        total = x;
    }
    sum->whole = total;
}

void tend__exact_sum_add(struct tend__exact_sum *sum, double x)
{
    if (x > -0x1p62 && x < 0x1p62) {
        const int64_t whole = (int64_t)x;
        if ((double)whole == x) {
            add_whole(sum, whole);
            return;
        }
    }
    add_to_chunks(sum, x);
}

/* The sum of BLOCK_LEN values into *out, where each is a whole number below 2^51 in size; false
 * otherwise. Adding 1.5 2^52 shifts a whole number into the low bits of the double: no conversion,
 * so that it vectorises. */
static bool sum_whole_block(const double *x, int64_t *out)
{
    const double shifter = 0x1.8p52;
    uint64_t shifter_bits = 0;
    memcpy(&shifter_bits, &shifter, sizeof shifter_bits);
    uint64_t total = 0;
    uint64_t odd = 0;
    for (size_t i = 0; i < BLOCK_LEN; i++) {
        const double shifted = x[i] + shifter;
        uint64_t bits = 0;
        memcpy(&bits, &shifted, sizeof bits);
        total += bits;
        odd |= (uint64_t) !(shifted - shifter == x[i]) | (uint64_t) !(fabs(x[i]) < 0x1p51);
    }
    *out = (int64_t)(total - BLOCK_LEN * shifter_bits);
    return odd == 0;
}

void tend__exact_sum_add_many(struct tend__exact_sum *sum, const double *x, size_t n)
{
    size_t i = 0;
    for (; i + BLOCK_LEN <= n; i += BLOCK_LEN) {
        int64_t whole = 0;
        if (sum_whole_block(x + i, &whole)) {
            add_whole(sum, whole);
            continue;
        }
        for (size_t j = 0; j < BLOCK_LEN; j++) {
            add_to_chunks(sum, x[i + j]);
        }
    }
    for (; i < n; i++) {
        tend__exact_sum_add(sum, x[i]);
    }
}

void tend__exact_sum_add_squares(struct tend__exact_sum *sum, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double square = x[i] * x[i];
        tend__exact_sum_add(sum, square);
        if (fabs(x[i]) < 0x1p26 && x[i] == (double)(int64_t)x[i]) {
            continue; /* the square of a small whole number is exact */
        }
        /* The rounding error of a product is a double itself where it does not fall below the least
         * one. */
        if (square > 0x1p-969 && square <= 0x1.fffffffffffffp1023) {
            add_to_chunks(sum, fma(x[i], x[i], -square));
        }
    }
}

/* Adds whole x 2^exponent, where 2^exponent is at least 2^-1074. */
static void add_steps(struct tend__exact_sum *sum, int64_t whole, int exponent)
{
    const bool negative = whole < 0;
    const uint64_t size = negative ? 0U - (uint64_t)whole : (uint64_t)whole;
    const unsigned p = (unsigned)(exponent + 1074);
    add_scaled(sum, size & 0xffffffffU, p, negative);
    add_scaled(sum, size >> 32, p + 32, negative);
}

/* Where the largest square is 2^exponent or more, below 2^(exponent + 1): the exponents for which
 * a split sum is defined (kernel.h), with room. */
#define SPLIT_MIN (-700)
#define SPLIT_MAX 900
#define SPLIT_BITS 50

static bool split_values(struct tend__exact_sum *sum, const struct tend__kernel *kernel,
                         const double *x, size_t n, int exponent)
{
    const int unit = exponent + 1 - SPLIT_BITS;
    struct tend__split_sum split = {0};
    kernel->split_sum(x, n, ldexp(0x1.8p52, unit), &split);
    if (!split.has_rest) {
        add_steps(sum, split.high, unit);
        add_steps(sum, split.low, unit - SPLIT_BITS);
    }
    return !split.has_rest;
}

static bool split_squares(struct tend__exact_sum *squares, const struct tend__kernel *kernel,
                          const double *x, size_t n, int exponent)
{
    const int unit = exponent + 1 - SPLIT_BITS;
    struct tend__split_sum products = {0};
    struct tend__split_sum errors = {0};
    kernel->split_squares(x, n, ldexp(0x1.8p52, unit), &products, &errors);
    const bool is_whole = !products.has_rest && !errors.has_rest;
    if (is_whole) {
        add_steps(squares, products.high, unit);
        add_steps(squares, products.low, unit - SPLIT_BITS);
        add_steps(squares, errors.high, unit - 53);
        add_steps(squares, errors.low, unit - 53 - SPLIT_BITS);
    }
    return is_whole;
}

void tend__exact_sum_add_block(struct tend__exact_sum *sum, struct tend__exact_sum *squares,
                               const struct tend__kernel *kernel, const double *x, size_t n,
                               double size_max)
{
    int value_exponent = 0;
    int square_exponent = 0;
    (void)frexp(size_max, &value_exponent);
    (void)frexp(size_max * size_max, &square_exponent);
    /* frexp(0) and frexp(infinity) give 0 or anything: neither is taken for a size. */
    const bool is_sound =
        size_max * size_max > ldexp(1, SPLIT_MIN) && size_max * size_max < ldexp(1, SPLIT_MAX);
    if (!is_sound || !split_values(sum, kernel, x, n, value_exponent - 1)) {
        tend__exact_sum_add_many(sum, x, n);
    }
    if (!is_sound || !split_squares(squares, kernel, x, n, square_exponent - 1)) {
        tend__exact_sum_add_squares(squares, x, n);
    }
}

void tend__exact_sum_add_rest(struct tend__exact_sum *sum, struct tend__exact_sum *squares,
                              double high, double low)
{
    /* (high + low)^2 = high^2 + 2 high low + low^2 */
    const double product = high * low;
    tend__exact_sum_add(sum, low);
    tend__exact_sum_add(squares, 2 * product);
    tend__exact_sum_add(squares, 2 * fma(high, low, -product));
    tend__exact_sum_add(squares, low * low);
}

/* A copy with everything in the chunks and the carries propagated. */
static struct tend__exact_sum normalised(const struct tend__exact_sum *sum)
{
    struct tend__exact_sum copy = *sum;
    fold_whole(&copy);
    propagate_carries(&copy);
    return copy;
}

void tend__exact_sum_merge(struct tend__exact_sum *into, const struct tend__exact_sum *from)
{
    const struct tend__exact_sum other = normalised(from);
    fold_whole(into);
    propagate_carries(into);
    for (size_t i = 0; i < CHUNK_COUNT; i++) {
        into->chunks[i] += other.chunks[i];
    }
    propagate_carries(into);
    into->nan_count += other.nan_count;
    into->pos_inf_count += other.pos_inf_count;
    into->neg_inf_count += other.neg_inf_count;
}

/* The size of a sum as limbs, lowest first. */
struct magnitude {
    uint32_t limbs[LIMB_COUNT + 2]; /* two zeros above, for reads across the end */
    size_t low;                     /* first and */
    size_t high;                    /* one past the last limb that is not 0; both 0 for zero */
    bool negative;
};

static struct magnitude take_magnitude(const struct tend__exact_sum *sum)
{
    struct tend__exact_sum copy = normalised(sum);
    struct magnitude size = {.negative = copy.chunks[CHUNK_COUNT - 1] < 0};
    if (size.negative) {
        for (size_t i = 0; i < CHUNK_COUNT; i++) {
            copy.chunks[i] = -copy.chunks[i];
        }
        propagate_carries(&copy);
    }
    for (size_t i = 0; i < CHUNK_COUNT; i++) {
        size.limbs[i] = (uint32_t)(copy.chunks[i] & INT64_C(0xffffffff));
    }
    size.limbs[CHUNK_COUNT] = (uint32_t)((uint64_t)copy.chunks[CHUNK_COUNT - 1] >> 32);
    for (size_t i = LIMB_COUNT; i > 0; i--) {
        if (size.limbs[i - 1] != 0) {
            size.high = size.high == 0 ? i : size.high;
            size.low = i - 1;
        }
    }
    return size;
}

/* 64 bits from bit position p on. */
static uint64_t read_bits(const struct magnitude *size, size_t p)
{
    const uint32_t *limb = &size->limbs[p / 32];
    const unsigned shift = (unsigned)(p % 32);
    uint64_t bits = ((uint64_t)limb[0] | (uint64_t)limb[1] << 32) >> shift;
    if (shift != 0) {
        bits |= (uint64_t)limb[2] << (64U - shift);
    }
    return bits;
}

/* True where a bit below position p is set. */
static bool has_bits_below(const struct magnitude *size, size_t p)
{
    if (size->low < p / 32) {
        return true;
    }
    return (size->limbs[p / 32] & (uint32_t)((UINT64_C(1) << (p % 32)) - 1)) != 0;
}

double tend__exact_sum_value(const struct tend__exact_sum *sum)
{
    const struct magnitude size = take_magnitude(sum);
    if (size.high == 0) {
        return 0.0;
    }
    const unsigned lead = 31U - (unsigned)__builtin_clz(size.limbs[size.high - 1]);
    const size_t top = 32 * (size.high - 1) + lead;
    const size_t last = top > 52 ? top - 52 : 0; /* position of the result's last bit */
    uint64_t m = read_bits(&size, last) & UINT64_C(0x1fffffffffffff);
    if (last > 0 && (read_bits(&size, last - 1) & 1U) != 0) {
        m += has_bits_below(&size, last - 1) || (m & 1U) != 0;
    }
    /* m <= 2^53 and the weight of its last bit is at least 2^-1074: scaling rounds no more. */
    const double value = ldexp((double)m, (int)last - 1074);
    return size.negative ? -value : value;
}

void tend__exact_sum_pair(const struct tend__exact_sum *sum, double *hi, double *lo)
{
    *hi = tend__exact_sum_value(sum);
    *lo = 0.0;
    if (isfinite(*hi)) {
        struct tend__exact_sum rest = normalised(sum);
        add_to_chunks(&rest, -*hi);
        *lo = tend__exact_sum_value(&rest);
    }
}

double tend__exact_sum_variance(const struct tend__exact_sum *sum,
                                const struct tend__exact_sum *squares, uint64_t count)
{
    if (count < 2) {
        return 0.0;
    }
    double s_hi = 0;
    double s_lo = 0;
    double q_hi = 0;
    double q_lo = 0;
    tend__exact_sum_pair(sum, &s_hi, &s_lo);
    tend__exact_sum_pair(squares, &q_hi, &q_lo);
    const double n = (double)count;
    /* mean S / n as mean + rest, then n mean^2 as a pair; all in about 106 bits. */
    const double mean = s_hi / n;
    const double rest = (fma(-mean, n, s_hi) + s_lo) / n;
    const double t_hi = mean * s_hi;
    const double t_lo = fma(mean, s_hi, -t_hi) + (mean * s_lo + rest * s_hi);
    const double variance = ((q_hi - t_hi) + (q_lo - t_lo)) / (n - 1.0);
    return variance > 0.0 ? variance : 0.0;
}

static void store_u64(unsigned char *bytes, uint64_t x)
{
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(x >> (8 * i));
    }
}

static uint64_t load_u64(const unsigned char *bytes)
{
    uint64_t x = 0;
    for (unsigned i = 0; i < 8; i++) {
        x |= (uint64_t)bytes[i] << (8 * i);
    }
    return x;
}

size_t tend__exact_sum_write(const struct tend__exact_sum *sum,
                             unsigned char bytes[TEND_EXACT_SUM_BYTES_MAX])
{
    const struct magnitude size = take_magnitude(sum);
    memcpy(bytes, MAGIC, sizeof MAGIC);
    store_u64(bytes + 4, sum->nan_count);
    store_u64(bytes + 12, sum->pos_inf_count);
    store_u64(bytes + 20, sum->neg_inf_count);
    const size_t limb_count = size.high - size.low;
    unsigned char sign = size.negative ? 2 : 1;
    bytes[28] = limb_count == 0 ? 0 : sign;
    bytes[29] = (unsigned char)size.low;
    bytes[30] = (unsigned char)limb_count;
    for (size_t i = 0; i < limb_count; i++) {
        for (unsigned j = 0; j < 4; j++) {
            bytes[HEAD_SIZE + 4 * i + j] = (unsigned char)(size.limbs[size.low + i] >> (8 * j));
        }
    }
    return HEAD_SIZE + 4 * limb_count;
}

/* True where the head's sign, index and number of limbs fit each other and the length. */
static bool head_is_sound(const unsigned char *b, size_t len)
{
    const size_t low = b[29];
    const size_t limb_count = b[30];
    if (b[28] > 2 || len != HEAD_SIZE + 4 * limb_count || low + limb_count > LIMB_COUNT) {
        return false;
    }
    if (limb_count == 0) {
        return b[28] == 0 && low == 0;
    }
    return b[28] != 0;
}

enum tend_code tend__exact_sum_read(const void *bytes, size_t len, struct tend__exact_sum *out,
                                    struct tend_error *err)
{
    const unsigned char *b = bytes;
    if (len < HEAD_SIZE || memcmp(b, MAGIC, sizeof MAGIC) != 0 || !head_is_sound(b, len)) {
        return TEND_FAIL(err, ECORRUPT, "these %zu bytes are not an exact sum", len);
    }
    struct tend__exact_sum sum = {.nan_count = load_u64(b + 4),
                                  .pos_inf_count = load_u64(b + 12),
                                  .neg_inf_count = load_u64(b + 20)};
    uint32_t limbs[LIMB_COUNT] = {0};
    const size_t low = b[29];
    const size_t limb_count = b[30];
    for (size_t i = 0; i < limb_count; i++) {
        for (unsigned j = 0; j < 4; j++) {
            limbs[low + i] |= (uint32_t)b[HEAD_SIZE + 4 * i + j] << (8 * j);
        }
    }
    const bool padded = limb_count > 0 && (limbs[low] == 0 || limbs[low + limb_count - 1] == 0);
    if (padded || limbs[LIMB_COUNT - 1] >= 0x40000000U) {
        return TEND_FAIL(err, ECORRUPT, "the limbs of an exact sum are not in canonical form");
    }
    const int64_t sign = b[28] == 2 ? -1 : 1;
    for (size_t i = 0; i + 1 < CHUNK_COUNT; i++) {
        sum.chunks[i] = sign * (int64_t)limbs[i];
    }
    sum.chunks[CHUNK_COUNT - 1] =
        sign * (int64_t)((uint64_t)limbs[CHUNK_COUNT - 1] | (uint64_t)limbs[CHUNK_COUNT] << 32);
    propagate_carries(&sum);
    *out = sum;
    return TEND_OK;
}
