/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history_text.c: columns over time in a terminal: a line of bars each, beside the numbers that say
 * what the bars cannot: the least, the greatest and the last value, and when.
 *
 * A line has as many bars as the terminal leaves room for; where there are more windows neighbours
 * are drawn as one, by their mean, and by their largest where an outlier is what matters.
 */
#include "report/history_report.h"

#include "base/mem.h"
#include "report/column_view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BARS_MIN 8
#define BARS_MAX 60
#define BARS_PIPE 40
#define MISSING_SHOWN 5
#define WINDOWS_SHOWN 31

/* ---- series ---- */

enum measure { MEASURE_ROWS, MEASURE_NULLS, MEASURE_CENTRE, MEASURE_EFFECT, MEASURE_QUANTILE };

/* Mean of a number, share of true of a bool, share of the most frequent category of a text. */
static double centre_of(const struct tend__history_column *column,
                        const struct tend__history_point *point)
{
    return column->share_count > 0 ? point->shares[0] : point->mean;
}

static double value_of(const struct tend__history *history, size_t column_idx, size_t slot,
                       enum measure measure, size_t quantile)
{
    const struct tend__history_point *point = &tend__history_points(history, column_idx)[slot];
    switch (measure) {
    case MEASURE_ROWS:
        return point->row_count;
    case MEASURE_NULLS:
        return point->null_share;
    case MEASURE_CENTRE:
        return centre_of(&history->columns[column_idx], point);
    case MEASURE_EFFECT:
        return point->effect;
    case MEASURE_QUANTILE:
        return point->quantiles[quantile];
    }
    return (double)NAN;
}

/* A series in at most `bar_max` bars: groups of neighbours, by their mean or their largest. */
struct series {
    double bars[BARS_MAX];
    size_t bar_count;
    size_t group;
    double low;
    double high;
    double last;
    size_t low_slot;
    size_t high_slot;
    bool has_values;
};

static void add_value(struct series *series, double value, size_t slot)
{
    if (isnan(value)) {
        return;
    }
    if (!series->has_values || value < series->low) {
        series->low = value;
        series->low_slot = slot;
    }
    if (!series->has_values || value > series->high) {
        series->high = value;
        series->high_slot = slot;
    }
    series->last = value;
    series->has_values = true;
}

static struct series make_series(const struct tend__history *history, size_t column_idx,
                                 enum measure measure, size_t quantile, size_t bar_max)
{
    struct series series = {.group = (history->slot_count + bar_max - 1) / bar_max,
                            .low = (double)NAN,
                            .high = (double)NAN,
                            .last = (double)NAN};
    const bool is_largest = measure == MEASURE_NULLS || measure == MEASURE_EFFECT;
    for (size_t begin = 0; begin < history->slot_count; begin += series.group) {
        double sum = 0;
        double top = (double)NAN;
        size_t count = 0;
        for (size_t i = begin; i < begin + series.group && i < history->slot_count; i++) {
            const double value = value_of(history, column_idx, i, measure, quantile);
            add_value(&series, value, i);
            if (!isnan(value)) {
                sum += value;
                count++;
                top = isnan(top) || value > top ? value : top;
            }
        }
        series.bars[series.bar_count++] = count == 0   ? (double)NAN
                                          : is_largest ? top
                                                       : sum / (double)count;
    }
    return series;
}

/* Bars from zero where zero is the natural end, else from the least value: then it is the lowest
 * bar, and not none. */
