/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_value.c: tend value: what each row was worth, by the configuration's expression and by
 * another one (--try). */
#include "base/civil.h"
#include "base/json_write.h"
#include "cli/app.h"
#include "cli/data.h"
#include "report/render.h"
#include "cli/value_examples.h"
#include "cli/window_sums.h"
#include "cli/worth.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#define COVERAGE 0.9
#define EXAMPLES_DEFAULT 5

struct value_run {
    struct tend__app *app;
    struct tend__config *config;
    struct tend__worth worth;
    struct tend__examples examples;
    struct tend__window_sums windows;
    struct tend__outcomes outcomes;
    bool has_outcomes;
    uint64_t row_count;
    uint64_t future_count; /* rows later than this machine's clock */
    int64_t now_us;
    uint64_t changed_count; /* --try: rows that get another value */
};

/* ---- the pass ---- */

static bool is_changed(const struct tend__worth *worth, size_t i)
{
    const double a = worth->values[i];
    const double b = worth->tried_values[i];
    if (isnan(a) || isnan(b)) {
        return isnan(a) != isnan(b);
    }
    return a < b || a > b;
}

static enum tend_code add_windows(struct value_run *run, const struct tend__batch *batch,
                                  struct tend_error *err)
{
    if (run->worth.time_idx == SIZE_MAX) {
        return TEND_OK;
    }
    const struct tend__column *times = &batch->columns[run->worth.time_idx];
    for (size_t i = 0; i < batch->row_count; i++) {
        if (times->type != TEND_TYPE_TIME || !tend__is_valid(times, i)) {
            continue;
        }
        run->future_count += times->time_us[i] > run->now_us ? 1 : 0;
        if (!isnan(run->worth.values[i])) {
            const int64_t idx = tend__time_floor(times->time_us[i], run->config->window_us);
            TEND_TRY(tend__window_sums_add(&run->windows, idx, run->worth.values[i], err));
        }
    }
    return TEND_OK;
}

static enum tend_code add_batch(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    struct value_run *run = ctx;
    TEND_TRY(tend__worth_add(&run->worth, batch, err));
    tend__examples_add(&run->examples, batch);
    for (size_t i = 0; run->worth.tried != NULL && i < batch->row_count; i++) {
        run->changed_count += is_changed(&run->worth, i) ? 1 : 0;
    }
    return add_windows(run, batch, err);
}

static enum tend_code evaluate(struct value_run *run, struct tend__lake *lake,
                               struct tend_error *err)
{
    const struct tend__args *args = run->app->args;
    const char *path = args->operands[0];
    struct tend__field *fields = NULL;
    size_t count = 0;
    struct tend__worth_scan scan = {0};
    struct tend__outcomes *outcomes = run->has_outcomes ? &run->outcomes : NULL;
    const struct tend__worth_look look = {
        .path = path, .config = run->config, .outcomes = outcomes, .with_segments = true};
    const struct tend__data_stream stream = {
        .path = path, .time_column = run->config->time, .row_count = &run->row_count};
    TEND_TRY(tend__data_fields(lake, path, run->config->time, &fields, &count, err));
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__worth_look(run->app, lake, &look, &scan, err));
    const struct tend__worth_options options = {
        .config = run->config,
        .path = path,
        .fields = fields,
        .field_count = count,
        .scan = &scan,
        .outcomes = outcomes,
        .try_text = tend__args_text(args, TEND_OPTION_TRY, NULL),
        .with_segments = true,
        .drop_duplicates = true,
    };
    TEND_TRY_OUT(tend__worth_init(&run->worth, &options, err));
    tend__examples_init(&run->examples, &run->worth, options.try_text,
                        tend__args_count(args, TEND_OPTION_EXAMPLES, EXAMPLES_DEFAULT));
    code = tend__data_each(run->app, lake, &stream, add_batch, run, err);
out:
    tend__worth_scan_deinit(&scan);
    tend__fields_free(fields, count);
    return code;
}

/* ---- JSON ---- */

static uint64_t failed_total(const struct tend__value_sums *sums)
{
    uint64_t total = 0;
    for (size_t i = 0; i < TEND_VALUE_FAIL_REASON_MAX; i++) {
        total += sums->failed_count[i];
    }
    return total;
}

