/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode.c: builds dictionaries from training rows with the counter of distinct values, and looks
 * rows up in them. A category that is no text in the rows is written as text in small blocks.
 */
#include "profile/encode.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/names.h"
#include "profile/distinct.h"
#include "profile/plan.h"
#include "profile/text_key.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CATEGORY_DEFAULT 256
#define BLOCK_LEN 64

/* Rows of any type seen as texts: the column's own, or written into `bytes`. */
struct text_block {
    char bytes[BLOCK_LEN][TEND_TIME_TEXT_SIZE];
    struct tend__text texts[BLOCK_LEN];
    uint8_t valid[BLOCK_LEN];
    struct tend__column column;
};

static enum tend_code find_column(const struct tend__batch *batch, const char *name, size_t *out,
                                  struct tend_error *err)
{
    for (size_t i = 0; i < batch->column_count; i++) {
        if (strcmp(batch->fields[i].name, name) == 0) {
            *out = i;
            return TEND_OK;
        }
    }
    const char **names = NULL;
    TEND_TRY(tend__mem_new(batch->column_count, sizeof(*names), &names, err));
    for (size_t i = 0; i < batch->column_count; i++) {
        names[i] = batch->fields[i].name;
    }
    const char *nearest = tend__name_nearest(name, names, batch->column_count);
    tend__mem_free(names);
    if (nearest == NULL) {
        return TEND_FAIL(err, ENOTFOUND, "no column has the name of the feature '%.100s'", name);
    }
    return TEND_FAIL(err, ENOTFOUND,
                     "no column has the name of the feature '%.100s' (did you mean '%.100s'?)",
                     name, nearest);
}

static void write_text(const struct tend__column *column, size_t row_idx,
                       char text[TEND_TIME_TEXT_SIZE])
{
    text[0] = '\0';
    if (column->type == TEND_TYPE_NUMBER) {
        tend__number_text(column->f64[row_idx] + 0.0, text);
    } else if (column->type == TEND_TYPE_TIME) {
        tend__time_text(column->time_us[row_idx], text);
    } else if (column->type == TEND_TYPE_BOOL) {
        const char *word = column->bools[row_idx] != 0 ? "true" : "false";
        memcpy(text, word, strlen(word) + 1);
    }
}

/* Rows begin .. begin + count as a text column (count <= BLOCK_LEN); a number that is not finite is
 * absent. */
static void view_texts(const struct tend__column *column, size_t begin, size_t count,
                       struct text_block *block)
{
    block->column = (struct tend__column){.type = TEND_TYPE_TEXT};
    if (column->type == TEND_TYPE_TEXT) {
        block->column.valid = column->valid == NULL ? NULL : column->valid + begin;
        block->column.text = column->text + begin;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        block->valid[i] = tend__is_valid(column, begin + i) && (column->type != TEND_TYPE_NUMBER ||
                                                                isfinite(column->f64[begin + i]))
                              ? 1
                              : 0;
        block->texts[i].ptr = block->bytes[i];
        block->texts[i].len = 0;
        if (block->valid[i] != 0) {
            write_text(column, begin + i, block->bytes[i]);
            block->texts[i].len = strlen(block->bytes[i]);
        }
    }
    block->column.valid = block->valid;
    block->column.text = block->texts;
}

static int compare_texts(const void *a, const void *b)
{
    return tend__text_compare(a, b);
}

/* Takes the most frequent values and appends the feature. */
static enum tend_code append_frequent(struct tend__encoding *encoding, const char *name,
                                      const struct tend__distinct *distinct, size_t category_max,
                                      struct tend_error *err)
{
    struct tend__distinct_value *values = NULL;
    struct tend__text *categories = NULL;
    size_t value_count = 0;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__distinct_values(distinct, &values, &value_count, err));
    TEND_TRY_OUT(tend__mem_new(category_max, sizeof(*categories), &categories, err));
    size_t count = 0;
    for (size_t i = 0; i < value_count && count < category_max; i++) {
        if (!values[i].is_sample) {
            categories[count] = values[i].text;
            count++;
        }
    }
    TEND_TRY_OUT(tend__encoding_append(encoding, name, true, categories, count, err));
out:
    tend__mem_free(values);
    tend__mem_free(categories);
    return code;
}

