/* SPDX-License-Identifier: Apache-2.0 */
/* check_text.c: the result of tend check for a terminal. */
#include "report/check_report.h"

#include "report/column_view.h"
#include "report/contract_report.h"
#include "report/multivariate_report.h"
#include "report/render.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define SHAPES_WIDTH_MIN 100 /* narrower terminals do without shapes */

/* What is printed, how, and where to. */
struct printing {
    const struct tend__check *check;
    const struct tend__text_style *style;
    struct tend__buf *out;
};

static void add_shape(struct tend__table *table, const struct tend__column_view *view,
                      const double *shares, bool utf8)
{
    tend__column_view_shape(view, shares, utf8, tend__table_cell_begin(table, TEND_TINT_PLAIN));
    tend__table_cell_end(table);
}

static void add_verdict(struct tend__table *table, const struct tend__drift_column *drift)
{
    if (drift->drifted) {
        tend__table_cell(table, TEND_TINT_BAD, "drifted");
    } else if (!drift->is_judged) {
        tend__table_cell(table, TEND_TINT_DIM, "not judged");
    } else {
        tend__table_cell(table, TEND_TINT_DIM, "%s", drift->is_sure ? "small" : "same");
    }
}

static void add_means(const struct tend__check *check, size_t idx, struct tend__table *table)
{
    const enum tend_type type = tend__plan_column(tend__profile_plan(check->ref), idx)->type;
    char text[TEND_NUMBER_TEXT_SIZE];
    if (type == TEND_TYPE_NUMBER || type == TEND_TYPE_BOOL) {
        tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                         tend__show_number(tend__profile_mean(check->ref, idx), text));
        tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                         tend__show_number(tend__profile_mean(check->cur, idx), text));
    } else {
        tend__table_cell(table, TEND_TINT_PLAIN, "%s", "");
        tend__table_cell(table, TEND_TINT_PLAIN, "%s", "");
    }
}

static enum tend_code add_column(const struct printing *p, const struct tend__drift_column *drift,
                                 struct tend__table *table, struct tend_error *err)
{
    const size_t idx = drift->column_idx;
    const struct tend__plan_column *plan =
        tend__plan_column(tend__profile_plan(p->check->ref), idx);
    struct tend__column_view view;
    char text[TEND_NUMBER_TEXT_SIZE];
    TEND_TRY(tend__column_view_init(&view, p->check->ref, p->check->cur, idx, err));
    tend__table_cell(table, TEND_TINT_BOLD, "%s", plan->name);
    tend__table_cell(table, TEND_TINT_PLAIN, "%s", tend__column_kind(plan->type));
    add_verdict(table, drift);
    tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                     drift->is_judged ? tend__show_p_value(drift->q_value, text) : "-");
    tend__table_cell(table, TEND_TINT_PLAIN, "%s", tend__show_number(drift->psi, text));
    const double distance = plan->type == TEND_TYPE_NUMBER   ? drift->w1_normalised
                            : plan->type == TEND_TYPE_VECTOR ? drift->mmd
                                                             : drift->js;
    tend__table_cell(table, TEND_TINT_PLAIN, "%s", tend__show_number(distance, text));
    tend__table_cell(table, TEND_TINT_PLAIN, "%s", tend__show_share(drift->null_share_ref, text));
    tend__table_cell(table,
                     drift->null_share_cur > drift->null_share_ref + 0.01 ? TEND_TINT_WARN
                                                                          : TEND_TINT_PLAIN,
                     "%s", tend__show_share(drift->null_share_cur, text));
    add_means(p->check, idx, table);
    if (p->style->width >= SHAPES_WIDTH_MIN) {
        add_shape(table, &view, view.reference, p->style->utf8);
        add_shape(table, &view, view.current, p->style->utf8);
    }
    tend__column_view_deinit(&view);
    return TEND_OK;
}

static enum tend_code print_columns(const struct printing *p, struct tend_error *err)
{
    static const char *const titles[] = {"column",   "kind",     "verdict",   "q",
                                         "psi",      "distance", "nulls ref", "cur",
                                         "mean ref", "cur",      "shape ref", "cur"};
    struct tend__table table;
    enum tend_code code = TEND_OK;
    tend__table_init(&table);
    const size_t title_count =
        p->style->width >= SHAPES_WIDTH_MIN ? TEND_ARRAY_LEN(titles) : TEND_ARRAY_LEN(titles) - 2;
    for (size_t i = 0; i < title_count; i++) {
        tend__table_add_column(&table, titles[i], i > 2 && i < 10);
    }
    for (size_t i = 0; code == TEND_OK && i < p->check->column_count; i++) {
        code = add_column(p, &p->check->drift[i], &table, err);
    }
    if (code == TEND_OK) {
        code = tend__table_code(&table, err);
    }
    if (code == TEND_OK) {
        tend__buf_char(p->out, '\n');
        tend__table_print(&table, p->out, 0, 0, p->style->colours);
    }
    tend__table_deinit(&table);
    return code;
}

