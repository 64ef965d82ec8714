/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ubjson_read.c: UBJSON bytes into a document. Format: ubjson.org, Draft 12.
 *
 * One value is a marker byte and its payload, numbers big-endian:
 *
 *     Z null   T true   F false   N nothing (skipped)   i int8   U uint8   I int16   l int32   L
 * int64 d binary32   D binary64   C one byte of text   S length, bytes [ values ]     [ # count
 * values     [ $ type # count payloads { members }    { # count members a member is length, bytes,
 * value
 *
 * A length or a count is an integer value with its own marker. Every element costs at least one
 * byte of input, so the input bounds the work; the builder bounds depth and memory. No recursion:
 * the loop keeps what is open in a stack.
 */
#include "json/json_read.h"

#include "json/json_tree.h"

#include <inttypes.h>
#include <string.h>

#define UNCOUNTED SIZE_MAX

struct reader {
    const unsigned char *bytes;
    size_t len;
    size_t at;
    struct tend_error *err;
    struct tend__json_builder builder;
    size_t
        left[TEND_JSON_READ_DEPTH_MAX]; /* elements to come of each open container, or UNCOUNTED */
};

static enum tend_code fail(struct reader *r, const char *words)
{
    const int column = r->at < INT32_MAX ? (int)r->at + 1 : 0;
    return TEND_FAIL_AT(r->err, ECORRUPT, 0, column, "not UBJSON: %s at byte %zu", words, r->at);
}

static enum tend_code take_byte(struct reader *r, unsigned char *out)
{
    if (r->at >= r->len) {
        return fail(r, "the end comes too early");
    }
    *out = r->bytes[r->at++];
    return TEND_OK;
}

static uint64_t load_big_endian(const unsigned char *bytes, size_t size)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
    }
    return bits;
}

static bool find_pack(unsigned char marker, enum tend__json_pack *out)
{
    static const struct {
        unsigned char marker;
        enum tend__json_pack pack;
    } table[] = {
        {'i', TEND_JSON_I8},  {'U', TEND_JSON_U8},  {'I', TEND_JSON_I16}, {'l', TEND_JSON_I32},
        {'L', TEND_JSON_I64}, {'d', TEND_JSON_F32}, {'D', TEND_JSON_F64},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(table); i++) {
        if (table[i].marker == marker) {
            *out = table[i].pack;
            return true;
        }
    }
    return false;
}

static int64_t to_integer(uint64_t bits, enum tend__json_pack pack)
{
    switch (pack) {
    case TEND_JSON_I8:
        return (int8_t)(uint8_t)bits;
    case TEND_JSON_U8:
        return (int64_t)(uint8_t)bits;
    case TEND_JSON_I16:
        return (int16_t)(uint16_t)bits;
    case TEND_JSON_I32:
        return (int32_t)(uint32_t)bits;
    case TEND_JSON_I64:
    case TEND_JSON_F32:
    case TEND_JSON_F64:
        break;
    }
    return (int64_t)bits;
}

static enum tend_code take_bits(struct reader *r, size_t size, uint64_t *out)
{
    if (size > r->len - r->at) {
        return fail(r, "a number is cut short");
    }
    *out = load_big_endian(r->bytes + r->at, size);
    r->at += size;
    return TEND_OK;
}

/* A length or a count: an integer with its marker, not negative. */
static enum tend_code take_count(struct reader *r, size_t *out)
{
    unsigned char marker = 0;
    enum tend__json_pack pack = TEND_JSON_I8;
    TEND_TRY(take_byte(r, &marker));
    if (!find_pack(marker, &pack) || pack == TEND_JSON_F32 || pack == TEND_JSON_F64) {
        return fail(r, "a length is not an integer");
    }
    uint64_t bits = 0;
    TEND_TRY(take_bits(r, tend__json_pack_size(pack), &bits));
    const int64_t count = to_integer(bits, pack);
    if (count < 0 || (uint64_t)count >= SIZE_MAX) {
        return fail(r, "a negative length");
    }
    *out = (size_t)count;
    return TEND_OK;
}

static enum tend_code take_text(struct reader *r, const char **text, size_t *len)
{
    size_t count = 0;
    TEND_TRY(take_count(r, &count));
    if (count > r->len - r->at) {
        return fail(r, "a text is cut short");
    }
    *text = (const char *)r->bytes + r->at;
    *len = count;
    r->at += count;
    return TEND_OK;
}

static void swap_copy(const unsigned char *from, size_t count, size_t size, void *to)
{
    unsigned char *next = to;
    switch (size) {
    case 1:
        memcpy(next, from, count);
        break;
    case 2:
        for (size_t i = 0; i < count; i++) {
            const uint16_t value = (uint16_t)load_big_endian(from + i * 2, 2);
            memcpy(next + i * 2, &value, 2);
        }
        break;
    case 4:
        for (size_t i = 0; i < count; i++) {
            const uint32_t value = (uint32_t)load_big_endian(from + i * 4, 4);
            memcpy(next + i * 4, &value, 4);
        }
        break;
    default:
        for (size_t i = 0; i < count; i++) {
            const uint64_t value = load_big_endian(from + i * 8, 8);
            memcpy(next + i * 8, &value, 8);
        }
        break;
    }
}

