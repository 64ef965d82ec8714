/* SPDX-License-Identifier: Apache-2.0 */
/* hll_test.c: HyperLogLog against DataSketches' bytes, against true counts, and against damage. */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "golden.h"
#include "hex.h"
#include "sketch/hll.h"
#include "sketch/murmur3.h"

#include <math.h>

#define BYTES_MAX ((size_t)1 << 23)

static struct tend__hll *make(uint32_t lg_k, enum tend__hll_type type, bool in_order)
{
    const struct tend__hll_options options = {.lg_k = lg_k, .type = type, .in_order = in_order};
    struct tend_error err = {0};
    struct tend__hll *hll = NULL;
    assert_tend_ok(tend__hll_new(&options, &hll, &err), &err);
    return hll;
}

static void write(const struct tend__hll *hll, struct tend__buf *buf)
{
    struct tend_error err = {0};
    tend__buf_init(buf, BYTES_MAX);
    assert_tend_ok(tend__hll_write(hll, buf, &err), &err);
}

static void add_range(struct tend__hll *hll, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++) {
        tend__hll_add_ints(hll, &i, 1);
    }
}

static void assert_same_bytes(const struct tend__hll *a, const struct tend__hll *b)
{
    struct tend__buf x;
    struct tend__buf y;
    write(a, &x);
    write(b, &y);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.bytes, y.bytes, x.len);
    tend__buf_deinit(&x);
    tend__buf_deinit(&y);
}

/* The published test of MurmurHash3 (SMHasher's VerificationTest): hashes of 0 .. 255 bytes, hashed
 * again, begin with 6384BA69 for x64_128. Seeds there are 256 - length. */
static void murmur3_passes_its_published_verification(void **state)
{
    (void)state;
    unsigned char key[256];
    unsigned char hashes[256 * 16];
    for (size_t i = 0; i < 256; i++) {
        key[i] = (unsigned char)i;
        const struct tend__murmur3 hash = tend__murmur3_bytes(key, i, 256 - i);
        memcpy(hashes + 16 * i, &hash.low, 8);
        memcpy(hashes + 16 * i + 8, &hash.high, 8);
    }
    const struct tend__murmur3 all = tend__murmur3_bytes(hashes, sizeof hashes, 0);
    assert_int_equal((uint32_t)all.low, 0x6384BA69);
    const uint64_t x = UINT64_C(0x0123456789ABCDEF);
    const struct tend__murmur3 one = tend__murmur3_u64(x, TEND_DATASKETCHES_SEED);
    const struct tend__murmur3 same = tend__murmur3_bytes(&x, sizeof x, TEND_DATASKETCHES_SEED);
    assert_true(one.low == same.low && one.high == same.high);
}

/* The same values as DataSketches got, in the same order, give its registers; what it wrote reads
 * to the same estimate, and to bounds within 5 % of the width of its own (its are quantiles of a
 * simulation, ours of a log-normal). */
static void sketches_of_datasketches_are_the_same(void **state)
{
    (void)state;
    static struct golden golden;
    size_t count = 0;
    assert_true(golden_open(&golden, "sketches.csv"));
    while (golden_next(&golden)) {
        if (strcmp(golden.fields[0], "hll") != 0) {
            continue;
        }
        static unsigned char bytes[8192];
        struct tend_error err = {0};
        struct tend__hll *read = NULL;
        double low = 0;
        double high = 0;
        const uint32_t lg_k = (uint32_t)golden_number(&golden, 2);
        const enum tend__hll_type type = (enum tend__hll_type)(golden_number(&golden, 3) / 2 - 2);
        const double n = golden_number(&golden, 4);
        const double estimate = golden_number(&golden, 5);
        const size_t len = hex_bytes(golden.fields[8], bytes);
        assert_tend_ok(tend__hll_read(bytes, len, &read, &err), &err);
        assert_int_equal(tend__hll_lg_k(read), lg_k);
        tend__hll_bounds(read, 2, &low, &high);
        if (n >= 0) {
            struct tend__hll *made = make(lg_k, type, true);
            add_range(made, 0, (int64_t)n);
            assert_near(tend__hll_estimate(made), estimate, 1e-8 * estimate);
            assert_near(tend__hll_estimate(read), estimate, 1e-8 * estimate);
            tend__hll_forget_order(made); /* sums in other orders differ in their last bits */
            tend__hll_forget_order(read);
            assert_same_bytes(made, read);
            tend__hll_free(made);
        } else { /* not in order: another estimator, 1.04 / sqrt(512) = 4.6 % of error in common */
            assert_near(tend__hll_estimate(read), estimate, 0.01 * estimate);
        }
        if (lg_k >= 8) {
            const double width = golden_number(&golden, 7) - golden_number(&golden, 6);
            const double slack = 0.05 * width + 0.01 * fabs(tend__hll_estimate(read) - estimate);
            assert_near(high - low, width, n >= 0 ? slack + 1e-9 : 0.07 * width);
        }
        tend__hll_free(read);
        count++;
    }
    assert_int_equal(count, 48);
}

