/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_state.h: what the files of the engine share. Private to src/engine.
 *
 * Life of a window: its rows collect in `open`; when it closes they are sealed, profiled and
 * scored, and it waits in `pending` with the models that had a role in it; when its outcomes are
 * old enough it is judged once, its rows become training rows, and only sums of it stay.
 *
 * Models live in a pool and are named by recipe length and cut: two that agree in both are the same
 * model, trained once, whoever asked. Each role holds a reference.
 */
#ifndef TEND_ENGINE_ENGINE_STATE_H
#define TEND_ENGINE_ENGINE_STATE_H

#include "engine/engine.h"
#include "engine/engine_rows.h"
#include "base/civil.h"
#include "expr/expr.h"
#include "judge/break_rows.h"
#include "judge/breaks.h"
#include "judge/drift.h"
#include "judge/value_estimate.h"
#include "judge/value_row.h"
#include "profile/profile.h"
#include "stat/sequential.h"

#define ENGINE_LENGTH_COUNT 2 /* the ladder of training windows: the longest, and a week */
#define ENGINE_MODEL_MAX 128
#define ENGINE_REQUEST_MAX 16
#define ENGINE_BREAK_MAX 16
#define ENGINE_HISTORY_MAX 28
#define ENGINE_WEEK_MAX 512
#define ENGINE_NO_TIME INT64_MIN

struct engine_model {
    struct tend__predictor predictor;
    size_t length;  /* windows that it was trained on, at most */
    size_t cut_idx; /* the first window that it may score */
    size_t ref_count;
    uint64_t row_count;
    int64_t from_us, to_us;
    size_t window_count;
    size_t version_idx; /* SIZE_MAX: it never became a version */
};

/* One model's result on one matured window. */
struct engine_result {
    struct engine_model *model;
    double value_sum; /* money */
};

/* Who did what in a window. Pointers may be NULL. */
struct engine_roles {
    struct engine_model *champion[TEND_POLICY_MAX];
    struct engine_model *predecessor[TEND_POLICY_MAX]; /* in trial */
    struct engine_model *challenger[TEND_POLICY_MAX];  /* in proof */
    struct engine_model *fresh[ENGINE_LENGTH_COUNT];
    struct engine_model
        *null_champion; /* accept phase: a champion refitted weekly, for the watch's reference */
};

struct engine_window {
    size_t idx;
    struct tend__rows *rows;
    float *x; /* row_count x feature_count */
    size_t x_cap;
    struct engine_roles roles;
    struct tend__break breaks[ENGINE_BREAK_MAX];
    size_t break_count;
    bool has_label_break; /* seen when its outcomes came */
    bool is_live;
    size_t report_idx; /* into reports; SIZE_MAX outside the live phase */
};

/* Matured rows kept for training. */
struct engine_train_rows {
    size_t window_idx;
    int64_t start_us;
    float *x;
    uint8_t *label;
    size_t row_count;
    bool is_broken;
};

struct engine_request {
    size_t length;
    size_t cut_idx;
    struct engine_model *model; /* set when trained */
};

struct engine_policy {
    const struct tend__policy *options;
    struct engine_model *champion;
    struct engine_model *predecessor;
    struct engine_model *challenger;
    double gain;          /* G */
    bool gain_is_rising;  /* the last judged window's x was positive */
    double regret;        /* B of the trial */
    double cost_now;      /* doubled after a fall-back */
    size_t since_windows; /* live windows since the last periodic retrain */
    size_t trial_windows;
    size_t trial_version; /* version on trial or in proof; SIZE_MAX: none */
    struct tend__certificate *certificate;
    double trial_money; /* newer less older, of the open comparison */
    double week_diff;   /* paired money of the open week */
    uint64_t week_rows;
    size_t week_windows;
    double weeks[ENGINE_WEEK_MAX]; /* money a week of the open trial */
    size_t week_count;
    bool wants_retrain; /* decided at this close, waits for its model */
    struct tend__policy_report report;
};

/* What the value estimator needs of a window before go-live. */
struct engine_reference {
    int64_t idx;
    size_t row_count;
    double *score, *delta, *value_none;
    uint8_t *label;
    double realised;
};

/* Sums of a season of windows, for weekly watches. */
struct engine_season {
    double money;
    uint64_t rows;
    size_t windows;
};

enum engine_phase { ENGINE_TRAIN, ENGINE_ACCEPT, ENGINE_LIVE };

