/* SPDX-License-Identifier: Apache-2.0 */
/* random_features_test.c: the fast transform against the plain product of its matrices, inner
 * products against the kernel, and exact sums. */
#include "unit.h"

#include "base/compiler.h"
#include "base/mem.h"
#include "base/rng.h"
#include "sketch/random_features.h"

#include <math.h>
#include <string.h>

#define DIM_MAX 700
#define PADDED_MAX 1024

static double x[DIM_MAX];
static double y[DIM_MAX];
static double scratch[PADDED_MAX];
static double zx[TEND_FEATURE_COUNT];
static double zy[TEND_FEATURE_COUNT];

static struct tend__random_features *make(size_t dim, double width)
{
    struct tend_error err = {0};
    struct tend__random_features *features = NULL;
    assert_tend_ok(tend__random_features_new(dim, width, &features, &err), &err);
    assert_true(tend__random_features_scratch(features) <= PADDED_MAX);
    return features;
}

/* Row k, column j of the Hadamard matrix: the parity of the bits that both have. */
static double hadamard(size_t k, size_t j)
{
    return __builtin_popcountll((unsigned long long)(k & j)) % 2 == 0 ? 1 : -1;
}

/* The same as the code, by its definition: the signs as rng.h gives them, products one by one. */
static void plain_features(size_t dim, double width, const double *in, double *z)
{
    static double now[PADDED_MAX];
    static double next[PADDED_MAX];
    size_t p = TEND_FREQUENCY_COUNT;
    struct tend__rng rng;
    while (p < dim) {
        p *= 2;
    }
    tend__rng_init(&rng, UINT64_C(0x74656E6464726674) ^ dim);
    memset(now, 0, sizeof(now));
    memcpy(now, in, dim * sizeof(*in));
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < p; i++) {
            now[i] *= (tend__rng_next(&rng) >> 63) != 0 ? 1 : -1;
        }
        for (size_t i = 0; i < p; i++) {
            next[i] = 0;
            for (size_t j = 0; j < p; j++) {
                next[i] += hadamard(i, j) * now[j];
            }
        }
        memcpy(now, next, sizeof(now));
    }
    for (size_t k = 0; k < TEND_FREQUENCY_COUNT; k++) {
        z[k] = cos(now[k] / ((double)p * width));
        z[TEND_FREQUENCY_COUNT + k] = sin(now[k] / ((double)p * width));
    }
}

static void the_fast_transform_is_the_product_of_its_matrices(void **state)
{
    (void)state;
    const size_t dims[] = {1, 2, 3, 64, 127, 128, 129, 384, 512, 700};
    struct tend__rng rng;
    tend__rng_init(&rng, 1);
    for (size_t d = 0; d < TEND_ARRAY_LEN(dims); d++) {
        const double width = 0.3 + tend__rng_uniform(&rng) * 10;
        struct tend__random_features *features = make(dims[d], width);
        for (size_t i = 0; i < dims[d]; i++) {
            x[i] = tend__rng_normal(&rng);
        }
        tend__random_features_of(features, x, scratch, zx);
        plain_features(dims[d], width, x, zy);
        for (size_t k = 0; k < TEND_FEATURE_COUNT; k++) {
            assert_near(zx[k], zy[k], 1e-11);
        }
        tend__random_features_free(features);
    }
}

/* The mean error over pairs is 1 / sqrt(2 F) at most (Sutherland and Schneider, 2015: the variance
 * of a pair's estimate is (1 + k(2d) - 2 k(d)^2) / 2 F). */
