/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table_edit.h: changes one thing in an Arrow table that profile_table made, as a damaged file
 * would.
 *
 * Texts keep their offsets within their bytes, because the C data interface has no length that a
 * reader could check them against; everything else may become anything.
 */
#ifndef TEND_TEST_TABLE_EDIT_H
#define TEND_TEST_TABLE_EDIT_H

#include "tend/arrow.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum table_part { PART_VALID, PART_LIST, PART_TEXT, PART_VALUE, PART_COUNT };

struct table_edit {
    uint32_t column;
    uint32_t part;  /* enum table_part */
    uint32_t index; /* taken modulo what there is */
    int64_t value;
};

static inline void *table_buffer(const struct tend_arrow_array *array, int buffer_idx)
{
    return (void *)(uintptr_t)array->buffers[buffer_idx];
}

static inline int table_is_null(const struct tend_arrow_array *array, size_t at)
{
    const unsigned char *bits = table_buffer(array, 0);
    return bits != NULL && (bits[at / 8] >> (at % 8) & 1) == 0;
}

static inline void edit_bit(void *bits, size_t at, int64_t value)
{
    unsigned char *bytes = bits;
    const unsigned char mask = (unsigned char)(1U << (at % 8));
    bytes[at / 8] =
        (unsigned char)(value != 0 ? bytes[at / 8] | mask : bytes[at / 8] & ~(unsigned)mask);
}

static inline void edit_offset(const struct tend_arrow_array *array, const struct table_edit *edit,
                               int32_t last)
{
    int32_t offset = (int32_t)edit->value;
    if (offset > last) {
        offset = last;
    }
    const size_t at = edit->index % ((size_t)array->length + 1);
    memcpy((char *)table_buffer(array, 1) + 4 * at, &offset, sizeof(offset));
}

static inline int32_t last_offset(const struct tend_arrow_array *array)
{
    int32_t last = 0;
    memcpy(&last, (const char *)array->buffers[1] + 4 * (size_t)array->length, sizeof(last));
    return last < 0 ? 0 : last;
}

static inline void edit_value(const char *format, const struct tend_arrow_array *items,
                              const struct table_edit *edit)
{
    size_t count = (size_t)items->length;
    if (format[0] == 'u' || format[0] == 'z') {
        count = (size_t)last_offset(items);
    }
    if (count == 0) {
        return;
    }
    const size_t at = edit->index % count;
    if (format[0] == 'u' || format[0] == 'z') {
        memcpy((char *)table_buffer(items, 2) + at, &edit->value, 1);
    } else if (format[0] == 'b') {
        edit_bit(table_buffer(items, 1), at, edit->value & 1);
    } else {
        memcpy((char *)table_buffer(items, 1) + 8 * at, &edit->value, sizeof(edit->value));
    }
}

static inline void edit_table(const struct tend_arrow_schema *schema,
                              const struct tend_arrow_array *array, const struct table_edit *edit)
{
    const size_t column = edit->column % (size_t)schema->n_children;
    const struct tend_arrow_array *rows = array->children[column];
    const struct tend_arrow_schema *field = schema->children[column];
    const int is_list = field->format[0] == '+';
    const char *format = is_list ? field->children[0]->format : field->format;
    const struct tend_arrow_array *items = is_list ? rows->children[0] : rows;
    const int is_text = format[0] == 'u' || format[0] == 'z';
    if (edit->part == PART_VALID && rows->length > 0) {
        edit_bit(table_buffer(rows, 0), edit->index % (size_t)rows->length, edit->value & 1);
        array->children[column]->null_count = -1;
    } else if (edit->part == PART_LIST && is_list) {
        edit_offset(rows, edit, INT32_MAX);
    } else if (edit->part == PART_TEXT && is_text) {
        edit_offset(items, edit, last_offset(items));
    } else if (edit->part == PART_VALUE) {
        edit_value(format, items, edit);
    }
}

#endif
