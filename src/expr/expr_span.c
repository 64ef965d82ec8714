/* SPDX-License-Identifier: Apache-2.0 */
/* expr_span.c: what an INTERVAL says: whole quantities of calendar and clock units. */
#include "expr/expr_parser.h"

#include "base/civil.h"

#include <string.h>

static const struct {
    const char *name; /* also with an s after it */
    int32_t months;
    int64_t us;
} units[] = {
    {"year", 12, 0},
    {"month", 1, 0},
    {"mon", 1, 0},
    {"week", 0, 7 * TEND_US_PER_DAY},
    {"day", 0, TEND_US_PER_DAY},
    {"hour", 0, TEND_US_PER_HOUR},
    {"minute", 0, 60 * TEND_US_PER_SECOND},
    {"min", 0, 60 * TEND_US_PER_SECOND},
    {"second", 0, TEND_US_PER_SECOND},
    {"sec", 0, TEND_US_PER_SECOND},
    {"millisecond", 0, 1000},
    {"microsecond", 0, 1},
};

static bool is_unit(const char *text, size_t len, const char *name)
{
    const size_t name_len = strlen(name);
    if (len != name_len && !(len == name_len + 1 && (text[len - 1] | 0x20) == 's')) {
        return false;
    }
    for (size_t i = 0; i < name_len; i++) {
        if ((text[i] | 0x20) != name[i]) {
            return false;
        }
    }
    return true;
}

bool tend__expr_span_add(struct expr_span *span, int64_t quantity, const char *unit,
                         size_t unit_len)
{
    for (size_t i = 0; i < TEND_ARRAY_LEN(units); i++) {
        if (!is_unit(unit, unit_len, units[i].name)) {
            continue;
        }
        int64_t us = 0;
        int64_t months = 0;
        if (__builtin_mul_overflow(quantity, units[i].us, &us) ||
            __builtin_add_overflow(span->us, us, &span->us) ||
            __builtin_mul_overflow(quantity, (int64_t)units[i].months, &months) ||
            __builtin_add_overflow(span->months, months, &span->months)) {
            return false;
        }
        return true;
    }
    return false;
}

bool tend__expr_span_parse(const char *text, size_t len, struct expr_span *out)
{
    struct expr_span span = {0};
    size_t i = 0;
    size_t part_count = 0;
    for (;;) {
        while (i < len && text[i] == ' ') {
            i++;
        }
        if (i == len) {
            break;
        }
        const bool is_negative = text[i] == '-';
        i += text[i] == '-' || text[i] == '+' ? 1 : 0;
        int64_t quantity = 0;
        size_t digits = 0;
        while (i < len && text[i] >= '0' && text[i] <= '9' && digits < 15) {
            quantity = quantity * 10 + (text[i] - '0');
            digits++;
            i++;
        }
        while (i < len && text[i] == ' ') {
            i++;
        }
        const size_t unit_at = i;
        while (i < len && ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z')) {
            i++;
        }
        if (digits == 0 || !tend__expr_span_add(&span, is_negative ? -quantity : quantity,
                                                text + unit_at, i - unit_at)) {
            return false;
        }
        part_count++;
    }
    *out = span;
    return part_count > 0;
}
