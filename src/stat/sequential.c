/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sequential.c: see the header for the statistics. The watch keeps the last start_max windows in a
 * ring; a push walks it backwards once, so that sums over s..t come for free. The smaller of the
 * two evidences is found without both where it can be: without its Student factor, which is at
 * least 1 for a positive mean, an evidence is bounded from below.
 */
#include "stat/sequential.h"

#include "base/mem.h"
#include "stat/special.h"

#include <math.h>

#define START_MAX_DEFAULT 90
#define THRESHOLD_DEFAULT 365.0
#define CAP_RMS_DEFAULT 3.0
#define CAP_COUNT_MIN 8
#define WHITEN_COUNT_MIN 56
#define RHO_MAX 0.8
#define RECENT_COUNT 20
#define RECENT_MISSES_MAX 3

static const double HARM_GRID[4] = {0.25, 1.0, 4.0, 16.0};
static const double CERTIFICATE_GRID[5] = {0.25, 1.0, 4.0, 16.0, 64.0};
static const double MISS_LAMBDAS[4] = {0.5, 1.0, 2.0, 4.0};

/* ---- evidence ---- */

struct evidence_input {
    double k;
    double mean;
    double sum_squares;
    double degrees;
    const double *grid;
    size_t grid_count;
};

/* One term of E. Without the Student factor where with_student is false. */
static double weigh_one(const struct evidence_input *in, double g, bool with_student)
{
    const double k = in->k;
    const double explained = k * in->mean * in->mean;
    const double within = fmax(0.0, in->sum_squares - explained);
    const double rest = within + explained / (1.0 + g * k); /* SS - c */
    double log_term = -0.5 * log1p(g * k);
    double z = 0.0;
    if (rest > 0.0) {
        /* SS / (SS - c) = 1 + c / (SS - c) */
        const double gain = g * k / (1.0 + g * k) * explained / rest;
        log_term += 0.5 * in->degrees * log1p(gain);
        z = sqrt(g / (1.0 + g * k)) * k * in->mean * sqrt(in->degrees / rest);
    }
    const double student = with_student ? 2.0 * tend__student_cdf(z, in->degrees) : 1.0;
    /* 690 is below ln 1e300 */
    return log_term > 690.0 ? TEND_EVIDENCE_MAX : fmin(exp(log_term) * student, TEND_EVIDENCE_MAX);
}

static double weigh(const struct evidence_input *in, bool with_student)
{
    double sum = 0.0;
    for (size_t i = 0; i < in->grid_count; i++) {
        sum += weigh_one(in, in->grid[i], with_student) / (double)in->grid_count;
    }
    return sum;
}

double tend__tsr_evidence_grid(size_t k, double mean, double sum_squares, double degrees,
                               const double *grid, size_t grid_count)
{
    const bool known = !isnan(mean) && !isnan(sum_squares);
    if (!known || k == 0 || !(degrees > 0.0) || grid_count == 0) {
        return (double)NAN;
    }
    const struct evidence_input in = {.k = (double)k,
                                      .mean = mean,
                                      .sum_squares = sum_squares,
                                      .degrees = degrees,
                                      .grid = grid,
                                      .grid_count = grid_count};
    return weigh(&in, true);
}

double tend__tsr_evidence(size_t k, double mean, double sum_squares, double degrees)
{
    return tend__tsr_evidence_grid(k, mean, sum_squares, degrees, HARM_GRID, 4);
}

/* The smaller of two evidences for one run of windows. */
static double weigh_smaller(const struct evidence_input *self, const struct evidence_input *pooled)
{
    const double b = weigh(pooled, true);
    if (self->mean >= 0.0 && weigh(self, false) >= b) {
        return b;
    }
    return fmin(weigh(self, true), b);
}

/* ---- harm watch ---- */

struct run_window {
    double x; /* as pushed */
    double y; /* less the tolerance, whitened, capped */
    size_t push_idx;
};

