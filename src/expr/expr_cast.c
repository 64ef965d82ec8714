/* SPDX-License-Identifier: Apache-2.0 */
/* expr_cast.c: casts between the types, and numbers in decimal, whatever the locale of the process.
 */
#include "expr/expr_program.h"

#include "base/civil.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_LEN_MAX 400

/* ---- decimal --------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_named(const char *text, size_t len, const char *name)
{
    if (len != strlen(name)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        if (c != name[i]) {
            return false;
        }
    }
    return true;
}

/* Digits [. digits] [e [+-] digits], with at least one digit before the exponent. */
static bool is_decimal(const char *text, size_t len)
{
    size_t i = 0;
    size_t digits = 0;
    while (i < len && is_digit(text[i])) {
        i++;
        digits++;
    }
    if (i < len && text[i] == '.') {
        i++;
        while (i < len && is_digit(text[i])) {
            i++;
            digits++;
        }
    }
    if (digits == 0) {
        return false;
    }
    if (i < len && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        i += i < len && (text[i] == '+' || text[i] == '-') ? 1 : 0;
        if (i == len) {
            return false;
        }
        while (i < len && is_digit(text[i])) {
            i++;
        }
    }
    return i == len;
}

bool tend__expr_number_parse(const char *text, size_t len, double *out, bool *overflowed)
{
    *overflowed = false;
    const bool is_negative = len > 0 && text[0] == '-';
    if (len > 0 && (text[0] == '-' || text[0] == '+')) {
        text++;
        len--;
    }
    double number = 0;
    if (is_named(text, len, "inf") || is_named(text, len, "infinity")) {
        number = (double)INFINITY;
    } else if (is_named(text, len, "nan")) {
        number = (double)NAN;
    } else {
        char copy[NUMBER_LEN_MAX + 1];
        if (len > NUMBER_LEN_MAX || !is_decimal(text, len)) {
            return false;
        }
        memcpy(copy, text, len);
        copy[len] = '\0';
        /* The "C" locale needs no memory of its own. */
        locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        number = locale == (locale_t)0 ? strtod(copy, NULL) : strtod_l(copy, NULL, locale);
        if (locale != (locale_t)0) {
            freelocale(locale);
        }
        *overflowed = isinf(number);
    }
    *out = is_negative ? -number : number;
    return true;
}

/* The fewest digits that read back: 1 to 17 of them, and the decimal exponent of the first. */
static size_t shortest_digits(double number, char digits[20], int *exponent)
{
    for (int count = 1; count <= 17; count++) {
        char text[40];
        /* d.ddde[+-]xx, with the locale's mark for the point */
        (void)snprintf(text, sizeof(text), "%.*e", count - 1, number);
        const char *e = strchr(text, 'e');
        size_t len = 0;
        for (const char *c = text; e != NULL && c < e; c++) {
            if (is_digit(*c)) {
                digits[len++] = *c;
            }
        }
        *exponent = e == NULL ? 0 : (int)strtol(e + 1, NULL, 10);
        char plain[48];
        (void)snprintf(plain, sizeof(plain), "%.*se%d", (int)len, digits, *exponent - (int)len + 1);
        double back = 0;
        bool overflowed = false;
        if (tend__expr_number_parse(plain, strlen(plain), &back, &overflowed) && back == number) {
            return len;
        }
    }
    return 17;
}

size_t tend__expr_number_text(double number, char text[EXPR_NUMBER_TEXT_SIZE])
{
    const char *name = isnan(number) ? "nan" : isinf(number) ? (number > 0 ? "inf" : "-inf") : NULL;
    if (name == NULL && number == 0) {
        name = signbit(number) != 0 ? "-0" : "0";
    }
    if (name != NULL) {
        memcpy(text, name, strlen(name) + 1);
        return strlen(name);
    }
    char digits[20];
    int exponent = 0;
    const size_t count = shortest_digits(fabs(number), digits, &exponent);
    size_t len = 0;
    if (number < 0) {
        text[len++] = '-';
    }
    if (exponent < -4 || exponent >= 16) {
        text[len++] = digits[0];
        if (count > 1) {
            text[len++] = '.';
            memcpy(text + len, digits + 1, count - 1);
            len += count - 1;
        }
        const int more = snprintf(text + len, EXPR_NUMBER_TEXT_SIZE - len, "e%c%02d",
                                  exponent < 0 ? '-' : '+', abs(exponent));
        return len + (size_t)more;
    }
    if (exponent < 0) {
        memcpy(text + len, "0.000", (size_t)(1 - exponent));
        len += (size_t)(1 - exponent);
    }
    for (int i = 0; i < (int)count || i <= exponent; i++) {
        if (i == exponent + 1 && exponent >= 0) {
            text[len++] = '.';
        }
        text[len++] = i < (int)count ? digits[i] : '0';
    }
    text[len] = '\0';
    return len;
}

/* ---- numbers and bools ----------------------------------------------------------------------- */

void tend__run_number_to_bool(struct expr_machine *m, const struct expr_instr *in)
{
    const double *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    uint8_t *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        out[i] = a[i] != 0 ? 1 : 0;
        valid[i] = a_valid[i];
    });
}

