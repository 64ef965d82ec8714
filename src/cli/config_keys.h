/* SPDX-License-Identifier: Apache-2.0 */
/* config_keys.h: the one table of tend.yaml's keys: path, type, bounds, default, help and where the
 * value goes. */
#ifndef TEND_CLI_CONFIG_KEYS_H
#define TEND_CLI_CONFIG_KEYS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum tend__key_kind {
    TEND_KEY_TEXT,   /* char * */
    TEND_KEY_EXPR,   /* struct tend__config_expr */
    TEND_KEY_NUMBER, /* double */
    TEND_KEY_BOOL,   /* bool */
    TEND_KEY_SPAN,   /* int64_t microseconds */
    TEND_KEY_CHOICE, /* an enum, the index of the word in `choices` */
    TEND_KEY_OTHER,  /* has its own reader, see config.c */
};

struct tend__config_key {
    const char *path; /* "label.known_after" */
    enum tend__key_kind kind;
    size_t offset; /* in struct tend__config */
    double low;    /* bounds of a number; of a span in seconds */
    double high;
    const char *type; /* the type as a person reads it */
    const char
        *otherwise; /* the default as YAML, or NULL: "required" or "not used" by is_required */
    bool is_required;
    bool is_nullable;
    const char *const *choices; /* ends with NULL */
    const char *help;
};

const struct tend__config_key *tend__config_keys(size_t *count);

/* The keys of the mappings inside lists: guardrails and notify. */
const char *const *tend__config_guardrail_keys(size_t *count);
const char *const *tend__config_notify_keys(size_t *count);

void tend__config_keys_help(struct tend__buf *out);
void tend__config_keys_man(struct tend__buf *out);

#endif
