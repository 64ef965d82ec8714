/* SPDX-License-Identifier: Apache-2.0 */
/* contract_test.c: each kind of condition against ten rows whose answer can be counted by hand;
 * keys exact and sampled; every failed allocation. */
#include "unit.h"

#include "base/civil.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cli/config.h"
#include "judge/contract.h"
#include "judge/contract_infer.h"
#include "judge/key_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 10
#define DAY TEND_US_PER_DAY

static const struct tend__field fields[] = {
    {.name = "id", .type = TEND_TYPE_NUMBER},    {.name = "amount", .type = TEND_TYPE_NUMBER},
    {.name = "code", .type = TEND_TYPE_TEXT},    {.name = "city", .type = TEND_TYPE_TEXT},
    {.name = "date", .type = TEND_TYPE_TIME},    {.name = "late", .type = TEND_TYPE_BOOL},
    {.name = "a \"b\"", .type = TEND_TYPE_TEXT},
};

#define COLUMNS (sizeof(fields) / sizeof(fields[0]))
#define T(text)                                                                                    \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static const double ids[ROWS] = {1, 2, 3, 4, 5, 6, 7, 8, 3, -0.0};
static double amounts[ROWS] = {10, 20.5, -3, 40, 0, 60, 70, 80, 90, 100};
static const uint8_t amount_valid[ROWS] = {1, 1, 1, 1, 0, 1, 1, 1, 1, 1};
static const struct tend__text codes[ROWS] = {T("SFO"), T("LAX"), T("JFK"), T("SFO"), T("lax"),
                                              T("OAK"), T("SFO"), T("LAX"), T("JFK"), T("SFO")};
static const struct tend__text cities[ROWS] = {
    T("San Francisco"), T("Los Angeles"), T("New York"),    T("San Francisco"), T("Los Angeles"),
    T("Oakland"),       T("San José"),    T("Los Angeles"), T("New York"),      T("San Francisco")};
static const int64_t dates[ROWS] = {DAY,     2 * DAY, 3 * DAY, 4 * DAY, 5 * DAY,
                                    6 * DAY, 7 * DAY, 8 * DAY, 9 * DAY, -DAY};
static const uint8_t lates[ROWS] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
static const struct tend__text words[ROWS] = {T("1"), T("2"),   T("x"), T("4"),   T("5.5"),
                                              T("6"), T("1e2"), T("8"), T("n/a"), T("9")};

static void bind(struct tend__column columns[COLUMNS], struct tend__batch *batch, size_t start,
                 size_t count)
{
    columns[0] = (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = ids + start};
    columns[1] = (struct tend__column){
        .type = TEND_TYPE_NUMBER, .f64 = amounts + start, .valid = amount_valid + start};
    columns[2] = (struct tend__column){.type = TEND_TYPE_TEXT, .text = codes + start};
    columns[3] = (struct tend__column){.type = TEND_TYPE_TEXT, .text = cities + start};
    columns[4] = (struct tend__column){.type = TEND_TYPE_TIME, .time_us = dates + start};
    columns[5] = (struct tend__column){.type = TEND_TYPE_BOOL, .bools = lates + start};
    columns[6] = (struct tend__column){.type = TEND_TYPE_TEXT, .text = words + start};
    *batch = (struct tend__batch){
        .row_count = count, .column_count = COLUMNS, .fields = fields, .columns = columns};
}

struct judged {
    struct tend__config *config;
    struct tend__contract_run *run;
    struct tend__contract_outcome outcome;
};

static enum tend_code try_judge(const char *contract, struct judged *out, struct tend_error *err)
{
    char yaml[4096];
    struct tend__column columns[COLUMNS];
    struct tend__batch batch;
    const struct tend__contract_options options = {.time_column = "date"};
    (void)snprintf(yaml, sizeof(yaml), "model: m\ncontract:\n%s\n", contract);
    enum tend_code code = tend__config_parse(yaml, strlen(yaml), "t.yaml", &out->config, err);
    if (code == TEND_OK) {
        code = tend__contract_run_new(&out->config->contract, fields, COLUMNS, &options, &out->run,
                                      err);
    }
    for (size_t start = 0; code == TEND_OK && start < ROWS; start += 4) {
        bind(columns, &batch, start, start + 4 <= ROWS ? 4 : ROWS - start);
        code = tend__contract_add(out->run, &batch, err);
    }
    if (code == TEND_OK) {
        tend__contract_finish(out->run, &out->outcome);
    }
    return code;
}

