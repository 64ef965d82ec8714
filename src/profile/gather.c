/* SPDX-License-Identifier: Apache-2.0 */
/* gather.c: see the header. A block a column for each thing that it has, as wide as is needed. */
#include "profile/gather.h"

#include "base/mem.h"

#include <string.h>

struct gather_column {
    unsigned char *values; /* row_cap x width bytes */
    size_t value_cap;
    uint8_t *valid;
    size_t valid_cap;
    uint8_t *misfit;
    size_t misfit_cap;
    unsigned char *rest; /* doubles */
    size_t rest_cap;
};

struct tend__gather {
    struct gather_column *memory;
    struct tend__column *columns;
    size_t memory_cap;
    size_t column_cap;
};

enum tend_code tend__gather_new(struct tend__gather **out, struct tend_error *err)
{
    return tend__mem_new(1, sizeof(struct tend__gather), out, err);
}

void tend__gather_free(struct tend__gather *gather)
{
    if (gather == NULL) {
        return;
    }
    for (size_t i = 0; i < gather->memory_cap; i++) {
        tend__mem_free(gather->memory[i].values);
        tend__mem_free(gather->memory[i].valid);
        tend__mem_free(gather->memory[i].misfit);
        tend__mem_free(gather->memory[i].rest);
    }
    tend__mem_free(gather->memory);
    tend__mem_free(gather->columns);
    tend__mem_free(gather);
}

static enum tend_code reserve_columns(struct tend__gather *gather, size_t count,
                                      struct tend_error *err)
{
    const size_t had = gather->memory_cap;
    TEND_TRY(tend__mem_grow(&gather->columns, &gather->column_cap, count, SIZE_MAX / 2,
                            sizeof(*gather->columns), err));
    TEND_TRY(tend__mem_grow(&gather->memory, &gather->memory_cap, count, SIZE_MAX / 2,
                            sizeof(*gather->memory), err));
    memset(gather->memory + had, 0, (gather->memory_cap - had) * sizeof(*gather->memory));
    return TEND_OK;
}

static void copy_8(unsigned char *to, const void *from, const uint32_t *rows, size_t row_count)
{
    const unsigned char *bytes = from;
    for (size_t i = 0; i < row_count; i++) {
        memcpy(to + 8 * i, bytes + 8 * (size_t)rows[i], 8);
    }
}

static void copy_wide(unsigned char *to, const void *from, size_t width, const uint32_t *rows,
                      size_t row_count)
{
    const unsigned char *bytes = from;
    for (size_t i = 0; i < row_count; i++) {
        memcpy(to + width * i, bytes + width * (size_t)rows[i], width);
    }
}

static enum tend_code copy_flags(uint8_t **memory, size_t *cap, const uint8_t *from,
                                 const uint32_t *rows, size_t row_count, struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(memory, cap, row_count, SIZE_MAX / 2, 1, err));
    for (size_t i = 0; i < row_count; i++) {
        (*memory)[i] = from[rows[i]];
    }
    return TEND_OK;
}

/* Where a column's values stand, and the bytes of one; 0 where there are none. */
static const void *values_of(const struct tend__column *column, size_t *width)
{
    *width = 0;
    switch (column->type) {
    case TEND_TYPE_NUMBER:
        *width = sizeof(*column->f64);
        return column->f64;
    case TEND_TYPE_BOOL:
        *width = sizeof(*column->bools);
        return column->bools;
    case TEND_TYPE_TEXT:
        *width = sizeof(*column->text);
        return column->text;
    case TEND_TYPE_TIME:
        *width = sizeof(*column->time_us);
        return column->time_us;
    case TEND_TYPE_VECTOR:
        if (column->f32 != NULL) {
            *width = column->dim * sizeof(*column->f32);
            return column->f32;
        }
        *width = column->f64 != NULL ? column->dim * sizeof(*column->f64) : 0;
        return column->f64;
    case TEND_TYPE_NULL:
        return NULL;
    }
    return NULL;
}

static void set_values(struct tend__column *column, const struct tend__column *from,
                       const void *values)
{
    switch (from->type) {
    case TEND_TYPE_NUMBER:
        column->f64 = values;
        return;
    case TEND_TYPE_BOOL:
        column->bools = values;
        return;
    case TEND_TYPE_TEXT:
        column->text = values;
        return;
    case TEND_TYPE_TIME:
        column->time_us = values;
        return;
    case TEND_TYPE_VECTOR:
        column->f32 = from->f32 != NULL ? values : NULL;
        column->f64 = from->f32 == NULL ? values : NULL;
        return;
    case TEND_TYPE_NULL:
        return;
    }
}

static enum tend_code gather_column(struct gather_column *memory, const struct tend__column *from,
                                    const uint32_t *rows, size_t row_count,
                                    struct tend__column *out, struct tend_error *err)
{
    size_t width = 0;
    const void *values = values_of(from, &width);
    *out = (struct tend__column){.type = from->type, .dim = from->dim};
    if (values != NULL && width > 0) {
        TEND_TRY(tend__mem_grow(&memory->values, &memory->value_cap, row_count * width,
                                SIZE_MAX / 2, 1, err));
        if (width == 8) {
            copy_8(memory->values, values, rows, row_count);
        } else {
            copy_wide(memory->values, values, width, rows, row_count);
        }
        set_values(out, from, memory->values);
    }
    if (from->valid != NULL) {
        TEND_TRY(copy_flags(&memory->valid, &memory->valid_cap, from->valid, rows, row_count, err));
        out->valid = memory->valid;
    }
    if (from->misfit != NULL) {
        TEND_TRY(
            copy_flags(&memory->misfit, &memory->misfit_cap, from->misfit, rows, row_count, err));
        out->misfit = memory->misfit;
    }
    if (from->rest != NULL) {
        TEND_TRY(tend__mem_grow(&memory->rest, &memory->rest_cap, row_count * sizeof(*from->rest),
                                SIZE_MAX / 2, 1, err));
        copy_8(memory->rest, from->rest, rows, row_count);
        out->rest = (const void *)memory->rest;
    }
    return TEND_OK;
}

enum tend_code tend__gather_rows(struct tend__gather *gather, const struct tend__batch *batch,
                                 const uint32_t *rows, size_t row_count, struct tend__batch *out,
                                 struct tend_error *err)
{
    TEND_TRY(reserve_columns(gather, batch->column_count, err));
    for (size_t i = 0; i < batch->column_count; i++) {
        TEND_TRY(gather_column(&gather->memory[i], &batch->columns[i], rows, row_count,
                               &gather->columns[i], err));
    }
    *out = *batch;
    out->row_count = row_count;
    out->columns = gather->columns;
    return TEND_OK;
}

struct tend__batch tend__batch_slice(const struct tend__batch *batch, size_t begin,
                                     size_t row_count, struct tend__column *columns)
{
    struct tend__batch slice = *batch;
    for (size_t i = 0; i < batch->column_count; i++) {
        columns[i] = tend__column_from(&batch->columns[i], begin);
    }
    slice.columns = columns;
    slice.row_count = row_count;
    return slice;
}
