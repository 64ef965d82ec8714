/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segments.h: the parts of the rows that have profiles of their own.
 *
 * A segment is the rows where an expression is true, or the rows with one value of a column. Which
 * values of a column have a segment is fixed once, from the rows that a plan is made of: the most
 * frequent ones; all other rows of the column, and its nulls, are one more segment, so that the
 * segments of a column divide the rows. Segments of different rules overlap.
 *
 * Values go by their text: a number's shortest decimal, "true" and "false". The names are
 * "country=NO" and "country=other" ("country=(other)" where "other" is a value), and the text of an
 * expression.
 */
#ifndef TEND_PROFILE_SEGMENTS_H
#define TEND_PROFILE_SEGMENTS_H

#include "base/column.h"
#include "base/fail.h"
#include "profile/profile.h"

#define TEND_SEGMENT_RULE_MAX 16
#define TEND_SEGMENT_VALUES 20 /* of a column, where the builder is not told */
#define TEND_SEGMENT_VALUES_MAX 1000
#define TEND_SEGMENT_MAX 4096 /* of all rules */
#define TEND_SEGMENT_NONE UINT32_MAX

/* ---- which segments there are ---- */

/* Immutable. A segment is a label of profile.h without a window. */
struct tend__segments;

/* The segments that profiles are labelled with; those of one column must stand together, its rest
 * last. Labels without a segment are left out. TEND_ECORRUPT where they are not so. */
enum tend_code tend__segments_new(const struct tend__profile_label *const *labels, size_t count,
                                  struct tend__segments **out,
                                  struct tend_error *err) TEND_NODISCARD;
void tend__segments_free(struct tend__segments *segments); /* NULL is fine */
size_t tend__segments_count(const struct tend__segments *segments);
/* Borrowed. */
const struct tend__profile_label *tend__segments_label(const struct tend__segments *segments,
                                                       size_t segment_idx);
/* Whether these rules would give these segments: the same columns and expressions in this order. */
bool tend__segments_fit_rules(const struct tend__segments *segments, const char *const *rules,
                              size_t rule_count);

/* ---- from rules, when a plan is made ---- */

struct tend__segments_builder;

/* A rule is the name of a column or else an expression. TEND_ELIMIT for too many, TEND_ETYPE for a
 * column that has no values to go by (times, vectors) or an expression that is no condition; as
 * tend__expr_new. value_max 0 = TEND_SEGMENT_VALUES. */
struct tend__segment_rules {
    const char *const *rules;
    size_t rule_count;
    size_t value_max;
};
enum tend_code tend__segments_builder_new(const struct tend__segment_rules *rules,
                                          const struct tend__field *fields, size_t field_count,
                                          struct tend__segments_builder **out,
                                          struct tend_error *err) TEND_NODISCARD;
void tend__segments_builder_free(struct tend__segments_builder *builder);
enum tend_code tend__segments_builder_add(struct tend__segments_builder *builder,
                                          const struct tend__batch *batch,
                                          struct tend_error *err) TEND_NODISCARD;
enum tend_code tend__segments_builder_finish(const struct tend__segments_builder *builder,
                                             struct tend__segments **out,
                                             struct tend_error *err) TEND_NODISCARD;

/* ---- which rows are whose ---- */

struct tend__segmenter;

/* For rows with these fields; `segments` must outlive it. A column that they lack leaves all its
 * rows to the rest; an expression that does not fit them fails as tend__expr_new, with its text. */
enum tend_code tend__segmenter_new(const struct tend__segments *segments,
                                   const struct tend__field *fields, size_t field_count,
                                   struct tend__segmenter **out,
                                   struct tend_error *err) TEND_NODISCARD;
void tend__segmenter_free(struct tend__segmenter *segmenter);

/* Rules: each gives a row one segment at most. A rule by a column divides the rows. */
size_t tend__segmenter_rule_count(const struct tend__segmenter *segmenter);
bool tend__segmenter_divides(const struct tend__segmenter *segmenter, size_t rule_idx);
/* The rule's segments are first .. first + count. */
void tend__segmenter_range(const struct tend__segmenter *segmenter, size_t rule_idx, size_t *first,
                           size_t *count);

/* The segment of each row by one rule, or TEND_SEGMENT_NONE; `out` has room for all rows. */
enum tend_code tend__segmenter_assign(struct tend__segmenter *segmenter, size_t rule_idx,
                                      const struct tend__batch *batch, uint32_t *out,
                                      struct tend_error *err) TEND_NODISCARD;
/* Rows on which an expression failed, so far; they are in no segment of it. */
uint64_t tend__segmenter_failed_count(const struct tend__segmenter *segmenter);

#endif
