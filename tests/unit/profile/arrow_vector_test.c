/* SPDX-License-Identifier: Apache-2.0 */
/* arrow_vector_test.c: lists of floats of every layout become vectors, item by item; those of
 * another length are misfits; and what is malformed is refused. */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "profile/arrow_in.h"
#include "profile/plan.h"
#include "profile/profile.h"

#include <math.h>
#include <string.h>

#define ROWS 40
#define DIM 5

/* One list column, and what its rows should become. */
struct lists {
    struct tend_arrow_schema schema;
    struct tend_arrow_schema field;
    struct tend_arrow_schema item;
    struct tend_arrow_schema *fields[1];
    struct tend_arrow_schema *items[1];
    struct tend_arrow_array array;
    struct tend_arrow_array column;
    struct tend_arrow_array values;
    struct tend_arrow_array *columns[1];
    struct tend_arrow_array *value_arrays[1];
    const void *root_buffers[1];
    const void *column_buffers[2];
    const void *value_buffers[2];
    uint8_t valid_bits[(ROWS + 14) / 8];
    uint8_t item_bits[(ROWS * 2 * DIM + 7) / 8];
    int32_t small[ROWS + 8];
    int64_t large[ROWS + 8];
    double doubles[ROWS * 2 * DIM];
    float floats[ROWS * 2 * DIM];
    int kind[ROWS]; /* 0 good, 1 null, 2 misfit, 3 a missing item in the middle */
};

enum layout { FIXED, LIST, LARGE };

static void link_up(struct lists *lists, enum layout layout, bool is_double)
{
    static const char *const formats[] = {"+w:5", "+l", "+L"};
    lists->fields[0] = &lists->field;
    lists->items[0] = &lists->item;
    lists->columns[0] = &lists->column;
    lists->value_arrays[0] = &lists->values;
    lists->schema =
        (struct tend_arrow_schema){.format = "+s", .n_children = 1, .children = lists->fields};
    lists->field = (struct tend_arrow_schema){
        .format = formats[layout], .name = "e", .n_children = 1, .children = lists->items};
    lists->item = (struct tend_arrow_schema){.format = is_double ? "g" : "f", .name = "item"};
    lists->array = (struct tend_arrow_array){.length = ROWS,
                                             .n_buffers = 1,
                                             .n_children = 1,
                                             .buffers = lists->root_buffers,
                                             .children = lists->columns};
    lists->column = (struct tend_arrow_array){.length = ROWS,
                                              .null_count = -1,
                                              .n_buffers = layout == FIXED ? 1 : 2,
                                              .n_children = 1,
                                              .buffers = lists->column_buffers,
                                              .children = lists->value_arrays};
    lists->values = (struct tend_arrow_array){
        .null_count = -1, .n_buffers = 2, .buffers = lists->value_buffers};
    lists->column_buffers[0] = lists->valid_bits;
    lists->column_buffers[1] = layout == LARGE ? (const void *)lists->large : lists->small;
    lists->value_buffers[0] = lists->item_bits;
    lists->value_buffers[1] = is_double ? (const void *)lists->doubles : lists->floats;
}

/* Rows of random kinds; `plain` = all good. The value of an item is 100 x row + position. */
static void fill(struct lists *lists, enum layout layout, bool is_plain, struct tend__rng *rng)
{
    size_t at = 0;
    memset(lists->valid_bits, 0, sizeof(lists->valid_bits));
    memset(lists->item_bits, 0xff, sizeof(lists->item_bits));
    for (size_t i = 0; i < ROWS; i++) {
        lists->kind[i] = is_plain ? 0 : (int)tend__rng_below(rng, 4);
        lists->kind[i] = i == 0 ? 0 : lists->kind[i]; /* it says the length */
        if (layout == FIXED && lists->kind[i] == 2) {
            lists->kind[i] = 0;
        }
        lists->small[i] = (int32_t)at;
        lists->large[i] = (int64_t)at;
        size_t len = lists->kind[i] == 2 ? 1 + tend__rng_below(rng, 4) : DIM;
        len = layout != FIXED && lists->kind[i] == 1 ? 0 : len;
        for (size_t k = 0; k < len; k++) {
            lists->doubles[at + k] = 100.0 * (double)i + (double)k;
            lists->floats[at + k] = (float)lists->doubles[at + k];
        }
        if (lists->kind[i] == 3) {
            lists->item_bits[(at + 2) / 8] &= (uint8_t) ~(1U << ((at + 2) % 8));
        }
        if (lists->kind[i] != 1) {
            lists->valid_bits[i / 8] |= (uint8_t)(1U << (i % 8));
        }
        at += len;
    }
    lists->small[ROWS] = (int32_t)at;
    lists->large[ROWS] = (int64_t)at;
    lists->values.length = (int64_t)at;
}

