/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_test.c: the core of tend check over rows in memory: the passes it makes, its verdicts, a
 * profile in place of rows, odd rows, and history.
 */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "judge/check.h"

#include <string.h>

#define ROW_COUNT 12000
#define BATCH 1000
#define DAY_US INT64_C(86400000000)

enum { ID, TIME, NUMBER, COLUMN_COUNT };

static const struct tend__field fields[COLUMN_COUNT] = {
    {.name = "id", .type = TEND_TYPE_NUMBER},
    {.name = "at", .type = TEND_TYPE_TIME},
    {.name = "x", .type = TEND_TYPE_NUMBER},
};

struct table {
    double id[ROW_COUNT];
    int64_t at[ROW_COUNT];
    double x[ROW_COUNT];
    size_t pass_count;
    size_t seen_count; /* by `also` */
};

static struct table ref;
static struct table cur;

static enum tend_code each(void *ctx, tend__rows_fn *fn, void *fn_ctx, struct tend_error *err)
{
    struct table *table = ctx;
    table->pass_count++;
    for (size_t i = 0; i < ROW_COUNT; i += BATCH) {
        const struct tend__column columns[COLUMN_COUNT] = {
            {.type = TEND_TYPE_NUMBER, .f64 = table->id + i},
            {.type = TEND_TYPE_TIME, .time_us = table->at + i},
            {.type = TEND_TYPE_NUMBER, .f64 = table->x + i},
        };
        const struct tend__batch batch = {
            .row_count = BATCH, .column_count = COLUMN_COUNT, .fields = fields, .columns = columns};
        TEND_TRY(fn(fn_ctx, &batch, err));
    }
    return TEND_OK;
}

static enum tend_code count_seen(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    struct table *table = ctx;
    (void)err;
    table->seen_count += batch->row_count;
    return TEND_OK;
}

/* Twelve days of a thousand rows from `first_day` on. */
static void draw(struct table *table, uint64_t seed, int64_t first_day, double mean)
{
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    table->pass_count = 0;
    table->seen_count = 0;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        table->id[i] = (double)i;
        table->at[i] = (first_day + (int64_t)(i / 1000)) * DAY_US + (int64_t)(i % 1000) * 80000000;
        table->x[i] = mean + tend__rng_normal(&rng);
    }
}

static struct tend__check *run(const struct tend__check_options *options,
                               const struct tend__check_input *ref_in,
                               const struct tend__check_input *cur_in)
{
    struct tend__check *check = NULL;
    struct tend_error err = {0};
    assert_tend_ok(tend__mem_new(1, sizeof(*check), &check, &err), &err);
    assert_tend_ok(tend__check_run(options, ref_in, cur_in, check, &err), &err);
    return check;
}

static void end(struct tend__check *check)
{
    tend__check_deinit(check);
    tend__mem_free(check);
}

static const struct tend__rows ref_rows = {.each = each, .ctx = &ref};
static const struct tend__rows cur_rows = {.each = each, .ctx = &cur};

static void test_same_rows_are_ok_and_read_as_often_as_needed(void **state)
{
    const struct tend__check_options options = {.id_column = "id", .now_us = INT64_MAX};
    const struct tend__check_input ref_in = {
        .name = "a", .rows = &ref_rows, .also = count_seen, .also_ctx = &ref};
    const struct tend__check_input cur_in = {
        .name = "b", .rows = &cur_rows, .also = count_seen, .also_ctx = &cur};
    (void)state;
    draw(&ref, 1, 100, 0);
    draw(&cur, 2, 112, 0);
    struct tend__check *check = run(&options, &ref_in, &cur_in);
    assert_int_equal(check->verdict, TEND_VERDICT_OK);
    assert_string_equal(tend__verdict_text(check->verdict), "ok");
    assert_int_equal(check->column_count, 2); /* the id is left out */
    assert_int_equal(ref.seen_count, ROW_COUNT);
    assert_int_equal(cur.seen_count, ROW_COUNT);
    assert_true(ref.pass_count <= 2); /* a plan, and counts where it needs them */
    assert_int_equal(cur.pass_count, 1);
    assert_int_equal(check->history_count, 0); /* no time column was named */
    end(check);
}

