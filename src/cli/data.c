/* SPDX-License-Identifier: Apache-2.0 */
/* data.c: streams and profiles data sets for the commands. */
#include "cli/data.h"

#include "base/mem.h"
#include "base/names.h"
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LABEL_SIZE 128
#define PATH_SIZE 4096
#define PROFILE_ROW_MAX 8192
#define NAME_MAX_COUNT 1024

const char *tend__data_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

enum tend_code tend__data_lake(const struct tend__app *app, struct tend__lake **out,
                               struct tend_error *err)
{
    const struct tend__lake_options options = {
        .memory_max_bytes = tend__args_bytes(app->args, TEND_OPTION_MEMORY, 0),
        .threads = (uint32_t)tend__args_count(app->args, TEND_OPTION_THREADS, 0),
    };
    return tend__lake_new(&options, out, err);
}

/* ---- streams ---- */

static void make_label(const char *path, char label[LABEL_SIZE])
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL && slash[1] != '\0' ? slash + 1 : path;
    (void)snprintf(label, LABEL_SIZE, "reading %.100s",
                   strcmp(path, "-") == 0 ? tend__data_name(path) : base);
}

static enum tend_code stream_rows(struct tend__lake_reader *reader, tend__data_fn *fn, void *ctx,
                                  uint64_t *row_count, struct tend_error *err)
{
    const struct tend__batch *batch = NULL;
    *row_count = 0;
    for (;;) {
        TEND_TRY(tend__lake_next(reader, &batch, err));
        if (batch == NULL) {
            return TEND_OK;
        }
        *row_count += batch->row_count;
        TEND_TRY(fn(ctx, batch, err));
    }
}

enum tend_code tend__data_each(const struct tend__app *app, struct tend__lake *lake,
                               const struct tend__data_stream *stream, tend__data_fn *fn, void *ctx,
                               struct tend_error *err)
{
    struct tend__progress progress;
    struct tend__lake_reader *reader = NULL;
    char label[LABEL_SIZE];
    uint64_t rows = 0;
    make_label(stream->path, label);
    tend__progress_begin(&progress, app, label);
    const struct tend__lake_read_options options = {
        .columns = stream->columns,
        .column_count = stream->column_count,
        .order_by = stream->order_by,
        .time_column = stream->time_column,
        .row_max = stream->row_max,
        .progress = tend__progress_tick,
        .progress_ctx = &progress,
    };
    enum tend_code code = tend__lake_open(lake, stream->path, &options, &reader, err);
    if (code == TEND_OK) {
        for (size_t i = 0; !stream->is_again && tend__lake_note(reader, i) != NULL; i++) {
            tend__app_note(app, "%s: %s", tend__data_name(stream->path),
                           tend__lake_note(reader, i));
        }
        code = stream_rows(reader, fn, ctx, &rows, err);
    }
    tend__progress_end(&progress);
    tend__lake_close(reader);
    if (code == TEND_OK && rows == 0) {
        return TEND_FAIL(err, EINVAL, "%s: no rows; there is nothing to work on",
                         tend__data_name(stream->path));
    }
    if (code == TEND_OK && stream->row_count != NULL) {
        *stream->row_count = rows;
    }
    return code;
}

/* ---- fields ---- */

void tend__data_fields_free(struct tend__field *fields, size_t count)
{
    for (size_t i = 0; fields != NULL && i < count; i++) {
        char *name = NULL;
        memcpy(&name, &fields[i].name, sizeof(name)); /* ours, const only to readers */
        tend__mem_free(name);
    }
    tend__mem_free(fields);
}

enum tend_code tend__data_fields_copy(const struct tend__field *from, size_t count,
                                      struct tend__field **out, struct tend_error *err)
{
    struct tend__field *fields = NULL;
    TEND_TRY(tend__mem_new(count, sizeof(*fields), &fields, err));
    for (size_t i = 0; i < count; i++) {
        char *name = NULL;
        const enum tend_code code = tend__mem_text(from[i].name, strlen(from[i].name), &name, err);
        if (code != TEND_OK) {
            tend__data_fields_free(fields, i);
            return code;
        }
        fields[i] = from[i];
        fields[i].name = name;
    }
    *out = fields;
    return TEND_OK;
}

enum tend_code tend__data_fields(struct tend__lake *lake, const char *path, const char *time_column,
                                 struct tend__field **out, size_t *count, struct tend_error *err)
{
    const struct tend__lake_read_options options = {.time_column = time_column};
    const struct tend__field *fields = NULL;
    struct tend__lake_reader *reader = NULL;
    size_t field_count = 0;
    TEND_TRY(tend__lake_open(lake, path, &options, &reader, err));
    tend__lake_fields(reader, &fields, &field_count);
    const enum tend_code code = tend__data_fields_copy(fields, field_count, out, err);
    tend__lake_close(reader);
    if (code == TEND_OK) {
        *count = field_count;
    }
    return code;
}

