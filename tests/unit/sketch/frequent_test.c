/* SPDX-License-Identifier: Apache-2.0 */
/* frequent_test.c: frequent items against exact counts, DataSketches' bytes, and damage. */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "golden.h"
#include "hex.h"
#include "sketch/frequent.h"

#include <math.h>

#define BYTES_MAX ((size_t)1 << 23)
#define KIND_COUNT 100000

static struct tend__frequent *make(uint32_t lg_max)
{
    struct tend_error err = {0};
    struct tend__frequent *frequent = NULL;
    assert_tend_ok(tend__frequent_new(lg_max, &frequent, &err), &err);
    return frequent;
}

static void add(struct tend__frequent *frequent, const char *text, uint64_t weight)
{
    struct tend_error err = {0};
    assert_tend_ok(tend__frequent_add(frequent, text, strlen(text), weight, &err), &err);
}

static void add_kind(struct tend__frequent *frequent, size_t kind)
{
    char text[32];
    (void)snprintf(text, sizeof text, "kind %zu", kind);
    add(frequent, text, 1);
}

static struct tend__frequent_row row_of_kind(const struct tend__frequent *frequent, size_t kind)
{
    char text[32];
    (void)snprintf(text, sizeof text, "kind %zu", kind);
    return tend__frequent_of(frequent, text, strlen(text));
}

static void write(const struct tend__frequent *frequent, struct tend__buf *buf)
{
    struct tend_error err = {0};
    tend__buf_init(buf, BYTES_MAX);
    assert_tend_ok(tend__frequent_write(frequent, buf, &err), &err);
}

/* The bounds hold for every text, and the error is at most the published share of the total. */
static void assert_bounds(const struct tend__frequent *frequent, const uint32_t *counts)
{
    uint64_t total = 0;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct tend__frequent_row row = row_of_kind(frequent, i);
        assert_true(row.low <= counts[i] && counts[i] <= row.high);
        total += counts[i];
    }
    assert_true(tend__frequent_total(frequent) == total);
    const double epsilon = tend__frequent_epsilon(tend__frequent_lg_max(frequent));
    assert_true((double)tend__frequent_error(frequent) <= epsilon * (double)total);
}

static void bounds_hold_for_every_text_and_through_merges(void **state)
{
    (void)state;
    static uint32_t counts[KIND_COUNT];
    static uint32_t all[KIND_COUNT];
    struct tend__rng rng;
    struct tend_error err = {0};
    tend__rng_init(&rng, 4);
    struct tend__frequent *merged = make(7);
    memset(all, 0, sizeof all);
    for (int skew = 1; skew <= 5; skew++) {
        struct tend__frequent *frequent = make(7);
        memset(counts, 0, sizeof counts);
        for (int i = 0; i < 60000; i++) {
            const double u = tend__rng_uniform(&rng);
            const size_t kind = (size_t)(pow(u, skew * 2 - 1) * KIND_COUNT);
            add_kind(frequent, kind);
            counts[kind]++;
            all[kind]++;
        }
        assert_bounds(frequent, counts);
        assert_true(tend__frequent_error(frequent) > 0);
        assert_tend_ok(tend__frequent_merge(merged, frequent, &err), &err);
        assert_bounds(merged, all);
        tend__frequent_free(frequent);
    }
    tend__frequent_free(merged);
}

/* A million texts that all come once: nothing is frequent, and the sketch says so. */
static void a_million_different_texts_stay_bounded(void **state)
{
    (void)state;
    struct tend__frequent *frequent = make(10);
    struct tend__frequent_row *rows = NULL;
    struct tend_error err = {0};
    struct tend__buf buf;
    size_t count = 0;
    for (size_t i = 0; i < 1000000; i++) {
        add_kind(frequent, i);
        if (i % 50 == 0) {
            add(frequent, "often", 1);
        }
    }
    assert_true(tend__frequent_count(frequent) <= 768);
    assert_true((double)tend__frequent_error(frequent) <= tend__frequent_epsilon(10) * 1020000.0);
    assert_tend_ok(tend__frequent_rows(frequent, 10200, true, &rows, &count, &err), &err);
    assert_int_equal(count, 1); /* what has more than 1 % for sure */
    assert_true(rows[0].low <= 20000 && rows[0].high >= 20000);
    write(frequent, &buf);
    assert_true(buf.len < 32 + 768 * (8 + 4 + 16));
    tend__mem_free(rows);
    tend__buf_deinit(&buf);
    tend__frequent_free(frequent);
}

