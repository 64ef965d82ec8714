/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value_row.c: binds score, decision and label beside the columns of a batch and evaluates the
 * owner's expressions.
 *
 * The combined fields are those of the batch, each hidden one replaced in its place, and the rest
 * of the three appended; so a batch's column i is the combined column i, unless it is hidden. The
 * value is evaluated once with the labels, or, where the estimator's v0 and delta are wanted too,
 * once under each label: the realised value is then picked from the two.
 */
#include "judge/value_row.h"

#include "base/mem.h"
#include "expr/expr.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(TEND_EXPR_FAILURE_COUNT <= TEND_VALUE_FAIL_REASON_MAX, "every reason is counted");

#define NO_DECISION 255

struct segment {
    struct tend__expr *expr;
    char *name;
    struct tend__text *categories; /* sorted in byte order; the bytes are owned */
    size_t *positions;             /* of the sorted categories in the caller's order */
    size_t category_count;
    size_t first; /* index of its first sum */
};

struct tend__value_rule {
    struct tend__field *fields; /* combined; names are owned */
    size_t field_count;
    size_t batch_field_count;
    size_t score_idx;
    size_t decision_idx;
    size_t label_idx;
    enum tend_type label_type;
    bool label_is_number;
    struct tend__expr *decision; /* or NULL */
    struct tend__expr *value;
    struct segment *segments;
    size_t segment_count;
    char **sum_names;
    size_t sum_count;
    /* Scratch of one call */
    struct tend__column *columns;
    struct tend__vector decisions;
    struct tend__vector values[2]; /* with the labels, or with 0; with 1 */
    struct tend__vector members;
    size_t row_cap;
    double *numbers; /* labels as numbers */
    uint8_t *bools;  /* labels or decisions as bools */
    uint8_t *label_valid;
    uint8_t *score_valid;
    double *row_values;
};

/* ---- construction ---- */

