/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lake_error_fuzz.c: whatever DuckDB says, one line comes of it. Its texts quote the user's data,
 * so any bytes may be in them.
 */
#include "lake/lake_private.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char shown[] = "shown.csv";
    const struct lake_source source = {.shown = shown};
    char *text = NULL;
    if (tend__mem_text((const char *)data, size, &text, NULL) != TEND_OK) {
        return 0;
    }
    for (int i = 0; i < 2; i++) {
        struct tend_error err = {.code = TEND_OK};
        const enum tend_code code = tend__lake_fail(text, i == 0 ? &source : NULL, &err);
        if (code == TEND_OK || err.code != code || err.text[0] == '\0' || err.line < 0 ||
            strchr(err.text, '\n') != NULL) {
            abort();
        }
    }
    tend__mem_free(text);
    return 0;
}
