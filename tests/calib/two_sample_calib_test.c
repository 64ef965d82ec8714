/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_sample_calib_test.c: the excess of src/stat/two_sample.h: small where nothing has drifted,
 * and on average the size of a drift where something has. Rows are drawn one by one (alias method).
 */
#include "unit.h"

#include "calib.h"

#include "base/compiler.h"
#include "base/rng.h"
#include "stat/two_sample.h"

#define CELLS_MAX 256

enum shape { EQUAL, GEOMETRIC, ZIPF, ATOM };

struct scenario {
    const char *name;
    uint64_t m;
    uint64_t n;
    size_t cell_count;
    enum shape shape;
    bool ordered;
};

/* Walker's alias method. */
struct population {
    size_t cell_count;
    double keep[CELLS_MAX];
    size_t alias[CELLS_MAX];
};

static double weigh_cell(enum shape shape, size_t j)
{
    switch (shape) {
    case EQUAL:
        return 1.0;
    case GEOMETRIC:
        return pow(0.7, (double)j);
    case ZIPF:
        return 1.0 / (double)(j + 1);
    case ATOM:
        return j == 3 ? 99.0 : 1.0;
    }
    return 0.0;
}

static void make_population(const struct scenario *s, struct population *p)
{
    double share[CELLS_MAX];
    double total = 0;
    for (size_t j = 0; j < s->cell_count; j++) {
        share[j] = weigh_cell(s->shape, j);
        total += share[j];
    }
    p->cell_count = s->cell_count;
    for (size_t j = 0; j < s->cell_count; j++) {
        share[j] *= (double)s->cell_count / total;
        p->keep[j] = 1.0;
        p->alias[j] = j;
    }
    /* Quadratic and plain: the least of what is left takes from the most. */
    bool done[CELLS_MAX] = {false};
    for (size_t round = 0; round + 1 < s->cell_count; round++) {
        size_t least = CELLS_MAX;
        size_t most = CELLS_MAX;
        for (size_t j = 0; j < s->cell_count; j++) {
            if (!done[j]) {
                least = least == CELLS_MAX || share[j] < share[least] ? j : least;
                most = most == CELLS_MAX || share[j] > share[most] ? j : most;
            }
        }
        done[least] = true;
        p->keep[least] = share[least];
        p->alias[least] = most;
        share[most] -= 1.0 - share[least];
    }
}

static void draw_counts(const struct population *p, uint64_t rows, struct tend__rng *rng,
                        uint64_t *counts)
{
    for (size_t j = 0; j < p->cell_count; j++) {
        counts[j] = 0;
    }
    for (uint64_t i = 0; i < rows; i++) {
        const double u = tend__rng_uniform(rng) * (double)p->cell_count;
        const size_t cell = (size_t)u;
        counts[u - (double)cell < p->keep[cell] ? cell : p->alias[cell]]++;
    }
}

/* Raw distances of small samples look like drift; the excess does not. 1000 repetitions, seed 231.
 */
static void the_excess_of_small_samples_is_small(void **state)
{
    (void)state;
    const struct scenario s = {"", 10000, 200, 32, EQUAL, true};
    static struct population population;
    struct tend__rng rng;
    tend__rng_init(&rng, 231);
    make_population(&s, &population);
    double positions[32];
    for (size_t j = 0; j < 32; j++) {
        positions[j] = (double)j;
    }
    const int repeats = 1000;
    double js[2] = {0};
    double w1[2] = {0};
    for (int r = 0; r < repeats; r++) {
        uint64_t ref[32];
        uint64_t cur[32];
        struct tend__two_sample out;
        draw_counts(&population, s.m, &rng, ref);
        draw_counts(&population, s.n, &rng, cur);
        tend__two_sample_counts(ref, cur, positions, 32, &out);
        js[0] += out.js / repeats;
        js[1] += out.excess_js / repeats;
        w1[0] += out.w1_normalised / repeats;
        w1[1] += out.excess_w1_normalised / repeats;
    }
    print_message("32 bins, 10,000 against 200, no drift: js %.3f (excess %.3f), w1 / sd %.3f "
                  "(%.3f)\n",
                  js[0], js[1], w1[0], w1[1]);
    assert_true(js[1] < 0.35 * js[0]);
    assert_true(w1[1] < 0.45 * w1[0]);
}

/* A true drift, seen through 300 rows 1000 times: the excess is right on average where the raw
 * value is not. Seed 232. */
static void the_excess_of_a_drift_is_its_size(void **state)
{
    (void)state;
    const struct scenario s = {"", 0, 0, 20, EQUAL, true};
    const struct scenario drifted = {"", 0, 0, 20, GEOMETRIC, true};
    static struct population population;
    static struct population other;
    struct tend__rng rng;
    tend__rng_init(&rng, 232);
    make_population(&s, &population);
    make_population(&drifted, &other);
    /* 15% of the rows come from the other population */
    double true_js = 0; /* squared, in bits */
    double total = 0;
    for (size_t j = 0; j < 20; j++) {
        total += pow(0.7, (double)j);
    }
    for (size_t j = 0; j < 20; j++) {
        const double p = 1.0 / 20.0;
        const double q = 0.85 * p + 0.15 * pow(0.7, (double)j) / total;
        const double middle = 0.5 * (p + q);
        true_js += 0.5 * (p * log2(p / middle) + q * log2(q / middle));
    }
    const int repeats = 1000;
    double raw_js = 0;
    double js = 0;
    for (int r = 0; r < repeats; r++) {
        uint64_t ref[20];
        uint64_t cur[20];
        uint64_t more[20];
        struct tend__two_sample out;
        draw_counts(&population, 20000, &rng, ref);
        uint64_t mixed = 0;
        for (int i = 0; i < 300; i++) {
            mixed += tend__rng_uniform(&rng) < 0.15;
        }
        draw_counts(&population, 300 - mixed, &rng, cur);
        draw_counts(&other, mixed, &rng, more);
        for (size_t j = 0; j < 20; j++) {
            cur[j] += more[j];
        }
        tend__two_sample_counts(ref, cur, NULL, 20, &out);
        raw_js += out.js * out.js / repeats;
        js += out.excess_js * out.excess_js / repeats;
    }
    print_message("300 rows of a drift: js^2 %.5f raw, %.5f excess, %.5f true\n", raw_js, js,
                  true_js);
    assert_near(js / true_js, 1.0, 0.15);
    assert_true(raw_js > 1.5 * true_js);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_excess_of_small_samples_is_small),
        cmocka_unit_test(the_excess_of_a_drift_is_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
