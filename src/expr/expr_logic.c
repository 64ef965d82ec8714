/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_logic.c: comparisons, three-valued logic, choices and constants.
 *
 * Under valid = 0 a value may be anything; a bool may be read there, since it is masked, but a text
 * may not be followed.
 */
#include "expr/expr_program.h"

#include <string.h>

/* ---- order ----------------------------------------------------------------------------------- */

int tend__expr_number_order(double a, double b)
{
    if (a < b) {
        return -1;
    }
    if (a > b) {
        return 1;
    }
    return a == b ? 0 : (a != a ? 1 : 0) - (b != b ? 1 : 0);
}

int tend__expr_text_order(struct tend__text a, struct tend__text b)
{
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);
    if (order != 0) {
        return order < 0 ? -1 : 1;
    }
    return a.len < b.len ? -1 : a.len > b.len ? 1 : 0;
}

static inline int order_of_times(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b ? 1 : 0;
}

static inline uint32_t bit_of_order(int order)
{
    return order < 0 ? EXPR_BIT_LESS : order > 0 ? EXPR_BIT_GREATER : EXPR_BIT_EQUAL;
}

/* The order of two valid rows of slots of a type. */
static int order_of_rows(enum tend_type type, const void *a, const void *b, size_t i)
{
    switch (type) {
    case TEND_TYPE_NUMBER:
        return tend__expr_number_order(((const double *)a)[i], ((const double *)b)[i]);
    case TEND_TYPE_BOOL:
        return (int)((const uint8_t *)a)[i] - (int)((const uint8_t *)b)[i];
    case TEND_TYPE_TEXT:
        return tend__expr_text_order(((const struct tend__text *)a)[i],
                                     ((const struct tend__text *)b)[i]);
    case TEND_TYPE_TIME:
        return order_of_times(((const int64_t *)a)[i], ((const int64_t *)b)[i]);
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return 0;
}

/* ---- comparisons ----------------------------------------------------------------------------- */

#define COMPARE(name, type, bits_expression)                                                       \
    void tend__run_##name(struct expr_machine *m, const struct expr_instr *in)                     \
    {                                                                                              \
        const type *const a = m->slots[in->a].in;                                                  \
        const type *const b = m->slots[in->b].in;                                                  \
        const uint8_t *const a_valid = m->slots[in->a].in_valid;                                   \
        const uint8_t *const b_valid = m->slots[in->b].in_valid;                                   \
        uint8_t *const restrict out = m->slots[in->dst].out;                                       \
        uint8_t *const restrict valid = m->slots[in->dst].out_valid;                               \
        const uint32_t wanted = in->c;                                                             \
        EXPR_EACH_ROW(m, i, {                                                                      \
            const uint32_t bits = (bits_expression);                                               \
            out[i] = (bits & wanted) != 0 ? 1 : 0;                                                 \
            valid[i] = a_valid[i] & b_valid[i];                                                    \
        });                                                                                        \
    }

static inline uint32_t number_bits(double a, double b)
{
    const uint32_t bits = (a < b ? EXPR_BIT_LESS : 0U) | (a == b ? EXPR_BIT_EQUAL : 0U) |
                          (a > b ? EXPR_BIT_GREATER : 0U);
    return bits != 0 ? bits : bit_of_order(tend__expr_number_order(a, b));
}

COMPARE(compare_number, double, number_bits(a[i], b[i]))
COMPARE(compare_bool, uint8_t, bit_of_order((int)a[i] - (int)b[i]))
COMPARE(compare_time, int64_t, bit_of_order(order_of_times(a[i], b[i])))
COMPARE(compare_text, struct tend__text,
        (a_valid[i] & b_valid[i]) == 0 ? 0U : bit_of_order(tend__expr_text_order(a[i], b[i])))

void tend__run_distinct(struct expr_machine *m, const struct expr_instr *in)
{
    const struct expr_slot *a = &m->slots[in->a];
    const struct expr_slot *b = &m->slots[in->b];
    uint8_t *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    const enum tend_type type = (enum tend_type)in->c;
    EXPR_EACH_ROW(m, i, {
        bool is_distinct = a->in_valid[i] != b->in_valid[i];
        if (a->in_valid[i] != 0 && b->in_valid[i] != 0) {
            is_distinct = order_of_rows(type, a->in, b->in, i) != 0;
        }
        out[i] = is_distinct != (in->imm != 0) ? 1 : 0;
        valid[i] = 1;
    });
}

#define NULLIF(name, type, value_type)                                                             \
    void tend__run_##name(struct expr_machine *m, const struct expr_instr *in)                     \
    {                                                                                              \
        const struct expr_slot *a = &m->slots[in->a];                                              \
        const struct expr_slot *b = &m->slots[in->b];                                              \
        const type *const values = a->in;                                                          \
        type *const out = m->slots[in->dst].out;                                                   \
        uint8_t *const valid = m->slots[in->dst].out_valid;                                        \
        EXPR_EACH_ROW(m, i, {                                                                      \
            const bool both = a->in_valid[i] != 0 && b->in_valid[i] != 0;                          \
            const bool is_null = both && order_of_rows(value_type, a->in, b->in, i) == 0;          \
            out[i] = values[i];                                                                    \
            valid[i] = is_null ? 0 : a->in_valid[i];                                               \
        });                                                                                        \
    }

NULLIF(nullif_8, int64_t, in->c != 0 ? TEND_TYPE_TIME : TEND_TYPE_NUMBER)
NULLIF(nullif_bool, uint8_t, TEND_TYPE_BOOL)
NULLIF(nullif_text, struct tend__text, TEND_TYPE_TEXT)

/* LEAST, GREATEST: the first of equals; a NULL gives way. */
#define PICK(name, type, value_type)                                                               \
    void tend__run_##name(struct expr_machine *m, const struct expr_instr *in)                     \
    {                                                                                              \
        const struct expr_slot *a = &m->slots[in->a];                                              \
        const struct expr_slot *b = &m->slots[in->b];                                              \
        const type *const a_values = a->in;                                                        \
        const type *const b_values = b->in;                                                        \
        type *const out = m->slots[in->dst].out;                                                   \
        uint8_t *const valid = m->slots[in->dst].out_valid;                                        \
        const bool is_greatest = (in->c & 1U) != 0;                                                \
        EXPR_EACH_ROW(m, i, {                                                                      \
            bool takes_b = a->in_valid[i] == 0;                                                    \
            if (!takes_b && b->in_valid[i] != 0) {                                                 \
                const int order = order_of_rows(value_type, a->in, b->in, i);                      \
                takes_b = is_greatest ? order < 0 : order > 0;                                     \
            }                                                                                      \
            out[i] = takes_b ? b_values[i] : a_values[i];                                          \
            valid[i] = a->in_valid[i] | b->in_valid[i];                                            \
        });                                                                                        \
    }

PICK(pick_8, int64_t, (in->c & 2U) != 0 ? TEND_TYPE_TIME : TEND_TYPE_NUMBER)
PICK(pick_bool, uint8_t, TEND_TYPE_BOOL)
PICK(pick_text, struct tend__text, TEND_TYPE_TEXT)

/* ---- three-valued logic ---------------------------------------------------------------------- */

void tend__run_not(struct expr_machine *m, const struct expr_instr *in)
{
    const uint8_t *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    uint8_t *const restrict out = m->slots[in->dst].out;
    uint8_t *const restrict valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        out[i] = a[i] == 0 ? 1 : 0;
        valid[i] = a_valid[i];
    });
}

