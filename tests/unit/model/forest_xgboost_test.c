/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forest_xgboost_test.c: a million random rows through tend's forest and through XGBoost itself.
 *
 * The oracle is XGBoost's own predictor (libxgboost 3.2 through its C API). Each case trains a
 * model on random data, saves it as JSON and as UBJSON, and compares margins and predictions bit
 * for bit on new rows, among them missing values, categories never seen, categories beyond the set,
 * negative, fractional and huge codes.
 */
#include "unit.h"

#include "xgb_oracle.h"

#include "base/mem.h"
#include "base/rng.h"
#include "model/forest.h"

#include <math.h>
#include <string.h>

#define FEATURES 6
#define ROWS_TRAIN 4000
#define ROWS_EACH 100000
#define CHUNK 20000

static struct xgb api;
static bool api_loaded;

struct model_case {
    const char *name;
    const char *objective;
    const char *depth;
    const char *rounds;
    const char
        *onehot; /* max_cat_to_onehot: categories of fewer values split one against the rest */
    const char *booster;
    const char *policy;
    bool categories;
};

static const struct model_case cases[] = {
    {"stumps", "binary:logistic", "1", "100", "4", "gbtree", "depthwise", false},
    {"depth 2, categories", "reg:squarederror", "2", "60", "4", "gbtree", "depthwise", true},
    {"depth 3, one-hot", "binary:logistic", "3", "50", "100", "gbtree", "depthwise", true},
    {"depth 4, partitions", "binary:logistic", "4", "53", "1", "gbtree", "depthwise", true},
    {"depth 5, poisson", "count:poisson", "5", "30", "4", "gbtree", "depthwise", true},
    {"depth 6, partitions", "binary:logistic", "6", "50", "4", "gbtree", "depthwise", true},
    {"depth 7, numbers", "reg:squarederror", "7", "40", "4", "gbtree", "depthwise", false},
    {"depth 8, partitions", "binary:logistic", "8", "50", "4", "gbtree", "depthwise", true},
    {"dart", "reg:squarederror", "4", "20", "4", "dart", "depthwise", true},
    {"logitraw", "binary:logitraw", "3", "9", "4", "gbtree", "depthwise", true},
    {"lossguide, deep", "reg:logistic", "40", "30", "4", "gbtree", "lossguide", true},
    {"gamma", "reg:gamma", "3", "20", "4", "gbtree", "depthwise", false},
    {"tweedie", "reg:tweedie", "3", "20", "4", "gbtree", "depthwise", true},
    {"absolute error", "reg:absoluteerror", "3", "20", "4", "gbtree", "depthwise", false},
    {"pseudo-Huber", "reg:pseudohubererror", "3", "20", "4", "gbtree", "depthwise", true},
};

static const bool category_flags[FEATURES] = {false, false, false, true, true, true};

/* wild: with everything that a row can hold at serving time. */
static void fill_rows(struct tend__rng *rng, size_t row_count, bool wild, float *x)
{
    static const uint64_t sizes[3] = {3, 24, 230};
    for (size_t i = 0; i < row_count; i++) {
        float *row = x + i * FEATURES;
        row[0] = (float)tend__rng_normal(rng);
        row[1] = (float)tend__rng_below(rng, 7) - 3.0F; /* ties with the cut points */
        row[2] = (float)exp(3 * tend__rng_normal(rng));
        for (size_t j = 0; j < 3; j++) {
            row[3 + j] = (float)tend__rng_below(rng, sizes[j]);
        }
        for (size_t j = 0; j < FEATURES; j++) {
            if (tend__rng_below(rng, 10) == 0) {
                row[j] = NAN;
            }
        }
        if (wild && tend__rng_below(rng, 4) == 0) {
            static const float odd[] = {-1.0F,       231.0F, 500.5F, 1e6F,
                                        16777216.0F, 4e9F,   -0.0F,  2.7F};
            row[3 + tend__rng_below(rng, 3)] = odd[tend__rng_below(rng, 8)];
        }
        if (wild && tend__rng_below(rng, 50) == 0) {
            static const float odd[] = {-0.0F, 1e-45F, -3.4e38F, 3.4e38F};
            row[tend__rng_below(rng, 3)] = odd[tend__rng_below(rng, 4)];
        }
    }
}

