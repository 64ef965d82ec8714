/* SPDX-License-Identifier: Apache-2.0 */
/* worth.c: compiles a configuration's expressions for a data set and evaluates batches. */
#include "cli/worth.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- compilation ---- */

/* A word that can be a column's name in an expression without quotes. */
static bool is_name(const char *text)
{
    static const char *const letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return text[0] != '\0' && strspn(text, letters) == strlen(text) &&
           !(text[0] >= '0' && text[0] <= '9');
}

static enum tend_code compile(const struct tend__worth *worth, const struct tend__config_expr *expr,
                              const char *key, enum tend_type type, struct tend__expr **out,
                              struct tend_error *err)
{
    enum tend_code code = tend__expr_new(expr->text, worth->fields, worth->field_count, out, err);
    if (code == TEND_OK) {
        code = tend__expr_want(*out, type, key, err);
    }
    if (code != TEND_OK) {
        tend__config_locate(worth->config, expr, key, err);
    }
    return code;
}

/* The rule's messages begin with the part that failed: find that part's place in the file. */
static void locate_rule(const struct tend__config *config, bool is_try, struct tend_error *err)
{
    static const char *const parts[] = {"value: ", "decision: "};
    static const char *const keys[] = {"value.per_row", "data.decision"};
    const struct tend__config_expr *exprs[] = {&config->value.per_row, &config->decision};
    if (err == NULL) {
        return;
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(parts); i++) {
        const size_t len = strlen(parts[i]);
        if (strncmp(err->text, parts[i], len) == 0) {
            memmove(err->text, err->text + len, strlen(err->text + len) + 1);
            if (i == 0 && is_try) {
                const int column = err->column;
                tend__error_prefix(err, "--try, character %d", column > 0 ? column : 1);
            } else {
                tend__config_locate(config, exprs[i], keys[i], err);
            }
            return;
        }
    }
    for (size_t i = 0; i < config->segment_count; i++) {
        char part[TEND_ERROR_TEXT_SIZE];
        (void)snprintf(part, sizeof(part), "segment '%s'", config->segments[i].text);
        if (strncmp(err->text, part, strlen(part)) == 0) {
            tend__config_locate(config, &config->segments[i], "segments", err);
            return;
        }
    }
}

static enum tend_code make_rule(struct tend__worth *worth,
                                const struct tend__worth_options *options, const char *value,
                                const struct tend__value_segment *segments,
                                struct tend__value_rule **out, struct tend_error *err)
{
    const struct tend__config *config = options->config;
    const bool has_decision =
        config->decision.text != NULL && strcmp(config->decision.text, "decision") != 0;
    const struct tend__value_rule_options rule_options = {
        .fields = worth->fields,
        .field_count = worth->field_count,
        .value = value,
        .decision = has_decision ? config->decision.text : NULL,
        .score_name = config->score.text != NULL && is_name(config->score.text) ? config->score.text
                                                                                : "score",
        /* Without an expression a column called decision is the data's own: keep out of its way. */
        .decision_name = has_decision ? NULL : "tend_decision",
        .label_name = config->label.column,
        .label_is_number = options->scan->label_is_number,
        .segments = segments,
        .segment_count = segments == NULL ? 0 : config->segment_count,
    };
    const enum tend_code code = tend__value_rule_new(&rule_options, out, err);
    if (code != TEND_OK) {
        locate_rule(config, options->try_text != NULL && value == options->try_text, err);
    }
    return code;
}

static enum tend_code make_rules(struct tend__worth *worth,
                                 const struct tend__worth_options *options, struct tend_error *err)
{
    const struct tend__config *config = options->config;
    struct tend__value_segment *segments = NULL;
    enum tend_code code = TEND_OK;
    if (options->with_segments) {
        TEND_TRY(tend__mem_new(config->segment_count, sizeof(*segments), &segments, err));
        for (size_t i = 0; i < config->segment_count; i++) {
            struct tend__plan *plan = options->scan->segment_plans[i];
            segments[i].expr = config->segments[i].text;
            if (plan != NULL) {
                segments[i].categories = tend__plan_column(plan, 0)->categories;
                segments[i].category_count = tend__plan_column(plan, 0)->category_count;
            }
        }
    }
    TEND_TRY_OUT(
        make_rule(worth, options, config->value.per_row.text, segments, &worth->rule, err));
    TEND_TRY_OUT(
        tend__value_sums_init(&worth->sums, tend__value_rule_segment_count(worth->rule), err));
    if (options->try_text != NULL) {
        TEND_TRY_OUT(make_rule(worth, options, options->try_text, segments, &worth->tried, err));
        TEND_TRY_OUT(tend__value_sums_init(&worth->tried_sums,
                                           tend__value_rule_segment_count(worth->tried), err));
    }
out:
    tend__mem_free(segments);
    return code;
}

