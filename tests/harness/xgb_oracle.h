/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xgb_oracle.h: XGBoost itself, loaded at run time, as the oracle of the forest's tests and
 * benchmarks.
 *
 * Header only, for one test program each. xgb_load() is false where the library is absent.
 */
#ifndef TEND_TEST_XGB_ORACLE_H
#define TEND_TEST_XGB_ORACLE_H

#include <dirent.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct xgb {
    const char *(*last_error)(void);
    int (*matrix_from_dense)(const char *array, const char *config, void **out);
    int (*matrix_set_info)(void *matrix, const char *field, const char *array);
    int (*matrix_set_texts)(void *matrix, const char *field, const char **texts, uint64_t count);
    int (*matrix_free)(void *matrix);
    int (*booster_new)(void *const *matrices, uint64_t count, void **out);
    int (*booster_set)(void *booster, const char *name, const char *value);
    int (*booster_update)(void *booster, int round, void *matrix);
    int (*booster_save)(void *booster, const char *config, uint64_t *len, const char **bytes);
    int (*booster_load)(void *booster, const void *bytes, uint64_t len);
    int (*booster_predict)(void *booster, void *matrix, const char *config, uint64_t const **shape,
                           uint64_t *dim, float const **out);
    int (*booster_predict_dense)(void *booster, const char *array, const char *config, void *proxy,
                                 uint64_t const **shape, uint64_t *dim, float const **out);
    int (*proxy_new)(void **out);
    int (*booster_free)(void *booster);
};

static inline void xgb_symbol(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    if (symbol == NULL) {
        (void)fprintf(stderr, "no symbol %s\n", name);
        abort();
    }
    memcpy(function, &symbol, sizeof(symbol));
}

static inline bool xgb_load(const char *folder, struct xgb *api)
{
    char path[4096 + 300];
    DIR *entries = opendir(folder);
    if (entries == NULL) {
        return false;
    }
    (void)setenv("OMP_NUM_THREADS", "1", 1);
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (strncmp(entry->d_name, "libgomp", 7) == 0) {
            (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            (void)dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        }
    }
    (void)closedir(entries);
    (void)snprintf(path, sizeof(path), "%s/libxgboost.so", folder);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return false;
    }
    xgb_symbol(library, "XGBGetLastError", &api->last_error);
    xgb_symbol(library, "XGDMatrixCreateFromDense", &api->matrix_from_dense);
    xgb_symbol(library, "XGDMatrixSetInfoFromInterface", &api->matrix_set_info);
    xgb_symbol(library, "XGDMatrixSetStrFeatureInfo", &api->matrix_set_texts);
    xgb_symbol(library, "XGDMatrixFree", &api->matrix_free);
    xgb_symbol(library, "XGBoosterCreate", &api->booster_new);
    xgb_symbol(library, "XGBoosterSetParam", &api->booster_set);
    xgb_symbol(library, "XGBoosterUpdateOneIter", &api->booster_update);
    xgb_symbol(library, "XGBoosterSaveModelToBuffer", &api->booster_save);
    xgb_symbol(library, "XGBoosterLoadModelFromBuffer", &api->booster_load);
    xgb_symbol(library, "XGBoosterPredictFromDMatrix", &api->booster_predict);
    xgb_symbol(library, "XGBoosterPredictFromDense", &api->booster_predict_dense);
    xgb_symbol(library, "XGProxyDMatrixCreate", &api->proxy_new);
    xgb_symbol(library, "XGBoosterFree", &api->booster_free);
    return true;
}

static inline void xgb_check(const struct xgb *api, int failed)
{
    if (failed != 0) {
        (void)fprintf(stderr, "XGBoost: %s\n", api->last_error());
        abort();
    }
}

static inline void xgb_array(char text[256], const float *at, size_t rows, size_t columns)
{
    char shape[64];
    if (columns == 0) {
        (void)snprintf(shape, sizeof(shape), "[%zu]", rows);
    } else {
        (void)snprintf(shape, sizeof(shape), "[%zu,%zu]", rows, columns);
    }
    (void)snprintf(text, 256,
                   "{\"data\":[%zu,true],\"shape\":%s,\"typestr\":\"<f4\",\"version\":3}",
                   (size_t)(uintptr_t)at, shape);
}

/* categories: one flag a feature, or NULL. y: or NULL. */
static inline void *xgb_matrix(const struct xgb *api, const float *x, const float *y, size_t rows,
                               size_t columns, const bool *categories)
{
    char array[256];
    const char *types[256];
    void *matrix = NULL;
    xgb_array(array, x, rows, columns);
    xgb_check(api, api->matrix_from_dense(array, "{\"missing\":NaN,\"nthread\":1}", &matrix));
    for (size_t i = 0; i < columns && i < 256; i++) {
        types[i] = categories != NULL && categories[i] ? "c" : "q";
    }
    xgb_check(api, api->matrix_set_texts(matrix, "feature_type", types, columns));
    if (y != NULL) {
        xgb_array(array, y, rows, 0);
        xgb_check(api, api->matrix_set_info(matrix, "label", array));
    }
    return matrix;
}

#endif
