/* SPDX-License-Identifier: Apache-2.0 */
/* svg_time.c: lines, bands, dots and bars over time, with the events that explain them marked on
 * the axis. */
#include "base/civil.h"
#include "report/html.h"
#include "report/svg_plot.h"

#include <math.h>
#include <stdio.h>

#define BROAD_WIDTH 900.0
#define NARROW_WIDTH 360.0
#define CARD_WIDTH 340.0
#define TIME_TICK_MAX 24

static const struct {
    const char *letter;
    const char *name;
    int colour;
} signs[] = {
    [TEND_EVENT_BREAK] = {"B", "data break", 3},    [TEND_EVENT_ALARM] = {"A", "alarm", 4},
    [TEND_EVENT_RETRAIN] = {"R", "retrained", 6},   [TEND_EVENT_PROMOTE] = {"P", "promoted", 2},
    [TEND_EVENT_FALL_BACK] = {"F", "fell back", 1}, [TEND_EVENT_NOTE] = {"i", "note", 5},
};

/* ---- scales ---- */

static void widen(double value, double *low, double *high)
{
    if (isfinite(value)) {
        *low = value < *low ? value : *low;
        *high = value > *high ? value : *high;
    }
}

static void value_range(const struct tend__time_chart *chart, double *low, double *high)
{
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (size_t s = 0; s < chart->series_count; s++) {
        const struct tend__series *series = &chart->series[s];
        for (size_t i = 0; i < chart->time_count; i++) {
            widen(series->values[i], low, high);
            if (series->low != NULL) {
                widen(series->low[i], low, high);
                widen(series->high[i], low, high);
            }
        }
        if (series->style == TEND_SERIES_BARS) {
            widen(0, low, high);
        }
    }
    if (chart->from_zero || !(*high >= *low)) {
        widen(0, low, high);
    }
    if (!(*high > *low)) {
        const double pad = fabs(*low) > 0 ? fabs(*low) * 0.1 : 1.0;
        *low -= pad;
        *high += pad;
    }
}

static double x_at(const struct tend__plot *plot, const struct tend__time_chart *chart,
                   int64_t time_us)
{
    const int64_t first = chart->times_us[0];
    const int64_t last = chart->times_us[chart->time_count - 1];
    if (last <= first) {
        return plot->left + plot->width / 2;
    }
    double share = (double)(time_us - first) / (double)(last - first);
    share = share < 0 ? 0 : share;
    share = share > 1 ? 1 : share;
    return plot->left + plot->width * share;
}

/* ---- the time axis ---- */

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static void add_time_tick(struct tend__plot *plot, const struct tend__time_chart *chart,
                          int64_t time_us, const char *label)
{
    const double x = x_at(plot, chart, time_us);
    tend__buf_printf(plot->out, "<path class=\"ax\" d=\"M%.1f %.1fv5\"/>", x,
                     plot->top + plot->height);
    tend__svg_text(plot->out, x, plot->top + plot->height + 18, TEND_SVG_MIDDLE, label, 0);
}

/* A tick at the start of every `step` months. */
static void add_month_ticks(struct tend__plot *plot, const struct tend__time_chart *chart,
                            int64_t last, int step)
{
    struct tend__civil at = tend__civil_from_us(chart->times_us[0]);
    int month = at.year * 12 + (int)at.month - 1;
    month += at.day > 1 ? 1 : 0;
    month += (step - month % step) % step;
    for (size_t i = 0; i < TIME_TICK_MAX; i++) {
        char label[32];
        const int64_t us =
            tend__civil_days(month / 12, (uint32_t)(month % 12) + 1, 1) * TEND_US_PER_DAY;
        if (us > last) {
            return;
        }
        if (step >= 12 || month % 12 == 0) {
            (void)snprintf(label, sizeof(label), "%d", month / 12);
        } else {
            (void)snprintf(label, sizeof(label), "%s", months[month % 12]);
        }
        add_time_tick(plot, chart, us, label);
        month += step;
    }
}

