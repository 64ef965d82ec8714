/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_schema.c: which columns a source has, and the SQL that reads them.
 *
 * Nothing about a CSV file's dialect is left to DuckDB's sniffer but the columns' types (see
 * lake_header.c). JSON's times stay text for DuckDB and are read by tend's own cast, because the
 * sniffer settles on one format out of a mixture and then fails on the rest.
 *
 * Files of one data set must have the same columns; their order and the widths of their numbers may
 * differ.
 */
#include "lake/lake_private.h"

#include "base/mem.h"

#include <stdio.h>
#include <inttypes.h>
#include <string.h>

#define SHOWN_MAX 64 /* bytes of a value in a message */

void tend__lake_columns_deinit(struct lake_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        tend__mem_free(columns->at[i].name);
    }
    tend__mem_free(columns->at);
    *columns = (struct lake_columns){.count = 0};
}

enum tend_type tend__lake_type(const struct lake_column *column, bool *is_supported)
{
    *is_supported = column->name[0] != '\0'; /* SQL cannot say it */
    if (!*is_supported) {
        return TEND_TYPE_NULL;
    }
    if (column->reading == LAKE_READ_NUMBER) {
        return TEND_TYPE_NUMBER;
    }
    if (column->reading == LAKE_READ_NOTHING) {
        return TEND_TYPE_NULL;
    }
    switch (column->type) {
    case DUCKDB_TYPE_BOOLEAN:
        return TEND_TYPE_BOOL;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_DECIMAL:
    case DUCKDB_TYPE_BIGNUM:
        return TEND_TYPE_NUMBER;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
        return TEND_TYPE_TIME;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_ENUM:
    case DUCKDB_TYPE_UUID:
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIME_NS:
    case DUCKDB_TYPE_TIME_TZ:
    case DUCKDB_TYPE_INTERVAL:
    case DUCKDB_TYPE_BIT:
        return TEND_TYPE_TEXT;
    case DUCKDB_TYPE_SQLNULL:
        return TEND_TYPE_NULL;
    case DUCKDB_TYPE_BLOB:
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_STRUCT:
    case DUCKDB_TYPE_MAP:
    case DUCKDB_TYPE_ARRAY:
    case DUCKDB_TYPE_UNION:
    case DUCKDB_TYPE_INVALID:
    case DUCKDB_TYPE_ANY:
    case DUCKDB_TYPE_STRING_LITERAL:
    case DUCKDB_TYPE_INTEGER_LITERAL:
        break;
    }
    *is_supported = false;
    return TEND_TYPE_NULL;
}

void tend__lake_file_literal(struct tend__buf *sql, const char *path)
{
    tend__buf_char(sql, '\'');
    for (const char *c = path; *c != '\0'; c++) {
        switch (*c) {
        case '*':
        case '?':
        case '[':
            tend__buf_printf(sql, "[%c]", *c);
            break;
        case '\'':
            tend__buf_text(sql, "''");
            break;
        default:
            tend__buf_char(sql, *c);
        }
    }
    tend__buf_char(sql, '\'');
}

