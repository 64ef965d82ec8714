/* SPDX-License-Identifier: Apache-2.0 */
/* row_key.c: hashes of values, one column's after the other's. */
#include "profile/row_key.h"

#include "base/hash.h"

#include <math.h>

#define SEED_STEP UINT64_C(0x9E3779B97F4A7C15)

static void add_part(const struct tend__column *column, size_t row_idx, struct tend__key *key)
{
    const void *bytes = "";
    size_t len = 0;
    double number[2] = {0, 0}; /* and what rounding took off, where it did */
    switch (column->type) {
    case TEND_TYPE_NUMBER:
        number[0] = isnan(column->f64[row_idx]) ? (double)NAN : column->f64[row_idx] + 0.0;
        number[1] = column->rest != NULL ? column->rest[row_idx] : 0;
        bytes = number;
        len = fabs(number[1]) > 0 ? sizeof(number) : sizeof(number[0]);
        break;
    case TEND_TYPE_BOOL:
        bytes = &column->bools[row_idx];
        len = 1;
        break;
    case TEND_TYPE_TEXT:
        bytes = column->text[row_idx].ptr;
        len = column->text[row_idx].len;
        break;
    case TEND_TYPE_TIME:
        bytes = &column->time_us[row_idx];
        len = sizeof(int64_t);
        break;
    case TEND_TYPE_VECTOR: /* no key: tend__key_of() says so */
    case TEND_TYPE_NULL:
        break;
    }
    const uint64_t seed = (uint64_t)column->type + 1;
    key->hash[0] = tend__hash64(bytes, len, seed + key->hash[0]);
    key->hash[1] = tend__hash64(bytes, len, (seed ^ SEED_STEP) + key->hash[1]);
}

bool tend__key_of(const struct tend__column *columns, const size_t *idxs, size_t count,
                  size_t row_idx, struct tend__key *out)
{
    struct tend__key key = {{0, 0}};
    for (size_t i = 0; i < count; i++) {
        const struct tend__column *column = &columns[idxs[i]];
        if (column->type == TEND_TYPE_NULL || column->type == TEND_TYPE_VECTOR ||
            !tend__is_valid(column, row_idx)) {
            return false;
        }
        add_part(column, row_idx, &key);
    }
    key.hash[0] = key.hash[0] == 0 && key.hash[1] == 0 ? 1 : key.hash[0];
    *out = key;
    return true;
}
