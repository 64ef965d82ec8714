/* SPDX-License-Identifier: Apache-2.0 */
/*
 * windows_test.c: profiles by window and segment, against profiles of the rows that a plain loop
 * picks.
 */
#include "unit.h"

#include "base/civil.h"
#include "base/mem.h"
#include "profile/segments.h"
#include "profile/windows.h"
#include "profile_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_US (100 * TEND_US_PER_DAY)
#define SEGMENT_MAX 64
#define WINDOW_MAX 64

static struct profile_rows rows;
static struct profile_rows chosen;

/* What the pass handed over, as bytes: one a window and segment. */
struct collected {
    size_t count;
    size_t profile_count;
    int64_t starts[WINDOW_MAX];
    struct tend__buf bytes[WINDOW_MAX][SEGMENT_MAX];
};

static enum tend_code collect(void *ctx, struct tend__profile *const *profiles,
                              size_t profile_count, struct tend_error *err)
{
    struct collected *collected = ctx;
    (void)err;
    assert_true(collected->count < WINDOW_MAX && profile_count <= SEGMENT_MAX);
    collected->starts[collected->count] = tend__profile_label(profiles[0])->window_start_us;
    collected->profile_count = profile_count;
    for (size_t i = 0; i < profile_count; i++) {
        profile_bytes(profiles[i], &collected->bytes[collected->count][i]);
    }
    collected->count++;
    return TEND_OK;
}

static void free_collected(struct collected *collected)
{
    for (size_t i = 0; i < collected->count; i++) {
        for (size_t j = 0; j < collected->profile_count; j++) {
            tend__buf_deinit(&collected->bytes[i][j]);
        }
    }
    free(collected);
}

static struct tend__segments *make_segments(const char *const *rules, size_t count,
                                            size_t value_max)
{
    struct tend_error err = {0};
    struct tend__segments_builder *builder = NULL;
    struct tend__segments *segments = NULL;
    const struct tend__segment_rules asked = {rules, count, value_max};
    assert_tend_ok(tend__segments_builder_new(&asked, rows_fields, ROWS_COLUMNS, &builder, &err),
                   &err);
    for (size_t begin = 0; begin < rows.count; begin += 500) {
        const size_t left = rows.count - begin;
        const struct tend__batch batch = rows_view(&rows, begin, left < 500 ? left : 500);
        assert_tend_ok(tend__segments_builder_add(builder, &batch, &err), &err);
    }
    assert_tend_ok(tend__segments_builder_finish(builder, &segments, &err), &err);
    tend__segments_builder_free(builder);
    return segments;
}

/* Whether the pass was in order. */
static bool run_pass(struct tend__plan *plan, const struct tend__segments *segments,
                     size_t memory_max, size_t batch_len, struct collected *collected)
{
    struct tend_error err = {0};
    struct tend__windows *windows = NULL;
    bool in_order = true;
    const struct tend__windows_options options = {
        .plan = plan,
        .segments = segments,
        .time_column = "at",
        .every_us = EVERY_US,
        .memory_max = memory_max,
        .fn = collect,
        .ctx = collected,
    };
    assert_tend_ok(tend__windows_new(&options, rows_fields, ROWS_COLUMNS, &windows, &err), &err);
    for (size_t begin = 0; begin < rows.count && in_order; begin += batch_len) {
        const size_t left = rows.count - begin;
        const struct tend__batch batch =
            rows_view(&rows, begin, left < batch_len ? left : batch_len);
        assert_tend_ok(tend__windows_add(windows, &batch, &in_order, &err), &err);
    }
    if (in_order) {
        assert_tend_ok(tend__windows_finish(windows, &err), &err);
    }
    tend__windows_free(windows);
    return in_order;
}

static const char *const all_rules[] = {"amount > 50 and flag", "code", "flag", "delay"};

