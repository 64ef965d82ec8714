/* SPDX-License-Identifier: Apache-2.0 */
/* contract_guess.c: from what was seen to what is asked, with room for what was not seen yet. */
#include "judge/contract_infer.h"

#include "base/buf.h"
#include "base/civil.h"
#include "base/mem.h"
#include "judge/contract_infer_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAILURE_MAX 0.001
#define UNSEEN 3.0         /* of n: the upper 95 % bound of what never came */
#define NOT_NULL_ROWS 1000 /* fewer rows without a null do not show that there are none */
#define VALUES_MAX 30      /* a longer list is no list that a person keeps */
#define VALUES_BYTES_MAX 600
#define ROWS_PER_VALUE 20
#define DENSE_MAX 64         /* whole numbers without a gap: their ends are kept exactly */
#define COUNTEREXAMPLES 10.0 /* to be expected of a relation that does not exist */
#define TAIL_ROOM 3.0        /* times the stretch between the last twentieth and the end */
#define YEARS_AHEAD 10

/* ---- round numbers ---- */

/* The next of 1, 2, 5 times a power of ten at or above x > 0. */
static double round_share(double x)
{
    const double power = pow(10, floor(log10(x)));
    const double digit = x / power;
    const double nice = digit <= 1 + 1e-9 ? 1 : digit <= 2 + 1e-9 ? 2 : digit <= 5 + 1e-9 ? 5 : 10;
    /* By dividing: 5 / 1000 is 0.005, which 5 * 0.001 is not. */
    const double share = power < 1 ? nice / round(1 / power) : nice * power;
    return share < 1 ? share : 1;
}

/* Two digits, away from zero. */
static double round_out(double x)
{
    if (!(fabs(x) > 0)) {
        return 0;
    }
    const double power = pow(10, floor(log10(fabs(x))) - 1);
    const double digits = ceil(fabs(x) / power * (1 - 1e-12));
    const double bound = power < 1 ? digits / round(1 / power) : digits * power;
    return x < 0 ? -bound : bound;
}

/* ---- columns ---- */

/* What share may be null after `nulls` of n were. */
static double null_share(uint64_t nulls, uint64_t rows)
{
    const double n = (double)rows;
    const double share = n > 0 ? (double)nulls / n : 1;
    if (nulls == 0) {
        return rows >= NOT_NULL_ROWS ? 0 : round_share(fmin(UNSEEN / fmax(n, 1), 1));
    }
    if (share >= 0.9) {
        return TEND_CONTRACT_UNSET;
    }
    return share >= 0.4 ? (1 + share) / 2 : round_share(2 * share + UNSEEN / n);
}

/* How many rows have exactly this value; 0 where the plan has no cell of its own for it. */
static uint64_t count_at(const struct tend__plan_column *plan,
                         const struct tend__column_profile *column, double value)
{
    for (size_t i = 0; i < column->cell_count; i++) {
        if (!(plan->cell_lows[i] < value) && !(plan->cell_highs[i] > value)) {
            return column->cells[i];
        }
    }
    return 0;
}

/* Every value is one of the whole numbers between the ends, each of them came, and the ends often:
 * they are the ends of what there is, and not the rarest that came so far. */
static bool is_dense(const struct infer_column *seen, const struct tend__plan_column *plan,
                     const struct tend__column_profile *column)
{
    if (!seen->is_whole || !seen->is_keyed || seen->keys.level > 0) {
        return false;
    }
    const double width = column->max - column->min + 1;
    return width > 1 && width <= DENSE_MAX && !((double)seen->keys.count < width) &&
           (double)count_at(plan, column, column->min) >= COUNTEREXAMPLES &&
           (double)count_at(plan, column, column->max) >= COUNTEREXAMPLES;
}

