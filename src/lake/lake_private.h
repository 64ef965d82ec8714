/* SPDX-License-Identifier: Apache-2.0 */
/* lake_private.h: what the files of src/lake share. Only they include it, and duckdb.h comes in
 * only here. */
#ifndef TEND_LAKE_LAKE_PRIVATE_H
#define TEND_LAKE_LAKE_PRIVATE_H

#include "lake/lake.h"

#include "base/buf.h"

#include <duckdb.h>

#define LAKE_SQL_MAX (64u << 20)
#define LAKE_PATH_MAX TEND_LAKE_PATH_MAX

struct tend__lake {
    duckdb_database db;
    duckdb_connection con; /* for exec, copy and questions; each reader and writer has its own */
    char *temp_dir;        /* private, removed with the lake */
    uint64_t memory_max_bytes;
    uint64_t temp_count; /* names of temporary files */
};

enum lake_kind { LAKE_PARQUET, LAKE_CSV, LAKE_JSON };
enum lake_packing { LAKE_PLAIN, LAKE_GZIP, LAKE_ZSTD };

struct lake_columns;

/* A data set before it is read: which files, of which type, and how DuckDB is asked for them. */
struct lake_source {
    enum lake_kind kind;
    enum lake_packing packing;
    char *shown; /* what messages call it: the user's path, or "standard input" */
    char **files;
    size_t file_count;
    size_t file_cap;
    bool is_stdin;
    bool has_hive;  /* key=value folders below the root */
    char delimiter; /* of CSV, and the number of columns that the first file's header has */
    size_t header_count;
    struct lake_columns *csv; /* of CSV files with one header: their columns' types; else NULL */
    char *date_format;        /* how times in it are written, where that is not ISO 8601 */
    char *time_format;
};

/* What a column of text in CSV or JSON really is. */
enum lake_reading {
    LAKE_READ_PLAIN,  /* as its type says, or not looked at yet */
    LAKE_READ_TEXT,   /* text indeed */
    LAKE_READ_NUMBER, /* numbers, and words for missing values */
    LAKE_READ_NOTHING /* not one value */
};

/* A column as DuckDB sees it in the source. */
struct lake_column {
    char *name;
    duckdb_type type;
    bool is_json; /* a VARCHAR that holds JSON */
    enum lake_reading reading;
};

struct lake_columns {
    struct lake_column *at;
    size_t count;
};

/* lake.c */
enum tend_code tend__lake_connect(struct tend__lake *lake, duckdb_connection *out,
                                  struct tend_error *err) TEND_NODISCARD;
/* Runs sql; the caller destroys *out on success. `source` may be NULL; it names what is read in
 * messages. */
enum tend_code tend__lake_query(duckdb_connection con, const char *sql,
                                const struct lake_source *source, duckdb_result *out,
                                struct tend_error *err) TEND_NODISCARD;
enum tend_code tend__lake_prepare(duckdb_connection con, const char *sql,
                                  const struct lake_source *source, duckdb_prepared_statement *out,
                                  struct tend_error *err) TEND_NODISCARD;

/* lake_error.c: DuckDB's own words made one sentence, and the code that fits. */
enum tend_code tend__lake_fail(const char *text, const struct lake_source *source,
                               struct tend_error *err);

/* lake_source.c */
enum tend_code tend__lake_source_find(struct tend__lake *lake, const char *path,
                                      struct lake_source *out,
                                      struct tend_error *err) TEND_NODISCARD;
void tend__lake_source_deinit(struct lake_source *source);
/* One file's name and its bytes must agree. */
enum tend_code tend__lake_file_check(const char *path, const char *shown, enum lake_kind *kind,
                                     enum lake_packing *packing,
                                     struct tend_error *err) TEND_NODISCARD;

/* lake_schema.c: the columns of a source, the same in each of its files. */
enum tend_code tend__lake_describe(duckdb_connection con, struct lake_source *source,
                                   struct lake_columns *out, struct tend_error *err) TEND_NODISCARD;
void tend__lake_columns_deinit(struct lake_columns *columns);
/* Appends the table function that reads the whole source, with its columns where they are known. */
void tend__lake_table_sql(struct tend__buf *sql, const struct lake_source *source,
                          const struct lake_columns *columns);
/* Appends a path as a literal that DuckDB does not take for a pattern. */
void tend__lake_file_literal(struct tend__buf *sql, const char *path);
enum tend_type tend__lake_type(const struct lake_column *column, bool *is_supported);

/* lake_header.c: a CSV file's separator and how many columns its header names; *is_same tells
 * whether all files have that very header. */
enum tend_code tend__lake_learn_header(duckdb_connection con, struct lake_source *source,
                                       bool *is_same, struct tend_error *err) TEND_NODISCARD;
/* The formats of times that the sniffer finds in the first file. */
enum tend_code tend__lake_learn_formats(duckdb_connection con, struct lake_source *source,
                                        struct tend_error *err) TEND_NODISCARD;
/* Appends the options that every reading of the source has, the first with a comma before it. */
void tend__lake_options_sql(struct tend__buf *sql, const struct lake_source *source);
/* Says which row's text in a column is no time: the first such. `err` says so of the file already.
 */
enum tend_code tend__lake_find_bad_time(duckdb_connection con, const struct lake_source *source,
                                        const struct lake_columns *columns, const char *column,
                                        struct tend_error *err);
/* Puts the line of a value that is no number into an error that lacks it. */
enum tend_code tend__lake_find_bad_value(duckdb_connection con, const struct lake_source *source,
                                         struct tend_error *err);

/* lake_manifest.c */
enum tend_code tend__lake_manifest(const struct lake_source *source,
                                   char hash[TEND_SHA256_HEX_SIZE],
                                   struct tend_error *err) TEND_NODISCARD;

/* lake_probe.c */
enum tend_code tend__lake_probe(duckdb_connection con, const struct lake_source *source,
                                struct lake_columns *columns,
                                struct tend_error *err) TEND_NODISCARD;
/* Appends the words that are missing values among numbers, as an SQL list. */
void tend__lake_null_words(struct tend__buf *sql);
/* Appends the expression that reads a LAKE_READ_NUMBER column. */
void tend__lake_number_sql(struct tend__buf *sql, const struct lake_column *column);

/* lake_write.c: COPY (select) to a Parquet file, by way of a temporary one beside it. `options` are
 * more of COPY's, each after a comma; "" for none. */
enum tend_code tend__lake_copy_from(struct tend__lake *lake, duckdb_connection con,
                                    const char *select, const char *options, const char *path,
                                    struct tend_error *err) TEND_NODISCARD;

#endif
