/* SPDX-License-Identifier: Apache-2.0 */
/* text.h: bytes that a function of tend made and the caller frees. */
#ifndef TEND_TEXT_H
#define TEND_TEXT_H

#include "tend/export.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `bytes` is followed by a zero that `len` does not count. Zero-initialise before first use. */
struct tend_text {
    char *bytes;
    size_t len;
};

/* Frees the bytes and empties the struct. NULL is fine, and so is an empty one. */
TEND_API void tend_text_free(struct tend_text *text);

#ifdef __cplusplus
}
#endif

#endif
