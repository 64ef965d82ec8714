/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forest.c: walks the trees, adds the leaves, applies the link.
 *
 * A walk is a chain of loads that wait for each other, so eight chains run side by side: eight
 * trees for a single row, eight rows of a block for many (the tree then stays in the nearest
 * cache). Leaves are added in the order of the trees and in binary32 either way, so both give the
 * same bits, and XGBoost's. The idea of walking branch-free to a fixed depth is from Asadi, Lin and
 * de Vries 2014, "Runtime optimizations for tree-based machine learning models".
 */
#include "model/forest.h"

#include "base/hash.h"
#include "base/mem.h"
#include "model/forest_node.h"

#include <math.h>
#include <string.h>

#define LANES TEND__FOREST_LANES
#define STACK_SLOTS 1024
#define BLOCK_ROWS_MAX 64
#define BLOCK_SLOTS 8192 /* 32 KiB */
#define STEPS_UNCHECKED 8

#ifdef __clang__
#    define UNROLL_LANES _Pragma("unroll")
#else
#    define UNROLL_LANES _Pragma("GCC unroll 8")
#endif
#define INLINE static inline __attribute__((always_inline))

INLINE uint32_t take_step(const struct tend__forest *forest, const int32_t *slots, uint32_t at,
                          bool mixed)
{
    const struct forest_node *node = &forest->nodes[at];
    uint32_t right = slots[node->slot] >= node->key;
    if (mixed) {
        const uint32_t code = (uint32_t)slots[node->slot + 1];
        right |= forest->words[node->bits_at + (code >> 5)] >> (code & 31) & 1;
    }
    return node->left + right;
}

/* Walks LANES chains from `at` to their leaves. Lane i reads the slots at `slots + i *
 * lane_stride`. */
INLINE void walk(const struct tend__forest *forest, const int32_t *slots, size_t lane_stride,
                 uint32_t depth, uint32_t at[LANES], bool mixed)
{
    uint32_t lanes[LANES];
    memcpy(lanes, at, sizeof(lanes));
    uint32_t next_check = STEPS_UNCHECKED;
    for (uint32_t step = 0; step < depth; step++) {
        if (step == next_check) {
            /* Deep trees are seldom full: stop once every chain stands on its leaf. */
            uint32_t moved = 0;
            for (size_t i = 0; i < LANES; i++) {
                moved |= forest->nodes[lanes[i]].left ^ lanes[i];
            }
            if (moved == 0) {
                break;
            }
            next_check += STEPS_UNCHECKED / 2;
        }
        UNROLL_LANES
        for (size_t i = 0; i < LANES; i++) {
            lanes[i] = take_step(forest, slots + i * lane_stride, lanes[i], mixed);
        }
    }
    memcpy(at, lanes, sizeof(lanes));
}

INLINE float leaf_value(const struct tend__forest *forest, uint32_t at)
{
    float value = 0;
    memcpy(&value, &forest->nodes[at].key, sizeof(value));
    return value;
}

static uint32_t group_depth(const uint16_t depths[LANES])
{
    uint32_t depth = 0;
    for (size_t i = 0; i < LANES; i++) {
        depth = depths[i] > depth ? depths[i] : depth;
    }
    return depth;
}

INLINE float sum_row_as(const struct tend__forest *forest, const int32_t *slots, bool mixed)
{
    float sum = forest->base_margin;
    for (size_t tree_idx = 0; tree_idx < forest->tree_count; tree_idx += LANES) {
        uint32_t at[LANES];
        memcpy(at, forest->roots + tree_idx, sizeof(at));
        walk(forest, slots, 0, group_depth(forest->depths + tree_idx), at, mixed);
        const size_t left = forest->tree_count - tree_idx;
        const size_t count = left < LANES ? left : LANES;
        for (size_t i = 0; i < count; i++) {
            sum += leaf_value(forest, at[i]);
        }
    }
    return sum;
}

static float sum_row(const struct tend__forest *forest, const int32_t *slots)
{
    return forest->has_categories ? sum_row_as(forest, slots, true)
                                  : sum_row_as(forest, slots, false);
}

