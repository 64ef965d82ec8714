/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h: the bytes of the log: a segment's header, and frames. docs/log-format.md.
 *
 * A frame is what one group commit writes: the records of all callers that waited together, under
 * one checksum. The next frame is written only after this one has been synced, so a frame that does
 * not check out is a torn tail if nothing valid follows it, and damage if something does. All
 * numbers are little-endian.
 */
#ifndef TEND_WAL_FRAME_H
#define TEND_WAL_FRAME_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_WAL_FORMAT 1
#define TEND_WAL_HEADER_SIZE 32
#define TEND_WAL_FRAME_SIZE 24 /* of a frame, before its records */
#define TEND_WAL_RECORD_SIZE 4 /* of a record, before its bytes */
#define TEND_WAL_FRAME_MAX ((size_t)16 << 20)

/* CRC-32C (Castagnoli, RFC 3720 section B.4) of `bytes` after `crc`; 0 to begin. */
uint32_t tend__crc32c(uint32_t crc, const void *bytes, size_t len);

/* The header of a segment whose first record is `first_seq`. */
void tend__wal_header_write(uint64_t first_seq, unsigned char out[TEND_WAL_HEADER_SIZE]);

/* ECORRUPT where the bytes are no header; EUNSUPPORTED where a newer release wrote them. */
enum tend_code tend__wal_header_read(const unsigned char bytes[TEND_WAL_HEADER_SIZE],
                                     uint64_t *first_seq, struct tend_error *err) TEND_NODISCARD;

struct tend__wal_frame {
    uint64_t first_seq;
    uint32_t record_count; /* at least 1 */
    size_t len;            /* of the whole frame */
};

/* Fills in the first TEND_WAL_FRAME_SIZE bytes of a frame of `len` bytes whose records stand. */
void tend__wal_frame_close(unsigned char *bytes, const struct tend__wal_frame *frame);

/* How many bytes the frame that begins here says it has; 0 where that cannot be. */
size_t tend__wal_frame_len(const unsigned char bytes[TEND_WAL_FRAME_SIZE]);

/* Whether the bytes begin with a whole and undamaged frame; then *out is it. */
bool tend__wal_frame_check(const unsigned char *bytes, size_t len, struct tend__wal_frame *out);

#endif
