/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.h: the innermost loops over blocks of doubles, one set of functions for each kind of
 * processor.
 *
 * There are three sets: portable C, AVX2 and AVX-512. Each is a constant table of functions, and
 * all give the same results to the last bit for every input: counts are integers, sums are integers
 * too (below), and a smallest or largest value does not depend on the order. Whoever has long work
 * asks tend__kernel_best() once and keeps the table; nothing global is written.
 *
 * Counting at cut points is cumulative: one comparison a value and a cut, with the counters of a
 * group of cuts in registers, instead of a search. Up to about fifty cuts this is faster than a
 * binary search, because nothing waits for anything.
 *
 * Split sums: a double v with |v| < 2^50 u, u a power of two, is high u + low u 2^-50 + rest, with
 * whole numbers high and low, by adding and taking off 1.5 2^52 u (T. J. Dekker 1971; S. M. Rump,
 * T. Ogita and S. Oishi 2008, "Accurate floating-point summation part I", ExtractScalar). Whole
 * numbers are summed as integers, so in any order; a rest other than zero is only reported.
 *
 * Unless a function says otherwise: NaN compares false with everything, -0 is 0, pointers need no
 * more alignment than a double's, n may be 0, and counts are added to what is there.
 */
#ifndef TEND_SKETCH_KERNEL_H
#define TEND_SKETCH_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_KERNEL_BLOCK 1024 /* the most values of one call where a function says "a block" */
#define TEND_KERNEL_WHOLE_MAX 1048576.0 /* 2^20 */

enum tend__kernel_kind { TEND_KERNEL_PORTABLE, TEND_KERNEL_AVX2, TEND_KERNEL_AVX512 };

/* Of a block of values. */
struct tend__extent {
    double low;  /* of the values that are no NaN, infinities too; INFINITY where there are none */
    double high; /* -INFINITY where there are none */
    uint64_t zero_count;
    /* Values that are what they are after adding and taking off 1.5 2^52: every whole number below
     * 2^51 in size, and no other number below that. */
    uint64_t whole_count;
    bool has_nan;
    bool all_whole; /* all are whole and within TEND_KERNEL_WHOLE_MAX of 0 */
};

/* The sum of a block: high u + low u 2^-50, exactly where has_rest is false. */
struct tend__split_sum {
    int64_t high;
    int64_t low;
    bool has_rest;
};

struct tend__kernel {
    const char *name;
    enum tend__kernel_kind kind;
    /* Cut points up to which count_above() is faster than a binary search. */
    size_t cut_max;

    /* above[j] += the number of values > cuts[j]. */
    void (*count_above)(const double *x, size_t n, const double *cuts, size_t cut_count,
                        uint64_t *above);

    /* equal[j] += the number of values = atoms[j]. */
    void (*count_equal)(const double *x, size_t n, const double *atoms, size_t atom_count,
                        uint64_t *equal);

    /* counts[codes[i]] += 1. Every code is below code_count. */
    void (*count_codes)(const uint32_t *codes, size_t n, uint64_t *counts, size_t code_count);

    /* *extent is set. */
    void (*measure)(const double *x, size_t n, struct tend__extent *extent);

    /* The sums of the values and of their squares, exact: the values of a block, all_whole. */
    void (*sum_whole)(const double *x, size_t n, double *sum, double *squares);

    /* Of a block of finite values with |x| < 2^50 u: `magic` is 1.5 2^52 u. 2^-1000 < u < 2^960. */
    void (*split_sum)(const double *x, size_t n, double magic, struct tend__split_sum *sum);

    /* The same for the squares: *products of the rounded squares, *errors of what rounding took
     * off, whose u is 2^-53 times as large. u must be above 2^-600, the squares below 2^50 u. A
     * square below 2^-800 that is not that of zero counts as a rest. */
    void (*split_squares)(const double *x, size_t n, double magic, struct tend__split_sum *products,
                          struct tend__split_sum *errors);
};

/* The functions of one kind; NULL where this program or this processor does not have it. Asks the
 * processor each time (a microsecond, ten in a virtual machine). */
const struct tend__kernel *tend__kernel_of(enum tend__kernel_kind kind);

/* The fastest that this processor has; never NULL. */
const struct tend__kernel *tend__kernel_best(void);

/* The tables themselves; those of other architectures are not there. */
extern const struct tend__kernel tend__kernel_portable;
#if defined(__x86_64__)
extern const struct tend__kernel tend__kernel_avx2;
extern const struct tend__kernel tend__kernel_avx512;
#endif

#endif
