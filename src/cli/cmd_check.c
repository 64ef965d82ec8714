/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_check.c: tend check REF CUR; of CUR alone, see contract_job.c. */
#include "cli/app.h"
#include "cli/check_job.h"

#include "base/mem.h"
#include "report/check_report.h"

#include <string.h>

#define PAGE_MAX ((size_t)64 << 20)

static enum tend_code write_page(const struct tend__check *check, const char *path,
                                 struct tend_error *err)
{
    struct tend__buf page;
    tend__buf_init(&page, PAGE_MAX);
    enum tend_code code = tend__check_html(check, &page, err);
    if (code == TEND_OK) {
        code = tend__app_write_page(&page, path, err);
    }
    tend__buf_deinit(&page);
    return code;
}

static enum tend_code run_check(struct tend__check_job *job, enum tend__exit *exit_code,
                                struct tend_error *err)
{
    struct tend__app *app = job->app;
    const struct tend__check *check = &job->check;
    const char *html = tend__args_text(app->args, TEND_OPTION_HTML, NULL);
    if (html != NULL) {
        TEND_TRY(tend__app_can_write(html, err));
    }
    TEND_TRY(tend__data_config(app, job->cur_side.path, &job->config, err));
    TEND_TRY(tend__data_lake(app, &job->lake, err));
    TEND_TRY(tend__check_job_run(job, err));
    if (html != NULL) {
        TEND_TRY(write_page(check, html, err));
    }
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        tend__check_json(check, &app->out);
    } else {
        const struct tend__text_style style = {
            .width = app->width, .utf8 = app->utf8, .colours = app->colours};
        TEND_TRY(tend__check_text(check, &style, &app->out, err));
        if (check->value.why_not[0] != '\0' && !check->value.is_there) {
            tend__app_note(app, "value is left out: %s", check->value.why_not);
        }
    }
    *exit_code = check->verdict == TEND_VERDICT_OK ? TEND_EXIT_FINE : TEND_EXIT_FOUND;
    return TEND_OK;
}

enum tend_code tend__cmd_check(struct tend__app *app, enum tend__exit *exit_code,
                               struct tend_error *err)
{
    struct tend__check_job *job = NULL;
    if (app->args->operand_count == 1) {
        return tend__contract_command(app, exit_code, err);
    }
    if (strcmp(app->args->operands[0], "-") == 0 && strcmp(app->args->operands[1], "-") == 0) {
        return TEND_FAIL(err, EINVAL, "standard input can be REF or CUR, not both");
    }
    TEND_TRY(tend__mem_new(1, sizeof(*job), &job, err));
    job->app = app;
    job->ref_side.path = app->args->operands[0];
    job->cur_side.path = app->args->operands[1];
    const enum tend_code code = run_check(job, exit_code, err);
    tend__check_job_deinit(job);
    tend__mem_free(job);
    return code;
}
