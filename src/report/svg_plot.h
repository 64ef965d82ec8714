/* SPDX-License-Identifier: Apache-2.0 */
/* svg_plot.h: what the charts of svg.c and svg_time.c share: frames, scales, axes, legends and the
 * figure around. */
#ifndef TEND_REPORT_SVG_PLOT_H
#define TEND_REPORT_SVG_PLOT_H

#include "report/svg.h"

#define TEND_TICK_MAX 12

/* A rectangle of the drawing with a linear scale up its height. */
struct tend__plot {
    struct tend__buf *out;
    double left; /* of the plot's area, in the drawing's units */
    double top;
    double width;
    double height;
    double low; /* value at the bottom */
    double high;
    bool is_narrow;
};

/* Ticks at 1, 2 or 5 times a power of ten, within low..high; returns how many. */
size_t tend__nice_ticks(double low, double high, size_t wanted, double ticks[TEND_TICK_MAX]);

/* "1.5k", "20M", "0.05": short enough for an axis. */
void tend__show_tick(double number, double step, char text[32]);

double tend__plot_y(const struct tend__plot *plot, double value);

/* Widens low..high to whole ticks and draws horizontal lines with numbers at the left, and a line
 * at zero. `suffix` goes after each number ("%"). */
void tend__plot_y_axis(struct tend__plot *plot, const char *suffix);

void tend__figure_begin(struct tend__buf *out);
void tend__figure_end(struct tend__buf *out, const struct tend__chart *chart);
void tend__svg_begin(struct tend__buf *out, const struct tend__chart *chart, double width,
                     double height, const char *class_name);
void tend__svg_end(struct tend__buf *out);

/* An entry of a legend: a line, a dashed line, dots, a bar or an outline, in a colour. */
enum tend__legend_sign {
    TEND_LEGEND_LINE,
    TEND_LEGEND_DASHED,
    TEND_LEGEND_DOTS,
    TEND_LEGEND_BAR,
    TEND_LEGEND_OUTLINE,
};
void tend__legend_begin(struct tend__buf *out);
void tend__legend_entry(struct tend__buf *out, enum tend__legend_sign sign, int colour,
                        const char *name);
void tend__legend_end(struct tend__buf *out);

/* Text at a place, cut to about `width` units (0: never). `look` is one of TEND_SVG_*. */
#define TEND_SVG_START "text-anchor=\"start\""
#define TEND_SVG_MIDDLE "text-anchor=\"middle\""
#define TEND_SVG_END "text-anchor=\"end\""
#define TEND_SVG_END_LABEL "text-anchor=\"end\" class=\"lab\""
#define TEND_SVG_END_OURS "text-anchor=\"end\" class=\"lab ours\""
void tend__svg_text(struct tend__buf *out, double x, double y, const char *look, const char *text,
                    double width);

#endif
