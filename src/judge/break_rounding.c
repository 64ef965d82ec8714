/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_rounding.c: numbers that stand on a coarser lattice than before: cents cut off, minutes in
 * quarters, a sensor of fewer digits.
 *
 * For each lattice of steps 1, 2 and 5 times a power of ten, a sample of the rows tells which share
 * p of the reference's values is on it, and which share q now. If a share s was rounded,
 * q = p + s (1 - p). Of the lattices with nearly the largest s the coarsest is named. Zero is on
 * every lattice and is left out, and so are values that are frequent in the reference, whose coming
 * and going is no rounding; a few values that became frequent are no lattice; and where the
 * values are another distribution altogether, their lattice says nothing: the reference, rounded to
 * the step in one of three ways, must be near.
 */
#include "judge/break_rules.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

#define SAMPLE_MIN 100
#define SHARE_MIN 0.2
#define SHARE_ERRORS 5.0
#define OFF_MIN 0.25        /* share of the reference's values that must be off the lattice */
#define NEAR_BEST 0.9       /* of the largest share: coarser ones are preferred among these */
#define FREQUENT_SHARE 0.02 /* of the reference's sample: a value by itself, on no lattice */
#define FREQUENT_MIN 10.0
#define VALUES_MIN 6      /* values on the lattice that differ */
#define ONE_VALUE_MAX 0.5 /* of what rose, by any one value */
#define DISTANCE_MAX 0.12
#define OUTSIDE_MAX 0.03
#define ERRORS_OF_DISTANCE 1.5 /* two-sample errors that are allowed beyond it */
#define STEPS_MAX 1e7          /* a value of more steps cannot be told from one off the lattice */
#define STEP_TOLERANCE 1e-6
#define EXPONENT_MIN (-9)
#define EXPONENT_MAX 9
#define EXPONENT_COUNT (EXPONENT_MAX - EXPONENT_MIN + 1)
#define FACTOR_COUNT 3
#define ROWS_MAX 1024 /* of the samples: enough for a share of a fifth */

struct values {
    double *x; /* without zeros */
    size_t count;
};

struct lattice {
    double step;
    int exponent;
    size_t factor_idx;
    double before;
    double now;
    double share;
};

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Takes values that are frequent in the reference out of both: where one of them comes more often
 * or less, nothing was rounded. Both ascend. */
static void leave_out_frequent(struct values *ref, struct values *cur)
{
    const double most = fmax(FREQUENT_MIN, FREQUENT_SHARE * (double)ref->count);
    size_t kept_ref = 0;
    size_t kept_cur = 0;
    size_t k = 0;
    for (size_t i = 0; i < ref->count;) {
        size_t end = i + 1;
        while (end < ref->count && ref->x[end] == ref->x[i]) {
            end++;
        }
        const double x = ref->x[i];
        const bool is_frequent = (double)(end - i) > most;
        while (k < cur->count && (cur->x[k] < x || (is_frequent && cur->x[k] == x))) {
            cur->x[kept_cur] = cur->x[k];
            kept_cur += cur->x[k] < x ? 1 : 0;
            k++;
        }
        while (!is_frequent && i < end) {
            ref->x[kept_ref++] = ref->x[i++];
        }
        i = end;
    }
    while (k < cur->count) {
        cur->x[kept_cur++] = cur->x[k++];
    }
    ref->count = kept_ref;
    cur->count = kept_cur;
}

/* Of rows spread over the whole sample. */
static struct values read_values(const struct tend__column *column, size_t row_count, double *room)
{
    struct values values = {.x = room};
    const size_t stride = 1 + row_count / ROWS_MAX;
    for (size_t i = 0; i < row_count; i += stride) {
        if (tend__is_valid(column, i) && isfinite(column->f64[i]) && column->f64[i] != 0) {
            room[values.count++] = column->f64[i];
        }
    }
    return values;
}

