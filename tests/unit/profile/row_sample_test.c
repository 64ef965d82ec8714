/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_sample_test.c: the cells of sampled rows are those of the rows, no division of the data
 * changes the sample, and every row is as likely as every other.
 */
#include "unit.h"

#include "profile_rows.h"

#include "base/hash.h"
#include "base/mem.h"
#include "profile/row_sample.h"

#include <math.h>
#include <string.h>

static struct profile_rows rows;

static struct tend__row_sample *new_sample(const struct tend__row_sample_options *options)
{
    struct tend_error err = {0};
    struct tend__row_sample *sample = NULL;
    assert_tend_ok(tend__row_sample_new(rows_fields, ROWS_COLUMNS, options, &sample, &err), &err);
    return sample;
}

/* Adds rows begin .. end in batches of random lengths. */
static void add_rows(struct tend__row_sample *sample, size_t begin, size_t end,
                     struct tend__rng *rng)
{
    struct tend_error err = {0};
    while (begin < end) {
        size_t len = 1 + (size_t)tend__rng_below(rng, tend__rng_below(rng, 2) == 0 ? 7 : 2100);
        len = len < end - begin ? len : end - begin;
        const struct tend__batch batch = rows_view(&rows, begin, len);
        assert_tend_ok(tend__row_sample_add(sample, &batch, &err), &err);
        begin += len;
    }
}

static bool is_same_double(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* The i-th row of the view must be the row of its number. */
static void check_row(const struct tend__batch *view, size_t i, const struct profile_row *row,
                      const struct tend__row_sample *sample)
{
    for (size_t k = 0; k < ROWS_EMPTY; k++) {
        assert_int_equal(tend__is_valid(&view->columns[k], i), row->valid[k]);
    }
    assert_false(tend__is_valid(&view->columns[ROWS_EMPTY], i));
    if (row->valid[ROWS_DELAY]) {
        assert_true(view->columns[ROWS_DELAY].f64[i] == row->delay);
    }
    if (row->valid[ROWS_AMOUNT]) {
        assert_true(is_same_double(view->columns[ROWS_AMOUNT].f64[i], row->amount));
    }
    if (row->valid[ROWS_FLAG]) {
        assert_int_equal(view->columns[ROWS_FLAG].bools[i], row->flag);
    }
    if (row->valid[ROWS_AT]) {
        assert_true(view->columns[ROWS_AT].time_us[i] == row->at);
    }
    if (row->valid[ROWS_ID]) {
        const struct tend__text *text = &view->columns[ROWS_ID].text[i];
        assert_int_equal(text->len, strlen(row->id));
        assert_memory_equal(text->ptr, row->id, text->len);
        assert_true(tend__row_sample_hashes(sample, ROWS_ID)[i] ==
                    tend__hash64(row->id, strlen(row->id), 0));
    }
    if (row->valid[ROWS_CODE]) {
        const struct tend__text *text = &view->columns[ROWS_CODE].text[i];
        assert_int_equal(text->len, strlen(row->code));
        assert_int_equal(strncmp(text->ptr, row->code, text->len), 0);
    }
}

static void check_rows(struct tend__row_sample *sample, size_t count)
{
    struct tend__batch view;
    uint8_t seen[ROWS_MAX] = {0};
    tend__row_sample_view(sample, &view);
    const uint64_t *numbers = tend__row_sample_row_numbers(sample);
    assert_int_equal(view.row_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(numbers[i] < rows.count);
        assert_int_equal(seen[numbers[i]], 0);
        seen[numbers[i]] = 1;
        check_row(&view, i, &rows.rows[numbers[i]], sample);
    }
}

static void assert_same_rows(struct tend__row_sample *a, struct tend__row_sample *b)
{
    struct tend__batch x;
    struct tend__batch y;
    tend__row_sample_view(a, &x);
    tend__row_sample_view(b, &y);
    assert_int_equal(x.row_count, y.row_count);
    assert_memory_equal(tend__row_sample_row_numbers(a), tend__row_sample_row_numbers(b),
                        x.row_count * sizeof(uint64_t));
    assert_true(tend__row_sample_rows_seen(a) == tend__row_sample_rows_seen(b));
}

static void the_cells_of_a_sampled_row_are_its_own(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 1);
    rows_fill(&rows, 11, 5000);
    const size_t sizes[] = {1, 2, 300, 4096, 5000, 6000};
    for (size_t k = 0; k < TEND_ARRAY_LEN(sizes); k++) {
        struct tend__row_sample *sample =
            new_sample(&(struct tend__row_sample_options){.row_max = sizes[k], .seed = k});
        add_rows(sample, 0, 2500, &rng);
        check_rows(sample, sizes[k] < 2500 ? sizes[k] : 2500); /* a view may be amid */
        add_rows(sample, 2500, 5000, &rng);
        check_rows(sample, sizes[k] < 5000 ? sizes[k] : 5000);
        assert_true(tend__row_sample_rows_seen(sample) == 5000);
        tend__row_sample_free(sample);
    }
}

