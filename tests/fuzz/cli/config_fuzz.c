/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_fuzz.c: tend.yaml from any bytes: read or refused with a text and, where it has one, a
 * position in the file; and what is read has a canonical form that reads as JSON of one line.
 */
#include "base/json_write.h"
#include "cli/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void hold(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static size_t count_lines(const uint8_t *bytes, size_t len)
{
    size_t lines = 1;
    for (size_t i = 0; i < len; i++) {
        lines += bytes[i] == '\n' || bytes[i] == '\r' ? 1 : 0;
    }
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct tend__config *config = NULL;
    struct tend_error err = {0};
    const enum tend_code code = tend__config_parse((const char *)bytes, len, "f", &config, &err);
    if (code != TEND_OK) {
        hold(config == NULL);
        hold(err.text[0] != '\0');
        /* YAML knows three more line ends (NEL, LS and PS), each of at least two bytes. */
        hold(err.line >= 0 && (size_t)err.line <= count_lines(bytes, len) + len / 2 + 1);
        return 0;
    }
    struct tend__buf buf;
    struct tend__json_writer w;
    tend__buf_init(&buf, (size_t)64 << 20);
    tend__jsonw_init(&w, &buf, false);
    tend__config_json(config, &w);
    hold(tend__buf_code(&buf, NULL) == TEND_OK);
    hold(strchr(tend__buf_str(&buf), '\n') == NULL);
    hold(strlen(config->hash) == 64);
    hold(config->model != NULL && config->window_us > 0);
    tend__buf_deinit(&buf);
    tend__config_free(config);
    return 0;
}
