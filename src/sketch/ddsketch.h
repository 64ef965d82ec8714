/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ddsketch.h: quantiles of numbers of many magnitudes (latencies, money) with a bounded relative
 * error in value, also far out in the tails, where KLL (whose error is in rank) says nothing.
 *
 * C. Masson, J. Rim, H. Lee 2019, "DDSketch: a fast and fully-mergeable quantile sketch with
 * relative-error guarantees" (VLDB 12). A positive x goes to bucket ceil(log_gamma x) with gamma =
 * (1 + alpha) / (1 - alpha); a bucket's value, 2 gamma^i / (gamma + 1), is off by at most alpha of
 * the truth. Negative numbers have buckets of their own by their size, zeros a counter. The
 * logarithm is that of the cubic interpolation of Datadog's sketches: the exponent plus ((6/35 s -
 * 3/5) s + 10/7) s of the significand 1 + s, scaled so that no bucket is wider than gamma: 1 % more
 * buckets than the logarithm proper and no call of log().
 *
 * Memory is fixed: at most bucket_max buckets a sign. Where the values span more, the buckets of
 * the smallest sizes are joined: with 2,048 at alpha = 1 % those more than 17 orders of magnitude
 * below the largest, and the error holds only above them.
 *
 * Everything is a count, so a merge is exact and the bytes depend on the set of values only. NaN
 * and infinities are counted apart and are not written; numbers nearer to 0 than 2.3e-308 are 0.
 *
 * Bytes: the protocol buffer DDSketch of Datadog's libraries (docs/methods/sketches.md).
 */
#ifndef TEND_SKETCH_DDSKETCH_H
#define TEND_SKETCH_DDSKETCH_H

#include "base/buf.h"
#include "base/fail.h"

#include <stddef.h>
#include <stdint.h>

#define TEND_DDSKETCH_ALPHA 0.01
#define TEND_DDSKETCH_BUCKETS 2048
#define TEND_DDSKETCH_BUCKETS_MAX 65536

struct tend__ddsketch;

struct tend__ddsketch_options {
    double alpha;      /* 0.0001 .. 0.5; 0 = 0.01 */
    size_t bucket_max; /* 16 .. 65,536; 0 = 2,048 */
};

/* TEND_EINVAL for options out of range, TEND_ENOMEM. NULL options are the default ones. */
enum tend_code tend__ddsketch_new(const struct tend__ddsketch_options *options,
                                  struct tend__ddsketch **out,
                                  struct tend_error *err) TEND_NODISCARD;
void tend__ddsketch_free(struct tend__ddsketch *sketch);

void tend__ddsketch_add_many(struct tend__ddsketch *sketch, const double *x, size_t n);

/* into = into + from. TEND_EINVAL where their alphas or mappings differ; into is unchanged then.
 * `from` is another sketch. */
enum tend_code tend__ddsketch_merge(struct tend__ddsketch *into, const struct tend__ddsketch *from,
                                    struct tend_error *err) TEND_NODISCARD;

/* The failures of a merge, without it. */
enum tend_code tend__ddsketch_can_merge(const struct tend__ddsketch *into,
                                        const struct tend__ddsketch *from,
                                        struct tend_error *err) TEND_NODISCARD;

double tend__ddsketch_alpha(const struct tend__ddsketch *sketch);
uint64_t tend__ddsketch_count(const struct tend__ddsketch *sketch); /* finite values */
uint64_t tend__ddsketch_not_finite_count(const struct tend__ddsketch *sketch);

/* Within alpha of the value of rank floor(q (count - 1)), 0 the smallest; NaN where there is none
 * or q is not in 0 .. 1. */
double tend__ddsketch_quantile(const struct tend__ddsketch *sketch, double q);

/* Appends the protocol buffer. TEND_ENOMEM, TEND_ELIMIT of the buffer. */
enum tend_code tend__ddsketch_write(const struct tend__ddsketch *sketch, struct tend__buf *buf,
                                    struct tend_error *err) TEND_NODISCARD;

/* Reads exactly len bytes of it, whoever wrote them, with at most bucket_max (0 = 2,048) buckets a
 * sign. TEND_ECORRUPT, TEND_ENOMEM; TEND_EUNSUPPORTED for counts that are not whole, an index
 * offset, and mappings other than the cubic one and the logarithm. */
enum tend_code tend__ddsketch_read(const void *bytes, size_t len, size_t bucket_max,
                                   struct tend__ddsketch **out,
                                   struct tend_error *err) TEND_NODISCARD;

#endif
