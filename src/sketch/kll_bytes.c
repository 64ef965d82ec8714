/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kll_bytes.c: KLL sketches in the serialised form of Apache DataSketches (kll_doubles_sketch).
 *
 *   at  bytes
 *   0   1    32-bit words of preamble: 2 for none or one value, 5 otherwise
 *   1   1    serial version: 2 for one value, 1 otherwise
 *   2   1    family: 15
 *   3   1    flags: 1 empty, 2 level 0 is sorted, 4 a single value
 *   4   2    k
 *   6   1    the smallest capacity of a level: 8
 *   7   1    0
 *   8   8    the value where there is one, and nothing after it; otherwise their number
 *   16  2    the smallest k that went into it
 *   18  1    number L of levels
 *   19  1    0
 *   20  4 L  where each level begins in a room whose size is the sum of the capacities of L levels;
 *            the last one ends where the room ends
 *   ..  8    the smallest value, then the largest
 *   ..  8 n  the items, level 0 first; all levels but 0 must be sorted
 */
#include "sketch/kll.h"

#include "base/mem.h"
#include "sketch/kll_inner.h"
#include "sketch/sort_f64.h"
#include "sketch/wire.h"

#include <math.h>
#include <string.h>

#define FAMILY 15
#define WORDS_SHORT 2
#define WORDS_FULL 5
#define FLAG_EMPTY 1U
#define FLAG_SORTED 2U
#define FLAG_SINGLE 4U

/* ---- writing ---- */

static enum tend_code copy_settled(const struct tend__kll *kll, struct tend__kll **out,
                                   struct tend_error *err)
{
    const struct tend__kll_options options = {.k = kll->k};
    struct tend__kll *copy = NULL;
    TEND_TRY(tend__kll_new(&options, &copy, err));
    copy->rng = kll->rng;
    copy->bits = kll->bits;
    copy->bit_count = kll->bit_count;
    copy->lg_w = kll->lg_w;
    copy->level_count = kll->level_count;
    memcpy(copy->offsets, kll->offsets, sizeof(copy->offsets));
    memcpy(copy->items, kll->items, kll->offsets[kll->level_count] * sizeof(*copy->items));
    memcpy(copy->buffer, kll->buffer, kll->buffer_count * sizeof(*copy->buffer));
    memcpy(copy->pending, kll->pending, sizeof(copy->pending));
    copy->buffer_count = kll->buffer_count;
    copy->pending_count = kll->pending_count;
    tend__kll_settle(copy);
    *out = copy;
    return TEND_OK;
}

/* Readers that walk through the items (DataSketches' iterator does) take it that level 0 has one.
 * Where the sampler has left it empty, an item of the lowest level that is not is split: a copy in
 * each level below it and two in level 0 weigh as much. */
static void fill_level_0(struct tend__kll *kll)
{
    uint32_t lowest = 0;
    while (lowest < kll->level_count && kll->offsets[lowest + 1] == 0) {
        lowest++;
    }
    const uint32_t count = kll->offsets[kll->level_count];
    if (lowest == 0 || lowest == kll->level_count ||
        count + lowest > kll->capacity_sums[kll->level_count]) {
        return;
    }
    const double split = kll->items[0];
    memmove(kll->items + lowest + 1, kll->items + 1, (count - 1) * sizeof(*kll->items));
    for (uint32_t i = 0; i <= lowest; i++) {
        kll->items[i] = split;
    }
    for (uint32_t h = 1; h <= kll->level_count; h++) {
        kll->offsets[h] = h <= lowest ? h + 1 : kll->offsets[h] + lowest;
    }
}

static void put_head(struct tend__buf *buf, unsigned words, unsigned version, unsigned flags,
                     uint32_t k)
{
    tend__wire_put(buf, words, 1);
    tend__wire_put(buf, version, 1);
    tend__wire_put(buf, FAMILY, 1);
    tend__wire_put(buf, flags, 1);
    tend__wire_put(buf, k, 2);
    tend__wire_put(buf, TEND_KLL_ITEM_MIN, 1);
    tend__wire_put(buf, 0, 1);
}

