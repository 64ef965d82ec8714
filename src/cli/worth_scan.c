/* SPDX-License-Identifier: Apache-2.0 */
/* worth_scan.c: the look at a data set before its expressions are compiled: what labels are, which
 * segments there are. */
#include "base/mem.h"
#include "cli/worth.h"

#include <math.h>
#include <string.h>

double tend__label_number(const struct tend__column *labels, size_t row_idx)
{
    if (labels->type == TEND_TYPE_NULL || !tend__is_valid(labels, row_idx)) {
        return (double)NAN;
    }
    return labels->type == TEND_TYPE_BOOL ? (double)labels->bools[row_idx] : labels->f64[row_idx];
}

bool tend__labels_are_numbers(const struct tend__column *labels, size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        const double label = tend__label_number(labels, i);
        if (label < 0 || label > 1 || (label > 0 && label < 1)) {
            return true;
        }
    }
    return false;
}

enum tend_code tend__label_check(const struct tend__field *field, const char *path,
                                 struct tend_error *err)
{
    if (field->type == TEND_TYPE_TEXT || field->type == TEND_TYPE_TIME) {
        return TEND_FAIL(
            err, ETYPE,
            "label.column: column '%s' in %s is a %s; a label is 0/1, true/false or a number",
            field->name, path, tend__type_text(field->type));
    }
    return TEND_OK;
}

/* One text segment that is looked at. */
struct segment_look {
    struct tend__expr *expr; /* NULL: a condition */
    struct tend__vector values;
    struct tend__plan_builder *builder;
};

struct scan_pass {
    struct tend__worth_scan *scan;
    size_t label_idx; /* SIZE_MAX: not in the data */
    struct segment_look *looks;
    size_t look_count;
};

static void look_at_labels(struct scan_pass *pass, const struct tend__batch *batch)
{
    if (pass->label_idx == SIZE_MAX) {
        return;
    }
    const struct tend__column *labels = &batch->columns[pass->label_idx];
    pass->scan->label_is_number =
        pass->scan->label_is_number || tend__labels_are_numbers(labels, batch->row_count);
}

static enum tend_code look_at_batch(void *ctx, const struct tend__batch *batch,
                                    struct tend_error *err)
{
    struct scan_pass *pass = ctx;
    look_at_labels(pass, batch);
    for (size_t i = 0; i < pass->look_count; i++) {
        struct segment_look *look = &pass->looks[i];
        if (look->expr == NULL) {
            continue;
        }
        TEND_TRY(tend__expr_eval(look->expr, batch->columns, batch->row_count, &look->values, err));
        const struct tend__field field = {.name = "segment", .type = TEND_TYPE_TEXT};
        const struct tend__column column = tend__vector_column(&look->values);
        const struct tend__batch one = {
            .row_count = batch->row_count, .column_count = 1, .fields = &field, .columns = &column};
        TEND_TRY(tend__plan_builder_add(look->builder, &one, err));
    }
    return TEND_OK;
}

/* Compiles the segments that are texts; anything else is left for the rule, which says what is
 * wrong with it. */
static enum tend_code start_looks(struct scan_pass *pass, const struct tend__config *config,
                                  const struct tend__field *fields, size_t count,
                                  struct tend_error *err)
{
    const struct tend__field field = {.name = "segment", .type = TEND_TYPE_TEXT};
    const struct tend__plan_options options = {.category_max = TEND_WORTH_CATEGORY_MAX};
    TEND_TRY(tend__mem_new(config->segment_count, sizeof(*pass->looks), &pass->looks, err));
    pass->look_count = config->segment_count;
    for (size_t i = 0; i < config->segment_count; i++) {
        struct segment_look *look = &pass->looks[i];
        tend__vector_init(&look->values);
        const enum tend_code code =
            tend__expr_new(config->segments[i].text, fields, count, &look->expr, NULL);
        if (code != TEND_OK || tend__expr_type(look->expr) != TEND_TYPE_TEXT) {
            tend__expr_free(look->expr);
            look->expr = NULL;
            continue;
        }
        TEND_TRY(tend__plan_builder_new(&field, 1, &options, &look->builder, err));
    }
    return TEND_OK;
}

static enum tend_code end_looks(struct scan_pass *pass, struct tend_error *err)
{
    for (size_t i = 0; i < pass->look_count; i++) {
        if (pass->looks[i].expr != NULL) {
            TEND_TRY(tend__plan_builder_finish(pass->looks[i].builder,
                                               &pass->scan->segment_plans[i], err));
        }
    }
    return TEND_OK;
}

static void free_looks(struct scan_pass *pass)
{
    for (size_t i = 0; i < pass->look_count; i++) {
        tend__expr_free(pass->looks[i].expr);
        tend__vector_deinit(&pass->looks[i].values);
        tend__plan_builder_free(pass->looks[i].builder);
    }
    tend__mem_free(pass->looks);
}

