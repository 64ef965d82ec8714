/* SPDX-License-Identifier: Apache-2.0 */
/* config_keys.c: the table of tend.yaml's keys, and how it reads as help. */
#include "cli/config_keys.h"

#include "base/compiler.h"
#include "cli/config.h"

#include <string.h>

#define AT(member) offsetof(struct tend__config, member)
#define TEN_YEARS_S 315576000.0

static const char *const promote_words[] = {"trial", "proof", "ask", NULL};

static const struct tend__config_key keys[] = {
    {"model", TEND_KEY_TEXT, AT(model), 0, 0, "text", NULL, true, false, NULL,
     "Name of the model: a job that some version of it does"},
    {"data.id", TEND_KEY_TEXT, AT(id), 0, 0, "column", NULL, false, true, NULL,
     "Joins outcomes to predictions; each row has its own"},
    {"data.time", TEND_KEY_TEXT, AT(time), 0, 0, "column", NULL, false, true, NULL,
     "When the event was, in UTC"},
    {"data.features", TEND_KEY_OTHER, AT(features), 0, 0,
     "mapping of columns to number or category", NULL, false, false, NULL, "What the model reads"},
    {"data.score", TEND_KEY_EXPR, AT(score), 0, 0, "column or expression", NULL, false, true, NULL,
     "What the model said: a probability or a number. Under tend backtest, the name that its own "
     "score gets"},
    {"data.decision", TEND_KEY_EXPR, AT(decision), 0, 0, "expression, true or false", NULL, false,
     true, NULL, "What was done with the score; value.per_row and guardrails call it decision"},
    {"label.column", TEND_KEY_TEXT, AT(label.column), 0, 0, "column", NULL, false, true, NULL,
     "The outcome: 0/1, true/false, or a number"},
    {"label.known_after", TEND_KEY_SPAN, AT(label.known_after_us), 0, TEN_YEARS_S, "span", "0s",
     false, false, NULL, "Maturity: the age at which a row is judged by what is known of it then"},
    {"label.absent_means", TEND_KEY_OTHER, AT(label.absent_means), 0, 0, "number or null", "null",
     false, true, NULL,
     "The outcome of a mature row that none came for, e.g. 0 where negatives never arrive; null "
     "leaves it unknown"},
    {"label.observed", TEND_KEY_EXPR, AT(label.observed), 0, 0, "expression, true or false", "true",
     false, false, NULL, "Whose outcome can be seen at all"},
    {"label.affected_by_decision", TEND_KEY_BOOL, AT(label.affected_by_decision), 0, 0,
     "true or false", "false", false, false, NULL,
     "true: the decision changes the outcome, and only a randomised canary can compare versions"},
    {"value.unit", TEND_KEY_TEXT, AT(value.unit), 0, 0, "text", "points", false, false, NULL,
     "What value is counted in, e.g. EUR"},
    {"value.per_row", TEND_KEY_EXPR, AT(value.per_row), 0, 0, "expression, a number", NULL, false,
     true, NULL, "What a row was worth once its outcome is known"},
    {"guardrails", TEND_KEY_OTHER, AT(guardrails), 0, 0,
     "list of mappings: name; avg, sum, count or value; min, max", "[]", false, false, NULL,
     "Bounds watched in every window (told, not yet enforced), e.g. {name: alert_rate, avg: "
     "decision, max: 0.5}"},
    {"segments", TEND_KEY_OTHER, AT(segments), 0, 0, "list of columns and conditions", "[]", false,
     false, NULL,
     "Groups of rows that are looked at by themselves: a column's top values, or a condition"},
    {"contract.max_failures", TEND_KEY_OTHER, AT(contract), 0, 0, "share", "0%", false, false, NULL,
     "Share of rows that may break a bound, a pattern or a rule that says nothing of its own"},
    {"contract.rows", TEND_KEY_OTHER, AT(contract), 0, 0, "mapping: min, max", "{}", false, false,
     NULL, "How many rows a data set has"},
    {"contract.columns", TEND_KEY_OTHER, AT(contract), 0, 0, "mapping of columns to mappings", "{}",
     false, false, NULL,
     "What each must be like: type, nulls, nan, min, max, whole, values, other, like, unique, ..."},
    {"contract.extra_columns", TEND_KEY_OTHER, AT(contract), 0, 0, "allowed or forbidden",
     "allowed", false, false, NULL, "Columns that contract.columns does not name"},
    {"contract.keys", TEND_KEY_OTHER, AT(contract), 0, 0, "list of lists of columns", "[]", false,
     false, NULL, "No two rows have the same values in all of these, e.g. [[store, day]]"},
    {"contract.references", TEND_KEY_OTHER, AT(contract), 0, 0,
     "list of mappings: columns, data, to, max_failures", "[]", false, false, NULL,
     "Values are among another data set's, e.g. {columns: origin, data: airports.csv, to: code}"},
    {"contract.dependencies", TEND_KEY_OTHER, AT(contract), 0, 0,
     "list of mappings: column, on, max_failures", "[]", false, false, NULL,
     "Rows that agree in 'on' agree in 'column', e.g. {column: city, on: airport}"},
    {"contract.rules", TEND_KEY_OTHER, AT(contract), 0, 0,
     "list of mappings: name; expr, or avg, sum, count, value with min, max", "[]", false, false,
     NULL, "Conditions of rows and bounds of aggregates, e.g. {name: paid, expr: amount >= 0}"},
    {"windows.every", TEND_KEY_SPAN, AT(window_us), 1, TEN_YEARS_S, "span", "1d", false, false,
     NULL, "How much event time one judgement covers"},
    {"windows.season", TEND_KEY_SPAN, AT(season_us), 1, TEN_YEARS_S, "span", "7d", false, false,
     NULL, "The cycle that windows belong to; a multiple of windows.every"},
    {"alarms.false_alarms", TEND_KEY_OTHER, AT(false_alarms_per_year), 0, 0,
     "N per year, month or week", "1 per year", false, false, NULL,
     "The budget of false alarms that all watches of this model share"},
    {"alarms.floor", TEND_KEY_OTHER, AT(floor), 0, 0, "number or null", "null", false, true, NULL,
     "Value per row below which the business alarm counts"},
    {"retrain.trainer", TEND_KEY_TEXT, AT(retrain.trainer), 0, 0, "xgboost", "xgboost", false,
     false, NULL, "What trains"},
    {"retrain.command", TEND_KEY_TEXT, AT(retrain.command), 0, 0, "text", NULL, false, true, NULL,
     "Trains instead; {data} and {out} are put in"},
    {"retrain.when", TEND_KEY_OTHER, AT(retrain.when), 0, 0, "gain, never, or {every: span}",
     "gain", false, false, NULL,
     "gain: when what a fresh model would have earned adds up to the cost; every: by the calendar"},
    {"retrain.cost", TEND_KEY_NUMBER, AT(retrain.cost), 0, 1e15, "number", "0", false, false, NULL,
     "What one retraining costs, in value.unit; tend backtest needs more than 0"},
    {"promote.by", TEND_KEY_CHOICE, AT(promote.by), 0, 0, "trial, proof or ask", "trial", false,
     false, promote_words,
     "trial: at once, with the predecessor in shadow; proof: after the certificate; ask: a person "
     "decides"},
    {"promote.fall_back_at", TEND_KEY_OTHER, AT(promote.fall_back_costs), 0, 0,
     "N costs, or a number", "3 costs", false, false, NULL,
     "A trial ends when the predecessor leads by this much"},
    {"promote.confidence", TEND_KEY_NUMBER, AT(promote.confidence), 0.5, 0.999999, "number", "0.95",
     false, false, NULL, "Of the certificate"},
    {"serve.listen", TEND_KEY_TEXT, AT(serve.listen), 0, 0, "address:port", "127.0.0.1:8080", false,
     false, NULL, "Where tend answers"},
    {"serve.upstream", TEND_KEY_TEXT, AT(serve.upstream), 0, 0, "URL or null", NULL, false, true,
     NULL, "The model server behind; null: tend predicts itself"},
    {"serve.timeout", TEND_KEY_SPAN, AT(serve.timeout_us), 0.001, 3600, "span", "50ms", false,
     false, NULL, "After this the fallback answers"},
    {"serve.fallback", TEND_KEY_OTHER, AT(serve.fallback), 0, 0, "number or null", "null", false,
     true, NULL, "The score that answers when the model cannot"},
    {"notify", TEND_KEY_OTHER, AT(notify), 0, 0, "list of mappings: alertmanager or webhook", "[]",
     false, false, NULL, "Where alerts go, e.g. [{alertmanager: \"http://127.0.0.1:9093\"}]"},
};