static void write_failed(const struct tend__value_sums *sums, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "failed");
    tend__jsonw_object_begin(w);
    for (size_t i = 1; i < TEND_EXPR_FAILURE_COUNT; i++) {
        if (sums->failed_count[i] > 0) {
            tend__jsonw_member_uint(w, tend__expr_failure_text((enum tend__expr_failure)i),
                                    sums->failed_count[i]);
        }
    }
    tend__jsonw_object_end(w);
}

static void write_segments(const struct value_run *run, struct tend__json_writer *w)
{
    const struct tend__worth *worth = &run->worth;
    tend__jsonw_key(w, "segments");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < worth->sums.segment_count; i++) {
        const struct tend__value_sum *sum = &worth->sums.segments[i];
        tend__jsonw_object_begin(w);
        tend__jsonw_member_text(w, "name", tend__value_rule_segment_name(worth->rule, i));
        tend__jsonw_member_uint(w, "rows", sum->row_count);
        tend__jsonw_member_number(w, "total", tend__exact_sum_value(&sum->sum));
        tend__jsonw_member_number(w, "per_row", tend__value_sum_mean(sum));
        if (worth->tried != NULL) {
            tend__jsonw_member_number(w, "tried_per_row",
                                      tend__value_sum_mean(&worth->tried_sums.segments[i]));
        }
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

static void write_outcomes(const struct value_run *run, struct tend__json_writer *w)
{
    if (!run->has_outcomes) {
        return;
    }
    tend__jsonw_key(w, "outcomes");
    tend__jsonw_object_begin(w);
    tend__jsonw_member_uint(w, "rows", run->outcomes.row_count);
    tend__jsonw_member_uint(w, "revised", run->outcomes.duplicate_count);
    tend__jsonw_member_uint(w, "without_id", run->outcomes.null_id_count);
    tend__jsonw_member_uint(w, "without_prediction",
                            run->outcomes.labels.count - run->outcomes.matched_count);
    tend__jsonw_object_end(w);
}

static void write_json(struct value_run *run)
{
    const struct tend__value_sums *sums = &run->worth.sums;
    struct tend__json_writer w;
    double mean = 0;
    double low = 0;
    double high = 0;
    tend__window_sums_mean(&run->windows, COVERAGE, &mean, &low, &high);
    tend__jsonw_init(&w, &run->app->out, true);
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_text(&w, "schema", "tend.value/1");
    tend__jsonw_member_text(&w, "config_hash", run->config->hash);
    tend__jsonw_member_text(&w, "expression", run->config->value.per_row.text);
    tend__jsonw_member_text(&w, "unit", run->config->value.unit);
    tend__jsonw_member_uint(&w, "rows", run->row_count);
    tend__jsonw_member_uint(&w, "valued", sums->total.row_count);
    tend__jsonw_member_uint(&w, "outcome_unknown",
                            sums->unknown_count - run->worth.duplicate_count);
    tend__jsonw_member_uint(&w, "duplicates", run->worth.duplicate_count);
    tend__jsonw_member_uint(&w, "null", sums->null_count);
    write_failed(sums, &w);
    tend__jsonw_member_uint(&w, "future", run->future_count);
    tend__jsonw_member_uint(&w, "decided", sums->decided_count);
    tend__jsonw_member_number(&w, "total", tend__exact_sum_value(&sums->total.sum));
    tend__jsonw_member_number(&w, "per_row", tend__value_sum_mean(&sums->total));
    tend__jsonw_member_number(&w, "low", low);
    tend__jsonw_member_number(&w, "high", high);
    tend__jsonw_member_number(&w, "coverage", COVERAGE);
    tend__jsonw_member_uint(&w, "windows", run->windows.count);
    write_outcomes(run, &w);
    write_segments(run, &w);
    if (run->worth.tried != NULL) {
        const struct tend__value_sums *tried = &run->worth.tried_sums;
        tend__jsonw_key(&w, "try");
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "expression",
                                tend__args_text(run->app->args, TEND_OPTION_TRY, ""));
        tend__jsonw_member_uint(&w, "valued", tried->total.row_count);
        tend__jsonw_member_number(&w, "total", tend__exact_sum_value(&tried->total.sum));
        tend__jsonw_member_number(&w, "per_row", tend__value_sum_mean(&tried->total));
        tend__jsonw_member_uint(&w, "changed_rows", run->changed_count);
        write_failed(tried, &w);
        tend__jsonw_object_end(&w);
    }
    tend__jsonw_key(&w, "examples");
    tend__examples_json(&run->examples, &w);
    tend__jsonw_object_end(&w);
}

