/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_watch.c: the two watches on money: model harm, and the owner's floor.
 *
 * Harm is paired: what a fresh model of the champion's own recipe and window length would have
 * earned more on the same rows. One bet a window: the day form, whitened, where at least 56 windows
 * of no harm have been replayed; whole seasons otherwise. Windows with a data break are left out of
 * the harm watch: both models read the same broken rows. The floor is about the business: the same
 * statistic on floor minus level, whole seasons, broken windows included.
 *
 * The false-alarm budget b (a year) is split over the kinds of alarm that are on: harm one half;
 * the floor, where there is one, a quarter; breaks the rest. A watch with share w of b fires at T /
 * (b w), T windows a year.
 */
#include "engine/engine_state.h"

#include "base/mem.h"
#include "base/names.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY_FORM_WINDOWS_MIN 56 /* windows of no harm before whitening is estimated */
#define SHARE_HARM 0.5
#define SHARE_FLOOR 0.25
#define YEAR_US (365 * TEND_US_PER_DAY)

static enum tend_code start_harm(struct tend__engine *e, struct tend_error *err)
{
    const size_t season = e->config.season_windows;
    const double windows_year = (double)YEAR_US / (double)e->config.window_us;
    double *weeks = NULL;
    TEND_TRY(tend__mem_new(e->null_gain_count + 1, sizeof(double), &weeks, err));
    e->harm_is_weekly = e->null_gain_count < DAY_FORM_WINDOWS_MIN;
    size_t week_count = 0;
    for (size_t i = 0; i + season <= e->null_gain_count; i += season) {
        double sum = 0;
        for (size_t k = 0; k < season; k++) {
            sum += e->null_gain[i + k];
        }
        weeks[week_count] = sum / (double)season;
        week_count++;
    }
    const double bets_year = e->harm_is_weekly ? windows_year / (double)season : windows_year;
    e->harm_threshold = bets_year / (e->config.false_alarms * SHARE_HARM);
    const struct tend__harm_watch_options options = {
        .tolerance = e->tolerance,
        .threshold = e->harm_threshold,
        .reference = e->harm_is_weekly ? weeks : e->null_gain,
        .reference_count = e->harm_is_weekly ? week_count : e->null_gain_count,
        .whiten = !e->harm_is_weekly,
    };
    tend__harm_watch_free(e->harm);
    e->harm = NULL;
    e->harm_season = (struct engine_season){0};
    const enum tend_code code = tend__harm_watch_new(&options, &e->harm, err);
    tend__mem_free(weeks);
    return code;
}

/* At acceptance, and again whenever the champion changes: a new champion has a new history. The
 * floor's watch is about the business and goes on. */
enum tend_code engine__watches_start(struct tend__engine *e, struct tend_error *err)
{
    TEND_TRY(start_harm(e, err));
    if (isnan(e->config.floor) || e->floor != NULL) {
        return TEND_OK;
    }
    const double seasons_year =
        (double)YEAR_US / ((double)e->config.window_us * (double)e->config.season_windows);
    e->floor_threshold = seasons_year / (e->config.false_alarms * SHARE_FLOOR);
    struct tend__harm_watch_options options = tend__business_floor_options(NULL, 0);
    options.threshold = e->floor_threshold;
    return tend__harm_watch_new(&options, &e->floor, err);
}

/* Columns of the newest window that drifted, as "distance, hour". */
static void describe_columns(const struct tend__engine *e, char *text, size_t size)
{
    size_t len = 0;
    text[0] = '\0';
    const uint64_t drifted = e->report_count == 0 ? 0 : e->reports[e->report_count - 1].drifted;
    for (size_t i = 0; i < e->profile_count && i < 64; i++) {
        if ((drifted >> i & 1U) != 0 && len < size) {
            const int more = snprintf(text + len, size - len, "%s%s", len == 0 ? "" : ", ",
                                      e->profile_fields[i].name);
            len += more < 0 ? 0 : (size_t)more;
        }
    }
}

