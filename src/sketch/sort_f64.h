/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sort_f64.h: sorts doubles as fast as their bits allow.
 *
 * Radix sort by bytes, lowest first, over at most the four highest bytes in which the values
 * differ; what these leave out of order, which is little for most data, is put right by insertion.
 * Where it is not little, the lower bytes are sorted as well. A byte that all values share costs
 * nothing.
 */
#ifndef TEND_SKETCH_SORT_F64_H
#define TEND_SKETCH_SORT_F64_H

#include <stddef.h>
#include <stdint.h>

/* Sorts n < 2^32 doubles, none of them NaN, up; -0 comes before 0. `scratch` has room for 2 n. */
void tend__sort_f64(double *x, size_t n, uint64_t *scratch);

#endif
