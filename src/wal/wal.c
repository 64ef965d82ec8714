/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wal.c: group commit and recovery.
 *
 * Callers put their batch into the group that is being filled and wait for it. The first of them
 * who finds nobody writing becomes the writer: it takes the group, writes and syncs it without the
 * lock, and wakes the others; meanwhile the next group fills. A group gets its first sequence
 * number when it is written, so a group that fails leaves no gap.
 *
 * Invariant: every byte of the open segment below `durable_bytes` has been synced; what is above
 * belongs to the group that is being written, and is cut off again where that fails.
 */
#include "wal/wal.h"

#include "base/mem.h"
#include "wal/frame.h"
#include "wal/wal_segments.h"

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#define SEGMENT_MIN ((uint64_t)4096)

struct group {
    unsigned char *bytes; /* a frame, its first TEND_WAL_FRAME_SIZE bytes still empty */
    size_t len;
    size_t cap;
    uint32_t record_count;
    size_t waiter_count; /* callers who have not yet read the outcome */
    bool is_done;
    uint64_t first_seq; /* once done */
    struct tend_error outcome;
};

struct tend__wal {
    const struct tend__files *files;
    struct tend__wal_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct tend__wal_segments segments;
    struct tend__file *file; /* the newest segment; NULL before the first append */
    uint64_t durable_bytes;  /* of it */
    uint64_t other_bytes;    /* of the other segments */
    uint64_t next_seq;
    struct group *filling; /* NULL: none */
    struct group *spare;   /* keeps its memory; NULL: none */
    bool is_writing;
    struct tend_error broken; /* code TEND_OK: it is not */
    struct tend__wal_counts counts;
};

/* ---- writing, by one thread at a time, without the lock ---- */

static enum tend_code make_segment(struct tend__wal *wal, struct tend_error *err)
{
    unsigned char header[TEND_WAL_HEADER_SIZE];
    char name[TEND_WAL_NAME_SIZE];
    struct tend__file *file = NULL;
    const struct tend__files *files = wal->files;
    tend__wal_segment_name(wal->next_seq, name);
    tend__wal_header_write(wal->next_seq, header);
    TEND_TRY(files->open(files->ctx, name, TEND_FILE_CREATE, &file, err));
    enum tend_code code = files->append(files->ctx, file, header, sizeof(header), err);
    if (code == TEND_OK) {
        code = files->sync(files->ctx, file, err);
    }
    if (code == TEND_OK) {
        code = files->sync_names(files->ctx, err);
    }
    if (code != TEND_OK) {
        /* It holds no record: gone, or found too short and removed at the next opening. */
        files->close(files->ctx, file);
        (void)files->remove(files->ctx, name, NULL);
        return code;
    }
    (void)pthread_mutex_lock(&wal->lock);
    code = tend__wal_segments_add(&wal->segments, wal->next_seq, err);
    if (code == TEND_OK) {
        wal->other_bytes += wal->durable_bytes;
        wal->durable_bytes = TEND_WAL_HEADER_SIZE;
    }
    (void)pthread_mutex_unlock(&wal->lock);
    if (code != TEND_OK) {
        files->close(files->ctx, file);
        (void)files->remove(files->ctx, name, NULL);
        return code;
    }
    if (wal->file != NULL) {
        files->close(files->ctx, wal->file);
    }
    wal->file = file;
    return TEND_OK;
}

/* After a failure: takes back what was written of the group. Where that fails too, or the sync did,
 * nobody knows what is on disk, and the log takes nothing any more. */
static void take_back(struct tend__wal *wal, bool is_sync, const struct tend_error *why)
{
    const struct tend__files *files = wal->files;
    const enum tend_code code = files->truncate(files->ctx, wal->file, wal->durable_bytes, NULL);
    if (is_sync || code != TEND_OK) {
        (void)pthread_mutex_lock(&wal->lock);
        wal->broken = *why;
        tend__error_prefix(&wal->broken, "the log takes no records any more; start again");
        (void)pthread_mutex_unlock(&wal->lock);
    }
}

