/* SPDX-License-Identifier: Apache-2.0 */
/* store.c: opens stores and reads their windows. */
#include "cli/store.h"

#include "base/buf.h"
#include "base/civil.h"
#include "base/mem.h"
#include "base/names.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PLAN_NAME "plan.parquet"
#define WINDOWS_NAME "windows"
#define SUFFIX ".parquet"
#define READ_ROWS 20000 /* of windows that are read at once */
#define NAME_MAX_COUNT 512

/* ---- names ---- */

void tend__span_text(int64_t span_us, char text[32])
{
    static const struct {
        char letter;
        int64_t us;
    } units[] = {{'d', TEND_US_PER_DAY}, {'h', TEND_US_PER_HOUR}, {'m', 60 * TEND_US_PER_SECOND}};
    for (size_t i = 0; i < TEND_ARRAY_LEN(units); i++) {
        if (span_us % units[i].us == 0) {
            (void)snprintf(text, 32, "%" PRId64 "%c", span_us / units[i].us, units[i].letter);
            return;
        }
    }
    (void)snprintf(text, 32, "%" PRId64 "s", span_us / TEND_US_PER_SECOND);
}

void tend__store_window_name(int64_t start_us, int64_t end_us, char name[TEND_WINDOW_NAME_SIZE])
{
    const struct tend__civil c = tend__civil_from_us(start_us);
    char span[32];
    tend__span_text(end_us - start_us, span);
    if (c.hour == 0 && c.minute == 0 && c.second == 0) {
        (void)snprintf(name, TEND_WINDOW_NAME_SIZE, "%04d-%02u-%02u.%s" SUFFIX, c.year, c.month,
                       c.day, span);
    } else {
        (void)snprintf(name, TEND_WINDOW_NAME_SIZE, "%04d-%02u-%02uT%02u%02u%02u.%s" SUFFIX, c.year,
                       c.month, c.day, c.hour, c.minute, c.second, span);
    }
}

bool tend__store_window_parse(const char *name, int64_t *start_us, int64_t *end_us)
{
    char text[32];
    const char *dot = strchr(name, '.');
    const size_t len = strlen(name);
    const size_t suffix_len = strlen(SUFFIX);
    int64_t start = 0;
    int64_t span = 0;
    if (dot == NULL || len <= suffix_len || strcmp(name + len - suffix_len, SUFFIX) != 0 ||
        dot + 1 >= name + len - suffix_len) {
        return false;
    }
    const size_t date_len = (size_t)(dot - name);
    if (date_len == 10) {
        (void)snprintf(text, sizeof(text), "%.10s", name);
    } else if (date_len == 17 && name[10] == 'T') {
        (void)snprintf(text, sizeof(text), "%.13s:%.2s:%.2sZ", name, name + 13, name + 15);
    } else {
        return false;
    }
    const size_t span_len = (size_t)(name + len - suffix_len - (dot + 1));
    if (!tend__time_parse(text, strlen(text), &start) ||
        !tend__span_parse(dot + 1, span_len, &span) || span <= 0 || start > INT64_MAX - span) {
        return false;
    }
    *start_us = start;
    *end_us = start + span;
    return true;
}

static enum tend_code join_path(const char *folder, const char *name, char **out,
                                struct tend_error *err)
{
    struct tend__buf path;
    tend__buf_init(&path, TEND_LAKE_PATH_MAX);
    tend__buf_printf(&path, "%s/%s", folder, name);
    enum tend_code code = tend__buf_code(&path, err);
    if (code == TEND_OK) {
        code = tend__mem_text(tend__buf_str(&path), path.len, out, err);
    }
    tend__buf_deinit(&path);
    return code;
}

bool tend__store_is(const char *folder)
{
    char path[TEND_LAKE_PATH_MAX];
    struct stat status;
    const int len = snprintf(path, sizeof(path), "%s/" WINDOWS_NAME, folder);
    if (len < 0 || (size_t)len >= sizeof(path) || stat(path, &status) != 0 ||
        !S_ISDIR(status.st_mode)) {
        return false;
    }
    (void)snprintf(path, sizeof(path), "%s/" PLAN_NAME, folder);
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* ---- opening ---- */

static enum tend_code read_set(struct tend__lake *lake, const struct tend__lake_tables *tables,
                               struct tend__plan *plan, struct tend__profile_set *out,
                               struct tend_error *err)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    const struct tend__profile_set_options options = {.plan = plan};
    TEND_TRY(tend__lake_read_tables(lake, tables, &schema, &array, err));
    const enum tend_code code = tend__profile_set_from_table(&schema, &array, &options, out, err);
    array.release(&array);
    schema.release(&schema);
    return code;
}

