/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cell_find.c: which cell a number is in.
 *
 * Small whole numbers, which most columns are made of, look it up in a table. For others a kernel
 * counts at all cuts and atoms at once where there are few enough of them for that to be faster;
 * else the number of cuts below x is found by a binary search without branches, eight values at a
 * time, so that their memory accesses overlap.
 */
#include "profile/plan_inner.h"

#include <math.h>

#define LANE_COUNT 8
#define KERNEL_CUTS_MAX 64

size_t tend__plan_number_cell(const struct tend__cell_finder *finder, double x)
{
    size_t bin = 0;
    for (size_t step = (finder->search_count + 1) / 2; step > 0; step /= 2) {
        bin += finder->search[bin + step - 1] < x ? step : 0;
    }
    return finder->cell_of_bin[bin] + (x == finder->atom_of_bin[bin] ? 1U : 0U);
}

size_t tend__plan_rest_cell(const struct tend__cell_finder *finder, double x, double rest)
{
    /* A cut is a double. So x + rest is above it where x is, and, with a rest above 0, where x is
     * the cut: there the next double is in the same bin as x + rest. */
    const double in_bin = rest > 0 ? nextafter(x, (double)INFINITY) : x;
    if (rest == 0) {
        return tend__plan_number_cell(finder, x);
    }
    size_t bin = 0;
    for (size_t step = (finder->search_count + 1) / 2; step > 0; step /= 2) {
        bin += finder->search[bin + step - 1] < in_bin ? step : 0;
    }
    return finder->cell_of_bin[bin];
}

static void count_whole(const struct tend__cell_finder *finder, const double *x, size_t n,
                        uint64_t *cells)
{
    const double low = finder->whole_low;
    const double high = finder->whole_high;
    const uint16_t *whole_cells = finder->whole_cells;
    const int base = (int)low;
    for (size_t i = 0; i < n; i++) {
        double at = x[i] < low ? low : x[i];
        at = at > high ? high : at;
        cells[whole_cells[(int)at - base]]++;
    }
}

/* Bin i holds what is above cut i - 1 and not above cut i; what equals its atom is a cell of its
 * own. */
static void count_by_kernel(const struct tend__cell_finder *finder, const double *x, size_t n,
                            uint64_t *cells)
{
    uint64_t above[KERNEL_CUTS_MAX] = {0};
    uint64_t equal[KERNEL_CUTS_MAX] = {0};
    const size_t cut_count = finder->cut_count;
    finder->kernel->count_above(x, n, finder->search, cut_count, above);
    finder->kernel->count_equal(x, n, finder->atoms, finder->atom_count, equal);
    uint64_t left = n;
    size_t atom_idx = 0;
    for (size_t i = 0; i <= cut_count; i++) {
        const uint64_t beyond = i < cut_count ? above[i] : 0;
        const size_t cell = finder->cell_of_bin[i];
        uint64_t rows = left - beyond;
        if (atom_idx < finder->atom_count && finder->atoms[atom_idx] == finder->atom_of_bin[i]) {
            cells[cell + 1] += equal[atom_idx];
            rows -= equal[atom_idx];
            atom_idx++;
        }
        cells[cell] += rows;
        left = beyond;
    }
}

void tend__plan_count_numbers(const struct tend__cell_finder *finder, const double *x, size_t n,
                              bool all_whole, uint64_t *cells)
{
    if (all_whole && finder->whole_cells != NULL) {
        count_whole(finder, x, n, cells);
        return;
    }
    const size_t kernel_max = finder->kernel->cut_max;
    if (finder->cut_count + finder->atom_count <=
        (kernel_max < KERNEL_CUTS_MAX ? kernel_max : KERNEL_CUTS_MAX)) {
        count_by_kernel(finder, x, n, cells);
        return;
    }
    const double *search = finder->search;
    size_t i = 0;
    for (; i + LANE_COUNT <= n; i += LANE_COUNT) {
        size_t bins[LANE_COUNT] = {0};
        for (size_t step = (finder->search_count + 1) / 2; step > 0; step /= 2) {
            for (size_t j = 0; j < LANE_COUNT; j++) {
                bins[j] += search[bins[j] + step - 1] < x[i + j] ? step : 0;
            }
        }
        for (size_t j = 0; j < LANE_COUNT; j++) {
            const bool is_atom = x[i + j] == finder->atom_of_bin[bins[j]];
            cells[finder->cell_of_bin[bins[j]] + (is_atom ? 1U : 0U)]++;
        }
    }
    for (; i < n; i++) {
        cells[tend__plan_number_cell(finder, x[i])]++;
    }
}
