/* SPDX-License-Identifier: Apache-2.0 */
/* tend_python.h: what the two files of the extension module share. */
#ifndef TEND_PYTHON_TEND_PYTHON_H
#define TEND_PYTHON_TEND_PYTHON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "tend/tend.h"

#include <stdbool.h>

#define ROWS_NAME "tend.rows"
#define SCHEMA_NAME "arrow_schema"
#define ARRAY_NAME "arrow_array"
#define STREAM_NAME "arrow_array_stream"

/* Rows, and what their opener calls. */
struct python_rows {
    struct tend_rows *rows;
    PyObject *open;  /* of an opener, else NULL */
    PyObject *error; /* the exception that `open` raised, until it is raised again */
};

/* A capsule that owns the rows; frees them on failure. */
PyObject *rows_capsule(struct python_rows *made);

/* Sets the exception that a failed call means, and returns NULL. */
PyObject *raise_error(enum tend_code code, const struct tend_error *err);

/* The functions of columns.c. */
PyObject *rows_from_columns(PyObject *self, PyObject *args);
PyObject *texts_from_list(PyObject *self, PyObject *list);
PyObject *bits_from_bools(PyObject *self, PyObject *args);
PyObject *bits_from_numbers(PyObject *self, PyObject *args);
PyObject *array_buffers(PyObject *self, PyObject *capsule);
PyObject *stream_of(PyObject *self, PyObject *args);
PyObject *table_stream(PyObject *self, PyObject *table);

#endif
