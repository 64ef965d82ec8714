/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_show.c: tend show: what a profile holds, or how a store went over time. */
#include "cli/cmd_profile.h"
#include "cli/data.h"

enum tend_code tend__cmd_show(struct tend__app *app, enum tend__exit *exit_code,
                              struct tend_error *err)
{
    struct tend__lake *lake = NULL;
    struct tend__profile *profile = NULL;
    (void)exit_code;
    TEND_TRY(tend__data_lake(app, &lake, err));
    enum tend_code code = tend__data_need_profile(lake, app->args->operands[0], &profile, err);
    if (code == TEND_OK) {
        code = tend__print_profile(app, "tend.show/1", profile, NULL, err);
    }
    tend__profile_free(profile);
    tend__lake_free(lake);
    return code;
}
