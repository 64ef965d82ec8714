/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value_estimate_test.c: estimates against an independent implementation (tools/golden_value.py),
 * and the laws: the order of rows does not matter, states are reached when they should be, every
 * failed allocation is survived.
 */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "judge/value_estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN_ROWS_MAX 200
#define GOLDEN_DELAY 3
#define GOLDEN_FIRST (-11)
#define GOLDEN_LAST 39

struct rows {
    size_t count;
    double score[GOLDEN_ROWS_MAX];
    double delta[GOLDEN_ROWS_MAX];
    double v0[GOLDEN_ROWS_MAX];
    uint8_t label[GOLDEN_ROWS_MAX];
    double realised;
};

static struct rows golden[GOLDEN_LAST - GOLDEN_FIRST + 1];

static FILE *open_golden(const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/tests/golden/%s", TEND_SOURCE_ROOT, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    return file;
}

static void read_golden_rows(void)
{
    FILE *file = open_golden("value_estimate_rows.csv");
    char line[256];
    memset(golden, 0, sizeof(golden));
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        char *at = line;
        const long window = strtol(at, &at, 10);
        struct rows *rows = &golden[window - GOLDEN_FIRST];
        const size_t i = rows->count++;
        assert_true(i < GOLDEN_ROWS_MAX);
        rows->score[i] = strtod(at + 1, &at);
        rows->delta[i] = strtod(at + 1, &at);
        rows->v0[i] = strtod(at + 1, &at);
        rows->label[i] = (uint8_t)strtol(at + 1, &at, 10);
        rows->realised += rows->v0[i] + rows->delta[i] * rows->label[i];
    }
    for (size_t w = 0; w < GOLDEN_LAST - GOLDEN_FIRST + 1; w++) {
        golden[w].realised /= (double)golden[w].count;
    }
    (void)fclose(file);
}

static struct tend__value_window window_of(const struct rows *rows, int64_t idx)
{
    return (struct tend__value_window){.idx = idx,
                                       .row_count = rows->count,
                                       .score = rows->score,
                                       .delta = rows->delta,
                                       .v0 = rows->v0};
}

static struct tend__value_outcomes outcomes_of(const struct rows *rows, int64_t idx)
{
    return (struct tend__value_outcomes){.idx = idx,
                                         .row_count = rows->count,
                                         .score = rows->score,
                                         .label = rows->label,
                                         .realised_per_row = rows->realised};
}

static enum tend_code golden_estimator(struct tend__value_estimator **out, struct tend_error *err)
{
    static double scores[16 * GOLDEN_ROWS_MAX];
    size_t count = 0;
    for (int64_t w = GOLDEN_FIRST; w < 0; w++) {
        const struct rows *rows = &golden[w - GOLDEN_FIRST];
        memcpy(scores + count, rows->score, rows->count * sizeof(double));
        count += rows->count;
    }
    const struct tend__value_estimator_options options = {.bin_max = 25,
                                                          .delay_windows = GOLDEN_DELAY};
    struct tend__value_estimator *e = NULL;
    enum tend_code code = tend__value_estimator_new(&options, scores, count, &e, err);
    for (int64_t w = GOLDEN_FIRST; code == TEND_OK && w < 0; w++) {
        const struct rows *rows = &golden[w - GOLDEN_FIRST];
        const struct tend__value_window window = window_of(rows, w);
        const struct tend__value_outcomes outcomes = outcomes_of(rows, w);
        code = tend__value_estimator_reference(e, &window, &outcomes, err);
    }
    if (code != TEND_OK) {
        tend__value_estimator_free(e);
        return code;
    }
    *out = e;
    return TEND_OK;
}

