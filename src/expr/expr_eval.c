/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_eval.c: the loop of the machine: blocks of rows, selections, scratch memory.
 *
 * Everything that an evaluation writes belongs to the vector: the expression is only read.
 */
#include "expr/expr_program.h"
#include "expr/expr_internal.h"

#include "base/mem.h"

#include <string.h>

#define POOL_BLOCK_SIZE 65536U

typedef void run_fn(struct expr_machine *m, const struct expr_instr *in);

static run_fn *const run_table[] = {
#define EXPR__PLAIN(name, function) [EXPR_OP_##name] = tend__run_##function,
    EXPR_PLAIN_OPS(EXPR__PLAIN)
#undef EXPR__PLAIN
};

/* ---- texts that an evaluation makes ---------------------------------------------------------- */

char *tend__expr_pool_take(struct expr_machine *m, size_t len)
{
    struct tend__expr_scratch *scratch = m->scratch;
    while (scratch->pool_used != NULL && scratch->pool_used->cap - scratch->pool_used->len < len &&
           scratch->pool_used->next != NULL) {
        scratch->pool_used = scratch->pool_used->next;
    }
    struct expr_pool_block *block = scratch->pool_used;
    if (block == NULL || block->cap - block->len < len) {
        const size_t cap = len > POOL_BLOCK_SIZE ? len : POOL_BLOCK_SIZE;
        if (scratch->pool_len + cap > TEND_EXPR_TEXT_POOL_MAX) {
            m->code = TEND_FAIL(m->err, ELIMIT, "the texts made by one evaluation exceed %u bytes",
                                TEND_EXPR_TEXT_POOL_MAX);
            return NULL;
        }
        m->code = tend__mem_new(1, sizeof(*block) + cap, &block, m->err);
        if (m->code != TEND_OK) {
            return NULL;
        }
        block->cap = cap;
        if (scratch->pool_used == NULL) {
            scratch->pool = block;
        } else {
            scratch->pool_used->next = block;
        }
        scratch->pool_used = block;
        scratch->pool_len += cap;
    }
    char *bytes = block->bytes + block->len;
    block->len += len;
    return bytes;
}

static void reset_pool(struct tend__expr_scratch *scratch)
{
    for (struct expr_pool_block *block = scratch->pool; block != NULL; block = block->next) {
        block->len = 0;
    }
    scratch->pool_used = scratch->pool;
}

