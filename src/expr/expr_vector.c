/* SPDX-License-Identifier: Apache-2.0 */
/* expr_vector.c: the reusable result of an evaluation, with its scratch memory; see expr.h. */
#include "expr/expr_internal.h"

#include "base/mem.h"

const char *tend__expr_failure_text(enum tend__expr_failure failure)
{
    switch (failure) {
#define TEND__EXPR_FAILURE(name, number, text)                                                     \
    case TEND_EXPR_##name:                                                                         \
        return text;
        TEND_EXPR_FAILURES(TEND__EXPR_FAILURE)
#undef TEND__EXPR_FAILURE
    }
    return "unknown failure";
}

void tend__vector_init(struct tend__vector *vector)
{
    *vector = (struct tend__vector){.type = TEND_TYPE_NULL};
}

void tend__vector_deinit(struct tend__vector *vector)
{
    tend__mem_free(vector->f64);
    tend__mem_free(vector->bools);
    tend__mem_free(vector->time_us);
    tend__mem_free(vector->text);
    tend__mem_free(vector->valid);
    tend__mem_free(vector->failed);
    tend__expr_scratch_free(vector->scratch);
    tend__vector_init(vector);
}

struct tend__column tend__vector_column(const struct tend__vector *vector)
{
    return (struct tend__column){
        .type = vector->type,
        .f64 = vector->f64,
        .bools = vector->bools,
        .text = vector->text,
        .time_us = vector->time_us,
        .valid = vector->valid,
    };
}
