/* SPDX-License-Identifier: Apache-2.0 */
/* expr_time.c: parts of times, truncation, intervals. All times are UTC; weeks are those of ISO
 * 8601. */
#include "expr/expr_program.h"

#include "base/civil.h"

/* 1 = Monday .. 7 = Sunday. */
static int64_t iso_weekday(int64_t time_us)
{
    const int64_t weekday = (int64_t)tend__weekday(time_us);
    return weekday == 0 ? 7 : weekday;
}

static int64_t days_of(int64_t time_us)
{
    return tend__time_floor(time_us, TEND_US_PER_DAY);
}

/* The week of its Thursday's year: 1..53. */
static int64_t iso_week(int64_t time_us)
{
    const int64_t days = days_of(time_us);
    const int64_t thursday = days - iso_weekday(time_us) + 4;
    /* Near the ends of time a Thursday may be beyond them; the year is taken from the day itself
     * there. */
    int64_t thursday_us = 0;
    if (__builtin_mul_overflow(thursday, TEND_US_PER_DAY, &thursday_us)) {
        thursday_us = time_us;
    }
    const struct tend__civil civil = tend__civil_from_us(thursday_us);
    return (thursday - tend__civil_days(civil.year, 1, 1)) / 7 + 1;
}

static int64_t part_of(int64_t time_us, enum expr_unit unit)
{
    const struct tend__civil civil = tend__civil_from_us(time_us);
    switch (unit) {
    case EXPR_UNIT_YEAR:
        return civil.year;
    case EXPR_UNIT_QUARTER:
        return (civil.month + 2) / 3;
    case EXPR_UNIT_MONTH:
        return civil.month;
    case EXPR_UNIT_WEEK:
        return iso_week(time_us);
    case EXPR_UNIT_DAY:
        return civil.day;
    case EXPR_UNIT_HOUR:
        return civil.hour;
    case EXPR_UNIT_MINUTE:
        return civil.minute;
    case EXPR_UNIT_SECOND:
        return civil.second;
    case EXPR_UNIT_DAYOFWEEK:
        return tend__weekday(time_us);
    case EXPR_UNIT_ISODOW:
        return iso_weekday(time_us);
    case EXPR_UNIT_DAYOFYEAR:
        return days_of(time_us) - tend__civil_days(civil.year, 1, 1) + 1;
    case EXPR_UNIT_EPOCH:
        break;
    }
    return 0;
}

void tend__run_part(struct expr_machine *m, const struct expr_instr *in)
{
    const int64_t *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    double *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        out[i] = a_valid[i] != 0 ? (double)part_of(a[i], (enum expr_unit)in->c) : 0;
        valid[i] = a_valid[i];
    });
}

void tend__run_epoch(struct expr_machine *m, const struct expr_instr *in)
{
    const int64_t *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    double *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        out[i] = (double)a[i] / (double)TEND_US_PER_SECOND;
        valid[i] = a_valid[i];
    });
}

/* The first day of the unit that the time is in, for units of days and above. */
static int64_t first_day(int64_t time_us, enum expr_unit unit)
{
    const struct tend__civil civil = tend__civil_from_us(time_us);
    switch (unit) {
    case EXPR_UNIT_YEAR:
        return tend__civil_days(civil.year, 1, 1);
    case EXPR_UNIT_QUARTER:
        return tend__civil_days(civil.year, (civil.month - 1) / 3 * 3 + 1, 1);
    case EXPR_UNIT_MONTH:
        return tend__civil_days(civil.year, civil.month, 1);
    case EXPR_UNIT_WEEK:
        return days_of(time_us) - iso_weekday(time_us) + 1;
    case EXPR_UNIT_DAY:
    case EXPR_UNIT_HOUR:
    case EXPR_UNIT_MINUTE:
    case EXPR_UNIT_SECOND:
    case EXPR_UNIT_DAYOFWEEK:
    case EXPR_UNIT_ISODOW:
    case EXPR_UNIT_DAYOFYEAR:
    case EXPR_UNIT_EPOCH:
        break;
    }
    return days_of(time_us);
}

/* false where the result is before the first time there is. */
static bool truncate_time(int64_t time_us, enum expr_unit unit, int64_t *out)
{
    int64_t every_us = TEND_US_PER_SECOND;
    if (unit == EXPR_UNIT_HOUR) {
        every_us = TEND_US_PER_HOUR;
    } else if (unit == EXPR_UNIT_MINUTE) {
        every_us = 60 * TEND_US_PER_SECOND;
    } else if (unit != EXPR_UNIT_SECOND) {
        return !__builtin_mul_overflow(first_day(time_us, unit), TEND_US_PER_DAY, out);
    }
    return !__builtin_mul_overflow(tend__time_floor(time_us, every_us), every_us, out);
}

void tend__run_date_trunc(struct expr_machine *m, const struct expr_instr *in)
{
    const int64_t *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    int64_t *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        valid[i] = a_valid[i];
        out[i] = 0;
        if (valid[i] != 0 && !truncate_time(a[i], (enum expr_unit)in->c, &out[i])) {
            tend__expr_fail_row(m, i, valid, TEND_EXPR_TIME_RANGE);
        }
    });
}

static uint32_t month_days(int64_t year, uint32_t month)
{
    static const uint32_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

bool tend__expr_time_add(int64_t time_us, int64_t months, int64_t us, int64_t *out)
{
    int64_t moved = time_us;
    if (months != 0) {
        const struct tend__civil civil = tend__civil_from_us(time_us);
        const int64_t count = (int64_t)civil.year * 12 + (int64_t)civil.month - 1 + months;
        const int64_t year = tend__time_floor(count, 12);
        const uint32_t month = (uint32_t)(count - year * 12) + 1;
        if (year < -400000 || year > 400000) {
            return false;
        }
        const uint32_t last = month_days(year, month);
        const int64_t days =
            tend__civil_days((int32_t)year, month, civil.day < last ? civil.day : last);
        const int64_t over = time_us % TEND_US_PER_DAY;
        const int64_t of_day = over < 0 ? over + TEND_US_PER_DAY : over;
        if (__builtin_mul_overflow(days, TEND_US_PER_DAY, &moved) ||
            __builtin_add_overflow(moved, of_day, &moved)) {
            return false;
        }
    }
    return !__builtin_add_overflow(moved, us, out);
}

void tend__run_time_add(struct expr_machine *m, const struct expr_instr *in)
{
    const int64_t *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    int64_t *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    const struct expr_const *const span = &m->program->consts[in->imm];
    const int64_t sign = in->c != 0 ? -1 : 1;
    EXPR_EACH_ROW(m, i, {
        valid[i] = a_valid[i];
        out[i] = 0;
        if (valid[i] != 0 &&
            !tend__expr_time_add(a[i], sign * span->months, sign * span->value.integer, &out[i])) {
            tend__expr_fail_row(m, i, valid, TEND_EXPR_TIME_RANGE);
        }
    });
}