static void few_texts_are_exact_in_any_order(void **state)
{
    (void)state;
    struct tend__frequent *forward = make(10);
    struct tend__frequent *backward = make(10);
    struct tend__buf a;
    struct tend__buf b;
    for (size_t i = 0; i < 768; i++) {
        for (size_t j = 0; j <= i % 7; j++) {
            add_kind(forward, i);
            add_kind(backward, 767 - i);
        }
        for (size_t j = (767 - i) % 7; j < i % 7; j++) {
            add_kind(backward, i);
        }
    }
    for (size_t i = 0; i < 768; i++) { /* what forward has more of */
        while (row_of_kind(backward, i).low < row_of_kind(forward, i).low) {
            add_kind(backward, i);
        }
        while (row_of_kind(backward, i).low > row_of_kind(forward, i).low) {
            add_kind(forward, i);
        }
    }
    assert_true(tend__frequent_error(forward) == 0 && tend__frequent_count(forward) == 768);
    write(forward, &a);
    write(backward, &b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.bytes, b.bytes, a.len);
    tend__buf_deinit(&a);
    tend__buf_deinit(&b);
    tend__frequent_free(forward);
    tend__frequent_free(backward);
}

static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    char text[1000];
    struct tend__frequent *frequent = make(10);
    struct tend_error err = {0};
    memset(text, 'x', sizeof text);
    text[255] = (char)0xC3; /* a letter of two bytes across the limit */
    text[256] = (char)0xA4;
    for (size_t len = 240; len < 1000; len++) {
        assert_tend_ok(tend__frequent_add(frequent, text, len, 1, &err), &err);
    }
    assert_int_equal(tend__frequent_count(frequent),
                     17); /* 240 .. 256 bytes; 257 and more as 255 */
    assert_true(tend__frequent_of(frequent, text, 999).low == 744);
    assert_int_equal(tend__frequent_of(frequent, text, 999).text.len, 255);
    assert_true(tend__frequent_of(frequent, text, 256).low == 1);
    tend__frequent_free(frequent);
}

static void columns_and_limits_of_weight(void **state)
{
    (void)state;
    const uint8_t valid[] = {1, 1, 0, 1};
    const struct tend__text text[] = {{"a", 1}, {"", 0}, {"b", 1}, {"a", 1}};
    const struct tend__column column = {.type = TEND_TYPE_TEXT, .text = text, .valid = valid};
    struct tend__frequent *frequent = make(0);
    struct tend__frequent *other = make(0);
    struct tend_error err = {0};
    assert_tend_ok(tend__frequent_add_texts(frequent, &column, 4, &err), &err);
    assert_true(tend__frequent_total(frequent) == 3);
    assert_true(tend__frequent_of(frequent, "a", 1).low == 2);
    assert_true(tend__frequent_of(frequent, "", 0).low == 1);
    add(other, "a", TEND_FREQUENT_WEIGHT_MAX);
    assert_int_equal(tend__frequent_add(other, "a", 1, 1, &err), TEND_ELIMIT);
    assert_int_equal(tend__frequent_merge(other, frequent, &err), TEND_ELIMIT);
    assert_int_equal(tend__frequent_new(17, &frequent, &err), TEND_EINVAL);
    tend__frequent_free(frequent);
    tend__frequent_free(other);
}

