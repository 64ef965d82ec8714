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
