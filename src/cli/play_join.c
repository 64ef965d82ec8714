/* SPDX-License-Identifier: Apache-2.0 */
/* play_join.c: outcomes joined to the rows of history by id; see play_join.h. */
#include "cli/play_join.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum tend_code tend__play_join_new(const struct tend__app *app, struct tend__lake *lake,
                                   const struct tend__config *config, const char *path,
                                   struct tend__play_join **out, struct tend_error *err)
{
    struct tend__play_join *join = NULL;
    TEND_TRY(tend__mem_new(1, sizeof(*join), &join, err));
    const enum tend_code code = tend__outcomes_read(app, lake, path, config, &join->outcomes, err);
    if (code != TEND_OK) {
        tend__mem_free(join); /* the outcomes released themselves */
        return code;
    }
    *out = join;
    return TEND_OK;
}

void tend__play_join_free(struct tend__play_join *join)
{
    if (join == NULL) {
        return;
    }
    tend__outcomes_deinit(&join->outcomes);
    tend__mem_free(join->columns);
    tend__mem_free(join);
}

enum tend_code tend__play_join_bind(struct tend__play_join *join, const struct tend__config *config,
                                    struct tend__field *fields, size_t *field_count,
                                    struct tend_error *err)
{
    join->id_idx = tend__fields_find(fields, *field_count, config->id);
    if (join->id_idx == SIZE_MAX) {
        return tend__data_missing(fields, *field_count, config->id, "the history", "data.id", err);
    }
    if (fields[join->id_idx].type != join->outcomes.id_type) {
        return TEND_FAIL(err, ETYPE, "data.id: '%s' is a %s in the history and a %s in --outcomes",
                         config->id, tend__type_text(fields[join->id_idx].type),
                         tend__type_text(join->outcomes.id_type));
    }
    join->label_idx = tend__fields_find(fields, *field_count, config->label.column);
    join->column_count = *field_count;
    if (join->label_idx == SIZE_MAX) {
        join->label_idx = *field_count;
        join->column_count++;
    }
    TEND_TRY(tend__mem_new(join->column_count, sizeof(*join->columns), &join->columns, err));
    const char *name =
        join->label_idx < *field_count ? fields[join->label_idx].name : config->label.column;
    fields[join->label_idx] =
        (struct tend__field){name, TEND_TYPE_NUMBER, -(double)INFINITY, (double)INFINITY};
    *field_count = join->column_count;
    return TEND_OK;
}

struct tend__batch tend__play_join_rows(struct tend__play_join *join,
                                        const struct tend__batch *batch,
                                        const struct tend__field *fields)
{
    TEND_ASSERT(batch->row_count <= TEND_LAKE_BATCH_MAX);
    memcpy(join->columns, batch->columns, batch->column_count * sizeof(*join->columns));
    for (size_t i = 0; i < batch->row_count; i++) {
        join->labels[i] = tend__outcomes_label(&join->outcomes, &batch->columns[join->id_idx], i);
        join->valid[i] = (uint8_t)(isnan(join->labels[i]) ? 0 : 1);
    }
    join->columns[join->label_idx] =
        (struct tend__column){.type = TEND_TYPE_NUMBER, .f64 = join->labels, .valid = join->valid};
    return (struct tend__batch){
        .row_count = batch->row_count,
        .column_count = join->column_count,
        .fields = fields,
        .columns = join->columns,
    };
}

uint64_t tend__play_join_unmatched(const struct tend__play_join *join)
{
    const struct tend__outcomes *o = &join->outcomes;
    const uint64_t ids = o->row_count - o->null_id_count - o->duplicate_count;
    return ids > o->matched_count ? ids - o->matched_count : 0;
}
