/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_contract.c: reads the section `contract`: mappings of columns, and lists of mappings.
 *
 * A mapping's words are a table each, so that an unknown word gets the nearest one named. What is
 * read goes into a struct tend__contract, which a pass over data is judged by (judge/contract.h).
 */
#include "cli/config_contract.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "expr/expr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHERE_SIZE 160

/* ---- mappings ---- */

static const char *const column_words[] = {"type",   "optional", "nulls",  "nan",         "min",
                                           "max",    "whole",    "values", "other",       "like",
                                           "length", "distinct", "unique", "max_failures"};
static const char *const key_words[] = {"columns", "max_failures"};
static const char *const reference_words[] = {"columns", "data", "to", "max_failures"};
static const char *const dependency_words[] = {"column", "on", "max_failures"};
static const char *const rule_words[] = {"name",  "expr", "avg", "sum",         "count",
                                         "value", "min",  "max", "max_failures"};
static const char *const bounds_words[] = {"min", "max"};

const char *const *tend__config_contract_words(const char *path, size_t *count)
{
    static const struct {
        const char *path;
        const char *const *words;
        size_t count;
    } lists[] = {
        {"contract.columns", column_words, TEND_ARRAY_LEN(column_words)},
        {"contract.keys", key_words, TEND_ARRAY_LEN(key_words)},
        {"contract.references", reference_words, TEND_ARRAY_LEN(reference_words)},
        {"contract.dependencies", dependency_words, TEND_ARRAY_LEN(dependency_words)},
        {"contract.rules", rule_words, TEND_ARRAY_LEN(rule_words)},
        {"contract.rows", bounds_words, TEND_ARRAY_LEN(bounds_words)},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(lists); i++) {
        if (strcmp(lists[i].path, path) == 0) {
            *count = lists[i].count;
            return lists[i].words;
        }
    }
    *count = 0;
    return NULL;
}

/* One pair of a mapping. */
typedef enum tend_code pair_fn(struct tend__yaml_reader *r, const yaml_node_t *value,
                               const char *word, void *ctx);

/* Calls fn for each pair, in the order of `words` rather than of the file, so that a type is known
 * before what depends on it. `where` names the mapping: "contract.columns.amount". */
static enum tend_code each_pair(struct tend__yaml_reader *r, const yaml_node_t *node,
                                const char *where, const char *path, pair_fn *fn, void *ctx)
{
    size_t word_count = 0;
    const char *const *words = tend__config_contract_words(path, &word_count);
    const yaml_node_t *values[TEND_ARRAY_LEN(column_words)] = {NULL};
    if (node->type != YAML_MAPPING_NODE) {
        return FAIL_AT(r, node, "'%s' must be a mapping, not %s", where, tend__yaml_word(node));
    }
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
         p < node->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = tend__yaml_node(r, p->key);
        const char *text = NULL;
        char in[WHERE_SIZE + 8];
        size_t at = 0;
        TEND_TRY(tend__yaml_scalar(r, key, where, &text));
        while (at < word_count && strcmp(words[at], text) != 0) {
            at++;
        }
        (void)snprintf(in, sizeof(in), " in %s", where);
        if (at == word_count) {
            return tend__yaml_unknown(r, key, in, words, word_count);
        }
        if (values[at] != NULL) {
            return FAIL_AT(r, key, "key '%s' is there twice in %s", text, where);
        }
        values[at] = tend__yaml_node(r, p->value);
    }
    for (size_t i = 0; i < word_count; i++) {
        if (values[i] != NULL) {
            TEND_TRY(fn(r, values[i], words[i], ctx));
        }
    }
    return TEND_OK;
}

/* ---- values ---- */

/* "0.1%", or a number in 0..1. */
static enum tend_code read_share(struct tend__yaml_reader *r, const yaml_node_t *node,
                                 const char *key, double *out)
{
    const char *text = NULL;
    char number_text[40];
    double number = 0;
    TEND_TRY(tend__yaml_scalar(r, node, key, &text));
    const size_t len = strlen(text);
    const bool is_percent = len > 1 && text[len - 1] == '%';
    const size_t kept = is_percent ? len - 1 : len;
    if (kept < sizeof(number_text)) {
        memcpy(number_text, text, kept);
        number_text[kept] = '\0';
        if (tend__yaml_parse_number(number_text, &number)) {
            number = is_percent ? number / 100 : number;
            if (number >= 0 && number <= 1) {
                *out = number;
                return TEND_OK;
            }
        }
    }
    return FAIL_AT(r, node, "'%s' must be a share such as 0.1%% or 0.001, not '%s'", key, text);
}

