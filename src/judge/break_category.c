/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_category.c: categories that vanish: renamed, rewritten in another case, merged into another
 * one, or gone with their rows.
 *
 * A category has vanished when it keeps less than a tenth of its share though many rows of it were
 * expected. Where their mass went tells the rest: to texts that are no category (renamed), to one
 * category that was there before (merged), or nowhere, all others growing by the same factor (their
 * rows are missing).
 *
 * New names are paired with vanished ones by share, greedily from the best pair; names that are the
 * same but for letter case and spaces pair first, then names that contain one another. Without a
 * look at the rows (novelty.h) a single renamed category is reported without its new name, and a
 * recoding of several as one break a category, without names.
 */
#include "judge/break_rules.h"

#include "base/mem.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VANISHED_SHARE 0.1
#define VANISHED_ROWS_MIN 20.0
#define LOST_TOLERANCE 0.02
#define BALANCE_TOLERANCE 0.25
#define PAIR_ERRORS 4.0
#define PAIR_TOLERANCE 0.25

struct vanished {
    size_t category;
    double before; /* share in the reference */
    double now;
    double spread;  /* how far its share has strayed in the history */
    size_t partner; /* of the novel values; SIZE_MAX = none */
};

struct pair {
    size_t lost;
    size_t novel;
    int likeness; /* of the names: 3 same but for case, 2 one in the other, 1 none */
    double distance;
};

/* Where the lost mass of a column went. */
struct flow {
    double lost;
    double other;     /* rise of the texts that are no category */
    double best_gain; /* of one category that was there before */
    size_t best;
    double threshold;
};

static double share_of(const struct tend__profile *profile, size_t column_idx, size_t cell)
{
    const uint64_t n = tend__profile_value_count(profile, column_idx);
    return n > 0 ? (double)tend__profile_column(profile, column_idx)->cells[cell] / (double)n : 0;
}

static bool has_vanished(const struct tend__profile *ref, const struct tend__profile *other,
                         size_t column_idx, size_t cell)
{
    const double before = share_of(ref, column_idx, cell);
    const double n = (double)tend__profile_value_count(other, column_idx);
    return before * n >= VANISHED_ROWS_MIN &&
           share_of(other, column_idx, cell) < VANISHED_SHARE * before;
}

static double lost_statistic(const struct tend__break_search *search,
                             const struct tend__profile *other, size_t column_idx)
{
    const size_t count = tend__plan_column(search->plan, column_idx)->category_count;
    double lost = 0;
    for (size_t i = 0; i < count; i++) {
        if (has_vanished(search->ref, other, column_idx, i)) {
            lost += share_of(search->ref, column_idx, i) - share_of(other, column_idx, i);
        }
    }
    return lost;
}

static double spread_in_history(const struct tend__break_search *search, size_t column_idx,
                                size_t cell)
{
    double largest = 0;
    for (size_t i = 0; i < search->options->history_count; i++) {
        largest = fmax(largest, fabs(share_of(search->options->history[i], column_idx, cell) -
                                     share_of(search->ref, column_idx, cell)));
    }
    return largest;
}

static size_t list_vanished(const struct tend__break_search *search, size_t column_idx,
                            struct vanished *list)
{
    const size_t count = tend__plan_column(search->plan, column_idx)->category_count;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (has_vanished(search->ref, search->cur, column_idx, i)) {
            list[found++] = (struct vanished){
                .category = i,
                .before = share_of(search->ref, column_idx, i),
                .now = share_of(search->cur, column_idx, i),
                .spread = spread_in_history(search, column_idx, i),
                .partner = SIZE_MAX,
            };
        }
    }
    return found;
}

static struct flow measure_flow(const struct tend__break_search *search, size_t column_idx,
                                const struct vanished *list, size_t count)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    struct flow flow = {.best = SIZE_MAX};
    size_t next = 0;
    for (size_t i = 0; i < plan->category_count; i++) {
        const double gain =
            share_of(search->cur, column_idx, i) - share_of(search->ref, column_idx, i);
        if (next < count && list[next].category == i) {
            flow.lost -= gain;
            next++;
        } else if (gain > flow.best_gain) {
            flow.best_gain = gain;
            flow.best = i;
        }
    }
    flow.other = share_of(search->cur, column_idx, plan->category_count) -
                 share_of(search->ref, column_idx, plan->category_count);
    const double natural = tend__break_natural(search, column_idx, lost_statistic);
    flow.threshold = tend__break_threshold(LOST_TOLERANCE, natural);
    return flow;
}

