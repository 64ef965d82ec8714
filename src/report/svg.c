/* SPDX-License-Identifier: Apache-2.0 */
/* svg.c: charts of distributions and of money; svg_time.c has those over time. */
#include "report/svg.h"

#include "report/html.h"
#include "report/svg_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CARD_WIDTH 340.0
#define BROAD_WIDTH 900.0
#define NARROW_WIDTH 360.0

struct shares {
    const char *const *labels;
    const double *reference;
    const double *current;
    size_t count;
};

static double largest(const struct shares *shares)
{
    double top = 0;
    for (size_t i = 0; i < shares->count; i++) {
        top = shares->reference[i] > top ? shares->reference[i] : top;
        top = shares->current[i] > top ? shares->current[i] : top;
    }
    return top;
}

/* The numbers of a chart of shares, behind a fold. */
static void add_shares_table(struct tend__buf *out, const struct shares *shares)
{
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__table_init(&table);
    tend__table_add_column(&table, "values", false);
    tend__table_add_column(&table, "reference", true);
    tend__table_add_column(&table, "current", true);
    for (size_t i = 0; i < shares->count; i++) {
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", shares->labels[i]);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         tend__show_share(shares->reference[i], text));
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_share(shares->current[i], text));
    }
    tend__html_fold_begin(out, "numbers");
    tend__html_table(out, &table, NULL);
    tend__html_fold_end(out);
    tend__table_deinit(&table);
}

static void add_shares_legend(struct tend__buf *out, enum tend__legend_sign reference)
{
    tend__legend_begin(out);
    tend__legend_entry(out, reference, 0, "reference");
    tend__legend_entry(out, TEND_LEGEND_BAR, 1, "current");
    tend__legend_end(out);
}

/* ---- histogram ---- */

static void draw_histogram(struct tend__plot *plot, const struct shares *shares)
{
    struct tend__buf *out = plot->out;
    const double step = plot->width / (double)shares->count;
    const double base = tend__plot_y(plot, 0);
    for (size_t i = 0; i < shares->count; i++) {
        const double y = tend__plot_y(plot, shares->current[i] * 100.0);
        char text[2][TEND_NUMBER_TEXT_SIZE];
        tend__buf_printf(
            out,
            "<rect class=\"f1 cur\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>",
            plot->left + step * (double)i + step * 0.08, y, step * 0.84, base > y ? base - y : 0.0);
        tend__html_text(out, shares->labels[i]);
        tend__buf_printf(out, ": reference %s, current %s</title></rect>",
                         tend__show_share(shares->reference[i], text[0]),
                         tend__show_share(shares->current[i], text[1]));
    }
    tend__buf_printf(out, "<path class=\"outline s0\" d=\"M%.1f %.1f", plot->left, base);
    for (size_t i = 0; i < shares->count; i++) {
        tend__buf_printf(out, "V%.1fh%.2f", tend__plot_y(plot, shares->reference[i] * 100.0), step);
    }
    tend__buf_printf(out, "V%.1f\"/>\n", base);
    const double y = plot->top + plot->height + 16;
    tend__svg_text(out, plot->left, y, TEND_SVG_START, shares->labels[0], plot->width * 0.32);
    tend__svg_text(out, plot->left + plot->width / 2, y, TEND_SVG_MIDDLE,
                   shares->labels[shares->count / 2], plot->width * 0.32);
    tend__svg_text(out, plot->left + plot->width, y, TEND_SVG_END,
                   shares->labels[shares->count - 1], plot->width * 0.32);
}

static void draw_histogram_at(struct tend__buf *out, const struct tend__chart *chart,
                              const struct shares *shares, double width, const char *class_name)
{
    struct tend__plot plot = {.out = out,
                              .left = 44,
                              .top = 8,
                              .width = width - 52,
                              .height = 130,
                              .low = 0,
                              .high = largest(shares) * 100.0};
    plot.high = plot.high > 0 ? plot.high : 1.0;
    tend__svg_begin(out, chart, width, 166, class_name);
    tend__plot_y_axis(&plot, "%");
    draw_histogram(&plot, shares);
    tend__svg_end(out);
}