/* A column's name or a list of them. */
static enum tend_code read_names(struct tend__yaml_reader *r, const yaml_node_t *node,
                                 const char *key, char ***out, size_t *count)
{
    size_t listed = 1;
    if (node->type == YAML_SEQUENCE_NODE) {
        TEND_TRY(tend__yaml_list(r, node, key, &listed));
    }
    if (listed == 0 || listed > TEND_CONTRACT_KEY_COLUMNS_MAX) {
        return FAIL_AT(r, node, "'%s' must name 1 to %d columns, not %zu", key,
                       TEND_CONTRACT_KEY_COLUMNS_MAX, listed);
    }
    TEND_TRY(tend__mem_new(listed, sizeof(**out), out, r->err));
    *count = listed;
    for (size_t i = 0; i < listed; i++) {
        const yaml_node_t *item = node->type == YAML_SEQUENCE_NODE
                                      ? tend__yaml_node(r, node->data.sequence.items.start[i])
                                      : node;
        TEND_TRY(tend__yaml_text(r, item, key, &(*out)[i]));
    }
    return TEND_OK;
}

struct bounds {
    double low;
    double high;
};

static enum tend_code read_bound(struct tend__yaml_reader *r, const yaml_node_t *value,
                                 const char *word, void *ctx)
{
    struct bounds *bounds = ctx;
    double number = 0;
    TEND_TRY(tend__yaml_number(r, value, word, &number));
    if (number < 0) {
        return FAIL_AT(r, value, "'%s' must not be less than 0", word);
    }
    if (word[1] == 'i') {
        bounds->low = number;
    } else {
        bounds->high = number;
    }
    return TEND_OK;
}

/* {min: 1, max: 20}, or one number for both. */
static enum tend_code read_bounds(struct tend__yaml_reader *r, const yaml_node_t *node,
                                  const char *where, double *low, double *high)
{
    struct bounds bounds = {.low = 0, .high = (double)INFINITY};
    if (node->type == YAML_SCALAR_NODE) {
        TEND_TRY(read_bound(r, node, "min", &bounds));
        bounds.high = bounds.low;
    } else {
        TEND_TRY(each_pair(r, node, where, "contract.rows", read_bound, &bounds));
    }
    if (bounds.low > bounds.high) {
        return FAIL_AT(r, node, "'%s' has min %.15g above max %.15g", where, bounds.low,
                       bounds.high);
    }
    *low = bounds.low;
    *high = bounds.high;
    return TEND_OK;
}

/* ---- columns ---- */

static bool is_plain_number(const yaml_node_t *node, double *out)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           tend__yaml_parse_number((const char *)node->data.scalar.value, out);
}

static enum tend_code set_type(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *word, enum tend_type type,
                               struct tend__contract_column *column)
{
    if (column->has_type && column->type != type) {
        return FAIL_AT(r, node, "'%s' is for a %s, and column '%s' is a %s", word,
                       tend__type_text(type), column->name, tend__type_text(column->type));
    }
    column->has_type = true;
    column->type = type;
    return TEND_OK;
}

static enum tend_code read_type(struct tend__yaml_reader *r, const yaml_node_t *node,
                                struct tend__contract_column *column)
{
    static const enum tend_type types[] = {TEND_TYPE_NUMBER, TEND_TYPE_BOOL, TEND_TYPE_TEXT,
                                           TEND_TYPE_TIME, TEND_TYPE_VECTOR};
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, node, "type", &text));
    for (size_t i = 0; i < TEND_ARRAY_LEN(types); i++) {
        if (strcmp(text, tend__type_text(types[i])) == 0) {
            return set_type(r, node, "type", types[i], column);
        }
    }
    return FAIL_AT(r, node, "'type' must be number, bool, text, time or vector, not '%s'", text);
}

