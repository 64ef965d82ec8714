/* SPDX-License-Identifier: Apache-2.0 */
/* arrow_read.c: see the header. Values are read bytewise, so buffers need no alignment. */
#include "profile/arrow_read.h"

#include "profile/arrow_value.h"

#include <string.h>

#define LENGTH_MAX ((int64_t)1 << 40)

static enum tend_code fail_field(const struct tend__arrow_field *field, const char *what,
                                 struct tend_error *err)
{
    return TEND_FAIL(err, ECORRUPT, "the table's column '%s' %s", field->name, what);
}

static bool has_buffers(const struct tend_arrow_array *array, int64_t count)
{
    if (array == NULL || array->n_buffers != count || array->buffers == NULL) {
        return false;
    }
    if (array->length < 0 || array->length > LENGTH_MAX || array->offset < 0 ||
        array->offset > LENGTH_MAX || (array->null_count > 0 && array->buffers[0] == NULL)) {
        return false;
    }
    return array->length == 0 || array->buffers[1] != NULL;
}

/* "u" and "z" take their large forms and their views, and each other: what is written as one may be
 * read as the other. */
static bool takes_format(const char *wanted, const char *format, struct tend__arrow_cursor *cursor)
{
    if (format == NULL) {
        return false;
    }
    if (wanted[0] != 'u' && wanted[0] != 'z') {
        return wanted[0] == 't' ? strncmp(format, wanted, strlen(wanted)) == 0
                                : strcmp(format, wanted) == 0;
    }
    cursor->is_large_text = strcmp(format, "U") == 0 || strcmp(format, "Z") == 0;
    cursor->is_view = strcmp(format, "vu") == 0 || strcmp(format, "vz") == 0;
    return cursor->is_large_text || cursor->is_view || strcmp(format, "u") == 0 ||
           strcmp(format, "z") == 0;
}

static enum tend_code init_cursor(struct tend__arrow_cursor *cursor,
                                  const struct tend_arrow_schema *schema,
                                  const struct tend_arrow_array *array, struct tend_error *err)
{
    const struct tend__arrow_field *field = cursor->field;
    const bool is_text = field->format[0] == 'u' || field->format[0] == 'z';
    const struct tend_arrow_schema *item_schema = schema;
    cursor->rows = array;
    cursor->items = array;
    if (field->is_list) {
        const bool is_small = schema->format != NULL && strcmp(schema->format, "+l") == 0;
        cursor->is_large_list = schema->format != NULL && strcmp(schema->format, "+L") == 0;
        if ((!is_small && !cursor->is_large_list) || schema->n_children != 1 ||
            schema->children == NULL || !has_buffers(array, 2) || array->n_children != 1 ||
            array->children == NULL) {
            return fail_field(field, "is not a list", err);
        }
        item_schema = schema->children[0];
        cursor->items = array->children[0];
    }
    if (item_schema == NULL || item_schema->dictionary != NULL ||
        !takes_format(field->format, item_schema->format, cursor)) {
        return fail_field(field, "has another type", err);
    }
    const int64_t further_count = cursor->is_view && cursor->items != NULL
                                      ? cursor->items->n_buffers - 3 /* of any number of buffers */
                                      : 0;
    if (further_count < 0 || !has_buffers(cursor->items, (is_text ? 3 : 2) + further_count)) {
        return fail_field(field, "lacks a buffer", err);
    }
    return TEND_OK;
}

static enum tend_code find_cursor(struct tend__arrow_cursor *cursor,
                                  const struct tend_arrow_schema *schema,
                                  const struct tend_arrow_array *array, struct tend_error *err)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct tend_arrow_schema *child = schema->children[i];
        if (child == NULL || child->name == NULL || strcmp(child->name, cursor->field->name) != 0) {
            continue;
        }
        TEND_TRY(init_cursor(cursor, child, array->children[i], err));
        if (array->offset + array->length > cursor->rows->length) {
            return fail_field(cursor->field, "is too short", err);
        }
        cursor->begin = (size_t)array->offset;
        return TEND_OK;
    }
    return cursor->field->is_optional ? TEND_OK : fail_field(cursor->field, "is missing", err);
}

enum tend_code tend__arrow_cursors_init(const struct tend__arrow_field *fields, size_t field_count,
                                        const struct tend_arrow_schema *schema,
                                        const struct tend_arrow_array *array,
                                        struct tend__arrow_cursor *cursors, struct tend_error *err)
{
    if (schema == NULL || array == NULL || schema->format == NULL ||
        strcmp(schema->format, "+s") != 0 || schema->n_children < 0 ||
        schema->n_children != array->n_children || array->length < 0 ||
        array->length > LENGTH_MAX || array->offset < 0 || array->offset > LENGTH_MAX) {
        return TEND_FAIL(err, ECORRUPT, "the table is not an Arrow struct array");
    }
    if (schema->n_children > 0 && (schema->children == NULL || array->children == NULL)) {
        return TEND_FAIL(err, ECORRUPT, "the table's columns are missing");
    }
    for (size_t i = 0; i < field_count; i++) {
        cursors[i] = (struct tend__arrow_cursor){.field = &fields[i]};
        TEND_TRY(find_cursor(&cursors[i], schema, array, err));
    }
    return TEND_OK;
}

