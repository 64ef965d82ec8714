/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_break.c: breaks on the inputs: found at a window's close, undone and replayed, and costed
 * when outcomes come.
 *
 * A break needs no outcome to be seen. What it costs is measured: the champion is run again on the
 * rows as they would have been, and both runs are valued on the outcomes. Rows of a broken window
 * are never trained on, and nothing is retrained while a break is open.
 */
#include "engine/engine_state.h"

#include "base/mem.h"
#include "judge/novelty.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define INCIDENT_COLUMN_TEXT_SIZE 128

static const char *column_name(const struct tend__engine *e, size_t column_idx)
{
    return column_idx == TEND_BREAK_NO_COLUMN ? "" : e->profile_fields[column_idx].name;
}

/* One line for a person: what changed, by how much, in how many rows. */
static void describe(const struct tend__engine *e, const struct tend__break *b, char *text,
                     size_t size)
{
    const char *name = column_name(e, b->column_idx);
    switch (b->kind) {
    case TEND_BREAK_UNIT_CHANGE:
        if (fabs(b->offset) > 0) {
            (void)snprintf(text, size,
                           "%s is now %.4g times what it was %+.4g, in %.0f %% of the rows", name,
                           b->factor, b->offset, 100 * b->share);
        } else {
            (void)snprintf(text, size, "%s is now %.4g times what it was, in %.0f %% of the rows",
                           name, b->factor, 100 * b->share);
        }
        return;
    case TEND_BREAK_HOUR_SHIFT:
        (void)snprintf(text, size, "%s is shifted by %+d hours, in %.0f %% of the rows", name,
                       b->shift_hours, 100 * b->share);
        return;
    case TEND_BREAK_CATEGORY_RENAME:
        (void)snprintf(text, size, "%s: '%s' is now '%s'", name, b->from, b->to);
        return;
    case TEND_BREAK_DEFAULT_FILL:
        (void)snprintf(text, size, "%s is %s in %.0f %% of the rows that had values before", name,
                       b->to, 100 * b->share);
        return;
    case TEND_BREAK_NULL_SPIKE:
        (void)snprintf(text, size, "%s is missing in %.0f %% of the rows more than before", name,
                       100 * b->share);
        return;
    case TEND_BREAK_MISSING_ROWS:
        if (b->from[0] != '\0') {
            (void)snprintf(text, size, "%.1f %% of the rows are missing: those where %s is '%s'",
                           100 * b->share, name, b->from);
        } else {
            (void)snprintf(text, size, "%.1f %% of the rows are missing", 100 * b->share);
        }
        return;
    case TEND_BREAK_JOIN_FAILURE:
        (void)snprintf(text, size, "%s and %zu more are missing together, in %.0f %% of the rows",
                       name, b->column_count - 1, 100 * b->share);
        return;
    case TEND_BREAK_DUPLICATE_ROWS:
        (void)snprintf(text, size, "%.1f %% of the rows came before", 100 * b->share);
        return;
    case TEND_BREAK_ROUNDING:
        (void)snprintf(text, size, "%s is rounded to multiples of %s, in %.0f %% of the rows", name,
                       b->to, 100 * b->share);
        return;
    case TEND_BREAK_LABEL_BREAK:
        (void)snprintf(text, size, "outcomes are broken: %s, in %.0f %% of the rows", b->to,
                       100 * b->share);
        return;
    case TEND_BREAK_SIGN_FLIP:
    case TEND_BREAK_CATEGORY_CASE:
    case TEND_BREAK_CATEGORY_MERGE:
    case TEND_BREAK_STUCK:
    case TEND_BREAK_CLIPPING:
    case TEND_BREAK_COLUMN_SWAP:
    case TEND_BREAK_NEW_COLUMN:
    case TEND_BREAK_MISSING_COLUMN:
    case TEND_BREAK_TYPE_CHANGE:
    case TEND_BREAK_KIND_COUNT:
        break;
    }
    (void)snprintf(text, size, "%s: %s", name, tend__break_kind_text(b->kind));
}

/* ---- incidents ------------------------------------------------------------------------------- */

