/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_sample.c: keys in blocks of rows, a heap of the kept ones, and their cells by column.
 *
 * The sample is a heap with the largest key at its root. A slot is a place in the arrays of cells;
 * a row that comes in takes the slot of the one it drives out. Texts lie one behind the other in
 * one piece of memory, which is packed when half of it belongs to rows that are gone.
 */
#include "profile/row_sample.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_ROWS 1024
#define TEXT_BYTES_MIN 65536

struct kept_text {
    size_t at; /* in the sample's bytes */
    uint32_t len;
};

struct kept_column {
    struct tend__field field;
    size_t batch_idx; /* where the last batch had it: a guess for the next */
    double *numbers;
    uint8_t *bools;
    int64_t *times;
    struct kept_text *texts;
    uint64_t *hashes;
    struct tend__text *text_views;
    uint8_t *valid;
};

/* A row that comes in: from where in a batch to which slot. */
struct pick {
    uint32_t row;
    uint32_t slot;
};

struct tend__row_sample {
    size_t row_max;
    size_t row_count;
    double key_limit; /* only rows below it are kept */
    uint64_t seed;
    uint64_t stream;
    uint64_t next_row;
    uint64_t rows_seen;
    struct kept_column *columns;
    struct tend__field *view_fields;
    struct tend__column *view_columns;
    size_t column_count;
    double *keys; /* by slot, as the next */
    uint64_t *row_numbers;
    uint32_t *heap; /* slots; the largest key at the root */
    uint32_t *order;
    void *scratch; /* 16 bytes a row */
    char *bytes;
    size_t bytes_len;
    size_t bytes_cap;
    size_t bytes_live; /* of the texts of rows that are kept */
    /* The keys of one block, INFINITY where they are above the limit. */
    uint64_t block_idx;
    bool block_is_known;
    bool block_has_any;
    double block_keys[BLOCK_ROWS];
    struct pick picks[BLOCK_ROWS];
};

/* ---- birth and death ---- */

static void free_column(struct kept_column *column)
{
    tend__mem_free((void *)(uintptr_t)column->field.name);
    tend__mem_free(column->numbers);
    tend__mem_free(column->bools);
    tend__mem_free(column->times);
    tend__mem_free(column->texts);
    tend__mem_free(column->hashes);
    tend__mem_free(column->text_views);
    tend__mem_free(column->valid);
}

void tend__row_sample_free(struct tend__row_sample *sample)
{
    if (sample == NULL) {
        return;
    }
    for (size_t i = 0; i < sample->column_count; i++) {
        free_column(&sample->columns[i]);
    }
    tend__mem_free(sample->columns);
    tend__mem_free(sample->view_fields);
    tend__mem_free(sample->view_columns);
    tend__mem_free(sample->keys);
    tend__mem_free(sample->row_numbers);
    tend__mem_free(sample->heap);
    tend__mem_free(sample->order);
    tend__mem_free(sample->scratch);
    tend__mem_free(sample->bytes);
    tend__mem_free(sample);
}

static enum tend_code init_column(struct kept_column *column, const struct tend__field *field,
                                  size_t rows, struct tend_error *err)
{
    char *name = NULL;
    TEND_TRY(tend__mem_text(field->name, strlen(field->name), &name, err));
    column->field = *field;
    column->field.name = name;
    TEND_TRY(tend__mem_new(rows, sizeof(*column->valid), &column->valid, err));
    switch (field->type) {
    case TEND_TYPE_NUMBER:
        return tend__mem_new(rows, sizeof(*column->numbers), &column->numbers, err);
    case TEND_TYPE_BOOL:
        return tend__mem_new(rows, sizeof(*column->bools), &column->bools, err);
    case TEND_TYPE_TIME:
        return tend__mem_new(rows, sizeof(*column->times), &column->times, err);
    case TEND_TYPE_TEXT:
        TEND_TRY(tend__mem_new(rows, sizeof(*column->texts), &column->texts, err));
        TEND_TRY(tend__mem_new(rows, sizeof(*column->hashes), &column->hashes, err));
        return tend__mem_new(rows, sizeof(*column->text_views), &column->text_views, err);
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return TEND_OK;
    }
    return TEND_OK;
}