static const char *const guardrail_keys[] = {"name", "avg", "sum", "count", "value", "min", "max"};
static const char *const notify_keys[] = {"alertmanager", "webhook"};

const struct tend__config_key *tend__config_keys(size_t *count)
{
    *count = TEND_ARRAY_LEN(keys);
    return keys;
}

const char *const *tend__config_guardrail_keys(size_t *count)
{
    *count = TEND_ARRAY_LEN(guardrail_keys);
    return guardrail_keys;
}

const char *const *tend__config_notify_keys(size_t *count)
{
    *count = TEND_ARRAY_LEN(notify_keys);
    return notify_keys;
}

void tend__config_keys_help(struct tend__buf *out)
{
    for (size_t i = 0; i < TEND_ARRAY_LEN(keys); i++) {
        tend__buf_printf(out, "  %s: %s", keys[i].path, keys[i].type);
        if (keys[i].otherwise != NULL) {
            tend__buf_printf(out, " (default: %s)", keys[i].otherwise);
        } else if (keys[i].is_required) {
            tend__buf_text(out, " (required)");
        }
        tend__buf_printf(out, "\n      %s\n", keys[i].help);
    }
}

static void add_escaped(struct tend__buf *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '-') {
            tend__buf_text(out, "\\-");
        } else if (*at == '\\') {
            tend__buf_text(out, "\\e");
        } else {
            tend__buf_char(out, *at);
        }
    }
}

void tend__config_keys_man(struct tend__buf *out)
{
    for (size_t i = 0; i < TEND_ARRAY_LEN(keys); i++) {
        tend__buf_printf(out, ".TP\n.B %s\n", keys[i].path);
        add_escaped(out, keys[i].help);
        tend__buf_text(out, ". Type: ");
        add_escaped(out, keys[i].type);
        if (keys[i].otherwise != NULL) {
            tend__buf_text(out, "; default: ");
            add_escaped(out, keys[i].otherwise);
        }
        tend__buf_text(out, ".\n");
    }
}
