/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_write.c: fills stores.
 *
 * Windows are written aside first: of a new store into a folder beside it, which takes its name at
 * the end; of one that is there into STORE/.staging, from where each file is renamed over the older
 * one. A run that is killed leaves the store as it was, or some windows renewed, each whole; the
 * next run clears what is left of it. The lock is the kernel's and ends with the process.
 */
#include "cli/store.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE (TEND_LAKE_PATH_MAX + 256)
#define NEW_MODE 0777

struct tend__store_writer {
    struct tend__lake *lake;
    const struct tend__store *store; /* NULL: a new one */
    char folder[TEND_LAKE_PATH_MAX];
    char aside[TEND_LAKE_PATH_MAX + 64];   /* where files are written */
    char windows[TEND_LAKE_PATH_MAX + 96]; /* aside, the windows */
    char (*names)[TEND_WINDOW_NAME_SIZE];  /* of windows that were added */
    size_t name_count;
    size_t name_cap;
    size_t replaced_count;
    int lock_fd; /* -1: none */
};

static enum tend_code fail_io(const char *path, struct tend_error *err)
{
    return TEND_FAIL(err, EIO, "%s: cannot be written: %s", path, strerror(errno));
}

/* Removes a folder of files, and one of folders of files; what is not there is no fault. */
static void remove_folder(const char *folder, int depth)
{
    char path[PATH_SIZE];
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        const int len = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (len > 0 && (size_t)len < sizeof(path) && unlink(path) != 0 && depth > 0) {
            remove_folder(path, depth - 1); // NOLINT(misc-no-recursion): depth bounds it
        }
    }
    (void)closedir(dir);
    (void)rmdir(folder);
}

static bool is_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    bool empty = dir != NULL;
    for (struct dirent *entry = dir == NULL ? NULL : readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return empty;
}

static enum tend_code sync_folder(const char *folder, struct tend_error *err)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        const enum tend_code code = fail_io(folder, err);
        if (fd >= 0) {
            (void)close(fd);
        }
        return code;
    }
    (void)close(fd);
    return TEND_OK;
}

/* ---- places ---- */

static enum tend_code begin_new(struct tend__store_writer *writer, struct tend_error *err)
{
    struct stat status;
    if (lstat(writer->folder, &status) == 0 && !is_empty(writer->folder)) {
        return TEND_FAIL(err, EIO, "%s: is there and is no store of profiles; name another place",
                         writer->folder);
    }
    (void)snprintf(writer->aside, sizeof(writer->aside), "%s.%ld.new", writer->folder,
                   (long)getpid());
    (void)snprintf(writer->windows, sizeof(writer->windows), "%s/windows", writer->aside);
    if (mkdir(writer->aside, NEW_MODE) != 0 || mkdir(writer->windows, NEW_MODE) != 0) {
        return fail_io(writer->folder, err);
    }
    return TEND_OK;
}

