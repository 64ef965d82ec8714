/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_sketches_test.c: sketches in profiles: which columns get them, what they say, that they
 * go through a table and a merge, and that a million categories stay bounded.
 */
#include "unit.h"

#include "base/mem.h"
#include "profile/profile_fields.h"
#include "profile_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct profile_rows rows;

/* A plan of random rows; rows is filled with others. */
static struct tend__plan *make_plan(void)
{
    struct tend__rng rng;
    tend__rng_init(&rng, 1);
    rows_fill(&rows, 1, 500);
    struct tend__plan *plan = rows_plan(&rows, &rng);
    rows_fill(&rows, 2, ROWS_MAX);
    return plan;
}

static struct tend__profile *make_profile(struct tend__plan *plan, enum tend__sketch_scope scope)
{
    struct tend__profile *profile = NULL;
    struct tend_error err = {0};
    assert_tend_ok(tend__profile_new(plan, &profile, &err), &err);
    assert_tend_ok(tend__profile_set_sketches(profile, scope, &err), &err);
    return profile;
}

/* Rows of the plan's columns, and of two that it does not have: "gate" (texts) and "hour". */
static void add_rows(struct tend__profile *profile, size_t begin, size_t count)
{
    struct tend_error err = {0};
    const struct tend__batch batch = rows_view(&rows, begin, count);
    struct tend__field fields[ROWS_COLUMNS + 2];
    struct tend__column columns[ROWS_COLUMNS + 2];
    memcpy(fields, batch.fields, ROWS_COLUMNS * sizeof(fields[0]));
    memcpy(columns, batch.columns, ROWS_COLUMNS * sizeof(columns[0]));
    fields[ROWS_COLUMNS] = (struct tend__field){"gate", TEND_TYPE_TEXT, 0, 0};
    columns[ROWS_COLUMNS] = batch.columns[ROWS_CODE];
    fields[ROWS_COLUMNS + 1] = (struct tend__field){"hour", TEND_TYPE_NUMBER, 0, 0};
    columns[ROWS_COLUMNS + 1] = batch.columns[ROWS_AMOUNT];
    const struct tend__batch wide = {count, ROWS_COLUMNS + 2, fields, columns};
    assert_tend_ok(tend__profile_add(profile, &wide, &err), &err);
}

static const struct tend__new_column *new_column(const struct tend__profile *profile,
                                                 const char *name)
{
    size_t count = 0;
    const struct tend__new_column *columns = tend__profile_new_columns(profile, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(columns[i].name, name) == 0) {
            return &columns[i];
        }
    }
    fail_msg("no column %s", name);
    abort(); /* fail_msg does not return, but does not say so */
}

