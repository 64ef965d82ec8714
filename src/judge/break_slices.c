/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_slices.c: breaks that begin in the middle.
 *
 * If a break begins with slice b, the rows from b to the end (the suffix) show it pure, the rows
 * before b do not show it at all, and all rows together show a mixture. So each suffix is searched,
 * against the reference, with the rows before it as history, in windows as long as the suffix: what
 * they already show, by any distance, is no news. The slice just before is left out of the history,
 * since the break may begin in it. Of the suffixes that name a break the earliest is taken whose
 * share is nearly the largest.
 *
 * Rows may be in an order of their own, by region or by size, so that the suffix differs from the
 * reference though all rows together do not. Then the rows before differ the other way, by as much
 * as makes up for the suffix; where something broke they are as the reference. Of the two, what the
 * rows before are nearer to is believed.
 *
 * Where the whole names a break of the same column too, the purer one is believed: a column that
 * stands still from some time on is, in the whole, one that is filled in six rows of ten.
 */
#include "judge/breaks.h"

#include "base/mem.h"
#include "judge/break_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 1024
#define JOINED_MAX 65536
#define SLICES_MAX 64
#define HISTORY_MAX 256
#define FIRST_SUFFIX 2 /* slices before it: one is history, one may be half broken */
#define SUFFIX_ROWS_MIN 150
#define WINDOWS_MAX 8 /* of history, from the rows before a suffix */
#define NEAR_LARGEST 0.9
#define PURER 1.2 /* times the whole's share, to be believed instead of it */

#define ROWS_TOLERANCE 0.25
#define SHARE_TOLERANCE 0.02

/* A break of the rows from one slice on. */
struct candidate {
    struct tend__break found;
    size_t slice_idx;
    double weight; /* of its rows among all */
};

struct suffixes {
    const struct tend__profile *ref;
    const struct tend__profile *whole;
    const struct tend__break_slice *slices;
    size_t slice_count;
    const struct tend__break_options *options;
    double row_count;
    struct tend__profile *before[SLICES_MAX]; /* rows of all slices up to each */
    struct tend__profile *windows[WINDOWS_MAX];
    struct tend__break *room; /* LIST_MAX */
    struct candidate *items;
    size_t count;
    size_t cap;
    double *scratch;
};

static bool is_of_column(const struct tend__break *found, size_t column_idx)
{
    if (found->column_idx == column_idx || found->other_column_idx == column_idx) {
        return true;
    }
    for (size_t i = 0; i < found->column_count; i++) {
        if (found->columns[i] == column_idx) {
            return true;
        }
    }
    return false;
}

static bool touches(const struct tend__break *a, const struct tend__break *b)
{
    for (size_t i = 0; i < a->column_count; i++) {
        if (is_of_column(b, a->columns[i])) {
            return true;
        }
    }
    return is_of_column(b, a->column_idx) ||
           (a->other_column_idx != TEND_BREAK_NO_COLUMN && is_of_column(b, a->other_column_idx));
}

/* Breaks of whole batches and of the schema are seen in all rows as well as in some. */
static bool is_sliced(const struct tend__break *found)
{
    return found->column_idx != TEND_BREAK_NO_COLUMN && found->kind != TEND_BREAK_MISSING_COLUMN &&
           found->kind != TEND_BREAK_TYPE_CHANGE;
}

static enum tend_code add_candidate(struct suffixes *s, const struct tend__break *found,
                                    size_t slice_idx, double weight, struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&s->items, &s->cap, s->count + 1, JOINED_MAX, sizeof(*s->items), err));
    s->items[s->count++] =
        (struct candidate){.found = *found, .slice_idx = slice_idx, .weight = weight};
    return TEND_OK;
}

static struct tend__batch sample_from(const struct suffixes *s, size_t first, size_t end,
                                      struct tend__column *columns)
{
    struct tend__batch sample = s->options->cur_rows;
    if (sample.row_count == 0) {
        return sample;
    }
    for (size_t i = 0; i < sample.column_count; i++) {
        columns[i] = tend__column_from(&sample.columns[i], first);
    }
    sample.columns = columns;
    sample.row_count = end - first;
    return sample;
}

/* The rows before a suffix in windows as long as it, from the last backwards. */
static enum tend_code make_windows(struct suffixes *s, size_t at, size_t *count,
                                   struct tend_error *err)
{
    const size_t length = s->slice_count - at;
    size_t end = at + 1 - FIRST_SUFFIX;
    *count = 0;
    while (end >= length && *count < WINDOWS_MAX && end > 0) {
        struct tend__profile **window = &s->windows[*count];
        TEND_TRY(tend__profile_new(tend__profile_plan(s->ref), window, err));
        *count += 1;
        for (size_t i = end - length; i < end; i++) {
            TEND_TRY(tend__profile_merge(*window, s->slices[i].profile, err));
        }
        end -= length;
    }
    return TEND_OK;
}

