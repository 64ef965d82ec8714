/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_write.c: Parquet files that are there whole or not at all.
 *
 * Rows are gathered in a temporary table (which spills as everything in the lake) and copied to a
 * file beside the one that is wanted; that file is synced and takes the name at the end, and then
 * the folder is synced. The file is 0600.
 */
#include "lake/lake_private.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROWS_TABLE "rows"

struct tend__lake_writer {
    struct tend__lake *lake;
    duckdb_connection con;
    duckdb_appender appender;
    duckdb_data_chunk chunk;
    char *path;
    enum tend_type *types;
    size_t column_count;
};

static const char *sql_type(enum tend_type type)
{
    switch (type) {
    case TEND_TYPE_NUMBER:
        return "DOUBLE";
    case TEND_TYPE_BOOL:
        return "BOOLEAN";
    case TEND_TYPE_TIME:
        return "TIMESTAMP";
    case TEND_TYPE_TEXT:
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return "VARCHAR";
    }
    return "VARCHAR";
}

static duckdb_type chunk_type(enum tend_type type)
{
    switch (type) {
    case TEND_TYPE_NUMBER:
        return DUCKDB_TYPE_DOUBLE;
    case TEND_TYPE_BOOL:
        return DUCKDB_TYPE_BOOLEAN;
    case TEND_TYPE_TIME:
        return DUCKDB_TYPE_TIMESTAMP;
    case TEND_TYPE_TEXT:
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return DUCKDB_TYPE_VARCHAR;
    }
    return DUCKDB_TYPE_VARCHAR;
}

/* ---- the file -----------------------------------------------------------------------------------
 */

/* "/a/b/c.parquet" gives "/a/b", "c.parquet" gives ".". */
static void folder_of(const char *path, char folder[LAKE_PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        (void)snprintf(folder, LAKE_PATH_MAX, ".");
    } else {
        (void)snprintf(folder, LAKE_PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path),
                       path);
    }
}

static enum tend_code sync_path(const char *path, int flags)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0) {
        return TEND_EIO;
    }
    const int status = fsync(fd);
    const int closed = close(fd);
    return status == 0 && closed == 0 ? TEND_OK : TEND_EIO;
}

enum tend_code tend__lake_target(const char *path, char target[TEND_LAKE_PATH_MAX],
                                 struct tend_error *err)
{
    struct stat status;
    if (strlen(path) >= TEND_LAKE_PATH_MAX) {
        return TEND_FAIL(err, EINVAL, "a path of %zu bytes is too long", strlen(path));
    }
    _Static_assert(TEND_LAKE_PATH_MAX >= PATH_MAX, "realpath needs as much");
    (void)snprintf(target, TEND_LAKE_PATH_MAX, "%s", path);
    if (lstat(path, &status) == 0 && S_ISLNK(status.st_mode)) {
        if (realpath(path, target) == NULL) {
            return TEND_FAIL(err, EIO, "cannot write '%s': it is a link that leads nowhere", path);
        }
    }
    if (stat(target, &status) == 0 && !S_ISREG(status.st_mode)) {
        return TEND_FAIL(err, EIO, "cannot write '%s': it is %s", path,
                         S_ISDIR(status.st_mode) ? "a folder" : "a device or a pipe, not a file");
    }
    return TEND_OK;
}

/* `target` takes the place of `path`, which people know, in links and in errors. */
static enum tend_code place(const char *temp_path, const char *target, const char *path,
                            struct tend_error *err)
{
    char folder[LAKE_PATH_MAX];
    if (sync_path(temp_path, 0) != TEND_OK || rename(temp_path, target) != 0) {
        const int why = errno;
        (void)unlink(temp_path);
        return TEND_FAIL(err, EIO, "cannot write '%s': %s", path, strerror(why));
    }
    folder_of(target, folder);
    if (sync_path(folder, O_DIRECTORY) != TEND_OK) {
        return TEND_FAIL(err, EIO, "cannot write '%s' for good: %s", path, strerror(errno));
    }
    return TEND_OK;
}

