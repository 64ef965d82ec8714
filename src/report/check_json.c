/* SPDX-License-Identifier: Apache-2.0 */
/* check_json.c: the document tend.check/1 (docs/check-json.md), and a break in words. */
#include "report/check_report.h"

#include "base/json_write.h"
#include "report/column_view.h"
#include "report/contract_report.h"
#include "report/multivariate_report.h"
#include "report/profile_text.h"
#include "report/render.h"

#include <math.h>
#include <stdio.h>

/* ---- breaks ---- */

static void write_unit_words(const struct tend__break *found, struct tend__buf *out)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__buf_printf(out, "values are %s times what they were",
                     tend__show_number(found->factor, text));
    if (fabs(found->offset) > 0) {
        tend__buf_printf(out, " plus %s", tend__show_number(found->offset, text));
    }
    if (found->from[0] != '\0') {
        tend__buf_printf(out, " (%s to %s)", found->from, found->to);
    }
}

static void write_label_words(const struct tend__break *found, struct tend__buf *out)
{
    tend__buf_printf(out, "outcomes are broken: %s", found->to);
    if (found->from[0] != '\0') {
        tend__buf_printf(out, " ('%s' does not come any more)", found->from);
    }
}

void tend__check_break_words(const struct tend__break *found, struct tend__buf *out)
{
    switch (found->kind) {
    case TEND_BREAK_UNIT_CHANGE:
        write_unit_words(found, out);
        return;
    case TEND_BREAK_SIGN_FLIP:
        tend__buf_text(out, "values have the opposite sign");
        return;
    case TEND_BREAK_HOUR_SHIFT:
        tend__buf_printf(out, "hours are shifted by %+d", found->shift_hours);
        return;
    case TEND_BREAK_NULL_SPIKE:
        tend__buf_text(out, "values are missing that were there");
        return;
    case TEND_BREAK_DEFAULT_FILL:
        tend__buf_printf(out, "the value %s stands where others stood", found->to);
        return;
    case TEND_BREAK_CATEGORY_RENAME:
    case TEND_BREAK_CATEGORY_CASE:
    case TEND_BREAK_CATEGORY_MERGE:
        if (found->to[0] == '\0') {
            tend__buf_printf(out, "'%s' is gone, and another name has come", found->from);
            return;
        }
        tend__buf_printf(out, "'%s' is now '%s'", found->from, found->to);
        return;
    case TEND_BREAK_MISSING_ROWS:
        tend__buf_text(out, "fewer rows came than usual");
        return;
    case TEND_BREAK_NEW_COLUMN:
        tend__buf_printf(out, "a column that the reference has not");
        return;
    case TEND_BREAK_MISSING_COLUMN:
        tend__buf_text(out, "the column is not there");
        return;
    case TEND_BREAK_TYPE_CHANGE:
        tend__buf_printf(out, "was %s, is %s", found->from, found->to);
        return;
    case TEND_BREAK_JOIN_FAILURE:
        tend__buf_printf(out,
                         "%zu columns are missing in the same rows, as when a join finds nothing",
                         found->column_count);
        return;
    case TEND_BREAK_STUCK:
        tend__buf_printf(out, "every value is %s", found->to);
        return;
    case TEND_BREAK_DUPLICATE_ROWS:
        tend__buf_text(out, "rows came more than once");
        return;
    case TEND_BREAK_CLIPPING:
        tend__buf_printf(out, "values are cut off at %s", found->to);
        return;
    case TEND_BREAK_ROUNDING:
        tend__buf_printf(out, "values are rounded to multiples of %s", found->to);
        return;
    case TEND_BREAK_COLUMN_SWAP:
        tend__buf_printf(out, "has changed places with %s", found->to);
        return;
    case TEND_BREAK_LABEL_BREAK:
        write_label_words(found, out);
        return;
    case TEND_BREAK_KIND_COUNT:
        tend__buf_text(out, tend__break_kind_text(found->kind));
        return;
    }
}

static void write_detail(const struct tend__break *found, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "detail");
    tend__jsonw_object_begin(w);
    if (found->kind == TEND_BREAK_UNIT_CHANGE) {
        tend__jsonw_member_number(w, "factor", found->factor);
        tend__jsonw_member_number(w, "offset", found->offset);
    }
    if (found->kind == TEND_BREAK_HOUR_SHIFT) {
        tend__jsonw_member_int(w, "hours", found->shift_hours);
    }
    if (found->from[0] != '\0') {
        tend__jsonw_member_text(w, "from", found->from);
    }
    if (found->to[0] != '\0') {
        tend__jsonw_member_text(w, "to", found->to);
    }
    tend__jsonw_object_end(w);
}

