/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distinct.c: see the header for the rule. An entry is sampled where its hash is at most the
 * threshold; the others in the table are remembered as perhaps frequent, and their rows are in the
 * sketch.
 */
#include "profile/distinct.h"

#include "base/mem.h"
#include "profile/distinct_inner.h"
#include "profile/plan.h"

#include <stdlib.h>
#include <string.h>

#define FREQUENT_MAX 16384 /* remembered values that are not in the sample */
#define ENTRY_MAX (TEND_DISTINCT_MAX + 1 + FREQUENT_MAX)
#define SKETCH_ROW_COUNT 4
#define SKETCH_COLUMN_COUNT ((size_t)32768)
#define FETCH_AHEAD 16
#define RECENT_MAX 512
#define SPARSE_MAX                                                                                 \
    512 /* so few entries have sixteen slots each: the first slot then nearly always hits */

enum tend_code tend__distinct_new(bool is_text, struct tend__distinct **out, struct tend_error *err)
{
    struct tend__distinct *distinct = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*distinct), &distinct, err));
    distinct->is_text = is_text;
    distinct->threshold = UINT64_MAX;
    *out = distinct;
    return TEND_OK;
}

static void free_chunks(struct text_chunk *chunk)
{
    while (chunk != NULL) {
        struct text_chunk *next = chunk->next;
        tend__mem_free(chunk);
        chunk = next;
    }
}

void tend__distinct_free(struct tend__distinct *distinct)
{
    if (distinct == NULL) {
        return;
    }
    free_chunks(distinct->chunks);
    tend__grid_free(distinct->grid);
    tend__number_table_deinit(&distinct->table);
    tend__mem_free(distinct->whole);
    tend__mem_free(distinct->entries);
    tend__mem_free(distinct->slots);
    tend__mem_free(distinct->sketch);
    tend__mem_free(distinct);
}

static enum tend_code keep_text(struct text_chunk **chunks, struct tend__text *text,
                                struct tend_error *err)
{
    struct text_chunk *chunk = *chunks;
    if (chunk == NULL || CHUNK_BYTES - chunk->used <= text->len) {
        TEND_TRY(tend__mem_new(1, sizeof(*chunk), &chunk, err));
        chunk->next = *chunks;
        *chunks = chunk;
    }
    char *at = chunk->bytes + chunk->used;
    if (text->len > 0) {
        memcpy(at, text->ptr, text->len);
    }
    at[text->len] = '\0';
    chunk->used += text->len + 1;
    text->ptr = at;
    return TEND_OK;
}

static size_t remembered_bit(uint64_t hash)
{
    return (size_t)(hash >> 20) % ((size_t)64 * REMEMBERED_WORDS);
}

/* Whether an entry that is not sampled may have this hash: a look-up that mostly says no. */
static bool may_be_remembered(const struct tend__distinct *distinct, uint64_t hash)
{
    const size_t bit = remembered_bit(hash);
    return (distinct->remembered[bit / 64] >> (bit % 64) & 1) != 0;
}

