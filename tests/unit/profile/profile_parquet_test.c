/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_parquet_test.c: profiles of the real flights, against DuckDB's own counts, and through
 * Parquet and back.
 *
 * Skipped where .deps/data/flights-3m.parquet is absent.
 */
#include "unit.h"

#include "base/buf.h"
#include "fixture.h"
#include "lake/lake.h"
#include "profile_rows.h"

#include <math.h>
#include <string.h>

#define FLIGHTS TEND_DEPS_DIR "/data/flights-3m.parquet"
#define ROWS_READ 200000

static struct tend__lake *lake;

static int open_lake(void **state)
{
    (void)state;
    return tend__lake_new(NULL, &lake, NULL) == TEND_OK ? 0 : -1;
}

static int close_lake(void **state)
{
    (void)state;
    tend__lake_free(lake);
    return 0;
}

static void skip_without_flights(void)
{
    if (access(FLIGHTS, R_OK) != 0) {
        print_message("skipped: there is no %s (tools/setup fetches it)\n", FLIGHTS);
        skip();
    }
}

static struct tend__lake_reader *open_flights(const char *order_by)
{
    struct tend_error err = {0};
    struct tend__lake_reader *reader = NULL;
    const struct tend__lake_read_options options = {.row_max = ROWS_READ, .order_by = order_by};
    assert_tend_ok(tend__lake_open(lake, FLIGHTS, &options, &reader, &err), &err);
    return reader;
}

/* Plan and profile of the first rows in one pass. */
static struct tend__profile *profile_flights(void)
{
    struct tend_error err = {0};
    const struct tend__field *fields = NULL;
    const struct tend__batch *batch = NULL;
    size_t field_count = 0;
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__profile *profile = NULL;
    bool complete = false;
    struct tend__lake_reader *reader = open_flights(NULL);
    tend__lake_fields(reader, &fields, &field_count);
    assert_tend_ok(tend__plan_builder_new(fields, field_count, NULL, &builder, &err), &err);
    do {
        assert_tend_ok(tend__lake_next(reader, &batch, &err), &err);
        if (batch != NULL) {
            assert_tend_ok(tend__plan_builder_add(builder, batch, &err), &err);
        }
    } while (batch != NULL);
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    assert_tend_ok(tend__plan_builder_profile(builder, plan, &profile, &complete, &err), &err);
    assert_true(complete);
    tend__lake_close(reader);
    tend__plan_unref(plan);
    tend__plan_builder_free(builder);
    return profile;
}

static double ask(const char *what)
{
    struct tend_error err = {0};
    struct tend__buf sql;
    double x = (double)NAN;
    bool found = false;
    tend__buf_init(&sql, 4096);
    tend__buf_printf(&sql, "SELECT %s FROM (SELECT * FROM '%s' LIMIT %d)", what, FLIGHTS,
                     ROWS_READ);
    assert_tend_ok(tend__lake_query_number(lake, tend__buf_str(&sql), &x, &found, &err), &err);
    assert_true(found);
    tend__buf_deinit(&sql);
    return x;
}

static void the_figures_of_the_flights_are_duckdbs(void **state)
{
    (void)state;
    skip_without_flights();
    struct tend__profile *profile = profile_flights();
    const struct tend__plan *plan = tend__profile_plan(profile);
    const size_t delay = tend__plan_find(plan, "delay");
    const size_t origin = tend__plan_find(plan, "origin");
    const size_t date = tend__plan_find(plan, "date");
    const struct tend__column_profile *column = tend__profile_column(profile, delay);
    assert_true((double)tend__profile_row_count(profile) == ask("count(*)"));
    assert_true((double)column->null_count == ask("count(*) - count(delay)"));
    assert_true(column->min == ask("min(delay)"));
    assert_true(column->max == ask("max(delay)"));
    assert_true((double)column->zero_count == ask("count(*) FILTER (delay = 0)"));
    assert_near(tend__profile_mean(profile, delay), ask("avg(delay)"), 1e-12);
    assert_near(tend__profile_sd(profile, delay), ask("stddev_samp(delay)"), 1e-9);
    assert_true((double)tend__plan_column(plan, origin)->category_count ==
                ask("count(DISTINCT origin)"));
    assert_true((double)tend__profile_column(profile, origin)->cells[0] ==
                ask("list_max(map_values(histogram(origin)))"));
    assert_true((double)tend__profile_column(profile, date)->hours[17] ==
                ask("count(*) FILTER (hour(date) = 17)"));
    assert_true((double)tend__profile_column(profile, date)->weekdays[0] ==
                ask("count(*) FILTER (dayofweek(date) = 0)"));
    assert_true((double)tend__profile_column(profile, date)->min_us == ask("epoch_us(min(date))"));
    tend__profile_free(profile);
}

