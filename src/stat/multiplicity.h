/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multiplicity.h: many tests at once.
 *
 * Benjamini and Hochberg (1995), "Controlling the false discovery rate": the q-value of a test is
 * the smallest rate of false discoveries at which it is one: q_(k) = min over j >= k of n p_(j) /
 * j. Calling q < fdr a discovery keeps the expected share of false ones below fdr where the tests
 * are independent or positively dependent.
 */
#ifndef TEND_STAT_MULTIPLICITY_H
#define TEND_STAT_MULTIPLICITY_H

#include <stddef.h>

/* q (n values, may be p itself) from p (n values). `scratch` holds n indices. A NaN p is no test:
 * it gets q = NaN and does not count towards n. O(n log n). */
void tend__bh_qvalues(const double *p, size_t n, double *q, size_t *scratch);

#endif
