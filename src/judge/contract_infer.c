/* SPDX-License-Identifier: Apache-2.0 */
/* contract_infer.c: what rows show while they pass: shapes of texts, keys, orders, dependencies.
 * contract_guess.c makes the contract of it. */
#include "judge/contract_infer.h"

#include "base/mem.h"
#include "judge/contract_infer_state.h"

#include <math.h>
#include <string.h>

#define KEY_BYTES ((size_t)4 << 20)    /* of one column's values */
#define PAIR_BYTES ((size_t)400 << 10) /* of a key of two columns, or a dependency */
#define BATCH_SAMPLES 4                /* rows of each batch that are kept as a sample */
#define DISTINCT_MAX 4096              /* different values that are counted where some repeat */
#define KEYED_MAX 64                   /* columns whose values are watched for repeats */

/* ---- texts ---- */

static size_t count_characters(const struct tend__text *text)
{
    size_t count = 0;
    for (size_t i = 0; i < text->len; i++) {
        count += ((unsigned char)text->ptr[i] & 0xC0U) != 0x80U ? 1 : 0;
    }
    return count;
}

/* The first text is the mould; where others differ from it becomes open. */
static void add_shape(struct infer_column *column, const struct tend__text *text)
{
    const size_t characters = count_characters(text);
    if (column->length_max == 0 && column->text_count == 0) {
        column->length_min = characters;
        column->mould_len = text->len < INFER_MOULD_MAX ? text->len : 0;
        memcpy(column->mould, text->ptr, column->mould_len);
        column->is_fixed = column->mould_len > 0;
        column->prefix_len = column->mould_len;
    }
    column->text_count++;
    column->length_min = characters < column->length_min ? characters : column->length_min;
    column->length_max = characters > column->length_max ? characters : column->length_max;
    column->is_fixed = column->is_fixed && text->len == column->mould_len;
    column->has_at = column->has_at && memchr(text->ptr, '@', text->len) != NULL;
    size_t same = 0;
    while (same < column->prefix_len && same < text->len &&
           text->ptr[same] == column->mould[same]) {
        same++;
    }
    column->prefix_len = same;
    for (size_t i = 0; column->is_fixed && i < column->mould_len; i++) {
        column->is_open[i] = column->is_open[i] || text->ptr[i] != column->mould[i];
        column->is_fixed = ((unsigned char)text->ptr[i] & 0x80U) == 0; /* ASCII only */
    }
}

static void add_values(struct infer_column *column, const struct tend__column *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!tend__is_valid(values, i)) {
            continue;
        }
        if (values->type == TEND_TYPE_TEXT) {
            add_shape(column, &values->text[i]);
        } else if (isfinite(values->f64[i]) && (values->f64[i] < trunc(values->f64[i]) ||
                                                values->f64[i] > trunc(values->f64[i]))) {
            column->is_whole = false;
            return;
        }
    }
}

/* ---- keys of one column ---- */

static enum tend_code add_keys(struct infer_column *column, const struct tend__batch *batch,
                               size_t idx, struct tend_error *err)
{
    for (size_t i = 0; i < batch->row_count && column->is_keyed; i++) {
        struct tend__key key;
        uint64_t tag = 0;
        enum tend__key_state state = TEND_KEY_NEW;
        if (!tend__key_of(batch->columns, &idx, 1, i, &key)) {
            column->has_null = true;
            continue;
        }
        TEND_TRY(tend__key_set_put(&column->keys, &key, &tag, &state, err));
        column->has_repeat = column->has_repeat || state == TEND_KEY_REPEATED;
        column->is_keyed = !column->has_repeat || column->keys.count <= DISTINCT_MAX;
    }
    if (!column->is_keyed) {
        tend__key_set_deinit(&column->keys);
    }
    return TEND_OK;
}

/* ---- orders: a <= b ---- */

static double number_of(const struct tend__column *column, size_t i)
{
    if (column->type == TEND_TYPE_NULL || !tend__is_valid(column, i)) {
        return (double)NAN;
    }
    return column->type == TEND_TYPE_TIME ? (double)column->time_us[i] : column->f64[i];
}

static void add_orders(struct tend__infer *infer, const struct tend__batch *batch)
{
    for (size_t p = 0; p < infer->order_count; p++) {
        struct infer_order *order = &infer->orders[p];
        const struct tend__column *a = &batch->columns[order->a_idx];
        const struct tend__column *b = &batch->columns[order->b_idx];
        for (size_t i = 0; i < batch->row_count && (order->is_le || order->is_ge); i++) {
            const double x = number_of(a, i);
            const double y = number_of(b, i);
            if (isnan(x) || isnan(y)) {
                continue;
            }
            order->both_count++;
            order->differs = order->differs || x < y || x > y;
            order->is_le = order->is_le && x <= y;
            order->is_ge = order->is_ge && x >= y;
        }
    }
}

