/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_avx2.c: the loops of kernel.h with AVX2 and FMA, four doubles at a time. Nothing here for
 * other architectures. */
#include "sketch/kernel.h"

#if defined(__x86_64__)

#    include <immintrin.h>

#    define KERNEL_FN __attribute__((target("avx2,fma")))
#    define LANES 4
#    define GROUP_1 2
#    define GROUP_2 4
#    define GROUP_3 5
#    define GROUP_4 6 /* cuts and counters in 12 of 16 registers */

typedef __m256d vec;
typedef __m256i ivec;
typedef __m256d mask;

KERNEL_FN static inline vec v_load(const double *x)
{
    return _mm256_loadu_pd(x);
}

KERNEL_FN static inline void v_store(double *x, vec v)
{
    _mm256_storeu_pd(x, v);
}

KERNEL_FN static inline vec v_set(double x)
{
    return _mm256_set1_pd(x);
}

KERNEL_FN static inline vec v_add(vec a, vec b)
{
    return _mm256_add_pd(a, b);
}

KERNEL_FN static inline vec v_sub(vec a, vec b)
{
    return _mm256_sub_pd(a, b);
}

KERNEL_FN static inline vec v_mul(vec a, vec b)
{
    return _mm256_mul_pd(a, b);
}

KERNEL_FN static inline vec v_min(vec a, vec b)
{
    return _mm256_min_pd(a, b);
}

KERNEL_FN static inline vec v_max(vec a, vec b)
{
    return _mm256_max_pd(a, b);
}

KERNEL_FN static inline vec v_square_error(vec x, vec p)
{
    return _mm256_fmsub_pd(x, x, p);
}

KERNEL_FN static inline ivec i_zero(void)
{
    return _mm256_setzero_si256();
}

KERNEL_FN static inline ivec i_add_gt(ivec n, vec a, vec b)
{
    return _mm256_sub_epi64(n, _mm256_castpd_si256(_mm256_cmp_pd(a, b, _CMP_GT_OQ)));
}

KERNEL_FN static inline ivec i_add_eq(ivec n, vec a, vec b)
{
    return _mm256_sub_epi64(n, _mm256_castpd_si256(_mm256_cmp_pd(a, b, _CMP_EQ_OQ)));
}

KERNEL_FN static inline ivec i_add_steps(ivec n, vec v, vec base)
{
    return _mm256_add_epi64(n, _mm256_sub_epi64(_mm256_castpd_si256(v), _mm256_castpd_si256(base)));
}

KERNEL_FN static inline int64_t i_sum(ivec n)
{
    int64_t lanes[LANES];
    _mm256_storeu_si256((void *)lanes, n);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

KERNEL_FN static inline mask m_none(void)
{
    return _mm256_setzero_pd();
}

KERNEL_FN static inline bool m_any(mask m)
{
    return _mm256_movemask_pd(m) != 0;
}

KERNEL_FN static inline mask m_or_neq(mask m, vec a, vec b)
{
    return _mm256_or_pd(m, _mm256_cmp_pd(a, b, _CMP_NEQ_UQ));
}

KERNEL_FN static inline mask m_or_nan(mask m, vec a)
{
    return _mm256_or_pd(m, _mm256_cmp_pd(a, a, _CMP_UNORD_Q));
}

KERNEL_FN static inline mask m_or_tiny(mask m, vec p, vec limit, vec x)
{
    const vec is_low = _mm256_cmp_pd(p, limit, _CMP_LT_OQ);
    const vec is_some = _mm256_cmp_pd(x, _mm256_setzero_pd(), _CMP_NEQ_UQ);
    return _mm256_or_pd(m, _mm256_and_pd(is_low, is_some));
}

#    include "sketch/kernel_body.h"

const struct tend__kernel tend__kernel_avx2 = {
    .name = "AVX2",
    .kind = TEND_KERNEL_AVX2,
    .cut_max = 48,
    .count_above = count_above,
    .count_equal = count_equal,
    .count_codes = count_codes,
    .measure = measure,
    .sum_whole = sum_whole,
    .split_sum = split_sum,
    .split_squares = split_squares,
};

#else

_Static_assert(TEND_KERNEL_BLOCK > 0, "a file must declare something");

#endif
