/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_books.c: tend ledger and tend versions: the books and the versions out of the state file. */
#include "base/json_write.h"
#include "cli/app.h"
#include "report/render.h"
#include "cli/state_file.h"
#include "state/ledger.h"
#include "state/versions.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define HASH_SHOWN 12

/* ---- ledger ---- */

struct ledger_pass {
    const char *model; /* NULL = all */
    struct tend__json_writer *w;
    struct tend__table *table;
    double cost;
    double value;
    uint64_t count;
};

static enum tend_code write_entry(void *ctx, const struct tend__ledger_row *row,
                                  struct tend_error *err)
{
    struct ledger_pass *pass = ctx;
    const struct tend__ledger_entry *entry = &row->entry;
    char text[TEND_NUMBER_TEXT_SIZE];
    (void)err;
    if (pass->model != NULL && strcmp(pass->model, entry->model) != 0) {
        return TEND_OK;
    }
    pass->cost += entry->cost;
    pass->value += entry->value;
    pass->count++;
    if (pass->w != NULL) {
        tend__jsonw_object_begin(pass->w);
        tend__jsonw_member_int(pass->w, "seq", row->seq);
        tend__jsonw_member_time(pass->w, "time", entry->time_us);
        tend__jsonw_member_text(pass->w, "kind", entry->kind);
        tend__jsonw_member_text(pass->w, "model", entry->model);
        tend__jsonw_member_text(pass->w, "version", entry->version);
        tend__jsonw_member_number(pass->w, "cost", entry->cost);
        tend__jsonw_member_number(pass->w, "value", entry->value);
        tend__jsonw_key(pass->w, "evidence");
        tend__jsonw_raw(pass->w, entry->evidence_json);
        tend__jsonw_member_text(pass->w, "prev_hash", row->prev_hash);
        tend__jsonw_member_text(pass->w, "hash", row->hash);
        tend__jsonw_object_end(pass->w);
        return TEND_OK;
    }
    tend__table_cell(pass->table, TEND_TINT_DIM, "%" PRId64, row->seq);
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s", tend__show_time(entry->time_us, text));
    tend__table_cell(pass->table, TEND_TINT_BOLD, "%s", entry->kind);
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s", entry->model);
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s", entry->version);
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s",
                     fabs(entry->cost) > 0 ? tend__show_money(-entry->cost, text) : "");
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s",
                     fabs(entry->value) > 0 ? tend__show_money(entry->value, text) : "");
    tend__table_cell(pass->table, TEND_TINT_DIM, "%.*s", HASH_SHOWN, row->hash);
    return TEND_OK;
}

/* Whether the chain holds; *bad_seq and why as tend__ledger_verify. */
static void print_verdict(struct tend__app *app, int64_t bad_seq, const struct tend_error *why,
                          int64_t last_seq, const char *hash)
{
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        struct tend__json_writer w;
        tend__jsonw_init(&w, &app->out, true);
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "schema", "tend.ledger/1");
        tend__jsonw_member_bool(&w, "verified", bad_seq == 0);
        tend__jsonw_member_int(&w, "entries", last_seq);
        tend__jsonw_member_text(&w, "hash", hash);
        if (bad_seq != 0) {
            tend__jsonw_member_int(&w, "bad_seq", bad_seq);
            tend__jsonw_member_text(&w, "why", why->text);
        }
        tend__jsonw_object_end(&w);
        return;
    }
    if (bad_seq != 0) {
        tend__tinted(&app->out, TEND_TINT_BAD, app->colours,
                     "entry %" PRId64 " is not as it was written", bad_seq);
        tend__buf_printf(&app->out, ": %s\n", why->text);
        return;
    }
    tend__tinted(&app->out, TEND_TINT_GOOD, app->colours, "the chain holds");
    tend__buf_printf(&app->out, ": %" PRId64 " entries, each as it was written\nlast hash %s\n",
                     last_seq, hash);
    tend__buf_text(&app->out,
                   "A chain cannot show that its end was cut off: keep this hash elsewhere.\n");
}

