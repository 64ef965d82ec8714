/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_read.c: walks libyaml's document tree against the table of keys.
 *
 * The tree is never walked deeper than the table is (two levels, and lists of mappings), so a
 * hostile file cannot make it recurse; aliases only name nodes again and cannot grow. A key that is
 * written twice is an error: YAML keeps one of them without a word.
 */
#include "cli/config_read.h"

#include "base/civil.h"
#include "base/mem.h"
#include "base/names.h"
#include "cli/config_contract.h"
#include "cli/config_keys.h"
#include "cli/config_yaml.h"
#include "expr/expr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 128
#define SIBLING_MAX 64
#define MONTHS_PER_YEAR 12.0
#define WEEKS_PER_YEAR (365.25 / 7.0)

/* Columns and types are known only with the data; that it is an expression is known now. */
static enum tend_code check_expr(const struct tend__yaml_reader *r,
                                 const struct tend__config_expr *expr, const char *key)
{
    const enum tend_code code =
        expr->text == NULL ? TEND_OK : tend__expr_check_syntax(expr->text, r->err);
    if (code != TEND_OK) {
        tend__config_locate(r->config, expr, key, r->err);
    }
    return code;
}

static enum tend_code check_exprs(const struct tend__yaml_reader *r)
{
    const struct tend__config *c = r->config;
    TEND_TRY(check_expr(r, &c->score, "data.score"));
    TEND_TRY(check_expr(r, &c->decision, "data.decision"));
    TEND_TRY(check_expr(r, &c->label.observed, "label.observed"));
    TEND_TRY(check_expr(r, &c->value.per_row, "value.per_row"));
    for (size_t i = 0; i < c->segment_count; i++) {
        TEND_TRY(check_expr(r, &c->segments[i], "segments"));
    }
    for (size_t i = 0; i < c->guardrail_count; i++) {
        const struct tend__config_guardrail *guardrail = &c->guardrails[i];
        if (guardrail->kind == TEND_GUARDRAIL_AVG || guardrail->kind == TEND_GUARDRAIL_SUM) {
            TEND_TRY(check_expr(r, &guardrail->expr, "guardrails"));
        }
    }
    return TEND_OK;
}

static enum tend_code read_number(struct tend__yaml_reader *r, const yaml_node_t *node,
                                  const struct tend__config_key *key, double *out)
{
    double number = 0;
    TEND_TRY(tend__yaml_number(r, node, key->path, &number));
    if (number < key->low || number > key->high) {
        return FAIL_AT(r, node, "'%s' must be between %.15g and %.15g, not %.15g", key->path,
                       key->low, key->high, number);
    }
    *out = number;
    return TEND_OK;
}

static enum tend_code read_span(struct tend__yaml_reader *r, const yaml_node_t *node,
                                const struct tend__config_key *key, int64_t *out)
{
    int64_t us = 0;
    TEND_TRY(tend__yaml_span(r, node, key->path, &us));
    const double seconds = (double)us / 1e6;
    if (seconds < key->low || seconds > key->high) {
        return FAIL_AT(r, node, "'%s' must be between %.15g and %.15g seconds", key->path, key->low,
                       key->high);
    }
    *out = us;
    return TEND_OK;
}

static size_t count_words(const char *const *words)
{
    size_t count = 0;
    while (words[count] != NULL) {
        count++;
    }
    return count;
}

static enum tend_code read_choice(struct tend__yaml_reader *r, const yaml_node_t *node,
                                  const struct tend__config_key *key, void *out)
{
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, node, key->path, &text));
    const size_t count = count_words(key->choices);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(text, key->choices[i]) == 0) {
            memcpy(out, &i, sizeof(i)); /* enums of this file have the size of unsigned */
            return TEND_OK;
        }
    }
    const char *near = tend__name_nearest(text, key->choices, count);
    if (near != NULL) {
        return FAIL_AT(r, node, "'%s' must be %s, not '%s' (did you mean '%s'?)", key->path,
                       key->type, text, near);
    }
    return FAIL_AT(r, node, "'%s' must be %s, not '%s'", key->path, key->type, text);
}

_Static_assert(sizeof(enum tend__config_promote) == sizeof(unsigned),
               "read_choice writes an unsigned");

/* ---- values with readers of their own ---- */

