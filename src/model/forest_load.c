/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forest_load.c: from XGBoost's model file to a forest.
 *
 * The file is a tree of JSON values, in text or as UBJSON (XGBoost's doc/tutorials/saving_model.rst
 * and its schema in doc/model.schema). Everything is checked before it is used: lengths, ranges,
 * and that the nodes form a tree. The nodes are laid out anew, breadth first and with siblings side
 * by side; what no path reaches (deleted nodes) is left out.
 */
#include "model/forest.h"

#include "base/mem.h"
#include "json/json_read.h"
#include "model/forest_node.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* What is kept of one tree of the file while it is laid out: arrays that grow from tree to tree. */
struct scratch {
    int64_t *left;
    int64_t *right;
    int64_t *feature;
    int64_t *default_left;
    int64_t *split_type;
    float *split;
    int64_t *set_of; /* index among the categorical nodes + 1; 0 = not one */
    uint32_t *queue; /* nodes of the file in the order of the forest */
    uint32_t *level;
    size_t cap;
    int64_t *set_nodes;
    int64_t *set_at;
    int64_t *set_sizes;
    size_t set_cap;
    int64_t *categories;
    size_t category_cap;
    size_t node_count;
    size_t set_count;
    size_t category_count;
};

static void scratch_deinit(struct scratch *s)
{
    tend__mem_free(s->left);
    tend__mem_free(s->right);
    tend__mem_free(s->feature);
    tend__mem_free(s->default_left);
    tend__mem_free(s->split_type);
    tend__mem_free(s->split);
    tend__mem_free(s->set_of);
    tend__mem_free(s->queue);
    tend__mem_free(s->level);
    tend__mem_free(s->set_nodes);
    tend__mem_free(s->set_at);
    tend__mem_free(s->set_sizes);
    tend__mem_free(s->categories);
}

static enum tend_code fail_model(struct tend_error *err, const char *words)
{
    return TEND_FAIL(err, ECORRUPT, "not a model of XGBoost: %s", words);
}

/* A count that the file writes as text ("3") or as a number. */
static bool read_count(const struct tend__json_node *node, int64_t *out)
{
    const char *text = tend__json_text(node);
    if (text == NULL) {
        return tend__json_integer(node, out) && *out >= 0;
    }
    int64_t count = 0;
    if (text[0] == '\0') {
        return false;
    }
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] < '0' || text[i] > '9' || count > INT64_MAX / 10 - 1) {
            return false;
        }
        count = count * 10 + (text[i] - '0');
    }
    *out = count;
    return true;
}

/* base_score: "5E-1" up to 3.0, "[5E-1]" since, one number an output; XGBoost 3 may also write the
 * bare number. */
static enum tend_code read_base_score(const struct tend__json_node *param, float *out,
                                      struct tend_error *err)
{
    const struct tend__json_node *score = tend__json_member(param, "base_score");
    const char *text = tend__json_text(score);
    double number = 0;
    if (text == NULL) {
        if (!tend__json_number(score, &number)) {
            return fail_model(err, "no base_score");
        }
        *out = (float)number;
        return TEND_OK;
    }
    struct tend__json *json = NULL;
    if (tend__json_parse(text, score->count, &json, err) != TEND_OK) {
        return err != NULL && err->code == TEND_ENOMEM ? TEND_ENOMEM
                                                       : fail_model(err, "base_score is no number");
    }
    const struct tend__json_node *root = tend__json_root(json);
    bool found = tend__json_number(root, &number);
    if (!found && root->kind == TEND_JSON_PACKED && root->count == 1) {
        number = tend__json_number_at(root, 0);
        found = true;
    }
    const bool many = root->kind == TEND_JSON_PACKED && root->count > 1;
    tend__json_free(json);
    if (many) {
        return TEND_FAIL(err, EUNSUPPORTED, "a model of several outputs is not served");
    }
    if (!found) {
        return fail_model(err, "base_score is no number");
    }
    *out = (float)number;
    return TEND_OK;
}