/* Writes and syncs one group; its outcome goes into it. */
static void write_group(struct tend__wal *wal, struct group *group)
{
    const struct tend__files *files = wal->files;
    struct tend_error *err = &group->outcome;
    const uint64_t all = wal->other_bytes + wal->durable_bytes + group->len;
    if (all > wal->options.bytes_max) {
        tend__error_set(err, TEND_ELIMIT,
                        "the log is full: %" PRIu64 " of %" PRIu64
                        " bytes hold records that are still needed",
                        all - group->len, wal->options.bytes_max);
        return;
    }
    const bool is_full = wal->durable_bytes > TEND_WAL_HEADER_SIZE &&
                         wal->durable_bytes + group->len > wal->options.segment_bytes;
    if ((wal->file == NULL || is_full) && make_segment(wal, err) != TEND_OK) {
        return;
    }
    const struct tend__wal_frame frame = {
        .first_seq = wal->next_seq, .record_count = group->record_count, .len = group->len};
    tend__wal_frame_close(group->bytes, &frame);
    if (files->append(files->ctx, wal->file, group->bytes, group->len, err) != TEND_OK) {
        take_back(wal, false, err);
    } else if (files->sync(files->ctx, wal->file, err) != TEND_OK) {
        take_back(wal, true, err);
    }
}

/* ---- callers ---- */

/* The lock is held. */
static enum tend_code get_filling(struct tend__wal *wal, struct group **out, struct tend_error *err)
{
    if (wal->filling == NULL) {
        struct group *group = wal->spare;
        wal->spare = NULL;
        if (group == NULL) {
            TEND_TRY(tend__mem_new(1, sizeof(*group), &group, err));
        }
        unsigned char *bytes = group->bytes;
        *group = (struct group){.bytes = bytes, .cap = group->cap, .len = TEND_WAL_FRAME_SIZE};
        wal->filling = group;
    }
    *out = wal->filling;
    return TEND_OK;
}

static void free_group(struct group *group)
{
    if (group != NULL) {
        tend__mem_free(group->bytes);
        tend__mem_free(group);
    }
}

/* The lock is held. The last who waits gives the group back. */
static enum tend_code take_outcome(struct tend__wal *wal, struct group *group,
                                   struct tend_error *err)
{
    const enum tend_code code = group->outcome.code;
    if (code != TEND_OK && err != NULL) {
        *err = group->outcome;
    }
    group->waiter_count--;
    if (group->waiter_count == 0) {
        if (wal->spare == NULL) {
            wal->spare = group;
        } else {
            free_group(group);
        }
    }
    return code;
}

/* The lock is held, and is let go while the disk works. */
static void lead(struct tend__wal *wal)
{
    struct group *group = wal->filling;
    wal->filling = NULL;
    wal->is_writing = true;
    if (wal->broken.code == TEND_OK) {
        (void)pthread_mutex_unlock(&wal->lock);
        write_group(wal, group);
        (void)pthread_mutex_lock(&wal->lock);
    } else {
        group->outcome = wal->broken;
    }
    if (group->outcome.code == TEND_OK) {
        group->first_seq = wal->next_seq;
        wal->next_seq += group->record_count;
        wal->durable_bytes += group->len;
        wal->counts.record_count += group->record_count;
        wal->counts.group_count++;
    }
    group->is_done = true;
    wal->is_writing = false;
    (void)pthread_cond_broadcast(&wal->changed);
}

static void put_records(struct group *group, const struct tend__wal_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char *at = group->bytes + group->len;
        for (int k = 0; k < TEND_WAL_RECORD_SIZE; k++) {
            at[k] = (unsigned char)(records[i].len >> (8 * k));
        }
        if (records[i].len > 0) {
            memcpy(at + TEND_WAL_RECORD_SIZE, records[i].bytes, records[i].len);
        }
        group->len += TEND_WAL_RECORD_SIZE + records[i].len;
    }
    group->record_count += (uint32_t)count;
}

/* The lock is held. Joins a group that has room, and waits for one that has; *index is the batch's
 * place in it. */
