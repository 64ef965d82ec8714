/* SPDX-License-Identifier: Apache-2.0 */
/* hll.c: adding to HyperLogLog sketches, uniting them, and their estimates; see hll.h. */
#include "sketch/hll.h"

#include "base/mem.h"
#include "sketch/hll_inner.h"
#include "sketch/murmur3.h"

#include <math.h>
#include <string.h>

#define BLOCK 256
#define HIP_FACTOR 0.8325546   /* sqrt(ln 2) */
#define NON_HIP_FACTOR 1.03896 /* sqrt(3 ln 2 - 1) */
#define COUPON_FACTOR 0.409    /* DataSketches' figure, over 2^13 */
#define LOG_BITS 62            /* what a register counts up to, less one */
#define NAN_BITS UINT64_C(0x7FF8000000000000)

/* As in DataSketches: below 2^8 registers a list of 8 is folded, above it a set of 3/4 of 2^(lg_k -
 * 3), where one more than these many is. */
static uint32_t coupon_limit(uint32_t lg_k)
{
    return lg_k < 8 ? TEND_HLL_LIST_MAX : 3U * (1U << (lg_k - 3)) / 4U;
}

enum tend_code tend__hll_new(const struct tend__hll_options *options, struct tend__hll **out,
                             struct tend_error *err)
{
    const uint32_t lg_k = options == NULL || options->lg_k == 0 ? TEND_HLL_LG_K : options->lg_k;
    if (lg_k < TEND_HLL_LG_K_MIN || lg_k > TEND_HLL_LG_K_MAX) {
        return TEND_FAIL(err, EINVAL, "lg_k of a HyperLogLog sketch must be %d .. %d, not %u",
                         TEND_HLL_LG_K_MIN, TEND_HLL_LG_K_MAX, lg_k);
    }
    struct tend__hll *hll = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(1, sizeof(*hll), &hll, err));
    hll->lg_k = lg_k;
    hll->type = options == NULL ? TEND_HLL_4 : options->type;
    hll->in_order = options != NULL && options->in_order;
    hll->coupon_max = coupon_limit(lg_k);
    hll->coupon_mask = lg_k < 8 ? 15U : (1U << (lg_k - 2)) - 1U;
    TEND_TRY_OUT(tend__mem_new(hll->coupon_mask + 1U, sizeof(uint32_t), &hll->coupons, err));
    TEND_TRY_OUT(tend__mem_new((size_t)1 << lg_k, 1, &hll->registers, err));
    *out = hll;
    return TEND_OK;
out:
    tend__hll_free(hll);
    return code;
}

void tend__hll_free(struct tend__hll *hll)
{
    if (hll == NULL) {
        return;
    }
    tend__mem_free(hll->registers);
    tend__mem_free(hll->coupons);
    tend__mem_free(hll);
}

/* ---- adding ---- */

static double power_of_half(unsigned exponent)
{
    return ldexp(1.0, -(int)exponent);
}

static inline void raise_register(struct tend__hll *hll, uint32_t coupon)
{
    uint8_t *at = &hll->registers[coupon & ((1U << hll->lg_k) - 1U)];
    const uint8_t value = tend__hll_value(coupon);
    if (value <= *at) {
        return;
    }
    if (hll->in_order) {
        hll->hip += (double)(1U << hll->lg_k) / (hll->kxq_low + hll->kxq_high);
        *(*at < 32 ? &hll->kxq_low : &hll->kxq_high) -= power_of_half(*at);
        *(value < 32 ? &hll->kxq_low : &hll->kxq_high) += power_of_half(value);
    }
    *at = value;
}

/* Coupons that are different by their hash but the same by their 26 + 6 bits: each pair collides
 * with probability 2^-26 * sum over v of 4^-v. */
static double coupon_estimate(uint32_t count)
{
    const double n = count;
    return n + n * (n - 1.0) / 2.0 / 3.0 * 0x1p-26;
}

void tend__hll_begin_registers(struct tend__hll *hll)
{
    hll->has_registers = true;
    hll->kxq_low = (double)(1U << hll->lg_k);
    hll->kxq_high = 0;
}

static void fold_coupons(struct tend__hll *hll)
{
    const double estimate = coupon_estimate(hll->coupon_count);
    tend__hll_begin_registers(hll);
    for (uint32_t i = 0; i <= hll->coupon_mask; i++) {
        if (hll->coupons[i] != 0) {
            raise_register(hll, hll->coupons[i]);
        }
    }
    memset(hll->coupons, 0, (hll->coupon_mask + 1U) * sizeof(hll->coupons[0]));
    hll->coupon_count = 0;
    hll->hip = estimate;
}

void tend__hll_add_coupon(struct tend__hll *hll, uint32_t coupon)
{
    if (hll->has_registers) {
        raise_register(hll, coupon);
        return;
    }
    uint32_t at = coupon & hll->coupon_mask;
    while (hll->coupons[at] != 0 && hll->coupons[at] != coupon) {
        at = (at + 1U) & hll->coupon_mask;
    }
    if (hll->coupons[at] == 0) {
        hll->coupons[at] = coupon;
        hll->coupon_count++;
        if (hll->coupon_count > hll->coupon_max) {
            fold_coupons(hll);
        }
    }
}

