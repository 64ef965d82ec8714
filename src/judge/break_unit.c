/* SPDX-License-Identifier: Apache-2.0 */
/*
 * break_unit.c: numbers that arrive in another unit (x' = factor x + offset), for all rows or for
 * some, and flipped signs.
 *
 * A conversion moves every quantile of a column by the same line. The rule asks, for each known
 * conversion, where the reference's distribution function would lie after it, and how far the
 * current one is from there: root mean square over the edges of the cells. With a share s of the
 * rows converted the current function is a mixture (1 - s) F + s G, and the s of least squares has
 * a closed form. Mean and standard deviation must agree too: they tell conversions apart that push
 * all values beyond the last cut.
 *
 * Accepted when the distance before is beyond the threshold, undoing explains it, and what is left
 * is no more than days differ naturally. Factors between 2/3 and 3/2 are not in the table: ordinary
 * drift of a narrow column looks like them. A factor that is in no table is accepted only when the
 * whole shape fits and it is at least 1.9.
 */
#include "judge/break_rules.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISTANCE_TOLERANCE 0.05
#define MOMENT_TOLERANCE 0.2
#define MEAN_TOLERANCE 0.1 /* of the mean itself, for narrow columns */
#define LEFT_WEIGHT 0.02
#define MISFIT_WITH_SHAPE 3.0
#define RARITY_PENALTY 0.5
#define UNNAMED_FACTOR 1.9
#define GROWTH_STEPS 64 /* factors between 1 and that of a mixture: 0.4 % apart for 1.609 */
#define MIRRORED_FACTOR 3.0
#define MIRRORED_EVIDENCE 10
#define CELLS_MIN 6
#define POINT_COUNT 64
#define SAMPLE_MIN 150
#define SHAPE_CELLS_MIN 5

struct conversion {
    double factor;
    double offset;
    const char *from;
    const char *to;
    double rarity; /* 0..3: of two that fit alike the more common one is named */
    double low;    /* what values in the first unit can be; 0 and 0 = any */
    double high;
};

/* x' = factor x + offset; the other direction is tried as well. NIST SP 811 (2008), appendix B. */
static const struct conversion conversions[] = {
    {1.609344, 0, "miles", "kilometres", 0, 0, 0},
    {1.852, 0, "nautical miles", "kilometres", 2, 0, 0},
    {3.280839895013123, 0, "metres", "feet", 0, 0, 0},
    {2.54, 0, "inches", "centimetres", 0, 0, 0},
    {25.4, 0, "inches", "millimetres", 1, 0, 0},
    {30.48, 0, "feet", "centimetres", 1, 0, 0},
    {2.2046226218487757, 0, "kilograms", "pounds", 0, 0, 0},
    {28.349523125, 0, "ounces", "grams", 2, 0, 0},
    {3.785411784, 0, "US gallons", "litres", 1, 0, 0},
    {4.54609, 0, "imperial gallons", "litres", 2, 0, 0},
    {2.2369362920544025, 0, "metres per second", "miles per hour", 2, 0, 0},
    {1.9438444924406048, 0, "metres per second", "knots", 2, 0, 0},
    {3.6, 0, "metres per second", "kilometres per hour", 0, 0, 0},
    {4.184, 0, "kilocalories", "kilojoules", 2, 0, 0},
    {14.503773773, 0, "bar", "psi", 1, 0, 0},
    {10.763910416709722, 0, "square metres", "square feet", 1, 0, 0},
    {2.471053814671653, 0, "hectares", "acres", 2, 0, 0},
    {57.29577951308232, 0, "radians", "degrees", 3, -6.3, 6.3},
    {1.8, 32, "degrees Celsius", "degrees Fahrenheit", 0, -100, 150},
    {1, 273.15, "degrees Celsius", "kelvins", 1, -100, 150},
    {1.8, -459.67, "kelvins", "degrees Fahrenheit", 2, 150, 450},
    {10, 0, "units", "tenths", 0, 0, 0},
    {100, 0, "units", "hundredths", 0, 0, 0},
    {1000, 0, "units", "thousandths", 0, 0, 0},
    {1e4, 0, "units", "ten-thousandths", 0, 0, 0},
    {1e5, 0, "units", "hundred-thousandths", 0, 0, 0},
    {1e6, 0, "units", "millionths", 0, 0, 0},
    {1e9, 0, "units", "billionths", 0, 0, 0},
    {60, 0, "minutes", "seconds", 0, 0, 0},
    {24, 0, "days", "hours", 1, 0, 0},
    {7, 0, "weeks", "days", 2, 0, 0},
    {12, 0, "years", "months", 1, 0, 0},
    {365.25, 0, "years", "days", 1, 0, 0},
    {1440, 0, "days", "minutes", 2, 0, 0},
    {3600, 0, "hours", "seconds", 0, 0, 0},
    {86400, 0, "days", "seconds", 1, 0, 0},
    {1024, 0, "kibibytes", "bytes", 2, 0, 0},
    {1048576, 0, "mebibytes", "bytes", 2, 0, 0},
    {-1, 0, "value", "sign flipped", 0, 0, 0},
    {-1, 1, "share", "complement", 0, 0, 1},
};

