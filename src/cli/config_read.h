/* SPDX-License-Identifier: Apache-2.0 */
/* config_read.h: from YAML text into a struct tend__config that holds the defaults; the work behind
 * config.h. */
#ifndef TEND_CLI_CONFIG_READ_H
#define TEND_CLI_CONFIG_READ_H

#include "cli/config.h"

/* Fills *config, which the caller frees whether this succeeds or not. */
enum tend_code tend__config_read(const char *bytes, size_t len, const char *name,
                                 struct tend__config *config,
                                 struct tend_error *err) TEND_NODISCARD;

/* "50ms" and all that tend__span_parse() knows. */
bool tend__config_span(const char *text, int64_t *out_us);

#endif