static enum tend_code read_reference(struct tend__lake *lake, struct tend__store *store,
                                     struct tend_error *err)
{
    char *path = NULL;
    const struct tend__profile_label **labels = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(join_path(store->folder, PLAN_NAME, &path, err));
    const char *const paths[] = {path};
    const struct tend__lake_tables tables = {
        .paths = paths, .path_count = 1, .row_max = (uint64_t)TEND_PROFILE_SET_ROW_MAX};
    TEND_TRY_OUT(read_set(lake, &tables, NULL, &store->reference, err));
    const size_t count = store->reference.count;
    store->plan = tend__profile_plan(store->reference.profiles[0]);
    TEND_TRY_OUT(tend__mem_new(count, sizeof(*labels), &labels, err));
    for (size_t i = 0; i < count; i++) {
        labels[i] = tend__profile_label(store->reference.profiles[i]);
        if ((labels[i]->segment == NULL) != (i == 0) ||
            tend__profile_plan(store->reference.profiles[i]) != store->plan) {
            code = TEND_FAIL(err, ECORRUPT, "its profiles are not those of one reference");
            goto out;
        }
    }
    code = tend__segments_new(labels, count, &store->segments, err);
out:
    if (code == TEND_EINVAL) {
        code = TEND_ECORRUPT;
    }
    if (code != TEND_OK) {
        tend__error_prefix(err, "%s", path);
    }
    tend__mem_free(labels);
    tend__mem_free(path);
    return code;
}

