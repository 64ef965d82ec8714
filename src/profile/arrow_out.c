/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrow_out.c: each column collects validity bits, offsets and values in growing buffers, which
 * become the buffers of the Arrow arrays without a copy.
 *
 * Every array and schema that is handed out owns what it points to, so that a consumer may move a
 * child out and release it on its own, as the C data interface allows.
 */
#include "profile/arrow_out.h"

#include "base/buf.h"
#include "base/mem.h"

#include <string.h>

#define FLAG_NULLABLE 2
#define BUFFER_MAX 3

struct out_column {
    const struct tend__arrow_field *field;
    struct tend__buf valid;        /* a bit a row */
    struct tend__buf offsets;      /* of lists: where each row's items end, and 0 before */
    struct tend__buf byte_offsets; /* of texts and bytes: where each item ends, and 0 before */
    struct tend__buf values;
    size_t row_count;
    size_t null_count;
    size_t item_count;
};

struct tend__arrow_out {
    size_t column_count;
    struct out_column *columns;
};

struct schema_memory {
    char *name;
    struct tend_arrow_schema *children;
    struct tend_arrow_schema **pointers;
};

struct array_memory {
    const void *buffers[BUFFER_MAX];
    void *owned[BUFFER_MAX];
    struct tend_arrow_array *children;
    struct tend_arrow_array **pointers;
};

static bool has_byte_offsets(const struct out_column *column)
{
    return column->field->format[0] == 'u' || column->field->format[0] == 'z';
}

static void add_offset(struct tend__buf *offsets, size_t value)
{
    const int32_t offset = (int32_t)value;
    tend__buf_add(offsets, &offset, sizeof(offset));
}

static void init_column(struct out_column *column, const struct tend__arrow_field *field)
{
    *column = (struct out_column){.field = field};
    tend__buf_init(&column->valid, TEND_ARROW_OUT_BYTES_MAX);
    tend__buf_init(&column->offsets, TEND_ARROW_OUT_BYTES_MAX);
    tend__buf_init(&column->byte_offsets, TEND_ARROW_OUT_BYTES_MAX);
    tend__buf_init(&column->values, TEND_ARROW_OUT_BYTES_MAX);
    if (field->is_list) {
        add_offset(&column->offsets, 0);
    }
    if (has_byte_offsets(column)) {
        add_offset(&column->byte_offsets, 0);
    }
}

static void deinit_column(struct out_column *column)
{
    tend__buf_deinit(&column->valid);
    tend__buf_deinit(&column->offsets);
    tend__buf_deinit(&column->byte_offsets);
    tend__buf_deinit(&column->values);
}

enum tend_code tend__arrow_out_new(const struct tend__arrow_field *fields, size_t field_count,
                                   struct tend__arrow_out **out, struct tend_error *err)
{
    struct tend__arrow_out *table = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*table), &table, err));
    const enum tend_code code =
        tend__mem_new(field_count, sizeof(*table->columns), &table->columns, err);
    if (code != TEND_OK) {
        tend__mem_free(table);
        return code;
    }
    table->column_count = field_count;
    for (size_t i = 0; i < field_count; i++) {
        init_column(&table->columns[i], &fields[i]);
    }
    *out = table;
    return TEND_OK;
}

void tend__arrow_out_free(struct tend__arrow_out *table)
{
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        deinit_column(&table->columns[i]);
    }
    tend__mem_free(table->columns);
    tend__mem_free(table);
}

/* Appends bit number `at` (the next one). */
static void add_bit(struct tend__buf *bits, size_t at, bool value)
{
    if (at % 8 == 0) {
        tend__buf_char(bits, '\0');
    }
    if (value && bits->code == TEND_OK) {
        bits->bytes[at / 8] = (char)((unsigned char)bits->bytes[at / 8] | 1U << (at % 8));
    }
}

/* Ends a row whose values are in. */
static void end_row(struct out_column *column, bool is_valid)
{
    add_bit(&column->valid, column->row_count, is_valid);
    column->null_count += is_valid ? 0 : 1;
    column->row_count++;
    if (column->field->is_list) {
        add_offset(&column->offsets, column->item_count);
    }
}

static void add_item(struct out_column *column, const void *value, size_t len)
{
    tend__buf_add(&column->values, value, len);
    if (has_byte_offsets(column)) {
        add_offset(&column->byte_offsets, column->values.len);
    }
    column->item_count++;
}

