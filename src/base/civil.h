/* SPDX-License-Identifier: Apache-2.0 */
/*
 * civil.h: times as microseconds since 1970-01-01T00:00:00Z, and the proleptic Gregorian calendar.
 *
 * Time zones do not exist here: every time is UTC. Day and month arithmetic follows Howard
 * Hinnant's "chrono-Compatible Low-Level Date Algorithms" (days_from_civil, civil_from_days).
 */
#ifndef TEND_BASE_CIVIL_H
#define TEND_BASE_CIVIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_US_PER_SECOND INT64_C(1000000)
#define TEND_US_PER_HOUR (INT64_C(3600) * TEND_US_PER_SECOND)
#define TEND_US_PER_DAY (INT64_C(86400) * TEND_US_PER_SECOND)
#define TEND_TIME_TEXT_SIZE 40

struct tend__civil {
    int32_t year;
    uint32_t month; /* 1..12 */
    uint32_t day;   /* 1..31 */
    uint32_t hour;
    uint32_t minute;
    uint32_t second;
    uint32_t us;
};

/* Days since 1970-01-01 of a date, and back. */
int64_t tend__civil_days(int32_t year, uint32_t month, uint32_t day);
struct tend__civil tend__civil_from_us(int64_t time_us);
int64_t tend__civil_to_us(const struct tend__civil *civil);

/* 0 = Sunday .. 6 = Saturday, as SQL's dayofweek. */
uint32_t tend__weekday(int64_t time_us);

/* Floor division: the index of the interval of `every_us` that holds time_us, counted from
 * 1970-01-01. */
int64_t tend__time_floor(int64_t time_us, int64_t every_us);

/* "2001-04-09T00:00:00Z", with ".123456" before the Z where the microseconds are not 0. */
void tend__time_text(int64_t time_us, char text[TEND_TIME_TEXT_SIZE]);

/* "2001-04-09", "2001-04-09 12:30", "2001-04-09T12:30:05.25Z" and with "+02:00". The whole text
 * must match; false and *out untouched otherwise. */
bool tend__time_parse(const char *text, size_t len, int64_t *out);

/* "1d", "12h", "30m", "90s", "2w": a span in microseconds. false where the text is not one or
 * overflows. */
bool tend__span_parse(const char *text, size_t len, int64_t *out);

#endif
