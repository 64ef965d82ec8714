/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_vector.c: lists of numbers as vectors.
 *
 * DuckDB's lists have no length of their own, so the first rows are looked at: where nine of ten
 * lists in them have one length, the column is one of vectors of that length, and rows of another
 * are misfits. Arrays are cast to lists, so that there is one way to read. The items are not copied
 * where they lie one row behind the other and none is missing.
 */
#include "lake/lake_private.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define SAMPLE_ROWS 2048

static bool is_number_list(const struct lake_column *column)
{
    return column->name[0] != '\0' && column->item != DUCKDB_TYPE_INVALID;
}

/* For each list: the lengths that a twentieth are below and above. */
static void write_lengths(struct tend__buf *sql, const struct lake_source *source,
                          const struct lake_columns *columns)
{
    const char *before = "SELECT ";
    for (size_t i = 0; i < columns->count; i++) {
        if (!is_number_list(&columns->at[i])) {
            continue;
        }
        static const char *const ends[] = {"0.05", "0.95"};
        for (size_t k = 0; k < 2; k++) {
            tend__buf_printf(sql, "%sCAST(coalesce(quantile_disc(len(", before);
            tend__sql_name(sql, columns->at[i].name);
            tend__buf_printf(sql, "), %s), 0) AS BIGINT)", ends[k]);
            before = ", ";
        }
    }
    tend__buf_text(sql, " FROM (SELECT * FROM ");
    tend__lake_table_sql(sql, source, columns);
    tend__buf_printf(sql, " LIMIT %d)", SAMPLE_ROWS);
}

static int64_t length_at(duckdb_data_chunk chunk, idx_t column_idx)
{
    return *(const int64_t *)duckdb_vector_get_data(
        duckdb_data_chunk_get_vector(chunk, column_idx));
}

enum tend_code tend__lake_probe_vectors(duckdb_connection con, const struct lake_source *source,
                                        struct lake_columns *columns, struct tend_error *err)
{
    struct tend__buf sql;
    duckdb_result result = {0};
    size_t count = 0;
    for (size_t i = 0; i < columns->count; i++) {
        if (is_number_list(&columns->at[i])) {
            columns->at[i].dim = 1; /* so that it is read */
            count++;
        }
    }
    if (count == 0) {
        return TEND_OK;
    }
    tend__buf_init(&sql, LAKE_SQL_MAX);
    write_lengths(&sql, source, columns);
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
    for (size_t i = 0; i < columns->count; i++) {
        struct lake_column *column = &columns->at[i];
        if (!is_number_list(column)) {
            continue;
        }
        const int64_t low = chunk == NULL ? 0 : length_at(chunk, at);
        const int64_t high = chunk == NULL ? 0 : length_at(chunk, at + 1);
        const bool is_vector = low > 0 && low == high && high <= TEND_VECTOR_DIM_MAX;
        column->dim = is_vector ? (uint32_t)low : 0;
        at += 2;
    }
    duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
    return TEND_OK;
}

/* ---- rows ---- */

static bool has_null_item(const uint64_t *bits, idx_t count)
{
    for (idx_t i = 0; bits != NULL && i < count; i++) {
        if (!duckdb_validity_row_is_valid((uint64_t *)(uintptr_t)bits, i)) {
            return true;
        }
    }
    return false;
}

/* Whether all rows lie one behind the other; marks those of another length. */
static bool mark_rows(const duckdb_list_entry *entries, size_t row_count, uint32_t dim,
                      struct lake_vector_room *room)
{
    bool is_plain = true;
    room->has_misfit = false;
    for (size_t i = 0; i < row_count; i++) {
        const bool is_there = room->valid[i] != 0;
        room->misfit[i] = is_there && entries[i].length != dim ? 1 : 0;
        room->valid[i] = is_there && room->misfit[i] == 0 ? 1 : 0;
        room->has_misfit = room->has_misfit || room->misfit[i] != 0;
        room->has_null = room->has_null || room->valid[i] == 0;
        is_plain = is_plain && room->valid[i] != 0 &&
                   entries[i].offset == entries[0].offset + (uint64_t)i * dim;
    }
    return is_plain;
}

static void copy_row(const struct lake_vector_room *room, const void *items, const uint64_t *bits,
                     uint64_t from, size_t row_idx)
{
    const size_t dim = room->dim;
    const size_t size = room->is_float ? sizeof(float) : sizeof(double);
    char *to = (char *)room->items + row_idx * dim * size;
    memcpy(to, (const char *)items + from * size, dim * size);
    for (size_t k = 0; bits != NULL && k < dim; k++) {
        if (!duckdb_validity_row_is_valid((uint64_t *)(uintptr_t)bits, from + k)) {
            if (room->is_float) {
                ((float *)(void *)to)[k] = NAN;
            } else {
                ((double *)(void *)to)[k] = (double)NAN;
            }
        }
    }
}

void tend__lake_view_vectors(duckdb_vector vector, size_t row_count, struct lake_vector_room *room,
                             struct tend__column *out)
{
    const duckdb_list_entry *entries = duckdb_vector_get_data(vector);
    duckdb_vector child = duckdb_list_vector_get_child(vector);
    const void *items = duckdb_vector_get_data(child);
    const uint64_t *bits = duckdb_vector_get_validity(child);
    const size_t size = room->is_float ? sizeof(float) : sizeof(double);
    room->has_null = false;
    const bool is_plain = mark_rows(entries, row_count, room->dim, room) &&
                          !has_null_item(bits, duckdb_list_vector_get_size(vector));
    const void *at = room->items;
    if (is_plain && row_count > 0) {
        at = (const char *)items + entries[0].offset * size;
    } else {
        for (size_t i = 0; i < row_count; i++) {
            if (room->valid[i] != 0) {
                copy_row(room, items, bits, entries[i].offset, i);
            }
        }
    }
    out->f32 = room->is_float ? at : NULL;
    out->f64 = room->is_float ? NULL : at;
    out->dim = room->dim;
    out->valid = room->has_null ? room->valid : NULL;
    out->misfit = room->has_misfit ? room->misfit : NULL;
}