/* ---- pairs: dependencies and keys of two ---- */

static enum tend_code add_pair_row(struct infer_pair *pair, const struct tend__key *a,
                                   const struct tend__key *b, struct tend_error *err)
{
    enum tend__key_state state = TEND_KEY_NEW;
    uint64_t tag = b->hash[0];
    pair->both_count++;
    if (pair->is_dependency) {
        TEND_TRY(tend__key_set_put(&pair->dependency, a, &tag, &state, err));
        pair->is_dependency =
            pair->dependency.level == 0 && (state != TEND_KEY_REPEATED || tag == b->hash[0]);
        if (!pair->is_dependency) {
            tend__key_set_deinit(&pair->dependency);
        }
    }
    if (pair->is_key) {
        struct tend__key both = {{a->hash[0] * 3 + b->hash[0], a->hash[1] * 5 + b->hash[1]}};
        tag = 0;
        both.hash[0] = both.hash[0] == 0 ? 1 : both.hash[0];
        TEND_TRY(tend__key_set_put(&pair->keys, &both, &tag, &state, err));
        pair->is_key = state != TEND_KEY_REPEATED;
        if (!pair->is_key) {
            tend__key_set_deinit(&pair->keys);
        }
    }
    return TEND_OK;
}

/* The keys of one row's candidates, then all pairs that are still alive. */
static enum tend_code add_pairs(struct tend__infer *infer, const struct tend__batch *batch,
                                struct tend_error *err)
{
    bool alive[TEND_INFER_DEPEND_MAX] = {false};
    size_t alive_count = 0;
    for (size_t p = 0; p < infer->pair_count; p++) {
        const struct infer_pair *pair = &infer->pairs[p];
        if (pair->is_dependency || pair->is_key) {
            alive[pair->a] = true;
            alive[pair->b] = true;
            alive_count++;
        }
    }
    for (size_t i = 0; alive_count > 0 && i < batch->row_count; i++) {
        struct tend__key keys[TEND_INFER_DEPEND_MAX];
        bool has[TEND_INFER_DEPEND_MAX] = {false};
        for (size_t k = 0; k < infer->depend_count; k++) {
            has[k] = alive[k] && tend__key_of(batch->columns, &infer->depend[k], 1, i, &keys[k]);
        }
        for (size_t p = 0; p < infer->pair_count; p++) {
            struct infer_pair *pair = &infer->pairs[p];
            if ((pair->is_dependency || pair->is_key) && has[pair->a] && has[pair->b]) {
                TEND_TRY(add_pair_row(pair, &keys[pair->a], &keys[pair->b], err));
            }
        }
    }
    return TEND_OK;
}

/* ---- the sample ---- */

/* A few rows of each batch until there are enough: for what chance would have made. */
static void add_sample(struct tend__infer *infer, const struct tend__batch *batch)
{
    const size_t step = batch->row_count / BATCH_SAMPLES + 1;
    for (size_t i = 0; i < batch->row_count && infer->sample_count < INFER_SAMPLE_MAX; i += step) {
        for (size_t k = 0; k < infer->ordered_count; k++) {
            infer->numbers[k][infer->sample_count] =
                number_of(&batch->columns[infer->ordered[k]], i);
        }
        for (size_t k = 0; k < infer->depend_count; k++) {
            struct tend__key key = {{0, 0}};
            (void)tend__key_of(batch->columns, &infer->depend[k], 1, i, &key);
            infer->hashes[k][infer->sample_count] = key.hash[0];
        }
        infer->sample_count++;
    }
}

/* ---- life ---- */

static void choose_pairs(struct tend__infer *infer)
{
    for (size_t a = 0; a < infer->depend_count; a++) {
        for (size_t b = 0; b < infer->depend_count; b++) {
            if (a == b) {
                continue;
            }
            struct infer_pair *pair = &infer->pairs[infer->pair_count++];
            *pair = (struct infer_pair){.a = a, .b = b, .is_dependency = true, .is_key = a < b};
            tend__key_set_init(&pair->dependency, PAIR_BYTES);
            tend__key_set_init(&pair->keys, PAIR_BYTES);
        }
    }
    for (size_t a = 0; a < infer->ordered_count; a++) {
        for (size_t b = a + 1; b < infer->ordered_count; b++) {
            const size_t a_idx = infer->ordered[a];
            const size_t b_idx = infer->ordered[b];
            if (infer->columns[a_idx].type == infer->columns[b_idx].type) {
                infer->orders[infer->order_count++] = (struct infer_order){
                    .a = a, .b = b, .a_idx = a_idx, .b_idx = b_idx, .is_le = true, .is_ge = true};
            }
        }
    }
}

