/* SPDX-License-Identifier: Apache-2.0 */
/* engine_rows.c: storage, canonical order and identities of a window's rows; see engine_rows.h. */
#include "engine/engine_rows.h"

#include "base/hash.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HASH_SEED_ROW UINT64_C(0x726f7773)
#define HASH_SEED_ID UINT64_C(0x696473)
#define TEXT_BYTES_MAX ((size_t)1 << 31)

/* ---- codes of categories --------------------------------------------------------------------- */

void tend__codes_init(struct tend__codes *codes)
{
    *codes = (struct tend__codes){0};
    tend__buf_init(&codes->heap, (size_t)1 << 24);
}

void tend__codes_deinit(struct tend__codes *codes)
{
    tend__buf_deinit(&codes->heap);
    tend__mem_free(codes->offsets);
    tend__mem_free(codes->slots);
    *codes = (struct tend__codes){0};
}

static size_t find_slot(const struct tend__codes *codes, const void *key, size_t len)
{
    size_t at = (size_t)tend__hash64(key, len, HASH_SEED_ID) & (codes->slot_count - 1);
    while (codes->slots[at] != 0) {
        const uint32_t code = codes->slots[at] - 1;
        const size_t key_len = codes->offsets[code + 1] - codes->offsets[code];
        if (key_len == len && memcmp(codes->heap.bytes + codes->offsets[code], key, len) == 0) {
            break;
        }
        at = (at + 1) & (codes->slot_count - 1);
    }
    return at;
}

static enum tend_code prepare_codes(struct tend__codes *codes, struct tend_error *err)
{
    if (codes->slots != NULL) {
        return TEND_OK;
    }
    TEND_TRY(
        tend__mem_grow(&codes->offsets, &codes->cap, 1, TEND_CODE_MAX + 1, sizeof(uint32_t), err));
    codes->offsets[0] = 0;
    TEND_TRY(tend__mem_new((size_t)TEND_CODE_MAX * 2, sizeof(uint32_t), &codes->slots, err));
    codes->slot_count = (size_t)TEND_CODE_MAX * 2;
    /* The heap's first byte makes its pointer valid for keys of no length. */
    tend__buf_add(&codes->heap, "", 0);
    return tend__buf_code(&codes->heap, err);
}

enum tend_code tend__codes_find(struct tend__codes *codes, const void *key, size_t len,
                                bool can_add, uint32_t *code, struct tend_error *err)
{
    TEND_TRY(prepare_codes(codes, err));
    const size_t slot = find_slot(codes, key, len);
    if (codes->slots[slot] != 0) {
        *code = codes->slots[slot] - 1;
        return TEND_OK;
    }
    if (!can_add || codes->count == TEND_CODE_MAX) {
        *code = UINT32_MAX;
        return TEND_OK;
    }
    TEND_TRY(tend__mem_grow(&codes->offsets, &codes->cap, (size_t)codes->count + 2,
                            TEND_CODE_MAX + 1, sizeof(uint32_t), err));
    tend__buf_add(&codes->heap, key, len);
    TEND_TRY(tend__buf_code(&codes->heap, err));
    codes->offsets[codes->count + 1] = (uint32_t)codes->heap.len;
    codes->slots[slot] = codes->count + 1;
    *code = codes->count;
    codes->count++;
    return TEND_OK;
}

/* ---- stores ---------------------------------------------------------------------------------- */

enum tend_code tend__rows_new(const struct tend__field *fields, size_t field_count,
                              struct tend__rows **out, struct tend_error *err)
{
    struct tend__rows *rows = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*rows), &rows, err));
    rows->fields = fields;
    rows->field_count = field_count;
    enum tend_code code = tend__mem_new(field_count, sizeof(*rows->stores), &rows->stores, err);
    if (code == TEND_OK) {
        code = tend__mem_new(field_count, sizeof(*rows->columns), &rows->columns, err);
    }
    if (code != TEND_OK) {
        rows->field_count = 0;
        tend__rows_free(rows);
        return code;
    }
    for (size_t i = 0; i < field_count; i++) {
        rows->stores[i].type = fields[i].type;
        tend__buf_init(&rows->stores[i].heap, TEXT_BYTES_MAX);
    }
    *out = rows;
    return TEND_OK;
}