static const struct objective {
    const char *name;
    enum forest_link link;
    bool is_base_margin; /* base_score needs no link's inverse */
} objectives[] = {
    {"binary:logistic", FOREST_LINK_LOGISTIC, false},
    {"reg:logistic", FOREST_LINK_LOGISTIC, false},
    {"binary:logitraw", FOREST_LINK_IDENTITY, true},
    {"reg:squarederror", FOREST_LINK_IDENTITY, true},
    {"reg:absoluteerror", FOREST_LINK_IDENTITY, true},
    {"reg:pseudohubererror", FOREST_LINK_IDENTITY, true},
    {"count:poisson", FOREST_LINK_EXP, false},
    {"reg:gamma", FOREST_LINK_EXP, false},
    {"reg:tweedie", FOREST_LINK_EXP, false},
};

static enum tend_code read_objective(struct tend__forest *forest,
                                     const struct tend__json_node *learner, float base_score,
                                     struct tend_error *err)
{
    const struct tend__json_node *objective = tend__json_member(learner, "objective");
    const char *name = tend__json_text(tend__json_member(objective, "name"));
    if (name == NULL) {
        return fail_model(err, "no objective");
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(objectives); i++) {
        if (strcmp(name, objectives[i].name) != 0) {
            continue;
        }
        memcpy(forest->objective, name, strlen(name) + 1);
        forest->link = objectives[i].link;
        forest->base_margin = base_score;
        if (!objectives[i].is_base_margin) {
            forest->base_margin = forest->link == FOREST_LINK_EXP ? logf(base_score)
                                                                  : -logf(1.0F / base_score - 1.0F);
        }
        if (!isfinite(forest->base_margin)) {
            return fail_model(err, "base_score is outside the objective's range");
        }
        return TEND_OK;
    }
    return TEND_FAIL(err, EUNSUPPORTED, "a model with the objective '%.64s' is not served", name);
}

static enum tend_code read_learner(struct tend__forest *forest,
                                   const struct tend__json_node *learner, struct tend_error *err)
{
    const struct tend__json_node *param = tend__json_member(learner, "learner_model_param");
    int64_t feature_count = 0;
    int64_t class_count = 0;
    int64_t target_count = 1;
    float base_score = 0;
    if (!read_count(tend__json_member(param, "num_feature"), &feature_count)) {
        return fail_model(err, "no num_feature");
    }
    if (feature_count > (int64_t)TEND__FOREST_FEATURES_MAX) {
        return TEND_FAIL(err, ELIMIT, "%" PRId64 " features are more than %" PRIu32, feature_count,
                         TEND__FOREST_FEATURES_MAX);
    }
    (void)read_count(tend__json_member(param, "num_class"), &class_count);
    (void)read_count(tend__json_member(param, "num_target"), &target_count);
    if (class_count > 1 || target_count > 1) {
        return TEND_FAIL(err, EUNSUPPORTED, "a model of several outputs is not served");
    }
    forest->feature_count = (size_t)feature_count;
    TEND_TRY(read_base_score(param, &base_score, err));
    return read_objective(forest, learner, base_score, err);
}

/* An array of the tree that must have `count` integers. */
static enum tend_code take_integers(const struct tend__json_node *tree, const char *name,
                                    size_t count, int64_t *out, struct tend_error *err)
{
    const struct tend__json_node *array = tend__json_member(tree, name);
    size_t found = 0;
    if (!tend__json_numbers_count(array, &found) || found != count ||
        !tend__json_integers(array, out)) {
        return TEND_FAIL(err, ECORRUPT, "not a model of XGBoost: '%s' of a tree is not right",
                         name);
    }
    return TEND_OK;
}

