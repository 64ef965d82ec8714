/* SPDX-License-Identifier: Apache-2.0 */
/* contract_report.c: conditions of a contract in words, for a terminal, and as JSON;
 * contract_html.c is the page. */
#include "report/contract_report.h"

#include "base/civil.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

#define EXAMPLES_SHOWN 3

/* ---- words ---- */

/* "0.04%", "12.3%": two digits where it is small. */
static void add_share(struct tend__buf *out, double share)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    if (share > 0 && share < 0.001) {
        tend__buf_printf(out, "%.2g%%", share * 100);
    } else {
        tend__buf_text(out, tend__show_share(share, text));
    }
}

/* "4 of 9,999 values (0.04%)", "about 4,000 of ..." of a sample. */
static void add_count(struct tend__buf *out, const struct tend__contract_result *result,
                      const char *noun)
{
    char text[2][TEND_NUMBER_TEXT_SIZE];
    tend__buf_printf(out, "%s%s of %s %s (", result->is_estimated ? "about " : "",
                     tend__show_number(result->row_count, text[0]),
                     tend__show_number(result->asked_count, text[1]), noun);
    add_share(out, result->share);
    tend__buf_char(out, ')');
}

static void add_allowed(struct tend__buf *out, const struct tend__contract_result *result)
{
    if (!(result->share_max > 0)) {
        tend__buf_text(out, "; none may");
        return;
    }
    tend__buf_text(out, "; at most ");
    add_share(out, result->share_max);
    tend__buf_text(out, " may");
}

/* "0 to 100", "at least 0", "at most 100". */
static void add_bounds(struct tend__buf *out, double low, double high)
{
    char text[2][TEND_NUMBER_TEXT_SIZE];
    if (isfinite(low) && isfinite(high) && low >= high) {
        tend__buf_printf(out, "exactly %s", tend__show_number(low, text[0]));
    } else if (isfinite(low) && isfinite(high)) {
        tend__buf_printf(out, "%s to %s", tend__show_number(low, text[0]),
                         tend__show_number(high, text[1]));
    } else if (isfinite(low)) {
        tend__buf_printf(out, "at least %s", tend__show_number(low, text[0]));
    } else {
        tend__buf_printf(out, "at most %s", tend__show_number(high, text[0]));
    }
}

static void add_times(struct tend__buf *out, const struct tend__contract_result *result)
{
    char text[2][TEND_NUMBER_TEXT_SIZE];
    if (result->low_us != INT64_MIN && result->high_us != INT64_MAX) {
        tend__buf_printf(out, "%s to %s", tend__show_time(result->low_us, text[0]),
                         tend__show_time(result->high_us, text[1]));
    } else if (result->low_us != INT64_MIN) {
        tend__buf_printf(out, "%s or later", tend__show_time(result->low_us, text[0]));
    } else {
        tend__buf_printf(out, "%s or earlier", tend__show_time(result->high_us, text[1]));
    }
}

static void add_range(struct tend__buf *out, const struct tend__contract_result *result)
{
    add_count(out, result, "values");
    tend__buf_text(out, result->row_count > 0 && result->row_count < 2 ? " is not " : " are not ");
    if (result->times) {
        add_times(out, result);
    } else {
        add_bounds(out, result->low, result->high);
    }
    add_allowed(out, result);
}

static void add_type(struct tend__buf *out, const struct tend__contract_result *result)
{
    tend__buf_printf(out, "is %s, not %s", tend__type_text(result->found),
                     tend__type_text(result->wanted));
    if (result->found != TEND_TYPE_TEXT) {
        return;
    }
    tend__buf_text(out, ": ");
    if (result->row_count > 0) {
        add_count(out, result, "values");
        tend__buf_printf(out, " do not read as one");
    } else {
        tend__buf_text(out, "every value reads as one, but stands as text");
    }
}

