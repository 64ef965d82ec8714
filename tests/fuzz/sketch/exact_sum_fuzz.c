/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exact_sum_fuzz.c: any bytes are refused or read to a sum that writes the same bytes again; the
 * same bytes taken as doubles give one sum in both orders.
 */
#include "sketch/exact_sum.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds) {
        abort();
    }
}

static void check_decoder(const uint8_t *data, size_t size)
{
    struct tend__exact_sum sum;
    struct tend_error err = {0};
    if (tend__exact_sum_read(data, size, &sum, &err) == TEND_OK) {
        unsigned char bytes[TEND_EXACT_SUM_BYTES_MAX];
        check(tend__exact_sum_write(&sum, bytes) == size);
        check(memcmp(bytes, data, size) == 0);
        (void)tend__exact_sum_value(&sum);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_decoder(data, size);
    struct tend__exact_sum forward = {0};
    struct tend__exact_sum backward = {0};
    const size_t count = size / sizeof(double);
    for (size_t i = 0; i < count; i++) {
        double x = 0;
        double y = 0;
        memcpy(&x, data + i * sizeof x, sizeof x);
        memcpy(&y, data + (count - 1 - i) * sizeof y, sizeof y);
        tend__exact_sum_add(&forward, x);
        tend__exact_sum_add_many(&backward, &y, 1);
    }
    unsigned char a[TEND_EXACT_SUM_BYTES_MAX];
    unsigned char b[TEND_EXACT_SUM_BYTES_MAX];
    const size_t len = tend__exact_sum_write(&forward, a);
    check(tend__exact_sum_write(&backward, b) == len);
    check(memcmp(a, b, len) == 0);
    check_decoder(a, len);
    return 0;
}
