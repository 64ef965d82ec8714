/* SPDX-License-Identifier: Apache-2.0 */
/* table_bytes.c: see the header for the layout. */
#include "profile/table_bytes.h"

#include "base/hash.h"
#include "base/mem.h"
#include "profile/arrow_out.h"
#include "profile/arrow_read.h"

#include <string.h>

#define MAGIC_SIZE 8
#define VERSION 1
#define HEAD_SIZE 24
#define HASH_SIZE 8
#define COLUMN_MAX 4096
#define ROW_MAX ((uint64_t)1 << 32)

static const char magic[MAGIC_SIZE] = "TENDTBL";
static const char *const scalar_formats[] = {"b", "l", "g", "u", "z", "tsu:"};

/* The constant text that equals a format; NULL where it is not one that tables of results have. A
 * zone may follow "tsu:"; large texts are written as small ones. */
static const char *known_format(const char *format)
{
    if (format == NULL) {
        return NULL;
    }
    if (strncmp(format, "tsu:", 4) == 0) {
        return "tsu:";
    }
    if (strcmp(format, "U") == 0 || strcmp(format, "Z") == 0) {
        return format[0] == 'U' ? "u" : "z";
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(scalar_formats); i++) {
        if (strcmp(format, scalar_formats[i]) == 0) {
            return scalar_formats[i];
        }
    }
    return NULL;
}

/* ---- writing ---- */

static void put_uint(struct tend__buf *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        tend__buf_char(out, (char)(value >> (8 * i) & 0xFF));
    }
}

static void put_bytes(struct tend__buf *out, const char *bytes, size_t len)
{
    put_uint(out, len, 4);
    tend__buf_add(out, bytes, len);
}

static void put_double(struct tend__buf *out, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    put_uint(out, bits, 8);
}

static enum tend_code put_scalar(struct tend__buf *out, const struct tend__arrow_cursor *cursor,
                                 size_t row_idx, struct tend_error *err)
{
    struct tend__text text = {0};
    switch (cursor->field->format[0]) {
    case 'b':
        put_uint(out, tend__arrow_read_bool(cursor, row_idx) ? 1 : 0, 1);
        return TEND_OK;
    case 'g':
        put_double(out, tend__arrow_read_double(cursor, row_idx));
        return TEND_OK;
    case 'u':
    case 'z':
        TEND_TRY(tend__arrow_read_bytes(cursor, row_idx, &text, err));
        put_bytes(out, text.ptr, text.len);
        return TEND_OK;
    default:
        put_uint(out, (uint64_t)tend__arrow_read_int(cursor, row_idx), 8);
        return TEND_OK;
    }
}

static enum tend_code put_list(struct tend__buf *out, const struct tend__arrow_cursor *cursor,
                               size_t row_idx, struct tend_error *err)
{
    size_t begin = 0;
    size_t count = 0;
    struct tend__text text = {0};
    TEND_TRY(tend__arrow_read_list(cursor, row_idx, &begin, &count, err));
    put_uint(out, count, 4);
    for (size_t i = begin; i < begin + count; i++) {
        if (cursor->field->format[0] == 'g') {
            put_double(out, tend__arrow_item_double(cursor, i));
        } else if (cursor->field->format[0] == 'l') {
            put_uint(out, (uint64_t)tend__arrow_item_int(cursor, i), 8);
        } else {
            TEND_TRY(tend__arrow_item_bytes(cursor, i, &text, err));
            put_bytes(out, text.ptr, text.len);
        }
    }
    return TEND_OK;
}

static enum tend_code put_column(struct tend__buf *out, const struct tend__arrow_cursor *cursor,
                                 size_t row_count, struct tend_error *err)
{
    const struct tend__arrow_field *field = cursor->field;
    put_bytes(out, field->name, strlen(field->name));
    put_bytes(out, field->format, strlen(field->format));
    put_uint(out, field->is_list ? 1 : 0, 1);
    for (size_t i = 0; i < row_count; i++) {
        const bool is_null = tend__arrow_is_null(cursor, i);
        put_uint(out, is_null ? 0 : 1, 1);
        if (!is_null && field->is_list) {
            TEND_TRY(put_list(out, cursor, i, err));
        } else if (!is_null) {
            TEND_TRY(put_scalar(out, cursor, i, err));
        }
    }
    return tend__buf_code(out, err);
}

