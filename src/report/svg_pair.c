/* SPDX-License-Identifier: Apache-2.0 */
/* svg_pair.c: two distributions as two paths. Heights are shares of the largest, in whole units, so
 * that a number takes two digits. */
#include "report/svg_pair.h"

#include "report/html.h"
#include "report/render.h"

#include <math.h>

#define WIDTH 320
#define HEIGHT 80
#define PAIR_CELLS_MAX 96 /* more are joined: a bar would be narrower than three pixels */

struct pair_shape {
    double reference[PAIR_CELLS_MAX];
    double current[PAIR_CELLS_MAX];
    size_t count;
    double top;
};

/* What is drawn of a view: not the rest of a text's categories, which would dwarf the others, and
 * not the empty places between the values of a number that is counted value by value. */
static bool is_drawn(const struct tend__column_view *view, size_t i)
{
    if (!view->is_ordered) {
        return i < TEND_VIEW_CATEGORY_MAX;
    }
    return view->reference[i] > 0 || view->current[i] > 0;
}

/* Neighbouring cells added up until they fit. */
static void make_shape(const struct tend__column_view *view, struct pair_shape *shape)
{
    size_t drawn = 0;
    for (size_t i = 0; i < view->count; i++) {
        drawn += is_drawn(view, i) ? 1 : 0;
    }
    const size_t size = drawn > 0 ? (drawn + PAIR_CELLS_MAX - 1) / PAIR_CELLS_MAX : 1;
    *shape = (struct pair_shape){.count = drawn > 0 ? (drawn + size - 1) / size : 1};
    drawn = 0;
    for (size_t i = 0; i < view->count; i++) {
        if (is_drawn(view, i)) {
            shape->reference[drawn / size] += view->reference[i];
            shape->current[drawn / size] += view->current[i];
            drawn++;
        }
    }
    for (size_t i = 0; i < shape->count; i++) {
        shape->top = fmax(shape->top, fmax(shape->reference[i], shape->current[i]));
    }
}

static int height_of(const struct pair_shape *shape, double share)
{
    return shape->top > 0 ? (int)lround(share / shape->top * HEIGHT) : 0;
}

static int left_of(const struct pair_shape *shape, size_t i)
{
    return (int)(WIDTH * i / shape->count);
}

/* Steps from left to right along the tops; from a bar to the next by a relative line. */
static void add_path(struct tend__buf *out, const struct pair_shape *shape, const double *shares,
                     const char *look)
{
    int height = 0;
    tend__buf_printf(out, "<path class=\"%s\" d=\"M0 %d", look, HEIGHT);
    for (size_t i = 0; i < shape->count; i++) {
        const int next = height_of(shape, shares[i]);
        if (next != height) {
            tend__buf_printf(out, "v%d", height - next);
        }
        tend__buf_printf(out, "h%d", left_of(shape, i + 1) - left_of(shape, i));
        height = next;
    }
    tend__buf_printf(out, "V%d\"/>", HEIGHT);
}

static void add_label(struct tend__buf *out, const char *label)
{
    tend__buf_text(out, "<span>");
    tend__html_text(out, label);
    tend__buf_text(out, "</span>");
}

void tend__svg_pair(struct tend__buf *out, const char *desc, const struct tend__column_view *view)
{
    struct pair_shape shape;
    char text[TEND_NUMBER_TEXT_SIZE];
    if (view->count == 0) {
        return;
    }
    make_shape(view, &shape);
    tend__buf_printf(out, "<svg class=\"pair\" viewBox=\"0 -2 %d %d\" role=\"img\" aria-label=\"",
                     WIDTH, HEIGHT + 3);
    tend__html_text(out, desc);
    tend__buf_text(out, "\">");
    add_path(out, &shape, shape.current, "f1 cur");
    add_path(out, &shape, shape.reference, "outline s0");
    tend__buf_text(out, "</svg><p class=\"ends\">");
    add_label(out, view->labels[0]);
    if (view->count > 2 && !view->is_ordered) {
        add_label(out, view->labels[1]);
    }
    tend__buf_printf(out, "<span>top %s</span>", tend__show_share(shape.top, text));
    if (view->count > 1) {
        add_label(out, view->labels[view->count - 1]);
    }
    tend__buf_text(out, "</p>\n");
}
