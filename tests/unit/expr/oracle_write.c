/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_write.c: the text of a random expression, for tend and for DuckDB, with no more brackets
 * than precedence needs (and sometimes more).
 *
 * The two texts are the same but for these rules, each a difference that docs/expressions.md
 * states: NULL has the type it needs             CAST(NULL AS type): DuckDB's overloads cannot
 * choose EXTRACT, LENGTH, SIGN are numbers      CAST(... AS DOUBLE): DuckDB gives integers SIGN of
 * NaN is NaN                     CASE WHEN isnan(x) ...: DuckDB gives 0 ROUND(infinity, -2) is
 * infinite        CASE WHEN isfinite(x) ...: DuckDB gives 0 a cast to an integer is a number
 * CAST(CAST(x AS BIGINT) AS DOUBLE) it is rounded, then held to its range  CAST(round_even(x, 0) AS
 * INTEGER): DuckDB's range ends before rounding LOWER and UPPER change A-Z only translate(...):
 * DuckDB knows the case of all letters CAST(2 AS TEXT) is '2'                 regexp_replace(...,
 * '\.0$', ''): DuckDB gives '2.0' CAST(NaN AS TEXT) is 'nan'             regexp_replace(...,
 * '^-nan', 'nan'): DuckDB shows the sign of a NaN no time is infinite regexp_replace(text,
 * '(?i)^inf', 'no time'): DuckDB has such times CAST(text AS DATE) reads a time        CAST(text AS
 * TIMESTAMP) first: DuckDB's dates may have anything after them a date is a time at midnight
 * CAST(CAST(d AS DATE) AS TIMESTAMP)
 */
#include "oracle.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TIME_FORM                                                                                  \
    "^\\d{4}-\\d{2}-\\d{2}([ T]\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,6})?)?(Z|[+-]\\d{2}:?\\d{2})?)?$"
#define UPPER_CASE "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER_CASE "abcdefghijklmnopqrstuvwxyz"

enum level {
    LEVEL_OR = 1,
    LEVEL_AND,
    LEVEL_NOT,
    LEVEL_IS,
    LEVEL_COMPARE,
    LEVEL_IN,
    LEVEL_CONCAT,
    LEVEL_SUM,
    LEVEL_PRODUCT,
    LEVEL_SIGN,
    LEVEL_CAST,
    LEVEL_PRIMARY
};

struct writer {
    const struct oracle_tree *tree;
    struct tend__rng *rng;
    bool for_duckdb;
    char *text;
    size_t len;
};

static void put(struct writer *w, const char *format, ...) TEND_PRINTF(2, 3);

static void put(struct writer *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(w->text + w->len, ORACLE_TEXT_SIZE - w->len, format, args);
    va_end(args);
    TEND_ASSERT(len >= 0 && (size_t)len < ORACLE_TEXT_SIZE - w->len);
    w->len += (size_t)len;
}

static int level_of(const struct oracle_node *node)
{
    switch ((int)node->op) {
    case ORACLE_OR:
        return LEVEL_OR;
    case ORACLE_AND:
        return LEVEL_AND;
    case ORACLE_NOT:
        return LEVEL_NOT;
    case ORACLE_IS_NULL:
    case ORACLE_IS_BOOL:
    case ORACLE_DISTINCT:
        return LEVEL_IS;
    case ORACLE_COMPARE:
        return LEVEL_COMPARE;
    case ORACLE_IN:
    case ORACLE_BETWEEN:
    case ORACLE_LIKE:
        return LEVEL_IN;
    case ORACLE_CONCAT:
        return LEVEL_CONCAT;
    case ORACLE_ADD:
    case ORACLE_SUB:
    case ORACLE_TIME_ADD:
        return LEVEL_SUM;
    case ORACLE_MUL:
    case ORACLE_DIV:
    case ORACLE_MOD:
        return LEVEL_PRODUCT;
    case ORACLE_NEG:
        return LEVEL_SIGN;
    case ORACLE_LITERAL:
        return node->type == TEND_TYPE_NUMBER && signbit(node->number) ? LEVEL_SIGN : LEVEL_PRIMARY;
    default:
        return LEVEL_PRIMARY;
    }
}

static void write_node(struct writer *w, int idx);

/* With brackets where the node binds less tightly than is needed. */
static void write_at(struct writer *w, int idx, int level)
{
    const bool needs = level_of(&w->tree->nodes[idx]) < level;
    if (needs || tend__rng_below(w->rng, 8) == 0) {
        put(w, "(");
        write_node(w, idx);
        put(w, ")");
    } else {
        write_node(w, idx);
    }
}

static void write_text(struct writer *w, const char *text)
{
    put(w, "'");
    for (const char *c = text; *c != '\0'; c++) {
        put(w, *c == '\'' ? "''" : "%c", *c);
    }
    put(w, "'");
}