static struct tend__incident_report *find_open(struct tend__engine *e, const struct tend__break *b)
{
    for (size_t i = 0; i < e->incident_count; i++) {
        struct tend__incident_report *incident = &e->incidents[i];
        if (incident->closed_us == ENGINE_NO_TIME && strcmp(incident->kind, "break") == 0 &&
            strcmp(incident->cause, tend__break_kind_text(b->kind)) == 0 &&
            strcmp(incident->columns, column_name(e, b->column_idx)) == 0) {
            return incident;
        }
    }
    return NULL;
}

static enum tend_code open_incident(struct tend__engine *e, struct engine_window *w,
                                    const struct tend__break *b, double changed_share,
                                    int64_t now_us, struct tend_error *err)
{
    struct tend__incident_report *incident = NULL;
    TEND_TRY(engine__incident_add(e, &incident, err));
    incident->opened_us = now_us;
    incident->closed_us = ENGINE_NO_TIME;
    incident->evidence = b->evidence;
    incident->threshold = 1.0;
    incident->replay_share = (double)NAN;
    incident->window_count = 1;
    (void)snprintf(incident->kind, sizeof(incident->kind), "break");
    (void)snprintf(incident->cause, sizeof(incident->cause), "%s", tend__break_kind_text(b->kind));
    (void)snprintf(incident->columns, sizeof(incident->columns), "%s",
                   column_name(e, b->column_idx));
    describe(e, b, incident->detail, sizeof(incident->detail));
    (void)snprintf(incident->action, sizeof(incident->action),
                   "page the upstream's owner; rows kept out of training; no retraining meanwhile");
    e->alarms_break++;
    e->open_break_count++;
    char text[400];
    if (isfinite(changed_share)) {
        (void)snprintf(text, sizeof(text), "%s: %s; undoing it changes %.1f %% of the decisions",
                       incident->cause, incident->detail, 100 * changed_share);
    } else {
        (void)snprintf(text, sizeof(text), "%s: %s", incident->cause, incident->detail);
    }
    char changed[32];
    char evidence[400];
    tend__number_text(changed_share, changed);
    (void)snprintf(
        evidence, sizeof(evidence),
        "{\"incident\":\"%s\",\"kind\":\"%s\",\"column\":\"%s\",\"factor\":%.9g,\"offset\":%.9g,"
        "\"share\":%.9g,\"evidence\":%.9g,\"decisions_changed\":%s}",
        incident->id, incident->cause, incident->columns, b->factor, b->offset, b->share,
        b->evidence, changed);
    const struct tend__engine_event event = {
        .kind = TEND_HAPPENED_BREAK_OPENED,
        .time_us = now_us,
        .window_idx = w->idx,
        .version = "",
        .value = (double)NAN,
        .text = text,
        .evidence = evidence,
    };
    return engine__emit(e, &event, err);
}

static enum tend_code close_incident(struct tend__engine *e, struct tend__incident_report *incident,
                                     const struct engine_window *w, int64_t now_us,
                                     struct tend_error *err)
{
    char text[256];
    char evidence[64];
    incident->closed_us = now_us;
    TEND_ASSERT(e->open_break_count > 0);
    e->open_break_count--;
    (void)snprintf(text, sizeof(text), "%s of %s is over after %llu windows", incident->cause,
                   incident->columns[0] != '\0' ? incident->columns : "the data",
                   (unsigned long long)incident->window_count);
    (void)snprintf(evidence, sizeof(evidence), "{\"incident\":\"%s\"}", incident->id);
    const struct tend__engine_event event = {
        .kind = TEND_HAPPENED_BREAK_CLOSED,
        .time_us = now_us,
        .window_idx = w->idx,
        .version = "",
        .value = (double)NAN,
        .text = text,
        .evidence = evidence,
    };
    return engine__emit(e, &event, err);
}

static bool is_open_break(const struct tend__incident_report *incident)
{
    return incident->closed_us == ENGINE_NO_TIME && strcmp(incident->kind, "break") == 0;
}

/* Of outcomes, which are looked at when they come and not when a window closes. */
static bool is_of_labels(const struct tend__incident_report *incident)
{
    return strcmp(incident->cause, tend__break_kind_text(TEND_BREAK_LABEL_BREAK)) == 0;
}

/* Those that the window does not show any more. */
static enum tend_code close_incidents(struct tend__engine *e, const struct engine_window *w,
                                      int64_t now_us, struct tend_error *err)
{
    for (size_t i = 0; i < e->incident_count; i++) {
        struct tend__incident_report *incident = &e->incidents[i];
        bool still = !is_open_break(incident) || is_of_labels(incident);
        for (size_t k = 0; k < w->break_count; k++) {
            still = still || find_open(e, &w->breaks[k]) == incident;
        }
        if (!still) {
            TEND_TRY(close_incident(e, incident, w, now_us, err));
        }
    }
    return TEND_OK;
}

