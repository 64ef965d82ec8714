/* SPDX-License-Identifier: Apache-2.0 */
/* arrow_in_test.c: every accepted Arrow type with offsets and bitmaps, dictionaries, and what is
 * refused. */
#include "unit.h"

#include "base/civil.h"
#include "base/mem.h"
#include "profile/arrow_in.h"

#include <math.h>
#include <string.h>

#define CHILD_MAX 8

/* A struct array of a few columns, on the test's own buffers. */
struct table {
    struct tend_arrow_schema schema;
    struct tend_arrow_schema fields[CHILD_MAX];
    struct tend_arrow_schema *field_pointers[CHILD_MAX];
    struct tend_arrow_schema dictionary_field;
    struct tend_arrow_array array;
    struct tend_arrow_array columns[CHILD_MAX];
    struct tend_arrow_array *column_pointers[CHILD_MAX];
    struct tend_arrow_array dictionary;
    const void *buffers[CHILD_MAX][3];
    const void *dictionary_buffers[3];
    const void *root_buffers[1];
};

static void init_table(struct table *table, int64_t length)
{
    *table = (struct table){0};
    table->schema.format = "+s";
    table->schema.children = table->field_pointers;
    table->array.length = length;
    table->array.n_buffers = 1;
    table->array.buffers = table->root_buffers;
    table->array.children = table->column_pointers;
    for (size_t i = 0; i < CHILD_MAX; i++) {
        table->field_pointers[i] = &table->fields[i];
        table->column_pointers[i] = &table->columns[i];
    }
}

/* `values` is the second buffer, `bytes` the third (texts only). */
static struct tend_arrow_array *add_column(struct table *table, const char *name,
                                           const char *format, const void *values,
                                           const void *bytes)
{
    const size_t at = (size_t)table->schema.n_children;
    table->fields[at].name = name;
    table->fields[at].format = format;
    table->schema.n_children++;
    table->array.n_children++;
    struct tend_arrow_array *column = &table->columns[at];
    column->length = table->array.length;
    column->n_buffers = bytes != NULL ? 3 : 2;
    column->buffers = table->buffers[at];
    table->buffers[at][1] = values;
    table->buffers[at][2] = bytes;
    return column;
}

/* One column through a view; the caller frees the view. */
static struct tend__column view_one(struct table *table, struct tend__arrow_view **view)
{
    struct tend_error err = {0};
    struct tend__batch batch = {0};
    assert_tend_ok(tend__arrow_view_new(&table->schema, view, &err), &err);
    assert_tend_ok(tend__arrow_view_batch(*view, &table->array, &batch, &err), &err);
    assert_int_equal(batch.row_count, table->array.length);
    assert_int_equal(batch.column_count, table->schema.n_children);
    return batch.columns[0];
}

static void numbers_of_every_width_become_doubles(void **state)
{
    (void)state;
    static const int8_t i8[] = {-128, 0, 127};
    static const uint8_t u8[] = {0, 1, 255};
    static const int16_t i16[] = {INT16_MIN, 0, INT16_MAX};
    static const uint16_t u16[] = {0, 1, UINT16_MAX};
    static const int32_t i32[] = {INT32_MIN, 0, INT32_MAX};
    static const uint32_t u32[] = {0, 1, UINT32_MAX};
    static const int64_t i64[] = {INT64_MIN, (INT64_C(1) << 53) + 1, INT64_MAX};
    static const uint64_t u64[] = {0, 1, UINT64_MAX};
    static const float f32[] = {0.5F, -1, 3};
    static const double f64[] = {0.1, -1e300, 7};
    static const struct {
        const char *format;
        const void *values;
        double expected[3];
    } cases[] = {
        {"c", i8, {-128, 0, 127}},
        {"C", u8, {0, 1, 255}},
        {"s", i16, {-32768, 0, 32767}},
        {"S", u16, {0, 1, 65535}},
        {"i", i32, {-2147483648.0, 0, 2147483647}},
        {"I", u32, {0, 1, 4294967295.0}},
        {"l", i64, {-9223372036854775808.0, 9007199254740992.0, 9223372036854775808.0}},
        {"L", u64, {0, 1, 18446744073709551616.0}},
        {"f", f32, {0.5, -1, 3}},
        {"g", f64, {0.1, -1e300, 7}},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        struct table table;
        struct tend__arrow_view *view = NULL;
        init_table(&table, 3);
        (void)add_column(&table, "x", cases[i].format, cases[i].values, NULL);
        const struct tend__column column = view_one(&table, &view);
        assert_int_equal(column.type, TEND_TYPE_NUMBER);
        assert_null(column.valid);
        for (size_t j = 0; j < 3; j++) {
            assert_true(column.f64[j] == cases[i].expected[j]);
        }
        tend__arrow_view_free(view);
    }
}

