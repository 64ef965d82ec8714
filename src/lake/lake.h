/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake.h: rows in and out of files, through DuckDB.
 *
 * A `lake` is one in-memory DuckDB with a memory limit, a private folder for what it spills, and no
 * network. A `reader` streams a data set (a Parquet, CSV or JSON file, a folder, a glob, or
 * standard input) as batches of rows. Numbers of every width come as binary64, dates and times as
 * microseconds UTC, text as UTF-8; columns that tend has no type for are left out and noted.
 * docs/data-in.md says what is read and how.
 *
 * Memory is bounded by the lake's limit whatever the size of the data. Rows come in the order of
 * the files (sorted by path) and of the rows in them, unless `order_by` asks for an order.
 *
 * Threads: a lake and its readers belong to one thread at a time; DuckDB's own workers are hidden.
 */
#ifndef TEND_LAKE_LAKE_H
#define TEND_LAKE_LAKE_H

#include "base/column.h"
#include "base/fail.h"
#include "base/hash.h"
#include "tend/arrow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_LAKE_COLUMN_MAX 4096 /* columns of a data set */
#define TEND_LAKE_FILE_MAX 100000 /* files of a data set */
#define TEND_LAKE_BATCH_MAX 2048  /* rows of a batch */

struct tend__lake;
struct tend__lake_reader;

struct tend__lake_options {
    uint64_t memory_max_bytes; /* 0 = 256 MiB. DuckDB's buffers; the process needs some 100 MiB
                                  beside it */
    uint32_t threads;          /* 0 = 2 */
    const char *temp_dir;      /* where the private folder is made; NULL = $TMPDIR, or /tmp */
};

/* options may be NULL. TEND_EIO where the temp folder cannot be made, TEND_EINTERNAL where DuckDB
 * does not start. */
enum tend_code tend__lake_new(const struct tend__lake_options *options, struct tend__lake **out,
                              struct tend_error *err) TEND_NODISCARD;

/* Removes the private folder. All readers must be closed. NULL is fine. */
void tend__lake_free(struct tend__lake *lake);

/* Called about every hundred thousand rows and once at the end. `rows_expected` is an estimate, 0 =
 * unknown. */
typedef void (*tend__lake_progress_fn)(void *ctx, uint64_t rows_done, uint64_t rows_expected);

struct tend__lake_read_options {
    const char *const *columns; /* which, in this order; NULL = all, in the file's order */
    size_t column_count;
    /* A time or number column: rows ascend by it, nulls last, ties in file order. NULL = none. */
    const char *order_by;
    /* Text in this column is read as times; a value that is none is an error. NULL = none. */
    const char *time_column;
    /* An SQL condition out of tend's own code, never a user's, over the columns by name with tend's
     * types. Plain comparisons only: what DuckDB makes a join of (a subquery, a long IN) loses the
     * order of the rows. NULL = all rows. */
    const char *where;
    /* Lists of numbers of which nine of ten in the first 2,048 rows have one length are vectors;
     * otherwise, and without this, lists are left out and noted. */
    bool with_vectors;
    uint64_t row_max; /* 0 = all */
    tend__lake_progress_fn progress;
    void *progress_ctx;
};

/*
 * Opens a data set. `path` is a file, a folder (every data file below it, all of one type;
 * key=value folders become columns), a glob (`*`, `**`, `?`, `[...]`), or "-" for standard input,
 * which is kept until the lake is freed and may be opened again. options may be NULL.
 *
 * TEND_ENOTFOUND: no such file or column (with the nearest name), or a folder or glob without data.
 * TEND_ECORRUPT: not of its type, cut short, or a bad line. TEND_EIO: not readable. TEND_ETYPE:
 * files whose columns differ. The texts are single sentences that name the file.
 */
enum tend_code tend__lake_open(struct tend__lake *lake, const char *path,
                               const struct tend__lake_read_options *options,
                               struct tend__lake_reader **out,
                               struct tend_error *err) TEND_NODISCARD;

/* NULL is fine. */
void tend__lake_close(struct tend__lake_reader *reader);

/* The columns of each batch; valid until the reader is closed. */
void tend__lake_fields(const struct tend__lake_reader *reader, const struct tend__field **fields,
                       size_t *field_count);

/* *out is the next 1 to TEND_LAKE_BATCH_MAX rows, valid until the next call or close; NULL at the
 * end. */
enum tend_code tend__lake_next(struct tend__lake_reader *reader, const struct tend__batch **out,
                               struct tend_error *err) TEND_NODISCARD;

/* Rows that the data set holds: exact for Parquet, an estimate for text, 0 where nothing is known.
 * `where` and `row_max` are not considered, but that it is never above row_max. */
uint64_t tend__lake_row_estimate(const struct tend__lake_reader *reader);

/* What a person should know of how the data was read ("column 'tags' is a list and is left out"),
 * or NULL. */
const char *tend__lake_note(const struct tend__lake_reader *reader, size_t note_idx);

