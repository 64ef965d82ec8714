/* SPDX-License-Identifier: Apache-2.0 */
/* expr_lex.c: cuts an expression into words; and places errors in its text. */
#include "expr/expr_lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           ((unsigned char)c & 0x80U) != 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void tend__expr_error_at(const struct expr_tree *tree, size_t at, struct tend_error *err,
                         enum tend_code code, const char *format, ...)
{
    int line = 1;
    int column = 1;
    for (size_t i = 0; i < at && i < tree->source_len; i++) {
        if (tree->source[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)tree->source[i] & 0xC0U) != 0x80U) {
            column++;
        }
    }
    char text[TEND_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    tend__error_set_at(err, code, line, column, "%s", text);
}

/* The length of the UTF-8 sequence at text, or 0. */
static size_t sequence_len(const unsigned char *text, size_t len)
{
    if (text[0] < 0x80U) {
        return text[0] == 0 ? 0 : 1;
    }
    size_t need = 0;
    unsigned int low = 0x80U;
    unsigned int high = 0xBFU;
    if (text[0] >= 0xC2U && text[0] <= 0xDFU) {
        need = 2;
    } else if (text[0] >= 0xE0U && text[0] <= 0xEFU) {
        need = 3;
        low = text[0] == 0xE0U ? 0xA0U : 0x80U;
        high = text[0] == 0xEDU ? 0x9FU : 0xBFU;
    } else if (text[0] >= 0xF0U && text[0] <= 0xF4U) {
        need = 4;
        low = text[0] == 0xF0U ? 0x90U : 0x80U;
        high = text[0] == 0xF4U ? 0x8FU : 0xBFU;
    }
    if (need == 0 || need > len || text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < need; i++) {
        if (text[i] < 0x80U || text[i] > 0xBFU) {
            return 0;
        }
    }
    return need;
}

bool tend__expr_is_utf8(const char *text, size_t len, size_t *bad_at)
{
    const unsigned char *bytes = (const unsigned char *)text;
    for (size_t i = 0; i < len;) {
        const size_t step = sequence_len(bytes + i, len - i);
        if (step == 0) {
            *bad_at = i;
            return false;
        }
        i += step;
    }
    return true;
}

/* Skips white space and comments. */
static enum tend_code skip_blank(const struct expr_tree *tree, size_t *at, struct tend_error *err)
{
    const char *s = tree->source;
    size_t i = *at;
    for (;;) {
        const size_t left = tree->source_len - i;
        if (left > 0 && is_space(s[i])) {
            i++;
        } else if (left > 1 && s[i] == '-' && s[i + 1] == '-') {
            while (i < tree->source_len && s[i] != '\n') {
                i++;
            }
        } else if (left > 1 && s[i] == '/' && s[i + 1] == '*') {
            size_t end = i + 2;
            while (end + 1 < tree->source_len && (s[end] != '*' || s[end + 1] != '/')) {
                end++;
            }
            if (end + 1 >= tree->source_len) {
                return EXPR_FAIL(tree, i, err, ESYNTAX, "this comment has no end (*/)");
            }
            i = end + 2;
        } else {
            *at = i;
            return TEND_OK;
        }
    }
}

/* Reads to the closing quote; a doubled quote stands for itself. */
static enum tend_code lex_quoted(const struct expr_tree *tree, char quote, struct expr_token *out,
                                 struct tend_error *err)
{
    size_t i = out->at + 1;
    for (;;) {
        if (i >= tree->source_len) {
            return EXPR_FAIL(tree, out->at, err, ESYNTAX, "this %s has no closing %c",
                             quote == '"' ? "name" : "text", quote);
        }
        if (tree->source[i] == quote) {
            if (i + 1 >= tree->source_len || tree->source[i + 1] != quote) {
                break;
            }
            i++;
        }
        i++;
    }
    out->kind = quote == '"' ? EXPR_TOKEN_QUOTED : EXPR_TOKEN_TEXT;
    out->ptr = tree->source + out->at + 1;
    out->len = i - out->at - 1;
    out->end = i + 1;
    return TEND_OK;
}