static void any_order_and_any_shards_give_the_same_bytes(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 7, 8, 50, 384, 385, 3000, 60000};
    struct tend__rng rng;
    tend__rng_init(&rng, 3);
    for (size_t i = 0; i < TEND_ARRAY_LEN(sizes); i++) {
        for (int type = 0; type < 3; type++) {
            struct tend__hll *forward = make(12, (enum tend__hll_type)type, false);
            struct tend__hll *backward = make(12, (enum tend__hll_type)type, false);
            struct tend__hll *shards = make(12, (enum tend__hll_type)type, false);
            add_range(forward, 0, sizes[i]);
            for (int64_t j = sizes[i]; j-- > 0;) {
                add_range(backward, j, j + 1);
                add_range(backward, j, j + 1);
            }
            for (int64_t at = 0; at < sizes[i];) {
                const int64_t end = at + 1 + (int64_t)tend__rng_below(&rng, 1000);
                struct tend__hll *shard = make(12, (enum tend__hll_type)type, false);
                add_range(shard, at, end < sizes[i] ? end : sizes[i]);
                tend__hll_merge(shards, shard);
                tend__hll_free(shard);
                at = end;
            }
            assert_same_bytes(forward, backward);
            assert_same_bytes(forward, shards);
            tend__hll_free(forward);
            tend__hll_free(backward);
            tend__hll_free(shards);
        }
    }
}

static void bytes_read_back_to_the_same_sketch(void **state)
{
    (void)state;
    for (uint32_t lg_k = 4; lg_k <= 21; lg_k += lg_k < 14 ? 1 : 7) {
        for (int type = 0; type < 3; type++) {
            for (int64_t n = 0; n <= 100000; n = n * 10 + 3) {
                for (int in_order = 0; in_order < 2; in_order++) {
                    struct tend__hll *hll = make(lg_k, (enum tend__hll_type)type, in_order != 0);
                    struct tend__hll *read = NULL;
                    struct tend_error err = {0};
                    struct tend__buf buf;
                    add_range(hll, 0, n);
                    write(hll, &buf);
                    assert_tend_ok(tend__hll_read(buf.bytes, buf.len, &read, &err), &err);
                    assert_same_bytes(hll, read);
                    assert_true(tend__hll_estimate(hll) == tend__hll_estimate(read));
                    assert_true(tend__hll_is_empty(read) == (n == 0));
                    tend__buf_deinit(&buf);
                    tend__hll_free(read);
                    tend__hll_free(hll);
                }
            }
        }
    }
}

/* Sizes that differ are united at the smaller one, as if all values had gone there. */
static void different_sizes_unite_at_the_smaller(void **state)
{
    (void)state;
    static const int64_t sizes[] = {5, 300, 20000};
    for (size_t i = 0; i < 9; i++) {
        struct tend__hll *large = make(12, TEND_HLL_8, false);
        struct tend__hll *small = make(9, TEND_HLL_8, false);
        struct tend__hll *direct = make(9, TEND_HLL_8, false);
        const int64_t a = sizes[i / 3];
        const int64_t b = sizes[i % 3];
        add_range(large, 0, a);
        add_range(small, 100000, 100000 + b);
        add_range(direct, 0, a);
        add_range(direct, 100000, 100000 + b);
        tend__hll_merge(large, small);
        assert_near(tend__hll_estimate(large), (double)(a + b), 0.2 * (double)(a + b));
        if (tend__hll_lg_k(large) == 9) {
            assert_same_bytes(large, direct);
        }
        tend__hll_free(large);
        tend__hll_free(small);
        tend__hll_free(direct);
    }
}

