/* SPDX-License-Identifier: Apache-2.0 */
/* state_file.h: the state file that ledger, versions and why read. */
#ifndef TEND_CLI_STATE_FILE_H
#define TEND_CLI_STATE_FILE_H

#include "cli/app.h"
#include "state/ledger.h"

#define TEND_STATE_DEFAULT "tend-data/state.db"
#define TEND_STATE_DEMO "tend-demo/state.db"

/* --state, else tend-data/state.db, else that of the last `tend demo` in this folder (with a
 * remark). TEND_ENOTFOUND says which commands make one. */
enum tend_code tend__state_open(const struct tend__app *app, struct tend__ledger **out,
                                struct tend_error *err) TEND_NODISCARD;

#endif
