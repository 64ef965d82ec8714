/* SPDX-License-Identifier: Apache-2.0 */
/* repeats.c: see the header. Two hashes a row: one that samples, of a few columns, and one of the
 * whole row, which is made only where the first is below the threshold. */
#include "judge/repeats.h"

#include "base/hash.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX 6
#define KEYS_MIN 3
#define BLOCK_LEN 256
#define NULL_HASH UINT64_C(0x9E3779B97F4A7C15)

struct sampled {
    uint64_t key;
    uint64_t row_hash;
    uint64_t row_number;
};

struct tend__repeats {
    const char *skip_column;
    size_t key_columns[NUMBERS_MAX];
    size_t key_count;
    bool is_chosen;
    uint64_t threshold;
    uint64_t row_count;
    size_t count;
    struct sampled rows[TEND_REPEATS_ROWS + 1];
    uint64_t firsts[TEND_REPEATS_ROWS + 1]; /* of the result: rows that a later one equals */
};

enum tend_code tend__repeats_new(const char *skip_column, struct tend__repeats **out,
                                 struct tend_error *err)
{
    struct tend__repeats *repeats = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*repeats), &repeats, err));
    repeats->skip_column = skip_column;
    repeats->threshold = UINT64_MAX;
    *out = repeats;
    return TEND_OK;
}

void tend__repeats_free(struct tend__repeats *repeats)
{
    tend__mem_free(repeats);
}

static bool is_skipped(const struct tend__repeats *repeats, const struct tend__batch *batch,
                       size_t column_idx)
{
    return repeats->skip_column != NULL &&
           strcmp(batch->fields[column_idx].name, repeats->skip_column) == 0;
}

static void choose_keys(struct tend__repeats *repeats, const struct tend__batch *batch)
{
    for (int pass = 0; pass < 2; pass++) {
        const size_t max = pass == 0 ? NUMBERS_MAX : KEYS_MIN;
        for (size_t i = 0; i < batch->column_count && repeats->key_count < max; i++) {
            const enum tend_type type = batch->fields[i].type;
            const bool is_wide = type == TEND_TYPE_NUMBER || type == TEND_TYPE_TIME;
            if (!is_skipped(repeats, batch, i) && (pass == 0 ? is_wide : type == TEND_TYPE_TEXT)) {
                repeats->key_columns[repeats->key_count++] = i;
            }
        }
    }
    repeats->is_chosen = true;
}

static uint64_t mix_in(uint64_t hash, uint64_t value)
{
    return tend__hash64_u64(value, hash);
}

