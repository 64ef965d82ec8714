/* SPDX-License-Identifier: Apache-2.0 */
/* app.c: streams, files and the frame around every command. */
#include "cli/app.h"

#include "base/mem.h"
#include "cli/help.h"
#include "lake/lake.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_WIDTH 100
#define WIDTH_MIN 40
#define WIDTH_MAX 240

static int terminal_width(void)
{
    struct winsize size = {0};
    int width = PIPE_WIDTH;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        width = size.ws_col;
    }
    if (width < WIDTH_MIN) {
        return WIDTH_MIN;
    }
    return width > WIDTH_MAX ? WIDTH_MAX : width;
}

/* A pipe gets UTF-8, as files do; a terminal gets what its locale can show. */
static bool can_show_utf8(bool is_terminal)
{
    return !is_terminal || strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void tend__app_init(struct tend__app *app, const struct tend__args *args, const char *program_path)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    *app = (struct tend__app){.args = args, .program_path = program_path};
    tend__buf_init(&app->out, TEND_OUT_MAX);
    app->out_is_terminal = isatty(STDOUT_FILENO) == 1;
    app->err_is_terminal = isatty(STDERR_FILENO) == 1;
    app->colours = app->out_is_terminal && (no_color == NULL || no_color[0] == '\0') &&
                   (term == NULL || strcmp(term, "dumb") != 0);
    app->utf8 = can_show_utf8(app->out_is_terminal);
    app->width = app->out_is_terminal ? terminal_width() : PIPE_WIDTH;
}

void tend__app_deinit(struct tend__app *app)
{
    tend__buf_deinit(&app->out);
}

static enum tend_code write_all(int fd, const char *bytes, size_t len)
{
    size_t done = 0;
    while (done < len) {
        const ssize_t n = write(fd, bytes + done, len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return TEND_EIO;
        }
        done += (size_t)n;
    }
    return TEND_OK;
}

enum tend_code tend__app_flush(struct tend__app *app, struct tend_error *err)
{
    TEND_TRY(tend__buf_code(&app->out, err));
    if (!app->out_closed &&
        write_all(STDOUT_FILENO, tend__buf_str(&app->out), app->out.len) != TEND_OK) {
        if (errno != EPIPE) {
            return TEND_FAIL(err, EIO, "standard output: %s", strerror(errno));
        }
        app->out_closed = true;
    }
    tend__buf_reset(&app->out);
    return TEND_OK;
}

size_t tend__app_cut(const struct tend__app *app)
{
    return app->out_is_terminal ? (size_t)app->width : 0;
}

void tend__app_note(const struct tend__app *app, const char *format, ...)
{
    if (app->args != NULL && tend__args_has(app->args, TEND_OPTION_QUIET)) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)fputs("tend: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

/* ---- files ---- */

/* Devices and pipes take bytes as they come; a file must not take their place. */
static bool is_stream(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static enum tend_code write_stream(const char *path, const void *bytes, size_t len,
                                   struct tend_error *err)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    const bool written = fd >= 0 && write_all(fd, bytes, len) == TEND_OK;
    const int saved = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    return written ? TEND_OK
                   : TEND_FAIL(err, EIO, "%s: cannot be written: %s", path, strerror(saved));
}

enum tend_code tend__app_can_write(const char *path, struct tend_error *err)
{
    char target[TEND_LAKE_PATH_MAX];
    if (is_stream(path)) {
        return TEND_OK;
    }
    TEND_TRY(tend__lake_target(path, target, err));
    char *slash = strrchr(target, '/');
    const char *folder = slash == NULL ? "." : slash == target ? "/" : target;
    if (slash != NULL) {
        *slash = '\0';
    }
    if (access(folder, W_OK | X_OK) != 0) {
        return TEND_FAIL(err, EIO, "%s: cannot be written: %s", path, strerror(errno));
    }
    return TEND_OK;
}

enum tend_code tend__app_write_file(const char *path, const void *bytes, size_t len,
                                    struct tend_error *err)
{
    char target[TEND_LAKE_PATH_MAX];
    char beside[TEND_LAKE_PATH_MAX + 32];
    if (is_stream(path)) {
        return write_stream(path, bytes, len, err);
    }
    TEND_TRY(tend__lake_target(path, target, err));
    (void)snprintf(beside, sizeof(beside), "%s.%ld.new", target, (long)getpid());
    const int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return TEND_FAIL(err, EIO, "%s: cannot be written: %s", path, strerror(errno));
    }
    enum tend_code code = write_all(fd, bytes, len);
    int saved = errno;
    if (close(fd) != 0 && code == TEND_OK) {
        code = TEND_EIO;
        saved = errno;
    }
    if (code == TEND_OK && rename(beside, target) != 0) {
        code = TEND_EIO;
        saved = errno;
    }
    if (code != TEND_OK) {
        (void)unlink(beside);
        return TEND_FAIL(err, EIO, "%s: cannot be written: %s", path, strerror(saved));
    }
    return TEND_OK;
}

