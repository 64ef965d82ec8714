/* SPDX-License-Identifier: Apache-2.0 */
/* contract_job.h: a data set against the contract of a configuration: finds the contract, reads
 * what it refers to, and judges rows as they pass. */
#ifndef TEND_CLI_CONTRACT_JOB_H
#define TEND_CLI_CONTRACT_JOB_H

#include "cli/app.h"
#include "cli/data.h"
#include "judge/contract.h"

struct tend__contract_job {
    const struct tend__app *app;
    struct tend__lake *lake;           /* borrowed */
    struct tend__config *own_config;   /* of --contract; NULL where there is none */
    const struct tend__config *config; /* whose contract it is; NULL where there is none */
    const char *time_column;
    struct tend__contract_run *run;
    struct tend__contract_outcome outcome;
};

/* --contract FILE, else the contract of `config` (may be NULL). job->config stays NULL where there
 * is no contract. TEND_EINVAL where FILE has none. */
enum tend_code tend__contract_job_find(struct tend__contract_job *job,
                                       const struct tend__config *config,
                                       struct tend_error *err) TEND_NODISCARD;

/* Before the rows of `path`: compiles, and reads what the contract refers to. */
enum tend_code tend__contract_job_begin(struct tend__contract_job *job, const char *path,
                                        struct tend_error *err) TEND_NODISCARD;

/* A tend__rows_fn whose ctx is the job. */
enum tend_code tend__contract_job_add(void *ctx, const struct tend__batch *batch,
                                      struct tend_error *err) TEND_NODISCARD;

/* Judges: job->outcome is there. */
void tend__contract_job_end(struct tend__contract_job *job);
void tend__contract_job_deinit(struct tend__contract_job *job);

/* tend check CUR: the data against the contract alone. */
enum tend_code tend__contract_command(struct tend__app *app, enum tend__exit *exit_code,
                                      struct tend_error *err) TEND_NODISCARD;

#endif
