/* SPDX-License-Identifier: Apache-2.0 */
/* capi_rows.c: rows out of Arrow that can be read more than once, batch by batch. */
#include "capi/capi_inner.h"

#include "base/mem.h"

#include <string.h>

/* ---- sets ---- */

static void release_schema(struct tend_arrow_schema *schema)
{
    if (schema->release != NULL) {
        schema->release(schema);
    }
    *schema = (struct tend_arrow_schema){0};
}

static void release_array(struct tend_arrow_array *array)
{
    if (array->release != NULL) {
        array->release(array);
    }
    *array = (struct tend_arrow_array){0};
}

static void release_stream(struct tend_arrow_stream *stream)
{
    if (stream->release != NULL) {
        stream->release(stream);
    }
    *stream = (struct tend_arrow_stream){0};
}

static enum tend_code check_schema(const struct tend_arrow_schema *schema, struct tend_error *err)
{
    if (schema->format == NULL || strcmp(schema->format, "+s") != 0) {
        return TEND_FAIL(err, EINVAL,
                         "the Arrow schema has the format '%.40s': want a struct ('+s') of columns",
                         schema->format == NULL ? "" : schema->format);
    }
    if (schema->n_children < 1 || schema->n_children > TEND_ARROW_COLUMNS_MAX ||
        schema->children == NULL) {
        return TEND_FAIL(err, EINVAL, "the Arrow schema has %lld columns: want 1..%d",
                         (long long)schema->n_children, TEND_ARROW_COLUMNS_MAX);
    }
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i] == NULL || schema->children[i]->format == NULL) {
            return TEND_FAIL(err, EINVAL, "the Arrow schema of column %lld is missing",
                             (long long)i + 1);
        }
    }
    return TEND_OK;
}

enum tend_code tend_rows_new(struct tend_arrow_schema *schema, struct tend_rows **out,
                             struct tend_error *err)
{
    struct tend_rows *rows = NULL;
    if (schema == NULL || schema->release == NULL) {
        return TEND_FAIL(err, EINVAL, "the Arrow schema is missing, or was released");
    }
    enum tend_code code = check_schema(schema, err);
    if (code == TEND_OK) {
        code = tend__mem_new(1, sizeof(*rows), &rows, err);
    }
    if (code != TEND_OK) {
        release_schema(schema);
        return code;
    }
    rows->schema = *schema;
    *schema = (struct tend_arrow_schema){0};
    *out = rows;
    return TEND_OK;
}

void tend_rows_clear(struct tend_rows *rows)
{
    for (size_t i = 0; i < rows->array_count; i++) {
        release_array(&rows->arrays[i]);
    }
    rows->array_count = 0;
    rows->row_count = 0;
}

void tend_rows_free(struct tend_rows *rows)
{
    if (rows == NULL) {
        return;
    }
    tend_rows_clear(rows);
    release_schema(&rows->schema);
    tend__mem_free(rows->arrays);
    tend__mem_free(rows->selected);
    tend__mem_free(rows);
}

static enum tend_code check_array(const struct tend_rows *rows,
                                  const struct tend_arrow_array *array, struct tend_error *err)
{
    if (array == NULL || array->release == NULL) {
        return TEND_FAIL(err, EINVAL, "the Arrow array is missing, or was released");
    }
    if (array->n_children != rows->schema.n_children || array->children == NULL) {
        return TEND_FAIL(err, EINVAL, "the Arrow array has %lld columns, its schema %lld",
                         (long long)array->n_children, (long long)rows->schema.n_children);
    }
    if (array->length < 0 || array->length > TEND_ARROW_LENGTH_MAX || array->offset < 0 ||
        array->offset > TEND_ARROW_LENGTH_MAX) {
        return TEND_FAIL(err, EINVAL, "the Arrow array has no length in 0..%lld",
                         (long long)TEND_ARROW_LENGTH_MAX);
    }
    return TEND_OK;
}

