/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h: the table of commands and options, from which parsing, --help, the man page and
 * completion all come.
 *
 * A command is one row: its name, what it takes, what it does, examples and the function that does
 * it. Options are rows of one table; a command lists the ones that it takes. Nothing about the
 * command line is written anywhere else.
 */
#ifndef TEND_CLI_COMMAND_H
#define TEND_CLI_COMMAND_H

#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>

#define TEND_OPERAND_MAX 4096
#define TEND_COMMAND_OPTION_MAX 24

/* Exit codes of the program. */
enum tend__exit {
    TEND_EXIT_FINE = 0,
    TEND_EXIT_FOUND = 1, /* drift, a break or degradation was found */
    TEND_EXIT_USAGE =
        2, /* the command line, the configuration, the input or the output was at fault */
    TEND_EXIT_INTERNAL = 3, /* tend was at fault, or memory ran out */
};

enum tend__option_id {
    TEND_OPTION_HELP,
    TEND_OPTION_JSON,
    TEND_OPTION_HTML,
    TEND_OPTION_CONFIG,
    TEND_OPTION_QUIET,
    TEND_OPTION_OUTPUT,
    TEND_OPTION_FORCE,
    TEND_OPTION_TRY,
    TEND_OPTION_EXAMPLES,
    TEND_OPTION_OUTCOMES,
    TEND_OPTION_PLAN,
    TEND_OPTION_FDR,
    TEND_OPTION_MODEL,
    TEND_OPTION_VERIFY,
    TEND_OPTION_STATE,
    TEND_OPTION_SEED,
    TEND_OPTION_SINCE,
    TEND_OPTION_UNTIL,
    TEND_OPTION_POLICY,
    TEND_OPTION_THREADS,
    TEND_OPTION_MEMORY,
    TEND_OPTION_KEEP,
    TEND_OPTION_LABEL,
    TEND_OPTION_TIME,
    TEND_OPTION_BINS,
    TEND_OPTION_TRAIN,
    TEND_OPTION_ACCEPT,
    TEND_OPTION_EVERY,
    TEND_OPTION_SEGMENT,
    TEND_OPTION_SEGMENT_VALUES,
    TEND_OPTION_COLUMN,
    TEND_OPTION_CONTRACT,
    TEND_OPTION_SKETCHES,
    TEND_OPTION_REPLAY,
    TEND_OPTION_COUNT
};

enum tend__option_value {
    TEND_ARG_NONE, /* a flag */
    TEND_ARG_TEXT,
    TEND_ARG_FILE,   /* completed as a file name */
    TEND_ARG_NUMBER, /* must read as a number within low..high */
    TEND_ARG_COUNT,  /* a whole number within low..high */
    TEND_ARG_TIME,   /* a date or time */
    TEND_ARG_MEMORY, /* "500MB", "2GB" */
    TEND_ARG_SPAN,   /* "1d", "12h" */
};

struct tend__option {
    enum tend__option_id id;
    const char *name; /* without the dashes */
    char letter;      /* 0 where there is none */
    enum tend__option_value value;
    const char *value_name; /* "FILE" */
    double low;             /* of a number or count */
    double high;
    const char *help; /* one sentence without a full stop */
    bool is_many;     /* may be given again and again */
};

struct tend__example {
    const char *line; /* what is typed */
    const char *why;  /* what it does; NULL ends a list together with line */
};

struct tend__app;

/* Runs a command. *exit_code is TEND_EXIT_FINE unless the command says that it found something. */
typedef enum tend_code tend__command_fn(struct tend__app *app, enum tend__exit *exit_code,
                                        struct tend_error *err);

struct tend__command {
    const char *name;
    const char *operands;     /* "REF CUR", "DATA", "P..."; "" for none */
    const char *summary;      /* one line */
    const char *description;  /* paragraphs, split by blank lines */
    const char *const *words; /* completion of the operand where it is one of a few words, ends with
                                 NULL; or NULL */
    size_t operand_min;
    size_t operand_max;
    enum tend__option_id
        options[TEND_COMMAND_OPTION_MAX]; /* ends with TEND_OPTION_COUNT where it is not full */
    const struct tend__example *examples;
    tend__command_fn *run;
    bool hidden; /* not listed in --help */
};

/* The tables. */
const struct tend__command *tend__commands(size_t *count);
const struct tend__option *tend__option_by_id(enum tend__option_id id);
const struct tend__command *tend__command_find(const char *name); /* NULL where there is none */

/* How many options a command takes; its options[] holds that many first. */
size_t tend__command_option_count(const struct tend__command *command);

/* The commands, in the order of --help. Those of backtest and demo live beside the engine's wiring.
 */
tend__command_fn tend__cmd_init;
tend__command_fn tend__cmd_check;
tend__command_fn tend__cmd_value;
tend__command_fn tend__cmd_profile;
tend__command_fn tend__cmd_merge;
tend__command_fn tend__cmd_show;
tend__command_fn tend__cmd_backtest;
tend__command_fn tend__cmd_why;
tend__command_fn tend__cmd_ledger;
tend__command_fn tend__cmd_versions;
tend__command_fn tend__cmd_demo;
tend__command_fn tend__cmd_config;
tend__command_fn tend__cmd_completion;
tend__command_fn tend__cmd_man;
tend__command_fn tend__cmd_help;

#endif
