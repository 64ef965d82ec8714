/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sequential_calib_test.c: false alarms of the harm watch, false proofs of the certificate and
 * false demotions of the miss watch, on synthetic series, against the measurements that
 * docs/methods/harm-watch.md and certificate.md report.
 *
 * Every simulation states seed and repetitions; published figures are from 60 to 100 years (day
 * watch), some hundreds of years (week watch; 200 is assumed) or 1000 repetitions (certificate).
 * Agreement: within 3 standard errors of both.
 *
 * What the published tables leave open and is chosen here: every year is a new series with its own
 * reference of 8 weeks just before it (56 days, or 8 weeks for the weekly watch), innovations are
 * normal, the mean is exactly on the tolerance.
 */
#include "unit.h"

#include "calib.h"

#include "base/compiler.h"
#include "base/rng.h"
#include "stat/sequential.h"

struct series {
    struct tend__rng rng;
    double x;
    double phi; /* lag-1 autocorrelation, variance 1 */
};

static void start_series(struct series *s, uint64_t seed, double phi)
{
    tend__rng_init(&s->rng, seed);
    s->phi = phi;
    s->x = tend__rng_normal(&s->rng);
}

static double next_value(struct series *s)
{
    s->x = s->phi * s->x + sqrt(1.0 - s->phi * s->phi) * tend__rng_normal(&s->rng);
    return s->x;
}

/* Alarms a year of the watch itself. */
static double count_watch_alarms(struct series *s, int years, size_t windows, bool daily)
{
    int alarms = 0;
    for (int year = 0; year < years; year++) {
        double reference[56];
        const size_t reference_count = daily ? 56 : 8;
        s->x = tend__rng_normal(&s->rng);
        for (size_t i = 0; i < reference_count; i++) {
            reference[i] = next_value(s);
        }
        struct tend__harm_watch *watch = NULL;
        struct tend_error err = {0};
        const struct tend__harm_watch_options options = {.threshold = (double)windows,
                                                         .reference = reference,
                                                         .reference_count = reference_count,
                                                         .whiten = daily};
        assert_tend_ok(tend__harm_watch_new(&options, &watch, &err), &err);
        for (size_t t = 0; t < windows; t++) {
            struct tend__harm_state now;
            tend__harm_watch_push(watch, next_value(s), &now);
            alarms += now.alarm;
        }
        tend__harm_watch_free(watch);
    }
    return (double)alarms / years;
}

/* Day stream, A = 365, whitened with the reference; 60 years a row, seeds 101, 102, 103. */
static void the_day_watch_alarms_as_rarely_as_measured(void **state)
{
    (void)state;
    const double phi[] = {0.0, 0.4, 0.6};
    const double published[] = {0.20, 0.47, 0.75};
    const int years = 60 / CALIB_SLOWDOWN;
    for (size_t i = 0; i < TEND_ARRAY_LEN(phi); i++) {
        struct series s;
        start_series(&s, 101 + i, phi[i]);
        const double rate = count_watch_alarms(&s, years, 365, true);
        print_message("day watch, AR %.1f: %.2f false alarms a year (published %.2f), %d years\n",
                      phi[i], rate, published[i], years);
        assert_true(rates_agree(rate, years, published[i], 80, 3.0));
    }
}

/* The week stream, A = 52, not whitened; 600 years a row, seeds 111, 112. */
static void the_week_watch_alarms_as_rarely_as_measured(void **state)
{
    (void)state;
    const double phi[] = {0.0, 0.4};
    const double published[] = {0.31, 0.78};
    const int years = 600 / CALIB_SLOWDOWN;
    for (size_t i = 0; i < TEND_ARRAY_LEN(phi); i++) {
        struct series s;
        start_series(&s, 111 + i, phi[i]);
        const double rate = count_watch_alarms(&s, years, 52, false);
        print_message("week watch, AR %.1f: %.2f false alarms a year (published %.2f), %d years\n",
                      phi[i], rate, published[i], years);
        assert_true(rates_agree(rate, years, published[i], 200, 3.0));
    }
}

/* Alarms in one year of the watch with one spread only: of the run itself, or pooled. y holds the
 * reference and 52 weeks. */
