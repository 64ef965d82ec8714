/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_merge.c: tend merge: profiles into one, stores into one of other windows. */
#include "cli/cmd_profile.h"
#include "cli/data.h"
#include "cli/store.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "report/render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- one profile ---- */

static enum tend_code check_segments(const struct tend__profile *whole,
                                     const struct tend__profile *part, const char *path,
                                     struct tend_error *err)
{
    const struct tend__profile_label *a = tend__profile_label(whole);
    const struct tend__profile_label *b = tend__profile_label(part);
    if (tend__segment_equal(a, b)) {
        return TEND_OK;
    }
    return TEND_FAIL(
        err, EINVAL, "%s: is of %s%.100s, and the first is of %s%.100s; they do not add up", path,
        b->segment != NULL ? "segment " : "all rows", b->segment != NULL ? b->segment : "",
        a->segment != NULL ? "segment " : "all rows", a->segment != NULL ? a->segment : "");
}

static enum tend_code merge_profiles(struct tend__app *app, struct tend__lake *lake,
                                     const char *path, struct tend_error *err)
{
    struct tend__profile *whole = NULL;
    struct tend__profile *part = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__app_can_write(path, err));
    TEND_TRY(tend__data_need_profile(lake, app->args->operands[0], &whole, err));
    for (size_t i = 1; i < app->args->operand_count; i++) {
        const char *name = app->args->operands[i];
        TEND_TRY_OUT(tend__data_need_profile(lake, name, &part, err));
        TEND_TRY_OUT(check_segments(whole, part, name, err));
        code = tend__profile_merge(whole, part, err);
        tend__profile_free(part);
        part = NULL;
        if (code != TEND_OK) {
            tend__error_prefix(err, "%s: was not made with the plan of %s; make it with --plan",
                               name, app->args->operands[0]);
            goto out;
        }
    }
    TEND_TRY_OUT(tend__data_write_profile(lake, path, whole, err));
    code = tend__print_profile(app, "tend.merge/1", whole, path, err);
out:
    tend__profile_free(part);
    tend__profile_free(whole);
    return code;
}

/* ---- a store ---- */

/* A window of one of the stores, and the number of the one that it is part of. */
struct part {
    size_t store_idx;
    size_t window_idx;
    int64_t number;
};

struct merge {
    struct tend__app *app;
    struct tend__lake *lake;
    struct tend__store *stores;
    size_t store_count;
    struct part *parts;
    size_t part_count;
    size_t part_cap;
    int64_t every_us;
    size_t profile_count; /* all rows and each segment */
    struct tend__profile **sums;
    size_t at; /* of the sum that the next profile is added to */
    struct tend__store_filled filled;
};