struct tend__engine {
    struct tend__engine_config config; /* defaults filled in */
    struct tend__engine_ports ports;
    const struct tend__field *fields;
    size_t field_count;
    size_t time_idx, id_idx, label_idx;
    struct tend__feature *features;
    bool *feature_is_category;
    struct tend__value_rule *rule;
    struct tend__aggregate *guardrails[TEND_GUARDRAIL_MAX];
    struct tend__field *guard_fields; /* the data's columns, then score and decision */
    struct tend__column *guard_columns;
    uint8_t *guard_valid;
    size_t guard_valid_cap;
    bool guard_is_crossed[TEND_GUARDRAIL_MAX];
    struct tend__value_segment segments[TEND_SEGMENT_MAX];

    enum engine_phase phase;
    size_t lengths[ENGINE_LENGTH_COUNT]; /* [0] the longest */
    size_t window_idx;                   /* of the open window, counted from the first */
    int64_t last_time_us;
    struct engine_window *open;
    struct engine_window **pending; /* oldest first */
    size_t pending_count, pending_cap;
    struct engine_window **spare; /* storage to use again */
    size_t spare_count, spare_cap;
    struct tend__ids seen[TEND_SEEN_WINDOWS];
    size_t seen_next;
    struct engine_train_rows *train; /* ring of lengths[0] */
    size_t train_count, train_next;

    struct engine_model *models[ENGINE_MODEL_MAX];
    size_t model_count;
    struct engine_request requests[ENGINE_REQUEST_MAX];
    size_t request_count;
    struct engine_roles now; /* roles of the open window */
    size_t refit_idx;        /* cut of the freshest models */
    size_t length_idx;       /* the ladder's choice */
    double ladder[8];        /* money a row, week recipe minus longest, the last 8 windows */
    size_t ladder_count;

    struct tend__plan_builder *builder;
    struct tend__plan *plan;
    struct tend__field *profile_fields; /* the data's columns but for id and label */
    size_t *profile_from;               /* and where they are in a window's batch */
    struct tend__column *profile_columns;
    size_t profile_count;
    struct tend__profile *reference;
    struct tend__break_rows *reference_rows; /* accept phase: a sample of its rows, and repeats */
    struct tend__break_rows_result reference_found; /* of them, once live */
    bool has_reference_found;
    struct tend__label_counts label_reference; /* accept phase, by the first champion's score */
    double label_missing_max;                  /* share of a window of it */
    struct tend__profile *history[ENGINE_HISTORY_MAX];
    size_t history_count;
    double history_rows[ENGINE_HISTORY_MAX]; /* rows a window, the newest unbroken windows */
    size_t history_rows_count, history_rows_next;

    struct engine_policy policies[TEND_POLICY_MAX];
    size_t policy_count;
    struct tend__value_estimator *estimator;
    struct engine_reference *reference_windows; /* accept phase, until the estimator has them */
    size_t reference_window_count, reference_window_cap;
    double *null_gain; /* per row, accept phase: the watch's reference */
    size_t null_gain_count, null_gain_cap;
    uint64_t accept_rows;
    double accept_value;      /* money, the first champion on the accept windows */
    double constant_value[2]; /* money, had every decision been false or true */
    struct tend__harm_watch *harm;
    struct tend__harm_watch *floor;
    bool harm_is_weekly;
    double tolerance;
    double harm_threshold, floor_threshold;
    struct engine_season harm_season, floor_season;
    double normal_value_sum; /* of unbroken judged windows, for the replay share */
    uint64_t normal_rows;
    bool was_demoted;
    bool watch_restart;                 /* the champion changed */
    double book_weeks[ENGINE_WEEK_MAX]; /* money a week of all trials of policy 0 */
    size_t book_week_count;
    size_t open_break_count;

    struct tend__window_report *reports;
    size_t report_count, report_cap;
    struct tend__version_report *versions;
    size_t version_count, version_cap;
    struct tend__incident_report *incidents;
    size_t incident_count, incident_cap;
    struct tend__policy_report policy_reports[TEND_POLICY_MAX + 1];
    struct tend__policy_report no_model; /* the constant action that was best in the accept phase */
    bool has_constant;
    bool constant_decision;
    struct tend__value_sums live_sums; /* policy 0, with its segments */
    uint64_t received, judged, without_outcome, duplicates, without_id, rejected, quarantined,
        failed_rows;
    size_t alarms_harm, alarms_floor, alarms_break;
    bool finished;

    /* scratch, grown to the largest window */
    double *score, *value, *delta, *value_none, *label_number;
    uint8_t *label, *label_valid;
    size_t scratch_cap;
    struct engine_result results[ENGINE_MODEL_MAX];
    size_t result_count;
};

