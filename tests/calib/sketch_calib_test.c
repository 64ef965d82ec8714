/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sketch_calib_test.c: how often the errors of KLL and HyperLogLog are as large as they are stated.
 *
 * KLL (k = 200, and 50 merged): the largest rank error over a grid of 512 ranks is above the stated
 * one in at most 1 % of the sketches, by 4 standard errors of the share; one stream of 2^n values
 * that come each once, in random, rising and zigzag order, seeds 1 onwards. HyperLogLog: the root
 * mean square of the relative error over 400 streams is within 4 standard errors of the stated one
 * (1 / sqrt(800) of it, 14 %), the mean within 4 of 0, and the bounds of two standard errors hold
 * in 95.4 %, by 4.
 */
#include "unit.h"

#include "calib.h"

#include "base/rng.h"
#include "sketch/hll.h"
#include "sketch/kll.h"

#include <stdlib.h>

enum order { RANDOM, RISING, ZIGZAG };

/* A permutation of 0 .. 2^bits - 1: odd multiples and shifts to the right can be undone. */
static uint64_t permute(uint64_t x, unsigned bits, uint64_t seed)
{
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    for (int round = 0; round < 3; round++) {
        x = (x * (UINT64_C(0x9E3779B97F4A7C15) | 1) + seed * UINT64_C(0xD1B54A32D192ED03)) & mask;
        x ^= x >> (bits / 2 + 1);
    }
    return x;
}

static double value_at(enum order order, uint64_t i, unsigned bits, uint64_t seed)
{
    if (order == RANDOM) {
        return (double)permute(i, bits, seed);
    }
    const uint64_t last = (UINT64_C(1) << bits) - 1;
    return (double)(order == RISING || i % 2 == 0 ? i : last - i + (i % 2 == 0 ? 0 : 1));
}

static void add_stream(struct tend__kll *kll, enum order order, unsigned bits, uint64_t seed)
{
    double block[1024];
    const uint64_t n = UINT64_C(1) << bits;
    for (uint64_t i = 0; i < n;) {
        size_t count = 0;
        while (i < n && count < sizeof block / sizeof block[0]) {
            block[count++] = value_at(order, i++, bits, seed);
        }
        tend__kll_add_many(kll, block, count);
    }
}

/* Of a sketch of 0 .. n - 1, once each. */
static double largest_error(const struct tend__kll *kll, uint64_t n)
{
    struct tend__kll_view *view = NULL;
    struct tend_error err = {0};
    double largest = 0;
    assert_tend_ok(tend__kll_view_new(kll, &view, &err), &err);
    for (int i = 0; i <= 512; i++) {
        const double x = floor((double)i / 512.0 * (double)n);
        const double error = fabs(tend__kll_rank(view, x, false) - x / (double)n);
        largest = error > largest ? error : largest;
    }
    tend__kll_view_free(view);
    return largest;
}

static void ranks_of_kll_are_as_exact_as_stated(void **state)
{
    (void)state;
    static const struct {
        unsigned bits;
        int repeats;
    } sizes[] = {{11, 1000}, {13, 1000}, {17, 400}, {20, 120}, {22, 60}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const int repeats = sizes[i].repeats / CALIB_SLOWDOWN;
        int above = 0;
        double worst = 0;
        for (int seed = 1; seed <= repeats; seed++) {
            const struct tend__kll_options options = {.k = 200, .seed = (uint64_t)seed};
            struct tend_error err = {0};
            struct tend__kll *kll = NULL;
            assert_tend_ok(tend__kll_new(&options, &kll, &err), &err);
            add_stream(kll, (enum order)(seed % 3), sizes[i].bits, (uint64_t)seed);
            const double error = largest_error(kll, UINT64_C(1) << sizes[i].bits);
            above += error > tend__kll_rank_error(200, false) ? 1 : 0;
            worst = error > worst ? error : worst;
            tend__kll_free(kll);
        }
        print_message("2^%u values: %d of %d sketches above, the worst %.4f of %.4f\n",
                      sizes[i].bits, above, repeats, worst, tend__kll_rank_error(200, false));
        assert_true(share_is_at_most((double)above / repeats, repeats, 0.01, 4));
    }
}

