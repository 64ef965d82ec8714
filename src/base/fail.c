/* SPDX-License-Identifier: Apache-2.0 */
/* fail.c: the one place where errors are written, and where a broken assertion ends the process. */
#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *tend_code_text(enum tend_code code)
{
    switch (code) {
#define TEND__TEXT(name, number, text)                                                             \
    case TEND_##name:                                                                              \
        return text;
        TEND_CODES(TEND__TEXT)
#undef TEND__TEXT
    }
    return "unknown code";
}

static TEND_PRINTF(3, 0) void set_v(struct tend_error *err, enum tend_code code, const char *format,
                                    va_list args)
{
    err->code = code;
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
}

void tend__error_set(struct tend_error *err, enum tend_code code, const char *format, ...)
{
    if (err == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    set_v(err, code, format, args);
    va_end(args);
    err->line = 0;
    err->column = 0;
}

void tend__error_set_at(struct tend_error *err, enum tend_code code, int line, int column,
                        const char *format, ...)
{
    if (err == NULL) {
        return;
    }
    va_list args;
    va_start(args, format);
    set_v(err, code, format, args);
    va_end(args);
    err->line = line;
    err->column = column;
}

void tend__error_prefix(struct tend_error *err, const char *format, ...)
{
    if (err == NULL) {
        return;
    }
    char old[TEND_ERROR_TEXT_SIZE];
    memcpy(old, err->text, sizeof(old));
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof(err->text)) {
        (void)snprintf(err->text + len, sizeof(err->text) - (size_t)len, ": %.*s",
                       (int)(sizeof(err->text) - (size_t)len), old);
    }
}

void tend__assert_fail(const char *text, const char *file, int line)
{
    (void)fprintf(stderr, "tend: %s:%d: broken assertion: %s\n", file, line, text);
    abort();
}
