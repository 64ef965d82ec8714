/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_bounds.c: interval arithmetic over the declared ranges of the fields.
 *
 * The bounds hold for what the machine computes, not for what real numbers would give. Rounding to
 * nearest is monotone, so that for + - * / and SQRT the bounds of rounded results are the rounded
 * results at the ends (Moore, Kearfott and Cloud 2009, "Introduction to Interval Analysis", chapter
 * 2, with outward rounding left out for that reason). The functions of libm are not promised to be
 * monotone: their ends are moved outward by WIDEN_STEPS units in the last place.
 *
 * An end may be infinite: the values may then be as large as they like, or infinite. An empty
 * interval (no value but NULL is possible) is low = INFINITY, high = -INFINITY.
 */
#include "expr/expr_tree.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define WIDEN_STEPS 4
#define ENDLESS ((double)INFINITY)

static const struct tend__bounds everything = {-ENDLESS, ENDLESS, false, false};
static const struct tend__bounds nothing = {ENDLESS, -ENDLESS, false, false};

static bool is_empty(struct tend__bounds x)
{
    return !(x.low <= x.high);
}

static struct tend__bounds widen(struct tend__bounds x)
{
    for (int i = 0; i < WIDEN_STEPS; i++) {
        x.low = nextafter(x.low, -ENDLESS);
        x.high = nextafter(x.high, ENDLESS);
    }
    return x;
}

/* The smallest interval that holds both; flags of either. */
static struct tend__bounds unite(struct tend__bounds x, struct tend__bounds y)
{
    return (struct tend__bounds){
        .low = x.low < y.low ? x.low : y.low,
        .high = x.high > y.high ? x.high : y.high,
        .may_be_null = x.may_be_null || y.may_be_null,
        .may_fail = x.may_fail || y.may_fail,
    };
}

static double product(double x, double y)
{
    return x == 0 || y == 0 ? 0 : x * y; /* 0 x infinity: a large number, not an infinite one */
}

static struct tend__bounds corners(const double z[4])
{
    struct tend__bounds r = nothing;
    for (int i = 0; i < 4; i++) {
        r.low = z[i] < r.low ? z[i] : r.low;
        r.high = z[i] > r.high ? z[i] : r.high;
    }
    return r;
}

/* Whether finite operands may give a result beyond binary64, or infinite ones an undefined result.
 */
static bool is_unbounded(struct tend__bounds x)
{
    return x.low <= -ENDLESS || x.high >= ENDLESS;
}

static struct tend__bounds sum(struct tend__bounds x, struct tend__bounds y)
{
    struct tend__bounds r = nothing;
    r.low =
        x.low +
        y.low; /* never infinity less infinity: a low end of what is not empty is not +infinity */
    r.high = x.high + y.high;
    return r;
}

static struct tend__bounds quotient(struct tend__bounds x, struct tend__bounds y)
{
    if (y.low <= 0 && y.high >= 0) {
        return everything;
    }
    const double ends[4] = {x.low, x.low, x.high, x.high};
    const double divisors[4] = {y.low, y.high, y.low, y.high};
    double z[4];
    for (int i = 0; i < 4; i++) {
        z[i] = isinf(divisors[i]) ? 0 : ends[i] / divisors[i];
    }
    return corners(z);
}

static struct tend__bounds remainder_of(struct tend__bounds x, struct tend__bounds y)
{
    const double size = fmax(fabs(y.low), fabs(y.high));
    const double most = fmax(fabs(x.low), fabs(x.high));
    const double limit = fmin(size, most);
    struct tend__bounds r = nothing;
    r.low = x.low >= 0 ? 0 : -limit;
    r.high = x.high <= 0 ? 0 : limit;
    return r;
}

static struct tend__bounds negated(struct tend__bounds x)
{
    return (struct tend__bounds){.low = -x.high, .high = -x.low};
}

