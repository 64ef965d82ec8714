/* SPDX-License-Identifier: Apache-2.0 */
/* arrow_vector.c: finds where the items of each row lie, and copies them only where it must. */
#include "profile/arrow_vector.h"

#include "base/mem.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_MAX INT64_C(0x4000000000) /* items of an array: 2^38 */

static bool read_bit(const uint8_t *bits, size_t at)
{
    return (bits[at / 8] >> (at % 8) & 1) != 0;
}

static enum tend_code check_dim(uint64_t dim, const char *name, struct tend_error *err)
{
    if (dim == 0 || dim > TEND_VECTOR_DIM_MAX) {
        return TEND_FAIL(err, ETYPE,
                         "column '%.100s' has lists of %llu numbers, and a vector has 1..%d", name,
                         (unsigned long long)dim, TEND_VECTOR_DIM_MAX);
    }
    return TEND_OK;
}

enum tend_code tend__arrow_vector_init(struct tend__arrow_vector *vector,
                                       const struct tend_arrow_schema *schema, const char *name,
                                       bool *is_vector, struct tend_error *err)
{
    const char *format = schema->format;
    const bool is_fixed = strncmp(format, "+w:", 3) == 0;
    const bool is_large = strcmp(format, "+L") == 0;
    *is_vector = false;
    if ((!is_fixed && !is_large && strcmp(format, "+l") != 0) || schema->n_children != 1 ||
        schema->children == NULL || schema->children[0] == NULL ||
        schema->children[0]->format == NULL || schema->children[0]->dictionary != NULL) {
        return TEND_OK;
    }
    const char *item = schema->children[0]->format;
    if (strcmp(item, "f") != 0 && strcmp(item, "g") != 0) {
        return TEND_OK;
    }
    *vector = (struct tend__arrow_vector){
        .is_fixed = is_fixed, .is_large = is_large, .is_double = item[0] == 'g'};
    if (is_fixed) {
        char *end = NULL;
        const unsigned long long dim = strtoull(format + 3, &end, 10);
        TEND_TRY(check_dim(*end == '\0' ? (uint64_t)dim : 0, name, err));
        vector->dim = (uint32_t)dim;
    }
    *is_vector = true;
    return TEND_OK;
}

void tend__arrow_vector_deinit(struct tend__arrow_vector *vector)
{
    tend__mem_free(vector->items);
    tend__mem_free(vector->misfit);
    *vector = (struct tend__arrow_vector){0};
}

/* The items of a row in the child, its offset not counted. */
struct span {
    int64_t from;
    int64_t to;
};

static struct span row_span(const struct tend__arrow_vector *vector,
                            const struct tend__arrow_rows *rows, size_t i)
{
    const size_t at = (size_t)rows->array->offset + rows->begin + i;
    if (vector->is_fixed) {
        return (struct span){(int64_t)(at * vector->dim), (int64_t)((at + 1) * vector->dim)};
    }
    if (vector->is_large) {
        const int64_t *large = rows->array->buffers[1];
        return (struct span){large[at], large[at + 1]};
    }
    const int32_t *small = rows->array->buffers[1];
    return (struct span){small[at], small[at + 1]};
}

/* The items array, checked as far as the C interface lets it be. */
static enum tend_code find_items(const struct tend__arrow_rows *rows,
                                 const struct tend_arrow_array **out, struct tend_error *err)
{
    const struct tend_arrow_array *array = rows->array;
    const struct tend_arrow_array *items =
        array->n_children == 1 && array->children != NULL ? array->children[0] : NULL;
    if (items == NULL || items->length < 0 || items->length > LENGTH_MAX || items->offset < 0 ||
        items->offset > LENGTH_MAX || items->n_buffers != 2 || items->buffers == NULL ||
        (items->length > 0 && items->buffers[1] == NULL)) {
        return TEND_FAIL(err, EINVAL, "the items of its lists are missing");
    }
    *out = items;
    return TEND_OK;
}

