/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_read.c: reads a profile's table and believes none of it: what profile.h and plan.h
 * promise is checked for every row.
 */
#include "profile/profile.h"

#include "base/mem.h"
#include "profile/arrow_read.h"
#include "profile/plan_inner.h"
#include "profile/profile_fields.h"
#include "profile/profile_inner.h"

#include <math.h>
#include <string.h>

#define FIELD(name) TEND_PROFILE_FIELD_##name
#define ROWS_MAX ((int64_t)TEND_PLAN_COLUMNS_MAX + TEND_PROFILE_NEW_COLUMNS_MAX)

static const struct tend__arrow_field table_fields[] = {
#define TEND__FIELD(name, text, format, is_list) {text, format, is_list},
    TEND_PROFILE_FIELDS(TEND__FIELD)
#undef TEND__FIELD
};

/* A table while it is read. */
struct table_reader {
    struct tend__arrow_cursor cursors[TEND_PROFILE_FIELD_COUNT];
    size_t row_count;
    size_t plan_count;                 /* rows of the plan, which come first */
    char **names;                      /* one a row, zero-terminated */
    struct tend__plan_source *sources; /* one a row of the plan; doubles and texts are owned */
};

static const struct tend__arrow_cursor *cursor_of(const struct table_reader *reader,
                                                  enum tend__profile_field field)
{
    return &reader->cursors[field];
}

static enum tend_code fail_row(const struct table_reader *reader, size_t row_idx, const char *what,
                               struct tend_error *err)
{
    return TEND_FAIL(err, ECORRUPT, "the profile of column '%.100s': %s", reader->names[row_idx],
                     what);
}

static enum tend_code read_count(const struct table_reader *reader, size_t row_idx,
                                 enum tend__profile_field field, uint64_t *out,
                                 struct tend_error *err)
{
    const struct tend__arrow_cursor *cursor = cursor_of(reader, field);
    if (tend__arrow_is_null(cursor, row_idx)) {
        return fail_row(reader, row_idx, "a count is missing", err);
    }
    const int64_t count = tend__arrow_read_int(cursor, row_idx);
    if (count < 0) {
        return fail_row(reader, row_idx, "a count is negative", err);
    }
    *out = (uint64_t)count;
    return TEND_OK;
}

static enum tend_code read_name(struct table_reader *reader, size_t row_idx, struct tend_error *err)
{
    const struct tend__arrow_cursor *format = cursor_of(reader, FIELD(FORMAT));
    const struct tend__arrow_cursor *name = cursor_of(reader, FIELD(NAME));
    struct tend__text text = {0};
    if (tend__arrow_is_null(name, row_idx) || tend__arrow_is_null(format, row_idx)) {
        return TEND_FAIL(err, ECORRUPT, "row %zu of the profile has no name or no format", row_idx);
    }
    TEND_TRY(tend__arrow_read_bytes(name, row_idx, &text, err));
    if (memchr(text.ptr, 0, text.len) != NULL) {
        return TEND_FAIL(err, ECORRUPT, "row %zu of the profile has a zero byte in its name",
                         row_idx);
    }
    TEND_TRY(tend__mem_text(text.ptr, text.len, &reader->names[row_idx], err));
    const int64_t version = tend__arrow_read_int(format, row_idx);
    if (version != TEND_PROFILE_FORMAT) {
        return TEND_FAIL(err, ECORRUPT, "the profile has the format %lld, this release reads %d",
                         (long long)version, TEND_PROFILE_FORMAT);
    }
    return TEND_OK;
}

static enum tend_code read_type(const struct table_reader *reader, size_t row_idx,
                                enum tend_type *out, struct tend_error *err)
{
    static const enum tend_type types[] = {TEND_TYPE_NUMBER, TEND_TYPE_BOOL,   TEND_TYPE_TEXT,
                                           TEND_TYPE_TIME,   TEND_TYPE_VECTOR, TEND_TYPE_NULL};
    const struct tend__arrow_cursor *cursor = cursor_of(reader, FIELD(TYPE));
    struct tend__text text = {0};
    if (!tend__arrow_is_null(cursor, row_idx)) {
        TEND_TRY(tend__arrow_read_bytes(cursor, row_idx, &text, err));
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(types); i++) {
        const char *name = tend__type_text(types[i]);
        if (text.len == strlen(name) && memcmp(text.ptr, name, text.len) == 0) {
            *out = types[i];
            return TEND_OK;
        }
    }
    return fail_row(reader, row_idx, "its type is unknown", err);
}

