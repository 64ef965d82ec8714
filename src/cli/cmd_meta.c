/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_meta.c: the commands about tend itself: help, man, completion. */
#include "cli/app.h"
#include "cli/help.h"

enum tend_code tend__cmd_completion(struct tend__app *app, enum tend__exit *exit_code,
                                    struct tend_error *err)
{
    (void)exit_code;
    return tend__help_completion(app->args->operands[0], &app->out, err);
}

enum tend_code tend__cmd_man(struct tend__app *app, enum tend__exit *exit_code,
                             struct tend_error *err)
{
    (void)exit_code;
    (void)err;
    tend__help_man(&app->out);
    return TEND_OK;
}

enum tend_code tend__cmd_help(struct tend__app *app, enum tend__exit *exit_code,
                              struct tend_error *err)
{
    (void)exit_code;
    if (app->args->operand_count == 0) {
        tend__help_program(&app->out);
        return TEND_OK;
    }
    const struct tend__command *command = tend__command_find(app->args->operands[0]);
    if (command == NULL) {
        return TEND_FAIL(err, EINVAL, "no command '%s'; 'tend --help' lists them",
                         app->args->operands[0]);
    }
    tend__help_command(command, &app->out);
    return TEND_OK;
}
