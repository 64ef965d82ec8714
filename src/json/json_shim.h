/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_shim.h: the door from C to simdjson, which speaks C++. Private to this folder.
 *
 * The text is parsed and validated whole, then told to the sink in the order of the document. A
 * sink's function returns false to stop. Lengths are in bytes; keys and texts are not terminated
 * and live for the call alone.
 */
#ifndef TEND_JSON_JSON_SHIM_H
#define TEND_JSON_JSON_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tend_json_sink {
    void *ctx;
    bool (*key)(void *ctx, const char *text, size_t len); /* of the value that comes next */
    bool (*object_begin)(void *ctx);
    bool (*array_begin)(void *ctx);
    bool (*end)(void *ctx); /* of an object or an array */
    bool (*text)(void *ctx, const char *text, size_t len);
    bool (*real)(void *ctx, double number);
    bool (*integer)(void *ctx, int64_t number);
    bool (*boolean)(void *ctx, bool yes);
    bool (*null)(void *ctx);
    /* An array of numbers alone, at least one: room for `count` of them, which the shim then fills.
     */
    int64_t *(*integers)(void *ctx, size_t count);
    double *(*reals)(void *ctx, size_t count);
};

enum tend_json_outcome {
    TEND_JSON_FINE,
    TEND_JSON_STOPPED, /* by the sink */
    TEND_JSON_BAD,     /* not JSON: *words is simdjson's sentence, static */
    TEND_JSON_TOO_DEEP,
    TEND_JSON_NO_MEMORY
};

enum tend_json_outcome tend_json_shim_parse(const char *text, size_t len, size_t depth_max,
                                            const struct tend_json_sink *sink, const char **words);

#ifdef __cplusplus
}
#endif

#endif
