/* SPDX-License-Identifier: Apache-2.0 */
/*
 * _tend.c: the extension module: libtend's C API as functions over capsules.
 *
 * The classes that users see are in Python (tend/_results.py). A capsule owns its handle. Whatever
 * reads rows or computes runs without the interpreter's lock; an opener's callable is called with
 * it. The module uses the stable ABI of Python 3.10 and has no state but the exceptions.
 */
#include "tend_python.h"

#include <stdlib.h>
#include <string.h>

#define PROFILE_NAME "tend.profile"
#define CHECK_NAME "tend.check"
#define VALUE_NAME "tend.value"

/* tend.Error and tend.DataTypeError, made when the module is. */
static PyObject *error_class;
static PyObject *type_error_class;

/* ---- errors ---- */

static const char *code_name(enum tend_code code)
{
    switch (code) {
#define NAME(name, number, text)                                                                   \
    case TEND_##name:                                                                              \
        return #name;
        TEND_CODES(NAME)
#undef NAME
    }
    return "EINTERNAL";
}

static void set_attribute(PyObject *object, const char *name, PyObject *value)
{
    if (value == NULL || PyObject_SetAttrString(object, name, value) < 0) {
        PyErr_Clear();
    }
    Py_XDECREF(value);
}

PyObject *raise_error(enum tend_code code, const struct tend_error *err)
{
    if (code == TEND_ENOMEM) {
        return PyErr_NoMemory();
    }
    PyObject *type = code == TEND_ETYPE ? type_error_class : error_class;
    PyObject *text = PyUnicode_DecodeUTF8(err->text, (Py_ssize_t)strlen(err->text), "replace");
    PyObject *error = text == NULL ? NULL : PyObject_CallFunctionObjArgs(type, text, NULL);
    Py_XDECREF(text);
    if (error != NULL) {
        set_attribute(error, "code", PyUnicode_FromString(code_name(code)));
        set_attribute(error, "column", PyLong_FromLong(err->column));
        PyErr_SetObject(type, error);
        Py_DECREF(error);
    }
    return NULL;
}

/* ---- capsules ---- */

static void free_rows(PyObject *capsule)
{
    struct python_rows *rows = PyCapsule_GetPointer(capsule, ROWS_NAME);
    if (rows != NULL) {
        tend_rows_free(rows->rows);
        Py_XDECREF(rows->open);
        Py_XDECREF(rows->error);
        free(rows);
    }
}

PyObject *rows_capsule(struct python_rows *made)
{
    struct python_rows *rows = calloc(1, sizeof(*rows));
    PyObject *capsule = NULL;
    if (rows == NULL) {
        PyErr_NoMemory();
    } else {
        *rows = *made;
        capsule = PyCapsule_New(rows, ROWS_NAME, free_rows);
    }
    if (capsule == NULL) {
        free(rows);
        tend_rows_free(made->rows);
        Py_XDECREF(made->open);
    }
    return capsule;
}

static void free_profile(PyObject *capsule)
{
    tend_profile_free(PyCapsule_GetPointer(capsule, PROFILE_NAME));
}

static void free_check(PyObject *capsule)
{
    tend_check_free(PyCapsule_GetPointer(capsule, CHECK_NAME));
}

static void free_value(PyObject *capsule)
{
    tend_value_free(PyCapsule_GetPointer(capsule, VALUE_NAME));
}

static PyObject *profile_capsule(struct tend_profile *profile)
{
    PyObject *capsule = PyCapsule_New(profile, PROFILE_NAME, free_profile);
    if (capsule == NULL) {
        tend_profile_free(profile);
    }
    return capsule;
}

static struct python_rows *rows_of(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, ROWS_NAME);
}

/* What a call that read rows failed with: the exception of the opener's callable where it raised
 * one. */
static PyObject *raise_of_rows(enum tend_code code, const struct tend_error *err,
                               struct python_rows *first, struct python_rows *second)
{
    struct python_rows *both[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        if (both[i] != NULL && both[i]->error != NULL) {
            PyObject *error = both[i]->error;
            both[i]->error = NULL;
            PyErr_SetObject((PyObject *)Py_TYPE(error), error);
            Py_DECREF(error);
            return NULL;
        }
    }
    return raise_error(code, err);
}

