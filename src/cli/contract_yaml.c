/* SPDX-License-Identifier: Apache-2.0 */
/* contract_yaml.c: writes a contract for a person who has not seen one before. */
#include "cli/contract_yaml.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "report/render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool tend__yaml_is_plain(const char *name)
{
    static const char *const letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    static const char *const taken[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    for (size_t i = 0; i < TEND_ARRAY_LEN(taken); i++) {
        if (strcmp(name, taken[i]) == 0) {
            return false;
        }
    }
    return name[0] != '\0' && strspn(name, letters) == strlen(name) &&
           !(name[0] >= '0' && name[0] <= '9');
}

void tend__yaml_quoted(struct tend__buf *out, const char *text)
{
    struct tend__json_writer w;
    if (tend__yaml_is_plain(text)) {
        tend__buf_text(out, text);
        return;
    }
    tend__jsonw_init(&w, out, false);
    tend__jsonw_text(&w, text);
}

/* ---- values ---- */

/* ", key: 0.1%" */
static void add_share(struct tend__buf *out, const char *key, double share)
{
    if (share >= 0) {
        tend__buf_printf(out, ", %s: %.6g%%", key, share * 100);
    }
}

static void add_bound(struct tend__buf *out, const char *key, double bound)
{
    if (isfinite(bound)) {
        tend__buf_printf(out, ", %s: %.15g", key, bound + 0.0);
    }
}

static void add_day(struct tend__buf *out, const char *key, int64_t time_us)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    if (time_us != INT64_MIN && time_us != INT64_MAX) {
        tend__buf_printf(out, ", %s: %s", key, tend__show_time(time_us, text));
    }
}

static void add_values(struct tend__buf *out, const struct tend__contract_column *column)
{
    tend__buf_text(out, ", values: [");
    for (size_t i = 0; i < column->value_count; i++) {
        tend__buf_text(out, i > 0 ? ", " : "");
        if (column->numbers != NULL) {
            tend__buf_printf(out, "%.15g", column->numbers[i]);
        } else {
            tend__yaml_quoted(out, column->values[i]);
        }
    }
    tend__buf_char(out, ']');
}

static void add_length(struct tend__buf *out, const struct tend__contract_column *column)
{
    if (column->length_min > 0 && !(column->length_max > column->length_min)) {
        tend__buf_printf(out, ", length: %.0f", column->length_min);
    } else if (isfinite(column->length_max)) {
        tend__buf_printf(out, ", length: {");
        if (column->length_min > 0) {
            tend__buf_printf(out, "min: %.0f, ", column->length_min);
        }
        tend__buf_printf(out, "max: %.0f}", column->length_max);
    }
}

/* ---- comments: what was seen ---- */

static void add_counts(struct tend__buf *out, const struct tend__profile *profile, size_t idx,
                       const struct tend__infer *infer)
{
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), idx);
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    char text[TEND_NUMBER_TEXT_SIZE];
    if (column->null_count > 0 && column->row_count > 0) {
        tend__buf_printf(
            out, "; %s null",
            tend__show_share((double)column->null_count / (double)column->row_count, text));
    }
    if (plan->type == TEND_TYPE_TEXT && column->cells[plan->category_count] == 0) {
        tend__buf_printf(out, "; %s different value%s",
                         tend__show_number((double)plan->category_count, text),
                         plan->category_count == 1 ? "" : "s");
    } else if (plan->type == TEND_TYPE_TEXT && plan->category_count == 0) {
        tend__buf_text(out, "; too many different values to list");
    } else if (plan->type == TEND_TYPE_TEXT) {
        tend__buf_printf(out, "; more than %s different values",
                         tend__show_number((double)plan->category_count, text));
    }
    if (tend__infer_is_unique(infer, plan->name)) {
        tend__buf_text(out, "; every value differs");
    }
}

static void add_seen(struct tend__buf *out, const struct tend__profile *profile, size_t idx,
                     const struct tend__infer *infer)
{
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), idx);
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    char text[2][TEND_NUMBER_TEXT_SIZE];
    struct tend__buf seen;
    tend__buf_init(&seen, 4096);
    if (plan->type == TEND_TYPE_NUMBER && isfinite(column->min)) {
        tend__buf_printf(&seen, "; %s to %s", tend__show_number(column->min, text[0]),
                         tend__show_number(column->max, text[1]));
    } else if (plan->type == TEND_TYPE_TIME && column->min_us <= column->max_us) {
        tend__buf_printf(&seen, "; %s to %s", tend__show_time(column->min_us, text[0]),
                         tend__show_time(column->max_us, text[1]));
    } else if (plan->type == TEND_TYPE_NULL || column->null_count == column->row_count) {
        tend__buf_text(&seen, "; no value");
    }
    add_counts(&seen, profile, idx, infer);
    if (seen.len > 2) {
        tend__buf_printf(out, "   # seen: %s", tend__buf_str(&seen) + 2);
    }
    tend__buf_char(out, '\n');
    tend__buf_deinit(&seen);
}