/* `row_count` is a multiple of LANES. */
INLINE void sum_block_as(const struct tend__forest *forest, const int32_t *slots, size_t row_stride,
                         size_t row_count, float *sums, bool mixed)
{
    for (size_t i = 0; i < row_count; i++) {
        sums[i] = forest->base_margin;
    }
    for (size_t tree_idx = 0; tree_idx < forest->tree_count; tree_idx++) {
        for (size_t row_idx = 0; row_idx < row_count; row_idx += LANES) {
            uint32_t at[LANES];
            for (size_t i = 0; i < LANES; i++) {
                at[i] = forest->roots[tree_idx];
            }
            walk(forest, slots + row_idx * row_stride, row_stride, forest->depths[tree_idx], at,
                 mixed);
            for (size_t i = 0; i < LANES; i++) {
                sums[row_idx + i] += leaf_value(forest, at[i]);
            }
        }
    }
}

static void fill_slots(const struct tend__forest *forest, const float *x, int32_t *slots)
{
    for (size_t i = 0; i < forest->feature_count; i++) {
        const float number = x[i];
        const bool missing = isnan(number);
        const int32_t key = missing ? 0 : tend__forest_key(number);
        const int32_t left = missing ? INT32_MIN : key;
        const int32_t right = missing ? INT32_MAX : key;
        if (!forest->has_categories) {
            slots[i * 2] = left;
            slots[i * 2 + 1] = right;
            continue;
        }
        /* Every comparison with NaN is false, so it is no category either. */
        const uint32_t limit = forest->code_limits[i];
        const bool is_code = number >= 0.0F && number < (float)limit;
        const int32_t code = is_code ? (int32_t)number : (int32_t)limit;
        slots[i * 4] = left;
        slots[i * 4 + 1] = code;
        slots[i * 4 + 2] = right;
        slots[i * 4 + 3] = code;
    }
}

static size_t slots_per_row(const struct tend__forest *forest)
{
    const size_t stride = tend__forest_slots_per_feature(forest);
    return (forest->feature_count + 1) * stride;
}

/* The slot that keeps a chain on its leaf. */
static void fill_constant_slot(const struct tend__forest *forest, int32_t *slots)
{
    const size_t stride = tend__forest_slots_per_feature(forest);
    int32_t *slot = slots + forest->feature_count * stride;
    memset(slot, 0, stride * sizeof(*slot));
    slot[0] = INT32_MIN;
}

/* XGBoost's common::Sigmoid, term for term. */
static float logistic(float margin)
{
    const float power = -margin < 88.7F ? -margin : 88.7F;
    const double denominator = (double)(expf(power) + 1.0F) + 1e-16;
    return (float)(1.0 / denominator);
}

static double apply_link(enum forest_link link, float margin)
{
    switch (link) {
    case FOREST_LINK_IDENTITY:
        return (double)margin;
    case FOREST_LINK_LOGISTIC:
        return (double)logistic(margin);
    case FOREST_LINK_EXP:
        return (double)expf(margin);
    }
    return (double)NAN;
}

static enum tend_code sum_rows(const struct tend__forest *forest, const float *x, size_t row_count,
                               enum forest_link link, double *out, struct tend_error *err)
{
    const size_t row_slots = slots_per_row(forest);
    int32_t on_stack[STACK_SLOTS];
    int32_t *on_heap = NULL;
    int32_t *slots = on_stack;
    if (row_slots > STACK_SLOTS) {
        TEND_TRY(tend__mem_new(row_slots, sizeof(*on_heap), &on_heap, err));
        slots = on_heap;
    }
    fill_constant_slot(forest, slots);
    for (size_t i = 0; i < row_count; i++) {
        fill_slots(forest, x + i * forest->feature_count, slots);
        out[i] = apply_link(link, sum_row(forest, slots));
    }
    tend__mem_free(on_heap);
    return TEND_OK;
}

static size_t block_row_count(const struct tend__forest *forest)
{
    const size_t fitting = BLOCK_SLOTS / slots_per_row(forest) / LANES * LANES;
    if (fitting < LANES) {
        return LANES;
    }
    return fitting > BLOCK_ROWS_MAX ? BLOCK_ROWS_MAX : fitting;
}