static void any_division_of_the_rows_gives_the_same_sample(void **state)
{
    (void)state;
    struct tend__rng rng;
    struct tend_error err = {0};
    tend__rng_init(&rng, 2);
    rows_fill(&rows, 12, 6000);
    struct tend__row_sample *whole =
        new_sample(&(struct tend__row_sample_options){.row_max = 500, .seed = 5});
    add_rows(whole, 0, 6000, &rng);
    for (size_t round = 0; round < 20; round++) {
        struct tend__row_sample *parts[4];
        size_t ends[5] = {0, 0, 0, 0, 6000};
        for (size_t i = 0; i < 4; i++) {
            ends[i + 1] = i == 3 ? 6000 : ends[i] + (size_t)tend__rng_below(&rng, 2000);
            parts[i] = new_sample(&(struct tend__row_sample_options){
                .row_max = 500, .seed = 5, .first_row = ends[i]});
            add_rows(parts[i], ends[i], ends[i + 1], &rng);
        }
        const size_t first = (size_t)tend__rng_below(&rng, 4);
        for (size_t i = 0; i < 4; i++) {
            if (i != first) {
                assert_tend_ok(tend__row_sample_merge(parts[first], parts[i], &err), &err);
            }
        }
        check_rows(parts[first], 500);
        assert_same_rows(whole, parts[first]);
        for (size_t i = 0; i < 4; i++) {
            tend__row_sample_free(parts[i]);
        }
    }
    tend__row_sample_free(whole);
}

static void a_smaller_sample_is_the_beginning_of_a_larger(void **state)
{
    (void)state;
    struct tend__rng rng;
    struct tend_error err = {0};
    tend__rng_init(&rng, 3);
    rows_fill(&rows, 13, 6000);
    struct tend__row_sample *large =
        new_sample(&(struct tend__row_sample_options){.row_max = 900, .seed = 7});
    struct tend__row_sample *small =
        new_sample(&(struct tend__row_sample_options){.row_max = 100, .seed = 7});
    add_rows(large, 0, 6000, &rng);
    add_rows(small, 0, 6000, &rng);
    struct tend__batch view;
    tend__row_sample_view(large, &view);
    tend__row_sample_view(small, &view);
    assert_memory_equal(tend__row_sample_row_numbers(large), tend__row_sample_row_numbers(small),
                        100 * sizeof(uint64_t));
    tend__row_sample_free(small);
    /* What a small sample does not know the merged one does not claim to know. */
    struct tend__row_sample *few =
        new_sample(&(struct tend__row_sample_options){.row_max = 50, .seed = 7, .stream = 1});
    add_rows(few, 0, 6000, &rng);
    assert_tend_ok(tend__row_sample_merge(large, few, &err), &err);
    tend__row_sample_view(large, &view);
    assert_in_range(view.row_count, 50, 200);
    assert_true(tend__row_sample_rows_seen(large) == 12000);
    tend__row_sample_free(few);
    tend__row_sample_free(large);
}

/* 600 of 3,000 rows, 500 seeds: the counts of the rows, and of neighbours that are taken together,
 * have the variance of simple random sampling. Both chi-squared within 4 standard deviations. */
