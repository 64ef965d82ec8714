/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrow_in.c: each column has a source (its own array, or its dictionary) that is turned into a
 * decoded column of the view; a dictionary's values are then gathered by the indices.
 */
#include "profile/arrow_in.h"

#include "base/civil.h"
#include "base/mem.h"
#include "profile/arrow_value.h"
#include "profile/arrow_vector.h"

#include <math.h>
#include <string.h>

enum arrow_kind {
    KIND_NULL,
    KIND_BOOL,
    KIND_I8,
    KIND_U8,
    KIND_I16,
    KIND_U16,
    KIND_I32,
    KIND_U32,
    KIND_I64,
    KIND_U64,
    KIND_F16,
    KIND_F32,
    KIND_F64,
    KIND_DECIMAL,
    KIND_TEXT,
    KIND_LARGE_TEXT,
    KIND_TEXT_VIEW,
    KIND_DATE_DAYS,
    KIND_TIME_S,
    KIND_TIME_MS, /* date64 too */
    KIND_TIME_US,
    KIND_TIME_NS,
    KIND_FIXED_VECTOR,
    KIND_LIST_VECTOR
};

struct kind_row {
    const char *format;
    bool is_prefix; /* a time zone, or a precision and a scale, may follow */
    enum arrow_kind kind;
    enum tend_type type;
    int64_t buffer_count;
};

static const struct kind_row kind_table[] = {
    {"n", false, KIND_NULL, TEND_TYPE_NULL, 0},
    {"b", false, KIND_BOOL, TEND_TYPE_BOOL, 2},
    {"c", false, KIND_I8, TEND_TYPE_NUMBER, 2},
    {"C", false, KIND_U8, TEND_TYPE_NUMBER, 2},
    {"s", false, KIND_I16, TEND_TYPE_NUMBER, 2},
    {"S", false, KIND_U16, TEND_TYPE_NUMBER, 2},
    {"i", false, KIND_I32, TEND_TYPE_NUMBER, 2},
    {"I", false, KIND_U32, TEND_TYPE_NUMBER, 2},
    {"l", false, KIND_I64, TEND_TYPE_NUMBER, 2},
    {"L", false, KIND_U64, TEND_TYPE_NUMBER, 2},
    {"e", false, KIND_F16, TEND_TYPE_NUMBER, 2},
    {"f", false, KIND_F32, TEND_TYPE_NUMBER, 2},
    {"g", false, KIND_F64, TEND_TYPE_NUMBER, 2},
    {"d:", true, KIND_DECIMAL, TEND_TYPE_NUMBER, 2},
    {"u", false, KIND_TEXT, TEND_TYPE_TEXT, 3},
    {"U", false, KIND_LARGE_TEXT, TEND_TYPE_TEXT, 3},
    {"vu", false, KIND_TEXT_VIEW, TEND_TYPE_TEXT, 3}, /* and one for each further buffer */
    {"tdD", false, KIND_DATE_DAYS, TEND_TYPE_TIME, 2},
    {"tdm", false, KIND_TIME_MS, TEND_TYPE_TIME, 2},
    {"tss:", true, KIND_TIME_S, TEND_TYPE_TIME, 2},
    {"tsm:", true, KIND_TIME_MS, TEND_TYPE_TIME, 2},
    {"tsu:", true, KIND_TIME_US, TEND_TYPE_TIME, 2},
    {"tsn:", true, KIND_TIME_NS, TEND_TYPE_TIME, 2},
};

/* Lists of floats: arrow_vector.h knows their formats. */
static const struct kind_row fixed_vector_kind = {"+w:", true, KIND_FIXED_VECTOR, TEND_TYPE_VECTOR,
                                                  1};
static const struct kind_row list_vector_kind = {"+l", false, KIND_LIST_VECTOR, TEND_TYPE_VECTOR,
                                                 2};

