/* SPDX-License-Identifier: Apache-2.0 */
/* expr_primary.c: the parser's other half: literals, columns, CASE, calls, types. */
#include "expr/expr_parser.h"

#include "base/civil.h"
#include "base/mem.h"
#include "base/names.h"

#include <string.h>

#define NAME_SIZE 80

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The word in lower case; cut at NAME_SIZE - 1 bytes. */
static void read_word(const struct expr_token *token, char name[NAME_SIZE])
{
    const size_t len = token->len < NAME_SIZE - 1 ? token->len : NAME_SIZE - 1;
    for (size_t i = 0; i < len; i++) {
        name[i] = lower(token->ptr[i]);
    }
    name[len] = '\0';
}

/* ---- literals -------------------------------------------------------------------------------- */

static enum tend_code parse_number(struct expr_parser *p, uint32_t *out)
{
    double number = 0;
    bool overflowed = false;
    if (!tend__expr_number_parse(p->token.ptr, p->token.len, &number, &overflowed) || overflowed) {
        return EXPR_FAIL(p->tree, p->token.at, p->err, ESYNTAX, "this number is out of range");
    }
    TEND_TRY(tend__expr_node_new(p, EXPR_NODE_NUMBER, p->token.at, out));
    p->tree->nodes[*out].value.number = number;
    return tend__expr_step(p);
}

/* Halves doubled quotes into the tree's texts. */
static enum tend_code keep_text(struct expr_parser *p, char quote, size_t *at, size_t *len)
{
    struct expr_tree *tree = p->tree;
    const struct expr_token *token = &p->token;
    TEND_TRY(tend__mem_grow(&tree->texts, &tree->texts_cap, tree->texts_len + token->len + 1,
                            2 * TEND_EXPR_LEN_MAX, 1, p->err));
    *at = tree->texts_len;
    for (size_t i = 0; i < token->len; i++) {
        tree->texts[tree->texts_len++] = token->ptr[i];
        i += token->ptr[i] == quote ? 1 : 0;
    }
    *len = tree->texts_len - *at;
    return TEND_OK;
}

static enum tend_code parse_text(struct expr_parser *p, uint32_t *out)
{
    size_t at = 0;
    size_t len = 0;
    TEND_TRY(keep_text(p, '\'', &at, &len));
    TEND_TRY(tend__expr_node_new(p, EXPR_NODE_TEXT, p->token.at, out));
    p->tree->nodes[*out].value.text.at = (uint32_t)at;
    p->tree->nodes[*out].value.text.len = (uint32_t)len;
    return tend__expr_step(p);
}

/* DATE '...' and TIMESTAMP '...'. */
static enum tend_code parse_time(struct expr_parser *p, uint32_t *out)
{
    const bool is_date = tend__expr_is_word(&p->token, "date");
    const size_t at = p->token.at;
    int64_t time_us = 0;
    TEND_TRY(tend__expr_step(p));
    if (!tend__time_parse(p->token.ptr, p->token.len, &time_us) ||
        (is_date && p->token.len != 10)) {
        return EXPR_FAIL(p->tree, p->token.at, p->err, ESYNTAX, "expected %s",
                         is_date ? "a date like '2001-04-09'"
                                 : "a time like '2001-04-09 12:30:00' (UTC)");
    }
    TEND_TRY(tend__expr_node_new(p, EXPR_NODE_TIME, at, out));
    p->tree->nodes[*out].value.time_us = time_us;
    return tend__expr_step(p);
}

