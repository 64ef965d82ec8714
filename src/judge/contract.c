/* SPDX-License-Identifier: Apache-2.0 */
/* contract.c: a contract's words, defaults and death; contract_run.c judges by it. */
#include "judge/contract.h"

#include "base/mem.h"

#include <math.h>

const char *tend__contract_kind_text(enum tend__contract_kind kind)
{
    static const char *const words[] = {
#define TEND__CONTRACT_KIND(name, word) [TEND_CONTRACT_##name] = (word),
        TEND_CONTRACT_KINDS(TEND__CONTRACT_KIND)
#undef TEND__CONTRACT_KIND
    };
    return words[kind];
}

void tend__contract_init(struct tend__contract *contract)
{
    *contract = (struct tend__contract){.row_max = (double)INFINITY};
}

void tend__contract_column_init(struct tend__contract_column *column)
{
    *column = (struct tend__contract_column){
        .null_max = TEND_CONTRACT_UNSET,
        .nan_max = TEND_CONTRACT_UNSET,
        .low = -(double)INFINITY,
        .high = (double)INFINITY,
        .low_us = INT64_MIN,
        .high_us = INT64_MAX,
        .other_max = TEND_CONTRACT_UNSET,
        .length_max = (double)INFINITY,
        .distinct_max = (double)INFINITY,
        .failure_max = TEND_CONTRACT_UNSET,
    };
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; texts != NULL && i < count; i++) {
        tend__mem_free(texts[i]);
    }
    tend__mem_free(texts);
}

void tend__contract_deinit(struct tend__contract *contract)
{
    for (size_t i = 0; i < contract->column_count; i++) {
        struct tend__contract_column *column = &contract->columns[i];
        tend__mem_free(column->name);
        free_texts(column->values, column->value_count);
        tend__mem_free(column->numbers);
        tend__mem_free(column->like);
    }
    for (size_t i = 0; i < contract->key_count; i++) {
        free_texts(contract->keys[i].columns, contract->keys[i].column_count);
    }
    for (size_t i = 0; i < contract->reference_count; i++) {
        struct tend__contract_reference *reference = &contract->references[i];
        free_texts(reference->columns, reference->column_count);
        free_texts(reference->to, reference->to_count);
        tend__mem_free(reference->data);
    }
    for (size_t i = 0; i < contract->dependency_count; i++) {
        struct tend__contract_dependency *dependency = &contract->dependencies[i];
        free_texts(dependency->columns, dependency->column_count);
        tend__mem_free(dependency->column);
    }
    for (size_t i = 0; i < contract->rule_count; i++) {
        tend__mem_free(contract->rules[i].name);
        tend__mem_free(contract->rules[i].expr);
    }
    tend__mem_free(contract->columns);
    tend__mem_free(contract->keys);
    tend__mem_free(contract->references);
    tend__mem_free(contract->dependencies);
    tend__mem_free(contract->rules);
    tend__contract_init(contract);
}

/* ---- order ---- */

/* 0 is the most serious. */
static int class_of(const struct tend__contract_result *result)
{
    switch (result->kind) {
    case TEND_CONTRACT_MISSING_COLUMN:
    case TEND_CONTRACT_TYPE:
    case TEND_CONTRACT_ROW_COUNT:
    case TEND_CONTRACT_EXTRA_COLUMN:
        return 0;
    case TEND_CONTRACT_UNIQUE:
    case TEND_CONTRACT_REFERENCE:
    case TEND_CONTRACT_DEPENDENCY:
        return 1;
    case TEND_CONTRACT_NULLS:
    case TEND_CONTRACT_NOT_FINITE:
    case TEND_CONTRACT_RANGE:
    case TEND_CONTRACT_NOT_WHOLE:
    case TEND_CONTRACT_VALUES:
    case TEND_CONTRACT_PATTERN:
    case TEND_CONTRACT_LENGTH:
    case TEND_CONTRACT_DISTINCT:
    case TEND_CONTRACT_RULE:
    case TEND_CONTRACT_AGGREGATE:
        return 2;
    }
    return 2;
}

static bool is_before(const struct tend__contract_result *a, const struct tend__contract_result *b)
{
    if (class_of(a) != class_of(b)) {
        return class_of(a) < class_of(b);
    }
    return a->share - a->share_max > b->share - b->share_max;
}

size_t tend__contract_rank(const struct tend__contract_outcome *outcome, size_t *order)
{
    size_t count = 0;
    for (size_t i = 0; i < outcome->count; i++) {
        if (!outcome->results[i].is_violated) {
            continue;
        }
        size_t at = count++;
        while (at > 0 && is_before(&outcome->results[i], &outcome->results[order[at - 1]])) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
    return count;
}
