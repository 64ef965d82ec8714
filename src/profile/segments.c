/* SPDX-License-Identifier: Apache-2.0 */
/* segments.c: see the header. A column's values are counted by the builder of a plan of texts. */
#include "profile/segments.h"

#include "base/json_write.h"
#include "base/mem.h"
#include "expr/expr.h"
#include "profile/text_key.h"

#include <math.h>
#include <string.h>

#define NUMBER_SIZE 32

/* The segments of one rule, first .. first + count. */
struct rule {
    const char *column; /* NULL: the one segment is an expression */
    size_t first;
    size_t count;
};

struct tend__segments {
    struct tend__profile_label *labels; /* texts are owned */
    size_t label_count;
    size_t label_cap;
    struct rule *rules;
    size_t rule_count;
    size_t rule_cap;
};

/* ---- the list ---- */

static void free_text(const char *text)
{
    tend__mem_free((void *)(uintptr_t)text);
}

void tend__segments_free(struct tend__segments *segments)
{
    if (segments == NULL) {
        return;
    }
    for (size_t i = 0; i < segments->label_count; i++) {
        free_text(segments->labels[i].segment);
        free_text(segments->labels[i].segment_column);
        free_text(segments->labels[i].segment_value);
    }
    tend__mem_free(segments->labels);
    tend__mem_free(segments->rules);
    tend__mem_free(segments);
}

static enum tend_code copy_text(const char *text, const char **out, struct tend_error *err)
{
    char *copy = NULL;
    if (text == NULL) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_text(text, strlen(text), &copy, err));
    *out = copy;
    return TEND_OK;
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The rule that a label continues or begins. */
static enum tend_code add_to_rule(struct tend__segments *segments,
                                  const struct tend__profile_label *label, struct tend_error *err)
{
    const size_t at = segments->label_count - 1;
    struct rule *last =
        segments->rule_count == 0 ? NULL : &segments->rules[segments->rule_count - 1];
    if (last != NULL && label->segment_column != NULL &&
        is_same(last->column, label->segment_column)) {
        if (segments->labels[at - 1].segment_value == NULL) {
            return TEND_FAIL(err, ECORRUPT, "segment '%.100s' comes after the rest of its column",
                             label->segment);
        }
        last->count++;
        return TEND_OK;
    }
    for (size_t i = 0; i < segments->rule_count; i++) {
        const struct tend__profile_label *other = &segments->labels[segments->rules[i].first];
        const bool is_column_again =
            label->segment_column != NULL && is_same(other->segment_column, label->segment_column);
        if (is_column_again || (label->segment_column == NULL && other->segment_column == NULL &&
                                strcmp(other->segment, label->segment) == 0)) {
            return TEND_FAIL(err, ECORRUPT, "segment '%.100s' is there twice", label->segment);
        }
    }
    TEND_TRY(tend__mem_grow(&segments->rules, &segments->rule_cap, segments->rule_count + 1,
                            TEND_SEGMENT_MAX, sizeof(*segments->rules), err));
    segments->rules[segments->rule_count] =
        (struct rule){.column = segments->labels[at].segment_column, .first = at, .count = 1};
    segments->rule_count++;
    return TEND_OK;
}

static enum tend_code add_label(struct tend__segments *segments,
                                const struct tend__profile_label *label, struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&segments->labels, &segments->label_cap, segments->label_count + 1,
                            TEND_SEGMENT_MAX, sizeof(*segments->labels), err));
    struct tend__profile_label *copy = &segments->labels[segments->label_count];
    *copy = (struct tend__profile_label){.has_window = false};
    segments->label_count++;
    TEND_TRY(copy_text(label->segment, &copy->segment, err));
    TEND_TRY(copy_text(label->segment_column, &copy->segment_column, err));
    TEND_TRY(copy_text(label->segment_value, &copy->segment_value, err));
    return add_to_rule(segments, label, err);
}

static enum tend_code check_rests(const struct tend__segments *segments, struct tend_error *err)
{
    for (size_t i = 0; i < segments->rule_count; i++) {
        const struct rule *rule = &segments->rules[i];
        if (rule->column != NULL &&
            segments->labels[rule->first + rule->count - 1].segment_value != NULL) {
            return TEND_FAIL(err, ECORRUPT, "the segments of '%.100s' leave rows out",
                             rule->column);
        }
    }
    return TEND_OK;
}

