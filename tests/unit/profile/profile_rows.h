/* SPDX-License-Identifier: Apache-2.0 */
/* profile_rows.h: random rows of every type, and the bytes of a profile's table, for the tests of
 * profiles. */
#ifndef TEND_TEST_PROFILE_ROWS_H
#define TEND_TEST_PROFILE_ROWS_H

#include "base/buf.h"
#include "base/column.h"
#include "base/rng.h"
#include "profile/profile.h"

#define ROWS_MAX 6000
#define ROWS_COLUMNS 7

enum rows_column {
    ROWS_DELAY,  /* small whole numbers, some null */
    ROWS_AMOUNT, /* any doubles: NaN, infinities, both zeros, huge and tiny; some null */
    ROWS_FLAG,
    ROWS_CODE, /* few texts, empty and long ones among them */
    ROWS_ID,   /* many texts */
    ROWS_AT,
    ROWS_EMPTY /* no type */
};

struct profile_row {
    double delay;
    double amount;
    uint8_t flag;
    char code[24];
    char id[24];
    int64_t at;
    uint8_t valid[ROWS_COLUMNS];
};

/* Rows, and their columns as a batch sees them. */
struct profile_rows {
    size_t count;
    struct profile_row rows[ROWS_MAX];
    double delay[ROWS_MAX];
    double amount[ROWS_MAX];
    uint8_t flag[ROWS_MAX];
    struct tend__text code[ROWS_MAX];
    struct tend__text id[ROWS_MAX];
    int64_t at[ROWS_MAX];
    uint8_t valid[ROWS_COLUMNS][ROWS_MAX];
    struct tend__column columns[ROWS_COLUMNS]; /* of the last view */
};

extern const struct tend__field rows_fields[ROWS_COLUMNS];

void rows_fill(struct profile_rows *rows, uint64_t seed, size_t count);
void rows_shuffle(struct profile_rows *rows, struct tend__rng *rng);

/* Rows begin .. begin + count as a batch, valid until the next view. */
struct tend__batch rows_view(struct profile_rows *rows, size_t begin, size_t count);

/* A plan from the rows in batches of random lengths; fails the test where that fails. */
struct tend__plan *rows_plan(struct profile_rows *rows, struct tend__rng *rng);
/* The profile of rows begin .. begin + count, in batches of random lengths. */
struct tend__profile *rows_profile(struct profile_rows *rows, struct tend__plan *plan, size_t begin,
                                   size_t count, struct tend__rng *rng);

/* Everything that an Arrow array says, as bytes: equal tables give equal bytes. */
void table_bytes(const struct tend_arrow_schema *schema, const struct tend_arrow_array *array,
                 struct tend__buf *out);
void profile_bytes(const struct tend__profile *profile, struct tend__buf *out);

#endif