static enum tend_code join(struct tend__wal *wal, const struct tend__wal_record *records,
                           size_t count, size_t len, struct group **out, struct tend_error *err)
{
    for (;;) {
        if (wal->broken.code != TEND_OK) {
            if (err != NULL) {
                *err = wal->broken;
            }
            return wal->broken.code;
        }
        TEND_TRY(get_filling(wal, out, err));
        if ((*out)->len + len <= wal->options.group_bytes) {
            break;
        }
        if (wal->is_writing) {
            (void)pthread_cond_wait(&wal->changed, &wal->lock);
        } else {
            lead(wal);
        }
    }
    struct group *group = *out;
    TEND_TRY(tend__mem_grow(&group->bytes, &group->cap, group->len + len, wal->options.group_bytes,
                            1, err));
    put_records(group, records, count);
    group->waiter_count++;
    return TEND_OK;
}

enum tend_code tend__wal_append(struct tend__wal *wal, const struct tend__wal_record *records,
                                size_t count, uint64_t *first_seq, struct tend_error *err)
{
    struct group *group = NULL;
    const size_t room = wal->options.group_bytes - TEND_WAL_FRAME_SIZE;
    size_t len = 0;
    if (count == 0) {
        return TEND_FAIL(err, EINVAL, "a batch of no records");
    }
    for (size_t i = 0; i < count; i++) {
        if (records[i].len > room || len + records[i].len + TEND_WAL_RECORD_SIZE > room) {
            return TEND_FAIL(err, ELIMIT,
                             "the batch has more than %zu bytes; send it in smaller pieces", room);
        }
        len += records[i].len + TEND_WAL_RECORD_SIZE;
    }
    (void)pthread_mutex_lock(&wal->lock);
    enum tend_code code = join(wal, records, count, len, &group, err);
    if (code == TEND_OK) {
        const uint64_t index = group->record_count - count;
        while (!group->is_done) {
            if (wal->is_writing) {
                (void)pthread_cond_wait(&wal->changed, &wal->lock);
            } else {
                lead(wal); /* nobody writes, so ours is the one that is being filled */
            }
        }
        *first_seq = group->first_seq + index;
        code = take_outcome(wal, group, err);
    }
    (void)pthread_mutex_unlock(&wal->lock);
    return code;
}

enum tend_code tend__wal_release(struct tend__wal *wal, uint64_t seq, struct tend_error *err)
{
    const struct tend__files *files = wal->files;
    char name[TEND_WAL_NAME_SIZE];
    size_t gone = 0;
    enum tend_code code = TEND_OK;
    (void)pthread_mutex_lock(&wal->lock);
    struct tend__wal_segments *segments = &wal->segments;
    while (code == TEND_OK && gone + 1 < segments->count && segments->first_seq[gone + 1] <= seq) {
        struct tend__file *file = NULL;
        uint64_t bytes = 0;
        tend__wal_segment_name(segments->first_seq[gone], name);
        code = files->open(files->ctx, name, TEND_FILE_READ, &file, err);
        if (code == TEND_OK) {
            code = files->size(files->ctx, file, &bytes, err);
            files->close(files->ctx, file);
        }
        if (code == TEND_OK) {
            code = files->remove(files->ctx, name, err);
        }
        if (code == TEND_OK) {
            wal->other_bytes -= bytes;
            gone++;
        }
    }
    if (gone > 0) {
        segments->count -= gone;
        memmove(segments->first_seq, &segments->first_seq[gone],
                segments->count * sizeof(uint64_t));
    }
    (void)pthread_mutex_unlock(&wal->lock);
    return code;
}

uint64_t tend__wal_next_seq(struct tend__wal *wal)
{
    (void)pthread_mutex_lock(&wal->lock);
    const uint64_t seq = wal->next_seq;
    (void)pthread_mutex_unlock(&wal->lock);
    return seq;
}

void tend__wal_count(struct tend__wal *wal, struct tend__wal_counts *out)
{
    (void)pthread_mutex_lock(&wal->lock);
    *out = wal->counts;
    out->bytes = wal->other_bytes + wal->durable_bytes;
    (void)pthread_mutex_unlock(&wal->lock);
}

/* ---- opening ---- */

struct opening {
    struct tend__wal *wal;
    struct tend__wal_found found;
    unsigned char *bytes; /* the newest segment */
    size_t len;
};

