/* SPDX-License-Identifier: Apache-2.0 */
/* page_test.c: reports: text is escaped, tags are closed, charts survive gaps and empty data. */
#include "unit.h"

#include "base/civil.h"
#include "cli/app.h"
#include "report/html.h"
#include "report/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX ((size_t)16 << 20)
#define DEPTH_MAX 64
#define DAY_COUNT 181

/* Checks that every tag is closed in order; returns the number of elements. Void elements are the
 * ones that html.c and svg.c write. */
static size_t count_balanced(const char *page)
{
    static const char *const voids[] = {"meta", "!DOCTYPE"};
    char stack[DEPTH_MAX][24];
    size_t depth = 0;
    size_t count = 0;
    for (const char *at = strchr(page, '<'); at != NULL; at = strchr(at + 1, '<')) {
        const bool closes = at[1] == '/';
        const char *name = at + (closes ? 2 : 1);
        const size_t len = strcspn(name, " />\n");
        const char *end = strchr(at, '>');
        bool is_void = end == NULL || end[-1] == '/';
        assert_non_null(end);
        assert_true(len > 0 && len < 24);
        for (size_t i = 0; i < 2; i++) {
            is_void = is_void || (strlen(voids[i]) == len && memcmp(name, voids[i], len) == 0);
        }
        if (closes) {
            assert_true(depth > 0);
            depth--;
            assert_memory_equal(stack[depth], name, len);
        } else {
            count++;
            if (!is_void) {
                assert_true(depth < DEPTH_MAX);
                memcpy(stack[depth], name, len);
                stack[depth][len] = '\0';
                depth++;
            }
        }
    }
    assert_int_equal(depth, 0);
    return count;
}

static void add_sample_time(struct tend__buf *buf)
{
    static int64_t times[DAY_COUNT];
    static double realised[DAY_COUNT];
    static double estimated[DAY_COUNT];
    static double low[DAY_COUNT];
    static double high[DAY_COUNT];
    for (int i = 0; i < DAY_COUNT; i++) {
        times[i] = (tend__civil_days(2001, 1, 1) + i) * TEND_US_PER_DAY;
        realised[i] = 3 * sin(i / 9.0) + 0.02 * i;
        estimated[i] = i % 50 == 20 ? (double)NAN : 2.6 * sin(i / 9.0) + 0.02 * i;
        low[i] = estimated[i] - 1;
        high[i] = estimated[i] + 1;
    }
    const struct tend__series series[] = {
        {.name = "realised", .values = realised, .style = TEND_SERIES_DOTS, .colour = 1},
        {.name = "estimated", .values = estimated, .low = low, .high = high, .colour = 0},
    };
    const struct tend__event events[] = {
        {.time_us = times[60], .kind = TEND_EVENT_RETRAIN, .text = "v2"},
        {.time_us = times[61], .kind = TEND_EVENT_PROMOTE, .text = "v2 on trial"},
        {.time_us = times[99],
         .until_us = times[105],
         .kind = TEND_EVENT_BREAK,
         .text = "unit <changed>"},
        {.time_us = times[140], .kind = TEND_EVENT_ALARM, .text = "harm"},
    };
    const struct tend__time_chart chart = {
        .chart = {.title = "Value a day",
                  .desc = "Value per flight, estimated and realised.",
                  .y_label = "EUR a row"},
        .times_us = times,
        .time_count = DAY_COUNT,
        .series = series,
        .series_count = 2,
        .events = events,
        .event_count = 4,
    };
    tend__svg_time(buf, &chart);
}

