/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drift.h: which columns of a window are distributed differently from the reference, by how much,
 * and how surely.
 *
 * All distances come from the counts of two profiles under one plan. A column has drifted when the
 * difference is sure (Benjamini-Hochberg q-value below `fdr`; the p-values are those of
 * stat/shift_test.h) and may be large (its effect reaches `threshold`: the tolerance, less three
 * standard errors of the effect): with many rows every test rejects, and with few a difference is
 * sure only where it is large. Drift never pages anybody; it explains. docs/methods/drift.md.
 */
#ifndef TEND_JUDGE_DRIFT_H
#define TEND_JUDGE_DRIFT_H

#include "base/column.h"
#include "base/fail.h"

struct tend__profile;

/* Zero values are the defaults. */
struct tend__drift_options {
    double fdr;           /* q-values below it; 0 = .05 */
    double tolerance_w1;  /* numbers and times of day: normalised W1; 0 = .1 */
    double tolerance_js;  /* texts and bools: Jensen-Shannon distance, base 2; 0 = .05 */
    double tolerance_mmd; /* vectors: the effect of drift_vector.h; 0 = .1 */
    size_t row_count_min; /* fewer values on either side give no verdict; 0 = 30 */
};

struct tend__drift_column {
    size_t column_idx;
    enum tend_type type;
    bool drifted;
    bool is_sure;   /* q below `fdr`, whatever the effect */
    bool is_judged; /* false: too few values, or a single cell */
    double p_value; /* 1 where it is not judged */
    double q_value;
    double effect;    /* W1 in standard deviations of the reference, or the Jensen-Shannon distance:
                         less    its mean under no change */
    double tolerance; /* the effect that matters: order columns by effect / tolerance */
    double
        threshold; /* the least effect with which a column has drifted: 0 for a few hundred rows */
    double psi;
    double ks;            /* NaN for texts, as w1 and w1_normalised */
    double w1;            /* in the column's unit */
    double w1_normalised; /* by the reference's standard deviation */
    double js;            /* distance, base 2: 0..1 */
    double hellinger;
    double l_inf;
    double chi2;
    double mmd; /* vectors only, NaN for others, as all other distances are for vectors */
    double null_share_ref; /* nulls, NaN and infinities */
    double null_share_cur;
};

/* A test of many columns at once, which is judged beside them. */
struct tend__drift_test {
    bool is_judged;
    double p_value;
    double effect;
    double tolerance;
    double q_value; /* out, as the next */
    bool drifted;
};

/* q-values and who has drifted: q below `fdr` and an effect of at least the threshold (of a test:
 * above its tolerance). Columns are judged among columns, so that profiles, which have no rows to
 * test, give the same; tests among columns and tests. TEND_ENOMEM. */
enum tend_code tend__drift_decide(const struct tend__drift_options *options,
                                  struct tend__drift_column *columns, size_t column_count,
                                  struct tend__drift_test *tests, size_t test_count,
                                  struct tend_error *err) TEND_NODISCARD;

/* EINVAL where `out` has not one element for each column of the plan (column_count); ETYPE where
 * the plans differ. out[i] is column i. O(all cells). */
enum tend_code tend__drift_compare(const struct tend__profile *ref, const struct tend__profile *cur,
                                   const struct tend__drift_options *options,
                                   struct tend__drift_column *out, size_t column_count,
                                   struct tend_error *err) TEND_NODISCARD;

#endif
