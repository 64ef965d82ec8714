/* SPDX-License-Identifier: Apache-2.0 */
/* wal_segments.c: names of segments, read and sorted. */
#include "wal/wal_segments.h"

#include "base/mem.h"
#include "wal/wal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS 20

void tend__wal_segment_name(uint64_t first_seq, char out[TEND_WAL_NAME_SIZE])
{
    (void)snprintf(out, TEND_WAL_NAME_SIZE, "%020" PRIu64 ".log", first_seq);
}

/* Twenty digits and ".log", above 0 and within 64 bits. */
static bool read_name(const char *name, uint64_t *first_seq)
{
    uint64_t number = 0;
    if (strlen(name) != DIGITS + 4 || strcmp(name + DIGITS, ".log") != 0) {
        return false;
    }
    for (size_t i = 0; i < DIGITS; i++) {
        const unsigned digit = (unsigned)(name[i] - '0');
        if (digit > 9 || number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *first_seq = number;
    return number > 0;
}

enum tend_code tend__wal_segments_add(struct tend__wal_segments *segments, uint64_t first_seq,
                                      struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&segments->first_seq, &segments->cap, segments->count + 1,
                            TEND_WAL_SEGMENT_COUNT_MAX, sizeof(uint64_t), err));
    segments->first_seq[segments->count++] = first_seq;
    return TEND_OK;
}

static enum tend_code add_name(void *ctx, const char *name, struct tend_error *err)
{
    uint64_t first_seq = 0;
    return read_name(name, &first_seq) ? tend__wal_segments_add(ctx, first_seq, err) : TEND_OK;
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

enum tend_code tend__wal_segments_list(const struct tend__files *files,
                                       struct tend__wal_segments *out, struct tend_error *err)
{
    out->count = 0;
    TEND_TRY(files->list(files->ctx, add_name, out, err));
    if (out->count > 0) {
        qsort(out->first_seq, out->count, sizeof(uint64_t), compare);
    }
    return TEND_OK;
}

void tend__wal_segments_deinit(struct tend__wal_segments *segments)
{
    tend__mem_free(segments->first_seq);
    *segments = (struct tend__wal_segments){0};
}
