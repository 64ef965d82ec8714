/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h: where a profile counts: the cut points, atoms and categories of each column, fixed by a
 * reference.
 *
 * Two profiles can be added and compared when they count at the same places. A plan is those
 * places. It is made once, from the rows of a reference, and is part of every profile that follows
 * it.
 *
 * The cells of a column are disjoint and cover all its values that can be placed:
 *   number  cuts c_0 < c_1 < ... split the line into the bins (-inf, c_0], (c_0, c_1], ...,
 * (c_last, +inf). A value of much mass is an atom: it is always also a cut, and its bin is split in
 * two cells, the open interval below it and the atom itself. So cells ascend, and there are
 * cut_count + 1 + atom_count of them. bool    two cells: false, true. text    one cell a category,
 * the most frequent first (ties in byte order), and a last one for all other texts. time    24
 * cells: the hour of the day, UTC. null: no cells. vector  no cells: random
 * features are summed (sketch/random_features.h). NaN, infinities and nulls are in no
 * cell; they have their own counts.
 *
 * The builder's memory is bounded. It counts distinct values exactly while a column has at most
 * TEND_DISTINCT_MAX of them; beyond that numbers are counted on a fine grid, and what that does not
 * resolve, and texts, by a sample by hash and a linear sketch. All of these depend on the rows and
 * not on their order: any order and any division into batches gives the same plan
 * (docs/profile-format.md has the rule).
 */
#ifndef TEND_PROFILE_PLAN_H
#define TEND_PROFILE_PLAN_H

#include "base/column.h"
#include "base/fail.h"

#define TEND_PLAN_COLUMNS_MAX 4096
#define TEND_PLAN_BINS_MAX 1024
#define TEND_PLAN_CATEGORIES_MAX 65535
#define TEND_CATEGORY_BYTES_MAX 256 /* a longer text is never a category: it counts as other */
#define TEND_DISTINCT_MAX 65536

/* One column of a plan. All that it points to belongs to the plan. */
struct tend__plan_column {
    const char *name;
    enum tend_type type;
    size_t cut_count; /* numbers only, as atoms and positions */
    const double *cuts;
    size_t atom_count;
    const double *atoms;
    size_t cell_count;
    const double *cell_lows;  /* cell_count; low = high for an atom; -INFINITY first */
    const double *cell_highs; /* cell_count; INFINITY last */
    const double
        *cell_positions;   /* cell_count, ascending: mean of the reference's values in the cell */
    size_t category_count; /* texts only; cell_count = category_count + 1 */
    const struct tend__text *categories;
    uint32_t dim;           /* vectors only, as the rest: 0 where the reference has none */
    double width;           /* of the kernel (vector_plan.h) */
    size_t rank;            /* 0 where the reference's vectors are all the same */
    const double *spectrum; /* rank: eigenvalues of the features' covariance, descending, above 0 */
};

struct tend__plan;

struct tend__plan_options {
    size_t
        bin_max; /* bins of a number before atoms split them; 0 = 32; at most TEND_PLAN_BINS_MAX */
    size_t category_max; /* categories of a text besides other; 0 = 256; at most
                            TEND_PLAN_CATEGORIES_MAX */
    bool may_repeat;     /* whoever adds rows asks tend__plan_builder_repeat() after the last: the
                            plan is the same, and mostly made in a fraction of the time */
};

struct tend__plan_builder;
struct tend__profile;

/* `options` may be NULL. Field names must differ (TEND_EINVAL). */
enum tend_code tend__plan_builder_new(const struct tend__field *fields, size_t field_count,
                                      const struct tend__plan_options *options,
                                      struct tend__plan_builder **out,
                                      struct tend_error *err) TEND_NODISCARD;
void tend__plan_builder_free(struct tend__plan_builder *builder);

/* The batch must have the fields of `new` in the same order (TEND_ETYPE names the first that
 * differs). After a failure the builder can only be freed. */
enum tend_code tend__plan_builder_add(struct tend__plan_builder *builder,
                                      const struct tend__batch *batch,
                                      struct tend_error *err) TEND_NODISCARD;

/* After the last row, with may_repeat: *is_needed says that columns are left open, and all rows
 * must be added once more; the builder then looks at these columns only. Otherwise the builder is
 * as if may_repeat had not been asked for. ENOMEM. */
enum tend_code tend__plan_builder_repeat(struct tend__plan_builder *builder, bool *is_needed,
                                         struct tend_error *err) TEND_NODISCARD;

/* The caller owns one reference of *out. The builder is not changed. */
enum tend_code tend__plan_builder_finish(const struct tend__plan_builder *builder,
                                         struct tend__plan **out,
                                         struct tend_error *err) TEND_NODISCARD;

/* The profile, under `plan` (which must come from this builder), of all rows that the builder has
 * seen: the same bytes as a second pass over them would give. *complete is false and *out untouched
 * where the cells of a column are not known, so that the second pass is needed. */
enum tend_code tend__plan_builder_profile(const struct tend__plan_builder *builder,
                                          struct tend__plan *plan, struct tend__profile **out,
                                          bool *complete, struct tend_error *err) TEND_NODISCARD;

/* The same, but that the cells which are not known are 0 and vectors are not counted: is_open[i]
 * then says so of column i (the plan's number of bools), and tend__profile_add_open() counts them
 * in a second pass. */
enum tend_code tend__plan_builder_part(const struct tend__plan_builder *builder,
                                       struct tend__plan *plan, struct tend__profile **out,
                                       bool *is_open, struct tend_error *err) TEND_NODISCARD;

/* A plan is immutable and counted: ref and unref may be called from any thread. */
struct tend__plan *tend__plan_ref(struct tend__plan *plan);
void tend__plan_unref(struct tend__plan *plan); /* NULL is fine */

size_t tend__plan_column_count(const struct tend__plan *plan);
const struct tend__plan_column *tend__plan_column(const struct tend__plan *plan, size_t column_idx);
/* SIZE_MAX where no column has that name. */
size_t tend__plan_find(const struct tend__plan *plan, const char *name);

/* Equal plans have equal hashes. */
uint64_t tend__plan_hash(const struct tend__plan *plan);

/* What a plan is called where its cells are not written out: the first half of the SHA-256 of all
 * that makes plans equal, in hexadecimal. Lives as the plan does. */
#define TEND_PLAN_ID_SIZE 33
const char *tend__plan_id(const struct tend__plan *plan);

/* A plan of one column of another, with a reference of its own. */
enum tend_code tend__plan_select(const struct tend__plan *plan, size_t column_idx,
                                 struct tend__plan **out, struct tend_error *err) TEND_NODISCARD;
bool tend__plan_equal(const struct tend__plan *a, const struct tend__plan *b);

/* TEND_OK where the plans are equal; TEND_ETYPE with a text that names the first column that
 * differs, and how. */
enum tend_code tend__plan_match(const struct tend__plan *a, const struct tend__plan *b,
                                struct tend_error *err) TEND_NODISCARD;

#endif