/* A number, or a time where the column is one or the text can only be one. */
static enum tend_code read_limit(struct tend__yaml_reader *r, const yaml_node_t *node,
                                 const char *word, struct tend__contract_column *column)
{
    const bool is_min = strcmp(word, "min") == 0;
    const char *text = NULL;
    double number = 0;
    int64_t time_us = 0;
    TEND_TRY(tend__yaml_scalar(r, node, word, &text));
    const bool can_be_time = !column->has_type || column->type == TEND_TYPE_TIME;
    if (tend__yaml_parse_number(text, &number) && !(column->has_type && can_be_time)) {
        TEND_TRY(set_type(r, node, word, TEND_TYPE_NUMBER, column));
        *(is_min ? &column->low : &column->high) = number;
    } else if (can_be_time && tend__time_parse(text, strlen(text), &time_us)) {
        TEND_TRY(set_type(r, node, word, TEND_TYPE_TIME, column));
        *(is_min ? &column->low_us : &column->high_us) = time_us;
    } else {
        return FAIL_AT(r, node, "'%s' must be a number or a time such as 2001-04-09, not '%s'",
                       word, text);
    }
    if (column->low > column->high || column->low_us > column->high_us) {
        return FAIL_AT(r, node, "column '%s' has its min above its max", column->name);
    }
    return TEND_OK;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = 0;
    double y = 0;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

static int compare_texts(const void *a, const void *b)
{
    char *x = NULL;
    char *y = NULL;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return strcmp(x, y);
}

/* All plain numbers, in a column that is not said to be text: numbers; else texts. */
static bool lists_numbers(struct tend__yaml_reader *r, const yaml_node_t *node,
                          const struct tend__contract_column *column)
{
    double number = 0;
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        if (!is_plain_number(tend__yaml_node(r, *item), &number)) {
            return false;
        }
    }
    return !column->has_type || column->type != TEND_TYPE_TEXT;
}

/* One value of the list; the empty text is one too. */
static enum tend_code read_value(struct tend__yaml_reader *r, const yaml_node_t *item,
                                 struct tend__contract_column *column)
{
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, item, "values", &text));
    if (tend__yaml_is_null(item)) {
        return FAIL_AT(r, item, "a null is no value; 'nulls' says how many may be");
    }
    if (column->type == TEND_TYPE_NUMBER) {
        return tend__yaml_number(r, item, "values", &column->numbers[column->value_count]);
    }
    return tend__mem_text(text, strlen(text), &column->values[column->value_count], r->err);
}

static enum tend_code read_values(struct tend__yaml_reader *r, const yaml_node_t *node,
                                  struct tend__contract_column *column)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        return FAIL_AT(r, node, "'values' must be a list, not %s", tend__yaml_word(node));
    }
    const size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (count == 0 || count > TEND_CONTRACT_VALUE_MAX) {
        return FAIL_AT(r, node, "'values' must have 1 to %d entries, not %zu",
                       TEND_CONTRACT_VALUE_MAX, count);
    }
    const bool are_numbers =
        lists_numbers(r, node, column) || (column->has_type && column->type == TEND_TYPE_NUMBER);
    TEND_TRY(set_type(r, node, "values", are_numbers ? TEND_TYPE_NUMBER : TEND_TYPE_TEXT, column));
    if (are_numbers) {
        TEND_TRY(tend__mem_new(count, sizeof(*column->numbers), &column->numbers, r->err));
    } else {
        TEND_TRY(tend__mem_new(count, sizeof(*column->values), &column->values, r->err));
    }
    for (size_t i = 0; i < count; i++) {
        TEND_TRY(read_value(r, tend__yaml_node(r, node->data.sequence.items.start[i]), column));
        column->value_count = i + 1;
    }
    if (are_numbers) {
        qsort(column->numbers, count, sizeof(*column->numbers), compare_numbers);
        return TEND_OK;
    }
    qsort(column->values, count, sizeof(*column->values), compare_texts);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(column->values[i - 1], column->values[i]) == 0) {
            return FAIL_AT(r, node, "'values' has '%s' twice", column->values[i]);
        }
    }
    return TEND_OK;
}

static enum tend_code read_like(struct tend__yaml_reader *r, const yaml_node_t *node,
                                struct tend__contract_column *column)
{
    TEND_TRY(set_type(r, node, "like", TEND_TYPE_TEXT, column));
    return tend__yaml_text(r, node, "like", &column->like);
}

