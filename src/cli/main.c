/* SPDX-License-Identifier: Apache-2.0 */
/* main.c: the tend program; everything is in app.c, so that tests can link it. */
#include "cli/app.h"
#include "train/train.h"

#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "job-train") == 0) {
        return tend__train_job_main(argc, argv); /* a child of this program, started by src/train */
    }
    return tend__cli_main(argc, argv);
}