size_t tend__data_find(const struct tend__field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

enum tend_code tend__data_missing(const struct tend__field *fields, size_t count, const char *name,
                                  const char *path, const char *what, struct tend_error *err)
{
    const char *names[NAME_MAX_COUNT];
    const size_t name_count = count < NAME_MAX_COUNT ? count : NAME_MAX_COUNT;
    for (size_t i = 0; i < name_count; i++) {
        names[i] = fields[i].name;
    }
    const char *near = tend__name_nearest(name, names, name_count);
    if (near != NULL) {
        return TEND_FAIL(err, ENOTFOUND, "%s: no column '%s' in %s (did you mean '%s'?)", what,
                         name, path, near);
    }
    return TEND_FAIL(err, ENOTFOUND, "%s: no column '%s' in %s", what, name, path);
}

/* ---- profiles ---- */

struct profile_pass {
    const struct tend__data_profile *options;
    struct tend__plan_builder *builder; /* first pass without a plan */
    struct tend__profile *profile;
    bool is_again;
    /* The batch without the column that is skipped. */
    struct tend__field *fields;
    struct tend__column *columns;
};

/* The batch that is profiled: all of it, or a view without the skipped column. */
static enum tend_code leave_out(struct profile_pass *pass, const struct tend__batch *batch,
                                struct tend__batch *out, struct tend_error *err)
{
    const char *skipped = pass->options->skip_column;
    *out = *batch;
    if (skipped == NULL ||
        tend__data_find(batch->fields, batch->column_count, skipped) == SIZE_MAX) {
        return TEND_OK;
    }
    if (pass->fields == NULL) {
        TEND_TRY(tend__mem_new(batch->column_count, sizeof(*pass->fields), &pass->fields, err));
        TEND_TRY(tend__mem_new(batch->column_count, sizeof(*pass->columns), &pass->columns, err));
    }
    size_t count = 0;
    for (size_t i = 0; i < batch->column_count; i++) {
        if (strcmp(batch->fields[i].name, skipped) != 0) {
            pass->fields[count] = batch->fields[i];
            pass->columns[count++] = batch->columns[i];
        }
    }
    out->fields = pass->fields;
    out->columns = pass->columns;
    out->column_count = count;
    return TEND_OK;
}

static enum tend_code add_batch(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    struct profile_pass *pass = ctx;
    struct tend__batch kept;
    TEND_TRY(leave_out(pass, batch, &kept, err));
    if (pass->profile == NULL && pass->builder == NULL) {
        const struct tend__plan_options options = {.bin_max = pass->options->bin_max};
        TEND_TRY(
            tend__plan_builder_new(kept.fields, kept.column_count, &options, &pass->builder, err));
    }
    if (pass->profile != NULL) {
        TEND_TRY(tend__profile_add(pass->profile, &kept, err));
    } else {
        TEND_TRY(tend__plan_builder_add(pass->builder, &kept, err));
    }
    if (!pass->is_again && pass->options->also != NULL) {
        return pass->options->also(pass->options->also_ctx, batch, err);
    }
    return TEND_OK;
}

/* After the first pass without a plan: the plan, and the profile from what the builder kept or from
 * a second pass. */
static enum tend_code finish_plan(const struct tend__app *app, struct tend__lake *lake,
                                  struct profile_pass *pass, struct tend_error *err)
{
    struct tend__plan *plan = NULL;
    bool is_complete = false;
    TEND_TRY(tend__plan_builder_finish(pass->builder, &plan, err));
    enum tend_code code =
        tend__plan_builder_profile(pass->builder, plan, &pass->profile, &is_complete, err);
    if (code == TEND_OK && !is_complete) {
        const struct tend__data_stream again = {.path = pass->options->path,
                                                .time_column = pass->options->time_column,
                                                .is_again = true};
        pass->is_again = true;
        code = tend__profile_new(plan, &pass->profile, err);
        if (code == TEND_OK) {
            code = tend__data_each(app, lake, &again, add_batch, pass, err);
        }
    }
    tend__plan_unref(plan);
    return code;
}

enum tend_code tend__data_profile(const struct tend__app *app, struct tend__lake *lake,
                                  const struct tend__data_profile *options,
                                  struct tend__profile **out, struct tend_error *err)
{
    struct profile_pass pass = {.options = options};
    const struct tend__data_stream stream = {
        .path = options->path, .order_by = options->order_by, .time_column = options->time_column};
    enum tend_code code = TEND_OK;
    if (options->plan != NULL) {
        TEND_TRY(tend__profile_new(options->plan, &pass.profile, err));
    }
    code = tend__data_each(app, lake, &stream, add_batch, &pass, err);
    if (code == TEND_OK && options->plan == NULL) {
        code = finish_plan(app, lake, &pass, err);
    }
    tend__plan_builder_free(pass.builder);
    tend__mem_free(pass.fields);
    tend__mem_free(pass.columns);
    if (code != TEND_OK) {
        tend__profile_free(pass.profile);
        return code;
    }
    *out = pass.profile;
    return TEND_OK;
}

/* A file that starts with Parquet's magic bytes; anything else is no profile. */
static bool is_parquet(const char *path)
{
    char magic[4] = {0};
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return false;
    }
    const size_t n = fread(magic, 1, sizeof(magic), file);
    (void)fclose(file);
    return n == sizeof(magic) && memcmp(magic, "PAR1", sizeof(magic)) == 0;
}

