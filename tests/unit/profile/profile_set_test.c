/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_set_test.c: many profiles in one table: labels, counts without their plan, checks of
 * rows, and the format before.
 */
#include "unit.h"

#include "base/mem.h"
#include "profile/profile_fields.h"
#include "profile_rows.h"
#include "table_edit.h"

#include <string.h>

#define PROFILE_COUNT 4
#define PART_ROWS 150

static struct profile_rows rows;

static const struct tend__profile_label labels[PROFILE_COUNT] = {
    {.has_window = false},
    {.has_window = true, .window_start_us = -10, .window_end_us = 10, .window_column = "at"},
    {.has_window = true,
     .window_start_us = 10,
     .window_end_us = 30,
     .window_column = "at",
     .segment = "code=\"LAX\"\n\xC3\xA9.",
     .segment_column = "code",
     .segment_value = "LAX"},
    {.segment = "amount > 3"},
};

/* Profiles of parts of the rows under one plan, with a column that the plan has not in the last. */
static void make_profiles(struct tend__profile *profiles[PROFILE_COUNT])
{
    struct tend_error err = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, 11);
    rows_fill(&rows, 11, (size_t)PROFILE_COUNT * PART_ROWS);
    struct tend__plan *plan = rows_plan(&rows, &rng);
    for (size_t i = 0; i < PROFILE_COUNT; i++) {
        profiles[i] = rows_profile(&rows, plan, i * PART_ROWS, PART_ROWS, &rng);
        assert_tend_ok(tend__profile_set_label(profiles[i], &labels[i], &err), &err);
    }
    const struct tend__batch view = rows_view(&rows, 0, 3);
    const struct tend__field field = {"gate", TEND_TYPE_BOOL, 0, 0};
    const struct tend__batch odd = {3, 1, &field, view.columns + ROWS_FLAG};
    assert_tend_ok(tend__profile_add(profiles[PROFILE_COUNT - 1], &odd, &err), &err);
    tend__plan_unref(plan);
}

static void free_profiles(struct tend__profile *profiles[PROFILE_COUNT])
{
    for (size_t i = 0; i < PROFILE_COUNT; i++) {
        tend__profile_free(profiles[i]);
    }
}

static void make_table(struct tend__profile *const *profiles, size_t count, size_t full_count,
                       struct tend_arrow_schema *schema, struct tend_arrow_array *array)
{
    struct tend_error err = {0};
    const struct tend__profile *borrowed[PROFILE_COUNT];
    for (size_t i = 0; i < count; i++) {
        borrowed[i] = profiles[i];
    }
    assert_tend_ok(tend__profiles_table(borrowed, count, full_count, schema, array, &err), &err);
}

static void assert_same(const struct tend__profile *a, const struct tend__profile *b)
{
    struct tend__buf x;
    struct tend__buf y;
    profile_bytes(a, &x);
    profile_bytes(b, &y);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.bytes, y.bytes, x.len);
    tend__buf_deinit(&x);
    tend__buf_deinit(&y);
}

static size_t field_of(const struct tend_arrow_schema *schema, const char *name)
{
    for (size_t i = 0; i < (size_t)schema->n_children; i++) {
        if (strcmp(schema->children[i]->name, name) == 0) {
            return i;
        }
    }
    fail_msg("no column %s", name);
    return 0;
}

static void many_profiles_come_back_from_one_table(void **state)
{
    (void)state;
    for (size_t full_count = 1; full_count <= PROFILE_COUNT; full_count += PROFILE_COUNT - 1) {
        struct tend_error err = {0};
        struct tend__profile *profiles[PROFILE_COUNT];
        struct tend__profile_set set = {.count = 0};
        struct tend_arrow_schema schema = {0};
        struct tend_arrow_array array = {0};
        make_profiles(profiles);
        make_table(profiles, PROFILE_COUNT, full_count, &schema, &array);
        assert_tend_ok(tend__profile_set_from_table(&schema, &array, NULL, &set, &err), &err);
        assert_int_equal(set.count, PROFILE_COUNT);
        for (size_t i = 0; i < PROFILE_COUNT; i++) {
            assert_same(profiles[i], set.profiles[i]);
            assert_true(tend__label_equal(&labels[i], tend__profile_label(set.profiles[i])));
            /* One plan, not four equal ones. */
            assert_ptr_equal(tend__profile_plan(set.profiles[0]),
                             tend__profile_plan(set.profiles[i]));
        }
        tend__profile_set_deinit(&set);
        schema.release(&schema);
        array.release(&array);
        free_profiles(profiles);
    }
}

