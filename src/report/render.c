/* SPDX-License-Identifier: Apache-2.0 */
/* render.c: numbers, tables, sparklines and colours on a terminal. */
#include "report/render.h"

#include "base/civil.h"
#include "base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TABLE_TEXT_MAX ((size_t)64 << 20)
#define GAP 2
#define CUT_WIDTH_MIN 12

/* ---- numbers ---- */

/* Sets off thousands in the digits before the point. */
static void group_digits(const char *plain, char text[TEND_NUMBER_TEXT_SIZE])
{
    const size_t sign_len = plain[0] == '-' || plain[0] == '+' ? 1 : 0;
    const size_t digit_len = strspn(plain + sign_len, "0123456789");
    size_t len = 0;
    for (size_t i = 0; plain[i] != '\0' && len + 2 < TEND_NUMBER_TEXT_SIZE; i++) {
        const bool inside = i > sign_len && i < sign_len + digit_len;
        if (inside && (sign_len + digit_len - i) % 3 == 0) {
            text[len++] = ',';
        }
        text[len++] = plain[i];
    }
    text[len] = '\0';
}

/* Decimals that show about four digits of a number. */
static int decimals_of(double number)
{
    const double size = fabs(number);
    if (size >= 1000 || size < 0.0001) {
        return 0; /* whole, or so small that it is shown with a power of ten */
    }
    const int before = size > 0 ? (int)floor(log10(size)) + 1 : 1;
    return before > 0 ? 4 - before : 3 - before;
}

static void drop_zeros(char *plain)
{
    if (strchr(plain, '.') == NULL) {
        return;
    }
    size_t len = strlen(plain);
    while (plain[len - 1] == '0') {
        len--;
    }
    if (plain[len - 1] == '.') {
        len--;
    }
    plain[len] = '\0';
}

const char *tend__show_number(double number, char text[TEND_NUMBER_TEXT_SIZE])
{
    char plain[TEND_NUMBER_TEXT_SIZE];
    const double size = fabs(number);
    if (isnan(number)) {
        (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "-");
        return text;
    }
    if (isinf(number)) {
        (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "%s", number > 0 ? "inf" : "-inf");
        return text;
    }
    if (size >= 1e15 || (size > 0 && size < 0.0001)) {
        (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "%.2e", number);
        return text;
    }
    (void)snprintf(plain, sizeof(plain), "%.*f", decimals_of(number), number);
    drop_zeros(plain);
    group_digits(plain, text);
    return text;
}

const char *tend__show_money(double number, char text[TEND_NUMBER_TEXT_SIZE])
{
    char plain[TEND_NUMBER_TEXT_SIZE];
    if (!isfinite(number) || fabs(number) >= 1e15) {
        return tend__show_number(number, text);
    }
    const double size = fabs(number);
    (void)snprintf(plain, sizeof(plain), "%+.*f", size >= 1000 || size < 0.005 ? 0 : 2,
                   size < 0.005 ? 0.0 : number);
    group_digits(plain, text);
    return text;
}

const char *tend__show_share(double share, char text[TEND_NUMBER_TEXT_SIZE])
{
    if (!isfinite(share)) {
        (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "-");
    } else if (share > 0 && share < 0.001) {
        (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "<0.1%%");
    } else {
        (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "%.1f%%", share * 100.0);
    }
    return text;
}

const char *tend__show_p_value(double p, char text[TEND_NUMBER_TEXT_SIZE])
{
    if (isnan(p)) {
        (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "-");
    } else if (p < 1e-12) {
        (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "<1e-12");
    } else if (p < 0.001) {
        (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "%.0e", p);
    } else {
        (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "%.3f", p);
    }
    return text;
}