enum tend_code tend_rows_add(struct tend_rows *rows, struct tend_arrow_array *array,
                             struct tend_error *err)
{
    if (rows->open != NULL) {
        return TEND_FAIL(err, EINVAL, "rows that are opened anew for each pass take no arrays");
    }
    TEND_TRY(check_array(rows, array, err));
    TEND_TRY(tend__mem_grow(&rows->arrays, &rows->array_cap, rows->array_count + 1,
                            TEND_ROWS_ARRAYS_MAX, sizeof(*rows->arrays), err));
    rows->row_count += (uint64_t)array->length;
    rows->arrays[rows->array_count++] = *array;
    *array = (struct tend_arrow_array){0};
    return TEND_OK;
}

uint64_t tend_rows_count(const struct tend_rows *rows)
{
    return rows->row_count;
}

/* ---- streams ---- */

static enum tend_code fail_stream(struct tend_arrow_stream *stream, int number,
                                  struct tend_error *err)
{
    const char *words = stream->get_last_error == NULL ? NULL : stream->get_last_error(stream);
    return TEND_FAIL(err, EIO, "the Arrow stream failed with %d: %.500s", number,
                     words == NULL ? "it does not say why" : words);
}

static enum tend_code stream_schema(struct tend_arrow_stream *stream,
                                    struct tend_arrow_schema *schema, struct tend_error *err)
{
    if (stream == NULL || stream->release == NULL || stream->get_schema == NULL ||
        stream->get_next == NULL) {
        return TEND_FAIL(err, EINVAL, "the Arrow stream is missing, or was released");
    }
    const int number = stream->get_schema(stream, schema);
    return number != 0 ? fail_stream(stream, number, err) : TEND_OK;
}

static enum tend_code drain(struct tend_arrow_stream *stream, struct tend_rows *rows,
                            struct tend_error *err)
{
    for (;;) {
        struct tend_arrow_array array = {0};
        const int number = stream->get_next(stream, &array);
        if (number != 0) {
            return fail_stream(stream, number, err);
        }
        if (array.release == NULL) {
            return TEND_OK;
        }
        const enum tend_code code = tend_rows_add(rows, &array, err);
        if (code != TEND_OK) {
            release_array(&array);
            return code;
        }
    }
}

enum tend_code tend_rows_from_stream(struct tend_arrow_stream *stream, struct tend_rows **out,
                                     struct tend_error *err)
{
    struct tend_arrow_schema schema = {0};
    struct tend_rows *rows = NULL;
    enum tend_code code = stream_schema(stream, &schema, err);
    if (code == TEND_OK) {
        code = tend_rows_new(&schema, &rows, err);
    }
    if (code == TEND_OK) {
        code = drain(stream, rows, err);
    }
    if (stream != NULL) {
        release_stream(stream);
    }
    if (code != TEND_OK) {
        tend_rows_free(rows);
        return code;
    }
    *out = rows;
    return TEND_OK;
}

enum tend_code tend_rows_from_opener(tend_rows_open_fn *open, void *ctx, struct tend_rows **out,
                                     struct tend_error *err)
{
    struct tend_arrow_stream stream = {0};
    struct tend_arrow_schema schema = {0};
    if (open == NULL) {
        return TEND_FAIL(err, EINVAL, "the function that opens the rows is missing");
    }
    TEND_TRY(open(ctx, &stream, err));
    enum tend_code code = stream_schema(&stream, &schema, err);
    release_stream(&stream);
    if (code == TEND_OK) {
        code = tend_rows_new(&schema, out, err);
    }
    if (code == TEND_OK) {
        (*out)->open = open;
        (*out)->open_ctx = ctx;
    }
    return code;
}

/* ---- columns ---- */

static const struct tend_arrow_schema *child_schema(const struct tend_rows *rows, size_t idx)
{
    return rows->schema.children[rows->selected == NULL ? idx : rows->selected[idx]];
}

size_t tend_rows_column_count(const struct tend_rows *rows)
{
    return rows->selected == NULL ? (size_t)rows->schema.n_children : rows->selected_count;
}

const char *tend_rows_column_name(const struct tend_rows *rows, size_t column_idx)
{
    if (column_idx >= tend_rows_column_count(rows)) {
        return NULL;
    }
    const char *name = child_schema(rows, column_idx)->name;
    return name == NULL ? "" : name;
}

