/* SPDX-License-Identifier: Apache-2.0 */
/* golden.h: reads the CSV files of tests/golden: lines of # are provenance, the rest is fields by
 * commas. */
#ifndef TEND_TEST_GOLDEN_H
#define TEND_TEST_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN_FIELDS_MAX 64

struct golden {
    FILE *file;
    char line[8192];
    char *fields[GOLDEN_FIELDS_MAX];
    size_t field_count;
};

/* false where the file is not there. */
static inline bool golden_open(struct golden *golden, const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/tests/golden/%s", TEND_SOURCE_ROOT, name);
    golden->file = fopen(path, "r");
    return golden->file != NULL;
}

/* The next row's fields; false (and closed) at the end. */
static inline bool golden_next(struct golden *golden)
{
    do {
        if (fgets(golden->line, sizeof golden->line, golden->file) == NULL) {
            (void)fclose(golden->file);
            return false;
        }
    } while (golden->line[0] == '#');
    golden->line[strcspn(golden->line, "\n")] = '\0';
    golden->field_count = 0;
    char *at = golden->line;
    while (at != NULL && golden->field_count < GOLDEN_FIELDS_MAX) {
        golden->fields[golden->field_count++] = at;
        at = strchr(at, ',');
        if (at != NULL) {
            *at++ = '\0';
        }
    }
    return true;
}

static inline double golden_number(const struct golden *golden, size_t field_idx)
{
    return field_idx < golden->field_count ? strtod(golden->fields[field_idx], NULL) : 0.0 / 0.0;
}

#endif