void tend__svg_histogram(struct tend__buf *out, const struct tend__chart *chart,
                         const char *const *labels, const double *reference, const double *current,
                         size_t count)
{
    const struct shares shares = {
        .labels = labels, .reference = reference, .current = current, .count = count};
    if (count == 0) {
        return;
    }
    tend__figure_begin(out);
    add_shares_legend(out, TEND_LEGEND_OUTLINE);
    if (chart->is_card) {
        draw_histogram_at(out, chart, &shares, CARD_WIDTH, "");
    } else {
        draw_histogram_at(out, chart, &shares, BROAD_WIDTH, "broad");
        draw_histogram_at(out, chart, &shares, NARROW_WIDTH, "narrow");
    }
    tend__figure_end(out, chart);
    add_shares_table(out, &shares);
}

/* ---- categories ---- */

static void draw_categories_at(struct tend__buf *out, const struct tend__chart *chart,
                               const struct shares *shares, double width, const char *class_name)
{
    const double row = 26;
    const double left = width > 500 ? 180 : 104;
    const double room = width - left - 52;
    const double top = largest(shares);
    tend__svg_begin(out, chart, width, row * (double)shares->count + 6, class_name);
    for (size_t i = 0; i < shares->count; i++) {
        const double y = row * (double)i + 4;
        const double ref_width = top > 0 ? shares->reference[i] / top * room : 0;
        const double cur_width = top > 0 ? shares->current[i] / top * room : 0;
        const double longest = ref_width > cur_width ? ref_width : cur_width;
        char text[2][TEND_NUMBER_TEXT_SIZE];
        tend__svg_text(out, left - 8, y + 14, TEND_SVG_END_LABEL, shares->labels[i], left - 10);
        tend__buf_printf(
            out,
            "<g><title>reference %s, current %s</title><rect class=\"f0\" x=\"%.1f\" "
            "y=\"%.1f\" "
            "width=\"%.1f\" height=\"9\"/><rect class=\"f1 cur\" x=\"%.1f\" y=\"%.1f\" "
            "width=\"%.1f\" "
            "height=\"9\"/></g>",
            tend__show_share(shares->reference[i], text[0]),
            tend__show_share(shares->current[i], text[1]), left, y, ref_width, left, y + 10,
            cur_width);
        tend__svg_text(out, left + longest + 6, y + 14, TEND_SVG_START, text[1], 0);
    }
    tend__buf_printf(out, "<path class=\"ax\" d=\"M%.1f 0v%.1f\"/>", left,
                     row * (double)shares->count + 4);
    tend__svg_end(out);
}

void tend__svg_categories(struct tend__buf *out, const struct tend__chart *chart,
                          const char *const *labels, const double *reference, const double *current,
                          size_t count)
{
    const struct shares shares = {
        .labels = labels, .reference = reference, .current = current, .count = count};
    if (count == 0) {
        return;
    }
    tend__figure_begin(out);
    add_shares_legend(out, TEND_LEGEND_BAR);
    if (chart->is_card) {
        draw_categories_at(out, chart, &shares, CARD_WIDTH, "");
    } else {
        draw_categories_at(out, chart, &shares, BROAD_WIDTH, "broad");
        draw_categories_at(out, chart, &shares, NARROW_WIDTH, "narrow");
    }
    tend__figure_end(out, chart);
    add_shares_table(out, &shares);
}

/* ---- money ---- */

static void money_range(const struct tend__money_bar *bars, size_t count, double *low, double *high)
{
    *low = 0;
    *high = 0;
    for (size_t i = 0; i < count; i++) {
        const double numbers[2] = {bars[i].value, bars[i].net};
        for (size_t j = 0; j < 2; j++) {
            *low = numbers[j] < *low ? numbers[j] : *low;
            *high = numbers[j] > *high ? numbers[j] : *high;
        }
    }
    if (!(*high > *low)) {
        *high = *low + 1;
    }
}

/* One policy: its value as a pale bar, what is left after costs as a full one, the number at the
 * right. */
