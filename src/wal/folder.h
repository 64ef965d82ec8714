/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h: a real folder as port/files.h. Files are made 0600. */
#ifndef TEND_WAL_FOLDER_H
#define TEND_WAL_FOLDER_H

#include "port/files.h"

/* The folder is made (0700) where it is missing, its parent is not. The caller closes *out with
 * tend__folder_close. Safe to use from several threads, one thread a file. */
enum tend_code tend__folder_open(const char *path, struct tend__files *out,
                                 struct tend_error *err) TEND_NODISCARD;
void tend__folder_close(struct tend__files *files); /* safe on a zeroed struct, and twice */

#endif
