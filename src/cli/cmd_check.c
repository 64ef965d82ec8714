/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_check.c: tend check REF CUR. */
#include "cli/app.h"
#include "cli/check.h"
#include "cli/html.h"

#include "base/mem.h"

#include <string.h>

#define PAGE_MAX ((size_t)64 << 20)

static enum tend_code write_page(const struct tend__check *check, const char *path,
                                 struct tend_error *err)
{
    struct tend__buf page;
    tend__buf_init(&page, PAGE_MAX);
    enum tend_code code = tend__check_html(check, &page, err);
    if (code == TEND_OK) {
        code = tend__html_write(&page, path, err);
    }
    tend__buf_deinit(&page);
    return code;
}

static enum tend_code run_check(struct tend__check *check, enum tend__exit *exit_code,
                                struct tend_error *err)
{
    struct tend__app *app = check->app;
    const char *html = tend__args_text(app->args, TEND_OPTION_HTML, NULL);
    if (html != NULL) {
        TEND_TRY(tend__app_can_write(html, err));
    }
    TEND_TRY(tend__data_config(app, check->cur_path, &check->config, err));
    TEND_TRY(tend__data_lake(app, &check->lake, err));
    TEND_TRY(tend__check_run(check, err));
    if (html != NULL) {
        TEND_TRY(write_page(check, html, err));
    }
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        tend__check_json(check, &app->out);
    } else {
        TEND_TRY(tend__check_text(check, err));
    }
    *exit_code = check->verdict == TEND_VERDICT_OK ? TEND_EXIT_FINE : TEND_EXIT_FOUND;
    return TEND_OK;
}

enum tend_code tend__cmd_check(struct tend__app *app, enum tend__exit *exit_code,
                               struct tend_error *err)
{
    struct tend__check *check = NULL;
    if (strcmp(app->args->operands[0], "-") == 0 && strcmp(app->args->operands[1], "-") == 0) {
        return TEND_FAIL(err, EINVAL, "standard input can be REF or CUR, not both");
    }
    TEND_TRY(tend__mem_new(1, sizeof(*check), &check, err));
    check->app = app;
    check->ref_path = app->args->operands[0];
    check->cur_path = app->args->operands[1];
    const enum tend_code code = run_check(check, exit_code, err);
    tend__check_deinit(check);
    tend__mem_free(check);
    return code;
}
