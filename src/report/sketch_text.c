/* SPDX-License-Identifier: Apache-2.0 */
/* sketch_text.c: the sketches of a profile for people and programs; see sketch_text.h. */
#include "report/sketch_text.h"

#include "base/mem.h"
#include "report/column_view.h"

#include <math.h>

#define BOUND_SDS 2.0 /* of the distinct counts that are shown: 95 % */
#define FREQUENT_SHOWN 10
#define TEXT_SHOWN 24

static const struct {
    const char *name;
    double p;
    bool in_table;
} quantiles[] = {{"p01", 0.01, false}, {"p05", 0.05, false}, {"p25", 0.25, true},
                 {"p50", 0.5, true},   {"p75", 0.75, true},  {"p95", 0.95, false},
                 {"p99", 0.99, true}};

static const struct {
    const char *name;
    double p;
} tails[] = {{"p0001", 0.0001}, {"p001", 0.001}, {"p999", 0.999}, {"p9999", 0.9999}};

static void write_distinct(const struct tend__hll *hll, struct tend__json_writer *w)
{
    double low = 0;
    double high = 0;
    tend__hll_bounds(hll, BOUND_SDS, &low, &high);
    tend__jsonw_key(w, "distinct");
    tend__jsonw_object_begin(w);
    tend__jsonw_member_number(w, "estimate", tend__hll_estimate(hll));
    tend__jsonw_member_number(w, "low", low);
    tend__jsonw_member_number(w, "high", high);
    tend__jsonw_object_end(w);
}

static void write_quantiles(const struct tend__kll *kll, enum tend_type type,
                            struct tend__json_writer *w)
{
    struct tend__kll_view *view = NULL;
    const enum tend_code code = tend__kll_view_new(kll, &view, NULL);
    if (code != TEND_OK) {
        w->buf->code = code;
        return;
    }
    tend__jsonw_key(w, "quantiles");
    tend__jsonw_object_begin(w);
    tend__jsonw_member_uint(w, "count", tend__kll_count(kll));
    tend__jsonw_member_number(w, "rank_error", tend__kll_rank_error(tend__kll_min_k(kll), false));
    for (size_t i = 0; i < TEND_ARRAY_LEN(quantiles); i++) {
        const double x = tend__kll_quantile(view, quantiles[i].p, true);
        if (type == TEND_TYPE_TIME && isfinite(x)) {
            tend__jsonw_member_time(w, quantiles[i].name, (int64_t)x);
        } else {
            tend__jsonw_member_number(w, quantiles[i].name, x);
        }
    }
    tend__jsonw_object_end(w);
    tend__kll_view_free(view);
}

/* The tails by relative error: what KLL's error in rank says nothing about. */
static void write_tails(const struct tend__ddsketch *ddsketch, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "tails");
    tend__jsonw_object_begin(w);
    tend__jsonw_member_number(w, "relative_error", tend__ddsketch_alpha(ddsketch));
    for (size_t i = 0; i < TEND_ARRAY_LEN(tails); i++) {
        tend__jsonw_member_number(w, tails[i].name, tend__ddsketch_quantile(ddsketch, tails[i].p));
    }
    tend__jsonw_object_end(w);
}

static void write_frequent(const struct tend__frequent *frequent, struct tend__json_writer *w)
{
    struct tend__frequent_row *rows = NULL;
    size_t count = 0;
    const enum tend_code code =
        tend__frequent_rows(frequent, tend__frequent_error(frequent), false, &rows, &count, NULL);
    if (code != TEND_OK) {
        w->buf->code = code;
        return;
    }
    tend__jsonw_key(w, "frequent");
    tend__jsonw_object_begin(w);
    tend__jsonw_member_uint(w, "count", tend__frequent_total(frequent));
    tend__jsonw_member_uint(w, "error", tend__frequent_error(frequent));
    tend__jsonw_key(w, "texts");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < count && i < FREQUENT_SHOWN; i++) {
        tend__jsonw_object_begin(w);
        tend__jsonw_key(w, "text");
        tend__jsonw_text_len(w, rows[i].text.ptr, rows[i].text.len);
        tend__jsonw_member_uint(w, "low", rows[i].low);
        tend__jsonw_member_uint(w, "high", rows[i].high);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
    tend__jsonw_object_end(w);
    tend__mem_free(rows);
}

void tend__sketches_json(const struct tend__column_sketches *sketches, enum tend_type type,
                         struct tend__json_writer *w)
{
    if (sketches == NULL) {
        return;
    }
    tend__jsonw_key(w, "sketches");
    tend__jsonw_object_begin(w);
    write_distinct(sketches->hll, w);
    if (sketches->kll != NULL) {
        write_quantiles(sketches->kll, type, w);
    }
    if (sketches->ddsketch != NULL) {
        write_tails(sketches->ddsketch, w);
    }
    if (sketches->frequent != NULL) {
        write_frequent(sketches->frequent, w);
    }
    tend__jsonw_object_end(w);
}

/* ---- table ---- */

/* "1,234", where that is all but sure, or "1,234 +-3.3%". */
static void add_distinct(const struct tend__hll *hll, struct tend__table *table)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    char error[TEND_NUMBER_TEXT_SIZE];
    const double estimate = round(tend__hll_estimate(hll));
    const double relative = BOUND_SDS * tend__hll_relative_error(hll);
    if (estimate * relative < 0.5) {
        tend__table_cell(table, TEND_TINT_PLAIN, "%s", tend__show_number(estimate, text));
    } else {
        tend__table_cell(table, TEND_TINT_PLAIN, "%s +-%s", tend__show_number(estimate, text),
                         tend__show_share(relative, error));
    }
}

