/* SPDX-License-Identifier: Apache-2.0 */
/* play_story.h: tells a run over history: in the terminal as it happens, its end in money, and as a
 * page. */
#ifndef TEND_CLI_PLAY_STORY_H
#define TEND_CLI_PLAY_STORY_H

#include "cli/play.h"

struct tend__story {
    struct tend__app *app;
    size_t season_start; /* first window of the season that is being told */
    bool silent;
};

/* A tend__play_story_fn: one line an event, and one a season of windows. ctx is a struct
 * tend__story. */
void tend__story_tell(void *ctx, const struct tend__play *play,
                      const struct tend__engine_event *event);

/* What was found, what was at stake and what was done, in money, into app->out. */
enum tend_code tend__story_end(struct tend__app *app, const struct tend__play *play,
                               struct tend_error *err) TEND_NODISCARD;

/* The same as one page of HTML with pictures. */
enum tend_code tend__story_page(const struct tend__play *play, const char *title, const char *path,
                                struct tend_error *err) TEND_NODISCARD;

/* Whether anything was found that a person should look at (exit code 1). */
bool tend__story_found(const struct tend__play *play);

#endif
