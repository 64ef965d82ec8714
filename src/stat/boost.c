/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boost.c: level by level: the histograms of a level's nodes, the best split of each, the rows put
 * into their order.
 *
 * Rows of a node stand together in `order`. Of two siblings only the smaller is counted; the other
 * is the parent less it, in the parent's place.
 */
#include "stat/boost.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define TREES_DEFAULT 40
#define DEPTH_DEFAULT 3
#define RATE_DEFAULT 0.2
#define LEAF_ROWS_DEFAULT 10
#define CURVATURE 0.25 /* the largest second derivative of the logistic loss */
#define RIDGE 1.0
#define NODES_MAX (1u << TEND_BOOST_DEPTH_MAX)

struct split {
    uint32_t feature;
    uint32_t bin; /* rows with a bin above it go right; TEND_BOOST_BINS: all go left */
};

struct tend__boost {
    size_t tree_count;
    size_t depth;
    size_t feature_count;
    struct split *splits; /* of tree t at t << depth, node k of a level at (1 << level) + k */
    double *leaves;       /* of tree t at t << depth */
    double *gains;
};

struct cell {
    double gradient;
    double count;
};

struct node {
    size_t begin; /* in `order` */
    size_t end;
    struct cell *cells; /* feature_count x TEND_BOOST_BINS */
};

struct fit {
    const struct tend__boost_rows *rows;
    const uint8_t *labels;
    struct tend__boost_options options;
    struct tend__boost *boost;
    double *scores;
    double *gradients;
    uint32_t *order;
    uint32_t *moved;
    struct cell *memory; /* one histogram for each node of the last level that is split */
    uint8_t *bin_counts; /* of each feature */
    struct node nodes[NODES_MAX];
};

static void count_node(const struct fit *fit, const struct node *node)
{
    const size_t width = fit->rows->feature_count;
    memset(node->cells, 0, width * TEND_BOOST_BINS * sizeof(*node->cells));
    for (size_t i = node->begin; i < node->end; i++) {
        const size_t row = fit->order[i];
        const uint8_t *bins = fit->rows->bins + row * width;
        const double gradient = fit->gradients[row];
        struct cell *cells = node->cells;
        for (size_t f = 0; f < width; f++) {
            struct cell *cell = &cells[bins[f]];
            cell->gradient += gradient;
            cell->count += 1;
            cells += TEND_BOOST_BINS;
        }
    }
}

static double gain_of(double gradient, double count)
{
    return gradient * gradient / (CURVATURE * count + RIDGE);
}

/* The best split of a node; its gain is 0 where none takes anything off. */
static struct split find_split(const struct fit *fit, const struct node *node, double *gain)
{
    const double least = (double)fit->options.row_count_min;
    struct split best = {.feature = 0, .bin = TEND_BOOST_BINS};
    double total = 0;
    const double count = (double)(node->end - node->begin);
    for (size_t b = 0; b < fit->bin_counts[0]; b++) {
        total += node->cells[b].gradient;
    }
    const double before = gain_of(total, count);
    *gain = 0;
    for (size_t f = 0; f < fit->rows->feature_count; f++) {
        const struct cell *cells = node->cells + f * TEND_BOOST_BINS;
        double gradient = 0;
        double left = 0;
        for (uint32_t b = 0; b + 1 < fit->bin_counts[f]; b++) {
            gradient += cells[b].gradient;
            left += cells[b].count;
            if (cells[b].count == 0 || left < least) {
                continue;
            }
            if (count - left < least) {
                break;
            }
            const double now =
                gain_of(gradient, left) + gain_of(total - gradient, count - left) - before;
            if (now > *gain) {
                *gain = now;
                best = (struct split){.feature = (uint32_t)f, .bin = b};
            }
        }
    }
    return best;
}

/* Puts the rows that go left first, each side in its order; gives where the right ones begin. */
static size_t move_rows(const struct fit *fit, const struct node *node, const struct split *split)
{
    const size_t width = fit->rows->feature_count;
    size_t left = node->begin;
    size_t right = 0;
    for (size_t i = node->begin; i < node->end; i++) {
        const uint32_t row = fit->order[i];
        if (fit->rows->bins[row * width + split->feature] > split->bin) {
            fit->moved[right++] = row;
        } else {
            fit->order[left++] = row;
        }
    }
    if (right > 0) {
        memcpy(fit->order + left, fit->moved, right * sizeof(*fit->order));
    }
    return left;
}

