/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: the tend program; everything is in app.c, so that tests can link it. */
#include "cli/app.h"

int main(int argc, char **argv)
{
    return tend__cli_main(argc, argv);
}
