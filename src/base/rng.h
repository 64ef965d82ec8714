/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng.h: random numbers as a parameter, the same on every machine.
 *
 * xoshiro256** (Blackman and Vigna 2018, "Scrambled linear pseudorandom number generators"), seeded
 * by splitmix64. Not for secrets.
 */
#ifndef TEND_BASE_RNG_H
#define TEND_BASE_RNG_H

#include <stdint.h>

struct tend__rng {
    uint64_t s[4];
};

void tend__rng_init(struct tend__rng *rng, uint64_t seed);
uint64_t tend__rng_next(struct tend__rng *rng);
double tend__rng_uniform(struct tend__rng *rng); /* [0, 1), 53 bits */

/* [0, bound), unbiased; bound > 0 */
uint64_t tend__rng_below(struct tend__rng *rng, uint64_t bound);

double tend__rng_normal(struct tend__rng *rng); /* mean 0, sd 1 (Marsaglia's polar method) */

#endif
