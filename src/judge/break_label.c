/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_label.c: outcomes that broke on their way: they stop, all are the same, a class is gone, or
 * they are turned over. It runs before the rules of shape, which leave a broken label alone.
 *
 * Stopped: the share without an outcome rises as for a null spike; not judged where outcomes may
 * simply not be known yet. Constant, or a class gone: at least 20 rows of the class were expected
 * and less than a tenth came. Turned over: the correlation of label and score in a sample of the
 * rows has changed its sign, beyond four standard errors of Fisher's z, and the rate of a two-class
 * label is nearer to its complement, where it is not near one half; without a score, the share
 * of a lopsided two-class label is now what its complement was.
 *
 * A drift of the outcome's rate is no break: it passes through the rates between.
 */
#include "judge/break_rules.h"

#include <math.h>
#include <string.h>

#define NULL_TOLERANCE 0.05
#define NULL_ERRORS 5.0
#define GONE_SHARE 0.1
#define GONE_ROWS_MIN 20.0
#define CLASSES_MAX 64
#define SAMPLE_MIN 100
#define AGREEMENT_MIN 0.15
#define TURNED_SHARE_MIN 0.7
#define TURNED_ERRORS 4.0
#define RATE_TELLS_MIN 0.1
#define LOPSIDED_MIN 0.5 /* |1 - 2 p|: without a score nearer rates can drift past each other */

static enum tend_code report(struct tend__break_search *search, size_t column_idx, const char *what,
                             double share, double evidence, struct tend_error *err)
{
    struct tend__break found = tend__break_make(search, TEND_BREAK_LABEL_BREAK, column_idx);
    tend__break_text(found.to, (struct tend__text){.ptr = what, .len = strlen(what)});
    found.share = fmin(1, share);
    found.evidence = evidence;
    return tend__break_add(search, &found, err);
}

static double rise_of(const struct tend__break_search *search, const struct tend__profile *other,
                      size_t column_idx)
{
    return tend__break_null_share(other, column_idx) -
           tend__break_null_share(search->ref, column_idx);
}

static enum tend_code find_stopped(struct tend__break_search *search, size_t column_idx,
                                   struct tend_error *err)
{
    const double n = (double)tend__profile_column(search->cur, column_idx)->row_count;
    const double before = tend__break_null_share(search->ref, column_idx);
    const double now = tend__break_null_share(search->cur, column_idx);
    const double natural = tend__break_natural(search, column_idx, rise_of);
    const double threshold = fmax(NULL_ERRORS * sqrt(now * (1 - now) / n),
                                  tend__break_threshold(search, NULL_TOLERANCE, natural));
    if (search->options->label_may_be_pending || n < TEND__BREAK_VALUES_MIN ||
        !(now - before > threshold)) {
        return TEND_OK;
    }
    return report(search, column_idx, "missing", (now - before) / (1 - before),
                  (now - before) / threshold, err);
}

/* A number's value, where it is one: its cell's. Bins have none. */
static bool name_class(const struct tend__break_search *search, size_t column_idx, size_t cell,
                       char out[TEND_BREAK_TEXT_SIZE])
{
    const struct tend__plan_column *plan = tend__plan_column(search->plan, column_idx);
    if (plan->type == TEND_TYPE_TEXT) {
        if (cell < plan->category_count) {
            tend__break_text(out, plan->categories[cell]);
        }
        return cell < plan->category_count;
    }
    if (plan->type == TEND_TYPE_BOOL) {
        const char *const texts[2] = {"false", "true"};
        tend__break_text(out, (struct tend__text){.ptr = texts[cell], .len = strlen(texts[cell])});
        return true;
    }
    tend__break_number_text(out, plan->cell_lows[cell]);
    return plan->cell_lows[cell] == plan->cell_highs[cell];
}

static size_t count_filled(const struct tend__profile *profile, size_t column_idx)
{
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    size_t count = 0;
    for (size_t i = 0; i < column->cell_count; i++) {
        count += column->cells[i] > 0 ? 1 : 0;
    }
    return count;
}

