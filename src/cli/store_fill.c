/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_fill.c: fills a store from data.
 *
 * A new store takes a first pass, which makes the plan and fixes the values of segments, unless
 * both come from --plan. Then one pass counts. Where that finds rows of a window that it has
 * closed, the rows were not in the order of time: it is made again over sorted rows.
 */
#include "cli/store_fill.h"

#include "base/civil.h"
#include "base/mem.h"
#include "profile/windows.h"

#include <inttypes.h>
#include <string.h>

struct fill {
    const struct tend__app *app;
    struct tend__lake *lake;
    const struct tend__store_fill *options;
    struct tend__store_filled *filled;
    struct tend__store store; /* that is there, or whose plan is taken */
    bool is_new;
    struct tend__field *fields; /* of the data, with names of their own */
    size_t field_count;
    const char *time_column;
    char *time_text;
    int64_t every_us;
    struct tend__buf where;
    const char **columns;     /* that are read: all but the one that is skipped */
    struct tend__field *kept; /* the same as fields */
    size_t kept_count;
    struct tend__plan *plan;          /* one reference */
    struct tend__segments *segments;  /* owned, or NULL */
    struct tend__profile **reference; /* all rows, then each segment */
    size_t reference_count;
    bool is_referring; /* the windows add up to the reference */
    /* passes */
    struct tend__plan_builder *plan_builder;
    struct tend__segments_builder *segments_builder;
    struct tend__windows *windows;
    struct tend__store_writer *writer;
    bool in_order;
};

/* ---- what is asked for ---- */

enum tend_code tend__time_column_find(const struct tend__field *fields, size_t field_count,
                                      const char *asked, const char *path, const char **out,
                                      struct tend_error *err)
{
    const char *found = NULL;
    size_t count = 0;
    if (asked != NULL) {
        if (tend__fields_find(fields, field_count, asked) == SIZE_MAX) {
            return tend__data_missing(fields, field_count, asked, path, "the time", err);
        }
        *out = asked;
        return TEND_OK;
    }
    for (size_t i = 0; i < field_count; i++) {
        if (fields[i].type == TEND_TYPE_TIME) {
            found = fields[i].name;
            count++;
        }
    }
    if (count == 1) {
        *out = found;
        return TEND_OK;
    }
    return TEND_FAIL(err, EINVAL,
                     "%s: %s; say which column holds the time of a row with --time COLUMN", path,
                     count == 0 ? "no column holds times" : "several columns hold times");
}

static void add_time(struct tend__buf *out, int64_t time_us)
{
    char text[TEND_TIME_TEXT_SIZE];
    tend__time_text(time_us, text);
    const size_t len = strlen(text);
    tend__buf_printf(out, "TIMESTAMP '%.*s'", (int)(len > 0 ? len - 1 : 0), text);
}

void tend__time_where(struct tend__buf *out, const char *time_column, int64_t since_us,
                      int64_t until_us)
{
    if (since_us > INT64_MIN) {
        tend__sql_name(out, time_column);
        tend__buf_text(out, " >= ");
        add_time(out, since_us);
    }
    if (until_us < INT64_MAX) {
        tend__buf_text(out, out->len > 0 ? " AND " : "");
        tend__sql_name(out, time_column);
        tend__buf_text(out, " < ");
        add_time(out, until_us);
    }
}

/* The store that is there must be the one that is asked for. */
static enum tend_code check_store(const struct fill *fill, struct tend_error *err)
{
    const struct tend__store_fill *options = fill->options;
    const int64_t every_us = tend__store_every(&fill->store);
    char span[32];
    if (options->every_us != 0 && options->every_us != every_us) {
        tend__span_text(every_us, span);
        return TEND_FAIL(err, EINVAL, "%s: its windows are of %s; 'tend merge' makes longer ones",
                         fill->store.folder, span);
    }
    if (options->segment_count > 0 &&
        !tend__segments_fit_rules(fill->store.segments, options->segments,
                                  options->segment_count)) {
        return TEND_FAIL(err, EINVAL,
                         "%s: has other segments, and they are fixed; leave --segment out, or make "
                         "another store",
                         fill->store.folder);
    }
    if (options->bin_max != 0) {
        return TEND_FAIL(err, EINVAL, "%s: its plan is fixed; leave --bins out",
                         fill->store.folder);
    }
    return TEND_OK;
}