/* A str from a text, which is freed. */
static PyObject *take_text(struct tend_text *text)
{
    PyObject *made = PyUnicode_DecodeUTF8(text->bytes, (Py_ssize_t)text->len, "replace");
    tend_text_free(text);
    return made;
}

/* ---- rows ---- */

static PyObject *rows_from_stream(PyObject *self, PyObject *capsule)
{
    (void)self;
    struct tend_arrow_stream *stream = PyCapsule_GetPointer(capsule, STREAM_NAME);
    struct python_rows made = {0};
    struct tend_error err = {0};
    enum tend_code code = TEND_OK;
    if (stream == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS code = tend_rows_from_stream(stream, &made.rows, &err);
    Py_END_ALLOW_THREADS return code == TEND_OK ? rows_capsule(&made) : raise_error(code, &err);
}

static PyObject *rows_from_array(PyObject *self, PyObject *args)
{
    PyObject *capsules[2] = {NULL, NULL};
    struct python_rows made = {0};
    struct tend_error err = {0};
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
    enum tend_code code = tend_rows_new(schema, &made.rows, &err);
    if (code == TEND_OK) {
        code = tend_rows_add(made.rows, array, &err);
    }
    if (code != TEND_OK) {
        tend_rows_free(made.rows);
        return raise_error(code, &err);
    }
    return rows_capsule(&made);
}

/* Takes what the callable's capsule holds; the exception it raised is kept for later. */
static enum tend_code open_with_python(void *ctx, struct tend_arrow_stream *out,
                                       struct tend_error *err)
{
    struct python_rows *rows = ctx;
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *capsule = PyObject_CallFunctionObjArgs(rows->open, NULL);
    struct tend_arrow_stream *stream =
        capsule == NULL ? NULL : PyCapsule_GetPointer(capsule, STREAM_NAME);
    if (stream != NULL) {
        *out = *stream;
        stream->release = NULL;
    } else {
        PyObject *type = NULL;
        PyObject *trace = NULL;
        Py_XDECREF(rows->error);
        rows->error = NULL;
        PyErr_Fetch(&type, &rows->error, &trace);
        PyErr_NormalizeException(&type, &rows->error, &trace);
        Py_XDECREF(type);
        Py_XDECREF(trace);
        err->code = TEND_EIO;
        memcpy(err->text, "opening the rows failed", sizeof("opening the rows failed"));
    }
    Py_XDECREF(capsule);
    PyGILState_Release(state);
    return stream != NULL ? TEND_OK : TEND_EIO;
}

static PyObject *rows_from_opener(PyObject *self, PyObject *open)
{
    struct python_rows *rows = NULL;
    struct python_rows empty = {0};
    struct tend_error err = {0};
    enum tend_code code = TEND_OK;
    (void)self;
    empty.open = Py_NewRef(open);
    PyObject *capsule = rows_capsule(&empty); /* first, for the opener's context must stay */
    if (capsule == NULL) {
        return NULL;
    }
    rows = rows_of(capsule);
    Py_BEGIN_ALLOW_THREADS code = tend_rows_from_opener(open_with_python, rows, &rows->rows, &err);
    Py_END_ALLOW_THREADS if (code != TEND_OK)
    {
        (void)raise_of_rows(code, &err, rows, NULL);
        Py_DECREF(capsule);
        return NULL;
    }
    return capsule;
}

static PyObject *rows_select(PyObject *self, PyObject *args)
{
    PyObject *capsule = NULL;
    PyObject *names = NULL;
    struct tend_error err = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "OO!", &capsule, &PyTuple_Type, &names)) {
        return NULL;
    }
    struct python_rows *rows = rows_of(capsule);
    const size_t count = (size_t)PyTuple_Size(names);
    const char **texts = calloc(count + 1, sizeof(*texts));
    if (rows == NULL || texts == NULL) {
        free(texts);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    for (size_t i = 0; i < count; i++) {
        texts[i] = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(names, (Py_ssize_t)i), NULL);
        if (texts[i] == NULL) {
            free(texts);
            return NULL;
        }
    }
    const enum tend_code code = tend_rows_select(rows->rows, texts, count, &err);
    free(texts);
    if (code != TEND_OK) {
        return raise_error(code, &err);
    }
    Py_RETURN_NONE;
}