/* The numbers of one column that every candidate is compared with. */
struct view {
    const struct tend__plan_column *plan; /* its cells' ends, or, with a sample: */
    const double *points;
    const double *sample; /* of the reference, ascending; NULL = the profile is read */
    size_t sample_count;
    size_t cell_count; /* one more than the ends that are compared */
    const struct tend__break_search *search;
    size_t column_idx;
    const double *ref; /* the reference's distribution function at the cells' upper ends */
    const double *cur;
    double *moved; /* of the reference after a conversion */
    double scale;  /* share of the reference that a scale can move: not at 0 */
    double ref_min;
    double ref_max;
    double ref_mean;
    double ref_sd;
    double cur_mean;
    double cur_sd;
    double sd_tolerance;
    double mean_tolerance;
    bool is_shape_seen; /* the current values fill several cells */
};

/* A sample of one side. */
struct values {
    double *x; /* ascending */
    size_t count;
};

struct fit {
    struct conversion conversion;
    double share;
    double left; /* distance after undoing */
    double score;
};

static double scale_of(const struct tend__profile *ref, size_t column_idx)
{
    const double zero = (double)tend__profile_column(ref, column_idx)->zero_count;
    const double n = (double)tend__profile_value_count(ref, column_idx);
    return n > zero ? (n - zero) / n : 1;
}

static void cumulate(const double *shares, size_t n, double *out)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += shares[i];
        out[i] = sum;
    }
}

/* Root mean square of the difference of two distribution functions; the last end, where both are 1,
 * is left out. */
static double distance_between(const double *a, const double *b, size_t n, double scale)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return n > 1 ? sqrt(sum / (double)(n - 1)) / scale : 0;
}

static double distance_statistic(const struct tend__break_search *search,
                                 const struct tend__profile *other, size_t column_idx)
{
    return tend__break_function_distance(search, other, column_idx) /
           scale_of(search->ref, column_idx);
}

static double sd_statistic(const struct tend__break_search *search,
                           const struct tend__profile *other, size_t column_idx)
{
    const double a = tend__profile_sd(search->ref, column_idx);
    const double b = tend__profile_sd(other, column_idx);
    return a > 0 && b > 0 ? fabs(log(b / a)) : 0;
}

static double mean_statistic(const struct tend__break_search *search,
                             const struct tend__profile *other, size_t column_idx)
{
    const double sd = tend__profile_sd(search->ref, column_idx);
    const double off =
        tend__profile_mean(other, column_idx) - tend__profile_mean(search->ref, column_idx);
    return sd > 0 && isfinite(off) ? fabs(off) / sd : 0;
}