void tend__expr_scratch_free(struct tend__expr_scratch *scratch)
{
    if (scratch == NULL) {
        return;
    }
    struct expr_pool_block *block = scratch->pool;
    while (block != NULL) {
        struct expr_pool_block *next = block->next;
        tend__mem_free(block);
        block = next;
    }
    tend__mem_free(scratch->slots);
    tend__mem_free(scratch->memory);
    tend__mem_free(scratch->rows);
    tend__mem_free(scratch->levels);
    tend__mem_free(scratch->ones);
    tend__mem_free(scratch->zeros);
    tend__mem_free(scratch);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t width_of(enum tend_type type)
{
    switch (type) {
    case TEND_TYPE_NUMBER:
        return sizeof(double);
    case TEND_TYPE_BOOL:
        return sizeof(uint8_t);
    case TEND_TYPE_TEXT:
        return sizeof(struct tend__text);
    case TEND_TYPE_TIME:
        return sizeof(int64_t);
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return 0;
}

/* A new zeroed array in place of a too small one. */
static enum tend_code renew(void *ptr, size_t *cap, size_t need, size_t size,
                            struct tend_error *err)
{
    if (need <= *cap) {
        return TEND_OK;
    }
    void *fresh = NULL;
    void *old = NULL;
    TEND_TRY(tend__mem_new(need, size, &fresh, err));
    memcpy(&old, ptr, sizeof(old));
    tend__mem_free(old);
    memcpy(ptr, &fresh, sizeof(fresh));
    *cap = need;
    return TEND_OK;
}

static enum tend_code prepare_scratch(const struct expr_program *program, size_t lane_count,
                                      struct tend__vector *out, struct tend_error *err)
{
    if (out->scratch == NULL) {
        TEND_TRY(tend__mem_new(1, sizeof(*out->scratch), &out->scratch, err));
    }
    struct tend__expr_scratch *scratch = out->scratch;
    const size_t slot_count = program->column_count + program->slot_count;
    const size_t memory_len = program->slot_count * lane_count * (sizeof(struct tend__text) + 1);
    if (scratch->ones == NULL) {
        TEND_TRY(tend__mem_new(EXPR_LANE_MAX, 1, &scratch->ones, err));
        memset(scratch->ones, 1, EXPR_LANE_MAX);
    }
    if (scratch->zeros == NULL) {
        TEND_TRY(tend__mem_new(EXPR_LANE_MAX, sizeof(*scratch->zeros), &scratch->zeros, err));
    }
    TEND_TRY(renew(&scratch->slots, &scratch->slot_cap, slot_count, sizeof(*scratch->slots), err));
    TEND_TRY(renew(&scratch->levels, &scratch->level_cap, (size_t)program->sel_count + 1,
                   sizeof(*scratch->levels), err));
    TEND_TRY(renew(&scratch->rows, &scratch->row_cap, program->sel_count * (size_t)EXPR_LANE_MAX,
                   sizeof(*scratch->rows), err));
    return renew(&scratch->memory, &scratch->memory_cap, memory_len, 1, err);
}

/* The registers: all values first, so that they are aligned, then the validities. */
static void place_registers(const struct expr_program *program, size_t lane_count,
                            struct tend__expr_scratch *scratch)
{
    const size_t value_size = lane_count * sizeof(struct tend__text);
    if (scratch->memory == NULL) {
        return;
    }
    char *values = scratch->memory;
    char *valid = scratch->memory + program->slot_count * value_size;
    for (size_t i = 0; i < program->slot_count; i++) {
        struct expr_slot *slot = &scratch->slots[program->column_count + i];
        slot->out = values + i * value_size;
        slot->out_valid = (uint8_t *)(valid + i * lane_count);
        slot->in = slot->out;
        slot->in_valid = slot->out_valid;
    }
}

static enum tend_code grow_array(void *ptr, size_t count, size_t size, struct tend_error *err)
{
    return size == 0 ? TEND_OK : tend__mem_resize(ptr, count, size, err);
}

/* Room for the result; a vector may have served expressions of other types before. */
static enum tend_code prepare_result(enum tend_type type, size_t row_count,
                                     struct tend__vector *out, struct tend_error *err)
{
    const bool has_values = type == TEND_TYPE_NULL || (type == TEND_TYPE_NUMBER && out->f64) ||
                            (type == TEND_TYPE_BOOL && out->bools) ||
                            (type == TEND_TYPE_TIME && out->time_us) ||
                            (type == TEND_TYPE_TEXT && out->text);
    if (row_count <= out->cap && has_values) {
        return TEND_OK;
    }
    size_t cap = out->cap < 16 ? 16 : out->cap;
    while (cap < row_count) {
        cap = cap > SIZE_MAX / 64 ? row_count : cap * 2;
    }
    /* cap is what all arrays have: those that exist grow together. */
    const struct tend__vector *v = out;
    TEND_TRY(grow_array(&out->valid, cap, 1, err));
    TEND_TRY(grow_array(&out->failed, cap, 1, err));
    TEND_TRY(grow_array(&out->f64, cap, type == TEND_TYPE_NUMBER || v->f64 ? 8 : 0, err));
    TEND_TRY(grow_array(&out->bools, cap, type == TEND_TYPE_BOOL || v->bools ? 1 : 0, err));
    TEND_TRY(grow_array(&out->time_us, cap, type == TEND_TYPE_TIME || v->time_us ? 8 : 0, err));
    TEND_TRY(grow_array(&out->text, cap,
                        type == TEND_TYPE_TEXT || v->text ? sizeof(struct tend__text) : 0, err));
    out->cap = cap;
    return TEND_OK;
}

/* ---- columns --------------------------------------------------------------------------------- */

static const void *values_of(const struct tend__column *column)
{
    switch (column->type) {
    case TEND_TYPE_NUMBER:
        return column->f64;
    case TEND_TYPE_BOOL:
        return column->bools;
    case TEND_TYPE_TEXT:
        return column->text;
    case TEND_TYPE_TIME:
        return column->time_us;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return NULL;
}

static enum tend_code check_columns(const struct expr_program *program,
                                    const struct tend__column *columns, size_t row_count,
                                    struct tend_error *err)
{
    for (size_t i = 0; i < program->column_count; i++) {
        const struct tend__column *column = &columns[program->columns[i]];
        if (column->type == TEND_TYPE_NULL || program->column_types[i] == TEND_TYPE_NULL) {
            continue;
        }
        if (column->type != program->column_types[i]) {
            return TEND_FAIL(err, EINVAL, "column %u is of type %s; the expression was made for %s",
                             program->columns[i], tend__type_text(column->type),
                             tend__type_text(program->column_types[i]));
        }
        if (row_count > 0 && values_of(column) == NULL) {
            return TEND_FAIL(err, EINVAL, "column %u has no values", program->columns[i]);
        }
    }
    return TEND_OK;
}

static void place_columns(const struct expr_program *program, const struct tend__column *columns,
                          size_t offset, struct tend__expr_scratch *scratch)
{
    for (size_t i = 0; i < program->column_count; i++) {
        const struct tend__column *column = &columns[program->columns[i]];
        struct expr_slot *slot = &scratch->slots[i];
        slot->out = NULL;
        slot->out_valid = NULL;
        if (column->type == TEND_TYPE_NULL || program->column_types[i] == TEND_TYPE_NULL) {
            slot->in = scratch->zeros;
            slot->in_valid = (const uint8_t *)scratch->zeros;
        } else {
            slot->in = (const char *)values_of(column) + offset * width_of(column->type);
            slot->in_valid = column->valid == NULL ? scratch->ones : column->valid + offset;
        }
    }
}

/* ---- selections ------------------------------------------------------------------------------ */

static void enter_level(struct expr_machine *m, size_t level)
{
    m->level = level;
    m->sel = m->scratch->levels[level].rows;
    m->row_count = m->scratch->levels[level].len;
}

/* The bool that a row of a slot gives for a state. */
static inline bool is_in_state(uint32_t state, uint8_t value, uint8_t valid)
{
    switch ((enum expr_state)state) {
    case EXPR_IS_TRUE:
        return valid != 0 && value != 0;
    case EXPR_NOT_TRUE:
        return valid == 0 || value == 0;
    case EXPR_NOT_FALSE:
        return valid == 0 || value != 0;
    case EXPR_IS_NULL:
        return valid == 0;
    }
    return false;
}

/* Writes the rows of the selection that are in the state as the selection of `level`. */
static size_t filter_rows(struct expr_machine *m, const struct expr_instr *in, size_t level)
{
    const struct expr_slot *slot = &m->slots[in->a];
    /* Where only NULLs are asked for, the slot need not be one of bools. */
    const uint8_t *values = in->c == EXPR_IS_NULL ? slot->in_valid : slot->in;
    const uint8_t *valid = slot->in_valid;
    uint16_t *rows = m->scratch->rows + (level - 1) * EXPR_LANE_MAX;
    size_t len = 0;
    EXPR_EACH_ROW(m, i, {
        rows[len] = (uint16_t)i;
        len += is_in_state(in->c, values[i], valid[i]) ? 1 : 0;
    });
    m->scratch->levels[level].rows = len == m->row_count ? m->sel : rows;
    m->scratch->levels[level].len = len;
    return len;
}

/* Runs a control instruction; returns the index of the next instruction. */
static size_t run_control(struct expr_machine *m, const struct expr_instr *in, size_t idx)
{
    if (in->op == EXPR_OP_SEL_POP) {
        enter_level(m, m->level - 1);
    } else if (in->op == EXPR_OP_SEL_DUP) {
        m->scratch->levels[m->level + 1] = m->scratch->levels[m->level];
        enter_level(m, m->level + 1);
    } else {
        const size_t level = in->op == EXPR_OP_SEL_PUSH ? m->level + 1 : m->level;
        if (filter_rows(m, in, level) == 0) {
            /* A push is not done at all; a keep leads to its pop. */
            return in->imm;
        }
        enter_level(m, level);
    }
    return idx + 1;
}

static void run_block(struct expr_machine *m, size_t row_count)
{
    const struct expr_program *program = m->program;
    m->scratch->levels[0] = (struct expr_level){.rows = NULL, .len = row_count};
    enter_level(m, 0);
    for (size_t i = 0; i < program->instr_count && m->code == TEND_OK;) {
        const struct expr_instr *in = &program->instrs[i];
        if (in->op <= EXPR_OP_SEL_POP) {
            i = run_control(m, in, i);
        } else {
            run_table[in->op](m, in);
            i++;
        }
    }
}

/* ---- the result ------------------------------------------------------------------------------ */

static void *result_values(const struct tend__vector *out, size_t offset)
{
    switch (out->type) {
    case TEND_TYPE_NUMBER:
        return out->f64 + offset;
    case TEND_TYPE_BOOL:
        return out->bools + offset;
    case TEND_TYPE_TEXT:
        return out->text + offset;
    case TEND_TYPE_TIME:
        return out->time_us + offset;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
    return NULL;
}

static void store_result(const struct expr_machine *m, size_t offset, size_t row_count,
                         struct tend__vector *out)
{
    const struct expr_slot *slot = &m->slots[m->program->result];
    const size_t width = width_of(out->type);
    if (width > 0) {
        memcpy(result_values(out, offset), slot->in, row_count * width);
        memcpy(out->valid + offset, slot->in_valid, row_count);
    } else {
        memset(out->valid + offset, 0, row_count);
    }
    if (m->failed_count > 0) {
        for (size_t i = 0; i < row_count; i++) {
            out->valid[offset + i] = m->failed[i] != 0 ? 0 : out->valid[offset + i];
        }
    }
}

enum tend_code tend__expr_run(const struct expr_program *program,
                              const struct tend__column *columns, size_t row_count,
                              struct tend__vector *out, struct tend_error *err)
{
    const size_t lane_count =
        row_count >= EXPR_LANE_MAX ? EXPR_LANE_MAX : (row_count + 15) / 16 * 16;
    TEND_TRY(check_columns(program, columns, row_count, err));
    TEND_TRY(prepare_scratch(program, lane_count, out, err));
    TEND_TRY(prepare_result(program->type, row_count, out, err));
    reset_pool(out->scratch);
    place_registers(program, lane_count, out->scratch);
    out->type = program->type;
    out->len = 0;
    out->failed_count = 0;
    if (row_count > 0) {
        memset(out->failed, 0, row_count);
    }
    struct expr_machine m = {
        .program = program, .slots = out->scratch->slots, .scratch = out->scratch, .err = err};
    for (size_t offset = 0; offset < row_count; offset += EXPR_LANE_MAX) {
        const size_t left = row_count - offset;
        const size_t block = left < EXPR_LANE_MAX ? left : EXPR_LANE_MAX;
        m.failed = out->failed + offset;
        m.failed_count = 0;
        place_columns(program, columns, offset, out->scratch);
        run_block(&m, block);
        if (m.code != TEND_OK) {
            return m.code;
        }
        store_result(&m, offset, block, out);
        out->failed_count += m.failed_count;
    }
    out->len = row_count;
    return TEND_OK;
}
