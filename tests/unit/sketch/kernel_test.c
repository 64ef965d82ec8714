/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel_test.c: each set of kernels against plain loops, and against each other to the last bit.
 *
 * Inputs: random mixtures of everything a double can be (NaN, infinities, both zeros, denormals,
 * values that tie with a cut, whole numbers, all sizes), every length from 0 to 200 and some long
 * ones, at every alignment within a cache line. AVX-512 runs twice: built on SIMDe, which computes
 * its instructions in plain C, and by the processor where that has it.
 */
#include "unit.h"

#include "base/rng.h"
#include "sketch/kernel.h"

#include <math.h>
#include <string.h>

#define SEED 20261125
#define LEN_MAX 200
#define LONG_LEN 5000
#define CUTS_MAX 64 /* the largest cut_max of a set */
#define PADDING 16

extern const struct tend__kernel tend__kernel_emulated; /* kernel_avx512.c over SIMDe */

/* The sets that this machine can run. */
static size_t list_kernels(const struct tend__kernel *out[4])
{
    size_t count = 0;
    out[count++] = &tend__kernel_portable;
    out[count++] = &tend__kernel_emulated;
    for (int kind = TEND_KERNEL_AVX2; kind <= TEND_KERNEL_AVX512; kind++) {
        const struct tend__kernel *kernel = tend__kernel_of((enum tend__kernel_kind)kind);
        if (kernel != NULL) {
            out[count++] = kernel;
        }
    }
    return count;
}

static const double specials[] = {
    0.0,
    -0.0,
    1.0,
    -1.0,
    0x1p-1074,
    -0x1p-1074,
    0x1p-1022,
    0x1.fffffffffffffp-1023,
    0x1p1023,
    -0x1p1023,
    0x1p53,
    1048576,
    -1048576,
    1048577,
    0.5,
    49151,
    0x1p52,
    0x1p51,
    0x1p-500,
    0x1p-300,
    4503599627370497.5,
};

/* One value of any kind. */
static double any_value(struct tend__rng *rng, const double *cuts, size_t cut_count)
{
    uint64_t bits = 0;
    double x = 0;
    switch (tend__rng_below(rng, 9)) {
    case 0:
        return (double)NAN;
    case 1:
        return tend__rng_below(rng, 2) == 0 ? (double)INFINITY : -(double)INFINITY;
    case 2:
        return specials[tend__rng_below(rng, sizeof(specials) / sizeof(specials[0]))];
    case 3:
        return cut_count == 0 ? 0.0 : cuts[tend__rng_below(rng, cut_count)];
    case 4:
        return floor(tend__rng_normal(rng) * 100);
    case 5: /* any bits at all, signalling NaN and denormals among them */
        bits = tend__rng_next(rng);
        memcpy(&x, &bits, sizeof(x));
        return x;
    case 6: /* a denormal */
        bits = tend__rng_next(rng) & UINT64_C(0x800fffffffffffff);
        memcpy(&x, &bits, sizeof(x));
        return x;
    case 7: /* beside a cut */
        x = cut_count == 0 ? 1.0 : cuts[tend__rng_below(rng, cut_count)];
        return nextafter(x, tend__rng_below(rng, 2) == 0 ? 1e308 : -1e308);
    default:
        return tend__rng_normal(rng);
    }
}

static double finite_value(struct tend__rng *rng, const double *cuts, size_t cut_count)
{
    double x = 0;
    do {
        x = any_value(rng, cuts, cut_count);
    } while (!isfinite(x));
    return x;
}

static void make_cuts(struct tend__rng *rng, double *cuts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cuts[i] = finite_value(rng, NULL, 0);
    }
}

/* ---- counting ---- */