static enum tend_code describe_field(const struct tend_arrow_schema *child,
                                     struct tend__arrow_field *field, struct tend_error *err)
{
    const char *format = child == NULL ? NULL : child->format;
    field->name = child == NULL || child->name == NULL ? "" : child->name;
    field->is_list = format != NULL && (strcmp(format, "+l") == 0 || strcmp(format, "+L") == 0) &&
                     child->n_children == 1 && child->children != NULL &&
                     child->children[0] != NULL;
    field->format = known_format(field->is_list ? child->children[0]->format : format);
    const bool is_taken =
        field->format != NULL && !(field->is_list && strchr("glu", field->format[0]) == NULL);
    if (!is_taken) {
        return TEND_FAIL(err, ETYPE,
                         "column '%.100s' has the Arrow type '%.40s', which tables of "
                         "results do not have",
                         field->name, format == NULL ? "" : format);
    }
    return TEND_OK;
}

static enum tend_code put_table(const struct tend_arrow_schema *schema,
                                const struct tend_arrow_array *array,
                                struct tend__arrow_field *fields,
                                struct tend__arrow_cursor *cursors, struct tend__buf *out,
                                struct tend_error *err)
{
    const size_t count = (size_t)schema->n_children;
    const size_t begin = out->len;
    for (size_t i = 0; i < count; i++) {
        TEND_TRY(describe_field(schema->children[i], &fields[i], err));
    }
    TEND_TRY(tend__arrow_cursors_init(fields, count, schema, array, cursors, err));
    tend__buf_add(out, magic, MAGIC_SIZE);
    put_uint(out, VERSION, 4);
    put_uint(out, count, 4);
    put_uint(out, (uint64_t)array->length, 8);
    for (size_t i = 0; i < count; i++) {
        TEND_TRY(put_column(out, &cursors[i], (size_t)array->length, err));
    }
    TEND_TRY(tend__buf_code(out, err));
    put_uint(out, tend__hash64(out->bytes + begin, out->len - begin, 0), HASH_SIZE);
    return tend__buf_code(out, err);
}

enum tend_code tend__table_to_bytes(const struct tend_arrow_schema *schema,
                                    const struct tend_arrow_array *array, struct tend__buf *out,
                                    struct tend_error *err)
{
    struct tend__arrow_field *fields = NULL;
    struct tend__arrow_cursor *cursors = NULL;
    enum tend_code code = TEND_OK;
    if (schema->n_children < 1 || schema->n_children > COLUMN_MAX || array->length < 0) {
        return TEND_FAIL(err, EINVAL, "the table does not have 1..%d columns", COLUMN_MAX);
    }
    TEND_TRY_OUT(tend__mem_new((size_t)schema->n_children, sizeof(*fields), &fields, err));
    TEND_TRY_OUT(tend__mem_new((size_t)schema->n_children, sizeof(*cursors), &cursors, err));
    code = put_table(schema, array, fields, cursors, out, err);
out:
    tend__mem_free(fields);
    tend__mem_free(cursors);
    return code;
}

/* ---- reading ---- */

struct byte_reader {
    const unsigned char *bytes;
    size_t len;
    size_t at;
    bool is_short; /* something was asked for beyond the end; sticks */
};

static const unsigned char *take(struct byte_reader *reader, size_t len)
{
    if (reader->is_short || len > reader->len - reader->at) {
        reader->is_short = true;
        return NULL;
    }
    const unsigned char *bytes = reader->bytes + reader->at;
    reader->at += len;
    return bytes;
}

static uint64_t take_uint(struct byte_reader *reader, int bytes)
{
    const unsigned char *from = take(reader, (size_t)bytes);
    uint64_t value = 0;
    for (int i = 0; from != NULL && i < bytes; i++) {
        value |= (uint64_t)from[i] << (8 * i);
    }
    return value;
}