void tend__rows_free(struct tend__rows *rows)
{
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < rows->field_count; i++) {
        struct tend__store *store = &rows->stores[i];
        tend__mem_free(store->f64);
        tend__mem_free(store->time_us);
        tend__mem_free(store->bools);
        tend__mem_free(store->valid);
        tend__mem_free(store->text_at);
        tend__mem_free(store->text);
        tend__buf_deinit(&store->heap);
    }
    tend__mem_free(rows->stores);
    tend__mem_free(rows->columns);
    tend__mem_free(rows);
}

void tend__rows_reset(struct tend__rows *rows, int64_t start_us)
{
    rows->row_count = 0;
    rows->start_us = start_us;
    rows->duplicate_count = 0;
    rows->without_id_count = 0;
    rows->sealed = false;
    for (size_t i = 0; i < rows->field_count; i++) {
        tend__buf_reset(&rows->stores[i].heap);
    }
}

static enum tend_code resize_store(struct tend__store *store, size_t cap, struct tend_error *err)
{
    TEND_TRY(tend__mem_resize(&store->valid, cap, 1, err));
    switch (store->type) {
    case TEND_TYPE_NUMBER:
        return tend__mem_resize(&store->f64, cap, sizeof(double), err);
    case TEND_TYPE_TIME:
        return tend__mem_resize(&store->time_us, cap, sizeof(int64_t), err);
    case TEND_TYPE_BOOL:
        return tend__mem_resize(&store->bools, cap, 1, err);
    case TEND_TYPE_TEXT:
        TEND_TRY(tend__mem_resize(&store->text, cap, sizeof(struct tend__text), err));
        return tend__mem_resize(&store->text_at, cap, 2 * sizeof(uint32_t), err);
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return TEND_OK;
    }
    return TEND_OK;
}

static enum tend_code make_room(struct tend__rows *rows, size_t need, struct tend_error *err)
{
    if (need <= rows->cap) {
        return TEND_OK;
    }
    if (need > TEND_WINDOW_ROW_MAX) {
        return TEND_FAIL(err, ELIMIT, "a window holds more than %u rows: choose a shorter window",
                         TEND_WINDOW_ROW_MAX);
    }
    const size_t cap = need + need / 2 + 1024;
    for (size_t i = 0; i < rows->field_count; i++) {
        TEND_TRY(resize_store(&rows->stores[i], cap, err));
    }
    rows->cap = cap;
    return TEND_OK;
}

static enum tend_code copy_text(struct tend__store *store, const struct tend__column *column,
                                size_t from, size_t count, size_t at, struct tend_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const bool present = tend__is_valid(column, from + i);
        const struct tend__text text =
            present ? column->text[from + i] : (struct tend__text){"", 0};
        store->text_at[2 * (at + i)] = (uint32_t)store->heap.len;
        store->text_at[2 * (at + i) + 1] = (uint32_t)text.len;
        tend__buf_add(&store->heap, text.ptr, text.len);
    }
    return tend__buf_code(&store->heap, err);
}

