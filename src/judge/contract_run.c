/* SPDX-License-Identifier: Apache-2.0 */
/* contract_run.c: which conditions a contract comes to for given fields, and what came of them. */
#include "judge/contract_run.h"

#include "base/buf.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

#define KEY_BYTES ((size_t)256 << 20)
#define CHECK_MAX ((size_t)1 << 17)
#define SUBJECT_MAX ((size_t)1 << 16)
#define RULE_COLUMNS_MAX 4 /* of those that a rule reads, in its examples */

/* ---- small answers ---- */

static double share_or(double share, double otherwise)
{
    return share < 0 ? otherwise : share;
}

/* The type that a column must have; of bounds and patterns where it is not said. */
static bool wanted_type(const struct tend__contract_column *column, enum tend_type *out)
{
    if (column->has_type) {
        *out = column->type;
        return true;
    }
    if (isfinite(column->low) || isfinite(column->high) || column->is_whole ||
        column->numbers != NULL || column->nan_max >= 0) {
        *out = TEND_TYPE_NUMBER;
        return true;
    }
    if (column->low_us != INT64_MIN || column->high_us != INT64_MAX) {
        *out = TEND_TYPE_TIME;
        return true;
    }
    if (column->like != NULL || column->values != NULL || column->length_min > 0 ||
        isfinite(column->length_max)) {
        *out = TEND_TYPE_TEXT;
        return true;
    }
    return false;
}

/* ---- building checks ---- */

static enum tend_code add_check(struct tend__contract_run *run, enum tend__contract_kind kind,
                                const char *subject, struct contract_check **out,
                                struct tend_error *err)
{
    TEND_TRY(tend__mem_grow(&run->checks, &run->check_cap, run->check_count + 1, CHECK_MAX,
                            sizeof(*run->checks), err));
    struct contract_check *check = &run->checks[run->check_count++];
    *check = (struct contract_check){.result = {.kind = kind,
                                                .subject = subject,
                                                .text = "",
                                                .value = (double)NAN,
                                                .low = -(double)INFINITY,
                                                .high = (double)INFINITY}};
    tend__vector_init(&check->vector);
    *out = check;
    return TEND_OK;
}

/* A check of one column. */
static enum tend_code add_column_check(struct tend__contract_run *run,
                                       const struct tend__contract_column *column, size_t idx,
                                       enum tend__contract_kind kind, contract_scan_fn *scan,
                                       struct tend_error *err)
{
    struct contract_check *check = NULL;
    TEND_TRY(add_check(run, kind, column->name, &check, err));
    check->column = column;
    check->scan = scan;
    check->idxs[0] = idx;
    check->idx_count = 1;
    check->result.share_max = share_or(column->failure_max, run->contract->failure_max);
    return TEND_OK;
}

static struct contract_check *last_check(const struct tend__contract_run *run)
{
    return &run->checks[run->check_count - 1];
}

static void add_quoted(struct tend__buf *out, const char *text, char quote)
{
    tend__buf_char(out, quote);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == quote) {
            tend__buf_char(out, quote);
        }
        tend__buf_char(out, *at);
    }
    tend__buf_char(out, quote);
}

/* Compiles the text and lets go of it. */
static enum tend_code compile(const struct tend__contract_run *run, struct tend__buf *text,
                              struct tend__expr **out, struct tend_error *err)
{
    enum tend_code code = tend__buf_code(text, err);
    if (code == TEND_OK) {
        code = tend__expr_new(tend__buf_str(text), run->fields, run->field_count, out, err);
    }
    tend__buf_deinit(text);
    return code;
}

/* Whether a condition cannot be judged for the reason in `err`: then it is the data's fault and a
 * result; running out of memory is none. */
static bool is_result(enum tend_code code)
{
    return code != TEND_OK && code != TEND_ENOMEM && code != TEND_EINTERNAL;
}

static void set_why(struct contract_check *check, const struct tend_error *why)
{
    memcpy(check->result.why, why->text, sizeof(check->result.why));
    check->result.why[sizeof(check->result.why) - 1] = '\0';
    check->scan = NULL;
}

/* ---- checks of columns ---- */