static enum tend_code read_features(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE) {
        return FAIL_AT(
            r, node,
            "'data.features' must be a mapping such as {distance: number, origin: category}, "
            "not %s",
            tend__yaml_word(node));
    }
    const size_t count = (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    if (count == 0 || count > TEND_CONFIG_FEATURE_MAX) {
        return FAIL_AT(r, node, "'data.features' must name 1 to %d columns, not %zu",
                       TEND_CONFIG_FEATURE_MAX, count);
    }
    TEND_TRY(tend__mem_new(count, sizeof(*r->config->features), &r->config->features, r->err));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *name = tend__yaml_node(r, node->data.mapping.pairs.start[i].key);
        const yaml_node_t *kind = tend__yaml_node(r, node->data.mapping.pairs.start[i].value);
        struct tend__config_feature *feature = &r->config->features[i];
        const char *text = NULL;
        TEND_TRY(tend__yaml_text(r, name, "data.features", &feature->name));
        r->config->feature_count = i + 1;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(r->config->features[j].name, feature->name) == 0) {
                return FAIL_AT(r, name, "feature '%s' is named twice", feature->name);
            }
        }
        TEND_TRY(tend__yaml_scalar(r, kind, feature->name, &text));
        if (strcmp(text, "number") != 0 && strcmp(text, "category") != 0) {
            return FAIL_AT(r, kind, "feature '%s' must be number or category, not '%s'",
                           feature->name, text);
        }
        feature->is_category = text[0] == 'c';
    }
    return TEND_OK;
}

static enum tend_code read_optional_number(struct tend__yaml_reader *r, const yaml_node_t *node,
                                           const char *key, bool *is_given, double *out)
{
    *is_given = !tend__yaml_is_null(node);
    return *is_given ? tend__yaml_number(r, node, key, out) : TEND_OK;
}

/* "1 per year", "2 per month", "1 per week". */
static enum tend_code read_alarm_rate(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    static const struct {
        const char *word;
        double per_year;
    } periods[] = {{"year", 1}, {"month", MONTHS_PER_YEAR}, {"week", WEEKS_PER_YEAR}};
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, node, "alarms.false_alarms", &text));
    char *end = NULL;
    const double number = strtod(text, &end);
    if (end != text && strncmp(end, " per ", 5) == 0 && number > 0 && number <= 1e6) {
        for (size_t i = 0; i < TEND_ARRAY_LEN(periods); i++) {
            if (strcmp(end + 5, periods[i].word) == 0) {
                r->config->false_alarms_per_year = number * periods[i].per_year;
                return TEND_OK;
            }
        }
    }
    return FAIL_AT(
        r, node,
        "'alarms.false_alarms' must be such as 1 per year, 2 per month or 1 per week, not '%s'",
        text);
}

static enum tend_code read_when(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    if (node->type == YAML_MAPPING_NODE) {
        const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
        const yaml_node_t *key =
            pair < node->data.mapping.pairs.top ? tend__yaml_node(r, pair->key) : NULL;
        if (key == NULL || node->data.mapping.pairs.top - pair != 1 ||
            key->type != YAML_SCALAR_NODE ||
            strcmp((const char *)key->data.scalar.value, "every") != 0) {
            return FAIL_AT(r, node, "'retrain.when' must be gain, never, or {every: 28d}");
        }
        const yaml_node_t *span = tend__yaml_node(r, pair->value);
        TEND_TRY(tend__yaml_span(r, span, "retrain.when.every", &r->config->retrain.every_us));
        if (r->config->retrain.every_us <= 0) {
            return FAIL_AT(r, span, "'retrain.when.every' must be longer than nothing");
        }
        r->config->retrain.when = TEND_RETRAIN_EVERY;
        return TEND_OK;
    }
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, node, "retrain.when", &text));
    if (strcmp(text, "gain") == 0) {
        r->config->retrain.when = TEND_RETRAIN_GAIN;
    } else if (strcmp(text, "never") == 0) {
        r->config->retrain.when = TEND_RETRAIN_NEVER;
    } else {
        return FAIL_AT(r, node, "'retrain.when' must be gain, never, or {every: 28d}, not '%s'",
                       text);
    }
    return TEND_OK;
}

