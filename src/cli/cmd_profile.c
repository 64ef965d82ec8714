/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_profile.c: tend profile: one profile of data, or a store of many. */
#include "cli/cmd_profile.h"

#include "cli/app.h"
#include "cli/data.h"
#include "cli/store_fill.h"
#include "report/profile_text.h"
#include "report/sketch_text.h"

#include "base/mem.h"

#include <inttypes.h>
#include <string.h>

static void write_label(struct tend__json_writer *w, const struct tend__profile_label *label)
{
    if (label->has_window) {
        tend__jsonw_key(w, "window");
        tend__jsonw_object_begin(w);
        tend__jsonw_member_time(w, "start", label->window_start_us);
        tend__jsonw_member_time(w, "end", label->window_end_us);
        tend__jsonw_member_text(w, "column", label->window_column);
        tend__jsonw_object_end(w);
    }
    if (label->segment != NULL) {
        tend__jsonw_member_text(w, "segment", label->segment);
    }
}

static void print_label(struct tend__buf *out, const struct tend__profile_label *label)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    if (label->has_window) {
        tend__buf_printf(out, ", from %s", tend__show_time(label->window_start_us, text));
        tend__buf_printf(out, " to before %s", tend__show_time(label->window_end_us, text));
    }
    if (label->segment != NULL) {
        tend__buf_text(out, ", segment ");
        tend__clean_text(out, label->segment, strlen(label->segment));
    }
}

static enum tend_code print_sketches(struct tend__app *app, const struct tend__profile *profile,
                                     struct tend_error *err)
{
    struct tend__table table;
    tend__table_init(&table);
    const enum tend_code code = tend__sketches_as_table(profile, &table, err);
    if (code == TEND_OK) {
        tend__buf_printf(&app->out,
                         "\nfrom sketches (distinct values at 95%%, ranks within %.1f%% "
                         "of the rows):\n\n",
                         100 * tend__kll_rank_error(TEND_KLL_K, false));
        tend__table_print(&table, &app->out, 0, tend__app_cut(app), app->colours);
    }
    tend__table_deinit(&table);
    return code;
}

enum tend_code tend__print_profile(struct tend__app *app, const char *schema,
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
        write_label(&w, tend__profile_label(profile));
        tend__profile_json(profile, true, &w);
        tend__jsonw_object_end(&w);
        return TEND_OK;
    }
    struct tend__table table;
    tend__table_init(&table);
    enum tend_code code = tend__profile_as_table(profile, app->utf8, &table, err);
    if (code == TEND_OK) {
        tend__buf_printf(&app->out, "%s rows, %zu columns",
                         tend__show_number((double)tend__profile_row_count(profile), text),
                         tend__plan_column_count(tend__profile_plan(profile)));
        print_label(&app->out, tend__profile_label(profile));
        tend__buf_text(&app->out, "\n\n");
        tend__table_print(&table, &app->out, 0, tend__app_cut(app), app->colours);
    }
    tend__table_deinit(&table);
    if (code == TEND_OK && tend__profile_has_sketches(profile)) {
        code = print_sketches(app, profile, err);
    }
    if (code == TEND_OK && path != NULL) {
        tend__buf_printf(&app->out, "\nwritten to %s\n", path);
    }
    return code;
}

enum tend_code tend__need_output(const struct tend__app *app, const char **path,
                                 struct tend_error *err)
{
    *path = tend__args_text(app->args, TEND_OPTION_OUTPUT, NULL);
    if (*path == NULL) {
        return TEND_FAIL(err, EINVAL, "tend %s needs --output FILE: where to write the profile",
                         app->args->command->name);
    }
    return TEND_OK;
}

bool tend__output_is_store(const struct tend__app *app, const char *path)
{
    const size_t len = strlen(path);
    return tend__args_has(app->args, TEND_OPTION_EVERY) || (len > 0 && path[len - 1] == '/') ||
           tend__store_is(path);
}

/* ---- a store ---- */