static bool was_gone(const struct tend__break_search *search, size_t column_idx, size_t cell)
{
    for (size_t i = 0; i < search->options->history_count; i++) {
        const struct tend__profile *day = search->options->history[i];
        if (tend__profile_value_count(day, column_idx) > 0 &&
            tend__profile_column(day, column_idx)->cells[cell] == 0) {
            return true;
        }
    }
    return false;
}

/* Classes that are gone; where only one is left the label is constant. */
static enum tend_code find_gone(struct tend__break_search *search, size_t column_idx,
                                struct tend_error *err)
{
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    const double n_ref = (double)tend__profile_value_count(search->ref, column_idx);
    const double n_cur = (double)tend__profile_value_count(search->cur, column_idx);
    double gone = 0;
    double evidence = 0;
    char text[TEND_BREAK_TEXT_SIZE] = "";
    for (size_t i = 0; i < ref->cell_count; i++) {
        const double before = (double)ref->cells[i] / n_ref;
        char name[TEND_BREAK_TEXT_SIZE] = "";
        if (before * n_cur < GONE_ROWS_MIN ||
            (double)cur->cells[i] >= GONE_SHARE * before * n_cur ||
            !name_class(search, column_idx, i, name) || was_gone(search, column_idx, i)) {
            continue;
        }
        memcpy(text, name, sizeof(text));
        gone += before;
        evidence = fmax(evidence, before * n_cur / GONE_ROWS_MIN);
    }
    if (!(gone > 0)) {
        return TEND_OK;
    }
    struct tend__break found = tend__break_make(search, TEND_BREAK_LABEL_BREAK, column_idx);
    const bool is_constant = count_filled(search->cur, column_idx) == 1;
    const char *what = is_constant ? "constant" : "class gone";
    memcpy(found.from, text, sizeof(text));
    tend__break_text(found.to, (struct tend__text){.ptr = what, .len = strlen(what)});
    found.share = is_constant ? 1 : gone;
    found.evidence = evidence;
    return tend__break_add(search, &found, err);
}

/* A label or score as a number: of a text whether it is the first category. */
static bool read_number(const struct tend__column *column, struct tend__text first, size_t row_idx,
                        double *out)
{
    if (!tend__is_valid(column, row_idx) ||
        (column->type != TEND_TYPE_NUMBER && column->type != TEND_TYPE_BOOL &&
         column->type != TEND_TYPE_TEXT)) {
        return false;
    }
    if (column->type == TEND_TYPE_TEXT) {
        const struct tend__text text = column->text[row_idx];
        *out = text.len == first.len && memcmp(text.ptr, first.ptr, first.len) == 0 ? 1 : 0;
    } else if (column->type == TEND_TYPE_BOOL) {
        *out = column->bools[row_idx];
    } else {
        *out = column->f64[row_idx];
    }
    return isfinite(*out);
}

/* Pearson's correlation of label and score over the sample; *count rows have both. 0 where one does
 * not vary. */
static double agreement(const struct tend__break_search *search, const struct tend__batch *rows,
                        size_t label_idx, size_t score_idx, double *count)
{
    const struct tend__column *label = tend__break_rows_column(search, rows, label_idx);
    const struct tend__column *score = tend__break_rows_column(search, rows, score_idx);
    const struct tend__plan_column *plan = tend__plan_column(search->plan, label_idx);
    const struct tend__text first =
        plan->category_count > 0 ? plan->categories[0] : (struct tend__text){.ptr = "", .len = 0};
    double sums[5] = {0};
    *count = 0;
    for (size_t i = 0; label != NULL && score != NULL && i < rows->row_count; i++) {
        double x = 0;
        double y = 0;
        if (read_number(label, first, i, &x) && read_number(score, first, i, &y)) {
            *count += 1;
            sums[0] += x;
            sums[1] += y;
            sums[2] += x * x;
            sums[3] += y * y;
            sums[4] += x * y;
        }
    }
    const double n = *count;
    const double square = (n * sums[2] - sums[0] * sums[0]) * (n * sums[3] - sums[1] * sums[1]);
    return square > 0 ? (n * sums[4] - sums[0] * sums[1]) / sqrt(square) : 0;
}

