/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_fields.h: the columns of the table that a profile is (docs/profile-format.md), in one
 * place for who writes and who reads it.
 */
#ifndef TEND_PROFILE_PROFILE_FIELDS_H
#define TEND_PROFILE_PROFILE_FIELDS_H

/* X(enum name, name in the table, Arrow format, is it a list) */
#define TEND_PROFILE_FIELDS(X)                                                                     \
    X(FORMAT, "format", "l", false)                                                                \
    X(NAME, "name", "u", false)                                                                    \
    X(TYPE, "type", "u", false)                                                                    \
    X(IN_PLAN, "in_plan", "b", false)                                                              \
    X(ROWS, "row_count", "l", false)                                                               \
    X(ABSENT, "absent_count", "l", false)                                                          \
    X(TYPE_CHANGED, "type_changed_count", "l", false)                                              \
    X(TYPES_SEEN, "types_seen", "l", false)                                                        \
    X(NULLS, "null_count", "l", false)                                                             \
    X(NANS, "nan_count", "l", false)                                                               \
    X(POS_INFS, "pos_inf_count", "l", false)                                                       \
    X(NEG_INFS, "neg_inf_count", "l", false)                                                       \
    X(ZEROS, "zero_count", "l", false)                                                             \
    X(MIN, "min", "g", false)                                                                      \
    X(MAX, "max", "g", false)                                                                      \
    X(MEAN, "mean", "g", false)                                                                    \
    X(SD, "sd", "g", false)                                                                        \
    X(SUM, "sum", "g", false)                                                                      \
    X(SUM_SQUARES, "sum_squares", "g", false)                                                      \
    X(EXACT_SUM, "exact_sum", "z", false)                                                          \
    X(EXACT_SUM_SQUARES, "exact_sum_squares", "z", false)                                          \
    X(MIN_TIME, "min_time", "tsu:", false)                                                         \
    X(MAX_TIME, "max_time", "tsu:", false)                                                         \
    X(CELL_LOWS, "cell_low", "g", true)                                                            \
    X(CELL_HIGHS, "cell_high", "g", true)                                                          \
    X(CELL_POSITIONS, "cell_position", "g", true)                                                  \
    X(CATEGORIES, "category", "u", true)                                                           \
    X(COUNTS, "count", "l", true)                                                                  \
    X(OTHERS, "other_count", "l", false)                                                           \
    X(WEEKDAYS, "weekday_count", "l", true)

enum tend__profile_field {
#define TEND__FIELD(name, text, format, is_list) TEND_PROFILE_FIELD_##name,
    TEND_PROFILE_FIELDS(TEND__FIELD)
#undef TEND__FIELD
        TEND_PROFILE_FIELD_COUNT
};

#endif
