/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_html.c: the result of tend check as the one page that is sent to a colleague: what matters
 * first, in sentences; then breaks with what to do, the contract, the columns, all numbers.
 *
 * A thousand columns open at once: each is one light drawing of two paths (svg_pair.c), cards out
 * of sight are not laid out (content-visibility), and large tables stand behind folds. Columns that
 * drifted, up to FULL_MAX of them, have the large chart with its numbers.
 */
#include "report/check_report.h"

#include "base/mem.h"
#include "report/check_words.h"
#include "report/column_view.h"
#include "report/contract_report.h"
#include "report/html.h"
#include "report/multivariate_report.h"
#include "report/svg.h"
#include "report/svg_pair.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FULL_MAX 40
#define LIST_MAX 8
#define WORDS_MAX ((size_t)1 << 14)

static const char *name_of(const struct tend__check *check, size_t column_idx)
{
    return tend__plan_column(tend__profile_plan(check->ref), column_idx)->name;
}

/* ---- order ---- */

struct ranked {
    size_t idx; /* of check->drift */
    int group;  /* 0 broken, 1 drifted, 2 judged, 3 not judged */
    double size;
};

static int compare_ranked(const void *a, const void *b)
{
    struct ranked x;
    struct ranked y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    if (x.group != y.group) {
        return x.group - y.group;
    }
    if (x.size > y.size || x.size < y.size) {
        return x.size > y.size ? -1 : 1;
    }
    return (x.idx > y.idx) - (x.idx < y.idx);
}

static bool is_broken(const struct tend__check *check, size_t column_idx)
{
    for (size_t i = 0; i < check->break_count; i++) {
        if (check->breaks[i].column_idx == column_idx ||
            check->breaks[i].other_column_idx == column_idx) {
            return true;
        }
    }
    return false;
}

/* What matters first: columns that broke, then drifted ones by how far they are above their
 * tolerance. */
static enum tend_code rank_columns(const struct tend__check *check, struct ranked **out,
                                   struct tend_error *err)
{
    struct ranked *ranked = NULL;
    TEND_TRY(tend__mem_new(check->column_count, sizeof(*ranked), &ranked, err));
    for (size_t i = 0; i < check->column_count; i++) {
        const struct tend__drift_column *drift = &check->drift[i];
        const double size = drift->effect / drift->tolerance;
        ranked[i] = (struct ranked){.idx = i, .group = drift->is_judged ? 2 : 3};
        ranked[i].size = isfinite(size) ? size : 0;
        if (drift->drifted) {
            ranked[i].group = 1;
        }
        if (is_broken(check, drift->column_idx)) {
            ranked[i].group = 0;
        }
    }
    qsort(ranked, check->column_count, sizeof(*ranked), compare_ranked);
    *out = ranked;
    return TEND_OK;
}

/* ---- summary ---- */

static void add_item(struct tend__buf *page, struct tend__buf *words, enum tend__tint tint,
                     const char *head)
{
    tend__html_item(page, tint, head, tend__buf_str(words));
    tend__buf_reset(words);
}

static void say_breaks(const struct tend__check *check, struct tend__buf *page,
                       struct tend__buf *words)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < check->break_count && i < LIST_MAX; i++) {
        const struct tend__break *found = &check->breaks[i];
        const char *column = tend__check_break_column(check, found);
        tend__buf_printf(words, "%s%s", column, column[0] != '\0' ? ": " : "");
        tend__check_break_words(found, words);
        if (!tend__check_break_is_exact(found)) {
            tend__buf_printf(words, ", in %s of the rows", tend__show_share(found->share, text));
        }
        if (found->since_us != 0) {
            tend__buf_printf(words, ", since %s", tend__show_time(found->since_us, text));
        }
        tend__buf_char(words, '.');
        add_item(page, words, TEND_TINT_BAD, "Upstream data broke.");
    }
    if (check->break_count > LIST_MAX) {
        tend__buf_printf(words, "%zu more are listed below.", check->break_count - LIST_MAX);
        add_item(page, words, TEND_TINT_BAD, "More breaks.");
    }
}

