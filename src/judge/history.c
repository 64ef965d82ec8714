/* SPDX-License-Identifier: Apache-2.0 */
/* history.c: see the header. */
#include "judge/history.h"

#include "base/mem.h"
#include "judge/drift.h"

#include <math.h>

static const double quantile_p[TEND_HISTORY_QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};

/* Positions in the plan, which has the most frequent first: those of the reference. */
static void choose_categories(const struct tend__plan_column *plan,
                              struct tend__history_column *column)
{
    column->tolerance = (double)NAN;
    column->effect_max = (double)NAN;
    if (plan->type != TEND_TYPE_TEXT) {
        return;
    }
    const size_t kept = plan->category_count < TEND_HISTORY_SHARES - 1 ? plan->category_count
                                                                       : TEND_HISTORY_SHARES - 1;
    for (size_t i = 0; i < kept; i++) {
        column->category_idx[i] = i;
    }
    column->category_idx[kept] = plan->category_count;
    column->share_count = kept + 1;
}

static struct tend__history_point empty_point(void)
{
    struct tend__history_point point = {
        .row_count = (double)NAN,
        .null_share = (double)NAN,
        .mean = (double)NAN,
        .sd = (double)NAN,
        .effect = (double)NAN,
        .q_value = (double)NAN,
    };
    for (size_t i = 0; i < TEND_HISTORY_QUANTILES; i++) {
        point.quantiles[i] = (double)NAN;
    }
    for (size_t i = 0; i < TEND_HISTORY_SHARES; i++) {
        point.shares[i] = (double)NAN;
    }
    return point;
}

static enum tend_code init_history(struct tend__history *history, struct tend_error *err)
{
    const size_t points = history->slot_count * history->column_count;
    TEND_TRY(
        tend__mem_new(history->slot_count, sizeof(*history->is_there), &history->is_there, err));
    TEND_TRY(tend__mem_new(history->slot_count, sizeof(*history->row_counts), &history->row_counts,
                           err));
    TEND_TRY(
        tend__mem_new(history->column_count, sizeof(*history->columns), &history->columns, err));
    TEND_TRY(tend__mem_new(points, sizeof(*history->points), &history->points, err));
    for (size_t i = 0; i < history->column_count; i++) {
        choose_categories(tend__plan_column(history->plan, i), &history->columns[i]);
    }
    for (size_t i = 0; i < points; i++) {
        history->points[i] = empty_point();
    }
    return TEND_OK;
}

enum tend_code tend__history_new(struct tend__plan *plan,
                                 const struct tend__history_options *options,
                                 struct tend__history **out, struct tend_error *err)
{
    const size_t column_count = tend__plan_column_count(plan);
    if (options->every_us <= 0 || options->end_us <= options->start_us) {
        return TEND_FAIL(err, EINVAL, "a history needs at least one window");
    }
    const uint64_t span_us = (uint64_t)options->end_us - (uint64_t)options->start_us;
    const uint64_t slots = span_us / (uint64_t)options->every_us;
    if (slots > TEND_HISTORY_SLOT_MAX || slots * column_count > TEND_HISTORY_POINT_MAX) {
        return TEND_FAIL(err, ELIMIT,
                         "%.0f windows of %zu columns are more than can be shown at once; choose "
                         "windows, as in STORE@2001-02",
                         (double)slots, column_count);
    }
    struct tend__history *history = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*history), &history, err));
    history->plan = tend__plan_ref(plan);
    history->reference = options->reference;
    history->start_us = options->start_us;
    history->every_us = options->every_us;
    history->slot_count = (size_t)slots;
    history->column_count = column_count;
    const enum tend_code code = init_history(history, err);
    if (code != TEND_OK) {
        tend__history_free(history);
        return code;
    }
    *out = history;
    return TEND_OK;
}

void tend__history_free(struct tend__history *history)
{
    if (history == NULL) {
        return;
    }
    tend__plan_unref(history->plan);
    tend__mem_free(history->is_there);
    tend__mem_free(history->row_counts);
    tend__mem_free(history->columns);
    tend__mem_free(history->points);
    tend__mem_free(history);
}