static int count_one_spread(const double *y, size_t reference_count, bool self)
{
    int alarms = 0;
    size_t first = reference_count;
    double capped[60];
    for (size_t t = 0; t < reference_count + 52; t++) {
        double squares = 0;
        for (size_t i = 0; i < t; i++) {
            squares += capped[i] * capped[i];
        }
        capped[t] = t >= reference_count ? fmin(y[t], 3.0 * sqrt(squares / (double)t)) : y[t];
        if (t < reference_count) {
            continue;
        }
        squares += capped[t] * capped[t];
        double total = 0;
        double sum = 0;
        double own = 0;
        for (size_t s = t + 1; s-- > first;) {
            const double k = (double)(t - s + 1);
            sum += capped[s];
            own += capped[s] * capped[s];
            if (s < t) {
                total += tend__tsr_evidence(t - s + 1, sum / k, self ? own : squares,
                                            self ? k : (double)(t + 1));
            }
        }
        if (total >= 52) {
            alarms++;
            first = t + 1;
        }
    }
    return alarms;
}

/* Self-normalised and pooled spreads alone, weekly; 400 years a row, seeds 121, 122. */
static void one_spread_alone_alarms_as_measured(void **state)
{
    (void)state;
    const double phi[] = {0.0, 0.4};
    const double published[2][2] = {{0.60, 0.44}, {1.25, 0.98}}; /* self, pooled */
    const int years = 400 / CALIB_SLOWDOWN;
    for (size_t i = 0; i < TEND_ARRAY_LEN(phi); i++) {
        int alarms[2] = {0};
        struct series s;
        start_series(&s, 121 + i, phi[i]);
        for (int year = 0; year < years; year++) {
            double y[60];
            s.x = tend__rng_normal(&s.rng);
            for (size_t t = 0; t < TEND_ARRAY_LEN(y); t++) {
                y[t] = next_value(&s);
            }
            alarms[0] += count_one_spread(y, 8, true);
            alarms[1] += count_one_spread(y, 8, false);
        }
        for (int mode = 0; mode < 2; mode++) {
            const double rate = (double)alarms[mode] / years;
            print_message(
                "week, %s spread alone, AR %.1f: %.2f a year (published %.2f), %d years\n",
                mode == 0 ? "own" : "pooled", phi[i], rate, published[i][mode], years);
            assert_true(rates_agree(rate, years, published[i][mode], 200, 3.5));
        }
    }
}

/* Weekly differences of two models of equal worth: day effects of lag-1 autocorrelation .4 and
 * spread `sd`, 2000 rows a day of which 20% differ by +1 or -1. With skew the day's innovation is 1
 * less an exponential. */
struct pair {
    struct series day;
    double sd;
    bool skew;
};

static double next_week(struct pair *pair)
{
    double sum = 0;
    for (int day = 0; day < 7; day++) {
        struct series *s = &pair->day;
        const double innovation =
            pair->skew ? 1.0 + log1p(-tend__rng_uniform(&s->rng)) : tend__rng_normal(&s->rng);
        s->x = s->phi * s->x + sqrt(1.0 - s->phi * s->phi) * innovation;
        sum += pair->sd * s->x + sqrt(0.2 / 2000.0) * tend__rng_normal(&s->rng);
    }
    return sum / 7.0;
}

/* Share of `repeats` in which the certificate is given within 26 weeks, alpha .05, 8 backtested
 * weeks. */
static double count_proofs(struct pair *pair, int repeats, double gain, bool weekly)
{
    int proofs = 0;
    for (int i = 0; i < repeats; i++) {
        double reference[8];
        pair->day.x = tend__rng_normal(&pair->day.rng);
        for (size_t w = 0; w < 8; w++) {
            reference[w] = gain + (weekly ? next_value(&pair->day) : next_week(pair));
        }
        struct tend__certificate *certificate = NULL;
        struct tend_error err = {0};
        const struct tend__certificate_options options = {.reference = reference,
                                                          .reference_count = 8};
        assert_tend_ok(tend__certificate_new(&options, &certificate, &err), &err);
        bool proven = false;
        for (int week = 0; week < 26; week++) {
            double evidence = 0;
            tend__certificate_push(certificate,
                                   gain + (weekly ? next_value(&pair->day) : next_week(pair)),
                                   &evidence, &proven);
        }
        proofs += proven;
        tend__certificate_free(certificate);
    }
    return (double)proofs / repeats;
}

