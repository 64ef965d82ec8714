/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_body.h: the loops of kernel.h, written once over a vector of LANES doubles.
 *
 * Only the kernel_*.c include it, each after it has defined, with KERNEL_FN before every function:
 *
 *   vec, ivec, mask        LANES doubles, LANES 64-bit integers, LANES truth values
 *   v_load v_set v_add v_sub v_mul v_min v_max    v_min(a, b) is b where either is NaN
 *   v_square_error(x, p)   x x - p exactly, where p = x x rounded and both are far from the limits
 *   i_zero i_add_gt(n, a, b) i_add_eq   n + (a > b), n + (a = b) in each lane
 *   i_add_steps(n, v, base)   n + (bits of v - bits of base)
 *   i_sum                  the sum of the lanes
 *   m_none m_any m_or_neq(m, a, b) m_or_nan(m, a) m_or_tiny(m, p, limit, x)
 *                          m or (a != b); m or a is NaN; m or (p < limit and x != 0)
 *
 * Values that do not fill a vector go through a buffer whose other lanes hold what changes nothing.
 */
#ifndef TEND_SKETCH_KERNEL_BODY_H
#define TEND_SKETCH_KERNEL_BODY_H

#include "sketch/kernel.h"

#include <math.h>
#include <string.h>

#define ROUND_MAGIC 6755399441055744.0 /* 1.5 2^52 */
#define TINY_SQUARE 0x1p-800

/* The last n < LANES values, and `fill` in the other lanes. */
KERNEL_FN static inline vec load_rest(const double *x, size_t n, double fill)
{
    double lanes[LANES];
    for (size_t j = 0; j < LANES; j++) {
        lanes[j] = j < n ? x[j] : fill;
    }
    return v_load(lanes);
}

/* The loops over a group must be unrolled for its cuts and counters to be in registers, which gcc
 * does not do by itself at -O2. */
#if defined(__GNUC__) && !defined(__clang__)
#    define UNROLL _Pragma("GCC unroll 16")
#else
#    define UNROLL
#endif

/* One group of cuts. */
#define DEFINE_GROUP(name, add, group)                                                             \
    KERNEL_FN static void name(const double *x, size_t n, const double *at, uint64_t *counts)      \
    {                                                                                              \
        vec cuts[group];                                                                           \
        ivec sums[group];                                                                          \
        UNROLL for (size_t j = 0; j < (group); j++)                                                \
        {                                                                                          \
            cuts[j] = v_set(at[j]);                                                                \
            sums[j] = i_zero();                                                                    \
        }                                                                                          \
        size_t i = 0;                                                                              \
        for (; i + 2 * LANES <= n; i += 2 * LANES) {                                               \
            const vec v = v_load(x + i);                                                           \
            const vec w = v_load(x + i + LANES);                                                   \
            UNROLL for (size_t j = 0; j < (group); j++)                                            \
            {                                                                                      \
                sums[j] = add(add(sums[j], v, cuts[j]), w, cuts[j]);                               \
            }                                                                                      \
        }                                                                                          \
        for (; i + LANES <= n; i += LANES) {                                                       \
            const vec v = v_load(x + i);                                                           \
            UNROLL for (size_t j = 0; j < (group); j++)                                            \
            {                                                                                      \
                sums[j] = add(sums[j], v, cuts[j]);                                                \
            }                                                                                      \
        }                                                                                          \
        const vec v = load_rest(x + i, n - i, (double)NAN);                                        \
        UNROLL for (size_t j = 0; j < (group); j++)                                                \
        {                                                                                          \
            counts[j] += (uint64_t)i_sum(add(sums[j], v, cuts[j]));                                \
        }                                                                                          \
    }

