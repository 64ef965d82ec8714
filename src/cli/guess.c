/* SPDX-License-Identifier: Apache-2.0 */
/* guess.c: names first, values to confirm: a name alone never decides. */
#include "cli/guess.h"

#include "base/mem.h"
#include "base/names.h"
#include "judge/key_set.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define WATCH_MAX 4
#define ID_BYTES ((size_t)100 << 20) /* of the table of one column */
#define DIFFERENT_SHARE 0.5 /* of rows in `other`: a text that is different nearly everywhere */
#define NAME_COUNT_MAX 1024

/* ---- names ---- */

static bool ends_with(const char *name, const char *end)
{
    const size_t len = strlen(name);
    const size_t end_len = strlen(end);
    return len > end_len && strcasecmp(name + len - end_len, end) == 0;
}

static bool is_among(const char *name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(name, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool tend__sounds_like_id(const char *name)
{
    static const char *const words[] = {"id",       "uuid",   "guid",         "key",
                                        "event_id", "row_id", "prediction_id"};
    return is_among(name, words, TEND_ARRAY_LEN(words)) || ends_with(name, "_id");
}

static bool sounds_like_score(const char *name)
{
    static const char *const words[] = {"score",      "p",          "prob",  "probability",
                                        "prediction", "predicted",  "y_hat", "y_pred",
                                        "y_score",    "confidence", "risk"};
    return is_among(name, words, TEND_ARRAY_LEN(words)) || ends_with(name, "_score") ||
           ends_with(name, "_prob") || ends_with(name, "_probability") ||
           strncasecmp(name, "p_", 2) == 0 || strncasecmp(name, "prob_", 5) == 0;
}

static bool sounds_like_label(const char *name)
{
    static const char *const words[] = {"label",     "target",    "y",       "y_true", "outcome",
                                        "class",     "late",      "fraud",   "churn",  "churned",
                                        "default",   "defaulted", "clicked", "click",  "bought",
                                        "converted", "survived",  "response"};
    return is_among(name, words, TEND_ARRAY_LEN(words)) || ends_with(name, "_label") ||
           ends_with(name, "_target") || strncasecmp(name, "is_", 3) == 0;
}

/* ---- ids ---- */

struct watched {
    size_t field_idx;
    struct tend__key_set ids; /* exact up to some three million, then a sample */
    bool is_id;               /* no repeat and no null so far */
    char *name;
};

struct tend__id_watch {
    struct watched columns[WATCH_MAX];
    size_t count;
    bool is_started;
};

enum tend_code tend__id_watch_new(struct tend__id_watch **out, struct tend_error *err)
{
    return tend__mem_new(1, sizeof(**out), out, err);
}

void tend__id_watch_free(struct tend__id_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    for (size_t i = 0; i < watch->count; i++) {
        tend__key_set_deinit(&watch->columns[i].ids);
        tend__mem_free(watch->columns[i].name);
    }
    tend__mem_free(watch);
}

static enum tend_code start_watch(struct tend__id_watch *watch, const struct tend__batch *batch,
                                  struct tend_error *err)
{
    watch->is_started = true;
    for (size_t i = 0; i < batch->column_count && watch->count < WATCH_MAX; i++) {
        const char *name = batch->fields[i].name;
        const bool can_be =
            batch->fields[i].type == TEND_TYPE_TEXT || batch->fields[i].type == TEND_TYPE_NUMBER;
        if (can_be && tend__sounds_like_id(name)) {
            struct watched *column = &watch->columns[watch->count];
            TEND_TRY(tend__mem_text(name, strlen(name), &column->name, err));
            tend__key_set_init(&column->ids, ID_BYTES);
            column->field_idx = i;
            column->is_id = true;
            watch->count++;
        }
    }
    return TEND_OK;
}

enum tend_code tend__id_watch_add(void *ctx, const struct tend__batch *batch,
                                  struct tend_error *err)
{
    struct tend__id_watch *watch = ctx;
    if (!watch->is_started) {
        TEND_TRY(start_watch(watch, batch, err));
    }
    for (size_t k = 0; k < watch->count; k++) {
        struct watched *column = &watch->columns[k];
        for (size_t i = 0; i < batch->row_count && column->is_id; i++) {
            struct tend__key key;
            uint64_t tag = 0;
            enum tend__key_state state = TEND_KEY_REPEATED;
            if (tend__key_of(batch->columns, &column->field_idx, 1, i, &key)) {
                TEND_TRY(tend__key_set_put(&column->ids, &key, &tag, &state, err));
            }
            column->is_id = state != TEND_KEY_REPEATED;
        }
    }
    return TEND_OK;
}

static bool is_watched_id(const struct tend__id_watch *watch, const char *name)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (strcmp(watch->columns[i].name, name) == 0) {
            return watch->columns[i].is_id;
        }
    }
    return false;
}