static enum tend_code add_type(struct tend__contract_run *run,
                               const struct tend__contract_column *column, size_t idx,
                               enum tend_type wanted, struct tend_error *err)
{
    static const char *const casts[] = {[TEND_TYPE_NUMBER] = " as double)",
                                        [TEND_TYPE_BOOL] = " as boolean)",
                                        [TEND_TYPE_TIME] = " as timestamp)"};
    const enum tend_type found = run->fields[idx].type;
    TEND_TRY(add_column_check(run, column, idx, TEND_CONTRACT_TYPE, NULL, err));
    struct contract_check *check = last_check(run);
    check->result.wanted = wanted;
    check->result.found = found;
    check->result.share_max = 0;
    if (found == TEND_TYPE_TEXT && wanted < TEND_ARRAY_LEN(casts) && casts[wanted] != NULL) {
        struct tend__buf text;
        tend__buf_init(&text, TEND_EXPR_LEN_MAX);
        tend__buf_text(&text, "cast(");
        add_quoted(&text, column->name, '"');
        tend__buf_text(&text, casts[wanted]);
        TEND_TRY(compile(run, &text, &check->expr, err));
        check->scan = tend__scan_cast;
    }
    return TEND_OK;
}

static enum tend_code add_text_checks(struct tend__contract_run *run,
                                      const struct tend__contract_column *column, size_t idx,
                                      struct tend_error *err)
{
    if (column->values != NULL) {
        TEND_TRY(add_column_check(run, column, idx, TEND_CONTRACT_VALUES, tend__scan_texts, err));
        struct contract_check *check = last_check(run);
        check->result.share_max = share_or(column->other_max, check->result.share_max);
        TEND_TRY(tend__mem_new(column->value_count, sizeof(*check->texts), &check->texts, err));
        for (size_t i = 0; i < column->value_count; i++) {
            check->texts[i] = (struct tend__text){column->values[i], strlen(column->values[i])};
        }
        TEND_TRY(tend__text_map_init(&check->map, check->texts, column->value_count, err));
    }
    if (column->like != NULL) {
        struct tend_error why = {0};
        TEND_TRY(add_column_check(run, column, idx, TEND_CONTRACT_PATTERN, tend__scan_rule, err));
        struct contract_check *check = last_check(run);
        check->result.text = column->like;
        struct tend__buf text;
        tend__buf_init(&text, TEND_EXPR_LEN_MAX);
        add_quoted(&text, column->name, '"');
        tend__buf_text(&text, " like ");
        add_quoted(&text, column->like, '\'');
        const enum tend_code code = compile(run, &text, &check->expr, &why);
        if (is_result(code)) {
            set_why(check, &why);
        } else if (code != TEND_OK) {
            return TEND_FAIL(err, ENOMEM, "out of memory");
        }
    }
    if (column->length_min > 0 || isfinite(column->length_max)) {
        TEND_TRY(add_column_check(run, column, idx, TEND_CONTRACT_LENGTH, tend__scan_length, err));
        last_check(run)->result.low = column->length_min;
        last_check(run)->result.high = column->length_max;
    }
    return TEND_OK;
}

static enum tend_code add_number_checks(struct tend__contract_run *run,
                                        const struct tend__contract_column *column, size_t idx,
                                        struct tend_error *err)
{
    TEND_TRY(add_column_check(run, column, idx, TEND_CONTRACT_NOT_FINITE, tend__scan_finite, err));
    last_check(run)->result.share_max = share_or(column->nan_max, 0);
    if (isfinite(column->low) || isfinite(column->high)) {
        TEND_TRY(add_column_check(run, column, idx, TEND_CONTRACT_RANGE, tend__scan_range, err));
        last_check(run)->result.low = column->low;
        last_check(run)->result.high = column->high;
    }
    if (column->is_whole) {
        TEND_TRY(
            add_column_check(run, column, idx, TEND_CONTRACT_NOT_WHOLE, tend__scan_whole, err));
    }
    if (column->numbers != NULL) {
        TEND_TRY(add_column_check(run, column, idx, TEND_CONTRACT_VALUES, tend__scan_numbers, err));
        struct contract_check *check = last_check(run);
        check->result.share_max = share_or(column->other_max, check->result.share_max);
    }
    return TEND_OK;
}

