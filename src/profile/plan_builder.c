/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_builder.c: one pass over the rows of a reference, and the plan from it.
 *
 * Cuts of a number: with W rows of finite values, a value of at least W / bin_max rows is an atom.
 * Going up through the values, a bin is closed at an atom, and at any value where the rows since
 * the last cut have reached W / bin_max, but for the largest value. So there are at most bin_max
 * cuts.
 */
#include "profile/plan.h"

#include "base/mem.h"
#include "profile/column_add.h"
#include "profile/distinct.h"
#include "profile/plan_inner.h"
#include "profile/profile_inner.h"

#include <math.h>
#include <string.h>

#define BIN_DEFAULT 32
#define CATEGORY_DEFAULT 256

struct builder_column {
    char *name;
    enum tend_type type;
    struct tend__column_profile
        profile; /* its cells are `cells`, and used for bool and time only */
    uint64_t cells[TEND_HOUR_COUNT];
    struct tend__distinct *distinct; /* number and text */
    bool has_rest; /* numbers that are no doubles: counted by a pass of their own */
    bool is_again; /* the rows are added once more, to a new counter */
    uint32_t dim;  /* vector, as the next two: 0 = no row is one yet */
    struct tend__vector_sample *sample;
    double *room; /* dim */
};

struct tend__plan_builder {
    const struct tend__kernel *kernel;
    size_t bin_max;
    size_t category_max;
    bool may_repeat;
    bool is_again; /* rows are added once more, for the columns that were left open */
    uint64_t row_count;
    size_t column_count;
    struct builder_column *columns;
};

static enum tend_code init_columns(struct tend__plan_builder *builder,
                                   const struct tend__field *fields, size_t field_count,
                                   struct tend_error *err)
{
    TEND_TRY(tend__mem_new(field_count, sizeof(*builder->columns), &builder->columns, err));
    builder->column_count = field_count;
    for (size_t i = 0; i < field_count; i++) {
        struct builder_column *column = &builder->columns[i];
        for (size_t j = 0; j < i; j++) {
            if (strcmp(fields[i].name, fields[j].name) == 0) {
                return TEND_FAIL(err, EINVAL, "two columns are named '%.100s'", fields[i].name);
            }
        }
        TEND_TRY(tend__mem_text(fields[i].name, strlen(fields[i].name), &column->name, err));
        column->type = fields[i].type;
        column->profile.cells = column->cells;
        column->profile.cell_count = TEND_HOUR_COUNT;
        tend__column_profile_reset(&column->profile);
        if (column->type == TEND_TYPE_NUMBER || column->type == TEND_TYPE_TEXT) {
            TEND_TRY(tend__distinct_new(column->type == TEND_TYPE_TEXT, &column->distinct, err));
        }
        if (column->type == TEND_TYPE_NUMBER) {
            tend__distinct_use_grid(column->distinct, builder->kernel, builder->bin_max,
                                    builder->may_repeat);
        }
    }
    return TEND_OK;
}

enum tend_code tend__plan_builder_new(const struct tend__field *fields, size_t field_count,
                                      const struct tend__plan_options *options,
                                      struct tend__plan_builder **out, struct tend_error *err)
{
    const struct tend__plan_options none = {0};
    const struct tend__plan_options *chosen = options == NULL ? &none : options;
    if (field_count == 0 || field_count > TEND_PLAN_COLUMNS_MAX) {
        return TEND_FAIL(err, EINVAL, "%zu columns are not in 1..%d", field_count,
                         TEND_PLAN_COLUMNS_MAX);
    }
    if (chosen->bin_max > TEND_PLAN_BINS_MAX) {
        return TEND_FAIL(err, EINVAL, "bin_max %zu is not in 0..%d", chosen->bin_max,
                         TEND_PLAN_BINS_MAX);
    }
    if (chosen->category_max > TEND_PLAN_CATEGORIES_MAX) {
        return TEND_FAIL(err, EINVAL, "category_max %zu is not in 0..%d", chosen->category_max,
                         TEND_PLAN_CATEGORIES_MAX);
    }
    struct tend__plan_builder *builder = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*builder), &builder, err));
    builder->kernel = tend__kernel_best();
    builder->may_repeat = chosen->may_repeat;
    builder->bin_max = chosen->bin_max == 0 ? BIN_DEFAULT : chosen->bin_max;
    builder->category_max = chosen->category_max == 0 ? CATEGORY_DEFAULT : chosen->category_max;
    const enum tend_code code = init_columns(builder, fields, field_count, err);
    if (code != TEND_OK) {
        tend__plan_builder_free(builder);
        return code;
    }
    *out = builder;
    return TEND_OK;
}

