/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c: makes, compares and hashes plans, and checks that a column is one (plan.h says what it
 * must be). */
#include "profile/plan.h"

#include "base/hash.h"
#include "base/mem.h"
#include "profile/plan_inner.h"

#include <math.h>
#include <string.h>

struct tend__plan *tend__plan_ref(struct tend__plan *plan)
{
    atomic_fetch_add_explicit(&plan->ref_count, 1, memory_order_relaxed);
    return plan;
}

static void free_column(struct tend__plan_column *column, struct tend__cell_finder *finder)
{
    tend__mem_free((void *)(uintptr_t)column->name);
    tend__mem_free((void *)(uintptr_t)column->cuts);
    tend__mem_free((void *)(uintptr_t)column->atoms);
    tend__mem_free((void *)(uintptr_t)column->cell_lows);
    tend__mem_free((void *)(uintptr_t)column->cell_highs);
    tend__mem_free((void *)(uintptr_t)column->cell_positions);
    for (size_t i = 0; column->categories != NULL && i < column->category_count; i++) {
        tend__mem_free((void *)(uintptr_t)column->categories[i].ptr);
    }
    tend__mem_free((void *)(uintptr_t)column->categories);
    tend__mem_free(finder->search);
    tend__mem_free(finder->atom_of_bin);
    tend__mem_free(finder->cell_of_bin);
    tend__mem_free(finder->whole_cells);
    tend__text_map_deinit(&finder->map);
    tend__mem_free((void *)(uintptr_t)column->spectrum);
    tend__random_features_free(finder->features);
}

