/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worth.h: the value of rows of a data set as a tend.yaml says it is reckoned: score, decision,
 * label, value.
 *
 * A worth is made for the fields of one data set and then takes its batches one by one; after each,
 * the arrays hold that batch's rows. It wires judge/value_row.h to the configuration: which column
 * is the score, whose outcome can be seen, what an outcome that never came means, and where in
 * tend.yaml a fault in an expression stands.
 */
#ifndef TEND_CLI_WORTH_H
#define TEND_CLI_WORTH_H

#include "cli/data.h"
#include "cli/outcomes.h"
#include "expr/expr.h"
#include "judge/value_row.h"

#define TEND_WORTH_CATEGORY_MAX 6 /* of a text segment; the others are one */

/* ---- labels ---- */

/* A label as a number; NaN where it is null. The column is a number, a bool or null. */
double tend__label_number(const struct tend__column *labels, size_t row_idx);

/* Whether some label of the rows is neither 0 nor 1. */
bool tend__labels_are_numbers(const struct tend__column *labels, size_t row_count);

/* TEND_ETYPE unless labels can be read from the field. */
enum tend_code tend__label_check(const struct tend__field *field, const char *path,
                                 struct tend_error *err) TEND_NODISCARD;

/* ---- a look before ---- */

/* What must be known of the data before expressions can be compiled: found in one pass over it. */
struct tend__worth_scan {
    bool label_is_number;              /* some label is neither 0 nor 1 */
    size_t segment_count;              /* of the configuration */
    struct tend__plan **segment_plans; /* the top values of a text segment; NULL for a condition */
};

struct tend__worth_look {
    const char *path;
    const struct tend__config *config;
    const struct tend__outcomes *outcomes; /* NULL: labels are in the data */
    bool with_segments;                    /* also looks at the values of text segments */
};

enum tend_code tend__worth_look(const struct tend__app *app, struct tend__lake *lake,
                                const struct tend__worth_look *look, struct tend__worth_scan *out,
                                struct tend_error *err) TEND_NODISCARD;
void tend__worth_scan_deinit(struct tend__worth_scan *scan);

/* The segments as conditions, for who knows conditions only: a text segment gives one for each of
 * its top values, such as origin = 'ATL'; a condition stays as it is. */
#define TEND_CONDITION_MAX 1024

struct tend__conditions {
    char *texts[TEND_CONDITION_MAX];
    size_t count;
};

enum tend_code tend__conditions_init(struct tend__conditions *conditions, struct tend__lake *lake,
                                     const char *path, const struct tend__config *config,
                                     struct tend_error *err) TEND_NODISCARD;
void tend__conditions_deinit(struct tend__conditions *conditions);

/* ---- the values ---- */

struct tend__worth_options {
    const struct tend__config *config;
    const char *path; /* of the data, for messages */
    const struct tend__field *fields;
    size_t field_count;
    const struct tend__worth_scan *scan;
    struct tend__outcomes *outcomes; /* NULL: labels are in the data */
    const char *try_text;            /* a second value expression; NULL = none */
    bool with_segments;
    bool drop_duplicates; /* the same id twice counts once */
    bool may_lack_label;  /* an unlabelled data set is fine: all labels are unknown */
};

struct tend__worth {
    const struct tend__config *config;
    struct tend__outcomes *outcomes;
    struct tend__field *fields; /* as the batches' */
    size_t field_count;
    size_t id_idx; /* SIZE_MAX where there is none, as below */
    size_t time_idx;
    size_t label_idx;
    struct tend__expr *score;    /* NULL: there is none */
    struct tend__expr *observed; /* NULL: always */
    struct tend__vector score_out;
    struct tend__vector observed_out;
    struct tend__value_rule *rule;
    struct tend__value_rule *tried; /* NULL without try_text */
    struct tend__value_sums sums;
    struct tend__value_sums tried_sums;
    struct tend__id_table ids;
    uint64_t duplicate_count;
    bool drop_duplicates;
    bool is_binary; /* the label is 0 or 1: v0 and delta are filled */

    /* The rows of the last batch. */
    size_t row_cap;
    double *scores; /* NaN: none */
    double *labels; /* NaN: not known */
    double *values; /* NaN: none */
    double *v0;
    double *delta;
    double *tried_values;
    uint8_t *decisions; /* 0, 1, 255 = none */
    uint8_t *failed;    /* enum tend__expr_failure */
    uint8_t *is_duplicate;
};

/* Errors in expressions begin with their place in tend.yaml. Release with tend__worth_deinit in any
 * case. */
enum tend_code tend__worth_init(struct tend__worth *worth,
                                const struct tend__worth_options *options,
                                struct tend_error *err) TEND_NODISCARD;
void tend__worth_deinit(struct tend__worth *worth);

/* Adds a batch to the sums and fills the row arrays. Rows that are there twice have no value and no
 * label. */
enum tend_code tend__worth_add(struct tend__worth *worth, const struct tend__batch *batch,
                               struct tend_error *err) TEND_NODISCARD;

#endif
