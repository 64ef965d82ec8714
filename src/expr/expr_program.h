/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_program.h: the flat program that an expression becomes, and the machine that runs it;
 * private to src/expr.
 *
 * The machine works on blocks of at most EXPR_LANE_MAX rows. Every instruction reads and writes
 * slots: a slot is a register of the scratch memory, or a column of the caller's (read only).
 * Instructions work on the rows of the current selection: all rows of the block, or a list of row
 * numbers that a branch has narrowed; a branch nobody takes is jumped over. So a row is never
 * computed where it is not needed, and cannot fail there.
 *
 * Invariants: an instruction's target is never one of its operands (but for AND, OR, BLEND, MOVE,
 * which say so); a row that fails has valid = 0 in the target, so that what follows treats it as
 * NULL; the first failure of a row stays.
 */
#ifndef TEND_EXPR_EXPR_PROGRAM_H
#define TEND_EXPR_EXPR_PROGRAM_H

#include "expr/expr.h"

#define EXPR_LANE_MAX 512

/* The columns: name, and the function of the machine. Control instructions come first and are run
 * by the loop itself. */
#define EXPR_CONTROL_OPS(X)                                                                        \
    X(SEL_PUSH) /* pushes the rows of the selection where slot a is in state c; jumps if none */   \
    X(SEL_KEEP) /* narrows the selection likewise; jumps if none is left */                        \
    X(SEL_DUP)  /* pushes a copy of the selection, to be narrowed */                               \
    X(SEL_POP)

#define EXPR_PLAIN_OPS(X)                                                                          \
    X(CONST_8, const_8)                                                                            \
    X(CONST_BOOL, const_bool)                                                                      \
    X(CONST_TEXT, const_text)                                                                      \
    X(CONST_NULL, const_null)                                                                      \
    X(ADD, add)                                                                                    \
    X(SUB, sub)                                                                                    \
    X(MUL, mul)                                                                                    \
    X(DIV, div)                                                                                    \
    X(MOD, mod)                                                                                    \
    X(NEG, neg)                                                                                    \
    X(ABS, abs)                                                                                    \
    X(LN, ln)                                                                                      \
    X(LOG10, log10)                                                                                \
    X(LOG2, log2)                                                                                  \
    X(EXP, exp)                                                                                    \
    X(SQRT, sqrt)                                                                                  \
    X(POW, pow)                                                                                    \
    X(ROUND, round)                                                                                \
    X(FLOOR, floor)                                                                                \
    X(CEIL, ceil)                                                                                  \
    X(TRUNC, trunc)                                                                                \
    X(SIGN, sign)                                                                                  \
    X(ISNAN, isnan)                                                                                \
    X(ISINF, isinf)                                                                                \
    X(ISFINITE, isfinite)                                                                          \
    X(COMPARE_NUMBER, compare_number)                                                              \
    X(COMPARE_BOOL, compare_bool)                                                                  \
    X(COMPARE_TEXT, compare_text)                                                                  \
    X(COMPARE_TIME, compare_time)                                                                  \
    X(DISTINCT, distinct)                                                                          \
    X(NULLIF_8, nullif_8)                                                                          \
    X(NULLIF_BOOL, nullif_bool)                                                                    \
    X(NULLIF_TEXT, nullif_text)                                                                    \
    X(PICK_8, pick_8)                                                                              \
    X(PICK_BOOL, pick_bool)                                                                        \
    X(PICK_TEXT, pick_text)                                                                        \
    X(NOT, not )                                                                                   \
    X(AND, and)                                                                                    \
    X(OR, or)                                                                                      \
    X(IS_NULL, is_null)                                                                            \
    X(IS_BOOL, is_bool)                                                                            \
    X(BLEND_8, blend_8)                                                                            \
    X(BLEND_BOOL, blend_bool)                                                                      \
    X(BLEND_TEXT, blend_text)                                                                      \
    X(MOVE_8, move_8)                                                                              \
    X(MOVE_BOOL, move_bool)                                                                        \
    X(MOVE_TEXT, move_text)                                                                        \
    X(IN_NUMBERS, in_numbers)                                                                      \
    X(IN_TIMES, in_times)                                                                          \
    X(IN_TEXTS, in_texts)                                                                          \
    X(LIKE, like)                                                                                  \
    X(LENGTH, length)                                                                              \
    X(LOWER, lower)                                                                                \
    X(UPPER, upper)                                                                                \
    X(CONCAT, concat)                                                                              \
    X(PART, part)                                                                                  \
    X(DATE_TRUNC, date_trunc)                                                                      \
    X(EPOCH, epoch)                                                                                \
    X(TIME_ADD, time_add)                                                                          \
    X(NUMBER_TO_BOOL, number_to_bool)                                                              \
    X(NUMBER_TO_INTEGER, number_to_integer)                                                        \
    X(NUMBER_TO_TEXT, number_to_text)                                                              \
    X(BOOL_TO_NUMBER, bool_to_number)                                                              \
    X(BOOL_TO_TEXT, bool_to_text)                                                                  \
    X(TEXT_TO_NUMBER, text_to_number)                                                              \
    X(TEXT_TO_BOOL, text_to_bool)                                                                  \
    X(TEXT_TO_TIME, text_to_time)                                                                  \
    X(TIME_TO_TEXT, time_to_text)

enum expr_op {
#define EXPR__CONTROL(name) EXPR_OP_##name,
#define EXPR__PLAIN(name, function) EXPR_OP_##name,
    EXPR_CONTROL_OPS(EXPR__CONTROL) EXPR_PLAIN_OPS(EXPR__PLAIN)
#undef EXPR__CONTROL
#undef EXPR__PLAIN
        EXPR_OP_COUNT
};