/* ---- text ---- */

static void print_count(struct value_run *run, const char *label, uint64_t count,
                        const char *remark)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    if (count > 0) {
        tend__buf_printf(&run->app->out, "  %-16s%14s  %s\n", label,
                         tend__show_number((double)count, text), remark);
    }
}

static void print_counts(struct value_run *run)
{
    const struct tend__value_sums *sums = &run->worth.sums;
    print_count(run, "rows", run->row_count, "");
    print_count(run, "with a value", sums->total.row_count, "");
    print_count(run, "outcome unknown", sums->unknown_count - run->worth.duplicate_count,
                "left out");
    print_count(run, "there twice", run->worth.duplicate_count, "the same id again: left out");
    print_count(run, "value null", sums->null_count, "left out");
    for (size_t i = 1; i < TEND_EXPR_FAILURE_COUNT; i++) {
        print_count(run, "failed", sums->failed_count[i],
                    tend__expr_failure_text((enum tend__expr_failure)i));
    }
    print_count(run, "from the future", run->future_count, "later than this machine's clock");
    if (run->has_outcomes) {
        const struct tend__outcomes *o = &run->outcomes;
        print_count(run, "outcomes", o->row_count, "");
        print_count(run, "revised", o->duplicate_count,
                    "outcomes whose id came again: the last one stands");
        print_count(run, "without id", o->null_id_count, "outcomes left out");
        print_count(run, "unmatched", o->labels.count - o->matched_count,
                    "outcomes without a prediction");
    }
}

static void print_mean(struct value_run *run)
{
    const struct tend__value_sums *sums = &run->worth.sums;
    char text[4][TEND_NUMBER_TEXT_SIZE];
    double mean = 0;
    double low = 0;
    double high = 0;
    tend__window_sums_mean(&run->windows, COVERAGE, &mean, &low, &high);
    tend__buf_printf(&run->app->out, "\n  total   ");
    tend__tinted(&run->app->out, TEND_TINT_BOLD, run->app->colours, "%s %s",
                 tend__show_money(tend__exact_sum_value(&sums->total.sum), text[0]),
                 run->config->value.unit);
    tend__buf_printf(&run->app->out, "\n  per row %s",
                     tend__show_money(tend__value_sum_mean(&sums->total), text[1]));
    if (isfinite(low)) {
        tend__buf_printf(&run->app->out, "   (90%% interval %s to %s, over %zu windows)",
                         tend__show_money(low, text[2]), tend__show_money(high, text[3]),
                         run->windows.count);
    }
    tend__buf_char(&run->app->out, '\n');
    if (run->config->decision.text != NULL && run->row_count > 0) {
        tend__buf_printf(
            &run->app->out, "  decided %s of rows\n",
            tend__show_share((double)sums->decided_count / (double)run->row_count, text[0]));
    }
}

static void print_try(struct value_run *run)
{
    char text[4][TEND_NUMBER_TEXT_SIZE];
    const struct tend__value_sums *tried = &run->worth.tried_sums;
    if (run->worth.tried == NULL) {
        return;
    }
    tend__buf_printf(&run->app->out, "\n  tried   %s\n",
                     tend__args_text(run->app->args, TEND_OPTION_TRY, ""));
    tend__buf_printf(&run->app->out, "  total   %s %s, per row %s; %s rows change\n",
                     tend__show_money(tend__exact_sum_value(&tried->total.sum), text[0]),
                     run->config->value.unit,
                     tend__show_money(tend__value_sum_mean(&tried->total), text[1]),
                     tend__show_number((double)run->changed_count, text[2]));
    for (size_t i = 1; i < TEND_EXPR_FAILURE_COUNT; i++) {
        print_count(run, "failed", tried->failed_count[i],
                    tend__expr_failure_text((enum tend__expr_failure)i));
    }
}