static enum tend_code copy_column(struct tend__store *store, const struct tend__column *column,
                                  size_t from, size_t count, size_t at, struct tend_error *err)
{
    if (column->type == TEND_TYPE_NULL || store->type == TEND_TYPE_NULL) {
        memset(store->valid + at, 0, count);
        for (size_t i = 0; i < count && store->type == TEND_TYPE_TEXT; i++) {
            store->text_at[2 * (at + i)] = 0;
            store->text_at[2 * (at + i) + 1] = 0;
        }
        return TEND_OK;
    }
    if (column->valid == NULL) {
        memset(store->valid + at, 1, count);
    } else {
        memcpy(store->valid + at, column->valid + from, count);
    }
    switch (store->type) {
    case TEND_TYPE_NUMBER:
        memcpy(store->f64 + at, column->f64 + from, count * sizeof(double));
        return TEND_OK;
    case TEND_TYPE_TIME:
        memcpy(store->time_us + at, column->time_us + from, count * sizeof(int64_t));
        return TEND_OK;
    case TEND_TYPE_BOOL:
        memcpy(store->bools + at, column->bools + from, count);
        return TEND_OK;
    case TEND_TYPE_TEXT:
        return copy_text(store, column, from, count, at, err);
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return TEND_OK;
    }
    return TEND_OK;
}

enum tend_code tend__rows_add(struct tend__rows *rows, const struct tend__batch *batch, size_t from,
                              size_t to, struct tend_error *err)
{
    TEND_ASSERT(!rows->sealed && from <= to && to <= batch->row_count);
    TEND_TRY(make_room(rows, rows->row_count + (to - from), err));
    for (size_t i = 0; i < rows->field_count; i++) {
        const struct tend__column *column = &batch->columns[i];
        if (column->type != rows->stores[i].type && column->type != TEND_TYPE_NULL) {
            return TEND_FAIL(err, ETYPE, "column '%s' is a %s now and was a %s before",
                             rows->fields[i].name, tend__type_text(column->type),
                             tend__type_text(rows->stores[i].type));
        }
        TEND_TRY(copy_column(&rows->stores[i], column, from, to - from, rows->row_count, err));
    }
    rows->row_count += to - from;
    return TEND_OK;
}

/* ---- canonical order ------------------------------------------------------------------------- */

static uint64_t hash_number(double x, uint64_t seed)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof(bits));
    return tend__hash64_u64(bits, seed);
}

static uint64_t hash_cell(const struct tend__store *store, size_t row, uint64_t seed)
{
    if (store->type == TEND_TYPE_NULL || store->valid[row] == 0) {
        return tend__hash64_u64(1, seed);
    }
    switch (store->type) {
    case TEND_TYPE_NUMBER:
        return hash_number(store->f64[row], seed);
    case TEND_TYPE_TIME:
        return tend__hash64_u64((uint64_t)store->time_us[row], seed);
    case TEND_TYPE_BOOL:
        return tend__hash64_u64((uint64_t)store->bools[row] + 2, seed);
    case TEND_TYPE_TEXT:
        return tend__hash64(store->heap.bytes + store->text_at[2 * row],
                            store->text_at[2 * row + 1], seed);
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return seed;
}

struct order_key {
    int64_t time_us;
    uint64_t hash;
    uint32_t row;
};

static int compare_keys(const void *a, const void *b)
{
    const struct order_key *x = a;
    const struct order_key *y = b;
    if (x->time_us != y->time_us) {
        return x->time_us < y->time_us ? -1 : 1;
    }
    if (x->hash != y->hash) {
        return x->hash < y->hash ? -1 : 1;
    }
    return 0;
}

static bool holds_id(const struct tend__ids *ids, uint64_t id, size_t *slot)
{
    size_t at = (size_t)id & (ids->slot_count - 1);
    while (ids->slots[at] != 0 && ids->slots[at] != id) {
        at = (at + 1) & (ids->slot_count - 1);
    }
    *slot = at;
    return ids->slots[at] == id;
}

static bool was_seen(const struct tend__ids *seen, size_t seen_count, uint64_t id)
{
    size_t slot = 0;
    for (size_t i = 0; i < seen_count; i++) {
        if (seen[i].count > 0 && holds_id(&seen[i], id, &slot)) {
            return true;
        }
    }
    return false;
}

/* Rows whose id was seen before lose their place in `keys`. */
static enum tend_code drop_seen(const struct tend__rows *rows, const struct tend__rows_order *order,
                                struct order_key *keys, size_t *count, uint64_t *without_id,
                                struct tend_error *err)
{
    struct tend__ids *own = order->own;
    size_t slots = 64;
    while (slots < 2 * rows->row_count) {
        slots *= 2;
    }
    TEND_TRY(tend__mem_resize(&own->slots, slots, sizeof(uint64_t), err));
    memset(own->slots, 0, slots * sizeof(uint64_t));
    own->slot_count = slots;
    own->count = 0;
    const struct tend__store *ids = &rows->stores[order->id_idx];
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        const size_t row = keys[i].row;
        if (ids->valid[row] != 0) {
            const uint64_t id = hash_cell(ids, row, HASH_SEED_ID) | 1U;
            size_t slot = 0;
            if (holds_id(own, id, &slot) || was_seen(order->seen, order->seen_count, id)) {
                continue;
            }
            own->slots[slot] = id;
            own->count++;
        } else {
            (*without_id)++;
        }
        keys[kept] = keys[i];
        kept++;
    }
    *count = kept;
    return TEND_OK;
}