/* 64 sketches of 2^12 to 2^16 values, merged one after another. */
static void merged_sketches_are_as_exact_as_stated(void **state)
{
    (void)state;
    const int repeats = 150 / CALIB_SLOWDOWN;
    const unsigned bits = 18;
    int above = 0;
    for (int seed = 1; seed <= repeats; seed++) {
        struct tend_error err = {0};
        struct tend__kll *all = NULL;
        struct tend__rng rng;
        tend__rng_init(&rng, (uint64_t)seed);
        const struct tend__kll_options options = {.k = 50, .seed = (uint64_t)seed};
        assert_tend_ok(tend__kll_new(&options, &all, &err), &err);
        for (uint64_t i = 0; i < UINT64_C(1) << bits;) {
            const uint64_t wish = i + 1 + tend__rng_below(&rng, 8192);
            const uint64_t end = wish < UINT64_C(1) << bits ? wish : UINT64_C(1) << bits;
            const struct tend__kll_options own = {.k = 50, .seed = i + (uint64_t)seed};
            struct tend__kll *part = NULL;
            assert_tend_ok(tend__kll_new(&own, &part, &err), &err);
            for (; i < end; i++) {
                tend__kll_add(part, value_at((enum order)(seed % 3), i, bits, (uint64_t)seed));
            }
            assert_tend_ok(tend__kll_merge(all, part, &err), &err);
            tend__kll_free(part);
        }
        above += largest_error(all, UINT64_C(1) << bits) > tend__kll_rank_error(50, false) ? 1 : 0;
        tend__kll_free(all);
    }
    print_message("merged: %d of %d sketches above\n", above, repeats);
    assert_true(share_is_at_most((double)above / repeats, repeats, 0.01, 4));
}

static void check_hll(uint32_t lg_k, int64_t n, bool in_order)
{
    const int repeats = 400 / CALIB_SLOWDOWN;
    double sum = 0;
    double squares = 0;
    double stated = 0;
    int inside = 0;
    for (int seed = 1; seed <= repeats; seed++) {
        const struct tend__hll_options options = {.lg_k = lg_k, .in_order = in_order};
        struct tend_error err = {0};
        struct tend__hll *hll = NULL;
        double low = 0;
        double high = 0;
        assert_tend_ok(tend__hll_new(&options, &hll, &err), &err);
        for (int64_t i = 0; i < n; i++) {
            const int64_t x = (int64_t)seed << 40 | i;
            tend__hll_add_ints(hll, &x, 1);
        }
        const double error = tend__hll_estimate(hll) / (double)n - 1.0;
        tend__hll_bounds(hll, 2, &low, &high);
        inside += low <= (double)n && (double)n <= high ? 1 : 0;
        sum += error;
        squares += error * error;
        stated = tend__hll_relative_error(hll);
        tend__hll_free(hll);
    }
    const double rms = sqrt(squares / repeats);
    const double share = (double)inside / repeats;
    print_message("lg_k %u, %ld values, %s: error %.4f of %.4f, mean %+.4f, %.3f within bounds\n",
                  lg_k, (long)n, in_order ? "in order" : "registers only", rms, stated,
                  sum / repeats, share);
    assert_true(rms <= stated * (1 + 4 / sqrt(2.0 * repeats)));
    assert_true(fabs(sum / repeats) <= 4 * stated / sqrt(repeats));
    assert_true(share >= 0.954 - 4 * sqrt(0.954 * 0.046 / repeats));
}

static void distinct_counts_are_as_exact_as_stated(void **state)
{
    (void)state;
    for (int in_order = 0; in_order < 2; in_order++) {
        check_hll(8, 30, in_order != 0);
        check_hll(8, 300, in_order != 0);
        check_hll(8, 700, in_order != 0);
        check_hll(8, 20000, in_order != 0);
        check_hll(12, 1000, in_order != 0);
        check_hll(12, 12000, in_order != 0);
        check_hll(12, 30000, in_order != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_of_kll_are_as_exact_as_stated),
        cmocka_unit_test(merged_sketches_are_as_exact_as_stated),
        cmocka_unit_test(distinct_counts_are_as_exact_as_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
