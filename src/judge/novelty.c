/* SPDX-License-Identifier: Apache-2.0 */
/* novelty.c: Misra-Gries counters with a hash table over them, one for each text and number column;
 * see novelty.h. */
#include "judge/novelty.h"

#include "base/mem.h"
#include "profile/plan.h"
#include "profile/text_key.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Hash table of positions; slots hold position + 1, 0 = empty. At most half full. */
struct slots {
    uint32_t *at;
    size_t mask;
};

struct items {
    const struct tend__plan_column *column;
    bool is_text;
    size_t cap; /* 0: the column is not watched */
    size_t count;
    struct tend__novel_value *values;
    struct tend__novel_value *sorted; /* copies */
    struct slots slots;
    struct tend__text_map known; /* text: the plan's categories */
};

struct tend__novelty {
    const struct tend__plan *plan;
    struct items *columns;
    size_t column_count;
};

static enum tend_code new_slots(struct slots *slots, size_t cap, struct tend_error *err)
{
    size_t size = 4;
    while (size < 2 * cap) {
        size *= 2;
    }
    slots->mask = size - 1;
    return tend__mem_new(size, sizeof(*slots->at), &slots->at, err);
}

static bool text_equal(struct tend__text a, struct tend__text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Negative zero is zero. */
static uint64_t number_hash(double number)
{
    const double plain = number == 0 ? 0 : number;
    uint64_t bits = 0;
    memcpy(&bits, &plain, sizeof(bits));
    return tend__mix64(bits);
}

static uint64_t value_hash(const struct items *items, const struct tend__novel_value *value)
{
    if (!items->is_text) {
        return number_hash(value->number);
    }
    const uint64_t prefix = tend__text_prefix(value->text.ptr, value->text.len);
    return tend__text_hash(value->text.ptr, value->text.len, prefix);
}

/* The slot that holds the value, or the empty one where it belongs. */
static size_t find_slot(const struct items *items, const struct tend__novel_value *value)
{
    size_t slot = (size_t)value_hash(items, value) & items->slots.mask;
    while (items->slots.at[slot] != 0) {
        const struct tend__novel_value *other = &items->values[items->slots.at[slot] - 1];
        if (items->is_text ? text_equal(other->text, value->text)
                           : other->number == value->number) {
            break;
        }
        slot = (slot + 1) & items->slots.mask;
    }
    return slot;
}

static bool is_category(const struct items *items, struct tend__text text)
{
    return tend__text_map_find(&items->known, text.ptr, text.len) != TEND_TEXT_NONE;
}

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

static enum tend_code new_items(struct items *items, const struct tend__plan_column *column,
                                struct tend_error *err)
{
    items->column = column;
    items->is_text = column->type == TEND_TYPE_TEXT;
    if (!items->is_text && column->type != TEND_TYPE_NUMBER) {
        return TEND_OK;
    }
    const size_t cap = items->is_text ? TEND_NOVELTY_TEXTS_MAX : TEND_NOVELTY_NUMBERS_MAX;
    TEND_TRY(new_slots(&items->slots, cap, err));
    TEND_TRY(tend__mem_new(cap, sizeof(*items->values), &items->values, err));
    TEND_TRY(tend__mem_new(cap, sizeof(*items->sorted), &items->sorted, err));
    items->cap = cap;
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

static void free_text(struct tend__novel_value *value)
{
    /* The bytes were allocated here; the view's const is for its readers. */
    tend__mem_free((void *)(uintptr_t)value->text.ptr);
    value->text = (struct tend__text){0};
}

void tend__novelty_free(struct tend__novelty *novelty)
{
    if (novelty == NULL) {
        return;
    }
    for (size_t i = 0; i < novelty->column_count; i++) {
        struct items *items = &novelty->columns[i];
        for (size_t k = 0; k < items->count; k++) {
            free_text(&items->values[k]);
        }
        tend__text_map_deinit(&items->known);
        tend__mem_free(items->slots.at);
        tend__mem_free(items->sorted);
        tend__mem_free(items->values);
    }
    tend__mem_free(novelty->columns);
    tend__mem_free(novelty);
}

/* All counters are full and a new value came: each loses one, and those at 0 leave. */
static void decrement_all(struct items *items)
{
    size_t kept = 0;
    for (size_t i = 0; i < items->count; i++) {
        struct tend__novel_value *value = &items->values[i];
        value->count--;
        if (value->count > 0) {
            items->values[kept++] = *value;
        } else {
            free_text(value);
        }
    }
    items->count = kept;
    memset(items->slots.at, 0, (items->slots.mask + 1) * sizeof(*items->slots.at));
    for (size_t i = 0; i < kept; i++) {
        items->slots.at[find_slot(items, &items->values[i])] = (uint32_t)(i + 1);
    }
}

static enum tend_code count_value(struct items *items, const struct tend__novel_value *value,
                                  struct tend_error *err)
{
    const size_t slot = find_slot(items, value);
    if (items->slots.at[slot] != 0) {
        items->values[items->slots.at[slot] - 1].count++;
        return TEND_OK;
    }
    if (items->count == items->cap) {
        decrement_all(items);
        return TEND_OK;
    }
    struct tend__novel_value added = {.number = value->number, .count = 1};
    if (items->is_text) {
        char *copy = NULL;
        TEND_TRY(tend__mem_text(value->text.ptr, value->text.len, &copy, err));
        added.text = (struct tend__text){.ptr = copy, .len = value->text.len};
    }
    items->values[items->count++] = added;
    items->slots.at[slot] = (uint32_t)items->count;
    return TEND_OK;
}

static enum tend_code add_column(struct items *items, const struct tend__column *column,
                                 size_t row_count, struct tend_error *err)
{
    for (size_t i = 0; i < row_count; i++) {
        if (!tend__is_valid(column, i)) {
            continue;
        }
        struct tend__novel_value value = {0};
        if (items->is_text) {
            value.text = column->text[i];
            if (value.text.len > TEND_CATEGORY_BYTES_MAX || is_category(items, value.text)) {
                continue;
            }
        } else {
            value.number = column->f64[i];
            if (!isfinite(value.number) || is_atom(items->column, value.number)) {
                continue;
            }
        }
        TEND_TRY(count_value(items, &value, err));
    }
    return TEND_OK;
}

enum tend_code tend__novelty_add(struct tend__novelty *novelty, const struct tend__batch *batch,
                                 struct tend_error *err)
{
    for (size_t i = 0; i < batch->column_count; i++) {
        const size_t at = tend__plan_find(novelty->plan, batch->fields[i].name);
        if (at == SIZE_MAX || novelty->columns[at].cap == 0 ||
            batch->columns[i].type != novelty->columns[at].column->type) {
            continue;
        }
        TEND_TRY(add_column(&novelty->columns[at], &batch->columns[i], batch->row_count, err));
    }
    return TEND_OK;
}

static int compare_values(const void *a, const void *b)
{
    const struct tend__novel_value *x = a;
    const struct tend__novel_value *y = b;
    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    const size_t len = x->text.len < y->text.len ? x->text.len : y->text.len;
    const int order = len == 0 ? 0 : memcmp(x->text.ptr, y->text.ptr, len);
    if (order != 0) {
        return order;
    }
    if (x->text.len != y->text.len) {
        return x->text.len > y->text.len ? 1 : -1;
    }
    return (x->number > y->number) - (x->number < y->number);
}

const struct tend__novel_value *tend__novelty_values(const struct tend__novelty *novelty,
                                                     size_t column_idx, size_t *count)
{
    TEND_ASSERT(column_idx < novelty->column_count);
    const struct items *items = &novelty->columns[column_idx];
    if (items->count > 0) {
        memcpy(items->sorted, items->values, items->count * sizeof(*items->sorted));
        qsort(items->sorted, items->count, sizeof(*items->sorted), compare_values);
    }
    *count = items->count;
    return items->sorted;
}