static enum tend_code read_fall_back(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, node, "promote.fall_back_at", &text));
    double number = 0;
    char *end = NULL;
    if (tend__yaml_parse_number(text, &number) && number > 0) {
        r->config->promote.fall_back_costs = 0;
        r->config->promote.fall_back_money = number;
        return TEND_OK;
    }
    number = strtod(text, &end);
    if (end == text || !isfinite(number) || !(number > 0) ||
        (strcmp(end, " costs") != 0 && strcmp(end, " cost") != 0)) {
        return FAIL_AT(
            r, node,
            "'promote.fall_back_at' must be such as 3 costs, or an amount above 0, not '%s'", text);
    }
    r->config->promote.fall_back_costs = number;
    r->config->promote.fall_back_money = 0;
    return TEND_OK;
}

/* ---- lists ---- */

static enum tend_code read_segments(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    size_t count = 0;
    TEND_TRY(tend__yaml_list(r, node, "segments", &count));
    TEND_TRY(tend__mem_new(count, sizeof(*r->config->segments), &r->config->segments, r->err));
    r->config->segment_count = count;
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = tend__yaml_node(r, node->data.sequence.items.start[i]);
        TEND_TRY(tend__yaml_expr(r, item, "segments", &r->config->segments[i]));
    }
    return TEND_OK;
}

static enum tend_code read_guardrail_pair(struct tend__yaml_reader *r, const yaml_node_t *key,
                                          const yaml_node_t *value,
                                          struct tend__config_guardrail *guardrail)
{
    static const char *const kinds[] = {"avg", "sum", "count", "value"};
    const char *word = NULL;
    size_t count = 0;
    TEND_TRY(tend__yaml_scalar(r, key, "guardrails", &word));
    if (strcmp(word, "name") == 0) {
        return tend__yaml_text(r, value, "guardrails.name", &guardrail->name);
    }
    if (strcmp(word, "min") == 0) {
        return tend__yaml_number(r, value, "guardrails.min", &guardrail->low);
    }
    if (strcmp(word, "max") == 0) {
        return tend__yaml_number(r, value, "guardrails.max", &guardrail->high);
    }
    for (unsigned i = 0; i < TEND_ARRAY_LEN(kinds); i++) {
        if (strcmp(word, kinds[i]) == 0) {
            if (guardrail->expr.text != NULL) {
                return FAIL_AT(r, key, "a guardrail has one of avg, sum, count and value, not two");
            }
            guardrail->kind = (enum tend__guardrail_kind)i;
            return tend__yaml_expr(r, value, word, &guardrail->expr);
        }
    }
    const char *const *words = tend__config_guardrail_keys(&count);
    return tend__yaml_unknown(r, key, " in a guardrail", words, count);
}

static enum tend_code read_guardrails(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    size_t count = 0;
    TEND_TRY(tend__yaml_list(r, node, "guardrails", &count));
    TEND_TRY(tend__mem_new(count, sizeof(*r->config->guardrails), &r->config->guardrails, r->err));
    r->config->guardrail_count = count;
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = tend__yaml_node(r, node->data.sequence.items.start[i]);
        struct tend__config_guardrail *guardrail = &r->config->guardrails[i];
        guardrail->low = -(double)INFINITY;
        guardrail->high = (double)INFINITY;
        if (item->type != YAML_MAPPING_NODE) {
            return FAIL_AT(r, item,
                           "a guardrail must be a mapping such as {name: alert_rate, avg: "
                           "decision, max: 0.5}");
        }
        for (const yaml_node_pair_t *p = item->data.mapping.pairs.start;
             p < item->data.mapping.pairs.top; p++) {
            TEND_TRY(read_guardrail_pair(r, tend__yaml_node(r, p->key),
                                         tend__yaml_node(r, p->value), guardrail));
        }
        if (guardrail->name == NULL || guardrail->expr.text == NULL) {
            return FAIL_AT(r, item,
                           "a guardrail needs a name and one of avg, sum, count and value");
        }
        if (!isfinite(guardrail->low) && !isfinite(guardrail->high)) {
            return FAIL_AT(r, item, "guardrail '%s' has no bound: add min or max", guardrail->name);
        }
        if (guardrail->low > guardrail->high) {
            return FAIL_AT(r, item, "guardrail '%s' has min %.15g above max %.15g", guardrail->name,
                           guardrail->low, guardrail->high);
        }
    }
    return TEND_OK;
}

