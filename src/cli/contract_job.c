/* SPDX-License-Identifier: Apache-2.0 */
/* contract_job.c: wires a contract to data sets, and is the command `tend check CUR`. */
#include "cli/contract_job.h"

#include "report/contract_report.h"

#include <stdio.h>
#include <string.h>

#define PAGE_MAX ((size_t)64 << 20)
#define PATH_SIZE 4096

/* ---- the contract ---- */

enum tend_code tend__contract_job_find(struct tend__contract_job *job,
                                       const struct tend__config *config, struct tend_error *err)
{
    const char *asked = tend__args_text(job->app->args, TEND_OPTION_CONTRACT, NULL);
    job->config = NULL;
    job->time_column = config != NULL ? config->time : NULL;
    if (asked == NULL) {
        job->config = config != NULL && config->contract.is_given ? config : NULL;
        return TEND_OK;
    }
    TEND_TRY(tend__config_load_contract(asked, &job->own_config, err));
    if (!job->own_config->contract.is_given) {
        return TEND_FAIL(err, EINVAL,
                         "%s: has no contract; 'tend init DATA' writes one from data, under the "
                         "key 'contract'",
                         asked);
    }
    job->config = job->own_config;
    job->time_column = job->time_column != NULL ? job->time_column : job->own_config->time;
    return TEND_OK;
}

/* A path in a contract is beside the file that the contract stands in. */
static enum tend_code place(const struct tend__config *config, const char *data,
                            char path[PATH_SIZE], struct tend_error *err)
{
    const char *slash = strrchr(config->path, '/');
    const int folder_len = slash == NULL || data[0] == '/' ? 0 : (int)(slash - config->path) + 1;
    const int n = snprintf(path, PATH_SIZE, "%.*s%s", folder_len, config->path, data);
    if (n < 0 || n >= PATH_SIZE) {
        return TEND_FAIL(err, ELIMIT, "%s: the path is too long", data);
    }
    return TEND_OK;
}

struct refer_pass {
    struct tend__contract_run *run;
    size_t reference_idx;
};

static enum tend_code refer(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    const struct refer_pass *pass = ctx;
    return tend__contract_refer(pass->run, pass->reference_idx, batch, err);
}

static enum tend_code read_references(struct tend__contract_job *job, struct tend_error *err)
{
    const struct tend__contract *contract = &job->config->contract;
    for (size_t i = 0; i < contract->reference_count; i++) {
        char path[PATH_SIZE];
        struct refer_pass pass = {.run = job->run, .reference_idx = i};
        const struct tend__data_stream stream = {.path = path};
        TEND_TRY(place(job->config, contract->references[i].data, path, err));
        const enum tend_code code =
            tend__data_each(job->app, job->lake, &stream, refer, &pass, err);
        if (code != TEND_OK) {
            tend__error_prefix(err, "%s: contract.references", job->config->path);
            return code;
        }
    }
    return TEND_OK;
}

enum tend_code tend__contract_job_begin(struct tend__contract_job *job, const char *path,
                                        struct tend_error *err)
{
    struct tend__field *fields = NULL;
    size_t count = 0;
    const struct tend__contract_options options = {.time_column = job->time_column};
    TEND_TRY(tend__data_fields(job->lake, path, job->time_column, &fields, &count, err));
    enum tend_code code =
        tend__contract_run_new(&job->config->contract, fields, count, &options, &job->run, err);
    tend__fields_free(fields, count);
    return code != TEND_OK ? code : read_references(job, err);
}

enum tend_code tend__contract_job_add(void *ctx, const struct tend__batch *batch,
                                      struct tend_error *err)
{
    struct tend__contract_job *job = ctx;
    return tend__contract_add(job->run, batch, err);
}

void tend__contract_job_end(struct tend__contract_job *job)
{
    job->outcome = (struct tend__contract_outcome){.source = job->config->path};
    tend__contract_finish(job->run, &job->outcome);
}

void tend__contract_job_deinit(struct tend__contract_job *job)
{
    tend__contract_run_free(job->run);
    tend__config_free(job->own_config);
    *job = (struct tend__contract_job){0};
}