static enum tend_code learn_categories(struct tend__encoding *encoding, const char *name,
                                       const struct tend__column *column, size_t row_count,
                                       size_t category_max, struct tend_error *err)
{
    struct tend__distinct *distinct = NULL;
    struct text_block block;
    TEND_TRY(tend__distinct_new(true, &distinct, err));
    enum tend_code code = TEND_OK;
    if (column->type != TEND_TYPE_NULL) {
        for (size_t begin = 0; begin < row_count && code == TEND_OK; begin += BLOCK_LEN) {
            const size_t left = row_count - begin;
            const size_t count = left < BLOCK_LEN ? left : BLOCK_LEN;
            view_texts(column, begin, count, &block);
            code = tend__distinct_add_texts(distinct, &block.column, count, err);
        }
    }
    if (code == TEND_OK) {
        code = append_frequent(encoding, name, distinct, category_max, err);
    }
    tend__distinct_free(distinct);
    return code;
}

static enum tend_code refuse_vector(const char *name, const struct tend__column *column,
                                    struct tend_error *err)
{
    if (column->type == TEND_TYPE_VECTOR) {
        return TEND_FAIL(err, ETYPE,
                         "the feature '%.100s' holds vectors: give its items columns of their own",
                         name);
    }
    return TEND_OK;
}

static enum tend_code learn_features(struct tend__encoding *encoding,
                                     const struct tend__batch *rows,
                                     const struct tend__encoding_options *options,
                                     struct tend_error *err)
{
    const size_t category_max =
        options->category_max == 0 ? CATEGORY_DEFAULT : options->category_max;
    for (size_t i = 0; i < options->feature_count; i++) {
        const char *name = options->names[i];
        size_t at = 0;
        TEND_TRY(find_column(rows, name, &at, err));
        const struct tend__column *column = &rows->columns[at];
        TEND_TRY(refuse_vector(name, column, err));
        if (options->is_category[i]) {
            TEND_TRY(learn_categories(encoding, name, column, rows->row_count, category_max, err));
            continue;
        }
        if (column->type == TEND_TYPE_TEXT) {
            return TEND_FAIL(err, ETYPE, "the feature '%.100s' is text: make it a category", name);
        }
        TEND_TRY(tend__encoding_append(encoding, name, false, NULL, 0, err));
    }
    return TEND_OK;
}

enum tend_code tend__encoding_new(const struct tend__batch *rows,
                                  const struct tend__encoding_options *options,
                                  struct tend__encoding **out, struct tend_error *err)
{
    if (options->category_max > TEND_ENCODING_CATEGORIES_MAX) {
        return TEND_FAIL(err, ELIMIT, "category_max %zu is not in 0..%d", options->category_max,
                         TEND_ENCODING_CATEGORIES_MAX);
    }
    struct tend__encoding *encoding = NULL;
    TEND_TRY(tend__encoding_empty(&encoding, err));
    const enum tend_code code = learn_features(encoding, rows, options, err);
    if (code != TEND_OK) {
        tend__encoding_free(encoding);
        return code;
    }
    *out = encoding;
    return TEND_OK;
}

enum tend_code tend__encoding_empty(struct tend__encoding **out, struct tend_error *err)
{
    return tend__mem_new(1, sizeof(**out), out, err);
}

static void free_feature(struct tend__encoded_feature *feature)
{
    struct tend__text_map *map = feature->lookup;
    for (size_t i = 0; feature->categories != NULL && i < feature->category_count; i++) {
        tend__mem_free((void *)(uintptr_t)feature->categories[i].ptr);
    }
    tend__mem_free(feature->categories);
    tend__mem_free(feature->name);
    if (map != NULL) {
        tend__text_map_deinit(map);
    }
    tend__mem_free(map);
}

void tend__encoding_free(struct tend__encoding *encoding)
{
    if (encoding == NULL) {
        return;
    }
    for (size_t i = 0; i < encoding->feature_count; i++) {
        free_feature(&encoding->features[i]);
    }
    tend__mem_free(encoding->features);
    tend__mem_free(encoding);
}

static enum tend_code init_feature(struct tend__encoded_feature *feature, const char *name,
                                   const struct tend__text *categories, size_t category_count,
                                   struct tend_error *err)
{
    struct tend__text_map *map = NULL;
    TEND_TRY(tend__mem_text(name, strlen(name), &feature->name, err));
    TEND_TRY(
        tend__mem_new(category_count, sizeof(*feature->categories), &feature->categories, err));
    for (size_t i = 0; i < category_count; i++) {
        char *copy = NULL;
        if (categories[i].len > TEND_CATEGORY_BYTES_MAX) {
            return TEND_FAIL(err, ECORRUPT,
                             "a category of the feature '%.100s' has %zu bytes, "
                             "more than %d",
                             name, categories[i].len, TEND_CATEGORY_BYTES_MAX);
        }
        TEND_TRY(tend__mem_text(categories[i].ptr, categories[i].len, &copy, err));
        feature->categories[i].ptr = copy;
        feature->categories[i].len = categories[i].len;
        feature->category_count = i + 1;
    }
    if (category_count > 0) {
        qsort(feature->categories, category_count, sizeof(*feature->categories), compare_texts);
    }
    TEND_TRY(tend__mem_new(1, sizeof(*map), &map, err));
    feature->lookup = map;
    return tend__text_map_init(map, feature->categories, category_count, err);
}

