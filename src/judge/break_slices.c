/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_slices.c: breaks that begin in the middle: slices are judged one by one and their findings
 * joined.
 *
 * The same break is the same kind of the same column with the same names and numbers. Slices may
 * disagree on the factor of a unit or the hours of a shift where neighbours are near: the one seen
 * in most rows speaks for all.
 */
#include "judge/breaks.h"

#include "base/mem.h"
#include "judge/break_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_BREAKS_MAX 4096
#define JOINED_MAX 65536

struct joined {
    struct tend__break found;
    double rows; /* affected, over all slices */
    size_t slice_count;
};

struct join {
    struct joined *items;
    size_t count;
    size_t cap;
};

static bool is_same(const struct tend__break *a, const struct tend__break *b)
{
    return a->kind == b->kind && a->column_idx == b->column_idx && strcmp(a->from, b->from) == 0 &&
           strcmp(a->to, b->to) == 0 && fabs(a->factor - b->factor) <= 1e-9 * fabs(a->factor) &&
           a->shift_hours == b->shift_hours;
}

static enum tend_code join_break(struct join *join, const struct tend__break *found,
                                 double slice_rows, struct tend_error *err)
{
    size_t at = 0;
    while (at < join->count && !is_same(&join->items[at].found, found)) {
        at++;
    }
    if (at == join->count) {
        TEND_TRY(tend__mem_grow(&join->items, &join->cap, at + 1, JOINED_MAX, sizeof(*join->items),
                                err));
        join->items[join->count++] = (struct joined){.found = *found};
        join->items[at].found.evidence = 0;
    }
    struct joined *item = &join->items[at];
    item->rows += found->share * slice_rows;
    item->slice_count++;
    item->found.evidence = fmax(item->found.evidence, found->evidence);
    /* Times may be missing in a slice; slices need not come in order of time. */
    if (found->since_us != 0 &&
        (item->found.since_us == 0 || found->since_us < item->found.since_us)) {
        item->found.since_us = found->since_us;
    }
    return TEND_OK;
}

/* Rows of a slice; those that are missing count too, so that their share is of what was expected.
 */
static double rows_of(const struct tend__profile *slice, const struct tend__break *found)
{
    const double rows = (double)tend__profile_row_count(slice);
    const bool is_short = found->kind == TEND_BREAK_MISSING_ROWS && found->share < 1;
    return is_short && found->column_idx == TEND_BREAK_NO_COLUMN ? rows / (1 - found->share) : rows;
}

static bool has_one_answer(enum tend__break_kind kind)
{
    return kind == TEND_BREAK_UNIT_CHANGE || kind == TEND_BREAK_HOUR_SHIFT;
}

/* Of one column's units or shifts only the one of most rows stays, and takes the others' rows and
 * slices. */
static void settle(struct join *join)
{
    for (size_t i = 0; i < join->count; i++) {
        for (size_t k = 0; k < join->count; k++) {
            struct joined *a = &join->items[i];
            struct joined *b = &join->items[k];
            const bool rivals = i != k && has_one_answer(a->found.kind) &&
                                a->found.kind == b->found.kind &&
                                a->found.column_idx == b->found.column_idx;
            if (!rivals || a->rows < b->rows || (!(a->rows > b->rows) && i > k)) {
                continue;
            }
            a->rows += b->rows;
            a->slice_count += b->slice_count;
            const int64_t since = b->found.since_us;
            a->found.since_us = since != 0 && since < a->found.since_us ? since : a->found.since_us;
            b->rows = 0;
            b->slice_count = 0;
        }
    }
}

static enum tend_code judge_slices(const struct tend__profile *ref,
                                   const struct tend__break_slice *slices, size_t slice_count,
                                   const struct tend__break_options *options, struct join *join,
                                   struct tend_error *err)
{
    struct tend__break *items = NULL;
    TEND_TRY(tend__mem_new(SLICE_BREAKS_MAX, sizeof(*items), &items, err));
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < slice_count && code == TEND_OK; i++) {
        struct tend__break_list list = {.items = items, .max = SLICE_BREAKS_MAX};
        struct tend__break_options slice_options = *options;
        slice_options.novelty = slices[i].novelty;
        code = tend__breaks_find(ref, slices[i].profile, &slice_options, &list, err);
        for (size_t k = 0; k < list.count && code == TEND_OK; k++) {
            code = join_break(join, &items[k], rows_of(slices[i].profile, &items[k]), err);
        }
    }
    tend__mem_free(items);
    return code;
}

/* Keeps what is well founded, strongest first. */
static void report(struct join *join, double total_rows, size_t slices_min,
                   struct tend__break_list *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < join->count; i++) {
        struct tend__break found = join->items[i].found;
        if (join->items[i].slice_count < slices_min) {
            continue;
        }
        found.share = total_rows > 0 ? fmin(1, join->items[i].rows / total_rows) : found.share;
        join->items[kept++].found = found;
    }
    if (kept > 1) {
        /* The break is the first member: an array of joined is ordered as one of breaks. */
        _Static_assert(offsetof(struct joined, found) == 0, "found is the first member");
        qsort(join->items, kept, sizeof(*join->items), tend__break_compare);
    }
    out->count = kept < out->max ? kept : out->max;
    for (size_t i = 0; i < out->count; i++) {
        out->items[i] = join->items[i].found;
    }
}

enum tend_code tend__breaks_find_slices(const struct tend__profile *ref,
                                        const struct tend__break_slice *slices, size_t slice_count,
                                        const struct tend__break_options *options,
                                        struct tend__break_list *out, struct tend_error *err)
{
    static const struct tend__break_options no_options;
    const struct tend__break_options *used = options != NULL ? options : &no_options;
    struct join join = {0};
    double total_rows = 0;
    for (size_t i = 0; i < slice_count; i++) {
        total_rows += (double)tend__profile_row_count(slices[i].profile);
    }
    const enum tend_code code = judge_slices(ref, slices, slice_count, used, &join, err);
    if (code == TEND_OK) {
        settle(&join);
        const bool is_exacting = used->history_count == 0 && slice_count > 1;
        report(&join, total_rows, is_exacting ? 2 : 1, out);
    }
    tend__mem_free(join.items);
    return code;
}