/* Share of the sample at or below x, or below x where strict. */
static double share_below(const struct view *v, double x, bool is_strict)
{
    size_t low = 0;
    size_t high = v->sample_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (v->sample[middle] < x || (!is_strict && v->sample[middle] == x)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (double)low / (double)v->sample_count;
}

static void move_sample(const struct view *v, const struct conversion *conversion)
{
    for (size_t i = 0; i + 1 < v->cell_count; i++) {
        const double x = (v->points[i] - conversion->offset) / conversion->factor;
        /* A value that is converted and back may miss itself by a last digit. */
        const double slack = 1e-9 * fabs(x);
        v->moved[i] = conversion->factor > 0 ? share_below(v, x + slack, false)
                                             : 1 - share_below(v, x - slack, true);
    }
    v->moved[v->cell_count - 1] = 1;
}

/* Where the reference's distribution function lies after the conversion. */
static void move_reference(const struct view *v, const struct conversion *conversion)
{
    if (v->sample != NULL) {
        move_sample(v, conversion);
        return;
    }
    for (size_t i = 0; i < v->cell_count; i++) {
        const double end = v->plan->cell_highs[i];
        if (isinf(end)) {
            v->moved[i] = 1;
            continue;
        }
        const bool is_open = tend__break_ends_open(v->plan, i);
        const double x = (end - conversion->offset) / conversion->factor;
        v->moved[i] = conversion->factor > 0
                          ? tend__break_function(v->search, v->column_idx, x, is_open)
                          : 1 - tend__break_function(v->search, v->column_idx, x, !is_open);
    }
}

/* The share of least squares of (1 - s) F + s G for the current function. */
static double best_share(const struct view *v)
{
    double cross = 0;
    double square = 0;
    for (size_t i = 0; i + 1 < v->cell_count; i++) {
        const double step = v->moved[i] - v->ref[i];
        cross += (v->cur[i] - v->ref[i]) * step;
        square += step * step;
    }
    return square > 0 ? fmin(1, fmax(0, cross / square)) : 0;
}

static double distance_left(const struct view *v, double share)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < v->cell_count; i++) {
        const double off = v->cur[i] - (1 - share) * v->ref[i] - share * v->moved[i];
        sum += off * off;
    }
    return sqrt(sum / (double)(v->cell_count - 1)) / v->scale;
}

/* How far mean and sd are from what the conversion predicts, in tolerances: above 1 is too far. */
static double moment_misfit(const struct view *v, const struct conversion *c, double share)
{
    const double m = v->ref_mean;
    const double square = v->ref_sd * v->ref_sd + m * m;
    const double a = c->factor;
    const double b = c->offset;
    const double mean = (1 - share) * m + share * (a * m + b);
    const double moved_square = a * a * square + 2 * a * b * m + b * b;
    const double variance = (1 - share) * square + share * moved_square - mean * mean;
    if (!(variance > 0) || !(v->cur_sd > 0)) {
        return (double)INFINITY;
    }
    const double sd = sqrt(variance);
    const double sd_off = fabs(log(v->cur_sd / sd)) / v->sd_tolerance;
    const double mean_off = fabs(v->cur_mean - mean) / sd / v->mean_tolerance;
    /* Of a narrow column a small part of the mean is many standard deviations. */
    const double part_off = fabs(v->cur_mean / mean - 1) / MEAN_TOLERANCE;
    return fmax(sd_off, fmin(mean_off, part_off));
}

static bool is_shape_seen(const struct view *v)
{
    size_t filled = 0;
    for (size_t i = 0; i < v->cell_count; i++) {
        filled += v->cur[i] - (i > 0 ? v->cur[i - 1] : 0) > 0.01 ? 1 : 0;
    }
    return filled >= SHAPE_CELLS_MIN;
}

static struct fit fit_conversion(const struct view *v, const struct conversion *conversion,
                                 bool is_full)
{
    struct fit fit = {.score = (double)INFINITY};
    if (conversion->high > conversion->low &&
        (v->ref_min < conversion->low || v->ref_max > conversion->high)) {
        return fit;
    }
    move_reference(v, conversion);
    fit = (struct fit){.conversion = *conversion, .share = is_full ? 1 : best_share(v)};
    fit.left = distance_left(v, fit.share);
    const double misfit = moment_misfit(v, conversion, fit.share);
    /* Where the shape is seen it decides: moments of a long tail are noise. */
    const double limit = v->is_shape_seen ? MISFIT_WITH_SHAPE : 1;
    const double weight = v->is_shape_seen ? 0.3 : 1;
    fit.score = misfit <= limit
                    ? fit.left / LEFT_WEIGHT + weight * misfit + RARITY_PENALTY * conversion->rarity
                    : (double)INFINITY;
    return fit;
}

/* What a fit must keep to. */
struct demands {
    double explained; /* left below this share of the distance before */
    double left;      /* and below this */
    double share_min;
    double share_max;
    double factor_min; /* of the factor or its inverse, where there is no offset */
    double rarity_max;
};

static void keep_better(struct fit *best, const struct fit *fit, const struct demands *demands,
                        double before)
{
    const double factor = fit->conversion.factor;
    /* A mixture with a flipped sign is never far: any widening looks like it. */
    const bool is_far = demands->share_min >= 1 || (factor > 0 && fit->conversion.offset != 0) ||
                        fmax(factor, 1 / factor) >= demands->factor_min;
    if (is_far && fit->left < demands->explained * before && fit->left <= demands->left &&
        fit->conversion.rarity <= demands->rarity_max && fit->share >= demands->share_min &&
        fit->share <= demands->share_max && fit->score < best->score) {
        *best = *fit;
    }
}

