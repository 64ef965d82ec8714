/* SPDX-License-Identifier: Apache-2.0 */
/* html.c: the page around charts and tables, and its style sheet. */
#include "report/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CELL_SHORT_LEN 22
#define CELL_LONG_LEN 50

/* Okabe and Ito's palette ("Color Universal Design", 2008); on dark, blue and vermilion are
 * lightened to keep a contrast of at least 3:1 with the background. */
static const char *const style_sheet[] = {
    ":root{--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--soft:#f4f6f8;--c0:#0072b2;--c1:#"
    "b86e00;--c2:#007a5a;",
    "--c3:#d55e00;--c4:#a3528a;--c5:#3a8fbf;--c6:#6e7781;--good:#00664b;--warn:#8a5300;--bad:#"
    "b23c00}\n",
    "@media(prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e6e9ed;--dim:#9aa4af;--line:#"
    "39424c;--soft:#1d232a;",
    "--c0:#56b4e9;--c1:#e69f00;--c2:#2fbf93;--c3:#ff8a3d;--c4:#e09ac4;--c5:#8fd0f5;--c6:#9aa4af;--"
    "good:#45cfa3;",
    "--warn:#f0b13a;--bad:#ff9a5c}}\n",
    "*{box-sizing:border-box}html{color-scheme:light dark}\n",
    "body{margin:0 auto;max-width:1320px;padding:20px;background:var(--bg);color:var(--fg);",
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}\n",
    "h1{font-size:1.6em;line-height:1.25;margin:.2em 0}h2{font-size:1.25em;margin:1.8em 0 "
    ".5em}h3{font-size:1.05em;",
    "margin:0}h1,h2,h3,p,figcaption{overflow-wrap:anywhere}p{margin:.4em "
    "0;max-width:80ch}.sub,footer,.note",
    "{color:var(--dim)}\n",
    ".good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.dim{color:var(--dim)}."
    "bold{font-weight:600}\n",
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:12px;margin:"
    "16px 0}\n",
    ".tile{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:12px "
    "14px}",
    ".tile{margin:0}.tile dt{color:var(--dim);font-size:.87em}.tile dd{margin:0}.tile "
    ".fig{font-size:1.45em;font-weight:600;",
    "line-height:1.3;font-variant-numeric:tabular-nums}.tile "
    ".rem{color:var(--dim);font-size:.85em}\n",
    ".cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:"
    "16px}\n",
    ".card{border:1px solid var(--line);border-radius:8px;padding:12px 14px;min-width:0}",
    ".card header{display:flex;gap:8px;align-items:baseline;justify-content:space-between}\n",
    ".badge{font-size:.8em;border:1px solid currentColor;border-radius:99px;padding:0 "
    "8px;white-space:nowrap}\n",
    "figure{margin:10px 0}figcaption{font-size:.87em;color:var(--dim)}figcaption "
    "b{color:var(--fg)}",
    "svg{display:block;width:100%;height:auto;overflow:visible}svg text{font:12px "
    "system-ui,sans-serif;fill:var(--dim)}",
    "svg .lab{fill:var(--fg)}svg .small{font-size:11px}\n",
    ".narrow{display:none}@media(max-width:700px){.broad{display:none}.narrow{display:block}body{"
    "padding:12px}}\n",
    ".ax{stroke:var(--line);stroke-width:1;fill:none}.zero{stroke:var(--dim);stroke-width:1}",
    ".ln{fill:none;stroke-width:2;stroke-linejoin:round}.dash{stroke-dasharray:6 "
    "4}.band{opacity:.18;stroke:none}",
    ".ours{font-weight:700}\n",
    ".s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{"
    "stroke:var(--c4)}",
    ".s5{stroke:var(--c5)}.s6{stroke:var(--c6)}.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(-"
    "-c2)}",
    ".f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}.f6{fill:var(--c6)}.fn{fill:none}\n",
    "svg text.mk{fill:var(--bg);font-weight:700;font-size:10px}.shade{fill:var(--c3);opacity:.12}",
    ".cur{opacity:.55}.outline{fill:none;stroke-width:2}\n",
    ".legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:.87em;margin:2px "
    "0;padding:0;list-style:none}",
    ".legend "
    "svg{display:inline-block;width:22px;height:12px;vertical-align:-1px;margin-right:5px}\n",
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9em;font-variant-numeric:"
    "tabular-nums;margin:6px 0}",
    "caption{text-align:left;color:var(--dim);padding-bottom:4px}",
    "th,td{padding:4px 12px 4px 0;text-align:left;border-bottom:1px solid "
    "var(--line);vertical-align:top}",
    "th{color:var(--dim);font-weight:600;white-space:nowrap}.r{text-align:right;white-space:nowrap}"
    ".n{white-space:nowrap}.w{min-width:20em}"
    "\n",
    "details{margin:6px "
    "0}summary{cursor:pointer;color:var(--dim);font-size:.87em}summary:focus-visible",
    "{outline:2px solid var(--c0)}footer{margin-top:2.5em;border-top:1px solid "
    "var(--line);padding-top:.8em;",
    "font-size:.87em}@media print{details{display:none}}\n",
    ".sum ul{margin:12px 0;padding-left:1.2em}.sum li{margin:.35em 0;max-width:100ch;overflow-wrap:"
    "anywhere}.sum li::marker{color:var(--dim)}\n",
    ".col{content-visibility:auto;contain-intrinsic-size:auto 300px}.col p{font-size:.9em}",
    ".col[hidden]{display:none}.pair{margin-top:8px;border-bottom:1px solid var(--line)}",
    ".col "
    ".ends{display:flex;justify-content:space-between;gap:8px;color:var(--dim);font-size:.8em;",
    "margin:2px 0}.ends span{min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}"
    "\n",
    ".find{margin:10px 0}.find input{font:inherit;padding:4px 8px;border:1px solid var(--line);",
    "border-radius:6px;background:var(--bg);color:var(--fg)}.find input:focus-visible{outline:2px "
    "solid var(--c0)}.find output{color:var(--dim)}\n",
};

