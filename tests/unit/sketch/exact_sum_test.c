/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exact_sum_test.c: exact sums against integer arithmetic, known cases, permutations and merges.
 *
 * Oracles: __int128 sums of values that are integers times one power of two, rounded by the
 * compiler's own conversion; cases whose sum is known by construction; Shewchuk's expansion sums
 * (1997, "Adaptive precision floating-point arithmetic"), which hold the exact sum as
 * non-overlapping doubles and are rounded as Python's math.fsum does.
 */
#include "unit.h"

#include "base/rng.h"
#include "sketch/exact_sum.h"

#include <float.h>
#include <math.h>
#include <string.h>

__extension__ typedef __int128 wide_int;

static double sum_of(const double *x, size_t n)
{
    struct tend__exact_sum sum = {0};
    tend__exact_sum_add_many(&sum, x, n);
    return tend__exact_sum_value(&sum);
}

static void shuffle(struct tend__rng *rng, double *x, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        const size_t j = (size_t)tend__rng_below(rng, i);
        const double kept = x[i - 1];
        x[i - 1] = x[j];
        x[j] = kept;
    }
}

/* Shewchuk's grow-expansion with the last correct rounding of Python's math.fsum. */
static double expansion_sum(const double *x, size_t n)
{
    double parts[64];
    size_t count = 0;
    for (size_t k = 0; k < n; k++) {
        double a = x[k];
        size_t kept = 0;
        for (size_t j = 0; j < count; j++) {
            double b = parts[j];
            if (fabs(a) < fabs(b)) {
                const double t = a;
                a = b;
                b = t;
            }
            const double hi = a + b;
            const double lo = b - (hi - a);
            if (lo != 0.0) {
                parts[kept++] = lo;
            }
            a = hi;
        }
        parts[kept++] = a;
        count = kept;
    }
    double hi = 0;
    double lo = 0;
    while (count > 0) {
        const double a = hi;
        const double b = parts[--count];
        hi = a + b;
        lo = b - (hi - a);
        if (lo != 0.0) {
            break;
        }
    }
    if (count > 0 && ((lo < 0 && parts[count - 1] < 0) || (lo > 0 && parts[count - 1] > 0))) {
        const double twice = lo * 2.0;
        const double next = hi + twice;
        if (twice == next - hi) {
            hi = next;
        }
    }
    return hi;
}

static void known_sums_are_exact(void **state)
{
    (void)state;
    const double big[] = {1e308, 1.0, -1e308};
    assert_true(sum_of(big, 3) == 1.0);
    const double overflow[] = {DBL_MAX, DBL_MAX, -DBL_MAX};
    assert_true(sum_of(overflow, 3) == DBL_MAX);
    assert_true(sum_of(overflow, 2) == (double)INFINITY);
    const double below[] = {0x1p-1074, 0x1p-1074, -0x1p-1074};
    assert_true(sum_of(below, 3) == 0x1p-1074);
    const double subnormal[] = {DBL_MIN, -0x1p-1074};
    assert_true(sum_of(subnormal, 2) == DBL_MIN - 0x1p-1074);
    /* half way goes to even; one bit more, 2000 binary digits below, goes up */
    const double half[] = {0x1p53, 1.0};
    assert_true(sum_of(half, 2) == 0x1p53);
    const double above[] = {0x1p53, 1.0, 0x1p-1074};
    assert_true(sum_of(above, 3) == 0x1p53 + 2.0);
    const double negative[] = {-0x1p53, -1.0, -0x1p-1074};
    assert_true(sum_of(negative, 3) == -0x1p53 - 2.0);
    const double odd[] = {0x1p53 + 2.0, 1.0};
    assert_true(sum_of(odd, 2) == 0x1p53 + 4.0);
    /* largest finite plus half of its last place is infinite, plus less is not */
    const double edge[] = {DBL_MAX, 0x1p970};
    assert_true(sum_of(edge, 2) == (double)INFINITY);
    const double inside[] = {DBL_MAX, 0x1p970, -0x1p-1074};
    assert_true(sum_of(inside, 3) == DBL_MAX);
    assert_true(sum_of(NULL, 0) == 0.0);
    const double zero[] = {-0.0};
    assert_false(signbit(sum_of(zero, 1)));
}

static void scaled_integers_match_wide_integer_arithmetic(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 11);
    for (int repeat = 0; repeat < 400; repeat++) {
        const int scale = (int)tend__rng_below(&rng, 1900) - 1060;
        const unsigned bits = 1 + (unsigned)tend__rng_below(&rng, 53);
        struct tend__exact_sum sum = {0};
        wide_int want = 0;
        double x[300];
        for (size_t i = 0; i < TEND_ARRAY_LEN(x); i++) {
            const int64_t m = (int64_t)(tend__rng_next(&rng) >> (64 - bits));
            const int64_t v = tend__rng_below(&rng, 2) == 0 ? m : -m;
            x[i] = ldexp((double)v, scale);
            want += v;
        }
        tend__exact_sum_add_many(&sum, x, TEND_ARRAY_LEN(x));
        /* (double) of a wide integer rounds to nearest even; scale keeps it in the normal range or
         * exact. */
        const double expected = ldexp((double)want, scale);
        if (fabs(expected) >= DBL_MIN || bits <= 40) {
            assert_true(tend__exact_sum_value(&sum) == expected);
        }
    }
}