static enum tend_code copy_reference(struct fill *fill, const struct tend__profile *from,
                                     const struct tend__profile_label *segment,
                                     struct tend_error *err)
{
    struct tend__profile_label label = {.has_window = false};
    struct tend__profile **at = &fill->reference[fill->reference_count];
    if (from != NULL) {
        label = *tend__profile_label(from);
    } else if (segment != NULL) {
        label = *segment;
    }
    label.window_column = fill->time_column;
    TEND_TRY(tend__profile_new(fill->plan, at, err));
    fill->reference_count++;
    if (from != NULL) {
        TEND_TRY(tend__profile_merge(*at, from, err));
    }
    return tend__profile_set_label(*at, &label, err);
}

/* References of all rows and of each segment: those of `from`, and without rows where it has none.
 */
static enum tend_code fill_reference(struct fill *fill, const struct tend__profile_set *from,
                                     struct tend_error *err)
{
    const size_t count = 1 + tend__segments_count(fill->segments);
    TEND_TRY(tend__mem_new(count, sizeof(*fill->reference), &fill->reference, err));
    for (size_t i = 0; i < count; i++) {
        TEND_TRY(copy_reference(fill, i < from->count ? from->profiles[i] : NULL,
                                i == 0 ? NULL : tend__segments_label(fill->segments, i - 1), err));
    }
    return TEND_OK;
}

static enum tend_code copy_segments(struct fill *fill, struct tend_error *err)
{
    const struct tend__profile_label **labels = NULL;
    const size_t count = tend__segments_count(fill->store.segments);
    TEND_TRY(tend__mem_new(count, sizeof(*labels), &labels, err));
    for (size_t i = 0; i < count; i++) {
        labels[i] = tend__segments_label(fill->store.segments, i);
    }
    const enum tend_code code = tend__segments_new(labels, count, &fill->segments, err);
    tend__mem_free(labels);
    return code;
}

/* --plan of a new store: a profile, or another store with its segments. */
static enum tend_code take_plan(struct fill *fill, struct tend__profile_set *reference,
                                struct tend_error *err)
{
    const char *path = fill->options->plan;
    struct tend__profile *profile = NULL;
    if (tend__store_is(path)) {
        TEND_TRY(tend__store_open(fill->lake, path, &fill->store, err));
        fill->plan = tend__plan_ref(fill->store.plan);
        if (fill->options->segment_count == 0 ||
            tend__segments_fit_rules(fill->store.segments, fill->options->segments,
                                     fill->options->segment_count)) {
            TEND_TRY(copy_segments(fill, err));
            *reference = fill->store.reference; /* borrowed */
        } else {
            *reference = fill->store.reference;
            reference->count = 1;
        }
        return TEND_OK;
    }
    TEND_TRY(tend__data_need_profile(fill->lake, path, &profile, err));
    fill->plan = tend__plan_ref(tend__profile_plan(profile));
    enum tend_code code =
        tend__mem_new(1, sizeof(struct tend__profile *), &fill->store.reference.profiles, err);
    if (code != TEND_OK) {
        tend__profile_free(profile);
        return code;
    }
    fill->store.reference.profiles[0] = profile;
    fill->store.reference.count = 1;
    *reference = fill->store.reference;
    return TEND_OK;
}

/* ---- the first pass ---- */

static enum tend_code add_first(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    struct fill *fill = ctx;
    if (fill->plan_builder != NULL) {
        TEND_TRY(tend__plan_builder_add(fill->plan_builder, batch, err));
    }
    return tend__segments_builder_add(fill->segments_builder, batch, err);
}

static struct tend__data_stream stream_of(const struct fill *fill)
{
    return (struct tend__data_stream){
        .path = fill->options->data,
        .time_column = fill->time_column,
        .columns = fill->columns,
        .column_count = fill->kept_count,
        .where = fill->where.len > 0 ? tend__buf_str(&fill->where) : NULL,
    };
}

static enum tend_code make_plan(struct fill *fill, struct tend_error *err)
{
    const struct tend__store_fill *options = fill->options;
    const struct tend__plan_options plan = {.bin_max = options->bin_max};
    const struct tend__segment_rules rules = {options->segments, options->segment_count,
                                              options->segment_value_max};
    const struct tend__data_stream stream = stream_of(fill);
    const bool needs_plan = fill->plan == NULL;
    if (fill->segments != NULL) {
        return TEND_OK; /* both are another store's */
    }
    TEND_TRY(tend__segments_builder_new(&rules, fill->kept, fill->kept_count,
                                        &fill->segments_builder, err));
    if (needs_plan) {
        TEND_TRY(
            tend__plan_builder_new(fill->kept, fill->kept_count, &plan, &fill->plan_builder, err));
    }
    if (needs_plan || options->segment_count > 0) {
        TEND_TRY(tend__data_each(fill->app, fill->lake, &stream, add_first, fill, err));
    }
    if (needs_plan) {
        TEND_TRY(tend__plan_builder_finish(fill->plan_builder, &fill->plan, err));
        tend__plan_builder_free(fill->plan_builder);
        fill->plan_builder = NULL;
    }
    return tend__segments_builder_finish(fill->segments_builder, &fill->segments, err);
}

