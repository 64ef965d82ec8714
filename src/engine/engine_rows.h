/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_rows.h: the rows of one window, owned, in an order that does not depend on how they
 * arrived.
 *
 * A window collects copies of rows; when it closes, tend__rows_seal() sorts them by time and then
 * by a hash of all they hold, drops rows whose id was seen before, and gives a batch. Everything
 * after that (codes of new categories, training rows, sums) follows this order, so that the same
 * rows in another order give the same bytes.
 *
 * Features become numbers through a tend__codes table a category column: append-only, so that the
 * code of a category never changes over the life of the engine.
 */
#ifndef TEND_ENGINE_ENGINE_ROWS_H
#define TEND_ENGINE_ENGINE_ROWS_H

#include "base/buf.h"
#include "base/column.h"
#include "base/fail.h"

#include <stddef.h>
#include <stdint.h>

#define TEND_WINDOW_ROW_MAX (1U << 24)
#define TEND_CODE_MAX 4096U  /* categories a column; later ones are missing values */
#define TEND_SEEN_WINDOWS 28 /* ids are remembered for this many windows */

/* ---- codes of categories --------------------------------------------------------------------- */

struct tend__codes {
    struct tend__buf heap; /* the keys' bytes */
    uint32_t *offsets;     /* count + 1 */
    uint32_t count;
    size_t cap;
    uint32_t *slots; /* open addressing: code + 1, 0 = empty */
    size_t slot_count;
};

void tend__codes_init(struct tend__codes *codes);
void tend__codes_deinit(struct tend__codes *codes);

/* The code of a key, made where `can_add` and there is room; UINT32_MAX where there is none. */
enum tend_code tend__codes_find(struct tend__codes *codes, const void *key, size_t len,
                                bool can_add, uint32_t *code,
                                struct tend_error *err) TEND_NODISCARD;

/* ---- identities ------------------------------------------------------------------------------ */

/* 64-bit hashes of the ids of one window. */
struct tend__ids {
    uint64_t *slots; /* 0 = empty */
    size_t slot_count;
    size_t count;
};

/* ---- the rows of a window -------------------------------------------------------------------- */

struct tend__store {
    enum tend_type type;
    double *f64;
    int64_t *time_us;
    uint8_t *bools;
    uint8_t *valid;
    uint32_t *text_at; /* offset into heap and length, two numbers a row */
    struct tend__text *text;
    struct tend__buf heap;
};

struct tend__rows {
    const struct tend__field *fields;
    size_t field_count;
    struct tend__store *stores;
    struct tend__column *columns; /* views of the stores after seal */
    size_t row_count;
    size_t cap;
    int64_t start_us;
    uint64_t duplicate_count;
    uint64_t without_id_count; /* of the rows that stayed, where rows have ids */
    bool sealed;
};

enum tend_code tend__rows_new(const struct tend__field *fields, size_t field_count,
                              struct tend__rows **out, struct tend_error *err) TEND_NODISCARD;
void tend__rows_free(struct tend__rows *rows);
void tend__rows_reset(struct tend__rows *rows, int64_t start_us);

/* Copies rows [from, to) of a batch with the same fields. */
enum tend_code tend__rows_add(struct tend__rows *rows, const struct tend__batch *batch, size_t from,
                              size_t to, struct tend_error *err) TEND_NODISCARD;

/* How a window is put in order. */
struct tend__rows_order {
    size_t time_idx;
    size_t id_idx;                /* column of the id; SIZE_MAX: rows have none */
    const struct tend__ids *seen; /* the ids of seen_count windows before this one */
    size_t seen_count;
    struct tend__ids *own; /* receives this window's ids */
};

/* Sorts, drops rows whose id was seen before, and makes the views. */
enum tend_code tend__rows_seal(struct tend__rows *rows, const struct tend__rows_order *order,
                               struct tend_error *err) TEND_NODISCARD;

struct tend__batch tend__rows_batch(const struct tend__rows *rows);

/* One feature of the model's matrix: which column, and how it becomes a number. */
struct tend__feature {
    size_t column_idx;
    bool is_category;
    struct tend__codes codes;
};

/* The features of a model; new categories get codes only where can_add. */
struct tend__features {
    struct tend__feature *features;
    size_t count;
    bool can_add;
};

/* out[row_count x count], row-major: numbers as they are, categories as codes, missing as NaN.
 * `columns` are those of the window, or of its replay. */
enum tend_code tend__rows_matrix(const struct tend__features *features,
                                 const struct tend__column *columns, size_t row_count, float *out,
                                 struct tend_error *err) TEND_NODISCARD;

#endif
