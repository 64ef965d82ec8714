/* SPDX-License-Identifier: Apache-2.0 */
/* terminal_test.c: words of a command line, numbers and tables as people read them, ids, intervals
 * over windows. */
#include "unit.h"

#include "base/civil.h"
#include "base/rng.h"
#include "cli/args.h"
#include "profile/id_table.h"
#include "report/render.h"
#include "cli/window_sums.h"

#include <math.h>
#include <string.h>

/* ---- words ---- */

static void options_are_read_in_all_their_forms(void **state)
{
    (void)state;
    struct tend__args args = {0};
    struct tend_error err = {0};
    char line[] = "tend check --fdr=0.1 a -c x.yaml --bins 16 b --memory=1.5GB -q";
    char *argv[16] = {0};
    int argc = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    assert_tend_ok(tend__args_parse(argc, argv, &args, &err), &err);
    assert_string_equal(args.command->name, "check");
    assert_int_equal(args.operand_count, 2);
    assert_string_equal(args.operands[1], "b");
    assert_near(tend__args_number(&args, TEND_OPTION_FDR, 0), 0.1, 0);
    assert_string_equal(tend__args_text(&args, TEND_OPTION_CONFIG, ""), "x.yaml");
    assert_int_equal(tend__args_count(&args, TEND_OPTION_BINS, 0), 16);
    assert_int_equal(tend__args_bytes(&args, TEND_OPTION_MEMORY, 0), 1500000000);
    assert_true(tend__args_has(&args, TEND_OPTION_QUIET));
    assert_false(tend__args_has(&args, TEND_OPTION_JSON));
    tend__args_deinit(&args);
}

static void every_command_is_complete(void **state)
{
    (void)state;
    size_t count = 0;
    const struct tend__command *commands = tend__commands(&count);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(tend__command_find(commands[i].name), &commands[i]);
        assert_non_null(commands[i].run);
        assert_true(strlen(commands[i].summary) > 5);
        const size_t options = tend__command_option_count(&commands[i]);
        for (size_t j = 0; j < options; j++) {
            const struct tend__option *option = tend__option_by_id(commands[i].options[j]);
            assert_int_equal(option->id, commands[i].options[j]);
            assert_non_null(option->help);
            assert_int_equal(option->value == TEND_ARG_NONE, option->value_name == NULL);
        }
    }
}

/* ---- numbers ---- */

static void numbers_show_four_digits_and_thousands(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1"},
        {-1, "-1"},
        {0.5, "0.5"},
        {3.14159, "3.142"},
        {999.94, "999.9"},
        {1000, "1,000"},
        {1234567, "1,234,567"},
        {-1234567.4, "-1,234,567"},
        {0.012345, "0.0123"},
        {1e-9, "1.00e-09"},
        {1e20, "1.00e+20"},
    };
    char text[TEND_NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < TEND_ARRAY_LEN(cases); i++) {
        assert_string_equal(tend__show_number(cases[i].number, text), cases[i].text);
    }
    assert_string_equal(tend__show_number((double)NAN, text), "-");
    assert_string_equal(tend__show_money(-0.001, text), "+0");
    assert_string_equal(tend__show_money(-1234.5, text), "-1,234");
    assert_string_equal(tend__show_money(12.345, text), "+12.35");
    assert_string_equal(tend__show_share(0.1234, text), "12.3%");
    assert_string_equal(tend__show_share(0.0001, text), "<0.1%");
    assert_string_equal(tend__show_p_value(0, text), "<1e-12");
    assert_string_equal(tend__show_time(tend__civil_days(2001, 4, 9) * TEND_US_PER_DAY, text),
                        "2001-04-09");
    assert_string_equal(tend__show_time(TEND_US_PER_HOUR, text), "1970-01-01 01:00");
}

/* ---- tables ---- */