static enum tend_code copy_fields(struct tend__worth *worth,
                                  const struct tend__worth_options *options, struct tend_error *err)
{
    TEND_TRY(tend__mem_new(options->field_count, sizeof(*worth->fields), &worth->fields, err));
    for (size_t i = 0; i < options->field_count; i++) {
        char *name = NULL;
        TEND_TRY(
            tend__mem_text(options->fields[i].name, strlen(options->fields[i].name), &name, err));
        worth->fields[i] = options->fields[i];
        worth->fields[i].name = name;
        worth->field_count = i + 1;
    }
    return TEND_OK;
}

static enum tend_code find_columns(struct tend__worth *worth,
                                   const struct tend__worth_options *options,
                                   struct tend_error *err)
{
    const struct tend__config *config = options->config;
    const struct tend__field *fields = worth->fields;
    const size_t count = worth->field_count;
    worth->id_idx = config->id == NULL ? SIZE_MAX : tend__fields_find(fields, count, config->id);
    worth->time_idx =
        config->time == NULL ? SIZE_MAX : tend__fields_find(fields, count, config->time);
    worth->label_idx = config->label.column == NULL
                           ? SIZE_MAX
                           : tend__fields_find(fields, count, config->label.column);
    if (worth->time_idx != SIZE_MAX && fields[worth->time_idx].type != TEND_TYPE_TIME) {
        return TEND_FAIL(err, ETYPE, "data.time: column '%s' in %s is a %s, not a time",
                         config->time, options->path,
                         tend__type_text(fields[worth->time_idx].type));
    }
    if (options->outcomes != NULL) {
        if (worth->id_idx == SIZE_MAX) {
            return tend__data_missing(fields, count, config->id, options->path, "data.id", err);
        }
        if (fields[worth->id_idx].type != options->outcomes->id_type) {
            return TEND_FAIL(err, ETYPE,
                             "data.id: column '%s' is a %s in %s and a %s in the outcomes",
                             config->id, tend__type_text(fields[worth->id_idx].type), options->path,
                             tend__type_text(options->outcomes->id_type));
        }
        return TEND_OK;
    }
    if (config->label.column == NULL || (worth->label_idx == SIZE_MAX && options->may_lack_label)) {
        return TEND_OK;
    }
    if (worth->label_idx == SIZE_MAX) {
        return tend__data_missing(fields, count, config->label.column, options->path,
                                  "label.column (outcomes elsewhere? --outcomes)", err);
    }
    return tend__label_check(&fields[worth->label_idx], options->path, err);
}

/* A table of outcomes is enough for a backtest, which trains its own models: say so to who comes
 * from there. */
static enum tend_code fail_score(const struct tend__worth *worth,
                                 const struct tend__worth_options *options, struct tend_error *err)
{
    const char *name = options->config->score.text;
    const enum tend_code code = tend__data_missing(worth->fields, worth->field_count, name,
                                                   options->path, "data.score", err);
    if (err == NULL || strstr(err->text, "did you mean") != NULL) {
        return code;
    }
    return TEND_FAIL(err, ENOTFOUND,
                     "data.score: no column '%s' in %s; value needs what a model said, only tend "
                     "backtest trains its own",
                     name, options->path);
}

enum tend_code tend__worth_init(struct tend__worth *worth,
                                const struct tend__worth_options *options, struct tend_error *err)
{
    const struct tend__config *config = options->config;
    *worth = (struct tend__worth){.config = config,
                                  .outcomes = options->outcomes,
                                  .drop_duplicates = options->drop_duplicates,
                                  .is_binary = !options->scan->label_is_number};
    tend__vector_init(&worth->score_out);
    tend__vector_init(&worth->observed_out);
    if (config->value.per_row.text == NULL) {
        return TEND_FAIL(err, EINVAL,
                         "%s: 'value.per_row' is missing: say what a row is worth, such as "
                         "case when decision and late then 30 else 0 end",
                         config->path);
    }
    TEND_TRY(copy_fields(worth, options, err));
    TEND_TRY(find_columns(worth, options, err));
    if (config->score.text != NULL) {
        if (is_name(config->score.text) &&
            tend__fields_find(worth->fields, worth->field_count, config->score.text) == SIZE_MAX) {
            return fail_score(worth, options, err);
        }
        TEND_TRY(
            compile(worth, &config->score, "data.score", TEND_TYPE_NUMBER, &worth->score, err));
    }
    if (config->label.observed.text != NULL && strcmp(config->label.observed.text, "true") != 0) {
        TEND_TRY(compile(worth, &config->label.observed, "label.observed", TEND_TYPE_BOOL,
                         &worth->observed, err));
    }
    return make_rules(worth, options, err);
}