static enum tend_code add_time_checks(struct tend__contract_run *run,
                                      const struct tend__contract_column *column, size_t idx,
                                      struct tend_error *err)
{
    if (column->low_us == INT64_MIN && column->high_us == INT64_MAX) {
        return TEND_OK;
    }
    TEND_TRY(add_column_check(run, column, idx, TEND_CONTRACT_RANGE, tend__scan_times, err));
    struct tend__contract_result *result = &last_check(run)->result;
    result->times = true;
    result->low_us = column->low_us;
    result->high_us = column->high_us;
    return TEND_OK;
}

static enum tend_code add_key_checks(struct tend__contract_run *run,
                                     const struct tend__contract_column *column, size_t idx,
                                     struct tend_error *err)
{
    if (column->is_unique) {
        TEND_TRY(add_column_check(run, column, idx, TEND_CONTRACT_UNIQUE, tend__scan_unique, err));
        last_check(run)->has_keys = true;
        last_check(run)->result.share_max = share_or(column->failure_max, 0);
    }
    if (column->distinct_min > 0 || isfinite(column->distinct_max)) {
        TEND_TRY(
            add_column_check(run, column, idx, TEND_CONTRACT_DISTINCT, tend__scan_distinct, err));
        last_check(run)->has_keys = true;
        last_check(run)->result.low = column->distinct_min;
        last_check(run)->result.high = column->distinct_max;
    }
    return TEND_OK;
}

static enum tend_code add_column(struct tend__contract_run *run,
                                 const struct tend__contract_column *column, struct tend_error *err)
{
    const size_t idx = tend__fields_find(run->fields, run->field_count, column->name);
    enum tend_type wanted = TEND_TYPE_NULL;
    if (idx == SIZE_MAX) {
        struct contract_check *check = NULL;
        if (column->is_optional) {
            return TEND_OK;
        }
        return add_check(run, TEND_CONTRACT_MISSING_COLUMN, column->name, &check, err);
    }
    if (column->null_max >= 0) {
        TEND_TRY(add_column_check(run, column, idx, TEND_CONTRACT_NULLS, tend__scan_nulls, err));
        last_check(run)->result.share_max = column->null_max;
    }
    const bool has_wanted = wanted_type(column, &wanted);
    const enum tend_type found = run->fields[idx].type;
    if (has_wanted) {
        TEND_TRY(add_type(run, column, idx, wanted, err));
        if (found != wanted && found != TEND_TYPE_NULL) {
            return TEND_OK; /* its other conditions mean nothing now */
        }
    }
    if (found == TEND_TYPE_TEXT) {
        TEND_TRY(add_text_checks(run, column, idx, err));
    } else if (found == TEND_TYPE_NUMBER && has_wanted) {
        TEND_TRY(add_number_checks(run, column, idx, err));
    } else if (found == TEND_TYPE_TIME) {
        TEND_TRY(add_time_checks(run, column, idx, err));
    }
    return add_key_checks(run, column, idx, err);
}

/* ---- checks of relations ---- */

/* Finds the columns of a key; where one is missing the check says so. */
static void find_columns(const struct tend__contract_run *run, struct contract_check *check,
                         char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t idx = tend__fields_find(run->fields, run->field_count, names[i]);
        if (idx == SIZE_MAX) {
            struct tend_error why = {0};
            tend__error_set(&why, TEND_ENOTFOUND, "no column '%s'", names[i]);
            set_why(check, &why);
            return;
        }
        check->idxs[check->idx_count++] = idx;
    }
}

