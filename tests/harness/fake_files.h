/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_files.h: a folder in memory that fails as disks do.
 *
 * Every operation that changes something is counted. At operation `fail_at` the fault happens: an
 * error, a short write, a full disk, or a crash, after which everything fails. fake_power_loss()
 * then makes what a disk may hold afterwards: of each file's unsynced bytes each sector of 512 is
 * there or zero, the length is anything from the synced to the written one, and names that were not
 * synced are there or not, all by a seed.
 */
#ifndef TEND_TEST_FAKE_FILES_H
#define TEND_TEST_FAKE_FILES_H

#include "base/rng.h"
#include "port/files.h"

#include <stdlib.h>
#include <string.h>

#define FAKE_FILE_MAX 64
#define FAKE_SECTOR 512

enum fake_fault {
    FAKE_NONE,
    FAKE_ERROR,       /* nothing happens but the error; a sync that fails has synced nothing */
    FAKE_SHORT_WRITE, /* half of it is written */
    FAKE_FULL,        /* half of it is written, and the disk is full */
    FAKE_CRASH,       /* half of it is written, and the machine is off */
};

struct fake_inode {
    char name[64];
    bool is_there;        /* now */
    bool is_there_synced; /* after a power loss, for sure */
    unsigned char *bytes;
    size_t len;
    unsigned char *synced;
    size_t synced_len;
};

struct tend__file {
    struct fake_inode *inode;
};

struct fake_files {
    struct fake_inode inodes[FAKE_FILE_MAX];
    uint64_t operation_count;
    uint64_t fail_at; /* 0: never */
    enum fake_fault fault;
    bool is_off;
    int open_count;
    struct tend__files files;
};

static inline struct fake_inode *fake_find(struct fake_files *fake, const char *name)
{
    for (size_t i = 0; i < FAKE_FILE_MAX; i++) {
        if (fake->inodes[i].is_there && strcmp(fake->inodes[i].name, name) == 0) {
            return &fake->inodes[i];
        }
    }
    return NULL;
}

/* Counts an operation; whether it goes well. */
static inline bool fake_step(struct fake_files *fake)
{
    fake->operation_count++;
    if (fake->is_off) {
        return false;
    }
    if (fake->operation_count != fake->fail_at || fake->fault == FAKE_NONE) {
        return true;
    }
    fake->is_off = fake->fault == FAKE_CRASH;
    return false;
}

static inline enum tend_code fake_fail(const struct fake_files *fake, struct tend_error *err)
{
    if (fake->fault == FAKE_FULL && !fake->is_off) {
        return TEND_FAIL(err, ELIMIT, "fake: no space left");
    }
    return TEND_FAIL(err, EIO, "fake: the disk failed");
}

static inline void fake_set(unsigned char **bytes, size_t *len, const void *from, size_t from_len)
{
    unsigned char *fresh = malloc(from_len > 0 ? from_len : 1);
    if (fresh == NULL) {
        abort();
    }
    if (from_len > 0) {
        memcpy(fresh, from, from_len);
    }
    free(*bytes);
    *bytes = fresh;
    *len = from_len;
}

static inline enum tend_code fake_open(void *ctx, const char *name, enum tend__file_mode mode,
                                       struct tend__file **out, struct tend_error *err)
{
    struct fake_files *fake = ctx;
    struct fake_inode *inode = fake_find(fake, name);
    if (fake->is_off) {
        return fake_fail(fake, err);
    }
    if (mode != TEND_FILE_CREATE && inode == NULL) {
        return TEND_FAIL(err, ENOTFOUND, "fake: no file %s", name);
    }
    if (mode == TEND_FILE_CREATE) {
        if (inode != NULL) {
            return TEND_FAIL(err, EIO, "fake: %s is there", name);
        }
        if (!fake_step(fake)) {
            return fake_fail(fake, err);
        }
        for (size_t i = 0; inode == NULL && i < FAKE_FILE_MAX; i++) {
            if (!fake->inodes[i].is_there && !fake->inodes[i].is_there_synced) {
                inode = &fake->inodes[i];
            }
        }
        if (inode == NULL) {
            abort();
        }
        free(inode->bytes);
        free(inode->synced);
        *inode = (struct fake_inode){.is_there = true};
        memcpy(inode->name, name, strlen(name) + 1);
    }
    *out = malloc(sizeof(**out));
    if (*out == NULL) {
        abort();
    }
    (*out)->inode = inode;
    fake->open_count++;
    return TEND_OK;
}

static inline void fake_close(void *ctx, struct tend__file *file)
{
    struct fake_files *fake = ctx;
    fake->open_count--;
    free(file);
}

static inline enum tend_code fake_append(void *ctx, struct tend__file *file, const void *bytes,
                                         size_t len, struct tend_error *err)
{
    struct fake_files *fake = ctx;
    const bool was_off = fake->is_off;
    const bool is_well = fake_step(fake);
    const size_t n = is_well ? len : was_off || fake->fault == FAKE_ERROR ? 0 : len / 2;
    struct fake_inode *inode = file->inode;
    unsigned char *grown = realloc(inode->bytes, inode->len + n + 1);
    if (grown == NULL) {
        abort();
    }
    memcpy(grown + inode->len, bytes, n);
    inode->bytes = grown;
    inode->len += n;
    return is_well ? TEND_OK : fake_fail(fake, err);
}