static bool is_set(const struct tend_arrow_array *array, size_t at)
{
    const unsigned char *bits = array->buffers[0];
    const size_t bit = (size_t)array->offset + at;
    return bits == NULL || array->null_count == 0 || (bits[bit / 8] >> (bit % 8) & 1) != 0;
}

bool tend__arrow_is_null(const struct tend__arrow_cursor *cursor, size_t row_idx)
{
    return cursor->rows == NULL || !is_set(cursor->rows, cursor->begin + row_idx);
}

static int64_t load_i64(const struct tend_arrow_array *array, size_t at)
{
    int64_t x = 0;
    memcpy(&x, (const char *)array->buffers[1] + ((size_t)array->offset + at) * sizeof(x),
           sizeof(x));
    return x;
}

static double load_double(const struct tend_arrow_array *array, size_t at)
{
    double x = 0;
    memcpy(&x, (const char *)array->buffers[1] + ((size_t)array->offset + at) * sizeof(x),
           sizeof(x));
    return x;
}

static int64_t load_offset(const struct tend_arrow_array *array, bool is_large, size_t at)
{
    int32_t x = 0;
    if (is_large) {
        return load_i64(array, at);
    }
    memcpy(&x, (const char *)array->buffers[1] + ((size_t)array->offset + at) * sizeof(x),
           sizeof(x));
    return x;
}

bool tend__arrow_read_bool(const struct tend__arrow_cursor *cursor, size_t row_idx)
{
    const unsigned char *bits = cursor->rows->buffers[1];
    const size_t bit = (size_t)cursor->rows->offset + cursor->begin + row_idx;
    return (bits[bit / 8] >> (bit % 8) & 1) != 0;
}

int64_t tend__arrow_read_int(const struct tend__arrow_cursor *cursor, size_t row_idx)
{
    return load_i64(cursor->rows, cursor->begin + row_idx);
}

double tend__arrow_read_double(const struct tend__arrow_cursor *cursor, size_t row_idx)
{
    return load_double(cursor->rows, cursor->begin + row_idx);
}

enum tend_code tend__arrow_read_bytes(const struct tend__arrow_cursor *cursor, size_t row_idx,
                                      struct tend__text *out, struct tend_error *err)
{
    return tend__arrow_item_bytes(cursor, cursor->begin + row_idx, out, err);
}

enum tend_code tend__arrow_read_list(const struct tend__arrow_cursor *cursor, size_t row_idx,
                                     size_t *begin, size_t *count, struct tend_error *err)
{
    const size_t at = cursor->begin + row_idx;
    const int64_t from = load_offset(cursor->rows, cursor->is_large_list, at);
    const int64_t to = load_offset(cursor->rows, cursor->is_large_list, at + 1);
    if (from < 0 || to < from || to > cursor->items->length) {
        return fail_field(cursor->field, "has a list out of range", err);
    }
    for (int64_t i = from; i < to; i++) {
        if (!is_set(cursor->items, (size_t)i)) {
            return fail_field(cursor->field, "has a null in a list", err);
        }
    }
    *begin = (size_t)from;
    *count = (size_t)(to - from);
    return TEND_OK;
}

int64_t tend__arrow_item_int(const struct tend__arrow_cursor *cursor, size_t item_idx)
{
    return load_i64(cursor->items, item_idx);
}

double tend__arrow_item_double(const struct tend__arrow_cursor *cursor, size_t item_idx)
{
    return load_double(cursor->items, item_idx);
}

enum tend_code tend__arrow_item_bytes(const struct tend__arrow_cursor *cursor, size_t item_idx,
                                      struct tend__text *out, struct tend_error *err)
{
    static const uint8_t is_valid = 1;
    if (cursor->is_view) {
        return tend__arrow_read_views(cursor->items, (size_t)cursor->items->offset + item_idx, 1,
                                      &is_valid, out, err);
    }
    const char *bytes = cursor->items->buffers[2];
    const int64_t from = load_offset(cursor->items, cursor->is_large_text, item_idx);
    const int64_t to = load_offset(cursor->items, cursor->is_large_text, item_idx + 1);
    if (from < 0 || to < from || (bytes == NULL && to > 0)) {
        return fail_field(cursor->field, "has a text out of range", err);
    }
    out->ptr = bytes == NULL ? "" : bytes + from;
    out->len = (size_t)(to - from);
    return TEND_OK;
}
