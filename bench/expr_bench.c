/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_bench.c: nanoseconds a row of expressions, for one row at a time (serving) and for batches
 * of 2048 rows; then the differential test at a million (expression, row) pairs, where it is built
 * (tests/test_expr_duckdb beside this program's folder).
 */
#include "expr/expr.h"

#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCH_ROWS 2048
#define MIN_SECONDS 0.2

static const char *const expressions[] = {
    "case when decision and late then 30 when decision then -10 when late then -10 else 0 end",
    "case when late then -delay * 0.3 else greatest(distance, 1) / 100 end",
    "distance > 1000 and origin in ('SFO', 'JFK', 'ORD')",
    "coalesce(delay, 0) * 2 + ln(distance + 1)",
    "hour(date) between 7 and 9 and dayofweek(date) in (1, 2, 3, 4, 5)",
    "origin like 'S%'",
};

static const struct tend__field fields[] = {
    {"date", TEND_TYPE_TIME, -(double)INFINITY, (double)INFINITY},
    {"delay", TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY},
    {"distance", TEND_TYPE_NUMBER, 0, 10000},
    {"origin", TEND_TYPE_TEXT, -(double)INFINITY, (double)INFINITY},
    {"late", TEND_TYPE_BOOL, 0, 1},
    {"decision", TEND_TYPE_BOOL, 0, 1},
};

static int64_t date[BATCH_ROWS];
static double delay[BATCH_ROWS];
static double distance[BATCH_ROWS];
static struct tend__text origin[BATCH_ROWS];
static uint8_t late[BATCH_ROWS];
static uint8_t decision[BATCH_ROWS];

static const struct tend__column columns[] = {
    {.type = TEND_TYPE_TIME, .time_us = date},   {.type = TEND_TYPE_NUMBER, .f64 = delay},
    {.type = TEND_TYPE_NUMBER, .f64 = distance}, {.type = TEND_TYPE_TEXT, .text = origin},
    {.type = TEND_TYPE_BOOL, .bools = late},     {.type = TEND_TYPE_BOOL, .bools = decision},
};

static void make_rows(void)
{
    static const char *const airports[] = {"SFO", "LAX", "JFK", "DEN"};
    struct tend__rng rng;
    tend__rng_init(&rng, 1);
    for (size_t i = 0; i < BATCH_ROWS; i++) {
        date[i] = (int64_t)(i * 977) * 1000000 + INT64_C(978307200000000);
        delay[i] = floor(tend__rng_normal(&rng) * 30);
        distance[i] = (double)(100 + tend__rng_below(&rng, 2500));
        origin[i] = (struct tend__text){airports[tend__rng_below(&rng, 4)], 3};
        late[i] = tend__rng_below(&rng, 5) == 0;
        decision[i] = tend__rng_below(&rng, 4) == 0;
    }
}

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Processor nanoseconds a row, the fastest of three; negative where something failed. */
static double measure(const struct tend__expr *expr, size_t row_count)
{
    struct tend__vector out;
    double best = -1;
    tend__vector_init(&out);
    for (int repeat = 0; repeat < 3; repeat++) {
        const double start = seconds_now();
        double taken = 0;
        size_t rows = 0;
        while (taken < MIN_SECONDS) {
            for (int i = 0; i < (row_count == 1 ? 10000 : 20); i++) {
                if (tend__expr_eval(expr, columns, row_count, &out, NULL) != TEND_OK) {
                    tend__vector_deinit(&out);
                    return -1;
                }
                rows += row_count;
            }
            taken = seconds_now() - start;
        }
        const double ns = taken * 1e9 / (double)rows;
        best = best < 0 || ns < best ? ns : best;
    }
    tend__vector_deinit(&out);
    return best;
}

/* The differential test with a million pairs; its own words are shown. */
static int run_pairs(const char *self)
{
    char path[4096];
    const char *slash = strrchr(self, '/');
    const int folder_len = slash == NULL ? 1 : (int)(slash - self);
    (void)snprintf(path, sizeof(path), "%.*s/../tests/test_expr_duckdb", folder_len,
                   slash == NULL ? "." : self);
    if (access(path, X_OK) != 0) {
        printf("the differential test is not built: ninja tests/test_expr_duckdb\n");
        return 0;
    }
    (void)fflush(stdout);
    struct timespec start;
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    const pid_t child = fork();
    if (child == 0) {
        (void)setenv("TEND_EXPR_PAIRS", "1000000", 1);
        (void)execl(path, path, (char *)NULL);
        _exit(127);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        return 1;
    }
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    printf("a million pairs: %.1f s, %s\n",
           (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9,
           status == 0 ? "no unexplained difference" : "FAILED");
    return status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    make_rows();
    printf("%10s %14s  %s\n", "ns/row (1)", "ns/row (2048)", "expression");
    for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
        struct tend__expr *expr = NULL;
        struct tend_error err = {0};
        if (tend__expr_new(expressions[i], fields, sizeof(fields) / sizeof(fields[0]), &expr,
                           &err) != TEND_OK) {
            printf("%s: %s\n", expressions[i], err.text);
            return 1;
        }
        const double one = measure(expr, 1);
        const double many = measure(expr, BATCH_ROWS);
        printf("%10.1f %14.2f  %s\n", one, many, expressions[i]);
        tend__expr_free(expr);
    }
    return run_pairs(argc > 0 ? argv[0] : "expr_bench");
}
