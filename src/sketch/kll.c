/* SPDX-License-Identifier: Apache-2.0 */
/* kll.c: adding to KLL sketches, compacting and merging them; see kll.h. */
#include "sketch/kll.h"

#include "base/mem.h"
#include "sketch/kll_inner.h"
#include "sketch/sort_f64.h"

#include <math.h>
#include <string.h>

#define BUFFER_MIN 1024
#define CHUNK 1024
#define LANES 4
#define SAMPLER_SHARE 4.0 /* twice the error over the deviation that the sampler may have */

/* round(k (2/3)^depth), in the integers of DataSketches: other capacities give other bytes. */
static uint32_t scale_capacity(uint32_t k, unsigned depth)
{
    uint64_t power = 1;
    for (unsigned i = 0; i < depth; i++) {
        power *= 3;
    }
    return (uint32_t)((((uint64_t)k << 1 << depth) / power + 1) >> 1);
}

static uint32_t capacity_at(uint32_t k, unsigned depth)
{
    const unsigned half = depth <= 30 ? depth : depth / 2;
    uint32_t capacity = scale_capacity(k, half);
    if (half < depth) {
        capacity = scale_capacity(capacity, depth - half);
    }
    return capacity < TEND_KLL_ITEM_MIN ? TEND_KLL_ITEM_MIN : capacity;
}

double tend__kll_rank_error(uint32_t k, bool is_difference)
{
    return is_difference ? 2.446 / pow(k, 0.9433) : 2.296 / pow(k, 0.9723);
}

static enum tend_code make_rooms(struct tend__kll *kll, struct tend_error *err)
{
    const size_t item_cap = kll->capacity_sums[TEND_KLL_LEVEL_MAX] + kll->buffer_cap;
    kll->scratch_cap = 2 * item_cap;
    TEND_TRY(tend__mem_new(kll->buffer_cap, sizeof(double), &kll->buffer, err));
    TEND_TRY(tend__mem_new(item_cap, sizeof(double), &kll->items, err));
    TEND_TRY(tend__mem_new(kll->scratch_cap, sizeof(double), &kll->scratch, err));
    return tend__mem_new(2 * kll->buffer_cap, sizeof(uint64_t), &kll->keys, err);
}

enum tend_code tend__kll_new(const struct tend__kll_options *options, struct tend__kll **out,
                             struct tend_error *err)
{
    const uint32_t k = options == NULL || options->k == 0 ? TEND_KLL_K : options->k;
    if (k < TEND_KLL_K_MIN || k > TEND_KLL_K_MAX) {
        return TEND_FAIL(err, EINVAL, "k of a KLL sketch must be %d .. %d, not %u", TEND_KLL_K_MIN,
                         TEND_KLL_K_MAX, k);
    }
    struct tend__kll *kll = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*kll), &kll, err));
    kll->k = k;
    kll->min_k = k;
    kll->min = (double)NAN;
    kll->max = (double)NAN;
    kll->every_value = options != NULL && options->every_value;
    tend__rng_init(&kll->rng, options == NULL ? 0 : options->seed);
    const double share = SAMPLER_SHARE / tend__kll_rank_error(k, false);
    kll->sample_unit = (uint64_t)ceil(share * share / 64.0) * 64;
    kll->level_count = 1;
    for (unsigned i = 0; i < TEND_KLL_LEVEL_MAX; i++) {
        kll->capacities[i] = capacity_at(k, i);
        kll->capacity_sums[i + 1] = kll->capacity_sums[i] + kll->capacities[i];
    }
    kll->buffer_cap = BUFFER_MIN;
    while (kll->buffer_cap < k) {
        kll->buffer_cap *= 2;
    }
    const enum tend_code code = make_rooms(kll, err);
    if (code != TEND_OK) {
        tend__kll_free(kll);
        return code;
    }
    *out = kll;
    return TEND_OK;
}

void tend__kll_free(struct tend__kll *kll)
{
    if (kll == NULL) {
        return;
    }
    tend__mem_free(kll->keys);
    tend__mem_free(kll->scratch);
    tend__mem_free(kll->items);
    tend__mem_free(kll->buffer);
    tend__mem_free(kll);
}

/* ---- the coin ---- */

/* `count` fresh random bits, at most 6. */
static inline uint32_t take_bits(struct tend__kll *kll, uint32_t count)
{
    if (kll->bit_count < count) {
        kll->bits = tend__rng_next(&kll->rng);
        kll->bit_count = 64;
    }
    const uint32_t taken = (uint32_t)kll->bits & ((1U << count) - 1U);
    kll->bits >>= count;
    kll->bit_count -= count;
    return taken;
}

/* ---- levels ---- */

