/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frequent.c: counters of texts in a table, their purge and their bytes; see frequent.h.
 *
 * Counters are dense; a table of slots, at least twice as many, finds them by hash. The bytes of
 * the texts stand one after another in one room, which is packed at each purge.
 *
 *   at  bytes
 *   0   1    64-bit words of preamble: 1 where there is nothing, 4 otherwise
 *   1   1    serial version: 1
 *   2   1    family: 10
 *   3   1    lg_max
 *   4   1    lg of the table in use: 3/4 of it hold the counters
 *   5   1    flags: 1 and 4 where there is nothing
 *   6   2    0
 *   8   4    number n of counters, then 4 bytes of 0
 *   16  8    total weight
 *   24  8    what was taken off
 *   32  8 n  counters
 *   ..  ..   n texts, each its length (4 bytes) and its bytes
 */
#include "sketch/frequent.h"

#include "base/hash.h"
#include "base/mem.h"
#include "sketch/wire.h"

#include <string.h>

#define FAMILY 10
#define FLAGS_EMPTY 5U
#define HASH_SEED UINT64_C(0x5EED)

struct counter {
    uint64_t weight;
    uint32_t hash;
    uint32_t len;
    size_t at; /* in the room */
};

struct tend__frequent {
    uint32_t lg_max;
    uint64_t total;
    uint64_t error;
    size_t count;
    size_t count_max; /* one more and there is a purge */
    struct counter *counters;
    uint64_t *weights; /* room for finding the median */
    uint32_t *slots;   /* number of a counter + 1; 0 = free */
    size_t slot_mask;
    char *room;
    size_t room_len;
    size_t room_cap;
};

/* With room for `long_len` bytes of texts beside those of texts that are cut. */
static enum tend_code new_with_room(uint32_t lg_max, size_t long_len, struct tend__frequent **out,
                                    struct tend_error *err)
{
    lg_max = lg_max == 0 ? TEND_FREQUENT_LG_MAX : lg_max;
    if (lg_max < TEND_FREQUENT_LG_MAX_MIN || lg_max > TEND_FREQUENT_LG_MAX_MAX) {
        return TEND_FAIL(err, EINVAL,
                         "lg_max of a sketch of frequent items must be %d .. %d, not %u",
                         TEND_FREQUENT_LG_MAX_MIN, TEND_FREQUENT_LG_MAX_MAX, lg_max);
    }
    struct tend__frequent *frequent = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(1, sizeof(*frequent), &frequent, err));
    frequent->lg_max = lg_max;
    frequent->count_max = ((size_t)3 << lg_max) / 4;
    frequent->slot_mask = ((size_t)2 << lg_max) - 1;
    TEND_TRY_OUT(tend__mem_new(frequent->count_max + 1, sizeof(*frequent->counters),
                               &frequent->counters, err));
    TEND_TRY_OUT(tend__mem_new(frequent->count_max + 1, sizeof(*frequent->weights),
                               &frequent->weights, err));
    TEND_TRY_OUT(
        tend__mem_new(frequent->slot_mask + 1, sizeof(*frequent->slots), &frequent->slots, err));
    frequent->room_cap = (frequent->count_max + 1) * TEND_FREQUENT_BYTES_MAX + long_len;
    TEND_TRY_OUT(tend__mem_new(frequent->room_cap, 1, &frequent->room, err));
    *out = frequent;
    return TEND_OK;
out:
    tend__frequent_free(frequent);
    return code;
}

enum tend_code tend__frequent_new(uint32_t lg_max, struct tend__frequent **out,
                                  struct tend_error *err)
{
    return new_with_room(lg_max, 0, out, err);
}

void tend__frequent_free(struct tend__frequent *frequent)
{
    if (frequent == NULL) {
        return;
    }
    tend__mem_free(frequent->room);
    tend__mem_free(frequent->slots);
    tend__mem_free(frequent->weights);
    tend__mem_free(frequent->counters);
    tend__mem_free(frequent);
}

/* ---- the table ---- */

static uint32_t hash_of(const char *bytes, size_t len)
{
    return (uint32_t)(tend__hash64(bytes, len, HASH_SEED) >> 32);
}

/* The slot of a text, or the free one where it belongs. */
static size_t find_slot(const struct tend__frequent *frequent, const char *bytes, size_t len,
                        uint32_t hash)
{
    size_t slot = hash & frequent->slot_mask;
    while (frequent->slots[slot] != 0) {
        const struct counter *counter = &frequent->counters[frequent->slots[slot] - 1];
        if (counter->hash == hash && counter->len == len &&
            (len == 0 || memcmp(frequent->room + counter->at, bytes, len) == 0)) {
            break;
        }
        slot = (slot + 1) & frequent->slot_mask;
    }
    return slot;
}