static enum tend_code print_segments(struct value_run *run, struct tend_error *err)
{
    const struct tend__worth *worth = &run->worth;
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    if (worth->sums.segment_count == 0) {
        return TEND_OK;
    }
    tend__table_init(&table);
    tend__table_add_column(&table, "segment", false);
    tend__table_add_column(&table, "rows", true);
    tend__table_add_column(&table, "total", true);
    tend__table_add_column(&table, "per row", true);
    if (worth->tried != NULL) {
        tend__table_add_column(&table, "tried per row", true);
    }
    for (size_t i = 0; i < worth->sums.segment_count; i++) {
        const struct tend__value_sum *sum = &worth->sums.segments[i];
        const double mean = tend__value_sum_mean(sum);
        const char *name = tend__value_rule_segment_name(worth->rule, i);
        const char *last = strrchr(name, '=');
        if (sum->row_count == 0 && last != NULL && strcmp(last, "= other") == 0) {
            continue; /* the categories are all */
        }
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", name);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         tend__show_number((double)sum->row_count, text));
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         tend__show_money(tend__exact_sum_value(&sum->sum), text));
        tend__table_cell(&table, mean < 0 ? TEND_TINT_WARN : TEND_TINT_PLAIN, "%s",
                         tend__show_money(mean, text));
        if (worth->tried != NULL) {
            tend__table_cell(
                &table, TEND_TINT_PLAIN, "%s",
                tend__show_money(tend__value_sum_mean(&worth->tried_sums.segments[i]), text));
        }
    }
    const enum tend_code code = tend__table_code(&table, err);
    tend__buf_text(&run->app->out, "\n");
    tend__table_print(&table, &run->app->out, 2, tend__app_cut(run->app), run->app->colours);
    tend__table_deinit(&table);
    return code;
}

static enum tend_code print_examples(struct value_run *run, struct tend_error *err)
{
    struct tend__table table;
    if (run->examples.count == 0) {
        return TEND_OK;
    }
    tend__table_init(&table);
    tend__examples_table(&run->examples, &table);
    const enum tend_code code = tend__table_code(&table, err);
    tend__buf_text(&run->app->out, "\n  worked rows\n");
    tend__table_print(&table, &run->app->out, 2, tend__app_cut(run->app), run->app->colours);
    tend__table_deinit(&table);
    return code;
}

static enum tend_code print_text(struct value_run *run, struct tend_error *err)
{
    tend__buf_printf(&run->app->out, "value per row: %s\n\n", run->config->value.per_row.text);
    print_counts(run);
    print_mean(run);
    print_try(run);
    TEND_TRY(print_segments(run, err));
    return print_examples(run, err);
}

/* ---- command ---- */

static int64_t now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * TEND_US_PER_SECOND;
}

static enum tend_code run_value(struct value_run *run, struct tend__lake *lake,
                                enum tend__exit *exit_code, struct tend_error *err)
{
    const char *outcomes = tend__args_text(run->app->args, TEND_OPTION_OUTCOMES, NULL);
    if (outcomes != NULL) {
        TEND_TRY(tend__outcomes_read(run->app, lake, outcomes, run->config, &run->outcomes, err));
        run->has_outcomes = true;
    }
    TEND_TRY(evaluate(run, lake, err));
    if (run->worth.sums.total.row_count == 0) {
        tend__app_note(run->app,
                       "%s: no row has a value: %" PRIu64 " failed, %" PRIu64
                       " without a known outcome",
                       run->app->args->operands[0], failed_total(&run->worth.sums),
                       run->worth.sums.unknown_count);
        *exit_code = TEND_EXIT_FOUND;
    }
    if (tend__args_has(run->app->args, TEND_OPTION_JSON)) {
        write_json(run);
        return TEND_OK;
    }
    return print_text(run, err);
}

enum tend_code tend__cmd_value(struct tend__app *app, enum tend__exit *exit_code,
                               struct tend_error *err)
{
    struct tend__lake *lake = NULL;
    struct value_run run = {.app = app, .now_us = now_us()};
    TEND_TRY(tend__data_need_config(app, app->args->operands[0], &run.config, err));
    enum tend_code code = tend__data_lake(app, &lake, err);
    if (code == TEND_OK) {
        code = run_value(&run, lake, exit_code, err);
    }
    tend__worth_deinit(&run.worth);
    tend__examples_deinit(&run.examples);
    tend__window_sums_deinit(&run.windows);
    tend__outcomes_deinit(&run.outcomes);
    tend__config_free(run.config);
    tend__lake_free(lake);
    return code;
}