/* "conversion is 0.3; must be 0.01 to 0.2". */
static void add_figure(struct tend__buf *out, const struct tend__contract_result *result,
                       const char *what)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    if (isnan(result->value)) {
        tend__buf_printf(out, "%s has no value: no row has one", what);
    } else {
        tend__buf_printf(out, "%s is %s%s", what, result->is_estimated ? "about " : "",
                         tend__show_number(result->value, text));
    }
    tend__buf_text(out, "; must be ");
    add_bounds(out, result->low, result->high);
    if (result->kind == TEND_CONTRACT_AGGREGATE && result->row_count > 0) {
        tend__buf_printf(out, " (it fails on %s rows)", tend__show_number(result->row_count, text));
    }
}

/* "12 values (1.2%) ..." with what they are. */
static void add_counted(struct tend__buf *out, const struct tend__contract_result *result,
                        const char *noun, const char *verb, const char *rest)
{
    static const char *const verbs[][2] = {
        {"are", "is"}, {"have", "has"}, {"repeat", "repeats"}, {"break", "breaks"}};
    const bool is_one = result->row_count > 0 && result->row_count < 2;
    const size_t len = strcspn(verb, " ");
    const char *shown = NULL;
    for (size_t i = 0; is_one && i < TEND_ARRAY_LEN(verbs); i++) {
        if (strlen(verbs[i][0]) == len && strncmp(verb, verbs[i][0], len) == 0) {
            shown = verbs[i][1];
        }
    }
    add_count(out, result, noun);
    if (shown != NULL) {
        tend__buf_printf(out, " %s%s%s", shown, verb + len, rest);
    } else {
        tend__buf_printf(out, " %s%s", verb, rest);
    }
    add_allowed(out, result);
}

void tend__contract_words(const struct tend__contract_result *result, struct tend__buf *out)
{
    if (result->why[0] != '\0') {
        tend__buf_printf(out, "cannot be judged: %s", result->why);
        return;
    }
    switch (result->kind) {
    case TEND_CONTRACT_ROW_COUNT:
        add_figure(out, result, "the number of rows");
        return;
    case TEND_CONTRACT_MISSING_COLUMN:
        tend__buf_text(out, "the column is not there");
        return;
    case TEND_CONTRACT_EXTRA_COLUMN:
        tend__buf_text(out, "a column that the contract does not name");
        return;
    case TEND_CONTRACT_TYPE:
        add_type(out, result);
        return;
    case TEND_CONTRACT_NULLS:
        add_counted(out, result, "rows", "are null", "");
        return;
    case TEND_CONTRACT_NOT_FINITE:
        add_counted(out, result, "values", "are NaN or infinite", "");
        return;
    case TEND_CONTRACT_RANGE:
        add_range(out, result);
        return;
    case TEND_CONTRACT_NOT_WHOLE:
        add_counted(out, result, "values", "have a fraction", "");
        return;
    case TEND_CONTRACT_VALUES:
        add_counted(out, result, "values", "are not in the list", "");
        return;
    case TEND_CONTRACT_PATTERN:
        add_counted(out, result, "values", "are not like ", result->text);
        return;
    case TEND_CONTRACT_LENGTH:
        add_count(out, result, "values");
        tend__buf_text(out, " do not have ");
        add_bounds(out, result->low > 0 ? result->low : -(double)INFINITY, result->high);
        tend__buf_text(out, " characters");
        add_allowed(out, result);
        return;
    case TEND_CONTRACT_DISTINCT:
        add_figure(out, result, "the number of different values");
        return;
    case TEND_CONTRACT_UNIQUE:
        add_counted(out, result, "rows", "repeat an earlier row", "");
        return;
    case TEND_CONTRACT_REFERENCE:
        add_counted(out, result, "rows", "are not in ", result->text);
        return;
    case TEND_CONTRACT_DEPENDENCY:
        add_count(out, result, "rows");
        tend__buf_printf(out, " have another %s than the first row that agrees with them",
                         result->text);
        add_allowed(out, result);
        return;
    case TEND_CONTRACT_RULE:
        add_counted(out, result, "rows", "break ", result->text);
        return;
    case TEND_CONTRACT_AGGREGATE:
        add_figure(out, result, result->text);
        return;
    }
}