static uint64_t weight_of(const struct tend__frequent *frequent, const char *bytes, size_t len)
{
    const uint32_t number = frequent->slots[find_slot(frequent, bytes, len, hash_of(bytes, len))];
    return number == 0 ? 0 : frequent->counters[number - 1].weight;
}

/* The n/2-th of n weights in order (C. A. R. Hoare 1961, algorithm 65). Reorders them. */
static uint64_t median_of(uint64_t *weights, size_t n)
{
    const size_t aim = n / 2;
    size_t low = 0;
    size_t high = n - 1;
    while (low < high) {
        const uint64_t pivot = weights[low + (high - low) / 2];
        size_t i = low;
        size_t j = high;
        while (i <= j) {
            while (weights[i] < pivot) {
                i++;
            }
            while (weights[j] > pivot) {
                j--;
            }
            if (i <= j) {
                const uint64_t swap = weights[i];
                weights[i++] = weights[j];
                weights[j] = swap;
                if (j == 0) {
                    break;
                }
                j--;
            }
        }
        if (aim <= j) {
            high = j;
        } else if (aim >= i) {
            low = i;
        } else {
            break;
        }
    }
    return weights[aim];
}

/* Keeps the counters above `amount`, less it, and packs the room. The order of the counters is that
 * of their texts in the room, so bytes only move down. */
static void subtract(struct tend__frequent *frequent, uint64_t amount)
{
    size_t kept = 0;
    size_t room_len = 0;
    for (size_t i = 0; i < frequent->count; i++) {
        struct counter counter = frequent->counters[i];
        if (counter.weight > amount) {
            memmove(frequent->room + room_len, frequent->room + counter.at, counter.len);
            counter.weight -= amount;
            counter.at = room_len;
            room_len += counter.len;
            frequent->counters[kept++] = counter;
        }
    }
    frequent->count = kept;
    frequent->room_len = room_len;
    memset(frequent->slots, 0, (frequent->slot_mask + 1) * sizeof(*frequent->slots));
    for (size_t i = 0; i < kept; i++) {
        size_t slot = frequent->counters[i].hash & frequent->slot_mask;
        while (frequent->slots[slot] != 0) {
            slot = (slot + 1) & frequent->slot_mask;
        }
        frequent->slots[slot] = (uint32_t)i + 1;
    }
}

static void purge(struct tend__frequent *frequent)
{
    for (size_t i = 0; i < frequent->count; i++) {
        frequent->weights[i] = frequent->counters[i].weight;
    }
    const uint64_t median = median_of(frequent->weights, frequent->count);
    subtract(frequent, median);
    frequent->error += median;
}

/* A text for which there is room; the total is the caller's. */
static void count_text(struct tend__frequent *frequent, const char *bytes, size_t len,
                       uint64_t weight)
{
    const uint32_t hash = hash_of(bytes, len);
    const size_t slot = find_slot(frequent, bytes, len, hash);
    if (frequent->slots[slot] != 0) {
        frequent->counters[frequent->slots[slot] - 1].weight += weight;
        return;
    }
    TEND_DASSERT(frequent->room_cap - frequent->room_len >= len);
    if (len > 0) {
        memcpy(frequent->room + frequent->room_len, bytes, len);
    }
    frequent->counters[frequent->count] = (struct counter){
        .weight = weight, .hash = hash, .len = (uint32_t)len, .at = frequent->room_len};
    frequent->room_len += len;
    frequent->count++;
    frequent->slots[slot] = (uint32_t)frequent->count;
    if (frequent->count > frequent->count_max) {
        purge(frequent);
    }
}

/* The length at which a text is cut: not within a UTF-8 character. */
static size_t cut_length(const char *bytes, size_t len)
{
    if (len <= TEND_FREQUENT_BYTES_MAX) {
        return len;
    }
    size_t cut = TEND_FREQUENT_BYTES_MAX;
    while (cut > TEND_FREQUENT_BYTES_MAX - 3 && ((unsigned char)bytes[cut] & 0xC0U) == 0x80U) {
        cut--;
    }
    return cut;
}

static enum tend_code check_weight(const struct tend__frequent *frequent, uint64_t weight,
                                   struct tend_error *err)
{
    if (weight > TEND_FREQUENT_WEIGHT_MAX - frequent->total) {
        return TEND_FAIL(err, ELIMIT, "frequent items of a total weight of more than 2^62");
    }
    return TEND_OK;
}

enum tend_code tend__frequent_add(struct tend__frequent *frequent, const char *bytes, size_t len,
                                  uint64_t weight, struct tend_error *err)
{
    TEND_TRY(check_weight(frequent, weight, err));
    if (weight == 0) {
        return TEND_OK;
    }
    count_text(frequent, bytes, cut_length(bytes, len), weight);
    frequent->total += weight;
    return TEND_OK;
}

