/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h: the mergeable summary of a set of rows, and the plan that says where it counts.
 *
 * A plan is the cut points, atoms and categories of each column, fixed by a reference; profiles of
 * one plan add and compare exactly. Any division of the rows and any order gives the same profile,
 * byte for byte. docs/profile-format.md has what is kept.
 *
 * Threads: a plan is immutable and may be shared. A profile may be read by many threads at once
 * while nobody adds to it; different profiles of one plan may be filled at once and then merged.
 */
#ifndef TEND_PROFILE_H
#define TEND_PROFILE_H

#include "tend/arrow.h"
#include "tend/error.h"
#include "tend/export.h"
#include "tend/rows.h"
#include "tend/text.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tend_plan;
struct tend_profile;

/* Zero is the default. */
struct tend_plan_options {
    size_t bin_max;      /* bins of a number before atoms split them; 0 = 32, at most 1024 */
    size_t category_max; /* categories of a text besides the rest; 0 = 256, at most 65535 */
};

/* ---- plans ---- */

/* The plan that these rows make; one pass. `options` may be NULL. TEND_EINVAL where there is no
 * row, two columns have one name or an option is out of range; TEND_ETYPE. */
TEND_API enum tend_code tend_plan_new(const struct tend_rows *rows,
                                      const struct tend_plan_options *options,
                                      struct tend_plan **out, struct tend_error *err) TEND_CHECKED;
/* NULL is fine. Profiles keep what they need of their plan. */
TEND_API void tend_plan_free(struct tend_plan *plan);

TEND_API size_t tend_plan_column_count(const struct tend_plan *plan);
TEND_API const char *tend_plan_column_name(const struct tend_plan *plan, size_t column_idx);
/* Equal plans have equal hashes. */
TEND_API uint64_t tend_plan_hash(const struct tend_plan *plan);

/* ---- making profiles ---- */

/* An empty profile that counts at the plan's places. */
TEND_API enum tend_code tend_profile_new(const struct tend_plan *plan, struct tend_profile **out,
                                         struct tend_error *err) TEND_CHECKED;

/* Adds rows, in one pass. Columns are found by name; one that is missing, new or of another type is
 * counted as such and is no failure. After a failure the profile may hold a part of the rows. */
TEND_API enum tend_code tend_profile_add(struct tend_profile *profile, const struct tend_rows *rows,
                                         struct tend_error *err) TEND_CHECKED;

/* Plan and profile of the same rows: one pass where no column has more than 65,536 distinct
 * values, else two. As tend_plan_new. */
TEND_API enum tend_code tend_profile_from_rows(const struct tend_rows *rows,
                                               const struct tend_plan_options *options,
                                               struct tend_profile **out,
                                               struct tend_error *err) TEND_CHECKED;

/* Adds `from` to `into`. TEND_ETYPE names the first column in which the plans differ, and how;
 * `into` is then unchanged. */
TEND_API enum tend_code tend_profile_merge(struct tend_profile *into,
                                           const struct tend_profile *from,
                                           struct tend_error *err) TEND_CHECKED;

/* A profile of its own with the same rows. */
TEND_API enum tend_code tend_profile_copy(const struct tend_profile *profile,
                                          struct tend_profile **out,
                                          struct tend_error *err) TEND_CHECKED;

/* NULL is fine. */
TEND_API void tend_profile_free(struct tend_profile *profile);

/* ---- asking ---- */

/* A plan of the caller's own, to be freed. */
TEND_API enum tend_code tend_profile_plan(const struct tend_profile *profile,
                                          struct tend_plan **out,
                                          struct tend_error *err) TEND_CHECKED;

TEND_API uint64_t tend_profile_row_count(const struct tend_profile *profile);
TEND_API size_t tend_profile_column_count(const struct tend_profile *profile);

/* What is not there (the mean of a text) is NaN. */
struct tend_profile_column {
    const char *name;            /* lives as long as the profile */
    const char *type;            /* "number", "bool", "text", "time", "vector" or "null" */
    uint64_t row_count;          /* rows that had the column with its type */
    uint64_t absent_count;       /* rows of batches without it */
    uint64_t type_changed_count; /* rows of batches where it had another type */
    uint64_t null_count;
    uint64_t nan_count;
    uint64_t infinite_count;
    uint64_t zero_count;
    double min; /* of the finite values; times in microseconds since 1970 UTC */
    double max;
    double mean;
    double sd;
};

/* column_idx below tend_profile_column_count (TEND_EINVAL). */
TEND_API enum tend_code tend_profile_column_read(const struct tend_profile *profile,
                                                 size_t column_idx, struct tend_profile_column *out,
                                                 struct tend_error *err) TEND_CHECKED;

/* SIZE_MAX where no column of the plan has that name. */
TEND_API size_t tend_profile_find(const struct tend_profile *profile, const char *name);

/* The p-quantile of a number, p in [0, 1]; within the width of the bin that it falls into. NaN for
 * columns that are no numbers, or have no finite value. */
TEND_API double tend_profile_quantile(const struct tend_profile *profile, size_t column_idx,
                                      double p);

/* The document tend.profile/1, as `tend profile --json` prints it, with every cell; and one
 * self-contained HTML page. */
TEND_API enum tend_code tend_profile_json(const struct tend_profile *profile, struct tend_text *out,
                                          struct tend_error *err) TEND_CHECKED;
TEND_API enum tend_code tend_profile_html(const struct tend_profile *profile, struct tend_text *out,
                                          struct tend_error *err) TEND_CHECKED;

/* ---- keeping ---- */

/* The table of docs/profile-format.md as one Arrow struct array; the caller releases both. */
TEND_API enum tend_code tend_profile_to_table(const struct tend_profile *profile,
                                              struct tend_arrow_schema *schema,
                                              struct tend_arrow_array *array,
                                              struct tend_error *err) TEND_CHECKED;

/* Reads such a table, from wherever it was kept; unknown columns are ignored. Schema and array stay
 * the caller's. TEND_ECORRUPT says what does not make sense. */
TEND_API enum tend_code tend_profile_from_table(const struct tend_arrow_schema *schema,
                                                const struct tend_arrow_array *array,
                                                struct tend_profile **out,
                                                struct tend_error *err) TEND_CHECKED;

/* The same table as bytes with a checksum (docs/c-api.md has the layout), for where there is no
 * Parquet. Equal profiles give equal bytes. TEND_ECORRUPT for bytes that are cut, changed or of a
 * newer version; never a crash. */
TEND_API enum tend_code tend_profile_to_bytes(const struct tend_profile *profile,
                                              struct tend_text *out,
                                              struct tend_error *err) TEND_CHECKED;
TEND_API enum tend_code tend_profile_from_bytes(const void *bytes, size_t len,
                                                struct tend_profile **out,
                                                struct tend_error *err) TEND_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
