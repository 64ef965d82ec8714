/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_read.c: streams a source as batches.
 *
 * The casts to tend's four types are done by DuckDB, in SQL and on its threads, so that a vector of
 * numbers, booleans or times is a tend__column as it lies: no copy. Only text (pointers), validity
 * (bits to bytes) and whole numbers of 64 bits (nearest double and rest) are rewritten. Through
 * Arrow the same rows cost a copy of every column; that path exists for whoever needs the ABI.
 *
 * Order: DuckDB keeps the order of files and rows. Where `order_by` asks for one, the column is
 * streamed by itself first and sorted only where it does not ascend already; the sort spills to the
 * lake's folder, and ties keep the file's order.
 */
#include "lake/lake_private.h"

#include "base/mem.h"
#include "base/names.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NOTE_MAX 64
#define PROGRESS_EVERY 102400

struct tend__lake_reader {
    duckdb_connection con;
    duckdb_prepared_statement statement;
    duckdb_result result;
    duckdb_data_chunk chunk;
    bool is_started;
    bool is_done;
    struct lake_source source;
    struct lake_columns found; /* all of the source */
    const char *text_of_times; /* of those, a text that is read as times; or NULL */
    size_t *picked;            /* indices into found */
    size_t column_count;
    struct tend__field *fields;
    struct tend__column *columns;
    uint8_t *valid;          /* column_count x TEND_LAKE_BATCH_MAX */
    struct tend__text *text; /* the same, where there is text */
    double *wide;            /* twice the same for whole numbers of 64 bits: nearest, and rests */
    struct tend__batch batch;
    char *notes[NOTE_MAX];
    size_t note_count;
    uint64_t rows_done;
    uint64_t rows_expected;
    uint64_t rows_told; /* of the last progress */
    tend__lake_progress_fn progress;
    void *progress_ctx;
};

static enum tend_code add_note(struct tend__lake_reader *reader, const char *text,
                               struct tend_error *err)
{
    if (reader->note_count == NOTE_MAX) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_text(text, strlen(text), &reader->notes[reader->note_count], err));
    reader->note_count++;
    return TEND_OK;
}

static const char *column_words(const struct lake_column *column)
{
    if (column->name[0] == '\0') {
        return "without a name";
    }
    switch ((int)column->type) {
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
        return "a list";
    case DUCKDB_TYPE_STRUCT:
    case DUCKDB_TYPE_MAP:
    case DUCKDB_TYPE_UNION:
        return "nested";
    case DUCKDB_TYPE_BLOB:
        return "binary";
    default:
        return "of a type that tend does not read";
    }
}

static enum tend_code fail_no_column(const struct tend__lake_reader *reader, const char *name,
                                     struct tend_error *err)
{
    const char *near = NULL;
    const char **names = NULL;
    if (tend__mem_new(reader->found.count, sizeof(*names), &names, NULL) == TEND_OK) {
        for (size_t i = 0; i < reader->found.count; i++) {
            names[i] = reader->found.at[i].name;
        }
        near = tend__name_nearest(name, names, reader->found.count);
        tend__mem_free(names);
    }
    if (near != NULL) {
        return TEND_FAIL(err, ENOTFOUND, "'%s' has no column '%s' (did you mean '%s'?)",
                         reader->source.shown, name, near);
    }
    return TEND_FAIL(err, ENOTFOUND, "'%s' has no column '%s'", reader->source.shown, name);
}

static enum tend_code find_column(const struct tend__lake_reader *reader, const char *name,
                                  size_t *out, struct tend_error *err)
{
    for (size_t i = 0; i < reader->found.count; i++) {
        if (strcmp(reader->found.at[i].name, name) == 0) {
            bool is_supported = false;
            (void)tend__lake_type(&reader->found.at[i], &is_supported);
            if (!is_supported) {
                return TEND_FAIL(err, ETYPE, "column '%s' of '%s' is %s, which tend does not read",
                                 name, reader->source.shown, column_words(&reader->found.at[i]));
            }
            *out = i;
            return TEND_OK;
        }
    }
    return fail_no_column(reader, name, err);
}