/* Whether a row is in a segment, by the label alone. */
static bool is_in(const struct profile_row *row, const struct tend__profile_label *label,
                  const struct tend__segments *segments)
{
    char value[32] = "";
    bool has_value = false;
    if (label->segment_column == NULL) {
        return row->valid[ROWS_AMOUNT] && row->valid[ROWS_FLAG] && row->flag != 0 &&
               (row->amount > 50 || isnan(row->amount)); /* NaN is above all numbers, as in SQL */
    }
    if (strcmp(label->segment_column, "code") == 0) {
        has_value = row->valid[ROWS_CODE] != 0;
        (void)snprintf(value, sizeof(value), "%s", row->code);
    } else if (strcmp(label->segment_column, "flag") == 0) {
        has_value = row->valid[ROWS_FLAG] != 0;
        (void)snprintf(value, sizeof(value), "%s", row->flag != 0 ? "true" : "false");
    } else {
        has_value = row->valid[ROWS_DELAY] != 0;
        (void)snprintf(value, sizeof(value), "%d", (int)row->delay);
    }
    if (label->segment_value != NULL) {
        return has_value && strcmp(value, label->segment_value) == 0;
    }
    for (size_t i = 0; i < tend__segments_count(segments); i++) {
        const struct tend__profile_label *other = tend__segments_label(segments, i);
        if (other->segment_value != NULL &&
            strcmp(other->segment_column, label->segment_column) == 0 && has_value &&
            strcmp(value, other->segment_value) == 0) {
            return false;
        }
    }
    return true;
}

/* The profile of the rows of a window and a segment, the slow way. */
static void naive_bytes(struct tend__plan *plan, int64_t start_us,
                        const struct tend__profile_label *segment,
                        const struct tend__segments *segments, struct tend__buf *out)
{
    struct tend_error err = {0};
    struct tend__rng rng;
    struct tend__profile_label label = {.has_window = false};
    tend__rng_init(&rng, 5);
    chosen.count = 0;
    for (size_t i = 0; i < rows.count; i++) {
        const struct profile_row *row = &rows.rows[i];
        if (row->valid[ROWS_AT] != 0 && row->at >= start_us && row->at < start_us + EVERY_US &&
            (segment == NULL || is_in(row, segment, segments))) {
            chosen.rows[chosen.count++] = *row;
        }
    }
    if (segment != NULL) {
        label = *segment;
    }
    label.has_window = true;
    label.window_start_us = start_us;
    label.window_end_us = start_us + EVERY_US;
    label.window_column = "at";
    struct tend__profile *profile = rows_profile(&chosen, plan, 0, chosen.count, &rng);
    assert_tend_ok(tend__profile_set_label(profile, &label, &err), &err);
    profile_bytes(profile, out);
    tend__profile_free(profile);
}

static void assert_naive(struct tend__plan *plan, const struct tend__segments *segments,
                         const struct collected *collected)
{
    for (size_t i = 0; i < collected->count; i++) {
        for (size_t j = 0; j < collected->profile_count; j++) {
            const struct tend__profile_label *label =
                j == 0 ? NULL : tend__segments_label(segments, j - 1);
            struct tend__buf expected;
            naive_bytes(plan, collected->starts[i], label, segments, &expected);
            if (expected.len != collected->bytes[i][j].len ||
                memcmp(expected.bytes, collected->bytes[i][j].bytes, expected.len) != 0) {
                fail_msg("window %zu, segment %s differs", i, label == NULL ? "" : label->segment);
            }
            tend__buf_deinit(&expected);
        }
    }
}

static struct tend__plan *start(uint64_t seed, size_t count)
{
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    rows_fill(&rows, seed, count);
    return rows_plan(&rows, &rng);
}

