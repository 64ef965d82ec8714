/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_table.c: whole small tables, with their own types, between Arrow and Parquet.
 *
 * DuckDB takes an Arrow struct array as one data chunk, but forgets the struct's own offset, so an
 * array that has one is refused. The other way it gives chunks of 2,048 rows; to get one array the
 * rows are gathered by list(), whose one value has them as its child array, a struct of the
 * columns.
 */
#include "lake/lake_private.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TYPE_DEPTH_MAX 8
/* Tables of results are read a thousand times and kept for years: a fifth smaller is worth it. */
#define TABLE_OPTIONS ", COMPRESSION_LEVEL 9, PARQUET_VERSION v2"
#define TABLE_FILE_MAX 100000

static const char *simple_type(duckdb_type type)
{
    switch ((int)type) {
    case DUCKDB_TYPE_BOOLEAN:
        return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT:
        return "TINYINT";
    case DUCKDB_TYPE_SMALLINT:
        return "SMALLINT";
    case DUCKDB_TYPE_INTEGER:
        return "INTEGER";
    case DUCKDB_TYPE_BIGINT:
        return "BIGINT";
    case DUCKDB_TYPE_UTINYINT:
        return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT:
        return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER:
        return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT:
        return "UBIGINT";
    case DUCKDB_TYPE_FLOAT:
        return "FLOAT";
    case DUCKDB_TYPE_DOUBLE:
        return "DOUBLE";
    case DUCKDB_TYPE_VARCHAR:
        return "VARCHAR";
    case DUCKDB_TYPE_BLOB:
        return "BLOB";
    case DUCKDB_TYPE_DATE:
        return "DATE";
    case DUCKDB_TYPE_TIMESTAMP:
        return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_S:
        return "TIMESTAMP_S";
    case DUCKDB_TYPE_TIMESTAMP_MS:
        return "TIMESTAMP_MS";
    case DUCKDB_TYPE_TIMESTAMP_NS:
        return "TIMESTAMP_NS";
    case DUCKDB_TYPE_TIMESTAMP_TZ:
        return "TIMESTAMPTZ";
    default:
        return NULL;
    }
}

/* Appends the SQL name of a type: simple ones, and lists of them. */
static enum tend_code add_type(struct tend__buf *sql, duckdb_logical_type type,
                               struct tend_error *err)
{
    int depth = 0;
    duckdb_logical_type at = type;
    while (duckdb_get_type_id(at) == DUCKDB_TYPE_LIST && depth < TYPE_DEPTH_MAX) {
        duckdb_logical_type child = duckdb_list_type_child_type(at);
        if (at != type) {
            duckdb_destroy_logical_type(&at);
        }
        at = child;
        depth++;
    }
    const char *name = simple_type(duckdb_get_type_id(at));
    if (at != type) {
        duckdb_destroy_logical_type(&at);
    }
    if (name == NULL) {
        return TEND_FAIL(err, EUNSUPPORTED, "a table cannot hold this type of column");
    }
    tend__buf_text(sql, name);
    for (int i = 0; i < depth; i++) {
        tend__buf_text(sql, "[]");
    }
    return TEND_OK;
}

static enum tend_code take_error(duckdb_error_data error, struct tend_error *err)
{
    enum tend_code code = TEND_OK;
    if (duckdb_error_data_has_error(error)) {
        code = tend__lake_fail(duckdb_error_data_message(error), NULL, err);
    }
    duckdb_destroy_error_data(&error);
    return code;
}

/* What DuckDB is lent must not be released by it: the caller's array stays the caller's. */
static void release_loan(struct tend_arrow_array *array)
{
    array->release = NULL;
}

static void release_schema_loan(struct tend_arrow_schema *schema)
{
    schema->release = NULL;
}

/* The table as one chunk. It points into the caller's array and is destroyed before this file's
 * functions return. */
static enum tend_code lend_chunk(duckdb_connection con, const struct tend_arrow_schema *schema,
                                 const struct tend_arrow_array *array, duckdb_data_chunk *out,
                                 struct tend_error *err)
{
    struct tend_arrow_schema schema_loan = *schema;
    struct tend_arrow_array loan = *array;
    duckdb_arrow_converted_schema converted = NULL;
    schema_loan.release = release_schema_loan;
    loan.release = release_loan;
    enum tend_code code = take_error(
        duckdb_schema_from_arrow(con, (struct ArrowSchema *)&schema_loan, &converted), err);
    if (code == TEND_OK) {
        code = take_error(
            duckdb_data_chunk_from_arrow(con, (struct ArrowArray *)&loan, converted, out), err);
    }
    duckdb_destroy_arrow_converted_schema(&converted);
    return code;
}

