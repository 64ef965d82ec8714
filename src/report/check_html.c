/* SPDX-License-Identifier: Apache-2.0 */
/* check_html.c: the result of tend check as a page. */
#include "report/check_report.h"

#include "report/column_view.h"
#include "report/html.h"
#include "report/multivariate_report.h"
#include "report/svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CARD_MAX 200

static void add_tiles(const struct tend__check *check, struct tend__buf *page)
{
    static const enum tend__tint tints[] = {[TEND_VERDICT_OK] = TEND_TINT_GOOD,
                                            [TEND_VERDICT_DRIFT] = TEND_TINT_WARN,
                                            [TEND_VERDICT_BREAK] = TEND_TINT_BAD,
                                            [TEND_VERDICT_VIOLATION] = TEND_TINT_BAD};
    static const char *const remarks[] = {[TEND_VERDICT_OK] = "nothing changed that matters",
                                          [TEND_VERDICT_DRIFT] = "distributions changed",
                                          [TEND_VERDICT_BREAK] = "upstream data broke",
                                          [TEND_VERDICT_VIOLATION] = "the contract is violated"};
    char figure[TEND_NUMBER_TEXT_SIZE];
    char number[TEND_NUMBER_TEXT_SIZE];
    char remark[128];
    tend__html_tiles_begin(page);
    tend__html_tile(page, tints[check->verdict], "verdict", tend__verdict_text(check->verdict),
                    remarks[check->verdict]);
    (void)snprintf(figure, sizeof(figure), "%zu of %zu", check->drifted_count, check->column_count);
    tend__html_tile(page, check->drifted_count > 0 ? TEND_TINT_WARN : TEND_TINT_PLAIN,
                    "columns drifted", figure, "sure (q) and large (distance)");
    (void)snprintf(figure, sizeof(figure), "%zu", check->break_count);
    tend__html_tile(page, check->break_count > 0 ? TEND_TINT_BAD : TEND_TINT_PLAIN, "data breaks",
                    figure, "changes by a rule, which can be named");
    (void)snprintf(remark, sizeof(remark), "reference: %s",
                   tend__show_number((double)tend__profile_row_count(check->ref), number));
    tend__html_tile(page, TEND_TINT_PLAIN, "rows",
                    tend__show_number((double)tend__profile_row_count(check->cur), figure), remark);
    if (check->value.is_there && check->value.current.row_count > 0) {
        (void)snprintf(remark, sizeof(remark), "%s a row, realised; reference %s",
                       check->value.unit, tend__show_money(check->value.reference.per_row, number));
        tend__html_tile(page, TEND_TINT_PLAIN, "value",
                        tend__show_money(check->value.current.per_row, figure), remark);
    }
    if (check->value.is_estimated) {
        (void)snprintf(remark, sizeof(remark), "%s a row, before outcomes; %s", check->value.unit,
                       tend__value_state_text(check->value.state));
        tend__html_tile(page, TEND_TINT_PLAIN, "estimated value",
                        tend__show_money(check->value.estimated_per_row, figure), remark);
    }
    tend__html_tiles_end(page);
}

static void add_breaks(const struct tend__check *check, struct tend__buf *page)
{
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    if (check->break_count == 0) {
        return;
    }
    tend__table_init(&table);
    tend__table_add_column(&table, "break", false);
    tend__table_add_column(&table, "column", false);
    tend__table_add_column(&table, "what", false);
    tend__table_add_column(&table, "rows", true);
    tend__table_add_column(&table, "evidence", true);
    tend__table_add_column(&table, "since", false);
    for (size_t i = 0; i < check->break_count; i++) {
        const struct tend__break *found = &check->breaks[i];
        tend__table_cell(&table, TEND_TINT_BAD, "%s", tend__break_kind_text(found->kind));
        tend__table_cell(&table, TEND_TINT_BOLD, "%s", tend__check_break_column(check, found));
        tend__check_break_words(found, tend__table_cell_begin(&table, TEND_TINT_PLAIN));
        tend__table_cell_end(&table);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_share(found->share, text));
        tend__table_cell(
            &table, TEND_TINT_PLAIN, "%s",
            tend__check_break_is_exact(found) ? "exact" : tend__show_number(found->evidence, text));
        if (found->since_us != 0 || found->since_row == 0) {
            tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                             found->since_us != 0 ? tend__show_time(found->since_us, text) : "");
        } else {
            tend__table_cell(&table, TEND_TINT_PLAIN, "row %" PRIu64, found->since_row);
        }
    }
    tend__html_heading(page, 2, "Data breaks");
    tend__html_table(page, &table, "Evidence is in multiples of the rule's threshold.");
    tend__table_deinit(&table);
}

