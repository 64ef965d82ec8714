/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h: a folder with the profiles of many windows and segments, under one plan.
 *
 *   STORE/plan.parquet                     the plan, written out once, with the profile of the
 *                                          reference (all rows first, then each segment)
 *   STORE/windows/2001-01-01.1d.parquet    one file a window: its start and length, then the counts
 *                                          of all rows and of each segment
 *
 * A window's file appears whole or not at all, and takes the place of an older one in one step: a
 * reader sees the window as it was or as it is. A new store appears whole as well. One process
 * fills a store at a time. docs/profile-format.md has the tables and what to ask them.
 */
#ifndef TEND_CLI_STORE_H
#define TEND_CLI_STORE_H

#include "lake/lake.h"
#include "profile/profile.h"
#include "profile/segments.h"

#define TEND_STORE_WINDOW_MAX 100000
#define TEND_WINDOW_NAME_SIZE 64

struct tend__store_window {
    int64_t start_us;
    int64_t end_us;
    char *path;
};

struct tend__store {
    char *folder;
    /* Of all rows, then of each segment; without a row where the reference's are not known. */
    struct tend__profile_set reference;
    struct tend__plan *plan; /* the reference's */
    struct tend__segments *segments;
    struct tend__store_window *windows; /* ascending; all of one length */
    size_t window_count;
    size_t window_cap;
};

/* Whether there is a store of that name. */
bool tend__store_is(const char *folder);

/* TEND_ENOTFOUND, TEND_ECORRUPT. *out is zeroed by the caller and deinited by it, also on failure.
 */
enum tend_code tend__store_open(struct tend__lake *lake, const char *folder,
                                struct tend__store *out, struct tend_error *err) TEND_NODISCARD;
void tend__store_deinit(struct tend__store *store);

/* The length of its windows. */
int64_t tend__store_every(const struct tend__store *store);

/* Windows that are missing between the first and the last of a range. */
size_t tend__store_missing(const struct tend__store *store, size_t first, size_t count);

/* The reference of a segment (NULL: all rows); NULL where it has no row. TEND_ENOTFOUND with the
 * nearest name where there is no such segment. */
enum tend_code tend__store_reference(const struct tend__store *store, const char *segment,
                                     const struct tend__profile **out,
                                     struct tend_error *err) TEND_NODISCARD;

/* Called with the profiles of windows, ascending; `profile` is borrowed. */
typedef enum tend_code tend__store_fn(void *ctx, const struct tend__store_window *window,
                                      const struct tend__profile *profile, struct tend_error *err);

struct tend__store_range {
    size_t first; /* of the store's windows */
    size_t count;
    const char *segment; /* NULL: all rows */
    bool every_segment;  /* all rows and each segment, one after another, of each window */
};

/* Reads a range of windows of one segment, a few at a time. */
enum tend_code tend__store_each(struct tend__lake *lake, const struct tend__store *store,
                                const struct tend__store_range *range, tend__store_fn *fn,
                                void *ctx, struct tend_error *err) TEND_NODISCARD;

/* "2001-01-01.1d.parquet", and back; false where the text is no such name. */
void tend__store_window_name(int64_t start_us, int64_t end_us, char name[TEND_WINDOW_NAME_SIZE]);
bool tend__store_window_parse(const char *name, int64_t *start_us, int64_t *end_us);
/* "1d", "12h", "90s". */
void tend__span_text(int64_t span_us, char text[32]);

/* ---- choosing from a store: docs/cli.md has the syntax ---- */

/* "STORE@WINDOWS@SEGMENT", taken apart. */
struct tend__selection {
    char folder[TEND_LAKE_PATH_MAX];
    const char *windows; /* NULL: all; points into `text`, ends at the next '@' */
    size_t windows_len;
    const char *segment; /* NULL: all rows */
    bool is_reference;   /* "STORE@reference": the profile that the plan came with */
};

/* Whether the text names a store, with or without a choice after it. */
bool tend__selection_parse(const char *text, struct tend__selection *out);

/* The windows that lie within what is chosen. TEND_EINVAL where the text is none, TEND_ENOTFOUND
 * where there is no window. */
enum tend_code tend__selection_range(const struct tend__selection *selection,
                                     const struct tend__store *store, size_t *first, size_t *count,
                                     struct tend_error *err) TEND_NODISCARD;

/* The sum of what is chosen; the caller owns *out. */
enum tend_code tend__selection_read(struct tend__lake *lake,
                                    const struct tend__selection *selection,
                                    struct tend__profile **out,
                                    struct tend_error *err) TEND_NODISCARD;

/* Profiles of windows: `profiles` has room for `max`; the caller owns those below `count`. */
struct tend__window_profiles {
    struct tend__profile **profiles;
    size_t max;
    size_t count;
};

/* The windows of what is chosen, put together to lengths of span_us, which is a multiple of theirs
 * (else there are none): the last `max` of those that are whole. out->count tells also after a
 * failure. */
enum tend_code tend__selection_windows(struct tend__lake *lake,
                                       const struct tend__selection *selection, int64_t span_us,
                                       struct tend__window_profiles *out,
                                       struct tend_error *err) TEND_NODISCARD;

/* ---- filling a store ---- */

struct tend__store_writer;

/* `store` is open, or NULL to make a new one, where there must be nothing but an empty folder.
 * TEND_EIO where the place cannot be written, or another process fills the store. */
enum tend_code tend__store_writer_new(struct tend__lake *lake, const char *folder,
                                      const struct tend__store *store,
                                      struct tend__store_writer **out,
                                      struct tend_error *err) TEND_NODISCARD;
/* The profiles of one window, all rows first: kept aside until `finish`. */
enum tend_code tend__store_writer_add(struct tend__store_writer *writer,
                                      struct tend__profile *const *profiles, size_t profile_count,
                                      struct tend_error *err) TEND_NODISCARD;
/* Forgets what was added. */
enum tend_code tend__store_writer_reset(struct tend__store_writer *writer,
                                        struct tend_error *err) TEND_NODISCARD;
/* Puts the windows in their place; a new store needs its reference, all rows first. */
enum tend_code tend__store_writer_finish(struct tend__store_writer *writer,
                                         struct tend__profile *const *reference,
                                         size_t reference_count,
                                         struct tend_error *err) TEND_NODISCARD;
/* How many windows were added, and how many of them were there before. */
void tend__store_writer_counts(const struct tend__store_writer *writer, size_t *added,
                               size_t *replaced);
/* Removes what was not finished. NULL is fine. */
void tend__store_writer_free(struct tend__store_writer *writer);

#endif
