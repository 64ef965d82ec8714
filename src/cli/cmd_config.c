/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_config.c: tend config reads tend.yaml and says what it means. */
#include "base/json_write.h"
#include "cli/app.h"
#include "cli/config.h"

enum tend_code tend__cmd_config(struct tend__app *app, enum tend__exit *exit_code,
                                struct tend_error *err)
{
    const char *path = tend__args_text(app->args, TEND_OPTION_CONFIG, TEND_CONFIG_DEFAULT);
    struct tend__config *config = NULL;
    struct tend__json_writer w;
    (void)exit_code;
    TEND_TRY(tend__config_load(path, &config, err));
    tend__jsonw_init(&w, &app->out, true);
    if (tend__args_has(app->args, TEND_OPTION_JSON)) {
        tend__jsonw_object_begin(&w);
        tend__jsonw_member_text(&w, "schema", "tend.config/1");
        tend__jsonw_member_text(&w, "hash", config->hash);
        tend__jsonw_key(&w, "config");
        tend__config_json(config, &w);
        tend__jsonw_object_end(&w);
    } else {
        tend__buf_printf(&app->out, "%s is fine; hash %s; it means\n", path, config->hash);
        tend__config_json(config, &w);
    }
    tend__config_free(config);
    return TEND_OK;
}