/* JSON columns are read with these types; NULL = left out. */
static const char *json_type(const struct lake_column *column)
{
    bool is_supported = false;
    if (column->is_json) {
        return "JSON";
    }
    switch (tend__lake_type(column, &is_supported)) {
    case TEND_TYPE_NUMBER:
        return column->type == DUCKDB_TYPE_BIGINT    ? "BIGINT"
               : column->type == DUCKDB_TYPE_UBIGINT ? "UBIGINT"
               : column->type == DUCKDB_TYPE_HUGEINT ? "HUGEINT"
                                                     : "DOUBLE";
    case TEND_TYPE_BOOL:
        return "BOOLEAN";
    case TEND_TYPE_TEXT:
    case TEND_TYPE_TIME:
        return "VARCHAR";
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return is_supported ? "JSON" : NULL;
}

static void add_json_columns(struct tend__buf *sql, const struct lake_columns *columns)
{
    bool is_first = true;
    tend__buf_text(sql, ", columns={");
    for (size_t i = 0; i < columns->count; i++) {
        const char *type = json_type(&columns->at[i]);
        if (type != NULL) {
            tend__buf_text(sql, is_first ? "" : ", ");
            tend__sql_literal(sql, columns->at[i].name);
            tend__buf_printf(sql, ": '%s'", type);
            is_first = false;
        }
    }
    tend__buf_char(sql, '}');
}

void tend__lake_options_sql(struct tend__buf *sql, const struct lake_source *source)
{
    static const char *const packings[] = {"none", "gzip", "zstd"};
    switch (source->kind) {
    case LAKE_PARQUET:
        break;
    case LAKE_CSV:
        tend__buf_printf(sql,
                         ", delim=chr(%d), quote='\"', escape='\"', header=true, skip=0, "
                         "comment='', null_padding=false, ignore_errors=false, strict_mode=true, "
                         "compression='%s'",
                         source->delimiter, packings[source->packing]);
        break;
    case LAKE_JSON:
        tend__buf_printf(sql, ", compression='%s'",
                         source->packing == LAKE_PLAIN ? "uncompressed"
                                                       : packings[source->packing]);
        break;
    }
}

/* Numbers are read as text, so that a word for a missing value is no error wherever it comes. */
static const char *csv_type(const struct lake_column *column)
{
    switch ((int)column->type) {
    case DUCKDB_TYPE_BOOLEAN:
        return "BOOLEAN";
    case DUCKDB_TYPE_DATE:
        return "DATE";
    case DUCKDB_TYPE_TIMESTAMP:
        return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_TZ:
        return "TIMESTAMPTZ";
    default:
        return "VARCHAR";
    }
}

static void add_csv_columns(struct tend__buf *sql, const struct lake_source *source)
{
    tend__buf_text(sql, ", auto_detect=false, columns={");
    for (size_t i = 0; i < source->csv->count; i++) {
        tend__buf_text(sql, i > 0 ? ", " : "");
        tend__sql_literal(sql, source->csv->at[i].name);
        tend__buf_printf(sql, ": '%s'", csv_type(&source->csv->at[i]));
    }
    tend__buf_char(sql, '}');
    if (source->date_format != NULL) {
        tend__buf_text(sql, ", dateformat=");
        tend__sql_literal(sql, source->date_format);
    }
    if (source->time_format != NULL) {
        tend__buf_text(sql, ", timestampformat=");
        tend__sql_literal(sql, source->time_format);
    }
}

static const char *reader_name(enum lake_kind kind)
{
    switch (kind) {
    case LAKE_PARQUET:
        return "read_parquet";
    case LAKE_CSV:
        return "read_csv";
    case LAKE_JSON:
        return "read_json";
    }
    return "read_csv";
}

void tend__lake_table_sql(struct tend__buf *sql, const struct lake_source *source,
                          const struct lake_columns *columns)
{
    tend__buf_printf(sql, "%s([", reader_name(source->kind));
    for (size_t i = 0; i < source->file_count; i++) {
        tend__buf_text(sql, i > 0 ? ", " : "");
        tend__lake_file_literal(sql, source->files[i]);
    }
    tend__buf_char(sql, ']');
    tend__lake_options_sql(sql, source);
    if (source->kind == LAKE_JSON && columns != NULL) {
        add_json_columns(sql, columns);
    } else if (source->csv != NULL) {
        add_csv_columns(sql, source);
    } else if (source->file_count > 1) {
        tend__buf_text(sql, ", union_by_name=true");
    }
    tend__buf_printf(sql, ", hive_partitioning=%s)", source->has_hive ? "true" : "false");
}

static enum tend_code take_column(duckdb_prepared_statement statement, idx_t idx,
                                  struct lake_column *out, struct tend_error *err)
{
    const char *name = duckdb_prepared_statement_column_name(statement, idx);
    if (name == NULL) {
        return TEND_FAIL(err, EINTERNAL, "DuckDB gave no name of a column");
    }
    const enum tend_code code = tend__mem_text(name, strlen(name), &out->name, err);
    char *given = NULL;
    memcpy(&given, &name, sizeof(given)); /* ours to free, const or not */
    duckdb_free(given);
    TEND_TRY(code);
    duckdb_logical_type type = duckdb_prepared_statement_column_logical_type(statement, idx);
    char *alias = duckdb_logical_type_get_alias(type);
    out->type = duckdb_get_type_id(type);
    out->is_json = alias != NULL && strcmp(alias, "JSON") == 0;
    duckdb_free(alias);
    duckdb_destroy_logical_type(&type);
    return TEND_OK;
}

static enum tend_code describe_sql(duckdb_connection con, const char *sql,
                                   const struct lake_source *source, struct lake_columns *out,
                                   struct tend_error *err)
{
    duckdb_prepared_statement statement = NULL;
    struct lake_columns columns = {.count = 0};
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__lake_prepare(con, sql, source, &statement, err));
    const size_t count = (size_t)duckdb_prepared_statement_column_count(statement);
    if (count > TEND_LAKE_COLUMN_MAX) {
        code = TEND_FAIL(err, ELIMIT, "'%s' has %zu columns, and tend reads at most %d",
                         source->shown, count, TEND_LAKE_COLUMN_MAX);
        goto out;
    }
    TEND_TRY_OUT(tend__mem_new(count, sizeof(*columns.at), &columns.at, err));
    for (size_t i = 0; i < count; i++) {
        TEND_TRY_OUT(take_column(statement, i, &columns.at[i], err));
        columns.count = i + 1;
    }
    *out = columns;
    columns = (struct lake_columns){.count = 0};
out:
    duckdb_destroy_prepare(&statement);
    tend__lake_columns_deinit(&columns);
    return code;
}

