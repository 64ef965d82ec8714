/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.h: how the features of a row become the numbers that a model reads, the same in training
 * and in serving.
 *
 * An encoding is fixed by the training rows and stored with the model. A number is itself; a bool
 * is 0 or 1; a time is its seconds since 1970 UTC; a category is its position in a dictionary,
 * sorted in byte order, of the most frequent values of the training rows. Null, an infinite number
 * and a category that the dictionary has not become NaN, which trees treat as missing.
 */
#ifndef TEND_PROFILE_ENCODE_H
#define TEND_PROFILE_ENCODE_H

#include "base/column.h"
#include "base/fail.h"

#define TEND_ENCODING_FEATURES_MAX 4096
#define TEND_ENCODING_CATEGORIES_MAX 65535

struct tend__encoded_feature {
    char *name;
    bool is_category;
    size_t category_count;
    struct tend__text *categories; /* sorted in byte order, each followed by a zero byte, owned */
    void *lookup;                  /* private to encode.c */
};

struct tend__encoding {
    size_t feature_count;
    struct tend__encoded_feature *features;
};

struct tend__encoding_options {
    const char *const *names; /* feature_count */
    const bool *is_category;  /* feature_count */
    size_t feature_count;
    size_t category_max; /* 0 = 256 */
};

/* The dictionary of each category holds its category_max most frequent texts, ties in byte order. A
 * category may be a text, a bool ("false", "true"), a number (its shortest decimal) or a time (RFC
 * 3339) in the rows. TEND_ENOTFOUND with the nearest name where `rows` lacks a feature; TEND_ETYPE
 * where a text is not said to be a category; TEND_ELIMIT, TEND_ENOMEM. */
enum tend_code tend__encoding_new(const struct tend__batch *rows,
                                  const struct tend__encoding_options *options,
                                  struct tend__encoding **out,
                                  struct tend_error *err) TEND_NODISCARD;

/* An encoding with given dictionaries, for reading one back: add the features in order.
 * `categories` need not be sorted; TEND_ECORRUPT where two are the same. Texts are copied. */
enum tend_code tend__encoding_empty(struct tend__encoding **out,
                                    struct tend_error *err) TEND_NODISCARD;
enum tend_code tend__encoding_append(struct tend__encoding *encoding, const char *name,
                                     bool is_category, const struct tend__text *categories,
                                     size_t category_count, struct tend_error *err) TEND_NODISCARD;
void tend__encoding_free(struct tend__encoding *encoding);

/* out: row_count x feature_count, row-major. TEND_ENOTFOUND where the batch lacks a feature,
 * TEND_ETYPE where a number feature is a text there. */
enum tend_code tend__encode(const struct tend__encoding *encoding, const struct tend__batch *batch,
                            float *out, struct tend_error *err) TEND_NODISCARD;

#endif
