/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c: profiles two months of trips and compares them. The second month's distances come in
 * kilometres, where the first month had miles; tend says so.
 *
 *   cc check.c $(pkg-config --cflags --libs tend) -o check && ./check
 */
#include "columns.h"

#include <string.h>

#define ROW_COUNT 5000
#define CITY_LEN 4

struct month {
    double distance[ROW_COUNT];
    int32_t city_ends[ROW_COUNT + 1];
    char cities[ROW_COUNT * CITY_LEN];
};

static struct month january;
static struct month february;

/* Distances between 10 and 510 and one of three cities, from a linear congruential generator. */
static void fill(struct month *month, double unit, uint64_t seed)
{
    static const char *const names[] = {"Oslo", "Lyon", "Bern"};
    for (size_t i = 0; i < ROW_COUNT; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        const double u = (double)(seed >> 40) / 16777216.0;
        month->distance[i] = (10 + 500 * u * u) * unit;
        memcpy(month->cities + i * CITY_LEN, names[(seed >> 33) % 3], CITY_LEN);
        month->city_ends[i + 1] = (int32_t)((i + 1) * CITY_LEN);
    }
}

static struct tend_rows *rows_of(const struct month *month)
{
    struct example_column columns[2] = {{0}};
    columns[0].name = "distance";
    columns[0].format = "g";
    columns[0].values = month->distance;
    columns[1].name = "city";
    columns[1].format = "u";
    columns[1].values = month->city_ends;
    columns[1].text = month->cities;
    return example_rows(columns, 2, ROW_COUNT);
}

/* The profile of the rows, kept as bytes and read again: what a process would hand to another. */
static enum tend_code show_profile(const struct tend_rows *rows, struct tend_error *err)
{
    struct tend_profile *profile = NULL;
    struct tend_profile *again = NULL;
    struct tend_profile_column column;
    struct tend_text bytes = {0};
    enum tend_code code = tend_profile_from_rows(rows, NULL, &profile, err);
    if (code == TEND_OK) {
        code = tend_profile_to_bytes(profile, &bytes, err);
    }
    if (code == TEND_OK) {
        code = tend_profile_from_bytes(bytes.bytes, bytes.len, &again, err);
    }
    if (code == TEND_OK) {
        code = tend_profile_column_read(again, tend_profile_find(again, "distance"), &column, err);
    }
    if (code == TEND_OK) {
        (void)printf("%s: %llu rows, mean %.1f, median %.1f\n", column.name,
                     (unsigned long long)column.row_count, column.mean,
                     tend_profile_quantile(again, tend_profile_find(again, "distance"), 0.5));
    }
    tend_text_free(&bytes);
    tend_profile_free(again);
    tend_profile_free(profile);
    return code;
}

static enum tend_code compare(const struct tend_rows *reference, const struct tend_rows *current,
                              struct tend_error *err)
{
    const struct tend_check_side sides[] = {{reference, NULL, "january"},
                                            {current, NULL, "february"}};
    struct tend_check *check = NULL;
    struct tend_text json = {0};
    enum tend_code code = tend_check_new(&sides[0], &sides[1], NULL, &check, err);
    if (code != TEND_OK) {
        return code;
    }
    (void)printf("verdict: %s\n", tend_check_verdict(check));
    for (size_t i = 0; code == TEND_OK && i < tend_check_break_count(check); i++) {
        struct tend_check_break found;
        code = tend_check_break_read(check, i, &found, err);
        if (code == TEND_OK) {
            (void)printf("%s in %s: %.4f times what it was (%s to %s)\n", found.kind, found.column,
                         found.factor, found.from, found.to);
        }
    }
    if (code == TEND_OK) {
        code = tend_check_json(check, &json, err);
    }
    if (code == TEND_OK) {
        (void)printf("the document is %.12s\n", strstr(json.bytes, "tend.check"));
    }
    tend_text_free(&json);
    tend_check_free(check);
    return code;
}

int main(void)
{
    struct tend_error err = {0};
    fill(&january, 1, 1);
    fill(&february, 1.609344, 2);
    struct tend_rows *reference = rows_of(&january);
    struct tend_rows *current = rows_of(&february);
    enum tend_code code = show_profile(reference, &err);
    if (code == TEND_OK) {
        code = compare(reference, current, &err);
    }
    if (code != TEND_OK) {
        (void)fprintf(stderr, "%s: %s\n", tend_code_text(code), err.text);
    }
    tend_rows_free(current);
    tend_rows_free(reference);
    return code == TEND_OK ? 0 : 1;
}
