/* SPDX-License-Identifier: Apache-2.0 */
/* random_features.c: fast Hadamard transforms between random signs, and a cosine in turns. */
#include "sketch/random_features.h"

#include "base/column.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

#define PADDED_MIN TEND_FREQUENCY_COUNT
#define ROUNDS 3
#define WIDTH_MIN 1e-100
#define SEED UINT64_C(0x74656E6464726674)

struct tend__random_features {
    size_t dim;
    size_t padded;
    double *signs; /* ROUNDS x padded; the first round's carry 1 / (2 pi p s) */
};

enum tend_code tend__random_features_new(size_t dim, double width,
                                         struct tend__random_features **out, struct tend_error *err)
{
    if (dim == 0 || dim > TEND_VECTOR_DIM_MAX || !(width >= WIDTH_MIN) || !isfinite(width)) {
        return TEND_FAIL(err, EINVAL, "no features of vectors of %zu items and a width of %g", dim,
                         width);
    }
    struct tend__random_features *features = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*features), &features, err));
    features->dim = dim;
    features->padded = PADDED_MIN;
    while (features->padded < dim) {
        features->padded *= 2;
    }
    const enum tend_code code =
        tend__mem_new(ROUNDS * features->padded, sizeof(double), &features->signs, err);
    if (code != TEND_OK) {
        tend__random_features_free(features);
        return code;
    }
    struct tend__rng rng;
    tend__rng_init(&rng, SEED ^ dim);
    const double tau = 6.283185307179586;
    const double scale = 1 / (tau * (double)features->padded) / width;
    for (size_t i = 0; i < ROUNDS * features->padded; i++) {
        const double sign = (tend__rng_next(&rng) >> 63) != 0 ? 1 : -1;
        features->signs[i] = i < features->padded ? sign * scale : sign;
    }
    *out = features;
    return TEND_OK;
}

void tend__random_features_free(struct tend__random_features *features)
{
    if (features == NULL) {
        return;
    }
    tend__mem_free(features->signs);
    tend__mem_free(features);
}

size_t tend__random_features_scratch(const struct tend__random_features *features)
{
    return features->padded;
}

/* x := H x, unscaled, for n a power of two of at least 4: two levels at a time, so that each value
 * is loaded and stored half as often. */
static void transform(double *x, size_t n)
{
    size_t half = 1;
    while (4 * half <= n) {
        for (size_t block = 0; block < n; block += 4 * half) {
            double *restrict a = x + block;
            double *restrict b = a + half;
            double *restrict c = b + half;
            double *restrict d = c + half;
            for (size_t i = 0; i < half; i++) {
                const double ab = a[i] + b[i];
                const double ab_ = a[i] - b[i];
                const double cd = c[i] + d[i];
                const double cd_ = c[i] - d[i];
                a[i] = ab + cd;
                b[i] = ab_ + cd_;
                c[i] = ab - cd;
                d[i] = ab_ - cd_;
            }
        }
        half *= 4;
    }
    if (2 * half <= n) {
        for (size_t i = 0; i < half; i++) {
            const double a = x[i];
            const double b = x[i + half];
            x[i] = a + b;
            x[i + half] = a - b;
        }
    }
}

/* sin(2 pi a) for |a| <= 1/4: Taylor's series to the 15th power, within 6e-12. */
static inline double sine_of_turn(double a)
{
    const double t = 6.283185307179586 * a;
    const double q = t * t;
    double sum = -1.0 / 1307674368000.0;
    sum = sum * q + 1.0 / 6227020800.0;
    sum = sum * q - 1.0 / 39916800.0;
    sum = sum * q + 1.0 / 362880.0;
    sum = sum * q - 1.0 / 5040.0;
    sum = sum * q + 1.0 / 120.0;
    sum = sum * q - 1.0 / 6.0;
    return t + t * q * sum;
}

void tend__random_features_of(const struct tend__random_features *features, const double *x,
                              double *scratch, double *z)
{
    const size_t padded = features->padded;
    const double *signs = features->signs;
    for (size_t i = 0; i < features->dim; i++) {
        scratch[i] = signs[i] * x[i];
    }
    memset(scratch + features->dim, 0, (padded - features->dim) * sizeof(*scratch));
    transform(scratch, padded);
    for (size_t round = 1; round < ROUNDS; round++) {
        signs += padded;
        for (size_t i = 0; i < padded; i++) {
            scratch[i] *= signs[i];
        }
        transform(scratch, padded);
    }
    for (size_t k = 0; k < TEND_FREQUENCY_COUNT; k++) {
        const double turn = scratch[k];
        const double part = turn - floor(turn + 0.5); /* -1/2 .. 1/2 */
        const double size = fabs(part);
        const double folded = size > 0.25 ? 0.5 - size : size;
        z[k] = sine_of_turn(0.25 - size);
        z[TEND_FREQUENCY_COUNT + k] = copysign(sine_of_turn(folded), part);
    }
}

void tend__random_features_add(const double *z, int64_t *sums)
{
    /* Adding 1.5 x 2^52 leaves the nearest whole number in the low bits. */
    const double magic = 6755399441055744.0;
    int64_t magic_bits = 0;
    memcpy(&magic_bits, &magic, sizeof(magic_bits));
    for (size_t k = 0; k < TEND_FEATURE_COUNT; k++) {
        const double shifted = z[k] * TEND_FEATURE_UNIT + magic;
        int64_t bits = 0;
        memcpy(&bits, &shifted, sizeof(bits));
        sums[k] += bits - magic_bits;
    }
}