static enum tend_code check_table(const struct tend_arrow_schema *schema,
                                  const struct tend_arrow_array *array, struct tend_error *err)
{
    if (strcmp(schema->format, "+s") != 0 || schema->n_children != array->n_children ||
        schema->n_children <= 0 || schema->n_children > TEND_LAKE_COLUMN_MAX) {
        return TEND_FAIL(err, EINVAL, "a table must be an Arrow struct array with columns");
    }
    if (array->offset != 0) {
        return TEND_FAIL(err, EUNSUPPORTED, "a table that starts at row %" PRId64 " of its array",
                         array->offset);
    }
    return TEND_OK;
}

static enum tend_code make_table(duckdb_connection con, const struct tend_arrow_schema *schema,
                                 duckdb_data_chunk chunk, struct tend_error *err)
{
    struct tend__buf sql;
    duckdb_result result = {0};
    enum tend_code code = TEND_OK;
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "CREATE TEMP TABLE rows(");
    for (int64_t i = 0; i < schema->n_children; i++) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, (idx_t)i);
        duckdb_logical_type type = duckdb_vector_get_column_type(vector);
        tend__buf_text(&sql, i > 0 ? ", " : "");
        tend__sql_name(&sql, schema->children[i]->name);
        tend__buf_char(&sql, ' ');
        code = add_type(&sql, type, err);
        duckdb_destroy_logical_type(&type);
        TEND_TRY_OUT(code);
    }
    tend__buf_char(&sql, ')');
    TEND_TRY_OUT(tend__buf_code(&sql, err));
    TEND_TRY_OUT(tend__lake_query(con, tend__buf_str(&sql), NULL, &result, err));
    duckdb_destroy_result(&result);
out:
    tend__buf_deinit(&sql);
    return code;
}

static enum tend_code append_chunk(duckdb_connection con, duckdb_data_chunk chunk,
                                   struct tend_error *err)
{
    duckdb_appender appender = NULL;
    enum tend_code code = TEND_OK;
    if (duckdb_appender_create_ext(con, "temp", NULL, "rows", &appender) != DuckDBSuccess ||
        duckdb_append_data_chunk(appender, chunk) != DuckDBSuccess ||
        duckdb_appender_close(appender) != DuckDBSuccess) {
        code = tend__lake_fail(duckdb_appender_error(appender), NULL, err);
    }
    (void)duckdb_appender_destroy(&appender);
    return code;
}

enum tend_code tend__lake_write_table(struct tend__lake *lake, const char *path,
                                      const struct tend_arrow_schema *schema,
                                      const struct tend_arrow_array *array, struct tend_error *err)
{
    duckdb_connection con = NULL;
    duckdb_data_chunk chunk = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(check_table(schema, array, err));
    TEND_TRY(tend__lake_connect(lake, &con, err));
    TEND_TRY_OUT(lend_chunk(con, schema, array, &chunk, err));
    TEND_TRY_OUT(make_table(con, schema, chunk, err));
    TEND_TRY_OUT(append_chunk(con, chunk, err));
    TEND_TRY_OUT(
        tend__lake_copy_from(lake, con, "SELECT * FROM temp.rows", TABLE_OPTIONS, path, err));
out:
    duckdb_destroy_data_chunk(&chunk);
    duckdb_disconnect(&con);
    return code;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

/* The column types of the file as an Arrow schema. */
static enum tend_code read_schema(duckdb_connection con, const struct lake_source *source,
                                  const struct lake_columns *columns, struct tend_arrow_schema *out,
                                  struct tend_error *err)
{
    struct tend__buf sql;
    duckdb_prepared_statement statement = NULL;
    duckdb_arrow_options arrow = NULL;
    duckdb_logical_type *types = NULL;
    const char **names = NULL;
    enum tend_code code = TEND_OK;
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "SELECT * FROM ");
    tend__lake_table_sql(&sql, source, NULL);
    TEND_TRY_OUT(tend__buf_code(&sql, err));
    TEND_TRY_OUT(tend__lake_prepare(con, tend__buf_str(&sql), source, &statement, err));
    TEND_TRY_OUT(tend__mem_new(columns->count, sizeof(*types), &types, err));
    TEND_TRY_OUT(tend__mem_new(columns->count, sizeof(*names), &names, err));
    for (size_t i = 0; i < columns->count; i++) {
        types[i] = duckdb_prepared_statement_column_logical_type(statement, i);
        names[i] = columns->at[i].name;
    }
    duckdb_connection_get_arrow_options(con, &arrow);
    code = take_error(
        duckdb_to_arrow_schema(arrow, types, names, columns->count, (struct ArrowSchema *)out),
        err);
out:
    duckdb_destroy_arrow_options(&arrow);
    for (size_t i = 0; types != NULL && i < columns->count; i++) {
        duckdb_destroy_logical_type(&types[i]);
    }
    if (statement != NULL) {
        duckdb_destroy_prepare(&statement);
    }
    tend__mem_free(types);
    tend__mem_free(names);
    tend__buf_deinit(&sql);
    return code;
}