static PyObject *rows_names(PyObject *self, PyObject *capsule)
{
    (void)self;
    const struct python_rows *rows = rows_of(capsule);
    if (rows == NULL) {
        return NULL;
    }
    PyObject *names = PyList_New(0);
    for (size_t i = 0; names != NULL && i < tend_rows_column_count(rows->rows); i++) {
        PyObject *name = PyUnicode_FromString(tend_rows_column_name(rows->rows, i));
        if (name == NULL || PyList_Append(names, name) < 0) {
            Py_CLEAR(names);
        }
        Py_XDECREF(name);
    }
    return names;
}

/* ---- profiles ---- */

static PyObject *profile_from_rows(PyObject *self, PyObject *args)
{
    PyObject *capsule = NULL;
    Py_ssize_t bins = 0;
    Py_ssize_t categories = 0;
    struct tend_profile *profile = NULL;
    struct tend_error err = {0};
    enum tend_code code = TEND_OK;
    (void)self;
    if (!PyArg_ParseTuple(args, "Onn", &capsule, &bins, &categories)) {
        return NULL;
    }
    struct python_rows *rows = rows_of(capsule);
    if (rows == NULL) {
        return NULL;
    }
    const struct tend_plan_options options = {.bin_max = (size_t)bins,
                                              .category_max = (size_t)categories};
    Py_BEGIN_ALLOW_THREADS code = tend_profile_from_rows(rows->rows, &options, &profile, &err);
    Py_END_ALLOW_THREADS return code == TEND_OK ? profile_capsule(profile)
                                                : raise_of_rows(code, &err, rows, NULL);
}

static enum tend_code fill_like(const struct tend_profile *like, const struct tend_rows *rows,
                                struct tend_profile **out, struct tend_error *err)
{
    struct tend_plan *plan = NULL;
    struct tend_profile *profile = NULL;
    enum tend_code code = tend_profile_plan(like, &plan, err);
    if (code == TEND_OK) {
        code = tend_profile_new(plan, &profile, err);
    }
    if (code == TEND_OK) {
        code = tend_profile_add(profile, rows, err);
    }
    tend_plan_free(plan);
    if (code != TEND_OK) {
        tend_profile_free(profile);
        return code;
    }
    *out = profile;
    return TEND_OK;
}

static PyObject *profile_like(PyObject *self, PyObject *args)
{
    PyObject *capsule = NULL;
    PyObject *like = NULL;
    struct tend_profile *profile = NULL;
    struct tend_error err = {0};
    enum tend_code code = TEND_OK;
    (void)self;
    if (!PyArg_ParseTuple(args, "OO", &like, &capsule)) {
        return NULL;
    }
    const struct tend_profile *from = PyCapsule_GetPointer(like, PROFILE_NAME);
    struct python_rows *rows = from == NULL ? NULL : rows_of(capsule);
    if (rows == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS code = fill_like(from, rows->rows, &profile, &err);
    Py_END_ALLOW_THREADS return code == TEND_OK ? profile_capsule(profile)
                                                : raise_of_rows(code, &err, rows, NULL);
}

static PyObject *profile_merged(PyObject *self, PyObject *args)
{
    PyObject *capsules[2] = {NULL, NULL};
    struct tend_profile *sum = NULL;
    struct tend_error err = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "OO", &capsules[0], &capsules[1])) {
        return NULL;
    }
    const struct tend_profile *a = PyCapsule_GetPointer(capsules[0], PROFILE_NAME);
    const struct tend_profile *b =
        a == NULL ? NULL : PyCapsule_GetPointer(capsules[1], PROFILE_NAME);
    if (b == NULL) {
        return NULL;
    }
    enum tend_code code = tend_profile_copy(a, &sum, &err);
    if (code == TEND_OK) {
        code = tend_profile_merge(sum, b, &err);
    }
    if (code != TEND_OK) {
        tend_profile_free(sum);
        return raise_error(code, &err);
    }
    return profile_capsule(sum);
}