static enum tend_code init_sample(struct tend__row_sample *sample, const struct tend__field *fields,
                                  size_t field_count, struct tend_error *err)
{
    const size_t rows = sample->row_max;
    TEND_TRY(tend__mem_new(field_count, sizeof(*sample->columns), &sample->columns, err));
    TEND_TRY(tend__mem_new(field_count, sizeof(*sample->view_fields), &sample->view_fields, err));
    TEND_TRY(tend__mem_new(field_count, sizeof(*sample->view_columns), &sample->view_columns, err));
    TEND_TRY(tend__mem_new(rows, sizeof(*sample->keys), &sample->keys, err));
    TEND_TRY(tend__mem_new(rows, sizeof(*sample->row_numbers), &sample->row_numbers, err));
    TEND_TRY(tend__mem_new(rows, sizeof(*sample->heap), &sample->heap, err));
    TEND_TRY(tend__mem_new(rows, sizeof(*sample->order), &sample->order, err));
    TEND_TRY(tend__mem_new(rows, 2 * sizeof(double), &sample->scratch, err));
    for (size_t i = 0; i < field_count; i++) {
        sample->column_count = i + 1;
        sample->columns[i].batch_idx = i;
        TEND_TRY(init_column(&sample->columns[i], &fields[i], rows, err));
        sample->view_fields[i] = sample->columns[i].field;
    }
    return TEND_OK;
}

enum tend_code tend__row_sample_new(const struct tend__field *fields, size_t field_count,
                                    const struct tend__row_sample_options *options,
                                    struct tend__row_sample **out, struct tend_error *err)
{
    const struct tend__row_sample_options none = {0};
    const struct tend__row_sample_options *o = options == NULL ? &none : options;
    size_t row_max = o->row_max == 0 ? TEND_ROW_SAMPLE_ROWS : o->row_max;
    if (row_max > TEND_ROW_SAMPLE_ROWS_MAX) {
        return TEND_FAIL(err, ELIMIT, "a sample of %zu rows is more than %d", row_max,
                         TEND_ROW_SAMPLE_ROWS_MAX);
    }
    if (field_count > 0 && row_max > TEND_ROW_SAMPLE_CELLS_MAX / field_count) {
        row_max = TEND_ROW_SAMPLE_CELLS_MAX / field_count;
        row_max = row_max == 0 ? 1 : row_max;
    }
    struct tend__row_sample *sample = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*sample), &sample, err));
    sample->row_max = row_max;
    sample->seed = o->seed;
    sample->stream = o->stream;
    sample->next_row = o->first_row;
    sample->key_limit = (double)INFINITY;
    const enum tend_code code = init_sample(sample, fields, field_count, err);
    if (code != TEND_OK) {
        tend__row_sample_free(sample);
        return code;
    }
    *out = sample;
    return TEND_OK;
}

/* ---- keys ---- */

/* The least key that does not come in. */
static double threshold(const struct tend__row_sample *sample)
{
    return sample->row_count < sample->row_max ? sample->key_limit : sample->keys[sample->heap[0]];
}

static double draw_exponential(struct tend__rng *rng)
{
    return -log(((double)(tend__rng_next(rng) >> 11) + 0.5) * 0x1p-53);
}

/* Makes the keys of a block that are below the threshold, smallest first: the gap after the i-th
 * smallest of m draws of Exp(1) is a draw of Exp(m - i), and each is at a place of its own. */
