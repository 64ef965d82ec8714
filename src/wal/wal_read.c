/* SPDX-License-Identifier: Apache-2.0 */
/* wal_read.c: frames one by one, each checked before its records are given out. */
#include "wal/wal_read.h"

#include "base/mem.h"
#include "wal/frame.h"
#include "wal/wal_segments.h"

#include <inttypes.h>
#include <string.h>

struct tend__wal_cursor {
    const struct tend__files *files;
    struct tend__wal_segments segments;
    struct tend__file *file; /* NULL where no segment is open */
    uint64_t first_seq;      /* of the open segment */
    uint64_t offset;         /* of the next frame in it */
    uint64_t next_seq;       /* of the next frame's first record */
    uint64_t want_seq;       /* the next record to give out */
    unsigned char *bytes;    /* the frame */
    size_t cap;
    struct tend__wal_frame frame; /* record_count 0: none */
    size_t at;                    /* of the next record in it */
    uint32_t given_count;
};

static enum tend_code damaged(const struct tend__wal_cursor *cursor, struct tend_error *err)
{
    char name[TEND_WAL_NAME_SIZE];
    tend__wal_segment_name(cursor->first_seq, name);
    return TEND_FAIL(err, ECORRUPT,
                     "%s: is damaged at byte %" PRIu64 ", where record %" PRIu64
                     " should begin; restore the file, or move it away to go on without its rest",
                     name, cursor->offset, cursor->next_seq);
}

/* ---- segments ---- */

/* The position of the last segment that begins at `seq` or before; SIZE_MAX for none. */
static size_t find_segment(const struct tend__wal_segments *segments, uint64_t seq)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < segments->count && segments->first_seq[i] <= seq; i++) {
        found = i;
    }
    return found;
}

/* *is_there: the segment has a header. One that was being made when the power went, or is being
 * made now, has none yet, and no frame. */
static enum tend_code read_header(const struct tend__wal_cursor *cursor, struct tend__file *file,
                                  uint64_t *first_seq, bool *is_there, struct tend_error *err)
{
    unsigned char header[TEND_WAL_HEADER_SIZE];
    const struct tend__files *files = cursor->files;
    uint64_t size = 0;
    struct tend__file_read what = {.bytes = header, .len = sizeof(header)};
    *is_there = false;
    TEND_TRY(files->read(files->ctx, file, &what, err));
    if (what.got < sizeof(header)) {
        return TEND_OK;
    }
    const enum tend_code code = tend__wal_header_read(header, first_seq, err);
    if (code == TEND_ECORRUPT) {
        TEND_TRY(files->size(files->ctx, file, &size, err));
        return size > sizeof(header) ? TEND_ECORRUPT : TEND_OK;
    }
    *is_there = code == TEND_OK;
    return code;
}

/* Opens the segment that holds the next frame. It may not be there yet, or its header not yet
 * whole: then the cursor stays without a file. */
static enum tend_code open_segment(struct tend__wal_cursor *cursor, uint64_t seq,
                                   struct tend_error *err)
{
    char name[TEND_WAL_NAME_SIZE];
    uint64_t first_seq = 0;
    struct tend__file *file = NULL;
    const struct tend__files *files = cursor->files;
    TEND_TRY(tend__wal_segments_list(files, &cursor->segments, err));
    const size_t idx = find_segment(&cursor->segments, seq);
    if (idx == SIZE_MAX && cursor->segments.count > 0) {
        return TEND_FAIL(err, ENOTFOUND,
                         "record %" PRIu64 " of the log is gone: the oldest is %" PRIu64, seq,
                         cursor->segments.first_seq[0]);
    }
    if (idx == SIZE_MAX) {
        return TEND_OK;
    }
    tend__wal_segment_name(cursor->segments.first_seq[idx], name);
    TEND_TRY(files->open(files->ctx, name, TEND_FILE_READ, &file, err));
    bool is_there = false;
    const enum tend_code code = read_header(cursor, file, &first_seq, &is_there, err);
    if (code == TEND_OK && is_there && first_seq != cursor->segments.first_seq[idx]) {
        files->close(files->ctx, file);
        return TEND_FAIL(err, ECORRUPT, "%s: holds the records from %" PRIu64 " on", name,
                         first_seq);
    }
    if (code != TEND_OK || !is_there) {
        if (code != TEND_OK) {
            tend__error_prefix(err, "%s", name);
        }
        files->close(files->ctx, file);
        return code;
    }
    if (cursor->file != NULL) {
        files->close(files->ctx, cursor->file);
    }
    cursor->file = file;
    cursor->first_seq = first_seq;
    cursor->next_seq = first_seq;
    cursor->offset = TEND_WAL_HEADER_SIZE;
    return TEND_OK;
}

/* Whether a later segment begins where this one ends. */
static enum tend_code has_next_segment(struct tend__wal_cursor *cursor, bool *out,
                                       struct tend_error *err)
{
    TEND_TRY(tend__wal_segments_list(cursor->files, &cursor->segments, err));
    const size_t count = cursor->segments.count;
    *out = count > 0 && cursor->segments.first_seq[count - 1] > cursor->first_seq;
    return TEND_OK;
}

