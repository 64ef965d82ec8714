/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns.c: memory of Python objects (numpy arrays, lists) as Arrow, without a copy where the
 * layouts agree, and Arrow arrays as addresses for numpy.
 *
 * What an array points to is kept alive by references that its release callback drops. A release
 * may come from a thread without the interpreter's lock, so it takes the lock.
 */
#include "tend_python.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_MAX 3

/* ---- columns to Arrow ---- */

struct schema_memory {
    struct tend_arrow_schema *children;
    struct tend_arrow_schema **pointers;
    struct tend_arrow_schema *dictionaries; /* or the items of a list of a fixed size */
    struct tend_arrow_schema **item_pointers;
    size_t count;
    PyObject *keep; /* the list of columns: names and formats point into its texts */
};

struct array_memory {
    struct tend_arrow_array *children;
    struct tend_arrow_array **pointers;
    struct tend_arrow_array *dictionaries;
    struct tend_arrow_array **item_pointers;
    const void *(*buffers)[BUFFER_MAX]; /* of child i at i, of its dictionary at count + i */
    const void *no_bitmap[1];
    PyObject *keep;
};

static void drop(PyObject *object)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    Py_XDECREF(object);
    PyGILState_Release(state);
}

static void release_schema(struct tend_arrow_schema *schema)
{
    struct schema_memory *memory = schema->private_data;
    drop(memory->keep);
    free(memory->children);
    free(memory->pointers);
    free(memory->dictionaries);
    free(memory->item_pointers);
    free(memory);
    schema->release = NULL;
}

static void release_array(struct tend_arrow_array *array)
{
    struct array_memory *memory = array->private_data;
    drop(memory->keep);
    free(memory->children);
    free(memory->pointers);
    free(memory->dictionaries);
    free(memory->item_pointers);
    free(memory->buffers);
    free(memory);
    array->release = NULL;
}

