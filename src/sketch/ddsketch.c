/* SPDX-License-Identifier: Apache-2.0 */
/* ddsketch.c: counting by magnitude, merging, quantiles; see ddsketch.h. */
#include "sketch/ddsketch.h"

#include "base/mem.h"
#include "sketch/ddsketch_inner.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define BLOCK 256
#define CUBIC_A (6.0 / 35.0)
#define CUBIC_B (-3.0 / 5.0)
#define CUBIC_C (10.0 / 7.0)

void tend__ddsketch_set_mapping(struct tend__ddsketch *sketch, double alpha,
                                enum tend__ddsketch_mapping mapping)
{
    const double above = 2 * alpha / (1 - alpha);
    sketch->gamma = 1 + above;
    sketch->mapping = mapping;
    sketch->multiplier = 1 / log1p(above);
    if (mapping == TEND_DDSKETCH_CUBIC) {
        sketch->multiplier /= CUBIC_C;
    } else {
        sketch->multiplier *= log(2.0);
    }
    sketch->smallest = DBL_MIN * sketch->gamma;
}

enum tend_code tend__ddsketch_new(const struct tend__ddsketch_options *options,
                                  struct tend__ddsketch **out, struct tend_error *err)
{
    const double alpha =
        options == NULL || options->alpha == 0 ? TEND_DDSKETCH_ALPHA : options->alpha;
    const size_t bucket_max =
        options == NULL || options->bucket_max == 0 ? TEND_DDSKETCH_BUCKETS : options->bucket_max;
    if (!(alpha >= 1e-4 && alpha <= 0.5) || bucket_max < 16 ||
        bucket_max > TEND_DDSKETCH_BUCKETS_MAX) {
        return TEND_FAIL(err, EINVAL,
                         "a DDSketch needs an alpha of 0.0001 .. 0.5 and 16 .. %d buckets, not %g "
                         "and %zu",
                         TEND_DDSKETCH_BUCKETS_MAX, alpha, bucket_max);
    }
    struct tend__ddsketch *sketch = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(1, sizeof(*sketch), &sketch, err));
    tend__ddsketch_set_mapping(sketch, alpha, TEND_DDSKETCH_CUBIC);
    sketch->bucket_max = bucket_max;
    TEND_TRY_OUT(tend__mem_new(bucket_max, sizeof(uint64_t), &sketch->positive.counts, err));
    TEND_TRY_OUT(tend__mem_new(bucket_max, sizeof(uint64_t), &sketch->negative.counts, err));
    *out = sketch;
    return TEND_OK;
out:
    tend__ddsketch_free(sketch);
    return code;
}

void tend__ddsketch_free(struct tend__ddsketch *sketch)
{
    if (sketch == NULL) {
        return;
    }
    tend__mem_free(sketch->negative.counts);
    tend__mem_free(sketch->positive.counts);
    tend__mem_free(sketch);
}

/* ---- buckets ---- */

void tend__ddsketch_store_range(const struct tend__ddsketch *sketch,
                                const struct tend__ddsketch_store *store, size_t *first,
                                size_t *last)
{
    TEND_DASSERT(store->total > 0);
    size_t low = 0;
    size_t high = sketch->bucket_max - 1;
    while (store->counts[low] == 0) {
        low++;
    }
    while (store->counts[high] == 0) {
        high--;
    }
    *first = low;
    *last = high;
}

/* Moves the window so that it begins at `base`; what is below goes to its first bucket. Nothing
 * that is not empty is above its end. */
static void move_window(const struct tend__ddsketch *sketch, struct tend__ddsketch_store *store,
                        int32_t base)
{
    const size_t n = sketch->bucket_max;
    uint64_t *counts = store->counts;
    if (base > store->base) {
        const size_t up = (size_t)(base - store->base);
        const size_t gone = up < n ? up : n;
        uint64_t joined = 0;
        for (size_t i = 0; i < gone; i++) {
            joined += counts[i];
        }
        memmove(counts, counts + gone, (n - gone) * sizeof(*counts));
        memset(counts + n - gone, 0, gone * sizeof(*counts));
        counts[0] += joined;
    } else {
        const size_t down = (size_t)(store->base - base);
        memmove(counts + down, counts, (n - down) * sizeof(*counts));
        memset(counts, 0, down * sizeof(*counts));
    }
    store->base = base;
}

