/* SPDX-License-Identifier: Apache-2.0 */
/* config_yaml.c: what a node of the document says, or where it is wrong. */
#include "cli/config_yaml.h"

#include "base/civil.h"
#include "base/mem.h"
#include "base/names.h"
#include "cli/config_read.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tend__yaml_set_position(const struct tend__yaml_reader *reader, const yaml_node_t *node,
                             const char *format, ...)
{
    const int line = (int)node->start_mark.line + 1;
    const int column = (int)node->start_mark.column + 1;
    char text[TEND_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    tend__error_set_at(reader->err, TEND_EINVAL, line, column, "%s:%d:%d: %s", reader->name, line,
                       column, text);
}

yaml_node_t *tend__yaml_node(const struct tend__yaml_reader *reader, int idx)
{
    return yaml_document_get_node(reader->document, idx);
}

const char *tend__yaml_word(const yaml_node_t *node)
{
    if (node->type == YAML_SEQUENCE_NODE) {
        return "a list";
    }
    return node->type == YAML_MAPPING_NODE ? "a mapping" : "a word";
}

/* ---- scalars ---- */

bool tend__yaml_is_null(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    const char *text = (const char *)node->data.scalar.value;
    return text[0] == '\0' || strcmp(text, "null") == 0 || strcmp(text, "~") == 0;
}

/* The text of a scalar; a zero byte inside (an escape can write one) would cut it. */
enum tend_code tend__yaml_scalar(struct tend__yaml_reader *r, const yaml_node_t *node,
                                 const char *key, const char **out)
{
    if (node->type != YAML_SCALAR_NODE) {
        return FAIL_AT(r, node, "'%s' must be a single value, not %s", key, tend__yaml_word(node));
    }
    if (strlen((const char *)node->data.scalar.value) != node->data.scalar.length) {
        return FAIL_AT(r, node, "'%s' holds a zero byte", key);
    }
    *out = (const char *)node->data.scalar.value;
    return TEND_OK;
}

bool tend__yaml_parse_number(const char *text, double *out)
{
    char *end = NULL;
    if (text[0] == '\0' || strspn(text, "+-.0123456789eE") != strlen(text)) {
        return false;
    }
    const double number = strtod(text, &end);
    if (*end != '\0' || !isfinite(number)) {
        return false;
    }
    *out = number;
    return true;
}

enum tend_code tend__yaml_number(struct tend__yaml_reader *r, const yaml_node_t *node,
                                 const char *key, double *out)
{
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, node, key, &text));
    if (!tend__yaml_parse_number(text, out)) {
        return FAIL_AT(r, node, "'%s' must be a number, not '%s'", key, text);
    }
    return TEND_OK;
}

bool tend__config_span(const char *text, int64_t *out_us)
{
    const size_t len = strlen(text);
    if (len > 2 && strcmp(text + len - 2, "ms") == 0) {
        char *end = NULL;
        const double ms = strtod(text, &end);
        if (end != text + len - 2 || !(ms >= 0) || ms > 1e12) {
            return false;
        }
        *out_us = (int64_t)(ms * 1000.0);
        return true;
    }
    return tend__span_parse(text, len, out_us);
}

enum tend_code tend__yaml_span(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *key, int64_t *out)
{
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, node, key, &text));
    if (!tend__config_span(text, out)) {
        return FAIL_AT(r, node,
                       "'%s' must be a span of time such as 1d, 12h, 30m, 90s or 50ms, not '%s'",
                       key, text);
    }
    return TEND_OK;
}

static enum tend_code copy_text(struct tend__yaml_reader *r, const char *text, char **out)
{
    char *copy = NULL;
    TEND_TRY(tend__mem_text(text, strlen(text), &copy, r->err));
    tend__mem_free(*out);
    *out = copy;
    return TEND_OK;
}

enum tend_code tend__yaml_text(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *key, char **out)
{
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, node, key, &text));
    if (text[0] == '\0') {
        return FAIL_AT(r, node, "'%s' is empty", key);
    }
    return copy_text(r, text, out);
}

enum tend_code tend__yaml_expr(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *key, struct tend__config_expr *out)
{
    TEND_TRY(tend__yaml_text(r, node, key, &out->text));
    const yaml_scalar_style_t style = node->data.scalar.style;
    const bool quoted =
        style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    const size_t width = node->end_mark.column - node->start_mark.column;
    out->line = (int)node->start_mark.line + 1;
    out->column = (int)node->start_mark.column + 1 + (quoted ? 1 : 0);
    out->in_place = node->start_mark.line == node->end_mark.line &&
                    width == node->data.scalar.length + (quoted ? 2 : 0);
    return TEND_OK;
}

enum tend_code tend__yaml_bool(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *key, bool *out)
{
    const char *text = NULL;
    TEND_TRY(tend__yaml_scalar(r, node, key, &text));
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        return FAIL_AT(r, node, "'%s' must be true or false, not '%s'", key, text);
    }
    *out = text[0] == 't';
    return TEND_OK;
}

enum tend_code tend__yaml_list(struct tend__yaml_reader *r, const yaml_node_t *node,
                               const char *key, size_t *out)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        return FAIL_AT(r, node, "'%s' must be a list, not %s", key, tend__yaml_word(node));
    }
    *out = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (*out > TEND_CONFIG_LIST_MAX) {
        return FAIL_AT(r, node, "'%s' has %zu entries; at most %d are taken", key, *out,
                       TEND_CONFIG_LIST_MAX);
    }
    return TEND_OK;
}

enum tend_code tend__yaml_unknown(struct tend__yaml_reader *r, const yaml_node_t *node,
                                  const char *where, const char *const *words, size_t count)
{
    const char *text = (const char *)node->data.scalar.value;
    const char *near = tend__name_nearest(text, words, count);
    if (near != NULL) {
        return FAIL_AT(r, node, "unknown key '%s'%s (did you mean '%s'?)", text, where, near);
    }
    return FAIL_AT(r, node, "unknown key '%s'%s", text, where);
}