/* Window w after the outcomes of window w - delay. */
static enum tend_code golden_step(struct tend__value_estimator *e, int64_t w,
                                  struct tend__value_estimate *out, struct tend_error *err)
{
    const int64_t matured = w - GOLDEN_DELAY;
    if (matured >= 0 && golden[matured - GOLDEN_FIRST].count > 0) {
        const struct tend__value_outcomes outcomes =
            outcomes_of(&golden[matured - GOLDEN_FIRST], matured);
        const enum tend_code code = tend__value_estimator_outcomes(e, &outcomes, err);
        if (code != TEND_OK) {
            return code;
        }
    }
    if (golden[w - GOLDEN_FIRST].count == 0) {
        return TEND_OK;
    }
    const struct tend__value_window window = window_of(&golden[w - GOLDEN_FIRST], w);
    return tend__value_estimator_window(e, &window, out, err);
}

static void check_golden_line(struct tend__value_estimator *e, char *line)
{
    struct tend_error err = {0};
    struct tend__value_estimate got = {0};
    char *at = line;
    const long window = strtol(at, &at, 10);
    double want[13];
    for (size_t i = 0; i < 13; i++) {
        want[i] = strtod(at + 1, &at);
    }
    const char *state = at + 1;
    if (window == 8) {
        /* Window 7 has no rows, but window 4 matures then. */
        assert_tend_ok(golden_step(e, 7, &got, &err), &err);
    }
    assert_tend_ok(golden_step(e, window, &got, &err), &err);
    const double values[13] = {golden[window - GOLDEN_FIRST].realised,
                               got.per_row,
                               got.low,
                               got.high,
                               got.base,
                               got.level,
                               got.level_gain,
                               got.outcome_noise,
                               got.extra_variance,
                               got.quantile,
                               got.inflation,
                               got.naive_half,
                               got.history_weight};
    for (size_t i = 0; i < 13; i++) {
        assert_near(values[i], want[i], 1e-9 * (1 + fabs(want[i])));
    }
    assert_int_equal(strncmp(state, tend__value_state_text(got.state), strlen(state) - 1), 0);
    assert_int_equal(got.sign_unknown, got.low <= 0 && got.high >= 0);
}

static void estimates_agree_with_an_independent_implementation(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_estimator *e = NULL;
    read_golden_rows();
    assert_tend_ok(golden_estimator(&e, &err), &err);
    FILE *file = open_golden("value_estimate_expected.csv");
    char line[1024];
    size_t checked = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] != '#') {
            check_golden_line(e, line);
            checked++;
        }
    }
    assert_int_equal(checked, 39);
    (void)fclose(file);
    tend__value_estimator_free(e);
}

static void shuffle_rows(struct rows *rows, struct tend__rng *rng)
{
    for (size_t i = rows->count; i > 1; i--) {
        const size_t k = (size_t)tend__rng_below(rng, i);
        const struct rows old = *rows;
        rows->score[i - 1] = old.score[k];
        rows->score[k] = old.score[i - 1];
        rows->delta[i - 1] = old.delta[k];
        rows->delta[k] = old.delta[i - 1];
        rows->v0[i - 1] = old.v0[k];
        rows->v0[k] = old.v0[i - 1];
        rows->label[i - 1] = old.label[k];
        rows->label[k] = old.label[i - 1];
    }
}

static void the_order_of_rows_changes_no_bit(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__rng rng;
    static struct tend__value_estimate first[GOLDEN_LAST + 1];
    tend__rng_init(&rng, 5);
    read_golden_rows();
    for (int pass = 0; pass < 2; pass++) {
        struct tend__value_estimator *e = NULL;
        assert_tend_ok(golden_estimator(&e, &err), &err);
        for (int64_t w = 0; w <= GOLDEN_LAST; w++) {
            struct tend__value_estimate got = {0};
            assert_tend_ok(golden_step(e, w, &got, &err), &err);
            if (pass == 0) {
                first[w] = got;
            } else {
                assert_memory_equal(&first[w].per_row, &got.per_row, 3 * sizeof(double));
                assert_memory_equal(&first[w].base, &got.base, 9 * sizeof(double));
            }
        }
        tend__value_estimator_free(e);
        for (size_t w = 0; w < GOLDEN_LAST - GOLDEN_FIRST + 1; w++) {
            shuffle_rows(&golden[w], &rng);
        }
    }
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct tend_error err = {0};
    read_golden_rows();
    bool done = false;
    for (uint64_t nth = 1; !done; nth++) {
        struct tend__value_estimator *e = NULL;
        struct tend__value_estimate got = {0};
        tend__mem_fail_at(nth);
        enum tend_code code = golden_estimator(&e, &err);
        for (int64_t w = 0; code == TEND_OK && w < 6; w++) {
            code = golden_step(e, w, &got, &err);
        }
        done = tend__mem_asked() < nth;
        tend__mem_fail_at(0);
        assert_int_equal(code, done ? TEND_OK : TEND_ENOMEM);
        tend__value_estimator_free(code == TEND_OK || e != NULL ? e : NULL);
    }
}

