/* SPDX-License-Identifier: Apache-2.0 */
/* profile_rows.c: makes rows from a seed. */
#include "unit.h"

#include "profile_rows.h"

#include "base/civil.h"

#include <math.h>
#include <string.h>

#define ANY_RANGE -(double)INFINITY, (double)INFINITY

const struct tend__field rows_fields[ROWS_COLUMNS] = {
    {"delay", TEND_TYPE_NUMBER, ANY_RANGE}, {"amount", TEND_TYPE_NUMBER, ANY_RANGE},
    {"flag", TEND_TYPE_BOOL, ANY_RANGE},    {"code", TEND_TYPE_TEXT, ANY_RANGE},
    {"id", TEND_TYPE_TEXT, ANY_RANGE},      {"at", TEND_TYPE_TIME, ANY_RANGE},
    {"empty", TEND_TYPE_NULL, ANY_RANGE},
};

static double random_amount(struct tend__rng *rng)
{
    static const double special[] = {0.0, -0.0, 1e300, -1e300, 5e-324, 1048577, 0.5, 0.5, 0.5};
    const uint64_t kind = tend__rng_below(rng, 20);
    if (kind == 0) {
        return (double)NAN;
    }
    if (kind == 1) {
        return tend__rng_below(rng, 2) == 0 ? (double)INFINITY : -(double)INFINITY;
    }
    if (kind < 6) {
        return special[tend__rng_below(rng, TEND_ARRAY_LEN(special))];
    }
    return exp(tend__rng_normal(rng)) * 100;
}

void rows_fill(struct profile_rows *rows, uint64_t seed, size_t count)
{
    static const char *const codes[] = {"",   "A", "AB", "ABC", "DFW", "eightbyt", "a longer text",
                                        "LAX"};
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    rows->count = count;
    for (size_t i = 0; i < count; i++) {
        struct profile_row *row = &rows->rows[i];
        *row = (struct profile_row){0};
        row->delay = floor(tend__rng_normal(&rng) * 20);
        row->amount = random_amount(&rng);
        row->flag = tend__rng_below(&rng, 3) == 0 ? 1 : 0;
        const double skew = tend__rng_uniform(&rng);
        (void)snprintf(row->code, sizeof(row->code), "%s",
                       codes[(size_t)(skew * skew * TEND_ARRAY_LEN(codes))]);
        (void)snprintf(row->id, sizeof(row->id), "id-%llu",
                       (unsigned long long)tend__rng_below(&rng, 2000) * 1000003ULL);
        row->at = ((int64_t)tend__rng_below(&rng, 20000) - 4000) * INT64_C(7919000000);
        for (size_t j = 0; j < ROWS_COLUMNS; j++) {
            row->valid[j] = tend__rng_below(&rng, 10) > 0 ? 1 : 0;
        }
    }
}

void rows_shuffle(struct profile_rows *rows, struct tend__rng *rng)
{
    for (size_t i = rows->count; i > 1; i--) {
        const size_t j = (size_t)tend__rng_below(rng, i);
        const struct profile_row row = rows->rows[i - 1];
        rows->rows[i - 1] = rows->rows[j];
        rows->rows[j] = row;
    }
}

struct tend__batch rows_view(struct profile_rows *rows, size_t begin, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct profile_row *row = &rows->rows[begin + i];
        rows->delay[i] = row->delay;
        rows->amount[i] = row->amount;
        rows->flag[i] = row->flag;
        rows->code[i] = (struct tend__text){row->code, strlen(row->code)};
        rows->id[i] = (struct tend__text){row->id, strlen(row->id)};
        rows->at[i] = row->at;
        for (size_t j = 0; j < ROWS_COLUMNS; j++) {
            rows->valid[j][i] = row->valid[j];
        }
    }
    for (size_t j = 0; j < ROWS_COLUMNS; j++) {
        rows->columns[j] = (struct tend__column){.type = rows_fields[j].type};
        rows->columns[j].valid = rows->valid[j];
    }
    rows->columns[ROWS_DELAY].f64 = rows->delay;
    rows->columns[ROWS_AMOUNT].f64 = rows->amount;
    rows->columns[ROWS_FLAG].bools = rows->flag;
    rows->columns[ROWS_CODE].text = rows->code;
    rows->columns[ROWS_ID].text = rows->id;
    rows->columns[ROWS_AT].time_us = rows->at;
    return (struct tend__batch){
        .row_count = count,
        .column_count = ROWS_COLUMNS,
        .fields = rows_fields,
        .columns = rows->columns,
    };
}

