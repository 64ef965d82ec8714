/* SPDX-License-Identifier: Apache-2.0 */
/* vector_add.c: the rows of a vector column, sorted into null, of another length, not finite, and
 * those whose features are summed. */
#include "profile/column_add.h"

static void add_row(struct tend__column_profile *profile, const struct tend__vector_adder *adder,
                    const double *x)
{
    if (adder->sample != NULL) {
        tend__vector_sample_add(adder->sample, x);
    }
    if (adder->features != NULL) {
        double *scratch = adder->room + adder->dim;
        double *z = scratch + tend__random_features_scratch(adder->features);
        tend__random_features_of(adder->features, x, scratch, z);
        tend__random_features_add(z, profile->features);
    }
}

void tend__column_add_vectors(struct tend__column_profile *profile,
                              const struct tend__vector_adder *adder,
                              const struct tend__column *column, size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        const bool is_there = tend__is_valid(column, i);
        const bool is_misfit = column->misfit != NULL && column->misfit[i] != 0;
        if (is_misfit || (is_there && column->dim != adder->dim)) {
            profile->type_changed_count++;
            profile->types_seen |= UINT32_C(1) << (uint32_t)TEND_TYPE_VECTOR;
            continue;
        }
        profile->row_count++;
        if (!is_there) {
            profile->null_count++;
        } else if (!tend__vector_row(column, i, adder->room)) {
            profile->nan_count++;
        } else {
            add_row(profile, adder, adder->room);
        }
    }
}