static void times_of_every_unit_become_microseconds(void **state)
{
    (void)state;
    static const int32_t days[] = {-1, 0, 19000};
    static const int64_t ms[] = {-1, 86400000, INT64_MAX};
    static const int64_t s[] = {-1, 5, INT64_MIN};
    static const int64_t us[] = {-1, 5, INT64_MAX};
    static const int64_t ns[] = {-1, 1999, 2000};
    static const struct {
        const char *format;
        const void *values;
        int64_t expected[3]; /* 77 where it must be null */
    } cases[] = {
        {"tdD", days, {-TEND_US_PER_DAY, 0, 19000 * TEND_US_PER_DAY}},
        {"tdm", ms, {-1000, TEND_US_PER_DAY, 77}},
        {"tsm:", ms, {-1000, TEND_US_PER_DAY, 77}},
        {"tss:", s, {-1000000, 5000000, 77}},
        {"tsu:UTC", us, {-1, 5, INT64_MAX}},
        {"tsn:Europe/Berlin", ns, {-1, 1, 2}},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        struct table table;
        struct tend__arrow_view *view = NULL;
        init_table(&table, 3);
        (void)add_column(&table, "t", cases[i].format, cases[i].values, NULL);
        const struct tend__column column = view_one(&table, &view);
        assert_int_equal(column.type, TEND_TYPE_TIME);
        for (size_t j = 0; j < 3; j++) {
            if (cases[i].expected[j] == 77) {
                assert_false(tend__is_valid(&column, j));
            } else {
                assert_true(tend__is_valid(&column, j));
                assert_true(column.time_us[j] == cases[i].expected[j]);
            }
        }
        tend__arrow_view_free(view);
    }
}

static void texts_point_into_the_array(void **state)
{
    (void)state;
    static const int32_t small[] = {0, 0, 3, 3, 10};
    static const int64_t large[] = {0, 0, 3, 3, 10};
    static const char *const formats[] = {"u", "U"};
    static const char bytes[] = "abcdefghij";
    for (size_t i = 0; i < 2; i++) {
        struct table table;
        struct tend__arrow_view *view = NULL;
        init_table(&table, 4);
        (void)add_column(&table, "t", formats[i], i == 0 ? (const void *)small : large, bytes);
        const struct tend__column column = view_one(&table, &view);
        assert_int_equal(column.text[0].len, 0);
        assert_int_equal(column.text[1].len, 3);
        assert_ptr_equal(column.text[1].ptr, bytes);
        assert_int_equal(column.text[3].len, 7);
        assert_ptr_equal(column.text[3].ptr, bytes + 3);
        tend__arrow_view_free(view);
    }
}