/* Moves the values of one store into the order of the keys, through a scratch array of 8 bytes a
 * row. */
static void permute_store(struct tend__store *store, const struct order_key *keys, size_t count,
                          uint64_t *scratch)
{
    uint8_t *bytes = (uint8_t *)scratch;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = store->valid[keys[i].row];
    }
    memcpy(store->valid, bytes, count);
    switch (store->type) {
    case TEND_TYPE_NUMBER:
        for (size_t i = 0; i < count; i++) {
            memcpy(&scratch[i], &store->f64[keys[i].row], sizeof(uint64_t));
        }
        memcpy(store->f64, scratch, count * sizeof(uint64_t));
        break;
    case TEND_TYPE_TIME:
        for (size_t i = 0; i < count; i++) {
            memcpy(&scratch[i], &store->time_us[keys[i].row], sizeof(uint64_t));
        }
        memcpy(store->time_us, scratch, count * sizeof(uint64_t));
        break;
    case TEND_TYPE_BOOL:
        for (size_t i = 0; i < count; i++) {
            bytes[i] = store->bools[keys[i].row];
        }
        memcpy(store->bools, bytes, count);
        break;
    case TEND_TYPE_TEXT:
        for (size_t i = 0; i < count; i++) {
            memcpy(&scratch[i], &store->text_at[2 * keys[i].row], sizeof(uint64_t));
        }
        memcpy(store->text_at, scratch, count * sizeof(uint64_t));
        break;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
}

static void view_store(struct tend__store *store, size_t count, struct tend__column *column)
{
    const bool all_valid = store->type != TEND_TYPE_NULL && memchr(store->valid, 0, count) == NULL;
    if (store->type == TEND_TYPE_TEXT) {
        for (size_t i = 0; i < count; i++) {
            store->text[i] = (struct tend__text){
                tend__buf_str(&store->heap) + store->text_at[2 * i], store->text_at[2 * i + 1]};
        }
    }
    *column = (struct tend__column){
        .type = store->type,
        .f64 = store->f64,
        .bools = store->bools,
        .text = store->text,
        .time_us = store->time_us,
        .valid = all_valid ? NULL : store->valid,
    };
}

static void fill_keys(const struct tend__rows *rows, size_t time_idx, struct order_key *keys)
{
    for (size_t row = 0; row < rows->row_count; row++) {
        uint64_t hash = HASH_SEED_ROW;
        for (size_t i = 0; i < rows->field_count; i++) {
            hash = hash_cell(&rows->stores[i], row, hash);
        }
        keys[row] = (struct order_key){rows->stores[time_idx].time_us[row], hash, (uint32_t)row};
    }
}