struct tend__harm_watch {
    double tolerance;
    double threshold;
    double cap_rms;
    double rho;
    double reference_squares; /* sum of y^2 over the reference */
    double reference_count;
    double previous; /* x - tolerance of the window before, not whitened */
    bool has_previous;
    size_t start_max;
    size_t push_count;
    size_t window_count; /* windows in the ring, up to start_max */
    size_t run_count;    /* of them since the last alarm */
    size_t next_idx;     /* where the next window goes */
    struct run_window *ring;
};

/* Lag-1 autocorrelation about the mean, plus 1 / m for its bias, within 0 .. .8. */
static double estimate_rho(const double *x, size_t n)
{
    double mean = 0.0;
    for (size_t i = 0; i < n; i++) {
        mean += x[i] / (double)n;
    }
    double lagged = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        squares += (x[i] - mean) * (x[i] - mean);
        lagged += i > 0 ? (x[i] - mean) * (x[i - 1] - mean) : 0.0;
    }
    const double rho = squares > 0.0 ? lagged / squares + 1.0 / (double)n : 0.0;
    return fmin(fmax(rho, 0.0), RHO_MAX);
}

/* x less the tolerance, and less what the window before foretells. */
static double whiten(struct tend__harm_watch *watch, double x)
{
    const double u = x - watch->tolerance;
    const double y =
        watch->has_previous ? (u - watch->rho * watch->previous) / (1.0 - watch->rho) : u;
    watch->previous = u;
    watch->has_previous = true;
    return y;
}

static void take_reference(struct tend__harm_watch *watch,
                           const struct tend__harm_watch_options *options)
{
    if (options->whiten && options->reference_count >= WHITEN_COUNT_MIN) {
        watch->rho = estimate_rho(options->reference, options->reference_count);
    }
    for (size_t i = 0; i < options->reference_count; i++) {
        const double y = whiten(watch, options->reference[i]);
        watch->reference_squares += y * y;
        watch->reference_count += 1.0;
    }
}

static bool all_finite(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            return false;
        }
    }
    return true;
}

static enum tend_code check_harm_options(const struct tend__harm_watch_options *o,
                                         struct tend_error *err)
{
    if (!isfinite(o->tolerance) || !isfinite(o->threshold) || o->threshold < 0.0) {
        return TEND_FAIL(err, EINVAL, "tolerance %g or threshold %g is not a usable number",
                         o->tolerance, o->threshold);
    }
    if (!(o->cap_rms >= 0.0) || o->start_max == 1 || o->start_max > TEND_HARM_START_MAX) {
        return TEND_FAIL(err, EINVAL, "cap_rms %g is negative or start_max %zu is not in 2..%d",
                         o->cap_rms, o->start_max, TEND_HARM_START_MAX);
    }
    if (o->reference_count > 0 && o->reference == NULL) {
        return TEND_FAIL(err, EINVAL, "reference_count is %zu but there is no reference",
                         o->reference_count);
    }
    if (!all_finite(o->reference, o->reference_count)) {
        return TEND_FAIL(err, EINVAL, "the reference holds a value that is not finite");
    }
    return TEND_OK;
}

enum tend_code tend__harm_watch_new(const struct tend__harm_watch_options *options,
                                    struct tend__harm_watch **out, struct tend_error *err)
{
    TEND_TRY(check_harm_options(options, err));
    struct tend__harm_watch *watch = NULL;
    TEND_TRY(tend__mem_new(1, sizeof *watch, &watch, err));
    watch->tolerance = options->tolerance;
    watch->threshold = options->threshold > 0.0 ? options->threshold : THRESHOLD_DEFAULT;
    watch->cap_rms = options->cap_rms > 0.0 ? options->cap_rms : CAP_RMS_DEFAULT;
    watch->start_max = options->start_max > 0 ? options->start_max : START_MAX_DEFAULT;
    const enum tend_code code =
        tend__mem_new(watch->start_max, sizeof *watch->ring, &watch->ring, err);
    if (code != TEND_OK) {
        tend__mem_free(watch);
        return code;
    }
    take_reference(watch, options);
    *out = watch;
    return TEND_OK;
}

void tend__harm_watch_free(struct tend__harm_watch *watch)
{
    if (watch != NULL) {
        tend__mem_free(watch->ring);
        tend__mem_free(watch);
    }
}

