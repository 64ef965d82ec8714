/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mem.h: the one door to the heap.
 *
 * Everything that tend allocates comes through here, so that a test can make the n-th allocation
 * fail and check that the caller survives it without a leak. Failure is a code, never an abort.
 */
#ifndef TEND_BASE_MEM_H
#define TEND_BASE_MEM_H

#include "base/fail.h"

#include <stddef.h>
#include <stdint.h>

/* `count` x `size` zeroed bytes; TEND_ENOMEM also when the product overflows. *out untouched on
 * failure. A count or size of 0 gives a pointer that may be freed. */
enum tend_code tend__mem_new(size_t count, size_t size, void *out,
                             struct tend_error *err) TEND_NODISCARD;

/* Grows or shrinks *ptr (which may hold NULL) to `count` x `size` bytes; new bytes are not zeroed.
 * *ptr stays valid and unchanged on failure. `ptr` is a pointer to the pointer. */
enum tend_code tend__mem_resize(void *ptr, size_t count, size_t size,
                                struct tend_error *err) TEND_NODISCARD;

/* Makes room for at least `need` elements in a growable array: doubles *cap, never above `max`
 * (TEND_ELIMIT). */
enum tend_code tend__mem_grow(void *ptr, size_t *cap, size_t need, size_t max, size_t size,
                              struct tend_error *err) TEND_NODISCARD;

/* A copy of len bytes with a zero after them. */
enum tend_code tend__mem_text(const char *text, size_t len, char **out,
                              struct tend_error *err) TEND_NODISCARD;

/* NULL is fine. */
void tend__mem_free(void *ptr);

/* Tests only; they do nothing in builds without TEND_MEM_FAULTS. Makes the n-th allocation from now
 * on fail, once (1 = the next; 0 = none), and tells how many have been asked for since. */
void tend__mem_fail_at(uint64_t nth);
uint64_t tend__mem_asked(void);

#endif