static void make_block(struct tend__row_sample *sample, uint64_t block_idx)
{
    struct tend__rng rng;
    uint16_t places[BLOCK_ROWS];
    const double limit = threshold(sample);
    tend__rng_init(&rng,
                   tend__hash64_u64(block_idx, sample->seed ^ tend__hash64_u64(sample->stream, 1)));
    sample->block_idx = block_idx;
    sample->block_is_known = true;
    sample->block_has_any = false;
    double key = draw_exponential(&rng) / BLOCK_ROWS;
    if (key >= limit) {
        return;
    }
    sample->block_has_any = true;
    for (size_t i = 0; i < BLOCK_ROWS; i++) {
        places[i] = (uint16_t)i;
        sample->block_keys[i] = (double)INFINITY;
    }
    for (size_t i = 0; i < BLOCK_ROWS && key < limit; i++) {
        const size_t other = i + (size_t)tend__rng_below(&rng, BLOCK_ROWS - i);
        const uint16_t place = places[other];
        places[other] = places[i];
        sample->block_keys[place] = key;
        if (i + 1 < BLOCK_ROWS) {
            key += draw_exponential(&rng) / (double)(BLOCK_ROWS - i - 1);
        }
    }
}

/* ---- the heap ---- */

/* Equal keys, which two streams of one number can have, are told apart by the row. */
static bool comes_after(const struct tend__row_sample *sample, uint32_t a, uint32_t b)
{
    if (sample->keys[a] != sample->keys[b]) {
        return sample->keys[a] > sample->keys[b];
    }
    return sample->row_numbers[a] > sample->row_numbers[b];
}

static void sink(struct tend__row_sample *sample, size_t at)
{
    uint32_t *heap = sample->heap;
    for (;;) {
        size_t last = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sample->row_count; child++) {
            last = comes_after(sample, heap[child], heap[last]) ? child : last;
        }
        if (last == at) {
            return;
        }
        const uint32_t slot = heap[at];
        heap[at] = heap[last];
        heap[last] = slot;
        at = last;
    }
}

static void rise(struct tend__row_sample *sample, size_t at)
{
    uint32_t *heap = sample->heap;
    while (at > 0 && comes_after(sample, heap[at], heap[(at - 1) / 2])) {
        const uint32_t slot = heap[at];
        heap[at] = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = slot;
        at = (at - 1) / 2;
    }
}

/* Gives up the texts of a slot. */
static void drop_texts(struct tend__row_sample *sample, uint32_t slot)
{
    for (size_t i = 0; i < sample->column_count; i++) {
        struct kept_column *column = &sample->columns[i];
        if (column->texts != NULL) {
            sample->bytes_live -= column->texts[slot].len;
            column->texts[slot].len = 0;
        }
    }
}

/* The slot for a row whose key is below the threshold. */
static uint32_t take_slot(struct tend__row_sample *sample, double key, uint64_t row_number)
{
    uint32_t slot = 0;
    if (sample->row_count < sample->row_max) {
        slot = (uint32_t)sample->row_count;
        sample->keys[slot] = key;
        sample->row_numbers[slot] = row_number;
        sample->heap[sample->row_count] = slot;
        sample->row_count++;
        rise(sample, sample->row_count - 1);
        return slot;
    }
    slot = sample->heap[0];
    sample->keys[slot] = key;
    sample->row_numbers[slot] = row_number;
    drop_texts(sample, slot);
    sink(sample, 0);
    return slot;
}

/* ---- cells ---- */

static void pack_texts(struct tend__row_sample *sample, char *bytes)
{
    size_t used = 0;
    for (size_t i = 0; i < sample->column_count; i++) {
        struct kept_text *texts = sample->columns[i].texts;
        for (size_t k = 0; texts != NULL && k < sample->row_count; k++) {
            if (texts[k].len > 0) {
                memcpy(bytes + used, sample->bytes + texts[k].at, texts[k].len);
            }
            texts[k].at = used;
            used += texts[k].len;
        }
    }
    tend__mem_free(sample->bytes);
    sample->bytes = bytes;
    sample->bytes_len = used;
}