/* ---- undo and replay ------------------------------------------------------------------------- */

/* All undoable breaks of the column of break `first`, where it is the first of them; else none. */
static size_t breaks_of(const struct engine_window *w, size_t first,
                        struct tend__break same[ENGINE_BREAK_MAX])
{
    const size_t column_idx = w->breaks[first].column_idx;
    size_t count = 0;
    if (column_idx == TEND_BREAK_NO_COLUMN) {
        return 0;
    }
    for (size_t i = 0; i < w->break_count; i++) {
        if (w->breaks[i].column_idx != column_idx || !tend__break_is_undoable(&w->breaks[i])) {
            continue;
        }
        if (i < first) {
            return 0;
        }
        same[count] = w->breaks[i];
        count++;
    }
    return count;
}

/* The window's matrix as it would be without its breaks. *undone is false where no break can be
 * undone. */
static enum tend_code undo_matrix(struct tend__engine *e, const struct engine_window *w, float *x,
                                  bool *undone, struct tend_error *err)
{
    struct tend__column *columns = NULL;
    struct tend__break_undo *undos = NULL;
    enum tend_code code = tend__mem_new(e->field_count, sizeof(*columns), &columns, err);
    if (code == TEND_OK) {
        code = tend__mem_new(e->field_count, sizeof(*undos), &undos, err);
    }
    *undone = false;
    if (code == TEND_OK) {
        memcpy(columns, w->rows->columns, e->field_count * sizeof(*columns));
        for (size_t i = 0; i < e->field_count; i++) {
            tend__break_undo_init(&undos[i]);
        }
    }
    for (size_t i = 0; i < w->break_count && code == TEND_OK; i++) {
        struct tend__break same[ENGINE_BREAK_MAX];
        const size_t same_count = breaks_of(w, i, same);
        if (same_count > 0) {
            const size_t at = e->profile_from[same[0].column_idx];
            code = tend__break_undo(same, same_count, &w->rows->columns[at], w->rows->row_count,
                                    &undos[at], err);
            columns[at] = undos[at].column;
            *undone = true;
        }
    }
    if (code == TEND_OK && *undone) {
        const struct tend__features features = {e->features, e->config.feature_count, false};
        code = tend__rows_matrix(&features, columns, w->rows->row_count, x, err);
    }
    for (size_t i = 0; undos != NULL && i < e->field_count; i++) {
        tend__break_undo_deinit(&undos[i]);
    }
    tend__mem_free(undos);
    tend__mem_free(columns);
    return code;
}

/* Decisions of the champion on a matrix of the window's rows. */
static enum tend_code decide(struct tend__engine *e, const struct engine_window *w, const float *x,
                             uint8_t *decision, struct tend__value_sums *sums,
                             struct tend_error *err)
{
    const struct tend__batch batch = tend__rows_batch(w->rows);
    TEND_TRY(engine__window_score(e, w, w->roles.champion[0], x, err));
    const struct tend__value_binding binding = {
        .score = e->score,
        .label = sums == NULL ? NULL : e->label_number,
    };
    const struct tend__value_out out = {.decision = decision};
    return tend__value_rule_eval(e->rule, &batch, &binding, &out, sums, err);
}

/* The share of the champion's decisions that undoing the window's breaks changes; NAN where nothing
 * can be undone. */
static enum tend_code replay_decisions(struct tend__engine *e, const struct engine_window *w,
                                       double *share, struct tend_error *err)
{
    const size_t rows = w->rows->row_count;
    float *x = NULL;
    uint8_t *served = NULL;
    uint8_t *replayed = NULL;
    bool undone = false;
    enum tend_code code = tend__mem_new(rows * e->config.feature_count, sizeof(float), &x, err);
    if (code == TEND_OK) {
        code = tend__mem_new(rows, 1, &served, err);
    }
    if (code == TEND_OK) {
        code = tend__mem_new(rows, 1, &replayed, err);
    }
    if (code == TEND_OK) {
        code = undo_matrix(e, w, x, &undone, err);
    }
    *share = (double)NAN;
    if (code == TEND_OK && undone) {
        code = decide(e, w, w->x, served, NULL, err);
    }
    if (code == TEND_OK && undone) {
        code = decide(e, w, x, replayed, NULL, err);
    }
    if (code == TEND_OK && undone) {
        size_t changed = 0;
        for (size_t i = 0; i < rows; i++) {
            changed += served[i] != replayed[i];
        }
        *share = rows == 0 ? 0 : (double)changed / (double)rows;
    }
    tend__mem_free(x);
    tend__mem_free(served);
    tend__mem_free(replayed);
    return code;
}