static void place_entry(struct tend__distinct *distinct, size_t entry_idx)
{
    const struct distinct_entry *entry = &distinct->entries[entry_idx];
    const size_t mask = distinct->slot_count - 1;
    size_t at = (size_t)entry->hash & mask;
    while (distinct->slots[at].number != 0) {
        at = (at + 1) & mask;
    }
    distinct->slots[at].prefix = entry->prefix;
    distinct->slots[at].len = (uint32_t)entry->text.len;
    distinct->slots[at].number = (uint32_t)(entry_idx + 1);
    if (entry->hash > distinct->threshold) {
        const size_t bit = remembered_bit(entry->hash);
        distinct->remembered[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
}

static void place_entries(struct tend__distinct *distinct)
{
    memset(distinct->slots, 0, distinct->slot_count * sizeof(*distinct->slots));
    memset(distinct->remembered, 0, sizeof(distinct->remembered));
    for (size_t i = 0; i < distinct->entry_count; i++) {
        place_entry(distinct, i);
    }
}

static enum tend_code insert_entry(struct tend__distinct *distinct,
                                   const struct distinct_entry *entry, struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&distinct->entries, &distinct->entry_cap, distinct->entry_count + 1,
                            ENTRY_MAX, sizeof(*distinct->entries), err));
    struct distinct_entry kept = *entry;
    if (distinct->is_text) {
        TEND_TRY(keep_text(&distinct->chunks, &kept.text, err));
    } else {
        kept.text.ptr = NULL;
    }
    const size_t room = distinct->entry_count < SPARSE_MAX ? 16 : 2;
    const bool is_full = room * (distinct->entry_count + 1) > distinct->slot_count;
    if (is_full) {
        const size_t slot_count = distinct->slot_count == 0 ? 64 : 4 * distinct->slot_count;
        TEND_TRY(tend__mem_resize(&distinct->slots, slot_count, sizeof(*distinct->slots), err));
        distinct->slot_count = slot_count;
    }
    distinct->entries[distinct->entry_count] = kept;
    distinct->entry_count++;
    if (is_full) {
        place_entries(distinct);
    } else {
        place_entry(distinct, distinct->entry_count - 1);
    }
    return TEND_OK;
}

static size_t sketch_column(uint64_t hash, size_t row_idx)
{
    const uint64_t other = tend__mix64(hash) | 1;
    const uint64_t at = (hash >> 16) + (uint64_t)row_idx * (other >> 20);
    return row_idx * SKETCH_COLUMN_COUNT + (size_t)(at & (SKETCH_COLUMN_COUNT - 1));
}

static uint64_t read_sketch(const uint64_t *sketch, uint64_t hash)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < SKETCH_ROW_COUNT; i++) {
        const uint64_t cell = sketch[sketch_column(hash, i)];
        least = cell < least ? cell : least;
    }
    return least;
}

/* What read_sketch() would give afterwards. */
static uint64_t add_to_sketch(uint64_t *sketch, uint64_t hash, uint64_t count)
{
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < SKETCH_ROW_COUNT; i++) {
        uint64_t *cell = &sketch[sketch_column(hash, i)];
        *cell += count;
        least = *cell < least ? *cell : least;
    }
    return least;
}

static bool may_be_frequent(const struct tend__distinct *distinct, uint64_t estimate)
{
    return estimate >= distinct->total / (2 * (uint64_t)TEND_FREQUENT_SHARE);
}

/* Drops the entries that are neither sampled nor perhaps frequent, and the memory of their texts.
 */
static enum tend_code drop_entries(struct tend__distinct *distinct, struct tend_error *err)
{
    struct text_chunk *chunks = NULL;
    size_t kept_count = 0;
    distinct->sampled_count = 0;
    for (size_t i = 0; i < distinct->entry_count; i++) {
        struct distinct_entry entry = distinct->entries[i];
        const bool is_sampled = entry.hash <= distinct->threshold;
        const size_t frequent_count = kept_count - distinct->sampled_count;
        const bool is_kept =
            is_sampled || (frequent_count < FREQUENT_MAX &&
                           may_be_frequent(distinct, read_sketch(distinct->sketch, entry.hash)));
        if (!is_kept) {
            continue;
        }
        const enum tend_code code =
            distinct->is_text ? keep_text(&chunks, &entry.text, err) : TEND_OK;
        if (code != TEND_OK) {
            free_chunks(chunks);
            return code;
        }
        distinct->sampled_count += is_sampled ? 1 : 0;
        distinct->entries[kept_count] = entry;
        kept_count++;
    }
    distinct->entry_count = kept_count;
    free_chunks(distinct->chunks);
    distinct->chunks = chunks;
    place_entries(distinct);
    return TEND_OK;
}

