/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_header.c: what the first line of a CSV file tells.
 *
 * DuckDB's sniffer would guess a dialect, and skip a header or rows that do not fit its guess
 * without a word. Here the first line is the header, the separator is the one of , ; tab | that it
 * has most of, and quotes are '"'.
 */
#include "lake/lake_private.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_LINES_MAX 64

static const char separators[] = {',', ';', '\t', '|'};

/* Adds lines until no quote is open: a name in quotes may have line ends in it. Where a quote never
 * closes only the first line is the header. */
static void take_header(duckdb_data_chunk chunk, struct tend__buf *line, bool *found)
{
    const idx_t row_count = chunk == NULL ? 0 : duckdb_data_chunk_get_size(chunk);
    duckdb_vector vector = chunk == NULL ? NULL : duckdb_data_chunk_get_vector(chunk, 0);
    duckdb_string_t *text = vector == NULL ? NULL : duckdb_vector_get_data(vector);
    uint64_t *validity = vector == NULL ? NULL : duckdb_vector_get_validity(vector);
    bool is_open = false;
    idx_t count = 0;
    do {
        const bool is_there = count < row_count && duckdb_validity_row_is_valid(validity, count);
        const char *bytes = is_there ? duckdb_string_t_data(&text[count]) : "";
        const size_t len = is_there ? duckdb_string_t_length(text[count]) : 0;
        for (size_t i = 0; i < len; i++) {
            is_open = bytes[i] == '"' ? !is_open : is_open;
        }
        *found = count == 0 ? is_there : *found;
        count++;
    } while (is_open && count < row_count);
    for (idx_t i = 0; *found && i < (is_open ? 1 : count); i++) {
        tend__buf_text(line, i > 0 ? "\n" : "");
        if (duckdb_validity_row_is_valid(validity, i)) {
            tend__buf_add(line, duckdb_string_t_data(&text[i]), duckdb_string_t_length(text[i]));
        }
    }
}

/* The first line of a CSV file, packed or not, into line; *found is false where there is none. */
static enum tend_code read_header(duckdb_connection con, const struct lake_source *source,
                                  size_t file_idx, struct tend__buf *line, bool *found,
                                  struct tend_error *err)
{
    static const char *const packings[] = {"none", "gzip", "zstd"};
    struct tend__buf sql;
    duckdb_result result = {0};
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "SELECT line FROM read_csv(");
    tend__lake_file_literal(&sql, source->files[file_idx]);
    tend__buf_printf(&sql,
                     ", delim=chr(1), quote='', escape='', header=false, auto_detect=false, "
                     "null_padding=true, strict_mode=false, compression='%s', "
                     "columns={'line': 'VARCHAR'}) LIMIT %d",
                     packings[source->packing], HEADER_LINES_MAX);
    enum tend_code code = tend__buf_code(&sql, err);
    if (code == TEND_OK) {
        code = tend__lake_query(con, tend__buf_str(&sql), source, &result, err);
    }
    tend__buf_deinit(&sql);
    TEND_TRY(code);
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    *found = false;
    take_header(chunk, line, found);
    duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
    return tend__buf_code(line, err);
}

/* Whether every value of a header line is a number or nothing: then it is a row, and names are
 * missing. */
static bool is_all_numbers(const char *line, char separator)
{
    bool has_number = false;
    const char *at = line;
    for (;;) {
        char *end = NULL;
        (void)strtod(at, &end);
        if (end != at) {
            has_number = true;
            at = end;
        }
        while (*at == ' ' || *at == '\r') {
            at++;
        }
        if (*at == '\0') {
            return has_number;
        }
        if (*at != separator) {
            return false;
        }
        at++;
    }
}

static char choose_separator(const char *line, size_t *column_count)
{
    size_t counts[TEND_ARRAY_LEN(separators)] = {0};
    bool is_quoted = false;
    size_t best = 0;
    for (const char *c = line; *c != '\0'; c++) {
        is_quoted = *c == '"' ? !is_quoted : is_quoted;
        for (size_t i = 0; !is_quoted && i < TEND_ARRAY_LEN(separators); i++) {
            counts[i] += *c == separators[i];
        }
    }
    for (size_t i = 1; i < TEND_ARRAY_LEN(separators); i++) {
        if (counts[i] > counts[best]) {
            best = i;
        }
    }
    *column_count = counts[best] + 1;
    return separators[best];
}

/* The name that begins at `at`, quotes off; returns where it ends: at a separator or the line's
 * end. */
static const char *take_name(const char *at, char separator, struct tend__text *out)
{
    if (*at == '"') {
        const char *end = at + 1;
        while (*end != '\0' && (*end != '"' || end[1] == '"')) {
            end += *end == '"' ? 2 : 1;
        }
        *out = (struct tend__text){.ptr = at + 1, .len = (size_t)(end - at - 1)};
        while (*end != '\0' && *end != separator) {
            end++;
        }
        return end;
    }
    const char *end = at;
    while (*end != '\0' && *end != separator && *end != '\r') {
        end++;
    }
    *out = (struct tend__text){.ptr = at, .len = (size_t)(end - at)};
    return end;
}