static void a_table_aligns_by_display_width_and_drops_control_characters(void **state)
{
    (void)state;
    struct tend__table table;
    struct tend__buf out;
    tend__table_init(&table);
    tend__buf_init(&out, 4096);
    tend__table_add_column(&table, "name", false);
    tend__table_add_column(&table, "n", true);
    tend__table_cell(&table, TEND_TINT_BAD, "%s", "\u6771\u4eac");
    tend__table_cell(&table, TEND_TINT_PLAIN, "1");
    tend__table_cell(&table, TEND_TINT_PLAIN, "%s", "a\033[31m");
    tend__table_cell(&table, TEND_TINT_PLAIN, "100");
    tend__table_print(&table, &out, 1, 0, false);
    assert_string_equal(tend__buf_str(&out), " name      n\n \u6771\u4eac      1\n a?[31m  100\n");
    tend__buf_reset(&out);
    tend__table_print(&table, &out, 0, 0, true);
    assert_non_null(strstr(tend__buf_str(&out), "\033[1;31m\u6771\u4eac"));
    tend__table_deinit(&table);
    tend__buf_deinit(&out);
}

static void a_table_is_cut_to_the_terminal(void **state)
{
    (void)state;
    struct tend__table table;
    struct tend__buf out;
    tend__table_init(&table);
    tend__buf_init(&out, 4096);
    tend__table_add_column(&table, "text", false);
    tend__table_add_column(&table, "n", true);
    tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                     "a text that is far too long for this terminal to show");
    tend__table_cell(&table, TEND_TINT_PLAIN, "1");
    tend__table_print(&table, &out, 0, 24, false);
    assert_string_equal(tend__buf_str(&out),
                        "text                   n\na text that is far t\u2026  1\n");
    tend__table_deinit(&table);
    tend__buf_deinit(&out);
}

static void a_sparkline_has_one_sign_a_value(void **state)
{
    (void)state;
    struct tend__buf out;
    const double values[] = {0, 1, (double)NAN, 4, 8};
    tend__buf_init(&out, 256);
    tend__sparkline(&out, values, 5, true);
    assert_string_equal(tend__buf_str(&out), "\u2581\u2581 \u2584\u2588");
    tend__buf_reset(&out);
    tend__sparkline(&out, values, 5, false);
    assert_string_equal(tend__buf_str(&out), "__ :#");
    tend__buf_deinit(&out);
}

/* ---- ids ---- */

static void ids_are_found_again_and_types_do_not_mix(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static double numbers[COUNT];
    struct tend__id_table table = {0};
    struct tend__id_slot *slot = NULL;
    struct tend_error err = {0};
    bool is_new = false;
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = i % (COUNT / 2);
    }
    const struct tend__column column = {.type = TEND_TYPE_NUMBER, .f64 = numbers};
    for (size_t i = 0; i < COUNT; i++) {
        assert_tend_ok(tend__id_table_put(&table, &column, i, &slot, &is_new, &err), &err);
        assert_int_equal(is_new, i < COUNT / 2);
        slot->number = numbers[i] * 2;
    }
    assert_int_equal(table.count, COUNT / 2);
    for (size_t i = 0; i < COUNT; i++) {
        assert_near(tend__id_table_find(&table, &column, i)->number, numbers[i] * 2, 0);
    }
    const struct tend__text text = {"7", 1};
    const struct tend__column texts = {.type = TEND_TYPE_TEXT, .text = &text};
    assert_null(tend__id_table_find(&table, &texts, 0));
    const double minus_zero = -0.0;
    const struct tend__column zeros = {.type = TEND_TYPE_NUMBER, .f64 = &minus_zero};
    assert_non_null(tend__id_table_find(&table, &zeros, 0));
    tend__id_table_deinit(&table);
}

