/* SPDX-License-Identifier: Apache-2.0 */
/* check_words.h: what a check found, in sentences: for the page, and for whoever quotes it. */
#ifndef TEND_REPORT_CHECK_WORDS_H
#define TEND_REPORT_CHECK_WORDS_H

#include "judge/check.h"
#include "report/column_view.h"

/* What changed in one column, with its numbers: "Values moved up by 0.31 of a standard deviation
 * (W1 130), line at 0.1, q <0.001. Mean 891, was 743; ...". `view` is the column's, of both sides.
 */
void tend__drift_words(const struct tend__check *check, const struct tend__drift_column *drift,
                       const struct tend__column_view *view, struct tend__buf *out);

/* The same as half a sentence for a list: "moved up by 0.31 sd". */
void tend__drift_short_words(const struct tend__check *check,
                             const struct tend__drift_column *drift, struct tend__buf *out);

/* What a person can do about a break: one or two whole sentences. */
const char *tend__break_advice(enum tend__break_kind kind);

#endif
