/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_sketches.c: which columns of a profile have sketches, and what becomes of them when
 * profiles are added.
 *
 * A sketch is of all rows that its column has in the profile, or there is none. So where one of two
 * profiles has rows of a column and no sketch of them, the sum has none either.
 */
#include "profile/profile.h"

#include "base/mem.h"
#include "profile/profile_inner.h"
#include "profile/plan_inner.h"

#include <string.h>

static bool has_sketches(enum tend_type type)
{
    return type != TEND_TYPE_VECTOR && type != TEND_TYPE_NULL;
}

static enum tend_code fill_scope(struct tend__profile *profile, struct tend_error *err)
{
    const struct tend__plan *plan = profile->plan;
    TEND_TRY(
        tend__mem_new(plan->column_count, sizeof(*profile->sketches), &profile->sketches, err));
    for (size_t i = 0; i < plan->column_count; i++) {
        if (has_sketches(plan->columns[i].type)) {
            TEND_TRY(tend__column_sketches_new(&profile->sketches[i], err));
            TEND_TRY(tend__column_sketches_meet(profile->sketches[i], plan->columns[i].type, err));
        }
    }
    return TEND_OK;
}

void tend__profile_free_sketches(struct tend__profile *profile)
{
    for (size_t i = 0; profile->sketches != NULL && i < profile->plan->column_count; i++) {
        tend__column_sketches_free(profile->sketches[i]);
    }
    tend__mem_free(profile->sketches);
    profile->sketches = NULL;
}

enum tend_code tend__profile_set_sketches(struct tend__profile *profile,
                                          enum tend__sketch_scope scope, struct tend_error *err)
{
    TEND_ASSERT(profile->row_count == 0 && profile->sketches == NULL);
    profile->sketch_scope = scope;
    if (scope != TEND_SKETCHES_ALL) {
        return TEND_OK;
    }
    const enum tend_code code = fill_scope(profile, err);
    if (code != TEND_OK) {
        tend__profile_free_sketches(profile);
    }
    return code;
}

void tend__profile_take_sketches(struct tend__profile *profile,
                                 struct tend__column_sketches **sketches)
{
    tend__profile_free_sketches(profile);
    profile->sketch_scope = TEND_SKETCHES_ALL;
    profile->sketches = sketches;
}

const struct tend__column_sketches *tend__profile_sketches(const struct tend__profile *profile,
                                                           size_t column_idx)
{
    return profile->sketches == NULL ? NULL : profile->sketches[column_idx];
}

enum tend_code tend__profile_meet_new(const struct tend__profile *profile,
                                      struct tend__new_column *column, enum tend_type type,
                                      struct tend_error *err)
{
    if (profile->sketch_scope == TEND_SKETCHES_NONE || type == TEND_TYPE_VECTOR ||
        (column->sketches == NULL && column->row_count > 0)) {
        return TEND_OK;
    }
    if (column->sketches == NULL) {
        TEND_TRY(tend__column_sketches_new(&column->sketches, err));
    }
    return tend__column_sketches_meet(column->sketches, type, err);
}

/* Makes room in *into for what `from` has, where the sum will have it. */
static enum tend_code prepare(struct tend__column_sketches **into, bool into_has_rows,
                              const struct tend__column_sketches *from, struct tend_error *err)
{
    if (from == NULL || (*into == NULL && into_has_rows)) {
        return TEND_OK;
    }
    if (*into == NULL) {
        TEND_TRY(tend__column_sketches_new(into, err));
    }
    return tend__column_sketches_prepare(*into, from, err);
}

static void merge(struct tend__column_sketches **into, const struct tend__column_sketches *from,
                  bool from_has_rows)
{
    if (from != NULL && *into != NULL) {
        tend__column_sketches_merge(*into, from);
    } else if (from_has_rows) {
        tend__column_sketches_free(*into);
        *into = NULL;
    }
}

enum tend_code tend__profile_prepare_sketches(struct tend__profile *into,
                                              const struct tend__profile *from,
                                              struct tend_error *err)
{
    const size_t count = into->plan->column_count;
    if (into->sketches == NULL && from->sketches != NULL) {
        TEND_TRY(tend__mem_new(count, sizeof(*into->sketches), &into->sketches, err));
    }
    for (size_t i = 0; from->sketches != NULL && i < count; i++) {
        TEND_TRY(
            prepare(&into->sketches[i], into->columns[i].row_count > 0, from->sketches[i], err));
    }
    for (size_t i = 0; i < from->new_count; i++) {
        struct tend__new_column *column = tend__profile_find_new(into, from->new_columns[i].name);
        if (column != NULL) {
            TEND_TRY(prepare(&column->sketches, column->row_count > 0,
                             from->new_columns[i].sketches, err));
        }
    }
    return TEND_OK;
}

void tend__profile_merge_sketches(struct tend__profile *into, const struct tend__profile *from)
{
    for (size_t i = 0; into->sketches != NULL && i < into->plan->column_count; i++) {
        merge(&into->sketches[i], tend__profile_sketches(from, i), from->columns[i].row_count > 0);
    }
    for (size_t i = 0; i < from->new_count; i++) {
        struct tend__new_column *column = tend__profile_find_new(into, from->new_columns[i].name);
        if (column != NULL) {
            merge(&column->sketches, from->new_columns[i].sketches,
                  from->new_columns[i].row_count > 0);
        }
    }
}