static int by_start(const void *a, const void *b)
{
    const struct tend__store_window *x = a;
    const struct tend__store_window *y = b;
    return (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

static enum tend_code add_window(struct tend__store *store, const char *folder, const char *name,
                                 struct tend_error *err)
{
    struct tend__store_window window = {.path = NULL};
    if (name[0] == '.' || strstr(name, ".part") == name + strlen(name) - strlen(".part")) {
        return TEND_OK;
    }
    if (!tend__store_window_parse(name, &window.start_us, &window.end_us)) {
        return TEND_FAIL(err, ECORRUPT, "%s/%s: is no window of a store; take it out of the folder",
                         folder, name);
    }
    TEND_TRY(tend__mem_grow(&store->windows, &store->window_cap, store->window_count + 1,
                            TEND_STORE_WINDOW_MAX, sizeof(*store->windows), err));
    TEND_TRY(join_path(folder, name, &window.path, err));
    store->windows[store->window_count] = window;
    store->window_count++;
    return TEND_OK;
}

static enum tend_code list_windows(struct tend__store *store, struct tend_error *err)
{
    char *folder = NULL;
    TEND_TRY(join_path(store->folder, WINDOWS_NAME, &folder, err));
    enum tend_code code = TEND_OK;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        code = TEND_FAIL(err, EIO, "%s: cannot be read: %s", folder, strerror(errno));
    }
    for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL && code == TEND_OK;
         entry = readdir(dir)) {
        code = add_window(store, folder, entry->d_name, err);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    tend__mem_free(folder);
    TEND_TRY(code);
    if (store->window_count == 0) {
        return TEND_FAIL(err, ECORRUPT, "%s: the store has no windows", store->folder);
    }
    qsort(store->windows, store->window_count, sizeof(*store->windows), by_start);
    const int64_t every_us = tend__store_every(store);
    for (size_t i = 1; i < store->window_count; i++) {
        const struct tend__store_window *window = &store->windows[i];
        if (window->end_us - window->start_us != every_us || window->start_us < window[-1].end_us) {
            return TEND_FAIL(err, ECORRUPT, "%s: is not as long as the other windows of the store",
                             window->path);
        }
    }
    return TEND_OK;
}

enum tend_code tend__store_open(struct tend__lake *lake, const char *folder,
                                struct tend__store *out, struct tend_error *err)
{
    size_t len = strlen(folder);
    while (len > 1 && folder[len - 1] == '/') {
        len--;
    }
    TEND_TRY(tend__mem_text(folder, len, &out->folder, err));
    if (!tend__store_is(out->folder)) {
        return TEND_FAIL(err, ENOTFOUND,
                         "%s: is no store of profiles; 'tend profile DATA --every "
                         "1d -o %s/' makes one",
                         out->folder, out->folder);
    }
    TEND_TRY(read_reference(lake, out, err));
    return list_windows(out, err);
}

void tend__store_deinit(struct tend__store *store)
{
    for (size_t i = 0; i < store->window_count; i++) {
        tend__mem_free(store->windows[i].path);
    }
    tend__mem_free(store->windows);
    tend__mem_free(store->folder);
    tend__segments_free(store->segments);
    tend__profile_set_deinit(&store->reference);
    *store = (struct tend__store){.folder = NULL};
}

int64_t tend__store_every(const struct tend__store *store)
{
    return store->windows[0].end_us - store->windows[0].start_us;
}

static enum tend_code find_segment(const struct tend__store *store, const char *segment,
                                   size_t *out, struct tend_error *err)
{
    const char *names[NAME_MAX_COUNT];
    const size_t count = tend__segments_count(store->segments);
    *out = 0;
    for (size_t i = 0; segment != NULL && i < count; i++) {
        const char *name = tend__segments_label(store->segments, i)->segment;
        if (i < NAME_MAX_COUNT) {
            names[i] = name;
        }
        if (strcmp(name, segment) == 0) {
            *out = i + 1;
            return TEND_OK;
        }
    }
    if (segment == NULL) {
        return TEND_OK;
    }
    const char *near =
        tend__name_nearest(segment, names, count < NAME_MAX_COUNT ? count : NAME_MAX_COUNT);
    if (near != NULL) {
        return TEND_FAIL(err, ENOTFOUND, "%s: no segment '%.200s' (did you mean '%s'?)",
                         store->folder, segment, near);
    }
    return TEND_FAIL(err, ENOTFOUND, "%s: no segment '%.200s'; it has %zu%s%s", store->folder,
                     segment, count, count > 0 ? ", the first is " : "", count > 0 ? names[0] : "");
}

enum tend_code tend__store_reference(const struct tend__store *store, const char *segment,
                                     const struct tend__profile **out, struct tend_error *err)
{
    size_t at = 0;
    TEND_TRY(find_segment(store, segment, &at, err));
    const struct tend__profile *profile = store->reference.profiles[at];
    *out = tend__profile_row_count(profile) == 0 ? NULL : profile;
    return TEND_OK;
}

/* ---- reading ---- */

/* The profile of a window and a segment among those that were read; NULL where it is not there. */
static struct tend__profile *find_profile(const struct tend__profile_set *set,
                                          const struct tend__store_window *window,
                                          const struct tend__profile_label *segment)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct tend__profile_label *label = tend__profile_label(set->profiles[i]);
        if (label->has_window && label->window_start_us == window->start_us &&
            label->window_end_us == window->end_us && tend__segment_equal(label, segment)) {
            return set->profiles[i];
        }
    }
    return NULL;
}

struct chunk {
    const struct tend__store *store;
    const struct tend__store_range *range;
    size_t first; /* windows */
    size_t count;
    size_t segment_first; /* 0 = all rows, else a segment + 1 */
    size_t segment_count;
};

static enum tend_code hand_over(const struct chunk *chunk, const struct tend__profile_set *set,
                                tend__store_fn *fn, void *ctx, struct tend_error *err)
{
    const struct tend__profile_label none = {.has_window = false};
    for (size_t i = chunk->first; i < chunk->first + chunk->count; i++) {
        const struct tend__store_window *window = &chunk->store->windows[i];
        for (size_t j = 0; j < chunk->segment_count; j++) {
            const size_t at = chunk->segment_first + j;
            const struct tend__profile_label *label =
                at == 0 ? &none : tend__segments_label(chunk->store->segments, at - 1);
            const struct tend__profile *profile = find_profile(set, window, label);
            if (profile == NULL) {
                return TEND_FAIL(err, ECORRUPT, "%s: does not hold the window that its name says",
                                 window->path);
            }
            TEND_TRY(fn(ctx, window, profile, err));
        }
    }
    return TEND_OK;
}

