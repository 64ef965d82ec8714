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
#define MERGED_MAX 3
#define SAME_NAME_FACTOR 2.0
#define SAME_NAMES_SHARE 0.6 /* of the texts that are no category */
#define MEAN_OF_HALF_NORMAL 0.7978845608028654
#define REST_MIN 0.03 /* of the rows, in other categories, where there is no history */
#define ONE_FILL_SHARE 0.95
#define MISSING_MAX 0.5 /* beyond it the window is of another population */
#define PAIR_ERRORS 4.0
#define PAIR_TOLERANCE 0.25
#define PAIR_SHARE_MIN 0.25 /* of the vanished category's share */
#define ALIKE_PAIRS_MIN 3
#define PAIRS_MAX 262144

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

struct pair_list {
    struct pair *pairs;
    size_t count;
    size_t cap;
};

/* Where the lost mass of a column went. */
struct flow {
    double lost;
    double other;     /* rise of the texts that are no category */
    double best_gain; /* of one category that was there before */
    size_t best;
    double threshold;
};

/* The counts of a column and their sum. */
struct counts {
    const uint64_t *cells;
    double n;
};

static struct counts counts_of(const struct tend__profile *profile, size_t column_idx)
{
    return (struct counts){.cells = tend__profile_column(profile, column_idx)->cells,
                           .n = (double)tend__profile_value_count(profile, column_idx)};
}

static double share_in(const struct counts *counts, size_t cell)
{
    return counts->n > 0 ? (double)counts->cells[cell] / counts->n : 0;
}

static double share_of(const struct tend__profile *profile, size_t column_idx, size_t cell)
{
    const struct counts counts = counts_of(profile, column_idx);
    return share_in(&counts, cell);
}

static bool has_vanished(const struct counts *ref, const struct counts *other, size_t cell)
{
    const double before = share_in(ref, cell);
    return before * other->n >= VANISHED_ROWS_MIN &&
           share_in(other, cell) < VANISHED_SHARE * before;
}

static double lost_statistic(const struct tend__break_search *search,
                             const struct tend__profile *other, size_t column_idx)
{
    const size_t count = tend__plan_column(search->plan, column_idx)->category_count;
    const struct counts before = counts_of(search->ref, column_idx);
    const struct counts now = counts_of(other, column_idx);
    double lost = 0;
    for (size_t i = 0; i < count; i++) {
        if (has_vanished(&before, &now, i)) {
            lost += share_in(&before, i) - share_in(&now, i);
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
    const struct counts before = counts_of(search->ref, column_idx);
    const struct counts now = counts_of(search->cur, column_idx);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (has_vanished(&before, &now, i)) {
            list[found++] = (struct vanished){
                .category = i,
                .before = share_in(&before, i),
                .now = share_in(&now, i),
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
    const struct counts before = counts_of(search->ref, column_idx);
    const struct counts now = counts_of(search->cur, column_idx);
    size_t next = 0;
    for (size_t i = 0; i < plan->category_count; i++) {
        const double gain = share_in(&now, i) - share_in(&before, i);
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
    flow.threshold = tend__break_threshold(search, LOST_TOLERANCE, natural);
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

/* Where most of a recoding's names are alike, a pair that is not is chance: one rare today, one
 * rare before. */
static void keep_alike(struct vanished *list, size_t count, const struct tend__plan_column *plan,
                       const struct tend__novel_value *novel)
{
    size_t paired = 0;
    size_t alike = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            if (list[i].partner == SIZE_MAX) {
                continue;
            }
            const struct tend__text name = plan->categories[list[i].category];
            const bool is_alike = name_likeness(name, novel[list[i].partner].text) > 1;
            if (pass == 0) {
                paired++;
                alike += is_alike ? 1 : 0;
            } else if (!is_alike) {
                list[i].partner = SIZE_MAX;
            }
        }
        if (paired < ALIKE_PAIRS_MIN || 2 * alike <= paired) {
            return;
        }
    }
}

static double novel_rows(const struct tend__break_search *search, size_t column_idx,
                         const struct tend__novel_value *novel)
{
    const size_t other = tend__plan_column(search->plan, column_idx)->category_count;
    return tend__break_novel_rows(search, column_idx, other, novel->count);
}

/* Pairs whose shares could be one and the same; at most PAIRS_MAX, the most frequent categories
 * first. */
static enum tend_code list_pairs(const struct tend__break_search *search, size_t column_idx,
                                 const struct vanished *list, size_t count, struct pair_list *out,
                                 struct tend_error *err)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    size_t novel_count = 0;
    const struct tend__novel_value *novel =
        tend__novelty_values(search->options->novelty, column_idx, &novel_count);
    for (size_t i = 0; i < count && out->count < PAIRS_MAX; i++) {
        for (size_t k = 0; k < novel_count && out->count < PAIRS_MAX; k++) {
            const double share = novel_rows(search, column_idx, &novel[k]) / n;
            const double distance = pair_distance(&list[i], share, n);
            if (!(distance <= 1) || !(share > PAIR_SHARE_MIN * list[i].before)) {
                continue;
            }
            TEND_TRY(tend__mem_grow(&out->pairs, &out->cap, out->count + 1, PAIRS_MAX,
                                    sizeof(*out->pairs), err));
            out->pairs[out->count++] = (struct pair){
                .lost = i,
                .novel = k,
                .likeness = name_likeness(plan->categories[list[i].category], novel[k].text),
                .distance = distance,
            };
        }
    }
    return TEND_OK;
}

static enum tend_code pair_names(const struct tend__break_search *search, size_t column_idx,
                                 struct vanished *list, size_t count, struct tend_error *err)
{
    size_t novel_count = 0;
    const struct tend__novel_value *novel =
        tend__novelty_values(search->options->novelty, column_idx, &novel_count);
    struct pair_list found = {0};
    bool *taken = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(novel_count, sizeof(*taken), &taken, err));
    TEND_TRY_OUT(list_pairs(search, column_idx, list, count, &found, err));
    if (found.count > 1) {
        qsort(found.pairs, found.count, sizeof(*found.pairs), compare_pairs);
    }
    for (size_t i = 0; i < found.count; i++) {
        const struct pair *pair = &found.pairs[i];
        if (list[pair->lost].partner == SIZE_MAX && !taken[pair->novel]) {
            list[pair->lost].partner = pair->novel;
            taken[pair->novel] = true;
        }
    }
    keep_alike(list, count, tend__plan_column(search->plan, column_idx), novel);
out:
    tend__mem_free(taken);
    tend__mem_free(found.pairs);
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
            found.share = novel_rows(search, column_idx, &novel[list[i].partner]) / n;
        } else if (novel != NULL && count > 1) {
            continue; /* others were paired: this one may only be rare today */
        }
        found.evidence = evidence;
        TEND_TRY(tend__break_add(search, &found, err));
    }
    return TEND_OK;
}

