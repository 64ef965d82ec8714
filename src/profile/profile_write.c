/* SPDX-License-Identifier: Apache-2.0 */
/* profile_write.c: profiles as an Arrow table, one row a column of the data. */
#include "profile/profile.h"

#include "profile/arrow_out.h"
#include "profile/arrow_read.h"
#include "profile/plan_inner.h"
#include "profile/profile_fields.h"
#include "profile/profile_inner.h"
#include "profile/profile_row.h"

#include <math.h>
#include <string.h>

#define FIELD(name) TEND_PROFILE_FIELD_##name

static void put_count(struct tend__arrow_out *table, enum tend__profile_field field, uint64_t count)
{
    tend__arrow_out_int(table, (size_t)field, (int64_t)count);
}

static void put_text(struct tend__arrow_out *table, enum tend__profile_field field,
                     const char *text)
{
    tend__arrow_out_bytes(table, (size_t)field, text, strlen(text));
}

static void put_text_or_null(struct tend__arrow_out *table, enum tend__profile_field field,
                             const char *text)
{
    if (text == NULL) {
        tend__arrow_out_null(table, (size_t)field);
    } else {
        put_text(table, field, text);
    }
}

/* NaN is written as null. */
static void put_double(struct tend__arrow_out *table, enum tend__profile_field field, double x)
{
    if (isnan(x)) {
        tend__arrow_out_null(table, (size_t)field);
    } else {
        tend__arrow_out_double(table, (size_t)field, x);
    }
}

static void put_nulls(struct tend__arrow_out *table, enum tend__profile_field first,
                      enum tend__profile_field last)
{
    for (size_t i = (size_t)first; i <= (size_t)last; i++) {
        tend__arrow_out_null(table, i);
    }
}

static void put_head(struct tend__arrow_out *table, const struct tend__profile *profile,
                     const char *name, enum tend_type type, bool in_plan, uint64_t row_count)
{
    const struct tend__profile_label *label = &profile->label;
    tend__arrow_out_int(table, FIELD(FORMAT), TEND_PROFILE_FORMAT);
    if (label->has_window) {
        tend__arrow_out_int(table, FIELD(WINDOW_START), label->window_start_us);
        tend__arrow_out_int(table, FIELD(WINDOW_END), label->window_end_us);
    } else {
        put_nulls(table, FIELD(WINDOW_START), FIELD(WINDOW_END));
    }
    put_text_or_null(table, FIELD(WINDOW_COLUMN), label->window_column);
    put_text_or_null(table, FIELD(SEGMENT), label->segment);
    put_text_or_null(table, FIELD(SEGMENT_COLUMN), label->segment_column);
    put_text_or_null(table, FIELD(SEGMENT_VALUE), label->segment_value);
    put_text(table, FIELD(PLAN), tend__plan_id(profile->plan));
    put_text(table, FIELD(NAME), name);
    put_text(table, FIELD(TYPE), tend__type_text(type));
    tend__arrow_out_bool(table, FIELD(IN_PLAN), in_plan);
    put_count(table, FIELD(ROWS), row_count);
}

/* Where only counts are written the rounded sum is left out: it follows from mean and counts. */
static void put_sum(struct tend__arrow_out *table, enum tend__profile_field field,
                    enum tend__profile_field exact_field, const struct tend__exact_sum *sum,
                    bool is_full)
{
    unsigned char bytes[TEND_EXACT_SUM_BYTES_MAX];
    const size_t len = tend__exact_sum_write(sum, bytes);
    put_double(table, field, is_full ? tend__exact_sum_value(sum) : (double)NAN);
    tend__arrow_out_bytes(table, (size_t)exact_field, bytes, len);
}

/* min .. max_time: what the type has, null elsewhere. */
static void put_moments(struct tend__arrow_out *table, const struct tend__profile *profile,
                        size_t column_idx, bool is_full)
{
    const struct tend__column_profile *column = &profile->columns[column_idx];
    const enum tend_type type = profile->plan->columns[column_idx].type;
    put_double(table, FIELD(MIN), column->min);
    put_double(table, FIELD(MAX), column->max);
    put_double(table, FIELD(MEAN), tend__profile_mean(profile, column_idx));
    put_double(table, FIELD(SD), tend__profile_sd(profile, column_idx));
    if (type == TEND_TYPE_NUMBER) {
        put_sum(table, FIELD(SUM), FIELD(EXACT_SUM), &column->sum, is_full);
        put_sum(table, FIELD(SUM_SQUARES), FIELD(EXACT_SUM_SQUARES), &column->sum_squares, is_full);
    } else {
        put_nulls(table, FIELD(SUM), FIELD(EXACT_SUM_SQUARES));
    }
    if (column->min_us <= column->max_us) {
        tend__arrow_out_int(table, FIELD(MIN_TIME), column->min_us);
        tend__arrow_out_int(table, FIELD(MAX_TIME), column->max_us);
    } else {
        put_nulls(table, FIELD(MIN_TIME), FIELD(MAX_TIME));
    }
}

