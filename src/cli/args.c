/* SPDX-License-Identifier: Apache-2.0 */
/* args.c: reads a command line; every message names the nearest word that would have been right. */
#include "cli/args.h"

#include "base/civil.h"
#include "base/mem.h"
#include "base/names.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NAME_COUNT_MAX 64

/* ---- values ---- */

static bool read_number(const char *text, double *out)
{
    char *end = NULL;
    errno = 0;
    const double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number)) {
        return false;
    }
    *out = number;
    return true;
}

/* "500MB", "2GB", "1000000": bytes, in powers of ten as the letters say. */
static bool read_bytes(const char *text, double *out)
{
    static const struct {
        const char *suffix;
        double scale;
    } units[] = {{"", 1}, {"B", 1}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
    char *end = NULL;
    const double number = strtod(text, &end);
    if (end == text || !isfinite(number)) {
        return false;
    }
    for (size_t i = 0; i < TEND_ARRAY_LEN(units); i++) {
        if (strcmp(end, units[i].suffix) == 0) {
            *out = number * units[i].scale;
            return true;
        }
    }
    return false;
}

static enum tend_code check_range(const struct tend__option *option, const char *text,
                                  double number, struct tend_error *err)
{
    if (option->value == TEND_ARG_MEMORY && number < option->low) {
        return TEND_FAIL(err, EINVAL, "--%s %s: must be at least %.0fMB", option->name, text,
                         ceil(option->low / 1e6));
    }
    if (number < option->low || number > option->high) {
        return TEND_FAIL(err, EINVAL, "--%s %s: must be between %.15g and %.15g", option->name,
                         text, option->low, option->high);
    }
    return TEND_OK;
}

static enum tend_code check_value(const struct tend__option *option, const char *text,
                                  struct tend_error *err)
{
    double number = 0;
    int64_t time_us = 0;
    switch (option->value) {
    case TEND_ARG_NONE:
        return TEND_OK;
    case TEND_ARG_TEXT:
    case TEND_ARG_FILE:
        if (text[0] == '\0') {
            return TEND_FAIL(err, EINVAL, "--%s: %s is empty", option->name, option->value_name);
        }
        return TEND_OK;
    case TEND_ARG_NUMBER:
        if (!read_number(text, &number)) {
            return TEND_FAIL(err, EINVAL, "--%s %s: not a number", option->name, text);
        }
        return check_range(option, text, number, err);
    case TEND_ARG_COUNT:
        if (!read_number(text, &number) || number < floor(number) || number > floor(number)) {
            return TEND_FAIL(err, EINVAL, "--%s %s: not a whole number", option->name, text);
        }
        return check_range(option, text, number, err);
    case TEND_ARG_TIME:
        if (!tend__time_parse(text, strlen(text), &time_us)) {
            return TEND_FAIL(err, EINVAL,
                             "--%s %s: not a time; write 2001-04-09 or 2001-04-09T12:30:00Z",
                             option->name, text);
        }
        return TEND_OK;
    case TEND_ARG_SPAN:
        if (!tend__span_parse(text, strlen(text), &time_us) || time_us <= 0) {
            return TEND_FAIL(err, EINVAL, "--%s %s: not a span of time; write 1d, 12h, 30m or 2w",
                             option->name, text);
        }
        return TEND_OK;
    case TEND_ARG_MEMORY:
        if (!read_bytes(text, &number)) {
            return TEND_FAIL(err, EINVAL, "--%s %s: not a size; write 500MB or 2GB", option->name,
                             text);
        }
        return check_range(option, text, number, err);
    }
    return TEND_OK;
}

/* ---- words ---- */

static enum tend_code unknown_command(const char *name, struct tend_error *err)
{
    size_t count = 0;
    const struct tend__command *commands = tend__commands(&count);
    const char *names[NAME_COUNT_MAX];
    size_t name_count = 0;
    for (size_t i = 0; i < count && name_count < NAME_COUNT_MAX; i++) {
        if (!commands[i].hidden) {
            names[name_count++] = commands[i].name;
        }
    }
    const char *near = tend__name_nearest(name, names, name_count);
    if (near != NULL) {
        return TEND_FAIL(err, EINVAL,
                         "unknown command '%s' (did you mean '%s'?); 'tend --help' lists them all",
                         name, near);
    }
    return TEND_FAIL(err, EINVAL, "unknown command '%s'; 'tend --help' lists them all", name);
}

static enum tend_code unknown_option(const struct tend__command *command, const char *word,
                                     size_t len, struct tend_error *err)
{
    const char *names[TEND_COMMAND_OPTION_MAX];
    const size_t count = tend__command_option_count(command);
    for (size_t i = 0; i < count; i++) {
        names[i] = tend__option_by_id(command->options[i])->name;
    }
    char name[65];
    const size_t kept = len < sizeof(name) - 1 ? len : sizeof(name) - 1;
    memcpy(name, word, kept);
    name[kept] = '\0';
    const size_t dashes = strspn(name, "-");
    const char *near = tend__name_nearest(name + dashes, names, count);
    if (near != NULL && dashes == 2) {
        return TEND_FAIL(
            err, EINVAL,
            "tend %s has no option '%s' (did you mean '--%s'?); 'tend %s --help' lists them",
            command->name, name, near, command->name);
    }
    return TEND_FAIL(err, EINVAL, "tend %s has no option '%s'; 'tend %s --help' lists them",
                     command->name, name, command->name);
}

static const struct tend__option *option_of_name(const struct tend__command *command,
                                                 const char *name, size_t len)
{
    const size_t count = tend__command_option_count(command);
    for (size_t i = 0; i < count; i++) {
        const struct tend__option *option = tend__option_by_id(command->options[i]);
        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0) {
            return option;
        }
    }
    return NULL;
}

