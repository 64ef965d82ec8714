/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ddsketch_fuzz.c: any bytes are refused or read to a sketch that writes bytes which are written
 * again as they are; it can be added to, and a merge with itself doubles its count.
 */
#include "base/mem.h"
#include "sketch/ddsketch.h"

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
    struct tend__ddsketch *sketch = NULL;
    struct tend__ddsketch *again = NULL;
    struct tend_error err = {0};
    struct tend__buf buf;
    struct tend__buf same;
    if (tend__ddsketch_read(data, size, 64, &sketch, &err) != TEND_OK) {
        return 0;
    }
    tend__buf_init(&buf, (size_t)1 << 24);
    tend__buf_init(&same, (size_t)1 << 24);
    check(tend__ddsketch_write(sketch, &buf, &err) == TEND_OK);
    check(tend__ddsketch_read(buf.bytes, buf.len, 64, &again, &err) == TEND_OK);
    check(tend__ddsketch_write(again, &same, &err) == TEND_OK);
    check(same.len == buf.len && memcmp(same.bytes, buf.bytes, buf.len) == 0);
    check(tend__ddsketch_merge(sketch, again, &err) == TEND_OK);
    check(tend__ddsketch_count(sketch) == 2 * tend__ddsketch_count(again));
    const double x[] = {1e300, -1e-300, 3, 0, -7};
    tend__ddsketch_add_many(sketch, x, sizeof x / sizeof x[0]);
    for (int p = 0; p <= 10; p++) {
        (void)tend__ddsketch_quantile(sketch, p / 10.0);
    }
    tend__ddsketch_free(again);
    tend__ddsketch_free(sketch);
    tend__buf_deinit(&same);
    tend__buf_deinit(&buf);
    return 0;
}
