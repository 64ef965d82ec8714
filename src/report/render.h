/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render.h: numbers, tables, sparklines and colours as people read them.
 *
 * A table is filled cell by cell and printed once, to a terminal (aligned by display width,
 * coloured where the terminal is) or as HTML; so both show the same. Errors stick, as in
 * base/buf.h: after one, adding does nothing and tend__table_code() tells.
 */
#ifndef TEND_REPORT_RENDER_H
#define TEND_REPORT_RENDER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_TABLE_COLUMN_MAX 32
#define TEND_TABLE_CELL_MAX ((size_t)4 << 20)
#define TEND_NUMBER_TEXT_SIZE 48

enum tend__tint {
    TEND_TINT_PLAIN,
    TEND_TINT_BOLD,
    TEND_TINT_DIM,
    TEND_TINT_GOOD,
    TEND_TINT_WARN,
    TEND_TINT_BAD,
};

/* What the place that text goes to can show. */
struct tend__text_style {
    int width; /* columns of the terminal; 100 in a pipe */
    bool utf8;
    bool colours;
};

/* ---- numbers ---- */

/* "1,234,567", "0.0321", "1.2e-09": about four digits, thousands set off, "-" for NaN. */
const char *tend__show_number(double number, char text[TEND_NUMBER_TEXT_SIZE]);
/* Always a sign, two decimals below 1000 and none above: "+1,234", "-0.52". */
const char *tend__show_money(double number, char text[TEND_NUMBER_TEXT_SIZE]);
/* "12.3%", of a share in 0..1. */
const char *tend__show_share(double share, char text[TEND_NUMBER_TEXT_SIZE]);
/* "<1e-12" where it is that small, else two digits. */
const char *tend__show_p_value(double p, char text[TEND_NUMBER_TEXT_SIZE]);
/* "2001-04-09", or "2001-04-09 12:30" and seconds where they are not 0; UTC. */
const char *tend__show_time(int64_t time_us, char text[TEND_NUMBER_TEXT_SIZE]);

/* ---- text ---- */

/* Columns that UTF-8 text takes on a terminal: wide characters two, combining ones none. */
size_t tend__display_width(const char *text, size_t len);

/* Bytes of the valid UTF-8 character at text, or 0. */
size_t tend__utf8_len(const char *text, size_t len);

/* Adds text with control characters, which could move a terminal's cursor or colour it, replaced.
 */
void tend__clean_text(struct tend__buf *out, const char *text, size_t len);

/* Bars of `count` shares in one line, scaled to the largest; blocks in UTF-8, else ASCII. NaN gives
 * a blank. */
void tend__sparkline(struct tend__buf *out, const double *values, size_t count, bool utf8);

/* Starts and ends a tint on a terminal; nothing where colours are off. */
void tend__tint_begin(struct tend__buf *out, enum tend__tint tint, bool colours);
void tend__tint_end(struct tend__buf *out, enum tend__tint tint, bool colours);

/* One tinted piece of text. */
void tend__tinted(struct tend__buf *out, enum tend__tint tint, bool colours, const char *format,
                  ...) TEND_PRINTF(4, 5);

/* ---- tables ---- */

struct tend__table_column {
    const char *title; /* borrowed until printed */
    bool right;        /* aligned to the right */
};

struct tend__table_cell {
    size_t start; /* in `text` */
    size_t len;
    enum tend__tint tint;
};

struct tend__table {
    struct tend__table_column columns[TEND_TABLE_COLUMN_MAX];
    size_t column_count;
    struct tend__buf text;
    struct tend__table_cell *cells; /* row-major */
    size_t cell_count;
    size_t cell_cap;
    enum tend_code code;
};

void tend__table_init(struct tend__table *table);
void tend__table_deinit(struct tend__table *table);
void tend__table_add_column(struct tend__table *table, const char *title, bool right);

/* Cells fill the rows from left to right. */
void tend__table_cell(struct tend__table *table, enum tend__tint tint, const char *format, ...)
    TEND_PRINTF(3, 4);

/* The next cell's text is built here by the caller, then closed. */
struct tend__buf *tend__table_cell_begin(struct tend__table *table, enum tend__tint tint);
void tend__table_cell_end(struct tend__table *table);

enum tend_code tend__table_code(const struct tend__table *table,
                                struct tend_error *err) TEND_NODISCARD;

/* Aligned text, each line after `indent` blanks. `width` cuts the widest left-aligned column where
 * the table would be wider; 0 never cuts. */
void tend__table_print(const struct tend__table *table, struct tend__buf *out, size_t indent,
                       size_t width, bool colours);

#endif
