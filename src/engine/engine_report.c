/* SPDX-License-Identifier: Apache-2.0 */
/* engine_report.c: what happened, as arrays for those who draw it and as the members of
 * "tend.backtest/1". */
#include "engine/engine_state.h"

#include <math.h>
#include <string.h>

size_t tend__engine_windows(const struct tend__engine *e, const struct tend__window_report **out)
{
    *out = e->reports;
    return e->report_count;
}

size_t tend__engine_versions(const struct tend__engine *e, const struct tend__version_report **out)
{
    *out = e->versions;
    return e->version_count;
}

size_t tend__engine_incidents(const struct tend__engine *e,
                              const struct tend__incident_report **out)
{
    *out = e->incidents;
    return e->incident_count;
}

size_t tend__engine_policies(const struct tend__engine *e, const struct tend__policy_report **out)
{
    *out = e->policy_reports;
    return e->policy_count + (e->has_constant ? 1 : 0);
}

struct tend__books_report tend__engine_books(const struct tend__engine *e)
{
    struct tend__books_report books = {
        .season_count = e->book_week_count,
        .cost = e->policies[0].report.cost,
    };
    engine__book(e->book_weeks, e->book_week_count, &books.earned, &books.earned_low);
    return books;
}

struct tend__row_report tend__engine_rows(const struct tend__engine *e)
{
    return (struct tend__row_report){.received = e->received,
                                     .used = e->judged + e->without_outcome,
                                     .without_outcome = e->without_outcome,
                                     .duplicates = e->duplicates,
                                     .without_id = e->without_id,
                                     .rejected = e->rejected,
                                     .quarantined = e->quarantined,
                                     .value_failed = e->failed_rows};
}

const void *tend__engine_artefact(const struct tend__engine *e, size_t version_idx, size_t *len)
{
    for (size_t i = 0; i < e->model_count; i++) {
        if (e->models[i]->version_idx == version_idx) {
            *len = e->models[i]->predictor.artefact_len;
            return e->models[i]->predictor.artefact;
        }
    }
    *len = 0;
    return NULL;
}

static void write_time_or_null(struct tend__json_writer *w, const char *key, int64_t time_us)
{
    if (time_us == ENGINE_NO_TIME) {
        tend__jsonw_member_null(w, key);
    } else {
        tend__jsonw_member_time(w, key, time_us);
    }
}

static void write_interval(struct tend__json_writer *w, const char *key, double per_row, double low,
                           double high)
{
    tend__jsonw_key(w, key);
    tend__jsonw_object_begin(w);
    tend__jsonw_member_number(w, "per_row", per_row);
    tend__jsonw_member_number(w, "low", low);
    tend__jsonw_member_number(w, "high", high);
}

static void write_window(const struct tend__engine *e, struct tend__json_writer *w,
                         const struct tend__window_report *r)
{
    tend__jsonw_object_begin(w);
    tend__jsonw_member_time(w, "start", r->start_us);
    tend__jsonw_member_uint(w, "rows", r->row_count);
    tend__jsonw_member_uint(w, "matured", r->matured_count);
    tend__jsonw_key(w, "value");
    tend__jsonw_object_begin(w);
    write_interval(w, "realised", r->realised, r->realised_low, r->realised_high);
    tend__jsonw_object_end(w);
    write_interval(w, "estimated", r->estimated, r->estimated_low, r->estimated_high);
    tend__jsonw_member_text(w, "status",
                            tend__value_state_text((enum tend__value_state)r->estimate_state));
    tend__jsonw_member_bool(w, "sign_unknown", r->sign_unknown);
    tend__jsonw_object_end(w);
    tend__jsonw_object_end(w);
    tend__jsonw_member_text(w, "champion", e->versions[r->version].name);
    tend__jsonw_member_number(w, "fresh_gain", r->fresh_gain);
    tend__jsonw_member_number(w, "gain", r->gain_sum);
    tend__jsonw_member_number(w, "harm_evidence", r->evidence);
    tend__jsonw_member_bool(w, "broken", r->broken);
    tend__jsonw_key(w, "drifted");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < e->profile_count && i < 64; i++) {
        if ((r->drifted >> i & 1U) != 0) {
            tend__jsonw_text(w, e->profile_fields[i].name);
        }
    }
    tend__jsonw_array_end(w);
    tend__jsonw_object_end(w);
}