/* Categories that came back under a name that is theirs but for case, spaces or an addition: no
 * drift makes such names, whatever else moved. Most of what vanished must have. */
static enum tend_code report_same_names(struct tend__break_search *search, size_t column_idx,
                                        const struct vanished *list, size_t count, bool *is_told,
                                        struct tend_error *err)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    size_t novel_count = 0;
    const struct tend__novel_value *novel =
        tend__novelty_values(search->options->novelty, column_idx, &novel_count);
    double found_rows = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            const struct tend__text from = plan->categories[list[i].category];
            for (size_t k = 0; k < novel_count; k++) {
                const double rows = novel_rows(search, column_idx, &novel[k]);
                const int likeness = name_likeness(from, novel[k].text);
                const bool is_as_frequent = rows > list[i].before * n / SAME_NAME_FACTOR &&
                                            rows < list[i].before * n * SAME_NAME_FACTOR;
                if (likeness < 2 || (likeness == 2 && (!is_as_frequent || from.len < 3))) {
                    continue;
                }
                found_rows += pass == 0 ? rows : 0;
                struct tend__break found = tend__break_make(
                    search, likeness == 3 ? TEND_BREAK_CATEGORY_CASE : TEND_BREAK_CATEGORY_RENAME,
                    column_idx);
                tend__break_text(found.from, from);
                tend__break_text(found.to, novel[k].text);
                found.share = rows / n;
                found.evidence = found_rows / (LOST_TOLERANCE * n);
                if (pass == 1) {
                    TEND_TRY(tend__break_add(search, &found, err));
                }
                break;
            }
        }
        const size_t other = plan->category_count;
        const double new_rows = (double)tend__profile_column(search->cur, column_idx)->cells[other];
        *is_told = found_rows > LOST_TOLERANCE * n && found_rows > SAME_NAMES_SHARE * new_rows;
        if (!*is_told) {
            return TEND_OK;
        }
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

/* The categories that should be what they were times `factor`. */
struct rest {
    const struct vanished *list; /* these are not among them */
    size_t count;
    size_t except; /* nor is the one that gained; SIZE_MAX = none gained */
    double factor;
};

