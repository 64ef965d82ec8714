/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_undo.c: rows as they would be without a break, for replay through the model.
 *
 * A unit change is undone where nearly all rows are converted: which rows are, a mixture does not
 * say. A filled default becomes NULL: what stood there is lost, and a model knows what to do with a
 * missing value.
 */
#include "judge/breaks.h"

#include "base/civil.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

#define WHOLE_SHARE 0.9

void tend__break_undo_init(struct tend__break_undo *undo)
{
    *undo = (struct tend__break_undo){0};
}

void tend__break_undo_deinit(struct tend__break_undo *undo)
{
    tend__mem_free(undo->f64);
    tend__mem_free(undo->valid);
    tend__mem_free(undo->time_us);
    tend__mem_free(undo->text);
    *undo = (struct tend__break_undo){0};
}

static enum tend_code make_room(struct tend__break_undo *undo, size_t row_count,
                                struct tend_error *err)
{
    if (row_count <= undo->cap) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_resize(&undo->f64, row_count, sizeof(*undo->f64), err));
    TEND_TRY(tend__mem_resize(&undo->valid, row_count, sizeof(*undo->valid), err));
    TEND_TRY(tend__mem_resize(&undo->time_us, row_count, sizeof(*undo->time_us), err));
    TEND_TRY(tend__mem_resize(&undo->text, row_count, sizeof(*undo->text), err));
    undo->cap = row_count;
    return TEND_OK;
}

static void undo_unit(const struct tend__break *found, const struct tend__column *in,
                      size_t row_count, double *out)
{
    for (size_t i = 0; i < row_count; i++) {
        out[i] = (in->f64[i] - found->offset) / found->factor;
    }
}

/* Hours outside 0..24 and what is under invalid rows stay as they are. */
static void undo_number_hours(const struct tend__break *found, const struct tend__column *in,
                              size_t row_count, double *out)
{
    for (size_t i = 0; i < row_count; i++) {
        const double hour = in->f64[i];
        out[i] = hour;
        if (tend__is_valid(in, i) && hour >= 0 && hour < 24) {
            const double turned = hour - found->shift_hours;
            out[i] = turned < 0 ? turned + 24 : turned >= 24 ? turned - 24 : turned;
        }
    }
}

static void undo_time_hours(const struct tend__break *found, const struct tend__column *in,
                            size_t row_count, int64_t *out)
{
    const int64_t shift = (int64_t)found->shift_hours * TEND_US_PER_HOUR;
    for (size_t i = 0; i < row_count; i++) {
        int64_t time_us = in->time_us[i];
        /* Times at the end of the calendar stay as they are. */
        if (tend__is_valid(in, i) && __builtin_sub_overflow(time_us, shift, &time_us)) {
            time_us = in->time_us[i];
        }
        out[i] = time_us;
    }
}

static bool text_is(struct tend__text text, const char *other)
{
    return text.len == strlen(other) && (text.len == 0 || memcmp(text.ptr, other, text.len) == 0);
}

static bool is_rename(enum tend__break_kind kind)
{
    return kind == TEND_BREAK_CATEGORY_RENAME || kind == TEND_BREAK_CATEGORY_CASE;
}

static void undo_names(const struct tend__break *breaks, size_t break_count,
                       const struct tend__column *in, size_t row_count, struct tend__text *out)
{
    for (size_t i = 0; i < row_count; i++) {
        out[i] = in->text[i];
        for (size_t k = 0; tend__is_valid(in, i) && k < break_count; k++) {
            if (is_rename(breaks[k].kind) && breaks[k].to[0] != '\0' &&
                text_is(in->text[i], breaks[k].to)) {
                out[i] = (struct tend__text){.ptr = breaks[k].from, .len = strlen(breaks[k].from)};
                break;
            }
        }
    }
}

static void undo_fill(const struct tend__break *found, const struct tend__column *in,
                      size_t row_count, uint8_t *valid)
{
    for (size_t i = 0; i < row_count; i++) {
        const bool is_filled = in->type == TEND_TYPE_NUMBER ? in->f64[i] == found->offset
                                                            : text_is(in->text[i], found->to);
        valid[i] = tend__is_valid(in, i) && !is_filled ? 1 : 0;
    }
}

static bool is_unit(enum tend__break_kind kind)
{
    return kind == TEND_BREAK_UNIT_CHANGE || kind == TEND_BREAK_SIGN_FLIP;
}

bool tend__break_is_undoable(const struct tend__break *found)
{
    if (!tend__break_kind_is_undoable(found->kind)) {
        return false;
    }
    if (is_rename(found->kind)) {
        return found->to[0] != '\0';
    }
    return !is_unit(found->kind) || (found->share >= WHOLE_SHARE && found->factor != 0);
}

static bool fits_type(enum tend__break_kind kind, enum tend_type type)
{
    if (is_rename(kind)) {
        return type == TEND_TYPE_TEXT;
    }
    if (is_unit(kind)) {
        return type == TEND_TYPE_NUMBER;
    }
    return type == TEND_TYPE_NUMBER ||
           type == (kind == TEND_BREAK_HOUR_SHIFT ? TEND_TYPE_TIME : TEND_TYPE_TEXT);
}

/* Writes what differs from the column itself. */
static void undo_one(const struct tend__break *found, const struct tend__column *in,
                     size_t row_count, struct tend__break_undo *undo)
{
    if (found->kind == TEND_BREAK_DEFAULT_FILL) {
        undo_fill(found, in, row_count, undo->valid);
        undo->column.valid = undo->valid;
    } else if (in->type == TEND_TYPE_TIME) {
        undo_time_hours(found, in, row_count, undo->time_us);
        undo->column.time_us = undo->time_us;
    } else if (found->kind == TEND_BREAK_HOUR_SHIFT) {
        undo_number_hours(found, in, row_count, undo->f64);
        undo->column.f64 = undo->f64;
    } else {
        undo_unit(found, in, row_count, undo->f64);
        undo->column.f64 = undo->f64;
    }
}

enum tend_code tend__break_undo(const struct tend__break *breaks, size_t break_count,
                                const struct tend__column *in, size_t row_count,
                                struct tend__break_undo *undo, struct tend_error *err)
{
    TEND_TRY(make_room(undo, row_count, err));
    undo->column = *in;
    for (size_t i = 0; i < break_count; i++) {
        const struct tend__break *found = &breaks[i];
        if (!tend__break_is_undoable(found)) {
            continue;
        }
        if (!fits_type(found->kind, in->type)) {
            return TEND_FAIL(err, ETYPE, "%s of a %s column", tend__break_kind_text(found->kind),
                             tend__type_text(in->type));
        }
        if (is_rename(found->kind)) {
            undo_names(breaks, break_count, in, row_count, undo->text);
            undo->column.text = undo->text;
        } else {
            undo_one(found, in, row_count, undo);
        }
        break;
    }
    return TEND_OK;
}
