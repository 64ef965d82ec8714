/* SPDX-License-Identifier: Apache-2.0 */
/* train_test.c: training jobs in children: models, sameness, limits, deaths, and what is left
 * behind. */
#include "unit.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "model/forest.h"
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
        const double margin = (double)x[0] - 0.5 * (double)(x[1] * x[2]) + sin((double)x[3]) +
                              cos((double)x[4] * 0.3);
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
    assert_memory_equal(predictors[0].artefact, predictors[1].artefact, predictors[0].artefact_len);
    assert_string_not_equal(predictors[0].hash, predictors[2].hash);
    for (size_t i = 0; i < 3; i++) {
        tend__predictor_deinit(&predictors[i]);
    }
    tend__trainer_deinit(&trainer);
    free_rows(&rows);
}

/* Mean log loss of predictions of a model, or of their mean where it is NULL. */
static double log_loss(const struct rows *rows, const struct tend__predictor *predictor)
{
    static double out[20000];
    struct tend_error err = {0};
    const size_t row_count = rows->job.row_count;
    double mean = 0;
    for (size_t i = 0; i < row_count; i++) {
        mean += (double)rows->y[i] / (double)row_count;
    }
    if (predictor != NULL) {
        assert_tend_ok(predictor->predict(predictor->ctx, rows->x, row_count, 5, out, &err), &err);
    }
    double loss = 0;
    for (size_t i = 0; i < row_count; i++) {
        const double p = predictor == NULL ? mean : out[i];
        loss -= log(rows->y[i] > 0 ? p : 1 - p) / (double)row_count;
    }
    return loss;
}

static void a_trained_model_predicts_new_rows(void **state)
{
    (void)state;
    skip_without_library();
    struct rows old;
    struct rows new;
    struct tend_error err = {0};
    struct tend__trainer trainer = {0};
    struct tend__predictor predictor = {0};
    const struct tend__xgboost_trainer_options options = {.library_path = LIBRARY,
                                                          .load = tend__forest_predictor};
    make_rows(20000, 1, &old);
    make_rows(20000, 2, &new);
    old.job.child_weight_min = 20;
    assert_tend_ok(tend__xgboost_trainer_init(&options, &trainer, &err), &err);
    assert_tend_ok(trainer.train(trainer.ctx, &old.job, 1, &predictor, &err), &err);
    /* What generated the outcomes has a log loss of about 0.53, a constant one of 0.69. */
    assert_true(log_loss(&new, NULL) > 0.68);
    assert_true(log_loss(&new, &predictor) < 0.60);
    tend__predictor_deinit(&predictor);
    tend__trainer_deinit(&trainer);
    free_rows(&old);
    free_rows(&new);
}

/* How a child of a test behaves; without it the child is tend's own. */
#define MODE "TEND_TEST_CHILD"

static void answer(uint32_t code, const char *text, size_t len_told)
{
    const struct result_header header = {
        .magic = TEND__RESULT_MAGIC, .code = code, .len = len_told};
    if (write(TEND__RESULT_FD, &header, sizeof(header)) != (ssize_t)sizeof(header) ||
        write(TEND__RESULT_FD, text, strlen(text)) != (ssize_t)strlen(text)) {
        _exit(9);
    }
}

static int behave(const char *mode)
{
    if (strcmp(mode, "quick") == 0) {
        answer(TEND_OK, "model", 5);
    } else if (strcmp(mode, "half") == 0) {
        answer(TEND_OK, "mod", 5);
    } else if (strcmp(mode, "strange code") == 0) {
        answer(4711, "model", 5);
    } else if (strcmp(mode, "abort") == 0) {
        (void)fprintf(stderr, "some line\nterminate called after throwing 'std::x'\n");
        (void)signal(SIGABRT, SIG_DFL);
        (void)raise(SIGABRT);
    } else if (strcmp(mode, "exit") == 0) {
        (void)fprintf(stderr, "no licence\n");
        return 3;
    } else if (strcmp(mode, "hang") == 0) {
        (void)pause();
    } else if (strcmp(mode, "spin") == 0) {
        (void)raise(SIGXCPU);
    }
    return 0;
}

/* One job of a child that behaves so; `text` must be in the error. */
static void assert_fails(const char *mode, const struct tend__xgboost_trainer_options *options,
                         enum tend_code code, const char *text)
{
    struct rows rows;
    struct tend_error err = {0};
    struct tend__trainer trainer = {0};
    struct tend__predictor predictor = {0};
    make_rows(50, 1, &rows);
    make_trainer(options, &trainer);
    const size_t fd_count = count_fds();
    (void)setenv(MODE, mode, 1);
    assert_int_equal(trainer.train(trainer.ctx, &rows.job, 1, &predictor, &err), code);
    (void)unsetenv(MODE);
    if (strstr(err.text, text) == NULL) {
        fail_msg("'%s' does not say '%s'", err.text, text);
    }
    assert_null(predictor.ctx);
    assert_nothing_left(fd_count);
    tend__trainer_deinit(&trainer);
    free_rows(&rows);
}

