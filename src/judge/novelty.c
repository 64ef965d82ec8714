/* SPDX-License-Identifier: Apache-2.0 */
/* novelty.c: one counter of distinct values for each text and number column, and from it the most
 * frequent ones that the plan does not know; see novelty.h. */
#include "judge/novelty.h"

#include "base/mem.h"
#include "profile/distinct.h"
#include "profile/plan.h"
#include "profile/text_key.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_LEN 256

struct items {
    const struct tend__plan_column *column;
    bool is_text;
    size_t cap; /* 0: the column is not watched */
    struct tend__distinct *distinct;
    struct tend__novel_value *top;
    size_t top_count;
    bool is_listed;              /* top is of all rows so far */
    struct tend__text_map known; /* text: the plan's categories */
};

struct tend__novelty {
    const struct tend__plan *plan;
    struct items *columns;
    size_t column_count;
};

static bool is_atom(const struct tend__plan_column *column, double number)
{
    size_t low = 0;
    size_t high = column->atom_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (column->atoms[middle] < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < column->atom_count && column->atoms[low] == number;
}

static bool is_known(const struct items *items, const struct tend__distinct_value *value)
{
    if (!items->is_text) {
        return is_atom(items->column, value->number);
    }
    return tend__text_map_find(&items->known, value->text.ptr, value->text.len) != TEND_TEXT_NONE;
}

static enum tend_code new_items(struct items *items, const struct tend__plan_column *column,
                                struct tend_error *err)
{
    items->column = column;
    items->is_text = column->type == TEND_TYPE_TEXT;
    if (!items->is_text && column->type != TEND_TYPE_NUMBER) {
        return TEND_OK;
    }
    items->cap = items->is_text ? TEND_NOVELTY_TEXTS_MAX : TEND_NOVELTY_NUMBERS_MAX;
    TEND_TRY(tend__mem_new(items->cap, sizeof(*items->top), &items->top, err));
    TEND_TRY(tend__distinct_new(items->is_text, &items->distinct, err));
    if (!items->is_text) {
        return TEND_OK;
    }
    return tend__text_map_init(&items->known, column->categories, column->category_count, err);
}

enum tend_code tend__novelty_new(const struct tend__plan *plan, struct tend__novelty **out,
                                 struct tend_error *err)
{
    struct tend__novelty *novelty = NULL;
    enum tend_code code = tend__mem_new(1, sizeof(*novelty), &novelty, err);
    if (code != TEND_OK) {
        return code;
    }
    novelty->plan = plan;
    const size_t column_count = tend__plan_column_count(plan);
    TEND_TRY_OUT(tend__mem_new(column_count, sizeof(*novelty->columns), &novelty->columns, err));
    novelty->column_count = column_count;
    for (size_t i = 0; i < column_count; i++) {
        TEND_TRY_OUT(new_items(&novelty->columns[i], tend__plan_column(plan, i), err));
    }
    *out = novelty;
    return TEND_OK;
out:
    tend__novelty_free(novelty);
    return code;
}

void tend__novelty_free(struct tend__novelty *novelty)
{
    if (novelty == NULL) {
        return;
    }
    for (size_t i = 0; i < novelty->column_count; i++) {
        struct items *items = &novelty->columns[i];
        tend__distinct_free(items->distinct);
        tend__text_map_deinit(&items->known);
        tend__mem_free(items->top);
    }
    tend__mem_free(novelty->columns);
    tend__mem_free(novelty);
}

static enum tend_code add_numbers(struct items *items, const struct tend__column *column,
                                  size_t row_count, struct tend_error *err)
{
    double block[BLOCK_LEN];
    for (size_t begin = 0; begin < row_count; begin += BLOCK_LEN) {
        const size_t end = row_count - begin < BLOCK_LEN ? row_count : begin + BLOCK_LEN;
        size_t count = 0;
        for (size_t i = begin; i < end; i++) {
            if (tend__is_valid(column, i) && isfinite(column->f64[i])) {
                block[count] = column->f64[i] + 0.0; /* negative zero is zero */
                count++;
            }
        }
        TEND_TRY(tend__distinct_add_numbers(items->distinct, block, count, NULL, err));
    }
    return TEND_OK;
}

enum tend_code tend__novelty_add(struct tend__novelty *novelty, const struct tend__batch *batch,
                                 struct tend_error *err)
{
    for (size_t i = 0; i < batch->column_count; i++) {
        const struct tend__column *column = &batch->columns[i];
        const size_t at = tend__plan_find(novelty->plan, batch->fields[i].name);
        struct items *items = at == SIZE_MAX ? NULL : &novelty->columns[at];
        if (items == NULL || items->cap == 0 || column->type != items->column->type) {
            continue;
        }
        items->is_listed = false;
        TEND_TRY(items->is_text
                     ? tend__distinct_add_texts(items->distinct, column, batch->row_count, err)
                     : add_numbers(items, column, batch->row_count, err));
    }
    return TEND_OK;
}

/* The more frequent first, then in byte order or by number. */
static int compare_values(const void *a, const void *b)
{
    const struct tend__novel_value *x = a;
    const struct tend__novel_value *y = b;
    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    const int order = tend__text_compare(&x->text, &y->text);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

/* Lets the value at `at` of a heap, whose root is the last in order, sink to its place. */
static void sink(struct tend__novel_value *heap, size_t count, size_t at)
{
    for (;;) {
        size_t last = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++) {
            last = compare_values(&heap[child], &heap[last]) > 0 ? child : last;
        }
        if (last == at) {
            return;
        }
        const struct tend__novel_value value = heap[at];
        heap[at] = heap[last];
        heap[last] = value;
        at = last;
    }
}

const struct tend__novel_value *tend__novelty_values(const struct tend__novelty *novelty,
                                                     size_t column_idx, size_t *count)
{
    TEND_ASSERT(column_idx < novelty->column_count);
    struct items *items = &novelty->columns[column_idx];
    if (items->is_listed) {
        *count = items->top_count;
        return items->top_count == 0 ? NULL : items->top;
    }
    struct tend__novel_value *top = items->top;
    size_t n = 0;
    const size_t places = items->cap == 0 ? 0 : tend__distinct_place_count(items->distinct);
    for (size_t i = 0; i < places; i++) {
        struct tend__distinct_value value;
        if (!tend__distinct_place(items->distinct, i, &value)) {
            continue;
        }
        const struct tend__novel_value novel = {
            .text = value.text, .number = value.number, .count = (uint64_t)value.weight};
        const bool has_room = n < items->cap;
        if ((!has_room && compare_values(&novel, &top[0]) > 0) || is_known(items, &value)) {
            continue;
        }
        if (!has_room) {
            top[0] = novel;
            sink(top, n, 0);
            continue;
        }
        top[n] = novel;
        n++;
        for (size_t k = n / 2; n == items->cap && k > 0; k--) {
            sink(top, n, k - 1);
        }
    }
    if (n > 0) {
        qsort(top, n, sizeof(*top), compare_values);
    }
    items->top_count = n;
    items->is_listed = true;
    *count = n;
    return n == 0 ? NULL : top;
}