void tend__plan_unref(struct tend__plan *plan)
{
    /* The release here is acquired by whoever takes the count to zero, so that it frees what it
     * sees whole. */
    if (plan == NULL || atomic_fetch_sub_explicit(&plan->ref_count, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (size_t i = 0; plan->columns != NULL && plan->finders != NULL && i < plan->column_count;
         i++) {
        free_column(&plan->columns[i], &plan->finders[i]);
    }
    tend__mem_free(plan->columns);
    tend__mem_free(plan->finders);
    tend__mem_free(plan);
}

static enum tend_code fail_column(const struct tend__plan_source *source, const char *what,
                                  struct tend_error *err)
{
    return TEND_FAIL(err, ECORRUPT, "the plan of column '%.100s': %s", source->name, what);
}

static bool is_minus_infinity(double x)
{
    return isinf(x) && x < 0;
}

static bool is_plus_infinity(double x)
{
    return isinf(x) && x > 0;
}

static bool is_atom(const struct tend__plan_source *source, size_t cell_idx)
{
    return source->cell_lows[cell_idx] == source->cell_highs[cell_idx];
}

static enum tend_code check_cell(const struct tend__plan_source *source, size_t i,
                                 struct tend_error *err)
{
    const double low = source->cell_lows[i];
    const double high = source->cell_highs[i];
    const double position = source->cell_positions[i];
    const bool is_first = i == 0;
    const bool is_last = i + 1 == source->cell_count;
    if (!(low <= high) || is_first != is_minus_infinity(low) || is_last != is_plus_infinity(high) ||
        is_plus_infinity(low) || is_minus_infinity(high)) {
        return fail_column(source, "the bounds of its cells do not ascend", err);
    }
    if (!is_first && low != source->cell_highs[i - 1]) {
        return fail_column(source, "its cells have a gap", err);
    }
    if (is_atom(source, i) && is_atom(source, i - 1)) {
        return fail_column(source, "an atom is listed twice", err);
    }
    if (!isfinite(position) || position < low || position > high) {
        return fail_column(source, "the position of a cell is outside of it", err);
    }
    return TEND_OK;
}

static enum tend_code check_source(const struct tend__plan_source *source, struct tend_error *err)
{
    if (source->name == NULL) {
        return TEND_FAIL(err, ECORRUPT, "a column of the plan has no name");
    }
    if (source->type == TEND_TYPE_NUMBER) {
        if (source->cell_count == 0 || source->cell_count > 2 * TEND_PLAN_BINS_MAX + 1) {
            return fail_column(source, "its number of cells is out of range", err);
        }
        for (size_t i = 0; i < source->cell_count; i++) {
            TEND_TRY(check_cell(source, i, err));
        }
    }
    if (source->type == TEND_TYPE_TEXT) {
        if (source->category_count > TEND_PLAN_CATEGORIES_MAX) {
            return fail_column(source, "it has too many categories", err);
        }
        for (size_t i = 0; i < source->category_count; i++) {
            if (source->categories[i].len > TEND_CATEGORY_BYTES_MAX) {
                return fail_column(source, "a category is too long", err);
            }
        }
    }
    return TEND_OK;
}

static enum tend_code copy_doubles(const double *from, size_t count, const double **out,
                                   struct tend_error *err)
{
    double *copy = NULL;
    TEND_TRY(tend__mem_new(count, sizeof(*copy), &copy, err));
    for (size_t i = 0; i < count; i++) {
        copy[i] = from[i] + 0.0;
    }
    *out = copy;
    return TEND_OK;
}

/* The cuts are where a cell that is no atom ends, but for the last cell. */
static enum tend_code build_cuts(const struct tend__plan_source *source,
                                 struct tend__plan_column *column, struct tend_error *err)
{
    double *cuts = NULL;
    double *atoms = NULL;
    TEND_TRY(tend__mem_new(source->cell_count, sizeof(*cuts), &cuts, err));
    column->cuts = cuts;
    TEND_TRY(tend__mem_new(source->cell_count, sizeof(*atoms), &atoms, err));
    column->atoms = atoms;
    for (size_t i = 0; i + 1 < source->cell_count; i++) {
        const double high = source->cell_highs[i] + 0.0;
        if (is_atom(source, i)) {
            atoms[column->atom_count] = high;
            column->atom_count++;
        } else {
            cuts[column->cut_count] = high;
            column->cut_count++;
        }
    }
    return TEND_OK;
}

static enum tend_code build_whole_cells(const struct tend__plan_column *column,
                                        struct tend__cell_finder *finder, struct tend_error *err)
{
    const double size_max = 1048576;
    double low = 0;
    double high = 0;
    if (column->cut_count > 0) {
        low = floor(column->cuts[0]) - 1;
        high = floor(column->cuts[column->cut_count - 1]) + 1;
    }
    if (low < -size_max || high > size_max || high - low >= TEND_WHOLE_CELLS_MAX) {
        return TEND_OK;
    }
    const size_t count = (size_t)(high - low) + 1;
    uint16_t *cells = NULL;
    TEND_TRY(tend__mem_new(count, sizeof(*cells), &cells, err));
    for (size_t i = 0; i < count; i++) {
        cells[i] = (uint16_t)tend__plan_number_cell(finder, low + (double)i);
    }
    finder->whole_low = low;
    finder->whole_high = high;
    finder->whole_cells = cells;
    return TEND_OK;
}

static enum tend_code build_search(const struct tend__plan_column *column,
                                   struct tend__cell_finder *finder, struct tend_error *err)
{
    size_t count = 1;
    while (count < column->cut_count) {
        count = 2 * count + 1;
    }
    TEND_TRY(tend__mem_new(count, sizeof(*finder->search), &finder->search, err));
    TEND_TRY(tend__mem_new(column->cut_count + 1, sizeof(*finder->atom_of_bin),
                           &finder->atom_of_bin, err));
    TEND_TRY(tend__mem_new(column->cut_count + 1, sizeof(*finder->cell_of_bin),
                           &finder->cell_of_bin, err));
    finder->search_count = count;
    finder->cut_count = column->cut_count;
    finder->atom_count = column->atom_count;
    finder->atoms = column->atoms;
    for (size_t i = 0; i < count; i++) {
        finder->search[i] = i < column->cut_count ? column->cuts[i] : (double)INFINITY;
    }
    size_t atom_idx = 0;
    for (size_t i = 0; i <= column->cut_count; i++) {
        finder->cell_of_bin[i] = (uint32_t)(i + atom_idx);
        finder->atom_of_bin[i] = (double)NAN;
        if (i < column->cut_count && atom_idx < column->atom_count &&
            column->atoms[atom_idx] == column->cuts[i]) {
            finder->atom_of_bin[i] = column->cuts[i];
            atom_idx++;
        }
    }
    return build_whole_cells(column, finder, err);
}

static enum tend_code build_categories(const struct tend__plan_source *source,
                                       struct tend__plan_column *column,
                                       struct tend__cell_finder *finder, struct tend_error *err)
{
    struct tend__text *categories = NULL;
    TEND_TRY(tend__mem_new(source->category_count, sizeof(*categories), &categories, err));
    column->categories = categories;
    for (size_t i = 0; i < source->category_count; i++) {
        char *copy = NULL;
        TEND_TRY(tend__mem_text(source->categories[i].ptr, source->categories[i].len, &copy, err));
        categories[i].ptr = copy;
        categories[i].len = source->categories[i].len;
        column->category_count = i + 1;
    }
    const enum tend_code code =
        tend__text_map_init(&finder->map, categories, source->category_count, err);
    if (code == TEND_ECORRUPT) {
        tend__error_prefix(err, "the plan of column '%.100s'", source->name);
    }
    return code;
}

static enum tend_code build_vectors(const struct tend__plan_source *source,
                                    struct tend__plan_column *column,
                                    struct tend__cell_finder *finder, struct tend_error *err)
{
    column->dim = source->dim;
    if (source->dim == 0) {
        return TEND_OK;
    }
    for (size_t i = 0; i < source->rank; i++) {
        const double before = i == 0 ? (double)INFINITY : source->spectrum[i - 1];
        if (!(source->spectrum[i] > 0 && source->spectrum[i] <= before) ||
            isinf(source->spectrum[i])) {
            return fail_column(source, "its spectrum does not descend to 0", err);
        }
    }
    const enum tend_code code =
        tend__random_features_new(source->dim, source->width, &finder->features, err);
    if (code == TEND_EINVAL || source->rank > TEND_FEATURE_COUNT) {
        return fail_column(source, "its vectors make no sense", err);
    }
    TEND_TRY(code);
    column->width = source->width;
    column->rank = source->rank;
    return copy_doubles(source->spectrum, source->rank, &column->spectrum, err);
}

static enum tend_code build_column(const struct tend__plan_source *source,
                                   struct tend__plan_column *column,
                                   struct tend__cell_finder *finder, struct tend_error *err)
{
    char *name = NULL;
    TEND_TRY(check_source(source, err));
    TEND_TRY(tend__mem_text(source->name, strlen(source->name), &name, err));
    column->name = name;
    column->type = source->type;
    switch (source->type) {
    case TEND_TYPE_NUMBER:
        column->cell_count = source->cell_count;
        TEND_TRY(copy_doubles(source->cell_lows, source->cell_count, &column->cell_lows, err));
        TEND_TRY(copy_doubles(source->cell_highs, source->cell_count, &column->cell_highs, err));
        TEND_TRY(
            copy_doubles(source->cell_positions, source->cell_count, &column->cell_positions, err));
        TEND_TRY(build_cuts(source, column, err));
        return build_search(column, finder, err);
    case TEND_TYPE_TEXT:
        column->cell_count = source->category_count + 1;
        return build_categories(source, column, finder, err);
    case TEND_TYPE_BOOL:
        column->cell_count = 2;
        return TEND_OK;
    case TEND_TYPE_TIME:
        column->cell_count = TEND_HOUR_COUNT;
        return TEND_OK;
    case TEND_TYPE_VECTOR:
        return build_vectors(source, column, finder, err);
    case TEND_TYPE_NULL:
        return TEND_OK;
    }
    return fail_column(source, "its type is unknown", err);
}

static void hash_u64(struct tend__sha256 *sha, uint64_t x)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(x >> (8 * i));
    }
    tend__sha256_add(sha, bytes, sizeof(bytes));
}