void tend__html_text_len(struct tend__buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const char c = text[i];
        if (c == '&') {
            tend__buf_text(out, "&amp;");
        } else if (c == '<') {
            tend__buf_text(out, "&lt;");
        } else if (c == '>') {
            tend__buf_text(out, "&gt;");
        } else if (c == '"') {
            tend__buf_text(out, "&quot;");
        } else if (c == '\'') {
            tend__buf_text(out, "&#39;");
        } else if ((unsigned char)c < 0x20 && c != '\n' && c != '\t') {
            tend__buf_text(out, "\uFFFD");
        } else {
            const size_t n = tend__utf8_len(text + i, len - i);
            if (n == 0) {
                tend__buf_text(out, "\uFFFD");
            } else {
                tend__buf_add(out, text + i, n);
                i += n - 1;
            }
        }
    }
}

void tend__html_text(struct tend__buf *out, const char *text)
{
    tend__html_text_len(out, text, strlen(text));
}

static void add_formatted(struct tend__buf *out, const char *format, va_list args)
    TEND_PRINTF(2, 0);

static void add_formatted(struct tend__buf *out, const char *format, va_list args)
{
    char text[4096];
    (void)vsnprintf(text, sizeof(text), format, args);
    tend__html_text(out, text);
}

static const char *tint_class(enum tend__tint tint)
{
    switch (tint) {
    case TEND_TINT_PLAIN:
        return "plain";
    case TEND_TINT_BOLD:
        return "bold";
    case TEND_TINT_DIM:
        return "dim";
    case TEND_TINT_GOOD:
        return "good";
    case TEND_TINT_WARN:
        return "warn";
    case TEND_TINT_BAD:
        return "bad";
    }
    return "plain";
}