/* Makes room for a bucket outside of the window: in its middle where all fits, else at its end. */
static void reach_bucket(const struct tend__ddsketch *sketch, struct tend__ddsketch_store *store,
                         int32_t bucket)
{
    const int32_t n = (int32_t)sketch->bucket_max;
    if (store->total == 0) {
        store->base = bucket - n / 2;
        return;
    }
    size_t first = 0;
    size_t last = 0;
    tend__ddsketch_store_range(sketch, store, &first, &last);
    int32_t low = store->base + (int32_t)first;
    int32_t high = store->base + (int32_t)last;
    low = bucket < low ? bucket : low;
    high = bucket > high ? bucket : high;
    const int32_t span = high - low + 1;
    move_window(sketch, store, span <= n ? low - (n - span) / 2 : high - n + 1);
}

void tend__ddsketch_store_add(const struct tend__ddsketch *sketch,
                              struct tend__ddsketch_store *store, int32_t bucket, uint64_t count)
{
    if (store->total == 0 || (uint32_t)bucket - (uint32_t)store->base >= sketch->bucket_max) {
        reach_bucket(sketch, store, bucket);
    }
    const int32_t at = bucket < store->base ? 0 : bucket - store->base;
    store->counts[at] += count;
    store->total += count;
}

/* ---- adding ---- */

/* The binary logarithm that the cubic mapping has of a positive, normal number. */
static inline double cubic_log2(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof(bits));
    const double exponent = (double)((int32_t)(bits >> 52 & 0x7FF) - 1023);
    bits = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1023) << 52;
    double significand = 0;
    memcpy(&significand, &bits, sizeof(significand));
    const double s = significand - 1.0;
    return ((CUBIC_A * s + CUBIC_B) * s + CUBIC_C) * s + exponent;
}

static inline int32_t round_up(double x)
{
    const int32_t whole = (int32_t)x;
    return whole + ((double)whole < x ? 1 : 0);
}

/* The buckets of the sizes of n <= BLOCK values; of those that have none, anything. */
static void find_buckets(const struct tend__ddsketch *sketch, const double *x, size_t n,
                         int32_t *buckets)
{
    if (sketch->mapping == TEND_DDSKETCH_CUBIC) {
        for (size_t i = 0; i < n; i++) {
            buckets[i] = round_up(cubic_log2(fabs(x[i])) * sketch->multiplier);
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const double size = fabs(x[i]);
        const bool is_normal = size >= DBL_MIN && size <= DBL_MAX;
        buckets[i] = is_normal ? round_up(log2(size) * sketch->multiplier) : 0;
    }
}

void tend__ddsketch_add_many(struct tend__ddsketch *sketch, const double *x, size_t n)
{
    int32_t buckets[BLOCK];
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        const size_t len = n - begin < BLOCK ? n - begin : BLOCK;
        find_buckets(sketch, x + begin, len, buckets);
        for (size_t i = 0; i < len; i++) {
            const double value = x[begin + i];
            if (!(fabs(value) <= DBL_MAX)) {
                sketch->not_finite_count++;
            } else if (value > sketch->smallest) {
                tend__ddsketch_store_add(sketch, &sketch->positive, buckets[i], 1);
            } else if (value < -sketch->smallest) {
                tend__ddsketch_store_add(sketch, &sketch->negative, buckets[i], 1);
            } else {
                sketch->zero_count++;
            }
        }
    }
}

static void merge_store(const struct tend__ddsketch *into_sketch, struct tend__ddsketch_store *into,
                        const struct tend__ddsketch *from_sketch,
                        const struct tend__ddsketch_store *from)
{
    for (size_t i = from_sketch->bucket_max; i-- > 0;) { /* the largest first: it decides */
        if (from->counts[i] > 0) {
            tend__ddsketch_store_add(into_sketch, into, from->base + (int32_t)i, from->counts[i]);
        }
    }
}

