/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_select.c: which windows and which segment of a store a word on the command line means.
 *
 *   STORE                     all windows, all rows
 *   STORE@2001-02-03          a day; so 2001-02 (a month), 2001 (a year), 2001-02-03T05 (an hour)
 *   STORE@2001-02..2001-04    from the start of the one to the end of the other; either may be left
 * out STORE@last, STORE@last7   the last window, the last seven STORE@reference           what the
 * plan was made of STORE@...@origin=LAX      of one segment; "STORE@@origin=LAX" of all windows
 */
#include "cli/store.h"

#include "base/civil.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

bool tend__selection_parse(const char *text, struct tend__selection *out)
{
    *out = (struct tend__selection){.windows = NULL};
    const size_t len = strlen(text);
    if (len < sizeof(out->folder) && tend__store_is(text)) {
        memcpy(out->folder, text, len);
        return true;
    }
    for (const char *at = strchr(text, '@'); at != NULL; at = strchr(at + 1, '@')) {
        const size_t folder_len = (size_t)(at - text);
        if (folder_len == 0 || folder_len >= sizeof(out->folder)) {
            continue;
        }
        memcpy(out->folder, text, folder_len);
        out->folder[folder_len] = '\0';
        if (!tend__store_is(out->folder)) {
            continue;
        }
        const char *windows = at + 1;
        const char *end = strchr(windows, '@');
        out->windows_len = end == NULL ? strlen(windows) : (size_t)(end - windows);
        out->windows = out->windows_len > 0 ? windows : NULL;
        out->segment = end != NULL && end[1] != '\0' ? end + 1 : NULL;
        out->is_reference = out->windows_len == strlen("reference") &&
                            memcmp(windows, "reference", out->windows_len) == 0;
        return true;
    }
    return false;
}

/* ---- spans of time ---- */

static bool read_number(const char *text, size_t len, uint32_t *out)
{
    uint32_t number = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    *out = number;
    return len > 0;
}

static int64_t month_us(uint32_t year, uint32_t month)
{
    const uint32_t months = year * 12 + month - 1;
    return tend__civil_days((int32_t)(months / 12), months % 12 + 1, 1) * TEND_US_PER_DAY;
}

/* "2001", "2001-02", "2001-02-03", "2001-02-03T05", and whole times: from where to where. */
static bool read_span(const char *text, size_t len, int64_t *from_us, int64_t *to_us)
{
    char whole[TEND_TIME_TEXT_SIZE];
    uint32_t year = 0;
    uint32_t month = 0;
    if (len == 4 && read_number(text, 4, &year)) {
        *from_us = month_us(year, 1);
        *to_us = month_us(year + 1, 1);
        return true;
    }
    if (len == 7 && text[4] == '-' && read_number(text, 4, &year) &&
        read_number(text + 5, 2, &month) && month >= 1 && month <= 12) {
        *from_us = month_us(year, month);
        *to_us = month_us(year, month + 1);
        return true;
    }
    if (len == 13 && (text[10] == 'T' || text[10] == ' ')) {
        (void)snprintf(whole, sizeof(whole), "%.13s:00", text);
        *to_us = TEND_US_PER_HOUR;
    } else if (len < sizeof(whole)) {
        (void)snprintf(whole, sizeof(whole), "%.*s", (int)len, text);
        *to_us = len == 10   ? TEND_US_PER_DAY
                 : len == 16 ? 60 * TEND_US_PER_SECOND
                             : TEND_US_PER_SECOND;
    } else {
        return false;
    }
    if (!tend__time_parse(whole, strlen(whole), from_us)) {
        return false;
    }
    *to_us += *from_us;
    return true;
}

static enum tend_code fail_windows(const struct tend__selection *selection, struct tend_error *err)
{
    return TEND_FAIL(err, EINVAL,
                     "'@%.*s': not windows of %s; write a day, month or year (2001-02-03, 2001-02, "
                     "2001), a range (2001-02-01..2001-02-28), last, last7 or reference",
                     (int)selection->windows_len, selection->windows, selection->folder);
}

