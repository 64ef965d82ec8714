/* SPDX-License-Identifier: Apache-2.0 */
/* column_sketches.c: the sketches of a column; see column_sketches.h. */
#include "profile/column_sketches.h"

#include "base/mem.h"

#include <math.h>
#include <stdbool.h>

#define BLOCK 1024
#define COIN_SEED UINT64_C(20261125)

enum tend_code tend__column_sketches_new(struct tend__column_sketches **out, struct tend_error *err)
{
    struct tend__column_sketches *sketches = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*sketches), &sketches, err));
    const enum tend_code code = tend__hll_new(NULL, &sketches->hll, err);
    if (code != TEND_OK) {
        tend__mem_free(sketches);
        return code;
    }
    *out = sketches;
    return TEND_OK;
}

void tend__column_sketches_free(struct tend__column_sketches *sketches)
{
    if (sketches != NULL) {
        tend__hll_free(sketches->hll);
        tend__kll_free(sketches->kll);
        tend__ddsketch_free(sketches->ddsketch);
        tend__frequent_free(sketches->frequent);
        tend__mem_free(sketches);
    }
}

static enum tend_code need_kll(struct tend__column_sketches *sketches, struct tend_error *err)
{
    const struct tend__kll_options options = {.seed = COIN_SEED};
    return sketches->kll != NULL ? TEND_OK : tend__kll_new(&options, &sketches->kll, err);
}

static enum tend_code need_ddsketch(struct tend__column_sketches *sketches, struct tend_error *err)
{
    return sketches->ddsketch != NULL ? TEND_OK
                                      : tend__ddsketch_new(NULL, &sketches->ddsketch, err);
}

static enum tend_code need_frequent(struct tend__column_sketches *sketches, struct tend_error *err)
{
    return sketches->frequent != NULL ? TEND_OK : tend__frequent_new(0, &sketches->frequent, err);
}

