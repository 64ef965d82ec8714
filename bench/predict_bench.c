/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predict_bench.c: the tree kernel beside XGBoost's C API: one row and a thousand, on the same
 * models and the same rows in the same process.
 *
 * XGBoost's fastest way to predict from C is XGBoosterPredictFromDense (inplace prediction: no
 * matrix is built); nthread is 1 for both. Times are processor time of this process. Turns are
 * interleaved, medians are printed, and the outputs are compared on the way.
 */
#include "../tests/harness/xgb_oracle.h"

#include "base/mem.h"
#include "base/rng.h"
#include "model/forest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FEATURES 5
#define ROWS_TRAIN 20000
#define ROWS 1000
#define TURNS 15

struct shape {
    const char *name;
    const char *depth;
    int rounds;
    bool categories;
};

static const struct shape shapes[] = {
    {"50 trees, depth 6, 2 categories", "6", 50, true},
    {"50 trees, depth 6, numbers", "6", 50, false},
    {"100 trees, depth 3, numbers", "3", 100, false},
    {"300 trees, depth 8, 2 categories", "8", 300, true},
};

static const bool flags[FEATURES] = {false, false, false, true, true};
static float train_x[ROWS_TRAIN * FEATURES];
static float train_y[ROWS_TRAIN];
static float x[ROWS * FEATURES];
static double ours_out[ROWS];
static struct xgb api;

static double now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void fill_rows(struct tend__rng *rng, size_t count, float *rows)
{
    for (size_t i = 0; i < count; i++) {
        float *row = rows + i * FEATURES;
        for (size_t j = 0; j < 3; j++) {
            row[j] = (float)tend__rng_normal(rng);
        }
        row[3] = (float)tend__rng_below(rng, 230);
        row[4] = (float)tend__rng_below(rng, 230);
        if (tend__rng_below(rng, 10) == 0) {
            row[tend__rng_below(rng, FEATURES)] = NAN;
        }
    }
}

static void *train(const struct shape *shape, struct tend__rng *rng)
{
    fill_rows(rng, ROWS_TRAIN, train_x);
    for (size_t i = 0; i < ROWS_TRAIN; i++) {
        const float *row = train_x + i * FEATURES;
        double score = tend__rng_normal(rng);
        for (size_t j = 0; j < FEATURES; j++) {
            score += isnan(row[j]) ? 0.5 : sin((double)row[j]);
        }
        train_y[i] = score > 0 ? 1.0F : 0.0F;
    }
    void *booster = NULL;
    void *matrix =
        xgb_matrix(&api, train_x, train_y, ROWS_TRAIN, FEATURES, shape->categories ? flags : NULL);
    const char *params[][2] = {{"nthread", "1"},
                               {"verbosity", "0"},
                               {"tree_method", "hist"},
                               {"objective", "binary:logistic"},
                               {"max_depth", shape->depth}};
    xgb_check(&api, api.booster_new(&matrix, 1, &booster));
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        xgb_check(&api, api.booster_set(booster, params[i][0], params[i][1]));
    }
    for (int i = 0; i < shape->rounds; i++) {
        xgb_check(&api, api.booster_update(booster, i, matrix));
    }
    xgb_check(&api, api.matrix_free(matrix));
    return booster;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;
    return (*left > *right) - (*left < *right);
}

static double median(double *numbers)
{
    qsort(numbers, TURNS, sizeof(*numbers), compare_doubles);
    return numbers[TURNS / 2];
}

static const float *predict_theirs(void *booster, void *proxy, const float *rows, size_t count)
{
    char array[256];
    const uint64_t *shape = NULL;
    uint64_t dim = 0;
    const float *out = NULL;
    xgb_array(array, rows, count, FEATURES);
    xgb_check(&api,
              api.booster_predict_dense(booster, array,
                                        "{\"type\":0,\"iteration_begin\":0,\"iteration_end\":0,"
                                        "\"strict_shape\":false,\"missing\":NaN,\"cache_id\":0}",
                                        proxy, &shape, &dim, &out));
    return out;
}

static void predict_ours(const struct tend__forest *forest, const float *rows, size_t count,
                         double *out)
{
    struct tend_error err = {0};
    if (tend__forest_predict(forest, rows, count, FEATURES, out, &err) != TEND_OK) {
        (void)fprintf(stderr, "tend: %s\n", err.text);
        exit(1);
    }
}

/* Nanoseconds a call of `count` rows, walking through all rows. */
static double time_theirs(void *booster, void *proxy, size_t count, size_t calls)
{
    const double start = now_ns();
    for (size_t i = 0; i < calls; i++) {
        (void)predict_theirs(booster, proxy, x + i * count % ROWS * FEATURES, count);
    }
    return (now_ns() - start) / (double)calls;
}

static double time_ours(const struct tend__forest *forest, size_t count, size_t calls)
{
    const double start = now_ns();
    for (size_t i = 0; i < calls; i++) {
        predict_ours(forest, x + i * count % ROWS * FEATURES, count, ours_out);
    }
    return (now_ns() - start) / (double)calls;
}

static void check_agreement(void *booster, void *proxy, const struct tend__forest *forest)
{
    predict_ours(forest, x, ROWS, ours_out);
    const float *theirs = predict_theirs(booster, proxy, x, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        const float mine = (float)ours_out[i];
        if (memcmp(&mine, &theirs[i], sizeof(mine)) != 0) {
            (void)fprintf(stderr, "row %zu: %.9g, XGBoost %.9g\n", i, (double)mine,
                          (double)theirs[i]);
            exit(1);
        }
    }
}

static void measure(const struct shape *shape, void *booster, const struct tend__forest *forest)
{
    static const size_t counts[] = {1, ROWS};
    static const size_t our_calls[] = {20000, 40};
    static const size_t their_calls[] = {1000, 20};
    void *proxy = NULL;
    xgb_check(&api, api.proxy_new(&proxy));
    check_agreement(booster, proxy, forest);
    for (size_t k = 0; k < 2; k++) {
        double ours[TURNS];
        double theirs[TURNS];
        for (size_t turn = 0; turn < TURNS; turn++) {
            ours[turn] = time_ours(forest, counts[k], our_calls[k]);
            theirs[turn] = time_theirs(booster, proxy, counts[k], their_calls[k]);
        }
        const double mine = median(ours);
        const double other = median(theirs);
        printf("    %-34s %5zu rows: tend %9.2f us, XGBoost %9.2f us, ratio %6.1f\n", shape->name,
               counts[k], mine / 1e3, other / 1e3, other / mine);
        (void)fflush(stdout);
    }
    xgb_check(&api, api.matrix_free(proxy));
}

int main(void)
{
    if (!xgb_load(TEND_DEPS_DIR "/lib", &api)) {
        printf("    skipped: no XGBoost in %s/lib\n", TEND_DEPS_DIR);
        return 0;
    }
    struct tend__rng rng;
    tend__rng_init(&rng, 11);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct tend_error err = {0};
        uint64_t len = 0;
        const char *bytes = NULL;
        struct tend__forest *forest = NULL;
        void *booster = train(&shapes[i], &rng);
        fill_rows(&rng, ROWS, x);
        xgb_check(&api, api.booster_save(booster, "{\"format\":\"ubj\"}", &len, &bytes));
        if (tend__forest_load(bytes, (size_t)len, &forest, &err) != TEND_OK) {
            (void)fprintf(stderr, "tend: %s\n", err.text);
            return 1;
        }
        measure(&shapes[i], booster, forest);
        tend__forest_free(forest);
        xgb_check(&api, api.booster_free(booster));
    }
    return 0;
}