/* ---- likeness of names ---- */

static size_t fold_text(struct tend__text text, char *out, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < cap; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (c != ' ' && c != '_' && c != '-' && c != '\t') {
            out[len++] = (char)(c < 0x80 ? tolower(c) : c);
        }
    }
    return len;
}

static int name_likeness(struct tend__text a, struct tend__text b)
{
    char x[TEND_CATEGORY_BYTES_MAX];
    char y[TEND_CATEGORY_BYTES_MAX];
    const size_t x_len = fold_text(a, x, sizeof(x));
    const size_t y_len = fold_text(b, y, sizeof(y));
    if (x_len == 0 || y_len == 0) {
        return 1;
    }
    if (x_len == y_len && memcmp(x, y, x_len) == 0) {
        return 3;
    }
    const bool inside =
        x_len < y_len ? memmem(y, y_len, x, x_len) != NULL : memmem(x, x_len, y, y_len) != NULL;
    return inside && (x_len >= 2 && y_len >= 2) ? 2 : 1;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    if (x->likeness != y->likeness) {
        return x->likeness > y->likeness ? -1 : 1;
    }
    if (x->distance != y->distance) {
        return x->distance < y->distance ? -1 : 1;
    }
    if (x->lost != y->lost) {
        return x->lost > y->lost ? 1 : -1;
    }
    return (x->novel > y->novel) - (x->novel < y->novel);
}

/* Distance of two shares in units of what sampling and the category's own history allow. */
static double pair_distance(const struct vanished *lost, double share, double n)
{
    const double sampling = PAIR_ERRORS * sqrt(fmax(lost->before, share) / n);
    const double allowed = sampling + PAIR_TOLERANCE * lost->before + lost->spread;
    return fabs(lost->before - share) / allowed;
}

static enum tend_code pair_names(const struct tend__break_search *search, size_t column_idx,
                                 struct vanished *list, size_t count, struct tend_error *err)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    size_t novel_count = 0;
    const struct tend__novel_value *novel =
        tend__novelty_values(search->options->novelty, column_idx, &novel_count);
    struct pair *pairs = NULL;
    bool *taken = NULL;
    size_t pair_count = 0;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(count * novel_count, sizeof(*pairs), &pairs, err));
    TEND_TRY_OUT(tend__mem_new(novel_count, sizeof(*taken), &taken, err));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < novel_count; k++) {
            const double distance = pair_distance(&list[i], (double)novel[k].count / n, n);
            if (distance <= 1) {
                pairs[pair_count++] = (struct pair){
                    .lost = i,
                    .novel = k,
                    .likeness = name_likeness(plan->categories[list[i].category], novel[k].text),
                    .distance = distance,
                };
            }
        }
    }
    if (pair_count > 1) {
        qsort(pairs, pair_count, sizeof(*pairs), compare_pairs);
    }
    for (size_t i = 0; i < pair_count; i++) {
        if (list[pairs[i].lost].partner == SIZE_MAX && !taken[pairs[i].novel]) {
            list[pairs[i].lost].partner = pairs[i].novel;
            taken[pairs[i].novel] = true;
        }
    }
out:
    tend__mem_free(taken);
    tend__mem_free(pairs);
    return code;
}

/* ---- reports ---- */

static enum tend_code report_renames(struct tend__break_search *search, size_t column_idx,
                                     const struct vanished *list, size_t count, double evidence,
                                     struct tend_error *err)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    size_t novel_count = 0;
    const struct tend__novel_value *novel =
        search->options->novelty != NULL
            ? tend__novelty_values(search->options->novelty, column_idx, &novel_count)
            : NULL;
    for (size_t i = 0; i < count; i++) {
        const bool has_name = list[i].partner < novel_count;
        const struct tend__text from = plan->categories[list[i].category];
        const bool is_case = has_name && name_likeness(from, novel[list[i].partner].text) == 3;
        struct tend__break found = tend__break_make(
            search, is_case ? TEND_BREAK_CATEGORY_CASE : TEND_BREAK_CATEGORY_RENAME, column_idx);
        tend__break_text(found.from, from);
        found.share = list[i].before;
        if (has_name) {
            tend__break_text(found.to, novel[list[i].partner].text);
            found.share = (double)novel[list[i].partner].count / n;
        } else if (novel != NULL && count > 1) {
            continue; /* others were paired: this one may only be rare today */
        }
        found.evidence = evidence;
        TEND_TRY(tend__break_add(search, &found, err));
    }
    return TEND_OK;
}

