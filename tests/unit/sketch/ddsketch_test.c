/* SPDX-License-Identifier: Apache-2.0 */
/* ddsketch_test.c: the relative error against sorted values, merges, bytes and damage. */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "sketch/ddsketch.h"
#include "sketch/sort_f64.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define BYTES_MAX ((size_t)1 << 22)
#define N 20000

static struct tend__ddsketch *make(double alpha, size_t bucket_max)
{
    const struct tend__ddsketch_options options = {.alpha = alpha, .bucket_max = bucket_max};
    struct tend_error err = {0};
    struct tend__ddsketch *sketch = NULL;
    assert_tend_ok(tend__ddsketch_new(&options, &sketch, &err), &err);
    return sketch;
}

static void write(const struct tend__ddsketch *sketch, struct tend__buf *buf)
{
    struct tend_error err = {0};
    tend__buf_init(buf, BYTES_MAX);
    assert_tend_ok(tend__ddsketch_write(sketch, buf, &err), &err);
}

static void assert_same_bytes(const struct tend__ddsketch *a, const struct tend__ddsketch *b)
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

/* Money: both signs, zeros, cents to billions. */
static double draw_money(struct tend__rng *rng)
{
    const double u = tend__rng_uniform(rng);
    if (u < 0.1) {
        return 0.0;
    }
    const double size = exp(tend__rng_normal(rng) * 4.0 + 3.0);
    return u < 0.4 ? -size : size;
}

static void quantiles_are_within_alpha_of_the_truth(void **state)
{
    (void)state;
    static double x[N];
    static uint64_t scratch[2 * N];
    static const double alphas[] = {0.001, 0.01, 0.05, 0.3};
    for (size_t a = 0; a < TEND_ARRAY_LEN(alphas); a++) {
        struct tend__ddsketch *sketch = make(alphas[a], 65536);
        struct tend__rng rng;
        tend__rng_init(&rng, 5 + a);
        for (size_t i = 0; i < N; i++) {
            x[i] = draw_money(&rng);
        }
        tend__ddsketch_add_many(sketch, x, N);
        tend__sort_f64(x, N, scratch);
        for (int p = 0; p <= 10000; p++) {
            const double q = p / 10000.0;
            const double truth = x[(size_t)(q * (N - 1))];
            assert_near(tend__ddsketch_quantile(sketch, q), truth,
                        alphas[a] * fabs(truth) * (1 + 1e-9));
        }
        assert_near(tend__ddsketch_alpha(sketch), alphas[a], 1e-12);
        tend__ddsketch_free(sketch);
    }
}

/* Every power of two and its neighbours, and the ends of the doubles. */
static void the_error_holds_at_every_magnitude(void **state)
{
    (void)state;
    for (int exponent = -1020; exponent <= 1023; exponent++) {
        for (int step = -1; step <= 8; step++) {
            struct tend__ddsketch *sketch = make(0, 0);
            const double power = ldexp(1.0, exponent);
            const double x = step == -1  ? nextafter(power, 0)
                             : step == 8 ? nextafter(power, (double)INFINITY)
                                         : power * (1.0 + step / 8.0);
            const double pair[] = {x, -x};
            tend__ddsketch_add_many(sketch, pair, 2);
            assert_near(tend__ddsketch_quantile(sketch, 1) / x, 1.0, 0.01 + 1e-12);
            assert_near(tend__ddsketch_quantile(sketch, 0) / x, -1.0, 0.01 + 1e-12);
            tend__ddsketch_free(sketch);
        }
    }
    struct tend__ddsketch *sketch = make(0, 0);
    const double odd[] = {0.0,      -0.0,     (double)NAN, (double)INFINITY, -(double)INFINITY,
                          4.9e-324, -DBL_MIN, DBL_MAX};
    tend__ddsketch_add_many(sketch, odd, TEND_ARRAY_LEN(odd));
    assert_true(tend__ddsketch_count(sketch) == 5);
    assert_true(tend__ddsketch_not_finite_count(sketch) == 3);
    assert_true(tend__ddsketch_quantile(sketch, 0.75) == 0.0);
    assert_near(tend__ddsketch_quantile(sketch, 1) / DBL_MAX, 1.0, 0.01);
    assert_true(isnan(tend__ddsketch_quantile(sketch, 1.01)));
    tend__ddsketch_free(sketch);
}

/* Few buckets: the upper quantiles keep their error, whatever the order, and the bytes do not
 * depend on it. */