static struct tend__profile *read_back(const struct tend__profile *profile)
{
    struct tend_error err = {0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile *read = NULL;
    assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
    assert_tend_ok(tend__profile_from_table(&schema, &array, &read, &err), &err);
    schema.release(&schema);
    array.release(&array);
    return read;
}

static void assert_same_bytes(const struct tend__profile *a, const struct tend__profile *b)
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

static void the_scope_says_which_columns_have_sketches(void **state)
{
    (void)state;
    struct tend__plan *plan = make_plan();
    for (int scope = TEND_SKETCHES_NONE; scope <= TEND_SKETCHES_ALL; scope++) {
        struct tend__profile *profile = make_profile(plan, (enum tend__sketch_scope)scope);
        add_rows(profile, 0, 3000);
        for (size_t i = 0; i < tend__plan_column_count(plan); i++) {
            const enum tend_type type = tend__plan_column(plan, i)->type;
            const struct tend__column_sketches *sketches = tend__profile_sketches(profile, i);
            const bool expected = scope == TEND_SKETCHES_ALL && type != TEND_TYPE_NULL;
            assert_true((sketches != NULL) == expected);
            if (expected) {
                const bool is_scalar = type == TEND_TYPE_NUMBER || type == TEND_TYPE_TIME;
                assert_true((sketches->kll != NULL) == is_scalar);
                assert_true((sketches->frequent != NULL) == (type == TEND_TYPE_TEXT));
            }
        }
        const bool has_new = scope != TEND_SKETCHES_NONE;
        assert_true((new_column(profile, "gate")->sketches != NULL) == has_new);
        assert_true((new_column(profile, "hour")->sketches != NULL) == has_new);
        tend__profile_free(profile);
    }
    tend__plan_unref(plan);
}

/* Against loops over the rows. */
static void sketches_say_what_the_rows_are(void **state)
{
    (void)state;
    struct tend__plan *plan = make_plan();
    struct tend__profile *profile = make_profile(plan, TEND_SKETCHES_ALL);
    uint64_t finite_count = 0;
    uint64_t text_count = 0;
    uint64_t first_count = 0;
    size_t first = 0;
    double low = (double)INFINITY;
    for (size_t at = 0; at < 1000; at += 100) {
        add_rows(profile, at, 100);
    }
    while (rows.rows[first].valid[ROWS_CODE] == 0) {
        first++;
    }
    for (size_t i = 0; i < 1000; i++) {
        const struct profile_row *row = &rows.rows[i];
        const bool is_finite = row->valid[ROWS_AMOUNT] != 0 && isfinite(row->amount);
        finite_count += is_finite ? 1 : 0;
        low = is_finite && row->amount < low ? row->amount : low;
        if (row->valid[ROWS_CODE] != 0) {
            text_count++;
            first_count += strcmp(row->code, rows.rows[first].code) == 0 ? 1 : 0;
        }
    }
    const struct tend__column_sketches *hour = new_column(profile, "hour")->sketches;
    const struct tend__column_sketches *gate = new_column(profile, "gate")->sketches;
    assert_true(tend__kll_count(hour->kll) == finite_count);
    assert_true(tend__kll_min(hour->kll) == low + 0.0);
    assert_true(tend__frequent_total(gate->frequent) == text_count);
    assert_true(tend__frequent_error(gate->frequent) == 0);
    assert_true(tend__frequent_of(gate->frequent, rows.code[first].ptr, rows.code[first].len).low ==
                first_count);
    assert_near(tend__hll_estimate(gate->hll), (double)tend__frequent_count(gate->frequent), 0.01);
    tend__profile_free(profile);
    tend__plan_unref(plan);
}

static void sketches_go_through_a_table(void **state)
{
    (void)state;
    struct tend__plan *plan = make_plan();
    for (size_t count = 0; count <= ROWS_MAX; count = count * 4 + 1) {
        struct tend__profile *profile = make_profile(plan, TEND_SKETCHES_ALL);
        if (count > 0) {
            add_rows(profile, 0, count);
        }
        struct tend__profile *read = read_back(profile);
        assert_same_bytes(profile, read);
        tend__profile_free(read);
        tend__profile_free(profile);
    }
    tend__plan_unref(plan);
}

static void merges_add_sketches_or_drop_them(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = make_plan();
    struct tend__profile *whole = make_profile(plan, TEND_SKETCHES_ALL);
    struct tend__profile *left = make_profile(plan, TEND_SKETCHES_ALL);
    struct tend__profile *right = make_profile(plan, TEND_SKETCHES_ALL);
    struct tend__profile *empty = make_profile(plan, TEND_SKETCHES_NONE);
    struct tend__profile *bare = make_profile(plan, TEND_SKETCHES_NONE);
    add_rows(whole, 0, 900); /* few enough to be exact, so that even the bytes are the same */
    add_rows(left, 0, 400);
    add_rows(right, 400, 500);
    add_rows(bare, 0, 10);
    assert_tend_ok(tend__profile_merge(empty, left, &err),
                   &err); /* without rows: nothing is lost */
    assert_tend_ok(tend__profile_merge(left, right, &err), &err);
    assert_tend_ok(tend__profile_merge(empty, right, &err), &err);
    assert_same_bytes(left, whole);
    assert_same_bytes(empty, whole);
    assert_tend_ok(tend__profile_merge(left, bare, &err), &err); /* rows that no sketch knows */
    assert_null(tend__profile_sketches(left, 0));
    assert_null(new_column(left, "gate")->sketches);
    assert_tend_ok(tend__profile_merge(bare, right, &err), &err);
    assert_null(tend__profile_sketches(bare, 0));
    assert_null(new_column(bare, "gate")->sketches);
    tend__profile_free(read_back(left));
    tend__profile_free(whole);
    tend__profile_free(left);
    tend__profile_free(right);
    tend__profile_free(empty);
    tend__profile_free(bare);
    tend__plan_unref(plan);
}

static void a_column_that_begins_with_nulls_gets_sketches(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = make_plan();
    struct tend__profile *profile = make_profile(plan, TEND_SKETCHES_NEW_COLUMNS);
    const double numbers[] = {1, 2, 2};
    const struct tend__field field = {"late", TEND_TYPE_NULL, 0, 0};
    const struct tend__column nulls = {.type = TEND_TYPE_NULL};
    const struct tend__column column = {.type = TEND_TYPE_NUMBER, .f64 = numbers};
    const struct tend__batch first = {3, 1, &field, &nulls};
    const struct tend__batch second = {3, 1, &field, &column};
    assert_tend_ok(tend__profile_add(profile, &first, &err), &err);
    assert_tend_ok(tend__profile_add(profile, &second, &err), &err);
    const struct tend__new_column *late = new_column(profile, "late");
    assert_true(late->row_count == 6 && tend__kll_count(late->sketches->kll) == 3);
    assert_near(tend__hll_estimate(late->sketches->hll), 2, 1e-6);
    tend__profile_free(read_back(profile));
    tend__profile_free(profile);
    tend__plan_unref(plan);
}

/* A sketch that is not of its column's values, or no sketch at all. */
static void sketches_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const size_t fields[] = {TEND_PROFILE_FIELD_KLL, TEND_PROFILE_FIELD_HLL,
                                    TEND_PROFILE_FIELD_FREQUENT_ITEMS};
    struct tend_error err = {0};
    struct tend__plan *plan = make_plan();
    struct tend__profile *profile = make_profile(plan, TEND_SKETCHES_ALL);
    add_rows(profile, 0, 2000);
    for (size_t i = 0; i < TEND_ARRAY_LEN(fields); i++) {
        for (int64_t bit = 0; bit < 64 * 8; bit++) { /* of the first bytes that there are */
            struct tend_arrow_schema schema = {0};
            struct tend_arrow_array array = {0};
            struct tend__profile *read = NULL;
            assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
            const struct tend_arrow_array *check = array.children[TEND_PROFILE_FIELD_CHECK];
            memset((void *)(uintptr_t)check->buffers[0], 0, ((size_t)check->length + 7) / 8);
            unsigned char *bytes =
                (unsigned char *)(uintptr_t)array.children[fields[i]]->buffers[2];
            bytes[bit / 8] = (unsigned char)(bytes[bit / 8] ^ (1 << bit % 8));
            const enum tend_code code = tend__profile_from_table(&schema, &array, &read, &err);
            assert_true(code == TEND_OK || code == TEND_ECORRUPT);
            if (code == TEND_OK) {
                tend__profile_free(read);
            } else {
                assert_non_null(strstr(err.text, "the profile of column '"));
            }
            if (bit >= 8 && bit < 24) { /* serial version and family */
                assert_int_equal(code, TEND_ECORRUPT);
            }
            schema.release(&schema);
            array.release(&array);
        }
    }
    tend__profile_free(profile);
    tend__plan_unref(plan);
}