static void guess_number(const struct infer_column *seen, const struct tend__profile *profile,
                         size_t idx, struct tend__contract_column *out)
{
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), idx);
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    const uint64_t odd = column->nan_count + column->pos_inf_count + column->neg_inf_count;
    const double low = column->min;
    const double high = column->max;
    out->is_whole = seen->is_whole && isfinite(low);
    if (odd > 0) {
        out->nan_max = round_share(fmin(1, 2 * (double)odd / (double)column->row_count +
                                               UNSEEN / (double)column->row_count));
    }
    if (!isfinite(low)) {
        return;
    }
    if (is_dense(seen, plan, column)) {
        out->low = low;
        out->high = high;
        return;
    }
    const double room = high > low ? (high - low) / 2 : fmax(fabs(high), 1);
    const double tail_low = TAIL_ROOM * (tend__profile_quantile(profile, idx, 0.05) - low);
    const double tail_high = TAIL_ROOM * (high - tend__profile_quantile(profile, idx, 0.95));
    out->low = low >= 0 ? 0 : fmin(round_out(low - fmax(room, tail_low)), 0);
    out->high = high <= 0               ? 0
                : low >= 0 && high <= 1 ? 1
                                        : fmax(round_out(high + fmax(room, tail_high)), 0);
    if (seen->is_keyed && !seen->has_repeat && seen->is_whole && column->row_count > 1) {
        out->high = (double)INFINITY; /* a number that is new in each row grows */
    }
}

/* 0 and 1 alone are a list rather than a range. */
static enum tend_code guess_binary(const struct infer_column *seen,
                                   const struct tend__plan_column *plan,
                                   const struct tend__column_profile *column,
                                   struct tend__contract_column *out, struct tend_error *err)
{
    const bool is_binary = is_dense(seen, plan, column) && !(column->min < 0) &&
                           !(column->min > 0) && !(column->max < 1) && !(column->max > 1);
    if (!is_binary) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_new(2, sizeof(*out->numbers), &out->numbers, err));
    out->numbers[0] = 0;
    out->numbers[1] = 1;
    out->value_count = 2;
    out->low = -(double)INFINITY;
    out->high = (double)INFINITY;
    out->is_whole = false;
    return TEND_OK;
}

static void guess_time(const struct tend__column_profile *column, struct tend__contract_column *out)
{
    if (column->min_us > column->max_us) {
        return;
    }
    const struct tend__civil first = tend__civil_from_us(column->min_us);
    const struct tend__civil last = tend__civil_from_us(column->max_us);
    out->low_us = tend__civil_days(first.year - 1, 1, 1) * TEND_US_PER_DAY;
    out->high_us = tend__civil_days(last.year + YEARS_AHEAD, 1, 1) * TEND_US_PER_DAY;
}

/* ---- texts ---- */

/* All categories of the plan, where they are few and nothing else came. */
static enum tend_code guess_values(const struct tend__plan_column *plan,
                                   const struct tend__column_profile *column,
                                   struct tend__contract_column *out, struct tend_error *err)
{
    const double n = (double)(column->row_count - column->null_count);
    size_t bytes = 0;
    uint64_t once = 0;
    for (size_t i = 0; i < plan->category_count; i++) {
        bytes += plan->categories[i].len;
        once += column->cells[i] == 1 ? 1 : 0;
        if (memchr(plan->categories[i].ptr, '\0', plan->categories[i].len) != NULL) {
            return TEND_OK;
        }
    }
    if (plan->category_count < 1 || plan->category_count > VALUES_MAX ||
        column->cells[plan->category_count] > 0 || bytes > VALUES_BYTES_MAX ||
        n < ROWS_PER_VALUE * (double)plan->category_count) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_new(plan->category_count, sizeof(*out->values), &out->values, err));
    for (size_t i = 0; i < plan->category_count; i++) {
        TEND_TRY(
            tend__mem_text(plan->categories[i].ptr, plan->categories[i].len, &out->values[i], err));
        out->value_count = i + 1;
    }
    out->other_max = round_share(fmax(FAILURE_MAX, UNSEEN * (double)(once + 1) / n));
    return TEND_OK;
}

