/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_job.h: tend check as a command: two paths become the inputs of judge/check.h, and what a
 * row is worth by tend.yaml is added to its result (check_value.c). report/check_report.h shows it.
 */
#ifndef TEND_CLI_CHECK_JOB_H
#define TEND_CLI_CHECK_JOB_H

#include "cli/app.h"
#include "cli/contract_job.h"
#include "cli/data.h"
#include "cli/window_sums.h"
#include "cli/worth.h"
#include "judge/check.h"

#define TEND_CHECK_SAMPLE 65536

/* What the first pass over a data set told of its columns; empty for a profile. */
struct tend__check_side {
    const char *path;
    const char *label; /* the label's column, or NULL */
    struct tend__field *fields;
    size_t field_count;
    bool label_is_number;                /* some label is neither 0 nor 1 */
    struct tend__contract_job *contract; /* that its rows must keep; NULL = none */
};

struct tend__check_job {
    struct tend__app *app;
    struct tend__lake *lake;
    struct tend__config *config; /* NULL where there is none */
    struct tend__check_side ref_side;
    struct tend__check_side cur_side;
    struct tend__contract_job contract;
    struct tend__check check;
};

/* Reads, compares, judges and values. The first three members and the sides' paths are set by the
 * caller, the rest is zero. */
enum tend_code tend__check_job_run(struct tend__check_job *job,
                                   struct tend_error *err) TEND_NODISCARD;
/* Frees the lake and the configuration too. */
void tend__check_job_deinit(struct tend__check_job *job);

/* The value part, after both profiles are there; see check_value.c. A configuration that does not
 * fit the data leaves value out with a reason; only failures of reading fail. */
enum tend_code tend__check_job_value(struct tend__check_job *job,
                                     struct tend_error *err) TEND_NODISCARD;

/* With --replay: what the breaks did to a model; after the breaks are known. See check_replay.c. */
enum tend_code tend__check_job_replay(struct tend__check_job *job,
                                      struct tend_error *err) TEND_NODISCARD;

#endif
