/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_avx512.c: the loops of kernel.h with AVX-512 F, eight doubles at a time. Nothing here for
 * other architectures.
 *
 * With TEND_KERNEL_EMULATED the compiler is given the intrinsics of SIMDe, in plain C, by its
 * option -include: a test builds this file so and runs its logic on processors without AVX-512.
 */
#include "sketch/kernel.h"

#if defined(__x86_64__) || defined(TEND_KERNEL_EMULATED)

#    if defined(TEND_KERNEL_EMULATED)
#        define KERNEL_FN
#    else
#        include <immintrin.h>
#        define KERNEL_FN __attribute__((target("avx512f")))
#    endif

#    define LANES 8
#    define GROUP_1 3
#    define GROUP_2 6
#    define GROUP_3 8
#    define GROUP_4 10 /* cuts and counters in 20 of 32 registers */

typedef __m512d vec;
typedef __m512i ivec;
typedef __mmask8 mask;

KERNEL_FN static inline vec v_load(const double *x)
{
    return _mm512_loadu_pd(x);
}

KERNEL_FN static inline void v_store(double *x, vec v)
{
    _mm512_storeu_pd(x, v);
}

KERNEL_FN static inline vec v_set(double x)
{
    return _mm512_set1_pd(x);
}

KERNEL_FN static inline vec v_add(vec a, vec b)
{
    return _mm512_add_pd(a, b);
}

KERNEL_FN static inline vec v_sub(vec a, vec b)
{
    return _mm512_sub_pd(a, b);
}

KERNEL_FN static inline vec v_mul(vec a, vec b)
{
    return _mm512_mul_pd(a, b);
}

KERNEL_FN static inline vec v_min(vec a, vec b)
{
    return _mm512_min_pd(a, b);
}

KERNEL_FN static inline vec v_max(vec a, vec b)
{
    return _mm512_max_pd(a, b);
}

KERNEL_FN static inline vec v_square_error(vec x, vec p)
{
    return _mm512_fmsub_pd(x, x, p);
}

KERNEL_FN static inline ivec i_zero(void)
{
    return _mm512_setzero_si512();
}

KERNEL_FN static inline ivec add_where(ivec n, mask m)
{
    return _mm512_mask_sub_epi64(n, m, n, _mm512_set1_epi64(-1));
}

KERNEL_FN static inline ivec i_add_gt(ivec n, vec a, vec b)
{
    return add_where(n, _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ));
}

KERNEL_FN static inline ivec i_add_eq(ivec n, vec a, vec b)
{
    return add_where(n, _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ));
}

KERNEL_FN static inline ivec i_add_steps(ivec n, vec v, vec base)
{
    return _mm512_add_epi64(n, _mm512_sub_epi64(_mm512_castpd_si512(v), _mm512_castpd_si512(base)));
}

KERNEL_FN static inline int64_t i_sum(ivec n)
{
    int64_t lanes[LANES];
    _mm512_storeu_si512(lanes, n);
    int64_t total = 0;
    for (size_t j = 0; j < LANES; j++) {
        total += lanes[j];
    }
    return total;
}

KERNEL_FN static inline mask m_none(void)
{
    return 0;
}

KERNEL_FN static inline bool m_any(mask m)
{
    return m != 0;
}

KERNEL_FN static inline mask m_or_neq(mask m, vec a, vec b)
{
    return (mask)(m | _mm512_cmp_pd_mask(a, b, _CMP_NEQ_UQ));
}

KERNEL_FN static inline mask m_or_nan(mask m, vec a)
{
    return (mask)(m | _mm512_cmp_pd_mask(a, a, _CMP_UNORD_Q));
}

KERNEL_FN static inline mask m_or_tiny(mask m, vec p, vec limit, vec x)
{
    const mask is_low = _mm512_cmp_pd_mask(p, limit, _CMP_LT_OQ);
    const mask is_some = _mm512_cmp_pd_mask(x, _mm512_set1_pd(0), _CMP_NEQ_UQ);
    return (mask)(m | (is_low & is_some));
}

#    include "sketch/kernel_body.h"

const struct tend__kernel tend__kernel_avx512 = {
    .name = "AVX-512",
    .kind = TEND_KERNEL_AVX512,
    .cut_max = 64,
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