static enum tend_code add_relation(struct tend__contract_run *run, enum tend__contract_kind kind,
                                   char *const *names, size_t count, contract_scan_fn *scan,
                                   struct tend_error *err)
{
    struct contract_check *check = NULL;
    struct tend__buf subject;
    if (count == 0 || count > TEND_KEY_PARTS_MAX) {
        return TEND_FAIL(err, EINVAL, "a key has 1 to %d columns", TEND_KEY_PARTS_MAX);
    }
    TEND_TRY(add_check(run, kind, "", &check, err));
    tend__buf_init(&subject, SUBJECT_MAX);
    for (size_t i = 0; i < count; i++) {
        tend__buf_printf(&subject, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    enum tend_code code = tend__buf_code(&subject, err);
    if (code == TEND_OK) {
        code = tend__mem_text(tend__buf_str(&subject), subject.len, &check->subject, err);
    }
    tend__buf_deinit(&subject);
    TEND_TRY(code);
    check->result.subject = check->subject;
    check->scan = scan;
    check->has_keys = true;
    find_columns(run, check, names, count);
    return TEND_OK;
}

static enum tend_code add_relations(struct tend__contract_run *run, struct tend_error *err)
{
    const struct tend__contract *contract = run->contract;
    for (size_t i = 0; i < contract->key_count; i++) {
        const struct tend__contract_key *key = &contract->keys[i];
        TEND_TRY(add_relation(run, TEND_CONTRACT_UNIQUE, key->columns, key->column_count,
                              tend__scan_unique, err));
        last_check(run)->result.share_max = share_or(key->failure_max, 0);
    }
    for (size_t i = 0; i < contract->reference_count; i++) {
        const struct tend__contract_reference *reference = &contract->references[i];
        TEND_TRY(add_relation(run, TEND_CONTRACT_REFERENCE, reference->columns,
                              reference->column_count, tend__scan_reference, err));
        last_check(run)->result.share_max = share_or(reference->failure_max, 0);
        last_check(run)->result.text = reference->data;
    }
    for (size_t i = 0; i < contract->dependency_count; i++) {
        const struct tend__contract_dependency *dependency = &contract->dependencies[i];
        TEND_TRY(add_relation(run, TEND_CONTRACT_DEPENDENCY, dependency->columns,
                              dependency->column_count, tend__scan_dependency, err));
        struct contract_check *check = last_check(run);
        check->result.share_max = share_or(dependency->failure_max, 0);
        check->result.text = dependency->column;
        check->dependent_idx = tend__fields_find(run->fields, run->field_count, dependency->column);
        if (check->dependent_idx == SIZE_MAX) {
            struct tend_error why = {0};
            tend__error_set(&why, TEND_ENOTFOUND, "no column '%s'", dependency->column);
            set_why(check, &why);
        }
    }
    return TEND_OK;
}

/* ---- rules ---- */

static enum tend_code compile_rule(const struct tend__contract_run *run,
                                   const struct tend__contract_rule *rule,
                                   struct contract_check *check, struct tend_error *why)
{
    static const enum tend__aggregate_kind kinds[] = {[TEND_RULE_AVG] = TEND_AGGREGATE_AVG,
                                                      [TEND_RULE_SUM] = TEND_AGGREGATE_SUM,
                                                      [TEND_RULE_COUNT] = TEND_AGGREGATE_COUNT};
    if (rule->kind == TEND_RULE_ROW) {
        TEND_TRY(tend__expr_new(rule->expr, run->fields, run->field_count, &check->expr, why));
        return tend__expr_want(check->expr, TEND_TYPE_BOOL, rule->name, why);
    }
    if (rule->kind == TEND_RULE_VALUE) {
        return tend__aggregate_new(rule->expr, run->fields, run->field_count, &check->aggregate,
                                   why);
    }
    return tend__aggregate_new_kind(kinds[rule->kind], rule->expr, run->fields, run->field_count,
                                    &check->aggregate, why);
}

/* "avg(amount)": an aggregate as it is read. */
static enum tend_code name_aggregate(const struct tend__contract_rule *rule,
                                     struct contract_check *check, struct tend_error *err)
{
    static const char *const words[] = {
        [TEND_RULE_AVG] = "avg", [TEND_RULE_SUM] = "sum", [TEND_RULE_COUNT] = "count"};
    struct tend__buf text;
    tend__buf_init(&text, SUBJECT_MAX);
    tend__buf_printf(&text, "%s(%s)", words[rule->kind], rule->expr);
    enum tend_code code = tend__buf_code(&text, err);
    if (code == TEND_OK) {
        code = tend__mem_text(tend__buf_str(&text), text.len, &check->text, err);
    }
    tend__buf_deinit(&text);
    check->result.text = check->text;
    return code;
}

static enum tend_code add_rule(struct tend__contract_run *run,
                               const struct tend__contract_rule *rule, struct tend_error *err)
{
    struct contract_check *check = NULL;
    struct tend_error why = {0};
    const bool is_row = rule->kind == TEND_RULE_ROW;
    TEND_TRY(add_check(run, is_row ? TEND_CONTRACT_RULE : TEND_CONTRACT_AGGREGATE, rule->name,
                       &check, err));
    check->scan = is_row ? tend__scan_rule : tend__scan_aggregate;
    check->result.text = rule->expr;
    if (is_row) {
        check->result.share_max = share_or(rule->failure_max, run->contract->failure_max);
    } else {
        check->result.low = rule->low;
        check->result.high = rule->high;
    }
    if (!is_row && rule->kind != TEND_RULE_VALUE) {
        TEND_TRY(name_aggregate(rule, check, err));
    }
    const enum tend_code code = compile_rule(run, rule, check, &why);
    if (is_result(code)) {
        set_why(check, &why);
        return TEND_OK;
    }
    if (code != TEND_OK) {
        return TEND_FAIL(err, ENOMEM, "%s", why.text);
    }
    for (size_t i = 0; is_row && i < run->field_count && check->idx_count < RULE_COLUMNS_MAX; i++) {
        if (tend__expr_uses(check->expr, i)) {
            check->idxs[check->idx_count++] = i;
        }
    }
    return TEND_OK;
}

/* ---- checks of the data set ---- */

static enum tend_code add_whole(struct tend__contract_run *run, struct tend_error *err)
{
    const struct tend__contract *contract = run->contract;
    struct contract_check *check = NULL;
    if (contract->row_min > 0 || isfinite(contract->row_max)) {
        TEND_TRY(add_check(run, TEND_CONTRACT_ROW_COUNT, "", &check, err));
        check->result.low = contract->row_min;
        check->result.high = contract->row_max;
    }
    for (size_t i = 0; contract->forbids_extra && i < run->field_count; i++) {
        size_t k = 0;
        while (k < contract->column_count &&
               strcmp(contract->columns[k].name, run->fields[i].name) != 0) {
            k++;
        }
        if (k == contract->column_count) {
            TEND_TRY(add_check(run, TEND_CONTRACT_EXTRA_COLUMN, run->fields[i].name, &check, err));
        }
    }
    return TEND_OK;
}

/* ---- life ---- */

/* Every table of keys gets an even part of the memory. */
static void share_key_memory(struct tend__contract_run *run, size_t bytes_max)
{
    size_t count = 0;
    for (size_t i = 0; i < run->check_count; i++) {
        count += run->checks[i].has_keys ? 1 : 0;
    }
    for (size_t i = 0; i < run->check_count; i++) {
        if (run->checks[i].has_keys) {
            tend__key_set_init(&run->checks[i].keys, bytes_max / count);
        }
    }
}

static enum tend_code set_up(struct tend__contract_run *run, const struct tend__field *fields,
                             size_t field_count, const struct tend__contract_options *options,
                             struct tend_error *err)
{
    const char *time = options == NULL ? NULL : options->time_column;
    const size_t bytes =
        options == NULL || options->key_bytes_max == 0 ? KEY_BYTES : options->key_bytes_max;
    TEND_TRY(tend__fields_copy(fields, field_count, &run->fields, err));
    run->field_count = field_count;
    run->time_idx = time == NULL ? SIZE_MAX : tend__fields_find(run->fields, field_count, time);
    if (run->time_idx != SIZE_MAX && fields[run->time_idx].type != TEND_TYPE_TIME) {
        run->time_idx = SIZE_MAX;
    }
    TEND_TRY(add_whole(run, err));
    for (size_t i = 0; i < run->contract->column_count; i++) {
        TEND_TRY(add_column(run, &run->contract->columns[i], err));
    }
    TEND_TRY(add_relations(run, err));
    for (size_t i = 0; i < run->contract->rule_count; i++) {
        TEND_TRY(add_rule(run, &run->contract->rules[i], err));
    }
    share_key_memory(run, bytes);
    return tend__mem_new(run->check_count, sizeof(*run->results), &run->results, err);
}

enum tend_code tend__contract_run_new(const struct tend__contract *contract,
                                      const struct tend__field *fields, size_t field_count,
                                      const struct tend__contract_options *options,
                                      struct tend__contract_run **out, struct tend_error *err)
{
    struct tend__contract_run *run = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*run), &run, err));
    run->contract = contract;
    const enum tend_code code = set_up(run, fields, field_count, options, err);
    if (code != TEND_OK) {
        tend__contract_run_free(run);
        return code;
    }
    *out = run;
    return TEND_OK;
}