/* ---- values ---- */

/* Every value is 0 or 1, and both are there. */
static bool is_binary(const struct tend__profile *profile, size_t idx)
{
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), idx);
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    if (plan->type == TEND_TYPE_BOOL) {
        return true;
    }
    if (plan->type != TEND_TYPE_NUMBER || column->min < 0 || column->min > 0 || column->max < 1 ||
        column->max > 1) {
        return false;
    }
    uint64_t at_ends = 0;
    for (size_t i = 0; i < column->cell_count; i++) {
        const double low = plan->cell_lows[i];
        const bool is_atom = !(low < plan->cell_highs[i]);
        const bool is_end = is_atom && ((!(low < 0) && !(low > 0)) || (!(low < 1) && !(low > 1)));
        at_ends += is_end ? column->cells[i] : 0;
    }
    return at_ends == tend__profile_value_count(profile, idx);
}

static bool is_share(const struct tend__profile *profile, size_t idx)
{
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    return tend__plan_column(tend__profile_plan(profile), idx)->type == TEND_TYPE_NUMBER &&
           column->min >= 0 && column->max <= 1 && column->max > column->min;
}

/* A share that is not just a verdict of 0 and 1. */
static bool is_graded(const struct tend__profile *profile, size_t idx)
{
    return is_share(profile, idx) && !is_binary(profile, idx);
}

static bool is_different_everywhere(const struct tend__profile *profile, size_t idx)
{
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), idx);
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    const double total = (double)tend__profile_value_count(profile, idx);
    return plan->type == TEND_TYPE_TEXT && total > 0 &&
           (double)column->cells[plan->category_count] > DIFFERENT_SHARE * total;
}

static bool is_constant(const struct tend__profile *profile, size_t idx)
{
    const struct tend__plan_column *plan = tend__plan_column(tend__profile_plan(profile), idx);
    const struct tend__column_profile *column = tend__profile_column(profile, idx);
    if (plan->type == TEND_TYPE_NUMBER) {
        return !(column->max > column->min);
    }
    size_t used = 0;
    for (size_t i = 0; i < column->cell_count; i++) {
        used += column->cells[i] > 0 ? 1 : 0;
    }
    return plan->type != TEND_TYPE_TIME && used <= 1;
}

/* ---- roles ---- */

static enum tend__role feature_role(const struct tend__profile *profile, size_t idx,
                                    const char **reason)
{
    const enum tend_type type = tend__plan_column(tend__profile_plan(profile), idx)->type;
    if (type == TEND_TYPE_NULL || tend__profile_column(profile, idx)->null_count ==
                                      tend__profile_column(profile, idx)->row_count) {
        *reason = "has no value";
        return TEND_ROLE_USELESS;
    }
    if (type == TEND_TYPE_TIME) {
        *reason = "is a second time";
        return TEND_ROLE_USELESS;
    }
    if (is_different_everywhere(profile, idx)) {
        *reason = "is a text that is different in most rows";
        return TEND_ROLE_USELESS;
    }
    if (is_constant(profile, idx)) {
        *reason = "has one value only";
        return TEND_ROLE_USELESS;
    }
    *reason = "feature";
    return type == TEND_TYPE_TEXT ? TEND_ROLE_CATEGORY : TEND_ROLE_NUMBER;
}

static size_t find_time(const struct tend__profile *profile)
{
    static const char *const words[] = {"time", "timestamp", "event_time",
                                        "date", "datetime",  "ts"};
    const struct tend__plan *plan = tend__profile_plan(profile);
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < tend__plan_column_count(plan); i++) {
        if (tend__plan_column(plan, i)->type != TEND_TYPE_TIME) {
            continue;
        }
        if (is_among(tend__plan_column(plan, i)->name, words, TEND_ARRAY_LEN(words))) {
            return i;
        }
        first = first == SIZE_MAX ? i : first;
    }
    return first;
}

static enum tend_code find_chosen(const struct tend__profile *profile, const char *name,
                                  const char *option, size_t *out, struct tend_error *err)
{
    const struct tend__plan *plan = tend__profile_plan(profile);
    const char *names[NAME_COUNT_MAX];
    size_t count = 0;
    *out = tend__plan_find(plan, name);
    if (*out != SIZE_MAX) {
        return TEND_OK;
    }
    for (size_t i = 0; i < tend__plan_column_count(plan) && count < NAME_COUNT_MAX; i++) {
        names[count++] = tend__plan_column(plan, i)->name;
    }
    const char *near = tend__name_nearest(name, names, count);
    if (near != NULL) {
        return TEND_FAIL(err, ENOTFOUND, "%s: no column '%s' (did you mean '%s'?)", option, name,
                         near);
    }
    return TEND_FAIL(err, ENOTFOUND, "%s: no column '%s'", option, name);
}

