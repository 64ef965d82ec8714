/* SPDX-License-Identifier: Apache-2.0 */
/* data.h: what commands do with data sets: open a lake as the options say, stream rows with a
 * progress bar, profile. */
#ifndef TEND_CLI_DATA_H
#define TEND_CLI_DATA_H

#include "cli/app.h"
#include "cli/config.h"
#include "lake/lake.h"
#include "profile/profile.h"

/* "standard input" for "-", else the path. */
const char *tend__data_name(const char *path);

/* A lake with --memory and --threads. */
enum tend_code tend__data_lake(const struct tend__app *app, struct tend__lake **out,
                               struct tend_error *err) TEND_NODISCARD;

/* Called with each batch of a stream; the first failure ends it. */
typedef enum tend_code tend__data_fn(void *ctx, const struct tend__batch *batch,
                                     struct tend_error *err);

struct tend__data_stream {
    const char *path;
    const char *order_by;       /* or NULL */
    const char *time_column;    /* text in it is read as times; or NULL */
    const char *const *columns; /* only these, in this order; NULL = all */
    size_t column_count;
    bool is_again;       /* a second pass: remarks were made in the first */
    uint64_t row_max;    /* 0 = all */
    uint64_t *row_count; /* how many rows there were; NULL = nobody asks */
};

/* Opens the data and calls fn with every batch. A data set without a row is TEND_EINVAL: every
 * command that reads data would answer from nothing. */
enum tend_code tend__data_each(const struct tend__app *app, struct tend__lake *lake,
                               const struct tend__data_stream *stream, tend__data_fn *fn, void *ctx,
                               struct tend_error *err) TEND_NODISCARD;

/* The fields of a data set, copied: the caller frees *out with tend__data_fields_free. */
enum tend_code tend__data_fields(struct tend__lake *lake, const char *path, const char *time_column,
                                 struct tend__field **out, size_t *count,
                                 struct tend_error *err) TEND_NODISCARD;
/* The same of fields at hand. */
enum tend_code tend__data_fields_copy(const struct tend__field *from, size_t count,
                                      struct tend__field **out,
                                      struct tend_error *err) TEND_NODISCARD;
void tend__data_fields_free(struct tend__field *fields, size_t count);

/* A name's position among fields; SIZE_MAX where it is not there. */
size_t tend__data_find(const struct tend__field *fields, size_t count, const char *name);

/* TEND_ENOTFOUND with the nearest name: "value.per_row: no column 'x' in a.csv (did you mean
 * 'y'?)". `what` names the key or option that asked. */
enum tend_code tend__data_missing(const struct tend__field *fields, size_t count, const char *name,
                                  const char *path, const char *what,
                                  struct tend_error *err) TEND_NODISCARD;

/* ---- profiles ---- */

struct tend__data_profile {
    const char *path;
    const char *time_column;
    const char *order_by;
    const char *skip_column; /* left out of the profile; NULL = none */
    struct tend__plan *plan; /* counts at its places; NULL makes a plan from the data */
    size_t bin_max;          /* of a plan that is made; 0 = default */
    tend__data_fn *also;     /* called with each batch of the first pass too, or NULL */
    void *also_ctx;
};

/* Profiles a data set: in one pass with a plan; without, in one where every column has few distinct
 * values, else two. */
enum tend_code tend__data_profile(const struct tend__app *app, struct tend__lake *lake,
                                  const struct tend__data_profile *options,
                                  struct tend__profile **out,
                                  struct tend_error *err) TEND_NODISCARD;

/* Whether a table has the columns that profiles have (docs/profile-format.md). */
bool tend__data_is_profile(const struct tend__field *fields, size_t count);

/* Whether the path is a profile that tend wrote; then *out is it, else NULL. Missing files are left
 * to the reader of data to complain about. */
enum tend_code tend__data_read_profile(struct tend__lake *lake, const char *path,
                                       struct tend__profile **out,
                                       struct tend_error *err) TEND_NODISCARD;
/* TEND_EINVAL where the path is a profile: its rows are no data. */
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