static PyObject *profile_from_bytes(PyObject *self, PyObject *args)
{
    const char *bytes = NULL;
    Py_ssize_t len = 0;
    struct tend_profile *profile = NULL;
    struct tend_error err = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "y#", &bytes, &len)) {
        return NULL;
    }
    const enum tend_code code = tend_profile_from_bytes(bytes, (size_t)len, &profile, &err);
    return code == TEND_OK ? profile_capsule(profile) : raise_error(code, &err);
}

static PyObject *profile_to_bytes(PyObject *self, PyObject *capsule)
{
    struct tend_text text = {0};
    struct tend_error err = {0};
    (void)self;
    const struct tend_profile *profile = PyCapsule_GetPointer(capsule, PROFILE_NAME);
    if (profile == NULL) {
        return NULL;
    }
    const enum tend_code code = tend_profile_to_bytes(profile, &text, &err);
    if (code != TEND_OK) {
        return raise_error(code, &err);
    }
    PyObject *made = PyBytes_FromStringAndSize(text.bytes, (Py_ssize_t)text.len);
    tend_text_free(&text);
    return made;
}

/* From a stream of one array: a table of docs/profile-format.md. */
static PyObject *profile_from_stream(PyObject *self, PyObject *capsule)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend_arrow_array more = {0};
    struct tend_profile *profile = NULL;
    struct tend_error err = {0};
    (void)self;
    struct tend_arrow_stream *stream = PyCapsule_GetPointer(capsule, STREAM_NAME);
    if (stream == NULL) {
        return NULL;
    }
    if (stream->get_schema(stream, &schema) != 0 || stream->get_next(stream, &array) != 0 ||
        (array.release != NULL && stream->get_next(stream, &more) != 0)) {
        PyErr_SetString(error_class, "the stream of the table failed");
    } else if (more.release != NULL) {
        PyErr_SetString(error_class, "the table comes in more than one part: combine them first");
    } else {
        const enum tend_code code = tend_profile_from_table(&schema, &array, &profile, &err);
        if (code != TEND_OK) {
            (void)raise_error(code, &err);
        }
    }
    if (schema.release != NULL) {
        schema.release(&schema);
    }
    if (array.release != NULL) {
        array.release(&array);
    }
    if (more.release != NULL) {
        more.release(&more);
    }
    return profile == NULL ? NULL : profile_capsule(profile);
}

/* ---- tables as capsules ---- */

static void free_schema_capsule(PyObject *capsule)
{
    struct tend_arrow_schema *schema = PyCapsule_GetPointer(capsule, SCHEMA_NAME);
    if (schema != NULL && schema->release != NULL) {
        schema->release(schema);
    }
    free(schema);
}

static void free_array_capsule(PyObject *capsule)
{
    struct tend_arrow_array *array = PyCapsule_GetPointer(capsule, ARRAY_NAME);
    if (array != NULL && array->release != NULL) {
        array->release(array);
    }
    free(array);
}

/* (schema, array) as the PyCapsule interface has them; both are moved. */
static PyObject *table_capsules(struct tend_arrow_schema *schema, struct tend_arrow_array *array)
{
    struct tend_arrow_schema *held_schema = calloc(1, sizeof(*held_schema));
    struct tend_arrow_array *held_array = calloc(1, sizeof(*held_array));
    if (held_schema == NULL || held_array == NULL) {
        schema->release(schema);
        array->release(array);
        free(held_schema);
        free(held_array);
        return PyErr_NoMemory();
    }
    *held_schema = *schema;
    *held_array = *array;
    PyObject *schema_capsule = PyCapsule_New(held_schema, SCHEMA_NAME, free_schema_capsule);
    PyObject *array_capsule = PyCapsule_New(held_array, ARRAY_NAME, free_array_capsule);
    PyObject *both = schema_capsule == NULL || array_capsule == NULL
                         ? NULL
                         : PyTuple_Pack(2, schema_capsule, array_capsule);
    Py_XDECREF(schema_capsule);
    Py_XDECREF(array_capsule);
    return both;
}

