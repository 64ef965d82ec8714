/* SPDX-License-Identifier: Apache-2.0 */
/* expr_internal.h: what the files of src/expr that hold expressions and vectors share; private to
 * src/expr. */
#ifndef TEND_EXPR_EXPR_INTERNAL_H
#define TEND_EXPR_EXPR_INTERNAL_H

#include "expr/expr_program.h"
#include "expr/expr_tree.h"

struct tend__expr {
    struct expr_program program;
    struct tend__bounds bounds;
};

/* Checks, bounds and compiles a parsed tree. */
enum tend_code tend__expr_from_tree(struct expr_tree *tree, struct tend__expr **out,
                                    struct tend_error *err) TEND_NODISCARD;

enum tend_code tend__expr_run(const struct expr_program *program,
                              const struct tend__column *columns, size_t row_count,
                              struct tend__vector *out, struct tend_error *err) TEND_NODISCARD;

void tend__expr_scratch_free(struct tend__expr_scratch *scratch);

#endif