static void set_role(struct tend__guess *guess, size_t idx, enum tend__role role,
                     const char *reason)
{
    if (idx != SIZE_MAX) {
        guess->roles[idx] = role;
        guess->reasons[idx] = reason;
    }
}

/* The first column that no other role has, whose name and values fit. */
static size_t find_named(const struct tend__guess *guess, const struct tend__profile *profile,
                         bool (*sounds)(const char *name),
                         bool (*fits)(const struct tend__profile *profile, size_t idx))
{
    const struct tend__plan *plan = tend__profile_plan(profile);
    for (size_t i = 0; i < guess->count; i++) {
        const bool is_free = i != guess->time_idx && i != guess->id_idx && i != guess->score_idx;
        if (is_free && sounds(tend__plan_column(plan, i)->name) && fits(profile, i)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static enum tend_code choose(struct tend__guess *guess, const struct tend__profile *profile,
                             const struct tend__id_watch *watch, const char *label,
                             const char *time, struct tend_error *err)
{
    const struct tend__plan *plan = tend__profile_plan(profile);
    guess->time_idx = find_time(profile);
    guess->id_idx = SIZE_MAX;
    guess->score_idx = SIZE_MAX;
    guess->label_idx = SIZE_MAX;
    if (time != NULL) {
        TEND_TRY(find_chosen(profile, time, "--time", &guess->time_idx, err));
        const enum tend_type type = tend__plan_column(plan, guess->time_idx)->type;
        if (type != TEND_TYPE_TIME) {
            return TEND_FAIL(err, ETYPE, "--time: column '%s' is a %s, not a time", time,
                             tend__type_text(type));
        }
    }
    for (size_t i = 0; i < guess->count && guess->id_idx == SIZE_MAX; i++) {
        guess->id_idx = is_watched_id(watch, tend__plan_column(plan, i)->name) ? i : SIZE_MAX;
    }
    if (label != NULL) {
        TEND_TRY(find_chosen(profile, label, "--label", &guess->label_idx, err));
        const enum tend_type type = tend__plan_column(plan, guess->label_idx)->type;
        if (type == TEND_TYPE_TEXT || type == TEND_TYPE_TIME) {
            return TEND_FAIL(err, ETYPE,
                             "--label: column '%s' is a %s; a label is 0/1, true/false or a number",
                             label, tend__type_text(type));
        }
    }
    guess->score_idx = find_named(guess, profile, sounds_like_score, is_graded);
    if (guess->score_idx == SIZE_MAX) {
        guess->score_idx = find_named(guess, profile, sounds_like_score, is_share);
    }
    if (guess->score_idx == guess->label_idx) {
        guess->score_idx = SIZE_MAX;
    }
    if (label == NULL) {
        guess->label_idx = find_named(guess, profile, sounds_like_label, is_binary);
    }
    return TEND_OK;
}

enum tend_code tend__guess_new(const struct tend__profile *profile,
                               const struct tend__id_watch *watch, const char *label,
                               const char *time, struct tend__guess *out, struct tend_error *err)
{
    struct tend__guess guess = {.count = tend__plan_column_count(tend__profile_plan(profile))};
    enum tend_code code = TEND_OK;
    TEND_TRY_OUT(tend__mem_new(guess.count, sizeof(*guess.roles), &guess.roles, err));
    TEND_TRY_OUT(tend__mem_new(guess.count, sizeof(*guess.reasons), &guess.reasons, err));
    TEND_TRY_OUT(choose(&guess, profile, watch, label, time, err));
    for (size_t i = 0; i < guess.count; i++) {
        guess.roles[i] = feature_role(profile, i, &guess.reasons[i]);
        if (guess.score_idx != SIZE_MAX && is_share(profile, i) &&
            sounds_like_score(tend__plan_column(tend__profile_plan(profile), i)->name)) {
            /* As a feature it would tell a new model what the old one said. */
            set_role(&guess, i, TEND_ROLE_USELESS, "is a second score");
        }
    }
    set_role(&guess, guess.time_idx, TEND_ROLE_TIME, time != NULL ? "--time says so" : "is a time");
    set_role(&guess, guess.id_idx, TEND_ROLE_ID, "is different in every row, and its name says so");
    set_role(&guess, guess.score_idx, TEND_ROLE_SCORE, "is between 0 and 1, and its name says so");
    set_role(&guess, guess.label_idx, TEND_ROLE_LABEL,
             label != NULL ? "--label says so" : "is 0 or 1, and its name says so");
    *out = guess;
    return TEND_OK;
out:
    tend__guess_deinit(&guess);
    return code;
}

void tend__guess_deinit(struct tend__guess *guess)
{
    tend__mem_free(guess->roles);
    tend__mem_free(guess->reasons);
    *guess = (struct tend__guess){0};
}
