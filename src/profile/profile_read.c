/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_read.c: reads a table of profiles and believes none of it: what profile.h and plan.h
 * promise is checked for every row.
 *
 * Rows with the same label and plan are one profile. They are gathered first; then each profile's
 * plan is made from its rows, or found where they hold counts only, and then its columns are read.
 */
#include "profile/profile.h"

#include "base/mem.h"
#include "profile/arrow_read.h"
#include "profile/plan_inner.h"
#include "profile/profile_inner.h"
#include "profile/profile_row.h"

#include <math.h>
#include <string.h>

#define FIELD(name) TEND_PROFILE_FIELD_##name
#define FORMAT_MIN 1
#define WHOLE_MAX 9007199254740992.0 /* 2^53: from here on a whole number has a rest */

/* The rows of one profile. */
struct row_group {
    uint64_t key;
    size_t begin; /* in `order` */
    size_t count;
    size_t plan_count;       /* rows of the plan, which come first */
    bool is_full;            /* its rows hold their cells */
    struct tend__plan *plan; /* one reference */
};

/* A table while it is read. */
struct table_reader {
    struct tend__arrow_cursor cursors[TEND_PROFILE_FIELD_COUNT];
    const struct tend__profile_set_options *options;
    size_t row_count;
    struct tend__text *names; /* one a row; they point into the table */
    size_t *group_of_row;
    size_t *order; /* the rows of the first group, then those of the second... */
    struct row_group *groups;
    size_t group_count;
    size_t group_cap;
    size_t *slots; /* hash table of groups by key: index + 1, 0 where empty */
    size_t slot_count;
};

static const struct tend__arrow_cursor *cursor_of(const struct table_reader *reader,
                                                  enum tend__profile_field field)
{
    return &reader->cursors[field];
}

