/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drift.c: two profiles column by column: distances from stat's two-sample test, q-values over all
 * columns, verdicts.
 *
 * The effect of a column is its distance with what the sample sizes explain taken out (stat's
 * `excess`), so that a small window is not called far away because it is small.
 */
#include "judge/drift.h"

#include "base/mem.h"
#include "judge/break_rules.h"
#include "judge/drift_vector.h"
#include "profile/profile.h"
#include "stat/multiplicity.h"
#include "stat/shift_test.h"
#include "stat/two_sample.h"

#include <math.h>

#define FDR_DEFAULT 0.05
#define TOLERANCE_DEFAULT 0.1
#define TOLERANCE_JS_DEFAULT 0.05
#define ROWS_DEFAULT 30
#define SPREADS 3.0
/* The Jensen-Shannon distance of a normal variable that moved by a small share of its standard
 * deviation, divided by that share: 1 / sqrt(8 ln 2). */
#define JS_OF_SPREAD 0.42466090014400953

static struct tend__drift_options fill_options(const struct tend__drift_options *given)
{
    struct tend__drift_options o = {0};
    if (given != NULL) {
        o = *given;
    }
    o.fdr = o.fdr > 0 ? o.fdr : FDR_DEFAULT;
    o.tolerance_w1 = o.tolerance_w1 > 0 ? o.tolerance_w1 : TOLERANCE_DEFAULT;
    o.tolerance_js = o.tolerance_js > 0 ? o.tolerance_js : TOLERANCE_JS_DEFAULT;
    o.tolerance_mmd = o.tolerance_mmd > 0 ? o.tolerance_mmd : TOLERANCE_DEFAULT;
    o.row_count_min = o.row_count_min > 0 ? o.row_count_min : ROWS_DEFAULT;
    return o;
}

/* Positions of the cells of an ordered column: NULL for categories. The hour of the day is a
 * circle, but a day's rhythm seldom moves across midnight, so times are compared on the line. */
static const double *positions_of(const struct tend__plan_column *column)
{
    static const double hours[24] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                     12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};
    switch (column->type) {
    case TEND_TYPE_NUMBER:
        return column->cell_positions;
    case TEND_TYPE_TIME:
        return hours;
    case TEND_TYPE_BOOL:
    case TEND_TYPE_TEXT:
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        return NULL;
    }
    return NULL;
}

static void compare_vectors(const struct tend__profile *ref, const struct tend__profile *cur,
                            const struct tend__drift_options *options,
                            struct tend__drift_column *out)
{
    const double none = (double)NAN;
    const uint64_t least = options->row_count_min;
    struct tend__vector_distance distance;
    tend__vector_compare(ref, cur, out->column_idx, &distance);
    out->is_judged = distance.is_there &&
                     tend__profile_value_count(ref, out->column_idx) >= least &&
                     tend__profile_value_count(cur, out->column_idx) >= least;
    out->p_value = out->is_judged ? distance.p_value : 1;
    out->effect = distance.effect;
    out->tolerance = options->tolerance_mmd;
    out->threshold = options->tolerance_mmd;
    out->mmd = distance.mmd;
    out->psi = none;
    out->ks = none;
    out->w1 = none;
    out->w1_normalised = none;
    out->js = none;
    out->hellinger = none;
    out->l_inf = none;
    out->chi2 = none;
}

static void test_column(const struct tend__plan_column *column,
                        const struct tend__column_profile *ref,
                        const struct tend__column_profile *cur, struct tend__shift_test *out)
{
    if (positions_of(column) != NULL) {
        tend__shift_test_ordered(ref->cells, cur->cells, ref->cell_count, out);
    } else if (column->type == TEND_TYPE_TEXT) {
        tend__shift_test_categories(ref->cells, cur->cells, ref->cell_count, out);
    } else {
        tend__shift_test_fixed(ref->cells, cur->cells, ref->cell_count, out);
    }
}

/* By chance the effect comes out lower than the true one by up to SPREADS standard errors: the line
 * is drawn so much below the tolerance, so that what reaches the tolerance is found. */
static double find_threshold(double tolerance, double unit, double m, double n)
{
    return fmax(0.0, tolerance - SPREADS * unit * sqrt(1.0 / m + 1.0 / n));
}