/* Microseconds in the form of a literal, by strftime-free arithmetic on the reader's side: seconds
 * since 1970. */
static void write_time(struct writer *w, int64_t time_us)
{
    int64_t days = time_us / INT64_C(86400000000);
    int64_t rest = time_us % INT64_C(86400000000);
    if (rest < 0) {
        rest += INT64_C(86400000000);
        days--;
    }
    int year = 1970;
    for (;;) {
        const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        const int len = leap ? 366 : 365;
        if (days < 0) {
            year--;
            const bool before = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            days += before ? 366 : 365;
        } else if (days >= len) {
            days -= len;
            year++;
        } else {
            break;
        }
    }
    static const int lens[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int month = 0;
    while (days >= lens[month] + (month == 1 && leap ? 1 : 0)) {
        days -= lens[month] + (month == 1 && leap ? 1 : 0);
        month++;
    }
    put(w, "TIMESTAMP '%04d-%02d-%02d", year, month + 1, (int)days + 1);
    if (rest != 0) {
        put(w, " %02d:%02d:%02d.%06d", (int)(rest / INT64_C(3600000000)),
            (int)(rest / 60000000 % 60), (int)(rest / 1000000 % 60), (int)(rest % 1000000));
    }
    put(w, "'");
}

static void write_literal(struct writer *w, const struct oracle_node *node)
{
    switch (node->type) {
    case TEND_TYPE_NUMBER: {
        char text[64];
        (void)snprintf(text, sizeof(text), "%.17g", node->number);
        /* With an exponent DuckDB reads a DOUBLE, and no DECIMAL. */
        put(w, strchr(text, 'e') == NULL ? "%se0" : "%s", text);
        break;
    }
    case TEND_TYPE_BOOL:
        put(w, node->choice != 0 ? "TRUE" : "false");
        break;
    case TEND_TYPE_TEXT:
        write_text(w, node->text);
        break;
    case TEND_TYPE_TIME:
        write_time(w, node->time_us);
        break;
    case TEND_TYPE_VECTOR:
    case TEND_TYPE_NULL:
        break;
    }
}

static const char *type_name(enum tend_type type)
{
    static const char *const names[] = {"DOUBLE", "BOOLEAN", "VARCHAR", "TIMESTAMP", "INTEGER"};
    return names[type];
}

static void write_infix(struct writer *w, const struct oracle_node *node, const char *sign,
                        int level)
{
    /* Left-associative: the right operand must bind more tightly; comparisons do not chain at all.
     */
    write_at(w, node->children[0], level == LEVEL_COMPARE ? level + 1 : level);
    for (int i = 1; i < node->child_count; i++) {
        put(w, " %s ", sign);
        write_at(w, node->children[i], level + 1);
    }
}

static void write_call(struct writer *w, const struct oracle_node *node, const char *name)
{
    put(w, "%s(", name);
    for (int i = 0; i < node->child_count; i++) {
        put(w, "%s", i == 0 ? "" : ", ");
        write_node(w, node->children[i]);
    }
    if (node->op == ORACLE_ROUND && node->choice != 0) {
        put(w, ", %d", node->choice);
    }
    put(w, ")");
}

static void write_cast(struct writer *w, const struct oracle_node *node, const char *type)
{
    const bool uses_sign = tend__rng_below(w->rng, 3) == 0;
    put(w, uses_sign ? "((" : "CAST(");
    write_node(w, node->children[0]);
    put(w, uses_sign ? ")::%s)" : " AS %s)", type);
}

static void write_case(struct writer *w, const struct oracle_node *node)
{
    int i = 0;
    put(w, "CASE ");
    if (node->op == ORACLE_CASE_SIMPLE) {
        write_node(w, node->children[i++]);
    }
    while (i + 1 < node->child_count) {
        put(w, " WHEN ");
        write_node(w, node->children[i++]);
        put(w, " THEN ");
        write_node(w, node->children[i++]);
    }
    if (i < node->child_count) {
        put(w, " ELSE ");
        write_node(w, node->children[i]);
    }
    put(w, " END");
}

static void write_set(struct writer *w, const struct oracle_node *node)
{
    write_at(w, node->children[0], LEVEL_IN + 1);
    put(w, "%s", node->negated ? " NOT" : "");
    if (node->op == ORACLE_IN) {
        put(w, " IN (");
        for (int i = 1; i < node->child_count; i++) {
            put(w, "%s", i == 1 ? "" : ", ");
            write_node(w, node->children[i]);
        }
        put(w, ")");
    } else if (node->op == ORACLE_BETWEEN) {
        put(w, " BETWEEN ");
        write_at(w, node->children[1], LEVEL_CONCAT);
        put(w, " AND ");
        write_at(w, node->children[2], LEVEL_CONCAT);
    } else {
        put(w, " LIKE ");
        write_at(w, node->children[1], LEVEL_CONCAT);
        if (node->choice != 0) {
            put(w, " ESCAPE '%c'", node->choice);
        }
    }
}

static void write_is(struct writer *w, const struct oracle_node *node)
{
    write_at(w, node->children[0], LEVEL_IS + 1);
    put(w, node->negated ? " IS NOT " : " IS ");
    if (node->op == ORACLE_DISTINCT) {
        put(w, "DISTINCT FROM ");
        write_at(w, node->children[1], LEVEL_IS + 1);
    } else if (node->op == ORACLE_IS_NULL) {
        put(w, "NULL");
    } else {
        put(w, node->choice % 2 != 0 ? "TRUE" : "FALSE");
    }
}

static void write_part(struct writer *w, const struct oracle_node *node)
{
    const char *unit = oracle_units[node->choice];
    put(w, "%s", w->for_duckdb ? "CAST(" : "");
    switch (tend__rng_below(w->rng, 3)) {
    case 0:
        put(w, "extract(%s FROM ", unit);
        break;
    case 1:
        put(w, "date_part('%s', ", unit);
        break;
    default:
        put(w, "%s(", unit);
        break;
    }
    write_node(w, node->children[0]);
    put(w, w->for_duckdb ? ") AS DOUBLE)" : ")");
}

static void write_time_add(struct writer *w, const struct oracle_node *node)
{
    write_at(w, node->children[0], LEVEL_SUM);
    put(w, node->negated ? " - INTERVAL '" : " + INTERVAL '");
    if (node->months != 0) {
        put(w, "%d months ", node->months);
    }
    put(w, "%lld minutes'", (long long)(node->us / 60000000));
}

/* What DuckDB casts to a time. */
static void write_time_source(struct writer *w, const struct oracle_node *node)
{
    const bool is_text = w->tree->nodes[node->children[0]].type == TEND_TYPE_TEXT;
    put(w, "%s", is_text ? "regexp_extract(" : "");
    write_node(w, node->children[0]);
    put(w, "%s", is_text ? ", '" TIME_FORM "')::TIMESTAMP" : "");
}

/* SIGN and ROUND where the operand is no ordinary number; false where ROUND is said as in tend. */
static bool write_guarded(struct writer *w, const struct oracle_node *node)
{
    const bool is_sign = node->op == ORACLE_SIGN;
    if (!is_sign && node->choice >= 0) {
        return false;
    }
    put(w, is_sign ? "(CASE WHEN NOT isnan(" : "(CASE WHEN isfinite(");
    write_node(w, node->children[0]);
    put(w, ") THEN CAST(");
    write_call(w, node, is_sign ? "sign" : "round");
    put(w, " AS DOUBLE) ELSE ");
    write_node(w, node->children[0]);
    put(w, " END)");
    return true;
}

/* What DuckDB says differently; false where it is said as in tend. */
static bool write_for_duckdb(struct writer *w, const struct oracle_node *node)
{
    switch ((int)node->op) {
    case ORACLE_NULL:
        put(w, "CAST(NULL AS %s)", type_name(node->type));
        return true;
    case ORACLE_LENGTH:
        put(w, "CAST(");
        write_call(w, node, "length");
        put(w, " AS DOUBLE)");
        return true;
    case ORACLE_SIGN:
    case ORACLE_ROUND:
        return write_guarded(w, node);
    case ORACLE_TO_INTEGER:
    case ORACLE_TO_BIGINT:
        put(w, node->op == ORACLE_TO_BIGINT ? "CAST(CAST(" : "CAST(CAST(round_even(");
        write_node(w, node->children[0]);
        put(w, node->op == ORACLE_TO_BIGINT ? " AS BIGINT) AS DOUBLE)"
                                            : ", 0) AS INTEGER) AS DOUBLE)");
        return true;
    case ORACLE_LOWER:
    case ORACLE_UPPER:
        put(w, "translate(");
        write_node(w, node->children[0]);
        put(w, node->op == ORACLE_LOWER ? ", '" UPPER_CASE "', '" LOWER_CASE "')"
                                        : ", '" LOWER_CASE "', '" UPPER_CASE "')");
        return true;
    case ORACLE_TO_TEXT:
        if (w->tree->nodes[node->children[0]].type != TEND_TYPE_NUMBER) {
            return false;
        }
        put(w, "regexp_replace(regexp_replace(");
        write_cast(w, node, "VARCHAR");
        put(w, ", '\\.0$', ''), '^-nan', 'nan')");
        return true;
    case ORACLE_TO_TIME:
        put(w, "CAST(");
        write_time_source(w, node);
        put(w, " AS TIMESTAMP)");
        return true;
    case ORACLE_DATE_TRUNC:
    case ORACLE_TO_DATE:
        put(w, "CAST(");
        if (node->op == ORACLE_TO_DATE) {
            put(w, "CAST(");
            write_time_source(w, node);
            put(w, " AS DATE)");
        } else {
            put(w, "date_trunc('%s', ", oracle_units[node->choice]);
            write_node(w, node->children[0]);
            put(w, ")");
        }
        put(w, " AS TIMESTAMP)");
        return true;
    default:
        return false;
    }
}

static const char *const calls[] = {
    [ORACLE_ABS] = "abs",       [ORACLE_LN] = "ln",       [ORACLE_LOG10] = "log10",
    [ORACLE_LOG2] = "log2",     [ORACLE_EXP] = "exp",     [ORACLE_SQRT] = "sqrt",
    [ORACLE_POW] = "pow",       [ORACLE_ROUND] = "round", [ORACLE_FLOOR] = "floor",
    [ORACLE_CEIL] = "ceil",     [ORACLE_TRUNC] = "trunc", [ORACLE_SIGN] = "sign",
    [ORACLE_LENGTH] = "length", [ORACLE_EPOCH] = "epoch", [ORACLE_COALESCE] = "coalesce",
    [ORACLE_NULLIF] = "nullif", [ORACLE_LEAST] = "least", [ORACLE_GREATEST] = "greatest",
    [ORACLE_ISNAN] = "isnan",   [ORACLE_ISINF] = "isinf", [ORACLE_ISFINITE] = "isfinite",
    [ORACLE_LOWER] = "LOWER",   [ORACLE_UPPER] = "UPPER", [ORACLE_TO_DATE] = NULL,
};
static const char *const infixes[] = {
    [ORACLE_ADD] = "+", [ORACLE_SUB] = "-",   [ORACLE_MUL] = "*", [ORACLE_DIV] = "/",
    [ORACLE_MOD] = "%", [ORACLE_AND] = "AND", [ORACLE_OR] = "or", [ORACLE_CONCAT] = "||",
};

static void write_node(struct writer *w, int idx)
{
    static const char *const compares[] = {"=", "<>", "<", "<=", ">", ">="};
    const struct oracle_node *node = &w->tree->nodes[idx];
    if (w->for_duckdb && write_for_duckdb(w, node)) {
        return;
    }
    if (node->op < TEND_ARRAY_LEN(calls) && calls[node->op] != NULL) {
        write_call(w, node, calls[node->op]);
        return;
    }
    if (node->op < TEND_ARRAY_LEN(infixes) && infixes[node->op] != NULL) {
        write_infix(w, node, infixes[node->op], level_of(node));
        return;
    }
    switch ((int)node->op) {
    case ORACLE_COLUMN:
        put(w, "%s", oracle_fields[node->choice].name);
        break;
    case ORACLE_LITERAL:
        write_literal(w, node);
        break;
    case ORACLE_NULL:
        put(w, "NULL");
        break;
    case ORACLE_NEG:
        put(w, "- ");
        write_at(w, node->children[0], LEVEL_SIGN);
        break;
    case ORACLE_NOT:
        put(w, "NOT ");
        write_at(w, node->children[0], LEVEL_NOT);
        break;
    case ORACLE_COMPARE:
        write_infix(w, node, compares[node->choice], LEVEL_COMPARE);
        break;
    case ORACLE_IS_NULL:
    case ORACLE_IS_BOOL:
    case ORACLE_DISTINCT:
        write_is(w, node);
        break;
    case ORACLE_IN:
    case ORACLE_BETWEEN:
    case ORACLE_LIKE:
        write_set(w, node);
        break;
    case ORACLE_CASE:
    case ORACLE_CASE_SIMPLE:
        write_case(w, node);
        break;
    case ORACLE_PART:
        write_part(w, node);
        break;
    case ORACLE_DATE_TRUNC:
        put(w, "date_trunc('%s', ", oracle_units[node->choice]);
        write_node(w, node->children[0]);
        put(w, ")");
        break;
    case ORACLE_TIME_ADD:
        write_time_add(w, node);
        break;
    default:
        write_cast(w, node,
                   node->op == ORACLE_TO_INTEGER  ? "INTEGER"
                   : node->op == ORACLE_TO_BIGINT ? "BIGINT"
                   : node->op == ORACLE_TO_DATE   ? "DATE"
                                                  : type_name(node->type));
        break;
    }
}

void oracle_write(const struct oracle_tree *tree, struct tend__rng *rng, bool for_duckdb,
                  char *text)
{
    struct writer w = {.tree = tree, .rng = rng, .for_duckdb = for_duckdb, .text = text};
    text[0] = '\0';
    write_node(&w, tree->root);
}