/* "distance, hour" as an array of names. */
static void write_columns(const struct tend__incident_report *r, struct tend__json_writer *w)
{
    const char *at = r->columns;
    tend__jsonw_key(w, "columns");
    tend__jsonw_array_begin(w);
    while (*at != '\0') {
        const char *comma = strstr(at, ", ");
        const size_t len = comma == NULL ? strlen(at) : (size_t)(comma - at);
        tend__jsonw_text_len(w, at, len);
        at += len + (comma == NULL ? 0 : 2);
    }
    tend__jsonw_array_end(w);
}

static void write_alarms(const struct tend__engine *e, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "alarms");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < e->incident_count; i++) {
        const struct tend__incident_report *r = &e->incidents[i];
        tend__jsonw_object_begin(w);
        tend__jsonw_member_time(w, "time", r->opened_us);
        tend__jsonw_member_text(w, "kind", r->kind);
        write_columns(r, w);
        tend__jsonw_member_number(w, "evidence", r->evidence);
        tend__jsonw_member_number(w, "threshold", r->threshold);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

/* One incident as an object: in the report, and in the state file. */
void tend__incident_json(const struct tend__incident_report *r, struct tend__json_writer *w)
{
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "id", r->id);
    tend__jsonw_member_time(w, "opened", r->opened_us);
    write_time_or_null(w, "closed", r->closed_us);
    tend__jsonw_member_text(w, "kind", r->kind);
    tend__jsonw_member_text(w, "cause", r->cause);
    write_columns(r, w);
    tend__jsonw_member_text(w, "segment", r->segment[0] == '\0' ? NULL : r->segment);
    tend__jsonw_member_text(w, "detail", r->detail);
    tend__jsonw_member_text(w, "action", r->action);
    tend__jsonw_member_number(w, "evidence", r->evidence);
    tend__jsonw_member_number(w, "threshold", r->threshold);
    tend__jsonw_member_number(w, "cost", r->cost);
    tend__jsonw_member_number(w, "replay_share", r->replay_share);
    tend__jsonw_member_uint(w, "windows", r->window_count);
    tend__jsonw_object_end(w);
}

static void write_version(struct tend__json_writer *w, const struct tend__version_report *r)
{
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "version", r->name);
    tend__jsonw_member_text(w, "hash", r->hash);
    tend__jsonw_member_text(w, "parent", r->parent[0] == '\0' ? NULL : r->parent);
    tend__jsonw_member_time(w, "trained", r->trained_us);
    tend__jsonw_member_time(w, "from", r->from_us);
    tend__jsonw_member_time(w, "to", r->to_us);
    tend__jsonw_member_uint(w, "rows", r->row_count);
    write_time_or_null(w, "promoted", r->promoted_us);
    write_time_or_null(w, "retired", r->retired_us);
    tend__jsonw_member_text(w, "verdict", r->verdict);
    tend__jsonw_member_number(w, "certificate", r->evidence);
    tend__jsonw_member_number(w, "earned", r->earned);
    tend__jsonw_member_number(w, "earned_low", r->earned_low);
    tend__jsonw_object_end(w);
}

static void write_policy(struct tend__json_writer *w, const struct tend__policy_report *r)
{
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "name", r->name);
    tend__jsonw_member_number(w, "value", r->value);
    tend__jsonw_member_number(w, "cost", r->cost);
    tend__jsonw_member_number(w, "net", r->net);
    tend__jsonw_member_uint(w, "retrains", r->retrain_count);
    tend__jsonw_member_uint(w, "promotions", r->promotion_count);
    tend__jsonw_member_uint(w, "fall_backs", r->fall_back_count);
    tend__jsonw_member_uint(w, "rows", r->row_count);
    tend__jsonw_object_end(w);
}

