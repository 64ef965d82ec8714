/* SPDX-License-Identifier: Apache-2.0 */
/* profile_text.c: writes profiles for people and programs. */
#include "report/profile_text.h"

#include "report/column_view.h"
#include "report/sketch_text.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    double p;
} quantiles[] = {{"p01", 0.01}, {"p05", 0.05}, {"p25", 0.25}, {"p50", 0.5},
                 {"p75", 0.75}, {"p95", 0.95}, {"p99", 0.99}};

static void write_range(const struct tend__column_profile *column, enum tend_type type,
                        struct tend__json_writer *w)
{
    if (type == TEND_TYPE_TIME && column->min_us <= column->max_us) {
        tend__jsonw_member_time(w, "min", column->min_us);
        tend__jsonw_member_time(w, "max", column->max_us);
        return;
    }
    const bool is_number = type == TEND_TYPE_NUMBER || type == TEND_TYPE_BOOL;
    tend__jsonw_member_number(w, "min", is_number ? column->min : (double)NAN);
    tend__jsonw_member_number(w, "max", is_number ? column->max : (double)NAN);
}

void tend__profile_column_json(const struct tend__profile *profile, size_t column_idx,
                               struct tend__json_writer *w)
{
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    const enum tend_type type = tend__plan_column(tend__profile_plan(profile), column_idx)->type;
    tend__jsonw_object_begin(w);
    tend__jsonw_member_uint(w, "count", column->row_count);
    tend__jsonw_member_uint(w, "absent", column->absent_count);
    tend__jsonw_member_uint(w, "type_changed", column->type_changed_count);
    tend__jsonw_member_uint(w, "nulls", column->null_count);
    tend__jsonw_member_uint(w, "nan", column->nan_count);
    tend__jsonw_member_uint(w, "infinite", column->pos_inf_count + column->neg_inf_count);
    tend__jsonw_member_uint(w, "zeros", column->zero_count);
    tend__jsonw_member_number(w, "mean", tend__profile_mean(profile, column_idx));
    tend__jsonw_member_number(w, "sd", tend__profile_sd(profile, column_idx));
    write_range(column, type, w);
    tend__jsonw_key(w, "quantiles");
    tend__jsonw_object_begin(w);
    for (size_t i = 0; i < TEND_ARRAY_LEN(quantiles); i++) {
        tend__jsonw_member_number(w, quantiles[i].name,
                                  tend__profile_quantile(profile, column_idx, quantiles[i].p));
    }
    tend__jsonw_object_end(w);
    tend__sketches_json(tend__profile_sketches(profile, column_idx), type, w);
    tend__jsonw_object_end(w);
}

