/* SPDX-License-Identifier: Apache-2.0 */
/* value_examples.c: picks rows that differ and keeps their columns as text. */
#include "cli/value_examples.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define TEXT_MAX ((size_t)1 << 20)
#define CELL_LEN_MAX 40
#define DECISION_NONE 255

/* Whether text holds name as a whole word. */
static bool holds_word(const char *text, const char *name)
{
    const size_t len = strlen(name);
    if (text == NULL || len == 0) {
        return false;
    }
    for (const char *at = strstr(text, name); at != NULL; at = strstr(at + 1, name)) {
        const bool starts = at == text || (!isalnum((unsigned char)at[-1]) && at[-1] != '_');
        const bool ends = !isalnum((unsigned char)at[len]) && at[len] != '_';
        if (starts && ends) {
            return true;
        }
    }
    return false;
}

void tend__examples_init(struct tend__examples *examples, const struct tend__worth *worth,
                         const char *try_text, size_t wanted)
{
    const struct tend__config *config = worth->config;
    const char *texts[] = {config->value.per_row.text, config->decision.text, config->score.text,
                           try_text};
    *examples = (struct tend__examples){
        .worth = worth, .wanted = wanted < TEND_EXAMPLE_MAX ? wanted : TEND_EXAMPLE_MAX};
    tend__buf_init(&examples->text, TEXT_MAX);
    for (size_t i = 0; i < worth->field_count && examples->column_count < TEND_EXAMPLE_COLUMN_MAX;
         i++) {
        bool is_named = i == worth->id_idx || i == worth->time_idx;
        for (size_t j = 0; j < TEND_ARRAY_LEN(texts); j++) {
            is_named = is_named || holds_word(texts[j], worth->fields[i].name);
        }
        const bool is_score =
            config->score.text != NULL && strcmp(worth->fields[i].name, config->score.text) == 0;
        if (is_named && !is_score && i != worth->label_idx) {
            examples->columns[examples->column_count++] = i;
        }
    }
}

void tend__examples_deinit(struct tend__examples *examples)
{
    tend__buf_deinit(&examples->text);
    *examples = (struct tend__examples){0};
}

static void add_cell(struct tend__buf *text, const struct tend__column *column, size_t i)
{
    char shown[TEND_NUMBER_TEXT_SIZE];
    if (column->type == TEND_TYPE_NULL || !tend__is_valid(column, i)) {
        tend__buf_text(text, "null");
        return;
    }
    switch (column->type) {
    case TEND_TYPE_NUMBER:
        tend__buf_text(text, tend__show_number(column->f64[i], shown));
        break;
    case TEND_TYPE_BOOL:
        tend__buf_text(text, column->bools[i] != 0 ? "true" : "false");
        break;
    case TEND_TYPE_TEXT:
        tend__buf_add(text, column->text[i].ptr,
                      column->text[i].len < CELL_LEN_MAX ? column->text[i].len : CELL_LEN_MAX);
        break;
    case TEND_TYPE_TIME:
        tend__buf_text(text, tend__show_time(column->time_us[i], shown));
        break;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
}

static bool differ(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return isnan(a) != isnan(b);
    }
    return a < b || a > b;
}

static bool is_seen(const struct tend__examples *examples, double value, double tried,
                    uint8_t failed)
{
    for (size_t i = 0; i < examples->count; i++) {
        const struct tend__example_row *row = &examples->rows[i];
        if (!differ(row->value, value) && !differ(row->tried, tried) && row->failed == failed) {
            return true;
        }
    }
    return false;
}

static void keep_row(struct tend__examples *examples, const struct tend__batch *batch, size_t i,
                     double tried)
{
    const struct tend__worth *worth = examples->worth;
    struct tend__example_row *row = &examples->rows[examples->count++];
    *row = (struct tend__example_row){.row = examples->row_count + i + 1,
                                      .score = worth->scores[i],
                                      .label = worth->labels[i],
                                      .value = worth->values[i],
                                      .tried = tried,
                                      .decision = worth->decisions[i],
                                      .failed = worth->failed[i]};
    for (size_t k = 0; k < examples->column_count; k++) {
        row->cells[k] = examples->text.len;
        add_cell(&examples->text, &batch->columns[examples->columns[k]], i);
        tend__buf_char(&examples->text, '\0');
    }
}