/* INTERVAL '1 day 2 hours', INTERVAL '2' DAY, INTERVAL 2 DAY. */
static enum tend_code parse_span(struct expr_parser *p, uint32_t *out)
{
    const size_t at = p->token.at;
    struct expr_span span = {0};
    TEND_TRY(tend__expr_step(p));
    const struct expr_token token = p->token;
    bool is_bare = token.len > 0 && token.len <= 15;
    int64_t quantity = 0;
    for (size_t i = 0; i < token.len && is_bare; i++) {
        is_bare = token.ptr[i] >= '0' && token.ptr[i] <= '9';
        quantity = quantity * 10 + (token.ptr[i] - '0');
    }
    bool is_good = false;
    TEND_TRY(tend__expr_step(p));
    if (is_bare && p->token.kind == EXPR_TOKEN_WORD) {
        is_good = tend__expr_span_add(&span, quantity, p->token.ptr, p->token.len);
        TEND_TRY(tend__expr_step(p));
    } else if (token.kind == EXPR_TOKEN_TEXT) {
        is_good = tend__expr_span_parse(token.ptr, token.len, &span);
    }
    if (!is_good) {
        return EXPR_FAIL(p->tree, token.at, p->err, ESYNTAX,
                         "expected whole units, like INTERVAL '7 days' or INTERVAL 7 DAY");
    }
    TEND_TRY(tend__expr_node_new(p, EXPR_NODE_SPAN, at, out));
    p->tree->nodes[*out].value.span = span;
    return TEND_OK;
}

/* ---- columns --------------------------------------------------------------------------------- */

static bool is_same_name(const char *field, const char *name, size_t len, bool any_case)
{
    if (strlen(field) != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (field[i] != name[i] && !(any_case && lower(field[i]) == lower(name[i]))) {
            return false;
        }
    }
    return true;
}

static enum tend_code fail_unknown_column(struct expr_parser *p, const char *name, size_t len,
                                          size_t at)
{
    const struct expr_tree *tree = p->tree;
    const char **names = NULL;
    char *wanted = NULL;
    enum tend_code code = TEND_OK;
    const char *nearest = NULL;
    TEND_TRY_OUT(tend__mem_new(tree->field_count, sizeof(*names), &names, p->err));
    TEND_TRY_OUT(tend__mem_text(name, len, &wanted, p->err));
    for (size_t i = 0; i < tree->field_count; i++) {
        names[i] = tree->fields[i].name;
    }
    nearest = tend__name_nearest(wanted, names, tree->field_count);
    if (nearest != NULL) {
        code = EXPR_FAIL(tree, at, p->err, ENOTFOUND,
                         "unknown column '%.80s' (did you mean '%.80s'?)", wanted, nearest);
    } else {
        code = EXPR_FAIL(tree, at, p->err, ENOTFOUND,
                         "unknown column '%.80s' (a text is written in single quotes)", wanted);
    }
out:
    tend__mem_free(names);
    tend__mem_free(wanted);
    return code;
}

/* An exact name wins; without quotes, the only one that differs in case does, too. */
static enum tend_code parse_column(struct expr_parser *p, uint32_t *out)
{
    const struct expr_tree *tree = p->tree;
    const size_t at = p->token.at;
    const bool is_quoted = p->token.kind == EXPR_TOKEN_QUOTED;
    size_t name_at = 0;
    size_t len = 0;
    TEND_TRY(keep_text(p, '"', &name_at, &len));
    const char *name = p->tree->texts + name_at;
    size_t found = tree->field_count;
    size_t alike_count = 0;
    for (size_t i = 0; i < tree->field_count && alike_count < 2; i++) {
        if (is_same_name(tree->fields[i].name, name, len, false)) {
            found = i;
            alike_count = 1;
            break;
        }
        if (!is_quoted && is_same_name(tree->fields[i].name, name, len, true)) {
            found = i;
            alike_count++;
        }
    }
    for (size_t i = 0; i < tree->field_count && alike_count > 1; i++) {
        if (is_same_name(tree->fields[i].name, name, len, false)) {
            found = i;
            alike_count = 1;
        }
    }
    if (tree->takes_any_column) {
        found = 0;
        alike_count = 1;
    }
    if (alike_count == 0) {
        return fail_unknown_column(p, name, len, at);
    }
    if (alike_count > 1) {
        return EXPR_FAIL(tree, at, p->err, ENOTFOUND,
                         "several columns are named '%.*s' but for letter case: use \"quotes\"",
                         (int)(len > 80 ? 80 : len), name);
    }
    if (tree->fields != NULL && found < tree->field_count &&
        tree->fields[found].type == TEND_TYPE_VECTOR) {
        return EXPR_FAIL(tree, at, p->err, ETYPE,
                         "column '%.80s' holds vectors, which an expression cannot read",
                         tree->fields[found].name);
    }
    TEND_TRY(tend__expr_node_new(p, EXPR_NODE_COLUMN, at, out));
    p->tree->nodes[*out].value.field_idx = (uint32_t)found;
    return tend__expr_step(p);
}

