/* SPDX-License-Identifier: Apache-2.0 */
/* contract_run.h: the inside of a running contract, shared by contract_run.c (which conditions
 * there are, and what came of them) and contract_scan.c (what rows do to them). */
#ifndef TEND_JUDGE_CONTRACT_RUN_H
#define TEND_JUDGE_CONTRACT_RUN_H

#include "expr/expr.h"
#include "judge/contract.h"
#include "judge/key_set.h"
#include "profile/text_key.h"

_Static_assert(TEND_CONTRACT_KEY_COLUMNS_MAX == TEND_KEY_PARTS_MAX, "a key has as many parts");

struct contract_check;

/* Looks at the rows of a batch. */
typedef enum tend_code contract_scan_fn(struct tend__contract_run *run,
                                        struct contract_check *check,
                                        const struct tend__batch *batch, struct tend_error *err);

struct contract_check {
    struct tend__contract_result result;
    const struct tend__contract_column *column; /* of the checks of a column */
    contract_scan_fn *scan;                     /* NULL where rows say nothing more */
    size_t idxs[TEND_KEY_PARTS_MAX];            /* fields: of the column, or of the key */
    size_t idx_count;
    size_t dependent_idx;
    uint64_t bad_count;
    uint64_t asked_count;
    char *subject; /* where it had to be put together, as the next */
    char *text;
    struct tend__key_set keys;
    bool has_keys;
    bool keys_are_filled; /* of a reference */
    struct tend__text *texts;
    struct tend__text_map map; /* of a list of texts */
    struct tend__expr *expr;
    struct tend__vector vector;
    struct tend__aggregate *aggregate;
};

struct tend__contract_run {
    const struct tend__contract *contract;
    struct tend__field *fields; /* a copy, with names of its own */
    size_t field_count;
    size_t time_idx; /* SIZE_MAX where rows have no time */
    uint64_t row_count;
    struct contract_check *checks;
    size_t check_count;
    size_t check_cap;
    struct tend__contract_result *results;
};

/* What contract_run.c puts into `scan`. */
contract_scan_fn tend__scan_nulls;
contract_scan_fn tend__scan_finite;
contract_scan_fn tend__scan_range;
contract_scan_fn tend__scan_times;
contract_scan_fn tend__scan_whole;
contract_scan_fn tend__scan_texts;
contract_scan_fn tend__scan_numbers;
contract_scan_fn tend__scan_length;
contract_scan_fn tend__scan_unique;
contract_scan_fn tend__scan_distinct;
contract_scan_fn tend__scan_reference;
contract_scan_fn tend__scan_dependency;
contract_scan_fn tend__scan_rule; /* also patterns */
contract_scan_fn tend__scan_cast;
contract_scan_fn tend__scan_aggregate;

#endif