static void print_filled_json(struct tend__app *app, const char *path,
                              const struct tend__store_filled *filled)
{
    struct tend__json_writer w;
    char span[32];
    tend__span_text(filled->every_us, span);
    tend__jsonw_init(&w, &app->out, true);
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_text(&w, "schema", "tend.profile/1");
    tend__jsonw_member_text(&w, "output", path);
    tend__jsonw_member_uint(&w, "rows", filled->row_count);
    tend__jsonw_key(&w, "store");
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_bool(&w, "is_new", filled->is_new);
    tend__jsonw_member_text(&w, "every", span);
    tend__jsonw_member_uint(&w, "windows", filled->window_count);
    tend__jsonw_member_uint(&w, "replaced", filled->replaced_count);
    tend__jsonw_member_uint(&w, "missing", tend__filled_missing(filled));
    tend__jsonw_member_uint(&w, "segments", filled->segment_count);
    tend__jsonw_member_time(&w, "start", filled->first_us);
    tend__jsonw_member_time(&w, "end", filled->last_us);
    tend__jsonw_member_uint(&w, "rows_without_time", filled->timeless_count);
    tend__jsonw_member_uint(&w, "rows_failed", filled->failed_count);
    tend__jsonw_object_end(&w);
    tend__jsonw_object_end(&w);
}

uint64_t tend__filled_missing(const struct tend__store_filled *filled)
{
    return (uint64_t)((filled->last_us - filled->first_us) / filled->every_us) -
           filled->window_count;
}

static void print_filled(struct tend__app *app, const char *path,
                         const struct tend__store_filled *filled)
{
    char span[32];
    char text[3][TEND_NUMBER_TEXT_SIZE];
    tend__span_text(filled->every_us, span);
    tend__buf_printf(&app->out, "%s rows in %zu windows of %s, from %s to before %s",
                     tend__show_number((double)filled->row_count, text[0]), filled->window_count,
                     span, tend__show_time(filled->first_us, text[1]),
                     tend__show_time(filled->last_us, text[2]));
    if (filled->segment_count > 0) {
        tend__buf_printf(&app->out, ", each with %zu segments", filled->segment_count);
    }
    tend__buf_char(&app->out, '\n');
    if (tend__filled_missing(filled) > 0) {
        tend__buf_printf(&app->out, "%.0f windows in between have no row\n",
                         (double)tend__filled_missing(filled));
    }
    if (filled->replaced_count > 0) {
        tend__buf_printf(&app->out, "%zu of them were there before and are replaced\n",
                         filled->replaced_count);
    }
    if (filled->timeless_count > 0) {
        tend__buf_printf(&app->out, "%s rows have no time and are in no window\n",
                         tend__show_number((double)filled->timeless_count, text[0]));
    }
    if (filled->failed_count > 0) {
        tend__buf_printf(&app->out, "%s times the condition of a segment failed on a row\n",
                         tend__show_number((double)filled->failed_count, text[0]));
    }
    tend__buf_printf(&app->out, "written to %s; 'tend show %s' shows it\n", path, path);
}

static enum tend_code fill_store(struct tend__app *app, struct tend__lake *lake,
                                 const struct tend__config *config, const char *path,
                                 struct tend_error *err)
{
    const char *segments[TEND_ARGS_MANY_MAX];
    struct tend__store_filled filled;
    const struct tend__store_fill options = {
        .data = app->args->operands[0],
        .folder = path,
        .plan = tend__args_text(app->args, TEND_OPTION_PLAN, NULL),
        .time_column =
            tend__args_text(app->args, TEND_OPTION_TIME, config != NULL ? config->time : NULL),
        .skip_column = config != NULL ? config->id : NULL,
        .every_us = tend__args_span(app->args, TEND_OPTION_EVERY, 0),
        .every_default_us = config != NULL ? config->window_us : 0,
        .since_us = tend__args_time(app->args, TEND_OPTION_SINCE, INT64_MIN),
        .until_us = tend__args_time(app->args, TEND_OPTION_UNTIL, INT64_MAX),
        .segments = segments,
        .segment_count = tend__args_many(app->args, TEND_OPTION_SEGMENT, segments),
        .segment_value_max = tend__args_count(app->args, TEND_OPTION_SEGMENT_VALUES, 0),
        .bin_max = tend__args_count(app->args, TEND_OPTION_BINS, 0),
        .sketches = tend__args_has(app->args, TEND_OPTION_SKETCHES),
    };
    TEND_TRY(tend__store_fill(app, lake, &options, &filled, err));
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        print_filled_json(app, path, &filled);
    } else {
        print_filled(app, path, &filled);
    }
    return TEND_OK;
}

/* ---- one profile ---- */

/* The rows from --since to before --until: their condition, and the window that they are of. */
struct span_of_time {
    struct tend__buf where;
    char *column;
    struct tend__profile_label label;
};