static void offsets_and_bitmaps_count_at_every_level(void **state)
{
    (void)state;
    static const int64_t values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    static const uint8_t bits[] = {0xEF, 0x0F};     /* value 4 is null */
    static const uint8_t struct_bits[] = {0xF7, 1}; /* row 3 of the struct is null */
    static const uint8_t bools[] = {0x55, 0x05};
    struct table table;
    struct tend__arrow_view *view = NULL;
    struct tend_error err = {0};
    struct tend__batch batch = {0};
    init_table(&table, 4);
    table.array.offset = 1;
    table.array.null_count = -1;
    table.root_buffers[0] = struct_bits;
    struct tend_arrow_array *x = add_column(&table, "x", "l", values, NULL);
    x->length = 9;
    x->offset = 2;
    x->null_count = -1;
    table.buffers[0][0] = bits;
    struct tend_arrow_array *b = add_column(&table, "b", "b", bools, NULL);
    b->length = 9;
    b->offset = 1;
    assert_tend_ok(tend__arrow_view_new(&table.schema, &view, &err), &err);
    assert_tend_ok(tend__arrow_view_batch(view, &table.array, &batch, &err), &err);
    /* Row i is struct row i + 1, value i + 3 and bool i + 2. */
    const struct tend__column *numbers = &batch.columns[0];
    assert_true(tend__is_valid(numbers, 0) && numbers->f64[0] == 3);
    assert_false(tend__is_valid(numbers, 1));
    assert_false(tend__is_valid(numbers, 2));
    assert_true(tend__is_valid(numbers, 3) && numbers->f64[3] == 6);
    const struct tend__column *flags = &batch.columns[1];
    assert_int_equal(flags->bools[0], 1);
    assert_int_equal(flags->bools[1], 0);
    assert_false(tend__is_valid(flags, 2));
    assert_int_equal(flags->bools[3], 0);
    tend__arrow_view_free(view);
}

static void a_dictionary_becomes_its_values(void **state)
{
    (void)state;
    static const int8_t index[] = {1, 0, 2, 1, 9};
    static const uint8_t index_bits[] = {0x0F}; /* the last index, out of range, is null */
    static const uint8_t value_bits[] = {0x03}; /* the third value is null */
    static const int32_t offsets[] = {0, 1, 3, 3};
    struct table table;
    struct tend__arrow_view *view = NULL;
    struct tend_error err = {0};
    struct tend__batch batch = {0};
    init_table(&table, 5);
    struct tend_arrow_array *column = add_column(&table, "t", "c", index, NULL);
    column->null_count = 1;
    table.buffers[0][0] = index_bits;
    table.dictionary_field.format = "u";
    table.fields[0].dictionary = &table.dictionary_field;
    table.dictionary = (struct tend_arrow_array){
        .length = 3, .null_count = 1, .n_buffers = 3, .buffers = table.dictionary_buffers};
    table.dictionary_buffers[0] = value_bits;
    table.dictionary_buffers[1] = offsets;
    table.dictionary_buffers[2] = "abb";
    column->dictionary = &table.dictionary;
    const struct tend__column text = view_one(&table, &view);
    assert_int_equal(text.type, TEND_TYPE_TEXT);
    assert_memory_equal(text.text[0].ptr, "bb", 2);
    assert_memory_equal(text.text[1].ptr, "a", 1);
    assert_int_equal(text.text[1].len, 1);
    assert_false(tend__is_valid(&text, 2));
    assert_true(tend__is_valid(&text, 3));
    assert_false(tend__is_valid(&text, 4));
    column->null_count = 0;
    assert_int_equal(tend__arrow_view_batch(view, &table.array, &batch, &err), TEND_ECORRUPT);
    assert_string_equal(err.text, "column 't': row 4 has the index 9 of a dictionary of 3");
    tend__arrow_view_free(view);
}

static void decimals_of_every_width_become_doubles(void **state)
{
    (void)state;
    static const int32_t d32[] = {-12345, 0, 2147483647};
    static const int64_t d64[] = {-12345, 1, 999999999999999};
    /* 10^20, -10^20 and 1 as two words each; 10^40 as four. */
    static const uint64_t d128[] = {0x6bc75e2d63100000U, 5, 0x9438a1d29cf00000U,
                                    UINT64_MAX - 5,      1, 0};
    static const uint64_t d256[] = {
        0x4395ca0000000000U, 0xdfa371a19e6f7cb5U, 0x125U, 0, UINT64_MAX, UINT64_MAX,
        UINT64_MAX,          UINT64_MAX,          7,      0, 0,          0};
    static const struct {
        const char *format;
        const void *values;
        double expected[3];
    } cases[] = {
        {"d:9,2,32", d32, {-123.45, 0, 21474836.47}},
        {"d:18,3,64", d64, {-12.345, 0.001, 999999999999.999}},
        {"d:38,0", d128, {1e20, -1e20, 1}},
        {"d:38,-2,128", d128, {1e22, -1e22, 100}},
        {"d:38,20,128", d128, {1, -1, 1e-20}},
        {"d:76,1,256", d256, {1e40, -0.1, 0.7}},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        struct table table;
        struct tend__arrow_view *view = NULL;
        init_table(&table, 3);
        (void)add_column(&table, "x", cases[i].format, cases[i].values, NULL);
        const struct tend__column column = view_one(&table, &view);
        assert_int_equal(column.type, TEND_TYPE_NUMBER);
        for (size_t j = 0; j < 3; j++) {
            assert_true(column.f64[j] == cases[i].expected[j]);
        }
        tend__arrow_view_free(view);
    }
}