static void counts_alone_need_their_plan(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__profile *profiles[PROFILE_COUNT];
    struct tend__profile_set set = {.count = 0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__plan *part = NULL;
    struct tend__profile *one = NULL;
    make_profiles(profiles);
    struct tend__plan *plan = tend__profile_plan(profiles[0]);
    make_table(profiles, PROFILE_COUNT, 0, &schema, &array);
    assert_int_equal(tend__profile_set_from_table(&schema, &array, NULL, &set, &err), TEND_EINVAL);
    assert_non_null(strstr(err.text, tend__plan_id(plan)));
    assert_int_equal(tend__profile_from_table(&schema, &array, &one, &err), TEND_ECORRUPT);
    /* Another plan is none. */
    assert_tend_ok(tend__plan_select(plan, ROWS_DELAY, &part, &err), &err);
    const struct tend__profile_set_options wrong = {.plan = part};
    assert_int_equal(tend__profile_set_from_table(&schema, &array, &wrong, &set, &err),
                     TEND_EINVAL);
    const struct tend__profile_set_options short_one = {.plan = part,
                                                        .plan_id = tend__plan_id(plan)};
    assert_int_equal(tend__profile_set_from_table(&schema, &array, &short_one, &set, &err),
                     TEND_ECORRUPT);
    const struct tend__profile_set_options right = {.plan = plan};
    assert_tend_ok(tend__profile_set_from_table(&schema, &array, &right, &set, &err), &err);
    for (size_t i = 0; i < PROFILE_COUNT; i++) {
        assert_same(profiles[i], set.profiles[i]);
    }
    tend__profile_set_deinit(&set);
    schema.release(&schema);
    array.release(&array);
    tend__plan_unref(part);
    free_profiles(profiles);
}

static void one_column_is_read_by_itself(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__profile *profiles[PROFILE_COUNT];
    struct tend__profile_set set = {.count = 0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__plan *part = NULL;
    make_profiles(profiles);
    struct tend__plan *plan = tend__profile_plan(profiles[0]);
    make_table(profiles, PROFILE_COUNT, 0, &schema, &array);
    assert_tend_ok(tend__plan_select(plan, ROWS_CODE, &part, &err), &err);
    const struct tend__profile_set_options options = {.plan = part, .plan_id = tend__plan_id(plan)};
    array.offset = (int64_t)ROWS_CODE * PROFILE_COUNT; /* as a query by name would give */
    array.length = PROFILE_COUNT;
    assert_tend_ok(tend__profile_set_from_table(&schema, &array, &options, &set, &err), &err);
    assert_int_equal(set.count, PROFILE_COUNT);
    for (size_t i = 0; i < PROFILE_COUNT; i++) {
        const struct tend__column_profile *whole = tend__profile_column(profiles[i], ROWS_CODE);
        assert_memory_equal(tend__profile_column(set.profiles[i], 0)->cells, whole->cells,
                            whole->cell_count * sizeof(uint64_t));
    }
    tend__profile_set_deinit(&set);
    schema.release(&schema);
    array.release(&array);
    tend__plan_unref(part);
    free_profiles(profiles);
}

/* Any bit of any value: with a check the row is refused whatever the new value is. */
static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__profile *profiles[PROFILE_COUNT];
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__rng rng;
    make_profiles(profiles);
    make_table(profiles, PROFILE_COUNT, 1, &schema, &array);
    tend__rng_init(&rng, 3);
    size_t flipped = 0;
    for (size_t column = 0; column < (size_t)array.n_children; column++) {
        const bool is_list = schema.children[column]->format[0] == '+';
        const struct tend_arrow_array *items =
            is_list ? array.children[column]->children[0] : array.children[column];
        const char format = is_list ? schema.children[column]->children[0]->format[0]
                                    : schema.children[column]->format[0];
        const bool is_text = format == 'u' || format == 'z';
        for (int nth = 0; nth < 40; nth++) {
            struct tend__profile_set set = {.count = 0};
            const size_t len = is_text ? (size_t)last_offset(items) : (size_t)items->length * 8;
            if (len == 0 || format == 'b') {
                break;
            }
            unsigned char *bytes = table_buffer(items, is_text ? 2 : 1);
            const size_t at = tend__rng_below(&rng, len);
            if (!is_text && !is_list && table_is_null(items, at / 8)) {
                continue; /* what stands under a null is nothing */
            }
            const unsigned char mask = (unsigned char)(1U << tend__rng_below(&rng, 8));
            bytes[at] ^= mask;
            const enum tend_code code =
                tend__profile_set_from_table(&schema, &array, NULL, &set, &err);
            if (code == TEND_OK) {
                fail_msg("byte %zu of '%s' was changed and taken", at,
                         schema.children[column]->name);
            }
            bytes[at] ^= mask;
            flipped++;
        }
    }
    assert_true(flipped > 500);
    schema.release(&schema);
    array.release(&array);
    free_profiles(profiles);
}

static void the_format_before_is_read(void **state)
{
    (void)state;
    static const char *const later[] = {
        "window_start",  "window_end", "window_column", "segment", "segment_column",
        "segment_value", "plan",       "kll",           "hll",     "frequent_items",
        "check"};
    struct tend_error err = {0};
    struct tend__profile *profiles[PROFILE_COUNT];
    struct tend__profile *decoded = NULL;
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    make_profiles(profiles);
    make_table(profiles, 1, 1, &schema, &array);
    for (size_t i = 0; i < TEND_ARRAY_LEN(later); i++) {
        schema.children[field_of(&schema, later[i])]->name = "dropped";
    }
    int64_t *formats = table_buffer(array.children[field_of(&schema, "format")], 1);
    for (int64_t i = 0; i < array.length; i++) {
        formats[i] = 1;
    }
    assert_tend_ok(tend__profile_from_table(&schema, &array, &decoded, &err), &err);
    assert_same(profiles[0], decoded);
    tend__profile_free(decoded);
    formats[0] = TEND_PROFILE_FORMAT + 1;
    assert_int_equal(tend__profile_from_table(&schema, &array, &decoded, &err), TEND_ECORRUPT);
    assert_non_null(strstr(err.text, "format"));
    schema.release(&schema);
    array.release(&array);
    free_profiles(profiles);
}

static void labels_follow_the_rows(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__profile *profiles[PROFILE_COUNT];
    make_profiles(profiles);
    assert_tend_ok(tend__profile_merge(profiles[1], profiles[2], &err), &err);
    const struct tend__profile_label *label = tend__profile_label(profiles[1]);
    assert_true(label->has_window && label->window_start_us == -10 && label->window_end_us == 30);
    assert_string_equal(label->window_column, "at");
    assert_null(label->segment);
    assert_tend_ok(tend__profile_merge(profiles[1], profiles[0], &err), &err);
    assert_false(label->has_window);
    assert_null(label->window_column);
    struct tend__profile_label empty = {
        .has_window = true, .window_start_us = 5, .window_end_us = 5};
    assert_int_equal(tend__profile_set_label(profiles[0], &empty, &err), TEND_EINVAL);
    struct tend__profile_label nameless = {.segment_column = "code"};
    assert_int_equal(tend__profile_set_label(profiles[0], &nameless, &err), TEND_EINVAL);
    free_profiles(profiles);
}

static void plans_are_called_by_what_they_are(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__profile *profiles[PROFILE_COUNT];
    struct tend__profile *others[PROFILE_COUNT];
    const struct tend__profile *mixed[2];
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__rng rng;
    make_profiles(profiles);
    make_profiles(others);
    assert_string_equal(tend__plan_id(tend__profile_plan(profiles[0])),
                        tend__plan_id(tend__profile_plan(others[0])));
    assert_int_equal(strlen(tend__plan_id(tend__profile_plan(profiles[0]))), TEND_PLAN_ID_SIZE - 1);
    tend__rng_init(&rng, 12);
    rows_fill(&rows, 12, 400);
    struct tend__plan *plan = rows_plan(&rows, &rng);
    struct tend__profile *other = rows_profile(&rows, plan, 0, 400, &rng);
    assert_string_not_equal(tend__plan_id(plan), tend__plan_id(tend__profile_plan(others[0])));
    mixed[0] = profiles[0];
    mixed[1] = other;
    assert_int_equal(tend__profiles_table(mixed, 2, 1, &schema, &array, &err), TEND_ETYPE);
    assert_int_equal(tend__profiles_table(mixed, 0, 0, &schema, &array, &err), TEND_EINVAL);
    tend__profile_free(other);
    tend__plan_unref(plan);
    free_profiles(profiles);
    free_profiles(others);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__profile *profiles[PROFILE_COUNT];
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    enum tend_code code = TEND_ENOMEM;
    uint64_t nth = 0;
    make_profiles(profiles);
    make_table(profiles, PROFILE_COUNT, 1, &schema, &array);
    while (code != TEND_OK) {
        struct tend__profile_set set = {.count = 0};
        nth++;
        tend__mem_fail_at(nth);
        code = tend__profile_set_from_table(&schema, &array, NULL, &set, &err);
        tend__mem_fail_at(0);
        tend__profile_set_deinit(&set);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 50);
    schema.release(&schema);
    array.release(&array);
    free_profiles(profiles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_profiles_come_back_from_one_table),
        cmocka_unit_test(counts_alone_need_their_plan),
        cmocka_unit_test(one_column_is_read_by_itself),
        cmocka_unit_test(every_flipped_bit_is_seen),
        cmocka_unit_test(the_format_before_is_read),
        cmocka_unit_test(labels_follow_the_rows),
        cmocka_unit_test(plans_are_called_by_what_they_are),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