/* ---- tend check CUR ---- */

/* Text in data.time that is no time is the contract's to tell, not the reader's: then the column is
 * read as the text that it is. */
static enum tend_code judge(struct tend__contract_job *job, const char *path,
                            struct tend_error *err)
{
    for (;;) {
        const struct tend__data_stream stream = {.path = path, .time_column = job->time_column};
        enum tend_code code = tend__contract_job_begin(job, path, err);
        if (code == TEND_OK) {
            code = tend__data_each(job->app, job->lake, &stream, tend__contract_job_add, job, err);
        }
        if (code == TEND_OK) {
            tend__contract_job_end(job);
            return TEND_OK;
        }
        const bool is_of_time = code == TEND_ECORRUPT || code == TEND_ETYPE ||
                                code == TEND_ENOTFOUND || code == TEND_EINVAL;
        if (job->time_column == NULL || !is_of_time) {
            return code;
        }
        tend__contract_run_free(job->run);
        job->run = NULL;
        job->time_column = NULL;
    }
}

static enum tend_code show(struct tend__contract_job *job, struct tend__app *app, const char *html,
                           struct tend_error *err)
{
    const char *data = tend__data_name(app->args->operands[0]);
    if (html != NULL) {
        struct tend__buf page;
        tend__buf_init(&page, PAGE_MAX);
        enum tend_code code = tend__contract_alone_html(&job->outcome, data, &page, err);
        if (code == TEND_OK) {
            code = tend__app_write_page(&page, html, err);
        }
        tend__buf_deinit(&page);
        TEND_TRY(code);
    }
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        tend__contract_alone_json(&job->outcome, data, job->config->hash, &app->out);
        return TEND_OK;
    }
    const struct tend__text_style style = {
        .width = app->width, .utf8 = app->utf8, .colours = app->colours};
    return tend__contract_alone_text(&job->outcome, data, &style, &app->out, err);
}

static enum tend_code run_alone(struct tend__contract_job *job, struct tend__app *app,
                                const struct tend__config *config, struct tend_error *err)
{
    const char *path = app->args->operands[0];
    const char *html = tend__args_text(app->args, TEND_OPTION_HTML, NULL);
    if (html != NULL) {
        TEND_TRY(tend__app_can_write(html, err));
    }
    TEND_TRY(tend__contract_job_find(job, config, err));
    if (job->config == NULL) {
        return TEND_FAIL(err, ENOTFOUND,
                         "%s contract to check %s against; 'tend init DATA' writes one, "
                         "--contract names one, and 'tend check REF CUR' compares two data sets",
                         config != NULL ? "tend.yaml has no" : "there is no tend.yaml with a",
                         tend__data_name(path));
    }
    TEND_TRY(tend__data_not_profile(job->lake, path, err));
    TEND_TRY(judge(job, path, err));
    return show(job, app, html, err);
}

enum tend_code tend__contract_command(struct tend__app *app, enum tend__exit *exit_code,
                                      struct tend_error *err)
{
    struct tend__contract_job job = {.app = app};
    struct tend__config *config = NULL;
    struct tend__lake *lake = NULL;
    const bool is_named = tend__args_text(app->args, TEND_OPTION_CONTRACT, NULL) != NULL;
    enum tend_code code = tend__data_config(app, app->args->operands[0], &config, err);
    if (code != TEND_OK && is_named &&
        tend__args_text(app->args, TEND_OPTION_CONFIG, NULL) == NULL) {
        code = TEND_OK; /* a tend.yaml that nobody asked for must not stand in the way */
    }
    if (code == TEND_OK) {
        code = tend__data_lake(app, &lake, err);
    }
    job.lake = lake;
    if (code == TEND_OK) {
        code = run_alone(&job, app, config, err);
    }
    if (code == TEND_OK && job.outcome.violated_count > 0) {
        *exit_code = TEND_EXIT_FOUND;
    }
    tend__contract_job_deinit(&job);
    tend__config_free(config);
    tend__lake_free(lake);
    return code;
}