/* Digits and letters of a kind vary next time where they happened not to now: only what is no digit
 * is kept of a mould. */
static bool is_kept(const struct infer_column *seen, size_t i)
{
    const char c = seen->mould[i];
    return !seen->is_open[i] && !(c >= '0' && c <= '9') && c != '%' && c != '_';
}

/* A pattern that all texts have: of fixed length, or with a common start, or an address. NULL where
 * there is none that says anything. */
static enum tend_code guess_pattern(const struct infer_column *seen, char **out,
                                    struct tend_error *err)
{
    struct tend__buf text;
    size_t kept = 0;
    tend__buf_init(&text, (size_t)4 * INFER_MOULD_MAX);
    if (seen->is_fixed) {
        for (size_t i = 0; i < seen->mould_len; i++) {
            kept += is_kept(seen, i) ? 1 : 0;
            tend__buf_char(&text, is_kept(seen, i) ? seen->mould[i] : '_');
        }
    } else if (seen->has_at && seen->text_count > 0) {
        tend__buf_text(&text, "%@%");
        kept = 1;
    } else {
        while (kept < seen->prefix_len && (unsigned char)seen->mould[kept] < 0x80 &&
               seen->mould[kept] >= ' ' && is_kept(seen, kept)) {
            tend__buf_char(&text, seen->mould[kept++]);
        }
        tend__buf_char(&text, '%');
        kept = kept >= 2 ? kept : 0;
    }
    enum tend_code code = tend__buf_code(&text, err);
    if (code == TEND_OK && kept > 0) {
        code = tend__mem_text(tend__buf_str(&text), text.len, out, err);
    }
    tend__buf_deinit(&text);
    return code;
}

static enum tend_code guess_text(const struct infer_column *seen,
                                 const struct tend__plan_column *plan,
                                 const struct tend__column_profile *column,
                                 struct tend__contract_column *out, struct tend_error *err)
{
    if (seen->text_count == 0) {
        return TEND_OK;
    }
    TEND_TRY(guess_values(plan, column, out, err));
    if (out->values != NULL) {
        return TEND_OK;
    }
    if (seen->text_count >= ROWS_PER_VALUE) {
        TEND_TRY(guess_pattern(seen, &out->like, err));
    }
    if (seen->is_fixed && out->like != NULL) {
        return TEND_OK; /* the pattern has the length in it */
    }
    if (seen->is_fixed && seen->text_count >= ROWS_PER_VALUE) {
        out->length_min = (double)seen->length_min;
        out->length_max = (double)seen->length_max;
    } else {
        out->length_min = seen->length_min > 0 ? 1 : 0;
        out->length_max = round_out(2 * (double)seen->length_max + 1);
    }
    return TEND_OK;
}

static enum tend_code guess_column(const struct tend__infer *infer,
                                   const struct tend__profile *profile, size_t idx,
                                   struct tend__contract_column *out, struct tend_error *err)
{
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), idx);
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    const struct infer_column *seen = NULL;
    for (size_t i = 0; i < infer->column_count && seen == NULL; i++) {
        seen = strcmp(infer->columns[i].name, plan->name) == 0 ? &infer->columns[i] : NULL;
    }
    TEND_TRY(tend__mem_text(plan->name, strlen(plan->name), &out->name, err));
    out->null_max = null_share(column->null_count, column->row_count);
    if (plan->type == TEND_TYPE_NULL || seen == NULL) {
        return TEND_OK;
    }
    out->has_type = true;
    out->type = plan->type;
    if (plan->type == TEND_TYPE_NUMBER) {
        guess_number(seen, profile, idx, out);
        return guess_binary(seen, plan, column, out, err);
    }
    if (plan->type == TEND_TYPE_TIME) {
        guess_time(column, out);
    }
    return plan->type == TEND_TYPE_TEXT ? guess_text(seen, plan, column, out, err) : TEND_OK;
}