void tend__examples_add(struct tend__examples *examples, const struct tend__batch *batch)
{
    const struct tend__worth *worth = examples->worth;
    for (size_t i = 0; i < batch->row_count && examples->count < examples->wanted; i++) {
        const double tried = worth->tried != NULL ? worth->tried_values[i] : (double)NAN;
        const bool is_pending = isnan(worth->values[i]) && worth->failed[i] == 0;
        const bool is_same = worth->tried != NULL && !differ(worth->values[i], tried);
        if (!is_pending && !is_same &&
            !is_seen(examples, worth->values[i], tried, worth->failed[i])) {
            keep_row(examples, batch, i, tried);
        }
    }
    examples->row_count += batch->row_count;
}

static void add_result(struct tend__table *table, double value, uint8_t failed)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    if (failed != 0) {
        tend__table_cell(table, TEND_TINT_BAD, "%s",
                         tend__expr_failure_text((enum tend__expr_failure)failed));
    } else {
        tend__table_cell(table, TEND_TINT_BOLD, "%s", tend__show_money(value, text));
    }
}

void tend__examples_table(const struct tend__examples *examples, struct tend__table *table)
{
    const struct tend__worth *worth = examples->worth;
    const bool has_label = worth->config->label.column != NULL;
    const bool has_decision = worth->config->decision.text != NULL;
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__table_add_column(table, "row", true);
    for (size_t k = 0; k < examples->column_count; k++) {
        const struct tend__field *field = &worth->fields[examples->columns[k]];
        tend__table_add_column(table, field->name, field->type == TEND_TYPE_NUMBER);
    }
    if (worth->score != NULL) {
        tend__table_add_column(table, worth->config->score.text, true);
    }
    if (has_decision) {
        tend__table_add_column(table, "decision", false);
    }
    if (has_label) {
        tend__table_add_column(table, worth->config->label.column, true);
    }
    tend__table_add_column(table, "value", true);
    if (worth->tried != NULL) {
        tend__table_add_column(table, "tried", true);
    }
    for (size_t i = 0; i < examples->count; i++) {
        const struct tend__example_row *row = &examples->rows[i];
        tend__table_cell(table, TEND_TINT_DIM, "%s", tend__show_number((double)row->row, text));
        for (size_t k = 0; k < examples->column_count; k++) {
            tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                             tend__buf_str(&examples->text) + row->cells[k]);
        }
        if (worth->score != NULL) {
            tend__table_cell(table, TEND_TINT_PLAIN, "%s", tend__show_number(row->score, text));
        }
        if (has_decision) {
            tend__table_cell(table, TEND_TINT_PLAIN, "%s",
                             row->decision == DECISION_NONE ? "-"
                             : row->decision != 0           ? "true"
                                                            : "false");
        }
        if (has_label) {
            tend__table_cell(table, TEND_TINT_PLAIN, "%s", tend__show_number(row->label, text));
        }
        add_result(table, row->value, row->failed);
        if (worth->tried != NULL) {
            add_result(table, row->tried, 0);
        }
    }
}

void tend__examples_json(const struct tend__examples *examples, struct tend__json_writer *w)
{
    const struct tend__worth *worth = examples->worth;
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < examples->count; i++) {
        const struct tend__example_row *row = &examples->rows[i];
        tend__jsonw_object_begin(w);
        tend__jsonw_member_uint(w, "row", row->row);
        tend__jsonw_key(w, "columns");
        tend__jsonw_object_begin(w);
        for (size_t k = 0; k < examples->column_count; k++) {
            tend__jsonw_member_text(w, worth->fields[examples->columns[k]].name,
                                    tend__buf_str(&examples->text) + row->cells[k]);
        }
        tend__jsonw_object_end(w);
        tend__jsonw_member_number(w, "score", row->score);
        tend__jsonw_key(w, "decision");
        if (row->decision == DECISION_NONE) {
            tend__jsonw_null(w);
        } else {
            tend__jsonw_bool(w, row->decision != 0);
        }
        tend__jsonw_member_number(w, "label", row->label);
        tend__jsonw_member_number(w, "value", row->value);
        if (worth->tried != NULL) {
            tend__jsonw_member_number(w, "tried", row->tried);
        }
        tend__jsonw_member_text(
            w, "failed",
            row->failed == 0 ? NULL
                             : tend__expr_failure_text((enum tend__expr_failure)row->failed));
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}