static struct tend__bounds arithmetic(enum expr_op op, struct tend__bounds x, struct tend__bounds y)
{
    struct tend__bounds r = everything;
    if (op == EXPR_OP_ADD) {
        r = sum(x, y);
    } else if (op == EXPR_OP_SUB) {
        r = sum(x, negated(y));
    } else if (op == EXPR_OP_MUL) {
        const double z[4] = {product(x.low, y.low), product(x.low, y.high), product(x.high, y.low),
                             product(x.high, y.high)};
        r = corners(z);
    } else if (op == EXPR_OP_DIV) {
        r = quotient(x, y);
    } else if (op == EXPR_OP_MOD) {
        r = remainder_of(x, y);
    }
    const bool divides = op == EXPR_OP_DIV || op == EXPR_OP_MOD;
    r.may_fail = is_unbounded(r) || is_unbounded(x) || is_unbounded(y) ||
                 (divides && y.low <= 0 && y.high >= 0);
    return r;
}

/* x^y for x >= 0: monotone in each, so that the corners have the extremes. */
static struct tend__bounds power(struct tend__bounds x, struct tend__bounds y)
{
    struct tend__bounds r = everything;
    if (x.low >= 0) {
        const double z[4] = {pow(x.low, y.low), pow(x.low, y.high), pow(x.high, y.low),
                             pow(x.high, y.high)};
        r = corners(z);
        r = widen(r);
        r.low = r.low < 0 ? 0 : r.low;
    }
    r.may_fail = is_unbounded(r) || x.low < 0 || (x.low <= 0 && y.low < 0);
    return r;
}

static double round_digits(double x, int digits)
{
    const double scale = pow(10, abs(digits));
    return digits >= 0 ? round(x * scale) / scale : round(x / scale) * scale;
}

static struct tend__bounds rounded(struct tend__bounds x, int digits)
{
    struct tend__bounds r = everything;
    r.low = round_digits(x.low, digits);
    r.high = round_digits(x.high, digits);
    r.low = isfinite(r.low) ? r.low : -ENDLESS; /* what is too large to be rounded stays itself */
    r.high = isfinite(r.high) ? r.high : ENDLESS;
    r.may_fail = digits < 0 && is_unbounded(r);
    return r;
}

static struct tend__bounds logarithm(struct tend__bounds x, double (*log_fn)(double))
{
    struct tend__bounds r = everything;
    r.low = x.low > 0 ? log_fn(x.low) : -ENDLESS;
    r.high = x.high > 0 ? log_fn(x.high) : -ENDLESS;
    r = widen(r);
    /* The logarithm of the least number above zero is the least of all. */
    r.low = r.low < -1100 ? -1100 : r.low;
    r.high = r.high < r.low ? r.low : r.high;
    r.may_fail = x.low <= 0;
    return r;
}

static struct tend__bounds absolute(struct tend__bounds x)
{
    struct tend__bounds r = nothing;
    r.high = fmax(fabs(x.low), fabs(x.high));
    r.low = x.low <= 0 && x.high >= 0 ? 0 : fmin(fabs(x.low), fabs(x.high));
    return r;
}

static struct tend__bounds bool_bounds(void)
{
    return (struct tend__bounds){.low = 0, .high = 1};
}

static struct tend__bounds part_bounds(enum expr_unit unit)
{
    static const double ends[][2] = {
        [EXPR_UNIT_YEAR] = {-300000, 300000},
        [EXPR_UNIT_QUARTER] = {1, 4},
        [EXPR_UNIT_MONTH] = {1, 12},
        [EXPR_UNIT_WEEK] = {1, 53},
        [EXPR_UNIT_DAY] = {1, 31},
        [EXPR_UNIT_HOUR] = {0, 23},
        [EXPR_UNIT_MINUTE] = {0, 59},
        [EXPR_UNIT_SECOND] = {0, 59},
        [EXPR_UNIT_DAYOFWEEK] = {0, 6},
        [EXPR_UNIT_ISODOW] = {1, 7},
        [EXPR_UNIT_DAYOFYEAR] = {1, 366},
        [EXPR_UNIT_EPOCH] = {-1e13, 1e13},
    };
    return (struct tend__bounds){.low = ends[unit][0], .high = ends[unit][1]};
}

