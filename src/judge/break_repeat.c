/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_repeat.c: rows that were delivered twice.
 *
 * Some tables have equal rows by nature, and the more rows the more of them: with n rows the chance
 * that a row has a twin grows at most like n. So what the reference has is scaled up where the
 * current rows are more, never down, and the current share must exceed it by much more than its
 * sampling error. Where ids are known no row may share one: there it needs no reference.
 */
#include "judge/break_rules.h"

#include <math.h>

#define REPEAT_TOLERANCE 0.02
#define ALIKE_TOLERANCE 0.08 /* where another break makes rows equal */
#define REPEAT_ERRORS 5.0
#define NATURAL_MAX 0.5 /* a table whose rows mostly repeat by nature says nothing */
#define NATURAL_FACTOR 1.5
#define SAMPLE_MIN 200
#define ID_TOLERANCE 0.005

static double share_of(const struct tend__repeats_result *repeats)
{
    return repeats->sample_count > 0 ? (double)repeats->repeat_count / (double)repeats->sample_count
                                     : 0;
}

/* Whether other breaks were found that make rows equal that would differ. */
static bool makes_rows_alike(const struct tend__break_search *search)
{
    for (size_t i = 0; i < search->found_count; i++) {
        const enum tend__break_kind kind = search->found[i].kind;
        if (kind == TEND_BREAK_NULL_SPIKE || kind == TEND_BREAK_JOIN_FAILURE ||
            kind == TEND_BREAK_DEFAULT_FILL || kind == TEND_BREAK_STUCK ||
            kind == TEND_BREAK_CLIPPING || kind == TEND_BREAK_ROUNDING ||
            kind == TEND_BREAK_MISSING_COLUMN) {
            return true;
        }
    }
    return false;
}

/* Repeats in the current sample beyond what the reference has, in units of the threshold. */
static double repeat_evidence(const struct tend__break_search *search, double *share)
{
    const struct tend__repeats_result *ref = &search->options->ref_repeats;
    const struct tend__repeats_result *cur = &search->options->cur_repeats;
    if (ref->sample_count < SAMPLE_MIN || cur->sample_count < SAMPLE_MIN) {
        return 0;
    }
    const double growth = fmax(1, (double)cur->row_count / (double)ref->row_count);
    const double before = share_of(ref);
    const double natural = growth * before;
    const double now = share_of(cur);
    const double sampling =
        REPEAT_ERRORS * sqrt(now * (1 - now) / (double)cur->sample_count +
                             growth * growth * before * (1 - before) / (double)ref->sample_count);
    const double tolerance = makes_rows_alike(search) ? ALIKE_TOLERANCE : REPEAT_TOLERANCE;
    const double threshold = fmax(fmax(tolerance, sampling), (NATURAL_FACTOR - 1) * natural);
    *share = (now - natural) / (1 - fmin(natural, NATURAL_MAX));
    return natural < NATURAL_MAX ? (now - natural) / threshold : 0;
}

/* Where they begin: as many early ones as come by nature, and one in fifty, are passed over. */
static uint64_t first_row(const struct tend__break_search *search)
{
    const struct tend__repeats_result *cur = &search->options->cur_repeats;
    const double now = share_of(cur);
    const double natural = now > 0 ? fmin(1, share_of(&search->options->ref_repeats) / now) : 0;
    return cur->first_rows[(size_t)fmin(TEND_REPEATS_PARTS, 1 + natural * TEND_REPEATS_PARTS)];
}

enum tend_code tend__break_find_repeats(struct tend__break_search *search, struct tend_error *err)
{
    double share = 0;
    const double evidence = repeat_evidence(search, &share);
    const double id_share = search->options->repeated_id_share;
    const double id_evidence = id_share / ID_TOLERANCE;
    if (!(evidence > 1) && !(id_evidence > 1)) {
        return TEND_OK;
    }
    struct tend__break found =
        tend__break_make(search, TEND_BREAK_DUPLICATE_ROWS, TEND_BREAK_NO_COLUMN);
    found.share = id_evidence > 1 ? id_share : share;
    found.evidence = fmax(evidence, id_evidence);
    found.since_row = first_row(search) + 1;
    return tend__break_add(search, &found, err);
}