static enum tend_code report_each(struct tend__break_search *search, size_t column_idx,
                                  const struct vanished *list, size_t count,
                                  const struct tend__break *model, struct tend_error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct tend__break found = *model;
        tend__break_text(found.from,
                         tend__plan_column(search->plan, column_idx)->categories[list[i].category]);
        found.share = list[i].before;
        TEND_TRY(tend__break_add(search, &found, err));
    }
    return TEND_OK;
}

/* Whether the categories that are left have grown by one common factor, as they do when others'
 * rows are missing. */
static bool is_rest_proportional(const struct tend__break_search *search, size_t column_idx,
                                 const struct vanished *list, size_t count, double lost)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const double natural = tend__break_natural(search, column_idx, tend__break_cell_variation);
    double off = 0;
    size_t next = 0;
    for (size_t i = 0; i <= plan->category_count; i++) {
        if (next < count && list[next].category == i) {
            next++;
            continue;
        }
        const double expected = share_of(search->ref, column_idx, i) / (1 - lost);
        off += fabs(share_of(search->cur, column_idx, i) - expected) / 2;
    }
    return lost < 1 && off <= fmax(TEND__EXPLAINED_SHARE * lost, natural);
}

static enum tend_code report(struct tend__break_search *search, size_t column_idx,
                             struct vanished *list, size_t count, struct tend_error *err)
{
    const struct flow flow = measure_flow(search, column_idx, list, count);
    const double evidence = flow.lost / flow.threshold;
    const double slack = BALANCE_TOLERANCE * flow.lost + LOST_TOLERANCE;
    if (!(flow.lost > flow.threshold)) {
        return TEND_OK;
    }
    if (fabs(flow.other - flow.lost) <= slack && flow.other > flow.lost / 2) {
        if (search->options->novelty != NULL) {
            TEND_TRY(pair_names(search, column_idx, list, count, err));
        }
        return report_renames(search, column_idx, list, count, evidence, err);
    }
    const bool is_merged =
        fabs(flow.best_gain - flow.lost) <= slack && flow.best_gain > flow.lost / 2;
    if (is_merged) {
        struct tend__break model = tend__break_make(search, TEND_BREAK_CATEGORY_MERGE, column_idx);
        tend__break_text(model.to,
                         tend__plan_column(search->plan, column_idx)->categories[flow.best]);
        model.evidence = evidence;
        return report_each(search, column_idx, list, count, &model, err);
    }
    if (is_rest_proportional(search, column_idx, list, count, flow.lost)) {
        struct tend__break model = tend__break_make(search, TEND_BREAK_MISSING_ROWS, column_idx);
        model.evidence = evidence;
        return report_each(search, column_idx, list, count, &model, err);
    }
    return TEND_OK;
}

enum tend_code tend__break_find_categories(struct tend__break_search *search,
                                           struct tend_error *err)
{
    struct vanished *list = NULL;
    TEND_TRY(tend__mem_new(search->cell_max, sizeof(*list), &list, err));
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < search->column_count && code == TEND_OK; i++) {
        if (tend__plan_column(search->plan, i)->type == TEND_TYPE_TEXT &&
            !tend__break_is_explained(search, i) &&
            tend__profile_value_count(search->ref, i) >= TEND__BREAK_VALUES_MIN &&
            tend__profile_value_count(search->cur, i) >= TEND__BREAK_VALUES_MIN) {
            const size_t count = list_vanished(search, i, list);
            if (count > 0) {
                code = report(search, i, list, count, err);
            }
        }
    }
    tend__mem_free(list);
    return code;
}
