/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ddsketch_bytes.c: a DDSketch as the protocol buffer of Datadog's libraries.
 *
 *   DDSketch      1 mapping (IndexMapping)  2 positiveValues (Store)  3 negativeValues (Store)
 *                 4 zeroCount (double)
 *   IndexMapping  1 gamma (double)  2 indexOffset (double)  3 interpolation (enum: 0 none, 3 cubic)
 *   Store         1 binCounts (map of sint32 to double)  2 contiguousBinCounts (packed doubles)
 *                 3 contiguousBinIndexOffset (sint32)
 *
 * Written are contiguous counts. Read are both kinds, fields in any order; a field that is not one
 * of these is refused. In the encoding of protocol buffers a field is a number (its name times 8
 * plus its kind) and what the kind says: 0 a number, 1 eight bytes, 2 a length and so many bytes.
 */
#include "sketch/ddsketch.h"

#include "base/mem.h"
#include "sketch/ddsketch_inner.h"
#include "sketch/wire.h"

#include <math.h>

#define KIND_NUMBER 0
#define KIND_DOUBLE 1
#define KIND_BYTES 2
#define TAG(field, kind) ((field) << 3 | (kind))
#define BUCKET_LIMIT (1 << 28)
#define COUNT_LIMIT 0x1p53

/* ---- writing ---- */

static void put_number(struct tend__buf *buf, uint64_t x)
{
    while (x >= 0x80) {
        tend__wire_put(buf, (x & 0x7F) | 0x80, 1);
        x >>= 7;
    }
    tend__wire_put(buf, x, 1);
}

static size_t number_size(uint64_t x)
{
    size_t size = 1;
    while (x >= 0x80) {
        x >>= 7;
        size++;
    }
    return size;
}

static uint64_t zigzag(int32_t x)
{
    return (uint32_t)x << 1 ^ (x < 0 ? UINT32_MAX : 0U);
}

static void put_store(struct tend__buf *buf, uint64_t tag, const struct tend__ddsketch *sketch,
                      const struct tend__ddsketch_store *store)
{
    put_number(buf, tag);
    if (store->total == 0) {
        put_number(buf, 0);
        return;
    }
    size_t first = 0;
    size_t last = 0;
    tend__ddsketch_store_range(sketch, store, &first, &last);
    const uint64_t offset = zigzag(store->base + (int32_t)first);
    const size_t bytes = 8 * (last - first + 1);
    put_number(buf, 1 + number_size(bytes) + bytes + 1 + number_size(offset));
    put_number(buf, TAG(2, KIND_BYTES));
    put_number(buf, bytes);
    for (size_t i = first; i <= last; i++) {
        tend__wire_put_f64(buf, (double)store->counts[i]);
    }
    put_number(buf, TAG(3, KIND_NUMBER));
    put_number(buf, offset);
}

enum tend_code tend__ddsketch_write(const struct tend__ddsketch *sketch, struct tend__buf *buf,
                                    struct tend_error *err)
{
    const bool is_cubic = sketch->mapping == TEND_DDSKETCH_CUBIC;
    put_number(buf, TAG(1, KIND_BYTES));
    put_number(buf, is_cubic ? 11 : 9);
    put_number(buf, TAG(1, KIND_DOUBLE));
    tend__wire_put_f64(buf, sketch->gamma);
    if (is_cubic) {
        put_number(buf, TAG(3, KIND_NUMBER));
        put_number(buf, TEND_DDSKETCH_CUBIC);
    }
    put_store(buf, TAG(2, KIND_BYTES), sketch, &sketch->positive);
    put_store(buf, TAG(3, KIND_BYTES), sketch, &sketch->negative);
    if (sketch->zero_count > 0) {
        put_number(buf, TAG(4, KIND_DOUBLE));
        tend__wire_put_f64(buf, (double)sketch->zero_count);
    }
    return tend__buf_code(buf, err);
}

/* ---- reading ---- */

#define BAD(err, ...) TEND_FAIL(err, ECORRUPT, "not a DDSketch: " __VA_ARGS__)