static enum tend_code halve_threshold(struct tend__distinct *distinct, struct tend_error *err)
{
    if (distinct->sketch == NULL) {
        TEND_TRY(tend__mem_new(SKETCH_ROW_COUNT * SKETCH_COLUMN_COUNT, sizeof(*distinct->sketch),
                               &distinct->sketch, err));
    }
    distinct->threshold /= 2;
    for (size_t i = 0; i < distinct->entry_count; i++) {
        struct distinct_entry *entry = &distinct->entries[i];
        if (entry->hash > distinct->threshold && entry->count > 0) {
            (void)add_to_sketch(distinct->sketch, entry->hash, entry->count);
            entry->count = 0;
        }
    }
    return drop_entries(distinct, err);
}

/* Counts a value that is not in the table. */
static enum tend_code add_unseen(struct tend__distinct *distinct, struct distinct_entry *entry,
                                 struct tend_error *err)
{
    if (entry->hash <= distinct->threshold) {
        entry->count = 1;
        TEND_TRY(insert_entry(distinct, entry, err));
        distinct->sampled_count++;
        while (distinct->sampled_count > TEND_DISTINCT_MAX) {
            TEND_TRY(halve_threshold(distinct, err));
        }
        return TEND_OK;
    }
    if (!may_be_frequent(distinct, add_to_sketch(distinct->sketch, entry->hash, 1))) {
        return TEND_OK;
    }
    if (distinct->entry_count - distinct->sampled_count >= FREQUENT_MAX) {
        TEND_TRY(drop_entries(distinct, err));
    }
    if (distinct->entry_count - distinct->sampled_count >= FREQUENT_MAX) {
        return TEND_OK;
    }
    entry->count = 0;
    return insert_entry(distinct, entry, err);
}

/* What a look-up needs of the counter, where the compiler can keep it in registers. */
struct finder {
    const struct tend__text_slot *slots; /* NULL while the table is empty */
    struct distinct_entry *entries;
    size_t mask;
    uint64_t threshold;
};

static struct finder finder_of(const struct tend__distinct *distinct)
{
    return (struct finder){
        .slots = distinct->slots,
        .entries = distinct->entries,
        .mask = distinct->slot_count - 1,
        .threshold = distinct->threshold,
    };
}

/* The entry of a value, or NULL. */
static inline struct distinct_entry *find_entry(const struct finder *finder,
                                                const struct distinct_entry *wanted)
{
    const size_t len = wanted->text.len;
    if (finder->slots == NULL) {
        return NULL;
    }
    size_t at = (size_t)wanted->hash & finder->mask;
    for (;;) {
        const struct tend__text_slot *slot = &finder->slots[at];
        if (slot->number == 0) {
            return NULL;
        }
        struct distinct_entry *entry = &finder->entries[slot->number - 1];
        if (slot->prefix == wanted->prefix && slot->len == len &&
            (len <= 8 || memcmp(entry->text.ptr, wanted->text.ptr, len) == 0)) {
            return entry;
        }
        at = (at + 1) & finder->mask;
    }
}

static enum tend_code add_key(struct tend__distinct *distinct, struct distinct_entry *key,
                              struct tend_error *err)
{
    struct distinct_entry *entry = NULL;
    if (key->hash <= distinct->threshold || may_be_remembered(distinct, key->hash)) {
        const struct finder finder = finder_of(distinct);
        entry = find_entry(&finder, key);
    }
    distinct->total++;
    if (entry == NULL) {
        return add_unseen(distinct, key, err);
    }
    if (key->hash <= distinct->threshold) {
        entry->count++;
    } else {
        (void)add_to_sketch(distinct->sketch, key->hash, 1);
    }
    return TEND_OK;
}

static inline struct distinct_entry make_key(const char *bytes, size_t len)
{
    const uint64_t prefix = tend__text_prefix(bytes, len);
    return (struct distinct_entry){
        .text = {bytes, len},
        .prefix = prefix,
        .hash = tend__text_hash(bytes, len, prefix),
    };
}