static enum tend_code grow_nodes(struct scratch *s, size_t count, struct tend_error *err)
{
    if (count <= s->cap) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_resize(&s->left, count, sizeof(*s->left), err));
    TEND_TRY(tend__mem_resize(&s->right, count, sizeof(*s->right), err));
    TEND_TRY(tend__mem_resize(&s->feature, count, sizeof(*s->feature), err));
    TEND_TRY(tend__mem_resize(&s->default_left, count, sizeof(*s->default_left), err));
    TEND_TRY(tend__mem_resize(&s->split_type, count, sizeof(*s->split_type), err));
    TEND_TRY(tend__mem_resize(&s->split, count, sizeof(*s->split), err));
    TEND_TRY(tend__mem_resize(&s->set_of, count, sizeof(*s->set_of), err));
    TEND_TRY(tend__mem_resize(&s->queue, count, sizeof(*s->queue), err));
    TEND_TRY(tend__mem_resize(&s->level, count, sizeof(*s->level), err));
    s->cap = count;
    return TEND_OK;
}

static enum tend_code grow_sets(struct scratch *s, size_t count, struct tend_error *err)
{
    if (count <= s->set_cap) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_resize(&s->set_nodes, count, sizeof(*s->set_nodes), err));
    TEND_TRY(tend__mem_resize(&s->set_at, count, sizeof(*s->set_at), err));
    TEND_TRY(tend__mem_resize(&s->set_sizes, count, sizeof(*s->set_sizes), err));
    s->set_cap = count;
    return TEND_OK;
}

/* The sets of categories of a tree. Models before 1.3 have none, and models without categories have
 * empty arrays. */
static enum tend_code take_sets(const struct tend__json_node *tree, struct scratch *s,
                                struct tend_error *err)
{
    const struct tend__json_node *nodes = tend__json_member(tree, "categories_nodes");
    const struct tend__json_node *categories = tend__json_member(tree, "categories");
    s->set_count = 0;
    s->category_count = 0;
    if (!tend__json_numbers_count(nodes, &s->set_count) || s->set_count == 0) {
        return TEND_OK;
    }
    if (!tend__json_numbers_count(categories, &s->category_count)) {
        return fail_model(err, "a tree without its categories");
    }
    TEND_TRY(grow_sets(s, s->set_count, err));
    if (s->category_count > s->category_cap) {
        TEND_TRY(tend__mem_resize(&s->categories, s->category_count, sizeof(*s->categories), err));
        s->category_cap = s->category_count;
    }
    TEND_TRY(take_integers(tree, "categories_nodes", s->set_count, s->set_nodes, err));
    TEND_TRY(take_integers(tree, "categories_segments", s->set_count, s->set_at, err));
    TEND_TRY(take_integers(tree, "categories_sizes", s->set_count, s->set_sizes, err));
    TEND_TRY(take_integers(tree, "categories", s->category_count, s->categories, err));
    for (size_t i = 0; i < s->set_count; i++) {
        const int64_t node_idx = s->set_nodes[i];
        const int64_t total = (int64_t)s->category_count;
        if (node_idx < 0 || node_idx >= (int64_t)s->node_count || s->set_at[i] < 0 ||
            s->set_at[i] > total || s->set_sizes[i] < 0 || s->set_sizes[i] > total - s->set_at[i]) {
            return fail_model(err, "the categories of a tree are not right");
        }
        s->set_of[node_idx] = (int64_t)i + 1;
    }
    return TEND_OK;
}

static enum tend_code take_tree(const struct tend__json_node *tree, struct scratch *s,
                                struct tend_error *err)
{
    const struct tend__json_node *param = tend__json_member(tree, "tree_param");
    int64_t leaf_size = 0;
    (void)read_count(tend__json_member(param, "size_leaf_vector"), &leaf_size);
    if (leaf_size > 1) {
        return TEND_FAIL(err, EUNSUPPORTED, "a model with vectors in its leaves is not served");
    }
    const struct tend__json_node *split = tend__json_member(tree, "split_conditions");
    size_t count = 0;
    if (!tend__json_numbers_count(split, &count) || count == 0) {
        return fail_model(err, "a tree without nodes");
    }
    if (count > TEND__FOREST_NODES_MAX) {
        return TEND_FAIL(err, ELIMIT, "a tree of %zu nodes is too large", count);
    }
    TEND_TRY(grow_nodes(s, count, err));
    s->node_count = count;
    tend__json_floats(split, s->split);
    TEND_TRY(take_integers(tree, "left_children", count, s->left, err));
    TEND_TRY(take_integers(tree, "right_children", count, s->right, err));
    TEND_TRY(take_integers(tree, "split_indices", count, s->feature, err));
    TEND_TRY(take_integers(tree, "default_left", count, s->default_left, err));
    memset(s->set_of, 0, count * sizeof(*s->set_of));
    if (tend__json_member(tree, "split_type") == NULL) {
        memset(s->split_type, 0, count * sizeof(*s->split_type));
        s->set_count = 0;
        return TEND_OK;
    }
    TEND_TRY(take_integers(tree, "split_type", count, s->split_type, err));
    return take_sets(tree, s, err);
}

