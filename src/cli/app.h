/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app.h: what a running command knows of the world: its arguments, its streams and what they can
 * show.
 *
 * A command writes its answer into `out`, a buffer that goes to standard output at the end, whole;
 * a reader that went away (EPIPE) ends the program quietly. What a command says while it works
 * (tend demo) it flushes with tend__app_flush(). Errors are returned, and printed by the frame in
 * one place.
 */
#ifndef TEND_CLI_APP_H
#define TEND_CLI_APP_H

#include "base/buf.h"
#include "cli/args.h"

#include <stdbool.h>
#include <stdint.h>

#define TEND_OUT_MAX ((size_t)256 << 20)
#define TEND_CONFIG_DEFAULT "tend.yaml"

struct tend__app {
    const struct tend__args *args;
    const char *program_path; /* argv[0] */
    struct tend__buf out;
    bool out_is_terminal;
    bool err_is_terminal;
    bool colours;    /* of standard output: a terminal, and NO_COLOR is not set */
    bool utf8;       /* the locale can show more than ASCII */
    int width;       /* columns of the terminal; 100 in a pipe */
    bool out_closed; /* nobody reads standard output any more */
};

void tend__app_init(struct tend__app *app, const struct tend__args *args, const char *program_path);
void tend__app_deinit(struct tend__app *app);

/* Writes what is in `out` to standard output and empties it. TEND_EIO where that fails; a closed
 * pipe is no failure. */
enum tend_code tend__app_flush(struct tend__app *app, struct tend_error *err) TEND_NODISCARD;

/* Where tables are cut: the terminal's width; 0, never, in a pipe, since nothing there is too wide.
 */
size_t tend__app_cut(const struct tend__app *app);

/* A remark on standard error, `tend: ...`; silent under --quiet. */
void tend__app_note(const struct tend__app *app, const char *format, ...) TEND_PRINTF(2, 3);

/* Whether a file could be put at the path: asked before long work whose result goes there. */
enum tend_code tend__app_can_write(const char *path, struct tend_error *err) TEND_NODISCARD;

/* Writes a whole file or none: into a file beside it first, which is 0600, then renamed. Links are
 * followed; a device or a pipe is written to. */
enum tend_code tend__app_write_file(const char *path, const void *bytes, size_t len,
                                    struct tend_error *err) TEND_NODISCARD;

/* The same of a page that was built in a buffer; the buffer's own failure first. */
enum tend_code tend__app_write_page(const struct tend__buf *page, const char *path,
                                    struct tend_error *err) TEND_NODISCARD;

/* Reads a whole file of at most `max` bytes into buf. */
enum tend_code tend__app_read_file(const char *path, struct tend__buf *buf,
                                   struct tend_error *err) TEND_NODISCARD;

/* Which exit code a failure gives. */
enum tend__exit tend__exit_of(enum tend_code code);

/* The whole program but its name: returns the exit code. */
int tend__cli_main(int argc, char *const *argv);

#endif
