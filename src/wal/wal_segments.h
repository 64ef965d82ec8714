/* SPDX-License-Identifier: Apache-2.0 */
/* wal_segments.h: which segments a folder holds, for the writer and the reader of the log. */
#ifndef TEND_WAL_WAL_SEGMENTS_H
#define TEND_WAL_WAL_SEGMENTS_H

#include "port/files.h"

#define TEND_WAL_NAME_SIZE 32

struct tend__wal_segments {
    uint64_t *first_seq; /* ascending */
    size_t count;
    size_t cap;
};

void tend__wal_segment_name(uint64_t first_seq, char out[TEND_WAL_NAME_SIZE]);

/* Other names are passed over. The caller deinits *out, also on failure. */
enum tend_code tend__wal_segments_list(const struct tend__files *files,
                                       struct tend__wal_segments *out,
                                       struct tend_error *err) TEND_NODISCARD;
void tend__wal_segments_deinit(struct tend__wal_segments *segments);

/* Puts one at the end. */
enum tend_code tend__wal_segments_add(struct tend__wal_segments *segments, uint64_t first_seq,
                                      struct tend_error *err) TEND_NODISCARD;

#endif