static enum tend_code read_column_pair(struct tend__yaml_reader *r, const yaml_node_t *value,
                                       const char *word, void *ctx)
{
    struct tend__contract_column *column = ctx;
    if (strcmp(word, "type") == 0) {
        return read_type(r, value, column);
    }
    if (strcmp(word, "optional") == 0) {
        return tend__yaml_bool(r, value, word, &column->is_optional);
    }
    if (strcmp(word, "unique") == 0) {
        return tend__yaml_bool(r, value, word, &column->is_unique);
    }
    if (strcmp(word, "whole") == 0) {
        TEND_TRY(set_type(r, value, word, TEND_TYPE_NUMBER, column));
        return tend__yaml_bool(r, value, word, &column->is_whole);
    }
    if (strcmp(word, "nan") == 0) {
        TEND_TRY(set_type(r, value, word, TEND_TYPE_NUMBER, column));
        return read_share(r, value, word, &column->nan_max);
    }
    if (strcmp(word, "min") == 0 || strcmp(word, "max") == 0) {
        return read_limit(r, value, word, column);
    }
    if (strcmp(word, "values") == 0) {
        return read_values(r, value, column);
    }
    if (strcmp(word, "like") == 0) {
        return read_like(r, value, column);
    }
    if (strcmp(word, "length") == 0) {
        TEND_TRY(set_type(r, value, word, TEND_TYPE_TEXT, column));
        return read_bounds(r, value, word, &column->length_min, &column->length_max);
    }
    if (strcmp(word, "distinct") == 0) {
        return read_bounds(r, value, word, &column->distinct_min, &column->distinct_max);
    }
    if (strcmp(word, "nulls") == 0) {
        return read_share(r, value, word, &column->null_max);
    }
    return read_share(r, value, word,
                      strcmp(word, "other") == 0 ? &column->other_max : &column->failure_max);
}

static enum tend_code read_columns(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    struct tend__contract *contract = &r->config->contract;
    if (node->type != YAML_MAPPING_NODE) {
        return FAIL_AT(r, node,
                       "'contract.columns' must be a mapping such as {amount: {type: number, "
                       "min: 0}}, not %s",
                       tend__yaml_word(node));
    }
    const size_t count = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    if (count > TEND_CONTRACT_COLUMN_MAX) {
        return FAIL_AT(r, node, "'contract.columns' names %zu columns; at most %d are taken", count,
                       TEND_CONTRACT_COLUMN_MAX);
    }
    TEND_TRY(tend__mem_new(count, sizeof(*contract->columns), &contract->columns, r->err));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *name = tend__yaml_node(r, node->data.mapping.pairs.start[i].key);
        const yaml_node_t *value = tend__yaml_node(r, node->data.mapping.pairs.start[i].value);
        struct tend__contract_column *column = &contract->columns[i];
        char where[WHERE_SIZE];
        tend__contract_column_init(column);
        contract->column_count = i + 1;
        TEND_TRY(tend__yaml_text(r, name, "contract.columns", &column->name));
        for (size_t k = 0; k < i; k++) {
            if (strcmp(contract->columns[k].name, column->name) == 0) {
                return FAIL_AT(r, name, "column '%s' is named twice", column->name);
            }
        }
        (void)snprintf(where, sizeof(where), "contract.columns.%.120s", column->name);
        if (!tend__yaml_is_null(value)) {
            TEND_TRY(each_pair(r, value, where, "contract.columns", read_column_pair, column));
        }
        if (column->other_max >= 0 && column->value_count == 0) {
            return FAIL_AT(r, value, "'other' in %s has no list of 'values' beside it", where);
        }
    }
    return TEND_OK;
}

/* ---- keys, references, dependencies ---- */

static enum tend_code read_key_pair(struct tend__yaml_reader *r, const yaml_node_t *value,
                                    const char *word, void *ctx)
{
    struct tend__contract_key *key = ctx;
    if (strcmp(word, "columns") == 0) {
        return read_names(r, value, "contract.keys", &key->columns, &key->column_count);
    }
    return read_share(r, value, word, &key->failure_max);
}