/* Whole numbers of 64 bits that round to one double are different ids. */
static void ids_of_64_bits_are_whole(void **state)
{
    (void)state;
    const int64_t ids[] = {INT64_C(9007199254740992), INT64_C(9007199254740993),
                           INT64_C(9007199254740993)};
    double near[3];
    double rest[3];
    struct tend__id_table table = {0};
    struct tend__id_slot *slot = NULL;
    struct tend_error err = {0};
    bool is_new = false;
    assert_true(tend__split_signed(ids, 3, near, rest));
    const struct tend__column column = {.type = TEND_TYPE_NUMBER, .f64 = near, .rest = rest};
    for (size_t i = 0; i < 3; i++) {
        assert_tend_ok(tend__id_table_put(&table, &column, i, &slot, &is_new, &err), &err);
        assert_int_equal(is_new, i < 2);
    }
    assert_int_equal(table.count, 2);
    const uint8_t none[] = {0};
    const struct tend__column nulls = {.type = TEND_TYPE_NUMBER, .f64 = near, .valid = none};
    assert_int_equal(tend__id_table_put(&table, &nulls, 0, &slot, &is_new, &err), TEND_EINVAL);
    tend__id_table_deinit(&table);
}

/* ---- windows ---- */

static void windows_in_any_order_give_the_same_mean(void **state)
{
    (void)state;
    struct tend__window_sums a = {0};
    struct tend__window_sums b = {0};
    struct tend_error err = {0};
    double mean[2];
    double low[2];
    double high[2];
    for (int64_t i = 0; i < 300; i++) {
        assert_tend_ok(tend__window_sums_add(&a, i / 10, (double)(i % 7), &err), &err);
        const int64_t back = 299 - i;
        assert_tend_ok(tend__window_sums_add(&b, back / 10, (double)(back % 7), &err), &err);
    }
    assert_int_equal(a.count, 30);
    tend__window_sums_mean(&a, 0.9, &mean[0], &low[0], &high[0]);
    tend__window_sums_mean(&b, 0.9, &mean[1], &low[1], &high[1]);
    assert_near(mean[0], mean[1], 1e-12);
    assert_near(low[0], low[1], 1e-12);
    assert_true(low[0] < mean[0] && mean[0] < high[0]);
    tend__window_sums_deinit(&a);
    tend__window_sums_deinit(&b);
}

/* Rows of a window share its level, so an interval over rows would be far too narrow; that over
 * windows must cover the true mean in 90 % of worlds. 400 worlds: 2.576 standard errors of a
 * binomial are 3.9 points. */
static void the_interval_covers_where_rows_of_a_window_go_together(void **state)
{
    (void)state;
    struct tend__rng rng;
    struct tend_error err = {0};
    int covered = 0;
    tend__rng_init(&rng, 11);
    for (int world = 0; world < 400; world++) {
        struct tend__window_sums sums = {0};
        double mean = 0;
        double low = 0;
        double high = 0;
        for (int64_t w = 0; w < 28; w++) {
            const double level = tend__rng_normal(&rng);
            for (int i = 0; i < 50; i++) {
                assert_tend_ok(
                    tend__window_sums_add(&sums, w, level + tend__rng_normal(&rng), &err), &err);
            }
        }
        tend__window_sums_mean(&sums, 0.9, &mean, &low, &high);
        covered += low <= 0 && high >= 0 ? 1 : 0;
        tend__window_sums_deinit(&sums);
    }
    assert_in_range(covered, 344, 376);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_in_all_their_forms),
        cmocka_unit_test(every_command_is_complete),
        cmocka_unit_test(numbers_show_four_digits_and_thousands),
        cmocka_unit_test(a_table_aligns_by_display_width_and_drops_control_characters),
        cmocka_unit_test(a_table_is_cut_to_the_terminal),
        cmocka_unit_test(a_sparkline_has_one_sign_a_value),
        cmocka_unit_test(ids_are_found_again_and_types_do_not_mix),
        cmocka_unit_test(ids_of_64_bits_are_whole),
        cmocka_unit_test(windows_in_any_order_give_the_same_mean),
        cmocka_unit_test(the_interval_covers_where_rows_of_a_window_go_together),
    };
    return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
