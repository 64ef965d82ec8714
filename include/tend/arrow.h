/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrow.h: the Arrow C data and stream interfaces, libtend's ABI for batches of rows.
 *
 * The layouts are those of https://arrow.apache.org/docs/format/CDataInterface.html and
 * https://arrow.apache.org/docs/format/CStreamInterface.html. The names carry tend's prefix so that
 * a program which includes another definition of the same structs can include this one too;
 * pointers to either may be cast to the other.
 */
#ifndef TEND_ARROW_H
#define TEND_ARROW_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tend_arrow_schema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct tend_arrow_schema **children;
    struct tend_arrow_schema *dictionary;
    void (*release)(struct tend_arrow_schema *);
    void *private_data;
};

struct tend_arrow_array {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct tend_arrow_array **children;
    struct tend_arrow_array *dictionary;
    void (*release)(struct tend_arrow_array *);
    void *private_data;
};

struct tend_arrow_stream {
    int (*get_schema)(struct tend_arrow_stream *, struct tend_arrow_schema *out);
    int (*get_next)(struct tend_arrow_stream *, struct tend_arrow_array *out);
    const char *(*get_last_error)(struct tend_arrow_stream *);
    void (*release)(struct tend_arrow_stream *);
    void *private_data;
};

#ifdef __cplusplus
}
#endif

#endif
