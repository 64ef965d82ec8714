/* SPDX-License-Identifier: Apache-2.0 */
/* column_view.c: names the cells of a column and takes their shares. */
#include "report/column_view.h"

#include "base/mem.h"
#include "report/render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)4 << 20)
#define SHAPE_MAX 16

const char *tend__column_kind(enum tend_type type)
{
    return type == TEND_TYPE_TEXT ? "category" : tend__type_text(type);
}

static double share_of(const struct tend__profile *profile, size_t column_idx, size_t cell_idx)
{
    if (profile == NULL) {
        return 0;
    }
    const double total = (double)tend__profile_value_count(profile, column_idx);
    const double cell = (double)tend__profile_column(profile, column_idx)->cells[cell_idx];
    return total > 0 ? cell / total : 0;
}

/* "= 3", "<= 12", "12 to 40", "> 40". */
static void add_number_label(struct tend__buf *text, double low, double high)
{
    char a[TEND_NUMBER_TEXT_SIZE];
    char b[TEND_NUMBER_TEXT_SIZE];
    (void)tend__show_number(low, a);
    (void)tend__show_number(high, b);
    if (isinf(low) && isinf(high)) {
        tend__buf_text(text, "all");
    } else if (isinf(low)) {
        tend__buf_printf(text, "\u2264 %s", b);
    } else if (isinf(high)) {
        tend__buf_printf(text, "> %s", a);
    } else if (low < high) {
        tend__buf_printf(text, "%s to %s", a, b);
    } else {
        tend__buf_printf(text, "= %s", a);
    }
}

/* Largest first, by the larger of the two shares; `other`, the last cell, is not among them. */
static size_t pick_categories(const double *reference, const double *current, size_t category_count,
                              size_t *picked)
{
    size_t count = 0;
    for (size_t i = 0; i < category_count; i++) {
        const double size = reference[i] > current[i] ? reference[i] : current[i];
        size_t at = count < TEND_VIEW_CATEGORY_MAX ? count : TEND_VIEW_CATEGORY_MAX;
        while (at > 0) {
            const size_t before = picked[at - 1];
            const double other =
                reference[before] > current[before] ? reference[before] : current[before];
            if (other >= size) {
                break;
            }
            if (at < TEND_VIEW_CATEGORY_MAX) {
                picked[at] = before;
            }
            at--;
        }
        if (at < TEND_VIEW_CATEGORY_MAX) {
            picked[at] = i;
            count = count < TEND_VIEW_CATEGORY_MAX ? count + 1 : count;
        }
    }
    return count;
}

