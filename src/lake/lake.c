/* SPDX-License-Identifier: Apache-2.0 */
/* lake.c: the in-memory DuckDB behind every reader and writer: how it is set up, asked and taken
 * down. */
#include "lake/lake.h"

#include "base/mem.h"
#include "lake/lake_private.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_DEFAULT (UINT64_C(256) << 20)
#define MEMORY_MIN (UINT64_C(64) << 20)
#define THREADS_DEFAULT 2

void tend__sql_literal(struct tend__buf *sql, const char *text)
{
    tend__buf_char(sql, '\'');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\'') {
            tend__buf_char(sql, '\'');
        }
        tend__buf_char(sql, *c);
    }
    tend__buf_char(sql, '\'');
}

void tend__sql_name(struct tend__buf *sql, const char *name)
{
    tend__buf_char(sql, '"');
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '"') {
            tend__buf_char(sql, '"');
        }
        tend__buf_char(sql, *c);
    }
    tend__buf_char(sql, '"');
}

static void remove_tree(const char *dir)
{
    char copy[LAKE_PATH_MAX];
    (void)snprintf(copy, sizeof(copy), "%s", dir);
    char *const roots[] = {copy, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (tree == NULL) {
        return;
    }
    for (FTSENT *entry = fts_read(tree); entry != NULL; entry = fts_read(tree)) {
        if (entry->fts_info == FTS_DP) {
            (void)rmdir(entry->fts_accpath);
        } else if (entry->fts_info != FTS_D) {
            (void)unlink(entry->fts_accpath);
        }
    }
    (void)fts_close(tree);
}

static enum tend_code make_temp_dir(const struct tend__lake_options *options, char **out,
                                    struct tend_error *err)
{
    const char *parent = options != NULL ? options->temp_dir : NULL;
    if (parent == NULL || parent[0] == '\0') {
        parent = getenv("TMPDIR");
    }
    if (parent == NULL || parent[0] == '\0') {
        parent = "/tmp";
    }
    char dir[LAKE_PATH_MAX];
    const int len = snprintf(dir, sizeof(dir), "%s/tend-XXXXXX", parent);
    if (len < 0 || (size_t)len >= sizeof(dir)) {
        return TEND_FAIL(err, EINVAL, "the name of the temporary folder is too long");
    }
    if (mkdtemp(dir) == NULL) {
        return TEND_FAIL(err, EIO, "cannot make a temporary folder in '%s': %s", parent,
                         strerror(errno));
    }
    const enum tend_code code = tend__mem_text(dir, (size_t)len, out, err);
    if (code != TEND_OK) {
        (void)rmdir(dir);
    }
    return code;
}

/* One setting of DuckDB's; the text of a number or a name. */
static bool set_config(duckdb_config config, const char *name, const char *value)
{
    return duckdb_set_config(config, name, value) == DuckDBSuccess;
}

static enum tend_code open_database(struct tend__lake *lake, uint32_t threads,
                                    struct tend_error *err)
{
    duckdb_config config = NULL;
    char memory[32];
    char workers[16];
    (void)snprintf(memory, sizeof(memory), "%" PRIu64 "KiB", lake->memory_max_bytes >> 10);
    (void)snprintf(workers, sizeof(workers), "%" PRIu32, threads);
    if (duckdb_create_config(&config) != DuckDBSuccess) {
        duckdb_destroy_config(&config);
        return TEND_FAIL(err, EINTERNAL, "DuckDB gave no configuration");
    }
    /* Nothing is fetched or loaded behind the user's back: what DuckDB has built in is what there
     * is. */
    const bool is_set = set_config(config, "memory_limit", memory) &&
                        set_config(config, "threads", workers) &&
                        set_config(config, "temp_directory", lake->temp_dir) &&
                        set_config(config, "preserve_insertion_order", "true") &&
                        set_config(config, "autoinstall_known_extensions", "false") &&
                        set_config(config, "autoload_known_extensions", "false") &&
                        set_config(config, "allow_community_extensions", "false");
    char *why = NULL;
    const bool is_open = is_set && duckdb_open_ext(NULL, &lake->db, config, &why) == DuckDBSuccess;
    duckdb_destroy_config(&config);
    if (!is_open) {
        const enum tend_code code = tend__lake_fail(
            why != NULL ? why : "DuckDB refused its settings (is it version 1.4?)", NULL, err);
        duckdb_free(why);
        return code;
    }
    return TEND_OK;
}

enum tend_code tend__lake_new(const struct tend__lake_options *options, struct tend__lake **out,
                              struct tend_error *err)
{
    struct tend__lake *lake = NULL;
    enum tend_code code = TEND_OK;
    const uint32_t threads =
        options != NULL && options->threads != 0 ? options->threads : THREADS_DEFAULT;
    TEND_TRY(tend__mem_new(1, sizeof(*lake), &lake, err));
    lake->memory_max_bytes = options != NULL && options->memory_max_bytes != 0
                                 ? options->memory_max_bytes
                                 : MEMORY_DEFAULT;
    if (lake->memory_max_bytes < MEMORY_MIN) {
        lake->memory_max_bytes = MEMORY_MIN;
    }
    TEND_TRY_OUT(make_temp_dir(options, &lake->temp_dir, err));
    TEND_TRY_OUT(open_database(lake, threads, err));
    TEND_TRY_OUT(tend__lake_connect(lake, &lake->con, err));
    /* Times with a zone are read in UTC whatever the machine's zone. */
    TEND_TRY_OUT(tend__lake_exec(lake, "SET GLOBAL TimeZone = 'UTC'", err));
    *out = lake;
    return TEND_OK;
out:
    tend__lake_free(lake);
    return code;
}

void tend__lake_free(struct tend__lake *lake)
{
    if (lake == NULL) {
        return;
    }
    if (lake->con != NULL) {
        duckdb_disconnect(&lake->con);
    }
    if (lake->db != NULL) {
        duckdb_close(&lake->db);
    }
    if (lake->temp_dir != NULL) {
        remove_tree(lake->temp_dir);
        tend__mem_free(lake->temp_dir);
    }
    tend__mem_free(lake);
}

enum tend_code tend__lake_connect(struct tend__lake *lake, duckdb_connection *out,
                                  struct tend_error *err)
{
    if (duckdb_connect(lake->db, out) != DuckDBSuccess) {
        return TEND_FAIL(err, EINTERNAL, "DuckDB gave no connection");
    }
    return TEND_OK;
}

enum tend_code tend__lake_query(duckdb_connection con, const char *sql,
                                const struct lake_source *source, duckdb_result *out,
                                struct tend_error *err)
{
    if (duckdb_query(con, sql, out) != DuckDBSuccess) {
        const enum tend_code code = tend__lake_fail(duckdb_result_error(out), source, err);
        duckdb_destroy_result(out);
        return code;
    }
    return TEND_OK;
}

enum tend_code tend__lake_prepare(duckdb_connection con, const char *sql,
                                  const struct lake_source *source, duckdb_prepared_statement *out,
                                  struct tend_error *err)
{
    if (duckdb_prepare(con, sql, out) != DuckDBSuccess) {
        const enum tend_code code = tend__lake_fail(duckdb_prepare_error(*out), source, err);
        duckdb_destroy_prepare(out);
        return code;
    }
    return TEND_OK;
}

enum tend_code tend__lake_exec(struct tend__lake *lake, const char *sql, struct tend_error *err)
{
    duckdb_result result = {0};
    TEND_TRY(tend__lake_query(lake->con, sql, NULL, &result, err));
    duckdb_destroy_result(&result);
    return TEND_OK;
}

enum tend_code tend__lake_query_number(struct tend__lake *lake, const char *sql, double *out,
                                       bool *found, struct tend_error *err)
{
    struct tend__buf cast;
    duckdb_result result = {0};
    tend__buf_init(&cast, LAKE_SQL_MAX);
    tend__buf_printf(&cast, "SELECT CAST(t.x AS DOUBLE) FROM (%s) t(x) LIMIT 1", sql);
    enum tend_code code = tend__buf_code(&cast, err);
    if (code == TEND_OK) {
        code = tend__lake_query(lake->con, tend__buf_str(&cast), NULL, &result, err);
    }
    tend__buf_deinit(&cast);
    if (code != TEND_OK) {
        return code;
    }
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    *found = false;
    if (chunk != NULL && duckdb_data_chunk_get_size(chunk) > 0) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, 0);
        if (duckdb_validity_row_is_valid(duckdb_vector_get_validity(vector), 0)) {
            *out = *(const double *)duckdb_vector_get_data(vector);
            *found = true;
        }
    }
    duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
    return TEND_OK;
}
