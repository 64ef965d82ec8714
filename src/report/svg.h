/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svg.h: the charts of reports, as inline SVG within an HTML page of html.h.
 *
 * Each chart is a <figure> with a title, a description for those who cannot see it, and a table of
 * the same numbers behind a fold. A wide chart is drawn twice, for broad and narrow pages, so that
 * letters keep their size; CSS shows one. Colours are classes of html.c's style sheet (Okabe and
 * Ito's palette, light and dark); what colour says, form or text says too. NaN is a gap. Nothing
 * here fails: errors stick in the buffer.
 */
#ifndef TEND_REPORT_SVG_H
#define TEND_REPORT_SVG_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_CHART_POINT_MAX 100000

struct tend__chart {
    const char *title; /* shown above the chart */
    const char *desc; /* a sentence that says what there is to see; for screen readers and below the
                         chart */
    const char *y_label; /* "EUR a row"; NULL for none */
    bool is_card;        /* one small drawing for a grid of cards; else two, broad and narrow */
};

/* ---- distributions ---- */

/* Shares of two sets of rows in the same ordered bins: the reference as an outline, the current as
 * bars. labels[i] names bin i ("<= 12", "12 to 40"); shares sum to 1 or less. */
void tend__svg_histogram(struct tend__buf *out, const struct tend__chart *chart,
                         const char *const *labels, const double *reference, const double *current,
                         size_t count);

/* The same of unordered categories: a pair of bars each, the label at the left. Shows the first
 * `count`. */
void tend__svg_categories(struct tend__buf *out, const struct tend__chart *chart,
                          const char *const *labels, const double *reference, const double *current,
                          size_t count);

/* ---- over time ---- */

enum tend__series_style {
    TEND_SERIES_LINE,
    TEND_SERIES_DASHED,
    TEND_SERIES_DOTS,
    TEND_SERIES_BARS, /* from zero, one a time; for counts and shares */
};

struct tend__series {
    const char *name;
    const double *values; /* one a time */
    const double *low;    /* a band around the line, or NULL */
    const double *high;
    enum tend__series_style style;
    int colour; /* 0..6 of the palette: blue, orange, green, vermilion, purple, sky, grey */
};

enum tend__event_kind {
    TEND_EVENT_BREAK,
    TEND_EVENT_ALARM,
    TEND_EVENT_RETRAIN,
    TEND_EVENT_PROMOTE,
    TEND_EVENT_FALL_BACK,
    TEND_EVENT_NOTE,
};

/* A mark on the time axis, with a sign and a letter of its own; until_us > time_us shades the time
 * between. */
struct tend__event {
    int64_t time_us;
    int64_t until_us;
    enum tend__event_kind kind;
    const char *text; /* shown on hover and in the list under the chart */
};

struct tend__time_chart {
    struct tend__chart chart;
    const int64_t *times_us; /* ascending */
    size_t time_count;
    const struct tend__series *series;
    size_t series_count;
    const struct tend__event *events;
    size_t event_count;
    bool from_zero; /* the y axis holds zero */
};

void tend__svg_time(struct tend__buf *out, const struct tend__time_chart *chart);

/* ---- comparisons ---- */

/* Bars that may be negative: value, its cost and what is left, e.g. of policies. NaN cost: not
 * shown. */
struct tend__money_bar {
    const char *name;
    double value;
    double cost;
    double net;
    bool is_ours; /* set off from the others */
};

void tend__svg_money(struct tend__buf *out, const struct tend__chart *chart,
                     const struct tend__money_bar *bars, size_t count);

#endif
