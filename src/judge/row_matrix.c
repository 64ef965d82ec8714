/* SPDX-License-Identifier: Apache-2.0 */
/* row_matrix.c: picks columns and rows, and turns cells into bins. */
#include "judge/row_matrix.h"

#include "base/civil.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "sketch/sort_f64.h"
#include "stat/boost.h"
#include "stat/order.h"
#include "stat/special.h"

#include <math.h>
#include <string.h>

#define EDGES_MAX (TEND_BOOST_BINS - 2)
#define EDGE_ROWS_MIN 8 /* learning rows between two edges */
#define CATEGORY_ROWS_MIN 5
#define SORTED_MAX 2048 /* learning rows that edges are taken from */

/* ---- columns ---- */

static bool is_skipped(const struct tend__row_matrix_options *options, const char *name)
{
    for (size_t i = 0; i < options->skipped_count; i++) {
        if (options->skipped[i] != NULL && strcmp(options->skipped[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_value(const struct tend__column *column, size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        if (tend__is_valid(column, i)) {
            return true;
        }
    }
    return false;
}

static bool is_kind(enum tend_type type)
{
    return type == TEND_TYPE_NUMBER || type == TEND_TYPE_BOOL || type == TEND_TYPE_TEXT ||
           type == TEND_TYPE_TIME;
}

/* Numbers come first, then the others, each in the reference's order. */
static void pick_columns(struct tend__row_matrix *out, const struct tend__batch *ref,
                         const struct tend__batch *cur,
                         const struct tend__row_matrix_options *options)
{
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < ref->column_count; i++) {
            const enum tend_type type = ref->columns[i].type;
            const char *name = ref->fields[i].name;
            const size_t at = tend__fields_find(cur->fields, cur->column_count, name);
            if ((type == TEND_TYPE_NUMBER) != (round == 0) || !is_kind(type) || at == SIZE_MAX ||
                cur->columns[at].type != type || is_skipped(options, name) ||
                !has_value(&ref->columns[i], ref->row_count) ||
                !has_value(&cur->columns[at], cur->row_count)) {
                continue;
            }
            out->columns[out->column_count++] = (struct tend__matrix_column){
                .name = name, .type = type, .ref_idx = i, .cur_idx = at};
            if (round == 0 && out->number_count < options->number_max) {
                out->number_count++;
            }
        }
    }
}

/* ---- rows ---- */

/* Which row of which side stands at each place of the matrix. */
struct places {
    const struct tend__batch *sides[2];
    size_t *rows;
    size_t learn_count; /* of both sides */
    size_t count;
};

static bool is_current(const struct tend__row_matrix *matrix, const struct places *places,
                       size_t at)
{
    return at < places->learn_count ? at >= matrix->learn_count[0]
                                    : at - places->learn_count >= matrix->judge_count[0];
}

static void shuffle(size_t *rows, size_t count, struct tend__rng *rng)
{
    for (size_t i = 0; i < count; i++) {
        rows[i] = i;
    }
    for (size_t i = count; i > 1; i--) {
        const size_t j = (size_t)tend__rng_below(rng, i);
        const size_t row = rows[i - 1];
        rows[i - 1] = rows[j];
        rows[j] = row;
    }
}

/* `shuffled` has room for the rows of either side. */
static void place_rows(struct tend__row_matrix *matrix, struct places *places, size_t *shuffled,
                       const struct tend__row_matrix_options *options)
{
    struct tend__rng rng;
    tend__rng_init(&rng, options->seed);
    for (size_t side = 0; side < 2; side++) {
        const size_t all = places->sides[side]->row_count;
        const size_t count = all < options->row_max ? all : options->row_max;
        matrix->learn_count[side] = count / 2;
        matrix->judge_count[side] = count - count / 2;
    }
    places->learn_count = matrix->learn_count[0] + matrix->learn_count[1];
    places->count = places->learn_count + matrix->judge_count[0] + matrix->judge_count[1];
    for (size_t side = 0; side < 2; side++) {
        const size_t learn = matrix->learn_count[side];
        const size_t learn_at = side == 0 ? 0 : matrix->learn_count[0];
        const size_t judge_at = places->learn_count + (side == 0 ? 0 : matrix->judge_count[0]);
        shuffle(shuffled, places->sides[side]->row_count, &rng);
        memcpy(places->rows + learn_at, shuffled, learn * sizeof(*shuffled));
        memcpy(places->rows + judge_at, shuffled + learn,
               matrix->judge_count[side] * sizeof(*shuffled));
    }
}

/* ---- numbers ---- */

/* Edges e_0 < e_1 < ...: a value is in the bin of the number of edges below it. A value of much
 * mass gets an edge on both sides. Gives their number; x is sorted. */
static size_t find_edges(double *x, size_t n, double *edges)
{
    size_t bins = n / EDGE_ROWS_MIN;
    bins = bins > EDGES_MAX ? EDGES_MAX : bins;
    size_t count = 0;
    for (size_t k = 1; k < bins && count < EDGES_MAX; k++) {
        const double edge = x[k * n / bins];
        const double below = nextafter(edge, -(double)INFINITY);
        if (count > 0 && edges[count - 1] >= edge) {
            continue;
        }
        /* Seen twice: the mass of a whole bin stands on it. */
        const bool is_heavy = k + 1 < bins && x[(k + 1) * n / bins] == edge;
        if (is_heavy && count + 1 < EDGES_MAX && below > x[0]) {
            if (count == 0 || edges[count - 1] < below) {
                edges[count++] = below;
            }
        }
        if (edge < x[n - 1]) {
            edges[count++] = edge;
        }
    }
    return count;
}

/* The number of edges below x, by halving over a power of two of them. */
static size_t edges_below(const double *padded, double x)
{
    size_t at = 0;
    for (size_t step = TEND_BOOST_BINS / 2; step > 0; step /= 2) {
        at += padded[at + step - 1] < x ? step : 0;
    }
    return at;
}

void tend__bin_numbers(const double *x, size_t n, size_t learn_count, double *scratch, uint8_t *out,
                       size_t stride)
{
    double edges[TEND_BOOST_BINS];
    uint64_t *sort_room = (uint64_t *)(void *)(scratch + learn_count);
    size_t finite_count = 0;
    const size_t step = learn_count > SORTED_MAX ? learn_count / SORTED_MAX : 1;
    for (size_t i = 0; i < learn_count; i += step) {
        if (isfinite(x[i])) {
            scratch[finite_count++] = x[i] + 0.0;
        }
    }
    tend__sort_f64(scratch, finite_count, sort_room);
    const size_t count = find_edges(scratch, finite_count, edges);
    for (size_t i = count; i < TEND_BOOST_BINS; i++) {
        edges[i] = (double)INFINITY;
    }
    for (size_t i = 0; i < n; i++) {
        out[i * stride] = isnan(x[i]) ? 0 : (uint8_t)(1 + edges_below(edges, x[i]));
    }
}

/* ---- cells ---- */

static void gather_numbers(const struct tend__row_matrix *matrix, const struct places *places,
                           const struct tend__matrix_column *column, double *out)
{
    for (size_t i = 0; i < places->count; i++) {
        const bool current = is_current(matrix, places, i);
        const struct tend__column *from =
            &places->sides[current]->columns[current ? column->cur_idx : column->ref_idx];
        const size_t row = places->rows[i];
        out[i] = tend__is_valid(from, row) ? from->f64[row] : (double)NAN;
    }
}

/* Bools and hours are their own bins. */
static void bin_small(const struct tend__row_matrix *matrix, const struct places *places,
                      const struct tend__matrix_column *column, uint8_t *out)
{
    for (size_t i = 0; i < places->count; i++) {
        const bool current = is_current(matrix, places, i);
        const struct tend__column *from =
            &places->sides[current]->columns[current ? column->cur_idx : column->ref_idx];
        const size_t row = places->rows[i];
        uint8_t bin = 0;
        if (tend__is_valid(from, row) && column->type == TEND_TYPE_BOOL) {
            bin = from->bools[row] != 0 ? 2 : 1;
        } else if (tend__is_valid(from, row)) {
            const int64_t hours = tend__time_floor(from->time_us[row], INT64_C(3600000000));
            bin = (uint8_t)(1 + ((hours % 24) + 24) % 24);
        }
        out[i * matrix->feature_count] = bin;
    }
}

/* A category of the learning rows. */
struct category {
    uint64_t hash;
    uint32_t counts[2]; /* reference, current */
    uint8_t bin;
};

struct categories {
    struct category *slots;
    size_t mask;
    double *shares; /* scratch, as the next: one for each slot */
    size_t *order;
};

static struct category *find_category(const struct categories *categories, uint64_t hash)
{
    size_t at = (size_t)hash & categories->mask;
    while (categories->slots[at].hash != 0 && categories->slots[at].hash != hash) {
        at = (at + 1) & categories->mask;
    }
    return &categories->slots[at];
}

/* 0 for a missing text, which has no category. */
static uint64_t hash_text(const struct tend__row_matrix *matrix, const struct places *places,
                          const struct tend__matrix_column *column, size_t i)
{
    const bool current = is_current(matrix, places, i);
    const struct tend__column *from =
        &places->sides[current]->columns[current ? column->cur_idx : column->ref_idx];
    const size_t row = places->rows[i];
    if (!tend__is_valid(from, row)) {
        return 0;
    }
    const uint64_t hash = tend__hash64(from->text[row].ptr, from->text[row].len, 0);
    return hash == 0 ? 1 : hash;
}

/* Bins 2 .. in ascending order of the share of current rows, each of about as many rows; 1 is for
 * what is rare or unseen. */
static void order_categories(const struct categories *categories, size_t learn_count)
{
    size_t count = 0;
    double rows = 0;
    for (size_t i = 0; i <= categories->mask; i++) {
        struct category *category = &categories->slots[i];
        const uint32_t total = category->counts[0] + category->counts[1];
        category->bin = 1;
        if (total >= CATEGORY_ROWS_MIN) {
            categories->shares[i] = (category->counts[1] + 1.0) / (total + 2.0);
            categories->order[count++] = i;
        }
    }
    tend__order_indices(categories->shares, categories->order, count);
    const double each = (double)learn_count / (TEND_BOOST_BINS - 2);
    for (size_t k = 0; k < count; k++) {
        struct category *category = &categories->slots[categories->order[k]];
        const size_t bin = 2 + (size_t)(rows / each);
        category->bin = (uint8_t)(bin < TEND_BOOST_BINS ? bin : TEND_BOOST_BINS - 1);
        rows += category->counts[0] + category->counts[1];
    }
}

static void bin_texts(const struct tend__row_matrix *matrix, const struct places *places,
                      const struct tend__matrix_column *column, const struct categories *categories,
                      uint8_t *out)
{
    memset(categories->slots, 0, (categories->mask + 1) * sizeof(*categories->slots));
    for (size_t i = 0; i < places->learn_count; i++) {
        const uint64_t hash = hash_text(matrix, places, column, i);
        if (hash != 0) {
            struct category *category = find_category(categories, hash);
            category->hash = hash;
            category->counts[is_current(matrix, places, i)]++;
        }
    }
    order_categories(categories, places->learn_count);
    for (size_t i = 0; i < places->count; i++) {
        const uint64_t hash = hash_text(matrix, places, column, i);
        const struct category *category = hash == 0 ? NULL : find_category(categories, hash);
        out[i * matrix->feature_count] = category == NULL      ? 0
                                         : category->hash == 0 ? 1
                                                               : category->bin;
    }
}

/* ---- scores ---- */

/* The score of a bin is the normal quantile of its middle rank among the learning reference rows;
 * missing is 0. */
static void score_column(struct tend__row_matrix *matrix, size_t column_idx, size_t row_count)
{
    double counts[TEND_BOOST_BINS] = {0};
    double scores[TEND_BOOST_BINS] = {0};
    const uint8_t *bins = matrix->bins + column_idx;
    double total = 0;
    for (size_t i = 0; i < matrix->learn_count[0]; i++) {
        const uint8_t bin = bins[i * matrix->feature_count];
        counts[bin] += 1;
        total += bin > 0 ? 1 : 0;
    }
    double below = 0;
    for (size_t b = 1; b < TEND_BOOST_BINS; b++) {
        scores[b] = tend__normal_quantile((below + counts[b] / 2 + 0.5) / (total + 1));
        below += counts[b];
    }
    for (size_t i = 0; i < row_count; i++) {
        matrix->scores[i * matrix->number_count + column_idx] =
            scores[bins[i * matrix->feature_count]];
    }
}

static enum tend_code fill_columns(struct tend__row_matrix *matrix, const struct places *places,
                                   struct tend_error *err)
{
    struct categories categories = {.mask = 1};
    double *numbers = NULL;
    enum tend_code code = TEND_OK;
    while (categories.mask + 1 < 2 * places->learn_count) {
        categories.mask = 2 * categories.mask + 1;
    }
    TEND_TRY_OUT(
        tend__mem_new(places->count + 3 * places->learn_count, sizeof(*numbers), &numbers, err));
    TEND_TRY_OUT(
        tend__mem_new(categories.mask + 1, sizeof(*categories.slots), &categories.slots, err));
    TEND_TRY_OUT(
        tend__mem_new(categories.mask + 1, sizeof(*categories.shares), &categories.shares, err));
    TEND_TRY_OUT(
        tend__mem_new(categories.mask + 1, sizeof(*categories.order), &categories.order, err));
    for (size_t k = 0; k < matrix->column_count; k++) {
        const struct tend__matrix_column *column = &matrix->columns[k];
        uint8_t *out = matrix->bins + k;
        if (column->type == TEND_TYPE_TEXT) {
            bin_texts(matrix, places, column, &categories, out);
        } else if (column->type == TEND_TYPE_NUMBER) {
            gather_numbers(matrix, places, column, numbers);
            tend__bin_numbers(numbers, places->count, places->learn_count, numbers + places->count,
                              out, matrix->feature_count);
        } else {
            bin_small(matrix, places, column, out);
        }
        if (k < matrix->number_count) {
            score_column(matrix, k, places->count);
        }
    }
out:
    tend__mem_free(categories.order);
    tend__mem_free(categories.shares);
    tend__mem_free(categories.slots);
    tend__mem_free(numbers);
    return code;
}

enum tend_code tend__row_matrix_init(struct tend__row_matrix *out, const struct tend__batch *ref,
                                     const struct tend__batch *cur,
                                     const struct tend__row_matrix_options *options,
                                     struct tend_error *err)
{
    struct places places = {.sides = {ref, cur}};
    size_t *shuffled = NULL;
    enum tend_code code = TEND_OK;
    const size_t most = ref->row_count > cur->row_count ? ref->row_count : cur->row_count;
    *out = (struct tend__row_matrix){0};
    if (ref->row_count < 2 || cur->row_count < 2) {
        return TEND_OK;
    }
    TEND_TRY_OUT(tend__mem_new(ref->column_count, sizeof(*out->columns), &out->columns, err));
    pick_columns(out, ref, cur, options);
    out->feature_count = out->column_count + out->number_count;
    TEND_TRY_OUT(tend__mem_new(2 * options->row_max, sizeof(*places.rows), &places.rows, err));
    TEND_TRY_OUT(tend__mem_new(most, sizeof(*shuffled), &shuffled, err));
    place_rows(out, &places, shuffled, options);
    TEND_TRY_OUT(tend__mem_new(places.count * out->feature_count, 1, &out->bins, err));
    TEND_TRY_OUT(
        tend__mem_new(places.count * out->number_count, sizeof(*out->scores), &out->scores, err));
    TEND_TRY_OUT(fill_columns(out, &places, err));
out:
    tend__mem_free(shuffled);
    tend__mem_free(places.rows);
    return code;
}

void tend__row_matrix_deinit(struct tend__row_matrix *matrix)
{
    tend__mem_free(matrix->columns);
    tend__mem_free(matrix->bins);
    tend__mem_free(matrix->scores);
    *matrix = (struct tend__row_matrix){0};
}
