/* SPDX-License-Identifier: Apache-2.0 */
/* contract_yaml.h: a guessed contract as the section `contract` of tend.yaml, with what was seen in
 * a comment on each line. */
#ifndef TEND_CLI_CONTRACT_YAML_H
#define TEND_CLI_CONTRACT_YAML_H

#include "base/buf.h"
#include "judge/contract_infer.h"

/* A word as it is; anything else in double quotes, whose escapes are JSON's. */
void tend__yaml_quoted(struct tend__buf *out, const char *text);

/* Whether a name needs no quotes, in YAML and in an expression. */
bool tend__yaml_is_plain(const char *name);

void tend__contract_yaml(const struct tend__contract *contract, const struct tend__profile *profile,
                         const struct tend__infer *infer, struct tend__buf *out);

#endif