/* Histograms of two children from their parent's, which is spent. */
static void count_children(const struct fit *fit, struct node *parent, struct node *left,
                           struct node *right, struct cell *fresh)
{
    const size_t cell_count = fit->rows->feature_count * TEND_BOOST_BINS;
    const bool is_left_smaller = left->end - left->begin < right->end - right->begin;
    struct node *small = is_left_smaller ? left : right;
    struct node *large = is_left_smaller ? right : left;
    small->cells = fresh;
    large->cells = parent->cells;
    count_node(fit, small);
    for (size_t i = 0; i < cell_count; i++) {
        large->cells[i].gradient -= small->cells[i].gradient;
        large->cells[i].count -= small->cells[i].count;
    }
}

/* Splits the nodes of one level. Those of the next take their places: node k becomes 2k and 2k + 1,
 * so this goes from the last to the first. */
static void split_level(struct fit *fit, struct split *splits, size_t level)
{
    const size_t count = (size_t)1 << level;
    const bool is_last = level + 1 == fit->options.depth;
    for (size_t k = count; k-- > 0;) {
        struct node parent = fit->nodes[k];
        double gain = 0;
        const struct split split = find_split(fit, &parent, &gain);
        splits[count + k] = split;
        struct node *left = &fit->nodes[2 * k];
        struct node *right = &fit->nodes[2 * k + 1];
        const size_t middle =
            split.bin < TEND_BOOST_BINS ? move_rows(fit, &parent, &split) : parent.end;
        *left = (struct node){.begin = parent.begin, .end = middle};
        *right = (struct node){.begin = middle, .end = parent.end};
        fit->boost->gains[split.feature] += gain;
        if (!is_last) {
            struct cell *fresh =
                fit->memory + (count + k) * fit->rows->feature_count * TEND_BOOST_BINS;
            count_children(fit, &parent, left, right, fresh);
        }
    }
}

static void grow_tree(struct fit *fit, size_t tree_idx)
{
    const size_t row_count = fit->rows->row_count;
    const size_t leaf_count = (size_t)1 << fit->options.depth;
    struct split *splits = fit->boost->splits + tree_idx * leaf_count;
    double *leaves = fit->boost->leaves + tree_idx * leaf_count;
    for (size_t i = 0; i < row_count; i++) {
        fit->gradients[i] = (double)fit->labels[i] - 1 / (1 + exp(-fit->scores[i]));
        fit->order[i] = (uint32_t)i;
    }
    fit->nodes[0] = (struct node){.begin = 0, .end = row_count, .cells = fit->memory};
    count_node(fit, &fit->nodes[0]);
    for (size_t level = 0; level < fit->options.depth; level++) {
        split_level(fit, splits, level);
    }
    for (size_t k = 0; k < leaf_count; k++) {
        const struct node *leaf = &fit->nodes[k];
        double gradient = 0;
        for (size_t i = leaf->begin; i < leaf->end; i++) {
            gradient += fit->gradients[fit->order[i]];
        }
        const double count = (double)(leaf->end - leaf->begin);
        leaves[k] = fit->options.rate * gradient / (CURVATURE * count + RIDGE);
        for (size_t i = leaf->begin; i < leaf->end; i++) {
            fit->scores[fit->order[i]] += leaves[k];
        }
    }
}

static enum tend_code init_fit(struct fit *fit, struct tend_error *err)
{
    struct tend__boost *boost = fit->boost;
    const size_t n = fit->rows->row_count;
    const size_t width = fit->rows->feature_count;
    const size_t places = boost->tree_count << boost->depth;
    const size_t node_count = (size_t)1 << (boost->depth - 1);
    TEND_TRY(tend__mem_new(places, sizeof(*boost->splits), &boost->splits, err));
    TEND_TRY(tend__mem_new(places, sizeof(*boost->leaves), &boost->leaves, err));
    TEND_TRY(tend__mem_new(width, sizeof(*boost->gains), &boost->gains, err));
    TEND_TRY(tend__mem_new(n, sizeof(*fit->scores), &fit->scores, err));
    TEND_TRY(tend__mem_new(n, sizeof(*fit->gradients), &fit->gradients, err));
    TEND_TRY(tend__mem_new(n, sizeof(*fit->order), &fit->order, err));
    TEND_TRY(tend__mem_new(n, sizeof(*fit->moved), &fit->moved, err));
    TEND_TRY(tend__mem_new(width, 1, &fit->bin_counts, err));
    for (size_t i = 0; i < n * width; i++) {
        const uint8_t bin = fit->rows->bins[i];
        TEND_ASSERT(bin < TEND_BOOST_BINS);
        uint8_t *most = &fit->bin_counts[i % width];
        *most = bin >= *most ? (uint8_t)(bin + 1) : *most;
    }
    return tend__mem_new(node_count * width * TEND_BOOST_BINS, sizeof(*fit->memory), &fit->memory,
                         err);
}

