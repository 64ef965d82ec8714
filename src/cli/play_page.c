/* SPDX-License-Identifier: Apache-2.0 */
/* play_page.c: the run over history as one page of HTML with pictures. */
#include "base/mem.h"
#include "report/html.h"
#include "cli/play_story.h"
#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PAGE_MAX ((size_t)64 << 20)
#define EVENT_MAX 400

/* Columns of the windows, one array each. */
struct page {
    const struct tend__play *play;
    const struct tend__window_report *windows;
    size_t window_count;
    int64_t *times_us;
    double *columns; /* 6 arrays of window_count */
    struct tend__event *events;
    size_t event_count;
    struct tend__buf out;
};

enum page_column { REALISED, ESTIMATED, LOW, HIGH, ROWS, GAIN, COLUMN_COUNT };

static double *column(const struct page *page, enum page_column which)
{
    return page->columns + (size_t)which * page->window_count;
}

static bool mark_of(enum tend__happening kind, enum tend__event_kind *out)
{
    switch (kind) {
    case TEND_HAPPENED_BREAK_OPENED:
        *out = TEND_EVENT_BREAK;
        return true;
    case TEND_HAPPENED_ALARM:
        *out = TEND_EVENT_ALARM;
        return true;
    case TEND_HAPPENED_PROMOTED:
        *out = TEND_EVENT_PROMOTE;
        return true;
    case TEND_HAPPENED_FELL_BACK:
        *out = TEND_EVENT_FALL_BACK;
        return true;
    case TEND_HAPPENED_PROVEN:
    case TEND_HAPPENED_ASKED:
    case TEND_HAPPENED_DEMOTED:
        *out = TEND_EVENT_NOTE;
        return true;
    case TEND_HAPPENED_ACCEPTED:
    case TEND_HAPPENED_WINDOW:
    case TEND_HAPPENED_BREAK_COSTED:
    case TEND_HAPPENED_BREAK_CLOSED:
    case TEND_HAPPENED_GUARDRAIL:
    case TEND_HAPPENED_RETRAINED:
    case TEND_HAPPENED_TRIAL_CLOSED:
    case TEND_HAPPENED_TRAIN_FAILED:
    case TEND_HAPPENED_QUARANTINED:
        break;
    }
    return false;
}

static enum tend_code fill(struct page *page, struct tend_error *err)
{
    const struct tend__play_entry *entries = NULL;
    const size_t entry_count = tend__play_entries(page->play, &entries);
    page->window_count = tend__engine_windows(tend__play_engine(page->play), &page->windows);
    TEND_TRY(tend__mem_new(page->window_count, sizeof(int64_t), &page->times_us, err));
    TEND_TRY(tend__mem_new(page->window_count * COLUMN_COUNT, sizeof(double), &page->columns, err));
    TEND_TRY(tend__mem_new(EVENT_MAX, sizeof(*page->events), &page->events, err));
    for (size_t i = 0; i < page->window_count; i++) {
        const struct tend__window_report *w = &page->windows[i];
        page->times_us[i] = w->start_us;
        column(page, REALISED)[i] = w->realised;
        column(page, ESTIMATED)[i] = w->estimated;
        column(page, LOW)[i] = isfinite(w->estimated_low) ? w->estimated_low : (double)NAN;
        column(page, HIGH)[i] = isfinite(w->estimated_high) ? w->estimated_high : (double)NAN;
        column(page, ROWS)[i] = (double)w->row_count;
        column(page, GAIN)[i] = w->gain_sum;
    }
    const struct tend__incident_report *incidents = NULL;
    const size_t incident_count = tend__engine_incidents(tend__play_engine(page->play), &incidents);
    size_t break_idx = 0;
    for (size_t i = 0; i < entry_count && page->event_count < EVENT_MAX; i++) {
        struct tend__event event = {.time_us = entries[i].time_us, .text = entries[i].text};
        if (!mark_of(entries[i].kind, &event.kind)) {
            continue;
        }
        if (event.kind == TEND_EVENT_BREAK) {
            while (break_idx < incident_count && strcmp(incidents[break_idx].kind, "break") != 0) {
                break_idx++;
            }
            if (break_idx < incident_count && incidents[break_idx].closed_us != INT64_MIN) {
                event.until_us = incidents[break_idx].closed_us;
            }
            break_idx++;
        }
        page->events[page->event_count] = event;
        page->event_count++;
    }
    return TEND_OK;
}

