/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h: the loop, pure and driven by the time in the data.
 *
 * Rows go in, in order of event time. Each time a window closes, the engine profiles it, looks for
 * breaks on its inputs, estimates what it was worth, judges the windows whose outcomes have
 * matured, and decides: retrain, promote, fall back, page. It trains through a port, touches no
 * file, reads no clock and prints nothing; what it does, it tells through `on_event`. The same
 * rows, configuration and seed give the same events and the same report, whatever the order of the
 * rows inside a window.
 *
 * Several policies run over the same rows in one pass and share every model that two of them would
 * have trained on the same windows. Policy 0 is the owner's: only it has breaks, watches, incidents
 * and estimates. The others are what it is compared with.
 *
 * Phases: `train_windows` of rows train the first champion; on the `accept_windows` after them it
 * is accepted, and they become the reference; all later windows are live.
 */
#ifndef TEND_ENGINE_ENGINE_H
#define TEND_ENGINE_ENGINE_H

#include "base/buf.h"
#include "base/column.h"
#include "base/fail.h"
#include "base/json_write.h"
#include "port/trainer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_POLICY_MAX 8
#define TEND_FEATURE_MAX 1024
#define TEND_SEGMENT_MAX 32
#define TEND_GUARDRAIL_MAX 16
#define TEND_WINDOW_GAP_MAX                                                                        \
    366 /* empty windows in a row; rows after a longer gap are quarantined */

enum tend__retrain_when { TEND_WHEN_GAIN, TEND_WHEN_NEVER, TEND_WHEN_EVERY };
enum tend__promote_by { TEND_BY_TRIAL, TEND_BY_PROOF, TEND_BY_ASK, TEND_BY_NO_TRIAL };

struct tend__policy {
    const char *name;
    enum tend__retrain_when when;
    size_t every_windows; /* TEND_WHEN_EVERY */
    enum tend__promote_by by;
    double fall_back_costs; /* trial: fall back when the predecessor leads by this many retraining
                               costs */
    double confidence;      /* proof: 1 - alpha */
};

struct tend__guardrail {
    const char *name;
    const char *aggregate; /* avg(decision) */
    double low;            /* -INFINITY where there is none */
    double high;
};

/* Zero is the default of every number that says so. Texts are borrowed for the engine's life. */
struct tend__engine_config {
    const char *model;
    const char *id; /* NULL: rows have no identity and duplicates cannot be seen */
    const char *time;
    const char *label;
    const char *score;    /* the name that the score has in expressions */
    const char *decision; /* expression over the score and the columns; bool */
    const char *value;    /* expression; money a row */
    const char *unit;
    const char *absent_means; /* NULL: a row without outcome is not judged; "0" or "1" otherwise */
    size_t feature_count;
    const char *const *features;
    const bool *feature_is_category;
    size_t segment_count;
    const char *const *segments; /* column names or predicates */
    size_t guardrail_count;
    const struct tend__guardrail *guardrails;
    int64_t window_us;     /* 0: a day */
    size_t season_windows; /* 0: 7 */
    int64_t maturity_us;   /* age at which a row is judged */
    size_t train_windows;  /* 0: 28 */
    size_t accept_windows; /* 0: 28 */
    double retrain_cost;   /* money */
    double false_alarms;   /* a year; 0: 1 */
    double floor;          /* money a row; NAN: none */
    double tolerance;      /* money a row; NAN: a tenth of what the model adds to the best constant
                              action */
    size_t refit_windows;  /* 0: 3; the fresh model is at most this old */
    size_t train_row_max;  /* 0: 50,000; more rows are sampled by hash */
    uint32_t rounds;       /* 0: 30 trees */
    uint32_t depth;        /* 0: 4 */
    double eta;            /* 0: .2 */
    uint64_t seed;
    size_t policy_count; /* at least 1; the owner's first */
    struct tend__policy policies[TEND_POLICY_MAX];
};

enum tend__happening {
    TEND_HAPPENED_ACCEPTED, /* first champion accepted */
    TEND_HAPPENED_WINDOW,   /* a live window closed */
    TEND_HAPPENED_BREAK_OPENED,
    TEND_HAPPENED_BREAK_COSTED, /* undo-and-replay on outcomes */
    TEND_HAPPENED_BREAK_CLOSED,
    TEND_HAPPENED_ALARM,     /* harm or floor */
    TEND_HAPPENED_GUARDRAIL, /* an aggregate crossed its bound */
    TEND_HAPPENED_RETRAINED,
    TEND_HAPPENED_PROMOTED,
    TEND_HAPPENED_ASKED, /* promotion waits for a person */
    TEND_HAPPENED_FELL_BACK,
    TEND_HAPPENED_PROVEN, /* the weekly certificate crossed 1/alpha */
    TEND_HAPPENED_TRIAL_CLOSED,
    TEND_HAPPENED_DEMOTED,      /* the value estimate contradicted by outcomes, or restored */
    TEND_HAPPENED_TRAIN_FAILED, /* the champion stays */
    TEND_HAPPENED_QUARANTINED   /* rows whose time cannot be */
};

/* One thing that happened. `text` is a sentence for a person; `evidence` is a JSON object; both
 * live until the callback returns. */