enum tend_code tend__frequent_add_texts(struct tend__frequent *frequent,
                                        const struct tend__column *column, size_t row_count,
                                        struct tend_error *err)
{
    TEND_TRY(check_weight(frequent, row_count, err));
    for (size_t i = 0; i < row_count; i++) {
        if (tend__is_valid(column, i)) {
            const struct tend__text *text = &column->text[i];
            count_text(frequent, text->ptr, cut_length(text->ptr, text->len), 1);
            frequent->total++;
        }
    }
    return TEND_OK;
}

enum tend_code tend__frequent_merge(struct tend__frequent *into, const struct tend__frequent *from,
                                    struct tend_error *err)
{
    TEND_ASSERT(into != from);
    TEND_TRY(check_weight(into, from->total, err));
    for (size_t i = 0; i < from->count; i++) {
        const struct counter *counter = &from->counters[i];
        const char *bytes = from->room + counter->at;
        count_text(into, bytes, cut_length(bytes, counter->len), counter->weight);
    }
    into->total += from->total;
    into->error += from->error;
    return TEND_OK;
}

/* ---- asking ---- */

uint32_t tend__frequent_lg_max(const struct tend__frequent *frequent)
{
    return frequent->lg_max;
}

uint64_t tend__frequent_total(const struct tend__frequent *frequent)
{
    return frequent->total;
}

uint64_t tend__frequent_error(const struct tend__frequent *frequent)
{
    return frequent->error;
}

double tend__frequent_epsilon(uint32_t lg_max)
{
    return 3.5 / (double)(UINT64_C(1) << lg_max);
}

size_t tend__frequent_count(const struct tend__frequent *frequent)
{
    return frequent->count;
}

struct tend__frequent_row tend__frequent_of(const struct tend__frequent *frequent,
                                            const char *bytes, size_t len)
{
    const size_t cut = cut_length(bytes, len);
    const uint64_t weight = weight_of(frequent, bytes, cut);
    return (struct tend__frequent_row){
        .text = {.ptr = bytes, .len = cut}, .low = weight, .high = weight + frequent->error};
}

static bool comes_before(const struct tend__frequent_row *a, const struct tend__frequent_row *b)
{
    if (a->low != b->low) {
        return a->low > b->low;
    }
    const size_t len = a->text.len < b->text.len ? a->text.len : b->text.len;
    const int order = len == 0 ? 0 : memcmp(a->text.ptr, b->text.ptr, len);
    return order != 0 ? order < 0 : a->text.len < b->text.len;
}

/* Puts the row that comes last of a heap's first `n` to its place below `at`. */
static void sift_down(struct tend__frequent_row *rows, size_t at, size_t n)
{
    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && comes_before(&rows[child], &rows[child + 1])) {
            child++;
        }
        if (!comes_before(&rows[at], &rows[child])) {
            return;
        }
        const struct tend__frequent_row swap = rows[at];
        rows[at] = rows[child];
        rows[child] = swap;
        at = child;
    }
}

static void sort_rows(struct tend__frequent_row *rows, size_t n)
{
    for (size_t i = n / 2; i-- > 0;) {
        sift_down(rows, i, n);
    }
    for (size_t left = n; left > 1; left--) {
        const struct tend__frequent_row last = rows[0];
        rows[0] = rows[left - 1];
        rows[left - 1] = last;
        sift_down(rows, 0, left - 1);
    }
}

enum tend_code tend__frequent_rows(const struct tend__frequent *frequent, uint64_t threshold,
                                   bool sure, struct tend__frequent_row **out, size_t *count,
                                   struct tend_error *err)
{
    struct tend__frequent_row *rows = NULL;
    size_t n = 0;
    TEND_TRY(tend__mem_new(frequent->count, sizeof(*rows), &rows, err));
    for (size_t i = 0; i < frequent->count; i++) {
        const struct counter *counter = &frequent->counters[i];
        if ((sure ? counter->weight : counter->weight + frequent->error) > threshold) {
            rows[n++] = (struct tend__frequent_row){
                .text = {.ptr = frequent->room + counter->at, .len = counter->len},
                .low = counter->weight,
                .high = counter->weight + frequent->error};
        }
    }
    sort_rows(rows, n);
    *out = rows;
    *count = n;
    return TEND_OK;
}

/* ---- bytes ---- */