static void every_row_is_as_likely_as_every_other(void **state)
{
    (void)state;
    enum { COUNT = 3000, TAKEN = 600, SEEDS = 500 };
    static uint32_t times[COUNT];
    static uint8_t is_taken[COUNT];
    uint64_t pair_count = 0;
    struct tend__rng rng;
    tend__rng_init(&rng, 4);
    rows_fill(&rows, 14, COUNT);
    memset(times, 0, sizeof(times));
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct tend__batch view;
        struct tend__row_sample *sample =
            new_sample(&(struct tend__row_sample_options){.row_max = TAKEN, .seed = seed});
        add_rows(sample, 0, COUNT, &rng);
        tend__row_sample_view(sample, &view);
        memset(is_taken, 0, sizeof(is_taken));
        for (size_t i = 0; i < view.row_count; i++) {
            is_taken[tend__row_sample_row_numbers(sample)[i]] = 1;
        }
        for (size_t i = 0; i < COUNT; i++) {
            times[i] += is_taken[i];
            pair_count += i > 0 && is_taken[i] != 0 && is_taken[i - 1] != 0 ? 1 : 0;
        }
        tend__row_sample_free(sample);
    }
    const double share = (double)TAKEN / COUNT;
    double chi2 = 0;
    for (size_t i = 0; i < COUNT; i++) {
        const double gap = times[i] - SEEDS * share;
        chi2 += gap * gap / (SEEDS * share * (1 - share));
    }
    assert_near(chi2, COUNT - 1, 4 * sqrt(2.0 * (COUNT - 1)));
    const double pair_share = share * (TAKEN - 1) / (COUNT - 1);
    const double expected = SEEDS * (COUNT - 1) * pair_share;
    assert_near((double)pair_count, expected, 4 * sqrt(expected));
}

/* Two streams of one seed: from each as many as its share of the rows, hypergeometric. */
static void a_merge_weighs_streams_by_their_rows(void **state)
{
    (void)state;
    struct tend__rng rng;
    struct tend_error err = {0};
    double sum = 0;
    tend__rng_init(&rng, 5);
    rows_fill(&rows, 15, 3000);
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct tend__batch view;
        struct tend__row_sample *a =
            new_sample(&(struct tend__row_sample_options){.row_max = 200, .seed = seed});
        struct tend__row_sample *b = new_sample(&(struct tend__row_sample_options){
            .row_max = 200, .seed = seed, .stream = 9, .first_row = 100000});
        add_rows(a, 0, 2000, &rng);
        add_rows(b, 2000, 3000, &rng);
        assert_tend_ok(tend__row_sample_merge(a, b, &err), &err);
        tend__row_sample_view(a, &view);
        assert_int_equal(view.row_count, 200);
        for (size_t i = 0; i < view.row_count; i++) {
            sum += tend__row_sample_row_numbers(a)[i] < 100000 ? 1 : 0;
        }
        tend__row_sample_free(a);
        tend__row_sample_free(b);
    }
    const double variance = 200.0 * (2.0 / 3) * (1.0 / 3) * (2800.0 / 2999);
    assert_near(sum / 200, 200 * 2.0 / 3, 4 * sqrt(variance / 200));
}

