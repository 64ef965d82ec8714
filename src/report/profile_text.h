/* SPDX-License-Identifier: Apache-2.0 */
/* profile_text.h: a profile as JSON and as a table, for show, profile, merge and check. */
#ifndef TEND_REPORT_PROFILE_TEXT_H
#define TEND_REPORT_PROFILE_TEXT_H

#include "base/json_write.h"
#include "report/render.h"
#include "profile/profile.h"

/* The object {"count", "nulls", "mean", ...} of one column; the same in every command's JSON. */
void tend__profile_column_json(const struct tend__profile *profile, size_t column_idx,
                               struct tend__json_writer *w);

/* Members "rows", "columns" and "new_columns" of the object that is open. `with_cells` adds every
 * cell. */
void tend__profile_json(const struct tend__profile *profile, bool with_cells,
                        struct tend__json_writer *w);

/* One row a column of the data. */
enum tend_code tend__profile_as_table(const struct tend__profile *profile, bool utf8,
                                      struct tend__table *table,
                                      struct tend_error *err) TEND_NODISCARD;

#endif
