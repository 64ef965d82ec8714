/* SPDX-License-Identifier: Apache-2.0 */
/* buf.c: the growable buffer; see buf.h for its contract. */
#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tend__buf_init(struct tend__buf *buf, size_t max)
{
    *buf = (struct tend__buf){.max = max};
}

void tend__buf_deinit(struct tend__buf *buf)
{
    tend__mem_free(buf->bytes);
    *buf = (struct tend__buf){0};
}

void tend__buf_reset(struct tend__buf *buf)
{
    buf->len = 0;
    buf->code = TEND_OK;
    if (buf->bytes != NULL) {
        buf->bytes[0] = '\0';
    }
}

static bool make_room(struct tend__buf *buf, size_t extra)
{
    if (buf->code != TEND_OK) {
        return false;
    }
    if (extra >= buf->max || buf->len > buf->max - extra - 1) {
        buf->code = TEND_ELIMIT;
        return false;
    }
    buf->code = tend__mem_grow(&buf->bytes, &buf->cap, buf->len + extra + 1, buf->max, 1, NULL);
    return buf->code == TEND_OK;
}

void tend__buf_add(struct tend__buf *buf, const void *bytes, size_t len)
{
    if (!make_room(buf, len)) {
        return;
    }
    if (len > 0) {
        memcpy(buf->bytes + buf->len, bytes, len);
    }
    buf->len += len;
    buf->bytes[buf->len] = '\0';
}

void tend__buf_text(struct tend__buf *buf, const char *text)
{
    tend__buf_add(buf, text, strlen(text));
}

void tend__buf_char(struct tend__buf *buf, char c)
{
    tend__buf_add(buf, &c, 1);
}

void tend__buf_printf(struct tend__buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0 || !make_room(buf, (size_t)len)) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(buf->bytes + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}

enum tend_code tend__buf_code(const struct tend__buf *buf, struct tend_error *err)
{
    if (buf->code == TEND_ELIMIT) {
        return TEND_FAIL(err, ELIMIT, "more than %zu bytes of output", buf->max);
    }
    if (buf->code != TEND_OK) {
        return TEND_FAIL(err, ENOMEM, "out of memory for %zu bytes of output", buf->len);
    }
    return TEND_OK;
}

const char *tend__buf_str(const struct tend__buf *buf)
{
    return buf->bytes == NULL ? "" : buf->bytes;
}