/* Values decoded from an array, in memory that is used again. */
struct decoded {
    void *values;      /* double, uint8_t, struct tend__text or int64_t, by type */
    size_t values_cap; /* bytes */
    double *rest;      /* numbers of 64 bits: base/column.h */
    size_t rest_cap;
    bool has_rest;
    uint8_t *valid;
    size_t valid_cap;
    bool has_null;
};

struct arrow_column {
    const struct kind_row *kind;  /* of the values */
    const struct kind_row *index; /* of a dictionary's indices, or NULL */
    struct tend__arrow_decimal decimal;
    struct decoded rows;
    struct decoded dictionary;
    size_t known_count; /* values that are decoded in `dictionary` */
    struct tend__arrow_vector vector;
};

struct tend__arrow_view {
    size_t column_count;
    struct tend__field *fields;
    struct arrow_column *sources;
    struct tend__column *columns;
};

static const struct kind_row *find_kind(const char *format)
{
    for (size_t i = 0; format != NULL && i < TEND_ARRAY_LEN(kind_table); i++) {
        const struct kind_row *row = &kind_table[i];
        const bool matches = row->is_prefix ? strncmp(format, row->format, strlen(row->format)) == 0
                                            : strcmp(format, row->format) == 0;
        if (matches) {
            return row;
        }
    }
    return NULL;
}

static bool is_integer(const struct kind_row *row)
{
    return row != NULL && row->kind >= KIND_I8 && row->kind <= KIND_U64;
}

static enum tend_code init_column(struct tend__arrow_view *view, size_t column_idx,
                                  const struct tend_arrow_schema *child, struct tend_error *err)
{
    struct arrow_column *source = &view->sources[column_idx];
    struct tend__field *field = &view->fields[column_idx];
    if (child == NULL || child->format == NULL) {
        return TEND_FAIL(err, EINVAL, "the Arrow schema of column %zu is missing", column_idx + 1);
    }
    const char *name = child->name == NULL ? "" : child->name;
    const char *format = child->format;
    if (child->dictionary != NULL) {
        source->index = find_kind(format);
        format = child->dictionary->format;
        if (!is_integer(source->index) || child->dictionary->dictionary != NULL) {
            return TEND_FAIL(err, ETYPE, "column '%.100s' is a dictionary of an unsupported kind",
                             name);
        }
    }
    source->kind = find_kind(format);
    if (source->kind == NULL && child->dictionary == NULL) {
        bool is_vector = false;
        TEND_TRY(tend__arrow_vector_init(&source->vector, child, name, &is_vector, err));
        const bool is_fixed = is_vector && source->vector.is_fixed;
        source->kind = is_fixed ? &fixed_vector_kind : is_vector ? &list_vector_kind : NULL;
    }
    if (source->kind == NULL || (source->kind->kind == KIND_DECIMAL &&
                                 !tend__arrow_decimal_parse(format, &source->decimal))) {
        return TEND_FAIL(err, ETYPE,
                         "column '%.100s' is %s (Arrow type '%.40s'), not one of number, bool, "
                         "text, date, timestamp or list of floats: leave it out",
                         name, tend__arrow_format_text(format), format == NULL ? "" : format);
    }
    char *copy = NULL;
    TEND_TRY(tend__mem_text(name, strlen(name), &copy, err));
    field->name = copy;
    field->type = source->kind->type;
    field->low = -(double)INFINITY;
    field->high = (double)INFINITY;
    return TEND_OK;
}

static enum tend_code init_view(struct tend__arrow_view *view,
                                const struct tend_arrow_schema *schema, struct tend_error *err)
{
    const size_t count = (size_t)schema->n_children;
    TEND_TRY(tend__mem_new(count, sizeof(*view->fields), &view->fields, err));
    TEND_TRY(tend__mem_new(count, sizeof(*view->sources), &view->sources, err));
    TEND_TRY(tend__mem_new(count, sizeof(*view->columns), &view->columns, err));
    view->column_count = count;
    for (size_t i = 0; i < count; i++) {
        TEND_TRY(init_column(view, i, schema->children[i], err));
    }
    return TEND_OK;
}

