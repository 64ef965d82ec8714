/* SPDX-License-Identifier: Apache-2.0 */
/* lake_read_test.c: rows come out as they went in, whatever the file's type. */
#include "unit.h"

#include "fixture.h"
#include "lake/lake.h"

#include <math.h>

static struct tend__lake *lake;
static struct fixture fixture;

static int set_up(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    (void)state;
    fixture_init(&fixture);
    return tend__lake_new(NULL, &lake, &err) == TEND_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tend__lake_free(lake);
    fixture_deinit(&fixture);
    return 0;
}

static void a_csv_file_comes_out_as_it_was_written(void **state)
{
    struct tend_error err = {.code = TEND_OK};
    struct tend__lake_reader *reader = NULL;
    const struct tend__field *fields = NULL;
    size_t field_count = 0;
    (void)state;
    const char *path = fixture_csv(&fixture, "rows.csv", 5000);
    assert_tend_ok(tend__lake_open(lake, path, NULL, &reader, &err), &err);
    tend__lake_fields(reader, &fields, &field_count);
    assert_int_equal(field_count, 4);
    assert_string_equal(fields[0].name, "t");
    assert_int_equal(fields[0].type, TEND_TYPE_TIME);
    assert_int_equal(fields[1].type, TEND_TYPE_NUMBER);
    assert_int_equal(fields[2].type, TEND_TYPE_NUMBER);
    assert_int_equal(fields[3].type, TEND_TYPE_TEXT);
    size_t row = 0;
    for (;;) {
        const struct tend__batch *batch = NULL;
        assert_tend_ok(tend__lake_next(reader, &batch, &err), &err);
        if (batch == NULL) {
            break;
        }
        for (size_t i = 0; i < batch->row_count; i++, row++) {
            assert_int_equal(batch->columns[0].time_us[i],
                             (INT64_C(978307200) + (int64_t)row) * 1000000);
            assert_true(batch->columns[1].f64[i] == (double)row);
            assert_int_equal(tend__is_valid(&batch->columns[2], i), row % 10 != 0);
            if (row % 10 != 0) {
                assert_true(batch->columns[2].f64[i] == (double)row / 2);
            }
            if (row % 5 == 4) {
                assert_int_equal(batch->columns[3].text[i].len, 37);
            } else if (row % 5 == 0) {
                assert_memory_equal(batch->columns[3].text[i].ptr, "Oslo", 4);
            }
        }
    }
    assert_int_equal(row, 5000);
    tend__lake_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_csv_file_comes_out_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