static enum tend_code read_windows(struct tend__lake *lake, const struct chunk *chunk,
                                   struct tend__profile_set *out, struct tend_error *err)
{
    const struct tend__store *store = chunk->store;
    const size_t columns = tend__plan_column_count(store->plan) + TEND_PROFILE_NEW_COLUMNS_MAX;
    struct tend__buf where;
    const char **paths = NULL;
    enum tend_code code = TEND_OK;
    tend__buf_init(&where, (size_t)1 << 20);
    TEND_TRY_OUT(tend__mem_new(chunk->count, sizeof(*paths), &paths, err));
    for (size_t i = 0; i < chunk->count; i++) {
        paths[i] = store->windows[chunk->first + i].path;
    }
    if (chunk->range->segment != NULL) {
        tend__buf_text(&where, "segment = ");
        tend__sql_literal(&where, chunk->range->segment);
    } else if (!chunk->range->every_segment) {
        tend__buf_text(&where, "segment IS NULL");
    }
    TEND_TRY_OUT(tend__buf_code(&where, err));
    const struct tend__lake_tables tables = {
        .paths = paths,
        .path_count = chunk->count,
        .where = where.len > 0 ? tend__buf_str(&where) : NULL,
        .row_max = (uint64_t)(columns * chunk->segment_count * chunk->count),
    };
    code = read_set(lake, &tables, store->plan, out, err);
    if (code == TEND_EINVAL || code == TEND_ECORRUPT || code == TEND_ELIMIT) {
        tend__error_prefix(err, "%s", paths[0]);
        code = TEND_ECORRUPT;
    }
out:
    tend__mem_free(paths);
    tend__buf_deinit(&where);
    return code;
}

static enum tend_code ignore_window(void *ctx, const struct tend__store_window *window,
                                    const struct tend__profile *profile, struct tend_error *err)
{
    (void)ctx;
    (void)window;
    (void)profile;
    (void)err;
    return TEND_OK;
}

/* Where many windows cannot be read: which one it is. */
static enum tend_code find_culprit(struct tend__lake *lake, const struct chunk *chunk,
                                   struct tend_error *err)
{
    struct chunk one = *chunk;
    one.count = 1;
    for (size_t i = 0; i < chunk->count; i++) {
        struct tend__profile_set set = {.count = 0};
        one.first = chunk->first + i;
        enum tend_code code = read_windows(lake, &one, &set, err);
        if (code == TEND_OK) {
            code = hand_over(&one, &set, ignore_window, NULL, err);
        }
        tend__profile_set_deinit(&set);
        TEND_TRY(code);
    }
    return TEND_OK;
}

static enum tend_code read_chunk(struct tend__lake *lake, const struct chunk *chunk,
                                 tend__store_fn *fn, void *ctx, struct tend_error *err)
{
    struct tend__profile_set set = {.count = 0};
    enum tend_code code = read_windows(lake, chunk, &set, err);
    if (code != TEND_OK && code != TEND_ENOMEM && chunk->count > 1) {
        TEND_TRY(find_culprit(lake, chunk, err));
    }
    TEND_TRY(code);
    code = hand_over(chunk, &set, fn, ctx, err);
    tend__profile_set_deinit(&set);
    return code;
}

enum tend_code tend__store_each(struct tend__lake *lake, const struct tend__store *store,
                                const struct tend__store_range *range, tend__store_fn *fn,
                                void *ctx, struct tend_error *err)
{
    struct chunk chunk = {.store = store, .range = range, .segment_count = 1};
    TEND_TRY(find_segment(store, range->segment, &chunk.segment_first, err));
    if (range->every_segment) {
        chunk.segment_count = 1 + tend__segments_count(store->segments);
    }
    const size_t rows = tend__plan_column_count(store->plan) * chunk.segment_count;
    const size_t step = rows >= READ_ROWS ? 1 : READ_ROWS / rows;
    for (size_t at = 0; at < range->count; at += step) {
        chunk.first = range->first + at;
        chunk.count = range->count - at < step ? range->count - at : step;
        TEND_TRY(read_chunk(lake, &chunk, fn, ctx, err));
    }
    return TEND_OK;
}