struct tend__engine_event {
    enum tend__happening kind;
    int64_t time_us;
    size_t window_idx;
    const char *version;
    double value; /* money; NAN where none belongs to it */
    double cost;
    const char *text;
    const char *evidence;
};
typedef enum tend_code tend__event_fn(void *ctx, const struct tend__engine_event *event,
                                      struct tend_error *err);

struct tend__engine_ports {
    const struct tend__trainer *trainer;
    tend__event_fn *on_event; /* may be NULL; an error ends the run */
    void *event_ctx;
};

struct tend__engine;

const char *tend__happening_text(enum tend__happening kind);

/* Checks the configuration against the columns. TEND_EINVAL, TEND_ENOTFOUND, TEND_ETYPE or
 * TEND_ESYNTAX with the key's name in the text. `fields` is borrowed for the engine's life. */
enum tend_code tend__engine_new(const struct tend__engine_config *config,
                                const struct tend__engine_ports *ports,
                                const struct tend__field *fields, size_t field_count,
                                struct tend__engine **out, struct tend_error *err) TEND_NODISCARD;
void tend__engine_free(struct tend__engine *engine);

/* Rows in order of time; the batch is copied. Times that go back by any amount are TEND_EINVAL:
 * sort first. */
enum tend_code tend__engine_add(struct tend__engine *engine, const struct tend__batch *batch,
                                struct tend_error *err) TEND_NODISCARD;

/* Closes the last window, lets every outstanding outcome mature, and settles the books. TEND_EINVAL
 * where the history is too short to train and accept a model. */
enum tend_code tend__engine_finish(struct tend__engine *engine,
                                   struct tend_error *err) TEND_NODISCARD;

/* The members of "tend.backtest/1" into an open JSON object. */
enum tend_code tend__engine_report(const struct tend__engine *engine, struct tend__json_writer *w,
                                   struct tend_error *err) TEND_NODISCARD;

/* ---- what the report holds, for those who draw it -------------------------------------------- */

struct tend__window_report {
    int64_t start_us;
    uint64_t row_count;
    uint64_t matured_count;
    double realised; /* money a row; NAN until matured */
    double realised_low;
    double realised_high;
    double estimated;
    double estimated_low;
    double estimated_high;
    int estimate_state; /* enum tend__value_state */
    bool sign_unknown;
    double fresh_gain; /* what the fresh model would have earned more, a row */
    double gain_sum;   /* the shadow gain G after the window, money */
    double evidence;   /* of the harm watch */
    uint32_t version;  /* index into the versions */
    bool broken;
    uint64_t drifted; /* columns */
};

struct tend__version_report {
    char name[24];
    char hash[65];
    char parent[24];
    int64_t trained_us;
    size_t train_windows;
    int64_t from_us, to_us; /* of its training rows */
    uint64_t row_count;
    int64_t promoted_us; /* INT64_MIN: never */
    int64_t retired_us;
    char verdict[32];
    double evidence; /* certificate */
    double earned;   /* paired with its predecessor, money */
    double earned_low;
};

struct tend__incident_report {
    char id[16];
    char kind[12]; /* break, harm, floor */
    char cause[32];
    char columns[128];
    char segment[96];
    char detail[192];
    char action[96];
    int64_t opened_us, closed_us; /* INT64_MIN: open */
    double evidence, threshold;
    double cost;         /* money lost so far */
    double replay_share; /* of the loss that disappears when the break is undone; NAN */
    double lost;         /* against what such windows used to be worth */
    uint64_t window_count;
    size_t last_window_idx;
};

struct tend__policy_report {
    const char *name;
    double value, cost, net;
    uint64_t retrain_count, promotion_count, fall_back_count, row_count;
};

/* What the paired comparisons after all promotions of policy 0 support together. */
struct tend__books_report {
    size_t season_count; /* whole seasons of open trials */
    double earned;       /* money; NAN without one */
    double earned_low;   /* lower bound, 95 %, by Student's t on the seasons; NAN below two */
    double cost;
};

struct tend__books_report tend__engine_books(const struct tend__engine *e);

/* Where the rows went: received = used + duplicates + rejected (no time) + quarantined (their time
 * is far off); without_outcome and value_failed are parts of used. */
struct tend__row_report {
    uint64_t received, used, without_outcome, duplicates, rejected, quarantined, value_failed;
    uint64_t without_id; /* used, but a second copy of one would not be seen */
};

struct tend__row_report tend__engine_rows(const struct tend__engine *e);
size_t tend__engine_windows(const struct tend__engine *e, const struct tend__window_report **out);
size_t tend__engine_versions(const struct tend__engine *e, const struct tend__version_report **out);
size_t tend__engine_incidents(const struct tend__engine *e,
                              const struct tend__incident_report **out);
/* The configuration's policies in their order; after them, for a yes/no decision, the constant
 * action that was best in the accept phase. */
size_t tend__engine_policies(const struct tend__engine *e, const struct tend__policy_report **out);

/* One incident as a JSON object. */
void tend__incident_json(const struct tend__incident_report *r, struct tend__json_writer *w);

/* Artefact bytes of a version whose model is still held: the champion and its predecessor; NULL
 * otherwise. */
const void *tend__engine_artefact(const struct tend__engine *e, size_t version_idx, size_t *len);

#endif