enum tend_code tend__arrow_view_new(const struct tend_arrow_schema *schema,
                                    struct tend__arrow_view **out, struct tend_error *err)
{
    if (schema == NULL || schema->format == NULL || strcmp(schema->format, "+s") != 0) {
        return TEND_FAIL(err, EINVAL, "the Arrow schema is not a struct of columns");
    }
    if (schema->n_children < 0 || schema->n_children > TEND_ARROW_COLUMNS_MAX ||
        (schema->n_children > 0 && schema->children == NULL)) {
        return TEND_FAIL(err, EINVAL, "the Arrow schema does not have 0..%d columns",
                         TEND_ARROW_COLUMNS_MAX);
    }
    struct tend__arrow_view *view = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*view), &view, err));
    const enum tend_code code = init_view(view, schema, err);
    if (code != TEND_OK) {
        tend__arrow_view_free(view);
        return code;
    }
    *out = view;
    return TEND_OK;
}

void tend__arrow_view_free(struct tend__arrow_view *view)
{
    if (view == NULL) {
        return;
    }
    for (size_t i = 0; i < view->column_count; i++) {
        tend__mem_free((void *)(uintptr_t)view->fields[i].name);
        tend__mem_free(view->sources[i].rows.values);
        tend__mem_free(view->sources[i].rows.rest);
        tend__mem_free(view->sources[i].rows.valid);
        tend__mem_free(view->sources[i].dictionary.values);
        tend__mem_free(view->sources[i].dictionary.rest);
        tend__mem_free(view->sources[i].dictionary.valid);
        tend__arrow_vector_deinit(&view->sources[i].vector);
    }
    tend__mem_free(view->fields);
    tend__mem_free(view->sources);
    tend__mem_free(view->columns);
    tend__mem_free(view);
}

const struct tend__field *tend__arrow_view_fields(const struct tend__arrow_view *view,
                                                  size_t *count)
{
    *count = view->column_count;
    return view->fields;
}

static size_t value_size(enum tend_type type)
{
    switch (type) {
    case TEND_TYPE_NUMBER:
        return sizeof(double);
    case TEND_TYPE_BOOL:
        return 1;
    case TEND_TYPE_TEXT:
        return sizeof(struct tend__text);
    case TEND_TYPE_TIME:
        return sizeof(int64_t);
    case TEND_TYPE_VECTOR: /* has its own memory */
    case TEND_TYPE_NULL:
        return 0;
    }
    return 0;
}

static enum tend_code reserve(struct decoded *to, enum tend_type type, size_t count,
                              struct tend_error *err)
{
    const size_t bytes = count * value_size(type);
    TEND_TRY(tend__mem_grow(&to->values, &to->values_cap, bytes, SIZE_MAX / 2, 1, err));
    return tend__mem_grow(&to->valid, &to->valid_cap, count, SIZE_MAX / 2, 1, err);
}

static bool read_bit(const uint8_t *bits, size_t at)
{
    return (bits[at / 8] >> (at % 8) & 1) != 0;
}

/* Rows begin .. begin + count of a validity bitmap, NULL = all present. */
static void read_validity(const uint8_t *bits, size_t begin, size_t count, struct decoded *to)
{
    to->has_null = false;
    if (count == 0) { /* then there is perhaps no memory */
        return;
    }
    if (bits == NULL) {
        memset(to->valid, 1, count);
        return;
    }
    uint8_t all = 1;
    for (size_t i = 0; i < count; i++) {
        to->valid[i] = read_bit(bits, begin + i) ? 1 : 0;
        all &= to->valid[i];
    }
    to->has_null = all == 0;
}

