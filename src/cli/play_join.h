/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play_join.h: history whose outcomes come in a data set of their own: joined to the rows by id.
 *
 * The joined label takes the place of the rows' label column, or stands after their columns where
 * they have none. The engine judges it at its maturity (label.known_after), as any other.
 */
#ifndef TEND_CLI_PLAY_JOIN_H
#define TEND_CLI_PLAY_JOIN_H

#include "cli/outcomes.h"
#include "lake/lake.h"

struct tend__play_join {
    struct tend__outcomes outcomes;
    size_t id_idx;    /* in the rows */
    size_t label_idx; /* where the label stands in a joined batch */
    struct tend__column *columns;
    size_t column_count; /* of a joined batch */
    double labels[TEND_LAKE_BATCH_MAX];
    uint8_t valid[TEND_LAKE_BATCH_MAX];
};

/* Reads the outcomes; failures as tend__outcomes_read. The caller frees *out. */
enum tend_code tend__play_join_new(const struct tend__app *app, struct tend__lake *lake,
                                   const struct tend__config *config, const char *path,
                                   struct tend__play_join **out,
                                   struct tend_error *err) TEND_NODISCARD;

/* Adds the label to the rows' fields, which have room for one more; an added name is the
 * configuration's. TEND_ENOTFOUND and TEND_ETYPE for the rows' id. */
enum tend_code tend__play_join_bind(struct tend__play_join *join, const struct tend__config *config,
                                    struct tend__field *fields, size_t *field_count,
                                    struct tend_error *err) TEND_NODISCARD;
void tend__play_join_free(struct tend__play_join *join); /* NULL is fine */

/* The batch with its label; lives until the next call and as long as `batch`. */
struct tend__batch tend__play_join_rows(struct tend__play_join *join,
                                        const struct tend__batch *batch,
                                        const struct tend__field *fields);

/* How many outcomes no row asked for. */
uint64_t tend__play_join_unmatched(const struct tend__play_join *join);

#endif
