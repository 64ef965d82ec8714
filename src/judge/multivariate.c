/* SPDX-License-Identifier: Apache-2.0 */
/* multivariate.c: principal components and residuals of the numbers, the classifier, and the two
 * rank sums. */
#include "judge/multivariate.h"

#include "base/mem.h"
#include "judge/row_matrix.h"
#include "stat/boost.h"
#include "stat/eigen.h"
#include "stat/rank_sum.h"

#include <math.h>
#include <string.h>

#define ROWS_DEFAULT 4096
#define ROWS_LEAST 2048
#define FEATURES_FULL 64 /* with more features there are fewer rows */
#define ROWS_MIN 60
#define VARIANCE_KEPT 0.65
#define RIDGE 0.02 /* added to the eigenvalues that are inverted: scores are of bins, not exact */
#define SPREAD_MIN 0.05
#define SHARE_MIN 0.05 /* of a column that is named */

/* What the numbers of the reference's learning rows say of each other. */
struct dependence {
    size_t n;          /* numbers */
    double *means;     /* n, as the next two */
    double *scales;    /* 1 / sd; 0 for a number without spread */
    double *values;    /* eigenvalues of the correlations */
    double *vectors;   /* n x n, by rows */
    double *precision; /* n x n: inverse of the correlations plus RIDGE */
    double *z;         /* n: scratch, as the next */
    double *scratch;   /* rows */
    size_t *idx;       /* rows */
    size_t component_count;
};

static size_t row_total(const struct tend__row_matrix *m)
{
    return m->learn_count[0] + m->learn_count[1] + m->judge_count[0] + m->judge_count[1];
}

static enum tend_code new_dependence(struct dependence *d, const struct tend__row_matrix *m,
                                     struct tend_error *err)
{
    const size_t n = m->number_count;
    d->n = n;
    TEND_TRY(tend__mem_new(n, sizeof(double), &d->means, err));
    TEND_TRY(tend__mem_new(n, sizeof(double), &d->scales, err));
    TEND_TRY(tend__mem_new(n, sizeof(double), &d->values, err));
    TEND_TRY(tend__mem_new(n, sizeof(double), &d->z, err));
    TEND_TRY(tend__mem_new(n * n, sizeof(double), &d->vectors, err));
    TEND_TRY(tend__mem_new(n * n, sizeof(double), &d->precision, err));
    TEND_TRY(tend__mem_new(4 * row_total(m), sizeof(double), &d->scratch, err));
    return tend__mem_new(row_total(m), sizeof(*d->idx), &d->idx, err);
}

static void deinit_dependence(struct dependence *d)
{
    tend__mem_free(d->means);
    tend__mem_free(d->scales);
    tend__mem_free(d->values);
    tend__mem_free(d->z);
    tend__mem_free(d->vectors);
    tend__mem_free(d->precision);
    tend__mem_free(d->scratch);
    tend__mem_free(d->idx);
}

static void standardise(const struct dependence *d, const double *scores, double *z)
{
    for (size_t k = 0; k < d->n; k++) {
        z[k] = (scores[k] - d->means[k]) * d->scales[k];
    }
}

static void find_moments(struct dependence *d, const struct tend__row_matrix *m)
{
    const double rows = (double)m->learn_count[0];
    for (size_t i = 0; i < m->learn_count[0]; i++) {
        for (size_t k = 0; k < d->n; k++) {
            const double x = m->scores[i * d->n + k];
            d->means[k] += x / rows;
            d->scales[k] += x * x / rows;
        }
    }
    for (size_t k = 0; k < d->n; k++) {
        const double variance = d->scales[k] - d->means[k] * d->means[k];
        d->scales[k] = variance > SPREAD_MIN * SPREAD_MIN ? 1 / sqrt(variance) : 0;
    }
}

/* Correlations of the learning reference rows, their eigenvectors, and the ridged inverse. */
static void find_dependence(struct dependence *d, const struct tend__row_matrix *m)
{
    const size_t n = d->n;
    const double rows = (double)m->learn_count[0];
    find_moments(d, m);
    for (size_t i = 0; i < m->learn_count[0]; i++) {
        standardise(d, m->scores + i * n, d->z);
        for (size_t k = 0; k < n; k++) {
            const double x = d->z[k] / rows;
            double *row = d->vectors + k * n;
            for (size_t j = 0; j <= k; j++) {
                row[j] += x * d->z[j];
            }
        }
    }
    tend__symmetric_eigen(d->vectors, n, true, d->values, d->z);
    double total = 0;
    double kept = 0;
    for (size_t k = 0; k < n; k++) {
        total += d->values[k] > 0 ? d->values[k] : 0;
    }
    for (size_t k = 0; k < n; k++) {
        const double *v = d->vectors + k * n;
        const double value = d->values[k] > 0 ? d->values[k] : 0;
        d->component_count += kept < VARIANCE_KEPT * total && k + 1 < n ? 1 : 0;
        kept += value;
        for (size_t i = 0; i < n; i++) {
            const double x = v[i] / (value + RIDGE);
            double *row = d->precision + i * n;
            for (size_t j = 0; j < n; j++) {
                row[j] += x * v[j];
            }
        }
    }
}