/* Ticks every `step` microseconds, which divide or are days. */
static void add_even_ticks(struct tend__plot *plot, const struct tend__time_chart *chart,
                           int64_t last, int64_t step)
{
    int64_t us = (tend__time_floor(chart->times_us[0], step)) * step;
    us += us < chart->times_us[0] ? step : 0;
    for (size_t i = 0; i < TIME_TICK_MAX && us <= last; i++, us += step) {
        const struct tend__civil at = tend__civil_from_us(us);
        char label[32];
        if (step >= TEND_US_PER_DAY) {
            (void)snprintf(label, sizeof(label), "%u %s", at.day, months[at.month - 1]);
        } else {
            (void)snprintf(label, sizeof(label), "%02u:%02u", at.hour, at.minute);
        }
        add_time_tick(plot, chart, us, label);
    }
}

static void add_time_axis(struct tend__plot *plot, const struct tend__time_chart *chart)
{
    static const double day_steps[] = {1, 2, 7, 14};
    static const double hour_steps[] = {1, 3, 6, 12};
    static const int month_steps[] = {1, 3, 6, 12, 24, 60};
    const int64_t last = chart->times_us[chart->time_count - 1];
    const double days = (double)(last - chart->times_us[0]) / (double)TEND_US_PER_DAY;
    const double most = plot->is_narrow ? 5 : 10;
    if (!(days > 0)) {
        char label[TEND_NUMBER_TEXT_SIZE];
        add_time_tick(plot, chart, last, tend__show_time(last, label));
        return;
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(hour_steps); i++) {
        if (days * 24 / hour_steps[i] <= most) {
            add_even_ticks(plot, chart, last, (int64_t)hour_steps[i] * TEND_US_PER_HOUR);
            return;
        }
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(day_steps); i++) {
        if (days / day_steps[i] <= most) {
            add_even_ticks(plot, chart, last, (int64_t)day_steps[i] * TEND_US_PER_DAY);
            return;
        }
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(month_steps); i++) {
        if (days / 30.4 / month_steps[i] <= most || i + 1 == TEND_ARRAY_LEN(month_steps)) {
            add_month_ticks(plot, chart, last, month_steps[i]);
            return;
        }
    }
}

/* ---- series ---- */

static void add_band(struct tend__plot *plot, const struct tend__time_chart *chart,
                     const struct tend__series *series)
{
    size_t start = 0;
    while (start < chart->time_count) {
        size_t end = start;
        while (end < chart->time_count && isfinite(series->low[end]) &&
               isfinite(series->high[end])) {
            end++;
        }
        if (end > start) {
            tend__buf_printf(plot->out, "<path class=\"band f%d\" d=\"M", series->colour);
            for (size_t i = start; i < end; i++) {
                tend__buf_printf(plot->out, "%.1f %.1f ", x_at(plot, chart, chart->times_us[i]),
                                 tend__plot_y(plot, series->high[i]));
            }
            for (size_t i = end; i > start; i--) {
                tend__buf_printf(plot->out, "%.1f %.1f ", x_at(plot, chart, chart->times_us[i - 1]),
                                 tend__plot_y(plot, series->low[i - 1]));
            }
            tend__buf_text(plot->out, "z\"/>");
        }
        start = end + 1;
    }
}

static void add_line(struct tend__plot *plot, const struct tend__time_chart *chart,
                     const struct tend__series *series)
{
    bool is_pen_down = false;
    tend__buf_printf(plot->out, "<path class=\"ln s%d%s\" d=\"", series->colour,
                     series->style == TEND_SERIES_DASHED ? " dash" : "");
    for (size_t i = 0; i < chart->time_count; i++) {
        if (!isfinite(series->values[i])) {
            is_pen_down = false;
            continue;
        }
        tend__buf_printf(plot->out, "%s%.1f %.1f", is_pen_down ? "L" : "M",
                         x_at(plot, chart, chart->times_us[i]),
                         tend__plot_y(plot, series->values[i]));
        is_pen_down = true;
    }
    tend__buf_text(plot->out, "\"/>\n");
}