static void add_value(double x, enum tend_type type, struct tend__table *table)
{
    char text[TEND_NUMBER_TEXT_SIZE] = "";
    if (isfinite(x)) {
        (void)(type == TEND_TYPE_TIME ? tend__show_time((int64_t)x, text)
                                      : tend__show_number(x, text));
    }
    tend__table_cell(table, TEND_TINT_PLAIN, "%s", text);
}

static enum tend_code add_quantiles(const struct tend__column_sketches *sketches,
                                    enum tend_type type, struct tend__table *table,
                                    struct tend_error *err)
{
    const struct tend__kll *kll = sketches->kll;
    struct tend__kll_view *view = NULL;
    if (kll != NULL) {
        TEND_TRY(tend__kll_view_new(kll, &view, err));
    }
    add_value(kll == NULL ? (double)NAN : tend__kll_min(kll), type, table);
    for (size_t i = 0; i < TEND_ARRAY_LEN(quantiles); i++) {
        if (quantiles[i].in_table) {
            add_value(kll == NULL ? (double)NAN : tend__kll_quantile(view, quantiles[i].p, true),
                      type, table);
        }
    }
    add_value(sketches->ddsketch == NULL ? (double)NAN
                                         : tend__ddsketch_quantile(sketches->ddsketch, 0.999),
              type, table);
    add_value(kll == NULL ? (double)NAN : tend__kll_max(kll), type, table);
    tend__kll_view_free(view);
    return TEND_OK;
}

/* The bytes of the first characters of a text, at most TEXT_SHOWN bytes. */
static int shown_len(const struct tend__text *text)
{
    size_t len = 0;
    while (len < text->len && len < TEXT_SHOWN) {
        const size_t step = tend__utf8_len(text->ptr + len, text->len - len);
        if (step == 0 || len + step > TEXT_SHOWN) {
            break;
        }
        len += step;
    }
    return (int)len;
}

/* The most frequent text and its share, where it is one for sure. */
static enum tend_code add_frequent(const struct tend__frequent *frequent, struct tend__table *table,
                                   struct tend_error *err)
{
    struct tend__frequent_row *rows = NULL;
    size_t count = 0;
    if (frequent != NULL) {
        TEND_TRY(tend__frequent_rows(frequent, tend__frequent_error(frequent), true, &rows, &count,
                                     err));
    }
    if (count > 0) {
        char share[TEND_NUMBER_TEXT_SIZE];
        const double low = (double)rows[0].low / (double)tend__frequent_total(frequent);
        tend__table_cell(table, TEND_TINT_DIM, "%.*s %s", shown_len(&rows[0].text),
                         rows[0].text.ptr, tend__show_share(low, share));
    } else {
        tend__table_cell(table, TEND_TINT_DIM, "%s", "");
    }
    tend__mem_free(rows);
    return TEND_OK;
}

static enum tend_code add_row(const char *name, enum tend_type type,
                              const struct tend__column_sketches *sketches,
                              struct tend__table *table, struct tend_error *err)
{
    if (sketches == NULL) {
        return TEND_OK;
    }
    tend__table_cell(table, TEND_TINT_BOLD, "%s", name);
    tend__table_cell(table, TEND_TINT_PLAIN, "%s", tend__column_kind(type));
    add_distinct(sketches->hll, table);
    TEND_TRY(add_quantiles(sketches, type, table, err));
    return add_frequent(sketches->frequent, table, err);
}

bool tend__profile_has_sketches(const struct tend__profile *profile)
{
    const size_t count = tend__plan_column_count(tend__profile_plan(profile));
    size_t new_count = 0;
    const struct tend__new_column *news = tend__profile_new_columns(profile, &new_count);
    for (size_t i = 0; i < count; i++) {
        if (tend__profile_sketches(profile, i) != NULL) {
            return true;
        }
    }
    for (size_t i = 0; i < new_count; i++) {
        if (news[i].sketches != NULL) {
            return true;
        }
    }
    return false;
}

enum tend_code tend__sketches_as_table(const struct tend__profile *profile,
                                       struct tend__table *table, struct tend_error *err)
{
    static const char *const titles[] = {"column", "kind", "distinct", "min", "p25",          "p50",
                                         "p75",    "p99",  "p99.9",    "max", "most frequent"};
    const struct tend__plan *plan = tend__profile_plan(profile);
    size_t new_count = 0;
    const struct tend__new_column *news = tend__profile_new_columns(profile, &new_count);
    for (size_t i = 0; i < TEND_ARRAY_LEN(titles); i++) {
        tend__table_add_column(table, titles[i], i > 1 && i < 10);
    }
    for (size_t i = 0; i < tend__plan_column_count(plan); i++) {
        const struct tend__plan_column *column = tend__plan_column(plan, i);
        TEND_TRY(
            add_row(column->name, column->type, tend__profile_sketches(profile, i), table, err));
    }
    for (size_t i = 0; i < new_count; i++) {
        TEND_TRY(add_row(news[i].name, news[i].type, news[i].sketches, table, err));
    }
    return tend__table_code(table, err);
}