static void half_floats_become_doubles(void **state)
{
    (void)state;
    /* IEEE 754 binary16: 1, the least subnormal, the greatest number, -infinity, NaN, -2. */
    static const uint16_t halves[] = {0x3C00, 0x0001, 0x7BFF, 0xFC00, 0x7E00, 0xC000};
    struct table table;
    struct tend__arrow_view *view = NULL;
    init_table(&table, 6);
    (void)add_column(&table, "x", "e", halves, NULL);
    const struct tend__column column = view_one(&table, &view);
    assert_true(column.f64[0] == 1);
    assert_true(column.f64[1] == 5.9604644775390625e-08);
    assert_true(column.f64[2] == 65504);
    assert_true(column.f64[3] == -(double)INFINITY);
    assert_true(isnan(column.f64[4]));
    assert_true(column.f64[5] == -2);
    tend__arrow_view_free(view);
}

/* A view of a text: inline up to 12 bytes, else in further buffer `buffer` at `offset`. */
struct text_view {
    int32_t len;
    char inlined[4];
    int32_t buffer;
    int32_t offset;
};

static void texts_behind_views_are_seen_and_checked(void **state)
{
    (void)state;
    static const char further[] = "thirteen byte and more";
    static const int64_t sizes[] = {sizeof(further) - 1};
    static const uint8_t bits[] = {0x1B}; /* the third row is null */
    struct text_view views[5] = {{.len = 0},
                                 {.len = 3, .inlined = "abc"},
                                 {.len = 1000, .buffer = 77},
                                 {.len = 13, .buffer = 0, .offset = 0},
                                 {.len = 12, .inlined = "abcd"}};
    memcpy(&views[4].buffer, "efghijkl", 8);
    const void *buffers[] = {bits, views, further, sizes};
    struct table table;
    struct tend__arrow_view *view = NULL;
    struct tend__batch batch = {0};
    struct tend_error err = {0};
    init_table(&table, 5);
    struct tend_arrow_array *column = add_column(&table, "t", "vu", NULL, NULL);
    column->null_count = 1;
    column->n_buffers = 4;
    column->buffers = buffers;
    const struct tend__column text = view_one(&table, &view);
    assert_int_equal(text.type, TEND_TYPE_TEXT);
    assert_int_equal(text.text[0].len, 0);
    assert_memory_equal(text.text[1].ptr, "abc", 3);
    assert_int_equal(text.text[1].len, 3);
    assert_false(tend__is_valid(&text, 2));
    assert_int_equal(text.text[3].len, 13);
    assert_memory_equal(text.text[3].ptr, "thirteen byte", 13);
    assert_memory_equal(text.text[4].ptr, "abcdefghijkl", 12);
    static const struct text_view bad[] = {{.len = -1},
                                           {.len = 13, .buffer = 1},
                                           {.len = 13, .buffer = -1},
                                           {.len = 13, .offset = 10},
                                           {.len = 13, .offset = -1}};
    for (size_t i = 0; i < TEND_ARRAY_LEN(bad); i++) {
        views[3] = bad[i];
        assert_int_equal(tend__arrow_view_batch(view, &table.array, &batch, &err), TEND_ECORRUPT);
        assert_non_null(strstr(err.text, "'t'"));
    }
    tend__arrow_view_free(view);
}