/* Where the sniffer gives up it does not say at which line. Reading all columns as text does: it
 * fails at the line. */
static enum tend_code find_bad_line(duckdb_connection con, const struct lake_source *source,
                                    struct tend_error *err)
{
    struct tend__buf sql;
    struct tend_error line_err = {.code = TEND_OK};
    duckdb_result result = {0};
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "SELECT count(*) FROM read_csv(");
    tend__lake_file_literal(&sql, source->files[0]);
    tend__lake_options_sql(&sql, source);
    tend__buf_text(&sql, ", auto_detect=false, columns={");
    for (size_t i = 0; i < source->header_count; i++) {
        tend__buf_printf(&sql, "%s'c%zu': 'VARCHAR'", i > 0 ? ", " : "", i);
    }
    tend__buf_text(&sql, "})");
    if (tend__buf_code(&sql, NULL) == TEND_OK) {
        if (tend__lake_query(con, tend__buf_str(&sql), source, &result, &line_err) == TEND_OK) {
            duckdb_destroy_result(&result);
        }
    }
    tend__buf_deinit(&sql);
    if (line_err.line > 0) {
        *err = line_err;
    }
    return err->code;
}

enum tend_code tend__lake_find_bad_time(duckdb_connection con, const struct lake_source *source,
                                        const struct lake_columns *columns, const char *column,
                                        struct tend_error *err)
{
    struct tend__buf sql;
    duckdb_result result = {0};
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "SELECT n, v FROM (SELECT row_number() OVER () AS n, CAST(");
    tend__sql_name(&sql, column);
    tend__buf_text(&sql, " AS VARCHAR) AS v FROM ");
    tend__lake_table_sql(&sql, source, columns);
    tend__buf_text(&sql, ") WHERE v IS NOT NULL AND TRY_CAST(v AS TIMESTAMPTZ) IS NULL LIMIT 1");
    if (tend__buf_code(&sql, NULL) == TEND_OK &&
        tend__lake_query(con, tend__buf_str(&sql), NULL, &result, NULL) == TEND_OK) {
        char *value = duckdb_row_count(&result) > 0 ? duckdb_value_varchar(&result, 1, 0) : NULL;
        if (value != NULL) {
            (void)TEND_FAIL(
                err, ECORRUPT, "'%s' row %" PRId64 ": '%.*s' in column '%s' is not a time",
                source->shown, duckdb_value_int64(&result, 0, 0), SHOWN_MAX, value, column);
        }
        duckdb_free(value);
        duckdb_destroy_result(&result);
    }
    tend__buf_deinit(&sql);
    return TEND_ECORRUPT;
}