/* Whether a two-class label's rate is nearer to its complement than to what it was. A change of the
 * world that turns the agreement over leaves the rate; labels that are turned over turn it too.
 * Rates near one half tell neither. */
static bool is_rate_turned(double before, double now)
{
    return fabs(1 - 2 * before) < RATE_TELLS_MIN || fabs(now - (1 - before)) < fabs(now - before);
}

static bool is_turned_in_rate(const struct tend__break_search *search, size_t column_idx)
{
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    size_t cell = 0;
    while (cell < ref->cell_count && ref->cells[cell] == 0) {
        cell++;
    }
    return count_filled(search->ref, column_idx) != 2 ||
           is_rate_turned((double)ref->cells[cell] /
                              (double)tend__profile_value_count(search->ref, column_idx),
                          (double)cur->cells[cell] /
                              (double)tend__profile_value_count(search->cur, column_idx));
}

static enum tend_code find_turned(struct tend__break_search *search, size_t label_idx,
                                  size_t score_idx, struct tend_error *err)
{
    double n_ref = 0;
    double n_cur = 0;
    const double before =
        agreement(search, &search->options->ref_rows, label_idx, score_idx, &n_ref);
    const double now = agreement(search, &search->options->cur_rows, label_idx, score_idx, &n_cur);
    if (n_ref < SAMPLE_MIN || n_cur < SAMPLE_MIN || !(fabs(before) > AGREEMENT_MIN)) {
        return TEND_OK;
    }
    /* With a share s turned over the correlation is about (1 - 2 s) of what it was. */
    const double share = (1 - now / before) / 2;
    const double errors = fabs(atanh(fmax(-0.999, fmin(0.999, now)))) * sqrt(n_cur - 3);
    if (!(share > TURNED_SHARE_MIN) || !(errors > TURNED_ERRORS) ||
        !is_turned_in_rate(search, label_idx)) {
        return TEND_OK;
    }
    return report(search, label_idx, "inverted", share, share / TURNED_SHARE_MIN, err);
}

/* Two classes without a score: their shares have changed places. */
static enum tend_code find_turned_rate(struct tend__break_search *search, size_t column_idx,
                                       struct tend_error *err)
{
    const struct tend__column_profile *ref = tend__profile_column(search->ref, column_idx);
    const struct tend__column_profile *cur = tend__profile_column(search->cur, column_idx);
    const double n_ref = (double)tend__profile_value_count(search->ref, column_idx);
    const double n_cur = (double)tend__profile_value_count(search->cur, column_idx);
    size_t classes[2] = {0};
    size_t count = 0;
    for (size_t i = 0; i < ref->cell_count && count <= 2; i++) {
        if (ref->cells[i] > 0) {
            classes[count < 2 ? count : 1] = i;
            count++;
        }
    }
    if (count != 2) {
        return TEND_OK;
    }
    const double before = (double)ref->cells[classes[0]] / n_ref;
    const double now = (double)cur->cells[classes[0]] / n_cur;
    const double error = sqrt(before * (1 - before) * (1 / n_ref + 1 / n_cur));
    const double off = fabs(now - (1 - before));
    if (!(fabs(1 - 2 * before) > LOPSIDED_MIN) || !(off < TURNED_ERRORS * error)) {
        return TEND_OK;
    }
    return report(search, column_idx, "inverted", 1, fabs(1 - 2 * before) / LOPSIDED_MIN, err);
}

