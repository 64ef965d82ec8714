/* SPDX-License-Identifier: Apache-2.0 */
/*
 * train.h: trains gradient-boosted trees with XGBoost, each job in a process of its own.
 *
 * The parent never loads libxgboost. It lays the rows of a job in a shared memory file, starts its
 * own program again with the hidden command "job-train", and reads the model back from a second
 * file: a crash, a leak or a memory rush of the library is a failed job with a sentence, not an
 * outage. A child runs niced, with one thread, under limits of memory, processor time and wall
 * time. See docs/training.md.
 */
#ifndef TEND_TRAIN_TRAIN_H
#define TEND_TRAIN_TRAIN_H

#include "base/fail.h"
#include "port/trainer.h"

#include <stddef.h>
#include <stdint.h>

struct tend__xgboost_trainer_options {
    const char *library_path;  /* libxgboost.so; NULL: $TEND_XGBOOST, else beside the program, else
                                  the system's */
    const char *exe_path;      /* the program whose main gives "job-train" to tend__train_job_main;
                                * NULL = /proc/self/exe */
    uint64_t memory_max_bytes; /* address space of one job beyond its rows; 0 = 4 GiB */
    uint32_t seconds_max;      /* wall and processor time of one job; 0 = 600 */
    uint32_t parallel;         /* jobs at once; 0 = 2 */
    tend__predictor_load_fn *load; /* makes a predictor from the model's bytes; required */
};

/* The strings are copied. Release with tend__trainer_deinit(). Calls of train() from several
 * threads are fine. */
enum tend_code tend__xgboost_trainer_init(const struct tend__xgboost_trainer_options *options,
                                          struct tend__trainer *out,
                                          struct tend_error *err) TEND_NODISCARD;

/* The child's whole life. A main() that gets argv[1] = "job-train" returns this before it does
 * anything else. */
int tend__train_job_main(int argc, char **argv);

#endif