/* Made empty here, so that what is wrong with the place is said before work is done, and that it is
 * 0600. */
static enum tend_code make_temp(struct tend__lake *lake, const char *path, const char *target,
                                char temp[LAKE_PATH_MAX], struct tend_error *err)
{
    const int len = snprintf(temp, LAKE_PATH_MAX, "%s.%ld-%" PRIu64 ".part", target, (long)getpid(),
                             lake->temp_count++);
    if (len < 0 || len >= LAKE_PATH_MAX) {
        return TEND_FAIL(err, EINVAL, "a path of %zu bytes is too long", strlen(path));
    }
    const int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return TEND_FAIL(err, EIO, "cannot write '%s': %s", path, strerror(errno));
    }
    (void)close(fd);
    return TEND_OK;
}

/* DuckDB names the temporary file in its errors; the user is told the one that was asked for. */
static enum tend_code fail_write(enum tend_code code, const char *path, struct tend_error *err)
{
    if (err == NULL || code != TEND_EIO) {
        return code;
    }
    const char *why = strrchr(err->text, ':');
    char kept[TEND_ERROR_TEXT_SIZE];
    (void)snprintf(kept, sizeof(kept), "%s", why != NULL ? why + 1 : err->text);
    const char *start = kept[0] == ' ' ? kept + 1 : kept;
    return TEND_FAIL(err, EIO, "cannot write '%s': %s", path, start);
}

/* COPY (sql) to path, by way of a temporary file. */
enum tend_code tend__lake_copy_from(struct tend__lake *lake, duckdb_connection con,
                                    const char *select, const char *options, const char *path,
                                    struct tend_error *err)
{
    char target[TEND_LAKE_PATH_MAX];
    char temp[LAKE_PATH_MAX];
    struct tend__buf sql;
    duckdb_result result = {0};
    TEND_TRY(tend__lake_target(path, target, err));
    TEND_TRY(make_temp(lake, path, target, temp, err));
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_printf(&sql, "COPY (%s) TO ", select);
    tend__sql_literal(&sql, temp);
    tend__buf_printf(&sql, " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false%s)", options);
    enum tend_code code = tend__buf_code(&sql, err);
    if (code == TEND_OK) {
        code = tend__lake_query(con, tend__buf_str(&sql), NULL, &result, err);
        if (code == TEND_OK) {
            duckdb_destroy_result(&result);
        }
    }
    tend__buf_deinit(&sql);
    if (code != TEND_OK) {
        (void)unlink(temp);
        return fail_write(code, path, err);
    }
    return place(temp, target, path, err);
}

enum tend_code tend__lake_copy(struct tend__lake *lake, const char *sql, const char *path,
                               struct tend_error *err)
{
    return tend__lake_copy_from(lake, lake->con, sql, "", path, err);
}

/* ---- batches ------------------------------------------------------------------------------------
 */

static enum tend_code run_sql(duckdb_connection con, struct tend__buf *sql, struct tend_error *err)
{
    duckdb_result result = {0};
    TEND_TRY(tend__buf_code(sql, err));
    TEND_TRY(tend__lake_query(con, tend__buf_str(sql), NULL, &result, err));
    duckdb_destroy_result(&result);
    return TEND_OK;
}

static enum tend_code open_appender(duckdb_connection con, duckdb_appender *out,
                                    struct tend_error *err)
{
    if (duckdb_appender_create_ext(con, "temp", NULL, ROWS_TABLE, out) != DuckDBSuccess) {
        return tend__lake_fail(duckdb_appender_error(*out), NULL, err);
    }
    return TEND_OK;
}