const char *tend__show_time(int64_t time_us, char text[TEND_NUMBER_TEXT_SIZE])
{
    char whole[TEND_TIME_TEXT_SIZE];
    tend__time_text(time_us, whole);
    char *clock = strchr(whole, 'T');
    if (clock != NULL && strcmp(clock, "T00:00:00Z") == 0) {
        *clock = '\0';
    } else if (clock != NULL) {
        char *end = strchr(clock, 'Z');
        *clock = ' ';
        if (end != NULL) {
            *end = '\0';
        }
        if (strlen(clock) == strlen(" 00:00:00") && strcmp(clock + 6, ":00") == 0) {
            clock[6] = '\0';
        }
    }
    (void)snprintf(text, TEND_NUMBER_TEXT_SIZE, "%s", whole);
    return text;
}

/* ---- text ---- */

/* Decodes one character; a byte that is no UTF-8 stands for itself. */
static uint32_t next_point(const unsigned char *text, size_t len, size_t *used)
{
    const unsigned char c = text[0];
    size_t need = 1;
    uint32_t point = c;
    if (c >= 0xC2 && c < 0xE0) {
        need = 2;
        point = c & 0x1FU;
    } else if (c >= 0xE0 && c < 0xF0) {
        need = 3;
        point = c & 0x0FU;
    } else if (c >= 0xF0 && c < 0xF5) {
        need = 4;
        point = c & 0x07U;
    }
    *used = 1;
    if (need > len) {
        return c;
    }
    for (size_t i = 1; i < need; i++) {
        if ((text[i] & 0xC0U) != 0x80) {
            return c;
        }
        point = (point << 6) | (text[i] & 0x3FU);
    }
    *used = need;
    return point;
}

size_t tend__utf8_len(const char *text, size_t len)
{
    size_t used = 1;
    const unsigned char first = (unsigned char)text[0];
    const uint32_t point = next_point((const unsigned char *)text, len, &used);
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_whole = first < 0x80 || used > 1;
    const bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
    return is_whole && point >= least[used] && point <= 0x10FFFF && !is_surrogate ? used : 0;
}

/* The blocks of Unicode's East Asian Width W and F, and of emoji, that matter in data. */
static size_t width_of(uint32_t point)
{
    if ((point >= 0x300 && point <= 0x36F) || (point >= 0x200B && point <= 0x200F) ||
        (point >= 0xFE00 && point <= 0xFE0F)) {
        return 0;
    }
    const bool wide =
        (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) ||
        (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF) ||
        (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60) ||
        (point >= 0xFFE0 && point <= 0xFFE6) || (point >= 0x1F300 && point <= 0x1F64F) ||
        (point >= 0x1F900 && point <= 0x1F9FF) || (point >= 0x20000 && point <= 0x3FFFD);
    return wide ? 2 : 1;
}

size_t tend__display_width(const char *text, size_t len)
{
    size_t width = 0;
    size_t i = 0;
    while (i < len) {
        size_t used = 1;
        width += width_of(next_point((const unsigned char *)text + i, len - i, &used));
        i += used;
    }
    return width;
}

void tend__clean_text(struct tend__buf *out, const char *text, size_t len)
{
    size_t i = 0;
    while (i < len) {
        size_t used = 1;
        const uint32_t point = next_point((const unsigned char *)text + i, len - i, &used);
        if (point < 0x20 || (point >= 0x7F && point < 0xA0)) {
            tend__buf_char(out, '?');
        } else {
            tend__buf_add(out, text + i, used);
        }
        i += used;
    }
}

void tend__sparkline(struct tend__buf *out, const double *values, size_t count, bool utf8)
{
    static const char *const blocks[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                         "\u2585", "\u2586", "\u2587", "\u2588"};
    static const char *const plain[] = {"_", ".", "-", ":", "=", "+", "*", "#"};
    double top = 0;
    for (size_t i = 0; i < count; i++) {
        top = values[i] > top ? values[i] : top;
    }
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i]) || !(top > 0)) {
            tend__buf_char(out, ' ');
            continue;
        }
        const double level = values[i] <= 0 ? 0 : ceil(values[i] / top * 8.0) - 1;
        const size_t idx = level < 0 ? 0 : (size_t)level;
        tend__buf_text(out, utf8 ? blocks[idx] : plain[idx]);
    }
}