static void add_sample_cards(struct tend__buf *buf)
{
    static const char *const labels[] = {"<= 12", "12 to 40", "40 to 100", "> 100"};
    static const char *const cities[] = {
        "Copenhagen", "San Juan \"SJU\" & a very long name of a place", "\xff\x01"};
    const double a[] = {0.25, 0.25, 0.25, 0.25};
    const double b[] = {0.1, 0.2, 0.3, 0.4};
    const struct tend__chart chart = {
        .title = "distance", .desc = "Shares of rows in each bin.", .is_card = true};
    tend__html_cards_begin(buf);
    tend__html_card_begin(buf, "distance", "drifted", TEND_TINT_BAD);
    tend__svg_histogram(buf, &chart, labels, a, b, 4);
    tend__html_card_end(buf);
    tend__html_card_begin(buf, "city", NULL, TEND_TINT_PLAIN);
    tend__svg_categories(buf, &chart, cities, a, b, 3);
    tend__html_card_end(buf);
    tend__html_cards_end(buf);
}

static void add_sample_money(struct tend__buf *buf)
{
    const struct tend__chart chart = {.title = "Policies", .desc = "Value after costs."};
    const struct tend__money_bar bars[] = {
        {"tend", 120000, 6000, 114000, true},
        {"never", -20000, 0, -20000, false},
        {"every 7 days", 118000, 34000, 84000, false},
    };
    tend__svg_money(buf, &chart, bars, 3);
}

static void a_page_closes_every_tag_and_escapes_text(void **state)
{
    (void)state;
    struct tend__buf buf;
    struct tend_error err = {0};
    tend__buf_init(&buf, PAGE_MAX);
    tend__html_begin(&buf, "a <b> & \"c\"", "sub");
    tend__html_tiles_begin(&buf);
    tend__html_tile(&buf, TEND_TINT_GOOD, "value", "+1,234", "EUR");
    tend__html_tile(&buf, TEND_TINT_BAD, "alarms", "3", "2 breaks, 1 harm");
    tend__html_tiles_end(&buf);
    tend__html_heading(&buf, 2, "Value over %s", "time");
    add_sample_time(&buf);
    tend__html_heading(&buf, 2, "Policies");
    add_sample_money(&buf);
    tend__html_heading(&buf, 2, "Columns");
    add_sample_cards(&buf);
    tend__html_end(&buf, "tend");
    assert_tend_ok(tend__buf_code(&buf, &err), &err);
    assert_true(count_balanced(tend__buf_str(&buf)) > 100);
    assert_non_null(strstr(tend__buf_str(&buf), "a &lt;b&gt; &amp; &quot;c&quot;"));
    assert_null(strstr(tend__buf_str(&buf), "unit <changed>"));
    assert_null(strstr(tend__buf_str(&buf), "<script"));
    assert_null(strchr(tend__buf_str(&buf), '\xff')); /* the page is UTF-8 whatever the data is */
    assert_null(strstr(tend__buf_str(&buf), "http"));
    assert_null(strstr(tend__buf_str(&buf), "nan"));
    const char *path = getenv("TEND_TEST_PAGE"); /* to look at it in a browser */
    if (path != NULL) {
        assert_tend_ok(tend__app_write_page(&buf, path, &err), &err);
    }
    tend__buf_deinit(&buf);
}

static void charts_without_data_or_of_one_point_are_fine(void **state)
{
    (void)state;
    struct tend__buf buf;
    const int64_t time_us = 0;
    const double nan_value = (double)NAN;
    const struct tend__series series = {.name = "x", .values = &nan_value};
    struct tend__time_chart chart = {.chart = {.title = "t", .desc = "d"}};
    tend__buf_init(&buf, PAGE_MAX);
    tend__svg_time(&buf, &chart);
    tend__svg_histogram(&buf, &chart.chart, NULL, NULL, NULL, 0);
    tend__svg_money(&buf, &chart.chart, NULL, 0);
    assert_int_equal(buf.len, 0);
    chart.times_us = &time_us;
    chart.time_count = 1;
    chart.series = &series;
    chart.series_count = 1;
    tend__svg_time(&buf, &chart);
    assert_true(count_balanced(tend__buf_str(&buf)) > 5);
    assert_null(strstr(tend__buf_str(&buf), "nan"));
    tend__buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_closes_every_tag_and_escapes_text),
        cmocka_unit_test(charts_without_data_or_of_one_point_are_fine),
    };
    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
