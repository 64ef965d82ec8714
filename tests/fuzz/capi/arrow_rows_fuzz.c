/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrow_rows_fuzz.c: makes Arrow arrays of the input and profiles them.
 *
 * Byte 0 is the offset of the struct, byte 1 the number of rows, byte 2 how many columns; then each
 * column has a byte for its format, a byte of flags (bitmap, dictionary, its own offset) and its
 * buffers, cut from the rest of the input and filled up with zeros to the sizes that the C data
 * interface calls for. What those buffers say (text offsets, views, indices) is anything.
 */
#include "base/fail.h"
#include "tend/tend.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN_MAX 4
#define BUFFER_MAX 4
#define TEXT_BYTES 64 /* of what texts and views point into */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char *const formats[] = {
    "n", "b",  "c",   "C",   "s",        "S",         "i",      "I",          "l",
    "L", "e",  "f",   "g",   "d:9,2,32", "d:18,3,64", "d:38,4", "d:76,5,256", "u",
    "U", "vu", "tdD", "tdm", "tss:",     "tsm:UTC",   "tsu:",   "tsn:"};

struct input {
    const uint8_t *bytes;
    size_t len;
};

struct column {
    struct tend_arrow_schema schema;
    struct tend_arrow_schema dictionary_schema;
    struct tend_arrow_array array;
    struct tend_arrow_array dictionary;
    const void *buffers[BUFFER_MAX];
    const void *dictionary_buffers[BUFFER_MAX];
    void *owned[2 * BUFFER_MAX];
    size_t owned_count;
};

struct table {
    struct column columns[COLUMN_MAX];
    struct tend_arrow_schema *schemas[COLUMN_MAX];
    struct tend_arrow_array *arrays[COLUMN_MAX];
    const void *buffers[1];
};

static uint8_t take(struct input *input)
{
    if (input->len == 0) {
        return 0;
    }
    input->len--;
    return *input->bytes++;
}

/* `size` bytes of the input, zeros beyond its end, in memory of exactly that size. */
static void *take_buffer(struct input *input, size_t size, struct column *column)
{
    uint8_t *buffer = calloc(size == 0 ? 1 : size, 1);
    TEND_ASSERT(buffer != NULL);
    const size_t known = input->len < size ? input->len : size;
    memcpy(buffer, input->bytes, known);
    input->bytes += known;
    input->len -= known;
    column->owned[column->owned_count++] = buffer;
    return buffer;
}

static size_t value_size(const char *format)
{
    static const struct {
        const char *format;
        size_t size;
    } sizes[] = {{"c", 1},       {"C", 1},           {"s", 2},  {"S", 2},        {"e", 2},
                 {"i", 4},       {"I", 4},           {"f", 4},  {"d:9,2,32", 4}, {"tdD", 4},
                 {"d:38,4", 16}, {"d:76,5,256", 32}, {"vu", 16}};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (strcmp(sizes[i].format, format) == 0) {
            return sizes[i].size;
        }
    }
    return 8;
}

/* Offsets of texts ascend and end within their bytes, as the interface demands of a producer,
 * unless the input breaks the order, which tend must see. */
static void bound_offsets(void *offsets, size_t count, bool is_large)
{
    for (size_t i = 0; i < count; i++) {
        if (is_large) {
            ((int64_t *)offsets)[i] = ((int64_t *)offsets)[i] & (TEXT_BYTES - 1);
        } else {
            ((int32_t *)offsets)[i] = ((int32_t *)offsets)[i] & (TEXT_BYTES - 1);
        }
    }
}

static void make_array(struct input *input, const char *format, size_t count, bool has_bitmap,
                       struct column *column, struct tend_arrow_array *array)
{
    const bool is_text = strcmp(format, "u") == 0 || strcmp(format, "U") == 0;
    const bool is_view = strcmp(format, "vu") == 0;
    array->length = (int64_t)count;
    if (strcmp(format, "n") == 0) {
        return;
    }
    array->n_buffers = is_text ? 3 : is_view ? 4 : 2;
    array->null_count = has_bitmap ? -1 : 0;
    array->buffers[0] = has_bitmap ? take_buffer(input, (count + 7) / 8, column) : NULL;
    const size_t size = strcmp(format, "b") == 0 ? (count + 7) / 8
                        : is_text                ? (count + 1) * (format[0] == 'U' ? 8 : 4)
                                                 : count * value_size(format);
    void *values = take_buffer(input, size, column);
    array->buffers[1] = values;
    if (is_text) {
        bound_offsets(values, count + 1, format[0] == 'U');
        array->buffers[2] = take_buffer(input, TEXT_BYTES, column);
    }
    if (is_view) {
        const int64_t text_bytes = TEXT_BYTES;
        int64_t *sizes = NULL;
        array->buffers[2] = take_buffer(input, TEXT_BYTES, column);
        sizes = take_buffer(input, sizeof(*sizes), column);
        *sizes = text_bytes;
        array->buffers[3] = sizes;
    }
}