/* Multiples of ten to a power: exact quotients below one. */
static double steps_in(double x, int exponent)
{
    static const double powers[EXPONENT_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    return exponent < 0 ? x * powers[-exponent] : x / powers[exponent];
}

static bool is_whole(double steps)
{
    return fabs(steps - nearbyint(steps)) < STEP_TOLERANCE;
}

/* The lattices of 1, 2 and 5 times ten to a power that a value is on: all up to its last digit, and
 * there perhaps the even ones or the fives. */
struct digits {
    int exponent; /* of the last digit that is not zero */
    bool is_even;
    bool is_five;
};

static struct digits read_digits(double x)
{
    struct digits digits = {.exponent = (int)fmin(EXPONENT_MAX, floor(log10(fabs(x)) + 1e-12))};
    double steps = steps_in(x, digits.exponent);
    while (digits.exponent > EXPONENT_MIN && fabs(steps) < STEPS_MAX && !is_whole(steps)) {
        digits.exponent--;
        steps = steps_in(x, digits.exponent);
    }
    if (!is_whole(steps)) {
        /* On no lattice that can be told: where it stopped says how large it is, not how coarse. */
        return (struct digits){.exponent = EXPONENT_MIN};
    }
    digits.is_even = is_whole(steps / 2);
    digits.is_five = is_whole(steps / 5);
    return digits;
}

static bool is_on(const struct digits *digits, int exponent, size_t k)
{
    return digits->exponent > exponent ||
           (digits->exponent == exponent &&
            (k == 0 || (k == 1 ? digits->is_even : digits->is_five)));
}

static const double factors[FACTOR_COUNT] = {1, 2, 5};

/* Shares of the values on each lattice. */
static void read_shares(const struct values *values, double shares[EXPONENT_COUNT][FACTOR_COUNT])
{
    double last[EXPONENT_COUNT][FACTOR_COUNT] = {{0}};
    double above = 0;
    for (size_t i = 0; i < values->count; i++) {
        const struct digits digits = read_digits(values->x[i]);
        for (size_t k = 0; k < FACTOR_COUNT; k++) {
            last[digits.exponent - EXPONENT_MIN][k] += is_on(&digits, digits.exponent, k) ? 1 : 0;
        }
    }
    /* What ends with a digit further left is on all lattices of the digits to its right. */
    for (int e = EXPONENT_COUNT; e-- > 0;) {
        for (size_t k = 0; k < FACTOR_COUNT; k++) {
            shares[e][k] = (above + last[e][k]) / (double)values->count;
        }
        above += last[e][0];
    }
}

/* The lattice that most moved to, the coarsest of those that are as good. */
static struct lattice find_lattice(const struct values *ref, const struct values *cur)
{
    double before[EXPONENT_COUNT][FACTOR_COUNT];
    double now[EXPONENT_COUNT][FACTOR_COUNT];
    struct lattice best = {0};
    double largest = 0;
    read_shares(ref, before);
    read_shares(cur, now);
    for (int pass = 0; pass < 2; pass++) {
        for (int e = 0; e < EXPONENT_COUNT; e++) {
            for (size_t k = 0; k < FACTOR_COUNT; k++) {
                const double room = 1 - before[e][k];
                const double share = room < OFF_MIN ? 0 : (now[e][k] - before[e][k]) / room;
                largest = fmax(largest, share);
                if (pass == 1 && share > 0 && share >= NEAR_BEST * largest) {
                    best = (struct lattice){.step = factors[k] * pow(10, e + EXPONENT_MIN),
                                            .exponent = e + EXPONENT_MIN,
                                            .factor_idx = k,
                                            .before = before[e][k],
                                            .now = now[e][k],
                                            .share = share};
                }
            }
        }
    }
    return best;
}

/* Many values of the lattice rose, not a few. */
static bool is_of_many_values(const struct values *cur, const struct lattice *lattice)
{
    size_t distinct = 0;
    size_t largest = 0;
    size_t run = 0;
    for (size_t i = 0; i < cur->count; i++) {
        const struct digits digits = read_digits(cur->x[i]);
        if (!is_on(&digits, lattice->exponent, lattice->factor_idx)) {
            continue;
        }
        const bool is_same = run > 0 && i > 0 && cur->x[i] == cur->x[i - 1];
        run = is_same ? run + 1 : 1;
        distinct += is_same ? 0 : 1;
        largest = run > largest ? run : largest;
    }
    const double rose = (lattice->now - lattice->before) * (double)cur->count;
    return distinct >= VALUES_MIN && (double)largest <= ONE_VALUE_MAX * rose;
}

typedef double round_fn(double x);

/* Largest difference of the distribution functions of the current values and of the reference's,
 * both on the lattice. */
static double distance_on(const struct values *ref, const struct values *cur, double step,
                          round_fn *round_to)
{
    double largest = 0;
    size_t i = 0;
    size_t k = 0;
    while (i < ref->count && k < cur->count) {
        const double a = round_to(ref->x[i] / step + STEP_TOLERANCE);
        const double b = round_to(cur->x[k] / step + STEP_TOLERANCE);
        const double at = fmin(a, b);
        while (i < ref->count && round_to(ref->x[i] / step + STEP_TOLERANCE) <= at) {
            i++;
        }
        while (k < cur->count && round_to(cur->x[k] / step + STEP_TOLERANCE) <= at) {
            k++;
        }
        largest =
            fmax(largest, fabs((double)i / (double)ref->count - (double)k / (double)cur->count));
    }
    return largest;
}

/* Values where the reference had none were not rounded there: other units are on other lattices. */
static bool is_in_range(const struct values *ref, const struct values *cur, double step)
{
    size_t count = 0;
    for (size_t i = 0; i < cur->count; i++) {
        count += cur->x[i] < ref->x[0] - step || cur->x[i] > ref->x[ref->count - 1] + step ? 1 : 0;
    }
    return (double)count <= OUTSIDE_MAX * (double)cur->count;
}

static bool is_same_distribution(const struct values *ref, const struct values *cur, double step)
{
    const double distance =
        fmin(distance_on(ref, cur, step, nearbyint),
             fmin(distance_on(ref, cur, step, floor), distance_on(ref, cur, step, ceil)));
    const double error = sqrt(1 / (double)ref->count + 1 / (double)cur->count);
    return distance <= DISTANCE_MAX + ERRORS_OF_DISTANCE * error;
}

static enum tend_code find_column(struct tend__break_search *search, size_t column_idx,
                                  const struct values *ref, const struct values *cur,
                                  struct tend_error *err)
{
    const struct lattice lattice = find_lattice(ref, cur);
    const double sampling = SHARE_ERRORS *
                            sqrt(lattice.before * (1 - lattice.before) *
                                 (1 / (double)ref->count + 1 / (double)cur->count)) /
                            (1 - lattice.before);
    const double threshold = fmax(SHARE_MIN, sampling);
    if (!(lattice.share > threshold) || !is_of_many_values(cur, &lattice) ||
        !is_in_range(ref, cur, lattice.step) || !is_same_distribution(ref, cur, lattice.step)) {
        return TEND_OK;
    }
    struct tend__break found = tend__break_make(search, TEND_BREAK_ROUNDING, column_idx);
    found.factor = 0;
    found.offset = lattice.step;
    tend__break_number_text(found.to, lattice.step);
    found.share = lattice.share;
    found.evidence = lattice.share / threshold;
    return tend__break_add(search, &found, err);
}

enum tend_code tend__break_find_rounding(struct tend__break_search *search, struct tend_error *err)
{
    const struct tend__batch *ref_rows = &search->options->ref_rows;
    const struct tend__batch *cur_rows = &search->options->cur_rows;
    double *room = NULL;
    if (ref_rows->row_count < SAMPLE_MIN || cur_rows->row_count < SAMPLE_MIN) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_new(ref_rows->row_count + cur_rows->row_count, sizeof(*room), &room, err));
    enum tend_code code = TEND_OK;
    for (size_t i = 0; i < search->column_count && code == TEND_OK; i++) {
        const struct tend__column *a = tend__break_rows_column(search, ref_rows, i);
        const struct tend__column *b = tend__break_rows_column(search, cur_rows, i);
        if (a == NULL || b == NULL || a->type != TEND_TYPE_NUMBER ||
            tend__break_is_explained(search, i)) {
            continue;
        }
        struct values ref = read_values(a, ref_rows->row_count, room);
        struct values cur = read_values(b, cur_rows->row_count, room + ref.count);
        if (ref.count < SAMPLE_MIN || cur.count < SAMPLE_MIN ||
            find_lattice(&ref, &cur).share < SHARE_MIN / 2) {
            continue;
        }
        qsort(ref.x, ref.count, sizeof(*room), compare_doubles);
        qsort(cur.x, cur.count, sizeof(*room), compare_doubles);
        leave_out_frequent(&ref, &cur);
        if (ref.count >= SAMPLE_MIN && cur.count >= SAMPLE_MIN) {
            code = find_column(search, i, &ref, &cur, err);
        }
    }
    tend__mem_free(room);
    return code;
}