static float outcome(struct tend__rng *rng, const char *objective, const float *row)
{
    double score = 0;
    for (size_t j = 0; j < 3; j++) {
        score += isnan(row[j]) ? 0.3 : tanh((double)row[j]);
        score += isnan(row[3 + j]) ? -0.2 : sin(3.0 * (double)row[3 + j]);
    }
    score += 0.5 * tend__rng_normal(rng);
    if (strncmp(objective, "binary", 6) == 0 || strcmp(objective, "reg:logistic") == 0) {
        return score > 0 ? 1.0F : 0.0F;
    }
    if (strcmp(objective, "count:poisson") == 0 || strcmp(objective, "reg:tweedie") == 0) {
        return (float)floor(exp(0.3 * score));
    }
    return strcmp(objective, "reg:gamma") == 0 ? (float)exp(0.3 * score) : (float)score;
}

static void *train(const struct model_case *c, uint64_t seed)
{
    static float x[ROWS_TRAIN * FEATURES];
    static float y[ROWS_TRAIN];
    struct tend__rng rng;
    tend__rng_init(&rng, seed);
    fill_rows(&rng, ROWS_TRAIN, false, x);
    for (size_t i = 0; i < ROWS_TRAIN; i++) {
        y[i] = outcome(&rng, c->objective, x + i * FEATURES);
    }
    void *matrix =
        xgb_matrix(&api, x, y, ROWS_TRAIN, FEATURES, c->categories ? category_flags : NULL);
    void *booster = NULL;
    xgb_check(&api, api.booster_new(&matrix, 1, &booster));
    const char *params[][2] = {
        {"nthread", "1"},           {"verbosity", "0"},         {"tree_method", "hist"},
        {"booster", c->booster},    {"max_depth", c->depth},    {"objective", c->objective},
        {"grow_policy", c->policy}, {"max_leaves", "60"},       {"max_cat_to_onehot", c->onehot},
        {"rate_drop", "0.3"},       {"min_child_weight", "0.1"}};
    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
        xgb_check(&api, api.booster_set(booster, params[i][0], params[i][1]));
    }
    const int rounds = (int)strtol(c->rounds, NULL, 10);
    for (int i = 0; i < rounds; i++) {
        xgb_check(&api, api.booster_update(booster, i, matrix));
    }
    xgb_check(&api, api.matrix_free(matrix));
    return booster;
}

static struct tend__forest *load(void *booster, const char *format)
{
    struct tend_error err = {0};
    uint64_t len = 0;
    const char *bytes = NULL;
    struct tend__forest *forest = NULL;
    xgb_check(&api, api.booster_save(booster, format, &len, &bytes));
    assert_tend_ok(tend__forest_load(bytes, (size_t)len, &forest, &err), &err);
    return forest;
}

/* How many floats lie between two. */
static uint64_t ulps(float a, float b)
{
    int32_t keys[2];
    const float numbers[2] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        memcpy(&keys[i], &numbers[i], sizeof(keys[i]));
        keys[i] = keys[i] < 0 ? (int32_t)((uint32_t)keys[i] ^ 0x7fffffffU) : keys[i];
    }
    const int64_t d = (int64_t)keys[0] - (int64_t)keys[1];
    return (uint64_t)(d < 0 ? -d : d);
}

struct tally {
    uint64_t rows;
    uint64_t margin_differs;
    uint64_t margin_ulps_max;
    uint64_t output_differs;
    uint64_t output_ulps_max;
};

static void compare(const double *ours, const float *theirs, size_t count, uint64_t *differs,
                    uint64_t *ulps_max)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t d = ulps((float)ours[i], theirs[i]);
        *differs += d > 0;
        *ulps_max = d > *ulps_max ? d : *ulps_max;
    }
}