static void sketches_of_datasketches_answer_the_same(void **state)
{
    (void)state;
    static struct golden golden;
    size_t count = 0;
    assert_true(golden_open(&golden, "sketches.csv"));
    while (golden_next(&golden)) {
        if (strcmp(golden.fields[0], "frequent") != 0) {
            continue;
        }
        static unsigned char bytes[8192];
        struct tend_error err = {0};
        struct tend__frequent *frequent = NULL;
        struct tend__buf buf;
        size_t len = hex_bytes(golden.fields[8], bytes);
        for (int round = 0; round < 2; round++) {
            assert_tend_ok(tend__frequent_read(bytes, len, &frequent, &err), &err);
            const struct tend__frequent_row row = tend__frequent_of(frequent, "item-0", 6);
            assert_int_equal(tend__frequent_lg_max(frequent), (int)golden_number(&golden, 2));
            assert_true((double)tend__frequent_total(frequent) == golden_number(&golden, 3));
            assert_true((double)tend__frequent_error(frequent) == golden_number(&golden, 4));
            assert_true((double)tend__frequent_count(frequent) == golden_number(&golden, 5));
            assert_true((double)row.high == golden_number(&golden, 6));
            assert_true((double)row.low == golden_number(&golden, 7));
            write(frequent, &buf);
            assert_int_equal(buf.len, len);
            memcpy(bytes, buf.bytes, len);
            tend__buf_deinit(&buf);
            tend__frequent_free(frequent);
        }
        count++;
    }
    assert_int_equal(count, 4);
}

static void damage_is_refused(void **state)
{
    (void)state;
    struct tend__frequent *frequent = make(5);
    struct tend__frequent *read = NULL;
    struct tend_error err = {0};
    struct tend__buf buf;
    for (size_t i = 0; i < 500; i++) {
        add_kind(frequent, i % (1 + i % 40));
    }
    write(frequent, &buf);
    for (size_t len = 0; len < buf.len; len++) {
        assert_int_equal(tend__frequent_read(buf.bytes, len, &read, &err), TEND_ECORRUPT);
    }
    for (size_t bit = 0; bit < 8 * buf.len; bit++) {
        buf.bytes[bit / 8] = (char)(buf.bytes[bit / 8] ^ (1 << bit % 8));
        if (tend__frequent_read(buf.bytes, buf.len, &read, &err) == TEND_OK) {
            struct tend__frequent *into = make(4);
            for (size_t i = 0; i < 60; i++) {
                add_kind(read, 1000 + i);
            }
            const enum tend_code code = tend__frequent_merge(into, read, &err);
            assert_true(code == TEND_OK || code == TEND_ELIMIT);
            tend__frequent_free(into);
            tend__frequent_free(read);
        }
        buf.bytes[bit / 8] = (char)(buf.bytes[bit / 8] ^ (1 << bit % 8));
    }
    tend__buf_deinit(&buf);
    tend__frequent_free(frequent);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend__frequent *frequent = make(5);
    struct tend_error err = {0};
    struct tend__buf buf;
    bool failed = true;
    for (size_t i = 0; i < 20; i++) {
        add_kind(frequent, i);
    }
    write(frequent, &buf);
    for (uint64_t nth = 1; failed; nth++) {
        struct tend__frequent *read = NULL;
        struct tend__buf again;
        tend__buf_init(&again, BYTES_MAX);
        tend__mem_fail_at(nth);
        enum tend_code code = tend__frequent_read(buf.bytes, buf.len, &read, &err);
        if (code == TEND_OK) {
            code = tend__frequent_write(read, &again, &err);
        }
        failed = tend__mem_asked() >= nth;
        tend__mem_fail_at(0);
        assert_int_equal(code, failed ? TEND_ENOMEM : TEND_OK);
        tend__buf_deinit(&again);
        tend__frequent_free(read);
    }
    tend__buf_deinit(&buf);
    tend__frequent_free(frequent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_hold_for_every_text_and_through_merges),
        cmocka_unit_test(a_million_different_texts_stay_bounded),
        cmocka_unit_test(few_texts_are_exact_in_any_order),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(columns_and_limits_of_weight),
        cmocka_unit_test(sketches_of_datasketches_answer_the_same),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
