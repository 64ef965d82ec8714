/* SPDX-License-Identifier: Apache-2.0 */
/* capi_profile.c: plans and profiles behind public handles. */
#include "capi/capi_inner.h"

#include "base/mem.h"
#include "profile/table_bytes.h"
#include "tend/profile.h"

#include <math.h>

/* ---- handles ---- */

static enum tend_code wrap_plan(struct tend__plan *inner, struct tend_plan **out,
                                struct tend_error *err)
{
    struct tend_plan *plan = NULL;
    const enum tend_code code = tend__mem_new(1, sizeof(*plan), &plan, err);
    if (code != TEND_OK) {
        tend__plan_unref(inner);
        return code;
    }
    plan->inner = inner;
    *out = plan;
    return TEND_OK;
}

void tend_plan_free(struct tend_plan *plan)
{
    if (plan != NULL) {
        tend__plan_unref(plan->inner);
        tend__mem_free(plan);
    }
}

enum tend_code tend__profile_wrap(struct tend__profile *inner, struct tend_profile **out,
                                  struct tend_error *err)
{
    struct tend_profile *profile = NULL;
    const enum tend_code code = tend__mem_new(1, sizeof(*profile), &profile, err);
    if (code != TEND_OK) {
        tend__profile_free(inner);
        return code;
    }
    profile->inner = inner;
    *out = profile;
    return TEND_OK;
}

void tend_profile_free(struct tend_profile *profile)
{
    if (profile != NULL) {
        tend__profile_free(profile->inner);
        tend__mem_free(profile);
    }
}

/* ---- making ---- */

static enum tend_code add_to_profile(void *ctx, const struct tend__batch *batch,
                                     struct tend_error *err)
{
    return tend__profile_add(ctx, batch, err);
}

struct plan_pass {
    struct tend__plan_options options;
    struct tend__plan_builder *builder; /* NULL before the first batch */
};

static enum tend_code add_to_plan(void *ctx, const struct tend__batch *batch,
                                  struct tend_error *err)
{
    struct plan_pass *pass = ctx;
    if (pass->builder == NULL) {
        TEND_TRY(tend__plan_builder_new(batch->fields, batch->column_count, &pass->options,
                                        &pass->builder, err));
    }
    return tend__plan_builder_add(pass->builder, batch, err);
}

enum tend_code tend_plan_new(const struct tend_rows *rows, const struct tend_plan_options *options,
                             struct tend_plan **out, struct tend_error *err)
{
    struct plan_pass pass = {0};
    struct tend__plan *plan = NULL;
    if (options != NULL) {
        pass.options.bin_max = options->bin_max;
        pass.options.category_max = options->category_max;
    }
    enum tend_code code = tend__rows_each(rows, add_to_plan, &pass, err);
    if (code == TEND_OK && pass.builder == NULL) {
        code = TEND_FAIL(err, EINVAL, "no rows; there is nothing to make a plan from");
    }
    if (code == TEND_OK) {
        code = tend__plan_builder_finish(pass.builder, &plan, err);
    }
    tend__plan_builder_free(pass.builder);
    return code == TEND_OK ? wrap_plan(plan, out, err) : code;
}

enum tend_code tend_profile_from_rows(const struct tend_rows *rows,
                                      const struct tend_plan_options *options,
                                      struct tend_profile **out, struct tend_error *err)
{
    const struct tend__rows view = tend__rows_view(rows);
    struct tend__rows_profile_options inner = {0};
    struct tend__profile *profile = NULL;
    if (options != NULL) {
        inner.bin_max = options->bin_max;
        inner.category_max = options->category_max;
    }
    TEND_TRY(tend__rows_profile(&view, &inner, &profile, err));
    return tend__profile_wrap(profile, out, err);
}

enum tend_code tend_profile_new(const struct tend_plan *plan, struct tend_profile **out,
                                struct tend_error *err)
{
    struct tend__profile *inner = NULL;
    TEND_TRY(tend__profile_new(plan->inner, &inner, err));
    return tend__profile_wrap(inner, out, err);
}

enum tend_code tend_profile_add(struct tend_profile *profile, const struct tend_rows *rows,
                                struct tend_error *err)
{
    return tend__rows_each(rows, add_to_profile, profile->inner, err);
}

enum tend_code tend_profile_merge(struct tend_profile *into, const struct tend_profile *from,
                                  struct tend_error *err)
{
    return tend__profile_merge(into->inner, from->inner, err);
}

enum tend_code tend__profile_clone(const struct tend__profile *from, struct tend__profile **out,
                                   struct tend_error *err)
{
    struct tend__profile *copy = NULL;
    TEND_TRY(tend__profile_new(tend__profile_plan(from), &copy, err));
    enum tend_code code = tend__profile_merge(copy, from, err);
    if (code == TEND_OK) {
        code = tend__profile_set_label(copy, tend__profile_label(from), err);
    }
    if (code != TEND_OK) {
        tend__profile_free(copy);
        return code;
    }
    *out = copy;
    return TEND_OK;
}