/* Doubles with any bits, of exponents within a span. */
static double draw_wild(struct tend__rng *rng, unsigned span)
{
    const double m = 1.0 + tend__rng_uniform(rng);
    const int e = (int)tend__rng_below(rng, span) - (int)(span / 2);
    return ldexp(tend__rng_below(rng, 2) == 0 ? m : -m, e);
}

static void wild_doubles_match_expansion_sums(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 12);
    const unsigned spans[] = {1, 10, 60, 200, 1000, 2000};
    for (int repeat = 0; repeat < 600; repeat++) {
        double x[257];
        const size_t n = 1 + (size_t)tend__rng_below(&rng, TEND_ARRAY_LEN(x));
        const unsigned span = spans[tend__rng_below(&rng, TEND_ARRAY_LEN(spans))];
        for (size_t i = 0; i < n; i++) {
            x[i] = i % 3 == 2 ? -x[i - 1] : draw_wild(&rng, span);
        }
        shuffle(&rng, x, n);
        assert_true(sum_of(x, n) == expansion_sum(x, n));
    }
}

static void order_and_sharding_do_not_change_a_byte(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 13);
    static double x[2000];
    for (size_t i = 0; i < TEND_ARRAY_LEN(x); i++) {
        x[i] = i % 2 == 0 ? draw_wild(&rng, 1 + (unsigned)(i % 1500))
                          : (double)tend__rng_below(&rng, 1000);
    }
    x[5] = (double)NAN;
    x[600] = (double)INFINITY;
    x[700] = (double)-INFINITY;
    x[701] = 0x1p61;
    x[702] = 0x1.8p61;
    x[703] = 0x1.8p61;
    struct tend__exact_sum whole = {0};
    tend__exact_sum_add_many(&whole, x, TEND_ARRAY_LEN(x));
    unsigned char want[TEND_EXACT_SUM_BYTES_MAX];
    const size_t want_len = tend__exact_sum_write(&whole, want);
    for (int repeat = 0; repeat < 50; repeat++) {
        shuffle(&rng, x, TEND_ARRAY_LEN(x));
        struct tend__exact_sum shards[7] = {0};
        const size_t shard_count = 1 + (size_t)tend__rng_below(&rng, TEND_ARRAY_LEN(shards));
        for (size_t i = 0; i < TEND_ARRAY_LEN(x); i++) {
            tend__exact_sum_add(&shards[tend__rng_below(&rng, shard_count)], x[i]);
        }
        for (size_t s = 1; s < shard_count; s++) {
            tend__exact_sum_merge(&shards[0], &shards[s]);
        }
        unsigned char got[TEND_EXACT_SUM_BYTES_MAX];
        assert_int_equal(tend__exact_sum_write(&shards[0], got), want_len);
        assert_memory_equal(got, want, want_len);
        assert_true(shards[0].nan_count == 1 && shards[0].pos_inf_count == 1);
        assert_true(shards[0].neg_inf_count == 1);
    }
}

static void many_additions_of_the_largest_values_do_not_overflow(void **state)
{
    (void)state;
    struct tend__exact_sum sum = {0};
    for (int i = 0; i < 100000; i++) {
        tend__exact_sum_add(&sum, i % 2 == 0 ? DBL_MAX : 0x1.fffffffffffffp-1);
    }
    assert_true(tend__exact_sum_value(&sum) == (double)INFINITY);
    for (int i = 0; i < 50000; i++) {
        tend__exact_sum_add(&sum, -DBL_MAX);
    }
    assert_true(tend__exact_sum_value(&sum) == 50000 * (1.0 - 0x1p-53));
    for (int i = 0; i < 64; i++) { /* 2^64 copies by doubling */
        const struct tend__exact_sum copy = sum;
        tend__exact_sum_merge(&sum, &copy);
    }
    assert_true(tend__exact_sum_value(&sum) == ldexp(50000 * (1.0 - 0x1p-53), 64));
}

static void bytes_read_back_and_others_are_refused(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 14);
    for (int repeat = 0; repeat < 200; repeat++) {
        struct tend__exact_sum sum = {0};
        const size_t n = (size_t)tend__rng_below(&rng, 20);
        for (size_t i = 0; i < n; i++) {
            tend__exact_sum_add(&sum, draw_wild(&rng, 2000));
        }
        unsigned char bytes[TEND_EXACT_SUM_BYTES_MAX];
        unsigned char again[TEND_EXACT_SUM_BYTES_MAX];
        struct tend_error err = {0};
        const size_t len = tend__exact_sum_write(&sum, bytes);
        struct tend__exact_sum back;
        assert_tend_ok(tend__exact_sum_read(bytes, len, &back, &err), &err);
        assert_true(tend__exact_sum_value(&back) == tend__exact_sum_value(&sum));
        assert_int_equal(tend__exact_sum_write(&back, again), len);
        assert_memory_equal(bytes, again, len);
        assert_int_equal(tend__exact_sum_read(bytes, len - 1, &back, &err), TEND_ECORRUPT);
        bytes[28] = (unsigned char)(n == 0 ? 1 : 3);
        assert_int_equal(tend__exact_sum_read(bytes, len, &back, &err), TEND_ECORRUPT);
    }
}