static void ranges_of_a_long_array_are_its_rows_in_order(void **state)
{
    (void)state;
    static const int64_t values[] = {0, 10, 20, 30, 40, 50, 60, 70};
    static const uint8_t struct_bits[] = {0xDF}; /* row 5 of the struct is null */
    static const int8_t index[] = {0, 1, 2, 1, 0, 2, 1, 0};
    static const double known[] = {0.5, 1.5, 2.5};
    struct table table;
    struct tend__arrow_view *view = NULL;
    struct tend__batch batch = {0};
    struct tend_error err = {0};
    init_table(&table, 7);
    table.array.offset = 1;
    table.array.null_count = 1;
    table.root_buffers[0] = struct_bits;
    add_column(&table, "x", "l", values, NULL)->length = 8;
    struct tend_arrow_array *coded = add_column(&table, "d", "c", index, NULL);
    coded->length = 8;
    table.dictionary_field.format = "g";
    table.fields[1].dictionary = &table.dictionary_field;
    table.dictionary =
        (struct tend_arrow_array){.length = 3, .n_buffers = 2, .buffers = table.dictionary_buffers};
    table.dictionary_buffers[1] = known;
    coded->dictionary = &table.dictionary;
    assert_tend_ok(tend__arrow_view_new(&table.schema, &view, &err), &err);
    for (size_t begin = 0; begin < 7; begin += 3) {
        const size_t count = begin == 6 ? 1 : 3;
        assert_tend_ok(tend__arrow_view_range(view, &table.array, begin, count, &batch, &err),
                       &err);
        assert_int_equal(batch.row_count, count);
        for (size_t i = 0; i < count; i++) {
            const size_t row = begin + i + 1; /* of the struct */
            assert_int_equal(tend__is_valid(&batch.columns[0], i), row != 5);
            assert_int_equal(tend__is_valid(&batch.columns[1], i), row != 5);
            assert_true(row == 5 || batch.columns[0].f64[i] == (double)values[row]);
            assert_true(row == 5 || batch.columns[1].f64[i] == known[index[row]]);
        }
    }
    assert_int_equal(tend__arrow_view_range(view, &table.array, 5, 3, &batch, &err), TEND_EINVAL);
    assert_int_equal(tend__arrow_view_range(view, &table.array, 8, 0, &batch, &err), TEND_EINVAL);
    tend__arrow_view_free(view);
}

static void a_column_of_nulls_has_no_values(void **state)
{
    (void)state;
    struct table table;
    struct tend__arrow_view *view = NULL;
    size_t count = 0;
    init_table(&table, 3);
    struct tend_arrow_array *column = add_column(&table, "n", "n", NULL, NULL);
    column->n_buffers = 0;
    column->buffers = NULL;
    const struct tend__column nulls = view_one(&table, &view);
    assert_int_equal(nulls.type, TEND_TYPE_NULL);
    for (size_t i = 0; i < 3; i++) {
        assert_false(tend__is_valid(&nulls, i));
    }
    const struct tend__field *fields = tend__arrow_view_fields(view, &count);
    assert_int_equal(count, 1);
    assert_string_equal(fields[0].name, "n");
    assert_int_equal(fields[0].type, TEND_TYPE_NULL);
    tend__arrow_view_free(view);
}

static void an_unsupported_type_is_refused_with_the_columns_name(void **state)
{
    (void)state;
    static const char *const formats[] = {"+l",     "tDu",     "",        "tsx:",      "z",
                                          "ll",     "d:10",    "d:x,2",   "d:10,2,48", "ttu",
                                          "d:0,2,", "d:10,2 ", "d:10,999"};
    struct tend_error err = {0};
    struct tend__arrow_view *view = NULL;
    for (size_t i = 0; i < TEND_ARRAY_LEN(formats); i++) {
        struct table table;
        init_table(&table, 0);
        (void)add_column(&table, "tags", formats[i], NULL, NULL);
        assert_int_equal(tend__arrow_view_new(&table.schema, &view, &err), TEND_ETYPE);
        assert_non_null(strstr(err.text, "'tags'"));
        assert_null(view);
    }
    struct table table;
    init_table(&table, 0);
    table.schema.format = "l";
    assert_int_equal(tend__arrow_view_new(&table.schema, &view, &err), TEND_EINVAL);
    assert_int_equal(tend__arrow_view_new(NULL, &view, &err), TEND_EINVAL);
}

