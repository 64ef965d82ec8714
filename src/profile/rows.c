/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c: profiles a data set in one pass, or in two where the plan has to be made first. */
#include "profile/rows.h"

#include "base/mem.h"
#include "profile/plan.h"
#include "profile/profile.h"

#include <string.h>

struct profile_pass {
    const struct tend__rows_profile_options *options;
    struct tend__plan_builder *builder; /* first pass without a plan */
    struct tend__profile *profile;
    bool is_again;
    bool *is_open; /* second pass: the columns of the plan whose cells are counted in it */
    struct tend__column_sketches **sketches; /* of the columns of a plan that is not made yet */
    size_t sketch_count;
    /* The batch without the column that is skipped. */
    struct tend__field *fields;
    struct tend__column *columns;
};

/* The batch that is profiled: all of it, or a view without the skipped column. */
static enum tend_code leave_out(struct profile_pass *pass, const struct tend__batch *batch,
                                struct tend__batch *out, struct tend_error *err)
{
    const char *skipped = pass->options->skip_column;
    *out = *batch;
    if (skipped == NULL ||
        tend__fields_find(batch->fields, batch->column_count, skipped) == SIZE_MAX) {
        return TEND_OK;
    }
    if (pass->fields == NULL) {
        TEND_TRY(tend__mem_new(batch->column_count, sizeof(*pass->fields), &pass->fields, err));
        TEND_TRY(tend__mem_new(batch->column_count, sizeof(*pass->columns), &pass->columns, err));
    }
    size_t count = 0;
    for (size_t i = 0; i < batch->column_count; i++) {
        if (strcmp(batch->fields[i].name, skipped) != 0) {
            pass->fields[count] = batch->fields[i];
            pass->columns[count++] = batch->columns[i];
        }
    }
    out->fields = pass->fields;
    out->columns = pass->columns;
    out->column_count = count;
    return TEND_OK;
}

static enum tend_code begin_sketches(struct profile_pass *pass, const struct tend__batch *batch,
                                     struct tend_error *err)
{
    pass->sketch_count = batch->column_count;
    TEND_TRY(tend__mem_new(pass->sketch_count, sizeof(*pass->sketches), &pass->sketches, err));
    for (size_t i = 0; i < pass->sketch_count; i++) {
        const enum tend_type type = batch->fields[i].type;
        if (type != TEND_TYPE_VECTOR && type != TEND_TYPE_NULL) {
            TEND_TRY(tend__column_sketches_new(&pass->sketches[i], err));
            TEND_TRY(tend__column_sketches_meet(pass->sketches[i], type, err));
        }
    }
    return TEND_OK;
}

static void add_sketches(const struct profile_pass *pass, const struct tend__batch *batch)
{
    for (size_t i = 0; i < pass->sketch_count; i++) {
        if (pass->sketches[i] != NULL && batch->columns[i].type == batch->fields[i].type) {
            tend__column_sketches_add(pass->sketches[i], &batch->columns[i], batch->row_count);
        }
    }
}

static void free_sketches(struct profile_pass *pass)
{
    for (size_t i = 0; pass->sketches != NULL && i < pass->sketch_count; i++) {
        tend__column_sketches_free(pass->sketches[i]);
    }
    tend__mem_free(pass->sketches);
}

static enum tend_code begin_plan(struct profile_pass *pass, const struct tend__batch *batch,
                                 struct tend_error *err)
{
    const struct tend__plan_options options = {.bin_max = pass->options->bin_max,
                                               .category_max = pass->options->category_max,
                                               .may_repeat = true};
    if (pass->options->sketches == TEND_SKETCHES_ALL) {
        TEND_TRY(begin_sketches(pass, batch, err));
    }
    return tend__plan_builder_new(batch->fields, batch->column_count, &options, &pass->builder,
                                  err);
}

static enum tend_code add_batch(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    struct profile_pass *pass = ctx;
    struct tend__batch kept;
    TEND_TRY(leave_out(pass, batch, &kept, err));
    if (pass->profile == NULL && pass->builder == NULL) {
        TEND_TRY(begin_plan(pass, &kept, err));
    }
    if (pass->is_open != NULL) {
        tend__profile_add_open(pass->profile, &kept, pass->is_open);
    } else if (pass->profile != NULL) {
        TEND_TRY(tend__profile_add(pass->profile, &kept, err));
    } else {
        TEND_TRY(tend__plan_builder_add(pass->builder, &kept, err));
        if (!pass->is_again) {
            add_sketches(pass, &kept);
        }
    }
    if (!pass->is_again && pass->options->also != NULL) {
        return pass->options->also(pass->options->also_ctx, batch, err);
    }
    return TEND_OK;
}

/* The columns that one pass did not settle are read again. */
static enum tend_code count_open(const struct tend__rows *rows, struct profile_pass *pass,
                                 size_t column_count, struct tend_error *err)
{
    for (size_t i = 0; i < column_count; i++) {
        if (pass->is_open[i]) {
            return rows->each(rows->ctx, add_batch, pass, err);
        }
    }
    return TEND_OK;
}

/* After the first pass without a plan: the plan, and the profile from what the builder kept and a
 * second pass over the columns of which that was not enough. */
static enum tend_code finish_plan(const struct tend__rows *rows, struct profile_pass *pass,
                                  struct tend_error *err)
{
    struct tend__plan *plan = NULL;
    bool is_needed = false;
    if (pass->builder == NULL) {
        return TEND_FAIL(err, EINVAL, "no rows; there is nothing to profile");
    }
    pass->is_again = true;
    TEND_TRY(tend__plan_builder_repeat(pass->builder, &is_needed, err));
    if (is_needed) {
        TEND_TRY(rows->each(rows->ctx, add_batch, pass, err));
    }
    TEND_TRY(tend__plan_builder_finish(pass->builder, &plan, err));
    const size_t column_count = tend__plan_column_count(plan);
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(column_count, sizeof(*pass->is_open), &pass->is_open, err));
    TEND_TRY_OUT(tend__plan_builder_part(pass->builder, plan, &pass->profile, pass->is_open, err));
    if (pass->sketches != NULL) {
        TEND_ASSERT(pass->sketch_count == column_count);
        tend__profile_take_sketches(pass->profile, pass->sketches);
        pass->sketches = NULL;
    }
    code = count_open(rows, pass, column_count, err);
out:
    tend__plan_unref(plan);
    return code;
}

enum tend_code tend__rows_profile(const struct tend__rows *rows,
                                  const struct tend__rows_profile_options *options,
                                  struct tend__profile **out, struct tend_error *err)
{
    struct profile_pass pass = {.options = options};
    enum tend_code code = TEND_OK;
    if (options->plan != NULL) {
        TEND_TRY(tend__profile_new(options->plan, &pass.profile, err));
        code = tend__profile_set_sketches(pass.profile, options->sketches, err);
    }
    if (code == TEND_OK) {
        code = rows->each(rows->ctx, add_batch, &pass, err);
    }
    if (code == TEND_OK && options->plan == NULL) {
        code = finish_plan(rows, &pass, err);
    }
    tend__plan_builder_free(pass.builder);
    free_sketches(&pass);
    tend__mem_free(pass.is_open);
    tend__mem_free(pass.fields);
    tend__mem_free(pass.columns);
    if (code != TEND_OK) {
        tend__profile_free(pass.profile);
        return code;
    }
    *out = pass.profile;
    return TEND_OK;
}
