/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forest_node.h: how a forest lies in memory. Private to this folder.
 *
 * One step from a node to its child is two loads, a compare and an add, without a branch:
 *
 *     node = left + (slots[node.slot] >= node.key)
 *
 * For this a row is first turned into slots of int32. A binary32 number has an int32 key of the
 * same order (tend__forest_key), and a feature has two slots that differ only where the number is
 * missing: the first then holds INT32_MIN, which goes left at every node, the second INT32_MAX,
 * which goes right. A node reads the one of its default direction. The right child always follows
 * the left one. A leaf keeps its value's bits in `key`, reads the constant slot that is always
 * INT32_MIN, and names itself as its left child, so that walking on from a leaf stays there.
 *
 * Where a model has categorical splits, each of a feature's two slots is followed by the feature's
 * category as a code: whatever is missing, no category or above all that the model's sets name has
 * the code code_limits[feature], which is in no set. A categorical node has key INT32_MAX, which
 * only a missing value reaches, and in `bits_at` the place in `words` of the set of its right-going
 * categories, a bit for each code. At place 0 lies the empty set, which every other node has.
 */
#ifndef TEND_MODEL_FOREST_NODE_H
#define TEND_MODEL_FOREST_NODE_H

#include "model/forest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TEND__FOREST_NODES_MAX (UINT32_C(1) << 28)
#define TEND__FOREST_TREES_MAX (UINT32_C(1) << 20)
#define TEND__FOREST_FEATURES_MAX (UINT32_C(1) << 20)
#define TEND__FOREST_WORDS_MAX (UINT32_C(1) << 27)
#define TEND__FOREST_DEPTH_MAX 4096
#define TEND__FOREST_CATEGORY_MAX (1 << 24) /* XGBoost's: the integers that binary32 holds */
#define TEND__FOREST_LANES 8                /* chains walked side by side */

struct forest_node {
    int32_t key;
    uint32_t slot;
    uint32_t left;
    uint32_t bits_at;
};

enum forest_link { FOREST_LINK_IDENTITY, FOREST_LINK_LOGISTIC, FOREST_LINK_EXP };

struct tend__forest {
    struct forest_node *nodes; /* of all trees; each breadth first */
    size_t node_count;
    size_t node_cap;
    uint32_t *roots;  /* tree_count, then enough of an empty tree to fill the last lanes */
    uint16_t *depths; /* as roots: steps from the root to the deepest leaf */
    size_t tree_count;
    uint32_t *words;
    size_t word_count;
    size_t word_cap;
    uint32_t *code_limits; /* feature_count */
    size_t feature_count;
    bool has_categories;
    enum forest_link link;
    float base_margin;
    char objective[64];
};

/* An int32 that orders as the number does, -0 as 0. Not for NaN. */
static inline int32_t tend__forest_key(float number)
{
    int32_t bits = 0;
    number += 0.0F; /* -0 becomes 0 */
    memcpy(&bits, &number, sizeof(bits));
    return bits < 0 ? (int32_t)((uint32_t)bits ^ UINT32_C(0x7fffffff)) : bits;
}

static inline size_t tend__forest_slots_per_feature(const struct tend__forest *forest)
{
    return forest->has_categories ? 4 : 2;
}

#endif