static PyObject *profile_to_arrow(PyObject *self, PyObject *capsule)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend_error err = {0};
    (void)self;
    const struct tend_profile *profile = PyCapsule_GetPointer(capsule, PROFILE_NAME);
    if (profile == NULL) {
        return NULL;
    }
    const enum tend_code code = tend_profile_to_table(profile, &schema, &array, &err);
    return code == TEND_OK ? table_capsules(&schema, &array) : raise_error(code, &err);
}

/* ---- what profiles say ---- */

static PyObject *profile_json(PyObject *self, PyObject *capsule)
{
    struct tend_text text = {0};
    struct tend_error err = {0};
    (void)self;
    const struct tend_profile *profile = PyCapsule_GetPointer(capsule, PROFILE_NAME);
    if (profile == NULL) {
        return NULL;
    }
    const enum tend_code code = tend_profile_json(profile, &text, &err);
    return code == TEND_OK ? take_text(&text) : raise_error(code, &err);
}

static PyObject *profile_html(PyObject *self, PyObject *capsule)
{
    struct tend_text text = {0};
    struct tend_error err = {0};
    (void)self;
    const struct tend_profile *profile = PyCapsule_GetPointer(capsule, PROFILE_NAME);
    if (profile == NULL) {
        return NULL;
    }
    const enum tend_code code = tend_profile_html(profile, &text, &err);
    return code == TEND_OK ? take_text(&text) : raise_error(code, &err);
}

static PyObject *profile_rows(PyObject *self, PyObject *capsule)
{
    (void)self;
    const struct tend_profile *profile = PyCapsule_GetPointer(capsule, PROFILE_NAME);
    return profile == NULL ? NULL : PyLong_FromUnsignedLongLong(tend_profile_row_count(profile));
}

static PyObject *profile_names(PyObject *self, PyObject *capsule)
{
    (void)self;
    const struct tend_profile *profile = PyCapsule_GetPointer(capsule, PROFILE_NAME);
    if (profile == NULL) {
        return NULL;
    }
    PyObject *names = PyList_New(0);
    for (size_t i = 0; names != NULL && i < tend_profile_column_count(profile); i++) {
        struct tend_profile_column column;
        PyObject *name = NULL;
        if (tend_profile_column_read(profile, i, &column, NULL) == TEND_OK) {
            name = PyUnicode_FromString(column.name);
        }
        if (name == NULL || PyList_Append(names, name) < 0) {
            Py_CLEAR(names);
        }
        Py_XDECREF(name);
    }
    return names;
}

/* (profile, column name, p) */
static PyObject *profile_quantile(PyObject *self, PyObject *args)
{
    PyObject *capsule = NULL;
    const char *name = NULL;
    double p = 0;
    (void)self;
    if (!PyArg_ParseTuple(args, "Osd", &capsule, &name, &p)) {
        return NULL;
    }
    const struct tend_profile *profile = PyCapsule_GetPointer(capsule, PROFILE_NAME);
    if (profile == NULL) {
        return NULL;
    }
    const size_t idx = tend_profile_find(profile, name);
    if (idx == SIZE_MAX) {
        PyErr_SetString(PyExc_KeyError, name);
        return NULL;
    }
    return PyFloat_FromDouble(tend_profile_quantile(profile, idx, p));
}

/* ---- checks ---- */

/* A side is a capsule of rows or of a profile. */
static int read_side(PyObject *capsule, const char *name, struct tend_check_side *side,
                     struct python_rows **rows)
{
    *side = (struct tend_check_side){.name = name};
    if (PyCapsule_IsValid(capsule, PROFILE_NAME)) {
        side->profile = PyCapsule_GetPointer(capsule, PROFILE_NAME);
        return 0;
    }
    *rows = rows_of(capsule);
    if (*rows == NULL) {
        return -1;
    }
    side->rows = (*rows)->rows;
    return 0;
}

/* (reference, current, (names), fdr, (tolerances), min rows, bins, (time, id, label, score),
 * window_us, now_us) */
