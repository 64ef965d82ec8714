/* SPDX-License-Identifier: Apache-2.0 */
/* contract_html.c: what a contract came to, as a section of a page or a page of its own. */
#include "report/contract_report.h"
#include "report/html.h"

#include "base/mem.h"

#include <stdio.h>

static void add_violations(const struct tend__contract_outcome *outcome, const size_t *order,
                           size_t count, struct tend__buf *page)
{
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__table_init(&table);
    tend__table_add_column(&table, "condition", false);
    tend__table_add_column(&table, "of", false);
    tend__table_add_column(&table, "what", false);
    tend__table_add_column(&table, "since", false);
    tend__table_add_column(&table, "examples", false);
    for (size_t i = 0; i < count; i++) {
        const struct tend__contract_result *result = &outcome->results[order[i]];
        tend__table_cell(&table, TEND_TINT_BAD, "%s", tend__contract_kind_text(result->kind));
        tend__table_cell(&table, TEND_TINT_BOLD, "%s", result->subject);
        tend__contract_words(result, tend__table_cell_begin(&table, TEND_TINT_PLAIN));
        tend__table_cell_end(&table);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         result->has_since ? tend__show_time(result->since_us, text) : "");
        tend__contract_example_words(result, TEND_CONTRACT_EXAMPLE_MAX,
                                     tend__table_cell_begin(&table, TEND_TINT_DIM));
        tend__table_cell_end(&table);
    }
    tend__html_table(page, &table, "Rows are numbered from 1, in the order of the data.");
    tend__table_deinit(&table);
}

static void add_held(const struct tend__contract_outcome *outcome, struct tend__buf *page)
{
    struct tend__table table;
    char summary[96];
    const size_t count = outcome->count - outcome->violated_count;
    if (count == 0) {
        return;
    }
    (void)snprintf(summary, sizeof(summary), "%zu condition%s held", count, count == 1 ? "" : "s");
    tend__table_init(&table);
    tend__table_add_column(&table, "condition", false);
    tend__table_add_column(&table, "of", false);
    tend__table_add_column(&table, "what", false);
    for (size_t i = 0; i < outcome->count; i++) {
        const struct tend__contract_result *result = &outcome->results[i];
        if (!result->is_violated) {
            tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__contract_kind_text(result->kind));
            tend__table_cell(&table, TEND_TINT_PLAIN, "%s", result->subject);
            if (result->kind == TEND_CONTRACT_TYPE) {
                tend__table_cell(&table, TEND_TINT_PLAIN, "is %s", tend__type_text(result->wanted));
            } else {
                tend__contract_words(result, tend__table_cell_begin(&table, TEND_TINT_PLAIN));
                tend__table_cell_end(&table);
            }
        }
    }
    tend__html_fold_begin(page, summary);
    tend__html_table(page, &table, NULL);
    tend__html_fold_end(page);
    tend__table_deinit(&table);
}

enum tend_code tend__contract_html(const struct tend__contract_outcome *outcome,
                                   struct tend__buf *page, struct tend_error *err)
{
    size_t *order = NULL;
    if (!outcome->is_there) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_new(outcome->count, sizeof(*order), &order, err));
    const size_t count = tend__contract_rank(outcome, order);
    tend__html_heading(page, 2, "Contract");
    if (count > 0) {
        tend__html_paragraph(page, TEND_TINT_PLAIN, "%zu of the %zu conditions of %s are violated.",
                             count, outcome->count, outcome->source);
        add_violations(outcome, order, count, page);
    } else {
        tend__html_paragraph(page, TEND_TINT_PLAIN, "All %zu conditions of %s hold.",
                             outcome->count, outcome->source);
    }
    add_held(outcome, page);
    tend__mem_free(order);
    return tend__buf_code(page, err);
}

enum tend_code tend__contract_alone_html(const struct tend__contract_outcome *outcome,
                                         const char *data, struct tend__buf *page,
                                         struct tend_error *err)
{
    char subtitle[1024];
    char figure[TEND_NUMBER_TEXT_SIZE];
    const bool is_fine = outcome->violated_count == 0;
    (void)snprintf(subtitle, sizeof(subtitle), "%.400s against the contract of %.400s", data,
                   outcome->source);
    tend__html_begin(page, "tend check", subtitle);
    tend__html_tiles_begin(page);
    tend__html_tile(page, is_fine ? TEND_TINT_GOOD : TEND_TINT_BAD, "verdict",
                    is_fine ? "ok" : "violation",
                    is_fine ? "the contract is kept" : "the contract is violated");
    (void)snprintf(figure, sizeof(figure), "%zu of %zu", outcome->violated_count, outcome->count);
    tend__html_tile(page, is_fine ? TEND_TINT_PLAIN : TEND_TINT_BAD, "conditions violated", figure,
                    "each is judged by its own count");
    tend__html_tile(page, TEND_TINT_PLAIN, "rows",
                    tend__show_number((double)outcome->row_count, figure), "all were read");
    tend__html_tiles_end(page);
    TEND_TRY(tend__contract_html(outcome, page, err));
    tend__html_end(page,
                   "Written by tend " TEND_VERSION ". A contract asks what data must be like; "
                   "whether it changed is asked with a reference.");
    return tend__buf_code(page, err);
}