enum tend_code tend__lake_find_bad_value(duckdb_connection con, const struct lake_source *source,
                                         struct tend_error *err)
{
    struct tend__buf sql;
    struct tend_error line_err = {.code = TEND_OK};
    duckdb_result result = {0};
    bool is_supported = false;
    if (err == NULL || source->csv == NULL) {
        return err != NULL ? err->code : TEND_ECORRUPT;
    }
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "SELECT count(COLUMNS(*)) FROM read_csv([");
    for (size_t i = 0; i < source->file_count; i++) {
        tend__buf_text(&sql, i > 0 ? ", " : "");
        tend__lake_file_literal(&sql, source->files[i]);
    }
    tend__buf_char(&sql, ']');
    tend__lake_options_sql(&sql, source);
    tend__buf_text(&sql, ", nullstr=");
    tend__lake_null_words(&sql);
    tend__buf_text(&sql, ", auto_detect=false, columns={");
    for (size_t i = 0; i < source->csv->count; i++) {
        const bool is_number =
            tend__lake_type(&source->csv->at[i], &is_supported) == TEND_TYPE_NUMBER;
        tend__buf_text(&sql, i > 0 ? ", " : "");
        tend__sql_literal(&sql, source->csv->at[i].name);
        tend__buf_printf(&sql, ": '%s'", is_number ? "DOUBLE" : "VARCHAR");
    }
    tend__buf_text(&sql, "}, hive_partitioning=false)");
    if (tend__buf_code(&sql, NULL) == TEND_OK &&
        tend__lake_query(con, tend__buf_str(&sql), source, &result, &line_err) == TEND_OK) {
        duckdb_destroy_result(&result);
    }
    tend__buf_deinit(&sql);
    if (line_err.line > 0) {
        *err = line_err;
    }
    return err->code;
}

/* The columns of files [first, first + count) of the source. */
static enum tend_code describe_files(duckdb_connection con, const struct lake_source *source,
                                     size_t first, size_t count, struct lake_columns *out,
                                     struct tend_error *err)
{
    struct lake_source part = *source;
    struct tend_error why = {.code = TEND_OK};
    struct tend__buf sql;
    part.files = source->files + first;
    part.file_count = count;
    part.has_hive = source->has_hive && count == source->file_count;
    if (count == 1 && !source->is_stdin) {
        part.shown = part.files[0];
    }
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "SELECT * FROM ");
    tend__lake_table_sql(&sql, &part, NULL);
    enum tend_code code = tend__buf_code(&sql, &why);
    if (code == TEND_OK) {
        code = describe_sql(con, tend__buf_str(&sql), &part, out, &why);
    }
    tend__buf_deinit(&sql);
    if (code == TEND_OK && source->csv == NULL && (count == 1 || source->kind == LAKE_JSON)) {
        code = tend__lake_probe(con, &part, out, &why);
        if (code != TEND_OK) {
            tend__lake_columns_deinit(out);
        }
    }
    if (code != TEND_OK && why.line == 0 && source->kind == LAKE_CSV && count == 1) {
        code = find_bad_line(con, &part, &why);
    }
    if (code != TEND_OK && err != NULL) {
        *err = why;
    }
    return code;
}

static const struct lake_column *find_column(const struct lake_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (strcmp(columns->at[i].name, name) == 0) {
            return &columns->at[i];
        }
    }
    return NULL;
}

static enum tend_code compare_columns(const struct lake_columns *a, const char *a_file,
                                      const struct lake_columns *b, const char *b_file,
                                      struct tend_error *err)
{
    for (size_t i = 0; i < a->count; i++) {
        bool is_supported = false;
        const struct lake_column *x = &a->at[i];
        const struct lake_column *y = find_column(b, x->name);
        if (y == NULL) {
            return TEND_FAIL(err, ETYPE,
                             "the files differ: '%s' has a column '%s' and '%s' has not", a_file,
                             x->name, b_file);
        }
        const enum tend_type x_type = tend__lake_type(x, &is_supported);
        const enum tend_type y_type = tend__lake_type(y, &is_supported);
        if (x_type != y_type && x_type != TEND_TYPE_NULL && y_type != TEND_TYPE_NULL) {
            return TEND_FAIL(err, ETYPE,
                             "the files differ: column '%s' is %s in '%s' and %s in '%s'", x->name,
                             tend__type_text(x_type), a_file, tend__type_text(y_type), b_file);
        }
    }
    return TEND_OK;
}

/* Files of columns must be alike; JSON leaves absent keys out and is not looked at. *merged is the
 * first file's columns, with the types of later files where the first has no values; the caller
 * frees it whatever comes out. */
