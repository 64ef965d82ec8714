/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wal_fuzz.c: any bytes as a segment of the log: read to its end or refused; opened for writing, it
 * is refused or goes on, and what a cursor gave before is still given.
 */
#include "fake_files.h"

#include "wal/wal.h"
#include "wal/wal_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static size_t count_records(const struct tend__files *files)
{
    struct tend__wal_cursor *cursor = NULL;
    size_t count = 0;
    enum tend_code code = tend__wal_cursor_open(files, 1, &cursor, NULL);
    while (code == TEND_OK) {
        const void *record = NULL;
        size_t record_len = 0;
        uint64_t seq = 0;
        code = tend__wal_cursor_next(cursor, &record, &record_len, &seq, NULL);
        if (code != TEND_OK || record == NULL) {
            break;
        }
        count++;
        if (seq != count) {
            abort();
        }
    }
    tend__wal_cursor_free(cursor);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct fake_files fake;
    struct tend__wal *wal = NULL;
    struct tend__file *file = NULL;
    fake_init(&fake);
    if (fake.files.open(&fake, "00000000000000000001.log", TEND_FILE_CREATE, &file, NULL) !=
            TEND_OK ||
        fake.files.append(&fake, file, bytes, len, NULL) != TEND_OK) {
        abort();
    }
    fake.files.close(&fake, file);
    const size_t before = count_records(&fake.files);
    if (tend__wal_open(&fake.files, NULL, &wal, NULL, NULL) == TEND_OK) {
        const struct tend__wal_record record = {.bytes = "x", .len = 1};
        uint64_t seq = 0;
        if (tend__wal_append(wal, &record, 1, &seq, NULL) != TEND_OK || seq != before + 1 ||
            count_records(&fake.files) != before + 1) {
            abort();
        }
    }
    tend__wal_free(wal);
    fake_deinit(&fake);
    return 0;
}