static void draw_series(const struct series *series, bool from_zero, bool utf8,
                        struct tend__buf *out)
{
    double bars[BARS_MAX];
    double low = (double)NAN;
    double high = (double)NAN;
    for (size_t i = 0; i < series->bar_count; i++) {
        low = isnan(low) || series->bars[i] < low ? series->bars[i] : low;
        high = isnan(high) || series->bars[i] > high ? series->bars[i] : high;
    }
    for (size_t i = 0; i < series->bar_count; i++) {
        const double bar = series->bars[i];
        if (from_zero) {
            bars[i] = high > 0 ? bar : isnan(bar) ? bar : 0;
        } else {
            bars[i] =
                high > low ? 0.125 + 0.875 * (bar - low) / (high - low) : (isnan(bar) ? bar : 0.5);
        }
    }
    if (from_zero && !(high > 0)) { /* all zero: the lowest bars */
        for (size_t i = 0; i < series->bar_count; i++) {
            if (isnan(bars[i])) {
                tend__buf_char(out, ' ');
            } else {
                tend__buf_text(out, utf8 ? "\u2581" : "_");
            }
        }
        return;
    }
    if (!from_zero && !(high > low)) { /* the scale of a sparkline is its largest bar */
        for (size_t i = 0; i < series->bar_count; i++) {
            if (isnan(bars[i])) {
                tend__buf_char(out, ' ');
            } else {
                tend__buf_text(out, utf8 ? "\u2584" : ":");
            }
        }
        return;
    }
    tend__sparkline(out, bars, series->bar_count, utf8);
}

/* ---- words ---- */

static void add_missing(const struct tend__history *history, struct tend__buf *out)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    const size_t missing = history->slot_count - history->window_count;
    size_t shown = 0;
    if (missing == 0) {
        return;
    }
    tend__buf_printf(out, "; %zu %s missing: ", missing, missing == 1 ? "is" : "are");
    for (size_t i = 0; i < history->slot_count && shown < MISSING_SHOWN; i++) {
        if (!history->is_there[i]) {
            tend__buf_printf(out, "%s%s", shown > 0 ? ", " : "",
                             tend__show_time(tend__history_slot_start(history, i), text));
            shown++;
        }
    }
    if (missing > shown) {
        tend__buf_printf(out, " and %zu more", missing - shown);
    }
}

void tend__history_words(const struct tend__history_report *report, struct tend__buf *out)
{
    const struct tend__history *history = report->history;
    char text[2][TEND_NUMBER_TEXT_SIZE];
    const int64_t end_us = tend__history_slot_start(history, history->slot_count);
    tend__buf_printf(out, "%zu %s of %s, from %s to before %s", history->window_count,
                     history->window_count == 1 ? "window" : "windows", report->every,
                     tend__show_time(history->start_us, text[0]), tend__show_time(end_us, text[1]));
    add_missing(history, out);
}

