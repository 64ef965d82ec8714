/* SPDX-License-Identifier: Apache-2.0 */
/* svg_pair.h: the lightest drawing of two distributions, for pages with a thousand of them. */
#ifndef TEND_REPORT_SVG_PAIR_H
#define TEND_REPORT_SVG_PAIR_H

#include "base/buf.h"
#include "report/column_view.h"

/* Two paths in whole units: the current shares filled, the reference's as an outline; the first and
 * the last label below, or for categories the largest. `desc` is what a screen reader says; about a
 * kilobyte. Nothing where the view has no cell. */
void tend__svg_pair(struct tend__buf *out, const char *desc, const struct tend__column_view *view);

#endif
