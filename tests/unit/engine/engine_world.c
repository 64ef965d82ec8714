/* SPDX-License-Identifier: Apache-2.0 */
/* engine_world.c: rows and trainer of the engine's test world; see engine_world.h. */
#include "engine_world.h"

#include "base/civil.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the trainer: a rate for each shop ------------------------------------------------------- */

struct table {
    double rate[WORLD_SHOPS + 1];
    char bytes[64];
};

static enum tend_code table_predict(void *ctx, const float *x, size_t row_count,
                                    size_t feature_count, double *out, struct tend_error *err)
{
    const struct table *table = ctx;
    (void)err;
    for (size_t i = 0; i < row_count; i++) {
        const float shop = x[i * feature_count];
        out[i] = table->rate[isnan(shop) || shop >= WORLD_SHOPS ? WORLD_SHOPS : (size_t)shop];
    }
    return TEND_OK;
}

static void table_free(void *ctx)
{
    tend__mem_free(ctx);
}

static enum tend_code train_table(const struct world *world, const struct tend__train_job *job,
                                  struct tend__predictor *out, struct tend_error *err)
{
    struct table *table = NULL;
    double hits[WORLD_SHOPS + 1] = {0};
    double rows[WORLD_SHOPS + 1] = {0};
    TEND_TRY(tend__mem_new(1, sizeof(*table), &table, err));
    for (size_t i = 0; i < job->row_count; i++) {
        const float shop = job->x[i * job->feature_count];
        const size_t at = isnan(shop) || shop >= WORLD_SHOPS ? WORLD_SHOPS : (size_t)shop;
        hits[at] += (double)job->y[i];
        rows[at] += 1;
    }
    const bool bad = world->calls >= world->bad_from_call && world->calls < world->bad_to_call;
    for (size_t i = 0; i <= WORLD_SHOPS; i++) {
        const double rate = (hits[i] + 1) / (rows[i] + 2);
        table->rate[i] = bad ? 1 - rate : rate;
    }
    *out = (struct tend__predictor){
        .ctx = table,
        .predict = table_predict,
        .free_fn = table_free,
        .artefact = table->bytes,
        .artefact_len = sizeof(table->bytes),
    };
    (void)snprintf(out->hash, sizeof(out->hash), "%d", world->calls);
    return TEND_OK;
}

static enum tend_code train(void *ctx, const struct tend__train_job *jobs, size_t job_count,
                            struct tend__predictor *out, struct tend_error *err)
{
    struct world *world = ctx;
    struct tend__predictor made[16] = {0};
    world->calls++;
    if (world->calls == world->fail_call) {
        return TEND_FAIL(err, ECHILD, "the trainer was told to fail");
    }
    for (size_t i = 0; i < job_count; i++) {
        TEND_TRY(train_table(world, &jobs[i], &made[i], err));
    }
    memcpy(out, made, job_count * sizeof(made[0]));
    return TEND_OK;
}

/* ---- rows -------------------------------------------------------------------------------------
 */

static const struct tend__field fields[WORLD_FIELDS] = {
    {"id", TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY},
    {"at", TEND_TYPE_TIME, -(double)INFINITY, (double)INFINITY},
    {"shop", TEND_TYPE_TEXT, -(double)INFINITY, (double)INFINITY},
    {"size", TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY},
    {"bought", TEND_TYPE_BOOL, -(double)INFINITY, (double)INFINITY},
};

static const char *const shop_names[WORLD_SHOPS] = {"ash", "birch", "cedar", "elm",
                                                    "fir", "larch", "oak",   "pine"};

struct day {
    double *id;
    int64_t *at;
    struct tend__text *shop;
    double *size;
    uint8_t *bought;
    size_t row_count;
};

static void put_row(struct day *day, const struct day *from, size_t row)
{
    const size_t at = day->row_count;
    day->id[at] = from->id[row];
    day->at[at] = from->at[row];
    day->shop[at] = from->shop[row];
    day->size[at] = from->size[row];
    day->bought[at] = from->bought[row];
    day->row_count++;
}

