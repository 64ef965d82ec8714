/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wal.h: the durable log: records are on disk when append returns, and stay.
 *
 * Records are opaque bytes with consecutive sequence numbers from 1. Callers from any thread append
 * batches; those that come while the disk is busy are written and synced together, as one frame
 * (group commit). Segments are files `<first sequence number>.log`; a full one is followed by the
 * next. Nothing is overwritten: segments whose records are no longer needed are removed by release.
 *
 * What holds:
 *  - A record whose append returned TEND_OK is read back, once, in order, after any crash or power
 *    loss, as long as the disk keeps what it has synced.
 *  - An append that failed has left nothing, unless the process dies before it returns: then its
 *    whole batch may be there, or nothing of it.
 *  - Opening cuts only a tail that no sync has covered. Damage elsewhere is ECORRUPT, with the file
 *    and the place; nothing is cut then. One case cannot be told apart: damage to the very last
 *    frame looks like a torn write.
 *  - After a failed sync the log takes nothing any more (what the kernel holds can no longer be
 *    trusted); it must be opened anew.
 *  - One process writes. Others may read (wal_read.h).
 */
#ifndef TEND_WAL_WAL_H
#define TEND_WAL_WAL_H

#include "port/files.h"

#define TEND_WAL_SEGMENT_DEFAULT ((uint64_t)64 << 20)
#define TEND_WAL_BYTES_DEFAULT ((uint64_t)4 << 30)
#define TEND_WAL_GROUP_DEFAULT ((size_t)4 << 20)
#define TEND_WAL_SEGMENT_COUNT_MAX 65536

struct tend__wal;

/* Zero values are the defaults. */
struct tend__wal_options {
    uint64_t segment_bytes; /* a segment is closed once it holds this many; at least 4 kB */
    uint64_t bytes_max;     /* of all segments; appends beyond it fail with ELIMIT */
    size_t group_bytes;     /* of one frame, and so of one batch; at most TEND_WAL_FRAME_MAX */
};

/* What opening found. */
struct tend__wal_found {
    size_t segment_count;
    uint64_t bytes;
    uint64_t first_seq; /* of the oldest record that is there; next_seq where there is none */
    uint64_t next_seq;  /* of the next record */
    uint64_t cut_bytes; /* torn bytes that were cut off the end */
};

struct tend__wal_record {
    const void *bytes;
    size_t len;
};

struct tend__wal_counts {
    uint64_t record_count; /* on disk since the log was opened */
    uint64_t group_count;  /* frames, each with one sync */
    uint64_t bytes;        /* of all segments now */
};

/* `files` must outlive the log. `found` may be NULL. ECORRUPT, EUNSUPPORTED as above; EIO, ELIMIT.
 */
enum tend_code tend__wal_open(const struct tend__files *files,
                              const struct tend__wal_options *options, struct tend__wal **out,
                              struct tend__wal_found *found, struct tend_error *err) TEND_NODISCARD;

/* No thread may be in the log any more. NULL is fine. */
void tend__wal_free(struct tend__wal *wal);

/* Puts the batch at the end, whole; returns when it is on disk. *first_seq is its first record's
 * number. ELIMIT: the batch is larger than a group, the log is full, or the disk is; EIO: the disk
 * failed. Blocks for one or two syncs. Any thread. */
enum tend_code tend__wal_append(struct tend__wal *wal, const struct tend__wal_record *records,
                                size_t count, uint64_t *first_seq,
                                struct tend_error *err) TEND_NODISCARD;

/* Removes the segments that hold only records before `seq`. The newest stays. Any thread. */
enum tend_code tend__wal_release(struct tend__wal *wal, uint64_t seq,
                                 struct tend_error *err) TEND_NODISCARD;

/* The number that the next record will get: all before it are on disk. Any thread. */
uint64_t tend__wal_next_seq(struct tend__wal *wal);
void tend__wal_count(struct tend__wal *wal, struct tend__wal_counts *out);

#endif