static int new_schema(PyObject *columns, size_t count, struct tend_arrow_schema *out)
{
    struct schema_memory *memory = calloc(1, sizeof(*memory));
    if (memory == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *out = (struct tend_arrow_schema){.format = "+s", .release = release_schema};
    out->private_data = memory;
    memory->keep = Py_NewRef(columns);
    memory->children = calloc(count + 1, sizeof(*memory->children));
    memory->pointers = calloc(count + 1, sizeof(struct tend_arrow_schema *));
    memory->dictionaries = calloc(count + 1, sizeof(*memory->dictionaries));
    memory->item_pointers = calloc(count + 1, sizeof(struct tend_arrow_schema *));
    if (memory->children == NULL || memory->pointers == NULL || memory->dictionaries == NULL ||
        memory->item_pointers == NULL) {
        release_schema(out);
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        memory->pointers[i] = &memory->children[i];
        memory->item_pointers[i] = &memory->dictionaries[i];
    }
    memory->count = count;
    out->n_children = (int64_t)count;
    out->children = memory->pointers;
    return 0;
}

static int new_array(PyObject *columns, size_t count, struct tend_arrow_array *out)
{
    struct array_memory *memory = calloc(1, sizeof(*memory));
    if (memory == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *out = (struct tend_arrow_array){.n_buffers = 1, .release = release_array};
    out->private_data = memory;
    memory->keep = Py_NewRef(columns);
    memory->children = calloc(count + 1, sizeof(*memory->children));
    memory->pointers = calloc(count + 1, sizeof(struct tend_arrow_array *));
    memory->dictionaries = calloc(count + 1, sizeof(*memory->dictionaries));
    memory->item_pointers = calloc(count + 1, sizeof(struct tend_arrow_array *));
    memory->buffers = calloc(2 * count + 1, sizeof(*memory->buffers));
    if (memory->children == NULL || memory->pointers == NULL || memory->dictionaries == NULL ||
        memory->item_pointers == NULL || memory->buffers == NULL) {
        release_array(out);
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        memory->pointers[i] = &memory->children[i];
        memory->item_pointers[i] = &memory->dictionaries[i];
    }
    out->buffers = memory->no_bitmap;
    out->n_children = (int64_t)count;
    out->children = memory->pointers;
    return 0;
}

/* Addresses from ints (0 and None: none) and bytes objects. */
static int fill_buffers(PyObject *given, const void *buffers[BUFFER_MAX],
                        struct tend_arrow_array *array)
{
    const Py_ssize_t count = PyTuple_Size(given);
    if (count < 0 || count > BUFFER_MAX) {
        PyErr_SetString(PyExc_ValueError, "a column has at most three buffers");
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyTuple_GetItem(given, i);
        if (item == NULL) {
            return -1;
        }
        if (PyBytes_Check(item)) {
            buffers[i] = PyBytes_AsString(item);
        } else if (item != Py_None) {
            buffers[i] = PyLong_AsVoidPtr(item);
        }
        if (PyErr_Occurred()) {
            return -1;
        }
    }
    array->n_buffers = count;
    array->buffers = buffers;
    array->null_count = count > 0 && buffers[0] != NULL ? -1 : 0;
    return 0;
}

/* One column: (name, format, length, buffers, keep, values or None). The values are those of a
 * dictionary or, where the format is a list of a fixed size, its items: (format, length, buffers,
 * keep). */
static int fill_column(PyObject *column, size_t idx, struct tend_arrow_schema *schema,
                       struct tend_arrow_array *array)
{
    struct schema_memory *schemas = schema->private_data;
    struct array_memory *arrays = array->private_data;
    struct tend_arrow_schema *child_schema = &schemas->children[idx];
    struct tend_arrow_array *child = &arrays->children[idx];
    PyObject *buffers = NULL;
    PyObject *keep = NULL;
    PyObject *dictionary = NULL;
    Py_ssize_t length = 0;
    if (!PyArg_ParseTuple(column, "ssnO!OO", &child_schema->name, &child_schema->format, &length,
                          &PyTuple_Type, &buffers, &keep, &dictionary)) {
        return -1;
    }
    child->length = length;
    if (fill_buffers(buffers, arrays->buffers[idx], child) < 0) {
        return -1;
    }
    if (dictionary == Py_None) {
        return 0;
    }
    struct tend_arrow_schema *known_schema = &schemas->dictionaries[idx];
    struct tend_arrow_array *known = &arrays->dictionaries[idx];
    if (!PyArg_ParseTuple(dictionary, "snO!O", &known_schema->format, &length, &PyTuple_Type,
                          &buffers, &keep)) {
        return -1;
    }
    known->length = length;
    if (strncmp(child_schema->format, "+w:", 3) == 0) {
        child_schema->n_children = 1;
        child_schema->children = &schemas->item_pointers[idx];
        child->n_children = 1;
        child->children = &arrays->item_pointers[idx];
    } else {
        child_schema->dictionary = known_schema;
        child->dictionary = known;
    }
    return fill_buffers(buffers, arrays->buffers[schemas->count + idx], known);
}

PyObject *rows_from_columns(PyObject *self, PyObject *args)
{
    PyObject *columns = NULL;
    Py_ssize_t length = 0;
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct python_rows made = {0};
    struct tend_error err = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "O!n", &PyTuple_Type, &columns, &length)) {
        return NULL;
    }
    const size_t count = (size_t)PyTuple_Size(columns);
    if (new_schema(columns, count, &schema) < 0) {
        return NULL;
    }
    if (new_array(columns, count, &array) < 0) {
        schema.release(&schema);
        return NULL;
    }
    array.length = length;
    for (size_t i = 0; i < count; i++) {
        if (fill_column(PyTuple_GetItem(columns, (Py_ssize_t)i), i, &schema, &array) < 0) {
            schema.release(&schema);
            array.release(&array);
            return NULL;
        }
    }
    enum tend_code code = tend_rows_new(&schema, &made.rows, &err);
    if (code == TEND_OK) {
        code = tend_rows_add(made.rows, &array, &err);
    }
    if (code != TEND_OK) {
        array.release(&array);
        tend_rows_free(made.rows);
        return raise_error(code, &err);
    }
    return rows_capsule(&made);
}

