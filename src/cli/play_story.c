/* SPDX-License-Identifier: Apache-2.0 */
/* play_story.c: the run over history as lines of text; see play_story.h. */
#include "cli/play_story.h"

#include "base/civil.h"
#include "report/render.h"
#include "judge/value_estimate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SEASON_WINDOWS_MAX 62

static enum tend__tint tint_of(enum tend__happening kind)
{
    switch (kind) {
    case TEND_HAPPENED_BREAK_OPENED:
    case TEND_HAPPENED_ALARM:
    case TEND_HAPPENED_FELL_BACK:
    case TEND_HAPPENED_TRAIN_FAILED:
        return TEND_TINT_BAD;
    case TEND_HAPPENED_BREAK_COSTED:
    case TEND_HAPPENED_GUARDRAIL:
    case TEND_HAPPENED_DEMOTED:
    case TEND_HAPPENED_QUARANTINED:
    case TEND_HAPPENED_ASKED:
        return TEND_TINT_WARN;
    case TEND_HAPPENED_ACCEPTED:
    case TEND_HAPPENED_PROMOTED:
    case TEND_HAPPENED_PROVEN:
    case TEND_HAPPENED_BREAK_CLOSED:
        return TEND_TINT_GOOD;
    case TEND_HAPPENED_RETRAINED:
    case TEND_HAPPENED_TRIAL_CLOSED:
        return TEND_TINT_BOLD;
    case TEND_HAPPENED_WINDOW:
        break;
    }
    return TEND_TINT_PLAIN;
}

static const char *word_of(enum tend__happening kind)
{
    switch (kind) {
    case TEND_HAPPENED_ACCEPTED:
        return "accepted";
    case TEND_HAPPENED_WINDOW:
        return "";
    case TEND_HAPPENED_BREAK_OPENED:
        return "BREAK";
    case TEND_HAPPENED_BREAK_COSTED:
        return "cost";
    case TEND_HAPPENED_BREAK_CLOSED:
        return "mended";
    case TEND_HAPPENED_ALARM:
        return "ALARM";
    case TEND_HAPPENED_GUARDRAIL:
        return "guardrail";
    case TEND_HAPPENED_RETRAINED:
        return "retrain";
    case TEND_HAPPENED_PROMOTED:
        return "promote";
    case TEND_HAPPENED_ASKED:
        return "approval";
    case TEND_HAPPENED_FELL_BACK:
        return "FALL BACK";
    case TEND_HAPPENED_PROVEN:
        return "proven";
    case TEND_HAPPENED_TRIAL_CLOSED:
        return "trial";
    case TEND_HAPPENED_DEMOTED:
        return "estimate";
    case TEND_HAPPENED_TRAIN_FAILED:
        return "training";
    case TEND_HAPPENED_QUARANTINED:
        return "set aside";
    }
    return "";
}

/* One line for the season's windows that have closed: rows, value a day as a sparkline, and the
 * mean. */
static void tell_season(struct tend__story *story, const struct tend__window_report *windows,
                        size_t count, int64_t now_us)
{
    struct tend__buf *out = &story->app->out;
    double values[SEASON_WINDOWS_MAX];
    double estimated = 0;
    uint64_t rows = 0;
    size_t shown = 0;
    size_t informative = 0;
    for (size_t i = 0; i < count && shown < SEASON_WINDOWS_MAX; i++) {
        values[shown] = windows[i].estimated;
        shown++;
        rows += windows[i].row_count;
        estimated += windows[i].estimated * (double)windows[i].row_count;
        informative += windows[i].estimate_state == (int)TEND_VALUE_OK;
    }
    double least = (double)INFINITY;
    for (size_t i = 0; i < shown; i++) {
        least = fmin(least, values[i]);
    }
    for (size_t i = 0; i < shown; i++) {
        values[i] -= least; /* the line shows the shape; the level stands beside it */
    }
    char from[TEND_NUMBER_TEXT_SIZE];
    char number[TEND_NUMBER_TEXT_SIZE];
    char money[TEND_NUMBER_TEXT_SIZE];
    tend__buf_printf(out, "  %s  %-10s %s rows profiled; estimated value ",
                     tend__show_time(now_us, from), "season",
                     tend__show_number((double)rows, number));
    tend__sparkline(out, values, shown, story->app->utf8);
    tend__buf_printf(out, " %s a row%s\n",
                     rows == 0 ? "-" : tend__show_money(estimated / (double)rows, money),
                     2 * informative >= count ? "" : " (uninformative)");
}

