/* SPDX-License-Identifier: Apache-2.0 */
/* two_sample.c: see the header. */
#include "stat/two_sample.h"

#include <math.h>

void tend__two_sample_counts(const uint64_t *ref, const uint64_t *cur, const double *positions,
                             size_t n, struct tend__two_sample *out)
{
    (void)ref;
    (void)cur;
    (void)positions;
    (void)n;
    *out = (struct tend__two_sample){.p_value = 1.0};
}