/* The values that are no small whole numbers, into memory of their own; the others are counted. */
static size_t count_wholes(struct tend__distinct *distinct, const double *x, size_t count,
                           bool all_whole, double *others)
{
    uint64_t *whole = distinct->whole;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        others[n] = x[i];
        const bool is_near = x[i] >= TEND_WHOLE_MIN && x[i] <= TEND_WHOLE_MAX;
        if (is_near && (all_whole || (double)(int)x[i] == x[i])) {
            whole[(int)x[i] - TEND_WHOLE_MIN]++;
        } else {
            n++;
        }
    }
    distinct->whole_total += count - n;
    distinct->total += count - n;
    return n;
}

/* The table has too many values: on with the grid alone, or with the sample and the sketch. */
static enum tend_code leave_table(struct tend__distinct *distinct, struct tend_error *err)
{
    struct tend__number_table *table = &distinct->table;
    distinct->has_left_table = true;
    if (distinct->kernel != NULL) {
        TEND_TRY(tend__distinct_grid_begin(distinct, err));
    }
    for (size_t i = 0; i < table->slot_count && !distinct->is_light; i++) {
        if (table->slots[i].count != 0) {
            char bytes[sizeof(double)];
            memcpy(bytes, &table->slots[i].number, sizeof(bytes));
            struct distinct_entry entry = make_key(bytes, sizeof(bytes));
            entry.count = table->slots[i].count;
            TEND_TRY(insert_entry(distinct, &entry, err));
            distinct->sampled_count++;
        }
    }
    tend__number_table_deinit(table);
    while (distinct->sampled_count > TEND_DISTINCT_MAX) {
        TEND_TRY(halve_threshold(distinct, err));
    }
    return TEND_OK;
}

/* Asks for the memory that counting a value will need: with many columns nothing of it is in a
 * cache. */
static inline void fetch_ahead(const struct tend__distinct *distinct, uint64_t hash)
{
    if (hash <= distinct->threshold) {
        __builtin_prefetch(&distinct->slots[(size_t)hash & (distinct->slot_count - 1)], 1);
        return;
    }
    for (size_t i = 0; distinct->sketch != NULL && i < SKETCH_ROW_COUNT; i++) {
        __builtin_prefetch(&distinct->sketch[sketch_column(hash, i)], 1);
    }
}

/* Numbers after the table was left. */
static enum tend_code add_keys(struct tend__distinct *distinct, const double *x, size_t count,
                               struct tend_error *err)
{
    struct distinct_entry ahead[FETCH_AHEAD];
    for (size_t i = 0; i < count + FETCH_AHEAD; i++) {
        struct distinct_entry *key = &ahead[i % FETCH_AHEAD];
        if (i >= FETCH_AHEAD) {
            key->text.ptr = (const char *)&x[i - FETCH_AHEAD];
            TEND_TRY(add_key(distinct, key, err));
        }
        if (i < count) {
            char bytes[sizeof(double)];
            memcpy(bytes, &x[i], sizeof(bytes));
            *key = make_key(bytes, sizeof(bytes));
            fetch_ahead(distinct, key->hash);
        }
    }
    return TEND_OK;
}

