/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_table_test.c: a profile as a table: decoding what was encoded gives the same, the table
 * says what its document says, and a damaged table is refused.
 */
#include "unit.h"

#include "base/mem.h"
#include "profile/profile_fields.h"
#include "profile_rows.h"
#include "table_edit.h"

#include <math.h>
#include <string.h>

static struct profile_rows rows;

/* A profile with every kind of column, new columns and marks. */
static struct tend__profile *make_profile(uint64_t seed, size_t count)
{
    struct tend_error err = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    rows_fill(&rows, seed, count);
    struct tend__plan *plan = rows_plan(&rows, &rng);
    struct tend__profile *profile = rows_profile(&rows, plan, 0, count, &rng);
    const struct tend__batch whole = rows_view(&rows, 0, count < 5 ? count : 5);
    const struct tend__field fields[] = {{"weather", TEND_TYPE_BOOL, 0, 0},
                                         {"delay", TEND_TYPE_TEXT, 0, 0},
                                         {"code", TEND_TYPE_TEXT, 0, 0},
                                         {"gate", TEND_TYPE_TEXT, 0, 0}};
    const struct tend__column columns[] = {whole.columns[ROWS_FLAG], whole.columns[ROWS_CODE],
                                           whole.columns[ROWS_CODE], whole.columns[ROWS_ID]};
    const struct tend__batch odd = {whole.row_count, 4, fields, columns};
    assert_tend_ok(tend__profile_add(profile, &odd, &err), &err);
    tend__plan_unref(plan);
    return profile;
}

static void decoding_what_was_encoded_gives_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct tend_error err = {0};
        struct tend_arrow_schema schema = {0};
        struct tend_arrow_array array = {0};
        struct tend__buf before;
        struct tend__buf after;
        struct tend__profile *profile = make_profile(seed, (size_t)(seed * seed * 50));
        struct tend__profile *decoded = NULL;
        assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
        assert_tend_ok(tend__profile_from_table(&schema, &array, &decoded, &err), &err);
        schema.release(&schema);
        array.release(&array);
        profile_bytes(profile, &before);
        profile_bytes(decoded, &after);
        assert_int_equal(before.len, after.len);
        assert_memory_equal(before.bytes, after.bytes, before.len);
        assert_true(tend__plan_equal(tend__profile_plan(profile), tend__profile_plan(decoded)));
        assert_int_equal(tend__plan_hash(tend__profile_plan(profile)),
                         tend__plan_hash(tend__profile_plan(decoded)));
        /* What was read is as good as what was counted: it takes rows and merges. */
        assert_tend_ok(tend__profile_merge(profile, decoded, &err), &err);
        const struct tend__batch batch = rows_view(&rows, 0, 5);
        assert_tend_ok(tend__profile_add(decoded, &batch, &err), &err);
        tend__buf_deinit(&before);
        tend__buf_deinit(&after);
        tend__profile_free(profile);
        tend__profile_free(decoded);
    }
}

static size_t find_column(const struct tend_arrow_schema *schema, const char *name)
{
    for (size_t i = 0; i < (size_t)schema->n_children; i++) {
        if (strcmp(schema->children[i]->name, name) == 0) {
            return i;
        }
    }
    fail_msg("no column %s", name);
    return 0;
}

/* As if the table had never had it. */
static void drop_column(const struct tend_arrow_schema *schema, const char *name)
{
    schema->children[find_column(schema, name)]->name = "dropped";
}

static int64_t int_at(const struct tend_arrow_schema *schema, const struct tend_arrow_array *array,
                      const char *name, size_t row_idx)
{
    int64_t x = 0;
    const struct tend_arrow_array *column = array->children[find_column(schema, name)];
    memcpy(&x, (const char *)column->buffers[1] + 8 * row_idx, sizeof(x));
    return x;
}

static void the_table_has_a_row_a_column_and_then_the_new_ones(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile *profile = make_profile(2, 200);
    assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
    assert_int_equal(array.length, ROWS_COLUMNS + 2);
    assert_string_equal(schema.format, "+s");
    const struct tend_arrow_array *names = array.children[find_column(&schema, "name")];
    assert_memory_equal(names->buffers[2], "delayamountflagcodeidatemptygateweather", 39);
    assert_int_equal(int_at(&schema, &array, "format", 0), TEND_PROFILE_FORMAT);
    assert_int_equal(int_at(&schema, &array, "row_count", ROWS_DELAY), 200);
    assert_int_equal(int_at(&schema, &array, "type_changed_count", ROWS_DELAY), 5);
    assert_int_equal(int_at(&schema, &array, "absent_count", ROWS_AMOUNT), 5);
    assert_int_equal(int_at(&schema, &array, "row_count", ROWS_COLUMNS), 5);
    const size_t mean = find_column(&schema, "mean");
    double x = 0;
    memcpy(&x, array.children[mean]->buffers[1], sizeof(x));
    assert_true(x == tend__profile_mean(profile, ROWS_DELAY));
    /* A child may be moved out and released on its own. */
    struct tend_arrow_array moved = *array.children[mean];
    array.children[mean]->release = NULL;
    array.release(&array);
    moved.release(&moved);
    schema.release(&schema);
    assert_null(array.release);
    assert_null(schema.release);
    tend__profile_free(profile);
}