static void write_segments(const struct tend__engine *e, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "segments");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < e->live_sums.segment_count; i++) {
        const struct tend__value_sum *sum = &e->live_sums.segments[i];
        tend__jsonw_object_begin(w);
        tend__jsonw_member_text(w, "segment", tend__value_rule_segment_name(e->rule, i));
        tend__jsonw_member_uint(w, "rows", sum->row_count);
        tend__jsonw_member_number(w, "value", tend__exact_sum_value(&sum->sum));
        tend__jsonw_member_number(w, "per_row", tend__value_sum_mean(sum));
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

static void write_counts(const struct tend__engine *e, struct tend__json_writer *w)
{
    const struct tend__row_report rows = tend__engine_rows(e);
    tend__jsonw_key(w, "rows");
    tend__jsonw_object_begin(w);
    tend__jsonw_member_uint(w, "received", rows.received);
    tend__jsonw_member_uint(w, "used", rows.used);
    tend__jsonw_member_uint(w, "without_outcome", rows.without_outcome);
    tend__jsonw_member_uint(w, "duplicates", rows.duplicates);
    tend__jsonw_member_uint(w, "without_id", rows.without_id);
    tend__jsonw_member_uint(w, "rejected", rows.rejected);
    tend__jsonw_member_uint(w, "quarantined", rows.quarantined);
    tend__jsonw_member_uint(w, "value_failed", rows.value_failed);
    tend__jsonw_object_end(w);
    tend__jsonw_key(w, "false_alarm_budget");
    tend__jsonw_object_begin(w);
    tend__jsonw_member_number(w, "per_year", e->config.false_alarms);
    const double years =
        (double)e->report_count * (double)e->config.window_us / (365.0 * (double)TEND_US_PER_DAY);
    tend__jsonw_member_number(w, "years", years);
    tend__jsonw_member_number(w, "allowed", years * e->config.false_alarms);
    tend__jsonw_member_uint(w, "alarms_harm", e->alarms_harm);
    tend__jsonw_member_uint(w, "alarms_floor", e->alarms_floor);
    tend__jsonw_member_uint(w, "alarms_break", e->alarms_break);
    tend__jsonw_member_number(w, "harm_threshold", e->harm_threshold);
    tend__jsonw_member_text(w, "harm_form", e->harm_is_weekly ? "season" : "window");
    tend__jsonw_object_end(w);
    tend__jsonw_member_number(w, "tolerance", e->tolerance);
}

static void write_books(const struct tend__engine *e, struct tend__json_writer *w)
{
    const struct tend__books_report books = tend__engine_books(e);
    tend__jsonw_key(w, "books");
    tend__jsonw_object_begin(w);
    tend__jsonw_member_uint(w, "seasons", books.season_count);
    tend__jsonw_member_number(w, "earned", books.earned);
    tend__jsonw_member_number(w, "earned_low", books.earned_low);
    tend__jsonw_member_number(w, "cost", books.cost);
    tend__jsonw_object_end(w);
}

enum tend_code tend__engine_report(const struct tend__engine *e, struct tend__json_writer *w,
                                   struct tend_error *err)
{
    if (!e->finished) {
        return TEND_FAIL(err, EINVAL, "the run has not been finished");
    }
    tend__jsonw_member_text(w, "model", e->config.model);
    tend__jsonw_member_text(w, "unit", e->config.unit);
    write_counts(e, w);
    tend__jsonw_key(w, "windows");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < e->report_count; i++) {
        write_window(e, w, &e->reports[i]);
    }
    tend__jsonw_array_end(w);
    write_segments(e, w);
    write_alarms(e, w);
    tend__jsonw_key(w, "incidents");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < e->incident_count; i++) {
        tend__incident_json(&e->incidents[i], w);
    }
    tend__jsonw_array_end(w);
    tend__jsonw_key(w, "versions");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < e->version_count; i++) {
        write_version(w, &e->versions[i]);
    }
    tend__jsonw_array_end(w);
    tend__jsonw_key(w, "policies");
    tend__jsonw_array_begin(w);
    const struct tend__policy_report *policies = NULL;
    const size_t policy_count = tend__engine_policies(e, &policies);
    for (size_t i = 0; i < policy_count; i++) {
        write_policy(w, &policies[i]);
    }
    tend__jsonw_array_end(w);
    write_books(e, w);
    return tend__buf_code(w->buf, err);
}