static void free_windows(struct suffixes *s)
{
    for (size_t i = 0; i < WINDOWS_MAX; i++) {
        tend__profile_free(s->windows[i]);
        s->windows[i] = NULL;
    }
}

/* How far the rows before are from the reference in the suffix's direction, in units of the
 * suffix's own distance: 0 where they are as the reference, minus the ratio of the numbers of rows
 * where they make up for the suffix. NaN where the suffix does not differ. */
static double lean_of(const struct suffixes *s, const struct tend__profile *before,
                      const struct tend__profile *suffix, size_t column_idx)
{
    const struct tend__profile *const profiles[3] = {s->ref, before, suffix};
    const struct tend__column_profile *columns[3];
    double n[3];
    double cross = 0;
    double square = 0;
    for (size_t k = 0; k < 3; k++) {
        columns[k] = tend__profile_column(profiles[k], column_idx);
        n[k] = (double)columns[k]->row_count;
        if (!(n[k] > 0)) {
            return (double)NAN;
        }
    }
    /* Missing values are one cell more. */
    for (size_t i = 0; i <= columns[0]->cell_count; i++) {
        double share[3];
        for (size_t k = 0; k < 3; k++) {
            share[k] = i < columns[0]->cell_count ? (double)columns[k]->cells[i] / n[k]
                                                  : tend__break_null_share(profiles[k], column_idx);
        }
        cross += (share[1] - share[0]) * (share[2] - share[0]);
        square += (share[2] - share[0]) * (share[2] - share[0]);
    }
    return square > 0 ? cross / square : (double)NAN;
}

/* Whether the rows are only in an order of their own. */
static bool is_an_order(const struct suffixes *s, size_t at, const struct tend__profile *suffix,
                        size_t column_idx)
{
    const struct tend__profile *before = s->before[at - FIRST_SUFFIX];
    const double ratio =
        (double)tend__profile_row_count(suffix) / (double)tend__profile_row_count(before);
    return lean_of(s, before, suffix, column_idx) < -ratio / 2;
}

/* Kinds that rows in an order of their own may look like: no order makes new names, heaps at an end
 * or coarser digits. */
static bool comes_by_order(enum tend__break_kind kind)
{
    return kind == TEND_BREAK_MISSING_ROWS || kind == TEND_BREAK_CATEGORY_MERGE ||
           kind == TEND_BREAK_UNIT_CHANGE || kind == TEND_BREAK_HOUR_SHIFT ||
           kind == TEND_BREAK_NULL_SPIKE || kind == TEND_BREAK_JOIN_FAILURE ||
           kind == TEND_BREAK_DEFAULT_FILL;
}

/* What the rows from slice `at` on show and those before do not. */
static enum tend_code search_suffix(struct suffixes *s, size_t at,
                                    const struct tend__profile *suffix,
                                    struct tend__column *columns, struct tend_error *err)
{
    const struct tend__profile *history[HISTORY_MAX];
    struct tend__break_options options = *s->options;
    size_t count = 0;
    size_t window_count = 0;
    for (size_t i = 0; i < options.history_count && count + SLICES_MAX < HISTORY_MAX; i++) {
        history[count++] = options.history[i];
    }
    options.is_exacting = options.is_exacting || count == 0;
    history[count++] = s->before[at - FIRST_SUFFIX];
    TEND_TRY(make_windows(s, at, &window_count, err));
    for (size_t i = 0; i < window_count; i++) {
        history[count++] = s->windows[i];
    }
    options.novelty_rows = s->whole;
    options.history = history;
    options.history_count = count;
    options.expected_rows = 0;
    options.expected_rows_sd = 0;
    options.cur_rows =
        sample_from(s, s->slices[at].sample_first, options.cur_rows.row_count, columns);
    options.cur_repeats = (struct tend__repeats_result){0};
    options.repeated_id_share = 0;
    struct tend__break_list list = {.items = s->room, .max = LIST_MAX};
    TEND_TRY(tend__breaks_find(s->ref, suffix, &options, &list, err));
    const double weight = (double)tend__profile_row_count(suffix) / s->row_count;
    for (size_t i = 0; i < list.count; i++) {
        if (is_sliced(&list.items[i]) && !(comes_by_order(list.items[i].kind) &&
                                           is_an_order(s, at, suffix, list.items[i].column_idx))) {
            TEND_TRY(add_candidate(s, &list.items[i], at, weight, err));
        }
    }
    return TEND_OK;
}