static enum tend_code read_keys(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    struct tend__contract *contract = &r->config->contract;
    size_t count = 0;
    TEND_TRY(tend__yaml_list(r, node, "contract.keys", &count));
    TEND_TRY(tend__mem_new(count, sizeof(*contract->keys), &contract->keys, r->err));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = tend__yaml_node(r, node->data.sequence.items.start[i]);
        struct tend__contract_key *key = &contract->keys[i];
        key->failure_max = TEND_CONTRACT_UNSET;
        contract->key_count = i + 1;
        if (item->type == YAML_MAPPING_NODE) {
            TEND_TRY(each_pair(r, item, "contract.keys", "contract.keys", read_key_pair, key));
        } else {
            TEND_TRY(read_names(r, item, "contract.keys", &key->columns, &key->column_count));
        }
        if (key->column_count == 0) {
            return FAIL_AT(r, item, "an entry of contract.keys must be such as [store, day]");
        }
    }
    return TEND_OK;
}

static enum tend_code read_reference_pair(struct tend__yaml_reader *r, const yaml_node_t *value,
                                          const char *word, void *ctx)
{
    struct tend__contract_reference *reference = ctx;
    if (strcmp(word, "columns") == 0) {
        return read_names(r, value, "contract.references.columns", &reference->columns,
                          &reference->column_count);
    }
    if (strcmp(word, "data") == 0) {
        return tend__yaml_text(r, value, "contract.references.data", &reference->data);
    }
    if (strcmp(word, "to") == 0) {
        return read_names(r, value, "contract.references.to", &reference->to, &reference->to_count);
    }
    return read_share(r, value, word, &reference->failure_max);
}

/* `to` is `columns` where it is left out. */
static enum tend_code finish_reference(struct tend__yaml_reader *r, const yaml_node_t *item,
                                       struct tend__contract_reference *reference)
{
    if (reference->column_count == 0 || reference->data == NULL) {
        return FAIL_AT(r, item,
                       "an entry of contract.references must be such as {columns: origin, data: "
                       "airports.csv, to: code}");
    }
    if (reference->to == NULL) {
        TEND_TRY(
            tend__mem_new(reference->column_count, sizeof(*reference->to), &reference->to, r->err));
        reference->to_count = reference->column_count;
        for (size_t i = 0; i < reference->column_count; i++) {
            const char *name = reference->columns[i];
            TEND_TRY(tend__mem_text(name, strlen(name), &reference->to[i], r->err));
        }
        return TEND_OK;
    }
    if (reference->to_count != reference->column_count) {
        return FAIL_AT(r, item, "an entry of contract.references has %zu columns and %zu in 'to'",
                       reference->column_count, reference->to_count);
    }
    return TEND_OK;
}

static enum tend_code read_references(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    struct tend__contract *contract = &r->config->contract;
    size_t count = 0;
    TEND_TRY(tend__yaml_list(r, node, "contract.references", &count));
    TEND_TRY(tend__mem_new(count, sizeof(*contract->references), &contract->references, r->err));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = tend__yaml_node(r, node->data.sequence.items.start[i]);
        struct tend__contract_reference *reference = &contract->references[i];
        reference->failure_max = TEND_CONTRACT_UNSET;
        contract->reference_count = i + 1;
        TEND_TRY(each_pair(r, item, "contract.references", "contract.references",
                           read_reference_pair, reference));
        TEND_TRY(finish_reference(r, item, reference));
    }
    return TEND_OK;
}

static enum tend_code read_dependency_pair(struct tend__yaml_reader *r, const yaml_node_t *value,
                                           const char *word, void *ctx)
{
    struct tend__contract_dependency *dependency = ctx;
    if (strcmp(word, "column") == 0) {
        return tend__yaml_text(r, value, "contract.dependencies.column", &dependency->column);
    }
    if (strcmp(word, "on") == 0) {
        return read_names(r, value, "contract.dependencies.on", &dependency->columns,
                          &dependency->column_count);
    }
    return read_share(r, value, word, &dependency->failure_max);
}