static const struct tend__option *option_of_letter(const struct tend__command *command, char letter)
{
    const size_t count = tend__command_option_count(command);
    for (size_t i = 0; i < count; i++) {
        const struct tend__option *option = tend__option_by_id(command->options[i]);
        if (option->letter != 0 && option->letter == letter) {
            return option;
        }
    }
    return NULL;
}

struct word_reader {
    int argc;
    char *const *argv;
    int next;
};

static enum tend_code keep_value(const struct tend__option *option, const char *inside,
                                 struct word_reader *words, struct tend__args *args,
                                 struct tend_error *err)
{
    const char *value = inside;
    if (option->value == TEND_ARG_NONE) {
        if (inside != NULL) {
            return TEND_FAIL(err, EINVAL, "--%s takes no value", option->name);
        }
        value = "";
    } else if (value == NULL) {
        if (words->next >= words->argc) {
            return TEND_FAIL(err, EINVAL, "--%s needs a value: --%s %s", option->name, option->name,
                             option->value_name);
        }
        value = words->argv[words->next++];
    }
    if (args->values[option->id] != NULL && option->value != TEND_ARG_NONE && !option->is_many) {
        return TEND_FAIL(err, EINVAL, "--%s is given twice", option->name);
    }
    TEND_TRY(check_value(option, value, err));
    if (option->is_many) {
        if (args->many_count >= TEND_ARGS_MANY_MAX) {
            return TEND_FAIL(err, ELIMIT, "--%s is given more than %d times", option->name,
                             TEND_ARGS_MANY_MAX);
        }
        args->many[args->many_count++] = (struct tend__args_value){option->id, value};
    }
    args->values[option->id] = value;
    return TEND_OK;
}

static enum tend_code read_option(const char *word, struct word_reader *words,
                                  struct tend__args *args, struct tend_error *err)
{
    const struct tend__option *option = NULL;
    const char *inside = NULL;
    size_t len = strlen(word);
    if (word[1] == '-') {
        const char *equals = strchr(word, '=');
        if (equals != NULL) {
            len = (size_t)(equals - word);
            inside = equals + 1;
        }
        option = option_of_name(args->command, word + 2, len - 2);
    } else {
        option = option_of_letter(args->command, word[1]);
        inside = word[2] == '\0' ? NULL : word + 2;
    }
    if (option == NULL) {
        return unknown_option(args->command, word, len, err);
    }
    return keep_value(option, inside, words, args, err);
}

