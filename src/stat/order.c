/* SPDX-License-Identifier: Apache-2.0 */
/* order.c: heap sort of indices: O(n log n) in the worst case, no recursion, the same on every
 * machine. */
#include "stat/order.h"

#include <stdbool.h>

static bool comes_before(const double *x, size_t a, size_t b)
{
    return x[a] < x[b] || (x[a] == x[b] && a < b);
}

static void sift_down(const double *x, size_t *idx, size_t root, size_t count)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && comes_before(x, idx[child], idx[child + 1])) {
            child++;
        }
        if (!comes_before(x, idx[root], idx[child])) {
            return;
        }
        const size_t kept = idx[root];
        idx[root] = idx[child];
        idx[child] = kept;
        root = child;
    }
}

void tend__order_indices(const double *x, size_t *idx, size_t count)
{
    for (size_t root = count / 2; root > 0; root--) {
        sift_down(x, idx, root - 1, count);
    }
    for (size_t last = count; last > 1; last--) {
        const size_t kept = idx[0];
        idx[0] = idx[last - 1];
        idx[last - 1] = kept;
        sift_down(x, idx, 0, last - 1);
    }
}
