/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_pick.c: asks the processor what it has.
 *
 * By the instruction cpuid itself: the compiler's __builtin_cpu_supports() keeps its answer in a
 * global that a constructor writes. That the system saves the wide registers is read with xgetbv,
 * as Intel's manual asks (volume 1, section 14.3 and 15.2).
 */
#include "sketch/kernel.h"

#if defined(__x86_64__)

#    include <cpuid.h>

#    define XCR0_AVX 0x6U     /* SSE and AVX state */
#    define XCR0_AVX512 0xe0U /* masks, upper halves, upper sixteen registers */

static uint32_t saved_state(void)
{
    uint32_t low = 0;
    uint32_t high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool has_kind(enum tend__kernel_kind kind)
{
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    if (kind == TEND_KERNEL_PORTABLE) {
        return true;
    }
    const unsigned needed = bit_OSXSAVE | bit_AVX | bit_FMA;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & needed) != needed) {
        return false;
    }
    const uint32_t state = saved_state();
    if ((state & XCR0_AVX) != XCR0_AVX || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) {
        return false;
    }
    if (kind == TEND_KERNEL_AVX2) {
        return (b & bit_AVX2) != 0;
    }
    return (b & bit_AVX512F) != 0 && (state & XCR0_AVX512) == XCR0_AVX512;
}

const struct tend__kernel *tend__kernel_of(enum tend__kernel_kind kind)
{
    if (!has_kind(kind)) {
        return NULL;
    }
    switch (kind) {
    case TEND_KERNEL_PORTABLE:
        return &tend__kernel_portable;
    case TEND_KERNEL_AVX2:
        return &tend__kernel_avx2;
    case TEND_KERNEL_AVX512:
        return &tend__kernel_avx512;
    }
    return NULL;
}

#else

const struct tend__kernel *tend__kernel_of(enum tend__kernel_kind kind)
{
    return kind == TEND_KERNEL_PORTABLE ? &tend__kernel_portable : NULL;
}

#endif

const struct tend__kernel *tend__kernel_best(void)
{
    const struct tend__kernel *kernel = tend__kernel_of(TEND_KERNEL_AVX512);
    kernel = kernel != NULL ? kernel : tend__kernel_of(TEND_KERNEL_AVX2);
    return kernel != NULL ? kernel : &tend__kernel_portable;
}
