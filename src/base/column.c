/* SPDX-License-Identifier: Apache-2.0 */
/* column.c: the names of the column types, columns from a row on, and lists of fields. */
#include "base/column.h"

#include "base/mem.h"

#include <string.h>

const char *tend__type_text(enum tend_type type)
{
    switch (type) {
    case TEND_TYPE_NUMBER:
        return "number";
    case TEND_TYPE_BOOL:
        return "bool";
    case TEND_TYPE_TEXT:
        return "text";
    case TEND_TYPE_TIME:
        return "time";
    case TEND_TYPE_VECTOR:
        return "vector";
    case TEND_TYPE_NULL:
        return "null";
    }
    return "unknown";
}

#define LOW_BITS 11 /* what is above them has at most 53 bits */

/* high + low rounded once, and what that took off (T. J. Dekker 1971, |high| >= |low| or high = 0).
 */
static inline double add_parts(double high, double low, double *rest)
{
    const double sum = high + low;
    *rest = low - (sum - high);
    return sum;
}

bool tend__split_signed(const int64_t *from, size_t count, double *f64, double *rest)
{
    bool has_rest = false;
    for (size_t i = 0; i < count; i++) {
        const double low = (double)(from[i] & ((1 << LOW_BITS) - 1));
        const double high = (double)(from[i] >> LOW_BITS) * (1 << LOW_BITS);
        f64[i] = add_parts(high, low, &rest[i]);
        has_rest = has_rest || rest[i] != 0;
    }
    return has_rest;
}

bool tend__split_unsigned(const uint64_t *from, size_t count, double *f64, double *rest)
{
    bool has_rest = false;
    for (size_t i = 0; i < count; i++) {
        const double low = (double)(from[i] & ((1 << LOW_BITS) - 1));
        const double high = (double)(from[i] >> LOW_BITS) * (1 << LOW_BITS);
        f64[i] = add_parts(high, low, &rest[i]);
        has_rest = has_rest || rest[i] != 0;
    }
    return has_rest;
}

struct tend__column tend__column_from(const struct tend__column *column, size_t start)
{
    const size_t width = column->type == TEND_TYPE_VECTOR ? column->dim : 1;
    struct tend__column out = *column;
    out.f64 = column->f64 == NULL ? NULL : column->f64 + start * width;
    out.rest = column->rest == NULL ? NULL : column->rest + start;
    out.f32 = column->f32 == NULL ? NULL : column->f32 + start * width;
    out.bools = column->bools == NULL ? NULL : column->bools + start;
    out.text = column->text == NULL ? NULL : column->text + start;
    out.time_us = column->time_us == NULL ? NULL : column->time_us + start;
    out.valid = column->valid == NULL ? NULL : column->valid + start;
    out.misfit = column->misfit == NULL ? NULL : column->misfit + start;
    return out;
}

void tend__fields_free(struct tend__field *fields, size_t count)
{
    for (size_t i = 0; fields != NULL && i < count; i++) {
        char *name = NULL;
        memcpy(&name, &fields[i].name, sizeof(name)); /* ours, const only to readers */
        tend__mem_free(name);
    }
    tend__mem_free(fields);
}

enum tend_code tend__fields_copy(const struct tend__field *from, size_t count,
                                 struct tend__field **out, struct tend_error *err)
{
    struct tend__field *fields = NULL;
    TEND_TRY(tend__mem_new(count, sizeof(*fields), &fields, err));
    for (size_t i = 0; i < count; i++) {
        char *name = NULL;
        const enum tend_code code = tend__mem_text(from[i].name, strlen(from[i].name), &name, err);
        if (code != TEND_OK) {
            tend__fields_free(fields, i);
            return code;
        }
        fields[i] = from[i];
        fields[i].name = name;
    }
    *out = fields;
    return TEND_OK;
}

size_t tend__fields_find(const struct tend__field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}
