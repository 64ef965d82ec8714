/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_number.c: arithmetic and functions of numbers.
 *
 * A loop computes without looking; the results that are not finite are few, and only they are
 * looked at again. A result that is infinite or NaN though all operands were finite fails the row;
 * so does NaN from operands that are no NaN (infinity - infinity). NaN and infinities that came in
 * pass through as IEEE 754 says.
 */
#include "expr/expr_program.h"

#include <math.h>
#include <string.h>

#define EXPONENT_MASK UINT64_C(0x7FF0000000000000)
#define EXPONENT_STEP UINT64_C(0x0010000000000000)

/* Has its top bit set where the number is infinite or NaN: the exponent of ones overflows into the
 * sign. */
static inline uint64_t not_finite_bit(double number)
{
    uint64_t bits = 0;
    memcpy(&bits, &number, sizeof(bits));
    return (bits & EXPONENT_MASK) + EXPONENT_STEP;
}

typedef enum tend__expr_failure judge_fn(double x, double y, double z);

static enum tend__expr_failure judge_sum(double x, double y, double z)
{
    if (isfinite(x) && isfinite(y)) {
        return isnan(z) ? TEND_EXPR_NOT_A_NUMBER : TEND_EXPR_OVERFLOW;
    }
    return isnan(z) && !isnan(x) && !isnan(y) ? TEND_EXPR_NOT_A_NUMBER : TEND_EXPR_FINE;
}

static enum tend__expr_failure judge_quotient(double x, double y, double z)
{
    return y == 0 ? TEND_EXPR_DIVISION_BY_ZERO : judge_sum(x, y, z);
}

static enum tend__expr_failure judge_power(double x, double y, double z)
{
    return x == 0 && y < 0 ? TEND_EXPR_DIVISION_BY_ZERO : judge_sum(x, y, z);
}

static enum tend__expr_failure judge_logarithm(double x, double y, double z)
{
    (void)y;
    (void)z;
    return x <= 0 ? TEND_EXPR_LOG_DOMAIN : TEND_EXPR_FINE;
}

static enum tend__expr_failure judge_root(double x, double y, double z)
{
    (void)y;
    (void)z;
    return x < 0 ? TEND_EXPR_SQRT_DOMAIN : TEND_EXPR_FINE;
}

/* Looks at every row whose result is not finite. For a function of one number, b is a. */
static void judge_rows(struct expr_machine *m, const struct expr_instr *in, uint32_t b,
                       judge_fn *judge)
{
    const double *x = m->slots[in->a].in;
    const double *y = m->slots[b].in;
    const double *z = m->slots[in->dst].in;
    uint8_t *valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        if (valid[i] != 0 && !isfinite(z[i])) {
            const enum tend__expr_failure failure = judge(x[i], y[i], z[i]);
            if (failure != TEND_EXPR_FINE) {
                tend__expr_fail_row(m, i, valid, failure);
            }
        }
    });
}

#define NUMBER_OF_TWO(name, expression, judge)                                                     \
    void tend__run_##name(struct expr_machine *m, const struct expr_instr *in)                     \
    {                                                                                              \
        const double *const a = m->slots[in->a].in;                                                \
        const double *const b = m->slots[in->b].in;                                                \
        const uint8_t *const a_valid = m->slots[in->a].in_valid;                                   \
        const uint8_t *const b_valid = m->slots[in->b].in_valid;                                   \
        double *const restrict out = m->slots[in->dst].out;                                        \
        uint8_t *const restrict valid = m->slots[in->dst].out_valid;                               \
        uint64_t seen = 0;                                                                         \
        EXPR_EACH_ROW(m, i, {                                                                      \
            const double x = a[i];                                                                 \
            const double y = b[i];                                                                 \
            const double z = (expression);                                                         \
            out[i] = z;                                                                            \
            valid[i] = a_valid[i] & b_valid[i];                                                    \
            seen |= not_finite_bit(z);                                                             \
        });                                                                                        \
        if ((seen >> 63U) != 0) {                                                                  \
            judge_rows(m, in, in->b, judge);                                                       \
        }                                                                                          \
    }

NUMBER_OF_TWO(add, x + y, judge_sum)
NUMBER_OF_TWO(sub, x - y, judge_sum)
NUMBER_OF_TWO(mul, x *y, judge_sum)
NUMBER_OF_TWO(div, x / y, judge_quotient)
NUMBER_OF_TWO(mod, fmod(x, y), judge_quotient)
NUMBER_OF_TWO(pow, pow(x, y), judge_power)