/* ---- texts ---- */

/* Whether an object stands for "no text": None, NaN of any kind, pandas' NA and NaT. */
static bool is_missing(PyObject *item)
{
    if (item == Py_None) {
        return true;
    }
    if (PyFloat_Check(item)) {
        return isnan(PyFloat_AsDouble(item));
    }
    PyObject *type = (PyObject *)Py_TYPE(item);
    PyObject *name = PyObject_GetAttrString(type, "__name__");
    const char *text = name == NULL ? NULL : PyUnicode_AsUTF8AndSize(name, NULL);
    const bool is_na =
        text != NULL && (strcmp(text, "NAType") == 0 || strcmp(text, "NaTType") == 0);
    Py_XDECREF(name);
    PyErr_Clear();
    return is_na;
}

struct text_buffers {
    int64_t *offsets;
    char *bytes;
    uint8_t *bits;
    size_t len;
    size_t cap;
    bool has_null;
};

static int add_text(struct text_buffers *texts, PyObject *item, size_t row_idx)
{
    Py_ssize_t len = 0;
    if (!PyUnicode_Check(item)) {
        if (is_missing(item)) {
            texts->bits[row_idx / 8] &= (uint8_t) ~(1U << (row_idx % 8));
            texts->has_null = true;
            texts->offsets[row_idx + 1] = (int64_t)texts->len;
            return 0;
        }
        PyErr_Format(PyExc_TypeError, "row %zu is no text but %R", row_idx, Py_TYPE(item));
        return -1;
    }
    const char *text = PyUnicode_AsUTF8AndSize(item, &len);
    if (text == NULL) {
        return -1;
    }
    if (texts->len + (size_t)len > texts->cap) {
        const size_t cap = 2 * texts->cap + (size_t)len + 64;
        char *grown = realloc(texts->bytes, cap);
        if (grown == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        texts->bytes = grown;
        texts->cap = cap;
    }
    if (len > 0) {
        memcpy(texts->bytes + texts->len, text, (size_t)len);
    }
    texts->len += (size_t)len;
    texts->offsets[row_idx + 1] = (int64_t)texts->len;
    return 0;
}

/* The three buffers of format "U" from a list of str and None. */
PyObject *texts_from_list(PyObject *self, PyObject *list)
{
    PyObject *result = NULL;
    struct text_buffers texts = {0};
    (void)self;
    if (!PyList_Check(list)) {
        PyErr_SetString(PyExc_TypeError, "want a list");
        return NULL;
    }
    const size_t count = (size_t)PyList_Size(list);
    texts.offsets = calloc(count + 1, sizeof(*texts.offsets));
    texts.bits = calloc(count / 8 + 1, 1);
    if (texts.offsets == NULL || texts.bits == NULL) {
        PyErr_NoMemory();
        goto out;
    }
    memset(texts.bits, 0xFF, count / 8 + 1);
    for (size_t i = 0; i < count; i++) {
        if (add_text(&texts, PyList_GetItem(list, (Py_ssize_t)i), i) < 0) {
            goto out;
        }
    }
    const Py_ssize_t bits_len = texts.has_null ? (Py_ssize_t)(count / 8 + 1) : 0;
    result = Py_BuildValue("(y#y#y#)", texts.bits, bits_len, (const char *)texts.offsets,
                           (Py_ssize_t)((count + 1) * sizeof(*texts.offsets)),
                           texts.bytes == NULL ? "" : texts.bytes, (Py_ssize_t)texts.len);
out:
    free(texts.offsets);
    free(texts.bits);
    free(texts.bytes);
    return result;
}

/* ---- bitmaps ---- */

static void set_bit(char *bits, Py_ssize_t at)
{
    bits[at / 8] = (char)((unsigned char)bits[at / 8] | 1U << (at % 8));
}

static PyObject *new_bits(Py_ssize_t count, char **bits)
{
    PyObject *made = PyBytes_FromStringAndSize(NULL, count / 8 + 1);
    if (made != NULL) {
        *bits = PyBytes_AsString(made);
        memset(*bits, 0, (size_t)(count / 8 + 1));
    }
    return made;
}

/* A bit a byte: (address, count, is_inverted). */
PyObject *bits_from_bools(PyObject *self, PyObject *args)
{
    unsigned long long address = 0;
    Py_ssize_t count = 0;
    int is_inverted = 0;
    char *bits = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "Knp", &address, &count, &is_inverted)) {
        return NULL;
    }
    PyObject *made = new_bits(count, &bits);
    const unsigned char *bools = (const unsigned char *)(uintptr_t)address;
    for (Py_ssize_t i = 0; made != NULL && i < count; i++) {
        if ((bools[i] != 0) != (is_inverted != 0)) {
            set_bit(bits, i);
        }
    }
    return made;
}