static void a_failed_window_can_be_tried_again(void **state)
{
    (void)state;
    struct tend_error err = {0};
    struct tend__value_estimator *e = NULL;
    struct tend__value_estimate got = {0};
    struct tend__value_estimate again = {0};
    read_golden_rows();
    assert_tend_ok(golden_estimator(&e, &err), &err);
    tend__mem_fail_at(1);
    assert_int_equal(golden_step(e, 0, &got, &err), TEND_ENOMEM);
    tend__mem_fail_at(0);
    assert_tend_ok(golden_step(e, 0, &again, &err), &err);
    assert_true(isfinite(again.per_row));
    tend__value_estimator_free(e);
}

/* ---- a simulated stream ---- */

#define STREAM_ROWS 400

struct stream {
    struct tend__rng rng;
    double mix; /* how much the mix of scores moves from window to window */
    double score[STREAM_ROWS];
    double delta[STREAM_ROWS];
    double v0[STREAM_ROWS];
    uint8_t label[STREAM_ROWS];
    double realised;
};

/* Scores are honest chances of a 1, moved by `level` on the logit scale, or turned around by
 * `flip`. */
static void draw_window(struct stream *s, double level, bool flip)
{
    const double mix = s->mix * tend__rng_normal(&s->rng);
    s->realised = 0;
    for (size_t i = 0; i < STREAM_ROWS; i++) {
        const double z = mix + 1.5 * tend__rng_normal(&s->rng);
        const double chance = 1 / (1 + exp(-((flip ? -z : z) + level)));
        s->score[i] = 1 / (1 + exp(-z));
        s->label[i] = tend__rng_uniform(&s->rng) < chance ? 1 : 0;
        s->v0[i] = s->score[i] > 0.5 ? -5 : 0;
        s->delta[i] = s->score[i] > 0.5 ? 15 : -10;
        s->realised += (s->v0[i] + s->delta[i] * s->label[i]) / STREAM_ROWS;
    }
}

static struct tend__value_window stream_window(const struct stream *s, int64_t idx)
{
    return (struct tend__value_window){
        .idx = idx, .row_count = STREAM_ROWS, .score = s->score, .delta = s->delta, .v0 = s->v0};
}

static struct tend__value_outcomes stream_outcomes(const struct stream *s, int64_t idx)
{
    return (struct tend__value_outcomes){.idx = idx,
                                         .row_count = STREAM_ROWS,
                                         .score = s->score,
                                         .label = s->label,
                                         .realised_per_row = s->realised};
}

/* 30 reference windows whose base rate moves by `spread`; labels known one window later. */
static struct tend__value_estimator *stream_estimator(struct stream *s, double spread)
{
    struct tend_error err = {0};
    struct tend__value_estimator *e = NULL;
    for (int64_t w = -30; w < 0; w++) {
        draw_window(s, spread * tend__rng_normal(&s->rng), false);
        if (e == NULL) {
            assert_tend_ok(tend__value_estimator_new(NULL, s->score, STREAM_ROWS, &e, &err), &err);
        }
        const struct tend__value_window window = stream_window(s, w);
        const struct tend__value_outcomes outcomes = stream_outcomes(s, w);
        assert_tend_ok(tend__value_estimator_reference(e, &window, &outcomes, &err), &err);
    }
    return e;
}

