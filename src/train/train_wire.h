/* SPDX-License-Identifier: Apache-2.0 */
/*
 * train_wire.h: what the trainer and its child processes say to each other through memory files.
 * Private to this folder.
 *
 * Both ends are the same program on the same machine, started one from the other, so plain structs
 * travel. The job file is a header, then is_category (feature_count bytes), x, y and, where
 * has_weight, weight, each at a multiple of 64. The result file is a header and then `len` bytes:
 * the model in UBJSON, or a sentence that says what failed.
 */
#ifndef TEND_TRAIN_TRAIN_WIRE_H
#define TEND_TRAIN_TRAIN_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define TEND__JOB_MAGIC UINT32_C(0x546a6f31)
#define TEND__RESULT_MAGIC UINT32_C(0x54726531)
#define TEND__JOB_PATH_SIZE 4096
#define TEND__JOB_OBJECTIVE_SIZE 64

/* The descriptors of a child: its words go to 1 and 2. */
#define TEND__JOB_FD 3
#define TEND__RESULT_FD 4
#define TEND__ALIVE_FD                                                                             \
    5 /* never written: its closing tells the parent that the child has ended                      \
       */

struct job_header {
    uint32_t magic;
    uint32_t has_weight;
    uint64_t row_count;
    uint64_t feature_count;
    uint64_t category_at; /* offsets in the file */
    uint64_t x_at;
    uint64_t y_at;
    uint64_t weight_at;
    uint64_t file_len;
    uint64_t memory_max_bytes;
    uint32_t seconds_max;
    uint32_t rounds;
    uint32_t depth;
    uint32_t bin_max;
    uint64_t seed;
    double eta;
    double subsample;
    double child_weight_min;
    char objective[TEND__JOB_OBJECTIVE_SIZE];
    char library_path[TEND__JOB_PATH_SIZE]; /* "" = search */
};

struct result_header {
    uint32_t magic;
    uint32_t code; /* enum tend_code */
    uint64_t len;
};

#endif
