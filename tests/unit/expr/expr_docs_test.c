/* SPDX-License-Identifier: Apache-2.0 */
/* expr_docs_test.c: every example of docs/expressions.md gives what the page says. */
#include "unit.h"

#include "base/civil.h"
#include "expr/expr.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLES_MIN 150

static const struct tend__field fields[] = {
    {"amount", TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY},
    {"delay", TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY},
    {"late", TEND_TYPE_BOOL, 0, 1},
    {"decision", TEND_TYPE_BOOL, 0, 1},
    {"fraud", TEND_TYPE_NUMBER, 0, 1},
    {"origin", TEND_TYPE_TEXT, 0, 0},
    {"note", TEND_TYPE_TEXT, 0, 0},
    {"date", TEND_TYPE_TIME, 0, 0},
    {"Unit Price", TEND_TYPE_NUMBER, 0, 10},
    {"bad", TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY},
    {"endless", TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY},
};

static const uint8_t invalid[1] = {0};
static const double amount[1] = {120.5};
static const uint8_t yes[1] = {1};
static const uint8_t no[1] = {0};
static const double one[1] = {1};
static const double three[1] = {3};
static const double not_a_number[1] = {(double)NAN};
static const double infinite[1] = {(double)INFINITY};
static const struct tend__text sfo[1] = {{"SFO", 3}};
static const int64_t date[1] = {INT64_C(986819405000000)};

static const struct tend__column columns[] = {
    {.type = TEND_TYPE_NUMBER, .f64 = amount},
    {.type = TEND_TYPE_NUMBER, .f64 = amount, .valid = invalid},
    {.type = TEND_TYPE_BOOL, .bools = yes},
    {.type = TEND_TYPE_BOOL, .bools = no},
    {.type = TEND_TYPE_NUMBER, .f64 = one},
    {.type = TEND_TYPE_TEXT, .text = sfo},
    {.type = TEND_TYPE_TEXT, .text = sfo, .valid = invalid},
    {.type = TEND_TYPE_TIME, .time_us = date},
    {.type = TEND_TYPE_NUMBER, .f64 = three},
    {.type = TEND_TYPE_NUMBER, .f64 = not_a_number},
    {.type = TEND_TYPE_NUMBER, .f64 = infinite},
};

/* What the page says, as a text of the value: 'it''s' is a text. */
static bool is_text(const struct tend__text *text, const char *wanted)
{
    char quoted[512];
    size_t len = 0;
    quoted[len++] = '\'';
    for (size_t i = 0; i < text->len && len + 4 < sizeof(quoted); i++) {
        if (text->ptr[i] == '\'') {
            quoted[len++] = '\'';
        }
        quoted[len++] = text->ptr[i];
    }
    quoted[len++] = '\'';
    quoted[len] = '\0';
    return strcmp(quoted, wanted) == 0;
}

static bool is_time(int64_t time_us, const char *wanted)
{
    int64_t time = 0;
    const char *start = strchr(wanted, '\'');
    return strncmp(wanted, "TIMESTAMP '", 11) == 0 && start != NULL &&
           tend__time_parse(start + 1, strlen(start + 1) - 1, &time) && time == time_us;
}

static bool is_number(double number, const char *wanted)
{
    if (strcmp(wanted, "NaN") == 0) {
        return isnan(number);
    }
    if (strcmp(wanted, "infinity") == 0) {
        return isinf(number) && number > 0;
    }
    char *end = NULL;
    const double expected = strtod(wanted, &end);
    return *end == '\0' && !(number < expected) && !(number > expected) && !isnan(number);
}

static bool is_as_written(const struct tend__vector *v, const char *wanted)
{
    if (v->failed[0] != 0) {
        const char *why = tend__expr_failure_text((enum tend__expr_failure)v->failed[0]);
        return strncmp(wanted, "FAILS: ", 7) == 0 && strcmp(wanted + 7, why) == 0;
    }
    if (v->valid[0] == 0) {
        return strcmp(wanted, "NULL") == 0;
    }
    switch (v->type) {
    case TEND_TYPE_NUMBER:
        return is_number(v->f64[0], wanted);
    case TEND_TYPE_BOOL:
        return strcmp(wanted, v->bools[0] != 0 ? "TRUE" : "FALSE") == 0;
    case TEND_TYPE_TEXT:
        return is_text(&v->text[0], wanted);
    case TEND_TYPE_TIME:
        return is_time(v->time_us[0], wanted);
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return false;
}

static void check_example(const char *text, const char *wanted, int line)
{
    struct tend__expr *expr = NULL;
    struct tend_error err = {0};
    if (tend__expr_new(text, fields, TEND_ARRAY_LEN(fields), &expr, &err) != TEND_OK) {
        if (strncmp(wanted, "ERROR: ", 7) != 0 || strstr(err.text, wanted + 7) == NULL) {
            fail_msg("docs/expressions.md:%d: %s => %s, but: %s", line, text, wanted, err.text);
        }
        assert_true(err.column >= 1);
        return;
    }
    struct tend__vector v;
    tend__vector_init(&v);
    assert_tend_ok(tend__expr_eval(expr, columns, 1, &v, &err), &err);
    if (!is_as_written(&v, wanted)) {
        fail_msg("docs/expressions.md:%d: %s => %s, but: failed=%u valid=%u %g", line, text, wanted,
                 v.failed[0], v.valid[0], v.type == TEND_TYPE_NUMBER ? v.f64[0] : 0);
    }
    tend__vector_deinit(&v);
    tend__expr_free(expr);
}

static void every_example_of_the_page_is_true(void **state)
{
    (void)state;
    FILE *page = fopen(TEND_SOURCE_ROOT "/docs/expressions.md", "r");
    assert_non_null(page);
    char text[1024];
    bool is_inside = false;
    int line = 0;
    int examples = 0;
    while (fgets(text, sizeof(text), page) != NULL) {
        line++;
        text[strcspn(text, "\n")] = '\0';
        if (strncmp(text, "```", 3) == 0) {
            is_inside = strcmp(text, "```tend") == 0;
            continue;
        }
        char *arrow = NULL;
        for (char *c = strstr(text, " => "); c != NULL; c = strstr(c + 1, " => ")) {
            arrow = c;
        }
        if (is_inside) {
            assert_non_null(arrow);
            *arrow = '\0';
            check_example(text, arrow + 4, line);
            examples++;
        }
    }
    (void)fclose(page);
    assert_true(examples >= EXAMPLES_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_of_the_page_is_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