void tend__worth_scan_deinit(struct tend__worth_scan *scan)
{
    for (size_t i = 0; scan->segment_plans != NULL && i < scan->segment_count; i++) {
        tend__plan_unref(scan->segment_plans[i]);
    }
    tend__mem_free(scan->segment_plans);
    *scan = (struct tend__worth_scan){0};
}

enum tend_code tend__worth_look(const struct tend__app *app, struct tend__lake *lake,
                                const struct tend__worth_look *look, struct tend__worth_scan *out,
                                struct tend_error *err)
{
    const struct tend__config *config = look->config;
    struct tend__field *fields = NULL;
    size_t count = 0;
    struct scan_pass pass = {.scan = out, .label_idx = SIZE_MAX};
    const char *label_only[1] = {config->label.column};
    struct tend__data_stream stream = {.path = look->path, .is_again = true};
    enum tend_code code = TEND_OK;
    *out = (struct tend__worth_scan){.segment_count = config->segment_count};
    TEND_TRY(tend__data_fields(lake, look->path, config->time, &fields, &count, err));
    TEND_TRY_OUT(tend__mem_new(config->segment_count, sizeof(*out->segment_plans),
                               &out->segment_plans, err));
    if (look->outcomes != NULL) {
        out->label_is_number = !look->outcomes->is_binary;
    } else if (config->label.column != NULL) {
        pass.label_idx = tend__fields_find(fields, count, config->label.column);
    }
    if (pass.label_idx != SIZE_MAX) {
        TEND_TRY_OUT(tend__label_check(&fields[pass.label_idx], look->path, err));
    }
    if (look->with_segments && config->segment_count > 0) {
        TEND_TRY_OUT(start_looks(&pass, config, fields, count, err));
    } else if (pass.label_idx != SIZE_MAX) {
        stream.columns = label_only;
        stream.column_count = 1;
        pass.label_idx = 0;
    } else {
        goto out; /* nothing to look for */
    }
    TEND_TRY_OUT(tend__data_each(app, lake, &stream, look_at_batch, &pass, err));
    code = end_looks(&pass, err);
out:
    free_looks(&pass);
    tend__fields_free(fields, count);
    if (code != TEND_OK) {
        tend__worth_scan_deinit(out);
    }
    return code;
}

/* ---- segments as conditions ---- */

static enum tend_code add_condition(struct tend__conditions *conditions, const char *text,
                                    size_t len, struct tend_error *err)
{
    if (conditions->count == TEND_CONDITION_MAX) {
        return TEND_FAIL(err, ELIMIT, "more than %d segments", TEND_CONDITION_MAX);
    }
    TEND_TRY(tend__mem_text(text, len, &conditions->texts[conditions->count], err));
    conditions->count++;
    return TEND_OK;
}

static enum tend_code add_categories(struct tend__conditions *conditions, const char *expr,
                                     const struct tend__plan_column *column, struct tend_error *err)
{
    struct tend__buf text;
    enum tend_code code = TEND_OK;
    tend__buf_init(&text, TEND_EXPR_LEN_MAX);
    for (size_t i = 0; i < column->category_count && code == TEND_OK; i++) {
        tend__buf_reset(&text);
        tend__buf_printf(&text, "%s = '", expr);
        for (size_t k = 0; k < column->categories[i].len; k++) {
            if (column->categories[i].ptr[k] == '\'') {
                tend__buf_char(&text, '\'');
            }
            tend__buf_char(&text, column->categories[i].ptr[k]);
        }
        tend__buf_char(&text, '\'');
        code = tend__buf_code(&text, err);
        if (code == TEND_OK) {
            code = add_condition(conditions, tend__buf_str(&text), text.len, err);
        }
    }
    tend__buf_deinit(&text);
    return code;
}

enum tend_code tend__conditions_init(struct tend__conditions *conditions, struct tend__lake *lake,
                                     const char *path, const struct tend__config *config,
                                     struct tend_error *err)
{
    const struct tend__args no_args = {0};
    const struct tend__app quiet = {.args = &no_args};
    const struct tend__worth_look look = {.path = path, .config = config, .with_segments = true};
    struct tend__worth_scan scan = {0};
    enum tend_code code = TEND_OK;
    *conditions = (struct tend__conditions){0};
    if (config->segment_count == 0) {
        return TEND_OK;
    }
    TEND_TRY(tend__worth_look(&quiet, lake, &look, &scan, err));
    for (size_t i = 0; i < config->segment_count && code == TEND_OK; i++) {
        const char *text = config->segments[i].text;
        code = scan.segment_plans[i] == NULL
                   ? add_condition(conditions, text, strlen(text), err)
                   : add_categories(conditions, text, tend__plan_column(scan.segment_plans[i], 0),
                                    err);
    }
    tend__worth_scan_deinit(&scan);
    if (code != TEND_OK) {
        tend__conditions_deinit(conditions);
    }
    return code;
}

void tend__conditions_deinit(struct tend__conditions *conditions)
{
    for (size_t i = 0; i < conditions->count; i++) {
        tend__mem_free(conditions->texts[i]);
    }
    *conditions = (struct tend__conditions){0};
}