static void draw_tiles(struct page *page)
{
    const struct tend__policy_report *policies = NULL;
    const struct tend__incident_report *incidents = NULL;
    const struct tend__engine *engine = tend__play_engine(page->play);
    const char *unit = tend__play_config(page->play)->value.unit;
    const size_t policy_count = tend__engine_policies(engine, &policies);
    const size_t incident_count = tend__engine_incidents(engine, &incidents);
    char figure[TEND_NUMBER_TEXT_SIZE];
    char remark[128];
    char other[TEND_NUMBER_TEXT_SIZE];
    double lost = 0;
    for (size_t i = 0; i < incident_count; i++) {
        lost += incidents[i].cost;
    }
    tend__html_tiles_begin(&page->out);
    (void)snprintf(remark, sizeof(remark), "%s over %zu windows, after costs", unit,
                   page->window_count);
    tend__html_tile(&page->out, TEND_TINT_BOLD, "Earned", tend__show_money(policies[0].net, figure),
                    remark);
    for (size_t i = 1; i < policy_count; i++) {
        const bool is_never = strcmp(policies[i].name, "never") == 0;
        if (is_never || strncmp(policies[i].name, "no model", 8) == 0) {
            const double more = policies[0].net - policies[i].net;
            tend__html_tile(&page->out, more >= 0 ? TEND_TINT_GOOD : TEND_TINT_BAD,
                            is_never ? "By upkeep" : "By the model", tend__show_money(more, figure),
                            is_never ? "against never retraining" : "against having none");
        }
    }
    (void)snprintf(remark, sizeof(remark), "%zu incidents", incident_count);
    tend__html_tile(&page->out, lost > 0 ? TEND_TINT_BAD : TEND_TINT_PLAIN, "Lost to data breaks",
                    tend__show_money(-lost, figure), remark);
    (void)snprintf(remark, sizeof(remark), "%s for retraining",
                   tend__show_money(-policies[0].cost, other));
    (void)snprintf(figure, sizeof(figure), "%llu", (unsigned long long)policies[0].promotion_count);
    tend__html_tile(&page->out, TEND_TINT_PLAIN, "Promotions", figure, remark);
    tend__html_tiles_end(&page->out);
}

static void draw_value(struct page *page)
{
    char label[96];
    (void)snprintf(label, sizeof(label), "%s a row", tend__play_config(page->play)->value.unit);
    const struct tend__series series[] = {
        {"estimated, before outcomes", column(page, ESTIMATED), column(page, LOW),
         column(page, HIGH), TEND_SERIES_DASHED, 5},
        {"realised", column(page, REALISED), NULL, NULL, TEND_SERIES_LINE, 0},
    };
    const struct tend__time_chart chart = {
        .chart = {.title = "What a row was worth",
                  .desc =
                      "Realised value a row and window, and the estimate made before the outcomes "
                      "were known with its interval.",
                  .y_label = label},
        .times_us = page->times_us,
        .time_count = page->window_count,
        .series = series,
        .series_count = TEND_ARRAY_LEN(series),
        .events = page->events,
        .event_count = page->event_count,
        .from_zero = false,
    };
    tend__svg_time(&page->out, &chart);
}

static void draw_gain(struct page *page)
{
    const struct tend__series series[] = {
        {"shadow gain", column(page, GAIN), NULL, NULL, TEND_SERIES_LINE, 2},
    };
    const struct tend__time_chart chart = {
        .chart = {.title = "What a fresh model would have earned more, since the last retraining",
                  .desc =
                      "Accumulated paired gain; retraining happens when it has paid for its cost.",
                  .y_label = tend__play_config(page->play)->value.unit},
        .times_us = page->times_us,
        .time_count = page->window_count,
        .series = series,
        .series_count = TEND_ARRAY_LEN(series),
        .events = page->events,
        .event_count = page->event_count,
        .from_zero = true,
    };
    tend__svg_time(&page->out, &chart);
}

