/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breaks.c: the table of rules, and the search that runs them from the plainest to the most
 * interpretive.
 *
 * Order matters: a column that is missing is not also full of nulls, and a column whose shape one
 * rule explains is not given to the next. Rules of shape come after rules of presence.
 */
#include "judge/breaks.h"

#include "base/json_write.h"
#include "base/mem.h"
#include "judge/break_rules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_MAX 65536

struct rule {
    enum tend__break_kind kind;
    tend__break_finder_fn
        *find;     /* NULL: not in this build, or found by the finder of another kind */
    bool is_found; /* some finder gives this kind */
    bool is_undoable;
    const char *statement; /* of its false alarms */
};

#define BY_SHAPE                                                                                   \
    "with h history windows: only where the window is further from the reference than 1.5 times "  \
    "the furthest of them, and the rule explains it; without: beyond a fixed tolerance"

/* In the order in which they are searched. */
static const struct rule rules[] = {
    {TEND_BREAK_MISSING_COLUMN, tend__break_find_schema_missing, true, false, "exact: never false"},
    {TEND_BREAK_TYPE_CHANGE, tend__break_find_schema_type, true, false, "exact: never false"},
    {TEND_BREAK_NEW_COLUMN, tend__break_find_schema_new, true, false, "exact: never false"},
    {TEND_BREAK_MISSING_ROWS, tend__break_find_missing_rows, true, false,
     "below the expected rows by 6 standard deviations and 30 %, and below .7 of the least of the "
     "history"},
    {TEND_BREAK_NULL_SPIKE, tend__break_find_nulls, true, false,
     "5 standard errors and 5 points of share above the reference, and 1.5 times the largest rise "
     "of the history"},
    {TEND_BREAK_COLUMN_SWAP, tend__break_find_swaps, true, false, BY_SHAPE},
    {TEND_BREAK_CLIPPING, tend__break_find_clips, true, false,
     "a heap at the new limit of half to twice the share that the reference has beyond it"},
    {TEND_BREAK_DEFAULT_FILL, tend__break_find_fill, true, true, BY_SHAPE},
    {TEND_BREAK_STUCK, NULL, true, false,
     "every row of a continuous column is one value; with a history, of any column"},
    {TEND_BREAK_CATEGORY_RENAME, tend__break_find_categories, true, true, BY_SHAPE},
    {TEND_BREAK_CATEGORY_CASE, NULL, true, true, BY_SHAPE},
    {TEND_BREAK_CATEGORY_MERGE, NULL, true, false, BY_SHAPE},
    {TEND_BREAK_HOUR_SHIFT, tend__break_find_hours, true, true, BY_SHAPE},
    {TEND_BREAK_UNIT_CHANGE, tend__break_find_unit, true, true, BY_SHAPE},
    {TEND_BREAK_SIGN_FLIP, NULL, true, true, BY_SHAPE},
    {TEND_BREAK_JOIN_FAILURE, NULL, false, false, ""},
    {TEND_BREAK_DUPLICATE_ROWS, NULL, false, false, ""},
    {TEND_BREAK_ROUNDING, NULL, false, false, ""},
    {TEND_BREAK_LABEL_BREAK, NULL, false, false, ""},
};

_Static_assert(TEND_ARRAY_LEN(rules) == TEND_BREAK_KIND_COUNT, "every kind has a row");

static const struct rule *rule_of(enum tend__break_kind kind)
{
    for (size_t i = 0; i < TEND_ARRAY_LEN(rules); i++) {
        if (rules[i].kind == kind) {
            return &rules[i];
        }
    }
    return NULL;
}

const char *tend__break_kind_text(enum tend__break_kind kind)
{
    static const char *const texts[] = {
#define TEND__BREAK_TEXT(name, text) text,
        TEND_BREAK_KINDS(TEND__BREAK_TEXT)
#undef TEND__BREAK_TEXT
    };
    return (size_t)kind < TEND_ARRAY_LEN(texts) ? texts[kind] : "unknown";
}

