/* SPDX-License-Identifier: Apache-2.0 */
/* config_yaml.h: scalars, lists and errors of libyaml's document tree, for the readers of tend.yaml
 * (config_read.c, config_contract.c). */
#ifndef TEND_CLI_CONFIG_YAML_H
#define TEND_CLI_CONFIG_YAML_H

#include "cli/config.h"

#include <yaml.h>

struct tend__yaml_reader {
    const char *name; /* of the file, in messages */
    yaml_document_t *document;
    struct tend__config *config;
    struct tend_error *err;
};

/* Fails with FILE:LINE:COLUMN before the text. */
#define FAIL_AT(reader, node, ...)                                                                 \
    (tend__yaml_set_position((reader), (node), __VA_ARGS__), TEND_EINVAL)

void tend__yaml_set_position(const struct tend__yaml_reader *reader, const yaml_node_t *node,
                             const char *format, ...) TEND_PRINTF(3, 4);

yaml_node_t *tend__yaml_node(const struct tend__yaml_reader *reader, int idx);

/* "a list", "a mapping" or "a word". */
const char *tend__yaml_word(const yaml_node_t *node);

/* null, ~ or nothing, without quotes. */
bool tend__yaml_is_null(const yaml_node_t *node);

/* A finite number, and nothing else in the text. */
bool tend__yaml_parse_number(const char *text, double *out);

/* Of a node that must be one value; `key` names it in messages. */
enum tend_code tend__yaml_scalar(struct tend__yaml_reader *r, const yaml_node_t *node,
                                 const char *key, const char **out) TEND_NODISCARD;
enum tend_code tend__yaml_number(struct tend__yaml_reader *r, const yaml_node_t *node,
                                 const char *key, double *out) TEND_NODISCARD;
enum tend_code tend__yaml_span(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *key, int64_t *out) TEND_NODISCARD;
enum tend_code tend__yaml_bool(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *key, bool *out) TEND_NODISCARD;

/* A copy of a text that is not empty; *out, which may hold one, is freed. */
enum tend_code tend__yaml_text(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *key, char **out) TEND_NODISCARD;
enum tend_code tend__yaml_expr(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *key, struct tend__config_expr *out) TEND_NODISCARD;

/* The length of a list, at most TEND_CONFIG_LIST_MAX. */
enum tend_code tend__yaml_list(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *key, size_t *out) TEND_NODISCARD;

/* The failure for a key that is none of `words`; `where` is such as " in a guardrail". */
enum tend_code tend__yaml_unknown(struct tend__yaml_reader *r, const yaml_node_t *node,
                                  const char *where, const char *const *words,
                                  size_t count) TEND_NODISCARD;

#endif