void tend__story_tell(void *ctx, const struct tend__play *play,
                      const struct tend__engine_event *event)
{
    struct tend__story *story = ctx;
    struct tend__app *app = story->app;
    struct tend_error ignored = {0};
    if (story->silent) {
        return;
    }
    if (event->kind == TEND_HAPPENED_WINDOW) {
        const struct tend__window_report *windows = NULL;
        const size_t count = tend__engine_windows(tend__play_engine(play), &windows);
        const struct tend__config *config = tend__play_config(play);
        const size_t season = (size_t)(config->season_us / config->window_us);
        if (count - story->season_start < (season == 0 ? 7 : season)) {
            return;
        }
        tell_season(story, windows + story->season_start, count - story->season_start,
                    event->time_us);
        story->season_start = count;
    } else {
        char when[TEND_NUMBER_TEXT_SIZE];
        tend__buf_printf(&app->out, "  %s  ", tend__show_time(event->time_us, when));
        tend__tinted(&app->out, tint_of(event->kind), app->colours, "%-10s", word_of(event->kind));
        tend__buf_printf(&app->out, " %s\n", event->text);
    }
    /* A story that cannot be shown is not worth ending the run for. */
    if (tend__app_flush(app, &ignored) != TEND_OK) {
        story->silent = true;
    }
}

/* ---- the end ----------------------------------------------------------------------------------
 */

bool tend__story_found(const struct tend__play *play)
{
    const struct tend__incident_report *incidents = NULL;
    return tend__engine_incidents(tend__play_engine(play), &incidents) > 0;
}

static enum tend_code end_incidents(struct tend__app *app, const struct tend__play *play,
                                    struct tend_error *err)
{
    const struct tend__incident_report *incidents = NULL;
    const size_t count = tend__engine_incidents(tend__play_engine(play), &incidents);
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    if (count == 0) {
        tend__buf_text(&app->out, "\nFound: nothing.\n");
        return TEND_OK;
    }
    tend__buf_printf(&app->out, "\nFound (%s):\n", tend__play_config(play)->value.unit);
    tend__table_init(&table);
    tend__table_add_column(&table, "incident", false);
    tend__table_add_column(&table, "opened", false);
    tend__table_add_column(&table, "closed", false);
    tend__table_add_column(&table, "what", false);
    tend__table_add_column(&table, "cost", true);
    for (size_t i = 0; i < count; i++) {
        const struct tend__incident_report *r = &incidents[i];
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", r->id);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s", tend__show_time(r->opened_us, text));
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         r->closed_us == INT64_MIN ? "open" : tend__show_time(r->closed_us, text));
        tend__table_cell(&table, TEND_TINT_BAD, "%s: %s", r->kind,
                         r->detail[0] != '\0' ? r->detail : r->cause);
        tend__table_cell(&table, TEND_TINT_PLAIN, "%s",
                         fabs(r->cost) > 0 ? tend__show_money(-r->cost, text) : "");
    }
    tend__table_print(&table, &app->out, 2, 0, app->colours);
    const enum tend_code code = tend__table_code(&table, err);
    tend__table_deinit(&table);
    return code;
}

