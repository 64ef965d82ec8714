/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kll.h: quantiles of a stream of doubles with a bounded error in rank, in a few kilobytes.
 *
 * Z. Karnin, K. Lang, E. Liberty 2016, "Optimal quantile approximation in streams" (FOCS; arXiv
 * 1603.05346): a stack of sorted levels; an item of level h stands for 2^h values. When the sketch
 * is too full, the lowest level that is over its capacity is halved: every second item, with a
 * random offset, goes up. Capacities shrink by 2/3 a level downwards and are never below 8, as in
 * Apache DataSketches, whose serialised form this reads and writes (docs/methods/sketches.md).
 *
 * Two things make it fast. Values wait in a buffer of 1,024 before they are sorted. And where n is
 * large, one value, drawn at random, stands for each w consecutive ones (the sampler of the paper,
 * section 3.2): w is the largest power of two, 64 at most, for which the sampling has a standard
 * deviation sqrt(w / n) / 2 of at most 1/8 of the error stated below: with the long buffer, which
 * makes up for it, the whole stays within that error. The extremes are always exact.
 *
 * Error: the rank of any value is off by at most tend__kll_rank_error(k, false) of n with a
 * confidence of 99 %, and the difference of two ranks by tend__kll_rank_error(k, true); both are
 * the published fits of Apache DataSketches. Up to 1,023 values everything is exact.
 *
 * Determinism: the same values in the same order, in batches of any size, with the same seed, give
 * the same bytes. Other orders give others. NaN is counted and left out; infinities are values.
 *
 * Memory is fixed at birth: about 75 kB for k = 200. Adding never allocates and never fails.
 */
#ifndef TEND_SKETCH_KLL_H
#define TEND_SKETCH_KLL_H

#include "base/buf.h"
#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_KLL_K 200
#define TEND_KLL_K_MIN 8
#define TEND_KLL_K_MAX 65535

struct tend__kll;

struct tend__kll_options {
    uint32_t k;       /* 8 .. 65535; 0 = 200 */
    uint64_t seed;    /* of the coin */
    bool every_value; /* no sampler: every value goes through the levels */
};

/* TEND_EINVAL for a k out of range, TEND_ENOMEM. NULL options are the default ones. */
enum tend_code tend__kll_new(const struct tend__kll_options *options, struct tend__kll **out,
                             struct tend_error *err) TEND_NODISCARD;
void tend__kll_free(struct tend__kll *kll);

void tend__kll_add(struct tend__kll *kll, double x);
void tend__kll_add_many(struct tend__kll *kll, const double *x, size_t n);

/* into = into + from; the error is that of the smaller k that was in use. `from` is another sketch.
 * TEND_ELIMIT beyond 2^62 values; into is unchanged then. */
enum tend_code tend__kll_merge(struct tend__kll *into, const struct tend__kll *from,
                               struct tend_error *err) TEND_NODISCARD;

uint32_t tend__kll_k(const struct tend__kll *kll);
uint32_t tend__kll_min_k(const struct tend__kll *kll);     /* what the error is that of */
uint64_t tend__kll_count(const struct tend__kll *kll);     /* values without NaN */
uint64_t tend__kll_nan_count(const struct tend__kll *kll); /* not serialised */
double tend__kll_min(const struct tend__kll *kll);         /* exact; NaN where empty */
double tend__kll_max(const struct tend__kll *kll);

/* 2.296 / k^0.9723 for one rank, 2.446 / k^0.9433 for the difference of two (DataSketches' fit of
 * the 99th percentile of the largest error over all ranks). */
double tend__kll_rank_error(uint32_t k, bool is_difference);

/* ---- asking ---- */

/* The items in order with their weights summed up: made once, asked often, not changed by what is
 * added to the sketch afterwards. */
struct tend__kll_view;

enum tend_code tend__kll_view_new(const struct tend__kll *kll, struct tend__kll_view **out,
                                  struct tend_error *err) TEND_NODISCARD;
void tend__kll_view_free(struct tend__kll_view *view);

/* The share of values below x, or at most x where `inclusive`. NaN of an empty sketch or for NaN.
 */
double tend__kll_rank(const struct tend__kll_view *view, double x, bool inclusive);

/* The value at a rank of 0 .. 1: `inclusive` the smallest of which at least that share of the
 * values is at most it, else the smallest of which more is. NaN of an empty sketch, and for ranks
 * out of range. */
double tend__kll_quantile(const struct tend__kll_view *view, double rank, bool inclusive);

/* The values between which the quantile lies with 99 %: those at the rank less and plus the error.
 */
void tend__kll_quantile_bounds(const struct tend__kll_view *view, double rank, double *low,
                               double *high);

/* ---- bytes ---- */

/* Appends the form of DataSketches' kll_doubles_sketch to buf. The sketch is not changed: what
 * waits in its buffer is compacted in a copy. TEND_ENOMEM, TEND_ELIMIT of the buffer. */
enum tend_code tend__kll_write(const struct tend__kll *kll, struct tend__buf *buf,
                               struct tend_error *err) TEND_NODISCARD;

/* Reads exactly len bytes of that form, whoever wrote them. TEND_ECORRUPT where they break any of
 * its rules, TEND_ENOMEM. The options' seed is for the coin from here on; their k is not looked at.
 */
enum tend_code tend__kll_read(const void *bytes, size_t len,
                              const struct tend__kll_options *options, struct tend__kll **out,
                              struct tend_error *err) TEND_NODISCARD;

#endif
