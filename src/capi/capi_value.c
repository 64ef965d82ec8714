/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capi_value.c: an expression over rows. Names are evaluated in their order, each as one more
 * column of the batch; the expression last.
 */
#include "capi/capi_inner.h"

#include "base/mem.h"
#include "expr/expr.h"
#include "profile/arrow_out.h"
#include "sketch/exact_sum.h"
#include "tend/value.h"

#include <math.h>
#include <string.h>

#define VALUE_FIELD 0
#define FAILURE_FIELD 1

struct tend_value {
    enum tend_type type;
    uint64_t row_count;
    uint64_t value_count;
    uint64_t null_count;
    uint64_t failed_count;
    uint64_t failed[TEND_EXPR_FAILURE_COUNT];
    struct tend__exact_sum sum;
    double min;
    double max;
    struct tend__arrow_field fields[2];
    struct tend__arrow_out *table; /* NULL where rows are not kept, or have been taken */
};

/* What a pass needs besides the result. Column i of a batch is field i; name k is the field after
 * the batch's own, or the one that it hides. */
struct value_pass {
    struct tend_value *value;
    struct tend__field *fields;
    struct tend__column *columns;
    size_t field_count;
    size_t own_count; /* of the batch */
    size_t name_count;
    size_t name_field[TEND_VALUE_NAMED_MAX]; /* where a name's values go */
    struct tend__expr *names[TEND_VALUE_NAMED_MAX];
    struct tend__vector name_values[TEND_VALUE_NAMED_MAX];
    struct tend__expr *expr;
    struct tend__vector values;
    /* Why a name failed on a row, 0 where none did. */
    uint8_t *failed;
    size_t failed_cap;
};

/* ---- compiling ---- */

static enum tend_code compile_name(struct value_pass *pass, size_t idx,
                                   const struct tend_value_name *name, struct tend_error *err)
{
    if (name->name == NULL || name->name[0] == '\0' || name->expr == NULL) {
        return TEND_FAIL(err, EINVAL, "name %zu lacks its name or its expression", idx + 1);
    }
    const enum tend_code code =
        tend__expr_new(name->expr, pass->fields, pass->field_count, &pass->names[idx], err);
    if (code != TEND_OK) {
        tend__error_prefix(err, "%.100s", name->name);
        return code;
    }
    const size_t found = tend__fields_find(pass->fields, pass->field_count, name->name);
    const size_t at = found == SIZE_MAX ? pass->field_count : found;
    pass->name_field[idx] = at;
    pass->field_count += found == SIZE_MAX ? 1 : 0;
    pass->fields[at] = (struct tend__field){.name = name->name,
                                            .type = tend__expr_type(pass->names[idx]),
                                            .low = -(double)INFINITY,
                                            .high = (double)INFINITY};
    return TEND_OK;
}

static enum tend_code compile(struct value_pass *pass, const struct tend__rows_pass *rows,
                              const char *expr, const struct tend_value_options *options,
                              struct tend_error *err)
{
    const struct tend__field *own = tend__rows_fields(rows, &pass->own_count);
    const size_t name_count = options == NULL ? 0 : options->name_count;
    if (expr == NULL || name_count > TEND_VALUE_NAMED_MAX) {
        return TEND_FAIL(err, EINVAL, "the expression is missing, or has more than %d names",
                         TEND_VALUE_NAMED_MAX);
    }
    const size_t count_max = pass->own_count + name_count;
    TEND_TRY(tend__mem_new(count_max, sizeof(*pass->fields), &pass->fields, err));
    TEND_TRY(tend__mem_new(count_max, sizeof(*pass->columns), &pass->columns, err));
    memcpy(pass->fields, own, pass->own_count * sizeof(*own));
    pass->field_count = pass->own_count;
    for (size_t i = 0; i < name_count; i++) {
        tend__vector_init(&pass->name_values[i]);
        pass->name_count = i + 1;
        TEND_TRY(compile_name(pass, i, &options->names[i], err));
    }
    TEND_TRY(tend__expr_new(expr, pass->fields, pass->field_count, &pass->expr, err));
    pass->value->type = tend__expr_type(pass->expr);
    return TEND_OK;
}

/* ---- rows ---- */