static enum tend_code make_table(struct tend__lake_writer *writer, const struct tend__field *fields,
                                 struct tend_error *err)
{
    struct tend__buf sql;
    duckdb_logical_type *types = NULL;
    const size_t count = writer->column_count;
    enum tend_code code = TEND_OK;
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "CREATE TEMP TABLE " ROWS_TABLE "(");
    for (size_t i = 0; i < count; i++) {
        tend__buf_text(&sql, i > 0 ? ", " : "");
        tend__sql_name(&sql, fields[i].name);
        tend__buf_printf(&sql, " %s", sql_type(fields[i].type));
    }
    tend__buf_char(&sql, ')');
    TEND_TRY_OUT(run_sql(writer->con, &sql, err));
    TEND_TRY_OUT(open_appender(writer->con, &writer->appender, err));
    TEND_TRY_OUT(tend__mem_new(count, sizeof(*types), &types, err));
    for (size_t i = 0; i < count; i++) {
        types[i] = duckdb_create_logical_type(chunk_type(fields[i].type));
    }
    writer->chunk = duckdb_create_data_chunk(types, count);
    for (size_t i = 0; i < count; i++) {
        duckdb_destroy_logical_type(&types[i]);
    }
    if (writer->chunk == NULL) {
        code = TEND_FAIL(err, ENOMEM, "out of memory with '%s'", writer->path);
    }
out:
    tend__mem_free(types);
    tend__buf_deinit(&sql);
    return code;
}

enum tend_code tend__lake_writer_new(struct tend__lake *lake, const char *path,
                                     const struct tend__field *fields, size_t field_count,
                                     struct tend__lake_writer **out, struct tend_error *err)
{
    struct tend__lake_writer *writer = NULL;
    enum tend_code code = TEND_OK;
    if (field_count == 0 || field_count > TEND_LAKE_COLUMN_MAX) {
        return TEND_FAIL(err, EINVAL, "'%s' cannot have %zu columns", path, field_count);
    }
    TEND_TRY(tend__mem_new(1, sizeof(*writer), &writer, err));
    writer->lake = lake;
    writer->column_count = field_count;
    TEND_TRY_OUT(tend__mem_text(path, strlen(path), &writer->path, err));
    TEND_TRY_OUT(tend__mem_new(field_count, sizeof(*writer->types), &writer->types, err));
    for (size_t i = 0; i < field_count; i++) {
        writer->types[i] = fields[i].type;
    }
    TEND_TRY_OUT(tend__lake_connect(lake, &writer->con, err));
    TEND_TRY_OUT(make_table(writer, fields, err));
    *out = writer;
    return TEND_OK;
out:
    tend__lake_writer_free(writer);
    return code;
}

static void put_texts(duckdb_vector vector, const struct tend__column *column, size_t from,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tend__is_valid(column, from + i)) {
            const struct tend__text *text = &column->text[from + i];
            duckdb_vector_assign_string_element_len(vector, i, text->ptr, text->len);
        }
    }
}

static void put_validity(duckdb_vector vector, const struct tend__column *column, size_t from,
                         size_t count)
{
    if (column->valid == NULL && column->type != TEND_TYPE_NULL) {
        return;
    }
    duckdb_vector_ensure_validity_writable(vector);
    uint64_t *bits = duckdb_vector_get_validity(vector);
    for (size_t i = 0; i < count; i++) {
        duckdb_validity_set_row_validity(
            bits, i, column->type != TEND_TYPE_NULL && tend__is_valid(column, from + i));
    }
}