static enum tend_code find_column(const struct tend_rows *rows, const char *name, size_t *out,
                                  struct tend_error *err)
{
    for (size_t i = 0; i < (size_t)rows->schema.n_children; i++) {
        const char *known = rows->schema.children[i]->name;
        if (strcmp(known == NULL ? "" : known, name) == 0) {
            *out = i;
            return TEND_OK;
        }
    }
    return TEND_FAIL(err, ENOTFOUND, "there is no column '%.200s' among the %lld of the rows", name,
                     (long long)rows->schema.n_children);
}

enum tend_code tend_rows_select(struct tend_rows *rows, const char *const *names, size_t name_count,
                                struct tend_error *err)
{
    size_t *selected = NULL;
    enum tend_code code = TEND_OK;
    if (name_count < 1 || name_count > (size_t)rows->schema.n_children) {
        return TEND_FAIL(err, EINVAL, "%zu columns are selected of %lld: want 1..%lld", name_count,
                         (long long)rows->schema.n_children, (long long)rows->schema.n_children);
    }
    TEND_TRY(tend__mem_new(name_count, sizeof(*selected), &selected, err));
    for (size_t i = 0; i < name_count; i++) {
        TEND_TRY_OUT(find_column(rows, names[i], &selected[i], err));
        for (size_t j = 0; j < i; j++) {
            if (selected[j] == selected[i]) {
                code = TEND_FAIL(err, EINVAL, "column '%.200s' is selected twice", names[i]);
                goto out;
            }
        }
    }
    tend__mem_free(rows->selected);
    rows->selected = selected;
    rows->selected_count = name_count;
    return TEND_OK;
out:
    tend__mem_free(selected);
    return code;
}

/* ---- passes ---- */

static enum tend_code begin_view(struct tend__rows_pass *pass, struct tend_error *err)
{
    const struct tend_rows *rows = pass->rows;
    const size_t count = tend_rows_column_count(rows);
    struct tend_arrow_schema narrow = rows->schema;
    struct tend_arrow_schema **children = NULL;
    TEND_TRY(tend__mem_new(count, sizeof(struct tend_arrow_array *), &pass->children, err));
    TEND_TRY(tend__mem_new(count, sizeof(*children), &children, err));
    for (size_t i = 0; i < count; i++) {
        const size_t at = rows->selected == NULL ? i : rows->selected[i];
        children[i] = rows->schema.children[at];
    }
    narrow.n_children = (int64_t)count;
    narrow.children = children;
    const enum tend_code code = tend__arrow_view_new(&narrow, &pass->view, err);
    tend__mem_free(children);
    return code;
}

/* Whether two columns are read alike. */
static bool same_column(const struct tend_arrow_schema *a, const struct tend_arrow_schema *b)
{
    if (b == NULL || b->format == NULL || strcmp(a->format, b->format) != 0 ||
        strcmp(a->name == NULL ? "" : a->name, b->name == NULL ? "" : b->name) != 0) {
        return false;
    }
    if (a->dictionary == NULL || b->dictionary == NULL) {
        return a->dictionary == NULL && b->dictionary == NULL;
    }
    return a->dictionary->format != NULL && b->dictionary->format != NULL &&
           strcmp(a->dictionary->format, b->dictionary->format) == 0;
}

static enum tend_code begin_stream(struct tend__rows_pass *pass, struct tend_error *err)
{
    const struct tend_arrow_schema *first = &pass->rows->schema;
    struct tend_arrow_schema schema = {0};
    TEND_TRY(pass->rows->open(pass->rows->open_ctx, &pass->stream, err));
    TEND_TRY(stream_schema(&pass->stream, &schema, err));
    bool is_same = schema.n_children == first->n_children && schema.children != NULL;
    for (int64_t i = 0; is_same && i < first->n_children; i++) {
        is_same = same_column(first->children[i], schema.children[i]);
    }
    release_schema(&schema);
    if (!is_same) {
        return TEND_FAIL(err, EINVAL,
                         "the rows were opened once more and have other columns or types now");
    }
    return TEND_OK;
}