static void write_cells(const struct tend__plan_column *plan,
                        const struct tend__column_profile *column, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "cells");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < column->cell_count; i++) {
        tend__jsonw_object_begin(w);
        if (plan->type == TEND_TYPE_NUMBER) {
            tend__jsonw_member_number(w, "above", plan->cell_lows[i]);
            tend__jsonw_member_number(w, "to", plan->cell_highs[i]);
        } else if (plan->type == TEND_TYPE_TEXT) {
            tend__jsonw_key(w, "category");
            if (i < plan->category_count) {
                tend__jsonw_text_len(w, plan->categories[i].ptr, plan->categories[i].len);
            } else {
                tend__jsonw_null(w);
            }
        } else if (plan->type == TEND_TYPE_BOOL) {
            tend__jsonw_member_bool(w, "value", i == 1);
        } else {
            tend__jsonw_member_uint(w, "hour", i);
        }
        tend__jsonw_member_uint(w, "count", column->cells[i]);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

void tend__profile_json(const struct tend__profile *profile, bool with_cells,
                        struct tend__json_writer *w)
{
    const struct tend__plan *plan = tend__profile_plan(profile);
    const size_t count = tend__plan_column_count(plan);
    size_t new_count = 0;
    const struct tend__new_column *news = tend__profile_new_columns(profile, &new_count);
    tend__jsonw_member_uint(w, "rows", tend__profile_row_count(profile));
    tend__jsonw_key(w, "columns");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        tend__jsonw_object_begin(w);
        tend__jsonw_member_text(w, "name", tend__plan_column(plan, i)->name);
        tend__jsonw_member_text(w, "kind", tend__column_kind(tend__plan_column(plan, i)->type));
        tend__jsonw_key(w, "profile");
        tend__profile_column_json(profile, i, w);
        if (with_cells) {
            write_cells(tend__plan_column(plan, i), tend__profile_column(profile, i), w);
        }
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
    tend__jsonw_key(w, "new_columns");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < new_count; i++) {
        tend__jsonw_object_begin(w);
        tend__jsonw_member_text(w, "name", news[i].name);
        tend__jsonw_member_text(w, "kind", tend__column_kind(news[i].type));
        tend__jsonw_member_uint(w, "rows", news[i].row_count);
        tend__sketches_json(news[i].sketches, news[i].type, w);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

/* ---- table ---- */

static void add_range(const struct tend__profile *profile, size_t idx, enum tend_type type,
                      struct tend__table *table)
{
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), idx);
    char text[3][TEND_NUMBER_TEXT_SIZE] = {"", "", ""};
    if (type == TEND_TYPE_TIME && column->min_us <= column->max_us) {
        (void)tend__show_time(column->min_us, text[0]);
        (void)tend__show_time(column->max_us, text[2]);
    } else if (type == TEND_TYPE_NUMBER) {
        (void)tend__show_number(column->min, text[0]);
        (void)tend__show_number(tend__profile_quantile(profile, idx, 0.5), text[1]);
        (void)tend__show_number(column->max, text[2]);
    } else if (type == TEND_TYPE_TEXT && plan->category_count > 0) {
        tend__table_cell(table, TEND_TINT_DIM, "%.16s", plan->categories[0].ptr);
        tend__table_cell(table, TEND_TINT_DIM, "%zu kinds", plan->category_count);
        tend__table_cell(table, TEND_TINT_DIM, "%s", "");
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        tend__table_cell(table, TEND_TINT_PLAIN, "%s", text[i]);
    }
}

/* The shape of a column in a few characters: cells joined until they fit. */
static enum tend_code add_spark(const struct tend__profile *profile, size_t idx, bool utf8,
                                struct tend__table *table, struct tend_error *err)
{
    struct tend__column_view view;
    TEND_TRY(tend__column_view_init(&view, profile, NULL, idx, err));
    tend__column_view_shape(&view, view.reference, utf8,
                            tend__table_cell_begin(table, TEND_TINT_PLAIN));
    tend__table_cell_end(table);
    tend__column_view_deinit(&view);
    return TEND_OK;
}

enum tend_code tend__profile_as_table(const struct tend__profile *profile, bool utf8,
                                      struct tend__table *table, struct tend_error *err)
{
    static const char *const titles[] = {"column", "kind",   "nulls", "mean", "sd",
                                         "min",    "median", "max",   "shape"};
    const struct tend__plan *plan = tend__profile_plan(profile);
    char text[TEND_NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < TEND_ARRAY_LEN(titles); i++) {
        tend__table_add_column(table, titles[i], i > 1 && i < 8);
    }
    for (size_t i = 0; i < tend__plan_column_count(plan); i++) {
        const struct tend__column_profile *column = tend__profile_column(profile, i);
        const enum tend_type type = tend__plan_column(plan, i)->type;
        const bool is_number = type == TEND_TYPE_NUMBER || type == TEND_TYPE_BOOL;
        const double rows = (double)column->row_count;
        const double nulls = rows > 0 ? (double)column->null_count / rows : (double)NAN;
        tend__table_cell(table, TEND_TINT_BOLD, "%s", tend__plan_column(plan, i)->name);
        tend__table_cell(table, TEND_TINT_PLAIN, "%s", tend__column_kind(type));
        tend__table_cell(table, column->null_count > 0 ? TEND_TINT_WARN : TEND_TINT_DIM, "%s",
                         tend__show_share(nulls, text));
        tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                         is_number ? tend__show_number(tend__profile_mean(profile, i), text) : "");
        tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                         is_number ? tend__show_number(tend__profile_sd(profile, i), text) : "");
        add_range(profile, i, type, table);
        TEND_TRY(add_spark(profile, i, utf8, table, err));
    }
    return tend__table_code(table, err);
}