/* The target may be an operand. */
void tend__run_and(struct expr_machine *m, const struct expr_instr *in)
{
    const uint8_t *const a = m->slots[in->a].in;
    const uint8_t *const b = m->slots[in->b].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    const uint8_t *const b_valid = m->slots[in->b].in_valid;
    uint8_t *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        const unsigned int is_true = (unsigned int)(a[i] & a_valid[i]) & b[i] & b_valid[i];
        const unsigned int is_false =
            (a_valid[i] & (unsigned int)(a[i] == 0)) | (b_valid[i] & (unsigned int)(b[i] == 0));
        out[i] = (uint8_t)is_true;
        valid[i] = (uint8_t)(is_true | is_false);
    });
}

void tend__run_or(struct expr_machine *m, const struct expr_instr *in)
{
    const uint8_t *const a = m->slots[in->a].in;
    const uint8_t *const b = m->slots[in->b].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    const uint8_t *const b_valid = m->slots[in->b].in_valid;
    uint8_t *const out = m->slots[in->dst].out;
    uint8_t *const valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        const unsigned int is_true = (unsigned int)(a[i] & a_valid[i]) | (b[i] & b_valid[i]);
        const unsigned int is_false =
            a_valid[i] & (unsigned int)(a[i] == 0) & b_valid[i] & (unsigned int)(b[i] == 0);
        out[i] = (uint8_t)is_true;
        valid[i] = (uint8_t)(is_true | is_false);
    });
}

void tend__run_is_null(struct expr_machine *m, const struct expr_instr *in)
{
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    uint8_t *const restrict out = m->slots[in->dst].out;
    uint8_t *const restrict valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        out[i] = (a_valid[i] == 0) != (in->imm != 0) ? 1 : 0;
        valid[i] = 1;
    });
}

void tend__run_is_bool(struct expr_machine *m, const struct expr_instr *in)
{
    const uint8_t *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    uint8_t *const restrict out = m->slots[in->dst].out;
    uint8_t *const restrict valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        const bool is_it = a_valid[i] != 0 && (a[i] != 0) == (in->c != 0);
        out[i] = is_it != (in->imm != 0) ? 1 : 0;
        valid[i] = 1;
    });
}

/* ---- constants, moves, blends ---------------------------------------------------------------- */

