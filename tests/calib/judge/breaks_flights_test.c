/* SPDX-License-Identifier: Apache-2.0 */
/*
 * breaks_flights_test.c: breaks on six months of real flights, January as the reference and its
 * days as the history.
 *
 * False breaks: every day of February to June as it is. Found breaks: the same days with one break
 * injected each. The bounds are what was measured (docs/methods/breaks.md), with room for nothing:
 * the data and the code are fixed.
 */
#include "unit.h"

#include "base/civil.h"
#include "base/mem.h"
#include "judge/breaks.h"
#include "judge/novelty.h"
#include "lake/lake.h"
#include "profile/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMN_COUNT 6
#define DAY_MAX 200
#define REFERENCE_DAYS 31
#define ROWS_MAX TEND_LAKE_BATCH_MAX

/* The columns of a day, with the hour as a feature beside the time. */
enum { DATE, DELAY, DISTANCE, ORIGIN, DESTINATION, HOUR };

enum variant {
    AS_IT_IS,
    KILOMETRES,
    HALF_KILOMETRES,
    HOURS_PLUS_5,
    ORIGINS_ICAO,
    ONE_RENAMED,
    DELAY_NULLS,
    DISTANCE_FILLED,
    ROWS_LOST,
    ORIGIN_LOST,
    VARIANT_COUNT
};

static const char *const variant_texts[VARIANT_COUNT] = {"as it is",
                                                         "distance in km",
                                                         "distance in km, every other row",
                                                         "hour + 5",
                                                         "origins recoded",
                                                         "ATL renamed",
                                                         "20 % of delays null",
                                                         "20 % of distances -1",
                                                         "half the rows lost",
                                                         "ORD lost"};

static const struct tend__field fields[COLUMN_COUNT] = {
    {.name = "date", .type = TEND_TYPE_TIME},        {.name = "delay", .type = TEND_TYPE_NUMBER},
    {.name = "distance", .type = TEND_TYPE_NUMBER},  {.name = "origin", .type = TEND_TYPE_TEXT},
    {.name = "destination", .type = TEND_TYPE_TEXT}, {.name = "hour", .type = TEND_TYPE_NUMBER},
};

/* A batch with one break in it. Rows may be dropped. */
struct altered {
    struct tend__column columns[COLUMN_COUNT];
    struct tend__batch batch;
    int64_t date[ROWS_MAX];
    double delay[ROWS_MAX];
    double distance[ROWS_MAX];
    struct tend__text origin[ROWS_MAX];
    struct tend__text destination[ROWS_MAX];
    double hour[ROWS_MAX];
    uint8_t delay_valid[ROWS_MAX];
    char names[ROWS_MAX][16];
};

struct day {
    struct tend__profile *profile;
    struct tend__novelty *novelty;
};

static struct altered altered;
static struct tend__plan *plan;
static struct tend__profile *january;
static const struct tend__profile *history[REFERENCE_DAYS];
static size_t history_count;
static size_t tried_counts[VARIANT_COUNT]; /* days with this variant */
static size_t found_counts[VARIANT_COUNT]; /* days on which it was found, rightly named */
static size_t false_counts[VARIANT_COUNT]; /* days with any other break */

static bool text_is(struct tend__text text, const char *other)
{
    return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0;
}

static bool is_kept(enum variant variant, const struct tend__column *in, size_t i, uint64_t row)
{
    if (variant == ROWS_LOST) {
        return row % 2 == 0;
    }
    return variant != ORIGIN_LOST || !text_is(in[ORIGIN].text[i], "ORD");
}

static struct tend__text rename_origin(enum variant variant, struct tend__text text, char *room)
{
    const bool all = variant == ORIGINS_ICAO;
    if (!all && !(variant == ONE_RENAMED && text_is(text, "ATL"))) {
        return text;
    }
    const int len =
        all ? snprintf(room, 16, "K%.*s", (int)text.len, text.ptr) : snprintf(room, 16, "X1");
    return (struct tend__text){.ptr = room, .len = (size_t)len};
}