/* Evaluates the names into columns and notes the rows on which one fails. */
static enum tend_code eval_names(struct value_pass *pass, size_t row_count, struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&pass->failed, &pass->failed_cap, row_count, SIZE_MAX / 2, 1, err));
    memset(pass->failed, 0, row_count);
    for (size_t k = 0; k < pass->name_count; k++) {
        struct tend__vector *values = &pass->name_values[k];
        TEND_TRY(tend__expr_eval(pass->names[k], pass->columns, row_count, values, err));
        pass->columns[pass->name_field[k]] = tend__vector_column(values);
        if (values->failed_count == 0) {
            continue;
        }
        for (size_t i = 0; i < row_count; i++) {
            if (pass->failed[i] == 0) {
                pass->failed[i] = values->failed[i];
            }
        }
    }
    return TEND_OK;
}

/* Why a row has no value: of a name, of the expression, or because a number is none. */
static uint8_t failure_of(const struct value_pass *pass, size_t row_idx)
{
    const struct tend__vector *values = &pass->values;
    if (pass->failed[row_idx] != 0) {
        return pass->failed[row_idx];
    }
    if (values->failed[row_idx] != 0) {
        return values->failed[row_idx];
    }
    if (values->type != TEND_TYPE_NUMBER || values->valid[row_idx] == 0 ||
        isfinite(values->f64[row_idx])) {
        return 0;
    }
    return isnan(values->f64[row_idx]) ? TEND_EXPR_NOT_A_NUMBER : TEND_EXPR_OVERFLOW;
}

static void add_number(struct tend_value *value, double x)
{
    tend__exact_sum_add(&value->sum, x);
    value->min = value->value_count == 0 || x < value->min ? x : value->min;
    value->max = value->value_count == 0 || x > value->max ? x : value->max;
}

static void keep_value(struct tend__arrow_out *table, const struct tend__vector *values,
                       size_t row_idx)
{
    switch (values->type) {
    case TEND_TYPE_NUMBER:
        tend__arrow_out_double(table, VALUE_FIELD, values->f64[row_idx]);
        return;
    case TEND_TYPE_BOOL:
        tend__arrow_out_bool(table, VALUE_FIELD, values->bools[row_idx] != 0);
        return;
    case TEND_TYPE_TEXT:
        tend__arrow_out_bytes(table, VALUE_FIELD, values->text[row_idx].ptr,
                              values->text[row_idx].len);
        return;
    case TEND_TYPE_TIME:
        tend__arrow_out_int(table, VALUE_FIELD, values->time_us[row_idx]);
        return;
    case TEND_TYPE_VECTOR: /* no expression is one */
    case TEND_TYPE_NULL:
        tend__arrow_out_null(table, VALUE_FIELD);
        return;
    }
}

static void add_row(struct value_pass *pass, size_t row_idx)
{
    struct tend_value *value = pass->value;
    const struct tend__vector *values = &pass->values;
    const uint8_t failure = failure_of(pass, row_idx);
    const bool has_value = failure == 0 && values->valid[row_idx] != 0;
    if (failure != 0) {
        value->failed_count++;
        value->failed[failure]++;
    } else if (!has_value) {
        value->null_count++;
    } else {
        if (values->type == TEND_TYPE_NUMBER) {
            add_number(value, values->f64[row_idx]);
        } else if (values->type == TEND_TYPE_BOOL) {
            add_number(value, values->bools[row_idx] != 0 ? 1 : 0);
        }
        value->value_count++;
    }
    if (value->table == NULL) {
        return;
    }
    if (has_value) {
        keep_value(value->table, values, row_idx);
    } else {
        tend__arrow_out_null(value->table, VALUE_FIELD);
    }
    if (failure != 0) {
        const char *text = tend__expr_failure_text((enum tend__expr_failure)failure);
        tend__arrow_out_bytes(value->table, FAILURE_FIELD, text, strlen(text));
    } else {
        tend__arrow_out_null(value->table, FAILURE_FIELD);
    }
}

static enum tend_code add_batch(struct value_pass *pass, const struct tend__batch *batch,
                                struct tend_error *err)
{
    memcpy(pass->columns, batch->columns, batch->column_count * sizeof(*batch->columns));
    TEND_TRY(eval_names(pass, batch->row_count, err));
    TEND_TRY(tend__expr_eval(pass->expr, pass->columns, batch->row_count, &pass->values, err));
    for (size_t i = 0; i < batch->row_count; i++) {
        add_row(pass, i);
    }
    pass->value->row_count += batch->row_count;
    return TEND_OK;
}

/* The Arrow format of the values of an expression. */
static const char *format_of(enum tend_type type)
{
    switch (type) {
    case TEND_TYPE_BOOL:
        return "b";
    case TEND_TYPE_TEXT:
        return "u";
    case TEND_TYPE_TIME:
        return "tsu:";
    case TEND_TYPE_NUMBER:
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return "g";
    }
    return "g";
}