static PyObject *check_new(PyObject *self, PyObject *args)
{
    PyObject *capsules[2] = {NULL, NULL};
    const char *names[2] = {NULL, NULL};
    struct python_rows *rows[2] = {NULL, NULL};
    struct tend_check_side sides[2];
    struct tend_check_options options = {0};
    struct tend_check *check = NULL;
    struct tend_error err = {0};
    Py_ssize_t row_count_min = 0;
    Py_ssize_t bins = 0;
    long long window_us = 0;
    long long now_us = 0;
    enum tend_code code = TEND_OK;
    (void)self;
    if (!PyArg_ParseTuple(args, "OO(ss)d(dd)nn(zzzz)LL", &capsules[0], &capsules[1], &names[0],
                          &names[1], &options.fdr, &options.tolerance_number,
                          &options.tolerance_text, &row_count_min, &bins, &options.time_column,
                          &options.id_column, &options.label_column, &options.score_column,
                          &window_us, &now_us)) {
        return NULL;
    }
    if (read_side(capsules[0], names[0], &sides[0], &rows[0]) < 0 ||
        read_side(capsules[1], names[1], &sides[1], &rows[1]) < 0) {
        return NULL;
    }
    options.row_count_min = (size_t)row_count_min;
    options.bin_max = (size_t)bins;
    options.window_us = window_us;
    options.now_us = now_us;
    Py_BEGIN_ALLOW_THREADS code = tend_check_new(&sides[0], &sides[1], &options, &check, &err);
    Py_END_ALLOW_THREADS if (code != TEND_OK)
    {
        return raise_of_rows(code, &err, rows[0], rows[1]);
    }
    PyObject *capsule = PyCapsule_New(check, CHECK_NAME, free_check);
    if (capsule == NULL) {
        tend_check_free(check);
    }
    return capsule;
}

static PyObject *check_json(PyObject *self, PyObject *capsule)
{
    struct tend_text text = {0};
    struct tend_error err = {0};
    (void)self;
    const struct tend_check *check = PyCapsule_GetPointer(capsule, CHECK_NAME);
    if (check == NULL) {
        return NULL;
    }
    const enum tend_code code = tend_check_json(check, &text, &err);
    return code == TEND_OK ? take_text(&text) : raise_error(code, &err);
}

static PyObject *check_html(PyObject *self, PyObject *capsule)
{
    struct tend_text text = {0};
    struct tend_error err = {0};
    enum tend_code code = TEND_OK;
    (void)self;
    const struct tend_check *check = PyCapsule_GetPointer(capsule, CHECK_NAME);
    if (check == NULL) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS code = tend_check_html(check, &text, &err);
    Py_END_ALLOW_THREADS return code == TEND_OK ? take_text(&text) : raise_error(code, &err);
}

static PyObject *check_text(PyObject *self, PyObject *args)
{
    PyObject *capsule = NULL;
    int width = 0;
    struct tend_text text = {0};
    struct tend_error err = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "Oi", &capsule, &width)) {
        return NULL;
    }
    const struct tend_check *check = PyCapsule_GetPointer(capsule, CHECK_NAME);
    if (check == NULL) {
        return NULL;
    }
    const enum tend_code code = tend_check_text(check, width, &text, &err);
    return code == TEND_OK ? take_text(&text) : raise_error(code, &err);
}

/* (check, is it the reference) */
static PyObject *check_profile(PyObject *self, PyObject *args)
{
    PyObject *capsule = NULL;
    int is_reference = 0;
    struct tend_profile *profile = NULL;
    struct tend_error err = {0};
    (void)self;
    if (!PyArg_ParseTuple(args, "Op", &capsule, &is_reference)) {
        return NULL;
    }
    const struct tend_check *check = PyCapsule_GetPointer(capsule, CHECK_NAME);
    if (check == NULL) {
        return NULL;
    }
    const enum tend_code code = is_reference != 0 ? tend_check_reference(check, &profile, &err)
                                                  : tend_check_current(check, &profile, &err);
    return code == TEND_OK ? profile_capsule(profile) : raise_error(code, &err);
}

