/* SPDX-License-Identifier: Apache-2.0 */
/* column.c: the names of the column types, and columns from a row on. */
#include "base/column.h"

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

struct tend__column tend__column_from(const struct tend__column *column, size_t start)
{
    const size_t width = column->type == TEND_TYPE_VECTOR ? column->dim : 1;
    struct tend__column out = *column;
    out.f64 = column->f64 == NULL ? NULL : column->f64 + start * width;
    out.f32 = column->f32 == NULL ? NULL : column->f32 + start * width;
    out.bools = column->bools == NULL ? NULL : column->bools + start;
    out.text = column->text == NULL ? NULL : column->text + start;
    out.time_us = column->time_us == NULL ? NULL : column->time_us + start;
    out.valid = column->valid == NULL ? NULL : column->valid + start;
    out.misfit = column->misfit == NULL ? NULL : column->misfit + start;
    return out;
}