void tend__plan_builder_free(struct tend__plan_builder *builder)
{
    if (builder == NULL) {
        return;
    }
    for (size_t i = 0; builder->columns != NULL && i < builder->column_count; i++) {
        tend__mem_free(builder->columns[i].name);
        tend__distinct_free(builder->columns[i].distinct);
        tend__vector_sample_free(builder->columns[i].sample);
        tend__mem_free(builder->columns[i].room);
    }
    tend__mem_free(builder->columns);
    tend__mem_free(builder);
}

static enum tend_code add_numbers(struct builder_column *column, const struct tend__kernel *kernel,
                                  const struct tend__column *values, size_t row_count,
                                  struct tend_error *err)
{
    struct tend__number_block block;
    for (size_t begin = 0; begin < row_count; begin += TEND_NUMBER_BLOCK) {
        const size_t left = row_count - begin;
        tend__column_add_numbers(&column->profile, kernel, values, begin,
                                 left < TEND_NUMBER_BLOCK ? left : TEND_NUMBER_BLOCK, &block);
        TEND_TRY(
            tend__distinct_add_numbers(column->distinct, block.x, block.count, &block.extent, err));
    }
    return TEND_OK;
}

/* The numbers of a column that was left open, to its new counter. */
static enum tend_code add_again(struct builder_column *column, const struct tend__kernel *kernel,
                                const struct tend__column *values, size_t row_count,
                                struct tend_error *err)
{
    struct tend__number_block block;
    for (size_t begin = 0; begin < row_count && values->type == TEND_TYPE_NUMBER;
         begin += TEND_NUMBER_BLOCK) {
        const size_t left = row_count - begin;
        tend__column_finite_numbers(kernel, values, begin,
                                    left < TEND_NUMBER_BLOCK ? left : TEND_NUMBER_BLOCK, &block);
        TEND_TRY(
            tend__distinct_add_numbers(column->distinct, block.x, block.count, &block.extent, err));
    }
    return TEND_OK;
}

/* The first rows that are vectors say how long they are. */
static enum tend_code add_vectors(struct builder_column *column, const struct tend__column *values,
                                  size_t row_count, struct tend_error *err)
{
    if (column->sample == NULL && values->dim > 0) {
        TEND_TRY(tend__mem_new(values->dim, sizeof(*column->room), &column->room, err));
        TEND_TRY(tend__vector_sample_new(values->dim, &column->sample, err));
        column->dim = values->dim;
    }
    const struct tend__vector_adder adder = {
        .dim = column->dim, .sample = column->sample, .room = column->room};
    tend__column_add_vectors(&column->profile, &adder, values, row_count);
    return TEND_OK;
}

static enum tend_code add_column(struct builder_column *column, const struct tend__kernel *kernel,
                                 const struct tend__column *values, size_t row_count,
                                 struct tend_error *err)
{
    switch (values->type) {
    case TEND_TYPE_NUMBER:
        column->has_rest = column->has_rest || values->rest != NULL;
        return add_numbers(column, kernel, values, row_count, err);
    case TEND_TYPE_BOOL:
        tend__column_add_bools(&column->profile, values, row_count);
        return TEND_OK;
    case TEND_TYPE_TEXT:
        column->profile.row_count += row_count;
        column->profile.null_count += tend__column_null_count(values, 0, row_count);
        return tend__distinct_add_texts(column->distinct, values, row_count, err);
    case TEND_TYPE_TIME:
        tend__column_add_times(&column->profile, values, row_count);
        return TEND_OK;
    case TEND_TYPE_VECTOR:
        return add_vectors(column, values, row_count, err);
    case TEND_TYPE_NULL:
        column->profile.row_count += row_count;
        column->profile.null_count += row_count;
        return TEND_OK;
    }
    return TEND_FAIL(err, EINVAL, "column '%.100s' has no known type", column->name);
}

