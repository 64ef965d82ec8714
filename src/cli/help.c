/* SPDX-License-Identifier: Apache-2.0 */
/* help.c: help texts, the man page and completion scripts, all generated from the tables. */
#include "cli/help.h"

#include "cli/config_keys.h"

#include <string.h>

#define TEXT_WIDTH 80
#define OPTION_WIDTH 24

/* Adds text broken between words, each line after `indent` blanks; the first line already holds
 * `used` columns. */
static void add_wrapped(struct tend__buf *out, const char *text, size_t indent, size_t used)
{
    size_t column = used;
    const char *at = text;
    while (*at != '\0') {
        if (*at == '\n') {
            tend__buf_text(out, at[1] == '\n' ? "\n\n" : "\n");
            at += at[1] == '\n' ? 2 : 1;
            column = 0;
            continue;
        }
        const size_t len = strcspn(at, " \n");
        if (column > indent && column + 1 + len > TEXT_WIDTH) {
            tend__buf_char(out, '\n');
            column = 0;
        }
        if (column == 0) {
            tend__buf_printf(out, "%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            tend__buf_char(out, ' ');
            column++;
        }
        tend__buf_add(out, at, len);
        column += len;
        at += len;
        at += strspn(at, " ");
    }
    tend__buf_char(out, '\n');
}

static void add_row(struct tend__buf *out, const char *left, const char *right)
{
    const size_t len = strlen(left);
    tend__buf_text(out, left);
    if (len + 2 > OPTION_WIDTH) {
        tend__buf_char(out, '\n');
        add_wrapped(out, right, OPTION_WIDTH, 0);
        return;
    }
    tend__buf_printf(out, "%*s", (int)(OPTION_WIDTH - len), "");
    add_wrapped(out, right, OPTION_WIDTH, OPTION_WIDTH);
}

static void add_option_name(struct tend__buf *out, const struct tend__option *option)
{
    if (option->letter != 0) {
        tend__buf_printf(out, "-%c, ", option->letter);
    }
    tend__buf_printf(out, "--%s", option->name);
    if (option->value_name != NULL) {
        tend__buf_printf(out, " %s", option->value_name);
    }
}

void tend__help_program(struct tend__buf *out)
{
    size_t count = 0;
    const struct tend__command *commands = tend__commands(&count);
    tend__buf_text(out, "tend keeps machine-learning models working after launch.\n\n"
                        "usage: tend COMMAND [OPTION...] [DATA...]\n\ncommands:\n");
    for (size_t i = 0; i < count; i++) {
        if (!commands[i].hidden) {
            tend__buf_printf(out, "  %-12s%s\n", commands[i].name, commands[i].summary);
        }
    }
    tend__buf_text(
        out, "\nDATA is a Parquet, CSV or JSON file, a folder, a glob, or - for standard input.\n"
             "'tend COMMAND --help' shows options and examples. Exit codes: 0 fine, 1 drift or\n"
             "degradation found, 2 usage, input or output error, 3 internal error.\n");
}

void tend__help_command(const struct tend__command *command, struct tend__buf *out)
{
    const size_t count = tend__command_option_count(command);
    tend__buf_printf(out, "usage: tend %s [OPTION...]%s%s\n\n", command->name,
                     command->operands[0] != '\0' ? " " : "", command->operands);
    add_wrapped(out, command->description, 0, 0);
    tend__buf_text(out, "\noptions:\n");
    for (size_t i = 0; i < count; i++) {
        struct tend__buf left;
        tend__buf_init(&left, 256);
        tend__buf_text(&left, "  ");
        add_option_name(&left, tend__option_by_id(command->options[i]));
        add_row(out, tend__buf_str(&left), tend__option_by_id(command->options[i])->help);
        tend__buf_deinit(&left);
    }
    if (command->examples != NULL) {
        tend__buf_text(out, "\nexamples:\n");
    }
    for (const struct tend__example *e = command->examples; e != NULL && e->line != NULL; e++) {
        tend__buf_printf(out, "  %s\n", e->line);
        add_wrapped(out, e->why, 6, 0);
    }
    if (command->run == tend__cmd_config) {
        tend__buf_text(out, "\nkeys:\n");
        tend__config_keys_help(out);
    }
}

/* ---- man page ---- */

/* roff: a backslash and a leading dot or quote would be commands, and a dash would be a hyphen. */
static void add_roff(struct tend__buf *out, const char *text)
{
    bool line_starts = true;
    for (const char *at = text; *at != '\0'; at++) {
        if (line_starts && (*at == '.' || *at == '\'')) {
            tend__buf_text(out, "\\&");
        }
        if (*at == '\\') {
            tend__buf_text(out, "\\e");
        } else if (*at == '-') {
            tend__buf_text(out, "\\-");
        } else if (*at == '\n' && at[1] == '\n') {
            tend__buf_text(out, "\n.PP");
        } else {
            tend__buf_char(out, *at);
        }
        line_starts = *at == '\n';
    }
}

static void add_roff_option(struct tend__buf *out, const struct tend__option *option)
{
    tend__buf_text(out, ".TP\n");
    if (option->letter != 0) {
        tend__buf_printf(out, "\\fB\\-%c\\fR, ", option->letter);
    }
    tend__buf_text(out, "\\fB\\-\\-");
    add_roff(out, option->name);
    tend__buf_text(out, "\\fR");
    if (option->value_name != NULL) {
        tend__buf_printf(out, " \\fI%s\\fR", option->value_name);
    }
    tend__buf_char(out, '\n');
    add_roff(out, option->help);
    tend__buf_text(out, ".\n");
}

static void add_roff_command(struct tend__buf *out, const struct tend__command *command)
{
    tend__buf_printf(out, ".SS \"tend %s", command->name);
    if (command->operands[0] != '\0') {
        tend__buf_char(out, ' ');
        add_roff(out, command->operands);
    }
    tend__buf_text(out, "\"\n");
    add_roff(out, command->description);
    tend__buf_char(out, '\n');
    const size_t count = tend__command_option_count(command);
    for (size_t i = 0; i < count; i++) {
        if (command->options[i] != TEND_OPTION_HELP) {
            add_roff_option(out, tend__option_by_id(command->options[i]));
        }
    }
    for (const struct tend__example *e = command->examples; e != NULL && e->line != NULL; e++) {
        tend__buf_text(out, ".PP\n.EX\n");
        add_roff(out, e->line);
        tend__buf_text(out, "\n.EE\n");
        add_roff(out, e->why);
        tend__buf_text(out, ".\n");
    }
}

void tend__help_man(struct tend__buf *out)
{
    size_t count = 0;
    const struct tend__command *commands = tend__commands(&count);
    tend__buf_printf(out, ".TH TEND 1 \"\" \"tend %s\" \"User Commands\"\n", TEND_VERSION);
    tend__buf_text(out, ".SH NAME\ntend \\- keeps machine\\-learning models working after launch\n"
                        ".SH SYNOPSIS\n.B tend\n.I COMMAND\n[\\fIOPTION\\fR...] [\\fIDATA\\fR...]\n"
                        ".SH DESCRIPTION\n"
                        "tend watches what a deployed model does, names upstream data breaks, "
                        "reckons what the model is\n"
                        "worth, retrains when that pays, proves and promotes the replacement, and "
                        "keeps the books.\n"
                        ".PP\n\\fIDATA\\fR is a Parquet, CSV or JSON file, a folder, a glob, or "
                        "\\- for standard input.\n"
                        "Options may stand before or after the operands; \\-\\- ends them.\n"
                        ".SH COMMANDS\n");
    for (size_t i = 0; i < count; i++) {
        if (!commands[i].hidden) {
            add_roff_command(out, &commands[i]);
        }
    }
    tend__buf_text(out, ".SH CONFIGURATION\nThe keys of \\fItend.yaml\\fR:\n");
    tend__config_keys_man(out);
    tend__buf_text(
        out,
        ".SH EXIT STATUS\n.TP\n.B 0\nFine.\n.TP\n.B 1\nDrift, a break or degradation was found.\n"
        ".TP\n.B 2\nThe command line, the configuration, the input or the output was at fault.\n"
        ".TP\n.B 3\nInternal error.\n"
        ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNo colours where this is set to anything.\n"
        ".TP\n.B TMPDIR\nWhere data that does not fit into memory is put for a while.\n"
        ".SH FILES\n.TP\n.I tend.yaml\nThe configuration, in the current folder.\n"
        ".TP\n.I tend\\-data/state.db\nThe books, versions and incidents (SQLite).\n");
}

/* ---- completion ---- */

static void add_bash(struct tend__buf *out)
{
    size_t count = 0;
    const struct tend__command *commands = tend__commands(&count);
    tend__buf_text(out, "# bash completion of tend\n_tend() {\n"
                        "    local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=\n"
                        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                        "        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < count; i++) {
        tend__buf_printf(out, "%s ", commands[i].name);
    }
    tend__buf_text(
        out, "--help --version' -- \"$cur\"))\n        return\n    fi\n    case $command in\n");
    for (size_t i = 0; i < count; i++) {
        tend__buf_printf(out, "    %s) words='", commands[i].name);
        const size_t option_count = tend__command_option_count(&commands[i]);
        for (size_t j = 0; j < option_count; j++) {
            tend__buf_printf(out, "--%s ", tend__option_by_id(commands[i].options[j])->name);
        }
        for (const char *const *word = commands[i].words; word != NULL && *word != NULL; word++) {
            tend__buf_printf(out, "%s ", *word);
        }
        tend__buf_text(out, "' ;;\n");
    }
    tend__buf_text(
        out,
        "    esac\n    case $cur in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) ;;\n"
        "    *) [ \"$command\" = completion ] && COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")) "
        ";;\n"
        "    esac\n}\ncomplete -o default -F _tend tend\n");
}