static void an_array_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const int64_t values[] = {1, 2, 3};
    static const int32_t falling[] = {0, 2, 1, 3};
    struct tend_error err = {0};
    struct tend__arrow_view *view = NULL;
    struct tend__batch batch = {0};
    struct table table;
    init_table(&table, 3);
    struct tend_arrow_array *x = add_column(&table, "x", "l", values, NULL);
    struct tend_arrow_array *t = add_column(&table, "t", "u", falling, "abc");
    assert_tend_ok(tend__arrow_view_new(&table.schema, &view, &err), &err);
    assert_int_equal(tend__arrow_view_batch(view, &table.array, &batch, &err), TEND_ECORRUPT);
    assert_non_null(strstr(err.text, "column 't'"));
    static const int32_t rising[] = {0, 1, 2, 3};
    table.buffers[1][1] = rising;
    assert_tend_ok(tend__arrow_view_batch(view, &table.array, &batch, &err), &err);
    x->length = 2;
    assert_int_equal(tend__arrow_view_batch(view, &table.array, &batch, &err), TEND_EINVAL);
    x->length = 3;
    x->n_buffers = 1;
    assert_int_equal(tend__arrow_view_batch(view, &table.array, &batch, &err), TEND_EINVAL);
    x->n_buffers = 2;
    x->null_count = 1;
    assert_int_equal(tend__arrow_view_batch(view, &table.array, &batch, &err), TEND_EINVAL);
    x->null_count = 0;
    t->offset = -1;
    assert_int_equal(tend__arrow_view_batch(view, &table.array, &batch, &err), TEND_EINVAL);
    t->offset = 0;
    table.array.n_children = 1;
    assert_int_equal(tend__arrow_view_batch(view, &table.array, &batch, &err), TEND_EINVAL);
    table.array.n_children = 2;
    table.array.length = -1;
    assert_int_equal(tend__arrow_view_batch(view, &table.array, &batch, &err), TEND_EINVAL);
    table.array.length = 0;
    assert_tend_ok(tend__arrow_view_batch(view, &table.array, &batch, &err), &err);
    assert_int_equal(batch.row_count, 0);
    tend__arrow_view_free(view);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    static const int64_t values[] = {1, 2, 3};
    static const int32_t offsets[] = {0, 1, 2, 3};
    static const int8_t index[] = {0, 1, 2};
    struct tend_error err = {0};
    struct table table;
    init_table(&table, 3);
    (void)add_column(&table, "x", "l", values, NULL);
    struct tend_arrow_array *t = add_column(&table, "t", "c", index, NULL);
    table.dictionary_field.format = "u";
    table.fields[1].dictionary = &table.dictionary_field;
    table.dictionary =
        (struct tend_arrow_array){.length = 3, .n_buffers = 3, .buffers = table.dictionary_buffers};
    table.dictionary_buffers[1] = offsets;
    table.dictionary_buffers[2] = "abc";
    t->dictionary = &table.dictionary;
    enum tend_code code = TEND_ENOMEM;
    uint64_t nth = 0;
    while (code != TEND_OK) {
        struct tend__arrow_view *view = NULL;
        struct tend__batch batch = {0};
        nth++;
        tend__mem_fail_at(nth);
        code = tend__arrow_view_new(&table.schema, &view, &err);
        if (code == TEND_OK) {
            code = tend__arrow_view_batch(view, &table.array, &batch, &err);
        }
        tend__mem_fail_at(0);
        tend__arrow_view_free(view);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_every_width_become_doubles),
        cmocka_unit_test(times_of_every_unit_become_microseconds),
        cmocka_unit_test(texts_point_into_the_array),
        cmocka_unit_test(offsets_and_bitmaps_count_at_every_level),
        cmocka_unit_test(a_dictionary_becomes_its_values),
        cmocka_unit_test(a_column_of_nulls_has_no_values),
        cmocka_unit_test(decimals_of_every_width_become_doubles),
        cmocka_unit_test(half_floats_become_doubles),
        cmocka_unit_test(texts_behind_views_are_seen_and_checked),
        cmocka_unit_test(ranges_of_a_long_array_are_its_rows_in_order),
        cmocka_unit_test(an_unsupported_type_is_refused_with_the_columns_name),
        cmocka_unit_test(an_array_that_does_not_fit_is_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