static void compare_rows(void *booster, const struct tend__forest *forest, bool categories,
                         const float *x, struct tally *tally)
{
    static double ours[CHUNK];
    struct tend_error err = {0};
    void *matrix = xgb_matrix(&api, x, NULL, CHUNK, FEATURES, categories ? category_flags : NULL);
    const uint64_t *shape = NULL;
    uint64_t dim = 0;
    const float *theirs = NULL;
    const char *config = "{\"type\":1,\"iteration_begin\":0,\"iteration_end\":0,"
                         "\"strict_shape\":false,\"training\":false}";
    xgb_check(&api, api.booster_predict(booster, matrix, config, &shape, &dim, &theirs));
    assert_tend_ok(tend__forest_margin(forest, x, CHUNK, FEATURES, ours, &err), &err);
    compare(ours, theirs, CHUNK, &tally->margin_differs, &tally->margin_ulps_max);
    config = "{\"type\":0,\"iteration_begin\":0,\"iteration_end\":0,"
             "\"strict_shape\":false,\"training\":false}";
    xgb_check(&api, api.booster_predict(booster, matrix, config, &shape, &dim, &theirs));
    assert_tend_ok(tend__forest_predict(forest, x, CHUNK, FEATURES, ours, &err), &err);
    compare(ours, theirs, CHUNK, &tally->output_differs, &tally->output_ulps_max);
    /* One row at a time takes the other kernel. */
    for (size_t i = 0; i < CHUNK; i += 10) {
        double one = 0;
        assert_tend_ok(tend__forest_predict(forest, x + i * FEATURES, 1, FEATURES, &one, &err),
                       &err);
        assert_memory_equal(&one, &ours[i], sizeof(one));
    }
    xgb_check(&api, api.matrix_free(matrix));
    tally->rows += CHUNK;
}

static void compare_case(const struct model_case *c, uint64_t seed, struct tally *total)
{
    static float x[CHUNK * FEATURES];
    struct tally tally = {0};
    struct tend__rng rng;
    tend__rng_init(&rng, seed + 1000);
    void *booster = train(c, seed);
    struct tend__forest *forests[2] = {load(booster, "{\"format\":\"json\"}"),
                                       load(booster, "{\"format\":\"ubj\"}")};
    assert_string_equal(tend__forest_objective(forests[0]), c->objective);
    for (size_t done = 0; done < ROWS_EACH; done += CHUNK) {
        fill_rows(&rng, CHUNK, true, x);
        compare_rows(booster, forests[done / CHUNK % 2], c->categories, x, &tally);
    }
    print_message("%-22s %3zu trees, %6zu rows: margins differ %zu (most %zu ulp), "
                  "outputs %zu (most %zu ulp)\n",
                  c->name, tend__forest_tree_count(forests[0]), (size_t)tally.rows,
                  (size_t)tally.margin_differs, (size_t)tally.margin_ulps_max,
                  (size_t)tally.output_differs, (size_t)tally.output_ulps_max);
    total->rows += tally.rows;
    total->margin_differs += tally.margin_differs;
    total->output_differs += tally.output_differs;
    if (tally.output_ulps_max > total->output_ulps_max) {
        total->output_ulps_max = tally.output_ulps_max;
    }
    tend__forest_free(forests[0]);
    tend__forest_free(forests[1]);
    xgb_check(&api, api.booster_free(booster));
}

static void a_million_rows_agree_with_xgboost(void **state)
{
    (void)state;
    if (!api_loaded) {
        print_message("skipped: no XGBoost in %s/lib; tools/setup brings it\n", TEND_DEPS_DIR);
        skip();
    }
    struct tally total = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        compare_case(&cases[i], 100 + i, &total);
    }
    print_message("%zu rows in all: %zu margins and %zu outputs differ, by at most %zu ulp\n",
                  (size_t)total.rows, (size_t)total.margin_differs, (size_t)total.output_differs,
                  (size_t)total.output_ulps_max);
    assert_true(total.rows >= 1000000);
    assert_int_equal(total.margin_differs, 0);
    assert_true(total.output_ulps_max <= 1);
}

int main(void)
{
    /* Another release's folder may be named, to see that its models are read as well. */
    const char *folder = getenv("TEND_TEST_XGBOOST_DIR");
    api_loaded = xgb_load(folder != NULL ? folder : TEND_DEPS_DIR "/lib", &api);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_rows_agree_with_xgboost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
