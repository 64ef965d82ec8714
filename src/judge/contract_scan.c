/* SPDX-License-Identifier: Apache-2.0 */
/* contract_scan.c: rows against conditions. Each scan is one loop over one column; what is done for
 * an offending row (a count, a time, an example) is in note_row(). */
#include "judge/contract_run.h"

#include "base/buf.h"
#include "base/civil.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- examples ---- */

/* Bytes of `text` that fit into `max`, not cutting a character. */
static size_t whole_characters(const char *text, size_t len, size_t max)
{
    size_t kept = len < max ? len : max;
    while (kept < len && kept > 0 && ((unsigned char)text[kept] & 0xC0U) == 0x80U) {
        kept--;
    }
    return kept;
}

static void add_value(struct tend__buf *out, const struct tend__column *column, size_t i)
{
    char text[TEND_TIME_TEXT_SIZE];
    if (column->type == TEND_TYPE_NULL || !tend__is_valid(column, i)) {
        tend__buf_text(out, "null");
        return;
    }
    switch (column->type) {
    case TEND_TYPE_NUMBER:
        tend__buf_printf(out, "%.15g", column->f64[i] + 0.0);
        return;
    case TEND_TYPE_BOOL:
        tend__buf_text(out, column->bools[i] != 0 ? "true" : "false");
        return;
    case TEND_TYPE_TEXT:
        tend__buf_add(
            out, column->text[i].ptr,
            whole_characters(column->text[i].ptr, column->text[i].len, TEND_CONTRACT_TEXT_SIZE));
        return;
    case TEND_TYPE_TIME:
        tend__time_text(column->time_us[i], text);
        tend__buf_text(out, text);
        return;
    case TEND_TYPE_VECTOR:
        tend__buf_text(out, "(vector)");
        return;
    case TEND_TYPE_NULL:
        return;
    }
}

/* The values of the columns that the condition is about; named where there are several. */
static void make_example(const struct contract_check *check, const struct tend__batch *batch,
                         size_t i, struct tend__contract_example *example)
{
    struct tend__buf text;
    const bool is_named = check->idx_count > 1 || check->result.kind == TEND_CONTRACT_RULE;
    tend__buf_init(&text, (size_t)1 << 12);
    for (size_t k = 0; k < check->idx_count; k++) {
        tend__buf_text(&text, k > 0 ? ", " : "");
        if (is_named) {
            tend__buf_printf(&text, "%.40s ", batch->fields[check->idxs[k]].name);
        }
        add_value(&text, &batch->columns[check->idxs[k]], i);
    }
    if (check->result.kind == TEND_CONTRACT_DEPENDENCY) {
        tend__buf_printf(&text, ": %.40s ", batch->fields[check->dependent_idx].name);
        add_value(&text, &batch->columns[check->dependent_idx], i);
    }
    const char *from = tend__buf_str(&text);
    const size_t len = whole_characters(from, text.len, TEND_CONTRACT_TEXT_SIZE - 1);
    memcpy(example->value, from, len);
    example->value[len] = '\0';
    tend__buf_deinit(&text);
}

/* Counts an offending row. */
static void note_row(const struct tend__contract_run *run, struct contract_check *check,
                     const struct tend__batch *batch, size_t i, uint64_t earlier_row)
{
    struct tend__contract_result *result = &check->result;
    check->bad_count++;
    if (run->time_idx != SIZE_MAX && tend__is_valid(&batch->columns[run->time_idx], i)) {
        const int64_t time_us = batch->columns[run->time_idx].time_us[i];
        result->since_us =
            !result->has_since || time_us < result->since_us ? time_us : result->since_us;
        result->until_us =
            !result->has_since || time_us > result->until_us ? time_us : result->until_us;
        result->has_since = true;
    }
    if (result->example_count < TEND_CONTRACT_EXAMPLE_MAX) {
        struct tend__contract_example *example = &result->examples[result->example_count++];
        example->row = run->row_count + i + 1;
        example->earlier_row = earlier_row;
        make_example(check, batch, i, example);
    }
}

/* ---- columns ---- */

static const struct tend__column *column_of(const struct contract_check *check,
                                            const struct tend__batch *batch)
{
    return &batch->columns[check->idxs[0]];
}

enum tend_code tend__scan_nulls(struct tend__contract_run *run, struct contract_check *check,
                                const struct tend__batch *batch, struct tend_error *err)
{
    const struct tend__column *column = column_of(check, batch);
    (void)err;
    check->asked_count += batch->row_count;
    if (column->type != TEND_TYPE_NULL && column->valid == NULL) {
        return TEND_OK;
    }
    for (size_t i = 0; i < batch->row_count; i++) {
        if (column->type == TEND_TYPE_NULL || column->valid[i] == 0) {
            note_row(run, check, batch, i, 0);
        }
    }
    return TEND_OK;
}