#define READ_NUMBERS(c_type)                                                                       \
    do {                                                                                           \
        const c_type *from = (const c_type *)buffer + begin;                                       \
        for (size_t i = 0; i < count; i++) {                                                       \
            out[i] = (double)from[i];                                                              \
        }                                                                                          \
    } while (0)

static void read_numbers(enum arrow_kind kind, const void *buffer, size_t begin, size_t count,
                         double *out)
{
    if (kind == KIND_I8) {
        READ_NUMBERS(int8_t);
    } else if (kind == KIND_U8) {
        READ_NUMBERS(uint8_t);
    } else if (kind == KIND_I16) {
        READ_NUMBERS(int16_t);
    } else if (kind == KIND_U16) {
        READ_NUMBERS(uint16_t);
    } else if (kind == KIND_I32) {
        READ_NUMBERS(int32_t);
    } else if (kind == KIND_U32) {
        READ_NUMBERS(uint32_t);
    } else if (kind == KIND_F16) {
        tend__arrow_read_halves(buffer, begin, count, out);
    } else if (kind == KIND_F32) {
        READ_NUMBERS(float);
    } else {
        READ_NUMBERS(double);
    }
}

static enum tend_code read_wide(enum arrow_kind kind, const void *buffer, size_t begin,
                                size_t count, struct decoded *to, struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&to->rest, &to->rest_cap, count, SIZE_MAX / 2 / sizeof(*to->rest),
                            sizeof(*to->rest), err));
    to->has_rest =
        kind == KIND_I64
            ? tend__split_signed((const int64_t *)buffer + begin, count, to->values, to->rest)
            : tend__split_unsigned((const uint64_t *)buffer + begin, count, to->values, to->rest);
    return TEND_OK;
}

static void read_bools(const uint8_t *bits, size_t begin, size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = read_bit(bits, begin + i) ? 1 : 0;
    }
}

/* Microseconds of value x `scale`; false where that is beyond 64 bits. */
static bool scale_time(int64_t value, int64_t scale, int64_t *out)
{
    if (value > INT64_MAX / scale || value < INT64_MIN / scale) {
        return false;
    }
    *out = value * scale;
    return true;
}

static void read_times(enum arrow_kind kind, const void *buffer, size_t begin, size_t count,
                       struct decoded *to)
{
    int64_t *out = to->values;
    if (kind == KIND_DATE_DAYS) {
        const int32_t *days = (const int32_t *)buffer + begin;
        for (size_t i = 0; i < count; i++) {
            out[i] = 0;
            if (!scale_time(days[i], TEND_US_PER_DAY, &out[i]) && to->valid[i] != 0) {
                to->valid[i] = 0;
                to->has_null = true;
            }
        }
        return;
    }
    const int64_t *from = (const int64_t *)buffer + begin;
    if (kind == KIND_TIME_US) {
        memcpy(out, from, count * sizeof(*out));
        return;
    }
    if (kind == KIND_TIME_NS) {
        for (size_t i = 0; i < count; i++) {
            out[i] = from[i] / 1000 - (from[i] % 1000 < 0 ? 1 : 0);
        }
        return;
    }
    const int64_t scale = kind == KIND_TIME_S ? TEND_US_PER_SECOND : 1000;
    for (size_t i = 0; i < count; i++) {
        out[i] = 0;
        if (!scale_time(from[i], scale, &out[i]) && to->valid[i] != 0) {
            to->valid[i] = 0;
            to->has_null = true;
        }
    }
}