static enum tend_code read_dependencies(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    struct tend__contract *contract = &r->config->contract;
    size_t count = 0;
    TEND_TRY(tend__yaml_list(r, node, "contract.dependencies", &count));
    TEND_TRY(
        tend__mem_new(count, sizeof(*contract->dependencies), &contract->dependencies, r->err));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = tend__yaml_node(r, node->data.sequence.items.start[i]);
        struct tend__contract_dependency *dependency = &contract->dependencies[i];
        dependency->failure_max = TEND_CONTRACT_UNSET;
        contract->dependency_count = i + 1;
        TEND_TRY(each_pair(r, item, "contract.dependencies", "contract.dependencies",
                           read_dependency_pair, dependency));
        if (dependency->column == NULL || dependency->column_count == 0) {
            return FAIL_AT(
                r, item,
                "an entry of contract.dependencies must be such as {column: city, on: airport}");
        }
    }
    return TEND_OK;
}

/* ---- rules ---- */

static enum tend_code read_rule_expr(struct tend__yaml_reader *r, const yaml_node_t *value,
                                     const char *word, struct tend__contract_rule *rule)
{
    static const char *const kinds[] = {"expr", "avg", "sum", "count", "value"};
    struct tend__config_expr expr = {0};
    if (rule->expr != NULL) {
        return FAIL_AT(r, value, "a rule has one of expr, avg, sum, count and value, not two");
    }
    for (unsigned i = 0; i < TEND_ARRAY_LEN(kinds); i++) {
        if (strcmp(word, kinds[i]) == 0) {
            rule->kind = (enum tend__contract_rule_kind)i;
        }
    }
    enum tend_code code = tend__yaml_expr(r, value, word, &expr);
    const bool is_whole = rule->kind == TEND_RULE_COUNT || rule->kind == TEND_RULE_VALUE;
    if (code == TEND_OK && !is_whole) {
        code = tend__expr_check_syntax(expr.text, r->err);
        if (code != TEND_OK) {
            tend__config_locate(r->config, &expr, "contract.rules", r->err);
        }
    }
    rule->expr = expr.text;
    return code;
}

static enum tend_code read_rule_pair(struct tend__yaml_reader *r, const yaml_node_t *value,
                                     const char *word, void *ctx)
{
    struct tend__contract_rule *rule = ctx;
    if (strcmp(word, "name") == 0) {
        return tend__yaml_text(r, value, "contract.rules.name", &rule->name);
    }
    if (strcmp(word, "min") == 0) {
        return tend__yaml_number(r, value, word, &rule->low);
    }
    if (strcmp(word, "max") == 0) {
        return tend__yaml_number(r, value, word, &rule->high);
    }
    if (strcmp(word, "max_failures") == 0) {
        return read_share(r, value, word, &rule->failure_max);
    }
    return read_rule_expr(r, value, word, rule);
}

static enum tend_code finish_rule(struct tend__yaml_reader *r, const yaml_node_t *item,
                                  const struct tend__contract_rule *rule)
{
    const bool has_bound = isfinite(rule->low) || isfinite(rule->high);
    if (rule->name == NULL || rule->expr == NULL) {
        return FAIL_AT(r, item,
                       "a rule needs a name and one of expr, avg, sum, count and value, such as "
                       "{name: positive, expr: amount >= 0}");
    }
    if (rule->kind == TEND_RULE_ROW && has_bound) {
        return FAIL_AT(r, item,
                       "rule '%s' has an expr, which is true or false of each row: min and max "
                       "are for avg, sum, count and value",
                       rule->name);
    }
    if (rule->kind != TEND_RULE_ROW && !has_bound) {
        return FAIL_AT(r, item, "rule '%s' has no bound: add min or max", rule->name);
    }
    if (rule->kind != TEND_RULE_ROW && rule->failure_max >= 0) {
        return FAIL_AT(r, item, "rule '%s' is about all rows together: max_failures is for expr",
                       rule->name);
    }
    if (rule->low > rule->high) {
        return FAIL_AT(r, item, "rule '%s' has min %.15g above max %.15g", rule->name, rule->low,
                       rule->high);
    }
    return TEND_OK;
}