static enum tend_code pick_all(struct tend__lake_reader *reader, struct tend_error *err)
{
    for (size_t i = 0; i < reader->found.count; i++) {
        bool is_supported = false;
        char note[512];
        (void)tend__lake_type(&reader->found.at[i], &is_supported);
        if (is_supported) {
            reader->picked[reader->column_count++] = i;
            continue;
        }
        (void)snprintf(note, sizeof(note), "column '%s' of '%s' is %s and is left out",
                       reader->found.at[i].name, reader->source.shown,
                       column_words(&reader->found.at[i]));
        TEND_TRY(add_note(reader, note, err));
    }
    if (reader->column_count == 0) {
        return TEND_FAIL(err, ETYPE, "'%s' has no column that tend can read", reader->source.shown);
    }
    return TEND_OK;
}

/* A JSON column whose values are of several types. */
static enum tend_code note_untyped(struct tend__lake_reader *reader, struct tend_error *err)
{
    for (size_t i = 0; i < reader->column_count; i++) {
        const struct lake_column *column = &reader->found.at[reader->picked[i]];
        if (column->is_json && column->reading == LAKE_READ_TEXT) {
            char note[512];
            (void)snprintf(
                note, sizeof(note),
                "the values of column '%s' of '%s' have no single type: they are read as "
                "text",
                column->name, reader->source.shown);
            TEND_TRY(add_note(reader, note, err));
        }
    }
    return TEND_OK;
}

static enum tend_code pick_columns(struct tend__lake_reader *reader,
                                   const struct tend__lake_read_options *options,
                                   struct tend_error *err)
{
    size_t cap = reader->found.count;
    if (options->columns != NULL && options->column_count > cap) {
        cap = options->column_count;
    }
    TEND_TRY(tend__mem_new(cap, sizeof(*reader->picked), &reader->picked, err));
    if (options->columns == NULL) {
        return pick_all(reader, err);
    }
    if (options->column_count == 0) {
        return TEND_FAIL(err, EINVAL, "no column of '%s' is asked for", reader->source.shown);
    }
    for (size_t i = 0; i < options->column_count; i++) {
        TEND_TRY(find_column(reader, options->columns[i], &reader->picked[i], err));
        reader->column_count++;
    }
    return TEND_OK;
}

