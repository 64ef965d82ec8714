/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_read.h: JSON text and UBJSON bytes as one kind of tree.
 *
 * A document owns its nodes, keys and texts, all in one arena; nothing of the input is kept. Nodes
 * are read-only, so threads may share a document. Arrays of numbers alone are packed: one node, and
 * its numbers side by side in the type that the input named (where it named none: int64 where all
 * are integers, else binary64). Walk the rest with
 *
 *     for (const struct tend__json_node *n = tend__json_first(array); n != NULL; n = n->next)
 *
 * A repeated key is kept; tend__json_member() gives the first. JSON is parsed by simdjson (Langdale
 * and Lemire 2019, "Parsing gigabytes of JSON per second"), which also validates UTF-8. UBJSON is
 * Draft 12 without high-precision numbers and without typed containers of anything but numbers,
 * which XGBoost never writes.
 */
#ifndef TEND_JSON_JSON_READ_H
#define TEND_JSON_JSON_READ_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_JSON_READ_LEN_MAX ((size_t)1 << 30)    /* bytes of input */
#define TEND_JSON_READ_MEMORY_MAX ((size_t)4 << 30) /* bytes of a document */
#define TEND_JSON_READ_DEPTH_MAX 64                 /* containers inside each other */

enum tend__json_kind {
    TEND_JSON_NULL,
    TEND_JSON_BOOL,
    TEND_JSON_NUMBER,
    TEND_JSON_TEXT,
    TEND_JSON_ARRAY,
    TEND_JSON_OBJECT,
    TEND_JSON_PACKED /* an array of numbers alone */
};

enum tend__json_pack {
    TEND_JSON_I8,
    TEND_JSON_U8,
    TEND_JSON_I16,
    TEND_JSON_I32,
    TEND_JSON_I64,
    TEND_JSON_F32,
    TEND_JSON_F64
};

struct tend__json_node {
    enum tend__json_kind kind;
    enum tend__json_pack pack; /* of a packed array */
    bool is_integer;           /* of a number: `integer` holds it exactly */
    bool yes;                  /* of a bool */
    size_t count;              /* members, elements, or bytes of a text */
    const struct tend__json_node *next;
    const char *key; /* of a member: ends in a zero that key_len does not count; NULL elsewhere */
    size_t key_len;
    double number;
    int64_t integer;
    const struct tend__json_node *first; /* of an object or an array */
    const char *text;                    /* ends in a zero that count does not count */
    const void *packed;                  /* `count` numbers of type `pack`, aligned */
};

struct tend__json;

/* ECORRUPT: not JSON or not UBJSON (UBJSON: err->column is the 1-based byte, and the text says the
 * offset); ELIMIT: too large or too deep. *out is untouched on failure. */
enum tend_code tend__json_parse(const char *text, size_t len, struct tend__json **out,
                                struct tend_error *err) TEND_NODISCARD;
enum tend_code tend__ubjson_parse(const void *bytes, size_t len, struct tend__json **out,
                                  struct tend_error *err) TEND_NODISCARD;
void tend__json_free(struct tend__json *json);

const struct tend__json_node *tend__json_root(const struct tend__json *json); /* never NULL */

/* NULL where there is none, where `node` is NULL, or where it is of another kind: so paths may be
 * chained. */
const struct tend__json_node *tend__json_first(const struct tend__json_node *node);
const struct tend__json_node *tend__json_member(const struct tend__json_node *node,
                                                const char *key);
const char *tend__json_text(const struct tend__json_node *node);

/* false, and *out untouched, where the node is NULL or not what is asked for. */
bool tend__json_number(const struct tend__json_node *node, double *out);
bool tend__json_integer(const struct tend__json_node *node, int64_t *out);
bool tend__json_bool(const struct tend__json_node *node, bool *out);

/* An array of numbers, packed or empty: how many. false where it is anything else. */
bool tend__json_numbers_count(const struct tend__json_node *node, size_t *out);

/* The idx-th number of a packed array (idx < count); an integer type is exact up to 2^53. */
double tend__json_number_at(const struct tend__json_node *node, size_t idx);

/* All `count` numbers of a packed array: converted to binary32 (rounded once), or to int64 (false
 * where one is not an integer that fits). Nothing to do for an empty array. */
void tend__json_floats(const struct tend__json_node *node, float *out);
bool tend__json_integers(const struct tend__json_node *node, int64_t *out);

#endif