static enum tend_code add_words(struct tend__forest *forest, size_t count, uint32_t **out,
                                struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&forest->words, &forest->word_cap, forest->word_count + count,
                            TEND__FOREST_WORDS_MAX, sizeof(*forest->words), err));
    *out = forest->words + forest->word_count;
    memset(*out, 0, count * sizeof(**out));
    forest->word_count += count;
    return TEND_OK;
}

/* Keeps a set as its length in bits and the bits, until widen_sets() knows how wide all must be. */
static enum tend_code add_set(struct tend__forest *forest, const struct scratch *s, size_t file_idx,
                              uint32_t *bits_at, struct tend_error *err)
{
    if (s->set_of[file_idx] == 0) {
        return fail_model(err, "a categorical split without its categories");
    }
    const size_t set_idx = (size_t)s->set_of[file_idx] - 1;
    const int64_t *categories = s->categories + s->set_at[set_idx];
    const size_t count = (size_t)s->set_sizes[set_idx];
    uint32_t *limit = &forest->code_limits[s->feature[file_idx]];
    int64_t most = -1;
    for (size_t i = 0; i < count; i++) {
        if (categories[i] < 0 || categories[i] >= TEND__FOREST_CATEGORY_MAX) {
            return fail_model(err, "a category out of range");
        }
        most = categories[i] > most ? categories[i] : most;
    }
    const uint32_t at = (uint32_t)forest->word_count;
    const uint32_t bit_count = (uint32_t)(most + 1);
    uint32_t *set = NULL;
    TEND_TRY(add_words(forest, 1 + ((size_t)bit_count + 31) / 32, &set, err));
    set[0] = bit_count;
    for (size_t i = 0; i < count; i++) {
        set[1 + categories[i] / 32] |= UINT32_C(1) << (categories[i] % 32);
    }
    *limit = bit_count > *limit ? bit_count : *limit;
    *bits_at = at;
    return TEND_OK;
}

/* Gives every set a bit for each code of its feature, the limit among them, so that a walk need not
 * ask how long it is; the empty set serves every feature. */
static enum tend_code widen_sets(struct tend__forest *forest, struct tend_error *err)
{
    uint32_t *narrow = forest->words;
    uint32_t limit_max = 0;
    uint32_t *set = NULL;
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < forest->feature_count; i++) {
        limit_max = forest->code_limits[i] > limit_max ? forest->code_limits[i] : limit_max;
    }
    forest->words = NULL;
    forest->word_count = forest->word_cap = 0;
    TEND_TRY_OUT(add_words(forest, 1 + (size_t)limit_max / 32, &set, err));
    for (size_t i = 0; i < forest->node_count; i++) {
        struct forest_node *node = &forest->nodes[i];
        if (node->bits_at == 0) {
            continue;
        }
        const uint32_t *from = narrow + node->bits_at;
        node->bits_at = (uint32_t)forest->word_count;
        TEND_TRY_OUT(
            add_words(forest, 1 + (size_t)forest->code_limits[node->slot / 4] / 32, &set, err));
        memcpy(set, from + 1, ((size_t)from[0] + 31) / 32 * sizeof(*set));
    }
out:
    tend__mem_free(narrow);
    return code;
}

