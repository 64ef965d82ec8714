/* SPDX-License-Identifier: Apache-2.0 */
/* profile.c: counts batches at the places of a plan, and adds profiles. */
#include "profile/profile.h"

#include "base/mem.h"
#include "profile/column_add.h"
#include "profile/plan_inner.h"
#include "profile/profile_inner.h"

#include <math.h>
#include <string.h>

/* Room for the features of vectors, none where the plan has no vectors. */
static enum tend_code init_features(struct tend__profile *profile, struct tend_error *err)
{
    const struct tend__plan *plan = profile->plan;
    size_t count = 0;
    size_t row_size = 0;
    for (size_t i = 0; i < plan->column_count; i++) {
        const struct tend__random_features *features = plan->finders[i].features;
        if (features != NULL) {
            const size_t size =
                plan->columns[i].dim + tend__random_features_scratch(features) + TEND_FEATURE_COUNT;
            row_size = size > row_size ? size : row_size;
            count++;
        }
    }
    if (count == 0) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_new(row_size, sizeof(*profile->vector_row), &profile->vector_row, err));
    TEND_TRY(tend__mem_new(count * TEND_FEATURE_COUNT, sizeof(*profile->features),
                           &profile->features, err));
    int64_t *features = profile->features;
    for (size_t i = 0; i < plan->column_count; i++) {
        if (plan->finders[i].features != NULL) {
            profile->columns[i].features = features;
            features += TEND_FEATURE_COUNT;
        }
    }
    return TEND_OK;
}

static enum tend_code init_profile(struct tend__profile *profile, struct tend_error *err)
{
    const struct tend__plan *plan = profile->plan;
    size_t cell_count = 0;
    for (size_t i = 0; i < plan->column_count; i++) {
        cell_count += plan->columns[i].cell_count;
    }
    TEND_TRY(tend__mem_new(plan->column_count, sizeof(*profile->columns), &profile->columns, err));
    TEND_TRY(tend__mem_new(plan->column_count, sizeof(*profile->batch_columns),
                           &profile->batch_columns, err));
    TEND_TRY(tend__mem_new(cell_count, sizeof(*profile->cells), &profile->cells, err));
    TEND_TRY(init_features(profile, err));
    uint64_t *cells = profile->cells;
    for (size_t i = 0; i < plan->column_count; i++) {
        profile->columns[i].cell_count = plan->columns[i].cell_count;
        profile->columns[i].cells = cells;
        tend__column_profile_reset(&profile->columns[i]);
        cells += plan->columns[i].cell_count;
    }
    return TEND_OK;
}

enum tend_code tend__profile_new(struct tend__plan *plan, struct tend__profile **out,
                                 struct tend_error *err)
{
    struct tend__profile *profile = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*profile), &profile, err));
    profile->plan = tend__plan_ref(plan);
    const enum tend_code code = init_profile(profile, err);
    if (code != TEND_OK) {
        tend__profile_free(profile);
        return code;
    }
    *out = profile;
    return TEND_OK;
}

void tend__profile_free(struct tend__profile *profile)
{
    if (profile == NULL) {
        return;
    }
    for (size_t i = 0; i < profile->new_count; i++) {
        tend__column_sketches_free(profile->new_columns[i].sketches);
        tend__mem_free((void *)(uintptr_t)profile->new_columns[i].name);
    }
    tend__profile_free_sketches(profile);
    tend__label_deinit(&profile->label);
    tend__mem_free(profile->new_columns);
    tend__mem_free(profile->cells);
    tend__mem_free(profile->features);
    tend__mem_free(profile->vector_row);
    tend__mem_free(profile->batch_columns);
    tend__mem_free(profile->columns);
    tend__plan_unref(profile->plan);
    tend__mem_free(profile);
}