static enum tend_code draw_policies(struct page *page, struct tend_error *err)
{
    const struct tend__policy_report *policies = NULL;
    const size_t count = tend__engine_policies(tend__play_engine(page->play), &policies);
    struct tend__money_bar bars[TEND_POLICY_MAX + 1];
    const struct tend__chart chart = {
        .title = "Policies on the same rows, after costs",
        .desc = "The configured policy beside never retraining and retraining on a calendar.",
        .y_label = tend__play_config(page->play)->value.unit,
    };
    for (size_t i = 0; i < count; i++) {
        bars[i] = (struct tend__money_bar){policies[i].name, policies[i].value, policies[i].cost,
                                           policies[i].net, i == 0};
    }
    tend__svg_money(&page->out, &chart, bars, count);
    return tend__buf_code(&page->out, err);
}

static enum tend_code draw_ledger(struct page *page, struct tend_error *err)
{
    const struct tend__play_entry *entries = NULL;
    const size_t count = tend__play_entries(page->play, &entries);
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__table_init(&table);
    tend__table_add_column(&table, "when", false);
    tend__table_add_column(&table, "what", false);
    tend__table_add_column(&table, "evidence", false);
    tend__table_add_column(&table, "value", true);
    tend__table_add_column(&table, "cost", true);
    for (size_t i = 0; i < count; i++) {
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_time(entries[i].time_us, text));
        tend__table_cell(&table, TEND_TINT_BOLD, "%s", tend__happening_text(entries[i].kind));
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", entries[i].text);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         isfinite(entries[i].value) ? tend__show_money(entries[i].value, text)
                                                    : "");
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         entries[i].cost > 0 ? tend__show_money(-entries[i].cost, text) : "");
    }
    tend__html_heading(&page->out, 2, "Ledger");
    tend__html_table(&page->out, &table, "Every decision with its evidence");
    const enum tend_code code = tend__table_code(&table, err);
    tend__table_deinit(&table);
    return code;
}

static enum tend_code draw(struct page *page, const char *title, struct tend_error *err)
{
    char from[TEND_NUMBER_TEXT_SIZE];
    char to[TEND_NUMBER_TEXT_SIZE];
    char subtitle[256];
    const size_t last = page->window_count - 1;
    (void)snprintf(subtitle, sizeof(subtitle), "Model %s, played as if live from %s to %s",
                   tend__play_config(page->play)->model,
                   tend__show_time(page->windows[0].start_us, from),
                   tend__show_time(page->windows[last].start_us, to));
    tend__html_begin(&page->out, title, subtitle);
    draw_tiles(page);
    tend__html_heading(&page->out, 2, "Value");
    draw_value(page);
    tend__html_heading(&page->out, 2, "Shadow gain");
    tend__html_paragraph(&page->out, TEND_TINT_DIM,
                         "What a fresh model would have earned more, since the last retraining.");
    draw_gain(page);
    tend__html_heading(&page->out, 2, "Policies");
    TEND_TRY(draw_policies(page, err));
    TEND_TRY(draw_ledger(page, err));
    tend__html_end(&page->out,
                   "Made by tend. Same data, configuration and seed give the same page.");
    return tend__buf_code(&page->out, err);
}

enum tend_code tend__story_page(const struct tend__play *play, const char *title, const char *path,
                                struct tend_error *err)
{
    struct page page = {.play = play};
    tend__buf_init(&page.out, PAGE_MAX);
    enum tend_code code = fill(&page, err);
    if (code == TEND_OK) {
        code = draw(&page, title, err);
    }
    if (code == TEND_OK) {
        code = tend__app_write_page(&page.out, path, err);
    }
    tend__mem_free(page.times_us);
    tend__mem_free(page.columns);
    tend__mem_free(page.events);
    tend__buf_deinit(&page.out);
    return code;
}
