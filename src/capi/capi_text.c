/* SPDX-License-Identifier: Apache-2.0 */
/* capi_text.c: texts that are handed out, and the version. */
#include "capi/capi_inner.h"

#include "base/mem.h"
#include "tend/version.h"

const char *tend_version_text(void)
{
    return TEND_VERSION;
}

void tend_text_free(struct tend_text *text)
{
    if (text != NULL) {
        tend__mem_free(text->bytes);
        *text = (struct tend_text){0};
    }
}

enum tend_code tend__text_take(struct tend__buf *buf, struct tend_text *out, struct tend_error *err)
{
    tend__buf_add(buf, "", 0); /* so that even no bytes are followed by a zero */
    TEND_TRY(tend__buf_code(buf, err));
    *out = (struct tend_text){.bytes = buf->bytes, .len = buf->len};
    tend__buf_init(buf, buf->max);
    return TEND_OK;
}