/* Merges two sorted runs into `out`, which may end where `b` ends. Without a branch in the loop:
 * which of two random values is smaller cannot be foretold. */
static void merge_runs(const double *a, size_t a_len, const double *b, size_t b_len, double *out)
{
    size_t i = 0;
    size_t j = 0;
    while (i < a_len && j < b_len) {
        const double x = a[i];
        const double y = b[j];
        const size_t takes_b = y < x ? 1 : 0;
        out[i + j] = takes_b != 0 ? y : x;
        j += takes_b;
        i += 1 - takes_b;
    }
    if (i < a_len) {
        memcpy(out + i + j, a + i, (a_len - i) * sizeof(*out));
    } else if (j < b_len) {
        memmove(out + i + j, b + j, (b_len - j) * sizeof(*out));
    }
}

/* Every second item of an even number goes to the room that ends at `end`. */
static size_t halve_run(struct tend__kll *kll, const double *run, size_t len, double *end)
{
    const size_t half = len / 2;
    const double *from = run + take_bits(kll, 1);
    double *to = end - half;
    for (size_t i = 0; i < half; i++) {
        to[i] = from[2 * i];
    }
    return half;
}

/* One pass from level 0 up: halves each level that is over its capacity while the whole, with room
 * for `spare` more, is. An odd item stays behind in its level. What goes up waits at the end of the
 * scratch room. */
static void compact(struct tend__kll *kll, uint32_t spare)
{
    uint32_t offsets[TEND_KLL_LEVEL_MAX + 1];
    double *end = kll->scratch + kll->scratch_cap;
    double *out = kll->scratch;
    size_t carry = 0;
    size_t count = kll->offsets[kll->level_count];
    for (uint32_t h = 0; h < kll->level_count; h++) {
        const uint32_t begin = kll->offsets[h];
        size_t len = kll->offsets[h + 1] - begin;
        merge_runs(kll->items + begin, len, end - carry, carry, out);
        len += carry;
        carry = 0;
        offsets[h] = (uint32_t)(out - kll->scratch);
        if (count + spare >= kll->capacity_sums[kll->level_count] &&
            len >= kll->capacities[kll->level_count - 1 - h]) {
            const size_t odd = len & 1;
            carry = halve_run(kll, out + odd, len - odd, end);
            count -= carry;
            len = odd;
            if (h + 1 == kll->level_count) {
                TEND_ASSERT(kll->level_count < TEND_KLL_LEVEL_MAX);
                kll->level_count++;
                kll->offsets[kll->level_count] = kll->offsets[kll->level_count - 1];
            }
        }
        out += len;
    }
    offsets[kll->level_count] = (uint32_t)(out - kll->scratch);
    memcpy(kll->offsets, offsets, (kll->level_count + 1) * sizeof(offsets[0]));
    memcpy(kll->items, kll->scratch, offsets[kll->level_count] * sizeof(*kll->items));
}

/* Adds a sorted run of at most buffer_cap items to a level. */
static void absorb_run(struct tend__kll *kll, const double *run, size_t len, uint32_t level)
{
    while (kll->level_count <= level) {
        kll->level_count++;
        kll->offsets[kll->level_count] = kll->offsets[kll->level_count - 1];
    }
    double *items = kll->items;
    const size_t begin = kll->offsets[level];
    size_t left = kll->offsets[level + 1] - begin;
    memmove(items + begin + left + len, items + begin + left,
            (kll->offsets[kll->level_count] - begin - left) * sizeof(*items));
    for (size_t j = len; j > 0;) { /* from the end, in place */
        const bool takes_old = left > 0 && items[begin + left - 1] > run[j - 1];
        items[begin + left + j - 1] = takes_old ? items[begin + left - 1] : run[j - 1];
        left -= takes_old ? 1 : 0;
        j -= takes_old ? 0 : 1;
    }
    for (uint32_t h = level + 1; h <= kll->level_count; h++) {
        kll->offsets[h] += (uint32_t)len;
    }
    while (kll->offsets[kll->level_count] >= kll->capacity_sums[kll->level_count]) {
        compact(kll, 0);
    }
}

static void flush_buffer(struct tend__kll *kll)
{
    if (kll->buffer_count > 0) {
        tend__sort_f64(kll->buffer, kll->buffer_count, kll->keys);
        absorb_run(kll, kll->buffer, kll->buffer_count, kll->lg_w);
        kll->buffer_count = 0;
    }
}

static void absorb_pending(struct tend__kll *into, const double *pending, uint32_t count)
{
    double run[1 << TEND_KLL_LG_W_MAX];
    if (count > 0) {
        memcpy(run, pending, count * sizeof(run[0]));
        tend__sort_f64(run, count, into->keys);
        absorb_run(into, run, count, 0);
    }
}