static bool is_same_name(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The type a column comes out with, where `time_column` turns text into time. */
static enum tend_type out_type(const struct lake_column *column, const char *time_column)
{
    bool is_supported = false;
    const enum tend_type type = tend__lake_type(column, &is_supported);
    if (type == TEND_TYPE_TEXT && is_same_name(column->name, time_column)) {
        return TEND_TYPE_TIME;
    }
    return type;
}

/* A whole number of 64 bits: it comes as it is, and is turned into a number here, so that nothing
 * of it is lost. */
static bool is_wide(const struct lake_column *column)
{
    return column->reading == LAKE_READ_PLAIN &&
           (column->type == DUCKDB_TYPE_BIGINT || column->type == DUCKDB_TYPE_UBIGINT);
}

/* The expression that gives a column as DOUBLE, BOOLEAN, TIMESTAMP or VARCHAR. */
static void add_expression(struct tend__buf *sql, const struct lake_source *source,
                           const struct lake_column *column, const char *time_column)
{
    const char *before = "CAST(";
    const char *after = "";
    if (column->reading == LAKE_READ_NUMBER) {
        tend__lake_number_sql(sql, column);
        return;
    }
    if (column->reading == LAKE_READ_NOTHING) {
        tend__buf_text(sql, "CAST(NULL AS VARCHAR)");
        return;
    }
    if (is_wide(column)) {
        tend__sql_name(sql, column->name);
        return;
    }
    switch (out_type(column, time_column)) {
    case TEND_TYPE_NUMBER:
        after = " AS DOUBLE)";
        break;
    case TEND_TYPE_BOOL:
        after = " AS BOOLEAN)";
        break;
    case TEND_TYPE_TIME:
        /* Text goes through a time with a zone, so that "Z" and "+02:00" are understood. */
        after = " AS TIMESTAMP)";
        if (column->type == DUCKDB_TYPE_VARCHAR || source->kind == LAKE_JSON) {
            before = "CAST(CAST(";
            after = " AS TIMESTAMPTZ) AS TIMESTAMP)";
        }
        break;
    case TEND_TYPE_TEXT:
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        after = " AS VARCHAR)";
        if (column->is_json) {
            before = "(";
            after = "->>'$')";
        }
        break;
    }
    tend__buf_text(sql, before);
    tend__sql_name(sql, column->name);
    tend__buf_text(sql, after);
}

/* The rows with tend's types under their own names: what `where` speaks of. DuckDB reads only the
 * columns that are used in the end. */
static void add_from(struct tend__buf *sql, const struct tend__lake_reader *reader,
                     const struct tend__lake_read_options *options)
{
    const char *before = " FROM (SELECT ";
    for (size_t i = 0; i < reader->found.count; i++) {
        bool is_supported = false;
        const struct lake_column *column = &reader->found.at[i];
        (void)tend__lake_type(column, &is_supported);
        if (is_supported) {
            tend__buf_text(sql, before);
            add_expression(sql, &reader->source, column, options->time_column);
            tend__buf_text(sql, " AS ");
            tend__sql_name(sql, column->name);
            before = ", ";
        }
    }
    tend__buf_text(sql, " FROM ");
    tend__lake_table_sql(sql, &reader->source, &reader->found);
    tend__buf_char(sql, ')');
    if (options->where != NULL) {
        tend__buf_printf(sql, " WHERE (%s)", options->where);
    }
}

static void write_select(struct tend__buf *sql, const struct tend__lake_reader *reader,
                         const struct tend__lake_read_options *options, const size_t *sort_column)
{
    tend__buf_text(sql, "SELECT ");
    if (sort_column != NULL) {
        for (size_t i = 0; i < reader->column_count; i++) {
            tend__buf_printf(sql, "%sc%zu", i > 0 ? ", " : "", i);
        }
        tend__buf_text(sql, " FROM (SELECT ");
    }
    for (size_t i = 0; i < reader->column_count; i++) {
        tend__buf_text(sql, i > 0 ? ", " : "");
        tend__sql_name(sql, reader->found.at[reader->picked[i]].name);
        tend__buf_printf(sql, " AS c%zu", i);
    }
    if (sort_column != NULL) {
        tend__buf_text(sql, ", ");
        tend__sql_name(sql, reader->found.at[*sort_column].name);
        tend__buf_text(sql, " AS sort_key, row_number() OVER () AS sort_row");
    }
    add_from(sql, reader, options);
    if (sort_column != NULL) {
        tend__buf_text(sql, ") ORDER BY sort_key ASC NULLS LAST, sort_row");
    }
    if (options->row_max != 0) {
        tend__buf_printf(sql, " LIMIT %" PRIu64, options->row_max);
    }
}

static enum tend_code stream_sql(struct tend__lake_reader *reader, const char *sql,
                                 struct tend_error *err)
{
    return tend__lake_prepare(reader->con, sql, &reader->source, &reader->statement, err);
}

/* What DuckDB says of a value among numbers lacks the line, which another reading finds. */
static enum tend_code fail_rows(struct tend__lake_reader *reader, const char *why,
                                struct tend_error *err)
{
    const enum tend_code code = tend__lake_fail(why, &reader->source, err);
    if (code == TEND_ECORRUPT && err != NULL && reader->text_of_times != NULL &&
        strstr(err->text, "is not a time") != NULL && err->line == 0) {
        return tend__lake_find_bad_time(reader->con, &reader->source, &reader->found,
                                        reader->text_of_times, err);
    }
    if (code == TEND_ECORRUPT && err != NULL && err->line == 0 && reader->source.kind == LAKE_CSV) {
        return tend__lake_find_bad_value(reader->con, &reader->source, err);
    }
    return code;
}

static enum tend_code start(struct tend__lake_reader *reader, struct tend_error *err)
{
    if (reader->is_started) {
        return TEND_OK;
    }
    const duckdb_state state =
        duckdb_execute_prepared_streaming(reader->statement, &reader->result);
    reader->is_started = true;
    if (state != DuckDBSuccess) {
        reader->is_done = true;
        return fail_rows(reader, duckdb_result_error(&reader->result), err);
    }
    return TEND_OK;
}

static void stop(struct tend__lake_reader *reader)
{
    duckdb_destroy_data_chunk(&reader->chunk);
    if (reader->is_started) {
        duckdb_destroy_result(&reader->result);
    }
    if (reader->statement != NULL) {
        duckdb_destroy_prepare(&reader->statement);
    }
    reader->is_started = false;
    reader->is_done = false;
}

/* reader->chunk is the next that has rows, or NULL at the end. */
static enum tend_code fetch(struct tend__lake_reader *reader, struct tend_error *err)
{
    duckdb_destroy_data_chunk(&reader->chunk);
    if (reader->is_done) {
        return TEND_OK;
    }
    TEND_TRY(start(reader, err));
    for (;;) {
        reader->chunk = duckdb_fetch_chunk(reader->result);
        if (reader->chunk == NULL) {
            const char *why = duckdb_result_error(&reader->result);
            reader->is_done = true;
            return why == NULL || why[0] == '\0' ? TEND_OK : fail_rows(reader, why, err);
        }
        if (duckdb_data_chunk_get_size(reader->chunk) > 0) {
            return TEND_OK;
        }
        duckdb_destroy_data_chunk(&reader->chunk);
    }
}

/* The sort key of a chunk ascends from *last on, nulls only at the end. */
static bool is_ascending(duckdb_data_chunk chunk, bool is_time, double *last, bool *seen_null)
{
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, 0);
    uint64_t *validity = duckdb_vector_get_validity(vector);
    const void *data = duckdb_vector_get_data(vector);
    const int64_t *times = data;
    const double *numbers = data;
    const idx_t count = duckdb_data_chunk_get_size(chunk);
    for (idx_t i = 0; i < count; i++) {
        if (!duckdb_validity_row_is_valid(validity, i)) {
            *seen_null = true;
            continue;
        }
        /* Microseconds of the years 1684 to 2255 are exact in a double. */
        const double key = is_time ? (double)times[i] : numbers[i];
        if (*seen_null || !(key >= *last)) {
            return false;
        }
        *last = key;
    }
    return true;
}