/* read_parquet() of all files, with the options in `more`. */
static void write_files(struct tend__buf *sql, const struct lake_source *source, const char *more)
{
    tend__buf_text(sql, "read_parquet([");
    for (size_t i = 0; i < source->file_count; i++) {
        tend__buf_text(sql, i > 0 ? ", " : "");
        tend__lake_file_literal(sql, source->files[i]);
    }
    tend__buf_printf(sql, "], hive_partitioning=false%s)", more);
}

static void write_where(struct tend__buf *sql, const char *where)
{
    if (where != NULL) {
        tend__buf_text(sql, " WHERE ");
        tend__buf_text(sql, where);
    }
}

static void write_gather(struct tend__buf *sql, const struct lake_source *source,
                         const struct lake_columns *columns, const struct tend__lake_tables *tables)
{
    tend__buf_text(sql, "SELECT count(*), coalesce(list(struct_pack(");
    for (size_t i = 0; i < columns->count; i++) {
        tend__buf_text(sql, i > 0 ? ", " : "");
        tend__sql_name(sql, columns->at[i].name);
        tend__buf_text(sql, " := ");
        tend__sql_name(sql, columns->at[i].name);
    }
    tend__buf_text(sql, ") ORDER BY filename, file_row_number), []) FROM (SELECT * FROM ");
    write_files(sql, source, ", filename=true, file_row_number=true");
    write_where(sql, tables->where);
    /* One row too many says that there are too many, before they fill the memory. */
    tend__buf_printf(sql, " LIMIT %" PRIu64 ")", tables->row_max + 1);
}

/* The one row of a count and a list as an Arrow array. */
static enum tend_code gather(duckdb_connection con, const struct lake_source *source,
                             const struct lake_columns *columns,
                             const struct tend__lake_tables *tables, struct tend_arrow_array *out,
                             struct tend_error *err)
{
    struct tend__buf sql;
    duckdb_result result = {0};
    duckdb_arrow_options arrow = NULL;
    tend__buf_init(&sql, LAKE_SQL_MAX);
    write_gather(&sql, source, columns, tables);
    enum tend_code code = tend__buf_code(&sql, err);
    if (code == TEND_OK) {
        code = tend__lake_query(con, tend__buf_str(&sql), source, &result, err);
    }
    tend__buf_deinit(&sql);
    TEND_TRY(code);
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    duckdb_connection_get_arrow_options(con, &arrow);
    if (chunk == NULL) {
        code = TEND_FAIL(err, EINTERNAL, "DuckDB gave no row for '%s'", source->shown);
    } else {
        code = take_error(duckdb_data_chunk_to_arrow(arrow, chunk, (struct ArrowArray *)out), err);
    }
    duckdb_destroy_arrow_options(&arrow);
    duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
    return code;
}

/* What a table's array keeps: the array of lists whose rows its own are. */
struct table_private {
    struct tend_arrow_array lists;
    const void *buffers[1];
};

static void release_table(struct tend_arrow_array *array)
{
    struct table_private *kept = array->private_data;
    kept->lists.release(&kept->lists);
    tend__mem_free(kept);
    array->release = NULL;
}