/* A function of one number. */
static struct tend__bounds function(const struct expr_node *node, struct tend__bounds x)
{
    struct tend__bounds r = everything;
    const enum expr_op op = node->rule->op;
    if (op == EXPR_OP_NEG) {
        r = negated(x);
    } else if (op == EXPR_OP_ABS) {
        r = absolute(x);
    } else if (op == EXPR_OP_LN) {
        r = logarithm(x, log);
    } else if (op == EXPR_OP_LOG10) {
        r = logarithm(x, log10);
    } else if (op == EXPR_OP_LOG2) {
        r = logarithm(x, log2);
    } else if (op == EXPR_OP_EXP) {
        r.low = exp(x.low);
        r.high = exp(x.high);
        r = widen(r);
        r.low = r.low < 0 ? 0 : r.low;
        r.may_fail = is_unbounded(r);
    } else if (op == EXPR_OP_SQRT) {
        r.low = x.low > 0 ? sqrt(x.low) : 0;
        r.high = x.high > 0 ? sqrt(x.high) : 0;
        r.may_fail = x.low < 0;
    } else if (op == EXPR_OP_ROUND) {
        r = rounded(x, (int)node->value.number);
    } else if (op == EXPR_OP_FLOOR) {
        r = (struct tend__bounds){.low = floor(x.low), .high = floor(x.high)};
    } else if (op == EXPR_OP_CEIL) {
        r = (struct tend__bounds){.low = ceil(x.low), .high = ceil(x.high)};
    } else if (op == EXPR_OP_TRUNC) {
        r = (struct tend__bounds){.low = trunc(x.low), .high = trunc(x.high)};
    } else if (op == EXPR_OP_SIGN) {
        r.low = x.low > 0 ? 1 : x.low < 0 ? -1 : 0;
        r.high = x.high > 0 ? 1 : x.high < 0 ? -1 : 0;
    }
    return r;
}

static struct tend__bounds strict_bounds(const struct expr_node *node, struct tend__bounds x,
                                         struct tend__bounds y)
{
    const enum expr_op op = node->rule->op;
    struct tend__bounds r = everything;
    if (op == EXPR_OP_PART) {
        r = part_bounds(node->unit);
    } else if (op == EXPR_OP_EPOCH) {
        r = part_bounds(EXPR_UNIT_EPOCH);
    } else if (op == EXPR_OP_LENGTH) {
        r.low = 0;
    } else if (node->type == TEND_TYPE_BOOL) {
        r = bool_bounds();
    } else if (node->type != TEND_TYPE_NUMBER) {
        r.may_fail = node->rule->may_fail;
    } else if (is_empty(x) || (node->child_count == 2 && is_empty(y))) {
        r = nothing; /* an operand is always NULL */
    } else if (op == EXPR_OP_POW) {
        r = power(x, y);
    } else if (node->child_count == 2) {
        r = arithmetic(op, x, y);
    } else {
        r = function(node, x);
    }
    r.may_fail = r.may_fail || x.may_fail || y.may_fail;
    r.may_be_null = x.may_be_null || y.may_be_null;
    return r;
}

static struct tend__bounds under(const struct expr_tree *tree, uint32_t idx);

/* Of the children from `from` on, every step-th and the last. */
static struct tend__bounds unite_children(const struct expr_tree *tree,
                                          const struct expr_node *node, uint32_t from,
                                          uint32_t step)
{
    struct tend__bounds r = nothing;
    uint32_t position = 0;
    for (uint32_t i = node->first; i != EXPR_NONE; i = tree->nodes[i].next) {
        const struct tend__bounds child = under(tree, i);
        if (position >= from && ((position - from) % step == 0 || i == node->last)) {
            r = unite(r, child);
        }
        r.may_fail = r.may_fail || child.may_fail;
        position++;
    }
    return r;
}