static enum tend_code check_sorted(struct tend__lake_reader *reader,
                                   const struct tend__lake_read_options *options,
                                   size_t sort_column, bool *is_sorted, struct tend_error *err)
{
    struct tend__buf sql;
    double last = -(double)INFINITY;
    bool seen_null = false;
    const struct lake_column *column = &reader->found.at[sort_column];
    const bool is_time = out_type(column, options->time_column) == TEND_TYPE_TIME;
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "SELECT CAST(");
    tend__sql_name(&sql, column->name);
    tend__buf_text(&sql, is_time ? " AS TIMESTAMP)" : " AS DOUBLE)");
    add_from(&sql, reader, options);
    enum tend_code code = tend__buf_code(&sql, err);
    if (code == TEND_OK) {
        code = stream_sql(reader, tend__buf_str(&sql), err);
    }
    tend__buf_deinit(&sql);
    *is_sorted = true;
    while (code == TEND_OK && *is_sorted) {
        code = fetch(reader, err);
        if (reader->chunk == NULL) {
            break;
        }
        *is_sorted = is_ascending(reader->chunk, is_time, &last, &seen_null);
    }
    stop(reader);
    return code;
}

static enum tend_code check_time_column(struct tend__lake_reader *reader, const char *name,
                                        struct tend_error *err)
{
    size_t idx = 0;
    TEND_TRY(find_column(reader, name, &idx, err));
    const enum tend_type type = out_type(&reader->found.at[idx], name);
    if (type != TEND_TYPE_TIME && type != TEND_TYPE_NULL) {
        return TEND_FAIL(err, ETYPE, "column '%s' of '%s' is a %s, not a time", name,
                         reader->source.shown, tend__type_text(type));
    }
    if (type == TEND_TYPE_TIME && reader->found.at[idx].type == DUCKDB_TYPE_VARCHAR) {
        reader->text_of_times = reader->found.at[idx].name;
    }
    return TEND_OK;
}