static void draw_money_row(struct tend__buf *out, const struct tend__money_bar *bar, double y,
                           double left, double zero_x, double scale)
{
    char text[3][TEND_NUMBER_TEXT_SIZE];
    const double value_width = bar->value * scale;
    const double net_width = bar->net * scale;
    const int colour = bar->is_ours ? 0 : 6;
    tend__svg_text(out, left - 8, y + 17, bar->is_ours ? TEND_SVG_END_OURS : TEND_SVG_END_LABEL,
                   bar->name, left - 10);
    tend__buf_printf(out, "<g><title>value %s, cost %s, net %s</title>",
                     tend__show_money(bar->value, text[0]), tend__show_money(bar->cost, text[1]),
                     tend__show_money(bar->net, text[2]));
    tend__buf_printf(
        out, "<rect class=\"f%d band\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"24\"/>",
        colour, value_width < 0 ? zero_x + value_width : zero_x, y, fabs(value_width));
    tend__buf_printf(out,
                     "<rect class=\"f%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"14\"/></g>",
                     colour, net_width < 0 ? zero_x + net_width : zero_x, y + 5, fabs(net_width));
}

static void draw_money_at(struct tend__buf *out, const struct tend__chart *chart,
                          const struct tend__money_bar *bars, size_t count, double width,
                          const char *class_name)
{
    const double row = 36;
    const double left = width > 500 ? 190 : 112;
    const double right = 84; /* the number's */
    double low = 0;
    double high = 0;
    char text[TEND_NUMBER_TEXT_SIZE];
    money_range(bars, count, &low, &high);
    const double scale = (width - left - right) / (high - low);
    const double zero_x = left - low * scale;
    tend__svg_begin(out, chart, width, row * (double)count + 8, class_name);
    for (size_t i = 0; i < count; i++) {
        const double y = row * (double)i + 6;
        draw_money_row(out, &bars[i], y, left, zero_x, scale);
        tend__svg_text(out, width - 2, y + 17,
                       bars[i].is_ours ? TEND_SVG_END_OURS : TEND_SVG_END_LABEL,
                       tend__show_money(bars[i].net, text), 0);
    }
    tend__buf_printf(out, "<path class=\"ax zero\" d=\"M%.1f 0v%.1f\"/>", zero_x,
                     row * (double)count + 4);
    tend__svg_end(out);
}

void tend__svg_money(struct tend__buf *out, const struct tend__chart *chart,
                     const struct tend__money_bar *bars, size_t count)
{
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    if (count == 0) {
        return;
    }
    tend__figure_begin(out);
    tend__legend_begin(out);
    tend__buf_text(
        out,
        "<li><svg viewBox=\"0 0 22 12\" aria-hidden=\"true\"><rect class=\"f0 band\" width=\"22\" "
        "height=\"12\"/></svg>value</li><li><svg viewBox=\"0 0 22 12\" aria-hidden=\"true\"><rect "
        "class=\"f0\" y=\"2\" width=\"22\" height=\"8\"/></svg>net of costs</li>");
    tend__legend_end(out);
    draw_money_at(out, chart, bars, count, chart->is_card ? CARD_WIDTH : BROAD_WIDTH,
                  chart->is_card ? "" : "broad");
    if (!chart->is_card) {
        draw_money_at(out, chart, bars, count, NARROW_WIDTH, "narrow");
    }
    tend__figure_end(out, chart);
    tend__table_init(&table);
    tend__table_add_column(&table, "policy", false);
    tend__table_add_column(&table, "value", true);
    tend__table_add_column(&table, "cost", true);
    tend__table_add_column(&table, "net", true);
    for (size_t i = 0; i < count; i++) {
        tend__table_cell(&table, bars[i].is_ours ? TEND_TINT_BOLD : TEND_TINT_PLAIN, "%s",
                         bars[i].name);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_money(bars[i].value, text));
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_money(bars[i].cost, text));
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_money(bars[i].net, text));
    }
    tend__html_fold_begin(out, "numbers");
    tend__html_table(out, &table, NULL);
    tend__html_fold_end(out);
    tend__table_deinit(&table);
}
