/* SPDX-License-Identifier: Apache-2.0 */
/* data.h: what commands do with data sets: open a lake as the options say, stream rows with a
 * progress bar, profile. */
#ifndef TEND_CLI_DATA_H
#define TEND_CLI_DATA_H

#include "cli/app.h"
#include "cli/config.h"
#include "lake/lake.h"
#include "profile/profile.h"
#include "profile/rows.h"

/* "standard input" for "-", else the path. */
const char *tend__data_name(const char *path);

/* A lake with --memory and --threads. */
enum tend_code tend__data_lake(const struct tend__app *app, struct tend__lake **out,
                               struct tend_error *err) TEND_NODISCARD;

struct tend__data_stream {
    const char *path;
    const char *order_by;       /* or NULL */
    const char *time_column;    /* text in it is read as times; or NULL */
    const char *where;          /* a condition of lake.h, or NULL */
    const char *const *columns; /* only these, in this order; NULL = all */
    size_t column_count;
    bool is_again;       /* a second pass: remarks were made in the first */
    uint64_t row_max;    /* 0 = all */
    uint64_t *row_count; /* how many rows there were; NULL = nobody asks */
};

/* Opens the data and calls fn with every batch. A data set without a row is TEND_EINVAL: every
 * command that reads data would answer from nothing. */
enum tend_code tend__data_each(const struct tend__app *app, struct tend__lake *lake,
                               const struct tend__data_stream *stream, tend__rows_fn *fn, void *ctx,
                               struct tend_error *err) TEND_NODISCARD;

/* The fields of a data set, copied: the caller frees *out with tend__fields_free. */
enum tend_code tend__data_fields(struct tend__lake *lake, const char *path, const char *time_column,
                                 struct tend__field **out, size_t *count,
                                 struct tend_error *err) TEND_NODISCARD;

/* TEND_ENOTFOUND with the nearest name: "value.per_row: no column 'x' in a.csv (did you mean
 * 'y'?)". `what` names the key or option that asked. */
enum tend_code tend__data_missing(const struct tend__field *fields, size_t count, const char *name,
                                  const char *path, const char *what,
                                  struct tend_error *err) TEND_NODISCARD;

/* ---- profiles ---- */

/* A data set as judge and profile want it: read again at each call of tend__data_rows_each, which
 * is the `each` of a struct tend__rows whose ctx is this. A later pass prints no remarks. */
struct tend__data_rows {
    const struct tend__app *app;
    struct tend__lake *lake;
    struct tend__data_stream stream; /* is_again is set by the passes */
    size_t pass_count;
};

enum tend_code tend__data_rows_each(void *ctx, tend__rows_fn *fn, void *fn_ctx,
                                    struct tend_error *err) TEND_NODISCARD;

struct tend__data_profile {
    const char *path;
    const char *time_column;
    const char *order_by;
    const char *where; /* a condition of lake.h, or NULL */
    struct tend__rows_profile_options profile;
};

/* Profiles a data set: tend__rows_profile of its rows. */
enum tend_code tend__data_profile(const struct tend__app *app, struct tend__lake *lake,
                                  const struct tend__data_profile *options,
                                  struct tend__profile **out,
                                  struct tend_error *err) TEND_NODISCARD;

/* Whether a table has the columns that profiles have (docs/profile-format.md). */
bool tend__data_is_profile(const struct tend__field *fields, size_t count);

/* Whether the path is a profile that tend wrote, or a store of them with or without a choice
 * (cli/store.h); then *out is it, or the sum of what is chosen, else NULL. Missing files are left
 * to the reader of data to complain about. */
enum tend_code tend__data_read_profile(struct tend__lake *lake, const char *path,
                                       struct tend__profile **out,
                                       struct tend_error *err) TEND_NODISCARD;
/* The same where it must be one: TEND_EINVAL where it is data. */
enum tend_code tend__data_need_profile(struct tend__lake *lake, const char *path,
                                       struct tend__profile **out,
                                       struct tend_error *err) TEND_NODISCARD;
/* The plan of a profile or a store, with a reference of its own. */
enum tend_code tend__data_plan(struct tend__lake *lake, const char *path, struct tend__plan **out,
                               struct tend_error *err) TEND_NODISCARD;
/* TEND_EINVAL where the path is a profile or a store: its rows are no data. */
enum tend_code tend__data_not_profile(struct tend__lake *lake, const char *path,
                                      struct tend_error *err) TEND_NODISCARD;
enum tend_code tend__data_write_profile(struct tend__lake *lake, const char *path,
                                        const struct tend__profile *profile,
                                        struct tend_error *err) TEND_NODISCARD;

/* ---- configuration ---- */

/* The configuration that a command uses: --config, else tend.yaml in the current folder, else
 * tend.yaml beside `data` (may be NULL). *out is NULL where there is none and none was asked for.
 */
enum tend_code tend__data_config(const struct tend__app *app, const char *data,
                                 struct tend__config **out, struct tend_error *err) TEND_NODISCARD;

/* The same where there must be one: TEND_ENOTFOUND says how to get it. */
enum tend_code tend__data_need_config(const struct tend__app *app, const char *data,
                                      struct tend__config **out,
                                      struct tend_error *err) TEND_NODISCARD;

#endif
