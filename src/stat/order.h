/* SPDX-License-Identifier: Apache-2.0 */
/* order.h: sorts indices by the values they point at, in place and without allocation. */
#ifndef TEND_STAT_ORDER_H
#define TEND_STAT_ORDER_H

#include <stddef.h>

/* Puts idx[0..count) into ascending order of x[idx], ties in ascending order of the index. No NaN.
 * O(n log n). */
void tend__order_indices(const double *x, size_t *idx, size_t count);

#endif