/* ---- the two times a break is looked at ------------------------------------------------------ */

static void expect_rows(const struct tend__engine *e, struct tend__break_options *options)
{
    const size_t n = e->history_rows_count;
    if (n < 7) {
        return;
    }
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        sum += e->history_rows[i];
    }
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        squares += (e->history_rows[i] - mean) * (e->history_rows[i] - mean);
    }
    options->expected_rows = mean;
    options->expected_rows_sd = fmax(sqrt(squares / (double)(n - 1)), sqrt(mean));
}

/* What the rows themselves tell, beside the reference's. */
static enum tend_code look_at_rows(struct tend__engine *e, const struct tend__batch *batch,
                                   struct tend__break_options *options, struct tend_error *err)
{
    struct tend__repeats *repeats = NULL;
    if (!e->has_reference_found && e->reference_rows != NULL) {
        TEND_TRY(tend__break_rows_finish(e->reference_rows, &e->reference_found, err));
        e->has_reference_found = true;
    }
    options->ref_rows = e->reference_found.sample;
    options->ref_repeats = e->reference_found.repeats;
    options->cur_rows = *batch;
    TEND_TRY(tend__repeats_new(NULL, &repeats, err));
    const enum tend_code code = tend__repeats_add(repeats, batch, err);
    if (code == TEND_OK) {
        tend__repeats_result(repeats, &options->cur_repeats);
    }
    tend__repeats_free(repeats);
    return code;
}

enum tend_code engine__breaks_look(struct tend__engine *e, struct engine_window *w,
                                   const struct tend__profile *profile, int64_t now_us,
                                   struct tend_error *err)
{
    struct tend__break_options options = {
        .history = (const struct tend__profile *const *)e->history,
        .history_count = e->history_count,
    };
    expect_rows(e, &options);
    struct tend__novelty *novelty = NULL;
    struct tend__break_list found = {.items = w->breaks, .max = ENGINE_BREAK_MAX};
    const struct tend__batch batch = engine__profile_batch(e, w);
    TEND_TRY(tend__novelty_new(e->plan, &novelty, err));
    enum tend_code code = tend__novelty_add(novelty, &batch, err);
    options.novelty = novelty;
    if (code == TEND_OK) {
        code = look_at_rows(e, &batch, &options, err);
    }
    if (code == TEND_OK) {
        code = tend__breaks_find(e->reference, profile, &options, &found, err);
    }
    tend__novelty_free(novelty);
    TEND_TRY(code);
    w->break_count = found.count;
    double share = (double)NAN;
    bool replayed = false;
    for (size_t i = 0; i < w->break_count; i++) {
        struct tend__incident_report *open = find_open(e, &w->breaks[i]);
        if (open != NULL) {
            if (open->last_window_idx != w->idx) {
                open->window_count++;
                open->last_window_idx = w->idx;
            }
            continue;
        }
        if (!replayed) {
            TEND_TRY(replay_decisions(e, w, &share, err));
            replayed = true;
        }
        TEND_TRY(open_incident(e, w, &w->breaks[i], share, now_us, err));
        e->incidents[e->incident_count - 1].last_window_idx = w->idx;
    }
    if (w->break_count == 0) {
        e->history_rows[e->history_rows_next] = (double)w->rows->row_count;
        e->history_rows_next = (e->history_rows_next + 1) % ENGINE_HISTORY_MAX;
        e->history_rows_count += e->history_rows_count < ENGINE_HISTORY_MAX;
    }
    return close_incidents(e, w, now_us, err);
}