static enum tend_code read_whole(const struct tend__wal *wal, struct opening *opening,
                                 struct tend_error *err)
{
    const struct tend__files *files = wal->files;
    uint64_t size = 0;
    TEND_TRY(files->size(files->ctx, wal->file, &size, err));
    TEND_TRY(tend__mem_resize(&opening->bytes, size > 0 ? (size_t)size : 1, 1, err));
    struct tend__file_read what = {.bytes = opening->bytes, .len = (size_t)size};
    TEND_TRY(files->read(files->ctx, wal->file, &what, err));
    opening->len = what.got;
    return TEND_OK;
}

/* Whether a whole frame of a later record stands anywhere from `at` on: then what is before it was
 * synced once, and is damaged, not torn. */
static bool has_later_frame(const struct opening *opening, size_t at, uint64_t next_seq)
{
    struct tend__wal_frame frame;
    for (; at + TEND_WAL_FRAME_SIZE <= opening->len; at++) {
        if (tend__wal_frame_len(opening->bytes + at) != 0 &&
            tend__wal_frame_check(opening->bytes + at, opening->len - at, &frame) &&
            frame.first_seq > next_seq) {
            return true;
        }
    }
    return false;
}

/* Goes through the newest segment; cuts off what no sync has covered. */
static enum tend_code recover(struct opening *opening, uint64_t first_seq, struct tend_error *err)
{
    struct tend__wal *wal = opening->wal;
    const struct tend__files *files = wal->files;
    size_t at = TEND_WAL_HEADER_SIZE;
    struct tend__wal_frame frame;
    wal->next_seq = first_seq;
    while (tend__wal_frame_check(opening->bytes + at, opening->len - at, &frame) &&
           frame.first_seq == wal->next_seq) {
        at += frame.len;
        wal->next_seq += frame.record_count;
    }
    if (has_later_frame(opening, at, wal->next_seq)) {
        return TEND_FAIL(err, ECORRUPT,
                         "is damaged at byte %zu, where record %" PRIu64
                         " should begin, and records follow; restore the file",
                         at, wal->next_seq);
    }
    opening->found.cut_bytes += opening->len - at;
    wal->durable_bytes = at;
    if (opening->len > at) {
        TEND_TRY(files->truncate(files->ctx, wal->file, at, err));
        TEND_TRY(files->sync(files->ctx, wal->file, err));
    }
    return TEND_OK;
}

/* Opens the newest segment. *is_torn: it was never finished being made, and has been removed. */
static enum tend_code open_newest(struct opening *opening, bool *is_torn, struct tend_error *err)
{
    struct tend__wal *wal = opening->wal;
    const struct tend__files *files = wal->files;
    const uint64_t named_seq = wal->segments.first_seq[wal->segments.count - 1];
    uint64_t first_seq = 0;
    char name[TEND_WAL_NAME_SIZE];
    *is_torn = false;
    tend__wal_segment_name(named_seq, name);
    TEND_TRY(files->open(files->ctx, name, TEND_FILE_APPEND, &wal->file, err));
    enum tend_code code = read_whole(wal, opening, err);
    if (code == TEND_OK && opening->len >= TEND_WAL_HEADER_SIZE) {
        code = tend__wal_header_read(opening->bytes, &first_seq, err);
    }
    /* A segment has records only after its header was synced. */
    *is_torn = opening->len < TEND_WAL_HEADER_SIZE ||
               (code == TEND_ECORRUPT && opening->len == TEND_WAL_HEADER_SIZE);
    if (*is_torn) {
        opening->found.cut_bytes += opening->len;
        files->close(files->ctx, wal->file);
        wal->file = NULL;
        TEND_TRY(files->remove(files->ctx, name, err));
        wal->segments.count--;
        return files->sync_names(files->ctx, err);
    }
    if (code == TEND_OK && first_seq != named_seq) {
        code = TEND_FAIL(err, ECORRUPT, "holds the records from %" PRIu64 " on", first_seq);
    }
    if (code == TEND_OK) {
        code = recover(opening, first_seq, err);
    }
    if (code != TEND_OK) {
        tend__error_prefix(err, "%s", name);
    }
    return code;
}