static struct tend__value_estimate stream_step(struct tend__value_estimator *e, struct stream *s,
                                               int64_t idx)
{
    struct tend_error err = {0};
    struct tend__value_estimate got = {0};
    const struct tend__value_window window = stream_window(s, idx);
    const struct tend__value_outcomes outcomes = stream_outcomes(s, idx);
    assert_tend_ok(tend__value_estimator_window(e, &window, &got, &err), &err);
    assert_tend_ok(tend__value_estimator_outcomes(e, &outcomes, &err), &err);
    return got;
}

static void a_mix_that_moves_is_informative_and_a_base_rate_that_moves_is_not(void **state)
{
    (void)state;
    static struct stream s;
    for (int wild = 0; wild < 2; wild++) {
        size_t ok_count = 0;
        tend__rng_init(&s.rng, 17);
        s.mix = wild == 1 ? 0 : 0.7;
        struct tend__value_estimator *e = stream_estimator(&s, wild == 1 ? 1.5 : 0);
        for (int64_t w = 0; w < 40; w++) {
            draw_window(&s, wild == 1 ? 1.5 * tend__rng_normal(&s.rng) : 0, false);
            ok_count += stream_step(e, &s, w).state == TEND_VALUE_OK ? 1 : 0;
        }
        /* What the curve explains is the mix of scores; of the base rate it knows nothing in
         * advance. */
        if (wild == 1) {
            assert_true(ok_count <= 6);
        } else {
            assert_true(ok_count > 20);
        }
        tend__value_estimator_free(e);
    }
}

static void a_flipped_concept_demotes_and_twenty_good_windows_forgive(void **state)
{
    (void)state;
    static struct stream s;
    tend__rng_init(&s.rng, 18);
    struct tend__value_estimator *e = stream_estimator(&s, 0.05);
    for (int64_t w = 0; w < 30; w++) {
        draw_window(&s, 0, false);
        assert_int_not_equal(stream_step(e, &s, w).state, TEND_VALUE_DEMOTED);
    }
    /* The scores turn around, and their labels come eight windows late. */
    struct tend_error err = {0};
    static struct stream late[8];
    int64_t w = 30;
    for (size_t k = 0; k < 8; k++) {
        struct tend__value_estimate got = {0};
        draw_window(&s, 0, true);
        late[k] = s;
        const struct tend__value_window window = stream_window(&s, w + (int64_t)k);
        assert_tend_ok(tend__value_estimator_window(e, &window, &got, &err), &err);
    }
    for (size_t k = 0; k < 8; k++) {
        const struct tend__value_outcomes outcomes = stream_outcomes(&late[k], w + (int64_t)k);
        assert_tend_ok(tend__value_estimator_outcomes(e, &outcomes, &err), &err);
    }
    w += 8;
    assert_true(tend__value_estimator_is_demoted(e));
    draw_window(&s, 0, false);
    assert_int_equal(stream_step(e, &s, w++).state, TEND_VALUE_DEMOTED);
    const int64_t since = w;
    while (tend__value_estimator_is_demoted(e) && w < since + 40) {
        draw_window(&s, 0, false);
        (void)stream_step(e, &s, w++);
    }
    assert_false(tend__value_estimator_is_demoted(e));
    /* The last misses of the eight count among the twenty. */
    assert_true(w - since >= 15);
    tend__value_estimator_free(e);
}

static void an_empty_window_and_bad_rows_are_said_and_not_guessed(void **state)
{
    (void)state;
    static struct stream s;
    struct tend_error err = {0};
    struct tend__value_estimate got = {0};
    tend__rng_init(&s.rng, 19);
    struct tend__value_estimator *e = stream_estimator(&s, 0.05);
    struct tend__value_window window = stream_window(&s, 0);
    window.row_count = 0;
    assert_tend_ok(tend__value_estimator_window(e, &window, &got, &err), &err);
    assert_true(isnan(got.per_row));
    assert_int_equal(got.state, TEND_VALUE_UNINFORMATIVE);
    draw_window(&s, 0, false);
    s.score[3] = (double)NAN;
    s.delta[4] = (double)INFINITY;
    window = stream_window(&s, 1);
    assert_tend_ok(tend__value_estimator_window(e, &window, &got, &err), &err);
    assert_int_equal(got.left_out_count, 2);
    assert_int_equal(got.row_count, STREAM_ROWS - 2);
    assert_true(isfinite(got.per_row));
    tend__value_estimator_free(e);
}