static void columns_count_each_value_once(void **state)
{
    (void)state;
    const double f64[] = {0.0, -0.0, 1.5, (double)NAN, -(double)NAN, 1.5, 7.0};
    const uint8_t valid[] = {1, 1, 1, 1, 1, 1, 0};
    const uint8_t bools[] = {1, 0, 1, 1, 0, 0, 0};
    const int64_t times[] = {5, 5, 6, 7, 8, 9, 10};
    const struct tend__text text[] = {{"a", 1}, {"", 0},  {"a", 1}, {"b", 1},
                                      {"", 0},  {"c", 1}, {"d", 1}};
    const struct tend__column columns[] = {
        {.type = TEND_TYPE_NUMBER, .f64 = f64, .valid = valid},
        {.type = TEND_TYPE_BOOL, .bools = bools, .valid = valid},
        {.type = TEND_TYPE_TIME, .time_us = times, .valid = valid},
        {.type = TEND_TYPE_TEXT, .text = text, .valid = valid},
        {.type = TEND_TYPE_NULL},
    };
    static const double expected[] = {3, 2, 5, 4, 0};
    for (size_t i = 0; i < TEND_ARRAY_LEN(columns); i++) {
        struct tend__hll *hll = make(12, TEND_HLL_8, false);
        tend__hll_add_column(hll, &columns[i], TEND_ARRAY_LEN(f64));
        assert_near(tend__hll_estimate(hll), expected[i], 1e-6);
        tend__hll_free(hll);
    }
}

static void damage_is_refused(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 3, 20, 200, 30000};
    struct tend_error err = {0};
    for (int i = 0; i < 15; i++) {
        struct tend__hll *hll = make(8, (enum tend__hll_type)(i % 3), true);
        struct tend__hll *read = NULL;
        struct tend__buf buf;
        add_range(hll, 0, sizes[i / 3]);
        write(hll, &buf);
        for (size_t len = 0; len < buf.len; len++) {
            assert_int_equal(tend__hll_read(buf.bytes, len, &read, &err), TEND_ECORRUPT);
        }
        for (size_t bit = 0; bit < 8 * buf.len; bit++) {
            buf.bytes[bit / 8] = (char)(buf.bytes[bit / 8] ^ (1 << bit % 8));
            if (tend__hll_read(buf.bytes, buf.len, &read, &err) == TEND_OK) {
                struct tend__buf again;
                write(read, &again);
                add_range(read, 0, 300);
                tend__hll_merge(hll, read);
                (void)tend__hll_estimate(read);
                tend__buf_deinit(&again);
                tend__hll_free(read);
            } else {
                assert_non_null(strstr(err.text, "not a HyperLogLog sketch"));
            }
            buf.bytes[bit / 8] = (char)(buf.bytes[bit / 8] ^ (1 << bit % 8));
        }
        tend__buf_deinit(&buf);
        tend__hll_free(hll);
    }
    struct tend__hll *bad = NULL;
    const struct tend__hll_options options = {.lg_k = 22};
    assert_int_equal(tend__hll_new(&options, &bad, &err), TEND_EINVAL);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    static const int64_t sizes[] = {20, 30000};
    struct tend_error err = {0};
    for (size_t i = 0; i < TEND_ARRAY_LEN(sizes); i++) {
        struct tend__hll *hll = make(10, TEND_HLL_4, false);
        struct tend__buf buf;
        bool failed = true;
        add_range(hll, 0, sizes[i]);
        write(hll, &buf);
        for (uint64_t nth = 1; failed; nth++) {
            struct tend__hll *read = NULL;
            struct tend__buf again;
            tend__buf_init(&again, BYTES_MAX);
            tend__mem_fail_at(nth);
            enum tend_code code = tend__hll_read(buf.bytes, buf.len, &read, &err);
            if (code == TEND_OK) {
                code = tend__hll_write(read, &again, &err);
            }
            failed = tend__mem_asked() >= nth;
            tend__mem_fail_at(0);
            assert_int_equal(code, failed ? TEND_ENOMEM : TEND_OK);
            tend__buf_deinit(&again);
            tend__hll_free(read);
        }
        tend__buf_deinit(&buf);
        tend__hll_free(hll);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(murmur3_passes_its_published_verification),
        cmocka_unit_test(sketches_of_datasketches_are_the_same),
        cmocka_unit_test(any_order_and_any_shards_give_the_same_bytes),
        cmocka_unit_test(bytes_read_back_to_the_same_sketch),
        cmocka_unit_test(different_sizes_unite_at_the_smaller),
        cmocka_unit_test(columns_count_each_value_once),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
