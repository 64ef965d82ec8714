/* SPDX-License-Identifier: Apache-2.0 */
/* profile_row.h: the fields of a profile's table as Arrow sees them, and the check of a row. */
#ifndef TEND_PROFILE_PROFILE_ROW_H
#define TEND_PROFILE_PROFILE_ROW_H

#include "profile/arrow_read.h"
#include "profile/profile_fields.h"

extern const struct tend__arrow_field tend__profile_fields[TEND_PROFILE_FIELD_COUNT];

/*
 * A hash of everything in a row but its check, in 32 bits and never negative: a bit that flipped in
 * a file does not go unseen just because the number that it made is possible. It is no signature.
 * The sum of the fields' hashes, each seeded by the field's name, so that a later release may order
 * fields otherwise; a null counts nothing. TEND_ECORRUPT where a value is out of its buffer.
 */
enum tend_code tend__profile_row_check(const struct tend__arrow_cursor *cursors, size_t row_idx,
                                       int64_t *out, struct tend_error *err) TEND_NODISCARD;

/* The hash of a row's label and plan: rows of one profile have the same. */
enum tend_code tend__profile_row_key(const struct tend__arrow_cursor *cursors, size_t row_idx,
                                     uint64_t *out, struct tend_error *err) TEND_NODISCARD;

#endif