static enum tend_code reserve_bytes(struct tend__row_sample *sample, size_t need,
                                    struct tend_error *err)
{
    if (sample->bytes_cap - sample->bytes_len >= need) {
        return TEND_OK;
    }
    size_t cap = 2 * (sample->bytes_live + need);
    cap = cap < TEXT_BYTES_MIN ? TEXT_BYTES_MIN : cap;
    char *bytes = NULL;
    TEND_TRY(tend__mem_new(cap, 1, &bytes, err));
    pack_texts(sample, bytes);
    sample->bytes_cap = cap;
    return TEND_OK;
}

static enum tend_code keep_texts(struct tend__row_sample *sample, struct kept_column *to,
                                 const struct tend__column *from, const struct pick *picks,
                                 size_t pick_count, struct tend_error *err)
{
    for (size_t i = 0; i < pick_count; i++) {
        const uint32_t slot = picks[i].slot;
        const struct tend__text *text = &from->text[picks[i].row];
        /* A slot that is taken twice in one block holds the text of the row before. */
        sample->bytes_live -= to->texts[slot].len;
        to->texts[slot].len = 0;
        if (!tend__is_valid(from, picks[i].row)) {
            continue;
        }
        const size_t len =
            text->len < TEND_ROW_SAMPLE_TEXT_MAX ? text->len : TEND_ROW_SAMPLE_TEXT_MAX;
        TEND_TRY(reserve_bytes(sample, len, err));
        if (len > 0) {
            memcpy(sample->bytes + sample->bytes_len, text->ptr, len);
        }
        to->texts[slot] = (struct kept_text){.at = sample->bytes_len, .len = (uint32_t)len};
        to->hashes[slot] = tend__hash64(text->ptr, text->len, 0);
        sample->bytes_len += len;
        sample->bytes_live += len;
    }
    return TEND_OK;
}

static enum tend_code keep_cells(struct tend__row_sample *sample, struct kept_column *to,
                                 const struct tend__column *from, const struct pick *picks,
                                 size_t pick_count, struct tend_error *err)
{
    const bool is_there =
        from != NULL && from->type == to->field.type && from->type != TEND_TYPE_NULL;
    for (size_t i = 0; i < pick_count; i++) {
        to->valid[picks[i].slot] = is_there && tend__is_valid(from, picks[i].row) ? 1 : 0;
    }
    if (!is_there) {
        return TEND_OK;
    }
    switch (to->field.type) {
    case TEND_TYPE_NUMBER:
        for (size_t i = 0; i < pick_count; i++) {
            to->numbers[picks[i].slot] = from->f64[picks[i].row];
        }
        return TEND_OK;
    case TEND_TYPE_BOOL:
        for (size_t i = 0; i < pick_count; i++) {
            to->bools[picks[i].slot] = from->bools[picks[i].row];
        }
        return TEND_OK;
    case TEND_TYPE_TIME:
        for (size_t i = 0; i < pick_count; i++) {
            to->times[picks[i].slot] = from->time_us[picks[i].row];
        }
        return TEND_OK;
    case TEND_TYPE_TEXT:
        return keep_texts(sample, to, from, picks, pick_count, err);
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return TEND_OK;
    }
    return TEND_OK;
}

static void find_columns(struct tend__row_sample *sample, const struct tend__batch *batch)
{
    for (size_t i = 0; i < sample->column_count; i++) {
        struct kept_column *column = &sample->columns[i];
        const size_t guess = column->batch_idx;
        if (guess < batch->column_count &&
            strcmp(batch->fields[guess].name, column->field.name) == 0) {
            continue;
        }
        column->batch_idx = SIZE_MAX;
        for (size_t k = 0; k < batch->column_count && column->batch_idx == SIZE_MAX; k++) {
            if (strcmp(batch->fields[k].name, column->field.name) == 0) {
                column->batch_idx = k;
            }
        }
    }
}

