/* SPDX-License-Identifier: Apache-2.0 */
/* column_view.h: a column of one or two profiles as people see it: labelled cells with shares. */
#ifndef TEND_REPORT_COLUMN_VIEW_H
#define TEND_REPORT_COLUMN_VIEW_H

#include "base/buf.h"
#include "profile/profile.h"

#define TEND_VIEW_CATEGORY_MAX 10

struct tend__column_view {
    const char **labels; /* count; point into `text` */
    double *reference;   /* shares of the rows that are in a cell */
    double *current;     /* NaN-free; zeros where there is no second profile */
    size_t count;
    bool is_ordered; /* bins of a number or hours: a histogram; else categories */
    struct tend__buf text;
};

/* `current` may be NULL. Texts show their TEND_VIEW_CATEGORY_MAX largest categories of either side
 * and the rest as one. A column without cells has count 0. */
enum tend_code tend__column_view_init(struct tend__column_view *view,
                                      const struct tend__profile *reference,
                                      const struct tend__profile *current, size_t column_idx,
                                      struct tend_error *err) TEND_NODISCARD;
void tend__column_view_deinit(struct tend__column_view *view);

/* The shape of one side's shares in a few characters: neighbouring cells are averaged until they
 * fit. The rest of a text's categories is left out: it would dwarf the others. */
void tend__column_view_shape(const struct tend__column_view *view, const double *shares, bool utf8,
                             struct tend__buf *out);

/* "number", "category", "time", "bool", "null": as the JSON of commands names them. */
const char *tend__column_kind(enum tend_type type);

#endif