/* Takes `lists` over on success. */
static enum tend_code make_array(const struct tend_arrow_array *lists, struct tend_arrow_array *out,
                                 struct tend_error *err)
{
    struct table_private *kept = NULL;
    const struct tend_arrow_array *rows = lists->children[1]->children[0];
    const int64_t *row_count = lists->children[0]->buffers[1];
    TEND_TRY(tend__mem_new(1, sizeof(*kept), &kept, err));
    *out = (struct tend_arrow_array){
        .length = row_count[0],
        .n_buffers = 1,
        .n_children = rows->n_children,
        .buffers = kept->buffers,
        .children = rows->children,
        .release = release_table,
        .private_data = kept,
    };
    kept->lists = *lists;
    return TEND_OK;
}

static enum tend_code check_row_count(const struct tend_arrow_array *lists,
                                      const struct lake_source *source, uint64_t row_max,
                                      struct tend_error *err)
{
    const int64_t *rows = lists->children[0]->buffers[1];
    if (rows[0] < 0 || (uint64_t)rows[0] > row_max) {
        return TEND_FAIL(err, ELIMIT,
                         "'%s' has more than %" PRIu64 " rows, and no more are expected",
                         source->shown, row_max);
    }
    return TEND_OK;
}

/* The source of one path, and the files of the others added to it. */
static enum tend_code find_files(struct tend__lake *lake, const char *const *paths,
                                 size_t path_count, struct lake_source *source,
                                 struct tend_error *err)
{
    TEND_TRY(tend__lake_source_find(lake, paths[0], source, err));
    if (source->kind != LAKE_PARQUET || source->file_count != 1) {
        return TEND_FAIL(err, ETYPE, "'%s' is not one Parquet file", paths[0]);
    }
    for (size_t i = 1; i < path_count; i++) {
        char *path = NULL;
        TEND_TRY(tend__mem_grow(&source->files, &source->file_cap, i + 1, TABLE_FILE_MAX,
                                sizeof(*source->files), err));
        TEND_TRY(tend__mem_text(paths[i], strlen(paths[i]), &path, err));
        source->files[i] = path;
        source->file_count++;
    }
    return TEND_OK;
}

enum tend_code tend__lake_read_tables(struct tend__lake *lake,
                                      const struct tend__lake_tables *tables,
                                      struct tend_arrow_schema *schema,
                                      struct tend_arrow_array *array, struct tend_error *err)
{
    struct lake_source source = {.kind = LAKE_PARQUET};
    struct lake_columns columns = {.count = 0};
    struct tend_arrow_schema types = {.release = NULL};
    struct tend_arrow_array lists = {.release = NULL};
    enum tend_code code = TEND_OK;
    if (tables->path_count == 0) {
        return TEND_FAIL(err, EINVAL, "a table is read from at least one file");
    }
    TEND_TRY_OUT(find_files(lake, tables->paths, tables->path_count, &source, err));
    /* The columns are the first file's: DuckDB says where another has others. */
    const size_t file_count = source.file_count;
    source.file_count = 1;
    code = tend__lake_describe(lake->con, &source, &columns, err);
    if (code == TEND_OK) {
        code = read_schema(lake->con, &source, &columns, &types, err);
    }
    source.file_count = file_count;
    TEND_TRY_OUT(code);
    TEND_TRY_OUT(gather(lake->con, &source, &columns, tables, &lists, err));
    TEND_TRY_OUT(check_row_count(&lists, &source, tables->row_max, err));
    TEND_TRY_OUT(make_array(&lists, array, err));
    lists.release = NULL;
    *schema = types;
    types.release = NULL;
out:
    if (lists.release != NULL) {
        lists.release(&lists);
    }
    if (types.release != NULL) {
        types.release(&types);
    }
    tend__lake_columns_deinit(&columns);
    tend__lake_source_deinit(&source);
    return code;
}

enum tend_code tend__lake_read_table(struct tend__lake *lake, const char *path, uint64_t row_max,
                                     struct tend_arrow_schema *schema,
                                     struct tend_arrow_array *array, struct tend_error *err)
{
    const struct tend__lake_tables tables = {.paths = &path, .path_count = 1, .row_max = row_max};
    return tend__lake_read_tables(lake, &tables, schema, array, err);
}