/* A list of doubles of `expected` items (0 = of any length), copied into memory of its own. */
static enum tend_code read_doubles(const struct table_reader *reader, size_t row_idx,
                                   enum tend__profile_field field, const double **out,
                                   size_t *count, struct tend_error *err)
{
    const struct tend__arrow_cursor *cursor = cursor_of(reader, field);
    size_t begin = 0;
    size_t n = 0;
    if (!tend__arrow_is_null(cursor, row_idx)) {
        TEND_TRY(tend__arrow_read_list(cursor, row_idx, &begin, &n, err));
    }
    if (n == 0 || n > 2 * TEND_PLAN_BINS_MAX + 1 || (*count != 0 && *count != n)) {
        return fail_row(reader, row_idx, "its lists of cells do not fit", err);
    }
    double *copy = NULL;
    TEND_TRY(tend__mem_new(n, sizeof(*copy), &copy, err));
    for (size_t i = 0; i < n; i++) {
        copy[i] = tend__arrow_item_double(cursor, begin + i);
    }
    *out = copy;
    *count = n;
    return TEND_OK;
}

static enum tend_code read_categories(const struct table_reader *reader, size_t row_idx,
                                      struct tend__plan_source *source, struct tend_error *err)
{
    const struct tend__arrow_cursor *cursor = cursor_of(reader, FIELD(CATEGORIES));
    size_t begin = 0;
    size_t n = 0;
    if (tend__arrow_is_null(cursor, row_idx)) {
        return fail_row(reader, row_idx, "its categories are missing", err);
    }
    TEND_TRY(tend__arrow_read_list(cursor, row_idx, &begin, &n, err));
    if (n > TEND_PLAN_CATEGORIES_MAX) {
        return fail_row(reader, row_idx, "it has too many categories", err);
    }
    struct tend__text *categories = NULL;
    TEND_TRY(tend__mem_new(n, sizeof(*categories), &categories, err));
    source->categories = categories;
    source->category_count = n;
    for (size_t i = 0; i < n; i++) {
        TEND_TRY(tend__arrow_item_bytes(cursor, begin + i, &categories[i], err));
    }
    return TEND_OK;
}

static enum tend_code read_source(struct table_reader *reader, size_t row_idx,
                                  struct tend_error *err)
{
    struct tend__plan_source *source = &reader->sources[row_idx];
    source->name = reader->names[row_idx];
    TEND_TRY(read_type(reader, row_idx, &source->type, err));
    if (source->type == TEND_TYPE_NUMBER) {
        TEND_TRY(read_doubles(reader, row_idx, FIELD(CELL_LOWS), &source->cell_lows,
                              &source->cell_count, err));
        TEND_TRY(read_doubles(reader, row_idx, FIELD(CELL_HIGHS), &source->cell_highs,
                              &source->cell_count, err));
        TEND_TRY(read_doubles(reader, row_idx, FIELD(CELL_POSITIONS), &source->cell_positions,
                              &source->cell_count, err));
    }
    if (source->type == TEND_TYPE_TEXT) {
        TEND_TRY(read_categories(reader, row_idx, source, err));
    }
    return TEND_OK;
}

/* Names and sources of all rows; the rows of the plan must come first. */
static enum tend_code read_rows(struct table_reader *reader, struct tend_error *err)
{
    const struct tend__arrow_cursor *in_plan = cursor_of(reader, FIELD(IN_PLAN));
    TEND_TRY(tend__mem_new(reader->row_count, sizeof(*reader->names), &reader->names, err));
    TEND_TRY(tend__mem_new(reader->row_count, sizeof(*reader->sources), &reader->sources, err));
    for (size_t i = 0; i < reader->row_count; i++) {
        TEND_TRY(read_name(reader, i, err));
        if (tend__arrow_is_null(in_plan, i) || !tend__arrow_read_bool(in_plan, i)) {
            continue;
        }
        if (reader->plan_count != i) {
            return fail_row(reader, i, "it comes after a column that is not in the plan", err);
        }
        TEND_TRY(read_source(reader, i, err));
        reader->plan_count++;
    }
    if (reader->plan_count == 0 || reader->plan_count > TEND_PLAN_COLUMNS_MAX) {
        return TEND_FAIL(err, ECORRUPT, "the profile has no columns, or too many");
    }
    return TEND_OK;
}