void tend__history_order(const struct tend__history *history, size_t *order)
{
    for (size_t i = 0; i < history->column_count; i++) {
        const struct tend__history_column *column = &history->columns[i];
        const double far = column->effect_max / column->tolerance;
        size_t at = i;
        while (at > 0) {
            const struct tend__history_column *before = &history->columns[order[at - 1]];
            const double before_far = before->effect_max / before->tolerance;
            if (isnan(far) || before_far >= far) {
                break;
            }
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

static uint64_t rows_of(const struct tend__history *history)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < history->slot_count; i++) {
        rows += history->row_counts[i];
    }
    return rows;
}

static void add_head(const struct tend__history_report *report, struct tend__buf *out)
{
    const struct tend__history *history = report->history;
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__clean_text(out, report->name, strlen(report->name));
    if (report->segment != NULL) {
        tend__buf_text(out, ", segment ");
        tend__clean_text(out, report->segment, strlen(report->segment));
    }
    tend__buf_text(out, ": ");
    tend__history_words(report, out);
    tend__buf_printf(out, "\n%s rows; ", tend__show_number((double)rows_of(history), text));
    if (history->reference != NULL) {
        tend__buf_printf(
            out, "distances are from a reference of %s rows\n",
            tend__show_number((double)tend__profile_row_count(history->reference), text));
    } else {
        tend__buf_text(out, "no distances: the store has no reference of this segment\n");
    }
}

/* ---- all columns ---- */

static size_t bars_for(const struct tend__text_style *look, size_t other, size_t lines)
{
    if (look->width == 0) {
        return BARS_PIPE;
    }
    const size_t width = (size_t)look->width;
    const size_t left = width > other ? (width - other) / lines : 0;
    return left < BARS_MIN ? BARS_MIN : left > BARS_MAX ? BARS_MAX : left;
}

static const char *centre_name(const struct tend__history *history, size_t column_idx, char *text,
                               size_t size)
{
    const struct tend__plan_column *plan = tend__plan_column(history->plan, column_idx);
    switch (plan->type) {
    case TEND_TYPE_NUMBER:
        return "mean";
    case TEND_TYPE_BOOL:
        return "true";
    case TEND_TYPE_TEXT:
        if (plan->category_count == 0) {
            return "";
        }
        (void)snprintf(text, size, "%.*s",
                       (int)(plan->categories[0].len < 12 ? plan->categories[0].len : 12),
                       plan->categories[0].ptr);
        return text;
    case TEND_TYPE_TIME:
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return "";
    }
    return "";
}

static bool centre_is_share(enum tend_type type)
{
    return type == TEND_TYPE_BOOL || type == TEND_TYPE_TEXT;
}

static const char *show_centre(enum tend_type type, double value, char *text)
{
    if (isnan(value)) {
        return "";
    }
    return centre_is_share(type) ? tend__show_share(value, text) : tend__show_number(value, text);
}

static void add_series_cell(const struct series *series, bool from_zero, bool utf8,
                            struct tend__table *table)
{
    struct tend__buf *cell = tend__table_cell_begin(table, TEND_TINT_PLAIN);
    if (series->has_values) {
        draw_series(series, from_zero, utf8, cell);
    }
    tend__table_cell_end(table);
}

/* A terminal that has no room for all of it is shown less. */
static bool is_narrow(const struct tend__text_style *look)
{
    return look->width > 0 && look->width < 100;
}

static void add_column_row(const struct tend__history *history, size_t column_idx, size_t bar_max,
                           const struct tend__text_style *look, struct tend__table *table)
{
    const struct tend__history_column *column = &history->columns[column_idx];
    const struct tend__plan_column *plan = tend__plan_column(history->plan, column_idx);
    char name[64];
    char text[TEND_NUMBER_TEXT_SIZE];
    const struct series nulls = make_series(history, column_idx, MEASURE_NULLS, 0, bar_max);
    const struct series centre = make_series(history, column_idx, MEASURE_CENTRE, 0, bar_max);
    const struct series effect = make_series(history, column_idx, MEASURE_EFFECT, 0, bar_max);
    const enum tend__tint tint = column->drifted_count > 0 ? TEND_TINT_WARN : TEND_TINT_DIM;
    const bool narrow = is_narrow(look);
    tend__table_cell(table, TEND_TINT_BOLD, "%s", plan->name);
    tend__table_cell(table, nulls.high > 0 ? TEND_TINT_PLAIN : TEND_TINT_DIM, "%s",
                     nulls.has_values ? tend__show_share(nulls.high, text) : "");
    if (!narrow) {
        tend__table_cell(table, TEND_TINT_DIM, "%s",
                         centre_name(history, column_idx, name, sizeof(name)));
        tend__table_cell(table, TEND_TINT_PLAIN, "%s", show_centre(plan->type, centre.low, text));
        tend__table_cell(table, TEND_TINT_PLAIN, "%s", show_centre(plan->type, centre.high, text));
    }
    add_series_cell(&centre, false, look->utf8, table);
    add_series_cell(&effect, true, look->utf8, table);
    tend__table_cell(table, tint, "%s",
                     isnan(column->effect_max) ? "" : tend__show_number(column->effect_max, text));
    if (!narrow) {
        tend__table_cell(
            table, tint, "%s",
            !(column->effect_max > 0)
                ? ""
                : tend__show_time(tend__history_slot_start(history, column->effect_max_slot),
                                  text));
    }
    tend__table_cell(table, tint, "%zu", column->drifted_count);
}

static void add_titles(const struct tend__text_style *look, struct tend__table *table)
{
    static const struct {
        const char *title;
        bool right;
        bool is_wide; /* only where there is room */
    } titles[] = {{"column", false, false},   {"nulls max", true, false},
                  {"of", false, true},        {"low", true, true},
                  {"high", true, true},       {"over time", false, false},
                  {"distance", false, false}, {"max", true, false},
                  {"when", false, true},      {"drifted", true, false}};
    for (size_t i = 0; i < TEND_ARRAY_LEN(titles); i++) {
        if (!titles[i].is_wide || !is_narrow(look)) {
            tend__table_add_column(table, titles[i].title, titles[i].right);
        }
    }
}

static enum tend_code all_columns(const struct tend__history_report *report,
                                  const struct tend__text_style *look, struct tend__buf *out,
                                  struct tend_error *err)
{
    const struct tend__history *history = report->history;
    struct tend__table table;
    size_t *order = NULL;
    const size_t bar_max = bars_for(look, is_narrow(look) ? 44 : 84, 2);
    TEND_TRY(tend__mem_new(history->column_count, sizeof(*order), &order, err));
    tend__table_init(&table);
    add_titles(look, &table);
    tend__history_order(history, order);
    for (size_t i = 0; i < history->column_count; i++) {
        add_column_row(history, order[i], bar_max, look, &table);
    }
    const enum tend_code code = tend__table_code(&table, err);
    if (code == TEND_OK) {
        const size_t group = (history->slot_count + bar_max - 1) / bar_max;
        tend__buf_char(out, '\n');
        tend__table_print(&table, out, 0, (size_t)look->width, look->colours);
        tend__buf_printf(out, "\ncolumns furthest from the reference first; a bar is %zu %s%s\n",
                         group, group == 1 ? "window" : "windows",
                         history->window_count < history->slot_count ? ", a blank is a gap" : "");
    }
    tend__table_deinit(&table);
    tend__mem_free(order);
    return code;
}

/* ---- one column ---- */

struct line {
    const char *name;
    enum measure measure;
    size_t quantile;
    bool from_zero;
    bool is_share;
};

static void add_line(const struct tend__history *history, size_t column_idx,
                     const struct line *line, const struct tend__text_style *look,
                     struct tend__table *table)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    const bool narrow = is_narrow(look);
    const size_t bar_max = bars_for(look, narrow ? 44 : 70, 1);
    const struct series series =
        make_series(history, column_idx, line->measure, line->quantile, bar_max);
    const double shown[] = {series.low, series.high, series.last};
    const size_t slots[] = {series.low_slot, series.high_slot};
    if (!series.has_values) {
        return;
    }
    tend__table_cell(table, TEND_TINT_BOLD, "%s", line->name);
    add_series_cell(&series, line->from_zero, look->utf8, table);
    for (size_t i = 0; i < TEND_ARRAY_LEN(shown); i++) {
        tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                         line->is_share ? tend__show_share(shown[i], text)
                                        : tend__show_number(shown[i], text));
        if (i < TEND_ARRAY_LEN(slots) && !narrow) {
            tend__table_cell(
                table, TEND_TINT_DIM, "%s",
                series.low < series.high
                    ? tend__show_time(tend__history_slot_start(history, slots[i]), text)
                    : "");
        }
    }
}