/* Four sizes of groups, so that the last one wastes little. */
#define DEFINE_GROUPS(name, add)                                                                   \
    DEFINE_GROUP(name##_1, add, GROUP_1)                                                           \
    DEFINE_GROUP(name##_2, add, GROUP_2)                                                           \
    DEFINE_GROUP(name##_3, add, GROUP_3)                                                           \
    DEFINE_GROUP(name##_4, add, GROUP_4)

DEFINE_GROUPS(add_above, i_add_gt)
DEFINE_GROUPS(add_equal, i_add_eq)

typedef void group_fn(const double *x, size_t n, const double *at, uint64_t *counts);

struct groups {
    size_t size;
    group_fn *fn;
};

/* count_above() and count_equal(): as few groups as there may be, all of one size, the cuts that
 * are missing being NaN; a block at a time, so that it is read from memory once. */
static void count_groups(const double *x, size_t n, const double *at, size_t count,
                         const struct groups groups[4], uint64_t *counts)
{
    if (count == 0) {
        return;
    }
    const size_t group_count = (count + GROUP_4 - 1) / GROUP_4;
    const struct groups *chosen = groups;
    while (chosen->size * group_count < count) {
        chosen++;
    }
    for (size_t begin = 0; begin < n; begin += TEND_KERNEL_BLOCK) {
        const size_t left = n - begin;
        const size_t len = left < TEND_KERNEL_BLOCK ? left : TEND_KERNEL_BLOCK;
        for (size_t first = 0; first < count; first += chosen->size) {
            double cuts[GROUP_4];
            uint64_t sums[GROUP_4] = {0};
            for (size_t j = 0; j < GROUP_4; j++) {
                cuts[j] = first + j < count ? at[first + j] : (double)NAN;
            }
            chosen->fn(x + begin, len, cuts, sums);
            for (size_t j = 0; j < chosen->size && first + j < count; j++) {
                counts[first + j] += sums[j];
            }
        }
    }
}

static void count_above(const double *x, size_t n, const double *cuts, size_t cut_count,
                        uint64_t *above)
{
    static const struct groups groups[4] = {{GROUP_1, add_above_1},
                                            {GROUP_2, add_above_2},
                                            {GROUP_3, add_above_3},
                                            {GROUP_4, add_above_4}};
    count_groups(x, n, cuts, cut_count, groups, above);
}

static void count_equal(const double *x, size_t n, const double *atoms, size_t atom_count,
                        uint64_t *equal)
{
    static const struct groups groups[4] = {{GROUP_1, add_equal_1},
                                            {GROUP_2, add_equal_2},
                                            {GROUP_3, add_equal_3},
                                            {GROUP_4, add_equal_4}};
    count_groups(x, n, atoms, atom_count, groups, equal);
}

struct measured {
    vec low;
    vec high;
    ivec zeros;
    ivec wholes;
    mask nans;
};

KERNEL_FN static inline void measure_lanes(struct measured *m, vec v)
{
    const vec magic = v_set(ROUND_MAGIC);
    m->low = v_min(v, m->low);
    m->high = v_max(v, m->high);
    m->zeros = i_add_eq(m->zeros, v, v_set(0));
    m->nans = m_or_nan(m->nans, v);
    m->wholes = i_add_eq(m->wholes, v_sub(v_add(v, magic), magic), v);
}

KERNEL_FN static void measure(const double *x, size_t n, struct tend__extent *extent)
{
    struct measured m = {.low = v_set((double)INFINITY),
                         .high = v_set(-(double)INFINITY),
                         .zeros = i_zero(),
                         .wholes = i_zero(),
                         .nans = m_none()};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        measure_lanes(&m, v_load(x + i));
    }
    if (i < n) {
        /* The first of them again, which must not count twice. */
        measure_lanes(&m, load_rest(x + i, n - i, x[i]));
    }
    double lows[LANES];
    double highs[LANES];
    v_store(lows, m.low);
    v_store(highs, m.high);
    double low = lows[0];
    double high = highs[0];
    for (size_t j = 1; j < LANES; j++) {
        low = lows[j] < low ? lows[j] : low;
        high = highs[j] > high ? highs[j] : high;
    }
    const bool is_small = low >= -TEND_KERNEL_WHOLE_MAX && high <= TEND_KERNEL_WHOLE_MAX;
    const uint64_t again = i < n ? LANES - (n - i) : 0;
    const bool is_zero = again > 0 && x[i] == 0;
    const bool is_whole = again > 0 && x[i] + ROUND_MAGIC - ROUND_MAGIC == x[i];
    const uint64_t whole_count = (uint64_t)i_sum(m.wholes) - (is_whole ? again : 0);
    *extent = (struct tend__extent){
        .low = low + 0.0,
        .high = high + 0.0,
        .zero_count = (uint64_t)i_sum(m.zeros) - (is_zero ? again : 0),
        .whole_count = whole_count,
        .has_nan = m_any(m.nans),
        .all_whole = n == 0 || (is_small && whole_count == n),
    };
}

KERNEL_FN static double sum_lanes(vec v)
{
    double lanes[LANES];
    double total = 0;
    v_store(lanes, v);
    for (size_t j = 0; j < LANES; j++) {
        total += lanes[j];
    }
    return total;
}

KERNEL_FN static void sum_whole(const double *x, size_t n, double *sum, double *squares)
{
    vec s = v_set(0);
    vec q = v_set(0);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const vec v = v_load(x + i);
        s = v_add(s, v);
        q = v_add(q, v_mul(v, v));
    }
    const vec v = load_rest(x + i, n - i, 0);
    *sum = sum_lanes(v_add(s, v));
    *squares = sum_lanes(v_add(q, v_mul(v, v)));
}

/* A split sum in the making. */
struct split {
    vec magic;
    vec low_magic;
    ivec high;
    ivec low;
    mask rest;
};

KERNEL_FN static inline struct split split_new(double magic)
{
    return (struct split){.magic = v_set(magic),
                          .low_magic = v_set(magic * 0x1p-50),
                          .high = i_zero(),
                          .low = i_zero(),
                          .rest = m_none()};
}

KERNEL_FN static inline void split_add(struct split *s, vec v)
{
    const vec shifted = v_add(v, s->magic);
    const vec left = v_sub(v, v_sub(shifted, s->magic));
    const vec low_shifted = v_add(left, s->low_magic);
    s->high = i_add_steps(s->high, shifted, s->magic);
    s->low = i_add_steps(s->low, low_shifted, s->low_magic);
    s->rest = m_or_neq(s->rest, v_sub(low_shifted, s->low_magic), left);
}

KERNEL_FN static struct tend__split_sum split_total(const struct split *s)
{
    return (struct tend__split_sum){
        .high = i_sum(s->high), .low = i_sum(s->low), .has_rest = m_any(s->rest)};
}

KERNEL_FN static void split_sum(const double *x, size_t n, double magic,
                                struct tend__split_sum *sum)
{
    struct split s = split_new(magic);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        split_add(&s, v_load(x + i));
    }
    split_add(&s, load_rest(x + i, n - i, 0));
    *sum = split_total(&s);
}

KERNEL_FN static inline void split_add_square(struct split *products, struct split *errors, vec v)
{
    const vec p = v_mul(v, v);
    split_add(products, p);
    split_add(errors, v_square_error(v, p));
    errors->rest = m_or_tiny(errors->rest, p, v_set(TINY_SQUARE), v);
}

KERNEL_FN static void split_squares(const double *x, size_t n, double magic,
                                    struct tend__split_sum *products,
                                    struct tend__split_sum *errors)
{
    struct split p = split_new(magic);
    struct split e = split_new(magic * 0x1p-53);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        split_add_square(&p, &e, v_load(x + i));
    }
    split_add_square(&p, &e, load_rest(x + i, n - i, 0));
    *products = split_total(&p);
    *errors = split_total(&e);
}

/* Four sets of counters where there are few codes: then the same code comes again before its last
 * count has reached the cache. */
#define CODE_SETS 4
#define FEW_CODES 256

static void count_codes(const uint32_t *codes, size_t n, uint64_t *counts, size_t code_count)
{
    if (code_count > FEW_CODES || n < 4 * FEW_CODES) {
        for (size_t i = 0; i < n; i++) {
            counts[codes[i]]++;
        }
        return;
    }
    uint64_t sets[CODE_SETS][FEW_CODES];
    memset(sets, 0, sizeof(sets));
    size_t i = 0;
    for (; i + CODE_SETS <= n; i += CODE_SETS) {
        for (size_t j = 0; j < CODE_SETS; j++) {
            sets[j][codes[i + j]]++;
        }
    }
    for (; i < n; i++) {
        counts[codes[i]]++;
    }
    for (size_t code = 0; code < code_count; code++) {
        counts[code] += sets[0][code] + sets[1][code] + sets[2][code] + sets[3][code];
    }
}

#endif