static inline enum tend_code fake_read(void *ctx, struct tend__file *file,
                                       struct tend__file_read *what, struct tend_error *err)
{
    const struct fake_files *fake = ctx;
    const struct fake_inode *inode = file->inode;
    if (fake->is_off) {
        return fake_fail(fake, err);
    }
    const size_t room = what->offset < inode->len ? inode->len - (size_t)what->offset : 0;
    what->got = what->len < room ? what->len : room;
    if (what->got > 0) {
        memcpy(what->bytes, inode->bytes + what->offset, what->got);
    }
    return TEND_OK;
}

static inline enum tend_code fake_size(void *ctx, struct tend__file *file, uint64_t *out,
                                       struct tend_error *err)
{
    const struct fake_files *fake = ctx;
    if (fake->is_off) {
        return fake_fail(fake, err);
    }
    *out = file->inode->len;
    return TEND_OK;
}

static inline enum tend_code fake_truncate(void *ctx, struct tend__file *file, uint64_t len,
                                           struct tend_error *err)
{
    struct fake_files *fake = ctx;
    if (!fake_step(fake)) {
        return fake_fail(fake, err);
    }
    file->inode->len = len < file->inode->len ? (size_t)len : file->inode->len;
    return TEND_OK;
}

static inline enum tend_code fake_sync(void *ctx, struct tend__file *file, struct tend_error *err)
{
    struct fake_files *fake = ctx;
    if (!fake_step(fake)) {
        return fake_fail(fake, err);
    }
    fake_set(&file->inode->synced, &file->inode->synced_len, file->inode->bytes, file->inode->len);
    return TEND_OK;
}

static inline enum tend_code fake_sync_names(void *ctx, struct tend_error *err)
{
    struct fake_files *fake = ctx;
    if (!fake_step(fake)) {
        return fake_fail(fake, err);
    }
    for (size_t i = 0; i < FAKE_FILE_MAX; i++) {
        fake->inodes[i].is_there_synced = fake->inodes[i].is_there;
    }
    return TEND_OK;
}

static inline enum tend_code fake_remove(void *ctx, const char *name, struct tend_error *err)
{
    struct fake_files *fake = ctx;
    struct fake_inode *inode = fake_find(fake, name);
    if (!fake_step(fake)) {
        return fake_fail(fake, err);
    }
    if (inode == NULL) {
        return TEND_FAIL(err, ENOTFOUND, "fake: no file %s", name);
    }
    inode->is_there = false;
    return TEND_OK;
}

static inline enum tend_code
fake_list(void *ctx, enum tend_code (*fn)(void *fn_ctx, const char *name, struct tend_error *err),
          void *fn_ctx, struct tend_error *err)
{
    struct fake_files *fake = ctx;
    if (fake->is_off) {
        return fake_fail(fake, err);
    }
    for (size_t i = FAKE_FILE_MAX; i > 0; i--) { /* in any order */
        if (fake->inodes[i - 1].is_there) {
            TEND_TRY(fn(fn_ctx, fake->inodes[i - 1].name, err));
        }
    }
    return TEND_OK;
}

static inline void fake_init(struct fake_files *fake)
{
    memset(fake, 0, sizeof(*fake));
    fake->files = (struct tend__files){.ctx = fake,
                                       .open = fake_open,
                                       .close = fake_close,
                                       .append = fake_append,
                                       .read = fake_read,
                                       .size = fake_size,
                                       .truncate = fake_truncate,
                                       .sync = fake_sync,
                                       .sync_names = fake_sync_names,
                                       .remove = fake_remove,
                                       .list = fake_list};
}

static inline void fake_deinit(struct fake_files *fake)
{
    for (size_t i = 0; i < FAKE_FILE_MAX; i++) {
        free(fake->inodes[i].bytes);
        free(fake->inodes[i].synced);
    }
}

/* One file after a power loss. */
static inline void fake_lose(struct fake_inode *inode, struct tend__rng *rng)
{
    const size_t low = inode->synced_len < inode->len ? inode->synced_len : inode->len;
    const size_t high = inode->synced_len < inode->len ? inode->len : inode->synced_len;
    const size_t len = low + (size_t)(tend__rng_uniform(rng) * (double)(high - low + 1));
    unsigned char *bytes = calloc(len + 1, 1);
    if (bytes == NULL) {
        abort();
    }
    for (size_t at = 0; at < len; at += FAKE_SECTOR) {
        const bool is_new = tend__rng_uniform(rng) < 0.5;
        for (size_t i = at; i < at + FAKE_SECTOR && i < len; i++) {
            if (i < inode->synced_len) {
                bytes[i] = inode->synced[i];
            } else if (is_new && i < inode->len) {
                bytes[i] = inode->bytes[i];
            }
        }
    }
    free(inode->bytes);
    inode->bytes = bytes;
    inode->len = len;
    fake_set(&inode->synced, &inode->synced_len, bytes, len);
}

/* The machine comes up again. */
static inline void fake_power_loss(struct fake_files *fake, struct tend__rng *rng)
{
    for (size_t i = 0; i < FAKE_FILE_MAX; i++) {
        struct fake_inode *inode = &fake->inodes[i];
        if (inode->is_there != inode->is_there_synced) {
            inode->is_there = tend__rng_uniform(rng) < 0.5;
        }
        inode->is_there_synced = inode->is_there;
        if (inode->is_there) {
            fake_lose(inode, rng);
        }
    }
    fake->is_off = false;
    fake->fault = FAKE_NONE;
    fake->fail_at = 0;
}

#endif