enum tend_code tend__distinct_add_numbers(struct tend__distinct *distinct, const double *x,
                                          size_t count, const struct tend__extent *extent,
                                          struct tend_error *err)
{
    double others[TEND_KERNEL_BLOCK];
    size_t done = 0;
    TEND_ASSERT(count <= TEND_KERNEL_BLOCK);
    if (distinct->whole == NULL) {
        TEND_TRY(tend__mem_new(WHOLE_COUNT, sizeof(*distinct->whole), &distinct->whole, err));
    }
    if (extent == NULL || extent->whole_count > 0) {
        count = count_wholes(distinct, x, count, extent != NULL && extent->all_whole, others);
        x = others;
        extent = NULL;
    }
    if (!distinct->has_left_table) {
        TEND_TRY(tend__number_table_add(&distinct->table, x, count, TEND_DISTINCT_MAX, &done, err));
        distinct->total += done;
        if (distinct->table.count > TEND_DISTINCT_MAX) {
            TEND_TRY(leave_table(distinct, err));
        }
    }
    if (distinct->grid != NULL) {
        TEND_TRY(tend__distinct_grid_block(distinct, x + done, count - done,
                                           done == 0 ? extent : NULL, err));
    }
    if (distinct->is_light) {
        distinct->total += count - done;
        return TEND_OK;
    }
    return add_keys(distinct, x + done, count - done, err);
}

/* The short texts of a batch that were found, by a cheaper hash than the table's: it is in the
 * first cache whatever the size of the table. Of use while no entry moves. */
struct recent {
    uint64_t prefixes[RECENT_MAX];
    struct distinct_entry *entries[RECENT_MAX];
    bool is_used;
};

static inline size_t recent_place(uint64_t prefix)
{
    return (size_t)((prefix * UINT64_C(0x9E3779B97F4A7C15)) >> 32) % RECENT_MAX;
}

/* The entry of a text that is among them, or NULL. */
static inline struct distinct_entry *find_recent(const struct recent *recent, uint64_t prefix,
                                                 size_t len)
{
    const size_t at = recent_place(prefix);
    struct distinct_entry *entry = recent->entries[at];
    const bool is_it = entry != NULL && recent->prefixes[at] == prefix && entry->text.len == len;
    return is_it ? entry : NULL;
}

static inline void keep_recent(struct recent *recent, struct distinct_entry *entry)
{
    if (recent->is_used && entry->text.len <= 8) {
        const size_t at = recent_place(entry->prefix);
        recent->prefixes[at] = entry->prefix;
        recent->entries[at] = entry;
    }
}

enum tend_code tend__distinct_add_texts(struct tend__distinct *distinct,
                                        const struct tend__column *column, size_t row_count,
                                        struct tend_error *err)
{
    struct finder finder = finder_of(distinct);
    struct recent recent = {.is_used = distinct->entry_count <= SPARSE_MAX};
    uint64_t found_count = 0;
    for (size_t i = 0; i < row_count; i++) {
        if (!tend__is_valid(column, i)) {
            continue;
        }
        const struct tend__text text = column->text[i];
        if (text.len > TEND_CATEGORY_BYTES_MAX) {
            distinct->long_count++;
            found_count++;
            continue;
        }
        if (text.len <= 8 && recent.is_used) {
            struct distinct_entry *same =
                find_recent(&recent, tend__text_prefix(text.ptr, text.len), text.len);
            if (same != NULL) {
                same->count++;
                found_count++;
                continue;
            }
        }
        struct distinct_entry key = make_key(text.ptr, text.len);
        const bool is_sampled = key.hash <= finder.threshold;
        struct distinct_entry *entry = is_sampled ? find_entry(&finder, &key) : NULL;
        if (entry != NULL) {
            entry->count++;
            found_count++;
            keep_recent(&recent, entry);
            continue;
        }
        distinct->total += found_count + (is_sampled ? 1 : 0);
        found_count = 0;
        TEND_TRY(is_sampled ? add_unseen(distinct, &key, err) : add_key(distinct, &key, err));
        finder = finder_of(distinct);
        recent.is_used = false; /* entries may have moved */
    }
    distinct->total += found_count;
    return TEND_OK;
}

bool tend__distinct_is_exact(const struct tend__distinct *distinct)
{
    return distinct->sketch == NULL && !distinct->is_light;
}

uint64_t tend__distinct_total(const struct tend__distinct *distinct)
{
    return distinct->total;
}

uint64_t tend__distinct_long_count(const struct tend__distinct *distinct)
{
    return distinct->long_count;
}

