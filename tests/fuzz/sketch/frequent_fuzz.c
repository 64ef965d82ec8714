/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frequent_fuzz.c: any bytes are refused or read to a sketch that writes bytes which are written
 * again as they are; it can be added to and merged, and what it holds never exceeds its total.
 */
#include "base/mem.h"
#include "sketch/frequent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds) {
        abort();
    }
}

static void check_sum(const struct tend__frequent *frequent)
{
    struct tend__frequent_row *rows = NULL;
    struct tend_error err = {0};
    size_t count = 0;
    uint64_t sum = tend__frequent_error(frequent);
    check(tend__frequent_rows(frequent, 0, true, &rows, &count, &err) == TEND_OK);
    for (size_t i = 0; i < count; i++) {
        sum += rows[i].low;
    }
    check(sum <= tend__frequent_total(frequent));
    tend__mem_free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tend__frequent *frequent = NULL;
    struct tend__frequent *again = NULL;
    struct tend__frequent *small = NULL;
    struct tend_error err = {0};
    struct tend__buf buf;
    struct tend__buf same;
    if (tend__frequent_read(data, size, &frequent, &err) != TEND_OK) {
        return 0;
    }
    tend__buf_init(&buf, (size_t)1 << 24);
    tend__buf_init(&same, (size_t)1 << 24);
    check(tend__frequent_write(frequent, &buf, &err) == TEND_OK);
    check(tend__frequent_read(buf.bytes, buf.len, &again, &err) == TEND_OK);
    check(tend__frequent_write(again, &same, &err) == TEND_OK);
    check(same.len == buf.len && memcmp(same.bytes, buf.bytes, buf.len) == 0);
    for (int i = 0; i < 100; i++) {
        char text[300];
        const int len = snprintf(text, sizeof text, "%d%0*d", i, i * 2, 0);
        if (tend__frequent_add(again, text, (size_t)len, (uint64_t)i, &err) != TEND_OK) {
            break; /* the total was near its limit */
        }
    }
    check_sum(again);
    check(tend__frequent_new(3, &small, &err) == TEND_OK);
    if (tend__frequent_merge(small, again, &err) == TEND_OK) {
        check_sum(small);
    }
    tend__frequent_free(small);
    tend__frequent_free(again);
    tend__frequent_free(frequent);
    tend__buf_deinit(&same);
    tend__buf_deinit(&buf);
    return 0;
}
