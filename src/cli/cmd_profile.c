/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_profile.c: tend profile, tend merge and tend show. */
#include "cli/app.h"
#include "cli/data.h"
#include "report/profile_text.h"

#include "base/mem.h"

#include <inttypes.h>
#include <string.h>

/* What all three print. `path` is where the profile was written, or NULL. */
static enum tend_code print_profile(struct tend__app *app, const char *schema,
                                    const struct tend__profile *profile, const char *path,
                                    struct tend_error *err)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        struct tend__json_writer w;
        tend__jsonw_init(&w, &app->out, true);
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "schema", schema);
        if (path != NULL) {
            tend__jsonw_member_text(&w, "output", path);
        }
        tend__profile_json(profile, true, &w);
        tend__jsonw_object_end(&w);
        return TEND_OK;
    }
    struct tend__table table;
    tend__table_init(&table);
    const enum tend_code code = tend__profile_as_table(profile, app->utf8, &table, err);
    if (code == TEND_OK) {
        tend__buf_printf(&app->out, "%s rows, %zu columns\n\n",
                         tend__show_number((double)tend__profile_row_count(profile), text),
                         tend__plan_column_count(tend__profile_plan(profile)));
        tend__table_print(&table, &app->out, 0, tend__app_cut(app), app->colours);
        if (path != NULL) {
            tend__buf_printf(&app->out, "\nwritten to %s\n", path);
        }
    }
    tend__table_deinit(&table);
    return code;
}

static enum tend_code need_profile(struct tend__lake *lake, const char *path,
                                   struct tend__profile **out, struct tend_error *err)
{
    TEND_TRY(tend__data_read_profile(lake, path, out, err));
    if (*out != NULL) {
        return TEND_OK;
    }
    struct tend__field *fields = NULL;
    size_t count = 0;
    TEND_TRY(tend__data_fields(lake, path, NULL, &fields, &count,
                               err)); /* says what is wrong with the file itself */
    tend__fields_free(fields, count);
    return TEND_FAIL(err, EINVAL, "%s: is data, not a profile; 'tend profile %s -o FILE' makes one",
                     path, path);
}

static enum tend_code need_output(const struct tend__app *app, const char **path,
                                  struct tend_error *err)
{
    *path = tend__args_text(app->args, TEND_OPTION_OUTPUT, NULL);
    if (*path == NULL) {
        return TEND_FAIL(err, EINVAL, "tend %s needs --output FILE: where to write the profile",
                         app->args->command->name);
    }
    return tend__app_can_write(*path, err);
}

/* ---- profile ---- */

static enum tend_code profile_with(struct tend__app *app, struct tend__lake *lake,
                                   struct tend__profile *plan_of, const char *path,
                                   struct tend_error *err)
{
    struct tend__profile *profile = NULL;
    struct tend__config *config = NULL;
    TEND_TRY(tend__data_not_profile(lake, app->args->operands[0], err));
    TEND_TRY(tend__data_config(app, app->args->operands[0], &config, err));
    struct tend__data_profile options = {
        .path = app->args->operands[0],
        .profile = {.plan = plan_of == NULL ? NULL : tend__profile_plan(plan_of),
                    .bin_max = tend__args_count(app->args, TEND_OPTION_BINS, 0)},
    };
    if (config != NULL && (plan_of == NULL || config->id == NULL ||
                           tend__plan_find(options.profile.plan, config->id) == SIZE_MAX)) {
        options.profile.skip_column = config->id; /* an id has no distribution worth keeping */
    }
    enum tend_code code = tend__data_profile(app, lake, &options, &profile, err);
    if (code == TEND_OK) {
        code = tend__data_write_profile(lake, path, profile, err);
    }
    if (code == TEND_OK) {
        code = print_profile(app, "tend.profile/1", profile, path, err);
    }
    tend__profile_free(profile);
    tend__config_free(config);
    return code;
}

enum tend_code tend__cmd_profile(struct tend__app *app, enum tend__exit *exit_code,
                                 struct tend_error *err)
{
    const char *plan_path = tend__args_text(app->args, TEND_OPTION_PLAN, NULL);
    const char *path = NULL;
    struct tend__lake *lake = NULL;
    struct tend__profile *plan_of = NULL;
    enum tend_code code = TEND_OK;
    (void)exit_code;
    TEND_TRY(need_output(app, &path, err));
    TEND_TRY(tend__data_lake(app, &lake, err));
    if (plan_path != NULL) {
        TEND_TRY_OUT(need_profile(lake, plan_path, &plan_of, err));
    }
    code = profile_with(app, lake, plan_of, path, err);
out:
    tend__profile_free(plan_of);
    tend__lake_free(lake);
    return code;
}

/* ---- merge ---- */

static enum tend_code merge_all(struct tend__app *app, struct tend__lake *lake, const char *path,
                                struct tend_error *err)
{
    struct tend__profile *whole = NULL;
    struct tend__profile *part = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(need_profile(lake, app->args->operands[0], &whole, err));
    for (size_t i = 1; i < app->args->operand_count; i++) {
        TEND_TRY_OUT(need_profile(lake, app->args->operands[i], &part, err));
        code = tend__profile_merge(whole, part, err);
        tend__profile_free(part);
        part = NULL;
        if (code != TEND_OK) {
            tend__error_prefix(err, "%s: was not made with the plan of %s; make it with --plan",
                               app->args->operands[i], app->args->operands[0]);
            goto out;
        }
    }
    TEND_TRY_OUT(tend__data_write_profile(lake, path, whole, err));
    code = print_profile(app, "tend.merge/1", whole, path, err);
out:
    tend__profile_free(part);
    tend__profile_free(whole);
    return code;
}

enum tend_code tend__cmd_merge(struct tend__app *app, enum tend__exit *exit_code,
                               struct tend_error *err)
{
    const char *path = NULL;
    struct tend__lake *lake = NULL;
    (void)exit_code;
    TEND_TRY(need_output(app, &path, err));
    TEND_TRY(tend__data_lake(app, &lake, err));
    const enum tend_code code = merge_all(app, lake, path, err);
    tend__lake_free(lake);
    return code;
}

/* ---- show ---- */

enum tend_code tend__cmd_show(struct tend__app *app, enum tend__exit *exit_code,
                              struct tend_error *err)
{
    struct tend__lake *lake = NULL;
    struct tend__profile *profile = NULL;
    (void)exit_code;
    TEND_TRY(tend__data_lake(app, &lake, err));
    enum tend_code code = need_profile(lake, app->args->operands[0], &profile, err);
    if (code == TEND_OK) {
        code = print_profile(app, "tend.show/1", profile, NULL, err);
    }
    tend__profile_free(profile);
    tend__lake_free(lake);
    return code;
}
