/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_text.c: functions of texts. Texts are UTF-8 and compared bytewise; letters other than A to Z
 * have no case here.
 */
#include "expr/expr_program.h"

#include <string.h>

static bool is_start(char c)
{
    return ((unsigned char)c & 0xC0U) != 0x80U;
}

void tend__run_length(struct expr_machine *m, const struct expr_instr *in)
{
    const struct tend__text *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    double *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        size_t count = 0;
        for (size_t k = 0; a_valid[i] != 0 && k < a[i].len; k++) {
            count += is_start(a[i].ptr[k]) ? 1 : 0;
        }
        out[i] = (double)count;
        valid[i] = a_valid[i];
    });
}

static char change_case(char c, bool to_upper)
{
    if (to_upper) {
        return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void fold_row(struct expr_machine *m, const struct expr_instr *in, size_t i, bool to_upper)
{
    const struct tend__text *const a = m->slots[in->a].in;
    struct tend__text *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    valid[i] = m->slots[in->a].in_valid[i];
    out[i] = (struct tend__text){.ptr = "", .len = 0};
    if (valid[i] == 0) {
        return;
    }
    size_t same = 0;
    while (same < a[i].len && change_case(a[i].ptr[same], to_upper) == a[i].ptr[same]) {
        same++;
    }
    out[i] = a[i];
    if (same == a[i].len) {
        return;
    }
    if (a[i].len > TEND_EXPR_TEXT_LEN_MAX) {
        tend__expr_fail_row(m, i, valid, TEND_EXPR_TEXT_TOO_LONG);
        return;
    }
    char *bytes = tend__expr_pool_take(m, a[i].len);
    if (bytes == NULL) {
        valid[i] = 0;
        return;
    }
    for (size_t k = 0; k < a[i].len; k++) {
        bytes[k] = change_case(a[i].ptr[k], to_upper);
    }
    out[i].ptr = bytes;
}

void tend__run_lower(struct expr_machine *m, const struct expr_instr *in)
{
    EXPR_EACH_ROW(m, i, { fold_row(m, in, i, false); });
}

void tend__run_upper(struct expr_machine *m, const struct expr_instr *in)
{
    EXPR_EACH_ROW(m, i, { fold_row(m, in, i, true); });
}

static void concat_row(struct expr_machine *m, const struct expr_instr *in, size_t i)
{
    const struct tend__text *const a = m->slots[in->a].in;
    const struct tend__text *const b = m->slots[in->b].in;
    struct tend__text *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    valid[i] = m->slots[in->a].in_valid[i] & m->slots[in->b].in_valid[i];
    out[i] = (struct tend__text){.ptr = "", .len = 0};
    if (valid[i] == 0 || a[i].len + b[i].len == 0) {
        return;
    }
    if (a[i].len == 0 || b[i].len == 0) {
        out[i] = a[i].len == 0 ? b[i] : a[i];
        return;
    }
    if (a[i].len > TEND_EXPR_TEXT_LEN_MAX || b[i].len > TEND_EXPR_TEXT_LEN_MAX - a[i].len) {
        tend__expr_fail_row(m, i, valid, TEND_EXPR_TEXT_TOO_LONG);
        return;
    }
    char *bytes = tend__expr_pool_take(m, a[i].len + b[i].len);
    if (bytes == NULL) {
        valid[i] = 0;
        return;
    }
    memcpy(bytes, a[i].ptr, a[i].len);
    memcpy(bytes + a[i].len, b[i].ptr, b[i].len);
    out[i] = (struct tend__text){.ptr = bytes, .len = a[i].len + b[i].len};
}

void tend__run_concat(struct expr_machine *m, const struct expr_instr *in)
{
    EXPR_EACH_ROW(m, i, { concat_row(m, in, i); });
}

/* The offset after the character at `at`. */
static size_t after_character(struct tend__text text, size_t at)
{
    at++;
    while (at < text.len && !is_start(text.ptr[at])) {
        at++;
    }
    return at;
}

/*
 * Greedy matching that returns to the last % when it is stuck: at most text x pattern steps. % is
 * any characters, _ is one, and the character after `escape` (0: there is none) is itself.
 */
static bool matches(struct tend__text text, struct tend__text pattern, char escape)
{
    size_t t = 0;
    size_t p = 0;
    size_t star_p = SIZE_MAX; /* after the last % */
    size_t star_t = 0;        /* where the text after it was tried from */
    while (t < text.len || p < pattern.len) {
        if (p < pattern.len) {
            const char c = pattern.ptr[p];
            const bool is_escaped = escape != '\0' && c == escape && p + 1 < pattern.len;
            if (!is_escaped && c == '%') {
                p++;
                star_p = p;
                star_t = t;
                continue;
            }
            if (!is_escaped && c == '_' && t < text.len) {
                p++;
                t = after_character(text, t);
                continue;
            }
            const size_t literal = p + (is_escaped ? 1 : 0);
            if ((is_escaped || c != '_') && t < text.len && text.ptr[t] == pattern.ptr[literal]) {
                p = literal + 1;
                t++;
                continue;
            }
        }
        if (star_p == SIZE_MAX || star_t >= text.len) {
            return false;
        }
        star_t = after_character(text, star_t);
        t = star_t;
        p = star_p;
    }
    return true;
}

void tend__run_like(struct expr_machine *m, const struct expr_instr *in)
{
    const struct tend__text *const a = m->slots[in->a].in;
    const struct tend__text *const b = m->slots[in->b].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    const uint8_t *const b_valid = m->slots[in->b].in_valid;
    uint8_t *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    const char escape = (char)in->c;
    EXPR_EACH_ROW(m, i, {
        valid[i] = a_valid[i] & b_valid[i];
        out[i] = valid[i] != 0 && matches(a[i], b[i], escape) ? 1 : 0;
    });
}
