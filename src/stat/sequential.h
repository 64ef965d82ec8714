/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sequential.h: tests that are looked at after every window: the harm watch, the certificate and
 * the miss watch.
 *
 * One bet a window, on its mean; rows of a window are not independent. docs/methods/harm-watch.md
 * and certificate.md have the formulas, the guarantees in plain words and the measured false
 * alarms.
 *
 * The evidence. y_1..y_k are normal with spread sigma; the null says their mean is 0, the
 * alternative that it is sigma delta with delta > 0 half normal of variance g. With the
 * scale-invariant prior on sigma and N values in all that tell the spread, whose sum of squares is
 * SS, the Bayes factor is
 *
 *   (1 + g k)^(-1/2) (SS / (SS - c))^(N/2) 2 F_N( sqrt(g) k D / sqrt(1 + g k) sqrt(N / (SS - c)) ),
 *   c = g k / (1 + g k) k D^2,  D = mean of y, F_N = Student's distribution function,
 *
 * and E is its mean over g in a grid. (Gonen, Johnson, Lu and Westfall 2005, "The Bayesian
 * two-sample t test", one-sided, mean known.)
 *
 * Numbers: SS - c is computed as (SS - k D^2) + k D^2 / (1 + g k), which is not negative; SS below
 * k D^2 by rounding counts as k D^2. All values 0 (no spread, no mean) gives the mean of (1 + g
 * k)^(-1/2), below 1: no evidence. All values equal and above 0 gives a large finite number.
 * Evidence is capped at 1e300. Windows that are NaN or infinite are not data: they are passed over.
 */
#ifndef TEND_STAT_SEQUENTIAL_H
#define TEND_STAT_SEQUENTIAL_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_EVIDENCE_MAX 1e300
#define TEND_HARM_START_MAX 4096

/* E(k, D, SS, N) with the grid {1/4, 1, 4, 16}. k >= 1, N > 0. NaN where an argument is NaN. */
double tend__tsr_evidence(size_t k, double mean, double sum_squares, double degrees);

/* The same with another grid of g > 0. */
double tend__tsr_evidence_grid(size_t k, double mean, double sum_squares, double degrees,
                               const double *grid, size_t grid_count);

/*
 * The harm watch. x is money per row that a fresh model would have earned more than the champion in
 * a window. Alarm when the sum over starts s of the smaller of two evidences reaches the threshold:
 * that of s..t with the spread of s..t, and that with the spread of the reference and the last
 * start_max windows.
 */
struct tend__harm_watch_options {
    double tolerance;        /* the no-harm mean of x */
    double threshold;        /* A = windows in the budget's time / false alarms allowed; 0 = 365 */
    size_t start_max;        /* starts in the last so many windows; 0 = 90 */
    const double *reference; /* backtested x of the windows just before the first push, oldest
                                first; may be NULL */
    size_t reference_count;
    bool
        whiten; /* take lag-1 autocorrelation out; happens only with 56 reference windows or more */
    double cap_rms; /* a window counts at most so many rms of the windows before it; 0 = 3; needs 8
                       windows before */
};

struct tend__harm_state {
    double evidence;  /* R_t */
    bool alarm;       /* evidence >= threshold at this push; all starts so far are dropped then */
    size_t since_idx; /* 0-based number of the push at which the strongest run starts; of this push
                         where there is none */
    double mean;      /* mean of x over that run */
};

struct tend__harm_watch;

/* EINVAL for options that are not finite or out of range; ENOMEM. The reference is not kept. */
enum tend_code tend__harm_watch_new(const struct tend__harm_watch_options *options,
                                    struct tend__harm_watch **out,
                                    struct tend_error *err) TEND_NODISCARD;
void tend__harm_watch_free(struct tend__harm_watch *watch);

/* Takes the next window. Allocates nothing; O(start_max). */
void tend__harm_watch_push(struct tend__harm_watch *watch, double x, struct tend__harm_state *out);

/* The autocorrelation that is taken out; 0 where nothing is. */
double tend__harm_watch_rho(const struct tend__harm_watch *watch);

/* The business floor is the same watch on floor - level, whole weeks, threshold 52: options for it.
 * The floor must have been added by the caller: push floor - level. */
struct tend__harm_watch_options tend__business_floor_options(const double *reference,
                                                             size_t reference_count);

/*
 * The certificate: is the new version better (by more than -margin) than the old, in whole weeks?
 * SS has the sum of squares of the backtested weekly differences about their mean, N = k + m - 1;
 * grid {1/4, 1, 4, 16, 64}; proven once E >= 1 / alpha. Losses are never clipped.
 */
struct tend__certificate_options {
    double margin;           /* non-inferiority margin, >= 0; added to every difference */
    double alpha;            /* 0 = .05 */
    const double *reference; /* backtested weekly differences of the same recipes; 8 were used in
                                the measurements */
    size_t reference_count;  /* fewer than 2, or no spread in them: they are left out, and N = k, k
                                >= 2 is needed */
};

struct tend__certificate;

enum tend_code tend__certificate_new(const struct tend__certificate_options *options,
                                     struct tend__certificate **out,
                                     struct tend_error *err) TEND_NODISCARD;
void tend__certificate_free(struct tend__certificate *certificate);

/* Takes the next week's mean of new - old. *evidence is the evidence now (0 while there is too
 * little), *proven whether it has reached 1 / alpha now or before. */
void tend__certificate_push(struct tend__certificate *certificate, double weekly_difference,
                            double *evidence, bool *proven);

/*
 * The miss watch: does an interval of nominal 90 % miss more often than one time in ten? e-SR: for
 * lambda in .5, 1, 2, 4 R <- (R + 1)(1 + lambda (miss - rate)), averaged; demoted at 500. Restored
 * when of the last 20 matured windows since the demotion at most 3 missed; R starts at 0 again
 * then.
 */
struct tend__miss_watch {
    double rate;      /* nominal miss rate, .10 */
    double threshold; /* 500 */
    double r[4];
    uint32_t recent;       /* the last windows since the demotion, a bit each, 1 = missed */
    uint32_t recent_count; /* up to 20 */
    bool demoted;
};

void tend__miss_watch_init(struct tend__miss_watch *watch);

/* Takes the next matured window in order of maturity; returns whether the estimate is demoted after
 * it. */
bool tend__miss_watch_push(struct tend__miss_watch *watch, bool miss);
double tend__miss_watch_evidence(const struct tend__miss_watch *watch);

#endif
