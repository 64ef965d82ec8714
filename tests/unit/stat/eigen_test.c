/* SPDX-License-Identifier: Apache-2.0 */
/* eigen_test.c: eigenvalues against closed forms, eigenvectors by what defines them. */
#include "unit.h"

#include "base/compiler.h"
#include "base/rng.h"
#include "stat/eigen.h"

#include <math.h>
#include <string.h>

#define N_MAX 70

static double a[N_MAX * N_MAX];
static double kept[N_MAX * N_MAX];
static double values[N_MAX];
static double scratch[N_MAX];

/* The second difference matrix has the eigenvalues 2 - 2 cos(k pi / (n + 1)). */
static void second_differences_have_known_eigenvalues(void **state)
{
    (void)state;
    for (size_t n = 1; n <= N_MAX; n++) {
        for (int has_vectors = 0; has_vectors < 2; has_vectors++) {
            for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j < n; j++) {
                    a[i * n + j] = i == j ? 2 : (i + 1 == j || j + 1 == i ? -1 : 0);
                }
            }
            tend__symmetric_eigen(a, n, has_vectors != 0, values, scratch);
            for (size_t k = 0; k < n; k++) {
                const double expected = 2 - 2 * cos((double)(n - k) * acos(-1.0) / (double)(n + 1));
                assert_near(values[k], expected, 1e-13);
            }
        }
    }
}

static void check_vectors(size_t n, double norm)
{
    for (size_t k = 0; k < n; k++) {
        const double *v = a + k * n;
        for (size_t i = 0; i < n; i++) {
            double product = 0;
            for (size_t j = 0; j < n; j++) {
                product += kept[i * n + j] * v[j];
            }
            assert_near(product, values[k] * v[i], 1e-13 * norm * (double)n);
        }
        for (size_t other = 0; other <= k; other++) {
            double dot = 0;
            for (size_t j = 0; j < n; j++) {
                dot += v[j] * a[other * n + j];
            }
            assert_near(dot, other == k ? 1.0 : 0.0, 1e-13 * (double)n);
        }
        assert_true(k == 0 || values[k] <= values[k - 1]);
    }
}

/* Random ones of several kinds: full, of low rank, with repeated eigenvalues, zero, huge, tiny. */
static void vectors_are_orthonormal_and_map_to_their_multiples(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 7);
    for (size_t round = 0; round < 120; round++) {
        const size_t n = 1 + (size_t)tend__rng_below(&rng, round < 110 ? 20 : N_MAX);
        const size_t rank = round % 4 == 0 ? n / 3 : n;
        const double scale = round % 5 == 0 ? 1e150 : round % 5 == 1 ? 1e-150 : 1;
        double norm = 0;
        memset(a, 0, sizeof(a));
        for (size_t r = 0; r < rank; r++) {
            double x[N_MAX];
            for (size_t i = 0; i < n; i++) {
                x[i] = round % 6 == 0 ? (double)(i == r) : tend__rng_normal(&rng);
            }
            for (size_t i = 0; i < n * n; i++) {
                a[i] += scale * x[i / n] * x[i % n] * (r % 2 == 0 ? 1 : -0.5);
            }
        }
        double trace = 0;
        for (size_t i = 0; i < n * n; i++) {
            norm = fabs(a[i]) > norm ? fabs(a[i]) : norm;
            trace += i % (n + 1) == 0 ? a[i] : 0;
        }
        memcpy(kept, a, sizeof(a));
        tend__symmetric_eigen(a, n, true, values, scratch);
        check_vectors(n, norm);
        for (size_t k = 0; k < n; k++) {
            trace -= values[k];
        }
        assert_near(trace, 0, 1e-13 * norm * (double)n);
    }
    tend__symmetric_eigen(a, 0, true, values, scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(second_differences_have_known_eigenvalues),
        cmocka_unit_test(vectors_are_orthonormal_and_map_to_their_multiples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