static void say_contract(const struct tend__check *check, struct tend__buf *page,
                         struct tend__buf *words)
{
    const struct tend__contract_outcome *contract = &check->contract;
    if (!contract->is_there) {
        return;
    }
    if (contract->violated_count > 0) {
        tend__buf_printf(words, "%zu of the %zu conditions of %s do not hold.",
                         contract->violated_count, contract->count, contract->source);
        add_item(page, words, TEND_TINT_BAD, "The contract is violated.");
    } else {
        tend__buf_printf(words, "All %zu conditions of %s hold.", contract->count,
                         contract->source);
        add_item(page, words, TEND_TINT_GOOD, "The contract is kept.");
    }
}

static void say_drift(const struct tend__check *check, const struct ranked *ranked,
                      struct tend__buf *page, struct tend__buf *words)
{
    size_t listed = 0;
    if (check->drifted_count == 0) {
        tend__buf_printf(words,
                         "No difference in the %zu columns is both sure and above its tolerance.",
                         check->column_count);
        add_item(page, words, TEND_TINT_GOOD, "No column drifted.");
        return;
    }
    tend__buf_printf(words, "%zu of %zu: ", check->drifted_count, check->column_count);
    for (size_t i = 0; i < check->column_count && listed < LIST_MAX; i++) {
        const struct tend__drift_column *drift = &check->drift[ranked[i].idx];
        if (drift->drifted) {
            tend__buf_printf(words, "%s%.80s ", listed > 0 ? "; " : "",
                             name_of(check, drift->column_idx));
            tend__drift_short_words(check, drift, words);
            listed++;
        }
    }
    if (check->drifted_count > listed) {
        tend__buf_printf(words, "; and %zu more", check->drifted_count - listed);
    }
    tend__buf_char(words, '.');
    add_item(page, words, TEND_TINT_WARN, "Columns drifted.");
}

/* What no single column shows. */
static void say_whole_rows(const struct tend__check *check, struct tend__buf *page,
                           struct tend__buf *words)
{
    if (check->domain_test.drifted || check->pca_test.drifted) {
        tend__buf_printf(words, "%s tell%s current rows from those of the reference; see below.",
                         check->domain_test.drifted && check->pca_test.drifted
                             ? "A classifier and the directions of the columns"
                         : check->domain_test.drifted ? "A classifier"
                                                      : "The directions of the columns",
                         check->domain_test.drifted != check->pca_test.drifted &&
                                 check->domain_test.drifted
                             ? "s"
                             : "");
        add_item(page, words, TEND_TINT_WARN, "Whole rows changed.");
    }
}

static void say_rows(const struct tend__check *check, struct tend__buf *page,
                     struct tend__buf *words)
{
    const struct tend__check_rows *rows = &check->rows;
    const uint64_t counts[] = {rows->duplicate_count, rows->future_count, rows->disorder_count};
    static const char *const what[] = {"have an id that came before",
                                       "are later than this machine's clock",
                                       "are earlier than the row before them"};
    char text[TEND_NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < TEND_ARRAY_LEN(counts); i++) {
        if (counts[i] > 0) {
            tend__buf_printf(words, "%s%s %s", words->len > 0 ? "; " : "",
                             tend__show_number((double)counts[i], text), what[i]);
        }
    }
    if (words->len > 0) {
        tend__buf_char(words, '.');
        add_item(page, words, TEND_TINT_WARN, "Odd rows.");
    }
}

static void add_money(struct tend__buf *words, double per_row, double low, double high)
{
    char text[3][TEND_NUMBER_TEXT_SIZE];
    tend__buf_text(words, tend__show_money(per_row, text[0]));
    if (isfinite(low) && isfinite(high)) {
        tend__buf_printf(words, " (90%% interval %s to %s)", tend__show_money(low, text[1]),
                         tend__show_money(high, text[2]));
    }
}