static void make_column(struct input *input, size_t row_count, struct column *column)
{
    static const char *const index_formats[] = {"c", "C", "s", "S", "i", "I", "l", "L"};
    const char *format = formats[take(input) % (sizeof(formats) / sizeof(formats[0]))];
    const uint8_t flags = take(input);
    const size_t offset = flags >> 5 & 3;
    column->schema.format = format;
    column->array.buffers = column->buffers;
    if ((flags & 1) != 0) {
        const size_t known_count = take(input) % 8;
        column->schema.format = index_formats[flags >> 2 & 7];
        column->schema.dictionary = &column->dictionary_schema;
        column->dictionary_schema.format = format;
        column->dictionary.buffers = column->dictionary_buffers;
        make_array(input, format, known_count, (flags & 2) != 0, column, &column->dictionary);
        column->array.dictionary = &column->dictionary;
    }
    make_array(input, column->schema.format, row_count + offset, (flags & 2) != 0, column,
               &column->array);
    column->array.offset = (int64_t)offset;
    column->array.length = (int64_t)row_count;
}

static void release_schema(struct tend_arrow_schema *schema)
{
    schema->release = NULL;
}

static void release_array(struct tend_arrow_array *array)
{
    array->release = NULL;
}

static void use(struct tend_rows *rows)
{
    struct tend_profile *profile = NULL;
    struct tend_profile *again = NULL;
    struct tend_value *value = NULL;
    struct tend_text text = {0};
    struct tend_error err = {0};
    const struct tend_value_options options = {.keeps_rows = true};
    if (tend_profile_from_rows(rows, NULL, &profile, &err) == TEND_OK) {
        TEND_ASSERT(tend_profile_row_count(profile) == tend_rows_count(rows));
        TEND_ASSERT(tend_profile_to_bytes(profile, &text, &err) == TEND_OK);
        TEND_ASSERT(tend_profile_from_bytes(text.bytes, text.len, &again, &err) == TEND_OK);
    }
    if (tend_value_new(rows, "a", &options, &value, &err) == TEND_OK) {
        struct tend_value_sums sums;
        tend_value_sums_read(value, &sums);
        TEND_ASSERT(sums.row_count == tend_rows_count(rows));
        TEND_ASSERT(sums.value_count + sums.null_count + sums.failed_count == sums.row_count);
    }
    tend_text_free(&text);
    tend_value_free(value);
    tend_profile_free(profile);
    tend_profile_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char *const names[COLUMN_MAX] = {"a", "b", "c", "d"};
    struct input input = {bytes, len};
    struct table table = {0};
    struct tend_rows *rows = NULL;
    struct tend_error err = {0};
    const size_t offset = take(&input) % 9;
    const size_t row_count = take(&input) % 33;
    const size_t column_count = 1 + (size_t)take(&input) % COLUMN_MAX;
    for (size_t i = 0; i < column_count; i++) {
        make_column(&input, row_count + offset, &table.columns[i]);
        table.columns[i].schema.name = names[i];
        table.schemas[i] = &table.columns[i].schema;
        table.arrays[i] = &table.columns[i].array;
    }
    struct tend_arrow_schema schema = {.format = "+s",
                                       .n_children = (int64_t)column_count,
                                       .children = table.schemas,
                                       .release = release_schema};
    struct tend_arrow_array array = {.length = (int64_t)row_count,
                                     .offset = (int64_t)offset,
                                     .n_buffers = 1,
                                     .buffers = table.buffers,
                                     .n_children = (int64_t)column_count,
                                     .children = table.arrays,
                                     .release = release_array};
    TEND_ASSERT(tend_rows_new(&schema, &rows, &err) == TEND_OK);
    TEND_ASSERT(tend_rows_add(rows, &array, &err) == TEND_OK);
    use(rows);
    tend_rows_free(rows);
    for (size_t i = 0; i < column_count; i++) {
        for (size_t k = 0; k < table.columns[i].owned_count; k++) {
            free(table.columns[i].owned[k]);
        }
    }
    return 0;
}