static void check(const struct lists *lists, const struct tend__column *column, size_t first)
{
    assert_int_equal(column->type, TEND_TYPE_VECTOR);
    assert_int_equal(column->dim, DIM);
    assert_true((column->f64 == NULL) != (column->f32 == NULL));
    for (size_t i = first; i < ROWS; i++) {
        const size_t row = i - first;
        const bool is_good = lists->kind[i] == 0 || lists->kind[i] == 3;
        assert_int_equal(tend__is_valid(column, row), is_good);
        assert_int_equal(column->misfit != NULL && column->misfit[row] != 0, lists->kind[i] == 2);
        for (size_t k = 0; is_good && k < DIM; k++) {
            const double item = column->f64 != NULL ? column->f64[row * DIM + k]
                                                    : (double)column->f32[row * DIM + k];
            if (lists->kind[i] == 3 && k == 2) {
                assert_true(isnan(item));
            } else {
                assert_true(item == 100.0 * (double)i + (double)k);
            }
        }
    }
}

static void lists_of_every_layout_become_vectors(void **state)
{
    (void)state;
    static struct lists lists;
    struct tend_error err = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, 1);
    for (int round = 0; round < 60; round++) {
        const enum layout layout = (enum layout)(round % 3);
        const bool is_plain = round < 12;
        struct tend__arrow_view *view = NULL;
        struct tend__batch batch = {0};
        link_up(&lists, layout, round % 2 == 0);
        fill(&lists, layout, is_plain, &rng);
        assert_tend_ok(tend__arrow_view_new(&lists.schema, &view, &err), &err);
        assert_tend_ok(tend__arrow_view_batch(view, &lists.array, &batch, &err), &err);
        check(&lists, &batch.columns[0], 0);
        if (is_plain) {
            const void *items = batch.columns[0].f64 != NULL ? (const void *)batch.columns[0].f64
                                                             : batch.columns[0].f32;
            assert_ptr_equal(items, lists.value_buffers[1]); /* no copy */
        }
        /* The same through an offset of the column, and one of the struct. */
        const size_t skip = 1 + (size_t)tend__rng_below(&rng, ROWS - 2);
        const size_t deeper = (size_t)tend__rng_below(&rng, skip + 1);
        lists.array.length = (int64_t)(ROWS - skip);
        lists.array.offset = (int64_t)deeper;
        lists.column.offset = (int64_t)(skip - deeper);
        lists.column.length = (int64_t)(ROWS - skip + deeper);
        assert_tend_ok(tend__arrow_view_batch(view, &lists.array, &batch, &err), &err);
        check(&lists, &batch.columns[0], skip);
        tend__arrow_view_free(view);
    }
}