/* engine_models.c */
void engine__model_unref(struct tend__engine *e, struct engine_model *model);
enum tend_code engine__model_request(struct tend__engine *e, size_t length, size_t cut_idx,
                                     struct tend_error *err) TEND_NODISCARD;
struct engine_model *engine__model_find(struct tend__engine *e, size_t length, size_t cut_idx);
enum tend_code engine__models_train(struct tend__engine *e, int64_t now_us,
                                    struct tend_error *err) TEND_NODISCARD;
enum tend_code engine__version_add(struct tend__engine *e, struct engine_model *model,
                                   int64_t now_us, const char *parent,
                                   struct tend_error *err) TEND_NODISCARD;
enum tend_code engine__train_rows_keep(struct tend__engine *e, const struct engine_window *w,
                                       struct tend_error *err) TEND_NODISCARD;
void engine__role_set(struct tend__engine *e, struct engine_model **role,
                      struct engine_model *model);

/* engine_judge.c */
enum tend_code engine__window_judge(struct tend__engine *e, struct engine_window *w, int64_t now_us,
                                    struct tend_error *err) TEND_NODISCARD;
enum tend_code engine__window_score(struct tend__engine *e, const struct engine_window *w,
                                    const struct engine_model *model, const float *x,
                                    struct tend_error *err) TEND_NODISCARD;
enum tend_code engine__accept(struct tend__engine *e, int64_t now_us,
                              struct tend_error *err) TEND_NODISCARD;
double engine__value_of(const struct tend__engine *e, const struct engine_model *model);
/* Looks at a judged window's outcomes for what broke on their way; champion's scores and labels are
 * in the scratch. Windows of the accept phase become the reference. */
enum tend_code engine__labels_look(struct tend__engine *e, struct engine_window *w, int64_t now_us,
                                   struct tend_error *err) TEND_NODISCARD;
/* A window's rows that were kept for training last are never used. */
void engine__train_rows_spoil(struct tend__engine *e);
void engine__references_free(struct tend__engine *e);

/* engine_policy.c */
enum tend_code engine__policies_judge(struct tend__engine *e, const struct engine_window *w,
                                      int64_t now_us, struct tend_error *err) TEND_NODISCARD;
enum tend_code engine__policies_decide(struct tend__engine *e, int64_t now_us,
                                       struct tend_error *err) TEND_NODISCARD;
enum tend_code engine__policies_apply(struct tend__engine *e, int64_t now_us,
                                      struct tend_error *err) TEND_NODISCARD;
enum tend_code engine__trial_close(struct tend__engine *e, struct engine_policy *p,
                                   const char *verdict, int64_t now_us,
                                   struct tend_error *err) TEND_NODISCARD;

void engine__book(const double *weeks, size_t count, double *earned, double *earned_low);

/* engine_watch.c */
enum tend_code engine__watches_start(struct tend__engine *e, struct tend_error *err) TEND_NODISCARD;
enum tend_code engine__watches_push(struct tend__engine *e, const struct engine_window *w,
                                    double champion_sum, uint64_t rows, int64_t now_us,
                                    struct tend_error *err) TEND_NODISCARD;

/* engine_break.c */
enum tend_code engine__breaks_look(struct tend__engine *e, struct engine_window *w,
                                   const struct tend__profile *profile, int64_t now_us,
                                   struct tend_error *err) TEND_NODISCARD;
enum tend_code engine__breaks_cost(struct tend__engine *e, struct engine_window *w,
                                   double champion_sum, uint64_t rows, int64_t now_us,
                                   struct tend_error *err) TEND_NODISCARD;

/* engine_guard.c */
enum tend_code engine__guardrails_check(struct tend__engine *e, const struct engine_window *w,
                                        const uint8_t *decision, int64_t now_us,
                                        struct tend_error *err) TEND_NODISCARD;

enum tend_code engine__guardrails_refuse(struct tend__engine *e,
                                         const struct engine_model *champion,
                                         const struct engine_model *model, int64_t now_us,
                                         bool *refused, struct tend_error *err) TEND_NODISCARD;

/* engine.c */
struct tend__batch engine__profile_batch(struct tend__engine *e, const struct engine_window *w);
void engine__window_free(struct engine_window *w);
void engine__roles_set(struct tend__engine *e, struct engine_roles *to,
                       const struct engine_roles *from);
enum tend_code engine__emit(struct tend__engine *e, const struct tend__engine_event *event,
                            struct tend_error *err) TEND_NODISCARD;
enum tend_code engine__incident_add(struct tend__engine *e, struct tend__incident_report **out,
                                    struct tend_error *err) TEND_NODISCARD;

#endif