static inline uint32_t coupon_of(struct tend__murmur3 hash)
{
    const uint64_t bits = hash.high | 1U; /* a last zero does not change a value of 64 - 1 */
    const uint32_t zeros = (uint32_t)__builtin_clzll(bits);
    const uint32_t value = (zeros > LOG_BITS ? LOG_BITS : zeros) + 1U;
    return value << TEND_HLL_PLACE_BITS | (uint32_t)(hash.low & TEND_HLL_PLACE_MASK);
}

static void add_coupons(struct tend__hll *hll, const uint32_t *coupons, size_t n)
{
    size_t i = 0;
    while (i < n && !hll->has_registers) {
        tend__hll_add_coupon(hll, coupons[i++]);
    }
    if (hll->in_order) {
        for (; i < n; i++) {
            raise_register(hll, coupons[i]);
        }
        return;
    }
    uint8_t *registers = hll->registers;
    const uint32_t mask = (1U << hll->lg_k) - 1U;
    for (; i < n; i++) {
        uint8_t *at = &registers[coupons[i] & mask];
        const uint8_t value = tend__hll_value(coupons[i]);
        *at = value > *at ? value : *at;
    }
}

static inline uint64_t bits_of(double x)
{
    const double canonical = x + 0.0; /* -0 becomes 0 */
    uint64_t bits = 0;
    memcpy(&bits, &canonical, sizeof(bits));
    return x == x ? bits : NAN_BITS;
}

void tend__hll_add_doubles(struct tend__hll *hll, const double *x, size_t n)
{
    uint32_t coupons[BLOCK];
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        const size_t len = n - begin < BLOCK ? n - begin : BLOCK;
        for (size_t i = 0; i < len; i++) {
            coupons[i] =
                coupon_of(tend__murmur3_u64(bits_of(x[begin + i]), TEND_DATASKETCHES_SEED));
        }
        add_coupons(hll, coupons, len);
    }
}

void tend__hll_add_ints(struct tend__hll *hll, const int64_t *x, size_t n)
{
    uint32_t coupons[BLOCK];
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        const size_t len = n - begin < BLOCK ? n - begin : BLOCK;
        for (size_t i = 0; i < len; i++) {
            coupons[i] =
                coupon_of(tend__murmur3_u64((uint64_t)x[begin + i], TEND_DATASKETCHES_SEED));
        }
        add_coupons(hll, coupons, len);
    }
}

void tend__hll_add_bytes(struct tend__hll *hll, const void *bytes, size_t len)
{
    tend__hll_add_coupon(hll, coupon_of(tend__murmur3_bytes(bytes, len, TEND_DATASKETCHES_SEED)));
}

static void add_bools(struct tend__hll *hll, const struct tend__column *column, size_t row_count)
{
    bool seen[2] = {false, false};
    for (size_t i = 0; i < row_count; i++) {
        if (tend__is_valid(column, i)) {
            seen[column->bools[i] != 0 ? 1 : 0] = true;
        }
    }
    for (int64_t value = 0; value < 2; value++) {
        if (seen[value]) {
            tend__hll_add_ints(hll, &value, 1);
        }
    }
}

void tend__hll_add_column(struct tend__hll *hll, const struct tend__column *column,
                          size_t row_count)
{
    if (column->type == TEND_TYPE_BOOL) {
        add_bools(hll, column, row_count);
        return;
    }
    for (size_t i = 0; i < row_count;) {
        size_t end = i;
        while (end < row_count && tend__is_valid(column, end)) {
            end++;
        }
        if (column->type == TEND_TYPE_NUMBER) {
            tend__hll_add_doubles(hll, column->f64 + i, end - i);
        } else if (column->type == TEND_TYPE_TIME) {
            tend__hll_add_ints(hll, column->time_us + i, end - i);
        } else if (column->type == TEND_TYPE_TEXT) {
            for (; i < end; i++) {
                tend__hll_add_bytes(hll, column->text[i].ptr, column->text[i].len);
            }
        }
        i = end + 1;
    }
}

/* ---- uniting ---- */

/* Fewer registers: those whose places are the same in the bits that are left become one. */
static void shrink(struct tend__hll *hll, uint32_t lg_k)
{
    const uint32_t mask = (1U << lg_k) - 1U;
    for (uint32_t i = mask + 1U; i < 1U << hll->lg_k; i++) {
        uint8_t *at = &hll->registers[i & mask];
        *at = hll->registers[i] > *at ? hll->registers[i] : *at;
        hll->registers[i] = 0;
    }
    hll->lg_k = lg_k;
    tend__hll_measure(hll);
}

