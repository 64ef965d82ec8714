/* SPDX-License-Identifier: Apache-2.0 */
/* contract_infer_state.h: what contract_infer.c gathers and contract_guess.c reads. */
#ifndef TEND_JUDGE_CONTRACT_INFER_STATE_H
#define TEND_JUDGE_CONTRACT_INFER_STATE_H

#include "judge/contract_infer.h"
#include "judge/key_set.h"

#define INFER_MOULD_MAX 48
#define INFER_SAMPLE_MAX 2048

struct infer_column {
    char *name;
    enum tend_type type;
    bool is_whole; /* numbers: no fraction so far */
    uint64_t text_count;
    size_t length_min; /* characters of texts */
    size_t length_max;
    char mould[INFER_MOULD_MAX]; /* the first text, where it is short */
    bool is_open[INFER_MOULD_MAX];
    size_t mould_len;
    bool is_fixed;     /* every text has the mould's length, in ASCII */
    size_t prefix_len; /* bytes that every text begins with */
    bool has_at;       /* every text holds an @ */
    bool is_keyed;     /* `keys` holds all values, or all are different so far */
    bool has_repeat;
    bool has_null;
    struct tend__key_set keys;
};

struct infer_order {
    size_t a; /* positions in `ordered` */
    size_t b;
    size_t a_idx; /* columns */
    size_t b_idx;
    uint64_t both_count;
    bool differs;
    bool is_le; /* a <= b wherever both are there */
    bool is_ge;
};

struct infer_pair {
    size_t a; /* positions in `depend` */
    size_t b;
    uint64_t both_count;
    bool is_dependency; /* b depends on a */
    bool is_key;        /* no two rows agree in both */
    struct tend__key_set dependency;
    struct tend__key_set keys;
};

struct tend__infer {
    struct infer_column *columns;
    size_t column_count;
    uint64_t row_count;
    size_t ordered[TEND_INFER_ORDER_MAX];
    size_t ordered_count;
    struct infer_order orders[TEND_INFER_ORDER_MAX * TEND_INFER_ORDER_MAX / 2];
    size_t order_count;
    size_t depend[TEND_INFER_DEPEND_MAX];
    size_t depend_count;
    struct infer_pair pairs[TEND_INFER_DEPEND_MAX * TEND_INFER_DEPEND_MAX];
    size_t pair_count;
    double numbers[TEND_INFER_ORDER_MAX][INFER_SAMPLE_MAX];
    uint64_t hashes[TEND_INFER_DEPEND_MAX][INFER_SAMPLE_MAX];
    size_t sample_count;
};

#endif