static enum tend_code sum_blocks(const struct tend__forest *forest, const float *x,
                                 size_t row_count, enum forest_link link, double *out,
                                 struct tend_error *err)
{
    const size_t row_slots = slots_per_row(forest);
    const size_t block_rows = block_row_count(forest);
    float sums[BLOCK_ROWS_MAX];
    int32_t *slots = NULL;
    TEND_TRY(tend__mem_new(row_slots * block_rows, sizeof(*slots), &slots, err));
    for (size_t i = 0; i < block_rows; i++) {
        fill_constant_slot(forest, slots + i * row_slots);
    }
    for (size_t from = 0; from < row_count; from += block_rows) {
        const size_t left = row_count - from;
        const size_t count = left < block_rows ? left : block_rows;
        for (size_t i = 0; i < count; i++) {
            fill_slots(forest, x + (from + i) * forest->feature_count, slots + i * row_slots);
        }
        /* The lanes beyond the last row walk over what an earlier row left. */
        const size_t walked = (count + LANES - 1) / LANES * LANES;
        if (forest->has_categories) {
            sum_block_as(forest, slots, row_slots, walked, sums, true);
        } else {
            sum_block_as(forest, slots, row_slots, walked, sums, false);
        }
        for (size_t i = 0; i < count; i++) {
            out[from + i] = apply_link(link, sums[i]);
        }
    }
    tend__mem_free(slots);
    return TEND_OK;
}

static enum tend_code sum_all(const struct tend__forest *forest, const float *x, size_t row_count,
                              enum forest_link link, double *out, struct tend_error *err)
{
    return row_count < LANES ? sum_rows(forest, x, row_count, link, out, err)
                             : sum_blocks(forest, x, row_count, link, out, err);
}

static enum tend_code check_width(const struct tend__forest *forest, size_t feature_count,
                                  struct tend_error *err)
{
    if (feature_count != forest->feature_count) {
        return TEND_FAIL(err, EINVAL, "rows of %zu features for a model of %zu", feature_count,
                         forest->feature_count);
    }
    return TEND_OK;
}

enum tend_code tend__forest_predict(const struct tend__forest *forest, const float *x,
                                    size_t row_count, size_t feature_count, double *out,
                                    struct tend_error *err)
{
    TEND_TRY(check_width(forest, feature_count, err));
    return sum_all(forest, x, row_count, forest->link, out, err);
}

enum tend_code tend__forest_margin(const struct tend__forest *forest, const float *x,
                                   size_t row_count, size_t feature_count, double *out,
                                   struct tend_error *err)
{
    TEND_TRY(check_width(forest, feature_count, err));
    return sum_all(forest, x, row_count, FOREST_LINK_IDENTITY, out, err);
}

void tend__forest_free(struct tend__forest *forest)
{
    if (forest != NULL) {
        tend__mem_free(forest->nodes);
        tend__mem_free(forest->roots);
        tend__mem_free(forest->depths);
        tend__mem_free(forest->words);
        tend__mem_free(forest->code_limits);
        tend__mem_free(forest);
    }
}

size_t tend__forest_feature_count(const struct tend__forest *forest)
{
    return forest->feature_count;
}

size_t tend__forest_tree_count(const struct tend__forest *forest)
{
    return forest->tree_count;
}

const char *tend__forest_objective(const struct tend__forest *forest)
{
    return forest->objective;
}

struct owner {
    struct tend__forest *forest;
    char *bytes;
};

static enum tend_code predict(void *ctx, const float *x, size_t row_count, size_t feature_count,
                              double *out, struct tend_error *err)
{
    const struct owner *owner = ctx;
    return tend__forest_predict(owner->forest, x, row_count, feature_count, out, err);
}

static void free_owner(void *ctx)
{
    struct owner *owner = ctx;
    if (owner != NULL) {
        tend__forest_free(owner->forest);
        tend__mem_free(owner->bytes);
        tend__mem_free(owner);
    }
}

enum tend_code tend__forest_predictor(const void *bytes, size_t len, struct tend__predictor *out,
                                      struct tend_error *err)
{
    struct owner *owner = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(1, sizeof(*owner), &owner, err));
    TEND_TRY_OUT(tend__forest_load(bytes, len, &owner->forest, err));
    TEND_TRY_OUT(tend__mem_text(bytes, len, &owner->bytes, err));
    *out = (struct tend__predictor){.ctx = owner,
                                    .predict = predict,
                                    .free_fn = free_owner,
                                    .artefact = owner->bytes,
                                    .artefact_len = len};
    tend__sha256_hex(bytes, len, out->hash);
    return TEND_OK;
out:
    free_owner(owner);
    return code;
}
