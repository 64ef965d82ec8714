/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c: draws the progress line on standard error. */
#include "cli/progress.h"

#include "report/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define EVERY_MS 100
#define BAR_WIDTH 24

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void tend__progress_begin(struct tend__progress *progress, const struct tend__app *app,
                          const char *label)
{
    *progress = (struct tend__progress){.app = app, .label = label};
    progress->is_enabled = app->err_is_terminal && !tend__args_has(app->args, TEND_OPTION_QUIET);
}

void tend__progress_tick(void *ctx, uint64_t done, uint64_t expected)
{
    struct tend__progress *progress = ctx;
    char text[TEND_NUMBER_TEXT_SIZE];
    if (!progress->is_enabled) {
        return;
    }
    const int64_t now = now_ms();
    if (progress->shown_ms != 0 && now - progress->shown_ms < EVERY_MS) {
        return;
    }
    progress->shown_ms = now;
    (void)tend__show_number((double)done, text);
    if (expected == 0) {
        (void)fprintf(stderr, "\r\033[K%s: %s rows", progress->label, text);
    } else {
        double share = (double)done / (double)expected;
        share = share > 1 ? 1 : share;
        const int full = (int)(share * BAR_WIDTH);
        (void)fprintf(stderr, "\r\033[K%s: [%.*s%*s] %3.0f%%  %s rows", progress->label, full,
                      "########################", BAR_WIDTH - full, "", share * 100, text);
    }
    (void)fflush(stderr);
}

void tend__progress_end(struct tend__progress *progress)
{
    if (progress->is_enabled && progress->shown_ms != 0) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
    progress->is_enabled = false;
}