static enum tend_code read_notify(struct tend__yaml_reader *r, const yaml_node_t *node)
{
    size_t count = 0;
    size_t word_count = 0;
    const char *const *words = tend__config_notify_keys(&word_count);
    TEND_TRY(tend__yaml_list(r, node, "notify", &count));
    TEND_TRY(tend__mem_new(count, sizeof(*r->config->notify), &r->config->notify, r->err));
    r->config->notify_count = count;
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = tend__yaml_node(r, node->data.sequence.items.start[i]);
        const char *word = NULL;
        if (item->type != YAML_MAPPING_NODE ||
            item->data.mapping.pairs.top - item->data.mapping.pairs.start != 1) {
            return FAIL_AT(
                r, item,
                "an entry of notify must be such as {webhook: \"https://example.org/hook\"}");
        }
        const yaml_node_t *key = tend__yaml_node(r, item->data.mapping.pairs.start->key);
        TEND_TRY(tend__yaml_scalar(r, key, "notify", &word));
        if (strcmp(word, "alertmanager") == 0) {
            r->config->notify[i].kind = TEND_NOTIFY_ALERTMANAGER;
        } else if (strcmp(word, "webhook") == 0) {
            r->config->notify[i].kind = TEND_NOTIFY_WEBHOOK;
        } else {
            return tend__yaml_unknown(r, key, " in notify", words, word_count);
        }
        const yaml_node_t *url = tend__yaml_node(r, item->data.mapping.pairs.start->value);
        TEND_TRY(tend__yaml_text(r, url, word, &r->config->notify[i].url));
    }
    return TEND_OK;
}

/* ---- the walk ---- */

static enum tend_code read_other(struct tend__yaml_reader *r, const yaml_node_t *node,
                                 const struct tend__config_key *key)
{
    static const struct {
        const char *path;
        enum tend_code (*read)(struct tend__yaml_reader *r, const yaml_node_t *node);
    } readers[] = {
        {"data.features", read_features},
        {"guardrails", read_guardrails},
        {"segments", read_segments},
        {"retrain.when", read_when},
        {"promote.fall_back_at", read_fall_back},
        {"notify", read_notify},
        {"alarms.false_alarms", read_alarm_rate},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(readers); i++) {
        if (strcmp(key->path, readers[i].path) == 0) {
            return readers[i].read(r, node);
        }
    }
    struct tend__config *c = r->config;
    if (strncmp(key->path, "contract.", strlen("contract.")) == 0) {
        return tend__config_read_contract(r, node, key->path);
    }
    if (strcmp(key->path, "label.absent_means") == 0) {
        return read_optional_number(r, node, key->path, &c->label.absent_known,
                                    &c->label.absent_means);
    }
    if (strcmp(key->path, "alarms.floor") == 0) {
        return read_optional_number(r, node, key->path, &c->has_floor, &c->floor);
    }
    return read_optional_number(r, node, key->path, &c->serve.has_fallback, &c->serve.fallback);
}

static enum tend_code read_key(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const struct tend__config_key *key)
{
    char *at = (char *)r->config + key->offset;
    if (tend__yaml_is_null(node) && key->kind != TEND_KEY_OTHER) {
        if (!key->is_nullable) {
            return FAIL_AT(r, node, "'%s' has no value; give %s or leave the key out", key->path,
                           key->type);
        }
        return TEND_OK;
    }
    switch (key->kind) {
    case TEND_KEY_TEXT:
        return tend__yaml_text(r, node, key->path, (char **)(void *)at);
    case TEND_KEY_EXPR:
        return tend__yaml_expr(r, node, key->path, (struct tend__config_expr *)(void *)at);
    case TEND_KEY_NUMBER:
        return read_number(r, node, key, (double *)(void *)at);
    case TEND_KEY_BOOL:
        return tend__yaml_bool(r, node, key->path, (bool *)at);
    case TEND_KEY_SPAN:
        return read_span(r, node, key, (int64_t *)(void *)at);
    case TEND_KEY_CHOICE:
        return read_choice(r, node, key, at);
    case TEND_KEY_OTHER:
        return read_other(r, node, key);
    }
    return TEND_OK;
}

/* The names that could stand at one level: of the top (section NULL), or within a section. */
static size_t sibling_names(const char *section, char names[][KEY_SIZE], const char **out)
{
    size_t key_count = 0;
    size_t count = 0;
    const struct tend__config_key *keys = tend__config_keys(&key_count);
    const size_t section_len = section == NULL ? 0 : strlen(section);
    for (size_t i = 0; i < key_count && count < SIBLING_MAX; i++) {
        const char *start = keys[i].path;
        if (section != NULL &&
            (strncmp(start, section, section_len) != 0 || start[section_len] != '.')) {
            continue;
        }
        start += section == NULL ? 0 : section_len + 1;
        const size_t len = strcspn(start, ".");
        if (count > 0 && strlen(names[count - 1]) == len &&
            memcmp(names[count - 1], start, len) == 0) {
            continue;
        }
        memcpy(names[count], start, len);
        names[count][len] = '\0';
        out[count] = names[count];
        count++;
    }
    return count;
}