static struct tend__distinct_value value_of(const struct tend__distinct *distinct,
                                            const struct distinct_entry *entry, double weight)
{
    struct tend__distinct_value value = {.weight = weight, .mean = 0};
    if (distinct->is_text) {
        value.text = entry->text;
    } else {
        memcpy(&value.number, &entry->prefix, sizeof(value.number));
        value.mean = value.number;
    }
    return value;
}

static bool number_place(const struct tend__number_slot *slot, struct tend__distinct_value *out)
{
    *out = (struct tend__distinct_value){
        .number = slot->number, .mean = slot->number, .weight = (double)slot->count};
    return slot->count > 0;
}

static bool whole_place(const struct tend__distinct *distinct, size_t at,
                        struct tend__distinct_value *out)
{
    const struct tend__number_slot slot = {.number = (double)at + TEND_WHOLE_MIN,
                                           .count = distinct->whole[at]};
    return number_place(&slot, out);
}

/* Entries, the table's slots, whole numbers. */
size_t tend__distinct_place_count(const struct tend__distinct *distinct)
{
    return distinct->entry_count + distinct->table.slot_count +
           (distinct->whole != NULL ? WHOLE_COUNT : 0);
}

bool tend__distinct_place(const struct tend__distinct *distinct, size_t place_idx,
                          struct tend__distinct_value *out)
{
    size_t at = place_idx;
    if (at >= distinct->entry_count) {
        at -= distinct->entry_count;
        const size_t slot_count = distinct->table.slot_count;
        return at < slot_count ? number_place(&distinct->table.slots[at], out)
                               : whole_place(distinct, at - slot_count, out);
    }
    const struct distinct_entry *entry = &distinct->entries[at];
    const bool is_sampled = entry->hash <= distinct->threshold;
    const uint64_t rows = is_sampled ? entry->count : read_sketch(distinct->sketch, entry->hash);
    *out = value_of(distinct, entry, (double)rows);
    return rows > 0;
}

static int compare_numbers(const void *a, const void *b)
{
    const double x = ((const struct tend__distinct_value *)a)->number;
    const double y = ((const struct tend__distinct_value *)b)->number;
    return (x > y) - (x < y);
}

static int compare_weights(const void *a, const void *b)
{
    const struct tend__distinct_value *x = a;
    const struct tend__distinct_value *y = b;
    if (x->weight != y->weight) {
        return x->weight > y->weight ? -1 : 1;
    }
    return tend__text_compare(&x->text, &y->text);
}

/* An entry that is perhaps frequent, with what the sketch says of it. */
struct candidate {
    size_t entry_idx;
    uint64_t estimate;
    uint64_t hash;
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->estimate != y->estimate) {
        return x->estimate > y->estimate ? -1 : 1;
    }
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Appends the frequent values that are not in the sample. */
static enum tend_code find_frequent(const struct tend__distinct *distinct,
                                    struct tend__distinct_value *values, size_t *count,
                                    double *frequent_total, struct tend_error *err)
{
    struct candidate *candidates = NULL;
    uint64_t *sketch = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(distinct->entry_count, sizeof(*candidates), &candidates, err));
    TEND_TRY_OUT(
        tend__mem_new(SKETCH_ROW_COUNT * SKETCH_COLUMN_COUNT, sizeof(*sketch), &sketch, err));
    memcpy(sketch, distinct->sketch, SKETCH_ROW_COUNT * SKETCH_COLUMN_COUNT * sizeof(*sketch));
    size_t candidate_count = 0;
    for (size_t i = 0; i < distinct->entry_count; i++) {
        const uint64_t hash = distinct->entries[i].hash;
        if (hash > distinct->threshold) {
            candidates[candidate_count].entry_idx = i;
            candidates[candidate_count].hash = hash;
            candidates[candidate_count].estimate = read_sketch(sketch, hash);
            candidate_count++;
        }
    }
    qsort(candidates, candidate_count, sizeof(*candidates), compare_candidates);
    for (size_t i = 0; i < candidate_count; i++) {
        const uint64_t estimate = read_sketch(sketch, candidates[i].hash);
        if (estimate == 0 || estimate < distinct->total / (uint64_t)TEND_FREQUENT_SHARE) {
            continue;
        }
        for (size_t j = 0; j < SKETCH_ROW_COUNT; j++) {
            sketch[sketch_column(candidates[i].hash, j)] -= estimate;
        }
        values[*count] =
            value_of(distinct, &distinct->entries[candidates[i].entry_idx], (double)estimate);
        *count += 1;
        *frequent_total += (double)estimate;
    }