static struct fit search_table(const struct view *v, const struct demands *demands, bool is_full,
                               double before)
{
    struct fit best = {.score = (double)INFINITY};
    for (size_t i = 0; i < TEND_ARRAY_LEN(conversions); i++) {
        const struct conversion *c = &conversions[i];
        const double back_low = c->low * c->factor + (c->high > c->low ? c->offset : 0);
        const double back_high = c->high * c->factor + (c->high > c->low ? c->offset : 0);
        const struct fit forth = fit_conversion(v, c, is_full);
        keep_better(&best, &forth, demands, before);
        if (c->factor < 0) {
            continue; /* its own inverse */
        }
        const struct conversion inverse = {
            1 / c->factor, -c->offset / c->factor, c->to, c->from, c->rarity, back_low, back_high};
        const struct fit back = fit_conversion(v, &inverse, is_full);
        keep_better(&best, &back, demands, before);
    }
    return best;
}

/* A pure scale that is in no table, near the ratio of the standard deviations. */
static struct fit search_scale(const struct view *v, const struct demands *demands, double before)
{
    struct fit best = {.score = (double)INFINITY};
    const double ratio = v->cur_sd / v->ref_sd;
    if (!v->is_shape_seen || !isfinite(ratio)) {
        return best;
    }
    for (int step = -10; step <= 10; step++) {
        const struct conversion scale = {ratio * (1 + 0.01 * step), 0, "units", "", 0, 0, 0};
        if (fmax(scale.factor, 1 / scale.factor) < demands->factor_min) {
            continue;
        }
        struct fit fit = fit_conversion(v, &scale, true);
        /* Among neighbours only the shape counts. */
        fit.score = isfinite(fit.score) ? fit.left : fit.score;
        keep_better(&best, &fit, demands, before);
    }
    return best;
}

static enum tend_code report(struct tend__break_search *search, size_t column_idx,
                             const struct fit *fit, double evidence, struct tend_error *err)
{
    const bool is_flip = fit->conversion.factor < 0;
    struct tend__break found = tend__break_make(
        search, is_flip ? TEND_BREAK_SIGN_FLIP : TEND_BREAK_UNIT_CHANGE, column_idx);
    found.factor = fit->conversion.factor;
    found.offset = fit->conversion.offset;
    found.share = fit->share;
    found.evidence = evidence;
    (void)snprintf(found.from, sizeof(found.from), "%s", fit->conversion.from);
    if (fit->conversion.to[0] != '\0') {
        (void)snprintf(found.to, sizeof(found.to), "%s", fit->conversion.to);
    } else {
        (void)snprintf(found.to, sizeof(found.to), "1/%.3g of them", found.factor);
    }
    return tend__break_add(search, &found, err);
}

/* Whether all values grown by one lesser factor explain the change better than a part of the rows
 * in another unit: prices rise by a fifth more often than two rows in five change from miles to
 * kilometres. Both have one parameter, the factor or the share, so that what is left decides, but
 * for what chance leaves: the root mean square of the difference of two empirical distribution
 * functions, sqrt((1/n + 1/m) / 6), since F (1 - F) is 1/6 on average. */
static bool is_growth(const struct view *v, const struct fit *fit)
{
    const double factor = fit->conversion.factor;
    const double ref_count = (double)tend__profile_value_count(v->search->ref, v->column_idx);
    const double cur_count = (double)tend__profile_value_count(v->search->cur, v->column_idx);
    const double chance = sqrt((1 / ref_count + 1 / cur_count) / 6) / v->scale;
    if (!isfinite(fit->score) || !(factor > 0) || fabs(fit->conversion.offset) > 0) {
        return false;
    }
    for (int step = 1; step < GROWTH_STEPS; step++) {
        const struct conversion growth = {.factor = exp(log(factor) * (double)step / GROWTH_STEPS)};
        move_reference(v, &growth);
        if (distance_left(v, 1) <= fmax(fit->left, chance)) {
            return true;
        }
    }
    return false;
}