/* ---- values ---- */

/* Pairs of str from a tuple of tuples. */
static int read_names(PyObject *pairs, struct tend_value_name *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PyObject *pair = PyTuple_GetItem(pairs, (Py_ssize_t)i);
        if (pair == NULL || !PyArg_ParseTuple(pair, "ss", &names[i].name, &names[i].expr)) {
            return -1;
        }
    }
    return 0;
}

/* (rows, expression, ((name, expression), ...), are rows kept) */
static PyObject *value_new(PyObject *self, PyObject *args)
{
    PyObject *capsule = NULL;
    PyObject *pairs = NULL;
    const char *expr = NULL;
    int keeps_rows = 0;
    struct tend_value_name names[TEND_VALUE_NAMED_MAX];
    struct tend_value *value = NULL;
    struct tend_error err = {0};
    enum tend_code code = TEND_OK;
    (void)self;
    if (!PyArg_ParseTuple(args, "OsO!p", &capsule, &expr, &PyTuple_Type, &pairs, &keeps_rows)) {
        return NULL;
    }
    struct python_rows *rows = rows_of(capsule);
    const size_t count = (size_t)PyTuple_Size(pairs);
    if (rows == NULL) {
        return NULL;
    }
    if (count > TEND_VALUE_NAMED_MAX) {
        PyErr_Format(PyExc_ValueError, "more than %d names", TEND_VALUE_NAMED_MAX);
        return NULL;
    }
    if (read_names(pairs, names, count) < 0) {
        return NULL;
    }
    const struct tend_value_options options = {
        .names = names, .name_count = count, .keeps_rows = keeps_rows != 0};
    Py_BEGIN_ALLOW_THREADS code = tend_value_new(rows->rows, expr, &options, &value, &err);
    Py_END_ALLOW_THREADS if (code != TEND_OK)
    {
        return raise_of_rows(code, &err, rows, NULL);
    }
    PyObject *made = PyCapsule_New(value, VALUE_NAME, free_value);
    if (made == NULL) {
        tend_value_free(value);
    }
    return made;
}

/* {"type": ..., "rows": ..., ..., "failures": {reason: count}} */
static PyObject *value_sums(PyObject *self, PyObject *capsule)
{
    struct tend_value_sums sums;
    (void)self;
    const struct tend_value *value = PyCapsule_GetPointer(capsule, VALUE_NAME);
    if (value == NULL) {
        return NULL;
    }
    tend_value_sums_read(value, &sums);
    PyObject *failures = PyDict_New();
    for (size_t i = 0; failures != NULL && i < tend_value_failure_count(); i++) {
        const uint64_t failed_count = tend_value_failed(value, i);
        PyObject *count = PyLong_FromUnsignedLongLong(failed_count);
        if (count == NULL ||
            (failed_count > 0 &&
             PyDict_SetItemString(failures, tend_value_failure_text(i), count) < 0)) {
            Py_CLEAR(failures);
        }
        Py_XDECREF(count);
    }
    if (failures == NULL) {
        return NULL;
    }
    return Py_BuildValue(
        "{s:s,s:K,s:K,s:K,s:K,s:d,s:d,s:d,s:d,s:N}", "type", sums.type, "rows",
        (unsigned long long)sums.row_count, "values", (unsigned long long)sums.value_count, "nulls",
        (unsigned long long)sums.null_count, "failed", (unsigned long long)sums.failed_count, "sum",
        sums.sum, "mean", sums.mean, "min", sums.min, "max", sums.max, "failures", failures);
}

static PyObject *value_to_arrow(PyObject *self, PyObject *capsule)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend_error err = {0};
    (void)self;
    struct tend_value *value = PyCapsule_GetPointer(capsule, VALUE_NAME);
    if (value == NULL) {
        return NULL;
    }
    const enum tend_code code = tend_value_table(value, &schema, &array, &err);
    return code == TEND_OK ? table_capsules(&schema, &array) : raise_error(code, &err);
}

/* ---- the module ---- */