static void a_death_is_an_error_with_its_last_words(void **state)
{
    (void)state;
    const struct tend__xgboost_trainer_options options = {0};
    assert_fails("abort", &options, TEND_ECHILD,
                 "killed by signal 6 (Aborted): terminate called after throwing 'std::x'");
    assert_fails("exit", &options, TEND_ECHILD, "ended without a model: no licence");
    assert_fails("half", &options, TEND_ECHILD, "half an answer");
    assert_fails("silent", &options, TEND_ECHILD, "half an answer");
    assert_fails("strange code", &options, TEND_ECHILD, "half an answer");
    assert_fails("spin", &options, TEND_ETIMEOUT, "processor time");
}

static void a_job_out_of_time_is_killed(void **state)
{
    (void)state;
    const struct tend__xgboost_trainer_options options = {.seconds_max = 1};
    assert_fails("hang", &options, TEND_ETIMEOUT, "out of time: more than 1 s");
}

static void a_program_that_is_not_there_is_named(void **state)
{
    (void)state;
    const struct tend__xgboost_trainer_options options = {.exe_path = "/no/such/program"};
    assert_fails("quick", &options, TEND_EIO, "/no/such/program");
}

static void a_library_that_is_not_there_is_named(void **state)
{
    (void)state;
    const struct tend__xgboost_trainer_options options = {.library_path = "/no/such/libxgboost.so"};
    assert_fails("", &options, TEND_ENOTFOUND, "/no/such/libxgboost.so");
    const struct tend__xgboost_trainer_options other = {.library_path = "libm.so.6"};
    assert_fails("", &other, TEND_EUNSUPPORTED, "XGBoostVersion");
}

static void one_failure_ends_the_other_jobs(void **state)
{
    (void)state;
    skip_without_library();
    struct rows rows;
    struct tend_error err = {0};
    struct tend__trainer trainer = {0};
    struct tend__predictor predictors[3] = {{0}};
    make_rows(20000, 1, &rows);
    make_trainer(&(struct tend__xgboost_trainer_options){.parallel = 3}, &trainer);
    struct tend__train_job jobs[3] = {rows.job, rows.job, rows.job};
    jobs[0].rounds = jobs[2].rounds = 100000; /* minutes of work */
    jobs[1].objective = "no:objective";
    const size_t fd_count = count_fds();
    assert_int_equal(trainer.train(trainer.ctx, jobs, 3, predictors, &err), TEND_ECHILD);
    assert_nothing_left(fd_count);
    if (strstr(err.text, "training job 2 of 3: XGBoost: Unknown objective function") == NULL) {
        fail_msg("'%s'", err.text);
    }
    tend__trainer_deinit(&trainer);
    free_rows(&rows);
}

static void the_librarys_own_words_arrive(void **state)
{
    (void)state;
    skip_without_library();
    struct rows rows;
    struct tend__trainer trainer = {0};
    struct tend__predictor predictor = {0};
    struct tend_error err = {0};
    make_rows(200, 1, &rows);
    make_trainer(&(struct tend__xgboost_trainer_options){0}, &trainer);
    rows.y[17] = 3.0F;
    assert_int_equal(trainer.train(trainer.ctx, &rows.job, 1, &predictor, &err), TEND_ECHILD);
    if (strstr(err.text, "label must be in (0, 1) for logistic regression") == NULL ||
        strstr(err.text, "Stack trace") != NULL || strstr(err.text, ".cu:") != NULL) {
        fail_msg("'%s'", err.text);
    }
    rows.y[17] = 1.0F;
    rows.x[3] = -1.0F;
    assert_int_equal(trainer.train(trainer.ctx, &rows.job, 1, &predictor, &err), TEND_ECHILD);
    if (strstr(err.text, "ategor") == NULL) {
        fail_msg("'%s'", err.text);
    }
    tend__trainer_deinit(&trainer);
    free_rows(&rows);
}

static void a_job_that_wants_too_much_memory_fails_alone(void **state)
{
    (void)state;
    skip_without_library();
#if defined(__SANITIZE_ADDRESS__)
    skip();
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
    skip();
#    endif
#endif
    struct rows rows;
    struct tend__trainer trainer = {0};
    struct tend__predictor predictor = {0};
    struct tend_error err = {0};
    make_rows(400000, 1, &rows);
    make_trainer(&(struct tend__xgboost_trainer_options){.memory_max_bytes = 60 << 20}, &trainer);
    const enum tend_code code = trainer.train(trainer.ctx, &rows.job, 1, &predictor, &err);
    print_message("%s: %s\n", tend_code_text(code), err.text);
    assert_int_equal(code, TEND_ELIMIT);
    assert_non_null(strstr(err.text, "out of memory: more than 60 MiB beyond its rows"));
    tend__trainer_deinit(&trainer);
    free_rows(&rows);
}