static enum tend_code prepare_select(struct tend__lake_reader *reader,
                                     const struct tend__lake_read_options *options,
                                     struct tend_error *err)
{
    size_t sort_column = 0;
    bool is_sorted = true;
    if (options->time_column != NULL) {
        TEND_TRY(check_time_column(reader, options->time_column, err));
    }
    if (options->order_by != NULL) {
        TEND_TRY(find_column(reader, options->order_by, &sort_column, err));
        const enum tend_type type = out_type(&reader->found.at[sort_column], options->time_column);
        if (type != TEND_TYPE_TIME && type != TEND_TYPE_NUMBER) {
            return TEND_FAIL(err, ETYPE,
                             "column '%s' of '%s' is %s: rows are ordered by a time "
                             "or a number",
                             options->order_by, reader->source.shown, tend__type_text(type));
        }
        TEND_TRY(check_sorted(reader, options, sort_column, &is_sorted, err));
    }
    struct tend__buf sql;
    tend__buf_init(&sql, LAKE_SQL_MAX);
    write_select(&sql, reader, options, is_sorted ? NULL : &sort_column);
    enum tend_code code = tend__buf_code(&sql, err);
    if (code == TEND_OK) {
        code = stream_sql(reader, tend__buf_str(&sql), err);
    }
    tend__buf_deinit(&sql);
    return code;
}

static enum tend_code make_batch(struct tend__lake_reader *reader, const char *time_column,
                                 struct tend_error *err)
{
    const size_t count = reader->column_count;
    TEND_TRY(tend__mem_new(count, sizeof(*reader->fields), &reader->fields, err));
    TEND_TRY(tend__mem_new(count, sizeof(*reader->columns), &reader->columns, err));
    TEND_TRY(tend__mem_new(count, TEND_LAKE_BATCH_MAX, &reader->valid, err));
    size_t text_count = 0;
    size_t wide_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct lake_column *column = &reader->found.at[reader->picked[i]];
        reader->fields[i] = (struct tend__field){
            .name = column->name,
            .type = out_type(column, time_column),
            .low = -(double)INFINITY,
            .high = (double)INFINITY,
        };
        reader->columns[i].type = reader->fields[i].type;
        text_count += reader->fields[i].type == TEND_TYPE_TEXT;
        wide_count += is_wide(column);
    }
    TEND_TRY(tend__mem_new(wide_count * TEND_LAKE_BATCH_MAX, 2 * sizeof(*reader->wide),
                           &reader->wide, err));
    TEND_TRY(
        tend__mem_new(text_count * TEND_LAKE_BATCH_MAX, sizeof(*reader->text), &reader->text, err));
    reader->batch = (struct tend__batch){
        .column_count = count, .fields = reader->fields, .columns = reader->columns};
    return TEND_OK;
}