static uint64_t number_bits(double number)
{
    uint64_t bits = 0;
    const double x = number + 0.0; /* negative zero is zero */
    if (isnan(x)) {
        return NULL_HASH + 1;
    }
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static uint64_t value_bits(const struct tend__column *column, size_t row_idx)
{
    if (!tend__is_valid(column, row_idx)) {
        return NULL_HASH;
    }
    if (column->type == TEND_TYPE_VECTOR) {
        const size_t size = column->f32 != NULL ? sizeof(*column->f32) : sizeof(*column->f64);
        const char *bytes =
            column->f32 != NULL ? (const char *)column->f32 : (const char *)column->f64;
        return bytes == NULL
                   ? NULL_HASH
                   : tend__hash64(bytes + row_idx * column->dim * size, column->dim * size, 1);
    }
    if (column->f64 != NULL) {
        return number_bits(column->f64[row_idx]);
    }
    if (column->time_us != NULL) {
        return (uint64_t)column->time_us[row_idx];
    }
    if (column->text != NULL) {
        return tend__hash64(column->text[row_idx].ptr, column->text[row_idx].len, 1);
    }
    return column->bools != NULL ? column->bools[row_idx] : NULL_HASH;
}

/* Keeps the threshold such that the sample fits: values below half of it stay. */
static void thin_out(struct tend__repeats *repeats)
{
    while (repeats->count > TEND_REPEATS_ROWS && repeats->threshold > 0) {
        size_t kept = 0;
        repeats->threshold /= 2;
        for (size_t i = 0; i < repeats->count; i++) {
            if (repeats->rows[i].key <= repeats->threshold) {
                repeats->rows[kept++] = repeats->rows[i];
            }
        }
        repeats->count = kept;
    }
    repeats->count = repeats->count > TEND_REPEATS_ROWS ? 0 : repeats->count;
}

static void take_row(struct tend__repeats *repeats, const struct tend__batch *batch, size_t row_idx,
                     uint64_t key)
{
    uint64_t hash = key;
    for (size_t k = 0; k < batch->column_count; k++) {
        if (!is_skipped(repeats, batch, k)) {
            hash = mix_in(hash, value_bits(&batch->columns[k], row_idx));
        }
    }
    repeats->rows[repeats->count++] =
        (struct sampled){.key = key, .row_hash = hash, .row_number = repeats->row_count + row_idx};
    thin_out(repeats);
}

/* A quick hash for sampling only: one multiplication a value. */
static inline uint64_t stir(uint64_t hash, uint64_t value)
{
    const uint64_t x = (hash ^ value) * UINT64_C(0x9FB21C651E98DF25);
    return x ^ x >> 32;
}

/* Mixes one key column into the hashes of a block of rows. */
static void mix_column(const struct tend__column *column, size_t begin, size_t count,
                       uint64_t *hashes)
{
    if (column->type == TEND_TYPE_NUMBER && column->f64 != NULL && column->valid == NULL) {
        for (size_t i = 0; i < count; i++) {
            const double x = column->f64[begin + i] + 0.0;
            uint64_t bits = 0;
            memcpy(&bits, &x, sizeof(bits));
            hashes[i] = stir(hashes[i], x == x ? bits : NULL_HASH + 1);
        }
        return;
    }
    if (column->type == TEND_TYPE_TIME && column->time_us != NULL && column->valid == NULL) {
        for (size_t i = 0; i < count; i++) {
            hashes[i] = stir(hashes[i], (uint64_t)column->time_us[begin + i]);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        hashes[i] = stir(hashes[i], value_bits(column, begin + i));
    }
}

/* The last step spreads over all bits. */
static void finish_hashes(uint64_t *hashes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hashes[i] *= UINT64_C(0xD6E8FEB86659FD93);
        hashes[i] ^= hashes[i] >> 29;
        hashes[i] *= UINT64_C(0x9E3779B97F4A7C15);
    }
}

enum tend_code tend__repeats_add(struct tend__repeats *repeats, const struct tend__batch *batch,
                                 struct tend_error *err)
{
    (void)err;
    uint64_t hashes[BLOCK_LEN];
    if (!repeats->is_chosen) {
        choose_keys(repeats, batch);
    }
    for (size_t begin = 0; repeats->key_count > 0 && begin < batch->row_count; begin += BLOCK_LEN) {
        const size_t left = batch->row_count - begin;
        const size_t count = left < BLOCK_LEN ? left : BLOCK_LEN;
        for (size_t i = 0; i < count; i++) {
            hashes[i] = NULL_HASH;
        }
        for (size_t k = 0; k < repeats->key_count; k++) {
            mix_column(&batch->columns[repeats->key_columns[k]], begin, count, hashes);
        }
        finish_hashes(hashes, count);
        for (size_t i = 0; i < count; i++) {
            if (hashes[i] <= repeats->threshold) {
                take_row(repeats, batch, begin + i, hashes[i]);
            }
        }
    }
    repeats->row_count += batch->row_count;
    return TEND_OK;
}

static int compare_rows(const void *a, const void *b)
{
    const struct sampled *x = a;
    const struct sampled *y = b;
    if (x->row_hash != y->row_hash) {
        return x->row_hash > y->row_hash ? 1 : -1;
    }
    return (x->row_number > y->row_number) - (x->row_number < y->row_number);
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void tend__repeats_result(struct tend__repeats *repeats, struct tend__repeats_result *out)
{
    size_t first_count = 0;
    *out = (struct tend__repeats_result){.row_count = repeats->row_count,
                                         .sample_count = repeats->count};
    if (repeats->count > 1) {
        qsort(repeats->rows, repeats->count, sizeof(*repeats->rows), compare_rows);
    }
    for (size_t i = 1; i < repeats->count; i++) {
        if (repeats->rows[i].row_hash != repeats->rows[i - 1].row_hash) {
            continue;
        }
        out->repeat_count++;
        if (i == 1 || repeats->rows[i - 1].row_hash != repeats->rows[i - 2].row_hash) {
            repeats->firsts[first_count++] = repeats->rows[i - 1].row_number;
        }
    }
    if (first_count > 1) {
        qsort(repeats->firsts, first_count, sizeof(*repeats->firsts), compare_numbers);
    }
    for (size_t i = 0; first_count > 0 && i <= TEND_REPEATS_PARTS; i++) {
        out->first_rows[i] = repeats->firsts[i * (first_count - 1) / TEND_REPEATS_PARTS];
    }
}