/* How rows become what they would have been. */
static void write_undo(const struct tend__break *found, struct tend__json_writer *w)
{
    char text[3 * TEND_BREAK_TEXT_SIZE];
    tend__jsonw_key(w, "undo");
    if (!tend__break_is_undoable(found)) {
        tend__jsonw_null(w);
        return;
    }
    if (found->kind == TEND_BREAK_UNIT_CHANGE || found->kind == TEND_BREAK_SIGN_FLIP) {
        (void)snprintf(text, sizeof(text), "(x - %.9g) / %.9g", found->offset, found->factor);
    } else if (found->kind == TEND_BREAK_HOUR_SHIFT) {
        (void)snprintf(text, sizeof(text), "%+d hours", -found->shift_hours);
    } else if (found->kind == TEND_BREAK_DEFAULT_FILL) {
        (void)snprintf(text, sizeof(text), "'%s' to null", found->to);
    } else {
        (void)snprintf(text, sizeof(text), "'%s' to '%s'", found->to, found->from);
    }
    tend__jsonw_text(w, text);
}

static void write_break(const struct tend__check *check, const struct tend__break *found,
                        struct tend__json_writer *w)
{
    const char *column = tend__check_break_column(check, found);
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "kind", tend__break_kind_text(found->kind));
    tend__jsonw_key(w, "columns");
    tend__jsonw_array_begin(w);
    if (column[0] != '\0') {
        tend__jsonw_text(w, column);
    }
    for (size_t i = 1; i < found->column_count; i++) {
        tend__jsonw_text(
            w, tend__plan_column(tend__profile_plan(check->ref), found->columns[i])->name);
    }
    if (found->other_column_idx != TEND_BREAK_NO_COLUMN) {
        tend__jsonw_text(
            w, tend__plan_column(tend__profile_plan(check->ref), found->other_column_idx)->name);
    }
    tend__jsonw_array_end(w);
    write_detail(found, w);
    tend__jsonw_key(w, "since");
    if (found->since_us != 0) {
        tend__jsonw_time(w, found->since_us);
    } else {
        tend__jsonw_null(w);
    }
    tend__jsonw_key(w, "since_row");
    if (found->since_row != 0) {
        tend__jsonw_uint(w, found->since_row);
    } else {
        tend__jsonw_null(w);
    }
    tend__jsonw_member_number(w, "share", found->share);
    tend__jsonw_member_number(w, "evidence", found->evidence);
    write_undo(found, w);
    tend__jsonw_object_end(w);
}

/* ---- columns ---- */

static void write_column(const struct tend__check *check, const struct tend__drift_column *drift,
                         struct tend__json_writer *w)
{
    const struct tend__plan_column *plan =
        tend__plan_column(tend__profile_plan(check->ref), drift->column_idx);
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "name", plan->name);
    tend__jsonw_member_text(w, "kind", tend__column_kind(plan->type));
    tend__jsonw_member_bool(w, "judged", drift->is_judged);
    tend__jsonw_member_bool(w, "drifted", drift->drifted);
    tend__jsonw_member_number(w, "p_value", drift->p_value);
    tend__jsonw_member_number(w, "q_value", drift->q_value);
    tend__jsonw_member_number(w, "effect", drift->effect);
    tend__jsonw_member_number(w, "tolerance", drift->tolerance);
    tend__jsonw_member_number(w, "threshold", drift->threshold);
    tend__jsonw_member_number(w, "psi", drift->psi);
    tend__jsonw_member_number(w, "ks", drift->ks);
    tend__jsonw_member_number(w, "w1", drift->w1);
    tend__jsonw_member_number(w, "w1_normalised", drift->w1_normalised);
    tend__jsonw_member_number(w, "js", drift->js);
    tend__jsonw_member_number(w, "hellinger", drift->hellinger);
    tend__jsonw_member_number(w, "l_inf", drift->l_inf);
    tend__jsonw_member_number(w, "chi2", drift->chi2);
    tend__jsonw_member_number(w, "mmd", drift->mmd);
    tend__jsonw_key(w, "reference");
    tend__profile_column_json(check->ref, drift->column_idx, w);
    tend__jsonw_key(w, "current");
    tend__profile_column_json(check->cur, drift->column_idx, w);
    tend__jsonw_object_end(w);
}

/* ---- value ---- */