static enum tend_code read_rules(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    struct tend__contract *contract = &r->config->contract;
    size_t count = 0;
    TEND_TRY(tend__yaml_list(r, node, "contract.rules", &count));
    TEND_TRY(tend__mem_new(count, sizeof(*contract->rules), &contract->rules, r->err));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = tend__yaml_node(r, node->data.sequence.items.start[i]);
        struct tend__contract_rule *rule = &contract->rules[i];
        rule->low = -(double)INFINITY;
        rule->high = (double)INFINITY;
        rule->failure_max = TEND_CONTRACT_UNSET;
        contract->rule_count = i + 1;
        TEND_TRY(each_pair(r, item, "contract.rules", "contract.rules", read_rule_pair, rule));
        TEND_TRY(finish_rule(r, item, rule));
        for (size_t k = 0; k < i; k++) {
            if (strcmp(contract->rules[k].name, rule->name) == 0) {
                return FAIL_AT(r, item, "rule '%s' is named twice", rule->name);
            }
        }
    }
    return TEND_OK;
}

/* ---- the section ---- */

static enum tend_code read_extra(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, node, "contract.extra_columns", &text));
    if (strcmp(text, "allowed") != 0 && strcmp(text, "forbidden") != 0) {
        return FAIL_AT(r, node, "'contract.extra_columns' must be allowed or forbidden, not '%s'",
                       text);
    }
    r->config->contract.forbids_extra = text[0] == 'f';
    return TEND_OK;
}

static enum tend_code read_rows(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    struct tend__contract *contract = &r->config->contract;
    return read_bounds(r, node, "contract.rows", &contract->row_min, &contract->row_max);
}

static enum tend_code read_failures(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    return read_share(r, node, "contract.max_failures", &r->config->contract.failure_max);
}

enum tend_code tend__config_read_contract(struct tend__yaml_reader *r, const yaml_node_t *node,
                                          const char *path)
{
    static const struct {
        const char *path;
        enum tend_code (*read)(struct tend__yaml_reader *r, const yaml_node_t *node);
    } readers[] = {
        {"contract.max_failures", read_failures},
        {"contract.rows", read_rows},
        {"contract.columns", read_columns},
        {"contract.extra_columns", read_extra},
        {"contract.keys", read_keys},
        {"contract.references", read_references},
        {"contract.dependencies", read_dependencies},
        {"contract.rules", read_rules},
    };
    if (tend__yaml_is_null(node)) {
        return TEND_OK;
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(readers); i++) {
        if (strcmp(path, readers[i].path) == 0) {
            TEND_TRY(readers[i].read(r, node));
        }
    }
    const struct tend__contract *c = &r->config->contract;
    r->config->contract.is_given =
        c->column_count + c->key_count + c->reference_count + c->dependency_count + c->rule_count >
            0 ||
        c->forbids_extra || c->row_min > 0 || isfinite(c->row_max);
    return TEND_OK;
}

/* ---- canonical form ---- */

static void write_share(struct tend__json_writer *w, const char *key, double share)
{
    if (share >= 0) {
        tend__jsonw_member_number(w, key, share);
    }
}

static void write_names(struct tend__json_writer *w, const char *key, char *const *names,
                        size_t count)
{
    tend__jsonw_key(w, key);
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        tend__jsonw_text(w, names[i]);
    }
    tend__jsonw_array_end(w);
}

/* A bound that is none is left out. */
static void write_bound(struct tend__json_writer *w, const char *key, double bound)
{
    if (isfinite(bound)) {
        tend__jsonw_member_number(w, key, bound);
    }
}

static void write_time(struct tend__json_writer *w, const char *key, int64_t time_us)
{
    char text[TEND_TIME_TEXT_SIZE];
    if (time_us != INT64_MIN && time_us != INT64_MAX) {
        tend__time_text(time_us, text);
        tend__jsonw_member_text(w, key, text);
    }
}

