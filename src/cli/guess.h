/* SPDX-License-Identifier: Apache-2.0 */
/* guess.h: what the columns of a data set are, guessed for `tend init` from their profile, names
 * and values. */
#ifndef TEND_CLI_GUESS_H
#define TEND_CLI_GUESS_H

#include "cli/data.h"

enum tend__role {
    TEND_ROLE_ID,
    TEND_ROLE_TIME,
    TEND_ROLE_SCORE,
    TEND_ROLE_LABEL,
    TEND_ROLE_NUMBER,   /* a feature */
    TEND_ROLE_CATEGORY, /* a feature */
    TEND_ROLE_USELESS,  /* constant, empty, or a text that is different in nearly every row */
};

struct tend__guess {
    enum tend__role *roles; /* one a column of the plan */
    const char **reasons;   /* in words; never NULL */
    size_t count;
    size_t id_idx; /* SIZE_MAX where there is none, as below */
    size_t time_idx;
    size_t score_idx;
    size_t label_idx;
};

/* Columns whose name looks like an id's, watched for repeats while rows pass. */
struct tend__id_watch;

enum tend_code tend__id_watch_new(struct tend__id_watch **out,
                                  struct tend_error *err) TEND_NODISCARD;
void tend__id_watch_free(struct tend__id_watch *watch);
tend__rows_fn tend__id_watch_add; /* ctx is the watch */

/* "id", "order_id", "uuid" and the like. */
bool tend__sounds_like_id(const char *name);

/* `label` and `time` name columns that the user chose; NULL leaves them to be guessed.
 * TEND_ENOTFOUND with the nearest name, TEND_ETYPE where they cannot be what they are said to be.
 */
enum tend_code tend__guess_new(const struct tend__profile *profile,
                               const struct tend__id_watch *watch, const char *label,
                               const char *time, struct tend__guess *out,
                               struct tend_error *err) TEND_NODISCARD;
void tend__guess_deinit(struct tend__guess *guess);

#endif