static void add_lines(const struct tend__history *history, size_t column_idx,
                      const struct tend__text_style *look, struct tend__table *table)
{
    static const char *const titles[] = {"", "over time", "low", "when", "high", "when", "last"};
    const struct tend__plan_column *plan = tend__plan_column(history->plan, column_idx);
    char name[64];
    const struct line lines[] = {
        {"rows", MEASURE_ROWS, 0, true, false},
        {"nulls", MEASURE_NULLS, 0, true, true},
        {centre_name(history, column_idx, name, sizeof(name)), MEASURE_CENTRE, 0, false,
         centre_is_share(plan->type)},
        {"5 %", MEASURE_QUANTILE, TEND_HISTORY_P05, false, false},
        {"median", MEASURE_QUANTILE, TEND_HISTORY_P50, false, false},
        {"95 %", MEASURE_QUANTILE, TEND_HISTORY_P95, false, false},
        {"distance", MEASURE_EFFECT, 0, true, false},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(titles); i++) {
        if (strcmp(titles[i], "when") != 0 || !is_narrow(look)) {
            tend__table_add_column(table, titles[i], i == 2 || i == 4 || i == 6);
        }
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(lines); i++) {
        add_line(history, column_idx, &lines[i], look, table);
    }
}

static void add_window_row(const struct tend__history *history, size_t column_idx, size_t slot,
                           struct tend__table *table)
{
    const struct tend__history_point *point = &tend__history_points(history, column_idx)[slot];
    const struct tend__plan_column *plan = tend__plan_column(history->plan, column_idx);
    char text[TEND_NUMBER_TEXT_SIZE];
    const bool is_there = history->is_there[slot];
    tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                     tend__show_time(tend__history_slot_start(history, slot), text));
    tend__table_cell(table, is_there ? TEND_TINT_PLAIN : TEND_TINT_WARN, "%s",
                     is_there ? tend__show_number(point->row_count, text) : "missing");
    tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                     isnan(point->null_share) ? "" : tend__show_share(point->null_share, text));
    tend__table_cell(
        table, TEND_TINT_PLAIN, "%s",
        show_centre(plan->type, centre_of(&history->columns[column_idx], point), text));
    if (plan->type == TEND_TYPE_NUMBER) {
        const double median = point->quantiles[TEND_HISTORY_P50];
        tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                         isnan(median) ? "" : tend__show_number(median, text));
    }
    tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                     isnan(point->effect) ? "" : tend__show_number(point->effect, text));
    tend__table_cell(table, point->drifted ? TEND_TINT_WARN : TEND_TINT_DIM, "%s",
                     point->drifted     ? "drifted"
                     : point->is_judged ? "same"
                                        : "");
}

