/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h: the mergeable summary of a set of rows, counted at the places of a plan.
 *
 * Everything in a profile is an exact count, an exact sum, a minimum or a maximum, so a merge is an
 * addition and the result depends on the set of rows only: any division of the rows and any order
 * gives the same table, byte for byte; but for the sketches, where there are any. After `new`,
 * `add` allocates only when it meets a column that the plan does not have.
 *
 * Columns are found by name. A column of the plan that a batch lacks, or has with another type,
 * does not fail: its rows are counted as absent or type_changed. A vector of another length than
 * the plan's has another type too: its row is type_changed, with the bit of TEND_TYPE_VECTOR. For
 * every column of the plan row_count of the profile = row_count + absent_count + type_changed_count
 * of the column, and row_count of the column  = null_count + nan_count + pos_inf_count +
 * neg_inf_count + the sum of cells; of a vector, null_count + nan_count + the rows that are in its
 * sums. A column of only nulls that has no type (TEND_TYPE_NULL) counts as nulls of any type.
 */
#ifndef TEND_PROFILE_PROFILE_H
#define TEND_PROFILE_PROFILE_H

#include "base/column.h"
#include "base/fail.h"
#include "profile/column_sketches.h"
#include "profile/plan.h"
#include "sketch/exact_sum.h"
#include "tend/arrow.h"

#define TEND_PROFILE_NEW_COLUMNS_MAX 256
#define TEND_PROFILE_FORMAT 2 /* format 1 is read too */

struct tend__column_profile {
    uint64_t row_count;          /* rows where the column was there with its type */
    uint64_t absent_count;       /* rows of batches without the column */
    uint64_t type_changed_count; /* rows of batches where it had another type */
    uint32_t types_seen;         /* bit (1 << enum tend_type) of each such type */
    uint64_t null_count;
    uint64_t nan_count; /* this and the next five: numbers; zero_count also for bool (false);
                           nan_count also for vectors (an item is NaN, infinite or above 1e150) */
    uint64_t pos_inf_count;
    uint64_t neg_inf_count;
    uint64_t zero_count;
    double min; /* of the finite values; NaN where there are none */
    double max;
    struct tend__exact_sum sum;         /* of the finite values */
    struct tend__exact_sum sum_squares; /* of the exact squares of the same */
    int64_t min_us;                     /* times; INT64_MAX and INT64_MIN where there are none */
    int64_t max_us;
    uint64_t hours[24];   /* times: hour of the day, UTC (the same as cells) */
    uint64_t weekdays[7]; /* times: 0 = Sunday */
    int64_t *features;    /* vectors: TEND_FEATURE_COUNT sums (sketch/random_features.h); NULL where
                             the plan has no dim, and for other types */
    size_t cell_count;    /* as the plan's column; see plan.h for what a cell is */
    uint64_t *cells;
};

/*
 * Which rows a profile is of. Zeroed: rows of any time, all of them.
 *
 * A segment is the rows where an expression is true (`segment` is its text), or the rows with one
 * value of a column (`segment_column`, `segment_value`), or all of them that have none of its
 * listed values (`segment_value` is NULL).
 */
struct tend__profile_label {
    bool has_window;
    int64_t window_start_us;   /* the first microsecond */
    int64_t window_end_us;     /* the first after it */
    const char *window_column; /* whose times these are; NULL where unknown */
    const char *segment;       /* what it is called; NULL: all rows */
    const char *segment_column;
    const char *segment_value;
};

/* A column that the data has and the plan does not. */
struct tend__new_column {
    const char *name;
    enum tend_type type; /* the smallest enum tend_type that was seen */
    uint64_t row_count;
    struct tend__column_sketches *sketches; /* owned by the profile; NULL where there are none */
};

/* Which columns have sketches beside their counts (column_sketches.h): none, those that the plan
 * does not have, or all but vectors and columns without a type. */
enum tend__sketch_scope { TEND_SKETCHES_NONE, TEND_SKETCHES_NEW_COLUMNS, TEND_SKETCHES_ALL };

struct tend__profile;

/* Takes its own reference of the plan. */
enum tend_code tend__profile_new(struct tend__plan *plan, struct tend__profile **out,
                                 struct tend_error *err) TEND_NODISCARD;
void tend__profile_free(struct tend__profile *profile);

/* Of a profile that has no rows yet; without it there are no sketches. TEND_ENOMEM. Where one of
 * two profiles that are merged has rows of a column and no sketches of them, the sum has none. */
enum tend_code tend__profile_set_sketches(struct tend__profile *profile,
                                          enum tend__sketch_scope scope,
                                          struct tend_error *err) TEND_NODISCARD;

/* Gives a profile the sketches of its plan's columns (one each, or NULL), which were made of the
 * same rows elsewhere; takes the array and what is in it. */
void tend__profile_take_sketches(struct tend__profile *profile,
                                 struct tend__column_sketches **sketches);

/* Those of a column of the plan; NULL where it has none. */
const struct tend__column_sketches *tend__profile_sketches(const struct tend__profile *profile,
                                                           size_t column_idx);

/* Adds the rows of a batch. Of columns that the plan lacks only the TEND_PROFILE_NEW_COLUMNS_MAX
 * first by name are kept. TEND_ENOMEM (the rows are then not counted). */
