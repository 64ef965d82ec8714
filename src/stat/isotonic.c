/* SPDX-License-Identifier: Apache-2.0 */
/* isotonic.c: pool adjacent violators with a stack of blocks. */
#include "stat/isotonic.h"

void tend__isotonic(const double *y, const double *w, size_t n, double *fit,
                    struct tend__isotonic_block *scratch)
{
    size_t block_count = 0;
    for (size_t i = 0; i < n; i++) {
        const double weight = w == NULL ? 1.0 : w[i];
        if (!(weight > 0.0)) {
            continue; /* a block reaches to the start of the next, so that this value joins one */
        }
        struct tend__isotonic_block block = {.mean = y[i], .weight = weight, .start_idx = i};
        while (block_count > 0 && scratch[block_count - 1].mean >= block.mean) {
            const struct tend__isotonic_block *before = &scratch[--block_count];
            const double total = before->weight + block.weight;
            block.mean += (before->mean - block.mean) * (before->weight / total);
            block.weight = total;
            block.start_idx = before->start_idx;
        }
        scratch[block_count++] = block;
    }
    size_t b = 0;
    for (size_t i = 0; i < n; i++) {
        while (b + 1 < block_count && scratch[b + 1].start_idx <= i) {
            b++;
        }
        fit[i] = block_count > 0 ? scratch[b].mean : 0.0;
    }
}
