/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_emulated.h: the intrinsics that src/sketch/kernel_avx512.c uses, out of SIMDe, which
 * computes them in plain C on every processor.
 *
 * SIMDe rounds twice in its fused multiplications where the processor has none, so that one is
 * written here.
 */
#ifndef TEND_TEST_KERNEL_EMULATED_H
#define TEND_TEST_KERNEL_EMULATED_H

#define SIMDE_ENABLE_NATIVE_ALIASES

#include <simde/x86/avx512/add.h>
#include <simde/x86/avx512/cast.h>
#include <simde/x86/avx512/cmp.h>
#include <simde/x86/avx512/loadu.h>
#include <simde/x86/avx512/max.h>
#include <simde/x86/avx512/min.h>
#include <simde/x86/avx512/mul.h>
#include <simde/x86/avx512/set1.h>
#include <simde/x86/avx512/setzero.h>
#include <simde/x86/avx512/storeu.h>
#include <simde/x86/avx512/sub.h>

#include <math.h>

#define __mmask8 simde__mmask8

static inline simde__m512d fused_multiply_sub(simde__m512d a, simde__m512d b, simde__m512d c)
{
    double x[8];
    double y[8];
    double z[8];
    simde_mm512_storeu_pd(x, a);
    simde_mm512_storeu_pd(y, b);
    simde_mm512_storeu_pd(z, c);
    for (int i = 0; i < 8; i++) {
        x[i] = fma(x[i], y[i], -z[i]);
    }
    return simde_mm512_loadu_pd(x);
}

#undef _mm512_fmsub_pd
#define _mm512_fmsub_pd(a, b, c) fused_multiply_sub(a, b, c)

#endif