/* Bits to bytes; NULL where every row is present. */
static const uint8_t *view_validity(const uint64_t *bits, size_t row_count, uint8_t *bytes)
{
    if (bits == NULL) {
        return NULL;
    }
    size_t present = 0;
    size_t full = 0; /* most chunks have no null: then bits are looked at 64 at a time */
    while (full < row_count / 64 && bits[full] == UINT64_MAX) {
        full++;
    }
    if (full == row_count / 64 &&
        (row_count % 64 == 0 || ~bits[full] << (64 - row_count % 64) == 0)) {
        return NULL;
    }
    for (size_t i = 0; i < row_count; i++) {
        bytes[i] = (uint8_t)((bits[i / 64] >> (i % 64)) & 1);
        present += bytes[i];
    }
    return present == row_count ? NULL : bytes;
}

static void view_text(duckdb_string_t *strings, const uint8_t *valid, size_t row_count,
                      struct tend__text *out)
{
    for (size_t i = 0; i < row_count; i++) {
        /* What lies under a null may be anything: it must not be looked at. */
        if (valid != NULL && valid[i] == 0) {
            out[i] = (struct tend__text){.ptr = "", .len = 0};
            continue;
        }
        const uint32_t len = strings[i].value.inlined.length;
        const bool is_inlined = len <= sizeof(strings[i].value.inlined.inlined);
        out[i].ptr = is_inlined ? strings[i].value.inlined.inlined : strings[i].value.pointer.ptr;
        out[i].len = len;
    }
}

/* `room` has two parts of TEND_LAKE_BATCH_MAX. */
static void view_wide(const struct lake_column *from, const void *data, size_t row_count,
                      double *room, struct tend__column *column)
{
    double *rest = room + TEND_LAKE_BATCH_MAX;
    const bool has_rest = from->type == DUCKDB_TYPE_BIGINT
                              ? tend__split_signed(data, row_count, room, rest)
                              : tend__split_unsigned(data, row_count, room, rest);
    column->f64 = room;
    column->rest = has_rest ? rest : NULL;
}

static void view_chunk(struct tend__lake_reader *reader)
{
    const size_t row_count = (size_t)duckdb_data_chunk_get_size(reader->chunk);
    struct tend__text *text = reader->text;
    double *wide = reader->wide;
    TEND_ASSERT(row_count <= TEND_LAKE_BATCH_MAX);
    for (size_t i = 0; i < reader->column_count; i++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(reader->chunk, i);
        struct tend__column *column = &reader->columns[i];
        void *data = duckdb_vector_get_data(vector);
        column->valid = view_validity(duckdb_vector_get_validity(vector), row_count,
                                      reader->valid + i * TEND_LAKE_BATCH_MAX);
        switch (column->type) {
        case TEND_TYPE_NUMBER:
            column->f64 = data;
            if (is_wide(&reader->found.at[reader->picked[i]])) {
                view_wide(&reader->found.at[reader->picked[i]], data, row_count, wide, column);
                wide += (size_t)2 * TEND_LAKE_BATCH_MAX;
            }
            break;
        case TEND_TYPE_BOOL:
            column->bools = data;
            break;
        case TEND_TYPE_TIME:
            column->time_us = data;
            break;
        case TEND_TYPE_TEXT:
            view_text(data, column->valid, row_count, text);
            column->text = text;
            text += TEND_LAKE_BATCH_MAX;
            break;
        case TEND_TYPE_VECTOR:
        case TEND_TYPE_NULL:
            break;
        }
    }
    reader->batch.row_count = row_count;
}

static void tell_progress(struct tend__lake_reader *reader, bool is_end)
{
    if (reader->progress != NULL &&
        (is_end || reader->rows_done - reader->rows_told >= PROGRESS_EVERY)) {
        reader->progress(reader->progress_ctx, reader->rows_done, reader->rows_expected);
        reader->rows_told = reader->rows_done;
    }
}