void tend__html_begin(struct tend__buf *out, const char *title, const char *subtitle)
{
    tend__buf_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                        "<meta name=\"color-scheme\" content=\"light dark\">\n"
                        "<meta name=\"generator\" content=\"tend " TEND_VERSION "\">\n<title>");
    tend__html_text(out, title);
    tend__buf_text(out, "</title>\n<style>\n");
    for (size_t i = 0; i < TEND_ARRAY_LEN(style_sheet); i++) {
        tend__buf_text(out, style_sheet[i]);
    }
    tend__buf_text(out, "</style>\n</head>\n<body>\n<main>\n<h1>");
    tend__html_text(out, title);
    tend__buf_text(out, "</h1>\n<p class=\"sub\">");
    tend__html_text(out, subtitle);
    tend__buf_text(out, "</p>\n");
}

void tend__html_end(struct tend__buf *out, const char *footer)
{
    tend__buf_text(out, "</main>\n<footer>");
    tend__html_text(out, footer);
    tend__buf_text(out, "</footer>\n</body>\n</html>\n");
}

void tend__html_heading(struct tend__buf *out, int level, const char *format, ...)
{
    va_list args;
    tend__buf_printf(out, "<h%d>", level);
    va_start(args, format);
    add_formatted(out, format, args);
    va_end(args);
    tend__buf_printf(out, "</h%d>\n", level);
}

void tend__html_paragraph(struct tend__buf *out, enum tend__tint tint, const char *format, ...)
{
    va_list args;
    tend__buf_printf(out, "<p class=\"%s\">", tint_class(tint));
    va_start(args, format);
    add_formatted(out, format, args);
    va_end(args);
    tend__buf_text(out, "</p>\n");
}

void tend__html_tiles_begin(struct tend__buf *out)
{
    tend__buf_text(out, "<div class=\"tiles\">\n");
}

void tend__html_tile(struct tend__buf *out, enum tend__tint tint, const char *label,
                     const char *figure, const char *remark)
{
    tend__buf_text(out, "<dl class=\"tile\"><dt>");
    tend__html_text(out, label);
    tend__buf_printf(out, "</dt><dd class=\"fig %s\">", tint_class(tint));
    tend__html_text(out, figure);
    tend__buf_text(out, "</dd><dd class=\"rem\">");
    tend__html_text(out, remark);
    tend__buf_text(out, "</dd></dl>\n");
}

void tend__html_tiles_end(struct tend__buf *out)
{
    tend__buf_text(out, "</div>\n");
}

void tend__html_cards_begin(struct tend__buf *out)
{
    tend__buf_text(out, "<div class=\"cards\">\n");
}

void tend__html_card_begin(struct tend__buf *out, const char *title, const char *badge,
                           enum tend__tint badge_tint)
{
    tend__buf_text(out, "<section class=\"card\"><header><h3>");
    tend__html_text(out, title);
    tend__buf_text(out, "</h3>");
    if (badge != NULL) {
        tend__buf_printf(out, "<span class=\"badge %s\">", tint_class(badge_tint));
        tend__html_text(out, badge);
        tend__buf_text(out, "</span>");
    }
    tend__buf_text(out, "</header>\n");
}

void tend__html_card_end(struct tend__buf *out)
{
    tend__buf_text(out, "</section>\n");
}

void tend__html_cards_end(struct tend__buf *out)
{
    tend__buf_text(out, "</div>\n");
}

void tend__html_list_begin(struct tend__buf *out, const char *title)
{
    tend__buf_text(out, "<section class=\"sum\" aria-label=\"");
    tend__html_text(out, title);
    tend__buf_text(out, "\">\n<ul>\n");
}

void tend__html_item(struct tend__buf *out, enum tend__tint tint, const char *head,
                     const char *text)
{
    tend__buf_printf(out, "<li><b class=\"%s\">", tint_class(tint));
    tend__html_text(out, head);
    tend__buf_text(out, "</b> ");
    tend__html_text(out, text);
    tend__buf_text(out, "</li>\n");
}

