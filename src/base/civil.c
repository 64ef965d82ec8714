/* SPDX-License-Identifier: Apache-2.0 */
/* civil.c: calendar arithmetic and the text forms of times; see civil.h. */
#include "base/civil.h"

#include <stdio.h>

int64_t tend__civil_days(int32_t year, uint32_t month, uint32_t day)
{
    const int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t year_of_era = y - era * 400;
    const int64_t shifted = (int64_t)month + (month > 2 ? -3 : 9);
    const int64_t day_of_year = (153 * shifted + 2) / 5 + (int64_t)day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

int64_t tend__time_floor(int64_t time_us, int64_t every_us)
{
    const int64_t quotient = time_us / every_us;
    return time_us % every_us < 0 ? quotient - 1 : quotient;
}

struct tend__civil tend__civil_from_us(int64_t time_us)
{
    const int64_t days = tend__time_floor(time_us, TEND_US_PER_DAY);
    /* Not time_us - days * TEND_US_PER_DAY: the first midnight is before the first time. */
    const int64_t over = time_us % TEND_US_PER_DAY;
    const int64_t rest = over < 0 ? over + TEND_US_PER_DAY : over;
    const int64_t z = days + 719468;
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const int64_t doe = z - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153;
    const int64_t month = mp < 10 ? mp + 3 : mp - 9;
    return (struct tend__civil){
        .year = (int32_t)(yoe + era * 400 + (month <= 2 ? 1 : 0)),
        .month = (uint32_t)month,
        .day = (uint32_t)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (uint32_t)(rest / TEND_US_PER_HOUR),
        .minute = (uint32_t)(rest / (60 * TEND_US_PER_SECOND) % 60),
        .second = (uint32_t)(rest / TEND_US_PER_SECOND % 60),
        .us = (uint32_t)(rest % TEND_US_PER_SECOND),
    };
}

int64_t tend__civil_to_us(const struct tend__civil *civil)
{
    const int64_t days = tend__civil_days(civil->year, civil->month, civil->day);
    const int64_t seconds =
        (int64_t)civil->hour * 3600 + (int64_t)civil->minute * 60 + (int64_t)civil->second;
    return days * TEND_US_PER_DAY + seconds * TEND_US_PER_SECOND + (int64_t)civil->us;
}

uint32_t tend__weekday(int64_t time_us)
{
    const int64_t days = tend__time_floor(time_us, TEND_US_PER_DAY);
    const int64_t weekday = (days + 4) % 7;
    return (uint32_t)(weekday < 0 ? weekday + 7 : weekday);
}

void tend__time_text(int64_t time_us, char text[TEND_TIME_TEXT_SIZE])
{
    const struct tend__civil c = tend__civil_from_us(time_us);
    const int len = snprintf(text, TEND_TIME_TEXT_SIZE, "%04d-%02u-%02uT%02u:%02u:%02u", c.year,
                             c.month, c.day, c.hour, c.minute, c.second);
    if (len < 0 || len >= TEND_TIME_TEXT_SIZE) {
        text[0] = '\0';
        return;
    }
    const size_t left = TEND_TIME_TEXT_SIZE - (size_t)len;
    if (c.us == 0) {
        (void)snprintf(text + len, left, "Z");
    } else {
        (void)snprintf(text + len, left, ".%06uZ", c.us);
    }
}

/* Reads exactly `digits` digits; advances *text. */
static bool read_digits(const char **text, const char *end, int digits, uint32_t *out)
{
    uint32_t number = 0;
    for (int i = 0; i < digits; i++) {
        if (*text == end || **text < '0' || **text > '9') {
            return false;
        }
        number = number * 10 + (uint32_t)(**text - '0');
        (*text)++;
    }
    *out = number;
    return true;
}

static bool skip_char(const char **text, const char *end, char c)
{
    if (*text == end || **text != c) {
        return false;
    }
    (*text)++;
    return true;
}

static bool read_clock(const char **text, const char *end, struct tend__civil *c)
{
    if (!read_digits(text, end, 2, &c->hour) || !skip_char(text, end, ':') ||
        !read_digits(text, end, 2, &c->minute)) {
        return false;
    }
    if (skip_char(text, end, ':')) {
        if (!read_digits(text, end, 2, &c->second)) {
            return false;
        }
        if (skip_char(text, end, '.')) {
            uint32_t scale = 100000;
            int digits = 0;
            uint32_t digit = 0;
            while (digits < 6 && read_digits(text, end, 1, &digit)) {
                c->us += digit * scale;
                scale /= 10;
                digits++;
            }
            if (digits == 0) {
                return false;
            }
        }
    }
    return c->hour < 24 && c->minute < 60 && c->second < 60;
}

static bool read_zone(const char **text, const char *end, int64_t *offset_us)
{
    if (*text == end || skip_char(text, end, 'Z')) {
        return true;
    }
    const bool west = **text == '-';
    uint32_t hour = 0;
    uint32_t minute = 0;
    if (!skip_char(text, end, west ? '-' : '+') || !read_digits(text, end, 2, &hour)) {
        return false;
    }
    (void)skip_char(text, end, ':');
    if (*text != end && !read_digits(text, end, 2, &minute)) {
        return false;
    }
    const int64_t span = ((int64_t)hour * 60 + (int64_t)minute) * 60 * TEND_US_PER_SECOND;
    *offset_us = west ? -span : span;
    return hour < 24 && minute < 60;
}

static uint32_t month_days(int32_t year, uint32_t month)
{
    static const uint32_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool tend__time_parse(const char *text, size_t len, int64_t *out)
{
    const char *end = text + len;
    struct tend__civil c = {0};
    uint32_t year = 0;
    if (!read_digits(&text, end, 4, &year) || !skip_char(&text, end, '-') ||
        !read_digits(&text, end, 2, &c.month) || !skip_char(&text, end, '-') ||
        !read_digits(&text, end, 2, &c.day)) {
        return false;
    }
    c.year = (int32_t)year;
    if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > month_days(c.year, c.month)) {
        return false;
    }
    int64_t offset_us = 0;
    if (skip_char(&text, end, 'T') || skip_char(&text, end, ' ')) {
        if (!read_clock(&text, end, &c) || !read_zone(&text, end, &offset_us)) {
            return false;
        }
    }
    if (text != end) {
        return false;
    }
    *out = tend__civil_to_us(&c) - offset_us;
    return true;
}

bool tend__span_parse(const char *text, size_t len, int64_t *out)
{
    const char *end = text + len;
    int64_t number = 0;
    const char *start = text;
    uint32_t digit = 0;
    while (text - start < 9 && read_digits(&text, end, 1, &digit)) {
        number = number * 10 + (int64_t)digit;
    }
    if (text == start || end - text != 1) {
        return false;
    }
    int64_t unit = 0;
    switch (*text) {
    case 's':
        unit = TEND_US_PER_SECOND;
        break;
    case 'm':
        unit = 60 * TEND_US_PER_SECOND;
        break;
    case 'h':
        unit = TEND_US_PER_HOUR;
        break;
    case 'd':
        unit = TEND_US_PER_DAY;
        break;
    case 'w':
        unit = 7 * TEND_US_PER_DAY;
        break;
    default:
        return false;
    }
    if (number > INT64_MAX / unit) {
        return false;
    }
    *out = number * unit;
    return true;
}