static enum tend_code keep_rows(struct tend__row_sample *sample, const struct tend__batch *batch,
                                size_t pick_count, struct tend_error *err)
{
    for (size_t i = 0; i < sample->column_count && pick_count > 0; i++) {
        struct kept_column *column = &sample->columns[i];
        const struct tend__column *from =
            column->batch_idx == SIZE_MAX ? NULL : &batch->columns[column->batch_idx];
        TEND_TRY(keep_cells(sample, column, from, sample->picks, pick_count, err));
    }
    return TEND_OK;
}

/* Rows begin .. end of the batch, which are in one block. */
static enum tend_code add_block(struct tend__row_sample *sample, const struct tend__batch *batch,
                                size_t begin, size_t end, struct tend_error *err)
{
    const uint64_t first = sample->next_row;
    const size_t place = (size_t)(first % BLOCK_ROWS);
    size_t pick_count = 0;
    if (!sample->block_is_known || sample->block_idx != first / BLOCK_ROWS) {
        make_block(sample, first / BLOCK_ROWS);
    }
    sample->next_row += end - begin;
    if (!sample->block_has_any) {
        return TEND_OK;
    }
    for (size_t i = 0; i < end - begin; i++) {
        const double key = sample->block_keys[place + i];
        if (key < threshold(sample)) {
            sample->picks[pick_count++] = (struct pick){.row = (uint32_t)(begin + i),
                                                        .slot = take_slot(sample, key, first + i)};
        }
    }
    return keep_rows(sample, batch, pick_count, err);
}

enum tend_code tend__row_sample_add(struct tend__row_sample *sample,
                                    const struct tend__batch *batch, struct tend_error *err)
{
    TEND_ASSERT(batch->row_count <= UINT32_MAX);
    find_columns(sample, batch);
    sample->rows_seen += batch->row_count;
    size_t begin = 0;
    while (begin < batch->row_count) {
        const size_t room = BLOCK_ROWS - (size_t)(sample->next_row % BLOCK_ROWS);
        const size_t left = batch->row_count - begin;
        const size_t end = begin + (left < room ? left : room);
        TEND_TRY(add_block(sample, batch, begin, end, err));
        begin = end;
    }
    return TEND_OK;
}

/* ---- views ---- */

static void permute(void *values, size_t size, const struct tend__row_sample *sample)
{
    char *from = values;
    char *to = sample->scratch;
    if (values == NULL) {
        return;
    }
    for (size_t i = 0; i < sample->row_count; i++) {
        memcpy(to + i * size, from + sample->order[i] * size, size);
    }
    memcpy(from, to, sample->row_count * size);
}

/* Puts the rows into ascending order of their keys: taking the root of the heap off gives the
 * largest first. The slots are then renamed, and a descending array is a heap. */
static void sort_rows(struct tend__row_sample *sample)
{
    const size_t count = sample->row_count;
    while (sample->row_count > 0) {
        const uint32_t slot = sample->heap[0];
        sample->row_count--;
        sample->heap[0] = sample->heap[sample->row_count];
        sink(sample, 0);
        sample->order[sample->row_count] = slot;
    }
    sample->row_count = count;
    for (size_t i = 0; i < sample->column_count; i++) {
        struct kept_column *column = &sample->columns[i];
        permute(column->numbers, sizeof(*column->numbers), sample);
        permute(column->bools, sizeof(*column->bools), sample);
        permute(column->times, sizeof(*column->times), sample);
        permute(column->texts, sizeof(*column->texts), sample);
        permute(column->hashes, sizeof(*column->hashes), sample);
        permute(column->valid, sizeof(*column->valid), sample);
    }
    permute(sample->keys, sizeof(*sample->keys), sample);
    permute(sample->row_numbers, sizeof(*sample->row_numbers), sample);
    for (size_t i = 0; i < count; i++) {
        sample->heap[i] = (uint32_t)(count - 1 - i);
    }
}