static enum tend_code verify(struct tend__app *app, struct tend__ledger *ledger,
                             enum tend__exit *exit_code, struct tend_error *err)
{
    struct tend_error why = {0};
    char hash[TEND_SHA256_HEX_SIZE];
    int64_t bad_seq = 0;
    int64_t last_seq = 0;
    TEND_TRY(tend__ledger_verify(ledger, &bad_seq, &why, err));
    TEND_TRY(tend__ledger_head(ledger, &last_seq, hash, err));
    print_verdict(app, bad_seq, &why, last_seq, hash);
    *exit_code = bad_seq != 0 ? TEND_EXIT_FOUND : TEND_EXIT_FINE;
    return TEND_OK;
}

static enum tend_code list_json(struct tend__app *app, struct tend__ledger *ledger,
                                const char *model, struct tend_error *err)
{
    struct tend__json_writer w;
    struct ledger_pass pass = {.model = model, .w = &w};
    tend__jsonw_init(&w, &app->out, true);
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_text(&w, "schema", "tend.ledger/1");
    tend__jsonw_key(&w, "ledger");
    tend__jsonw_array_begin(&w);
    TEND_TRY(tend__ledger_each(ledger, write_entry, &pass, err));
    tend__jsonw_array_end(&w);
    tend__jsonw_member_number(&w, "cost", pass.cost);
    tend__jsonw_member_number(&w, "value", pass.value);
    tend__jsonw_member_number(&w, "net", pass.value - pass.cost);
    tend__jsonw_object_end(&w);
    return TEND_OK;
}

static enum tend_code list_text(struct tend__app *app, struct tend__ledger *ledger,
                                const char *model, struct tend_error *err)
{
    static const char *const titles[] = {"#",       "time", "what",  "model",
                                         "version", "cost", "value", "hash"};
    struct tend__table table;
    struct ledger_pass pass = {.model = model, .table = &table};
    char text[3][TEND_NUMBER_TEXT_SIZE];
    tend__table_init(&table);
    for (size_t i = 0; i < TEND_ARRAY_LEN(titles); i++) {
        tend__table_add_column(&table, titles[i], i == 0 || i == 5 || i == 6);
    }
    enum tend_code code = tend__ledger_each(ledger, write_entry, &pass, err);
    if (code == TEND_OK) {
        code = tend__table_code(&table, err);
    }
    if (code == TEND_OK && pass.count == 0) {
        tend__buf_printf(&app->out,
                         model == NULL ? "the ledger is empty\n"
                                       : "the ledger has no entry of a model '%s'\n",
                         model);
    } else if (code == TEND_OK) {
        tend__table_print(&table, &app->out, 0, tend__app_cut(app), app->colours);
        tend__buf_printf(&app->out, "\nvalue %s, cost %s, net %s\n",
                         tend__show_money(pass.value, text[0]),
                         tend__show_money(-pass.cost, text[1]),
                         tend__show_money(pass.value - pass.cost, text[2]));
    }
    tend__table_deinit(&table);
    return code;
}

enum tend_code tend__cmd_ledger(struct tend__app *app, enum tend__exit *exit_code,
                                struct tend_error *err)
{
    const char *model = tend__args_text(app->args, TEND_OPTION_MODEL, NULL);
    struct tend__ledger *ledger = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__state_open(app, &ledger, err));
    if (tend__args_has(app->args, TEND_OPTION_VERIFY)) {
        code = verify(app, ledger, exit_code, err);
    } else if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        code = list_json(app, ledger, model, err);
    } else {
        code = list_text(app, ledger, model, err);
    }
    tend__ledger_close(ledger);
    return code;
}

/* ---- versions ---- */

struct version_pass {
    struct tend__json_writer *w;
    struct tend__table *table;
    uint64_t count;
};

