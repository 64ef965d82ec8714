/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_models.c: the pool of trained models, the rows they are trained on, and the versions that
 * came of them.
 *
 * A model is trained at the close of a window on the matured rows of the `length` windows before
 * it. All models that a close wants are trained in one call of the trainer's port, so that it can
 * run them side by side.
 */
#include "engine/engine_state.h"

#include "base/hash.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define VERSION_MAX 100000
#define LEAF_WEIGHT_MIN                                                                            \
    20.0 /* of hessians: about a hundred rows; smaller leaves only add spread                      \
          */
#define HASH_SEED_SAMPLE UINT64_C(0x73616d706c65)

/* ---- rows to train on ------------------------------------------------------------------------ */

/* Copies the judged rows of a window that have a label into the ring; the oldest window makes room.
 */
enum tend_code engine__train_rows_keep(struct tend__engine *e, const struct engine_window *w,
                                       struct tend_error *err)
{
    struct engine_train_rows *slot = &e->train[e->train_next];
    const size_t features = e->config.feature_count;
    const size_t rows = w->rows->row_count;
    TEND_TRY(tend__mem_resize(&slot->x, rows * features, sizeof(float), err));
    TEND_TRY(tend__mem_resize(&slot->label, rows, 1, err));
    size_t kept = 0;
    for (size_t i = 0; i < rows; i++) {
        if (e->label_valid[i] == 0) {
            continue;
        }
        memcpy(slot->x + kept * features, w->x + i * features, features * sizeof(float));
        slot->label[kept] = e->label[i];
        kept++;
    }
    slot->window_idx = w->idx;
    slot->start_us = w->rows->start_us;
    slot->row_count = kept;
    slot->is_broken = w->break_count > 0;
    e->train_next = (e->train_next + 1) % e->lengths[0];
    if (e->train_count < e->lengths[0]) {
        e->train_count++;
    }
    return TEND_OK;
}

void engine__train_rows_spoil(struct tend__engine *e)
{
    if (e->train_count > 0) {
        e->train[(e->train_next + e->lengths[0] - 1) % e->lengths[0]].is_broken = true;
    }
}

/* The i-th newest kept window, 0 the newest. */
static const struct engine_train_rows *train_window(const struct tend__engine *e, size_t age)
{
    const size_t cap = e->lengths[0];
    return &e->train[(e->train_next + cap - 1 - age) % cap];
}

struct train_range {
    uint64_t row_count;
    size_t window_count;
    int64_t from_us, to_us;
};

/* The newest `length` kept windows that are not broken. */
static struct train_range measure_range(const struct tend__engine *e, size_t length)
{
    struct train_range range = {.from_us = INT64_MAX, .to_us = INT64_MIN};
    for (size_t age = 0; age < e->train_count && age < length; age++) {
        const struct engine_train_rows *w = train_window(e, age);
        if (w->is_broken || w->row_count == 0) {
            continue;
        }
        range.row_count += w->row_count;
        range.window_count++;
        range.from_us = w->start_us < range.from_us ? w->start_us : range.from_us;
        range.to_us = w->start_us + e->config.window_us > range.to_us
                          ? w->start_us + e->config.window_us
                          : range.to_us;
    }
    return range;
}

/* Fills x and y with a sample of the range, oldest window first; returns its size. A row is taken
 * by the hash of its place, so that a larger limit takes all that a smaller one takes. */
static size_t sample_rows(const struct tend__engine *e, size_t length, uint64_t total, float *x,
                          float *y)
{
    const size_t features = e->config.feature_count;
    const double share = (double)e->config.train_row_max / (double)total;
    const uint64_t limit = share >= 1.0 ? UINT64_MAX : (uint64_t)(share * 0x1.0p64);
    size_t count = 0;
    const size_t oldest = e->train_count < length ? e->train_count : length;
    for (size_t age = oldest; age-- > 0;) {
        const struct engine_train_rows *w = train_window(e, age);
        if (w->is_broken) {
            continue;
        }
        const uint64_t seed = tend__hash64_u64(w->window_idx, e->config.seed ^ HASH_SEED_SAMPLE);
        for (size_t i = 0; i < w->row_count; i++) {
            if (limit != UINT64_MAX && tend__hash64_u64(i, seed) > limit) {
                continue;
            }
            memcpy(x + count * features, w->x + i * features, features * sizeof(float));
            y[count] = (float)w->label[i];
            count++;
        }
    }
    return count;
}

/* ---- the pool -------------------------------------------------------------------------------- */

struct engine_model *engine__model_find(struct tend__engine *e, size_t length, size_t cut_idx)
{
    for (size_t i = 0; i < e->model_count; i++) {
        if (e->models[i]->length == length && e->models[i]->cut_idx == cut_idx) {
            return e->models[i];
        }
    }
    return NULL;
}

void engine__model_unref(struct tend__engine *e, struct engine_model *model)
{
    if (model == NULL) {
        return;
    }
    TEND_ASSERT(model->ref_count > 0);
    model->ref_count--;
    if (model->ref_count > 0) {
        return;
    }
    for (size_t i = 0; i < e->model_count; i++) {
        if (e->models[i] == model) {
            e->model_count--;
            e->models[i] = e->models[e->model_count];
            break;
        }
    }
    tend__predictor_deinit(&model->predictor);
    tend__mem_free(model);
}

