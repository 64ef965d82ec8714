/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_compile.c: from the checked tree to the flat program.
 *
 * Registers are given out like a stack: the lowest that is free, released as soon as its value has
 * been read. A construct that chooses (CASE, AND, OR) is compiled in one of two ways. Where its
 * parts cannot fail, all of them are computed for all rows and blended, which has no branches and
 * no lists of rows. Where a part may fail, the selection is narrowed to the rows that need the
 * part. Both give the same results.
 */
#include "expr/expr_tree.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define REGISTER_MAX 2048

struct compiler {
    const struct expr_tree *tree;
    struct expr_program *program;
    struct tend_error *err;
    uint32_t sel_depth;
    uint8_t used[REGISTER_MAX];
};

static enum tend_code emit(struct compiler *c, uint32_t idx, uint32_t *slot);

static const struct expr_node *node_of(const struct compiler *c, uint32_t idx)
{
    return &c->tree->nodes[idx];
}

/* ---- slots, constants, instructions ---------------------------------------------------------- */

static enum tend_code take_register(struct compiler *c, uint32_t *slot)
{
    for (uint32_t i = 0; i < REGISTER_MAX; i++) {
        if (c->used[i] == 0) {
            c->used[i] = 1;
            *slot = (uint32_t)c->program->column_count + i;
            if (i + 1 > c->program->slot_count) {
                c->program->slot_count = i + 1;
            }
            return TEND_OK;
        }
    }
    return TEND_FAIL(c->err, ELIMIT, "the expression keeps more than %d values at once",
                     REGISTER_MAX);
}

static void release(struct compiler *c, uint32_t slot)
{
    if (slot >= c->program->column_count) {
        c->used[slot - c->program->column_count] = 0;
    }
}

static enum tend_code add_instr(struct compiler *c, struct expr_instr instr)
{
    struct expr_program *program = c->program;
    TEND_TRY(tend__mem_grow(&program->instrs, &program->instr_cap, program->instr_count + 1,
                            16 * TEND_EXPR_NODE_MAX, sizeof(*program->instrs), c->err));
    program->instrs[program->instr_count++] = instr;
    return TEND_OK;
}

static enum tend_code add_const(struct compiler *c, struct expr_const value, uint32_t *idx)
{
    struct expr_program *program = c->program;
    TEND_TRY(tend__mem_grow(&program->consts, &program->const_cap, program->const_count + 1,
                            2 * TEND_EXPR_NODE_MAX, sizeof(*program->consts), c->err));
    *idx = (uint32_t)program->const_count;
    program->consts[program->const_count++] = value;
    return TEND_OK;
}

static enum tend_code push_sel(struct compiler *c)
{
    c->sel_depth++;
    if (c->sel_depth > c->program->sel_count) {
        c->program->sel_count = c->sel_depth;
    }
    return TEND_OK;
}