static void alter(enum variant variant, const struct tend__batch *batch, uint64_t first_row)
{
    const struct tend__column *in = batch->columns;
    size_t n = 0;
    for (size_t i = 0; i < batch->row_count; i++) {
        const uint64_t row = first_row + i;
        if (!is_kept(variant, in, i, row)) {
            continue;
        }
        const int64_t hour = in[DATE].time_us[i] / TEND_US_PER_HOUR % 24;
        altered.date[n] = in[DATE].time_us[i];
        altered.delay[n] = in[DELAY].f64[i];
        altered.delay_valid[n] = variant == DELAY_NULLS && row % 5 == 0 ? 0 : 1;
        altered.distance[n] = in[DISTANCE].f64[i];
        if (variant == KILOMETRES || (variant == HALF_KILOMETRES && row % 2 == 0)) {
            altered.distance[n] *= 1.609344;
        } else if (variant == DISTANCE_FILLED && row % 5 == 0) {
            altered.distance[n] = -1;
        }
        altered.origin[n] = rename_origin(variant, in[ORIGIN].text[i], altered.names[n]);
        altered.destination[n] = in[DESTINATION].text[i];
        altered.hour[n] = (double)((hour + (variant == HOURS_PLUS_5 ? 5 : 0)) % 24);
        n++;
    }
    altered.columns[DATE] = (struct tend__column){.type = TEND_TYPE_TIME, .time_us = altered.date};
    altered.columns[DELAY] = (struct tend__column){
        .type = TEND_TYPE_NUMBER, .f64 = altered.delay, .valid = altered.delay_valid};
    altered.columns[DISTANCE] =
        (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = altered.distance};
    altered.columns[ORIGIN] = (struct tend__column){.type = TEND_TYPE_TEXT, .text = altered.origin};
    altered.columns[DESTINATION] =
        (struct tend__column){.type = TEND_TYPE_TEXT, .text = altered.destination};
    altered.columns[HOUR] = (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = altered.hour};
    altered.batch = (struct tend__batch){
        .row_count = n, .column_count = COLUMN_COUNT, .fields = fields, .columns = altered.columns};
}

static bool is_expected(enum variant variant, const struct tend__break *b)
{
    switch (variant) {
    case AS_IT_IS:
    case VARIANT_COUNT:
        return false;
    case KILOMETRES:
        return b->kind == TEND_BREAK_UNIT_CHANGE && b->column_idx == DISTANCE &&
               fabs(b->factor - 1.609344) < 1e-9 && b->share > 0.95;
    case HALF_KILOMETRES:
        return b->kind == TEND_BREAK_UNIT_CHANGE && b->column_idx == DISTANCE &&
               fabs(b->factor - 1.609344) < 1e-9 && fabs(b->share - 0.5) < 0.1;
    case HOURS_PLUS_5:
        return b->kind == TEND_BREAK_HOUR_SHIFT && b->column_idx == HOUR && b->shift_hours == 5;
    case ORIGINS_ICAO:
        return b->kind == TEND_BREAK_CATEGORY_RENAME && b->column_idx == ORIGIN &&
               b->to[0] == 'K' && strcmp(b->to + 1, b->from) == 0;
    case ONE_RENAMED:
        return b->kind == TEND_BREAK_CATEGORY_RENAME && b->column_idx == ORIGIN &&
               strcmp(b->from, "ATL") == 0 && strcmp(b->to, "X1") == 0;
    case DELAY_NULLS:
        return b->kind == TEND_BREAK_NULL_SPIKE && b->column_idx == DELAY &&
               fabs(b->share - 0.2) < 0.01;
    case DISTANCE_FILLED:
        return b->kind == TEND_BREAK_DEFAULT_FILL && b->column_idx == DISTANCE &&
               strcmp(b->to, "-1") == 0 && fabs(b->share - 0.2) < 0.01;
    case ROWS_LOST:
        return b->kind == TEND_BREAK_MISSING_ROWS && b->column_idx == TEND_BREAK_NO_COLUMN;
    case ORIGIN_LOST:
        return b->kind == TEND_BREAK_MISSING_ROWS && b->column_idx == ORIGIN &&
               strcmp(b->from, "ORD") == 0;
    }
    return false;
}