enum tend_code tend__rows_begin(const struct tend_rows *rows, struct tend__rows_pass *pass,
                                struct tend_error *err)
{
    *pass = (struct tend__rows_pass){.rows = rows};
    TEND_TRY(begin_view(pass, err));
    return rows->open == NULL ? TEND_OK : begin_stream(pass, err);
}

void tend__rows_end(struct tend__rows_pass *pass)
{
    tend__arrow_view_free(pass->view);
    tend__mem_free(pass->children);
    release_array(&pass->held);
    release_stream(&pass->stream);
    *pass = (struct tend__rows_pass){0};
}

const struct tend__field *tend__rows_fields(const struct tend__rows_pass *pass, size_t *count)
{
    return tend__arrow_view_fields(pass->view, count);
}

/* The next array of the pass; NULL at the end. */
static enum tend_code next_array(struct tend__rows_pass *pass, struct tend_error *err)
{
    const struct tend_rows *rows = pass->rows;
    pass->begin = 0;
    pass->now = NULL;
    if (rows->open == NULL) {
        if (pass->array_idx < rows->array_count) {
            pass->now = &rows->arrays[pass->array_idx++];
        }
        return TEND_OK;
    }
    release_array(&pass->held);
    const int number = pass->stream.get_next(&pass->stream, &pass->held);
    if (number != 0) {
        pass->held = (struct tend_arrow_array){0};
        return fail_stream(&pass->stream, number, err);
    }
    if (pass->held.release != NULL) {
        TEND_TRY(check_array(rows, &pass->held, err));
        pass->now = &pass->held;
    }
    return TEND_OK;
}

/* The array at hand with only the selected columns. */
static void narrow_array(struct tend__rows_pass *pass)
{
    const struct tend_rows *rows = pass->rows;
    const size_t count = tend_rows_column_count(rows);
    for (size_t i = 0; i < count; i++) {
        pass->children[i] = pass->now->children[rows->selected == NULL ? i : rows->selected[i]];
    }
    pass->narrow = *pass->now;
    pass->narrow.n_children = (int64_t)count;
    pass->narrow.children = pass->children;
}

enum tend_code tend__rows_next(struct tend__rows_pass *pass, const struct tend__batch **out,
                               struct tend__batch *batch, struct tend_error *err)
{
    while (pass->now == NULL || pass->begin == (size_t)pass->now->length) {
        TEND_TRY(next_array(pass, err));
        if (pass->now == NULL) {
            *out = NULL;
            return TEND_OK;
        }
        narrow_array(pass);
    }
    const size_t left = (size_t)pass->now->length - pass->begin;
    const size_t count = left < TEND_ROWS_BATCH ? left : TEND_ROWS_BATCH;
    TEND_TRY(tend__arrow_view_range(pass->view, &pass->narrow, pass->begin, count, batch, err));
    pass->begin += count;
    *out = batch;
    return TEND_OK;
}

enum tend_code tend__rows_each(const struct tend_rows *rows, tend__rows_fn *fn, void *fn_ctx,
                               struct tend_error *err)
{
    struct tend__rows_pass pass;
    struct tend__batch batch;
    const struct tend__batch *next = NULL;
    enum tend_code code = tend__rows_begin(rows, &pass, err);
    while (code == TEND_OK) {
        code = tend__rows_next(&pass, &next, &batch, err);
        if (code != TEND_OK || next == NULL) {
            break;
        }
        code = fn(fn_ctx, next, err);
    }
    tend__rows_end(&pass);
    return code;
}

static enum tend_code each_of_view(void *ctx, tend__rows_fn *fn, void *fn_ctx,
                                   struct tend_error *err)
{
    return tend__rows_each(ctx, fn, fn_ctx, err);
}

struct tend__rows tend__rows_view(const struct tend_rows *rows)
{
    struct tend__rows view = {.each = each_of_view};
    memcpy(&view.ctx, &rows, sizeof(rows)); /* const again in each_of_view */
    return view;
}