static size_t next_len(size_t left, struct tend__rng *rng)
{
    const size_t len = 1 + (size_t)tend__rng_below(rng, 2100);
    return len < left ? len : left;
}

struct tend__plan *rows_plan(struct profile_rows *rows, struct tend__rng *rng)
{
    struct tend_error err = {0};
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    assert_tend_ok(tend__plan_builder_new(rows_fields, ROWS_COLUMNS, NULL, &builder, &err), &err);
    for (size_t begin = 0; begin < rows->count;) {
        const size_t len = next_len(rows->count - begin, rng);
        const struct tend__batch batch = rows_view(rows, begin, len);
        assert_tend_ok(tend__plan_builder_add(builder, &batch, &err), &err);
        begin += len;
    }
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    tend__plan_builder_free(builder);
    return plan;
}

struct tend__profile *rows_profile(struct profile_rows *rows, struct tend__plan *plan, size_t begin,
                                   size_t count, struct tend__rng *rng)
{
    struct tend_error err = {0};
    struct tend__profile *profile = NULL;
    assert_tend_ok(tend__profile_new(plan, &profile, &err), &err);
    for (size_t at = begin; at < begin + count;) {
        const size_t len = next_len(begin + count - at, rng);
        const struct tend__batch batch = rows_view(rows, at, len);
        assert_tend_ok(tend__profile_add(profile, &batch, &err), &err);
        at += len;
    }
    return profile;
}

static bool is_present(const struct tend_arrow_array *array, int64_t at)
{
    const unsigned char *bits = array->buffers[0];
    return bits == NULL || (bits[at / 8] >> (at % 8) & 1) != 0;
}

/* The items from .. to of an array without children. */
static void item_bytes(const char *format, const struct tend_arrow_array *array, int64_t from,
                       int64_t to, struct tend__buf *out)
{
    for (int64_t i = from; i < to; i++) {
        const bool present = is_present(array, i);
        tend__buf_char(out, present ? 'v' : 'n');
        if (!present) {
            continue;
        }
        if (format[0] == 'u' || format[0] == 'z') {
            const int32_t *offsets = array->buffers[1];
            const char *bytes = array->buffers[2];
            tend__buf_printf(out, "%d:", offsets[i + 1] - offsets[i]);
            tend__buf_add(out, bytes + offsets[i], (size_t)(offsets[i + 1] - offsets[i]));
        } else if (format[0] == 'b') {
            const unsigned char *bits = array->buffers[1];
            tend__buf_char(out, (bits[i / 8] >> (i % 8) & 1) != 0 ? '1' : '0');
        } else {
            tend__buf_add(out, (const char *)array->buffers[1] + 8 * i, 8);
        }
    }
}

void table_bytes(const struct tend_arrow_schema *schema, const struct tend_arrow_array *array,
                 struct tend__buf *out)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct tend_arrow_schema *field = schema->children[i];
        const struct tend_arrow_array *column = array->children[i];
        tend__buf_printf(out, "\n%s %s %lld\n", field->name, field->format,
                         (long long)column->length);
        if (strcmp(field->format, "+l") != 0) {
            item_bytes(field->format, column, 0, column->length, out);
            continue;
        }
        const int32_t *offsets = column->buffers[1];
        for (int64_t j = 0; j < column->length; j++) {
            tend__buf_printf(out, "%c%d:", is_present(column, j) ? 'v' : 'n',
                             offsets[j + 1] - offsets[j]);
            item_bytes(field->children[0]->format, column->children[0], offsets[j], offsets[j + 1],
                       out);
        }
    }
}

void profile_bytes(const struct tend__profile *profile, struct tend__buf *out)
{
    struct tend_error err = {0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    tend__buf_init(out, (size_t)1 << 26);
    assert_tend_ok(tend__profile_table(profile, &schema, &array, &err), &err);
    table_bytes(&schema, &array, out);
    assert_tend_ok(tend__buf_code(out, &err), &err);
    schema.release(&schema);
    array.release(&array);
}
