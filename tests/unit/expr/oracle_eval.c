/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_eval.c: the naive meaning of an expression: one row, one walk over the tree, the rules of
 * docs/expressions.md written down once more in the plainest way. It shares no code with src/expr.
 */
#include "oracle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char arena[1U << 20];
static size_t arena_len;

void oracle_reset(void)
{
    arena_len = 0;
}

static struct oracle_value text_value(const char *bytes, size_t len)
{
    TEND_ASSERT(arena_len + len < sizeof(arena));
    char *copy = arena + arena_len;
    memcpy(copy, bytes, len);
    arena_len += len;
    return (struct oracle_value){.text = {copy, len}};
}

static struct oracle_value failed(enum tend__expr_failure failure)
{
    return (struct oracle_value){.failure = failure};
}

static struct oracle_value null_value(void)
{
    return (struct oracle_value){.is_null = true};
}

static struct oracle_value number_value(double number)
{
    return (struct oracle_value){.number = number};
}

static struct oracle_value bool_value(bool boolean)
{
    return (struct oracle_value){.boolean = boolean};
}

/* ---- order ----------------------------------------------------------------------------------- */

static int order_of(enum tend_type type, const struct oracle_value *a, const struct oracle_value *b)
{
    if (type == TEND_TYPE_NUMBER) {
        if (isnan(a->number) || isnan(b->number)) {
            return (isnan(a->number) ? 1 : 0) - (isnan(b->number) ? 1 : 0);
        }
        return (a->number > b->number) - (a->number < b->number);
    }
    if (type == TEND_TYPE_BOOL) {
        return (int)a->boolean - (int)b->boolean;
    }
    if (type == TEND_TYPE_TIME) {
        return (a->time_us > b->time_us) - (a->time_us < b->time_us);
    }
    for (size_t i = 0; i < a->text.len && i < b->text.len; i++) {
        const int difference =
            (int)(unsigned char)a->text.ptr[i] - (int)(unsigned char)b->text.ptr[i];
        if (difference != 0) {
            return difference;
        }
    }
    return (a->text.len > b->text.len) - (a->text.len < b->text.len);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static struct oracle_value arithmetic(enum oracle_op op, double x, double y)
{
    double z = 0;
    switch ((int)op) {
    case ORACLE_ADD:
        z = x + y;
        break;
    case ORACLE_SUB:
        z = x - y;
        break;
    case ORACLE_MUL:
        z = x * y;
        break;
    case ORACLE_POW:
        z = pow(x, y);
        if (x == 0 && y < 0) {
            return failed(TEND_EXPR_DIVISION_BY_ZERO);
        }
        break;
    default:
        if (y == 0) {
            return failed(TEND_EXPR_DIVISION_BY_ZERO);
        }
        z = op == ORACLE_DIV ? x / y : fmod(x, y);
        break;
    }
    if (isnan(z) && !isnan(x) && !isnan(y)) {
        return failed(TEND_EXPR_NOT_A_NUMBER);
    }
    if (isinf(z) && isfinite(x) && isfinite(y)) {
        return failed(TEND_EXPR_OVERFLOW);
    }
    return number_value(z);
}

static struct oracle_value round_number(double x, int digits)
{
    const double scale = pow(10, fabs((double)digits));
    if (digits == 0 || !isfinite(x)) {
        return number_value(round(x));
    }
    if (digits > 0) {
        const double z = round(x * scale) / scale;
        return number_value(isfinite(z) ? z : x);
    }
    const double z = round(x / scale) * scale;
    return isfinite(z) ? number_value(z) : failed(TEND_EXPR_OVERFLOW);
}

static struct oracle_value function(const struct oracle_node *node, double x)
{
    switch ((int)node->op) {
    case ORACLE_NEG:
        return number_value(-x);
    case ORACLE_ABS:
        return number_value(fabs(x));
    case ORACLE_LN:
        return x <= 0 ? failed(TEND_EXPR_LOG_DOMAIN) : number_value(log(x));
    case ORACLE_LOG10:
        return x <= 0 ? failed(TEND_EXPR_LOG_DOMAIN) : number_value(log10(x));
    case ORACLE_LOG2:
        return x <= 0 ? failed(TEND_EXPR_LOG_DOMAIN) : number_value(log2(x));
    case ORACLE_EXP:
        return isfinite(x) && isinf(exp(x)) ? failed(TEND_EXPR_OVERFLOW) : number_value(exp(x));
    case ORACLE_SQRT:
        return x < 0 ? failed(TEND_EXPR_SQRT_DOMAIN) : number_value(sqrt(x));
    case ORACLE_ROUND:
        return round_number(x, node->choice);
    case ORACLE_FLOOR:
        return number_value(floor(x));
    case ORACLE_CEIL:
        return number_value(ceil(x));
    case ORACLE_TRUNC:
        return number_value(trunc(x));
    case ORACLE_SIGN:
        return number_value(isnan(x) ? x : (double)((x > 0) - (x < 0)));
    case ORACLE_TO_INTEGER:
    case ORACLE_TO_BIGINT: {
        const double limit = node->op == ORACLE_TO_INTEGER ? pow(2, 31) : pow(2, 63);
        const double whole = nearbyint(x);
        if (isnan(x) || whole < -limit || whole >= limit) {
            return failed(TEND_EXPR_BAD_CAST);
        }
        return number_value(whole == 0 ? 0 : whole);
    }
    case ORACLE_ISNAN:
        return bool_value(isnan(x));
    case ORACLE_ISINF:
        return bool_value(isinf(x));
    default:
        return bool_value(isfinite(x));
    }
}

/* ---- texts ----------------------------------------------------------------------------------- */

static size_t character_len(const char *text, size_t len)
{
    size_t i = 1;
    while (i < len && ((unsigned char)text[i] & 0xC0U) == 0x80U) {
        i++;
    }
    return i;
}

static bool like(const char *text, size_t len, const char *pattern, size_t pattern_len, char escape)
{
    if (pattern_len == 0) {
        return len == 0;
    }
    if (escape != '\0' && *pattern == escape) {
        return len > 0 && *text == pattern[1] &&
               like(text + 1, len - 1, pattern + 2, pattern_len - 2, escape);
    }
    if (*pattern == '%') {
        for (size_t i = 0; i <= len; i++) {
            if (like(text + i, len - i, pattern + 1, pattern_len - 1, escape)) {
                return true;
            }
        }
        return false;
    }
    if (len == 0) {
        return false;
    }
    const size_t step = *pattern == '_' ? character_len(text, len) : 1;
    if (*pattern != '_' && *pattern != *text) {
        return false;
    }
    return like(text + step, len - step, pattern + 1, pattern_len - 1, escape);
}

static struct oracle_value change_case(struct tend__text text, bool to_upper)
{
    struct oracle_value v = text_value(text.ptr, text.len);
    char *copy = arena + arena_len - text.len;
    for (size_t i = 0; i < text.len; i++) {
        if (to_upper && copy[i] >= 'a' && copy[i] <= 'z') {
            copy[i] = (char)(copy[i] - 32);
        } else if (!to_upper && copy[i] >= 'A' && copy[i] <= 'Z') {
            copy[i] = (char)(copy[i] + 32);
        }
    }
    return v;
}

static struct oracle_value concatenate(struct tend__text a, struct tend__text b)
{
    const struct oracle_value first = text_value(a.ptr, a.len);
    (void)text_value(b.ptr, b.len);
    return (struct oracle_value){.text = {first.text.ptr, a.len + b.len}};
}

/* ---- times ----------------------------------------------------------------------------------- */

#define DAY INT64_C(86400000000)

struct date {
    int year;
    int month; /* 1..12 */
    int day;
    int64_t of_day; /* microseconds */
};

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_len(int year, int month)
{
    static const int lens[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return lens[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static int64_t day_number(int year, int month, int day)
{
    int64_t days = day - 1;
    for (int y = 1970; y < year; y++) {
        days += is_leap(y) ? 366 : 365;
    }
    for (int y = year; y < 1970; y++) {
        days -= is_leap(y) ? 366 : 365;
    }
    for (int m = 1; m < month; m++) {
        days += month_len(year, m);
    }
    return days;
}

static int64_t day_of(int64_t time_us)
{
    return (int64_t)floor((double)(time_us / 1000000 - (time_us % 1000000 < 0 ? 1 : 0)) / 86400.0);
}

static struct date date_of(int64_t time_us)
{
    struct date d = {.year = 1970, .month = 1, .day = 1};
    const int64_t days = day_of(time_us);
    d.of_day = time_us - days * DAY;
    while (day_number(d.year + 1, 1, 1) <= days) {
        d.year++;
    }
    while (day_number(d.year, 1, 1) > days) {
        d.year--;
    }
    int64_t left = days - day_number(d.year, 1, 1);
    while (left >= month_len(d.year, d.month)) {
        left -= month_len(d.year, d.month);
        d.month++;
    }
    d.day = (int)left + 1;
    return d;
}

/* 1 = Monday; 1970-01-01 was a Thursday. */
static int64_t weekday_of(int64_t days)
{
    return ((days + 3) % 7 + 7) % 7 + 1;
}

static double part(int64_t t, int unit)
{
    const struct date d = date_of(t);
    const int64_t days = day_of(t);
    const int64_t thursday = days - weekday_of(days) + 4;
    switch (unit) {
    case 0:
        return d.year;
    case 1:
        return (double)((d.month - 1) / 3) + 1;
    case 2:
        return d.month;
    case 3:
        return floor((double)(thursday - day_number(date_of(thursday * DAY).year, 1, 1)) / 7) + 1;
    case 4:
        return d.day;
    case 5:
        return (double)(d.of_day / INT64_C(3600000000));
    case 6:
        return (double)(d.of_day / 60000000 % 60);
    case 7:
        return (double)(d.of_day / 1000000 % 60);
    case 8:
        return (double)(weekday_of(days) % 7);
    case 9:
        return (double)weekday_of(days);
    default:
        return (double)(days - day_number(d.year, 1, 1) + 1);
    }
}

static int64_t truncate(int64_t t, int unit)
{
    const struct date d = date_of(t);
    const int64_t days = day_of(t);
    switch (unit) {
    case 0:
        return day_number(d.year, 1, 1) * DAY;
    case 1:
        return day_number(d.year, (d.month - 1) / 3 * 3 + 1, 1) * DAY;
    case 2:
        return day_number(d.year, d.month, 1) * DAY;
    case 3:
        return (days - weekday_of(days) + 1) * DAY;
    case 4:
        return days * DAY;
    case 5:
        return t - d.of_day % INT64_C(3600000000);
    case 6:
        return t - d.of_day % 60000000;
    default:
        return t - d.of_day % 1000000;
    }
}

static int64_t add_months(int64_t t, int months)
{
    struct date d = date_of(t);
    for (; months > 0; months--) {
        d.year += d.month == 12 ? 1 : 0;
        d.month = d.month == 12 ? 1 : d.month + 1;
    }
    for (; months < 0; months++) {
        d.year -= d.month == 1 ? 1 : 0;
        d.month = d.month == 1 ? 12 : d.month - 1;
    }
    const int len = month_len(d.year, d.month);
    return day_number(d.year, d.month, d.day < len ? d.day : len) * DAY + d.of_day;
}

/* ---- casts ----------------------------------------------------------------------------------- */

static struct oracle_value text_of_number(double x)
{
    char text[64];
    if (isnan(x)) {
        return text_value("nan", 3);
    }
    if (isinf(x)) {
        return x > 0 ? text_value("inf", 3) : text_value("-inf", 4);
    }
    int digits = 1;
    do {
        (void)snprintf(text, sizeof(text), "%.*e", digits - 1, x);
        digits++;
    } while (strtod(text, NULL) != x);
    digits--;
    if (x != 0 && (fabs(x) < 1e-4 || fabs(x) >= 1e16)) {
        return text_value(text, strlen(text));
    }
    const int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    const int decimals = digits - 1 - exponent;
    (void)snprintf(text, sizeof(text), "%.*f", decimals < 0 ? 0 : decimals, x);
    return text_value(text, strlen(text));
}

static struct oracle_value text_of_time(int64_t t)
{
    const struct date d = date_of(t);
    char text[64];
    int len =
        snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d.%06d", d.year, d.month, d.day,
                 (int)(d.of_day / INT64_C(3600000000)), (int)(d.of_day / 60000000 % 60),
                 (int)(d.of_day / 1000000 % 60), (int)(d.of_day % 1000000));
    while (text[len - 1] == '0' && d.of_day % 1000000 != 0) {
        len--;
    }
    return text_value(text, (size_t)(d.of_day % 1000000 == 0 ? len - 7 : len));
}

static struct oracle_value number_of_text(struct tend__text text)
{
    char copy[256];
    size_t start = 0;
    size_t end = text.len;
    while (start < end && text.ptr[start] == ' ') {
        start++;
    }
    while (end > start && text.ptr[end - 1] == ' ') {
        end--;
    }
    if (end == start || end - start >= sizeof(copy) || text.ptr[start] == ' ') {
        return failed(TEND_EXPR_BAD_CAST);
    }
    memcpy(copy, text.ptr + start, end - start);
    copy[end - start] = '\0';
    char *stop = NULL;
    const double x = strtod(copy, &stop);
    if (*stop != '\0' || strpbrk(copy, "xXpP(") != NULL || strspn(copy, " \t") > 0) {
        return failed(TEND_EXPR_BAD_CAST);
    }
    return isinf(x) && strpbrk(copy, "iI") == NULL ? failed(TEND_EXPR_OVERFLOW) : number_value(x);
}

static struct oracle_value bool_of_text(struct tend__text text)
{
    static const char *const names[] = {"true", "t", "yes", "y", "1", "false", "f", "no", "n", "0"};
    for (int i = 0; i < 10; i++) {
        if (strlen(names[i]) == text.len && strncasecmp(names[i], text.ptr, text.len) == 0) {
            return bool_value(i < 5);
        }
    }
    return failed(TEND_EXPR_BAD_CAST);
}

/* Whether text looks like the pattern, in which 9 stands for a digit; what follows is *rest. */
static bool looks_like(const char *text, const char *pattern, const char **rest)
{
    for (; *pattern != '\0'; pattern++, text++) {
        if (*pattern == '9' ? *text < '0' || *text > '9' : *text != *pattern) {
            return false;
        }
    }
    *rest = text;
    return true;
}

static int digits_at(const char *text)
{
    return (int)strtol(text, NULL, 10);
}

/* The forms that the generator can make: a date, or date and clock with T or space, decimals, Z. */
static struct oracle_value time_of_text(struct tend__text text)
{
    char copy[64] = {0};
    const char *rest = NULL;
    double second = 0;
    int hour = 0;
    int minute = 0;
    if (text.len >= sizeof(copy)) {
        return failed(TEND_EXPR_BAD_CAST);
    }
    memcpy(copy, text.ptr, text.len);
    if (!looks_like(copy, "9999-99-99", &rest)) {
        return failed(TEND_EXPR_BAD_CAST);
    }
    const int year = digits_at(copy);
    const int month = digits_at(copy + 5);
    const int day = digits_at(copy + 8);
    if (month < 1 || month > 12 || day < 1 || day > month_len(year, month)) {
        return failed(TEND_EXPR_BAD_CAST);
    }
    if (*rest != '\0') {
        if ((*rest != ' ' && *rest != 'T') || !looks_like(rest + 1, "99:99:99", &rest)) {
            return failed(TEND_EXPR_BAD_CAST);
        }
        hour = digits_at(copy + 11);
        minute = digits_at(copy + 14);
        size_t decimals = 0;
        if (*rest == '.') {
            decimals = strspn(rest + 1, "0123456789");
            rest += 1 + decimals;
            if (decimals == 0) {
                return failed(TEND_EXPR_BAD_CAST);
            }
        }
        second = strtod(copy + 17, NULL);
        rest += *rest == 'Z' ? 1 : 0;
        if (*rest != '\0' || decimals > 6 || hour > 23 || minute > 59 || second >= 60) {
            return failed(TEND_EXPR_BAD_CAST);
        }
    }
    struct oracle_value v = {0};
    v.time_us = day_number(year, month, day) * DAY + hour * INT64_C(3600000000) +
                minute * INT64_C(60000000) + (int64_t)llround(second * 1e6);
    return v;
}

static struct oracle_value cast(const struct oracle_node *node, enum tend_type from,
                                const struct oracle_value *x)
{
    if (node->op == ORACLE_TO_NUMBER) {
        return from == TEND_TYPE_BOOL ? number_value(x->boolean ? 1 : 0) : number_of_text(x->text);
    }
    if (node->op == ORACLE_TO_BOOL) {
        return from == TEND_TYPE_NUMBER ? bool_value(x->number != 0) : bool_of_text(x->text);
    }
    if (node->op == ORACLE_TO_TEXT) {
        if (from == TEND_TYPE_NUMBER) {
            return text_of_number(x->number);
        }
        if (from == TEND_TYPE_BOOL) {
            return x->boolean ? text_value("true", 4) : text_value("false", 5);
        }
        return from == TEND_TYPE_TIME ? text_of_time(x->time_us) : *x;
    }
    struct oracle_value v = from == TEND_TYPE_TEXT ? time_of_text(x->text) : *x;
    if (node->op == ORACLE_TO_DATE && v.failure == TEND_EXPR_FINE) {
        v.time_us = day_of(v.time_us) * DAY;
    }
    return v;
}

/* ---- the walk -------------------------------------------------------------------------------- */

struct walk {
    const struct oracle_tree *tree;
    const struct oracle_rows *rows;
    size_t row_idx;
    bool folds;
};

static struct oracle_value eval(const struct walk *w, int idx);

static struct oracle_value column(const struct walk *w, int choice)
{
    const struct tend__column *c = &w->rows->columns[choice];
    const size_t i = w->row_idx;
    struct oracle_value v = {0};
    if (c->valid != NULL && c->valid[i] == 0) {
        return null_value();
    }
    switch (c->type) {
    case TEND_TYPE_NUMBER:
        v.number = c->f64[i];
        break;
    case TEND_TYPE_BOOL:
        v.boolean = c->bools[i] != 0;
        break;
    case TEND_TYPE_TEXT:
        v.text = c->text[i];
        break;
    case TEND_TYPE_TIME:
        v.time_us = c->time_us[i];
        break;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return v;
}

/* The condition of a WHEN. Folded: an AND in it stops at the first operand that is not TRUE, an OR
 * at one that is; and BETWEEN is an AND. */
static struct oracle_value eval_condition(const struct walk *w, int idx)
{
    const struct oracle_node *node = &w->tree->nodes[idx];
    if (w->folds && node->op == ORACLE_BETWEEN && !node->negated) {
        const struct oracle_value x = eval(w, node->children[0]);
        const struct oracle_value low = eval(w, node->children[1]);
        const enum tend_type type = w->tree->nodes[node->children[0]].type;
        const bool is_fine = x.failure == TEND_EXPR_FINE && low.failure == TEND_EXPR_FINE;
        if (is_fine && (x.is_null || low.is_null || order_of(type, &x, &low) < 0)) {
            return bool_value(false);
        }
    }
    if (!w->folds || (node->op != ORACLE_AND && node->op != ORACLE_OR)) {
        return eval(w, idx);
    }
    const bool stops_at = node->op == ORACLE_OR;
    for (int i = 0; i < node->child_count; i++) {
        const struct oracle_value v = eval_condition(w, node->children[i]);
        if (v.failure != TEND_EXPR_FINE || (!v.is_null && v.boolean) == stops_at) {
            return v;
        }
    }
    return bool_value(!stops_at);
}

static struct oracle_value eval_case(const struct walk *w, const struct oracle_node *node)
{
    int i = 0;
    struct oracle_value operand = {0};
    const enum tend_type type = w->tree->nodes[node->children[0]].type;
    if (node->op == ORACLE_CASE_SIMPLE) {
        operand = eval(w, node->children[i++]);
        if (operand.failure != TEND_EXPR_FINE) {
            return operand;
        }
    }
    for (; i + 1 < node->child_count; i += 2) {
        const bool is_searched = node->op == ORACLE_CASE;
        const struct oracle_value when =
            is_searched ? eval_condition(w, node->children[i]) : eval(w, node->children[i]);
        if (when.failure != TEND_EXPR_FINE) {
            return when;
        }
        bool is_true = !when.is_null && when.boolean;
        if (node->op == ORACLE_CASE_SIMPLE) {
            is_true = !when.is_null && !operand.is_null && order_of(type, &operand, &when) == 0;
        }
        if (is_true) {
            return eval(w, node->children[i + 1]);
        }
    }
    return i < node->child_count ? eval(w, node->children[i]) : null_value();
}

static struct oracle_value eval_logic(const struct walk *w, const struct oracle_node *node)
{
    const bool stops_at = node->op == ORACLE_OR;
    bool any_null = false;
    for (int i = 0; i < node->child_count; i++) {
        const struct oracle_value v = eval(w, node->children[i]);
        if (v.failure != TEND_EXPR_FINE) {
            return v;
        }
        if (!v.is_null && v.boolean == stops_at) {
            return bool_value(stops_at);
        }
        any_null = any_null || v.is_null;
    }
    return any_null ? null_value() : bool_value(!stops_at);
}

static struct oracle_value eval_coalesce(const struct walk *w, const struct oracle_node *node)
{
    struct oracle_value v = null_value();
    for (int i = 0; i < node->child_count && v.is_null && v.failure == TEND_EXPR_FINE; i++) {
        v = eval(w, node->children[i]);
    }
    return v;
}

static struct oracle_value compare(int choice, int order)
{
    switch (choice) {
    case 0:
        return bool_value(order == 0);
    case 1:
        return bool_value(order != 0);
    case 2:
        return bool_value(order < 0);
    case 3:
        return bool_value(order <= 0);
    case 4:
        return bool_value(order > 0);
    default:
        return bool_value(order >= 0);
    }
}

/* x IN (...): TRUE if any is equal, else NULL if x or any is NULL. */
static struct oracle_value eval_in(enum tend_type type, const struct oracle_node *node,
                                   const struct oracle_value *v)
{
    bool any_null = false;
    for (int i = 1; i < node->child_count; i++) {
        if (v[0].is_null || v[i].is_null) {
            any_null = true;
        } else if (order_of(type, &v[0], &v[i]) == 0) {
            return bool_value(!node->negated);
        }
    }
    return any_null ? null_value() : bool_value(node->negated);
}

static struct oracle_value eval_between(enum tend_type type, const struct oracle_node *node,
                                        const struct oracle_value *v)
{
    bool any_null = false;
    for (int i = 1; i < 3; i++) {
        if (v[0].is_null || v[i].is_null) {
            any_null = true;
        } else {
            const int order = order_of(type, &v[0], &v[i]);
            if (i == 1 ? order < 0 : order > 0) {
                return bool_value(node->negated);
            }
        }
    }
    return any_null ? null_value() : bool_value(!node->negated);
}

static struct oracle_value pick(enum tend_type type, const struct oracle_node *node,
                                const struct oracle_value *v)
{
    struct oracle_value best = null_value();
    for (int i = 0; i < node->child_count; i++) {
        if (v[i].is_null) {
            continue;
        }
        const int order = best.is_null ? 0 : order_of(type, &v[i], &best);
        if (best.is_null || (node->op == ORACLE_LEAST ? order < 0 : order > 0)) {
            best = v[i];
        }
    }
    return best;
}

/* What is defined for NULL operands, too; *done is false for the rest. */
static struct oracle_value eval_with_nulls(enum tend_type type, const struct oracle_node *node,
                                           const struct oracle_value *v, bool *done)
{
    *done = true;
    switch ((int)node->op) {
    case ORACLE_NULLIF: {
        const bool both = !v[0].is_null && !v[1].is_null;
        return both && order_of(type, &v[0], &v[1]) == 0 ? null_value() : v[0];
    }
    case ORACLE_LEAST:
    case ORACLE_GREATEST:
        return pick(type, node, v);
    case ORACLE_DISTINCT: {
        const bool both = !v[0].is_null && !v[1].is_null;
        const bool differ = both ? order_of(type, &v[0], &v[1]) != 0 : v[0].is_null != v[1].is_null;
        return bool_value(differ != node->negated);
    }
    case ORACLE_IS_NULL:
        return bool_value(v[0].is_null != node->negated);
    case ORACLE_IS_BOOL:
        return bool_value((!v[0].is_null && v[0].boolean == (node->choice % 2 != 0)) !=
                          node->negated);
    case ORACLE_IN:
        return eval_in(type, node, v);
    case ORACLE_BETWEEN:
        return eval_between(type, node, v);
    default:
        *done = false;
        return null_value();
    }
}

static struct oracle_value eval_strict(const struct walk *w, const struct oracle_node *node,
                                       const struct oracle_value *v)
{
    const enum tend_type type = w->tree->nodes[node->children[0]].type;
    struct oracle_value r = {0};
    switch ((int)node->op) {
    case ORACLE_ADD:
    case ORACLE_SUB:
    case ORACLE_MUL:
    case ORACLE_DIV:
    case ORACLE_MOD:
    case ORACLE_POW:
        return arithmetic(node->op, v[0].number, v[1].number);
    case ORACLE_LENGTH:
        for (size_t i = 0; i < v[0].text.len; r.number++) {
            i += character_len(v[0].text.ptr + i, v[0].text.len - i);
        }
        return r;
    case ORACLE_PART:
        return number_value(part(v[0].time_us, node->choice));
    case ORACLE_EPOCH:
        return number_value((double)v[0].time_us / 1e6);
    case ORACLE_COMPARE:
        return compare(node->choice, order_of(type, &v[0], &v[1]));
    case ORACLE_NOT:
        return bool_value(!v[0].boolean);
    case ORACLE_LIKE:
        return bool_value(like(v[0].text.ptr, v[0].text.len, v[1].text.ptr, v[1].text.len,
                               (char)node->choice) != node->negated);
    case ORACLE_CONCAT:
        return concatenate(v[0].text, v[1].text);
    case ORACLE_LOWER:
    case ORACLE_UPPER:
        return change_case(v[0].text, node->op == ORACLE_UPPER);
    case ORACLE_DATE_TRUNC:
        r.time_us = truncate(v[0].time_us, node->choice);
        return r;
    case ORACLE_TIME_ADD:
        r.time_us = add_months(v[0].time_us, node->negated ? -node->months : node->months) +
                    (node->negated ? -node->us : node->us);
        return r;
    case ORACLE_TO_NUMBER:
    case ORACLE_TO_BOOL:
    case ORACLE_TO_TEXT:
    case ORACLE_TO_TIME:
    case ORACLE_TO_DATE:
        return cast(node, type, &v[0]);
    default:
        return function(node, v[0].number);
    }
}

/* Whether an operator is NULL where an operand is. */
static bool is_strict(enum oracle_op op)
{
    return op >= ORACLE_ADD && op != ORACLE_CASE && op != ORACLE_CASE_SIMPLE &&
           op != ORACLE_COALESCE && op != ORACLE_NULLIF && op != ORACLE_LEAST &&
           op != ORACLE_GREATEST && op != ORACLE_DISTINCT && op != ORACLE_AND && op != ORACLE_OR &&
           op != ORACLE_IS_NULL && op != ORACLE_IS_BOOL && op != ORACLE_IN && op != ORACLE_BETWEEN;
}

static bool has_column(const struct oracle_tree *tree, int idx)
{
    const struct oracle_node *node = &tree->nodes[idx];
    bool has = node->op == ORACLE_COLUMN;
    for (int i = 0; i < node->child_count && !has; i++) {
        has = has_column(tree, node->children[i]);
    }
    return has;
}

/* A part without columns that is NULL, or an operator with such an operand. */
static bool is_null_by_text(const struct walk *w, int idx)
{
    const struct oracle_node *node = &w->tree->nodes[idx];
    if (!has_column(w->tree, idx)) {
        const struct walk plain = {.tree = w->tree, .rows = w->rows};
        const struct oracle_value v = eval(&plain, idx);
        if (v.failure == TEND_EXPR_FINE) {
            return v.is_null;
        }
    }
    if (node->op == ORACLE_CASE || node->op == ORACLE_CASE_SIMPLE) {
        /* All results are NULL by their text; so is an ELSE that is not there. */
        bool all = true;
        for (int i = node->op == ORACLE_CASE ? 1 : 2; i < node->child_count && all; i += 2) {
            all = is_null_by_text(w, node->children[i]);
        }
        const bool has_else = node->child_count % 2 == (node->op == ORACLE_CASE ? 1 : 0);
        return all && (!has_else || is_null_by_text(w, node->children[node->child_count - 1]));
    }
    const bool first_decides =
        node->op == ORACLE_IN || node->op == ORACLE_BETWEEN || node->op == ORACLE_NULLIF;
    const int count = is_strict(node->op) ? node->child_count : first_decides ? 1 : 0;
    bool is_null = false;
    for (int i = 0; i < count && !is_null; i++) {
        is_null = is_null_by_text(w, node->children[i]);
    }
    return is_null;
}

static struct oracle_value eval(const struct walk *w, int idx)
{
    const struct oracle_node *node = &w->tree->nodes[idx];
    struct oracle_value v[ORACLE_CHILD_MAX] = {{0}};
    bool any_null = false;
    if (w->folds && is_null_by_text(w, idx)) {
        return null_value();
    }
    switch ((int)node->op) {
    case ORACLE_COLUMN:
        return column(w, node->choice);
    case ORACLE_NULL:
        return null_value();
    case ORACLE_LITERAL:
        v[0].number = node->number;
        v[0].boolean = node->choice != 0;
        v[0].time_us = node->time_us;
        v[0].text = (struct tend__text){node->text, strlen(node->text)};
        return v[0];
    case ORACLE_CASE:
    case ORACLE_CASE_SIMPLE:
        return eval_case(w, node);
    case ORACLE_COALESCE:
        return eval_coalesce(w, node);
    case ORACLE_AND:
    case ORACLE_OR:
        return eval_logic(w, node);
    default:
        break;
    }
    for (int i = 0; i < node->child_count; i++) {
        v[i] = eval(w, node->children[i]);
        if (v[i].failure != TEND_EXPR_FINE) {
            return v[i];
        }
        any_null = any_null || v[i].is_null;
    }
    bool done = false;
    const struct oracle_value r =
        eval_with_nulls(w->tree->nodes[node->children[0]].type, node, v, &done);
    if (done) {
        return r;
    }
    return any_null ? null_value() : eval_strict(w, node, v);
}

struct oracle_value oracle_eval(const struct oracle_tree *tree, int node,
                                const struct oracle_rows *rows, size_t row_idx)
{
    const struct walk w = {.tree = tree, .rows = rows, .row_idx = row_idx};
    return eval(&w, node);
}

struct oracle_value oracle_eval_folded(const struct oracle_tree *tree, int node,
                                       const struct oracle_rows *rows, size_t row_idx)
{
    const struct walk w = {.tree = tree, .rows = rows, .row_idx = row_idx, .folds = true};
    return eval(&w, node);
}