/* Candidates that the rows before show as well are struck out. */
static enum tend_code strike_old(struct suffixes *s, size_t at, size_t first,
                                 struct tend__column *columns, struct tend_error *err)
{
    if (first == s->count) {
        return TEND_OK;
    }
    struct tend__break_options options = *s->options;
    options.novelty_rows = s->whole;
    options.cur_rows = sample_from(s, 0, s->slices[at - 1].sample_first, columns);
    options.cur_repeats = (struct tend__repeats_result){0};
    options.repeated_id_share = 0;
    options.expected_rows = 0;
    struct tend__break_list list = {.items = s->room, .max = LIST_MAX};
    TEND_TRY(tend__breaks_find(s->ref, s->before[at - FIRST_SUFFIX], &options, &list, err));
    size_t kept = first;
    for (size_t i = first; i < s->count; i++) {
        bool is_old = false;
        for (size_t k = 0; k < list.count; k++) {
            is_old = is_old ||
                     (is_sliced(&list.items[k]) && touches(&list.items[k], &s->items[i].found));
        }
        if (!is_old) {
            s->items[kept++] = s->items[i];
        }
    }
    s->count = kept;
    return TEND_OK;
}

static enum tend_code search_suffixes(struct suffixes *s, struct tend_error *err)
{
    struct tend__profile *suffix = NULL;
    struct tend__column *columns = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(s->options->cur_rows.column_count, sizeof(*columns), &columns, err));
    TEND_TRY_OUT(tend__profile_new(tend__profile_plan(s->ref), &suffix, err));
    for (size_t i = 0; i + 1 < s->slice_count; i++) {
        TEND_TRY_OUT(tend__profile_new(tend__profile_plan(s->ref), &s->before[i], err));
        if (i > 0) {
            TEND_TRY_OUT(tend__profile_merge(s->before[i], s->before[i - 1], err));
        }
        TEND_TRY_OUT(tend__profile_merge(s->before[i], s->slices[i].profile, err));
    }
    for (size_t at = s->slice_count; at-- > FIRST_SUFFIX;) {
        TEND_TRY_OUT(tend__profile_merge(suffix, s->slices[at].profile, err));
        if (tend__profile_row_count(suffix) < SUFFIX_ROWS_MIN ||
            tend__profile_row_count(s->before[at - FIRST_SUFFIX]) < SUFFIX_ROWS_MIN) {
            continue;
        }
        const size_t first = s->count;
        TEND_TRY_OUT(search_suffix(s, at, suffix, columns, err));
        free_windows(s);
        TEND_TRY_OUT(strike_old(s, at, first, columns, err));
    }
out:
    tend__mem_free(columns);
    tend__profile_free(suffix);
    return code;
}

/* ---- which slice, and which of the whole and the suffix ---- */

static bool is_same(const struct tend__break *a, const struct tend__break *b)
{
    return a->kind == b->kind && a->column_idx == b->column_idx &&
           a->other_column_idx == b->other_column_idx && strcmp(a->from, b->from) == 0;
}

/* Keeps, of the candidates of one break, the earliest whose share is nearly the largest. */
static void keep_earliest(struct suffixes *s)
{
    for (size_t i = 0; i < s->count; i++) {
        double largest = 0;
        size_t best = i;
        if (!(s->items[i].weight > 0)) {
            continue;
        }
        for (size_t k = i; k < s->count; k++) {
            if (is_same(&s->items[i].found, &s->items[k].found)) {
                largest = fmax(largest, s->items[k].found.share);
            }
        }
        /* Candidates come from the last slice to the first. */
        for (size_t k = i; k < s->count; k++) {
            if (is_same(&s->items[i].found, &s->items[k].found) && s->items[k].weight > 0) {
                const double share = s->items[k].found.share;
                const double error = sqrt(share / (s->items[k].weight * s->row_count));
                best = share + error >= NEAR_LARGEST * largest ? k : best;
            }
        }
        for (size_t k = i; k < s->count; k++) {
            if (k != best && is_same(&s->items[i].found, &s->items[k].found)) {
                s->items[k].weight = 0;
            }
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->items[i].weight > 0) {
            s->items[kept++] = s->items[i];
        }
    }
    s->count = kept;
}

/* Whether `a` begins a slice or two after `b` and is purer: then `b` is a mixture of it with the
 * rows of the slice in which it begins. */
static bool is_pure_form(const struct candidate *a, const struct candidate *b)
{
    return a->slice_idx > b->slice_idx && a->slice_idx <= b->slice_idx + 2 &&
           a->found.kind != b->found.kind && a->found.share > PURER * b->found.share;
}

/* Whether `a` explains more rows than `b`, or as many more purely, or as purely more surely. */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
    if (is_pure_form(a, b) || is_pure_form(b, a)) {
        return is_pure_form(a, b);
    }
    const double x = a->weight * a->found.share;
    const double y = b->weight * b->found.share;
    if (fabs(x - y) > ROWS_TOLERANCE * fmax(x, y)) {
        return x > y;
    }
    if (fabs(a->found.share - b->found.share) > SHARE_TOLERANCE) {
        return a->found.share > b->found.share;
    }
    return a->found.evidence > b->found.evidence;
}

