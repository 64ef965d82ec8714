/* SPDX-License-Identifier: Apache-2.0 */
/* folder.c: port/files.h over POSIX calls relative to one open folder. */
#include "wal/folder.h"

#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    int fd;
    char *path; /* for messages */
};

struct tend__file {
    int fd;
    char *name;
};

static enum tend_code fail(const struct folder *folder, const char *what, const char *name,
                           struct tend_error *err)
{
    char reason[128];
    const int number = errno;
    const char *text = strerror_r(number, reason, sizeof(reason));
    if (number == ENOSPC || number == EDQUOT) {
        return TEND_FAIL(err, ELIMIT, "%s/%s: cannot %s: %s", folder->path, name, what, text);
    }
    if (number == ENOENT) {
        return TEND_FAIL(err, ENOTFOUND, "%s/%s: cannot %s: %s", folder->path, name, what, text);
    }
    return TEND_FAIL(err, EIO, "%s/%s: cannot %s: %s", folder->path, name, what, text);
}

static enum tend_code open_file(void *ctx, const char *name, enum tend__file_mode mode,
                                struct tend__file **out, struct tend_error *err)
{
    static const int flags[] = {
        [TEND_FILE_READ] = O_RDONLY | O_CLOEXEC,
        [TEND_FILE_APPEND] = O_RDWR | O_APPEND | O_CLOEXEC,
        [TEND_FILE_CREATE] = O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC,
    };
    const struct folder *folder = ctx;
    struct tend__file *file = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(1, sizeof(*file), &file, err));
    file->fd = -1;
    TEND_TRY_OUT(tend__mem_text(name, strlen(name), &file->name, err));
    file->fd = openat(folder->fd, name, flags[mode], 0600);
    if (file->fd < 0) {
        code = fail(folder, "open", name, err);
        goto out;
    }
    *out = file;
    return TEND_OK;
out:
    tend__mem_free(file->name);
    tend__mem_free(file);
    return code;
}

static void close_file(void *ctx, struct tend__file *file)
{
    (void)ctx;
    if (file != NULL) {
        (void)close(file->fd);
        tend__mem_free(file->name);
        tend__mem_free(file);
    }
}

static enum tend_code append(void *ctx, struct tend__file *file, const void *bytes, size_t len,
                             struct tend_error *err)
{
    const char *at = bytes;
    while (len > 0) {
        const ssize_t n = write(file->fd, at, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail(ctx, "write", file->name, err);
        }
        at += n;
        len -= (size_t)n;
    }
    return TEND_OK;
}

static enum tend_code read_file(void *ctx, struct tend__file *file, struct tend__file_read *what,
                                struct tend_error *err)
{
    char *at = what->bytes;
    what->got = 0;
    while (what->got < what->len) {
        const ssize_t n = pread(file->fd, at + what->got, what->len - what->got,
                                (off_t)(what->offset + what->got));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail(ctx, "read", file->name, err);
        }
        if (n == 0) {
            break;
        }
        what->got += (size_t)n;
    }
    return TEND_OK;
}

static enum tend_code file_size(void *ctx, struct tend__file *file, uint64_t *out,
                                struct tend_error *err)
{
    struct stat info;
    if (fstat(file->fd, &info) != 0) {
        return fail(ctx, "look at", file->name, err);
    }
    *out = (uint64_t)info.st_size;
    return TEND_OK;
}

static enum tend_code truncate_file(void *ctx, struct tend__file *file, uint64_t len,
                                    struct tend_error *err)
{
    return ftruncate(file->fd, (off_t)len) == 0 ? TEND_OK : fail(ctx, "cut", file->name, err);
}

/* Never tried again by the caller: after a failed sync the kernel may have dropped the pages. */
static enum tend_code sync_file(void *ctx, struct tend__file *file, struct tend_error *err)
{
    return fdatasync(file->fd) == 0 ? TEND_OK : fail(ctx, "sync", file->name, err);
}

static enum tend_code sync_names(void *ctx, struct tend_error *err)
{
    const struct folder *folder = ctx;
    return fsync(folder->fd) == 0 ? TEND_OK : fail(folder, "sync", "", err);
}

static enum tend_code remove_file(void *ctx, const char *name, struct tend_error *err)
{
    const struct folder *folder = ctx;
    return unlinkat(folder->fd, name, 0) == 0 ? TEND_OK : fail(folder, "remove", name, err);
}

static enum tend_code
list(void *ctx, enum tend_code (*fn)(void *fn_ctx, const char *name, struct tend_error *err),
     void *fn_ctx, struct tend_error *err)
{
    const struct folder *folder = ctx;
    enum tend_code code = TEND_OK;
    const int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        code = fail(folder, "list", "", err);
        if (fd >= 0) {
            (void)close(fd);
        }
        return code;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            code = errno == 0 ? TEND_OK : fail(folder, "list", "", err);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            code = fn(fn_ctx, entry->d_name, err);
        }
        if (code != TEND_OK) {
            break;
        }
    }
    (void)closedir(dir);
    return code;
}

enum tend_code tend__folder_open(const char *path, struct tend__files *out, struct tend_error *err)
{
    struct folder *folder = NULL;
    enum tend_code code = TEND_OK;
    TEND_TRY(tend__mem_new(1, sizeof(*folder), &folder, err));
    folder->fd = -1;
    TEND_TRY_OUT(tend__mem_text(path, strlen(path), &folder->path, err));
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        code = fail(folder, "make the folder", "", err);
        goto out;
    }
    folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0) {
        code = fail(folder, "open the folder", "", err);
        goto out;
    }
    *out = (struct tend__files){.ctx = folder,
                                .open = open_file,
                                .close = close_file,
                                .append = append,
                                .read = read_file,
                                .size = file_size,
                                .truncate = truncate_file,
                                .sync = sync_file,
                                .sync_names = sync_names,
                                .remove = remove_file,
                                .list = list};
    return TEND_OK;
out:
    tend__mem_free(folder->path);
    tend__mem_free(folder);
    return code;
}

void tend__folder_close(struct tend__files *files)
{
    struct folder *folder = files->ctx;
    if (folder != NULL) {
        (void)close(folder->fd);
        tend__mem_free(folder->path);
        tend__mem_free(folder);
    }
    *files = (struct tend__files){0};
}