static bool take_number(struct tend__wire *wire, uint64_t *out)
{
    uint64_t x = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = 0;
        if (!tend__wire_u8(wire, &byte)) {
            return false;
        }
        x |= (uint64_t)(byte & 0x7FU) << shift;
        if ((byte & 0x80U) == 0) {
            *out = x;
            return true;
        }
    }
    return false;
}

/* A field of a message: its tag, and its content as a number, a double or a message of its own. */
struct field {
    uint64_t tag;
    uint64_t number;
    double real;
    struct tend__wire bytes;
};

static bool take_field(struct tend__wire *wire, struct field *field)
{
    uint64_t len = 0;
    if (!take_number(wire, &field->tag)) {
        return false;
    }
    switch (field->tag & 7) {
    case KIND_NUMBER:
        return take_number(wire, &field->number);
    case KIND_DOUBLE:
        return tend__wire_f64(wire, &field->real);
    case KIND_BYTES:
        if (!take_number(wire, &len) || len > wire->left) {
            return false;
        }
        field->bytes.left = (size_t)len;
        return tend__wire_take(wire, (size_t)len, &field->bytes.at);
    default:
        return false;
    }
}

static enum tend_code unknown_field(const struct field *field, struct tend_error *err)
{
    return BAD(err, "a field %llu of kind %d", (unsigned long long)(field->tag >> 3),
               (int)(field->tag & 7));
}

static int32_t unzigzag(uint64_t x)
{
    const uint32_t half = (uint32_t)x >> 1;
    return (x & 1) != 0 ? -(int32_t)half - 1 : (int32_t)half;
}

static enum tend_code check_count(double count, struct tend_error *err)
{
    if (!(count >= 0.0 && count < COUNT_LIMIT)) {
        return BAD(err, "a count of %g", count);
    }
    if (count != floor(count)) {
        return TEND_FAIL(err, EUNSUPPORTED, "a DDSketch with a count of %g: only whole ones are",
                         count);
    }
    return TEND_OK;
}

static enum tend_code add_count(struct tend__ddsketch *sketch, struct tend__ddsketch_store *store,
                                int64_t bucket, double count, struct tend_error *err)
{
    TEND_TRY(check_count(count, err));
    if (bucket < -BUCKET_LIMIT || bucket > BUCKET_LIMIT) {
        return BAD(err, "bucket %lld", (long long)bucket);
    }
    if ((double)store->total + count >= COUNT_LIMIT) {
        return BAD(err, "more than 2^53 values");
    }
    if (count > 0) {
        tend__ddsketch_store_add(sketch, store, (int32_t)bucket, (uint64_t)count);
    }
    return TEND_OK;
}

static enum tend_code read_entry(struct tend__ddsketch *sketch, struct tend__ddsketch_store *store,
                                 struct tend__wire wire, struct tend_error *err)
{
    int32_t bucket = 0;
    double count = 0;
    while (wire.left > 0) {
        struct field field = {0};
        if (!take_field(&wire, &field)) {
            return BAD(err, "it ends within a count");
        }
        if (field.tag == TAG(1, KIND_NUMBER)) {
            bucket = unzigzag(field.number);
        } else if (field.tag == TAG(2, KIND_DOUBLE)) {
            count = field.real;
        } else {
            return unknown_field(&field, err);
        }
    }
    return add_count(sketch, store, bucket, count, err);
}

/* Contiguous counts are only noted: their offset may come after them. */
struct contiguous {
    struct tend__wire counts;
    int32_t offset;
};

static enum tend_code read_store(struct tend__ddsketch *sketch, struct tend__ddsketch_store *store,
                                 struct tend__wire wire, struct tend_error *err)
{
    struct contiguous all = {0};
    while (wire.left > 0) {
        struct field field = {0};
        if (!take_field(&wire, &field)) {
            return BAD(err, "it ends within its counts");
        }
        if (field.tag == TAG(1, KIND_BYTES)) {
            TEND_TRY(read_entry(sketch, store, field.bytes, err));
        } else if (field.tag == TAG(2, KIND_BYTES) && all.counts.left == 0) {
            all.counts = field.bytes;
        } else if (field.tag == TAG(3, KIND_NUMBER)) {
            all.offset = unzigzag(field.number);
        } else {
            return unknown_field(&field, err);
        }
    }
    for (int64_t i = 0; all.counts.left > 0; i++) {
        double count = 0;
        if (!tend__wire_f64(&all.counts, &count)) {
            return BAD(err, "it ends within a count");
        }
        TEND_TRY(add_count(sketch, store, all.offset + i, count, err));
    }
    return TEND_OK;
}

