/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_write.h: writes one JSON document into a buffer.
 *
 * The same calls give the same bytes: keys stay in the order of the calls and numbers take the
 * shortest decimal that reads back to the same double. NaN and infinities, which JSON has not,
 * become null. Text that is not UTF-8 has its bad bytes replaced by U+FFFD. Nesting is bounded by
 * TEND_JSON_DEPTH_MAX.
 */
#ifndef TEND_BASE_JSON_WRITE_H
#define TEND_BASE_JSON_WRITE_H

#include "base/buf.h"

#include <stdint.h>

#define TEND_JSON_DEPTH_MAX 32

struct tend__json_writer {
    struct tend__buf *buf;
    int depth;
    bool pretty; /* two spaces an indent and a line a member; compact otherwise */
    bool has_item[TEND_JSON_DEPTH_MAX];
    bool after_key;
};

void tend__jsonw_init(struct tend__json_writer *w, struct tend__buf *buf, bool pretty);
void tend__jsonw_object_begin(struct tend__json_writer *w);
void tend__jsonw_object_end(struct tend__json_writer *w);
void tend__jsonw_array_begin(struct tend__json_writer *w);
void tend__jsonw_array_end(struct tend__json_writer *w);
void tend__jsonw_key(struct tend__json_writer *w, const char *key);
void tend__jsonw_text(struct tend__json_writer *w, const char *text); /* NULL gives null */
void tend__jsonw_text_len(struct tend__json_writer *w, const char *text, size_t len);
void tend__jsonw_number(struct tend__json_writer *w, double number);
void tend__jsonw_int(struct tend__json_writer *w, int64_t number);
void tend__jsonw_uint(struct tend__json_writer *w, uint64_t number);
void tend__jsonw_bool(struct tend__json_writer *w, bool yes);
void tend__jsonw_null(struct tend__json_writer *w);
void tend__jsonw_time(struct tend__json_writer *w, int64_t time_us); /* RFC 3339, UTC */
void tend__jsonw_raw(struct tend__json_writer *w, const char *json); /* already JSON */

/* key and value in one call */
void tend__jsonw_member_text(struct tend__json_writer *w, const char *key, const char *text);
void tend__jsonw_member_number(struct tend__json_writer *w, const char *key, double number);
void tend__jsonw_member_int(struct tend__json_writer *w, const char *key, int64_t number);
void tend__jsonw_member_uint(struct tend__json_writer *w, const char *key, uint64_t number);
void tend__jsonw_member_bool(struct tend__json_writer *w, const char *key, bool yes);
void tend__jsonw_member_null(struct tend__json_writer *w, const char *key);
void tend__jsonw_member_time(struct tend__json_writer *w, const char *key, int64_t time_us);

/* The shortest decimal of a finite double into text (at least 32 bytes). "null" for NaN and
 * infinities. */
void tend__number_text(double number, char text[32]);

#endif