static double dot(const double *a, const double *b, size_t n)
{
    double sums[4] = {0};
    size_t k = 0;
    for (; k + 4 <= n; k += 4) {
        sums[0] += a[k] * b[k];
        sums[1] += a[k + 1] * b[k + 1];
        sums[2] += a[k + 2] * b[k + 2];
        sums[3] += a[k + 3] * b[k + 3];
    }
    for (; k < n; k++) {
        sums[0] += a[k] * b[k];
    }
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* Names the columns of the largest parts. */
static void name_columns(const struct tend__row_matrix *m, const double *parts, size_t count,
                         struct tend__multivariate_test *out)
{
    double total = 0;
    for (size_t k = 0; k < count; k++) {
        total += parts[k];
    }
    for (size_t k = 0; k < count && total > 0; k++) {
        const double share = parts[k] / total;
        if (share < SHARE_MIN) {
            continue;
        }
        size_t at = out->column_count;
        while (at > 0 && out->columns[at - 1].share < share) {
            at--;
        }
        if (at == TEND_MULTIVARIATE_COLUMNS_MAX) {
            continue;
        }
        const size_t kept = out->column_count < TEND_MULTIVARIATE_COLUMNS_MAX
                                ? out->column_count
                                : TEND_MULTIVARIATE_COLUMNS_MAX - 1;
        memmove(out->columns + at + 1, out->columns + at, (kept - at) * sizeof(*out->columns));
        out->columns[at] =
            (struct tend__multivariate_column){.name = m->columns[k].name, .share = share};
        out->column_count = kept + 1;
    }
}

/* Fills the features behind the columns with the bins of each number's residual given the others;
 * `parts` gets how much its mean square differs between the judging rows of the two sides. All
 * scores become standardised ones. */
static void add_residuals(struct dependence *d, struct tend__row_matrix *m, double *parts)
{
    const size_t n = d->n;
    const size_t total = row_total(m);
    const size_t learn = m->learn_count[0] + m->learn_count[1];
    for (size_t i = 0; i < total; i++) {
        standardise(d, m->scores + i * n, m->scores + i * n);
    }
    for (size_t k = 0; k < n; k++) {
        const double *row = d->precision + k * n;
        double squares[2] = {0};
        for (size_t i = 0; i < total; i++) {
            d->scratch[i] = dot(row, m->scores + i * n, n) / row[k];
            if (i >= learn) {
                squares[i - learn >= m->judge_count[0]] += d->scratch[i] * d->scratch[i];
            }
        }
        tend__bin_numbers(d->scratch, total, learn, d->scratch + total,
                          m->bins + m->column_count + k, m->feature_count);
        parts[k] = fabs(log((squares[1] / (double)m->judge_count[1] + RIDGE) /
                            (squares[0] / (double)m->judge_count[0] + RIDGE)));
    }
}

static void judge_pca(struct dependence *d, const struct tend__row_matrix *m, const double *parts,
                      struct tend__multivariate_test *out)
{
    const size_t n = d->n;
    const size_t learn = m->learn_count[0] + m->learn_count[1];
    const size_t judged = m->judge_count[0] + m->judge_count[1];
    double sums[2] = {0};
    for (size_t i = 0; i < judged; i++) {
        const double *z = m->scores + (learn + i) * n;
        double error = dot(z, z, n);
        for (size_t k = 0; k < d->component_count; k++) {
            const double part = dot(z, d->vectors + k * n, n);
            error -= part * part;
        }
        d->scratch[i] = error > 0 ? error : 0;
        sums[i >= m->judge_count[0]] += d->scratch[i];
    }
    struct tend__rank_sum ranks;
    tend__rank_sum(d->scratch, m->judge_count[0], m->judge_count[1], d->idx, &ranks);
    out->is_there = d->component_count > 0;
    out->auc = ranks.auc;
    out->p_value = out->is_there ? ranks.p_either : 1;
    out->effect = fabs(2 * ranks.auc - 1);
    out->component_count = d->component_count;
    out->error_ref = sums[0] / ((double)m->judge_count[0] * (double)n);
    out->error_cur = sums[1] / ((double)m->judge_count[1] * (double)n);
    name_columns(m, parts, n, out);
}

/* Numbers first: the pca, and the residuals that the classifier sees. */
static enum tend_code judge_numbers(struct tend__row_matrix *m, struct tend__multivariate *out,
                                    struct tend_error *err)
{
    struct dependence d = {0};
    double *parts = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(new_dependence(&d, m, err));
    TEND_TRY_OUT(tend__mem_new(m->number_count, sizeof(*parts), &parts, err));
    find_dependence(&d, m);
    add_residuals(&d, m, parts);
    judge_pca(&d, m, parts, &out->pca);
    out->pca.rows_ref = m->judge_count[0];
    out->pca.rows_cur = m->judge_count[1];
out:
    tend__mem_free(parts);
    deinit_dependence(&d);
    return code;
}

static enum tend_code judge_domain(const struct tend__row_matrix *m,
                                   struct tend__multivariate_test *out, struct tend_error *err)
{
    const size_t learn = m->learn_count[0] + m->learn_count[1];
    const size_t judged = m->judge_count[0] + m->judge_count[1];
    const struct tend__boost_rows learning = {m->bins, learn, m->feature_count};
    const struct tend__boost_rows judging = {m->bins + learn * m->feature_count, judged,
                                             m->feature_count};
    struct tend__boost *boost = NULL;
    uint8_t *labels = NULL;
    double *scores = NULL;
    double *parts = NULL;
    size_t *idx = NULL;
    struct tend__rank_sum ranks;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(learn, 1, &labels, err));
    TEND_TRY_OUT(tend__mem_new(judged, sizeof(*scores), &scores, err));
    TEND_TRY_OUT(tend__mem_new(judged, sizeof(*idx), &idx, err));
    TEND_TRY_OUT(tend__mem_new(m->column_count, sizeof(*parts), &parts, err));
    memset(labels + m->learn_count[0], 1, m->learn_count[1]);
    TEND_TRY_OUT(tend__boost_fit(&learning, labels, NULL, &boost, err));
    tend__boost_score(boost, &judging, scores);
    tend__rank_sum(scores, m->judge_count[0], m->judge_count[1], idx, &ranks);
    const double *gains = tend__boost_gains(boost);
    for (size_t f = 0; f < m->feature_count; f++) {
        parts[f < m->column_count ? f : f - m->column_count] += gains[f];
    }
    out->is_there = true;
    out->auc = ranks.auc;
    out->p_value = ranks.p_greater;
    out->effect = ranks.auc > 0.5 ? 2 * ranks.auc - 1 : 0;
    out->rows_ref = m->judge_count[0];
    out->rows_cur = m->judge_count[1];
    name_columns(m, parts, m->column_count, out);
out:
    tend__boost_free(boost);
    tend__mem_free(parts);
    tend__mem_free(idx);
    tend__mem_free(scores);
    tend__mem_free(labels);
    return code;
}

