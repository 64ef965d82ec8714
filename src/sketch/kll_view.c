/* SPDX-License-Identifier: Apache-2.0 */
/* kll_view.c: ranks and quantiles of a KLL sketch: its items in order, weights summed up. */
#include "sketch/kll.h"

#include "base/mem.h"
#include "sketch/kll_inner.h"
#include "sketch/sort_f64.h"

#include <math.h>
#include <string.h>

struct entry {
    double value;
    uint64_t weight; /* of this and all before it, once the view is made */
};

struct tend__kll_view {
    struct entry *entries;
    struct entry *other; /* room for merging */
    size_t count;
    uint64_t total;
    double error;
};

static void merge_run(struct tend__kll_view *view, const double *run, size_t len, uint64_t weight)
{
    const struct entry *old = view->entries;
    struct entry *out = view->other;
    size_t i = 0;
    size_t j = 0;
    while (i < view->count || j < len) {
        if (j == len || (i < view->count && old[i].value <= run[j])) {
            *out++ = old[i++];
        } else {
            *out++ = (struct entry){.value = run[j++], .weight = weight};
        }
    }
    view->count += len;
    view->other = view->entries;
    view->entries = out - view->count;
}

/* Levels are sorted; the buffer and the pending block are sorted in a copy. */
static enum tend_code fill_view(struct tend__kll_view *view, const struct tend__kll *kll,
                                struct tend_error *err)
{
    const size_t loose = kll->buffer_count + kll->pending_count;
    double *copy = NULL;
    uint64_t *keys = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(loose, sizeof(*copy), &copy, err));
    TEND_TRY_OUT(tend__mem_new(2 * loose, sizeof(*keys), &keys, err));
    memcpy(copy, kll->buffer, kll->buffer_count * sizeof(*copy));
    memcpy(copy + kll->buffer_count, kll->pending, kll->pending_count * sizeof(*copy));
    tend__sort_f64(copy, kll->buffer_count, keys);
    merge_run(view, copy, kll->buffer_count, UINT64_C(1) << kll->lg_w);
    tend__sort_f64(copy + kll->buffer_count, kll->pending_count, keys);
    merge_run(view, copy + kll->buffer_count, kll->pending_count, 1);
    for (uint32_t h = 0; h < kll->level_count; h++) {
        merge_run(view, kll->items + kll->offsets[h], kll->offsets[h + 1] - kll->offsets[h],
                  UINT64_C(1) << h);
    }
    for (size_t i = 1; i < view->count; i++) {
        view->entries[i].weight += view->entries[i - 1].weight;
    }
    view->total = kll->count;
    view->error = tend__kll_rank_error(kll->min_k, false);
    TEND_ASSERT(view->count == 0 || view->entries[view->count - 1].weight == kll->count);
out:
    tend__mem_free(keys);
    tend__mem_free(copy);
    return code;
}

enum tend_code tend__kll_view_new(const struct tend__kll *kll, struct tend__kll_view **out,
                                  struct tend_error *err)
{
    const size_t cap = kll->buffer_count + kll->pending_count + kll->offsets[kll->level_count];
    struct tend__kll_view *view = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(1, sizeof(*view), &view, err));
    TEND_TRY_OUT(tend__mem_new(cap, sizeof(*view->entries), &view->entries, err));
    TEND_TRY_OUT(tend__mem_new(cap, sizeof(*view->other), &view->other, err));
    TEND_TRY_OUT(fill_view(view, kll, err));
    tend__mem_free(view->other);
    view->other = NULL;
    *out = view;
    return TEND_OK;
out:
    tend__kll_view_free(view);
    return code;
}

void tend__kll_view_free(struct tend__kll_view *view)
{
    if (view == NULL) {
        return;
    }
    tend__mem_free(view->entries);
    tend__mem_free(view->other);
    tend__mem_free(view);
}

double tend__kll_rank(const struct tend__kll_view *view, double x, bool inclusive)
{
    if (view->count == 0 || isnan(x)) {
        return (double)NAN;
    }
    size_t low = 0; /* entries before low are counted, those from high on are not */
    size_t high = view->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const double value = view->entries[middle].value;
        if (value < x || (inclusive && value == x)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? 0.0 : (double)view->entries[low - 1].weight / (double)view->total;
}

double tend__kll_quantile(const struct tend__kll_view *view, double rank, bool inclusive)
{
    if (view->count == 0 || !(rank >= 0.0 && rank <= 1.0)) {
        return (double)NAN;
    }
    const double weight = rank * (double)view->total;
    const uint64_t aim = (uint64_t)(inclusive ? ceil(weight) : weight);
    size_t low = 0;
    size_t high = view->count - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const uint64_t sum = view->entries[middle].weight;
        if (sum < aim || (!inclusive && sum == aim)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return view->entries[low].value;
}

void tend__kll_quantile_bounds(const struct tend__kll_view *view, double rank, double *low,
                               double *high)
{
    *low = tend__kll_quantile(view, fmax(0.0, rank - view->error), true);
    *high = tend__kll_quantile(view, fmin(1.0, rank + view->error), true);
}