/* The files of the data set, in the order they are read. NULL past the last. */
const char *tend__lake_file(const struct tend__lake_reader *reader, size_t file_idx);

/* The hash of all bytes of the data set, for a version's lineage: the same wherever the files lie
 * (docs/data-in.md says how it is made). Reads every file once. */
enum tend_code tend__lake_data_hash(const struct tend__lake_reader *reader,
                                    char hash[TEND_SHA256_HEX_SIZE],
                                    struct tend_error *err) TEND_NODISCARD;

/* The same rows as Arrow: the schema once, then struct arrays until *done. The caller releases
 * each. Not to be mixed with tend__lake_next on one reader. */
enum tend_code tend__lake_arrow_schema(struct tend__lake_reader *reader,
                                       struct tend_arrow_schema *out,
                                       struct tend_error *err) TEND_NODISCARD;
enum tend_code tend__lake_arrow_next(struct tend__lake_reader *reader, struct tend_arrow_array *out,
                                     bool *done, struct tend_error *err) TEND_NODISCARD;

/* Where a whole file called `path` is put by renaming: links are followed, so that they stay links.
 * TEND_EIO where a folder, a device or a pipe is there, whose place a file must not take. */
#define TEND_LAKE_PATH_MAX 4096
enum tend_code tend__lake_target(const char *path, char target[TEND_LAKE_PATH_MAX],
                                 struct tend_error *err) TEND_NODISCARD;

/*
 * Writes one Parquet file (zstd) at a time. The rows go to a temporary file beside `path`, which
 * takes its name only at finish, after fsync: a failure or a crash leaves an older file as it was
 * and nothing half-written.
 */
struct tend__lake_writer;
enum tend_code tend__lake_writer_new(struct tend__lake *lake, const char *path,
                                     const struct tend__field *fields, size_t field_count,
                                     struct tend__lake_writer **out,
                                     struct tend_error *err) TEND_NODISCARD;
enum tend_code tend__lake_writer_add(struct tend__lake_writer *writer,
                                     const struct tend__batch *batch,
                                     struct tend_error *err) TEND_NODISCARD;
/* Frees the writer whether it succeeds or not. */
enum tend_code tend__lake_writer_finish(struct tend__lake_writer *writer,
                                        struct tend_error *err) TEND_NODISCARD;
/* Gives up: nothing appears at the path. NULL is fine. */
void tend__lake_writer_free(struct tend__lake_writer *writer);

/* All in one: batch_count batches with the same fields. */
enum tend_code tend__lake_write_batches(struct tend__lake *lake, const char *path,
                                        const struct tend__batch *batches, size_t batch_count,
                                        struct tend_error *err) TEND_NODISCARD;

/* A table that is an Arrow struct array, written to Parquet with its own types (lists and binaries
 * too), the same way, and as small as it gets. Schema and array stay the caller's. */
enum tend_code tend__lake_write_table(struct tend__lake *lake, const char *path,
                                      const struct tend_arrow_schema *schema,
                                      const struct tend_arrow_array *array,
                                      struct tend_error *err) TEND_NODISCARD;

/* A whole small Parquet file as one Arrow struct array with its own types, in file order; the
 * caller releases both. TEND_ELIMIT above row_max rows. */
enum tend_code tend__lake_read_table(struct tend__lake *lake, const char *path, uint64_t row_max,
                                     struct tend_arrow_schema *schema,
                                     struct tend_arrow_array *array,
                                     struct tend_error *err) TEND_NODISCARD;

struct tend__lake_tables {
    const char *const *paths; /* Parquet files of one kind, each by its own name */
    size_t path_count;
    const char *where; /* as in tend__lake_read_options; NULL = all rows */
    uint64_t row_max;
};

/* The same of many files: their rows in the order of the paths as bytes and of the rows in each. */
enum tend_code tend__lake_read_tables(struct tend__lake *lake,
                                      const struct tend__lake_tables *tables,
                                      struct tend_arrow_schema *schema,
                                      struct tend_arrow_array *array,
                                      struct tend_error *err) TEND_NODISCARD;

/* Runs SQL of tend's own (never a user's) and drops the result. */
enum tend_code tend__lake_exec(struct tend__lake *lake, const char *sql,
                               struct tend_error *err) TEND_NODISCARD;

/* COPY (sql) TO path as Parquet, through a temporary file as the writer does. */
enum tend_code tend__lake_copy(struct tend__lake *lake, const char *sql, const char *path,
                               struct tend_error *err) TEND_NODISCARD;

/* The first column of the first row as a number; *found is false for NULL or no row. */
enum tend_code tend__lake_query_number(struct tend__lake *lake, const char *sql, double *out,
                                       bool *found, struct tend_error *err) TEND_NODISCARD;

/* Appends 'text' quoted as an SQL literal, and "name" as an identifier. */
struct tend__buf;
void tend__sql_literal(struct tend__buf *sql, const char *text);
void tend__sql_name(struct tend__buf *sql, const char *name);

#endif
