/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frequent.h: the frequent texts of a stream, with bounds that always hold, in bounded memory.
 *
 * J. Misra and D. Gries 1982, "Finding repeated elements" (Sci. Comp. Prog. 2), in the form of D.
 * Anderson, P. Bevan, K. Lang, E. Liberty, L. Rhodes, J. Thaler 2017, "A high-performance algorithm
 * for identifying frequent items in data streams" (IMC; arXiv 1705.07001): counters for at most 3/4
 * of 2^lg_max texts. When there is one more, the median of the counters is taken off all of them,
 * and those that are not above it go. What was taken off, summed up, is the error: the weight of a
 * text lies between its counter and its counter plus that sum, always; of a text without a counter,
 * between 0 and the sum.
 *
 * A-priori error: at most 3.5 / 2^lg_max of the total weight (the published figure; the median
 * proves 8/3 / 2^lg_max). While no more than 3/4 of 2^lg_max different texts have come, everything
 * is exact and does not depend on their order; beyond, the counters do.
 *
 * Texts longer than TEND_FREQUENT_BYTES_MAX are cut there, at the start of a UTF-8 character, and
 * count as one with all that begin like them; one that was read stays whole until it is merged into
 * another sketch. Memory is fixed at birth (230 kB for lg_max 10, of which the system gives what is
 * touched). Bytes are those of Apache DataSketches'
 * frequent_strings_sketch (docs/methods/sketches.md), which knows no such limit.
 */
#ifndef TEND_SKETCH_FREQUENT_H
#define TEND_SKETCH_FREQUENT_H

#include "base/buf.h"
#include "base/column.h"
#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_FREQUENT_LG_MAX 10
#define TEND_FREQUENT_LG_MAX_MIN 3
#define TEND_FREQUENT_LG_MAX_MAX 16
#define TEND_FREQUENT_BYTES_MAX 256
#define TEND_FREQUENT_WEIGHT_MAX (UINT64_C(1) << 62)

struct tend__frequent;

struct tend__frequent_row {
    struct tend__text text; /* borrowed from the sketch until it changes */
    uint64_t low;           /* bounds of the weight; `high` is the estimate of DataSketches */
    uint64_t high;
};

/* lg_max of 3 .. 16; 0 = 10. TEND_EINVAL, TEND_ENOMEM. */
enum tend_code tend__frequent_new(uint32_t lg_max, struct tend__frequent **out,
                                  struct tend_error *err) TEND_NODISCARD;
void tend__frequent_free(struct tend__frequent *frequent);

/* Never allocates. TEND_ELIMIT beyond a total weight of 2^62. A weight of 0 is nothing. */
enum tend_code tend__frequent_add(struct tend__frequent *frequent, const char *bytes, size_t len,
                                  uint64_t weight, struct tend_error *err) TEND_NODISCARD;

/* The valid texts of a column, once each. */
enum tend_code tend__frequent_add_texts(struct tend__frequent *frequent,
                                        const struct tend__column *column, size_t row_count,
                                        struct tend_error *err) TEND_NODISCARD;

/* into = into + from; errors add up. `from` is another sketch. Failures as of adding. */
enum tend_code tend__frequent_merge(struct tend__frequent *into, const struct tend__frequent *from,
                                    struct tend_error *err) TEND_NODISCARD;

uint32_t tend__frequent_lg_max(const struct tend__frequent *frequent);
uint64_t tend__frequent_total(const struct tend__frequent *frequent);
uint64_t tend__frequent_error(const struct tend__frequent *frequent); /* 0: everything is exact */
double tend__frequent_epsilon(uint32_t lg_max);                       /* 3.5 / 2^lg_max */
size_t tend__frequent_count(const struct tend__frequent *frequent);   /* counters in use */
struct tend__frequent_row tend__frequent_of(const struct tend__frequent *frequent,
                                            const char *bytes, size_t len);

/* All rows with `high` above threshold (no false negatives) or, with `sure`, `low` above it (no
 * false positives); the largest first, ties in byte order. The caller frees *out. */
enum tend_code tend__frequent_rows(const struct tend__frequent *frequent, uint64_t threshold,
                                   bool sure, struct tend__frequent_row **out, size_t *count,
                                   struct tend_error *err) TEND_NODISCARD;

/* Appends the form of DataSketches' frequent_strings_sketch, the largest counter first.
 * TEND_ENOMEM, TEND_ELIMIT of the buffer. */
enum tend_code tend__frequent_write(const struct tend__frequent *frequent, struct tend__buf *buf,
                                    struct tend_error *err) TEND_NODISCARD;

/* Reads exactly len bytes of that form, whoever wrote them. TEND_ECORRUPT where they break any of
 * its rules, TEND_ENOMEM; TEND_EUNSUPPORTED for lg_max above 16. */
enum tend_code tend__frequent_read(const void *bytes, size_t len, struct tend__frequent **out,
                                   struct tend_error *err) TEND_NODISCARD;

#endif