void tend__arrow_out_null(struct tend__arrow_out *table, size_t field_idx)
{
    struct out_column *column = &table->columns[field_idx];
    const double zero = 0;
    if (column->field->is_list) {
        end_row(column, false);
        return;
    }
    if (column->field->format[0] == 'b') {
        add_bit(&column->values, column->item_count, false);
        column->item_count++;
    } else {
        add_item(column, &zero, has_byte_offsets(column) ? 0 : sizeof(zero));
    }
    end_row(column, false);
}

void tend__arrow_out_bool(struct tend__arrow_out *table, size_t field_idx, bool value)
{
    struct out_column *column = &table->columns[field_idx];
    add_bit(&column->values, column->item_count, value);
    column->item_count++;
    end_row(column, true);
}

void tend__arrow_out_int(struct tend__arrow_out *table, size_t field_idx, int64_t value)
{
    add_item(&table->columns[field_idx], &value, sizeof(value));
    end_row(&table->columns[field_idx], true);
}

void tend__arrow_out_double(struct tend__arrow_out *table, size_t field_idx, double value)
{
    add_item(&table->columns[field_idx], &value, sizeof(value));
    end_row(&table->columns[field_idx], true);
}

void tend__arrow_out_bytes(struct tend__arrow_out *table, size_t field_idx, const void *bytes,
                           size_t len)
{
    add_item(&table->columns[field_idx], bytes, len);
    end_row(&table->columns[field_idx], true);
}

void tend__arrow_out_ints(struct tend__arrow_out *table, size_t field_idx, const uint64_t *values,
                          size_t count)
{
    struct out_column *column = &table->columns[field_idx];
    for (size_t i = 0; i < count; i++) {
        add_item(column, &values[i], sizeof(values[i]));
    }
    end_row(column, true);
}

void tend__arrow_out_doubles(struct tend__arrow_out *table, size_t field_idx, const double *values,
                             size_t count)
{
    struct out_column *column = &table->columns[field_idx];
    for (size_t i = 0; i < count; i++) {
        add_item(column, &values[i], sizeof(values[i]));
    }
    end_row(column, true);
}

void tend__arrow_out_texts(struct tend__arrow_out *table, size_t field_idx,
                           const struct tend__text *values, size_t count)
{
    struct out_column *column = &table->columns[field_idx];
    for (size_t i = 0; i < count; i++) {
        add_item(column, values[i].ptr, values[i].len);
    }
    end_row(column, true);
}

static void release_schema(struct tend_arrow_schema *schema)
{
    struct schema_memory *memory = schema->private_data;
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (memory->children[i].release != NULL) {
            memory->children[i].release(&memory->children[i]);
        }
    }
    tend__mem_free(memory->name);
    tend__mem_free(memory->children);
    tend__mem_free(memory->pointers);
    tend__mem_free(memory);
    schema->release = NULL;
}

static void release_array(struct tend_arrow_array *array)
{
    struct array_memory *memory = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++) {
        if (memory->children[i].release != NULL) {
            memory->children[i].release(&memory->children[i]);
        }
    }
    for (size_t i = 0; i < BUFFER_MAX; i++) {
        tend__mem_free(memory->owned[i]);
    }
    tend__mem_free(memory->children);
    tend__mem_free(memory->pointers);
    tend__mem_free(memory);
    array->release = NULL;
}

/* A schema with children that are not released yet because they are not made yet. */
static enum tend_code new_schema(const char *format, const char *name, size_t child_count,
                                 struct tend_arrow_schema *out, struct tend_error *err)
{
    struct schema_memory *memory = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*memory), &memory, err));
    struct tend_arrow_schema made = {
        .format = format,
        .flags = FLAG_NULLABLE,
        .release = release_schema,
        .private_data = memory,
    };
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_text(name, strlen(name), &memory->name, err));
    TEND_TRY_OUT(tend__mem_new(child_count, sizeof(*memory->children), &memory->children, err));
    TEND_TRY_OUT(tend__mem_new(child_count, sizeof(*memory->pointers), &memory->pointers, err));
    for (size_t i = 0; i < child_count; i++) {
        memory->pointers[i] = &memory->children[i];
    }
    made.name = memory->name;
    made.n_children = (int64_t)child_count;
    made.children = memory->pointers;
    *out = made;
    return TEND_OK;