static void test_a_shift_is_drift_also_against_a_profile(void **state)
{
    const struct tend__check_options options = {.id_column = "id", .now_us = INT64_MAX};
    const struct tend__check_input ref_in = {.name = "a", .rows = &ref_rows};
    const struct tend__check_input cur_in = {.name = "b", .rows = &cur_rows};
    (void)state;
    draw(&ref, 3, 100, 0);
    draw(&cur, 4, 112, 0.5);
    struct tend__check *check = run(&options, &ref_in, &cur_in);
    assert_int_equal(check->verdict, TEND_VERDICT_DRIFT);
    assert_int_equal(check->drifted_count, 1);
    /* The profiles of that check, compared again, say the same. */
    const struct tend__check_input ref_profile = {.name = "a", .profile = check->ref};
    const struct tend__check_input cur_profile = {.name = "b", .profile = check->cur};
    check->ref = NULL;
    check->cur = NULL;
    struct tend__check *again = run(&options, &ref_profile, &cur_profile);
    assert_int_equal(again->verdict, TEND_VERDICT_DRIFT);
    assert_true(again->ref_is_profile && again->cur_is_profile);
    assert_true(again->drift[1].p_value <= check->drift[1].p_value &&
                again->drift[1].p_value >= check->drift[1].p_value);
    end(again);
    end(check);
}

static void test_odd_rows_are_counted(void **state)
{
    const struct tend__check_options options = {
        .id_column = "id", .time_column = "at", .now_us = 123 * DAY_US};
    const struct tend__check_input ref_in = {.name = "a", .rows = &ref_rows};
    const struct tend__check_input cur_in = {.name = "b", .rows = &cur_rows};
    (void)state;
    draw(&ref, 5, 100, 0);
    draw(&cur, 6, 112, 0);
    cur.id[7] = 6;
    cur.id[8] = 6;
    cur.at[50] = cur.at[49] - 1;
    struct tend__check *check = run(&options, &ref_in, &cur_in);
    assert_true(check->rows.ids_are_known && check->rows.times_are_known);
    assert_int_equal(check->rows.duplicate_count, 2);
    assert_int_equal(check->rows.disorder_count, 1);
    assert_int_equal(check->rows.future_count, 999); /* the last day, but for its first instant */
    end(check);
}

static void test_history_is_made_of_windows_as_long_as_the_current_rows(void **state)
{
    const struct tend__check_options options = {
        .id_column = "id", .time_column = "at", .window_us = 4 * DAY_US, .now_us = INT64_MAX};
    const struct tend__check_input ref_in = {.name = "a", .rows = &ref_rows};
    const struct tend__check_input itself = {.name = "b", .rows = &ref_rows};
    const struct tend__check_input cur_in = {.name = "b", .rows = &cur_rows};
    (void)state;
    draw(&ref, 7, 100, 0); /* days 100 to 111: three windows of four days */
    struct tend__check *first = run(&options, &ref_in, &itself);
    assert_int_equal(first->history_count, 0); /* as long as the reference */
    end(first);
    draw(&cur, 8, 112, 0);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        cur.at[i] = 112 * DAY_US + (int64_t)(i % 4) * DAY_US;
    }
    struct tend__check *check = run(&options, &ref_in, &cur_in);
    assert_int_equal(check->history_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(tend__profile_row_count(check->history[i]), 4000);
    }
    end(check);
}

static enum tend_code fail_each(void *ctx, tend__rows_fn *fn, void *fn_ctx, struct tend_error *err)
{
    (void)ctx;
    (void)fn;
    (void)fn_ctx;
    return TEND_FAIL(err, EIO, "the disk is gone");
}

static enum tend_code no_rows(void *ctx, tend__rows_fn *fn, void *fn_ctx, struct tend_error *err)
{
    (void)ctx;
    (void)fn;
    (void)fn_ctx;
    (void)err;
    return TEND_OK;
}

static void test_rows_that_fail_or_are_none(void **state)
{
    const struct tend__check_options options = {.now_us = INT64_MAX};
    const struct tend__rows failing = {.each = fail_each};
    const struct tend__rows none = {.each = no_rows};
    const struct tend__check_input cur_in = {.name = "b", .rows = &cur_rows};
    const struct tend__check_input failing_in = {.name = "a", .rows = &failing};
    const struct tend__check_input none_in = {.name = "a", .rows = &none};
    struct tend__check *check = NULL;
    struct tend_error err = {0};
    (void)state;
    assert_tend_ok(tend__mem_new(1, sizeof(*check), &check, &err), &err);
    assert_int_equal(tend__check_run(&options, &failing_in, &cur_in, check, &err), TEND_EIO);
    tend__check_deinit(check);
    assert_int_equal(tend__check_run(&options, &none_in, &cur_in, check, &err), TEND_EINVAL);
    end(check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_rows_are_ok_and_read_as_often_as_needed),
        cmocka_unit_test(test_a_shift_is_drift_also_against_a_profile),
        cmocka_unit_test(test_odd_rows_are_counted),
        cmocka_unit_test(test_history_is_made_of_windows_as_long_as_the_current_rows),
        cmocka_unit_test(test_rows_that_fail_or_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