/* Functions that cannot fail. */
#define NUMBER_OF_ONE(name, expression)                                                            \
    void tend__run_##name(struct expr_machine *m, const struct expr_instr *in)                     \
    {                                                                                              \
        const double *const a = m->slots[in->a].in;                                                \
        const uint8_t *const a_valid = m->slots[in->a].in_valid;                                   \
        double *const restrict out = m->slots[in->dst].out;                                        \
        uint8_t *const restrict valid = m->slots[in->dst].out_valid;                               \
        EXPR_EACH_ROW(m, i, {                                                                      \
            const double x = a[i];                                                                 \
            out[i] = (expression);                                                                 \
            valid[i] = a_valid[i];                                                                 \
        });                                                                                        \
    }

/* NaN stays NaN; -0 gives 0. */
static inline double sign_of(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : isnan(x) ? x : 0;
}

NUMBER_OF_ONE(neg, -x)
NUMBER_OF_ONE(abs, fabs(x))
NUMBER_OF_ONE(floor, floor(x))
NUMBER_OF_ONE(ceil, ceil(x))
NUMBER_OF_ONE(trunc, trunc(x))
NUMBER_OF_ONE(sign, sign_of(x))

/* Functions that can. */
#define NUMBER_JUDGED(name, expression, judge)                                                     \
    void tend__run_##name(struct expr_machine *m, const struct expr_instr *in)                     \
    {                                                                                              \
        const double *const a = m->slots[in->a].in;                                                \
        const uint8_t *const a_valid = m->slots[in->a].in_valid;                                   \
        double *const restrict out = m->slots[in->dst].out;                                        \
        uint8_t *const restrict valid = m->slots[in->dst].out_valid;                               \
        uint64_t seen = 0;                                                                         \
        EXPR_EACH_ROW(m, i, {                                                                      \
            const double x = a[i];                                                                 \
            const double z = (expression);                                                         \
            out[i] = z;                                                                            \
            valid[i] = a_valid[i];                                                                 \
            seen |= not_finite_bit(z);                                                             \
        });                                                                                        \
        if ((seen >> 63U) != 0) {                                                                  \
            judge_rows(m, in, in->a, judge);                                                       \
        }                                                                                          \
    }

NUMBER_JUDGED(ln, log(x), judge_logarithm)
NUMBER_JUDGED(log10, log10(x), judge_logarithm)
NUMBER_JUDGED(log2, log2(x), judge_logarithm)
NUMBER_JUDGED(exp, exp(x), judge_sum)
NUMBER_JUDGED(sqrt, sqrt(x), judge_root)

/* Half away from zero. What is too large to have such digits is its own rounding. */
static inline double round_to(double x, double scale, bool is_fraction)
{
    if (is_fraction) {
        const double z = round(x * scale) / scale;
        return isfinite(z) ? z : x;
    }
    return isfinite(x) ? round(x / scale) * scale : x;
}

void tend__run_round(struct expr_machine *m, const struct expr_instr *in)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const int digits = (int)m->program->consts[in->imm].value.number;
    const double scale = powers[digits < 0 ? -digits : digits];
    const double *const a = m->slots[in->a].in;
    const uint8_t *const a_valid = m->slots[in->a].in_valid;
    double *const restrict out = m->slots[in->dst].out;
    uint8_t *const restrict valid = m->slots[in->dst].out_valid;
    EXPR_EACH_ROW(m, i, {
        out[i] = digits == 0 ? round(a[i]) : round_to(a[i], scale, digits > 0);
        valid[i] = a_valid[i];
        if (digits < 0 && valid[i] != 0 && !isfinite(out[i]) && isfinite(a[i])) {
            tend__expr_fail_row(m, i, valid, TEND_EXPR_OVERFLOW);
        }
    });
}

#define TEST_OF_ONE(name, expression)                                                              \
    void tend__run_##name(struct expr_machine *m, const struct expr_instr *in)                     \
    {                                                                                              \
        const double *const a = m->slots[in->a].in;                                                \
        const uint8_t *const a_valid = m->slots[in->a].in_valid;                                   \
        uint8_t *const restrict out = m->slots[in->dst].out;                                       \
        uint8_t *const restrict valid = m->slots[in->dst].out_valid;                               \
        EXPR_EACH_ROW(m, i, {                                                                      \
            const double x = a[i];                                                                 \
            out[i] = (uint8_t)((expression) ? 1 : 0);                                              \
            valid[i] = a_valid[i];                                                                 \
        });                                                                                        \
    }

TEST_OF_ONE(isnan, isnan(x) != 0)
TEST_OF_ONE(isinf, isinf(x) != 0)
TEST_OF_ONE(isfinite, isfinite(x) != 0)
