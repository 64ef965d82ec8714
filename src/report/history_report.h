/* SPDX-License-Identifier: Apache-2.0 */
/* history_report.h: how columns went over time, as text, JSON and a page: tend show of a store. */
#ifndef TEND_REPORT_HISTORY_REPORT_H
#define TEND_REPORT_HISTORY_REPORT_H

#include "base/json_write.h"
#include "judge/history.h"
#include "report/render.h"

#define TEND_HISTORY_PAGE_COLUMNS 40 /* of a page: those furthest from the reference */

struct tend__history_report {
    const struct tend__history *history;
    const char *name;    /* "history@2001-02" */
    const char *segment; /* NULL: all rows */
    const char *every;   /* "1d" */
    size_t column_idx;   /* one column in detail; SIZE_MAX: all */
};

enum tend_code tend__history_text(const struct tend__history_report *report,
                                  const struct tend__text_style *look, struct tend__buf *out,
                                  struct tend_error *err) TEND_NODISCARD;
/* Members of the object that is open. */
void tend__history_json(const struct tend__history_report *report, struct tend__json_writer *w);
enum tend_code tend__history_html(const struct tend__history_report *report, struct tend__buf *page,
                                  struct tend_error *err) TEND_NODISCARD;

/* The columns, the one furthest from the reference first (in multiples of its tolerance); `order`
 * has room for all. */
void tend__history_order(const struct tend__history *history, size_t *order);

/* "30 windows of 1d, from 2001-01-01 to before 2001-02-01; 1 is missing: 2001-01-09". */
void tend__history_words(const struct tend__history_report *report, struct tend__buf *out);

#endif