static void columns_are_found_by_name_and_long_texts_are_cut(void **state)
{
    (void)state;
    struct tend_error err = {0};
    static char long_text[1000];
    memset(long_text, 'x', sizeof(long_text));
    const struct tend__field fields[] = {{.name = "t", .type = TEND_TYPE_TEXT},
                                         {.name = "n", .type = TEND_TYPE_NUMBER},
                                         {.name = "gone", .type = TEND_TYPE_BOOL}};
    const struct tend__field other[] = {{.name = "new", .type = TEND_TYPE_TIME},
                                        {.name = "n", .type = TEND_TYPE_TEXT},
                                        {.name = "t", .type = TEND_TYPE_TEXT}};
    const struct tend__text texts[] = {{long_text, sizeof(long_text)}, {"", 0}};
    const int64_t times[] = {1, 2};
    const struct tend__column columns[] = {{.type = TEND_TYPE_TIME, .time_us = times},
                                           {.type = TEND_TYPE_TEXT, .text = texts},
                                           {.type = TEND_TYPE_TEXT, .text = texts}};
    const struct tend__batch batch = {
        .row_count = 2, .column_count = 3, .fields = other, .columns = columns};
    struct tend__row_sample *sample = NULL;
    struct tend__row_sample *copy = NULL;
    struct tend__batch view;
    assert_tend_ok(tend__row_sample_new(fields, 3, NULL, &sample, &err), &err);
    assert_tend_ok(tend__row_sample_new(fields, 3, NULL, &copy, &err), &err);
    assert_tend_ok(tend__row_sample_add(sample, &batch, &err), &err);
    assert_tend_ok(tend__row_sample_merge(copy, sample, &err), &err);
    tend__row_sample_view(copy, &view);
    assert_int_equal(view.row_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const uint64_t number = tend__row_sample_row_numbers(copy)[i];
        const size_t len = texts[number].len < 256 ? texts[number].len : 256;
        assert_true(tend__is_valid(&view.columns[0], i));
        assert_false(tend__is_valid(&view.columns[1], i));
        assert_false(tend__is_valid(&view.columns[2], i));
        assert_int_equal(view.columns[0].text[i].len, len);
        assert_true(tend__row_sample_hashes(copy, 0)[i] ==
                    tend__hash64(texts[number].ptr, texts[number].len, 0));
    }
    assert_null(tend__row_sample_hashes(copy, 1));
    tend__row_sample_free(sample);
    tend__row_sample_free(copy);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__row_sample *sample = NULL;
    const struct tend__row_sample_options options = {.row_max = TEND_ROW_SAMPLE_ROWS_MAX + 1};
    assert_int_equal(tend__row_sample_new(rows_fields, ROWS_COLUMNS, &options, &sample, &err),
                     TEND_ELIMIT);
    assert_null(sample);
    sample = new_sample(&(struct tend__row_sample_options){.seed = 1});
    struct tend__row_sample *other = new_sample(&(struct tend__row_sample_options){.seed = 2});
    assert_int_equal(tend__row_sample_merge(sample, other, &err), TEND_EINVAL);
    tend__row_sample_free(sample);
    tend__row_sample_free(other);
    tend__row_sample_free(NULL);
}

static enum tend_code live(struct tend_error *err)
{
    const struct tend__row_sample_options options = {.row_max = 40};
    struct tend__row_sample *a = NULL;
    struct tend__row_sample *b = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__row_sample_new(rows_fields, ROWS_COLUMNS, &options, &a, err));
    TEND_TRY_OUT(tend__row_sample_new(rows_fields, ROWS_COLUMNS, &options, &b, err));
    const struct tend__batch batch = rows_view(&rows, 0, 60);
    TEND_TRY_OUT(tend__row_sample_add(a, &batch, err));
    TEND_TRY_OUT(tend__row_sample_add(b, &batch, err));
    TEND_TRY_OUT(tend__row_sample_merge(a, b, err));
out:
    tend__row_sample_free(a);
    tend__row_sample_free(b);
    return code;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    enum tend_code code = TEND_ENOMEM;
    rows_fill(&rows, 4, 60);
    uint64_t nth = 0;
    while (code != TEND_OK) {
        nth++;
        tend__mem_fail_at(nth);
        code = live(&err);
        tend__mem_fail_at(0);
        assert_true(code == TEND_OK || code == TEND_ENOMEM);
    }
    assert_true(nth > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cells_of_a_sampled_row_are_its_own),
        cmocka_unit_test(any_division_of_the_rows_gives_the_same_sample),
        cmocka_unit_test(a_smaller_sample_is_the_beginning_of_a_larger),
        cmocka_unit_test(every_row_is_as_likely_as_every_other),
        cmocka_unit_test(a_merge_weighs_streams_by_their_rows),
        cmocka_unit_test(columns_are_found_by_name_and_long_texts_are_cut),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