/* Where is counted: of one profile of a file that holds many of one plan. */
static void put_places(struct tend__arrow_out *table, const struct tend__plan_column *plan)
{
    static const struct tend__text bools[] = {{"false", 5}, {"true", 4}};
    const size_t n = plan->cell_count;
    if (plan->type == TEND_TYPE_NUMBER) {
        tend__arrow_out_doubles(table, FIELD(CELL_LOWS), plan->cell_lows, n);
        tend__arrow_out_doubles(table, FIELD(CELL_HIGHS), plan->cell_highs, n);
        tend__arrow_out_doubles(table, FIELD(CELL_POSITIONS), plan->cell_positions, n);
    } else {
        put_nulls(table, FIELD(CELL_LOWS), FIELD(CELL_POSITIONS));
    }
    if (plan->type == TEND_TYPE_TEXT) {
        tend__arrow_out_texts(table, FIELD(CATEGORIES), plan->categories, plan->category_count);
    } else if (plan->type == TEND_TYPE_BOOL) {
        tend__arrow_out_texts(table, FIELD(CATEGORIES), bools, TEND_ARRAY_LEN(bools));
    } else {
        tend__arrow_out_null(table, FIELD(CATEGORIES));
    }
    if (plan->dim > 0) {
        tend__arrow_out_int(table, FIELD(VECTOR_DIM), plan->dim);
        tend__arrow_out_double(table, FIELD(VECTOR_WIDTH), plan->width);
        tend__arrow_out_doubles(table, FIELD(VECTOR_SPECTRUM), plan->spectrum, plan->rank);
    } else {
        put_nulls(table, FIELD(VECTOR_DIM), FIELD(VECTOR_SPECTRUM));
    }
}

/* Sums have signs; their bits are written as they are. */
static void put_features(struct tend__arrow_out *table, const struct tend__column_profile *column)
{
    uint64_t bits[TEND_FEATURE_COUNT];
    if (column->features == NULL) {
        tend__arrow_out_null(table, FIELD(VECTOR_SUMS));
        return;
    }
    memcpy(bits, column->features, sizeof(bits));
    tend__arrow_out_ints(table, FIELD(VECTOR_SUMS), bits, TEND_FEATURE_COUNT);
}

static void put_counts(struct tend__arrow_out *table, const struct tend__plan_column *plan,
                       const struct tend__column_profile *column)
{
    const size_t n = plan->cell_count;
    if (plan->type == TEND_TYPE_TEXT) {
        tend__arrow_out_ints(table, FIELD(COUNTS), column->cells, n - 1);
        put_count(table, FIELD(OTHERS), column->cells[n - 1]);
    } else {
        tend__arrow_out_ints(table, FIELD(COUNTS), column->cells, n);
        tend__arrow_out_null(table, FIELD(OTHERS));
    }
    if (plan->type == TEND_TYPE_TIME) {
        tend__arrow_out_ints(table, FIELD(WEEKDAYS), column->weekdays,
                             TEND_ARRAY_LEN(column->weekdays));
    } else {
        tend__arrow_out_null(table, FIELD(WEEKDAYS));
    }
}

/* `kll` .. `ddsketch`: those that there are. */
static enum tend_code put_sketches(struct tend__arrow_out *table,
                                   const struct tend__column_sketches *sketches,
                                   struct tend_error *err)
{
    struct tend__buf buf;
    enum tend_code code = TEND_OK;
    tend__buf_init(&buf, TEND_COLUMN_SKETCH_BYTES_MAX);
    if (sketches != NULL && sketches->kll != NULL) {
        TEND_TRY_OUT(tend__kll_write(sketches->kll, &buf, err));
        tend__arrow_out_bytes(table, FIELD(KLL), tend__buf_str(&buf), buf.len);
    } else {
        tend__arrow_out_null(table, FIELD(KLL));
    }
    tend__buf_reset(&buf);
    if (sketches != NULL) {
        TEND_TRY_OUT(tend__hll_write(sketches->hll, &buf, err));
        tend__arrow_out_bytes(table, FIELD(HLL), tend__buf_str(&buf), buf.len);
    } else {
        tend__arrow_out_null(table, FIELD(HLL));
    }
    tend__buf_reset(&buf);
    if (sketches != NULL && sketches->frequent != NULL) {
        TEND_TRY_OUT(tend__frequent_write(sketches->frequent, &buf, err));
        tend__arrow_out_bytes(table, FIELD(FREQUENT_ITEMS), tend__buf_str(&buf), buf.len);
    } else {
        tend__arrow_out_null(table, FIELD(FREQUENT_ITEMS));
    }
    tend__buf_reset(&buf);
    if (sketches != NULL && sketches->ddsketch != NULL) {
        TEND_TRY_OUT(tend__ddsketch_write(sketches->ddsketch, &buf, err));
        tend__arrow_out_bytes(table, FIELD(DDSKETCH), tend__buf_str(&buf), buf.len);
    } else {
        tend__arrow_out_null(table, FIELD(DDSKETCH));
    }
out:
    tend__buf_deinit(&buf);
    return code;
}