/* Whether value i is there, by what stands for "missing" in numpy: NaN ('f', of 4 or 8 bytes), NaT
 * ('M': the least int64), a negative code ('c', of 1, 2, 4 or 8 bytes). */
static bool is_there(char kind, int size, const void *values, Py_ssize_t i)
{
    if (kind == 'f' && size == 4) {
        return !isnan(((const float *)values)[i]);
    }
    if (kind == 'f') {
        return !isnan(((const double *)values)[i]);
    }
    if (kind == 'M') {
        return ((const int64_t *)values)[i] != INT64_MIN;
    }
    if (size == 1) {
        return ((const int8_t *)values)[i] >= 0;
    }
    if (size == 2) {
        return ((const int16_t *)values)[i] >= 0;
    }
    if (size == 4) {
        return ((const int32_t *)values)[i] >= 0;
    }
    return ((const int64_t *)values)[i] >= 0;
}

/* A bitmap of what is there: (kind, size, address, count); None where everything is. */
PyObject *bits_from_numbers(PyObject *self, PyObject *args)
{
    int kind = 0;
    int size = 0;
    unsigned long long address = 0;
    Py_ssize_t count = 0;
    Py_ssize_t there_count = 0;
    char *bits = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "CiKn", &kind, &size, &address, &count)) {
        return NULL;
    }
    PyObject *made = new_bits(count, &bits);
    const void *values = (const void *)(uintptr_t)address;
    for (Py_ssize_t i = 0; made != NULL && i < count; i++) {
        if (is_there((char)kind, size, values, i)) {
            set_bit(bits, i);
            there_count++;
        }
    }
    if (made != NULL && there_count == count) {
        Py_DECREF(made);
        Py_RETURN_NONE;
    }
    return made;
}

/* ---- Arrow to Python ---- */