static int by_number(const void *a, const void *b)
{
    const struct part *x = a;
    const struct part *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static enum tend_code check_store(const struct merge *merge, size_t i, struct tend_error *err)
{
    const struct tend__store *first = &merge->stores[0];
    const struct tend__store *store = &merge->stores[i];
    const enum tend_code code = tend__plan_match(first->plan, store->plan, err);
    if (code != TEND_OK) {
        tend__error_prefix(err, "%s: was not made with the plan of %s; make it with --plan",
                           store->folder, first->folder);
        return code;
    }
    bool same = store->reference.count == first->reference.count;
    for (size_t j = 0; j < store->reference.count && same; j++) {
        same = tend__segment_equal(tend__profile_label(first->reference.profiles[j]),
                                   tend__profile_label(store->reference.profiles[j]));
    }
    if (!same) {
        return TEND_FAIL(err, EINVAL, "%s: has other segments than %s", store->folder,
                         first->folder);
    }
    return TEND_OK;
}

static enum tend_code add_parts(struct merge *merge, size_t store_idx, size_t first, size_t count,
                                struct tend_error *err)
{
    const struct tend__store *store = &merge->stores[store_idx];
    TEND_TRY(tend__mem_grow(&merge->parts, &merge->part_cap, merge->part_count + count,
                            (size_t)TEND_STORE_WINDOW_MAX * TEND_OPERAND_MAX, sizeof(*merge->parts),
                            err));
    for (size_t i = first; i < first + count; i++) {
        const struct tend__store_window *window = &store->windows[i];
        const int64_t number = tend__time_floor(window->start_us, merge->every_us);
        if (tend__time_floor(window->end_us - 1, merge->every_us) != number) {
            char span[32];
            tend__span_text(merge->every_us, span);
            return TEND_FAIL(err, EINVAL,
                             "%s: lies across the end of a window of %s; windows "
                             "start at multiples of their length since 1970-01-01",
                             window->path, span);
        }
        merge->parts[merge->part_count] = (struct part){store_idx, i, number};
        merge->part_count++;
    }
    return TEND_OK;
}

static enum tend_code open_stores(struct merge *merge, struct tend_error *err)
{
    const struct tend__args *args = merge->app->args;
    TEND_TRY(tend__mem_new(args->operand_count, sizeof(*merge->stores), &merge->stores, err));
    for (size_t i = 0; i < args->operand_count; i++) {
        struct tend__selection selection;
        size_t first = 0;
        size_t count = 0;
        if (!tend__selection_parse(args->operands[i], &selection)) {
            return TEND_FAIL(err, EINVAL,
                             "%s: is no store of profiles; a store is merged from "
                             "stores, and profiles into a file",
                             args->operands[i]);
        }
        if (selection.is_reference || selection.segment != NULL) {
            return TEND_FAIL(err, EINVAL, "%s: a store is merged from all segments of windows",
                             args->operands[i]);
        }
        merge->store_count = i + 1;
        TEND_TRY(tend__store_open(merge->lake, selection.folder, &merge->stores[i], err));
        TEND_TRY(check_store(merge, i, err));
        if (i == 0) {
            merge->every_us =
                tend__args_span(args, TEND_OPTION_EVERY, tend__store_every(&merge->stores[0]));
        }
        TEND_TRY(tend__selection_range(&selection, &merge->stores[i], &first, &count, err));
        TEND_TRY(add_parts(merge, i, first, count, err));
    }
    qsort(merge->parts, merge->part_count, sizeof(*merge->parts), by_number);
    return TEND_OK;
}

static void free_sums(struct merge *merge)
{
    for (size_t i = 0; merge->sums != NULL && i < merge->profile_count; i++) {
        tend__profile_free(merge->sums[i]);
        merge->sums[i] = NULL;
    }
}

static enum tend_code add_profile(void *ctx, const struct tend__store_window *window,
                                  const struct tend__profile *profile, struct tend_error *err)
{
    struct merge *merge = ctx;
    (void)window;
    struct tend__profile *sum = merge->sums[merge->at];
    merge->at = (merge->at + 1) % merge->profile_count;
    return tend__profile_merge(sum, profile, err);
}

/* Sums without rows, labelled with the window. */
static enum tend_code begin_window(struct merge *merge, int64_t number, struct tend_error *err)
{
    const struct tend__store *store = &merge->stores[0];
    for (size_t i = 0; i < merge->profile_count; i++) {
        struct tend__profile_label label = *tend__profile_label(store->reference.profiles[i]);
        label.has_window = true;
        label.window_start_us = number * merge->every_us;
        label.window_end_us = (number + 1) * merge->every_us;
        TEND_TRY(tend__profile_new(store->plan, &merge->sums[i], err));
        TEND_TRY(tend__profile_set_label(merge->sums[i], &label, err));
    }
    return TEND_OK;
}

static enum tend_code merge_window(struct merge *merge, size_t first, size_t end,
                                   struct tend__store_writer *writer, struct tend_error *err)
{
    struct tend__store_filled *filled = &merge->filled;
    const int64_t number = merge->parts[first].number;
    enum tend_code code = begin_window(merge, number, err);
    for (size_t i = first; i < end && code == TEND_OK; i++) {
        const struct tend__store_range range = {
            .first = merge->parts[i].window_idx, .count = 1, .every_segment = true};
        code = tend__store_each(merge->lake, &merge->stores[merge->parts[i].store_idx], &range,
                                add_profile, merge, err);
    }
    if (code == TEND_OK) {
        code = tend__store_writer_add(writer, merge->sums, merge->profile_count, err);
    }
    if (code == TEND_OK) {
        filled->first_us = first == 0 ? number * merge->every_us : filled->first_us;
        filled->last_us = (number + 1) * merge->every_us;
        filled->row_count += tend__profile_row_count(merge->sums[0]);
    }
    free_sums(merge);
    return code;
}

static enum tend_code merge_windows(struct merge *merge, const char *path, struct tend_error *err)
{
    struct tend__store_writer *writer = NULL;
    const struct tend__store *store = &merge->stores[0];
    merge->profile_count = store->reference.count;
    TEND_TRY(tend__mem_new(merge->profile_count, sizeof(*merge->sums), &merge->sums, err));
    TEND_TRY(tend__store_writer_new(merge->lake, path, NULL, &writer, err));
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < merge->part_count && code == TEND_OK;) {
        size_t end = i + 1;
        while (end < merge->part_count && merge->parts[end].number == merge->parts[i].number) {
            end++;
        }
        code = merge_window(merge, i, end, writer, err);
        i = end;
    }
    if (code == TEND_OK) {
        code = tend__store_writer_finish(writer, store->reference.profiles, store->reference.count,
                                         err);
    }
    tend__store_writer_counts(writer, &merge->filled.window_count, &merge->filled.replaced_count);
    tend__store_writer_free(writer);
    return code;
}

