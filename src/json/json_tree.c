/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_tree.c: the document: an arena of chunks, nodes linked in it, and reading them.
 *
 * Everything in a document dies at once, so nodes, keys, texts and packed numbers lie one after
 * another in chunks that double up to a megabyte; a larger piece has a chunk of its own. Children
 * are a linked list: UBJSON does not always say beforehand how many there are.
 */
#include "json/json_tree.h"

#include "base/mem.h"

#include <math.h>
#include <stdalign.h>
#include <string.h>

#define CHUNK_LEN_MIN ((size_t)4096)
#define CHUNK_LEN_MAX ((size_t)1 << 20)

struct chunk {
    struct chunk *next;
    alignas(16) unsigned char bytes[];
};

struct tend__json {
    struct chunk *chunks; /* newest first */
    size_t used;          /* of the newest */
    size_t cap;
    size_t total;
    const struct tend__json_node *root;
};

static enum tend_code arena_new(struct tend__json *json, size_t len, void *out,
                                struct tend_error *err)
{
    const size_t need = (len + 15) & ~(size_t)15;
    if (need < len || need > TEND_JSON_READ_MEMORY_MAX - json->total) {
        return TEND_FAIL(err, ELIMIT, "a document of more than %zu bytes in memory",
                         TEND_JSON_READ_MEMORY_MAX);
    }
    if (json->chunks == NULL || need > json->cap - json->used) {
        size_t cap = json->cap < CHUNK_LEN_MIN ? CHUNK_LEN_MIN : json->cap * 2;
        cap = cap > CHUNK_LEN_MAX ? CHUNK_LEN_MAX : cap;
        cap = cap < need ? need : cap;
        struct chunk *chunk = NULL;
        TEND_TRY(tend__mem_new(1, sizeof(*chunk) + cap, &chunk, err));
        chunk->next = json->chunks;
        json->chunks = chunk;
        json->used = 0;
        json->cap = cap;
    }
    void *ptr = json->chunks->bytes + json->used;
    json->used += need;
    json->total += need;
    memcpy(out, &ptr, sizeof(ptr));
    return TEND_OK;
}