/* The texts of labels are put one behind the other, each with a zero; `starts` remembers where. */
static void add_label(struct tend__column_view *view, const struct tend__plan_column *column,
                      size_t cell_idx)
{
    switch (column->type) {
    case TEND_TYPE_NUMBER:
        add_number_label(&view->text, column->cell_lows[cell_idx], column->cell_highs[cell_idx]);
        break;
    case TEND_TYPE_BOOL:
        tend__buf_text(&view->text, cell_idx == 0 ? "false" : "true");
        break;
    case TEND_TYPE_TEXT:
        tend__buf_add(&view->text, column->categories[cell_idx].ptr,
                      column->categories[cell_idx].len);
        break;
    case TEND_TYPE_TIME:
        tend__buf_printf(&view->text, "%02zu h", cell_idx);
        break;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
}

/* Keeps the chosen categories in front and adds all others up. */
static void fold_categories(struct tend__column_view *view, const struct tend__plan_column *column,
                            size_t *starts)
{
    size_t picked[TEND_VIEW_CATEGORY_MAX] = {0};
    double ref[TEND_VIEW_CATEGORY_MAX + 1] = {0};
    double cur[TEND_VIEW_CATEGORY_MAX + 1] = {0};
    const size_t count =
        pick_categories(view->reference, view->current, column->category_count, picked);
    for (size_t i = 0; i < column->cell_count; i++) {
        ref[count] += view->reference[i];
        cur[count] += view->current[i];
    }
    for (size_t i = 0; i < count; i++) {
        ref[i] = view->reference[picked[i]];
        cur[i] = view->current[picked[i]];
        ref[count] -= ref[i];
        cur[count] -= cur[i];
        starts[i] = view->text.len;
        add_label(view, column, picked[i]);
        tend__buf_char(&view->text, '\0');
    }
    view->count = count;
    const double rest = ref[count] > cur[count] ? ref[count] : cur[count];
    if (rest > 1e-9) {
        ref[count] = ref[count] > 0 ? ref[count] : 0;
        cur[count] = cur[count] > 0 ? cur[count] : 0;
        starts[count] = view->text.len;
        tend__buf_text(&view->text, "all others");
        tend__buf_char(&view->text, '\0');
        view->count = count + 1;
    }
    memcpy(view->reference, ref, view->count * sizeof(double));
    memcpy(view->current, cur, view->count * sizeof(double));
}

static enum tend_code fill(struct tend__column_view *view, const struct tend__plan_column *column,
                           size_t *starts, struct tend_error *err)
{
    if (column->type == TEND_TYPE_TEXT) {
        fold_categories(view, column, starts);
    } else {
        for (size_t i = 0; i < column->cell_count; i++) {
            starts[i] = view->text.len;
            add_label(view, column, i);
            tend__buf_char(&view->text, '\0');
        }
        view->count = column->cell_count;
    }
    TEND_TRY(tend__buf_code(&view->text, err));
    for (size_t i = 0; i < view->count; i++) {
        view->labels[i] = tend__buf_str(&view->text) + starts[i];
    }
    return TEND_OK;
}

enum tend_code tend__column_view_init(struct tend__column_view *view,
                                      const struct tend__profile *reference,
                                      const struct tend__profile *current, size_t column_idx,
                                      struct tend_error *err)
{
    const struct tend__plan_column *column =
        tend__plan_column(tend__profile_plan(reference), column_idx);
    const size_t room = column->cell_count + 1;
    size_t *starts = NULL;
    enum tend_code code = TEND_OK;
    *view = (struct tend__column_view){0};
    tend__buf_init(&view->text, TEXT_MAX);
    view->is_ordered = column->type == TEND_TYPE_NUMBER || column->type == TEND_TYPE_TIME;
    TEND_TRY_OUT(tend__mem_new(room, sizeof(*view->labels), &view->labels, err));
    TEND_TRY_OUT(tend__mem_new(room, sizeof(*view->reference), &view->reference, err));
    TEND_TRY_OUT(tend__mem_new(room, sizeof(*view->current), &view->current, err));
    TEND_TRY_OUT(tend__mem_new(room, sizeof(*starts), &starts, err));
    for (size_t i = 0; i < column->cell_count; i++) {
        view->reference[i] = share_of(reference, column_idx, i);
        view->current[i] = share_of(current, column_idx, i);
    }
    if (column->cell_count > 0) {
        code = fill(view, column, starts, err);
    }
out:
    tend__mem_free(starts);
    if (code != TEND_OK) {
        tend__column_view_deinit(view);
    }
    return code;
}

void tend__column_view_deinit(struct tend__column_view *view)
{
    tend__mem_free(view->labels);
    tend__mem_free(view->reference);
    tend__mem_free(view->current);
    tend__buf_deinit(&view->text);
    *view = (struct tend__column_view){0};
}

void tend__column_view_shape(const struct tend__column_view *view, const double *shares, bool utf8,
                             struct tend__buf *out)
{
    const bool has_rest = !view->is_ordered && view->count > TEND_VIEW_CATEGORY_MAX;
    const size_t cells = view->count - (has_rest ? 1 : 0);
    const size_t size = (cells + SHAPE_MAX - 1) / SHAPE_MAX;
    const size_t count = size > 0 ? (cells + size - 1) / size : 0;
    double joined[SHAPE_MAX] = {0};
    for (size_t i = 0; i < cells; i++) {
        const size_t start = i / size * size;
        const size_t end = start + size < cells ? start + size : cells;
        joined[i / size] += shares[i] / (double)(end - start);
    }
    tend__sparkline(out, joined, count, utf8);
}