/* The table borrows its titles until it is printed, so the caller keeps the one that is made. */
static void add_windows(const struct tend__history *history, size_t column_idx, const char *centre,
                        struct tend__table *table)
{
    const bool is_number = tend__plan_column(history->plan, column_idx)->type == TEND_TYPE_NUMBER;
    const char *const titles[] = {"window", "rows",     "nulls",  centre,
                                  "median", "distance", "verdict"};
    const size_t first =
        history->slot_count > WINDOWS_SHOWN ? history->slot_count - WINDOWS_SHOWN : 0;
    for (size_t i = 0; i < TEND_ARRAY_LEN(titles); i++) {
        if (i != 4 || is_number) {
            tend__table_add_column(table, titles[i], i > 0 && i < 6);
        }
    }
    for (size_t i = first; i < history->slot_count; i++) {
        add_window_row(history, column_idx, i, table);
    }
}

static void print_table(struct tend__table *table, const struct tend__text_style *look,
                        struct tend__buf *out)
{
    tend__buf_char(out, '\n');
    tend__table_print(table, out, 0, (size_t)look->width, look->colours);
}

static enum tend_code one_column(const struct tend__history_report *report,
                                 const struct tend__text_style *look, struct tend__buf *out,
                                 struct tend_error *err)
{
    const struct tend__history *history = report->history;
    const size_t idx = report->column_idx;
    const struct tend__history_column *column = &history->columns[idx];
    const struct tend__plan_column *plan = tend__plan_column(history->plan, idx);
    char text[TEND_NUMBER_TEXT_SIZE];
    char name[64];
    struct tend__table lines;
    struct tend__table windows;
    tend__buf_char(out, '\n');
    tend__clean_text(out, plan->name, strlen(plan->name));
    tend__buf_printf(out, ", a column of kind %s", tend__column_kind(plan->type));
    if (!isnan(column->tolerance)) {
        tend__buf_printf(out, "; %zu of %zu windows drifted, by a distance above %s",
                         column->drifted_count, history->window_count,
                         tend__show_number(column->tolerance, text));
    }
    tend__buf_char(out, '\n');
    tend__table_init(&lines);
    tend__table_init(&windows);
    add_lines(history, idx, look, &lines);
    add_windows(history, idx, centre_name(history, idx, name, sizeof(name)), &windows);
    enum tend_code code = tend__table_code(&lines, err);
    if (code == TEND_OK) {
        code = tend__table_code(&windows, err);
    }
    if (code == TEND_OK) {
        print_table(&lines, look, out);
        print_table(&windows, look, out);
    }
    if (code == TEND_OK && history->slot_count > WINDOWS_SHOWN) {
        tend__buf_printf(out, "\nthe last %d windows; --json has all %zu\n", WINDOWS_SHOWN,
                         history->slot_count);
    }
    tend__table_deinit(&lines);
    tend__table_deinit(&windows);
    return code;
}

enum tend_code tend__history_text(const struct tend__history_report *report,
                                  const struct tend__text_style *look, struct tend__buf *out,
                                  struct tend_error *err)
{
    add_head(report, out);
    return report->column_idx == SIZE_MAX ? all_columns(report, look, out, err)
                                          : one_column(report, look, out, err);
}
