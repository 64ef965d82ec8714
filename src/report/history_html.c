/* SPDX-License-Identifier: Apache-2.0 */
/* history_html.c: columns over time as a page: bands of quantiles, shares of categories, nulls,
 * distances. */
#include "report/history_report.h"

#include "base/mem.h"
#include "report/column_view.h"
#include "report/html.h"
#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EVENT_MAX 64
#define SERIES_MAX 8
#define NAME_SIZE 64
#define GREY 6

/* One measure after another in memory that all charts of a page share. */
struct page_memory {
    int64_t *times_us;
    double *values[SERIES_MAX];
    double *low[2];
    double *high[2];
    struct tend__event events[EVENT_MAX];
    size_t event_count;
};

static void deinit_memory(struct page_memory *memory)
{
    tend__mem_free(memory->times_us);
    for (size_t i = 0; i < SERIES_MAX; i++) {
        tend__mem_free(memory->values[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        tend__mem_free(memory->low[i]);
        tend__mem_free(memory->high[i]);
    }
}

static enum tend_code init_memory(struct page_memory *memory, const struct tend__history *history,
                                  struct tend_error *err)
{
    const size_t n = history->slot_count;
    TEND_TRY(tend__mem_new(n, sizeof(*memory->times_us), &memory->times_us, err));
    for (size_t i = 0; i < SERIES_MAX; i++) {
        TEND_TRY(tend__mem_new(n, sizeof(double), &memory->values[i], err));
    }
    for (size_t i = 0; i < 2; i++) {
        TEND_TRY(tend__mem_new(n, sizeof(double), &memory->low[i], err));
        TEND_TRY(tend__mem_new(n, sizeof(double), &memory->high[i], err));
    }
    for (size_t i = 0; i < n; i++) {
        memory->times_us[i] = tend__history_slot_start(history, i);
    }
    return TEND_OK;
}

/* ---- what is marked ---- */

/* Windows that are missing: neighbours are one mark. */
static void find_gaps(const struct tend__history *history, struct page_memory *memory)
{
    memory->event_count = 0;
    for (size_t i = 0; i < history->slot_count && memory->event_count < EVENT_MAX;) {
        size_t end = i + 1;
        if (history->is_there[i]) {
            i++;
            continue;
        }
        while (end < history->slot_count && !history->is_there[end]) {
            end++;
        }
        memory->events[memory->event_count++] = (struct tend__event){
            .time_us = tend__history_slot_start(history, i),
            .until_us = end > i + 1 ? tend__history_slot_start(history, end - 1) : 0,
            .kind = TEND_EVENT_NOTE,
            .text = "missing: no row of this window",
        };
        i = end;
    }
}

/* What a chart shows besides the windows and the marks. */
struct drawing {
    struct tend__chart chart;
    const struct tend__series *series;
    size_t series_count;
    bool from_zero;
};

static void draw(const struct tend__history *history, const struct page_memory *memory,
                 const struct drawing *drawing, struct tend__buf *page)
{
    const struct tend__time_chart chart = {
        .chart = drawing->chart,
        .times_us = memory->times_us,
        .time_count = history->slot_count,
        .series = drawing->series,
        .series_count = drawing->series_count,
        .events = memory->events,
        .event_count = memory->event_count,
        .from_zero = drawing->from_zero,
    };
    tend__svg_time(page, &chart);
}

/* ---- charts ---- */

static void draw_quantiles(const struct tend__history *history, size_t column_idx,
                           struct page_memory *memory, struct tend__buf *page)
{
    const struct tend__history_point *points = tend__history_points(history, column_idx);
    const struct tend__chart chart = {
        .title = "quantiles",
        .desc = "The median and the mean of each window, with the middle half of the values (dark "
                "band) and those from 5 % to 95 % (light band).",
    };
    for (size_t i = 0; i < history->slot_count; i++) {
        memory->values[0][i] = points[i].mean;
        memory->low[0][i] = points[i].quantiles[TEND_HISTORY_P05];
        memory->high[0][i] = points[i].quantiles[TEND_HISTORY_P95];
        memory->values[1][i] = points[i].quantiles[TEND_HISTORY_P50];
        memory->low[1][i] = points[i].quantiles[TEND_HISTORY_P25];
        memory->high[1][i] = points[i].quantiles[TEND_HISTORY_P75];
    }
    const struct tend__series series[] = {
        {"mean, and 5 % to 95 %", memory->values[0], memory->low[0], memory->high[0],
         TEND_SERIES_DASHED, 5},
        {"median, and 25 % to 75 %", memory->values[1], memory->low[1], memory->high[1],
         TEND_SERIES_LINE, 0},
    };
    const struct drawing drawing = {chart, series, TEND_ARRAY_LEN(series), false};
    draw(history, memory, &drawing, page);
}

static void draw_share_of_true(const struct tend__history *history, size_t column_idx,
                               struct page_memory *memory, struct tend__buf *page)
{
    const struct tend__history_point *points = tend__history_points(history, column_idx);
    const struct tend__chart chart = {
        .title = "share of true",
        .desc = "The share of true among the values of each window, in %."};
    for (size_t i = 0; i < history->slot_count; i++) {
        memory->values[0][i] = 100 * points[i].mean;
    }
    const struct tend__series series[] = {
        {"true, %", memory->values[0], NULL, NULL, TEND_SERIES_LINE, 0}};
    const struct drawing drawing = {chart, series, 1, true};
    draw(history, memory, &drawing, page);
}

/* Whether the rest is more than twice the largest category all the time: it would press the others
 * to the ground. */
static bool rest_dwarfs(const struct tend__history *history, size_t column_idx)
{
    const struct tend__history_column *column = &history->columns[column_idx];
    const struct tend__history_point *points = tend__history_points(history, column_idx);
    double rest = 1;
    double top = 0;
    for (size_t j = 0; j < history->slot_count; j++) {
        for (size_t i = 0; i + 1 < column->share_count; i++) {
            top = points[j].shares[i] > top ? points[j].shares[i] : top;
        }
        const double share = points[j].shares[column->share_count - 1];
        rest = share < rest ? share : rest;
    }
    return column->share_count > 1 && rest > 2 * top;
}

static void draw_categories(const struct tend__history *history, size_t column_idx,
                            struct page_memory *memory, struct tend__buf *page)
{
    const struct tend__history_column *column = &history->columns[column_idx];
    const struct tend__history_point *points = tend__history_points(history, column_idx);
    const struct tend__plan_column *plan = tend__plan_column(history->plan, column_idx);
    struct tend__series series[SERIES_MAX];
    char names[SERIES_MAX][NAME_SIZE];
    char desc[256];
    const bool has_rest = !rest_dwarfs(history, column_idx);
    const size_t shown = column->share_count - (has_rest ? 0 : 1);
    const struct tend__chart chart = {.title = "shares of categories", .desc = desc};
    (void)snprintf(desc, sizeof(desc),
                   "The most frequent categories of the reference%s, in %% of the values of each "
                   "window.%s",
                   has_rest ? ", and all others as one" : "",
                   has_rest ? "" : " All others together are more than twice as many as any.");
    for (size_t i = 0; i < shown && i < SERIES_MAX; i++) {
        const bool is_rest = i + 1 == column->share_count;
        for (size_t j = 0; j < history->slot_count; j++) {
            memory->values[i][j] = 100 * points[j].shares[i];
        }
        const struct tend__text *text = is_rest ? NULL : &plan->categories[column->category_idx[i]];
        (void)snprintf(names[i], NAME_SIZE, "%.*s",
                       text == NULL ? (int)strlen("all others") : (int)text->len,
                       text == NULL ? "all others" : text->ptr);
        series[i] = (struct tend__series){
            .name = names[i],
            .values = memory->values[i],
            .style = is_rest ? TEND_SERIES_DASHED : TEND_SERIES_LINE,
            .colour = is_rest ? GREY : (int)(i % GREY),
        };
    }
    const struct drawing drawing = {chart, series, shown, true};
    draw(history, memory, &drawing, page);
}

static void draw_nulls(const struct tend__history *history, size_t column_idx,
                       struct page_memory *memory, struct tend__buf *page)
{
    const struct tend__history_point *points = tend__history_points(history, column_idx);
    const struct tend__chart chart = {
        .title = "nulls",
        .desc = "Rows of each window without a value, in %: nulls, NaN and infinities.",
        .is_card = true};
    for (size_t i = 0; i < history->slot_count; i++) {
        memory->values[0][i] = 100 * points[i].null_share;
    }
    const struct tend__series series[] = {
        {"nulls, %", memory->values[0], NULL, NULL, TEND_SERIES_BARS, 1}};
    const struct drawing drawing = {chart, series, 1, true};
    draw(history, memory, &drawing, page);
}

static void draw_rows(const struct tend__history *history, size_t column_idx,
                      struct page_memory *memory, struct tend__buf *page)
{
    const struct tend__history_point *points = tend__history_points(history, column_idx);
    const struct tend__chart chart = {
        .title = "rows", .desc = "Rows of each window.", .is_card = true};
    for (size_t i = 0; i < history->slot_count; i++) {
        memory->values[0][i] = points[i].row_count;
    }
    const struct tend__series series[] = {
        {"rows", memory->values[0], NULL, NULL, TEND_SERIES_BARS, GREY}};
    const struct drawing drawing = {chart, series, 1, true};
    draw(history, memory, &drawing, page);
}

static void draw_distance(const struct tend__history *history, size_t column_idx,
                          struct page_memory *memory, struct tend__buf *page)
{
    const struct tend__history_point *points = tend__history_points(history, column_idx);
    const double tolerance = history->columns[column_idx].tolerance;
    const struct tend__chart chart = {
        .title = "distance from the reference",
        .desc = "How far each window is from the reference, and the tolerance: a sure difference "
                "is called drift from three standard errors below it on.",
        .is_card = true};
    if (isnan(tolerance)) {
        tend__html_paragraph(page, TEND_TINT_DIM, "There is nothing to compare with.");
        return;
    }
    for (size_t i = 0; i < history->slot_count; i++) {
        memory->values[0][i] = points[i].effect;
        memory->values[1][i] = tolerance;
    }
    const struct tend__series series[] = {
        {"distance", memory->values[0], NULL, NULL, TEND_SERIES_LINE, 0},
        {"tolerance", memory->values[1], NULL, NULL, TEND_SERIES_DASHED, 3}};
    const struct drawing drawing = {chart, series, TEND_ARRAY_LEN(series), true};
    draw(history, memory, &drawing, page);
}

static bool has_nulls(const struct tend__history *history, size_t column_idx)
{
    const struct tend__history_point *points = tend__history_points(history, column_idx);
    bool found = false;
    for (size_t i = 0; i < history->slot_count; i++) {
        found = found || points[i].null_share > 0;
    }
    return found;
}

static void add_card(const char *title, struct tend__buf *page)
{
    tend__html_card_begin(page, title, NULL, TEND_TINT_PLAIN);
}

static void add_column(const struct tend__history *history, size_t column_idx,
                       struct page_memory *memory, struct tend__buf *page)
{
    const struct tend__history_column *column = &history->columns[column_idx];
    const struct tend__plan_column *plan = tend__plan_column(history->plan, column_idx);
    char text[2][TEND_NUMBER_TEXT_SIZE];
    find_gaps(history, memory);
    tend__html_heading(page, 2, "%s", plan->name);
    if (isnan(column->tolerance) || !(column->effect_max > 0)) {
        tend__html_paragraph(page, TEND_TINT_DIM, "%s; %s", tend__column_kind(plan->type),
                             isnan(column->tolerance) ? "not compared with a reference"
                                                      : "no window is away from the reference");
    } else {
        tend__html_paragraph(
            page, column->drifted_count > 0 ? TEND_TINT_WARN : TEND_TINT_DIM,
            "%s; %zu of %zu windows drifted; the furthest is %s from the reference, on %s",
            tend__column_kind(plan->type), column->drifted_count, history->window_count,
            tend__show_number(column->effect_max, text[0]),
            tend__show_time(tend__history_slot_start(history, column->effect_max_slot), text[1]));
    }
    if (!has_nulls(history, column_idx)) {
        tend__html_paragraph(page, TEND_TINT_DIM, "No nulls: every row has a value.");
    }
    if (plan->type == TEND_TYPE_NUMBER) {
        draw_quantiles(history, column_idx, memory, page);
    } else if (plan->type == TEND_TYPE_BOOL) {
        draw_share_of_true(history, column_idx, memory, page);
    } else if (column->share_count > 0) {
        draw_categories(history, column_idx, memory, page);
    }
    memory->event_count = 0;
    tend__html_cards_begin(page);
    add_card("distance from the reference", page);
    draw_distance(history, column_idx, memory, page);
    tend__html_card_end(page);
    if (has_nulls(history, column_idx)) {
        add_card("nulls", page);
        draw_nulls(history, column_idx, memory, page);
        tend__html_card_end(page);
    }
    add_card("rows", page);
    draw_rows(history, column_idx, memory, page);
    tend__html_card_end(page);
    tend__html_cards_end(page);
}

/* ---- the page ---- */

static void add_tiles(const struct tend__history_report *report, struct tend__buf *page)
{
    const struct tend__history *history = report->history;
    char figure[TEND_NUMBER_TEXT_SIZE];
    char remark[128];
    char text[TEND_NUMBER_TEXT_SIZE];
    const size_t missing = history->slot_count - history->window_count;
    double rows = 0;
    size_t drifted = 0;
    for (size_t i = 0; i < history->slot_count; i++) {
        rows += (double)history->row_counts[i];
    }
    for (size_t i = 0; i < history->column_count; i++) {
        drifted += history->columns[i].drifted_count > 0 ? 1 : 0;
    }
    tend__html_tiles_begin(page);
    (void)snprintf(figure, sizeof(figure), "%zu", history->window_count);
    (void)snprintf(remark, sizeof(remark), "of %s; %zu missing", report->every, missing);
    tend__html_tile(page, missing > 0 ? TEND_TINT_WARN : TEND_TINT_PLAIN, "windows", figure,
                    remark);
    (void)snprintf(
        remark, sizeof(remark), "reference: %s",
        history->reference == NULL
            ? "none"
            : tend__show_number((double)tend__profile_row_count(history->reference), text));
    tend__html_tile(page, TEND_TINT_PLAIN, "rows", tend__show_number(rows, figure), remark);
    (void)snprintf(figure, sizeof(figure), "%zu of %zu", drifted, history->column_count);
    tend__html_tile(page, drifted > 0 ? TEND_TINT_WARN : TEND_TINT_PLAIN, "columns drifted", figure,
                    "in some window");
    tend__html_tiles_end(page);
}

static void add_table(const struct tend__history *history, const size_t *order,
                      struct tend__buf *page)
{
    static const char *const titles[] = {"column", "kind",      "furthest",
                                         "when",   "tolerance", "windows drifted"};
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__table_init(&table);
    for (size_t i = 0; i < TEND_ARRAY_LEN(titles); i++) {
        tend__table_add_column(&table, titles[i], i == 2 || i > 3);
    }
    for (size_t i = 0; i < history->column_count; i++) {
        const struct tend__history_column *column = &history->columns[order[i]];
        const struct tend__plan_column *plan = tend__plan_column(history->plan, order[i]);
        const bool is_judged = !isnan(column->tolerance);
        tend__table_cell(&table, TEND_TINT_BOLD, "%s", plan->name);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__column_kind(plan->type));
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         is_judged ? tend__show_number(column->effect_max, text) : "");
        tend__table_cell(
            &table, TEND_TINT_PLAIN, "%s",
            is_judged
                ? tend__show_time(tend__history_slot_start(history, column->effect_max_slot), text)
                : "");
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         is_judged ? tend__show_number(column->tolerance, text) : "");
        tend__table_cell(&table, column->drifted_count > 0 ? TEND_TINT_WARN : TEND_TINT_PLAIN,
                         "%zu", column->drifted_count);
    }
    tend__html_heading(page, 2, "Columns");
    tend__html_table(page, &table, "Those furthest from the reference first.");
    tend__table_deinit(&table);
}