enum tend_code tend__ddsketch_can_merge(const struct tend__ddsketch *into,
                                        const struct tend__ddsketch *from, struct tend_error *err)
{
    if (into->mapping != from->mapping || fabs(into->gamma - from->gamma) > 1e-12 * into->gamma) {
        return TEND_FAIL(err, EINVAL,
                         "DDSketches of different buckets cannot be merged: alpha %g and %g",
                         tend__ddsketch_alpha(into), tend__ddsketch_alpha(from));
    }
    if (tend__ddsketch_count(from) > INT64_MAX - tend__ddsketch_count(into)) {
        return TEND_FAIL(err, ELIMIT, "the merged DDSketch would count more than 2^63 values");
    }
    return TEND_OK;
}

enum tend_code tend__ddsketch_merge(struct tend__ddsketch *into, const struct tend__ddsketch *from,
                                    struct tend_error *err)
{
    TEND_ASSERT(into != from);
    TEND_TRY(tend__ddsketch_can_merge(into, from, err));
    merge_store(into, &into->positive, from, &from->positive);
    merge_store(into, &into->negative, from, &from->negative);
    into->zero_count += from->zero_count;
    into->not_finite_count += from->not_finite_count;
    return TEND_OK;
}

/* ---- asking ---- */

double tend__ddsketch_alpha(const struct tend__ddsketch *sketch)
{
    return (sketch->gamma - 1) / (sketch->gamma + 1);
}

uint64_t tend__ddsketch_count(const struct tend__ddsketch *sketch)
{
    return sketch->positive.total + sketch->negative.total + sketch->zero_count;
}

uint64_t tend__ddsketch_not_finite_count(const struct tend__ddsketch *sketch)
{
    return sketch->not_finite_count;
}

/* The s in 0 .. 1 with ((A s + B) s + C) s = y, by Newton from y: the cubic is nearly the identity,
 * and rises with a slope of .73 and more. */
static double invert_cubic(double y)
{
    double s = y;
    for (int i = 0; i < 8; i++) {
        const double value = ((CUBIC_A * s + CUBIC_B) * s + CUBIC_C) * s;
        const double slope = (3 * CUBIC_A * s + 2 * CUBIC_B) * s + CUBIC_C;
        s -= (value - y) / slope;
    }
    return s;
}

/* What stands for the sizes in a bucket. */
static double bucket_value(const struct tend__ddsketch *sketch, int32_t bucket)
{
    const double power = (double)bucket / sketch->multiplier;
    const double middle = 2.0 / (1.0 + sketch->gamma);
    if (sketch->mapping == TEND_DDSKETCH_LOG) {
        return fmin(exp2(power) * middle, DBL_MAX);
    }
    const double exponent = floor(power);
    const double significand = 1.0 + invert_cubic(power - exponent);
    return fmin(ldexp(significand * middle, (int)exponent), DBL_MAX);
}

/* The bucket of the rank-th value of a store, 0 the smallest. */
static int32_t bucket_at(const struct tend__ddsketch_store *store, uint64_t rank)
{
    size_t i = 0;
    while (store->counts[i] <= rank) {
        rank -= store->counts[i++];
    }
    return store->base + (int32_t)i;
}

double tend__ddsketch_quantile(const struct tend__ddsketch *sketch, double q)
{
    const uint64_t count = tend__ddsketch_count(sketch);
    if (count == 0 || !(q >= 0.0 && q <= 1.0)) {
        return (double)NAN;
    }
    uint64_t rank = (uint64_t)(q * (double)(count - 1));
    rank = rank < count ? rank : count - 1;
    if (rank < sketch->negative.total) {
        return -bucket_value(sketch,
                             bucket_at(&sketch->negative, sketch->negative.total - 1 - rank));
    }
    rank -= sketch->negative.total;
    if (rank < sketch->zero_count) {
        return 0.0;
    }
    return bucket_value(sketch, bucket_at(&sketch->positive, rank - sketch->zero_count));
}