void tend__contract_example_words(const struct tend__contract_result *result, size_t max,
                                  struct tend__buf *out)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < result->example_count && i < max; i++) {
        const struct tend__contract_example *example = &result->examples[i];
        tend__buf_printf(out, "%srow %s", i > 0 ? "; " : "",
                         tend__show_number((double)example->row, text));
        if (example->earlier_row > 0) {
            tend__buf_printf(out, " repeats row %s",
                             tend__show_number((double)example->earlier_row, text));
        }
        if (result->kind != TEND_CONTRACT_NULLS) {
            tend__buf_printf(out, ": %s", example->value);
        }
    }
}

/* ---- text ---- */

static void print_violation(const struct tend__contract_result *result,
                            const struct tend__text_style *style, struct tend__buf *out)
{
    struct tend__buf text;
    char time[2][TEND_NUMBER_TEXT_SIZE];
    tend__buf_init(&text, (size_t)1 << 18);
    tend__buf_text(out, "  ");
    tend__tinted(out, TEND_TINT_BAD, style->colours, "%-14s",
                 tend__contract_kind_text(result->kind));
    tend__buf_printf(&text, " %s%s", result->subject, result->subject[0] != '\0' ? ": " : "");
    tend__contract_words(result, &text);
    tend__clean_text(out, tend__buf_str(&text), text.len);
    tend__buf_char(out, '\n');
    tend__buf_reset(&text);
    if (result->has_since) {
        tend__buf_printf(&text, "since %s, until %s", tend__show_time(result->since_us, time[0]),
                         tend__show_time(result->until_us, time[1]));
    }
    if (result->example_count > 0) {
        tend__buf_text(&text, text.len > 0 ? "; " : "");
        tend__contract_example_words(result, EXAMPLES_SHOWN, &text);
    }
    if (text.len > 0) {
        tend__buf_printf(out, "  %-14s ", "");
        tend__tint_begin(out, TEND_TINT_DIM, style->colours);
        tend__clean_text(out, tend__buf_str(&text), text.len);
        tend__tint_end(out, TEND_TINT_DIM, style->colours);
        tend__buf_char(out, '\n');
    }
    tend__buf_deinit(&text);
}

enum tend_code tend__contract_text(const struct tend__contract_outcome *outcome,
                                   const struct tend__text_style *style, struct tend__buf *out,
                                   struct tend_error *err)
{
    size_t *order = NULL;
    if (!outcome->is_there || outcome->violated_count == 0) {
        return TEND_OK;
    }
    TEND_TRY(tend__mem_new(outcome->count, sizeof(*order), &order, err));
    const size_t count = tend__contract_rank(outcome, order);
    tend__buf_printf(out, "\ncontract of %s: %zu of %zu conditions violated\n", outcome->source,
                     count, outcome->count);
    for (size_t i = 0; i < count; i++) {
        print_violation(&outcome->results[order[i]], style, out);
    }
    tend__mem_free(order);
    return tend__buf_code(out, err);
}

enum tend_code tend__contract_alone_text(const struct tend__contract_outcome *outcome,
                                         const char *data, const struct tend__text_style *style,
                                         struct tend__buf *out, struct tend_error *err)
{
    char text[TEND_NUMBER_TEXT_SIZE];
    const bool is_fine = outcome->violated_count == 0;
    tend__tinted(out, is_fine ? TEND_TINT_GOOD : TEND_TINT_BAD, style->colours, "%s",
                 is_fine ? "ok" : "violation");
    tend__buf_printf(out, ": %s (%s rows) ", data,
                     tend__show_number((double)outcome->row_count, text));
    if (is_fine) {
        tend__buf_printf(out, "keeps the contract of %s: %zu condition%s held\n", outcome->source,
                         outcome->count, outcome->count == 1 ? "" : "s");
    } else {
        tend__buf_printf(out, "does not keep the contract of %s\n", outcome->source);
    }
    return tend__contract_text(outcome, style, out, err);
}

/* ---- JSON ---- */

static void write_time(struct tend__json_writer *w, const char *key, bool is_known, int64_t time_us)
{
    char text[TEND_TIME_TEXT_SIZE];
    if (is_known) {
        tend__time_text(time_us, text);
    }
    tend__jsonw_member_text(w, key, is_known ? text : NULL);
}