enum tend_code tend__segments_new(const struct tend__profile_label *const *labels, size_t count,
                                  struct tend__segments **out, struct tend_error *err)
{
    struct tend__segments *segments = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*segments), &segments, err));
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < count && code == TEND_OK; i++) {
        if (labels[i]->segment != NULL) {
            code = add_label(segments, labels[i], err);
        }
    }
    if (code == TEND_OK) {
        code = check_rests(segments, err);
    }
    if (code != TEND_OK) {
        tend__segments_free(segments);
        return code;
    }
    *out = segments;
    return TEND_OK;
}

size_t tend__segments_count(const struct tend__segments *segments)
{
    return segments->label_count;
}

const struct tend__profile_label *tend__segments_label(const struct tend__segments *segments,
                                                       size_t segment_idx)
{
    TEND_ASSERT(segment_idx < segments->label_count);
    return &segments->labels[segment_idx];
}

bool tend__segments_fit_rules(const struct tend__segments *segments, const char *const *rules,
                              size_t rule_count)
{
    bool fit = rule_count == segments->rule_count;
    for (size_t i = 0; i < rule_count && fit; i++) {
        const struct tend__profile_label *label = &segments->labels[segments->rules[i].first];
        const char *rule = label->segment_column != NULL ? label->segment_column : label->segment;
        fit = strcmp(rule, rules[i]) == 0;
    }
    return fit;
}

/* ---- values as texts ---- */

/* A column's values as texts, one buffer of NUMBER_SIZE bytes a row where they are no texts yet. */
struct value_texts {
    struct tend__text *texts;
    size_t text_cap;
    uint8_t *valid;
    size_t valid_cap;
    char *bytes;
    size_t byte_cap;
};

static void deinit_texts(struct value_texts *texts)
{
    tend__mem_free(texts->texts);
    tend__mem_free(texts->valid);
    tend__mem_free(texts->bytes);
}

static bool write_value(const struct tend__column *column, size_t row_idx, char *bytes,
                        struct tend__text *out)
{
    if (column->type == TEND_TYPE_NULL || !tend__is_valid(column, row_idx)) {
        return false;
    }
    if (column->type == TEND_TYPE_TEXT) {
        *out = column->text[row_idx];
        return true;
    }
    if (column->type == TEND_TYPE_BOOL) {
        out->ptr = column->bools[row_idx] != 0 ? "true" : "false";
        out->len = strlen(out->ptr);
        return true;
    }
    if (column->type != TEND_TYPE_NUMBER || !isfinite(column->f64[row_idx])) {
        return false;
    }
    tend__number_text(column->f64[row_idx] + 0.0, bytes);
    out->ptr = bytes;
    out->len = strlen(bytes);
    return true;
}

/* Rows with the same number as the row before share its text. */
static enum tend_code make_texts(struct value_texts *texts, const struct tend__column *column,
                                 size_t row_count, struct tend__column *out, struct tend_error *err)
{
    const bool is_number = column->type == TEND_TYPE_NUMBER;
    TEND_TRY(tend__mem_grow(&texts->texts, &texts->text_cap, row_count, SIZE_MAX / 64,
                            sizeof(*texts->texts), err));
    TEND_TRY(tend__mem_grow(&texts->valid, &texts->valid_cap, row_count, SIZE_MAX / 64, 1, err));
    TEND_TRY(tend__mem_grow(&texts->bytes, &texts->byte_cap, is_number ? row_count : 0,
                            SIZE_MAX / 64, NUMBER_SIZE, err));
    for (size_t i = 0; i < row_count; i++) {
        if (i > 0 && is_number && texts->valid[i - 1] != 0 && tend__is_valid(column, i) &&
            column->f64[i] == column->f64[i - 1]) {
            texts->texts[i] = texts->texts[i - 1];
            texts->valid[i] = 1;
            continue;
        }
        texts->texts[i] = (struct tend__text){"", 0};
        texts->valid[i] = write_value(column, i, is_number ? texts->bytes + NUMBER_SIZE * i : NULL,
                                      &texts->texts[i])
                              ? 1
                              : 0;
    }
    *out =
        (struct tend__column){.type = TEND_TYPE_TEXT, .text = texts->texts, .valid = texts->valid};
    return TEND_OK;
}

/* ---- the builder ---- */

struct tend__segments_builder {
    const char *const *rules; /* borrowed */
    size_t rule_count;
    /* The rules that are columns, in the order of the rules: */
    struct tend__field fields[TEND_SEGMENT_RULE_MAX];
    size_t column_of[TEND_SEGMENT_RULE_MAX]; /* in the rows */
    size_t column_count;
    struct value_texts texts[TEND_SEGMENT_RULE_MAX];
    struct tend__plan_builder *counts; /* NULL where there are none */
};