/* ---- the pass that counts ---- */

static enum tend_code keep_window(void *ctx, struct tend__profile *const *profiles,
                                  size_t profile_count, struct tend_error *err)
{
    struct fill *fill = ctx;
    struct tend__store_filled *filled = fill->filled;
    const struct tend__profile_label *label = tend__profile_label(profiles[0]);
    TEND_TRY(tend__store_writer_add(fill->writer, profiles, profile_count, err));
    for (size_t i = 0; i < profile_count && fill->is_referring; i++) {
        if (!tend__profile_label(fill->reference[i])->has_window) {
            TEND_TRY(
                tend__profile_set_label(fill->reference[i], tend__profile_label(profiles[i]), err));
        }
        TEND_TRY(tend__profile_merge(fill->reference[i], profiles[i], err));
    }
    filled->first_us = filled->row_count == 0 ? label->window_start_us : filled->first_us;
    filled->last_us = label->window_end_us;
    filled->row_count += tend__profile_row_count(profiles[0]);
    return TEND_OK;
}

static enum tend_code add_counts(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    struct fill *fill = ctx;
    if (fill->windows == NULL) {
        const struct tend__windows_options options = {
            .plan = fill->plan,
            .segments = fill->segments,
            .time_column = fill->time_column,
            .every_us = fill->every_us,
            .sketches = fill->options->sketches,
            .fn = keep_window,
            .ctx = fill,
        };
        TEND_TRY(
            tend__windows_new(&options, batch->fields, batch->column_count, &fill->windows, err));
    }
    TEND_TRY(tend__windows_add(fill->windows, batch, &fill->in_order, err));
    return fill->in_order ? TEND_OK : TEND_FAIL(err, EINVAL, "the rows are not in order");
}

static enum tend_code count_rows(struct fill *fill, bool is_sorted, bool is_again,
                                 struct tend_error *err)
{
    struct tend__data_stream stream = stream_of(fill);
    const struct tend__profile_set nothing = {.count = 0};
    const bool is_referring = fill->is_new && fill->options->plan == NULL;
    stream.order_by = is_sorted ? fill->time_column : NULL;
    stream.is_again = is_again;
    if (is_referring) {
        TEND_TRY(fill_reference(fill, &nothing, err));
        fill->is_referring = true;
    }
    fill->in_order = true;
    TEND_TRY(tend__data_each(fill->app, fill->lake, &stream, add_counts, fill, err));
    TEND_TRY(tend__windows_finish(fill->windows, err));
    fill->filled->timeless_count = tend__windows_timeless_count(fill->windows);
    fill->filled->failed_count = tend__windows_failed_count(fill->windows);
    if (fill->filled->row_count == 0) {
        return TEND_FAIL(err, EINVAL, "%s: no row has a time in '%s'", fill->options->data,
                         fill->time_column);
    }
    return TEND_OK;
}

static void free_reference(struct fill *fill)
{
    for (size_t i = 0; i < fill->reference_count; i++) {
        tend__profile_free(fill->reference[i]);
    }
    tend__mem_free(fill->reference);
    fill->reference = NULL;
    fill->reference_count = 0;
}

static enum tend_code count_windows(struct fill *fill, struct tend_error *err)
{
    const bool is_again =
        fill->is_new && (fill->options->plan == NULL || fill->options->segment_count > 0);
    TEND_TRY(tend__store_writer_new(fill->lake, fill->options->folder,
                                    fill->is_new ? NULL : &fill->store, &fill->writer, err));
    enum tend_code code = count_rows(fill, false, is_again, err);
    if (code != TEND_OK && !fill->in_order) {
        tend__app_note(fill->app, "%s: the rows are not in the order of '%s'; sorting them",
                       fill->options->data, fill->time_column);
        tend__windows_free(fill->windows);
        fill->windows = NULL;
        if (fill->is_referring) {
            free_reference(fill);
        }
        fill->filled->row_count = 0;
        fill->filled->is_sorted = true;
        TEND_TRY(tend__store_writer_reset(fill->writer, err));
        code = count_rows(fill, true, true, err);
    }
    TEND_TRY(code);
    TEND_TRY(tend__store_writer_finish(fill->writer, fill->reference, fill->reference_count, err));
    tend__store_writer_counts(fill->writer, &fill->filled->window_count,
                              &fill->filled->replaced_count);
    return TEND_OK;
}