static struct fit search_part(const struct view *v, const struct demands *demands, double before)
{
    struct fit fit = search_table(v, demands, false, before);
    if (is_growth(v, &fit)) {
        fit.score = (double)INFINITY;
    }
    return fit;
}

/* Without a history nobody knows how far this column strays by itself: the fit must then be closer,
 * and a mixture of two units must be one that drift does not look like. */
static struct fit search_fits(const struct view *v, double before, double natural, bool has_history)
{
    const struct demands full =
        has_history
            ? (struct demands){0.35, fmax(fmax(0.05, 1.2 * natural), 0.2 * before), 1, 1, 1, 3}
            : (struct demands){0.2, fmax(0.04, 0.12 * before), 1, 1, 1, 1};
    const struct demands partial = has_history
                                       ? (struct demands){0.2, fmax(0.02, natural), 0.1, 0.9, 1, 3}
                                       : (struct demands){0.1, 0.015, 0.1, 0.9, 3, 0};
    /* A mixture by a near factor is believed only where hardly anything is left. */
    const struct demands exact = {0.06, 0.008, 0.1, 0.9, 1, 0};
    const struct demands unnamed = {0.1, 0.025, 1, 1, UNNAMED_FACTOR, 0};
    struct fit fit = search_table(v, &full, true, before);
    if (!isfinite(fit.score)) {
        fit = search_part(v, &partial, before);
    }
    if (!isfinite(fit.score)) {
        fit = search_part(v, &exact, before);
    }
    if (!isfinite(fit.score)) {
        fit = search_scale(v, &unnamed, before);
    }
    return fit;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static size_t sort_sample(const struct tend__column *column, size_t row_count, double *out)
{
    size_t count = 0;
    for (size_t i = 0; column != NULL && i < row_count; i++) {
        if (tend__is_valid(column, i) && isfinite(column->f64[i])) {
            out[count++] = column->f64[i];
        }
    }
    if (count > 1) {
        qsort(out, count, sizeof(*out), compare_doubles);
    }
    return count;
}

/* The fit by samples of the rows, at points that both are spread over. Cells are the reference's:
 * what a conversion pushed beyond the last of them has no shape there, and a part of the rows in
 * the lowest cell could have come by many factors. */
static struct fit fit_rows(struct view *v, const struct values *ref, const struct values *cur)
{
    double functions[3][POINT_COUNT + 1];
    double points[POINT_COUNT];
    struct view rows = *v;
    const size_t half = POINT_COUNT / 2;
    for (size_t i = 0; i < half; i++) {
        points[2 * i] = ref->x[(2 * i + 1) * ref->count / POINT_COUNT];
        points[2 * i + 1] = cur->x[(2 * i + 1) * cur->count / POINT_COUNT];
    }
    qsort(points, POINT_COUNT, sizeof(*points), compare_doubles);
    rows.points = points;
    rows.cell_count = POINT_COUNT + 1;
    rows.is_shape_seen = true;
    rows.ref = functions[0];
    rows.cur = functions[1];
    rows.moved = functions[2];
    const struct conversion none = {.factor = 1};
    const struct values *sides[2] = {cur, ref};
    for (size_t k = 0; k < 2; k++) {
        rows.sample = sides[k]->x;
        rows.sample_count = sides[k]->count;
        move_sample(&rows, &none);
        memcpy(functions[1 - k], functions[2], sizeof(functions[2]));
    }
    const double before = distance_between(functions[0], functions[1], rows.cell_count, rows.scale);
    const double chance = sqrt((1 / (double)ref->count + 1 / (double)cur->count) / 6) / rows.scale;
    const struct demands full = {0.1, 0.02 + chance, 1, 1, 1, 1};
    const struct demands partial = {0.1, 0.01 + chance, 0.08, 0.92, 3, 0};
    struct fit fit = search_table(&rows, &full, true, before);
    if (!isfinite(fit.score)) {
        fit = search_part(&rows, &partial, before);
    }
    return fit;
}

/* Where the cells did not tell. */
static enum tend_code search_rows(struct view *v, struct fit *fit, struct tend_error *err)
{
    const struct tend__batch *ref_rows = &v->search->options->ref_rows;
    const struct tend__batch *cur_rows = &v->search->options->cur_rows;
    const struct tend__column *a = tend__break_rows_column(v->search, ref_rows, v->column_idx);
    const struct tend__column *b = tend__break_rows_column(v->search, cur_rows, v->column_idx);
    double *room = NULL;
    if (a == NULL || b == NULL) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_new(ref_rows->row_count + cur_rows->row_count, sizeof(*room), &room, err));
    struct values ref = {.x = room, .count = sort_sample(a, ref_rows->row_count, room)};
    struct values cur = {.x = room + ref.count};
    cur.count = sort_sample(b, cur_rows->row_count, room + ref.count);
    if (ref.count >= SAMPLE_MIN && cur.count >= SAMPLE_MIN) {
        *fit = fit_rows(v, &ref, &cur);
    }
    tend__mem_free(room);
    return TEND_OK;
}

