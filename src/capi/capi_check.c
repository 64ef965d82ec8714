/* SPDX-License-Identifier: Apache-2.0 */
/* capi_check.c: a check behind a public handle. */
#include "capi/capi_inner.h"

#include "base/mem.h"
#include "judge/check.h"
#include "report/check_report.h"
#include "tend/check.h"

#include <string.h>

#define PAGE_MAX ((size_t)256 << 20)
#define TEXT_WIDTH 100

struct tend_check {
    struct tend__check inner;
    char *names[2]; /* what inner.ref_name and inner.cur_name point to */
};

/* ---- making ---- */

static enum tend_code start_side(const struct tend_check_side *side, const char *name,
                                 const struct tend__rows *rows, struct tend__check_input *input,
                                 struct tend_error *err)
{
    if (side == NULL || (side->rows == NULL) == (side->profile == NULL)) {
        return TEND_FAIL(err, EINVAL, "the side '%.100s' wants either rows or a profile", name);
    }
    *input = (struct tend__check_input){.name = name};
    if (side->rows != NULL) {
        input->rows = rows;
        return TEND_OK;
    }
    return tend__profile_clone(side->profile->inner, &input->profile, err);
}

static struct tend__check_options inner_options(const struct tend_check_options *options)
{
    const struct tend_check_options given =
        options == NULL ? (struct tend_check_options){0} : *options;
    return (struct tend__check_options){
        .time_column = given.time_column,
        .id_column = given.id_column,
        .label_column = given.label_column,
        .score_column = given.score_column,
        .label_may_be_pending = given.label_may_be_pending,
        .window_us = given.time_column == NULL ? 0 : given.window_us,
        .now_us = given.now_us == 0 ? INT64_MAX : given.now_us,
        .bin_max = given.bin_max,
        .drift = {.fdr = given.fdr,
                  .tolerance_w1 = given.tolerance_number,
                  .tolerance_js = given.tolerance_text,
                  .row_count_min = given.row_count_min},
    };
}

static enum tend_code check_options(const struct tend_check_options *options,
                                    struct tend_error *err)
{
    if (options == NULL) {
        return TEND_OK;
    }
    if (!(options->fdr >= 0 && options->fdr < 1)) {
        return TEND_FAIL(err, EINVAL, "fdr is %g: want 0..1", options->fdr);
    }
    if (!(options->tolerance_number >= 0) || !(options->tolerance_text >= 0)) {
        return TEND_FAIL(err, EINVAL, "a tolerance is below zero");
    }
    if (options->window_us < 0) {
        return TEND_FAIL(err, EINVAL, "the window is shorter than nothing");
    }
    return TEND_OK;
}

static enum tend_code copy_name(const struct tend_check_side *side, const char *fallback,
                                char **out, struct tend_error *err)
{
    const char *name = side == NULL || side->name == NULL ? fallback : side->name;
    return tend__mem_text(name, strlen(name), out, err);
}

static enum tend_code run(struct tend_check *check, const struct tend_check_side *reference,
                          const struct tend_check_side *current,
                          const struct tend_check_options *options, struct tend_error *err)
{
    const struct tend__check_options inner = inner_options(options);
    struct tend__check_input inputs[2] = {{0}, {0}};
    struct tend__rows rows[2] = {{0}, {0}};
    TEND_TRY(check_options(options, err));
    TEND_TRY(copy_name(reference, "reference", &check->names[0], err));
    TEND_TRY(copy_name(current, "current", &check->names[1], err));
    if (reference != NULL && reference->rows != NULL) {
        rows[0] = tend__rows_view(reference->rows);
    }
    if (current != NULL && current->rows != NULL) {
        rows[1] = tend__rows_view(current->rows);
    }
    TEND_TRY(start_side(reference, check->names[0], &rows[0], &inputs[0], err));
    const enum tend_code code = start_side(current, check->names[1], &rows[1], &inputs[1], err);
    if (code != TEND_OK) {
        tend__profile_free(inputs[0].profile);
        return code;
    }
    return tend__check_run(&inner, &inputs[0], &inputs[1], &check->inner, err);
}

enum tend_code tend_check_new(const struct tend_check_side *reference,
                              const struct tend_check_side *current,
                              const struct tend_check_options *options, struct tend_check **out,
                              struct tend_error *err)
{
    struct tend_check *check = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*check), &check, err));
    const enum tend_code code = run(check, reference, current, options, err);
    if (code != TEND_OK) {
        tend_check_free(check);
        return code;
    }
    *out = check;
    return TEND_OK;
}

void tend_check_free(struct tend_check *check)
{
    if (check == NULL) {
        return;
    }
    tend__check_deinit(&check->inner);
    tend__mem_free(check->names[0]);
    tend__mem_free(check->names[1]);
    tend__mem_free(check);
}

