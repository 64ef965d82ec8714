/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_walk.h: visits every node of a document and aborts where it breaks a promise of json_read.h.
 *
 * Shared by the fuzz targets and the unit tests of the JSON readers.
 */
#ifndef TEND_TEST_JSON_WALK_H
#define TEND_TEST_JSON_WALK_H

#include "base/fail.h"
#include "json/json_read.h"

#include <stdint.h>
#include <string.h>

/* Checks one node; its place in the tree must be at most TEND_JSON_READ_DEPTH_MAX deep. */
static inline void json_walk_node(const struct tend__json_node *node,
                                  const struct tend__json_node *parent)
{
    TEND_ASSERT((node->key != NULL) == (parent != NULL && parent->kind == TEND_JSON_OBJECT));
    if (node->key != NULL) {
        TEND_ASSERT(node->key[node->key_len] == '\0');
    }
    if (node->kind == TEND_JSON_TEXT) {
        TEND_ASSERT(node->text[node->count] == '\0');
    }
    if (node->kind == TEND_JSON_PACKED) {
        for (size_t i = 0; i < node->count; i++) {
            (void)tend__json_number_at(node, i);
        }
    }
    const bool is_container = node->kind == TEND_JSON_ARRAY || node->kind == TEND_JSON_OBJECT;
    TEND_ASSERT(is_container || node->first == NULL);
}

/* All nodes, without recursion; the number of them. */
static inline size_t json_walk(const struct tend__json *json)
{
    const struct tend__json_node *path[TEND_JSON_READ_DEPTH_MAX + 1];
    size_t children[TEND_JSON_READ_DEPTH_MAX + 1];
    size_t depth = 0;
    size_t total = 1;
    path[0] = tend__json_root(json);
    children[0] = 0;
    json_walk_node(path[0], NULL);
    const struct tend__json_node *next = path[0]->first;
    for (;;) {
        if (next == NULL) {
            const struct tend__json_node *done = path[depth];
            TEND_ASSERT(done->first == NULL || children[depth] == done->count);
            if (depth == 0) {
                return total;
            }
            next = done->next;
            depth--;
            continue;
        }
        json_walk_node(next, path[depth]);
        children[depth]++;
        total++;
        depth++;
        TEND_ASSERT(depth <= TEND_JSON_READ_DEPTH_MAX);
        path[depth] = next;
        children[depth] = 0;
        next = next->first;
    }
}

/* What a reader may say about `len` bytes. */
static inline void json_walk_outcome(enum tend_code code, const struct tend__json *json,
                                     const struct tend_error *err, size_t len)
{
    if (code == TEND_OK) {
        TEND_ASSERT(json != NULL);
        TEND_ASSERT(json_walk(json) <= len);
    } else {
        TEND_ASSERT(json == NULL);
        TEND_ASSERT(code == TEND_ECORRUPT || code == TEND_ELIMIT);
        TEND_ASSERT(err->code == code && err->text[0] != '\0');
    }
}

#endif
