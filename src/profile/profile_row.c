/* SPDX-License-Identifier: Apache-2.0 */
/* profile_row.c: see the header. */
#include "profile/profile_row.h"

#include "base/hash.h"

#include <string.h>

const struct tend__arrow_field tend__profile_fields[TEND_PROFILE_FIELD_COUNT] = {
#define TEND__FIELD(name, text, format, is_list, is_optional) {text, format, is_list, is_optional},
    TEND_PROFILE_FIELDS(TEND__FIELD)
#undef TEND__FIELD
};

/* Both zeros are one number: what writes a column by a dictionary may make one of the other. */
static uint64_t hash_double(double x, uint64_t seed)
{
    const double plain = x + 0.0;
    uint64_t bits = 0;
    memcpy(&bits, &plain, sizeof(bits));
    return tend__hash64_u64(bits, seed);
}

static uint64_t hash_text(const struct tend__text *text, uint64_t seed)
{
    return tend__hash64(text->ptr, text->len, seed);
}

static enum tend_code hash_list(const struct tend__arrow_cursor *cursor, size_t row_idx,
                                uint64_t *hash, struct tend_error *err)
{
    size_t begin = 0;
    size_t count = 0;
    TEND_TRY(tend__arrow_read_list(cursor, row_idx, &begin, &count, err));
    *hash = tend__hash64_u64(count, *hash);
    for (size_t i = begin; i < begin + count; i++) {
        struct tend__text text = {0};
        switch (cursor->field->format[0]) {
        case 'g':
            *hash = hash_double(tend__arrow_item_double(cursor, i), *hash);
            break;
        case 'l':
            *hash = tend__hash64_u64((uint64_t)tend__arrow_item_int(cursor, i), *hash);
            break;
        default:
            TEND_TRY(tend__arrow_item_bytes(cursor, i, &text, err));
            *hash = hash_text(&text, *hash);
            break;
        }
    }
    return TEND_OK;
}

static enum tend_code hash_scalar(const struct tend__arrow_cursor *cursor, size_t row_idx,
                                  uint64_t *hash, struct tend_error *err)
{
    struct tend__text text = {0};
    switch (cursor->field->format[0]) {
    case 'b':
        *hash = tend__hash64_u64(tend__arrow_read_bool(cursor, row_idx) ? 1 : 0, *hash);
        return TEND_OK;
    case 'g':
        *hash = hash_double(tend__arrow_read_double(cursor, row_idx), *hash);
        return TEND_OK;
    case 'l':
    case 't':
        *hash = tend__hash64_u64((uint64_t)tend__arrow_read_int(cursor, row_idx), *hash);
        return TEND_OK;
    default:
        TEND_TRY(tend__arrow_read_bytes(cursor, row_idx, &text, err));
        *hash = hash_text(&text, *hash);
        return TEND_OK;
    }
}

static enum tend_code sum_fields(const struct tend__arrow_cursor *cursors, size_t field_count,
                                 size_t row_idx, uint64_t *out, struct tend_error *err)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < field_count; i++) {
        const struct tend__arrow_cursor *cursor = &cursors[i];
        uint64_t hash = 0;
        if (tend__arrow_is_null(cursor, row_idx)) {
            continue;
        }
        hash = tend__hash64(cursor->field->name, strlen(cursor->field->name), 0);
        TEND_TRY(cursor->field->is_list ? hash_list(cursor, row_idx, &hash, err)
                                        : hash_scalar(cursor, row_idx, &hash, err));
        sum += hash;
    }
    *out = sum;
    return TEND_OK;
}

enum tend_code tend__profile_row_check(const struct tend__arrow_cursor *cursors, size_t row_idx,
                                       int64_t *out, struct tend_error *err)
{
    uint64_t sum = 0;
    TEND_TRY(sum_fields(cursors, TEND_PROFILE_FIELD_CHECK, row_idx, &sum, err));
    *out = (int64_t)(sum >> 33);
    return TEND_OK;
}

enum tend_code tend__profile_row_key(const struct tend__arrow_cursor *cursors, size_t row_idx,
                                     uint64_t *out, struct tend_error *err)
{
    const size_t first = TEND_PROFILE_FIELD_WINDOW_START;
    return sum_fields(cursors + first, TEND_PROFILE_FIELD_NAME - first, row_idx, out, err);
}