static enum tend_code check_condition(const char *rule, const struct tend__field *fields,
                                      size_t field_count, struct tend_error *err)
{
    struct tend__expr *expr = NULL;
    enum tend_code code = tend__expr_new(rule, fields, field_count, &expr, err);
    if (code == TEND_OK) {
        code = tend__expr_want(expr, TEND_TYPE_BOOL, "a segment", err);
    }
    tend__expr_free(expr);
    if (code != TEND_OK) {
        tend__error_prefix(err, "segment '%.100s'", rule);
    }
    return code;
}

static enum tend_code add_rule(struct tend__segments_builder *builder, const char *rule,
                               const struct tend__field *fields, size_t field_count,
                               struct tend_error *err)
{
    const size_t at = tend__fields_find(fields, field_count, rule);
    if (at == SIZE_MAX) {
        return check_condition(rule, fields, field_count, err);
    }
    if (fields[at].type == TEND_TYPE_TIME || fields[at].type == TEND_TYPE_VECTOR) {
        return TEND_FAIL(err, ETYPE,
                         "segment '%.100s': a column of %ss has no values to go by; write a "
                         "condition, such as hour(%.100s) < 6",
                         rule, tend__type_text(fields[at].type), rule);
    }
    const size_t i = builder->column_count;
    builder->fields[i] =
        (struct tend__field){rule, TEND_TYPE_TEXT, -(double)INFINITY, (double)INFINITY};
    builder->column_of[i] = at;
    builder->column_count++;
    return TEND_OK;
}

static enum tend_code init_builder(struct tend__segments_builder *builder,
                                   const struct tend__segment_rules *rules,
                                   const struct tend__field *fields, size_t field_count,
                                   struct tend_error *err)
{
    builder->rules = rules->rules;
    builder->rule_count = rules->rule_count;
    for (size_t i = 0; i < rules->rule_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(rules->rules[i], rules->rules[j]) == 0) {
                return TEND_FAIL(err, EINVAL, "segment '%.100s' is there twice", rules->rules[i]);
            }
        }
        TEND_TRY(add_rule(builder, rules->rules[i], fields, field_count, err));
    }
    if (builder->column_count == 0) {
        return TEND_OK;
    }
    const struct tend__plan_options options = {
        .category_max = rules->value_max == 0 ? TEND_SEGMENT_VALUES : rules->value_max};
    return tend__plan_builder_new(builder->fields, builder->column_count, &options,
                                  &builder->counts, err);
}

enum tend_code tend__segments_builder_new(const struct tend__segment_rules *rules,
                                          const struct tend__field *fields, size_t field_count,
                                          struct tend__segments_builder **out,
                                          struct tend_error *err)
{
    struct tend__segments_builder *builder = NULL;
    if (rules->rule_count > TEND_SEGMENT_RULE_MAX || rules->value_max > TEND_SEGMENT_VALUES_MAX) {
        return TEND_FAIL(err, ELIMIT, "more than %d segment rules, or %d values of one",
                         TEND_SEGMENT_RULE_MAX, TEND_SEGMENT_VALUES_MAX);
    }
    TEND_TRY(tend__mem_new(1, sizeof(*builder), &builder, err));
    const enum tend_code code = init_builder(builder, rules, fields, field_count, err);
    if (code != TEND_OK) {
        tend__segments_builder_free(builder);
        return code;
    }
    *out = builder;
    return TEND_OK;
}

void tend__segments_builder_free(struct tend__segments_builder *builder)
{
    if (builder == NULL) {
        return;
    }
    for (size_t i = 0; i < TEND_SEGMENT_RULE_MAX; i++) {
        deinit_texts(&builder->texts[i]);
    }
    tend__plan_builder_free(builder->counts);
    tend__mem_free(builder);
}

enum tend_code tend__segments_builder_add(struct tend__segments_builder *builder,
                                          const struct tend__batch *batch, struct tend_error *err)
{
    struct tend__column columns[TEND_SEGMENT_RULE_MAX];
    if (builder->counts == NULL) {
        return TEND_OK;
    }
    for (size_t i = 0; i < builder->column_count; i++) {
        TEND_TRY(make_texts(&builder->texts[i], &batch->columns[builder->column_of[i]],
                            batch->row_count, &columns[i], err));
    }
    const struct tend__batch texts = {batch->row_count, builder->column_count, builder->fields,
                                      columns};
    return tend__plan_builder_add(builder->counts, &texts, err);
}