/* ---- asking ---- */

const char *tend_check_verdict(const struct tend_check *check)
{
    return tend__verdict_text(check->inner.verdict);
}

size_t tend_check_column_count(const struct tend_check *check)
{
    return check->inner.column_count;
}

enum tend_code tend_check_column_read(const struct tend_check *check, size_t column_idx,
                                      struct tend_check_column *out, struct tend_error *err)
{
    if (column_idx >= check->inner.column_count) {
        return TEND_FAIL(err, EINVAL, "column %zu of a check of %zu", column_idx,
                         check->inner.column_count);
    }
    const struct tend__drift_column *drift = &check->inner.drift[column_idx];
    const struct tend__plan_column *plan =
        tend__plan_column(tend__profile_plan(check->inner.ref), drift->column_idx);
    *out = (struct tend_check_column){
        .name = plan->name,
        .type = tend__type_text(plan->type),
        .is_judged = drift->is_judged,
        .drifted = drift->drifted,
        .p_value = drift->p_value,
        .q_value = drift->q_value,
        .effect = drift->effect,
        .tolerance = drift->tolerance,
        .psi = drift->psi,
        .ks = drift->ks,
        .w1 = drift->w1,
        .w1_normalised = drift->w1_normalised,
        .js = drift->js,
        .hellinger = drift->hellinger,
        .l_inf = drift->l_inf,
        .chi2 = drift->chi2,
    };
    return TEND_OK;
}

size_t tend_check_break_count(const struct tend_check *check)
{
    return check->inner.break_count;
}

enum tend_code tend_check_break_read(const struct tend_check *check, size_t break_idx,
                                     struct tend_check_break *out, struct tend_error *err)
{
    if (break_idx >= check->inner.break_count) {
        return TEND_FAIL(err, EINVAL, "break %zu of %zu", break_idx, check->inner.break_count);
    }
    const struct tend__break *found = &check->inner.breaks[break_idx];
    const size_t other = found->other_column_idx;
    *out = (struct tend_check_break){
        .kind = tend__break_kind_text(found->kind),
        .column = tend__check_break_column(&check->inner, found),
        .other_column = other == TEND_BREAK_NO_COLUMN
                            ? ""
                            : tend__plan_column(tend__profile_plan(check->inner.ref), other)->name,
        .factor = found->factor,
        .offset = found->offset,
        .shift_hours = found->shift_hours,
        .from = found->from,
        .to = found->to,
        .share = found->share,
        .evidence = found->evidence,
        .since_us = found->since_us,
    };
    return TEND_OK;
}

enum tend_code tend_check_reference(const struct tend_check *check, struct tend_profile **out,
                                    struct tend_error *err)
{
    struct tend__profile *inner = NULL;
    TEND_TRY(tend__profile_clone(check->inner.ref, &inner, err));
    return tend__profile_wrap(inner, out, err);
}

enum tend_code tend_check_current(const struct tend_check *check, struct tend_profile **out,
                                  struct tend_error *err)
{
    struct tend__profile *inner = NULL;
    TEND_TRY(tend__profile_clone(check->inner.cur, &inner, err));
    return tend__profile_wrap(inner, out, err);
}

/* ---- documents ---- */

enum tend_code tend_check_json(const struct tend_check *check, struct tend_text *out,
                               struct tend_error *err)
{
    struct tend__buf buf;
    tend__buf_init(&buf, PAGE_MAX);
    tend__check_json(&check->inner, &buf);
    const enum tend_code code = tend__text_take(&buf, out, err);
    tend__buf_deinit(&buf);
    return code;
}

enum tend_code tend_check_html(const struct tend_check *check, struct tend_text *out,
                               struct tend_error *err)
{
    struct tend__buf buf;
    tend__buf_init(&buf, PAGE_MAX);
    enum tend_code code = tend__check_html(&check->inner, &buf, err);
    if (code == TEND_OK) {
        code = tend__text_take(&buf, out, err);
    }
    tend__buf_deinit(&buf);
    return code;
}

enum tend_code tend_check_text(const struct tend_check *check, int width, struct tend_text *out,
                               struct tend_error *err)
{
    const struct tend__text_style style = {.width = width > 0 ? width : TEXT_WIDTH, .utf8 = true};
    struct tend__buf buf;
    tend__buf_init(&buf, PAGE_MAX);
    enum tend_code code = tend__check_text(&check->inner, &style, &buf, err);
    if (code == TEND_OK) {
        code = tend__text_take(&buf, out, err);
    }
    tend__buf_deinit(&buf);
    return code;
}
