/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_sample.h: a bounded, uniform sample of whole rows, for what counts of single columns do not
 * show: which columns are null together, how numbers are rounded, whether pairs still fit.
 *
 * Every row has a key, a draw of Exp(1) that is a function of the seed, the stream and the row's
 * number in its stream alone; the sample is the row_max rows of the smallest keys (a bottom-k
 * sample: Cohen and Kaplan 2007, "Summarizing data using bottom-k sketches"). So
 *   - each set of row_max rows of the data is equally likely,
 *   - any division of a stream into batches gives the same sample, and so does any division into
 *     parts that are sampled apart, each with its first_row, and merged in any order,
 *   - another order of the rows within a stream gives another sample, as uniform as the first,
 *   - the first m rows of the view, which ascend by key, are a uniform sample of m rows.
 *
 * Keys are made for 1,024 rows at a time, smallest first (Renyi's spacings of exponential order
 * statistics), and only while they are below the largest key in the sample: beyond the first
 * row_max rows most blocks cost one logarithm. A row that is taken costs a copy of its cells;
 * row_max (1 + ln(n / row_max)) of n rows are.
 *
 * Numbers, bools, times and texts are kept; a text as the hash of all its bytes and the first
 * TEND_ROW_SAMPLE_TEXT_MAX of them. Vectors and columns without a type are in the view without
 * values.
 */
#ifndef TEND_PROFILE_ROW_SAMPLE_H
#define TEND_PROFILE_ROW_SAMPLE_H

#include "base/column.h"
#include "base/fail.h"

#define TEND_ROW_SAMPLE_ROWS 4096            /* where the options do not say */
#define TEND_ROW_SAMPLE_ROWS_MAX 65536       /* at most */
#define TEND_ROW_SAMPLE_CELLS_MAX (1u << 21) /* rows x columns: very wide data has fewer rows */
#define TEND_ROW_SAMPLE_TEXT_MAX 256

struct tend__row_sample_options {
    size_t row_max;     /* 0 = TEND_ROW_SAMPLE_ROWS */
    uint64_t seed;      /* the same for samples that are to be merged */
    uint64_t stream;    /* differs between data sets whose samples are to be merged */
    uint64_t first_row; /* the number in its stream of the first row that will be added */
};

struct tend__row_sample;

/* The columns of the sample, found by name in each batch; `options` may be NULL. TEND_ELIMIT where
 * row_max is too large, TEND_ENOMEM. */
enum tend_code tend__row_sample_new(const struct tend__field *fields, size_t field_count,
                                    const struct tend__row_sample_options *options,
                                    struct tend__row_sample **out,
                                    struct tend_error *err) TEND_NODISCARD;
void tend__row_sample_free(struct tend__row_sample *sample); /* NULL is fine */

/* The next rows of the stream. A column that the batch lacks, or has with another type, is null in
 * them; a column that the sample lacks is ignored. Only texts allocate: after TEND_ENOMEM the
 * sample can only be freed. */
enum tend_code tend__row_sample_add(struct tend__row_sample *sample,
                                    const struct tend__batch *batch,
                                    struct tend_error *err) TEND_NODISCARD;

/* Adds the rows of `from`, whose columns are found by name as those of a batch. `from` keeps its
 * rows (its views end). TEND_EINVAL where the seeds differ; after TEND_ENOMEM `into` can only be
 * freed. */
enum tend_code tend__row_sample_merge(struct tend__row_sample *into, struct tend__row_sample *from,
                                      struct tend_error *err) TEND_NODISCARD;

/* The sampled rows, ascending by key: in random order. *out is valid until the sample is changed,
 * merged or freed. */
void tend__row_sample_view(struct tend__row_sample *sample, struct tend__batch *out);

/* Beside the last view: the number of each of its rows in its stream, and for a column of texts the
 * hash of each whole text (NULL for other columns; unspecified where the text is null). */
const uint64_t *tend__row_sample_row_numbers(const struct tend__row_sample *sample);
const uint64_t *tend__row_sample_hashes(const struct tend__row_sample *sample, size_t column_idx);

/* All rows that were added, here and in what was merged. */
uint64_t tend__row_sample_rows_seen(const struct tend__row_sample *sample);

#endif
