/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_bench.c: how many bytes a day of a profile store takes, and what writing and reading it
 * costs.
 *
 *   store_bench FOLDER [COLUMNS] [SEGMENTS] [ROWS]     (1000, 50, 100000)
 *
 * A day of ROWS rows under COLUMNS columns: of each ten five are continuous numbers, two small
 * whole numbers, two categories of 20 to 200 values and one a bool; a twentieth of the values of
 * each third column is null. Segment sizes fall off as 1/k. Two days are written, so that what
 * grows with the days can be told from what is written once.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "lake/lake.h"
#include "profile/profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define BATCH 2048
#define WORDS 200

static char words[WORDS][16];
static size_t column_count = 1000;
static size_t segment_count = 50;
static size_t row_count = 100000;

struct day_rows {
    struct tend__field *fields;
    struct tend__column *columns;
    char (*names)[32];
};

static void *need(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void must(enum tend_code code, const struct tend_error *err)
{
    if (code != TEND_OK) {
        (void)fprintf(stderr, "store_bench: %s\n", err->text);
        exit(1);
    }
}

static enum tend_type type_of(size_t column_idx)
{
    const size_t kind = column_idx % 10;
    return kind < 7 ? TEND_TYPE_NUMBER : kind < 9 ? TEND_TYPE_TEXT : TEND_TYPE_BOOL;
}

static struct day_rows new_rows(void)
{
    struct day_rows rows = {need(column_count, sizeof(struct tend__field)),
                            need(column_count, sizeof(struct tend__column)),
                            need(column_count, 32)};
    for (size_t i = 0; i < column_count; i++) {
        (void)snprintf(rows.names[i], 32, "feature_%04zu", i);
        rows.fields[i] = (struct tend__field){rows.names[i], type_of(i), -INFINITY, INFINITY};
        rows.columns[i].type = type_of(i);
        rows.columns[i].valid = need(BATCH, 1);
        rows.columns[i].f64 = need(BATCH, sizeof(double));
        rows.columns[i].bools = need(BATCH, 1);
        rows.columns[i].text = need(BATCH, sizeof(struct tend__text));
    }
    return rows;
}

static void fill_column(struct tend__column *column, size_t column_idx, struct tend__rng *rng)
{
    const size_t kinds = 20 + column_idx % 181;
    for (size_t i = 0; i < BATCH; i++) {
        const double u = tend__rng_uniform(rng);
        ((uint8_t *)(uintptr_t)column->valid)[i] =
            column_idx % 3 != 0 || tend__rng_below(rng, 20) != 0;
        if (column->type == TEND_TYPE_NUMBER) {
            const double x = tend__rng_normal(rng) * (double)(1 + column_idx % 50);
            ((double *)(uintptr_t)column->f64)[i] = column_idx % 10 < 5 ? x : floor(u * u * 100);
        } else if (column->type == TEND_TYPE_BOOL) {
            ((uint8_t *)(uintptr_t)column->bools)[i] = u < 0.3;
        } else {
            const char *word = words[(size_t)(u * u * (double)kinds)];
            ((struct tend__text *)(uintptr_t)column->text)[i] =
                (struct tend__text){word, strlen(word)};
        }
    }
}

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void view_rows(const struct day_rows *rows, size_t begin, size_t count,
                      struct tend__column *out)
{
    for (size_t i = 0; i < column_count; i++) {
        out[i] = rows->columns[i];
        out[i].valid += begin;
        out[i].f64 += begin;
        out[i].bools += begin;
        out[i].text += begin;
    }
    (void)count;
}

/* Profiles of a day: all rows first, then the segments, of which each batch has a share. */
static void fill_day(struct day_rows *rows, struct tend__plan *plan, uint64_t seed,
                     struct tend__profile **profiles)
{
    struct tend_error err = {0};
    struct tend__rng rng;
    double weight = 0;
    struct tend__column *views = need(column_count, sizeof(*views));
    tend__rng_init(&rng, seed);
    for (size_t i = 1; i <= segment_count; i++) {
        weight += 1 / (double)i;
    }
    for (size_t i = 0; i <= segment_count; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "country=%.4s", words[i % WORDS]);
        const struct tend__profile_label label = {
            .has_window = true,
            .window_start_us = (int64_t)seed * INT64_C(86400000000),
            .window_end_us = (int64_t)(seed + 1) * INT64_C(86400000000),
            .window_column = "date",
            .segment = i == 0 ? NULL : name,
            .segment_column = i == 0 ? NULL : "country",
            .segment_value = i == 0 ? NULL : name + 8};
        must(tend__profile_new(plan, &profiles[i], &err), &err);
        must(tend__profile_set_label(profiles[i], &label, &err), &err);
    }
    for (size_t done = 0; done < row_count; done += BATCH) {
        size_t begin = 0;
        for (size_t i = 0; i < column_count; i++) {
            fill_column(&rows->columns[i], i, &rng);
        }
        for (size_t i = 1; i <= segment_count && begin < BATCH; i++) {
            size_t n = (size_t)(BATCH / weight / (double)i + tend__rng_uniform(&rng));
            n = begin + n > BATCH || i == segment_count ? BATCH - begin : n;
            view_rows(rows, begin, n, views);
            const struct tend__batch batch = {n, column_count, rows->fields, views};
            must(tend__profile_add(profiles[i], &batch, &err), &err);
            begin += n;
        }
    }
    for (size_t i = 1; i <= segment_count; i++) {
        must(tend__profile_merge(profiles[0], profiles[i], &err), &err);
    }
    free(views);
}

