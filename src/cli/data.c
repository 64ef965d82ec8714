/* SPDX-License-Identifier: Apache-2.0 */
/* data.c: streams and profiles data sets for the commands. */
#include "cli/data.h"

#include "base/mem.h"
#include "base/names.h"
#include "cli/progress.h"
#include "cli/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LABEL_SIZE 128
#define PATH_SIZE 4096
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

static enum tend_code stream_rows(struct tend__lake_reader *reader, tend__rows_fn *fn, void *ctx,
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
                               const struct tend__data_stream *stream, tend__rows_fn *fn, void *ctx,
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
        .where = stream->where,
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

enum tend_code tend__data_fields(struct tend__lake *lake, const char *path, const char *time_column,
                                 struct tend__field **out, size_t *count, struct tend_error *err)
{
    const struct tend__lake_read_options options = {.time_column = time_column};
    const struct tend__field *fields = NULL;
    struct tend__lake_reader *reader = NULL;
    size_t field_count = 0;
    TEND_TRY(tend__lake_open(lake, path, &options, &reader, err));
    tend__lake_fields(reader, &fields, &field_count);
    const enum tend_code code = tend__fields_copy(fields, field_count, out, err);
    tend__lake_close(reader);
    if (code == TEND_OK) {
        *count = field_count;
    }
    return code;
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

enum tend_code tend__data_rows_each(void *ctx, tend__rows_fn *fn, void *fn_ctx,
                                    struct tend_error *err)
{
    struct tend__data_rows *rows = ctx;
    struct tend__data_stream stream = rows->stream;
    stream.is_again = rows->pass_count++ > 0;
    return tend__data_each(rows->app, rows->lake, &stream, fn, fn_ctx, err);
}

enum tend_code tend__data_profile(const struct tend__app *app, struct tend__lake *lake,
                                  const struct tend__data_profile *options,
                                  struct tend__profile **out, struct tend_error *err)
{
    struct tend__data_rows data = {.app = app,
                                   .lake = lake,
                                   .stream = {.path = options->path,
                                              .order_by = options->order_by,
                                              .time_column = options->time_column,
                                              .where = options->where}};
    const struct tend__rows rows = {.each = tend__data_rows_each, .ctx = &data};
    return tend__rows_profile(&rows, &options->profile, out, err);
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
        if (tend__fields_find(fields, count, names[i]) == SIZE_MAX) {
            return false;
        }
    }
    return true;
}

/* The one profile of a file. Those of a store are many, or only counts: its own files are not what
 * a person should name. */
static enum tend_code read_single(const struct tend_arrow_schema *schema,
                                  const struct tend_arrow_array *array, struct tend__profile **out,
                                  struct tend_error *err)
{
    struct tend__profile_set set = {.count = 0};
    const enum tend_code code = tend__profile_set_from_table(schema, array, NULL, &set, err);
    if (code == TEND_EINVAL) {
        return TEND_FAIL(err, EINVAL,
                         "holds only counts, of a store; name the store and choose, as in "
                         "STORE@2001-02-03");
    }
    TEND_TRY(code);
    if (set.count > 1) {
        const size_t count = set.count;
        tend__profile_set_deinit(&set);
        return TEND_FAIL(err, EINVAL,
                         "holds %zu profiles, of a store; name the store and choose, as in "
                         "STORE@2001-02-03 or STORE@reference",
                         count);
    }
    *out = set.profiles[0];
    set.profiles[0] = NULL;
    tend__profile_set_deinit(&set);
    return TEND_OK;
}

enum tend_code tend__data_read_profile(struct tend__lake *lake, const char *path,
                                       struct tend__profile **out, struct tend_error *err)
{
    struct tend__field *fields = NULL;
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    struct tend__selection selection;
    size_t count = 0;
    *out = NULL;
    if (tend__selection_parse(path, &selection)) {
        return tend__selection_read(lake, &selection, out, err);
    }
    if (!is_parquet(path)) {
        return TEND_OK;
    }
    TEND_TRY(tend__data_fields(lake, path, NULL, &fields, &count, err));
    const bool is_profile = tend__data_is_profile(fields, count);
    tend__fields_free(fields, count);
    if (!is_profile) {
        return TEND_OK;
    }
    TEND_TRY(tend__lake_read_table(lake, path, (uint64_t)TEND_PROFILE_SET_ROW_MAX, &schema, &array,
                                   err));
    const enum tend_code code = read_single(&schema, &array, out, err);
    array.release(&array);
    schema.release(&schema);
    if (code != TEND_OK) {
        tend__error_prefix(err, "%s", path);
    }
    return code;
}

enum tend_code tend__data_need_profile(struct tend__lake *lake, const char *path,
                                       struct tend__profile **out, struct tend_error *err)
{
    struct tend__field *fields = NULL;
    size_t count = 0;
    TEND_TRY(tend__data_read_profile(lake, path, out, err));
    if (*out != NULL) {
        return TEND_OK;
    }
    /* Says what is wrong with the file itself. */
    TEND_TRY(tend__data_fields(lake, path, NULL, &fields, &count, err));
    tend__fields_free(fields, count);
    return TEND_FAIL(err, EINVAL, "%s: is data, not a profile; 'tend profile %s -o FILE' makes one",
                     path, path);
}

enum tend_code tend__data_plan(struct tend__lake *lake, const char *path, struct tend__plan **out,
                               struct tend_error *err)
{
    struct tend__selection selection;
    struct tend__store store = {.folder = NULL};
    struct tend__profile *profile = NULL;
    enum tend_code code = TEND_OK;
    if (tend__selection_parse(path, &selection)) {
        code = tend__store_open(lake, selection.folder, &store, err);
        if (code == TEND_OK) {
            *out = tend__plan_ref(store.plan);
        }
        tend__store_deinit(&store);
        return code;
    }
    TEND_TRY(tend__data_need_profile(lake, path, &profile, err));
    *out = tend__plan_ref(tend__profile_plan(profile));
    tend__profile_free(profile);
    return TEND_OK;
}

enum tend_code tend__data_not_profile(struct tend__lake *lake, const char *path,
                                      struct tend_error *err)
{
    struct tend__field *fields = NULL;
    struct tend__selection selection;
    size_t count = 0;
    bool is_profile = tend__selection_parse(path, &selection);
    if (!is_profile && !is_parquet(path)) {
        return TEND_OK;
    }
    if (!is_profile) {
        TEND_TRY(tend__data_fields(lake, path, NULL, &fields, &count, err));
        is_profile = tend__data_is_profile(fields, count);
        tend__fields_free(fields, count);
    }
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