static void fill_shares(const struct tend__history_column *column,
                        const struct tend__column_profile *profile, double values,
                        struct tend__history_point *point)
{
    double rest = 1;
    if (column->share_count == 0 || !(values > 0)) {
        return;
    }
    for (size_t i = 0; i + 1 < column->share_count; i++) {
        point->shares[i] = (double)profile->cells[column->category_idx[i]] / values;
        rest -= point->shares[i];
    }
    point->shares[column->share_count - 1] = rest > 0 ? rest : 0;
}

static void fill_point(const struct tend__history *history, const struct tend__profile *profile,
                       size_t column_idx, struct tend__history_point *point)
{
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    const double rows = (double)column->row_count;
    const double values = (double)tend__profile_value_count(profile, column_idx);
    point->row_count = rows;
    if (rows > 0) {
        point->null_share = (double)(column->null_count + column->nan_count +
                                     column->pos_inf_count + column->neg_inf_count) /
                            rows;
    }
    point->mean = tend__profile_mean(profile, column_idx);
    point->sd = tend__profile_sd(profile, column_idx);
    for (size_t i = 0; i < TEND_HISTORY_QUANTILES; i++) {
        point->quantiles[i] = tend__profile_quantile(profile, column_idx, quantile_p[i]);
    }
    fill_shares(&history->columns[column_idx], column, values, point);
}

static void fill_drift(struct tend__history *history, const struct tend__drift_column *drift,
                       size_t column_idx, size_t slot)
{
    struct tend__history_column *column = &history->columns[column_idx];
    struct tend__history_point *point = &history->points[column_idx * history->slot_count + slot];
    point->is_judged = drift->is_judged;
    if (!drift->is_judged) {
        return;
    }
    point->effect = drift->effect > 0 ? drift->effect : 0;
    point->q_value = drift->q_value;
    point->drifted = drift->drifted;
    column->tolerance = drift->tolerance;
    column->drifted_count += drift->drifted ? 1 : 0;
    if (!(column->effect_max >= point->effect)) {
        column->effect_max = point->effect;
        column->effect_max_slot = slot;
    }
}

enum tend_code tend__history_add(struct tend__history *history, int64_t start_us,
                                 const struct tend__profile *profile, struct tend_error *err)
{
    const int64_t offset_us = start_us - history->start_us;
    struct tend__drift_column *drift = NULL;
    if (start_us < history->start_us || offset_us % history->every_us != 0 ||
        (uint64_t)(offset_us / history->every_us) >= history->slot_count) {
        return TEND_FAIL(err, EINVAL, "a window is not one of the history's");
    }
    const size_t slot = (size_t)(offset_us / history->every_us);
    if (history->reference != NULL && tend__profile_row_count(profile) > 0) {
        TEND_TRY(tend__mem_new(history->column_count, sizeof(*drift), &drift, err));
        const enum tend_code code = tend__drift_compare(history->reference, profile, NULL, drift,
                                                        history->column_count, err);
        if (code != TEND_OK) {
            tend__mem_free(drift);
            return code;
        }
    }
    history->window_count += history->is_there[slot] ? 0 : 1;
    history->is_there[slot] = true;
    history->row_counts[slot] = tend__profile_row_count(profile);
    for (size_t i = 0; i < history->column_count; i++) {
        fill_point(history, profile, i, &history->points[i * history->slot_count + slot]);
        if (drift != NULL) {
            fill_drift(history, &drift[i], i, slot);
        }
    }
    tend__mem_free(drift);
    return TEND_OK;
}

const struct tend__history_point *tend__history_points(const struct tend__history *history,
                                                       size_t column_idx)
{
    TEND_ASSERT(column_idx < history->column_count);
    return history->points + column_idx * history->slot_count;
}

int64_t tend__history_slot_start(const struct tend__history *history, size_t slot_idx)
{
    return history->start_us + (int64_t)slot_idx * history->every_us;
}
