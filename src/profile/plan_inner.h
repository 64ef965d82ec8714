/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_inner.h: a plan as the files of this folder see it: the columns, and beside each what makes
 * finding the cell of a value fast.
 */
#ifndef TEND_PROFILE_PLAN_INNER_H
#define TEND_PROFILE_PLAN_INNER_H

#include "profile/plan.h"
#include "profile/text_key.h"
#include "sketch/kernel.h"
#include "sketch/random_features.h"

#include <stdatomic.h>

#define TEND_WHOLE_CELLS_MAX 16384
#define TEND_HOUR_COUNT 24

/* Derived from the column; not part of what makes plans equal. */
struct tend__cell_finder {
    const struct tend__kernel *kernel; /* chosen once a plan */
    /* Numbers: the cuts with infinities after them, search_count = a power of two - 1. */
    size_t search_count;
    double *search;
    size_t cut_count;
    size_t atom_count;
    const double *atoms;   /* the column's */
    double *atom_of_bin;   /* cut_count + 1: the atom that ends the bin, or NaN */
    uint32_t *cell_of_bin; /* cut_count + 1: the bin's first cell */
    /* The cell of each whole number from whole_low on, where the cuts span few enough; else NULL.
     * Numbers beyond either end have the cell of that end. */
    double whole_low;
    double whole_high;
    uint16_t *whole_cells;
    struct tend__text_map map;              /* texts */
    struct tend__random_features *features; /* vectors, where dim > 0 */
};

struct tend__plan {
    atomic_size_t ref_count;
    uint64_t hash; /* the first bytes of the id */
    char id[TEND_PLAN_ID_SIZE];
    size_t column_count;
    struct tend__plan_column *columns;
    struct tend__cell_finder *finders;
};

/* What a column of a plan is made of; everything is copied. */
struct tend__plan_source {
    const char *name;
    enum tend_type type;
    size_t cell_count; /* numbers: the next three have this many */
    const double *cell_lows;
    const double *cell_highs;
    const double *cell_positions;
    size_t category_count;
    const struct tend__text *categories;
    uint32_t dim; /* vectors, as the rest */
    double width;
    size_t rank;
    const double *spectrum;
};

/* Checks everything that plan.h promises of a column: TEND_ECORRUPT with the column's name where it
 * does not hold; TEND_ELIMIT, TEND_ENOMEM. */
enum tend_code tend__plan_new(const struct tend__plan_source *sources, size_t count,
                              struct tend__plan **out, struct tend_error *err) TEND_NODISCARD;

/* The cells of n finite numbers. `all_whole`: all are whole and within 2^20 of 0. */
void tend__plan_count_numbers(const struct tend__cell_finder *finder, const double *x, size_t n,
                              bool all_whole, uint64_t *cells);

/* The cell of x + rest, where x is the nearest double to that: never an atom's with a rest. */
size_t tend__plan_rest_cell(const struct tend__cell_finder *finder, double x, double rest);

/* The cell of one finite number. */
size_t tend__plan_number_cell(const struct tend__cell_finder *finder, double x);

#endif