/* ---- orders ---- */

static int compare_numbers(const void *a, const void *b)
{
    double x = 0;
    double y = 0;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

static size_t sorted_sample(const double *from, size_t count, double *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isnan(from[i])) {
            out[kept++] = from[i];
        }
    }
    qsort(out, kept, sizeof(*out), compare_numbers);
    return kept;
}

/* The chance that x > y for two rows picked apart: how often chance alone would break x <= y. */
static double chance_above(const struct tend__infer *infer, size_t x_idx, size_t y_idx,
                           double *scratch)
{
    double *x = scratch;
    double *y = scratch + INFER_SAMPLE_MAX;
    const size_t x_count = sorted_sample(infer->numbers[x_idx], infer->sample_count, x);
    const size_t y_count = sorted_sample(infer->numbers[y_idx], infer->sample_count, y);
    double above = 0;
    size_t below = 0;
    for (size_t i = 0; i < x_count; i++) {
        while (below < y_count && y[below] < x[i]) {
            below++;
        }
        above += (double)below;
    }
    return x_count * y_count > 0 ? above / ((double)x_count * (double)y_count) : 0;
}

struct ordered_rule {
    size_t small_idx; /* columns */
    size_t large_idx;
    double chance;
};

/* The orders that chance would have broken at least COUNTEREXAMPLES times, the least likely first.
 */
static size_t find_orders(const struct tend__infer *infer, double *scratch,
                          struct ordered_rule *rules)
{
    size_t count = 0;
    for (size_t p = 0; p < infer->order_count; p++) {
        const struct infer_order *order = &infer->orders[p];
        if (!(order->is_le != order->is_ge) || !order->differs) {
            continue;
        }
        const size_t small = order->is_le ? order->a : order->b;
        const size_t large = order->is_le ? order->b : order->a;
        const double chance = chance_above(infer, small, large, scratch);
        if (chance < 0.05 || chance * (double)order->both_count < COUNTEREXAMPLES) {
            continue;
        }
        const struct ordered_rule rule = {.small_idx = infer->ordered[small],
                                          .large_idx = infer->ordered[large],
                                          .chance = chance};
        size_t at = count < TEND_INFER_RULE_MAX ? count++ : TEND_INFER_RULE_MAX;
        while (at > 0 && rules[at - 1].chance < rule.chance) {
            if (at < TEND_INFER_RULE_MAX) {
                rules[at] = rules[at - 1];
            }
            at--;
        }
        if (at < TEND_INFER_RULE_MAX) {
            rules[at] = rule;
        }
    }
    return count;
}

static bool is_word(const char *name)
{
    static const char *const letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return name[0] != '\0' && strspn(name, letters) == strlen(name) &&
           !(name[0] >= '0' && name[0] <= '9');
}

/* Always in quotes but for plain names that no keyword is: those with an underscore. */
static void add_name(struct tend__buf *out, const char *name)
{
    if (is_word(name) && strchr(name, '_') != NULL) {
        tend__buf_text(out, name);
        return;
    }
    tend__buf_char(out, '"');
    for (const char *at = name; *at != '\0'; at++) {
        tend__buf_text(out, *at == '"' ? "\"" : "");
        tend__buf_char(out, *at);
    }
    tend__buf_char(out, '"');
}

static enum tend_code take_text(struct tend__buf *text, char **out, struct tend_error *err)
{
    enum tend_code code = tend__buf_code(text, err);
    if (code == TEND_OK) {
        code = tend__mem_text(tend__buf_str(text), text->len, out, err);
    }
    tend__buf_deinit(text);
    return code;
}