bool tend__break_kind_is_implemented(enum tend__break_kind kind)
{
    const struct rule *rule = rule_of(kind);
    return rule != NULL && rule->is_found;
}

const char *tend__break_kind_statement(enum tend__break_kind kind)
{
    const struct rule *rule = rule_of(kind);
    return rule != NULL ? rule->statement : "";
}

bool tend__break_kind_is_undoable(enum tend__break_kind kind)
{
    const struct rule *rule = rule_of(kind);
    return rule != NULL && rule->is_undoable;
}

/* ---- what the rules share ---- */

enum tend_code tend__break_add(struct tend__break_search *search, const struct tend__break *found,
                               struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&search->found, &search->found_cap, search->found_count + 1, FOUND_MAX,
                            sizeof(*search->found), err));
    search->found[search->found_count++] = *found;
    return TEND_OK;
}

static bool explains_shape(enum tend__break_kind kind)
{
    return kind != TEND_BREAK_NULL_SPIKE && kind != TEND_BREAK_NEW_COLUMN;
}

bool tend__break_is_explained(const struct tend__break_search *search, size_t column_idx)
{
    for (size_t i = 0; i < search->found_count; i++) {
        const struct tend__break *found = &search->found[i];
        if ((found->column_idx == column_idx || found->other_column_idx == column_idx) &&
            explains_shape(found->kind)) {
            return true;
        }
    }
    return false;
}

/* The earliest time in any time column of the current rows; 0 where there is none. */
static int64_t first_time(const struct tend__break_search *search)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < search->column_count; i++) {
        if (tend__plan_column(search->plan, i)->type == TEND_TYPE_TIME) {
            const int64_t time_us = tend__profile_column(search->cur, i)->min_us;
            first = time_us < first ? time_us : first;
        }
    }
    return first == INT64_MAX ? 0 : first;
}

struct tend__break tend__break_make(const struct tend__break_search *search,
                                    enum tend__break_kind kind, size_t column_idx)
{
    return (struct tend__break){
        .kind = kind,
        .column_idx = column_idx,
        .other_column_idx = TEND_BREAK_NO_COLUMN,
        .factor = 1,
        .share = 1,
        .evidence = 1,
        .since_us = first_time(search),
    };
}

void tend__break_text(char out[TEND_BREAK_TEXT_SIZE], struct tend__text text)
{
    size_t len = text.len < TEND_BREAK_TEXT_SIZE - 1 ? text.len : TEND_BREAK_TEXT_SIZE - 1;
    /* A cut must not split a UTF-8 character. */
    while (len < text.len && len > 0 && ((unsigned char)text.ptr[len] & 0xC0U) == 0x80U) {
        len--;
    }
    if (len > 0) {
        memcpy(out, text.ptr, len);
    }
    out[len] = '\0';
}

void tend__break_number_text(char out[TEND_BREAK_TEXT_SIZE], double number)
{
    _Static_assert(TEND_BREAK_TEXT_SIZE >= 32, "a number fits");
    tend__number_text(number, out);
}

double tend__break_natural(const struct tend__break_search *search, size_t column_idx,
                           tend__break_statistic_fn *statistic)
{
    double largest = 0;
    for (size_t i = 0; i < search->options->history_count; i++) {
        const struct tend__profile *day = search->options->history[i];
        if (tend__profile_row_count(day) > 0) {
            largest = fmax(largest, statistic(search, day, column_idx));
        }
    }
    return largest;
}

double tend__break_threshold(double tolerance, double natural)
{
    return fmax(tolerance, TEND__NATURAL_FACTOR * natural);
}

double tend__break_variation(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += fabs(a[i] - b[i]);
    }
    return sum / 2;
}