static double take_double(struct byte_reader *reader)
{
    const uint64_t bits = take_uint(reader, 8);
    double value = 0;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static struct tend__text take_text(struct byte_reader *reader)
{
    const size_t len = (size_t)take_uint(reader, 4);
    const unsigned char *bytes = take(reader, len);
    return (struct tend__text){.ptr = bytes == NULL ? "" : (const char *)bytes,
                               .len = bytes == NULL ? 0 : len};
}

static enum tend_code fail_short(struct tend_error *err)
{
    return TEND_FAIL(err, ECORRUPT, "the bytes of the table are damaged");
}

/* The fields point at names that are copied, since a zero follows none in the bytes. */
struct table_reader {
    struct byte_reader reader;
    size_t column_count;
    size_t row_count;
    struct tend__arrow_field *fields;
    char **names;
    size_t *starts; /* where the values of each column begin */
    struct tend__arrow_out *out;
    /* one list */
    void *items;
    size_t items_cap;
};

static enum tend_code take_head(struct table_reader *table, struct tend_error *err)
{
    struct byte_reader *reader = &table->reader;
    if (reader->len < HEAD_SIZE + HASH_SIZE || memcmp(reader->bytes, magic, MAGIC_SIZE) != 0) {
        return TEND_FAIL(err, ECORRUPT, "the bytes are not a table of tend's");
    }
    reader->at = MAGIC_SIZE;
    const uint64_t version = take_uint(reader, 4);
    if (version != VERSION) {
        return TEND_FAIL(err, ECORRUPT, "the table has version %llu; this tend reads version %d",
                         (unsigned long long)version, VERSION);
    }
    reader->len -= HASH_SIZE;
    uint64_t hash = 0;
    for (int i = 0; i < HASH_SIZE; i++) {
        hash |= (uint64_t)reader->bytes[reader->len + (size_t)i] << (8 * i);
    }
    if (hash != tend__hash64(reader->bytes, reader->len, 0)) {
        return fail_short(err);
    }
    table->column_count = (size_t)take_uint(reader, 4);
    const uint64_t row_count = take_uint(reader, 8);
    /* A value takes a byte at least. */
    if (table->column_count < 1 || table->column_count > COLUMN_MAX || row_count > ROW_MAX ||
        row_count > reader->len) {
        return fail_short(err);
    }
    table->row_count = (size_t)row_count;
    return TEND_OK;
}

/* Reads one value; into the table's writer where `idx` is a column, else only past it. */
static void take_scalar(struct table_reader *table, size_t idx, bool is_kept)
{
    struct byte_reader *reader = &table->reader;
    const char format = table->fields[idx].format[0];
    if (format == 'b') {
        const bool value = take_uint(reader, 1) != 0;
        if (is_kept) {
            tend__arrow_out_bool(table->out, idx, value);
        }
    } else if (format == 'g') {
        const double value = take_double(reader);
        if (is_kept) {
            tend__arrow_out_double(table->out, idx, value);
        }
    } else if (format == 'u' || format == 'z') {
        const struct tend__text value = take_text(reader);
        if (is_kept) {
            tend__arrow_out_bytes(table->out, idx, value.ptr, value.len);
        }
    } else {
        const int64_t value = (int64_t)take_uint(reader, 8);
        if (is_kept) {
            tend__arrow_out_int(table->out, idx, value);
        }
    }
}

static enum tend_code keep_list(struct table_reader *table, size_t idx, size_t count,
                                struct tend_error *err)
{
    struct byte_reader *reader = &table->reader;
    const char format = table->fields[idx].format[0];
    TEND_TRY(tend__mem_grow(&table->items, &table->items_cap,
                            (count + 1) * sizeof(struct tend__text), SIZE_MAX / 2, 1, err));
    for (size_t i = 0; i < count; i++) {
        if (format == 'g') {
            ((double *)table->items)[i] = take_double(reader);
        } else if (format == 'l') {
            ((uint64_t *)table->items)[i] = take_uint(reader, 8);
        } else {
            ((struct tend__text *)table->items)[i] = take_text(reader);
        }
    }
    if (format == 'g') {
        tend__arrow_out_doubles(table->out, idx, table->items, count);
    } else if (format == 'l') {
        tend__arrow_out_ints(table->out, idx, table->items, count);
    } else {
        tend__arrow_out_texts(table->out, idx, table->items, count);
    }
    return TEND_OK;
}

static enum tend_code take_list(struct table_reader *table, size_t idx, bool is_kept,
                                struct tend_error *err)
{
    struct byte_reader *reader = &table->reader;
    const size_t count = (size_t)take_uint(reader, 4);
    if (count > reader->len - reader->at) { /* an item takes more than a byte */
        return fail_short(err);
    }
    if (is_kept) {
        return keep_list(table, idx, count, err);
    }
    for (size_t i = 0; i < count && !reader->is_short; i++) {
        take_scalar(table, idx, false);
    }
    return TEND_OK;
}

/* The values of a column: kept by the writer in the second pass, passed over in the first. */
static enum tend_code take_values(struct table_reader *table, size_t idx, bool is_kept,
                                  struct tend_error *err)
{
    for (size_t i = 0; i < table->row_count; i++) {
        const uint64_t mark = take_uint(&table->reader, 1);
        if (mark > 1) {
            return fail_short(err);
        }
        if (mark == 0 && is_kept) {
            tend__arrow_out_null(table->out, idx);
        } else if (mark == 1 && table->fields[idx].is_list) {
            TEND_TRY(take_list(table, idx, is_kept, err));
        } else if (mark == 1) {
            take_scalar(table, idx, is_kept);
        }
        if (table->reader.is_short) {
            return fail_short(err);
        }
    }
    return TEND_OK;
}

static enum tend_code take_field(struct table_reader *table, size_t idx, struct tend_error *err)
{
    struct byte_reader *reader = &table->reader;
    struct tend__arrow_field *field = &table->fields[idx];
    char format[8] = {0};
    const struct tend__text name = take_text(reader);
    const struct tend__text format_text = take_text(reader);
    const uint64_t is_list = take_uint(reader, 1);
    if (reader->is_short || is_list > 1 || format_text.len >= sizeof(format) ||
        memchr(name.ptr, '\0', name.len) != NULL) {
        return fail_short(err);
    }
    memcpy(format, format_text.ptr, format_text.len);
    field->format = known_format(format);
    field->is_list = is_list == 1;
    if (field->format == NULL || strcmp(field->format, format) != 0 ||
        (field->is_list && strchr("glu", format[0]) == NULL)) {
        return fail_short(err);
    }
    TEND_TRY(tend__mem_text(name.ptr, name.len, &table->names[idx], err));
    field->name = table->names[idx];
    return TEND_OK;
}

static enum tend_code take_table(struct table_reader *table, struct tend_error *err)
{
    const size_t count = table->column_count;
    TEND_TRY(tend__mem_new(count, sizeof(*table->fields), &table->fields, err));
    TEND_TRY(tend__mem_new(count, sizeof(*table->names), &table->names, err));
    TEND_TRY(tend__mem_new(count, sizeof(*table->starts), &table->starts, err));
    /* All fields must be known before the writer is made. */
    for (size_t i = 0; i < count; i++) {
        TEND_TRY(take_field(table, i, err));
        table->starts[i] = table->reader.at;
        TEND_TRY(take_values(table, i, false, err));
    }
    if (table->reader.at != table->reader.len) {
        return fail_short(err);
    }
    TEND_TRY(tend__arrow_out_new(table->fields, count, &table->out, err));
    for (size_t i = 0; i < count; i++) {
        table->reader.at = table->starts[i];
        TEND_TRY(take_values(table, i, true, err));
    }
    return TEND_OK;
}

enum tend_code tend__table_from_bytes(const void *bytes, size_t len,
                                      struct tend_arrow_schema *schema,
                                      struct tend_arrow_array *array, struct tend_error *err)
{
    struct table_reader table = {.reader = {.bytes = bytes, .len = len}};
    TEND_TRY(take_head(&table, err));
    enum tend_code code = take_table(&table, err);
    if (code == TEND_OK) {
        code = tend__arrow_out_take(table.out, schema, array, err);
    }
    tend__arrow_out_free(table.out);
    for (size_t i = 0; table.names != NULL && i < table.column_count; i++) {
        tend__mem_free(table.names[i]);
    }
    tend__mem_free(table.names);
    tend__mem_free(table.fields);
    tend__mem_free(table.starts);
    tend__mem_free(table.items);
    return code;
}