static void deinit_reader(struct table_reader *reader)
{
    for (size_t i = 0; i < reader->row_count; i++) {
        if (reader->names != NULL) {
            tend__mem_free(reader->names[i]);
        }
        if (reader->sources != NULL) {
            tend__mem_free((void *)(uintptr_t)reader->sources[i].cell_lows);
            tend__mem_free((void *)(uintptr_t)reader->sources[i].cell_highs);
            tend__mem_free((void *)(uintptr_t)reader->sources[i].cell_positions);
            tend__mem_free((void *)(uintptr_t)reader->sources[i].categories);
        }
    }
    tend__mem_free(reader->names);
    tend__mem_free(reader->sources);
}

/* A list of counts of exactly `count` items. */
static enum tend_code read_counts(const struct table_reader *reader, size_t row_idx,
                                  enum tend__profile_field field, uint64_t *out, size_t count,
                                  struct tend_error *err)
{
    const struct tend__arrow_cursor *cursor = cursor_of(reader, field);
    size_t begin = 0;
    size_t n = 0;
    if (!tend__arrow_is_null(cursor, row_idx)) {
        TEND_TRY(tend__arrow_read_list(cursor, row_idx, &begin, &n, err));
    }
    if (n != count) {
        return fail_row(reader, row_idx, "a list of counts has another length", err);
    }
    for (size_t i = 0; i < n; i++) {
        const int64_t item = tend__arrow_item_int(cursor, begin + i);
        if (item < 0) {
            return fail_row(reader, row_idx, "a count is negative", err);
        }
        out[i] = (uint64_t)item;
    }
    return TEND_OK;
}

/* The sum of counts, each below 2^63; false where it is not below 2^63 itself. */
static bool add_counts(const uint64_t *counts, size_t count, uint64_t *out)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += counts[i];
        if (sum > INT64_MAX) {
            return false;
        }
    }
    *out = sum;
    return true;
}

static enum tend_code read_head(const struct table_reader *reader, size_t row_idx,
                                struct tend__column_profile *column, struct tend_error *err)
{
    uint64_t types_seen = 0;
    TEND_TRY(read_count(reader, row_idx, FIELD(ROWS), &column->row_count, err));
    TEND_TRY(read_count(reader, row_idx, FIELD(ABSENT), &column->absent_count, err));
    TEND_TRY(read_count(reader, row_idx, FIELD(TYPE_CHANGED), &column->type_changed_count, err));
    TEND_TRY(read_count(reader, row_idx, FIELD(TYPES_SEEN), &types_seen, err));
    TEND_TRY(read_count(reader, row_idx, FIELD(NULLS), &column->null_count, err));
    TEND_TRY(read_count(reader, row_idx, FIELD(NANS), &column->nan_count, err));
    TEND_TRY(read_count(reader, row_idx, FIELD(POS_INFS), &column->pos_inf_count, err));
    TEND_TRY(read_count(reader, row_idx, FIELD(NEG_INFS), &column->neg_inf_count, err));
    TEND_TRY(read_count(reader, row_idx, FIELD(ZEROS), &column->zero_count, err));
    const enum tend_type type = reader->sources[row_idx].type;
    /* A vector of another length counts as of another type, which has its own name. */
    const uint64_t own = type == TEND_TYPE_VECTOR ? 0 : UINT64_C(1) << (uint64_t)type;
    if (types_seen >= UINT64_C(1) << (uint64_t)TEND_TYPE_NULL || (types_seen & own) != 0 ||
        (types_seen != 0) != (column->type_changed_count != 0)) {
        return fail_row(reader, row_idx, "types_seen makes no sense", err);
    }
    column->types_seen = (uint32_t)types_seen;
    const bool has_infinities = column->pos_inf_count > 0 || column->neg_inf_count > 0;
    if ((has_infinities && type != TEND_TYPE_NUMBER) ||
        (column->nan_count > 0 && type != TEND_TYPE_NUMBER && type != TEND_TYPE_VECTOR)) {
        return fail_row(reader, row_idx, "NaN or infinities in a column that has no numbers", err);
    }
    return TEND_OK;
}