static void check_counts(const struct tend__kernel *kernel, const double *x, size_t n,
                         const double *cuts, size_t cut_count)
{
    uint64_t above[CUTS_MAX];
    uint64_t equal[CUTS_MAX];
    for (size_t j = 0; j < cut_count; j++) {
        above[j] = 1000 + j;
        equal[j] = 2000 + j;
    }
    kernel->count_above(x, n, cuts, cut_count, above);
    kernel->count_equal(x, n, cuts, cut_count, equal);
    for (size_t j = 0; j < cut_count; j++) {
        uint64_t more = 0;
        uint64_t same = 0;
        for (size_t i = 0; i < n; i++) {
            more += x[i] > cuts[j] ? 1 : 0;
            same += x[i] == cuts[j] ? 1 : 0;
        }
        if (above[j] != 1000 + j + more || equal[j] != 2000 + j + same) {
            fail_msg("%s: n %zu, cut %zu of %zu (%a): above %llu, want %llu; equal %llu, want %llu",
                     kernel->name, n, j, cut_count, cuts[j], (unsigned long long)above[j],
                     (unsigned long long)(1000 + j + more), (unsigned long long)equal[j],
                     (unsigned long long)(2000 + j + same));
        }
    }
}

static void counts_are_those_of_a_plain_loop(void **state)
{
    const struct tend__kernel *kernels[4];
    const size_t kernel_count = list_kernels(kernels);
    struct tend__rng rng;
    static double room[LONG_LEN + PADDING];
    (void)state;
    tend__rng_init(&rng, SEED);
    for (size_t n = 0; n <= LEN_MAX + 3; n++) {
        const size_t len = n <= LEN_MAX ? n : LONG_LEN - (n - LEN_MAX);
        const size_t cut_count = n % (CUTS_MAX + 1);
        double cuts[CUTS_MAX];
        make_cuts(&rng, cuts, cut_count);
        for (size_t shift = 0; shift < 8; shift++) {
            double *x = room + shift;
            for (size_t i = 0; i < len; i++) {
                x[i] = any_value(&rng, cuts, cut_count);
            }
            for (size_t k = 0; k < kernel_count; k++) {
                check_counts(kernels[k], x, len, cuts, cut_count);
            }
        }
    }
}

static void codes_are_counted(void **state)
{
    const struct tend__kernel *kernels[4];
    const size_t kernel_count = list_kernels(kernels);
    static uint32_t codes[LONG_LEN];
    static uint64_t counts[1000];
    static uint64_t wanted[1000];
    struct tend__rng rng;
    (void)state;
    tend__rng_init(&rng, SEED + 1);
    for (size_t turn = 0; turn < 300; turn++) {
        const size_t code_count = 1 + (size_t)tend__rng_below(&rng, turn % 2 == 0 ? 300 : 1000);
        const size_t n = turn <= LEN_MAX ? turn : (size_t)tend__rng_below(&rng, LONG_LEN);
        memset(wanted, 0, sizeof(wanted));
        for (size_t i = 0; i < n; i++) {
            codes[i] = (uint32_t)tend__rng_below(&rng, code_count);
            wanted[codes[i]]++;
        }
        for (size_t k = 0; k < kernel_count; k++) {
            memset(counts, 0, sizeof(counts));
            kernels[k]->count_codes(codes, n, counts, code_count);
            assert_memory_equal(counts, wanted, sizeof(counts));
        }
    }
}

/* ---- moments ---- */

static bool is_small_whole(double x)
{
    return fabs(x) <= TEND_KERNEL_WHOLE_MAX && floor(x) == x;
}

static void check_extent(const struct tend__kernel *kernel, const double *x, size_t n)
{
    struct tend__extent wanted = {
        .low = (double)INFINITY, .high = -(double)INFINITY, .all_whole = true};
    struct tend__extent got = {0};
    for (size_t i = 0; i < n; i++) {
        wanted.has_nan = wanted.has_nan || isnan(x[i]);
        wanted.low = x[i] < wanted.low ? x[i] + 0.0 : wanted.low;
        wanted.high = x[i] > wanted.high ? x[i] + 0.0 : wanted.high;
        wanted.zero_count += x[i] == 0 ? 1 : 0;
        wanted.whole_count += x[i] + 0x1.8p52 - 0x1.8p52 == x[i] ? 1 : 0;
        wanted.all_whole = wanted.all_whole && is_small_whole(x[i]);
    }
    kernel->measure(x, n, &got);
    if (got.has_nan != wanted.has_nan || got.all_whole != wanted.all_whole ||
        got.zero_count != wanted.zero_count || got.whole_count != wanted.whole_count ||
        got.low != wanted.low || got.high != wanted.high ||
        signbit(got.low) != signbit(wanted.low) || signbit(got.high) != signbit(wanted.high)) {
        fail_msg("%s: n %zu: low %a (%a), high %a (%a), zeros %llu (%llu), nan %d (%d), whole %d "
                 "(%d)",
                 kernel->name, n, got.low, wanted.low, got.high, wanted.high,
                 (unsigned long long)got.zero_count, (unsigned long long)wanted.zero_count,
                 got.has_nan, wanted.has_nan, got.all_whole, wanted.all_whole);
    }
}