enum tend_code tend__column_sketches_meet(struct tend__column_sketches *sketches,
                                          enum tend_type type, struct tend_error *err)
{
    switch (type) {
    case TEND_TYPE_NUMBER:
        TEND_TRY(need_ddsketch(sketches, err));
        return need_kll(sketches, err);
    case TEND_TYPE_TIME:
        return need_kll(sketches, err);
    case TEND_TYPE_TEXT:
        return need_frequent(sketches, err);
    case TEND_TYPE_BOOL:
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return TEND_OK;
}

static void add_numbers(struct tend__column_sketches *sketches, const struct tend__column *column,
                        size_t row_count)
{
    double block[BLOCK];
    size_t count = 0;
    for (size_t i = 0; i < row_count; i++) {
        const double x = column->f64[i] + 0.0;
        block[count] = x;
        count += tend__is_valid(column, i) && isfinite(x) ? 1 : 0;
        if (count == BLOCK || i + 1 == row_count) {
            tend__hll_add_doubles(sketches->hll, block, count);
            tend__kll_add_many(sketches->kll, block, count);
            tend__ddsketch_add_many(sketches->ddsketch, block, count);
            count = 0;
        }
    }
}

static void add_times(struct tend__column_sketches *sketches, const struct tend__column *column,
                      size_t row_count)
{
    double block[BLOCK];
    size_t count = 0;
    tend__hll_add_column(sketches->hll, column, row_count);
    for (size_t i = 0; i < row_count; i++) {
        block[count] = (double)column->time_us[i];
        count += tend__is_valid(column, i) ? 1 : 0;
        if (count == BLOCK || i + 1 == row_count) {
            tend__kll_add_many(sketches->kll, block, count);
            count = 0;
        }
    }
}

void tend__column_sketches_add(struct tend__column_sketches *sketches,
                               const struct tend__column *column, size_t row_count)
{
    enum tend_code code = TEND_OK;
    switch (column->type) {
    case TEND_TYPE_NUMBER:
        add_numbers(sketches, column, row_count);
        break;
    case TEND_TYPE_TIME:
        add_times(sketches, column, row_count);
        break;
    case TEND_TYPE_TEXT:
        tend__hll_add_column(sketches->hll, column, row_count);
        code = tend__frequent_add_texts(sketches->frequent, column, row_count, NULL);
        break;
    case TEND_TYPE_BOOL:
        tend__hll_add_column(sketches->hll, column, row_count);
        break;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    TEND_ASSERT(code == TEND_OK); /* the only failure is a total of 2^62 rows */
}

enum tend_code tend__column_sketches_prepare(struct tend__column_sketches *into,
                                             const struct tend__column_sketches *from,
                                             struct tend_error *err)
{
    if (from->kll != NULL) {
        TEND_TRY(need_kll(into, err));
        if (tend__kll_count(from->kll) > (UINT64_C(1) << 62) - tend__kll_count(into->kll)) {
            return TEND_FAIL(err, ELIMIT, "the merged profile would be of more than 2^62 values");
        }
    }
    if (from->ddsketch != NULL) {
        TEND_TRY(need_ddsketch(into, err));
        TEND_TRY(tend__ddsketch_can_merge(into->ddsketch, from->ddsketch, err));
    }
    if (from->frequent != NULL) {
        TEND_TRY(need_frequent(into, err));
        if (tend__frequent_total(from->frequent) >
            TEND_FREQUENT_WEIGHT_MAX - tend__frequent_total(into->frequent)) {
            return TEND_FAIL(err, ELIMIT, "the merged profile would be of more than 2^62 texts");
        }
    }
    return TEND_OK;
}

void tend__column_sketches_merge(struct tend__column_sketches *into,
                                 const struct tend__column_sketches *from)
{
    enum tend_code code = TEND_OK;
    tend__hll_merge(into->hll, from->hll);
    if (from->kll != NULL) {
        code = tend__kll_merge(into->kll, from->kll, NULL);
    }
    if (from->ddsketch != NULL && code == TEND_OK) {
        code = tend__ddsketch_merge(into->ddsketch, from->ddsketch, NULL);
    }
    if (from->frequent != NULL && code == TEND_OK) {
        code = tend__frequent_merge(into->frequent, from->frequent, NULL);
    }
    TEND_ASSERT(code == TEND_OK); /* what could fail was tried by prepare */
}

/* ---- reading ---- */

static enum tend_code too_large(const char *what, uint32_t size, int size_max,
                                struct tend_error *err)
{
    return TEND_FAIL(err, ECORRUPT, "%s is %u; a profile has at most %d", what, size, size_max);
}

static enum tend_code read_hll(const struct tend__text *bytes,
                               struct tend__column_sketches *sketches, struct tend_error *err)
{
    struct tend__hll *hll = NULL;
    TEND_TRY(tend__hll_read(bytes->ptr, bytes->len, &hll, err));
    tend__hll_free(sketches->hll);
    sketches->hll = hll;
    tend__hll_forget_order(hll);
    return tend__hll_lg_k(hll) <= TEND_COLUMN_HLL_LG_K_MAX
               ? TEND_OK
               : too_large("lg_k of hll", tend__hll_lg_k(hll), TEND_COLUMN_HLL_LG_K_MAX, err);
}

static enum tend_code read_kll(const struct tend__text *bytes,
                               struct tend__column_sketches *sketches, struct tend_error *err)
{
    const struct tend__kll_options options = {.seed = COIN_SEED};
    TEND_TRY(tend__kll_read(bytes->ptr, bytes->len, &options, &sketches->kll, err));
    return tend__kll_k(sketches->kll) <= TEND_COLUMN_KLL_K_MAX
               ? TEND_OK
               : too_large("k of kll", tend__kll_k(sketches->kll), TEND_COLUMN_KLL_K_MAX, err);
}

static enum tend_code read_frequent(const struct tend__text *bytes,
                                    struct tend__column_sketches *sketches, struct tend_error *err)
{
    TEND_TRY(tend__frequent_read(bytes->ptr, bytes->len, &sketches->frequent, err));
    const uint32_t lg_max = tend__frequent_lg_max(sketches->frequent);
    return lg_max <= TEND_COLUMN_FREQUENT_LG_MAX
               ? TEND_OK
               : too_large("lg_max of frequent_items", lg_max, TEND_COLUMN_FREQUENT_LG_MAX, err);
}

static enum tend_code read_ddsketch(const struct tend__text *bytes,
                                    struct tend__column_sketches *sketches, struct tend_error *err)
{
    return tend__ddsketch_read(bytes->ptr, bytes->len, 0, &sketches->ddsketch, err);
}

enum tend_code tend__column_sketches_read(const struct tend__column_sketch_bytes *bytes,
                                          struct tend__column_sketches **out,
                                          struct tend_error *err)
{
    struct tend__column_sketches *sketches = NULL;
    enum tend_code code = TEND_OK;
    if (bytes->hll.ptr == NULL) {
        if (bytes->kll.ptr != NULL || bytes->ddsketch.ptr != NULL || bytes->frequent.ptr != NULL) {
            return TEND_FAIL(err, ECORRUPT, "it has other sketches without hll");
        }
        *out = NULL;
        return TEND_OK;
    }
    TEND_TRY(tend__column_sketches_new(&sketches, err));
    TEND_TRY_OUT(read_hll(&bytes->hll, sketches, err));
    if (bytes->kll.ptr != NULL) {
        TEND_TRY_OUT(read_kll(&bytes->kll, sketches, err));
    }
    if (bytes->ddsketch.ptr != NULL) {
        TEND_TRY_OUT(read_ddsketch(&bytes->ddsketch, sketches, err));
    }
    if (bytes->frequent.ptr != NULL) {
        TEND_TRY_OUT(read_frequent(&bytes->frequent, sketches, err));
    }
    *out = sketches;
    return TEND_OK;
out:
    tend__column_sketches_free(sketches);
    return code == TEND_EUNSUPPORTED ? TEND_ECORRUPT : code;
}