static enum tend_code unknown_key(struct tend__yaml_reader *r, const yaml_node_t *node,
                                  const char *section)
{
    char names[SIBLING_MAX][KEY_SIZE];
    const char *list[SIBLING_MAX];
    char where[KEY_SIZE + 8] = "";
    const char *word = (const char *)node->data.scalar.value;
    const size_t count = sibling_names(section, names, list);
    if (section != NULL) {
        (void)snprintf(where, sizeof(where), " in %s", section);
    }
    if (tend__name_nearest(word, list, count) == NULL) {
        size_t key_count = 0;
        const struct tend__config_key *keys = tend__config_keys(&key_count);
        for (size_t i = 0; i < key_count; i++) {
            const char *dot = strchr(keys[i].path, '.');
            if (dot != NULL && strcmp(dot + 1, word) == 0) {
                return FAIL_AT(r, node, "unknown key '%s'%s (did you mean '%s'?)", word, where,
                               keys[i].path);
            }
        }
    }
    return tend__yaml_unknown(r, node, where, list, count);
}

static const struct tend__config_key *find_key(const char *path, bool *is_section)
{
    size_t count = 0;
    const struct tend__config_key *keys = tend__config_keys(&count);
    const size_t len = strlen(path);
    *is_section = false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].path, path) == 0) {
            return &keys[i];
        }
        *is_section =
            *is_section || (strncmp(keys[i].path, path, len) == 0 && keys[i].path[len] == '.');
    }
    return NULL;
}

/* Finds what a pair's key means, and that it is not there twice. *key is NULL for a section. */
static enum tend_code name_pair(struct tend__yaml_reader *r, const yaml_node_t *mapping,
                                const yaml_node_pair_t *pair, const char *section,
                                const struct tend__config_key **key)
{
    const yaml_node_t *node = tend__yaml_node(r, pair->key);
    const char *word = NULL;
    char path[KEY_SIZE];
    bool is_section = false;
    TEND_TRY(tend__yaml_scalar(r, node, section == NULL ? "a key" : section, &word));
    for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < pair; p++) {
        const yaml_node_t *before = tend__yaml_node(r, p->key);
        if (before->type == YAML_SCALAR_NODE &&
            strcmp((const char *)before->data.scalar.value, word) == 0) {
            return FAIL_AT(r, node, "key '%s' is there twice; it stands in line %zu already", word,
                           before->start_mark.line + 1);
        }
    }
    const int n = section == NULL ? snprintf(path, sizeof(path), "%s", word)
                                  : snprintf(path, sizeof(path), "%s.%s", section, word);
    if (n < 0 || (size_t)n >= sizeof(path) || (section == NULL && strchr(word, '.') != NULL)) {
        return unknown_key(r, node, section);
    }
    *key = find_key(path, &is_section);
    if (*key == NULL && (!is_section || section != NULL)) {
        return unknown_key(r, node, section);
    }
    return TEND_OK;
}

static enum tend_code read_section(struct tend__yaml_reader *r, const yaml_node_t *node,
                                   const char *section)
{
    if (tend__yaml_is_null(node)) {
        return TEND_OK;
    }
    if (node->type != YAML_MAPPING_NODE) {
        return FAIL_AT(r, node, "'%s' must be a mapping of keys, not %s", section,
                       tend__yaml_word(node));
    }
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
         p < node->data.mapping.pairs.top; p++) {
        const struct tend__config_key *key = NULL;
        TEND_TRY(name_pair(r, node, p, section, &key));
        TEND_TRY(read_key(r, tend__yaml_node(r, p->value), key));
    }
    return TEND_OK;
}

/* The value of section.word; the root where it is not given. */
static const yaml_node_t *find_value(const struct tend__yaml_reader *r, const yaml_node_t *root,
                                     const char *section, const char *word)
{
    const char *const words[] = {section, word};
    const yaml_node_t *at = root;
    for (size_t i = 0; i < TEND_ARRAY_LEN(words); i++) {
        const yaml_node_t *next = NULL;
        if (at->type != YAML_MAPPING_NODE) {
            return root;
        }
        for (const yaml_node_pair_t *p = at->data.mapping.pairs.start;
             p < at->data.mapping.pairs.top; p++) {
            const yaml_node_t *key = tend__yaml_node(r, p->key);
            if (strcmp((const char *)key->data.scalar.value, words[i]) == 0) {
                next = tend__yaml_node(r, p->value);
            }
        }
        if (next == NULL) {
            return i == 0 ? root : at;
        }
        at = next;
    }
    return at;
}