static void put_column(duckdb_vector vector, const struct tend__column *column, size_t from,
                       size_t count)
{
    void *data = duckdb_vector_get_data(vector);
    put_validity(vector, column, from, count);
    switch (column->type) {
    case TEND_TYPE_NUMBER:
        memcpy(data, column->f64 + from, count * sizeof(*column->f64));
        break;
    case TEND_TYPE_BOOL:
        memcpy(data, column->bools + from, count);
        break;
    case TEND_TYPE_TIME:
        memcpy(data, column->time_us + from, count * sizeof(*column->time_us));
        break;
    case TEND_TYPE_TEXT:
        put_texts(vector, column, from, count);
        break;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
}

static enum tend_code check_batch(const struct tend__lake_writer *writer,
                                  const struct tend__batch *batch, struct tend_error *err)
{
    if (batch->column_count != writer->column_count) {
        return TEND_FAIL(err, EINVAL, "'%s' has %zu columns, and a batch has %zu", writer->path,
                         writer->column_count, batch->column_count);
    }
    for (size_t i = 0; i < batch->column_count; i++) {
        const enum tend_type type = batch->columns[i].type;
        if (type == TEND_TYPE_VECTOR) {
            return TEND_FAIL(err, ETYPE, "column %zu of '%s' holds vectors, which are not written",
                             i + 1, writer->path);
        }
        if (type != writer->types[i] && type != TEND_TYPE_NULL) {
            return TEND_FAIL(err, ETYPE, "column %zu of '%s' is %s, and in a batch it is %s", i + 1,
                             writer->path, tend__type_text(writer->types[i]),
                             tend__type_text(type));
        }
    }
    return TEND_OK;
}

enum tend_code tend__lake_writer_add(struct tend__lake_writer *writer,
                                     const struct tend__batch *batch, struct tend_error *err)
{
    TEND_TRY(check_batch(writer, batch, err));
    for (size_t from = 0; from < batch->row_count; from += TEND_LAKE_BATCH_MAX) {
        const size_t left = batch->row_count - from;
        const size_t count = left < TEND_LAKE_BATCH_MAX ? left : TEND_LAKE_BATCH_MAX;
        duckdb_data_chunk_reset(writer->chunk);
        for (size_t i = 0; i < writer->column_count; i++) {
            put_column(duckdb_data_chunk_get_vector(writer->chunk, i), &batch->columns[i], from,
                       count);
        }
        duckdb_data_chunk_set_size(writer->chunk, count);
        if (duckdb_append_data_chunk(writer->appender, writer->chunk) != DuckDBSuccess) {
            return tend__lake_fail(duckdb_appender_error(writer->appender), NULL, err);
        }
    }
    return TEND_OK;
}

static enum tend_code finish_rows(duckdb_appender *appender, struct tend_error *err)
{
    if (duckdb_appender_close(*appender) != DuckDBSuccess) {
        return tend__lake_fail(duckdb_appender_error(*appender), NULL, err);
    }
    return TEND_OK;
}

enum tend_code tend__lake_writer_finish(struct tend__lake_writer *writer, struct tend_error *err)
{
    enum tend_code code = finish_rows(&writer->appender, err);
    if (code == TEND_OK) {
        code = tend__lake_copy_from(writer->lake, writer->con, "SELECT * FROM temp." ROWS_TABLE, "",
                                    writer->path, err);
    }
    tend__lake_writer_free(writer);
    return code;
}

void tend__lake_writer_free(struct tend__lake_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    duckdb_destroy_data_chunk(&writer->chunk);
    if (writer->appender != NULL) {
        (void)duckdb_appender_destroy(&writer->appender);
    }
    if (writer->con != NULL) {
        duckdb_disconnect(&writer->con);
    }
    tend__mem_free(writer->path);
    tend__mem_free(writer->types);
    tend__mem_free(writer);
}

enum tend_code tend__lake_write_batches(struct tend__lake *lake, const char *path,
                                        const struct tend__batch *batches, size_t batch_count,
                                        struct tend_error *err)
{
    struct tend__lake_writer *writer = NULL;
    if (batch_count == 0) {
        return TEND_FAIL(err, EINVAL, "'%s' needs at least one batch", path);
    }
    TEND_TRY(tend__lake_writer_new(lake, path, batches[0].fields, batches[0].column_count, &writer,
                                   err));
    for (size_t i = 0; i < batch_count; i++) {
        const enum tend_code code = tend__lake_writer_add(writer, &batches[i], err);
        if (code != TEND_OK) {
            tend__lake_writer_free(writer);
            return code;
        }
    }
    return tend__lake_writer_finish(writer, err);
}