enum tend_code tend__plan_builder_add(struct tend__plan_builder *builder,
                                      const struct tend__batch *batch, struct tend_error *err)
{
    if (batch->column_count != builder->column_count) {
        return TEND_FAIL(err, ETYPE, "a batch has %zu columns, the first had %zu",
                         batch->column_count, builder->column_count);
    }
    for (size_t i = 0; i < batch->column_count; i++) {
        struct builder_column *column = &builder->columns[i];
        const enum tend_type type = batch->columns[i].type;
        if (strcmp(batch->fields[i].name, column->name) != 0) {
            return TEND_FAIL(err, ETYPE, "column %zu is '%.100s' in a batch, '%.100s' in the first",
                             i + 1, batch->fields[i].name, column->name);
        }
        if (type != column->type && type != TEND_TYPE_NULL) {
            return TEND_FAIL(err, ETYPE, "column '%.100s' is %s in a batch, %s in the first",
                             column->name, tend__type_text(type), tend__type_text(column->type));
        }
        if (!builder->is_again) {
            TEND_TRY(
                add_column(column, builder->kernel, &batch->columns[i], batch->row_count, err));
        } else if (column->is_again) {
            TEND_TRY(add_again(column, builder->kernel, &batch->columns[i], batch->row_count, err));
        }
    }
    builder->row_count += builder->is_again ? 0 : batch->row_count;
    return TEND_OK;
}

/* The cells of a number while they are made, from the lowest up. */
struct cell_maker {
    double *lows;
    double *highs;
    double *positions;
    size_t count;
    double low;       /* where the open bin begins */
    double rows;      /* in the open bin */
    double row_total; /* of rows x values there */
};

static void close_bin(struct cell_maker *maker, double high)
{
    double position = maker->row_total / maker->rows;
    if (!isfinite(position)) {
        position = maker->low / 2 + high / 2;
        position = isinf(maker->low) ? high : position;
        position = isinf(high) ? maker->low : position;
        position = isinf(position) ? 0 : position;
    }
    position = position < maker->low ? maker->low : position;
    position = position > high ? high : position;
    maker->lows[maker->count] = maker->low;
    maker->highs[maker->count] = high;
    maker->positions[maker->count] = position + 0.0;
    maker->count++;
    maker->low = high;
    maker->rows = 0;
    maker->row_total = 0;
}

static void make_cells(struct cell_maker *maker, const struct tend__distinct_value *values,
                       size_t count, size_t bin_max)
{
    double total = 0;
    for (size_t i = 0; i < count; i++) {
        total += values[i].weight;
    }
    const double rows_min = total / (double)bin_max;
    size_t cut_count = 0;
    maker->low = -(double)INFINITY;
    for (size_t i = 0; i < count; i++) {
        const double x = values[i].number;
        const bool has_room = cut_count < bin_max;
        if (has_room && values[i].weight >= rows_min && !values[i].is_sample) {
            close_bin(maker, x);
            maker->lows[maker->count] = x;
            maker->highs[maker->count] = x;
            maker->positions[maker->count] = x;
            maker->count++;
            cut_count++;
            continue;
        }
        maker->rows += values[i].weight;
        maker->row_total += values[i].weight * values[i].mean;
        if (has_room && maker->rows >= rows_min && i + 1 < count) {
            close_bin(maker, x);
            cut_count++;
        }
    }
    close_bin(maker, (double)INFINITY);
}

static enum tend_code plan_number(const struct tend__plan_builder *builder,
                                  const struct tend__distinct_value *values, size_t count,
                                  struct tend__plan_source *source, struct tend_error *err)
{
    const size_t cell_max = 2 * builder->bin_max + 1;
    double *memory = NULL;
    TEND_TRY(tend__mem_new(3 * cell_max, sizeof(*memory), &memory, err));
    struct cell_maker maker = {
        .lows = memory, .highs = memory + cell_max, .positions = memory + 2 * cell_max};
    make_cells(&maker, values, count, builder->bin_max);
    source->cell_count = maker.count;
    source->cell_lows = maker.lows; /* owns the memory of all three */
    source->cell_highs = maker.highs;
    source->cell_positions = maker.positions;
    return TEND_OK;
}

static enum tend_code plan_text(const struct tend__plan_builder *builder,
                                const struct tend__distinct_value *values, size_t count,
                                struct tend__plan_source *source, struct tend_error *err)
{
    struct tend__text *categories = NULL;
    TEND_TRY(tend__mem_new(builder->category_max, sizeof(*categories), &categories, err));
    size_t n = 0;
    for (size_t i = 0; i < count && n < builder->category_max; i++) {
        if (!values[i].is_sample) {
            categories[n] = values[i].text;
            n++;
        }
    }
    source->category_count = n;
    source->categories = categories;
    return TEND_OK;
}

