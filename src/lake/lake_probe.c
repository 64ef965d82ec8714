/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_probe.c: looks into columns of CSV and JSON that came out as text.
 *
 * One "NA" among a million numbers makes DuckDB call a column text. Here the first rows of such a
 * column are looked at: where all of them are numbers, empty or one of the words below, the column
 * is numbers and the words are missing values. A column with no value in these rows is looked at to
 * its end; where it has none at all it has no type.
 */
#include "lake/lake_private.h"

#include <string.h>

#define SAMPLE_ROWS 20480

void tend__lake_null_words(struct tend__buf *sql)
{
    static const char words[] =
        "'', 'NA', 'N/A', 'n/a', '#N/A', 'NULL', 'null', 'None', 'none', '-', '?', '.'";
    tend__buf_printf(sql, "[%s]", words);
}

static void add_value(struct tend__buf *sql, const struct lake_column *column)
{
    tend__buf_char(sql, '(');
    tend__sql_name(sql, column->name);
    tend__buf_text(sql, column->is_json ? "->>'$')" : ")");
}

/* list_contains and not IN: DuckDB makes a join of a long IN, and the rows behind a join lose their
 * order. */
static void add_is_null_word(struct tend__buf *sql, const struct lake_column *column)
{
    tend__buf_text(sql, "list_contains(");
    tend__lake_null_words(sql);
    tend__buf_text(sql, ", trim(");
    add_value(sql, column);
    tend__buf_text(sql, "))");
}

/* Most values are numbers: only for those that are not is it asked what they are. */
void tend__lake_number_sql(struct tend__buf *sql, const struct lake_column *column)
{
    tend__buf_text(sql, "coalesce(try_cast(");
    add_value(sql, column);
    tend__buf_text(sql, " AS DOUBLE), CAST(CASE WHEN ");
    add_is_null_word(sql, column);
    tend__buf_text(sql, " THEN NULL ELSE ");
    add_value(sql, column);
    tend__buf_text(sql, " END AS DOUBLE))");
}

static bool is_probed(const struct lake_column *column)
{
    return column->type == DUCKDB_TYPE_VARCHAR && column->reading == LAKE_READ_PLAIN &&
           column->name[0] != '\0';
}

/* For each probed column: how many values there are, how many are numbers, and how many are neither
 * that nor a word for nothing. */
static void write_probe(struct tend__buf *sql, const struct lake_source *source,
                        const struct lake_columns *columns, bool is_sample)
{
    const char *before = "SELECT ";
    for (size_t i = 0; i < columns->count; i++) {
        if (!is_probed(&columns->at[i])) {
            continue;
        }
        tend__buf_printf(sql, "%scount(", before);
        add_value(sql, &columns->at[i]);
        tend__buf_text(sql, "), count(try_cast(");
        add_value(sql, &columns->at[i]);
        tend__buf_text(sql, " AS DOUBLE)), count(CASE WHEN try_cast(");
        add_value(sql, &columns->at[i]);
        tend__buf_text(sql, " AS DOUBLE) IS NULL AND NOT ");
        add_is_null_word(sql, &columns->at[i]);
        tend__buf_text(sql, " THEN 1 END)");
        before = ", ";
    }
    tend__buf_text(sql, " FROM (SELECT * FROM ");
    tend__lake_table_sql(sql, source, columns);
    if (is_sample) {
        tend__buf_printf(sql, " LIMIT %d", SAMPLE_ROWS);
    }
    tend__buf_char(sql, ')');
}

/* What the three counts of a column say. Words for nothing alone are text: "none" may be somebody's
 * category. */
static enum lake_reading judge(int64_t values, int64_t numbers, int64_t others, bool is_sample)
{
    if (others > 0) {
        return LAKE_READ_TEXT;
    }
    if (numbers > 0) {
        return LAKE_READ_NUMBER;
    }
    if (values > 0) {
        return LAKE_READ_TEXT;
    }
    return is_sample ? LAKE_READ_PLAIN : LAKE_READ_NOTHING;
}

static int64_t count_at(duckdb_data_chunk chunk, idx_t column_idx)
{
    return *(const int64_t *)duckdb_vector_get_data(
        duckdb_data_chunk_get_vector(chunk, column_idx));
}

/* *unsure: some column has no value in the sample. */
static enum tend_code probe(duckdb_connection con, const struct lake_source *source,
                            struct lake_columns *columns, bool is_sample, bool *unsure,
                            struct tend_error *err)
{
    struct tend__buf sql;
    duckdb_result result = {0};
    tend__buf_init(&sql, LAKE_SQL_MAX);
    write_probe(&sql, source, columns, is_sample);
    enum tend_code code = tend__buf_code(&sql, err);
    if (code == TEND_OK) {
        code = tend__lake_query(con, tend__buf_str(&sql), source, &result, err);
    }
    tend__buf_deinit(&sql);
    if (code != TEND_OK) {
        return code;
    }
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    idx_t at = 0;
    *unsure = false;
    for (size_t i = 0; chunk != NULL && i < columns->count; i++) {
        struct lake_column *column = &columns->at[i];
        if (is_probed(column)) {
            column->reading = judge(count_at(chunk, at), count_at(chunk, at + 1),
                                    count_at(chunk, at + 2), is_sample);
            *unsure = *unsure || column->reading == LAKE_READ_PLAIN;
            at += 3;
        }
    }
    duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
    return TEND_OK;
}

enum tend_code tend__lake_probe(duckdb_connection con, const struct lake_source *source,
                                struct lake_columns *columns, struct tend_error *err)
{
    bool unsure = false;
    for (size_t i = 0; i < columns->count; i++) {
        unsure = unsure || is_probed(&columns->at[i]);
    }
    if (source->kind == LAKE_PARQUET || !unsure) {
        return TEND_OK;
    }
    TEND_TRY(probe(con, source, columns, true, &unsure, err));
    return unsure ? probe(con, source, columns, false, &unsure, err) : TEND_OK;
}
