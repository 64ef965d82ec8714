/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c: checksums, and numbers in and out of bytes. */
#include "wal/frame.h"

#include <string.h>

static const unsigned char magic[8] = {'t', 'e', 'n', 'd', ' ', 'l', 'o', 'g'};

/* ---- CRC-32C: reflected, polynomial 0x1EDC6F41 ---- */

/* Half a byte at a time, where the processor has no instruction for it. */
static uint32_t crc_plain(uint32_t crc, const unsigned char *bytes, size_t len)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_sse(uint32_t crc, const unsigned char *bytes,
                                                          size_t len)
{
    uint64_t wide = crc;
    while (len >= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof(word));
        wide = __builtin_ia32_crc32di(wide, word);
        bytes += 8;
        len -= 8;
    }
    crc = (uint32_t)wide;
    for (size_t i = 0; i < len; i++) {
        crc = __builtin_ia32_crc32qi(crc, bytes[i]);
    }
    return crc;
}
#endif

uint32_t tend__crc32c(uint32_t crc, const void *bytes, size_t len)
{
    crc = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        return ~crc_sse(crc, bytes, len);
    }
#endif
    return ~crc_plain(crc, bytes, len);
}

/* ---- numbers ---- */

static void put32(unsigned char *out, uint32_t x)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (unsigned char)(x >> (8 * i));
    }
}

static void put64(unsigned char *out, uint64_t x)
{
    put32(out, (uint32_t)x);
    put32(out + 4, (uint32_t)(x >> 32));
}

static uint32_t get32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static uint64_t get64(const unsigned char *bytes)
{
    return get32(bytes) | (uint64_t)get32(bytes + 4) << 32;
}

/* ---- segments ---- */

void tend__wal_header_write(uint64_t first_seq, unsigned char out[TEND_WAL_HEADER_SIZE])
{
    memset(out, 0, TEND_WAL_HEADER_SIZE);
    memcpy(out, magic, sizeof(magic));
    put32(out + 8, TEND_WAL_FORMAT);
    put64(out + 16, first_seq);
    put32(out + 28, tend__crc32c(0, out, 28));
}

enum tend_code tend__wal_header_read(const unsigned char bytes[TEND_WAL_HEADER_SIZE],
                                     uint64_t *first_seq, struct tend_error *err)
{
    if (memcmp(bytes, magic, sizeof(magic)) != 0) {
        return TEND_FAIL(err, ECORRUPT, "does not begin as a segment of tend's log");
    }
    if (get32(bytes + 28) != tend__crc32c(0, bytes, 28)) {
        return TEND_FAIL(err, ECORRUPT, "the header's checksum is wrong");
    }
    if (get32(bytes + 8) != TEND_WAL_FORMAT) {
        return TEND_FAIL(err, EUNSUPPORTED,
                         "is a log of format %u, and this release reads format %d: a newer tend "
                         "wrote it",
                         get32(bytes + 8), TEND_WAL_FORMAT);
    }
    *first_seq = get64(bytes + 16);
    return TEND_OK;
}

/* ---- frames: crc, length, first sequence number, count, 0 ---- */

void tend__wal_frame_close(unsigned char *bytes, const struct tend__wal_frame *frame)
{
    put32(bytes + 4, (uint32_t)frame->len);
    put64(bytes + 8, frame->first_seq);
    put32(bytes + 16, frame->record_count);
    put32(bytes + 20, 0);
    put32(bytes, tend__crc32c(0, bytes + 4, frame->len - 4));
}

size_t tend__wal_frame_len(const unsigned char bytes[TEND_WAL_FRAME_SIZE])
{
    const size_t len = get32(bytes + 4);
    const uint32_t count = get32(bytes + 16);
    const bool is_sound = len >= TEND_WAL_FRAME_SIZE && len <= TEND_WAL_FRAME_MAX && count > 0 &&
                          count <= (len - TEND_WAL_FRAME_SIZE) / TEND_WAL_RECORD_SIZE &&
                          get32(bytes + 20) == 0;
    return is_sound ? len : 0;
}

/* The records fill the frame exactly. */
static bool records_fit(const unsigned char *bytes, size_t len, uint32_t count)
{
    size_t at = TEND_WAL_FRAME_SIZE;
    for (uint32_t i = 0; i < count; i++) {
        if (len - at < TEND_WAL_RECORD_SIZE) {
            return false;
        }
        const size_t record_len = get32(bytes + at);
        at += TEND_WAL_RECORD_SIZE;
        if (record_len > len - at) {
            return false;
        }
        at += record_len;
    }
    return at == len;
}

bool tend__wal_frame_check(const unsigned char *bytes, size_t len, struct tend__wal_frame *out)
{
    const size_t frame_len = len < TEND_WAL_FRAME_SIZE ? 0 : tend__wal_frame_len(bytes);
    if (frame_len == 0 || frame_len > len ||
        get32(bytes) != tend__crc32c(0, bytes + 4, frame_len - 4)) {
        return false;
    }
    *out = (struct tend__wal_frame){
        .first_seq = get64(bytes + 8), .record_count = get32(bytes + 16), .len = frame_len};
    return records_fit(bytes, frame_len, out->record_count);
}
