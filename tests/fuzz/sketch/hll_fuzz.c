/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hll_fuzz.c: any bytes are refused or read to a sketch that writes bytes which read back to the
 * same estimate and are written again as they are; it can be added to and united.
 */
#include "base/mem.h"
#include "sketch/hll.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tend__hll *hll = NULL;
    struct tend__hll *again = NULL;
    struct tend_error err = {0};
    struct tend__buf buf;
    struct tend__buf same;
    if (tend__hll_read(data, size, &hll, &err) != TEND_OK) {
        return 0;
    }
    tend__buf_init(&buf, (size_t)1 << 24);
    tend__buf_init(&same, (size_t)1 << 24);
    check(tend__hll_write(hll, &buf, &err) == TEND_OK);
    check(tend__hll_read(buf.bytes, buf.len, &again, &err) == TEND_OK);
    check(tend__hll_write(again, &same, &err) == TEND_OK);
    check(same.len == buf.len && memcmp(same.bytes, buf.bytes, buf.len) == 0);
    check(fabs(tend__hll_estimate(again) - tend__hll_estimate(hll)) == 0.0 ||
          isinf(tend__hll_estimate(hll)));
    for (int64_t i = 0; i < 500; i++) {
        tend__hll_add_ints(again, &i, 1);
    }
    tend__hll_merge(again, hll);
    (void)tend__hll_estimate(again);
    tend__hll_free(again);
    tend__hll_free(hll);
    tend__buf_deinit(&same);
    tend__buf_deinit(&buf);
    return 0;
}