static enum tend_code make_rule(const struct tend__infer *infer, const struct ordered_rule *order,
                                size_t number, struct tend__contract_rule *out,
                                struct tend_error *err)
{
    struct tend__buf text;
    const char *small = infer->columns[order->small_idx].name;
    const char *large = infer->columns[order->large_idx].name;
    *out = (struct tend__contract_rule){.kind = TEND_RULE_ROW,
                                        .low = -(double)INFINITY,
                                        .high = (double)INFINITY,
                                        .failure_max = TEND_CONTRACT_UNSET};
    tend__buf_init(&text, (size_t)1 << 16);
    if (is_word(small) && is_word(large)) {
        tend__buf_printf(&text, "%s_at_most_%s", small, large);
    } else {
        tend__buf_printf(&text, "order_%zu", number);
    }
    TEND_TRY(take_text(&text, &out->name, err));
    tend__buf_init(&text, (size_t)1 << 16);
    add_name(&text, small);
    tend__buf_text(&text, " <= ");
    add_name(&text, large);
    return take_text(&text, &out->expr, err);
}

static enum tend_code guess_rules(const struct tend__infer *infer, struct tend__contract *out,
                                  struct tend_error *err)
{
    struct ordered_rule rules[TEND_INFER_RULE_MAX];
    double *scratch = NULL;
    TEND_TRY(tend__mem_new((size_t)2 * INFER_SAMPLE_MAX, sizeof(*scratch), &scratch, err));
    const size_t count = find_orders(infer, scratch, rules);
    enum tend_code code = tend__mem_new(count, sizeof(*out->rules), &out->rules, err);
    for (size_t i = 0; code == TEND_OK && i < count; i++) {
        out->rule_count = i + 1;
        code = make_rule(infer, &rules[i], i + 1, &out->rules[i], err);
    }
    tend__mem_free(scratch);
    return code;
}

/* ---- dependencies and keys ---- */

static int compare_hashes(const void *a, const void *b)
{
    uint64_t x = 0;
    uint64_t y = 0;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

/* The chance that two rows picked apart differ in the column. */
static double chance_differs(const struct tend__infer *infer, size_t k, uint64_t *scratch)
{
    size_t n = 0;
    double same = 0;
    for (size_t i = 0; i < infer->sample_count; i++) {
        if (infer->hashes[k][i] != 0) { /* 0 = null */
            scratch[n++] = infer->hashes[k][i];
        }
    }
    qsort(scratch, n, sizeof(*scratch), compare_hashes);
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && scratch[end] == scratch[i]) {
            end++;
        }
        const double run = (double)(end - i);
        same += run * (run - 1);
        i = end;
    }
    return n > 1 ? 1 - same / ((double)n * (double)(n - 1)) : 0;
}

static enum tend_code copy_names(const struct tend__infer *infer, const size_t *idxs, size_t count,
                                 char ***out, struct tend_error *err)
{
    TEND_TRY(tend__mem_new(count, sizeof(**out), out, err));
    for (size_t i = 0; i < count; i++) {
        const char *name = infer->columns[idxs[i]].name;
        TEND_TRY(tend__mem_text(name, strlen(name), &(*out)[i], err));
    }
    return TEND_OK;
}

static enum tend_code guess_dependencies(const struct tend__infer *infer, uint64_t *scratch,
                                         struct tend__contract *out, struct tend_error *err)
{
    TEND_TRY(tend__mem_new(infer->pair_count, sizeof(*out->dependencies), &out->dependencies, err));
    for (size_t p = 0; p < infer->pair_count; p++) {
        const struct infer_pair *pair = &infer->pairs[p];
        const double distinct = tend__key_set_distinct(&pair->dependency);
        /* Each repeat of a key could have come with another value. */
        const double expected =
            ((double)pair->both_count - distinct) * chance_differs(infer, pair->b, scratch);
        if (!pair->is_dependency || distinct < 3 || expected < COUNTEREXAMPLES ||
            (double)pair->both_count < 5 * distinct ||
            out->dependency_count >= TEND_INFER_RULE_MAX) {
            continue;
        }
        struct tend__contract_dependency *dependency = &out->dependencies[out->dependency_count++];
        const char *name = infer->columns[infer->depend[pair->b]].name;
        dependency->failure_max = TEND_CONTRACT_UNSET;
        dependency->column_count = 1;
        TEND_TRY(copy_names(infer, &infer->depend[pair->a], 1, &dependency->columns, err));
        TEND_TRY(tend__mem_text(name, strlen(name), &dependency->column, err));
    }
    return TEND_OK;
}