static void write_column(struct tend__json_writer *w, const struct tend__contract_column *column)
{
    tend__jsonw_key(w, column->name);
    tend__jsonw_object_begin(w);
    if (column->has_type) {
        tend__jsonw_member_text(w, "type", tend__type_text(column->type));
    }
    tend__jsonw_member_bool(w, "optional", column->is_optional);
    write_share(w, "nulls", column->null_max);
    write_share(w, "nan", column->nan_max);
    write_bound(w, "min", column->low);
    write_bound(w, "max", column->high);
    write_time(w, "min", column->low_us);
    write_time(w, "max", column->high_us);
    tend__jsonw_member_bool(w, "whole", column->is_whole);
    if (column->values != NULL) {
        write_names(w, "values", column->values, column->value_count);
    }
    if (column->numbers != NULL) {
        tend__jsonw_key(w, "values");
        tend__jsonw_array_begin(w);
        for (size_t i = 0; i < column->value_count; i++) {
            tend__jsonw_number(w, column->numbers[i]);
        }
        tend__jsonw_array_end(w);
    }
    write_share(w, "other", column->other_max);
    if (column->like != NULL) {
        tend__jsonw_member_text(w, "like", column->like);
    }
    tend__jsonw_member_number(w, "length_min", column->length_min);
    write_bound(w, "length_max", column->length_max);
    tend__jsonw_member_number(w, "distinct_min", column->distinct_min);
    write_bound(w, "distinct_max", column->distinct_max);
    tend__jsonw_member_bool(w, "unique", column->is_unique);
    write_share(w, "max_failures", column->failure_max);
    tend__jsonw_object_end(w);
}

static void write_relations(struct tend__json_writer *w, const struct tend__contract *contract,
                            const char *path)
{
    tend__jsonw_array_begin(w);
    for (size_t i = 0; strcmp(path, "contract.keys") == 0 && i < contract->key_count; i++) {
        const struct tend__contract_key *key = &contract->keys[i];
        tend__jsonw_object_begin(w);
        write_names(w, "columns", key->columns, key->column_count);
        write_share(w, "max_failures", key->failure_max);
        tend__jsonw_object_end(w);
    }
    for (size_t i = 0; strcmp(path, "contract.references") == 0 && i < contract->reference_count;
         i++) {
        const struct tend__contract_reference *reference = &contract->references[i];
        tend__jsonw_object_begin(w);
        write_names(w, "columns", reference->columns, reference->column_count);
        tend__jsonw_member_text(w, "data", reference->data);
        write_names(w, "to", reference->to, reference->column_count);
        write_share(w, "max_failures", reference->failure_max);
        tend__jsonw_object_end(w);
    }
    for (size_t i = 0; strcmp(path, "contract.dependencies") == 0 && i < contract->dependency_count;
         i++) {
        const struct tend__contract_dependency *dependency = &contract->dependencies[i];
        tend__jsonw_object_begin(w);
        tend__jsonw_member_text(w, "column", dependency->column);
        write_names(w, "on", dependency->columns, dependency->column_count);
        write_share(w, "max_failures", dependency->failure_max);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

static void write_rules(struct tend__json_writer *w, const struct tend__contract *contract)
{
    static const char *const kinds[] = {"expr", "avg", "sum", "count", "value"};
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < contract->rule_count; i++) {
        const struct tend__contract_rule *rule = &contract->rules[i];
        tend__jsonw_object_begin(w);
        tend__jsonw_member_text(w, "name", rule->name);
        tend__jsonw_member_text(w, kinds[rule->kind], rule->expr);
        write_bound(w, "min", rule->low);
        write_bound(w, "max", rule->high);
        write_share(w, "max_failures", rule->failure_max);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

void tend__config_contract_json(const struct tend__config *config, const char *path,
                                struct tend__json_writer *w)
{
    const struct tend__contract *contract = &config->contract;
    if (strcmp(path, "contract.max_failures") == 0) {
        tend__jsonw_number(w, contract->failure_max);
    } else if (strcmp(path, "contract.extra_columns") == 0) {
        tend__jsonw_text(w, contract->forbids_extra ? "forbidden" : "allowed");
    } else if (strcmp(path, "contract.rows") == 0) {
        tend__jsonw_object_begin(w);
        tend__jsonw_member_number(w, "min", contract->row_min);
        write_bound(w, "max", contract->row_max);
        tend__jsonw_object_end(w);
    } else if (strcmp(path, "contract.columns") == 0) {
        tend__jsonw_object_begin(w);
        for (size_t i = 0; i < contract->column_count; i++) {
            write_column(w, &contract->columns[i]);
        }
        tend__jsonw_object_end(w);
    } else if (strcmp(path, "contract.rules") == 0) {
        write_rules(w, contract);
    } else {
        write_relations(w, contract, path);
    }
}
