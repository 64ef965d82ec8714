/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector_calib_test.c: the test of vectors without drift rejects as often as it says, at many sizes
 * and for vectors of many kinds; and it finds what it should.
 */
#include "unit.h"

#include "base/mem.h"
#include "base/rng.h"
#include "judge/drift_vector.h"
#include "profile/profile.h"
#include "stat/special.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 2000
#define DIM_MAX 64
#define CHANCE_MIN 1e-5

enum kind { ROUND, FLAT, CLUSTERS, REPEATS };

static const char *const kind_names[] = {"round", "flat", "clusters", "repeats"};

static double rows[ROWS_MAX * DIM_MAX];

/* ROUND: N(0, I). FLAT: variances fall as 1 / k^2, scaled to length 1, as embeddings are. CLUSTERS:
 * five centres. REPEATS: one of 12 vectors. `shift` moves all items, in standard deviations. */
static void draw(enum kind kind, size_t dim, size_t count, double shift, struct tend__rng *rng)
{
    static double centres[12 * DIM_MAX];
    struct tend__rng fixed;
    tend__rng_init(&fixed, 99);
    for (size_t i = 0; i < 12 * dim; i++) {
        centres[i] = 2 * tend__rng_normal(&fixed);
    }
    for (size_t i = 0; i < count; i++) {
        double *x = rows + i * dim;
        const size_t centre = (size_t)tend__rng_below(rng, kind == REPEATS ? 12 : 5);
        double length = 0;
        for (size_t k = 0; k < dim; k++) {
            const double spread = kind == FLAT ? 1.0 / (double)(k + 1) : 1;
            x[k] = kind == REPEATS ? 0 : spread * (tend__rng_normal(rng) + shift);
            x[k] += kind == CLUSTERS || kind == REPEATS ? centres[centre * dim + k] : 0;
            length += x[k] * x[k];
        }
        for (size_t k = 0; kind == FLAT && k < dim; k++) {
            x[k] /= sqrt(length);
        }
    }
}

static struct tend__batch batch_of(struct tend__column *column, size_t dim, size_t count)
{
    static const struct tend__field field = {.name = "e", .type = TEND_TYPE_VECTOR};
    *column = (struct tend__column){.type = TEND_TYPE_VECTOR, .f64 = rows, .dim = (uint32_t)dim};
    return (struct tend__batch){
        .row_count = count, .column_count = 1, .fields = &field, .columns = column};
}

static struct tend__profile *profile_of(struct tend__plan *plan, const struct tend__batch *batch)
{
    struct tend_error err = {0};
    struct tend__profile *profile = NULL;
    assert_tend_ok(tend__profile_new(plan, &profile, &err), &err);
    assert_tend_ok(tend__profile_add(profile, batch, &err), &err);
    return profile;
}

struct pair {
    enum kind kind;
    size_t dim;
    size_t ref_count;
    size_t cur_count;
    double shift;
};

static struct tend__vector_distance compare(const struct pair *pair, struct tend__rng *rng)
{
    struct tend_error err = {0};
    struct tend__column column;
    struct tend__plan_builder *builder = NULL;
    struct tend__plan *plan = NULL;
    struct tend__vector_distance out;
    draw(pair->kind, pair->dim, pair->ref_count, 0, rng);
    struct tend__batch batch = batch_of(&column, pair->dim, pair->ref_count);
    assert_tend_ok(tend__plan_builder_new(batch.fields, 1, NULL, &builder, &err), &err);
    assert_tend_ok(tend__plan_builder_add(builder, &batch, &err), &err);
    assert_tend_ok(tend__plan_builder_finish(builder, &plan, &err), &err);
    struct tend__profile *ref = profile_of(plan, &batch);
    draw(pair->kind, pair->dim, pair->cur_count, pair->shift, rng);
    batch = batch_of(&column, pair->dim, pair->cur_count);
    struct tend__profile *cur = profile_of(plan, &batch);
    tend__vector_compare(ref, cur, 0, &out);
    tend__profile_free(ref);
    tend__profile_free(cur);
    tend__plan_unref(plan);
    tend__plan_builder_free(builder);
    return out;
}

/* So many p-values below a level, or more, must not have a chance below CHANCE_MIN where each is
 * below it with that very probability; nor so few at .05 of all pairs together (of one pair's fifty
 * none is no wonder). */
static void without_drift_p_values_hold_their_level(void **state)
{
    (void)state;
    const struct pair pairs[] = {
        {ROUND, 16, 100, 100, 0},   {ROUND, 64, 1000, 300, 0},    {FLAT, 64, 100, 1000, 0},
        {FLAT, 64, 1500, 1500, 0},  {CLUSTERS, 16, 300, 300, 0},  {CLUSTERS, 64, 1000, 100, 0},
        {REPEATS, 16, 200, 200, 0}, {REPEATS, 16, 1000, 2000, 0}, {ROUND, 2, 40, 40, 0},
    };
    const double levels[] = {0.05, 0.01, 0.001};
    const size_t rounds = (size_t)strtoul(
        getenv("TEND_CALIB_ROUNDS") == NULL ? "50" : getenv("TEND_CALIB_ROUNDS"), NULL, 10);
    struct tend__rng rng;
    size_t all_below = 0;
    tend__rng_init(&rng, 20261125);
    for (size_t i = 0; i < TEND_ARRAY_LEN(pairs); i++) {
        size_t below[3] = {0};
        for (size_t round = 0; round < rounds; round++) {
            const struct tend__vector_distance d = compare(&pairs[i], &rng);
            assert_true(d.is_there);
            for (size_t k = 0; k < 3; k++) {
                below[k] += d.p_value < levels[k] ? 1 : 0;
            }
        }
        print_message("%-8s dim %2zu, %4zu against %4zu: p < .05 %.3f, < .01 %.4f, < .001 %.4f\n",
                      kind_names[pairs[i].kind], pairs[i].dim, pairs[i].ref_count,
                      pairs[i].cur_count, (double)below[0] / (double)rounds,
                      (double)below[1] / (double)rounds, (double)below[2] / (double)rounds);
        for (size_t k = 0; k < 3; k++) {
            assert_true(tend__binomial_at_least(below[k], rounds, levels[k]) > CHANCE_MIN);
        }
        all_below += below[0];
    }
    assert_true(tend__binomial_at_most(all_below, rounds * TEND_ARRAY_LEN(pairs), levels[0]) >
                CHANCE_MIN);
}

static void a_shift_is_found(void **state)
{
    (void)state;
    const struct pair pairs[] = {
        {ROUND, 64, 1000, 500, 0.1}, {FLAT, 64, 1000, 500, 0.3}, {CLUSTERS, 64, 1000, 500, 0.2}};
    struct tend__rng rng;
    tend__rng_init(&rng, 7);
    for (size_t i = 0; i < TEND_ARRAY_LEN(pairs); i++) {
        size_t found = 0;
        double effect = 0;
        for (size_t round = 0; round < 20; round++) {
            const struct tend__vector_distance d = compare(&pairs[i], &rng);
            found += d.p_value < 0.01 ? 1 : 0;
            effect += d.effect / 20;
        }
        print_message("%-8s shifted by %.1f sd: found %zu of 20, effect %.3f\n",
                      kind_names[pairs[i].kind], pairs[i].shift, found, effect);
        assert_true(found >= 18);
        assert_true(effect > 0.04);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_drift_p_values_hold_their_level),
        cmocka_unit_test(a_shift_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
