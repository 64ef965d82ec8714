/* SPDX-License-Identifier: Apache-2.0 */
/* window_sums.h: sums by window of event time, and the interval of a mean over windows. */
#ifndef TEND_CLI_WINDOW_SUMS_H
#define TEND_CLI_WINDOW_SUMS_H

#include "base/fail.h"

#include <stddef.h>
#include <stdint.h>

#define TEND_WINDOW_SUM_MAX ((size_t)1 << 20)

struct tend__window_sum {
    int64_t idx; /* tend__time_floor of its start */
    uint64_t row_count;
    double sum;
};

struct tend__window_sums {
    struct tend__window_sum *windows; /* ascending by idx */
    size_t count;
    size_t cap;
    size_t last; /* where the last row went: rows mostly come in order */
};

void tend__window_sums_deinit(struct tend__window_sums *sums);

enum tend_code tend__window_sums_add(struct tend__window_sums *sums, int64_t idx, double value,
                                     struct tend_error *err) TEND_NODISCARD;

/*
 * The mean over all rows and its interval, with the window as the unit: rows of a window are not
 * independent (they share the day's weather), windows nearly are. The ratio estimator of cluster
 * sampling: with M the mean, s the sum and n the rows of a window, var(M) = W/(W-1) sum (s - M n)^2
 * / (sum n)^2 (Cochran 1977, Sampling Techniques, eq. 9A.3, without the finite-population factor),
 * and Student's t with W - 1 degrees. low and high are infinite for fewer than 3 windows.
 */
void tend__window_sums_mean(const struct tend__window_sums *sums, double coverage, double *mean,
                            double *low, double *high);

#endif