static enum tend_code fill_leaf(const struct tend__forest *forest, float value, uint32_t self,
                                struct forest_node *out, struct tend_error *err)
{
    if (!isfinite(value)) {
        return fail_model(err, "a leaf is not a finite number");
    }
    value += 0.0F; /* -0 has the bits of INT32_MIN, which would end the stay on the leaf */
    const size_t stride = tend__forest_slots_per_feature(forest);
    *out = (struct forest_node){.slot = (uint32_t)(forest->feature_count * stride), .left = self};
    memcpy(&out->key, &value, sizeof(value));
    return TEND_OK;
}

static enum tend_code fill_split(struct tend__forest *forest, const struct scratch *s,
                                 size_t file_idx, struct forest_node *out, struct tend_error *err)
{
    const int64_t feature = s->feature[file_idx];
    if (feature < 0 || feature >= (int64_t)forest->feature_count) {
        return fail_model(err, "a split on a feature out of range");
    }
    const size_t stride = tend__forest_slots_per_feature(forest);
    const size_t side = s->default_left[file_idx] == 0 ? stride / 2 : 0;
    out->slot = (uint32_t)((size_t)feature * stride + side);
    if (s->split_type[file_idx] != 0) {
        out->key = INT32_MAX;
        return add_set(forest, s, file_idx, &out->bits_at, err);
    }
    if (!isfinite(s->split[file_idx])) {
        return fail_model(err, "a split is not at a finite number");
    }
    out->key = tend__forest_key(s->split[file_idx]);
    return TEND_OK;
}

/* Appends the tree in `s`, breadth first. A node that two paths reach makes the queue longer than
 * the tree. */
static enum tend_code add_tree(struct tend__forest *forest, struct scratch *s, size_t tree_idx,
                               struct tend_error *err)
{
    const size_t base = forest->node_count;
    size_t queued = 1;
    s->queue[0] = 0;
    s->level[0] = 0;
    forest->roots[tree_idx] = (uint32_t)base;
    for (size_t i = 0; i < queued; i++) {
        const size_t file_idx = s->queue[i];
        const uint32_t self = (uint32_t)(base + i);
        struct forest_node node = {0};
        TEND_TRY(tend__mem_grow(&forest->nodes, &forest->node_cap, base + i + 1,
                                TEND__FOREST_NODES_MAX, sizeof(*forest->nodes), err));
        const int64_t left = s->left[file_idx];
        const int64_t right = s->right[file_idx];
        if (left == -1) {
            TEND_TRY(fill_leaf(forest, s->split[file_idx], self, &node, err));
            forest->depths[tree_idx] = (uint16_t)s->level[i]; /* the last leaf is the deepest */
        } else {
            if (left < 0 || right < 0 || left >= (int64_t)s->node_count ||
                right >= (int64_t)s->node_count || queued + 2 > s->node_count ||
                s->level[i] == TEND__FOREST_DEPTH_MAX) {
                return fail_model(err, "the nodes form no tree");
            }
            TEND_TRY(fill_split(forest, s, file_idx, &node, err));
            node.left = (uint32_t)(base + queued);
            s->queue[queued] = (uint32_t)left;
            s->queue[queued + 1] = (uint32_t)right;
            s->level[queued] = s->level[queued + 1] = s->level[i] + 1;
            queued += 2;
        }
        forest->nodes[forest->node_count++] = node;
    }
    return TEND_OK;
}

static void scale_leaves(struct tend__forest *forest, size_t from, float weight)
{
    for (size_t i = from; i < forest->node_count; i++) {
        struct forest_node *node = &forest->nodes[i];
        if (node->left == i) {
            float value = 0;
            memcpy(&value, &node->key, sizeof(value));
            value = value * weight + 0.0F;
            memcpy(&node->key, &value, sizeof(value));
        }
    }
}