void tend__run_const_8(struct expr_machine *m, const struct expr_instr *in)
{
    const int64_t bits = m->program->consts[in->imm].value.integer;
    int64_t *const restrict out = m->slots[in->dst].out;
    uint8_t *const restrict valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        out[i] = bits;
        valid[i] = 1;
    });
}

void tend__run_const_bool(struct expr_machine *m, const struct expr_instr *in)
{
    uint8_t *const restrict out = m->slots[in->dst].out;
    uint8_t *const restrict valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        out[i] = (uint8_t)in->c;
        valid[i] = 1;
    });
}

void tend__run_const_text(struct expr_machine *m, const struct expr_instr *in)
{
    const struct tend__text text = m->program->consts[in->imm].value.text;
    struct tend__text *const restrict out = m->slots[in->dst].out;
    uint8_t *const restrict valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        out[i] = text;
        valid[i] = 1;
    });
}

void tend__run_const_null(struct expr_machine *m, const struct expr_instr *in)
{
    uint8_t *const restrict valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, { valid[i] = 0; });
}

#define MOVE(name, type)                                                                           \
    void tend__run_##name(struct expr_machine *m, const struct expr_instr *in)                     \
    {                                                                                              \
        const type *const a = m->slots[in->a].in;                                                  \
        const uint8_t *const a_valid = m->slots[in->a].in_valid;                                   \
        type *const restrict out = m->slots[in->dst].out;                                          \
        uint8_t *const restrict valid = m->slots[in->dst].out_valid;                               \
        EXPR_EACH_ROW(m, i, {                                                                      \
            out[i] = a[i];                                                                         \
            valid[i] = a_valid[i];                                                                 \
        });                                                                                        \
    }

MOVE(move_8, int64_t)
MOVE(move_bool, uint8_t)
MOVE(move_text, struct tend__text)

/* Where the bool a is TRUE, the target takes b; elsewhere it keeps what it has. */
#define BLEND(name, type)                                                                          \
    void tend__run_##name(struct expr_machine *m, const struct expr_instr *in)                     \
    {                                                                                              \
        const uint8_t *const a = m->slots[in->a].in;                                               \
        const uint8_t *const a_valid = m->slots[in->a].in_valid;                                   \
        const type *const b = m->slots[in->b].in;                                                  \
        const uint8_t *const b_valid = m->slots[in->b].in_valid;                                   \
        type *const restrict out = m->slots[in->dst].out;                                          \
        uint8_t *const restrict valid = m->slots[in->dst].out_valid;                               \
        EXPR_EACH_ROW(m, i, {                                                                      \
            const bool takes = (a[i] & a_valid[i]) != 0;                                           \
            out[i] = takes ? b[i] : out[i];                                                        \
            valid[i] = takes ? b_valid[i] : valid[i];                                              \
        });                                                                                        \
    }

BLEND(blend_8, int64_t)
BLEND(blend_bool, uint8_t)
BLEND(blend_text, struct tend__text)

/* ---- IN a list of literals ------------------------------------------------------------------- */

/* SQL: TRUE if found, else NULL if the list has a NULL, else FALSE; the other way about for NOT IN.
 */
#define IN_LIST(name, type, order_expression)                                                      \
    void tend__run_##name(struct expr_machine *m, const struct expr_instr *in)                     \
    {                                                                                              \
        const type *const a = m->slots[in->a].in;                                                  \
        const uint8_t *const a_valid = m->slots[in->a].in_valid;                                   \
        uint8_t *const restrict out = m->slots[in->dst].out;                                       \
        uint8_t *const restrict valid = m->slots[in->dst].out_valid;                               \
        const struct expr_const *const list = m->program->consts + in->imm;                        \
        const bool has_null = (in->c & 1U) != 0;                                                   \
        const bool is_negated = (in->c & 2U) != 0;                                                 \
        EXPR_EACH_ROW(m, i, {                                                                      \
            bool found = false;                                                                    \
            size_t low = 0;                                                                        \
            size_t high = a_valid[i] != 0 ? in->b : 0;                                             \
            while (low < high && !found) {                                                         \
                const size_t middle = low + (high - low) / 2;                                      \
                const struct expr_const *const item = &list[middle];                               \
                const int order = (order_expression);                                              \
                found = order == 0;                                                                \
                low = order > 0 ? middle + 1 : low;                                                \
                high = order < 0 ? middle : high;                                                  \
            }                                                                                      \
            out[i] = found != is_negated ? 1 : 0;                                                  \
            valid[i] = a_valid[i] != 0 && (found || !has_null) ? 1 : 0;                            \
        });                                                                                        \
    }

IN_LIST(in_numbers, double, tend__expr_number_order(a[i], item->value.number))
IN_LIST(in_times, int64_t, order_of_times(a[i], item->value.integer))
IN_LIST(in_texts, struct tend__text, tend__expr_text_order(a[i], item->value.text))