out:
    tend__mem_free(candidates);
    tend__mem_free(sketch);
    return code;
}

/* Appends the sample; where it is one, the values that are not frequent stand for all that are not.
 */
static void list_sample(const struct tend__distinct *distinct, struct tend__distinct_value *values,
                        size_t *count, double frequent_total)
{
    const bool is_exact = tend__distinct_is_exact(distinct);
    const uint64_t frequent_min = distinct->total / (uint64_t)TEND_FREQUENT_SHARE;
    const size_t begin = *count;
    double rare_total = 0;
    double known_total = frequent_total;
    for (size_t i = 0; i < distinct->entry_count; i++) {
        const struct distinct_entry *entry = &distinct->entries[i];
        if (entry->hash > distinct->threshold) {
            continue;
        }
        const double weight = (double)entry->count;
        values[*count] = value_of(distinct, entry, weight);
        values[*count].is_sample = !is_exact && entry->count < frequent_min;
        if (values[*count].is_sample) {
            rare_total += weight;
        } else {
            known_total += weight;
        }
        *count += 1;
    }
    const double table_total =
        (double)(distinct->total - distinct->whole_total - distinct->long_count);
    const double rest = table_total - known_total;
    const double factor = rare_total > 0 && rest > rare_total ? rest / rare_total : 1;
    for (size_t i = begin; i < *count; i++) {
        values[i].weight *= values[i].is_sample ? factor : 1;
    }
}

/* Appends the numbers that have exact counts of their own. */
static void list_numbers(const struct tend__distinct *distinct, struct tend__distinct_value *values,
                         size_t *count)
{
    const size_t slot_count = distinct->table.slot_count;
    for (size_t i = 0; i < slot_count; i++) {
        *count += number_place(&distinct->table.slots[i], &values[*count]) ? 1 : 0;
    }
    for (size_t i = 0; distinct->whole != NULL && i < WHOLE_COUNT; i++) {
        *count += whole_place(distinct, i, &values[*count]) ? 1 : 0;
    }
}

enum tend_code tend__distinct_values(const struct tend__distinct *distinct,
                                     struct tend__distinct_value **out, size_t *count,
                                     struct tend_error *err)
{
    struct tend__distinct_value *values = NULL;
    size_t whole_count = 1; /* one place is written before it is known to be empty */
    TEND_ASSERT(!distinct->is_light);
    for (size_t i = 0; distinct->whole != NULL && i < WHOLE_COUNT; i++) {
        whole_count += distinct->whole[i] > 0 ? 1 : 0;
    }
    TEND_TRY(tend__mem_new(whole_count + distinct->table.count + distinct->entry_count,
                           sizeof(*values), &values, err));
    size_t n = 0;
    list_numbers(distinct, values, &n);
    double frequent_total = 0;
    if (!tend__distinct_is_exact(distinct)) {
        const enum tend_code code = find_frequent(distinct, values, &n, &frequent_total, err);
        if (code != TEND_OK) {
            tend__mem_free(values);
            return code;
        }
    }
    list_sample(distinct, values, &n, frequent_total);
    qsort(values, n, sizeof(*values), distinct->is_text ? compare_weights : compare_numbers);
    *out = values;
    *count = n;
    return TEND_OK;
}