static enum tend_code lex_number(const struct expr_tree *tree, struct expr_token *out,
                                 struct tend_error *err)
{
    const char *s = tree->source;
    const size_t len = tree->source_len;
    size_t i = out->at;
    while (i < len && is_digit(s[i])) {
        i++;
    }
    if (i < len && s[i] == '.') {
        i++;
        while (i < len && is_digit(s[i])) {
            i++;
        }
    }
    if (i < len && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        if (i < len && (s[i] == '+' || s[i] == '-')) {
            i++;
        }
        if (i >= len || !is_digit(s[i])) {
            return EXPR_FAIL(tree, out->at, err, ESYNTAX, "this number's exponent has no digits");
        }
        while (i < len && is_digit(s[i])) {
            i++;
        }
    }
    if (i < len && (is_word_start(s[i]) || s[i] == '.')) {
        return EXPR_FAIL(tree, out->at, err, ESYNTAX,
                         "'%.*s' is no number (a name that starts with a digit needs \"quotes\")",
                         (int)(i + 1 - out->at), s + out->at);
    }
    out->kind = EXPR_TOKEN_NUMBER;
    out->ptr = s + out->at;
    out->len = i - out->at;
    out->end = i;
    return TEND_OK;
}

static enum tend_code lex_sign(const struct expr_tree *tree, struct expr_token *out,
                               struct tend_error *err)
{
    static const struct {
        const char *written;
        const char *meant;
    } signs[] = {{"<>", "<>"}, {"!=", "<>"}, {"<=", "<="}, {">=", ">="}, {"==", "="}, {"||", "||"},
                 {"::", "::"}, {"<", "<"},   {">", ">"},   {"=", "="},   {"+", "+"},  {"-", "-"},
                 {"*", "*"},   {"/", "/"},   {"%", "%"},   {"(", "("},   {")", ")"},  {",", ","}};
    const char *s = tree->source + out->at;
    const size_t left = tree->source_len - out->at;
    for (size_t i = 0; i < TEND_ARRAY_LEN(signs); i++) {
        const size_t len = strlen(signs[i].written);
        if (left >= len && memcmp(s, signs[i].written, len) == 0) {
            out->kind = EXPR_TOKEN_SIGN;
            out->ptr = signs[i].meant;
            out->len = strlen(signs[i].meant);
            out->end = out->at + len;
            return TEND_OK;
        }
    }
    if (*s == '.') {
        return EXPR_FAIL(tree, out->at, err, ESYNTAX,
                         "a point stands alone (a name that holds one needs \"quotes\")");
    }
    if (*s == '&' || *s == '|' || *s == '!') {
        return EXPR_FAIL(tree, out->at, err, ESYNTAX,
                         "'%c' is no operator here: write AND, OR, NOT", *s);
    }
    if (*s == '^') {
        return EXPR_FAIL(tree, out->at, err, ESYNTAX, "'^' is no operator here: write POW(x, y)");
    }
    return EXPR_FAIL(tree, out->at, err, ESYNTAX, "'%c' means nothing here", *s);
}

enum tend_code tend__expr_lex(const struct expr_tree *tree, size_t *at, struct expr_token *out,
                              struct tend_error *err)
{
    TEND_TRY(skip_blank(tree, at, err));
    const char *s = tree->source;
    *out = (struct expr_token){.kind = EXPR_TOKEN_END, .at = *at, .end = *at, .ptr = "", .len = 0};
    if (*at >= tree->source_len) {
        return TEND_OK;
    }
    const char c = s[*at];
    const char after = *at + 1 < tree->source_len ? s[*at + 1] : '\0';
    if (c == '\'' || c == '"') {
        TEND_TRY(lex_quoted(tree, c, out, err));
    } else if (is_digit(c) || (c == '.' && is_digit(after))) {
        TEND_TRY(lex_number(tree, out, err));
    } else if (is_word_start(c)) {
        size_t end = *at;
        while (end < tree->source_len && (is_word_start(s[end]) || is_digit(s[end]))) {
            end++;
        }
        out->kind = EXPR_TOKEN_WORD;
        out->ptr = s + *at;
        out->len = end - *at;
        out->end = end;
    } else {
        TEND_TRY(lex_sign(tree, out, err));
    }
    *at = out->end;
    return TEND_OK;
}

bool tend__expr_is_word(const struct expr_token *token, const char *word)
{
    if (token->kind != EXPR_TOKEN_WORD || token->len != strlen(word)) {
        return false;
    }
    for (size_t i = 0; i < token->len; i++) {
        if (lower(token->ptr[i]) != word[i]) {
            return false;
        }
    }
    return true;
}

bool tend__expr_is_sign(const struct expr_token *token, const char *sign)
{
    return token->kind == EXPR_TOKEN_SIGN && token->len == strlen(sign) &&
           memcmp(token->ptr, sign, token->len) == 0;
}
