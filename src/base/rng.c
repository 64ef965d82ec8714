/* SPDX-License-Identifier: Apache-2.0 */
/* rng.c: xoshiro256** and the draws made from it; see rng.h. */
#include "base/rng.h"

#include "base/fail.h"

#include <math.h>

void tend__rng_init(struct tend__rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        rng->s[i] = z ^ (z >> 31);
    }
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t tend__rng_next(struct tend__rng *rng)
{
    uint64_t *s = rng->s;
    const uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double tend__rng_uniform(struct tend__rng *rng)
{
    return (double)(tend__rng_next(rng) >> 11) * 0x1.0p-53;
}

uint64_t tend__rng_below(struct tend__rng *rng, uint64_t bound)
{
    TEND_ASSERT(bound > 0);
    const uint64_t least = (0 - bound) % bound;
    for (;;) {
        const uint64_t x = tend__rng_next(rng);
        if (x >= least) {
            return x % bound;
        }
    }
}

double tend__rng_normal(struct tend__rng *rng)
{
    for (;;) {
        const double u = 2.0 * tend__rng_uniform(rng) - 1.0;
        const double v = 2.0 * tend__rng_uniform(rng) - 1.0;
        const double s = u * u + v * v;
        if (s > 0.0 && s < 1.0) {
            return u * sqrt(-2.0 * log(s) / s);
        }
    }
}
