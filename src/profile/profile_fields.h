/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_fields.h: the columns of the table that a profile is (docs/profile-format.md), in one
 * place for who writes and who reads it.
 */
#ifndef TEND_PROFILE_PROFILE_FIELDS_H
#define TEND_PROFILE_PROFILE_FIELDS_H

/*
 * X(enum name, name in the table, Arrow format, is it a list, may it be missing)
 *
 * What may be missing came with format 2. A new field goes before CHECK, which is a hash of all
 * that stand before it.
 */
#define TEND_PROFILE_FIELDS(X)                                                                     \
    X(FORMAT, "format", "l", false, false)                                                         \
    X(WINDOW_START, "window_start", "tsu:", false, true)                                           \
    X(WINDOW_END, "window_end", "tsu:", false, true)                                               \
    X(WINDOW_COLUMN, "window_column", "u", false, true)                                            \
    X(SEGMENT, "segment", "u", false, true)                                                        \
    X(SEGMENT_COLUMN, "segment_column", "u", false, true)                                          \
    X(SEGMENT_VALUE, "segment_value", "u", false, true)                                            \
    X(PLAN, "plan", "u", false, true)                                                              \
    X(NAME, "name", "u", false, false)                                                             \
    X(TYPE, "type", "u", false, false)                                                             \
    X(IN_PLAN, "in_plan", "b", false, false)                                                       \
    X(ROWS, "row_count", "l", false, false)                                                        \
    X(ABSENT, "absent_count", "l", false, false)                                                   \
    X(TYPE_CHANGED, "type_changed_count", "l", false, false)                                       \
    X(TYPES_SEEN, "types_seen", "l", false, false)                                                 \
    X(NULLS, "null_count", "l", false, false)                                                      \
    X(NANS, "nan_count", "l", false, false)                                                        \
    X(POS_INFS, "pos_inf_count", "l", false, false)                                                \
    X(NEG_INFS, "neg_inf_count", "l", false, false)                                                \
    X(ZEROS, "zero_count", "l", false, false)                                                      \
    X(MIN, "min", "g", false, false)                                                               \
    X(MAX, "max", "g", false, false)                                                               \
    X(MEAN, "mean", "g", false, false)                                                             \
    X(SD, "sd", "g", false, false)                                                                 \
    X(SUM, "sum", "g", false, false)                                                               \
    X(SUM_SQUARES, "sum_squares", "g", false, false)                                               \
    X(EXACT_SUM, "exact_sum", "z", false, false)                                                   \
    X(EXACT_SUM_SQUARES, "exact_sum_squares", "z", false, false)                                   \
    X(MIN_TIME, "min_time", "tsu:", false, false)                                                  \
    X(MAX_TIME, "max_time", "tsu:", false, false)                                                  \
    X(CELL_LOWS, "cell_low", "g", true, false)                                                     \
    X(CELL_HIGHS, "cell_high", "g", true, false)                                                   \
    X(CELL_POSITIONS, "cell_position", "g", true, false)                                           \
    X(CATEGORIES, "category", "u", true, false)                                                    \
    X(COUNTS, "count", "l", true, false)                                                           \
    X(OTHERS, "other_count", "l", false, false)                                                    \
    X(WEEKDAYS, "weekday_count", "l", true, false)                                                 \
    X(VECTOR_DIM, "vector_dim", "l", false, true)                                                  \
    X(VECTOR_WIDTH, "vector_width", "g", false, true)                                              \
    X(VECTOR_SPECTRUM, "vector_spectrum", "g", true, true)                                         \
    X(VECTOR_SUMS, "vector_sum", "l", true, true)                                                  \
    X(KLL, "kll", "z", false, true)                                                                \
    X(HLL, "hll", "z", false, true)                                                                \
    X(FREQUENT_ITEMS, "frequent_items", "z", false, true)                                          \
    X(DDSKETCH, "ddsketch", "z", false, true)                                                      \
    X(CHECK, "check", "l", false, true)

enum tend__profile_field {
#define TEND__FIELD(name, text, format, is_list, is_optional) TEND_PROFILE_FIELD_##name,
    TEND_PROFILE_FIELDS(TEND__FIELD)
#undef TEND__FIELD
        TEND_PROFILE_FIELD_COUNT
};

#endif
