/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duckdb_scan.c: runs one SQL query in the DuckDB that tend links, and prints what it gave.
 *
 *   duckdb_scan THREADS SQL
 *
 * The yardstick of bench/run: the least work that any reader of these files must do. Prints a
 * line a row, its values separated by tabs.
 */
#include <duckdb.h>
#include <stdio.h>

static int print_rows(duckdb_result *result)
{
    const idx_t row_count = duckdb_row_count(result);
    const idx_t column_count = duckdb_column_count(result);
    for (idx_t row = 0; row < row_count; row++) {
        for (idx_t column = 0; column < column_count; column++) {
            char *text = duckdb_value_varchar(result, column, row);
            printf("%s%s", column == 0 ? "" : "\t", text == NULL ? "NULL" : text);
            duckdb_free(text);
        }
        printf("\n");
    }
    return 0;
}

static int run_query(duckdb_database database, const char *sql)
{
    duckdb_connection connection = NULL;
    if (duckdb_connect(database, &connection) != DuckDBSuccess) {
        (void)fprintf(stderr, "duckdb_scan: cannot connect\n");
        return 3;
    }
    duckdb_result result;
    int code = 0;
    if (duckdb_query(connection, sql, &result) == DuckDBSuccess) {
        code = print_rows(&result);
    } else {
        (void)fprintf(stderr, "duckdb_scan: %s\n", duckdb_result_error(&result));
        code = 2;
    }
    duckdb_destroy_result(&result);
    duckdb_disconnect(&connection);
    return code;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: duckdb_scan THREADS SQL\n");
        return 2;
    }
    duckdb_config config = NULL;
    duckdb_database database = NULL;
    char *error = NULL;
    if (duckdb_create_config(&config) != DuckDBSuccess ||
        duckdb_set_config(config, "threads", argv[1]) != DuckDBSuccess ||
        duckdb_open_ext(NULL, &database, config, &error) != DuckDBSuccess) {
        (void)fprintf(stderr, "duckdb_scan: cannot open: %s\n",
                      error == NULL ? "bad setting" : error);
        duckdb_free(error);
        duckdb_destroy_config(&config);
        return 3;
    }
    duckdb_destroy_config(&config);
    const int code = run_query(database, argv[2]);
    duckdb_close(&database);
    return code;
}