void engine__role_set(struct tend__engine *e, struct engine_model **role,
                      struct engine_model *model)
{
    if (model != NULL) {
        model->ref_count++;
    }
    engine__model_unref(e, *role);
    *role = model;
}

/* Asks for a model, once; a model that the pool holds already is not trained again. */
enum tend_code engine__model_request(struct tend__engine *e, size_t length, size_t cut_idx,
                                     struct tend_error *err)
{
    for (size_t i = 0; i < e->request_count; i++) {
        if (e->requests[i].length == length && e->requests[i].cut_idx == cut_idx) {
            return TEND_OK;
        }
    }
    if (engine__model_find(e, length, cut_idx) != NULL) {
        return TEND_OK;
    }
    if (e->request_count == ENGINE_REQUEST_MAX ||
        e->model_count + e->request_count >= ENGINE_MODEL_MAX) {
        return TEND_FAIL(err, ELIMIT, "more than %d models at once", ENGINE_MODEL_MAX);
    }
    e->requests[e->request_count] = (struct engine_request){.length = length, .cut_idx = cut_idx};
    e->request_count++;
    return TEND_OK;
}

/* Job and memory of one request; x and y are released by free_jobs. */
static enum tend_code prepare_job(struct tend__engine *e, struct engine_request *request,
                                  struct tend__train_job *job, struct tend_error *err)
{
    const struct train_range range = measure_range(e, request->length);
    if (range.row_count == 0) {
        return TEND_FAIL(err, EINVAL,
                         "no row with an outcome to train on in the %zu windows before the cut",
                         request->length);
    }
    struct engine_model *model = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*model), &model, err));
    request->model = model;
    *model = (struct engine_model){
        .length = request->length,
        .cut_idx = request->cut_idx,
        .row_count = range.row_count,
        .window_count = range.window_count,
        .from_us = range.from_us,
        .to_us = range.to_us,
        .version_idx = SIZE_MAX,
    };
    float *x = NULL;
    float *y = NULL;
    TEND_TRY(
        tend__mem_new((size_t)range.row_count * e->config.feature_count, sizeof(float), &x, err));
    job->x = x;
    TEND_TRY(tend__mem_new((size_t)range.row_count, sizeof(float), &y, err));
    job->y = y;
    job->row_count = sample_rows(e, request->length, range.row_count, x, y);
    job->feature_count = e->config.feature_count;
    job->is_category = e->feature_is_category;
    job->objective = "binary:logistic";
    job->rounds = e->config.rounds;
    job->depth = e->config.depth;
    job->eta = e->config.eta;
    job->seed = e->config.seed;
    job->child_weight_min = LEAF_WEIGHT_MIN;
    return TEND_OK;
}

static void free_job(struct tend__train_job *job)
{
    tend__mem_free((void *)(uintptr_t)job->x);
    tend__mem_free((void *)(uintptr_t)job->y);
    *job = (struct tend__train_job){0};
}

/* Trains all requests; the models join the pool with one reference, which the caller of the close
 * gives back. */
enum tend_code engine__models_train(struct tend__engine *e, int64_t now_us, struct tend_error *err)
{
    (void)now_us;
    struct tend__train_job jobs[ENGINE_REQUEST_MAX] = {0};
    struct tend__predictor made[ENGINE_REQUEST_MAX] = {0};
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < e->request_count && code == TEND_OK; i++) {
        code = prepare_job(e, &e->requests[i], &jobs[i], err);
    }
    if (code == TEND_OK && e->request_count > 0) {
        code = e->ports.trainer->train(e->ports.trainer->ctx, jobs, e->request_count, made, err);
    }
    for (size_t i = 0; i < e->request_count; i++) {
        struct engine_model *model = e->requests[i].model;
        free_job(&jobs[i]);
        if (code != TEND_OK) {
            tend__mem_free(model);
            e->requests[i].model = NULL;
            continue;
        }
        model->predictor = made[i];
        model->ref_count = 1;
        e->models[e->model_count] = model;
        e->model_count++;
    }
    if (code != TEND_OK) {
        e->request_count = 0;
    }
    return code;
}

/* ---- versions -------------------------------------------------------------------------------- */

enum tend_code engine__version_add(struct tend__engine *e, struct engine_model *model,
                                   int64_t now_us, const char *parent, struct tend_error *err)
{
    if (model->version_idx != SIZE_MAX) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_grow(&e->versions, &e->version_cap, e->version_count + 1, VERSION_MAX,
                            sizeof(*e->versions), err));
    struct tend__version_report *v = &e->versions[e->version_count];
    *v = (struct tend__version_report){
        .trained_us = now_us,
        .train_windows = model->window_count,
        .from_us = model->from_us,
        .to_us = model->to_us,
        .row_count = model->row_count,
        .promoted_us = ENGINE_NO_TIME,
        .retired_us = ENGINE_NO_TIME,
        .evidence = (double)NAN,
        .earned = (double)NAN,
        .earned_low = (double)NAN,
    };
    (void)snprintf(v->name, sizeof(v->name), "v%zu", e->version_count + 1);
    (void)snprintf(v->hash, sizeof(v->hash), "%s", model->predictor.hash);
    (void)snprintf(v->parent, sizeof(v->parent), "%s", parent);
    (void)snprintf(v->verdict, sizeof(v->verdict), "challenger");
    model->version_idx = e->version_count;
    e->version_count++;
    return TEND_OK;
}
