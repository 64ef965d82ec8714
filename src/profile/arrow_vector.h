/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrow_vector.h: Arrow lists of float32 or float64 as a column of vectors.
 *
 * A fixed-size list says its length in the schema. Of a list, or large list, the first row that has
 * items says it, and rows of another length are misfits from then on. Items are not copied where
 * they lie as a vector column wants them: no item is null, and in a list no row is null or a
 * misfit. arrow_in.c is the only user.
 */
#ifndef TEND_PROFILE_ARROW_VECTOR_H
#define TEND_PROFILE_ARROW_VECTOR_H

#include "base/column.h"
#include "base/fail.h"
#include "tend/arrow.h"

/* What is known of one column, and memory that is used again. */
struct tend__arrow_vector {
    bool is_fixed;
    bool is_large; /* 64-bit offsets */
    bool is_double;
    uint32_t dim; /* 0: no row with items has come */
    void *items;
    size_t items_cap; /* bytes */
    uint8_t *misfit;
    size_t misfit_cap;
};

/* Whether a column's schema is a list of floats. TEND_ETYPE where it is, and its length is not in
 * 1..TEND_VECTOR_DIM_MAX; `name` is for the text. */
enum tend_code tend__arrow_vector_init(struct tend__arrow_vector *vector,
                                       const struct tend_arrow_schema *schema, const char *name,
                                       bool *is_vector, struct tend_error *err) TEND_NODISCARD;
void tend__arrow_vector_deinit(struct tend__arrow_vector *vector);

/* Rows begin .. begin + count of an array, counted from its offset. `valid` has the validity of
 * each (1 = present). */
struct tend__arrow_rows {
    const struct tend_arrow_array *array;
    size_t begin;
    size_t count;
    uint8_t *valid;
    bool has_null;
};

/* Fills the column's f64 or f32, misfit and dim; misfits become invalid. The array's own length and
 * buffers are checked by the caller. TEND_EINVAL where the items are missing, TEND_ECORRUPT where a
 * row points beyond them, TEND_ENOMEM. */
enum tend_code tend__arrow_vector_read(struct tend__arrow_vector *vector,
                                       struct tend__arrow_rows *rows, struct tend__column *out,
                                       struct tend_error *err) TEND_NODISCARD;

#endif
