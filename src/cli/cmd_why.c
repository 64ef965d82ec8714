/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_why.c: tend why: one incident with its evidence, or the list of them.
 *
 * An incident is a JSON document that the engine wrote (docs/backtest-json.md). What is known here
 * comes first and in words; everything else follows as it stands, so that nothing the engine knew
 * is hidden.
 */
#include "base/civil.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "cli/app.h"
#include "report/render.h"
#include "cli/state_file.h"
#include "json/json_read.h"
#include "state/runs.h"

#include <inttypes.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INDENT_SIZE 2
#define DEPTH_MAX 3

/* ---- JSON as text ---- */

struct outline {
    struct tend__buf *out;
    bool colours;
};

static void add_key(struct outline *o, const char *key, int depth)
{
    char words[128];
    size_t len = 0;
    while (key[len] != '\0' && len + 1 < sizeof(words)) {
        words[len] = key[len] == '_' ? ' ' : key[len];
        len++;
    }
    words[len] = '\0';
    tend__buf_printf(o->out, "%*s", depth * INDENT_SIZE, "");
    tend__tinted(o->out, TEND_TINT_DIM, o->colours, "%-*s", 18 - depth * INDENT_SIZE, words);
    tend__buf_char(o->out, ' ');
}

/* Whether a text is a time as tend's documents write them; then `text` is the time as people read
 * it. */
static bool as_time(const struct tend__json_node *node, char text[TEND_NUMBER_TEXT_SIZE])
{
    int64_t time_us = 0;
    if (node->count < 20 || node->text[node->count - 1] != 'Z' ||
        !tend__time_parse(node->text, node->count, &time_us)) {
        return false;
    }
    (void)tend__show_time(time_us, text);
    return true;
}

static void add_scalar(struct outline *o, const struct tend__json_node *node)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    switch (node->kind) {
    case TEND_JSON_NULL:
        tend__buf_text(o->out, "-");
        return;
    case TEND_JSON_BOOL:
        tend__buf_text(o->out, node->yes ? "yes" : "no");
        return;
    case TEND_JSON_NUMBER:
        tend__buf_text(o->out, tend__show_number(node->number, text));
        return;
    case TEND_JSON_TEXT:
        tend__buf_text(o->out, as_time(node, text) ? text : node->text);
        return;
    case TEND_JSON_ARRAY:
    case TEND_JSON_OBJECT:
    case TEND_JSON_PACKED:
        return;
    }
}

static bool is_flat_array(const struct tend__json_node *node)
{
    if (node->kind != TEND_JSON_ARRAY) {
        return node->kind == TEND_JSON_PACKED;
    }
    for (const struct tend__json_node *n = tend__json_first(node); n != NULL; n = n->next) {
        if (n->kind == TEND_JSON_ARRAY || n->kind == TEND_JSON_OBJECT ||
            n->kind == TEND_JSON_PACKED) {
            return false;
        }
    }
    return true;
}

static void add_flat_array(struct outline *o, const struct tend__json_node *node)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    if (node->count == 0) {
        tend__buf_text(o->out, "-");
    }
    if (node->kind == TEND_JSON_PACKED) {
        for (size_t i = 0; i < node->count && i < 20; i++) {
            tend__buf_printf(o->out, "%s%s", i > 0 ? ", " : "",
                             tend__show_number(tend__json_number_at(node, i), text));
        }
        return;
    }
    for (const struct tend__json_node *n = tend__json_first(node); n != NULL; n = n->next) {
        add_scalar(o, n);
        tend__buf_text(o->out, n->next != NULL ? ", " : "");
    }
}

/* Members of an object, one a line; objects inside are indented, to three levels. */
static void add_members(struct outline *o, const struct tend__json_node *object, int depth);