static enum tend_code read_mapping(struct tend__ddsketch *sketch, struct tend__wire wire,
                                   struct tend_error *err)
{
    double gamma = 0;
    double offset = 0;
    uint64_t mapping = TEND_DDSKETCH_LOG;
    while (wire.left > 0) {
        struct field field = {0};
        if (!take_field(&wire, &field)) {
            return BAD(err, "it ends within its mapping");
        }
        if (field.tag == TAG(1, KIND_DOUBLE)) {
            gamma = field.real;
        } else if (field.tag == TAG(2, KIND_DOUBLE)) {
            offset = field.real;
        } else if (field.tag == TAG(3, KIND_NUMBER)) {
            mapping = field.number;
        } else {
            return unknown_field(&field, err);
        }
    }
    double alpha = (gamma - 1) / (gamma + 1);
    const double decimal = round(alpha * 1e6) / 1e6;
    const bool is_decimal = fabs(decimal - alpha) < 1e-13; /* so it was before it was rounded */
    alpha = is_decimal ? decimal : alpha;
    if (!(alpha >= 0.99e-4 && alpha <= 0.51)) {
        return BAD(err, "a gamma of %g", gamma);
    }
    if (offset != 0 || (mapping != TEND_DDSKETCH_LOG && mapping != TEND_DDSKETCH_CUBIC)) {
        return TEND_FAIL(err, EUNSUPPORTED,
                         "a DDSketch with interpolation %llu and index offset %g; known are 0 and "
                         "3, and no offset",
                         (unsigned long long)mapping, offset);
    }
    tend__ddsketch_set_mapping(sketch, alpha, (enum tend__ddsketch_mapping)mapping);
    sketch->gamma = is_decimal ? sketch->gamma : gamma; /* written as it was read */
    return TEND_OK;
}

static enum tend_code read_message(struct tend__ddsketch *sketch, struct tend__wire *wire,
                                   struct tend_error *err)
{
    bool has_mapping = false;
    while (wire->left > 0) {
        struct field field = {0};
        if (!take_field(wire, &field)) {
            return BAD(err, "it ends within a field");
        }
        if (field.tag == TAG(1, KIND_BYTES)) {
            TEND_TRY(read_mapping(sketch, field.bytes, err));
            has_mapping = true;
        } else if (field.tag == TAG(2, KIND_BYTES)) {
            TEND_TRY(read_store(sketch, &sketch->positive, field.bytes, err));
        } else if (field.tag == TAG(3, KIND_BYTES)) {
            TEND_TRY(read_store(sketch, &sketch->negative, field.bytes, err));
        } else if (field.tag == TAG(4, KIND_DOUBLE)) {
            TEND_TRY(check_count(field.real, err));
            sketch->zero_count = (uint64_t)field.real;
        } else {
            return unknown_field(&field, err);
        }
    }
    return has_mapping ? TEND_OK : BAD(err, "it has no mapping");
}

enum tend_code tend__ddsketch_read(const void *bytes, size_t len, size_t bucket_max,
                                   struct tend__ddsketch **out, struct tend_error *err)
{
    struct tend__wire wire = {.at = bytes, .left = len};
    const struct tend__ddsketch_options options = {.bucket_max = bucket_max};
    struct tend__ddsketch *sketch = NULL;
    TEND_TRY(tend__ddsketch_new(&options, &sketch, err));
    const enum tend_code code = read_message(sketch, &wire, err);
    if (code != TEND_OK) {
        tend__ddsketch_free(sketch);
        return code;
    }
    *out = sketch;
    return TEND_OK;
}
