/* SPDX-License-Identifier: Apache-2.0 */
/* check_report.h: the result of a check as JSON, as text and as one page. */
#ifndef TEND_REPORT_CHECK_REPORT_H
#define TEND_REPORT_CHECK_REPORT_H

#include "base/buf.h"
#include "judge/check.h"
#include "report/render.h"

/* A sentence without a full stop: "values are 1.609 times what they were (mi to km)". */
void tend__check_break_words(const struct tend__break *found, struct tend__buf *out);

/* The document tend.check/1 (docs/check-json.md); errors stick in `out`. */
void tend__check_json(const struct tend__check *check, struct tend__buf *out);

enum tend_code tend__check_text(const struct tend__check *check,
                                const struct tend__text_style *style, struct tend__buf *out,
                                struct tend_error *err) TEND_NODISCARD;

/* One self-contained page. */
enum tend_code tend__check_html(const struct tend__check *check, struct tend__buf *page,
                                struct tend_error *err) TEND_NODISCARD;

#endif