static size_t find_field(const struct tend__value_rule *rule, const char *name)
{
    for (size_t i = 0; i < rule->field_count; i++) {
        if (strcmp(rule->fields[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Binds one of the three names: hides the batch's column of that name or appends one. */
static enum tend_code bind_field(struct tend__value_rule *rule, const char *name,
                                 enum tend_type type, size_t *idx, struct tend_error *err)
{
    size_t at = find_field(rule, name);
    if (at == SIZE_MAX) {
        char *copy = NULL;
        TEND_TRY(tend__mem_text(name, strlen(name), &copy, err));
        at = rule->field_count++;
        rule->fields[at].name = copy;
    }
    rule->fields[at].type = type;
    rule->fields[at].low = -(double)INFINITY;
    rule->fields[at].high = (double)INFINITY;
    *idx = at;
    return TEND_OK;
}

static enum tend_code bind_fields(struct tend__value_rule *rule,
                                  const struct tend__value_rule_options *options,
                                  struct tend_error *err)
{
    TEND_TRY(tend__mem_new(options->field_count + 3, sizeof(*rule->fields), &rule->fields, err));
    for (size_t i = 0; i < options->field_count; i++) {
        char *copy = NULL;
        const char *name = options->fields[i].name;
        TEND_TRY(tend__mem_text(name, strlen(name), &copy, err));
        rule->fields[i] = options->fields[i];
        rule->fields[i].name = copy;
        rule->field_count++;
    }
    rule->batch_field_count = options->field_count;
    const char *score = options->score_name != NULL ? options->score_name : "score";
    const char *decision = options->decision_name != NULL ? options->decision_name : "decision";
    const char *label = options->label_name != NULL ? options->label_name : "label";
    if (strcmp(score, decision) == 0 || strcmp(score, label) == 0 || strcmp(decision, label) == 0) {
        return TEND_FAIL(err, EINVAL, "score '%s', decision '%s' and label '%s' need three names",
                         score, decision, label);
    }
    TEND_TRY(bind_field(rule, score, TEND_TYPE_NUMBER, &rule->score_idx, err));
    TEND_TRY(bind_field(rule, decision, TEND_TYPE_NULL, &rule->decision_idx, err));
    TEND_TRY(bind_field(rule, label, TEND_TYPE_NULL, &rule->label_idx, err));
    if (!options->label_is_number) {
        rule->fields[rule->score_idx].low = 0;
        rule->fields[rule->score_idx].high = 1;
    }
    return tend__mem_new(rule->field_count, sizeof(*rule->columns), &rule->columns, err);
}

static enum tend_code compile_decision(struct tend__value_rule *rule, const char *text,
                                       struct tend_error *err)
{
    if (text == NULL) {
        return TEND_OK;
    }
    const enum tend_code code =
        tend__expr_new(text, rule->fields, rule->field_count, &rule->decision, err);
    if (code != TEND_OK) {
        tend__error_prefix(err, "decision");
        return code;
    }
    if (tend__expr_uses(rule->decision, rule->label_idx)) {
        return TEND_FAIL(err, EINVAL, "decision: it uses the label '%s', which is not known yet",
                         rule->fields[rule->label_idx].name);
    }
    if (tend__expr_uses(rule->decision, rule->decision_idx)) {
        return TEND_FAIL(err, EINVAL, "decision: it uses itself");
    }
    rule->fields[rule->decision_idx].type = tend__expr_type(rule->decision);
    return TEND_OK;
}

static enum tend_code compile_value_as(struct tend__value_rule *rule, const char *text,
                                       enum tend_type label_type, struct tend_error *err)
{
    struct tend__field *label = &rule->fields[rule->label_idx];
    label->type = label_type;
    label->low = rule->label_is_number ? -(double)INFINITY : 0;
    label->high = rule->label_is_number ? (double)INFINITY : 1;
    struct tend__expr *expr = NULL;
    TEND_TRY(tend__expr_new(text, rule->fields, rule->field_count, &expr, err));
    const enum tend_code code = tend__expr_want(expr, TEND_TYPE_NUMBER, "value", err);
    if (code != TEND_OK) {
        tend__expr_free(expr);
        return code;
    }
    rule->value = expr;
    rule->label_type = label_type;
    return TEND_OK;
}

/* A 0/1 label is a bool where the value takes it as one ("when late then"), else a number ("when
 * late = 1 then"). */
static enum tend_code compile_value(struct tend__value_rule *rule, const char *text,
                                    struct tend_error *err)
{
    if (text == NULL) {
        return TEND_FAIL(err, EINVAL, "value: there is no expression");
    }
    const enum tend_type first = rule->label_is_number ? TEND_TYPE_NUMBER : TEND_TYPE_BOOL;
    enum tend_code code = compile_value_as(rule, text, first, err);
    if (code == TEND_ETYPE && !rule->label_is_number &&
        compile_value_as(rule, text, TEND_TYPE_NUMBER, NULL) == TEND_OK) {
        code = TEND_OK;
    }
    if (code != TEND_OK) {
        tend__error_prefix(err, "value");
    }
    return code;
}

struct sortable {
    struct tend__text text;
    size_t position;
};

static int compare_texts(struct tend__text a, struct tend__text b)
{
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_sortables(const void *a, const void *b)
{
    const struct sortable *x = a;
    const struct sortable *y = b;
    return compare_texts(x->text, y->text);
}

static enum tend_code copy_categories(struct segment *segment,
                                      const struct tend__value_segment *given,
                                      struct tend_error *err)
{
    const size_t n = given->category_count;
    struct sortable *sorted = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(n, sizeof(*sorted), &sorted, err));
    TEND_TRY_OUT(tend__mem_new(n, sizeof(*segment->categories), &segment->categories, err));
    TEND_TRY_OUT(tend__mem_new(n, sizeof(*segment->positions), &segment->positions, err));
    for (size_t i = 0; i < n; i++) {
        sorted[i] = (struct sortable){.text = given->categories[i], .position = i};
    }
    qsort(sorted, n, sizeof(*sorted), compare_sortables);
    for (size_t i = 0; i < n; i++) {
        char *copy = NULL;
        TEND_TRY_OUT(tend__mem_text(sorted[i].text.ptr, sorted[i].text.len, &copy, err));
        segment->categories[i] = (struct tend__text){.ptr = copy, .len = sorted[i].text.len};
        segment->positions[i] = sorted[i].position;
        segment->category_count = i + 1;
    }
out:
    tend__mem_free(sorted);
    return code;
}

static enum tend_code compile_segment(struct tend__value_rule *rule, struct segment *segment,
                                      const struct tend__value_segment *given,
                                      struct tend_error *err)
{
    enum tend_code code =
        tend__expr_new(given->expr, rule->fields, rule->field_count, &segment->expr, err);
    if (code == TEND_OK) {
        const enum tend_type type = tend__expr_type(segment->expr);
        if (tend__expr_uses(segment->expr, rule->label_idx)) {
            code =
                TEND_FAIL(err, EINVAL, "it uses the label, which is not known when rows are cut");
        } else if (given->category_count > 0 ? type != TEND_TYPE_TEXT : type != TEND_TYPE_BOOL) {
            code =
                TEND_FAIL(err, ETYPE, "it is a %s; a segment is a bool, or a text with categories",
                          tend__type_text(type));
        }
    }
    const char *name = given->name != NULL ? given->name : given->expr;
    if (code != TEND_OK) {
        tend__error_prefix(err, "segment '%s'", name);
        return code;
    }
    TEND_TRY(tend__mem_text(name, strlen(name), &segment->name, err));
    segment->first = rule->sum_count;
    rule->sum_count += given->category_count > 0 ? given->category_count + 1 : 1;
    return given->category_count > 0 ? copy_categories(segment, given, err) : TEND_OK;
}

/* "origin = ATL", "origin = other", or the segment's own name. */
static enum tend_code name_sums(struct tend__value_rule *rule, const struct segment *segment,
                                const struct tend__value_segment *given, struct tend_error *err)
{
    if (given->category_count == 0) {
        return tend__mem_text(segment->name, strlen(segment->name),
                              &rule->sum_names[segment->first], err);
    }
    for (size_t i = 0; i <= given->category_count; i++) {
        const bool is_other = i == given->category_count;
        const struct tend__text last =
            is_other ? (struct tend__text){.ptr = "other", .len = 5} : given->categories[i];
        const size_t len = strlen(segment->name) + 3 + last.len;
        char *name = NULL;
        TEND_TRY(tend__mem_new(len + 1, 1, &name, err));
        memcpy(name, segment->name, strlen(segment->name));
        memcpy(name + strlen(segment->name), " = ", 3);
        memcpy(name + len - last.len, last.ptr, last.len);
        rule->sum_names[segment->first + i] = name;
    }
    return TEND_OK;
}

static enum tend_code compile_segments(struct tend__value_rule *rule,
                                       const struct tend__value_rule_options *options,
                                       struct tend_error *err)
{
    if (options->segment_count > TEND_VALUE_SEGMENT_MAX) {
        return TEND_FAIL(err, ELIMIT, "%zu segments, at most %d", options->segment_count,
                         TEND_VALUE_SEGMENT_MAX);
    }
    TEND_TRY(tend__mem_new(options->segment_count, sizeof(*rule->segments), &rule->segments, err));
    rule->segment_count = options->segment_count;
    for (size_t i = 0; i < options->segment_count; i++) {
        TEND_TRY(compile_segment(rule, &rule->segments[i], &options->segments[i], err));
    }
    TEND_TRY(tend__mem_new(rule->sum_count, sizeof(*rule->sum_names), &rule->sum_names, err));
    for (size_t i = 0; i < options->segment_count; i++) {
        TEND_TRY(name_sums(rule, &rule->segments[i], &options->segments[i], err));
    }
    return TEND_OK;
}

enum tend_code tend__value_rule_new(const struct tend__value_rule_options *options,
                                    struct tend__value_rule **out, struct tend_error *err)
{
    struct tend__value_rule *rule = NULL;
    enum tend_code code = tend__mem_new(1, sizeof(*rule), &rule, err);
    if (code != TEND_OK) {
        return code;
    }
    tend__vector_init(&rule->decisions);
    tend__vector_init(&rule->values[0]);
    tend__vector_init(&rule->values[1]);
    tend__vector_init(&rule->members);
    rule->label_is_number = options->label_is_number;
    TEND_TRY_OUT(bind_fields(rule, options, err));
    TEND_TRY_OUT(compile_decision(rule, options->decision, err));
    TEND_TRY_OUT(compile_value(rule, options->value, err));
    TEND_TRY_OUT(compile_segments(rule, options, err));
    *out = rule;
    return TEND_OK;
out:
    tend__value_rule_free(rule);
    return code;
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; texts != NULL && i < count; i++) {
        tend__mem_free(texts[i]);
    }
    tend__mem_free(texts);
}

static void free_segment(struct segment *segment)
{
    for (size_t i = 0; i < segment->category_count; i++) {
        /* The bytes were allocated here; the view's const is for its readers. */
        tend__mem_free((void *)(uintptr_t)segment->categories[i].ptr);
    }
    tend__mem_free(segment->categories);
    tend__mem_free(segment->positions);
    tend__mem_free(segment->name);
    tend__expr_free(segment->expr);
}

void tend__value_rule_free(struct tend__value_rule *rule)
{
    if (rule == NULL) {
        return;
    }
    for (size_t i = 0; i < rule->field_count; i++) {
        tend__mem_free((void *)(uintptr_t)rule->fields[i].name);
    }
    for (size_t i = 0; rule->segments != NULL && i < rule->segment_count; i++) {
        free_segment(&rule->segments[i]);
    }
    free_texts(rule->sum_names, rule->sum_count);
    tend__vector_deinit(&rule->decisions);
    tend__vector_deinit(&rule->values[0]);
    tend__vector_deinit(&rule->values[1]);
    tend__vector_deinit(&rule->members);
    tend__expr_free(rule->decision);
    tend__expr_free(rule->value);
    tend__mem_free(rule->row_values);
    tend__mem_free(rule->score_valid);
    tend__mem_free(rule->label_valid);
    tend__mem_free(rule->bools);
    tend__mem_free(rule->numbers);
    tend__mem_free(rule->columns);
    tend__mem_free(rule->segments);
    tend__mem_free(rule->fields);
    tend__mem_free(rule);
}

size_t tend__value_rule_segment_count(const struct tend__value_rule *rule)
{
    return rule->sum_count;
}

const char *tend__value_rule_segment_name(const struct tend__value_rule *rule, size_t idx)
{
    TEND_ASSERT(idx < rule->sum_count);
    return rule->sum_names[idx];
}

bool tend__value_rule_is_binary(const struct tend__value_rule *rule)
{
    return rule->decision != NULL && tend__expr_type(rule->decision) == TEND_TYPE_BOOL;
}

/* ---- binding ---- */

static enum tend_code grow_rows(struct tend__value_rule *rule, size_t row_count,
                                struct tend_error *err)
{
    if (row_count <= rule->row_cap) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_resize(&rule->numbers, row_count, sizeof(*rule->numbers), err));
    TEND_TRY(tend__mem_resize(&rule->bools, row_count, sizeof(*rule->bools), err));
    TEND_TRY(tend__mem_resize(&rule->label_valid, row_count, sizeof(*rule->label_valid), err));
    TEND_TRY(tend__mem_resize(&rule->score_valid, row_count, sizeof(*rule->score_valid), err));
    TEND_TRY(tend__mem_resize(&rule->row_values, row_count, sizeof(*rule->row_values), err));
    rule->row_cap = row_count;
    return TEND_OK;
}

static uint8_t is_known(double number)
{
    return (uint8_t)(isnan(number) ? 0 : 1);
}

static enum tend_code bind_batch(struct tend__value_rule *rule, const struct tend__batch *batch,
                                 const double *score, struct tend_error *err)
{
    if (batch->column_count != rule->batch_field_count) {
        return TEND_FAIL(err, EINVAL, "%zu columns where the rule was made for %zu",
                         batch->column_count, rule->batch_field_count);
    }
    TEND_TRY(grow_rows(rule, batch->row_count, err));
    for (size_t i = 0; i < rule->field_count; i++) {
        rule->columns[i] = i < batch->column_count ? batch->columns[i]
                                                   : (struct tend__column){.type = TEND_TYPE_NULL};
    }
    struct tend__column *column = &rule->columns[rule->score_idx];
    *column = (struct tend__column){.type = TEND_TYPE_NULL};
    if (score != NULL) {
        for (size_t i = 0; i < batch->row_count; i++) {
            rule->score_valid[i] = is_known(score[i]);
        }
        *column = (struct tend__column){
            .type = TEND_TYPE_NUMBER, .f64 = score, .valid = rule->score_valid};
    }
    rule->columns[rule->decision_idx] = (struct tend__column){.type = TEND_TYPE_NULL};
    rule->columns[rule->label_idx] = (struct tend__column){.type = TEND_TYPE_NULL};
    return TEND_OK;
}

static enum tend_code bind_decision(struct tend__value_rule *rule, const uint8_t *given,
                                    size_t row_count, struct tend_error *err)
{
    if (given != NULL) {
        if (!tend__value_rule_is_binary(rule)) {
            return TEND_FAIL(err, EINVAL,
                             "decisions are given, but the rule's decision is not a bool");
        }
        rule->columns[rule->decision_idx] =
            (struct tend__column){.type = TEND_TYPE_BOOL, .bools = given};
        return TEND_OK;
    }
    if (rule->decision == NULL) {
        return TEND_OK;
    }
    TEND_TRY(tend__expr_eval(rule->decision, rule->columns, row_count, &rule->decisions, err));
    rule->columns[rule->decision_idx] = tend__vector_column(&rule->decisions);
    return TEND_OK;
}

/* Labels as the value expression reads them. */
static void bind_labels(struct tend__value_rule *rule, const double *label, size_t row_count)
{
    struct tend__column *column = &rule->columns[rule->label_idx];
    if (label == NULL) {
        *column = (struct tend__column){.type = TEND_TYPE_NULL};
        return;
    }
    for (size_t i = 0; i < row_count; i++) {
        rule->label_valid[i] = is_known(label[i]);
        rule->bools[i] = rule->label_valid[i] != 0 && label[i] != 0 ? 1 : 0;
    }
    *column = (struct tend__column){
        .type = rule->label_type, .f64 = label, .bools = rule->bools, .valid = rule->label_valid};
}

static void bind_constant_label(struct tend__value_rule *rule, double label, size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        rule->numbers[i] = label;
        rule->bools[i] = label != 0 ? 1 : 0;
    }
    rule->columns[rule->label_idx] =
        (struct tend__column){.type = rule->label_type, .f64 = rule->numbers, .bools = rule->bools};
}

/* NaN where there is none that can be added up. */
static double value_at(const struct tend__vector *values, size_t i)
{
    return values->valid[i] != 0 && isfinite(values->f64[i]) ? values->f64[i] : (double)NAN;
}

/* ---- evaluation ---- */

/* What one row of the realised values is, or why it has none. */
enum row_outcome { ROW_VALUE, ROW_UNKNOWN, ROW_NULL, ROW_FAILED };

struct evaluation {
    const struct tend__value_binding *binding;
    size_t row_count;
    bool is_split; /* values[0] and [1] are under label 0 and 1 */
};

static uint8_t decision_failure(const struct tend__value_rule *rule, const struct evaluation *ev,
                                size_t i)
{
    const bool computed = rule->decision != NULL && ev->binding->decision_given == NULL;
    return computed ? rule->decisions.failed[i] : 0;
}

/* The vector that holds row i's realised value. */
static const struct tend__vector *realised_in(const struct tend__value_rule *rule,
                                              const struct evaluation *ev, size_t i)
{
    return &rule->values[ev->is_split && ev->binding->label[i] != 0 ? 1 : 0];
}

static enum row_outcome outcome_of(const struct tend__value_rule *rule, const struct evaluation *ev,
                                   size_t i, double *value, uint8_t *failed)
{
    *value = (double)NAN;
    *failed = decision_failure(rule, ev, i);
    if (ev->binding->label == NULL || isnan(ev->binding->label[i])) {
        return ROW_UNKNOWN;
    }
    const struct tend__vector *values = realised_in(rule, ev, i);
    if (*failed == 0) {
        *failed = values->failed[i];
    }
    if (*failed != 0) {
        return ROW_FAILED;
    }
    if (values->valid[i] == 0) {
        return ROW_NULL;
    }
    if (!isfinite(values->f64[i])) {
        /* NaN and infinities of the data go through an expression; as money they are nothing. */
        *failed = isnan(values->f64[i]) ? TEND_EXPR_NOT_A_NUMBER : TEND_EXPR_OVERFLOW;
        return ROW_FAILED;
    }
    *value = values->f64[i];
    return ROW_VALUE;
}

static enum tend_code eval_values(struct tend__value_rule *rule, struct evaluation *ev,
                                  bool want_split, struct tend_error *err)
{
    ev->is_split = want_split && !rule->label_is_number;
    if (!ev->is_split) {
        bind_labels(rule, ev->binding->label, ev->row_count);
        return tend__expr_eval(rule->value, rule->columns, ev->row_count, &rule->values[0], err);
    }
    for (size_t k = 0; k < 2; k++) {
        bind_constant_label(rule, (double)k, ev->row_count);
        TEND_TRY(tend__expr_eval(rule->value, rule->columns, ev->row_count, &rule->values[k], err));
    }
    return TEND_OK;
}

static uint8_t decision_at(const struct tend__value_rule *rule, size_t i)
{
    const struct tend__column *column = &rule->columns[rule->decision_idx];
    if (column->type != TEND_TYPE_BOOL || !tend__is_valid(column, i)) {
        return NO_DECISION;
    }
    return column->bools[i] != 0 ? 1 : 0;
}

static void write_row(const struct tend__value_rule *rule, const struct evaluation *ev,
                      const struct tend__value_out *out, size_t i)
{
    const bool has_decision = decision_failure(rule, ev, i) == 0;
    const double v0 = ev->is_split && has_decision ? value_at(&rule->values[0], i) : (double)NAN;
    const double v1 = ev->is_split && has_decision ? value_at(&rule->values[1], i) : (double)NAN;
    if (out->v0 != NULL) {
        out->v0[i] = v0;
    }
    if (out->delta != NULL) {
        out->delta[i] = v1 - v0;
    }
    if (out->decision != NULL) {
        out->decision[i] = decision_at(rule, i);
    }
}

static void count_row(const struct tend__value_rule *rule, struct tend__value_sums *sums,
                      enum row_outcome outcome, size_t i, uint8_t failed)
{
    sums->row_count++;
    sums->unknown_count += outcome == ROW_UNKNOWN ? 1 : 0;
    sums->null_count += outcome == ROW_NULL ? 1 : 0;
    sums->decided_count += decision_at(rule, i) == 1 ? 1 : 0;
    if (outcome == ROW_FAILED) {
        sums->failed_count[failed < TEND_VALUE_FAIL_REASON_MAX ? failed : 0]++;
    }
}

static size_t find_category(const struct segment *segment, struct tend__text text)
{
    size_t low = 0;
    size_t high = segment->category_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_texts(segment->categories[middle], text);
        if (order == 0) {
            return segment->positions[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return segment->category_count;
}

static void add_value(struct tend__value_sum *sum, double value)
{
    sum->row_count++;
    tend__exact_sum_add(&sum->sum, value);
}

static enum tend_code add_segments(struct tend__value_rule *rule, const struct evaluation *ev,
                                   struct tend__value_sums *sums, struct tend_error *err)
{
    for (size_t s = 0; s < rule->segment_count; s++) {
        const struct segment *segment = &rule->segments[s];
        TEND_TRY(tend__expr_eval(segment->expr, rule->columns, ev->row_count, &rule->members, err));
        for (size_t i = 0; i < ev->row_count; i++) {
            const bool known = rule->members.valid[i] != 0;
            size_t at = segment->first;
            if (segment->category_count > 0) {
                at +=
                    known ? find_category(segment, rule->members.text[i]) : segment->category_count;
            } else if (!known || rule->members.bools[i] == 0) {
                continue;
            }
            if (!isnan(rule->row_values[i])) {
                add_value(&sums->segments[at], rule->row_values[i]);
            }
        }
    }
    return TEND_OK;
}

enum tend_code tend__value_rule_eval(struct tend__value_rule *rule, const struct tend__batch *batch,
                                     const struct tend__value_binding *binding,
                                     const struct tend__value_out *out,
                                     struct tend__value_sums *sums, struct tend_error *err)
{
    struct evaluation ev = {.binding = binding, .row_count = batch->row_count};
    if (sums != NULL && sums->segment_count != rule->sum_count) {
        return TEND_FAIL(err, EINVAL, "sums for %zu segments where the rule has %zu",
                         sums->segment_count, rule->sum_count);
    }
    TEND_TRY(bind_batch(rule, batch, binding->score, err));
    TEND_TRY(bind_decision(rule, binding->decision_given, batch->row_count, err));
    TEND_TRY(eval_values(rule, &ev, out->v0 != NULL || out->delta != NULL, err));
    for (size_t i = 0; i < batch->row_count; i++) {
        uint8_t failed = 0;
        (void)outcome_of(rule, &ev, i, &rule->row_values[i], &failed);
        write_row(rule, &ev, out, i);
        if (out->value != NULL) {
            out->value[i] = rule->row_values[i];
        }
        if (out->failed != NULL) {
            out->failed[i] = failed;
        }
    }
    if (sums == NULL) {
        return TEND_OK;
    }
    /* Segments first: they can fail, and sums are added to as a whole or not at all. */
    struct tend__value_sums added = {0};
    TEND_TRY(tend__value_sums_init(&added, rule->sum_count, err));
    const enum tend_code code = add_segments(rule, &ev, &added, err);
    for (size_t i = 0; code == TEND_OK && i < batch->row_count; i++) {
        double value = 0;
        uint8_t failed = 0;
        const enum row_outcome outcome = outcome_of(rule, &ev, i, &value, &failed);
        count_row(rule, &added, outcome, i, failed);
        if (outcome == ROW_VALUE) {
            add_value(&added.total, value);
        }
    }
    if (code == TEND_OK) {
        tend__value_sums_merge(sums, &added);
    }
    tend__value_sums_deinit(&added);
    return code;
}

enum tend_code tend__value_rule_constant(struct tend__value_rule *rule,
                                         const struct tend__batch *batch,
                                         const struct tend__value_binding *binding, bool decision,
                                         struct tend__value_sum *total, struct tend_error *err)
{
    uint8_t *given = NULL;
    TEND_TRY(tend__mem_new(batch->row_count, 1, &given, err));
    memset(given, decision ? 1 : 0, batch->row_count);
    const struct tend__value_binding constant = {
        .score = binding->score, .label = binding->label, .decision_given = given};
    struct evaluation ev = {.binding = &constant, .row_count = batch->row_count};
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(bind_batch(rule, batch, binding->score, err));
    TEND_TRY_OUT(bind_decision(rule, given, batch->row_count, err));
    TEND_TRY_OUT(eval_values(rule, &ev, false, err));
    for (size_t i = 0; i < batch->row_count; i++) {
        double value = 0;
        uint8_t failed = 0;
        if (outcome_of(rule, &ev, i, &value, &failed) == ROW_VALUE) {
            add_value(total, value);
        }
    }
out:
    tend__mem_free(given);
    return code;
}

/* ---- sums ---- */

enum tend_code tend__value_sums_init(struct tend__value_sums *sums, size_t segment_count,
                                     struct tend_error *err)
{
    struct tend__value_sum *segments = NULL;
    TEND_TRY(tend__mem_new(segment_count, sizeof(*segments), &segments, err));
    *sums = (struct tend__value_sums){.segments = segments, .segment_count = segment_count};
    return TEND_OK;
}

void tend__value_sums_deinit(struct tend__value_sums *sums)
{
    tend__mem_free(sums->segments);
    *sums = (struct tend__value_sums){0};
}

static void merge_sum(struct tend__value_sum *into, const struct tend__value_sum *from)
{
    into->row_count += from->row_count;
    tend__exact_sum_merge(&into->sum, &from->sum);
}

void tend__value_sums_merge(struct tend__value_sums *into, const struct tend__value_sums *from)
{
    TEND_ASSERT(into->segment_count == from->segment_count);
    into->row_count += from->row_count;
    into->unknown_count += from->unknown_count;
    into->null_count += from->null_count;
    into->decided_count += from->decided_count;
    for (size_t i = 0; i < TEND_VALUE_FAIL_REASON_MAX; i++) {
        into->failed_count[i] += from->failed_count[i];
    }
    merge_sum(&into->total, &from->total);
    for (size_t i = 0; i < into->segment_count; i++) {
        merge_sum(&into->segments[i], &from->segments[i]);
    }
}

double tend__value_sum_mean(const struct tend__value_sum *sum)
{
    return sum->row_count > 0 ? tend__exact_sum_value(&sum->sum) / (double)sum->row_count
                              : (double)NAN;
}