static enum tend_code end_policies(struct tend__app *app, const struct tend__play *play,
                                   struct tend_error *err)
{
    const struct tend__policy_report *policies = NULL;
    const size_t count = tend__engine_policies(tend__play_engine(play), &policies);
    struct tend__table table;
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__buf_printf(&app->out, "\nWhat each policy would have earned on the same %s rows (%s):\n",
                     tend__show_number((double)policies[0].row_count, text),
                     tend__play_config(play)->value.unit);
    tend__table_init(&table);
    tend__table_add_column(&table, "policy", false);
    tend__table_add_column(&table, "value", true);
    tend__table_add_column(&table, "retrainings", true);
    tend__table_add_column(&table, "cost", true);
    tend__table_add_column(&table, "net", true);
    tend__table_add_column(&table, "against never", true);
    double never = (double)NAN;
    for (size_t i = 0; i < count; i++) {
        never = strcmp(policies[i].name, "never") == 0 ? policies[i].net : never;
    }
    for (size_t i = 0; i < count; i++) {
        const struct tend__policy_report *p = &policies[i];
        const enum tend__tint tint = i == 0 ? TEND_TINT_BOLD : TEND_TINT_PLAIN;
        tend__table_cell(&table, tint, "%s", p->name);
        tend__table_cell(&table, tint, "%s", tend__show_money(p->value, text));
        tend__table_cell(&table, tint, "%llu", (unsigned long long)p->retrain_count);
        tend__table_cell(&table, tint, "%s", tend__show_money(-p->cost, text));
        tend__table_cell(&table, tint, "%s", tend__show_money(p->net, text));
        tend__table_cell(&table, tint, "%s", tend__show_money(p->net - never, text));
    }
    tend__table_print(&table, &app->out, 2, 0, app->colours);
    const enum tend_code code = tend__table_code(&table, err);
    tend__table_deinit(&table);
    return code;
}

static void tell_count(struct tend__app *app, uint64_t count, const char *words, bool *any)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    if (count > 0) {
        tend__buf_text(&app->out, *any ? ", " : "\nLeft out: ");
        tend__buf_printf(&app->out, "%s %s", tend__show_number((double)count, text), words);
        *any = true;
    }
}

/* Rows that say nothing about money: silence would let a wrong expression or id pass for a quiet
 * history. */
static void end_rows(struct tend__app *app, const struct tend__play *play)
{
    const struct tend__row_report rows = tend__engine_rows(tend__play_engine(play));
    char text[TEND_NUMBER_TEXT_SIZE];
    bool any = false;
    tell_count(app, rows.value_failed, "rows whose value failed", &any);
    tell_count(app, rows.without_outcome, "without an outcome", &any);
    tell_count(app, rows.duplicates, "with an id that came before", &any);
    tell_count(app, rows.rejected, "without a time", &any);
    tell_count(app, rows.quarantined, "far off in time", &any);
    if (rows.without_id > 0) {
        tend__app_note(app, "%s rows have no id: a second copy of one of them would count twice",
                       tend__show_number((double)rows.without_id, text));
    }
    if (any) {
        tend__buf_printf(&app->out, "; of %s rows.\n",
                         tend__show_number((double)rows.received, text));
    }
}

static void end_books(struct tend__app *app, const struct tend__play *play)
{
    const struct tend__policy_report *policies = NULL;
    const struct tend__books_report books = tend__engine_books(tend__play_engine(play));
    (void)tend__engine_policies(tend__play_engine(play), &policies);
    char earned[TEND_NUMBER_TEXT_SIZE];
    char low[TEND_NUMBER_TEXT_SIZE];
    char cost[TEND_NUMBER_TEXT_SIZE];
    tend__buf_printf(&app->out,
                     "\nBooks: %llu promotions, %llu fall-backs, %zu whole seasons in trial. ",
                     (unsigned long long)policies[0].promotion_count,
                     (unsigned long long)policies[0].fall_back_count, books.season_count);
    if (books.season_count < 2) {
        tend__buf_text(&app->out, "Too few to say what they earned.\n");
        return;
    }
    tend__buf_printf(
        &app->out,
        "Against their predecessors,\non the same rows, the new versions earned %s in them, "
        "at least %s (95 %%); retraining cost %s.\n",
        tend__show_money(books.earned, earned), tend__show_money(books.earned_low, low),
        tend__show_money(-books.cost, cost));
}

enum tend_code tend__story_end(struct tend__app *app, const struct tend__play *play,
                               struct tend_error *err)
{
    end_rows(app, play);
    TEND_TRY(end_incidents(app, play, err));
    TEND_TRY(end_policies(app, play, err));
    end_books(app, play);
    return tend__buf_code(&app->out, err);
}