enum tend_code tend__kll_write(const struct tend__kll *kll, struct tend__buf *buf,
                               struct tend_error *err)
{
    if (kll->count == 0) {
        put_head(buf, WORDS_SHORT, 1, FLAG_EMPTY, kll->k);
        return tend__buf_code(buf, err);
    }
    if (kll->count == 1) {
        put_head(buf, WORDS_SHORT, 2, FLAG_SORTED | FLAG_SINGLE, kll->k);
        tend__wire_put_f64(buf, kll->min);
        return tend__buf_code(buf, err);
    }
    struct tend__kll *copy = NULL;
    TEND_TRY(copy_settled(kll, &copy, err));
    fill_level_0(copy);
    const uint32_t count = copy->offsets[copy->level_count];
    const uint32_t room = copy->capacity_sums[copy->level_count];
    put_head(buf, WORDS_FULL, 1, FLAG_SORTED, kll->k);
    tend__wire_put(buf, kll->count, 8);
    tend__wire_put(buf, kll->min_k, 2);
    tend__wire_put(buf, copy->level_count, 1);
    tend__wire_put(buf, 0, 1);
    for (uint32_t h = 0; h < copy->level_count; h++) {
        tend__wire_put(buf, room - count + copy->offsets[h], 4);
    }
    tend__wire_put_f64(buf, kll->min);
    tend__wire_put_f64(buf, kll->max);
    for (uint32_t i = 0; i < count; i++) {
        tend__wire_put_f64(buf, copy->items[i]);
    }
    tend__kll_free(copy);
    return tend__buf_code(buf, err);
}

/* ---- reading ---- */

struct head {
    uint8_t words;
    uint8_t version;
    uint8_t family;
    uint8_t flags;
    uint16_t k;
    uint8_t item_min;
    uint8_t unused;
};

#define BAD(err, ...) TEND_FAIL(err, ECORRUPT, "not a KLL sketch of doubles: " __VA_ARGS__)

static enum tend_code read_head(struct tend__wire *wire, struct head *head, struct tend_error *err)
{
    if (!tend__wire_u8(wire, &head->words) || !tend__wire_u8(wire, &head->version) ||
        !tend__wire_u8(wire, &head->family) || !tend__wire_u8(wire, &head->flags) ||
        !tend__wire_u16(wire, &head->k) || !tend__wire_u8(wire, &head->item_min) ||
        !tend__wire_u8(wire, &head->unused)) {
        return BAD(err, "it ends within its first 8 bytes");
    }
    if (head->family != FAMILY) {
        return BAD(err, "family %d, not %d", head->family, FAMILY);
    }
    if (head->version != 1 && head->version != 2) {
        return BAD(err, "serial version %d, not 1 or 2", head->version);
    }
    const bool is_short = (head->flags & (FLAG_EMPTY | FLAG_SINGLE)) != 0;
    if (head->words != (is_short ? WORDS_SHORT : WORDS_FULL)) {
        return BAD(err, "%d words of preamble do not go with the flags %d", head->words,
                   head->flags);
    }
    if (head->k < TEND_KLL_K_MIN || head->item_min != TEND_KLL_ITEM_MIN) {
        return BAD(err, "k is %d and the smallest capacity %d", head->k, head->item_min);
    }
    return TEND_OK;
}

/* A level's items: numbers within the extremes, sorted. Level 0 is sorted here. */
static enum tend_code check_level(struct tend__kll *kll, uint32_t level, struct tend_error *err)
{
    double *items = kll->items + kll->offsets[level];
    const size_t len = kll->offsets[level + 1] - kll->offsets[level];
    for (size_t i = 0; i < len; i++) {
        if (!(items[i] >= kll->min && items[i] <= kll->max)) {
            return BAD(err, "an item is outside of its smallest and largest value");
        }
    }
    if (level == 0) { /* of a file, it may be longer than what kll->keys is for */
        uint64_t *keys = NULL;
        TEND_TRY(tend__mem_new(2 * len, sizeof(*keys), &keys, err));
        tend__sort_f64(items, len, keys);
        tend__mem_free(keys);
    }
    for (size_t i = 1; i < len; i++) {
        if (items[i] < items[i - 1]) {
            return BAD(err, "level %u is not sorted", level);
        }
    }
    return TEND_OK;
}

