/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_join.c: columns that are null in the same rows because the source that they are joined from
 * had none for them.
 *
 * Each column by itself is a null spike. Whether two of them are one failure is told by a sample of
 * the rows: if a share s of the rows lost both at once, both are null in s + (1 - s) j of the rows,
 * where j is what the reference has; if they were lost apart, in p q + (j - p0 q0)(1 - s)(1 - t).
 * Pairs whose count is nearer to the first are joined to groups, and a group takes the place of its
 * columns' spikes. Several columns at once are stronger evidence than one: here a rise of 2 % is
 * enough.
 */
#include "judge/break_rules.h"

#include "base/mem.h"

#include <math.h>

#define RISE_MIN 0.02
#define RISE_ERRORS 5.0
#define TOGETHER_MIN 0.75
#define SHARE_TOLERANCE 0.25
#define WHOLE_SHARE 0.95
#define SEPARATE_MIN 0.01 /* the two answers must differ by this share of the rows */
#define SAMPLE_MIN 100
#define CANDIDATES_MAX 512

struct candidate {
    size_t column_idx;
    size_t group; /* index of its first member */
    double before;
    double rise; /* of the rows that had a value */
    double evidence;
    const struct tend__column *ref;
    const struct tend__column *cur;
};

static double rise_of(const struct tend__break_search *search, const struct tend__profile *other,
                      size_t column_idx)
{
    return tend__break_null_share(other, column_idx) -
           tend__break_null_share(search->ref, column_idx);
}

static bool is_missing(const struct tend__column *column, size_t row_idx)
{
    return !tend__is_valid(column, row_idx) ||
           (column->type == TEND_TYPE_NUMBER && !isfinite(column->f64[row_idx]));
}

static double share_together(const struct tend__column *a, const struct tend__column *b, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += is_missing(a, i) && is_missing(b, i) ? 1 : 0;
    }
    return n > 0 ? (double)count / (double)n : 0;
}

static bool are_together(const struct tend__break_search *search, const struct candidate *a,
                         const struct candidate *b)
{
    const size_t n = search->options->cur_rows.row_count;
    const double rise = (a->rise + b->rise) / 2;
    const double errors = 3 * sqrt(rise * (1 - rise) / (double)n);
    if (fabs(a->rise - b->rise) > fmax(SHARE_TOLERANCE * rise, errors)) {
        return false;
    }
    if (a->rise > WHOLE_SHARE && b->rise > WHOLE_SHARE) {
        return true;
    }
    const double joint = share_together(a->cur, b->cur, n);
    const double before = share_together(a->ref, b->ref, search->options->ref_rows.row_count);
    const double p = a->before + a->rise * (1 - a->before);
    const double q = b->before + b->rise * (1 - b->before);
    const double apart = p * q + (before - a->before * b->before) * (1 - a->rise) * (1 - b->rise);
    const double together = rise + (1 - rise) * before;
    return together - apart > SEPARATE_MIN && joint - apart >= TOGETHER_MIN * (together - apart);
}

static bool read_candidate(const struct tend__break_search *search, size_t column_idx,
                           struct candidate *out)
{
    const struct tend__break_options *options = search->options;
    const double n = (double)tend__profile_column(search->cur, column_idx)->row_count;
    const double before = tend__break_null_share(search->ref, column_idx);
    const double now = tend__break_null_share(search->cur, column_idx);
    const double natural = tend__break_natural(search, column_idx, rise_of);
    const double sampling = RISE_ERRORS * sqrt(now * (1 - now) / n);
    const double threshold = fmax(sampling, tend__break_threshold(search, RISE_MIN, natural));
    *out = (struct candidate){
        .column_idx = column_idx,
        .before = before,
        .rise = before < 1 ? (now - before) / (1 - before) : 0,
        .evidence = (now - before) / threshold,
        .ref = tend__break_rows_column(search, &options->ref_rows, column_idx),
        .cur = tend__break_rows_column(search, &options->cur_rows, column_idx),
    };
    return n >= TEND__BREAK_VALUES_MIN && now - before > threshold && out->ref != NULL &&
           out->cur != NULL && !tend__break_is_label(search, column_idx);
}

/* One break for the group whose first member is `first`; nothing where it has no other. */
static enum tend_code report_group(struct tend__break_search *search, const struct candidate *list,
                                   size_t count, size_t first, struct tend_error *err)
{
    struct tend__break found =
        tend__break_make(search, TEND_BREAK_JOIN_FAILURE, list[first].column_idx);
    double sum = 0;
    double members = 0;
    found.evidence = 0;
    for (size_t i = first; i < count; i++) {
        if (list[i].group != first) {
            continue;
        }
        if (found.column_count < TEND_BREAK_COLUMNS_MAX) {
            found.columns[found.column_count++] = list[i].column_idx;
        }
        members++;
        sum += list[i].rise;
        found.evidence = fmax(found.evidence, list[i].evidence);
    }
    if (members < 2) {
        return TEND_OK;
    }
    for (size_t i = first; i < count; i++) {
        if (list[i].group == first) {
            tend__break_remove(search, TEND_BREAK_NULL_SPIKE, list[i].column_idx);
        }
    }
    found.share = sum / members;
    return tend__break_add(search, &found, err);
}

enum tend_code tend__break_find_joins(struct tend__break_search *search, struct tend_error *err)
{
    const struct tend__break_options *options = search->options;
    struct candidate *list = NULL;
    size_t count = 0;
    if (options->cur_rows.row_count < SAMPLE_MIN || options->ref_rows.row_count < SAMPLE_MIN) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_new(CANDIDATES_MAX, sizeof(*list), &list, err));
    for (size_t i = 0; i < search->column_count && count < CANDIDATES_MAX; i++) {
        if (read_candidate(search, i, &list[count])) {
            list[count].group = count;
            count++;
        }
    }
    /* Each column joins the first group whose first member it is null together with. */
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i && list[i].group == i; k++) {
            if (list[k].group == k && are_together(search, &list[k], &list[i])) {
                list[i].group = k;
            }
        }
    }
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < count && code == TEND_OK; i++) {
        if (list[i].group == i) {
            code = report_group(search, list, count, i, err);
        }
    }
    tend__mem_free(list);
    return code;
}