enum tend_code tend__scan_finite(struct tend__contract_run *run, struct contract_check *check,
                                 const struct tend__batch *batch, struct tend_error *err)
{
    const struct tend__column *column = column_of(check, batch);
    (void)err;
    for (size_t i = 0; i < batch->row_count; i++) {
        if (tend__is_valid(column, i)) {
            check->asked_count++;
            if (!isfinite(column->f64[i])) {
                note_row(run, check, batch, i, 0);
            }
        }
    }
    return TEND_OK;
}

/* NaN and infinities are not_finite's. */
enum tend_code tend__scan_range(struct tend__contract_run *run, struct contract_check *check,
                                const struct tend__batch *batch, struct tend_error *err)
{
    const struct tend__column *column = column_of(check, batch);
    const double low = check->column->low;
    const double high = check->column->high;
    (void)err;
    for (size_t i = 0; i < batch->row_count; i++) {
        const double x = column->f64[i];
        if (tend__is_valid(column, i) && isfinite(x)) {
            check->asked_count++;
            if (x < low || x > high) {
                note_row(run, check, batch, i, 0);
            }
        }
    }
    return TEND_OK;
}

enum tend_code tend__scan_times(struct tend__contract_run *run, struct contract_check *check,
                                const struct tend__batch *batch, struct tend_error *err)
{
    const struct tend__column *column = column_of(check, batch);
    (void)err;
    for (size_t i = 0; i < batch->row_count; i++) {
        if (tend__is_valid(column, i)) {
            check->asked_count++;
            if (column->time_us[i] < check->column->low_us ||
                column->time_us[i] > check->column->high_us) {
                note_row(run, check, batch, i, 0);
            }
        }
    }
    return TEND_OK;
}

enum tend_code tend__scan_whole(struct tend__contract_run *run, struct contract_check *check,
                                const struct tend__batch *batch, struct tend_error *err)
{
    const struct tend__column *column = column_of(check, batch);
    (void)err;
    for (size_t i = 0; i < batch->row_count; i++) {
        const double x = column->f64[i];
        if (tend__is_valid(column, i) && isfinite(x)) {
            check->asked_count++;
            if (x < trunc(x) || x > trunc(x)) {
                note_row(run, check, batch, i, 0);
            }
        }
    }
    return TEND_OK;
}

enum tend_code tend__scan_texts(struct tend__contract_run *run, struct contract_check *check,
                                const struct tend__batch *batch, struct tend_error *err)
{
    const struct tend__column *column = column_of(check, batch);
    (void)err;
    for (size_t i = 0; i < batch->row_count; i++) {
        if (tend__is_valid(column, i)) {
            check->asked_count++;
            if (tend__text_map_find(&check->map, column->text[i].ptr, column->text[i].len) ==
                TEND_TEXT_NONE) {
                note_row(run, check, batch, i, 0);
            }
        }
    }
    return TEND_OK;
}

/* Whether the ascending list holds x. */
static bool is_listed(const double *numbers, size_t count, double x)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (numbers[middle] < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && !(x < numbers[low]);
}

enum tend_code tend__scan_numbers(struct tend__contract_run *run, struct contract_check *check,
                                  const struct tend__batch *batch, struct tend_error *err)
{
    const struct tend__column *column = column_of(check, batch);
    (void)err;
    for (size_t i = 0; i < batch->row_count; i++) {
        if (tend__is_valid(column, i) && isfinite(column->f64[i])) {
            check->asked_count++;
            if (!is_listed(check->column->numbers, check->column->value_count, column->f64[i])) {
                note_row(run, check, batch, i, 0);
            }
        }
    }
    return TEND_OK;
}

enum tend_code tend__scan_length(struct tend__contract_run *run, struct contract_check *check,
                                 const struct tend__batch *batch, struct tend_error *err)
{
    const struct tend__column *column = column_of(check, batch);
    (void)err;
    for (size_t i = 0; i < batch->row_count; i++) {
        if (!tend__is_valid(column, i)) {
            continue;
        }
        size_t length = 0;
        for (size_t k = 0; k < column->text[i].len; k++) {
            length += ((unsigned char)column->text[i].ptr[k] & 0xC0U) != 0x80U ? 1 : 0;
        }
        check->asked_count++;
        if ((double)length < check->column->length_min ||
            (double)length > check->column->length_max) {
            note_row(run, check, batch, i, 0);
        }
    }
    return TEND_OK;
}

/* ---- keys ---- */