static enum tend_code check_operands(const struct tend__args *args, struct tend_error *err)
{
    const struct tend__command *command = args->command;
    if (args->values[TEND_OPTION_HELP] != NULL) {
        return TEND_OK;
    }
    if (args->operand_count < command->operand_min) {
        return TEND_FAIL(err, EINVAL, "tend %s needs %s; try 'tend %s --help'", command->name,
                         command->operands, command->name);
    }
    if (args->operand_count > command->operand_max) {
        const char *extra = args->operands[command->operand_max];
        if (command->operand_max == 0) {
            return TEND_FAIL(err, EINVAL, "tend %s takes no '%s'; try 'tend %s --help'",
                             command->name, extra, command->name);
        }
        return TEND_FAIL(err, EINVAL, "tend %s takes %s and nothing more, but '%s' follows",
                         command->name, command->operands, extra);
    }
    return TEND_OK;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* The first word: a command, or an option of the program itself. */
static enum tend_code read_first(struct word_reader *words, struct tend__args *args,
                                 struct tend_error *err)
{
    if (words->next >= words->argc) {
        return TEND_OK;
    }
    const char *first = words->argv[words->next++];
    if (is_one_of(first, "--help", "-h")) {
        args->values[TEND_OPTION_HELP] = "";
        return TEND_OK;
    }
    if (is_one_of(first, "--version", "-V")) {
        args->version_asked = true;
        return TEND_OK;
    }
    if (first[0] == '-') {
        return TEND_FAIL(
            err, EINVAL,
            "'%s' stands before a command; write 'tend COMMAND %s', and 'tend --help' for "
            "the commands",
            first, first);
    }
    args->command = tend__command_find(first);
    return args->command == NULL ? unknown_command(first, err) : TEND_OK;
}

enum tend_code tend__args_parse(int argc, char *const *argv, struct tend__args *out,
                                struct tend_error *err)
{
    struct tend__args args = {0};
    struct word_reader words = {.argc = argc, .argv = argv, .next = 1};
    TEND_TRY(read_first(&words, &args, err));
    if (args.command == NULL) {
        *out = args;
        return TEND_OK;
    }
    const char **operands = NULL;
    if (argc > TEND_OPERAND_MAX) {
        return TEND_FAIL(
            err, ELIMIT,
            "more than %d words on the command line; give a directory or a quoted glob",
            TEND_OPERAND_MAX);
    }
    TEND_TRY(tend__mem_new((size_t)argc, sizeof(*operands), &operands, err));
    enum tend_code code = TEND_OK;
    bool options_ended = false;
    while (words.next < argc && code == TEND_OK) {
        const char *word = argv[words.next++];
        if (options_ended || word[0] != '-' || word[1] == '\0') {
            operands[args.operand_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            options_ended = true;
        } else {
            code = read_option(word, &words, &args, err);
        }
    }
    args.operands = operands;
    if (code == TEND_OK) {
        code = check_operands(&args, err);
    }
    if (code != TEND_OK) {
        tend__mem_free(operands);
        return code;
    }
    *out = args;
    return TEND_OK;
}

void tend__args_deinit(struct tend__args *args)
{
    const char **operands = NULL;
    memcpy(&operands, &args->operands,
           sizeof(operands)); /* drops the const that protects readers */
    tend__mem_free(operands);
    *args = (struct tend__args){0};
}

/* ---- answers ---- */

size_t tend__args_many(const struct tend__args *args, enum tend__option_id id, const char **out)
{
    size_t count = 0;
    for (size_t i = 0; i < args->many_count; i++) {
        if (args->many[i].id == id) {
            out[count++] = args->many[i].value;
        }
    }
    return count;
}

bool tend__args_has(const struct tend__args *args, enum tend__option_id id)
{
    return args->values[id] != NULL;
}

const char *tend__args_text(const struct tend__args *args, enum tend__option_id id,
                            const char *otherwise)
{
    return args->values[id] != NULL ? args->values[id] : otherwise;
}

double tend__args_number(const struct tend__args *args, enum tend__option_id id, double otherwise)
{
    double number = otherwise;
    if (args->values[id] != NULL) {
        (void)read_number(args->values[id], &number); /* it was checked when it was read */
    }
    return number;
}

size_t tend__args_count(const struct tend__args *args, enum tend__option_id id, size_t otherwise)
{
    return args->values[id] != NULL ? (size_t)tend__args_number(args, id, 0) : otherwise;
}

int64_t tend__args_time(const struct tend__args *args, enum tend__option_id id, int64_t otherwise)
{
    int64_t time_us = otherwise;
    if (args->values[id] != NULL) {
        (void)tend__time_parse(args->values[id], strlen(args->values[id]), &time_us);
    }
    return time_us;
}

int64_t tend__args_span(const struct tend__args *args, enum tend__option_id id, int64_t otherwise)
{
    int64_t span_us = otherwise;
    if (args->values[id] != NULL) {
        (void)tend__span_parse(args->values[id], strlen(args->values[id]), &span_us);
    }
    return span_us;
}

uint64_t tend__args_bytes(const struct tend__args *args, enum tend__option_id id,
                          uint64_t otherwise)
{
    double number = 0;
    if (args->values[id] == NULL || !read_bytes(args->values[id], &number)) {
        return otherwise;
    }
    return (uint64_t)number;
}