/* Fetches and counts. reader->chunk is NULL at the end. */
static enum tend_code fetch_counted(struct tend__lake_reader *reader, struct tend_error *err)
{
    const bool was_done = reader->is_done;
    TEND_TRY(fetch(reader, err));
    if (reader->chunk != NULL) {
        reader->rows_done += duckdb_data_chunk_get_size(reader->chunk);
    }
    tell_progress(reader, reader->is_done && !was_done);
    return TEND_OK;
}

enum tend_code tend__lake_next(struct tend__lake_reader *reader, const struct tend__batch **out,
                               struct tend_error *err)
{
    TEND_TRY(fetch_counted(reader, err));
    if (reader->chunk == NULL) {
        *out = NULL;
        return TEND_OK;
    }
    view_chunk(reader);
    *out = &reader->batch;
    return TEND_OK;
}

/* Lines of a text file, from the length of those in its first piece. */
static uint64_t estimate_lines(const struct lake_source *source)
{
    char head[8192];
    uint64_t bytes = 0;
    if (source->packing != LAKE_PLAIN) {
        return 0;
    }
    for (size_t i = 0; i < source->file_count; i++) {
        struct stat info;
        bytes += stat(source->files[i], &info) == 0 ? (uint64_t)info.st_size : 0;
    }
    FILE *file = fopen(source->files[0], "re");
    if (file == NULL) {
        return 0;
    }
    const size_t got = fread(head, 1, sizeof(head), file);
    (void)fclose(file);
    uint64_t lines = 0;
    for (size_t i = 0; i < got; i++) {
        lines += head[i] == '\n';
    }
    return lines == 0 || got == 0 ? 0 : (uint64_t)((double)bytes * (double)lines / (double)got);
}

static uint64_t count_parquet_rows(struct tend__lake *lake, const struct lake_source *source)
{
    struct tend__buf sql;
    double rows = 0;
    bool found = false;
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "SELECT sum(num_rows) FROM parquet_file_metadata([");
    for (size_t i = 0; i < source->file_count; i++) {
        tend__buf_text(&sql, i > 0 ? ", " : "");
        tend__lake_file_literal(&sql, source->files[i]);
    }
    tend__buf_text(&sql, "])");
    if (tend__buf_code(&sql, NULL) != TEND_OK ||
        tend__lake_query_number(lake, tend__buf_str(&sql), &rows, &found, NULL) != TEND_OK) {
        found = false;
    }
    tend__buf_deinit(&sql);
    return found ? (uint64_t)rows : 0;
}

static uint64_t estimate_rows(struct tend__lake *lake, const struct lake_source *source,
                              uint64_t row_max)
{
    const uint64_t rows =
        source->kind == LAKE_PARQUET ? count_parquet_rows(lake, source) : estimate_lines(source);
    return row_max != 0 && rows > row_max ? row_max : rows;
}

enum tend_code tend__lake_open(struct tend__lake *lake, const char *path,
                               const struct tend__lake_read_options *options,
                               struct tend__lake_reader **out, struct tend_error *err)
{
    static const struct tend__lake_read_options all = {.columns = NULL};
    struct tend__lake_reader *reader = NULL;
    enum tend_code code = TEND_OK;
    if (options == NULL) {
        options = &all;
    }
    TEND_TRY(tend__mem_new(1, sizeof(*reader), &reader, err));
    reader->progress = options->progress;
    reader->progress_ctx = options->progress_ctx;
    TEND_TRY_OUT(tend__lake_source_find(lake, path, &reader->source, err));
    TEND_TRY_OUT(tend__lake_connect(lake, &reader->con, err));
    TEND_TRY_OUT(tend__lake_describe(reader->con, &reader->source, &reader->found, err));
    TEND_TRY_OUT(pick_columns(reader, options, err));
    TEND_TRY_OUT(note_untyped(reader, err));
    TEND_TRY_OUT(prepare_select(reader, options, err));
    TEND_TRY_OUT(make_batch(reader, options->time_column, err));
    reader->rows_expected = estimate_rows(lake, &reader->source, options->row_max);
    *out = reader;
    return TEND_OK;
out:
    tend__lake_close(reader);
    return code;
}

