/* SPDX-License-Identifier: Apache-2.0 */
/* arrow_value.c: decimals, half floats and texts behind views. */
#include "profile/arrow_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VIEW_BYTES 16
#define VIEW_INLINE_MAX 12
#define SCALE_MAX 308

/* ---- decimals ---- */

bool tend__arrow_decimal_parse(const char *format, struct tend__arrow_decimal *out)
{
    char *end = NULL;
    long bits = 128;
    if (format == NULL || strncmp(format, "d:", 2) != 0) {
        return false;
    }
    const long precision = strtol(format + 2, &end, 10);
    if (end == format + 2 || *end != ',' || precision < 1 || precision > 76) {
        return false;
    }
    const char *from = end + 1;
    const long scale = strtol(from, &end, 10);
    if (end == from || scale < -SCALE_MAX || scale > SCALE_MAX) {
        return false;
    }
    if (*end == ',') {
        from = end + 1;
        bits = strtol(from, &end, 10);
    }
    if (*end != '\0' || (bits != 32 && bits != 64 && bits != 128 && bits != 256)) {
        return false;
    }
    out->bytes = (int)(bits / 8);
    out->scale = (int)scale;
    return true;
}

/* Little-endian words, the last one with the sign. */
static double wide_number(const unsigned char *from, int words)
{
    uint64_t word[4] = {0};
    memcpy(word, from, (size_t)words * sizeof(word[0]));
    const bool is_negative = word[words - 1] >> 63 != 0;
    if (is_negative) { /* the magnitude, by two's complement */
        bool carry = true;
        for (int i = 0; i < words; i++) {
            word[i] = ~word[i] + (carry ? 1 : 0);
            carry = carry && word[i] == 0;
        }
    }
    double sum = 0;
    for (int i = words - 1; i >= 0; i--) {
        sum = sum * 18446744073709551616.0 + (double)word[i];
    }
    return is_negative ? -sum : sum;
}

static double integer_of(const unsigned char *from, int bytes)
{
    if (bytes == 4) {
        int32_t value = 0;
        memcpy(&value, from, sizeof(value));
        return value;
    }
    int64_t low = 0;
    memcpy(&low, from, sizeof(low));
    if (bytes == 8) {
        return (double)low;
    }
    int64_t high = 0;
    memcpy(&high, from + 8, sizeof(high));
    if (bytes == 16 && high == (low < 0 ? -1 : 0)) {
        return (double)low; /* nearly every decimal fits into one word */
    }
    return wide_number(from, bytes / 8);
}

void tend__arrow_read_decimals(const struct tend__arrow_decimal *decimal, const void *buffer,
                               size_t begin, size_t count, double *out)
{
    const unsigned char *bytes = buffer;
    const size_t size = (size_t)decimal->bytes;
    const double power = pow(10, abs(decimal->scale));
    for (size_t i = 0; i < count; i++) {
        const double integer = integer_of(bytes + (begin + i) * size, decimal->bytes);
        out[i] = decimal->scale < 0 ? integer * power : integer / power;
    }
}

/* ---- half floats ---- */

static double half_number(uint16_t half)
{
    const int exponent = half >> 10 & 31;
    const int fraction = half & 1023;
    double value = 0;
    if (exponent == 31) {
        value = fraction == 0 ? (double)INFINITY : (double)NAN;
    } else if (exponent == 0) {
        value = ldexp(fraction, -24);
    } else {
        value = ldexp(fraction + 1024, exponent - 25);
    }
    return half >> 15 != 0 ? -value : value;
}

void tend__arrow_read_halves(const void *buffer, size_t begin, size_t count, double *out)
{
    const uint16_t *halves = (const uint16_t *)buffer + begin;
    for (size_t i = 0; i < count; i++) {
        out[i] = half_number(halves[i]);
    }
}

/* ---- views of texts ---- */

static int32_t load_i32(const char *from)
{
    int32_t value = 0;
    memcpy(&value, from, sizeof(value));
    return value;
}

static enum tend_code read_view(const struct tend_arrow_array *array, const char *view,
                                struct tend__text *out, struct tend_error *err)
{
    const int64_t further_count = array->n_buffers - 3;
    const int64_t *sizes = array->buffers[array->n_buffers - 1];
    const int32_t len = load_i32(view);
    if (len < 0) {
        return TEND_FAIL(err, ECORRUPT, "a view of a text has the length %d", (int)len);
    }
    if (len <= VIEW_INLINE_MAX) {
        *out = (struct tend__text){.ptr = view + 4, .len = (size_t)len};
        return TEND_OK;
    }
    const int32_t at = load_i32(view + 8);
    const int32_t offset = load_i32(view + 12);
    if (at < 0 || at >= further_count || sizes == NULL || array->buffers[2 + at] == NULL) {
        return TEND_FAIL(err, ECORRUPT, "a view of a text points into buffer %d of %lld", (int)at,
                         (long long)further_count);
    }
    if (offset < 0 || (int64_t)offset + len > sizes[at]) {
        return TEND_FAIL(err, ECORRUPT, "a view of a text leaves its buffer of %lld bytes",
                         (long long)sizes[at]);
    }
    *out = (struct tend__text){.ptr = (const char *)array->buffers[2 + at] + offset,
                               .len = (size_t)len};
    return TEND_OK;
}

enum tend_code tend__arrow_read_views(const struct tend_arrow_array *array, size_t begin,
                                      size_t count, const uint8_t *valid, struct tend__text *out,
                                      struct tend_error *err)
{
    if (array->n_buffers < 3 || array->buffers == NULL || array->buffers[1] == NULL) {
        return TEND_FAIL(err, EINVAL, "the Arrow array lacks a buffer of its views");
    }
    const char *views = (const char *)array->buffers[1] + begin * VIEW_BYTES;
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct tend__text){.ptr = "", .len = 0};
        if (valid[i] != 0) {
            TEND_TRY(read_view(array, views + i * VIEW_BYTES, &out[i], err));
        }
    }
    return TEND_OK;
}

/* ---- names ---- */

struct format_name {
    const char *prefix;
    const char *text;
};

/* The first whose prefix fits. */
static const struct format_name format_names[] = {
    {"+l", "a list"},
    {"+L", "a list"},
    {"+vl", "a list"},
    {"+vL", "a list"},
    {"+w:", "a list of a fixed size"},
    {"+s", "a struct"},
    {"+m", "a map"},
    {"+ud:", "a union"},
    {"+us:", "a union"},
    {"+r", "run-end encoded"},
    {"z", "binary"},
    {"Z", "binary"},
    {"vz", "binary"},
    {"w:", "binary of a fixed size"},
    {"tt", "a time of day"},
    {"tD", "a duration"},
    {"ti", "an interval"},
    {"td", "a date"},
    {"ts", "a timestamp"},
    {"d:", "a decimal"},
    {"n", "null"},
    {"b", "a bool"},
    {"u", "a text"},
    {"U", "a text"},
    {"vu", "a text"},
};

const char *tend__arrow_format_text(const char *format)
{
    for (size_t i = 0; format != NULL && i < TEND_ARRAY_LEN(format_names); i++) {
        if (strncmp(format, format_names[i].prefix, strlen(format_names[i].prefix)) == 0) {
            return format_names[i].text;
        }
    }
    return format != NULL && format[0] != '\0' && strchr("cCsSiIlLefg", format[0]) != NULL
               ? "a number"
               : "of an unknown type";
}