/* ---- the section ---- */

static void add_column(struct tend__buf *out, const struct tend__contract_column *column,
                       const struct tend__profile *profile, size_t idx,
                       const struct tend__infer *infer)
{
    struct tend__buf words;
    tend__buf_init(&words, out->max);
    if (column->has_type) {
        tend__buf_printf(&words, ", type: %s", tend__type_text(column->type));
    }
    add_share(&words, "nulls", column->null_max);
    add_share(&words, "nan", column->nan_max);
    add_bound(&words, "min", column->low);
    add_bound(&words, "max", column->high);
    add_day(&words, "min", column->low_us);
    add_day(&words, "max", column->high_us);
    tend__buf_text(&words, column->is_whole ? ", whole: true" : "");
    if (column->value_count > 0) {
        add_values(&words, column);
        add_share(&words, "other", column->other_max);
    }
    if (column->like != NULL) {
        tend__buf_text(&words, ", like: ");
        tend__yaml_quoted(&words, column->like);
    }
    add_length(&words, column);
    tend__buf_text(&words, column->is_unique ? ", unique: true" : "");
    tend__buf_text(out, "    ");
    tend__yaml_quoted(out, column->name);
    tend__buf_text(out, ": {");
    tend__buf_add(out, tend__buf_str(&words) + (words.len > 2 ? 2 : 0),
                  words.len > 2 ? words.len - 2 : 0);
    tend__buf_char(out, '}');
    add_seen(out, profile, idx, infer);
    tend__buf_deinit(&words);
}

static void add_names(struct tend__buf *out, char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tend__buf_text(out, i > 0 ? ", " : "");
        tend__yaml_quoted(out, names[i]);
    }
}

static void add_relations(struct tend__buf *out, const struct tend__contract *contract)
{
    if (contract->key_count > 0) {
        tend__buf_text(out, "  keys:   # no two rows agree in all of these columns\n");
    } else {
        tend__buf_text(out, "  keys: []   # columns in which no two rows agree, such as [[store, "
                            "day]]\n");
    }
    for (size_t i = 0; i < contract->key_count; i++) {
        tend__buf_text(out, "    - [");
        add_names(out, contract->keys[i].columns, contract->keys[i].column_count);
        tend__buf_text(out, "]\n");
    }
    tend__buf_text(out, "  references: []   # values that another file has, such as {columns: "
                        "origin, data: airports.csv, to: code}\n");
    if (contract->dependency_count > 0) {
        tend__buf_text(out, "  dependencies:   # rows that agree in 'on' agree in 'column'\n");
    }
    for (size_t i = 0; i < contract->dependency_count; i++) {
        tend__buf_text(out, "    - {column: ");
        tend__yaml_quoted(out, contract->dependencies[i].column);
        tend__buf_text(out, ", on: [");
        add_names(out, contract->dependencies[i].columns, contract->dependencies[i].column_count);
        tend__buf_text(out, "]}\n");
    }
}

void tend__contract_yaml(const struct tend__contract *contract, const struct tend__profile *profile,
                         const struct tend__infer *infer, struct tend__buf *out)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    tend__buf_text(out, "contract:   # what new data must be like; 'tend check DATA' checks it. "
                        "docs/contracts.md has every word\n");
    tend__buf_printf(
        out,
        "  max_failures: %.6g%%   # share of rows that may break a bound, a pattern or "
        "a rule before it counts\n",
        contract->failure_max * 100);
    tend__buf_printf(out, "  # rows: {min: 1}   # seen: %s rows\n",
                     tend__show_number((double)tend__profile_row_count(profile), text));
    tend__buf_text(out, "  extra_columns: allowed   # forbidden: a column that is not named below "
                        "is a violation\n");
    tend__buf_text(out, "  columns:   # bounds leave room around what was seen: tighten them where "
                        "you know better\n");
    for (size_t i = 0; i < contract->column_count; i++) {
        add_column(out, &contract->columns[i], profile, i, infer);
    }
    add_relations(out, contract);
    if (contract->rule_count == 0) {
        tend__buf_text(out, "  rules: []   # such as {name: paid, expr: amount >= 0, max_failures: "
                            "0.1%}, {name: rate, avg: late, max: 0.4}\n");
        return;
    }
    tend__buf_text(out,
                   "  rules:   # held in every row that was seen; also {name: rate, avg: late, "
                   "max: 0.4}\n");
    for (size_t i = 0; i < contract->rule_count; i++) {
        tend__buf_text(out, "    - {name: ");
        tend__yaml_quoted(out, contract->rules[i].name);
        tend__buf_text(out, ", expr: ");
        tend__yaml_quoted(out, contract->rules[i].expr);
        tend__buf_text(out, "}\n");
    }
}