static void say_value(const struct tend__check *check, struct tend__buf *page,
                      struct tend__buf *words)
{
    const struct tend__check_value *value = &check->value;
    if (value->is_there && value->current.row_count > 0) {
        tend__buf_printf(words, "realised ");
        add_money(words, value->current.per_row, value->current.low, value->current.high);
        tend__buf_printf(words, " %s a row", value->unit);
        if (value->reference.row_count > 0) {
            tend__buf_text(words, "; the reference earned ");
            add_money(words, value->reference.per_row, value->reference.low, value->reference.high);
        }
    }
    if (value->is_there && value->is_estimated) {
        tend__buf_text(words, words->len > 0 ? "; estimated before outcomes " : "estimated ");
        add_money(words, value->estimated_per_row, value->estimated_low, value->estimated_high);
        tend__buf_printf(words, ", which is %s", tend__value_state_text(value->state));
    }
    if (words->len == 0 && value->why_not[0] != '\0') {
        tend__buf_printf(words, "left out: %s", value->why_not);
    }
    if (words->len > 0) {
        tend__buf_char(words, '.');
        add_item(page, words, TEND_TINT_BOLD, "Value:");
    }
}

static void add_summary(const struct tend__check *check, const struct ranked *ranked,
                        struct tend__buf *page)
{
    struct tend__buf words;
    tend__buf_init(&words, WORDS_MAX);
    tend__html_list_begin(page, "Summary");
    say_breaks(check, page, &words);
    say_contract(check, page, &words);
    say_drift(check, ranked, page, &words);
    say_whole_rows(check, page, &words);
    say_rows(check, page, &words);
    say_value(check, page, &words);
    tend__html_list_end(page);
    tend__buf_deinit(&words);
}

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
    (void)snprintf(figure, sizeof(figure), "%zu", check->break_count);
    tend__html_tile(page, check->break_count > 0 ? TEND_TINT_BAD : TEND_TINT_PLAIN, "data breaks",
                    figure, "changes by a rule that can be named");
    if (check->contract.is_there) {
        const size_t count = check->contract.violated_count;
        (void)snprintf(figure, sizeof(figure), "%zu of %zu", count, check->contract.count);
        tend__html_tile(page, count > 0 ? TEND_TINT_BAD : TEND_TINT_PLAIN, "conditions violated",
                        figure, "of the contract");
    }
    (void)snprintf(figure, sizeof(figure), "%zu of %zu", check->drifted_count, check->column_count);
    tend__html_tile(page, check->drifted_count > 0 ? TEND_TINT_WARN : TEND_TINT_PLAIN,
                    "columns drifted", figure, "sure (q) and large (distance)");
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
    tend__html_tiles_end(page);
}

/* ---- breaks ---- */

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
    tend__table_add_column(&table, "what to do", false);
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
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__break_advice(found->kind));
    }
    tend__html_heading(page, 2, "Data breaks");
    tend__html_table(page, &table, "Evidence is in multiples of the rule's threshold.");
    tend__table_deinit(&table);
}

/* ---- columns ---- */

static void add_full_chart(const struct tend__column_view *view, const char *title,
                           struct tend__buf *page)
{
    const struct tend__chart chart = {.title = title, .desc = "", .is_card = true};
    if (view->is_ordered) {
        tend__svg_histogram(page, &chart, view->labels, view->reference, view->current,
                            view->count);
    } else {
        tend__svg_categories(page, &chart, view->labels, view->reference, view->current,
                             view->count);
    }
}