void tend__kll_settle(struct tend__kll *kll)
{
    flush_buffer(kll);
    absorb_pending(kll, kll->pending, kll->pending_count);
    kll->pending_count = 0;
    uint32_t lowest = 0;
    while (lowest < kll->level_count && kll->offsets[lowest + 1] == 0) {
        lowest++;
    }
    if (kll->offsets[kll->level_count] + lowest > kll->capacity_sums[kll->level_count]) {
        compact(kll, lowest);
    }
}

/* ---- adding ---- */

static void push_buffer(struct tend__kll *kll, double x)
{
    kll->buffer[kll->buffer_count++] = x;
    if (kll->buffer_count == kll->buffer_cap) {
        flush_buffer(kll);
    }
}

/* One value of each whole block of w goes to the buffer. Returns the values used: at most n, only
 * as many as there is room for, and none beyond the block in which w grows. */
static size_t sample_blocks(struct tend__kll *kll, const double *x, size_t n)
{
    const uint32_t lg_w = kll->lg_w;
    size_t blocks = n >> lg_w;
    const size_t room = kll->buffer_cap - kll->buffer_count;
    blocks = blocks < room ? blocks : room;
    if (lg_w < TEND_KLL_LG_W_MAX) {
        const uint64_t ahead = (kll->sample_unit << (lg_w + 1)) - kll->count;
        const uint64_t until = (ahead + (UINT64_C(1) << lg_w) - 1) >> lg_w;
        blocks = blocks < until ? blocks : (size_t)until;
    }
    double *to = kll->buffer + kll->buffer_count;
    for (size_t i = 0; i < blocks; i++) {
        to[i] = x[(i << lg_w) + take_bits(kll, lg_w)];
    }
    kll->buffer_count += blocks;
    kll->count += (uint64_t)blocks << lg_w;
    if (kll->buffer_count == kll->buffer_cap) {
        flush_buffer(kll);
    }
    return blocks << lg_w;
}

/* The same where w is 1. */
static size_t fill_buffer(struct tend__kll *kll, const double *x, size_t n)
{
    const size_t room = kll->buffer_cap - kll->buffer_count;
    size_t used = n < room ? n : room;
    if (!kll->every_value && used > kll->sample_unit * 2 - kll->count) {
        used = (size_t)(kll->sample_unit * 2 - kll->count);
    }
    memcpy(kll->buffer + kll->buffer_count, x, used * sizeof(*x));
    kll->buffer_count += used;
    kll->count += used;
    if (kll->buffer_count == kll->buffer_cap) {
        flush_buffer(kll);
    }
    return used;
}

static size_t fill_pending(struct tend__kll *kll, const double *x, size_t n)
{
    const uint32_t w = 1U << kll->lg_w;
    size_t used = 0;
    while (used < n && kll->pending_count < w) {
        kll->pending[kll->pending_count++] = x[used++];
    }
    kll->count += used;
    if (kll->pending_count == w) {
        kll->pending_count = 0;
        push_buffer(kll, kll->pending[take_bits(kll, kll->lg_w)]);
    }
    return used;
}

/* Between two blocks only. */
static void widen_sampler(struct tend__kll *kll)
{
    while (!kll->every_value && kll->lg_w < TEND_KLL_LG_W_MAX &&
           kll->count >= kll->sample_unit << (kll->lg_w + 1)) {
        flush_buffer(kll);
        kll->lg_w++;
    }
}

/* Values without NaN. */
static void feed(struct tend__kll *kll, const double *x, size_t n)
{
    while (n > 0) {
        if (kll->pending_count == 0) {
            widen_sampler(kll);
        }
        size_t used = 0;
        if (kll->lg_w == 0) {
            used = fill_buffer(kll, x, n);
        } else if (kll->pending_count > 0 || n < (size_t)1 << kll->lg_w) {
            used = fill_pending(kll, x, n);
        } else {
            used = sample_blocks(kll, x, n);
        }
        x += used;
        n -= used;
    }
}

/* The extremes of n > 0 values; false where one of them is NaN. */
static bool measure(const double *x, size_t n, double *low, double *high)
{
    double lows[LANES] = {x[0], x[0], x[0], x[0]};
    double highs[LANES] = {x[0], x[0], x[0], x[0]};
    uint64_t nans[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t j = 0; j < LANES; j++) {
            const double value = x[i + j];
            lows[j] = value < lows[j] ? value : lows[j];
            highs[j] = value > highs[j] ? value : highs[j];
            nans[j] |= value != value ? 1 : 0;
        }
    }
    for (; i < n; i++) {
        lows[0] = x[i] < lows[0] ? x[i] : lows[0];
        highs[0] = x[i] > highs[0] ? x[i] : highs[0];
        nans[0] |= x[i] != x[i] ? 1 : 0;
    }
    for (size_t j = 1; j < LANES; j++) {
        lows[0] = lows[j] < lows[0] ? lows[j] : lows[0];
        highs[0] = highs[j] > highs[0] ? highs[j] : highs[0];
        nans[0] |= nans[j];
    }
    *low = lows[0];
    *high = highs[0];
    return nans[0] == 0;
}

