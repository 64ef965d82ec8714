/* SPDX-License-Identifier: Apache-2.0 */
/*
 * distinct_bins.c: numbers beyond the table, in a grid.
 *
 * The small whole numbers have exact counts of their own and are not in the grid. In the list of
 * bins they join the bucket that they lie in, unless one of them is an atom: then it must stand at
 * an end of the bucket, so that the other values of the bucket are all on one side of it.
 */
#include "profile/distinct.h"

#include "base/mem.h"
#include "profile/distinct_inner.h"

#include <math.h>

#define FINENESS 8 /* buckets of a bin at least */

void tend__distinct_use_grid(struct tend__distinct *distinct, const struct tend__kernel *kernel,
                             size_t bin_max, bool may_repeat)
{
    distinct->kernel = kernel;
    distinct->bin_max = bin_max;
    distinct->may_repeat = may_repeat;
}

bool tend__distinct_is_light(const struct tend__distinct *distinct)
{
    return distinct->is_light;
}

enum tend_code tend__distinct_grid_block(struct tend__distinct *distinct, const double *x,
                                         size_t count, const struct tend__extent *extent,
                                         struct tend_error *err)
{
    struct tend__extent measured = {0};
    if (extent == NULL) {
        distinct->kernel->measure(x, count, &measured);
        extent = &measured;
    }
    return tend__grid_add(distinct->grid, x, count, extent->low, extent->high, err);
}

/* The list in the making. */
struct bins {
    const struct tend__distinct *distinct;
    double rows_min;                     /* of an atom */
    struct tend__distinct_value *values; /* NULL: they are only counted */
    size_t count;
    size_t whole_at; /* the next small whole number */
    bool will_do;
};

static void add_bin(struct bins *bins, double number, double mean, double weight, bool is_sample)
{
    if (bins->values != NULL) {
        bins->values[bins->count] = (struct tend__distinct_value){
            .number = number, .mean = mean, .weight = weight, .is_sample = is_sample};
    }
    bins->count++;
}

static double next_whole(const struct bins *bins)
{
    return bins->whole_at < WHOLE_COUNT ? (double)bins->whole_at + TEND_WHOLE_MIN
                                        : (double)INFINITY;
}

/* The whole numbers before a value, or with it, each by itself. */
static void add_wholes(struct bins *bins, double before, bool with)
{
    for (; next_whole(bins) < before || (with && next_whole(bins) == before); bins->whole_at++) {
        const uint64_t rows = bins->distinct->whole[bins->whole_at];
        if (rows > 0) {
            add_bin(bins, next_whole(bins), next_whole(bins), (double)rows, false);
        }
    }
}

static bool is_next_atom(const struct bins *bins)
{
    return bins->whole_at < WHOLE_COUNT &&
           (double)bins->distinct->whole[bins->whole_at] >= bins->rows_min;
}

static void add_bucket(struct bins *bins, struct tend__grid_bucket bucket)
{
    double rows = (double)bucket.count;
    double greatest = bucket.greatest;
    add_wholes(bins, bucket.least, false);
    if (next_whole(bins) == bucket.least && is_next_atom(bins)) {
        add_wholes(bins, bucket.least, true);
    }
    /* Zero ends the bucket that is beside it, where it is no atom. */
    const bool is_beside_zero = greatest < 0 && greatest == -0x1p-1074;
    if (is_beside_zero && !(next_whole(bins) == 0 && is_next_atom(bins))) {
        greatest = 0;
    }
    bool ends_with_atom = false;
    for (; next_whole(bins) <= greatest; bins->whole_at++) {
        if (is_next_atom(bins)) {
            ends_with_atom = next_whole(bins) == greatest;
            bins->will_do = bins->will_do && ends_with_atom;
            break;
        }
        rows += (double)bins->distinct->whole[bins->whole_at];
    }
    const double mean = bucket.least / 2 + bucket.greatest / 2;
    bins->will_do = bins->will_do && rows * FINENESS < bins->rows_min;
    add_bin(bins, ends_with_atom ? nextafter(greatest, -(double)INFINITY) : greatest, mean, rows,
            true);
}

static void list_bins(struct bins *bins)
{
    const struct tend__grid *grid = bins->distinct->grid;
    bins->count = 0;
    bins->whole_at = bins->distinct->whole_total == 0 ? WHOLE_COUNT : 0;
    bins->will_do = true;
    for (size_t i = 0; i < grid->size; i++) {
        if (grid->counts[i] != 0 || grid->spill != NULL) {
            const struct tend__grid_bucket bucket = tend__grid_bucket_at(grid, i);
            if (bucket.count > 0) {
                add_bucket(bins, bucket);
            }
        }
    }
    add_wholes(bins, (double)INFINITY, false);
}

static struct bins bins_of(const struct tend__distinct *distinct)
{
    return (struct bins){.distinct = distinct,
                         .rows_min = (double)distinct->total / (double)distinct->bin_max};
}

enum tend_code tend__distinct_bins(const struct tend__distinct *distinct,
                                   struct tend__distinct_value **out, size_t *count, bool *will_do,
                                   struct tend_error *err)
{
    struct bins bins = bins_of(distinct);
    *will_do = false;
    if (distinct->grid == NULL) {
        return TEND_OK;
    }
    list_bins(&bins);
    if (!bins.will_do) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_new(bins.count, sizeof(*bins.values), &bins.values, err));
    list_bins(&bins);
    *out = bins.values;
    *count = bins.count;
    *will_do = true;
    return TEND_OK;
}

enum tend_code tend__distinct_grid_begin(struct tend__distinct *distinct, struct tend_error *err)
{
    const struct tend__number_table *table = &distinct->table;
    double low = (double)INFINITY;
    double high = -(double)INFINITY;
    TEND_TRY(tend__grid_new(distinct->bin_max, &distinct->grid, err));
    for (size_t i = 0; i < table->slot_count; i++) {
        const double x = table->slots[i].number;
        if (table->slots[i].count != 0) {
            low = x < low ? x : low;
            high = x > high ? x : high;
        }
    }
    /* First the ends, so that the grid need not grow. */
    TEND_TRY(tend__grid_add(distinct->grid, NULL, 0, low, high, err));
    for (size_t i = 0; i < table->slot_count; i++) {
        const struct tend__number_slot *slot = &table->slots[i];
        TEND_TRY(tend__grid_add_value(distinct->grid, slot->number, slot->count, err));
    }
    struct bins bins = bins_of(distinct);
    list_bins(&bins);
    distinct->is_light = distinct->may_repeat && bins.will_do;
    return TEND_OK;
}