enum tend_code tend_profile_copy(const struct tend_profile *profile, struct tend_profile **out,
                                 struct tend_error *err)
{
    struct tend__profile *inner = NULL;
    TEND_TRY(tend__profile_clone(profile->inner, &inner, err));
    return tend__profile_wrap(inner, out, err);
}

/* ---- asking ---- */

size_t tend_plan_column_count(const struct tend_plan *plan)
{
    return tend__plan_column_count(plan->inner);
}

const char *tend_plan_column_name(const struct tend_plan *plan, size_t column_idx)
{
    return column_idx < tend__plan_column_count(plan->inner)
               ? tend__plan_column(plan->inner, column_idx)->name
               : NULL;
}

uint64_t tend_plan_hash(const struct tend_plan *plan)
{
    return tend__plan_hash(plan->inner);
}

enum tend_code tend_profile_plan(const struct tend_profile *profile, struct tend_plan **out,
                                 struct tend_error *err)
{
    return wrap_plan(tend__plan_ref(tend__profile_plan(profile->inner)), out, err);
}

uint64_t tend_profile_row_count(const struct tend_profile *profile)
{
    return tend__profile_row_count(profile->inner);
}

size_t tend_profile_column_count(const struct tend_profile *profile)
{
    return tend__plan_column_count(tend__profile_plan(profile->inner));
}

size_t tend_profile_find(const struct tend_profile *profile, const char *name)
{
    return tend__plan_find(tend__profile_plan(profile->inner), name);
}

enum tend_code tend_profile_column_read(const struct tend_profile *profile, size_t column_idx,
                                        struct tend_profile_column *out, struct tend_error *err)
{
    const size_t count = tend_profile_column_count(profile);
    if (column_idx >= count) {
        return TEND_FAIL(err, EINVAL, "column %zu of a profile of %zu", column_idx, count);
    }
    const struct tend__plan_column *plan =
        tend__plan_column(tend__profile_plan(profile->inner), column_idx);
    const struct tend__column_profile *column = tend__profile_column(profile->inner, column_idx);
    const bool has_times = plan->type == TEND_TYPE_TIME && column->min_us <= column->max_us;
    *out = (struct tend_profile_column){
        .name = plan->name,
        .type = tend__type_text(plan->type),
        .row_count = column->row_count,
        .absent_count = column->absent_count,
        .type_changed_count = column->type_changed_count,
        .null_count = column->null_count,
        .nan_count = column->nan_count,
        .infinite_count = column->pos_inf_count + column->neg_inf_count,
        .zero_count = column->zero_count,
        .min = has_times ? (double)column->min_us : column->min,
        .max = has_times ? (double)column->max_us : column->max,
        .mean = tend__profile_mean(profile->inner, column_idx),
        .sd = tend__profile_sd(profile->inner, column_idx),
    };
    return TEND_OK;
}

double tend_profile_quantile(const struct tend_profile *profile, size_t column_idx, double p)
{
    if (column_idx >= tend_profile_column_count(profile) || !(p >= 0 && p <= 1)) {
        return (double)NAN;
    }
    return tend__profile_quantile(profile->inner, column_idx, p);
}

/* ---- keeping ---- */

enum tend_code tend_profile_to_table(const struct tend_profile *profile,
                                     struct tend_arrow_schema *schema,
                                     struct tend_arrow_array *array, struct tend_error *err)
{
    return tend__profile_table(profile->inner, schema, array, err);
}

enum tend_code tend_profile_from_table(const struct tend_arrow_schema *schema,
                                       const struct tend_arrow_array *array,
                                       struct tend_profile **out, struct tend_error *err)
{
    struct tend__profile *inner = NULL;
    if (schema == NULL || schema->release == NULL || array == NULL || array->release == NULL) {
        return TEND_FAIL(err, EINVAL, "the Arrow schema or array is missing, or was released");
    }
    TEND_TRY(tend__profile_from_table(schema, array, &inner, err));
    return tend__profile_wrap(inner, out, err);
}

enum tend_code tend_profile_to_bytes(const struct tend_profile *profile, struct tend_text *out,
                                     struct tend_error *err)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__buf buf;
    TEND_TRY(tend__profile_table(profile->inner, &schema, &array, err));
    tend__buf_init(&buf, TEND_TABLE_BYTES_MAX);
    enum tend_code code = tend__table_to_bytes(&schema, &array, &buf, err);
    if (code == TEND_OK) {
        code = tend__text_take(&buf, out, err);
    }
    tend__buf_deinit(&buf);
    schema.release(&schema);
    array.release(&array);
    return code;
}

enum tend_code tend_profile_from_bytes(const void *bytes, size_t len, struct tend_profile **out,
                                       struct tend_error *err)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__profile *inner = NULL;
    TEND_TRY(tend__table_from_bytes(bytes, len, &schema, &array, err));
    const enum tend_code code = tend__profile_from_table(&schema, &array, &inner, err);
    schema.release(&schema);
    array.release(&array);
    return code == TEND_OK ? tend__profile_wrap(inner, out, err) : code;
}