enum tend_code tend__break_find_labels(struct tend__break_search *search, struct tend_error *err)
{
    const char *label = search->options->label_column;
    const char *score = search->options->score_column;
    const size_t label_idx = label != NULL ? tend__plan_find(search->plan, label) : SIZE_MAX;
    const size_t score_idx = score != NULL ? tend__plan_find(search->plan, score) : SIZE_MAX;
    if (label_idx == SIZE_MAX) {
        return TEND_OK;
    }
    TEND_TRY(find_stopped(search, label_idx, err));
    if (tend__break_is_explained(search, label_idx) ||
        tend__profile_value_count(search->ref, label_idx) < TEND__BREAK_VALUES_MIN ||
        tend__profile_value_count(search->cur, label_idx) < TEND__BREAK_VALUES_MIN) {
        return TEND_OK;
    }
    if (count_filled(search->ref, label_idx) <= CLASSES_MAX) {
        TEND_TRY(find_gone(search, label_idx, err));
    }
    if (tend__break_is_explained(search, label_idx)) {
        return TEND_OK;
    }
    return score_idx != SIZE_MAX ? find_turned(search, label_idx, score_idx, err)
                                 : find_turned_rate(search, label_idx, err);
}

/* ---- without a profile ---- */

void tend__label_counts_add(struct tend__label_counts *counts, double label, double score)
{
    counts->rows += 1;
    if (isnan(label)) {
        return;
    }
    counts->known += 1;
    counts->ones += label;
    if (isfinite(score)) {
        counts->pairs += 1;
        counts->sums[0] += label;
        counts->sums[1] += score;
        counts->sums[2] += label * label;
        counts->sums[3] += score * score;
        counts->sums[4] += label * score;
    }
}

static double correlation(const struct tend__label_counts *counts)
{
    const double n = counts->pairs;
    const double *s = counts->sums;
    const double square = (n * s[2] - s[0] * s[0]) * (n * s[3] - s[1] * s[1]);
    return square > 0 ? (n * s[4] - s[0] * s[1]) / sqrt(square) : 0;
}

static bool make_found(struct tend__break *found, const char *what, double share, double evidence)
{
    *found = (struct tend__break){.kind = TEND_BREAK_LABEL_BREAK,
                                  .column_idx = TEND_BREAK_NO_COLUMN,
                                  .other_column_idx = TEND_BREAK_NO_COLUMN,
                                  .factor = 1,
                                  .share = fmin(1, share),
                                  .evidence = evidence,
                                  .since_row = 1};
    tend__break_text(found->to, (struct tend__text){.ptr = what, .len = strlen(what)});
    return true;
}

bool tend__break_of_labels(const struct tend__label_counts *ref, double missing_max,
                           const struct tend__label_counts *cur, struct tend__break *found)
{
    if (ref->known < SAMPLE_MIN || cur->rows < SAMPLE_MIN) {
        return false;
    }
    const double missing_before = 1 - ref->known / ref->rows;
    const double rise = 1 - cur->known / cur->rows - missing_before;
    const double threshold =
        fmax(NULL_TOLERANCE, TEND__NATURAL_FACTOR * (missing_max - missing_before));
    if (rise > threshold) {
        return make_found(found, "missing", rise / (1 - missing_before), rise / threshold);
    }
    const double rate = ref->ones / ref->known;
    const double rarer = fmin(rate, 1 - rate) * cur->known;
    const bool has_one = !(cur->ones > 0) || !(cur->ones < cur->known);
    if (has_one && rarer >= GONE_ROWS_MIN) {
        return make_found(found, "constant", 1, rarer / GONE_ROWS_MIN);
    }
    const double before = correlation(ref);
    const double share = (1 - correlation(cur) / before) / 2;
    const double errors =
        fabs(atanh(fmax(-0.999, fmin(0.999, correlation(cur))))) * sqrt(cur->pairs - 3);
    if (cur->pairs >= SAMPLE_MIN && fabs(before) > AGREEMENT_MIN && share > TURNED_SHARE_MIN &&
        errors > TURNED_ERRORS && fabs(1 - 2 * rate) >= RATE_TELLS_MIN &&
        is_rate_turned(rate, cur->ones / cur->known)) {
        return make_found(found, "inverted", share, share / TURNED_SHARE_MIN);
    }
    return false;
}