static void let_go(struct judged *judged)
{
    tend__contract_run_free(judged->run);
    tend__config_free(judged->config);
    *judged = (struct judged){0};
}

/* Judges and returns the first violation, or NULL. */
static const struct tend__contract_result *judge(const char *contract, struct judged *out)
{
    struct tend_error err = {0};
    *out = (struct judged){0};
    assert_tend_ok(try_judge(contract, out, &err), &err);
    for (size_t i = 0; i < out->outcome.count; i++) {
        if (out->outcome.results[i].is_violated) {
            return &out->outcome.results[i];
        }
    }
    return NULL;
}

static void each_condition_counts_its_rows(void **state)
{
    (void)state;
    static const struct {
        const char *contract;
        enum tend__contract_kind kind;
        double row_count;
        double asked_count;
        const char *example;
        uint64_t row;
    } cases[] = {
        {"  columns: {amount: {nulls: 0%}}", TEND_CONTRACT_NULLS, 1, 10, "null", 5},
        {"  columns: {amount: {min: 0}}", TEND_CONTRACT_RANGE, 1, 9, "-3", 3},
        {"  columns: {amount: {max: 75}}", TEND_CONTRACT_RANGE, 3, 9, "80", 8},
        {"  columns: {amount: {whole: true}}", TEND_CONTRACT_NOT_WHOLE, 1, 9, "20.5", 2},
        {"  columns: {id: {values: [0, 1, 2, 3, 4, 5, 6]}}", TEND_CONTRACT_VALUES, 2, 10, "7", 7},
        {"  columns: {code: {values: [SFO, LAX, JFK], other: 10%}}", TEND_CONTRACT_VALUES, 2, 10,
         "lax", 5},
        {"  columns: {code: {like: '_F_'}}", TEND_CONTRACT_PATTERN, 4, 10, "LAX", 2},
        {"  columns: {city: {length: {min: 8}}}", TEND_CONTRACT_LENGTH, 1, 10, "Oakland", 6},
        {"  columns: {city: {length: {max: 8}}}", TEND_CONTRACT_LENGTH, 6, 10, "San Francisco", 1},
        {"  columns: {id: {unique: true}}", TEND_CONTRACT_UNIQUE, 1, 10, "3", 9},
        {"  columns: {date: {min: 1970-01-01}}", TEND_CONTRACT_RANGE, 1, 10, "1969-12-31T00:00:00Z",
         10},
        {"  keys: [[code, late]]", TEND_CONTRACT_UNIQUE, 4, 10, "code SFO, late false", 7},
        {"  dependencies: [{column: city, on: code}]", TEND_CONTRACT_DEPENDENCY, 1, 10,
         "SFO: city San José", 7},
        {"  rules: [{name: r, expr: amount > 0}]", TEND_CONTRACT_RULE, 1, 10, "amount -3", 3},
        {"  rules: [{name: r, expr: 1 / id > 0}]", TEND_CONTRACT_RULE, 1, 10, "id 0", 10},
        {"  columns: {late: {type: number}}", TEND_CONTRACT_TYPE, 10, 10, NULL, 0},
        {"  columns: {'a \"b\"': {type: number}}", TEND_CONTRACT_TYPE, 2, 10, "x", 3},
        {"  columns: {nope: {}}", TEND_CONTRACT_MISSING_COLUMN, 10, 10, NULL, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct judged judged;
        const struct tend__contract_result *found = judge(cases[i].contract, &judged);
        if (found == NULL || found->kind != cases[i].kind ||
            (cases[i].example != NULL &&
             (found->example_count == 0 ||
              strcmp(found->examples[0].value, cases[i].example) != 0))) {
            fail_msg("%s: kind %d, example '%s'", cases[i].contract,
                     found == NULL ? -1 : (int)found->kind,
                     found == NULL || found->example_count == 0 ? "" : found->examples[0].value);
            return;
        }
        assert_near(found->row_count, cases[i].row_count, 0);
        assert_near(found->asked_count, cases[i].asked_count, 0);
        if (cases[i].example != NULL) {
            assert_int_equal(found->examples[0].row, cases[i].row);
        }
        let_go(&judged);
    }
}

static void what_holds_is_no_violation(void **state)
{
    (void)state;
    static const char *const contracts[] = {
        "  columns: {amount: {nulls: 10%, min: -3, max: 100}}",
        "  columns: {amount: {min: 0, max_failures: 12%}}", /* 1 of 9 is 11.1 % */
        "  max_failures: 12%\n  columns: {amount: {min: 0}}",
        "  columns: {code: {values: [SFO, LAX, JFK], other: 20%}}",
        "  columns: {id: {unique: true, max_failures: 10%}}",
        "  columns: {code: {distinct: 5}, late: {type: bool}}",
        "  columns: {nope: {optional: true, nulls: 0%}}",
        "  columns: {city: {like: '%an%', max_failures: 50%, length: {min: 7, max: 13}}}",
        "  keys: [[code, late, date]]",
        "  rules: [{name: r, expr: amount > 5, max_failures: 20%}]",
        "  rules: [{name: r, expr: amount is null or amount < 101}]",
        "  rules: [{name: r, avg: late, min: 0.5, max: 0.5}, {name: s, value: max(id), max: 8}]",
        "  rows: {min: 10, max: 10}",
        "  rows: 10",
    };
    for (size_t i = 0; i < sizeof(contracts) / sizeof(contracts[0]); i++) {
        struct judged judged;
        const struct tend__contract_result *found = judge(contracts[i], &judged);
        if (found != NULL) {
            fail_msg("%s: %s %g of %g", contracts[i], tend__contract_kind_text(found->kind),
                     found->row_count, found->asked_count);
        }
        assert_true(judged.outcome.count > 0 || i == 6);
        let_go(&judged);
    }
}

static void what_cannot_be_judged_is_violated_and_says_why(void **state)
{
    (void)state;
    struct judged judged;
    const struct tend__contract_result *found =
        judge("  rules: [{name: r, expr: amuont > 0}]", &judged);
    assert_non_null(found);
    assert_non_null(strstr(found->why, "unknown column 'amuont' (did you mean 'amount'?)"));
    let_go(&judged);
    found = judge("  rules: [{name: r, expr: code > 0}]", &judged);
    assert_non_null(found);
    assert_true(found->why[0] != '\0');
    let_go(&judged);
    found = judge("  rules: [{name: r, expr: amount + 1}]", &judged);
    assert_non_null(found);
    assert_true(found->why[0] != '\0');
    let_go(&judged);
    found = judge("  keys: [[code, nope]]", &judged);
    assert_non_null(found);
    assert_string_equal(found->why, "no column 'nope'");
    let_go(&judged);
    found = judge("  references: [{columns: code, data: x.csv}]", &judged);
    assert_non_null(found);
    assert_string_equal(found->why, "x.csv was not read or has no rows");
    let_go(&judged);
}

static void an_aggregate_out_of_bounds_and_a_count_of_rows_are_told(void **state)
{
    (void)state;
    struct judged judged;
    const struct tend__contract_result *found =
        judge("  rules: [{name: big, sum: amount, max: 400}]", &judged);
    assert_non_null(found);
    assert_int_equal(found->kind, TEND_CONTRACT_AGGREGATE);
    assert_near(found->value, 467.5, 1e-12);
    let_go(&judged);
    found = judge("  rows: {min: 11}", &judged);
    assert_non_null(found);
    assert_near(found->value, 10, 0);
    let_go(&judged);
    found = judge("  columns: {code: {distinct: {max: 4}}}", &judged);
    assert_non_null(found);
    assert_near(found->value, 5, 0);
    let_go(&judged);
    found = judge("  extra_columns: forbidden\n  columns: {id: , amount: , code: , city: , date: , "
                  "late: }",
                  &judged);
    assert_non_null(found);
    assert_string_equal(found->subject, "a \"b\"");
    let_go(&judged);
}

static void violations_have_the_time_of_their_first_and_last_row(void **state)
{
    (void)state;
    struct judged judged;
    const struct tend__contract_result *found = judge("  columns: {amount: {max: 75}}", &judged);
    assert_true(found->has_since);
    assert_int_equal(found->since_us, -DAY);
    assert_int_equal(found->until_us, 9 * DAY);
    let_go(&judged);
}

static void nan_and_infinity_are_told_apart_from_the_range(void **state)
{
    (void)state;
    struct judged judged;
    amounts[0] = (double)NAN;
    amounts[1] = (double)INFINITY;
    const struct tend__contract_result *found =
        judge("  columns: {amount: {min: -5, max: 100}}", &judged);
    assert_int_equal(found->kind, TEND_CONTRACT_NOT_FINITE);
    assert_near(found->row_count, 2, 0);
    let_go(&judged);
    assert_null(judge("  columns: {amount: {min: -5, max: 100, nan: 25%}}", &judged));
    let_go(&judged);
    amounts[0] = 10;
    amounts[1] = 20.5;
}

static void a_reference_is_the_values_of_another_data_set(void **state)
{
    (void)state;
    static const struct tend__field other_fields[] = {{.name = "iata", .type = TEND_TYPE_TEXT}};
    static const struct tend__text known[] = {T("SFO"), T("LAX"), T("JFK")};
    const struct tend__column other = {.type = TEND_TYPE_TEXT, .text = known};
    const struct tend__batch airports = {
        .row_count = 3, .column_count = 1, .fields = other_fields, .columns = &other};
    static const char yaml[] =
        "model: m\ncontract: {references: [{columns: code, data: x.csv, to: iata}]}\n";
    struct tend_error err = {0};
    struct judged judged = {0};
    struct tend__column columns[COLUMNS];
    struct tend__batch batch;
    assert_tend_ok(tend__config_parse(yaml, strlen(yaml), "t.yaml", &judged.config, &err), &err);
    assert_tend_ok(
        tend__contract_run_new(&judged.config->contract, fields, COLUMNS, NULL, &judged.run, &err),
        &err);
    assert_tend_ok(tend__contract_refer(judged.run, 0, &airports, &err), &err);
    bind(columns, &batch, 0, ROWS);
    assert_int_equal(tend__contract_refer(judged.run, 0, &batch, &err), TEND_ENOTFOUND);
    assert_tend_ok(tend__contract_add(judged.run, &batch, &err), &err);
    tend__contract_finish(judged.run, &judged.outcome);
    assert_int_equal(judged.outcome.count, 1);
    assert_true(judged.outcome.results[0].is_violated);
    assert_near(judged.outcome.results[0].row_count, 2, 0);
    assert_string_equal(judged.outcome.results[0].examples[1].value, "OAK");
    let_go(&judged);
}

/* Oracle: keys drawn with known repeats. Exact below the limit; beyond it the sample's estimate is
 * within five standard errors of a binomial sample of the keys. */
static void keys_are_exact_up_to_the_limit_and_sampled_beyond_it(void **state)
{
    (void)state;
    const size_t key_count = 20000;
    for (size_t round = 0; round < 2; round++) {
        struct tend_error err = {0};
        struct tend__key_set set;
        const size_t slots = round == 0 ? 32768 : 1024;
        tend__key_set_init(&set, slots * sizeof(struct tend__key_slot));
        for (size_t i = 0; i < key_count + key_count / 4; i++) {
            const double x = (double)(i % key_count);
            const struct tend__column column = {.type = TEND_TYPE_NUMBER, .f64 = &x};
            const size_t idx = 0;
            struct tend__key key;
            uint64_t tag = i;
            enum tend__key_state found = TEND_KEY_NEW;
            assert_true(tend__key_of(&column, &idx, 1, 0, &key));
            assert_tend_ok(tend__key_set_put(&set, &key, &tag, &found, &err), &err);
            assert_true(set.cap <= slots);
            if (round == 0) {
                assert_int_equal(found, i < key_count ? TEND_KEY_NEW : TEND_KEY_REPEATED);
                assert_int_equal(tag, i % key_count);
            }
        }
        const double rate = ldexp(1, -(int)set.level);
        const double error = sqrt((1 - rate) / rate);
        assert_int_equal(round == 0, set.level == 0);
        assert_near(tend__key_set_distinct(&set), 20000, 5 * error * sqrt(20000.0));
        assert_near(tend__key_set_repeated(&set), 5000, 5 * error * sqrt(5000.0));
        tend__key_set_deinit(&set);
    }
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    static const char contract[] =
        "  columns: {id: {unique: true, distinct: {max: 20}}, code: {values: [SFO, LAX], other: 1, "
        "like: '%'}, 'a \"b\"': {type: number}}\n"
        "  keys: [[code, late]]\n"
        "  dependencies: [{column: city, on: [code, late]}]\n"
        "  references: [{columns: [code], data: x.csv, to: [iata]}]\n"
        "  rules: [{name: r, expr: amount > 0}, {name: s, avg: amount, max: 9}]";
    struct judged judged = {0};
    struct tend_error err = {0};
    enum tend_code code = TEND_ENOMEM;
    for (uint64_t nth = 1; code == TEND_ENOMEM; nth++) {
        tend__mem_fail_at(nth);
        code = try_judge(contract, &judged, &err);
        tend__mem_fail_at(0);
        let_go(&judged);
        assert_true(nth < 2000);
    }
    assert_tend_ok(code, &err);
}

/* Guesses a contract from the ten rows, taken a hundred times over. */
static enum tend_code try_guess(struct tend__contract *out, struct tend_error *err)
{
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__profile *profile = NULL;
    struct tend__infer *infer = NULL;
    struct tend__column columns[COLUMNS];
    struct tend__batch batch;
    enum tend_code code = TEND_OK;
    bind(columns, &batch, 0, ROWS);
    TEND_TRY_OUT(tend__infer_new(&infer, err));
    TEND_TRY_OUT(tend__plan_builder_new(fields, COLUMNS, NULL, &builder, err));
    TEND_TRY_OUT(tend__plan_builder_add(builder, &batch, err));
    TEND_TRY_OUT(tend__plan_builder_finish(builder, &plan, err));
    TEND_TRY_OUT(tend__profile_new(plan, &profile, err));
    for (size_t i = 0; i < 100; i++) {
        TEND_TRY_OUT(tend__infer_add(infer, &batch, err));
        TEND_TRY_OUT(tend__profile_add(profile, &batch, err));
    }
    TEND_TRY_OUT(tend__infer_contract(infer, profile, out, err));
out:
    tend__infer_free(infer);
    tend__profile_free(profile);
    tend__plan_unref(plan);
    tend__plan_builder_free(builder);
    return code;
}

static void a_guess_survives_every_failed_allocation(void **state)
{
    (void)state;
    struct tend__contract contract;
    struct tend_error err = {0};
    enum tend_code code = TEND_ENOMEM;
    for (uint64_t nth = 1; code == TEND_ENOMEM; nth++) {
        tend__contract_init(&contract);
        tend__mem_fail_at(nth);
        code = try_guess(&contract, &err);
        tend__mem_fail_at(0);
        if (code != TEND_OK) {
            tend__contract_deinit(&contract);
        }
        assert_true(nth < 5000);
    }
    assert_tend_ok(code, &err);
    assert_int_equal(contract.column_count, COLUMNS);
    assert_near(contract.columns[0].high, 8, 0);  /* 0..8 but 0 stands for -0: no gap */
    assert_near(contract.columns[1].low, -55, 0); /* -3 to 100, half of the range beside it */
    assert_near(contract.columns[1].high, 160, 0);
    assert_near(contract.columns[1].null_max, 0.5,
                0); /* twice a tenth and 3 in 1,000, rounded up */
    assert_int_equal(contract.columns[2].value_count, 5);
    tend__contract_deinit(&contract);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_condition_counts_its_rows),
        cmocka_unit_test(what_holds_is_no_violation),
        cmocka_unit_test(what_cannot_be_judged_is_violated_and_says_why),
        cmocka_unit_test(an_aggregate_out_of_bounds_and_a_count_of_rows_are_told),
        cmocka_unit_test(violations_have_the_time_of_their_first_and_last_row),
        cmocka_unit_test(nan_and_infinity_are_told_apart_from_the_range),
        cmocka_unit_test(a_reference_is_the_values_of_another_data_set),
        cmocka_unit_test(keys_are_exact_up_to_the_limit_and_sampled_beyond_it),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(a_guess_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