static void widen_extremes(struct tend__kll *kll, double low, double high)
{
    kll->min = kll->count == 0 || low < kll->min ? low : kll->min;
    kll->max = kll->count == 0 || high > kll->max ? high : kll->max;
}

static void add_chunk(struct tend__kll *kll, const double *x, size_t n)
{
    double kept[CHUNK];
    double low = 0;
    double high = 0;
    if (!measure(x, n, &low, &high)) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            kept[count] = x[i];
            count += isnan(x[i]) ? 0 : 1;
        }
        kll->nan_count += n - count;
        x = kept;
        n = count;
        if (n == 0) {
            return;
        }
        (void)measure(x, n, &low, &high);
    }
    widen_extremes(kll, low, high);
    feed(kll, x, n);
}

void tend__kll_add_many(struct tend__kll *kll, const double *x, size_t n)
{
    for (size_t begin = 0; begin < n; begin += CHUNK) {
        add_chunk(kll, x + begin, n - begin < CHUNK ? n - begin : CHUNK);
    }
}

void tend__kll_add(struct tend__kll *kll, double x)
{
    if (isnan(x)) {
        kll->nan_count++;
        return;
    }
    widen_extremes(kll, x, x);
    feed(kll, &x, 1);
}

/* ---- merging ---- */

static bool is_estimating(const struct tend__kll *kll)
{
    return kll->level_count > 1 || kll->lg_w > 0;
}

static void merge_levels(struct tend__kll *into, const struct tend__kll *from)
{
    for (uint32_t h = from->level_count;
         h-- > 0;) { /* heavy items first: capacities grow at once */
        size_t at = from->offsets[h];
        while (at < from->offsets[h + 1]) {
            const size_t left = from->offsets[h + 1] - at;
            const size_t len = left < into->buffer_cap ? left : into->buffer_cap;
            absorb_run(into, from->items + at, len, h);
            at += len;
        }
    }
}

static void merge_buffer(struct tend__kll *into, const struct tend__kll *from)
{
    if (from->lg_w == into->lg_w) {
        for (size_t i = 0; i < from->buffer_count; i++) {
            push_buffer(into, from->buffer[i]);
        }
        return;
    }
    flush_buffer(into);
    for (size_t at = 0; at < from->buffer_count;) {
        const size_t left = from->buffer_count - at;
        const size_t len = left < into->buffer_cap ? left : into->buffer_cap;
        memcpy(into->buffer, from->buffer + at, len * sizeof(*into->buffer));
        tend__sort_f64(into->buffer, len, into->keys);
        absorb_run(into, into->buffer, len, from->lg_w);
        at += len;
    }
}

enum tend_code tend__kll_merge(struct tend__kll *into, const struct tend__kll *from,
                               struct tend_error *err)
{
    TEND_ASSERT(into != from);
    if (from->count > TEND_KLL_COUNT_MAX - into->count) {
        return TEND_FAIL(err, ELIMIT, "the merged sketch would stand for more than 2^62 values");
    }
    into->nan_count += from->nan_count;
    if (from->count == 0) {
        return TEND_OK;
    }
    widen_extremes(into, from->min, from->max);
    if (is_estimating(from) && from->min_k < into->min_k) {
        into->min_k = from->min_k;
    }
    into->count += from->count;
    merge_levels(into, from);
    merge_buffer(into, from);
    if (into->lg_w == 0) {
        for (uint32_t i = 0; i < from->pending_count; i++) {
            push_buffer(into, from->pending[i]);
        }
    } else {
        absorb_pending(into, from->pending, from->pending_count);
    }
    return TEND_OK;
}

/* ---- what is known without asking the levels ---- */

uint32_t tend__kll_k(const struct tend__kll *kll)
{
    return kll->k;
}

uint32_t tend__kll_min_k(const struct tend__kll *kll)
{
    return kll->min_k;
}

uint64_t tend__kll_count(const struct tend__kll *kll)
{
    return kll->count;
}

uint64_t tend__kll_nan_count(const struct tend__kll *kll)
{
    return kll->nan_count;
}

double tend__kll_min(const struct tend__kll *kll)
{
    return kll->min;
}

double tend__kll_max(const struct tend__kll *kll)
{
    return kll->max;
}