/* ---- CASE ------------------------------------------------------------------------------------ */

static enum tend_code parse_child(struct expr_parser *p, uint32_t parent)
{
    uint32_t child = EXPR_NONE;
    TEND_TRY(tend__expr_parse_level(p, EXPR_LEVEL_OR, &child));
    return tend__expr_node_add(p, parent, child);
}

static enum tend_code parse_case(struct expr_parser *p, uint32_t *out)
{
    const size_t at = p->token.at;
    TEND_TRY(tend__expr_step(p));
    TEND_TRY(tend__expr_node_new(p, EXPR_NODE_CASE, at, out));
    if (!tend__expr_is_word(&p->token, "when")) {
        p->tree->nodes[*out].kind = EXPR_NODE_CASE_SIMPLE;
        TEND_TRY(parse_child(p, *out));
    }
    do {
        TEND_TRY(tend__expr_take_word(p, "when"));
        TEND_TRY(parse_child(p, *out));
        TEND_TRY(tend__expr_take_word(p, "then"));
        TEND_TRY(parse_child(p, *out));
    } while (tend__expr_is_word(&p->token, "when"));
    if (tend__expr_is_word(&p->token, "else")) {
        TEND_TRY(tend__expr_step(p));
        TEND_TRY(parse_child(p, *out));
    } else {
        uint32_t null = EXPR_NONE;
        TEND_TRY(tend__expr_node_new(p, EXPR_NODE_NULL, p->token.at, &null));
        TEND_TRY(tend__expr_node_add(p, *out, null));
    }
    if (!tend__expr_is_word(&p->token, "end")) {
        return tend__expr_unexpected(p, "WHEN, ELSE or END of this CASE");
    }
    return tend__expr_step(p);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum expr_unit unit;
} units[] = {
    {"year", EXPR_UNIT_YEAR},
    {"quarter", EXPR_UNIT_QUARTER},
    {"month", EXPR_UNIT_MONTH},
    {"week", EXPR_UNIT_WEEK},
    {"day", EXPR_UNIT_DAY},
    {"hour", EXPR_UNIT_HOUR},
    {"minute", EXPR_UNIT_MINUTE},
    {"second", EXPR_UNIT_SECOND},
    {"dayofweek", EXPR_UNIT_DAYOFWEEK},
    {"dow", EXPR_UNIT_DAYOFWEEK},
    {"isodow", EXPR_UNIT_ISODOW},
    {"dayofyear", EXPR_UNIT_DAYOFYEAR},
    {"doy", EXPR_UNIT_DAYOFYEAR},
    {"epoch", EXPR_UNIT_EPOCH},
};

static bool find_unit(const char *name, enum expr_unit *out)
{
    for (size_t i = 0; i < TEND_ARRAY_LEN(units); i++) {
        if (strcmp(units[i].name, name) == 0) {
            *out = units[i].unit;
            return true;
        }
    }
    return false;
}

static enum tend_code take_unit(struct expr_parser *p, bool truncates, enum expr_unit *out)
{
    char name[NAME_SIZE];
    read_word(&p->token, name);
    const bool is_word = p->token.kind == EXPR_TOKEN_WORD || p->token.kind == EXPR_TOKEN_TEXT;
    if (!is_word || !find_unit(name, out) || (truncates && *out > EXPR_UNIT_SECOND)) {
        return tend__expr_unexpected(
            p, truncates ? "'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute' or 'second'"
                         : "year, quarter, month, week, day, hour, minute, second, dayofweek, "
                           "isodow, dayofyear or epoch");
    }
    return tend__expr_step(p);
}