static void print_breaks(const struct printing *p)
{
    struct tend__buf *out = p->out;
    char text[TEND_NUMBER_TEXT_SIZE];
    if (p->check->break_count > 0) {
        tend__buf_text(out, "\nbreaks\n");
    }
    for (size_t i = 0; i < p->check->break_count; i++) {
        const struct tend__break *found = &p->check->breaks[i];
        const char *column = tend__check_break_column(p->check, found);
        tend__buf_text(out, "  ");
        tend__tinted(out, TEND_TINT_BAD, p->style->colours, "%-16s",
                     tend__break_kind_text(found->kind));
        tend__buf_printf(out, " %s%s", column, column[0] != '\0' ? ": " : "");
        tend__check_break_words(found, out);
        if (tend__check_break_is_exact(found)) {
            tend__buf_char(out, '\n');
            continue;
        }
        tend__buf_printf(out, "; %s of rows", tend__show_share(found->share, text));
        if (found->since_row > 1 && found->since_us != 0) {
            tend__buf_printf(out, " since %s", tend__show_time(found->since_us, text));
        } else if (found->since_row > 1) {
            tend__buf_printf(out, " since row %" PRIu64, found->since_row);
        }
        tend__buf_printf(out, ", evidence %s times the threshold\n",
                         tend__show_number(found->evidence, text));
    }
    const struct tend__check_replay *replay = &p->check->replay;
    if (replay->row_count > 0) {
        tend__buf_printf(out, "  undone in %zu columns and replayed on %" PRIu64 " rows: ",
                         replay->undone_count, replay->row_count);
        if (isfinite(replay->decisions_changed)) {
            tend__buf_printf(out, "%s of the decisions change, ",
                             tend__show_share(replay->decisions_changed, text));
        }
        tend__buf_printf(out, "scores move by %s on average\n",
                         tend__show_number(replay->score_change, text));
    }
}

static void print_odd(const struct printing *p, uint64_t count, const char *words)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    if (count > 0) {
        tend__buf_text(p->out, "  ");
        tend__tinted(p->out, TEND_TINT_WARN, p->style->colours, "%s %s\n",
                     tend__show_number((double)count, text), words);
    }
}

static void print_rows(const struct printing *p)
{
    const struct tend__check_rows *rows = &p->check->rows;
    if (rows->duplicate_count + rows->future_count + rows->disorder_count == 0) {
        return;
    }
    tend__buf_text(p->out, "\nodd rows\n");
    print_odd(p, rows->duplicate_count, "with an id that came before");
    print_odd(p, rows->future_count, "later than this machine's clock");
    print_odd(p, rows->disorder_count, "earlier than the row before them");
}

static void print_realised(const struct printing *p, const char *label,
                           const struct tend__check_realised *realised)
{
    struct tend__buf *out = p->out;
    char text[4][TEND_NUMBER_TEXT_SIZE];
    if (realised->row_count == 0 && realised->failed_count > 0) {
        tend__buf_printf(out, "  %-22s no row has a value: it fails on %s rows\n", label,
                         tend__show_number((double)realised->failed_count, text[0]));
        return;
    }
    if (realised->row_count == 0) {
        tend__buf_printf(out, "  %-22s no outcome is known\n", label);
        return;
    }
    tend__buf_printf(out, "  %-22s %s", label, tend__show_money(realised->per_row, text[0]));
    if (isfinite(realised->low)) {
        tend__buf_printf(out, "   (90%% interval %s to %s)",
                         tend__show_money(realised->low, text[1]),
                         tend__show_money(realised->high, text[2]));
    }
    tend__buf_printf(out, "   %s rows", tend__show_number((double)realised->row_count, text[3]));
    if (realised->failed_count > 0) {
        tend__buf_printf(out, ", and it fails on %s",
                         tend__show_number((double)realised->failed_count, text[0]));
    }
    tend__buf_char(out, '\n');
}

static void print_value(const struct printing *p)
{
    const struct tend__check_value *value = &p->check->value;
    struct tend__buf *out = p->out;
    char text[3][TEND_NUMBER_TEXT_SIZE];
    if (!value->is_there) {
        return;
    }
    tend__buf_printf(out, "\nvalue a row, %s\n", value->unit);
    print_realised(p, "reference, realised", &value->reference);
    print_realised(p, "current, realised", &value->current);
    if (value->is_estimated) {
        tend__buf_printf(out, "  %-22s %s", "current, estimated",
                         tend__show_money(value->estimated_per_row, text[0]));
        if (isfinite(value->estimated_low)) {
            tend__buf_printf(out, "   (90%% interval %s to %s)",
                             tend__show_money(value->estimated_low, text[1]),
                             tend__show_money(value->estimated_high, text[2]));
        }
        tend__buf_printf(out, "   %s\n", tend__value_state_text(value->state));
    } else if (value->why_not[0] != '\0') {
        tend__buf_printf(out, "  %s\n", value->why_not);
    }
}

enum tend_code tend__check_text(const struct tend__check *check,
                                const struct tend__text_style *style, struct tend__buf *out,
                                struct tend_error *err)
{
    static const enum tend__tint tints[] = {[TEND_VERDICT_OK] = TEND_TINT_GOOD,
                                            [TEND_VERDICT_DRIFT] = TEND_TINT_WARN,
                                            [TEND_VERDICT_BREAK] = TEND_TINT_BAD,
                                            [TEND_VERDICT_VIOLATION] = TEND_TINT_BAD};
    const struct printing p = {.check = check, .style = style, .out = out};
    char text[2][TEND_NUMBER_TEXT_SIZE];
    tend__tinted(out, tints[check->verdict], style->colours, "%s",
                 tend__verdict_text(check->verdict));
    tend__buf_printf(out, ": %s (%s rows) against %s (%s rows): ", check->cur_name,
                     tend__show_number((double)tend__profile_row_count(check->cur), text[0]),
                     check->ref_name,
                     tend__show_number((double)tend__profile_row_count(check->ref), text[1]));
    tend__buf_printf(out, "%zu of %zu columns drifted, %zu break%s\n", check->drifted_count,
                     check->column_count, check->break_count, check->break_count == 1 ? "" : "s");
    print_breaks(&p);
    TEND_TRY(tend__contract_text(&check->contract, style, out, err));
    print_rows(&p);
    TEND_TRY(print_columns(&p, err));
    tend__multivariate_text(check, style, out);
    print_value(&p);
    return tend__buf_code(out, err);
}