static void add_columns(const struct tend__history_report *report, const size_t *order,
                        struct page_memory *memory, struct tend__buf *page)
{
    const struct tend__history *history = report->history;
    if (report->column_idx != SIZE_MAX) {
        add_column(history, report->column_idx, memory, page);
        return;
    }
    if (history->column_count > TEND_HISTORY_PAGE_COLUMNS) {
        tend__html_paragraph(page, TEND_TINT_DIM,
                             "The %d columns furthest from the reference are drawn; --column draws "
                             "any other.",
                             TEND_HISTORY_PAGE_COLUMNS);
    }
    for (size_t i = 0; i < history->column_count && i < TEND_HISTORY_PAGE_COLUMNS; i++) {
        add_column(history, order[i], memory, page);
    }
}

enum tend_code tend__history_html(const struct tend__history_report *report, struct tend__buf *page,
                                  struct tend_error *err)
{
    struct page_memory memory = {.times_us = NULL};
    struct tend__buf words;
    size_t *order = NULL;
    enum tend_code code = TEND_OK;
    tend__buf_init(&words, (size_t)1 << 16);
    TEND_TRY_OUT(init_memory(&memory, report->history, err));
    TEND_TRY_OUT(tend__mem_new(report->history->column_count, sizeof(*order), &order, err));
    if (report->segment != NULL) {
        tend__buf_printf(&words, "segment %s: ", report->segment);
    }
    tend__history_words(report, &words);
    TEND_TRY_OUT(tend__buf_code(&words, err));
    tend__history_order(report->history, order);
    tend__html_begin(page, report->name, tend__buf_str(&words));
    add_tiles(report, page);
    if (report->column_idx == SIZE_MAX) {
        add_table(report->history, order, page);
    }
    add_columns(report, order, &memory, page);
    tend__html_end(page, "Written by tend " TEND_VERSION " (tend show).");
    code = tend__buf_code(page, err);
out:
    tend__buf_deinit(&words);
    tend__mem_free(order);
    deinit_memory(&memory);
    return code;
}
