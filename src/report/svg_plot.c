/* SPDX-License-Identifier: Apache-2.0 */
/* svg_plot.c: scales, axes, legends and text of charts. */
#include "report/svg_plot.h"

#include "report/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CHARACTER_WIDTH 6.4 /* of the style sheet's 12 px letters, on average */

size_t tend__nice_ticks(double low, double high, size_t wanted, double ticks[TEND_TICK_MAX])
{
    if (!isfinite(low) || !isfinite(high) || !(high > low) || wanted == 0) {
        return 0;
    }
    const double rough = (high - low) / (double)wanted;
    const double power = pow(10.0, floor(log10(rough)));
    const double part = rough / power;
    double step = 10.0 * power;
    if (part <= 1.0) {
        step = power;
    } else if (part <= 2.0) {
        step = 2.0 * power;
    } else if (part <= 5.0) {
        step = 5.0 * power;
    }
    size_t count = 0;
    const double first = ceil(low / step - 1e-9);
    for (size_t i = 0; i < TEND_TICK_MAX; i++) {
        const double tick = (first + (double)i) * step;
        if (tick > high + step * 1e-9) {
            break;
        }
        ticks[count++] = fabs(tick) < step * 1e-9 ? 0.0 : tick;
    }
    return count;
}

void tend__show_tick(double number, double step, char text[32])
{
    const double size = fabs(number);
    const double scale = size >= 1e9 ? 1e9 : size >= 1e6 ? 1e6 : size >= 1e4 ? 1e3 : 1.0;
    const char *letter = size >= 1e9 ? "G" : size >= 1e6 ? "M" : size >= 1e4 ? "k" : "";
    const double fine = step / scale;
    int decimals = 0;
    while (decimals < 6 &&
           fabs(fine * pow(10.0, decimals) - round(fine * pow(10.0, decimals))) > 1e-6) {
        decimals++;
    }
    (void)snprintf(text, 32, "%.*f%s", decimals, number / scale, letter);
}

double tend__plot_y(const struct tend__plot *plot, double value)
{
    const double range = plot->high - plot->low;
    const double share = range > 0 ? (value - plot->low) / range : 0.0;
    return plot->top + plot->height * (1.0 - share);
}

void tend__plot_y_axis(struct tend__plot *plot, const char *suffix)
{
    double ticks[TEND_TICK_MAX];
    const size_t wanted = plot->height > 150 ? 5 : 3;
    size_t count = tend__nice_ticks(plot->low, plot->high, wanted, ticks);
    const double step = count > 1 ? ticks[1] - ticks[0] : 1.0;
    if (count > 1) {
        plot->high = ticks[count - 1] < plot->high ? ticks[count - 1] + step : plot->high;
        plot->low = ticks[0] > plot->low ? ticks[0] - step : plot->low;
        count = tend__nice_ticks(plot->low, plot->high,
                                 (size_t)((plot->high - plot->low) / step + 0.5), ticks);
    }
    for (size_t i = 0; i < count; i++) {
        char text[32];
        char whole[48];
        const double y = tend__plot_y(plot, ticks[i]);
        const bool is_zero = fabs(ticks[i]) < step * 1e-9;
        tend__show_tick(ticks[i], step, text);
        (void)snprintf(whole, sizeof(whole), "%s%s", text, suffix);
        tend__buf_printf(plot->out, "<path class=\"ax%s\" d=\"M%.1f %.1fh%.1f\"/>",
                         is_zero ? " zero" : "", plot->left, y, plot->width);
        tend__svg_text(plot->out, plot->left - 6, y + 4, TEND_SVG_END, whole, 0);
    }
}

void tend__figure_begin(struct tend__buf *out)
{
    tend__buf_text(out, "<figure>\n");
}

void tend__figure_end(struct tend__buf *out, const struct tend__chart *chart)
{
    tend__buf_text(out, "<figcaption>");
    tend__html_text(out, chart->desc);
    tend__buf_text(out, "</figcaption></figure>\n");
}

void tend__svg_begin(struct tend__buf *out, const struct tend__chart *chart, double width,
                     double height, const char *class_name)
{
    tend__buf_printf(out, "<svg class=\"%s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
                     class_name, width, height);
    tend__html_text(out, chart->title);
    tend__buf_text(out, "\"><title>");
    tend__html_text(out, chart->title);
    tend__buf_text(out, "</title><desc>");
    tend__html_text(out, chart->desc);
    tend__buf_text(out, "</desc>\n");
}

void tend__svg_end(struct tend__buf *out)
{
    tend__buf_text(out, "</svg>\n");
}

void tend__legend_begin(struct tend__buf *out)
{
    tend__buf_text(out, "<ul class=\"legend\">");
}

void tend__legend_entry(struct tend__buf *out, enum tend__legend_sign sign, int colour,
                        const char *name)
{
    tend__buf_text(out, "<li><svg viewBox=\"0 0 22 12\" aria-hidden=\"true\">");
    switch (sign) {
    case TEND_LEGEND_LINE:
        tend__buf_printf(out, "<path class=\"ln s%d\" d=\"M0 6h22\"/>", colour);
        break;
    case TEND_LEGEND_DASHED:
        tend__buf_printf(out, "<path class=\"ln dash s%d\" d=\"M0 6h22\"/>", colour);
        break;
    case TEND_LEGEND_DOTS:
        tend__buf_printf(
            out,
            "<circle class=\"f%d\" cx=\"5\" cy=\"6\" r=\"2.5\"/><circle class=\"f%d\" cx=\"16\" "
            "cy=\"6\" r=\"2.5\"/>",
            colour, colour);
        break;
    case TEND_LEGEND_BAR:
        tend__buf_printf(out, "<rect class=\"f%d%s\" x=\"3\" y=\"1\" width=\"16\" height=\"10\"/>",
                         colour, colour == 1 ? " cur" : "");
        break;
    case TEND_LEGEND_OUTLINE:
        tend__buf_printf(out, "<path class=\"outline s%d\" d=\"M1 11V4h10V1h10v10\"/>", colour);
        break;
    }
    tend__buf_text(out, "</svg>");
    tend__html_text(out, name);
    tend__buf_text(out, "</li>");
}

void tend__legend_end(struct tend__buf *out)
{
    tend__buf_text(out, "</ul>\n");
}

void tend__svg_text(struct tend__buf *out, double x, double y, const char *look, const char *text,
                    double width)
{
    const size_t len = strlen(text);
    size_t kept = len;
    if (width > 0 && (double)tend__display_width(text, len) * CHARACTER_WIDTH > width) {
        const size_t room = (size_t)(width / CHARACTER_WIDTH);
        kept = 0;
        while (kept < len && tend__display_width(text, kept) + 1 < room) {
            kept++;
            while (kept < len && ((unsigned char)text[kept] & 0xC0U) == 0x80) {
                kept++;
            }
        }
    }
    tend__buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, look);
    tend__html_text_len(out, text, kept);
    tend__buf_text(out, kept < len ? "\u2026</text>" : "</text>");
}