static void inner_products_are_near_the_kernel(void **state)
{
    (void)state;
    const size_t dims[] = {2, 16, 384};
    struct tend__rng rng;
    tend__rng_init(&rng, 2);
    for (size_t d = 0; d < TEND_ARRAY_LEN(dims); d++) {
        const size_t dim = dims[d];
        const double width = sqrt(2.0 * (double)dim);
        struct tend__random_features *features = make(dim, width);
        double squares = 0;
        for (size_t pair = 0; pair < 500; pair++) {
            double distance2 = 0;
            for (size_t i = 0; i < dim; i++) {
                x[i] = tend__rng_normal(&rng);
                y[i] = tend__rng_normal(&rng);
                distance2 += (x[i] - y[i]) * (x[i] - y[i]);
            }
            double product = 0;
            tend__random_features_of(features, x, scratch, zx);
            tend__random_features_of(features, y, scratch, zy);
            for (size_t k = 0; k < TEND_FEATURE_COUNT; k++) {
                product += zx[k] * zy[k] / TEND_FREQUENCY_COUNT;
            }
            const double error = product - exp(-distance2 / (2 * width * width));
            squares += error * error;
        }
        assert_true(sqrt(squares / 500) < 1.3 / sqrt(2.0 * TEND_FREQUENCY_COUNT));
        tend__random_features_free(features);
    }
}

static void sums_are_those_of_the_rounded_features_in_any_order(void **state)
{
    (void)state;
    static double rows[50][TEND_FEATURE_COUNT];
    static int64_t forward[TEND_FEATURE_COUNT];
    static int64_t backward[TEND_FEATURE_COUNT];
    struct tend__rng rng;
    tend__rng_init(&rng, 3);
    memset(forward, 0, sizeof(forward));
    memset(backward, 0, sizeof(backward));
    for (size_t i = 0; i < 50; i++) {
        for (size_t k = 0; k < TEND_FEATURE_COUNT; k++) {
            rows[i][k] = i == 0 ? 1 : i == 1 ? -1 : 2 * tend__rng_uniform(&rng) - 1;
        }
        tend__random_features_add(rows[i], forward);
    }
    for (size_t i = 50; i-- > 0;) {
        tend__random_features_add(rows[i], backward);
    }
    assert_memory_equal(forward, backward, sizeof(forward));
    for (size_t k = 0; k < TEND_FEATURE_COUNT; k++) {
        int64_t sum = 0;
        for (size_t i = 0; i < 50; i++) {
            sum += (int64_t)nearbyint(rows[i][k] * TEND_FEATURE_UNIT);
        }
        assert_true(sum == forward[k]);
    }
}

static void bad_shapes_are_refused_and_failed_allocations_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__random_features *features = NULL;
    const double widths[] = {0, -1, (double)NAN, (double)INFINITY, 1e-200};
    for (size_t i = 0; i < TEND_ARRAY_LEN(widths); i++) {
        assert_int_equal(tend__random_features_new(3, widths[i], &features, &err), TEND_EINVAL);
    }
    assert_int_equal(tend__random_features_new(0, 1, &features, &err), TEND_EINVAL);
    assert_int_equal(tend__random_features_new(8193, 1, &features, &err), TEND_EINVAL);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        tend__mem_fail_at(nth);
        assert_int_equal(tend__random_features_new(3, 1, &features, &err), TEND_ENOMEM);
        tend__mem_fail_at(0);
    }
    assert_null(features);
    tend__random_features_free(NULL);
    /* The largest items that are let in, and the narrowest kernel, still give features. */
    features = make(DIM_MAX, 1e-100);
    for (size_t i = 0; i < DIM_MAX; i++) {
        x[i] = i % 2 == 0 ? 1e150 : -1e150;
    }
    tend__random_features_of(features, x, scratch, zx);
    for (size_t k = 0; k < TEND_FEATURE_COUNT; k++) {
        assert_true(fabs(zx[k]) <= 1 + 1e-11);
    }
    tend__random_features_free(features);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fast_transform_is_the_product_of_its_matrices),
        cmocka_unit_test(inner_products_are_near_the_kernel),
        cmocka_unit_test(sums_are_those_of_the_rounded_features_in_any_order),
        cmocka_unit_test(bad_shapes_are_refused_and_failed_allocations_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