void tend__run_bool_to_number(struct expr_machine *m, const struct expr_instr *in)
{
    const uint8_t *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    double *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        out[i] = a[i] != 0 ? 1 : 0;
        valid[i] = a_valid[i];
    });
}

/* Half to even, as casts in SQL do; c = 1: 32 bits, else 64. */
void tend__run_number_to_integer(struct expr_machine *m, const struct expr_instr *in)
{
    const double *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    double *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    const double limit = in->c != 0 ? 2147483648.0 : 9223372036854775808.0;
    EXPR_EACH_ROW(m, i, {
        const double whole = rint(a[i]) + 0.0; /* no -0 */
        out[i] = whole;
        valid[i] = a_valid[i];
        if (valid[i] != 0 && !(whole >= -limit && whole < limit)) {
            tend__expr_fail_row(m, i, valid, TEND_EXPR_BAD_CAST);
        }
    });
}

/* ---- to text --------------------------------------------------------------------------------- */

static void store_text(struct expr_machine *m, const struct expr_instr *in, size_t i,
                       const char *text, size_t len)
{
    struct tend__text *const out = m->slots[in->dst].out;
    char *bytes = tend__expr_pool_take(m, len);
    if (bytes == NULL) {
        m->slots[in->dst].out_valid[i] = 0;
        return;
    }
    memcpy(bytes, text, len);
    out[i] = (struct tend__text){.ptr = bytes, .len = len};
}

void tend__run_number_to_text(struct expr_machine *m, const struct expr_instr *in)
{
    const double *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        valid[i] = a_valid[i];
        if (valid[i] != 0) {
            char text[EXPR_NUMBER_TEXT_SIZE];
            const size_t len = tend__expr_number_text(a[i], text);
            store_text(m, in, i, text, len);
        }
    });
}

void tend__run_bool_to_text(struct expr_machine *m, const struct expr_instr *in)
{
    const uint8_t *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    struct tend__text *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    static const struct tend__text names[2] = {{"false", 5}, {"true", 4}};
    EXPR_EACH_ROW(m, i, {
        out[i] = names[a[i] != 0 ? 1 : 0];
        valid[i] = a_valid[i];
    });
}

/* 2001-04-09 12:30:05, with as many decimals as there are. */
static size_t write_time(int64_t time_us, char text[TEND_TIME_TEXT_SIZE])
{
    const struct tend__civil c = tend__civil_from_us(time_us);
    int len = snprintf(text, TEND_TIME_TEXT_SIZE, "%04d-%02u-%02u %02u:%02u:%02u", c.year, c.month,
                       c.day, c.hour, c.minute, c.second);
    if (c.us != 0) {
        len += snprintf(text + len, TEND_TIME_TEXT_SIZE - (size_t)len, ".%06u", c.us);
        while (text[len - 1] == '0') {
            len--;
        }
    }
    return (size_t)len;
}

void tend__run_time_to_text(struct expr_machine *m, const struct expr_instr *in)
{
    const int64_t *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        valid[i] = a_valid[i];
        if (valid[i] != 0) {
            char text[TEND_TIME_TEXT_SIZE];
            const size_t len = write_time(a[i], text);
            store_text(m, in, i, text, len);
        }
    });
}

/* ---- from text ------------------------------------------------------------------------------- */

static struct tend__text trim(struct tend__text text)
{
    while (text.len > 0 && text.ptr[0] == ' ') {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

void tend__run_text_to_number(struct expr_machine *m, const struct expr_instr *in)
{
    const struct tend__text *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    double *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        valid[i] = a_valid[i];
        out[i] = 0;
        if (valid[i] != 0) {
            const struct tend__text text = trim(a[i]);
            bool overflowed = false;
            if (!tend__expr_number_parse(text.ptr, text.len, &out[i], &overflowed) || overflowed) {
                tend__expr_fail_row(m, i, valid,
                                    overflowed ? TEND_EXPR_OVERFLOW : TEND_EXPR_BAD_CAST);
            }
        }
    });
}

static bool parse_bool(struct tend__text text, uint8_t *out)
{
    static const char *const names[2][5] = {{"false", "f", "no", "n", "0"},
                                            {"true", "t", "yes", "y", "1"}};
    for (size_t value = 0; value < 2; value++) {
        for (size_t i = 0; i < TEND_ARRAY_LEN(names[0]); i++) {
            if (is_named(text.ptr, text.len, names[value][i])) {
                *out = (uint8_t)value;
                return true;
            }
        }
    }
    return false;
}

void tend__run_text_to_bool(struct expr_machine *m, const struct expr_instr *in)
{
    const struct tend__text *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    uint8_t *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        valid[i] = a_valid[i];
        out[i] = 0;
        if (valid[i] != 0 && !parse_bool(a[i], &out[i])) {
            tend__expr_fail_row(m, i, valid, TEND_EXPR_BAD_CAST);
        }
    });
}

void tend__run_text_to_time(struct expr_machine *m, const struct expr_instr *in)
{
    const struct tend__text *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    int64_t *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        valid[i] = a_valid[i];
        out[i] = 0;
        if (valid[i] != 0 && !tend__time_parse(a[i].ptr, a[i].len, &out[i])) {
            tend__expr_fail_row(m, i, valid, TEND_EXPR_BAD_CAST);
        }
    });
}
