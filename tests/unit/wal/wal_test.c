/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wal_test.c: the log as its callers see it: numbers, segments, limits, damage, threads, and a
 * process that is killed while it writes.
 */
#include "fake_files.h"
#include "unit.h"

#include "base/mem.h"
#include "wal/folder.h"
#include "wal/frame.h"
#include "wal/wal.h"
#include "wal/wal_read.h"

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define APPENDS 60
#define KILLS 12

static struct fake_files fake;

static enum tend_code append_text(struct tend__wal *wal, const char *text, uint64_t *seq,
                                  struct tend_error *err)
{
    const struct tend__wal_record record = {.bytes = text, .len = strlen(text)};
    return tend__wal_append(wal, &record, 1, seq, err);
}

/* The records from `from` on; checks that their numbers follow each other. */
static size_t count_records(const struct tend__files *files, uint64_t from, struct tend_error *err,
                            enum tend_code *code)
{
    struct tend__wal_cursor *cursor = NULL;
    size_t count = 0;
    *code = tend__wal_cursor_open(files, from, &cursor, err);
    while (*code == TEND_OK) {
        const void *bytes = NULL;
        size_t len = 0;
        uint64_t seq = 0;
        *code = tend__wal_cursor_next(cursor, &bytes, &len, &seq, err);
        if (*code != TEND_OK || bytes == NULL) {
            break;
        }
        assert_int_equal(seq, from + count);
        count++;
    }
    tend__wal_cursor_free(cursor);
    return count;
}