/* DuckDB would call the second of two columns of one name something else: which is which is for the
 * user to say. */
static enum tend_code check_names(const struct lake_source *source, const char *line,
                                  struct tend_error *err)
{
    struct tend__text *names = NULL;
    size_t count = 0;
    enum tend_code code = TEND_OK;
    if (source->header_count > TEND_LAKE_COLUMN_MAX) {
        return TEND_OK; /* told later, with the number */
    }
    TEND_TRY(tend__mem_new(source->header_count, sizeof(*names), &names, err));
    const char *at = line;
    while (code == TEND_OK && count < source->header_count) {
        at = take_name(at, source->delimiter, &names[count]);
        for (size_t i = 0; names[count].len > 0 && i < count; i++) {
            if (names[i].len == names[count].len &&
                memcmp(names[i].ptr, names[count].ptr, names[i].len) == 0) {
                code =
                    TEND_FAIL_AT(err, ECORRUPT, 1, 0, "the header of '%s' names two columns '%.*s'",
                                 source->shown, (int)names[i].len, names[i].ptr);
                break;
            }
        }
        count++;
        if (*at != source->delimiter) {
            break;
        }
        at++;
    }
    tend__mem_free(names);
    return code;
}

/* Whether the other files begin with this very line. */
static enum tend_code compare_headers(duckdb_connection con, const struct lake_source *source,
                                      const char *line, bool *is_same, struct tend_error *err)
{
    struct tend__buf other;
    enum tend_code code = TEND_OK;
    tend__buf_init(&other, LAKE_SQL_MAX);
    *is_same = true;
    for (size_t i = 1; i < source->file_count && code == TEND_OK && *is_same; i++) {
        bool found = false;
        tend__buf_reset(&other);
        code = read_header(con, source, i, &other, &found, err);
        *is_same = found && strcmp(tend__buf_str(&other), line) == 0;
    }
    tend__buf_deinit(&other);
    return code;
}

enum tend_code tend__lake_learn_header(duckdb_connection con, struct lake_source *source,
                                       bool *is_same, struct tend_error *err)
{
    struct tend__buf line;
    bool found = false;
    tend__buf_init(&line, LAKE_SQL_MAX);
    enum tend_code code = read_header(con, source, 0, &line, &found, err);
    if (code == TEND_OK && !found) {
        code = TEND_FAIL(err, ECORRUPT, "'%s' has no header line with the names of the columns",
                         source->shown);
    }
    if (code == TEND_OK) {
        source->delimiter = choose_separator(tend__buf_str(&line), &source->header_count);
        if (is_all_numbers(tend__buf_str(&line), source->delimiter)) {
            code = TEND_FAIL_AT(err, ECORRUPT, 1, 0,
                                "the first line of '%s' has only numbers: put the names of the "
                                "columns there",
                                source->shown);
        }
    }
    if (code == TEND_OK) {
        code = check_names(source, tend__buf_str(&line), err);
    }
    if (code == TEND_OK) {
        code = compare_headers(con, source, tend__buf_str(&line), is_same, err);
    }
    tend__buf_deinit(&line);
    return code;
}

static enum tend_code take_format(duckdb_data_chunk chunk, idx_t column_idx, char **out,
                                  struct tend_error *err)
{
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column_idx);
    if (!duckdb_validity_row_is_valid(duckdb_vector_get_validity(vector), 0)) {
        return TEND_OK;
    }
    duckdb_string_t *text = duckdb_vector_get_data(vector);
    return tend__mem_text(duckdb_string_t_data(text), duckdb_string_t_length(*text), out, err);
}

enum tend_code tend__lake_learn_formats(duckdb_connection con, struct lake_source *source,
                                        struct tend_error *err)
{
    struct tend__buf sql;
    duckdb_result result = {0};
    tend__buf_init(&sql, LAKE_SQL_MAX);
    tend__buf_text(&sql, "SELECT DateFormat, TimestampFormat FROM sniff_csv(");
    tend__lake_file_literal(&sql, source->files[0]);
    tend__lake_options_sql(&sql, source);
    tend__buf_char(&sql, ')');
    enum tend_code code = tend__buf_code(&sql, err);
    if (code == TEND_OK) {
        code = tend__lake_query(con, tend__buf_str(&sql), source, &result, err);
    }
    tend__buf_deinit(&sql);
    TEND_TRY(code);
    duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
    if (chunk != NULL && duckdb_data_chunk_get_size(chunk) > 0) {
        code = take_format(chunk, 0, &source->date_format, err);
        if (code == TEND_OK) {
            code = take_format(chunk, 1, &source->time_format, err);
        }
    }
    duckdb_destroy_data_chunk(&chunk);
    duckdb_destroy_result(&result);
    return code;
}