/* Where `name` is among the new columns, or where it belongs. */
static size_t find_new(const struct tend__profile *profile, const char *name, bool *found)
{
    size_t at = 0;
    while (at < profile->new_count && strcmp(profile->new_columns[at].name, name) < 0) {
        at++;
    }
    *found = at < profile->new_count && strcmp(profile->new_columns[at].name, name) == 0;
    return at;
}

struct tend__new_column *tend__profile_find_new(struct tend__profile *profile, const char *name)
{
    bool found = false;
    const size_t at = find_new(profile, name, &found);
    return found ? &profile->new_columns[at] : NULL;
}

static void remove_new(struct tend__profile *profile, size_t at)
{
    tend__column_sketches_free(profile->new_columns[at].sketches);
    tend__mem_free((void *)(uintptr_t)profile->new_columns[at].name);
    profile->new_count--;
    memmove(profile->new_columns + at, profile->new_columns + at + 1,
            (profile->new_count - at) * sizeof(*profile->new_columns));
}

enum tend_code tend__profile_add_new(struct tend__profile *profile,
                                     const struct tend__new_column *column, struct tend_error *err)
{
    bool found = false;
    const size_t at = find_new(profile, column->name, &found);
    if (found) {
        struct tend__new_column *known = &profile->new_columns[at];
        known->type = column->type < known->type ? column->type : known->type;
        known->row_count += column->row_count;
        return TEND_OK;
    }
    /* The names that come first are kept. A name that is dropped has as many before it in every
     * other order too. */
    if (at >= TEND_PROFILE_NEW_COLUMNS_MAX) {
        return TEND_OK;
    }
    char *name = NULL;
    TEND_TRY(tend__mem_grow(&profile->new_columns, &profile->new_cap, profile->new_count + 1,
                            TEND_PROFILE_NEW_COLUMNS_MAX + 1, sizeof(*profile->new_columns), err));
    TEND_TRY(tend__mem_text(column->name, strlen(column->name), &name, err));
    memmove(profile->new_columns + at + 1, profile->new_columns + at,
            (profile->new_count - at) * sizeof(*profile->new_columns));
    profile->new_columns[at] = *column;
    profile->new_columns[at].name = name;
    profile->new_columns[at].sketches = NULL;
    profile->new_count++;
    if (profile->new_count > TEND_PROFILE_NEW_COLUMNS_MAX) {
        remove_new(profile, profile->new_count - 1);
    }
    return TEND_OK;
}

/* Takes back the new columns that have no rows, because memory ended before they were counted. */
static void drop_unmet(struct tend__profile *profile)
{
    for (size_t i = profile->new_count; i > 0; i--) {
        if (profile->new_columns[i - 1].row_count == 0) {
            remove_new(profile, i - 1);
        }
    }
}

/* Makes room for the new columns of a batch with 0 rows, so that counting cannot fail afterwards.
 */
static enum tend_code meet_new_columns(struct tend__profile *profile,
                                       const struct tend__batch *batch, struct tend_error *err)
{
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < batch->column_count && code == TEND_OK; i++) {
        const struct tend__new_column column = {
            .name = batch->fields[i].name, .type = batch->columns[i].type, .row_count = 0};
        if (tend__plan_find(profile->plan, column.name) == SIZE_MAX) {
            code = tend__profile_add_new(profile, &column, err);
            struct tend__new_column *known = tend__profile_find_new(profile, column.name);
            if (code == TEND_OK && known != NULL) {
                code = tend__profile_meet_new(profile, known, column.type, err);
            }
        }
    }
    if (code != TEND_OK) {
        drop_unmet(profile);
    }
    return code;
}

static void count_new_columns(struct tend__profile *profile, const struct tend__batch *batch)
{
    for (size_t i = 0; i < batch->column_count; i++) {
        if (tend__plan_find(profile->plan, batch->fields[i].name) != SIZE_MAX) {
            continue;
        }
        struct tend__new_column *known = tend__profile_find_new(profile, batch->fields[i].name);
        if (known != NULL) {
            known->row_count += batch->row_count;
            if (known->sketches != NULL) {
                tend__column_sketches_add(known->sketches, &batch->columns[i], batch->row_count);
            }
        }
    }
}

