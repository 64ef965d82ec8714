/* SPDX-License-Identifier: Apache-2.0 */
/* config_test.c: tend.yaml as a struct: defaults, positions, hash, and every failed allocation. */
#include "unit.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "cli/config.h"
#include "cli/config_keys.h"

#include <math.h>
#include <string.h>

static const char sample[] =
    "model: delays\n"
    "data:\n"
    "  id: id\n"
    "  time: date\n"
    "  features: {distance: number, origin: category}\n"
    "  score: p_late\n"
    "  decision: p_late > 0.2\n"
    "label: {column: late, known_after: 1d, absent_means: 0}\n"
    "value:\n"
    "  unit: EUR\n"
    "  per_row: case when decision and late\n"
    "    then 30 else 0 end\n"
    "guardrails: [{name: rate, avg: decision, max: 0.5}, {name: big, value: max(distance), "
    "min: 1}]\n"
    "segments: [origin, \"distance > 1000\"]\n"
    "windows: {every: 12h, season: 7d}\n"
    "alarms: {false_alarms: 2 per month, floor: -1.5}\n"
    "retrain: {when: {every: 28d}, cost: 2000}\n"
    "promote: {by: proof, fall_back_at: 2 costs}\n"
    "notify: [{webhook: \"https://example.org\"}]\n";

static void the_sample_is_read_whole(void **state)
{
    (void)state;
    struct tend__config *config = NULL;
    struct tend_error err = {0};
    assert_tend_ok(tend__config_parse(sample, strlen(sample), "t.yaml", &config, &err), &err);
    assert_string_equal(config->model, "delays");
    assert_int_equal(config->feature_count, 2);
    assert_string_equal(config->features[1].name, "origin");
    assert_true(config->features[1].is_category);
    assert_false(config->features[0].is_category);
    assert_int_equal(config->label.known_after_us, TEND_US_PER_DAY);
    assert_true(config->label.absent_known);
    assert_int_equal(config->window_us, TEND_US_PER_DAY / 2);
    assert_near(config->false_alarms_per_year, 24, 0);
    assert_true(config->has_floor);
    assert_near(config->floor, -1.5, 0);
    assert_int_equal(config->retrain.when, TEND_RETRAIN_EVERY);
    assert_int_equal(config->retrain.every_us, 28 * TEND_US_PER_DAY);
    assert_int_equal(config->promote.by, TEND_PROMOTE_PROOF);
    assert_near(config->promote.fall_back_costs, 2, 0);
    assert_int_equal(config->guardrail_count, 2);
    assert_true(isinf(config->guardrails[0].low));
    assert_near(config->guardrails[0].high, 0.5, 0);
    assert_int_equal(config->notify[0].kind, TEND_NOTIFY_WEBHOOK);
    tend__config_free(config);
}

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    struct tend__config *config = NULL;
    struct tend_error err = {0};
    assert_tend_ok(tend__config_parse("model: m\n", 9, "t.yaml", &config, &err), &err);
    assert_null(config->id);
    assert_null(config->value.per_row.text);
    assert_string_equal(config->value.unit, "points");
    assert_string_equal(config->label.observed.text, "true");
    assert_int_equal(config->window_us, TEND_US_PER_DAY);
    assert_int_equal(config->season_us, 7 * TEND_US_PER_DAY);
    assert_near(config->false_alarms_per_year, 1, 0);
    assert_near(config->promote.fall_back_costs, 3, 0);
    assert_int_equal(config->serve.timeout_us, 50000);
    assert_int_equal(config->retrain.when, TEND_RETRAIN_GAIN);
    tend__config_free(config);
}

static void a_guardrail_reads_as_an_aggregate(void **state)
{
    (void)state;
    struct tend__config *config = NULL;
    struct tend_error err = {0};
    struct tend__buf text;
    assert_tend_ok(tend__config_parse(sample, strlen(sample), "t.yaml", &config, &err), &err);
    tend__buf_init(&text, 256);
    tend__config_guardrail_text(&config->guardrails[0], &text);
    assert_string_equal(tend__buf_str(&text), "avg(decision)");
    tend__buf_reset(&text);
    tend__config_guardrail_text(&config->guardrails[1], &text);
    assert_string_equal(tend__buf_str(&text), "max(distance)");
    tend__buf_deinit(&text);
    tend__config_free(config);
}

static void an_expression_knows_where_it_stands(void **state)
{
    (void)state;
    struct tend__config *config = NULL;
    struct tend_error err = {0};
    assert_tend_ok(tend__config_parse(sample, strlen(sample), "t.yaml", &config, &err), &err);
    tend__error_set_at(&err, TEND_ENOTFOUND, 1, 10, "unknown column");
    tend__config_locate(config, &config->decision, "data.decision", &err);
    assert_string_equal(err.text, "t.yaml:7:22: data.decision: unknown column");
    /* Quoted: the text begins after the quote. */
    tend__error_set_at(&err, TEND_ENOTFOUND, 1, 1, "unknown column");
    tend__config_locate(config, &config->segments[1], "segments", &err);
    assert_string_equal(err.text, "t.yaml:14:21: segments: unknown column");
    /* Over two lines a column is no column of the file. */
    tend__error_set_at(&err, TEND_ENOTFOUND, 1, 30, "unknown column");
    tend__config_locate(config, &config->value.per_row, "value.per_row", &err);
    assert_string_equal(
        err.text, "t.yaml:11:12: value.per_row, character 30 of the expression: unknown column");
    tend__config_free(config);
}

static void the_canonical_form_has_every_key_once(void **state)
{
    (void)state;
    struct tend__config *config = NULL;
    struct tend_error err = {0};
    struct tend__buf buf;
    struct tend__json_writer w;
    size_t count = 0;
    const struct tend__config_key *keys = tend__config_keys(&count);
    assert_tend_ok(tend__config_parse(sample, strlen(sample), "t.yaml", &config, &err), &err);
    tend__buf_init(&buf, 65536);
    tend__jsonw_init(&w, &buf, false);
    tend__config_json(config, &w);
    for (size_t i = 0; i < count; i++) {
        char member[128];
        (void)snprintf(member, sizeof(member), "\"%s\":", keys[i].path);
        const char *found = strstr(tend__buf_str(&buf), member);
        assert_non_null(found);
        assert_null(strstr(found + 1, member));
    }
    char hash[TEND_SHA256_HEX_SIZE];
    tend__sha256_hex(tend__buf_str(&buf), buf.len, hash);
    assert_string_equal(hash, config->hash);
    tend__buf_deinit(&buf);
    tend__config_free(config);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    bool is_done = false;
    for (uint64_t nth = 1; !is_done; nth++) {
        struct tend__config *config = NULL;
        struct tend_error err = {0};
        tend__mem_fail_at(nth);
        const enum tend_code code =
            tend__config_parse(sample, strlen(sample), "t.yaml", &config, &err);
        tend__mem_fail_at(0);
        is_done = code == TEND_OK;
        if (!is_done) {
            assert_int_equal(code, TEND_ENOMEM);
            assert_null(config);
        }
        tend__config_free(config);
        assert_true(nth < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_is_read_whole),
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test(a_guardrail_reads_as_an_aggregate),
        cmocka_unit_test(an_expression_knows_where_it_stands),
        cmocka_unit_test(the_canonical_form_has_every_key_once),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