static enum tend_code start(struct tend__infer *infer, const struct tend__batch *batch,
                            struct tend_error *err)
{
    size_t keyed = 0;
    TEND_TRY(tend__mem_new(batch->column_count, sizeof(*infer->columns), &infer->columns, err));
    for (size_t i = 0; i < batch->column_count; i++) {
        struct infer_column *column = &infer->columns[i];
        const enum tend_type type = batch->fields[i].type;
        TEND_TRY(tend__mem_text(batch->fields[i].name, strlen(batch->fields[i].name), &column->name,
                                err));
        infer->column_count = i + 1;
        column->type = type;
        column->is_whole = true;
        column->has_at = true;
        const bool is_scalar =
            type == TEND_TYPE_TEXT || type == TEND_TYPE_NUMBER || type == TEND_TYPE_TIME;
        column->is_keyed = is_scalar && keyed < KEYED_MAX;
        keyed += column->is_keyed ? 1 : 0;
        tend__key_set_init(&column->keys, KEY_BYTES);
        if ((type == TEND_TYPE_NUMBER || type == TEND_TYPE_TIME) &&
            infer->ordered_count < TEND_INFER_ORDER_MAX) {
            infer->ordered[infer->ordered_count++] = i;
        }
        if ((is_scalar || type == TEND_TYPE_BOOL) && infer->depend_count < TEND_INFER_DEPEND_MAX) {
            infer->depend[infer->depend_count++] = i;
        }
    }
    choose_pairs(infer);
    return TEND_OK;
}

enum tend_code tend__infer_new(struct tend__infer **out, struct tend_error *err)
{
    return tend__mem_new(1, sizeof(**out), out, err);
}

void tend__infer_free(struct tend__infer *infer)
{
    if (infer == NULL) {
        return;
    }
    for (size_t i = 0; i < infer->column_count; i++) {
        tend__mem_free(infer->columns[i].name);
        tend__key_set_deinit(&infer->columns[i].keys);
    }
    for (size_t i = 0; i < infer->pair_count; i++) {
        tend__key_set_deinit(&infer->pairs[i].dependency);
        tend__key_set_deinit(&infer->pairs[i].keys);
    }
    tend__mem_free(infer->columns);
    tend__mem_free(infer);
}

enum tend_code tend__infer_add(void *ctx, const struct tend__batch *batch, struct tend_error *err)
{
    struct tend__infer *infer = ctx;
    if (infer->columns == NULL) {
        TEND_TRY(start(infer, batch, err));
    }
    if (batch->column_count != infer->column_count) {
        return TEND_FAIL(err, ETYPE, "a batch of %zu columns came after one of %zu",
                         batch->column_count, infer->column_count);
    }
    for (size_t i = 0; i < infer->column_count; i++) {
        struct infer_column *column = &infer->columns[i];
        const enum tend_type type = batch->columns[i].type;
        if (type != TEND_TYPE_NULL && type != column->type) {
            return TEND_FAIL(err, ETYPE, "column '%s' is another one than in the first batch",
                             column->name);
        }
        if (type == TEND_TYPE_TEXT || (type == TEND_TYPE_NUMBER && column->is_whole)) {
            add_values(column, &batch->columns[i], batch->row_count);
        }
        if (type == TEND_TYPE_NUMBER && !column->is_whole && column->is_keyed) {
            column->is_keyed = false;
            tend__key_set_deinit(&column->keys);
        }
        if (column->is_keyed) {
            TEND_TRY(add_keys(column, batch, i, err));
        }
    }
    add_orders(infer, batch);
    TEND_TRY(add_pairs(infer, batch, err));
    add_sample(infer, batch);
    infer->row_count += batch->row_count;
    return TEND_OK;
}

static const struct infer_column *find(const struct tend__infer *infer, const char *name)
{
    for (size_t i = 0; i < infer->column_count; i++) {
        if (strcmp(infer->columns[i].name, name) == 0) {
            return &infer->columns[i];
        }
    }
    return NULL;
}

bool tend__infer_is_unique(const struct tend__infer *infer, const char *column)
{
    const struct infer_column *found = find(infer, column);
    return found != NULL && found->is_keyed && !found->has_repeat && !found->has_null;
}