/* Whether NaN may come out: it comes from columns without a declared range, and from texts. */
static bool may_be_nan(const struct expr_tree *tree, uint32_t idx)
{
    const struct expr_node *node = &tree->nodes[idx];
    if (node->kind == EXPR_NODE_COLUMN) {
        const struct tend__field *field = &tree->fields[node->value.field_idx];
        return field->type == TEND_TYPE_TEXT || !(isfinite(field->low) && isfinite(field->high));
    }
    bool may_be = node->kind == EXPR_NODE_TEXT;
    for (uint32_t i = node->first; i != EXPR_NONE && !may_be; i = tree->nodes[i].next) {
        may_be = may_be_nan(tree, i);
    }
    return may_be;
}

/* LEAST and GREATEST skip NULLs: both ends of the answer come from the operands that are never
 * NULL, if any. */
static struct tend__bounds pick_bounds(const struct expr_tree *tree, const struct expr_node *node)
{
    struct tend__bounds r = nothing;
    double sure = node->kind == EXPR_NODE_LEAST ? ENDLESS : -ENDLESS;
    r.may_be_null = true;
    for (uint32_t i = node->first; i != EXPR_NONE; i = tree->nodes[i].next) {
        const struct tend__bounds child = under(tree, i);
        const bool was_null = r.may_be_null;
        r = unite(r, child);
        r.may_be_null = was_null && child.may_be_null;
        const bool is_sure = node->kind == EXPR_NODE_GREATEST || !may_be_nan(tree, i);
        if (!child.may_be_null && !is_empty(child) && is_sure) {
            sure = node->kind == EXPR_NODE_LEAST ? fmin(sure, child.high) : fmax(sure, child.low);
        }
    }
    /* NaN is above all numbers: LEAST passes over it to another operand, GREATEST gives it. */
    if (node->kind == EXPR_NODE_LEAST) {
        r.high = fmin(r.high, sure);
    } else {
        r.low = fmax(r.low, sure);
    }
    return r;
}

static struct tend__bounds coalesce_bounds(const struct expr_tree *tree,
                                           const struct expr_node *node)
{
    struct tend__bounds r = nothing;
    r.may_be_null = true;
    for (uint32_t i = node->first; i != EXPR_NONE && r.may_be_null; i = tree->nodes[i].next) {
        const struct tend__bounds child = under(tree, i);
        r = unite(r, child);
        r.may_be_null = child.may_be_null;
    }
    return r;
}

static struct tend__bounds cast_bounds(const struct expr_tree *tree, const struct expr_node *node)
{
    const struct tend__bounds x = under(tree, node->first);
    const enum tend_type from = tree->nodes[node->first].type;
    struct tend__bounds r = everything;
    if (node->type == TEND_TYPE_BOOL) {
        r = bool_bounds();
    } else if (node->type == TEND_TYPE_NUMBER && from == TEND_TYPE_NUMBER) {
        r = x;
        if (node->cast != EXPR_CAST_NUMBER) {
            const double most =
                node->cast == EXPR_CAST_INTEGER ? 2147483648.0 : 9223372036854775808.0;
            r.low = fmax(rint(x.low), -most);
            r.high = fmin(rint(x.high), most);
            r.may_fail = x.low < -most + 2 || x.high > most - 2 || is_unbounded(x);
        }
    } else if (node->type == TEND_TYPE_NUMBER && from == TEND_TYPE_BOOL) {
        r = bool_bounds();
    }
    const bool may_be_not_a_number = node->cast != EXPR_CAST_NUMBER && from == TEND_TYPE_NUMBER;
    r.may_fail = r.may_fail || x.may_fail || (from == TEND_TYPE_TEXT && node->type != from) ||
                 node->type == TEND_TYPE_TIME || may_be_not_a_number;
    r.may_be_null = x.may_be_null;
    return r;
}

