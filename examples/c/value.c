/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.c: what a scorer's decisions were worth, row by row and in sum, by an expression that a
 * person can read.
 *
 *   cc value.c $(pkg-config --cflags --libs tend) -o value && ./value
 */
#include "columns.h"

#include <math.h>

#define ROW_COUNT 6

/* The probability of fraud that a model gave, the amount, and what came out. */
static const double score[ROW_COUNT] = {0.9, 0.1, 0.7, 0.2, 0.8, 0.4};
static const double amount[ROW_COUNT] = {100, 20, 50, 0, 80, 300};
static const double fraud[ROW_COUNT] = {1, 0, 0, 0, 1, 1};
static const uint8_t fraud_is_known[] = {0x3B}; /* not of the third row, bit 2 */

static const char expression[] = "case when blocked and fraud = 1 then amount"
                                 "     when blocked then -5"
                                 "     when fraud = 1 then -amount"
                                 "     else 0.1 * amount / (amount / amount) end";

static enum tend_code show(struct tend_value *value, struct tend_error *err)
{
    struct tend_value_sums sums;
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array table = {0};
    tend_value_sums_read(value, &sums);
    (void)printf("%llu rows, %llu with a value: sum %.2f, mean %.2f\n",
                 (unsigned long long)sums.row_count, (unsigned long long)sums.value_count, sums.sum,
                 sums.mean);
    for (size_t i = 0; i < tend_value_failure_count(); i++) {
        if (tend_value_failed(value, i) > 0) {
            (void)printf("failed: %s (%llu)\n", tend_value_failure_text(i),
                         (unsigned long long)tend_value_failed(value, i));
        }
    }
    const enum tend_code code = tend_value_table(value, &schema, &table, err);
    if (code != TEND_OK) {
        return code;
    }
    /* The first column is the value: a bitmap of validity (NULL where all are valid), then doubles.
     */
    const uint8_t *valid = (const uint8_t *)table.children[0]->buffers[0];
    const double *values = (const double *)table.children[0]->buffers[1];
    for (int64_t i = 0; i < table.length; i++) {
        if (valid != NULL && (valid[i / 8] >> (i % 8) & 1) == 0) {
            (void)printf("row %d: none\n", (int)i);
        } else {
            (void)printf("row %d: %.2f\n", (int)i, values[i]);
        }
    }
    schema.release(&schema);
    table.release(&table);
    return TEND_OK;
}

int main(void)
{
    struct example_column columns[3] = {{0}};
    const struct tend_value_name names[] = {{"blocked", "score > 0.5"}};
    struct tend_value_options options = {0};
    struct tend_value *value = NULL;
    struct tend_error err = {0};
    columns[0].name = "score";
    columns[0].values = score;
    columns[1].name = "amount";
    columns[1].values = amount;
    columns[2].name = "fraud";
    columns[2].values = fraud;
    columns[2].valid = fraud_is_known;
    columns[0].format = columns[1].format = columns[2].format = "g";
    options.names = names;
    options.name_count = 1;
    options.keeps_rows = true;
    struct tend_rows *rows = example_rows(columns, 3, ROW_COUNT);
    enum tend_code code = tend_value_new(rows, expression, &options, &value, &err);
    if (code == TEND_OK) {
        code = show(value, &err);
    }
    if (code != TEND_OK) {
        (void)fprintf(stderr, "%s: %s\n", tend_code_text(code), err.text);
    }
    tend_value_free(value);
    tend_rows_free(rows);
    return code == TEND_OK ? 0 : 1;
}