enum expr_unit {
    EXPR_UNIT_YEAR,
    EXPR_UNIT_QUARTER,
    EXPR_UNIT_MONTH,
    EXPR_UNIT_WEEK,
    EXPR_UNIT_DAY,
    EXPR_UNIT_HOUR,
    EXPR_UNIT_MINUTE,
    EXPR_UNIT_SECOND,
    EXPR_UNIT_DAYOFWEEK,
    EXPR_UNIT_ISODOW,
    EXPR_UNIT_DAYOFYEAR,
    EXPR_UNIT_EPOCH
};

/* What a selection asks of a bool slot, or of any slot's NULLs. */
enum expr_state { EXPR_IS_TRUE, EXPR_NOT_TRUE, EXPR_NOT_FALSE, EXPR_IS_NULL };

/* How a COMPARE finds its answer from less, equal, greater: one bit each. */
#define EXPR_BIT_LESS 1U
#define EXPR_BIT_EQUAL 2U
#define EXPR_BIT_GREATER 4U

struct expr_instr {
    enum expr_op op;
    uint32_t dst;
    uint32_t a;
    uint32_t b;
    uint32_t c;   /* a third slot, bits of a comparison, a unit, an escape character, digits */
    uint32_t imm; /* index of a constant, or the target of a jump */
};

/* A constant, or the parts of one. */
struct expr_const {
    union {
        double number;
        int64_t integer;
        struct tend__text text;
    } value;
    int64_t months;
};

struct expr_program {
    struct expr_instr *instrs;
    size_t instr_count;
    size_t instr_cap;
    struct expr_const *consts;
    size_t const_count;
    size_t const_cap;
    char *texts;       /* what the text constants point into */
    uint32_t *columns; /* the field of each column slot */
    size_t column_count;
    enum tend_type *column_types;
    uint32_t slot_count; /* registers; column slots come after them */
    uint32_t sel_count;  /* selections alive at once, the whole block not counted */
    uint32_t result;     /* slot */
    enum tend_type type;
};

void tend__expr_program_deinit(struct expr_program *program);

struct expr_slot {
    const void *in; /* what is read: the register, or the caller's column */
    const uint8_t *in_valid;
    void *out; /* the register; NULL for a column */
    uint8_t *out_valid;
};

/* Blocks of bytes for the texts that an evaluation makes; a block never moves. */
struct expr_pool_block {
    struct expr_pool_block *next;
    size_t cap;
    size_t len;
    char bytes[];
};

/* A selection: row numbers, ascending; NULL for all of the block. */
struct expr_level {
    const uint16_t *rows;
    size_t len;
};

struct tend__expr_scratch {
    struct expr_slot *slots;
    size_t slot_cap;
    char *memory; /* registers */
    size_t memory_cap;
    uint16_t *rows; /* of the selections, EXPR_LANE_MAX each */
    size_t row_cap;
    struct expr_level *levels;
    size_t level_cap;
    uint8_t *ones;            /* the validity of columns without one */
    struct tend__text *zeros; /* the values and the validity of columns that are all NULL */
    struct expr_pool_block *pool;
    struct expr_pool_block *pool_used; /* the block being filled */
    size_t pool_len;
};

struct expr_machine {
    const struct expr_program *program;
    struct expr_slot *slots;
    struct tend__expr_scratch *scratch;
    const uint16_t *sel; /* the selection in force; NULL: all rows of the block */
    size_t row_count;    /* of it */
    size_t level;        /* 0: the whole block */
    uint8_t *failed;     /* of the block */
    size_t failed_count;
    enum tend_code code; /* what stops the whole evaluation */
    struct tend_error *err;
};

#define EXPR__DECLARE(name, function)                                                              \
    void tend__run_##function(struct expr_machine *m, const struct expr_instr *in);
EXPR_PLAIN_OPS(EXPR__DECLARE)
#undef EXPR__DECLARE

/* Runs `body` for every row of the selection. */
#define EXPR_EACH_ROW(m, i, body)                                                                  \
    do {                                                                                           \
        const uint16_t *const sel_ = (m)->sel;                                                     \
        const size_t n_ = (m)->row_count;                                                          \
        if (sel_ == NULL) {                                                                        \
            for (size_t i = 0; i < n_; i++) {                                                      \
                body                                                                               \
            }                                                                                      \
        } else {                                                                                   \
            for (size_t k_ = 0; k_ < n_; k_++) {                                                   \
                const size_t i = sel_[k_];                                                         \
                body                                                                               \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static inline void tend__expr_fail_row(struct expr_machine *m, size_t i, uint8_t *valid,
                                       enum tend__expr_failure failure)
{
    if (m->failed[i] == 0) {
        m->failed[i] = (uint8_t)failure;
        m->failed_count++;
    }
    valid[i] = 0;
}

/* Room for len bytes that live until the next evaluation; NULL and m->code set on failure. len > 0.
 */
char *tend__expr_pool_take(struct expr_machine *m, size_t len);

/* -1, 0, 1. Numbers: NaN equals itself and is above all others. Text: bytewise. */
int tend__expr_number_order(double a, double b);
int tend__expr_text_order(struct tend__text a, struct tend__text b);

/* The whole of the text as a finite or infinite number or NaN; false where it is not one. Does not
 * depend on the locale. `overflowed` tells that the digits name a number beyond binary64. */
bool tend__expr_number_parse(const char *text, size_t len, double *out, bool *overflowed);

#define EXPR_NUMBER_TEXT_SIZE 40

/* The shortest decimal that reads back; returns its length. */
size_t tend__expr_number_text(double number, char text[EXPR_NUMBER_TEXT_SIZE]);

/* time + months, then + us; false where the result is no time. */
bool tend__expr_time_add(int64_t time_us, int64_t months, int64_t us, int64_t *out);

#endif
