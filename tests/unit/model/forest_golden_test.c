/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forest_golden_test.c: model files of released XGBoosts and what XGBoost predicted with them.
 *
 * tests/golden/forest was made by tools/golden_forest.py. Margins must agree bit for bit,
 * predictions within one unit in the last place: the exponential function is the C library's.
 */
#include "unit.h"

#include "base/mem.h"
#include "model/forest.h"

#include <stdlib.h>
#include <string.h>

#define FEATURES 4
#define ROWS 200
#define FOLDER TEND_SOURCE_ROOT "/tests/golden/forest/"

static const char *const stems[] = {
    "xgboost-2.1.4-logistic", "xgboost-2.1.4-onehot", "xgboost-2.1.4-dart",
    "xgboost-3.2.0-logistic", "xgboost-3.2.0-onehot", "xgboost-3.2.0-dart",
};

struct golden {
    float x[ROWS * FEATURES];
    float margin[ROWS];
    float prediction[ROWS];
};

static FILE *open_golden(const char *stem, const char *end)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s%s%s", FOLDER, stem, end);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot read %s", path);
    }
    return file;
}

static void read_rows(const char *stem, struct golden *out)
{
    char line[256];
    FILE *file = open_golden(stem, ".csv");
    assert_non_null(fgets(line, sizeof(line), file));
    for (size_t i = 0; i < ROWS; i++) {
        float numbers[FEATURES + 2];
        assert_non_null(fgets(line, sizeof(line), file));
        char *next = line;
        for (size_t j = 0; j < FEATURES + 2; j++) {
            const uint32_t bits = (uint32_t)strtoul(next, &next, 16);
            memcpy(&numbers[j], &bits, sizeof(bits));
            next++;
        }
        memcpy(out->x + i * FEATURES, numbers, FEATURES * sizeof(float));
        out->margin[i] = numbers[FEATURES];
        out->prediction[i] = numbers[FEATURES + 1];
    }
    (void)fclose(file);
}

static struct tend__forest *load(const char *stem, const char *end)
{
    static char bytes[1 << 16];
    struct tend_error err = {0};
    struct tend__forest *forest = NULL;
    FILE *file = open_golden(stem, end);
    const size_t len = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    assert_tend_ok(tend__forest_load(bytes, len, &forest, &err), &err);
    return forest;
}

static void assert_ulp(float a, float b, int64_t most)
{
    int32_t bits[2];
    memcpy(&bits[0], &a, sizeof(a));
    memcpy(&bits[1], &b, sizeof(b));
    const int64_t d = (int64_t)bits[0] - (int64_t)bits[1];
    if (d > most || d < -most) {
        fail_msg("%.9g, XGBoost %.9g", (double)a, (double)b);
    }
}

static void check(const char *stem, const char *end, const struct golden *golden)
{
    double out[ROWS];
    struct tend_error err = {0};
    struct tend__forest *forest = load(stem, end);
    assert_tend_ok(tend__forest_margin(forest, golden->x, ROWS, FEATURES, out, &err), &err);
    for (size_t i = 0; i < ROWS; i++) {
        assert_ulp((float)out[i], golden->margin[i], 0);
    }
    assert_tend_ok(tend__forest_predict(forest, golden->x, ROWS, FEATURES, out, &err), &err);
    for (size_t i = 0; i < ROWS; i++) {
        assert_ulp((float)out[i], golden->prediction[i], 1);
    }
    tend__forest_free(forest);
}

static void released_models_predict_as_they_did(void **state)
{
    (void)state;
    static struct golden golden;
    for (size_t i = 0; i < sizeof(stems) / sizeof(stems[0]); i++) {
        read_rows(stems[i], &golden);
        check(stems[i], ".json", &golden);
        check(stems[i], ".ubj", &golden);
    }
}

/* Every prefix of a model, and every byte changed: refused or served, and never anything else. */
static void damaged_models_are_refused_or_served(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 16];
    FILE *file = open_golden(stems[4], ".ubj");
    const size_t len = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    const float x[FEATURES] = {0};
    for (size_t i = 0; i < len; i++) {
        const unsigned char old = bytes[i];
        struct tend__forest *forest = NULL;
        double out = 0;
        assert_int_equal(tend__forest_load(bytes, i, &forest, NULL), TEND_ECORRUPT);
        bytes[i] = (unsigned char)(old ^ (1U << i % 8));
        if (tend__forest_load(bytes, len, &forest, NULL) == TEND_OK) {
            const enum tend_code code = tend__forest_predict(forest, x, 1, FEATURES, &out, NULL);
            assert_true(code == TEND_OK || code == TEND_EINVAL); /* another num_feature */
            tend__forest_free(forest);
        }
        bytes[i] = old;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(released_models_predict_as_they_did),
        cmocka_unit_test(damaged_models_are_refused_or_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