static enum tend_code read_texts(bool is_large, const struct tend_arrow_array *array, size_t begin,
                                 size_t count, struct tend__text *out, struct tend_error *err)
{
    const int64_t *large = is_large ? (const int64_t *)array->buffers[1] + begin : NULL;
    const int32_t *small = is_large ? NULL : (const int32_t *)array->buffers[1] + begin;
    const char *bytes = array->buffers[2] == NULL ? "" : array->buffers[2];
    int64_t from = 0;
    if (count > 0) {
        from = is_large ? large[0] : small[0];
    }
    for (size_t i = 0; i < count; i++) {
        const int64_t to = is_large ? large[i + 1] : small[i + 1];
        if (from < 0 || to < from) {
            return TEND_FAIL(err, ECORRUPT, "the offsets of text %zu do not ascend", i);
        }
        if (array->buffers[2] == NULL && to != 0) {
            return TEND_FAIL(err, ECORRUPT, "the bytes of the texts are missing");
        }
        out[i].ptr = bytes + from;
        out[i].len = (size_t)(to - from);
        from = to;
    }
    return TEND_OK;
}

/* What the C interface promises of an array of one kind, for rows up to `end` (offset not counted).
 */
static enum tend_code check_array(const struct kind_row *kind, const struct tend_arrow_array *array,
                                  size_t end, struct tend_error *err)
{
    if (array == NULL || array->length < 0 || array->offset < 0 ||
        array->length > TEND_ARROW_LENGTH_MAX || array->offset > TEND_ARROW_LENGTH_MAX) {
        return TEND_FAIL(err, EINVAL, "the Arrow array is missing or its length is not in 0..%lld",
                         (long long)TEND_ARROW_LENGTH_MAX);
    }
    if (end > (size_t)array->length) {
        return TEND_FAIL(err, EINVAL, "the Arrow array has %lld rows of %zu",
                         (long long)array->length, end);
    }
    const bool has_buffers = kind->kind == KIND_TEXT_VIEW ? array->n_buffers >= kind->buffer_count
                                                          : array->n_buffers == kind->buffer_count;
    if (!has_buffers || (kind->buffer_count > 0 && array->buffers == NULL)) {
        return TEND_FAIL(err, EINVAL, "the Arrow array has %lld buffers, its type has %lld",
                         (long long)array->n_buffers, (long long)kind->buffer_count);
    }
    if (kind->buffer_count > 0 && end > 0 &&
        ((kind->buffer_count > 1 && array->buffers[1] == NULL) ||
         (array->null_count > 0 && array->buffers[0] == NULL))) {
        return TEND_FAIL(err, EINVAL, "the Arrow array lacks a buffer");
    }
    return TEND_OK;
}

/* Decodes rows begin .. begin + count (counted from the array's offset). */
static enum tend_code decode(const struct arrow_column *source,
                             const struct tend_arrow_array *array, size_t begin, size_t count,
                             struct decoded *to, struct tend_error *err)
{
    const struct kind_row *kind = source->kind;
    TEND_TRY(check_array(kind, array, begin + count, err));
    TEND_TRY(reserve(to, kind->type, count, err));
    if (kind->type == TEND_TYPE_NULL) {
        if (count > 0) {
            memset(to->valid, 0, count);
        }
        to->has_null = count > 0;
        return TEND_OK;
    }
    const size_t at = (size_t)array->offset + begin;
    read_validity(array->null_count == 0 ? NULL : array->buffers[0], at, count, to);
    if (count == 0) {
        return TEND_OK;
    }
    switch (kind->type) {
    case TEND_TYPE_NUMBER:
        if (kind->kind == KIND_DECIMAL) {
            tend__arrow_read_decimals(&source->decimal, array->buffers[1], at, count, to->values);
        } else if (kind->kind == KIND_I64 || kind->kind == KIND_U64) {
            return read_wide(kind->kind, array->buffers[1], at, count, to, err);
        } else {
            read_numbers(kind->kind, array->buffers[1], at, count, to->values);
        }
        return TEND_OK;
    case TEND_TYPE_BOOL:
        read_bools(array->buffers[1], at, count, to->values);
        return TEND_OK;
    case TEND_TYPE_TEXT:
        if (kind->kind == KIND_TEXT_VIEW) {
            return tend__arrow_read_views(array, at, count, to->valid, to->values, err);
        }
        return read_texts(kind->kind == KIND_LARGE_TEXT, array, at, count, to->values, err);
    case TEND_TYPE_TIME:
        read_times(kind->kind, array->buffers[1], at, count, to);
        return TEND_OK;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return TEND_OK;
    }
    return TEND_OK;
}

