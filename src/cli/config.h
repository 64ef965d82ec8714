/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h: tend.yaml as a C struct.
 *
 * The keys, their types, bounds, defaults and help are rows of one table (config_keys.c); reading,
 * `tend config --help`, the manual page and docs/config.md follow it. The file is read with
 * libyaml's document tree rather than with libcyaml's schemas: those cannot say "a mapping with
 * free keys" (data.features) or "a word or a mapping" (retrain.when), and they keep no column for
 * an error.
 *
 * Every message begins with FILE:LINE:COLUMN. The hash is the SHA-256 of the canonical JSON: every
 * key with its default filled in, in the table's order; so comments, order and spelling of spans do
 * not change it.
 */
#ifndef TEND_CLI_CONFIG_H
#define TEND_CLI_CONFIG_H

#include "base/buf.h"
#include "base/hash.h"
#include "judge/contract.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEND_CONFIG_BYTES_MAX ((size_t)4 << 20)
#define TEND_CONFIG_FEATURE_MAX 4096
#define TEND_CONFIG_LIST_MAX 256

/* An expression and where it stands in the file, so that a fault inside it can be pointed at. text
 * is NULL where the key is not given and has no default. */
struct tend__config_expr {
    char *text;
    int line;      /* 1-based; 0 where the text is a default */
    int column;    /* of the first character of the text */
    bool in_place; /* the text stands in one line as it is: a column within it is a column of the
                      file */
};

struct tend__config_feature {
    char *name;
    bool is_category; /* else a number */
};

enum tend__guardrail_kind {
    TEND_GUARDRAIL_AVG,
    TEND_GUARDRAIL_SUM,
    TEND_GUARDRAIL_COUNT,
    TEND_GUARDRAIL_VALUE, /* the text is a whole aggregate, such as max(amount) */
};

struct tend__config_guardrail {
    char *name;
    enum tend__guardrail_kind kind;
    struct tend__config_expr
        expr;   /* what stands within the parentheses; see tend__config_guardrail_text */
    double low; /* -INFINITY where there is no bound */
    double high;
};

enum tend__config_when {
    TEND_RETRAIN_GAIN,
    TEND_RETRAIN_EVERY,
    TEND_RETRAIN_NEVER,
};

enum tend__config_promote {
    TEND_PROMOTE_TRIAL,
    TEND_PROMOTE_PROOF,
    TEND_PROMOTE_ASK,
};

enum tend__config_notify_kind {
    TEND_NOTIFY_ALERTMANAGER,
    TEND_NOTIFY_WEBHOOK,
};

struct tend__config_notify {
    enum tend__config_notify_kind kind;
    char *url;
};

struct tend__config {
    char *path;             /* as it is named in messages */
    bool is_contract_alone; /* read by tend__config_load_contract(): model may be NULL */
    char hash[TEND_SHA256_HEX_SIZE];

    char *model;
    char *id;   /* NULL where rows have none */
    char *time; /* NULL where rows have none */
    struct tend__config_feature *features;
    size_t feature_count;
    struct tend__config_expr score;    /* the score's column, or an expression of columns */
    struct tend__config_expr decision; /* may use the score by its name */

    struct {
        char *column;
        int64_t known_after_us;
        bool absent_known;   /* absent_means is a number */
        double absent_means; /* what a row is whose outcome never came */
        struct tend__config_expr observed;
        bool affected_by_decision;
    } label;

    struct {
        char *unit;
        struct tend__config_expr per_row;
    } value;

    struct tend__config_guardrail *guardrails;
    size_t guardrail_count;
    struct tend__config_expr *segments;
    size_t segment_count;

    struct tend__contract contract; /* see judge/contract.h; is_given says whether there is one */

    int64_t window_us;
    int64_t season_us;

    double false_alarms_per_year;
    bool has_floor;
    double floor; /* value per row below which the business alarm counts */

    struct {
        char *trainer;
        char *command; /* NULL unless the user trains */
        enum tend__config_when when;
        int64_t every_us; /* under TEND_RETRAIN_EVERY */
        double cost;
    } retrain;

    struct {
        enum tend__config_promote by;
        double fall_back_costs; /* multiples of retrain.cost; 0 where fall_back_money is given */
        double fall_back_money;
        double confidence;
    } promote;

    struct {
        char *listen;
        char *upstream; /* NULL: predicts itself */
        int64_t timeout_us;
        bool has_fallback;
        double fallback;
    } serve;

    struct tend__config_notify *notify;
    size_t notify_count;
};

/* Reads `len` bytes of YAML; `name` is what messages call the file. TEND_EINVAL or TEND_ESYNTAX
 * with the position in err->line, err->column and in the text. The caller frees *out. */
enum tend_code tend__config_parse(const char *bytes, size_t len, const char *name,
                                  struct tend__config **out, struct tend_error *err) TEND_NODISCARD;

/* The same of a file that is there for its contract: no other key must be in it (--contract). */
enum tend_code tend__config_load_contract(const char *path, struct tend__config **out,
                                          struct tend_error *err) TEND_NODISCARD;

/* The same of a file. TEND_ENOTFOUND where there is none. */
enum tend_code tend__config_load(const char *path, struct tend__config **out,
                                 struct tend_error *err) TEND_NODISCARD;

void tend__config_free(struct tend__config *config); /* NULL is fine */

/* The canonical JSON that the hash is of. */
struct tend__json_writer;
void tend__config_json(const struct tend__config *config, struct tend__json_writer *w);

/* "avg(decision)": the aggregate of a guardrail as src/expr takes it. */
void tend__config_guardrail_text(const struct tend__config_guardrail *guardrail,
                                 struct tend__buf *out);

/* Puts FILE:LINE:COLUMN before an error that came from inside an expression (err->column is 1-based
 * within it). */
void tend__config_locate(const struct tend__config *config, const struct tend__config_expr *expr,
                         const char *key, struct tend_error *err);

#endif