static void write_examples(const struct tend__contract_result *result, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "examples");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < result->example_count; i++) {
        const struct tend__contract_example *example = &result->examples[i];
        tend__jsonw_object_begin(w);
        tend__jsonw_member_uint(w, "row", example->row);
        if (example->earlier_row > 0) {
            tend__jsonw_member_uint(w, "earlier_row", example->earlier_row);
        }
        tend__jsonw_member_text(w, "value", example->value);
        tend__jsonw_object_end(w);
    }
    tend__jsonw_array_end(w);
}

static void write_violation(const struct tend__contract_result *result, struct tend__json_writer *w)
{
    struct tend__buf words;
    tend__buf_init(&words, (size_t)1 << 18);
    tend__contract_words(result, &words);
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "kind", tend__contract_kind_text(result->kind));
    const bool is_rule =
        result->kind == TEND_CONTRACT_RULE || result->kind == TEND_CONTRACT_AGGREGATE;
    tend__jsonw_member_text(w, is_rule ? "rule" : "column",
                            result->subject[0] != '\0' ? result->subject : NULL);
    if (result->text[0] != '\0') {
        tend__jsonw_member_text(w, "of", result->text);
    }
    tend__jsonw_member_text(w, "words", tend__buf_str(&words));
    tend__jsonw_member_number(w, "rows", result->row_count);
    tend__jsonw_member_number(w, "asked", result->asked_count);
    tend__jsonw_member_number(w, "share", result->share);
    tend__jsonw_member_number(w, "share_max", result->share_max);
    tend__jsonw_member_bool(w, "estimated", result->is_estimated);
    tend__jsonw_member_number(w, "value", result->value);
    if (result->times) {
        write_time(w, "min", result->low_us != INT64_MIN, result->low_us);
        write_time(w, "max", result->high_us != INT64_MAX, result->high_us);
    } else {
        tend__jsonw_member_number(w, "min", result->low);
        tend__jsonw_member_number(w, "max", result->high);
    }
    if (result->kind == TEND_CONTRACT_TYPE) {
        tend__jsonw_member_text(w, "wanted", tend__type_text(result->wanted));
        tend__jsonw_member_text(w, "found", tend__type_text(result->found));
    }
    write_time(w, "since", result->has_since, result->since_us);
    write_time(w, "until", result->has_since, result->until_us);
    tend__jsonw_member_text(w, "why", result->why[0] != '\0' ? result->why : NULL);
    write_examples(result, w);
    tend__jsonw_object_end(w);
    tend__buf_deinit(&words);
}

void tend__contract_json(const struct tend__contract_outcome *outcome, struct tend__json_writer *w)
{
    tend__jsonw_key(w, "contract");
    if (!outcome->is_there) {
        tend__jsonw_null(w);
        return;
    }
    tend__jsonw_object_begin(w);
    tend__jsonw_member_text(w, "source", outcome->source);
    tend__jsonw_member_uint(w, "rows", outcome->row_count);
    tend__jsonw_member_uint(w, "conditions", outcome->count);
    tend__jsonw_key(w, "violations");
    tend__jsonw_array_begin(w);
    for (size_t i = 0; i < outcome->count; i++) {
        if (outcome->results[i].is_violated) {
            write_violation(&outcome->results[i], w);
        }
    }
    tend__jsonw_array_end(w);
    tend__jsonw_object_end(w);
}

void tend__contract_alone_json(const struct tend__contract_outcome *outcome, const char *data,
                               const char *config_hash, struct tend__buf *out)
{
    struct tend__json_writer w;
    tend__jsonw_init(&w, out, true);
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_text(&w, "schema", "tend.check/1");
    tend__jsonw_member_text(&w, "verdict", outcome->violated_count > 0 ? "violation" : "ok");
    tend__jsonw_member_text(&w, "config_hash", config_hash);
    tend__jsonw_key(&w, "reference");
    tend__jsonw_null(&w);
    tend__jsonw_key(&w, "current");
    tend__jsonw_object_begin(&w);
    tend__jsonw_member_text(&w, "data", data);
    tend__jsonw_member_bool(&w, "profile", false);
    tend__jsonw_member_uint(&w, "rows", outcome->row_count);
    tend__jsonw_object_end(&w);
    tend__contract_json(outcome, &w);
    tend__jsonw_object_end(&w);
}
