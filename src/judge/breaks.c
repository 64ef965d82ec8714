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

/* A new kind: a name in TEND_BREAK_KINDS (breaks.h), a finder in a file of its family, a row here,
 * and the sentence that names it (report/check_json.c, engine/engine_break.c). */
struct rule {
    enum tend__break_kind kind;
    tend__break_finder_fn *find; /* kinds of one family share one: it runs at its first row */
    bool is_undoable;
    bool explains_shape; /* no other rule is asked about a column that has one of these */
    const char *statistic;
    const char *threshold;
    const char *statement; /* of its false alarms */
};

#define T " (raised to 1.5 times the furthest of the history)"
#define BY_SHAPE                                                                                   \
    "measured: only where the window is further from the reference than the threshold and the "    \
    "rule explains the distance"

/* In the order in which they are searched: what is there at all, then what a value is, then shapes.
 */
static const struct rule rules[] = {
    {TEND_BREAK_MISSING_COLUMN, tend__break_find_schema_missing, false, true,
     "rows without the column", "one row", "exact: never false"},
    {TEND_BREAK_TYPE_CHANGE, tend__break_find_schema_type, false, true,
     "rows where it has another type", "one row", "exact: never false"},
    {TEND_BREAK_NEW_COLUMN, tend__break_find_schema_new, false, false,
     "rows with a column that the reference has not", "one row", "exact: never false"},
    {TEND_BREAK_LABEL_BREAK, tend__break_find_labels, false, true,
     "share of missing outcomes; rows of a class; correlation of outcome and score",
     "a rise of .05" T
     " and 5 standard errors; a tenth of at least 20 expected rows; a turned sign "
     "beyond 4 standard errors",
     "a class of 20 expected rows is below a tenth in 1 of 2e7 samples; where rates drift, only as "
     "measured"},
    {TEND_BREAK_MISSING_ROWS, tend__break_find_missing_rows, false, true,
     "rows that came, or of a category, against what was expected",
     "30 %, 6 standard deviations and .7 of the least of the history; of a category: .02" T,
     "with an expected number: below it by 6 standard deviations and 30 %; of a category: "
     "measured"},
    {TEND_BREAK_NULL_SPIKE, tend__break_find_nulls, false, false,
     "rise of the share that is null, NaN or infinite", ".05" T " and 5 standard errors",
     "5 standard errors: below 1e-6 where the rate is the reference's"},
    {TEND_BREAK_JOIN_FAILURE, tend__break_find_joins, false, false,
     "the same rise, of columns that are null in the same rows of a sample",
     ".02" T " and 5 standard errors, in two columns or more",
     "5 standard errors in each of the columns"},
    {TEND_BREAK_COLUMN_SWAP, tend__break_find_swaps, false, true,
     "distance of each of two columns from its own reference",
     ".05 root mean square of distribution functions, or .1 total variation" T, BY_SHAPE},
    {TEND_BREAK_ROUNDING, tend__break_find_rounding, false, true,
     "rise of the share of a sample's values that are on a coarser lattice",
     ".2 of the values off it and 5 standard errors",
     "5 standard errors: below 1e-6 for each of 57 lattices where the digits are the reference's"},
    {TEND_BREAK_CLIPPING, tend__break_find_clips, false, true,
     "share of the reference beyond the current end, against the heap at that end", ".02 beyond it",
     "measured: a heap of half to twice what lay beyond"},
    {TEND_BREAK_CATEGORY_RENAME, tend__break_find_categories, true, true,
     "share of categories of which less than a tenth is left", ".02" T, BY_SHAPE},
    {TEND_BREAK_CATEGORY_CASE, tend__break_find_categories, true, true,
     "the same, where the new name is the old one but for case and spaces", ".02" T, BY_SHAPE},
    {TEND_BREAK_CATEGORY_MERGE, tend__break_find_categories, false, true,
     "the same, where one old category gained what was lost", ".02" T, BY_SHAPE},
    {TEND_BREAK_DEFAULT_FILL, tend__break_find_fill, true, true,
     "share that moved from everywhere to one value", ".05" T, BY_SHAPE},
    {TEND_BREAK_STUCK, tend__break_find_fill, false, true, "whether all values are one",
     "one value",
     "a continuous column is never constant by chance; others: no window of the "
     "history was"},
    {TEND_BREAK_HOUR_SHIFT, tend__break_find_hours, true, true, "total variation of the 24 hours",
     ".1" T, BY_SHAPE},
    {TEND_BREAK_UNIT_CHANGE, tend__break_find_unit, true, true,
     "root mean square of distribution functions, before and after each known conversion", ".05" T,
     BY_SHAPE},
    {TEND_BREAK_SIGN_FLIP, tend__break_find_unit, true, true, "the same, for -x and 1 - x", ".05" T,
     BY_SHAPE},
    {TEND_BREAK_DUPLICATE_ROWS, tend__break_find_repeats, false, false,
     "share of rows that equal an earlier one, beyond the reference's share for as many rows",
     ".02, half of the natural share, and 5 standard errors; of ids: .005",
     "5 standard errors: below 1e-6 where rows repeat as in the reference"},
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

const char *tend__break_kind_statistic(enum tend__break_kind kind)
{
    const struct rule *rule = rule_of(kind);
    return rule != NULL ? rule->statistic : "";
}

const char *tend__break_kind_threshold(enum tend__break_kind kind)
{
    const struct rule *rule = rule_of(kind);
    return rule != NULL ? rule->threshold : "";
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

void tend__break_remove(struct tend__break_search *search, enum tend__break_kind kind,
                        size_t column_idx)
{
    size_t kept = 0;
    for (size_t i = 0; i < search->found_count; i++) {
        if (search->found[i].kind != kind || search->found[i].column_idx != column_idx) {
            search->found[kept++] = search->found[i];
        }
    }
    search->found_count = kept;
}

bool tend__break_kind_explains_shape(enum tend__break_kind kind)
{
    const struct rule *rule = rule_of(kind);
    return rule != NULL && rule->explains_shape;
}

bool tend__break_is_explained(const struct tend__break_search *search, size_t column_idx)
{
    for (size_t i = 0; i < search->found_count; i++) {
        const struct tend__break *found = &search->found[i];
        if ((found->column_idx == column_idx || found->other_column_idx == column_idx) &&
            tend__break_kind_explains_shape(found->kind)) {
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

bool tend__break_has_history(const struct tend__break_search *search)
{
    return search->options->history_count > 0 && !search->options->is_exacting;
}

double tend__break_threshold(const struct tend__break_search *search, double tolerance,
                             double natural)
{
    const double factor =
        search->options->is_exacting ? TEND__NATURAL_FACTOR_OF_RUN : TEND__NATURAL_FACTOR;
    return fmax(tolerance, factor * natural);
}

double tend__break_novel_rows(const struct tend__break_search *search, size_t column_idx,
                              size_t cell, uint64_t count)
{
    if (search->options->novelty_rows == NULL) {
        return (double)count;
    }
    const double now = (double)tend__profile_column(search->cur, column_idx)->cells[cell];
    const double all =
        (double)tend__profile_column(search->options->novelty_rows, column_idx)->cells[cell];
    return all > 0 ? fmin(now, (double)count * now / all) : 0;
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

const struct tend__column *tend__break_rows_column(const struct tend__break_search *search,
                                                   const struct tend__batch *rows,
                                                   size_t column_idx)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    size_t at = column_idx;
    if (at >= rows->column_count || strcmp(rows->fields[at].name, plan->name) != 0) {
        at = tend__fields_find(rows->fields, rows->column_count, plan->name);
    }
    return at != SIZE_MAX && rows->columns[at].type == plan->type ? &rows->columns[at] : NULL;
}

bool tend__break_is_label(const struct tend__break_search *search, size_t column_idx)
{
    const char *label = search->options->label_column;
    return label != NULL && strcmp(tend__plan_column(search->plan, column_idx)->name, label) == 0;
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
        bool has_run = false;
        for (size_t k = 0; k < i; k++) {
            has_run = has_run || rules[k].find == rules[i].find;
        }
        if (!has_run) {
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
    for (size_t i = 0; i < search.found_count; i++) {
        search.found[i].since_row = search.found[i].since_row == 0 ? 1 : search.found[i].since_row;
    }
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
