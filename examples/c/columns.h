/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns.h: hands the program's own arrays to tend as Arrow, without a copy.
 *
 * A program that has an Arrow library exports its batches with that. Without one it is little work:
 * a schema and an array are structs that point to buffers, and a release function that the consumer
 * calls once it is done. Here the buffers belong to the caller and outlive everything, so releasing
 * frees only the structs.
 */
#ifndef TEND_EXAMPLES_COLUMNS_H
#define TEND_EXAMPLES_COLUMNS_H

#include "tend/tend.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define COLUMN_MAX 8

/* One column: numbers (format "g"), or texts (format "u"), whose offsets have row_count + 1
 * elements. */
struct example_column {
    const char *name;
    const char *format;
    const void *values;   /* double[], or int32_t[] offsets */
    const void *text;     /* the bytes of the texts, or NULL */
    const uint8_t *valid; /* a bit a row, or NULL where every row is there */
};

/* What one schema or array points to. */
struct example_schema_memory {
    struct tend_arrow_schema children[COLUMN_MAX];
    struct tend_arrow_schema *pointers[COLUMN_MAX];
};

struct example_array_memory {
    struct tend_arrow_array children[COLUMN_MAX];
    struct tend_arrow_array *pointers[COLUMN_MAX];
    const void *buffers[COLUMN_MAX][3];
    const void *no_bitmap[1];
};

static void example_release_schema(struct tend_arrow_schema *schema)
{
    free(schema->private_data);
    schema->release = NULL;
}

static void example_release_array(struct tend_arrow_array *array)
{
    free(array->private_data);
    array->release = NULL;
}

static struct tend_arrow_schema example_schema(const struct example_column *columns, size_t count)
{
    struct example_schema_memory *memory =
        (struct example_schema_memory *)calloc(1, sizeof(*memory));
    struct tend_arrow_schema schema = {0};
    if (memory == NULL || count > COLUMN_MAX) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        memory->children[i].format = columns[i].format;
        memory->children[i].name = columns[i].name;
        memory->pointers[i] = &memory->children[i];
    }
    schema.format = "+s";
    schema.n_children = (int64_t)count;
    schema.children = memory->pointers;
    schema.release = example_release_schema;
    schema.private_data = memory;
    return schema;
}

static struct tend_arrow_array example_array(const struct example_column *columns, size_t count,
                                             size_t row_count)
{
    struct example_array_memory *memory = (struct example_array_memory *)calloc(1, sizeof(*memory));
    struct tend_arrow_array array = {0};
    if (memory == NULL || count > COLUMN_MAX) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        memory->buffers[i][0] = columns[i].valid;
        memory->buffers[i][1] = columns[i].values;
        memory->buffers[i][2] = columns[i].text;
        memory->children[i].length = (int64_t)row_count;
        memory->children[i].null_count = columns[i].valid == NULL ? 0 : -1; /* -1: not counted */
        memory->children[i].n_buffers = columns[i].text == NULL ? 2 : 3;
        memory->children[i].buffers = memory->buffers[i];
        memory->pointers[i] = &memory->children[i];
    }
    array.length = (int64_t)row_count;
    array.n_buffers = 1;
    array.buffers = memory->no_bitmap;
    array.n_children = (int64_t)count;
    array.children = memory->pointers;
    array.release = example_release_array;
    array.private_data = memory;
    return array;
}

/* A set of rows in memory; ends the program where that fails. */
static struct tend_rows *example_rows(const struct example_column *columns, size_t count,
                                      size_t row_count)
{
    struct tend_error err = {0};
    struct tend_rows *rows = NULL;
    struct tend_arrow_schema schema = example_schema(columns, count);
    struct tend_arrow_array array = example_array(columns, count, row_count);
    if (tend_rows_new(&schema, &rows, &err) != TEND_OK ||
        tend_rows_add(rows, &array, &err) != TEND_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return rows;
}

#endif