static void without_any_reference_window_nothing_is_claimed(void **state)
{
    (void)state;
    static struct stream s;
    struct tend_error err = {0};
    struct tend__value_estimator *e = NULL;
    tend__rng_init(&s.rng, 20);
    draw_window(&s, 0, false);
    assert_tend_ok(tend__value_estimator_new(NULL, s.score, STREAM_ROWS, &e, &err), &err);
    struct tend__value_estimate got = stream_step(e, &s, 0);
    assert_true(isnan(got.per_row));
    draw_window(&s, 0, false);
    got = stream_step(e, &s, 1);
    assert_true(isfinite(got.per_row));
    assert_true(isinf(got.low) && isinf(got.high));
    assert_int_equal(got.state, TEND_VALUE_UNINFORMATIVE);
    tend__value_estimator_free(e);
}

static void calls_in_a_wrong_order_are_refused(void **state)
{
    (void)state;
    static struct stream s;
    struct tend_error err = {0};
    struct tend__value_estimate got = {0};
    tend__rng_init(&s.rng, 21);
    struct tend__value_estimator *e = stream_estimator(&s, 0.05);
    struct tend__value_window window = stream_window(&s, 5);
    struct tend__value_outcomes outcomes = stream_outcomes(&s, 5);
    assert_int_equal(tend__value_estimator_outcomes(e, &outcomes, &err), TEND_ENOTFOUND);
    assert_tend_ok(tend__value_estimator_window(e, &window, &got, &err), &err);
    assert_int_equal(tend__value_estimator_window(e, &window, &got, &err), TEND_EINVAL);
    assert_int_equal(tend__value_estimator_reference(e, &window, &outcomes, &err), TEND_EINVAL);
    assert_tend_ok(tend__value_estimator_outcomes(e, &outcomes, &err), &err);
    assert_int_equal(tend__value_estimator_outcomes(e, &outcomes, &err), TEND_EINVAL);
    tend__value_estimator_free(e);
    const double bad[2] = {(double)NAN, (double)INFINITY};
    assert_int_equal(tend__value_estimator_new(NULL, bad, 2, &e, &err), TEND_EINVAL);
}

static void old_windows_are_dropped_and_memory_is_bounded(void **state)
{
    (void)state;
    static struct stream s;
    struct tend_error err = {0};
    struct tend__value_estimator *e = NULL;
    tend__rng_init(&s.rng, 22);
    draw_window(&s, 0, false);
    const struct tend__value_estimator_options options = {.history_max = 10};
    assert_tend_ok(tend__value_estimator_new(&options, s.score, STREAM_ROWS, &e, &err), &err);
    for (int64_t w = 0; w < 50; w++) {
        draw_window(&s, 0, false);
        (void)stream_step(e, &s, w);
    }
    const struct tend__value_outcomes outcomes = stream_outcomes(&s, 39);
    assert_int_equal(tend__value_estimator_outcomes(e, &outcomes, &err), TEND_ENOTFOUND);
    assert_true(tend__value_estimator_chance(e, 0.9) > tend__value_estimator_chance(e, 0.1));
    tend__value_estimator_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_agree_with_an_independent_implementation),
        cmocka_unit_test(the_order_of_rows_changes_no_bit),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(a_failed_window_can_be_tried_again),
        cmocka_unit_test(a_mix_that_moves_is_informative_and_a_base_rate_that_moves_is_not),
        cmocka_unit_test(a_flipped_concept_demotes_and_twenty_good_windows_forgive),
        cmocka_unit_test(an_empty_window_and_bad_rows_are_said_and_not_guessed),
        cmocka_unit_test(without_any_reference_window_nothing_is_claimed),
        cmocka_unit_test(calls_in_a_wrong_order_are_refused),
        cmocka_unit_test(old_windows_are_dropped_and_memory_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
