/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_bench.c: values a second of the kernels (src/sketch/kernel.h), each set that this
 * processor has, beside a binary search of one value at a time.
 *
 *   kernel_bench            the table
 *   kernel_bench KIND WORK  one kernel on 2^20 values, for counting instructions (callgrind):
 *                           KIND portable, AVX2, AVX-512 or search, WORK count10 count20 count32,
 *                           measure, sums
 *
 * Continuous values. "memory" is 2^24 of them (128 MiB), "L2" 2^15 (256 KiB) again and again. Each
 * figure is the best of TURNS turns of processor time, in millions of values a second.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "sketch/exact_sum.h"
#include "sketch/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEMORY_LEN ((size_t)1 << 24)
#define CACHE_LEN ((size_t)1 << 15)
#define CALLGRIND_LEN ((size_t)1 << 20)
#define TURNS 5
#define CUTS_MAX 32

typedef void work_fn(const struct tend__kernel *kernel, const double *x, size_t n);

static double cuts[CUTS_MAX + 31];
static uint64_t counts[CUTS_MAX + 1];
static struct tend__exact_sum sum;
static struct tend__exact_sum squares;
static size_t cut_count;

static double now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Even parts of [-2.5, 2.5], and infinities up to a whole power of two less one. */
static void make_cuts(size_t count)
{
    cut_count = count;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        cuts[i] = i < count ? -2.5 + 5.0 * (double)i / (double)count : (double)INFINITY;
    }
}

static void count(const struct tend__kernel *kernel, const double *x, size_t n)
{
    if (kernel != NULL) {
        kernel->count_above(x, n, cuts, cut_count, counts);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t low = 0;
        size_t high = cut_count;
        while (low < high) {
            const size_t middle = (low + high) / 2;
            if (cuts[middle] < x[i]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        counts[low]++;
    }
}

static void measure(const struct tend__kernel *kernel, const double *x, size_t n)
{
    for (size_t i = 0; i < n && kernel != NULL; i += TEND_KERNEL_BLOCK) {
        struct tend__extent extent;
        kernel->measure(x + i, TEND_KERNEL_BLOCK, &extent);
        counts[0] += extent.zero_count;
    }
}

static void add_sums(const struct tend__kernel *kernel, const double *x, size_t n)
{
    for (size_t i = 0; i < n && kernel != NULL; i += TEND_KERNEL_BLOCK) {
        tend__exact_sum_add_block(&sum, &squares, kernel, x + i, TEND_KERNEL_BLOCK, 8);
    }
    if (kernel == NULL) {
        tend__exact_sum_add_many(&sum, x, n);
        tend__exact_sum_add_squares(&squares, x, n);
    }
}

/* Millions of values a second. */
static double speed(work_fn *work, const struct tend__kernel *kernel, const double *x, size_t len)
{
    double best = (double)INFINITY;
    for (int turn = 0; turn < TURNS; turn++) {
        const double start = now_ns();
        for (size_t done = 0; done < MEMORY_LEN; done += len) {
            work(kernel, x, len);
        }
        best = fmin(best, now_ns() - start);
    }
    return (double)MEMORY_LEN / best * 1e3;
}

static void print_row(const char *name, work_fn *work, const struct tend__kernel *kernel,
                      const double *x)
{
    printf("    %-36s %-10s %10.0f %10.0f\n", name, kernel == NULL ? "one by one" : kernel->name,
           speed(work, kernel, x, MEMORY_LEN), speed(work, kernel, x, CACHE_LEN));
}

static void print_table(const double *x)
{
    static const size_t cut_counts[] = {10, 20, 32};
    printf("    %-36s %-10s %10s %10s\n", "millions of values a second", "", "memory", "L2");
    for (size_t i = 0; i < sizeof(cut_counts) / sizeof(cut_counts[0]); i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "count at %zu cut points", cut_counts[i]);
        make_cuts(cut_counts[i]);
        print_row(name, count, NULL, x);
        for (int kind = TEND_KERNEL_PORTABLE; kind <= TEND_KERNEL_AVX512; kind++) {
            const struct tend__kernel *kernel = tend__kernel_of((enum tend__kernel_kind)kind);
            if (kernel != NULL) {
                print_row(name, count, kernel, x);
            }
        }
    }
    print_row("exact sums of values and squares", add_sums, NULL, x);
    for (int kind = TEND_KERNEL_PORTABLE; kind <= TEND_KERNEL_AVX512; kind++) {
        const struct tend__kernel *kernel = tend__kernel_of((enum tend__kernel_kind)kind);
        if (kernel != NULL) {
            print_row("exact sums of values and squares", add_sums, kernel, x);
            print_row("least, greatest, zeros, whole, NaN", measure, kernel, x);
        }
    }
    if (tend__kernel_of(TEND_KERNEL_AVX512) == NULL) {
        printf("    (this processor has no AVX-512: not measured)\n");
    }
}

static int run_one(const char *kind, const char *work, const double *x)
{
    const struct tend__kernel *kernel = NULL;
    for (int k = TEND_KERNEL_PORTABLE; k <= TEND_KERNEL_AVX512; k++) {
        const struct tend__kernel *one = tend__kernel_of((enum tend__kernel_kind)k);
        kernel = one != NULL && strcmp(one->name, kind) == 0 ? one : kernel;
    }
    if (kernel == NULL && strcmp(kind, "search") != 0) {
        (void)fprintf(stderr, "kernel_bench: no kernel '%s' here\n", kind);
        return 2;
    }
    if (strncmp(work, "count", 5) == 0) {
        const size_t wanted = (size_t)strtoul(work + 5, NULL, 10);
        make_cuts(wanted < 1 || wanted > CUTS_MAX ? CUTS_MAX : wanted);
        count(kernel, x, CALLGRIND_LEN);
    } else if (strcmp(work, "measure") == 0) {
        measure(kernel, x, CALLGRIND_LEN);
    } else {
        add_sums(kernel, x, CALLGRIND_LEN);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct tend_error err = {0};
    struct tend__rng rng;
    double *x = NULL;
    const size_t len = argc == 3 ? CALLGRIND_LEN : MEMORY_LEN;
    if (tend__mem_new(len, sizeof(*x), &x, &err) != TEND_OK) {
        (void)fprintf(stderr, "kernel_bench: %s\n", err.text);
        return 1;
    }
    tend__rng_init(&rng, 7);
    for (size_t i = 0; i < len; i++) {
        x[i] = tend__rng_normal(&rng);
        x[i] = fabs(x[i]) < 8 ? x[i] : 0.5;
    }
    int code = 0;
    if (argc == 3) {
        code = run_one(argv[1], argv[2], x);
    } else {
        print_table(x);
    }
    tend__mem_free(x);
    return code;
}