static enum tend_code start_table(struct tend_value *value, struct tend_error *err)
{
    value->fields[VALUE_FIELD] =
        (struct tend__arrow_field){.name = "value", .format = format_of(value->type)};
    value->fields[FAILURE_FIELD] = (struct tend__arrow_field){.name = "failure", .format = "u"};
    return tend__arrow_out_new(value->fields, 2, &value->table, err);
}

static enum tend_code run(struct value_pass *pass, struct tend__rows_pass *rows, const char *expr,
                          const struct tend_value_options *options, struct tend_error *err)
{
    struct tend__batch batch;
    const struct tend__batch *next = NULL;
    TEND_TRY(compile(pass, rows, expr, options, err));
    if (options != NULL && options->keeps_rows) {
        TEND_TRY(start_table(pass->value, err));
    }
    for (;;) {
        TEND_TRY(tend__rows_next(rows, &next, &batch, err));
        if (next == NULL) {
            return TEND_OK;
        }
        TEND_TRY(add_batch(pass, next, err));
    }
}

static void deinit_pass(struct value_pass *pass)
{
    for (size_t i = 0; i < pass->name_count; i++) {
        tend__expr_free(pass->names[i]);
        tend__vector_deinit(&pass->name_values[i]);
    }
    tend__expr_free(pass->expr);
    tend__vector_deinit(&pass->values);
    tend__mem_free(pass->fields);
    tend__mem_free(pass->columns);
    tend__mem_free(pass->failed);
}

enum tend_code tend_value_new(const struct tend_rows *rows, const char *expr,
                              const struct tend_value_options *options, struct tend_value **out,
                              struct tend_error *err)
{
    struct tend__rows_pass reading = {0};
    struct value_pass *pass = NULL;
    struct tend_value *value = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(1, sizeof(*value), &value, err));
    TEND_TRY_OUT(tend__mem_new(1, sizeof(*pass), &pass, err));
    pass->value = value;
    tend__vector_init(&pass->values);
    TEND_TRY_OUT(tend__rows_begin(rows, &reading, err));
    code = run(pass, &reading, expr, options, err);
out:
    tend__rows_end(&reading);
    if (pass != NULL) {
        deinit_pass(pass);
    }
    tend__mem_free(pass);
    if (code != TEND_OK) {
        tend_value_free(value);
        return code;
    }
    *out = value;
    return TEND_OK;
}

void tend_value_free(struct tend_value *value)
{
    if (value != NULL) {
        tend__arrow_out_free(value->table);
        tend__mem_free(value);
    }
}

/* ---- asking ---- */

void tend_value_sums_read(const struct tend_value *value, struct tend_value_sums *out)
{
    const bool has_sum = (value->type == TEND_TYPE_NUMBER || value->type == TEND_TYPE_BOOL) &&
                         value->value_count > 0;
    const double sum = has_sum ? tend__exact_sum_value(&value->sum) : (double)NAN;
    *out = (struct tend_value_sums){
        .type = tend__type_text(value->type),
        .row_count = value->row_count,
        .value_count = value->value_count,
        .null_count = value->null_count,
        .failed_count = value->failed_count,
        .sum = sum,
        .mean = has_sum ? sum / (double)value->value_count : (double)NAN,
        .min = has_sum ? value->min : (double)NAN,
        .max = has_sum ? value->max : (double)NAN,
    };
}

size_t tend_value_failure_count(void)
{
    return TEND_EXPR_FAILURE_COUNT;
}

const char *tend_value_failure_text(size_t reason)
{
    return reason < TEND_EXPR_FAILURE_COUNT
               ? tend__expr_failure_text((enum tend__expr_failure)reason)
               : "";
}

uint64_t tend_value_failed(const struct tend_value *value, size_t reason)
{
    return reason < TEND_EXPR_FAILURE_COUNT ? value->failed[reason] : 0;
}

enum tend_code tend_value_table(struct tend_value *value, struct tend_arrow_schema *schema,
                                struct tend_arrow_array *array, struct tend_error *err)
{
    if (value->table == NULL) {
        return TEND_FAIL(err, EINVAL,
                         "the rows were not kept (options.keeps_rows), or were taken before");
    }
    TEND_TRY(tend__arrow_out_take(value->table, schema, array, err));
    tend__arrow_out_free(value->table);
    value->table = NULL;
    return TEND_OK;
}