/* The instruction of a family for a type: numbers and times are 8 bytes, bools 1, texts 16. */
static enum expr_op by_width(enum tend_type type, enum expr_op eight, enum expr_op boolean,
                             enum expr_op text)
{
    switch (type) {
    case TEND_TYPE_BOOL:
        return boolean;
    case TEND_TYPE_TEXT:
        return text;
    case TEND_TYPE_NUMBER:
    case TEND_TYPE_TIME:
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return eight;
}

static enum expr_op move_op(enum tend_type type)
{
    return by_width(type, EXPR_OP_MOVE_8, EXPR_OP_MOVE_BOOL, EXPR_OP_MOVE_TEXT);
}

static enum expr_op blend_op(enum tend_type type)
{
    return by_width(type, EXPR_OP_BLEND_8, EXPR_OP_BLEND_BOOL, EXPR_OP_BLEND_TEXT);
}

static enum expr_op compare_op(enum tend_type type)
{
    switch (type) {
    case TEND_TYPE_BOOL:
        return EXPR_OP_COMPARE_BOOL;
    case TEND_TYPE_TEXT:
        return EXPR_OP_COMPARE_TEXT;
    case TEND_TYPE_TIME:
        return EXPR_OP_COMPARE_TIME;
    case TEND_TYPE_NUMBER:
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return EXPR_OP_COMPARE_NUMBER;
}

static uint32_t compare_bits(enum expr_compare compare)
{
    switch (compare) {
    case EXPR_EQ:
        return EXPR_BIT_EQUAL;
    case EXPR_NE:
        return EXPR_BIT_LESS | EXPR_BIT_GREATER;
    case EXPR_LT:
        return EXPR_BIT_LESS;
    case EXPR_LE:
        return EXPR_BIT_LESS | EXPR_BIT_EQUAL;
    case EXPR_GT:
        return EXPR_BIT_GREATER;
    case EXPR_GE:
        return EXPR_BIT_GREATER | EXPR_BIT_EQUAL;
    }
    return 0;
}

/* One instruction with a fresh target; releases the operands (EXPR_NONE for one that is not there).
 */
static enum tend_code emit_instr(struct compiler *c, struct expr_instr instr, uint32_t *slot)
{
    TEND_TRY(take_register(c, slot));
    instr.dst = *slot;
    TEND_TRY(add_instr(c, instr));
    if (instr.a != EXPR_NONE) {
        release(c, instr.a);
    }
    if (instr.b != EXPR_NONE && instr.b != instr.a) {
        release(c, instr.b);
    }
    return TEND_OK;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static struct expr_const const_of(const struct compiler *c, const struct expr_node *node)
{
    struct expr_const value = {.value.number = 0};
    if (node->kind == EXPR_NODE_TEXT) {
        value.value.text.ptr = c->program->texts + node->value.text.at;
        value.value.text.len = node->value.text.len;
    } else if (node->kind == EXPR_NODE_TIME) {
        value.value.integer = node->value.time_us;
    } else {
        value.value.number = node->value.number;
    }
    return value;
}

static enum tend_code emit_literal(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    struct expr_instr instr = {.op = EXPR_OP_CONST_8, .a = EXPR_NONE, .b = EXPR_NONE};
    if (node->kind == EXPR_NODE_NULL || node->kind == EXPR_NODE_COLUMN) {
        instr.op = EXPR_OP_CONST_NULL;
    } else if (node->kind == EXPR_NODE_BOOL) {
        instr.op = EXPR_OP_CONST_BOOL;
        instr.c = node->value.boolean ? 1 : 0;
    } else {
        if (node->kind == EXPR_NODE_TEXT) {
            instr.op = EXPR_OP_CONST_TEXT;
        }
        TEND_TRY(add_const(c, const_of(c, node), &instr.imm));
    }
    return emit_instr(c, instr, slot);
}

static enum tend_code emit_column(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    if (c->tree->fields[node->value.field_idx].type == TEND_TYPE_NULL) {
        return emit_literal(c, node, slot);
    }
    for (size_t i = 0; i < c->program->column_count; i++) {
        if (c->program->columns[i] == node->value.field_idx) {
            *slot = (uint32_t)i;
            break;
        }
    }
    return TEND_OK;
}

/* ---- strict operators, comparisons, casts ---------------------------------------------------- */

static enum tend_code negate(struct compiler *c, uint32_t *slot)
{
    const struct expr_instr instr = {.op = EXPR_OP_NOT, .a = *slot, .b = EXPR_NONE};
    return emit_instr(c, instr, slot);
}

static enum tend_code emit_strict(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    struct expr_instr instr = {.op = node->rule->op, .a = EXPR_NONE, .b = EXPR_NONE};
    TEND_TRY(emit(c, node->first, &instr.a));
    if (node->child_count == 2) {
        TEND_TRY(emit(c, node->last, &instr.b));
    }
    if (instr.op == EXPR_OP_PART || instr.op == EXPR_OP_DATE_TRUNC) {
        instr.c = (uint32_t)node->unit;
    } else if (instr.op == EXPR_OP_LIKE) {
        instr.c = (unsigned char)node->escape;
    } else if (instr.op == EXPR_OP_ROUND) {
        TEND_TRY(add_const(c, const_of(c, node), &instr.imm));
    } else if (instr.op == EXPR_OP_TIME_ADD) {
        const struct expr_span *span = &node->value.span;
        struct expr_const value = {.value.integer = span->us, .months = span->months};
        instr.c = node->negated ? 1 : 0;
        TEND_TRY(add_const(c, value, &instr.imm));
    }
    TEND_TRY(emit_instr(c, instr, slot));
    return node->rule->op == EXPR_OP_LIKE && node->negated ? negate(c, slot) : TEND_OK;
}

/* a and b stay in use. */
static enum tend_code emit_compare(struct compiler *c, enum tend_type type, uint32_t bits,
                                   const uint32_t operands[2], uint32_t *slot)
{
    TEND_TRY(take_register(c, slot));
    return add_instr(
        c,
        (struct expr_instr){
            .op = compare_op(type), .dst = *slot, .a = operands[0], .b = operands[1], .c = bits});
}

static enum tend_code emit_two(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    uint32_t operands[2] = {EXPR_NONE, EXPR_NONE};
    TEND_TRY(emit(c, node->first, &operands[0]));
    TEND_TRY(emit(c, node->last, &operands[1]));
    const enum tend_type type = node_of(c, node->first)->type;
    struct expr_instr instr = {.a = operands[0], .b = operands[1], .op = EXPR_OP_DISTINCT};
    if (node->kind == EXPR_NODE_COMPARE) {
        instr.op = compare_op(type);
        instr.c = compare_bits(node->compare);
    } else if (node->kind == EXPR_NODE_DISTINCT) {
        instr.c = (uint32_t)type;
        instr.imm = node->negated ? 1 : 0;
    } else {
        instr.op = by_width(type, EXPR_OP_NULLIF_8, EXPR_OP_NULLIF_BOOL, EXPR_OP_NULLIF_TEXT);
        instr.c = type == TEND_TYPE_TIME ? 1 : 0;
    }
    return emit_instr(c, instr, slot);
}

static enum tend_code emit_test(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    struct expr_instr instr = {.op = EXPR_OP_IS_NULL, .b = EXPR_NONE};
    TEND_TRY(emit(c, node->first, &instr.a));
    instr.imm = node->negated ? 1 : 0;
    if (node->kind == EXPR_NODE_IS_BOOL) {
        instr.op = EXPR_OP_IS_BOOL;
        instr.c = node->value.boolean ? 1 : 0;
    }
    return emit_instr(c, instr, slot);
}

/* LEAST and GREATEST, two at a time. */
static enum tend_code emit_pick(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    const uint32_t is_time = node->type == TEND_TYPE_TIME ? 2 : 0;
    const uint32_t is_greatest = node->kind == EXPR_NODE_GREATEST ? 1 : 0;
    TEND_TRY(emit(c, node->first, slot));
    for (uint32_t i = node_of(c, node->first)->next; i != EXPR_NONE; i = node_of(c, i)->next) {
        struct expr_instr instr = {
            .op = by_width(node->type, EXPR_OP_PICK_8, EXPR_OP_PICK_BOOL, EXPR_OP_PICK_TEXT),
            .a = *slot,
            .c = is_greatest | is_time,
        };
        TEND_TRY(emit(c, i, &instr.b));
        TEND_TRY(emit_instr(c, instr, slot));
    }
    return TEND_OK;
}

static enum expr_op cast_op(enum tend_type from, const struct expr_node *node)
{
    const bool from_text = from == TEND_TYPE_TEXT;
    switch (node->type) {
    case TEND_TYPE_NUMBER:
        if (from == TEND_TYPE_NUMBER) {
            return node->cast == EXPR_CAST_NUMBER ? EXPR_OP_COUNT : EXPR_OP_NUMBER_TO_INTEGER;
        }
        return from_text ? EXPR_OP_TEXT_TO_NUMBER : EXPR_OP_BOOL_TO_NUMBER;
    case TEND_TYPE_BOOL:
        if (from == TEND_TYPE_BOOL) {
            return EXPR_OP_COUNT;
        }
        return from_text ? EXPR_OP_TEXT_TO_BOOL : EXPR_OP_NUMBER_TO_BOOL;
    case TEND_TYPE_TEXT:
        if (from == TEND_TYPE_TIME) {
            return EXPR_OP_TIME_TO_TEXT;
        }
        if (from == TEND_TYPE_BOOL) {
            return EXPR_OP_BOOL_TO_TEXT;
        }
        return from_text ? EXPR_OP_COUNT : EXPR_OP_NUMBER_TO_TEXT;
    case TEND_TYPE_TIME:
        return from_text ? EXPR_OP_TEXT_TO_TIME : EXPR_OP_COUNT;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return EXPR_OP_COUNT;
}

static enum tend_code emit_cast(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    struct expr_instr instr = {.b = EXPR_NONE};
    TEND_TRY(emit(c, node->first, slot));
    instr.op = cast_op(node_of(c, node->first)->type, node);
    if (instr.op != EXPR_OP_COUNT) {
        instr.a = *slot;
        instr.c = node->cast == EXPR_CAST_INTEGER ? 1 : 0;
        TEND_TRY(emit_instr(c, instr, slot));
    }
    if (node->cast == EXPR_CAST_DATE) {
        instr.op = EXPR_OP_DATE_TRUNC;
        instr.a = *slot;
        instr.c = EXPR_UNIT_DAY;
        TEND_TRY(emit_instr(c, instr, slot));
    }
    return TEND_OK;
}

/* ---- IN and BETWEEN -------------------------------------------------------------------------- */

static bool is_list_of_literals(const struct compiler *c, const struct expr_node *node)
{
    for (uint32_t i = node_of(c, node->first)->next; i != EXPR_NONE; i = node_of(c, i)->next) {
        const enum expr_node_kind kind = node_of(c, i)->kind;
        if (kind != EXPR_NODE_NUMBER && kind != EXPR_NODE_TEXT && kind != EXPR_NODE_TIME &&
            kind != EXPR_NODE_NULL) {
            return false;
        }
    }
    return true;
}

static int order_numbers(const void *a, const void *b)
{
    const struct expr_const *x = a;
    const struct expr_const *y = b;
    return tend__expr_number_order(x->value.number, y->value.number);
}

static int order_times(const void *a, const void *b)
{
    const struct expr_const *x = a;
    const struct expr_const *y = b;
    return x->value.integer < y->value.integer ? -1 : x->value.integer > y->value.integer ? 1 : 0;
}

static int order_texts(const void *a, const void *b)
{
    const struct expr_const *x = a;
    const struct expr_const *y = b;
    return tend__expr_text_order(x->value.text, y->value.text);
}

static enum tend_code emit_in_literals(struct compiler *c, const struct expr_node *node,
                                       uint32_t *slot)
{
    struct expr_program *program = c->program;
    const enum tend_type type = node_of(c, node->first)->type;
    struct expr_instr instr = {.op = EXPR_OP_IN_NUMBERS, .c = node->negated ? 2 : 0};
    TEND_TRY(emit(c, node->first, &instr.a));
    instr.imm = (uint32_t)program->const_count;
    instr.b = EXPR_NONE;
    uint32_t count = 0;
    for (uint32_t i = node_of(c, node->first)->next; i != EXPR_NONE; i = node_of(c, i)->next) {
        uint32_t idx = 0;
        if (node_of(c, i)->kind == EXPR_NODE_NULL) {
            instr.c |= 1U;
            continue;
        }
        TEND_TRY(add_const(c, const_of(c, node_of(c, i)), &idx));
        count++;
    }
    int (*order_fn)(const void *, const void *) = order_numbers;
    if (type == TEND_TYPE_TIME) {
        instr.op = EXPR_OP_IN_TIMES;
        order_fn = order_times;
    } else if (type == TEND_TYPE_TEXT) {
        instr.op = EXPR_OP_IN_TEXTS;
        order_fn = order_texts;
    }
    if (count > 1) {
        qsort(program->consts + instr.imm, count, sizeof(*program->consts), order_fn);
    }
    TEND_TRY(emit_instr(c, instr, slot));
    program->instrs[program->instr_count - 1].b = count;
    return TEND_OK;
}

static enum tend_code emit_in(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    if (node_of(c, node->first)->type != TEND_TYPE_BOOL && is_list_of_literals(c, node)) {
        return emit_in_literals(c, node, slot);
    }
    const enum tend_type type = node_of(c, node->first)->type;
    uint32_t pair[2] = {EXPR_NONE, EXPR_NONE};
    *slot = EXPR_NONE;
    TEND_TRY(emit(c, node->first, &pair[0]));
    for (uint32_t i = node_of(c, node->first)->next; i != EXPR_NONE; i = node_of(c, i)->next) {
        uint32_t equal = EXPR_NONE;
        TEND_TRY(emit(c, i, &pair[1]));
        TEND_TRY(emit_compare(c, type, EXPR_BIT_EQUAL, pair, &equal));
        if (pair[1] != pair[0]) {
            release(c, pair[1]);
        }
        if (*slot == EXPR_NONE) {
            *slot = equal;
        } else {
            const struct expr_instr instr = {.op = EXPR_OP_OR, .a = *slot, .b = equal};
            TEND_TRY(emit_instr(c, instr, slot));
        }
    }
    release(c, pair[0]);
    return node->negated ? negate(c, slot) : TEND_OK;
}

static enum tend_code emit_between(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    const enum tend_type type = node_of(c, node->first)->type;
    const uint32_t low_idx = node_of(c, node->first)->next;
    uint32_t low[2] = {EXPR_NONE, EXPR_NONE};
    uint32_t high[2] = {EXPR_NONE, EXPR_NONE};
    struct expr_instr instr = {.op = EXPR_OP_AND};
    TEND_TRY(emit(c, node->first, &low[0]));
    high[0] = low[0];
    TEND_TRY(emit(c, low_idx, &low[1]));
    TEND_TRY(emit_compare(c, type, EXPR_BIT_GREATER | EXPR_BIT_EQUAL, low, &instr.a));
    if (low[1] != low[0]) {
        release(c, low[1]);
    }
    TEND_TRY(emit(c, node->last, &high[1]));
    TEND_TRY(emit_compare(c, type, EXPR_BIT_LESS | EXPR_BIT_EQUAL, high, &instr.b));
    if (high[1] != high[0]) {
        release(c, high[1]);
    }
    release(c, low[0]);
    TEND_TRY(emit_instr(c, instr, slot));
    return node->negated ? negate(c, slot) : TEND_OK;
}

/* ---- what chooses ---------------------------------------------------------------------------- */

/* Moves a child's value into the register `into`, for the rows selected. */
static enum tend_code emit_move(struct compiler *c, uint32_t idx, uint32_t into)
{
    uint32_t slot = EXPR_NONE;
    TEND_TRY(emit(c, idx, &slot));
    TEND_TRY(add_instr(
        c, (struct expr_instr){.op = move_op(node_of(c, idx)->type), .dst = into, .a = slot}));
    release(c, slot);
    return TEND_OK;
}

static enum tend_code emit_sel(struct compiler *c, enum expr_op op, uint32_t slot,
                               enum expr_state state, uint32_t *instr_idx)
{
    *instr_idx = (uint32_t)c->program->instr_count;
    return add_instr(c, (struct expr_instr){.op = op, .a = slot, .c = (uint32_t)state});
}

/* SEL_DUP ... SEL_POP; the jumps of the SEL_KEEPs in between, a chain through `imm`, lead to the
 * pop. */
static enum tend_code begin_choice(struct compiler *c)
{
    TEND_TRY(push_sel(c));
    return add_instr(c, (struct expr_instr){.op = EXPR_OP_SEL_DUP});
}

static enum tend_code keep_rows(struct compiler *c, uint32_t slot, enum expr_state state,
                                uint32_t *chain)
{
    const uint32_t before = *chain;
    TEND_TRY(emit_sel(c, EXPR_OP_SEL_KEEP, slot, state, chain));
    c->program->instrs[*chain].imm = before;
    return TEND_OK;
}

static enum tend_code end_choice(struct compiler *c, uint32_t chain)
{
    const uint32_t end = (uint32_t)c->program->instr_count;
    while (chain != EXPR_NONE) {
        const uint32_t before = c->program->instrs[chain].imm;
        c->program->instrs[chain].imm = end;
        chain = before;
    }
    c->sel_depth--;
    return add_instr(c, (struct expr_instr){.op = EXPR_OP_SEL_POP});
}

static bool may_later_fail(const struct compiler *c, const struct expr_node *node)
{
    for (uint32_t i = node_of(c, node->first)->next; i != EXPR_NONE; i = node_of(c, i)->next) {
        if (node_of(c, i)->may_fail) {
            return true;
        }
    }
    return false;
}

static enum tend_code emit_logic(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    const bool is_and = node->kind == EXPR_NODE_AND;
    const bool chooses = may_later_fail(c, node);
    uint32_t chain = EXPR_NONE;
    if (chooses) {
        TEND_TRY(take_register(c, slot));
        TEND_TRY(emit_move(c, node->first, *slot));
        TEND_TRY(begin_choice(c));
    } else {
        TEND_TRY(emit(c, node->first, slot));
    }
    for (uint32_t i = node_of(c, node->first)->next; i != EXPR_NONE; i = node_of(c, i)->next) {
        struct expr_instr instr = {.op = is_and ? EXPR_OP_AND : EXPR_OP_OR, .a = *slot};
        if (chooses) {
            TEND_TRY(keep_rows(c, *slot, is_and ? EXPR_NOT_FALSE : EXPR_NOT_TRUE, &chain));
            TEND_TRY(emit(c, i, &instr.b));
            instr.dst = *slot;
            TEND_TRY(add_instr(c, instr));
            release(c, instr.b);
        } else {
            TEND_TRY(emit(c, i, &instr.b));
            TEND_TRY(emit_instr(c, instr, slot));
        }
    }
    return chooses ? end_choice(c, chain) : TEND_OK;
}

static enum tend_code emit_coalesce(struct compiler *c, const struct expr_node *node,
                                    uint32_t *slot)
{
    if (node->child_count == 1) {
        return emit(c, node->first, slot);
    }
    uint32_t chain = EXPR_NONE;
    TEND_TRY(take_register(c, slot));
    TEND_TRY(emit_move(c, node->first, *slot));
    TEND_TRY(begin_choice(c));
    for (uint32_t i = node_of(c, node->first)->next; i != EXPR_NONE; i = node_of(c, i)->next) {
        TEND_TRY(keep_rows(c, *slot, EXPR_IS_NULL, &chain));
        TEND_TRY(emit_move(c, i, *slot));
    }
    return end_choice(c, chain);
}

/* The condition of one WHEN: its value, or operand = its value. The operand stays in use. */
static enum tend_code emit_when(struct compiler *c, uint32_t when, uint32_t operand, uint32_t *slot)
{
    if (operand == EXPR_NONE) {
        return emit(c, when, slot);
    }
    uint32_t pair[2] = {operand, EXPR_NONE};
    TEND_TRY(emit(c, when, &pair[1]));
    TEND_TRY(emit_compare(c, node_of(c, when)->type, EXPR_BIT_EQUAL, pair, slot));
    if (pair[1] != operand) {
        release(c, pair[1]);
    }
    return TEND_OK;
}

/* No part can fail: from the ELSE backwards, each THEN is laid over what came after it. */
static enum tend_code emit_case_blended(struct compiler *c, const struct expr_node *node,
                                        uint32_t first_when, uint32_t operand, uint32_t into)
{
    TEND_TRY(emit_move(c, node->last, into));
    uint32_t whens = 0;
    for (uint32_t i = first_when; i != node->last; i = node_of(c, node_of(c, i)->next)->next) {
        whens++;
    }
    while (whens > 0) {
        whens--;
        uint32_t when = first_when;
        for (uint32_t i = 0; i < whens; i++) {
            when = node_of(c, node_of(c, when)->next)->next;
        }
        struct expr_instr instr = {.op = blend_op(node->type), .dst = into};
        TEND_TRY(emit_when(c, when, operand, &instr.a));
        TEND_TRY(emit(c, node_of(c, when)->next, &instr.b));
        TEND_TRY(add_instr(c, instr));
        release(c, instr.a);
        release(c, instr.b);
    }
    return TEND_OK;
}

static enum tend_code emit_case_selected(struct compiler *c, const struct expr_node *node,
                                         uint32_t first_when, uint32_t operand, uint32_t into)
{
    uint32_t chain = EXPR_NONE;
    TEND_TRY(begin_choice(c));
    for (uint32_t when = first_when; when != node->last;
         when = node_of(c, node_of(c, when)->next)->next) {
        uint32_t condition = EXPR_NONE;
        uint32_t push = 0;
        TEND_TRY(emit_when(c, when, operand, &condition));
        TEND_TRY(push_sel(c));
        TEND_TRY(emit_sel(c, EXPR_OP_SEL_PUSH, condition, EXPR_IS_TRUE, &push));
        TEND_TRY(emit_move(c, node_of(c, when)->next, into));
        TEND_TRY(add_instr(c, (struct expr_instr){.op = EXPR_OP_SEL_POP}));
        c->sel_depth--;
        c->program->instrs[push].imm = (uint32_t)c->program->instr_count;
        TEND_TRY(keep_rows(c, condition, EXPR_NOT_TRUE, &chain));
        release(c, condition);
    }
    TEND_TRY(emit_move(c, node->last, into));
    return end_choice(c, chain);
}

static enum tend_code emit_case(struct compiler *c, const struct expr_node *node, uint32_t *slot)
{
    uint32_t operand = EXPR_NONE;
    uint32_t first_when = node->first;
    if (node->kind == EXPR_NODE_CASE_SIMPLE) {
        TEND_TRY(emit(c, node->first, &operand));
        first_when = node_of(c, node->first)->next;
    }
    TEND_TRY(take_register(c, slot));
    if (may_later_fail(c, node)) {
        TEND_TRY(emit_case_selected(c, node, first_when, operand, *slot));
    } else {
        TEND_TRY(emit_case_blended(c, node, first_when, operand, *slot));
    }
    if (operand != EXPR_NONE) {
        release(c, operand);
    }
    return TEND_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum tend_code emit(struct compiler *c, uint32_t idx, uint32_t *slot)
{
    const struct expr_node *node = node_of(c, idx);
    switch (node->kind) {
    case EXPR_NODE_NUMBER:
    case EXPR_NODE_BOOL:
    case EXPR_NODE_TEXT:
    case EXPR_NODE_TIME:
    case EXPR_NODE_NULL:
    case EXPR_NODE_SPAN:
        return emit_literal(c, node, slot);
    case EXPR_NODE_COLUMN:
        return emit_column(c, node, slot);
    case EXPR_NODE_STRICT:
        return emit_strict(c, node, slot);
    case EXPR_NODE_COMPARE:
    case EXPR_NODE_DISTINCT:
    case EXPR_NODE_NULLIF:
        return emit_two(c, node, slot);
    case EXPR_NODE_IS_NULL:
    case EXPR_NODE_IS_BOOL:
        return emit_test(c, node, slot);
    case EXPR_NODE_AND:
    case EXPR_NODE_OR:
        return emit_logic(c, node, slot);
    case EXPR_NODE_CASE:
    case EXPR_NODE_CASE_SIMPLE:
        return emit_case(c, node, slot);
    case EXPR_NODE_COALESCE:
        return emit_coalesce(c, node, slot);
    case EXPR_NODE_LEAST:
    case EXPR_NODE_GREATEST:
        return emit_pick(c, node, slot);
    case EXPR_NODE_IN:
        return emit_in(c, node, slot);
    case EXPR_NODE_BETWEEN:
        return emit_between(c, node, slot);
    case EXPR_NODE_CAST:
        return emit_cast(c, node, slot);
    }
    return TEND_OK;
}

/* The columns of the tree, each once: they are the first slots. */
static enum tend_code list_columns(struct compiler *c)
{
    struct expr_program *program = c->program;
    size_t cap = 0;
    size_t type_cap = 0;
    for (size_t n = 0; n < c->tree->node_count; n++) {
        const struct expr_node *node = &c->tree->nodes[n];
        if (node->kind != EXPR_NODE_COLUMN) {
            continue;
        }
        const uint32_t field_idx = node->value.field_idx;
        bool is_known = false;
        for (size_t i = 0; i < program->column_count; i++) {
            is_known = is_known || program->columns[i] == field_idx;
        }
        if (is_known) {
            continue;
        }
        TEND_TRY(tend__mem_grow(&program->columns, &cap, program->column_count + 1,
                                TEND_EXPR_NODE_MAX, sizeof(*program->columns), c->err));
        TEND_TRY(tend__mem_grow(&program->column_types, &type_cap, program->column_count + 1,
                                TEND_EXPR_NODE_MAX, sizeof(*program->column_types), c->err));
        program->columns[program->column_count] = field_idx;
        program->column_types[program->column_count] = c->tree->fields[field_idx].type;
        program->column_count++;
    }
    return TEND_OK;
}

enum tend_code tend__expr_compile(const struct expr_tree *tree, struct expr_program *program,
                                  struct tend_error *err)
{
    struct compiler c = {.tree = tree, .program = program, .err = err};
    TEND_TRY(tend__mem_new(tree->texts_len + 1, 1, &program->texts, err));
    if (tree->texts_len > 0) {
        memcpy(program->texts, tree->texts, tree->texts_len);
    }
    TEND_TRY(list_columns(&c));
    TEND_TRY(emit(&c, tree->root, &program->result));
    program->type = tree->nodes[tree->root].type;
    return TEND_OK;
}

void tend__expr_program_deinit(struct expr_program *program)
{
    tend__mem_free(program->instrs);
    tend__mem_free(program->consts);
    tend__mem_free(program->texts);
    tend__mem_free(program->columns);
    tend__mem_free(program->column_types);
    *program = (struct expr_program){0};
}