static void add_member(struct outline *o, const struct tend__json_node *node, const char *key,
                       int depth)
{
    add_key(o, key, depth);
    if (is_flat_array(node)) {
        add_flat_array(o, node);
        tend__buf_char(o->out, '\n');
    } else if (node->kind == TEND_JSON_OBJECT && depth < DEPTH_MAX) {
        tend__buf_char(o->out, '\n');
        add_members(o, node, depth + 1);
    } else if (node->kind == TEND_JSON_ARRAY && depth < DEPTH_MAX) {
        tend__buf_printf(o->out, "%zu\n", node->count);
        for (const struct tend__json_node *n = tend__json_first(node); n != NULL; n = n->next) {
            tend__buf_printf(o->out, "%*s-\n", (depth + 1) * INDENT_SIZE, "");
            add_members(o, n, depth + 1);
        }
    } else {
        add_scalar(o, node);
        tend__buf_char(o->out, '\n');
    }
}

static void add_members(struct outline *o, const struct tend__json_node *object, int depth)
{
    for (const struct tend__json_node *n = tend__json_first(object); n != NULL; n = n->next) {
        if (n->key != NULL) {
            add_member(o, n, n->key, depth);
        }
    }
}

/* ---- one incident ---- */

static void print_incident(struct tend__app *app, int64_t number, const char *run_name,
                           const struct tend__json_node *root)
{
    static const char *const known[] = {"opened",  "kind",         "cause", "columns",
                                        "segment", "replay_share", "cost",  "action"};
    struct outline o = {.out = &app->out, .colours = app->colours};
    tend__tinted(&app->out, TEND_TINT_BOLD, app->colours, "incident %" PRId64, number);
    tend__buf_printf(&app->out, " of the run '%s'\n\n", run_name);
    for (size_t i = 0; i < TEND_ARRAY_LEN(known); i++) {
        const struct tend__json_node *node = tend__json_member(root, known[i]);
        if (node != NULL) {
            add_member(&o, node, known[i], 0);
        }
    }
    for (const struct tend__json_node *n = tend__json_first(root); n != NULL; n = n->next) {
        bool is_known = false;
        for (size_t i = 0; i < TEND_ARRAY_LEN(known); i++) {
            is_known = is_known || strcmp(known[i], n->key) == 0;
        }
        if (!is_known) {
            add_member(&o, n, n->key, 0);
        }
    }
}

static enum tend_code explain(struct tend__app *app, struct tend__ledger *ledger,
                              const char *run_name, int64_t number, struct tend_error *err)
{
    char *json = NULL;
    struct tend__json *tree = NULL;
    bool is_found = false;
    TEND_TRY(tend__state_get_incident(ledger, run_name, number, &json, &is_found, err));
    if (!is_found) {
        return TEND_FAIL(err, ENOTFOUND,
                         "no incident %" PRId64 " in the run '%s'; 'tend why' lists them", number,
                         run_name);
    }
    enum tend_code code = TEND_OK;
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        struct tend__json_writer w;
        tend__jsonw_init(&w, &app->out, true);
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "schema", "tend.why/1");
        tend__jsonw_member_text(&w, "run", run_name);
        tend__jsonw_member_int(&w, "number", number);
        tend__jsonw_key(&w, "incident");
        tend__jsonw_raw(&w, json);
        tend__jsonw_object_end(&w);
    } else {
        code = tend__json_parse(json, strlen(json), &tree, err);
        if (code == TEND_OK) {
            print_incident(app, number, run_name, tend__json_root(tree));
        }
    }
    tend__json_free(tree);
    tend__mem_free(json);
    return code;
}

/* ---- the list ---- */

struct list_pass {
    struct tend__json_writer *w;
    struct tend__table *table;
    uint64_t count;
};

