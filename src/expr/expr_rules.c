/* SPDX-License-Identifier: Apache-2.0 */
/* expr_rules.c: the table of strict operators and functions: name, operand types, result type,
 * instruction. */
#include "expr/expr_tree.h"

#include <string.h>

/* clang-format off */
static const struct expr_rule rules[] = {
    {"+", "nn", 'n', EXPR_OP_ADD, true},
    {"-", "nn", 'n', EXPR_OP_SUB, true},
    {"*", "nn", 'n', EXPR_OP_MUL, true},
    {"/", "nn", 'n', EXPR_OP_DIV, true},
    {"%", "nn", 'n', EXPR_OP_MOD, true},
    {"-x", "n", 'n', EXPR_OP_NEG, false},
    {"not", "b", 'b', EXPR_OP_NOT, false},
    {"||", "tt", 't', EXPR_OP_CONCAT, true},
    {"like", "tt", 'b', EXPR_OP_LIKE, false},
    {"mod", "nn", 'n', EXPR_OP_MOD, true},
    {"abs", "n", 'n', EXPR_OP_ABS, false},
    {"ln", "n", 'n', EXPR_OP_LN, true},
    {"log10", "n", 'n', EXPR_OP_LOG10, true},
    {"log2", "n", 'n', EXPR_OP_LOG2, true},
    {"exp", "n", 'n', EXPR_OP_EXP, true},
    {"sqrt", "n", 'n', EXPR_OP_SQRT, true},
    {"pow", "nn", 'n', EXPR_OP_POW, true},
    {"power", "nn", 'n', EXPR_OP_POW, true},
    {"round", "n", 'n', EXPR_OP_ROUND, true},
    {"floor", "n", 'n', EXPR_OP_FLOOR, false},
    {"ceil", "n", 'n', EXPR_OP_CEIL, false},
    {"ceiling", "n", 'n', EXPR_OP_CEIL, false},
    {"trunc", "n", 'n', EXPR_OP_TRUNC, false},
    {"sign", "n", 'n', EXPR_OP_SIGN, false},
    {"isnan", "n", 'b', EXPR_OP_ISNAN, false},
    {"isinf", "n", 'b', EXPR_OP_ISINF, false},
    {"isfinite", "n", 'b', EXPR_OP_ISFINITE, false},
    {"length", "t", 'n', EXPR_OP_LENGTH, false},
    {"lower", "t", 't', EXPR_OP_LOWER, true},
    {"upper", "t", 't', EXPR_OP_UPPER, true},
    {"epoch", "m", 'n', EXPR_OP_EPOCH, false},
    {"extract", "m", 'n', EXPR_OP_PART, false},
    {"date_trunc", "m", 'm', EXPR_OP_DATE_TRUNC, true},
    {"time_add", "m", 'm', EXPR_OP_TIME_ADD, true},
};

/* Also names that have a syntax of their own. */
static const char *const function_names[] = {
    "abs", "cast", "ceil", "ceiling", "coalesce", "date_part", "date_trunc", "day", "dayofweek",
    "dayofyear", "epoch", "exp", "extract", "floor", "greatest", "hour", "isfinite", "isinf",
    "isnan", "isodow", "least", "length", "ln", "log10", "log2", "lower", "minute", "mod", "month",
    "nullif", "pow", "power", "quarter", "round", "second", "sign", "sqrt", "trunc", "upper",
    "week", "year",
};
/* clang-format on */

const struct expr_rule *tend__expr_rule(const char *name)
{
    for (size_t i = 0; i < TEND_ARRAY_LEN(rules); i++) {
        if (strcmp(rules[i].name, name) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

const char *const *tend__expr_function_names(size_t *count)
{
    *count = TEND_ARRAY_LEN(function_names);
    return function_names;
}