enum tend_code tend__encoding_append(struct tend__encoding *encoding, const char *name,
                                     bool is_category, const struct tend__text *categories,
                                     size_t category_count, struct tend_error *err)
{
    const size_t n = encoding->feature_count;
    if (n >= TEND_ENCODING_FEATURES_MAX) {
        return TEND_FAIL(err, ELIMIT, "more than %d features", TEND_ENCODING_FEATURES_MAX);
    }
    if (category_count > TEND_ENCODING_CATEGORIES_MAX) {
        return TEND_FAIL(err, ELIMIT, "the feature '%.100s' has more than %d categories", name,
                         TEND_ENCODING_CATEGORIES_MAX);
    }
    struct tend__encoded_feature feature = {.is_category = is_category};
    enum tend_code code = init_feature(&feature, name, categories, category_count, err);
    if (code == TEND_OK) {
        code = tend__mem_resize(&encoding->features, n + 1, sizeof(feature), err);
    }
    if (code != TEND_OK) {
        free_feature(&feature);
        return code;
    }
    encoding->features[n] = feature;
    encoding->feature_count = n + 1;
    return TEND_OK;
}

static void encode_categories(const struct tend__encoded_feature *feature,
                              const struct tend__column *column, size_t row_count, float *out,
                              size_t stride)
{
    const struct tend__text_map *map = feature->lookup;
    struct text_block block;
    for (size_t begin = 0; begin < row_count; begin += BLOCK_LEN) {
        const size_t left = row_count - begin;
        const size_t count = left < BLOCK_LEN ? left : BLOCK_LEN;
        view_texts(column, begin, count, &block);
        for (size_t i = 0; i < count; i++) {
            uint32_t at = TEND_TEXT_NONE;
            if (tend__is_valid(&block.column, i)) {
                at = tend__text_map_find(map, block.column.text[i].ptr, block.column.text[i].len);
            }
            out[(begin + i) * stride] = at == TEND_TEXT_NONE ? NAN : (float)at;
        }
    }
}

static double number_of(const struct tend__column *column, size_t row_idx)
{
    if (column->type == TEND_TYPE_NUMBER) {
        return column->f64[row_idx];
    }
    if (column->type == TEND_TYPE_BOOL) {
        return column->bools[row_idx] != 0 ? 1 : 0;
    }
    return (double)column->time_us[row_idx] / (double)TEND_US_PER_SECOND;
}

static void encode_numbers(const struct tend__column *column, size_t row_count, float *out,
                           size_t stride)
{
    for (size_t i = 0; i < row_count; i++) {
        float x = NAN;
        if (tend__is_valid(column, i)) {
            x = (float)number_of(column, i);
        }
        out[i * stride] = isfinite(x) ? x : NAN;
    }
}

enum tend_code tend__encode(const struct tend__encoding *encoding, const struct tend__batch *batch,
                            float *out, struct tend_error *err)
{
    const size_t stride = encoding->feature_count;
    for (size_t i = 0; i < encoding->feature_count; i++) {
        const struct tend__encoded_feature *feature = &encoding->features[i];
        size_t at = 0;
        TEND_TRY(find_column(batch, feature->name, &at, err));
        const struct tend__column *column = &batch->columns[at];
        TEND_TRY(refuse_vector(feature->name, column, err));
        if (column->type == TEND_TYPE_NULL) {
            for (size_t j = 0; j < batch->row_count; j++) {
                out[j * stride + i] = NAN;
            }
        } else if (feature->is_category) {
            encode_categories(feature, column, batch->row_count, out + i, stride);
        } else if (column->type == TEND_TYPE_TEXT) {
            return TEND_FAIL(err, ETYPE, "the feature '%.100s' is a number, the column is text",
                             feature->name);
        } else {
            encode_numbers(column, batch->row_count, out + i, stride);
        }
    }
    return TEND_OK;
}
