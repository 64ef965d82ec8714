/* SPDX-License-Identifier: Apache-2.0 */
/* json_read.c: JSON text into a document, through the shim to simdjson. */
#include "json/json_read.h"

#include "json/json_shim.h"
#include "json/json_tree.h"

static bool take_key(void *ctx, const char *text, size_t len)
{
    return tend__json_builder_key(ctx, text, len) == TEND_OK;
}

static bool take_object(void *ctx)
{
    return tend__json_builder_open(ctx, TEND_JSON_OBJECT) == TEND_OK;
}

static bool take_array(void *ctx)
{
    return tend__json_builder_open(ctx, TEND_JSON_ARRAY) == TEND_OK;
}

static bool take_end(void *ctx)
{
    return tend__json_builder_close(ctx) == TEND_OK;
}

static bool take_text(void *ctx, const char *text, size_t len)
{
    return tend__json_builder_text(ctx, text, len) == TEND_OK;
}

static bool take_real(void *ctx, double number)
{
    return tend__json_builder_number(ctx, number) == TEND_OK;
}

static bool take_integer(void *ctx, int64_t number)
{
    return tend__json_builder_integer(ctx, number) == TEND_OK;
}

static bool take_boolean(void *ctx, bool yes)
{
    struct tend__json_node *node = NULL;
    if (tend__json_builder_add(ctx, TEND_JSON_BOOL, &node) != TEND_OK) {
        return false;
    }
    node->yes = yes;
    return true;
}

static bool take_null(void *ctx)
{
    struct tend__json_node *node = NULL;
    return tend__json_builder_add(ctx, TEND_JSON_NULL, &node) == TEND_OK;
}

static int64_t *take_integers(void *ctx, size_t count)
{
    void *out = NULL;
    return tend__json_builder_packed(ctx, TEND_JSON_I64, count, &out) == TEND_OK ? out : NULL;
}

static double *take_reals(void *ctx, size_t count)
{
    void *out = NULL;
    return tend__json_builder_packed(ctx, TEND_JSON_F64, count, &out) == TEND_OK ? out : NULL;
}

static enum tend_code fail_outcome(enum tend_json_outcome outcome, const char *words,
                                   struct tend_error *err)
{
    switch (outcome) {
    case TEND_JSON_FINE:
        return TEND_OK;
    case TEND_JSON_STOPPED:
        break;
    case TEND_JSON_BAD:
        return TEND_FAIL(err, ECORRUPT, "not JSON: %s", words);
    case TEND_JSON_TOO_DEEP:
        return TEND_FAIL(err, ELIMIT, "JSON nested deeper than %d", TEND_JSON_READ_DEPTH_MAX);
    case TEND_JSON_NO_MEMORY:
        return TEND_FAIL(err, ENOMEM, "out of memory: parsing JSON");
    }
    return TEND_FAIL(err, EINTERNAL, "the JSON reader stopped");
}

enum tend_code tend__json_parse(const char *text, size_t len, struct tend__json **out,
                                struct tend_error *err)
{
    if (len > TEND_JSON_READ_LEN_MAX) {
        return TEND_FAIL(err, ELIMIT, "JSON of %zu bytes is over the limit of %zu", len,
                         TEND_JSON_READ_LEN_MAX);
    }
    struct tend_error build_err = {0};
    struct tend__json_builder builder;
    TEND_TRY(tend__json_builder_init(&builder, err));
    builder.err = &build_err;
    const struct tend_json_sink sink = {
        .ctx = &builder,
        .key = take_key,
        .object_begin = take_object,
        .array_begin = take_array,
        .end = take_end,
        .text = take_text,
        .real = take_real,
        .integer = take_integer,
        .boolean = take_boolean,
        .null = take_null,
        .integers = take_integers,
        .reals = take_reals,
    };
    const char *words = "";
    const enum tend_json_outcome outcome =
        tend_json_shim_parse(text, len, TEND_JSON_READ_DEPTH_MAX, &sink, &words);
    enum tend_code code = TEND_OK;
    if (outcome == TEND_JSON_STOPPED && build_err.code != TEND_OK) {
        code = build_err.code;
        tend__error_set(err, code, "%s", build_err.text);
    } else {
        code = fail_outcome(outcome, words, err);
    }
    if (code == TEND_OK) {
        *out = tend__json_builder_take(&builder);
    }
    tend__json_builder_deinit(&builder);
    return code;
}