static void make_day(const struct world *world, int number, struct day *day)
{
    struct tend__rng rng;
    tend__rng_init(&rng, world->seed * 100003 + (uint64_t)number);
    const bool changed = number >= world->change_day;
    const bool broken = number >= world->break_from_day && number < world->break_to_day;
    /* A good or a bad day for all shops: the rows of a day are not independent. */
    const double mood = 0.05 * tend__rng_normal(&rng);
    day->row_count = 0;
    for (int i = 0; i < world->rows_a_day; i++) {
        const size_t shop = (size_t)tend__rng_below(&rng, WORLD_SHOPS);
        const size_t seen = changed ? WORLD_SHOPS - 1 - shop : shop;
        const double chance = 0.05 + 0.06 * (double)seen + mood;
        const size_t at = day->row_count;
        day->id[at] = (double)(number * world->rows_a_day + i);
        day->at[at] = (tend__civil_days(2020, 1, 1) + number) * TEND_US_PER_DAY;
        day->shop[at] = (struct tend__text){shop_names[shop], strlen(shop_names[shop])};
        day->size[at] = floor(exp(3.0 + 0.8 * tend__rng_normal(&rng)) * (broken ? 2.54 : 1.0));
        day->bought[at] = tend__rng_uniform(&rng) < chance;
        day->row_count++;
    }
}

/* The same rows, some twice, in another order. */
static void disturb_day(const struct world *world, int number, const struct day *from,
                        struct day *to)
{
    struct tend__rng rng;
    tend__rng_init(&rng, 77 + (uint64_t)number);
    to->row_count = 0;
    for (size_t i = 0; i < from->row_count; i++) {
        put_row(to, from, i);
        if (world->duplicated && i % 10 == 0) {
            put_row(to, from, i);
        }
    }
    for (size_t i = to->row_count; world->shuffled && i > 1; i--) {
        const size_t k = (size_t)tend__rng_below(&rng, i);
        struct day swap = *to;
        const double id = to->id[k];
        const double size = to->size[k];
        const struct tend__text shop = to->shop[k];
        const uint8_t bought = to->bought[k];
        to->id[k] = swap.id[i - 1];
        to->size[k] = swap.size[i - 1];
        to->shop[k] = swap.shop[i - 1];
        to->bought[k] = swap.bought[i - 1];
        to->id[i - 1] = id;
        to->size[i - 1] = size;
        to->shop[i - 1] = shop;
        to->bought[i - 1] = bought;
    }
}

static enum tend_code add_day(struct tend__engine *engine, const struct day *day,
                              struct tend_error *err)
{
    const struct tend__column columns[WORLD_FIELDS] = {
        {.type = TEND_TYPE_NUMBER, .f64 = day->id},
        {.type = TEND_TYPE_TIME, .time_us = day->at},
        {.type = TEND_TYPE_TEXT, .text = day->shop},
        {.type = TEND_TYPE_NUMBER, .f64 = day->size},
        {.type = TEND_TYPE_BOOL, .bools = day->bought},
    };
    const struct tend__batch batch = {
        .row_count = day->row_count,
        .column_count = WORLD_FIELDS,
        .fields = fields,
        .columns = columns,
    };
    return tend__engine_add(engine, &batch, err);
}

static enum tend_code day_new(size_t cap, struct day *day, struct tend_error *err)
{
    TEND_TRY(tend__mem_new(cap, sizeof(double), &day->id, err));
    TEND_TRY(tend__mem_new(cap, sizeof(int64_t), &day->at, err));
    TEND_TRY(tend__mem_new(cap, sizeof(struct tend__text), &day->shop, err));
    TEND_TRY(tend__mem_new(cap, sizeof(double), &day->size, err));
    return tend__mem_new(cap, 1, &day->bought, err);
}