/* All days as they are and in kilometres; the others on every third, for the sake of time. */
static bool is_tried(enum variant variant, size_t day_idx)
{
    return variant == AS_IT_IS || variant == KILOMETRES || day_idx % 3 == 0;
}

static void judge_day(const struct day *days, size_t day_idx)
{
    struct tend_error err = {0};
    static struct tend__break items[1000];
    for (size_t v = 0; v < VARIANT_COUNT; v++) {
        if (!is_tried((enum variant)v, day_idx)) {
            continue;
        }
        struct tend__break_list list = {.items = items, .max = 1000};
        const struct tend__break_options options = {
            .history = history, .history_count = history_count, .novelty = days[v].novelty};
        assert_tend_ok(tend__breaks_find(january, days[v].profile, &options, &list, &err), &err);
        size_t right = 0;
        size_t wrong = 0;
        for (size_t i = 0; i < list.count; i++) {
            const bool expected = is_expected((enum variant)v, &items[i]);
            right += expected ? 1 : 0;
            wrong += expected ? 0 : 1;
            if (!expected && getenv("TEND_TEST_VERBOSE") != NULL) {
                print_message("day %zu, %s: %s of column %zu, %s -> %s, factor %g %+g, share %g, "
                              "evidence %g\n",
                              day_idx, variant_texts[v], tend__break_kind_text(items[i].kind),
                              items[i].column_idx, items[i].from, items[i].to, items[i].factor,
                              items[i].offset, items[i].share, items[i].evidence);
            }
        }
        found_counts[v] += right > (v == ORIGINS_ICAO ? 50 : 0) ? 1 : 0;
        false_counts[v] += wrong > 0 ? 1 : 0;
        tried_counts[v]++;
    }
}

static void start_day(struct day *days)
{
    struct tend_error err = {0};
    for (size_t v = 0; v < VARIANT_COUNT; v++) {
        assert_tend_ok(tend__profile_new(plan, &days[v].profile, &err), &err);
        assert_tend_ok(tend__novelty_new(plan, &days[v].novelty, &err), &err);
    }
}

static void end_day(struct day *days)
{
    for (size_t v = 0; v < VARIANT_COUNT; v++) {
        tend__profile_free(days[v].profile);
        tend__novelty_free(days[v].novelty);
    }
}

static struct tend__lake_reader *open_flights(struct tend__lake *lake)
{
    static const char *const columns[5] = {"date", "delay", "distance", "origin", "destination"};
    const struct tend__lake_read_options options = {.columns = columns, .column_count = 5};
    struct tend__lake_reader *reader = NULL;
    struct tend_error err = {0};
    const char *path = TEND_DEPS_DIR "/data/flights-3m.parquet";
    assert_tend_ok(tend__lake_open(lake, path, &options, &reader, &err), &err);
    return reader;
}

/* The rows of one batch that fall on a day, from `*from` on. */
static struct tend__batch slice_day(const struct tend__batch *batch, size_t *from, int64_t *day,
                                    struct tend__column *columns)
{
    const int64_t *times = batch->columns[DATE].time_us;
    const size_t start = *from;
    *day = tend__time_floor(times[start], TEND_US_PER_DAY);
    while (*from < batch->row_count && tend__time_floor(times[*from], TEND_US_PER_DAY) == *day) {
        (*from)++;
    }
    for (size_t i = 0; i < 5; i++) {
        columns[i] = batch->columns[i];
    }
    columns[DATE].time_us += start;
    columns[DELAY].f64 += start;
    columns[DISTANCE].f64 += start;
    columns[ORIGIN].text += start;
    columns[DESTINATION].text += start;
    return (struct tend__batch){
        .row_count = *from - start, .column_count = 5, .fields = batch->fields, .columns = columns};
}