enum tend_code tend__frequent_write(const struct tend__frequent *frequent, struct tend__buf *buf,
                                    struct tend_error *err)
{
    const bool is_empty = frequent->total == 0; /* all counters may be gone while it is not */
    uint32_t lg = TEND_FREQUENT_LG_MAX_MIN;
    while (frequent->count > ((size_t)3 << lg) / 4) {
        lg++;
    }
    const unsigned char head[8] = {(unsigned char)(is_empty ? 1 : 4),
                                   1,
                                   FAMILY,
                                   (unsigned char)frequent->lg_max,
                                   (unsigned char)lg,
                                   (unsigned char)(is_empty ? FLAGS_EMPTY : 0U),
                                   0,
                                   0};
    tend__buf_add(buf, head, sizeof(head));
    if (is_empty) {
        return tend__buf_code(buf, err);
    }
    struct tend__frequent_row *rows = NULL;
    size_t count = 0;
    TEND_TRY(tend__frequent_rows(frequent, 0, false, &rows, &count, err));
    tend__wire_put(buf, count, 8);
    tend__wire_put(buf, frequent->total, 8);
    tend__wire_put(buf, frequent->error, 8);
    for (size_t i = 0; i < count; i++) {
        tend__wire_put(buf, rows[i].low, 8);
    }
    for (size_t i = 0; i < count; i++) {
        tend__wire_put(buf, rows[i].text.len, 4);
        tend__buf_add(buf, rows[i].text.ptr, rows[i].text.len);
    }
    tend__mem_free(rows);
    return tend__buf_code(buf, err);
}

#define BAD(err, ...) TEND_FAIL(err, ECORRUPT, "not a sketch of frequent strings: " __VA_ARGS__)

static enum tend_code read_texts(struct tend__frequent *frequent, uint32_t count,
                                 struct tend__wire *wire, struct tend_error *err)
{
    struct tend__wire weights = {.left = 8 * (size_t)count};
    uint64_t sum = frequent->error;
    if (!tend__wire_take(wire, weights.left, &weights.at)) {
        return BAD(err, "it ends within its counters");
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t weight = 0;
        uint32_t len = 0;
        const unsigned char *bytes = NULL;
        (void)tend__wire_u64(&weights, &weight);
        if (!tend__wire_u32(wire, &len) || !tend__wire_take(wire, len, &bytes)) {
            return BAD(err, "it ends within its texts");
        }
        if (weight == 0 || weight > frequent->total || sum > frequent->total - weight) {
            return BAD(err, "its counters add up to more than its total");
        }
        sum += weight;
        count_text(frequent, (const char *)bytes, len, weight);
        if (frequent->count != (size_t)i + 1) {
            return BAD(err, "a text comes twice");
        }
    }
    return wire->left == 0 ? TEND_OK : BAD(err, "bytes follow its end");
}

static enum tend_code read_body(struct tend__frequent *frequent, struct tend__wire *wire,
                                struct tend_error *err)
{
    uint32_t count = 0;
    uint32_t unused = 0;
    uint64_t error = 0;
    if (!tend__wire_u32(wire, &count) || !tend__wire_u32(wire, &unused) ||
        !tend__wire_u64(wire, &frequent->total) || !tend__wire_u64(wire, &error)) {
        return BAD(err, "it ends within its preamble");
    }
    if (count > frequent->count_max || frequent->total == 0 ||
        frequent->total > TEND_FREQUENT_WEIGHT_MAX || error >= frequent->total) {
        return BAD(err, "%u counters of a total of %llu", count,
                   (unsigned long long)frequent->total);
    }
    frequent->error = error;
    return read_texts(frequent, count, wire, err);
}

enum tend_code tend__frequent_read(const void *bytes, size_t len, struct tend__frequent **out,
                                   struct tend_error *err)
{
    struct tend__wire wire = {.at = bytes, .left = len};
    const unsigned char *head = NULL;
    if (!tend__wire_take(&wire, 8, &head)) {
        return BAD(err, "it ends within its first 8 bytes");
    }
    const bool is_empty = (head[5] & FLAGS_EMPTY) != 0;
    if (head[1] != 1 || head[2] != FAMILY || head[0] != (is_empty ? 1 : 4)) {
        return BAD(err, "family %d, serial version %d, %d words of preamble", head[2], head[1],
                   head[0]);
    }
    if (head[4] > head[3] || head[4] < TEND_FREQUENT_LG_MAX_MIN) {
        return BAD(err, "a table of 2^%d of at most 2^%d", head[4], head[3]);
    }
    if (head[3] > TEND_FREQUENT_LG_MAX_MAX) {
        return TEND_FAIL(err, EUNSUPPORTED, "frequent strings with lg_max %d; the limit is %d",
                         head[3], TEND_FREQUENT_LG_MAX_MAX);
    }
    if (is_empty && wire.left != 0) {
        return BAD(err, "bytes follow an empty one");
    }
    struct tend__frequent *frequent = NULL;
    TEND_TRY(new_with_room(head[3], len, &frequent, err));
    const enum tend_code code = is_empty ? TEND_OK : read_body(frequent, &wire, err);
    if (code != TEND_OK) {
        tend__frequent_free(frequent);
        return code;
    }
    *out = frequent;
    return TEND_OK;
}