enum tend_code engine__labels_look(struct tend__engine *e, struct engine_window *w, int64_t now_us,
                                   struct tend_error *err)
{
    struct tend__label_counts counts = {0};
    for (size_t i = 0; i < w->rows->row_count; i++) {
        const bool is_known = e->label_valid[i] != 0 && e->label[i] <= 1;
        tend__label_counts_add(&counts, is_known ? e->label[i] : (double)NAN, e->score[i]);
    }
    struct tend__label_counts *ref = &e->label_reference;
    if (!w->is_live) {
        ref->rows += counts.rows;
        ref->known += counts.known;
        ref->ones += counts.ones;
        ref->pairs += counts.pairs;
        for (size_t i = 0; i < TEND_ARRAY_LEN(ref->sums); i++) {
            ref->sums[i] += counts.sums[i];
        }
        if (counts.rows > 0) {
            e->label_missing_max = fmax(e->label_missing_max, 1 - counts.known / counts.rows);
        }
        return TEND_OK;
    }
    struct tend__break found;
    w->has_label_break = tend__break_of_labels(ref, e->label_missing_max, &counts, &found);
    for (size_t i = 0; i < e->incident_count && !w->has_label_break; i++) {
        if (is_open_break(&e->incidents[i]) && is_of_labels(&e->incidents[i])) {
            TEND_TRY(close_incident(e, &e->incidents[i], w, now_us, err));
        }
    }
    if (!w->has_label_break) {
        return TEND_OK;
    }
    engine__train_rows_spoil(e);
    if (w->break_count < ENGINE_BREAK_MAX) {
        w->breaks[w->break_count++] = found;
    }
    struct tend__incident_report *open = find_open(e, &found);
    if (open != NULL) {
        open->window_count++;
        return TEND_OK;
    }
    return open_incident(e, w, &found, (double)NAN, now_us, err);
}

/* What the breaks of a judged window cost: the champion on the rows as they would have been, less
 * as they were. */
enum tend_code engine__breaks_cost(struct tend__engine *e, struct engine_window *w,
                                   double champion_sum, uint64_t rows, int64_t now_us,
                                   struct tend_error *err)
{
    float *x = NULL;
    bool undone = false;
    struct tend__value_sums sums = {0};
    TEND_TRY(tend__mem_new(w->rows->row_count * e->config.feature_count, sizeof(float), &x, err));
    enum tend_code code =
        tend__value_sums_init(&sums, tend__value_rule_segment_count(e->rule), err);
    if (code == TEND_OK) {
        code = undo_matrix(e, w, x, &undone, err);
    }
    if (code == TEND_OK && undone) {
        code = decide(e, w, x, NULL, &sums, err);
    }
    const double cost = code == TEND_OK && undone
                            ? tend__exact_sum_value(&sums.total.sum) - champion_sum
                            : (double)NAN;
    tend__value_sums_deinit(&sums);
    tend__mem_free(x);
    if (code != TEND_OK || isnan(cost)) {
        return code;
    }
    for (size_t i = 0; i < e->incident_count; i++) {
        struct tend__incident_report *incident = &e->incidents[i];
        if (strcmp(incident->kind, "break") != 0 ||
            incident->opened_us > w->rows->start_us + e->config.window_us ||
            (incident->closed_us != ENGINE_NO_TIME &&
             incident->closed_us <= w->rows->start_us + e->config.window_us)) {
            continue;
        }
        incident->cost += cost;
        const double expected = e->normal_rows == 0
                                    ? (double)NAN
                                    : e->normal_value_sum / (double)e->normal_rows * (double)rows;
        incident->lost += expected - champion_sum;
        incident->replay_share = incident->lost > 0 && incident->cost > 0
                                     ? fmin(1.0, incident->cost / incident->lost)
                                     : (double)NAN;
        char text[256];
        char evidence[128];
        (void)snprintf(text, sizeof(text),
                       "%s of %s has cost %.0f %s in %llu windows so far, by undo and replay",
                       incident->cause, incident->columns, incident->cost, e->config.unit,
                       (unsigned long long)incident->window_count);
        (void)snprintf(evidence, sizeof(evidence),
                       "{\"incident\":\"%s\",\"window\":%.9g,\"total\":%.9g}", incident->id, cost,
                       incident->cost);
        const struct tend__engine_event event = {
            .kind = TEND_HAPPENED_BREAK_COSTED,
            .time_us = now_us,
            .window_idx = w->idx,
            .version = "",
            .value = -cost,
            .text = text,
            .evidence = evidence,
        };
        return engine__emit(e, &event, err);
    }
    return TEND_OK;
}