/* [(format is the caller's to know: length, offset, (addresses...)), ...] of each child. */
PyObject *array_buffers(PyObject *self, PyObject *capsule)
{
    (void)self;
    const struct tend_arrow_array *array = PyCapsule_GetPointer(capsule, ARRAY_NAME);
    if (array == NULL) {
        return NULL;
    }
    PyObject *list = PyList_New(0);
    for (int64_t i = 0; list != NULL && i < array->n_children; i++) {
        const struct tend_arrow_array *child = array->children[i];
        unsigned long long address[BUFFER_MAX] = {0};
        for (int64_t k = 0; k < child->n_buffers && k < BUFFER_MAX; k++) {
            address[k] = (unsigned long long)(uintptr_t)child->buffers[k];
        }
        PyObject *item =
            Py_BuildValue("(LLKKK)", (long long)child->length, (long long)child->offset, address[0],
                          address[1], address[2]);
        if (item == NULL || PyList_Append(list, item) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(item);
    }
    return list;
}

/* ---- tables that stay ---- */

struct shared_memory {
    struct tend_arrow_array *children;
    struct tend_arrow_array **pointers;
    const void *no_bitmap[1];
};

static void release_shared_child(struct tend_arrow_array *array)
{
    drop(array->private_data);
    array->release = NULL;
}

static void release_shared(struct tend_arrow_array *array)
{
    struct shared_memory *memory = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++) {
        if (memory->children[i].release != NULL) {
            memory->children[i].release(&memory->children[i]);
        }
    }
    free(memory->children);
    free(memory->pointers);
    free(memory);
    array->release = NULL;
}

/* The rows of a table of plain columns, on the same buffers, which `keep` owns. */
static int share_array(const struct tend_arrow_array *from, PyObject *keep,
                       struct tend_arrow_array *out)
{
    const size_t count = (size_t)from->n_children;
    struct shared_memory *memory = calloc(1, sizeof(*memory));
    if (memory == NULL) {
        return -1;
    }
    memory->children = calloc(count + 1, sizeof(*memory->children));
    memory->pointers = calloc(count + 1, sizeof(struct tend_arrow_array *));
    if (memory->children == NULL || memory->pointers == NULL) {
        free(memory->children);
        free(memory->pointers);
        free(memory);
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        memory->children[i] = *from->children[i];
        memory->children[i].release = release_shared_child;
        memory->children[i].private_data = Py_NewRef(keep);
        memory->pointers[i] = &memory->children[i];
    }
    *out = (struct tend_arrow_array){.length = from->length,
                                     .n_buffers = 1,
                                     .n_children = from->n_children,
                                     .buffers = memory->no_bitmap,
                                     .children = memory->pointers,
                                     .release = release_shared,
                                     .private_data = memory};
    return 0;
}

/* ---- one array as a stream ---- */

struct stream_memory {
    struct tend_arrow_schema schema;
    struct tend_arrow_array array;
};

static void release_copy(struct tend_arrow_schema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i] != NULL && schema->children[i]->release != NULL) {
            schema->children[i]->release(schema->children[i]);
        }
        free(schema->children[i]);
    }
    free(schema->children);
    free(schema->private_data);
    schema->release = NULL;
}

/* A schema of tend's tables, whose formats are constants and whose lists have one child. */
static int copy_schema(const struct tend_arrow_schema *from, struct tend_arrow_schema *out)
{
    const size_t count = (size_t)from->n_children;
    const size_t name_size = from->name == NULL ? 1 : strlen(from->name) + 1;
    char *name = calloc(name_size, 1);
    *out = (struct tend_arrow_schema){
        .format = from->format, .name = name, .flags = from->flags, .release = release_copy};
    out->private_data = name;
    out->children = calloc(count + 1, sizeof(struct tend_arrow_schema *));
    if (name == NULL || out->children == NULL) {
        release_copy(out);
        return -1;
    }
    memcpy(name, from->name == NULL ? "" : from->name, name_size);
    for (size_t i = 0; i < count; i++) {
        out->children[i] = calloc(1, sizeof(struct tend_arrow_schema));
        out->n_children = (int64_t)i + 1;
        if (out->children[i] == NULL || copy_schema(from->children[i], out->children[i]) < 0) {
            release_copy(out);
            return -1;
        }
    }
    return 0;
}

static int stream_schema(struct tend_arrow_stream *stream, struct tend_arrow_schema *out)
{
    const struct stream_memory *memory = stream->private_data;
    return copy_schema(&memory->schema, out) < 0 ? 12 /* ENOMEM */ : 0;
}

