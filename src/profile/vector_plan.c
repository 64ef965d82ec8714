/* SPDX-License-Identifier: Apache-2.0 */
/* vector_plan.c: a bottom-k sample of distinct vectors, and the covariance of their features. */
#include "profile/vector_plan.h"

#include "base/hash.h"
#include "base/mem.h"
#include "stat/eigen.h"
#include "stat/order.h"

#include <math.h>
#include <string.h>

#define ITEMS_MAX (1u << 22) /* of a sample: 32 MiB */
#define NEIGHBOURS 4         /* each sampled vector is paired with so many others */
#define RANK_SHARE_MIN 1e-12 /* of the largest eigenvalue */

struct tend__vector_sample {
    size_t dim;
    size_t cap;
    size_t count;
    size_t last; /* the position of the largest hash */
    uint64_t *hashes;
    uint64_t *rows;
    double *items;
};

bool tend__vector_row(const struct tend__column *column, size_t row_idx, double *out)
{
    const size_t dim = column->dim;
    const size_t from = row_idx * dim;
    double bad = 0;
    if (column->f64 != NULL) {
        memcpy(out, column->f64 + from, dim * sizeof(*out));
    } else {
        for (size_t k = 0; k < dim; k++) {
            out[k] = (double)column->f32[from + k];
        }
    }
    for (size_t k = 0; k < dim; k++) {
        bad += fabs(out[k]) <= TEND_VECTOR_ITEM_MAX ? 0.0 : 1.0;
    }
    return bad == 0;
}

enum tend_code tend__vector_sample_new(size_t dim, struct tend__vector_sample **out,
                                       struct tend_error *err)
{
    struct tend__vector_sample *sample = NULL;
    enum tend_code code = TEND_OK;
    TEND_ASSERT(dim > 0 && dim <= TEND_VECTOR_DIM_MAX);
    TEND_TRY(tend__mem_new(1, sizeof(*sample), &sample, err));
    sample->dim = dim;
    sample->cap =
        ITEMS_MAX / dim < TEND_VECTOR_SAMPLE_MAX ? ITEMS_MAX / dim : TEND_VECTOR_SAMPLE_MAX;
    TEND_TRY_OUT(tend__mem_new(sample->cap, sizeof(*sample->hashes), &sample->hashes, err));
    TEND_TRY_OUT(tend__mem_new(sample->cap, sizeof(*sample->rows), &sample->rows, err));
    TEND_TRY_OUT(tend__mem_new(sample->cap * dim, sizeof(*sample->items), &sample->items, err));
    *out = sample;
    return TEND_OK;
out:
    tend__vector_sample_free(sample);
    return code;
}

void tend__vector_sample_free(struct tend__vector_sample *sample)
{
    if (sample == NULL) {
        return;
    }
    tend__mem_free(sample->hashes);
    tend__mem_free(sample->rows);
    tend__mem_free(sample->items);
    tend__mem_free(sample);
}

static void find_last(struct tend__vector_sample *sample)
{
    sample->last = 0;
    for (size_t i = 1; i < sample->count; i++) {
        sample->last = sample->hashes[i] > sample->hashes[sample->last] ? i : sample->last;
    }
}

void tend__vector_sample_add(struct tend__vector_sample *sample, const double *x)
{
    const size_t dim = sample->dim;
    const uint64_t hash = tend__hash64(x, dim * sizeof(*x), dim);
    const bool is_full = sample->count == sample->cap;
    if (is_full && hash > sample->hashes[sample->last]) {
        return;
    }
    for (size_t i = 0; i < sample->count; i++) {
        if (sample->hashes[i] == hash) {
            sample->rows[i]++;
            return;
        }
    }
    const size_t at = is_full ? sample->last : sample->count;
    sample->count += is_full ? 0 : 1;
    sample->hashes[at] = hash;
    sample->rows[at] = 1;
    memcpy(sample->items + at * dim, x, dim * sizeof(*x));
    if (sample->count == sample->cap) {
        find_last(sample);
    }
}