static void add_marks(struct tend__plot *plot, const struct tend__time_chart *chart,
                      const struct tend__series *series)
{
    const double step = plot->width / (double)(chart->time_count > 1 ? chart->time_count : 1);
    const double zero = tend__plot_y(plot, 0);
    for (size_t i = 0; i < chart->time_count; i++) {
        if (!isfinite(series->values[i])) {
            continue;
        }
        const double x = x_at(plot, chart, chart->times_us[i]);
        const double y = tend__plot_y(plot, series->values[i]);
        if (series->style == TEND_SERIES_DOTS) {
            tend__buf_printf(plot->out,
                             "<circle class=\"f%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>",
                             series->colour, x, y, chart->time_count > 120 ? 1.8 : 2.6);
        } else {
            tend__buf_printf(
                plot->out,
                "<rect class=\"f%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"/>",
                series->colour, x - step * 0.4, y < zero ? y : zero, step * 0.8, fabs(zero - y));
        }
    }
    tend__buf_char(plot->out, '\n');
}

static void add_series(struct tend__plot *plot, const struct tend__time_chart *chart,
                       const struct tend__series *series)
{
    switch (series->style) {
    case TEND_SERIES_LINE:
    case TEND_SERIES_DASHED:
        add_line(plot, chart, series);
        return;
    case TEND_SERIES_DOTS:
    case TEND_SERIES_BARS:
        add_marks(plot, chart, series);
        return;
    }
}

/* ---- events ---- */

static void add_event(struct tend__plot *plot, const struct tend__time_chart *chart,
                      const struct tend__event *event, double *last_x, double *row_y)
{
    const double x = x_at(plot, chart, event->time_us);
    char when[TEND_NUMBER_TEXT_SIZE];
    /* Marks that would cover each other stand below one another, three deep. */
    *row_y = x - *last_x < 17 ? *row_y + 17 : 10;
    *row_y = *row_y > 10 + 17 * 2 ? 10 : *row_y;
    *last_x = x;
    tend__buf_text(plot->out, "<g><title>");
    tend__html_text(plot->out, tend__show_time(event->time_us, when));
    tend__buf_text(plot->out, " ");
    tend__html_text(plot->out, event->text);
    tend__buf_text(plot->out, "</title>");
    if (event->until_us > event->time_us) {
        const double until = x_at(plot, chart, event->until_us);
        tend__buf_printf(
            plot->out,
            "<rect class=\"shade\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", x,
            plot->top, until - x, plot->height);
    }
    tend__buf_printf(plot->out,
                     "<path class=\"ln dash s%d\" style=\"stroke-width:1\" d=\"M%.1f "
                     "%.1fV%.1f\"/><circle class=\"f%d\" "
                     "cx=\"%.1f\" cy=\"%.1f\" r=\"8\"/>",
                     signs[event->kind].colour, x, *row_y + 8, plot->top + plot->height,
                     signs[event->kind].colour, x, *row_y);
    tend__buf_printf(
        plot->out,
        "<text class=\"mk\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text></g>\n", x,
        *row_y + 4, signs[event->kind].letter);
}

static void add_events(struct tend__plot *plot, const struct tend__time_chart *chart)
{
    double last_x = -100;
    double row_y = 10;
    for (size_t i = 0; i < chart->event_count; i++) {
        add_event(plot, chart, &chart->events[i], &last_x, &row_y);
    }
}

/* The events in words, in a fold: what a mark says only to a mouse, this says to everybody. */
static void add_event_table(struct tend__buf *out, const struct tend__time_chart *chart)
{
    struct tend__table table;
    char when[TEND_NUMBER_TEXT_SIZE];
    if (chart->event_count == 0) {
        return;
    }
    tend__table_init(&table);
    tend__table_add_column(&table, "mark", false);
    tend__table_add_column(&table, "when", false);
    tend__table_add_column(&table, "what", false);
    for (size_t i = 0; i < chart->event_count; i++) {
        const struct tend__event *event = &chart->events[i];
        tend__table_cell(&table, TEND_TINT_BOLD, "%s %s", signs[event->kind].letter,
                         signs[event->kind].name);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_time(event->time_us, when));
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", event->text);
    }
    tend__html_fold_begin(out, "marks in words");
    tend__html_table(out, &table, NULL);
    tend__html_fold_end(out);
    tend__table_deinit(&table);
}

/* ---- the whole ---- */