void tend__html_list_end(struct tend__buf *out)
{
    tend__buf_text(out, "</ul>\n</section>\n");
}

void tend__html_columns_begin(struct tend__buf *out)
{
    tend__buf_text(out, "<div class=\"find\" role=\"search\" hidden><label>Find a column "
                        "<input type=\"search\" autocomplete=\"off\"/></label> "
                        "<output aria-live=\"polite\"></output></div>\n"
                        "<div class=\"cards\" id=\"columns\">\n");
}

void tend__html_column_begin(struct tend__buf *out, const char *title, const char *badge,
                             enum tend__tint badge_tint)
{
    tend__buf_text(out, "<article class=\"card col\"><header><h3>");
    tend__html_text(out, title);
    tend__buf_printf(out, "</h3><span class=\"badge %s\">", tint_class(badge_tint));
    tend__html_text(out, badge);
    tend__buf_text(out, "</span></header>\n");
}

void tend__html_column_end(struct tend__buf *out)
{
    tend__buf_text(out, "</article>\n");
}

/* The script finds cards by what stands in their headers: the name and the badge. */
void tend__html_columns_end(struct tend__buf *out)
{
    tend__buf_text(
        out, "</div>\n<script>\n(function(){\n"
             "var f=document.querySelector('.find'),c=document.querySelectorAll('#columns>.col'),"
             "i=f.querySelector('input'),o=f.querySelector('output');\nf.hidden=false;\n"
             "i.addEventListener('input',function(){\nvar q=i.value.toLowerCase(),n=0;\n"
             "c.forEach(function(e){var t=e.firstElementChild.textContent.toLowerCase(),"
             "hit=t.indexOf(q)!==-1;e.hidden=!hit;n+=hit?1:0});\n"
             "o.textContent=q?n+' of '+c.length+' columns':'';\n});\n})();\n</script>\n");
}

void tend__html_fold_begin(struct tend__buf *out, const char *summary)
{
    tend__buf_text(out, "<details><summary>");
    tend__html_text(out, summary);
    tend__buf_text(out, "</summary>\n");
}

void tend__html_fold_end(struct tend__buf *out)
{
    tend__buf_text(out, "</details>\n");
}

/* Short cells stay in one line and long ones keep a readable width: a broad table then scrolls
 * instead of crumbling. */
static const char *cell_class(size_t len)
{
    if (len <= CELL_SHORT_LEN) {
        return "n ";
    }
    return len >= CELL_LONG_LEN ? "w " : "";
}

void tend__html_table(struct tend__buf *out, const struct tend__table *table, const char *caption)
{
    tend__buf_text(out, "<div class=\"scroll\" tabindex=\"0\"><table>\n");
    if (caption != NULL) {
        tend__buf_text(out, "<caption>");
        tend__html_text(out, caption);
        tend__buf_text(out, "</caption>\n");
    }
    tend__buf_text(out, "<thead><tr>");
    for (size_t i = 0; i < table->column_count; i++) {
        tend__buf_printf(out, "<th scope=\"col\"%s>",
                         table->columns[i].right ? " class=\"r\"" : "");
        tend__html_text(out, table->columns[i].title);
        tend__buf_text(out, "</th>");
    }
    tend__buf_text(out, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < table->cell_count; i++) {
        const size_t column_idx = i % table->column_count;
        const struct tend__table_cell *cell = &table->cells[i];
        tend__buf_text(out, column_idx == 0 ? "<tr>" : "");
        tend__buf_printf(out, "<td class=\"%s%s%s\">", table->columns[column_idx].right ? "r " : "",
                         cell_class(cell->len), tint_class(cell->tint));
        tend__html_text_len(out, tend__buf_str(&table->text) + cell->start, cell->len);
        tend__buf_text(out, column_idx + 1 == table->column_count ? "</td></tr>\n" : "</td>");
    }
    tend__buf_text(out, "</tbody></table></div>\n");
}