out:
    release_schema(&made);
    return code;
}

static enum tend_code new_array(size_t child_count, struct tend_arrow_array *out,
                                struct tend_error *err)
{
    struct array_memory *memory = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*memory), &memory, err));
    struct tend_arrow_array made = {
        .buffers = memory->buffers,
        .release = release_array,
        .private_data = memory,
    };
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(child_count, sizeof(*memory->children), &memory->children, err));
    TEND_TRY_OUT(tend__mem_new(child_count, sizeof(*memory->pointers), &memory->pointers, err));
    for (size_t i = 0; i < child_count; i++) {
        memory->pointers[i] = &memory->children[i];
    }
    made.n_children = (int64_t)child_count;
    made.children = memory->pointers;
    *out = made;
    return TEND_OK;
out:
    release_array(&made);
    return code;
}

/* The array takes the buffer's memory as its next buffer. */
static void move_buffer(struct tend_arrow_array *array, struct tend__buf *buf)
{
    struct array_memory *memory = array->private_data;
    memory->owned[array->n_buffers] = buf->bytes;
    memory->buffers[array->n_buffers] = buf->bytes;
    array->n_buffers++;
    tend__buf_init(buf, TEND_ARROW_OUT_BYTES_MAX);
}

static void fill_values(struct out_column *column, struct tend_arrow_array *array)
{
    array->length = (int64_t)column->item_count;
    if (column->field->is_list) {
        array->n_buffers = 1; /* items are all present: no bitmap */
    } else {
        array->null_count = (int64_t)column->null_count;
        move_buffer(array, &column->valid);
    }
    if (has_byte_offsets(column)) {
        move_buffer(array, &column->byte_offsets);
    }
    move_buffer(array, &column->values);
}

static enum tend_code take_column(struct out_column *column, struct tend_arrow_schema *schema,
                                  struct tend_arrow_array *array, struct tend_error *err)
{
    const struct tend__arrow_field *field = column->field;
    struct tend__buf *bufs[] = {&column->valid, &column->offsets, &column->byte_offsets,
                                &column->values};
    const double padding = 0; /* so that no buffer is a null pointer */
    for (size_t i = 0; i < TEND_ARRAY_LEN(bufs); i++) {
        tend__buf_add(bufs[i], &padding, sizeof(padding));
        TEND_TRY(tend__buf_code(bufs[i], err));
    }
    if (!field->is_list) {
        TEND_TRY(new_schema(field->format, field->name, 0, schema, err));
        TEND_TRY(new_array(0, array, err));
        fill_values(column, array);
        return TEND_OK;
    }
    TEND_TRY(new_schema("+l", field->name, 1, schema, err));
    TEND_TRY(new_schema(field->format, "item", 0, schema->children[0], err));
    TEND_TRY(new_array(1, array, err));
    TEND_TRY(new_array(0, array->children[0], err));
    array->length = (int64_t)column->row_count;
    array->null_count = (int64_t)column->null_count;
    move_buffer(array, &column->valid);
    move_buffer(array, &column->offsets);
    fill_values(column, array->children[0]);
    return TEND_OK;
}

enum tend_code tend__arrow_out_take(struct tend__arrow_out *table, struct tend_arrow_schema *schema,
                                    struct tend_arrow_array *array, struct tend_error *err)
{
    struct tend_arrow_schema made_schema = {0};
    struct tend_arrow_array made_array = {0};
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(new_schema("+s", "", table->column_count, &made_schema, err));
    TEND_TRY_OUT(new_array(table->column_count, &made_array, err));
    made_schema.flags = 0;
    made_array.n_buffers = 1;
    for (size_t i = 0; i < table->column_count; i++) {
        struct out_column *column = &table->columns[i];
        made_array.length = (int64_t)column->row_count;
        TEND_TRY_OUT(take_column(column, made_schema.children[i], made_array.children[i], err));
        const struct tend__arrow_field *field = column->field;
        deinit_column(column);
        init_column(column, field);
    }
    *schema = made_schema;
    *array = made_array;
    return TEND_OK;
out:
    if (made_schema.release != NULL) {
        made_schema.release(&made_schema);
    }
    if (made_array.release != NULL) {
        made_array.release(&made_array);
    }
    return code;
}