static enum tend_code add_sizes(struct tend__wal *wal, struct tend_error *err)
{
    const struct tend__files *files = wal->files;
    char name[TEND_WAL_NAME_SIZE];
    for (size_t i = 0; i + 1 < wal->segments.count; i++) {
        struct tend__file *file = NULL;
        uint64_t size = 0;
        tend__wal_segment_name(wal->segments.first_seq[i], name);
        TEND_TRY(files->open(files->ctx, name, TEND_FILE_READ, &file, err));
        const enum tend_code code = files->size(files->ctx, file, &size, err);
        files->close(files->ctx, file);
        TEND_TRY(code);
        wal->other_bytes += size;
    }
    return TEND_OK;
}

static enum tend_code open_all(struct opening *opening, struct tend_error *err)
{
    struct tend__wal *wal = opening->wal;
    bool is_torn = true;
    TEND_TRY(tend__wal_segments_list(wal->files, &wal->segments, err));
    const uint64_t newest =
        wal->segments.count > 0 ? wal->segments.first_seq[wal->segments.count - 1] : 1;
    while (is_torn && wal->segments.count > 0) {
        TEND_TRY(open_newest(opening, &is_torn, err));
    }
    if (wal->segments.count == 0) {
        wal->next_seq = newest; /* numbers go on even where every older segment was released */
    } else if (newest > wal->next_seq) {
        return TEND_FAIL(err, ECORRUPT,
                         "the log ends at record %" PRIu64 ", and a segment began at %" PRIu64
                         "; restore the files",
                         wal->next_seq, newest);
    }
    TEND_TRY(add_sizes(wal, err));
    opening->found.segment_count = wal->segments.count;
    opening->found.bytes = wal->other_bytes + wal->durable_bytes;
    opening->found.next_seq = wal->next_seq;
    opening->found.first_seq = wal->segments.count > 0 ? wal->segments.first_seq[0] : wal->next_seq;
    return TEND_OK;
}

static enum tend_code set_options(const struct tend__wal_options *from,
                                  struct tend__wal_options *out, struct tend_error *err)
{
    *out = from == NULL ? (struct tend__wal_options){0} : *from;
    out->segment_bytes = out->segment_bytes == 0 ? TEND_WAL_SEGMENT_DEFAULT : out->segment_bytes;
    out->bytes_max = out->bytes_max == 0 ? TEND_WAL_BYTES_DEFAULT : out->bytes_max;
    out->group_bytes = out->group_bytes == 0 ? TEND_WAL_GROUP_DEFAULT : out->group_bytes;
    if (out->segment_bytes < SEGMENT_MIN || out->group_bytes > TEND_WAL_FRAME_MAX ||
        out->group_bytes < 2 * TEND_WAL_FRAME_SIZE) {
        return TEND_FAIL(err, EINVAL, "a segment has at least %" PRIu64 " bytes, a group %d to %zu",
                         SEGMENT_MIN, 2 * TEND_WAL_FRAME_SIZE, TEND_WAL_FRAME_MAX);
    }
    return TEND_OK;
}

enum tend_code tend__wal_open(const struct tend__files *files,
                              const struct tend__wal_options *options, struct tend__wal **out,
                              struct tend__wal_found *found, struct tend_error *err)
{
    struct tend__wal *wal = NULL;
    struct tend__wal_options set;
    TEND_TRY(set_options(options, &set, err));
    TEND_TRY(tend__mem_new(1, sizeof(*wal), &wal, err));
    wal->files = files;
    wal->options = set;
    (void)pthread_mutex_init(&wal->lock, NULL);
    (void)pthread_cond_init(&wal->changed, NULL);
    struct opening opening = {.wal = wal};
    const enum tend_code code = open_all(&opening, err);
    tend__mem_free(opening.bytes);
    if (code != TEND_OK) {
        tend__wal_free(wal);
        return code;
    }
    if (found != NULL) {
        *found = opening.found;
    }
    *out = wal;
    return TEND_OK;
}

void tend__wal_free(struct tend__wal *wal)
{
    if (wal == NULL) {
        return;
    }
    if (wal->file != NULL) {
        wal->files->close(wal->files->ctx, wal->file);
    }
    free_group(wal->filling);
    free_group(wal->spare);
    tend__wal_segments_deinit(&wal->segments);
    (void)pthread_cond_destroy(&wal->changed);
    (void)pthread_mutex_destroy(&wal->lock);
    tend__mem_free(wal);
}
