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

static enum tend_code add_batch(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    struct profile_pass *pass = ctx;
    struct tend__batch kept;
    TEND_TRY(leave_out(pass, batch, &kept, err));
    if (pass->profile == NULL && pass->builder == NULL) {
        const struct tend__plan_options options = {.bin_max = pass->options->bin_max,
                                                   .category_max = pass->options->category_max};
        TEND_TRY(
            tend__plan_builder_new(kept.fields, kept.column_count, &options, &pass->builder, err));
    }
    if (pass->profile != NULL) {
        TEND_TRY(tend__profile_add(pass->profile, &kept, err));
    } else {
        TEND_TRY(tend__plan_builder_add(pass->builder, &kept, err));
    }
    if (!pass->is_again && pass->options->also != NULL) {
        return pass->options->also(pass->options->also_ctx, batch, err);
    }
    return TEND_OK;
}

/* After the first pass without a plan: the plan, and the profile from what the builder kept or from
 * a second pass. */
static enum tend_code finish_plan(const struct tend__rows *rows, struct profile_pass *pass,
                                  struct tend_error *err)
{
    struct tend__plan *plan = NULL;
    bool is_complete = false;
    if (pass->builder == NULL) {
        return TEND_FAIL(err, EINVAL, "no rows; there is nothing to profile");
    }
    TEND_TRY(tend__plan_builder_finish(pass->builder, &plan, err));
    enum tend_code code =
        tend__plan_builder_profile(pass->builder, plan, &pass->profile, &is_complete, err);
    if (code == TEND_OK && is_complete && pass->options->sketches == TEND_SKETCHES_ALL) {
        tend__profile_free(
            pass->profile); /* the builder knows counts, and sketches need the rows */
        pass->profile = NULL;
        is_complete = false;
    }
    if (code == TEND_OK && !is_complete) {
        pass->is_again = true;
        code = tend__profile_new(plan, &pass->profile, err);
        if (code == TEND_OK) {
            code = tend__profile_set_sketches(pass->profile, pass->options->sketches, err);
        }
        if (code == TEND_OK) {
            code = rows->each(rows->ctx, add_batch, pass, err);
        }
    }
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
    tend__mem_free(pass.fields);
    tend__mem_free(pass.columns);
    if (code != TEND_OK) {
        tend__profile_free(pass.profile);
        return code;
    }
    *out = pass.profile;
    return TEND_OK;
}