enum tend_code tend__profile_add(struct tend__profile *profile, const struct tend__batch *batch,
                                 struct tend_error *err) TEND_NODISCARD;

/* Counts what tend__plan_builder_part() left open, the cells of numbers and texts and all of
 * vectors, of the columns for which is_open (the plan's number of bools) says so: the second pass.
 */
void tend__profile_add_open(struct tend__profile *profile, const struct tend__batch *batch,
                            const bool *is_open);

/* Adds `from` to `into`. TEND_ETYPE names the column in which the plans differ; `into` is then
 * unchanged. Where both have a window, `into` then has the one that spans both, else none; its
 * segment stays, whatever that of `from` is. */
enum tend_code tend__profile_merge(struct tend__profile *into, const struct tend__profile *from,
                                   struct tend_error *err) TEND_NODISCARD;

uint64_t tend__profile_row_count(const struct tend__profile *profile);
struct tend__plan *tend__profile_plan(const struct tend__profile *profile); /* borrowed */
const struct tend__column_profile *tend__profile_column(const struct tend__profile *profile,
                                                        size_t column_idx);
/* Ascending by name. They live until the next add or merge. */
const struct tend__new_column *tend__profile_new_columns(const struct tend__profile *profile,
                                                         size_t *count);

/* Values that are in a cell, or vectors that are in the sums: not null, not NaN, not infinite. */
uint64_t tend__profile_value_count(const struct tend__profile *profile, size_t column_idx);

/* Of numbers and bools (0 and 1): NaN where the column has another type or no finite value. sd
 * divides by n - 1 and is 0 for one value. */
double tend__profile_mean(const struct tend__profile *profile, size_t column_idx);
double tend__profile_sd(const struct tend__profile *profile, size_t column_idx);

/* The p-quantile, p in [0, 1], of a number: linear within a bin, exponential in the first and the
 * last (by the plan's mean there), exact at the edges of cells, in an atom and at p = 0 and 1. Its
 * error is at most the width of the bin that it falls into. NaN as for the mean. */
double tend__profile_quantile(const struct tend__profile *profile, size_t column_idx, double p);

/* The label of a profile that was never labelled is zeroed. `set` copies the texts; it is for
 * whoever knows which rows were added. TEND_EINVAL where the window is empty or the segment has no
 * name. */
const struct tend__profile_label *tend__profile_label(const struct tend__profile *profile);
enum tend_code tend__profile_set_label(struct tend__profile *profile,
                                       const struct tend__profile_label *label,
                                       struct tend_error *err) TEND_NODISCARD;
/* Whether two labels name the same segment, and the same window too. */
bool tend__segment_equal(const struct tend__profile_label *a, const struct tend__profile_label *b);
bool tend__label_equal(const struct tend__profile_label *a, const struct tend__profile_label *b);

/* ---- tables: docs/profile-format.md has the columns ------------------------------------------ */

/* The profile as one Arrow struct array, a row for each column of the plan in its order, then one
 * for each new column. The caller releases both through their release callbacks. */
enum tend_code tend__profile_table(const struct tend__profile *profile,
                                   struct tend_arrow_schema *schema, struct tend_arrow_array *array,
                                   struct tend_error *err) TEND_NODISCARD;

/*
 * Many profiles of one plan as one table: all rows of a column of the data stand together, in the
 * order of the profiles. The first `full_count` profiles write out their cells; the others write
 * counts only and name the plan by its id, so that the plan is not repeated. TEND_EINVAL for no
 * profile, TEND_ETYPE where the plans differ.
 */
enum tend_code tend__profiles_table(const struct tend__profile *const *profiles, size_t count,
                                    size_t full_count, struct tend_arrow_schema *schema,
                                    struct tend_arrow_array *array,
                                    struct tend_error *err) TEND_NODISCARD;

/* Reads such a table; columns are found by name, in any order, and unknown ones are ignored. Total
 * over what the table says: TEND_ECORRUPT where a row does not make sense, is from a newer format,
 * or where there is more than one profile or only its counts. The pointers and lengths of the Arrow
 * structs themselves are trusted. */
enum tend_code tend__profile_from_table(const struct tend_arrow_schema *schema,
                                        const struct tend_arrow_array *array,
                                        struct tend__profile **out,
                                        struct tend_error *err) TEND_NODISCARD;

/* The profiles of a table, in the order in which each first stands in it. */
struct tend__profile_set {
    struct tend__profile **profiles; /* owned; one that was taken is NULL */
    size_t count;
};

struct tend__profile_set_options {
    /* The plan of rows that hold counts only; NULL: it stands in the table itself, before them. */
    struct tend__plan *plan;
    /* What those rows call it; NULL: its id. For a plan of one column of the plan that is meant. */
    const char *plan_id;
};

#define TEND_PROFILE_SET_ROW_MAX ((int64_t)1 << 24)

/* As tend__profile_from_table. options may be NULL. TEND_EINVAL where rows hold counts only and the
 * plan that they name is not at hand. Rows of different profiles may be mixed; those of one profile
 * must stand in the order of its plan. */
enum tend_code tend__profile_set_from_table(const struct tend_arrow_schema *schema,
                                            const struct tend_arrow_array *array,
                                            const struct tend__profile_set_options *options,
                                            struct tend__profile_set *out,
                                            struct tend_error *err) TEND_NODISCARD;
void tend__profile_set_deinit(struct tend__profile_set *set);

#endif