/* EXTRACT(unit FROM t), DATE_PART('unit', t), DATE_TRUNC('unit', t), after the opening bracket. */
static enum tend_code parse_time_call(struct expr_parser *p, const char *name, size_t at,
                                      uint32_t *out)
{
    const bool truncates = strcmp(name, "date_trunc") == 0;
    enum expr_unit unit = EXPR_UNIT_DAY;
    TEND_TRY(take_unit(p, truncates, &unit));
    if (strcmp(name, "extract") == 0) {
        TEND_TRY(tend__expr_take_word(p, "from"));
    } else {
        TEND_TRY(tend__expr_take_sign(p, ","));
    }
    TEND_TRY(tend__expr_node_strict(p, truncates ? "date_trunc" : "extract", at, out));
    p->tree->nodes[*out].unit = unit;
    if (unit == EXPR_UNIT_EPOCH) {
        p->tree->nodes[*out].rule = tend__expr_rule("epoch");
    }
    TEND_TRY(parse_child(p, *out));
    return tend__expr_take_sign(p, ")");
}

static enum tend_code parse_cast(struct expr_parser *p, size_t at, uint32_t *out)
{
    TEND_TRY(tend__expr_node_new(p, EXPR_NODE_CAST, at, out));
    TEND_TRY(parse_child(p, *out));
    TEND_TRY(tend__expr_take_word(p, "as"));
    TEND_TRY(tend__expr_parse_type(p, &p->tree->nodes[*out].cast));
    return tend__expr_take_sign(p, ")");
}

/* ROUND(x, digits): the digits are a literal and no child. */
static enum tend_code take_digits(struct expr_parser *p, uint32_t node)
{
    const size_t at = p->token.at;
    uint32_t child = EXPR_NONE;
    TEND_TRY(tend__expr_parse_level(p, EXPR_LEVEL_SUM, &child));
    const struct expr_node *digits = &p->tree->nodes[child];
    const double number = digits->kind == EXPR_NODE_NUMBER ? digits->value.number : 99;
    if (!(number >= -15 && number <= 15) || (double)(int)number < number ||
        (double)(int)number > number) {
        return EXPR_FAIL(p->tree, at, p->err, ESYNTAX,
                         "the digits of ROUND are a whole number from -15 to 15");
    }
    p->tree->nodes[node].value.number = number;
    return TEND_OK;
}

/* The operands of a call with no syntax of its own, to the closing bracket. */
static enum tend_code parse_operands(struct expr_parser *p, const char *name, uint32_t node)
{
    const struct expr_node *call = &p->tree->nodes[node];
    size_t min = 1;
    size_t max = SIZE_MAX;
    if (call->kind == EXPR_NODE_STRICT) {
        min = strlen(call->rule->operands);
        max = min;
    } else if (call->kind == EXPR_NODE_NULLIF) {
        min = 2;
        max = 2;
    }
    size_t count = 0;
    if (!tend__expr_is_sign(&p->token, ")")) {
        TEND_TRY(parse_child(p, node));
        count = 1;
        while (tend__expr_is_sign(&p->token, ",") && count < max) {
            TEND_TRY(tend__expr_step(p));
            TEND_TRY(parse_child(p, node));
            count++;
        }
        if (strcmp(name, "round") == 0 && tend__expr_is_sign(&p->token, ",")) {
            TEND_TRY(tend__expr_step(p));
            TEND_TRY(take_digits(p, node));
        }
    }
    if (count < min || tend__expr_is_sign(&p->token, ",")) {
        return EXPR_FAIL(p->tree, p->token.at, p->err, ESYNTAX, "%s takes %zu operand%s%s", name,
                         min, min == 1 ? "" : "s", max == SIZE_MAX ? " or more" : "");
    }
    return tend__expr_take_sign(p, ")");
}