static void print_merged(struct merge *merge, const char *path)
{
    struct tend__buf *out = &merge->app->out;
    const struct tend__store_filled *filled = &merge->filled;
    char span[32];
    char text[2][TEND_NUMBER_TEXT_SIZE];
    tend__span_text(merge->every_us, span);
    if (tend__args_has(merge->app->args, TEND_OPTION_JSON)) {
        struct tend__json_writer w;
        tend__jsonw_init(&w, out, true);
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "schema", "tend.merge/1");
        tend__jsonw_member_text(&w, "output", path);
        tend__jsonw_member_uint(&w, "rows", filled->row_count);
        tend__jsonw_key(&w, "store");
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "every", span);
        tend__jsonw_member_uint(&w, "windows", filled->window_count);
        tend__jsonw_member_uint(&w, "merged", merge->part_count);
        tend__jsonw_member_time(&w, "start", filled->first_us);
        tend__jsonw_member_time(&w, "end", filled->last_us);
        tend__jsonw_object_end(&w);
        tend__jsonw_object_end(&w);
        return;
    }
    tend__buf_printf(out, "%zu windows made %zu of %s, from %s to before %s\nwritten to %s\n",
                     merge->part_count, filled->window_count, span,
                     tend__show_time(filled->first_us, text[0]),
                     tend__show_time(filled->last_us, text[1]), path);
}

static enum tend_code merge_stores(struct tend__app *app, struct tend__lake *lake, const char *path,
                                   struct tend_error *err)
{
    struct merge merge = {.app = app, .lake = lake};
    enum tend_code code = TEND_OK;
    if (tend__store_is(path)) {
        return TEND_FAIL(err, EIO, "%s: is there; merge makes a new store, so name another place",
                         path);
    }
    TEND_TRY_OUT(open_stores(&merge, err));
    merge.filled.every_us = merge.every_us;
    TEND_TRY_OUT(merge_windows(&merge, path, err));
    print_merged(&merge, path);
out:
    free_sums(&merge);
    tend__mem_free(merge.sums);
    tend__mem_free(merge.parts);
    for (size_t i = 0; i < merge.store_count; i++) {
        tend__store_deinit(&merge.stores[i]);
    }
    tend__mem_free(merge.stores);
    return code;
}

enum tend_code tend__cmd_merge(struct tend__app *app, enum tend__exit *exit_code,
                               struct tend_error *err)
{
    const char *path = NULL;
    struct tend__lake *lake = NULL;
    (void)exit_code;
    TEND_TRY(tend__need_output(app, &path, err));
    TEND_TRY(tend__data_lake(app, &lake, err));
    const enum tend_code code = tend__output_is_store(app, path)
                                    ? merge_stores(app, lake, path, err)
                                    : merge_profiles(app, lake, path, err);
    tend__lake_free(lake);
    return code;
}