static const char *tint_code(enum tend__tint tint)
{
    switch (tint) {
    case TEND_TINT_PLAIN:
        return "";
    case TEND_TINT_BOLD:
        return "\033[1m";
    case TEND_TINT_DIM:
        return "\033[2m";
    case TEND_TINT_GOOD:
        return "\033[36m"; /* cyan, not green: told from red by everybody */
    case TEND_TINT_WARN:
        return "\033[33m";
    case TEND_TINT_BAD:
        return "\033[1;31m";
    }
    return "";
}

void tend__tint_begin(struct tend__buf *out, enum tend__tint tint, bool colours)
{
    if (colours) {
        tend__buf_text(out, tint_code(tint));
    }
}

void tend__tint_end(struct tend__buf *out, enum tend__tint tint, bool colours)
{
    if (colours && tint != TEND_TINT_PLAIN) {
        tend__buf_text(out, "\033[0m");
    }
}

void tend__tinted(struct tend__buf *out, enum tend__tint tint, bool colours, const char *format,
                  ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    tend__tint_begin(out, tint, colours);
    tend__buf_text(out, text);
    tend__tint_end(out, tint, colours);
}

/* ---- tables ---- */

void tend__table_init(struct tend__table *table)
{
    *table = (struct tend__table){0};
    tend__buf_init(&table->text, TABLE_TEXT_MAX);
}

void tend__table_deinit(struct tend__table *table)
{
    tend__buf_deinit(&table->text);
    tend__mem_free(table->cells);
    *table = (struct tend__table){0};
}

void tend__table_add_column(struct tend__table *table, const char *title, bool right)
{
    TEND_ASSERT(table->column_count < TEND_TABLE_COLUMN_MAX);
    TEND_ASSERT(table->cell_count == 0);
    table->columns[table->column_count++] =
        (struct tend__table_column){.title = title, .right = right};
}

struct tend__buf *tend__table_cell_begin(struct tend__table *table, enum tend__tint tint)
{
    if (table->code == TEND_OK) {
        table->code = tend__mem_grow(&table->cells, &table->cell_cap, table->cell_count + 1,
                                     TEND_TABLE_CELL_MAX, sizeof(*table->cells), NULL);
    }
    if (table->code == TEND_OK) {
        table->cells[table->cell_count] =
            (struct tend__table_cell){.start = table->text.len, .tint = tint};
    }
    return &table->text;
}

void tend__table_cell_end(struct tend__table *table)
{
    if (table->code == TEND_OK) {
        struct tend__table_cell *cell = &table->cells[table->cell_count];
        cell->len = table->text.len - cell->start;
        table->cell_count++;
    }
}

void tend__table_cell(struct tend__table *table, enum tend__tint tint, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    tend__buf_text(tend__table_cell_begin(table, tint), text);
    tend__table_cell_end(table);
}

enum tend_code tend__table_code(const struct tend__table *table, struct tend_error *err)
{
    if (table->code == TEND_ELIMIT) {
        return TEND_FAIL(err, ELIMIT, "a table of more than %zu cells", TEND_TABLE_CELL_MAX);
    }
    if (table->code != TEND_OK) {
        return TEND_FAIL(err, ENOMEM, "out of memory for a table");
    }
    return tend__buf_code(&table->text, err);
}

static void measure(const struct tend__table *table, size_t *widths)
{
    for (size_t i = 0; i < table->column_count; i++) {
        widths[i] = tend__display_width(table->columns[i].title, strlen(table->columns[i].title));
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        const struct tend__table_cell *cell = &table->cells[i];
        const size_t width =
            tend__display_width(tend__buf_str(&table->text) + cell->start, cell->len);
        size_t *widest = &widths[i % table->column_count];
        *widest = width > *widest ? width : *widest;
    }
}