static int stream_next(struct tend_arrow_stream *stream, struct tend_arrow_array *out)
{
    struct stream_memory *memory = stream->private_data;
    *out = memory->array;
    memory->array = (struct tend_arrow_array){0};
    return 0;
}

static const char *stream_error(struct tend_arrow_stream *stream)
{
    (void)stream;
    return "out of memory";
}

static void release_stream(struct tend_arrow_stream *stream)
{
    struct stream_memory *memory = stream->private_data;
    if (memory->schema.release != NULL) {
        memory->schema.release(&memory->schema);
    }
    if (memory->array.release != NULL) {
        memory->array.release(&memory->array);
    }
    free(memory);
    stream->release = NULL;
}

static void free_stream_capsule(PyObject *capsule)
{
    struct tend_arrow_stream *stream = PyCapsule_GetPointer(capsule, STREAM_NAME);
    if (stream != NULL && stream->release != NULL) {
        stream->release(stream);
    }
    free(stream);
}

/* A stream of a schema and an array, which it takes; they are released on failure. */
static PyObject *new_stream(struct tend_arrow_schema *schema, struct tend_arrow_array *array)
{
    struct stream_memory *memory = calloc(1, sizeof(*memory));
    struct tend_arrow_stream *stream = calloc(1, sizeof(*stream));
    if (memory == NULL || stream == NULL) {
        free(memory);
        free(stream);
        schema->release(schema);
        array->release(array);
        return PyErr_NoMemory();
    }
    memory->schema = *schema;
    memory->array = *array;
    *stream = (struct tend_arrow_stream){.get_schema = stream_schema,
                                         .get_next = stream_next,
                                         .get_last_error = stream_error,
                                         .release = release_stream,
                                         .private_data = memory};
    PyObject *capsule = PyCapsule_New(stream, STREAM_NAME, free_stream_capsule);
    if (capsule == NULL) {
        release_stream(stream);
        free(stream);
    }
    return capsule;
}

/* A stream of the schema and the array, which are moved out of their capsules. */
PyObject *stream_of(PyObject *self, PyObject *args)
{
    PyObject *capsules[2] = {NULL, NULL};
    (void)self;
    if (!PyArg_ParseTuple(args, "OO", &capsules[0], &capsules[1])) {
        return NULL;
    }
    struct tend_arrow_schema *schema = PyCapsule_GetPointer(capsules[0], SCHEMA_NAME);
    struct tend_arrow_array *array =
        schema == NULL ? NULL : PyCapsule_GetPointer(capsules[1], ARRAY_NAME);
    if (array == NULL) {
        return NULL;
    }
    struct tend_arrow_schema moved_schema = *schema;
    struct tend_arrow_array moved_array = *array;
    schema->release = NULL;
    array->release = NULL;
    return new_stream(&moved_schema, &moved_array);
}

/* A stream of a table (schema, array) that keeps its own: it can be had again. */
PyObject *table_stream(PyObject *self, PyObject *table)
{
    struct tend_arrow_schema schema_copy;
    struct tend_arrow_array array_copy;
    (void)self;
    if (!PyTuple_Check(table) || PyTuple_Size(table) != 2) {
        PyErr_SetString(PyExc_TypeError, "want (schema, array)");
        return NULL;
    }
    const struct tend_arrow_schema *schema =
        PyCapsule_GetPointer(PyTuple_GetItem(table, 0), SCHEMA_NAME);
    const struct tend_arrow_array *array =
        schema == NULL ? NULL : PyCapsule_GetPointer(PyTuple_GetItem(table, 1), ARRAY_NAME);
    if (array == NULL) {
        return NULL;
    }
    if (copy_schema(schema, &schema_copy) < 0) {
        return PyErr_NoMemory();
    }
    if (share_array(array, table, &array_copy) < 0) {
        schema_copy.release(&schema_copy);
        return PyErr_NoMemory();
    }
    return new_stream(&schema_copy, &array_copy);
}
