/* SPDX-License-Identifier: Apache-2.0 */
/* window_sums.c: a sorted array of windows; a row out of order costs a binary search. */
#include "cli/window_sums.h"

#include "base/mem.h"
#include "stat/special.h"

#include <math.h>
#include <string.h>

#define WINDOWS_MIN 3

void tend__window_sums_deinit(struct tend__window_sums *sums)
{
    tend__mem_free(sums->windows);
    *sums = (struct tend__window_sums){0};
}

/* The first position whose idx is not below. */
static size_t lower_bound(const struct tend__window_sums *sums, int64_t idx)
{
    size_t low = 0;
    size_t high = sums->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sums->windows[middle].idx < idx) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

enum tend_code tend__window_sums_add(struct tend__window_sums *sums, int64_t idx, double value,
                                     struct tend_error *err)
{
    if (sums->count == 0 || sums->windows[sums->last].idx != idx) {
        const size_t at = lower_bound(sums, idx);
        if (at == sums->count || sums->windows[at].idx != idx) {
            TEND_TRY(tend__mem_grow(&sums->windows, &sums->cap, sums->count + 1,
                                    TEND_WINDOW_SUM_MAX, sizeof(*sums->windows), err));
            memmove(&sums->windows[at + 1], &sums->windows[at],
                    (sums->count - at) * sizeof(*sums->windows));
            sums->windows[at] = (struct tend__window_sum){.idx = idx};
            sums->count++;
        }
        sums->last = at;
    }
    sums->windows[sums->last].row_count++;
    sums->windows[sums->last].sum += value;
    return TEND_OK;
}

void tend__window_sums_mean(const struct tend__window_sums *sums, double coverage, double *mean,
                            double *low, double *high)
{
    double total = 0;
    double rows = 0;
    double squares = 0;
    for (size_t i = 0; i < sums->count; i++) {
        total += sums->windows[i].sum;
        rows += (double)sums->windows[i].row_count;
    }
    *mean = rows > 0 ? total / rows : (double)NAN;
    *low = -(double)INFINITY;
    *high = (double)INFINITY;
    if (sums->count < WINDOWS_MIN) {
        return;
    }
    for (size_t i = 0; i < sums->count; i++) {
        const double left = sums->windows[i].sum - *mean * (double)sums->windows[i].row_count;
        squares += left * left;
    }
    const double count = (double)sums->count;
    const double error = sqrt(squares * count / (count - 1)) / rows;
    const double half = tend__student_quantile(0.5 + coverage / 2, count - 1) * error;
    *low = *mean - half;
    *high = *mean + half;
}