/* dart: the weight of each tree; NULL for gbtree. */
static enum tend_code read_weights(const struct tend__json_node *booster, size_t tree_count,
                                   float **out, struct tend_error *err)
{
    const char *name = tend__json_text(tend__json_member(booster, "name"));
    if (name != NULL && strcmp(name, "gbtree") == 0) {
        return TEND_OK;
    }
    if (name == NULL || strcmp(name, "dart") != 0) {
        return TEND_FAIL(err, EUNSUPPORTED, "a model of the booster '%.64s' is not served",
                         name == NULL ? "" : name);
    }
    const struct tend__json_node *weights = tend__json_member(booster, "weight_drop");
    size_t count = 0;
    if (!tend__json_numbers_count(weights, &count) || count != tree_count) {
        return fail_model(err, "the weights of the trees are not right");
    }
    TEND_TRY(tend__mem_new(count, sizeof(**out), out, err));
    tend__json_floats(weights, *out);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite((*out)[i])) {
            return fail_model(err, "the weights of the trees are not right");
        }
    }
    return TEND_OK;
}

static bool has_category_split(const struct tend__json_node *trees)
{
    for (const struct tend__json_node *tree = tend__json_first(trees); tree != NULL;
         tree = tree->next) {
        size_t count = 0;
        if (tend__json_numbers_count(tend__json_member(tree, "categories_nodes"), &count) &&
            count > 0) {
            return true;
        }
    }
    return false;
}

static enum tend_code check_single_output(const struct tend__json_node *model,
                                          struct tend_error *err)
{
    const struct tend__json_node *info = tend__json_member(model, "tree_info");
    size_t count = 0;
    if (!tend__json_numbers_count(info, &count)) {
        return fail_model(err, "no tree_info");
    }
    for (size_t i = 0; i < count; i++) {
        if (tend__json_number_at(info, i) > 0) {
            return TEND_FAIL(err, EUNSUPPORTED, "a model of several outputs is not served");
        }
    }
    return TEND_OK;
}

/* Room for the roots, and the empty tree that fills the last lanes. */
static enum tend_code prepare_forest(struct tend__forest *forest, size_t tree_count,
                                     struct tend_error *err)
{
    uint32_t *empty_set = NULL;
    const size_t lanes = tree_count + TEND__FOREST_LANES;
    TEND_TRY(tend__mem_new(lanes, sizeof(*forest->roots), &forest->roots, err));
    TEND_TRY(tend__mem_new(lanes, sizeof(*forest->depths), &forest->depths, err));
    TEND_TRY(tend__mem_grow(&forest->nodes, &forest->node_cap, 1, TEND__FOREST_NODES_MAX,
                            sizeof(*forest->nodes), err));
    TEND_TRY(tend__mem_new(forest->feature_count, sizeof(*forest->code_limits),
                           &forest->code_limits, err));
    TEND_TRY(add_words(forest, 1, &empty_set, err)); /* so that 0 is no other set's place */
    forest->tree_count = tree_count;
    TEND_TRY(fill_leaf(forest, 0.0F, 0, &forest->nodes[0], err));
    forest->node_count = 1;
    return TEND_OK;
}

static enum tend_code read_trees(struct tend__forest *forest, const struct tend__json_node *trees,
                                 const float *weights, struct scratch *s, struct tend_error *err)
{
    size_t tree_idx = 0;
    for (const struct tend__json_node *tree = tend__json_first(trees); tree != NULL;
         tree = tree->next) {
        const size_t from = forest->node_count;
        TEND_TRY(take_tree(tree, s, err));
        TEND_TRY(add_tree(forest, s, tree_idx, err));
        if (weights != NULL) {
            scale_leaves(forest, from, weights[tree_idx]);
        }
        tree_idx++;
    }
    return TEND_OK;
}

