/* SPDX-License-Identifier: Apache-2.0 */
/* expr_lex.h: the words of an expression, private to src/expr. */
#ifndef TEND_EXPR_EXPR_LEX_H
#define TEND_EXPR_EXPR_LEX_H

#include "expr/expr_tree.h"

enum expr_token_kind {
    EXPR_TOKEN_END,
    EXPR_TOKEN_WORD,   /* an unquoted name or keyword */
    EXPR_TOKEN_QUOTED, /* "name": ptr and len are what stands between the quotes, pairs of quotes
                          not yet halved */
    EXPR_TOKEN_NUMBER,
    EXPR_TOKEN_TEXT, /* 'text', likewise */
    EXPR_TOKEN_SIGN  /* an operator, bracket or comma; != reads as <>, == as = */
};

struct expr_token {
    enum expr_token_kind kind;
    const char *ptr;
    size_t len;
    size_t at;  /* offset of its first byte in the source */
    size_t end; /* offset after its last */
};

/* Reads the token that starts at or after *at, and moves *at behind it. */
enum tend_code tend__expr_lex(const struct expr_tree *tree, size_t *at, struct expr_token *out,
                              struct tend_error *err) TEND_NODISCARD;

/* Whether the token is this word (given in lower case), in any case of letters; or this sign. */
bool tend__expr_is_word(const struct expr_token *token, const char *word);
bool tend__expr_is_sign(const struct expr_token *token, const char *sign);

/* Whether len bytes are UTF-8 without zero bytes; *bad_at is the offset of the first that are not.
 */
bool tend__expr_is_utf8(const char *text, size_t len, size_t *bad_at);

#endif
