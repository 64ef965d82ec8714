/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_presence.c: rules about what is there at all: columns, types, nulls, rows.
 *
 * The schema rules are exact: the profile counts rows of absent columns and of other types by
 * itself. The others compare a share or a count with the reference and with the worst of the
 * history.
 */
#include "judge/break_rules.h"

#include <math.h>
#include <string.h>

#define NULL_TOLERANCE 0.05
#define NULL_ERRORS 5.0
#define ROWS_SD 6.0
#define ROWS_SHARE 0.3
#define ROWS_HISTORY_MIN 5

static void name_column(char out[TEND_BREAK_TEXT_SIZE], const char *name)
{
    tend__break_text(out, (struct tend__text){.ptr = name, .len = strlen(name)});
}

enum tend_code tend__break_find_schema_missing(struct tend__break_search *search,
                                               struct tend_error *err)
{
    const uint64_t rows = tend__profile_row_count(search->cur);
    for (size_t i = 0; i < search->column_count; i++) {
        const uint64_t absent = tend__profile_column(search->cur, i)->absent_count;
        if (absent == 0 ||
            (search->options->label_may_be_pending && tend__break_is_label(search, i))) {
            continue;
        }
        struct tend__break found = tend__break_make(search, TEND_BREAK_MISSING_COLUMN, i);
        name_column(found.from, tend__plan_column(search->plan, i)->name);
        found.share = (double)absent / (double)rows;
        found.evidence = (double)absent;
        TEND_TRY(tend__break_add(search, &found, err));
    }
    return TEND_OK;
}

/* The types other than the plan's that were seen, as "text" or "text and time". */
static void name_types(char out[TEND_BREAK_TEXT_SIZE], uint32_t types_seen)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t type = 0; type <= TEND_TYPE_NULL; type++) {
        if ((types_seen >> type & 1U) == 0) {
            continue;
        }
        const char *parts[2] = {len > 0 ? " and " : "", tend__type_text((enum tend_type)type)};
        for (size_t k = 0; k < 2; k++) {
            const size_t part_len = strlen(parts[k]);
            if (len + part_len < TEND_BREAK_TEXT_SIZE) {
                memcpy(out + len, parts[k], part_len + 1);
                len += part_len;
            }
        }
    }
}

enum tend_code tend__break_find_schema_type(struct tend__break_search *search,
                                            struct tend_error *err)
{
    const uint64_t rows = tend__profile_row_count(search->cur);
    for (size_t i = 0; i < search->column_count; i++) {
        const struct tend__column_profile *column = tend__profile_column(search->cur, i);
        if (column->type_changed_count == 0) {
            continue;
        }
        struct tend__break found = tend__break_make(search, TEND_BREAK_TYPE_CHANGE, i);
        name_column(found.from, tend__type_text(tend__plan_column(search->plan, i)->type));
        name_types(found.to, column->types_seen);
        found.share = (double)column->type_changed_count / (double)rows;
        found.evidence = (double)column->type_changed_count;
        TEND_TRY(tend__break_add(search, &found, err));
    }
    return TEND_OK;
}

enum tend_code tend__break_find_schema_new(struct tend__break_search *search,
                                           struct tend_error *err)
{
    const uint64_t rows = tend__profile_row_count(search->cur);
    size_t count = 0;
    const struct tend__new_column *columns = tend__profile_new_columns(search->cur, &count);
    for (size_t i = 0; i < count; i++) {
        struct tend__break found =
            tend__break_make(search, TEND_BREAK_NEW_COLUMN, TEND_BREAK_NO_COLUMN);
        name_column(found.to, columns[i].name);
        found.share = rows > 0 ? (double)columns[i].row_count / (double)rows : 0;
        found.evidence = (double)columns[i].row_count;
        TEND_TRY(tend__break_add(search, &found, err));
    }
    return TEND_OK;
}

static double null_rise(const struct tend__break_search *search, const struct tend__profile *other,
                        size_t column_idx)
{
    return tend__break_null_share(other, column_idx) -
           tend__break_null_share(search->ref, column_idx);
}

enum tend_code tend__break_find_nulls(struct tend__break_search *search, struct tend_error *err)
{
    for (size_t i = 0; i < search->column_count; i++) {
        const double n = (double)tend__profile_column(search->cur, i)->row_count;
        if (n < TEND__BREAK_VALUES_MIN || tend__break_is_label(search, i)) {
            continue;
        }
        const double before = tend__break_null_share(search->ref, i);
        const double now = tend__break_null_share(search->cur, i);
        const double natural = tend__break_natural(search, i, null_rise);
        const double sampling = NULL_ERRORS * sqrt(now * (1 - now) / n);
        const double threshold =
            fmax(sampling, tend__break_threshold(search, NULL_TOLERANCE, natural));
        if (!(now - before > threshold)) {
            continue;
        }
        struct tend__break found = tend__break_make(search, TEND_BREAK_NULL_SPIKE, i);
        found.share = (now - before) / (1 - before);
        found.evidence = (now - before) / threshold;
        TEND_TRY(tend__break_add(search, &found, err));
    }
    return TEND_OK;
}

/* What the number of rows is compared with. */
struct expectation {
    double mean;
    double sd;
    double least;
};

static bool expect_rows(const struct tend__break_options *options, struct expectation *out)
{
    double sum = 0;
    double least = (double)INFINITY;
    for (size_t i = 0; i < options->history_count; i++) {
        const double rows = (double)tend__profile_row_count(options->history[i]);
        sum += rows;
        least = fmin(least, rows);
    }
    const double n = (double)options->history_count;
    double squares = 0;
    for (size_t i = 0; i < options->history_count; i++) {
        const double off = (double)tend__profile_row_count(options->history[i]) - sum / n;
        squares += off * off;
    }
    if (options->expected_rows > 0) {
        /* The caller knows the season: the history's least day may be of another one. */
        *out = (struct expectation){.mean = options->expected_rows,
                                    .sd = options->expected_rows_sd,
                                    .least = options->expected_rows};
        return true;
    }
    if (options->history_count < ROWS_HISTORY_MIN) {
        return false;
    }
    *out = (struct expectation){.mean = sum / n, .sd = sqrt(squares / (n - 1)), .least = least};
    return true;
}

enum tend_code tend__break_find_missing_rows(struct tend__break_search *search,
                                             struct tend_error *err)
{
    struct expectation expected = {0};
    if (!expect_rows(search->options, &expected)) {
        return TEND_OK;
    }
    const double rows = (double)tend__profile_row_count(search->cur);
    const double gap = fmax(ROWS_SHARE * expected.mean, ROWS_SD * expected.sd);
    const double threshold = fmax(gap, expected.mean - (1 - ROWS_SHARE) * expected.least);
    /* A spread so wide that no count is too low still leaves the empty window. */
    if (!(expected.mean > 0) || !(expected.mean - rows > fmin(threshold, 0.99 * expected.mean))) {
        return TEND_OK;
    }
    struct tend__break found =
        tend__break_make(search, TEND_BREAK_MISSING_ROWS, TEND_BREAK_NO_COLUMN);
    found.share = 1 - rows / expected.mean;
    found.evidence = (expected.mean - rows) / fmin(threshold, 0.99 * expected.mean);
    return tend__break_add(search, &found, err);
}
