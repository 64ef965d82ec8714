/* SPDX-License-Identifier: Apache-2.0 */
/* version.h: which tend this is, of the headers and of the library that is linked. */
#ifndef TEND_VERSION_H
#define TEND_VERSION_H

#include "tend/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of these headers: what the program was compiled against. */
#define TEND_VERSION_MAJOR 0
#define TEND_VERSION_MINOR 1
#define TEND_VERSION_PATCH 0

/* Of the library that runs: "0.1.0". Never NULL. */
TEND_API const char *tend_version_text(void);

#ifdef __cplusplus
}
#endif

#endif