static struct tend__bounds column_bounds(const struct expr_tree *tree, const struct expr_node *node)
{
    const struct tend__field *field = &tree->fields[node->value.field_idx];
    struct tend__bounds r = everything;
    if (field->type == TEND_TYPE_NULL) {
        r = nothing;
    } else if (field->type == TEND_TYPE_BOOL) {
        r = bool_bounds();
    } else if (field->type == TEND_TYPE_NUMBER && field->low <= field->high) {
        r.low = field->low;
        r.high = field->high;
    }
    r.may_be_null = true;
    return r;
}

static struct tend__bounds literal_bounds(const struct expr_node *node)
{
    struct tend__bounds r = everything;
    if (node->kind == EXPR_NODE_NUMBER) {
        r.low = node->value.number;
        r.high = node->value.number;
    } else if (node->kind == EXPR_NODE_BOOL) {
        r.low = node->value.boolean ? 1 : 0;
        r.high = r.low;
    } else if (node->kind == EXPR_NODE_NULL) {
        r = nothing;
        r.may_be_null = true;
    }
    return r;
}

/* Bools made of other things: 0 to 1; NULL where an operand may be, or never for IS. */
static struct tend__bounds condition_bounds(const struct expr_tree *tree,
                                            const struct expr_node *node)
{
    struct tend__bounds r = bool_bounds();
    const bool is_test = node->kind == EXPR_NODE_DISTINCT || node->kind == EXPR_NODE_IS_NULL ||
                         node->kind == EXPR_NODE_IS_BOOL;
    for (uint32_t i = node->first; i != EXPR_NONE; i = tree->nodes[i].next) {
        const struct tend__bounds child = under(tree, i);
        r.may_fail = r.may_fail || child.may_fail;
        r.may_be_null = r.may_be_null || (child.may_be_null && !is_test);
    }
    return r;
}

static struct tend__bounds under(const struct expr_tree *tree, uint32_t idx)
{
    const struct expr_node *node = &tree->nodes[idx];
    struct tend__bounds r = everything;
    switch (node->kind) {
    case EXPR_NODE_NUMBER:
    case EXPR_NODE_BOOL:
    case EXPR_NODE_TEXT:
    case EXPR_NODE_TIME:
    case EXPR_NODE_NULL:
    case EXPR_NODE_SPAN:
        return literal_bounds(node);
    case EXPR_NODE_COLUMN:
        return column_bounds(tree, node);
    case EXPR_NODE_STRICT:
        r = under(tree, node->first);
        return strict_bounds(node, r, node->child_count > 1 ? under(tree, node->last) : everything);
    case EXPR_NODE_COMPARE:
    case EXPR_NODE_DISTINCT:
    case EXPR_NODE_IS_NULL:
    case EXPR_NODE_IS_BOOL:
    case EXPR_NODE_AND:
    case EXPR_NODE_OR:
    case EXPR_NODE_IN:
    case EXPR_NODE_BETWEEN:
        return condition_bounds(tree, node);
    case EXPR_NODE_CASE:
        return unite_children(tree, node, 1, 2);
    case EXPR_NODE_CASE_SIMPLE:
        return unite_children(tree, node, 2, 2);
    case EXPR_NODE_COALESCE:
        return coalesce_bounds(tree, node);
    case EXPR_NODE_NULLIF:
        r = under(tree, node->first);
        r.may_fail = r.may_fail || under(tree, node->last).may_fail;
        r.may_be_null = true;
        return r;
    case EXPR_NODE_LEAST:
    case EXPR_NODE_GREATEST:
        return pick_bounds(tree, node);
    case EXPR_NODE_CAST:
        return cast_bounds(tree, node);
    }
    return r;
}

struct tend__bounds tend__expr_tree_bounds(const struct expr_tree *tree)
{
    struct tend__bounds r = under(tree, tree->root);
    const enum tend_type type = tree->nodes[tree->root].type;
    if (type != TEND_TYPE_NUMBER && type != TEND_TYPE_BOOL) {
        r.low = -ENDLESS;
        r.high = ENDLESS;
    } else if (is_empty(r)) {
        r.low = 0; /* nothing but NULL: any range holds */
        r.high = 0;
    }
    return r;
}