void tend__worth_deinit(struct tend__worth *worth)
{
    tend__fields_free(worth->fields, worth->field_count);
    tend__expr_free(worth->score);
    tend__expr_free(worth->observed);
    tend__vector_deinit(&worth->score_out);
    tend__vector_deinit(&worth->observed_out);
    tend__value_rule_free(worth->rule);
    tend__value_rule_free(worth->tried);
    tend__value_sums_deinit(&worth->sums);
    tend__value_sums_deinit(&worth->tried_sums);
    tend__id_table_deinit(&worth->ids);
    tend__mem_free(worth->scores);
    tend__mem_free(worth->labels);
    tend__mem_free(worth->values);
    tend__mem_free(worth->v0);
    tend__mem_free(worth->delta);
    tend__mem_free(worth->tried_values);
    tend__mem_free(worth->decisions);
    tend__mem_free(worth->failed);
    tend__mem_free(worth->is_duplicate);
    *worth = (struct tend__worth){0};
}

/* ---- batches ---- */

static enum tend_code grow_rows(struct tend__worth *worth, size_t row_count, struct tend_error *err)
{
    if (row_count <= worth->row_cap) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_resize(&worth->scores, row_count, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&worth->labels, row_count, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&worth->values, row_count, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&worth->v0, row_count, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&worth->delta, row_count, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&worth->tried_values, row_count, sizeof(double), err));
    TEND_TRY(tend__mem_resize(&worth->decisions, row_count, 1, err));
    TEND_TRY(tend__mem_resize(&worth->failed, row_count, 1, err));
    TEND_TRY(tend__mem_resize(&worth->is_duplicate, row_count, 1, err));
    worth->row_cap = row_count;
    return TEND_OK;
}

static enum tend_code find_duplicates(struct tend__worth *worth, const struct tend__batch *batch,
                                      struct tend_error *err)
{
    memset(worth->is_duplicate, 0, batch->row_count);
    if (!worth->drop_duplicates || worth->id_idx == SIZE_MAX) {
        return TEND_OK;
    }
    const struct tend__column *ids = &batch->columns[worth->id_idx];
    for (size_t i = 0; i < batch->row_count; i++) {
        struct tend__id_slot *slot = NULL;
        bool is_new = true;
        if (ids->type != TEND_TYPE_NULL && tend__is_valid(ids, i)) {
            TEND_TRY(tend__id_table_put(&worth->ids, ids, i, &slot, &is_new, err));
        }
        worth->is_duplicate[i] = is_new ? 0 : 1;
        worth->duplicate_count += is_new ? 0 : 1;
    }
    return TEND_OK;
}

static double label_of(struct tend__worth *worth, const struct tend__batch *batch, size_t i)
{
    double label = 0; /* a value that no outcome decides is known at once */
    if (worth->outcomes != NULL) {
        label = tend__outcomes_label(worth->outcomes, &batch->columns[worth->id_idx], i);
    } else if (worth->label_idx != SIZE_MAX) {
        label = tend__label_number(&batch->columns[worth->label_idx], i);
    } else if (worth->config->label.column != NULL) {
        label = (double)NAN;
    }
    if (isnan(label) && worth->config->label.absent_known) {
        label = worth->config->label.absent_means;
    }
    return label;
}

static enum tend_code fill_inputs(struct tend__worth *worth, const struct tend__batch *batch,
                                  struct tend_error *err)
{
    const size_t n = batch->row_count;
    if (worth->score != NULL) {
        TEND_TRY(tend__expr_eval(worth->score, batch->columns, n, &worth->score_out, err));
    }
    if (worth->observed != NULL) {
        TEND_TRY(tend__expr_eval(worth->observed, batch->columns, n, &worth->observed_out, err));
    }
    for (size_t i = 0; i < n; i++) {
        const bool has_score = worth->score != NULL && worth->score_out.valid[i] != 0;
        const bool is_observed = worth->observed == NULL || (worth->observed_out.valid[i] != 0 &&
                                                             worth->observed_out.bools[i] != 0);
        worth->scores[i] = has_score ? worth->score_out.f64[i] : (double)NAN;
        worth->labels[i] = (double)NAN;
        if (is_observed && worth->is_duplicate[i] == 0) {
            worth->labels[i] = label_of(worth, batch, i);
        }
    }
    return TEND_OK;
}

enum tend_code tend__worth_add(struct tend__worth *worth, const struct tend__batch *batch,
                               struct tend_error *err)
{
    TEND_TRY(grow_rows(worth, batch->row_count, err));
    TEND_TRY(find_duplicates(worth, batch, err));
    TEND_TRY(fill_inputs(worth, batch, err));
    const struct tend__value_binding binding = {
        .score = worth->score != NULL ? worth->scores : NULL, .label = worth->labels};
    const struct tend__value_out out = {
        .value = worth->values,
        .v0 = worth->is_binary ? worth->v0 : NULL,
        .delta = worth->is_binary ? worth->delta : NULL,
        .decision = worth->decisions,
        .failed = worth->failed,
    };
    TEND_TRY(tend__value_rule_eval(worth->rule, batch, &binding, &out, &worth->sums, err));
    if (worth->tried != NULL) {
        const struct tend__value_out tried_out = {.value = worth->tried_values};
        TEND_TRY(tend__value_rule_eval(worth->tried, batch, &binding, &tried_out,
                                       &worth->tried_sums, err));
    }
    return TEND_OK;
}