static PyMethodDef functions[] = {
    {"rows_from_stream", rows_from_stream, METH_O, "rows of an Arrow stream, drained now"},
    {"rows_from_array", rows_from_array, METH_VARARGS, "rows of one Arrow struct array"},
    {"rows_from_opener", rows_from_opener, METH_O, "rows that a callable opens for each pass"},
    {"rows_from_columns", rows_from_columns, METH_VARARGS, "rows of memory by address"},
    {"rows_select", rows_select, METH_VARARGS, "only these columns"},
    {"rows_names", rows_names, METH_O, "the columns"},
    {"texts_from_list", texts_from_list, METH_O, "Arrow buffers of a list of str"},
    {"bits_from_bools", bits_from_bools, METH_VARARGS, "a bitmap of bytes"},
    {"bits_from_numbers", bits_from_numbers, METH_VARARGS, "a bitmap of what is there"},
    {"array_buffers", array_buffers, METH_O, "addresses of an Arrow array"},
    {"table_stream", table_stream, METH_O, "a stream of a table that stays"},
    {"stream_of", stream_of, METH_VARARGS, "a stream of one array"},
    {"profile_from_rows", profile_from_rows, METH_VARARGS, "a profile with a plan of its own"},
    {"profile_like", profile_like, METH_VARARGS, "a profile by the plan of another"},
    {"profile_merged", profile_merged, METH_VARARGS, "the sum of two profiles"},
    {"profile_from_bytes", profile_from_bytes, METH_VARARGS, "a profile from its bytes"},
    {"profile_to_bytes", profile_to_bytes, METH_O, "a profile as bytes"},
    {"profile_from_stream", profile_from_stream, METH_O, "a profile from its table"},
    {"profile_to_arrow", profile_to_arrow, METH_O, "a profile as a table"},
    {"profile_json", profile_json, METH_O, "the document tend.profile/1"},
    {"profile_html", profile_html, METH_O, "a page"},
    {"profile_rows", profile_rows, METH_O, "rows that were profiled"},
    {"profile_names", profile_names, METH_O, "columns of the plan"},
    {"profile_quantile", profile_quantile, METH_VARARGS, "a quantile of a number"},
    {"check_new", check_new, METH_VARARGS, "a check"},
    {"check_json", check_json, METH_O, "the document tend.check/1"},
    {"check_html", check_html, METH_O, "a page"},
    {"check_text", check_text, METH_VARARGS, "plain text"},
    {"check_profile", check_profile, METH_VARARGS, "one of the two profiles"},
    {"value_new", value_new, METH_VARARGS, "an expression over rows"},
    {"value_sums", value_sums, METH_O, "its sums"},
    {"value_to_arrow", value_to_arrow, METH_O, "its rows"},
    {NULL, NULL, 0, NULL},
};

static int fill_module(PyObject *module)
{
    error_class = PyErr_NewExceptionWithDoc("tend.Error",
                                            "What tend refuses, and why.\n\n"
                                            "``code`` is one of the names of docs/c-api.md "
                                            "(\"EINVAL\", \"ESYNTAX\"); ``column`` is the\n"
                                            "place in an expression, counted from 1, or 0.",
                                            PyExc_ValueError, NULL);
    if (error_class == NULL) {
        return -1;
    }
    PyObject *bases = PyTuple_Pack(2, error_class, PyExc_TypeError);
    if (bases == NULL) {
        return -1;
    }
    type_error_class = PyErr_NewExceptionWithDoc(
        "tend.DataTypeError", "Data or an expression of a type that does not fit.", bases, NULL);
    Py_DECREF(bases);
    if (type_error_class == NULL || PyModule_AddObjectRef(module, "Error", error_class) < 0 ||
        PyModule_AddObjectRef(module, "DataTypeError", type_error_class) < 0) {
        return -1;
    }
    return PyModule_AddStringConstant(module, "version", tend_version_text());
}

PyMODINIT_FUNC PyInit__tend(void)
{
    static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT,
        .m_name = "tend._tend",
        .m_doc = "libtend's C API as functions over capsules; see the package tend.",
        .m_size = -1,
        .m_methods = functions,
    };
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && fill_module(module) < 0) {
        Py_CLEAR(module);
    }
    return module;
}