/* ---- frames ---- */

/* Reads the frame at the offset; record_count 0 where there is no whole one. */
static enum tend_code read_frame(struct tend__wal_cursor *cursor, struct tend_error *err)
{
    unsigned char head[TEND_WAL_FRAME_SIZE];
    const struct tend__files *files = cursor->files;
    struct tend__file_read what = {.offset = cursor->offset, .bytes = head, .len = sizeof(head)};
    cursor->frame = (struct tend__wal_frame){0};
    TEND_TRY(files->read(files->ctx, cursor->file, &what, err));
    const size_t len = what.got < sizeof(head) ? 0 : tend__wal_frame_len(head);
    if (len == 0) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_grow(&cursor->bytes, &cursor->cap, len, TEND_WAL_FRAME_MAX, 1, err));
    what.bytes = cursor->bytes;
    what.len = len;
    TEND_TRY(files->read(files->ctx, cursor->file, &what, err));
    struct tend__wal_frame frame;
    if (!tend__wal_frame_check(cursor->bytes, what.got, &frame)) {
        return TEND_OK;
    }
    if (frame.first_seq != cursor->next_seq) {
        return damaged(cursor, err);
    }
    cursor->frame = frame;
    cursor->at = TEND_WAL_FRAME_SIZE;
    cursor->given_count = 0;
    return TEND_OK;
}

/* Goes to the next frame; record_count stays 0 where there is none yet. */
static enum tend_code next_frame(struct tend__wal_cursor *cursor, struct tend_error *err)
{
    bool has_next = false;
    cursor->next_seq += cursor->frame.record_count;
    cursor->offset += cursor->frame.len;
    cursor->frame = (struct tend__wal_frame){0};
    cursor->given_count = 0;
    if (cursor->file == NULL) {
        TEND_TRY(open_segment(cursor, cursor->want_seq, err));
    }
    if (cursor->file == NULL) {
        return TEND_OK;
    }
    TEND_TRY(read_frame(cursor, err));
    if (cursor->frame.record_count > 0) {
        return TEND_OK;
    }
    TEND_TRY(has_next_segment(cursor, &has_next, err));
    if (!has_next) {
        return TEND_OK;
    }
    /* The writer finished this segment before it made the next: what it holds is final by now. */
    TEND_TRY(read_frame(cursor, err));
    if (cursor->frame.record_count > 0) {
        return TEND_OK;
    }
    const uint64_t seq = cursor->next_seq;
    if (find_segment(&cursor->segments, seq) == SIZE_MAX ||
        cursor->segments.first_seq[find_segment(&cursor->segments, seq)] != seq) {
        return damaged(cursor, err);
    }
    TEND_TRY(open_segment(cursor, seq, err));
    return cursor->first_seq == seq ? read_frame(cursor, err) : TEND_OK;
}

enum tend_code tend__wal_cursor_next(struct tend__wal_cursor *cursor, const void **bytes,
                                     size_t *len, uint64_t *seq, struct tend_error *err)
{
    *bytes = NULL;
    for (;;) {
        if (cursor->given_count == cursor->frame.record_count) {
            TEND_TRY(next_frame(cursor, err));
            if (cursor->frame.record_count == 0) {
                return TEND_OK;
            }
        }
        const unsigned char *at = cursor->bytes + cursor->at;
        const size_t record_len =
            (size_t)at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
        const uint64_t number = cursor->frame.first_seq + cursor->given_count;
        cursor->at += TEND_WAL_RECORD_SIZE + record_len;
        cursor->given_count++;
        if (number >= cursor->want_seq) {
            *bytes = at + TEND_WAL_RECORD_SIZE;
            *len = record_len;
            *seq = number;
            cursor->want_seq = number + 1;
            return TEND_OK;
        }
    }
}

enum tend_code tend__wal_cursor_open(const struct tend__files *files, uint64_t seq,
                                     struct tend__wal_cursor **out, struct tend_error *err)
{
    struct tend__wal_cursor *cursor = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*cursor), &cursor, err));
    cursor->files = files;
    cursor->want_seq = seq > 0 ? seq : 1;
    const enum tend_code code = open_segment(cursor, cursor->want_seq, err);
    if (code != TEND_OK) {
        tend__wal_cursor_free(cursor);
        return code;
    }
    *out = cursor;
    return TEND_OK;
}

enum tend_code tend__wal_cursor_sync(struct tend__wal_cursor *cursor, struct tend_error *err)
{
    if (cursor->file == NULL) {
        return TEND_OK;
    }
    return cursor->files->sync(cursor->files->ctx, cursor->file, err);
}

void tend__wal_cursor_free(struct tend__wal_cursor *cursor)
{
    if (cursor == NULL) {
        return;
    }
    if (cursor->file != NULL) {
        cursor->files->close(cursor->files->ctx, cursor->file);
    }
    tend__wal_segments_deinit(&cursor->segments);
    tend__mem_free(cursor->bytes);
    tend__mem_free(cursor);
}