/* A word from .. to .. in time. */
static enum tend_code read_range(const struct tend__selection *selection, int64_t *from_us,
                                 int64_t *to_us, struct tend_error *err)
{
    const char *text = selection->windows;
    const size_t len = selection->windows_len;
    size_t dots = 0;
    int64_t other = 0;
    *from_us = INT64_MIN;
    *to_us = INT64_MAX;
    while (dots + 1 < len && (text[dots] != '.' || text[dots + 1] != '.')) {
        dots++;
    }
    if (dots + 1 >= len) {
        return read_span(text, len, from_us, to_us) ? TEND_OK : fail_windows(selection, err);
    }
    const size_t after = dots + 2;
    if (len == 2 || (dots > 0 && !read_span(text, dots, from_us, &other)) ||
        (after < len && !read_span(text + after, len - after, &other, to_us))) {
        return fail_windows(selection, err);
    }
    return TEND_OK;
}

static enum tend_code fail_nothing(const struct tend__selection *selection,
                                   const struct tend__store *store, struct tend_error *err)
{
    char span[32];
    char first[TEND_TIME_TEXT_SIZE];
    char last[TEND_TIME_TEXT_SIZE];
    tend__span_text(tend__store_every(store), span);
    tend__time_text(store->windows[0].start_us, first);
    tend__time_text(store->windows[store->window_count - 1].start_us, last);
    return TEND_FAIL(
        err, ENOTFOUND,
        "%s: no window lies within '%.*s'; there are %zu of %s, the first from %s, the "
        "last from %s",
        store->folder, (int)selection->windows_len, selection->windows, store->window_count, span,
        first, last);
}

enum tend_code tend__selection_range(const struct tend__selection *selection,
                                     const struct tend__store *store, size_t *first, size_t *count,
                                     struct tend_error *err)
{
    int64_t from_us = 0;
    int64_t to_us = 0;
    uint32_t last = 1;
    const size_t word_len = strlen("last");
    *first = 0;
    *count = store->window_count;
    if (selection->windows == NULL) {
        return TEND_OK;
    }
    if (selection->windows_len >= word_len && memcmp(selection->windows, "last", word_len) == 0) {
        const size_t digits = selection->windows_len - word_len;
        if (digits > 6 ||
            (digits > 0 && !read_number(selection->windows + word_len, digits, &last)) ||
            last == 0) {
            return fail_windows(selection, err);
        }
        *count = last < store->window_count ? last : store->window_count;
        *first = store->window_count - *count;
        return TEND_OK;
    }
    TEND_TRY(read_range(selection, &from_us, &to_us, err));
    size_t end = store->window_count;
    while (*first < end && store->windows[*first].start_us < from_us) {
        (*first)++;
    }
    while (end > *first && store->windows[end - 1].end_us > to_us) {
        end--;
    }
    *count = end - *first;
    return *count == 0 ? fail_nothing(selection, store, err) : TEND_OK;
}

/* ---- sums ---- */

static enum tend_code add_window(void *ctx, const struct tend__store_window *window,
                                 const struct tend__profile *profile, struct tend_error *err)
{
    struct tend__profile *sum = ctx;
    (void)window;
    if (!tend__profile_label(sum)->has_window) {
        TEND_TRY(tend__profile_set_label(sum, tend__profile_label(profile), err));
    }
    return tend__profile_merge(sum, profile, err);
}

