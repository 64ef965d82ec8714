/* SPDX-License-Identifier: Apache-2.0 */
/* outcomes.c: reads outcomes into a table by id. */
#include "cli/outcomes.h"

#include "cli/worth.h"

#include <math.h>
#include <string.h>

struct outcome_pass {
    struct tend__outcomes *outcomes;
    size_t id_idx;
    size_t label_idx;
};

void tend__outcomes_deinit(struct tend__outcomes *outcomes)
{
    tend__id_table_deinit(&outcomes->labels);
    *outcomes = (struct tend__outcomes){0};
}

static enum tend_code add_outcomes(void *ctx, const struct tend__batch *batch,
                                   struct tend_error *err)
{
    struct outcome_pass *pass = ctx;
    struct tend__outcomes *outcomes = pass->outcomes;
    const struct tend__column *ids = &batch->columns[pass->id_idx];
    const struct tend__column *labels = &batch->columns[pass->label_idx];
    for (size_t i = 0; i < batch->row_count; i++) {
        struct tend__id_slot *slot = NULL;
        bool is_new = false;
        outcomes->row_count++;
        if (ids->type == TEND_TYPE_NULL || !tend__is_valid(ids, i)) {
            outcomes->null_id_count++;
            continue;
        }
        TEND_TRY(tend__id_table_put(&outcomes->labels, ids, i, &slot, &is_new, err));
        outcomes->duplicate_count += is_new ? 0 : 1;
        slot->number = tend__label_number(labels, i);
        const bool is_known = !isnan(slot->number);
        const bool is_zero_or_one =
            !(slot->number < 0) && !(slot->number > 1) && !(slot->number > 0 && slot->number < 1);
        outcomes->is_binary = outcomes->is_binary && (!is_known || is_zero_or_one);
    }
    return TEND_OK;
}

enum tend_code tend__outcomes_read(const struct tend__app *app, struct tend__lake *lake,
                                   const char *path, const struct tend__config *config,
                                   struct tend__outcomes *out, struct tend_error *err)
{
    struct tend__field *fields = NULL;
    size_t count = 0;
    struct outcome_pass pass = {.outcomes = out};
    const struct tend__data_stream stream = {.path = path};
    *out = (struct tend__outcomes){.is_binary = true};
    if (config->id == NULL || config->label.column == NULL) {
        return TEND_FAIL(err, EINVAL, "%s: --outcomes needs data.id and label.column",
                         config->path);
    }
    TEND_TRY(tend__data_fields(lake, path, NULL, &fields, &count, err));
    enum tend_code code = TEND_OK;
    pass.id_idx = tend__fields_find(fields, count, config->id);
    pass.label_idx = tend__fields_find(fields, count, config->label.column);
    if (pass.id_idx == SIZE_MAX) {
        code = tend__data_missing(fields, count, config->id, path, "data.id", err);
    } else if (pass.label_idx == SIZE_MAX) {
        code = tend__data_missing(fields, count, config->label.column, path, "label.column", err);
    } else {
        out->id_type = fields[pass.id_idx].type;
        code = tend__label_check(&fields[pass.label_idx], path, err);
    }
    tend__fields_free(fields, count);
    if (code == TEND_OK) {
        code = tend__data_each(app, lake, &stream, add_outcomes, &pass, err);
    }
    if (code != TEND_OK) {
        tend__outcomes_deinit(out);
    }
    return code;
}

double tend__outcomes_label(struct tend__outcomes *outcomes, const struct tend__column *ids,
                            size_t row_idx)
{
    struct tend__id_slot *slot = NULL;
    if (ids->type != TEND_TYPE_NULL && tend__is_valid(ids, row_idx)) {
        slot = tend__id_table_find(&outcomes->labels, ids, row_idx);
    }
    if (slot == NULL) {
        return (double)NAN;
    }
    outcomes->matched_count++;
    return slot->number;
}