/* How far the rest is from what is expected of it: total variation, less what sampling leaves of it
 * on average. May be below 0. */
static double distance_of_rest(const struct tend__break_search *search, size_t column_idx,
                               const struct rest *rest)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const struct counts before = counts_of(search->ref, column_idx);
    const struct counts now = counts_of(search->cur, column_idx);
    double off = 0;
    double noise = 0;
    size_t next = 0;
    for (size_t i = 0; i <= plan->category_count; i++) {
        if (next < rest->count && rest->list[next].category == i) {
            next++;
        } else if (i != rest->except) {
            const double expected = rest->factor * share_in(&before, i);
            off += fabs(share_in(&now, i) - expected) / 2;
            noise += sqrt(expected * (1 - fmin(expected, 1)) * (1 / now.n + 1 / before.n)) *
                     MEAN_OF_HALF_NORMAL / 2;
        }
    }
    return off - noise;
}

/* Whether the rest is as expected, so that the loss is the whole story. */
static bool is_rest_as_before(const struct tend__break_search *search, size_t column_idx,
                              const struct rest *rest, double lost)
{
    const double natural = tend__break_natural(search, column_idx, tend__break_cell_variation);
    return distance_of_rest(search, column_idx, rest) <=
           fmax(TEND__EXPLAINED_SHARE * lost, natural);
}

/* Names of months and weekdays move with the calendar: without a history their coming and going
 * says nothing. */