static void hash_bytes(struct tend__sha256 *sha, const void *bytes, size_t len)
{
    hash_u64(sha, len);
    tend__sha256_add(sha, bytes, len);
}

static void hash_doubles(struct tend__sha256 *sha, const double *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = 0;
        memcpy(&bits, &x[i], sizeof(bits));
        hash_u64(sha, bits);
    }
}

/* Types go by their names, which are the file's: the enum may be ordered anew. */
static void hash_column(struct tend__sha256 *sha, const struct tend__plan_column *column)
{
    const char *type = tend__type_text(column->type);
    hash_bytes(sha, column->name, strlen(column->name));
    hash_bytes(sha, type, strlen(type));
    hash_u64(sha, column->cell_count);
    if (column->type == TEND_TYPE_NUMBER) {
        hash_doubles(sha, column->cell_lows, column->cell_count);
        hash_doubles(sha, column->cell_highs, column->cell_count);
        hash_doubles(sha, column->cell_positions, column->cell_count);
    }
    if (column->type == TEND_TYPE_VECTOR) {
        hash_u64(sha, column->dim);
        hash_doubles(sha, &column->width, 1);
        hash_doubles(sha, column->spectrum, column->rank);
    }
    for (size_t i = 0; i < column->category_count; i++) {
        hash_bytes(sha, column->categories[i].ptr, column->categories[i].len);
    }
}