static size_t default_rows(size_t column_count)
{
    const size_t features = 2 * column_count;
    if (features <= FEATURES_FULL) {
        return ROWS_DEFAULT;
    }
    const size_t rows = ROWS_DEFAULT * FEATURES_FULL / features;
    return rows < ROWS_LEAST ? ROWS_LEAST : rows;
}

enum tend_code tend__multivariate_compare(const struct tend__batch *ref,
                                          const struct tend__batch *cur,
                                          const struct tend__multivariate_options *options,
                                          struct tend__multivariate *out, struct tend_error *err)
{
    static const struct tend__multivariate_options defaults = {0};
    const struct tend__multivariate_options *o = options == NULL ? &defaults : options;
    const struct tend__row_matrix_options shape = {
        .skipped = o->skipped,
        .skipped_count = o->skipped_count,
        .row_max = o->row_max > 0 ? o->row_max : default_rows(ref->column_count),
        .number_max = TEND_MULTIVARIATE_NUMBERS_MAX,
        .seed = o->seed,
    };
    struct tend__row_matrix matrix = {0};
    struct tend__multivariate result = {.domain = {.auc = 0.5, .p_value = 1},
                                        .pca = {.auc = 0.5, .p_value = 1}};
    enum tend_code code = TEND_OK;
    if (ref->row_count < ROWS_MIN || cur->row_count < ROWS_MIN) {
        *out = result;
        return TEND_OK;
    }
    TEND_TRY_OUT(tend__row_matrix_init(&matrix, ref, cur, &shape, err));
    result.column_count = matrix.column_count;
    result.number_count = matrix.number_count;
    if (matrix.number_count >= 2) {
        TEND_TRY_OUT(judge_numbers(&matrix, &result, err));
    }
    if (matrix.column_count >= 2) {
        TEND_TRY_OUT(judge_domain(&matrix, &result.domain, err));
    }
    *out = result;
out:
    tend__row_matrix_deinit(&matrix);
    return code;
}