/* The different values of a candidate, by its sample where there are too many to count. */
static double distinct_of(const struct tend__infer *infer, size_t k, uint64_t *scratch)
{
    const struct infer_column *column = &infer->columns[infer->depend[k]];
    if (column->is_keyed) {
        return tend__key_set_distinct(&column->keys);
    }
    const double same = 1 - chance_differs(infer, k, scratch);
    return same > 0 ? 1 / same : (double)infer->row_count;
}

/* The pair of columns in which no two rows agree although chance would have made many; none where a
 * single column is enough. */
static enum tend_code guess_key(const struct tend__infer *infer, uint64_t *scratch,
                                struct tend__contract *out, struct tend_error *err)
{
    const struct infer_pair *best = NULL;
    double best_room = (double)INFINITY;
    for (size_t i = 0; i < infer->column_count; i++) {
        const struct infer_column *column = &infer->columns[i];
        if (column->is_keyed && !column->has_repeat && !column->has_null) {
            return TEND_OK;
        }
    }
    for (size_t p = 0; p < infer->pair_count; p++) {
        const struct infer_pair *pair = &infer->pairs[p];
        const struct infer_column *a = &infer->columns[infer->depend[pair->a]];
        const struct infer_column *b = &infer->columns[infer->depend[pair->b]];
        if (!pair->is_key || pair->both_count < infer->row_count ||
            (a->type == TEND_TYPE_NUMBER && b->type == TEND_TYPE_NUMBER) ||
            (a->type == TEND_TYPE_NUMBER && !a->is_whole) ||
            (b->type == TEND_TYPE_NUMBER && !b->is_whole)) {
            continue;
        }
        const double room =
            distinct_of(infer, pair->a, scratch) * distinct_of(infer, pair->b, scratch);
        const double n = (double)infer->row_count;
        if (n * n / (2 * room) >= COUNTEREXAMPLES && room < best_room) {
            best = pair;
            best_room = room;
        }
    }
    if (best == NULL) {
        return TEND_OK;
    }
    const size_t idxs[] = {infer->depend[best->a], infer->depend[best->b]};
    TEND_TRY(tend__mem_new(1, sizeof(*out->keys), &out->keys, err));
    out->key_count = 1;
    out->keys[0].failure_max = TEND_CONTRACT_UNSET;
    out->keys[0].column_count = 2;
    return copy_names(infer, idxs, 2, &out->keys[0].columns, err);
}

enum tend_code tend__infer_contract(const struct tend__infer *infer,
                                    const struct tend__profile *profile, struct tend__contract *out,
                                    struct tend_error *err)
{
    const size_t count = tend__plan_column_count(tend__profile_plan(profile));
    uint64_t *scratch = NULL;
    tend__contract_init(out);
    out->is_given = true;
    out->failure_max = FAILURE_MAX;
    TEND_TRY(tend__mem_new(count, sizeof(*out->columns), &out->columns, err));
    for (size_t i = 0; i < count; i++) {
        tend__contract_column_init(&out->columns[i]);
        out->column_count = i + 1;
        TEND_TRY(guess_column(infer, profile, i, &out->columns[i], err));
    }
    TEND_TRY(guess_rules(infer, out, err));
    TEND_TRY(tend__mem_new(INFER_SAMPLE_MAX, sizeof(*scratch), &scratch, err));
    enum tend_code code = guess_dependencies(infer, scratch, out, err);
    if (code == TEND_OK) {
        code = guess_key(infer, scratch, out, err);
    }
    tend__mem_free(scratch);
    return code;
}
