/* SPDX-License-Identifier: Apache-2.0 */
/* json_write.c: the JSON writer; see json_write.h for what it promises. */
#include "base/json_write.h"

#include "base/civil.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_MAX 1e15 /* whole numbers below are written without an exponent */

void tend__jsonw_init(struct tend__json_writer *w, struct tend__buf *buf, bool pretty)
{
    *w = (struct tend__json_writer){.buf = buf, .pretty = pretty};
}

static void break_line(struct tend__json_writer *w)
{
    if (!w->pretty) {
        return;
    }
    tend__buf_char(w->buf, '\n');
    for (int i = 0; i < w->depth; i++) {
        tend__buf_text(w->buf, "  ");
    }
}

/* Called before each value: the comma and the line break that belong before it. */
static void start_item(struct tend__json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0) {
        return;
    }
    if (w->has_item[w->depth - 1]) {
        tend__buf_char(w->buf, ',');
    }
    w->has_item[w->depth - 1] = true;
    break_line(w);
}

static void open_level(struct tend__json_writer *w, char c)
{
    start_item(w);
    TEND_ASSERT(w->depth < TEND_JSON_DEPTH_MAX);
    tend__buf_char(w->buf, c);
    w->has_item[w->depth] = false;
    w->depth++;
}

static void close_level(struct tend__json_writer *w, char c)
{
    TEND_ASSERT(w->depth > 0);
    w->depth--;
    if (w->has_item[w->depth]) {
        break_line(w);
    }
    tend__buf_char(w->buf, c);
    if (w->depth == 0 && w->pretty) {
        tend__buf_char(w->buf, '\n');
    }
}

void tend__jsonw_object_begin(struct tend__json_writer *w)
{
    open_level(w, '{');
}

void tend__jsonw_object_end(struct tend__json_writer *w)
{
    close_level(w, '}');
}

void tend__jsonw_array_begin(struct tend__json_writer *w)
{
    open_level(w, '[');
}

void tend__jsonw_array_end(struct tend__json_writer *w)
{
    close_level(w, ']');
}

/* Bytes of the valid UTF-8 sequence at text, or 0. */
static size_t utf8_len(const unsigned char *text, size_t len)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need = 0;
    uint32_t point = 0;
    if (text[0] < 0x80) {
        return 1;
    }
    if (text[0] >= 0xC2 && text[0] <= 0xDF) {
        need = 2;
        point = text[0] & 0x1FU;
    } else if ((text[0] & 0xF0U) == 0xE0) {
        need = 3;
        point = text[0] & 0x0FU;
    } else if (text[0] >= 0xF0 && text[0] <= 0xF4) {
        need = 4;
        point = text[0] & 0x07U;
    }
    if (need == 0 || need > len) {
        return 0;
    }
    for (size_t i = 1; i < need; i++) {
        if ((text[i] & 0xC0U) != 0x80) {
            return 0;
        }
        point = (point << 6) | (text[i] & 0x3FU);
    }
    if (point < least[need] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
        return 0;
    }
    return need;
}

static void add_escaped(struct tend__buf *buf, const unsigned char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        const unsigned char c = text[i];
        if (c == '"' || c == '\\') {
            tend__buf_char(buf, '\\');
            tend__buf_char(buf, (char)c);
            i++;
        } else if (c == '\n') {
            tend__buf_text(buf, "\\n");
            i++;
        } else if (c == '\t') {
            tend__buf_text(buf, "\\t");
            i++;
        } else if (c < 0x20 || c == 0x7F) {
            tend__buf_printf(buf, "\\u%04x", c);
            i++;
        } else {
            const size_t n = utf8_len(text + i, len - i);
            if (n == 0) {
                tend__buf_text(buf, "\xEF\xBF\xBD");
                i++;
            } else {
                tend__buf_add(buf, text + i, n);
                i += n;
            }
        }
    }
}

void tend__jsonw_key(struct tend__json_writer *w, const char *key)
{
    start_item(w);
    tend__buf_char(w->buf, '"');
    add_escaped(w->buf, (const unsigned char *)key, strlen(key));
    tend__buf_text(w->buf, w->pretty ? "\": " : "\":");
    w->after_key = true;
}

void tend__jsonw_text_len(struct tend__json_writer *w, const char *text, size_t len)
{
    start_item(w);
    tend__buf_char(w->buf, '"');
    add_escaped(w->buf, (const unsigned char *)text, len);
    tend__buf_char(w->buf, '"');
}

void tend__jsonw_text(struct tend__json_writer *w, const char *text)
{
    if (text == NULL) {
        tend__jsonw_null(w);
        return;
    }
    tend__jsonw_text_len(w, text, strlen(text));
}

void tend__number_text(double number, char text[32])
{
    if (!isfinite(number)) {
        memcpy(text, "null", 5);
        return;
    }
    if (fabs(number) < WHOLE_MAX && !(number < floor(number)) && !(number > floor(number))) {
        (void)snprintf(text, 32, "%.0f", number);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(text, 32, "%.*g", digits, number);
        const double back = strtod(text, NULL);
        if (!(back < number) && !(back > number)) {
            return;
        }
    }
}

void tend__jsonw_number(struct tend__json_writer *w, double number)
{
    char text[32];
    tend__number_text(number, text);
    tend__jsonw_raw(w, text);
}

void tend__jsonw_int(struct tend__json_writer *w, int64_t number)
{
    start_item(w);
    tend__buf_printf(w->buf, "%lld", (long long)number);
}

void tend__jsonw_uint(struct tend__json_writer *w, uint64_t number)
{
    start_item(w);
    tend__buf_printf(w->buf, "%llu", (unsigned long long)number);
}

void tend__jsonw_bool(struct tend__json_writer *w, bool yes)
{
    tend__jsonw_raw(w, yes ? "true" : "false");
}

void tend__jsonw_null(struct tend__json_writer *w)
{
    tend__jsonw_raw(w, "null");
}

void tend__jsonw_time(struct tend__json_writer *w, int64_t time_us)
{
    char text[TEND_TIME_TEXT_SIZE];
    tend__time_text(time_us, text);
    tend__jsonw_text(w, text);
}

void tend__jsonw_raw(struct tend__json_writer *w, const char *json)
{
    start_item(w);
    tend__buf_text(w->buf, json);
}

void tend__jsonw_member_text(struct tend__json_writer *w, const char *key, const char *text)
{
    tend__jsonw_key(w, key);
    tend__jsonw_text(w, text);
}

void tend__jsonw_member_number(struct tend__json_writer *w, const char *key, double number)
{
    tend__jsonw_key(w, key);
    tend__jsonw_number(w, number);
}

void tend__jsonw_member_int(struct tend__json_writer *w, const char *key, int64_t number)
{
    tend__jsonw_key(w, key);
    tend__jsonw_int(w, number);
}

void tend__jsonw_member_uint(struct tend__json_writer *w, const char *key, uint64_t number)
{
    tend__jsonw_key(w, key);
    tend__jsonw_uint(w, number);
}

void tend__jsonw_member_bool(struct tend__json_writer *w, const char *key, bool yes)
{
    tend__jsonw_key(w, key);
    tend__jsonw_bool(w, yes);
}

void tend__jsonw_member_null(struct tend__json_writer *w, const char *key)
{
    tend__jsonw_key(w, key);
    tend__jsonw_null(w);
}

void tend__jsonw_member_time(struct tend__json_writer *w, const char *key, int64_t time_us)
{
    tend__jsonw_key(w, key);
    tend__jsonw_time(w, time_us);
}
