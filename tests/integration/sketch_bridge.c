/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sketch_bridge.c: the sketches of libtend as a shared library, for tests from Python (ctypes).
 *
 * One kind of handle for all: what is asked of a sketch that has no answer gives NaN. Failures are
 * negative codes, and bridge_error() has their text.
 */
#include "base/mem.h"
#include "sketch/ddsketch.h"
#include "sketch/frequent.h"
#include "sketch/hll.h"
#include "sketch/kll.h"

#include <math.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define BYTES_MAX ((size_t)1 << 28)

enum kind { KLL, HLL, FREQUENT, DDSKETCH };

struct bridge {
    enum kind kind;
    struct tend__kll *kll;
    struct tend__hll *hll;
    struct tend__frequent *frequent;
    struct tend__ddsketch *ddsketch;
    struct tend__buf bytes;
};

static struct tend_error last_error;

EXPORT const char *bridge_error(void);
EXPORT struct bridge *bridge_new(int kind, double a, uint64_t b, int c);
EXPORT struct bridge *bridge_read(int kind, const void *bytes, size_t len);
EXPORT void bridge_free(struct bridge *bridge);
EXPORT void bridge_add(struct bridge *bridge, const double *x, size_t n);
EXPORT void bridge_add_ints(struct bridge *bridge, const int64_t *x, size_t n);
EXPORT int bridge_add_text(struct bridge *bridge, const char *bytes, size_t len, uint64_t weight);
EXPORT int bridge_add_texts(struct bridge *bridge, const char *bytes, const int64_t *offsets,
                            size_t n);
EXPORT int bridge_merge(struct bridge *into, const struct bridge *from);
EXPORT const char *bridge_write(struct bridge *bridge, size_t *len);
EXPORT double bridge_ask(const struct bridge *bridge, int question, double x);
EXPORT uint64_t bridge_weight(const struct bridge *bridge, const char *bytes, size_t len, int high);

const char *bridge_error(void)
{
    return last_error.text;
}

static struct bridge *checked(struct bridge *bridge, enum tend_code code)
{
    if (code != TEND_OK) {
        bridge_free(bridge);
        return NULL;
    }
    return bridge;
}

static struct bridge *make(int kind)
{
    struct bridge *bridge = NULL;
    if (tend__mem_new(1, sizeof(*bridge), &bridge, &last_error) == TEND_OK) {
        bridge->kind = (enum kind)kind;
        tend__buf_init(&bridge->bytes, BYTES_MAX);
    }
    return bridge;
}

/* KLL: k, seed, every value. HLL: lg_k, type, in order. FREQUENT: lg_max. DDSKETCH: alpha, buckets.
 */
struct bridge *bridge_new(int kind, double a, uint64_t b, int c)
{
    struct bridge *bridge = make(kind);
    const struct tend__kll_options kll = {.k = (uint32_t)a, .seed = b, .every_value = c != 0};
    const struct tend__hll_options hll = {
        .lg_k = (uint32_t)a, .type = (enum tend__hll_type)b, .in_order = c != 0};
    const struct tend__ddsketch_options ddsketch = {.alpha = a, .bucket_max = (size_t)b};
    switch (bridge->kind) {
    case KLL:
        return checked(bridge, tend__kll_new(&kll, &bridge->kll, &last_error));
    case HLL:
        return checked(bridge, tend__hll_new(&hll, &bridge->hll, &last_error));
    case FREQUENT:
        return checked(bridge, tend__frequent_new((uint32_t)a, &bridge->frequent, &last_error));
    case DDSKETCH:
        break;
    }
    return checked(bridge, tend__ddsketch_new(&ddsketch, &bridge->ddsketch, &last_error));
}

struct bridge *bridge_read(int kind, const void *bytes, size_t len)
{
    struct bridge *bridge = make(kind);
    switch (bridge->kind) {
    case KLL:
        return checked(bridge, tend__kll_read(bytes, len, NULL, &bridge->kll, &last_error));
    case HLL:
        return checked(bridge, tend__hll_read(bytes, len, &bridge->hll, &last_error));
    case FREQUENT:
        return checked(bridge, tend__frequent_read(bytes, len, &bridge->frequent, &last_error));
    case DDSKETCH:
        break;
    }
    return checked(bridge, tend__ddsketch_read(bytes, len, 0, &bridge->ddsketch, &last_error));
}

void bridge_free(struct bridge *bridge)
{
    if (bridge != NULL) {
        tend__kll_free(bridge->kll);
        tend__hll_free(bridge->hll);
        tend__frequent_free(bridge->frequent);
        tend__ddsketch_free(bridge->ddsketch);
        tend__buf_deinit(&bridge->bytes);
        tend__mem_free(bridge);
    }
}