/* Decodes a damaged table that has no checks, so that every other rule is put to the test; what is
 * still accepted must be sound: it can be written and read again. */
static enum tend_code decode_damaged(const struct tend__profile *profile,
                                     const struct table_edit *edit)
{
    struct tend_error err = {0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile *decoded = NULL;
    struct tend__profile *again = NULL;
    assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
    drop_column(&schema, "check");
    edit_table(&schema, &array, edit);
    const enum tend_code code = tend__profile_from_table(&schema, &array, &decoded, &err);
    schema.release(&schema);
    array.release(&array);
    if (code != TEND_OK) {
        assert_int_equal(code, TEND_ECORRUPT);
        assert_true(err.text[0] != '\0');
        return code;
    }
    assert_tend_ok(tend__profile_table(decoded, &schema, &array, &err), &err);
    assert_tend_ok(tend__profile_from_table(&schema, &array, &again, &err), &err);
    for (size_t i = 0; i < tend__plan_column_count(tend__profile_plan(decoded)); i++) {
        const double q = tend__profile_quantile(decoded, i, 0.3);
        assert_true(isnan(q) || isfinite(q));
    }
    schema.release(&schema);
    array.release(&array);
    tend__profile_free(decoded);
    tend__profile_free(again);
    return code;
}

static void a_damaged_table_is_refused_or_still_sound(void **state)
{
    (void)state;
    static const int64_t values[] = {-1,
                                     0,
                                     1,
                                     7,
                                     INT64_MAX,
                                     INT64_MIN,
                                     INT64_C(0x7FF8000000000000),
                                     INT64_C(0x7FF0000000000000)};
    struct tend__profile *profile = make_profile(7, 60);
    size_t refused = 0;
    size_t tried = 0;
    for (uint32_t column = 0; column < TEND_PROFILE_FIELD_COUNT; column++) {
        for (uint32_t part = 0; part < PART_COUNT; part++) {
            for (uint32_t index = 0; index < 40; index++) {
                const struct table_edit edit = {column, part, index * (1 + index % 3),
                                                values[(index + column) % TEND_ARRAY_LEN(values)]};
                refused += decode_damaged(profile, &edit) == TEND_OK ? 0 : 1;
                tried++;
            }
        }
    }
    assert_true(refused > tried / 10);
    tend__profile_free(profile);
}

static void each_broken_promise_is_found(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile *profile = make_profile(7, 60);
    assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
    static const struct {
        const char *column;
        uint32_t part;
        uint32_t index;
        int64_t value;
    } cases[] = {
        {"format", PART_VALUE, 0, TEND_PROFILE_FORMAT + 1},
        {"format", PART_VALUE, 0, 0},
        {"window_start", PART_VALID, 0, 1},
        {"window_end", PART_VALID, 0, 1},
        {"segment_column", PART_VALID, 0, 1},
        {"segment_value", PART_VALID, 0, 1},
        {"segment", PART_VALID, 2, 1},
        {"plan", PART_VALUE, 0, 'x'},
        {"plan", PART_VALUE, 40, 'x'},
        {"row_count", PART_VALUE, 0, 61},
        {"row_count", PART_VALUE, 3, -1},
        {"null_count", PART_VALUE, 1, INT64_MAX},
        {"nan_count", PART_VALUE, ROWS_CODE, 1},
        {"zero_count", PART_VALUE, 0, 100},
        {"types_seen", PART_VALUE, 0, 0},
        {"type", PART_VALUE, 0, 'x'},
        {"name", PART_VALUE, 0, 0},
        {"min", PART_VALUE, 0, INT64_C(0x7FF8000000000000)},
        {"max", PART_VALUE, 0, 0},
        {"min", PART_VALID, 0, 0},
        {"exact_sum", PART_VALUE, 0, 'x'},
        {"exact_sum", PART_VALID, 0, 0},
        {"min_time", PART_VALUE, ROWS_AT, INT64_MAX},
        {"cell_low", PART_VALUE, 0, 0},
        {"cell_low", PART_VALUE, 2, INT64_C(0x7FF8000000000000)},
        {"cell_high", PART_VALUE, 3, INT64_MAX},
        {"cell_position", PART_VALUE, 1, INT64_C(0x7FF0000000000000)},
        {"cell_low", PART_LIST, 1, 1},
        {"count", PART_VALUE, 0, -1},
        {"count", PART_VALUE, 0, INT64_MAX},
        {"count", PART_LIST, 1, INT32_MAX},
        {"weekday_count", PART_VALUE, 0, 1000},
        {"category", PART_LIST, 4, 0},
        {"in_plan", PART_VALUE, 0, 0},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        const struct table_edit edit = {(uint32_t)find_column(&schema, cases[i].column),
                                        cases[i].part, cases[i].index, cases[i].value};
        if (decode_damaged(profile, &edit) != TEND_ECORRUPT) {
            fail_msg("case %zu, %s, was taken", i, cases[i].column);
        }
    }
    schema.release(&schema);
    array.release(&array);
    tend__profile_free(profile);
}

static void a_table_without_a_column_is_refused_by_its_name(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile *profile = make_profile(3, 20);
    struct tend__profile *decoded = NULL;
    assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
    const size_t at = find_column(&schema, "cell_low");
    const char *name = schema.children[at]->name;
    schema.children[at]->name = "other";
    assert_int_equal(tend__profile_from_table(&schema, &array, &decoded, &err), TEND_ECORRUPT);
    assert_string_equal(err.text, "the table's column 'cell_low' is missing");
    schema.children[at]->name = name;
    const char *format = schema.children[at]->format;
    schema.children[at]->format = "g";
    assert_int_equal(tend__profile_from_table(&schema, &array, &decoded, &err), TEND_ECORRUPT);
    schema.children[at]->format = format;
    const int64_t length = array.length;
    array.length = 0;
    assert_int_equal(tend__profile_from_table(&schema, &array, &decoded, &err), TEND_ECORRUPT);
    array.length = length + 1;
    assert_int_equal(tend__profile_from_table(&schema, &array, &decoded, &err), TEND_ECORRUPT);
    array.length = length;
    assert_null(decoded);
    schema.release(&schema);
    array.release(&array);
    tend__profile_free(profile);
}

static void a_slice_of_a_table_is_read_from_its_offset(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile *profile = make_profile(3, 20);
    struct tend__profile *decoded = NULL;
    assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
    drop_column(&schema, "plan"); /* a part of it is another */
    drop_column(&schema, "check");
    array.offset = ROWS_CODE;
    array.length = 2;
    assert_tend_ok(tend__profile_from_table(&schema, &array, &decoded, &err), &err);
    assert_int_equal(tend__plan_column_count(tend__profile_plan(decoded)), 2);
    assert_string_equal(tend__plan_column(tend__profile_plan(decoded), 0)->name, "code");
    assert_memory_equal(tend__profile_column(decoded, 0)->cells,
                        tend__profile_column(profile, ROWS_CODE)->cells,
                        tend__profile_column(decoded, 0)->cell_count * sizeof(uint64_t));
    schema.release(&schema);
    array.release(&array);
    tend__profile_free(profile);
    tend__profile_free(decoded);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__profile *profile = make_profile(5, 40);
    enum tend_code code = TEND_ENOMEM;
    uint64_t nth = 0;
    while (code != TEND_OK) {
        struct tend_arrow_schema schema = {0};
        struct tend_arrow_array array = {0};
        struct tend__profile *decoded = NULL;
        nth++;
        tend__mem_fail_at(nth);
        code = tend__profile_table(profile, &schema, &array, &err);
        if (code == TEND_OK) {
            code = tend__profile_from_table(&schema, &array, &decoded, &err);
            schema.release(&schema);
            array.release(&array);
        }
        tend__mem_fail_at(0);
        tend__profile_free(decoded);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 100);
    tend__profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_what_was_encoded_gives_the_same),
        cmocka_unit_test(the_table_has_a_row_a_column_and_then_the_new_ones),
        cmocka_unit_test(a_damaged_table_is_refused_or_still_sound),
        cmocka_unit_test(each_broken_promise_is_found),
        cmocka_unit_test(a_table_without_a_column_is_refused_by_its_name),
        cmocka_unit_test(a_slice_of_a_table_is_read_from_its_offset),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