/* Positions ascending by hash. */
static void sort_sample(const struct tend__vector_sample *sample, size_t *order)
{
    for (size_t i = 0; i < sample->count; i++) {
        size_t at = i;
        while (at > 0 && sample->hashes[order[at - 1]] > sample->hashes[i]) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

/* The median distance of each vector to its next ones by hash; 1 where there is no pair. */
static double median_distance(const struct tend__vector_sample *sample, const size_t *order,
                              double *distances, size_t *scratch)
{
    size_t n = 0;
    for (size_t i = 0; i < sample->count; i++) {
        for (size_t step = 1; step <= NEIGHBOURS && i + step < sample->count; step++) {
            const double *a = sample->items + order[i] * sample->dim;
            const double *b = sample->items + order[i + step] * sample->dim;
            double sum = 0;
            for (size_t k = 0; k < sample->dim; k++) {
                sum += (a[k] - b[k]) * (a[k] - b[k]);
            }
            distances[n] = sqrt(sum);
            scratch[n] = n;
            n++;
        }
    }
    if (n == 0) {
        return 1;
    }
    tend__order_indices(distances, scratch, n);
    const double width = distances[scratch[n / 2]];
    return isfinite(width) && width >= 1e-100 ? width : 1;
}

/* The covariance of z / sqrt(F) over the rows of the sample, its lower triangle. */
static void find_covariance(const struct tend__vector_sample *sample, const size_t *order,
                            const struct tend__random_features *features, double *scratch,
                            double *covariance)
{
    const size_t f = TEND_FEATURE_COUNT;
    double *z = covariance + f * f;
    double *mean = z + f;
    double rows = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < sample->count; i++) {
            const double weight = (double)sample->rows[order[i]];
            tend__random_features_of(features, sample->items + order[i] * sample->dim, scratch, z);
            if (pass == 0) {
                rows += weight;
                for (size_t k = 0; k < f; k++) {
                    mean[k] += weight * z[k];
                }
                continue;
            }
            for (size_t k = 0; k < f; k++) {
                z[k] -= mean[k];
                const double scaled = weight * z[k];
                double *row = covariance + k * f;
                for (size_t j = 0; j <= k; j++) {
                    row[j] += scaled * z[j];
                }
            }
        }
        for (size_t k = 0; pass == 0 && k < f; k++) {
            mean[k] /= rows;
        }
    }
    const double scale = rows > 1 ? 1 / ((rows - 1) * TEND_FREQUENCY_COUNT) : 0;
    for (size_t i = 0; i < f * f; i++) {
        covariance[i] *= scale;
    }
}

static enum tend_code find_spectrum(const struct tend__vector_sample *sample, const size_t *order,
                                    struct tend__vector_plan *plan, struct tend_error *err)
{
    const size_t f = TEND_FEATURE_COUNT;
    struct tend__random_features *features = NULL;
    double *covariance = NULL;
    double *scratch = NULL;
    double *values = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__random_features_new(sample->dim, plan->width, &features, err));
    TEND_TRY_OUT(tend__mem_new(f * f + 3 * f, sizeof(double), &covariance, err));
    TEND_TRY_OUT(
        tend__mem_new(tend__random_features_scratch(features), sizeof(double), &scratch, err));
    TEND_TRY_OUT(tend__mem_new(f, sizeof(double), &values, err));
    find_covariance(sample, order, features, scratch, covariance);
    tend__symmetric_eigen(covariance, f, false, values, covariance + f * f + 2 * f);
    while (plan->rank < f && values[plan->rank] > RANK_SHARE_MIN * values[0]) {
        plan->rank++;
    }
    plan->spectrum = values;
    values = NULL;
out:
    tend__mem_free(values);
    tend__mem_free(scratch);
    tend__mem_free(covariance);
    tend__random_features_free(features);
    return code;
}

enum tend_code tend__vector_sample_plan(const struct tend__vector_sample *sample,
                                        struct tend__vector_plan *out, struct tend_error *err)
{
    size_t *order = NULL;
    double *distances = NULL;
    struct tend__vector_plan plan = {.dim = (uint32_t)sample->dim};
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(sample->count * (NEIGHBOURS + 1), sizeof(*order), &order, err));
    TEND_TRY_OUT(tend__mem_new(sample->count * NEIGHBOURS, sizeof(*distances), &distances, err));
    sort_sample(sample, order);
    plan.width = median_distance(sample, order, distances, order + sample->count);
    TEND_TRY_OUT(find_spectrum(sample, order, &plan, err));
    *out = plan;
out:
    tend__mem_free(distances);
    tend__mem_free(order);
    return code;
}
