/* SPDX-License-Identifier: Apache-2.0 */
/* state_file.c: finds and opens the state file. */
#include "cli/state_file.h"

#include <unistd.h>

enum tend_code tend__state_open(const struct tend__app *app, struct tend__ledger **out,
                                struct tend_error *err)
{
    const char *path = tend__args_text(app->args, TEND_OPTION_STATE, NULL);
    if (path == NULL) {
        path = TEND_STATE_DEFAULT;
        if (access(path, F_OK) != 0 && access(TEND_STATE_DEMO, F_OK) == 0) {
            path = TEND_STATE_DEMO;
            tend__app_note(app, "reading %s, the state of the demo", path);
        }
    }
    if (access(path, F_OK) != 0) {
        return TEND_FAIL(err, ENOTFOUND,
                         "%s: no such file; 'tend backtest DATA' and 'tend demo' make one, and "
                         "--state FILE names it",
                         path);
    }
    return tend__ledger_open_existing(path, out, err);
}