static enum tend_code begin_old(struct tend__store_writer *writer, struct tend_error *err)
{
    writer->lock_fd = open(writer->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (writer->lock_fd < 0) {
        return fail_io(writer->folder, err);
    }
    if (flock(writer->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return TEND_FAIL(err, EIO, "%s: another process fills this store; wait for it",
                         writer->folder);
    }
    (void)snprintf(writer->aside, sizeof(writer->aside), "%s/.staging", writer->folder);
    (void)snprintf(writer->windows, sizeof(writer->windows), "%s", writer->aside);
    remove_folder(writer->aside, 0);
    return mkdir(writer->aside, NEW_MODE) != 0 ? fail_io(writer->folder, err) : TEND_OK;
}

enum tend_code tend__store_writer_new(struct tend__lake *lake, const char *folder,
                                      const struct tend__store *store,
                                      struct tend__store_writer **out, struct tend_error *err)
{
    struct tend__store_writer *writer = NULL;
    size_t len = strlen(folder);
    while (len > 1 && folder[len - 1] == '/') {
        len--;
    }
    if (len >= TEND_LAKE_PATH_MAX) {
        return TEND_FAIL(err, EINVAL, "a path of %zu bytes is too long", len);
    }
    TEND_TRY(tend__mem_new(1, sizeof(*writer), &writer, err));
    writer->lake = lake;
    writer->store = store;
    writer->lock_fd = -1;
    memcpy(writer->folder, folder, len);
    const enum tend_code code = store == NULL ? begin_new(writer, err) : begin_old(writer, err);
    if (code != TEND_OK) {
        tend__store_writer_free(writer);
        return code;
    }
    *out = writer;
    return TEND_OK;
}

void tend__store_writer_free(struct tend__store_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    if (writer->windows[0] != '\0') {
        remove_folder(writer->aside, 1);
    }
    if (writer->lock_fd >= 0) {
        (void)close(writer->lock_fd);
    }
    tend__mem_free(writer->names);
    tend__mem_free(writer);
}

/* ---- files ---- */

static enum tend_code write_profiles(struct tend__store_writer *writer, const char *path,
                                     struct tend__profile *const *profiles, size_t profile_count,
                                     size_t full_count, struct tend_error *err)
{
    struct tend_arrow_schema schema = {0};
    struct tend_arrow_array array = {0};
    const struct tend__profile **borrowed = NULL;
    TEND_TRY(tend__mem_new(profile_count, sizeof(*borrowed), &borrowed, err));
    for (size_t i = 0; i < profile_count; i++) {
        borrowed[i] = profiles[i];
    }
    enum tend_code code =
        tend__profiles_table(borrowed, profile_count, full_count, &schema, &array, err);
    tend__mem_free(borrowed);
    TEND_TRY(code);
    code = tend__lake_write_table(writer->lake, path, &schema, &array, err);
    array.release(&array);
    schema.release(&schema);
    return code;
}

static bool has_window(const struct tend__store *store, int64_t start_us)
{
    for (size_t i = 0; store != NULL && i < store->window_count; i++) {
        if (store->windows[i].start_us == start_us) {
            return true;
        }
    }
    return false;
}

enum tend_code tend__store_writer_add(struct tend__store_writer *writer,
                                      struct tend__profile *const *profiles, size_t profile_count,
                                      struct tend_error *err)
{
    char path[PATH_SIZE];
    const struct tend__profile_label *label = tend__profile_label(profiles[0]);
    TEND_ASSERT(label->has_window);
    TEND_TRY(tend__mem_grow(&writer->names, &writer->name_cap, writer->name_count + 1,
                            TEND_STORE_WINDOW_MAX, sizeof(*writer->names), err));
    char *name = writer->names[writer->name_count];
    tend__store_window_name(label->window_start_us, label->window_end_us, name);
    (void)snprintf(path, sizeof(path), "%s/%s", writer->windows, name);
    TEND_TRY(write_profiles(writer, path, profiles, profile_count, 0, err));
    writer->name_count++;
    writer->replaced_count += has_window(writer->store, label->window_start_us) ? 1 : 0;
    return TEND_OK;
}

enum tend_code tend__store_writer_reset(struct tend__store_writer *writer, struct tend_error *err)
{
    remove_folder(writer->windows, 0);
    writer->name_count = 0;
    writer->replaced_count = 0;
    return mkdir(writer->windows, NEW_MODE) != 0 ? fail_io(writer->folder, err) : TEND_OK;
}

static enum tend_code place_windows(struct tend__store_writer *writer, struct tend_error *err)
{
    char from[PATH_SIZE];
    char to[PATH_SIZE];
    for (size_t i = 0; i < writer->name_count; i++) {
        (void)snprintf(from, sizeof(from), "%s/%s", writer->windows, writer->names[i]);
        (void)snprintf(to, sizeof(to), "%s/windows/%s", writer->folder, writer->names[i]);
        if (rename(from, to) != 0) {
            return fail_io(to, err);
        }
    }
    (void)snprintf(to, sizeof(to), "%s/windows", writer->folder);
    return sync_folder(to, err);
}

static enum tend_code place_store(struct tend__store_writer *writer, struct tend_error *err)
{
    char parent[TEND_LAKE_PATH_MAX];
    TEND_TRY(sync_folder(writer->aside, err));
    if (rename(writer->aside, writer->folder) != 0) {
        return fail_io(writer->folder, err);
    }
    writer->windows[0] = '\0';
    (void)snprintf(parent, sizeof(parent), "%s", writer->folder);
    char *slash = strrchr(parent, '/');
    if (slash == NULL) {
        (void)snprintf(parent, sizeof(parent), ".");
    } else {
        slash[slash == parent ? 1 : 0] = '\0';
    }
    return sync_folder(parent, err);
}

enum tend_code tend__store_writer_finish(struct tend__store_writer *writer,
                                         struct tend__profile *const *reference,
                                         size_t reference_count, struct tend_error *err)
{
    char path[PATH_SIZE];
    if (writer->store != NULL) {
        return place_windows(writer, err);
    }
    TEND_ASSERT(reference_count > 0);
    (void)snprintf(path, sizeof(path), "%s/plan.parquet", writer->aside);
    TEND_TRY(write_profiles(writer, path, reference, reference_count, 1, err));
    return place_store(writer, err);
}

void tend__store_writer_counts(const struct tend__store_writer *writer, size_t *added,
                               size_t *replaced)
{
    *added = writer->name_count;
    *replaced = writer->replaced_count;
}
