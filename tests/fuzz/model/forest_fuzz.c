/* SPDX-License-Identifier: Apache-2.0 */
/* forest_fuzz.c: any bytes as a model: refused, or a forest that predicts, the same in both
 * kernels. */
#include "base/fail.h"
#include "base/mem.h"
#include "model/forest.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define ROWS 9
#define FEATURES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void predict(const struct tend__forest *forest)
{
    static const float numbers[] = {NAN, 0.0F, -0.0F, 1.0F, -1.0F, 3.5F, 1e30F, 16777216.0F, 77.0F};
    const size_t width = tend__forest_feature_count(forest);
    float x[ROWS * FEATURES_MAX];
    double many[ROWS];
    if (width > FEATURES_MAX) {
        return;
    }
    for (size_t i = 0; i < ROWS * width; i++) {
        x[i] = numbers[(i * 7 + i / 5) % TEND_ARRAY_LEN(numbers)];
    }
    TEND_ASSERT(tend__forest_predict(forest, x, ROWS, width, many, NULL) == TEND_OK);
    for (size_t i = 0; i < ROWS; i++) {
        double one = 0;
        TEND_ASSERT(tend__forest_predict(forest, x + i * width, 1, width, &one, NULL) == TEND_OK);
        TEND_ASSERT(memcmp(&one, &many[i], sizeof(one)) == 0 || isnan(one));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct tend__forest *forest = NULL;
    struct tend_error err = {0};
    const enum tend_code code = tend__forest_load(bytes, len, &forest, &err);
    if (code == TEND_OK) {
        predict(forest);
    } else {
        TEND_ASSERT(forest == NULL && err.code == code);
        TEND_ASSERT(code == TEND_ECORRUPT || code == TEND_ELIMIT || code == TEND_EUNSUPPORTED);
    }
    tend__forest_free(forest);
    return 0;
}
