/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base_text_fuzz.c: the small readers and writers of the ground floor on any bytes.
 *
 * Times and spans: what is read and written again reads as the same time. JSON text: whatever the
 * bytes, what is written is one quoted string without control bytes. Names: the nearest is one of
 * the candidates.
 */
#include "base/buf.h"
#include "base/civil.h"
#include "base/json_write.h"
#include "base/names.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void hold(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static void check_times(const char *text, size_t len)
{
    int64_t time_us = 0;
    int64_t again_us = 0;
    if (tend__time_parse(text, len, &time_us)) {
        char written[TEND_TIME_TEXT_SIZE];
        tend__time_text(time_us, written);
        hold(tend__time_parse(written, strlen(written), &again_us));
        hold(again_us == time_us);
    }
    if (tend__span_parse(text, len, &time_us)) {
        hold(time_us >= 0);
    }
}

static void check_json(const char *text, size_t len)
{
    struct tend__buf buf;
    struct tend__json_writer writer;
    tend__buf_init(&buf, (size_t)1 << 20);
    tend__jsonw_init(&writer, &buf, false);
    tend__jsonw_text_len(&writer, text, len);
    if (tend__buf_code(&buf, NULL) == TEND_OK) {
        hold(buf.len >= 2 && buf.bytes[0] == '"' && buf.bytes[buf.len - 1] == '"');
        for (size_t i = 0; i < buf.len; i++) {
            hold((unsigned char)buf.bytes[i] >= 0x20);
        }
    }
    tend__buf_deinit(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char *const names[] = {"distance", "delay", "origin", "destination", "date"};
    char *text = malloc(len + 1);
    hold(text != NULL);
    if (len > 0) {
        memcpy(text, bytes, len);
    }
    text[len] = '\0';
    check_times(text, len);
    check_json(text, len);
    const char *nearest = tend__name_nearest(text, names, TEND_ARRAY_LEN(names));
    hold(nearest == NULL || strlen(nearest) > 0);
    free(text);
    return 0;
}