/* Drifted columns first, by effect; then the others as they come. */
static void sort_columns(const struct tend__check *check, size_t *order)
{
    size_t count = 0;
    for (size_t i = 0; i < check->column_count; i++) {
        const struct tend__drift_column *drift = &check->drift[i];
        size_t at = count++;
        while (at > 0) {
            const struct tend__drift_column *before = &check->drift[order[at - 1]];
            const bool is_first =
                drift->drifted && (!before->drifted || drift->effect / drift->tolerance >
                                                           before->effect / before->tolerance);
            if (!is_first) {
                break;
            }
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

static enum tend_code add_card(const struct tend__check *check,
                               const struct tend__drift_column *drift, struct tend__buf *page,
                               struct tend_error *err)
{
    const struct tend__plan_column *plan =
        tend__plan_column(tend__profile_plan(check->ref), drift->column_idx);
    struct tend__column_view view;
    char desc[512];
    char text[6][TEND_NUMBER_TEXT_SIZE];
    const char *badge = drift->drifted ? "drifted" : drift->is_judged ? "same" : "not judged";
    TEND_TRY(tend__column_view_init(&view, check->ref, check->cur, drift->column_idx, err));
    (void)snprintf(desc, sizeof(desc), "q %s, PSI %s, effect %s (line at %s); nulls %s, were %s.",
                   drift->is_judged ? tend__show_p_value(drift->q_value, text[0]) : "-",
                   tend__show_number(drift->psi, text[1]),
                   tend__show_number(drift->effect, text[2]),
                   tend__show_number(drift->threshold, text[3]),
                   tend__show_share(drift->null_share_cur, text[4]),
                   tend__show_share(drift->null_share_ref, text[5]));
    const struct tend__chart chart = {.title = plan->name, .desc = desc, .is_card = true};
    tend__html_card_begin(page, plan->name, badge, drift->drifted ? TEND_TINT_BAD : TEND_TINT_DIM);
    if (plan->type == TEND_TYPE_VECTOR) {
        tend__html_paragraph(page, TEND_TINT_DIM,
                             "Vectors of %u numbers. MMD %s; their mean moved by %s standard "
                             "deviations of the kernel's features, %s are tolerated; q %s.",
                             plan->dim, tend__show_number(drift->mmd, text[0]),
                             tend__show_number(drift->effect, text[1]),
                             tend__show_number(drift->tolerance, text[2]),
                             drift->is_judged ? tend__show_p_value(drift->q_value, text[3]) : "-");
    } else if (view.count == 0) {
        tend__html_paragraph(page, TEND_TINT_DIM, "The reference has no value here.");
    } else if (view.is_ordered) {
        tend__svg_histogram(page, &chart, view.labels, view.reference, view.current, view.count);
    } else {
        tend__svg_categories(page, &chart, view.labels, view.reference, view.current, view.count);
    }
    tend__html_card_end(page);
    tend__column_view_deinit(&view);
    return TEND_OK;
}

static void add_table(const struct tend__check *check, struct tend__buf *page)
{
    static const char *const titles[] = {"column", "q",         "effect",     "line",
                                         "PSI",    "KS",        "W1",         "W1/sd",
                                         "JS",     "Hellinger", "L-infinity", "chi-squared"};
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__table_init(&table);
    for (size_t i = 0; i < TEND_ARRAY_LEN(titles); i++) {
        tend__table_add_column(&table, titles[i], i > 0);
    }
    for (size_t i = 0; i < check->column_count; i++) {
        const struct tend__drift_column *d = &check->drift[i];
        const double numbers[] = {d->effect,        d->threshold, d->psi,       d->ks,    d->w1,
                                  d->w1_normalised, d->js,        d->hellinger, d->l_inf, d->chi2};
        tend__table_cell(&table, d->drifted ? TEND_TINT_BAD : TEND_TINT_PLAIN, "%s",
                         tend__plan_column(tend__profile_plan(check->ref), d->column_idx)->name);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         d->is_judged ? tend__show_p_value(d->q_value, text) : "-");
        for (size_t k = 0; k < TEND_ARRAY_LEN(numbers); k++) {
            tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_number(numbers[k], text));
        }
    }
    tend__html_heading(page, 2, "All distances");
    tend__html_table(page, &table, "All from the same counts at the reference's cut points.");
    tend__table_deinit(&table);
}

static enum tend_code add_cards(const struct tend__check *check, struct tend__buf *page,
                                struct tend_error *err)
{
    size_t order[CARD_MAX * 4];
    struct tend__check limited = *check;
    limited.column_count =
        check->column_count < TEND_ARRAY_LEN(order) ? check->column_count : TEND_ARRAY_LEN(order);
    sort_columns(&limited, order);
    const size_t count = limited.column_count < CARD_MAX ? limited.column_count : CARD_MAX;
    tend__html_heading(page, 2, "Columns");
    if (count < check->column_count) {
        tend__html_paragraph(page, TEND_TINT_DIM,
                             "The first %zu of %zu columns, drifted ones first.", count,
                             check->column_count);
    }
    tend__html_cards_begin(page);
    for (size_t i = 0; i < count; i++) {
        TEND_TRY(add_card(check, &check->drift[order[i]], page, err));
    }
    tend__html_cards_end(page);
    return TEND_OK;
}

enum tend_code tend__check_html(const struct tend__check *check, struct tend__buf *page,
                                struct tend_error *err)
{
    char subtitle[1024];
    (void)snprintf(subtitle, sizeof(subtitle), "%.400s compared with the reference %.400s",
                   check->cur_name, check->ref_name);
    tend__html_begin(page, "tend check", subtitle);
    add_tiles(check, page);
    if (check->value.why_not[0] != '\0') {
        tend__html_paragraph(page, TEND_TINT_DIM, "Value: %s.", check->value.why_not);
    }
    add_breaks(check, page);
    tend__multivariate_html(check, page);
    TEND_TRY(add_cards(check, page, err));
    add_table(check, page);
    tend__html_end(page, "Written by tend " TEND_VERSION
                         ". Feature drift never pages anybody: it explains.");
    return tend__buf_code(page, err);
}
