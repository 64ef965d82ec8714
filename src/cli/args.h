/* SPDX-License-Identifier: Apache-2.0 */
/* args.h: a command line read against the tables of command.h. */
#ifndef TEND_CLI_ARGS_H
#define TEND_CLI_ARGS_H

#include "cli/command.h"

#include <stdint.h>

#define TEND_ARGS_MANY_MAX 64

/* One of the values of an option that may be given again. */
struct tend__args_value {
    enum tend__option_id id;
    const char *value;
};

struct tend__args {
    const struct tend__command *command;   /* NULL for `tend`, `tend --help` and `tend --version` */
    const char *values[TEND_OPTION_COUNT]; /* NULL where not given; "" for a flag that was */
    struct tend__args_value many[TEND_ARGS_MANY_MAX]; /* in the order of the command line */
    size_t many_count;
    const char *const *operands; /* owned array of borrowed texts */
    size_t operand_count;
    bool version_asked;
};

/* Reads argv[1..]. Options may stand anywhere, as `--name value`, `--name=value`, `-n value` or
 * `-nvalue`; `--` ends them and `-` is an operand. TEND_EINVAL with the nearest name for unknown
 * words. Values are checked here. */
enum tend_code tend__args_parse(int argc, char *const *argv, struct tend__args *out,
                                struct tend_error *err) TEND_NODISCARD;
void tend__args_deinit(struct tend__args *args);

/* All values of an option that may be given again: how many there are; `out` has room for
 * TEND_ARGS_MANY_MAX. */
size_t tend__args_many(const struct tend__args *args, enum tend__option_id id, const char **out);

bool tend__args_has(const struct tend__args *args, enum tend__option_id id);
const char *tend__args_text(const struct tend__args *args, enum tend__option_id id,
                            const char *otherwise);
double tend__args_number(const struct tend__args *args, enum tend__option_id id, double otherwise);
size_t tend__args_count(const struct tend__args *args, enum tend__option_id id, size_t otherwise);
int64_t tend__args_time(const struct tend__args *args, enum tend__option_id id, int64_t otherwise);
int64_t tend__args_span(const struct tend__args *args, enum tend__option_id id, int64_t otherwise);
uint64_t tend__args_bytes(const struct tend__args *args, enum tend__option_id id,
                          uint64_t otherwise);

#endif
