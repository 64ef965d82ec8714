/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_profile.h: what tend profile, merge and show share. */
#ifndef TEND_CLI_CMD_PROFILE_H
#define TEND_CLI_CMD_PROFILE_H

#include "cli/app.h"
#include "cli/store_fill.h"
#include "profile/profile.h"

/* What all three print of one profile. `path` is where it was written, or NULL. */
enum tend_code tend__print_profile(struct tend__app *app, const char *schema,
                                   const struct tend__profile *profile, const char *path,
                                   struct tend_error *err) TEND_NODISCARD;

/* --output, which must be given. */
enum tend_code tend__need_output(const struct tend__app *app, const char **path,
                                 struct tend_error *err) TEND_NODISCARD;
/* Whether what is written there is a store: it is one, its name ends with a slash, or --every is
 * given. */
bool tend__output_is_store(const struct tend__app *app, const char *path);

/* Windows without a row between the first and the last. */
uint64_t tend__filled_missing(const struct tend__store_filled *filled);

#endif