static struct tend__plan *make_plan(struct day_rows *rows)
{
    struct tend_error err = {0};
    struct tend__rng rng;
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    tend__rng_init(&rng, 99);
    must(tend__plan_builder_new(rows->fields, column_count, NULL, &builder, &err), &err);
    for (size_t done = 0; done < 20000; done += BATCH) {
        for (size_t i = 0; i < column_count; i++) {
            fill_column(&rows->columns[i], i, &rng);
        }
        const struct tend__batch batch = {BATCH, column_count, rows->fields, rows->columns};
        must(tend__plan_builder_add(builder, &batch, &err), &err);
    }
    must(tend__plan_builder_finish(builder, &plan, &err), &err);
    tend__plan_builder_free(builder);
    return plan;
}

static void write_file(struct tend__lake *lake, const char *path, struct tend__profile **profiles,
                       size_t count, size_t full_count)
{
    struct tend_error err = {0};
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    const struct tend__profile **borrowed = need(count, sizeof(*borrowed));
    struct stat status;
    for (size_t i = 0; i < count; i++) {
        borrowed[i] = profiles[i];
    }
    const double begin = now_s();
    must(tend__profiles_table(borrowed, count, full_count, &schema, &array, &err), &err);
    const double made = now_s();
    must(tend__lake_write_table(lake, path, &schema, &array, &err), &err);
    const double end = now_s();
    (void)stat(path, &status);
    (void)printf("%-40s %9.0f rows %10.0f bytes %6.1f bytes a row, table %.2f s, file %.2f s\n",
                 path, (double)array.length, (double)status.st_size,
                 (double)status.st_size / (double)array.length, made - begin, end - made);
    schema.release(&schema);
    array.release(&array);
    free(borrowed);
}

int main(int argc, char **argv)
{
    struct tend_error err = {0};
    struct tend__lake *lake = NULL;
    char path[512];
    const char *folder = argc > 1 ? argv[1] : ".";
    column_count = argc > 2 ? strtoul(argv[2], NULL, 10) : column_count;
    segment_count = argc > 3 ? strtoul(argv[3], NULL, 10) : segment_count;
    row_count = argc > 4 ? strtoul(argv[4], NULL, 10) : row_count;
    for (size_t i = 0; i < WORDS; i++) {
        (void)snprintf(words[i], sizeof(words[i]), "w%03zu-%zu", i, i * i);
    }
    struct day_rows rows = new_rows();
    struct tend__plan *plan = make_plan(&rows);
    struct tend__profile **profiles = need(segment_count + 1, sizeof(*profiles));
    must(tend__lake_new(NULL, &lake, &err), &err);
    for (uint64_t day = 0; day < 2; day++) {
        const double begin = now_s();
        fill_day(&rows, plan, 11323 + day, profiles);
        (void)printf("counted in %.1f s\n", now_s() - begin);
        if (day == 0) {
            (void)snprintf(path, sizeof(path), "%s/plan.parquet", folder);
            write_file(lake, path, profiles, 1, 1);
        }
        (void)snprintf(path, sizeof(path), "%s/day%llu.parquet", folder, (unsigned long long)day);
        write_file(lake, path, profiles, segment_count + 1, 0);
        for (size_t i = 0; i <= segment_count; i++) {
            tend__profile_free(profiles[i]);
        }
    }
    tend__plan_unref(plan);
    tend__lake_free(lake);
    return 0;
}