/* All values were on one side of zero and are on the other, about as far from it: whatever else
 * moved, their sign was flipped. */
static bool is_mirrored(const struct view *v, const struct tend__column_profile *cur)
{
    const bool was_positive = v->ref_min >= 0 && cur->max <= 0 && cur->min < 0;
    const bool was_negative = v->ref_max <= 0 && cur->min >= 0 && cur->max > 0;
    const double ratio = -v->cur_mean / v->ref_mean;
    return (was_positive || was_negative) && ratio > 1 / MIRRORED_FACTOR && ratio < MIRRORED_FACTOR;
}

static enum tend_code find_column(struct tend__break_search *search, size_t column_idx,
                                  struct tend_error *err)
{
    const size_t room = search->cell_max + 24;
    double *shares = search->scratch;
    double *ref = shares + room;
    double *cur = ref + room;
    const struct tend__column_profile *profile = tend__profile_column(search->ref, column_idx);
    struct view v = {
        .plan = tend__plan_column(search->plan, column_idx),
        .cell_count = profile->cell_count,
        .search = search,
        .column_idx = column_idx,
        .ref = ref,
        .cur = cur,
        .moved = cur + room,
        .scale = scale_of(search->ref, column_idx),
        .ref_min = profile->min,
        .ref_max = profile->max,
        .ref_mean = tend__profile_mean(search->ref, column_idx),
        .ref_sd = tend__profile_sd(search->ref, column_idx),
        .cur_mean = tend__profile_mean(search->cur, column_idx),
        .cur_sd = tend__profile_sd(search->cur, column_idx),
    };
    if (v.cell_count < CELLS_MIN || !(v.ref_sd > 0)) {
        return TEND_OK;
    }
    (void)tend__break_shares(search->cur, column_idx, shares);
    cumulate(shares, v.cell_count, cur);
    (void)tend__break_shares(search->ref, column_idx, shares);
    cumulate(shares, v.cell_count, ref);
    if (is_mirrored(&v, tend__profile_column(search->cur, column_idx))) {
        const struct fit flip = {.conversion = {-1, 0, "value", "sign flipped", 0, 0, 0},
                                 .share = 1};
        return report(search, column_idx, &flip, MIRRORED_EVIDENCE, err);
    }
    const double before = distance_between(ref, cur, v.cell_count, v.scale);
    const double natural = tend__break_natural(search, column_idx, distance_statistic);
    const double threshold = tend__break_threshold(search, DISTANCE_TOLERANCE, natural);
    if (!(before > threshold)) {
        return TEND_OK;
    }
    v.sd_tolerance = tend__break_threshold(search, MOMENT_TOLERANCE,
                                           tend__break_natural(search, column_idx, sd_statistic));
    v.mean_tolerance = tend__break_threshold(
        search, MOMENT_TOLERANCE, tend__break_natural(search, column_idx, mean_statistic));
    v.is_shape_seen = is_shape_seen(&v);
    struct fit fit = search_fits(&v, before, natural, tend__break_has_history(search));
    if (!isfinite(fit.score)) {
        TEND_TRY(search_rows(&v, &fit, err));
    }
    return isfinite(fit.score) ? report(search, column_idx, &fit, before / threshold, err)
                               : TEND_OK;
}

enum tend_code tend__break_find_unit(struct tend__break_search *search, struct tend_error *err)
{
    for (size_t i = 0; i < search->column_count; i++) {
        if (tend__plan_column(search->plan, i)->type == TEND_TYPE_NUMBER &&
            !tend__break_is_explained(search, i) &&
            tend__profile_value_count(search->ref, i) >= TEND__BREAK_VALUES_MIN &&
            tend__profile_value_count(search->cur, i) >= TEND__BREAK_VALUES_MIN) {
            TEND_TRY(find_column(search, i, err));
        }
    }
    return TEND_OK;
}
