/* SPDX-License-Identifier: Apache-2.0 */
/* json_fuzz.c: any bytes as JSON text: a document that can be walked, or a known refusal. */
#include "json_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct tend__json *json = NULL;
    struct tend_error err = {0};
    const enum tend_code code = tend__json_parse((const char *)bytes, len, &json, &err);
    json_walk_outcome(code, json, &err, len);
    tend__json_free(json);
    return 0;
}