static void compare_column(const struct tend__profile *ref, const struct tend__profile *cur,
                           size_t idx, const struct tend__drift_options *options,
                           struct tend__drift_column *out)
{
    const struct tend__plan_column *column = tend__plan_column(tend__profile_plan(ref), idx);
    const struct tend__column_profile *a = tend__profile_column(ref, idx);
    const struct tend__column_profile *b = tend__profile_column(cur, idx);
    const double *positions = positions_of(column);
    struct tend__two_sample test = {0};
    const uint64_t least = options->row_count_min;
    *out = (struct tend__drift_column){
        .column_idx = idx,
        .type = column->type,
        .p_value = 1,
        .q_value = 1,
        .null_share_ref = tend__break_null_share(ref, idx),
        .null_share_cur = tend__break_null_share(cur, idx),
        .mmd = (double)NAN,
    };
    if (column->type == TEND_TYPE_VECTOR) {
        compare_vectors(ref, cur, options, out);
        return;
    }
    struct tend__shift_test shift = {.p_value = 1};
    if (a->cell_count > 0) {
        tend__two_sample_counts(a->cells, b->cells, positions, a->cell_count, &test);
        test_column(column, a, b, &shift);
    }
    out->is_judged = shift.cell_count > 1 && tend__profile_value_count(ref, idx) >= least &&
                     tend__profile_value_count(cur, idx) >= least;
    out->p_value = out->is_judged ? shift.p_value : 1;
    out->psi = test.psi;
    out->ks = test.ks;
    out->w1 = test.w1;
    out->w1_normalised = test.w1_normalised;
    out->js = test.js;
    out->hellinger = test.hellinger;
    out->l_inf = test.l_inf;
    out->chi2 = test.chi2;
    /* A reference without spread has no normalised W1: any other value is far away. */
    const bool has_w1 = positions != NULL && isfinite(test.excess_w1_normalised);
    out->effect = has_w1 ? test.excess_w1_normalised : test.excess_js;
    out->tolerance = has_w1 ? options->tolerance_w1 : options->tolerance_js;
    out->threshold =
        find_threshold(out->tolerance, has_w1 ? 1.0 : JS_OF_SPREAD, test.ref_count, test.cur_count);
}

enum tend_code tend__drift_decide(const struct tend__drift_options *options,
                                  struct tend__drift_column *columns, size_t column_count,
                                  struct tend__drift_test *tests, size_t test_count,
                                  struct tend_error *err)
{
    const struct tend__drift_options filled = fill_options(options);
    const size_t count = column_count + test_count;
    double *p = NULL;
    size_t *scratch = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(count, sizeof(*p), &p, err));
    TEND_TRY_OUT(tend__mem_new(count, sizeof(*scratch), &scratch, err));
    /* What is not judged is no test: it does not dilute the others. */
    for (size_t i = 0; i < column_count; i++) {
        p[i] = columns[i].is_judged ? columns[i].p_value : (double)NAN;
    }
    tend__bh_qvalues(p, column_count, p, scratch);
    for (size_t i = 0; i < column_count; i++) {
        struct tend__drift_column *column = &columns[i];
        column->q_value = column->is_judged ? p[i] : 1;
        column->is_sure = column->is_judged && p[i] < filled.fdr;
        column->drifted = column->is_sure && column->effect >= column->threshold;
    }
    /* The tests among all; a column's verdict is the same whether there are rows to test or not. */
    for (size_t i = 0; i < count; i++) {
        const bool is_column = i < column_count;
        const bool is_judged = is_column ? columns[i].is_judged : tests[i - column_count].is_judged;
        const double value = is_column ? columns[i].p_value : tests[i - column_count].p_value;
        p[i] = is_judged ? value : (double)NAN;
    }
    tend__bh_qvalues(p, count, p, scratch);
    for (size_t i = 0; i < test_count; i++) {
        struct tend__drift_test *test = &tests[i];
        const double q = p[column_count + i];
        test->q_value = test->is_judged ? q : 1;
        test->drifted = test->is_judged && q < filled.fdr && test->effect > test->tolerance;
    }
out:
    tend__mem_free(scratch);
    tend__mem_free(p);
    return code;
}

enum tend_code tend__drift_compare(const struct tend__profile *ref, const struct tend__profile *cur,
                                   const struct tend__drift_options *options,
                                   struct tend__drift_column *out, size_t column_count,
                                   struct tend_error *err)
{
    const struct tend__drift_options filled = fill_options(options);
    const struct tend__plan *plan = tend__profile_plan(ref);
    if (column_count != tend__plan_column_count(plan)) {
        return TEND_FAIL(err, EINVAL, "room for %zu columns where the plan has %zu", column_count,
                         tend__plan_column_count(plan));
    }
    TEND_TRY(tend__plan_match(plan, tend__profile_plan(cur), err));
    for (size_t i = 0; i < column_count; i++) {
        compare_column(ref, cur, i, &filled, &out[i]);
    }
    return tend__drift_decide(options, out, column_count, NULL, 0, err);
}