static enum tend_code fail_row(const struct table_reader *reader, size_t row_idx, const char *what,
                               struct tend_error *err)
{
    const struct tend__text *name = &reader->names[row_idx];
    return TEND_FAIL(err, ECORRUPT, "the profile of column '%.*s': %s",
                     name->len < 100 ? (int)name->len : 100, name->ptr, what);
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

static enum tend_code read_name(const struct table_reader *reader, size_t row_idx,
                                struct tend_error *err)
{
    const struct tend__arrow_cursor *format = cursor_of(reader, FIELD(FORMAT));
    const struct tend__arrow_cursor *name = cursor_of(reader, FIELD(NAME));
    struct tend__text *text = &reader->names[row_idx];
    if (tend__arrow_is_null(name, row_idx) || tend__arrow_is_null(format, row_idx)) {
        return TEND_FAIL(err, ECORRUPT, "row %zu of the profile has no name or no format", row_idx);
    }
    TEND_TRY(tend__arrow_read_bytes(name, row_idx, text, err));
    if (memchr(text->ptr, 0, text->len) != NULL) {
        return TEND_FAIL(err, ECORRUPT, "row %zu of the profile has a zero byte in its name",
                         row_idx);
    }
    const int64_t version = tend__arrow_read_int(format, row_idx);
    if (version < FORMAT_MIN || version > TEND_PROFILE_FORMAT) {
        return TEND_FAIL(err, ECORRUPT,
                         "the profile has the format %lld, and this release reads %d to %d",
                         (long long)version, FORMAT_MIN, TEND_PROFILE_FORMAT);
    }
    return TEND_OK;
}

static enum tend_code check_row(const struct table_reader *reader, size_t row_idx,
                                struct tend_error *err)
{
    const struct tend__arrow_cursor *check = cursor_of(reader, FIELD(CHECK));
    int64_t found = 0;
    if (tend__arrow_is_null(check, row_idx)) {
        return TEND_OK;
    }
    TEND_TRY(tend__profile_row_check(reader->cursors, row_idx, &found, err));
    if (found != tend__arrow_read_int(check, row_idx)) {
        return fail_row(reader, row_idx, "its check does not fit: it was damaged or changed", err);
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

static enum tend_code copy_name(const struct table_reader *reader, size_t row_idx, char **out,
                                struct tend_error *err)
{
    return tend__mem_text(reader->names[row_idx].ptr, reader->names[row_idx].len, out, err);
}

/* Null where the reference has no vector. */
static enum tend_code read_vector_plan(const struct table_reader *reader, size_t row_idx,
                                       struct tend__plan_source *source, struct tend_error *err)
{
    const struct tend__arrow_cursor *dim = cursor_of(reader, FIELD(VECTOR_DIM));
    const struct tend__arrow_cursor *width = cursor_of(reader, FIELD(VECTOR_WIDTH));
    const struct tend__arrow_cursor *spectrum = cursor_of(reader, FIELD(VECTOR_SPECTRUM));
    size_t begin = 0;
    size_t n = 0;
    if (tend__arrow_is_null(dim, row_idx)) {
        return TEND_OK;
    }
    const int64_t items = tend__arrow_read_int(dim, row_idx);
    if (tend__arrow_is_null(width, row_idx) || tend__arrow_is_null(spectrum, row_idx) ||
        items <= 0 || items > TEND_VECTOR_DIM_MAX) {
        return fail_row(reader, row_idx, "its vectors make no sense", err);
    }
    TEND_TRY(tend__arrow_read_list(spectrum, row_idx, &begin, &n, err));
    if (n > TEND_FEATURE_COUNT) {
        return fail_row(reader, row_idx, "its spectrum is too long", err);
    }
    double *copy = NULL;
    TEND_TRY(tend__mem_new(n, sizeof(*copy), &copy, err));
    for (size_t i = 0; i < n; i++) {
        copy[i] = tend__arrow_item_double(spectrum, begin + i);
    }
    source->dim = (uint32_t)items;
    source->width = tend__arrow_read_double(width, row_idx);
    source->rank = n;
    source->spectrum = copy;
    return TEND_OK;
}

static enum tend_code read_source(const struct table_reader *reader, size_t row_idx,
                                  struct tend__plan_source *source, struct tend_error *err)
{
    char *name = NULL;
    TEND_TRY(copy_name(reader, row_idx, &name, err));
    source->name = name;
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
    return source->type == TEND_TYPE_VECTOR ? read_vector_plan(reader, row_idx, source, err)
                                            : TEND_OK;
}

static void free_sources(struct tend__plan_source *sources, size_t count)
{
    for (size_t i = 0; sources != NULL && i < count; i++) {
        tend__mem_free((void *)(uintptr_t)sources[i].name);
        tend__mem_free((void *)(uintptr_t)sources[i].cell_lows);
        tend__mem_free((void *)(uintptr_t)sources[i].cell_highs);
        tend__mem_free((void *)(uintptr_t)sources[i].cell_positions);
        tend__mem_free((void *)(uintptr_t)sources[i].categories);
        tend__mem_free((void *)(uintptr_t)sources[i].spectrum);
    }
    tend__mem_free(sources);
}

/* ---- groups ---- */

static enum tend_code find_group(struct table_reader *reader, uint64_t key, size_t *out,
                                 struct tend_error *err)
{
    size_t slot = (size_t)key & (reader->slot_count - 1);
    while (reader->slots[slot] != 0 && reader->groups[reader->slots[slot] - 1].key != key) {
        slot = (slot + 1) & (reader->slot_count - 1);
    }
    if (reader->slots[slot] == 0) {
        TEND_TRY(tend__mem_grow(&reader->groups, &reader->group_cap, reader->group_count + 1,
                                reader->row_count, sizeof(*reader->groups), err));
        reader->groups[reader->group_count] = (struct row_group){.key = key};
        reader->group_count++;
        reader->slots[slot] = reader->group_count;
    }
    *out = reader->slots[slot] - 1;
    return TEND_OK;
}

static void order_rows(struct table_reader *reader)
{
    size_t begin = 0;
    for (size_t i = 0; i < reader->group_count; i++) {
        reader->groups[i].begin = begin;
        begin += reader->groups[i].count;
        reader->groups[i].count = 0;
    }
    for (size_t i = 0; i < reader->row_count; i++) {
        struct row_group *group = &reader->groups[reader->group_of_row[i]];
        reader->order[group->begin + group->count] = i;
        group->count++;
    }
}

/* What is true of all rows, and which profile each belongs to. */
static enum tend_code read_rows(struct table_reader *reader, struct tend_error *err)
{
    const size_t n = reader->row_count;
    reader->slot_count = 4;
    while (reader->slot_count < 2 * n) {
        reader->slot_count *= 2;
    }
    TEND_TRY(tend__mem_new(n, sizeof(*reader->names), &reader->names, err));
    TEND_TRY(tend__mem_new(n, sizeof(*reader->group_of_row), &reader->group_of_row, err));
    TEND_TRY(tend__mem_new(n, sizeof(*reader->order), &reader->order, err));
    TEND_TRY(tend__mem_new(reader->slot_count, sizeof(*reader->slots), &reader->slots, err));
    for (size_t i = 0; i < n; i++) {
        uint64_t key = 0;
        TEND_TRY(read_name(reader, i, err));
        TEND_TRY(check_row(reader, i, err));
        TEND_TRY(tend__profile_row_key(reader->cursors, i, &key, err));
        TEND_TRY(find_group(reader, key, &reader->group_of_row[i], err));
        reader->groups[reader->group_of_row[i]].count++;
    }
    order_rows(reader);
    return TEND_OK;
}

static void deinit_reader(struct table_reader *reader)
{
    for (size_t i = 0; i < reader->group_count; i++) {
        tend__plan_unref(reader->groups[i].plan);
    }
    tend__mem_free(reader->groups);
    tend__mem_free(reader->slots);
    tend__mem_free(reader->names);
    tend__mem_free(reader->group_of_row);
    tend__mem_free(reader->order);
}

/* ---- the plan of a group ---- */

static size_t row_of(const struct table_reader *reader, const struct row_group *group, size_t at)
{
    return reader->order[group->begin + at];
}

/* The rows of the plan come first. */
static enum tend_code count_plan_rows(const struct table_reader *reader, struct row_group *group,
                                      struct tend_error *err)
{
    const struct tend__arrow_cursor *in_plan = cursor_of(reader, FIELD(IN_PLAN));
    for (size_t i = 0; i < group->count; i++) {
        const size_t row_idx = row_of(reader, group, i);
        if (tend__arrow_is_null(in_plan, row_idx) || !tend__arrow_read_bool(in_plan, row_idx)) {
            continue;
        }
        if (group->plan_count != i) {
            return fail_row(reader, row_idx, "it comes after a column that is not in the plan",
                            err);
        }
        group->plan_count++;
        group->is_full = group->is_full ||
                         !tend__arrow_is_null(cursor_of(reader, FIELD(CELL_LOWS)), row_idx) ||
                         !tend__arrow_is_null(cursor_of(reader, FIELD(VECTOR_DIM)), row_idx) ||
                         !tend__arrow_is_null(cursor_of(reader, FIELD(CATEGORIES)), row_idx);
    }
    if (group->plan_count == 0 || group->plan_count > TEND_PLAN_COLUMNS_MAX ||
        group->count - group->plan_count > TEND_PROFILE_NEW_COLUMNS_MAX) {
        return TEND_FAIL(err, ECORRUPT, "the profile has no columns, or too many");
    }
    return TEND_OK;
}

static bool is_text(const struct tend__text *text, const char *expected)
{
    return text->len == strlen(expected) && memcmp(text->ptr, expected, text->len) == 0;
}

/* A plan that is at hand by its id; NULL where there is none. Borrowed. */
static struct tend__plan *find_plan(const struct table_reader *reader, const struct tend__text *id)
{
    const struct tend__profile_set_options *options = reader->options;
    if (options->plan != NULL &&
        is_text(id, options->plan_id != NULL ? options->plan_id : tend__plan_id(options->plan))) {
        return options->plan;
    }
    for (size_t i = 0; i < reader->group_count; i++) {
        struct tend__plan *plan = reader->groups[i].plan;
        if (plan != NULL && is_text(id, tend__plan_id(plan))) {
            return plan;
        }
    }
    return NULL;
}

static enum tend_code make_plan(const struct table_reader *reader, const struct row_group *group,
                                struct tend__plan **out, struct tend_error *err)
{
    struct tend__plan_source *sources = NULL;
    TEND_TRY(tend__mem_new(group->plan_count, sizeof(*sources), &sources, err));
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < group->plan_count && code == TEND_OK; i++) {
        code = read_source(reader, row_of(reader, group, i), &sources[i], err);
    }
    if (code == TEND_OK) {
        code = tend__plan_new(sources, group->plan_count, out, err);
    }
    free_sources(sources, group->plan_count);
    return code;
}

/* Numbers and texts need the cells that only a plan has. */
static enum tend_code needs_plan(const struct table_reader *reader, const struct row_group *group,
                                 bool *needs, struct tend_error *err)
{
    *needs = false;
    for (size_t i = 0; i < group->plan_count; i++) {
        enum tend_type type = TEND_TYPE_NULL;
        TEND_TRY(read_type(reader, row_of(reader, group, i), &type, err));
        *needs = *needs || type == TEND_TYPE_NUMBER || type == TEND_TYPE_TEXT;
    }
    return TEND_OK;
}

static enum tend_code find_group_plan(const struct table_reader *reader, struct row_group *group,
                                      struct tend_error *err)
{
    const struct tend__arrow_cursor *cursor = cursor_of(reader, FIELD(PLAN));
    const size_t first = row_of(reader, group, 0);
    const bool is_named = !tend__arrow_is_null(cursor, first);
    struct tend__text id = {"", 0};
    bool needs = false;
    TEND_TRY(count_plan_rows(reader, group, err));
    if (is_named) {
        TEND_TRY(tend__arrow_read_bytes(cursor, first, &id, err));
    }
    if (is_named && !group->is_full) {
        struct tend__plan *known = find_plan(reader, &id);
        group->plan = known != NULL ? tend__plan_ref(known) : NULL;
        TEND_TRY(needs_plan(reader, group, &needs, err));
    }
    if (group->plan == NULL && needs) {
        return TEND_FAIL(err, EINVAL,
                         "it holds only counts, at the places of a plan (%.*s) that is not at hand",
                         id.len < TEND_PLAN_ID_SIZE ? (int)id.len : TEND_PLAN_ID_SIZE, id.ptr);
    }
    if (group->plan == NULL) {
        struct tend__plan *made = NULL;
        TEND_TRY(make_plan(reader, group, &made, err));
        const char *made_id = tend__plan_id(made);
        const struct tend__text wanted = {made_id, strlen(made_id)};
        struct tend__plan *known =
            find_plan(reader, &wanted); /* one for all, where it is the same */
        group->plan = known != NULL ? tend__plan_ref(known) : tend__plan_ref(made);
        tend__plan_unref(made);
    }
    if (is_named && group->is_full && !is_text(&id, tend__plan_id(group->plan))) {
        return fail_row(reader, first, "the plan is not the one that it is called", err);
    }
    return TEND_OK;
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
                                enum tend_type type, struct tend__column_profile *column,
                                struct tend_error *err)
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

/* Whether a minimum or maximum falls into the outermost cell that was counted. A whole number of 64
 * bits is counted whole, but its double is kept: it may be the atom at the edge of the cell. */
static bool fits_extreme(const struct tend__cell_finder *finder, double x, size_t cell)
{
    const size_t found = tend__plan_number_cell(finder, x);
    const bool is_wide = fabs(x) >= WHOLE_MAX;
    return found == cell || (is_wide && (found == cell + 1 || found + 1 == cell));
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
           fits_extreme(finder, column->min, first) && fits_extreme(finder, column->max, last);
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
                                 enum tend_type type, struct tend__column_profile *column,
                                 uint64_t *value_count, struct tend_error *err)
{
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

static enum tend_code read_features(const struct table_reader *reader, size_t row_idx,
                                    uint64_t value_count, struct tend__column_profile *column,
                                    struct tend_error *err)
{
    const struct tend__arrow_cursor *sums = cursor_of(reader, FIELD(VECTOR_SUMS));
    const double limit = (double)value_count * TEND_FEATURE_UNIT;
    size_t begin = 0;
    size_t n = 0;
    if (tend__arrow_is_null(sums, row_idx)) {
        return column->features == NULL && value_count == 0
                   ? TEND_OK
                   : fail_row(reader, row_idx, "its sums of features are missing", err);
    }
    TEND_TRY(tend__arrow_read_list(sums, row_idx, &begin, &n, err));
    if (column->features == NULL || n != TEND_FEATURE_COUNT ||
        value_count > TEND_FEATURE_ROWS_MAX) {
        return fail_row(reader, row_idx, "its sums of features do not fit", err);
    }
    for (size_t i = 0; i < n; i++) {
        column->features[i] = tend__arrow_item_int(sums, begin + i);
        if (fabs((double)column->features[i]) > limit) {
            return fail_row(reader, row_idx, "a sum of features is too large for its rows", err);
        }
    }
    return TEND_OK;
}

/* Whether the row is of that column. */
static enum tend_code match_column(const struct table_reader *reader, size_t row_idx,
                                   const struct tend__plan_column *plan, struct tend_error *err)
{
    enum tend_type type = TEND_TYPE_NULL;
    TEND_TRY(read_type(reader, row_idx, &type, err));
    if (!is_text(&reader->names[row_idx], plan->name) || type != plan->type) {
        return fail_row(reader, row_idx, "it is not what its plan has in its place", err);
    }
    return TEND_OK;
}

/* The bytes of a field, or a NULL pointer where it is null. */
static enum tend_code read_blob(const struct table_reader *reader, size_t row_idx,
                                enum tend__profile_field field, struct tend__text *out,
                                struct tend_error *err)
{
    const struct tend__arrow_cursor *cursor = cursor_of(reader, field);
    *out = (struct tend__text){.ptr = NULL};
    if (!tend__arrow_is_null(cursor, row_idx)) {
        TEND_TRY(tend__arrow_read_bytes(cursor, row_idx, out, err));
        out->ptr = out->ptr == NULL ? "" : out->ptr;
    }
    return TEND_OK;
}

static enum tend_code read_sketches(const struct table_reader *reader, size_t row_idx,
                                    struct tend__column_sketches **out, struct tend_error *err)
{
    struct tend__column_sketch_bytes bytes;
    TEND_TRY(read_blob(reader, row_idx, FIELD(HLL), &bytes.hll, err));
    TEND_TRY(read_blob(reader, row_idx, FIELD(KLL), &bytes.kll, err));
    TEND_TRY(read_blob(reader, row_idx, FIELD(DDSKETCH), &bytes.ddsketch, err));
    TEND_TRY(read_blob(reader, row_idx, FIELD(FREQUENT_ITEMS), &bytes.frequent, err));
    const enum tend_code code = tend__column_sketches_read(&bytes, out, err);
    if (code == TEND_ECORRUPT) {
        const struct tend__text *name = &reader->names[row_idx];
        tend__error_prefix(err, "the profile of column '%.*s'",
                           name->len < 100 ? (int)name->len : 100, name->ptr);
    }
    return code;
}

/* Sketches of a column of the plan are of all its values, and those that its type has. */
static bool fits_column(const struct tend__column_sketches *sketches, enum tend_type type,
                        uint64_t value_count)
{
    const bool has_kll = type == TEND_TYPE_NUMBER || type == TEND_TYPE_TIME;
    const bool has_ddsketch = type == TEND_TYPE_NUMBER;
    const bool has_frequent = type == TEND_TYPE_TEXT;
    if ((sketches->kll != NULL) != has_kll || (sketches->ddsketch != NULL) != has_ddsketch ||
        (sketches->frequent != NULL) != has_frequent) {
        return false;
    }
    return (!has_kll || tend__kll_count(sketches->kll) == value_count) &&
           (!has_ddsketch || tend__ddsketch_count(sketches->ddsketch) == value_count) &&
           (!has_frequent || tend__frequent_total(sketches->frequent) == value_count);
}

static enum tend_code read_plan_sketches(const struct table_reader *reader, size_t row_idx,
                                         struct tend__profile *profile, size_t column_idx,
                                         uint64_t value_count, struct tend_error *err)
{
    struct tend__column_sketches *sketches = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(read_sketches(reader, row_idx, &sketches, err));
    if (sketches == NULL) {
        return TEND_OK;
    }
    if (!fits_column(sketches, profile->plan->columns[column_idx].type, value_count)) {
        code = fail_row(reader, row_idx, "its sketches are not of its values", err);
    } else if (profile->sketches == NULL) {
        code =
            tend__mem_new(profile->plan->column_count, sizeof(sketches), &profile->sketches, err);
    }
    if (code != TEND_OK) {
        tend__column_sketches_free(sketches);
        return code;
    }
    profile->sketches[column_idx] = sketches;
    return TEND_OK;
}

static enum tend_code read_column(const struct table_reader *reader, size_t row_idx,
                                  struct tend__profile *profile, size_t column_idx,
                                  struct tend_error *err)
{
    struct tend__column_profile *column = &profile->columns[column_idx];
    const enum tend_type type = profile->plan->columns[column_idx].type;
    uint64_t value_count = 0;
    TEND_TRY(match_column(reader, row_idx, &profile->plan->columns[column_idx], err));
    TEND_TRY(read_head(reader, row_idx, type, column, err));
    TEND_TRY(read_cells(reader, row_idx, type, column, &value_count, err));
    const uint64_t zero_count = type == TEND_TYPE_BOOL ? column->cells[0] : 0;
    if (type != TEND_TYPE_NUMBER && column->zero_count != zero_count) {
        return fail_row(reader, row_idx, "zero_count makes no sense", err);
    }
    if (type == TEND_TYPE_NUMBER) {
        TEND_TRY(read_number(reader, row_idx, &profile->plan->finders[column_idx], value_count,
                             column, err));
    }
    if (type == TEND_TYPE_VECTOR) {
        TEND_TRY(read_features(reader, row_idx, value_count, column, err));
    }
    if (type == TEND_TYPE_TIME) {
        TEND_TRY(read_times(reader, row_idx, value_count, column, err));
    }
    const uint64_t parts[] = {column->row_count, column->absent_count, column->type_changed_count};
    uint64_t row_count = 0;
    if (!add_counts(parts, TEND_ARRAY_LEN(parts), &row_count) ||
        (column_idx > 0 && row_count != profile->row_count)) {
        return fail_row(reader, row_idx, "it has other rows than the first column", err);
    }
    profile->row_count = row_count;
    return read_plan_sketches(reader, row_idx, profile, column_idx, value_count, err);
}

static enum tend_code read_new_column(const struct table_reader *reader, size_t row_idx,
                                      struct tend__profile *profile, struct tend_error *err)
{
    struct tend__new_column column = {.name = NULL};
    char *name = NULL;
    TEND_TRY(read_type(reader, row_idx, &column.type, err));
    TEND_TRY(read_count(reader, row_idx, FIELD(ROWS), &column.row_count, err));
    TEND_TRY(copy_name(reader, row_idx, &name, err));
    column.name = name;
    const bool is_known = tend__plan_find(profile->plan, name) != SIZE_MAX;
    const size_t count = profile->new_count;
    const bool is_sorted = count == 0 || strcmp(profile->new_columns[count - 1].name, name) < 0;
    enum tend_code code = TEND_OK;
    if (is_known || !is_sorted || column.row_count == 0 || column.row_count > profile->row_count) {
        code = fail_row(reader, row_idx, "it is no new column", err);
    } else {
        code = tend__profile_add_new(profile, &column, err);
    }
    tend__mem_free(name);
    return code == TEND_OK
               ? read_sketches(reader, row_idx, &profile->new_columns[count].sketches, err)
               : code;
}

/* ---- labels ---- */

/* A text that stands for nothing where it is null; no zero byte within. The caller frees *out. */
static enum tend_code read_label_text(const struct table_reader *reader, size_t row_idx,
                                      enum tend__profile_field field, char **out,
                                      struct tend_error *err)
{
    const struct tend__arrow_cursor *cursor = cursor_of(reader, field);
    struct tend__text text = {0};
    if (tend__arrow_is_null(cursor, row_idx)) {
        return TEND_OK;
    }
    TEND_TRY(tend__arrow_read_bytes(cursor, row_idx, &text, err));
    if (memchr(text.ptr, 0, text.len) != NULL) {
        return fail_row(reader, row_idx, "its segment has a zero byte", err);
    }
    return tend__mem_text(text.ptr, text.len, out, err);
}

static enum tend_code read_label(const struct table_reader *reader, size_t row_idx,
                                 struct tend__profile *profile, struct tend_error *err)
{
    const struct tend__arrow_cursor *start = cursor_of(reader, FIELD(WINDOW_START));
    const struct tend__arrow_cursor *end = cursor_of(reader, FIELD(WINDOW_END));
    struct tend__profile_label label = {.has_window = !tend__arrow_is_null(start, row_idx)};
    char *texts[4] = {NULL, NULL, NULL, NULL};
    enum tend_code code = TEND_OK;
    if (label.has_window == tend__arrow_is_null(end, row_idx)) {
        return fail_row(reader, row_idx, "its window lacks an end", err);
    }
    if (label.has_window) {
        label.window_start_us = tend__arrow_read_int(start, row_idx);
        label.window_end_us = tend__arrow_read_int(end, row_idx);
    }
    TEND_TRY_OUT(read_label_text(reader, row_idx, FIELD(WINDOW_COLUMN), &texts[0], err));
    TEND_TRY_OUT(read_label_text(reader, row_idx, FIELD(SEGMENT), &texts[1], err));
    TEND_TRY_OUT(read_label_text(reader, row_idx, FIELD(SEGMENT_COLUMN), &texts[2], err));
    TEND_TRY_OUT(read_label_text(reader, row_idx, FIELD(SEGMENT_VALUE), &texts[3], err));
    label.window_column = texts[0];
    label.segment = texts[1];
    label.segment_column = texts[2];
    label.segment_value = texts[3];
    code = tend__profile_set_label(profile, &label, err);
    if (code == TEND_EINVAL) {
        code = fail_row(reader, row_idx, "its window or segment makes no sense", err);
    }
out:
    for (size_t i = 0; i < TEND_ARRAY_LEN(texts); i++) {
        tend__mem_free(texts[i]);
    }
    return code;
}

/* ---- all of it ---- */

static enum tend_code read_group(const struct table_reader *reader, struct row_group *group,
                                 struct tend__profile **out, struct tend_error *err)
{
    struct tend__profile *profile = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(find_group_plan(reader, group, err));
    if (group->plan_count != group->plan->column_count) {
        return TEND_FAIL(err, ECORRUPT, "the profile has %zu columns, and its plan has %zu",
                         group->plan_count, group->plan->column_count);
    }
    TEND_TRY(tend__profile_new(group->plan, &profile, err));
    TEND_TRY_OUT(read_label(reader, row_of(reader, group, 0), profile, err));
    for (size_t i = 0; i < group->count; i++) {
        const size_t row_idx = row_of(reader, group, i);
        TEND_TRY_OUT(i < group->plan_count ? read_column(reader, row_idx, profile, i, err)
                                           : read_new_column(reader, row_idx, profile, err));
    }
    *out = profile;
    return TEND_OK;
out:
    tend__profile_free(profile);
    return code;
}

static enum tend_code read_groups(struct table_reader *reader, struct tend__profile_set *out,
                                  struct tend_error *err)
{
    struct tend__profile_set set = {.count = 0};
    TEND_TRY(read_rows(reader, err));
    TEND_TRY(tend__mem_new(reader->group_count, sizeof(*set.profiles), &set.profiles, err));
    for (size_t i = 0; i < reader->group_count; i++) {
        const enum tend_code code = read_group(reader, &reader->groups[i], &set.profiles[i], err);
        if (code != TEND_OK) {
            tend__profile_set_deinit(&set);
            return code;
        }
        set.count++;
    }
    *out = set;
    return TEND_OK;
}

void tend__profile_set_deinit(struct tend__profile_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        tend__profile_free(set->profiles[i]);
    }
    tend__mem_free(set->profiles);
    *set = (struct tend__profile_set){.count = 0};
}

enum tend_code tend__profile_set_from_table(const struct tend_arrow_schema *schema,
                                            const struct tend_arrow_array *array,
                                            const struct tend__profile_set_options *options,
                                            struct tend__profile_set *out, struct tend_error *err)
{
    const struct tend__profile_set_options none = {.plan = NULL};
    struct table_reader reader = {.options = options == NULL ? &none : options};
    TEND_TRY(tend__arrow_cursors_init(tend__profile_fields, TEND_PROFILE_FIELD_COUNT, schema, array,
                                      reader.cursors, err));
    if (array->length == 0 || array->length > TEND_PROFILE_SET_ROW_MAX) {
        return TEND_FAIL(err, ECORRUPT, "the profile has %lld rows, not 1..%lld",
                         (long long)array->length, (long long)TEND_PROFILE_SET_ROW_MAX);
    }
    reader.row_count = (size_t)array->length;
    const enum tend_code code = read_groups(&reader, out, err);
    deinit_reader(&reader);
    return code;
}

enum tend_code tend__profile_from_table(const struct tend_arrow_schema *schema,
                                        const struct tend_arrow_array *array,
                                        struct tend__profile **out, struct tend_error *err)
{
    struct tend__profile_set set = {.count = 0};
    enum tend_code code = tend__profile_set_from_table(schema, array, NULL, &set, err);
    if (code == TEND_EINVAL) {
        return TEND_FAIL(err, ECORRUPT, "the profile holds only counts, and not where it counted");
    }
    TEND_TRY(code);
    if (set.count == 1) {
        *out = set.profiles[0];
        set.profiles[0] = NULL;
    } else {
        code = TEND_FAIL(err, ECORRUPT, "there are %zu profiles, of windows or segments, not one",
                         set.count);
    }
    tend__profile_set_deinit(&set);
    return code;
}