static bool is_calendar_name(struct tend__text text)
{
    static const char *const starts[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                         "aug", "sep", "oct", "nov", "dec", "mon", "tue",
                                         "wed", "thu", "fri", "sat", "sun"};
    char folded[3] = {0};
    const size_t len = fold_text(text, folded, sizeof(folded));
    for (size_t k = 0; len == 3 && k < TEND_ARRAY_LEN(starts); k++) {
        if (memcmp(folded, starts[k], 3) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_calendar(const struct tend__plan_column *plan)
{
    for (size_t i = 0; i < plan->category_count; i++) {
        if (!is_calendar_name(plan->categories[i])) {
            return false;
        }
    }
    return plan->category_count > 0;
}

bool tend__break_is_calendar(const struct tend__plan_column *plan, struct tend__text text)
{
    return is_calendar(plan) && is_calendar_name(text);
}

/* Whether what is new in a column of months or weekdays is another month or weekday. */
static bool is_next_in_calendar(const struct tend__break_search *search, size_t column_idx)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    size_t count = 0;
    if (tend__break_has_history(search) || search->options->novelty == NULL || !is_calendar(plan)) {
        return false;
    }
    const struct tend__novel_value *novel =
        tend__novelty_values(search->options->novelty, column_idx, &count);
    for (size_t i = 0; i < plan->category_count && count > 0; i++) {
        if (name_likeness(plan->categories[i], novel[0].text) == 3) {
            return false; /* the same name in another case */
        }
    }
    return count > 0 && is_calendar_name(novel[0].text);
}

static enum tend_code report_merge(struct tend__break_search *search, size_t column_idx,
                                   const struct vanished *list, size_t count,
                                   const struct flow *flow, struct tend_error *err)
{
    struct tend__break model = tend__break_make(search, TEND_BREAK_CATEGORY_MERGE, column_idx);
    tend__break_text(model.to, tend__plan_column(search->plan, column_idx)->categories[flow->best]);
    model.evidence = flow->lost / flow->threshold;
    return report_each(search, column_idx, list, count, &model, err);
}

/* Several categories that became one new text are filled, not renamed. */
static bool is_one_fill(const struct tend__break_search *search, size_t column_idx, size_t count,
                        const struct flow *flow)
{
    size_t novel_count = 0;
    if (search->options->novelty == NULL || count < 2) {
        return false;
    }
    const struct tend__novel_value *novel =
        tend__novelty_values(search->options->novelty, column_idx, &novel_count);
    const double n = (double)tend__profile_value_count(search->cur, column_idx);
    return novel_count > 0 &&
           novel_rows(search, column_idx, &novel[0]) >= ONE_FILL_SHARE * flow->other * n;
}

/* What the other categories make up. */
static double rest_share(const struct tend__break_search *search, size_t column_idx,
                         const struct rest *rest)
{
    const size_t count = tend__plan_column(search->plan, column_idx)->category_count;
    double sum = 0;
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        if (next < rest->count && rest->list[next].category == i) {
            next++;
        } else if (i != rest->except) {
            sum += share_of(search->ref, column_idx, i);
        }
    }
    return sum;
}

/* Whether the loss went to the category that gained most, rather than that its rows are missing.
 * Without a history the nearer of both answers counts, and where the column has hardly any other
 * category neither can be told from a shift between two. */
static bool is_merge(const struct tend__break_search *search, size_t column_idx,
                     const struct vanished *list, size_t count, const struct flow *flow)
{
    const struct rest as_before = {list, count, flow->best, 1};
    const struct rest grown = {list, count, SIZE_MAX, 1 / (1 - flow->lost)};
    if (fabs(flow->best_gain - flow->lost) > BALANCE_TOLERANCE * flow->lost || count > MERGED_MAX ||
        !is_rest_as_before(search, column_idx, &as_before, flow->lost)) {
        return false;
    }
    const double off =
        fabs(flow->best_gain - flow->lost) / 2 + distance_of_rest(search, column_idx, &as_before);
    return tend__break_has_history(search) ||
           (rest_share(search, column_idx, &as_before) > REST_MIN &&
            off < distance_of_rest(search, column_idx, &grown));
}

static bool are_rows_missing(const struct tend__break_search *search, size_t column_idx,
                             const struct vanished *list, size_t count, const struct flow *flow)
{
    const struct rest grown = {list, count, SIZE_MAX, 1 / (1 - flow->lost)};
    const struct rest but_best = {list, count, flow->best, 1};
    return flow->lost < MISSING_MAX && is_rest_as_before(search, column_idx, &grown, flow->lost) &&
           (tend__break_has_history(search) ||
            rest_share(search, column_idx, &but_best) > REST_MIN);
}

static enum tend_code report(struct tend__break_search *search, size_t column_idx,
                             struct vanished *list, size_t count, struct tend_error *err)
{
    const struct flow flow = measure_flow(search, column_idx, list, count);
    const double evidence = flow.lost / flow.threshold;
    const double slack = BALANCE_TOLERANCE * flow.lost + LOST_TOLERANCE;
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    const struct rest but_other = {list, count, plan->category_count, 1};
    if (search->options->novelty != NULL && flow.lost > LOST_TOLERANCE) {
        bool is_told = false;
        TEND_TRY(report_same_names(search, column_idx, list, count, &is_told, err));
        if (is_told) {
            return TEND_OK;
        }
    }
    if (!(flow.lost > flow.threshold) || is_one_fill(search, column_idx, count, &flow)) {
        return TEND_OK;
    }
    if (!is_next_in_calendar(search, column_idx) && fabs(flow.other - flow.lost) <= slack &&
        flow.other > flow.lost / 2 &&
        (search->options->novelty != NULL ||
         is_rest_as_before(search, column_idx, &but_other, flow.lost))) {
        if (search->options->novelty != NULL) {
            TEND_TRY(pair_names(search, column_idx, list, count, err));
        }
        return report_renames(search, column_idx, list, count, evidence, err);
    }
    if (!tend__break_has_history(search) && is_calendar(plan)) {
        return TEND_OK;
    }
    if (is_merge(search, column_idx, list, count, &flow)) {
        return report_merge(search, column_idx, list, count, &flow, err);
    }
    if (are_rows_missing(search, column_idx, list, count, &flow)) {
        struct tend__break model = tend__break_make(search, TEND_BREAK_MISSING_ROWS, column_idx);
        model.evidence = evidence;
        return report_each(search, column_idx, list, count, &model, err);
    }
    return TEND_OK;
}

static bool is_judged(const struct tend__break_search *search, size_t column_idx)
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    return plan->type == TEND_TYPE_TEXT && !tend__break_is_explained(search, column_idx) &&
           tend__profile_value_count(search->ref, column_idx) >= TEND__BREAK_VALUES_MIN &&
           tend__profile_value_count(search->cur, column_idx) >= TEND__BREAK_VALUES_MIN;
}

enum tend_code tend__break_find_categories(struct tend__break_search *search,
                                           struct tend_error *err)
{
    struct vanished *list = NULL;
    TEND_TRY(tend__mem_new(search->cell_max, sizeof(*list), &list, err));
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < search->column_count && code == TEND_OK; i++) {
        if (is_judged(search, i)) {
            const size_t count = list_vanished(search, i, list);
            if (count > 0) {
                code = report(search, i, list, count, err);
            }
        }
    }
    tend__mem_free(list);
    return code;
}