enum tend_code tend__selection_read(struct tend__lake *lake,
                                    const struct tend__selection *selection,
                                    struct tend__profile **out, struct tend_error *err)
{
    struct tend__store store = {.folder = NULL};
    struct tend__store_range range = {.segment = selection->segment};
    const struct tend__profile *reference = NULL;
    struct tend__profile *sum = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__store_open(lake, selection->folder, &store, err));
    TEND_TRY_OUT(tend__store_reference(&store, selection->segment, &reference, err));
    TEND_TRY_OUT(tend__profile_new(store.plan, &sum, err));
    if (!selection->is_reference) {
        TEND_TRY_OUT(tend__selection_range(selection, &store, &range.first, &range.count, err));
        TEND_TRY_OUT(tend__store_each(lake, &store, &range, add_window, sum, err));
    } else if (reference == NULL) {
        code = TEND_FAIL(err, ENOTFOUND, "%s: the reference of segment '%.200s' is not known",
                         store.folder, selection->segment);
        goto out;
    } else {
        TEND_TRY_OUT(tend__profile_set_label(sum, tend__profile_label(reference), err));
        TEND_TRY_OUT(tend__profile_merge(sum, reference, err));
    }
    *out = sum;
    sum = NULL;
out:
    tend__profile_free(sum);
    tend__store_deinit(&store);
    return code;
}

/* ---- windows of windows ---- */

/* Sums of neighbours; one that lacks a window is dropped when the next begins. */
struct grouping {
    struct tend__plan *plan;
    int64_t from_us;
    int64_t span_us;
    size_t whole; /* windows of a sum */
    struct tend__profile **sums;
    size_t count;
    int64_t number; /* of the last sum, from from_us on */
    size_t parts;   /* windows that are in it */
};

static void drop_last(struct grouping *grouping)
{
    if (grouping->count > 0 && grouping->parts < grouping->whole) {
        grouping->count--;
        tend__profile_free(grouping->sums[grouping->count]);
        grouping->sums[grouping->count] = NULL;
    }
}

static enum tend_code add_to_group(void *ctx, const struct tend__store_window *window,
                                   const struct tend__profile *profile, struct tend_error *err)
{
    struct grouping *grouping = ctx;
    const int64_t number = (window->start_us - grouping->from_us) / grouping->span_us;
    if (grouping->parts == 0 || number != grouping->number) {
        drop_last(grouping);
        grouping->number = number;
        grouping->parts = 0;
        TEND_TRY(tend__profile_new(grouping->plan, &grouping->sums[grouping->count], err));
        grouping->count++;
    }
    grouping->parts++;
    return add_window(grouping->sums[grouping->count - 1], window, profile, err);
}

enum tend_code tend__selection_windows(struct tend__lake *lake,
                                       const struct tend__selection *selection, int64_t span_us,
                                       struct tend__window_profiles *out, struct tend_error *err)
{
    struct tend__store store = {.folder = NULL};
    struct tend__store_range range = {.segment = selection->segment};
    struct grouping grouping = {.span_us = span_us, .sums = out->profiles};
    enum tend_code code = TEND_OK;
    out->count = 0;
    TEND_TRY_OUT(tend__store_open(lake, selection->folder, &store, err));
    TEND_TRY_OUT(tend__selection_range(selection, &store, &range.first, &range.count, err));
    const int64_t every_us = tend__store_every(&store);
    if (span_us < every_us || span_us % every_us != 0) {
        goto out;
    }
    /* As many sums as there is room for, the last of which ends with the last window. */
    const size_t end = range.first + range.count;
    const int64_t end_us = store.windows[end - 1].end_us;
    while (range.count > 0 &&
           (uint64_t)(end_us - store.windows[range.first].start_us) / (uint64_t)span_us >
               out->max) {
        range.first++;
        range.count--;
    }
    const int64_t sums = (end_us - store.windows[range.first].start_us) / span_us;
    grouping.from_us = end_us - sums * span_us;
    while (range.count > 0 && store.windows[range.first].start_us < grouping.from_us) {
        range.first++;
        range.count--;
    }
    grouping.whole = (size_t)(span_us / every_us);
    grouping.plan = store.plan;
    code = tend__store_each(lake, &store, &range, add_to_group, &grouping, err);
    drop_last(&grouping);
    out->count = grouping.count;
out:
    tend__store_deinit(&store);
    return code;
}