static enum tend_code read_booster(struct tend__forest *forest,
                                   const struct tend__json_node *learner, struct tend_error *err)
{
    const struct tend__json_node *booster = tend__json_member(learner, "gradient_booster");
    const struct tend__json_node *inner = tend__json_member(booster, "gbtree");
    const struct tend__json_node *model =
        tend__json_member(inner == NULL ? booster : inner, "model");
    const struct tend__json_node *trees = tend__json_member(model, "trees");
    struct scratch s = {0};
    float *weights = NULL;
    enum tend_code code = TEND_OK;
    if (booster == NULL) {
        return fail_model(err, "no gradient_booster");
    }
    const size_t tree_count = trees == NULL ? 0 : trees->count;
    TEND_TRY_OUT(read_weights(booster, tree_count, &weights, err));
    if (trees == NULL || trees->kind != TEND_JSON_ARRAY) {
        code = fail_model(err, "no trees");
        goto out;
    }
    if (tree_count > TEND__FOREST_TREES_MAX) {
        code = TEND_FAIL(err, ELIMIT, "%zu trees are more than %" PRIu32, tree_count,
                         TEND__FOREST_TREES_MAX);
        goto out;
    }
    TEND_TRY_OUT(check_single_output(model, err));
    forest->has_categories = has_category_split(trees);
    TEND_TRY_OUT(prepare_forest(forest, tree_count, err));
    TEND_TRY_OUT(read_trees(forest, trees, weights, &s, err));
    TEND_TRY_OUT(widen_sets(forest, err));
out:
    tend__mem_free(weights);
    scratch_deinit(&s);
    return code;
}

/* JSON has no NaN, but XGBoost 2 writes one as the unused split of each categorical node. A copy
 * with a number beyond binary32 in its place is JSON, and as the split of a number it is refused.
 */
static enum tend_code parse_with_nan(const char *text, size_t len, struct tend__json **out,
                                     struct tend_error *err)
{
    static const char stand_in[] = "1e99";
    const size_t extra = sizeof(stand_in) - 1 - strlen("NaN");
    char *copy = NULL;
    size_t used = 0;
    bool quoted = false;
    TEND_TRY(tend__mem_new(len + len / strlen("NaN") * extra + 1, 1, &copy, err));
    for (size_t i = 0; i < len; i++) {
        if (!quoted && len - i >= 3 && memcmp(text + i, "NaN", 3) == 0) {
            memcpy(copy + used, stand_in, sizeof(stand_in) - 1);
            used += sizeof(stand_in) - 1;
            i += 2;
            continue;
        }
        if (quoted && text[i] == '\\' && i + 1 < len) {
            copy[used++] = text[i++];
        } else if (text[i] == '"') {
            quoted = !quoted;
        }
        copy[used++] = text[i];
    }
    const enum tend_code code = tend__json_parse(copy, used, out, err);
    tend__mem_free(copy);
    return code;
}

static enum tend_code parse_text(const char *text, size_t len, struct tend__json **out,
                                 struct tend_error *err)
{
    const enum tend_code code = tend__json_parse(text, len, out, err);
    if (code == TEND_ECORRUPT && memmem(text, len, "NaN", 3) != NULL) {
        return parse_with_nan(text, len, out, err);
    }
    return code;
}

/* UBJSON opens with '{' and the marker of a length; JSON with '{' and a quote, perhaps after white
 * space. */
static bool is_ubjson(const unsigned char *bytes, size_t len)
{
    return len >= 2 && bytes[0] == '{' && strchr("iUIlL#$N", bytes[1]) != NULL && bytes[1] != 0;
}

enum tend_code tend__forest_load(const void *bytes, size_t len, struct tend__forest **out,
                                 struct tend_error *err)
{
    struct tend__json *json = NULL;
    struct tend__forest *forest = NULL;
    if (is_ubjson(bytes, len)) {
        TEND_TRY(tend__ubjson_parse(bytes, len, &json, err));
    } else {
        TEND_TRY(parse_text(bytes, len, &json, err));
    }
    enum tend_code code = TEND_OK;
    const struct tend__json_node *learner = tend__json_member(tend__json_root(json), "learner");
    if (learner == NULL) {
        code = fail_model(err, "no learner");
        goto out;
    }
    TEND_TRY_OUT(tend__mem_new(1, sizeof(*forest), &forest, err));
    TEND_TRY_OUT(read_learner(forest, learner, err));
    TEND_TRY_OUT(read_booster(forest, learner, err));
    *out = forest;
    forest = NULL;
out:
    tend__forest_free(forest);
    tend__json_free(json);
    return code;
}