static void hash_plan(struct tend__plan *plan)
{
    struct tend__sha256 sha;
    unsigned char digest[TEND_SHA256_SIZE];
    char hex[TEND_SHA256_HEX_SIZE];
    tend__sha256_init(&sha);
    for (size_t i = 0; i < plan->column_count; i++) {
        hash_column(&sha, &plan->columns[i]);
    }
    tend__sha256_end(&sha, digest);
    tend__digest_hex(digest, hex);
    memcpy(plan->id, hex, TEND_PLAN_ID_SIZE - 1);
    plan->id[TEND_PLAN_ID_SIZE - 1] = '\0';
    memcpy(&plan->hash, digest, sizeof(plan->hash));
}

static enum tend_code build_columns(struct tend__plan *plan,
                                    const struct tend__plan_source *sources, size_t count,
                                    struct tend_error *err)
{
    TEND_TRY(tend__mem_new(count, sizeof(*plan->columns), &plan->columns, err));
    TEND_TRY(tend__mem_new(count, sizeof(*plan->finders), &plan->finders, err));
    plan->column_count = count;
    const struct tend__kernel *kernel = tend__kernel_best();
    for (size_t i = 0; i < count; i++) {
        plan->finders[i].kernel = kernel;
        TEND_TRY(build_column(&sources[i], &plan->columns[i], &plan->finders[i], err));
        for (size_t j = 0; j < i; j++) {
            if (strcmp(plan->columns[j].name, plan->columns[i].name) == 0) {
                return TEND_FAIL(err, ECORRUPT, "two columns are named '%.100s'",
                                 plan->columns[i].name);
            }
        }
    }
    hash_plan(plan);
    return TEND_OK;
}

enum tend_code tend__plan_new(const struct tend__plan_source *sources, size_t count,
                              struct tend__plan **out, struct tend_error *err)
{
    if (count == 0 || count > TEND_PLAN_COLUMNS_MAX) {
        return TEND_FAIL(err, ELIMIT, "%zu columns are not in 1..%d", count, TEND_PLAN_COLUMNS_MAX);
    }
    struct tend__plan *plan = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*plan), &plan, err));
    atomic_init(&plan->ref_count, 1);
    const enum tend_code code = build_columns(plan, sources, count, err);
    if (code != TEND_OK) {
        tend__plan_unref(plan);
        return code;
    }
    *out = plan;
    return TEND_OK;
}

size_t tend__plan_column_count(const struct tend__plan *plan)
{
    return plan->column_count;
}

const struct tend__plan_column *tend__plan_column(const struct tend__plan *plan, size_t column_idx)
{
    TEND_ASSERT(column_idx < plan->column_count);
    return &plan->columns[column_idx];
}