enum tend_code tend__scan_unique(struct tend__contract_run *run, struct contract_check *check,
                                 const struct tend__batch *batch, struct tend_error *err)
{
    struct tend__key key;
    for (size_t i = 0; i < batch->row_count; i++) {
        if (!tend__key_of(batch->columns, check->idxs, check->idx_count, i, &key)) {
            continue;
        }
        uint64_t row = run->row_count + i + 1;
        enum tend__key_state state = TEND_KEY_NEW;
        TEND_TRY(tend__key_set_put(&check->keys, &key, &row, &state, err));
        check->asked_count++;
        if (state == TEND_KEY_REPEATED) {
            note_row(run, check, batch, i, row);
        }
    }
    return TEND_OK;
}

enum tend_code tend__scan_distinct(struct tend__contract_run *run, struct contract_check *check,
                                   const struct tend__batch *batch, struct tend_error *err)
{
    struct tend__key key;
    (void)run;
    for (size_t i = 0; i < batch->row_count; i++) {
        uint64_t tag = 0;
        enum tend__key_state state = TEND_KEY_NEW;
        if (tend__key_of(batch->columns, check->idxs, 1, i, &key)) {
            TEND_TRY(tend__key_set_put(&check->keys, &key, &tag, &state, err));
            check->asked_count++;
        }
    }
    return TEND_OK;
}

enum tend_code tend__scan_reference(struct tend__contract_run *run, struct contract_check *check,
                                    const struct tend__batch *batch, struct tend_error *err)
{
    struct tend__key key;
    (void)err;
    for (size_t i = 0; i < batch->row_count; i++) {
        if (!tend__key_of(batch->columns, check->idxs, check->idx_count, i, &key)) {
            continue;
        }
        const enum tend__key_state state = tend__key_set_find(&check->keys, &key);
        check->asked_count += state != TEND_KEY_UNWATCHED ? 1 : 0;
        if (state == TEND_KEY_NEW) {
            note_row(run, check, batch, i, 0);
        }
    }
    return TEND_OK;
}

/* The tag of a key is the hash of the value that came with it first. */
enum tend_code tend__scan_dependency(struct tend__contract_run *run, struct contract_check *check,
                                     const struct tend__batch *batch, struct tend_error *err)
{
    struct tend__key key;
    struct tend__key value;
    for (size_t i = 0; i < batch->row_count; i++) {
        if (!tend__key_of(batch->columns, check->idxs, check->idx_count, i, &key) ||
            !tend__key_of(batch->columns, &check->dependent_idx, 1, i, &value)) {
            continue;
        }
        uint64_t first = value.hash[0];
        enum tend__key_state state = TEND_KEY_NEW;
        TEND_TRY(tend__key_set_put(&check->keys, &key, &first, &state, err));
        check->asked_count += state != TEND_KEY_UNWATCHED ? 1 : 0;
        if (state == TEND_KEY_REPEATED && first != value.hash[0]) {
            note_row(run, check, batch, i, 0);
        }
    }
    return TEND_OK;
}

/* ---- expressions ---- */

/* NULL meets a condition, as in a CHECK of SQL; a row that fails does not. A pattern is asked of
 * values, a rule of rows. */
enum tend_code tend__scan_rule(struct tend__contract_run *run, struct contract_check *check,
                               const struct tend__batch *batch, struct tend_error *err)
{
    struct tend__vector *vector = &check->vector;
    TEND_TRY(tend__expr_eval(check->expr, batch->columns, batch->row_count, vector, err));
    for (size_t i = 0; i < batch->row_count; i++) {
        const bool is_known = vector->valid[i] != 0;
        const bool is_asked = check->result.kind == TEND_CONTRACT_RULE || is_known;
        check->asked_count += is_asked ? 1 : 0;
        if (vector->failed[i] != 0 ||
            (is_known && vector->type == TEND_TYPE_BOOL && vector->bools[i] == 0)) {
            note_row(run, check, batch, i, 0);
        }
    }
    return TEND_OK;
}

/* A text column where another type was agreed: the values that do not read as one. */
enum tend_code tend__scan_cast(struct tend__contract_run *run, struct contract_check *check,
                               const struct tend__batch *batch, struct tend_error *err)
{
    const struct tend__column *column = column_of(check, batch);
    TEND_TRY(tend__expr_eval(check->expr, batch->columns, batch->row_count, &check->vector, err));
    for (size_t i = 0; i < batch->row_count; i++) {
        check->asked_count += tend__is_valid(column, i) ? 1 : 0;
        if (check->vector.failed[i] != 0) {
            note_row(run, check, batch, i, 0);
        }
    }
    return TEND_OK;
}

enum tend_code tend__scan_aggregate(struct tend__contract_run *run, struct contract_check *check,
                                    const struct tend__batch *batch, struct tend_error *err)
{
    (void)run;
    return tend__aggregate_add(check->aggregate, batch->columns, batch->row_count, err);
}