/* Of candidates that explain one column differently the best stays; side by side are those of one
 * kind and slice. */
static void keep_best(struct suffixes *s)
{
    for (size_t i = 0; i < s->count; i++) {
        for (size_t k = 0; k < s->count; k++) {
            const struct candidate *a = &s->items[i];
            struct candidate *b = &s->items[k];
            const bool are_rivals =
                a->weight > 0 && b->weight > 0 && touches(&a->found, &b->found) &&
                (a->found.kind != b->found.kind || a->slice_idx != b->slice_idx);
            if (i != k && are_rivals && is_better(a, b)) {
                b->weight = 0;
            }
        }
    }
}

/* Whether the candidate is to stand in the place of what the whole shows of its column. */
static bool is_purer(const struct candidate *candidate, const struct tend__break *whole)
{
    return candidate->found.share > PURER * whole->share ||
           (candidate->found.kind != whole->kind &&
            candidate->found.share >= NEAR_LARGEST * whole->share &&
            tend__break_kind_explains_shape(candidate->found.kind));
}

static enum tend_code join(struct suffixes *s, const struct tend__break_list *whole,
                           struct tend__break_list *out, struct tend_error *err)
{
    struct tend__break *joined = NULL;
    size_t count = 0;
    TEND_TRY(tend__mem_new(whole->count + s->count, sizeof(*joined), &joined, err));
    for (size_t i = 0; i < whole->count; i++) {
        bool is_replaced = false;
        for (size_t k = 0; k < s->count; k++) {
            is_replaced = is_replaced || (s->items[k].weight > 0 && is_sliced(&whole->items[i]) &&
                                          touches(&whole->items[i], &s->items[k].found) &&
                                          is_purer(&s->items[k], &whole->items[i]));
        }
        if (!is_replaced) {
            joined[count++] = whole->items[i];
        }
    }
    const size_t kept = count;
    for (size_t k = 0; k < s->count; k++) {
        bool is_told = !(s->items[k].weight > 0);
        for (size_t i = 0; i < kept; i++) {
            is_told = is_told || (is_sliced(&joined[i]) && touches(&joined[i], &s->items[k].found));
        }
        if (is_told) {
            continue;
        }
        const struct tend__break_slice *slice = &s->slices[s->items[k].slice_idx];
        joined[count] = s->items[k].found;
        joined[count].share *= s->items[k].weight;
        joined[count].since_us = slice->first_us;
        joined[count].since_row = slice->first_row + 1;
        count++;
    }
    if (count > 1) {
        qsort(joined, count, sizeof(*joined), tend__break_compare);
    }
    out->count = count < out->max ? count : out->max;
    if (out->count > 0) {
        memcpy(out->items, joined, out->count * sizeof(*joined));
    }
    tend__mem_free(joined);
    return TEND_OK;
}

/* Breaks of all rows begin with the first, but for those that know better. */
static void date_whole(struct suffixes *s, struct tend__break_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct tend__break *found = &list->items[i];
        size_t at = 0;
        while (at + 1 < s->slice_count && s->slices[at + 1].first_row < found->since_row) {
            at++;
        }
        found->since_us = s->slices[at].first_us;
    }
}

enum tend_code tend__breaks_find_slices(const struct tend__profile *ref,
                                        const struct tend__break_slices *slices,
                                        const struct tend__break_options *options,
                                        struct tend__break_list *out, struct tend_error *err)
{
    static const struct tend__break_options no_options;
    struct suffixes s = {.ref = ref,
                         .whole = slices->whole,
                         .slices = slices->items,
                         .slice_count = slices->count < SLICES_MAX ? slices->count : SLICES_MAX,
                         .options = options != NULL ? options : &no_options,
                         .row_count = (double)tend__profile_row_count(slices->whole)};
    struct tend__break *items = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(LIST_MAX, sizeof(*items), &items, err));
    TEND_TRY_OUT(tend__mem_new(LIST_MAX, sizeof(*s.room), &s.room, err));
    struct tend__break_list list = {.items = items, .max = LIST_MAX};
    TEND_TRY_OUT(tend__breaks_find(ref, slices->whole, s.options, &list, err));
    if (s.slice_count > 0) {
        date_whole(&s, &list);
    }
    if (s.slice_count > FIRST_SUFFIX) {
        TEND_TRY_OUT(search_suffixes(&s, err));
    }
    keep_earliest(&s);
    keep_best(&s);
    TEND_TRY_OUT(join(&s, &list, out, err));
out:
    free_windows(&s);
    for (size_t i = 0; i < SLICES_MAX; i++) {
        tend__profile_free(s.before[i]);
    }
    tend__mem_free(s.items);
    tend__mem_free(s.room);
    tend__mem_free(items);
    return code;
}