/* The values of a column that its plan is made of: those of the grid where that will do. */
static enum tend_code list_values(const struct builder_column *column,
                                  struct tend__distinct_value **values, size_t *count,
                                  bool *is_grid, struct tend_error *err)
{
    TEND_TRY(tend__distinct_bins(column->distinct, values, count, is_grid, err));
    if (*is_grid) {
        return TEND_OK;
    }
    if (tend__distinct_is_light(column->distinct)) {
        return TEND_FAIL(err, EINTERNAL, "column '%.100s' was left open", column->name);
    }
    return tend__distinct_values(column->distinct, values, count, err);
}

enum tend_code tend__plan_builder_repeat(struct tend__plan_builder *builder, bool *is_needed,
                                         struct tend_error *err)
{
    *is_needed = false;
    for (size_t i = 0; i < builder->column_count; i++) {
        struct builder_column *column = &builder->columns[i];
        struct tend__distinct_value *values = NULL;
        size_t count = 0;
        bool is_grid = true;
        column->is_again = false;
        if (column->type != TEND_TYPE_NUMBER || !tend__distinct_is_light(column->distinct)) {
            continue;
        }
        TEND_TRY(tend__distinct_bins(column->distinct, &values, &count, &is_grid, err));
        tend__mem_free(values);
        if (is_grid) {
            continue;
        }
        tend__distinct_free(column->distinct);
        column->distinct = NULL;
        TEND_TRY(tend__distinct_new(false, &column->distinct, err));
        tend__distinct_use_grid(column->distinct, builder->kernel, builder->bin_max, false);
        column->is_again = true;
        *is_needed = true;
    }
    builder->is_again = *is_needed;
    return TEND_OK;
}

static enum tend_code plan_vectors(const struct builder_column *column,
                                   struct tend__plan_source *source, struct tend_error *err)
{
    struct tend__vector_plan plan = {0};
    TEND_TRY(tend__vector_sample_plan(column->sample, &plan, err));
    source->dim = plan.dim;
    source->width = plan.width;
    source->rank = plan.rank;
    source->spectrum = plan.spectrum;
    return TEND_OK;
}

static enum tend_code plan_column(const struct tend__plan_builder *builder,
                                  const struct builder_column *column,
                                  struct tend__plan_source *source, struct tend_error *err)
{
    source->name = column->name;
    source->type = column->type;
    if (column->sample != NULL) {
        return plan_vectors(column, source, err);
    }
    if (column->distinct == NULL) {
        return TEND_OK;
    }
    struct tend__distinct_value *values = NULL;
    size_t count = 0;
    bool is_grid = false;
    TEND_TRY(list_values(column, &values, &count, &is_grid, err));
    const enum tend_code code = column->type == TEND_TYPE_NUMBER
                                    ? plan_number(builder, values, count, source, err)
                                    : plan_text(builder, values, count, source, err);
    tend__mem_free(values);
    return code;
}

enum tend_code tend__plan_builder_finish(const struct tend__plan_builder *builder,
                                         struct tend__plan **out, struct tend_error *err)
{
    struct tend__plan_source *sources = NULL;
    TEND_TRY(tend__mem_new(builder->column_count, sizeof(*sources), &sources, err));
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < builder->column_count && code == TEND_OK; i++) {
        code = plan_column(builder, &builder->columns[i], &sources[i], err);
    }
    if (code == TEND_OK) {
        code = tend__plan_new(sources, builder->column_count, out, err);
    }
    for (size_t i = 0; i < builder->column_count; i++) {
        tend__mem_free((void *)(uintptr_t)sources[i].cell_lows);
        tend__mem_free((void *)(uintptr_t)sources[i].categories);
        tend__mem_free((void *)(uintptr_t)sources[i].spectrum);
    }
    tend__mem_free(sources);
    return code;
}

/* Whether the counts of the cells follow from the counts of values; *values then are these, for
 * numbers and texts. */
static enum tend_code list_exact(const struct builder_column *column,
                                 struct tend__distinct_value **values, size_t *count,
                                 bool *is_known, struct tend_error *err)
{
    *is_known = column->distinct == NULL ||
                (!column->has_rest && tend__distinct_is_exact(column->distinct));
    if (column->distinct == NULL || column->has_rest) {
        return TEND_OK;
    }
    if (*is_known) {
        return tend__distinct_values(column->distinct, values, count, err);
    }
    return tend__distinct_bins(column->distinct, values, count, is_known, err);
}