enum tend_code tend__app_write_page(const struct tend__buf *page, const char *path,
                                    struct tend_error *err)
{
    TEND_TRY(tend__buf_code(page, err));
    return tend__app_write_file(path, tend__buf_str(page), page->len, err);
}

enum tend_code tend__app_read_file(const char *path, struct tend__buf *buf, struct tend_error *err)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        if (errno == ENOENT) {
            return TEND_FAIL(err, ENOTFOUND, "%s: no such file", path);
        }
        return TEND_FAIL(err, EIO, "%s: cannot be read: %s", path, strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        return TEND_FAIL(err, EINVAL, "%s: is a directory, not a file", path);
    }
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return TEND_FAIL(err, EIO, "%s: cannot be read: %s", path, strerror(errno));
    }
    char piece[8192];
    size_t n = 0;
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0) {
        tend__buf_add(buf, piece, n);
    }
    const bool failed = ferror(file) != 0;
    (void)fclose(file);
    if (failed) {
        return TEND_FAIL(err, EIO, "%s: cannot be read", path);
    }
    if (tend__buf_code(buf, err) != TEND_OK) {
        tend__error_prefix(err, "%s: too large", path);
        return buf->code;
    }
    return TEND_OK;
}

/* ---- the frame ---- */

enum tend__exit tend__exit_of(enum tend_code code)
{
    switch (code) {
    case TEND_OK:
        return TEND_EXIT_FINE;
    case TEND_EINVAL:
    case TEND_ECORRUPT:
    case TEND_ENOTFOUND:
    case TEND_EIO:
    case TEND_ETYPE:
    case TEND_ESYNTAX:
    case TEND_ELIMIT:
    case TEND_EUNSUPPORTED:
        return TEND_EXIT_USAGE;
    case TEND_ENOMEM:
    case TEND_ETIMEOUT:
    case TEND_ECHILD:
    case TEND_EINTERNAL:
        return TEND_EXIT_INTERNAL;
    }
    return TEND_EXIT_INTERNAL;
}

static enum tend_code run_args(struct tend__app *app, enum tend__exit *exit_code,
                               struct tend_error *err)
{
    const struct tend__args *args = app->args;
    if (args->version_asked) {
        tend__buf_printf(&app->out, "tend %s\n", TEND_VERSION);
        return TEND_OK;
    }
    if (args->command == NULL) {
        tend__help_program(&app->out);
        if (!tend__args_has(args, TEND_OPTION_HELP)) {
            *exit_code =
                TEND_EXIT_USAGE; /* plain `tend` is a question, and no answer to a script */
        }
        return TEND_OK;
    }
    if (tend__args_has(args, TEND_OPTION_HELP)) {
        tend__help_command(args->command, &app->out);
        return TEND_OK;
    }
    if (args->command->run == NULL) {
        return TEND_FAIL(err, EUNSUPPORTED, "tend %s is not part of this build",
                         args->command->name);
    }
    return args->command->run(app, exit_code, err);
}

static void print_error(const struct tend_error *err)
{
    (void)fprintf(stderr, "tend: %s\n",
                  err->text[0] != '\0' ? err->text : tend_code_text(err->code));
}

int tend__cli_main(int argc, char *const *argv)
{
    struct tend_error err = {0};
    struct tend__args args = {0};
    struct tend__app app;
    enum tend__exit exit_code = TEND_EXIT_FINE;
    (void)setlocale(
        LC_CTYPE, ""); /* only what characters a terminal can show; numbers stay in the C locale */
    (void)signal(SIGPIPE, SIG_IGN);
    if (tend__args_parse(argc, argv, &args, &err) != TEND_OK) {
        print_error(&err);
        return (int)tend__exit_of(err.code);
    }
    tend__app_init(&app, &args, argv[0]);
    enum tend_code code = run_args(&app, &exit_code, &err);
    if (code == TEND_OK) {
        code = tend__app_flush(&app, &err);
    }
    if (code != TEND_OK) {
        print_error(&err);
        exit_code = tend__exit_of(code);
    }
    tend__app_deinit(&app);
    tend__args_deinit(&args);
    return (int)exit_code;
}