/* "column=value", or the rest. */
static enum tend_code add_value(struct tend__segments *segments, const char *column,
                                const struct tend__text *value, bool has_other,
                                struct tend_error *err)
{
    struct tend__buf name;
    struct tend__buf text;
    tend__buf_init(&name, (size_t)1 << 20);
    tend__buf_init(&text, (size_t)1 << 20);
    tend__buf_text(&name, column);
    tend__buf_char(&name, '=');
    if (value != NULL) {
        tend__buf_add(&name, value->ptr, value->len);
        tend__buf_add(&text, value->ptr, value->len);
    } else {
        tend__buf_text(&name, has_other ? "(other)" : "other");
    }
    const struct tend__profile_label label = {
        .segment = tend__buf_str(&name),
        .segment_column = column,
        .segment_value = value != NULL ? tend__buf_str(&text) : NULL,
    };
    enum tend_code code = tend__buf_code(&name, err);
    if (code == TEND_OK) {
        code = tend__buf_code(&text, err);
    }
    if (code == TEND_OK) {
        code = add_label(segments, &label, err);
    }
    tend__buf_deinit(&name);
    tend__buf_deinit(&text);
    return code;
}

/* A value with a zero byte cannot be named: it stays in the rest. */
static enum tend_code add_column(struct tend__segments *segments,
                                 const struct tend__plan_column *column, struct tend_error *err)
{
    bool has_other = false;
    for (size_t i = 0; i < column->category_count; i++) {
        const struct tend__text *value = &column->categories[i];
        if (memchr(value->ptr, 0, value->len) != NULL) {
            continue;
        }
        has_other = has_other || (value->len == 5 && memcmp(value->ptr, "other", 5) == 0);
        TEND_TRY(add_value(segments, column->name, value, false, err));
    }
    return add_value(segments, column->name, NULL, has_other, err);
}

static enum tend_code add_rules(struct tend__segments *segments,
                                const struct tend__segments_builder *builder,
                                const struct tend__plan *plan, struct tend_error *err)
{
    size_t column_idx = 0;
    for (size_t i = 0; i < builder->rule_count; i++) {
        const char *rule = builder->rules[i];
        if (column_idx < builder->column_count &&
            strcmp(builder->fields[column_idx].name, rule) == 0) {
            TEND_TRY(add_column(segments, tend__plan_column(plan, column_idx), err));
            column_idx++;
        } else {
            const struct tend__profile_label label = {.segment = rule};
            TEND_TRY(add_label(segments, &label, err));
        }
    }
    return TEND_OK;
}

enum tend_code tend__segments_builder_finish(const struct tend__segments_builder *builder,
                                             struct tend__segments **out, struct tend_error *err)
{
    struct tend__segments *segments = NULL;
    struct tend__plan *plan = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(1, sizeof(*segments), &segments, err));
    if (builder->counts != NULL) {
        TEND_TRY_OUT(tend__plan_builder_finish(builder->counts, &plan, err));
    }
    TEND_TRY_OUT(add_rules(segments, builder, plan, err));
    *out = segments;
    segments = NULL;
out:
    tend__plan_unref(plan);
    tend__segments_free(segments);
    return code;
}

/* ---- the segmenter ---- */

struct rule_reader {
    struct tend__expr *expr; /* of a condition */
    size_t column_idx;       /* of a column; SIZE_MAX: the rows lack it */
    struct tend__text *values;
    struct tend__text_map map;
};

struct tend__segmenter {
    const struct tend__segments *segments;
    struct rule_reader *readers; /* one a rule */
    struct tend__vector vector;
    struct value_texts texts;
    uint64_t failed_count;
};

static enum tend_code init_reader(struct rule_reader *reader, const struct tend__segments *segments,
                                  const struct rule *rule, const struct tend__field *fields,
                                  size_t field_count, struct tend_error *err)
{
    if (rule->column == NULL) {
        const char *text = segments->labels[rule->first].segment;
        TEND_TRY(check_condition(text, fields, field_count, err));
        return tend__expr_new(text, fields, field_count, &reader->expr, err);
    }
    reader->column_idx = tend__fields_find(fields, field_count, rule->column);
    const size_t value_count = rule->count - 1;
    TEND_TRY(tend__mem_new(value_count, sizeof(*reader->values), &reader->values, err));
    for (size_t i = 0; i < value_count; i++) {
        const char *value = segments->labels[rule->first + i].segment_value;
        reader->values[i] = (struct tend__text){value, strlen(value)};
    }
    return tend__text_map_init(&reader->map, reader->values, value_count, err);
}

