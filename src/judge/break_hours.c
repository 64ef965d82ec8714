/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_hours.c: hours of the day turned by a whole number of hours: another time zone, or summer
 * time applied twice.
 *
 * A daily rhythm is a fixed shape on a circle of 24 hours. The rule turns the reference's shape by
 * every k and takes the one nearest to the current shares in total variation. It must explain most
 * of a distance that is larger than the history has ever shown; a rhythm that changes its shape is
 * drift.
 *
 * Time columns have the 24 counts. A number is an hour of the day when its reference lies in 0..23
 * in whole hours; hours of little traffic may share a bin there, so shares are compared bin by bin,
 * and a shared bin's mass is spread evenly over its hours before it is turned.
 */
#include "judge/break_rules.h"

#include <math.h>

#define HOUR_TOLERANCE 0.1
#define HOUR_CELLS_MIN 8

/* Which cell each hour falls into; cell_count <= 24 + what the plan has. */
struct dial {
    size_t cell_of[24];
    double hours_in_cell[24]; /* of the cell of each hour: how many hours share it */
    size_t cell_count;
};

static bool read_time_dial(struct dial *dial)
{
    dial->cell_count = 24;
    for (size_t h = 0; h < 24; h++) {
        dial->cell_of[h] = h;
        dial->hours_in_cell[h] = 1;
    }
    return true;
}

/* A number column whose reference values are whole hours of a day. */
static bool read_number_dial(const struct tend__break_search *search, size_t column_idx,
                             struct dial *dial)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    if (!(ref->min >= 0) || !(ref->max < 24) || !(ref->max - ref->min >= 16)) {
        return false;
    }
    size_t used = 0;
    size_t last = SIZE_MAX;
    for (size_t h = 0; h < 24; h++) {
        size_t cell = SIZE_MAX;
        for (size_t i = 0; i < plan->cell_count && cell == SIZE_MAX; i++) {
            const bool is_atom = plan->cell_lows[i] == plan->cell_highs[i];
            const double hour = (double)h;
            if (is_atom ? plan->cell_lows[i] == hour
                        : hour > plan->cell_lows[i] && hour <= plan->cell_highs[i] &&
                              !(i + 1 < plan->cell_count && plan->cell_lows[i + 1] == hour &&
                                plan->cell_highs[i + 1] == hour)) {
                cell = i;
            }
        }
        if (cell == SIZE_MAX) {
            return false;
        }
        used += cell != last ? 1 : 0;
        last = cell;
        dial->cell_of[h] = cell;
    }
    for (size_t h = 0; h < 24; h++) {
        dial->hours_in_cell[h] = 0;
        for (size_t other = 0; other < 24; other++) {
            dial->hours_in_cell[h] += dial->cell_of[other] == dial->cell_of[h] ? 1 : 0;
        }
    }
    dial->cell_count = plan->cell_count;
    return used >= HOUR_CELLS_MIN;
}

static bool read_dial(const struct tend__break_search *search, size_t column_idx, struct dial *dial)
{
    switch (tend__plan_column(search->plan, column_idx)->type) {
    case TEND_TYPE_TIME:
        return read_time_dial(dial);
    case TEND_TYPE_NUMBER:
        return read_number_dial(search, column_idx, dial);
    case TEND_TYPE_BOOL:
    case TEND_TYPE_TEXT:
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return false;
    }
    return false;
}

/* Cells between whole hours hold values that are not whole hours: the column is no hour of the day.
 */
static bool is_whole(const struct dial *dial, const double *shares)
{
    double inside = 0;
    size_t last = SIZE_MAX;
    for (size_t h = 0; h < 24; h++) {
        if (dial->cell_of[h] != last) {
            inside += shares[dial->cell_of[h]];
        }
        last = dial->cell_of[h];
    }
    return inside > 0.999;
}

/* The cell shares that the reference would have after a turn by k hours. */
static void turn_shares(const struct dial *dial, const double *ref, size_t k, double *out)
{
    for (size_t i = 0; i < dial->cell_count; i++) {
        out[i] = 0;
    }
    for (size_t h = 0; h < 24; h++) {
        out[dial->cell_of[(h + k) % 24]] += ref[dial->cell_of[h]] / dial->hours_in_cell[h];
    }
}

static enum tend_code find_column(struct tend__break_search *search, size_t column_idx,
                                  struct tend_error *err)
{
    struct dial dial = {0};
    double *ref = search->scratch;
    double *cur = ref + search->cell_max + 24;
    double *turned = cur + search->cell_max + 24;
    if (!read_dial(search, column_idx, &dial)) {
        return TEND_OK;
    }
    (void)tend__break_shares(search->ref, column_idx, ref);
    (void)tend__break_shares(search->cur, column_idx, cur);
    if (!is_whole(&dial, ref)) {
        return TEND_OK;
    }
    const double before = tend__break_variation(ref, cur, dial.cell_count);
    const double natural = tend__break_natural(search, column_idx, tend__break_cell_variation);
    const double threshold = tend__break_threshold(search, HOUR_TOLERANCE, natural);
    double after = (double)INFINITY;
    size_t best = 0;
    for (size_t k = 1; k < 24; k++) {
        turn_shares(&dial, ref, k, turned);
        const double distance = tend__break_variation(turned, cur, dial.cell_count);
        if (distance < after) {
            after = distance;
            best = k;
        }
    }
    if (!(before > threshold) || !(after < TEND__EXPLAINED_SHARE * before)) {
        return TEND_OK;
    }
    struct tend__break found = tend__break_make(search, TEND_BREAK_HOUR_SHIFT, column_idx);
    found.shift_hours = best <= 12 ? (int)best : (int)best - 24;
    found.evidence = before / threshold;
    return tend__break_add(search, &found, err);
}

enum tend_code tend__break_find_hours(struct tend__break_search *search, struct tend_error *err)
{
    for (size_t i = 0; i < search->column_count; i++) {
        if (!tend__break_is_explained(search, i) &&
            tend__profile_value_count(search->ref, i) >= TEND__BREAK_VALUES_MIN &&
            tend__profile_value_count(search->cur, i) >= TEND__BREAK_VALUES_MIN) {
            TEND_TRY(find_column(search, i, err));
        }
    }
    return TEND_OK;
}