bool tend__data_is_profile(const struct tend__field *fields, size_t count)
{
    static const char *const names[] = {"format", "in_plan", "type_changed_count", "nan_count"};
    for (size_t i = 0; i < TEND_ARRAY_LEN(names); i++) {
        if (tend__data_find(fields, count, names[i]) == SIZE_MAX) {
            return false;
        }
    }
    return true;
}

enum tend_code tend__data_read_profile(struct tend__lake *lake, const char *path,
                                       struct tend__profile **out, struct tend_error *err)
{
    struct tend__field *fields = NULL;
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    size_t count = 0;
    *out = NULL;
    if (!is_parquet(path)) {
        return TEND_OK;
    }
    TEND_TRY(tend__data_fields(lake, path, NULL, &fields, &count, err));
    const bool is_profile = tend__data_is_profile(fields, count);
    tend__data_fields_free(fields, count);
    if (!is_profile) {
        return TEND_OK;
    }
    TEND_TRY(tend__lake_read_table(lake, path, PROFILE_ROW_MAX, &schema, &array, err));
    const enum tend_code code = tend__profile_from_table(&schema, &array, out, err);
    array.release(&array);
    schema.release(&schema);
    if (code != TEND_OK) {
        tend__error_prefix(err, "%s", path);
    }
    return code;
}

enum tend_code tend__data_not_profile(struct tend__lake *lake, const char *path,
                                      struct tend_error *err)
{
    struct tend__field *fields = NULL;
    size_t count = 0;
    if (!is_parquet(path)) {
        return TEND_OK;
    }
    TEND_TRY(tend__data_fields(lake, path, NULL, &fields, &count, err));
    const bool is_profile = tend__data_is_profile(fields, count);
    tend__data_fields_free(fields, count);
    if (is_profile) {
        return TEND_FAIL(err, EINVAL,
                         "%s: is a profile, not data; 'tend show %s' prints it, tend merge adds "
                         "profiles up",
                         path, path);
    }
    return TEND_OK;
}

enum tend_code tend__data_write_profile(struct tend__lake *lake, const char *path,
                                        const struct tend__profile *profile, struct tend_error *err)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    TEND_TRY(tend__profile_table(profile, &schema, &array, err));
    const enum tend_code code = tend__lake_write_table(lake, path, &schema, &array, err);
    array.release(&array);
    schema.release(&schema);
    return code;
}

/* ---- configuration ---- */

enum tend_code tend__data_config(const struct tend__app *app, const char *data,
                                 struct tend__config **out, struct tend_error *err)
{
    const char *asked = tend__args_text(app->args, TEND_OPTION_CONFIG, NULL);
    char beside[PATH_SIZE];
    *out = NULL;
    if (asked != NULL) {
        return tend__config_load(asked, out, err);
    }
    if (access(TEND_CONFIG_DEFAULT, F_OK) == 0) {
        return tend__config_load(TEND_CONFIG_DEFAULT, out, err);
    }
    const char *slash = data == NULL ? NULL : strrchr(data, '/');
    if (slash == NULL) {
        return TEND_OK;
    }
    const int n =
        snprintf(beside, sizeof(beside), "%.*s/%s", (int)(slash - data), data, TEND_CONFIG_DEFAULT);
    if (n > 0 && (size_t)n < sizeof(beside) && access(beside, F_OK) == 0) {
        return tend__config_load(beside, out, err);
    }
    return TEND_OK;
}

enum tend_code tend__data_need_config(const struct tend__app *app, const char *data,
                                      struct tend__config **out, struct tend_error *err)
{
    TEND_TRY(tend__data_config(app, data, out, err));
    if (*out == NULL) {
        return TEND_FAIL(
            err, ENOTFOUND,
            "tend.yaml: no such file; 'tend init %s' writes one, or name one with --config", data);
    }
    return TEND_OK;
}