static void test_crc32c_of_rfc_3720(void **state)
{
    unsigned char bytes[32];
    (void)state;
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(tend__crc32c(0, bytes, 32), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof(bytes));
    assert_int_equal(tend__crc32c(0, bytes, 32), 0x62A8AB43);
    for (size_t i = 0; i < 32; i++) {
        bytes[i] = (unsigned char)i;
    }
    assert_int_equal(tend__crc32c(0, bytes, 32), 0x46DD794E);
    assert_int_equal(tend__crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(tend__crc32c(tend__crc32c(0, "12345", 5), "6789", 4), 0xE3069283);
}

static void test_records_come_back_after_opening_anew(void **state)
{
    struct tend__wal *wal = NULL;
    struct tend__wal_found found;
    struct tend_error err = {0};
    enum tend_code code = TEND_OK;
    uint64_t seq = 0;
    (void)state;
    fake_init(&fake);
    assert_tend_ok(tend__wal_open(&fake.files, NULL, &wal, &found, &err), &err);
    assert_int_equal(found.segment_count, 0);
    assert_int_equal(found.next_seq, 1);
    assert_int_equal(count_records(&fake.files, 1, &err, &code), 0);
    for (uint64_t i = 1; i <= 100; i++) {
        assert_tend_ok(append_text(wal, i % 7 == 0 ? "" : "a record", &seq, &err), &err);
        assert_int_equal(seq, i);
    }
    assert_int_equal(tend__wal_next_seq(wal), 101);
    tend__wal_free(wal);
    assert_tend_ok(tend__wal_open(&fake.files, NULL, &wal, &found, &err), &err);
    assert_int_equal(found.next_seq, 101);
    assert_int_equal(found.cut_bytes, 0);
    assert_tend_ok(append_text(wal, "one more", &seq, &err), &err);
    assert_int_equal(seq, 101);
    assert_int_equal(count_records(&fake.files, 1, &err, &code), 101);
    assert_int_equal(count_records(&fake.files, 60, &err, &code), 42);
    tend__wal_free(wal);
    fake_deinit(&fake);
}

static void test_a_reader_follows_the_writer(void **state)
{
    const struct tend__wal_options options = {.segment_bytes = 4096};
    struct tend__wal_cursor *cursor = NULL;
    struct tend__wal *wal = NULL;
    struct tend_error err = {0};
    char text[700];
    uint64_t seq = 0;
    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    fake_init(&fake);
    assert_tend_ok(tend__wal_open(&fake.files, &options, &wal, NULL, &err), &err);
    assert_tend_ok(tend__wal_cursor_open(&fake.files, 1, &cursor, &err), &err);
    for (uint64_t i = 1; i <= 40; i++) {
        const void *bytes = NULL;
        size_t len = 0;
        assert_tend_ok(tend__wal_cursor_next(cursor, &bytes, &len, &seq, &err), &err);
        assert_null(bytes);
        assert_tend_ok(append_text(wal, text, &seq, &err), &err);
        assert_tend_ok(tend__wal_cursor_next(cursor, &bytes, &len, &seq, &err), &err);
        assert_non_null(bytes);
        assert_int_equal(seq, i);
        assert_int_equal(len, sizeof(text) - 1);
    }
    assert_tend_ok(tend__wal_cursor_sync(cursor, &err), &err);
    tend__wal_cursor_free(cursor);
    tend__wal_free(wal);
    fake_deinit(&fake);
}

static void test_limits_and_release(void **state)
{
    const struct tend__wal_options options = {
        .segment_bytes = 4096, .bytes_max = 20000, .group_bytes = 2048};
    static char text[1000];
    struct tend__wal_counts counts;
    struct tend__wal *wal = NULL;
    struct tend_error err = {0};
    enum tend_code code = TEND_OK;
    uint64_t seq = 0;
    uint64_t last = 0;
    (void)state;
    memset(text, 'y', sizeof(text) - 1);
    fake_init(&fake);
    assert_tend_ok(tend__wal_open(&fake.files, &options, &wal, NULL, &err), &err);
    const struct tend__wal_record large[3] = {{text, 999}, {text, 999}, {text, 999}};
    assert_int_equal(tend__wal_append(wal, large, 3, &seq, &err), TEND_ELIMIT);
    assert_int_equal(tend__wal_append(wal, large, 0, &seq, &err), TEND_EINVAL);
    while ((code = append_text(wal, text, &seq, &err)) == TEND_OK) {
        last = seq;
    }
    assert_int_equal(code, TEND_ELIMIT);
    assert_non_null(strstr(err.text, "the log is full"));
    assert_true(last >= 15 && last <= 19);
    tend__wal_count(wal, &counts);
    assert_true(counts.bytes <= 20000);
    /* What has been used may go; then there is room, and the numbers go on. */
    assert_tend_ok(tend__wal_release(wal, 10, &err), &err);
    assert_tend_ok(append_text(wal, text, &seq, &err), &err);
    assert_int_equal(seq, last + 1);
    (void)count_records(&fake.files, 1, &err, &code);
    assert_int_equal(code, TEND_ENOTFOUND);
    assert_non_null(strstr(err.text, "the oldest is"));
    assert_int_equal(count_records(&fake.files, 10, &err, &code), last + 1 - 9);
    assert_tend_ok(tend__wal_release(wal, UINT64_MAX, &err), &err);
    tend__wal_free(wal);
    assert_tend_ok(tend__wal_open(&fake.files, &options, &wal, NULL, &err), &err);
    assert_int_equal(tend__wal_next_seq(wal), last + 2);
    tend__wal_free(wal);
    fake_deinit(&fake);
    const struct tend__wal_options bad = {.segment_bytes = 100};
    assert_int_equal(tend__wal_open(&fake.files, &bad, &wal, NULL, &err), TEND_EINVAL);
}

/* Whatever bit is turned over, no altered record is given out, and nothing but the last frame may
 * be lost without a word. */
static void test_every_bit_flip_is_noticed(void **state)
{
    static const char *const texts[] = {"alpha", "beta", "gamma"};
    struct tend__wal *wal = NULL;
    struct tend_error err = {0};
    uint64_t seq = 0;
    (void)state;
    fake_init(&fake);
    assert_tend_ok(tend__wal_open(&fake.files, NULL, &wal, NULL, &err), &err);
    for (size_t i = 0; i < 3; i++) {
        assert_tend_ok(append_text(wal, texts[i], &seq, &err), &err);
    }
    tend__wal_free(wal);
    struct fake_inode *inode = fake_find(&fake, "00000000000000000001.log");
    if (inode == NULL) {
        fail_msg("the segment has another name");
        return;
    }
    const size_t last_frame = inode->len - (TEND_WAL_FRAME_SIZE + TEND_WAL_RECORD_SIZE + 5);
    unsigned char *kept = NULL;
    size_t kept_len = 0;
    fake_set(&kept, &kept_len, inode->bytes, inode->len);
    for (size_t bit = 0; bit < kept_len * 8; bit++) {
        struct tend__wal_cursor *cursor = NULL;
        fake_set(&inode->bytes, &inode->len, kept, kept_len);
        inode->bytes[bit / 8] ^= (unsigned char)(1 << (bit % 8));
        size_t count = 0;
        enum tend_code code = tend__wal_cursor_open(&fake.files, 1, &cursor, &err);
        while (code == TEND_OK) {
            const void *bytes = NULL;
            size_t len = 0;
            code = tend__wal_cursor_next(cursor, &bytes, &len, &seq, &err);
            if (code != TEND_OK || bytes == NULL) {
                break;
            }
            assert_int_equal(len, strlen(texts[count]));
            assert_memory_equal(bytes, texts[count], len);
            count++;
        }
        tend__wal_cursor_free(cursor);
        assert_true(count < 3);
        code = tend__wal_open(&fake.files, NULL, &wal, NULL, &err);
        if (bit / 8 < last_frame) {
            assert_true(code == TEND_ECORRUPT || code == TEND_EUNSUPPORTED);
            assert_non_null(strstr(err.text, ".log"));
        } else {
            assert_tend_ok(code, &err); /* as a torn write */
            assert_int_equal(tend__wal_next_seq(wal), 3);
            tend__wal_free(wal);
        }
    }
    free(kept);
    fake_deinit(&fake);
}

/* ---- a real folder ---- */

static char *make_folder(void)
{
    static char path[64];
    memcpy(path, "/tmp/tend-wal-XXXXXX", 21);
    assert_non_null(mkdtemp(path));
    return path;
}

static void remove_folder(const char *path)
{
    struct tend__files files = {0};
    struct tend_error err = {0};
    assert_tend_ok(tend__folder_open(path, &files, &err), &err);
    char name[32];
    for (uint64_t seq = 1; seq < 100000; seq++) {
        (void)snprintf(name, sizeof(name), "%020llu.log", (unsigned long long)seq);
        (void)files.remove(files.ctx, name, NULL);
    }
    tend__folder_close(&files);
    assert_int_equal(rmdir(path), 0);
}

struct worker {
    struct tend__wal *wal;
    int number;
    uint64_t seqs[APPENDS];
};

static void *append_many(void *arg)
{
    struct worker *worker = arg;
    for (int i = 0; i < APPENDS; i++) {
        char text[64];
        struct tend_error err = {0};
        (void)snprintf(text, sizeof(text), "%d %d", worker->number, i);
        if (append_text(worker->wal, text, &worker->seqs[i], &err) != TEND_OK) {
            worker->seqs[i] = 0;
        }
    }
    return NULL;
}

static void test_threads_share_syncs_and_lose_nothing(void **state)
{
    static struct worker workers[THREADS];
    const char *path = make_folder();
    struct tend__wal_cursor *cursor = NULL;
    struct tend__wal_counts counts;
    struct tend__files files = {0};
    struct tend__wal *wal = NULL;
    struct tend_error err = {0};
    pthread_t threads[THREADS];
    struct stat info;
    char name[128];
    (void)state;
    assert_tend_ok(tend__folder_open(path, &files, &err), &err);
    assert_tend_ok(tend__wal_open(&files, NULL, &wal, NULL, &err), &err);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.wal = wal, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, append_many, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    tend__wal_count(wal, &counts);
    assert_int_equal(counts.record_count, THREADS * APPENDS);
    assert_true(counts.group_count < counts.record_count);
    tend__wal_free(wal);
    (void)snprintf(name, sizeof(name), "%s/00000000000000000001.log", path);
    assert_int_equal(stat(name, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    /* Each record stands at the number that its thread was told. */
    assert_tend_ok(tend__wal_cursor_open(&files, 1, &cursor, &err), &err);
    for (uint64_t i = 1; i <= (uint64_t)THREADS * APPENDS; i++) {
        const void *bytes = NULL;
        char text[64] = {0};
        size_t len = 0;
        uint64_t seq = 0;
        int thread = -1;
        int k = -1;
        assert_tend_ok(tend__wal_cursor_next(cursor, &bytes, &len, &seq, &err), &err);
        assert_non_null(bytes);
        assert_true(len < sizeof(text));
        memcpy(text, bytes, len);
        assert_int_equal(sscanf(text, "%d %d", &thread, &k), 2);
        assert_int_equal(workers[thread].seqs[k], i);
    }
    tend__wal_cursor_free(cursor);
    tend__folder_close(&files);
    remove_folder(path);
}

/* Appends until it is killed; tells each acknowledged number through the pipe. */
static void write_until_killed(const char *path, int pipe_fd)
{
    const struct tend__wal_options options = {.segment_bytes = 16384};
    struct tend__files files = {0};
    struct tend__wal *wal = NULL;
    struct tend_error err = {0};
    if (tend__folder_open(path, &files, &err) != TEND_OK ||
        tend__wal_open(&files, &options, &wal, NULL, &err) != TEND_OK) {
        _exit(3);
    }
    for (;;) {
        char text[300];
        uint64_t seq = 0;
        memset(text, 'k', sizeof(text));
        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)tend__wal_next_seq(wal));
        const struct tend__wal_record record = {.bytes = text, .len = sizeof(text)};
        if (tend__wal_append(wal, &record, 1, &seq, &err) != TEND_OK ||
            write(pipe_fd, &seq, sizeof(seq)) != (ssize_t)sizeof(seq)) {
            _exit(4);
        }
    }
}

static void test_kill_loses_nothing_that_was_acknowledged(void **state)
{
    const char *path = make_folder();
    struct tend__files files = {0};
    struct tend_error err = {0};
    enum tend_code code = TEND_OK;
    struct tend__rng rng;
    uint64_t acked = 0;
    (void)state;
    tend__rng_init(&rng, 5);
    assert_tend_ok(tend__folder_open(path, &files, &err), &err);
    for (int i = 0; i < KILLS; i++) {
        int fds[2];
        int status = 0;
        uint64_t seq = 0;
        assert_int_equal(pipe(fds), 0);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)close(fds[0]);
            write_until_killed(path, fds[1]);
        }
        (void)close(fds[1]);
        const struct timespec pause = {.tv_nsec = 2000000 + (long)tend__rng_below(&rng, 20000000)};
        (void)nanosleep(&pause, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(fds[0], &seq, sizeof(seq)) == (ssize_t)sizeof(seq)) {
            assert_true(seq > acked);
            acked = seq;
        }
        (void)close(fds[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_true(count_records(&files, 1, &err, &code) >= acked);
        assert_tend_ok(code, &err);
    }
    assert_true(acked > 0);
    tend__folder_close(&files);
    remove_folder(path);
}

static void test_every_failed_allocation_is_survived(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 1000; nth++) {
        struct tend__wal_cursor *cursor = NULL;
        struct tend__wal *wal = NULL;
        struct tend_error err = {0};
        const void *bytes = NULL;
        size_t len = 0;
        uint64_t seq = 0;
        fake_init(&fake);
        tend__mem_fail_at(nth);
        enum tend_code code = tend__wal_open(&fake.files, NULL, &wal, NULL, &err);
        if (code == TEND_OK) {
            code = append_text(wal, "x", &seq, &err);
        }
        if (code == TEND_OK) {
            code = tend__wal_cursor_open(&fake.files, 1, &cursor, &err);
        }
        if (code == TEND_OK) {
            code = tend__wal_cursor_next(cursor, &bytes, &len, &seq, &err);
        }
        const bool was_enough = tend__mem_asked() < nth;
        tend__mem_fail_at(0);
        tend__wal_cursor_free(cursor);
        tend__wal_free(wal);
        assert_int_equal(fake.open_count, 0);
        fake_deinit(&fake);
        if (was_enough) {
            assert_tend_ok(code, &err);
            return;
        }
        assert_int_equal(code, TEND_ENOMEM);
    }
    fail_msg("the allocations never end");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32c_of_rfc_3720),
        cmocka_unit_test(test_records_come_back_after_opening_anew),
        cmocka_unit_test(test_a_reader_follows_the_writer),
        cmocka_unit_test(test_limits_and_release),
        cmocka_unit_test(test_every_bit_flip_is_noticed),
        cmocka_unit_test(test_threads_share_syncs_and_lose_nothing),
        cmocka_unit_test(test_kill_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(test_every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