static enum tend_code arena_text(struct tend__json *json, const char *text, size_t len,
                                 const char **out, struct tend_error *err)
{
    char *copy = NULL;
    TEND_TRY(arena_new(json, len + 1, &copy, err));
    if (len > 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    *out = copy;
    return TEND_OK;
}

enum tend_code tend__json_builder_init(struct tend__json_builder *b, struct tend_error *err)
{
    memset(b, 0, sizeof(*b));
    b->err = err;
    return tend__mem_new(1, sizeof(*b->json), &b->json, err);
}

enum tend_code tend__json_builder_key(struct tend__json_builder *b, const char *text, size_t len)
{
    TEND_TRY(arena_text(b->json, text, len, &b->key, b->err));
    b->key_len = len;
    return TEND_OK;
}

enum tend_code tend__json_builder_add(struct tend__json_builder *b, enum tend__json_kind kind,
                                      struct tend__json_node **out)
{
    struct tend__json_node *node = NULL;
    TEND_TRY(arena_new(b->json, sizeof(*node), &node, b->err));
    *node = (struct tend__json_node){.kind = kind, .key = b->key, .key_len = b->key_len};
    b->key = NULL;
    b->key_len = 0;
    if (b->open_count == 0) {
        b->json->root = node;
    } else {
        struct tend__json_open *open = &b->open[b->open_count - 1];
        if (open->last == NULL) {
            open->node->first = node;
        } else {
            open->last->next = node;
        }
        open->last = node;
        open->node->count++;
    }
    *out = node;
    return TEND_OK;
}

enum tend_code tend__json_builder_open(struct tend__json_builder *b, enum tend__json_kind kind)
{
    if (b->open_count == TEND_JSON_READ_DEPTH_MAX) {
        return TEND_FAIL(b->err, ELIMIT, "nested deeper than %d", TEND_JSON_READ_DEPTH_MAX);
    }
    struct tend__json_node *node = NULL;
    TEND_TRY(tend__json_builder_add(b, kind, &node));
    b->open[b->open_count++] = (struct tend__json_open){.node = node};
    return TEND_OK;
}

/* 'i' all integers, 'r' all numbers, 0 something else or nothing at all. */
static char numbers_in(const struct tend__json_node *array)
{
    char found = array->count > 0 ? 'i' : 0;
    for (const struct tend__json_node *n = array->first; n != NULL; n = n->next) {
        if (n->kind != TEND_JSON_NUMBER) {
            return 0;
        }
        found = n->is_integer ? found : 'r';
    }
    return found;
}

static enum tend_code pack_array(struct tend__json_builder *b, struct tend__json_node *array,
                                 bool integers)
{
    int64_t *packed = NULL; /* int64 and binary64 are of one size */
    TEND_TRY(arena_new(b->json, array->count * sizeof(*packed), &packed, b->err));
    size_t idx = 0;
    for (const struct tend__json_node *n = array->first; n != NULL; n = n->next) {
        if (integers) {
            packed[idx++] = n->integer;
        } else {
            memcpy(&packed[idx++], &n->number, sizeof(n->number));
        }
    }
    array->kind = TEND_JSON_PACKED;
    array->pack = integers ? TEND_JSON_I64 : TEND_JSON_F64;
    array->packed = packed;
    array->first = NULL;
    return TEND_OK;
}

enum tend_code tend__json_builder_close(struct tend__json_builder *b)
{
    TEND_ASSERT(b->open_count > 0);
    struct tend__json_node *node = b->open[--b->open_count].node;
    if (node->kind == TEND_JSON_ARRAY) {
        const char numbers = numbers_in(node);
        if (numbers != 0) {
            return pack_array(b, node, numbers == 'i');
        }
    }
    return TEND_OK;
}

enum tend_code tend__json_builder_text(struct tend__json_builder *b, const char *text, size_t len)
{
    struct tend__json_node *node = NULL;
    TEND_TRY(tend__json_builder_add(b, TEND_JSON_TEXT, &node));
    TEND_TRY(arena_text(b->json, text, len, &node->text, b->err));
    node->count = len;
    return TEND_OK;
}

enum tend_code tend__json_builder_number(struct tend__json_builder *b, double number)
{
    struct tend__json_node *node = NULL;
    TEND_TRY(tend__json_builder_add(b, TEND_JSON_NUMBER, &node));
    node->number = number;
    return TEND_OK;
}

enum tend_code tend__json_builder_integer(struct tend__json_builder *b, int64_t number)
{
    struct tend__json_node *node = NULL;
    TEND_TRY(tend__json_builder_add(b, TEND_JSON_NUMBER, &node));
    node->number = (double)number;
    node->integer = number;
    node->is_integer = true;
    return TEND_OK;
}

size_t tend__json_pack_size(enum tend__json_pack pack)
{
    switch (pack) {
    case TEND_JSON_I8:
    case TEND_JSON_U8:
        return 1;
    case TEND_JSON_I16:
        return 2;
    case TEND_JSON_I32:
    case TEND_JSON_F32:
        return 4;
    case TEND_JSON_I64:
    case TEND_JSON_F64:
        return 8;
    }
    return 8;
}

enum tend_code tend__json_builder_packed(struct tend__json_builder *b, enum tend__json_pack pack,
                                         size_t count, void **out)
{
    const size_t size = tend__json_pack_size(pack);
    if (count > TEND_JSON_READ_MEMORY_MAX / size) {
        return TEND_FAIL(b->err, ELIMIT, "an array of %zu numbers is too long", count);
    }
    struct tend__json_node *node = NULL;
    TEND_TRY(tend__json_builder_add(b, TEND_JSON_PACKED, &node));
    void *packed = NULL;
    TEND_TRY(arena_new(b->json, count * size, &packed, b->err));
    node->pack = pack;
    node->packed = packed;
    node->count = count;
    *out = packed;
    return TEND_OK;
}

struct tend__json *tend__json_builder_take(struct tend__json_builder *b)
{
    if (b->json == NULL || b->json->root == NULL) {
        return NULL;
    }
    struct tend__json *json = b->json;
    b->json = NULL;
    return json;
}

void tend__json_builder_deinit(struct tend__json_builder *b)
{
    tend__json_free(b->json);
    b->json = NULL;
}

void tend__json_free(struct tend__json *json)
{
    if (json == NULL) {
        return;
    }
    struct chunk *chunk = json->chunks;
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        tend__mem_free(chunk);
        chunk = next;
    }
    tend__mem_free(json);
}