/* ---- all of it ---- */

static enum tend_code read_fields(struct fill *fill, struct tend_error *err)
{
    const struct tend__store_fill *options = fill->options;
    const char *asked = options->time_column;
    const char *found = NULL;
    if (asked == NULL && !fill->is_new) {
        asked = tend__profile_label(fill->store.reference.profiles[0])->window_column;
    }
    TEND_TRY(tend__data_fields(fill->lake, options->data, asked, &fill->fields, &fill->field_count,
                               err));
    TEND_TRY(
        tend__time_column_find(fill->fields, fill->field_count, asked, options->data, &found, err));
    TEND_TRY(tend__mem_text(found, strlen(found), &fill->time_text, err));
    fill->time_column = fill->time_text;
    TEND_TRY(tend__mem_new(fill->field_count, sizeof(*fill->columns), &fill->columns, err));
    TEND_TRY(tend__mem_new(fill->field_count, sizeof(*fill->kept), &fill->kept, err));
    for (size_t i = 0; i < fill->field_count; i++) {
        if (options->skip_column == NULL ||
            strcmp(fill->fields[i].name, options->skip_column) != 0) {
            fill->columns[fill->kept_count] = fill->fields[i].name;
            fill->kept[fill->kept_count] = fill->fields[i];
            fill->kept_count++;
        }
    }
    tend__time_where(&fill->where, fill->time_column, options->since_us, options->until_us);
    return tend__buf_code(&fill->where, err);
}

static enum tend_code prepare(struct fill *fill, struct tend_error *err)
{
    const struct tend__store_fill *options = fill->options;
    struct tend__profile_set reference = {.count = 0};
    fill->is_new = !tend__store_is(options->folder);
    if (!fill->is_new) {
        TEND_TRY(tend__store_open(fill->lake, options->folder, &fill->store, err));
        TEND_TRY(check_store(fill, err));
    }
    TEND_TRY(read_fields(fill, err));
    if (!fill->is_new) {
        fill->every_us = tend__store_every(&fill->store);
        fill->plan = tend__plan_ref(fill->store.plan);
        return copy_segments(fill, err);
    }
    fill->every_us = options->every_us != 0           ? options->every_us
                     : options->every_default_us != 0 ? options->every_default_us
                                                      : TEND_US_PER_DAY;
    if (options->plan != NULL) {
        TEND_TRY(take_plan(fill, &reference, err));
    }
    TEND_TRY(make_plan(fill, err));
    return options->plan != NULL ? fill_reference(fill, &reference, err) : TEND_OK;
}

/* A plan that is named for a store that is there must be its own. */
static enum tend_code check_plan(struct fill *fill, struct tend_error *err)
{
    struct tend__plan *plan = NULL;
    if (fill->is_new || fill->options->plan == NULL) {
        return TEND_OK;
    }
    TEND_TRY(tend__data_plan(fill->lake, fill->options->plan, &plan, err));
    const enum tend_code code = tend__plan_match(fill->plan, plan, err);
    tend__plan_unref(plan);
    if (code != TEND_OK) {
        tend__error_prefix(err, "%s: was not made with the plan of %s", fill->options->folder,
                           fill->options->plan);
    }
    return code;
}

enum tend_code tend__store_fill(const struct tend__app *app, struct tend__lake *lake,
                                const struct tend__store_fill *options,
                                struct tend__store_filled *out, struct tend_error *err)
{
    struct tend__store_filled filled = {.row_count = 0};
    struct fill fill = {.app = app, .lake = lake, .options = options, .filled = &filled};
    enum tend_code code = TEND_OK;
    tend__buf_init(&fill.where, (size_t)1 << 16);
    TEND_TRY_OUT(prepare(&fill, err));
    TEND_TRY_OUT(check_plan(&fill, err));
    TEND_TRY_OUT(count_windows(&fill, err));
    filled.segment_count = tend__segments_count(fill.segments);
    filled.every_us = fill.every_us;
    filled.is_new = fill.is_new;
    *out = filled;
out:
    tend__windows_free(fill.windows);
    tend__store_writer_free(fill.writer);
    tend__plan_builder_free(fill.plan_builder);
    tend__segments_builder_free(fill.segments_builder);
    free_reference(&fill);
    tend__segments_free(fill.segments);
    tend__plan_unref(fill.plan);
    tend__store_deinit(&fill.store);
    tend__fields_free(fill.fields, fill.field_count);
    tend__mem_free(fill.columns);
    tend__mem_free(fill.kept);
    tend__mem_free(fill.time_text);
    tend__buf_deinit(&fill.where);
    return code;
}
