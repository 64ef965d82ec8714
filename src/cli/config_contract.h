/* SPDX-License-Identifier: Apache-2.0 */
/* config_contract.h: the section `contract` of tend.yaml (docs/contracts.md). */
#ifndef TEND_CLI_CONFIG_CONTRACT_H
#define TEND_CLI_CONFIG_CONTRACT_H

#include "cli/config_yaml.h"

/* Reads the value of one key of the section into reader->config->contract. */
enum tend_code tend__config_read_contract(struct tend__yaml_reader *r, const yaml_node_t *node,
                                          const char *path) TEND_NODISCARD;

/* The canonical JSON of a key of the section. */
struct tend__json_writer;
void tend__config_contract_json(const struct tend__config *config, const char *path,
                                struct tend__json_writer *w);

/* The words of the mappings inside, for the reader, the help and the documents. */
const char *const *tend__config_contract_words(const char *path, size_t *count);

#endif