static enum tend_code choose_span(const struct tend__app *app, struct tend__lake *lake,
                                  const struct tend__config *config, struct span_of_time *out,
                                  struct tend_error *err)
{
    const char *data = app->args->operands[0];
    const int64_t since_us = tend__args_time(app->args, TEND_OPTION_SINCE, INT64_MIN);
    const int64_t until_us = tend__args_time(app->args, TEND_OPTION_UNTIL, INT64_MAX);
    const char *asked =
        tend__args_text(app->args, TEND_OPTION_TIME, config != NULL ? config->time : NULL);
    const char *found = NULL;
    struct tend__field *fields = NULL;
    size_t count = 0;
    if (since_us == INT64_MIN && until_us == INT64_MAX) {
        return TEND_OK;
    }
    if (since_us >= until_us) {
        return TEND_FAIL(err, EINVAL, "--until must be later than --since");
    }
    TEND_TRY(tend__data_fields(lake, data, asked, &fields, &count, err));
    enum tend_code code = tend__time_column_find(fields, count, asked, data, &found, err);
    if (code == TEND_OK) {
        code = tend__mem_text(found, strlen(found), &out->column, err);
    }
    tend__fields_free(fields, count);
    TEND_TRY(code);
    tend__time_where(&out->where, out->column, since_us, until_us);
    if (since_us > INT64_MIN && until_us < INT64_MAX) {
        out->label = (struct tend__profile_label){.has_window = true,
                                                  .window_start_us = since_us,
                                                  .window_end_us = until_us,
                                                  .window_column = out->column};
    }
    return tend__buf_code(&out->where, err);
}

static enum tend_code profile_data(struct tend__app *app, struct tend__lake *lake,
                                   const struct tend__config *config, const char *path,
                                   struct tend_error *err)
{
    const char *plan_path = tend__args_text(app->args, TEND_OPTION_PLAN, NULL);
    struct tend__profile *profile = NULL;
    struct tend__plan *plan = NULL;
    struct span_of_time span = {.column = NULL};
    enum tend_code code = TEND_OK;
    tend__buf_init(&span.where, (size_t)1 << 16);
    TEND_TRY_OUT(tend__app_can_write(path, err));
    if (plan_path != NULL) {
        TEND_TRY_OUT(tend__data_plan(lake, plan_path, &plan, err));
    }
    TEND_TRY_OUT(choose_span(app, lake, config, &span, err));
    struct tend__data_profile options = {
        .path = app->args->operands[0],
        .time_column = span.column,
        .where = span.where.len > 0 ? tend__buf_str(&span.where) : NULL,
        .profile = {.plan = plan,
                    .bin_max = tend__args_count(app->args, TEND_OPTION_BINS, 0),
                    .sketches = tend__args_has(app->args, TEND_OPTION_SKETCHES)
                                    ? TEND_SKETCHES_ALL
                                    : TEND_SKETCHES_NEW_COLUMNS},
    };
    if (config != NULL &&
        (plan == NULL || config->id == NULL || tend__plan_find(plan, config->id) == SIZE_MAX)) {
        options.profile.skip_column = config->id; /* an id has no distribution worth keeping */
    }
    TEND_TRY_OUT(tend__data_profile(app, lake, &options, &profile, err));
    TEND_TRY_OUT(tend__profile_set_label(profile, &span.label, err));
    TEND_TRY_OUT(tend__data_write_profile(lake, path, profile, err));
    code = tend__print_profile(app, "tend.profile/1", profile, path, err);
out:
    tend__profile_free(profile);
    tend__plan_unref(plan);
    tend__mem_free(span.column);
    tend__buf_deinit(&span.where);
    return code;
}

enum tend_code tend__cmd_profile(struct tend__app *app, enum tend__exit *exit_code,
                                 struct tend_error *err)
{
    const char *data = app->args->operands[0];
    const char *path = NULL;
    struct tend__lake *lake = NULL;
    struct tend__config *config = NULL;
    enum tend_code code = TEND_OK;
    (void)exit_code;
    TEND_TRY(tend__need_output(app, &path, err));
    const bool is_store = tend__output_is_store(app, path);
    if (!is_store && (tend__args_has(app->args, TEND_OPTION_SEGMENT) ||
                      tend__args_has(app->args, TEND_OPTION_SEGMENT_VALUES))) {
        return TEND_FAIL(err, EINVAL,
                         "--segment needs a store: add --every 1d, and a folder for "
                         "--output");
    }
    TEND_TRY(tend__data_lake(app, &lake, err));
    TEND_TRY_OUT(tend__data_not_profile(lake, data, err));
    TEND_TRY_OUT(tend__data_config(app, data, &config, err));
    code = is_store ? fill_store(app, lake, config, path, err)
                    : profile_data(app, lake, config, path, err);
out:
    tend__config_free(config);
    tend__lake_free(lake);
    return code;
}
