/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_replay.c: what the breaks that tend check found did to a model: the sampled rows through it
 * as they came and as they would have come, undone, and the decisions that differ.
 *
 * The model is an XGBoost file whose inputs are tend.yaml's data.features, in that order. A
 * category is coded by its place among the reference's most frequent values in byte order, as tend
 * codes what it trains; a model that was coded otherwise has to be replayed by whoever coded it.
 */
#include "cli/check_job.h"

#include "base/buf.h"
#include "base/mem.h"
#include "model/forest.h"
#include "profile/encode.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define MODEL_BYTES_MAX ((size_t)1 << 30)

/* The rows both ways, and what the model says of them. */
struct replay {
    struct tend__check_job *job;
    struct tend__forest *forest;
    struct tend__encoding *encoding;
    struct tend__batch rows;
    struct tend__batch undone;
    struct tend__column *columns;
    struct tend__break_undo *undos; /* one a column */
    struct tend__break *same;       /* those of one column; undone texts point into it */
    float *x;
    double *scores[2];
    uint8_t *decisions[2];
    size_t undone_count; /* columns */
};

static enum tend_code read_model(struct replay *replay, const char *path, struct tend_error *err)
{
    struct tend__buf bytes;
    tend__buf_init(&bytes, MODEL_BYTES_MAX);
    enum tend_code code = tend__app_read_file(path, &bytes, err);
    if (code == TEND_OK) {
        code = tend__forest_load(tend__buf_str(&bytes), bytes.len, &replay->forest, err);
        if (code != TEND_OK) {
            tend__error_prefix(err, "%s", path);
        }
    }
    tend__buf_deinit(&bytes);
    return code;
}

static enum tend_code make_encoding(struct replay *replay, struct tend_error *err)
{
    const struct tend__config *config = replay->job->config;
    const struct tend__plan *plan = tend__profile_plan(replay->job->check.ref);
    TEND_TRY(tend__encoding_empty(&replay->encoding, err));
    for (size_t i = 0; i < config->feature_count; i++) {
        const struct tend__config_feature *feature = &config->features[i];
        const size_t idx = tend__plan_find(plan, feature->name);
        if (idx == SIZE_MAX) {
            return TEND_FAIL(err, ENOTFOUND, "data.features: no column '%s' in %s", feature->name,
                             replay->job->check.ref_name);
        }
        const struct tend__plan_column *column = tend__plan_column(plan, idx);
        TEND_TRY(tend__encoding_append(replay->encoding, feature->name, feature->is_category,
                                       column->categories, column->category_count, err));
    }
    const size_t expected = tend__forest_feature_count(replay->forest);
    if (expected != config->feature_count) {
        return TEND_FAIL(err, EINVAL, "the model reads %zu features, and data.features names %zu",
                         expected, config->feature_count);
    }
    return TEND_OK;
}

/* Each column without its breaks, where they can be undone. */
static enum tend_code undo_columns(struct replay *replay, struct tend_error *err)
{
    const struct tend__check *check = &replay->job->check;
    const size_t count = replay->rows.column_count;
    struct tend__break *same = NULL;
    size_t taken = 0;
    TEND_TRY(tend__mem_new(check->break_count, sizeof(*same), &replay->same, err));
    same = replay->same;
    TEND_TRY(tend__mem_new(count, sizeof(*replay->columns), &replay->columns, err));
    TEND_TRY(tend__mem_new(count, sizeof(*replay->undos), &replay->undos, err));
    for (size_t i = 0; i < count; i++) {
        size_t found = 0;
        same = replay->same + taken;
        const size_t idx =
            tend__plan_find(tend__profile_plan(check->ref), replay->rows.fields[i].name);
        replay->columns[i] = replay->rows.columns[i];
        for (size_t k = 0; k < check->break_count && idx != SIZE_MAX; k++) {
            if (check->breaks[k].column_idx == idx && tend__break_is_undoable(&check->breaks[k])) {
                same[found++] = check->breaks[k];
            }
        }
        if (found > 0) {
            TEND_TRY(tend__break_undo(same, found, &replay->rows.columns[i], replay->rows.row_count,
                                      &replay->undos[i], err));
            replay->columns[i] = replay->undos[i].column;
            replay->undone_count++;
            taken += found;
        }
    }
    replay->undone = replay->rows;
    replay->undone.columns = replay->columns;
    return TEND_OK;
}

