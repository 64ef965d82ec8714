/* SPDX-License-Identifier: Apache-2.0 */
/* ddsketch_inner.h: a DDSketch as the files of this folder see it. */
#ifndef TEND_SKETCH_DDSKETCH_INNER_H
#define TEND_SKETCH_DDSKETCH_INNER_H

#include "sketch/ddsketch.h"

/* As the protocol buffer numbers them. */
enum tend__ddsketch_mapping { TEND_DDSKETCH_LOG = 0, TEND_DDSKETCH_CUBIC = 3 };

/* counts[i] is of bucket base + i; where buckets were joined, counts[0] is of all below it too. */
struct tend__ddsketch_store {
    uint64_t *counts; /* bucket_max */
    int32_t base;
    uint64_t total;
};

struct tend__ddsketch {
    double gamma;
    double multiplier; /* of the binary logarithm that the mapping has */
    double smallest;   /* what is at most as large is 0 */
    enum tend__ddsketch_mapping mapping;
    size_t bucket_max;
    struct tend__ddsketch_store positive;
    struct tend__ddsketch_store negative;
    uint64_t zero_count;
    uint64_t not_finite_count;
};

/* Sets what follows from alpha. */
void tend__ddsketch_set_mapping(struct tend__ddsketch *sketch, double alpha,
                                enum tend__ddsketch_mapping mapping);

void tend__ddsketch_store_add(const struct tend__ddsketch *sketch,
                              struct tend__ddsketch_store *store, int32_t bucket, uint64_t count);

/* The first and the last bucket that is not empty, as places in counts; only where total > 0. */
void tend__ddsketch_store_range(const struct tend__ddsketch *sketch,
                                const struct tend__ddsketch_store *store, size_t *first,
                                size_t *last);

#endif