static enum tend_code check_same(duckdb_connection con, const struct lake_source *source,
                                 struct lake_columns *merged, struct tend_error *err)
{
    struct lake_columns other = {.count = 0};
    enum tend_code code = describe_files(con, source, 0, 1, merged, err);
    for (size_t i = 1; code == TEND_OK && i < source->file_count; i++) {
        TEND_TRY_OUT(describe_files(con, source, i, 1, &other, err));
        TEND_TRY_OUT(compare_columns(merged, source->files[0], &other, source->files[i], err));
        TEND_TRY_OUT(compare_columns(&other, source->files[i], merged, source->files[0], err));
        for (size_t k = 0; k < merged->count; k++) {
            struct lake_column *column = &merged->at[k];
            const struct lake_column *later = find_column(&other, column->name);
            if (column->reading == LAKE_READ_NOTHING && later != NULL) {
                column->type = later->type;
                column->reading = later->reading;
            }
        }
        tend__lake_columns_deinit(&other);
    }
out:
    tend__lake_columns_deinit(&other);
    return code;
}

/* All files read together give text wherever one of them does: what each of them said decides. */
static void settle_readings(struct lake_columns *columns, const struct lake_columns *merged)
{
    for (size_t i = 0; i < columns->count; i++) {
        struct lake_column *column = &columns->at[i];
        const struct lake_column *said = find_column(merged, column->name);
        bool is_supported = false;
        if (said == NULL || column->type != DUCKDB_TYPE_VARCHAR) {
            continue;
        }
        switch (tend__lake_type(said, &is_supported)) {
        case TEND_TYPE_NUMBER:
            column->reading = LAKE_READ_NUMBER;
            break;
        case TEND_TYPE_VECTOR:
        case TEND_TYPE_NULL:
            column->reading = LAKE_READ_NOTHING;
            break;
        case TEND_TYPE_TEXT:
        case TEND_TYPE_BOOL:
        case TEND_TYPE_TIME:
            break;
        }
    }
}

/* The types that the first file's first rows have, kept for all readings. */
static enum tend_code learn_types(duckdb_connection con, struct lake_source *source,
                                  struct tend_error *err)
{
    struct lake_columns *csv = NULL;
    struct lake_source first = *source;
    bool has_time = false;
    first.has_hive = false;
    TEND_TRY(tend__mem_new(1, sizeof(*csv), &csv, err));
    const enum tend_code code = describe_files(con, &first, 0, 1, csv, err);
    if (code != TEND_OK) {
        tend__mem_free(csv);
        return code;
    }
    source->csv = csv;
    for (size_t i = 0; i < csv->count; i++) {
        has_time = has_time || csv->at[i].type == DUCKDB_TYPE_DATE ||
                   csv->at[i].type == DUCKDB_TYPE_TIMESTAMP;
    }
    return has_time ? tend__lake_learn_formats(con, source, err) : TEND_OK;
}

/* CSV files with one header: one look at the first, and from then on nothing is guessed. */
static enum tend_code describe_csv(duckdb_connection con, struct lake_source *source,
                                   struct lake_columns *out, struct tend_error *err)
{
    TEND_TRY(learn_types(con, source, err));
    TEND_TRY(describe_files(con, source, 0, source->file_count, out, err));
    for (size_t i = 0; i < out->count; i++) {
        const struct lake_column *said = find_column(source->csv, out->at[i].name);
        bool is_supported = false;
        if (said != NULL && tend__lake_type(said, &is_supported) == TEND_TYPE_NUMBER) {
            out->at[i].reading = LAKE_READ_NUMBER;
        } else if (said != NULL) {
            out->at[i].reading = said->reading == LAKE_READ_TEXT ? LAKE_READ_TEXT : LAKE_READ_PLAIN;
        }
    }
    const enum tend_code code = tend__lake_probe(con, source, out, err);
    if (code != TEND_OK) {
        tend__lake_columns_deinit(out);
    }
    return code;
}

enum tend_code tend__lake_describe(duckdb_connection con, struct lake_source *source,
                                   struct lake_columns *out, struct tend_error *err)
{
    if (source->kind == LAKE_CSV) {
        bool is_same = false;
        TEND_TRY(tend__lake_learn_header(con, source, &is_same, err));
        if (is_same) {
            return describe_csv(con, source, out, err);
        }
    }
    if (source->file_count == 1 || source->kind == LAKE_JSON) {
        return describe_files(con, source, 0, source->file_count, out, err);
    }
    struct lake_columns merged = {.count = 0};
    enum tend_code code = check_same(con, source, &merged, err);
    if (code == TEND_OK) {
        code = describe_files(con, source, 0, source->file_count, out, err);
    }
    if (code == TEND_OK) {
        settle_readings(out, &merged);
    }
    tend__lake_columns_deinit(&merged);
    return code;
}