size_t tend__break_shares(const struct tend__profile *profile, size_t column_idx, double *shares)
{
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    const uint64_t total = tend__profile_value_count(profile, column_idx);
    for (size_t i = 0; i < column->cell_count; i++) {
        shares[i] = total > 0 ? (double)column->cells[i] / (double)total : 0;
    }
    return column->cell_count;
}

double tend__break_null_share(const struct tend__profile *profile, size_t column_idx)
{
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    const uint64_t missing =
        column->null_count + column->nan_count + column->pos_inf_count + column->neg_inf_count;
    return column->row_count > 0 ? (double)missing / (double)column->row_count : 0;
}

double tend__break_cell_variation(const struct tend__break_search *search,
                                  const struct tend__profile *other, size_t column_idx)
{
    const struct tend__column_profile *a = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *b = tend__profile_column(other, column_idx);
    const double n_a = (double)tend__profile_value_count(search->ref, column_idx);
    const double n_b = (double)tend__profile_value_count(other, column_idx);
    double sum = 0;
    if (!(n_a > 0) || !(n_b > 0)) {
        return 0;
    }
    for (size_t i = 0; i < a->cell_count; i++) {
        sum += fabs((double)a->cells[i] / n_a - (double)b->cells[i] / n_b);
    }
    return sum / 2;
}

/* ---- the search ---- */

int tend__break_compare(const void *a, const void *b)
{
    const struct tend__break *x = a;
    const struct tend__break *y = b;
    if (x->evidence != y->evidence) {
        return x->evidence > y->evidence ? -1 : 1;
    }
    if (x->column_idx != y->column_idx) {
        return x->column_idx > y->column_idx ? 1 : -1;
    }
    if (x->kind != y->kind) {
        return x->kind > y->kind ? 1 : -1;
    }
    if (x->share != y->share) {
        return x->share > y->share ? -1 : 1;
    }
    return strcmp(x->from, y->from);
}

static enum tend_code check_plans(const struct tend__break_search *search, struct tend_error *err)
{
    TEND_TRY(tend__plan_match(search->plan, tend__profile_plan(search->cur), err));
    for (size_t i = 0; i < search->options->history_count; i++) {
        TEND_TRY(
            tend__plan_match(search->plan, tend__profile_plan(search->options->history[i]), err));
    }
    return TEND_OK;
}

static enum tend_code run_rules(struct tend__break_search *search, struct tend_error *err)
{
    TEND_TRY(check_plans(search, err));
    for (size_t i = 0; i < search->column_count; i++) {
        const size_t cells = tend__plan_column(search->plan, i)->cell_count;
        search->cell_max = cells > search->cell_max ? cells : search->cell_max;
    }
    TEND_TRY(tend__mem_new(4 * (search->cell_max + 24), sizeof(*search->scratch), &search->scratch,
                           err));
    for (size_t i = 0; i < TEND_ARRAY_LEN(rules); i++) {
        if (rules[i].find != NULL) {
            TEND_TRY(rules[i].find(search, err));
        }
    }
    return TEND_OK;
}

enum tend_code tend__breaks_find(const struct tend__profile *ref, const struct tend__profile *cur,
                                 const struct tend__break_options *options,
                                 struct tend__break_list *out, struct tend_error *err)
{
    static const struct tend__break_options no_options;
    struct tend__break_search search = {
        .ref = ref,
        .cur = cur,
        .plan = tend__profile_plan(ref),
        .options = options != NULL ? options : &no_options,
    };
    search.column_count = tend__plan_column_count(search.plan);
    const enum tend_code code = run_rules(&search, err);
    if (code == TEND_OK) {
        if (search.found_count > 1) {
            qsort(search.found, search.found_count, sizeof(*search.found), tend__break_compare);
        }
        out->count = search.found_count < out->max ? search.found_count : out->max;
        if (out->count > 0) {
            memcpy(out->items, search.found, out->count * sizeof(*out->items));
        }
    }
    tend__mem_free(search.scratch);
    tend__mem_free(search.found);
    return code;
}