static enum tend_code list_incident(void *ctx, const struct tend__run_incident *incident,
                                    struct tend_error *err)
{
    struct list_pass *pass = ctx;
    struct tend__json *tree = NULL;
    char text[TEND_NUMBER_TEXT_SIZE];
    pass->count++;
    if (pass->w != NULL) {
        tend__jsonw_object_begin(pass->w);
        tend__jsonw_member_int(pass->w, "number", incident->number);
        tend__jsonw_member_time(pass->w, "opened", incident->opened_us);
        tend__jsonw_member_text(pass->w, "kind", incident->kind);
        tend__jsonw_key(pass->w, "incident");
        tend__jsonw_raw(pass->w, incident->json);
        tend__jsonw_object_end(pass->w);
        return TEND_OK;
    }
    TEND_TRY(tend__json_parse(incident->json, strlen(incident->json), &tree, err));
    const struct tend__json_node *root = tend__json_root(tree);
    const char *cause = tend__json_text(tend__json_member(root, "cause"));
    const char *action = tend__json_text(tend__json_member(root, "action"));
    tend__table_cell(pass->table, TEND_TINT_BOLD, "%" PRId64, incident->number);
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s",
                     tend__show_time(incident->opened_us, text));
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s", incident->kind);
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s", cause != NULL ? cause : "");
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s", action != NULL ? action : "");
    tend__json_free(tree);
    return TEND_OK;
}

static enum tend_code list_incidents(struct tend__app *app, struct tend__ledger *ledger,
                                     const char *run_name, struct tend_error *err)
{
    static const char *const titles[] = {"#", "opened", "kind", "cause", "action"};
    struct tend__json_writer w;
    struct tend__table table;
    const bool as_json = tend__args_has(app->args, TEND_OPTION_JSON);
    struct list_pass pass = {.w = as_json ? &w : NULL, .table = &table};
    tend__table_init(&table);
    for (size_t i = 0; i < TEND_ARRAY_LEN(titles); i++) {
        tend__table_add_column(&table, titles[i], i == 0);
    }
    tend__jsonw_init(&w, &app->out, true);
    if (as_json) {
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "schema", "tend.why/1");
        tend__jsonw_member_text(&w, "run", run_name);
        tend__jsonw_key(&w, "incidents");
        tend__jsonw_array_begin(&w);
    }
    enum tend_code code = tend__state_each_incident(ledger, run_name, list_incident, &pass, err);
    if (code == TEND_OK && as_json) {
        tend__jsonw_array_end(&w);
        tend__jsonw_object_end(&w);
    } else if (code == TEND_OK && pass.count == 0) {
        tend__buf_printf(&app->out, "the run '%s' had no incident\n", run_name);
    } else if (code == TEND_OK) {
        tend__table_print(&table, &app->out, 0, tend__app_cut(app), app->colours);
        code = tend__table_code(&table, err);
    }
    tend__table_deinit(&table);
    return code;
}

static enum tend_code run_why(struct tend__app *app, struct tend__ledger *ledger,
                              struct tend_error *err)
{
    char *name = NULL;
    char *json = NULL;
    bool is_found = false;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__state_get_run(ledger, NULL, &name, &json, &is_found, err));
    if (!is_found) {
        return TEND_FAIL(err, ENOTFOUND,
                         "there is no run yet; 'tend backtest DATA' or 'tend demo' makes one");
    }
    if (app->args->operand_count == 0) {
        code = list_incidents(app, ledger, name, err);
    } else {
        const char *word = app->args->operands[0];
        const char *digits = word[0] == 'i' ? word + 1 : word; /* reports name them i1, i2, ... */
        char *end = NULL;
        errno = 0;
        const long long number = strtoll(digits, &end, 10);
        if (end == digits || *end != '\0' || errno == ERANGE) {
            code = TEND_FAIL(err, EINVAL,
                             "'%s' is not the number of an incident; 'tend why' lists them",
                             app->args->operands[0]);
        } else {
            code = explain(app, ledger, name, number, err);
        }
    }
    tend__mem_free(name);
    tend__mem_free(json);
    return code;
}

enum tend_code tend__cmd_why(struct tend__app *app, enum tend__exit *exit_code,
                             struct tend_error *err)
{
    struct tend__ledger *ledger = NULL;
    (void)exit_code;
    TEND_TRY(tend__state_open(app, &ledger, err));
    const enum tend_code code = run_why(app, ledger, err);
    tend__ledger_close(ledger);
    return code;
}