double tend__harm_watch_rho(const struct tend__harm_watch *watch)
{
    return watch->rho;
}

/* The window that lies `back` windows before the newest. */
static const struct run_window *window_at(const struct tend__harm_watch *watch, size_t back)
{
    TEND_DASSERT(back < watch->window_count);
    const size_t idx = (watch->next_idx + watch->start_max - 1 - back) % watch->start_max;
    return &watch->ring[idx];
}

/* Sum of y^2 over the reference and the ring. */
static double pool_squares(const struct tend__harm_watch *watch)
{
    double sum = watch->reference_squares;
    for (size_t i = 0; i < watch->window_count; i++) {
        const double y = window_at(watch, i)->y;
        sum += y * y;
    }
    return sum;
}

static void append_window(struct tend__harm_watch *watch, double x)
{
    double y = whiten(watch, x);
    const double before = watch->reference_count + (double)watch->window_count;
    if (before >= CAP_COUNT_MIN) {
        const double rms = sqrt(pool_squares(watch) / before);
        if (rms > 0.0) { /* no cap after windows that were all exactly 0 */
            y = fmin(y, watch->cap_rms * rms);
        }
    }
    watch->ring[watch->next_idx] =
        (struct run_window){.x = x, .y = y, .push_idx = watch->push_count - 1};
    watch->next_idx = (watch->next_idx + 1) % watch->start_max;
    watch->window_count += watch->window_count < watch->start_max;
    watch->run_count += watch->run_count < watch->start_max;
}

/* Sums the evidence over all starts since the last alarm. */
static void weigh_starts(const struct tend__harm_watch *watch, struct tend__harm_state *state)
{
    const double pooled = pool_squares(watch);
    const double pooled_count = watch->reference_count + (double)watch->window_count;
    double sum = 0.0;
    double squares = 0.0;
    double sum_x = 0.0;
    double best = 0.0;
    for (size_t i = 0; i < watch->run_count; i++) {
        const struct run_window *w = window_at(watch, i);
        sum += w->y;
        squares += w->y * w->y;
        sum_x += w->x;
        if (i == 0) {
            continue; /* k >= 2 */
        }
        const double k = (double)(i + 1);
        struct evidence_input in = {.k = k,
                                    .mean = sum / k,
                                    .sum_squares = squares,
                                    .degrees = k,
                                    .grid = HARM_GRID,
                                    .grid_count = 4};
        struct evidence_input pool = in;
        pool.sum_squares = pooled;
        pool.degrees = pooled_count;
        const double e = weigh_smaller(&in, &pool);
        state->evidence += e;
        if (e > best) {
            best = e;
            state->since_idx = w->push_idx;
            state->mean = sum_x / k;
        }
    }
}

void tend__harm_watch_push(struct tend__harm_watch *watch, double x, struct tend__harm_state *out)
{
    *out = (struct tend__harm_state){.since_idx = watch->push_count, .mean = x};
    watch->push_count++;
    if (isfinite(x)) {
        append_window(watch, x);
    }
    weigh_starts(watch, out);
    if (isfinite(x) && out->evidence >= watch->threshold) {
        out->alarm = true;
        watch->run_count = 0;
    }
}

struct tend__harm_watch_options tend__business_floor_options(const double *reference,
                                                             size_t reference_count)
{
    return (struct tend__harm_watch_options){
        .threshold = 52.0, .reference = reference, .reference_count = reference_count};
}

/* ---- certificate ---- */

struct tend__certificate {
    double margin;
    double threshold;
    double sum;
    double squares; /* of the differences with the margin, and of the reference about its mean */
    double degrees; /* what N is more than k */
    size_t count;
    size_t count_min;
    bool proven;
};

