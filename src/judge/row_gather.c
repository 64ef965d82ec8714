/* SPDX-License-Identifier: Apache-2.0 */
/* row_gather.c: copies values of any type row by row; see the header. */
#include "judge/row_gather.h"

#include "base/mem.h"

#include <string.h>

void tend__row_gather_init(struct tend__row_gather *gather)
{
    *gather = (struct tend__row_gather){0};
}

void tend__row_gather_deinit(struct tend__row_gather *gather)
{
    for (size_t i = 0; i < gather->column_cap; i++) {
        tend__mem_free(gather->values[i]);
        tend__mem_free(gather->valid[i]);
    }
    tend__mem_free(gather->columns);
    tend__mem_free(gather->values);
    tend__mem_free(gather->valid);
    tend__mem_free(gather->sizes);
    tend__mem_free(gather->valid_sizes);
    *gather = (struct tend__row_gather){0};
}

static enum tend_code make_columns(struct tend__row_gather *gather, size_t count,
                                   struct tend_error *err)
{
    if (count <= gather->column_cap) {
        return TEND_OK;
    }
    tend__row_gather_deinit(gather);
    enum tend_code code = tend__mem_new(count, sizeof(*gather->columns), &gather->columns, err);
    if (code == TEND_OK) {
        code = tend__mem_new(count, sizeof(*gather->values), &gather->values, err);
    }
    if (code == TEND_OK) {
        code = tend__mem_new(count, sizeof(*gather->valid), &gather->valid, err);
    }
    if (code == TEND_OK) {
        code = tend__mem_new(count, sizeof(*gather->sizes), &gather->sizes, err);
    }
    if (code == TEND_OK) {
        code = tend__mem_new(count, sizeof(*gather->valid_sizes), &gather->valid_sizes, err);
    }
    gather->column_cap = code == TEND_OK ? count : 0;
    if (code != TEND_OK) {
        tend__row_gather_deinit(gather);
    }
    return code;
}

static enum tend_code make_room(void *buffer, size_t *size, size_t need, struct tend_error *err)
{
    if (need > *size) {
        TEND_TRY(tend__mem_resize(buffer, need, 1, err));
        *size = need;
    }
    return TEND_OK;
}

/* The values of a column and the bytes of one row of them. */
static const void *values_of(const struct tend__column *column, size_t *size)
{
    const size_t dim = column->type == TEND_TYPE_VECTOR ? column->dim : 1;
    if (column->f32 != NULL) {
        *size = dim * sizeof(*column->f32);
        return column->f32;
    }
    if (column->f64 != NULL) {
        *size = dim * sizeof(double);
        return column->f64;
    }
    if (column->text != NULL) {
        *size = sizeof(struct tend__text);
        return column->text;
    }
    if (column->time_us != NULL) {
        *size = sizeof(int64_t);
        return column->time_us;
    }
    *size = sizeof(uint8_t);
    return column->bools;
}

static void point_at(struct tend__column *column, const void *values)
{
    column->f32 = column->f32 != NULL ? values : NULL;
    column->f64 = column->f64 != NULL ? values : NULL;
    column->text = column->text != NULL ? values : NULL;
    column->time_us = column->time_us != NULL ? values : NULL;
    column->bools = column->bools != NULL ? values : NULL;
}

static void copy_rows(const void *from, size_t size, const size_t *idx, size_t count, void *to)
{
    const char *source = from;
    char *target = to;
    if (size == sizeof(double)) {
        for (size_t i = 0; i < count; i++) {
            memcpy(target + i * sizeof(double), source + idx[i] * sizeof(double), sizeof(double));
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(target + i * size, source + idx[i] * size, size);
    }
}

static enum tend_code gather_column(struct tend__row_gather *gather, size_t column_idx,
                                    const struct tend__column *in, const size_t *idx, size_t count,
                                    struct tend_error *err)
{
    struct tend__column *out = &gather->columns[column_idx];
    size_t size = 0;
    const void *values = values_of(in, &size);
    *out = *in;
    if (values != NULL) {
        TEND_TRY(
            make_room(&gather->values[column_idx], &gather->sizes[column_idx], count * size, err));
        copy_rows(values, size, idx, count, gather->values[column_idx]);
        point_at(out, gather->values[column_idx]);
    }
    if (in->valid == NULL && in->misfit == NULL) {
        return TEND_OK;
    }
    TEND_TRY(
        make_room(&gather->valid[column_idx], &gather->valid_sizes[column_idx], 2 * count, err));
    if (in->valid != NULL) {
        copy_rows(in->valid, 1, idx, count, gather->valid[column_idx]);
        out->valid = gather->valid[column_idx];
    }
    if (in->misfit != NULL) {
        copy_rows(in->misfit, 1, idx, count, gather->valid[column_idx] + count);
        out->misfit = gather->valid[column_idx] + count;
    }
    return TEND_OK;
}

enum tend_code tend__row_gather(struct tend__row_gather *gather, const struct tend__batch *batch,
                                const size_t *idx, size_t count, struct tend__batch *out,
                                struct tend_error *err)
{
    TEND_TRY(make_columns(gather, batch->column_count, err));
    for (size_t i = 0; i < batch->column_count; i++) {
        TEND_TRY(gather_column(gather, i, &batch->columns[i], idx, count, err));
    }
    *out = *batch;
    out->row_count = count;
    out->columns = gather->columns;
    return TEND_OK;
}
