/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_tree.h: building a document node by node, for the two readers. Private to this folder.
 *
 * The builder keeps a stack of open containers. Every function fails with ENOMEM or ELIMIT and
 * leaves a document that can still be freed.
 */
#ifndef TEND_JSON_JSON_TREE_H
#define TEND_JSON_JSON_TREE_H

#include "json/json_read.h"

struct tend__json_open {
    struct tend__json_node *node;
    struct tend__json_node *last; /* its newest child */
};

struct tend__json_builder {
    struct tend__json *json;
    struct tend_error *err;
    struct tend__json_open open[TEND_JSON_READ_DEPTH_MAX];
    size_t open_count;
    const char *key; /* of the next node */
    size_t key_len;
};

enum tend_code tend__json_builder_init(struct tend__json_builder *b,
                                       struct tend_error *err) TEND_NODISCARD;

/* The key of the node that is added next, which must then be a member of an object. */
enum tend_code tend__json_builder_key(struct tend__json_builder *b, const char *text,
                                      size_t len) TEND_NODISCARD;

/* A new node at the end of the innermost open container, zeroed but for its kind and its key. */
enum tend_code tend__json_builder_add(struct tend__json_builder *b, enum tend__json_kind kind,
                                      struct tend__json_node **out) TEND_NODISCARD;

enum tend_code tend__json_builder_open(struct tend__json_builder *b,
                                       enum tend__json_kind kind) TEND_NODISCARD;

/* Ends the innermost container. An array that came to hold numbers alone is packed. */
enum tend_code tend__json_builder_close(struct tend__json_builder *b) TEND_NODISCARD;

enum tend_code tend__json_builder_text(struct tend__json_builder *b, const char *text,
                                       size_t len) TEND_NODISCARD;
enum tend_code tend__json_builder_number(struct tend__json_builder *b,
                                         double number) TEND_NODISCARD;
enum tend_code tend__json_builder_integer(struct tend__json_builder *b,
                                          int64_t number) TEND_NODISCARD;

/* A packed array with room for `count` numbers, for the caller to fill. */
enum tend_code tend__json_builder_packed(struct tend__json_builder *b, enum tend__json_pack pack,
                                         size_t count, void **out) TEND_NODISCARD;

/* The finished document, or NULL where nothing was added. The builder is done with. */
struct tend__json *tend__json_builder_take(struct tend__json_builder *b);
void tend__json_builder_deinit(struct tend__json_builder *b); /* after a failure; fine after take */

size_t tend__json_pack_size(enum tend__json_pack pack);

#endif
