/* SPDX-License-Identifier: Apache-2.0 */
/* vector_add.c: the rows of a vector column, sorted into null, of another length, not finite, and
 * good. */
#include "profile/column_add.h"

#include <math.h>

#define ITEM_MAX 1e150 /* sums of products of larger items could overflow */

static bool is_good(const struct tend__column *column, size_t row_idx)
{
    const size_t from = row_idx * column->dim;
    double bad = 0;
    for (size_t k = 0; k < column->dim; k++) {
        const double item =
            column->f64 != NULL ? column->f64[from + k] : (double)column->f32[from + k];
        bad += fabs(item) <= ITEM_MAX ? 0.0 : 1.0;
    }
    return bad == 0;
}

void tend__column_add_vectors(struct tend__column_profile *profile, uint32_t dim,
                              const struct tend__column *column, size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        const bool is_there = tend__is_valid(column, i);
        const bool is_misfit = column->misfit != NULL && column->misfit[i] != 0;
        if (is_misfit || (is_there && column->dim != dim)) {
            profile->type_changed_count++;
            profile->types_seen |= UINT32_C(1) << (uint32_t)TEND_TYPE_VECTOR;
            continue;
        }
        profile->row_count++;
        profile->null_count += is_there ? 0 : 1;
        profile->nan_count += is_there && !is_good(column, i) ? 1 : 0;
    }
}