void bridge_add(struct bridge *bridge, const double *x, size_t n)
{
    if (bridge->kll != NULL) {
        tend__kll_add_many(bridge->kll, x, n);
    } else if (bridge->hll != NULL) {
        tend__hll_add_doubles(bridge->hll, x, n);
    } else {
        tend__ddsketch_add_many(bridge->ddsketch, x, n);
    }
}

void bridge_add_ints(struct bridge *bridge, const int64_t *x, size_t n)
{
    tend__hll_add_ints(bridge->hll, x, n);
}

int bridge_add_text(struct bridge *bridge, const char *bytes, size_t len, uint64_t weight)
{
    if (bridge->hll != NULL) {
        tend__hll_add_bytes(bridge->hll, bytes, len);
        return 0;
    }
    return -(int)tend__frequent_add(bridge->frequent, bytes, len, weight, &last_error);
}

/* Text i is bytes[offsets[i]] .. bytes[offsets[i + 1]]. */
int bridge_add_texts(struct bridge *bridge, const char *bytes, const int64_t *offsets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int code =
            bridge_add_text(bridge, bytes + offsets[i], (size_t)(offsets[i + 1] - offsets[i]), 1);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

int bridge_merge(struct bridge *into, const struct bridge *from)
{
    switch (into->kind) {
    case KLL:
        return -(int)tend__kll_merge(into->kll, from->kll, &last_error);
    case HLL:
        tend__hll_merge(into->hll, from->hll);
        return 0;
    case FREQUENT:
        return -(int)tend__frequent_merge(into->frequent, from->frequent, &last_error);
    case DDSKETCH:
        break;
    }
    return -(int)tend__ddsketch_merge(into->ddsketch, from->ddsketch, &last_error);
}

static enum tend_code write_bytes(struct bridge *bridge)
{
    switch (bridge->kind) {
    case KLL:
        return tend__kll_write(bridge->kll, &bridge->bytes, &last_error);
    case HLL:
        return tend__hll_write(bridge->hll, &bridge->bytes, &last_error);
    case FREQUENT:
        return tend__frequent_write(bridge->frequent, &bridge->bytes, &last_error);
    case DDSKETCH:
        break;
    }
    return tend__ddsketch_write(bridge->ddsketch, &bridge->bytes, &last_error);
}

const char *bridge_write(struct bridge *bridge, size_t *len)
{
    tend__buf_reset(&bridge->bytes);
    if (write_bytes(bridge) != TEND_OK) {
        return NULL;
    }
    *len = bridge->bytes.len;
    return tend__buf_str(&bridge->bytes);
}

/* 0 count, 1 smallest, 2 largest, 3 rank below x, 4 rank up to x, 5 quantile (inclusive), 6 and 7
 * its bounds, 8 quantile (exclusive), 9 the smallest k that went in. */
static double ask_kll(const struct tend__kll *kll, int question, double x)
{
    struct tend__kll_view *view = NULL;
    double answer = (double)NAN;
    double other = 0;
    if (question < 3 || question == 9) {
        return question == 0   ? (double)tend__kll_count(kll)
               : question == 1 ? tend__kll_min(kll)
               : question == 2 ? tend__kll_max(kll)
                               : (double)tend__kll_min_k(kll);
    }
    if (tend__kll_view_new(kll, &view, &last_error) != TEND_OK) {
        return answer;
    }
    if (question == 3 || question == 4) {
        answer = tend__kll_rank(view, x, question == 4);
    } else if (question == 5 || question == 8) {
        answer = tend__kll_quantile(view, x, question == 5);
    } else if (question == 6) {
        tend__kll_quantile_bounds(view, x, &answer, &other);
    } else if (question == 7) {
        tend__kll_quantile_bounds(view, x, &other, &answer);
    }
    tend__kll_view_free(view);
    return answer;
}

double bridge_ask(const struct bridge *bridge, int question, double x)
{
    double low = 0;
    double high = 0;
    switch (bridge->kind) {
    case KLL:
        return ask_kll(bridge->kll, question, x);
    case HLL: /* 0 estimate, 1 and 2 bounds of x standard errors */
        tend__hll_bounds(bridge->hll, x, &low, &high);
        return question == 0 ? tend__hll_estimate(bridge->hll) : question == 1 ? low : high;
    case FREQUENT: /* 0 total, 1 error, 2 counters */
        return question == 0   ? (double)tend__frequent_total(bridge->frequent)
               : question == 1 ? (double)tend__frequent_error(bridge->frequent)
                               : (double)tend__frequent_count(bridge->frequent);
    case DDSKETCH: /* 0 count, 5 quantile */
        break;
    }
    return question == 0 ? (double)tend__ddsketch_count(bridge->ddsketch)
                         : tend__ddsketch_quantile(bridge->ddsketch, x);
}

uint64_t bridge_weight(const struct bridge *bridge, const char *bytes, size_t len, int high)
{
    const struct tend__frequent_row row = tend__frequent_of(bridge->frequent, bytes, len);
    return high != 0 ? row.high : row.low;
}