/* The counts of the cells from the counts of the values. */
static void fill_cells(const struct builder_column *column, const struct tend__cell_finder *finder,
                       const struct tend__distinct_value *values, size_t count,
                       struct tend__column_profile *profile)
{
    for (size_t i = 0; column->distinct == NULL && i < profile->cell_count; i++) {
        profile->cells[i] = column->cells[i];
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t rows = (uint64_t)values[i].weight;
        if (column->type == TEND_TYPE_NUMBER) {
            profile->cells[tend__plan_number_cell(finder, values[i].number)] += rows;
        } else {
            const uint32_t at =
                tend__text_map_find(&finder->map, values[i].text.ptr, values[i].text.len);
            profile->cells[at == TEND_TEXT_NONE ? profile->cell_count - 1 : at] += rows;
        }
    }
    if (column->type == TEND_TYPE_TEXT) {
        profile->cells[profile->cell_count - 1] += tend__distinct_long_count(column->distinct);
    }
}

static enum tend_code fill_profile(const struct tend__plan_builder *builder,
                                   struct tend__profile *profile, bool *is_open,
                                   struct tend_error *err)
{
    for (size_t i = 0; i < builder->column_count; i++) {
        struct tend__column_profile *column = &profile->columns[i];
        struct tend__distinct_value *values = NULL;
        size_t count = 0;
        bool is_known = false;
        uint64_t *cells = column->cells;
        const size_t cell_count = column->cell_count;
        if (builder->columns[i].sample != NULL) {
            is_open[i] = true; /* the features of vectors need the plan: all is counted then */
            continue;
        }
        *column = builder->columns[i].profile;
        column->cells = cells;
        column->cell_count = cell_count;
        TEND_TRY(list_exact(&builder->columns[i], &values, &count, &is_known, err));
        if (is_known) {
            fill_cells(&builder->columns[i], &profile->plan->finders[i], values, count, column);
        }
        tend__mem_free(values);
        is_open[i] = !is_known;
    }
    profile->row_count = builder->row_count;
    return TEND_OK;
}

static enum tend_code check_plan(const struct tend__plan_builder *builder,
                                 const struct tend__plan *plan, struct tend_error *err)
{
    bool is_own = plan->column_count == builder->column_count;
    for (size_t i = 0; i < builder->column_count && is_own; i++) {
        is_own = strcmp(plan->columns[i].name, builder->columns[i].name) == 0 &&
                 plan->columns[i].type == builder->columns[i].type;
    }
    if (!is_own) {
        return TEND_FAIL(err, EINVAL, "the plan is not one of this builder");
    }
    return TEND_OK;
}

enum tend_code tend__plan_builder_part(const struct tend__plan_builder *builder,
                                       struct tend__plan *plan, struct tend__profile **out,
                                       bool *is_open, struct tend_error *err)
{
    struct tend__profile *profile = NULL;
    TEND_TRY(check_plan(builder, plan, err));
    TEND_TRY(tend__profile_new(plan, &profile, err));
    const enum tend_code code = fill_profile(builder, profile, is_open, err);
    if (code != TEND_OK) {
        tend__profile_free(profile);
        return code;
    }
    *out = profile;
    return TEND_OK;
}

enum tend_code tend__plan_builder_profile(const struct tend__plan_builder *builder,
                                          struct tend__plan *plan, struct tend__profile **out,
                                          bool *complete, struct tend_error *err)
{
    struct tend__profile *profile = NULL;
    bool *is_open = NULL;
    if (check_plan(builder, plan, NULL) != TEND_OK) {
        *complete = false;
        return TEND_OK;
    }
    TEND_TRY(tend__mem_new(builder->column_count, sizeof(*is_open), &is_open, err));
    enum tend_code code = tend__plan_builder_part(builder, plan, &profile, is_open, err);
    bool is_complete = code == TEND_OK;
    for (size_t i = 0; i < builder->column_count; i++) {
        is_complete = is_complete && !is_open[i];
    }
    tend__mem_free(is_open);
    if (is_complete) {
        *out = profile;
    } else {
        tend__profile_free(profile);
    }
    if (code == TEND_OK) {
        *complete = is_complete;
    }
    return code;
}