static void the_flights_in_another_order_give_the_same_bytes(void **state)
{
    (void)state;
    skip_without_flights();
    struct tend_error err = {0};
    const struct tend__batch *batch = NULL;
    struct tend__profile *profile = profile_flights();
    struct tend__profile *again = NULL;
    struct tend__buf x;
    struct tend__buf y;
    assert_tend_ok(tend__profile_new(tend__profile_plan(profile), &again, &err), &err);
    struct tend__lake_reader *reader = NULL;
    const struct tend__lake_read_options options = {.order_by = "distance"};
    struct fixture fixture;
    fixture_init(&fixture);
    struct tend__buf sql;
    tend__buf_init(&sql, 4096);
    tend__buf_printf(&sql, "SELECT * FROM '%s' LIMIT %d", FLIGHTS, ROWS_READ);
    const char *path = fixture_path(&fixture, "part.parquet");
    assert_tend_ok(tend__lake_copy(lake, tend__buf_str(&sql), path, &err), &err);
    assert_tend_ok(tend__lake_open(lake, path, &options, &reader, &err), &err);
    do {
        assert_tend_ok(tend__lake_next(reader, &batch, &err), &err);
        if (batch != NULL) {
            assert_tend_ok(tend__profile_add(again, batch, &err), &err);
        }
    } while (batch != NULL);
    tend__lake_close(reader);
    profile_bytes(profile, &x);
    profile_bytes(again, &y);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.bytes, y.bytes, x.len);
    tend__buf_deinit(&x);
    tend__buf_deinit(&y);
    tend__buf_deinit(&sql);
    tend__profile_free(profile);
    tend__profile_free(again);
    fixture_deinit(&fixture);
}

static void parquet_gives_back_what_was_written(void **state)
{
    (void)state;
    static struct profile_rows rows;
    struct tend_error err = {0};
    struct tend__rng rng;
    struct fixture fixture;
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile *decoded = NULL;
    struct tend__buf x;
    struct tend__buf y;
    double found_rows = 0;
    bool found = false;
    tend__rng_init(&rng, 21);
    rows_fill(&rows, 21, 3000);
    struct tend__plan *plan = rows_plan(&rows, &rng);
    struct tend__profile *profile = rows_profile(&rows, plan, 0, 3000, &rng);
    fixture_init(&fixture);
    const char *path = fixture_path(&fixture, "p.parquet");
    assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
    assert_tend_ok(tend__lake_write_table(lake, path, &schema, &array, &err), &err);
    schema.release(&schema);
    array.release(&array);
    assert_tend_ok(tend__lake_read_table(lake, path, 10000, &schema, &array, &err), &err);
    assert_tend_ok(tend__profile_from_table(&schema, &array, &decoded, &err), &err);
    schema.release(&schema);
    array.release(&array);
    profile_bytes(profile, &x);
    profile_bytes(decoded, &y);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.bytes, y.bytes, x.len);
    /* And SQL finds the rows that the document promises. */
    struct tend__buf sql;
    tend__buf_init(&sql, 4096);
    tend__buf_printf(&sql,
                     "SELECT sum(null_count + nan_count + pos_inf_count + neg_inf_count + "
                     "coalesce(list_sum(count), 0) + coalesce(other_count, 0)) FROM '%s'",
                     path);
    assert_tend_ok(tend__lake_query_number(lake, tend__buf_str(&sql), &found_rows, &found, &err),
                   &err);
    assert_true(found && found_rows == 3000.0 * ROWS_COLUMNS);
    tend__buf_deinit(&sql);
    tend__buf_deinit(&x);
    tend__buf_deinit(&y);
    tend__profile_free(profile);
    tend__profile_free(decoded);
    tend__plan_unref(plan);
    fixture_deinit(&fixture);
}

static struct tend__profile *read_profile(const char *path)
{
    struct tend_error err = {0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile *profile = NULL;
    assert_tend_ok(tend__lake_read_table(lake, path, 10000, &schema, &array, &err), &err);
    assert_tend_ok(tend__profile_from_table(&schema, &array, &profile, &err), &err);
    schema.release(&schema);
    array.release(&array);
    return profile;
}

static struct tend__profile *profile_file(const char *path, struct tend__plan *plan)
{
    struct tend_error err = {0};
    struct tend__lake_reader *reader = NULL;
    const struct tend__batch *batch = NULL;
    struct tend__profile *profile = NULL;
    assert_tend_ok(tend__lake_open(lake, path, NULL, &reader, &err), &err);
    assert_tend_ok(tend__profile_new(plan, &profile, &err), &err);
    do {
        assert_tend_ok(tend__lake_next(reader, &batch, &err), &err);
        if (batch != NULL) {
            assert_tend_ok(tend__profile_add(profile, batch, &err), &err);
        }
    } while (batch != NULL);
    tend__lake_close(reader);
    return profile;
}

/* The file was written by the last release that wrote format 1 (commit ebd0321), of fixture_csv's
 * 2,000 rows. */
static void a_file_of_the_format_before_says_what_it_said(void **state)
{
    (void)state;
    struct fixture fixture;
    struct tend__buf x;
    struct tend__buf y;
    fixture_init(&fixture);
    const char *path = fixture_csv(&fixture, "rows.csv", 2000);
    struct tend__profile *golden =
        read_profile(TEND_SOURCE_ROOT "/tests/golden/profile-format-1.parquet");
    struct tend__profile *now = profile_file(path, tend__profile_plan(golden));
    profile_bytes(golden, &x);
    profile_bytes(now, &y);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.bytes, y.bytes, x.len);
    tend__buf_deinit(&x);
    tend__buf_deinit(&y);
    tend__profile_free(golden);
    tend__profile_free(now);
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_figures_of_the_flights_are_duckdbs),
        cmocka_unit_test(the_flights_in_another_order_give_the_same_bytes),
        cmocka_unit_test(parquet_gives_back_what_was_written),
        cmocka_unit_test(a_file_of_the_format_before_says_what_it_said),
    };
    return cmocka_run_group_tests(tests, open_lake, close_lake);
}