enum tend_code tend__rows_seal(struct tend__rows *rows, const struct tend__rows_order *order,
                               struct tend_error *err)
{
    TEND_ASSERT(!rows->sealed);
    struct order_key *keys = NULL;
    uint64_t *scratch = NULL;
    size_t count = rows->row_count;
    enum tend_code code = make_room(rows, 1, err);
    if (code == TEND_OK) {
        code = tend__mem_new(count, sizeof(*keys), &keys, err);
    }
    if (code == TEND_OK) {
        code = tend__mem_new(count, sizeof(*scratch), &scratch, err);
    }
    if (code != TEND_OK) {
        goto out;
    }
    fill_keys(rows, order->time_idx, keys);
    qsort(keys, count, sizeof(*keys), compare_keys);
    order->own->count = 0;
    if (order->id_idx != SIZE_MAX) {
        code = drop_seen(rows, order, keys, &count, &rows->without_id_count, err);
        if (code != TEND_OK) {
            goto out;
        }
    }
    for (size_t i = 0; i < rows->field_count; i++) {
        permute_store(&rows->stores[i], keys, count, scratch);
        view_store(&rows->stores[i], count, &rows->columns[i]);
    }
    rows->duplicate_count = rows->row_count - count;
    rows->row_count = count;
    rows->sealed = true;
out:
    tend__mem_free(keys);
    tend__mem_free(scratch);
    return code;
}

struct tend__batch tend__rows_batch(const struct tend__rows *rows)
{
    TEND_ASSERT(rows->sealed);
    return (struct tend__batch){
        .row_count = rows->row_count,
        .column_count = rows->field_count,
        .fields = rows->fields,
        .columns = rows->columns,
    };
}

/* ---- the model's matrix ---------------------------------------------------------------------- */

struct target {
    float *out; /* the feature's first cell */
    size_t stride;
    size_t row_count;
    bool can_add;
};

static enum tend_code code_column(struct tend__feature *feature, const struct tend__column *column,
                                  const struct target *target, struct tend_error *err)
{
    for (size_t i = 0; i < target->row_count; i++) {
        uint32_t category = UINT32_MAX;
        if (tend__is_valid(column, i)) {
            const bool is_text = column->type == TEND_TYPE_TEXT;
            const bool is_number = column->type == TEND_TYPE_NUMBER;
            const void *key = is_text
                                  ? (const void *)column->text[i].ptr
                                  : (is_number ? (const void *)&column->f64[i] : &column->bools[i]);
            const size_t len = is_text ? column->text[i].len : (is_number ? sizeof(double) : 1);
            TEND_TRY(tend__codes_find(&feature->codes, key, len, target->can_add, &category, err));
        }
        target->out[i * target->stride] = category == UINT32_MAX ? NAN : (float)category;
    }
    return TEND_OK;
}

static void number_column(const struct tend__column *column, size_t row_count, float *out,
                          size_t stride)
{
    const bool is_bool = column->type == TEND_TYPE_BOOL;
    for (size_t i = 0; i < row_count; i++) {
        const bool present = column->type != TEND_TYPE_NULL && tend__is_valid(column, i);
        const double x =
            !present ? (double)NAN : (is_bool ? (double)column->bools[i] : column->f64[i]);
        /* What does not fit a float is as good as missing to a tree. */
        out[i * stride] = fabs(x) <= (double)3.4028234e38F ? (float)x : NAN;
    }
}

enum tend_code tend__rows_matrix(const struct tend__features *features,
                                 const struct tend__column *columns, size_t row_count, float *out,
                                 struct tend_error *err)
{
    for (size_t f = 0; f < features->count; f++) {
        struct tend__feature *feature = &features->features[f];
        const struct tend__column *column = &columns[feature->column_idx];
        if (feature->is_category && column->type != TEND_TYPE_NULL) {
            const struct target target = {out + f, features->count, row_count, features->can_add};
            TEND_TRY(code_column(feature, column, &target, err));
        } else {
            number_column(column, row_count, out + f, features->count);
        }
    }
    return TEND_OK;
}