static enum tend_code check_whole(struct tend__yaml_reader *r, const yaml_node_t *root)
{
    const struct tend__config *c = r->config;
    if (c->model == NULL && !c->is_contract_alone) {
        return FAIL_AT(r, root, "'model' is missing: name the model, such as model: delays");
    }
    if (c->season_us % c->window_us != 0) {
        return FAIL_AT(r, find_value(r, root, "windows", "season"),
                       "'windows.season' must be a multiple of 'windows.every'");
    }
    if (strcmp(c->retrain.trainer, "xgboost") != 0) {
        return FAIL_AT(
            r, find_value(r, root, "retrain", "trainer"),
            "'retrain.trainer' must be xgboost, not '%s'; use retrain.command for another",
            c->retrain.trainer);
    }
    return check_exprs(r);
}

static enum tend_code read_root(struct tend__yaml_reader *r)
{
    const yaml_node_t *root = yaml_document_get_root_node(r->document);
    if (root == NULL) {
        return TEND_FAIL(r->err, EINVAL, "%s:1:1: the file is empty; 'tend init DATA' writes one",
                         r->name);
    }
    if (root->type != YAML_MAPPING_NODE) {
        return FAIL_AT(r, root, "must be a mapping of keys such as model: delays, not %s",
                       tend__yaml_word(root));
    }
    for (const yaml_node_pair_t *p = root->data.mapping.pairs.start;
         p < root->data.mapping.pairs.top; p++) {
        const struct tend__config_key *key = NULL;
        const yaml_node_t *value = tend__yaml_node(r, p->value);
        TEND_TRY(name_pair(r, root, p, NULL, &key));
        if (key != NULL) {
            TEND_TRY(read_key(r, value, key));
        } else {
            TEND_TRY(read_section(r, value,
                                  (const char *)tend__yaml_node(r, p->key)->data.scalar.value));
        }
    }
    return check_whole(r, root);
}

static enum tend_code yaml_failed(const yaml_parser_t *parser, const char *name,
                                  struct tend_error *err)
{
    const int line = (int)parser->problem_mark.line + 1;
    const int column = (int)parser->problem_mark.column + 1;
    if (parser->error == YAML_MEMORY_ERROR) {
        return TEND_FAIL(err, ENOMEM, "%s: out of memory", name);
    }
    if (parser->error == YAML_READER_ERROR) {
        return TEND_FAIL(err, ESYNTAX, "%s: byte %zu is not UTF-8 text that YAML takes: %s", name,
                         parser->problem_offset,
                         parser->problem != NULL ? parser->problem : "bad byte");
    }
    tend__error_set_at(err, TEND_ESYNTAX, line, column, "%s:%d:%d: not YAML: %s", name, line,
                       column, parser->problem != NULL ? parser->problem : "unreadable");
    return TEND_ESYNTAX;
}

enum tend_code tend__config_read(const char *bytes, size_t len, const char *name,
                                 struct tend__config *config, struct tend_error *err)
{
    yaml_parser_t parser;
    yaml_document_t document;
    yaml_document_t rest;
    if (yaml_parser_initialize(&parser) == 0) {
        return TEND_FAIL(err, ENOMEM, "%s: out of memory", name);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
    if (yaml_parser_load(&parser, &document) == 0) {
        const enum tend_code failed = yaml_failed(&parser, name, err);
        yaml_parser_delete(&parser);
        return failed;
    }
    struct tend__yaml_reader reader = {
        .name = name, .document = &document, .config = config, .err = err};
    enum tend_code code = read_root(&reader);
    if (code == TEND_OK) {
        if (yaml_parser_load(&parser, &rest) == 0) {
            code = yaml_failed(&parser, name, err);
        } else {
            if (yaml_document_get_root_node(&rest) != NULL) {
                code = FAIL_AT(&reader, yaml_document_get_root_node(&rest),
                               "a second document; keep one in a file");
            }
            yaml_document_delete(&rest);
        }
    }
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    return code;
}
