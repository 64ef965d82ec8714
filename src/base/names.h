/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: finds the name that a person probably meant, for error messages. */
#ifndef TEND_BASE_NAMES_H
#define TEND_BASE_NAMES_H

#include <stddef.h>

/* The candidate nearest to `name` in edit distance (adjacent swaps count as one, letter case as
 * nothing), or NULL where none is within a third of the name's length plus one. Names above 64
 * bytes are compared by their first 64. */
const char *tend__name_nearest(const char *name, const char *const *candidates, size_t count);

#endif