static void draw_at(struct tend__buf *out, const struct tend__time_chart *chart, double width,
                    const char *class_name)
{
    const double marks = chart->event_count > 0 ? 58 : 10;
    struct tend__plot plot = {.out = out,
                              .left = 58,
                              .top = marks,
                              .width = width - 58 - 14,
                              .height = chart->chart.is_card ? 120 : 230,
                              .is_narrow = width < 500};
    value_range(chart, &plot.low, &plot.high);
    tend__svg_begin(out, &chart->chart, width, plot.top + plot.height + 28, class_name);
    tend__plot_y_axis(&plot, "");
    for (size_t s = 0; s < chart->series_count; s++) {
        if (chart->series[s].low != NULL && chart->series[s].high != NULL) {
            add_band(&plot, chart, &chart->series[s]);
        }
    }
    for (size_t s = 0; s < chart->series_count; s++) {
        add_series(&plot, chart, &chart->series[s]);
    }
    add_events(&plot, chart);
    add_time_axis(&plot, chart);
    tend__svg_end(out);
}

static void add_legend(struct tend__buf *out, const struct tend__time_chart *chart)
{
    static const enum tend__legend_sign legend_signs[] = {
        [TEND_SERIES_LINE] = TEND_LEGEND_LINE,
        [TEND_SERIES_DASHED] = TEND_LEGEND_DASHED,
        [TEND_SERIES_DOTS] = TEND_LEGEND_DOTS,
        [TEND_SERIES_BARS] = TEND_LEGEND_BAR,
    };
    tend__legend_begin(out);
    for (size_t s = 0; s < chart->series_count; s++) {
        tend__legend_entry(out, legend_signs[chart->series[s].style], chart->series[s].colour,
                           chart->series[s].name);
    }
    for (size_t k = 0; k < TEND_ARRAY_LEN(signs); k++) {
        bool is_used = false;
        for (size_t i = 0; i < chart->event_count; i++) {
            is_used = is_used || (size_t)chart->events[i].kind == k;
        }
        if (is_used) {
            tend__buf_printf(out,
                             "<li><svg viewBox=\"0 0 22 12\" aria-hidden=\"true\"><circle "
                             "class=\"f%d\" cx=\"11\" "
                             "cy=\"6\" r=\"6\"/><text class=\"mk\" x=\"11\" y=\"9.5\" "
                             "text-anchor=\"middle\">%s</text>"
                             "</svg>%s</li>",
                             signs[k].colour, signs[k].letter, signs[k].name);
        }
    }
    if (chart->chart.y_label != NULL) {
        tend__buf_text(out, "<li>vertical: ");
        tend__html_text(out, chart->chart.y_label);
        tend__buf_text(out, "</li>");
    }
    tend__legend_end(out);
}

static void add_numbers(struct tend__buf *out, const struct tend__time_chart *chart)
{
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__table_init(&table);
    tend__table_add_column(&table, "time", false);
    for (size_t s = 0; s < chart->series_count && s < 8; s++) {
        tend__table_add_column(&table, chart->series[s].name, true);
        if (chart->series[s].low != NULL) {
            tend__table_add_column(&table, "low", true);
            tend__table_add_column(&table, "high", true);
        }
    }
    for (size_t i = 0; i < chart->time_count; i++) {
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_time(chart->times_us[i], text));
        for (size_t s = 0; s < chart->series_count && s < 8; s++) {
            const struct tend__series *series = &chart->series[s];
            tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                             tend__show_number(series->values[i], text));
            if (series->low != NULL) {
                tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                                 tend__show_number(series->low[i], text));
                tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                                 tend__show_number(series->high[i], text));
            }
        }
    }
    tend__html_fold_begin(out, "numbers");
    tend__html_table(out, &table, NULL);
    tend__html_fold_end(out);
    tend__table_deinit(&table);
}

void tend__svg_time(struct tend__buf *out, const struct tend__time_chart *chart)
{
    if (chart->time_count == 0 || chart->time_count > TEND_CHART_POINT_MAX) {
        return;
    }
    tend__figure_begin(out);
    add_legend(out, chart);
    draw_at(out, chart, chart->chart.is_card ? CARD_WIDTH : BROAD_WIDTH,
            chart->chart.is_card ? "" : "broad");
    if (!chart->chart.is_card) {
        draw_at(out, chart, NARROW_WIDTH, "narrow");
    }
    tend__figure_end(out, &chart->chart);
    add_event_table(out, chart);
    add_numbers(out, chart);
}