static void write_version_json(struct tend__json_writer *w, const struct tend__version *version)
{
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "model", version->model);
    tend__jsonw_member_text(w, "version", version->version);
    tend__jsonw_member_time(w, "trained", version->time_us);
    tend__jsonw_member_uint(w, "rows", version->row_count);
    tend__jsonw_member_time(w, "from", version->from_us);
    tend__jsonw_member_time(w, "to", version->to_us);
    tend__jsonw_member_uint(w, "seed", version->seed);
    tend__jsonw_member_text(w, "parent", version->parent);
    tend__jsonw_member_text(w, "verdict", version->verdict);
    tend__jsonw_member_text(w, "data_hash", version->data_hash);
    tend__jsonw_member_text(w, "config_hash", version->config_hash);
    tend__jsonw_member_text(w, "artefact_hash", version->artefact_hash);
    tend__jsonw_member_uint(w, "artefact_bytes", version->artefact_len);
    tend__jsonw_key(w, "lineage");
    tend__jsonw_raw(w, version->lineage_json != NULL ? version->lineage_json : "{}");
    tend__jsonw_object_end(w);
}

static enum tend_code write_version(void *ctx, const struct tend__version *version,
                                    struct tend_error *err)
{
    struct version_pass *pass = ctx;
    char text[TEND_NUMBER_TEXT_SIZE];
    (void)err;
    pass->count++;
    if (pass->w != NULL) {
        write_version_json(pass->w, version);
        return TEND_OK;
    }
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s", version->model);
    tend__table_cell(pass->table, TEND_TINT_BOLD, "%s", version->version);
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s", tend__show_time(version->time_us, text));
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s",
                     tend__show_number((double)version->row_count, text));
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s", tend__show_time(version->from_us, text));
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s", tend__show_time(version->to_us, text));
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s",
                     version->parent != NULL ? version->parent : "");
    tend__table_cell(pass->table, TEND_TINT_PLAIN, "%s",
                     version->verdict != NULL ? version->verdict : "");
    tend__table_cell(pass->table, TEND_TINT_DIM, "%.*s", HASH_SHOWN,
                     version->artefact_hash != NULL ? version->artefact_hash : "");
    return TEND_OK;
}

static enum tend_code versions_text(struct tend__app *app, struct tend__ledger *ledger,
                                    const char *model, struct tend_error *err)
{
    static const char *const titles[] = {"model", "version", "trained", "rows", "from",
                                         "to",    "parent",  "verdict", "hash"};
    struct tend__table table;
    struct version_pass pass = {.table = &table};
    tend__table_init(&table);
    for (size_t i = 0; i < TEND_ARRAY_LEN(titles); i++) {
        tend__table_add_column(&table, titles[i], i == 3);
    }
    enum tend_code code = tend__versions_each(ledger, model, write_version, &pass, err);
    if (code == TEND_OK) {
        code = tend__table_code(&table, err);
    }
    if (code == TEND_OK && pass.count == 0) {
        tend__buf_text(&app->out, "there are no versions\n");
    } else if (code == TEND_OK) {
        tend__table_print(&table, &app->out, 0, tend__app_cut(app), app->colours);
    }
    tend__table_deinit(&table);
    return code;
}

enum tend_code tend__cmd_versions(struct tend__app *app, enum tend__exit *exit_code,
                                  struct tend_error *err)
{
    const char *model = tend__args_text(app->args, TEND_OPTION_MODEL, NULL);
    struct tend__ledger *ledger = NULL;
    enum tend_code code = TEND_OK;
    (void)exit_code;
    TEND_TRY(tend__state_open(app, &ledger, err));
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        struct tend__json_writer w;
        struct version_pass pass = {.w = &w};
        tend__jsonw_init(&w, &app->out, true);
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "schema", "tend.versions/1");
        tend__jsonw_key(&w, "versions");
        tend__jsonw_array_begin(&w);
        code = tend__versions_each(ledger, model, write_version, &pass, err);
        tend__jsonw_array_end(&w);
        tend__jsonw_object_end(&w);
    } else {
        code = versions_text(app, ledger, model, err);
    }
    tend__ledger_close(ledger);
    return code;
}