size_t tend__plan_find(const struct tend__plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->column_count; i++) {
        if (strcmp(plan->columns[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

uint64_t tend__plan_hash(const struct tend__plan *plan)
{
    return plan->hash;
}

const char *tend__plan_id(const struct tend__plan *plan)
{
    return plan->id;
}

enum tend_code tend__plan_select(const struct tend__plan *plan, size_t column_idx,
                                 struct tend__plan **out, struct tend_error *err)
{
    const struct tend__plan_column *column = tend__plan_column(plan, column_idx);
    const struct tend__plan_source source = {
        .name = column->name,
        .type = column->type,
        .cell_count = column->cell_count,
        .cell_lows = column->cell_lows,
        .cell_highs = column->cell_highs,
        .cell_positions = column->cell_positions,
        .category_count = column->category_count,
        .categories = column->categories,
    };
    return tend__plan_new(&source, 1, out, err);
}

static bool equal_doubles(const double *a, const double *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

static bool equal_categories(const struct tend__plan_column *a, const struct tend__plan_column *b)
{
    for (size_t i = 0; i < a->category_count; i++) {
        if (tend__text_compare(&a->categories[i], &b->categories[i]) != 0) {
            return false;
        }
    }
    return true;
}

static enum tend_code match_columns(const struct tend__plan_column *a,
                                    const struct tend__plan_column *b, struct tend_error *err)
{
    if (strcmp(a->name, b->name) != 0) {
        return TEND_FAIL(err, ETYPE, "the plans differ: column '%.100s' against column '%.100s'",
                         a->name, b->name);
    }
    if (a->type != b->type) {
        return TEND_FAIL(err, ETYPE,
                         "the plans differ: column '%.100s' is %s in one, %s in the other", a->name,
                         tend__type_text(a->type), tend__type_text(b->type));
    }
    if (a->cell_count != b->cell_count || !equal_categories(a, b)) {
        return TEND_FAIL(err, ETYPE, "the plans differ: column '%.100s' counts other %s", a->name,
                         a->type == TEND_TYPE_TEXT ? "categories" : "cells");
    }
    if (a->dim != b->dim) {
        return TEND_FAIL(
            err, ETYPE,
            "the plans differ: the vectors of column '%.100s' have %u items in one, %u "
            "in the other",
            a->name, a->dim, b->dim);
    }
    if (a->width != b->width || a->rank != b->rank ||
        !equal_doubles(a->spectrum, b->spectrum, a->rank)) {
        return TEND_FAIL(err, ETYPE,
                         "the plans differ: column '%.100s' has other vectors in its reference",
                         a->name);
    }
    if (a->type == TEND_TYPE_NUMBER &&
        (!equal_doubles(a->cell_lows, b->cell_lows, a->cell_count) ||
         !equal_doubles(a->cell_highs, b->cell_highs, a->cell_count) ||
         !equal_doubles(a->cell_positions, b->cell_positions, a->cell_count))) {
        return TEND_FAIL(err, ETYPE, "the plans differ: column '%.100s' counts at other cut points",
                         a->name);
    }
    return TEND_OK;
}

enum tend_code tend__plan_match(const struct tend__plan *a, const struct tend__plan *b,
                                struct tend_error *err)
{
    if (a == b) {
        return TEND_OK;
    }
    const size_t count = a->column_count < b->column_count ? a->column_count : b->column_count;
    for (size_t i = 0; i < count; i++) {
        TEND_TRY(match_columns(&a->columns[i], &b->columns[i], err));
    }
    if (a->column_count != b->column_count) {
        const struct tend__plan *longer = a->column_count > count ? a : b;
        return TEND_FAIL(err, ETYPE, "the plans differ: only one has column '%.100s'",
                         longer->columns[count].name);
    }
    return TEND_OK;
}

bool tend__plan_equal(const struct tend__plan *a, const struct tend__plan *b)
{
    return a->hash == b->hash && tend__plan_match(a, b, NULL) == TEND_OK;
}
