/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_show.c: tend show: what a profile holds, or how a store went over time. */
#include "cli/cmd_profile.h"
#include "cli/data.h"
#include "cli/store.h"

#include "base/json_write.h"
#include "base/names.h"
#include "report/history_report.h"

#include <string.h>

#define PAGE_MAX ((size_t)256 << 20)
#define NAME_MAX_COUNT 512

/* ---- a store ---- */

static enum tend_code add_window(void *ctx, const struct tend__store_window *window,
                                 const struct tend__profile *profile, struct tend_error *err)
{
    return tend__history_add(ctx, window->start_us, profile, err);
}

static enum tend_code find_column(const struct tend__plan *plan, const char *name, const char *path,
                                  size_t *out, struct tend_error *err)
{
    const char *names[NAME_MAX_COUNT];
    const size_t count = tend__plan_column_count(plan);
    *out = name == NULL ? SIZE_MAX : tend__plan_find(plan, name);
    if (name == NULL || *out != SIZE_MAX) {
        return TEND_OK;
    }
    for (size_t i = 0; i < count && i < NAME_MAX_COUNT; i++) {
        names[i] = tend__plan_column(plan, i)->name;
    }
    const char *near =
        tend__name_nearest(name, names, count < NAME_MAX_COUNT ? count : NAME_MAX_COUNT);
    if (near != NULL) {
        return TEND_FAIL(err, ENOTFOUND, "%s: no column '%.200s' (did you mean '%s'?)", path, name,
                         near);
    }
    return TEND_FAIL(err, ENOTFOUND, "%s: no column '%.200s'", path, name);
}

static enum tend_code print_history(struct tend__app *app,
                                    const struct tend__history_report *report,
                                    struct tend_error *err)
{
    const char *html = tend__args_text(app->args, TEND_OPTION_HTML, NULL);
    if (html != NULL) {
        struct tend__buf page;
        tend__buf_init(&page, PAGE_MAX);
        enum tend_code code = tend__history_html(report, &page, err);
        if (code == TEND_OK) {
            code = tend__app_write_page(&page, html, err);
        }
        tend__buf_deinit(&page);
        TEND_TRY(code);
    }
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        struct tend__json_writer w;
        tend__jsonw_init(&w, &app->out, false);
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "schema", "tend.show/1");
        tend__history_json(report, &w);
        tend__jsonw_object_end(&w);
        tend__buf_char(&app->out, '\n');
        return TEND_OK;
    }
    const struct tend__text_style style = {
        .width = (int)tend__app_cut(app), .utf8 = app->utf8, .colours = app->colours};
    return tend__history_text(report, &style, &app->out, err);
}

/* --segment says the same as the last part of STORE@WINDOWS@SEGMENT. */
static enum tend_code choose_segment(const struct tend__app *app, struct tend__selection *selection,
                                     struct tend_error *err)
{
    const char *names[TEND_ARGS_MANY_MAX];
    const size_t count = tend__args_many(app->args, TEND_OPTION_SEGMENT, names);
    if (count > 1) {
        return TEND_FAIL(err, EINVAL, "--segment is given %zu times; tend show shows one", count);
    }
    if (count == 1 && selection->segment != NULL && strcmp(names[0], selection->segment) != 0) {
        return TEND_FAIL(err, EINVAL, "--segment %s: '%s' is asked for already", names[0],
                         selection->segment);
    }
    selection->segment = count == 1 ? names[0] : selection->segment;
    return TEND_OK;
}

static enum tend_code show_windows(struct tend__app *app, struct tend__lake *lake,
                                   const struct tend__selection *selection,
                                   const struct tend__store *store, struct tend_error *err)
{
    struct tend__store_range range = {.segment = selection->segment};
    struct tend__history_options options = {.every_us = tend__store_every(store)};
    struct tend__history *history = NULL;
    char every[32];
    struct tend__history_report report = {
        .name = app->args->operands[0], .segment = selection->segment, .every = every};
    tend__span_text(options.every_us, every);
    TEND_TRY(tend__store_reference(store, selection->segment, &options.reference, err));
    TEND_TRY(find_column(store->plan, tend__args_text(app->args, TEND_OPTION_COLUMN, NULL),
                         store->folder, &report.column_idx, err));
    TEND_TRY(tend__selection_range(selection, store, &range.first, &range.count, err));
    options.start_us = store->windows[range.first].start_us;
    options.end_us = store->windows[range.first + range.count - 1].end_us;
    TEND_TRY(tend__history_new(store->plan, &options, &history, err));
    enum tend_code code = tend__store_each(lake, store, &range, add_window, history, err);
    if (code == TEND_OK) {
        report.history = history;
        code = print_history(app, &report, err);
    }
    tend__history_free(history);
    return code;
}

static enum tend_code show_store(struct tend__app *app, struct tend__lake *lake,
                                 struct tend__selection *selection, struct tend_error *err)
{
    struct tend__store store = {.folder = NULL};
    const char *html = tend__args_text(app->args, TEND_OPTION_HTML, NULL);
    enum tend_code code = TEND_OK;
    if (html != NULL) {
        TEND_TRY_OUT(tend__app_can_write(html, err));
    }
    TEND_TRY_OUT(choose_segment(app, selection, err));
    TEND_TRY_OUT(tend__store_open(lake, selection->folder, &store, err));
    code = show_windows(app, lake, selection, &store, err);
out:
    tend__store_deinit(&store);
    return code;
}

/* ---- one profile ---- */

static enum tend_code show_profile(struct tend__app *app, struct tend__lake *lake,
                                   struct tend_error *err)
{
    static const enum tend__option_id of_stores[] = {TEND_OPTION_COLUMN, TEND_OPTION_SEGMENT,
                                                     TEND_OPTION_HTML};
    struct tend__profile *profile = NULL;
    TEND_TRY(tend__data_need_profile(lake, app->args->operands[0], &profile, err));
    for (size_t i = 0; i < TEND_ARRAY_LEN(of_stores); i++) {
        if (tend__args_has(app->args, of_stores[i])) {
            tend__profile_free(profile);
            return TEND_FAIL(err, EINVAL,
                             "--%s is for stores; 'tend profile DATA --every 1d -o STORE/' makes "
                             "one",
                             tend__option_by_id(of_stores[i])->name);
        }
    }
    const enum tend_code code = tend__print_profile(app, "tend.show/1", profile, NULL, err);
    tend__profile_free(profile);
    return code;
}

enum tend_code tend__cmd_show(struct tend__app *app, enum tend__exit *exit_code,
                              struct tend_error *err)
{
    struct tend__lake *lake = NULL;
    struct tend__selection selection;
    (void)exit_code;
    TEND_TRY(tend__data_lake(app, &lake, err));
    const bool is_store =
        tend__selection_parse(app->args->operands[0], &selection) && !selection.is_reference;
    const enum tend_code code =
        is_store ? show_store(app, lake, &selection, err) : show_profile(app, lake, err);
    tend__lake_free(lake);
    return code;
}