/* After "[$": the type, '#', the count and the payloads. */
static enum tend_code read_packed(struct reader *r)
{
    unsigned char marker = 0;
    unsigned char hash = 0;
    enum tend__json_pack pack = TEND_JSON_I8;
    TEND_TRY(take_byte(r, &marker));
    if (!find_pack(marker, &pack)) {
        return fail(r, "a typed array of something else than numbers");
    }
    TEND_TRY(take_byte(r, &hash));
    if (hash != '#') {
        return fail(r, "a typed array without a count");
    }
    size_t count = 0;
    TEND_TRY(take_count(r, &count));
    const size_t size = tend__json_pack_size(pack);
    if (count > (r->len - r->at) / size) {
        return fail(r, "an array is cut short");
    }
    void *packed = NULL;
    TEND_TRY(tend__json_builder_packed(&r->builder, pack, count, &packed));
    swap_copy(r->bytes + r->at, count, size, packed);
    r->at += count * size;
    return TEND_OK;
}

static enum tend_code open_container(struct reader *r, enum tend__json_kind kind)
{
    const unsigned char next = r->at < r->len ? r->bytes[r->at] : 0;
    if (next == '$') {
        if (kind != TEND_JSON_ARRAY) {
            return fail(r, "a typed object");
        }
        r->at++;
        return read_packed(r);
    }
    size_t count = UNCOUNTED;
    if (next == '#') {
        r->at++;
        TEND_TRY(take_count(r, &count));
    }
    TEND_TRY(tend__json_builder_open(&r->builder, kind));
    r->left[r->builder.open_count - 1] = count;
    return TEND_OK;
}

static enum tend_code add_number(struct reader *r, enum tend__json_pack pack)
{
    uint64_t bits = 0;
    TEND_TRY(take_bits(r, tend__json_pack_size(pack), &bits));
    if (pack == TEND_JSON_F32) {
        const uint32_t narrow = (uint32_t)bits;
        float number = 0;
        memcpy(&number, &narrow, sizeof(number));
        return tend__json_builder_number(&r->builder, (double)number);
    }
    if (pack == TEND_JSON_F64) {
        double number = 0;
        memcpy(&number, &bits, sizeof(number));
        return tend__json_builder_number(&r->builder, number);
    }
    return tend__json_builder_integer(&r->builder, to_integer(bits, pack));
}

static enum tend_code read_value(struct reader *r, unsigned char marker)
{
    struct tend__json_node *node = NULL;
    const char *text = NULL;
    size_t len = 0;
    enum tend__json_pack pack = TEND_JSON_I8;
    if (find_pack(marker, &pack)) {
        return add_number(r, pack);
    }
    switch (marker) {
    case 'Z':
        return tend__json_builder_add(&r->builder, TEND_JSON_NULL, &node);
    case 'T':
    case 'F':
        TEND_TRY(tend__json_builder_add(&r->builder, TEND_JSON_BOOL, &node));
        node->yes = marker == 'T';
        return TEND_OK;
    case 'C':
        if (r->at >= r->len) {
            return fail(r, "the end comes too early");
        }
        r->at++;
        return tend__json_builder_text(&r->builder, (const char *)r->bytes + r->at - 1, 1);
    case 'S':
        TEND_TRY(take_text(r, &text, &len));
        return tend__json_builder_text(&r->builder, text, len);
    case '[':
        return open_container(r, TEND_JSON_ARRAY);
    case '{':
        return open_container(r, TEND_JSON_OBJECT);
    default:
        r->at--;
        return fail(r, "an unknown marker");
    }
}

/* Closes the innermost container where it has ended. */
static enum tend_code try_close(struct reader *r, bool *closed)
{
    const struct tend__json_node *node = r->builder.open[r->builder.open_count - 1].node;
    const size_t left = r->left[r->builder.open_count - 1];
    *closed = false;
    if (left == UNCOUNTED) {
        if (r->at >= r->len) {
            return fail(r, "the end comes too early");
        }
        if (r->bytes[r->at] != (node->kind == TEND_JSON_ARRAY ? ']' : '}')) {
            return TEND_OK;
        }
        r->at++;
    } else if (node->count < left) {
        return TEND_OK;
    }
    *closed = true;
    return tend__json_builder_close(&r->builder);
}

static enum tend_code read_next(struct reader *r)
{
    const size_t depth = r->builder.open_count;
    if (depth > 0 && r->at < r->len && r->bytes[r->at] == 'N') {
        r->at++;
        return TEND_OK;
    }
    if (depth > 0) {
        bool closed = false;
        TEND_TRY(try_close(r, &closed));
        if (closed) {
            return TEND_OK;
        }
        if (r->builder.open[depth - 1].node->kind == TEND_JSON_OBJECT) {
            const char *key = NULL;
            size_t len = 0;
            TEND_TRY(take_text(r, &key, &len));
            TEND_TRY(tend__json_builder_key(&r->builder, key, len));
        }
    }
    unsigned char marker = 0;
    TEND_TRY(take_byte(r, &marker));
    return read_value(r, marker);
}

static enum tend_code read_document(struct reader *r)
{
    do {
        TEND_TRY(read_next(r));
    } while (r->builder.open_count > 0);
    if (r->at != r->len) {
        return fail(r, "more bytes after the end");
    }
    return TEND_OK;
}

enum tend_code tend__ubjson_parse(const void *bytes, size_t len, struct tend__json **out,
                                  struct tend_error *err)
{
    if (len > TEND_JSON_READ_LEN_MAX) {
        return TEND_FAIL(err, ELIMIT, "UBJSON of %zu bytes is over the limit of %zu", len,
                         TEND_JSON_READ_LEN_MAX);
    }
    struct reader r = {.bytes = bytes, .len = len, .err = err};
    TEND_TRY(tend__json_builder_init(&r.builder, err));
    const enum tend_code code = read_document(&r);
    if (code == TEND_OK) {
        *out = tend__json_builder_take(&r.builder);
    }
    tend__json_builder_deinit(&r.builder);
    return code;
}