const struct tend__json_node *tend__json_root(const struct tend__json *json)
{
    return json->root;
}

const struct tend__json_node *tend__json_first(const struct tend__json_node *node)
{
    return node == NULL ? NULL : node->first;
}

const struct tend__json_node *tend__json_member(const struct tend__json_node *node, const char *key)
{
    if (node == NULL || node->kind != TEND_JSON_OBJECT) {
        return NULL;
    }
    const size_t len = strlen(key);
    for (const struct tend__json_node *m = node->first; m != NULL; m = m->next) {
        if (m->key_len == len && memcmp(m->key, key, len) == 0) {
            return m;
        }
    }
    return NULL;
}

const char *tend__json_text(const struct tend__json_node *node)
{
    return node == NULL ? NULL : node->text;
}

bool tend__json_number(const struct tend__json_node *node, double *out)
{
    if (node == NULL || node->kind != TEND_JSON_NUMBER) {
        return false;
    }
    *out = node->number;
    return true;
}

bool tend__json_integer(const struct tend__json_node *node, int64_t *out)
{
    if (node == NULL || node->kind != TEND_JSON_NUMBER || !node->is_integer) {
        return false;
    }
    *out = node->integer;
    return true;
}

bool tend__json_bool(const struct tend__json_node *node, bool *out)
{
    if (node == NULL || node->kind != TEND_JSON_BOOL) {
        return false;
    }
    *out = node->yes;
    return true;
}

bool tend__json_numbers_count(const struct tend__json_node *node, size_t *out)
{
    if (node == NULL ||
        (node->kind != TEND_JSON_PACKED && (node->kind != TEND_JSON_ARRAY || node->count > 0))) {
        return false;
    }
    *out = node->count;
    return true;
}

double tend__json_number_at(const struct tend__json_node *node, size_t idx)
{
    TEND_DASSERT(node->kind == TEND_JSON_PACKED && idx < node->count);
    switch (node->pack) {
    case TEND_JSON_I8:
        return (double)((const int8_t *)node->packed)[idx];
    case TEND_JSON_U8:
        return (double)((const uint8_t *)node->packed)[idx];
    case TEND_JSON_I16:
        return (double)((const int16_t *)node->packed)[idx];
    case TEND_JSON_I32:
        return (double)((const int32_t *)node->packed)[idx];
    case TEND_JSON_I64:
        return (double)((const int64_t *)node->packed)[idx];
    case TEND_JSON_F32:
        return (double)((const float *)node->packed)[idx];
    case TEND_JSON_F64:
        return ((const double *)node->packed)[idx];
    }
    return (double)NAN;
}

void tend__json_floats(const struct tend__json_node *node, float *out)
{
    if (node->count == 0) {
        return;
    }
    if (node->pack == TEND_JSON_F32) {
        memcpy(out, node->packed, node->count * sizeof(float));
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        /* A number beyond binary32 becomes an infinity, as a cast of it does on every machine tend
         * knows. */
        out[i] = (float)tend__json_number_at(node, i);
    }
}

bool tend__json_integers(const struct tend__json_node *node, int64_t *out)
{
    if (node->count == 0) {
        return true;
    }
    if (node->pack == TEND_JSON_I64) {
        memcpy(out, node->packed, node->count * sizeof(int64_t));
        return true;
    }
    for (size_t i = 0; i < node->count; i++) {
        const double number = tend__json_number_at(node, i);
        if (!(number >= -0x1p53 && number <= 0x1p53)) {
            return false;
        }
        out[i] = (int64_t)number;
        if ((double)out[i] < number || (double)out[i] > number) {
            return false;
        }
    }
    return true;
}
