/* SPDX-License-Identifier: Apache-2.0 */
/* train_test.c: training jobs in children: models, sameness, limits, deaths, and what is left behind. */
#include "unit.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "train/train.h"
#include "train/train_wire.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBRARY TEND_DEPS_DIR "/lib/libxgboost.so"

/* A loader that keeps the bytes alone, so that these tests need no model reader. */
static void free_bytes(void *ctx)
{
    tend__mem_free(ctx);
}

static enum tend_code load_bytes(const void *bytes, size_t len, struct tend__predictor *out,
                                 struct tend_error *err)
{
    char *copy = NULL;
    TEND_TRY(tend__mem_text(bytes, len, &copy, err));
    *out = (struct tend__predictor){
        .ctx = copy, .free_fn = free_bytes, .artefact = copy, .artefact_len = len};
    tend__sha256_hex(bytes, len, out->hash);
    return TEND_OK;
}

struct rows {
    float *x;
    float *y;
    float *weight;
    bool is_category[5];
    struct tend__train_job job;
};

/* Three numbers and two categories of 230 values; a logistic outcome that depends on all five. */
static void make_rows(size_t row_count, uint64_t seed, struct rows *rows)
{
    struct tend_error err = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    memset(rows, 0, sizeof(*rows));
    assert_tend_ok(tend__mem_new(row_count * 5, sizeof(float), &rows->x, &err), &err);
    assert_tend_ok(tend__mem_new(row_count, sizeof(float), &rows->y, &err), &err);
    assert_tend_ok(tend__mem_new(row_count, sizeof(float), &rows->weight, &err), &err);
    for (size_t i = 0; i < row_count; i++) {
        float *x = rows->x + i * 5;
        for (size_t j = 0; j < 3; j++) {
            x[j] = (float)tend__rng_normal(&rng);
        }
        x[3] = (float)tend__rng_below(&rng, 230);
        x[4] = (float)tend__rng_below(&rng, 230);
        const double margin = (double)x[0] - 0.5 * (double)(x[1] * x[2]) +
                              sin((double)x[3]) + cos((double)x[4] * 0.3);
        rows->y[i] = tend__rng_uniform(&rng) < 1 / (1 + exp(-margin)) ? 1.0F : 0.0F;
        rows->weight[i] = (float)tend__rng_uniform(&rng) + 0.5F;
        if (tend__rng_below(&rng, 20) == 0) {
            x[tend__rng_below(&rng, 5)] = NAN;
        }
    }
    rows->is_category[3] = rows->is_category[4] = true;
    rows->job = (struct tend__train_job){.x = rows->x,
                                         .y = rows->y,
                                         .row_count = row_count,
                                         .feature_count = 5,
                                         .is_category = rows->is_category,
                                         .objective = "binary:logistic",
                                         .rounds = 10,
                                         .depth = 4,
                                         .seed = 7};
}

static void free_rows(struct rows *rows)
{
    tend__mem_free(rows->x);
    tend__mem_free(rows->y);
    tend__mem_free(rows->weight);
}

static void make_trainer(const struct tend__xgboost_trainer_options *wanted,
                         struct tend__trainer *trainer)
{
    struct tend_error err = {0};
    struct tend__xgboost_trainer_options options = *wanted;
    options.load = load_bytes;
    if (options.library_path == NULL) {
        options.library_path = LIBRARY;
    }
    assert_tend_ok(tend__xgboost_trainer_init(&options, trainer, &err), &err);
}

static void skip_without_library(void)
{
    if (access(LIBRARY, R_OK) != 0) {
        print_message("skipped: no XGBoost at %s; tools/setup brings it\n", LIBRARY);
        skip();
    }
}

static size_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;
    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    (void)closedir(folder);
    return count;
}

/* No descriptor more than before and no child, living or dead. */
static void assert_nothing_left(size_t fd_count)
{
    assert_int_equal(count_fds(), fd_count);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void the_same_job_gives_the_same_bytes(void **state)
{
    (void)state;
    skip_without_library();
    struct rows rows;
    struct tend_error err = {0};
    struct tend__trainer trainer = {0};
    struct tend__predictor predictors[3] = {{0}};
    make_rows(5000, 1, &rows);
    make_trainer(&(struct tend__xgboost_trainer_options){.parallel = 2}, &trainer);
    struct tend__train_job jobs[3] = {rows.job, rows.job, rows.job};
    jobs[2].subsample = 0.5;
    jobs[2].weight = rows.weight;
    const size_t fd_count = count_fds();
    assert_tend_ok(trainer.train(trainer.ctx, jobs, 3, predictors, &err), &err);
    assert_nothing_left(fd_count);
    assert_int_equal(predictors[0].artefact_len, predictors[1].artefact_len);
    assert_memory_equal(predictors[0].artefact, predictors[1].artefact,
                        predictors[0].artefact_len);
    assert_string_not_equal(predictors[0].hash, predictors[2].hash);
    for (size_t i = 0; i < 3; i++) {
        tend__predictor_deinit(&predictors[i]);
    }
    tend__trainer_deinit(&trainer);
    free_rows(&rows);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "job-train") == 0) {
        return tend__train_job_main(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_job_gives_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