void tend__contract_run_free(struct tend__contract_run *run)
{
    if (run == NULL) {
        return;
    }
    for (size_t i = 0; i < run->check_count; i++) {
        struct contract_check *check = &run->checks[i];
        tend__key_set_deinit(&check->keys);
        tend__text_map_deinit(&check->map);
        tend__mem_free(check->texts);
        tend__mem_free(check->subject);
        tend__mem_free(check->text);
        tend__expr_free(check->expr);
        tend__vector_deinit(&check->vector);
        tend__aggregate_free(check->aggregate);
    }
    tend__fields_free(run->fields, run->field_count);
    tend__mem_free(run->checks);
    tend__mem_free(run->results);
    tend__mem_free(run);
}

/* ---- rows ---- */

static struct contract_check *reference_check(struct tend__contract_run *run, size_t reference_idx)
{
    size_t at = 0;
    for (size_t i = 0; i < run->check_count; i++) {
        if (run->checks[i].result.kind == TEND_CONTRACT_REFERENCE && at++ == reference_idx) {
            return &run->checks[i];
        }
    }
    return NULL;
}

enum tend_code tend__contract_refer(struct tend__contract_run *run, size_t reference_idx,
                                    const struct tend__batch *batch, struct tend_error *err)
{
    struct contract_check *check = reference_check(run, reference_idx);
    size_t idxs[TEND_KEY_PARTS_MAX];
    if (check == NULL) {
        return TEND_FAIL(err, EINVAL, "the contract has no reference %zu", reference_idx);
    }
    const struct tend__contract_reference *reference = &run->contract->references[reference_idx];
    for (size_t i = 0; i < reference->column_count; i++) {
        idxs[i] = tend__fields_find(batch->fields, batch->column_count, reference->to[i]);
        if (idxs[i] == SIZE_MAX) {
            return TEND_FAIL(err, ENOTFOUND, "no column '%s' in %s", reference->to[i],
                             reference->data);
        }
        const enum tend_type there = batch->fields[idxs[i]].type;
        const enum tend_type here =
            i < check->idx_count ? run->fields[check->idxs[i]].type : TEND_TYPE_NULL;
        if (here != there && here != TEND_TYPE_NULL && there != TEND_TYPE_NULL) {
            return TEND_FAIL(err, ETYPE,
                             "'%s' is a %s and '%s' of %s is a %s: they can never be the same",
                             reference->columns[i], tend__type_text(here), reference->to[i],
                             reference->data, tend__type_text(there));
        }
    }
    for (size_t i = 0; i < batch->row_count; i++) {
        struct tend__key key;
        uint64_t tag = 0;
        enum tend__key_state state = TEND_KEY_NEW;
        if (tend__key_of(batch->columns, idxs, reference->column_count, i, &key)) {
            TEND_TRY(tend__key_set_put(&check->keys, &key, &tag, &state, err));
        }
    }
    check->keys_are_filled = true;
    return TEND_OK;
}