static void take_backtest(struct tend__certificate *certificate, const double *x, size_t n)
{
    double mean = 0.0;
    for (size_t i = 0; i < n; i++) {
        mean += x[i] / (double)n;
    }
    double squares = 0.0;
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) {
        squares += (x[i] - mean) * (x[i] - mean);
        largest = fmax(largest, fabs(x[i]));
    }
    /* Weeks that are all the same tell no spread; rounding of the mean is not one. */
    if (n >= 2 && squares > (double)n * 1e-28 * largest * largest) {
        certificate->squares = squares;
        certificate->degrees = (double)n - 1.0;
        certificate->count_min = 1;
    }
}

enum tend_code tend__certificate_new(const struct tend__certificate_options *options,
                                     struct tend__certificate **out, struct tend_error *err)
{
    const double alpha = options->alpha > 0.0 ? options->alpha : 0.05;
    if (!(options->margin >= 0.0) || isinf(options->margin) || !(options->alpha >= 0.0) ||
        alpha >= 1.0) {
        return TEND_FAIL(err, EINVAL, "margin %g is negative or alpha %g is not in 0..1",
                         options->margin, options->alpha);
    }
    if (options->reference_count > 0 &&
        (options->reference == NULL || !all_finite(options->reference, options->reference_count))) {
        return TEND_FAIL(err, EINVAL, "the backtested weeks are missing or not finite");
    }
    struct tend__certificate *certificate = NULL;
    TEND_TRY(tend__mem_new(1, sizeof *certificate, &certificate, err));
    certificate->margin = options->margin;
    certificate->threshold = 1.0 / alpha;
    certificate->count_min = 2;
    take_backtest(certificate, options->reference, options->reference_count);
    *out = certificate;
    return TEND_OK;
}

void tend__certificate_free(struct tend__certificate *certificate)
{
    tend__mem_free(certificate);
}

void tend__certificate_push(struct tend__certificate *certificate, double weekly_difference,
                            double *evidence, bool *proven)
{
    if (isfinite(weekly_difference)) {
        const double x = weekly_difference + certificate->margin;
        certificate->sum += x;
        certificate->squares += x * x;
        certificate->count++;
    }
    *evidence = 0.0;
    if (certificate->count >= certificate->count_min) {
        const double k = (double)certificate->count;
        *evidence =
            tend__tsr_evidence_grid(certificate->count, certificate->sum / k, certificate->squares,
                                    k + certificate->degrees, CERTIFICATE_GRID, 5);
    }
    certificate->proven = certificate->proven || *evidence >= certificate->threshold;
    *proven = certificate->proven;
}

/* ---- miss watch ---- */

void tend__miss_watch_init(struct tend__miss_watch *watch)
{
    *watch = (struct tend__miss_watch){.rate = 0.10, .threshold = 500.0};
}

double tend__miss_watch_evidence(const struct tend__miss_watch *watch)
{
    return (watch->r[0] + watch->r[1] + watch->r[2] + watch->r[3]) / 4.0;
}

/* Back in service once the last 20 windows since the demotion hold at most 3 misses. */
static void try_restore(struct tend__miss_watch *watch, bool miss)
{
    const uint32_t mask = (1U << RECENT_COUNT) - 1U;
    watch->recent = ((watch->recent << 1) | (miss ? 1U : 0U)) & mask;
    watch->recent_count += watch->recent_count < RECENT_COUNT;
    if (watch->recent_count == RECENT_COUNT &&
        __builtin_popcount(watch->recent) <= RECENT_MISSES_MAX) {
        watch->demoted = false;
    }
}

bool tend__miss_watch_push(struct tend__miss_watch *watch, bool miss)
{
    if (watch->demoted) {
        try_restore(watch, miss);
        return watch->demoted;
    }
    for (size_t i = 0; i < 4; i++) {
        const double bet = 1.0 + MISS_LAMBDAS[i] * ((miss ? 1.0 : 0.0) - watch->rate);
        watch->r[i] = fmin((watch->r[i] + 1.0) * bet, TEND_EVIDENCE_MAX);
    }
    if (tend__miss_watch_evidence(watch) >= watch->threshold) {
        watch->demoted = true;
        watch->recent = 0;
        watch->recent_count = 0;
        for (size_t i = 0; i < 4; i++) {
            watch->r[i] = 0.0;
        }
    }
    return watch->demoted;
}
