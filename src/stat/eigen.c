/* SPDX-License-Identifier: Apache-2.0 */
/* eigen.c: the two steps of EISPACK, with eigenvectors by rows so that every inner loop runs along
 * memory. */
#include "stat/eigen.h"

#include <float.h>
#include <math.h>

#define QL_STEPS_MAX 50 /* an eigenvalue takes two or three */

/* Makes row i of the lower triangle a Householder vector: zeros left of the diagonal's neighbour.
 * Gives h = |u|^2 / 2, 0 where the row is zero already; the neighbour itself goes to *below. */
static double reflect_row(double *row, size_t i, double *below)
{
    double scale = 0;
    for (size_t k = 0; k < i; k++) {
        scale += fabs(row[k]);
    }
    if (i == 1 || scale == 0) {
        *below = row[i - 1];
        return 0;
    }
    double h = 0;
    for (size_t k = 0; k < i; k++) {
        row[k] /= scale;
        h += row[k] * row[k];
    }
    const double last = row[i - 1];
    const double g = last >= 0 ? -sqrt(h) : sqrt(h);
    *below = scale * g;
    h -= last * g;
    row[i - 1] = last - g;
    return h;
}

/* A := A - u q' - q u' on the lower triangle above row i, whose first i places hold u. The column
 * left of it keeps u / h for the vectors. `e` is scratch for q. */
static void apply_reflection(double *a, size_t n, size_t i, double h, double *e)
{
    double *u = a + i * n;
    for (size_t j = 0; j < i; j++) {
        e[j] = 0;
    }
    for (size_t j = 0; j < i; j++) {
        const double *row = a + j * n;
        double sum = row[j] * u[j];
        for (size_t k = 0; k < j; k++) {
            sum += row[k] * u[k];
            e[k] += row[k] * u[j];
        }
        e[j] += sum;
    }
    double f = 0;
    for (size_t j = 0; j < i; j++) {
        e[j] /= h;
        f += e[j] * u[j];
    }
    const double half = f / (h + h);
    for (size_t j = 0; j < i; j++) {
        e[j] -= half * u[j];
    }
    for (size_t j = 0; j < i; j++) {
        double *row = a + j * n;
        for (size_t k = 0; k <= j; k++) {
            row[k] -= u[j] * e[k] + e[j] * u[k];
        }
    }
}

/* The product Q of the reflections, by its transpose, in place of their vectors. values[i] is the h
 * of row i, and becomes the diagonal. */
static void gather_reflections(double *a, size_t n, double *values)
{
    for (size_t i = 0; i < n; i++) {
        double *u = a + i * n;
        const double h = values[i];
        values[i] = u[i];
        if (h != 0) {
            /* Q := (I - u u' / h) Q on the leading i x i block, Q by its transpose. */
            for (size_t j = 0; j < i; j++) {
                double *row = a + j * n;
                double g = 0;
                for (size_t k = 0; k < i; k++) {
                    g += u[k] * row[k];
                }
                g /= h;
                for (size_t k = 0; k < i; k++) {
                    row[k] -= g * u[k];
                }
            }
        }
        for (size_t k = 0; k < i; k++) {
            u[k] = 0;
            a[k * n + i] = 0;
        }
        u[i] = 1;
    }
}

static void rotate(double *low, double *high, size_t n, double c, double s)
{
    for (size_t k = 0; k < n; k++) {
        const double z = high[k];
        high[k] = s * low[k] + c * z;
        low[k] = c * low[k] - s * z;
    }
}

/* The matrix of three diagonals, and where its eigenvectors are gathered (by rows), or NULL. */
struct diagonals {
    size_t n;
    double *d;
    double *e;
    double *vectors;
};

/* One implicit QL sweep over the block l .. m. */
static void sweep(const struct diagonals *t, size_t l, size_t m)
{
    double *d = t->d;
    double *e = t->e;
    const size_t n = t->n;
    double g = (d[l + 1] - d[l]) / (2 * e[l]);
    double r = hypot(g, 1);
    g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r));
    double s = 1;
    double c = 1;
    double p = 0;
    for (size_t i = m; i > l; i--) {
        const double f = s * e[i - 1];
        const double b = c * e[i - 1];
        r = hypot(f, g);
        e[i] = r;
        if (r == 0) {
            d[i] -= p;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i] - p;
        r = (d[i - 1] - g) * s + 2 * c * b;
        p = s * r;
        d[i] = g + p;
        g = c * r - b;
        if (t->vectors != NULL) {
            rotate(t->vectors + (i - 1) * n, t->vectors + i * n, n, c, s);
        }
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

static void solve_diagonals(const struct diagonals *t)
{
    const double *d = t->d;
    const double *e = t->e;
    for (size_t l = 0; l < t->n; l++) {
        for (int step = 0; step < QL_STEPS_MAX; step++) {
            size_t m = l;
            while (m + 1 < t->n && fabs(e[m]) > DBL_EPSILON * (fabs(d[m]) + fabs(d[m + 1]))) {
                m++;
            }
            if (m == l) {
                break;
            }
            sweep(t, l, m);
        }
    }
}

static void sort_descending(double *a, size_t n, bool has_vectors, double *d)
{
    for (size_t i = 0; i + 1 < n; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < n; j++) {
            best = d[j] > d[best] ? j : best;
        }
        if (best == i) {
            continue;
        }
        const double kept = d[i];
        d[i] = d[best];
        d[best] = kept;
        for (size_t k = 0; has_vectors && k < n; k++) {
            const double value = a[i * n + k];
            a[i * n + k] = a[best * n + k];
            a[best * n + k] = value;
        }
    }
}

void tend__symmetric_eigen(double *a, size_t n, bool has_vectors, double *values, double *scratch)
{
    double *e = scratch;
    for (size_t i = n; i-- > 1;) {
        double below = 0;
        const double h = reflect_row(a + i * n, i, &below);
        if (h != 0) {
            apply_reflection(a, n, i, h, e);
        }
        /* The place of e[i] is free again: e is used below i only. */
        values[i] = h;
        e[i] = below;
    }
    if (n > 0) {
        values[0] = 0;
        e[0] = 0;
    }
    if (has_vectors) {
        gather_reflections(a, n, values);
    } else {
        for (size_t i = 0; i < n; i++) {
            values[i] = a[i * n + i];
        }
    }
    for (size_t i = 1; i < n; i++) {
        e[i - 1] = e[i];
    }
    if (n > 0) {
        e[n - 1] = 0;
    }
    const struct diagonals t = {.n = n, .d = values, .e = e, .vectors = has_vectors ? a : NULL};
    solve_diagonals(&t);
    sort_descending(a, n, has_vectors, values);
}
