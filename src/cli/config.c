/* SPDX-License-Identifier: Apache-2.0 */
/* config.c: defaults, canonical form, hash and death of a configuration; config_read.c reads it. */
#include "cli/config.h"

#include "base/json_write.h"
#include "base/mem.h"
#include "cli/app.h"
#include "cli/config_contract.h"
#include "cli/config_keys.h"
#include "cli/config_read.h"

#include <math.h>
#include <string.h>

#define JSON_BYTES_MAX ((size_t)16 << 20)

/* ---- defaults ---- */

static enum tend_code put_default_text(const char *text, char **out, struct tend_error *err)
{
    if (*out != NULL || text == NULL) {
        return TEND_OK;
    }
    return tend__mem_text(text, strlen(text), out, err);
}

/* The simple defaults, from the table; those of the other kinds are set here. */
static enum tend_code set_defaults(struct tend__config *config, struct tend_error *err)
{
    size_t count = 0;
    const struct tend__config_key *keys = tend__config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        char *at = (char *)config + keys[i].offset;
        if (keys[i].otherwise == NULL) {
            continue;
        }
        if (keys[i].kind == TEND_KEY_TEXT) {
            TEND_TRY(put_default_text(keys[i].otherwise, (char **)(void *)at, err));
        } else if (keys[i].kind == TEND_KEY_EXPR) {
            struct tend__config_expr *expr = (struct tend__config_expr *)(void *)at;
            TEND_TRY(put_default_text(keys[i].otherwise, &expr->text, err));
        } else if (keys[i].kind == TEND_KEY_SPAN) {
            int64_t us = 0;
            TEND_ASSERT(tend__config_span(keys[i].otherwise, &us));
            memcpy(at, &us, sizeof(us));
        }
    }
    config->false_alarms_per_year = 1;
    config->promote.fall_back_costs = 3;
    config->promote.confidence = 0.95;
    return TEND_OK;
}

/* ---- canonical form ---- */

static void write_optional(struct tend__json_writer *w, bool is_given, double number)
{
    if (is_given) {
        tend__jsonw_number(w, number);
    } else {
        tend__jsonw_null(w);
    }
}

static void write_features(const struct tend__config *config, struct tend__json_writer *w)
{
    tend__jsonw_object_begin(w);
    for (size_t i = 0; i < config->feature_count; i++) {
        tend__jsonw_member_text(w, config->features[i].name,
                                config->features[i].is_category ? "category" : "number");
    }
    tend__jsonw_object_end(w);
}

static void write_guardrails(const struct tend__config *config, struct tend__json_writer *w)
{
    static const char *const kinds[] = {"avg", "sum", "count", "value"};
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < config->guardrail_count; i++) {
        const struct tend__config_guardrail *g = &config->guardrails[i];
        tend__jsonw_object_begin(w);
        tend__jsonw_member_text(w, "name", g->name);
        tend__jsonw_member_text(w, kinds[g->kind], g->expr.text);
        tend__jsonw_member_number(w, "min", g->low);
        tend__jsonw_member_number(w, "max", g->high);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

static void write_segments(const struct tend__config *config, struct tend__json_writer *w)
{
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < config->segment_count; i++) {
        tend__jsonw_text(w, config->segments[i].text);
    }
    tend__jsonw_array_end(w);
}