static bool is_name(const char *text)
{
    size_t i = 0;
    while (isalnum((unsigned char)text[i]) != 0 || text[i] == '_') {
        i++;
    }
    return i > 0 && text[i] == '\0' && isdigit((unsigned char)text[0]) == 0;
}

/* Scores and decisions of the rows one way. */
static enum tend_code score(struct replay *replay, const struct tend__batch *rows, size_t way,
                            struct tend_error *err)
{
    const struct tend__config *config = replay->job->config;
    struct tend__value_rule *rule = NULL;
    TEND_TRY(tend__encode(replay->encoding, rows, replay->x, err));
    TEND_TRY(tend__forest_predict(replay->forest, replay->x, rows->row_count, config->feature_count,
                                  replay->scores[way], err));
    if (config->decision.text == NULL) {
        return TEND_OK;
    }
    const struct tend__value_rule_options options = {
        .fields = rows->fields,
        .field_count = rows->column_count,
        .value = "0",
        .decision = config->decision.text,
        .score_name = config->score.text != NULL && is_name(config->score.text) ? config->score.text
                                                                                : "score",
        .label_name = config->label.column,
    };
    const struct tend__value_binding binding = {.score = replay->scores[way]};
    const struct tend__value_out out = {.decision = replay->decisions[way]};
    TEND_TRY(tend__value_rule_new(&options, &rule, err));
    const enum tend_code code = tend__value_rule_eval(rule, rows, &binding, &out, NULL, err);
    tend__value_rule_free(rule);
    return code;
}

static void compare(const struct replay *replay, struct tend__check_replay *out)
{
    const size_t n = replay->rows.row_count;
    double moved = 0;
    double changed = 0;
    for (size_t i = 0; i < n; i++) {
        moved += fabs(replay->scores[0][i] - replay->scores[1][i]);
        changed += replay->decisions[0][i] != replay->decisions[1][i] ? 1 : 0;
    }
    *out = (struct tend__check_replay){
        .row_count = n,
        .undone_count = replay->undone_count,
        .score_change = n > 0 ? moved / (double)n : 0,
        .decisions_changed =
            replay->job->config->decision.text != NULL && n > 0 ? changed / (double)n : (double)NAN,
    };
}

static enum tend_code run_replay(struct replay *replay, const char *path, struct tend_error *err)
{
    const size_t n = replay->rows.row_count;
    TEND_TRY(read_model(replay, path, err));
    TEND_TRY(make_encoding(replay, err));
    TEND_TRY(undo_columns(replay, err));
    TEND_TRY(
        tend__mem_new(n * replay->job->config->feature_count, sizeof(*replay->x), &replay->x, err));
    for (size_t way = 0; way < 2; way++) {
        TEND_TRY(tend__mem_new(n, sizeof(double), &replay->scores[way], err));
        TEND_TRY(tend__mem_new(n, 1, &replay->decisions[way], err));
        TEND_TRY(score(replay, way == 0 ? &replay->rows : &replay->undone, way, err));
    }
    compare(replay, &replay->job->check.replay);
    return TEND_OK;
}

enum tend_code tend__check_job_replay(struct tend__check_job *job, struct tend_error *err)
{
    const char *path = tend__args_text(job->app->args, TEND_OPTION_REPLAY, NULL);
    struct replay replay = {.job = job, .rows = job->check.cur_found.sample};
    if (path == NULL) {
        return TEND_OK;
    }
    if (job->config == NULL || job->config->feature_count == 0) {
        return TEND_FAIL(err, EINVAL,
                         "--replay needs a tend.yaml that names the model's inputs: data.features");
    }
    if (replay.rows.row_count == 0) {
        return TEND_FAIL(err, EINVAL, "--replay needs rows, and %s is a profile",
                         job->check.cur_name);
    }
    const enum tend_code code = run_replay(&replay, path, err);
    for (size_t i = 0; replay.undos != NULL && i < replay.rows.column_count; i++) {
        tend__break_undo_deinit(&replay.undos[i]);
    }
    tend__mem_free(replay.undos);
    tend__mem_free(replay.same);
    tend__mem_free(replay.columns);
    tend__mem_free(replay.x);
    for (size_t way = 0; way < 2; way++) {
        tend__mem_free(replay.scores[way]);
        tend__mem_free(replay.decisions[way]);
    }
    tend__encoding_free(replay.encoding);
    tend__forest_free(replay.forest);
    return code;
}
