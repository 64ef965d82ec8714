/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_portable.c: the loops of kernel.h in plain C, one value at a time. */
#include "sketch/kernel.h"

#include <math.h>
#include <string.h>

#define KERNEL_FN
#define LANES 1
#define GROUP_1 1
#define GROUP_2 2
#define GROUP_3 3
#define GROUP_4 4

typedef double vec;
typedef int64_t ivec;
typedef bool mask;

static inline vec v_load(const double *x)
{
    return *x;
}

static inline void v_store(double *x, vec v)
{
    *x = v;
}

static inline vec v_set(double x)
{
    return x;
}

static inline vec v_add(vec a, vec b)
{
    return a + b;
}

static inline vec v_sub(vec a, vec b)
{
    return a - b;
}

static inline vec v_mul(vec a, vec b)
{
    return a * b;
}

static inline vec v_min(vec a, vec b)
{
    return a < b ? a : b;
}

static inline vec v_max(vec a, vec b)
{
    return a > b ? a : b;
}

/* Dekker's product, by Veltkamp's halves of x: no fused multiplication needed. */
static inline vec v_square_error(vec x, vec p)
{
    const double scaled = x * 134217729.0; /* 2^27 + 1 */
    const double high = scaled - (scaled - x);
    const double low = x - high;
    return ((high * high - p) + 2 * high * low) + low * low;
}

static inline ivec i_zero(void)
{
    return 0;
}

static inline ivec i_add_gt(ivec n, vec a, vec b)
{
    return n + (a > b ? 1 : 0);
}

static inline ivec i_add_eq(ivec n, vec a, vec b)
{
    return n + (a == b ? 1 : 0);
}

static inline int64_t bits_of(double x)
{
    int64_t bits = 0;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static inline ivec i_add_steps(ivec n, vec v, vec base)
{
    return n + (bits_of(v) - bits_of(base));
}

static inline int64_t i_sum(ivec n)
{
    return n;
}

static inline mask m_none(void)
{
    return false;
}

static inline bool m_any(mask m)
{
    return m;
}

static inline mask m_or_neq(mask m, vec a, vec b)
{
    return m | (a != b);
}

static inline mask m_or_nan(mask m, vec a)
{
    return m | (a != a);
}

static inline mask m_or_tiny(mask m, vec p, vec limit, vec x)
{
    return m | ((p < limit) & (x != 0));
}

#include "sketch/kernel_body.h"

const struct tend__kernel tend__kernel_portable = {
    .name = "portable",
    .kind = TEND_KERNEL_PORTABLE,
    .cut_max = 4,
    .count_above = count_above,
    .count_equal = count_equal,
    .count_codes = count_codes,
    .measure = measure,
    .sum_whole = sum_whole,
    .split_sum = split_sum,
    .split_squares = split_squares,
};