static void squares_and_variance_do_not_cancel(void **state)
{
    (void)state;
    struct tend__exact_sum sum = {0};
    struct tend__exact_sum squares = {0};
    /* 1e9 + {0, .25, .5, .75}, exact in binary: variance 5/48 of those four values with divisor 3.
     */
    const double x[] = {1e9, 1e9 + .25, 1e9 + .5, 1e9 + .75};
    tend__exact_sum_add_many(&sum, x, 4);
    tend__exact_sum_add_squares(&squares, x, 4);
    assert_near(tend__exact_sum_variance(&sum, &squares, 4), 5.0 / 48.0, 1e-15);
    struct tend__exact_sum same = {0};
    struct tend__exact_sum same_squares = {0};
    const double equal[] = {.1, .1, .1, .1, .1, .1, .1};
    tend__exact_sum_add_many(&same, equal, 7);
    tend__exact_sum_add_squares(&same_squares, equal, 7);
    assert_near(tend__exact_sum_variance(&same, &same_squares, 7), 0.0, 1e-30);
    double hi = 0;
    double lo = 0;
    tend__exact_sum_pair(&same, &hi, &lo);
    assert_true(hi == sum_of(equal, 7));
    assert_true(fabs(lo) <= 0x1p-54);
    assert_true(tend__exact_sum_variance(&sum, &squares, 1) == 0.0);
}

/* A block through each kernel against one value at a time: the bytes of both sums. `spread` is how
 * many powers of two the values cover. */
static void check_block(struct tend__rng *rng, size_t n, int middle, int spread)
{
    double x[TEND_KERNEL_BLOCK];
    double size_max = 0;
    for (size_t i = 0; i < n; i++) {
        const int power = middle + (int)tend__rng_below(rng, (uint64_t)spread + 1) - spread / 2;
        x[i] = tend__rng_below(rng, 20) == 0 ? 0.0 : ldexp(tend__rng_normal(rng), power);
        x[i] = tend__rng_below(rng, 9) == 0 ? floor(x[i]) : x[i];
        size_max = fabs(x[i]) > size_max ? fabs(x[i]) : size_max;
    }
    for (int kind = TEND_KERNEL_PORTABLE; kind <= TEND_KERNEL_AVX512; kind++) {
        const struct tend__kernel *kernel = tend__kernel_of((enum tend__kernel_kind)kind);
        struct tend__exact_sum sums[4] = {{.whole = 3}, {.whole = 7}, {.whole = 3}, {.whole = 7}};
        unsigned char bytes[2][TEND_EXACT_SUM_BYTES_MAX];
        if (kernel == NULL) {
            continue;
        }
        tend__exact_sum_add_block(&sums[0], &sums[1], kernel, x, n, size_max);
        for (size_t i = 0; i < n; i++) {
            tend__exact_sum_add(&sums[2], x[i]);
            tend__exact_sum_add_squares(&sums[3], &x[i], 1);
        }
        for (size_t j = 0; j < 2; j++) {
            const size_t len = tend__exact_sum_write(&sums[j], bytes[0]);
            assert_int_equal(tend__exact_sum_write(&sums[j + 2], bytes[1]), len);
            assert_memory_equal(bytes[0], bytes[1], len);
        }
    }
}

static void blocks_add_what_single_values_add(void **state)
{
    static const int spreads[] = {0, 10, 40, 120, 600};
    struct tend__rng rng;
    (void)state;
    tend__rng_init(&rng, 77);
    for (size_t turn = 0; turn < 600; turn++) {
        const size_t n = turn <= 200 ? turn : (size_t)tend__rng_below(&rng, TEND_KERNEL_BLOCK + 1);
        const int middle = turn % 4 == 0 ? (int)tend__rng_below(&rng, 2000) - 1040 : 0;
        check_block(&rng, n, middle, spreads[turn % 5]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sums_are_exact),
        cmocka_unit_test(scaled_integers_match_wide_integer_arithmetic),
        cmocka_unit_test(wild_doubles_match_expansion_sums),
        cmocka_unit_test(order_and_sharding_do_not_change_a_byte),
        cmocka_unit_test(many_additions_of_the_largest_values_do_not_overflow),
        cmocka_unit_test(bytes_read_back_and_others_are_refused),
        cmocka_unit_test(squares_and_variance_do_not_cancel),
        cmocka_unit_test(blocks_add_what_single_values_add),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
