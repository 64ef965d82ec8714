/* SPDX-License-Identifier: Apache-2.0 */
/* help.h: what the tables of command.h look like as --help, as a man page and as shell completion.
 */
#ifndef TEND_CLI_HELP_H
#define TEND_CLI_HELP_H

#include "base/buf.h"
#include "cli/command.h"

void tend__help_program(struct tend__buf *out);
void tend__help_command(const struct tend__command *command, struct tend__buf *out);

/* The page tend(1) in man(7) macros. */
void tend__help_man(struct tend__buf *out);

/* Completion for "bash", "zsh" or "fish"; TEND_EINVAL for another shell. */
enum tend_code tend__help_completion(const char *shell, struct tend__buf *out,
                                     struct tend_error *err) TEND_NODISCARD;

#endif