static void write_notify(const struct tend__config *config, struct tend__json_writer *w)
{
    static const char *const kinds[] = {"alertmanager", "webhook"};
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < config->notify_count; i++) {
        tend__jsonw_object_begin(w);
        tend__jsonw_member_text(w, kinds[config->notify[i].kind], config->notify[i].url);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

static void write_when(const struct tend__config *config, struct tend__json_writer *w)
{
    switch (config->retrain.when) {
    case TEND_RETRAIN_GAIN:
        tend__jsonw_text(w, "gain");
        return;
    case TEND_RETRAIN_NEVER:
        tend__jsonw_text(w, "never");
        return;
    case TEND_RETRAIN_EVERY:
        tend__jsonw_object_begin(w);
        tend__jsonw_member_number(w, "every_seconds", (double)config->retrain.every_us / 1e6);
        tend__jsonw_object_end(w);
        return;
    }
}

static void write_fall_back(const struct tend__config *config, struct tend__json_writer *w)
{
    const bool in_costs = config->promote.fall_back_costs > 0;
    tend__jsonw_object_begin(w);
    tend__jsonw_member_number(w, in_costs ? "costs" : "money",
                              in_costs ? config->promote.fall_back_costs
                                       : config->promote.fall_back_money);
    tend__jsonw_object_end(w);
}

static void write_other(const struct tend__config *config, const char *path,
                        struct tend__json_writer *w)
{
    static const struct {
        const char *path;
        void (*write)(const struct tend__config *config, struct tend__json_writer *w);
    } writers[] = {
        {"data.features", write_features},
        {"guardrails", write_guardrails},
        {"segments", write_segments},
        {"retrain.when", write_when},
        {"promote.fall_back_at", write_fall_back},
        {"notify", write_notify},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(writers); i++) {
        if (strcmp(path, writers[i].path) == 0) {
            writers[i].write(config, w);
            return;
        }
    }
    if (strncmp(path, "contract.", strlen("contract.")) == 0) {
        tend__config_contract_json(config, path, w);
    } else if (strcmp(path, "alarms.false_alarms") == 0) {
        tend__jsonw_number(w, config->false_alarms_per_year);
    } else if (strcmp(path, "label.absent_means") == 0) {
        write_optional(w, config->label.absent_known, config->label.absent_means);
    } else if (strcmp(path, "alarms.floor") == 0) {
        write_optional(w, config->has_floor, config->floor);
    } else {
        write_optional(w, config->serve.has_fallback, config->serve.fallback);
    }
}

static void write_key(const struct tend__config *config, const struct tend__config_key *key,
                      struct tend__json_writer *w)
{
    const char *at = (const char *)config + key->offset;
    double number = 0;
    int64_t us = 0;
    unsigned choice = 0;
    switch (key->kind) {
    case TEND_KEY_TEXT:
        tend__jsonw_text(w, *(char *const *)(const void *)at);
        return;
    case TEND_KEY_EXPR:
        tend__jsonw_text(w, ((const struct tend__config_expr *)(const void *)at)->text);
        return;
    case TEND_KEY_NUMBER:
        memcpy(&number, at, sizeof(number));
        tend__jsonw_number(w, number);
        return;
    case TEND_KEY_BOOL:
        tend__jsonw_bool(w, *(const bool *)at);
        return;
    case TEND_KEY_SPAN:
        memcpy(&us, at, sizeof(us));
        tend__jsonw_number(w, (double)us / 1e6);
        return;
    case TEND_KEY_CHOICE:
        memcpy(&choice, at, sizeof(choice));
        tend__jsonw_text(w, key->choices[choice]);
        return;
    case TEND_KEY_OTHER:
        write_other(config, key->path, w);
        return;
    }
}

void tend__config_json(const struct tend__config *config, struct tend__json_writer *w)
{
    size_t count = 0;
    const struct tend__config_key *keys = tend__config_keys(&count);
    tend__jsonw_object_begin(w);
    for (size_t i = 0; i < count; i++) {
        tend__jsonw_key(w, keys[i].path);
        write_key(config, &keys[i], w);
    }
    tend__jsonw_object_end(w);
}

static enum tend_code hash_config(struct tend__config *config, struct tend_error *err)
{
    struct tend__buf buf;
    struct tend__json_writer w;
    tend__buf_init(&buf, JSON_BYTES_MAX);
    tend__jsonw_init(&w, &buf, false);
    tend__config_json(config, &w);
    const enum tend_code code = tend__buf_code(&buf, err);
    if (code == TEND_OK) {
        tend__sha256_hex(tend__buf_str(&buf), buf.len, config->hash);
    }
    tend__buf_deinit(&buf);
    return code;
}

/* ---- life ---- */

static enum tend_code parse(const char *bytes, const char *name, bool is_contract_alone, size_t len,
                            struct tend__config **out, struct tend_error *err)
{
    struct tend__config *config = NULL;
    enum tend_code code = TEND_OK;
    if (len > TEND_CONFIG_BYTES_MAX) {
        return TEND_FAIL(err, ELIMIT, "%s: %zu bytes are too many for a configuration", name, len);
    }
    TEND_TRY(tend__mem_new(1, sizeof(*config), &config, err));
    TEND_TRY_OUT(tend__mem_text(name, strlen(name), &config->path, err));
    config->is_contract_alone = is_contract_alone;
    tend__contract_init(&config->contract);
    TEND_TRY_OUT(set_defaults(config, err));
    TEND_TRY_OUT(tend__config_read(bytes, len, name, config, err));
    TEND_TRY_OUT(hash_config(config, err));
    *out = config;
    return TEND_OK;
out:
    tend__config_free(config);
    return code;
}

enum tend_code tend__config_parse(const char *bytes, size_t len, const char *name,
                                  struct tend__config **out, struct tend_error *err)
{
    return parse(bytes, name, false, len, out, err);
}

static enum tend_code load(const char *path, bool is_contract_alone, struct tend__config **out,
                           struct tend_error *err)
{
    struct tend__buf buf;
    tend__buf_init(&buf, TEND_CONFIG_BYTES_MAX + 1);
    enum tend_code code = tend__app_read_file(path, &buf, err);
    if (code == TEND_ENOTFOUND) {
        code = TEND_FAIL(err, ENOTFOUND,
                         "%s: no such file; 'tend init DATA' writes one, or name one with --config",
                         path);
    }
    if (code == TEND_OK) {
        code = parse(tend__buf_str(&buf), path, is_contract_alone, buf.len, out, err);
    }
    tend__buf_deinit(&buf);
    return code;
}

enum tend_code tend__config_load(const char *path, struct tend__config **out,
                                 struct tend_error *err)
{
    return load(path, false, out, err);
}

enum tend_code tend__config_load_contract(const char *path, struct tend__config **out,
                                          struct tend_error *err)
{
    return load(path, true, out, err);
}

void tend__config_free(struct tend__config *config)
{
    if (config == NULL) {
        return;
    }
    size_t count = 0;
    const struct tend__config_key *keys = tend__config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        char *at = (char *)config + keys[i].offset;
        if (keys[i].kind == TEND_KEY_TEXT) {
            tend__mem_free(*(char **)(void *)at);
        } else if (keys[i].kind == TEND_KEY_EXPR) {
            tend__mem_free(((struct tend__config_expr *)(void *)at)->text);
        }
    }
    for (size_t i = 0; i < config->feature_count; i++) {
        tend__mem_free(config->features[i].name);
    }
    for (size_t i = 0; i < config->guardrail_count; i++) {
        tend__mem_free(config->guardrails[i].name);
        tend__mem_free(config->guardrails[i].expr.text);
    }
    for (size_t i = 0; i < config->segment_count; i++) {
        tend__mem_free(config->segments[i].text);
    }
    for (size_t i = 0; i < config->notify_count; i++) {
        tend__mem_free(config->notify[i].url);
    }
    tend__contract_deinit(&config->contract);
    tend__mem_free(config->features);
    tend__mem_free(config->guardrails);
    tend__mem_free(config->segments);
    tend__mem_free(config->notify);
    tend__mem_free(config->path);
    tend__mem_free(config);
}

/* ---- small answers ---- */

void tend__config_guardrail_text(const struct tend__config_guardrail *guardrail,
                                 struct tend__buf *out)
{
    static const char *const kinds[] = {"avg", "sum", "count"};
    if (guardrail->kind == TEND_GUARDRAIL_VALUE) {
        tend__buf_text(out, guardrail->expr.text);
    } else {
        tend__buf_printf(out, "%s(%s)", kinds[guardrail->kind], guardrail->expr.text);
    }
}

void tend__config_locate(const struct tend__config *config, const struct tend__config_expr *expr,
                         const char *key, struct tend_error *err)
{
    if (err == NULL || expr->line == 0) {
        return;
    }
    const int within = err->column > 0 ? err->column : 1;
    err->line = expr->line;
    if (expr->in_place) {
        err->column = expr->column + within - 1;
        tend__error_prefix(err, "%s:%d:%d: %s", config->path, err->line, err->column, key);
        return;
    }
    err->column = expr->column;
    tend__error_prefix(err, "%s:%d:%d: %s, character %d of the expression", config->path, err->line,
                       err->column, key, within);
}
