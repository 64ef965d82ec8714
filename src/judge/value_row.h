/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value_row.h: what each row was worth (realised value), and what it would be worth under each
 * label (for the estimate).
 *
 * A rule is compiled once from the owner's expressions. It sees the columns of a batch plus three
 * that are bound to it at each call: the score, the decision (computed from the score, or NULL
 * where no decision expression is given) and the label. A bound column hides a batch column of the
 * same name. So several models are judged on the same rows by calling the rule with each model's
 * scores.
 *
 * A row has no value where the label is not known, where an expression fails on it (x/0 and the
 * like; counted by reason; a value that comes out NaN or infinite counts as failed too) or where
 * the value is NULL. Nothing is imputed.
 *
 * Sums are exact: they do not depend on the order of rows or batches, and they merge. Not shared
 * between threads.
 */
#ifndef TEND_JUDGE_VALUE_ROW_H
#define TEND_JUDGE_VALUE_ROW_H

#include "base/column.h"
#include "base/fail.h"
#include "sketch/exact_sum.h"

#define TEND_VALUE_FAIL_REASON_MAX 16
#define TEND_VALUE_SEGMENT_MAX 256

struct tend__value_rule;

struct tend__value_segment {
    const char *name; /* for people; NULL = the expression's text */
    const char *expr; /* a predicate, or a text expression */
    const struct tend__text
        *categories; /* text: one segment each, in this order, and the last is `other` */
    size_t category_count;
};

struct tend__value_rule_options {
    const struct tend__field *fields; /* of the batches to come */
    size_t field_count;
    const char *value;         /* SQL expression, a number */
    const char *decision;      /* SQL expression, bool, number or text; NULL = there is none */
    const char *score_name;    /* NULL = "score" */
    const char *decision_name; /* NULL = "decision" */
    const char *label_name;    /* NULL = "label" */
    bool label_is_number; /* a number to predict; otherwise 0/1, bool where the expressions want it
                             so */
    const struct tend__value_segment *segments;
    size_t segment_count;
};

/* What is bound to the batch's rows. All of batch->row_count, or NULL. */
struct tend__value_binding {
    const double *score; /* NaN = NULL */
    const double *label; /* 0/1, or a number; NaN = not known; NULL = none is known */
    const uint8_t
        *decision_given; /* 0/1: overrides the decision expression (bool decisions only) */
};

/* Caller's arrays of batch->row_count; any may be NULL. A row without a value has NaN. */
struct tend__value_out {
    double *value;     /* realised */
    double *v0;        /* with label := 0 */
    double *delta;     /* with label := 1, less v0 */
    uint8_t *decision; /* 0/1; 255 = NULL, failed, or not a bool */
    uint8_t *failed;   /* reason (enum tend__expr_failure), 0 = none; of the first expression that
                          failed */
};

struct tend__value_sum {
    uint64_t row_count; /* rows with a value */
    struct tend__exact_sum sum;
};

struct tend__value_sums {
    uint64_t row_count;     /* rows seen */
    uint64_t unknown_count; /* rows whose label is not known */
    uint64_t null_count;    /* rows whose value is NULL */
    uint64_t failed_count[TEND_VALUE_FAIL_REASON_MAX];
    uint64_t decided_count; /* rows whose decision is true */
    struct tend__value_sum total;
    struct tend__value_sum *segments; /* tend__value_rule_segment_count() of them */
    size_t segment_count;
};

/* ESYNTAX, ETYPE and the like from the expressions, prefixed with which one; err->column is the
 * place in its text. The fields are copied. *out is released by tend__value_rule_free. */
enum tend_code tend__value_rule_new(const struct tend__value_rule_options *options,
                                    struct tend__value_rule **out,
                                    struct tend_error *err) TEND_NODISCARD;
void tend__value_rule_free(struct tend__value_rule *rule);

/* Segments as they come out of the rule: predicates one each, categories one each plus `other`. */
size_t tend__value_rule_segment_count(const struct tend__value_rule *rule);
const char *tend__value_rule_segment_name(const struct tend__value_rule *rule, size_t idx);

/* Whether the decision is a bool, so that the best constant action exists. */
bool tend__value_rule_is_binary(const struct tend__value_rule *rule);

/* Values of the rows of a batch, and their sums added to *sums (which may be NULL). The batch's
 * columns must be those of the options. */
enum tend_code tend__value_rule_eval(struct tend__value_rule *rule, const struct tend__batch *batch,
                                     const struct tend__value_binding *binding,
                                     const struct tend__value_out *out,
                                     struct tend__value_sums *sums,
                                     struct tend_error *err) TEND_NODISCARD;

/* The values had every decision been `decision`: added to *total. For the default tolerance of
 * harm, which is a tenth of what the model adds over the better of the two constants. */
enum tend_code tend__value_rule_constant(struct tend__value_rule *rule,
                                         const struct tend__batch *batch,
                                         const struct tend__value_binding *binding, bool decision,
                                         struct tend__value_sum *total,
                                         struct tend_error *err) TEND_NODISCARD;

enum tend_code tend__value_sums_init(struct tend__value_sums *sums, size_t segment_count,
                                     struct tend_error *err) TEND_NODISCARD;
void tend__value_sums_deinit(struct tend__value_sums *sums);
void tend__value_sums_merge(struct tend__value_sums *into, const struct tend__value_sums *from);

/* The mean; NaN without rows. */
double tend__value_sum_mean(const struct tend__value_sum *sum);

#endif
