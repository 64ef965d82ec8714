/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fail.h: how an error is born and passed on, and the checks of what cannot be.
 *
 * All failures are born in tend__error_set(), so that one breakpoint sees them all. TEND_FAIL is a
 * comma expression whose value is the constant code: an analyser can then see that it is not
 * TEND_OK. TEND_TRY returns at once and so is used only where nothing is held; elsewhere `goto
 * out`.
 */
#ifndef TEND_BASE_FAIL_H
#define TEND_BASE_FAIL_H

#include "base/compiler.h"
#include "tend/error.h"

/* Writes code and text into err (which may be NULL). The text is cut at the struct's size. */
void tend__error_set(struct tend_error *err, enum tend_code code, const char *format, ...)
    TEND_PRINTF(3, 4) TEND_COLD;

/* The same, with a position in a text (1-based; 0 where there is none). */
void tend__error_set_at(struct tend_error *err, enum tend_code code, int line, int column,
                        const char *format, ...) TEND_PRINTF(5, 6) TEND_COLD;

/* Puts `prefix: ` before the text of an error that was set lower down. */
void tend__error_prefix(struct tend_error *err, const char *format, ...)
    TEND_PRINTF(2, 3) TEND_COLD;

#define TEND_FAIL(err, code, ...) (tend__error_set((err), TEND_##code, __VA_ARGS__), TEND_##code)
#define TEND_FAIL_AT(err, code, line, column, ...)                                                 \
    (tend__error_set_at((err), TEND_##code, (line), (column), __VA_ARGS__), TEND_##code)

#define TEND_TRY(call)                                                                             \
    do {                                                                                           \
        enum tend_code tend__try_code = (call);                                                    \
        if (tend__try_code != TEND_OK) {                                                           \
            return tend__try_code;                                                                 \
        }                                                                                          \
    } while (0)

/* For functions that hold something: sets the local `code` and jumps to `out`. */
#define TEND_TRY_OUT(call)                                                                         \
    do {                                                                                           \
        code = (call);                                                                             \
        if (code != TEND_OK) {                                                                     \
            goto out;                                                                              \
        }                                                                                          \
    } while (0)

TEND_NORETURN void tend__assert_fail(const char *text, const char *file, int line) TEND_COLD;

/* Proven. Never for outside input. */
#define TEND_ASSERT(x) ((x) ? (void)0 : tend__assert_fail(#x, __FILE__, __LINE__))

/* Proven, on a hot path: nothing in a release build. */
#ifdef NDEBUG
#    define TEND_DASSERT(x) ((void)0)
#else
#    define TEND_DASSERT(x) TEND_ASSERT(x)
#endif

#endif