static enum tend_code read_sum(const struct table_reader *reader, size_t row_idx,
                               enum tend__profile_field field, struct tend__exact_sum *out,
                               struct tend_error *err)
{
    const struct tend__arrow_cursor *cursor = cursor_of(reader, field);
    struct tend__text bytes = {0};
    if (tend__arrow_is_null(cursor, row_idx)) {
        return fail_row(reader, row_idx, "an exact sum is missing", err);
    }
    TEND_TRY(tend__arrow_read_bytes(cursor, row_idx, &bytes, err));
    TEND_TRY(tend__exact_sum_read(bytes.ptr, bytes.len, out, err));
    if (out->nan_count > 0 || out->neg_inf_count > 0 ||
        (out->pos_inf_count > 0 && field == FIELD(EXACT_SUM))) {
        return fail_row(reader, row_idx, "an exact sum is not finite", err);
    }
    return TEND_OK;
}

/* Whether min and max are where the first and the last cell with a count are. */
static bool fits_extremes(const struct tend__cell_finder *finder,
                          const struct tend__column_profile *column)
{
    size_t first = 0;
    size_t last = column->cell_count - 1;
    while (first < last && column->cells[first] == 0) {
        first++;
    }
    while (last > first && column->cells[last] == 0) {
        last--;
    }
    return isfinite(column->min) && isfinite(column->max) && column->min <= column->max &&
           tend__plan_number_cell(finder, column->min) == first &&
           tend__plan_number_cell(finder, column->max) == last;
}

static enum tend_code read_number(const struct table_reader *reader, size_t row_idx,
                                  const struct tend__cell_finder *finder, uint64_t value_count,
                                  struct tend__column_profile *column, struct tend_error *err)
{
    const struct tend__arrow_cursor *min = cursor_of(reader, FIELD(MIN));
    const struct tend__arrow_cursor *max = cursor_of(reader, FIELD(MAX));
    const bool has_values = value_count > 0;
    if (tend__arrow_is_null(min, row_idx) == has_values ||
        tend__arrow_is_null(max, row_idx) == has_values || column->zero_count > value_count) {
        return fail_row(reader, row_idx, "min, max or zero_count makes no sense", err);
    }
    if (has_values) {
        column->min = tend__arrow_read_double(min, row_idx) + 0.0;
        column->max = tend__arrow_read_double(max, row_idx) + 0.0;
        if (!fits_extremes(finder, column)) {
            return fail_row(reader, row_idx, "min and max do not fit its counts", err);
        }
    }
    TEND_TRY(read_sum(reader, row_idx, FIELD(EXACT_SUM), &column->sum, err));
    return read_sum(reader, row_idx, FIELD(EXACT_SUM_SQUARES), &column->sum_squares, err);
}

static enum tend_code read_times(const struct table_reader *reader, size_t row_idx,
                                 uint64_t value_count, struct tend__column_profile *column,
                                 struct tend_error *err)
{
    const struct tend__arrow_cursor *min = cursor_of(reader, FIELD(MIN_TIME));
    const struct tend__arrow_cursor *max = cursor_of(reader, FIELD(MAX_TIME));
    const bool has_values = value_count > 0;
    uint64_t weekday_total = 0;
    TEND_TRY(read_counts(reader, row_idx, FIELD(WEEKDAYS), column->weekdays,
                         TEND_ARRAY_LEN(column->weekdays), err));
    if (tend__arrow_is_null(min, row_idx) == has_values ||
        tend__arrow_is_null(max, row_idx) == has_values ||
        !add_counts(column->weekdays, TEND_ARRAY_LEN(column->weekdays), &weekday_total) ||
        weekday_total != value_count) {
        return fail_row(reader, row_idx, "its times make no sense", err);
    }
    memcpy(column->hours, column->cells, sizeof(column->hours));
    if (has_values) {
        column->min_us = tend__arrow_read_int(min, row_idx);
        column->max_us = tend__arrow_read_int(max, row_idx);
        if (column->min_us > column->max_us) {
            return fail_row(reader, row_idx, "its times make no sense", err);
        }
    }
    return TEND_OK;
}

static enum tend_code read_cells(const struct table_reader *reader, size_t row_idx,
                                 struct tend__column_profile *column, uint64_t *value_count,
                                 struct tend_error *err)
{
    const enum tend_type type = reader->sources[row_idx].type;
    const size_t listed = column->cell_count - (type == TEND_TYPE_TEXT ? 1 : 0);
    TEND_TRY(read_counts(reader, row_idx, FIELD(COUNTS), column->cells, listed, err));
    if (type == TEND_TYPE_TEXT) {
        TEND_TRY(read_count(reader, row_idx, FIELD(OTHERS), &column->cells[listed], err));
    }
    const uint64_t parts[] = {column->null_count, column->nan_count, column->pos_inf_count,
                              column->neg_inf_count};
    uint64_t absent = 0;
    const bool is_added = add_counts(parts, TEND_ARRAY_LEN(parts), &absent) &&
                          add_counts(column->cells, column->cell_count, value_count);
    if (type == TEND_TYPE_VECTOR && absent <= column->row_count) {
        *value_count = column->row_count - absent; /* vectors are in sums, not in cells */
    }
    if (!is_added || absent + *value_count != column->row_count) {
        return fail_row(reader, row_idx, "its counts do not add up to its rows", err);
    }
    return TEND_OK;
}