/* 3000 repeats a row, seeds 131 to 135. */
static void the_certificate_is_as_rarely_wrong_as_measured(void **state)
{
    (void)state;
    const struct {
        const char *name;
        double sd;
        bool skew;
        double week_phi; /* above 0: weeks themselves are the series */
        double published;
        double most; /* what may be claimed */
    } rows[] = {
        {"day effects .02", 0.02, false, 0.0, 0.022, 0.05},
        {"day effects .05", 0.05, false, 0.0, 0.025, 0.05},
        {"left skew .05", 0.05, true, 0.0, 0.040, 0.05},
        {"week AR .4", 0.0, false, 0.4, 0.11, 0.15},
        {"week AR .6", 0.0, false, 0.6, 0.19, 0.25},
    };
    const int repeats = 3000 / CALIB_SLOWDOWN;
    for (size_t i = 0; i < TEND_ARRAY_LEN(rows); i++) {
        struct pair pair = {.sd = rows[i].sd, .skew = rows[i].skew};
        start_series(&pair.day, 131 + i, rows[i].week_phi > 0 ? rows[i].week_phi : 0.4);
        const double share = count_proofs(&pair, repeats, 0.0, rows[i].week_phi > 0);
        print_message("certificate without gain, %s: %.4f (published %.3f), %d repeats\n",
                      rows[i].name, share, rows[i].published, repeats);
        assert_true(shares_agree(share, repeats, rows[i].published, 1000, 3.0));
        assert_true(share_is_at_most(share, repeats, rows[i].most, 3.0));
    }
}

/* A gain of 3% of the range against day effects of .02 was found in every run. 500 repeats, seed
 * 141. */
static void the_certificate_finds_a_gain(void **state)
{
    (void)state;
    struct pair pair = {.sd = 0.02};
    start_series(&pair.day, 141, 0.4);
    const int repeats = 200 / CALIB_SLOWDOWN;
    const double share = count_proofs(&pair, repeats, 0.03, false);
    print_message("certificate with a gain of .03, day effects .02: %.3f, %d repeats\n", share,
                  repeats);
    assert_true(share > 0.99);
}

/* Misses at the nominal rate, independent: at most 100 / 500 false demotions in 100 windows by the
 * e-detector's theorem, .005 to .028 were measured on the data sets. 20,000 series of 100 windows,
 * seed 151. */
static void false_demotions_keep_their_bound(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 151);
    const int series_count = 20000 / CALIB_SLOWDOWN;
    int demotions = 0;
    for (int i = 0; i < series_count; i++) {
        struct tend__miss_watch watch;
        tend__miss_watch_init(&watch);
        bool was_demoted = false;
        for (int t = 0; t < 100; t++) {
            const bool demoted = tend__miss_watch_push(&watch, tend__rng_uniform(&rng) < 0.10);
            demotions += demoted && !was_demoted;
            was_demoted = demoted;
        }
    }
    const double rate = (double)demotions / series_count;
    print_message("miss watch: %.4f false demotions in 100 windows\n", rate);
    assert_true(rate <= 100.0 / 500.0);
}

/* Half of the windows missed: found, median and worst of 1000 series, seed 152. */
static void a_broken_interval_is_demoted_soon(void **state)
{
    (void)state;
    struct tend__rng rng;
    tend__rng_init(&rng, 152);
    int late = 0;
    for (int i = 0; i < 1000; i++) {
        struct tend__miss_watch watch;
        tend__miss_watch_init(&watch);
        int t = 0;
        while (!tend__miss_watch_push(&watch, tend__rng_uniform(&rng) < 0.5)) {
            t++;
        }
        late += t >= 40;
    }
    print_message("miss watch at a miss rate of one half: %d of 1000 took 40 windows or more\n",
                  late);
    assert_true(late < 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_day_watch_alarms_as_rarely_as_measured),
        cmocka_unit_test(the_week_watch_alarms_as_rarely_as_measured),
        cmocka_unit_test(one_spread_alone_alarms_as_measured),
        cmocka_unit_test(the_certificate_is_as_rarely_wrong_as_measured),
        cmocka_unit_test(the_certificate_finds_a_gain),
        cmocka_unit_test(false_demotions_keep_their_bound),
        cmocka_unit_test(a_broken_interval_is_demoted_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
