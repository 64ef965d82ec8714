/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_bench.c: nanoseconds a value of a profile's hot path, by kind of column.
 *
 * The rows look like the flights of `tend check`: delays and distances that are small whole
 * numbers, two airports among 230 three-letter codes, a rising time; beside them what is harder:
 * continuous numbers, longer texts, a text with a million different values. Batches have 2048 rows,
 * as DuckDB's chunks do. Processor time of this process; the median of TURNS turns. `plan` is one
 * pass of the builder, `add` one of a profile.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "profile/profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROWS 500000
#define BATCH 2048
#define TURNS 5
#define CODES 230
#define NAMES 40

struct sample {
    const char *name;
    struct tend__column column;
};

static double delays[ROWS];
static double distances[ROWS];
static double continuous[ROWS];
static int64_t times[ROWS];
static struct tend__text codes[ROWS];
static struct tend__text names[ROWS];
static struct tend__text ids[ROWS];
static char code_bytes[CODES][4];
static char name_bytes[NAMES][32];
static char id_bytes[ROWS][16];

static double now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void fill_texts(struct tend__rng *rng)
{
    for (size_t i = 0; i < CODES; i++) {
        (void)snprintf(code_bytes[i], sizeof(code_bytes[i]), "%c%c%c", (int)('A' + i % 26),
                       (int)('A' + i / 26), (int)('A' + i * 7 % 26));
    }
    for (size_t i = 0; i < NAMES; i++) {
        (void)snprintf(name_bytes[i], sizeof(name_bytes[i]), "Airline number %zu", i * 37);
    }
    for (size_t i = 0; i < ROWS; i++) {
        const double skew = tend__rng_uniform(rng) * tend__rng_uniform(rng);
        codes[i].ptr = code_bytes[(size_t)(skew * CODES)];
        codes[i].len = 3;
        names[i].ptr = name_bytes[tend__rng_below(rng, NAMES)];
        names[i].len = strlen(names[i].ptr);
        (void)snprintf(id_bytes[i], sizeof(id_bytes[i]), "id-%llu",
                       (unsigned long long)tend__rng_below(rng, 1000000));
        ids[i].ptr = id_bytes[i];
        ids[i].len = strlen(id_bytes[i]);
    }
}

static void fill_rows(void)
{
    struct tend__rng rng;
    tend__rng_init(&rng, 7);
    fill_texts(&rng);
    for (size_t i = 0; i < ROWS; i++) {
        const double skew = tend__rng_uniform(&rng);
        delays[i] = floor(exp(tend__rng_normal(&rng)) * 15 - 20);
        distances[i] = floor(100 + skew * skew * 2600);
        continuous[i] = tend__rng_normal(&rng);
        times[i] = INT64_C(978307200000000) + (int64_t)i * INT64_C(5400000);
    }
}

/* The next batch of a column, as a view. */
static struct tend__batch slice(const struct sample *sample, size_t begin,
                                struct tend__column *column, const struct tend__field *field)
{
    const struct tend__column *from = &sample->column;
    *column = (struct tend__column){.type = from->type};
    column->f64 = from->f64 == NULL ? NULL : from->f64 + begin;
    column->text = from->text == NULL ? NULL : from->text + begin;
    column->time_us = from->time_us == NULL ? NULL : from->time_us + begin;
    return (struct tend__batch){
        .row_count = ROWS - begin < BATCH ? ROWS - begin : BATCH,
        .column_count = 1,
        .fields = field,
        .columns = column,
    };
}

static void check(enum tend_code code, const struct tend_error *err)
{
    if (code != TEND_OK) {
        (void)fprintf(stderr, "profile_bench: %s\n", err->text);
        exit(1);
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_sample(const struct sample *sample)
{
    struct tend_error err = {0};
    double plan_ns[TURNS];
    double add_ns[TURNS];
    const struct tend__field field = {sample->name, sample->column.type, -(double)INFINITY,
                                      (double)INFINITY};
    for (size_t turn = 0; turn < TURNS; turn++) {
        struct tend__plan_builder *builder = NULL;
        struct tend__plan *plan = NULL;
        struct tend__profile *profile = NULL;
        struct tend__column column;
        const double start = now_ns();
        check(tend__plan_builder_new(&field, 1, NULL, &builder, &err), &err);
        for (size_t begin = 0; begin < ROWS; begin += BATCH) {
            const struct tend__batch batch = slice(sample, begin, &column, &field);
            check(tend__plan_builder_add(builder, &batch, &err), &err);
        }
        check(tend__plan_builder_finish(builder, &plan, &err), &err);
        const double middle = now_ns();
        check(tend__profile_new(plan, &profile, &err), &err);
        for (size_t begin = 0; begin < ROWS; begin += BATCH) {
            const struct tend__batch batch = slice(sample, begin, &column, &field);
            check(tend__profile_add(profile, &batch, &err), &err);
        }
        plan_ns[turn] = (middle - start) / ROWS;
        add_ns[turn] = (now_ns() - middle) / ROWS;
        tend__profile_free(profile);
        tend__plan_unref(plan);
        tend__plan_builder_free(builder);
    }
    qsort(plan_ns, TURNS, sizeof(plan_ns[0]), compare_doubles);
    qsort(add_ns, TURNS, sizeof(add_ns[0]), compare_doubles);
    printf("    %-34s %8.2f %8.2f\n", sample->name, plan_ns[TURNS / 2], add_ns[TURNS / 2]);
}

/* An argument is a part of the names of the kinds to run. */
int main(int argc, char **argv)
{
    const struct sample samples[] = {
        {"delay: whole numbers", {.type = TEND_TYPE_NUMBER, .f64 = delays}},
        {"distance: whole numbers", {.type = TEND_TYPE_NUMBER, .f64 = distances}},
        {"continuous numbers", {.type = TEND_TYPE_NUMBER, .f64 = continuous}},
        {"230 codes of 3 letters", {.type = TEND_TYPE_TEXT, .text = codes}},
        {"40 names of 16 letters", {.type = TEND_TYPE_TEXT, .text = names}},
        {"400,000 different texts", {.type = TEND_TYPE_TEXT, .text = ids}},
        {"rising times", {.type = TEND_TYPE_TIME, .time_us = times}},
    };
    fill_rows();
    printf("    %-34s %8s %8s\n", "nanoseconds a value", "plan", "add");
    for (size_t i = 0; i < TEND_ARRAY_LEN(samples); i++) {
        if (argc < 2 || strstr(samples[i].name, argv[1]) != NULL) {
            run_sample(&samples[i]);
        }
    }
    return 0;
}