static void joined_buckets_keep_the_tail_and_no_order(void **state)
{
    (void)state;
    static double x[N];
    static uint64_t scratch[2 * N];
    struct tend__rng rng;
    tend__rng_init(&rng, 8);
    for (size_t i = 0; i < N; i++) {
        x[i] = exp(tend__rng_normal(&rng) * 6.0);
    }
    struct tend__ddsketch *given = make(0.01, 256);
    struct tend__ddsketch *up = make(0.01, 256);
    struct tend__ddsketch *down = make(0.01, 256);
    struct tend__ddsketch *shards = make(0.01, 256);
    struct tend_error err = {0};
    tend__ddsketch_add_many(given, x, N);
    for (size_t at = 0; at < N; at += 777) {
        struct tend__ddsketch *shard = make(0.01, 256);
        tend__ddsketch_add_many(shard, x + at, N - at < 777 ? N - at : 777);
        assert_tend_ok(tend__ddsketch_merge(shards, shard, &err), &err);
        tend__ddsketch_free(shard);
    }
    tend__sort_f64(x, N, scratch);
    tend__ddsketch_add_many(up, x, N);
    for (size_t i = N; i-- > 0;) {
        tend__ddsketch_add_many(down, &x[i], 1);
    }
    assert_same_bytes(given, up);
    assert_same_bytes(given, down);
    assert_same_bytes(given, shards);
    size_t checked = 0;
    for (size_t i = N; i-- > 0 && x[i] > x[N - 1] * exp(-5.0); checked++) { /* gamma^256 = e^5.1 */
        const double q = ((double)i + 0.5) / (N - 1);
        assert_near(tend__ddsketch_quantile(given, fmin(q, 1.0)), x[i], 0.01 * x[i] * (1 + 1e-9));
    }
    assert_true(checked > 10);
    tend__ddsketch_free(given);
    tend__ddsketch_free(up);
    tend__ddsketch_free(down);
    tend__ddsketch_free(shards);
}

static void bytes_read_back_and_different_buckets_do_not_merge(void **state)
{
    (void)state;
    struct tend__ddsketch *sketch = make(0.02, 0);
    struct tend__ddsketch *other = make(0.01, 0);
    struct tend_error err = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, 9);
    for (int round = 0; round < 12; round++) {
        struct tend__ddsketch *read = NULL;
        struct tend__buf buf;
        write(sketch, &buf);
        assert_tend_ok(tend__ddsketch_read(buf.bytes, buf.len, 0, &read, &err), &err);
        assert_same_bytes(sketch, read);
        assert_tend_ok(tend__ddsketch_merge(sketch, read, &err), &err); /* of one alpha */
        tend__buf_deinit(&buf);
        tend__ddsketch_free(read);
        for (int i = 0; i < 100; i++) {
            const double x = draw_money(&rng);
            tend__ddsketch_add_many(sketch, &x, 1);
        }
    }
    assert_int_equal(tend__ddsketch_merge(sketch, other, &err), TEND_EINVAL);
    assert_non_null(strstr(err.text, "alpha 0.02 and 0.01"));
    tend__ddsketch_free(sketch);
    tend__ddsketch_free(other);
    assert_int_equal(
        tend__ddsketch_new(&(struct tend__ddsketch_options){.alpha = 0.6}, &sketch, &err),
        TEND_EINVAL);
}

static void damage_is_refused(void **state)
{
    (void)state;
    struct tend__ddsketch *sketch = make(0.05, 64);
    struct tend__ddsketch *read = NULL;
    struct tend_error err = {0};
    struct tend__buf buf;
    const double x[] = {1, 2, 3, 1000, 0, -5, -6, 1e-7};
    tend__ddsketch_add_many(sketch, x, TEND_ARRAY_LEN(x));
    write(sketch, &buf);
    size_t refused = 0;
    for (size_t len = 0; len < buf.len; len++) {
        if (tend__ddsketch_read(buf.bytes, len, 64, &read, &err) == TEND_OK) {
            tend__ddsketch_free(read); /* a message may end after any of its fields */
        } else {
            refused++;
        }
    }
    assert_true(refused >= buf.len - 4);
    for (size_t bit = 0; bit < 8 * buf.len; bit++) {
        buf.bytes[bit / 8] = (char)(buf.bytes[bit / 8] ^ (1 << bit % 8));
        if (tend__ddsketch_read(buf.bytes, buf.len, 64, &read, &err) == TEND_OK) {
            tend__ddsketch_add_many(read, x, TEND_ARRAY_LEN(x));
            (void)tend__ddsketch_quantile(read, 0.5);
            tend__ddsketch_free(read);
        }
        buf.bytes[bit / 8] = (char)(buf.bytes[bit / 8] ^ (1 << bit % 8));
    }
    tend__buf_deinit(&buf);
    tend__ddsketch_free(sketch);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend__ddsketch *sketch = make(0, 0);
    struct tend_error err = {0};
    struct tend__buf buf;
    bool failed = true;
    const double x[] = {1, -2, 0};
    tend__ddsketch_add_many(sketch, x, 3);
    write(sketch, &buf);
    for (uint64_t nth = 1; failed; nth++) {
        struct tend__ddsketch *read = NULL;
        tend__mem_fail_at(nth);
        const enum tend_code code = tend__ddsketch_read(buf.bytes, buf.len, 0, &read, &err);
        failed = tend__mem_asked() >= nth;
        tend__mem_fail_at(0);
        assert_int_equal(code, failed ? TEND_ENOMEM : TEND_OK);
        tend__ddsketch_free(read);
    }
    tend__buf_deinit(&buf);
    tend__ddsketch_free(sketch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_within_alpha_of_the_truth),
        cmocka_unit_test(the_error_holds_at_every_magnitude),
        cmocka_unit_test(joined_buckets_keep_the_tail_and_no_order),
        cmocka_unit_test(bytes_read_back_and_different_buckets_do_not_merge),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
