/* SPDX-License-Identifier: Apache-2.0 */
/* contract_report.h: what a contract came to, as sentences, text, JSON and HTML: alone, or as a
 * part of the report of a check. */
#ifndef TEND_REPORT_CONTRACT_REPORT_H
#define TEND_REPORT_CONTRACT_REPORT_H

#include "base/buf.h"
#include "base/json_write.h"
#include "judge/contract.h"
#include "report/render.h"

/* A sentence without a full stop and without the subject: "4 of 9,999 values (0.04%) are outside of
 * 0 to 100; none may be". */
void tend__contract_words(const struct tend__contract_result *result, struct tend__buf *out);

/* "row 17: -3; row 99: -4"; nothing where there is no example. At most `max` of them. */
void tend__contract_example_words(const struct tend__contract_result *result, size_t max,
                                  struct tend__buf *out);

/* The violations as an indented list under a heading; nothing where there is none. */
enum tend_code tend__contract_text(const struct tend__contract_outcome *outcome,
                                   const struct tend__text_style *style, struct tend__buf *out,
                                   struct tend_error *err) TEND_NODISCARD;

/* The member `contract` of tend.check/1: null where there is no contract. */
void tend__contract_json(const struct tend__contract_outcome *outcome, struct tend__json_writer *w);

/* A section of a page: the violations, each with its examples, and behind a fold what holds. */
enum tend_code tend__contract_html(const struct tend__contract_outcome *outcome,
                                   struct tend__buf *page, struct tend_error *err) TEND_NODISCARD;

/* ---- a contract checked alone ---- */

/* One line with the verdict, then the violations. `data` is the data's name. */
enum tend_code tend__contract_alone_text(const struct tend__contract_outcome *outcome,
                                         const char *data, const struct tend__text_style *style,
                                         struct tend__buf *out,
                                         struct tend_error *err) TEND_NODISCARD;
void tend__contract_alone_json(const struct tend__contract_outcome *outcome, const char *data,
                               const char *config_hash, struct tend__buf *out);
enum tend_code tend__contract_alone_html(const struct tend__contract_outcome *outcome,
                                         const char *data, struct tend__buf *page,
                                         struct tend_error *err) TEND_NODISCARD;

#endif