static enum tend_code put_column(struct tend__arrow_out *table, const struct tend__profile *profile,
                                 size_t column_idx, bool is_full, struct tend_error *err)
{
    const struct tend__column_profile *column = &profile->columns[column_idx];
    const struct tend__plan_column *plan = &profile->plan->columns[column_idx];
    put_head(table, profile, plan->name, plan->type, true, column->row_count);
    put_count(table, FIELD(ABSENT), column->absent_count);
    put_count(table, FIELD(TYPE_CHANGED), column->type_changed_count);
    put_count(table, FIELD(TYPES_SEEN), column->types_seen);
    put_count(table, FIELD(NULLS), column->null_count);
    put_count(table, FIELD(NANS), column->nan_count);
    put_count(table, FIELD(POS_INFS), column->pos_inf_count);
    put_count(table, FIELD(NEG_INFS), column->neg_inf_count);
    put_count(table, FIELD(ZEROS), column->zero_count);
    put_moments(table, profile, column_idx, is_full);
    if (is_full) {
        put_places(table, plan);
    } else {
        put_nulls(table, FIELD(CELL_LOWS), FIELD(CATEGORIES));
        put_nulls(table, FIELD(VECTOR_DIM), FIELD(VECTOR_SPECTRUM));
    }
    put_counts(table, plan, column);
    put_features(table, column);
    TEND_TRY(put_sketches(table, tend__profile_sketches(profile, column_idx), err));
    tend__arrow_out_int(table, FIELD(CHECK), 0);
    return TEND_OK;
}

static enum tend_code put_new_columns(struct tend__arrow_out *table,
                                      const struct tend__profile *profile, struct tend_error *err)
{
    for (size_t i = 0; i < profile->new_count; i++) {
        const struct tend__new_column *column = &profile->new_columns[i];
        put_head(table, profile, column->name, column->type, false, column->row_count);
        put_nulls(table, FIELD(ABSENT), (enum tend__profile_field)(FIELD(KLL) - 1));
        TEND_TRY(put_sketches(table, column->sketches, err));
        tend__arrow_out_int(table, FIELD(CHECK), 0);
    }
    return TEND_OK;
}

static enum tend_code put_profiles(struct tend__arrow_out *table,
                                   const struct tend__profile *const *profiles, size_t count,
                                   size_t full_count, struct tend_error *err)
{
    for (size_t i = 0; i < profiles[0]->plan->column_count; i++) {
        for (size_t j = 0; j < count; j++) {
            TEND_TRY(put_column(table, profiles[j], i, j < full_count, err));
        }
    }
    for (size_t j = 0; j < count; j++) {
        TEND_TRY(put_new_columns(table, profiles[j], err));
    }
    return TEND_OK;
}

/* The hash of each row, into the column that was left 0 for it. */
static enum tend_code put_checks(const struct tend_arrow_schema *schema,
                                 const struct tend_arrow_array *array, struct tend_error *err)
{
    struct tend__arrow_cursor cursors[TEND_PROFILE_FIELD_COUNT];
    int64_t *checks = (int64_t *)(uintptr_t)array->children[FIELD(CHECK)]->buffers[1];
    TEND_TRY(tend__arrow_cursors_init(tend__profile_fields, TEND_PROFILE_FIELD_COUNT, schema, array,
                                      cursors, err));
    for (size_t i = 0; i < (size_t)array->length; i++) {
        TEND_TRY(tend__profile_row_check(cursors, i, &checks[i], err));
    }
    return TEND_OK;
}

static enum tend_code take_table(struct tend__arrow_out *table, struct tend_arrow_schema *schema,
                                 struct tend_arrow_array *array, struct tend_error *err)
{
    struct tend_arrow_schema made_schema = {0};
    struct tend_arrow_array made_array = {0};
    TEND_TRY(tend__arrow_out_take(table, &made_schema, &made_array, err));
    const enum tend_code code = put_checks(&made_schema, &made_array, err);
    if (code != TEND_OK) {
        made_schema.release(&made_schema);
        made_array.release(&made_array);
        return code;
    }
    *schema = made_schema;
    *array = made_array;
    return TEND_OK;
}

enum tend_code tend__profiles_table(const struct tend__profile *const *profiles, size_t count,
                                    size_t full_count, struct tend_arrow_schema *schema,
                                    struct tend_arrow_array *array, struct tend_error *err)
{
    struct tend__arrow_out *table = NULL;
    if (count == 0) {
        return TEND_FAIL(err, EINVAL, "a table needs at least one profile");
    }
    for (size_t i = 1; i < count; i++) {
        TEND_TRY(tend__plan_match(profiles[0]->plan, profiles[i]->plan, err));
    }
    TEND_TRY(tend__arrow_out_new(tend__profile_fields, TEND_PROFILE_FIELD_COUNT, &table, err));
    enum tend_code code = put_profiles(table, profiles, count, full_count, err);
    if (code == TEND_OK) {
        code = take_table(table, schema, array, err);
    }
    tend__arrow_out_free(table);
    return code;
}

enum tend_code tend__profile_table(const struct tend__profile *profile,
                                   struct tend_arrow_schema *schema, struct tend_arrow_array *array,
                                   struct tend_error *err)
{
    return tend__profiles_table(&profile, 1, 1, schema, array, err);
}