static void write_realised(const char *key, const struct tend__check_realised *realised,
                           struct tend__json_writer *w)
{
    tend__jsonw_key(w, key);
    if (realised->row_count == 0) {
        tend__jsonw_null(w);
        return;
    }
    tend__jsonw_object_begin(w);
    tend__jsonw_member_number(w, "per_row", realised->per_row);
    tend__jsonw_member_number(w, "low", realised->low);
    tend__jsonw_member_number(w, "high", realised->high);
    tend__jsonw_member_uint(w, "rows", realised->row_count);
    tend__jsonw_object_end(w);
}

static void write_value(const struct tend__check *check, struct tend__json_writer *w)
{
    const struct tend__check_value *value = &check->value;
    tend__jsonw_key(w, "value");
    if (!value->is_there) {
        tend__jsonw_null(w);
        return;
    }
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "unit", value->unit);
    tend__jsonw_key(w, "estimated");
    if (value->is_estimated) {
        tend__jsonw_object_begin(w);
        tend__jsonw_member_number(w, "per_row", value->estimated_per_row);
        tend__jsonw_member_number(w, "low", value->estimated_low);
        tend__jsonw_member_number(w, "high", value->estimated_high);
        tend__jsonw_member_text(w, "status", tend__value_state_text(value->state));
        tend__jsonw_member_uint(w, "windows", value->window_count);
        tend__jsonw_object_end(w);
    } else {
        tend__jsonw_null(w);
    }
    write_realised("realised", &value->current, w);
    write_realised("reference", &value->reference, w);
    tend__jsonw_object_end(w);
}

static void write_replay(const struct tend__check_replay *replay, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "replay");
    if (replay->row_count == 0) {
        tend__jsonw_null(w);
        return;
    }
    tend__jsonw_object_begin(w);
    tend__jsonw_member_uint(w, "rows", replay->row_count);
    tend__jsonw_member_uint(w, "columns_undone", replay->undone_count);
    tend__jsonw_member_number(w, "score_change", replay->score_change);
    tend__jsonw_member_number(w, "decisions_changed", replay->decisions_changed);
    tend__jsonw_object_end(w);
}

static void write_reference(const struct tend__check *check, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "reference");
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "data", check->ref_name);
    tend__jsonw_member_bool(w, "profile", check->ref_is_profile);
    tend__jsonw_member_uint(w, "rows", tend__profile_row_count(check->ref));
    tend__jsonw_object_end(w);
}

static void write_known(struct tend__json_writer *w, const char *key, bool is_known, uint64_t count)
{
    tend__jsonw_key(w, key);
    if (is_known) {
        tend__jsonw_uint(w, count);
    } else {
        tend__jsonw_null(w);
    }
}

static void write_current(const struct tend__check *check, struct tend__json_writer *w)
{
    const struct tend__check_rows *rows = &check->rows;
    tend__jsonw_key(w, "current");
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "data", check->cur_name);
    tend__jsonw_member_bool(w, "profile", check->cur_is_profile);
    tend__jsonw_member_uint(w, "rows", tend__profile_row_count(check->cur));
    write_known(w, "duplicates", rows->ids_are_known, rows->duplicate_count);
    write_known(w, "future", rows->times_are_known, rows->future_count);
    write_known(w, "out_of_order", rows->times_are_known, rows->disorder_count);
    tend__jsonw_object_end(w);
}

void tend__check_json(const struct tend__check *check, struct tend__buf *out)
{
    struct tend__json_writer w;
    tend__jsonw_init(&w, out, true);
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_text(&w, "schema", "tend.check/1");
    tend__jsonw_member_text(&w, "verdict", tend__verdict_text(check->verdict));
    tend__jsonw_member_text(&w, "config_hash",
                            check->config_hash[0] != '\0' ? check->config_hash : NULL);
    write_reference(check, &w);
    write_current(check, &w);
    tend__jsonw_member_uint(&w, "history_windows", check->history_count);
    tend__jsonw_key(&w, "columns");
    tend__jsonw_array_begin(&w);
    for (size_t i = 0; i < check->column_count; i++) {
        write_column(check, &check->drift[i], &w);
    }
    tend__jsonw_array_end(&w);
    tend__jsonw_key(&w, "breaks");
    tend__jsonw_array_begin(&w);
    for (size_t i = 0; i < check->break_count; i++) {
        write_break(check, &check->breaks[i], &w);
    }
    tend__jsonw_array_end(&w);
    tend__multivariate_json(check, &w);
    write_replay(&check->replay, &w);
    tend__contract_json(&check->contract, &w);
    write_value(check, &w);
    if (check->value.why_not[0] != '\0') {
        tend__jsonw_member_text(&w, "value_note", check->value.why_not);
    }
    tend__jsonw_object_end(&w);
}