static enum tend_code fail_unknown_function(struct expr_parser *p, const char *name, size_t at)
{
    static const char *const aggregates[] = {"avg", "sum", "min", "max", "count"};
    for (size_t i = 0; i < TEND_ARRAY_LEN(aggregates); i++) {
        if (strcmp(name, aggregates[i]) == 0) {
            return EXPR_FAIL(p->tree, at, p->err, ENOTFOUND,
                             "%s is an aggregate, and this is an expression of one row%s", name,
                             strcmp(name, "min") == 0   ? " (LEAST picks among its operands)"
                             : strcmp(name, "max") == 0 ? " (GREATEST picks among its operands)"
                                                        : "");
        }
    }
    if (strcmp(name, "log") == 0) {
        return EXPR_FAIL(p->tree, at, p->err, ENOTFOUND,
                         "log means different things in different databases: write LN or LOG10");
    }
    size_t count = 0;
    const char *const *names = tend__expr_function_names(&count);
    const char *nearest = tend__name_nearest(name, names, count);
    if (nearest != NULL) {
        return EXPR_FAIL(p->tree, at, p->err, ENOTFOUND,
                         "unknown function '%s' (did you mean '%s'?)", name, nearest);
    }
    return EXPR_FAIL(p->tree, at, p->err, ENOTFOUND, "unknown function '%s'", name);
}

/* The node of a call by its name; *found is false where there is no such function. */
static enum tend_code new_call(struct expr_parser *p, const char *name, size_t at, uint32_t *out,
                               bool *found)
{
    static const struct {
        const char *name;
        enum expr_node_kind kind;
    } calls[] = {{"coalesce", EXPR_NODE_COALESCE},
                 {"nullif", EXPR_NODE_NULLIF},
                 {"least", EXPR_NODE_LEAST},
                 {"greatest", EXPR_NODE_GREATEST}};
    *found = true;
    for (size_t i = 0; i < TEND_ARRAY_LEN(calls); i++) {
        if (strcmp(calls[i].name, name) == 0) {
            return tend__expr_node_new(p, calls[i].kind, at, out);
        }
    }
    enum expr_unit unit = EXPR_UNIT_DAY;
    if (find_unit(name, &unit) && unit != EXPR_UNIT_EPOCH && strcmp(name, "dow") != 0 &&
        strcmp(name, "doy") != 0) {
        TEND_TRY(tend__expr_node_strict(p, "extract", at, out));
        p->tree->nodes[*out].unit = unit;
        return TEND_OK;
    }
    size_t count = 0;
    const char *const *names = tend__expr_function_names(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0 && tend__expr_rule(name) != NULL) {
            return tend__expr_node_strict(p, name, at, out);
        }
    }
    *found = false;
    return TEND_OK;
}

static enum tend_code parse_call(struct expr_parser *p, uint32_t *out)
{
    char name[NAME_SIZE];
    const size_t at = p->token.at;
    read_word(&p->token, name);
    TEND_TRY(tend__expr_step(p));
    TEND_TRY(tend__expr_step(p));
    if (strcmp(name, "extract") == 0 || strcmp(name, "date_part") == 0 ||
        strcmp(name, "date_trunc") == 0) {
        return parse_time_call(p, name, at, out);
    }
    if (strcmp(name, "cast") == 0) {
        return parse_cast(p, at, out);
    }
    bool found = false;
    TEND_TRY(new_call(p, name, at, out, &found));
    return found ? parse_operands(p, name, *out) : fail_unknown_function(p, name, at);
}

/* ---- types and the choice -------------------------------------------------------------------- */