enum tend_code tend__contract_add(struct tend__contract_run *run, const struct tend__batch *batch,
                                  struct tend_error *err)
{
    if (batch->column_count != run->field_count) {
        return TEND_FAIL(err, ETYPE, "a batch of %zu columns came after one of %zu",
                         batch->column_count, run->field_count);
    }
    for (size_t i = 0; i < run->field_count; i++) {
        const enum tend_type type = batch->columns[i].type;
        if (strcmp(batch->fields[i].name, run->fields[i].name) != 0 ||
            (type != run->fields[i].type && type != TEND_TYPE_NULL)) {
            return TEND_FAIL(err, ETYPE, "column '%s' is another one than in the first batch",
                             run->fields[i].name);
        }
    }
    for (size_t i = 0; i < run->check_count; i++) {
        struct contract_check *check = &run->checks[i];
        const bool is_empty = check->column != NULL && check->result.kind != TEND_CONTRACT_NULLS &&
                              batch->columns[check->idxs[0]].type == TEND_TYPE_NULL;
        if (check->scan != NULL && !is_empty) {
            TEND_TRY(check->scan(run, check, batch, err));
        }
    }
    run->row_count += batch->row_count;
    return TEND_OK;
}

/* ---- judgement ---- */

static bool is_within(const struct tend__contract_result *result)
{
    return result->value >= result->low && result->value <= result->high;
}