static enum tend_code raise_alarm(struct tend__engine *e, bool is_floor,
                                  const struct tend__harm_state *state, double threshold,
                                  int64_t now_us, struct tend_error *err)
{
    struct tend__incident_report *incident = NULL;
    TEND_TRY(engine__incident_add(e, &incident, err));
    const char *kind = is_floor ? "floor" : "harm";
    incident->opened_us = now_us;
    incident->closed_us = ENGINE_NO_TIME;
    incident->evidence = state->evidence;
    incident->threshold = threshold;
    incident->replay_share = (double)NAN;
    (void)snprintf(incident->kind, sizeof(incident->kind), "%s", kind);
    describe_columns(e, incident->columns, sizeof(incident->columns));
    char text[320];
    if (is_floor) {
        e->alarms_floor++;
        (void)snprintf(incident->cause, sizeof(incident->cause), "business");
        (void)snprintf(incident->action, sizeof(incident->action), "page the owner");
        (void)snprintf(text, sizeof(text),
                       "value is below the owner's floor of %.3f %s a row by %.3f (evidence %.3g, "
                       "alarm at %.3g)",
                       e->config.floor, e->config.unit, state->mean, state->evidence, threshold);
    } else {
        e->alarms_harm++;
        (void)snprintf(incident->cause, sizeof(incident->cause), "%s",
                       incident->columns[0] != '\0' ? "aged, inputs drifted"
                                                    : "aged, concept changed");
        (void)snprintf(incident->action, sizeof(incident->action),
                       "retrain when the gain has paid for it");
        (void)snprintf(text, sizeof(text),
                       "a fresh model of the same recipe would earn %.3f %s a row more (evidence "
                       "%.3g, alarm at %.3g)",
                       state->mean, e->config.unit, state->evidence, threshold);
    }
    (void)snprintf(incident->detail, sizeof(incident->detail), "%.*s",
                   (int)sizeof(incident->detail) - 1, text);
    char evidence[192];
    (void)snprintf(evidence, sizeof(evidence),
                   "{\"incident\":\"%s\",\"kind\":\"%s\",\"evidence\":%.9g,\"threshold\":%.9g,"
                   "\"per_row\":%.9g}",
                   incident->id, kind, state->evidence, threshold, state->mean);
    const struct tend__engine_event event = {
        .kind = TEND_HAPPENED_ALARM,
        .time_us = now_us,
        .window_idx = e->window_idx,
        .version = "",
        .value = (double)NAN,
        .text = text,
        .evidence = evidence,
    };
    return engine__emit(e, &event, err);
}

/* Adds a window to a season; true when the season is whole, with its mean a row. */
static bool add_season(struct tend__engine *e, struct engine_season *season, double money,
                       uint64_t rows, double *mean)
{
    season->money += money;
    season->rows += rows;
    season->windows++;
    if (season->windows < e->config.season_windows) {
        return false;
    }
    const bool has_rows = season->rows > 0;
    *mean = has_rows ? season->money / (double)season->rows : 0.0;
    *season = (struct engine_season){0};
    return has_rows;
}

static enum tend_code push_harm(struct tend__engine *e, const struct engine_window *w, double gain,
                                uint64_t rows, int64_t now_us, struct tend_error *err)
{
    struct tend__window_report *report = &e->reports[w->report_idx];
    struct tend__harm_state state = {0};
    double x = gain / (double)rows;
    if (e->harm_is_weekly) {
        const bool broken = w->break_count > 0;
        if (!add_season(e, &e->harm_season, broken ? 0 : gain, broken ? 0 : rows, &x)) {
            return TEND_OK;
        }
    } else if (w->break_count > 0) {
        return TEND_OK;
    }
    tend__harm_watch_push(e->harm, x, &state);
    report->evidence = state.evidence;
    return state.alarm ? raise_alarm(e, false, &state, e->harm_threshold, now_us, err) : TEND_OK;
}

enum tend_code engine__watches_push(struct tend__engine *e, const struct engine_window *w,
                                    double champion_sum, uint64_t rows, int64_t now_us,
                                    struct tend_error *err)
{
    if (rows == 0) {
        return TEND_OK;
    }
    double mean = 0;
    if (e->floor != NULL && add_season(e, &e->floor_season, champion_sum, rows, &mean)) {
        struct tend__harm_state state = {0};
        tend__harm_watch_push(e->floor, e->config.floor - mean, &state);
        if (state.alarm) {
            TEND_TRY(raise_alarm(e, true, &state, e->floor_threshold, now_us, err));
        }
    }
    const struct engine_model *champion = w->roles.champion[0];
    const size_t recipe = champion->length == e->lengths[1] ? 1 : 0;
    const double fresh = engine__value_of(e, w->roles.fresh[recipe]);
    if (!isfinite(fresh)) {
        return TEND_OK;
    }
    e->reports[w->report_idx].fresh_gain = (fresh - champion_sum) / (double)rows;
    e->reports[w->report_idx].gain_sum = e->policies[0].gain;
    if (champion != e->policies[0].champion) {
        return TEND_OK; /* it was replaced while its outcomes matured */
    }
    return push_harm(e, w, fresh - champion_sum, rows, now_us, err);
}