static int64_t read_index(enum arrow_kind kind, const void *buffer, size_t at)
{
    uint64_t wide = 0;
    if (kind == KIND_I8) {
        return ((const int8_t *)buffer)[at];
    }
    if (kind == KIND_U8) {
        return ((const uint8_t *)buffer)[at];
    }
    if (kind == KIND_I16) {
        return ((const int16_t *)buffer)[at];
    }
    if (kind == KIND_U16) {
        return ((const uint16_t *)buffer)[at];
    }
    if (kind == KIND_I32) {
        return ((const int32_t *)buffer)[at];
    }
    if (kind == KIND_U32) {
        return ((const uint32_t *)buffer)[at];
    }
    if (kind == KIND_I64) {
        return ((const int64_t *)buffer)[at];
    }
    wide = ((const uint64_t *)buffer)[at];
    return wide > INT64_MAX ? -1 : (int64_t)wide;
}

/* rows[i] = dictionary[index[i]] */
static enum tend_code gather(struct arrow_column *source, const struct tend_arrow_array *array,
                             size_t begin, size_t count, bool is_first, struct tend_error *err)
{
    const struct tend_arrow_array *dictionary = array == NULL ? NULL : array->dictionary;
    struct decoded *to = &source->rows;
    const size_t size = value_size(source->kind->type);
    TEND_TRY(check_array(source->index, array, begin + count, err));
    if (dictionary == NULL || dictionary->length < 0) {
        return TEND_FAIL(err, EINVAL, "the Arrow dictionary is missing");
    }
    const size_t known_count = (size_t)dictionary->length;
    if (is_first || source->known_count != known_count) {
        TEND_TRY(decode(source, dictionary, 0, known_count, &source->dictionary, err));
        source->known_count = known_count;
    }
    TEND_TRY(reserve(to, source->kind->type, count, err));
    const size_t at = (size_t)array->offset + begin;
    read_validity(array->null_count == 0 ? NULL : array->buffers[0], at, count, to);
    for (size_t i = 0; i < count; i++) {
        /* A dictionary of nulls has values of no size, and none. */
        char *value = size == 0 ? NULL : (char *)to->values + i * size;
        if (to->valid[i] == 0) {
            if (value != NULL) {
                memset(value, 0, size);
            }
            continue;
        }
        const int64_t index = read_index(source->index->kind, array->buffers[1], at + i);
        if (index < 0 || (uint64_t)index >= known_count) {
            return TEND_FAIL(err, ECORRUPT, "row %zu has the index %lld of a dictionary of %zu", i,
                             (long long)index, known_count);
        }
        to->valid[i] = source->dictionary.valid[index];
        to->has_null = to->has_null || to->valid[i] == 0;
        if (value != NULL) {
            memcpy(value, (const char *)source->dictionary.values + (size_t)index * size, size);
        }
    }
    return TEND_OK;
}

/* Rows that the struct itself calls null are null in every column. */
static void mask_rows(const struct tend_arrow_array *array, size_t begin, size_t count,
                      struct decoded *rows)
{
    const uint8_t *bits = array->n_buffers > 0 && array->buffers != NULL ? array->buffers[0] : NULL;
    if (bits == NULL || array->null_count == 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_bit(bits, (size_t)array->offset + begin + i)) {
            rows->valid[i] = 0;
            rows->has_null = true;
        }
    }
}