enum tend_code tend__segmenter_new(const struct tend__segments *segments,
                                   const struct tend__field *fields, size_t field_count,
                                   struct tend__segmenter **out, struct tend_error *err)
{
    struct tend__segmenter *segmenter = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*segmenter), &segmenter, err));
    segmenter->segments = segments;
    tend__vector_init(&segmenter->vector);
    enum tend_code code =
        tend__mem_new(segments->rule_count, sizeof(*segmenter->readers), &segmenter->readers, err);
    for (size_t i = 0; i < segments->rule_count && code == TEND_OK; i++) {
        code = init_reader(&segmenter->readers[i], segments, &segments->rules[i], fields,
                           field_count, err);
    }
    if (code != TEND_OK) {
        tend__segmenter_free(segmenter);
        return code;
    }
    *out = segmenter;
    return TEND_OK;
}

void tend__segmenter_free(struct tend__segmenter *segmenter)
{
    if (segmenter == NULL) {
        return;
    }
    for (size_t i = 0; segmenter->readers != NULL && i < segmenter->segments->rule_count; i++) {
        tend__expr_free(segmenter->readers[i].expr);
        tend__mem_free(segmenter->readers[i].values);
        tend__text_map_deinit(&segmenter->readers[i].map);
    }
    tend__mem_free(segmenter->readers);
    tend__vector_deinit(&segmenter->vector);
    deinit_texts(&segmenter->texts);
    tend__mem_free(segmenter);
}

size_t tend__segmenter_rule_count(const struct tend__segmenter *segmenter)
{
    return segmenter->segments->rule_count;
}

bool tend__segmenter_divides(const struct tend__segmenter *segmenter, size_t rule_idx)
{
    return segmenter->segments->rules[rule_idx].column != NULL;
}

void tend__segmenter_range(const struct tend__segmenter *segmenter, size_t rule_idx, size_t *first,
                           size_t *count)
{
    *first = segmenter->segments->rules[rule_idx].first;
    *count = segmenter->segments->rules[rule_idx].count;
}

static enum tend_code assign_condition(struct tend__segmenter *segmenter,
                                       const struct rule_reader *reader, const struct rule *rule,
                                       const struct tend__batch *batch, uint32_t *out,
                                       struct tend_error *err)
{
    struct tend__vector *vector = &segmenter->vector;
    TEND_TRY(tend__expr_eval(reader->expr, batch->columns, batch->row_count, vector, err));
    segmenter->failed_count += vector->failed_count;
    for (size_t i = 0; i < batch->row_count; i++) {
        const bool is_in =
            vector->type == TEND_TYPE_BOOL && vector->valid[i] != 0 && vector->bools[i] != 0;
        out[i] = is_in ? (uint32_t)rule->first : TEND_SEGMENT_NONE;
    }
    return TEND_OK;
}

enum tend_code tend__segmenter_assign(struct tend__segmenter *segmenter, size_t rule_idx,
                                      const struct tend__batch *batch, uint32_t *out,
                                      struct tend_error *err)
{
    const struct rule *rule = &segmenter->segments->rules[rule_idx];
    const struct rule_reader *reader = &segmenter->readers[rule_idx];
    const uint32_t rest = (uint32_t)(rule->first + rule->count - 1);
    struct tend__column texts = {.type = TEND_TYPE_NULL};
    if (rule->column == NULL) {
        return assign_condition(segmenter, reader, rule, batch, out, err);
    }
    if (reader->column_idx != SIZE_MAX) {
        TEND_TRY(make_texts(&segmenter->texts, &batch->columns[reader->column_idx],
                            batch->row_count, &texts, err));
    }
    for (size_t i = 0; i < batch->row_count; i++) {
        uint32_t at = TEND_TEXT_NONE;
        if (texts.type == TEND_TYPE_TEXT && texts.valid[i] != 0) {
            at = tend__text_map_find(&reader->map, texts.text[i].ptr, texts.text[i].len);
        }
        out[i] = at == TEND_TEXT_NONE ? rest : (uint32_t)rule->first + at;
    }
    return TEND_OK;
}

uint64_t tend__segmenter_failed_count(const struct tend__segmenter *segmenter)
{
    return segmenter->failed_count;
}