enum tend_code tend__expr_parse_type(struct expr_parser *p, enum expr_cast_target *out)
{
    static const struct {
        const char *name;
        enum expr_cast_target target;
    } types[] = {
        {"double", EXPR_CAST_NUMBER},   {"float8", EXPR_CAST_NUMBER}, {"number", EXPR_CAST_NUMBER},
        {"integer", EXPR_CAST_INTEGER}, {"int", EXPR_CAST_INTEGER},   {"bigint", EXPR_CAST_BIGINT},
        {"boolean", EXPR_CAST_BOOL},    {"bool", EXPR_CAST_BOOL},     {"text", EXPR_CAST_TEXT},
        {"varchar", EXPR_CAST_TEXT},    {"string", EXPR_CAST_TEXT},   {"timestamp", EXPR_CAST_TIME},
        {"datetime", EXPR_CAST_TIME},   {"date", EXPR_CAST_DATE},
    };
    for (size_t i = 0; i < TEND_ARRAY_LEN(types); i++) {
        if (tend__expr_is_word(&p->token, types[i].name)) {
            *out = types[i].target;
            TEND_TRY(tend__expr_step(p));
            if (strcmp(types[i].name, "double") == 0 &&
                tend__expr_is_word(&p->token, "precision")) {
                return tend__expr_step(p);
            }
            return TEND_OK;
        }
    }
    return tend__expr_unexpected(p, "DOUBLE, BIGINT, INTEGER, BOOLEAN, TEXT, TIMESTAMP or DATE");
}

static bool is_reserved(const struct expr_token *token)
{
    static const char *const words[] = {
        "and",     "or",   "not",  "case", "when", "then", "else",  "end",  "is",      "in",
        "between", "like", "from", "as",   "cast", "true", "false", "null", "distinct"};
    for (size_t i = 0; i < TEND_ARRAY_LEN(words); i++) {
        if (tend__expr_is_word(token, words[i])) {
            return true;
        }
    }
    return false;
}

static enum tend_code parse_word(struct expr_parser *p, uint32_t *out)
{
    if (tend__expr_is_word(&p->token, "case")) {
        return parse_case(p, out);
    }
    const bool is_true = tend__expr_is_word(&p->token, "true");
    if (is_true || tend__expr_is_word(&p->token, "false")) {
        TEND_TRY(tend__expr_node_new(p, EXPR_NODE_BOOL, p->token.at, out));
        p->tree->nodes[*out].value.boolean = is_true;
        return tend__expr_step(p);
    }
    if (tend__expr_is_word(&p->token, "null")) {
        TEND_TRY(tend__expr_node_new(p, EXPR_NODE_NULL, p->token.at, out));
        return tend__expr_step(p);
    }
    const bool before_text = p->ahead.kind == EXPR_TOKEN_TEXT;
    if (before_text &&
        (tend__expr_is_word(&p->token, "date") || tend__expr_is_word(&p->token, "timestamp"))) {
        return parse_time(p, out);
    }
    if (tend__expr_is_word(&p->token, "interval") &&
        (before_text || p->ahead.kind == EXPR_TOKEN_NUMBER)) {
        return parse_span(p, out);
    }
    const bool is_call = tend__expr_is_sign(&p->ahead, "(");
    if (is_call && (!is_reserved(&p->token) || tend__expr_is_word(&p->token, "cast"))) {
        return parse_call(p, out);
    }
    if (is_reserved(&p->token)) {
        return tend__expr_unexpected(p, "a value (a column of such a name needs \"quotes\")");
    }
    return parse_column(p, out);
}

enum tend_code tend__expr_parse_primary(struct expr_parser *p, uint32_t *out)
{
    switch (p->token.kind) {
    case EXPR_TOKEN_NUMBER:
        return parse_number(p, out);
    case EXPR_TOKEN_TEXT:
        return parse_text(p, out);
    case EXPR_TOKEN_QUOTED:
        return parse_column(p, out);
    case EXPR_TOKEN_WORD:
        return parse_word(p, out);
    case EXPR_TOKEN_SIGN:
        if (tend__expr_is_sign(&p->token, "(")) {
            TEND_TRY(tend__expr_step(p));
            TEND_TRY(tend__expr_parse_level(p, EXPR_LEVEL_OR, out));
            return tend__expr_take_sign(p, ")");
        }
        break;
    case EXPR_TOKEN_END:
        break;
    }
    return tend__expr_unexpected(p, "a value");
}
