/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h: a growable byte buffer that is born with a maximum.
 *
 * Errors stick: after the first failure every append does nothing, and tend__buf_code() tells. So a
 * writer can append many times and check once. The bytes are always followed by a zero that `len`
 * does not count.
 */
#ifndef TEND_BASE_BUF_H
#define TEND_BASE_BUF_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>

struct tend__buf {
    char *bytes; /* NULL until the first append */
    size_t len;
    size_t cap;
    size_t max;
    enum tend_code code;
};

void tend__buf_init(struct tend__buf *buf, size_t max);
void tend__buf_deinit(struct tend__buf *buf);
void tend__buf_reset(struct tend__buf *buf); /* forgets the bytes and the error, keeps the memory */
void tend__buf_add(struct tend__buf *buf, const void *bytes, size_t len);
void tend__buf_text(struct tend__buf *buf, const char *text);
void tend__buf_char(struct tend__buf *buf, char c);
void tend__buf_printf(struct tend__buf *buf, const char *format, ...) TEND_PRINTF(2, 3);

/* TEND_OK, or what stopped the first append that failed (TEND_ENOMEM, TEND_ELIMIT), with a text in
 * err. */
enum tend_code tend__buf_code(const struct tend__buf *buf, struct tend_error *err) TEND_NODISCARD;

/* Never NULL. */
const char *tend__buf_str(const struct tend__buf *buf);

#endif