static void check_whole_sums(const struct tend__kernel *kernel, const double *x, size_t n)
{
    int64_t sum = 0;
    int64_t squares = 0;
    double got_sum = 1;
    double got_squares = 1;
    for (size_t i = 0; i < n; i++) {
        sum += (int64_t)x[i];
        squares += (int64_t)x[i] * (int64_t)x[i];
    }
    kernel->sum_whole(x, n, &got_sum, &got_squares);
    assert_true(got_sum == (double)sum);
    assert_true(got_squares == (double)squares);
}

static void extents_are_those_of_a_plain_loop(void **state)
{
    const struct tend__kernel *kernels[4];
    const size_t kernel_count = list_kernels(kernels);
    struct tend__rng rng;
    static double room[TEND_KERNEL_BLOCK + PADDING];
    (void)state;
    tend__rng_init(&rng, SEED + 2);
    for (size_t turn = 0; turn < 8 * (LEN_MAX + 2); turn++) {
        const size_t n = turn / 8 <= LEN_MAX ? turn / 8 : TEND_KERNEL_BLOCK;
        double *x = room + turn % 8;
        for (size_t i = 0; i < n; i++) {
            x[i] = finite_value(&rng, NULL, 0);
            x[i] = turn % 3 == 0 ? any_value(&rng, NULL, 0) : x[i];
            x[i] = turn % 3 == 1 ? floor(tend__rng_normal(&rng) * 200000) : x[i];
            x[i] = fabs(x[i]) > 1048576 && turn % 3 == 1 ? 0 : x[i];
        }
        for (size_t k = 0; k < kernel_count; k++) {
            check_extent(kernels[k], x, n);
            if (turn % 3 == 1) {
                check_whole_sums(kernels[k], x, n);
            }
        }
    }
}

/* ---- split sums ---- */

static bool is_same_split(const struct tend__split_sum *a, const struct tend__split_sum *b)
{
    return a->high == b->high && a->low == b->low && a->has_rest == b->has_rest;
}

/* What one value adds, by the definition: whole steps to the nearest, ties to even. */
static struct tend__split_sum split_one(double v, double unit)
{
    const double high = nearbyint(v / unit);
    const double left = v - high * unit;
    const double low = nearbyint(left / unit * 0x1p50);
    return (struct tend__split_sum){
        .high = (int64_t)high,
        .low = (int64_t)low,
        .has_rest = left - low * unit * 0x1p-50 != 0,
    };
}

static void add_split(struct tend__split_sum *to, struct tend__split_sum one)
{
    to->high += one.high;
    to->low += one.low;
    to->has_rest = to->has_rest || one.has_rest;
}

/* A value below 2^50 units in size, the steps of all sizes. */
static double value_below(struct tend__rng *rng, double unit)
{
    const double part = tend__rng_uniform(rng) * 2 - 1;
    switch (tend__rng_below(rng, 4)) {
    case 0:
        return part * unit * 0x1p50;
    case 1:
        return part * unit * ldexp(1, (int)tend__rng_below(rng, 50));
    case 2:
        return floor(part * 1000) * unit;
    default:
        return tend__rng_below(rng, 8) == 0 ? 0.0 : part * unit * 0x1p40;
    }
}

