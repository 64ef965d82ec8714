/* SPDX-License-Identifier: Apache-2.0 */
/* expr_parser.h: what the two halves of the parser (operators, and calls and literals) share;
 * private to src/expr. */
#ifndef TEND_EXPR_EXPR_PARSER_H
#define TEND_EXPR_EXPR_PARSER_H

#include "expr/expr_lex.h"

struct expr_parser {
    struct expr_tree *tree;
    struct expr_token token; /* the one to be read next */
    struct expr_token ahead; /* and the one after it */
    size_t lexed;            /* where the lexer stands */
    uint32_t depth;
    struct tend_error *err;
};

/* How tightly operators bind, loosest first. */
enum expr_binding {
    EXPR_LEVEL_OR = 1,
    EXPR_LEVEL_AND,
    EXPR_LEVEL_NOT,
    EXPR_LEVEL_IS,
    EXPR_LEVEL_COMPARE,
    EXPR_LEVEL_IN, /* IN, BETWEEN, LIKE */
    EXPR_LEVEL_CONCAT,
    EXPR_LEVEL_SUM,
    EXPR_LEVEL_PRODUCT,
    EXPR_LEVEL_SIGN,
    EXPR_LEVEL_CAST
};

enum tend_code tend__expr_step(struct expr_parser *p) TEND_NODISCARD;

/* Takes this sign, or word, or fails with "expected ..., found ...". */
enum tend_code tend__expr_take_sign(struct expr_parser *p, const char *sign) TEND_NODISCARD;
enum tend_code tend__expr_take_word(struct expr_parser *p, const char *word) TEND_NODISCARD;

/* TEND_ESYNTAX: "expected `wanted`, found ...". */
enum tend_code tend__expr_unexpected(struct expr_parser *p, const char *wanted) TEND_NODISCARD;

enum tend_code tend__expr_node_new(struct expr_parser *p, enum expr_node_kind kind, size_t at,
                                   uint32_t *out) TEND_NODISCARD;
enum tend_code tend__expr_node_strict(struct expr_parser *p, const char *rule, size_t at,
                                      uint32_t *out) TEND_NODISCARD;
enum tend_code tend__expr_node_add(struct expr_parser *p, uint32_t parent,
                                   uint32_t child) TEND_NODISCARD;

/* An expression whose operators bind at least as tightly as min_level. */
enum tend_code tend__expr_parse_level(struct expr_parser *p, int min_level,
                                      uint32_t *out) TEND_NODISCARD;

/* A literal, column, call, CASE or bracket. */
enum tend_code tend__expr_parse_primary(struct expr_parser *p, uint32_t *out) TEND_NODISCARD;

/* A type's name, after `AS` or `::`. */
enum tend_code tend__expr_parse_type(struct expr_parser *p,
                                     enum expr_cast_target *out) TEND_NODISCARD;

/* "1 day 2 hours". */
bool tend__expr_span_parse(const char *text, size_t len, struct expr_span *out);

/* Adds a quantity of a unit ("day", "days") to a span; false where there is no such unit or it
 * overflows. */
bool tend__expr_span_add(struct expr_span *span, int64_t quantity, const char *unit,
                         size_t unit_len);

#endif