static void normalise_gains(struct tend__boost *boost)
{
    double total = 0;
    for (size_t f = 0; f < boost->feature_count; f++) {
        total += boost->gains[f];
    }
    for (size_t f = 0; f < boost->feature_count && total > 0; f++) {
        boost->gains[f] /= total;
    }
}

static enum tend_code fill_options(struct tend__boost_options *o,
                                   const struct tend__boost_options *given, struct tend_error *err)
{
    if (given != NULL) {
        *o = *given;
    }
    o->tree_count = o->tree_count == 0 ? TREES_DEFAULT : o->tree_count;
    o->depth = o->depth == 0 ? DEPTH_DEFAULT : o->depth;
    o->rate = o->rate > 0 ? o->rate : RATE_DEFAULT;
    o->row_count_min = o->row_count_min == 0 ? LEAF_ROWS_DEFAULT : o->row_count_min;
    if (o->tree_count > TEND_BOOST_TREES_MAX || o->depth > TEND_BOOST_DEPTH_MAX) {
        return TEND_FAIL(err, EINVAL, "%zu trees of depth %zu are more than %d of depth %d",
                         o->tree_count, o->depth, TEND_BOOST_TREES_MAX, TEND_BOOST_DEPTH_MAX);
    }
    return TEND_OK;
}

enum tend_code tend__boost_fit(const struct tend__boost_rows *rows, const uint8_t *labels,
                               const struct tend__boost_options *options, struct tend__boost **out,
                               struct tend_error *err)
{
    struct fit *fit = NULL;
    enum tend_code code = TEND_OK;
    if (rows->row_count == 0 || rows->row_count > UINT32_MAX || rows->feature_count == 0) {
        return TEND_FAIL(err, EINVAL, "nothing to learn from %zu rows of %zu features",
                         rows->row_count, rows->feature_count);
    }
    TEND_TRY(tend__mem_new(1, sizeof(*fit), &fit, err));
    TEND_TRY_OUT(fill_options(&fit->options, options, err));
    fit->rows = rows;
    fit->labels = labels;
    TEND_TRY_OUT(tend__mem_new(1, sizeof(*fit->boost), &fit->boost, err));
    fit->boost->tree_count = fit->options.tree_count;
    fit->boost->depth = fit->options.depth;
    fit->boost->feature_count = rows->feature_count;
    TEND_TRY_OUT(init_fit(fit, err));
    for (size_t t = 0; t < fit->options.tree_count; t++) {
        grow_tree(fit, t);
    }
    normalise_gains(fit->boost);
    *out = fit->boost;
    fit->boost = NULL;
out:
    tend__boost_free(fit->boost);
    tend__mem_free(fit->scores);
    tend__mem_free(fit->gradients);
    tend__mem_free(fit->order);
    tend__mem_free(fit->moved);
    tend__mem_free(fit->bin_counts);
    tend__mem_free(fit->memory);
    tend__mem_free(fit);
    return code;
}

void tend__boost_free(struct tend__boost *boost)
{
    if (boost == NULL) {
        return;
    }
    tend__mem_free(boost->splits);
    tend__mem_free(boost->leaves);
    tend__mem_free(boost->gains);
    tend__mem_free(boost);
}

void tend__boost_score(const struct tend__boost *boost, const struct tend__boost_rows *rows,
                       double *out)
{
    for (size_t i = 0; i < rows->row_count; i++) {
        const uint8_t *bins = rows->bins + i * boost->feature_count;
        double score = 0;
        for (size_t t = 0; t < boost->tree_count; t++) {
            const struct split *splits = boost->splits + (t << boost->depth);
            size_t at = 1;
            for (size_t level = 0; level < boost->depth; level++) {
                at = 2 * at + (bins[splits[at].feature] > splits[at].bin ? 1 : 0);
            }
            score += boost->leaves[(t << boost->depth) + at - ((size_t)1 << boost->depth)];
        }
        out[i] = score;
    }
}

const double *tend__boost_gains(const struct tend__boost *boost)
{
    return boost->gains;
}
