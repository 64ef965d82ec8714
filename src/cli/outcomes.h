/* SPDX-License-Identifier: Apache-2.0 */
/* outcomes.h: outcomes that come in a data set of their own, joined to predictions by id. */
#ifndef TEND_CLI_OUTCOMES_H
#define TEND_CLI_OUTCOMES_H

#include "cli/data.h"
#include "profile/id_table.h"

struct tend__outcomes {
    struct tend__id_table
        labels; /* number: the label, NaN for null, once it was matched; see match() */
    enum tend_type id_type;
    uint64_t row_count;
    uint64_t null_id_count;   /* rows without an id: left out */
    uint64_t duplicate_count; /* rows whose id came before: the last one stands, as a revision */
    uint64_t matched_count;   /* ids that a prediction asked for */
    bool is_binary;           /* every known label is 0 or 1 */
};

/* Reads config.data.id and config.label.column of the data set. TEND_ENOTFOUND where it lacks one,
 * TEND_ETYPE where the label is no number or bool. */
enum tend_code tend__outcomes_read(const struct tend__app *app, struct tend__lake *lake,
                                   const char *path, const struct tend__config *config,
                                   struct tend__outcomes *out,
                                   struct tend_error *err) TEND_NODISCARD;
void tend__outcomes_deinit(struct tend__outcomes *outcomes);

/* The label of a row's id; NaN where none came. */
double tend__outcomes_label(struct tend__outcomes *outcomes, const struct tend__column *ids,
                            size_t row_idx);

#endif