static void what_cannot_be_a_job_is_refused(void **state)
{
    (void)state;
    struct rows rows;
    struct tend__trainer trainer = {0};
    struct tend__predictor predictor = {0};
    make_rows(10, 1, &rows);
    make_trainer(&(struct tend__xgboost_trainer_options){0}, &trainer);
    struct tend__train_job jobs[] = {rows.job, rows.job, rows.job, rows.job, rows.job, rows.job};
    jobs[0].row_count = 0;
    jobs[1].feature_count = 0;
    jobs[2].x = NULL;
    jobs[3].objective = NULL;
    jobs[4].eta = -1;
    jobs[5].subsample = (double)NAN;
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(trainer.train(trainer.ctx, &jobs[i], 1, &predictor, NULL), TEND_EINVAL);
    }
    const struct tend__xgboost_trainer_options bad = {.parallel = 65, .load = load_bytes};
    struct tend__trainer other = {0};
    assert_int_equal(tend__xgboost_trainer_init(&bad, &other, NULL), TEND_EINVAL);
    const struct tend__xgboost_trainer_options no_loader = {0};
    assert_int_equal(tend__xgboost_trainer_init(&no_loader, &other, NULL), TEND_EINVAL);
    tend__trainer_deinit(&trainer);
    free_rows(&rows);
}

/* What it returns ends the loop: true where nothing failed. */
static bool train_two_with_a_failing_allocation(const struct tend__train_job *job, uint64_t nth)
{
    struct tend__xgboost_trainer_options options = {
        .load = load_bytes, .library_path = LIBRARY, .exe_path = "/proc/self/exe"};
    struct tend__trainer trainer = {0};
    struct tend__predictor predictors[2] = {{0}};
    const struct tend__train_job jobs[2] = {*job, *job};
    struct tend_error err = {0};
    tend__mem_fail_at(nth);
    enum tend_code code = tend__xgboost_trainer_init(&options, &trainer, &err);
    if (code == TEND_OK) {
        code = trainer.train(trainer.ctx, jobs, 2, predictors, &err);
    }
    tend__mem_fail_at(0);
    tend__predictor_deinit(&predictors[0]);
    tend__predictor_deinit(&predictors[1]);
    tend__trainer_deinit(&trainer);
    assert_true(code == TEND_OK || code == TEND_ENOMEM);
    return code == TEND_OK;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct rows rows;
    make_rows(50, 1, &rows);
    (void)setenv(MODE, "quick", 1);
    const size_t fd_count = count_fds();
    uint64_t nth = 1;
    while (!train_two_with_a_failing_allocation(&rows.job, nth)) {
        assert_nothing_left(fd_count);
        nth++;
    }
    assert_nothing_left(fd_count);
    assert_true(nth > 6);
    (void)unsetenv(MODE);
    free_rows(&rows);
}

static void many_jobs_run_a_few_at_a_time(void **state)
{
    (void)state;
    struct rows rows;
    struct tend__trainer trainer = {0};
    struct tend__predictor predictors[20] = {{0}};
    struct tend__train_job jobs[20];
    struct tend_error err = {0};
    make_rows(50, 1, &rows);
    make_trainer(&(struct tend__xgboost_trainer_options){.parallel = 3}, &trainer);
    for (size_t i = 0; i < 20; i++) {
        jobs[i] = rows.job;
    }
    (void)setenv(MODE, "quick", 1);
    const size_t fd_count = count_fds();
    assert_tend_ok(trainer.train(trainer.ctx, jobs, 20, predictors, &err), &err);
    assert_nothing_left(fd_count);
    (void)unsetenv(MODE);
    for (size_t i = 0; i < 20; i++) {
        assert_string_equal(predictors[i].artefact, "model");
        tend__predictor_deinit(&predictors[i]);
    }
    assert_tend_ok(trainer.train(trainer.ctx, jobs, 0, predictors, &err), &err);
    tend__trainer_deinit(&trainer);
    free_rows(&rows);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "job-train") == 0) {
        const char *mode = getenv(MODE);
        return mode != NULL && mode[0] != '\0' ? behave(mode) : tend__train_job_main(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_job_gives_the_same_bytes),
        cmocka_unit_test(a_trained_model_predicts_new_rows),
        cmocka_unit_test(a_death_is_an_error_with_its_last_words),
        cmocka_unit_test(a_job_out_of_time_is_killed),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(a_library_that_is_not_there_is_named),
        cmocka_unit_test(one_failure_ends_the_other_jobs),
        cmocka_unit_test(the_librarys_own_words_arrive),
        cmocka_unit_test(a_job_that_wants_too_much_memory_fails_alone),
        cmocka_unit_test(what_cannot_be_a_job_is_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(many_jobs_run_a_few_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