/* Narrows the widest left-aligned column until the table fits, as far as that is sensible. */
static void fit(const struct tend__table *table, size_t *widths, size_t indent, size_t width)
{
    size_t total = indent;
    for (size_t i = 0; i < table->column_count; i++) {
        total += widths[i] + (i + 1 < table->column_count ? GAP : 0);
    }
    while (width > 0 && total > width) {
        size_t widest = SIZE_MAX;
        for (size_t i = 0; i < table->column_count; i++) {
            if (!table->columns[i].right && (widest == SIZE_MAX || widths[i] > widths[widest])) {
                widest = i;
            }
        }
        if (widest == SIZE_MAX || widths[widest] <= CUT_WIDTH_MIN) {
            return;
        }
        const size_t spare = widths[widest] - CUT_WIDTH_MIN;
        const size_t cut = total - width < spare ? total - width : spare;
        widths[widest] -= cut;
        total -= cut;
    }
}

/* Adds a cell's text cut to `width` columns, the last then being an ellipsis; returns the columns
 * used. */
static size_t add_cut(struct tend__buf *out, const char *text, size_t len, size_t width)
{
    if (tend__display_width(text, len) <= width) {
        tend__clean_text(out, text, len);
        return tend__display_width(text, len);
    }
    size_t used_columns = 0;
    size_t i = 0;
    while (i < len) {
        size_t used = 1;
        const size_t w = width_of(next_point((const unsigned char *)text + i, len - i, &used));
        if (used_columns + w + 1 > width) {
            break;
        }
        tend__clean_text(out, text + i, used);
        used_columns += w;
        i += used;
    }
    tend__buf_text(out, "\u2026");
    return used_columns + 1;
}

static void print_cell(struct tend__buf *out, const struct tend__table *table, size_t column_idx,
                       const char *text, size_t len, size_t width)
{
    const bool is_last = column_idx + 1 == table->column_count;
    const size_t natural = tend__display_width(text, len);
    const size_t pad = natural < width ? width - natural : 0;
    if (table->columns[column_idx].right) {
        tend__buf_printf(out, "%*s", (int)pad, "");
        (void)add_cut(out, text, len, width);
    } else {
        const size_t used = add_cut(out, text, len, width);
        if (!is_last && used < width) {
            tend__buf_printf(out, "%*s", (int)(width - used), "");
        }
    }
}

void tend__table_print(const struct tend__table *table, struct tend__buf *out, size_t indent,
                       size_t width, bool colours)
{
    size_t widths[TEND_TABLE_COLUMN_MAX] = {0};
    if (table->column_count == 0) {
        return;
    }
    measure(table, widths);
    fit(table, widths, indent, width);
    tend__buf_printf(out, "%*s", (int)indent, "");
    for (size_t i = 0; i < table->column_count; i++) {
        tend__tint_begin(out, TEND_TINT_DIM, colours);
        print_cell(out, table, i, table->columns[i].title, strlen(table->columns[i].title),
                   widths[i]);
        tend__tint_end(out, TEND_TINT_DIM, colours);
        tend__buf_printf(out, "%*s", i + 1 < table->column_count ? GAP : 0, "");
    }
    tend__buf_char(out, '\n');
    for (size_t i = 0; i < table->cell_count; i++) {
        const size_t column_idx = i % table->column_count;
        const struct tend__table_cell *cell = &table->cells[i];
        tend__buf_printf(out, "%*s", column_idx == 0 ? (int)indent : GAP, "");
        tend__tint_begin(out, cell->tint, colours);
        print_cell(out, table, column_idx, tend__buf_str(&table->text) + cell->start, cell->len,
                   widths[column_idx]);
        tend__tint_end(out, cell->tint, colours);
        if (column_idx + 1 == table->column_count) {
            tend__buf_char(out, '\n');
        }
    }
}