static void view_column(const struct tend__row_sample *sample, struct kept_column *column,
                        struct tend__column *out)
{
    for (size_t i = 0; column->texts != NULL && i < sample->row_count; i++) {
        column->text_views[i] = (struct tend__text){
            .ptr = sample->bytes == NULL ? "" : sample->bytes + column->texts[i].at,
            .len = column->texts[i].len};
    }
    *out = (struct tend__column){
        .type = column->field.type,
        .f64 = column->numbers,
        .bools = column->bools,
        .text = column->text_views,
        .time_us = column->times,
        .valid = column->valid,
    };
}

void tend__row_sample_view(struct tend__row_sample *sample, struct tend__batch *out)
{
    sort_rows(sample);
    for (size_t i = 0; i < sample->column_count; i++) {
        view_column(sample, &sample->columns[i], &sample->view_columns[i]);
    }
    *out = (struct tend__batch){
        .row_count = sample->row_count,
        .column_count = sample->column_count,
        .fields = sample->view_fields,
        .columns = sample->view_columns,
    };
}

/* ---- merging ---- */

/* The rows whose keys `sample` knows are those below this. */
static double known_limit(const struct tend__row_sample *sample, size_t row_max)
{
    const bool is_cut = sample->row_max < row_max && sample->row_count == sample->row_max;
    return is_cut ? nextafter(sample->keys[sample->heap[0]], (double)INFINITY) : sample->key_limit;
}

static void lower_limit(struct tend__row_sample *sample, double limit)
{
    if (limit >= sample->key_limit) {
        return;
    }
    sample->key_limit = limit;
    sort_rows(sample);
    while (sample->row_count > 0 && sample->keys[sample->row_count - 1] >= limit) {
        sample->row_count--;
        drop_texts(sample, (uint32_t)sample->row_count);
    }
    for (size_t i = 0; i < sample->row_count; i++) {
        sample->heap[i] = (uint32_t)(sample->row_count - 1 - i);
    }
}

/* The texts of a sample are cut, their hashes are not. */
static void keep_hashes(struct tend__row_sample *into, const struct tend__row_sample *from,
                        size_t pick_count)
{
    for (size_t i = 0; i < into->column_count; i++) {
        struct kept_column *to = &into->columns[i];
        const struct kept_column *source =
            to->batch_idx == SIZE_MAX ? NULL : &from->columns[to->batch_idx];
        for (size_t k = 0; k < pick_count; k++) {
            if (source != NULL && to->hashes != NULL && source->hashes != NULL) {
                to->hashes[into->picks[k].slot] = source->hashes[into->picks[k].row];
            }
        }
    }
}

enum tend_code tend__row_sample_merge(struct tend__row_sample *into, struct tend__row_sample *from,
                                      struct tend_error *err)
{
    struct tend__batch rows;
    if (into->seed != from->seed) {
        return TEND_FAIL(err, EINVAL, "the samples were drawn with different seeds");
    }
    lower_limit(into, known_limit(from, into->row_max));
    tend__row_sample_view(from, &rows);
    find_columns(into, &rows);
    size_t at = 0;
    while (at < from->row_count && from->keys[at] < threshold(into)) {
        size_t pick_count = 0;
        while (at < from->row_count && pick_count < BLOCK_ROWS &&
               from->keys[at] < threshold(into)) {
            into->picks[pick_count++] =
                (struct pick){.row = (uint32_t)at,
                              .slot = take_slot(into, from->keys[at], from->row_numbers[at])};
            at++;
        }
        TEND_TRY(keep_rows(into, &rows, pick_count, err));
        keep_hashes(into, from, pick_count);
    }
    into->rows_seen += from->rows_seen;
    return TEND_OK;
}

const uint64_t *tend__row_sample_row_numbers(const struct tend__row_sample *sample)
{
    return sample->row_numbers;
}

const uint64_t *tend__row_sample_hashes(const struct tend__row_sample *sample, size_t column_idx)
{
    TEND_ASSERT(column_idx < sample->column_count);
    return sample->columns[column_idx].hashes;
}

uint64_t tend__row_sample_rows_seen(const struct tend__row_sample *sample)
{
    return sample->rows_seen;
}