/* Checks all spans, marks misfits, and finds out whether the rows lie one behind the other. */
static enum tend_code mark_rows(struct tend__arrow_vector *vector, struct tend__arrow_rows *rows,
                                int64_t item_count, bool *is_plain, bool *has_misfit,
                                struct tend_error *err)
{
    *is_plain = true;
    *has_misfit = false;
    int64_t next = -1;
    for (size_t i = 0; i < rows->count; i++) {
        const struct span span = row_span(vector, rows, i);
        if (span.from < 0 || span.to < span.from || (span.to > item_count && rows->valid[i] != 0)) {
            return TEND_FAIL(err, ECORRUPT, "list %zu is not among the %lld items", i,
                             (long long)item_count);
        }
        const uint64_t len = (uint64_t)(span.to - span.from);
        vector->misfit[i] = 0;
        if (rows->valid[i] != 0 && vector->dim == 0 && len > 0 && len <= TEND_VECTOR_DIM_MAX) {
            vector->dim = (uint32_t)len;
        }
        if (rows->valid[i] != 0 && (len != vector->dim || len == 0)) {
            vector->misfit[i] = 1;
            rows->valid[i] = 0;
            rows->has_null = true;
            *has_misfit = true;
        }
        *is_plain = *is_plain && len == vector->dim && span.to <= item_count &&
                    (next < 0 || span.from == next);
        next = span.to;
    }
    return TEND_OK;
}

static bool has_null_item(const struct tend_arrow_array *items)
{
    const uint8_t *bits = items->null_count == 0 ? NULL : items->buffers[0];
    for (size_t i = 0; bits != NULL && i < (size_t)items->length; i++) {
        if (!read_bit(bits, (size_t)items->offset + i)) {
            return true;
        }
    }
    return false;
}

/* One row of items, a missing one as NaN. */
static void copy_row(const struct tend__arrow_vector *vector, const struct tend_arrow_array *items,
                     size_t from, size_t row_idx)
{
    const size_t dim = vector->dim;
    const uint8_t *bits = items->null_count == 0 ? NULL : items->buffers[0];
    float *small = (float *)vector->items + (vector->is_double ? 0 : row_idx * dim);
    double *large = (double *)vector->items + (vector->is_double ? row_idx * dim : 0);
    for (size_t k = 0; k < dim; k++) {
        const size_t at = (size_t)items->offset + from + k;
        const bool is_null = bits != NULL && !read_bit(bits, at);
        if (vector->is_double) {
            large[k] = is_null ? (double)NAN : ((const double *)items->buffers[1])[at];
        } else {
            small[k] = is_null ? NAN : ((const float *)items->buffers[1])[at];
        }
    }
}

static enum tend_code copy_rows(struct tend__arrow_vector *vector,
                                const struct tend__arrow_rows *rows,
                                const struct tend_arrow_array *items, struct tend_error *err)
{
    const size_t size = vector->is_double ? sizeof(double) : sizeof(float);
    TEND_TRY(tend__mem_grow(&vector->items, &vector->items_cap, rows->count * vector->dim * size,
                            SIZE_MAX / 2, 1, err));
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->valid[i] != 0) {
            copy_row(vector, items, (size_t)row_span(vector, rows, i).from, i);
        } else {
            memset((char *)vector->items + i * vector->dim * size, 0, vector->dim * size);
        }
    }
    return TEND_OK;
}

enum tend_code tend__arrow_vector_read(struct tend__arrow_vector *vector,
                                       struct tend__arrow_rows *rows, struct tend__column *out,
                                       struct tend_error *err)
{
    const struct tend_arrow_array *items = NULL;
    bool is_plain = true;
    bool has_misfit = false;
    TEND_TRY(find_items(rows, &items, err));
    TEND_TRY(
        tend__mem_grow(&vector->misfit, &vector->misfit_cap, rows->count, SIZE_MAX / 2, 1, err));
    TEND_TRY(mark_rows(vector, rows, items->length, &is_plain, &has_misfit, err));
    const void *at = NULL;
    if (rows->count > 0 && vector->dim > 0 && is_plain && !has_null_item(items)) {
        const size_t first = (size_t)items->offset + (size_t)row_span(vector, rows, 0).from;
        const size_t size = vector->is_double ? sizeof(double) : sizeof(float);
        at = (const char *)items->buffers[1] + first * size;
    } else if (vector->dim > 0) {
        TEND_TRY(copy_rows(vector, rows, items, err));
        at = vector->items;
    }
    out->f64 = vector->is_double ? at : NULL;
    out->f32 = vector->is_double ? NULL : at;
    out->misfit = has_misfit ? vector->misfit : NULL;
    out->dim = vector->dim;
    return TEND_OK;
}