/* Quotes for zsh's _arguments within single quotes: brackets, colons and quotes would end what they
 * stand in. */
static void add_zsh_text(struct tend__buf *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'') {
            tend__buf_text(out, "'\\''");
        } else {
            if (*at == '[' || *at == ']' || *at == ':') {
                tend__buf_char(out, '\\');
            }
            tend__buf_char(out, *at);
        }
    }
}

static void add_zsh_option(struct tend__buf *out, const struct tend__option *option)
{
    tend__buf_printf(out, " \\\n            '--%s[", option->name);
    add_zsh_text(out, option->help);
    tend__buf_char(out, ']');
    if (option->value_name != NULL) {
        tend__buf_printf(out, ":%s:%s", option->value_name,
                         option->value == TEND_ARG_FILE ? "_files" : "");
    }
    tend__buf_char(out, '\'');
}

static void add_zsh(struct tend__buf *out)
{
    size_t count = 0;
    const struct tend__command *commands = tend__commands(&count);
    tend__buf_text(out, "#compdef tend\n_tend() {\n    local -a commands\n    commands=(\n");
    for (size_t i = 0; i < count; i++) {
        tend__buf_printf(out, "        '%s:", commands[i].name);
        add_zsh_text(out, commands[i].summary);
        tend__buf_text(out, "'\n");
    }
    tend__buf_text(out,
                   "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n   "
                   "     return\n"
                   "    fi\n    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n"
                   "    case $command in\n");
    for (size_t i = 0; i < count; i++) {
        tend__buf_printf(out, "    %s)\n        _arguments", commands[i].name);
        const size_t option_count = tend__command_option_count(&commands[i]);
        for (size_t j = 0; j < option_count; j++) {
            add_zsh_option(out, tend__option_by_id(commands[i].options[j]));
        }
        if (commands[i].words != NULL) {
            tend__buf_text(out, " \\\n            '*:word:(");
            for (const char *const *word = commands[i].words; *word != NULL; word++) {
                tend__buf_printf(out, "%s ", *word);
            }
            tend__buf_text(out, ")'");
        } else if (commands[i].operand_max > 0) {
            tend__buf_text(out, " \\\n            '*:data:_files'");
        }
        tend__buf_text(out, "\n        ;;\n");
    }
    tend__buf_text(out, "    esac\n}\nif [ \"$funcstack[1]\" = _tend ]; then _tend \"$@\"; else "
                        "compdef _tend tend; fi\n");
}

