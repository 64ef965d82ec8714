/* SPDX-License-Identifier: Apache-2.0 */
/* history_json.c: columns over time for a program: one list a measure, as long as the windows. */
#include "report/history_report.h"

#include "report/column_view.h"

#include <math.h>

typedef double point_value_fn(const struct tend__history_point *point, size_t idx);

static double null_share(const struct tend__history_point *point, size_t idx)
{
    (void)idx;
    return point->null_share;
}

static double row_count(const struct tend__history_point *point, size_t idx)
{
    (void)idx;
    return point->row_count;
}

static double mean(const struct tend__history_point *point, size_t idx)
{
    (void)idx;
    return point->mean;
}

static double sd(const struct tend__history_point *point, size_t idx)
{
    (void)idx;
    return point->sd;
}

static double quantile(const struct tend__history_point *point, size_t idx)
{
    return point->quantiles[idx];
}

static double share(const struct tend__history_point *point, size_t idx)
{
    return point->shares[idx];
}

static double effect(const struct tend__history_point *point, size_t idx)
{
    (void)idx;
    return point->effect;
}

static double q_value(const struct tend__history_point *point, size_t idx)
{
    (void)idx;
    return point->q_value;
}

static void add_list(const struct tend__history *history, size_t column_idx, const char *key,
                     point_value_fn *value, size_t idx, struct tend__json_writer *w)
{
    const struct tend__history_point *points = tend__history_points(history, column_idx);
    tend__jsonw_key(w, key);
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < history->slot_count; i++) {
        tend__jsonw_number(w, value(&points[i], idx));
    }
    tend__jsonw_array_end(w);
}

static void add_drifted(const struct tend__history *history, size_t column_idx,
                        struct tend__json_writer *w)
{
    const struct tend__history_point *points = tend__history_points(history, column_idx);
    tend__jsonw_key(w, "drifted");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < history->slot_count; i++) {
        if (points[i].is_judged) {
            tend__jsonw_bool(w, points[i].drifted);
        } else {
            tend__jsonw_null(w);
        }
    }
    tend__jsonw_array_end(w);
}

static void add_categories(const struct tend__history *history, size_t column_idx,
                           struct tend__json_writer *w)
{
    const struct tend__history_column *column = &history->columns[column_idx];
    const struct tend__plan_column *plan = tend__plan_column(history->plan, column_idx);
    tend__jsonw_key(w, "categories");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < column->share_count; i++) {
        tend__jsonw_object_begin(w);
        tend__jsonw_key(w, "category");
        if (i + 1 < column->share_count) {
            const struct tend__text *text = &plan->categories[column->category_idx[i]];
            tend__jsonw_text_len(w, text->ptr, text->len);
        } else {
            tend__jsonw_null(w); /* all others */
        }
        add_list(history, column_idx, "shares", share, i, w);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

static void add_column(const struct tend__history *history, size_t column_idx,
                       struct tend__json_writer *w)
{
    static const char *const names[TEND_HISTORY_QUANTILES] = {"p05", "p25", "p50", "p75", "p95"};
    const struct tend__history_column *column = &history->columns[column_idx];
    const struct tend__plan_column *plan = tend__plan_column(history->plan, column_idx);
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "name", plan->name);
    tend__jsonw_member_text(w, "kind", tend__column_kind(plan->type));
    tend__jsonw_member_number(w, "tolerance", column->tolerance);
    tend__jsonw_member_uint(w, "windows_drifted", column->drifted_count);
    add_list(history, column_idx, "rows", row_count, 0, w);
    add_list(history, column_idx, "null_share", null_share, 0, w);
    if (plan->type == TEND_TYPE_NUMBER || plan->type == TEND_TYPE_BOOL) {
        add_list(history, column_idx, "mean", mean, 0, w);
        add_list(history, column_idx, "sd", sd, 0, w);
    }
    for (size_t i = 0; plan->type == TEND_TYPE_NUMBER && i < TEND_HISTORY_QUANTILES; i++) {
        add_list(history, column_idx, names[i], quantile, i, w);
    }
    if (column->share_count > 0) {
        add_categories(history, column_idx, w);
    }
    add_list(history, column_idx, "distance", effect, 0, w);
    add_list(history, column_idx, "q_value", q_value, 0, w);
    add_drifted(history, column_idx, w);
    tend__jsonw_object_end(w);
}

void tend__history_json(const struct tend__history_report *report, struct tend__json_writer *w)
{
    const struct tend__history *history = report->history;
    tend__jsonw_member_text(w, "store", report->name);
    tend__jsonw_member_text(w, "every", report->every);
    tend__jsonw_member_text(w, "segment", report->segment);
    tend__jsonw_key(w, "reference_rows");
    if (history->reference != NULL) {
        tend__jsonw_uint(w, tend__profile_row_count(history->reference));
    } else {
        tend__jsonw_null(w);
    }
    tend__jsonw_key(w, "windows");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < history->slot_count; i++) {
        tend__jsonw_object_begin(w);
        tend__jsonw_member_time(w, "start", tend__history_slot_start(history, i));
        tend__jsonw_member_bool(w, "missing", !history->is_there[i]);
        tend__jsonw_member_uint(w, "rows", history->row_counts[i]);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
    tend__jsonw_key(w, "columns");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < history->column_count; i++) {
        if (report->column_idx == SIZE_MAX || report->column_idx == i) {
            add_column(history, i, w);
        }
    }
    tend__jsonw_array_end(w);
}
