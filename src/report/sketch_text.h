/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sketch_text.h: what the sketches of a profile say, as JSON and as a table: distinct values with
 * their bounds, quantiles, the most frequent texts.
 */
#ifndef TEND_REPORT_SKETCH_TEXT_H
#define TEND_REPORT_SKETCH_TEXT_H

#include "base/json_write.h"
#include "profile/profile.h"
#include "report/render.h"

/* The member "sketches" of the object that is open; nothing where there are none. Where memory ends
 * the writer's buffer fails. */
void tend__sketches_json(const struct tend__column_sketches *sketches, enum tend_type type,
                         struct tend__json_writer *w);

/* Whether any column of a profile, in the plan or not, has sketches. */
bool tend__profile_has_sketches(const struct tend__profile *profile);

/* One row a column that has sketches. */
enum tend_code tend__sketches_as_table(const struct tend__profile *profile,
                                       struct tend__table *table,
                                       struct tend_error *err) TEND_NODISCARD;

#endif