/* The column of the batch with a name, or SIZE_MAX. */
static size_t find_in_batch(const struct tend__batch *batch, const char *name, size_t guess)
{
    if (guess < batch->column_count && strcmp(batch->fields[guess].name, name) == 0) {
        return guess;
    }
    for (size_t i = 0; i < batch->column_count; i++) {
        if (strcmp(batch->fields[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Of a column with rests: one number at a time. */
static void count_rests(struct tend__column_profile *profile,
                        const struct tend__cell_finder *finder, const struct tend__column *column,
                        size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        if (tend__is_valid(column, i)) {
            profile->cells[tend__plan_rest_cell(finder, column->f64[i], column->rest[i])]++;
        }
    }
}

static void add_numbers(struct tend__column_profile *profile,
                        const struct tend__cell_finder *finder, const struct tend__column *column,
                        size_t row_count)
{
    struct tend__number_block block;
    for (size_t begin = 0; begin < row_count; begin += TEND_NUMBER_BLOCK) {
        const size_t left = row_count - begin;
        tend__column_add_numbers(profile, finder->kernel, column, begin,
                                 left < TEND_NUMBER_BLOCK ? left : TEND_NUMBER_BLOCK, &block);
        if (column->rest == NULL) {
            tend__plan_count_numbers(finder, block.x, block.count, block.extent.all_whole,
                                     profile->cells);
        }
    }
    if (column->rest != NULL) {
        count_rests(profile, finder, column, row_count);
    }
}

/* The cells of the valid texts; returns how many are not valid. */
static uint64_t count_texts(struct tend__column_profile *profile,
                            const struct tend__cell_finder *finder,
                            const struct tend__column *column, size_t row_count)
{
    const size_t other_idx = profile->cell_count - 1;
    uint64_t *cells = profile->cells;
    uint64_t null_count = 0;
    for (size_t i = 0; i < row_count; i++) {
        if (!tend__is_valid(column, i)) {
            null_count++;
            continue;
        }
        const struct tend__text *text = &column->text[i];
        const uint32_t at = tend__text_map_find(&finder->map, text->ptr, text->len);
        cells[at == TEND_TEXT_NONE ? other_idx : at]++;
    }
    return null_count;
}

static void add_texts(struct tend__column_profile *profile, const struct tend__cell_finder *finder,
                      const struct tend__column *column, size_t row_count)
{
    profile->row_count += row_count;
    profile->null_count += count_texts(profile, finder, column, row_count);
}

static void add_column(struct tend__column_profile *profile, const struct tend__plan *plan,
                       size_t column_idx, const struct tend__column *column, size_t row_count)
{
    const enum tend_type type = plan->columns[column_idx].type;
    if (column->type == TEND_TYPE_NULL) {
        profile->row_count += row_count;
        profile->null_count += row_count;
        return;
    }
    if (column->type != type) {
        profile->type_changed_count += row_count;
        profile->types_seen |= UINT32_C(1) << (uint32_t)column->type;
        return;
    }
    switch (type) {
    case TEND_TYPE_NUMBER:
        add_numbers(profile, &plan->finders[column_idx], column, row_count);
        return;
    case TEND_TYPE_BOOL:
        tend__column_add_bools(profile, column, row_count);
        return;
    case TEND_TYPE_TEXT:
        add_texts(profile, &plan->finders[column_idx], column, row_count);
        return;
    case TEND_TYPE_TIME:
        tend__column_add_times(profile, column, row_count);
        return;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return;
    }
}

static void add_sketches(struct tend__profile *profile, const struct tend__batch *batch)
{
    const struct tend__plan *plan = profile->plan;
    for (size_t i = 0; i < plan->column_count; i++) {
        const size_t at = profile->batch_columns[i];
        if (at != SIZE_MAX && profile->sketches[i] != NULL &&
            batch->columns[at].type == plan->columns[i].type) {
            tend__column_sketches_add(profile->sketches[i], &batch->columns[at], batch->row_count);
        }
    }
}

static void add_vectors(struct tend__profile *profile, size_t column_idx,
                        const struct tend__column *column, size_t row_count)
{
    const struct tend__vector_adder adder = {.dim = profile->plan->columns[column_idx].dim,
                                             .features =
                                                 profile->plan->finders[column_idx].features,
                                             .room = profile->vector_row};
    tend__column_add_vectors(&profile->columns[column_idx], &adder, column, row_count);
}

/* Column `at` of the batch, SIZE_MAX where it has none, to a column of the plan. */
static void add_found(struct tend__profile *profile, size_t column_idx,
                      const struct tend__batch *batch, size_t at)
{
    const struct tend__plan *plan = profile->plan;
    if (at == SIZE_MAX) {
        profile->columns[column_idx].absent_count += batch->row_count;
    } else if (plan->columns[column_idx].type == TEND_TYPE_VECTOR &&
               batch->columns[at].type == TEND_TYPE_VECTOR) {
        add_vectors(profile, column_idx, &batch->columns[at], batch->row_count);
    } else {
        add_column(&profile->columns[column_idx], plan, column_idx, &batch->columns[at],
                   batch->row_count);
    }
}

enum tend_code tend__profile_add(struct tend__profile *profile, const struct tend__batch *batch,
                                 struct tend_error *err)
{
    if (batch->row_count == 0) {
        return TEND_OK;
    }
    const struct tend__plan *plan = profile->plan;
    size_t found_count = 0;
    for (size_t i = 0; i < plan->column_count; i++) {
        const size_t at = find_in_batch(batch, plan->columns[i].name, profile->batch_columns[i]);
        profile->batch_columns[i] = at;
        found_count += at == SIZE_MAX ? 0 : 1;
    }
    if (found_count < batch->column_count) {
        TEND_TRY(meet_new_columns(profile, batch, err));
        count_new_columns(profile, batch);
    }
    profile->row_count += batch->row_count;
    for (size_t i = 0; i < plan->column_count; i++) {
        add_found(profile, i, batch, profile->batch_columns[i]);
    }
    if (profile->sketches != NULL) {
        add_sketches(profile, batch);
    }
    return TEND_OK;
}

/* The cells of the numbers only. */
static void count_numbers(struct tend__column_profile *profile,
                          const struct tend__cell_finder *finder, const struct tend__column *column,
                          size_t row_count)
{
    struct tend__number_block block;
    if (column->rest != NULL) {
        count_rests(profile, finder, column, row_count);
        return;
    }
    for (size_t begin = 0; begin < row_count; begin += TEND_NUMBER_BLOCK) {
        const size_t left = row_count - begin;
        tend__column_finite_numbers(finder->kernel, column, begin,
                                    left < TEND_NUMBER_BLOCK ? left : TEND_NUMBER_BLOCK, &block);
        tend__plan_count_numbers(finder, block.x, block.count, block.extent.all_whole,
                                 profile->cells);
    }
}

void tend__profile_add_open(struct tend__profile *profile, const struct tend__batch *batch,
                            const bool *is_open)
{
    const struct tend__plan *plan = profile->plan;
    for (size_t i = 0; i < plan->column_count; i++) {
        const enum tend_type type = plan->columns[i].type;
        if (!is_open[i]) {
            continue;
        }
        const size_t at = find_in_batch(batch, plan->columns[i].name, profile->batch_columns[i]);
        profile->batch_columns[i] = at;
        if (type == TEND_TYPE_VECTOR) {
            add_found(profile, i, batch, at);
            continue;
        }
        if (at == SIZE_MAX || batch->columns[at].type != type) {
            continue;
        }
        if (type == TEND_TYPE_NUMBER) {
            count_numbers(&profile->columns[i], &plan->finders[i], &batch->columns[at],
                          batch->row_count);
        } else if (type == TEND_TYPE_TEXT) {
            (void)count_texts(&profile->columns[i], &plan->finders[i], &batch->columns[at],
                              batch->row_count);
        }
    }
}

/* The smaller and the larger of two numbers of which NaN is none. */
static double least(double a, double b)
{
    return isnan(a) || b < a ? b : a;
}

static double greatest(double a, double b)
{
    return isnan(a) || b > a ? b : a;
}

static void merge_columns(struct tend__column_profile *into,
                          const struct tend__column_profile *from)
{
    into->row_count += from->row_count;
    into->absent_count += from->absent_count;
    into->type_changed_count += from->type_changed_count;
    into->types_seen |= from->types_seen;
    into->null_count += from->null_count;
    into->nan_count += from->nan_count;
    into->pos_inf_count += from->pos_inf_count;
    into->neg_inf_count += from->neg_inf_count;
    into->zero_count += from->zero_count;
    into->min = least(into->min, from->min);
    into->max = greatest(into->max, from->max);
    tend__exact_sum_merge(&into->sum, &from->sum);
    tend__exact_sum_merge(&into->sum_squares, &from->sum_squares);
    into->min_us = from->min_us < into->min_us ? from->min_us : into->min_us;
    into->max_us = from->max_us > into->max_us ? from->max_us : into->max_us;
    for (size_t i = 0; i < TEND_ARRAY_LEN(into->hours); i++) {
        into->hours[i] += from->hours[i];
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(into->weekdays); i++) {
        into->weekdays[i] += from->weekdays[i];
    }
    for (size_t i = 0; into->features != NULL && i < TEND_FEATURE_COUNT; i++) {
        into->features[i] += from->features[i];
    }
    for (size_t i = 0; i < into->cell_count; i++) {
        into->cells[i] += from->cells[i];
    }
}

/* New columns of `from` that `into` does not know, with 0 rows; takes them back where memory ends.
 */
static enum tend_code merge_new_names(struct tend__profile *into, const struct tend__profile *from,
                                      struct tend_error *err)
{
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < from->new_count && code == TEND_OK; i++) {
        struct tend__new_column column = from->new_columns[i];
        column.row_count = 0;
        code = tend__profile_add_new(into, &column, err);
    }
    return code;
}

enum tend_code tend__profile_merge(struct tend__profile *into, const struct tend__profile *from,
                                   struct tend_error *err)
{
    TEND_TRY(tend__plan_match(into->plan, from->plan, err));
    enum tend_code code = merge_new_names(into, from, err);
    if (code == TEND_OK) {
        code = tend__profile_prepare_sketches(into, from, err);
    }
    if (code != TEND_OK) {
        drop_unmet(into);
        return code;
    }
    tend__profile_merge_sketches(into, from);
    for (size_t i = 0; i < from->new_count; i++) {
        struct tend__new_column *known = tend__profile_find_new(into, from->new_columns[i].name);
        if (known != NULL) {
            known->row_count += from->new_columns[i].row_count;
        }
    }
    tend__label_merge(&into->label, &from->label);
    into->row_count += from->row_count;
    for (size_t i = 0; i < into->plan->column_count; i++) {
        merge_columns(&into->columns[i], &from->columns[i]);
    }
    return TEND_OK;
}

uint64_t tend__profile_row_count(const struct tend__profile *profile)
{
    return profile->row_count;
}

struct tend__plan *tend__profile_plan(const struct tend__profile *profile)
{
    return profile->plan;
}

const struct tend__column_profile *tend__profile_column(const struct tend__profile *profile,
                                                        size_t column_idx)
{
    TEND_ASSERT(column_idx < profile->plan->column_count);
    return &profile->columns[column_idx];
}

const struct tend__new_column *tend__profile_new_columns(const struct tend__profile *profile,
                                                         size_t *count)
{
    *count = profile->new_count;
    return profile->new_columns;
}

uint64_t tend__profile_value_count(const struct tend__profile *profile, size_t column_idx)
{
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    uint64_t count = 0;
    if (profile->plan->columns[column_idx].type == TEND_TYPE_VECTOR) {
        return column->row_count - column->null_count - column->nan_count;
    }
    for (size_t i = 0; i < column->cell_count; i++) {
        count += column->cells[i];
    }
    return count;
}

double tend__profile_mean(const struct tend__profile *profile, size_t column_idx)
{
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    const enum tend_type type = profile->plan->columns[column_idx].type;
    const double count = (double)tend__profile_value_count(profile, column_idx);
    if (count == 0 || (type != TEND_TYPE_NUMBER && type != TEND_TYPE_BOOL)) {
        return (double)NAN;
    }
    if (type == TEND_TYPE_BOOL) {
        return (double)column->cells[1] / count;
    }
    return tend__exact_sum_value(&column->sum) / count;
}

double tend__profile_sd(const struct tend__profile *profile, size_t column_idx)
{
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    const enum tend_type type = profile->plan->columns[column_idx].type;
    const uint64_t count = tend__profile_value_count(profile, column_idx);
    if (count == 0 || (type != TEND_TYPE_NUMBER && type != TEND_TYPE_BOOL)) {
        return (double)NAN;
    }
    if (count == 1) {
        return 0;
    }
    if (type == TEND_TYPE_BOOL) {
        const double n = (double)count;
        const double share = (double)column->cells[1] / n;
        return sqrt(share * (1 - share) * n / (n - 1));
    }
    if (column->sum_squares.pos_inf_count > 0) {
        return (double)INFINITY;
    }
    return sqrt(tend__exact_sum_variance(&column->sum, &column->sum_squares, count));
}

/* The mean of the exponential distribution of rate a (of any sign) cut to [0, 1]. */
static double cut_exponential_mean(double a)
{
    return fabs(a) < 1e-6 ? 0.5 - a / 12 : 1 / a - 1 / expm1(a);
}

/*
 * Where the share `part` of an open cell ends, on [0, 1] between its ends: of all distributions
 * with the cell's mean the exponential that is cut to it assumes least (it has the greatest
 * entropy). A straight line would place the 99 % quantile of a long tail halfway to the greatest
 * value.
 */
static double tail_part(double part, double mean)
{
    double low = -700;
    double high = 700;
    if (!(mean > 0) || !(mean < 1)) {
        return part;
    }
    for (int i = 0; i < 60; i++) {
        const double a = low / 2 + high / 2;
        if (cut_exponential_mean(a) > mean) {
            low = a;
        } else {
            high = a;
        }
    }
    const double a = low / 2 + high / 2;
    return fabs(a) < 1e-6 ? part : fmin(1, fmax(0, -log1p(part * expm1(-a)) / a));
}

double tend__profile_quantile(const struct tend__profile *profile, size_t column_idx, double p)
{
    const struct tend__column_profile *column = tend__profile_column(profile, column_idx);
    const struct tend__plan_column *plan = &profile->plan->columns[column_idx];
    const double count = (double)tend__profile_value_count(profile, column_idx);
    if (plan->type != TEND_TYPE_NUMBER || count == 0 || isnan(p)) {
        return (double)NAN;
    }
    const double target = p * count;
    double below = 0;
    for (size_t i = 0; i < column->cell_count && p > 0 && p < 1; i++) {
        const double inside = (double)column->cells[i];
        if (inside > 0 && below + inside >= target) {
            const double low = greatest(plan->cell_lows[i], column->min);
            const double high = least(plan->cell_highs[i], column->max);
            const bool is_open = isinf(plan->cell_lows[i]) || isinf(plan->cell_highs[i]);
            const double part = (target - below) / inside;
            const double mean = (plan->cell_positions[i] - low) / (high - low);
            const double share = is_open ? tail_part(part, mean) : part;
            return low * (1 - share) + high * share;
        }
        below += inside;
    }
    return p <= 0 ? column->min : column->max;
}