/* The same to rounding: 3 of 1,000 rows are 0.3 %. */
static bool is_too_many(double bad, double asked, double share_max)
{
    return bad > share_max * asked * (1 + 1e-12);
}

static void judge_counted(struct contract_check *check)
{
    struct tend__contract_result *result = &check->result;
    result->row_count = (double)check->bad_count;
    if (check->has_keys && check->keys.level > 0) {
        result->is_estimated = true;
        if (result->kind == TEND_CONTRACT_UNIQUE) {
            const double repeated = tend__key_set_repeated(&check->keys);
            result->row_count = repeated > result->row_count ? repeated : result->row_count;
        }
    }
    result->asked_count = (double)check->asked_count;
    result->share = result->asked_count > 0 ? result->row_count / result->asked_count : 0;
    result->is_violated = is_too_many(result->row_count, result->asked_count, result->share_max);
}

static void judge_check(const struct tend__contract_run *run, struct contract_check *check)
{
    struct tend__contract_result *result = &check->result;
    if (result->kind == TEND_CONTRACT_REFERENCE && !check->keys_are_filled &&
        result->why[0] == '\0') {
        struct tend_error why = {0};
        tend__error_set(&why, TEND_ENOTFOUND, "%s was not read or has no rows", result->text);
        set_why(check, &why);
    }
    if (result->why[0] != '\0') {
        result->is_violated = true;
        return;
    }
    switch (result->kind) {
    case TEND_CONTRACT_MISSING_COLUMN:
    case TEND_CONTRACT_EXTRA_COLUMN:
        result->is_violated = true;
        result->row_count = (double)run->row_count;
        result->asked_count = (double)run->row_count;
        result->share = run->row_count > 0 ? 1 : 0;
        return;
    case TEND_CONTRACT_ROW_COUNT:
        result->value = (double)run->row_count;
        result->is_violated = !is_within(result);
        return;
    case TEND_CONTRACT_DISTINCT:
        result->value = tend__key_set_distinct(&check->keys);
        result->is_estimated = check->keys.level > 0;
        result->asked_count = (double)check->asked_count;
        result->is_violated = !is_within(result);
        return;
    case TEND_CONTRACT_AGGREGATE:
        result->row_count = (double)tend__aggregate_failed_count(check->aggregate);
        result->asked_count = (double)run->row_count;
        if (!tend__aggregate_value(check->aggregate, &result->value)) {
            result->value = (double)NAN;
        }
        result->is_violated = !is_within(result);
        return;
    case TEND_CONTRACT_TYPE:
        judge_counted(check);
        if (result->found != result->wanted && check->scan == NULL) {
            result->row_count = (double)run->row_count;
            result->asked_count = (double)run->row_count;
            result->share = run->row_count > 0 ? 1 : 0;
        }
        result->is_violated = result->found != result->wanted && result->found != TEND_TYPE_NULL;
        return;
    case TEND_CONTRACT_NULLS:
    case TEND_CONTRACT_NOT_FINITE:
    case TEND_CONTRACT_RANGE:
    case TEND_CONTRACT_NOT_WHOLE:
    case TEND_CONTRACT_VALUES:
    case TEND_CONTRACT_PATTERN:
    case TEND_CONTRACT_LENGTH:
    case TEND_CONTRACT_UNIQUE:
    case TEND_CONTRACT_REFERENCE:
    case TEND_CONTRACT_DEPENDENCY:
    case TEND_CONTRACT_RULE:
        judge_counted(check);
        return;
    }
}

void tend__contract_finish(struct tend__contract_run *run, struct tend__contract_outcome *out)
{
    out->is_there = true;
    out->violated_count = 0;
    for (size_t i = 0; i < run->check_count; i++) {
        judge_check(run, &run->checks[i]);
        run->results[i] = run->checks[i].result;
        out->violated_count += run->results[i].is_violated ? 1 : 0;
    }
    out->results = run->results;
    out->count = run->check_count;
    out->row_count = run->row_count;
}