/* The validity is there already. */
static enum tend_code view_vectors(struct arrow_column *source,
                                   const struct tend_arrow_array *child, size_t begin, size_t count,
                                   struct tend__column *out, struct tend_error *err)
{
    struct tend__column column = {.type = TEND_TYPE_VECTOR};
    struct tend__arrow_rows rows = {.array = child,
                                    .begin = begin,
                                    .count = count,
                                    .valid = source->rows.valid,
                                    .has_null = source->rows.has_null};
    TEND_TRY(tend__arrow_vector_read(&source->vector, &rows, &column, err));
    column.valid = rows.has_null ? source->rows.valid : NULL;
    *out = column;
    return TEND_OK;
}

/* Column column_idx of rows begin .. begin + count of the struct. */
static enum tend_code view_column(struct tend__arrow_view *view,
                                  const struct tend_arrow_array *array, size_t column_idx,
                                  size_t begin, size_t count, struct tend_error *err)
{
    struct arrow_column *source = &view->sources[column_idx];
    const struct tend_arrow_array *child = array->children[column_idx];
    const size_t at = (size_t)array->offset + begin;
    if (source->index != NULL) {
        TEND_TRY(gather(source, child, at, count, begin == 0, err));
    } else {
        TEND_TRY(decode(source, child, at, count, &source->rows, err));
    }
    mask_rows(array, begin, count, &source->rows);
    const enum tend_type type = source->kind->type;
    if (type == TEND_TYPE_VECTOR) {
        return view_vectors(source, child, at, count, &view->columns[column_idx], err);
    }
    view->columns[column_idx] = (struct tend__column){
        .type = type,
        .valid = source->rows.has_null ? source->rows.valid : NULL,
        .f64 = type == TEND_TYPE_NUMBER ? source->rows.values : NULL,
        .rest = source->rows.has_rest && source->index == NULL ? source->rows.rest : NULL,
        .bools = type == TEND_TYPE_BOOL ? source->rows.values : NULL,
        .text = type == TEND_TYPE_TEXT ? source->rows.values : NULL,
        .time_us = type == TEND_TYPE_TIME ? source->rows.values : NULL,
    };
    return TEND_OK;
}

enum tend_code tend__arrow_view_range(struct tend__arrow_view *view,
                                      const struct tend_arrow_array *array, size_t begin,
                                      size_t count, struct tend__batch *out, struct tend_error *err)
{
    if (array == NULL || array->length < 0 || array->length > TEND_ARROW_LENGTH_MAX ||
        array->offset < 0 || array->offset > TEND_ARROW_LENGTH_MAX) {
        return TEND_FAIL(err, EINVAL, "the Arrow array has no length in 0..%lld",
                         (long long)TEND_ARROW_LENGTH_MAX);
    }
    if (count > TEND_ARROW_ROWS_MAX || begin > (size_t)array->length ||
        count > (size_t)array->length - begin) {
        return TEND_FAIL(err, EINVAL, "%zu rows from %zu of an Arrow array of %lld: at most %d",
                         count, begin, (long long)array->length, TEND_ARROW_ROWS_MAX);
    }
    if ((size_t)array->n_children != view->column_count ||
        (view->column_count > 0 && array->children == NULL)) {
        return TEND_FAIL(err, EINVAL, "the Arrow array has %lld columns, its schema %zu",
                         (long long)array->n_children, view->column_count);
    }
    for (size_t i = 0; i < view->column_count; i++) {
        const enum tend_code code = view_column(view, array, i, begin, count, err);
        if (code != TEND_OK) {
            tend__error_prefix(err, "column '%.100s'", view->fields[i].name);
            return code;
        }
    }
    *out = (struct tend__batch){
        .row_count = count,
        .column_count = view->column_count,
        .fields = view->fields,
        .columns = view->columns,
    };
    return TEND_OK;
}

enum tend_code tend__arrow_view_batch(struct tend__arrow_view *view,
                                      const struct tend_arrow_array *array, struct tend__batch *out,
                                      struct tend_error *err)
{
    const size_t count = array == NULL || array->length < 0 ? 0 : (size_t)array->length;
    return tend__arrow_view_range(view, array, 0, count, out, err);
}