static void malformed_lists_are_refused(void **state)
{
    (void)state;
    static struct lists lists;
    struct tend_error err = {0};
    struct tend__rng rng;
    struct tend__arrow_view *view = NULL;
    struct tend__batch batch = {0};
    tend__rng_init(&rng, 2);
    static const char *const bad[] = {"+w:0", "+w:9999", "+w:", "+w:5x", "+w:-1"};
    for (size_t i = 0; i < TEND_ARRAY_LEN(bad); i++) {
        link_up(&lists, FIXED, true);
        lists.field.format = bad[i];
        assert_int_equal(tend__arrow_view_new(&lists.schema, &view, &err), TEND_ETYPE);
    }
    link_up(&lists, LIST, true);
    lists.item.format = "u";
    assert_int_equal(tend__arrow_view_new(&lists.schema, &view, &err), TEND_ETYPE);
    assert_non_null(strstr(err.text, "list of floats"));
    link_up(&lists, LIST, true);
    fill(&lists, LIST, true, &rng);
    assert_tend_ok(tend__arrow_view_new(&lists.schema, &view, &err), &err);
    lists.small[7] = (int32_t)lists.values.length + 1;
    lists.small[8] = (int32_t)lists.values.length + 2;
    assert_int_equal(tend__arrow_view_batch(view, &lists.array, &batch, &err), TEND_ECORRUPT);
    lists.small[7] = -1;
    assert_int_equal(tend__arrow_view_batch(view, &lists.array, &batch, &err), TEND_ECORRUPT);
    lists.column.n_children = 0;
    assert_int_equal(tend__arrow_view_batch(view, &lists.array, &batch, &err), TEND_EINVAL);
    tend__arrow_view_free(view);
}

static enum tend_code live(struct lists *lists, struct tend_error *err)
{
    struct tend__arrow_view *view = NULL;
    struct tend__batch batch = {0};
    TEND_TRY(tend__arrow_view_new(&lists->schema, &view, err));
    const enum tend_code code = tend__arrow_view_batch(view, &lists->array, &batch, err);
    tend__arrow_view_free(view);
    return code;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    static struct lists lists;
    struct tend_error err = {0};
    struct tend__rng rng;
    enum tend_code code = TEND_ENOMEM;
    uint64_t nth = 0;
    tend__rng_init(&rng, 3);
    link_up(&lists, LIST, true);
    fill(&lists, LIST, false, &rng);
    while (code != TEND_OK) {
        nth++;
        tend__mem_fail_at(nth);
        code = live(&lists, &err);
        tend__mem_fail_at(0);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 5);
}

/* Nulls, misfits and rows with a missing item, against the kinds of the rows. */
static void a_profile_counts_what_is_wrong_with_vectors(void **state)
{
    (void)state;
    static struct lists lists;
    struct tend_error err = {0};
    struct tend__rng rng;
    struct tend__arrow_view *view = NULL;
    struct tend__batch batch = {0};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__profile *profile = NULL;
    size_t field_count = 0;
    uint64_t counts[4] = {0};
    tend__rng_init(&rng, 4);
    link_up(&lists, LIST, false);
    fill(&lists, LIST, false, &rng);
    for (size_t i = 0; i < ROWS; i++) {
        counts[lists.kind[i]]++;
    }
    assert_tend_ok(tend__arrow_view_new(&lists.schema, &view, &err), &err);
    const struct tend__field *fields = tend__arrow_view_fields(view, &field_count);
    assert_tend_ok(tend__plan_builder_new(fields, field_count, NULL, &builder, &err), &err);
    assert_tend_ok(tend__arrow_view_batch(view, &lists.array, &batch, &err), &err);
    assert_tend_ok(tend__plan_builder_add(builder, &batch, &err), &err);
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    assert_int_equal(tend__plan_column(plan, 0)->dim, DIM);
    assert_tend_ok(tend__profile_new(plan, &profile, &err), &err);
    assert_tend_ok(tend__profile_add(profile, &batch, &err), &err);
    const struct tend__column_profile *column = tend__profile_column(profile, 0);
    assert_true(column->row_count == ROWS - counts[2]);
    assert_true(column->null_count == counts[1]);
    assert_true(column->type_changed_count == counts[2]);
    assert_int_equal(column->types_seen, 1U << TEND_TYPE_VECTOR);
    assert_true(column->nan_count == counts[3]);
    tend__profile_free(profile);
    tend__plan_unref(plan);
    tend__plan_builder_free(builder);
    tend__arrow_view_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_every_layout_become_vectors),
        cmocka_unit_test(malformed_lists_are_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(a_profile_counts_what_is_wrong_with_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
