/* SPDX-License-Identifier: Apache-2.0 */
/* value_examples.h: a few rows of `tend value` worked out, so that a person can check the
 * expression against them. */
#ifndef TEND_CLI_VALUE_EXAMPLES_H
#define TEND_CLI_VALUE_EXAMPLES_H

#include "base/json_write.h"
#include "report/render.h"
#include "cli/worth.h"

#define TEND_EXAMPLE_MAX 50
#define TEND_EXAMPLE_COLUMN_MAX 12

struct tend__example_row {
    uint64_t row; /* 1-based, in the order of reading */
    double score;
    double label;
    double value;
    double tried;
    uint8_t decision;
    uint8_t failed;
    size_t cells[TEND_EXAMPLE_COLUMN_MAX]; /* where the texts of its columns start */
};

struct tend__examples {
    const struct tend__worth *worth;
    size_t columns[TEND_EXAMPLE_COLUMN_MAX]; /* fields that the expressions name */
    size_t column_count;
    struct tend__example_row rows[TEND_EXAMPLE_MAX];
    size_t count;
    size_t wanted;
    struct tend__buf text;
    uint64_t row_count; /* seen so far */
};

void tend__examples_init(struct tend__examples *examples, const struct tend__worth *worth,
                         const char *try_text, size_t wanted);
void tend__examples_deinit(struct tend__examples *examples);

/* After tend__worth_add() of the same batch. Takes a row whose outcome differs from those it has:
 * another value, another failure, and with --try first the rows that the two expressions see
 * differently. */
void tend__examples_add(struct tend__examples *examples, const struct tend__batch *batch);

void tend__examples_table(const struct tend__examples *examples, struct tend__table *table);
void tend__examples_json(const struct tend__examples *examples, struct tend__json_writer *w);

#endif