/* One new column of texts that all differ: the memory and the bytes stay what they are for few, and
 * what is said of it holds within what is stated. */
static void a_million_categories_stay_bounded(void **state)
{
    (void)state;
    static char bytes[1000][16];
    static struct tend__text texts[1000];
    struct tend_error err = {0};
    struct tend__plan *plan = make_plan();
    struct tend__profile *profile = make_profile(plan, TEND_SKETCHES_NEW_COLUMNS);
    const struct tend__field field = {"customer", TEND_TYPE_TEXT, 0, 0};
    const struct tend__column column = {.type = TEND_TYPE_TEXT, .text = texts};
    const struct tend__batch batch = {1000, 1, &field, &column};
    uint64_t asked = 0;
    tend__mem_fail_at(0);
    for (int begin = 0; begin < 1000000; begin += 1000) {
        for (int i = 0; i < 1000; i++) {
            const int len = snprintf(bytes[i], sizeof bytes[i], "c%d", begin + i);
            texts[i] = (struct tend__text){bytes[i], (size_t)len};
        }
        assert_tend_ok(tend__profile_add(profile, &batch, &err), &err);
        asked = begin == 0 ? tend__mem_asked() : asked;
    }
    assert_true(tend__mem_asked() == asked); /* not one allocation after the first batch */
    const struct tend__column_sketches *sketches = new_column(profile, "customer")->sketches;
    assert_near(tend__hll_estimate(sketches->hll) / 1e6, 1.0,
                3 * tend__hll_relative_error(sketches->hll));
    assert_true((double)tend__frequent_error(sketches->frequent) <=
                tend__frequent_epsilon(TEND_FREQUENT_LG_MAX) * 1e6);
    struct tend__profile *read = read_back(profile);
    tend__profile_free(read);
    tend__profile_free(profile);
    tend__plan_unref(plan);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__plan *plan = make_plan();
    struct tend__profile *from = make_profile(plan, TEND_SKETCHES_ALL);
    add_rows(from, 0, 200);
    bool failed = true;
    for (uint64_t nth = 1; failed; nth++) {
        struct tend__profile *into = NULL;
        struct tend_arrow_schema schema = {0};
        struct tend_arrow_array array = {0};
        struct tend__profile *read = NULL;
        tend__mem_fail_at(nth);
        enum tend_code code = tend__profile_new(plan, &into, &err);
        if (code == TEND_OK) {
            code = tend__profile_set_sketches(into, TEND_SKETCHES_ALL, &err);
        }
        if (code == TEND_OK) {
            code = tend__profile_merge(into, from, &err);
        }
        if (code == TEND_OK) {
            code = tend__profile_table(into, &schema, &array, &err);
        }
        if (code == TEND_OK) {
            code = tend__profile_from_table(&schema, &array, &read, &err);
        }
        failed = tend__mem_asked() >= nth;
        tend__mem_fail_at(0);
        /* A table that was handed out may fail to make itself ready for the next; nobody asks it.
         */
        assert_true(code == TEND_OK || (failed && code == TEND_ENOMEM));
        if (schema.release != NULL) {
            schema.release(&schema);
            array.release(&array);
        }
        tend__profile_free(read);
        tend__profile_free(into);
    }
    tend__profile_free(from);
    tend__plan_unref(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scope_says_which_columns_have_sketches),
        cmocka_unit_test(sketches_say_what_the_rows_are),
        cmocka_unit_test(sketches_go_through_a_table),
        cmocka_unit_test(merges_add_sketches_or_drop_them),
        cmocka_unit_test(a_column_that_begins_with_nulls_gets_sketches),
        cmocka_unit_test(sketches_that_do_not_fit_are_refused),
        cmocka_unit_test(a_million_categories_stay_bounded),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
