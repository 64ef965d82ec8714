/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h: one line on a terminal that says how far a long pass is; nothing in a pipe or under
 * --quiet. */
#ifndef TEND_CLI_PROGRESS_H
#define TEND_CLI_PROGRESS_H

#include "cli/app.h"

struct tend__progress {
    const struct tend__app *app;
    const char *label; /* "reading january.parquet" */
    int64_t shown_ms;  /* when the line was last drawn; 0 = never */
    bool is_enabled;
};

void tend__progress_begin(struct tend__progress *progress, const struct tend__app *app,
                          const char *label);

/* A tend__lake_progress_fn: ctx is the struct tend__progress. At most ten lines a second are drawn.
 */
void tend__progress_tick(void *ctx, uint64_t done, uint64_t expected);

/* Wipes the line. */
void tend__progress_end(struct tend__progress *progress);

#endif