/* `into` has coupons and `from` has registers: into becomes a copy of from, with its coupons. */
static void take_registers(struct tend__hll *into, const struct tend__hll *from)
{
    const uint32_t lg_k = from->lg_k < into->lg_k ? from->lg_k : into->lg_k;
    const uint32_t mask = (1U << lg_k) - 1U;
    into->lg_k = lg_k;
    into->has_registers = true;
    into->in_order = into->in_order && from->in_order && lg_k == from->lg_k;
    into->hip = from->hip;
    for (uint32_t i = 0; i < 1U << from->lg_k; i++) {
        uint8_t *at = &into->registers[i & mask];
        *at = from->registers[i] > *at ? from->registers[i] : *at;
    }
    tend__hll_measure(into);
    for (uint32_t i = 0; i <= into->coupon_mask; i++) {
        if (into->coupons[i] != 0) {
            raise_register(into, into->coupons[i]);
            into->coupons[i] = 0;
        }
    }
    into->coupon_count = 0;
}

void tend__hll_merge(struct tend__hll *into, const struct tend__hll *from)
{
    TEND_ASSERT(into != from);
    if (!from->has_registers) {
        for (uint32_t i = 0; i <= from->coupon_mask; i++) {
            if (from->coupons[i] != 0) {
                tend__hll_add_coupon(into, from->coupons[i]);
            }
        }
        return;
    }
    if (!into->has_registers) {
        take_registers(into, from);
        return;
    }
    if (from->lg_k < into->lg_k) {
        shrink(into, from->lg_k);
    }
    const uint32_t mask = (1U << into->lg_k) - 1U;
    for (uint32_t i = 0; i < 1U << from->lg_k; i++) {
        uint8_t *at = &into->registers[i & mask];
        *at = from->registers[i] > *at ? from->registers[i] : *at;
    }
    into->in_order = false;
    into->hip = 0;
    tend__hll_measure(into);
}

/* ---- estimates ---- */

void tend__hll_measure(struct tend__hll *hll)
{
    uint32_t counts[TEND_HLL_VALUE_MAX + 1] = {0};
    for (uint32_t i = 0; i < 1U << hll->lg_k; i++) {
        counts[hll->registers[i]]++;
    }
    hll->kxq_low = 0;
    hll->kxq_high = 0;
    for (unsigned v = 0; v <= TEND_HLL_VALUE_MAX; v++) {
        *(v < 32 ? &hll->kxq_low : &hll->kxq_high) += counts[v] * power_of_half(v);
    }
}

/* sigma and tau of Ertl 2017, algorithms 5 and 6: sums that end where they no longer change. */
static double sigma(double x)
{
    double power = 1.0;
    double sum = x;
    double before = -1.0;
    if (x == 1.0) {
        return (double)INFINITY;
    }
    while (sum != before) {
        x *= x;
        before = sum;
        sum += x * power;
        power += power;
    }
    return sum;
}

static double tau(double x)
{
    double power = 1.0;
    double sum = 1.0 - x;
    double before = -1.0;
    if (x == 0.0 || x == 1.0) {
        return 0.0;
    }
    while (sum != before) {
        x = sqrt(x);
        before = sum;
        power *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * power;
    }
    return sum / 3.0;
}

static double ertl_estimate(const struct tend__hll *hll)
{
    uint32_t counts[TEND_HLL_VALUE_MAX + 1] = {0};
    const double m = (double)(1U << hll->lg_k);
    for (uint32_t i = 0; i < 1U << hll->lg_k; i++) {
        counts[hll->registers[i]]++;
    }
    double z = m * tau(1.0 - counts[TEND_HLL_VALUE_MAX] / m);
    for (unsigned v = LOG_BITS; v >= 1; v--) {
        z = 0.5 * (z + counts[v]);
    }
    z += m * sigma(counts[0] / m);
    return m / (2.0 * log(2.0)) * m / z;
}

static uint32_t hit_count(const struct tend__hll *hll)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < 1U << hll->lg_k; i++) {
        count += hll->registers[i] != 0 ? 1 : 0;
    }
    return count;
}

void tend__hll_forget_order(struct tend__hll *hll)
{
    hll->in_order = false;
    hll->hip = 0;
}

uint32_t tend__hll_lg_k(const struct tend__hll *hll)
{
    return hll->lg_k;
}

bool tend__hll_is_empty(const struct tend__hll *hll)
{
    return hll->has_registers ? hit_count(hll) == 0 : hll->coupon_count == 0;
}

double tend__hll_estimate(const struct tend__hll *hll)
{
    if (!hll->has_registers) {
        return coupon_estimate(hll->coupon_count);
    }
    return hll->in_order ? hll->hip : ertl_estimate(hll);
}

double tend__hll_relative_error(const struct tend__hll *hll)
{
    if (!hll->has_registers) {
        return COUPON_FACTOR / 8192.0;
    }
    return (hll->in_order ? HIP_FACTOR : NON_HIP_FACTOR) / sqrt((double)(1U << hll->lg_k));
}

void tend__hll_bounds(const struct tend__hll *hll, double sds, double *low, double *high)
{
    const double estimate = tend__hll_estimate(hll);
    const double factor = exp(sds * tend__hll_relative_error(hll));
    const double least = hll->has_registers ? hit_count(hll) : hll->coupon_count;
    *low = fmax(estimate / factor, least);
    *high = fmax(estimate * factor, least);
}
