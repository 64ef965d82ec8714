/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wal_crash_test.c: the log on a disk that fails at every single operation, in every way, followed
 * by a power loss: what was acknowledged is there, once and in order, and the log goes on.
 */
#include "fake_files.h"
#include "unit.h"

#include "wal/wal.h"
#include "wal/wal_read.h"

#define BATCH_COUNT 24
#define SEED_COUNT 12
#define RECORD_MAX 1500

/* Small segments and groups, so that a run rolls several times. */
static const struct tend__wal_options options = {.segment_bytes = 4096, .group_bytes = 8192};

/* Every batch is of 1 to 3 records of its own length; a record says its batch and place. */
static size_t batch_size(int batch)
{
    return 1 + (size_t)batch % 3;
}

static size_t fill_record(int batch, size_t i, unsigned char *out)
{
    const size_t len = 8 + (size_t)(batch * 97 + (int)i * 41) % (RECORD_MAX - 8);
    for (size_t k = 0; k < len; k++) {
        out[k] = (unsigned char)((size_t)batch * 31 + i * 7 + k);
    }
    out[0] = (unsigned char)batch;
    out[1] = (unsigned char)i;
    return len;
}

struct acked {
    bool is_acked[BATCH_COUNT * 2];
    uint64_t first_seq[BATCH_COUNT * 2];
};

/* Appends batches from..to; releases once in the middle. Stops at nothing: later appends may work.
 */
static void work(struct tend__wal *wal, int from, int to, struct acked *acked)
{
    static unsigned char bytes[3][RECORD_MAX];
    for (int batch = from; batch < to; batch++) {
        struct tend__wal_record records[3];
        struct tend_error err = {0};
        for (size_t i = 0; i < batch_size(batch); i++) {
            records[i] = (struct tend__wal_record){.bytes = bytes[i],
                                                   .len = fill_record(batch, i, bytes[i])};
        }
        acked->is_acked[batch] = tend__wal_append(wal, records, batch_size(batch),
                                                  &acked->first_seq[batch], &err) == TEND_OK;
    }
}

/* Reads everything; each record must be whole, batches in order and whole, acknowledged ones with
 * their numbers. */
static void verify(const struct tend__files *files, const struct acked *acked, int batch_count,
                   const char *what)
{
    struct tend__wal_cursor *cursor = NULL;
    struct tend_error err = {0};
    bool seen[BATCH_COUNT * 2] = {false};
    unsigned char want[RECORD_MAX];
    int batch = -1;
    size_t i = 0;
    assert_tend_ok(tend__wal_cursor_open(files, 1, &cursor, &err), &err);
    for (;;) {
        const void *bytes = NULL;
        size_t len = 0;
        uint64_t seq = 0;
        assert_tend_ok(tend__wal_cursor_next(cursor, &bytes, &len, &seq, &err), &err);
        if (bytes == NULL) {
            break;
        }
        const int this_batch = ((const unsigned char *)bytes)[0];
        if (batch < 0 || i == batch_size(batch)) {
            if (this_batch <= batch || this_batch >= batch_count) {
                fail_msg("%s: batch %d follows %d", what, this_batch, batch);
            }
            batch = this_batch;
            i = 0;
            seen[batch] = true;
            if (acked->is_acked[batch] && acked->first_seq[batch] != seq) {
                fail_msg("%s: batch %d was acknowledged as record %llu and is %llu", what, batch,
                         (unsigned long long)acked->first_seq[batch], (unsigned long long)seq);
            }
        }
        const size_t want_len = fill_record(batch, i, want);
        if (len != want_len || memcmp(bytes, want, len) != 0) {
            fail_msg("%s: record %zu of batch %d is not what was appended", what, i, batch);
        }
        i++;
    }
    tend__wal_cursor_free(cursor);
    if (batch >= 0 && i != batch_size(batch)) {
        fail_msg("%s: batch %d is there in part", what, batch);
    }
    for (int k = 0; k < batch_count; k++) {
        if (acked->is_acked[k] && !seen[k]) {
            fail_msg("%s: batch %d was acknowledged and is lost", what, k);
        }
    }
}

/* One run: work with a fault at an operation, power loss, opening, more work, power loss. Returns
 * false where the fault lies beyond the run. */
static bool run(enum fake_fault fault, uint64_t fail_at, uint64_t seed, bool opens_into_fault)
{
    struct fake_files *fake = calloc(1, sizeof(*fake));
    struct tend__wal *wal = NULL;
    struct tend_error err = {0};
    struct acked acked = {0};
    struct tend__rng rng;
    char what[96];
    assert_non_null(fake);
    tend__rng_init(&rng, seed);
    fake_init(fake);
    (void)snprintf(what, sizeof(what), "fault %d at operation %d, seed %d", (int)fault,
                   (int)fail_at, (int)seed);
    if (!opens_into_fault) {
        fake->fault = fault;
        fake->fail_at = fail_at;
    }
    if (tend__wal_open(&fake->files, &options, &wal, NULL, &err) == TEND_OK) {
        work(wal, 0, BATCH_COUNT, &acked);
    }
    bool is_within = fake->operation_count >= fail_at;
    tend__wal_free(wal);
    fake_power_loss(fake, &rng);
    if (opens_into_fault) {
        /* The fault hits recovery itself; then the power goes once more. */
        fake->operation_count = 0;
        fake->fault = fault;
        fake->fail_at = fail_at;
        wal = NULL;
        if (tend__wal_open(&fake->files, &options, &wal, NULL, &err) == TEND_OK) {
            work(wal, BATCH_COUNT, BATCH_COUNT + 3, &acked);
        }
        is_within = fake->operation_count >= fail_at;
        tend__wal_free(wal);
        fake_power_loss(fake, &rng);
    }
    verify(&fake->files, &acked, BATCH_COUNT * 2, what);
    assert_tend_ok(tend__wal_open(&fake->files, &options, &wal, NULL, &err), &err);
    work(wal, BATCH_COUNT + 3, BATCH_COUNT * 2, &acked);
    for (int k = BATCH_COUNT + 3; k < BATCH_COUNT * 2; k++) {
        if (!acked.is_acked[k]) {
            fail_msg("%s: the log does not go on", what);
        }
    }
    tend__wal_free(wal);
    fake_power_loss(fake, &rng);
    verify(&fake->files, &acked, BATCH_COUNT * 2, what);
    assert_int_equal(fake->open_count, 0);
    fake_deinit(fake);
    free(fake);
    return is_within;
}

static void every_operation(enum fake_fault fault, bool opens_into_fault)
{
    for (uint64_t seed = 1; seed <= SEED_COUNT; seed++) {
        uint64_t at = 1;
        while (run(fault, at, seed, opens_into_fault)) {
            at++;
        }
        assert_true(opens_into_fault || at > 2 * BATCH_COUNT); /* a write and a sync for each */
    }
}

static void test_errors(void **state)
{
    (void)state;
    every_operation(FAKE_ERROR, false);
}

static void test_short_writes(void **state)
{
    (void)state;
    every_operation(FAKE_SHORT_WRITE, false);
}

static void test_full_disk(void **state)
{
    (void)state;
    every_operation(FAKE_FULL, false);
}

static void test_crashes(void **state)
{
    (void)state;
    every_operation(FAKE_CRASH, false);
}

static void test_crashes_while_recovering(void **state)
{
    (void)state;
    every_operation(FAKE_CRASH, true);
}

static void test_errors_while_recovering(void **state)
{
    (void)state;
    every_operation(FAKE_ERROR, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_short_writes),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_crashes_while_recovering),
        cmocka_unit_test(test_errors_while_recovering),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
