/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h: what every function of tend that can fail returns, and where it says why.
 *
 * A code carries the decision (who is at fault, is it worth trying again); the text carries the
 * facts for a person. The caller owns the struct; it may be NULL where only the code matters. Codes
 * are append-only.
 */
#ifndef TEND_ERROR_H
#define TEND_ERROR_H

#include "tend/export.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TEND_CODES(X)                                                                              \
    X(OK, 0, "ok")                                                                                 \
    X(EINVAL, 1, "invalid argument")                                                               \
    X(ENOMEM, 2, "out of memory")                                                                  \
    X(ECORRUPT, 3, "corrupt bytes")                                                                \
    X(ENOTFOUND, 4, "not found")                                                                   \
    X(EIO, 5, "input or output failed")                                                            \
    X(ETYPE, 6, "wrong type")                                                                      \
    X(ESYNTAX, 7, "syntax error")                                                                  \
    X(ELIMIT, 8, "over a limit")                                                                   \
    X(ETIMEOUT, 9, "timed out")                                                                    \
    X(ECHILD, 10, "a job failed")                                                                  \
    X(EUNSUPPORTED, 11, "not supported")                                                           \
    X(EINTERNAL, 12, "internal error")

enum tend_code {
#define TEND__CODE(name, number, text) TEND_##name = (number),
    TEND_CODES(TEND__CODE)
#undef TEND__CODE
};

#define TEND_ERROR_TEXT_SIZE 768

/* Zero-initialise before first use. `column` is 1-based, 0 where there is no position in a text. */
struct tend_error {
    enum tend_code code;
    int line;
    int column;
    char text[TEND_ERROR_TEXT_SIZE];
};

/* The fixed text of a code; never NULL. */
TEND_API const char *tend_code_text(enum tend_code code);

#ifdef __cplusplus
}
#endif

#endif