static void windows_and_segments_are_what_a_loop_picks(void **state)
{
    (void)state;
    for (size_t rule_count = 0; rule_count <= TEND_ARRAY_LEN(all_rules); rule_count++) {
        struct tend__plan *plan = start(31 + rule_count, 1500);
        struct tend__segments *segments = make_segments(all_rules, rule_count, 4);
        struct collected *collected = calloc(1, sizeof(*collected));
        assert_true(run_pass(plan, segments, 0, 700, collected));
        assert_true(collected->count > 10);
        assert_int_equal(collected->profile_count, 1 + tend__segments_count(segments));
        for (size_t i = 1; i < collected->count; i++) {
            assert_true(collected->starts[i - 1] < collected->starts[i]);
        }
        assert_naive(plan, segments, collected);
        free_collected(collected);
        tend__segments_free(segments);
        tend__plan_unref(plan);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct profile_row *x = a;
    const struct profile_row *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static void little_memory_needs_rows_in_order(void **state)
{
    (void)state;
    struct tend__plan *plan = start(51, 2000);
    struct tend__segments *segments = make_segments(all_rules, 2, 3);
    struct collected *collected = calloc(1, sizeof(*collected));
    assert_false(run_pass(plan, segments, 1, 64, collected));
    free_collected(collected);
    qsort(rows.rows, rows.count, sizeof(*rows.rows), by_time);
    for (size_t batch_len = 1; batch_len <= 2000; batch_len = batch_len * 7 + 3) {
        collected = calloc(1, sizeof(*collected));
        assert_true(run_pass(plan, segments, 1, batch_len, collected));
        assert_naive(plan, segments, collected);
        free_collected(collected);
    }
    tend__segments_free(segments);
    tend__plan_unref(plan);
}

static void rows_without_a_time_are_counted(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = start(61, 300);
    struct collected *collected = calloc(1, sizeof(*collected));
    struct tend__windows *windows = NULL;
    bool in_order = false;
    size_t timeless = 0;
    const struct tend__windows_options options = {
        .plan = plan, .time_column = "at", .every_us = EVERY_US, .fn = collect, .ctx = collected};
    rows.rows[7].at = INT64_MAX; /* no window can hold the end of time */
    rows.rows[7].valid[ROWS_AT] = 1;
    rows.rows[8].at = INT64_MIN;
    rows.rows[8].valid[ROWS_AT] = 1;
    for (size_t i = 0; i < rows.count; i++) {
        timeless += rows.rows[i].valid[ROWS_AT] == 0 ? 1 : 0;
    }
    assert_tend_ok(tend__windows_new(&options, rows_fields, ROWS_COLUMNS, &windows, &err), &err);
    const struct tend__batch batch = rows_view(&rows, 0, rows.count);
    assert_tend_ok(tend__windows_add(windows, &batch, &in_order, &err), &err);
    assert_tend_ok(tend__windows_finish(windows, &err), &err);
    assert_int_equal(tend__windows_timeless_count(windows), timeless + 2);
    tend__windows_free(windows);
    free_collected(collected);
    tend__plan_unref(plan);
}

static void what_is_asked_wrongly_is_told(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__segments_builder *builder = NULL;
    struct tend__windows *windows = NULL;
    static const char *const time_rule[] = {"at"};
    static const char *const number_rule[] = {"delay + 1"};
    static const char *const twice[] = {"code", "code"};
    static const char *const unknown[] = {"nothing > 1"};
    const struct tend__segment_rules cases[] = {
        {time_rule, 1, 0}, {number_rule, 1, 0}, {twice, 2, 0}, {unknown, 1, 0}};
    const enum tend_code codes[] = {TEND_ETYPE, TEND_ETYPE, TEND_EINVAL, TEND_ENOTFOUND};
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        assert_int_equal(
            tend__segments_builder_new(&cases[i], rows_fields, ROWS_COLUMNS, &builder, &err),
            codes[i]);
        assert_non_null(strstr(err.text, "segment '"));
    }
    struct tend__plan *plan = start(3, 50);
    struct tend__windows_options options = {
        .plan = plan, .time_column = "when", .every_us = EVERY_US, .fn = collect};
    assert_int_equal(tend__windows_new(&options, rows_fields, ROWS_COLUMNS, &windows, &err),
                     TEND_ENOTFOUND);
    options.time_column = "delay";
    assert_int_equal(tend__windows_new(&options, rows_fields, ROWS_COLUMNS, &windows, &err),
                     TEND_ETYPE);
    tend__plan_unref(plan);
}

static void segments_come_back_from_their_labels(void **state)
{
    (void)state;
    struct tend_error err = {0};
    tend__plan_unref(start(71, 800));
    struct tend__segments *segments = make_segments(all_rules, TEND_ARRAY_LEN(all_rules), 4);
    struct tend__segments *again = NULL;
    const struct tend__profile_label *labels[SEGMENT_MAX];
    const size_t count = tend__segments_count(segments);
    assert_int_equal(count,
                     1 + 5 + 3 + 5); /* a condition, four values and a rest, bool, four again */
    for (size_t i = 0; i < count; i++) {
        labels[i] = tend__segments_label(segments, i);
    }
    assert_tend_ok(tend__segments_new(labels, count, &again, &err), &err);
    assert_true(tend__segments_fit_rules(again, all_rules, TEND_ARRAY_LEN(all_rules)));
    assert_false(tend__segments_fit_rules(again, all_rules, 2));
    assert_false(tend__segments_fit_rules(again, all_rules + 1, 3));
    tend__segments_free(again);
    /* Without the rest, and with one twice. */
    assert_int_equal(tend__segments_new(labels, count - 1, &again, &err), TEND_ECORRUPT);
    labels[count - 1] = labels[0];
    assert_int_equal(tend__segments_new(labels, count, &again, &err), TEND_ECORRUPT);
    tend__segments_free(segments);
}

static void a_value_called_other_does_not_hide_the_rest(void **state)
{
    (void)state;
    static const char *const rules[] = {"code"};
    tend__plan_unref(start(73, 40));
    for (size_t i = 0; i < rows.count; i++) {
        (void)snprintf(rows.rows[i].code, sizeof(rows.rows[i].code), "other");
    }
    struct tend__segments *segments = make_segments(rules, 1, 4);
    assert_int_equal(tend__segments_count(segments), 2);
    assert_string_equal(tend__segments_label(segments, 0)->segment, "code=other");
    assert_string_equal(tend__segments_label(segments, 1)->segment, "code=(other)");
    assert_null(tend__segments_label(segments, 1)->segment_value);
    tend__segments_free(segments);
}

static enum tend_code count_windows(void *ctx, struct tend__profile *const *profiles,
                                    size_t profile_count, struct tend_error *err)
{
    (void)profiles;
    (void)profile_count;
    (void)err;
    (*(size_t *)ctx)++;
    return TEND_OK;
}

/* Builder, segments, pass: whatever allocation fails, all is freed. */
static enum tend_code do_everything(struct tend__plan *plan, struct tend_error *err)
{
    struct tend__segments_builder *builder = NULL;
    struct tend__segments *segments = NULL;
    struct tend__windows *windows = NULL;
    size_t window_count = 0;
    bool in_order = false;
    enum tend_code code = TEND_OK;
    const struct tend__segment_rules rules = {all_rules, 2, 3};
    const struct tend__batch batch = rows_view(&rows, 0, rows.count);
    TEND_TRY_OUT(tend__segments_builder_new(&rules, rows_fields, ROWS_COLUMNS, &builder, err));
    TEND_TRY_OUT(tend__segments_builder_add(builder, &batch, err));
    TEND_TRY_OUT(tend__segments_builder_finish(builder, &segments, err));
    const struct tend__windows_options options = {.plan = plan,
                                                  .segments = segments,
                                                  .time_column = "at",
                                                  .every_us = EVERY_US,
                                                  .fn = count_windows,
                                                  .ctx = &window_count};
    TEND_TRY_OUT(tend__windows_new(&options, rows_fields, ROWS_COLUMNS, &windows, err));
    TEND_TRY_OUT(tend__windows_add(windows, &batch, &in_order, err));
    TEND_TRY_OUT(tend__windows_finish(windows, err));
out:
    tend__windows_free(windows);
    tend__segments_free(segments);
    tend__segments_builder_free(builder);
    return code;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = start(81, 20);
    enum tend_code code = TEND_ENOMEM;
    uint64_t nth = 0;
    while (code != TEND_OK) {
        nth++;
        tend__mem_fail_at(nth);
        code = do_everything(plan, &err);
        tend__mem_fail_at(0);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 50);
    tend__plan_unref(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_and_segments_are_what_a_loop_picks),
        cmocka_unit_test(little_memory_needs_rows_in_order),
        cmocka_unit_test(rows_without_a_time_are_counted),
        cmocka_unit_test(what_is_asked_wrongly_is_told),
        cmocka_unit_test(segments_come_back_from_their_labels),
        cmocka_unit_test(a_value_called_other_does_not_hide_the_rest),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
