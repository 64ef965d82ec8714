/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wal_read.h: reads the log from a record on, also while another process writes it.
 *
 * A reader sees what was written, which may be a little more than what was synced. One that keeps a
 * place of its own calls tend__wal_cursor_sync before it writes that place down: then the log
 * cannot come back from a power loss shorter than the place.
 */
#ifndef TEND_WAL_WAL_READ_H
#define TEND_WAL_WAL_READ_H

#include "port/files.h"

struct tend__wal_cursor;

/* Starts at record `seq` (1 or the next_seq of a log that is empty are fine). ENOTFOUND where it
 * has been released already; the text says which is the oldest. `files` must outlive the cursor. */
enum tend_code tend__wal_cursor_open(const struct tend__files *files, uint64_t seq,
                                     struct tend__wal_cursor **out,
                                     struct tend_error *err) TEND_NODISCARD;
void tend__wal_cursor_free(struct tend__wal_cursor *cursor); /* NULL is fine */

/* The next record; *bytes is NULL where there is none yet: call again later. The bytes live until
 * the next call. ECORRUPT where the log is damaged, naming file and place; the cursor stays there.
 */
enum tend_code tend__wal_cursor_next(struct tend__wal_cursor *cursor, const void **bytes,
                                     size_t *len, uint64_t *seq,
                                     struct tend_error *err) TEND_NODISCARD;

/* Makes durable all that was read. */
enum tend_code tend__wal_cursor_sync(struct tend__wal_cursor *cursor,
                                     struct tend_error *err) TEND_NODISCARD;

#endif
