/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html.h: one self-contained page: style sheet inside, nothing fetched, complete without scripts;
 * light and dark; broad and narrow.
 *
 * The functions append to a buffer whose errors stick (base/buf.h). All text that comes in is
 * escaped. Charts are in svg.h. A page is tend__html_begin(&buf, "title", "what it is about");
 *     tend__html_tiles_begin(&buf); tend__html_tile(...); ... tend__html_tiles_end(&buf);
 *     tend__html_heading(&buf, 2, "Value"); tend__svg_time(&buf, &chart); tend__html_table(&buf,
 * &table); tend__html_cards_begin(&buf); tend__html_card_begin(&buf, "distance", ...); ...
 * tend__html_cards_end(&buf); tend__html_end(&buf, "footer");
 */
#ifndef TEND_REPORT_HTML_H
#define TEND_REPORT_HTML_H

#include "base/buf.h"
#include "report/render.h"

void tend__html_begin(struct tend__buf *out, const char *title, const char *subtitle);
void tend__html_end(struct tend__buf *out, const char *footer);

/* Text with &, <, > and quotes escaped and bytes that are no text replaced. */
void tend__html_text(struct tend__buf *out, const char *text);
void tend__html_text_len(struct tend__buf *out, const char *text, size_t len);

void tend__html_heading(struct tend__buf *out, int level /* 2..4 */, const char *format, ...)
    TEND_PRINTF(3, 4);
void tend__html_paragraph(struct tend__buf *out, enum tend__tint tint, const char *format, ...)
    TEND_PRINTF(3, 4);

/* A row of key figures. */
void tend__html_tiles_begin(struct tend__buf *out);
void tend__html_tile(struct tend__buf *out, enum tend__tint tint, const char *label,
                     const char *figure, const char *remark);
void tend__html_tiles_end(struct tend__buf *out);

/* A grid of cards, each with a heading and a badge (NULL: none). */
void tend__html_cards_begin(struct tend__buf *out);
void tend__html_card_begin(struct tend__buf *out, const char *title, const char *badge,
                           enum tend__tint badge_tint);
void tend__html_card_end(struct tend__buf *out);
void tend__html_cards_end(struct tend__buf *out);

/* Sentences, each with a tinted head: "Columns drifted. 3 of 14: ...". */
void tend__html_list_begin(struct tend__buf *out, const char *title);
void tend__html_item(struct tend__buf *out, enum tend__tint tint, const char *head,
                     const char *text);
void tend__html_list_end(struct tend__buf *out);

/* A grid of many cards with a box that finds them by name. The box is made by a script of a few
 * lines and is absent where scripts are off; all cards are shown then. Cards out of sight are not
 * laid out, so that thousands open at once. */
void tend__html_columns_begin(struct tend__buf *out);
void tend__html_column_begin(struct tend__buf *out, const char *title, const char *badge,
                             enum tend__tint badge_tint);
void tend__html_column_end(struct tend__buf *out);
void tend__html_columns_end(struct tend__buf *out);

/* What is behind a fold. */
void tend__html_fold_begin(struct tend__buf *out, const char *summary);
void tend__html_fold_end(struct tend__buf *out);

/* A table of render.h; a broad one scrolls in its own frame. `caption` may be NULL. */
void tend__html_table(struct tend__buf *out, const struct tend__table *table, const char *caption);

#endif
