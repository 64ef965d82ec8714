/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_fuzz.c: any bytes are an expression that is refused with a place in the text, or one that
 * can be evaluated within its own bounds. The same bytes are also tried as an aggregate.
 */
#include "expr/expr.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define ROWS 4
#define ENDLESS ((double)INFINITY)

static const struct tend__field fields[] = {
    {"x", TEND_TYPE_NUMBER, -ENDLESS, ENDLESS},
    {"p", TEND_TYPE_NUMBER, 0, 1},
    {"late", TEND_TYPE_BOOL, 0, 1},
    {"t", TEND_TYPE_TEXT, 0, 0},
    {"date", TEND_TYPE_TIME, 0, 0},
    {"none", TEND_TYPE_NULL, 0, 0},
};

static const double x[ROWS] = {0, -1.5, (double)NAN, (double)INFINITY};
static const double p[ROWS] = {0, 0.5, 1, 0.1};
static const uint8_t late[ROWS] = {1, 0, 1, 0};
static const struct tend__text t[ROWS] = {{"", 0}, {"12", 2}, {"a%\xc3\xa9", 4}, {NULL, 9}};
static const int64_t date[ROWS] = {0, INT64_MAX, INT64_MIN, INT64_C(986819405000000)};
static const uint8_t valid[ROWS] = {1, 1, 1, 0};

static const struct tend__column columns[] = {
    {.type = TEND_TYPE_NUMBER, .f64 = x},      {.type = TEND_TYPE_NUMBER, .f64 = p, .valid = valid},
    {.type = TEND_TYPE_BOOL, .bools = late},   {.type = TEND_TYPE_TEXT, .text = t, .valid = valid},
    {.type = TEND_TYPE_TIME, .time_us = date}, {.type = TEND_TYPE_NULL},
};

static void check_row(const struct tend__vector *v, size_t i, struct tend__bounds bounds)
{
    if (v->failed[i] != 0) {
        if (!bounds.may_fail || v->valid[i] != 0) {
            abort();
        }
    } else if (v->valid[i] == 0) {
        if (!bounds.may_be_null) {
            abort();
        }
    } else if (v->type == TEND_TYPE_NUMBER && !isnan(v->f64[i])) {
        if (v->f64[i] < bounds.low || v->f64[i] > bounds.high) {
            abort();
        }
    } else if (v->type == TEND_TYPE_BOOL && v->bools[i] > 1) {
        abort();
    }
}

static void evaluate(const struct tend__expr *expr)
{
    struct tend__vector v;
    tend__vector_init(&v);
    if (tend__expr_eval(expr, columns, ROWS, &v, NULL) == TEND_OK) {
        for (size_t i = 0; i < v.len; i++) {
            check_row(&v, i, tend__expr_bounds(expr));
        }
    }
    tend__vector_deinit(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct tend__expr *expr = NULL;
    struct tend_error err = {0};
    const enum tend_code code = tend__expr_new_len((const char *)bytes, len, fields,
                                                   sizeof(fields) / sizeof(fields[0]), &expr, &err);
    if (code == TEND_OK) {
        evaluate(expr);
        tend__expr_free(expr);
    } else if (err.text[0] == '\0' || (err.column < 1 && code != TEND_ELIMIT)) {
        abort();
    }
    char *text = malloc(len + 1);
    struct tend__aggregate *aggregate = NULL;
    if (text == NULL) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        text[i] = (char)bytes[i];
    }
    text[len] = '\0';
    if (tend__aggregate_new(text, fields, sizeof(fields) / sizeof(fields[0]), &aggregate, NULL) ==
        TEND_OK) {
        double value = 0;
        (void)!tend__aggregate_add(aggregate, columns, ROWS, NULL);
        (void)tend__aggregate_value(aggregate, &value);
        tend__aggregate_free(aggregate);
    }
    free(text);
    return 0;
}