static enum tend_code read_column(const struct table_reader *reader, size_t row_idx,
                                  struct tend__profile *profile, struct tend_error *err)
{
    struct tend__column_profile *column = &profile->columns[row_idx];
    const enum tend_type type = reader->sources[row_idx].type;
    uint64_t value_count = 0;
    TEND_TRY(read_head(reader, row_idx, column, err));
    TEND_TRY(read_cells(reader, row_idx, column, &value_count, err));
    const uint64_t zero_count = type == TEND_TYPE_BOOL ? column->cells[0] : 0;
    if (type != TEND_TYPE_NUMBER && column->zero_count != zero_count) {
        return fail_row(reader, row_idx, "zero_count makes no sense", err);
    }
    if (type == TEND_TYPE_NUMBER) {
        TEND_TRY(read_number(reader, row_idx, &profile->plan->finders[row_idx], value_count, column,
                             err));
    }
    if (type == TEND_TYPE_TIME) {
        TEND_TRY(read_times(reader, row_idx, value_count, column, err));
    }
    const uint64_t parts[] = {column->row_count, column->absent_count, column->type_changed_count};
    uint64_t row_count = 0;
    if (!add_counts(parts, TEND_ARRAY_LEN(parts), &row_count) ||
        (row_idx > 0 && row_count != profile->row_count)) {
        return fail_row(reader, row_idx, "it has other rows than the first column", err);
    }
    profile->row_count = row_count;
    return TEND_OK;
}

static enum tend_code read_new_column(const struct table_reader *reader, size_t row_idx,
                                      struct tend__profile *profile, struct tend_error *err)
{
    struct tend__new_column column = {.name = reader->names[row_idx]};
    TEND_TRY(read_type(reader, row_idx, &column.type, err));
    TEND_TRY(read_count(reader, row_idx, FIELD(ROWS), &column.row_count, err));
    const bool is_known = tend__plan_find(profile->plan, column.name) != SIZE_MAX;
    const bool is_sorted =
        row_idx == reader->plan_count || strcmp(reader->names[row_idx - 1], column.name) < 0;
    if (is_known || !is_sorted || column.row_count == 0 || column.row_count > profile->row_count) {
        return fail_row(reader, row_idx, "it is no new column", err);
    }
    return tend__profile_add_new(profile, &column, err);
}

static enum tend_code read_profile(struct table_reader *reader, struct tend__profile **out,
                                   struct tend_error *err)
{
    struct tend__plan *plan = NULL;
    struct tend__profile *profile = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(read_rows(reader, err));
    TEND_TRY_OUT(tend__plan_new(reader->sources, reader->plan_count, &plan, err));
    TEND_TRY_OUT(tend__profile_new(plan, &profile, err));
    for (size_t i = 0; i < reader->row_count; i++) {
        TEND_TRY_OUT(i < reader->plan_count ? read_column(reader, i, profile, err)
                                            : read_new_column(reader, i, profile, err));
    }
    *out = profile;
    profile = NULL;
out:
    tend__plan_unref(plan);
    tend__profile_free(profile);
    return code;
}

enum tend_code tend__profile_from_table(const struct tend_arrow_schema *schema,
                                        const struct tend_arrow_array *array,
                                        struct tend__profile **out, struct tend_error *err)
{
    struct table_reader reader = {0};
    TEND_TRY(tend__arrow_cursors_init(table_fields, TEND_ARRAY_LEN(table_fields), schema, array,
                                      reader.cursors, err));
    if (array->length == 0 || array->length > ROWS_MAX) {
        return TEND_FAIL(err, ECORRUPT, "the profile has %lld rows, not 1..%lld",
                         (long long)array->length, (long long)ROWS_MAX);
    }
    reader.row_count = (size_t)array->length;
    const enum tend_code code = read_profile(&reader, out, err);
    deinit_reader(&reader);
    return code;
}
