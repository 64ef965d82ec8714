/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.c: the only file that calls malloc and free.
 *
 * Built twice: plain for the product, and with TEND_MEM_FAULTS for the tests, where a counter makes
 * the n-th request fail. The counter is per thread; the product has no global.
 */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#ifdef TEND_MEM_FAULTS

static _Thread_local uint64_t asked_count;
static _Thread_local uint64_t fail_at;

static int is_failed_by_test(void)
{
    asked_count++;
    return fail_at != 0 && asked_count == fail_at;
}

void tend__mem_fail_at(uint64_t nth)
{
    asked_count = 0;
    fail_at = nth;
}

uint64_t tend__mem_asked(void)
{
    return asked_count;
}

#else

static int is_failed_by_test(void)
{
    return 0;
}

void tend__mem_fail_at(uint64_t nth)
{
    (void)nth;
}

uint64_t tend__mem_asked(void)
{
    return 0;
}

#endif

static enum tend_code fail_memory(size_t count, size_t size, struct tend_error *err)
{
    return TEND_FAIL(err, ENOMEM, "out of memory: %zu x %zu bytes", count, size);
}

enum tend_code tend__mem_new(size_t count, size_t size, void *out, struct tend_error *err)
{
    void *ptr = is_failed_by_test() ? NULL : calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (ptr == NULL) {
        return fail_memory(count, size, err);
    }
    memcpy(out, &ptr, sizeof(ptr));
    return TEND_OK;
}

enum tend_code tend__mem_resize(void *ptr, size_t count, size_t size, struct tend_error *err)
{
    void *old = NULL;
    memcpy(&old, ptr, sizeof(old));
    if (size != 0 && count > SIZE_MAX / size) {
        return fail_memory(count, size, err);
    }
    const size_t bytes = count * size;
    void *grown = is_failed_by_test() ? NULL : realloc(old, bytes == 0 ? 1 : bytes);
    if (grown == NULL) {
        return fail_memory(count, size, err);
    }
    memcpy(ptr, &grown, sizeof(grown));
    return TEND_OK;
}

enum tend_code tend__mem_grow(void *ptr, size_t *cap, size_t need, size_t max, size_t size,
                              struct tend_error *err)
{
    if (need <= *cap) {
        return TEND_OK;
    }
    if (need > max) {
        return TEND_FAIL(err, ELIMIT, "%zu elements are more than the limit of %zu", need, max);
    }
    size_t cap_new = *cap < 8 ? 8 : *cap;
    while (cap_new < need) {
        cap_new = cap_new > max / 2 ? max : cap_new * 2;
    }
    if (cap_new > max) {
        cap_new = max;
    }
    TEND_TRY(tend__mem_resize(ptr, cap_new, size, err));
    *cap = cap_new;
    return TEND_OK;
}

enum tend_code tend__mem_text(const char *text, size_t len, char **out, struct tend_error *err)
{
    char *copy = NULL;
    TEND_TRY(tend__mem_new(len + 1, 1, &copy, err));
    if (len > 0) {
        memcpy(copy, text, len);
    }
    *out = copy;
    return TEND_OK;
}

void tend__mem_free(void *ptr)
{
    free(ptr);
}
