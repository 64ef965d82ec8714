/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_backtest.c: tend backtest plays history under the configured policy and under simpler ones.
 */
#include "cli/data.h"
#include "cli/play_story.h"
#include "cli/progress.h"

#include "base/civil.h"
#include "state/ledger.h"

#include <unistd.h>

/* What the run's results go to is tried before the run, which may be long. */
static enum tend_code try_outputs(const struct tend__app *app, struct tend_error *err)
{
    const char *html = tend__args_text(app->args, TEND_OPTION_HTML, NULL);
    const char *state = tend__args_text(app->args, TEND_OPTION_STATE, NULL);
    struct tend__ledger *ledger = NULL;
    if (html != NULL) {
        TEND_TRY(tend__app_can_write(html, err));
    }
    if (state == NULL) {
        return TEND_OK;
    }
    if (access(state, F_OK) != 0) {
        return tend__app_can_write(state, err);
    }
    TEND_TRY(tend__ledger_open(state, &ledger, err));
    tend__ledger_close(ledger);
    return TEND_OK;
}

static enum tend_code show(struct tend__app *app, const struct tend__play *play,
                           struct tend_error *err)
{
    const char *html = tend__args_text(app->args, TEND_OPTION_HTML, NULL);
    const char *state = tend__args_text(app->args, TEND_OPTION_STATE, NULL);
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        TEND_TRY(tend__play_json(play, &app->out, err));
    } else {
        TEND_TRY(tend__story_end(app, play, err));
    }
    if (html != NULL) {
        TEND_TRY(tend__story_page(play, "Backtest", html, err));
        tend__app_note(app, "wrote %s", html);
    }
    if (state != NULL) {
        TEND_TRY(tend__play_keep(play, state, "backtest", err));
        tend__app_note(app, "the books are in %s: see 'tend why --state %s'", state, state);
    }
    return TEND_OK;
}

enum tend_code tend__cmd_backtest(struct tend__app *app, enum tend__exit *exit_code,
                                  struct tend_error *err)
{
    struct tend__config *config = NULL;
    TEND_TRY(try_outputs(app, err));
    TEND_TRY(tend__data_need_config(app, app->args->operands[0], &config, err));
    const bool json = tend__args_has(app->args, TEND_OPTION_JSON);
    struct tend__story story = {.app = app, .silent = json};
    struct tend__progress progress;
    const struct tend__play_options options = {
        .app = app,
        .outcomes = tend__args_text(app->args, TEND_OPTION_OUTCOMES, NULL),
        .config = config,
        .data = app->args->operands[0],
        .train_windows = tend__args_count(app->args, TEND_OPTION_TRAIN, 0),
        .accept_windows = tend__args_count(app->args, TEND_OPTION_ACCEPT, 0),
        .since_us = tend__args_time(app->args, TEND_OPTION_SINCE, INT64_MIN),
        .until_us = tend__args_time(app->args, TEND_OPTION_UNTIL, INT64_MAX),
        .seed = tend__args_count(app->args, TEND_OPTION_SEED, 1),
        .only_policy = tend__args_text(app->args, TEND_OPTION_POLICY, NULL),
        .lake = {.memory_max_bytes = tend__args_bytes(app->args, TEND_OPTION_MEMORY, 0),
                 .threads = (uint32_t)tend__args_count(app->args, TEND_OPTION_THREADS, 0)},
        .story = tend__story_tell,
        .story_ctx = &story,
        .progress = tend__progress_tick,
        .progress_ctx = &progress,
    };
    struct tend__play *play = NULL;
    tend__progress_begin(&progress, app, "playing");
    enum tend_code code = tend__play_run(&options, &play, err);
    tend__progress_end(&progress);
    if (code == TEND_OK) {
        code = show(app, play, err);
    }
    if (code == TEND_OK && tend__story_found(play)) {
        *exit_code = TEND_EXIT_FOUND;
    }
    tend__play_free(play);
    tend__config_free(config);
    return code;
}
