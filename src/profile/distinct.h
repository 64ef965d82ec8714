/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distinct.h: counts the distinct values of a column in bounded memory, the same in every order.
 *
 * Up to TEND_DISTINCT_MAX distinct values are counted exactly in a hash table. Beyond that two
 * summaries take over, and both depend only on which values came how often, not on the order:
 *
 * - an adaptive sample (Wegman; Flajolet 1990, "On adaptive sampling", Computing 43): only values
 *   whose hash is below a threshold stay in the table. The threshold halves whenever more than
 *   TEND_DISTINCT_MAX values are below it. A value that is in the final sample was never dropped,
 * so its count is exact.
 * - a count-min sketch (Cormode and Muthukrishnan 2005) of the values that are not in the sample,
 *   for the frequent ones among them. A value whose estimate reaches half of the share that makes
 * it frequent is remembered; at the end the estimates are read from the largest down, each taken
 * off the sketch before the next, and those of at least 1 / TEND_FREQUENT_SHARE of all are kept.
 * The estimate is at least the truth, and above it by more than 0.1% of all only if a value meets
 *   frequent ones in all of four rows.
 *
 * Whole numbers from TEND_WHOLE_MIN to TEND_WHOLE_MAX have an array of exact counts and never need
 * the table. A number is keyed by its eight bytes; -0 is a whole number, and NaN is
 * kept out by the caller.
 *
 * Memory: at most 512 KiB for whole numbers, 7 MiB for the table, 1 MiB for the sketch, and the
 * bytes of the texts in the table.
 */
#ifndef TEND_PROFILE_DISTINCT_H
#define TEND_PROFILE_DISTINCT_H

#include "base/column.h"
#include "base/fail.h"
#include "sketch/kernel.h"

#define TEND_WHOLE_MIN (-16384)
#define TEND_WHOLE_MAX 49151
#define TEND_FREQUENT_SHARE 2048

struct tend__distinct;

struct tend__distinct_value {
    struct tend__text text; /* of a text; borrowed from the counter, followed by a zero byte */
    double number;          /* of a number */
    double mean;            /* of the values it stands for */
    double weight; /* rows of it: exact, or an estimate that stands for the values not kept too */
    bool
        is_sample; /* stands for other values of its kind as well: not a frequent value by itself */
};

enum tend_code tend__distinct_new(bool is_text, struct tend__distinct **out,
                                  struct tend_error *err) TEND_NODISCARD;
void tend__distinct_free(struct tend__distinct *distinct);

/* A counter of numbers that a plan of bin_max bins is made of: beyond the table it counts in a grid
 * too (profile/grid.h). `may_repeat`: the rows can be given again, so where the grid seems to do,
 * it counts in nothing else, which is many times as fast. Before the first number. */
void tend__distinct_use_grid(struct tend__distinct *distinct, const struct tend__kernel *kernel,
                             size_t bin_max, bool may_repeat);

/* Finite numbers, at most TEND_KERNEL_BLOCK of them; their extent, or NULL where it is not known.
 */
enum tend_code tend__distinct_add_numbers(struct tend__distinct *distinct, const double *x,
                                          size_t count, const struct tend__extent *extent,
                                          struct tend_error *err) TEND_NODISCARD;

/* The grid and the small whole numbers as values that ascend: those of a bucket are one value, the
 * greatest that is counted in it, which is_sample. *will_do is false, and *out untouched, where
 * there is no grid or the grid is too coarse: a bucket with an eighth of a bin's rows, or an atom
 * inside of one. The caller frees *out. */
enum tend_code tend__distinct_bins(const struct tend__distinct *distinct,
                                   struct tend__distinct_value **out, size_t *count, bool *will_do,
                                   struct tend_error *err) TEND_NODISCARD;

/* Only the grid was kept, and it will not do: the rows must be given to another counter. */
bool tend__distinct_is_light(const struct tend__distinct *distinct);

/* The valid texts of a column. */
enum tend_code tend__distinct_add_texts(struct tend__distinct *distinct,
                                        const struct tend__column *column, size_t row_count,
                                        struct tend_error *err) TEND_NODISCARD;

/* Whether every count is exact and none is missing. */
bool tend__distinct_is_exact(const struct tend__distinct *distinct);

/* Values that came, and texts longer than TEND_CATEGORY_BYTES_MAX, which are only counted. */
uint64_t tend__distinct_total(const struct tend__distinct *distinct);
uint64_t tend__distinct_long_count(const struct tend__distinct *distinct);

/* All values that are known: numbers ascend, texts come by weight (the largest first, ties in byte
 * order). The caller frees *out, whose texts live as long as the counter. */
enum tend_code tend__distinct_values(const struct tend__distinct *distinct,
                                     struct tend__distinct_value **out, size_t *count,
                                     struct tend_error *err) TEND_NODISCARD;

/* The same values one by one, without memory of their own and in no order: places 0 ..
 * tend__distinct_place_count() - 1, of which tend__distinct_place() is false for those that are
 * empty. The weight of a value that is not in the sample is what the sketch says; is_sample is not
 * set. */
size_t tend__distinct_place_count(const struct tend__distinct *distinct);
bool tend__distinct_place(const struct tend__distinct *distinct, size_t place_idx,
                          struct tend__distinct_value *out);

#endif