static void split_sums_are_whole_steps(void **state)
{
    const struct tend__kernel *kernels[4];
    const size_t kernel_count = list_kernels(kernels);
    struct tend__rng rng;
    static double room[TEND_KERNEL_BLOCK + PADDING];
    size_t rest_count = 0;
    (void)state;
    tend__rng_init(&rng, SEED + 3);
    for (size_t turn = 0; turn < 8 * (LEN_MAX + 2); turn++) {
        const size_t n = turn / 8 <= LEN_MAX ? turn / 8 : TEND_KERNEL_BLOCK;
        const double unit = ldexp(1, (int)tend__rng_below(&rng, 500) - 250);
        double *x = room + turn % 8;
        struct tend__split_sum wanted = {0};
        for (size_t i = 0; i < n; i++) {
            x[i] = value_below(&rng, unit);
            add_split(&wanted, split_one(x[i], unit));
        }
        rest_count += wanted.has_rest ? 1 : 0;
        for (size_t k = 0; k < kernel_count; k++) {
            struct tend__split_sum got = {0};
            kernels[k]->split_sum(x, n, 0x1.8p52 * unit, &got);
            assert_true(is_same_split(&got, &wanted));
        }
    }
    assert_true(rest_count > 0);
}

static void split_squares_are_whole_steps(void **state)
{
    const struct tend__kernel *kernels[4];
    const size_t kernel_count = list_kernels(kernels);
    struct tend__rng rng;
    static double room[TEND_KERNEL_BLOCK + PADDING];
    (void)state;
    tend__rng_init(&rng, SEED + 4);
    for (size_t turn = 0; turn < 8 * (LEN_MAX + 2); turn++) {
        const size_t n = turn / 8 <= LEN_MAX ? turn / 8 : TEND_KERNEL_BLOCK;
        const double root = ldexp(1, (int)tend__rng_below(&rng, 200) - 100);
        const double unit = root * root;
        double *x = room + turn % 8;
        struct tend__split_sum products = {0};
        struct tend__split_sum errors = {0};
        for (size_t i = 0; i < n; i++) {
            x[i] = value_below(&rng, root * 0x1p-25) * (tend__rng_below(&rng, 9) == 0 ? 1e-9 : 1);
            x[i] = turn % 16 == 0 && i == n / 2 ? 0x1p-410 : x[i];
            const double square = x[i] * x[i];
            add_split(&products, split_one(square, unit));
            add_split(&errors, split_one(fma(x[i], x[i], -square), unit * 0x1p-53));
            errors.has_rest = errors.has_rest || (square < 0x1p-800 && x[i] != 0);
        }
        for (size_t k = 0; k < kernel_count; k++) {
            struct tend__split_sum got_products = {0};
            struct tend__split_sum got_errors = {0};
            kernels[k]->split_squares(x, n, 0x1.8p52 * unit, &got_products, &got_errors);
            assert_true(is_same_split(&got_products, &products));
            assert_true(is_same_split(&got_errors, &errors));
        }
    }
}

/* ---- which one ---- */

static void the_processor_chooses(void **state)
{
    const struct tend__kernel *best = tend__kernel_best();
    (void)state;
    assert_ptr_equal(tend__kernel_of(TEND_KERNEL_PORTABLE), &tend__kernel_portable);
    assert_ptr_equal(tend__kernel_of(best->kind), best);
    for (int kind = (int)best->kind + 1; kind <= TEND_KERNEL_AVX512; kind++) {
        assert_null(tend__kernel_of((enum tend__kernel_kind)kind));
    }
    if (tend__kernel_of(TEND_KERNEL_AVX512) == NULL) {
        print_message("# skipped: no AVX-512 here; its code ran on SIMDe only\n");
    }
    print_message("# the best here: %s\n", best->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_a_plain_loop),
        cmocka_unit_test(codes_are_counted),
        cmocka_unit_test(extents_are_those_of_a_plain_loop),
        cmocka_unit_test(split_sums_are_whole_steps),
        cmocka_unit_test(split_squares_are_whole_steps),
        cmocka_unit_test(the_processor_chooses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
