/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_sample_calib_test.c: how often the p-values of src/stat/two_sample.h fall below .01 and .05
 * where nothing has drifted, how large the excess is then, and what the sizes cost in power.
 *
 * Rows are drawn one by one (alias method), both sides from the same population; 2000 repetitions a
 * scenario (500 where a side has 100,000 rows), seeds 201 onwards. Bounds: the count is refused
 * where it is so large that a true share of 1.1 times the level gives as much with a chance below
 * 1e-4 (exact binomial tail). For the sums over cells, which must not be too small either, also
 * where .7 times the level gives as little with a chance below 1e-4. ks, l_inf and so the combined
 * p are discrete or bounds where cells are few or rare, and only bounded above.
 */
#include "unit.h"

#include "calib.h"

#include "base/compiler.h"
#include "base/rng.h"
#include "stat/special.h"
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

static const struct scenario SCENARIOS[] = {
    {"10 bins, 100 against 100", 100, 100, 10, EQUAL, true},
    {"10 bins, 10,000 against 200", 10000, 200, 10, EQUAL, true},
    {"32 bins, 10,000 against 1,000", 10000, 1000, 32, EQUAL, true},
    {"32 bins, 100,000 against 100", 100000, 100, 32, EQUAL, true},
    {"32 bins, 100,000 against 100,000", 100000, 100000, 32, EQUAL, true},
    {"20 uneven bins, 1,000 against 300", 1000, 300, 20, GEOMETRIC, true},
    {"12 bins, one with nine tenths, 1,000 against 1,000", 1000, 1000, 12, ATOM, true},
    {"2 bins, 100 against 100", 100, 100, 2, EQUAL, true},
    {"200 equal categories, 300 against 300", 300, 300, 200, EQUAL, false},
    {"200 equal categories, 10,000 against 300", 10000, 300, 200, EQUAL, false},
    {"250 categories of Zipf, 10,000 against 1,000", 10000, 1000, 250, ZIPF, false},
    {"5 categories, 100,000 against 100,000", 100000, 100000, 5, EQUAL, false},
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

enum { PSI, JS, HELLINGER, CHI2, W1, KS, L_INF, COMBINED, P_COUNT };

static const char *const P_NAMES[P_COUNT] = {"psi", "js", "hellinger", "chi2",
                                             "w1",  "ks", "l_inf",     "p_value"};

static void count_small(const struct tend__two_sample *s, int small[P_COUNT][2])
{
    const double p[P_COUNT] = {s->p.psi, s->p.js, s->p.hellinger, s->p.chi2,
                               s->p.w1,  s->p.ks, s->p.l_inf,     s->p_value};
    for (int i = 0; i < P_COUNT; i++) {
        small[i][0] += p[i] <= 0.01;
        small[i][1] += p[i] <= 0.05;
    }
}

/* Checks the shares of one scenario; returns how many are out of bounds. */
static int check_shares(const struct scenario *s, int small[P_COUNT][2], int repeats)
{
    static const double levels[2] = {0.01, 0.05};
    int bad = 0;
    print_message("%s (%d):", s->name, repeats);
    for (int i = 0; i < P_COUNT; i++) {
        if (!s->ordered && (i == KS || i == W1)) {
            continue;
        }
        print_message(" %s", P_NAMES[i]);
        for (int l = 0; l < 2; l++) {
            const uint64_t count = (uint64_t)small[i][l];
            const uint64_t n = (uint64_t)repeats;
            const double share = (double)small[i][l] / repeats;
            const bool two_sided = i <= CHI2 && s->cell_count > 3;
            const bool over = tend__binomial_at_least(count, n, 1.1 * levels[l]) < 1e-4;
            const bool under =
                two_sided && tend__binomial_at_most(count, n, 0.7 * levels[l]) < 1e-4;
            print_message("%s%.4f%s", l == 0 ? " " : "/", share, over || under ? "!" : "");
            bad += over || under;
        }
    }
    print_message("\n");
    return bad;
}

static void p_values_are_uniform_without_drift(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < TEND_ARRAY_LEN(SCENARIOS); i++) {
        const struct scenario *s = &SCENARIOS[i];
        static struct population population;
        struct tend__rng rng;
        tend__rng_init(&rng, 201 + i);
        make_population(s, &population);
        double positions[CELLS_MAX];
        for (size_t j = 0; j < s->cell_count; j++) {
            positions[j] = s->shape == GEOMETRIC ? (double)(j * j) : (double)j;
        }
        int small[P_COUNT][2] = {{0}};
        const int repeats = (s->m + s->n >= 100000 ? 500 : 2000) / CALIB_SLOWDOWN;
        for (int r = 0; r < repeats; r++) {
            uint64_t ref[CELLS_MAX];
            uint64_t cur[CELLS_MAX];
            struct tend__two_sample out;
            draw_counts(&population, s->m, &rng, ref);
            draw_counts(&population, s->n, &rng, cur);
            tend__two_sample_counts(ref, cur, s->ordered ? positions : NULL, s->cell_count, &out);
            count_small(&out, small);
        }
        bad += check_shares(s, small, repeats);
    }
    assert_int_equal(bad, 0);
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
    double psi[2] = {0};
    double js[2] = {0};
    double ks[2] = {0};
    double w1[2] = {0};
    for (int r = 0; r < repeats; r++) {
        uint64_t ref[32];
        uint64_t cur[32];
        struct tend__two_sample out;
        draw_counts(&population, s.m, &rng, ref);
        draw_counts(&population, s.n, &rng, cur);
        tend__two_sample_counts(ref, cur, positions, 32, &out);
        psi[0] += out.psi / repeats;
        psi[1] += out.excess.psi / repeats;
        js[0] += out.js / repeats;
        js[1] += out.excess.js / repeats;
        ks[0] += out.ks / repeats;
        ks[1] += out.excess.ks / repeats;
        w1[0] += out.w1_normalised / repeats;
        w1[1] += out.excess.w1_normalised / repeats;
    }
    print_message("32 bins, 10,000 against 200, no drift: psi %.3f (excess %.3f), js %.3f (%.3f), "
                  "ks %.3f (%.3f), w1 / sd "
                  "%.3f (%.3f)\n",
                  psi[0], psi[1], js[0], js[1], ks[0], ks[1], w1[0], w1[1]);
    assert_true(psi[1] < 0.15 * psi[0]);
    assert_true(js[1] < 0.35 * js[0]);
    assert_true(ks[1] < 0.35 * ks[0]);
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
    double true_hellinger = 0;
    double true_psi = 0;
    double total = 0;
    for (size_t j = 0; j < 20; j++) {
        total += pow(0.7, (double)j);
    }
    for (size_t j = 0; j < 20; j++) {
        const double p = 1.0 / 20.0;
        const double q = 0.85 * p + 0.15 * pow(0.7, (double)j) / total;
        true_hellinger += 0.5 * (sqrt(p) - sqrt(q)) * (sqrt(p) - sqrt(q));
        true_psi += (q - p) * log(q / p);
    }
    const int repeats = 1000;
    double psi = 0;
    double raw_psi = 0;
    double hellinger = 0;
    double found = 0;
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
        psi += out.excess.psi / repeats;
        raw_psi += out.psi / repeats;
        hellinger += out.excess.hellinger * out.excess.hellinger / repeats;
        found += (out.p_value < 0.05) / (double)repeats;
    }
    print_message("300 rows of a drift: psi %.4f raw, %.4f excess, %.4f true; hellinger^2 %.5f "
                  "excess, %.5f true; found at "
                  ".05: %.3f\n",
                  raw_psi, psi, true_psi, hellinger, true_hellinger, found);
    assert_near(psi / true_psi, 1.0, 0.15);
    assert_near(hellinger / true_hellinger, 1.0, 0.15);
    assert_true(raw_psi > 1.5 * true_psi);
    assert_true(found > 0.6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p_values_are_uniform_without_drift),
        cmocka_unit_test(the_excess_of_small_samples_is_small),
        cmocka_unit_test(the_excess_of_a_drift_is_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