void tend__lake_close(struct tend__lake_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    stop(reader);
    if (reader->con != NULL) {
        duckdb_disconnect(&reader->con);
    }
    tend__lake_source_deinit(&reader->source);
    tend__lake_columns_deinit(&reader->found);
    for (size_t i = 0; i < reader->note_count; i++) {
        tend__mem_free(reader->notes[i]);
    }
    tend__mem_free(reader->picked);
    tend__mem_free(reader->fields);
    tend__mem_free(reader->columns);
    tend__mem_free(reader->valid);
    tend__mem_free(reader->text);
    tend__mem_free(reader->wide);
    tend__mem_free(reader);
}

void tend__lake_fields(const struct tend__lake_reader *reader, const struct tend__field **fields,
                       size_t *field_count)
{
    *fields = reader->fields;
    *field_count = reader->column_count;
}

uint64_t tend__lake_row_estimate(const struct tend__lake_reader *reader)
{
    return reader->rows_expected;
}

const char *tend__lake_note(const struct tend__lake_reader *reader, size_t note_idx)
{
    return note_idx < reader->note_count ? reader->notes[note_idx] : NULL;
}

const char *tend__lake_file(const struct tend__lake_reader *reader, size_t file_idx)
{
    return file_idx < reader->source.file_count ? reader->source.files[file_idx] : NULL;
}

enum tend_code tend__lake_data_hash(const struct tend__lake_reader *reader,
                                    char hash[TEND_SHA256_HEX_SIZE], struct tend_error *err)
{
    return tend__lake_manifest(&reader->source, hash, err);
}

static enum tend_code take_error(duckdb_error_data error, const char *what, struct tend_error *err)
{
    enum tend_code code = TEND_OK;
    if (duckdb_error_data_has_error(error)) {
        code = TEND_FAIL(err, EINTERNAL, "%s: %s", what, duckdb_error_data_message(error));
    }
    duckdb_destroy_error_data(&error);
    return code;
}

enum tend_code tend__lake_arrow_schema(struct tend__lake_reader *reader,
                                       struct tend_arrow_schema *out, struct tend_error *err)
{
    const size_t count = reader->column_count;
    duckdb_logical_type *types = NULL;
    const char **names = NULL;
    duckdb_arrow_options arrow = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(count, sizeof(*types), &types, err));
    TEND_TRY_OUT(tend__mem_new(count, sizeof(*names), &names, err));
    for (size_t i = 0; i < count; i++) {
        types[i] = duckdb_prepared_statement_column_logical_type(reader->statement, i);
        names[i] = reader->fields[i].name;
    }
    duckdb_connection_get_arrow_options(reader->con, &arrow);
    code = take_error(duckdb_to_arrow_schema(arrow, types, names, count, (struct ArrowSchema *)out),
                      "cannot give the columns as Arrow", err);
out:
    duckdb_destroy_arrow_options(&arrow);
    for (size_t i = 0; types != NULL && i < count; i++) {
        duckdb_destroy_logical_type(&types[i]);
    }
    tend__mem_free(types);
    tend__mem_free(names);
    return code;
}

enum tend_code tend__lake_arrow_next(struct tend__lake_reader *reader, struct tend_arrow_array *out,
                                     bool *done, struct tend_error *err)
{
    TEND_TRY(fetch_counted(reader, err));
    *done = reader->chunk == NULL;
    if (*done) {
        return TEND_OK;
    }
    duckdb_arrow_options arrow = NULL;
    duckdb_connection_get_arrow_options(reader->con, &arrow);
    const enum tend_code code =
        take_error(duckdb_data_chunk_to_arrow(arrow, reader->chunk, (struct ArrowArray *)out),
                   "cannot give the rows as Arrow", err);
    duckdb_destroy_arrow_options(&arrow);
    return code;
}