static void day_free(struct day *day)
{
    tend__mem_free(day->id);
    tend__mem_free(day->at);
    tend__mem_free(day->shop);
    tend__mem_free(day->size);
    tend__mem_free(day->bought);
}

/* ---- the run ----------------------------------------------------------------------------------
 */

struct tend__engine_config world_config(enum tend__retrain_when when, enum tend__promote_by by)
{
    static const char *const features[] = {"shop", "size"};
    static const bool is_category[] = {true, false};
    static const char *const segments[] = {"size > 20"};
    return (struct tend__engine_config){
        .model = "shops",
        .id = "id",
        .time = "at",
        .label = "bought",
        .score = "p",
        .decision = "p > 0.25",
        .value = "case when decision and bought then 3 when decision then -1 else 0 end",
        .unit = "EUR",
        .feature_count = 2,
        .features = features,
        .feature_is_category = is_category,
        .segment_count = 1,
        .segments = segments,
        .maturity_us = TEND_US_PER_DAY,
        .train_windows = 14,
        .accept_windows = 14,
        .retrain_cost = 100,
        .floor = (double)NAN,
        .tolerance = (double)NAN,
        .seed = 1,
        .policy_count = 2,
        .policies = {{.name = "owner",
                      .when = when,
                      .every_windows = 10,
                      .by = by,
                      .fall_back_costs = 3,
                      .confidence = 0.95},
                     {.name = "never", .when = TEND_WHEN_NEVER, .by = TEND_BY_NO_TRIAL}},
    };
}

static enum tend_code count_event(void *ctx, const struct tend__engine_event *event,
                                  struct tend_error *err)
{
    struct world_run *run = ctx;
    (void)err;
    run->event_count[event->kind]++;
    return TEND_OK;
}

static enum tend_code report(struct world_run *run, struct tend_error *err)
{
    struct tend__buf buf;
    struct tend__json_writer w;
    tend__buf_init(&buf, (size_t)1 << 24);
    tend__jsonw_init(&w, &buf, true);
    tend__jsonw_object_begin(&w);
    enum tend_code code = tend__engine_report(run->engine, &w, err);
    tend__jsonw_object_end(&w);
    if (code == TEND_OK) {
        code = tend__mem_text(tend__buf_str(&buf), buf.len, &run->json, err);
    }
    tend__buf_deinit(&buf);
    return code;
}

static enum tend_code play_days(struct world *world, struct world_run *run, struct tend_error *err)
{
    struct day plain = {0};
    struct day disturbed = {0};
    enum tend_code code = day_new((size_t)world->rows_a_day * 2, &plain, err);
    if (code == TEND_OK) {
        code = day_new((size_t)world->rows_a_day * 2, &disturbed, err);
    }
    for (int day = 0; day < world->days && code == TEND_OK; day++) {
        make_day(world, day, &plain);
        disturb_day(world, day, &plain, &disturbed);
        code = add_day(run->engine, &disturbed, err);
    }
    day_free(&plain);
    day_free(&disturbed);
    return code == TEND_OK ? tend__engine_finish(run->engine, err) : code;
}

enum tend_code world_play(struct world *world, const struct tend__engine_config *config,
                          struct world_run *run, struct tend_error *err)
{
    const struct tend__trainer trainer = {.ctx = world, .train = train};
    const struct tend__engine_ports ports = {
        .trainer = &trainer,
        .on_event = count_event,
        .event_ctx = run,
    };
    *run = (struct world_run){0};
    world->calls = 0;
    TEND_TRY(tend__engine_new(config, &ports, fields, WORLD_FIELDS, &run->engine, err));
    enum tend_code code = play_days(world, run, err);
    if (code == TEND_OK) {
        code = report(run, err);
    }
    if (code != TEND_OK) {
        world_end(run);
    }
    return code;
}

void world_end(struct world_run *run)
{
    tend__engine_free(run->engine);
    tend__mem_free(run->json);
    *run = (struct world_run){0};
}