static enum tend_code read_offsets(struct tend__kll *kll, struct tend__wire *wire,
                                   struct tend_error *err)
{
    const uint32_t room = kll->capacity_sums[kll->level_count];
    uint32_t first = 0;
    uint64_t weight = 0;
    for (uint32_t h = 0; h < kll->level_count; h++) {
        uint32_t at = 0;
        if (!tend__wire_u32(wire, &at)) {
            return BAD(err, "it ends within the places of its levels");
        }
        first = h == 0 ? at : first;
        if (at > room || at < first || (h > 0 && at - first < kll->offsets[h - 1])) {
            return BAD(err, "level %u begins at %u", h, at);
        }
        kll->offsets[h] = at - first;
    }
    kll->offsets[kll->level_count] = room - first;
    for (uint32_t h = 0; h < kll->level_count; h++) {
        const uint64_t len = kll->offsets[h + 1] - kll->offsets[h];
        if (len > (TEND_KLL_COUNT_MAX - weight) >> h) {
            return BAD(err, "its items stand for more than 2^62 values");
        }
        weight += len << h;
    }
    if (weight != kll->count) {
        return BAD(err, "its items stand for %llu values, not %llu", (unsigned long long)weight,
                   (unsigned long long)kll->count);
    }
    return TEND_OK;
}

static enum tend_code read_full(struct tend__kll *kll, struct tend__wire *wire,
                                struct tend_error *err)
{
    uint16_t min_k = 0;
    uint8_t level_count = 0;
    uint8_t unused = 0;
    if (!tend__wire_u64(wire, &kll->count) || !tend__wire_u16(wire, &min_k) ||
        !tend__wire_u8(wire, &level_count) || !tend__wire_u8(wire, &unused)) {
        return BAD(err, "it ends within its preamble");
    }
    if (min_k < TEND_KLL_K_MIN || min_k > kll->k || level_count == 0 ||
        level_count > TEND_KLL_LEVEL_MAX || kll->count == 0 || kll->count > TEND_KLL_COUNT_MAX) {
        return BAD(err, "%llu values in %d levels, smallest k %d", (unsigned long long)kll->count,
                   level_count, min_k);
    }
    kll->min_k = min_k;
    kll->level_count = level_count;
    TEND_TRY(read_offsets(kll, wire, err));
    const size_t item_count = kll->offsets[level_count];
    if (!tend__wire_f64(wire, &kll->min) || !tend__wire_f64(wire, &kll->max) ||
        wire->left != 8 * item_count) {
        return BAD(err, "its length does not fit %zu items", item_count);
    }
    for (size_t i = 0; i < item_count; i++) {
        (void)tend__wire_f64(wire, &kll->items[i]);
    }
    for (uint32_t h = 0; h < level_count; h++) {
        TEND_TRY(check_level(kll, h, err));
    }
    return TEND_OK;
}

static enum tend_code read_body(struct tend__kll *kll, const struct head *head,
                                struct tend__wire *wire, struct tend_error *err)
{
    double x = 0;
    if ((head->flags & FLAG_EMPTY) != 0) {
        return wire->left == 0 ? TEND_OK : BAD(err, "bytes follow an empty one");
    }
    if ((head->flags & FLAG_SINGLE) == 0) {
        return read_full(kll, wire, err);
    }
    if (!tend__wire_f64(wire, &x) || wire->left != 0 || isnan(x)) {
        return BAD(err, "no single value");
    }
    tend__kll_add(kll, x);
    return TEND_OK;
}

enum tend_code tend__kll_read(const void *bytes, size_t len,
                              const struct tend__kll_options *options, struct tend__kll **out,
                              struct tend_error *err)
{
    struct tend__wire wire = {.at = bytes, .left = len};
    struct tend__kll_options own = options == NULL ? (struct tend__kll_options){0} : *options;
    struct head head;
    struct tend__kll *kll = NULL;
    TEND_TRY(read_head(&wire, &head, err));
    own.k = head.k;
    TEND_TRY(tend__kll_new(&own, &kll, err));
    const enum tend_code code = read_body(kll, &head, &wire, err);
    if (code != TEND_OK) {
        tend__kll_free(kll);
        return code;
    }
    *out = kll;
    return TEND_OK;
}