static void make_plan(struct tend__lake *lake, int64_t last_day)
{
    struct tend_error err = {0};
    struct tend__plan_builder *builder = NULL;
    const struct tend__batch *batch = NULL;
    struct tend__lake_reader *reader = open_flights(lake);
    assert_tend_ok(tend__plan_builder_new(fields, COLUMN_COUNT, NULL, &builder, &err), &err);
    bool done = false;
    while (!done) {
        assert_tend_ok(tend__lake_next(reader, &batch, &err), &err);
        size_t from = 0;
        while (batch != NULL && !done && from < batch->row_count) {
            struct tend__column columns[5];
            int64_t day = 0;
            const struct tend__batch part = slice_day(batch, &from, &day, columns);
            done = day > last_day;
            if (!done) {
                alter(AS_IT_IS, &part, 0);
                assert_tend_ok(tend__plan_builder_add(builder, &altered.batch, &err), &err);
            }
        }
        done = done || batch == NULL;
    }
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    tend__plan_builder_free(builder);
    tend__lake_close(reader);
    assert_tend_ok(tend__profile_new(plan, &january, &err), &err);
}

/* A day of January goes to the reference; a later one is judged. */
static void close_day(struct day *days, int64_t day, int64_t last_day)
{
    struct tend_error err = {0};
    if (day <= last_day) {
        assert_tend_ok(tend__profile_merge(january, days[AS_IT_IS].profile, &err), &err);
        history[history_count++] = days[AS_IT_IS].profile;
        days[AS_IT_IS].profile = NULL;
    } else {
        judge_day(days, (size_t)(day - last_day));
    }
    end_day(days);
}

static void run_days(struct tend__lake *lake, int64_t last_day)
{
    struct tend_error err = {0};
    const struct tend__batch *batch = NULL;
    struct tend__lake_reader *reader = open_flights(lake);
    static struct day days[VARIANT_COUNT];
    int64_t now = INT64_MIN;
    uint64_t row = 0;
    do {
        assert_tend_ok(tend__lake_next(reader, &batch, &err), &err);
        size_t from = 0;
        while (batch != NULL && from < batch->row_count) {
            struct tend__column columns[5];
            int64_t day = 0;
            const struct tend__batch part = slice_day(batch, &from, &day, columns);
            if (day != now) {
                if (now != INT64_MIN) {
                    close_day(days, now, last_day);
                }
                start_day(days);
                now = day;
            }
            for (size_t v = 0; v < VARIANT_COUNT; v++) {
                if (v > 0 &&
                    (day <= last_day || !is_tried((enum variant)v, (size_t)(day - last_day)))) {
                    continue;
                }
                alter((enum variant)v, &part, row);
                assert_tend_ok(tend__profile_add(days[v].profile, &altered.batch, &err), &err);
                assert_tend_ok(tend__novelty_add(days[v].novelty, &altered.batch, &err), &err);
            }
            row += part.row_count;
        }
    } while (batch != NULL);
    close_day(days, now, last_day);
    tend__lake_close(reader);
}

static void real_days_are_not_called_broken_and_broken_ones_are(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__lake *lake = NULL;
    if (access(TEND_DEPS_DIR "/data/flights-3m.parquet", R_OK) != 0) {
        print_message("skipped: no flights-3m.parquet under the dependencies\n");
        skip();
    }
    const int64_t last_day = tend__civil_days(2001, 1, 31);
    assert_tend_ok(tend__lake_new(NULL, &lake, &err), &err);
    make_plan(lake, last_day);
    run_days(lake, last_day);
    for (size_t v = 0; v < VARIANT_COUNT; v++) {
        print_message("%-32s found on %3zu of %3zu days, another break on %zu\n", variant_texts[v],
                      found_counts[v], tried_counts[v], false_counts[v]);
    }
    /* Two of the days are broken by themselves: 9 June, when a flood closed Houston (IAH and HOU),
     * and 1 July, of which the file has six rows. */
    assert_int_equal(tried_counts[AS_IT_IS], 151);
    assert_int_equal(false_counts[AS_IT_IS], 2);
    assert_int_equal(found_counts[KILOMETRES], 150);
    for (size_t v = HALF_KILOMETRES; v < VARIANT_COUNT; v++) {
        assert_true(10 * found_counts[v] >= 9 * tried_counts[v]);
    }
    for (size_t i = 0; i < history_count; i++) {
        tend__profile_free((struct tend__profile *)(uintptr_t)history[i]);
    }
    tend__profile_free(january);
    tend__plan_unref(plan);
    tend__lake_free(lake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_days_are_not_called_broken_and_broken_ones_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