static void add_fish_text(struct tend__buf *out, const char *text)
{
    tend__buf_char(out, '\'');
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'' || *at == '\\') {
            tend__buf_char(out, '\\');
        }
        tend__buf_char(out, *at);
    }
    tend__buf_char(out, '\'');
}

static void add_fish(struct tend__buf *out)
{
    size_t count = 0;
    const struct tend__command *commands = tend__commands(&count);
    tend__buf_text(out, "# fish completion of tend\n");
    for (size_t i = 0; i < count; i++) {
        tend__buf_printf(out, "complete -c tend -n __fish_use_subcommand -f -a %s -d ",
                         commands[i].name);
        add_fish_text(out, commands[i].summary);
        tend__buf_char(out, '\n');
        for (const char *const *word = commands[i].words; word != NULL && *word != NULL; word++) {
            tend__buf_printf(out, "complete -c tend -n '__fish_seen_subcommand_from %s' -f -a %s\n",
                             commands[i].name, *word);
        }
        const size_t option_count = tend__command_option_count(&commands[i]);
        for (size_t j = 0; j < option_count; j++) {
            const struct tend__option *option = tend__option_by_id(commands[i].options[j]);
            tend__buf_printf(out, "complete -c tend -n '__fish_seen_subcommand_from %s' -l %s",
                             commands[i].name, option->name);
            if (option->letter != 0) {
                tend__buf_printf(out, " -s %c", option->letter);
            }
            tend__buf_text(out, option->value == TEND_ARG_NONE ? " -d " : " -r -d ");
            add_fish_text(out, option->help);
            tend__buf_char(out, '\n');
        }
    }
}

enum tend_code tend__help_completion(const char *shell, struct tend__buf *out,
                                     struct tend_error *err)
{
    if (strcmp(shell, "bash") == 0) {
        add_bash(out);
    } else if (strcmp(shell, "zsh") == 0) {
        add_zsh(out);
    } else if (strcmp(shell, "fish") == 0) {
        add_fish(out);
    } else {
        return TEND_FAIL(err, EINVAL, "no completion for '%s'; there is bash, zsh and fish", shell);
    }
    return TEND_OK;
}