static enum tend_code add_card(const struct tend__check *check, const struct ranked *ranked,
                               bool is_full, struct tend__buf *page, struct tend_error *err)
{
    static const char *const badges[] = {"broken", "drifted", "same", "not judged"};
    static const enum tend__tint tints[] = {TEND_TINT_BAD, TEND_TINT_WARN, TEND_TINT_DIM,
                                            TEND_TINT_DIM};
    const struct tend__drift_column *drift = &check->drift[ranked->idx];
    const char *name = name_of(check, drift->column_idx);
    const char *badge =
        ranked->group == 2 && drift->is_sure ? "small change" : badges[ranked->group];
    struct tend__column_view view;
    struct tend__buf words;
    TEND_TRY(tend__column_view_init(&view, check->ref, check->cur, drift->column_idx, err));
    tend__buf_init(&words, WORDS_MAX);
    tend__drift_words(check, drift, &view, &words);
    tend__html_column_begin(page, name, badge, tints[ranked->group]);
    tend__html_paragraph(page, ranked->group < 2 ? TEND_TINT_PLAIN : TEND_TINT_DIM, "%s",
                         tend__buf_str(&words));
    if (view.count == 0) {
        tend__html_paragraph(page, TEND_TINT_DIM, "There are no counts to draw.");
    } else if (is_full) {
        add_full_chart(&view, name, page);
    } else {
        tend__svg_pair(page, tend__buf_str(&words), &view);
    }
    tend__html_column_end(page);
    tend__buf_deinit(&words);
    tend__column_view_deinit(&view);
    return TEND_OK;
}

static enum tend_code add_columns(const struct tend__check *check, const struct ranked *ranked,
                                  struct tend__buf *page, struct tend_error *err)
{
    tend__html_heading(page, 2, "Columns");
    tend__html_paragraph(page, TEND_TINT_DIM,
                         "The outline is the reference, the filled shape the current rows. Broken "
                         "columns come first, then drifted ones, the largest change before.");
    tend__html_columns_begin(page);
    for (size_t i = 0; i < check->column_count; i++) {
        const bool is_full = i < FULL_MAX && ranked[i].group < 2;
        TEND_TRY(add_card(check, &ranked[i], is_full, page, err));
    }
    tend__html_columns_end(page);
    return TEND_OK;
}

static void add_table(const struct tend__check *check, const struct ranked *ranked,
                      struct tend__buf *page)
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
        const struct tend__drift_column *d = &check->drift[ranked[i].idx];
        const double numbers[] = {d->effect,        d->threshold, d->psi,       d->ks,    d->w1,
                                  d->w1_normalised, d->js,        d->hellinger, d->l_inf, d->chi2};
        tend__table_cell(&table, d->drifted ? TEND_TINT_BAD : TEND_TINT_PLAIN, "%s",
                         name_of(check, d->column_idx));
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         d->is_judged ? tend__show_p_value(d->q_value, text) : "-");
        for (size_t k = 0; k < TEND_ARRAY_LEN(numbers); k++) {
            tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_number(numbers[k], text));
        }
    }
    tend__html_fold_begin(page, "all distances");
    tend__html_table(page, &table, "All from the same counts at the reference's cut points.");
    tend__html_fold_end(page);
    tend__table_deinit(&table);
}

static enum tend_code add_all(const struct tend__check *check, const struct ranked *ranked,
                              struct tend__buf *page, struct tend_error *err)
{
    char subtitle[1024];
    (void)snprintf(subtitle, sizeof(subtitle), "%.400s compared with the reference %.400s",
                   check->cur_name, check->ref_name);
    tend__html_begin(page, "tend check", subtitle);
    add_summary(check, ranked, page);
    add_tiles(check, page);
    add_breaks(check, page);
    TEND_TRY(tend__contract_html(&check->contract, page, err));
    tend__multivariate_html(check, page);
    TEND_TRY(add_columns(check, ranked, page, err));
    add_table(check, ranked, page);
    tend__html_end(page, "Written by tend " TEND_VERSION
                         ". Feature drift never pages anybody: it explains.");
    return tend__buf_code(page, err);
}

enum tend_code tend__check_html(const struct tend__check *check, struct tend__buf *page,
                                struct tend_error *err)
{
    struct ranked *ranked = NULL;
    TEND_TRY(rank_columns(check, &ranked, err));
    const enum tend_code code = add_all(check, ranked, page, err);
    tend__mem_free(ranked);
    return code;
}
