/* SPDX-License-Identifier: Apache-2.0 */
/* multivariate_report.h: what a check says of whole rows, as a part of its JSON, text and page. */
#ifndef TEND_REPORT_MULTIVARIATE_REPORT_H
#define TEND_REPORT_MULTIVARIATE_REPORT_H

#include "base/buf.h"
#include "base/json_write.h"
#include "judge/check.h"
#include "report/render.h"

/* The member `multivariate` of tend.check/1: null where no rows were compared (a side is a profile,
 * or too small). */
void tend__multivariate_json(const struct tend__check *check, struct tend__json_writer *w);

/* Two lines under a heading; nothing where no rows were compared. */
void tend__multivariate_text(const struct tend__check *check, const struct tend__text_style *style,
                             struct tend__buf *out);

/* A section with a sentence for each test; nothing where no rows were compared. */
void tend__multivariate_html(const struct tend__check *check, struct tend__buf *page);

#endif
