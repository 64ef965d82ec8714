/* SPDX-License-Identifier: Apache-2.0 */
/* headers_c99.c: the public headers compile as strict C99, and link against the shared library. */
#include "tend/tend.h"

#include <string.h>

int main(void)
{
    struct tend_error err = {TEND_OK, 0, 0, ""};
    struct tend_text text = {NULL, 0};
    struct tend_profile *profile = NULL;
    const enum tend_code code = tend_profile_from_bytes("no table", 8, &profile, &err);
    tend_text_free(&text);
    tend_profile_free(profile);
    return code == TEND_ECORRUPT && strcmp(tend_code_text(code), "corrupt bytes") == 0 ? 0 : 1;
}
