/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eigen.h: eigenvalues and eigenvectors of a symmetric matrix.
 *
 * Householder's reduction to three diagonals, then implicit QL steps: tred2 and tql2 of EISPACK
 * (Martin, Reinsch and Wilkinson 1968; Bowdler, Martin, Reinsch and Wilkinson 1968, Numerische
 * Mathematik 11). Backward stable: eigenvalues are those of a matrix within a few units of the last
 * place of the given one, relative to its norm. O(n^3), and no allocation.
 */
#ifndef TEND_STAT_EIGEN_H
#define TEND_STAT_EIGEN_H

#include <stdbool.h>
#include <stddef.h>

/* `a` is n x n, by rows, and only its lower triangle is read. `values` gets the n eigenvalues,
 * descending. Where has_vectors, row k of `a` becomes the unit eigenvector of values[k], of either
 * sign; otherwise `a` is spoilt. `scratch` holds n numbers. All must be finite. */
void tend__symmetric_eigen(double *a, size_t n, bool has_vectors, double *values, double *scratch);

#endif
